/* SPDX-License-Identifier: Apache-2.0 */
#include "softmax.h"

#include <math.h>

#include "../base/error.h"
#include "plan.h"
#include "twin.h"

static const double least_range = 1, largest_range = 8;
static const double inverse_tolerance = 0.0625, exponential_tolerance = 0.125; /* relative to the least sum */

umbra_status umbra_train_softmax_check(const umbra_train_options *o) {
  const double range = o->sigmoid->range;
  if (o->outputs < 2)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "outputs is %u; a softmax is of two or more, an output for each class", o->outputs);
  if (range >= least_range && range <= largest_range) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "range is %g; of scores of a softmax it must be %g to %g", range,
                    least_range, largest_range);
}

/* ---- the inverse ---- */

/* The same on every machine, whatever its mathematics library. */
static double cosh_of(double x) {
  double term = 1, sum = 0;
  for (int k = 1; sum + term != sum; k += 2) {
    sum += term;
    term *= x * x / (k * (k + 1));
  }
  return sum;
}

/* T_m(v), or with first = 2 v U_m(v). */
static double recurrence(double first, uint32_t m, double v) {
  double before = 1, now = first;
  if (m == 0) return 1;
  for (uint32_t k = 1; k < m; k++) {
    const double next = 2 * v * now - before;
    before = now;
    now = next;
  }
  return now;
}

static double chebyshev(uint32_t m, double v) { return recurrence(v, m, v); }
static double second_kind(uint32_t m, double v) { return recurrence(2 * v, m, v); }

static void make_inverse(umbra_train_softmax *s, double outputs, double range) {
  const double least = outputs / 2, most = outputs * cosh_of(range);
  uint32_t terms = 8;
  s->unit = 2 / (most - least);
  s->offset = (most + least) / (most - least);
  while (terms < UMBRA_SOFTMAX_TERMS && !(fabs(chebyshev(terms, -s->offset)) * inverse_tolerance >= 1)) terms *= 2;
  const double scale = -2 / chebyshev(terms, -s->offset);
  for (uint32_t k = 0; k < terms; k++) s->inverse[k] = scale * second_kind(terms - 1 - k, -s->offset);
  s->inverse[0] /= 2;
  s->degree = terms - 1;
}

/* ---- the exponential ---- */

static umbra_status fit(double *coefficient, const umbra_sigmoid_options *o) {
  umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = UMBRA_FUNCTION_EXP, .degree = o->degree};
  desc.kind = o->fit;
  desc.lo = -o->range;
  desc.hi = o->range;
  return umbra_chebyshev_fit(coefficient, NULL, &desc);
}

/* The largest error of E, over the least sum. */
static double exponential_error(const umbra_train_softmax *s, const double *coefficient, const umbra_sigmoid_options *o,
                                double outputs) {
  enum { STEPS = 512 };
  double worst = 0;
  for (int i = -STEPS; i <= STEPS; i++) {
    const double t = (double)i / STEPS;
    const double value = umbra_chebyshev_value(coefficient, o->degree, t) / s->unit;
    worst = fmax(worst, fabs(value - exp(t * o->range)));
  }
  return worst / (outputs / 2);
}

/*
 * The least and the largest mean of E over scores whose mean is 0, of however many: between two of them, t < 0 < u, it is
 * (u E(t) - t E(u)) / (u - t), and others are mixtures of such pairs.
 */
static void mean_of_exponentials(double *least, double *most, const umbra_train_softmax *s, const double *coefficient,
                                 uint32_t degree) {
  enum { STEPS = 256 };
  double value[2 * STEPS + 1];
  for (int i = 0; i <= 2 * STEPS; i++)
    value[i] = umbra_chebyshev_value(coefficient, degree, (double)(i - STEPS) / STEPS) / s->unit;
  *least = *most = value[STEPS];
  for (int t = 1; t <= STEPS; t++)
    for (int u = 1; u <= STEPS; u++) {
      const double mean = (u * value[STEPS - t] + t * value[STEPS + u]) / (t + u);
      *least = fmin(*least, mean);
      *most = fmax(*most, mean);
    }
}

