/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key switches `from` one secret to what it is `under`. Relinearisation: from s^2, under s. An automorphism is
 * applied after the switch, so that the digits of c1 stay as they are: from s, under the preimage of s, which the
 * automorphism then makes s. Ephemeral keys lead from s to a sparse secret and back.
 */
#include <umbra/keys.h>

#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "galois.h"
#include "key_maker.h"
#include "trace.h"

/* The ephemeral secret, drawn on first use: all keys that are made at once share it. */
static umbra_status expand_sparse(umbra_key_maker *maker, const umbra_view *dst) {
  const umbra_chain *chain = umbra_context_chain(maker->context);
  size_t n = umbra_ring_n(maker->context->ring);
  if (!maker->sparse) {
    maker->sparse = umbra_alloc_must_fail() ? NULL : sodium_malloc(n);
    if (!maker->sparse) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate guarded memory for a secret");
    umbra_random_sparse(&maker->random, maker->sparse, n, chain->bootstrap.hamming);
  }
  return umbra_small_expand(dst, maker->context, maker->stream, maker->sparse);
}

/* maker->other = the secret of the key that is not s. */
static umbra_status derive_other(umbra_key_maker *maker, const umbra_eval_key *entry) {
  umbra_ring *ring = maker->context->ring;
  umbra_view other = umbra_poly_view(&maker->other, ring), secret = umbra_poly_view(&maker->secret, ring);
  uint32_t n = umbra_ring_n(ring);
  switch (entry->kind) {
    case UMBRA_KEY_RELINEARIZE: umbra_ring_mul(ring, maker->stream, &other, &secret, &secret); return UMBRA_OK;
    case UMBRA_KEY_TO_SPARSE:
    case UMBRA_KEY_TO_DENSE: return expand_sparse(maker, &other);
    case UMBRA_KEY_ROTATE:
    case UMBRA_KEY_CONJUGATE:
      umbra_ring_automorphism(ring, maker->stream, &other, &secret,
                              umbra_galois_inverse(umbra_key_galois(entry->kind, entry->rotation, n), n));
      return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_INTERNAL, "no such kind of key: %d", (int)entry->kind);
}

static umbra_status fill(umbra_eval_key *entry, umbra_key_maker *maker) {
  umbra_random_bytes(&maker->random, entry->seed, sizeof entry->seed);
  UMBRA_TRY(derive_other(maker, entry));
  int from_other = entry->kind == UMBRA_KEY_RELINEARIZE || entry->kind == UMBRA_KEY_TO_DENSE;
  const umbra_poly *from = from_other ? &maker->other : &maker->secret;
  const umbra_poly *under = from_other ? &maker->secret : &maker->other;
  umbra_gadget gadget = umbra_key_maker_gadget(maker, from, under);
  return umbra_gadget_fill(&gadget, entry);
}

umbra_eval_key umbra_eval_key_for(const umbra_key_purpose *purpose) {
  return (umbra_eval_key){.kind = purpose->kind, .rotation = purpose->rotation, .level = purpose->level};
}

umbra_status umbra_key_maker_make(umbra_key_maker *maker, umbra_eval_key *entry) {
  UMBRA_TRACE_IN(maker->context, "eval_key", entry->level);
  umbra_ring *home = maker->context->ring;
  UMBRA_TRY(umbra_eval_key_make(entry, maker->context, entry->kind, entry->level));
  umbra_status status = fill(entry, maker);
  if (status == UMBRA_OK) status = umbra_ring_check(home, maker->stream);
  if (status != UMBRA_OK) umbra_key_maker_wipe(maker, &entry->key.poly); /* half a key may lack its errors */
  return status;
}

/* Makes a key and moves it to where it is used. */
static umbra_status make_key(umbra_eval_key *entry, umbra_key_maker *maker, const umbra_context *context) {
  umbra_ring *home = maker->context->ring;
  UMBRA_TRY(umbra_key_maker_make(maker, entry));
  umbra_status status = home == context->ring ? UMBRA_OK : umbra_ring_wait(home, maker->stream);
  if (status == UMBRA_OK) status = umbra_poly_move(&entry->key.poly, home, context->ring);
  if (status != UMBRA_OK) umbra_key_maker_wipe(maker, &entry->key.poly);
  return status == UMBRA_OK ? umbra_poly_may_leave(&entry->key.poly, context->ring) : status;
}

static umbra_status make_keys(umbra_eval_keys *keys, umbra_key_maker *maker, umbra_watch *watch) {
  umbra_stream_set_watch(maker->stream, watch);
  for (size_t i = 0; i < keys->count; i++) {
    UMBRA_TRY(umbra_watch_step(watch, i, keys->count));
    UMBRA_TRY(make_key(&keys->key[i], maker, keys->context));
  }
  return UMBRA_OK;
}

umbra_status umbra_eval_keys_generate(umbra_eval_keys **out, const umbra_secret_key *secret,
                                      const umbra_key_needs *needs, const umbra_progress *progress) {
  UMBRA_TRACE_OF(secret, "eval_keys_generate", 0);
  if (!out || !secret || !needs)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_eval_keys_generate needs an output, a secret key and key needs");
  UMBRA_TRY(umbra_key_needs_check(needs, umbra_context_params(secret->context), "the secret key"));
  umbra_eval_keys *made = NULL;
  umbra_key_maker maker;
  UMBRA_TRY(umbra_eval_keys_make(&made, secret->context, needs->count));
  memcpy(made->owner, secret->owner, sizeof made->owner);
  made->life = secret->life;
  for (size_t i = 0; i < needs->count; i++) {
    made->key[i] = umbra_eval_key_for(&needs->need[i]);
  }
  umbra_watch watch = umbra_watch_of(progress);
  umbra_status status = umbra_key_maker_open(&maker, secret);
  if (status == UMBRA_OK) status = umbra_key_maker_close(&maker, make_keys(made, &maker, &watch));
  status = umbra_watch_close(&watch, status);
  if (status == UMBRA_OK) UMBRA_PUT(eval_keys, out, made);
  else umbra_eval_keys_destroy(made);
  return status;
}
