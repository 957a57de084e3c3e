/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models that may be shown although their records may not: (epsilon, delta)-differential privacy of trainings.
 *
 * Two data sets are neighbours if they have equally many records and all but one of these are the same, at the same places.
 * A release is (epsilon, delta)-private if, of any two neighbours, no outcome is likelier by more than a factor e^epsilon
 * with the one than with the other, but for a probability of delta. Only the last model is released, once, with Gaussian
 * noise: it is added by the owner, as integers, before anything is decoded (umbra/disclosure.h), and if so planned as much
 * by whoever trains, under encryption, before. Batches follow
 * from the plan, not from the records, each record is in one batch of an epoch, and nothing is gained by drawing them.
 *
 * How much noise follows from the sensitivity: the largest distance between the last models of any two neighbours. It is
 * proved, for linear models with plain steps from zeros, from the norm of records, the slope of the plan's polynomial on a
 * range that no record can leave, the penalty, rates and batches; docs/privacy.md has the proof. Momentum is refused:
 * distances may grow exponentially with it (Attia, Koren, NeurIPS 2021).
 *
 * The promise is of the arithmetic of the plan. Errors of the encrypted computation are counted by the bound that the plan
 * declares, twice, which is a heuristic; and it holds for the model that the plan's own computation made of these records.
 * Whatever else is told about the records (settings and scalings that follow from them, other releases) is not covered.
 */
#ifndef UMBRA_PRIVACY_H
#define UMBRA_PRIVACY_H

#include <umbra/train.h>

UMBRA_BEGIN_DECLS

/*
 * Copies of records whose features have a Euclidean norm up to `norm`: longer ones are shortened, and the rest is as it
 * was. label_limit: labels that are values are cut off at -label_limit and label_limit; 0: they are not. Errors:
 * INVALID_ARGUMENT, OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_records_limit(umbra_records **limited, const umbra_records *records,
                                                          double norm, double label_limit);

/* What is true of a training whatever its records are. */
typedef struct umbra_sensitivity {
  size_t struct_size;
  double sensitivity;   /* Euclidean distance of the last models of neighbours, all weights and biases, at most */
  double largest_norm;  /* of the weights and the bias of an output, in any iteration and at the end */
  double largest_score; /* |score| of a record in any iteration */
  double
      largest_growth; /* of the distance of two models in one iteration with the same records; 1 or less: none grows */
} umbra_sensitivity;
#define UMBRA_SENSITIVITY_INIT .struct_size = sizeof(umbra_sensitivity)
UMBRA_API void umbra_sensitivity_init(umbra_sensitivity *sensitivity, size_t size);
#define umbra_sensitivity_init(sensitivity) umbra_sensitivity_init((sensitivity), sizeof *(sensitivity))

/*
 * Of options with `privacy`, without a plan; in well under a second. Errors: INVALID_ARGUMENT (also no privacy), RANGE
 * (scores may leave the range of the polynomial: the text says in which iteration), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_sensitivity(umbra_sensitivity *sensitivity,
                                                              const umbra_train_options *options);

/* What a plan promises, and what that takes. */
typedef struct umbra_privacy {
  size_t struct_size;
  double epsilon, delta;
  double sensitivity;   /* proved, of the training */
  double error;         /* as much more for errors of the encrypted computation, as the plan declares them */
  double noise;         /* standard deviation of that of each weight */
  double error_bound;   /* E of umbra_disclosure_options, of a weight */
  double statistical;   /* s that one release of the model reaches by this noise; below 1: it does not */
  uint64_t ciphertexts; /* of the model */
  uint32_t shares;      /* of that noise: 1, or 2 if whoever trains adds one, too */
} umbra_privacy;
#define UMBRA_PRIVACY_INIT .struct_size = sizeof(umbra_privacy)
UMBRA_API void umbra_privacy_init(umbra_privacy *privacy, size_t size);
#define umbra_privacy_init(privacy) umbra_privacy_init((privacy), sizeof *(privacy))

/*
 * Of a plan that was made with `privacy`; the training is run dry. Whoever releases the model gives `noise` and
 * `error_bound` to umbra_logistic_decrypt_public or, of UMBRA_TRAIN_NETWORK, umbra_matrix_decrypt_public. Of two shares
 * whoever trains adds the first one by umbra_logistic_add_noise or umbra_matrix_add_noise, once, and gives the owner
 * neither the model without it nor a checkpoint. Errors:
 * INVALID_ARGUMENT (no privacy), those of the sampler (noise that is too small or large for it), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_privacy(const umbra_train_plan *plan, umbra_privacy *privacy);

/*
 * Adds noise of that deviation to umbra_train_plan_weights weights of the twin, to predict what a release will be worth.
 * It follows from the seed, and is no secret: what comes of it is not private. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_add_noise(const umbra_train_plan *plan, double *weights,
                                                                 double noise, uint64_t seed);

UMBRA_END_DECLS

#endif
