/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear combinations of ciphertexts, many at once: a matrix of real numbers times a column of ciphertexts, whatever these
 * hold, plus constants. It is one product with a matrix of integers modulo each prime, and one division for each result: a
 * level, no rotation and no key.
 */
#ifndef UMBRA_CKKS_COMBINE_H
#define UMBRA_CKKS_COMBINE_H

#include "ciphertext_internal.h"
#include "evaluator_internal.h"

/* The matrix and the constants, rounded and encoded for one level; immutable. */
typedef struct umbra_combinations umbra_combinations;

typedef struct umbra_combinations_desc {
  size_t rows, columns; /* above 0 */
  /* 0: weights are numbers. Else a power of two up to umbra_combinations_most_period: rows are more than results, of
     which i has in slots that are u modulo the period the sums of row i * period + u. */
  uint32_t period;
  uint32_t level; /* of the inputs, at least 1 */
  /* Finite numbers. Asked only by contexts that have values; constant: NULL: there are none. */
  double (*weight)(size_t row, size_t column, const void *source);
  double (*constant)(size_t row, const void *source); /* not with a period */
  const void *source;
  double largest;          /* bound on every |weight| */
  double largest_constant; /* and on every |constant| */
  double magnitude;        /* declared: bound on every |slot| of the results; 0: it is not */
} umbra_combinations_desc;

/* Of slots; 0: the ring is too small for any. */
uint32_t umbra_combinations_most_period(const umbra_context *context);

/* Errors: RANGE (too large for the level; a period that is too large), OUT_OF_MEMORY, CANCELLED. */
umbra_status umbra_combinations_create(umbra_combinations **combinations, const umbra_context *context,
                                       const umbra_combinations_desc *desc, umbra_watch *watch);
void umbra_combinations_destroy(umbra_combinations *combinations);
uint64_t umbra_combinations_bytes(const umbra_combinations *combinations);

/*
 * made[i], i < rows (or as many results as their periods are), NULL before, = sum over j < columns of weight(i, j) a[j]
 * + constant(i), one level below. Inputs are of one owner, and of that level or higher ones, or are refreshed. both:
 * constants are of imaginary parts, too. If it fails some may have been made. Errors: UNSUPPORTED (three parts and a
 * period), NO_LEVEL, MISMATCH, RANGE (of a strict evaluator), OUT_OF_MEMORY, CANCELLED.
 */
umbra_status umbra_combine(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *const *a,
                           const umbra_combinations *combinations, int both);

#endif
