/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks as a kind of training: what their options must be, how their records and weights lie, and their model. What is
 * computed is in network_run.c, and in the clear in network_twin.c.
 */
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../ckks/verbs.h"
#include "../params/params.h"
#include "advance.h"
#include "network_run.h"
#include "trainer.h"

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

static umbra_status check(const umbra_train_options *o) {
  const uint32_t layers = umbra_network_layers(o);
  if (o->loss != UMBRA_LOSS_ONE_VS_REST && o->loss != UMBRA_LOSS_SQUARED)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "loss is %d, which is none", (int)o->loss);
  for (uint32_t k = layers; k < UMBRA_NETWORK_MAX_LAYERS; k++)
    if (o->hidden[k - 1])
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "hidden[%u] is %u after a 0, which ends the hidden layers", k - 1,
                        o->hidden[k - 1]);
  UMBRA_TRY(umbra_train_activation_check(o));
  for (uint32_t k = 0; k + 1 < layers; k++)
    UMBRA_TRY(check_units(o->hidden[k], (uint32_t)umbra_network_units(o, k + 1), "a hidden layer"));
  return check_units((uint32_t)umbra_network_units(o, layers - 1), 1, "the last layer");
}

/* ---- the plan ---- */

enum { BLOCK_PARTS = 16 }; /* of which all are in memory, with all that is computed of them */

static umbra_status lay_out(umbra_train_plan *plan, const umbra_matrix_layout *given) {
  const umbra_train_options *o = &plan->options;
  const uint32_t slots = umbra_params_slots(plan->params);
  if (o->columns >= slots || umbra_network_positions(o) > slots)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "%zu columns, %zu units and %zu outputs do not fit the %u slots of these parameters", o->columns,
                      umbra_network_units(o, 0), umbra_network_units(o, umbra_network_layers(o) - 1), slots);
  plan->layout = given ? *given : umbra_network_layout(o, slots);
  plan->network = umbra_network_of(o, plan->layout.stride);
  plan->data_columns = plan->network.targets + umbra_network_units(o, plan->network.layers - 1);
  plan->state_slots = plan->layout.slots;
  plan->data_scale = 1;
  plan->firsts = 0;
  for (uint32_t k = 0; k < plan->network.layers; k++) plan->firsts += umbra_dense_parts(&plan->network.layer[k]);
  return UMBRA_OK;
}

static uint32_t block_parts(const umbra_train_plan *plan) {
  (void)plan;
  return BLOCK_PARTS;
}

static size_t sums_of(const umbra_train_plan *plan) {
  size_t count = 0;
  for (uint32_t k = 0; k < plan->network.layers; k++) count += plan->network.layer[k].diagonals;
  return count;
}

/* A step has been through dozens of roundings and switches, which together have sixteen times the error of one. */
static double step_variance(const umbra_train_plan *plan, const umbra_plan_iteration *it, double weights) {
  (void)weights; /* no record has one */
  const double e = 16 * it->unit_out * umbra_plan_rounding(plan);
  return e * e;
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

/* Features, ones, zeros up to the targets, and these, negated where records are in imaginary parts. */
static double value_of(umbra_element element, const void *source) {
  const umbra_train_rows *s = source;
  const umbra_train_plan *plan = s->plan;
  const size_t row = s->row[element.row], columns = plan->options.columns, stride = plan->layout.stride;
  const size_t targets = plan->network.targets;
  if (element.column < columns) return umbra_records_row(s->records, row)[element.column];
  if (element.column < targets) return element.column == columns;
  const double target = umbra_network_target(s->records, row, element.column - targets, plan->data_columns - targets);
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

const umbra_train_ops umbra_train_network_ops = {.name = "networks",
                                                 .model = UMBRA_TRAIN_NETWORK,
                                                 .check = check,
                                                 .lay_out = lay_out,
                                                 .block_parts = block_parts,
                                                 .sums = sums_of,
                                                 .step_variance = step_variance,
                                                 .weights = umbra_network_weights,
                                                 .is_bias = umbra_network_is_bias,
                                                 .initial = umbra_network_initial,
                                                 .check_records = check_records,
                                                 .gradient = umbra_network_gradient,
                                                 .scores = umbra_network_scores,
                                                 .judge = umbra_network_judge,
                                                 .value = value_of,
                                                 .encrypt = encrypt,
                                                 .create = umbra_network_run_create,
                                                 .destroy = umbra_network_run_destroy,
                                                 .add = umbra_network_run_add,
                                                 .close = umbra_network_run_close,
                                                 .factors = factors};

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
  if (status == UMBRA_OK) UMBRA_PUT(matrix, weights, made);
  else umbra_matrix_destroy(made);
  return status;
}
