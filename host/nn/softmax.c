/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/softmax.h>

#include <math.h>
#include <umbra/polynomial.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/calls.h"
#include "../ckks/range.h"
#include "../ckks/trace.h"
#include "../ckks/verbs.h"
#include "softmax_plan.h"

/* One softmax under way: `count` ciphertexts, of a class each, or one of all. */
typedef struct softmax {
  umbra_evaluator *evaluator;
  const umbra_softmax_plan *plan;
  const umbra_ciphertext *const *logits;
  size_t count;
  umbra_ciphertext **value;
} softmax;

/* ---- sums over the classes ---- */

/* Of classes in one ciphertext every slot becomes the sum of its record. */
static umbra_status sum_classes(const softmax *s, umbra_ciphertext **sum, const umbra_ciphertext *const *value) {
  const size_t stride = s->plan->options.stride;
  UMBRA_TRY(umbra_ciphertext_copy(sum, value[0]));
  for (size_t i = 1; i < s->count; i++) UMBRA_TRY(umbra_add(s->evaluator, sum, *sum, value[i]));
  return stride ? umbra_add_rotations(s->evaluator, sum, stride, stride * s->plan->room, 1) : UMBRA_OK;
}

/* ---- classes that there are not ---- */

/* That value in the slots of classes that there are, and 0 in the others. */
static umbra_status encode_mask(umbra_plaintext **mask, const softmax *s, double value, uint32_t level) {
  size_t stride = s->plan->options.stride, slots = stride * s->plan->room;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = (uint32_t)slots};
  options.level = level;
  double *values;
  UMBRA_TRY(umbra_alloc(&values, slots, sizeof *values, "a mask"));
  for (size_t j = 0; j < stride * s->plan->classes; j++) values[j] = value;
  umbra_status status = umbra_encode(mask, s->evaluator->context, values, slots, &options);
  umbra_free(values);
  return status;
}

static umbra_status clear_padding(const softmax *s, umbra_ciphertext **x) {
  umbra_plaintext *mask = NULL;
  UMBRA_TRY(encode_mask(&mask, s, 1, (*x)->level));
  umbra_status status = umbra_mul_plain(s->evaluator, x, *x, mask);
  umbra_plaintext_destroy(mask);
  return status;
}

/* ---- the exponential's input ---- */

/* t = slope (z - sum / classes) or slope z + offset; 0 where there is no class. */
static umbra_status masked_input(const softmax *s, umbra_ciphertext **t, const umbra_ciphertext *sum) {
  const umbra_ciphertext *x[2] = {s->logits[0], sum};
  const uint32_t level = x[0]->level;
  const double slope = umbra_softmax_slope(s->plan), share = -slope / (double)s->plan->classes;
  umbra_plaintext *mask[2] = {NULL, NULL}, *offset = NULL;
  umbra_status status = encode_mask(&mask[0], s, slope, level);
  if (status == UMBRA_OK && sum) status = encode_mask(&mask[1], s, share, level);
  if (status == UMBRA_OK)
    status = umbra_dot_plain(s->evaluator, t, x, (const umbra_plaintext *const *)mask, sum ? 2 : 1);
  if (status == UMBRA_OK && !sum) status = encode_mask(&offset, s, umbra_softmax_offset(s->plan), (*t)->level);
  if (status == UMBRA_OK && !sum) status = umbra_add_plain(s->evaluator, t, *t, offset);
  umbra_plaintext_destroy(mask[0]);
  umbra_plaintext_destroy(mask[1]);
  umbra_plaintext_destroy(offset);
  return status;
}

static umbra_status input(const softmax *s, umbra_ciphertext **t, const umbra_ciphertext *z,
                          const umbra_ciphertext *sum) {
  const umbra_softmax_options *o = &s->plan->options;
  const double slope = umbra_softmax_slope(s->plan);
  const double factors[4] = {slope, 0, -slope / (double)s->plan->classes, 0};
  if (umbra_softmax_padded(s->plan)) return masked_input(s, t, sum);
  if (!sum) return umbra_chebyshev_input(s->evaluator, t, z, o->lo, o->hi);
  return umbra_dot_constants(s->evaluator, t, (const umbra_ciphertext *const[]){z, sum}, factors, 2);
}

/* Of logits within the plan's interval t is in [-1, 1], of which the bounds of a difference know nothing. */
static umbra_status declare_input(const softmax *s, umbra_ciphertext *t, const umbra_ciphertext *z) {
  const umbra_softmax_options *o = &s->plan->options;
  umbra_estimate given = z->estimate, known = t->estimate;
  UMBRA_TRY(umbra_require_range(s->evaluator, &given, fmax(fabs(o->lo), fabs(o->hi)), UMBRA_DOUBT_INTERVAL,
                                "a softmax of this plan"));
  known.bound = umbra_bound_within(known.bound, 1);
  known.doubts |= given.doubts;
  umbra_ciphertext_set_estimate(t, known);
  return UMBRA_OK;
}

