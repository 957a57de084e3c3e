/* SPDX-License-Identifier: Apache-2.0 */
/* Noise that hides errors: how much it takes for a statement as in umbra/disclosure.h, its coefficients, and adding them. */
#ifndef UMBRA_CKKS_FLOOD_H
#define UMBRA_CKKS_FLOOD_H

#include <umbra/disclosure.h>

#include "../base/gaussian.h"
#include "ciphertext_internal.h"
#include "decrypt.h"

/* What is hidden, and where. */
typedef struct umbra_hidden {
  const umbra_chain *chain;
  uint32_t level, slots;
  double error; /* of a slot */
  int heuristic;
  double magnitude;
} umbra_hidden;

typedef struct umbra_flood {
  umbra_gaussian gaussian;
  umbra_disclosure facts; /* all but the id */
} umbra_flood;

/* By the ciphertext's bounds, or those of the options; of so many slots. options: whole. */
umbra_hidden umbra_hidden_in(const umbra_ciphertext *x, const umbra_disclosure_options *options, uint32_t slots);

/* RANGE: an error that nobody knows, fewer bits than least_bits (the text says what would do), a level without room. */
umbra_status umbra_flood_plan(umbra_flood *flood, const umbra_hidden *hidden, const umbra_disclosure_options *options);

/* Host memory of the samples, in one block. */
typedef struct umbra_flood_noise {
  umbra_wide *sample;
  umbra_coefficient_noise coefficients; /* all n */
  size_t bytes;
} umbra_flood_noise;

/* `count` samples at equal distances among n coefficients, a power of two of them; the others are 0. */
umbra_status umbra_flood_draw(umbra_flood_noise *noise, const umbra_gaussian *gaussian, umbra_random *random,
                              uint32_t count, uint32_t n);

/*
 * Of a vector of real slots: coefficient 2 m - k is minus coefficient k, m is 0, and 0 has twice the variance of the others,
 * as a sum of two, so that slots are independent; sqrt(2 m) deviations over the scale is that of a slot.
 */
umbra_status umbra_flood_draw_real(umbra_flood_noise *noise, const umbra_gaussian *gaussian, umbra_random *random,
                                   uint32_t slots, uint32_t n);
void umbra_flood_noise_clear(umbra_flood_noise *noise); /* wipes it */

/* dst, a polynomial over that window, += the noise. */
umbra_status umbra_flood_add(const umbra_view *dst, umbra_window window, umbra_ring *ring, umbra_stream *stream,
                             const umbra_coefficient_noise *noise);

#endif
