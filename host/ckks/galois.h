/* SPDX-License-Identifier: Apache-2.0 */
/* Rotations and conjugation as automorphisms X -> X^galois modulo 2n. */
#ifndef UMBRA_CKKS_GALOIS_H
#define UMBRA_CKKS_GALOIS_H

#include <stdint.h>

#include <umbra/keys.h>

/* Steps, of any sign, as a rotation in [0, slots). */
uint32_t umbra_rotation_of(int32_t steps, uint32_t slots);

/* 5^rotation for a rotation, -1 for conjugation. */
uint32_t umbra_key_galois(umbra_key_kind kind, uint32_t rotation, uint32_t n);

uint32_t umbra_galois_inverse(uint32_t galois, uint32_t n);

#endif
