/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include <string.h>

#include "../../kernels/modarith.h"
#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "enqueue.h"
#include "ring_internal.h"

/* Bytes worth keeping for reuse: a third of what is in use, and some. Fresh pages cost more than most work on them. */
static uint64_t cache_limit(const umbra_ring *ring) { return ring->taken / 3 + (192u << 20); }

static umbra_status open_device(umbra_ring *ring, uint32_t ordinal) {
  const umbra_chain *chain = &ring->params->chain;
  umbra_ring_desc desc = {.log_n = chain->log_n, .primes = umbra_chain_primes(chain)};
  memcpy(desc.prime, chain->prime, sizeof desc.prime);
  umbra_device_options options = {.ordinal = ordinal, .threads = ring->threads};
  umbra_status status = ring->kernels->device.open(&ring->device, &desc, &options);
  return status == UMBRA_OK ? UMBRA_OK : umbra_ring_fail(ring, status, "cannot open the device");
}

umbra_status umbra_ring_create(umbra_ring **out, const umbra_params *params, const umbra_kernels *kernels,
                               const umbra_device_options *options, uint64_t memory_limit) {
  if (options->threads > UMBRA_MAX_THREADS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "threads is %u: it can be up to %d", options->threads,
                      UMBRA_MAX_THREADS);
  umbra_ring *ring;
  UMBRA_TRY(umbra_alloc(&ring, 1, sizeof *ring, "a ring"));
  if (mtx_init(&ring->lock, mtx_plain) != thrd_success) {
    umbra_free(ring);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot create a lock");
  }
  ring->params = umbra_params_share(params);
  ring->kernels = kernels;
  ring->threads = options->threads ? options->threads : umbra_parallel_default();
  ring->memory_limit = memory_limit;
  umbra_status status = open_device(ring, options->ordinal);
  if (status != UMBRA_OK) {
    umbra_ring_destroy(ring);
    return status;
  }
  *out = ring;
  return UMBRA_OK;
}

/* Returns the oldest cached block to the system; the lock is held. */
static void drop_oldest(umbra_ring *ring) {
  umbra_block block = ring->block[0];
  ring->kernels->memory.release(ring->device, block.memory, block.bytes);
  ring->cached -= block.bytes;
  memmove(ring->block, ring->block + 1, --ring->blocks * sizeof block);
}

void umbra_ring_destroy(umbra_ring *ring) {
  if (!ring) return;
  umbra_divisions_destroy(ring);
  umbra_decompositions_destroy(ring);
  umbra_extensions_destroy(ring);
  umbra_imaginary_unit_destroy(ring);
  while (ring->blocks) drop_oldest(ring);
  if (ring->device) ring->kernels->device.close(ring->device);
  mtx_destroy(&ring->lock);
  umbra_params_destroy(ring->params);
  umbra_free(ring);
}

const umbra_params *umbra_ring_params(const umbra_ring *ring) { return ring->params; }
const umbra_chain *umbra_ring_chain(const umbra_ring *ring) { return &ring->params->chain; }
const umbra_kernels *umbra_ring_kernels(const umbra_ring *ring) { return ring->kernels; }
const umbra_device *umbra_ring_device(const umbra_ring *ring) { return ring->device; }
uint32_t umbra_ring_threads(const umbra_ring *ring) { return ring->threads; }
uint32_t umbra_ring_n(const umbra_ring *ring) { return 1u << ring->params->chain.log_n; }

uint64_t umbra_ring_memory(const umbra_ring *ring) {
  umbra_ring *unlocked = (umbra_ring *)ring; /* only the lock changes */
  mtx_lock(&unlocked->lock);
  uint64_t taken = ring->taken;
  mtx_unlock(&unlocked->lock);
  return taken;
}

/* ---- accounts ---- */

void umbra_ring_accounts_read(umbra_ring_accounts *accounts, umbra_ring *ring) {
  *accounts = (umbra_ring_accounts){.key_switches = atomic_load(&ring->key_switches),
                                    .ephemeral_switches = atomic_load(&ring->ephemeral_switches)};
  mtx_lock(&ring->lock);
  accounts->most_taken = ring->most_taken;
  accounts->resident = ring->resident;
  mtx_unlock(&ring->lock);
}

