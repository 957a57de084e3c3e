/* SPDX-License-Identifier: Apache-2.0 */
#include "inputs.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"

/* Levels that an operation takes, or (begins) the one at which it begins, wherever it ends. */
typedef struct wanted {
  uint32_t levels;
  int begins;
} wanted;

/* Too few levels, or so few that the result could not be refreshed any more; unless x cannot be itself, but need not. */
static int lacks_levels(const umbra_evaluator *evaluator, const umbra_ciphertext *x, wanted w) {
  const umbra_refresher *r = &evaluator->refresher;
  if (!x || x->context != evaluator->context || x->slots > r->slots) return 0;
  return x->level < w.levels || (!w.begins && x->level >= r->input_level && x->level < w.levels + r->input_level);
}

static int any_lacks_levels(const umbra_evaluator *evaluator, const umbra_ciphertext *const *x, size_t count,
                            wanted w) {
  for (size_t i = 0; x && i < count; i++)
    if (lacks_levels(evaluator, x[i], w)) return 1;
  return 0;
}

/* The i-th input; what is there twice is refreshed once. */
static umbra_status take(umbra_inputs *inputs, umbra_evaluator *evaluator, const umbra_ciphertext *const *given,
                         size_t at, const umbra_ciphertext *x, wanted w) {
  inputs->used[at] = x;
  if (!lacks_levels(evaluator, x, w)) return UMBRA_OK;
  for (size_t k = 0; k < at; k++)
    if (given[k] == x) {
      inputs->used[at] = inputs->used[k];
      return UMBRA_OK;
    }
  UMBRA_TRY(evaluator->refresher.refresh(evaluator, &inputs->fresh[at], x, evaluator->refresher.with));
  evaluator->refresher.count++;
  inputs->used[at] = inputs->fresh[at];
  return UMBRA_OK;
}

static umbra_status take_all(umbra_inputs *inputs, umbra_evaluator *evaluator, const umbra_ciphertext *const *a,
                             const umbra_ciphertext *const *b, size_t count, wanted w) {
  const umbra_ciphertext **given;
  UMBRA_TRY(umbra_alloc(&given, inputs->count, sizeof *given, "inputs"));
  for (size_t i = 0; i < count; i++) given[i] = a[i];
  for (size_t i = 0; b && i < count; i++) given[count + i] = b[i];
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < inputs->count && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, i, inputs->count);
    status = take(inputs, evaluator, given, i, given[i], w);
    umbra_watch_leave(&evaluator->watch, part);
  }
  umbra_free(given);
  return status;
}

static umbra_status open_inputs(umbra_inputs *inputs, umbra_evaluator *evaluator, const umbra_ciphertext *const *a,
                                const umbra_ciphertext *const *b, size_t count, wanted w) {
  *inputs = (umbra_inputs){.a = a, .b = b};
  if (!evaluator || !evaluator->refresher.refresh || !a) return UMBRA_OK;
  if (!any_lacks_levels(evaluator, a, count, w) && !any_lacks_levels(evaluator, b, count, w)) return UMBRA_OK;
  inputs->count = b ? 2 * count : count;
  UMBRA_TRY(umbra_alloc(&inputs->fresh, inputs->count, sizeof *inputs->fresh, "refreshed inputs"));
  umbra_status status = umbra_alloc(&inputs->used, inputs->count, sizeof *inputs->used, "inputs");
  if (status == UMBRA_OK) status = take_all(inputs, evaluator, a, b, count, w);
  if (status != UMBRA_OK) {
    umbra_inputs_close(inputs);
    return status;
  }
  inputs->a = inputs->used;
  if (b) inputs->b = inputs->used + count;
  return UMBRA_OK;
}

umbra_status umbra_inputs_open(umbra_inputs *inputs, umbra_evaluator *evaluator, const umbra_ciphertext *const *a,
                               const umbra_ciphertext *const *b, size_t count, uint32_t levels) {
  return open_inputs(inputs, evaluator, a, b, count, (wanted){levels, 0});
}

static uint32_t lowest_of(const umbra_ciphertext *const *a, size_t count) {
  uint32_t lowest = a[0]->level;
  for (size_t i = 1; i < count; i++) lowest = umbra_min_u32(lowest, a[i]->level);
  return lowest;
}

umbra_status umbra_inputs_open_at(umbra_inputs *inputs, umbra_evaluator *evaluator, const umbra_ciphertext *const *a,
                                  size_t count, uint32_t level) {
  *inputs = (umbra_inputs){.a = a};
  if (lowest_of(a, count) >= level) return UMBRA_OK;
  UMBRA_TRY(open_inputs(inputs, evaluator, a, NULL, count, (wanted){level, 1}));
  const uint32_t lowest = lowest_of(inputs->a, count);
  if (lowest >= level) return UMBRA_OK;
  umbra_inputs_close(inputs);
  return umbra_fail(UMBRA_ERROR_NO_LEVEL, "an input is at level %u: this product begins at level %u", lowest, level);
}

void umbra_inputs_close(umbra_inputs *inputs) {
  for (size_t i = 0; inputs->fresh && i < inputs->count; i++) umbra_ciphertext_destroy(inputs->fresh[i]);
  umbra_free(inputs->fresh);
  umbra_free(inputs->used);
  *inputs = (umbra_inputs){0};
}
