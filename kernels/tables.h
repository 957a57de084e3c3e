/* SPDX-License-Identifier: Apache-2.0 */
/* What every backend computes once from a ring: plain C, on the host. */
#ifndef UMBRA_KERNELS_TABLES_H
#define UMBRA_KERNELS_TABLES_H

#include "kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the description is one of kernels.h: sizes in range, distinct primes = 1 mod 2n below 2^31. */
int umbra_ring_valid(const umbra_ring_desc *ring);

/* psi of the contract, a root of unity of order 2n modulo q. */
uint32_t umbra_ring_psi(uint32_t q, uint32_t n);

/* power[i] = base^brev(i) mod q for i < n, brev reversing log2(n) bits; plain residues. */
void umbra_powers_reversed(uint32_t *power, uint32_t base, uint32_t n, uint32_t q);

/* Entries of each table of fft: those of all half lengths h up to 2^16, and the twist of the longest transform. */
#define UMBRA_FFT_ENTRIES ((size_t)3 << (UMBRA_MAX_LOG_N - 1))

/*
 * The tables of fft: entry h + j is cos, sin of pi j / h; j < h for h <= 2^16, j < h / 2 for 2^17. Correct to the last
 * bit or next to it, and the same on every machine.
 */
void umbra_fft_tables(double *cosine, double *sine);

#ifdef __cplusplus
}
#endif

#endif
