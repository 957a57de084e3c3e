/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What takes one level: products. A product of ciphertexts at level l is a tensor product, a key switch of its third
 * polynomial whose accumulator starts with P times the first two, and one division by P and the level's dropped primes.
 * At a level without keys it is a tensor product whose three polynomials are divided.
 */
#include "../base/error.h"
#include "../base/integers.h"
#include "../ring/ops.h"
#include "calls.h"
#include "checks.h"
#include "constant.h"
#include "find_key.h"
#include "inputs.h"
#include "noise.h"
#include "operand.h"
#include "sum.h"
#include "trace.h"

/* made, one level below, = the sum of products, divided; the sum is given back. */
static umbra_status close_into(umbra_evaluator *evaluator, umbra_ciphertext *made, umbra_scaled *sum,
                               const umbra_eval_key *key, umbra_status status) {
  umbra_view dst = umbra_poly_view(&made->poly, evaluator->context->ring);
  if (status == UMBRA_OK) status = umbra_sum_close(evaluator, &dst, sum, key, &made->estimate);
  umbra_scaled_destroy(sum, evaluator->context);
  return status;
}

/* A sum of `polys` polynomials whose division leads to made. */
static umbra_status open_sum(umbra_scaled *sum, const umbra_evaluator *evaluator, uint32_t polys,
                             const umbra_ciphertext *made) {
  uint32_t level = made->level + 1;
  umbra_log2 log_scale = umbra_context_chain(evaluator->context)->log_scale[level];
  return umbra_sum_open(sum, evaluator->context, polys, level, 2 * log_scale);
}

/* ---- ciphertext by ciphertext ---- */

/* tensor [+]= a * b at `level`; *estimate grows by the product's. */
static umbra_status tensor_pair(umbra_evaluator *evaluator, const umbra_view *tensor, const umbra_ciphertext *a,
                                const umbra_ciphertext *b, uint32_t level, int accumulate, umbra_estimate *estimate) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_operand x, y;
  UMBRA_TRY(umbra_operand_open(&x, evaluator, &a->poly, a->estimate, a->level, level));
  umbra_status status = a == b ? UMBRA_OK : umbra_operand_open(&y, evaluator, &b->poly, b->estimate, b->level, level);
  if (status == UMBRA_OK) {
    const umbra_operand *second = a == b ? &x : &y;
    umbra_ring_tensor(ring, evaluator->stream, tensor, &x.view, &second->view, accumulate);
    *estimate = umbra_noise_add(*estimate, umbra_noise_mul(x.estimate, second->estimate));
    if (a != b) umbra_operand_close(&y, evaluator);
  }
  umbra_operand_close(&x, evaluator);
  return status;
}

static umbra_status dot_into(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *const *a,
                             const umbra_ciphertext *const *b, size_t count, const umbra_eval_key *key) {
  umbra_scaled sum;
  UMBRA_TRY(open_sum(&sum, evaluator, 3, made));
  umbra_view view = umbra_poly_view(&sum.poly, evaluator->context->ring);
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++)
    status = tensor_pair(evaluator, &view, a[i], b[i], sum.level, i > 0, &sum.estimate);
  return close_into(evaluator, made, &sum, key, status);
}

static umbra_status check_factors(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *const *a,
                                  const umbra_ciphertext *const *b, size_t count) {
  if (!a || !b || !count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a dot product needs two arrays of at least one ciphertext");
  for (size_t i = 0; i < count; i++) {
    if (!b[i]) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "factor %zu of the product is NULL", i);
    UMBRA_TRY(umbra_check_operands(evaluator, out, a[i], b[i]));
    UMBRA_TRY(umbra_check_owner(a[i]->owner, a[0]->owner, "a ciphertext"));
  }
  return UMBRA_OK;
}

/* Of checked factors, with levels enough or not. */
static umbra_status dot(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *const *a,
                        const umbra_ciphertext *const *b, size_t count) {
  uint32_t level = UMBRA_TOP_LEVEL, slots = 0;
  for (size_t i = 0; i < count; i++) {
    level = umbra_min_u32(level, umbra_min_u32(a[i]->level, b[i]->level));
    slots = umbra_max_u32(slots, umbra_max_u32(a[i]->slots, b[i]->slots));
  }
  UMBRA_TRY(umbra_check_product_level(level));
  const int keyless = level > umbra_chain_keyed_level(umbra_context_chain(evaluator->context));
  const umbra_eval_key *key = NULL;
  umbra_ciphertext *made = NULL;
  if (!keyless) UMBRA_TRY(umbra_find_relinearization(&key, evaluator, level));
  UMBRA_TRY(umbra_result_make_parts(&made, evaluator, a[0], level - 1, slots, keyless ? 3 : 2));
  return umbra_result_finish(evaluator, out, made, dot_into(evaluator, made, a, b, count, key));
}

