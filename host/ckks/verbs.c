/* SPDX-License-Identifier: Apache-2.0 */
#include "verbs.h"

#include <string.h>

#include "../base/error.h"
#include "../ring/ops.h"
#include "calls.h"
#include "find_key.h"
#include "noise.h"
#include "scaled.h"
#include "trace.h"

void umbra_ciphertext_repeat(umbra_ciphertext *ciphertext, uint32_t slots) {
  ciphertext->slots = slots;
  ciphertext->declared.used = 0;
}

umbra_status umbra_ciphertext_zero(umbra_ciphertext **zero, const umbra_context *context, const uint8_t *owner,
                                   uint32_t level, uint32_t slots) {
  umbra_ciphertext *made = NULL;
  umbra_stream *stream;
  UMBRA_TRY(umbra_ciphertext_make(&made, context, level));
  *zero = made;
  memcpy(made->owner, owner, sizeof made->owner);
  made->slots = slots;
  UMBRA_TRY(umbra_ring_stream_open(&stream, context->ring));
  const umbra_view view = umbra_poly_view(&made->poly, context->ring);
  umbra_ring_zero(context->ring, stream, &view);
  return umbra_stream_close(stream, context, UMBRA_OK);
}

void umbra_ciphertext_set_estimate(umbra_ciphertext *ciphertext, umbra_estimate estimate) {
  ciphertext->estimate = estimate;
}

void umbra_ciphertext_forget_worst(umbra_ciphertext *ciphertext) { ciphertext->estimate.worst = umbra_bound_unknown; }

static umbra_status add_rotated(umbra_evaluator *evaluator, umbra_ciphertext **x, int32_t steps) {
  umbra_ciphertext *rotated = NULL;
  umbra_status status = umbra_rotate(evaluator, &rotated, *x, steps);
  if (status == UMBRA_OK) status = umbra_add(evaluator, x, *x, rotated);
  umbra_ciphertext_destroy(rotated);
  return status;
}

static umbra_status add_multiples(umbra_evaluator *evaluator, umbra_ciphertext **x, int32_t steps, uint32_t log_radix) {
  UMBRA_TRACE(evaluator, "add_rotations", *x);
  UMBRA_TRY(umbra_check_operands(evaluator, x, *x, NULL));
  const umbra_scaled given = umbra_scaled_of(*x);
  umbra_scaled sum = {0};
  umbra_ciphertext *made = NULL;
  umbra_status status = umbra_scaled_sum_rotated(&sum, evaluator, &given, steps, log_radix, (*x)->slots);
  if (status == UMBRA_OK) status = umbra_scaled_finish(&made, &sum, evaluator->context, *x);
  umbra_scaled_destroy(&sum, evaluator->context);
  return umbra_result_finish(evaluator, x, made, status);
}

umbra_status umbra_add_rotations_by(umbra_evaluator *evaluator, umbra_ciphertext **x, size_t first, size_t end,
                                    int sign, uint32_t log_radix) {
  for (size_t steps = first; steps < end;) {
    const uint32_t log_now = umbra_log_radix_at(steps, end, log_radix);
    UMBRA_TRY(log_now > 1 ? add_multiples(evaluator, x, sign * (int32_t)steps, log_now)
                          : add_rotated(evaluator, x, sign * (int32_t)steps));
    steps <<= log_now;
  }
  return UMBRA_OK;
}

umbra_status umbra_add_rotations(umbra_evaluator *evaluator, umbra_ciphertext **x, size_t first, size_t end, int sign) {
  return umbra_add_rotations_by(evaluator, x, first, end, sign, 1);
}

/* ---- complex parts ---- */

umbra_status umbra_split_complex(umbra_evaluator *evaluator, umbra_ciphertext **re, umbra_ciphertext **im,
                                 const umbra_ciphertext *x) {
  UMBRA_TRACE(evaluator, "split_complex", x);
  UMBRA_TRY(umbra_check_operands(evaluator, re, x, NULL));
  const umbra_eval_key *conjugation;
  const umbra_scaled given = umbra_scaled_of(x);
  umbra_scaled part[2];
  umbra_ciphertext *made[2] = {NULL, NULL};
  memset(part, 0, sizeof part);
  UMBRA_TRY(umbra_find_conjugation(&conjugation, evaluator, x->level));
  umbra_status status = umbra_scaled_split(&part[0], &part[1], evaluator, &given, conjugation);
  for (int i = 0; i < 2; i++) {
    if (status == UMBRA_OK) status = umbra_scaled_finish(&made[i], &part[i], evaluator->context, x);
    umbra_scaled_destroy(&part[i], evaluator->context);
  }
  status = umbra_check_result(evaluator, made[0], status);
  status = umbra_check_result(evaluator, made[1], status);
  (void)umbra_result_hand_out(re, made[0], status);
  return umbra_result_hand_out(im, made[1], status);
}

static umbra_bound joined(umbra_bound sum, umbra_bound re, umbra_bound im) {
  return (umbra_bound){umbra_modulus(re.magnitude, im.magnitude), sum.error};
}

umbra_status umbra_join_complex(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *re,
                                const umbra_ciphertext *im) {
  UMBRA_TRACE(evaluator, "join_complex", re);
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_mul_i(evaluator, &made, im));
  umbra_status status = umbra_add(evaluator, &made, re, made);
  if (status == UMBRA_OK) {
    made->estimate.bound = joined(made->estimate.bound, re->estimate.bound, im->estimate.bound);
    made->estimate.worst = joined(made->estimate.worst, re->estimate.worst, im->estimate.worst);
  }
  return umbra_result_hand_out(out, made, status);
}
