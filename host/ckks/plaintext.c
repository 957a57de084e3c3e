/* SPDX-License-Identifier: Apache-2.0 */
#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "ciphertext_internal.h"

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

uint32_t umbra_plaintext_level(const umbra_plaintext *plaintext) { return plaintext->level; }
uint32_t umbra_plaintext_slots(const umbra_plaintext *plaintext) { return plaintext->slots; }

uint64_t umbra_plaintext_bytes(const umbra_plaintext *plaintext) {
  return umbra_poly_bytes(&plaintext->poly, plaintext->context->ring);
}
