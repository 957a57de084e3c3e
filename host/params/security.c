/* SPDX-License-Identifier: Apache-2.0 */
#include "security.h"

enum { FIRST_LOG_N = 10, LAST_LOG_N = 17, GRADES = 3 };

static const uint32_t grade_bits[GRADES] = {256, 192, 128};

/*
 * Largest log2(QP) for N = 2^10 .. 2^17, uniform ternary secrets, errors of standard deviation 3.19 and any number of
 * samples, classical attacks. Source: J.-P. Bossuat et al., "Security Guidelines for Implementing Homomorphic
 * Encryption", eprint 2024/463, table 5.2. Frozen: a change changes which parameter sets exist.
 */
static const uint32_t bound_bits[LAST_LOG_N - FIRST_LOG_N + 1][GRADES] = {
    {0, 0, 26},      {27, 36, 53},    {56, 73, 106},     {114, 147, 214},
    {230, 297, 430}, {462, 597, 868}, {929, 1199, 1747}, {1866, 2411, 3523},
};

uint32_t umbra_security_bound(uint32_t log_n, uint32_t security) {
  if (log_n < FIRST_LOG_N || log_n > LAST_LOG_N) return 0;
  for (int g = 0; g < GRADES; g++)
    if (grade_bits[g] == security) return bound_bits[log_n - FIRST_LOG_N][g];
  return 0;
}

uint32_t umbra_security_of(uint32_t log_n, umbra_log2 log_qp) {
  for (int g = 0; g < GRADES; g++)
    if (log_qp <= umbra_log2_of_bits((int32_t)umbra_security_bound(log_n, grade_bits[g]))) return grade_bits[g];
  return 0;
}

/*
 * Sparse secrets: eprint 2022/024 (J.-P. Bossuat, J. Troncoso-Pastoriza, J.-P. Hubaux) gives 128 bits for a key of 121 bits
 * and weight 32. The lattice estimator (2026, hybrid attacks included) gives 147 bits for a ring of 2^15 and 172 for
 * 2^16. Frozen; nothing else is accepted.
 */
int umbra_sparse_key_is_secure(const umbra_chain *chain) {
  const umbra_window window = umbra_chain_sparse_window(chain);
  return chain->bootstrap.hamming == UMBRA_SPARSE_HAMMING && chain->log_n >= UMBRA_SPARSE_FIRST_LOG_N &&
         chain->log_n <= UMBRA_SPARSE_LAST_LOG_N &&
         umbra_chain_log_product(chain, window.first, window.count) <= umbra_log2_of_bits(UMBRA_SPARSE_BITS);
}
