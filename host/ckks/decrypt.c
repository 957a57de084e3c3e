/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ring/ops.h"
#include "checks.h"
#include "ciphertext_internal.h"
#include "encoder.h"
#include "noise.h"
#include "secret.h"
#include "trace.h"

/* A ciphertext, the key that opens it, and where: the home of the ciphertext's context. */
typedef struct opening {
  const umbra_ciphertext *ciphertext;
  const umbra_secret_key *key;
  const umbra_context *home;
} opening;

/* Polynomials (c0, c1) over a window, brought home. */
static umbra_status fetch_home(umbra_poly *fetched, const opening *o, umbra_window window) {
  umbra_ring *ring = o->ciphertext->context->ring, *home = o->home->ring;
  umbra_stream *stream;
  UMBRA_TRY(umbra_poly_create(fetched, home, 2, window, 0, "a ciphertext to open"));
  umbra_view view = umbra_poly_subview(&o->ciphertext->poly, ring, 0, 2, window, 0);
  umbra_status status = umbra_ring_stream_open(&stream, ring);
  if (status == UMBRA_OK) {
    status = umbra_view_fetch(ring, stream, fetched->data, &view);
    umbra_ring_stream_close(stream, ring);
  }
  if (status != UMBRA_OK) umbra_poly_destroy(fetched, home);
  return status;
}

/* dst = c0 + c1 s, all at home. */
static umbra_status open_view(const umbra_view *dst, const umbra_view *both, const opening *o, umbra_stream *stream) {
  umbra_ring *home = o->home->ring;
  umbra_view c0 = umbra_view_poly(both, 0), c1 = umbra_view_poly(both, 1);
  UMBRA_TRY(umbra_small_expand(dst, o->home, stream, o->key->ternary));
  umbra_ring_mul(home, stream, dst, dst, &c1);
  umbra_ring_add(home, stream, dst, dst, &c0);
  return UMBRA_OK;
}

/* The message over a part of the ciphertext's window; dst and stream are at home. */
static umbra_status open_residues(const umbra_view *dst, umbra_window window, umbra_stream *stream,
                                  const void *source) {
  const opening *o = source;
  umbra_ring *ring = o->ciphertext->context->ring, *home = o->home->ring;
  if (ring == home) {
    umbra_view both = umbra_poly_subview(&o->ciphertext->poly, ring, 0, 2, window, 0);
    return open_view(dst, &both, o, stream);
  }
  umbra_poly fetched;
  UMBRA_TRY(fetch_home(&fetched, o, window));
  umbra_view both = umbra_poly_view(&fetched, home);
  umbra_status status = open_view(dst, &both, o, stream);
  umbra_poly_destroy(&fetched, home);
  return status;
}

static umbra_status check(const umbra_ciphertext *ciphertext, const umbra_secret_key *key) {
  if (!ciphertext || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "decryption needs a ciphertext and a secret key");
  UMBRA_TRY(umbra_check_context(ciphertext->context, key->context, "the secret key"));
  return umbra_check_owner(ciphertext->owner, key->owner, "the ciphertext");
}

/* The message as a plaintext at home, moved to the context of the ciphertext. */
static umbra_status open_into(umbra_plaintext *made, const opening *o) {
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, o->home->ring));
  umbra_view dst = umbra_poly_view(&made->poly, o->home->ring);
  UMBRA_TRY(umbra_stream_close(stream, o->home, open_residues(&dst, made->poly.window, stream, o)));
  return umbra_move_to_context(&made->poly, &made->context, o->ciphertext->context);
}

umbra_status umbra_decrypt(umbra_plaintext **plaintext, const umbra_ciphertext *ciphertext,
                           const umbra_secret_key *key) {
  UMBRA_TRACE_OF(ciphertext, "decrypt", ciphertext->level);
  if (!plaintext) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_decrypt needs an output");
  UMBRA_TRY(check(ciphertext, key));
  umbra_plaintext *made = NULL;
  opening o = {ciphertext, key, NULL};
  UMBRA_TRY(umbra_context_home(&o.home, ciphertext->context));
  UMBRA_TRY(umbra_plaintext_make(&made, o.home, ciphertext->level));
  made->slots = ciphertext->slots;
  made->estimate = ciphertext->estimate;
  umbra_status status = open_into(made, &o);
  if (status == UMBRA_OK) UMBRA_PUT(plaintext, plaintext, made);
  else umbra_plaintext_destroy(made);
  return status;
}

/* Beyond it a slot's value cannot come from inputs that were what they were said to be. */
static double limit_of(const umbra_ciphertext *ciphertext) {
  return ciphertext->estimate.magnitude * (1 + 0x1p-20) + umbra_ciphertext_error_bound(ciphertext);
}