/* For a call of that name. */
static umbra_status dot_for(const char *name, umbra_evaluator *evaluator, umbra_ciphertext **out,
                            const umbra_ciphertext *const *a, const umbra_ciphertext *const *b, size_t count) {
  UMBRA_TRACE(evaluator, name, a && count ? a[0] : NULL);
  umbra_inputs inputs;
  UMBRA_TRY(check_factors(evaluator, out, a, b, count));
  UMBRA_TRY(umbra_inputs_open(&inputs, evaluator, a, b, count, 1));
  umbra_status status = dot(evaluator, out, inputs.a, inputs.b, count);
  umbra_inputs_close(&inputs);
  return status;
}

umbra_status umbra_dot(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *const *a,
                       const umbra_ciphertext *const *b, size_t count) {
  return dot_for("dot", evaluator, out, a, b, count);
}

umbra_status umbra_mul(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                       const umbra_ciphertext *b) {
  return dot_for("mul", evaluator, out, &a, &b, 1);
}

umbra_status umbra_square(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a) {
  return dot_for("square", evaluator, out, &a, &a, 1);
}

umbra_status umbra_mul_add(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                           const umbra_ciphertext *b, const umbra_ciphertext *c) {
  UMBRA_TRACE(evaluator, "mul_add", a);
  if (!c) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the summand may not be NULL");
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, c));
  umbra_ciphertext *product = NULL;
  const umbra_watch_part whole = umbra_watch_enter(&evaluator->watch, 0, 1);
  umbra_status status = umbra_mul(evaluator, &product, a, b);
  if (status == UMBRA_OK) status = umbra_add(evaluator, out, product, c);
  umbra_watch_leave(&evaluator->watch, whole);
  umbra_ciphertext_destroy(product);
  return status;
}

/* ---- ciphertext by plaintext ---- */

/* product [+]= a * b at `level`; next: the plaintext that is needed after b, or NULL. */
static umbra_status multiply_plain(umbra_evaluator *evaluator, const umbra_view *product, const umbra_ciphertext *a,
                                   const umbra_plaintext *b, const umbra_plaintext *next, uint32_t level,
                                   int accumulate, umbra_estimate *estimate) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_operand x, y;
  UMBRA_TRY(umbra_operand_open(&x, evaluator, &a->poly, a->estimate, a->level, level));
  umbra_status status = umbra_operand_open(&y, evaluator, &b->poly, b->estimate, b->level, level);
  if (status == UMBRA_OK) {
    if (next) umbra_operand_prefetch(&next->poly, evaluator);
    (accumulate ? umbra_ring_mul_add : umbra_ring_mul)(ring, evaluator->stream, product, &x.view, &y.view);
    *estimate = umbra_noise_add(*estimate, umbra_noise_mul(x.estimate, y.estimate));
    umbra_operand_close(&y, evaluator);
  }
  umbra_operand_close(&x, evaluator);
  return status;
}

static umbra_status dot_plain_into(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *const *a,
                                   const umbra_plaintext *const *b, size_t count) {
  umbra_scaled sum;
  UMBRA_TRY(open_sum(&sum, evaluator, made->poly.polys, made));
  umbra_view view = umbra_poly_view(&sum.poly, evaluator->context->ring);
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++)
    status =
        multiply_plain(evaluator, &view, a[i], b[i], i + 1 < count ? b[i + 1] : NULL, sum.level, i > 0, &sum.estimate);
  return close_into(evaluator, made, &sum, NULL, status);
}

static umbra_status check_plain_factors(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                        const umbra_ciphertext *const *a, const umbra_plaintext *const *b,
                                        size_t count) {
  if (!a || !b || !count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a dot product needs at least one ciphertext and one plaintext");
  for (size_t i = 0; i < count; i++) {
    UMBRA_TRY(umbra_check_with_plain(evaluator, out, a[i], b[i]));
    UMBRA_TRY(umbra_check_owner(a[i]->owner, a[0]->owner, "a ciphertext"));
    UMBRA_TRY(umbra_check_equal_parts(a[i], a[0]));
  }
  return UMBRA_OK;
}

/* Of checked factors, with levels enough or not. */
static umbra_status dot_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *const *a,
                              const umbra_plaintext *const *b, size_t count) {
  uint32_t level = UMBRA_TOP_LEVEL, slots = 0;
  for (size_t i = 0; i < count; i++) {
    level = umbra_min_u32(level, umbra_min_u32(a[i]->level, b[i]->level));
    slots = umbra_max_u32(slots, umbra_max_u32(a[i]->slots, b[i]->slots));
  }
  UMBRA_TRY(umbra_check_product_level(level));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a[0], level - 1, slots));
  return umbra_result_finish(evaluator, out, made, dot_plain_into(evaluator, made, a, b, count));
}

