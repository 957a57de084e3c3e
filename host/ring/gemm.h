/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of matrices of integers with columns of polynomials: the kernel gemm, and what it wants of a matrix. Or of
 * matrices of short polynomials with columns of ciphertexts, by the kernel plain_products.
 */
#ifndef UMBRA_RING_GEMM_H
#define UMBRA_RING_GEMM_H

#include "ring.h"

/* Integers times 2^shift, in device memory: residues of each limb of a window, or numbers where residues are none. */
typedef struct umbra_int_matrix {
  void *data;
  uint32_t rows, columns;
  umbra_window window;
  uint32_t log_gap; /* 0: of integers; else of polynomials in X^(2^log_gap), as plain_products takes them */
} umbra_int_matrix;

/*
 * shape: of which data is not set. value: [columns][rows], or of polynomials [rows][columns][n >> log_gap] coefficients,
 * |value| < 2^62; NULL on a device that holds no values. The stream is waited for. Errors: OUT_OF_MEMORY, DEVICE.
 */
umbra_status umbra_int_matrix_create(umbra_int_matrix *matrix, umbra_ring *ring, umbra_stream *stream,
                                     const umbra_int_matrix *shape, const int64_t *value, uint32_t shift);
void umbra_int_matrix_destroy(umbra_int_matrix *matrix, umbra_ring *ring); /* also of a zeroed one */
size_t umbra_int_matrix_bytes(const umbra_int_matrix *matrix, const umbra_ring *ring);

/*
 * dst_{parts i + p} = sum over columns j of value[j][i] * a_{parts j + p}, p < parts, over successive limbs of the
 * matrix's window. dst no input of the call; polynomials: parts is 2.
 */
void umbra_ring_gemm(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                     const umbra_int_matrix *matrix, uint32_t parts);

#endif
