/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of training does. The loop, plans, data sets, checkpoints and ranks know of it only this table, and that its
 * state between two iterations is an array of ciphertexts.
 */
#ifndef UMBRA_TRAIN_KIND_H
#define UMBRA_TRAIN_KIND_H

#include "../ckks/sim.h"
#include "features.h"
#include "plan.h"
#include "records.h"

typedef struct umbra_twin umbra_twin; /* twin.h */

/* Ciphertexts that a training keeps from one iteration to the next, or that one iteration sums up. */
typedef struct umbra_train_state {
  size_t count;
  umbra_ciphertext **part; /* NULL: there is none yet */
} umbra_train_state;

umbra_status umbra_train_state_make(umbra_train_state *state, size_t count);
void umbra_train_state_clear(umbra_train_state *state);

/* Where the values of a data set come from: rows of scaled records, in the order of training. */
typedef struct umbra_train_rows {
  const umbra_train_plan *plan;
  const umbra_records *records;
  const size_t *row; /* their numbers */
  size_t count;
} umbra_train_rows;

/* One block of a data set. */
typedef struct umbra_train_block {
  umbra_matrix *records;   /* encrypted; see umbra_plan_matrix_rows */
  umbra_features features; /* in the clear, if the plan says that they are public */
} umbra_train_block;

void umbra_train_block_clear(umbra_train_block *block);

/*
 * An iteration is `add` for each block of its batch, then `close`. Sums may be those of several ranks, added up: so they
 * are linear, and what is not (sums over rows, the step) comes after them. Outputs are made with room for their parts,
 * all NULL, and cleared by the caller if the call fails.
 */
typedef struct umbra_train_ops {
  const char *name;
  umbra_train_kind model; /* the kind of model that it ends in */

  /* ---- the plan ---- */

  /* What options must be beside what they always must; INVALID_ARGUMENT. */
  umbra_status (*check)(const umbra_train_options *options);
  /* The first part of a plan, whose options are whole: all up to data_scale in plan.h. given: the layout; NULL: chosen. */
  umbra_status (*lay_out)(umbra_train_plan *plan, const umbra_matrix_layout *given);
  uint32_t (*block_parts)(const umbra_train_plan *plan); /* ciphertexts of a whole block */
  size_t (*sums)(const umbra_train_plan *plan);          /* of an iteration's sums; those for the counter come last */
  /* Of the error of a weight's step, in the true unit, from one iteration; see plan_error.c. weights: the mean square of
     the records', 1 if nobody knows. */
  double (*step_variance)(const umbra_train_plan *plan, const umbra_plan_iteration *it, double weights);

  /* ---- in the clear ---- */

  size_t (*weights)(const umbra_train_options *options); /* of the model */
  int (*is_bias)(const umbra_train_options *options, size_t weight);
  void (*initial)(const umbra_train_options *options, double *weights); /* over zeros */
  umbra_status (*check_records)(const umbra_train_options *options, const umbra_records *records);
  /* The gradient of the twin's batch, and the largest values of the outcome. */
  umbra_status (*gradient)(umbra_twin *twin, umbra_train_outcome *outcome, const umbra_train_step *step);
  /* The gradient gets the errors of its last steps, of which step_variance knows the size; those before, `gradient` adds. */
  void (*disturb)(umbra_twin *twin, const umbra_plan_iteration *it);
  umbra_status (*scores)(double *scores, const umbra_train_plan *plan, const umbra_records *records,
                         const double *weights);
  umbra_status (*judge)(umbra_train_outcome *outcome, const umbra_train_plan *plan, const umbra_records *judged,
                        const double *weights);

  /* ---- the owner's side ---- */

  /* source: umbra_train_rows. The values of blocks. */
  double (*value)(umbra_element element, const void *source);
  /* The first weights; NULL: zeros, with which the iterations begin. */
  umbra_status (*encrypt)(umbra_train_state *first, const umbra_train_plan *plan, umbra_encryptor by,
                          const double *weights);

  /* ---- under encryption ---- */

  /* What its iterations share; belongs to one thread at a time, as the evaluator, which stays as long, and so does the
     bootstrapper: NULL if the plan has no refresh. */
  umbra_status (*create)(void **run, const umbra_train_plan *plan, umbra_evaluator *evaluator,
                         const umbra_bootstrapper *bootstrapper);
  void (*destroy)(void *run);

  /* sums += what one block adds in iteration i; a part that is NULL is 0. */
  umbra_status (*add)(void *run, umbra_train_state *sums, const umbra_train_state *state, uint32_t i,
                      const umbra_train_block *block);

  /* The steps of the weights, d of schedule.h, in iteration i, from the sums over all blocks of the batch. */
  umbra_status (*close)(void *run, umbra_train_state *steps, uint32_t i, const umbra_train_state *sums);

  /* *squares = in all slots the sum of the squared errors of the batch, at level 1. Of kinds that count the loss. */
  umbra_status (*count)(void *run, umbra_ciphertext **squares, uint32_t i, const umbra_train_state *sums);

  /* Of each run of the layout's stride, the places that a ciphertext's weights take; the others are 0. NULL: all. */
  uint32_t (*places)(const umbra_train_plan *plan, size_t part);

  /* What weights and biases of a ciphertext are multiplied by, in their slots; returns how many of these there are. */
  size_t (*factors)(double *slot, const umbra_train_plan *plan, size_t part, double weights, double biases);
} umbra_train_ops;

extern const umbra_train_ops umbra_train_logistic_ops, umbra_train_weighted_ops, umbra_train_network_ops,
    umbra_train_weighted_network_ops;

/* UNSUPPORTED if this version does not know the kind. */
umbra_status umbra_train_kind_check(umbra_train_kind kind);

/* Of a kind that is known. */
const umbra_train_ops *umbra_train_ops_of(umbra_train_kind kind);

#endif
