/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include <umbra/polynomial.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/checks.h"
#include "../ckks/evaluator_internal.h"
#include "../ckks/range.h"

static umbra_status check_part(const umbra_ciphertext *const *given, size_t i, uint32_t slots) {
  if (!given[i]) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ciphertext %zu is NULL", i);
  UMBRA_TRY(umbra_check_context(given[0]->context, given[i]->context, "the ciphertext"));
  UMBRA_TRY(umbra_check_owner(given[0]->owner, given[i]->owner, "the ciphertext"));
  if (given[i]->slots == slots) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ciphertext %zu has %u slots instead of %u", i, given[i]->slots,
                    slots);
}

umbra_status umbra_parts_check(const umbra_ciphertext *const *given, size_t count, size_t wanted, uint32_t slots,
                               const char *what) {
  if (count != wanted)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu ciphertexts for %s that takes %zu in that layout", count, what,
                      wanted);
  for (size_t i = 0; i < count; i++) UMBRA_TRY(check_part(given, i, slots));
  return UMBRA_OK;
}

umbra_status umbra_parts_check_alike(umbra_ciphertext *const *a, umbra_ciphertext *const *b, const char *what) {
  UMBRA_TRY(umbra_check_context(a[0]->context, b[0]->context, what));
  return umbra_check_owner(b[0]->owner, a[0]->owner, what);
}

umbra_status umbra_parts_copy(umbra_ciphertext **to, umbra_ciphertext *const *from, size_t count) {
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_ciphertext_copy(&to[i], from[i]));
  return UMBRA_OK;
}

umbra_status umbra_parts_combine(umbra_evaluator *evaluator, umbra_ciphertext **made, umbra_ciphertext *const *a,
                                 umbra_ciphertext *const *b, size_t count, umbra_part_operation *operation) {
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, i, count);
    status = operation(evaluator, &made[i], a[i], b[i]);
    umbra_watch_leave(&evaluator->watch, part);
  }
  return status;
}

umbra_status umbra_parts_map(umbra_evaluator *evaluator, umbra_ciphertext **made, umbra_ciphertext *const *a,
                             size_t count, umbra_slot_function *function, const void *user) {
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, i, count);
    status = function(evaluator, &made[i], a[i], user);
    umbra_watch_leave(&evaluator->watch, part);
  }
  return status;
}

umbra_status umbra_slot_chebyshev(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                                  const void *user) {
  const umbra_slot_polynomial *p = user;
  return umbra_chebyshev_eval(evaluator, out, x, p->coefficients, p->degree);
}

void umbra_parts_declare_within(umbra_ciphertext *const *part, size_t count, double magnitude) {
  for (size_t i = 0; i < count; i++) umbra_ciphertext_declare_within(part[i], magnitude);
}

uint32_t umbra_parts_level(umbra_ciphertext *const *part, size_t count) {
  uint32_t lowest = part[0]->level;
  for (size_t i = 1; i < count; i++) lowest = umbra_min_u32(lowest, part[i]->level);
  return lowest;
}

uint64_t umbra_parts_bytes(umbra_ciphertext *const *part, size_t count) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < count; i++) bytes += umbra_ciphertext_bytes(part[i]);
  return bytes;
}

void umbra_parts_destroy(umbra_ciphertext **part, size_t count) {
  for (size_t i = 0; part && i < count; i++) umbra_ciphertext_destroy(part[i]);
  umbra_free(part);
}
