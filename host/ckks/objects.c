/* SPDX-License-Identifier: Apache-2.0 */
#include "objects.h"

#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "stand_ins.h"

/* ---- streams and checks ---- */

umbra_status umbra_stream_close(umbra_stream *stream, const umbra_context *context, umbra_status status) {
  umbra_status waited = status == UMBRA_OK ? umbra_ring_wait(context->ring, stream) : status;
  umbra_ring_stream_close(stream, context->ring);
  return waited;
}

umbra_status umbra_check_params(const umbra_context *a, const umbra_context *b, const char *what) {
  const umbra_params *p = umbra_context_params(a), *q = umbra_context_params(b);
  if (memcmp(p->digest, q->digest, sizeof p->digest) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s belongs to another parameter set", what);
}

umbra_status umbra_check_context(const umbra_context *a, const umbra_context *b, const char *what) {
  if (a == b) return UMBRA_OK;
  UMBRA_TRY(umbra_check_no_mixing(a, b));
  UMBRA_TRY(umbra_check_params(a, b, what));
  if (umbra_ring_kernels(a->ring)->host_memory && umbra_ring_kernels(b->ring)->host_memory) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "%s is on another device (%s, not %s): bring it to the context where it is used, a ciphertext by "
                    "umbra_ciphertext_move, anything else by saving and loading it",
                    what, umbra_context_backend(b), umbra_context_backend(a));
}

umbra_status umbra_check_owner(const uint8_t *a, const uint8_t *b, const char *what) {
  if (memcmp(a, b, UMBRA_OWNER_BYTES) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s belongs to another owner: it was made from a different secret key", what);
}

umbra_status umbra_check_level(uint32_t *level, const umbra_context *context, uint32_t wanted) {
  uint32_t top = umbra_context_chain(context)->levels - 1;
  if (wanted != UMBRA_TOP_LEVEL && wanted > top)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "level %u does not exist: the highest of these parameters is %u",
                      wanted, top);
  *level = wanted == UMBRA_TOP_LEVEL ? top : wanted;
  return UMBRA_OK;
}

umbra_status umbra_check_slots(uint32_t *slots, const umbra_context *context, uint32_t wanted) {
  uint32_t most = umbra_params_slots(umbra_context_params(context));
  if (wanted > most || (wanted & (wanted - 1)))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "slots is %u: it must be a power of two up to %u", wanted, most);
  *slots = wanted ? wanted : most;
  return UMBRA_OK;
}

umbra_status umbra_move_to_context(umbra_poly *poly, umbra_context **context, const umbra_context *to) {
  umbra_context *from = *context;
  UMBRA_TRY(umbra_poly_move(poly, from->ring, to->ring));
  *context = umbra_context_share(to);
  umbra_context_destroy(from);
  return UMBRA_OK;
}

/* ---- ciphertexts and plaintexts ---- */

umbra_status umbra_ciphertext_make(umbra_ciphertext **out, const umbra_context *context, uint32_t level) {
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a ciphertext"));
  *made = (umbra_ciphertext){.context = umbra_context_share(context), .level = level};
  umbra_status status =
      umbra_poly_create(&made->poly, context->ring, 2, umbra_context_chain(context)->window[level], 0, "a ciphertext");
  if (status == UMBRA_OK) *out = made;
  else umbra_ciphertext_destroy(made);
  return status;
}

void umbra_ciphertext_destroy(umbra_ciphertext *ciphertext) {
  if (!ciphertext) return;
  umbra_poly_destroy(&ciphertext->poly, ciphertext->context->ring);
  umbra_context_destroy(ciphertext->context);
  umbra_free(ciphertext);
}

umbra_status umbra_plaintext_make(umbra_plaintext **out, const umbra_context *context, uint32_t level) {
  umbra_plaintext *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a plaintext"));
  *made = (umbra_plaintext){.context = umbra_context_share(context), .level = level};
  umbra_status status =
      umbra_poly_create(&made->poly, context->ring, 1, umbra_context_chain(context)->window[level], 0, "a plaintext");
  made->poly.secret = 1;
  if (status == UMBRA_OK) *out = made;
  else umbra_plaintext_destroy(made);
  return status;
}

