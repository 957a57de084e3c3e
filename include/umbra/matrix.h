/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypted matrices, packed row by row: columns are padded to a power of two (the stride), so a ciphertext holds
 * slots / stride rows, and a matrix as many ciphertexts as its rows need.
 */
#ifndef UMBRA_MATRIX_H
#define UMBRA_MATRIX_H

#include <umbra/evaluator.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_matrix umbra_matrix; /* immutable, shareable */

/*
 * Encrypts rows x columns values in row order; in the stride there is always room for one more column, which holds ones
 * (so that a bias is a weight; results of computations have no such column). Errors: INVALID_ARGUMENT (empty), RANGE
 * (columns + 1 above the slots; values).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_encrypt(umbra_matrix **matrix, const umbra_public_key *key,
                                                           const double *values, size_t rows, size_t columns);

/* All rows x columns values, in row order. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_decrypt(double *values, const umbra_matrix *matrix,
                                                           const umbra_secret_key *key);

UMBRA_API size_t umbra_matrix_rows(const umbra_matrix *matrix);
UMBRA_API size_t umbra_matrix_columns(const umbra_matrix *matrix);
UMBRA_API size_t umbra_matrix_stride(const umbra_matrix *matrix);
UMBRA_API uint32_t umbra_matrix_level(const umbra_matrix *matrix); /* the lowest of its ciphertexts' */
UMBRA_API uint64_t umbra_matrix_bytes(const umbra_matrix *matrix); /* of residues */
UMBRA_API void umbra_matrix_owner(const umbra_matrix *matrix, uint8_t owner[UMBRA_OWNER_BYTES]);
UMBRA_API void umbra_matrix_destroy(umbra_matrix *matrix);

UMBRA_END_DECLS

#endif
