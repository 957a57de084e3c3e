/* SPDX-License-Identifier: Apache-2.0 */
/* Products are those of one ciphertext with the limbs of all, as runs of one view; divisions go through what they leave. */
#include "plain_sums.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ring/divide.h"
#include "../ring/key_switch.h"
#include "../ring/ops.h"
#include "beside.h"
#include "calls.h"
#include "checks.h"
#include "find_key.h"
#include "noise.h"
#include "operand.h"
#include "sum.h"
#include "trace.h"

/* ---- products ---- */

/* Those of some sums that have a term t. */
typedef struct terms {
  umbra_view dst, a, b;
  umbra_operand plain[UMBRA_MAX_RUNS];
  uint32_t count;
} terms;

static umbra_status open_terms(terms *t, umbra_evaluator *evaluator, const umbra_scaled *all,
                               const umbra_plain_sum *sum, size_t first, size_t end, size_t term) {
  *t = (terms){.count = 0};
  for (size_t i = first; i < end; i++) {
    if (sum[i].terms <= term) continue;
    const umbra_plaintext *b = sum[i].b[term];
    umbra_operand *plain = &t->plain[t->count];
    UMBRA_TRY(umbra_operand_open(plain, evaluator, &b->poly, b->estimate, b->level, all->level));
    t->count++;
    const umbra_view to = umbra_scaled_view_of(all, evaluator->context, (uint32_t)i),
                     a = umbra_poly_view(&sum[i].a[term]->poly, evaluator->context->ring);
    umbra_view_append(&t->dst, &to);
    umbra_view_append(&t->a, &a);
    umbra_view_append(&t->b, &plain->view);
  }
  return UMBRA_OK;
}

/* Plaintexts of these terms come beside the work before them. */
static void prefetch_terms(const umbra_evaluator *evaluator, const umbra_plain_sum *sum, size_t first, size_t end,
                           size_t term) {
  for (size_t i = first; i < end; i++)
    if (sum[i].terms > term) umbra_operand_prefetch(&sum[i].b[term]->poly, evaluator);
}

static umbra_status add_terms(umbra_evaluator *evaluator, const umbra_scaled *all, const umbra_plain_sum *sum,
                              size_t first, size_t end, size_t term) {
  terms t;
  umbra_status status = open_terms(&t, evaluator, all, sum, first, end, term);
  if (status == UMBRA_OK) {
    prefetch_terms(evaluator, sum, first, end, term + 1);
    (term ? umbra_ring_mul_add : umbra_ring_mul)(evaluator->context->ring, evaluator->stream, &t.dst, &t.a, &t.b);
  }
  for (uint32_t i = 0; i < t.count; i++) umbra_operand_close(&t.plain[i], evaluator);
  return status;
}

/* As many at once as a view has runs where launches cost; elsewhere one, while it is in the cache. */
static umbra_status fill_sums(umbra_evaluator *evaluator, const umbra_scaled *all, const umbra_plain_sum *sum) {
  const size_t count = umbra_scaled_count(all);
  const size_t together = umbra_ring_launch_limbs(evaluator->context->ring) ? UMBRA_MAX_RUNS : 1;
  for (size_t first = 0, end; first < count; first = end) {
    size_t most = 0;
    for (end = first; end < count && end < first + together; end++)
      most = sum[end].terms > most ? sum[end].terms : most;
    for (size_t term = 0; term < most; term++) UMBRA_TRY(add_terms(evaluator, all, sum, first, end, term));
  }
  return UMBRA_OK;
}

/* ---- sums side by side ---- */

static umbra_estimate estimate_of(const umbra_chain *chain, const umbra_scaled *all, const umbra_plain_sum *sum) {
  umbra_estimate estimate = {0};
  for (size_t t = 0; t < sum->terms; t++)
    estimate = umbra_noise_add(estimate, umbra_noise_mul(sum->a[t]->estimate, sum->b[t]->estimate));
  return umbra_sum_estimate(chain, all, estimate, 2, 0);
}

static umbra_status fill_and_divide(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *all,
                                    const umbra_plain_sum *sum) {
  const umbra_view dst = umbra_poly_view(&made->poly, evaluator->context->ring);
  UMBRA_TRY(fill_sums(evaluator, all, sum));
  return umbra_sum_close(evaluator, &dst, all, NULL, &made->estimate);
}

