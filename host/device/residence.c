/* SPDX-License-Identifier: Apache-2.0 */
#include "residence.h"

#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "session_internal.h"

struct umbra_residence {
  uint32_t **place; /* the owner's pointer, NULL while the block is away; NULL: it ended, and a recording holds a pin */
  size_t bytes;
  int secret;
  void *host;      /* copy of the block; NULL until it leaves for the first time */
  int locked;      /* the copy is page-locked, so that uploads from it run beside other work */
  int tried;       /* to lock it */
  uint64_t upload; /* that brings it back, not joined yet; 0: none */
  uint32_t pins;
  uint64_t used; /* number of the last pin or prefetch */
  umbra_residence *next;
};

umbra_status umbra_residence_begin(umbra_residence **out, umbra_session *session, uint32_t **place, size_t bytes,
                                   int secret) {
  *out = NULL;
  if (session->kernels->host_memory) return UMBRA_OK;
  umbra_residence *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a polynomial's residence"));
  made->place = place;
  made->bytes = bytes;
  made->secret = secret;
  mtx_lock(&session->lock);
  made->used = ++session->uses;
  made->next = session->residences;
  session->residences = made;
  session->memory.resident += bytes;
  mtx_unlock(&session->lock);
  *out = made;
  return UMBRA_OK;
}

/* ---- the copy in host memory; the lock is held ---- */

static void free_pageable(void *host, size_t bytes) {
  if (host) sodium_memzero(host, bytes);
  umbra_free(host);
}

static void free_host(umbra_residence *residence, umbra_session *session) {
  if (residence->locked) session->kernels->memory.host_release(session->device, residence->host, residence->bytes);
  else free_pageable(residence->host, residence->bytes);
  residence->host = NULL;
  residence->locked = 0;
}

/* Made unless there is one: what leaves has not changed since. */
static umbra_status copy_to_host(umbra_residence *residence, umbra_session *session) {
  if (residence->host) return UMBRA_OK;
  umbra_stream *stream;
  UMBRA_TRY(umbra_alloc(&residence->host, residence->bytes, 1, "a polynomial away from the device"));
  umbra_status status = umbra_session_stream_open_beside(&stream, session);
  if (status == UMBRA_OK) {
    umbra_session_download(session, stream, residence->host, *residence->place, residence->bytes);
    status = umbra_session_wait(session, stream);
    umbra_session_stream_close(stream, session);
  }
  if (status != UMBRA_OK) free_host(residence, session);
  return status;
}

/* What is enqueued from now on may use the block, or its memory. */
static void join(umbra_residence *residence, const umbra_session *session) {
  if (residence->upload) session->kernels->memory.join_upload(session->device, residence->upload);
  residence->upload = 0;
}

void umbra_residence_relocate(umbra_residence *residence, umbra_session *session, uint32_t **place) {
  mtx_lock(&session->lock);
  *place = *residence->place;
  residence->place = place;
  mtx_unlock(&session->lock);
}

/* Releasing the copy waits for an upload from it: after that the block may go to others. */
void umbra_residence_end(umbra_residence *residence, umbra_session *session) {
  mtx_lock(&session->lock);
  umbra_residence **link = &session->residences;
  while (*link != residence) link = &(*link)->next;
  *link = residence->next;
  free_host(residence, session);
  if (*residence->place) session->memory.resident -= residence->bytes;
  residence->place = NULL;
  int pinned = residence->pins > 0;
  mtx_unlock(&session->lock);
  if (!pinned) umbra_free(residence);
}

/* ---- leaving; the lock is held ---- */

/* Of those that are not on their way back, unless that may be. */
static umbra_residence *longest_unused(const umbra_session *session, int on_the_way) {
  umbra_residence *found = NULL;
  for (umbra_residence *r = session->residences; r; r = r->next)
    if (*r->place && !r->pins && (on_the_way || !r->upload) && (!found || r->used < found->used)) found = r;
  return found;
}

static int evict(umbra_residence *leaving, umbra_session *session) {
  if (!leaving || copy_to_host(leaving, session) != UMBRA_OK) return 0;
  join(leaving, session);
  umbra_session_drop(session, *leaving->place, leaving->bytes);
  session->memory.resident -= leaving->bytes;
  *leaving->place = NULL;
  return 1;
}

int umbra_residences_evict(umbra_session *session) { return evict(longest_unused(session, 1), session); }

/* ---- coming back; the lock is held ---- */

static void arrive(umbra_residence *residence, umbra_session *session, void *memory) {
  *residence->place = memory;
  session->memory.resident += residence->bytes;
}

static void upload_ahead(umbra_residence *residence, const umbra_session *session) {
  residence->upload =
      session->kernels->memory.upload_ahead(session->device, *residence->place, residence->host, residence->bytes);
}

/* The stream for an upload that is done now, even while the thread records; `stream` if it does not. */
static umbra_status open_beside(umbra_stream **beside, const umbra_session *session, umbra_stream *stream) {
  const umbra_arena *arena = umbra_session_arena(session);
  if (arena && arena->recording) return umbra_session_stream_open_beside(beside, session);
  *beside = stream;
  return UMBRA_OK;
}

