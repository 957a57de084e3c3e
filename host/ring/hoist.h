/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products of plaintexts with rotations of one input, everything over the window and the auxiliary primes in use:
 * the input is decomposed once for all of them (one ModUp: hoisting), and nothing is divided by P (no ModDown before the
 * sum: double hoisting, Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, eprint 2020/1203).
 */
#ifndef UMBRA_RING_HOIST_H
#define UMBRA_RING_HOIST_H

#include "key_switch.h"

/* Plaintexts that become residues strip by strip, which are forgotten: coefficients [count][n], each times 2^shift. */
typedef struct umbra_plain_coefficients {
  const int64_t *value;  /* device memory */
  const uint32_t *shift; /* of each plaintext */
  uint32_t count;
} umbra_plain_coefficients;

/*
 * Plaintexts of a simulation, made one by one: n/2 real and as many imaginary parts before they are rounded, of which
 * 2^log_gap in a row are equal; or *empty, one of zeros.
 */
typedef struct umbra_plain_whole {
  umbra_status (*make)(double *parts, int *empty, uint32_t i, const void *source);
  const void *source;
  uint32_t log_gap;
} umbra_plain_whole;

typedef struct umbra_hoist {
  const umbra_view *x; /* 2 polynomials over window */
  umbra_window window;
  int itself; /* whether x itself comes first among the rotations */
  const umbra_rotation *rotation;
  uint32_t rotations;      /* of those that need a key */
  const umbra_poly *plain; /* for each pair of dst one for every rotation, over window and those primes; NULL: */
  umbra_plain_coefficients coefficients; /* the same plaintexts, or in a simulation: */
  umbra_plain_whole whole;
} umbra_hoist;

/* dst_{2g+p} = P * sum over rotations b of plain_{g * rotations + b} * (polynomial p of x, rotated by b). */
umbra_status umbra_hoisted_sums(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                const umbra_hoist *hoist);

#endif
