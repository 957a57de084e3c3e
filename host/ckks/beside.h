/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several ciphertexts that are treated alike. Where launches cost, they are put side by side, and each step is one call for
 * all of them; elsewhere, and where they differ in level or parts or memory is short, they are treated in turn. Results are
 * the same, bit for bit, and so is what is known of them. On failure some outputs may have been made. outs[i] may be input i,
 * and no other.
 */
#ifndef UMBRA_CKKS_BESIDE_H
#define UMBRA_CKKS_BESIDE_H

#include "scaled.h"

/* Whether launches cost. Whoever refreshes what lacks levels looks at each ciphertext by itself. */
int umbra_goes_beside(const umbra_evaluator *evaluator);

/* Whether `count` ciphertexts are of one level and two parts, and gain by being side by side. */
int umbra_beside_pays(const umbra_evaluator *evaluator, const umbra_ciphertext *const *x, size_t count);

/* Whether estimates are the same: what operations make of one holds for all, then. */
int umbra_beside_known_alike(const umbra_ciphertext *const *x, size_t count);

/* Copies of all of them, side by side; the estimate is that of the first. */
umbra_status umbra_beside_gather(umbra_scaled *all, umbra_evaluator *evaluator, const umbra_ciphertext *const *x,
                                 size_t count);

/* outs = copies of all, which are at an ordinary level and its scale, with those estimates, and owner and slots of `like`. */
umbra_status umbra_beside_hand_out(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_scaled *all,
                                   const umbra_estimate *estimate, const umbra_ciphertext *const *like);

/* outs[i] = umbra_mul of a[i] and b. */
umbra_status umbra_mul_each(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *a,
                            const umbra_ciphertext *b, size_t count);

/* outs[i] = umbra_level_drop of a[i]. */
umbra_status umbra_level_drop_each(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                   const umbra_ciphertext *const *a, uint32_t level, size_t count);

#endif
