/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks as a kind of training: what their options must be, how their records and weights lie, and their model. What is
 * computed is in network_run.c, and in the clear in network_twin.c.
 */
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../ckks/noise.h"
#include "../ckks/verbs.h"
#include "../params/params.h"
#include "advance.h"
#include "network_run.h"
#include "trainer.h"
#include "twin.h"

/* ---- options ---- */

enum { MOST_UNITS = 4096 };

static umbra_status check_units(uint32_t units, uint32_t next, const char *what) {
  if (units < 1 || units > MOST_UNITS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s has %u units; it must have 1 to %d", what, units, MOST_UNITS);
  if (umbra_layout_wrapped_diagonals(units) >= umbra_layout_wrapped_diagonals(next)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "%s has %u units and the next one %u: rounded up to powers of two, units must not grow", what,
                    units, next);
}

static const double least_start = 0x1p-16;

static umbra_status check_start(const umbra_train_options *o) {
  if (o->start == 0) return UMBRA_OK;
  if (!o->hidden[0])
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "start is of hidden layers, and there are none: first weights are zeros");
  if (o->start >= least_start && o->start <= 1 && frexp(o->start, &(int){0}) == 0.5) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "start is %g; it must be a power of two from %g to 1, or 0 for 1",
                    o->start, least_start);
}

static umbra_status check(const umbra_train_options *o) {
  const uint32_t layers = umbra_network_layers(o);
  if ((unsigned)o->loss > UMBRA_LOSS_SOFTMAX)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "loss is %d, which is none", (int)o->loss);
  if (o->loss == UMBRA_LOSS_SOFTMAX) UMBRA_TRY(umbra_train_softmax_check(o));
  for (uint32_t k = layers; k < UMBRA_NETWORK_MAX_LAYERS; k++)
    if (o->hidden[k - 1])
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "hidden[%u] is %u after a 0, which ends the hidden layers", k - 1,
                        o->hidden[k - 1]);
  UMBRA_TRY(umbra_train_activation_check(o));
  UMBRA_TRY(check_start(o));
  for (uint32_t k = 0; k + 1 < layers; k++)
    UMBRA_TRY(check_units(o->hidden[k], (uint32_t)umbra_network_units(o, k + 1), "a hidden layer"));
  return check_units((uint32_t)umbra_network_units(o, layers - 1), 1, "the last layer");
}

/* ---- the plan ---- */

static umbra_status lay_out(umbra_train_plan *plan, const umbra_matrix_layout *given) {
  const umbra_train_options *o = &plan->options;
  const uint32_t slots = umbra_params_slots(plan->params);
  if (o->columns >= slots || umbra_network_positions(o) > slots)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "%zu columns, %zu units and %zu outputs do not fit the %u slots of these parameters", o->columns,
                      umbra_network_units(o, 0), umbra_network_units(o, umbra_network_layers(o) - 1), slots);
  plan->layout = given ? *given : umbra_network_layout(o, slots);
  plan->network = umbra_network_of(o, plan->layout.stride);
  plan->data_columns = o->public_features ? plan->network.sharing * plan->network.span : umbra_network_data_columns(o);
  plan->state_slots = plan->layout.slots;
  plan->data_scale = 1;
  plan->firsts = 0;
  for (uint32_t k = 0; k < plan->network.layers; k++) plan->firsts += umbra_dense_parts(&plan->network.layer[k]);
  return UMBRA_OK;
}

static uint32_t block_parts(const umbra_train_plan *plan) {
  (void)plan;
  return UMBRA_NETWORK_BLOCK_PARTS;
}

static size_t sums_of(const umbra_train_plan *plan) {
  size_t count = 0;
  for (uint32_t k = 0; k < plan->network.layers; k++) count += plan->network.layer[k].diagonals;
  return count + (umbra_train_counts(plan) != 0);
}

