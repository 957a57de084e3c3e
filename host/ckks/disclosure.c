/* SPDX-License-Identifier: Apache-2.0 */
/* Values that may be shown: what hides their error, and how they are opened with it. See umbra/disclosure.h. */
#include "disclosure.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "checks.h"
#include "decrypt.h"
#include "digest.h"
#include "encoder_vector.h"
#include "flood.h"
#include "keys_internal.h"
#include "noise.h"
#include "range.h"
#include "trace.h"

/* ---- options ---- */

static const uint64_t most_releases = UINT64_C(1) << 40;
static const double most_statistical = 128;

static umbra_status check_options(const umbra_disclosure_options *o) {
  if (o->releases < 1 || o->releases > most_releases)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "releases is %llu: say how many ciphertexts will be shown under this key in all, 1 to 2^40",
                      (unsigned long long)o->releases);
  if (!(o->statistical >= 1 && o->statistical <= most_statistical))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "statistical is %g: it must be 1 to %g", o->statistical,
                      most_statistical);
  if (!(o->least_bits >= 1 && isfinite(o->least_bits)))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "least_bits is %g: it must be at least 1", o->least_bits);
  if (umbra_is_bound(o->error_bound) && umbra_is_bound(o->magnitude) && umbra_is_bound(o->noise)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "error_bound %g, magnitude %g and noise %g: all are finite and not negative", o->error_bound,
                    o->magnitude, o->noise);
}

umbra_status umbra_disclosure_options_take(umbra_disclosure_options *own, const umbra_disclosure_options *options) {
  if (!options)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "options are NULL: they say how many releases there will be");
  *own = (umbra_disclosure_options){UMBRA_DISCLOSURE_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_disclosure_options, own, options));
  return check_options(own);
}

/* ---- how much noise ---- */

static umbra_status check_prediction(const umbra_params *params, uint32_t level, uint32_t slots,
                                     const umbra_disclosure_options *o) {
  const umbra_chain *chain = &params->chain;
  if (level >= chain->levels)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "level %u, and there are 0 to %u", level, chain->levels - 1);
  if (!slots || slots & (slots - 1) || slots > umbra_params_slots(params))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%u slots: a power of two, up to %u", slots,
                      umbra_params_slots(params));
  if (o->error_bound > 0 && o->magnitude > 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a prediction needs error_bound and magnitude of the options");
}

umbra_status umbra_disclosure_predict(umbra_disclosure *disclosure, const umbra_params *params, uint32_t level,
                                      uint32_t slots, const umbra_disclosure_options *options) {
  umbra_disclosure_options o;
  umbra_flood f;
  if (!disclosure || !params)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_disclosure_predict needs a disclosure and parameters");
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  UMBRA_TRY(check_prediction(params, level, slots, &o));
  const umbra_hidden h = {&params->chain, level, slots, UMBRA_DISCLOSURE_HEURISTIC * o.error_bound, 1, o.magnitude};
  UMBRA_TRY(umbra_flood_plan(&f, &h, &o));
  return UMBRA_GIVE(umbra_disclosure, disclosure, &f.facts);
}

/* ---- which noise ---- */

/* All that decides about sigma, the encoding and what values become of it: other numbers, other noise. */
typedef struct noise_record {
  umbra_log2 log_scale;
  umbra_wide last_factor;
  uint64_t releases;
  double statistical, error, sigma, step;
  uint32_t version, log_n, level, slots, complex, terms;
} noise_record;
_Static_assert(sizeof(noise_record) == 96, "no padding");

enum { VERSION = 1 };

static noise_record record_of(const umbra_flood *f, const umbra_hidden *h, const umbra_disclosure_options *o,
                              int complex) {
  return (noise_record){.log_scale = h->chain->log_scale[h->level],
                        .last_factor = f->gaussian.factor[f->gaussian.terms - 1],
                        .releases = o->releases,
                        .statistical = o->statistical,
                        .error = h->error,
                        .sigma = f->gaussian.deviation,
                        .step = f->facts.step,
                        .version = VERSION,
                        .log_n = h->chain->log_n,
                        .level = h->level,
                        .slots = h->slots,
                        .complex = (uint32_t)complex,
                        .terms = f->gaussian.terms};
}

/* What the noise is drawn from, and what it is called, which tells nothing of it. */
typedef struct naming {
  uint8_t seed[32];
  uint8_t id[UMBRA_DISCLOSURE_ID_BYTES];
} naming;
_Static_assert(sizeof(naming) == crypto_generichash_BYTES_MAX, "BLAKE2b-512");

