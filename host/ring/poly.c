/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "ops.h"
#include "residence.h"
#include "ring_internal.h"
#include "whole.h"

/* Whose room it takes. */
static size_t poly_limbs(const umbra_poly *poly, const umbra_ring *ring) {
  const umbra_whole_kernels *whole = umbra_ring_whole(ring);
  return whole ? whole->limbs : (size_t)poly->window.count + poly->aux;
}

static size_t limb_words(const umbra_poly *poly, const umbra_ring *ring) { return umbra_ring_n(ring) >> poly->log_gap; }

size_t umbra_poly_bytes(const umbra_poly *poly, const umbra_ring *ring) {
  return poly->polys * poly_limbs(poly, ring) * limb_words(poly, ring) * sizeof(uint32_t);
}

umbra_status umbra_poly_create(umbra_poly *poly, umbra_ring *ring, uint32_t polys, umbra_window window, uint32_t aux,
                               const char *what) {
  return umbra_poly_create_short(poly, ring, polys, window, aux, 0, what);
}

umbra_status umbra_poly_create_short(umbra_poly *poly, umbra_ring *ring, uint32_t polys, umbra_window window,
                                     uint32_t aux, uint32_t log_gap, const char *what) {
  umbra_poly made = {.window = window, .aux = (uint16_t)aux, .polys = (uint16_t)polys, .log_gap = (uint16_t)log_gap};
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, umbra_poly_bytes(&made, ring), what));
  made.data = memory;
  *poly = made;
  return UMBRA_OK;
}

void umbra_poly_destroy(umbra_poly *poly, umbra_ring *ring) {
  umbra_poly_forget(poly, ring);
  umbra_ring_give(ring, poly->data, umbra_poly_bytes(poly, ring));
  *poly = (umbra_poly){0};
}

/* poly's words = those at `words`, in host memory. */
static umbra_status upload(const umbra_poly *poly, umbra_ring *ring, const void *words) {
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, ring));
  umbra_ring_upload(ring, stream, poly->data, words, umbra_poly_bytes(poly, ring));
  umbra_status status = umbra_ring_wait(ring, stream);
  umbra_ring_stream_close(stream, ring);
  return status;
}

static umbra_status download(void *words, const umbra_poly *poly, umbra_ring *ring) {
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, ring));
  umbra_ring_download(ring, stream, words, poly->data, umbra_poly_bytes(poly, ring));
  umbra_status status = umbra_ring_wait(ring, stream);
  umbra_ring_stream_close(stream, ring);
  return status;
}

umbra_status umbra_poly_copy_across(const umbra_poly *copy, umbra_ring *to, const umbra_poly *poly, umbra_ring *from) {
  if (from->kernels->host_memory) return upload(copy, to, poly->data);
  if (to->kernels->host_memory) return download(copy->data, poly, from);
  void *words;
  UMBRA_TRY(umbra_alloc(&words, umbra_poly_bytes(poly, from), 1, "a polynomial between devices"));
  umbra_status status = download(words, poly, from);
  if (status == UMBRA_OK) status = upload(copy, to, words);
  if (poly->secret) sodium_memzero(words, umbra_poly_bytes(poly, from));
  umbra_free(words);
  return status;
}

umbra_status umbra_poly_move(umbra_poly *poly, umbra_ring *from, umbra_ring *to) {
  if (from == to) return UMBRA_OK;
  umbra_poly moved;
  UMBRA_TRY(umbra_poly_create(&moved, to, poly->polys, poly->window, poly->aux, "a polynomial on the device"));
  moved.secret = poly->secret;
  umbra_status status = umbra_poly_copy_across(&moved, to, poly, from);
  umbra_poly_destroy(status == UMBRA_OK ? poly : &moved, status == UMBRA_OK ? from : to);
  if (status == UMBRA_OK) *poly = moved;
  return status;
}

umbra_status umbra_view_fetch(const umbra_ring *ring, umbra_stream *stream, uint32_t *host, const umbra_view *view) {
  size_t n = umbra_ring_n(ring);
  for (uint32_t p = 0; p < view->polys; p++)
    for (int r = 0; r < UMBRA_MAX_RUNS && view->run[r].count; r++) {
      size_t words = view->run[r].count * n;
      umbra_ring_download(ring, stream, host, view->run[r].data + p * view->stride, words * sizeof *host);
      host += words;
    }
  return umbra_ring_wait(ring, stream);
}

