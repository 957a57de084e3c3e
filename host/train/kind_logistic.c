/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear models by the gradient of a loss of their margins, and Nesterov's step. What the loss is, only the plan's
 * polynomial knows. The state is w and u of plan.h: multiples of a unit, in `stride` slots.
 */
#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/verbs.h"
#include "../nn/logistic.h"
#include "trainer.h"

enum { W, U, STATES };

typedef struct run {
  const umbra_train_plan *plan;
  umbra_evaluator *evaluator;
  umbra_products *products;
  umbra_bootstrapper *bootstrapper; /* NULL if the plan has no refresh */
} run;

static size_t states(const umbra_train_plan *plan) {
  (void)plan;
  return STATES;
}

static size_t sums_of(const umbra_train_plan *plan) {
  (void)plan;
  return 1;
}

static void destroy(void *object) {
  run *r = object;
  umbra_bootstrapper_destroy(r->bootstrapper);
  umbra_products_destroy(r->products);
  umbra_evaluator_destroy(r->evaluator);
  umbra_free(r);
}

static umbra_status create(void **out, const umbra_train_plan *plan, const umbra_context *context,
                           const umbra_eval_keys *keys, const umbra_progress *progress) {
  run *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a training"));
  made->plan = plan;
  umbra_status status = umbra_evaluator_create(&made->evaluator, context, keys);
  if (status == UMBRA_OK) status = umbra_products_create(&made->products, made->evaluator, &plan->layout);
  if (status == UMBRA_OK && plan->refreshes)
    status = umbra_bootstrapper_create(&made->bootstrapper, context, plan->refresh, progress);
  if (status == UMBRA_OK) *out = made;
  else destroy(made);
  return status;
}

static umbra_evaluator *evaluator_of(void *object) { return ((run *)object)->evaluator; }

static umbra_status start(umbra_train_state *state, const umbra_ciphertext *first) {
  UMBRA_TRY(umbra_ciphertext_copy(&state->part[W], first));
  return umbra_ciphertext_copy(&state->part[U], first);
}

/* ---- gradient ---- */

/* *x = the polynomial of *x, at the level that its degree leaves: factors that vanish may have left a lower degree. */
static umbra_status apply_polynomial(run *r, umbra_ciphertext **x, const double *coefficient) {
  uint32_t degree = r->plan->degree, level = umbra_ciphertext_level(*x) - umbra_chebyshev_depth(degree);
  umbra_ciphertext_declare_by_plan(*x, umbra_bound_within((*x)->estimate.bound, 1)); /* of margins over their range */
  UMBRA_TRY(umbra_chebyshev_eval(r->evaluator, x, *x, coefficient, degree));
  return umbra_ciphertext_level(*x) == level ? UMBRA_OK : umbra_level_drop(r->evaluator, x, *x, level);
}

/* The polynomial of a group's margins over the range, with the factor of the step: in place. */
static umbra_status apply_loss(run *r, umbra_group_values *values, double factor) {
  const umbra_train_plan *plan = r->plan;
  double scaled[UMBRA_SIGMOID_MAX_DEGREE + 1];
  for (uint32_t k = 0; k <= plan->degree; k++) scaled[k] = factor * plan->coefficient[k];
  UMBRA_TRY(apply_polynomial(r, &values->re, scaled));
  return values->im ? apply_polynomial(r, &values->im, scaled) : UMBRA_OK;
}

/* What of a block margins are made of, or, second, gradients: the same, unless the plan has weights; see plan.h. */
static umbra_matrix half_of(const umbra_matrix *block, const umbra_train_plan *plan, int second) {
  umbra_matrix half = *block;
  if (!umbra_plan_is_weighted(plan)) return half;
  half.parts = block->parts / 2;
  if (second) half.part += half.parts;
  return half;
}

/* sum += the gradient's part from one block: rate times the negative one of the loss, over the output's unit. */
static umbra_status add(void *object, umbra_train_state *sums, const umbra_train_state *state, uint32_t i,
                        const umbra_matrix *block) {
  run *r = object;
  const umbra_train_plan *plan = r->plan;
  const umbra_plan_iteration *it = &plan->iteration[i];
  /* The polynomial is that of the margin's negative. */
  double to_range = -it->before * it->unit_in / plan->sigmoid.range / plan->data_scale;
  double step = it->step.rate / (double)it->step.rows / it->unit_out / (1 + plan->layout.pairs) / plan->data_scale;
  const umbra_matrix records = half_of(block, plan, 0), weighted = half_of(block, plan, 1);
  for (size_t group = 0; group < umbra_matrix_groups(&records); group++) {
    umbra_group_values values = {0};
    umbra_status status = umbra_times_vector(r->products, &values, &records, group, state->part[U], to_range);
    if (status == UMBRA_OK) status = apply_loss(r, &values, step);
    if (status == UMBRA_OK) status = umbra_transposed_add(r->products, &sums->part[0], &weighted, group, &values);
    umbra_group_values_clear(&values);
    UMBRA_TRY(status);
  }
  return UMBRA_OK;
}

/* ---- step ---- */

/* A factor for the weights and one for the bias, before every row. */
static umbra_status encode_factors(umbra_plaintext **plain, const run *r, uint32_t level, double weights, double bias) {
  const umbra_train_plan *plan = r->plan;
  size_t columns = plan->options.columns;
  double *values;
  UMBRA_TRY(umbra_alloc(&values, columns + 1, sizeof *values, "factors"));
  for (size_t c = 0; c < columns; c++) values[c] = weights;
  values[columns] = bias;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = level;
  options.slots = plan->layout.stride;
  umbra_status status = umbra_encode(plain, r->evaluator->context, values, columns + 1, &options);
  umbra_free(values);
  return status;
}

