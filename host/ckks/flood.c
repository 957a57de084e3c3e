/* SPDX-License-Identifier: Apache-2.0 */
#include "flood.h"

#include <math.h>
#include <stdio.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/ops.h"
#include "noise.h"
#include "range.h"

/* ---- how much noise ---- */

/* What is lost beside the error: sqrt(12 N m) 2^(s/2). */
static double price(const umbra_hidden *h, const umbra_disclosure_options *o) {
  return sqrt(12 * (double)o->releases * h->slots) * exp2(o->statistical / 2);
}

/* What else would do is what makes up for the bits that lack; a step of each, by itself. */
static umbra_status refuse_bits(const umbra_hidden *h, double bits, const umbra_disclosure_options *o) {
  char fewer[64] = "", smaller[64] = "", less[64] = "";
  if (o->noise > h->error * price(h, o))
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "a release would leave %.1f bits of values up to %g, and least_bits is %g: noise of deviation %g "
                      "was asked for",
                      bits, h->magnitude, o->least_bits, o->noise);
  const double lack = o->least_bits - bits, releases = floor((double)o->releases * exp2(-2 * lack));
  if (releases >= 1) snprintf(fewer, sizeof fewer, ", at most %.0f releases", releases);
  if (o->statistical - 2 * lack >= 1) snprintf(smaller, sizeof smaller, ", s = %.1f", o->statistical - 2 * lack);
  if (bits >= 1) snprintf(less, sizeof less, ", or least_bits = %.0f", floor(bits));
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "a release would leave %.1f bits of values up to %g, and least_bits is %g: to hide errors up to %g "
                    "(%s) in %u slots, %llu releases, s = %g. What would do: an error up to %.3g (parameters of higher "
                    "precision, refreshes in two rounds)%s%s%s",
                    bits, h->magnitude, o->least_bits, h->error, h->heuristic ? "declared, times 8" : "proved",
                    h->slots, (unsigned long long)o->releases, o->statistical, h->error * exp2(-lack), fewer, smaller,
                    less);
}

/* The level holds values, errors and noise: 23 deviations are more than the sampler gives. */
static umbra_status check_room(const umbra_hidden *h, const umbra_flood *f, double scale) {
  const umbra_window window = h->chain->window[h->level];
  const double half = umbra_log2_bits(umbra_chain_log_product(h->chain, window.first, window.count)) - 1;
  if (log2((h->magnitude + h->error) * scale + 23 * f->gaussian.deviation) < half) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "level %u holds no values up to %g with the noise that a release adds: open it at a higher level",
                    h->level, h->magnitude);
}

umbra_status umbra_flood_plan(umbra_flood *f, const umbra_hidden *h, const umbra_disclosure_options *o) {
  const double scale = umbra_log2_to_double(h->chain->log_scale[h->level]);
  if (!isfinite(h->error))
    return umbra_fail(UMBRA_ERROR_RANGE, "nobody knows how large the errors are that a release would have to hide: "
                                         "declare what is true of the values (umbra_ciphertext_declare)");
  const double wanted = fmax(h->error * price(h, o), o->noise), bits = log2(h->magnitude / wanted);
  if (!(bits >= o->least_bits)) return refuse_bits(h, bits, o);
  const double hiding = sqrt(12 * (double)o->releases) * exp2(o->statistical / 2) * h->error * scale;
  const double sigma = fmax(hiding, o->noise * scale / sqrt(h->slots));
  UMBRA_TRY(umbra_gaussian_of(&f->gaussian, fmax(sigma, UMBRA_GAUSSIAN_LEAST)));
  const double noise = f->gaussian.deviation * sqrt(h->slots) / scale;
  f->facts = (umbra_disclosure){UMBRA_DISCLOSURE_INIT,
                                .ciphertexts = 1,
                                .error_bound = h->error,
                                .heuristic = h->heuristic,
                                .sigma = f->gaussian.deviation,
                                .noise = noise,
                                .step = exp2(floor(log2(noise))),
                                .bits = log2(h->magnitude / noise)};
  return check_room(h, f, scale);
}

