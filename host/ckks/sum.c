/* SPDX-License-Identifier: Apache-2.0 */
#include "sum.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/divide.h"
#include "../ring/key_switch.h"
#include "../ring/ops.h"
#include "constant.h"
#include "keys_internal.h"
#include "noise.h"

enum { MOST_MULTIPLES = 256 };

umbra_log2 umbra_sum_log_step(const umbra_chain *chain, uint32_t level) {
  return umbra_divide_log_ratio(chain, chain->window[level], chain->window[level - 1]);
}

umbra_status umbra_sum_open(umbra_scaled *sum, const umbra_context *context, uint32_t polys, uint32_t level,
                            umbra_log2 log_scale) {
  umbra_scaled made = {.level = level, .log_scale = log_scale};
  umbra_window window = umbra_context_chain(context)->window[level];
  umbra_status status = umbra_poly_create(&made.poly, context->ring, polys, window, 0, "a product");
  if (status == UMBRA_OK) *sum = made;
  return status;
}

/* ---- the division ---- */

static umbra_status rescale(umbra_evaluator *evaluator, const umbra_view *dst, umbra_window to,
                            const umbra_scaled *sum) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_view src = umbra_poly_view(&sum->poly, ring);
  umbra_dividend dividend = umbra_dividend_of(&src, sum->poly.window, 0);
  return umbra_divide(ring, evaluator->stream, dst, to, &dividend, NULL);
}

/* A key switch of the third polynomial whose accumulator starts with P times the first two; of each, if there are several. */
static umbra_status relinearize_rescale(umbra_evaluator *evaluator, const umbra_view *dst, umbra_window to,
                                        const umbra_scaled *sum, const umbra_eval_key *key) {
  const umbra_window window = sum->poly.window;
  const umbra_view linear = umbra_poly_subview(&sum->poly, evaluator->context->ring, 0, 2, window, 0);
  umbra_view quadratic = umbra_poly_subview(&sum->poly, evaluator->context->ring, 2, dst->polys / 2, window, 0);
  umbra_rotation each[UMBRA_SCALED_MOST];
  for (uint32_t i = 0; i < quadratic.polys; i++) each[i] = (umbra_rotation){&key->key, 1};
  quadratic.stride *= 3;
  const umbra_switch_each_of of = {.x = &quadratic, .init = &linear, .window = window, .rotation = each};
  return umbra_switch_each(evaluator->context->ring, evaluator->stream, dst, to, &of);
}

umbra_estimate umbra_sum_estimate(const umbra_chain *chain, const umbra_scaled *sum, umbra_estimate estimate,
                                  uint32_t parts, int relinearized) {
  if (relinearized) estimate = umbra_noise_switch_at(estimate, chain, sum->level, sum->log_scale);
  return umbra_noise_round_parts(estimate, chain, sum->log_scale - umbra_sum_log_step(chain, sum->level), parts);
}

umbra_status umbra_sum_close(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_scaled *sum,
                             const umbra_eval_key *key, umbra_estimate *estimate) {
  const umbra_chain *chain = umbra_context_chain(evaluator->context);
  const umbra_window to = chain->window[sum->level - 1];
  const int relinearizes = dst->polys != sum->poly.polys;
  if (relinearizes) UMBRA_TRY(relinearize_rescale(evaluator, dst, to, sum, key));
  else UMBRA_TRY(rescale(evaluator, dst, to, sum));
  *estimate = umbra_sum_estimate(chain, sum, sum->estimate, dst->polys == 3 ? 3 : 2, relinearizes);
  return UMBRA_OK;
}

/* ---- the sum ---- */

/* In strips of limbs, so that the sum stays in the cache while its summands pass by. */
typedef struct sum_job {
  umbra_evaluator *evaluator;
  const umbra_scaled *sum;
  const umbra_summands *of;
  uint32_t count; /* side by side */
  umbra_constant constant, factor[MOST_MULTIPLES];
  umbra_integer integer[MOST_MULTIPLES]; /* the factors */
  umbra_view *views;                     /* room of each strip: a and b of products, x of multiples */
} sum_job;

static size_t views_of(const umbra_summands *of) { return 2 * of->products + of->multiples; }

/* Of what is side by side all limbs together: strips are of one ciphertext. */
static umbra_view strip_of(const sum_job *job, const umbra_strip *strip, const umbra_scaled *x, uint32_t polys) {
  const umbra_ring *ring = job->evaluator->context->ring;
  const umbra_view all = umbra_poly_beside(&x->poly, ring, job->count, polys, job->sum->poly.window);
  return umbra_view_limbs_of(&all, umbra_ring_n(ring), strip->first, strip->count);
}

static umbra_integer integer_of(const umbra_constant *constant) {
  return (umbra_integer){constant->re, constant->shift};
}

static void fill_strip(const void *data, const umbra_strip *strip) {
  const sum_job *job = data;
  const umbra_summands *of = job->of;
  const umbra_view dst = strip_of(job, strip, job->sum, of->products ? 3 : 2);
  umbra_view *a = job->views + strip->place * views_of(of), *b = a + of->products, *x = b + of->products;
  for (size_t i = 0; i < of->products; i++) {
    a[i] = strip_of(job, strip, of->product[i].a, 2);
    b[i] = strip_of(job, strip, of->product[i].b, 2);
  }
  for (size_t i = 0; i < of->multiples; i++) x[i] = strip_of(job, strip, of->multiple[i].x, 2);
  const umbra_ring_summands summands = {.a = a,
                                        .b = b,
                                        .products = (uint32_t)of->products,
                                        .twice = of->twice,
                                        .x = x,
                                        .factor = job->integer,
                                        .multiples = (uint32_t)of->multiples,
                                        .constant = integer_of(&job->constant)};
  umbra_ring_sum(job->evaluator->context->ring, job->evaluator->stream, &dst, &summands);
}

