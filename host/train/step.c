/* SPDX-License-Identifier: Apache-2.0 */
#include "step.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/ciphertext_internal.h"
#include "../ckks/trace.h"
#include "advance.h"
#include "counter.h"

static umbra_status open_stepper(umbra_stepper *s, const umbra_eval_keys *keys, const umbra_progress *progress) {
  UMBRA_TRY(umbra_evaluator_create(&s->evaluator, s->context, keys));
  if (s->plan->refreshes)
    UMBRA_TRY(umbra_bootstrapper_create(&s->bootstrapper, s->context, s->plan->refresh, progress));
  return s->ops->create(&s->run, s->plan, s->evaluator, s->bootstrapper);
}

umbra_status umbra_stepper_create(umbra_stepper **stepper, const umbra_train_plan *plan, const umbra_context *context,
                                  const umbra_eval_keys *keys, const umbra_ranks *ranks,
                                  const umbra_progress *progress) {
  umbra_stepper *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a training"));
  *made = (umbra_stepper){.plan = plan,
                          .context = context,
                          .ops = umbra_train_ops_of(plan->options.kind),
                          .ranks = ranks ? *ranks : (umbra_ranks){.rank = 0, .ranks = 1}};
  umbra_status status = open_stepper(made, keys, progress);
  if (status == UMBRA_OK) *stepper = made;
  else umbra_stepper_destroy(made);
  return status;
}

void umbra_stepper_destroy(umbra_stepper *stepper) {
  if (!stepper) return;
  if (stepper->run) stepper->ops->destroy(stepper->run);
  umbra_bootstrapper_destroy(stepper->bootstrapper);
  umbra_evaluator_destroy(stepper->evaluator);
  umbra_free(stepper);
}

umbra_evaluator *umbra_step_evaluator(const umbra_stepper *stepper) { return stepper->evaluator; }

umbra_status umbra_step_wait(umbra_stepper *stepper) { return umbra_evaluator_wait(umbra_step_evaluator(stepper)); }

static umbra_status finish(umbra_train_state *out, umbra_train_state *made, umbra_status status) {
  if (status == UMBRA_OK) *out = *made;
  else umbra_train_state_clear(made);
  return status;
}

static umbra_status make_state(const umbra_stepper *s, umbra_train_state *state) {
  return umbra_train_state_make(state, umbra_train_states(s->plan));
}

umbra_status umbra_step_start(const umbra_stepper *s, umbra_train_state *state, const umbra_train_state *first) {
  umbra_train_state made;
  UMBRA_TRY(make_state(s, &made));
  return finish(state, &made, umbra_train_begin(&made, s->plan, first));
}

umbra_status umbra_step_refresh(umbra_stepper *s, umbra_train_state *fresh, const umbra_train_state *state) {
  UMBRA_TRACE(umbra_step_evaluator(s), "train_refresh", state->part[0]);
  umbra_train_state made;
  UMBRA_TRY(make_state(s, &made));
  return finish(fresh, &made, umbra_train_refresh(s->evaluator, &made, s->plan, state, s->bootstrapper));
}

/* The blocks of this rank. */
static umbra_status add_blocks(umbra_stepper *s, umbra_train_state *sums, const umbra_train_state *before, uint32_t i,
                               const umbra_blocks *blocks) {
  uint64_t first, count;
  umbra_plan_batch_blocks(&first, &count, s->plan, s->plan->iteration[i].step.batch);
  for (uint64_t b = first; b < first + count; b++) {
    const umbra_train_block *block;
    if (!umbra_ranks_has(&s->ranks, b)) continue;
    UMBRA_TRY(blocks->next(&block, blocks->source, b));
    UMBRA_TRY(s->ops->add(s->run, sums, before, i, block));
  }
  return UMBRA_OK;
}

/* Adds the loss of iteration i to the counter. */
static umbra_status count(const umbra_stepper *s, umbra_train_state *after, const umbra_train_state *before, uint32_t i,
                          const umbra_train_state *sums) {
  const size_t counter = umbra_train_counter(s->plan);
  umbra_ciphertext *squares = NULL;
  UMBRA_TRY(s->ops->count(s->run, &squares, i, sums));
  const umbra_status status =
      umbra_counter_add(s->evaluator, &after->part[counter], s->plan, before->part[counter], i, squares);
  umbra_ciphertext_destroy(squares);
  return status;
}

static umbra_status advance(const umbra_stepper *s, umbra_train_state *after, const umbra_train_state *before,
                            uint32_t i, const umbra_train_state *sums) {
  umbra_train_state steps;
  UMBRA_TRY(umbra_train_state_make(&steps, s->plan->firsts));
  umbra_status status = s->ops->close(s->run, &steps, i, sums);
  if (status == UMBRA_OK) status = umbra_train_advance(s->evaluator, after, s->plan, before, i, &steps);
  umbra_train_state_clear(&steps);
  if (status == UMBRA_OK && umbra_train_counts(s->plan)) status = count(s, after, before, i, sums);
  return status;
}

umbra_status umbra_step_close(const umbra_stepper *s, umbra_train_state *after, const umbra_train_state *before,
                              uint32_t i, const umbra_train_state *sums) {
  umbra_train_state made;
  UMBRA_TRY(make_state(s, &made));
  return finish(after, &made, advance(s, &made, before, i, sums));
}

umbra_status umbra_step(umbra_stepper *s, umbra_train_state *after, const umbra_train_state *before, uint32_t i,
                        const umbra_blocks *blocks) {
  UMBRA_TRACE(umbra_step_evaluator(s), "train_iteration", before->part[0]);
  const umbra_reduce_place place = {s->context, before->part[0]->owner};
  umbra_train_state sums;
  UMBRA_TRY(umbra_train_state_make(&sums, s->ops->sums(s->plan)));
  umbra_status status = add_blocks(s, &sums, before, i, blocks);
  status = umbra_reduce(&sums, &s->ranks, &place, i, status);
  if (status == UMBRA_OK) {
    status = umbra_step_close(s, after, before, i, &sums);
    if (status != UMBRA_OK) umbra_step_give_up(s, i + 1, status);
  }
  umbra_train_state_clear(&sums);
  return status;
}

void umbra_step_give_up(umbra_stepper *s, uint32_t i, umbra_status status) {
  umbra_train_state none = {.count = s->ops->sums(s->plan)};
  if (i < s->plan->options.iterations) (void)umbra_reduce(&none, &s->ranks, NULL, i, status);
}
