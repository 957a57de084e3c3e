/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include <string.h>

#include "../../kernels/modarith.h"
#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../device/enqueue.h"
#include "ring_internal.h"

static umbra_status open_session(umbra_ring *ring, const umbra_device_options *options, uint64_t memory_limit) {
  const umbra_chain *chain = &ring->params->chain;
  umbra_ring_desc desc = {.log_n = chain->log_n, .primes = umbra_chain_primes(chain)};
  memcpy(desc.prime, chain->prime, sizeof desc.prime);
  return umbra_session_create(&ring->session, ring->kernels, &desc, options, memory_limit);
}

umbra_status umbra_ring_create(umbra_ring **out, const umbra_params *params, const umbra_kernels *kernels,
                               const umbra_device_options *options, uint64_t memory_limit) {
  umbra_ring *ring;
  UMBRA_TRY(umbra_alloc(&ring, 1, sizeof *ring, "a ring"));
  if (mtx_init(&ring->lock, mtx_plain) != thrd_success) {
    umbra_free(ring);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot create a lock");
  }
  ring->params = umbra_params_share(params);
  ring->kernels = kernels;
  umbra_status status = open_session(ring, options, memory_limit);
  if (status == UMBRA_OK) *out = ring;
  else umbra_ring_destroy(ring);
  return status;
}

void umbra_ring_destroy(umbra_ring *ring) {
  if (!ring) return;
  umbra_divisions_destroy(ring);
  umbra_decompositions_destroy(ring);
  umbra_extensions_destroy(ring);
  umbra_imaginary_unit_destroy(ring);
  umbra_session_destroy(ring->session);
  mtx_destroy(&ring->lock);
  umbra_params_destroy(ring->params);
  umbra_free(ring);
}

const umbra_params *umbra_ring_params(const umbra_ring *ring) { return ring->params; }
const umbra_chain *umbra_ring_chain(const umbra_ring *ring) { return &ring->params->chain; }
const umbra_kernels *umbra_ring_kernels(const umbra_ring *ring) { return ring->kernels; }
umbra_session *umbra_ring_session(const umbra_ring *ring) { return ring->session; }
uint32_t umbra_ring_n(const umbra_ring *ring) { return 1u << ring->params->chain.log_n; }

/* ---- accounts ---- */

void umbra_ring_accounts_read(umbra_ring_accounts *accounts, umbra_ring *ring) {
  umbra_memory_accounts memory;
  umbra_memory_accounts_read(&memory, ring->session);
  *accounts = (umbra_ring_accounts){.key_switches = atomic_load(&ring->key_switches),
                                    .ephemeral_switches = atomic_load(&ring->ephemeral_switches),
                                    .most_taken = memory.most_taken,
                                    .resident = memory.resident};
}

void umbra_ring_accounts_begin(umbra_ring *ring) {
  atomic_store(&ring->key_switches, 0);
  atomic_store(&ring->ephemeral_switches, 0);
  umbra_memory_accounts_begin(ring->session);
}

void umbra_ring_count_switches(umbra_ring *ring, size_t switches) { atomic_fetch_add(&ring->key_switches, switches); }
void umbra_ring_count_ephemeral_switch(umbra_ring *ring) { atomic_fetch_add(&ring->ephemeral_switches, 1); }

/* ---- constants ---- */

umbra_status umbra_ring_make_conversion(umbra_conversion **conversion, umbra_ring *ring, const umbra_bases *bases) {
  const uint32_t k = bases->sources;
  uint32_t *factor, product[UMBRA_MAX_PRIMES];
  UMBRA_TRY(umbra_alloc(&factor, (size_t)k * bases->targets, sizeof *factor, "a base conversion's constants"));
  for (uint32_t t = 0; t < bases->targets; t++) {
    const uint32_t m = ring->params->chain.prime[bases->target[t]];
    const uint32_t by = umbra_ring_product(ring, bases->factor, bases->factors, bases->factors, m);
    for (uint32_t i = 0; i < k; i++)
      factor[t * k + i] = umbra_mod_mul(umbra_ring_product(ring, bases->source, k, i, m), by, m);
    product[t] = umbra_mod_mul(umbra_ring_product(ring, bases->source, k, k, m), by, m);
  }
  umbra_conversion_desc desc = {k, bases->targets, bases->source, bases->target, factor, product, bases->exact};
  umbra_status status = umbra_session_conversion(conversion, ring->session, &desc);
  umbra_free(factor);
  return status;
}

uint32_t umbra_ring_cached_limbs(const umbra_ring *ring) {
  return ring->kernels->device.block_limbs(umbra_ring_device(ring));
}

uint32_t umbra_ring_block(const umbra_ring *ring) {
  uint32_t limbs = umbra_ring_cached_limbs(ring);
  return limbs ? limbs : UMBRA_MAX_PRIMES;
}

/* ---- strips ---- */

uint32_t umbra_ring_strip_room(const umbra_ring *ring, uint32_t limbs) {
  const uint32_t block = umbra_ring_block(ring), threads = umbra_ring_threads(ring);
  return umbra_min_u32(umbra_ring_cached_limbs(ring) ? umbra_min_u32(threads, block) : block, limbs);
}

uint32_t umbra_ring_strip_places(const umbra_ring *ring, uint32_t limbs) {
  return umbra_ring_cached_limbs(ring) ? umbra_ring_strip_room(ring, limbs) : 1;
}

/* A pass that threads share: each takes limb after limb. */
typedef struct strips_job {
  umbra_strip_body *body;
  const void *job;
  uint32_t limbs;
  atomic_uint *next;
} strips_job;

static void work_on_strips(const void *data, uint32_t place) {
  const strips_job *j = data;
  for (uint32_t limb; (limb = atomic_fetch_add(j->next, 1)) < j->limbs;)
    j->body(j->job, &(umbra_strip){.first = limb, .count = 1, .place = place});
}

/* Threads that are worth waking for so many limbs; fewer limbs than threads are better shared by those of kernels. */
static uint32_t strip_team(const umbra_ring *ring, uint32_t limbs) {
  enum { LEAST_WORDS = 1 << 13 }; /* of a thread */
  const uint32_t threads = umbra_ring_threads(ring);
  if (!ring->kernels->host_memory || !umbra_ring_cached_limbs(ring) || limbs < threads) return 1;
  return umbra_min_u32(limbs * umbra_ring_n(ring) / LEAST_WORDS, umbra_ring_strip_room(ring, limbs));
}

void umbra_ring_strips(const umbra_ring *ring, umbra_stream *stream, uint32_t limbs, umbra_strip_body *body,
                       const void *job) {
  const uint32_t team = strip_team(ring, limbs);
  umbra_watch *watch = umbra_stream_watch(stream);
  if (team > 1) {
    atomic_uint next = 0;
    if (!umbra_watch_goes_on(watch)) return;
    umbra_watch_rest(watch, 1);
    umbra_parallel(team, team, work_on_strips, &(strips_job){body, job, limbs, &next});
    umbra_watch_rest(watch, 0);
    return;
  }
  const uint32_t strip = umbra_ring_strip_room(ring, limbs);
  for (uint32_t first = 0; first < limbs; first += strip)
    body(job, &(umbra_strip){.first = first, .count = umbra_min_u32(strip, limbs - first)});
}

uint32_t umbra_ring_launch_limbs(const umbra_ring *ring) {
  umbra_launch_limbs_entry *launch_limbs = ring->kernels->device.launch_limbs;
  return launch_limbs ? launch_limbs(umbra_ring_device(ring)) : 0;
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
