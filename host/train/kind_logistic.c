/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear models by the gradient of a loss of their margins. What the loss is, only the plan's polynomial knows. Records are
 * by rows, times their labels, and weights in `stride` slots before every row.
 */
#include <math.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/verbs.h"
#include "../nn/logistic.h"
#include "../params/params.h"
#include "advance.h"
#include "loss.h"
#include "trainer.h"
#include "twin.h"

/* ---- the plan ---- */

static umbra_status check(const umbra_train_options *o) {
  const int hidden = o->hidden[0] || o->hidden_range != 0 || o->hidden_function || o->hidden_degree;
  if (!hidden && o->outputs <= 1 && o->loss == UMBRA_LOSS_ONE_VS_REST) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "hidden layers, outputs and loss are of UMBRA_TRAIN_NETWORK; for a logistic model these options "
                    "must be 0");
}

/* Rows that are in the real parts of one ciphertext over all slots. */
static uint64_t real_rows(const umbra_params *params, uint32_t stride) { return umbra_params_slots(params) / stride; }

/* That of batches of so many rows; one ciphertext is enough for small ones, and then no imaginary part is needed. */
static umbra_matrix_layout layout_for(const umbra_params *params, size_t columns, uint64_t rows) {
  umbra_matrix_layout layout = umbra_layout_of_records(params, columns);
  uint64_t real = real_rows(params, layout.stride);
  if (rows <= real) {
    layout.slots = (uint32_t)umbra_power_above(rows) * layout.stride;
    return layout;
  }
  uint64_t parts = (rows + 2 * real - 1) / (2 * real);
  layout.pairs = 1;
  if (parts > UMBRA_MATRIX_MAX_GROUP) parts = UMBRA_MATRIX_MAX_GROUP;
  layout.group = umbra_min_u32((uint32_t)umbra_power_above(parts), layout.stride);
  return layout;
}

/*
 * A gradient is a sum of n records times values of about rate / n, whose error is that of any slot, e: it ends up with
 * e sqrt(n) unit. Records times k make those values 1 / k as large, and the error k times; but margins, sums of a row's
 * columns, get an error of e unit sqrt(columns) / k, which comes into the gradient by the sigmoid's slope, about 0.15,
 * and averaged over n records. Here both are equal, but for what columns and records are on average.
 */
static double data_scale(const umbra_train_options *o, uint32_t stride) {
  double square = 0.15 * o->rate * sqrt(stride) / (double)o->batch, scale = 1;
  while (scale > 0x1p-10 && scale * scale > 2 * square) scale /= 2; /* no logarithms: all machines find the same */
  return scale;
}

static umbra_status lay_out(umbra_train_plan *plan, const umbra_matrix_layout *given) {
  const umbra_train_options *o = &plan->options;
  if (o->columns >= umbra_params_slots(plan->params))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%zu columns do not fit: these parameters take up to %u", o->columns,
                      umbra_params_slots(plan->params) - 1);
  plan->layout = given ? *given : layout_for(plan->params, o->columns, o->batch);
  plan->data_columns = o->columns;
  plan->state_slots = plan->layout.stride;
  plan->firsts = 1;
  plan->data_scale = data_scale(o, plan->layout.stride);
  return UMBRA_OK;
}

static uint32_t block_parts(const umbra_train_plan *plan) { return plan->layout.group; }

static size_t sums_of(const umbra_train_plan *plan) {
  (void)plan;
  return 1;
}

/*
 * Roundings that the sum over the rows of a ciphertext adds up: one from the products of each block, and with pairs both
 * parts, doubled.
 */
static double summed_roundings(const umbra_train_plan *plan, const umbra_plan_iteration *it) {
  uint64_t first, blocks;
  const uint64_t rows = plan->layout.slots / plan->layout.stride;
  umbra_plan_batch_blocks(&first, &blocks, plan, it->step.batch);
  return (double)(blocks * rows * (plan->layout.pairs ? 4 : 1));
}

/*
 * A slot's error, e, in the unit of the output, and of a sum over the records, which have a size of about 1, as much again
 * for the margins; see the scale of the data above. A slot has been through some dozen roundings and switches, which
 * together have eight times the error of one.
 */
static double step_variance(const umbra_train_plan *plan, const umbra_plan_iteration *it, double weights) {
  const double one = it->unit_out * umbra_plan_rounding(plan);
  const double records = 2 * plan->data_scale * plan->data_scale * (double)it->step.rows * weights;
  return one * one * (64 * (1 + records) + summed_roundings(plan, it));
}

/* ---- in the clear: the bias comes last ---- */

static size_t weights_of(const umbra_train_options *options) { return options->columns + 1; }

static int is_bias(const umbra_train_options *options, size_t weight) { return weight == options->columns; }

static void initial(const umbra_train_options *options, double *weights) {
  (void)options;
  (void)weights;
}

