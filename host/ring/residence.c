/* SPDX-License-Identifier: Apache-2.0 */
#include "residence.h"

#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "ops.h"
#include "ring_internal.h"

struct umbra_residence {
  umbra_poly *poly; /* without data while it is away; NULL: it is gone, and a recording still holds a pin */
  void *host;       /* copy of its words; NULL until it leaves for the first time */
  int locked;       /* the copy is page-locked, so that uploads from it run beside other work */
  int tried;        /* to lock it */
  uint64_t upload;  /* that brings it back, not joined yet; 0: none */
  uint32_t pins;
  uint64_t used; /* number of the last pin or prefetch */
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
  ring->resident += umbra_poly_bytes(poly, ring);
  mtx_unlock(&ring->lock);
  return UMBRA_OK;
}

/* ---- the copy in host memory; the lock is held ---- */

static void free_pageable(void *host, size_t bytes) {
  if (host) sodium_memzero(host, bytes);
  umbra_free(host);
}

static void free_host(umbra_residence *residence, umbra_ring *ring, size_t bytes) {
  if (residence->locked) ring->kernels->memory.host_release(ring->device, residence->host, bytes);
  else free_pageable(residence->host, bytes);
  residence->host = NULL;
  residence->locked = 0;
}

/* Made unless there is one: what leaves has not changed since. */
static umbra_status copy_to_host(umbra_residence *residence, umbra_ring *ring) {
  if (residence->host) return UMBRA_OK;
  size_t bytes = umbra_poly_bytes(residence->poly, ring);
  umbra_stream *stream;
  UMBRA_TRY(umbra_alloc(&residence->host, bytes, 1, "a polynomial away from the device"));
  umbra_status status = umbra_ring_stream_open_beside(&stream, ring);
  if (status == UMBRA_OK) {
    umbra_ring_download(ring, stream, residence->host, residence->poly->data, bytes);
    status = umbra_ring_wait(ring, stream);
    umbra_ring_stream_close(stream, ring);
  }
  if (status != UMBRA_OK) free_host(residence, ring, bytes);
  return status;
}

/* What is enqueued from now on may use the polynomial, or its memory. */
static void join(umbra_residence *residence, const umbra_ring *ring) {
  if (residence->upload) ring->kernels->memory.join_upload(ring->device, residence->upload);
  residence->upload = 0;
}

void umbra_poly_relocate(umbra_poly *to, umbra_poly *from, umbra_ring *ring) {
  mtx_lock(&ring->lock);
  *to = *from;
  if (to->residence) to->residence->poly = to;
  *from = (umbra_poly){0};
  mtx_unlock(&ring->lock);
}

/* Releasing the copy waits for an upload from it: after that the polynomial's memory may go to others. */
void umbra_poly_forget(umbra_poly *poly, umbra_ring *ring) {
  umbra_residence *residence = poly->residence;
  if (!residence) return;
  size_t bytes = umbra_poly_bytes(poly, ring);
  mtx_lock(&ring->lock);
  umbra_residence **link = &ring->residences;
  while (*link != residence) link = &(*link)->next;
  *link = residence->next;
  free_host(residence, ring, bytes);
  if (poly->data) ring->resident -= bytes;
  residence->poly = NULL;
  poly->residence = NULL;
  int pinned = residence->pins > 0;
  mtx_unlock(&ring->lock);
  if (!pinned) umbra_free(residence);
}

/* ---- leaving; the lock is held ---- */

/* Of those that are not on their way back, unless that may be. */
static umbra_residence *longest_unused(const umbra_ring *ring, int on_the_way) {
  umbra_residence *found = NULL;
  for (umbra_residence *r = ring->residences; r; r = r->next)
    if (r->poly->data && !r->pins && (on_the_way || !r->upload) && (!found || r->used < found->used)) found = r;
  return found;
}

static int evict(umbra_residence *leaving, umbra_ring *ring) {
  if (!leaving || copy_to_host(leaving, ring) != UMBRA_OK) return 0;
  size_t bytes = umbra_poly_bytes(leaving->poly, ring);
  join(leaving, ring);
  ring->kernels->memory.release(ring->device, leaving->poly->data, umbra_block_bytes(bytes));
  ring->taken -= umbra_block_bytes(bytes);
  ring->resident -= bytes;
  leaving->poly->data = NULL;
  return 1;
}

int umbra_residences_evict(umbra_ring *ring) { return evict(longest_unused(ring, 1), ring); }

/* ---- coming back; the lock is held ---- */

static void arrive(umbra_residence *residence, umbra_ring *ring, void *memory) {
  residence->poly->data = memory;
  ring->resident += umbra_poly_bytes(residence->poly, ring);
}

static void upload_ahead(umbra_residence *residence, const umbra_ring *ring, size_t bytes) {
  residence->upload = ring->kernels->memory.upload_ahead(ring->device, residence->poly->data, residence->host, bytes);
}

