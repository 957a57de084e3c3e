/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a training does, before anything runs.
 *
 * The state is w and u = v / (1 - eta of the iteration before): then an iteration ends in u = (...) + d and w = (...) + d
 * with one gradient d, and no level is spent on eta. Of optimizers with gradients at w, u is the velocity. Both are kept
 * as multiples of a unit, a power of two, so that they can be refreshed from the lowest level; unit_in is that of an
 * iteration's input and unit_out that of its output.
 */
#ifndef UMBRA_TRAIN_PLAN_H
#define UMBRA_TRAIN_PLAN_H

#include "../circuits/bootstrap/bootstrap_plan.h"
#include "../linalg/products.h"
#include "activation.h"
#include "network.h"
#include "schedule.h"
#include "sensitivity.h"
#include "softmax.h"

typedef struct umbra_plan_iteration {
  umbra_train_step step;
  int refresh; /* before it */
  uint32_t level, level_after;
  double unit_in, unit_out;
  double w_error, u_error; /* standard deviations after it, as expected; see plan_error.c */
} umbra_plan_iteration;

/* Of its largest iteration, its largest refresh, and all of it; memory with the keys of all of it. */
typedef struct umbra_plan_costs {
  umbra_cost iteration, refresh, whole;
} umbra_plan_costs;

struct umbra_train_plan {
  umbra_counted counted;
  umbra_params *params;
  umbra_train_options options; /* its sigmoid is the one below */
  umbra_sigmoid_options sigmoid;
  umbra_privacy_options privacy; /* so, too, if the options have one; and what is true of it then */
  umbra_sensitivity sensitivity;
  double coefficient[UMBRA_SIGMOID_MAX_DEGREE + 1];
  uint32_t degree; /* of the last coefficient that is not 0 */
  uint8_t digest[UMBRA_DIGEST_BYTES];
  int identified;                       /* it was made with the scaling of its records, and these are one training: */
  uint8_t training[UMBRA_DIGEST_BYTES]; /* its id, which the digest does not depend on */
  umbra_matrix_layout layout;           /* of all blocks */
  size_t data_columns;                  /* of their matrices */
  uint32_t state_slots;                 /* of the ciphertexts of the weights, */
  size_t firsts;                        /* and how many these are; a state has two for each */
  umbra_network network;                /* of networks */
  umbra_train_activation activation;
  umbra_train_softmax softmax;
  double data_scale;   /* blocks hold records times this power of two */
  uint64_t block_rows; /* of a full block; a batch is as many blocks as its rows need */
  uint64_t batches, blocks;
  uint32_t data_level;   /* of the first weights */
  uint32_t record_level; /* of blocks: lower, where weights take levels before they meet records */
  umbra_plan_iteration *iteration;
  umbra_bootstrap_plan *refresh;
  int refreshes; /* whether there is any refresh, that of the result included */
  umbra_key_needs *needs;
  umbra_plan_costs costs;
  uint64_t held_bytes; /* see umbra_plan_held */
  umbra_train_report report;
};

/* A block: rows first .. first + rows - 1 in the order of training. */
typedef struct umbra_block_range {
  uint64_t first, rows;
} umbra_block_range;
umbra_block_range umbra_plan_block(const umbra_train_plan *plan, uint64_t block);

/*
 * Rows of the matrix that holds so many records of a block: as many; or, if the plan has weights, the records as they are
 * and, from the next whole part on, times their weights; or, of public features, all of the ciphertexts that targets share.
 */
int umbra_plan_is_weighted(const umbra_train_plan *plan);
uint64_t umbra_plan_weighted_row(const umbra_train_plan *plan, uint64_t rows); /* of the first one with its weight */
uint64_t umbra_plan_matrix_rows(const umbra_train_plan *plan, uint64_t rows);

/* What no |value| of a block is above: by the record_bound or, without one, by what a private plan holds records to; 0: nobody
 * says. */
double umbra_plan_block_bound(const umbra_train_plan *plan);

/* The lowest level at which features are encoded. */
uint32_t umbra_plan_feature_level(const umbra_train_plan *plan);

/* What no first weight is above, in the unit of the first iteration. */
double umbra_plan_first_bound(const umbra_train_plan *plan);

/* Blocks first .. first + count - 1 are a batch. */
void umbra_plan_batch_blocks(uint64_t *first, uint64_t *count, const umbra_train_plan *plan, uint64_t batch);

/* Whether a refresh comes after iteration i; then u must be within the bound, too. */
int umbra_plan_refreshed_after(const umbra_train_plan *plan, uint32_t i);

/* What of a plan does not follow from its options; NULL: it does. */
typedef struct umbra_plan_given {
  const double *coefficient; /* a plan means the same on every machine, whatever its mathematics library */
  const double *activation;  /* likewise: hidden_degree + 1 */
  const umbra_matrix_layout *layout;
  const uint8_t *training; /* its id */
} umbra_plan_given;
/* Options are whole: their sigmoid is not NULL, and their privacy is, or is whole. */
umbra_status umbra_train_plan_make(umbra_train_plan **plan, const umbra_params *params,
                                   const umbra_train_options *options, const umbra_plan_given *given);

/* The polynomials of loss and activation, of a plan that has its options and its sigmoid. Errors: those of the fits. */
umbra_status umbra_plan_fit(umbra_train_plan *plan, const umbra_plan_given *given);

/* Of the model that a dry run of it ends with: what whoever trains declares, at which level, in so many ciphertexts. */
typedef struct umbra_plan_outcome {
  umbra_range range;
  uint32_t level, slots;
  uint64_t ciphertexts;
} umbra_plan_outcome;
umbra_status umbra_plan_find_outcome(umbra_plan_outcome *outcome, const umbra_train_plan *plan);

/* Standard deviation of a slot's error from one rounding at a low level. */
double umbra_plan_rounding(const umbra_train_plan *plan);

/* Fills the errors of the iterations and of the report, of a plan that is complete otherwise. */
void umbra_plan_errors(umbra_train_plan *plan);

/*
 * Of what was asked for, and of what this version makes of it: parameters, options, coefficients, layout, scale of the
 * data. So data sets and checkpoints of a version that would plan otherwise are recognised.
 */
void umbra_train_digest(uint8_t digest[UMBRA_DIGEST_BYTES], const umbra_train_plan *plan);

#endif