static umbra_status exponential(const softmax *s, umbra_ciphertext **value, const umbra_ciphertext *z,
                                const umbra_ciphertext *sum) {
  UMBRA_TRY(input(s, value, z, sum));
  UMBRA_TRY(declare_input(s, *value, z));
  UMBRA_TRY(umbra_chebyshev_eval(s->evaluator, value, *value, s->plan->exponential, s->plan->exp_degree));
  return umbra_softmax_padded(s->plan) ? clear_padding(s, value) : UMBRA_OK;
}

static umbra_status exponentials(const softmax *s) {
  umbra_watch *watch = &s->evaluator->watch;
  umbra_ciphertext *sum = NULL;
  umbra_status status = UMBRA_OK;
  if (s->plan->options.shift == UMBRA_SOFTMAX_MEAN) status = sum_classes(s, &sum, s->logits);
  for (size_t i = 0; i < s->count && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, s->count);
    status = exponential(s, &s->value[i], s->logits[i], sum);
    umbra_watch_leave(watch, part);
  }
  umbra_ciphertext_destroy(sum);
  return status;
}

/* ---- rounds ---- */

static umbra_status square_all(const softmax *s) {
  for (size_t i = 0; i < s->count; i++) UMBRA_TRY(umbra_square(s->evaluator, &s->value[i], s->value[i]));
  return UMBRA_OK;
}

static umbra_status divide_all(const softmax *s, uint32_t round) {
  const umbra_softmax_inverse *inverse = umbra_softmax_inverse_of(s->plan, round);
  umbra_ciphertext *sum = NULL;
  umbra_status status = sum_classes(s, &sum, (const umbra_ciphertext *const *)s->value);
  if (status == UMBRA_OK) status = umbra_add_constant(s->evaluator, &sum, sum, inverse->shift, 0);
  if (status == UMBRA_OK) umbra_ciphertext_declare_by_plan(sum, umbra_bound_within(sum->estimate.bound, 1));
  if (status == UMBRA_OK) status = umbra_chebyshev_eval(s->evaluator, &sum, sum, inverse->coefficient, inverse->degree);
  for (size_t i = 0; i < s->count && status == UMBRA_OK; i++)
    status = umbra_mul(s->evaluator, &s->value[i], s->value[i], sum);
  umbra_ciphertext_destroy(sum);
  return status;
}

static umbra_status run(const softmax *s) {
  umbra_watch *watch = &s->evaluator->watch;
  umbra_status status = UMBRA_OK;
  for (uint32_t step = 0; step <= s->plan->halvings + 1 && status == UMBRA_OK; step++) {
    const umbra_watch_part part = umbra_watch_enter(watch, step, s->plan->halvings + 2);
    if (step > 1) status = square_all(s);
    if (status == UMBRA_OK) status = step ? divide_all(s, step - 1) : exponentials(s);
    umbra_watch_leave(watch, part);
  }
  return status;
}

/* ---- the call ---- */

/* An evaluator that refreshes finds its levels on the way. */
static umbra_status check(const softmax *s, umbra_ciphertext *const *outs) {
  const umbra_softmax_plan *plan = s->plan;
  const uint32_t slots = plan->options.stride * (uint32_t)plan->room;
  for (size_t i = 0; i < s->count; i++) {
    const umbra_ciphertext *z = s->logits[i];
    UMBRA_TRY(umbra_check_operands(s->evaluator, outs, z, s->logits[0]));
    if (slots && z->slots != slots)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                        "the logits have %u slots; %zu classes with a stride of %u have %u", z->slots, plan->room,
                        plan->options.stride, slots);
    if (z->level < plan->depth && !s->evaluator->refresher.refresh)
      return umbra_fail(UMBRA_ERROR_NO_LEVEL, "this softmax takes %u levels and the logits are at level %u",
                        plan->depth, z->level);
  }
  return UMBRA_OK;
}

umbra_status umbra_softmax(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *logits,
                           const umbra_softmax_plan *plan) {
  UMBRA_TRACE(evaluator, "softmax", logits ? logits[0] : NULL);
  if (!evaluator || !outs || !logits || !plan)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_softmax needs an evaluator, outputs, logits and a plan");
  softmax s = {evaluator, plan, logits, plan->options.stride ? 1 : plan->classes, NULL};
  UMBRA_TRY(check(&s, outs));
  UMBRA_TRY(umbra_check_outputs(outs, s.count));
  UMBRA_TRY(umbra_alloc(&s.value, s.count, sizeof *s.value, "a softmax"));
  umbra_status status = run(&s);
  return umbra_results_finish(evaluator, outs, s.value, s.count, status);
}
