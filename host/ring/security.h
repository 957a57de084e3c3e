/* SPDX-License-Identifier: Apache-2.0 */
/* How large a modulus a ring carries at a given security. */
#ifndef UMBRA_RING_SECURITY_H
#define UMBRA_RING_SECURITY_H

#include "fixed.h"

/* Largest log2(QP) for a ring of 2^log_n at 128, 192 or 256 classical bits; 0 if the table has no such row. */
uint32_t umbra_security_bound(uint32_t log_n, uint32_t security);

/* The security of a key of that modulus: 256, 192, 128, or 0 when it is less. */
uint32_t umbra_security_of(uint32_t log_n, umbra_log2 log_qp);

#endif