/* Wiped: a decrypted plaintext and its ciphertext together give the key. */
void umbra_plaintext_destroy(umbra_plaintext *plaintext) {
  if (!plaintext) return;
  umbra_ring *ring = plaintext->context->ring;
  umbra_stream *stream;
  if (umbra_ring_stream_open_beside(&stream, ring) == UMBRA_OK) {
    umbra_poly_forget(&plaintext->poly, ring);
    umbra_ring_give_secret(ring, stream, plaintext->poly.data, umbra_poly_bytes(&plaintext->poly, ring));
    umbra_ring_stream_close(stream, ring);
  } else {
    umbra_poly_destroy(&plaintext->poly, ring);
  }
  umbra_context_destroy(plaintext->context);
  umbra_free(plaintext);
}

/* ---- keys ---- */

static void destroy_secret_key(void *object) {
  umbra_secret_key *key = object;
  sodium_free(key->ternary);
  umbra_context_destroy(key->context);
  umbra_free(key);
}

umbra_status umbra_secret_key_make(umbra_secret_key **out, const umbra_context *context) {
  UMBRA_TRY(umbra_check_real(context));
  if (sodium_init() < 0) return umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium could not be initialised");
  umbra_secret_key *made = NULL;
  const umbra_context *home = NULL;
  UMBRA_TRY(umbra_context_home(&home, context));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a secret key"));
  made->counted = UMBRA_COUNTED(destroy_secret_key);
  made->context = umbra_context_share(context);
  made->home = home;
  made->ternary = umbra_alloc_must_fail() ? NULL : sodium_malloc(umbra_ring_n(context->ring));
  if (!made->ternary) {
    umbra_secret_key_destroy(made);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate guarded memory for a secret key");
  }
  *out = made;
  return UMBRA_OK;
}

umbra_secret_key *umbra_secret_key_share(const umbra_secret_key *key) { return umbra_share(key); }
void umbra_secret_key_destroy(umbra_secret_key *key) { umbra_release(key); }

static void destroy_public_key(void *object) {
  umbra_public_key *key = object;
  umbra_poly_destroy(&key->poly, key->context->ring);
  umbra_context_destroy(key->context);
  umbra_free(key);
}

umbra_status umbra_public_key_make(umbra_public_key **out, const umbra_context *context) {
  UMBRA_TRY(umbra_check_real(context));
  const umbra_chain *chain = umbra_context_chain(context);
  umbra_public_key *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a public key"));
  made->counted = UMBRA_COUNTED(destroy_public_key);
  made->context = umbra_context_share(context);
  umbra_status status =
      umbra_poly_create(&made->poly, context->ring, 2, umbra_chain_union(chain, chain->levels - 1), 1, "a public key");
  if (status == UMBRA_OK) *out = made;
  else umbra_public_key_destroy(made);
  return status;
}

umbra_public_key *umbra_public_key_share(const umbra_public_key *key) { return umbra_share(key); }
void umbra_public_key_destroy(umbra_public_key *key) { umbra_release(key); }

static void destroy_eval_keys(void *object) {
  umbra_eval_keys *keys = object;
  for (size_t i = 0; i < keys->count; i++) umbra_poly_destroy(&keys->key[i].key.poly, keys->context->ring);
  umbra_context_destroy(keys->context);
  umbra_free(keys->key);
  umbra_free(keys);
}

umbra_status umbra_eval_keys_make(umbra_eval_keys **out, const umbra_context *context, size_t count) {
  UMBRA_TRY(umbra_check_real(context));
  umbra_eval_keys *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "evaluation keys"));
  umbra_status status = umbra_alloc(&made->key, count, sizeof *made->key, "evaluation keys");
  if (status != UMBRA_OK) {
    umbra_free(made);
    return status;
  }
  made->counted = UMBRA_COUNTED(destroy_eval_keys);
  made->context = umbra_context_share(context);
  made->count = count;
  *out = made;
  return UMBRA_OK;
}

umbra_eval_keys *umbra_eval_keys_share(const umbra_eval_keys *keys) { return umbra_share(keys); }
void umbra_eval_keys_destroy(umbra_eval_keys *keys) { umbra_release(keys); }

