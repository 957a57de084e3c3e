/* SPDX-License-Identifier: Apache-2.0 */
/* Logistic models, encrypted: probabilities of encrypted records under an encrypted model. */
#ifndef UMBRA_LOGISTIC_H
#define UMBRA_LOGISTIC_H

#include <umbra/matrix.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_logistic umbra_logistic; /* immutable, shareable */

/*
 * Encrypts weights and bias. A record whose weights . x + bias leaves the range may spoil the scores of all records
 * that share its ciphertext, so choose the range with room. Public with the model: `range`, the interval [-range,
 * range] of weights . x + bias in which the sigmoid is approximated, and `degree` (1..63) of its Chebyshev interpolant.
 * Errors: INVALID_ARGUMENT, RANGE.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_encrypt(umbra_logistic **model, const umbra_public_key *key,
                                                             const double *weights, size_t features, double bias,
                                                             double range, uint32_t degree);

/* Levels that umbra_logistic_score takes. */
UMBRA_API uint32_t umbra_logistic_depth(uint32_t degree);

/*
 * Adds the keys that umbra_logistic_score needs for so many features, with records at that level or below; UMBRA_TOP_LEVEL:
 * as umbra_matrix_encrypt makes them. Errors: INVALID_ARGUMENT (features, levels), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_needs(umbra_key_needs *needs, size_t features, uint32_t level);

/*
 * scores = matrix of rows x 1: sigmoid(weights . row + bias). One product, log2(stride) rotations and the polynomial
 * for each ciphertext of records. Errors: INVALID_ARGUMENT (columns differ; records that are a result), those of the
 * evaluator.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_score(umbra_evaluator *evaluator, umbra_matrix **scores,
                                                           const umbra_logistic *model, const umbra_matrix *records);

/* weights: umbra_logistic_features of them. Errors: INVALID_ARGUMENT, MISMATCH, RANGE, OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_decrypt(double *weights, double *bias, const umbra_logistic *model,
                                                             const umbra_secret_key *key);

/* The same interpolant in the clear, for comparison. NaN for z outside [-range, range] or arguments out of range. */
UMBRA_API double umbra_logistic_value(double z, double range, uint32_t degree);

UMBRA_API size_t umbra_logistic_features(const umbra_logistic *model);
UMBRA_API uint64_t umbra_logistic_bytes(const umbra_logistic *model); /* of residues */
UMBRA_API void umbra_logistic_owner(const umbra_logistic *model, uint8_t owner[UMBRA_OWNER_BYTES]);
UMBRA_API void umbra_logistic_destroy(umbra_logistic *model);

UMBRA_END_DECLS

#endif