/* Nothing follows from what is no number. */
static double known(double error) { return umbra_is_bound(error) ? error : INFINITY; }

/* Of a slot: as whoever opens it knows, or the worst case's, or the declared one, which is that where nothing was declared. */
static double error_of(int *heuristic, const umbra_ciphertext *x, const umbra_disclosure_options *o) {
  const double proved = known(UMBRA_ERROR_DEVIATIONS * x->estimate.worst.error);
  const double declared = UMBRA_DISCLOSURE_HEURISTIC * known(umbra_ciphertext_error_bound(x));
  *heuristic = o->error_bound > 0 || declared < proved;
  return o->error_bound > 0 ? UMBRA_DISCLOSURE_HEURISTIC * o->error_bound : fmin(declared, proved);
}

umbra_hidden umbra_hidden_in(const umbra_ciphertext *x, const umbra_disclosure_options *o, uint32_t slots) {
  umbra_hidden h = {.chain = umbra_context_chain(x->context), .level = x->level, .slots = slots};
  h.error = error_of(&h.heuristic, x, o);
  h.magnitude = o->magnitude > 0 ? o->magnitude : umbra_ciphertext_magnitude(x);
  return h;
}

/* ---- its coefficients ---- */

static umbra_status draw(umbra_flood_noise *noise, const umbra_gaussian *gaussian, umbra_random *random, uint32_t count,
                         uint32_t n) {
  noise->bytes = (size_t)count * sizeof *noise->sample + 2 * (size_t)n * sizeof(int64_t);
  UMBRA_TRY(umbra_alloc(&noise->sample, noise->bytes, 1, "noise"));
  umbra_random_gaussian(random, noise->sample, count, gaussian);
  return UMBRA_OK;
}

/* At equal distances. */
static void place(umbra_flood_noise *noise, uint32_t count, uint32_t n) {
  const umbra_wide mask = ((umbra_wide)1 << UMBRA_NOISE_SHIFT) - 1;
  const size_t gap = n / count;
  int64_t *low = (int64_t *)(noise->sample + count), *high = low + n;
  for (size_t i = 0; i < count; i++) {
    low[i * gap] = (int64_t)(noise->sample[i] & mask);
    high[i * gap] = (int64_t)(noise->sample[i] >> UMBRA_NOISE_SHIFT);
  }
  noise->coefficients = (umbra_coefficient_noise){low, high};
}

static void make_real(umbra_wide *sample, uint32_t slots) {
  sample[0] += sample[slots];
  sample[slots] = 0;
  for (uint32_t k = 1; k < slots; k++) sample[2 * slots - k] = -sample[k];
}

umbra_status umbra_flood_draw(umbra_flood_noise *noise, const umbra_gaussian *gaussian, umbra_random *random,
                              uint32_t count, uint32_t n) {
  UMBRA_TRY(draw(noise, gaussian, random, count, n));
  place(noise, count, n);
  return UMBRA_OK;
}

umbra_status umbra_flood_draw_real(umbra_flood_noise *noise, const umbra_gaussian *gaussian, umbra_random *random,
                                   uint32_t slots, uint32_t n) {
  UMBRA_TRY(draw(noise, gaussian, random, 2 * slots, n));
  make_real(noise->sample, slots);
  place(noise, 2 * slots, n);
  return UMBRA_OK;
}

void umbra_flood_noise_clear(umbra_flood_noise *noise) { umbra_wipe_and_free(noise->sample, noise->bytes); }

/* ---- adding them ---- */

/* dst += the polynomial with coefficients part * 2^shift. */
static umbra_status add_integers(const umbra_view *dst, umbra_window window, umbra_ring *ring, umbra_stream *stream,
                                 const int64_t *part, uint32_t shift) {
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

umbra_status umbra_flood_add(const umbra_view *dst, umbra_window window, umbra_ring *ring, umbra_stream *stream,
                             const umbra_coefficient_noise *noise) {
  UMBRA_TRY(add_integers(dst, window, ring, stream, noise->low, 0));
  return add_integers(dst, window, ring, stream, noise->high, UMBRA_NOISE_SHIFT);
}
