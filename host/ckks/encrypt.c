/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/outputs.h"
#include "../ring/divide.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "checks.h"
#include "ciphertext_internal.h"
#include "noise.h"
#include "secret.h"
#include "trace.h"

/* Adds the plaintext to polynomial 0. */
static umbra_status add_message(umbra_ciphertext *ciphertext, umbra_stream *stream, const umbra_plaintext *plaintext) {
  umbra_ring *ring = ciphertext->context->ring;
  UMBRA_TRY(umbra_poly_pin(&plaintext->poly, ring, stream));
  umbra_view both = umbra_poly_view(&ciphertext->poly, ring), message = umbra_poly_view(&plaintext->poly, ring);
  umbra_view c0 = umbra_view_poly(&both, 0);
  umbra_ring_add(ring, stream, &c0, &c0, &message);
  umbra_poly_unpin(&plaintext->poly, ring);
  return UMBRA_OK;
}

/* ---- with the public key ---- */

/* v * key for a ternary v: what is divided by p. Its limbs are computed when they are needed. */
typedef struct masked_key {
  const umbra_public_key *key;
  umbra_window window;
  umbra_stream *stream;
  const int64_t *v;
  uint32_t *room; /* residues of v on strips of limbs */
} masked_key;

static void prepare_masked(void *masked, uint32_t first, uint32_t count) { (void)masked, (void)first, (void)count; }

static void compute_masked(const void *masked, const umbra_view *dst, const umbra_strip *strip) {
  const masked_key *m = masked;
  umbra_ring *ring = m->key->context->ring;
  uint32_t n = umbra_ring_n(ring);
  umbra_view both = umbra_poly_subview(&m->key->poly, ring, 0, 2, m->window, 1);
  umbra_view key = umbra_view_limbs_of(&both, n, strip->first, strip->count);
  umbra_view v = umbra_view_packed_like(dst, m->room + (size_t)strip->place * n, n);
  v.polys = 1;
  umbra_ring_from_i64(ring, m->stream, &v, m->v, 0);
  umbra_ring_mul(ring, m->stream, dst, &key, &v);
}

/* Samples of that distribution as integers in device memory. */
static umbra_status sample_integers(int64_t **integers, const umbra_context *context, umbra_stream *stream,
                                    umbra_random *random, umbra_sampler sampler, uint32_t polys) {
  int8_t *samples;
  UMBRA_TRY(umbra_small_sample(&samples, context, random, sampler, polys));
  umbra_status status = umbra_small_integers(integers, context, stream, samples, polys);
  sodium_free(samples);
  return status;
}

/* dst = round((v * key + errors) / p). */
static umbra_status divide_masked(const umbra_view *dst, masked_key *masked, umbra_random *random) {
  const umbra_context *context = masked->key->context;
  umbra_ring *ring = context->ring;
  size_t n = umbra_ring_n(ring);
  umbra_dividend dividend = {
      .window = masked->window, .aux = 1, .prepare = prepare_masked, .compute = compute_masked, .source = masked};
  int64_t *errors;
  UMBRA_TRY(sample_integers(&errors, context, masked->stream, random, umbra_random_error, 2));
  umbra_status status = umbra_divide(ring, masked->stream, dst, masked->window, &dividend, errors);
  umbra_ring_give_secret(ring, masked->stream, errors, 2 * n * sizeof *errors);
  return status;
}

/* made = an encryption of 0. */
static umbra_status encrypt_zero(umbra_ciphertext *made, const umbra_public_key *key, umbra_stream *stream,
                                 umbra_random *random) {
  umbra_ring *ring = key->context->ring;
  size_t n = umbra_ring_n(ring), limbs = umbra_ring_strip_room(ring, made->poly.window.count);
  size_t bytes = limbs * n * sizeof(uint32_t);
  int64_t *v;
  void *room;
  UMBRA_TRY(sample_integers(&v, key->context, stream, random, umbra_random_ternary, 1));
  umbra_status status = umbra_ring_take(ring, &room, bytes, "an encryption");
  if (status == UMBRA_OK) {
    masked_key masked = {key, made->poly.window, stream, v, room};
    umbra_view dst = umbra_poly_view(&made->poly, ring);
    status = divide_masked(&dst, &masked, random);
    umbra_ring_give_secret(ring, stream, room, bytes);
  }
  umbra_ring_give_secret(ring, stream, v, n * sizeof *v);
  return status;
}

/* ---- with the secret key ---- */

