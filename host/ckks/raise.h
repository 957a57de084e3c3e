/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the lowest modulus to the highest (ModRaise), through an ephemeral sparse secret (eprint 2022/024): switched to
 * that secret, a ciphertext's integers c0 + c1 s exceed q_0 only a few times, and these multiples of q_0 are
 * what a refresh removes.
 */
#ifndef UMBRA_CKKS_RAISE_H
#define UMBRA_CKKS_RAISE_H

#include "scaled.h"

/*
 * out, at the highest level inside a refresh, encrypts m + q_0 I with small integers I, for m that `in` (at level 0)
 * encrypts; the scale is that of `in`. The estimate stays that of m. Needs the ephemeral keys.
 */
umbra_status umbra_raise(umbra_evaluator *evaluator, umbra_scaled *out, const umbra_scaled *in);

#endif
