/* SPDX-License-Identifier: Apache-2.0 */
#include "step.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/objects.h"
#include "../ckks/trace.h"
#include "../nn/logistic.h"

struct umbra_stepper {
  const umbra_train_plan *plan;
  umbra_evaluator *evaluator;
  umbra_products *products;
  umbra_bootstrapper *bootstrapper; /* NULL if the plan has no refresh */
};

void umbra_weights_clear(umbra_weights *weights) {
  umbra_ciphertext_destroy(weights->w);
  umbra_ciphertext_destroy(weights->u);
  *weights = (umbra_weights){0};
}

umbra_status umbra_stepper_create(umbra_stepper **stepper, const umbra_train_plan *plan, const umbra_context *context,
                                  const umbra_eval_keys *keys, const umbra_progress *progress) {
  umbra_stepper *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a training"));
  made->plan = plan;
  umbra_status status = umbra_evaluator_create(&made->evaluator, context, keys);
  if (status == UMBRA_OK) status = umbra_products_create(&made->products, made->evaluator, &plan->layout);
  if (status == UMBRA_OK && umbra_plan_refreshes(plan))
    status = umbra_bootstrapper_create(&made->bootstrapper, context, plan->refresh, progress);
  if (status == UMBRA_OK) *stepper = made;
  else umbra_stepper_destroy(made);
  return status;
}

void umbra_stepper_destroy(umbra_stepper *stepper) {
  if (!stepper) return;
  umbra_bootstrapper_destroy(stepper->bootstrapper);
  umbra_products_destroy(stepper->products);
  umbra_evaluator_destroy(stepper->evaluator);
  umbra_free(stepper);
}

umbra_evaluator *umbra_step_evaluator(const umbra_stepper *stepper) { return stepper->evaluator; }

umbra_status umbra_step_wait(umbra_stepper *stepper) { return umbra_evaluator_wait(stepper->evaluator); }

/* ---- gradient ---- */

/* *x = the polynomial of *x, at the level that its degree leaves: factors that vanish may have left a lower degree. */
static umbra_status apply_polynomial(umbra_stepper *s, umbra_ciphertext **x, const double *coefficient) {
  uint32_t degree = s->plan->degree, level = umbra_ciphertext_level(*x) - umbra_chebyshev_depth(degree);
  UMBRA_TRY(umbra_chebyshev_eval(s->evaluator, x, *x, coefficient, degree));
  return umbra_ciphertext_level(*x) == level ? UMBRA_OK : umbra_level_drop(s->evaluator, x, *x, level);
}

/* The polynomial of a group's margins over the range, with the factor of the step: in place. */
static umbra_status apply_loss(umbra_stepper *s, umbra_group_values *values, double factor) {
  const umbra_train_plan *plan = s->plan;
  double scaled[UMBRA_TRAIN_MAX_DEGREE + 1];
  for (uint32_t k = 0; k <= plan->degree; k++) scaled[k] = factor * plan->coefficient[k];
  UMBRA_TRY(apply_polynomial(s, &values->re, scaled));
  return values->im ? apply_polynomial(s, &values->im, scaled) : UMBRA_OK;
}

/* sum += the gradient's part from one block. */
static umbra_status add_block(umbra_stepper *s, umbra_ciphertext **sum, const umbra_plan_iteration *it,
                              const umbra_matrix *block, const umbra_ciphertext *u) {
  const umbra_train_plan *plan = s->plan;
  /* The polynomial is that of the margin's negative. */
  double to_range = -it->before * it->unit_in / plan->options.range / plan->data_scale;
  double step = it->step.rate / (double)it->step.rows / it->unit_out / (1 + plan->layout.pairs) / plan->data_scale;
  for (size_t group = 0; group < umbra_matrix_groups(block); group++) {
    umbra_group_values values = {0};
    umbra_status status = umbra_times_vector(s->products, &values, block, group, u, to_range);
    if (status == UMBRA_OK) status = apply_loss(s, &values, step);
    if (status == UMBRA_OK) status = umbra_transposed_add(s->products, sum, block, group, &values);
    umbra_group_values_clear(&values);
    UMBRA_TRY(status);
  }
  return UMBRA_OK;
}

/* *d = rate times the negative gradient of the loss, over the output's unit. */
static umbra_status gradient(umbra_stepper *s, umbra_ciphertext **d, const umbra_plan_iteration *it,
                             const umbra_ciphertext *u, const umbra_blocks *blocks) {
  umbra_ciphertext *sum = NULL;
  uint64_t first, count;
  umbra_status status = UMBRA_OK;
  umbra_plan_batch_blocks(&first, &count, s->plan, it->step.batch);
  for (uint64_t i = first; i < first + count && status == UMBRA_OK; i++) {
    const umbra_matrix *block = NULL;
    status = blocks->next(&block, blocks->source, i);
    if (status == UMBRA_OK) status = add_block(s, &sum, it, block, u);
  }
  if (status == UMBRA_OK) status = umbra_sum_rows(s->products, d, sum);
  umbra_ciphertext_destroy(sum);
  return status;
}

/* ---- step ---- */

/* A factor for the weights and one for the bias, before every row. */
static umbra_status encode_factors(umbra_plaintext **plain, const umbra_stepper *s, uint32_t level, double weights,
                                   double bias) {
  const umbra_train_plan *plan = s->plan;
  uint32_t columns = plan->options.columns;
  double *values;
  UMBRA_TRY(umbra_alloc(&values, columns + 1, sizeof *values, "factors"));
  for (uint32_t c = 0; c < columns; c++) values[c] = weights;
  values[columns] = bias;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = level;
  options.slots = plan->layout.stride;
  umbra_status status = umbra_encode(plain, s->evaluator->context, values, columns + 1, &options);
  umbra_free(values);
  return status;
}

