/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A linear map of slots by its diagonals: out = sum over k of diagonal k times the input rotated left by rotation[k],
 * slot by slot. Or several maps of one input: each has its own diagonals, at least one.
 */
#ifndef UMBRA_CIRCUITS_TRANSFORM_DIAGONALS_H
#define UMBRA_CIRCUITS_TRANSFORM_DIAGONALS_H

#include <umbra/status.h>

#include <stddef.h>
#include <stdint.h>

typedef struct umbra_diagonals {
  uint32_t slots;    /* a power of two */
  uint32_t period;   /* of every diagonal; a power of two up to slots */
  size_t count;      /* of diagonals, of all maps */
  int32_t *rotation; /* distinct modulo slots in every map */
  uint32_t *map;     /* of each diagonal, in ascending order; NULL: there is one map */
  uint32_t maps;
  double *value; /* [count][period] pairs of real and imaginary part; NULL: only the bounds are known, or: */
  void (*fill)(double *pairs, size_t diagonal, const void *source); /* writes the period pairs of one */
  const void *source;
  double entry, row; /* bounds on every |value|, and on the sum of |value| over a map's diagonals, at any slot */
} umbra_diagonals;

/* Memory for that many of one map; without values, value is NULL. Contents zero, bounds not set. */
umbra_status umbra_diagonals_create(umbra_diagonals *diagonals, uint32_t slots, uint32_t period, size_t count,
                                    int values);

/* Frees what the diagonals hold; zeroed ones hold nothing. */
void umbra_diagonals_destroy(umbra_diagonals *diagonals);

#endif
