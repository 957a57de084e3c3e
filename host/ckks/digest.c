/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include "../base/error.h"
#include "../ring/residues_file.h"
#include "trace.h"

_Static_assert(sizeof(((umbra_trace_event *)0)->digest) == crypto_generichash_BYTES, "BLAKE2b-256");

static umbra_status absorb(void *state, const void *bytes, size_t count) {
  crypto_generichash_update(state, bytes, count);
  return UMBRA_OK;
}

umbra_status umbra_digest_absorb(crypto_generichash_state *state, umbra_stream *stream, const umbra_ciphertext *x) {
  const umbra_poly *poly = &x->poly;
  const uint32_t head[] = {poly->polys, x->level, poly->window.first, poly->window.count};
  UMBRA_TRY(absorb(state, head, sizeof head));
  return umbra_residues_read_back(x->context->ring, stream, poly, absorb, state);
}

umbra_status umbra_digest_tell(umbra_evaluator *evaluator, uint32_t layer, uint32_t record,
                               umbra_ciphertext *const *part, size_t parts) {
  if (!evaluator->digests || umbra_ring_recording(evaluator->context->ring)) return UMBRA_OK;
  UMBRA_TRACE(evaluator, "digest", part[0]);
  umbra_trace_event *event = &umbra_span_.event;
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, sizeof event->digest);
  for (size_t i = 0; i < parts; i++) UMBRA_TRY(umbra_digest_absorb(&state, evaluator->stream, part[i]));
  crypto_generichash_final(&state, event->digest, sizeof event->digest);
  event->layer = layer;
  event->record = record;
  return UMBRA_OK;
}

void umbra_link_digest(uint8_t link[32], const uint8_t digest[32]) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, 32);
  crypto_generichash_update(&state, link, 32);
  crypto_generichash_update(&state, digest, 32);
  crypto_generichash_final(&state, link, 32);
}

umbra_status umbra_evaluator_set_digests(umbra_evaluator *evaluator, int digests) {
  if (!evaluator) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_evaluator_set_digests needs an evaluator");
  const umbra_context *context = evaluator->context;
  if (digests && context->stand_ins)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "device \"%s\" computes no residues, of which digests are",
                      umbra_context_backend(context));
  if (digests && !context->tracer.event)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "digests are told to a tracer, and the context has none");
  evaluator->digests = digests != 0;
  return UMBRA_OK;
}