/* Where the inverse's polynomial is good: but for a little beyond its end, which only scores at both ends of the range reach. */
static int sums_have_inverses(const umbra_train_softmax *s, const double *coefficient, const umbra_sigmoid_options *o) {
  const double beyond = 1 + 1.0 / 64;
  double least, most;
  mean_of_exponentials(&least, &most, s, coefficient, o->degree);
  return least >= 0.5 && most <= cosh_of(o->range) * beyond;
}

static umbra_status check_degree(const umbra_train_softmax *s, const double *coefficient,
                                 const umbra_sigmoid_options *o, double outputs) {
  const double error = exponential_error(s, coefficient, o, outputs);
  if (error <= exponential_tolerance && sums_have_inverses(s, coefficient, o)) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_INVALID_ARGUMENT,
      "degree is %u; within a range of %g the exponential's polynomial is then too far off (%.2g of the "
      "sum; up to %g is good, and sums of %g of them must be such as have an inverse): a higher degree, or "
      "a smaller range",
      o->degree, o->range, error, exponential_tolerance, outputs);
}

umbra_status umbra_train_softmax_make(umbra_train_softmax *s, double *coefficient, const umbra_train_options *o,
                                      int given) {
  *s = (umbra_train_softmax){0};
  make_inverse(s, o->outputs, o->sigmoid->range);
  if (given) return UMBRA_OK;
  UMBRA_TRY(fit(coefficient, o->sigmoid));
  for (uint32_t k = 0; k <= o->sigmoid->degree; k++) coefficient[k] *= s->unit;
  return check_degree(s, coefficient, o->sigmoid, o->outputs);
}

uint32_t umbra_train_softmax_depth(const umbra_train_softmax *s, uint32_t degree) {
  return umbra_chebyshev_depth(degree) + umbra_chebyshev_depth(s->degree) + 1;
}

double umbra_train_softmax_error(const umbra_train_softmax *s, const double *coefficient,
                                 const umbra_sigmoid_options *o, size_t outputs) {
  return exponential_error(s, coefficient, o, (double)outputs) + 1 / fabs(chebyshev(s->degree + 1, -s->offset));
}

/* ---- in the clear ---- */

/* Of a sum, over the number of outputs. */
static double range_of_sum(double mean, double range) {
  if (!isfinite(mean) || !(mean > 0)) return INFINITY;
  return mean >= 1 ? acosh(mean) : -range * log2(mean);
}

double umbra_train_softmax_values(double *p, const double *z, size_t outputs, const umbra_train_plan *plan) {
  const umbra_train_softmax *s = &plan->softmax;
  const double range = plan->sigmoid.range;
  double sum = 0, largest = 0;
  for (size_t j = 0; j < outputs; j++) {
    p[j] = umbra_chebyshev_value(plan->coefficient, plan->sigmoid.degree, z[j] / range);
    sum += p[j];
    largest = fmax(largest, umbra_twin_size(z[j]));
  }
  const double inverse = umbra_chebyshev_value(s->inverse, s->degree, sum - s->offset);
  for (size_t j = 0; j < outputs; j++) p[j] *= inverse;
  return fmax(largest, range_of_sum(sum / s->unit / (double)outputs, range));
}

static double largest_of(const double *z, size_t outputs) {
  double largest = z[0];
  for (size_t j = 1; j < outputs; j++) largest = fmax(largest, z[j]);
  return largest;
}

void umbra_train_softmax_exactly(double *p, const double *z, size_t outputs) {
  const double largest = largest_of(z, outputs);
  double sum = 0;
  for (size_t j = 0; j < outputs; j++) sum += p[j] = exp(z[j] - largest);
  for (size_t j = 0; j < outputs; j++) p[j] /= sum;
}

double umbra_train_softmax_loss(const double *z, size_t outputs, size_t wanted) {
  const double largest = largest_of(z, outputs);
  double sum = 0;
  for (size_t j = 0; j < outputs; j++) sum += exp(z[j] - largest);
  return log(sum) + largest - z[wanted];
}
