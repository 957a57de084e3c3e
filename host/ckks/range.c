/* SPDX-License-Identifier: Apache-2.0 */
#include "range.h"

#include <float.h>
#include <math.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/structs.h"
#include "noise.h"

/* Bounds are compared with room for the rounding of doubles. */
static const double slack = 1 + 0x1p-20;

/* ---- declaring ---- */

int umbra_level_can_hold(const umbra_chain *chain, uint32_t level, umbra_bound bound) {
  const umbra_window window = chain->window[level];
  const umbra_log2 log_modulus = umbra_chain_log_product(chain, window.first, window.count);
  const double bits = umbra_log2_bits(log_modulus - chain->log_scale[level]) + chain->log_n;
  return log2(bound.magnitude) <= bits && log2(UMBRA_ERROR_DEVIATIONS * bound.error) <= bits;
}

/* The one place where a bound is set by other means than from operands. */
static void declare(umbra_ciphertext *ciphertext, umbra_bound bound, umbra_declared declared) {
  declared.fits = ciphertext->declared.fits && /* that was seen */
                  umbra_level_can_hold(umbra_context_chain(ciphertext->context), ciphertext->level, bound);
  ciphertext->estimate.bound = bound;
  ciphertext->declared = declared;
}

void umbra_ciphertext_declare_by_plan(umbra_ciphertext *ciphertext, umbra_bound bound) {
  declare(ciphertext, bound, (umbra_declared){.by = UMBRA_DECLARED_BY_PLAN});
}

void umbra_ciphertext_declare_within(umbra_ciphertext *ciphertext, double magnitude) {
  const umbra_bound bound = {magnitude, ciphertext->estimate.bound.error};
  if (magnitude > 0) declare(ciphertext, bound, (umbra_declared){.by = UMBRA_DECLARED_BY_APPLICATION});
}

static umbra_status check_calibrated(const umbra_declaration *d) {
  if (d->calibrated == 0 && d->failure_probability == 0) return UMBRA_OK;
  if (umbra_is_bound(d->calibrated) && d->calibrated > 0 && d->failure_probability > 0 && d->failure_probability < 1)
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "a calibrated bound of %g with a failure probability of %g: the first is positive and finite and "
                    "the second between 0 and 1, or both are 0",
                    d->calibrated, d->failure_probability);
}

static umbra_status check_declaration(const umbra_declaration *d, const umbra_ciphertext *ciphertext) {
  if (!umbra_is_bound(d->magnitude) || !umbra_is_bound(d->error_bound))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a range of %g and an error of %g: both are finite and not negative", d->magnitude,
                      d->error_bound);
  if (d->by <= UMBRA_DECLARED_BY_NOBODY || d->by > UMBRA_DECLARED_BY_APPLICATION)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%d is nobody who declares ranges", (int)d->by);
  if (d->used > ciphertext->slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%u slots are used, and there are %u", d->used, ciphertext->slots);
  return check_calibrated(d);
}

umbra_status umbra_ciphertext_declare(umbra_ciphertext *ciphertext, const umbra_declaration *declaration) {
  if (!ciphertext || !declaration)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_ciphertext_declare needs a ciphertext and a declaration");
  umbra_declaration d = {UMBRA_DECLARATION_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_declaration, &d, declaration));
  UMBRA_TRY(check_declaration(&d, ciphertext));
  double error = d.error_bound > 0 ? d.error_bound / UMBRA_ERROR_DEVIATIONS : ciphertext->estimate.bound.error;
  declare(ciphertext, (umbra_bound){fmax(d.magnitude, d.calibrated), error},
          (umbra_declared){.by = d.by, .real = d.real != 0, .used = d.used, .failure = d.failure_probability});
  return UMBRA_OK;
}

/* ---- what is known ---- */

double umbra_ciphertext_scale(const umbra_ciphertext *ciphertext) {
  return umbra_log2_to_double(umbra_context_chain(ciphertext->context)->log_scale[ciphertext->level]);
}

double umbra_ciphertext_magnitude(const umbra_ciphertext *ciphertext) { return ciphertext->estimate.bound.magnitude; }

/* Bounds saturate: beyond all doubles is still beyond the bound. */
static double saturated(double bound) { return bound < DBL_MAX ? bound : DBL_MAX; }

static double error_bound(umbra_bound bound) { return saturated(UMBRA_ERROR_DEVIATIONS * bound.error); }

double umbra_ciphertext_error_bound(const umbra_ciphertext *ciphertext) {
  return error_bound(ciphertext->estimate.bound);
}

double umbra_log2_half_modulus(const umbra_ciphertext *ciphertext) {
  const umbra_window window = ciphertext->poly.window;
  const umbra_chain *chain = umbra_context_chain(ciphertext->context);
  return umbra_log2_bits(umbra_chain_log_product(chain, window.first, window.count)) - 1;
}

