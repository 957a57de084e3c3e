/* SPDX-License-Identifier: Apache-2.0 */
#include "softmax_plan.h"

#include <math.h>

#include "../approximate/inverse.h"
#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"

enum { TIGHTENINGS = 8, PATTERNS = 6, HEIGHTS = 3 };

static const double slack_of_sums = 0x1p-6; /* by so much of themselves they may leave their interval */

/* ---- facts ---- */

const umbra_softmax_inverse *umbra_softmax_inverse_of(const umbra_softmax_plan *plan, uint32_t round) {
  return &plan->inverse[round == plan->halvings ? 2 : round ? 1 : 0];
}

int umbra_softmax_padded(const umbra_softmax_plan *plan) { return plan->room > plan->classes; }

static double width_of(const umbra_softmax_plan *plan) { return plan->options.hi - plan->options.lo; }

double umbra_softmax_slope(const umbra_softmax_plan *plan) {
  double n = (double)plan->classes;
  return plan->options.shift == UMBRA_SOFTMAX_MEAN ? n / (width_of(plan) * (n - 1)) : 2 / width_of(plan);
}

double umbra_softmax_offset(const umbra_softmax_plan *plan) {
  const umbra_softmax_options *o = &plan->options;
  return o->shift == UMBRA_SOFTMAX_MEAN ? 0 : -(o->lo + o->hi) / width_of(plan);
}

/* ---- intervals, with the logits halved so often ---- */

typedef struct interval {
  double lo, hi;
} interval;

/* Of what the exponential is taken of: at most 0, so that values are at most 1. */
static interval exponents(const umbra_softmax_plan *plan) {
  double n = (double)plan->classes, width = ldexp(width_of(plan), -(int)plan->halvings);
  return (interval){plan->options.shift == UMBRA_SOFTMAX_MEAN ? -2 * width * (n - 1) / n : -width, 0};
}

/*
 * With m logits at the upper end and all others at the lower, where the sum of a convex function is largest; the least is
 * that of equal logits.
 */
static interval sums_by_mean(const umbra_softmax_plan *plan) {
  double n = (double)plan->classes, width = ldexp(width_of(plan), -(int)plan->halvings), most = 0;
  for (size_t k = 1; k < plan->classes; k++) {
    const double m = (double)k;
    most = umbra_larger(most, m * exp(width * (n - m) / n) + (n - m) * exp(-width * m / n));
  }
  double largest = exp(width * (n - 1) / n);
  return (interval){n / largest, most / largest};
}

static interval sums_by_bound(const umbra_softmax_plan *plan) {
  double n = (double)plan->classes, part = ldexp(1, -(int)plan->halvings);
  return (interval){exp(-plan->options.slack * part) + (n - 1) * exp(-width_of(plan) * part), n};
}

static interval widened(interval i) { return (interval){i.lo * (1 - slack_of_sums), i.hi * (1 + slack_of_sums)}; }

static interval first_sums(const umbra_softmax_plan *plan) {
  return widened(plan->options.shift == UMBRA_SOFTMAX_MEAN ? sums_by_mean(plan) : sums_by_bound(plan));
}

/* Sums of the squares of probabilities. */
static interval later_sums(const umbra_softmax_plan *plan) { return widened((interval){1 / (double)plan->classes, 1}); }

/* The factor that values of these sums carry. */
static double factor_of(interval sums) { return 2 / (sums.hi - sums.lo); }

/* ---- polynomials ---- */

typedef struct exponential_target {
  double factor;
} exponential_target;

static double exponential(double x, void *user) { return ((const exponential_target *)user)->factor * exp(x); }

static umbra_status fit_exponential(umbra_softmax_plan *plan, double error) {
  interval x = exponents(plan), sums = first_sums(plan);
  exponential_target target = {factor_of(sums)};
  umbra_fit_report report = {UMBRA_FIT_REPORT_INIT};
  const umbra_fit_desc desc = {.struct_size = sizeof desc,
                               .f = exponential,
                               .user = &target,
                               .lo = x.lo,
                               .hi = x.hi,
                               .kind = UMBRA_FIT_CHEBYSHEV,
                               .max_error = target.factor * error * sums.lo / (double)(plan->classes + 1)};
  UMBRA_TRY(umbra_chebyshev_fit(plan->exponential, &report, &desc));
  plan->exp_degree = report.degree;
  return UMBRA_OK;
}

