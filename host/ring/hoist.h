/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products of plaintexts with rotations of one input, everything over the window and the auxiliary primes in use:
 * the input is decomposed once for all of them (one ModUp: hoisting), and nothing is divided by P (no ModDown before the
 * sum: double hoisting, Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, eprint 2020/1203).
 */
#ifndef UMBRA_RING_HOIST_H
#define UMBRA_RING_HOIST_H

#include "key_switch.h"

/* A rotation: its key, and X -> X^galois after the switch. */
typedef struct umbra_rotation {
  const umbra_switching_key *key;
  uint32_t galois;
} umbra_rotation;

/*
 * Plaintexts that are made at use: all of them as coefficients, which become residues strip by strip, or in a simulation
 * one after the other.
 */
typedef struct umbra_plain_coefficients {
  umbra_status (*make)(int64_t *value, uint32_t *shift, uint32_t i, const void *source); /* n of them, times 2^shift */
  const void *source;
  int64_t *value;  /* device memory: room for n of each plaintext, or in a simulation of one */
  uint32_t *shift; /* of each plaintext in the room */
  uint32_t count;  /* plaintexts */
} umbra_plain_coefficients;

typedef struct umbra_hoist {
  const umbra_view *x; /* 2 polynomials over window */
  umbra_window window;
  int itself; /* whether x itself comes first among the rotations */
  const umbra_rotation *rotation;
  uint32_t rotations;      /* of those that need a key */
  const umbra_poly *plain; /* for each pair of dst one for every rotation, over window and those primes; NULL: */
  umbra_plain_coefficients coefficients; /* the same plaintexts */
} umbra_hoist;

/* dst_{2g+p} = P * sum over rotations b of plain_{g * rotations + b} * (polynomial p of x, rotated by b). */
umbra_status umbra_hoisted_sums(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                const umbra_hoist *hoist);

#endif
