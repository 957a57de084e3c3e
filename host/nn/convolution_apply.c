/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/convolution.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/calls.h"
#include "../ckks/inputs.h"
#include "../ckks/trace.h"
#include "../ckks/verbs.h"
#include "convolution.h"

/* ---- inputs of units ---- */

/* The imaginary part of a unit's input, rotated to its place. */
static umbra_status imaginary_part(umbra_evaluator *evaluator, umbra_ciphertext **im, const umbra_convolution_unit *u,
                                   const umbra_ciphertext *const *part, const umbra_ciphertext *re) {
  if (u->shift) return umbra_rotate(evaluator, im, re, (int32_t)u->shift);
  return umbra_level_drop(evaluator, im, part[u->im], u->convolution->desc.level);
}

/* At the convolution's level. */
static umbra_status make_input(umbra_evaluator *evaluator, umbra_ciphertext **z, const umbra_convolution_unit *u,
                               const umbra_ciphertext *const *part) {
  umbra_ciphertext *im = NULL;
  UMBRA_TRY(umbra_level_drop(evaluator, z, part[u->re], u->convolution->desc.level));
  if (!u->paired) return UMBRA_OK;
  umbra_status status = imaginary_part(evaluator, &im, u, part, *z);
  if (status == UMBRA_OK) status = umbra_join_complex(evaluator, z, *z, im);
  umbra_ciphertext_destroy(im);
  return status;
}

static umbra_status apply_units(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_convolution *c,
                                const umbra_ciphertext *const *part) {
  umbra_ciphertext **z;
  umbra_status status = UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&z, c->units, sizeof *z, "inputs of a convolution"));
  for (size_t i = 0; i < c->units && status == UMBRA_OK; i++) status = make_input(evaluator, &z[i], &c->unit[i], part);
  if (status == UMBRA_OK) status = umbra_slot_maps_apply(evaluator, made, (const umbra_ciphertext *const *)z, &c->maps);
  umbra_parts_destroy(z, c->units);
  return status;
}

/* ---- what is done to the sums ---- */

static umbra_status take_real_part(umbra_evaluator *evaluator, umbra_ciphertext **x) {
  umbra_ciphertext *conjugate = NULL;
  UMBRA_TRY(umbra_conjugate(evaluator, &conjugate, *x));
  umbra_status status = umbra_add(evaluator, x, *x, conjugate);
  umbra_ciphertext_destroy(conjugate);
  return status;
}

/* No slot is larger than the largest of the input times the largest sum of an output's weights, and a bias. */
static void declare(umbra_ciphertext *x, const umbra_convolution *c, const umbra_range *in) {
  umbra_estimate known = x->estimate;
  known.bound = umbra_bound_within(known.bound, c->row * in->magnitude + c->bias_bound);
  known.worst = umbra_bound_within(known.worst, c->row * in->worst_magnitude + c->bias_bound);
  umbra_ciphertext_set_estimate(x, known);
}

static umbra_status finish(umbra_evaluator *evaluator, umbra_ciphertext **x, const umbra_convolution *c, size_t part,
                           const umbra_range *in) {
  if (c->paired) UMBRA_TRY(take_real_part(evaluator, x));
  if (c->bias) UMBRA_TRY(umbra_add_plain(evaluator, x, *x, c->bias[part]));
  declare(*x, c, in);
  return UMBRA_OK;
}

/* ---- the call ---- */

static umbra_status apply(umbra_evaluator *evaluator, umbra_feature_map *made, const umbra_convolution *c,
                          const umbra_ciphertext *const *part) {
  umbra_range in = {UMBRA_RANGE_INIT};
  UMBRA_TRY(umbra_ciphertexts_range(part, umbra_feature_parts(&c->in), &in));
  UMBRA_TRY(apply_units(evaluator, made->part, c, part));
  for (size_t i = 0; i < made->parts; i++) UMBRA_TRY(finish(evaluator, &made->part[i], c, i, &in));
  return UMBRA_OK;
}

static umbra_status apply_refreshed(umbra_evaluator *evaluator, umbra_feature_map *made, const umbra_convolution *c,
                                    const umbra_feature_map *a) {
  umbra_inputs inputs;
  const umbra_ciphertext *const *given = (const umbra_ciphertext *const *)a->part;
  UMBRA_TRY(umbra_inputs_open_at(&inputs, evaluator, given, a->parts, c->desc.level));
  umbra_status status = apply(evaluator, made, c, inputs.a);
  umbra_inputs_close(&inputs);
  return status;
}

static umbra_status check_apply(const umbra_evaluator *evaluator, umbra_feature_map *const *out,
                                const umbra_feature_map *a, const umbra_convolution *c) {
  if (!evaluator || !out || !a || !c)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_convolution_apply needs an evaluator, an output, a feature map and a convolution");
  UMBRA_TRY(umbra_check_operands(evaluator, (umbra_ciphertext *const *)a->part, a->part[0], NULL));
  UMBRA_TRY(umbra_check_own(evaluator, c->context, "the convolution"));
  if (!umbra_feature_layout_same(&a->layout, &c->in))
    return umbra_fail(
        UMBRA_ERROR_INVALID_ARGUMENT,
        "a feature map of %u channels of %u x %u in planes of %u slots, and a convolution of %u of %u x %u "
        "in planes of %u: shape and layout must be the same",
        a->layout.channels, a->layout.height, a->layout.width, a->layout.plane, c->in.channels, c->in.height,
        c->in.width, c->in.plane);
  return UMBRA_OK;
}

umbra_status umbra_convolution_apply(umbra_evaluator *evaluator, umbra_feature_map **out, const umbra_feature_map *a,
                                     const umbra_convolution *convolution) {
  UMBRA_TRACE(evaluator, "convolution_apply", a ? a->part[0] : NULL);
  umbra_feature_map *made = NULL;
  UMBRA_TRY(check_apply(evaluator, out, a, convolution));
  UMBRA_TRY(umbra_feature_map_make(&made, evaluator->context, &convolution->out));
  const umbra_watch_part whole = umbra_watch_enter(&evaluator->watch, 0, 1);
  umbra_status status = umbra_check_whole(evaluator, apply_refreshed(evaluator, made, convolution, a));
  umbra_watch_leave(&evaluator->watch, whole);
  return umbra_feature_map_hand_out(out, made, status);
}