umbra_view umbra_poly_subview(const umbra_poly *poly, const umbra_ring *ring, uint32_t first, uint32_t count,
                              umbra_window window, uint32_t aux) {
  size_t words = limb_words(poly, ring), n = umbra_ring_whole(ring) ? 0 : words; /* from limb to limb */
  umbra_view view = {.polys = count, .stride = poly_limbs(poly, ring) * words};
  uint32_t *base = poly->data + first * view.stride;
  uint32_t runs = 0;
  if (window.count)
    view.run[runs++] = (umbra_run){base + (window.first - poly->window.first) * n, window.first, window.count};
  if (aux)
    view.run[runs] =
        (umbra_run){base + poly->window.count * n, (uint16_t)umbra_chain_aux(umbra_ring_chain(ring)), (uint16_t)aux};
  return view;
}

umbra_view umbra_poly_view(const umbra_poly *poly, const umbra_ring *ring) {
  return umbra_poly_subview(poly, ring, 0, poly->polys, poly->window, poly->aux);
}

umbra_view umbra_poly_beside(const umbra_poly *poly, const umbra_ring *ring, uint32_t count, uint32_t polys,
                             umbra_window window) {
  umbra_view all = umbra_poly_subview(poly, ring, 0, polys, window, 0);
  for (uint32_t i = 1; i < count; i++) {
    const umbra_view next = umbra_poly_subview(poly, ring, i * (poly->polys / count), polys, window, 0);
    umbra_view_append(&all, &next);
  }
  return all;
}

umbra_view umbra_view_limbs_of(const umbra_view *view, uint32_t n, uint32_t first, uint32_t count) {
  umbra_view part = {.polys = view->polys, .stride = view->stride};
  uint32_t runs = 0;
  for (const umbra_run *run = view->run; count; run++) {
    if (first >= run->count) {
      first -= run->count;
      continue;
    }
    uint32_t here = run->count - first < count ? run->count - first : count;
    part.run[runs++] = (umbra_run){run->data + (size_t)first * n, (uint16_t)(run->prime + first), (uint16_t)here};
    count -= here;
    first = 0;
  }
  return part;
}

umbra_view umbra_view_poly(const umbra_view *view, uint32_t poly) { return umbra_view_polys(view, poly, 1); }

umbra_view umbra_view_polys(const umbra_view *view, uint32_t first, uint32_t count) {
  umbra_view part = *view;
  part.polys = count;
  for (int r = 0; r < UMBRA_MAX_RUNS; r++)
    if (part.run[r].count) part.run[r].data += first * view->stride;
  return part;
}

umbra_view umbra_view_packed_like(const umbra_view *view, uint32_t *data, uint32_t n) {
  umbra_view packed = {.polys = view->polys, .stride = (size_t)umbra_view_limbs(view) * n};
  for (int r = 0; r < UMBRA_MAX_RUNS && view->run[r].count; r++) {
    packed.run[r] = (umbra_run){data, view->run[r].prime, view->run[r].count};
    data += (size_t)view->run[r].count * n;
  }
  return packed;
}

uint32_t umbra_view_position(const umbra_view *view, uint32_t limb) {
  const umbra_run *run = view->run;
  while (limb >= run->count) limb -= (run++)->count;
  return run->prime + limb;
}

umbra_view umbra_view_packed(const umbra_ring *ring, uint32_t *data, uint32_t polys, umbra_window window,
                             uint32_t first, uint32_t count) {
  size_t n = umbra_ring_n(ring);
  umbra_view view = {.polys = polys, .stride = count * n};
  uint32_t chain = first < window.count ? (window.count - first < count ? window.count - first : count) : 0;
  uint32_t runs = 0;
  if (chain) view.run[runs++] = (umbra_run){data, (uint16_t)(window.first + first), (uint16_t)chain};
  if (count > chain) {
    uint32_t skipped = first > window.count ? first - window.count : 0;
    uint32_t position = umbra_chain_aux(umbra_ring_chain(ring)) + skipped;
    view.run[runs] = (umbra_run){data + chain * n, (uint16_t)position, (uint16_t)(count - chain)};
  }
  return view;
}

void umbra_view_append(umbra_view *a, const umbra_view *b) {
  uint32_t runs = 0;
  if (!a->polys) *a = (umbra_view){.polys = b->polys, .stride = b->stride};
  while (runs < UMBRA_MAX_RUNS && a->run[runs].count) runs++;
  for (const umbra_run *run = b->run; runs < UMBRA_MAX_RUNS && run->count; run++) a->run[runs++] = *run;
}