static umbra_status check_records(const umbra_train_options *options, const umbra_records *records) {
  (void)options;
  if (records->classes == 2) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    records->classes ? "a logistic model tells two classes apart, and the records have %zu: name one "
                                       "of them, or train a network with as many outputs"
                                     : "a logistic model tells two classes apart, and the labels are values (%zu "
                                       "classes): train a network with the squared error",
                    records->classes);
}

enum { GROUP = 256 }; /* records whose polynomials are computed together, and then progress is asked */

/* Margins become s(-margin). */
static void find_slopes(double *margin, size_t count, const umbra_twin *t) {
  const umbra_sigmoid_options *o = &t->plan->sigmoid;
  for (size_t k = 0; k < count; k++)
    margin[k] = t->exact ? umbra_function_value(UMBRA_FUNCTION_SIGMOID, -margin[k]) : -margin[k] / o->range;
  if (!t->exact) umbra_chebyshev_values(margin, count, t->plan->coefficient, o->degree);
}

/* gradient += s(-<v, z>) z of some records; returns the largest |<v, z>|. */
static double add_records(const umbra_twin *t, const size_t *row, size_t count) {
  const size_t columns = t->records->columns;
  const double *point = umbra_twin_point(t);
  double slope[GROUP], largest = 0;
  for (size_t k = 0; k < count; k++) {
    slope[k] = umbra_records_label(t->records, row[k]) * umbra_records_score(t->records, row[k], point);
    largest = fmax(largest, umbra_twin_size(slope[k]));
  }
  find_slopes(slope, count, t);
  for (size_t k = 0; k < count; k++) {
    const double *x = umbra_records_row(t->records, row[k]);
    const double factor = umbra_records_weight(t->records, row[k]) * umbra_records_label(t->records, row[k]) * slope[k];
    for (size_t c = 0; c < columns; c++) t->gradient[c] += factor * x[c];
    t->gradient[columns] += factor;
  }
  return largest;
}

static umbra_status gradient(umbra_twin *t, umbra_train_outcome *outcome, const umbra_train_step *step) {
  for (uint64_t k = 0; k < step->rows; k += GROUP) {
    const uint64_t left = step->rows - k;
    UMBRA_TRY(umbra_watch_step(t->watch, k, step->rows));
    outcome->largest_score =
        fmax(outcome->largest_score, add_records(t, t->order + step->first + k, left < GROUP ? left : GROUP));
  }
  return UMBRA_OK;
}

/* A step's, as gradients add it up. */
static void disturb(umbra_twin *t, const umbra_plan_iteration *it) {
  const double error = sqrt(step_variance(t->plan, it, t->errors->weights));
  for (size_t c = 0; c < t->count; c++)
    t->gradient[c] += error / it->step.rate * (double)it->step.rows * umbra_train_gaussian(&t->errors->random);
}

static umbra_status scores(double *score, const umbra_train_plan *plan, const umbra_records *records,
                           const double *weights) {
  (void)plan;
  for (size_t row = 0; row < records->rows; row++) score[row] = umbra_records_score(records, row, weights);
  return UMBRA_OK;
}

static umbra_status judge(umbra_train_outcome *outcome, const umbra_train_plan *plan, const umbra_records *judged,
                          const double *weights) {
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT};
  (void)plan;
  UMBRA_TRY(umbra_judge(&judgement, judged, weights));
  outcome->accuracy = judgement.accuracy;
  outcome->auc = judgement.auc;
  outcome->loss = judgement.loss;
  return UMBRA_OK;
}

/* ---- the owner's side ---- */

/* Times the label, the scale and, of a plan with weights the second time, the weight. */
static double value_of(umbra_element element, const void *source) {
  const umbra_train_rows *s = source;
  const size_t second = umbra_plan_is_weighted(s->plan) ? umbra_plan_weighted_row(s->plan, s->count) : SIZE_MAX;
  const int weighted = element.row >= second;
  const size_t at = weighted ? element.row - second : element.row;
  if (at >= s->count) return 0; /* between both */
  const size_t row = s->row[at];
  const double weight = weighted ? umbra_records_weight(s->records, row) : 1;
  const double y = s->plan->data_scale * weight * umbra_records_label(s->records, row);
  return element.column == s->records->columns ? y : y * umbra_records_row(s->records, row)[element.column];
}

/* In the unit of the first iteration; encoded in `stride` slots, the row stands before every record by itself. */
static umbra_status encrypt(umbra_train_state *first, const umbra_train_plan *plan, umbra_encryptor by,
                            const double *weights) {
  const size_t count = plan->options.columns + 1;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = plan->data_level;
  options.slots = plan->state_slots;
  options.bound = umbra_plan_first_bound(plan);
  double *slot;
  umbra_plaintext *plain = NULL;
  UMBRA_TRY(umbra_alloc(&slot, count, sizeof *slot, "the first weights"));
  for (size_t i = 0; weights && i < count; i++) slot[i] = weights[i] / plan->iteration[0].unit_in;
  umbra_status status = umbra_encode(&plain, by.context, slot, count, &options);
  umbra_free(slot);
  UMBRA_TRY(status);
  status = umbra_encrypt_by(&first->part[0], by, plain);
  umbra_plaintext_destroy(plain);
  return status;
}

