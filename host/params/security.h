/* SPDX-License-Identifier: Apache-2.0 */
/* How large a modulus a ring carries at a given security. */
#ifndef UMBRA_PARAMS_SECURITY_H
#define UMBRA_PARAMS_SECURITY_H

#include "chain.h"

/* Largest log2(QP) for a ring of 2^log_n at 128, 192 or 256 classical bits; 0 if the table has no such row. */
uint32_t umbra_security_bound(uint32_t log_n, uint32_t security);

/* The security of a key of that modulus: 256, 192, 128, or 0 when it is less. */
uint32_t umbra_security_of(uint32_t log_n, umbra_log2 log_qp);

/* Whether the key to the ephemeral sparse secret of a chain that refreshes is within the frozen points. */
enum {
  UMBRA_SPARSE_HAMMING = 32, /* nonzero coefficients */
  UMBRA_SPARSE_BITS = 121,   /* of modulus, at most */
  UMBRA_SPARSE_FIRST_LOG_N = 15,
  UMBRA_SPARSE_LAST_LOG_N = 16
};
int umbra_sparse_key_is_secure(const umbra_chain *chain);

#endif