umbra_key_shape umbra_key_shape_of(const umbra_chain *chain, umbra_key_kind kind, uint32_t level) {
  const umbra_digit_range one = {0, 1};
  const umbra_window sparse = umbra_chain_sparse_window(chain), all = umbra_chain_union(chain, level);
  const uint32_t aux = umbra_chain_aux(chain);
  switch (kind) {
    case UMBRA_KEY_TO_SPARSE:
      return (umbra_key_shape){sparse, 0, one, umbra_window_end(chain->window[0]), chain->boot.sparse_primes};
    case UMBRA_KEY_TO_DENSE: /* used at its level only */
      return (umbra_key_shape){chain->window[level], chain->auxes, one, aux, chain->auxes};
    case UMBRA_KEY_RELINEARIZE:
    case UMBRA_KEY_ROTATE:
    case UMBRA_KEY_CONJUGATE: break;
  }
  return (umbra_key_shape){all, chain->auxes, umbra_digits_of(chain, all), aux, chain->auxes};
}

uint64_t umbra_key_bytes(const umbra_chain *chain, umbra_key_kind kind, uint32_t level) {
  umbra_key_shape shape = umbra_key_shape_of(chain, kind, level);
  return 2ull * shape.digits.count * (shape.window.count + shape.aux) * sizeof(uint32_t) << chain->log_n;
}

umbra_window umbra_key_digit_window(const umbra_chain *chain, const umbra_eval_key *entry, uint32_t j) {
  if (entry->kind == UMBRA_KEY_TO_SPARSE) return chain->window[0];
  if (entry->kind == UMBRA_KEY_TO_DENSE) return entry->key.poly.window;
  return umbra_digit_window(chain, entry->key.digits.first + j, entry->key.poly.window);
}

uint32_t umbra_key_top_level(const umbra_chain *chain, umbra_key_kind kind) {
  return kind == UMBRA_KEY_TO_SPARSE ? 0 : chain->total_levels - 1;
}

umbra_status umbra_eval_key_make(umbra_eval_key *entry, const umbra_context *context, umbra_key_kind kind,
                                 uint32_t level) {
  umbra_key_shape shape = umbra_key_shape_of(umbra_context_chain(context), kind, level);
  UMBRA_TRY(umbra_poly_create(&entry->key.poly, context->ring, 2 * shape.digits.count, shape.window, shape.aux,
                              "an evaluation key"));
  entry->key.digits = shape.digits;
  entry->kind = kind;
  entry->level = level;
  return UMBRA_OK;
}

/* ---- seeds ---- */

static void expand(const umbra_context *context, umbra_stream *stream, const umbra_poly *poly, uint32_t index,
                   const uint8_t *seed, uint64_t nonce) {
  umbra_view view = umbra_poly_subview(poly, context->ring, index, 1, poly->window, poly->aux);
  umbra_ring_expand(context->ring, stream, &view, seed, nonce);
}

void umbra_ciphertext_expand(const umbra_ciphertext *ciphertext, umbra_stream *stream) {
  expand(ciphertext->context, stream, &ciphertext->poly, 1, ciphertext->seed, 0);
}

void umbra_public_key_expand(const umbra_public_key *key, umbra_stream *stream) {
  expand(key->context, stream, &key->poly, 1, key->seed, 0);
}

void umbra_eval_key_expand(const umbra_eval_key *entry, const umbra_context *context, umbra_stream *stream) {
  for (uint32_t j = 0; j < entry->key.digits.count; j++)
    expand(context, stream, &entry->key.poly, 2 * j + 1, entry->seed, j);
}

/* ---- accessors ---- */

uint32_t umbra_plaintext_level(const umbra_plaintext *plaintext) { return plaintext->level; }
uint32_t umbra_plaintext_slots(const umbra_plaintext *plaintext) { return plaintext->slots; }
uint32_t umbra_ciphertext_level(const umbra_ciphertext *ciphertext) { return ciphertext->level; }
uint32_t umbra_ciphertext_slots(const umbra_ciphertext *ciphertext) { return ciphertext->slots; }

uint64_t umbra_plaintext_bytes(const umbra_plaintext *plaintext) {
  return umbra_poly_bytes(&plaintext->poly, plaintext->context->ring);
}

uint64_t umbra_ciphertext_bytes(const umbra_ciphertext *ciphertext) {
  return umbra_poly_bytes(&ciphertext->poly, ciphertext->context->ring);
}

uint64_t umbra_public_key_bytes(const umbra_public_key *key) {
  return umbra_poly_bytes(&key->poly, key->context->ring);
}

void umbra_ciphertext_owner(const umbra_ciphertext *ciphertext, uint8_t owner[UMBRA_OWNER_BYTES]) {
  memcpy(owner, ciphertext->owner, UMBRA_OWNER_BYTES);
}
