/* SPDX-License-Identifier: Apache-2.0 */
/* Linear maps of applications: at the scales of ordinary levels, and folded where the output has fewer slots. */
#include <umbra/transform.h>

#include "../../base/bounds.h"
#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../base/outputs.h"
#include "../../base/structs.h"
#include "../../ckks/calls.h"
#include "../../ckks/checks.h"
#include "../../ckks/dry.h"
#include "../../ckks/inputs.h"
#include "../../ckks/sum.h"
#include "../../ckks/trace.h"
#include "../../ckks/verbs.h"
#include "transform.h"
#include "transform_source.h"

/* ---- making one ---- */

static umbra_status check_desc(umbra_transform_desc *desc, const umbra_context *context) {
  if (!desc->values && umbra_context_has_values(context))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a linear map needs values: only a dry device does without");
  if (!umbra_is_bound(desc->bound))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "bound is %g: it must be finite and not negative", desc->bound);
  if (desc->encode != UMBRA_TRANSFORM_ENCODED && desc->encode != UMBRA_TRANSFORM_AT_USE)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "encode is %d: this version knows %d and %d", (int)desc->encode,
                      UMBRA_TRANSFORM_ENCODED, UMBRA_TRANSFORM_AT_USE);
  UMBRA_TRY(umbra_check_level(&desc->level, context, desc->level));
  if (desc->level) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_NO_LEVEL, "a linear map takes a level, and its input would be at level 0");
}

umbra_log2 umbra_transform_log_scale_at(const umbra_chain *chain, uint32_t level) {
  return chain->log_scale[level - 1] - chain->log_scale[level] + umbra_sum_log_step(chain, level);
}

static umbra_status encode_source(umbra_transform **made, const umbra_context *context, umbra_transform_source *source,
                                  const umbra_transform_desc *desc, umbra_watch *watch) {
  const umbra_transform_encoding encoding = {
      .diagonals = &source->diagonals,
      .level = desc->level,
      .log_scale = umbra_transform_log_scale_at(umbra_context_chain(context), desc->level),
      .min_key = desc->min_key,
      .baby_steps = desc->baby_steps,
      .watch = watch,
      .at_use = desc->encode == UMBRA_TRANSFORM_AT_USE ? &source->diagonals : NULL};
  UMBRA_TRY(umbra_transform_encode(made, context, &encoding));
  (*made)->slots_in = source->slots_in;
  (*made)->slots_out = source->slots_out;
  (*made)->row = source->row;
  return UMBRA_OK;
}

umbra_status umbra_transform_create(umbra_transform **transform, const umbra_context *context,
                                    const umbra_transform_desc *desc, const umbra_progress *progress) {
  UMBRA_TRACE_IN(context, "transform_create", 0);
  if (!transform || !context || !desc)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_transform_create needs an output, a context and a desc");
  umbra_transform_desc wanted = {UMBRA_TRANSFORM_DESC_INIT};
  umbra_transform_source source;
  umbra_transform *made = NULL;
  UMBRA_TRY(UMBRA_TAKE(umbra_transform_desc, &wanted, desc));
  UMBRA_TRY(check_desc(&wanted, context));
  umbra_watch watch = umbra_watch_of(progress);
  UMBRA_TRY(umbra_watch_check(&watch));
  UMBRA_TRY(umbra_transform_source_create(&source, &wanted, umbra_params_slots(umbra_context_params(context)),
                                          umbra_context_has_values(context)));
  umbra_status status = encode_source(&made, context, &source, &wanted, &watch);
  umbra_diagonals_destroy(&source.diagonals);
  status = umbra_watch_close(&watch, status);
  if (status == UMBRA_OK) UMBRA_PUT(transform, transform, made);
  else umbra_transform_destroy(made);
  return status;
}

/* ---- what it is ---- */

uint64_t umbra_transform_bytes(const umbra_transform *transform) {
  const umbra_diagonals *d = &transform->diagonals;
  if (!umbra_transform_encodes_at_use(transform)) return umbra_poly_bytes(&transform->plain, transform->context->ring);
  return d->value ? (uint64_t)d->count * d->period * 2 * sizeof *d->value : 0;
}

size_t umbra_transform_outputs(const umbra_transform *transform) { return transform->plan->maps; }
uint32_t umbra_transform_slots_in(const umbra_transform *transform) { return transform->slots_in; }
uint32_t umbra_transform_slots_out(const umbra_transform *transform) { return transform->slots_out; }
uint32_t umbra_transform_level(const umbra_transform *transform) { return transform->plan->level; }

