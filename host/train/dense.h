/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dense layer that is trained: its products with encrypted weights, forward, backward and for their gradient.
 *
 * Values of a layer lie by positions: slot p * stride + r belongs to position p of record r, and both complex parts hold
 * records. With P positions, n units and h = the least power of two with h >= n, the layer has h diagonals, which wrap
 * around,
 *
 *     D_i[p] = W[p mod h][(p + i) mod P]     z = sum over i of D_i * (x turned by i), folded from P positions to h,
 *
 * so z is at position j what it is at position j mod h. Diagonals are kept turned back by their giant step (Halevi, Shoup,
 * CRYPTO 2014) and compact, `stride` of them in a ciphertext (UMBRA_MATRIX_WRAPPED); the gradient of the weights lands in
 * the same places. All work is for 2 * stride records at once.
 */
#ifndef UMBRA_TRAIN_DENSE_H
#define UMBRA_TRAIN_DENSE_H

#include "features.h"

/* A layer: rows are units, columns inputs. */
typedef struct umbra_dense {
  size_t rows, columns;
  umbra_matrix_layout layout; /* wrapped */
  uint32_t diagonals;
} umbra_dense;

/* A layer with so many positions, at least the columns and the units; powers of two. */
umbra_dense umbra_dense_of(size_t rows, size_t columns, uint32_t positions, uint32_t stride);

static inline uint32_t umbra_dense_babies(const umbra_dense *d) { return d->layout.group; }
static inline uint32_t umbra_dense_giants(const umbra_dense *d) { return d->diagonals / d->layout.group; }
size_t umbra_dense_parts(const umbra_dense *d); /* ciphertexts of its weights */

/*
 * diagonal[i] = factor D_i, turned back, of all records: the slots of a position are alike. Takes so many levels: 1 or, with
 * a third of the key switches, 2.
 */
umbra_status umbra_dense_expand(umbra_evaluator *evaluator, umbra_ciphertext **diagonal, const umbra_dense *dense,
                                const umbra_ciphertext *const *weights, double factor, uint32_t levels);

/* outs[k] = x rotated by (first + k) * step. */
umbra_status umbra_dense_rotate(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *x,
                                int32_t first, uint32_t count, int32_t step);

/* babies[t] = x turned by t positions; giants[g] = x turned back by g giant steps. */
umbra_status umbra_dense_turn(umbra_evaluator *evaluator, umbra_ciphertext **babies, const umbra_dense *dense,
                              const umbra_ciphertext *x);
umbra_status umbra_dense_turn_back(umbra_evaluator *evaluator, umbra_ciphertext **giants, const umbra_dense *dense,
                                   const umbra_ciphertext *x);

/* *out = W x, at all positions, from the babies of x. Takes a level. */
umbra_status umbra_dense_forward(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_dense *dense,
                                 umbra_ciphertext *const *diagonal, umbra_ciphertext *const *babies);

/* The same of features in the clear, one ciphertext of their records, at the level of the diagonals. */
umbra_status umbra_dense_forward_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_dense *dense,
                                       umbra_ciphertext *const *diagonal, const umbra_features *features, size_t part);

/* *out = transposed W times e, at all positions, from the giants of e. Takes a level. */
umbra_status umbra_dense_backward(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_dense *dense,
                                  umbra_ciphertext *const *diagonal, umbra_ciphertext *const *giants);

/*
 * sums[i] += the products of x and e that belong to diagonal i, slot by slot, over all parts: a record's gradient is the
 * real part of the conjugate of e times x, so e is given conjugated. babies and giants: those of all parts, one part after
 * the other. One relinearisation for each diagonal. Takes a level.
 */
umbra_status umbra_dense_gradient(umbra_evaluator *evaluator, umbra_ciphertext **sums, const umbra_dense *dense,
                                  umbra_ciphertext *const *babies, umbra_ciphertext *const *giants, size_t parts);

/* The same of features in the clear, without relinearisations. */
umbra_status umbra_dense_gradient_plain(umbra_evaluator *evaluator, umbra_ciphertext **sums, const umbra_dense *dense,
                                        const umbra_features *features, umbra_ciphertext *const *giants, size_t parts);

/* gathered[q] = twice the factor times the real part of the sums over all records, as the weights lie. Takes a level. */
umbra_status umbra_dense_gather(umbra_evaluator *evaluator, umbra_ciphertext **gathered, const umbra_dense *dense,
                                umbra_ciphertext *const *sums, double factor);

#endif