typedef struct umbra_term {
  const umbra_ciphertext *x;
  double weights, bias; /* its factors */
} umbra_term;

/* *out = the terms and the gradient, at its level. */
static umbra_status combine(umbra_stepper *s, umbra_ciphertext **out, const umbra_term *term, size_t terms,
                            const umbra_ciphertext *d) {
  uint32_t level = umbra_ciphertext_level(d) + 1;
  umbra_ciphertext *x[2] = {0};
  umbra_plaintext *factors[2] = {0};
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < terms && status == UMBRA_OK; i++) {
    status = umbra_level_drop(s->evaluator, &x[i], term[i].x, level);
    if (status == UMBRA_OK) status = encode_factors(&factors[i], s, level, term[i].weights, term[i].bias);
  }
  if (status == UMBRA_OK)
    status = umbra_dot_plain(s->evaluator, out, (const umbra_ciphertext *const *)x,
                             (const umbra_plaintext *const *)factors, terms);
  if (status == UMBRA_OK) status = umbra_add(s->evaluator, out, *out, d);
  for (size_t i = 0; i < terms; i++) {
    umbra_ciphertext_destroy(x[i]);
    umbra_plaintext_destroy(factors[i]);
  }
  return status;
}

/*
 * What is known of the weights is what the plan promises: bounds that follow from the operations alone would know of no
 * loss that bends, and grow without end.
 */
static void set_estimates(umbra_weights *weights, const umbra_train_plan *plan, const umbra_plan_iteration *it) {
  double bound = plan->options.bound / it->unit_out, eta = it->step.eta;
  weights->w->estimate = (umbra_estimate){bound, it->w_error / it->unit_out};
  weights->u->estimate = (umbra_estimate){fmax(bound, bound / (1 - eta)), it->u_error / it->unit_out};
}

umbra_status umbra_step(umbra_stepper *s, umbra_weights *after, const umbra_weights *before, uint32_t i,
                        const umbra_blocks *blocks) {
  UMBRA_TRACE(s->evaluator, "train_iteration", before->w);
  const umbra_plan_iteration *it = &s->plan->iteration[i];
  double keep = it->before * it->unit_in / it->unit_out, shrink = 1 - it->step.rate * s->plan->options.l2;
  double pull = it->step.eta / (1 - it->step.eta) * it->unit_in / it->unit_out;
  const umbra_term term[2] = {{before->u, keep * shrink, keep}, {before->w, pull, pull}};
  umbra_ciphertext *d = NULL;
  umbra_weights made = {0};
  umbra_status status = gradient(s, &d, it, before->u, blocks);
  if (status == UMBRA_OK) status = combine(s, &made.w, term, 1, d);
  if (status == UMBRA_OK) status = combine(s, &made.u, term, 2, d);
  umbra_ciphertext_destroy(d);
  if (status == UMBRA_OK && umbra_ciphertext_level(made.w) != it->level_after)
    status = umbra_fail(UMBRA_ERROR_INTERNAL, "iteration %u ended at level %u instead of %u", i + 1,
                        umbra_ciphertext_level(made.w), it->level_after);
  if (status == UMBRA_OK) {
    set_estimates(&made, s->plan, it);
    *after = made;
  } else {
    umbra_weights_clear(&made);
  }
  return status;
}

/* ---- refresh ---- */

/* w + i u, refreshed as one. */
static umbra_status refresh_pair(umbra_stepper *s, umbra_ciphertext **pair, const umbra_weights *weights) {
  UMBRA_TRY(umbra_mul_i(s->evaluator, pair, weights->u));
  UMBRA_TRY(umbra_add(s->evaluator, pair, weights->w, *pair));
  return umbra_bootstrap(s->evaluator, pair, *pair, s->bootstrapper);
}

umbra_status umbra_step_refresh(umbra_stepper *s, umbra_weights *fresh, const umbra_weights *weights) {
  UMBRA_TRACE(s->evaluator, "train_refresh", weights->w);
  umbra_ciphertext *pair = NULL, *conjugate = NULL;
  umbra_weights made = {0};
  umbra_status status = refresh_pair(s, &pair, weights);
  if (status == UMBRA_OK) status = umbra_conjugate(s->evaluator, &conjugate, pair);
  if (status == UMBRA_OK) status = umbra_add(s->evaluator, &made.w, pair, conjugate);
  if (status == UMBRA_OK) status = umbra_sub(s->evaluator, &made.u, conjugate, pair);
  if (status == UMBRA_OK) status = umbra_mul_i(s->evaluator, &made.u, made.u);
  umbra_ciphertext_destroy(pair);
  umbra_ciphertext_destroy(conjugate);
  if (status == UMBRA_OK) *fresh = made;
  else umbra_weights_clear(&made);
  return status;
}

umbra_status umbra_step_model(const umbra_stepper *s, umbra_logistic **model, const umbra_ciphertext *weights,
                              int64_t unit) {
  const umbra_train_plan *plan = s->plan;
  umbra_ciphertext *w = NULL;
  UMBRA_TRY(umbra_mul_integer(s->evaluator, &w, weights, unit));
  return umbra_logistic_make(model, w, plan->options.columns, plan->options.range, plan->degree, plan->coefficient);
}
