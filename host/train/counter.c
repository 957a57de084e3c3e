/* SPDX-License-Identifier: Apache-2.0 */
#include "counter.h"

#include <math.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/outputs.h"
#include "../ckks/verbs.h"
#include "../io/container.h"
#include "../params/params.h"
#include "advance.h"
#include "mask.h"
#include "trainer.h"

/* ---- the plan ---- */

/* What slots of the lowest level hold, with a sixteenth for errors. */
static double most_of(const umbra_train_plan *plan) {
  return 0.9375 * exp2(umbra_params_log_q(plan->params, 0) - 1) / umbra_params_scale(plan->params, 0);
}

/* Scores are within the range, and what they should be is 0 or 1 or, of values, as large; probabilities are at most 1. */
static double largest_error(const umbra_train_options *o) {
  const double range = o->sigmoid->range;
  if (o->loss != UMBRA_LOSS_SQUARED) return 1;
  return o->outputs > 1 ? range + 1 : 2 * range;
}

umbra_status umbra_counter_check(const umbra_train_plan *plan) {
  const umbra_train_options *o = &plan->options;
  const uint32_t slots = umbra_params_slots(plan->params);
  const double error = largest_error(o);
  if (!o->count_loss) return UMBRA_OK;
  if (o->iterations > slots)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "count_loss of %u iterations: these parameters have %u slots for them",
                      o->iterations, slots);
  if (error * error <= most_of(plan)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "count_loss: scores within %g have squared errors up to %g, and the lowest level of these "
                    "parameters holds %.4g; a smaller range has smaller ones",
                    o->sigmoid->range, error * error, most_of(plan));
}

uint32_t umbra_counter_slots(const umbra_train_plan *plan) {
  return (uint32_t)umbra_power_above(plan->options.iterations);
}

/* A row of all iterations. */
static umbra_matrix_layout layout_of(const umbra_train_plan *plan) {
  const uint32_t slots = umbra_counter_slots(plan);
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_ROWS, .stride = slots, .slots = slots,
                               .group = 1};
}

uint64_t umbra_counter_bytes(const umbra_train_plan *plan) {
  const umbra_matrix_layout layout = layout_of(plan);
  const uint64_t stamp = plan->identified ? UMBRA_SECTION_OVERHEAD + sizeof(umbra_matrix_stamp) : 0;
  if (!umbra_train_counts(plan)) return 0;
  return sizeof(umbra_header) + stamp +
         umbra_matrix_sections_bytes(plan->params, &layout, 1, plan->options.iterations, 0);
}

/* ---- an iteration ---- */

/* *mask: what makes a mean of the sum, in the iteration's slot. */
static umbra_status make_mask(umbra_plaintext **mask, const umbra_evaluator *evaluator, const umbra_train_plan *plan,
                              uint32_t i, uint32_t level) {
  const size_t outputs = umbra_network_units(&plan->options, plan->network.layers - 1);
  const double mean = 1 / ((double)plan->iteration[i].step.rows * (double)outputs);
  return umbra_train_mask(mask, evaluator, level, umbra_counter_slots(plan), i, i + (size_t)1, mean);
}

/*
 * As of weights, only what the plan says: estimates of sums depend on how they are split among ranks. Errors of scores are
 * several roundings, and a square's is twice the largest score's times that.
 */
static void declare(umbra_ciphertext *counter, const umbra_train_plan *plan, uint32_t i) {
  const double several = 64, error = 2 * largest_error(&plan->options) * several * umbra_plan_rounding(plan);
  umbra_ciphertext_declare_by_plan(counter, (umbra_bound){most_of(plan), error * sqrt(i + 1.0)});
  umbra_ciphertext_forget_worst(counter);
}

umbra_status umbra_counter_add(umbra_evaluator *evaluator, umbra_ciphertext **after, const umbra_train_plan *plan,
                               const umbra_ciphertext *before, uint32_t i, umbra_ciphertext *squares) {
  umbra_plaintext *mask = NULL;
  umbra_ciphertext *loss = NULL;
  umbra_ciphertext_repeat(squares, umbra_counter_slots(plan));
  umbra_status status = make_mask(&mask, evaluator, plan, i, umbra_ciphertext_level(squares));
  if (status == UMBRA_OK) status = umbra_mul_plain(evaluator, &loss, squares, mask);
  if (status == UMBRA_OK) status = umbra_add(evaluator, after, before, loss);
  if (status == UMBRA_OK) declare(*after, plan, i);
  umbra_plaintext_destroy(mask);
  umbra_ciphertext_destroy(loss);
  return status;
}

/* ---- for the owner ---- */

umbra_status umbra_trainer_loss(const umbra_trainer *trainer, umbra_matrix **loss) {
  if (!trainer || !loss)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_trainer_loss needs a trainer and an output");
  const umbra_trainer_result now = umbra_trainer_now(trainer);
  const umbra_train_plan *plan = now.plan;
  const umbra_matrix_layout layout = layout_of(plan);
  umbra_matrix *made = NULL;
  if (!umbra_train_counts(plan))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the plan does not count the loss: its count_loss is 0");
  if (!umbra_trainer_iterations(trainer))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no loss yet: no iteration is done");
  UMBRA_TRY(umbra_matrix_make(&made, now.evaluator->context, 1, plan->options.iterations, &layout));
  const umbra_status status = umbra_ciphertext_copy(&made->part[0], now.state->part[umbra_train_counter(plan)]);
  if (plan->identified) umbra_matrix_set_stamp(made, plan->training, UMBRA_MATRIX_LOSS);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, loss, made);
  else umbra_matrix_destroy(made);
  return status;
}
