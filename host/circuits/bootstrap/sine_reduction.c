/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../ckks/find_key.h"
#include "../../ckks/noise.h"
#include "../../ckks/sum.h"
#include "../polynomial/polynomial.h"
#include "reduction.h"
#include "sine.h"

typedef struct sine_reduction {
  umbra_reduction base;
  const umbra_chain *chain; /* that of the plan's parameters */
  umbra_sine sine;
  umbra_polynomial cosine, arcsine; /* arcsine: unless its degree is 1 */
} sine_reduction;

/* ---- applying it ---- */

typedef struct sine_job {
  const sine_reduction *reduction;
  umbra_evaluator *evaluator;
  const umbra_eval_key *relinearization;
  umbra_refresh_count *count;
} sine_job;

/* Scale that what is squared `steps` times from that level on must have, to end at log_scale. */
static umbra_log2 log_scale_before(const umbra_chain *chain, uint32_t level, uint32_t steps, umbra_log2 log_scale) {
  for (uint32_t after = level - steps; after < level; after++)
    log_scale = (log_scale + umbra_sum_log_step(chain, after + 1)) / 2;
  return log_scale;
}

/* x becomes `by`. */
static void replace(const sine_job *job, umbra_scaled *x, const umbra_scaled *by) {
  umbra_scaled_destroy(x, job->evaluator->context);
  *x = *by;
}

/* c = 2 c^2 - subtrahend. */
static umbra_status double_angle(const sine_job *job, umbra_scaled *c, double subtrahend) {
  umbra_factors square = {c, c};
  umbra_summands summands = {.product = &square, .products = 1, .twice = 1, .constant = -subtrahend};
  umbra_scaled made;
  UMBRA_TRY(umbra_sum_make(&made, job->evaluator, &summands, c->level, 2 * c->log_scale, job->relinearization));
  replace(job, c, &made);
  return umbra_refresh_advance(job->count, umbra_scaled_count(c));
}

/* x becomes the polynomial of x, at that scale. The plan has seen to it that x is in [-1, 1]. */
static umbra_status evaluate(const sine_job *job, umbra_scaled *x, const umbra_polynomial *polynomial,
                             umbra_log2 log_scale) {
  umbra_basis *basis;
  umbra_scaled made;
  umbra_scaled_declare(x, umbra_estimate_within(x->estimate, 1));
  UMBRA_TRY(umbra_basis_create(&basis, job->evaluator, x, job->relinearization));
  umbra_status status = umbra_polynomial_eval(&made, basis, polynomial, log_scale);
  umbra_basis_destroy(basis);
  UMBRA_TRY(status);
  replace(job, x, &made);
  return umbra_refresh_advance(job->count, polynomial->switches * umbra_scaled_count(x));
}

static umbra_status apply(const umbra_reduction *reduction, umbra_scaled *x, umbra_log2 log_scale,
                          umbra_refresh_count *count) {
  sine_job job = {(const sine_reduction *)reduction, count->evaluator, NULL, count};
  const sine_reduction *r = job.reduction;
  const umbra_sine *s = &r->sine;
  uint32_t before_angles = x->level - r->cosine.depth;
  umbra_log2 log_end = s->arcsine_degree > 1 ? reduction->log_scale : log_scale;
  umbra_log2 log_start = log_scale_before(r->chain, before_angles, s->double_angles, log_end);
  UMBRA_TRY(umbra_find_relinearization(&job.relinearization, job.evaluator, x->level));
  UMBRA_TRY(umbra_scaled_add_constant(job.evaluator, x, -s->offset, 0));
  UMBRA_TRY(evaluate(&job, x, &r->cosine, log_start));
  for (uint32_t i = 0; i < s->double_angles; i++) UMBRA_TRY(double_angle(&job, x, s->subtrahend[i]));
  return s->arcsine_degree > 1 ? evaluate(&job, x, &r->arcsine, log_scale) : UMBRA_OK;
}

/* ---- making it ---- */

static void destroy(umbra_reduction *reduction) { umbra_free(reduction); }

static const umbra_reduction_kind kind = {"sine", apply, destroy};

static void plan_polynomials(sine_reduction *made) {
  const umbra_sine *sine = &made->sine;
  double even[2 * UMBRA_SINE_TERMS] = {0};
  for (uint32_t k = 0; 2 * k <= sine->degree; k++) even[2 * k] = sine->cosine[k];
  umbra_polynomial_plan(&made->cosine, even, sine->degree);
  if (sine->arcsine_degree > 1) umbra_polynomial_plan(&made->arcsine, sine->arcsine, sine->arcsine_degree);
}

/*
 * Noise of the input, from the last division to slots, its conjugation and their sum, and that of the cosine as the
 * double angles leave it, in units of one rounding; both measured, at K = 16, degree 30, 3 double angles. (Near 0 the
 * cosine is steep in T_2(y): it multiplies the rounding of T_2 by about 20, and the double angles that by 6.)
 */
static double roundings(const umbra_sine *sine) {
  const double slots_noise = 2.5 * sine->range, sine_noise = 180;
  return sqrt(slots_noise * slots_noise + sine_noise * sine_noise);
}

static void describe(sine_reduction *made, const umbra_bootstrap_shape *shape, uint32_t level_after) {
  const umbra_sine *sine = &made->sine;
  const uint32_t levels = made->cosine.depth + sine->double_angles + made->arcsine.depth;
  umbra_sine_errors errors;
  umbra_sine_measure(&errors, sine, shape->hamming);
  made->base = (umbra_reduction){.kind = &kind,
                                 .level = level_after + levels,
                                 .levels = levels,
                                 .log_scale = made->chain->log_scale[level_after + levels],
                                 .range = sine->range,
                                 .overflow = sine->overflow,
                                 .error_fit = errors.rms,
                                 .bound = sine->bound,
                                 .error_bending = errors.shape,
                                 .bending_order = sine->arcsine_degree + 2,
                                 .error_roundings = roundings(sine)};
}

umbra_status umbra_sine_reduction_create(umbra_reduction **reduction, const umbra_chain *chain,
                                         const umbra_bootstrap_shape *shape, uint32_t level_after) {
  sine_reduction *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "the sine of a refresh"));
  made->chain = chain;
  umbra_status status = umbra_sine_fit(&made->sine, shape);
  if (status != UMBRA_OK) {
    umbra_free(made);
    return status;
  }
  plan_polynomials(made);
  describe(made, shape, level_after);
  *reduction = &made->base;
  return UMBRA_OK;
}
