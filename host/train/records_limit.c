/* SPDX-License-Identifier: Apache-2.0 */
/* Records within the limits that privacy is promised for: see umbra/privacy.h. */
#include <math.h>

#include <umbra/privacy.h>

#include "../base/error.h"
#include "../base/outputs.h"
#include "records.h"

/* Without overflow, and without underflow of what counts. */
static double norm_of(const umbra_records *records, size_t row) {
  const double *x = umbra_records_row(records, row);
  double largest = 0, squares = 0;
  for (size_t c = 0; c < records->columns; c++) largest = fmax(largest, fabs(x[c]));
  if (largest == 0) return 0;
  for (size_t c = 0; c < records->columns; c++) squares += (x[c] / largest) * (x[c] / largest);
  return largest * sqrt(squares);
}

/* A little below the limit, for rounding. */
static void shorten(double *x, size_t columns, double norm, double limit) {
  const double factor = limit * (1 - 0x1p-32) / norm;
  for (size_t c = 0; c < columns; c++) x[c] *= factor;
}

static void limit_labels(umbra_records *records, double limit) {
  for (size_t row = 0; row < records->rows; row++)
    records->labels[row] = fmin(fmax(records->labels[row], -limit), limit);
}

static int is_limit(double x) { return isfinite(x) && x > 0; }

umbra_status umbra_records_limit(umbra_records **limited, const umbra_records *records, double norm,
                                 double label_limit) {
  umbra_records *made = NULL;
  if (!limited || !records || !is_limit(norm) || !(label_limit == 0 || is_limit(label_limit)))
    return umbra_fail(
        UMBRA_ERROR_INVALID_ARGUMENT,
        "umbra_records_limit needs an output, records, a norm above 0, which is %g, and a label_limit of 0 "
        "or above, which is %g",
        norm, label_limit);
  UMBRA_TRY(umbra_records_copy(&made, records));
  for (size_t row = 0; row < made->rows; row++) {
    const double found = norm_of(made, row);
    if (found > norm) shorten(made->features + row * made->columns, made->columns, found, norm);
  }
  if (label_limit > 0 && !made->classes) limit_labels(made, label_limit);
  UMBRA_PUT(records, limited, made);
  return UMBRA_OK;
}

/* Classes are targets of 0 and 1. */
static umbra_status check_label(const umbra_records *records, size_t row, double limit) {
  const double label = records->classes ? 1 : records->labels[row];
  if (limit == 0 || fabs(label) <= limit) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "row %zu: the target is %g, and privacy is promised for targets up to %g: umbra_records_limit cuts "
                    "them off",
                    row + 1, label, limit);
}

umbra_status umbra_records_check_limits(const umbra_records *records, const umbra_privacy_options *privacy) {
  for (size_t row = 0; row < records->rows; row++) {
    UMBRA_TRY(check_label(records, row, privacy->label_limit));
    if (norm_of(records, row) <= privacy->norm) continue;
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "row %zu: the record's norm is %.4g, and privacy is promised for norms up to %g: "
                      "umbra_records_limit shortens it",
                      row + 1, norm_of(records, row), privacy->norm);
  }
  return UMBRA_OK;
}