/* From values with the factor of these sums to probabilities with that factor. */
static umbra_status fit_inverse(umbra_softmax_inverse *inverse, interval sums, double factor, double error) {
  inverse->degree = umbra_inverse_degree(sums.lo, sums.hi, error);
  if (inverse->degree > UMBRA_MAX_DEGREE)
    return umbra_fail(UMBRA_ERROR_RANGE, "no polynomial divides by sums between %g and %g to %g", sums.lo, sums.hi,
                      error);
  inverse->shift = -(sums.lo + sums.hi) / (sums.hi - sums.lo);
  return umbra_inverse_fit(inverse->coefficient, inverse->degree, sums.lo, sums.hi, factor / factor_of(sums));
}

static umbra_status fit_all(umbra_softmax_plan *plan, double error) {
  interval first = first_sums(plan), later = later_sums(plan);
  double to_square = sqrt(factor_of(later));
  UMBRA_TRY(fit_exponential(plan, error));
  UMBRA_TRY(fit_inverse(&plan->inverse[0], first, to_square, error));
  UMBRA_TRY(fit_inverse(&plan->inverse[1], later, to_square, error));
  return fit_inverse(&plan->inverse[2], plan->halvings ? later : first, 1, error);
}

static uint32_t depth_of(const umbra_softmax_plan *plan) {
  uint32_t depth = 1 + umbra_chebyshev_depth(plan->exp_degree) + (uint32_t)umbra_softmax_padded(plan);
  for (uint32_t round = 0; round <= plan->halvings; round++)
    depth += 1 + (round > 0) + umbra_chebyshev_depth(umbra_softmax_inverse_of(plan, round)->degree);
  return depth;
}

/* ---- in the clear ---- */

/* Values by their sum. */
static void divide(double *value, size_t count, const umbra_softmax_inverse *inverse) {
  double sum = inverse->shift;
  for (size_t i = 0; i < count; i++) sum += value[i];
  double factor = umbra_chebyshev_value(inverse->coefficient, inverse->degree, sum);
  for (size_t i = 0; i < count; i++) value[i] *= factor;
}

static void compute(const umbra_softmax_plan *plan, double *value, const double *logits) {
  double mean = 0, slope = umbra_softmax_slope(plan), offset = umbra_softmax_offset(plan);
  for (size_t i = 0; i < plan->classes; i++) mean += logits[i] / (double)plan->classes;
  if (plan->options.shift == UMBRA_SOFTMAX_BOUND) mean = 0;
  for (size_t i = 0; i < plan->classes; i++)
    value[i] = umbra_chebyshev_value(plan->exponential, plan->exp_degree, slope * (logits[i] - mean) + offset);
  divide(value, plan->classes, umbra_softmax_inverse_of(plan, 0));
  for (uint32_t round = 1; round <= plan->halvings; round++) {
    for (size_t i = 0; i < plan->classes; i++) value[i] *= value[i];
    divide(value, plan->classes, umbra_softmax_inverse_of(plan, round));
  }
}

static double error_of(const double *value, const double *logits, size_t count) {
  double sum = 0, largest = 0;
  for (size_t i = 0; i < count; i++) sum += exp(logits[i] - logits[0]); /* the first is a largest one */
  for (size_t i = 0; i < count; i++) largest = umbra_larger(largest, fabs(value[i] - exp(logits[i] - logits[0]) / sum));
  return largest;
}

/* Logits from `top` down: some at the top and the others at the lower end, halfway, or falling evenly. */
static void make_pattern(double *logits, size_t count, double lo, double top, int pattern) {
  const size_t at_top[PATTERNS] = {1, count, count / 2, 1, 1, count - 1};
  for (size_t i = 0; i < count; i++) {
    double part = pattern == 3 ? (double)i / (double)(count - 1) : pattern == 4 ? 0.5 : 1;
    logits[i] = i < at_top[pattern] ? top : top - part * (top - lo);
  }
}

static umbra_status measure(umbra_softmax_plan *plan) {
  const umbra_softmax_options *o = &plan->options;
  double *logits, *value, reach = o->shift == UMBRA_SOFTMAX_MEAN ? o->hi - o->lo : o->slack;
  UMBRA_TRY(umbra_alloc(&logits, 2 * plan->classes, sizeof *logits, "a softmax"));
  value = logits + plan->classes;
  plan->error = 0;
  for (int height = 0; height < HEIGHTS; height++)
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
      make_pattern(logits, plan->classes, o->lo, o->hi - reach * height / (HEIGHTS - 1), pattern);
      compute(plan, value, logits);
      double error = error_of(value, logits, plan->classes);
      plan->error = isfinite(error) ? fmax(plan->error, error) : INFINITY;
    }
  umbra_free(logits);
  return UMBRA_OK;
}

