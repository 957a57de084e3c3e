/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../device/enqueue.h"
#include "checks.h"
#include "dry.h"
#include "keys_internal.h"
#include "range.h"

static umbra_status check_input(const umbra_evaluator *evaluator, const umbra_ciphertext *input, const uint8_t *owner) {
  UMBRA_TRY(umbra_check_context(evaluator->context, input->context, "a ciphertext"));
  if (evaluator->keys) UMBRA_TRY(umbra_check_owner(input->owner, evaluator->keys->owner, "a ciphertext"));
  return umbra_check_owner(input->owner, owner, "a ciphertext");
}

umbra_status umbra_check_operands_of_parts(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                           const umbra_ciphertext *a, const umbra_ciphertext *b) {
  if (!evaluator || !out || !a)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the evaluator, the output and the ciphertexts may not be NULL");
  umbra_watch_begin(umbra_stream_watch(evaluator->stream));
  UMBRA_TRY(umbra_ring_check(evaluator->context->ring, evaluator->stream));
  UMBRA_TRY(check_input(evaluator, a, a->owner));
  return b ? check_input(evaluator, b, a->owner) : UMBRA_OK;
}

static umbra_status check_two_parts(const umbra_ciphertext *x) {
  if (!x || x->poly.polys == 2) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "a ciphertext has three parts, as a product at a level without keys leaves it: umbra_relinearize "
                    "makes them two, at level %u or below",
                    umbra_chain_keyed_level(umbra_context_chain(x->context)));
}

umbra_status umbra_check_operands(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                  const umbra_ciphertext *a, const umbra_ciphertext *b) {
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, b));
  UMBRA_TRY(check_two_parts(a));
  return check_two_parts(b);
}

umbra_status umbra_check_equal_parts(const umbra_ciphertext *a, const umbra_ciphertext *b) {
  if (a->poly.polys == b->poly.polys) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "ciphertexts of two and of three parts in one sum of products: umbra_relinearize those of three, "
                    "or umbra_add two sums");
}

umbra_status umbra_check_with_plain(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                    const umbra_ciphertext *a, const umbra_plaintext *b) {
  if (!b) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the plaintext may not be NULL");
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, NULL));
  return umbra_check_context(evaluator->context, b->context, "the plaintext");
}

umbra_status umbra_check_own(const umbra_evaluator *evaluator, const umbra_context *context, const char *what) {
  UMBRA_TRY(umbra_check_context(evaluator->context, context, what));
  if (evaluator->context == context) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s was made for another context than the evaluator's", what);
}

umbra_status umbra_check_product_level(uint32_t level) {
  if (level) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_NO_LEVEL,
      "no level left: a product takes one level and an operand is at level 0; use parameters with more depth");
}

umbra_status umbra_result_make(umbra_ciphertext **made, const umbra_evaluator *evaluator, const umbra_ciphertext *a,
                               uint32_t level, uint32_t slots) {
  return umbra_result_make_parts(made, evaluator, a, level, slots, a->poly.polys);
}

umbra_status umbra_result_make_parts(umbra_ciphertext **made, const umbra_evaluator *evaluator,
                                     const umbra_ciphertext *a, uint32_t level, uint32_t slots, uint32_t parts) {
  UMBRA_TRY(umbra_ciphertext_make_parts(made, evaluator->context, level, parts));
  memcpy((*made)->owner, a->owner, sizeof(*made)->owner);
  (*made)->slots = slots;
  return UMBRA_OK;
}

umbra_status umbra_check_whole(const umbra_evaluator *evaluator, umbra_status status) {
  return status == UMBRA_OK ? umbra_watch_check(umbra_stream_watch(evaluator->stream)) : status;
}

umbra_status umbra_result_hand_out(umbra_ciphertext **out, umbra_ciphertext *made, umbra_status status) {
  if (status == UMBRA_OK) {
    umbra_dry_note_level(made->context, made->level);
    UMBRA_PUT(ciphertext, out, made);
  } else {
    umbra_ciphertext_destroy(made);
  }
  return status;
}

umbra_status umbra_check_result(const umbra_evaluator *evaluator, const umbra_ciphertext *made, umbra_status status) {
  status = umbra_check_whole(evaluator, status);
  return status == UMBRA_OK ? umbra_check_fits(evaluator, made) : status;
}

umbra_status umbra_result_finish(const umbra_evaluator *evaluator, umbra_ciphertext **out, umbra_ciphertext *made,
                                 umbra_status status) {
  return umbra_result_hand_out(out, made, umbra_check_result(evaluator, made, status));
}

umbra_status umbra_check_outputs(umbra_ciphertext *const *outs, size_t count) {
  if (!outs) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the outputs are NULL");
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < i; k++)
      if (outs[i] && outs[i] == outs[k])
        return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "outputs %zu and %zu are the same ciphertext", k, i);
  return UMBRA_OK;
}

umbra_status umbra_results_finish(const umbra_evaluator *evaluator, umbra_ciphertext **outs, umbra_ciphertext **made,
                                  size_t count, umbra_status status) {
  for (size_t i = 0; i < count; i++) status = umbra_check_result(evaluator, made[i], status);
  for (size_t i = 0; i < count; i++) (void)umbra_result_hand_out(&outs[i], made[i], status);
  umbra_free(made);
  return status;
}
