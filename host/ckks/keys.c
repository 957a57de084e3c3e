/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/keys.h>

#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "galois.h"
#include "objects.h"
#include "secret.h"

/* ---- secret and public key ---- */

umbra_status umbra_secret_key_generate(umbra_secret_key **out, const umbra_context *context) {
  if (!out || !context)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_secret_key_generate needs an output and a context");
  umbra_random random;
  umbra_secret_key *made = NULL;
  UMBRA_TRY(umbra_random_open(&random));
  umbra_status status = umbra_secret_key_make(&made, context);
  if (status == UMBRA_OK) {
    umbra_random_ternary(&random, made->ternary, umbra_ring_n(context->ring));
    umbra_random_bytes(&random, made->owner, sizeof made->owner);
    UMBRA_PUT(secret_key, out, made);
  }
  umbra_random_close(&random);
  return status;
}

/* What key generation works with, at home: the secret over every prime that a key can have, and room for an error. */
typedef struct key_maker {
  const umbra_context *context;
  umbra_stream *stream;
  umbra_random random;
  umbra_window window;
  umbra_poly secret, other, error; /* one polynomial each over `window` and all auxiliary primes */
  int8_t *sparse;                  /* the ephemeral secret, in guarded memory; NULL until a key needs it */
} key_maker;

/* Zeroises through the ring's secret path and clears. */
static void destroy_secret_poly(umbra_poly *poly, const key_maker *maker) {
  umbra_ring_give_secret(maker->context->ring, maker->stream, poly->data, umbra_poly_bytes(poly, maker->context->ring));
  *poly = (umbra_poly){0};
}

static umbra_view maker_view(const key_maker *maker, const umbra_poly *poly, umbra_window window, uint32_t aux) {
  return umbra_poly_subview(poly, maker->context->ring, 0, 1, window, aux);
}

static umbra_status fill_maker(key_maker *maker, const umbra_secret_key *secret) {
  umbra_ring *ring = maker->context->ring;
  uint32_t auxes = umbra_ring_chain(ring)->auxes;
  umbra_poly *polys[] = {&maker->secret, &maker->other, &maker->error};
  for (size_t i = 0; i < sizeof polys / sizeof *polys; i++)
    UMBRA_TRY(umbra_poly_create(polys[i], ring, 1, maker->window, auxes, "key generation"));
  umbra_view view = umbra_poly_view(&maker->secret, ring);
  return umbra_small_expand(&view, maker->context, maker->stream, secret->ternary);
}

static umbra_status maker_close(key_maker *maker, umbra_status status) {
  destroy_secret_poly(&maker->secret, maker);
  destroy_secret_poly(&maker->other, maker);
  destroy_secret_poly(&maker->error, maker);
  sodium_free(maker->sparse);
  umbra_random_close(&maker->random);
  return umbra_stream_close(maker->stream, maker->context, status);
}

static umbra_status maker_open(key_maker *maker, const umbra_secret_key *secret) {
  const umbra_chain *chain = umbra_context_chain(secret->home);
  *maker = (key_maker){.context = secret->home, .window = umbra_chain_union(chain, chain->total_levels - 1)};
  UMBRA_TRY(umbra_random_open(&maker->random));
  umbra_status status = umbra_ring_stream_open(&maker->stream, maker->context->ring);
  if (status != UMBRA_OK) {
    umbra_random_close(&maker->random);
    return status;
  }
  status = fill_maker(maker, secret);
  return status == UMBRA_OK ? UMBRA_OK : maker_close(maker, status);
}

/* b = e - a * secret, over the limbs of b and a. */
static umbra_status mask(key_maker *maker, const umbra_view *b, const umbra_view *a, const umbra_poly *under,
                         umbra_window window, uint32_t aux) {
  umbra_ring *ring = maker->context->ring;
  umbra_view secret = maker_view(maker, under, window, aux);
  umbra_view error = maker_view(maker, &maker->error, window, aux);
  UMBRA_TRY(umbra_small_fresh(&error, maker->context, maker->stream, &maker->random, umbra_random_error));
  umbra_ring_mul(ring, maker->stream, b, a, &secret);
  umbra_ring_sub(ring, maker->stream, b, &error, b);
  return UMBRA_OK;
}

