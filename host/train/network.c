/* SPDX-License-Identifier: Apache-2.0 */
#include "network.h"

#include "../base/integers.h"
#include "plan.h"

/* ---- kinds ---- */

int umbra_train_is_network(umbra_train_kind kind) {
  return kind == UMBRA_TRAIN_NETWORK || kind == UMBRA_TRAIN_WEIGHTED_NETWORK;
}

int umbra_train_has_weights(umbra_train_kind kind) {
  return kind == UMBRA_TRAIN_WEIGHTED || kind == UMBRA_TRAIN_WEIGHTED_NETWORK;
}

/* ---- layers ---- */

uint32_t umbra_network_layers(const umbra_train_options *o) {
  uint32_t layers = 1;
  while (layers < UMBRA_NETWORK_MAX_LAYERS && o->hidden[layers - 1]) layers++;
  return layers;
}

size_t umbra_network_units(const umbra_train_options *o, uint32_t layer) {
  if (layer + 1 < umbra_network_layers(o)) return o->hidden[layer];
  return o->outputs ? o->outputs : 1;
}

size_t umbra_network_inputs(const umbra_train_options *o, uint32_t layer) {
  return layer ? o->hidden[layer - 1] : o->columns + 1;
}

/* ---- positions ---- */

/* Where the last layer's diagonals repeat. */
static uint64_t repeat_of(const umbra_train_options *o) {
  return umbra_power_above(umbra_network_units(o, umbra_network_layers(o) - 1));
}

/* What is subtracted from an output lies at such a place; */
static uint64_t targets_of(const umbra_train_options *o) {
  return umbra_quotient_above(o->columns + 1, repeat_of(o)) * repeat_of(o);
}

/* and so does what its errors are multiplied by. */
static uint64_t weights_of(const umbra_train_options *o) {
  return umbra_train_has_weights(o->kind) ? targets_of(o) + repeat_of(o) : 0;
}

uint64_t umbra_network_data_columns(const umbra_train_options *o) {
  const uint64_t last = weights_of(o) ? weights_of(o) : targets_of(o);
  return last + umbra_network_units(o, umbra_network_layers(o) - 1);
}

uint64_t umbra_network_positions(const umbra_train_options *o) {
  const uint64_t records = umbra_network_data_columns(o), units = umbra_network_units(o, 0);
  return umbra_power_above(records > units ? records : units);
}

umbra_matrix_layout umbra_network_layout(const umbra_train_options *o, uint32_t slots) {
  const uint64_t positions = umbra_network_positions(o), most = slots / positions;
  const uint64_t wanted = umbra_power_above((o->batch + 1) / 2); /* both complex parts hold records */
  const uint64_t stride = wanted < most ? wanted : most;
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT,
                               .order = UMBRA_MATRIX_BY_COLUMNS,
                               .stride = (uint32_t)stride,
                               .slots = (uint32_t)(positions * stride),
                               .pairs = 1,
                               .group = 1};
}

umbra_network umbra_network_of(const umbra_train_options *o, uint32_t stride) {
  umbra_network made = {.layers = umbra_network_layers(o),
                        .targets = (uint32_t)targets_of(o),
                        .weights = (uint32_t)weights_of(o),
                        .positions = (uint32_t)umbra_network_positions(o),
                        .expansion = 1};
  uint32_t positions = made.positions;
  for (uint32_t k = 0; k < made.layers; k++) {
    made.layer[k] = umbra_dense_of(umbra_network_units(o, k), umbra_network_inputs(o, k), positions, stride);
    positions = made.layer[k].diagonals;
  }
  return made;
}

/* ---- factors ---- */

/* Hidden layers with squares have no range in which a polynomial holds. */
static int is_fitted(const umbra_train_plan *plan) { return plan->activation.degree != 0; }

double umbra_network_factor(const umbra_train_plan *plan, uint32_t layer) {
  if (layer + 1 < plan->network.layers) return is_fitted(plan) ? 0.5 / plan->activation.range : 0.5;
  return plan->options.loss == UMBRA_LOSS_SQUARED ? 1 : 0.5 / plan->sigmoid.range;
}

double umbra_network_error_scale(const umbra_train_plan *plan, uint32_t layer) {
  double scale = 1;
  for (uint32_t k = plan->network.layers - 1; k > layer; k--)
    scale *= umbra_network_factor(plan, k) * (is_fitted(plan) ? 2 : 1);
  return scale;
}

/* ---- levels ---- */

umbra_network_levels umbra_network_levels_of(const umbra_network_depths *d, uint32_t weights) {
  const uint32_t forward = 1 + d->activation;
  umbra_network_levels levels = {.error = weights - d->expansion - 1 - forward * (d->layers - 1) - d->loss};
  for (uint32_t k = 0; k < d->layers; k++) levels.input[k] = weights - d->expansion - forward * k;
  return levels;
}

uint32_t umbra_network_depth(const umbra_network_depths *d) {
  return d->expansion + 3 + (3 + d->activation) * (d->layers - 1) + d->loss;
}