void umbra_ring_accounts_begin(umbra_ring *ring) {
  atomic_store(&ring->key_switches, 0);
  atomic_store(&ring->ephemeral_switches, 0);
  mtx_lock(&ring->lock);
  ring->most_taken = ring->taken;
  mtx_unlock(&ring->lock);
}

void umbra_ring_count_switches(umbra_ring *ring, size_t switches) { atomic_fetch_add(&ring->key_switches, switches); }
void umbra_ring_count_ephemeral_switch(umbra_ring *ring) { atomic_fetch_add(&ring->ephemeral_switches, 1); }

/* The lock is held. */
static void count_taken(umbra_ring *ring, size_t bytes) {
  ring->taken += bytes;
  if (ring->taken > ring->most_taken) ring->most_taken = ring->taken;
}

/* ---- streams ---- */

umbra_status umbra_ring_stream_open(umbra_stream **stream, umbra_ring *ring) {
  return umbra_ring_recording(ring) ? umbra_ring_fail_unrecordable() : umbra_ring_stream_open_beside(stream, ring);
}

umbra_status umbra_ring_stream_open_beside(umbra_stream **stream, const umbra_ring *ring) {
  umbra_status status = umbra_ring_kernels(ring)->stream.create(stream, umbra_ring_device(ring));
  return status == UMBRA_OK ? UMBRA_OK : umbra_ring_fail(ring, status, "cannot create a stream");
}

void umbra_ring_stream_close(umbra_stream *stream, const umbra_ring *ring) {
  umbra_ring_kernels(ring)->stream.destroy(stream);
}

umbra_status umbra_ring_fail(const umbra_ring *ring, umbra_status status, const char *what) {
  const char *why = ring->kernels->device.failure(NULL);
  return umbra_fail(status, "%s (backend %s)%s%s", what, ring->kernels->name, *why ? ": " : "", why);
}

/* A failure sticks to the device: whatever was computed since is not to be trusted. */
static umbra_status report(const umbra_ring *ring, umbra_status status) {
  if (status == UMBRA_OK) return UMBRA_OK;
  return umbra_fail(status, "the %s device failed (%s): its results since then are invalid", ring->kernels->name,
                    ring->kernels->device.failure(ring->device));
}

umbra_status umbra_ring_check(const umbra_ring *ring, const umbra_stream *stream) {
  UMBRA_TRY(report(ring, ring->kernels->stream.check(stream)));
  return umbra_watch_check(umbra_stream_watch(stream));
}

umbra_status umbra_ring_wait(const umbra_ring *ring, umbra_stream *stream) {
  UMBRA_TRY(report(ring, ring->kernels->stream.wait(stream)));
  return umbra_watch_check(umbra_stream_watch(stream));
}

uint64_t umbra_ring_mark(const umbra_ring *ring, umbra_stream *stream) {
  return ring->kernels->trace.mark ? ring->kernels->trace.mark(stream) : 0;
}

double umbra_ring_between(const umbra_ring *ring, umbra_stream *stream, uint64_t first, uint64_t last) {
  return ring->kernels->trace.between(stream, first, last);
}

int umbra_ring_watched(const umbra_ring *ring) { return ring->kernels->trace.watched && ring->kernels->trace.watched(); }

void umbra_ring_name_begin(const umbra_ring *ring, const char *name) {
  if (ring->kernels->trace.name_begin) ring->kernels->trace.name_begin(name);
}

void umbra_ring_name_end(const umbra_ring *ring) {
  if (ring->kernels->trace.name_end) ring->kernels->trace.name_end();
}

/* A cached block of exactly that size, or NULL; the lock is held. */
static void *reuse(umbra_ring *ring, size_t bytes) {
  for (size_t i = ring->blocks; i-- > 0;) {
    if (ring->block[i].bytes != bytes) continue;
    void *memory = ring->block[i].memory;
    ring->cached -= bytes;
    ring->blocks--;
    memmove(ring->block + i, ring->block + i + 1, (ring->blocks - i) * sizeof *ring->block);
    return memory;
  }
  return NULL;
}