static umbra_status fill_public_key(umbra_public_key *key, key_maker *maker) {
  umbra_random_bytes(&maker->random, key->seed, sizeof key->seed);
  umbra_public_key_expand(key, maker->stream);
  umbra_view both = umbra_poly_view(&key->poly, maker->context->ring);
  umbra_view b = umbra_view_poly(&both, 0), a = umbra_view_poly(&both, 1);
  return mask(maker, &b, &a, &maker->secret, key->poly.window, key->poly.aux);
}

umbra_status umbra_public_key_generate(umbra_public_key **out, const umbra_secret_key *secret) {
  if (!out || !secret)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_public_key_generate needs an output and a secret key");
  umbra_public_key *made = NULL;
  key_maker maker;
  UMBRA_TRY(umbra_public_key_make(&made, secret->home));
  memcpy(made->owner, secret->owner, sizeof made->owner);
  umbra_status status = maker_open(&maker, secret);
  if (status == UMBRA_OK) status = maker_close(&maker, fill_public_key(made, &maker));
  if (status == UMBRA_OK) status = umbra_move_to_context(&made->poly, &made->context, secret->context);
  if (status == UMBRA_OK) UMBRA_PUT(public_key, out, made);
  else umbra_public_key_destroy(made);
  return status;
}

/* ---- evaluation keys ---- */

/*
 * A key switches `from` one secret to what it is `under`. Relinearisation: from s^2, under s. An automorphism is
 * applied after the switch, so that the digits of c1 stay as they are: from s, under the preimage of s, which the
 * automorphism then makes s. Ephemeral keys lead from s to a sparse secret and back.
 */
typedef struct key_secrets {
  const umbra_poly *from, *under;
} key_secrets;

/* The ephemeral secret over all primes, drawn on first use: all keys of one request share it. */
static umbra_status expand_sparse(key_maker *maker, const umbra_view *dst) {
  const umbra_chain *chain = umbra_context_chain(maker->context);
  size_t n = umbra_ring_n(maker->context->ring);
  if (!maker->sparse) {
    maker->sparse = umbra_alloc_must_fail() ? NULL : sodium_malloc(n);
    if (!maker->sparse) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate guarded memory for a secret");
    umbra_random_sparse(&maker->random, maker->sparse, n, chain->boot.hamming);
  }
  return umbra_small_expand(dst, maker->context, maker->stream, maker->sparse);
}

/* Fills maker->other with the secret that is not s. */
static umbra_status prepare_secrets(key_secrets *secrets, key_maker *maker, const umbra_eval_key *entry) {
  umbra_ring *ring = maker->context->ring;
  umbra_view other = umbra_poly_view(&maker->other, ring), secret = umbra_poly_view(&maker->secret, ring);
  uint32_t n = umbra_ring_n(ring);
  *secrets = (key_secrets){&maker->secret, &maker->other};
  switch (entry->kind) {
    case UMBRA_KEY_RELINEARIZE:
      umbra_ring_mul(ring, maker->stream, &other, &secret, &secret);
      *secrets = (key_secrets){&maker->other, &maker->secret};
      return UMBRA_OK;
    case UMBRA_KEY_TO_DENSE:
      *secrets = (key_secrets){&maker->other, &maker->secret};
      return expand_sparse(maker, &other);
    case UMBRA_KEY_TO_SPARSE: return expand_sparse(maker, &other);
    case UMBRA_KEY_ROTATE:
    case UMBRA_KEY_CONJUGATE:
      umbra_ring_automorphism(ring, maker->stream, &other, &secret,
                              umbra_galois_inverse(umbra_key_galois(entry->kind, entry->rotation, n), n));
      return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_INTERNAL, "no such kind of key: %d", (int)entry->kind);
}