/* No coefficient of a polynomial over the scale is larger than its largest slot, and they must stay below q / 2. */
double umbra_log2_held(const umbra_ciphertext *ciphertext) {
  const umbra_log2 log_scale = umbra_context_chain(ciphertext->context)->log_scale[ciphertext->level];
  return umbra_log2_half_modulus(ciphertext) - umbra_log2_bits(log_scale);
}

double umbra_ciphertext_headroom_bits(const umbra_ciphertext *ciphertext) {
  return umbra_log2_held(ciphertext) - log2(ciphertext->estimate.bound.magnitude);
}

double umbra_largest_error(const umbra_ciphertext *ciphertext) {
  return fmin(umbra_ciphertext_error_bound(ciphertext), exp2(umbra_log2_held(ciphertext)));
}

double umbra_largest_slot(const umbra_ciphertext *ciphertext) {
  return saturated(ciphertext->estimate.bound.magnitude * slack + umbra_largest_error(ciphertext));
}

/*
 * Sums, products and their divisions respect the modulus: so it counts where a value ends, not what is on the way. A bound
 * that has saturated says nothing.
 */
static int fits(const umbra_ciphertext *ciphertext) {
  return ciphertext->declared.fits ||
         (umbra_ciphertext_magnitude(ciphertext) < DBL_MAX && umbra_ciphertext_headroom_bits(ciphertext) >= 0);
}

uint32_t umbra_ciphertext_doubts(const umbra_ciphertext *ciphertext) {
  return ciphertext->estimate.doubts | (fits(ciphertext) ? 0 : UMBRA_DOUBT_LEVEL);
}

static umbra_range range_of(const umbra_ciphertext *ciphertext) {
  return (umbra_range){UMBRA_RANGE_INIT,
                       .magnitude = umbra_ciphertext_magnitude(ciphertext),
                       .error_bound = umbra_ciphertext_error_bound(ciphertext),
                       .worst_magnitude = ciphertext->estimate.worst.magnitude,
                       .worst_error_bound = error_bound(ciphertext->estimate.worst),
                       .headroom_bits = umbra_ciphertext_headroom_bits(ciphertext),
                       .by = ciphertext->declared.by,
                       .real = ciphertext->declared.real,
                       .used = ciphertext->declared.used,
                       .doubts = umbra_ciphertext_doubts(ciphertext),
                       .failure_probability = ciphertext->declared.failure};
}

umbra_status umbra_ciphertext_range(const umbra_ciphertext *ciphertext, umbra_range *range) {
  if (!ciphertext || !range)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_ciphertext_range needs a ciphertext and a range");
  const umbra_range made = range_of(ciphertext);
  return UMBRA_GIVE(umbra_range, range, &made);
}

static void join_ranges(umbra_range *all, const umbra_range *more) {
  all->magnitude = umbra_larger(all->magnitude, more->magnitude);
  all->error_bound = umbra_larger(all->error_bound, more->error_bound);
  all->worst_magnitude = umbra_larger(all->worst_magnitude, more->worst_magnitude);
  all->worst_error_bound = umbra_larger(all->worst_error_bound, more->worst_error_bound);
  all->headroom_bits = fmin(all->headroom_bits, more->headroom_bits);
  if (all->by != more->by) all->by = UMBRA_DECLARED_BY_NOBODY;
  all->real &= more->real;
  if (all->used != more->used) all->used = 0;
  all->doubts |= more->doubts;
  all->failure_probability = fmax(all->failure_probability, more->failure_probability);
}

umbra_status umbra_ciphertexts_range(const umbra_ciphertext *const *x, size_t count, umbra_range *range) {
  umbra_range made = range_of(x[0]);
  for (size_t i = 1; i < count; i++) {
    const umbra_range more = range_of(x[i]);
    join_ranges(&made, &more);
  }
  return UMBRA_GIVE(umbra_range, range, &made);
}

/* ---- what asks for a range ---- */

static const char *name_of(const umbra_evaluator *evaluator) {
  return evaluator->operation ? evaluator->operation : "an operation";
}

umbra_status umbra_require_range(const umbra_evaluator *evaluator, umbra_estimate *in, double most, umbra_doubt doubt,
                                 const char *what) {
  if (in->bound.magnitude <= most * slack) return UMBRA_OK;
  in->doubts |= (uint32_t)doubt;
  if (!evaluator->strict) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "%s: %s takes values up to %g, and the bound of its input is %g: declare a range that is true "
                    "(umbra_ciphertext_declare) or scale the values down",
                    name_of(evaluator), what, most, in->bound.magnitude);
}

umbra_status umbra_check_fits(const umbra_evaluator *evaluator, const umbra_ciphertext *made) {
  if (!evaluator->strict || fits(made)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "%s: the bound of the result is %g, and level %u holds values up to %.4g: declare ranges that are "
                    "true (umbra_ciphertext_declare), stay at a higher level, or scale the values down",
                    name_of(evaluator), made->estimate.bound.magnitude, made->level,
                    saturated(exp2(umbra_log2_held(made))));
}

void umbra_evaluator_set_strict(umbra_evaluator *evaluator, int strict) { evaluator->strict = strict != 0; }