typedef struct umbra_term {
  const umbra_ciphertext *x;
  double weights, bias; /* its factors */
} umbra_term;

/* *out = the terms and the gradient, at its level. */
static umbra_status combine(run *r, umbra_ciphertext **out, const umbra_term *term, size_t terms,
                            const umbra_ciphertext *d) {
  uint32_t level = umbra_ciphertext_level(d) + 1;
  umbra_ciphertext *x[2] = {0};
  umbra_plaintext *factors[2] = {0};
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < terms && status == UMBRA_OK; i++) {
    status = umbra_level_drop(r->evaluator, &x[i], term[i].x, level);
    if (status == UMBRA_OK) status = encode_factors(&factors[i], r, level, term[i].weights, term[i].bias);
  }
  if (status == UMBRA_OK)
    status = umbra_dot_plain(r->evaluator, out, (const umbra_ciphertext *const *)x,
                             (const umbra_plaintext *const *)factors, terms);
  if (status == UMBRA_OK) status = umbra_add(r->evaluator, out, *out, d);
  for (size_t i = 0; i < terms; i++) {
    umbra_ciphertext_destroy(x[i]);
    umbra_plaintext_destroy(factors[i]);
  }
  return status;
}

/*
 * What is known of the weights is what the plan promises: bounds that follow from the operations alone would know of no
 * loss that bends, and grow without end. They are forgotten, since they depend on how sums are split among ranks. What is
 * refreshed next is within the bound, u as well (umbra_train_outcome).
 */
static void declare_weights(umbra_train_state *state, const umbra_train_plan *plan, uint32_t i) {
  const umbra_plan_iteration *it = &plan->iteration[i];
  const double w = plan->options.bound / it->unit_out;
  const double u = umbra_plan_refreshes_after(plan, i) ? w : fmax(w, w / (1 - it->step.eta));
  umbra_ciphertext_declare_by_plan(state->part[W], (umbra_bound){w, it->w_error / it->unit_out});
  umbra_ciphertext_declare_by_plan(state->part[U], (umbra_bound){u, it->u_error / it->unit_out});
  for (int k = 0; k < STATES; k++) umbra_ciphertext_forget_worst(state->part[k]);
}

static umbra_status close_step(void *object, umbra_train_state *after, const umbra_train_state *before, uint32_t i,
                               const umbra_train_state *sums) {
  run *r = object;
  const umbra_plan_iteration *it = &r->plan->iteration[i];
  double keep = it->before * it->unit_in / it->unit_out, shrink = 1 - it->step.rate * r->plan->options.l2;
  double pull = it->step.eta / (1 - it->step.eta) * it->unit_in / it->unit_out;
  const umbra_term term[2] = {{before->part[U], keep * shrink, keep}, {before->part[W], pull, pull}};
  umbra_ciphertext *d = NULL;
  umbra_status status = umbra_sum_rows(r->products, &d, sums->part[0]);
  if (status == UMBRA_OK) status = combine(r, &after->part[W], term, 1, d);
  if (status == UMBRA_OK) status = combine(r, &after->part[U], term, 2, d);
  umbra_ciphertext_destroy(d);
  if (status == UMBRA_OK) declare_weights(after, r->plan, i);
  return status;
}

/* ---- refresh ---- */

/* w + i u, refreshed as one. */
static umbra_status refresh_pair(run *r, umbra_ciphertext **pair, const umbra_train_state *state) {
  UMBRA_TRY(umbra_join_complex(r->evaluator, pair, state->part[W], state->part[U]));
  return umbra_bootstrap(r->evaluator, pair, *pair, r->bootstrapper);
}

/* In half the unit. */
static umbra_status refresh(void *object, umbra_train_state *fresh, const umbra_train_state *state) {
  run *r = object;
  umbra_ciphertext *pair = NULL;
  umbra_status status = refresh_pair(r, &pair, state);
  if (status == UMBRA_OK) status = umbra_split_complex(r->evaluator, &fresh->part[W], &fresh->part[U], pair);
  umbra_ciphertext_destroy(pair);
  return status;
}

#define OPS(title)                                                                                                     \
  {                                                                                                                    \
    .name = (title), .model = UMBRA_TRAIN_LOGISTIC, .states = states, .sums = sums_of, .create = create,               \
    .destroy = destroy, .start = start, .add = add, .close = close_step, .refresh = refresh, .evaluator = evaluator_of \
  }
const umbra_train_ops umbra_train_logistic_ops = OPS("logistic regression");
const umbra_train_ops umbra_train_weighted_ops = OPS("weighted logistic regression");

/* ---- the model ---- */

/* What the unit of the weights is at the end. */
static int64_t last_unit(const umbra_train_plan *plan) {
  const double unit = plan->iteration[plan->options.iterations - 1].unit_out;
  return (int64_t)(plan->options.bootstrap_result ? unit / 2 : unit);
}

umbra_status umbra_trainer_logistic(const umbra_trainer *trainer, umbra_logistic **model) {
  if (!trainer || !model)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_trainer_logistic needs a trainer and an output");
  umbra_trainer_result result;
  umbra_ciphertext *w = NULL;
  UMBRA_TRY(umbra_trainer_finished(&result, trainer, UMBRA_TRAIN_LOGISTIC));
  const umbra_train_plan *plan = result.plan;
  UMBRA_TRY(umbra_mul_integer(((run *)result.run)->evaluator, &w, result.state->part[W], last_unit(plan)));
  UMBRA_TRY(umbra_logistic_make(model, w, plan->options.columns, plan->sigmoid.range, plan->degree, plan->coefficient));
  if (plan->identified) umbra_logistic_set_training(*model, plan->training);
  return UMBRA_OK;
}