/* Adds the product of the gadget's primes (P) times from, on the digit's own primes. */
static void add_gadget(key_maker *maker, const umbra_eval_key *entry, const umbra_poly *from, uint32_t digit) {
  umbra_ring *ring = maker->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  umbra_key_shape shape = umbra_key_shape_of(chain, entry->kind, entry->level);
  umbra_window own = umbra_key_digit_window(chain, entry, digit);
  umbra_view b = umbra_poly_subview(&entry->key.poly, ring, 2 * digit, 1, own, 0);
  umbra_view switched = maker_view(maker, from, own, 0);
  umbra_view scratch = maker_view(maker, &maker->error, own, 0);
  umbra_ring_mul_primes(ring, maker->stream, &scratch, &switched, shape.gadget_first, shape.gadget_count);
  umbra_ring_add(ring, maker->stream, &b, &b, &scratch);
}

static umbra_status fill_eval_key(umbra_eval_key *entry, key_maker *maker) {
  umbra_ring *ring = maker->context->ring;
  umbra_random_bytes(&maker->random, entry->seed, sizeof entry->seed);
  umbra_eval_key_expand(entry, maker->context, maker->stream);
  key_secrets secrets;
  UMBRA_TRY(prepare_secrets(&secrets, maker, entry));
  umbra_view all = umbra_poly_view(&entry->key.poly, ring);
  for (uint32_t j = 0; j < entry->key.digits.count; j++) {
    umbra_view b = umbra_view_poly(&all, 2 * j), a = umbra_view_poly(&all, 2 * j + 1);
    UMBRA_TRY(mask(maker, &b, &a, secrets.under, entry->key.poly.window, entry->key.poly.aux));
    add_gadget(maker, entry, secrets.from, j);
  }
  return UMBRA_OK;
}

/* Makes the key's polynomial at home and moves it to where it is used. */
static umbra_status make_eval_key(umbra_eval_key *entry, key_maker *maker, const umbra_context *context) {
  umbra_ring *home = maker->context->ring;
  UMBRA_TRY(umbra_eval_key_make(entry, maker->context, entry->kind, entry->level));
  umbra_status status = fill_eval_key(entry, maker);
  if (status == UMBRA_OK && home != context->ring) status = umbra_ring_wait(home, maker->stream);
  if (status == UMBRA_OK) status = umbra_poly_move(&entry->key.poly, home, context->ring);
  if (status != UMBRA_OK) umbra_poly_destroy(&entry->key.poly, home);
  return status == UMBRA_OK ? umbra_poly_may_leave(&entry->key.poly, context->ring) : status;
}

const umbra_eval_key *umbra_eval_keys_find(const umbra_eval_keys *keys, umbra_key_kind kind, uint32_t rotation) {
  for (size_t i = 0; keys && i < keys->count; i++)
    if (keys->key[i].kind == kind && keys->key[i].rotation == rotation) return &keys->key[i];
  return NULL;
}

/* Appends a key to be made, or raises the level of the one that is there; keys->count counts them. */
static void plan_key(umbra_eval_keys *keys, umbra_key_kind kind, uint32_t rotation, uint32_t level) {
  umbra_eval_key *planned = (umbra_eval_key *)umbra_eval_keys_find(keys, kind, rotation);
  if (!planned) keys->key[keys->count++] = (umbra_eval_key){.kind = kind, .rotation = rotation, .level = level};
  else if (planned->level < level) planned->level = level;
}

/* The level of a key's request: UMBRA_TOP_LEVEL is the highest ordinary one. */
static umbra_status check_key_request(uint32_t *level, const umbra_context *context, uint32_t wanted) {
  const umbra_chain *chain = umbra_context_chain(context);
  *level = wanted == UMBRA_TOP_LEVEL ? chain->levels - 1 : wanted;
  if (*level < chain->total_levels) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "level %u does not exist: the highest that keys can have is %u",
                    wanted, chain->total_levels - 1);
}