umbra_status umbra_softmax_plan_value(const umbra_softmax_plan *plan, double *probabilities, const double *logits) {
  if (!plan || !probabilities || !logits)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_softmax_plan_value needs a plan, outputs and logits");
  for (size_t i = 0; i < plan->classes; i++)
    if (!(logits[i] >= plan->options.lo && logits[i] <= plan->options.hi))
      return umbra_fail(UMBRA_ERROR_RANGE, "logit %zu is %g, outside [%g, %g]", i, logits[i], plan->options.lo,
                        plan->options.hi);
  compute(plan, probabilities, logits);
  return UMBRA_OK;
}

/* ---- the choice ---- */

/* Each part gets an ever smaller error, until the whole has the one wanted. */
static umbra_status make_with(umbra_softmax_plan *plan, uint32_t halvings) {
  double error = plan->options.error / 2;
  plan->halvings = halvings;
  for (int i = 0; i < TIGHTENINGS; i++, error /= 4) {
    UMBRA_TRY(fit_all(plan, error));
    UMBRA_TRY(measure(plan));
    plan->depth = depth_of(plan);
    if (plan->error <= plan->options.error) return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_RANGE, "an error of %g of %zu probabilities is out of reach", plan->options.error,
                    plan->classes);
}

static umbra_status make(umbra_softmax_plan *plan) {
  umbra_softmax_plan *tried;
  umbra_status last = UMBRA_ERROR_RANGE;
  UMBRA_TRY(umbra_alloc(&tried, 1, sizeof *tried, "a softmax"));
  plan->depth = UINT32_MAX;
  for (uint32_t halvings = 0; halvings <= UMBRA_SOFTMAX_MAX_HALVINGS; halvings++) {
    *tried = *plan;
    umbra_status status = make_with(tried, halvings);
    if (status == UMBRA_OK && tried->depth < plan->depth) *plan = *tried;
    if (status != UMBRA_OK) last = status;
    if (status != UMBRA_OK && status != UMBRA_ERROR_RANGE) break;
  }
  umbra_free(tried);
  return plan->depth < UINT32_MAX ? UMBRA_OK : last;
}

static umbra_status check_options(umbra_softmax_options *o, size_t classes) {
  const double widest = 64;
  if (classes < 2 || classes > UMBRA_SOFTMAX_MAX_CLASSES)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu classes: it must be 2 to %d", classes,
                      UMBRA_SOFTMAX_MAX_CLASSES);
  if (!isfinite(o->lo) || !isfinite(o->hi) || !(o->lo < o->hi) || !(o->hi - o->lo <= widest))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "logits lie in [%g, %g]: it must be lo < hi, at most %g apart",
                      o->lo, o->hi, widest);
  if (o->shift != UMBRA_SOFTMAX_MEAN && o->shift != UMBRA_SOFTMAX_BOUND)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "shift is %d, which is none", (int)o->shift);
  if (!(o->error >= 0x1p-20 && o->error <= 0.25))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "error is %g; it must be 2^-20 to 1/4", o->error);
  if (!(o->slack >= 0) || !(o->slack <= o->hi - o->lo))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "slack is %g; it must be 0 to hi - lo", o->slack);
  if (o->slack == 0) o->slack = o->hi - o->lo;
  return UMBRA_OK;
}

umbra_status umbra_softmax_plan_create(umbra_softmax_plan **plan, size_t classes,
                                       const umbra_softmax_options *options) {
  umbra_softmax_options wanted = {UMBRA_SOFTMAX_OPTIONS_INIT};
  umbra_softmax_plan *made;
  if (!plan) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_softmax_plan_create needs an output");
  UMBRA_TRY(UMBRA_TAKE(umbra_softmax_options, &wanted, options));
  UMBRA_TRY(check_options(&wanted, classes));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a softmax"));
  made->options = wanted;
  made->classes = classes;
  made->room = wanted.stride ? (size_t)1 << umbra_ceil_log2((uint32_t)classes) : classes;
  umbra_status status = make(made);
  if (status == UMBRA_OK) UMBRA_PUT(softmax_plan, plan, made);
  else umbra_free(made);
  return status;
}

void umbra_softmax_plan_destroy(umbra_softmax_plan *plan) { umbra_free(plan); }

umbra_status umbra_softmax_plan_report(const umbra_softmax_plan *plan, umbra_softmax_report *report) {
  if (!plan || !report)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_softmax_plan_report needs a plan and an output");
  const umbra_softmax_report made = {UMBRA_SOFTMAX_REPORT_INIT,
                                     .depth = plan->depth,
                                     .halvings = plan->halvings,
                                     .exp_degree = plan->exp_degree,
                                     .first_degree = umbra_softmax_inverse_of(plan, 0)->degree,
                                     .later_degree = plan->halvings ? plan->inverse[2].degree : 0,
                                     .error = plan->error};
  return UMBRA_GIVE(umbra_softmax_report, report, &made);
}
