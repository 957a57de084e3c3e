/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "session_internal.h"

/*
 * Bytes worth keeping for reuse: fresh pages cost more than most work on them. All that a memory limit leaves, so that
 * work that repeats asks the device for nothing; without one a third of what is in use, and some.
 */
static uint64_t cache_limit(const umbra_memory *memory) {
  return memory->limit ? memory->limit - memory->taken : memory->taken / 3 + (192u << 20);
}

/* ---- blocks kept for reuse; the lock is held ---- */

/* Returns the oldest one to the system. */
static void drop_oldest(umbra_session *session) {
  umbra_memory *m = &session->memory;
  umbra_block block = m->block[0];
  session->kernels->memory.release(session->device, block.memory, block.bytes);
  m->cached -= block.bytes;
  memmove(m->block, m->block + 1, --m->blocks * sizeof block);
}

void umbra_session_drop_kept(umbra_session *session) {
  while (session->memory.blocks) drop_oldest(session);
}

/* One of exactly that size, or NULL. */
static void *reuse(umbra_memory *m, size_t bytes) {
  for (size_t i = m->blocks; i-- > 0;) {
    if (m->block[i].bytes != bytes) continue;
    void *memory = m->block[i].memory;
    m->cached -= bytes;
    m->blocks--;
    memmove(m->block + i, m->block + i + 1, (m->blocks - i) * sizeof *m->block);
    return memory;
  }
  return NULL;
}

static void keep(umbra_session *session, void *memory, size_t bytes) {
  umbra_memory *m = &session->memory;
  m->taken -= bytes;
  if (m->blocks == UMBRA_CACHED_BLOCKS) drop_oldest(session);
  m->block[m->blocks++] = (umbra_block){memory, bytes};
  m->cached += bytes;
  while (m->cached > cache_limit(m)) drop_oldest(session);
}

/* ---- room; the lock is held ---- */

/* Kept blocks count under the memory limit, too. */
static void drop_beyond_limit(umbra_session *session, size_t bytes) {
  const umbra_memory *m = &session->memory;
  while (m->blocks && m->taken + m->cached + bytes > m->limit) drop_oldest(session);
}

/* Makes room under the memory limit for `bytes` more: blocks that may leave do. */
static umbra_status fit_limit(umbra_session *session, size_t bytes, const char *what) {
  const umbra_memory *m = &session->memory;
  if (!m->limit) return UMBRA_OK;
  while (bytes > m->limit - m->taken && m->evict(session)) continue;
  if (bytes > m->limit - m->taken)
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY,
                      "%s needs %zu bytes; the context's memory limit is %llu, of which %llu are in use: destroy "
                      "objects or raise memory_limit",
                      what, bytes, (unsigned long long)m->limit, (unsigned long long)m->taken);
  drop_beyond_limit(session, bytes);
  return UMBRA_OK;
}

/*
 * Drops what is kept for reuse; if there is nothing, sends a block away. 0 if memory that the device did not have cannot
 * be there now either.
 */
static int make_room(umbra_session *session) {
  if (!session->memory.blocks) return session->memory.evict(session);
  umbra_session_drop_kept(session);
  return 1;
}

static void count_asked(umbra_memory *m, size_t bytes) {
  m->asked++;
  m->asked_large += bytes >= UMBRA_LARGE_BLOCK;
}

static umbra_status allocate(umbra_session *session, void **block, size_t bytes) {
  umbra_status status;
  do status = session->kernels->memory.alloc(session->device, block, bytes);
  while (status == UMBRA_ERROR_OUT_OF_MEMORY && make_room(session));
  if (status == UMBRA_OK) count_asked(&session->memory, bytes);
  return status;
}

/* Memory that is not there, or a device that fails. */
static umbra_status fail_to_allocate(const umbra_session *session, umbra_status status, size_t bytes,
                                     const char *what) {
  if (status == UMBRA_ERROR_OUT_OF_MEMORY) return umbra_fail(status, "cannot allocate %zu bytes for %s", bytes, what);
  return umbra_session_fail(session, status, "cannot allocate memory");
}

/* ---- what stays ---- */

umbra_status umbra_session_allocate(umbra_session *session, void **memory, size_t bytes, const char *what) {
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  if (!umbra_alloc_must_fail()) {
    mtx_lock(&session->lock);
    status = allocate(session, memory, bytes);
    mtx_unlock(&session->lock);
  }
  return status == UMBRA_OK ? UMBRA_OK : fail_to_allocate(session, status, bytes, what);
}