static umbra_status fill(sum_job *job) {
  const umbra_ring *ring = job->evaluator->context->ring;
  const uint32_t limbs = job->count * job->sum->poly.window.count;
  UMBRA_TRY(
      umbra_alloc(&job->views, umbra_ring_strip_places(ring, limbs) * views_of(job->of), sizeof *job->views, "a sum"));
  for (size_t i = 0; i < job->of->multiples; i++) job->integer[i] = integer_of(&job->factor[i]);
  umbra_ring_strips(ring, job->evaluator->stream, limbs, fill_strip, job);
  umbra_free(job->views);
  return UMBRA_OK;
}

static umbra_status round_constants(sum_job *job) {
  const umbra_context *context = job->evaluator->context;
  uint32_t level = job->sum->level;
  umbra_log2 log_scale = job->sum->log_scale;
  for (size_t i = 0; i < job->of->multiples; i++) {
    const umbra_multiple *multiple = &job->of->multiple[i];
    UMBRA_TRY(umbra_constant_round_at(&job->factor[i], context, level, log_scale - multiple->x->log_scale,
                                      multiple->factor, 0));
  }
  return umbra_constant_round_at(&job->constant, context, level, log_scale, job->of->constant, 0);
}

static umbra_estimate estimate_of(const sum_job *job) {
  umbra_estimate sum = {0};
  for (size_t i = 0; i < job->of->products; i++)
    sum = umbra_noise_add(sum, umbra_noise_mul(job->of->product[i].a->estimate, job->of->product[i].b->estimate));
  if (job->of->twice) sum = umbra_noise_scale(sum, 2);
  for (size_t i = 0; i < job->of->multiples; i++)
    sum = umbra_noise_add(sum,
                          umbra_noise_mul(job->of->multiple[i].x->estimate, umbra_constant_estimate(&job->factor[i])));
  return job->of->constant == 0 ? sum : umbra_noise_add(sum, umbra_constant_estimate(&job->constant));
}

/* Ciphertexts that the first operand has side by side. */
static uint32_t count_of(const umbra_summands *of) {
  return umbra_scaled_count(of->products ? of->product->a : of->multiple->x);
}

/* INTERNAL unless operands reach the sum's level and are as many, and products have its scale. */
static umbra_status check(const sum_job *job) {
  const umbra_chain *chain = umbra_context_chain(job->evaluator->context);
  uint32_t level = job->sum->level;
  int fits = job->of->multiples <= MOST_MULTIPLES;
  fits &= job->count == 1 || umbra_scaled_pays(job->evaluator->context, job->count, level);
  for (size_t i = 0; i < job->of->products; i++) {
    const umbra_scaled *a = job->of->product[i].a, *b = job->of->product[i].b;
    fits &= umbra_level_contains(chain, a->level, level) && umbra_level_contains(chain, b->level, level);
    fits &= a->log_scale + b->log_scale == job->sum->log_scale;
    fits &= umbra_scaled_count(a) == job->count && umbra_scaled_count(b) == job->count;
  }
  for (size_t i = 0; i < job->of->multiples; i++) {
    const umbra_scaled *x = job->of->multiple[i].x;
    fits &= umbra_level_contains(chain, x->level, level) && umbra_scaled_count(x) == job->count;
  }
  return fits ? UMBRA_OK : umbra_fail(UMBRA_ERROR_INTERNAL, "summands do not meet at level %u", level);
}

static umbra_status fill_and_close(umbra_scaled *made, umbra_evaluator *evaluator, umbra_scaled *sum,
                                   const umbra_summands *summands, const umbra_eval_key *key) {
  sum_job job = {.evaluator = evaluator, .sum = sum, .of = summands, .count = count_of(summands)};
  UMBRA_TRY(check(&job));
  UMBRA_TRY(round_constants(&job));
  UMBRA_TRY(fill(&job));
  sum->estimate = estimate_of(&job);
  umbra_view dst = umbra_poly_view(&made->poly, evaluator->context->ring);
  return umbra_sum_close(evaluator, &dst, sum, key, &made->estimate);
}

umbra_status umbra_sum_make(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_summands *summands,
                            uint32_t level, umbra_log2 log_scale, const umbra_eval_key *key) {
  const umbra_context *context = evaluator->context;
  umbra_scaled sum, result;
  if (!summands->products && !summands->multiples)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "a sum of nothing at level %u", level);
  const uint32_t count = count_of(summands);
  UMBRA_TRY(umbra_sum_open(&sum, context, (summands->products ? 3 : 2) * count, level, log_scale));
  umbra_log2 log_step = umbra_sum_log_step(umbra_context_chain(context), level);
  umbra_status status = umbra_scaled_make_many(&result, context, count, level - 1, log_scale - log_step);
  if (status == UMBRA_OK) {
    status = fill_and_close(&result, evaluator, &sum, summands, key);
    if (status == UMBRA_OK) *made = result;
    else umbra_scaled_destroy(&result, context);
  }
  umbra_scaled_destroy(&sum, context);
  return status;
}
