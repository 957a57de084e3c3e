/* SPDX-License-Identifier: Apache-2.0 */
/* Noise that somebody without a secret key adds: see umbra/disclosure.h. */
#include <math.h>

#include <umbra/disclosure.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "flood.h"
#include "range.h"
#include "stand_ins.h"
#include "trace.h"

static umbra_status check(const umbra_evaluator *evaluator, umbra_ciphertext *const *out, const umbra_ciphertext *x,
                          uint32_t slots, double noise) {
  if (!evaluator || !out || !x || !umbra_is_bound(noise) || noise == 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_add_noise needs an evaluator, an output, a ciphertext, and noise above 0, which is %g",
                      noise);
  if (!umbra_is_power_of_two(slots) || slots > x->slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a vector of %u slots: a power of two, up to the %u of the ciphertext", slots, x->slots);
  return umbra_check_real(x->context);
}

/* The level holds values, errors and noise: 23 deviations are more than the sampler gives, and one is a sum of two. */
static umbra_status check_room(const umbra_ciphertext *x, const umbra_gaussian *gaussian, double scale) {
  const double largest = umbra_ciphertext_magnitude(x) + umbra_ciphertext_error_bound(x);
  if (log2(largest * scale + 46 * gaussian->deviation) < umbra_log2_half_modulus(x)) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_RANGE,
      "level %u does not hold values up to %g and noise of deviation %g on coefficients, at a scale of %g", x->level,
      largest, gaussian->deviation, scale);
}

static umbra_status add_drawn(umbra_plaintext *plain, const umbra_coefficient_noise *noise) {
  umbra_stream *stream;
  const umbra_context *context = plain->context;
  UMBRA_TRY(umbra_ring_stream_open(&stream, context->ring));
  const umbra_view view = umbra_poly_view(&plain->poly, context->ring);
  return umbra_stream_close(stream, context, umbra_flood_add(&view, plain->poly.window, context->ring, stream, noise));
}

/* As a plaintext, of which nothing is a value and all is an error. */
static umbra_status make_noise(umbra_plaintext **plain, const umbra_ciphertext *x, uint32_t slots,
                               const umbra_gaussian *gaussian, double scale) {
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = x->level;
  options.slots = slots;
  const double error = gaussian->deviation * sqrt(2.0 * slots) / scale;
  umbra_random random;
  umbra_flood_noise drawn;
  UMBRA_TRY(umbra_random_open(&random));
  umbra_status status = umbra_flood_draw_real(&drawn, gaussian, &random, slots, umbra_ring_n(x->context->ring));
  umbra_random_close(&random);
  UMBRA_TRY(status);
  status = umbra_encode(plain, x->context, NULL, 0, &options);
  if (status == UMBRA_OK) status = add_drawn(*plain, &drawn.coefficients);
  umbra_flood_noise_clear(&drawn);
  if (status == UMBRA_OK) (*plain)->estimate.bound.error = (*plain)->estimate.worst.error = error;
  return status;
}

umbra_status umbra_add_noise(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                             uint32_t slots, double noise) {
  UMBRA_TRACE(evaluator, "add_noise", x);
  umbra_gaussian gaussian;
  umbra_plaintext *plain = NULL;
  UMBRA_TRY(check(evaluator, out, x, slots, noise));
  const double scale = umbra_ciphertext_scale(x);
  UMBRA_TRY(umbra_gaussian_of(&gaussian, fmax(noise * scale / sqrt(2.0 * slots), UMBRA_GAUSSIAN_LEAST)));
  UMBRA_TRY(check_room(x, &gaussian, scale));
  umbra_status status = make_noise(&plain, x, slots, &gaussian, scale);
  if (status == UMBRA_OK) status = umbra_add_plain(evaluator, out, x, plain);
  umbra_plaintext_destroy(plain);
  return status;
}
