/* SPDX-License-Identifier: Apache-2.0 */
/* Which records an iteration takes, and the numbers of its step: what of a plan has nothing to do with encryption. */
#ifndef UMBRA_TRAIN_SCHEDULE_H
#define UMBRA_TRAIN_SCHEDULE_H

#include <umbra/train.h>

/* Computed with + - * / and square roots only, so every machine finds the same. */
typedef struct umbra_train_step {
  uint64_t batch;       /* its number */
  uint64_t first, rows; /* records, in the order of training */
  double rate, eta;
  double before; /* 1 - eta of the step before; 1 at first */
} umbra_train_step;

/*
 * What a step makes of the two parts of a state, w and u of plan.h, before d = rate g is added to both: w becomes
 * ww w + wu u + d, and u becomes uw w + uu u + d.
 */
typedef struct umbra_train_mix {
  double ww, wu, uw, uu;
} umbra_train_mix;

/* Without penalty; and of weights that have one. step: NULL if gradients are taken at w and there is no penalty. */
umbra_train_mix umbra_train_mix_of(const umbra_train_options *options, const umbra_train_step *step);
umbra_train_mix umbra_train_shrinking_mix(const umbra_train_options *options, const umbra_train_step *step);

/* Whether gradients are taken at w, and u is a velocity; else they are taken at `before` u. */
int umbra_train_at_weights(const umbra_train_options *options);

/*
 * INVALID_ARGUMENT, with the option's name, if an option is out of its range; UNSUPPORTED, if no such kind is known.
 * Their sigmoid is not NULL.
 */
umbra_status umbra_train_options_check(const umbra_train_options *options);

/* Batches of the data set, and the records of one of them; the options are checked. */
uint64_t umbra_train_batches(const umbra_train_options *options);
void umbra_train_batch(uint64_t *first, uint64_t *rows, const umbra_train_options *options, uint64_t batch);

/* The next of the words that follow from a seed, which is the first state. */
uint64_t umbra_train_random(uint64_t *state);

/* order: 0 .. count - 1 in an order that follows from the seed, the same on every machine. */
void umbra_train_shuffle(size_t *order, size_t count, uint64_t seed);

/* Uniform in [-1, 1); *state: a seed at first. */
double umbra_train_draw(uint64_t *state);

/* Nearly Gaussian, of deviation 1. */
double umbra_train_gaussian(uint64_t *state);

/* order[k]: the row of the k-th record in the order of training, which is no secret. */
void umbra_train_deal(size_t *order, const umbra_train_options *options);

/* step: one for each iteration. */
void umbra_train_schedule(umbra_train_step *step, const umbra_train_options *options);

#endif
