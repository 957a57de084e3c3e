/* SPDX-License-Identifier: Apache-2.0 */
#include "residence.h"

#include <sodium.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "ops.h"
#include "ring_internal.h"

struct umbra_residence {
  umbra_poly *poly; /* without data while it is away; NULL: it is gone, and a recording still holds a pin */
  void *host;       /* copy of its words; NULL until it leaves for the first time */
  uint32_t pins;
  uint64_t used; /* number of the last pin */
  umbra_residence *next;
};

umbra_status umbra_poly_may_leave(umbra_poly *poly, umbra_ring *ring) {
  if (ring->kernels->host_memory) return UMBRA_OK;
  umbra_residence *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a polynomial's residence"));
  made->poly = poly;
  poly->residence = made;
  mtx_lock(&ring->lock);
  made->used = ++ring->pins;
  made->next = ring->residences;
  ring->residences = made;
  mtx_unlock(&ring->lock);
  return UMBRA_OK;
}

void umbra_poly_forget(umbra_poly *poly, umbra_ring *ring) {
  umbra_residence *residence = poly->residence;
  if (!residence) return;
  mtx_lock(&ring->lock);
  umbra_residence **link = &ring->residences;
  while (*link != residence) link = &(*link)->next;
  *link = residence->next;
  if (residence->host) sodium_memzero(residence->host, umbra_poly_bytes(poly, ring));
  umbra_free(residence->host);
  residence->poly = NULL;
  poly->residence = NULL;
  int pinned = residence->pins > 0;
  mtx_unlock(&ring->lock);
  if (!pinned) umbra_free(residence);
}

/* ---- leaving; the lock is held ---- */

static umbra_residence *longest_unused(const umbra_ring *ring) {
  umbra_residence *found = NULL;
  for (umbra_residence *r = ring->residences; r; r = r->next)
    if (r->poly->data && !r->pins && (!found || r->used < found->used)) found = r;
  return found;
}

/* The copy in host memory, made unless there is one: what leaves has not changed since. */
static umbra_status copy_to_host(umbra_residence *residence, umbra_ring *ring) {
  if (residence->host) return UMBRA_OK;
  size_t bytes = umbra_poly_bytes(residence->poly, ring);
  umbra_stream *stream;
  void *host;
  UMBRA_TRY(umbra_alloc(&host, bytes, 1, "a polynomial away from the device"));
  umbra_status status = umbra_ring_stream_open(&stream, ring);
  if (status == UMBRA_OK) {
    umbra_ring_download(ring, stream, host, residence->poly->data, bytes);
    status = umbra_ring_wait(ring, stream);
    umbra_ring_stream_close(stream, ring);
  }
  if (status == UMBRA_OK) residence->host = host;
  else umbra_free(host);
  return status;
}

int umbra_residences_evict(umbra_ring *ring) {
  umbra_residence *leaving = longest_unused(ring);
  if (!leaving || copy_to_host(leaving, ring) != UMBRA_OK) return 0;
  size_t bytes = umbra_poly_bytes(leaving->poly, ring);
  ring->kernels->release(ring->device, leaving->poly->data, bytes);
  ring->taken -= bytes;
  leaving->poly->data = NULL;
  return 1;
}

/* ---- coming back ---- */

static umbra_status bring_back(umbra_residence *residence, umbra_ring *ring, umbra_stream *stream) {
  if (residence->poly->data) return UMBRA_OK;
  size_t bytes = umbra_poly_bytes(residence->poly, ring);
  void *memory;
  UMBRA_TRY(umbra_ring_take_locked(ring, &memory, bytes, "a polynomial that comes back to the device"));
  umbra_ring_upload(ring, stream, memory, residence->host, bytes);
  residence->poly->data = memory;
  return UMBRA_OK;
}

umbra_status umbra_poly_pin(const umbra_poly *poly, umbra_ring *ring, umbra_stream *stream) {
  umbra_residence *residence = poly->residence;
  if (!residence) return UMBRA_OK;
  mtx_lock(&ring->lock);
  residence->pins++; /* now, so that it is not evicted to make room for itself */
  umbra_arena *arena = umbra_arena_of_thread(ring);
  umbra_status status = arena ? umbra_arena_pin(arena, residence) : UMBRA_OK;
  if (status == UMBRA_OK) status = bring_back(residence, ring, stream);
  if (status == UMBRA_OK) residence->used = ++ring->pins;
  else residence->pins--;
  mtx_unlock(&ring->lock);
  return status;
}

void umbra_residence_hold(umbra_residence *residence) { residence->pins++; }

void umbra_residence_unpin(umbra_residence *residence, umbra_ring *ring) {
  mtx_lock(&ring->lock);
  int last = --residence->pins == 0 && !residence->poly;
  mtx_unlock(&ring->lock);
  if (last) umbra_free(residence);
}

void umbra_poly_unpin(const umbra_poly *poly, umbra_ring *ring) {
  if (poly->residence) umbra_residence_unpin(poly->residence, ring);
}