/* ---- under encryption ---- */

typedef struct run {
  const umbra_train_plan *plan;
  umbra_evaluator *evaluator;
  umbra_products *products;
} run;

static void destroy(void *object) {
  run *r = object;
  umbra_products_destroy(r->products);
  umbra_free(r);
}

static umbra_status create(void **out, const umbra_train_plan *plan, umbra_evaluator *evaluator,
                           const umbra_bootstrapper *bootstrapper) {
  run *made = NULL;
  (void)bootstrapper; /* iterations of this kind refresh nothing */
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a training"));
  *made = (run){.plan = plan, .evaluator = evaluator};
  umbra_status status =
      umbra_products_create(&made->products, evaluator, &plan->layout, umbra_log_radix_of(plan->options.target));
  if (status == UMBRA_OK) *out = made;
  else destroy(made);
  return status;
}

/* The polynomial of a group's margins over the range, with the factor of the step: in place. */
static umbra_status apply_loss(run *r, umbra_group_values *values, double factor) {
  umbra_ciphertext *part[2] = {values->re, values->im};
  umbra_status status = umbra_train_slopes(r->evaluator, part, values->im ? 2 : 1, r->plan, factor);
  *values = (umbra_group_values){part[0], part[1]};
  return status;
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
                        const umbra_train_block *block) {
  run *r = object;
  const umbra_train_plan *plan = r->plan;
  const umbra_plan_iteration *it = &plan->iteration[i];
  /* The polynomial is that of the margin's negative. */
  double to_range = -umbra_train_point_unit(plan, i) / plan->sigmoid.range / plan->data_scale;
  double step = it->step.rate / (double)it->step.rows / it->unit_out / (1 + plan->layout.pairs) / plan->data_scale;
  const umbra_matrix records = half_of(block->records, plan, 0), weighted = half_of(block->records, plan, 1);
  for (size_t group = 0; group < umbra_matrix_groups(&records); group++) {
    umbra_group_values values = {0};
    umbra_status status =
        umbra_times_vector(r->products, &values, &records, group, umbra_train_point(plan, state, 0), to_range);
    if (status == UMBRA_OK) status = apply_loss(r, &values, step);
    if (status == UMBRA_OK) status = umbra_transposed_add(r->products, &sums->part[0], &weighted, group, &values);
    umbra_group_values_clear(&values);
    UMBRA_TRY(status);
  }
  return UMBRA_OK;
}

static umbra_status close_sums(void *object, umbra_train_state *steps, uint32_t i, const umbra_train_state *sums) {
  run *r = object;
  (void)i;
  return umbra_sum_rows(r->products, &steps->part[0], sums->part[0]);
}

/* Before every row. */
static size_t factors(double *slot, const umbra_train_plan *plan, size_t part, double weights, double biases) {
  const size_t columns = plan->options.columns;
  (void)part;
  for (size_t c = 0; c < columns; c++) slot[c] = weights;
  slot[columns] = biases;
  return columns + 1;
}

#define OPS(title)                                                                                                  \
  {                                                                                                                 \
    .name = (title), .model = UMBRA_TRAIN_LOGISTIC, .check = check, .lay_out = lay_out, .block_parts = block_parts, \
    .sums = sums_of, .step_variance = step_variance, .weights = weights_of, .is_bias = is_bias, .initial = initial, \
    .check_records = check_records, .gradient = gradient, .disturb = disturb, .scores = scores, .judge = judge,     \
    .value = value_of, .encrypt = encrypt, .create = create, .destroy = destroy, .add = add, .close = close_sums,   \
    .factors = factors                                                                                              \
  }
const umbra_train_ops umbra_train_logistic_ops = OPS("logistic regression");
const umbra_train_ops umbra_train_weighted_ops = OPS("weighted logistic regression");

/* ---- the model ---- */

umbra_status umbra_trainer_logistic(const umbra_trainer *trainer, umbra_logistic **model) {
  if (!trainer || !model)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_trainer_logistic needs a trainer and an output");
  umbra_trainer_result result;
  umbra_ciphertext *w = NULL;
  UMBRA_TRY(umbra_trainer_finished(&result, trainer, UMBRA_TRAIN_LOGISTIC));
  const umbra_train_plan *plan = result.plan;
  UMBRA_TRY(umbra_mul_integer(result.evaluator, &w, result.state->part[umbra_train_w(0)], umbra_train_last_unit(plan)));
  UMBRA_TRY(umbra_logistic_make(model, w, plan->options.columns, plan->sigmoid.range, plan->degree, plan->coefficient));
  if (plan->identified) umbra_logistic_set_training(*model, plan->training);
  return UMBRA_OK;
}
