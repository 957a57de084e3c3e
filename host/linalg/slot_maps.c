/* SPDX-License-Identifier: Apache-2.0 */
#include "slot_maps.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/calls.h"
#include "../ckks/inputs.h"
#include "../ckks/noise.h"
#include "../ckks/range.h"
#include "../ckks/trace.h"
#include "../ckks/verbs.h"

void umbra_slot_maps_destroy(umbra_slot_maps *maps) {
  for (size_t i = 0; maps->transform && i < maps->inputs; i++) umbra_transform_destroy(maps->transform[i]);
  for (size_t i = 0; maps->target && i < maps->inputs; i++) umbra_free(maps->target[i]);
  for (size_t i = 0; maps->bias && i < maps->outputs; i++) umbra_plaintext_destroy(maps->bias[i]);
  umbra_free(maps->transform);
  umbra_free(maps->target);
  umbra_free(maps->bias);
  *maps = (umbra_slot_maps){0};
}

uint64_t umbra_slot_maps_bytes(const umbra_slot_maps *maps) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < maps->inputs; i++)
    if (maps->transform[i]) bytes += umbra_transform_bytes(maps->transform[i]);
  for (size_t i = 0; maps->bias && i < maps->outputs; i++) bytes += umbra_plaintext_bytes(maps->bias[i]);
  return bytes;
}

umbra_transform_encoding umbra_slot_maps_encoding(const umbra_slot_maps *maps, const umbra_context *context,
                                                  const umbra_diagonals *diagonals) {
  return (umbra_transform_encoding){
      .diagonals = diagonals,
      .level = maps->level,
      .log_scale = umbra_transform_log_scale_at(umbra_context_chain(context), maps->level)};
}

/* ---- applying them ---- */

typedef struct application {
  umbra_evaluator *evaluator;
  const umbra_slot_maps *maps;
  umbra_scaled *sum, *share; /* of each output: of all inputs, and of one */
  umbra_estimate largest;    /* of the inputs */
} application;

static umbra_status map_one(const application *p, const umbra_ciphertext *a, size_t input) {
  const uint32_t level = p->maps->level;
  const umbra_log2 log_scale = umbra_context_chain(p->evaluator->context)->log_scale[level];
  const umbra_scaled whole = umbra_scaled_of(a);
  umbra_scaled lowered = {0};
  if (a->level > level) UMBRA_TRY(umbra_scaled_lower(&lowered, p->evaluator, &whole, level, log_scale));
  umbra_status status = umbra_transform_apply_scaled(p->evaluator, p->share, a->level > level ? &lowered : &whole,
                                                     p->maps->transform[input]);
  umbra_scaled_destroy(&lowered, p->evaluator->context);
  return status;
}

/* The first of an output's shares becomes its sum. */
static umbra_status add_share(const application *p, size_t input, size_t number) {
  const size_t output = p->maps->target ? p->maps->target[input][number] : number;
  umbra_scaled *sum = &p->sum[output], *share = &p->share[number];
  if (sum->poly.data) {
    UMBRA_TRY(umbra_scaled_add(p->evaluator, sum, share));
    umbra_scaled_destroy(share, p->evaluator->context);
  } else {
    *sum = *share;
    *share = (umbra_scaled){0};
  }
  return UMBRA_OK;
}

static umbra_status sum_maps(const application *p, const umbra_ciphertext *const *a) {
  for (size_t input = 0; input < p->maps->inputs; input++) {
    const umbra_transform *transform = p->maps->transform[input];
    if (!transform) continue;
    const umbra_watch_part part = umbra_watch_enter(&p->evaluator->watch, input, p->maps->inputs);
    umbra_status status = map_one(p, a[input], input);
    for (size_t i = 0; i < umbra_transform_outputs(transform) && status == UMBRA_OK; i++)
      status = add_share(p, input, i);
    umbra_watch_leave(&p->evaluator->watch, part);
    UMBRA_TRY(status);
  }
  return UMBRA_OK;
}

/* Parts of sums lie apart by what an output takes. */
static umbra_status fold(const application *p, umbra_scaled *x) {
  const umbra_slot_maps *m = p->maps;
  for (uint32_t steps = m->slots; steps < m->ring; steps *= 2)
    UMBRA_TRY(umbra_scaled_add_rotated(p->evaluator, x, steps, m->ring));
  const umbra_estimate known = x->estimate, in = p->largest;
  umbra_scaled_declare(x,
                       (umbra_estimate){umbra_bound_within(known.bound, m->norm * in.bound.magnitude),
                                        umbra_bound_within(known.worst, m->norm * in.worst.magnitude), known.doubts});
  return UMBRA_OK;
}

/* Without it, what was declared of the whole holds but for the bias. */
static umbra_status add_bias(umbra_evaluator *evaluator, umbra_ciphertext **x, const umbra_plaintext *bias,
                             double declared) {
  umbra_ciphertext_declare_within(*x, declared > 0 ? declared + bias->estimate.bound.magnitude : 0);
  return umbra_add_plain(evaluator, x, *x, bias);
}

umbra_status umbra_slot_maps_add_bias(umbra_evaluator *evaluator, umbra_ciphertext **x, const umbra_slot_maps *maps,
                                      size_t output) {
  if (maps->bias) UMBRA_TRY(add_bias(evaluator, x, maps->bias[output], maps->magnitude));
  umbra_ciphertext_declare_within(*x, maps->magnitude);
  return UMBRA_OK;
}

static umbra_status finish(const application *p, umbra_ciphertext **made, size_t output, const umbra_ciphertext *like) {
  umbra_ciphertext *result = NULL;
  UMBRA_TRY(fold(p, &p->sum[output]));
  UMBRA_TRY(umbra_scaled_finish(&result, &p->sum[output], p->evaluator->context, like));
  umbra_ciphertext_repeat(result, p->maps->slots);
  const umbra_status status = umbra_slot_maps_add_bias(p->evaluator, &result, p->maps, output);
  return umbra_result_finish(p->evaluator, made, result, status);
}

static umbra_status apply_to(application *p, umbra_ciphertext **made, const umbra_ciphertext *const *a) {
  const size_t outputs = p->maps->outputs;
  UMBRA_TRY(umbra_alloc(&p->sum, 2 * outputs, sizeof *p->sum, "sums of linear maps"));
  p->share = p->sum + outputs;
  p->largest = umbra_noise_largest(a, p->maps->inputs);
  umbra_status status = sum_maps(p, a);
  for (size_t i = 0; i < outputs && status == UMBRA_OK; i++) status = finish(p, &made[i], i, a[0]);
  for (size_t i = 0; i < 2 * outputs; i++) umbra_scaled_destroy(&p->sum[i], p->evaluator->context);
  umbra_free(p->sum);
  return status;
}

umbra_status umbra_slot_maps_apply(umbra_evaluator *evaluator, umbra_ciphertext **made,
                                   const umbra_ciphertext *const *a, const umbra_slot_maps *maps) {
  UMBRA_TRACE(evaluator, "slot_maps", a[0]);
  application p = {.evaluator = evaluator, .maps = maps};
  umbra_inputs inputs;
  for (size_t i = 0; i < maps->inputs; i++) UMBRA_TRY(umbra_check_operands(evaluator, made, a[0], a[i]));
  UMBRA_TRY(umbra_inputs_open_at(&inputs, evaluator, a, maps->inputs, maps->level));
  umbra_status status = apply_to(&p, made, inputs.a);
  umbra_inputs_close(&inputs);
  return status;
}