/* made = the sums, one level below their operands, with the estimate of each. */
static umbra_status make_sums(umbra_scaled *made, umbra_estimate *estimate, umbra_evaluator *evaluator,
                              const umbra_plain_sum *sum, size_t count) {
  const umbra_context *context = evaluator->context;
  const umbra_chain *chain = umbra_context_chain(context);
  const uint32_t level = sum->a[0]->level;
  umbra_scaled all, divided;
  UMBRA_TRY(umbra_sum_open(&all, context, (uint32_t)(2 * count), level, 2 * chain->log_scale[level]));
  umbra_status status =
      umbra_scaled_make_many(&divided, context, (uint32_t)count, level - 1, chain->log_scale[level - 1]);
  if (status == UMBRA_OK) {
    status = fill_and_divide(&divided, evaluator, &all, sum);
    if (status == UMBRA_OK) *made = divided;
    else umbra_scaled_destroy(&divided, context);
  }
  for (size_t i = 0; i < count; i++) estimate[i] = estimate_of(chain, &all, &sum[i]);
  umbra_scaled_destroy(&all, context);
  return status;
}

/* Sums side by side that were made. */
typedef struct made_sums {
  umbra_scaled all;
  umbra_estimate *estimate; /* of each */
} made_sums;

static umbra_status sums_open(made_sums *s, umbra_evaluator *evaluator, const umbra_plain_sum *sum, size_t count) {
  UMBRA_TRY(umbra_alloc(&s->estimate, count, sizeof *s->estimate, "sums"));
  umbra_status status = make_sums(&s->all, s->estimate, evaluator, sum, count);
  if (status != UMBRA_OK) umbra_free(s->estimate);
  return status;
}

static void sums_close(made_sums *s, const umbra_evaluator *evaluator) {
  umbra_scaled_destroy(&s->all, evaluator->context);
  umbra_free(s->estimate);
}

static umbra_status check_sums(umbra_evaluator *evaluator, umbra_ciphertext *const *outs, const umbra_plain_sum *sum,
                               size_t count) {
  for (size_t i = 0; i < count; i++)
    for (size_t t = 0; t < sum[i].terms; t++) {
      UMBRA_TRY(umbra_check_with_plain(evaluator, outs, sum[i].a[t], sum[i].b[t]));
      UMBRA_TRY(umbra_check_owner(sum[i].a[t]->owner, sum->a[0]->owner, "a ciphertext"));
    }
  return UMBRA_OK;
}

static int meet(const umbra_plain_sum *sum, size_t count) {
  for (size_t i = 0; i < count; i++)
    for (size_t t = 0; t < sum[i].terms; t++) {
      const umbra_ciphertext *a = sum[i].a[t], *first = sum[i].a[0];
      const umbra_plaintext *b = sum[i].b[t];
      if (a->level != sum->a[0]->level || b->level != a->level || a->poly.polys != 2) return 0;
      if (a->slots > first->slots || b->slots > first->slots) return 0;
    }
  return sum->a[0]->level > 0;
}

/* ---- each ---- */

static umbra_status sum_beside(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_plain_sum *sum,
                               size_t count) {
  const umbra_ciphertext **like;
  made_sums s;
  UMBRA_TRY(umbra_alloc(&like, count, sizeof *like, "sums"));
  for (size_t i = 0; i < count; i++) like[i] = sum[i].a[0];
  umbra_status status = sums_open(&s, evaluator, sum, count);
  if (status == UMBRA_OK) {
    status = umbra_beside_hand_out(evaluator, outs, &s.all, s.estimate, like);
    sums_close(&s, evaluator);
  }
  umbra_free(like);
  return status;
}

umbra_status umbra_dot_plain_each(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_plain_sum *sum,
                                  size_t count) {
  UMBRA_TRACE(evaluator, "dot_plain_each", sum->a[0]);
  UMBRA_TRY(check_sums(evaluator, outs, sum, count));
  if (umbra_goes_beside(evaluator) && count > 1 && meet(sum, count)) {
    const umbra_status status = sum_beside(evaluator, outs, sum, count);
    if (status != UMBRA_ERROR_OUT_OF_MEMORY) return status;
  }
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_dot_plain(evaluator, &outs[i], sum[i].a, sum[i].b, sum[i].terms));
  return UMBRA_OK;
}

/* ---- turned ---- */