/* The stream for an upload that is done now, even while the thread records; `stream` if it does not. */
static umbra_status open_beside(umbra_stream **beside, const umbra_ring *ring, umbra_stream *stream) {
  const umbra_arena *arena = umbra_arena_of_thread(ring);
  if (arena && arena->recording) return umbra_ring_stream_open_beside(beside, ring);
  *beside = stream;
  return UMBRA_OK;
}

static umbra_status bring_back(umbra_residence *residence, umbra_ring *ring, umbra_stream *stream) {
  if (residence->poly->data) return UMBRA_OK;
  size_t bytes = umbra_poly_bytes(residence->poly, ring);
  umbra_stream *beside;
  void *memory;
  UMBRA_TRY(open_beside(&beside, ring, stream));
  umbra_status status = umbra_ring_take_locked(ring, &memory, bytes, "a polynomial that comes back to the device");
  if (status == UMBRA_OK) {
    arrive(residence, ring, memory);
    if (residence->locked) upload_ahead(residence, ring, bytes);
    else umbra_poly_upload(residence->poly, ring, beside, memory, residence->host, bytes);
  }
  if (beside != stream) umbra_ring_stream_close(beside, ring);
  return status;
}

/* ---- the copy becomes page-locked when it is first needed: the lock is not held while the system does that ---- */

/* The bytes to be locked and where they are, and then the residence is held; else 0. */
static size_t begin_locking(void **pageable, umbra_residence *residence, umbra_ring *ring) {
  mtx_lock(&ring->lock);
  *pageable = residence->host;
  const int wanted = residence->host && !residence->tried && ring->kernels->memory.host_alloc;
  if (wanted) {
    residence->tried = 1;
    residence->pins++; /* so that neither it nor its copy goes meanwhile */
  }
  mtx_unlock(&ring->lock);
  return wanted ? umbra_poly_bytes(residence->poly, ring) : 0;
}

static void lock_host(umbra_residence *residence, umbra_ring *ring) {
  void *locked, *pageable;
  const size_t bytes = begin_locking(&pageable, residence, ring);
  if (!bytes) return;
  const int made = !umbra_alloc_must_fail() && ring->kernels->memory.host_alloc(ring->device, &locked, bytes) == UMBRA_OK;
  if (made) {
    memcpy(locked, pageable, bytes);
    mtx_lock(&ring->lock);
    residence->host = locked;
    residence->locked = 1;
    mtx_unlock(&ring->lock);
    free_pageable(pageable, bytes);
  }
  umbra_residence_unpin(residence, ring);
}

umbra_status umbra_poly_pin(const umbra_poly *poly, umbra_ring *ring, umbra_stream *stream) {
  umbra_residence *residence = poly->residence;
  if (!residence) return UMBRA_OK;
  lock_host(residence, ring);
  mtx_lock(&ring->lock);
  residence->pins++; /* now, so that it is not evicted to make room for itself */
  umbra_arena *arena = umbra_arena_of_thread(ring);
  umbra_status status = arena ? umbra_arena_pin(arena, residence) : UMBRA_OK;
  if (status == UMBRA_OK) status = bring_back(residence, ring, stream);
  if (status == UMBRA_OK) {
    join(residence, ring);
    residence->used = ++ring->pins;
  } else {
    residence->pins--;
  }
  mtx_unlock(&ring->lock);
  return status;
}

/* ---- ahead of use; the lock is held ---- */

/* Bytes that have to stay: of what is pinned or on its way back. */
static uint64_t bytes_that_stay(const umbra_ring *ring) {
  uint64_t bytes = 0;
  for (const umbra_residence *r = ring->residences; r; r = r->next)
    if (r->poly->data && (r->pins || r->upload)) bytes += umbra_poly_bytes(r->poly, ring);
  return bytes;
}

static void fetch(umbra_residence *residence, umbra_ring *ring) {
  size_t bytes = umbra_poly_bytes(residence->poly, ring);
  const uint64_t others = ring->working + bytes, limit = ring->memory_limit;
  if (bytes_that_stay(ring) + others > limit) return;
  while (ring->resident + others > limit && evict(longest_unused(ring, 0), ring)) continue;
  void *memory = ring->resident + others > limit ? NULL : umbra_ring_take_spare(ring, bytes);
  if (!memory) return;
  arrive(residence, ring, memory);
  upload_ahead(residence, ring, bytes);
}

void umbra_poly_prefetch(const umbra_poly *poly, umbra_ring *ring) {
  umbra_residence *residence = poly->residence;
  if (!residence) return;
  lock_host(residence, ring);
  mtx_lock(&ring->lock);
  if (!umbra_arena_of_thread(ring)) {
    residence->used = ++ring->pins;
    if (!poly->data && residence->locked) fetch(residence, ring);
  }
  mtx_unlock(&ring->lock);
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
