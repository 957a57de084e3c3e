/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of a network that is trained. Records have a position for each feature, one for the bias, and, from a multiple
 * of the last layer's diagonals on, one for each output's target. Of public features only targets are encrypted, and those of
 * several ciphertexts share one. Each layer's units are the next one's positions, so from
 * one layer to the next nothing is moved.
 */
#ifndef UMBRA_TRAIN_NETWORK_H
#define UMBRA_TRAIN_NETWORK_H

#include <umbra/train.h>

#include "dense.h"
#include "schedule.h"

enum {
  UMBRA_NETWORK_MAX_LAYERS = UMBRA_TRAIN_MAX_HIDDEN + 1,
  UMBRA_NETWORK_BLOCK_PARTS = 16 /* ciphertexts of a block: all are in memory, with all that is computed of them */
};

typedef struct umbra_network {
  uint32_t layers;
  umbra_dense layer[UMBRA_NETWORK_MAX_LAYERS];
  uint32_t targets;   /* the position of the first */
  uint32_t weights;   /* that of the first of the records' weight, one for each output; 0: records have none */
  uint32_t positions; /* of records, a power of two */
  uint32_t sharing;   /* ciphertexts' records whose targets one holds: 1, or of public features more, which come */
  uint32_t span;      /* so many positions after each other */
  uint32_t expansion; /* levels that weights take to become diagonals */
  uint32_t refreshed; /* bit k: sums of layer k are refreshed within an iteration */
} umbra_network;

/* Whether that is what is trained; whether records have weights. */
int umbra_train_is_network(umbra_train_kind kind);
int umbra_train_has_weights(umbra_train_kind kind);

/* Layers, and units and inputs of one; the first has one more input, the bias. */
uint32_t umbra_network_layers(const umbra_train_options *options);
size_t umbra_network_units(const umbra_train_options *options, uint32_t layer);
size_t umbra_network_inputs(const umbra_train_options *options, uint32_t layer);

/*
 * What under encryption the diagonals of a layer are multiplied by; and the errors of its units, which have come back
 * through the layers after it. Squares have half of their slope there.
 */
double umbra_network_factor(const umbra_train_plan *plan, uint32_t layer);
double umbra_network_error_scale(const umbra_train_plan *plan, uint32_t layer);

/* What no |sum| of a layer is above, as the plan declares. */
double umbra_network_range(const umbra_train_plan *plan, uint32_t layer);

/* Columns of its records, up to the last target or weight; and positions that they take. */
uint64_t umbra_network_data_columns(const umbra_train_options *options);
uint64_t umbra_network_positions(const umbra_train_options *options);

/* The layout of its records in so many slots, which are enough; and the network with runs of that stride. */
umbra_matrix_layout umbra_network_layout(const umbra_train_options *options, uint32_t slots);
umbra_network umbra_network_of(const umbra_train_options *options, uint32_t stride);

/*
 * Levels of an iteration that begins with weights at that one. Weights are expanded, forward each hidden layer takes a
 * product and its activation, backward two products, and the gradient two. Sums that are refreshed come down to level 1,
 * and leave a refresh a level below its highest at most.
 */
typedef struct umbra_network_depths {
  uint32_t layers, refreshed, expansion;
  int public_features;
  uint32_t activation, slope; /* of an activation, and of its slope */
  uint32_t loss, weighing;    /* of the loss, and of these for the records' weights */
} umbra_network_depths;
typedef struct umbra_network_levels {
  uint32_t input[UMBRA_NETWORK_MAX_LAYERS]; /* of what layer k multiplies: its product is one below */
  uint32_t sum[UMBRA_NETWORK_MAX_LAYERS];   /* of what goes on from there: the product, or it refreshed */
  uint32_t error[UMBRA_NETWORK_MAX_LAYERS]; /* of its errors */
} umbra_network_levels;
umbra_network_depths umbra_network_depths_of(const umbra_train_plan *plan);
umbra_network_levels umbra_network_levels_of(const umbra_network_depths *depths, uint32_t weights);
uint32_t umbra_network_depth(const umbra_network_depths *depths);

/* That of the records which weights at that level meet; of public features only targets are taken out of them. */
uint32_t umbra_network_record_level(const umbra_network_depths *depths, uint32_t weights);

/* Iterations from one refresh of the weights to the next, at most, if refreshes leave so many levels; 0: these are too few. */
uint32_t umbra_network_period(const umbra_network_depths *depths, uint32_t levels);

/* ---- sums that are refreshed ---- */

static inline int umbra_network_refreshes(const umbra_network *network, uint32_t layer) {
  return (int)(network->refreshed >> layer & 1);
}

/*
 * A layer's sums are alike every so many positions, as many as it has diagonals. So those of several ciphertexts of records,
 * this many, are refreshed as one, over a scale with which they fill the refresh's bound.
 */
uint32_t umbra_network_packed(const umbra_network *network, uint32_t layer);
double umbra_network_pack_scale(const umbra_train_plan *plan, uint32_t layer);

/* Refreshes of all layers' sums, for a block of so many ciphertexts. */
uint64_t umbra_network_block_refreshes(const umbra_network *network, uint64_t parts);

/* ---- in the clear, as umbra_train_ops says ---- */

struct umbra_twin;
size_t umbra_network_weights(const umbra_train_options *options);
int umbra_network_is_bias(const umbra_train_options *options, size_t weight);
void umbra_network_initial(const umbra_train_options *options, double *weights);
umbra_status umbra_network_gradient(struct umbra_twin *twin, umbra_train_outcome *outcome,
                                    const umbra_train_step *step);
umbra_status umbra_network_scores(double *scores, const umbra_train_plan *plan, const umbra_records *records,
                                  const double *weights);
umbra_status umbra_network_judge(umbra_train_outcome *outcome, const umbra_train_plan *plan,
                                 const umbra_records *judged, const double *weights);

/* What output k of a record should be. */
double umbra_network_target(const umbra_records *records, size_t row, size_t output, size_t outputs);

#endif