/* Ciphertexts of records in a batch, of which each block's are summed up before their sum is rounded. */
static double batch_blocks(const umbra_train_plan *plan, const umbra_plan_iteration *it) {
  uint64_t first, count;
  umbra_plan_batch_blocks(&first, &count, plan, it->step.batch);
  return (double)count;
}

/* Diagonals that lie in one ciphertext, at most. */
static double gathered(const umbra_dense *d) {
  return d->diagonals < d->layout.stride ? d->diagonals : d->layout.stride;
}

/*
 * Of a layer: diagonals that are gathered in one ciphertext add their roundings and those of the turns between them, and
 * what is gathered is a sum over all records of a ciphertext, both parts.
 */
static double layer_variance(const umbra_train_plan *plan, const umbra_plan_iteration *it, uint32_t k) {
  const umbra_dense *d = &plan->network.layer[k];
  const double sums = it->step.rate / (double)it->step.rows / 2 / umbra_network_error_scale(plan, k);
  const double one = it->unit_out * umbra_plan_rounding(plan), summed = sums * umbra_plan_rounding(plan);
  return one * one * (4 + 8 * gathered(d)) + summed * summed * 2 * d->layout.stride * batch_blocks(plan, it);
}

/*
 * Of sums that are refreshed: at worst they fill their range, all records have the same error, and what it is multiplied
 * by on its way into a step is as large as 1.
 */
static double refreshed_variance(const umbra_train_plan *plan, const umbra_plan_iteration *it) {
  double sum = 0;
  for (uint32_t k = 0; k < plan->network.layers; k++) {
    const double error = it->step.rate * umbra_network_range(plan, k) * plan->refresh->report.error;
    if (umbra_network_refreshes(&plan->network, k)) sum += error * error;
  }
  return sum;
}

/* The mean over the weights. What errors values on the way have, only records can say, see network_twin.c: several times that. */
static double step_variance(const umbra_train_plan *plan, const umbra_plan_iteration *it, double weights) {
  const double several = 8;
  double sum = 0, count = 0;
  (void)weights; /* on average they are 1 */
  for (uint32_t k = 0; k < plan->network.layers; k++) {
    const double of_layer = (double)plan->network.layer[k].rows * (double)plan->network.layer[k].columns;
    sum += of_layer * layer_variance(plan, it, k);
    count += of_layer;
  }
  return several * sum / count + refreshed_variance(plan, it);
}

/* Masks, by which sums over records are multiplied, are rounded, too; what they give is doubled. */
static double mask_error(const umbra_train_plan *plan, const umbra_plan_iteration *it, uint32_t k) {
  return 2 * umbra_noise_encode(0, &plan->params->chain, 1).bound.error * it->unit_out *
         umbra_network_error_scale(plan, k);
}

static double mean_square(const double *x, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += x[i] * x[i] / (double)count;
  return sum;
}

/* Of a layer's gradient. A mask's error multiplies the sum itself, and those of all diagonals that lie where it does. */
static void disturb_layer(umbra_twin *t, const umbra_plan_iteration *it, uint32_t k, double *g, uint64_t *masks) {
  const umbra_dense *d = &t->plan->network.layer[k];
  const size_t count = d->rows * d->columns;
  const double to_sum = (double)it->step.rows / it->step.rate, added = sqrt(layer_variance(t->plan, it, k));
  const double mask = mask_error(t->plan, it, k), others = gathered(d) * mean_square(g, count);
  for (size_t i = 0; i < count; i++)
    g[i] += to_sum * (added * umbra_train_gaussian(&t->errors->random) +
                      mask * sqrt(g[i] * g[i] + others) * umbra_train_gaussian(masks));
}

static void disturb(umbra_twin *t, const umbra_plan_iteration *it) {
  double *g = t->gradient;
  uint64_t masks = 1; /* which are the same in each iteration */
  for (uint32_t k = 0; k < t->plan->network.layers; k++) {
    disturb_layer(t, it, k, g, &masks);
    g += t->plan->network.layer[k].rows * t->plan->network.layer[k].columns;
  }
}