/* The key of all names and seeds under a secret. */
static void derive_key(uint8_t derived[crypto_generichash_KEYBYTES], const umbra_secret_key *key) {
  static const uint8_t purpose[] = "umbra: noise of releases";
  crypto_generichash_state state;
  crypto_generichash_init(&state, purpose, sizeof purpose, crypto_generichash_KEYBYTES);
  crypto_generichash_update(&state, key->owner, sizeof key->owner);
  crypto_generichash_update(&state, (const uint8_t *)key->ternary, umbra_ring_n(key->context->ring));
  crypto_generichash_final(&state, derived, crypto_generichash_KEYBYTES);
  sodium_memzero(&state, sizeof state);
}

static umbra_status absorb_on(crypto_generichash_state *state, const umbra_ciphertext *x) {
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, x->context->ring));
  return umbra_stream_close(stream, x->context, umbra_digest_absorb(state, stream, x));
}

static umbra_status name(naming *named, const umbra_ciphertext *x, const umbra_secret_key *key,
                         const noise_record *record) {
  uint8_t derived[crypto_generichash_KEYBYTES];
  crypto_generichash_state state;
  derive_key(derived, key);
  crypto_generichash_init(&state, derived, sizeof derived, sizeof *named);
  crypto_generichash_update(&state, (const uint8_t *)record, sizeof *record);
  const umbra_status status = absorb_on(&state, x);
  crypto_generichash_final(&state, (uint8_t *)named, sizeof *named);
  sodium_memzero(&state, sizeof state);
  sodium_memzero(derived, sizeof derived);
  return status;
}

/* ---- opening ---- */

/* What hides errors relies on bounds: nothing is shown of what breaks one, or may. */
static umbra_status check_bounds(const umbra_ciphertext *x, const umbra_secret_key *key,
                                 const umbra_disclosure_options *o, int real) {
  const size_t bytes = 2 * (size_t)x->slots * sizeof(double);
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  double *pairs;
  UMBRA_TRY(umbra_alloc(&pairs, bytes, 1, "decrypted values"));
  const umbra_status status = umbra_decrypt_outcome(&outcome, pairs, x->slots, x, key, NULL);
  umbra_wipe_and_free(pairs, bytes);
  UMBRA_TRY(status);
  const double error = o->error_bound > 0 ? o->error_bound : umbra_ciphertext_error_bound(x);
  if ((real || x->declared.real) && !(outcome.largest_imaginary <= error)) outcome.doubts |= UMBRA_DOUBT_REAL;
  if (!(outcome.largest_unused <= error)) outcome.doubts |= UMBRA_DOUBT_UNUSED;
  if (!outcome.doubts) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_RANGE,
      "the values have doubts %#x (umbra_doubt): a bound on the way is broken, or may be, and nobody knows "
      "the error that a release would have to hide (imaginary parts are up to %g, unused slots hold up to %g, "
      "and the error is %s up to %g). Nothing is released; that tells about the values, too, and is for the "
      "owner alone",
      outcome.doubts, outcome.largest_imaginary, outcome.largest_unused, o->error_bound > 0 ? "declared" : "bounded",
      error);
}

/* Multiples of the step, and nothing where no value is. */
static void round_values(double *pairs, const umbra_ciphertext *x, const umbra_disclosure_form *form, double step) {
  const uint32_t used = x->declared.used ? x->declared.used : form->slots;
  for (uint32_t j = 0; j < form->slots; j++)
    for (uint32_t k = 0; k < 2; k++) {
      double *value = &pairs[(size_t)2 * j + k];
      *value = j < used && (k == 0 || form->complex) ? nearbyint(*value / step) * step : 0;
    }
}

/* A vector of m slots has 2 m coefficients; the others do not reach it. */
static umbra_status open_flooded(double *pairs, const umbra_flood *f, const umbra_ciphertext *x,
                                 const umbra_secret_key *key, const uint8_t seed[32],
                                 const umbra_disclosure_form *form) {
  umbra_flood_noise noise;
  umbra_random random;
  umbra_random_open_seeded(&random, seed);
  umbra_status status =
      umbra_flood_draw(&noise, &f->gaussian, &random, 2 * form->slots, umbra_ring_n(x->context->ring));
  umbra_random_close(&random);
  UMBRA_TRY(status);
  status = umbra_decrypt_flooded(pairs, form->slots, x, key, &noise.coefficients);
  umbra_flood_noise_clear(&noise);
  return status;
}

