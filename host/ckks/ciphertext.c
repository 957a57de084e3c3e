/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/ciphertext.h>

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/ops.h"
#include "calls.h"
#include "checks.h"
#include "ciphertext_internal.h"
#include "stand_ins.h"
#include "uniform.h"

umbra_status umbra_ciphertext_make_parts(umbra_ciphertext **out, const umbra_context *context, uint32_t level,
                                         uint32_t parts) {
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a ciphertext"));
  *made = (umbra_ciphertext){.context = umbra_context_share(context), .level = level};
  const umbra_window window = umbra_context_chain(context)->window[level];
  umbra_status status = umbra_poly_create(&made->poly, context->ring, parts, window, 0, "a ciphertext");
  if (status == UMBRA_OK) *out = made;
  else umbra_ciphertext_destroy(made);
  return status;
}

umbra_status umbra_ciphertext_make(umbra_ciphertext **out, const umbra_context *context, uint32_t level) {
  return umbra_ciphertext_make_parts(out, context, level, 2);
}

void umbra_ciphertext_destroy(umbra_ciphertext *ciphertext) {
  if (!ciphertext) return;
  umbra_poly_destroy(&ciphertext->poly, ciphertext->context->ring);
  umbra_context_destroy(ciphertext->context);
  umbra_free(ciphertext);
}

void umbra_ciphertext_expand(const umbra_ciphertext *ciphertext, umbra_stream *stream) {
  umbra_uniform_expand(&ciphertext->poly, ciphertext->context, stream, 1, ciphertext->seed, 0);
}

/* ---- what it says of itself ---- */

uint32_t umbra_ciphertext_level(const umbra_ciphertext *ciphertext) { return ciphertext->level; }
uint32_t umbra_ciphertext_slots(const umbra_ciphertext *ciphertext) { return ciphertext->slots; }
uint32_t umbra_ciphertext_parts(const umbra_ciphertext *ciphertext) { return ciphertext->poly.polys; }

uint64_t umbra_ciphertext_bytes(const umbra_ciphertext *ciphertext) {
  return umbra_poly_bytes(&ciphertext->poly, ciphertext->context->ring);
}

void umbra_ciphertext_owner(const umbra_ciphertext *ciphertext, uint8_t owner[UMBRA_OWNER_BYTES]) {
  memcpy(owner, ciphertext->owner, UMBRA_OWNER_BYTES);
}

/* ---- copies ---- */

/* All but the words and where they are. */
static void set_facts(umbra_ciphertext *copy, const umbra_ciphertext *of) {
  umbra_context *context = copy->context;
  umbra_poly poly = copy->poly;
  *copy = *of;
  copy->context = context;
  copy->poly = poly;
}

/* What a thread records, its copies are part of. Others need not be waited for: what comes later is done later. */
static umbra_status copy_words(const umbra_poly *to, const umbra_poly *from, umbra_ring *ring) {
  umbra_view dst = umbra_poly_view(to, ring), src = umbra_poly_view(from, ring);
  umbra_stream *recording = umbra_ring_recording(ring), *stream = recording;
  if (!recording) UMBRA_TRY(umbra_ring_stream_open(&stream, ring));
  umbra_ring_copy(ring, stream, &dst, &src);
  umbra_status status = umbra_ring_check(ring, stream);
  if (!recording) umbra_ring_stream_close(stream, ring);
  return status;
}

umbra_status umbra_ciphertext_copy(umbra_ciphertext **copy, const umbra_ciphertext *ciphertext) {
  if (!copy || !ciphertext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_ciphertext_copy needs an output and a ciphertext");
  const umbra_context *context = ciphertext->context;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_ciphertext_make_parts(&made, context, ciphertext->level, ciphertext->poly.polys));
  set_facts(made, ciphertext);
  return umbra_result_hand_out(copy, made, copy_words(&made->poly, &ciphertext->poly, context->ring));
}

umbra_status umbra_ciphertext_move(umbra_ciphertext **out, const umbra_context *context,
                                   const umbra_ciphertext *ciphertext) {
  if (!out || !context || !ciphertext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_ciphertext_move needs an output, a context and a ciphertext");
  if (context == ciphertext->context) return umbra_ciphertext_copy(out, ciphertext);
  UMBRA_TRY(umbra_check_no_mixing(context, ciphertext->context));
  UMBRA_TRY(umbra_check_params(context, ciphertext->context, "the ciphertext"));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_ciphertext_make_parts(&made, context, ciphertext->level, ciphertext->poly.polys));
  set_facts(made, ciphertext);
  umbra_ring *from = ciphertext->context->ring;
  return umbra_result_hand_out(out, made, umbra_poly_copy_across(&made->poly, context->ring, &ciphertext->poly, from));
}