/* What a refresh needs beside what any computation can. */
static umbra_status plan_refresh(umbra_eval_keys *keys, const umbra_context *context,
                                 const umbra_eval_keys_request *request) {
  const umbra_chain *chain = umbra_context_chain(context);
  uint32_t slots = umbra_ring_n(context->ring) / 2;
  if (request->ephemeral && !chain->boot.stc_levels)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ephemeral keys, but these parameters do not refresh");
  if (request->ephemeral) {
    plan_key(keys, UMBRA_KEY_TO_SPARSE, 0, 0);
    plan_key(keys, UMBRA_KEY_TO_DENSE, 0, chain->total_levels - 1);
  }
  for (size_t i = 0; i < request->need_count; i++) {
    uint32_t rotation = umbra_rotation_of(request->needs[i].steps, slots), level;
    UMBRA_TRY(check_key_request(&level, context, request->needs[i].level));
    if (rotation) plan_key(keys, UMBRA_KEY_ROTATE, rotation, level);
  }
  return UMBRA_OK;
}

static umbra_status plan_keys(umbra_eval_keys **out, const umbra_context *context,
                              const umbra_eval_keys_request *request) {
  uint32_t relinearize_level, conjugate_level, level, slots = umbra_ring_n(context->ring) / 2;
  UMBRA_TRY(check_key_request(&level, context, request->rotation_level));
  UMBRA_TRY(check_key_request(&relinearize_level, context, request->relinearize_level));
  conjugate_level = request->conjugate_level == UMBRA_TOP_LEVEL ? level : request->conjugate_level;
  UMBRA_TRY(check_key_request(&conjugate_level, context, conjugate_level));
  if (request->rotation_count && !request->rotations)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "rotations is NULL but rotation_count is %zu",
                      request->rotation_count);
  if (request->need_count && !request->needs)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "needs is NULL but need_count is %zu", request->need_count);
  umbra_eval_keys *keys = NULL;
  UMBRA_TRY(umbra_eval_keys_make(&keys, context, request->rotation_count + request->need_count + 4));
  keys->count = 0;
  if (request->relinearize) plan_key(keys, UMBRA_KEY_RELINEARIZE, 0, relinearize_level);
  if (request->conjugate) plan_key(keys, UMBRA_KEY_CONJUGATE, 0, conjugate_level);
  for (size_t i = 0; i < request->rotation_count; i++) {
    uint32_t rotation = umbra_rotation_of(request->rotations[i], slots);
    if (rotation) plan_key(keys, UMBRA_KEY_ROTATE, rotation, level);
  }
  umbra_status status = plan_refresh(keys, context, request);
  if (status == UMBRA_OK) *out = keys;
  else umbra_eval_keys_destroy(keys);
  return status;
}

static umbra_status fill_eval_keys(umbra_eval_keys *keys, key_maker *maker, umbra_progress progress) {
  for (size_t i = 0; i < keys->count; i++) {
    if (progress.report && progress.report(progress.user, (double)i / (double)keys->count))
      return umbra_fail(UMBRA_ERROR_CANCELLED, "key generation was cancelled after %zu of %zu keys", i, keys->count);
    UMBRA_TRY(make_eval_key(&keys->key[i], maker, keys->context));
  }
  if (progress.report) (void)progress.report(progress.user, 1);
  return UMBRA_OK;
}

