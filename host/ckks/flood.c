/* SPDX-License-Identifier: Apache-2.0 */
#include "flood.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/ops.h"

/* ---- drawing ---- */

static void make_real(umbra_wide *sample, uint32_t slots) {
  sample[0] += sample[slots];
  sample[slots] = 0;
  for (uint32_t k = 1; k < slots; k++) sample[2 * slots - k] = -sample[k];
}

static umbra_status draw(umbra_flood *flood, const umbra_gaussian *gaussian, umbra_random *random, uint32_t slots,
                         uint32_t n, int real) {
  const umbra_wide mask = ((umbra_wide)1 << UMBRA_NOISE_SHIFT) - 1;
  const uint32_t count = 2 * slots, gap = n / count;
  *flood = (umbra_flood){.bytes = count * sizeof(umbra_wide) + 2 * (size_t)n * sizeof(int64_t)};
  UMBRA_TRY(umbra_alloc(&flood->memory, flood->bytes, 1, "noise"));
  umbra_wide *sample = flood->memory;
  int64_t *low = (int64_t *)(sample + count), *high = low + n;
  umbra_random_gaussian(random, sample, count, gaussian);
  if (real) make_real(sample, slots);
  for (uint32_t i = 0; i < count; i++) {
    low[(size_t)i * gap] = (int64_t)(sample[i] & mask);
    high[(size_t)i * gap] = (int64_t)(sample[i] >> UMBRA_NOISE_SHIFT);
  }
  flood->noise = (umbra_coefficient_noise){low, high};
  return UMBRA_OK;
}

umbra_status umbra_flood_draw(umbra_flood *flood, const umbra_gaussian *gaussian, umbra_random *random, uint32_t slots,
                              uint32_t n) {
  return draw(flood, gaussian, random, slots, n, 0);
}

umbra_status umbra_flood_draw_real(umbra_flood *flood, const umbra_gaussian *gaussian, umbra_random *random,
                                   uint32_t slots, uint32_t n) {
  return draw(flood, gaussian, random, slots, n, 1);
}

void umbra_flood_clear(umbra_flood *flood) {
  umbra_wipe_and_free(flood->memory, flood->bytes);
  *flood = (umbra_flood){0};
}

/* ---- adding ---- */

/* dst += the polynomial with coefficients part * 2^shift. */
static umbra_status add_integers(const umbra_view *dst, umbra_window window, const umbra_context *context,
                                 umbra_stream *stream, const int64_t *part, uint32_t shift) {
  umbra_ring *ring = context->ring;
  const size_t bytes = umbra_ring_n(ring) * sizeof *part;
  void *integers;
  umbra_poly noise;
  UMBRA_TRY(umbra_ring_take(ring, &integers, bytes, "noise"));
  umbra_status status = umbra_poly_create(&noise, ring, 1, window, 0, "noise");
  if (status == UMBRA_OK) {
    const umbra_view view = umbra_poly_view(&noise, ring);
    umbra_ring_upload(ring, stream, integers, part, bytes);
    umbra_ring_from_i64(ring, stream, &view, integers, shift);
    umbra_ring_add(ring, stream, dst, dst, &view);
    umbra_ring_give_secret(ring, stream, noise.data, umbra_poly_bytes(&noise, ring));
  }
  umbra_ring_give_secret(ring, stream, integers, bytes);
  return status;
}

umbra_status umbra_flood_add(const umbra_view *dst, umbra_window window, const umbra_context *context,
                             umbra_stream *stream, const umbra_coefficient_noise *noise) {
  UMBRA_TRY(add_integers(dst, window, context, stream, noise->low, 0));
  return add_integers(dst, window, context, stream, noise->high, UMBRA_NOISE_SHIFT);
}