umbra_status umbra_disclosure_open(double *pairs, umbra_disclosure *disclosure, const umbra_ciphertext *x,
                                   const umbra_secret_key *key, const umbra_disclosure_options *options,
                                   umbra_disclosure_form form) {
  umbra_flood f;
  naming named;
  UMBRA_TRY(umbra_check_params(x->context, key->context, "the secret key"));
  UMBRA_TRY(umbra_check_owner(x->owner, key->owner, "the ciphertext"));
  const umbra_hidden h = umbra_hidden_in(x, options, form.slots);
  UMBRA_TRY(umbra_flood_plan(&f, &h, options));
  UMBRA_TRY(check_bounds(x, key, options, form.real));
  const noise_record record = record_of(&f, &h, options, form.complex);
  umbra_status status = name(&named, x, key, &record);
  if (status == UMBRA_OK) status = open_flooded(pairs, &f, x, key, named.seed, &form);
  if (status == UMBRA_OK) {
    round_values(pairs, x, &form, f.facts.step);
    memcpy(f.facts.id, named.id, sizeof f.facts.id);
    *disclosure = f.facts;
  }
  sodium_memzero(&named, sizeof named);
  return status;
}

void umbra_disclosure_join(umbra_disclosure *all, const umbra_disclosure *more) {
  const uint64_t ciphertexts = all->ciphertexts + more->ciphertexts;
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, sizeof all->id);
  crypto_generichash_update(&state, all->id, sizeof all->id);
  crypto_generichash_update(&state, more->id, sizeof more->id);
  crypto_generichash_final(&state, all->id, sizeof all->id);
  all->ciphertexts = ciphertexts;
  all->error_bound = fmax(all->error_bound, more->error_bound);
  all->heuristic |= more->heuristic;
  all->sigma = fmax(all->sigma, more->sigma);
  all->noise = fmax(all->noise, more->noise);
  all->step = fmax(all->step, more->step);
  all->bits = fmin(all->bits, more->bits);
}

void umbra_disclosure_scale(umbra_disclosure *disclosure, double factor) {
  disclosure->error_bound *= factor;
  disclosure->noise *= factor;
  disclosure->step *= factor;
}

/* ---- public calls ---- */

static umbra_status decrypt_public(umbra_disclosure *disclosure, double *values, size_t count, int stride,
                                   const umbra_ciphertext *x, const umbra_secret_key *key,
                                   const umbra_disclosure_options *options) {
  UMBRA_TRACE_OF(x, "decrypt_public", x->level);
  umbra_disclosure_options o;
  umbra_disclosure made = {UMBRA_DISCLOSURE_INIT};
  double *pairs;
  if (!disclosure || (!values && count) || !x || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_decrypt_public needs values, a disclosure, a ciphertext and a secret key");
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  UMBRA_TRY(UMBRA_TAKE(umbra_disclosure, &made, disclosure));
  if (count > x->slots)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu values asked for, but there are %u slots", count, x->slots);
  UMBRA_TRY(umbra_alloc(&pairs, x->slots, 2 * sizeof *pairs, "released values"));
  const umbra_disclosure_form form = {x->slots, stride == 2, 0};
  umbra_status status = umbra_disclosure_open(pairs, &made, x, key, &o, form);
  if (status == UMBRA_OK) status = UMBRA_GIVE(umbra_disclosure, disclosure, &made);
  for (size_t i = 0; i < count && status == UMBRA_OK; i++)
    memcpy(values + i * (size_t)stride, pairs + 2 * i, (size_t)stride * sizeof *values);
  umbra_wipe_and_free(pairs, 2 * (size_t)x->slots * sizeof *pairs);
  return status;
}

umbra_status umbra_decrypt_public(umbra_disclosure *disclosure, double *values, size_t count,
                                  const umbra_ciphertext *ciphertext, const umbra_secret_key *key,
                                  const umbra_disclosure_options *options) {
  return decrypt_public(disclosure, values, count, 1, ciphertext, key, options);
}

umbra_status umbra_decrypt_public_complex(umbra_disclosure *disclosure, double *pairs, size_t count,
                                          const umbra_ciphertext *ciphertext, const umbra_secret_key *key,
                                          const umbra_disclosure_options *options) {
  return decrypt_public(disclosure, pairs, count, 2, ciphertext, key, options);
}
