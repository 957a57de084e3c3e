/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A linear map of slots by its diagonals: out = sum over k of diagonal k times the input rotated left by rotation[k],
 * slot by slot.
 */
#ifndef UMBRA_CIRCUITS_TRANSFORM_DIAGONALS_H
#define UMBRA_CIRCUITS_TRANSFORM_DIAGONALS_H

#include <stddef.h>
#include <stdint.h>

typedef struct umbra_diagonals {
  uint32_t slots;    /* a power of two */
  uint32_t period;   /* of every diagonal; a power of two up to slots */
  size_t count;      /* of diagonals */
  int32_t *rotation; /* distinct modulo slots, in ascending order */
  double *value;     /* [count][period] pairs of real and imaginary part */
} umbra_diagonals;

#endif
