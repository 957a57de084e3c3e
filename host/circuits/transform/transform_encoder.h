/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagonals become plaintexts, one after the other: that of a baby and a giant step is turned back by the giant step,
 * which turns the sum.
 */
#ifndef UMBRA_CIRCUITS_TRANSFORM_TRANSFORM_ENCODER_H
#define UMBRA_CIRCUITS_TRANSFORM_TRANSFORM_ENCODER_H

#include "transform.h"

typedef struct umbra_diagonal_encoder {
  const umbra_transform *transform;
  const umbra_diagonals *diagonals;
  umbra_stream *stream;
  double *filled;        /* period pairs, of a diagonal; NULL if the diagonals have values, or bounds are enough */
  int64_t *coefficients; /* device memory */
  umbra_poly whole;      /* where plaintexts are stored short: one that is still to be shortened */
  uint32_t *words;       /* of a limb; NULL on a dry device */
} umbra_diagonal_encoder;

/* log_gap: of the plaintexts. Close it in any case. */
umbra_status umbra_diagonal_encoder_open(umbra_diagonal_encoder *encoder, const umbra_transform *transform,
                                         const umbra_diagonals *diagonals, umbra_stream *stream, uint32_t log_gap);
void umbra_diagonal_encoder_close(umbra_diagonal_encoder *encoder);

/* The n coefficients of a cell's plaintext, into device memory: times 2^*shift. */
umbra_status umbra_diagonal_coefficients(const umbra_diagonal_encoder *encoder, int64_t *coefficients, uint32_t *shift,
                                         uint32_t cell);

/* In a simulation: what a cell's plaintext holds there, without its rounding; or *empty, if it has no diagonal. */
umbra_status umbra_diagonal_whole(const umbra_diagonal_encoder *encoder, double *parts, int *empty, uint32_t cell);

/* Polynomial `index` of `to` becomes the plaintext of a cell of the plan: zeros if that has no diagonal. */
umbra_status umbra_diagonal_encode(const umbra_diagonal_encoder *encoder, const umbra_poly *to, uint32_t index,
                                   uint32_t cell);

#endif