/* Kept blocks count under the memory limit, too. */
static void drop_beyond_limit(umbra_ring *ring, size_t bytes) {
  while (ring->blocks && ring->taken + ring->cached + bytes > ring->memory_limit) drop_oldest(ring);
}

/* Makes room under the memory limit for `bytes` more: polynomials that may leave do. */
static umbra_status fit_limit(umbra_ring *ring, size_t bytes, const char *what) {
  if (!ring->memory_limit) return UMBRA_OK;
  while (bytes > ring->memory_limit - ring->taken && umbra_residences_evict(ring)) continue;
  if (bytes > ring->memory_limit - ring->taken)
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY,
                      "%s needs %zu bytes; the context's memory limit is %llu, of which %llu are in use: destroy "
                      "objects or raise memory_limit",
                      what, bytes, (unsigned long long)ring->memory_limit, (unsigned long long)ring->taken);
  drop_beyond_limit(ring, bytes);
  return UMBRA_OK;
}

int umbra_ring_make_room(umbra_ring *ring) {
  if (!ring->blocks) return umbra_residences_evict(ring);
  while (ring->blocks) drop_oldest(ring);
  return 1;
}

static umbra_status allocate(umbra_ring *ring, void **block, size_t bytes) {
  umbra_status status;
  do status = ring->kernels->memory.alloc(ring->device, block, bytes);
  while (status == UMBRA_ERROR_OUT_OF_MEMORY && umbra_ring_make_room(ring));
  return status;
}

/* Memory that is not there, or a device that fails. */
static umbra_status fail_to_allocate(const umbra_ring *ring, umbra_status status, size_t bytes, const char *what) {
  if (status == UMBRA_ERROR_OUT_OF_MEMORY) return umbra_fail(status, "cannot allocate %zu bytes for %s", bytes, what);
  return umbra_ring_fail(ring, status, "cannot allocate memory");
}

umbra_status umbra_ring_allocate(umbra_ring *ring, void **memory, size_t bytes, const char *what) {
  umbra_status status = umbra_alloc_must_fail() ? UMBRA_ERROR_OUT_OF_MEMORY : allocate(ring, memory, bytes);
  return status == UMBRA_OK ? UMBRA_OK : fail_to_allocate(ring, status, bytes, what);
}

static umbra_status create_conversion(umbra_conversion **conversion, umbra_ring *ring,
                                      const umbra_conversion_desc *desc) {
  umbra_status status;
  do status = ring->kernels->conversion_create(conversion, ring->device, desc);
  while (status == UMBRA_ERROR_OUT_OF_MEMORY && umbra_ring_make_room(ring));
  return status == UMBRA_OK ? UMBRA_OK : umbra_ring_fail(ring, status, "cannot prepare a base conversion");
}

umbra_status umbra_ring_make_conversion(umbra_conversion **conversion, umbra_ring *ring, const umbra_bases *bases) {
  const uint32_t k = bases->sources;
  uint32_t *factor, product[UMBRA_MAX_PRIMES];
  UMBRA_TRY(umbra_alloc(&factor, (size_t)k * bases->targets, sizeof *factor, "a base conversion's constants"));
  for (uint32_t t = 0; t < bases->targets; t++) {
    const uint32_t m = ring->params->chain.prime[bases->target[t]];
    for (uint32_t i = 0; i < k; i++) factor[t * k + i] = umbra_ring_product(ring, bases->source, k, i, m);
    product[t] = umbra_ring_product(ring, bases->source, k, k, m);
  }
  umbra_conversion_desc desc = {k, bases->targets, bases->source, bases->target, factor, product, bases->exact};
  umbra_status status = create_conversion(conversion, ring, &desc);
  umbra_free(factor);
  return status;
}

