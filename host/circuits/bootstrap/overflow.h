/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a raised ciphertext overflows. A ciphertext (c0, c1) of a message m modulo q_0, read as integers in
 * (-q_0/2, q_0/2), decrypts to t = c0 + c1 s = m + q_0 I. Under a ternary secret of weight h, a coefficient of
 * c1 s / q_0 is a sum of h independent uniform numbers in [-1/2, 1/2], and I is that sum rounded to an integer: it is i
 * with a probability that equals the density at i of the sum of h + 1 of them.
 */
#ifndef UMBRA_CIRCUITS_BOOTSTRAP_OVERFLOW_H
#define UMBRA_CIRCUITS_BOOTSTRAP_OVERFLOW_H

#include "../../params/chain.h"

/* Probability that I is i, and as probable -i; relative error below 2^-40. 1 <= hamming <= UMBRA_MAX_HAMMING. */
double umbra_overflow_probability(uint32_t hamming, uint32_t i);

/* Probability that |t / q_0| is above k, for a message uniform modulo q_0: equation (1) of eprint 2022/024. */
double umbra_overflow_beyond(uint32_t hamming, uint32_t k);

#endif
