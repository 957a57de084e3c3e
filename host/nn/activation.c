/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Least squares is the projection onto Legendre's polynomials, which are orthogonal on [-1, 1]. The integrals are sums
 * over many short panels, each by the quadrature of Gauss and Legendre: so they are exact to the last digits for all
 * functions that are smooth on the scale of range / PANELS.
 */
#include "activation.h"

#include <math.h>

#include "../base/error.h"
#include "../base/structs.h"
#include "../circuits/polynomial/polynomial.h"

enum { NODES = 32, PANELS = 256, TERMS = UMBRA_SIGMOID_MAX_DEGREE + 1 };

static const double pi = 3.14159265358979323846;

double umbra_sigmoid(double x, void *user) {
  (void)user;
  return 1 / (1 + exp(-x));
}

/* ---- Legendre's polynomials ---- */

/* p[k] = P_k(t), k <= degree, degree >= 1 */
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
    double t = cos(pi * (i + 0.75) / (NODES + 0.5)), slope = 1;
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

/* series += what a node adds to the integrals (k + 1/2) f P_k over [-1, 1]. */
static umbra_status add_node(legendre_series *series, double t, double weight, double (*f)(double x, void *user),
                             void *user, double range) {
  double p[TERMS], value = f(range * t, user);
  if (!isfinite(value)) return umbra_fail(UMBRA_ERROR_RANGE, "the function is not finite at %g", range * t);
  legendre(p, series->degree, t);
  for (uint32_t k = 0; k <= series->degree; k++) series->c[k] += (k + 0.5) * weight * value * p[k];
  return UMBRA_OK;
}

static umbra_status project(legendre_series *series, double (*f)(double x, void *user), void *user, double range) {
  quadrature q;
  make_quadrature(&q);
  for (int panel = 0; panel < PANELS; panel++)
    for (int i = 0; i < NODES; i++) {
      double t = (2 * panel + 1 + q.node[i]) / PANELS - 1;
      UMBRA_TRY(add_node(series, t, q.weight[i] / PANELS, f, user, range));
    }
  return UMBRA_OK;
}

/* ---- fits ---- */

/* The series is the polynomial that interpolates it. */
static umbra_status fit_least_squares(double *coefficient, uint32_t degree, double (*f)(double x, void *user),
                                      void *user, double range) {
  legendre_series series = {.degree = degree};
  UMBRA_TRY(project(&series, f, user, range));
  const umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .f = series_value, .user = &series};
  return umbra_chebyshev_fit(coefficient, NULL, degree, &desc);
}

umbra_status umbra_activation_fit(double *coefficient, uint32_t degree, umbra_fit fit,
                                  double (*f)(double x, void *user), void *user, double range) {
  if (!coefficient || !f || degree < 1 || degree > UMBRA_SIGMOID_MAX_DEGREE || !(range > 0) || !isfinite(range))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a fit needs coefficients, a function, a degree in 1..%d and a range above 0, not %u and %g",
                      UMBRA_SIGMOID_MAX_DEGREE, degree, range);
  const umbra_fit_desc desc = {.struct_size = sizeof desc, .f = f, .user = user, .lo = -range, .hi = range};
  switch (fit) {
    case UMBRA_FIT_LEAST_SQUARES: return fit_least_squares(coefficient, degree, f, user, range);
    case UMBRA_FIT_CHEBYSHEV: return umbra_chebyshev_fit(coefficient, NULL, degree, &desc);
  }
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%d is no kind of fit", (int)fit);
}

/* ---- the sigmoid ---- */

umbra_status umbra_sigmoid_options_check(const umbra_sigmoid_options *o) {
  const double most = 0x1p20;
  if (o->degree < 1 || o->degree > UMBRA_SIGMOID_MAX_DEGREE)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "degree is %u; it must be 1 to %d", o->degree,
                      UMBRA_SIGMOID_MAX_DEGREE);
  if (o->fit != UMBRA_FIT_LEAST_SQUARES && o->fit != UMBRA_FIT_CHEBYSHEV)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "fit is %d, which is none", (int)o->fit);
  if (!(o->range >= 1 / most) || !(o->range <= most))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "range is %g; it must be %g to %g", o->range, 1 / most, most);
  return UMBRA_OK;
}

umbra_status umbra_sigmoid_fit(double *coefficient, const umbra_sigmoid_options *o) {
  UMBRA_TRY(umbra_activation_fit(coefficient, o->degree, o->fit, umbra_sigmoid, NULL, o->range));
  coefficient[0] = 0.5;
  for (uint32_t k = 2; k <= o->degree; k += 2) coefficient[k] = 0;
  return UMBRA_OK;
}

uint32_t umbra_sigmoid_degree(const double *coefficient, uint32_t degree) {
  while (degree > 1 && coefficient[degree] == 0) degree--;
  return degree;
}

double umbra_sigmoid_fit_error(const double *coefficient, uint32_t degree, double range) {
  return umbra_chebyshev_error(coefficient, degree, umbra_sigmoid, NULL, -range, range);
}

double umbra_sigmoid_value(double z, const umbra_sigmoid_options *options) {
  double coefficient[TERMS];
  umbra_sigmoid_options wanted = {UMBRA_SIGMOID_OPTIONS_INIT};
  if (UMBRA_TAKE(umbra_sigmoid_options, &wanted, options) != UMBRA_OK ||
      umbra_sigmoid_options_check(&wanted) != UMBRA_OK || !(fabs(z) <= wanted.range) ||
      umbra_sigmoid_fit(coefficient, &wanted) != UMBRA_OK)
    return NAN;
  return umbra_chebyshev_value(coefficient, wanted.degree, z / wanted.range);
}