umbra_status umbra_ring_take_locked(umbra_ring *ring, void **memory, size_t wanted, const char *what) {
  const size_t bytes = umbra_block_bytes(wanted);
  umbra_arena *arena = umbra_arena_of_thread(ring);
  if (arena) {
    *memory = umbra_arena_reuse(arena, bytes);
    if (*memory) return UMBRA_OK;
    UMBRA_TRY(umbra_arena_reserve(arena));
  }
  umbra_status status = umbra_alloc_must_fail() ? UMBRA_ERROR_OUT_OF_MEMORY : UMBRA_OK;
  void *block = status == UMBRA_OK ? reuse(ring, bytes) : NULL;
  if (status == UMBRA_OK && !block) {
    UMBRA_TRY(fit_limit(ring, bytes, what));
    status = allocate(ring, &block, bytes);
  }
  if (status != UMBRA_OK) return fail_to_allocate(ring, status, bytes, what);
  if (arena) umbra_arena_add(arena, block, bytes);
  count_taken(ring, bytes);
  *memory = block;
  return UMBRA_OK;
}

void *umbra_ring_take_spare(umbra_ring *ring, size_t wanted) {
  const size_t bytes = umbra_block_bytes(wanted);
  if (bytes > ring->memory_limit - ring->taken) return NULL;
  void *block = reuse(ring, bytes);
  if (!block) {
    drop_beyond_limit(ring, bytes);
    if (ring->kernels->memory.alloc(ring->device, &block, bytes) != UMBRA_OK) return NULL;
  }
  count_taken(ring, bytes);
  return block;
}

umbra_status umbra_ring_take(umbra_ring *ring, void **memory, size_t bytes, const char *what) {
  mtx_lock(&ring->lock);
  umbra_status status = umbra_ring_take_locked(ring, memory, bytes, what);
  uint64_t working = ring->taken - ring->resident;
  if (working > ring->working) ring->working = working;
  mtx_unlock(&ring->lock);
  return status;
}

/* The lock is held. */
static void cache_block(umbra_ring *ring, void *memory, size_t bytes) {
  ring->taken -= bytes;
  if (ring->blocks == UMBRA_CACHED_BLOCKS) drop_oldest(ring);
  ring->block[ring->blocks++] = (umbra_block){memory, bytes};
  ring->cached += bytes;
  while (ring->cached > cache_limit(ring)) drop_oldest(ring);
}

void umbra_ring_give(umbra_ring *ring, void *memory, size_t bytes) {
  if (!memory) return;
  mtx_lock(&ring->lock);
  umbra_arena *arena = umbra_arena_of_thread(ring);
  if (!arena || !umbra_arena_keep(arena, memory)) cache_block(ring, memory, umbra_block_bytes(bytes));
  mtx_unlock(&ring->lock);
}

uint32_t umbra_ring_block(const umbra_ring *ring) {
  uint32_t limbs = ring->kernels->device.block_limbs(ring->device);
  return limbs ? limbs : UMBRA_MAX_PRIMES;
}

uint32_t umbra_ring_strip(const umbra_ring *ring) {
  uint32_t block = umbra_ring_block(ring), strip = 2 * ring->threads;
  return ring->kernels->device.block_limbs(ring->device) && strip < block ? strip : block;
}

void umbra_ring_residues(const umbra_ring *ring, const umbra_view *view, int64_t value, uint32_t shift,
                         uint32_t *residues) {
  uint32_t limbs = umbra_view_limbs(view);
  for (uint32_t i = 0; i < limbs; i++) {
    uint32_t q = ring->params->chain.prime[umbra_view_position(view, i)];
    residues[i] = umbra_mod_mul(umbra_mod_from_i64(value, q), umbra_mod_pow(2, shift, q), q);
  }
}

uint32_t umbra_ring_product(const umbra_ring *ring, const uint16_t *position, uint32_t count, uint32_t skip,
                            uint32_t q) {
  uint32_t product = 1;
  for (uint32_t i = 0; i < count; i++)
    if (i != skip) product = umbra_mod_mul(product, ring->params->chain.prime[position[i]] % q, q);
  return product;
}

uint32_t umbra_positions_append(uint16_t *position, uint32_t count, uint32_t first, uint32_t end) {
  for (uint32_t p = first; p < end; p++) position[count++] = (uint16_t)p;
  return count;
}
