/* SPDX-License-Identifier: Apache-2.0 */
#include "decrypt.h"

#include "../base/error.h"
#include "../base/outputs.h"
#include "../ring/ops.h"
#include "checks.h"
#include "flood.h"
#include "secret.h"
#include "trace.h"

/* A ciphertext, the key that opens it, and where: the home of the ciphertext's context. */
typedef struct opening {
  const umbra_ciphertext *ciphertext;
  const umbra_secret_key *key;
  const umbra_context *home;
  const umbra_coefficient_noise *noise; /* NULL: none is added */
} opening;

/* A ciphertext's polynomials over a window, brought home. */
static umbra_status fetch_home(umbra_poly *fetched, const opening *o, umbra_window window) {
  umbra_ring *ring = o->ciphertext->context->ring, *home = o->home->ring;
  umbra_stream *stream;
  const umbra_poly *poly = &o->ciphertext->poly;
  UMBRA_TRY(umbra_poly_create(fetched, home, poly->polys, window, 0, "a ciphertext to open"));
  umbra_view view = umbra_poly_subview(poly, ring, 0, poly->polys, window, 0);
  umbra_status status = umbra_ring_stream_open(&stream, ring);
  if (status == UMBRA_OK) {
    status = umbra_view_fetch(ring, stream, fetched->data, &view);
    umbra_ring_stream_close(stream, ring);
  }
  if (status != UMBRA_OK) umbra_poly_destroy(fetched, home);
  return status;
}

/* dst *= s, over a part of the window of the ciphertext. */
static umbra_status multiply_by_secret(const umbra_view *dst, umbra_window window, const opening *o,
                                       umbra_stream *stream) {
  umbra_ring *home = o->home->ring;
  umbra_poly secret;
  UMBRA_TRY(umbra_poly_create(&secret, home, 1, window, 0, "a secret"));
  const umbra_view view = umbra_poly_view(&secret, home);
  umbra_status status = umbra_small_expand(&view, o->home, stream, o->key->ternary);
  if (status == UMBRA_OK) umbra_ring_mul(home, stream, dst, dst, &view);
  umbra_ring_give_secret(home, stream, secret.data, umbra_poly_bytes(&secret, home));
  return status;
}

/* dst = c0 + s (c1 + s c2), all at home, with or without c2. */
static umbra_status open_view(const umbra_view *dst, const umbra_view *all, umbra_window window, const opening *o,
                              umbra_stream *stream) {
  umbra_ring *home = o->home->ring;
  uint32_t part = all->polys - 1;
  umbra_view c = umbra_view_poly(all, part);
  UMBRA_TRY(umbra_small_expand(dst, o->home, stream, o->key->ternary));
  umbra_ring_mul(home, stream, dst, dst, &c);
  while (part-- > 0) {
    c = umbra_view_poly(all, part);
    umbra_ring_add(home, stream, dst, dst, &c);
    if (part) UMBRA_TRY(multiply_by_secret(dst, window, o, stream));
  }
  return UMBRA_OK;
}

/* The message over a part of the ciphertext's window; dst and stream are at home. */
static umbra_status open_exactly(const umbra_view *dst, umbra_window window, umbra_stream *stream, const opening *o) {
  umbra_ring *ring = o->ciphertext->context->ring, *home = o->home->ring;
  if (ring == home) {
    const umbra_poly *poly = &o->ciphertext->poly;
    umbra_view all = umbra_poly_subview(poly, ring, 0, poly->polys, window, 0);
    return open_view(dst, &all, window, o, stream);
  }
  umbra_poly fetched;
  UMBRA_TRY(fetch_home(&fetched, o, window));
  umbra_view all = umbra_poly_view(&fetched, home);
  umbra_status status = open_view(dst, &all, window, o, stream);
  umbra_poly_destroy(&fetched, home);
  return status;
}

/* The same with noise, if there is to be any. */
static umbra_status open_residues(const umbra_view *dst, umbra_window window, umbra_stream *stream,
                                  const void *source) {
  const opening *o = source;
  UMBRA_TRY(open_exactly(dst, window, stream, o));
  return o->noise ? umbra_flood_add(dst, window, o->home->ring, stream, o->noise) : UMBRA_OK;
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
  opening o = {ciphertext, key, NULL, NULL};
  UMBRA_TRY(umbra_context_home(&o.home, ciphertext->context));
  UMBRA_TRY(umbra_plaintext_make(&made, o.home, ciphertext->level));
  made->slots = ciphertext->slots;
  made->estimate = ciphertext->estimate;
  made->opened = 1;
  umbra_status status = open_into(made, &o);
  if (status == UMBRA_OK) UMBRA_PUT(plaintext, plaintext, made);
  else umbra_plaintext_destroy(made);
  return status;
}

static umbra_status decode(double *pairs, uint32_t slots, double *largest, opening o, int any) {
  UMBRA_TRY(check(o.ciphertext, o.key));
  UMBRA_TRY(umbra_context_home(&o.home, o.ciphertext->context));
  umbra_message message = {o.home, o.ciphertext->level, slots, open_residues, &o, any};
  return umbra_decode_message(pairs, slots, 2, &message, largest);
}

umbra_status umbra_decrypt_pairs(double *pairs, double *largest, const umbra_ciphertext *ciphertext,
                                 const umbra_secret_key *key, int any) {
  return decode(pairs, ciphertext->slots, largest, (opening){ciphertext, key, NULL, NULL}, any);
}

umbra_status umbra_decrypt_flooded(double *pairs, uint32_t slots, const umbra_ciphertext *ciphertext,
                                   const umbra_secret_key *key, const umbra_coefficient_noise *noise) {
  return decode(pairs, slots, NULL, (opening){ciphertext, key, NULL, noise}, 0);
}
