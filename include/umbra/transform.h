/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear maps of slots: plain matrices times encrypted vectors.
 *
 * A map is a sum of diagonals times rotations of its input (Halevi, Shoup, CRYPTO 2014), in baby and giant steps; all
 * baby steps share one decomposition of the input, and nothing is divided before the sums are complete (double
 * hoisting: Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, eprint 2020/1203). Diagonals of zeros cost nothing. Several
 * maps of one input share its baby steps.
 *
 * A transform is such maps, encoded for one level of one context. It is immutable and shared by evaluators, and has no
 * keys. What it costs and which keys it needs is told by a dry device (umbra/cost.h), where it is made and applied in the
 * same way:
 *
 *     umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .values = matrix, .rows = 10, .columns = 784};
 *     umbra_transform_create(&transform, context, &desc, NULL);
 *     umbra_transform_apply(evaluator, &y, x, transform);
 */
#ifndef UMBRA_TRANSFORM_H
#define UMBRA_TRANSFORM_H

#include <umbra/evaluator.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_transform umbra_transform;

/* When diagonals become plaintexts: results are the same bits. */
typedef enum umbra_transform_encode_when {
  UMBRA_TRANSFORM_ENCODED = 0, /* once, when the transform is created */
  UMBRA_TRANSFORM_AT_USE = 1   /* in each umbra_transform_apply: more time, and less memory, 16 bytes a value */
} umbra_transform_encode_when;

/*
 * What is to be mapped, and how. Arrays are read while the transform is created.
 *
 * A matrix (rotations is NULL) maps a vector of `columns` slots to one of `rows`: out_r = sum over c of values[r][c]
 * in_c. With slots = 0 the input has the least power of two of slots that holds columns, and the output that for rows:
 * a wide matrix has as many diagonals as the output has slots, and what they give is folded by rotations at the level
 * below, as many as log2 of the quotient of both. Otherwise input and output have that many slots; what the input holds
 * beyond columns is ignored, and the output is zero beyond rows. Rows beyond the slots go to further outputs: output i
 * has rows from i * slots on.
 *
 * Diagonals (rotations is given) map out_j = sum over k < diagonals of values[k][j] in_{j + rotations[k]}, counted modulo
 * the slots: rotations are to the left. Further outputs have arrays of their own: values[output][k][j].
 */
typedef struct umbra_transform_desc {
  size_t struct_size;
  const double *values;     /* NULL, on a dry device only: any within the bound */
  double bound;             /* then: on every |value| */
  int pairs;                /* values are pairs of a real and an imaginary part; 0: reals */
  size_t rows, columns;     /* of a matrix; rows: of all outputs */
  const int32_t *rotations; /* of diagonals, distinct modulo slots; NULL: a matrix */
  size_t diagonals;         /* how many rotations there are; at most slots */
  size_t outputs;           /* of diagonals; 0: one */
  uint32_t slots;           /* a power of two; 0: of a matrix as above, of diagonals n / 2 */
  uint32_t level;           /* of the input, at least 1; or UMBRA_TOP_LEVEL. Outputs are one level below */
  uint32_t baby_steps;      /* from one giant step to the next, in units of the rotations' common divisor; 0: fastest */
  int min_key;              /* chains of rotations: two keys and one for each output at most, and more time */
  umbra_transform_encode_when encode; /* at use: not within a circuit that is recorded */
} umbra_transform_desc;
#define UMBRA_TRANSFORM_DESC_INIT .struct_size = sizeof(umbra_transform_desc), .level = UMBRA_TOP_LEVEL, .bound = 1
UMBRA_API void umbra_transform_desc_init(umbra_transform_desc *desc, size_t size);
#define umbra_transform_desc_init(desc) umbra_transform_desc_init((desc), sizeof *(desc))

/*
 * Encodes the maps. Memory: umbra_transform_bytes, and 16 bytes for each value of the diagonals while it is made; one
 * that encodes at use takes these 16 bytes to stay, and while it is applied room for all baby steps and their
 * diagonals, three polynomials each. The level's scale says how finely values are encoded. Errors: INVALID_ARGUMENT
 * (sizes, slots, rotations that are equal, no values), NO_LEVEL, UNSUPPORTED (an encode that this version does not
 * know), RANGE (values that are not finite or too large for the level, more columns than slots, more than 65535
 * diagonals, with places of zeros that a split leaves between them), OUT_OF_MEMORY, CANCELLED. progress: may be NULL.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_transform_create(umbra_transform **transform, const umbra_context *context,
                                                             const umbra_transform_desc *desc,
                                                             const umbra_progress *progress);

/* The same transform, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_transform *umbra_transform_share(const umbra_transform *transform);
UMBRA_API void umbra_transform_destroy(umbra_transform *transform);

UMBRA_API uint64_t umbra_transform_bytes(const umbra_transform *transform);    /* of its diagonals */
UMBRA_API size_t umbra_transform_outputs(const umbra_transform *transform);    /* ciphertexts */
UMBRA_API uint32_t umbra_transform_slots_in(const umbra_transform *transform); /* inputs have so many, or fewer */
UMBRA_API uint32_t umbra_transform_slots_out(const umbra_transform *transform);
UMBRA_API uint32_t umbra_transform_level(const umbra_transform *transform); /* of inputs, or a higher one */

/*
 * outs[i] = the i-th map of a, one level below the transform's, for all umbra_transform_outputs. outs: different handles,
 * NULL or to be replaced; one may be a. An input of fewer slots repeats in those of the transform. Higher levels are
 * dropped first; lower ones are refreshed if the evaluator does that. Needs keys of rotations. Errors: NO_LEVEL,
 * INVALID_ARGUMENT (more slots than the transform's inputs have), MISSING_KEY, MISMATCH (another context), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_transform_apply(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                                            const umbra_ciphertext *a,
                                                            const umbra_transform *transform);

UMBRA_END_DECLS

#endif
