/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Side by side, ciphertexts are polynomials of one piece of memory: transforms and divisions go through them as they are.
 * Element by element they are one ciphertext with the limbs of all, as runs of one view; for that they need not even be
 * gathered.
 */
#include "beside.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ring/copies.h"
#include "../ring/ops.h"
#include "calls.h"
#include "find_key.h"
#include "noise.h"
#include "operand.h"
#include "sum.h"
#include "trace.h"

/* ---- which ---- */

static int are_alike(const umbra_ciphertext *const *x, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!x[i] || x[i]->level != x[0]->level || x[i]->poly.polys != 2) return 0;
  return 1;
}

int umbra_goes_beside(const umbra_evaluator *evaluator) {
  return !evaluator->refresher.refresh && umbra_ring_launch_limbs(evaluator->context->ring);
}

int umbra_beside_pays(const umbra_evaluator *evaluator, const umbra_ciphertext *const *x, size_t count) {
  return umbra_goes_beside(evaluator) && count > 1 && are_alike(x, count) &&
         umbra_scaled_pays(evaluator->context, (uint32_t)count, x[0]->level);
}

static int same_bound(umbra_bound a, umbra_bound b) { return a.magnitude == b.magnitude && a.error == b.error; }

int umbra_beside_known_alike(const umbra_ciphertext *const *x, size_t count) {
  for (size_t i = 1; i < count; i++) {
    const umbra_estimate a = x[0]->estimate, b = x[i]->estimate;
    if (!same_bound(a.bound, b.bound) || !same_bound(a.worst, b.worst) || a.doubts != b.doubts) return 0;
  }
  return 1;
}

/* ---- to and from ---- */

/* Number i of all is the ciphertext x[i]: copies there, or from there. */
static void copy_all(const umbra_evaluator *evaluator, const umbra_scaled *all, const umbra_ciphertext *const *x,
                     size_t count, int gather) {
  umbra_copies copies = {evaluator->context->ring, evaluator->stream, {.polys = 0}, {.polys = 0}};
  for (size_t i = 0; i < count; i++) {
    const umbra_view beside = umbra_scaled_view_of(all, evaluator->context, (uint32_t)i),
                     apart = umbra_poly_view(&x[i]->poly, evaluator->context->ring);
    umbra_copies_add(&copies, gather ? &beside : &apart, gather ? &apart : &beside);
  }
  umbra_copies_make(&copies);
}

/* At an ordinary level and its scale, whatever the estimate. */
static umbra_status make_all(umbra_scaled *made, const umbra_evaluator *evaluator, size_t count, uint32_t level) {
  return umbra_scaled_make_many(made, evaluator->context, (uint32_t)count, level,
                                umbra_context_chain(evaluator->context)->log_scale[level]);
}

umbra_status umbra_beside_gather(umbra_scaled *all, umbra_evaluator *evaluator, const umbra_ciphertext *const *x,
                                 size_t count) {
  UMBRA_TRY(make_all(all, evaluator, count, x[0]->level));
  copy_all(evaluator, all, x, count, 1);
  all->estimate = x[0]->estimate;
  return UMBRA_OK;
}

umbra_status umbra_beside_hand_out(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_scaled *all,
                                   const umbra_estimate *estimate, const umbra_ciphertext *const *like) {
  const size_t count = umbra_scaled_count(all);
  umbra_ciphertext **made;
  umbra_status status = UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&made, count, sizeof *made, "ciphertexts"));
  for (size_t i = 0; i < count && status == UMBRA_OK; i++) {
    status = umbra_result_make(&made[i], evaluator, like[i], all->level, like[i]->slots);
    if (status == UMBRA_OK) made[i]->estimate = estimate[i];
  }
  if (status == UMBRA_OK) copy_all(evaluator, all, (const umbra_ciphertext *const *)made, count, 0);
  return umbra_results_finish(evaluator, outs, made, count, status);
}

/* ---- level changes ---- */

/* all at a lower level. */
static umbra_status lower_all(umbra_evaluator *evaluator, umbra_scaled *all, uint32_t level, umbra_estimate *estimate) {
  const uint32_t from = all->level, count = umbra_scaled_count(all);
  umbra_scaled lowered;
  if (from == level) return UMBRA_OK;
  UMBRA_TRY(make_all(&lowered, evaluator, count, level));
  const umbra_view dst = umbra_poly_view(&lowered.poly, evaluator->context->ring);
  umbra_status status = umbra_lower(evaluator, &dst, &all->poly, from, level, &lowered.estimate);
  for (uint32_t i = 0; i < count; i++)
    estimate[i] = umbra_lower_estimate(estimate[i], umbra_context_chain(evaluator->context), from, level);
  umbra_scaled_destroy(status == UMBRA_OK ? all : &lowered, evaluator->context);
  if (status == UMBRA_OK) *all = lowered;
  return status;
}

static umbra_status gather_at(umbra_scaled *all, umbra_evaluator *evaluator, const umbra_ciphertext *const *x,
                              size_t count, uint32_t level, umbra_estimate *estimate) {
  UMBRA_TRY(umbra_beside_gather(all, evaluator, x, count));
  for (size_t i = 0; i < count; i++) estimate[i] = x[i]->estimate;
  umbra_status status = lower_all(evaluator, all, level, estimate);
  if (status != UMBRA_OK) umbra_scaled_destroy(all, evaluator->context);
  return status;
}