/* made = an encryption of 0 at the key's home: c1 uniform from a seed, c0 = e - c1 s. */
static umbra_status encrypt_zero_symmetric(umbra_ciphertext *made, const umbra_secret_key *key, umbra_stream *stream,
                                           umbra_random *random) {
  umbra_ring *ring = key->home->ring;
  umbra_poly secret;
  UMBRA_TRY(umbra_poly_create(&secret, ring, 1, made->poly.window, 0, "an encryption"));
  umbra_view secret_view = umbra_poly_view(&secret, ring), both = umbra_poly_view(&made->poly, ring);
  umbra_view c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  made->seeded = 1;
  umbra_random_bytes(random, made->seed, sizeof made->seed);
  umbra_ciphertext_expand(made, stream);
  umbra_status status = umbra_small_expand(&secret_view, key->home, stream, key->ternary);
  if (status == UMBRA_OK) {
    umbra_ring_mul(ring, stream, &secret_view, &c1, &secret_view);
    status = umbra_small_fresh(&c0, key->home, stream, random, umbra_random_error);
  }
  if (status == UMBRA_OK) umbra_ring_sub(ring, stream, &c0, &c0, &secret_view);
  umbra_ring_give_secret(ring, stream, secret.data, umbra_poly_bytes(&secret, ring));
  return status;
}

/* The same, moved from the key's home to its context. */
static umbra_status make_zero_symmetric(umbra_ciphertext *made, const umbra_secret_key *key, umbra_random *random) {
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, key->home->ring));
  UMBRA_TRY(umbra_stream_close(stream, key->home, encrypt_zero_symmetric(made, key, stream, random)));
  return umbra_move_to_context(&made->poly, &made->context, key->context);
}

/* ---- both ---- */

typedef struct encryption {
  const umbra_context *context;
  const uint8_t *owner;
  const umbra_plaintext *plaintext;
  const umbra_public_key *public_key; /* one of the two */
  const umbra_secret_key *secret_key;
} encryption;

static void set_estimate(umbra_ciphertext *made, const encryption *job) {
  const umbra_chain *chain = umbra_context_chain(job->context);
  umbra_estimate message = job->plaintext->estimate;
  made->estimate = job->public_key ? umbra_noise_encrypt(message, chain, made->level)
                                   : umbra_noise_encrypt_symmetric(message, chain, made->level);
  made->declared = umbra_declared_by_owner();
}

static umbra_status run(const encryption *job, umbra_ciphertext *made, umbra_random *random) {
  umbra_stream *stream;
  if (job->secret_key) UMBRA_TRY(make_zero_symmetric(made, job->secret_key, random));
  UMBRA_TRY(umbra_ring_stream_open(&stream, made->context->ring));
  umbra_status status = job->public_key ? encrypt_zero(made, job->public_key, stream, random) : UMBRA_OK;
  if (status == UMBRA_OK) status = add_message(made, stream, job->plaintext);
  set_estimate(made, job);
  return umbra_stream_close(stream, made->context, status);
}

static umbra_status encrypt(umbra_ciphertext **out, const encryption *job) {
  UMBRA_TRY(umbra_check_context(job->context, job->plaintext->context, "the plaintext"));
  umbra_ciphertext *made = NULL;
  umbra_random random;
  const umbra_context *home = job->secret_key ? job->secret_key->home : job->context;
  UMBRA_TRY(umbra_ciphertext_make(&made, home, job->plaintext->level));
  memcpy(made->owner, job->owner, sizeof made->owner);
  made->slots = job->plaintext->slots;
  umbra_status status = umbra_random_open(&random);
  if (status == UMBRA_OK) {
    status = run(job, made, &random);
    umbra_random_close(&random);
  }
  if (status == UMBRA_OK) UMBRA_PUT(ciphertext, out, made);
  else umbra_ciphertext_destroy(made);
  return status;
}

umbra_status umbra_encrypt(umbra_ciphertext **ciphertext, const umbra_public_key *key,
                           const umbra_plaintext *plaintext) {
  UMBRA_TRACE_OF(key, "encrypt", plaintext ? plaintext->level : 0);
  if (!ciphertext || !key || !plaintext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_encrypt needs an output, a public key and a plaintext");
  return encrypt(
      ciphertext,
      &(encryption){.context = key->context, .owner = key->owner, .plaintext = plaintext, .public_key = key});
}

umbra_status umbra_encrypt_symmetric(umbra_ciphertext **ciphertext, const umbra_secret_key *key,
                                     const umbra_plaintext *plaintext) {
  UMBRA_TRACE_OF(key, "encrypt_symmetric", plaintext ? plaintext->level : 0);
  if (!ciphertext || !key || !plaintext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_encrypt_symmetric needs an output, a secret key and a plaintext");
  return encrypt(
      ciphertext,
      &(encryption){.context = key->context, .owner = key->owner, .plaintext = plaintext, .secret_key = key});
}

umbra_status umbra_encode_encrypt(umbra_ciphertext **ciphertext, const umbra_public_key *key, const double *values,
                                  size_t count) {
  UMBRA_TRACE_OF(key, "encode_encrypt", 0);
  if (!ciphertext || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_encode_encrypt needs an output and a public key");
  umbra_plaintext *plaintext = NULL;
  UMBRA_TRY(umbra_encode(&plaintext, key->context, values, count, NULL));
  umbra_status status = umbra_encrypt(ciphertext, key, plaintext);
  umbra_plaintext_destroy(plaintext);
  return status;
}
