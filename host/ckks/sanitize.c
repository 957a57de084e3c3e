/* SPDX-License-Identifier: Apache-2.0 */
/* An encryption of 0 and wide noise: see umbra/sanitize.h. */
#include "sanitize.h"

#include <math.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ring/ops.h"
#include "checks.h"
#include "disclosure.h"
#include "encoder.h"
#include "flood.h"
#include "keys_internal.h"
#include "noise.h"
#include "range.h"
#include "stand_ins.h"
#include "trace.h"

static umbra_status check(const umbra_ciphertext *x, const umbra_public_key *key) {
  UMBRA_TRY(umbra_check_real(x->context));
  UMBRA_TRY(umbra_check_context(x->context, key->context, "the public key"));
  UMBRA_TRY(umbra_check_owner(x->owner, key->owner, "the ciphertext"));
  if (x->poly.polys == 2) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "a ciphertext of three parts cannot be sanitised: umbra_relinearize makes them two");
}

/* With the error of what is added; what others see of both bounds are powers of two. */
static umbra_hidden hidden_in(const umbra_ciphertext *x, const umbra_disclosure_options *o) {
  umbra_hidden h = umbra_hidden_in(x, o, x->slots);
  const umbra_estimate nothing = {0};
  h.error += UMBRA_ERROR_DEVIATIONS * umbra_noise_encrypt(nothing, h.chain, h.level).bound.error;
  h.error = umbra_public_size(h.error, 1);
  h.magnitude = umbra_public_size(h.magnitude, 1);
  return h;
}

static umbra_status encrypt_zero(umbra_ciphertext **zero, const umbra_public_key *key, uint32_t level, uint32_t slots) {
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  umbra_plaintext *plain = NULL;
  options.level = level;
  options.slots = slots;
  UMBRA_TRY(umbra_encode(&plain, key->context, NULL, 0, &options));
  const umbra_status status = umbra_encrypt(zero, key, plain);
  umbra_plaintext_destroy(plain);
  return status;
}

/* made += x and noise in all coefficients. */
static umbra_status add_on(const umbra_ciphertext *made, const umbra_ciphertext *x, const umbra_flood_noise *noise,
                           umbra_stream *stream) {
  umbra_ring *ring = made->context->ring;
  const umbra_view both = umbra_poly_view(&made->poly, ring), old = umbra_poly_view(&x->poly, ring);
  const umbra_view c0 = umbra_view_poly(&both, 0);
  umbra_ring_add(ring, stream, &both, &both, &old);
  return umbra_flood_add(&c0, made->poly.window, ring, stream, &noise->coefficients);
}

static umbra_status flood(const umbra_ciphertext *made, const umbra_ciphertext *x, const umbra_flood *f) {
  const uint32_t n = umbra_ring_n(made->context->ring);
  umbra_flood_noise noise;
  umbra_random random;
  umbra_stream *stream;
  UMBRA_TRY(umbra_random_open(&random));
  umbra_status status = umbra_flood_draw(&noise, &f->gaussian, &random, n, n);
  umbra_random_close(&random);
  UMBRA_TRY(status);
  status = umbra_ring_stream_open(&stream, made->context->ring);
  if (status == UMBRA_OK) status = umbra_stream_close(stream, made->context, add_on(made, x, &noise, stream));
  umbra_flood_noise_clear(&noise);
  return status;
}

/* Nothing of it depends on weights but by powers of two. */
static void set_facts(umbra_ciphertext *made, const umbra_ciphertext *x, const umbra_hidden *h, const umbra_flood *f) {
  const double n = umbra_ring_n(made->context->ring), scale = umbra_ciphertext_scale(x);
  const umbra_estimate known = {.bound = {h->magnitude, h->error / UMBRA_ERROR_DEVIATIONS},
                                .worst = umbra_bound_unknown,
                                .doubts = x->estimate.doubts};
  made->estimate = umbra_noise_add_error(known, f->gaussian.deviation * sqrt(n) / scale);
  made->declared = x->declared;
}

static umbra_status sanitize(umbra_ciphertext *made, const umbra_ciphertext *x, const umbra_hidden *h,
                             const umbra_flood *f) {
  UMBRA_TRY(flood(made, x, f));
  set_facts(made, x, h, f);
  return UMBRA_OK;
}

umbra_status umbra_sanitized(umbra_ciphertext **made, umbra_disclosure *disclosure, const umbra_ciphertext *x,
                             const umbra_public_key *key, const umbra_disclosure_options *options) {
  umbra_flood f;
  UMBRA_TRY(check(x, key));
  const umbra_hidden h = hidden_in(x, options);
  UMBRA_TRY(umbra_flood_plan(&f, &h, options));
  UMBRA_TRY(encrypt_zero(made, key, x->level, x->slots));
  UMBRA_TRY(sanitize(*made, x, &h, &f));
  *disclosure = f.facts;
  disclosure->step = 0; /* nothing is rounded */
  return UMBRA_OK;
}

umbra_status umbra_sanitize(umbra_ciphertext **out, umbra_disclosure *disclosure, const umbra_ciphertext *x,
                            const umbra_public_key *key, const umbra_disclosure_options *options) {
  UMBRA_TRACE_OF(x, "sanitize", x ? x->level : 0);
  umbra_disclosure_options o;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_ciphertext *made = NULL;
  if (!out || !x || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_sanitize needs an output, a ciphertext and a public key");
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  umbra_status status = umbra_sanitized(&made, &told, x, key, &o);
  if (status == UMBRA_OK && disclosure) status = UMBRA_GIVE(umbra_disclosure, disclosure, &told);
  if (status == UMBRA_OK) UMBRA_PUT(ciphertext, out, made);
  else umbra_ciphertext_destroy(made);
  return status;
}
