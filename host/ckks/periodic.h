/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real values that repeat in the slots with a period of P, a power of two: their polynomials are in X^(n / 2P) and have
 * 2P coefficients, whatever the ring.
 */
#ifndef UMBRA_CKKS_PERIODIC_H
#define UMBRA_CKKS_PERIODIC_H

#include <umbra/status.h>

#include <stdint.h>

enum { UMBRA_MOST_PERIOD = 64 };

typedef struct umbra_periodic {
  uint32_t period; /* 0: there are no tables */
  double *cosine;  /* [period][2 period]: row u has what coefficients take of value u */
} umbra_periodic;

umbra_status umbra_periodic_open(umbra_periodic *periodic, uint32_t period);
void umbra_periodic_close(umbra_periodic *periodic); /* also of a zeroed one */

/* The integers nearest to the coefficients times the factor. */
void umbra_periodic_round(int64_t *coefficient, const umbra_periodic *periodic, const double *value, double factor);

#endif
