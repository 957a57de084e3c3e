/* SPDX-License-Identifier: Apache-2.0 */
/* Plain matrices that encrypted ones are multiplied with: encoded once, for any number of evaluators and clients. */
#ifndef UMBRA_WEIGHTS_H
#define UMBRA_WEIGHTS_H

#include <umbra/array.h>
#include <umbra/context.h>
#include <umbra/matrix.h>
#include <umbra/progress.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_weights umbra_weights; /* immutable, shareable */

/*
 * A linear layer W x + b: W of `rows` outputs and `columns` inputs, for the rows x of encrypted matrices
 * (umbra/product.h) of a layout by columns, shifted, or interleaved, which says how the product is made:
 *
 * A ciphertext a column (stride = slots): linear combinations of ciphertexts, as one matrix product modulo each prime. No
 * rotation, no key; the cheapest for as many records as there are slots. Memory: 4 bytes for each weight and prime.
 *
 * Several columns in a ciphertext (stride < slots): diagonals in rotations by multiples of the stride (umbra/transform.h),
 * as many as the less of the columns of an input and of an output ciphertext, and foldings if the output has fewer; with
 * all slots of one row of records, stride 1, this is a matrix times a vector. A dry device tells the keys. It is cheapest
 * with as few slots as hold the columns. A layout by rows stands for matrices of one row.
 *
 * Shifted copies (few records, which their owner encrypts like that): as many diagonals as copies are shifted by, instead
 * of as many as rows, and foldings of slots / stride copies. So 784 columns and 128 rows take 16 diagonals and 6 foldings
 * with a stride of 128 in 8192 slots, and 128 diagonals and 3 foldings without copies; umbra/product_plan.h compares them.
 *
 * Interleaved, copies of a column in a ciphertext (group 1; some records, fewer than there are slots): sums of
 * ciphertexts times one polynomial for as many rows as a run has slots, which become columns beside each other. No
 * rotation, no key, and as many times fewer products, and results, than by columns. Memory: 8 bytes for each weight and
 * prime.
 *
 * Interleaved, columns beside each other (group = stride, as products leave them): diagonals in rotations by less than
 * the stride, to both sides, whose plaintexts are as short as the stride.
 *
 * Weights are rounded at the level's scale.
 */
typedef struct umbra_weights_desc {
  size_t struct_size;
  const umbra_array *values; /* W. data: NULL, on a dry device only: any within the bound */
  const umbra_array *bias;   /* rows x 1, data as above; NULL: none */
  double bound;              /* on every |element|, without data */
  /* Of the matrices, as umbra_matrix_layout_of tells it, or as given for their encryption unless that is by columns or
     interleaved with a stride of 0. NULL: a ciphertext a column. */
  const umbra_matrix_layout *layout;
  uint32_t level; /* of the matrices, at least 1; or UMBRA_TOP_LEVEL. Products are one level below */
  /* Declared of products (umbra/range.h): no |slot| is larger, with two elements in pairs, nor what padding holds. 0: what
     follows from sums of |weight|, which can be far more than values ever are. */
  double magnitude;
} umbra_weights_desc;
#define UMBRA_WEIGHTS_DESC_INIT .struct_size = sizeof(umbra_weights_desc), .bound = 1, .level = UMBRA_TOP_LEVEL
UMBRA_API void umbra_weights_desc_init(umbra_weights_desc *desc, size_t size);
#define umbra_weights_desc_init(desc) umbra_weights_desc_init((desc), sizeof *(desc))

/*
 * Arrays are read while the weights are made. Errors: INVALID_ARGUMENT (no values; shapes of 0; a bias of another
 * shape; weights or bias alone with data; a layout that is none, or has no stride by columns; a bound or magnitude that
 * is negative or not finite), RANGE (shapes of 2^31; elements that are not finite, or too large for the level; more
 * than 65535 diagonals of one ciphertext; copies in runs of more than 64 slots, or than n / 32), NO_LEVEL,
 * OUT_OF_MEMORY, CANCELLED. progress: may be NULL.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_weights_create(umbra_weights **weights, const umbra_context *context,
                                                           const umbra_weights_desc *desc,
                                                           const umbra_progress *progress);

/* The same weights, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_weights *umbra_weights_share(const umbra_weights *weights);
UMBRA_API void umbra_weights_destroy(umbra_weights *weights);

UMBRA_API size_t umbra_weights_rows(const umbra_weights *weights);
UMBRA_API size_t umbra_weights_columns(const umbra_weights *weights);
UMBRA_API uint32_t umbra_weights_level(const umbra_weights *weights); /* of matrices, or a higher one */
UMBRA_API uint64_t umbra_weights_bytes(const umbra_weights *weights); /* of residues */

UMBRA_END_DECLS

#endif