static umbra_status lower_beside(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *a,
                                 uint32_t level, size_t count) {
  UMBRA_TRACE(evaluator, "level_drop_each", a[0]);
  umbra_estimate estimate[UMBRA_SCALED_MOST];
  umbra_scaled all;
  UMBRA_TRY(gather_at(&all, evaluator, a, count, level, estimate));
  umbra_status status = umbra_beside_hand_out(evaluator, outs, &all, estimate, a);
  umbra_scaled_destroy(&all, evaluator->context);
  return status;
}

umbra_status umbra_level_drop_each(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                   const umbra_ciphertext *const *a, uint32_t level, size_t count) {
  if (umbra_beside_pays(evaluator, a, count) && level < a[0]->level) {
    const umbra_status status = lower_beside(evaluator, outs, a, level, count);
    if (status != UMBRA_ERROR_OUT_OF_MEMORY) return status;
  }
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_level_drop(evaluator, &outs[i], a[i], level));
  return UMBRA_OK;
}

/* ---- products with one ciphertext ---- */

/* One ciphertext as often as others are side by side. */
static umbra_view repeated(const umbra_view *x, uint32_t count) {
  umbra_view all = *x;
  for (uint32_t i = 1; i < count; i++) umbra_view_append(&all, x);
  return all;
}

/* made = all times b, with the estimates of the products. */
static umbra_status multiply_all(umbra_evaluator *evaluator, umbra_scaled *made, const umbra_scaled *all,
                                 const umbra_operand *b, const umbra_eval_key *key, umbra_estimate *estimate) {
  umbra_ring *ring = evaluator->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  const uint32_t count = umbra_scaled_count(all), level = all->level;
  umbra_scaled sum;
  UMBRA_TRY(umbra_sum_open(&sum, evaluator->context, 3 * count, level, 2 * chain->log_scale[level]));
  const umbra_view tensor = umbra_poly_beside(&sum.poly, ring, count, 3, sum.poly.window),
                   x = umbra_poly_beside(&all->poly, ring, count, 2, sum.poly.window), y = repeated(&b->view, count);
  umbra_ring_tensor(ring, evaluator->stream, &tensor, &x, &y, 0);
  umbra_status status = make_all(made, evaluator, count, level - 1);
  if (status == UMBRA_OK) {
    const umbra_view dst = umbra_poly_view(&made->poly, ring);
    status = umbra_sum_close(evaluator, &dst, &sum, key, &made->estimate);
    if (status != UMBRA_OK) umbra_scaled_destroy(made, evaluator->context);
  }
  for (uint32_t i = 0; i < count; i++)
    estimate[i] = umbra_sum_estimate(chain, &sum, umbra_noise_mul(estimate[i], b->estimate), 2, 1);
  umbra_scaled_destroy(&sum, evaluator->context);
  return status;
}

static umbra_status mul_gathered(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_scaled *all,
                                 umbra_estimate *estimate, const umbra_ciphertext *b,
                                 const umbra_ciphertext *const *like) {
  const umbra_eval_key *key;
  umbra_operand operand;
  umbra_scaled made;
  UMBRA_TRY(umbra_find_relinearization(&key, evaluator, all->level));
  UMBRA_TRY(umbra_operand_open(&operand, evaluator, &b->poly, b->estimate, b->level, all->level));
  umbra_status status = multiply_all(evaluator, &made, all, &operand, key, estimate);
  umbra_operand_close(&operand, evaluator);
  UMBRA_TRY(status);
  status = umbra_beside_hand_out(evaluator, outs, &made, estimate, like);
  umbra_scaled_destroy(&made, evaluator->context);
  return status;
}

static umbra_status mul_beside(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *a,
                               const umbra_ciphertext *b, size_t count) {
  UMBRA_TRACE(evaluator, "mul_each", a[0]);
  umbra_estimate estimate[UMBRA_SCALED_MOST];
  umbra_scaled all;
  UMBRA_TRY(gather_at(&all, evaluator, a, count, umbra_min_u32(a[0]->level, b->level), estimate));
  umbra_status status = mul_gathered(evaluator, outs, &all, estimate, b, a);
  umbra_scaled_destroy(&all, evaluator->context);
  return status;
}

/* Of checked operands whose products have the slots of the first factors, and levels with keys. */
static int products_pay(const umbra_evaluator *evaluator, const umbra_ciphertext *const *a, const umbra_ciphertext *b,
                        size_t count) {
  if (!umbra_beside_pays(evaluator, a, count) || b->poly.polys != 2) return 0;
  const uint32_t level = umbra_min_u32(a[0]->level, b->level);
  for (size_t i = 0; i < count; i++)
    if (a[i]->slots < b->slots) return 0;
  return level && level <= umbra_chain_keyed_level(umbra_context_chain(evaluator->context));
}

umbra_status umbra_mul_each(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *a,
                            const umbra_ciphertext *b, size_t count) {
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_check_operands(evaluator, &outs[i], a[i], b));
  if (products_pay(evaluator, a, b, count)) {
    const umbra_status status = mul_beside(evaluator, outs, a, b, count);
    if (status != UMBRA_ERROR_OUT_OF_MEMORY) return status;
  }
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_mul(evaluator, &outs[i], a[i], b));
  return UMBRA_OK;
}
