/* SPDX-License-Identifier: Apache-2.0 */
/* Noise of base/gaussian.h on the coefficients of a vector, which is 2 m of them for m slots. */
#ifndef UMBRA_CKKS_FLOOD_H
#define UMBRA_CKKS_FLOOD_H

#include "../base/gaussian.h"
#include "ciphertext_internal.h"
#include "decrypt.h"

/* Of all n coefficients; those that do not reach the vector are 0. In one block, which is wiped. */
typedef struct umbra_flood {
  umbra_coefficient_noise noise;
  void *memory;
  size_t bytes;
} umbra_flood;

umbra_status umbra_flood_draw(umbra_flood *flood, const umbra_gaussian *gaussian, umbra_random *random, uint32_t slots,
                              uint32_t n);

/*
 * Of a vector of real slots: coefficient 2 m - k is minus coefficient k, m is 0, and 0 has twice the variance of the others,
 * as a sum of two, so that slots are independent; sqrt(2 m) deviations over the scale is that of a slot.
 */
umbra_status umbra_flood_draw_real(umbra_flood *flood, const umbra_gaussian *gaussian, umbra_random *random,
                                   uint32_t slots, uint32_t n);
void umbra_flood_clear(umbra_flood *flood);

/* dst += the noise, over a part of a level's window, on a stream of the context. */
umbra_status umbra_flood_add(const umbra_view *dst, umbra_window window, const umbra_context *context,
                             umbra_stream *stream, const umbra_coefficient_noise *noise);

#endif