static umbra_status dot_plain_for(const char *name, umbra_evaluator *evaluator, umbra_ciphertext **out,
                                  const umbra_ciphertext *const *a, const umbra_plaintext *const *b, size_t count) {
  UMBRA_TRACE(evaluator, name, a && count ? a[0] : NULL);
  umbra_inputs inputs;
  UMBRA_TRY(check_plain_factors(evaluator, out, a, b, count));
  UMBRA_TRY(umbra_inputs_open(&inputs, evaluator, a, NULL, count, 1));
  umbra_status status = dot_plain(evaluator, out, inputs.a, b, count);
  umbra_inputs_close(&inputs);
  return status;
}

umbra_status umbra_dot_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *const *a,
                             const umbra_plaintext *const *b, size_t count) {
  return dot_plain_for("dot_plain", evaluator, out, a, b, count);
}

umbra_status umbra_mul_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                             const umbra_plaintext *b) {
  return dot_plain_for("mul_plain", evaluator, out, &a, &b, 1);
}

/* ---- ciphertext by constant ---- */

/* sum [+]= a * (pair[0] + i pair[1]), with the bracketed sign unless it is the first. */
static umbra_status add_multiple(umbra_evaluator *evaluator, umbra_scaled *sum, const umbra_ciphertext *a,
                                 const double *pair, int first) {
  const uint32_t level = sum->level;
  umbra_view to = umbra_poly_view(&sum->poly, evaluator->context->ring);
  umbra_constant constant;
  umbra_operand x;
  UMBRA_TRY(umbra_constant_round(&constant, evaluator->context, level, pair[0], pair[1]));
  UMBRA_TRY(umbra_operand_open(&x, evaluator, &a->poly, a->estimate, a->level, level));
  umbra_status status =
      (first ? umbra_constant_mul : umbra_constant_mul_add)(evaluator, &to, &x.view, &constant, level);
  sum->estimate = umbra_noise_add(sum->estimate, umbra_noise_mul(x.estimate, umbra_constant_estimate(&constant)));
  umbra_operand_close(&x, evaluator);
  return status;
}

static umbra_status dot_constants_into(umbra_evaluator *evaluator, umbra_ciphertext *made,
                                       const umbra_ciphertext *const *a, const double *pairs, size_t count) {
  umbra_scaled sum;
  UMBRA_TRY(open_sum(&sum, evaluator, made->poly.polys, made));
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++)
    status = add_multiple(evaluator, &sum, a[i], pairs + 2 * i, i == 0);
  return close_into(evaluator, made, &sum, NULL, status);
}

/* Of checked ciphertexts, with levels enough or not. */
static umbra_status dot_constants(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *const *a,
                                  const double *pairs, size_t count) {
  uint32_t level = UMBRA_TOP_LEVEL, slots = 0;
  for (size_t i = 0; i < count; i++) {
    level = umbra_min_u32(level, a[i]->level);
    slots = umbra_max_u32(slots, a[i]->slots);
  }
  UMBRA_TRY(umbra_check_product_level(level));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a[0], level - 1, slots));
  return umbra_result_finish(evaluator, out, made, dot_constants_into(evaluator, made, a, pairs, count));
}

static umbra_status dot_constants_for(const char *name, umbra_evaluator *evaluator, umbra_ciphertext **out,
                                      const umbra_ciphertext *const *a, const double *pairs, size_t count) {
  UMBRA_TRACE(evaluator, name, a && count ? a[0] : NULL);
  if (!a || !pairs || !count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a linear combination needs at least one ciphertext and factor");
  for (size_t i = 0; i < count; i++) {
    UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a[i], a[0]));
    UMBRA_TRY(umbra_check_equal_parts(a[i], a[0]));
  }
  umbra_inputs inputs;
  UMBRA_TRY(umbra_inputs_open(&inputs, evaluator, a, NULL, count, 1));
  umbra_status status = dot_constants(evaluator, out, inputs.a, pairs, count);
  umbra_inputs_close(&inputs);
  return status;
}

umbra_status umbra_dot_constants(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *const *a,
                                 const double *pairs, size_t count) {
  return dot_constants_for("dot_constants", evaluator, out, a, pairs, count);
}

umbra_status umbra_mul_constant(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                                double re, double im) {
  const double pair[2] = {re, im};
  return dot_constants_for("mul_constant", evaluator, out, &a, pair, 1);
}