/* ---- applying it ---- */

/* No slot of the result is larger than the largest of the input times the largest sum of a row. */
static umbra_estimate within_row(umbra_estimate x, double row, umbra_estimate in) {
  return (umbra_estimate){umbra_bound_within(x.bound, row * in.bound.magnitude),
                          umbra_bound_within(x.worst, row * in.worst.magnitude), x.doubts};
}

static umbra_status fold(umbra_evaluator *evaluator, umbra_scaled *x, const umbra_transform *transform,
                         umbra_estimate in) {
  const uint32_t slots = transform->plan->slots;
  for (uint32_t steps = transform->slots_out; steps < slots; steps *= 2)
    UMBRA_TRY(umbra_scaled_add_rotated(evaluator, x, steps, slots));
  umbra_scaled_declare(x, within_row(x->estimate, transform->row, in));
  return UMBRA_OK;
}

static umbra_status finish(umbra_evaluator *evaluator, umbra_ciphertext **made, umbra_scaled *x,
                           const umbra_transform *transform, const umbra_ciphertext *in) {
  UMBRA_TRY(fold(evaluator, x, transform, in->estimate));
  UMBRA_TRY(umbra_scaled_finish(made, x, evaluator->context, in));
  umbra_ciphertext_repeat(*made, transform->slots_out);
  return UMBRA_OK;
}

/* Of an input that has the level. */
static umbra_status apply_lowered(umbra_evaluator *evaluator, umbra_ciphertext **made, umbra_scaled *y,
                                  const umbra_transform *transform, const umbra_ciphertext *in) {
  const uint32_t level = transform->plan->level;
  const umbra_scaled whole = umbra_scaled_of(in);
  umbra_scaled lowered = {0};
  const umbra_log2 log_scale = umbra_context_chain(evaluator->context)->log_scale[level];
  if (in->level > level) UMBRA_TRY(umbra_scaled_lower(&lowered, evaluator, &whole, level, log_scale));
  umbra_status status = umbra_transform_apply_scaled(evaluator, y, in->level > level ? &lowered : &whole, transform);
  umbra_scaled_destroy(&lowered, evaluator->context);
  for (uint32_t i = 0; i < transform->plan->maps && status == UMBRA_OK; i++)
    status = finish(evaluator, &made[i], &y[i], transform, in);
  return status;
}

static umbra_status apply(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_transform *transform,
                          const umbra_ciphertext *in) {
  umbra_scaled *y;
  UMBRA_TRY(umbra_alloc(&y, transform->plan->maps, sizeof *y, "results of linear maps"));
  umbra_status status = apply_lowered(evaluator, made, y, transform, in);
  for (uint32_t i = 0; i < transform->plan->maps; i++) umbra_scaled_destroy(&y[i], evaluator->context);
  umbra_free(y);
  return status;
}

static umbra_status apply_refreshed(umbra_evaluator *evaluator, umbra_ciphertext **made,
                                    const umbra_transform *transform, const umbra_ciphertext *a) {
  umbra_inputs inputs;
  UMBRA_TRY(umbra_inputs_open_at(&inputs, evaluator, &a, 1, transform->plan->level));
  umbra_status status = apply(evaluator, made, transform, inputs.a[0]);
  umbra_inputs_close(&inputs);
  return status;
}

static umbra_status check_apply(const umbra_evaluator *evaluator, umbra_ciphertext *const *outs,
                                const umbra_ciphertext *a, const umbra_transform *transform) {
  if (!transform) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_transform_apply needs a transform");
  UMBRA_TRY(umbra_check_operands(evaluator, outs, a, NULL));
  UMBRA_TRY(umbra_check_outputs(outs, transform->plan->maps));
  UMBRA_TRY(umbra_check_own(evaluator, transform->context, "the transform"));
  if (a->slots <= transform->slots_in) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the ciphertext has %u slots and the input of the linear map has %u",
                    a->slots, transform->slots_in);
}

umbra_status umbra_transform_apply(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *a,
                                   const umbra_transform *transform) {
  UMBRA_TRACE(evaluator, "transform_apply", a);
  UMBRA_TRY(check_apply(evaluator, outs, a, transform));
  umbra_ciphertext **made;
  UMBRA_TRY(umbra_alloc(&made, transform->plan->maps, sizeof *made, "results of linear maps"));
  umbra_status status = apply_refreshed(evaluator, made, transform, a);
  return umbra_results_finish(evaluator, outs, made, transform->plan->maps, status);
}
