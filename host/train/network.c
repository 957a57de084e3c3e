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

/* What is subtracted from an output lies at such a place; where features are public, at the first. */
static uint64_t targets_of(const umbra_train_options *o) {
  if (o->public_features) return 0;
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
  const uint64_t of[] = {umbra_network_data_columns(o), umbra_network_units(o, 0), o->columns + 1};
  uint64_t most = 0;
  for (size_t k = 0; k < sizeof of / sizeof *of; k++) most = of[k] > most ? of[k] : most;
  return umbra_power_above(most);
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

/* Targets, and weights, without features. */
static uint32_t span_of(const umbra_train_options *o) {
  return (uint32_t)(umbra_train_has_weights(o->kind) ? 2 * repeat_of(o) : repeat_of(o));
}

umbra_network umbra_network_of(const umbra_train_options *o, uint32_t stride) {
  umbra_network made = {.layers = umbra_network_layers(o),
                        .targets = (uint32_t)targets_of(o),
                        .weights = (uint32_t)weights_of(o),
                        .positions = (uint32_t)umbra_network_positions(o),
                        .sharing = 1,
                        .span = span_of(o),
                        .expansion = 1};
  if (o->public_features) made.sharing = umbra_min_u32(made.positions / made.span, UMBRA_NETWORK_BLOCK_PARTS);
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

double umbra_network_range(const umbra_train_plan *plan, uint32_t layer) {
  return layer + 1 < plan->network.layers ? plan->activation.range : plan->sigmoid.range;
}

/* ---- levels ---- */

/* A level that errors take to be multiplied by the records' weights. */
static uint32_t weighing_of(const umbra_train_plan *plan) { return plan->network.weights != 0; }

static uint32_t loss_depth(const umbra_train_plan *plan) {
  switch (plan->options.loss) {
    case UMBRA_LOSS_SQUARED: return weighing_of(plan);
    case UMBRA_LOSS_SOFTMAX: return umbra_train_softmax_depth(&plan->softmax, plan->degree) + weighing_of(plan);
    default: return umbra_chebyshev_depth(plan->degree) + weighing_of(plan);
  }
}

umbra_network_depths umbra_network_depths_of(const umbra_train_plan *plan) {
  const uint32_t activation = umbra_train_activation_depth(&plan->activation);
  return (umbra_network_depths){.layers = plan->network.layers,
                                .public_features = plan->options.public_features,
                                .refreshed = plan->network.refreshed,
                                .expansion = plan->network.expansion,
                                .activation = activation,
                                .slope = is_fitted(plan) ? activation : 0,
                                .loss = loss_depth(plan),
                                .weighing = weighing_of(plan)};
}

static int is_refreshed(const umbra_network_depths *d, uint32_t layer) { return (int)(d->refreshed >> layer & 1); }

/* Gradients are products at level 2, and backward all is one product after the other; forward follows from that. */
static umbra_network_levels least_levels(const umbra_network_depths *d) {
  umbra_network_levels least = {.input = {0}};
  for (uint32_t k = 0; k < d->layers; k++) least.error[k] = 2 + 2 * k;
  for (uint32_t k = d->layers; k--;) {
    const uint32_t slope = least.error[k] + 1 + d->slope;
    least.sum[k] =
        k + 1 == d->layers ? least.error[k] + d->loss : umbra_max_u32(least.input[k + 1] + d->activation, slope);
    least.input[k] = 1 + (is_refreshed(d, k) ? 1 : least.sum[k]);
  }
  return least;
}

/* Of diagonals, which meet inputs and errors, and of records, out of which targets are taken. */
static uint32_t least_expanded(const umbra_network_depths *d) {
  const umbra_network_levels least = least_levels(d);
  uint32_t level = least.error[d->layers - 1] + d->weighing + 1;
  for (uint32_t k = 0; k < d->layers; k++) level = umbra_max_u32(level, least.input[k]);
  return level;
}

uint32_t umbra_network_depth(const umbra_network_depths *d) { return d->expansion + least_expanded(d); }

/* All levels are as far above the lowest. */
umbra_network_levels umbra_network_levels_of(const umbra_network_depths *d, uint32_t weights) {
  const uint32_t above = weights - umbra_network_depth(d);
  umbra_network_levels levels = least_levels(d);
  for (uint32_t k = 0; k < d->layers; k++) {
    levels.input[k] += above;
    levels.sum[k] += above;
    levels.error[k] += above;
  }
  return levels;
}

uint32_t umbra_network_record_level(const umbra_network_depths *d, uint32_t weights) {
  const umbra_network_levels levels = umbra_network_levels_of(d, weights);
  return d->public_features ? levels.error[d->layers - 1] + d->weighing + 1 : weights - d->expansion;
}

uint32_t umbra_network_period(const umbra_network_depths *d, uint32_t levels) {
  const umbra_network_levels least = least_levels(d);
  const uint32_t depth = umbra_network_depth(d);
  uint32_t most = depth;
  for (uint32_t k = 0; k < d->layers; k++)
    if (is_refreshed(d, k)) most = umbra_max_u32(most, least.sum[k] + 1);
  return most > levels ? 0 : 1 + (levels - most) / depth;
}

/* ---- sums that are refreshed ---- */

uint32_t umbra_network_packed(const umbra_network *n, uint32_t layer) {
  return umbra_min_u32(n->positions / n->layer[layer].diagonals, UMBRA_NETWORK_BLOCK_PARTS);
}

double umbra_network_pack_scale(const umbra_train_plan *plan, uint32_t layer) {
  return umbra_network_factor(plan, layer) * umbra_network_range(plan, layer) / plan->refresh->options.bound;
}

uint64_t umbra_network_block_refreshes(const umbra_network *n, uint64_t parts) {
  uint64_t count = 0;
  for (uint32_t k = 0; k < n->layers; k++)
    if (umbra_network_refreshes(n, k)) count += umbra_quotient_above(parts, umbra_network_packed(n, k));
  return count;
}
