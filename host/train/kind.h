/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of training does. The loop, plans, data sets, checkpoints and ranks know of it only this table, and that its
 * state between two iterations is an array of ciphertexts.
 */
#ifndef UMBRA_TRAIN_KIND_H
#define UMBRA_TRAIN_KIND_H

#include "plan.h"

/* Ciphertexts that a training keeps from one iteration to the next, or that one iteration sums up. */
typedef struct umbra_train_state {
  size_t count;
  umbra_ciphertext **part; /* NULL: there is none yet */
} umbra_train_state;

umbra_status umbra_train_state_make(umbra_train_state *state, size_t count);
void umbra_train_state_clear(umbra_train_state *state);

/*
 * An iteration is `add` for each block of its batch, then `close`. Sums may be those of several ranks, added up: so they
 * are linear, and what is not (sums over rows, the step) comes after them. Outputs are made with room for their parts,
 * all NULL, and cleared by the caller if the call fails.
 */
typedef struct umbra_train_ops {
  const char *name;
  umbra_train_kind model;                         /* the kind of model that it ends in */
  size_t (*states)(const umbra_train_plan *plan); /* ciphertexts of its state */
  size_t (*sums)(const umbra_train_plan *plan);   /* of an iteration's sums */

  /* What its iterations share (constants, an evaluator); belongs to one thread at a time. */
  umbra_status (*create)(void **run, const umbra_train_plan *plan, const umbra_context *context,
                         const umbra_eval_keys *keys, const umbra_progress *progress);
  void (*destroy)(void *run);

  /* The state before the first iteration, from the data set's first weights. */
  umbra_status (*start)(umbra_train_state *state, const umbra_ciphertext *first);

  /* sums += what one block adds in iteration i; a part that is NULL is 0. */
  umbra_status (*add)(void *run, umbra_train_state *sums, const umbra_train_state *state, uint32_t i,
                      const umbra_matrix *block);

  /* The state after iteration i, from the one before it and the sums over all blocks of the batch. */
  umbra_status (*close)(void *run, umbra_train_state *after, const umbra_train_state *before, uint32_t i,
                        const umbra_train_state *sums);

  /* The same state at the highest level. */
  umbra_status (*refresh)(void *run, umbra_train_state *fresh, const umbra_train_state *state);

  /* Which computes all of it. */
  umbra_evaluator *(*evaluator)(void *run);
} umbra_train_ops;

extern const umbra_train_ops umbra_train_logistic_ops, umbra_train_weighted_ops;

/* UNSUPPORTED if this version does not know the kind. */
umbra_status umbra_train_kind_check(umbra_train_kind kind);

/* Of a kind that is known. */
const umbra_train_ops *umbra_train_ops_of(umbra_train_kind kind);

#endif
