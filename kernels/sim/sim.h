/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sim device: no residues, but what they stand for. A polynomial is the values of its integers at half of the
 * complex roots of X^n + 1, in binary64: value i is that at zeta^(4 brev(i) + 1), zeta = exp(i pi / n), as fft keeps
 * them; n / 2 real parts, then as many imaginary parts, which is the room of two limbs, whatever primes it has. The
 * conjugates are at the other roots. Ciphertexts are those of the secret 0: all of the message is in their first
 * polynomial, the others are 0, and what noise a real secret and its keys make is drawn and added.
 *
 * It is no backend to choose from: only who knows what it is opens it. Transforms are those of a CPU backend.
 */
#ifndef UMBRA_KERNELS_SIM_H
#define UMBRA_KERNELS_SIM_H

#include "../kernels.h"

extern const umbra_kernels umbra_kernels_sim;

#endif
