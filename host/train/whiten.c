/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With C the second moments of scaled columns and L L^T = C + ridge I, a row is mixed by L^-1: columns become uncorrelated,
 * with a deviation near 1. Descent is then about as fast in every direction, where correlated columns make it slow in some.
 * The ridge keeps directions in which records hardly vary, as of a column that follows from others, from becoming large.
 */
#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "records.h"
#include "scaling.h"

static const double ridge = 0.01;

/* ---- lower triangles, in place, as rows of n ---- */

/* Of a positive definite matrix: L. */
static void factorise(double *a, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) {
      double *row = a + i * n;
      for (size_t k = 0; k < j; k++) row[j] -= row[k] * a[j * n + k];
      row[j] = i == j ? sqrt(row[j]) : row[j] / a[j * n + j];
    }
}

/* Row i of the inverse needs row i of the matrix and the rows of the inverse before it. */
static void invert(double *a, size_t n) {
  for (size_t i = 0; i < n; i++) {
    double *row = a + i * n;
    for (size_t j = 0; j < i; j++) {
      double sum = 0;
      for (size_t k = j; k < i; k++) sum += row[k] * a[k * n + j];
      row[j] = -sum / row[i];
    }
    row[i] = 1 / row[i];
  }
}

/* ---- scalings ---- */

static void add_moments(double *moments, const double *row, size_t n, double share) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) moments[i * n + j] += share * row[i] * row[j];
}

static void find_moments(double *moments, const umbra_scaling *scaling, const umbra_records *records, double *row) {
  const size_t n = scaling->columns;
  for (size_t r = 0; r < records->rows; r++) {
    for (size_t j = 0; j < n; j++) row[j] = umbra_scale(umbra_records_row(records, r)[j], &scaling->column[j]);
    add_moments(moments, row, n, 1 / (double)records->rows);
  }
  for (size_t i = 0; i < n; i++) moments[i * n + i] += ridge;
}

umbra_status umbra_scaling_whiten(umbra_scaling *scaling, const umbra_records *records) {
  const size_t n = scaling->columns;
  double *row;
  if (n > UMBRA_SCALING_MOST_WHITENED)
    return umbra_fail(UMBRA_ERROR_RANGE, "at most %d columns can be whitened, and the records have %zu",
                      UMBRA_SCALING_MOST_WHITENED, n);
  UMBRA_TRY(umbra_alloc(&scaling->mix, n * n, sizeof *scaling->mix, "a scaling"));
  UMBRA_TRY(umbra_alloc(&row, n, sizeof *row, "a scaling"));
  find_moments(scaling->mix, scaling, records, row);
  factorise(scaling->mix, n);
  invert(scaling->mix, n);
  umbra_free(row);
  return UMBRA_OK;
}

/* From the last element on, so that those before are still there. */
void umbra_scaling_mix(const umbra_scaling *scaling, double *row) {
  for (size_t i = scaling->columns; scaling->mix && i-- > 0;) {
    const double *mix = scaling->mix + i * scaling->columns;
    double sum = 0;
    for (size_t j = 0; j <= i; j++) sum += mix[j] * row[j];
    row[i] = sum;
  }
}

/* The transposed mix, from the first element on. */
void umbra_scaling_unmix(const umbra_scaling *scaling, double *weights) {
  for (size_t j = 0; scaling->mix && j < scaling->columns; j++) {
    double sum = 0;
    for (size_t i = j; i < scaling->columns; i++) sum += scaling->mix[i * scaling->columns + j] * weights[i];
    weights[j] = sum;
  }
}