/* made = the sum of what is turned, which is all but the first. */
static umbra_status turn_all(umbra_evaluator *evaluator, const umbra_scaled *made, const umbra_scaled *all,
                             const umbra_rotation *rotation, uint32_t turned) {
  umbra_ring *ring = evaluator->context->ring;
  const umbra_window window = all->poly.window;
  umbra_view c0 = umbra_scaled_every(all, evaluator->context, 0), c1 = umbra_scaled_every(all, evaluator->context, 1);
  umbra_poly sum;
  c0 = umbra_view_polys(&c0, 1, turned);
  c1 = umbra_view_polys(&c1, 1, turned);
  const umbra_switch_add_of of = {.x = &c1, .init = &c0, .window = window, .rotation = rotation};
  UMBRA_TRY(umbra_poly_create(&sum, ring, 2, window, umbra_switch_auxes(umbra_ring_chain(ring), window), "a sum"));
  const umbra_view total = umbra_poly_view(&sum, ring), dst = umbra_poly_view(&made->poly, ring);
  umbra_ring_zero(ring, evaluator->stream, &total);
  umbra_status status = umbra_switch_add(ring, evaluator->stream, &total, &of);
  const umbra_dividend dividend = umbra_dividend_of_switch(umbra_ring_chain(ring), &total, window);
  if (status == UMBRA_OK) status = umbra_divide(ring, evaluator->stream, &dst, window, &dividend, NULL);
  umbra_poly_destroy(&sum, ring);
  return status;
}

static umbra_estimate turned_estimate(const umbra_chain *chain, const made_sums *s) {
  const uint32_t level = s->all.level;
  umbra_estimate turned = {0};
  for (uint32_t i = 1; i < umbra_scaled_count(&s->all); i++)
    turned = umbra_noise_add(turned, umbra_noise_switch(s->estimate[i], chain, level));
  return umbra_noise_add(umbra_noise_round(turned, chain, level), s->estimate[0]);
}

static umbra_status add_turned(umbra_scaled *made, umbra_evaluator *evaluator, const made_sums *s,
                               const umbra_rotation *rotation) {
  const umbra_ring *ring = evaluator->context->ring;
  const umbra_view dst = umbra_poly_view(&made->poly, ring),
                   first = umbra_scaled_view_of(&s->all, evaluator->context, 0);
  UMBRA_TRY(turn_all(evaluator, made, &s->all, rotation, umbra_scaled_count(&s->all) - 1));
  umbra_ring_add(ring, evaluator->stream, &dst, &dst, &first);
  made->estimate = turned_estimate(umbra_context_chain(evaluator->context), s);
  return UMBRA_OK;
}

static umbra_status make_turned(umbra_ciphertext **made, umbra_evaluator *evaluator, const made_sums *s,
                                const umbra_rotation *rotation, const umbra_ciphertext *like) {
  umbra_scaled result;
  UMBRA_TRY(umbra_scaled_make(&result, evaluator->context, s->all.level, s->all.log_scale));
  umbra_status status = add_turned(&result, evaluator, s, rotation);
  if (status == UMBRA_OK) status = umbra_scaled_finish(made, &result, evaluator->context, like);
  umbra_scaled_destroy(&result, evaluator->context);
  return status;
}

static umbra_status sum_turned(umbra_ciphertext **made, umbra_evaluator *evaluator, const umbra_plain_sum *sum,
                               const umbra_rotation *rotation, size_t count) {
  made_sums s;
  UMBRA_TRY(sums_open(&s, evaluator, sum, count));
  umbra_status status = make_turned(made, evaluator, &s, rotation, sum->a[0]);
  sums_close(&s, evaluator);
  return status;
}

umbra_status umbra_dot_plain_turned(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_plain_sum *sum,
                                    const int32_t *steps, size_t count) {
  UMBRA_TRACE(evaluator, "dot_plain_turned", sum->a[0]);
  UMBRA_TRY(check_sums(evaluator, out, sum, count));
  if (!meet(sum, count)) return umbra_fail(UMBRA_ERROR_INTERNAL, "sums that are turned do not meet");
  if (count == 1) return umbra_dot_plain(evaluator, out, sum->a, sum->b, sum->terms);
  const umbra_ciphertext *like = sum->a[0];
  umbra_rotation *rotation;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_alloc(&rotation, count - 1, sizeof *rotation, "rotations"));
  umbra_status status = umbra_find_turns(rotation, evaluator, steps + 1, count - 1, like->slots, like->level - 1);
  if (status == UMBRA_OK) status = sum_turned(&made, evaluator, sum, rotation, count);
  umbra_free(rotation);
  return umbra_result_finish(evaluator, out, made, status);
}