void umbra_session_release(umbra_session *session, void *memory, size_t bytes) {
  if (memory) session->kernels->memory.release(session->device, memory, bytes);
}

umbra_status umbra_session_conversion(umbra_conversion **conversion, umbra_session *session,
                                      const umbra_conversion_desc *desc) {
  umbra_status status;
  mtx_lock(&session->lock);
  do status = session->kernels->conversion_create(conversion, session->device, desc);
  while (status == UMBRA_ERROR_OUT_OF_MEMORY && make_room(session));
  mtx_unlock(&session->lock);
  return status == UMBRA_OK ? UMBRA_OK : umbra_session_fail(session, status, "cannot prepare a base conversion");
}

/* ---- blocks that are taken and given back ---- */

static void count_taken(umbra_memory *m, size_t bytes) {
  m->taken += bytes;
  if (m->taken > m->most_taken) m->most_taken = m->taken;
}

umbra_status umbra_session_take_locked(umbra_session *session, void **memory, size_t wanted, const char *what) {
  const size_t bytes = umbra_block_bytes(wanted);
  umbra_arena *arena = umbra_session_arena(session);
  if (arena) {
    *memory = umbra_arena_reuse(arena, bytes);
    if (*memory) return UMBRA_OK;
    UMBRA_TRY(umbra_arena_reserve(arena));
  }
  umbra_status status = umbra_alloc_must_fail() ? UMBRA_ERROR_OUT_OF_MEMORY : UMBRA_OK;
  void *block = status == UMBRA_OK ? reuse(&session->memory, bytes) : NULL;
  if (status == UMBRA_OK && !block) {
    UMBRA_TRY(fit_limit(session, bytes, what));
    status = allocate(session, &block, bytes);
  }
  if (status != UMBRA_OK) return fail_to_allocate(session, status, bytes, what);
  if (arena) umbra_arena_add(arena, block, bytes);
  count_taken(&session->memory, bytes);
  *memory = block;
  return UMBRA_OK;
}

void *umbra_session_take_spare(umbra_session *session, size_t wanted) {
  umbra_memory *m = &session->memory;
  const size_t bytes = umbra_block_bytes(wanted);
  if (bytes > m->limit - m->taken) return NULL;
  void *block = reuse(m, bytes);
  if (!block) {
    drop_beyond_limit(session, bytes);
    if (session->kernels->memory.alloc(session->device, &block, bytes) != UMBRA_OK) return NULL;
  }
  count_taken(m, bytes);
  return block;
}

void umbra_session_drop(umbra_session *session, void *memory, size_t wanted) {
  const size_t bytes = umbra_block_bytes(wanted);
  session->kernels->memory.release(session->device, memory, bytes);
  session->memory.taken -= bytes;
}

umbra_status umbra_session_take(umbra_session *session, void **memory, size_t bytes, const char *what) {
  umbra_memory *m = &session->memory;
  mtx_lock(&session->lock);
  umbra_status status = umbra_session_take_locked(session, memory, bytes, what);
  uint64_t working = m->taken - m->resident;
  if (working > m->working) m->working = working;
  mtx_unlock(&session->lock);
  return status;
}

void umbra_session_give(umbra_session *session, void *memory, size_t bytes) {
  if (!memory) return;
  mtx_lock(&session->lock);
  umbra_arena *arena = umbra_session_arena(session);
  if (!arena || !umbra_arena_keep(arena, memory)) keep(session, memory, umbra_block_bytes(bytes));
  mtx_unlock(&session->lock);
}

/* ---- accounts ---- */

uint64_t umbra_session_memory(umbra_session *session) {
  mtx_lock(&session->lock);
  uint64_t taken = session->memory.taken;
  mtx_unlock(&session->lock);
  return taken;
}

void umbra_memory_accounts_read(umbra_memory_accounts *accounts, umbra_session *session) {
  mtx_lock(&session->lock);
  const umbra_memory *m = &session->memory;
  *accounts = (umbra_memory_accounts){m->most_taken, m->resident, m->taken + m->cached, m->asked, m->asked_large};
  mtx_unlock(&session->lock);
}

void umbra_memory_accounts_begin(umbra_session *session) {
  mtx_lock(&session->lock);
  umbra_memory *m = &session->memory;
  m->most_taken = m->taken;
  m->asked = m->asked_large = 0;
  mtx_unlock(&session->lock);
}
