/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Least squares is the projection onto Legendre's polynomials, which are orthogonal on [-1, 1]; with a weight, the normal
 * equations in these polynomials, scaled to length 1: their condition is at most that of the weight, largest over least.
 * The integrals are sums over many short panels, each by the quadrature of Gauss and Legendre: so they are exact to the
 * last digits for all functions that are smooth on the scale of range / PANELS.
 */
#include "least_squares.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"

enum { NODES = 32, PANELS = 256, TERMS = UMBRA_FIT_TERMS };

/* ---- Legendre's polynomials ---- */

/* p[k] = P_k(t), k <= degree; room for two at least. */
static void legendre(double *p, uint32_t degree, double t) {
  p[0] = 1;
  p[1] = t;
  for (uint32_t k = 1; k < degree; k++) p[k + 1] = ((2 * k + 1) * t * p[k] - k * p[k - 1]) / (k + 1);
}

typedef struct quadrature {
  double node[NODES], weight[NODES]; /* on [-1, 1] */
} quadrature;

/* The zeros of P_NODES by Newton's method. */
static void make_quadrature(quadrature *q) {
  double p[NODES + 1];
  for (int i = 0; i < NODES; i++) {
    double t = cos(umbra_pi * (i + 0.75) / (NODES + 0.5)), slope = 1;
    for (int step = 0; step < 8; step++) {
      legendre(p, NODES, t);
      slope = NODES * (t * p[NODES] - p[NODES - 1]) / (t * t - 1);
      t -= p[NODES] / slope;
    }
    q->node[i] = t;
    q->weight[i] = 2 / ((1 - t * t) * slope * slope);
  }
}

/* sum c[k] P_k */
typedef struct legendre_series {
  uint32_t degree;
  double c[TERMS];
} legendre_series;

static double series_value(double t, void *user) {
  const legendre_series *series = user;
  double p[TERMS], sum = 0;
  legendre(p, series->degree, t);
  for (uint32_t k = 0; k <= series->degree; k++) sum += series->c[k] * p[k];
  return sum;
}

/* ---- the projection ---- */

typedef struct projection {
  const umbra_curve *target;
  const umbra_weight *weight;
  double *gram; /* integrals of weight P_j P_k, k <= j, by rows; NULL without a weight */
  legendre_series *series;
} projection;

static umbra_status weight_at(double *value, const projection *p, double x) {
  *value = p->gram ? p->weight->at(x, p->weight->with) : 1;
  if (*value >= 0 && isfinite(*value)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "the density is negative or not finite at %g", x);
}

/* What a node adds to the integrals (k + 1/2) weight f P_k, and to those of the weight. */
static umbra_status add_node(const projection *j, double t, double share) {
  legendre_series *series = j->series;
  double p[TERMS], value, weight, x = (j->target->lo + j->target->hi) / 2 + (j->target->hi - j->target->lo) / 2 * t;
  UMBRA_TRY(umbra_curve_at(&value, j->target, x));
  UMBRA_TRY(weight_at(&weight, j, x));
  share *= weight;
  legendre(p, series->degree, t);
  for (uint32_t k = 0; k <= series->degree; k++) series->c[k] += (k + 0.5) * share * value * p[k];
  double *gram = j->gram;
  for (uint32_t row = 0; gram && row <= series->degree; row++)
    for (uint32_t k = 0; k <= row; k++) *gram++ += share * p[row] * p[k];
  return UMBRA_OK;
}

static umbra_status integrate(const projection *j) {
  quadrature q;
  make_quadrature(&q);
  for (int panel = 0; panel < PANELS; panel++)
    for (int i = 0; i < NODES; i++) {
      double t = (2 * panel + 1 + q.node[i]) / PANELS - 1;
      UMBRA_TRY(add_node(j, t, q.weight[i] / PANELS));
    }
  return UMBRA_OK;
}

/* ---- the normal equations ---- */

static double *row_of(double *triangle, uint32_t row) { return triangle + (size_t)row * (row + 1) / 2; }

/* The triangle of a positive definite matrix becomes its Cholesky factor. */
static umbra_status factorise(double *triangle, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    double *row = row_of(triangle, i);
    for (uint32_t j = 0; j <= i; j++) {
      const double *other = row_of(triangle, j);
      for (uint32_t k = 0; k < j; k++) row[j] -= row[k] * other[k];
      if (j < i) row[j] /= other[j];
    }
    if (!(row[i] > 0))
      return umbra_fail(UMBRA_ERROR_RANGE, "the density leaves too much of the interval without weight");
    row[i] = sqrt(row[i]);
  }
  return UMBRA_OK;
}

static void solve(double *x, double *factor, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    const double *row = row_of(factor, i);
    for (uint32_t k = 0; k < i; k++) x[i] -= row[k] * x[k];
    x[i] /= row[i];
  }
  for (uint32_t i = n; i-- > 0;) {
    const double *row = row_of(factor, i);
    x[i] /= row[i];
    for (uint32_t k = 0; k < i; k++) x[k] -= row[k] * x[i];
  }
}

/* From the integrals (k + 1/2) weight f P_k to the coefficients of the P_k. */
static umbra_status unweigh(legendre_series *series, double *gram) {
  uint32_t n = series->degree + 1;
  for (uint32_t j = 0; j < n; j++)
    for (uint32_t k = 0; k <= j; k++) row_of(gram, j)[k] *= sqrt((j + 0.5) * (k + 0.5));
  UMBRA_TRY(factorise(gram, n));
  for (uint32_t k = 0; k < n; k++) series->c[k] /= sqrt(k + 0.5);
  solve(series->c, gram, n);
  for (uint32_t k = 0; k < n; k++) series->c[k] *= sqrt(k + 0.5);
  return UMBRA_OK;
}

/* The series is the polynomial that interpolates it. */
umbra_status umbra_least_squares(double *c, uint32_t degree, const umbra_curve *target, const umbra_weight *weight) {
  legendre_series series = {.degree = degree};
  projection j = {.target = target, .weight = weight, .series = &series};
  if (weight->at) UMBRA_TRY(umbra_alloc(&j.gram, (size_t)(degree + 1) * (degree + 2) / 2, sizeof *j.gram, "a fit"));
  umbra_status status = integrate(&j);
  if (status == UMBRA_OK && j.gram) status = unweigh(&series, j.gram);
  umbra_free(j.gram);
  const umbra_curve found = {series_value, &series, -1, 1};
  return status == UMBRA_OK ? umbra_interpolate(c, degree, &found) : status;
}
