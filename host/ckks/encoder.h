/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between slots and coefficients. A vector of m slots is a polynomial in X^(n / 2m): slot j is its value at
 * zeta^(5^j), which the transform of kernels.h keeps at index brev((5^j - 1) / 4 mod m).
 */
#ifndef UMBRA_CKKS_ENCODER_H
#define UMBRA_CKKS_ENCODER_H

#include "ciphertext_internal.h"

/* What is to be encoded: `count` reals (stride 1), or pairs (stride 2), and how. */
typedef struct umbra_values {
  const double *value; /* NULL: zeros; on a dry device any values within the bound */
  double bound;
  int bounded;     /* they are finite and within the bound: nobody has to look */
  double declared; /* one that they must be within, which is public in the place of what they are; 0: none */
  size_t count;
  int stride;
  uint32_t turn; /* slot j gets value j + turn modulo the slots */
  uint32_t level, slots;
  umbra_log2 log_scale; /* of the encoding; the level says how large it may become */
  int bulk;
  int known; /* to whoever encodes them, as weights are: nothing has to be wiped */
} umbra_values;

/* The power of two above, so that a tracked bound says no more about the values than that; at least 1. */
double umbra_public_magnitude(double magnitude);

/*
 * Values as integers coefficient * 2^shift; coefficients: n integers in device memory. magnitude
 * becomes a bound on the slots: the power of two above, at least 1. A dry device only reads how large the values are.
 */
umbra_status umbra_encode_coefficients(int64_t *coefficients, uint32_t *shift, double *magnitude,
                                       const umbra_context *context, umbra_stream *stream, const umbra_values *values);

/*
 * In a simulation: what a polynomial of values within a bound holds there, n/2 real and as many imaginary parts,
 * without its rounding.
 */
umbra_status umbra_encode_whole(double *parts, const umbra_context *context, umbra_stream *stream,
                                const umbra_values *values);

/* A polynomial to be decoded: its limbs in the evaluation domain, as a function of the window that is asked for. */
typedef struct umbra_message {
  const umbra_context *context;
  uint32_t level, slots;
  /* Fills dst (one polynomial over a part of the level's window) with the message. */
  umbra_status (*residues)(const umbra_view *dst, umbra_window window, umbra_stream *stream, const void *source);
  const void *source;
  int any; /* 1: what no double holds is no error, but infinite or no number */
} umbra_message;

/*
 * The first count slots: reals (stride 1) or pairs (stride 2). RANGE if any slot holds what no double can, unless any is wanted. *largest (may be
 * NULL) becomes the largest |coefficient|.
 */
umbra_status umbra_decode_message(double *values, size_t count, int stride, const umbra_message *message,
                                  double *largest);

#endif