static umbra_status bring_back(umbra_residence *residence, umbra_session *session, umbra_stream *stream) {
  if (*residence->place) return UMBRA_OK;
  const size_t bytes = residence->bytes;
  umbra_stream *beside;
  void *memory;
  UMBRA_TRY(open_beside(&beside, session, stream));
  umbra_status status =
      umbra_session_take_locked(session, &memory, bytes, "a polynomial that comes back to the device");
  if (status == UMBRA_OK) {
    arrive(residence, session, memory);
    if (residence->locked) upload_ahead(residence, session);
    else if (residence->secret) umbra_session_upload(session, beside, memory, residence->host, bytes);
    else umbra_session_upload_public(session, beside, memory, residence->host, bytes);
  }
  if (beside != stream) umbra_session_stream_close(beside, session);
  return status;
}

/* ---- the copy becomes page-locked when it is first needed: the lock is not held while the system does that ---- */

/* Whether it is to be locked now: then it is held, and this is where it is. */
static int begin_locking(void **pageable, umbra_residence *residence, umbra_session *session) {
  mtx_lock(&session->lock);
  *pageable = residence->host;
  const int wanted = residence->host && !residence->tried && session->kernels->memory.host_alloc;
  if (wanted) {
    residence->tried = 1;
    residence->pins++; /* so that neither it nor its copy goes meanwhile */
  }
  mtx_unlock(&session->lock);
  return wanted;
}

static umbra_status allocate_locked(void **locked, const umbra_session *session, size_t bytes) {
  if (umbra_alloc_must_fail()) return UMBRA_ERROR_OUT_OF_MEMORY;
  return session->kernels->memory.host_alloc(session->device, locked, bytes);
}

static void lock_host(umbra_residence *residence, umbra_session *session) {
  void *locked, *pageable;
  if (!begin_locking(&pageable, residence, session)) return;
  if (allocate_locked(&locked, session, residence->bytes) == UMBRA_OK) {
    memcpy(locked, pageable, residence->bytes);
    mtx_lock(&session->lock);
    residence->host = locked;
    residence->locked = 1;
    mtx_unlock(&session->lock);
    free_pageable(pageable, residence->bytes);
  }
  umbra_residence_unpin(residence, session);
}

static void let_go(void *residence, umbra_session *session) { umbra_residence_unpin(residence, session); }

/* One pin more for the recording, if this thread records; the lock is held. */
static umbra_status hold(umbra_residence *residence, const umbra_session *session) {
  umbra_arena *arena = umbra_session_arena(session);
  if (!arena) return UMBRA_OK;
  UMBRA_TRY(umbra_arena_hold(arena, residence, let_go));
  residence->pins++;
  return UMBRA_OK;
}

umbra_status umbra_residence_pin(umbra_residence *residence, umbra_session *session, umbra_stream *stream) {
  lock_host(residence, session);
  mtx_lock(&session->lock);
  residence->pins++; /* now, so that it is not evicted to make room for itself */
  umbra_status status = hold(residence, session);
  if (status == UMBRA_OK) status = bring_back(residence, session, stream);
  if (status == UMBRA_OK) {
    join(residence, session);
    residence->used = ++session->uses;
  } else {
    residence->pins--;
  }
  mtx_unlock(&session->lock);
  return status;
}

void umbra_residence_unpin(umbra_residence *residence, umbra_session *session) {
  mtx_lock(&session->lock);
  int last = --residence->pins == 0 && !residence->place;
  mtx_unlock(&session->lock);
  if (last) umbra_free(residence);
}

/* ---- ahead of use; the lock is held ---- */

/* Bytes that have to stay: of what is pinned or on its way back. */
static uint64_t bytes_that_stay(const umbra_session *session) {
  uint64_t bytes = 0;
  for (const umbra_residence *r = session->residences; r; r = r->next)
    if (*r->place && (r->pins || r->upload)) bytes += r->bytes;
  return bytes;
}

static void fetch(umbra_residence *residence, umbra_session *session) {
  const umbra_memory *memory = &session->memory;
  const uint64_t others = memory->working + residence->bytes, limit = memory->limit;
  if (bytes_that_stay(session) + others > limit) return;
  while (memory->resident + others > limit && evict(longest_unused(session, 0), session)) continue;
  void *block = memory->resident + others > limit ? NULL : umbra_session_take_spare(session, residence->bytes);
  if (!block) return;
  arrive(residence, session, block);
  upload_ahead(residence, session);
}

void umbra_residence_prefetch(umbra_residence *residence, umbra_session *session) {
  lock_host(residence, session);
  mtx_lock(&session->lock);
  if (!umbra_session_arena(session)) {
    residence->used = ++session->uses;
    if (!*residence->place && residence->locked) fetch(residence, session);
  }
  mtx_unlock(&session->lock);
}