/* limit, largest: as for umbra_decode_message. */
static umbra_status decrypt_decode(double *values, size_t count, int stride, const umbra_ciphertext *ciphertext,
                                   const umbra_secret_key *key, double limit, double *largest) {
  UMBRA_TRACE_OF(ciphertext, "decrypt_decode", ciphertext->level);
  UMBRA_TRY(check(ciphertext, key));
  opening o = {ciphertext, key, NULL};
  UMBRA_TRY(umbra_context_home(&o.home, ciphertext->context));
  umbra_message message = {o.home, ciphertext->level, ciphertext->slots, limit, open_residues, &o};
  return umbra_decode_message(values, count, stride, &message, largest);
}

umbra_status umbra_decrypt_decode(double *values, size_t count, const umbra_ciphertext *ciphertext,
                                  const umbra_secret_key *key) {
  return decrypt_decode(values, count, 1, ciphertext, key, ciphertext ? limit_of(ciphertext) : 0, NULL);
}

umbra_status umbra_decrypt_decode_complex(double *pairs, size_t count, const umbra_ciphertext *ciphertext,
                                          const umbra_secret_key *key) {
  return decrypt_decode(pairs, count, 2, ciphertext, key, ciphertext ? limit_of(ciphertext) : 0, NULL);
}

/* ---- inspection ---- */

double umbra_ciphertext_scale(const umbra_ciphertext *ciphertext) {
  return umbra_log2_to_double(umbra_context_chain(ciphertext->context)->log_scale[ciphertext->level]);
}

double umbra_ciphertext_magnitude(const umbra_ciphertext *ciphertext) { return ciphertext->estimate.magnitude; }

static double log2_half_modulus(const umbra_ciphertext *ciphertext) {
  const umbra_window window = ciphertext->poly.window;
  return umbra_log2_bits(
             umbra_chain_log_product(umbra_context_chain(ciphertext->context), window.first, window.count)) -
         1;
}

/* A slot is no larger than the largest coefficient of a polynomial over the scale, and that must stay below q / 2. */
double umbra_ciphertext_headroom_bits(const umbra_ciphertext *ciphertext) {
  const umbra_log2 log_scale = umbra_context_chain(ciphertext->context)->log_scale[ciphertext->level];
  return log2_half_modulus(ciphertext) - umbra_log2_bits(log_scale) - log2(ciphertext->estimate.magnitude);
}

double umbra_ciphertext_error_bound(const umbra_ciphertext *ciphertext) {
  return UMBRA_ERROR_DEVIATIONS * ciphertext->estimate.error;
}

static void compare(umbra_noise_report *report, const double *pairs, const double *expected, size_t count) {
  double root = 0, largest = 0, value = 0; /* root of the sum of squares */
  for (size_t j = 0; j < count; j++) {
    double error = umbra_modulus(pairs[2 * j] - expected[2 * j], pairs[2 * j + 1] - expected[2 * j + 1]);
    root = umbra_modulus(root, error);
    value = fmax(value, umbra_modulus(pairs[2 * j], pairs[2 * j + 1]));
    largest = fmax(largest, error);
  }
  report->largest = value;
  report->max_error = largest;
  report->rms_error = count ? root / sqrt((double)count) : 0;
  report->precision_bits = -log2(largest);
}

static umbra_status check_expected(const double *pairs, size_t count) {
  for (size_t i = 0; i < 2 * count; i++)
    if (!isfinite(pairs[i])) return umbra_fail(UMBRA_ERROR_RANGE, "expected value %zu is not a finite number", i / 2);
  return UMBRA_OK;
}

umbra_status umbra_inspect_noise(umbra_noise_report *report, const umbra_ciphertext *ciphertext,
                                 const umbra_secret_key *key, const double *expected_pairs, size_t count) {
  if (!report || (!expected_pairs && count))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_inspect_noise needs a report and the expected values");
  umbra_noise_report made = {UMBRA_NOISE_REPORT_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_noise_report, &made, report));
  double *pairs, largest;
  UMBRA_TRY(umbra_alloc(&pairs, count, 2 * sizeof *pairs, "decrypted values"));
  umbra_status status = decrypt_decode(pairs, count, 2, ciphertext, key, 0, &largest);
  if (status == UMBRA_OK) status = check_expected(expected_pairs, count);
  if (status == UMBRA_OK) {
    compare(&made, pairs, expected_pairs, count);
    made.error_bound = umbra_ciphertext_error_bound(ciphertext);
    made.beyond_magnitude = made.largest > limit_of(ciphertext);
    made.headroom_bits = log2_half_modulus(ciphertext) - log2(largest);
    status = UMBRA_GIVE(umbra_noise_report, report, &made);
  }
  umbra_free(pairs);
  return status;
}
