/* SPDX-License-Identifier: Apache-2.0 */
#include "interpolate.h"

#include <math.h>
#include <string.h>

#include "../../kernels/parallel.h"
#include "../base/error.h"

double umbra_chebyshev_value(const double *coefficients, uint32_t degree, double t) {
  double next = 0, after = 0; /* Clenshaw's recurrence */
  for (uint32_t k = degree; k > 0; k--) {
    double here = coefficients[k] + 2 * t * next - after;
    after = next;
    next = here;
  }
  return coefficients[0] + t * next - after;
}

/* The recurrence of all values of a block goes on together, since that of one waits for itself at each step. */
enum { BLOCK = 64 };

UMBRA_WIDE static void evaluate_block(double *t, size_t size, const double *coefficients, uint32_t degree) {
  double next[BLOCK] = {0}, after[BLOCK] = {0};
  for (uint32_t k = degree; k > 0; k--)
    for (size_t i = 0; i < size; i++) {
      double here = coefficients[k] + 2 * t[i] * next[i] - after[i];
      after[i] = next[i];
      next[i] = here;
    }
  for (size_t i = 0; i < size; i++) t[i] = coefficients[0] + t[i] * next[i] - after[i];
}

void umbra_chebyshev_values(double *values, size_t count, const double *coefficients, uint32_t degree) {
  for (size_t first = 0; first < count; first += BLOCK)
    evaluate_block(values + first, count - first < BLOCK ? count - first : BLOCK, coefficients, degree);
}

uint32_t umbra_chebyshev_depth(uint32_t degree) { return degree ? 32 - (uint32_t)__builtin_clz(degree) : 0; }

umbra_status umbra_curve_at(double *value, const umbra_curve *target, double x) {
  *value = target->f(x, target->user);
  return isfinite(*value) ? UMBRA_OK : umbra_fail(UMBRA_ERROR_RANGE, "the function is not finite at %g", x);
}

double umbra_curve_x(const umbra_curve *target, double t) {
  return target->lo + (target->hi - target->lo) * (t + 1) / 2;
}

/*
 * T_k at node i of `nodes`. Angles of many turns lose digits, so they are reduced beforehand; not so with few nodes, where
 * there is little to lose and the coefficients of trainings that are under way must stay what they are.
 */
static double basis_at_node(uint32_t k, uint32_t i, uint32_t nodes) {
  const uint32_t few = 64;
  if (nodes <= few) return cos(umbra_pi * k * (i + 0.5) / nodes);
  uint32_t halves = k * (2 * i + 1) % (4 * nodes);
  return cos(umbra_pi * halves / (2 * nodes));
}

void umbra_chebyshev_derive(double *derived, const double *c, uint32_t degree, double range) {
  double above = 0, next = 0; /* derived[k + 1], derived[k] times range */
  for (uint32_t k = degree; k; k--) {
    const double here = above + 2 * k * c[k];
    derived[k - 1] = here / range;
    above = next;
    next = here;
  }
  derived[0] /= 2;
}

umbra_status umbra_interpolate(double *c, uint32_t degree, const umbra_curve *target) {
  uint32_t nodes = degree + 1;
  double value[UMBRA_FIT_TERMS], found[UMBRA_FIT_TERMS];
  for (uint32_t i = 0; i < nodes; i++)
    UMBRA_TRY(umbra_curve_at(&value[i], target, umbra_curve_x(target, cos(umbra_pi * (i + 0.5) / nodes))));
  for (uint32_t k = 0; k < nodes; k++) {
    double sum = 0;
    for (uint32_t i = 0; i < nodes; i++) sum += value[i] * basis_at_node(k, i, nodes);
    found[k] = (k ? 2 : 1) * sum / nodes;
  }
  memcpy(c, found, nodes * sizeof *found);
  return UMBRA_OK;
}