static umbra_status check_records(const umbra_train_options *o, const umbra_records *records) {
  const size_t outputs = umbra_network_units(o, umbra_network_layers(o) - 1);
  if (records->classes ? records->classes == outputs || (records->classes == 2 && outputs == 1) : outputs == 1)
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "%zu outputs for %zu classes: there must be one for each class, or one for two classes or for "
                    "labels that are values (0 classes)",
                    outputs, records->classes);
}

/* ---- the owner's side ---- */

/* Of a record behind its features: the weighted targets, and as many times the weight. */
static double target_of(const umbra_train_plan *plan, const umbra_records *records, size_t row, size_t column) {
  const umbra_network *n = &plan->network;
  const size_t outputs = umbra_network_units(&plan->options, n->layers - 1);
  const double weight = umbra_records_weight(records, row);
  if (n->weights && column >= n->weights) return weight;
  if (column >= n->targets + outputs) return 0;
  return weight * umbra_network_target(records, row, column - n->targets, outputs);
}

/* Without features: of a row those of as many ciphertexts as share one. */
static double target_at(const umbra_train_rows *s, umbra_element element) {
  const umbra_network *n = &s->plan->network;
  const uint64_t rows = umbra_layout_rows_per_part(&s->plan->layout);
  const uint64_t part = element.row / rows * n->sharing + element.column / n->span;
  const uint64_t record = part * rows + element.row % rows;
  return record < s->count ? target_of(s->plan, s->records, s->row[record], element.column % n->span) : 0;
}

/* Features, ones, zeros up to the targets, unless they are public; and targets, negated where records are in imaginary parts, as weights are. */
static double value_of(umbra_element element, const void *source) {
  const umbra_train_rows *s = source;
  const umbra_train_plan *plan = s->plan;
  const size_t columns = plan->options.columns, stride = plan->layout.stride;
  if (element.column < plan->network.targets)
    return element.column < columns ? umbra_records_row(s->records, s->row[element.row])[element.column]
                                    : element.column == columns;
  const double target = plan->options.public_features
                            ? target_at(s, element)
                            : target_of(plan, s->records, s->row[element.row], element.column);
  return element.row / stride % 2 ? -target : target;
}

typedef struct layer_source {
  const double *weights; /* of the layer; NULL: zeros */
  size_t columns;
  double unit;
} layer_source;

static double weight_of(umbra_element element, const void *source) {
  const layer_source *s = source;
  return s->weights ? s->weights[element.row * s->columns + element.column] / s->unit : 0;
}

/* Takes them out of a matrix. */
static void take_parts(umbra_ciphertext **part, umbra_matrix *from, uint32_t slots) {
  for (size_t q = 0; q < from->parts; q++) {
    umbra_ciphertext_repeat(from->part[q], slots);
    part[q] = from->part[q];
    from->part[q] = NULL;
  }
  umbra_matrix_destroy(from);
}

static umbra_status encrypt(umbra_train_state *first, const umbra_train_plan *plan, umbra_encryptor by,
                            const double *weights) {
  umbra_ciphertext **part = first->part;
  for (uint32_t k = 0; k < plan->network.layers; k++) {
    const umbra_dense *d = &plan->network.layer[k];
    const layer_source source = {weights, d->columns, plan->iteration[0].unit_in};
    umbra_matrix *made = NULL;
    const umbra_matrix_source weight = {weight_of, &source, umbra_plan_first_bound(plan)};
    UMBRA_TRY(umbra_matrix_encrypt_source(&made, by, &weight, d->rows, d->columns, &d->layout, plan->data_level, NULL));
    take_parts(part, made, plan->state_slots);
    part += umbra_dense_parts(d);
    if (weights) weights += d->rows * d->columns;
  }
  return UMBRA_OK;
}

/* ---- the step ---- */