umbra_status umbra_eval_keys_generate(umbra_eval_keys **out, const umbra_secret_key *secret,
                                      const umbra_eval_keys_request *request) {
  if (!out || !secret || !request)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_eval_keys_generate needs an output, a secret key and a request");
  umbra_eval_keys_request wanted = {UMBRA_EVAL_KEYS_REQUEST_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_eval_keys_request, &wanted, request));
  umbra_eval_keys *made = NULL;
  key_maker maker;
  UMBRA_TRY(plan_keys(&made, secret->context, &wanted));
  memcpy(made->owner, secret->owner, sizeof made->owner);
  umbra_status status = maker_open(&maker, secret);
  if (status == UMBRA_OK) status = maker_close(&maker, fill_eval_keys(made, &maker, wanted.progress));
  if (status == UMBRA_OK) UMBRA_PUT(eval_keys, out, made);
  else umbra_eval_keys_destroy(made);
  return status;
}

/* ---- sets in parts ---- */

static void move_key(umbra_eval_key *to, umbra_eval_key *from, umbra_ring *ring) {
  umbra_poly_destroy(&to->key.poly, ring);
  *to = *from;
  umbra_poly_relocate(&to->key.poly, &from->key.poly, ring);
}

/* keys has room for one more. */
static void add_key(umbra_eval_keys *keys, umbra_eval_key *key) {
  umbra_ring *ring = keys->context->ring;
  umbra_eval_key *have = (umbra_eval_key *)umbra_eval_keys_find(keys, key->kind, key->rotation);
  if (have && have->level >= key->level) return;
  if (!have) {
    have = &keys->key[keys->count++];
    *have = (umbra_eval_key){0};
  }
  move_key(have, key, ring);
}

umbra_status umbra_eval_keys_add(umbra_eval_keys *keys, umbra_eval_keys **more) {
  if (!keys || !more || !*more || *more == keys)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_eval_keys_add needs two different sets of keys");
  if (keys->context != (*more)->context)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the keys to be added belong to another context");
  UMBRA_TRY(umbra_check_owner(keys->owner, (*more)->owner, "the keys to be added"));
  if (umbra_is_shared(*more))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "the keys to be added are held by an evaluator, or by another handle: destroy those first");
  umbra_eval_key *all;
  UMBRA_TRY(umbra_alloc(&all, keys->count + (*more)->count, sizeof *all, "evaluation keys"));
  for (size_t i = 0; i < keys->count; i++) move_key(&all[i], &keys->key[i], keys->context->ring);
  umbra_free(keys->key);
  keys->key = all;
  for (size_t i = 0; i < (*more)->count; i++) add_key(keys, &(*more)->key[i]);
  umbra_eval_keys_destroy(*more);
  *more = NULL;
  return UMBRA_OK;
}

/* ---- accessors ---- */

int umbra_eval_keys_can_rotate(const umbra_eval_keys *keys, int32_t steps) {
  uint32_t rotation = umbra_rotation_of(steps, umbra_ring_n(keys->context->ring) / 2);
  return rotation == 0 || umbra_eval_keys_find(keys, UMBRA_KEY_ROTATE, rotation) != NULL;
}

int umbra_eval_keys_can_relinearize(const umbra_eval_keys *keys) {
  return umbra_eval_keys_find(keys, UMBRA_KEY_RELINEARIZE, 0) != NULL;
}
int umbra_eval_keys_can_conjugate(const umbra_eval_keys *keys) {
  return umbra_eval_keys_find(keys, UMBRA_KEY_CONJUGATE, 0) != NULL;
}
size_t umbra_eval_keys_count(const umbra_eval_keys *keys) { return keys->count; }

void umbra_secret_key_owner(const umbra_secret_key *key, uint8_t owner[UMBRA_OWNER_BYTES]) {
  memcpy(owner, key->owner, UMBRA_OWNER_BYTES);
}

void umbra_public_key_owner(const umbra_public_key *key, uint8_t owner[UMBRA_OWNER_BYTES]) {
  memcpy(owner, key->owner, UMBRA_OWNER_BYTES);
}

void umbra_eval_keys_owner(const umbra_eval_keys *keys, uint8_t owner[UMBRA_OWNER_BYTES]) {
  memcpy(owner, keys->owner, UMBRA_OWNER_BYTES);
}