/* Which layer a ciphertext of the weights is of; *part: its number there. */
static uint32_t find_layer(const umbra_train_plan *plan, size_t *part) {
  uint32_t k = 0;
  while (*part >= umbra_dense_parts(&plan->network.layer[k])) *part -= umbra_dense_parts(&plan->network.layer[k++]);
  return k;
}

static uint32_t places(const umbra_train_plan *plan, size_t part) {
  const umbra_dense *d = &plan->network.layer[find_layer(plan, &part)];
  return umbra_min_u32(d->layout.stride, d->diagonals - (uint32_t)part * d->layout.stride);
}

/* Padding is kept at zero. */
static size_t factors(double *slot, const umbra_train_plan *plan, size_t part, double weights, double biases) {
  const uint32_t k = find_layer(plan, &part);
  const umbra_dense *d = &plan->network.layer[k];
  umbra_element element;
  for (uint32_t i = 0; i < plan->state_slots; i++) {
    const umbra_place place = {part, i % d->layout.slots, 0};
    const int held = umbra_layout_element(&element, &d->layout, d->rows, d->columns, place);
    const int bias = !k && held && element.column == plan->options.columns;
    slot[i] = held ? (bias ? biases : weights) : 0;
  }
  return plan->state_slots;
}

#define OPS(title)                                                                                                 \
  {                                                                                                                \
    .name = (title), .model = UMBRA_TRAIN_NETWORK, .check = check, .lay_out = lay_out, .block_parts = block_parts, \
    .sums = sums_of, .step_variance = step_variance, .weights = umbra_network_weights,                             \
    .is_bias = umbra_network_is_bias, .initial = umbra_network_initial, .check_records = check_records,            \
    .gradient = umbra_network_gradient, .disturb = disturb, .scores = umbra_network_scores,                        \
    .judge = umbra_network_judge, .value = value_of, .encrypt = encrypt, .create = umbra_network_run_create,       \
    .destroy = umbra_network_run_destroy, .add = umbra_network_run_add, .close = umbra_network_run_close,          \
    .count = umbra_network_run_count, .places = places, .factors = factors                                         \
  }
const umbra_train_ops umbra_train_network_ops = OPS("networks");
const umbra_train_ops umbra_train_weighted_network_ops = OPS("weighted networks");

/* ---- the model ---- */

static umbra_status make_layer(umbra_matrix *made, const umbra_trainer_result *result, size_t first) {
  for (size_t q = 0; q < made->parts; q++) {
    const umbra_ciphertext *w = result->state->part[umbra_train_w(first + q)];
    UMBRA_TRY(umbra_mul_integer(result->evaluator, &made->part[q], w, umbra_train_last_unit(result->plan)));
    umbra_ciphertext_repeat(made->part[q], made->layout.slots);
  }
  return UMBRA_OK;
}

umbra_status umbra_trainer_layer(const umbra_trainer *trainer, umbra_matrix **weights, uint32_t layer) {
  if (!trainer || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_trainer_layer needs a trainer and an output");
  umbra_trainer_result result;
  umbra_matrix *made = NULL;
  size_t first = 0;
  UMBRA_TRY(umbra_trainer_finished(&result, trainer, UMBRA_TRAIN_NETWORK));
  const umbra_network *network = &result.plan->network;
  if (layer >= network->layers)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no layer %u: the network has %u, from 0", layer,
                      network->layers);
  const umbra_dense *d = &network->layer[layer];
  for (uint32_t k = 0; k < layer; k++) first += umbra_dense_parts(&network->layer[k]);
  UMBRA_TRY(umbra_matrix_make(&made, result.evaluator->context, d->rows, d->columns, &d->layout));
  umbra_status status = make_layer(made, &result, first);
  if (result.plan->identified) umbra_matrix_set_stamp(made, result.plan->training, UMBRA_MATRIX_LAYER);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, weights, made);
  else umbra_matrix_destroy(made);
  return status;
}
