/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In strips of limbs: the products of the digits with all keys, then all sums of them, so that rotated inputs never leave
 * the cache, which holds as much of them as a limb for each thread. Keys and plaintexts, the bulk of the bytes, are read
 * once.
 */
#include "hoist.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../device/enqueue.h"
#include "ops.h"
#include "residence.h"
#include "ring_internal.h"
#include "whole.h"

typedef struct hoist_job {
  umbra_ring *ring;
  umbra_stream *stream;
  const umbra_hoist *hoist;
  const umbra_view *dst;
  umbra_view x0, x1;
  umbra_digits digits;
  umbra_digit_block block; /* all limbs of the digits */
  uint32_t limbs, room;
  uint32_t *rotated; /* strips of all rotations */
  uint32_t *encoded; /* strips of all plaintexts that are coefficients; else NULL */
  umbra_view *key;   /* by rotation, for each limb of the room */
  uint32_t *galois;
} hoist_job;

/* Rotations, with x itself. */
static uint32_t terms(const umbra_hoist *hoist) { return hoist->rotations + (hoist->itself != 0); }

/* P times x: its limbs modulo the auxiliary primes are 0. */
static void multiply_by_p(const hoist_job *job, const umbra_view *dst, uint32_t first, uint32_t count) {
  const umbra_kernels *kernels = job->ring->kernels;
  uint32_t n = umbra_ring_n(job->ring), own = job->hoist->window.count;
  uint32_t of_x = first < own ? umbra_min_u32(count, own - first) : 0;
  umbra_view to = umbra_view_limbs_of(dst, n, 0, of_x), rest = umbra_view_limbs_of(dst, n, of_x, count - of_x);
  umbra_view from = umbra_view_limbs_of(job->hoist->x, n, of_x ? first : 0, of_x);
  if (of_x) UMBRA_ENQUEUE(kernels->mul_const, job->stream, &to, &from, job->block.plan->p_mod + first);
  if (of_x < count) UMBRA_ENQUEUE(kernels->zero, job->stream, &rest);
}

/* Limbs of P times all rotations that need a key. */
static void rotate_strip(const hoist_job *job, const umbra_view *dst, const umbra_strip *strip) {
  const umbra_hoist *hoist = job->hoist;
  const umbra_decomposition *plan = job->block.plan;
  const uint32_t n = umbra_ring_n(job->ring), own = hoist->window.count, first = strip->first, count = strip->count;
  umbra_view digit[UMBRA_MAX_DIGITS], init, *key = job->key + (size_t)strip->place * hoist->rotations;
  for (uint32_t j = 0; j < plan->digits.count; j++) digit[j] = umbra_digit_block_view(&job->block, j, first, count);
  for (uint32_t r = 0; r < hoist->rotations; r++) {
    umbra_view all = umbra_switching_key_view(hoist->rotation[r].key, job->ring, plan);
    key[r] = umbra_view_limbs_of(&all, n, first, count);
  }
  if (first < own) init = umbra_view_limbs_of(&job->x0, n, first, umbra_min_u32(count, own - first));
  umbra_key_products(job->ring, job->stream, dst,
                     &(umbra_key_products_of){.digit = digit,
                                              .digits = plan->digits.count,
                                              .key = key,
                                              .galois = job->galois,
                                              .rotations = hoist->rotations,
                                              .init = first < own ? &init : NULL,
                                              .factor = plan->p_mod + first});
}

/* Those with equal shifts at once. */
static void encode_strip(const hoist_job *job, const umbra_view *plain) {
  const umbra_plain_coefficients *c = &job->hoist->coefficients;
  for (uint32_t first = 0, end = 0; first < c->count; first = end) {
    while (end < c->count && c->shift[end] == c->shift[first]) end++;
    const umbra_view part = umbra_view_polys(plain, first, end - first);
    umbra_ring_from_i64(job->ring, job->stream, &part, c->value + (size_t)first * umbra_ring_n(job->ring),
                        c->shift[first]);
  }
}

/* Room for a strip of so many polynomials, of which `memory` has one for each limb of the room. */
static umbra_view room_of(const hoist_job *job, uint32_t *memory, uint32_t polys, const umbra_strip *strip) {
  uint32_t *data = memory + (size_t)strip->place * polys * umbra_ring_n(job->ring);
  return umbra_view_packed(job->ring, data, polys, job->hoist->window, strip->first, strip->count);
}

static umbra_view plain_strip(const hoist_job *job, const umbra_strip *strip) {
  const umbra_hoist *hoist = job->hoist;
  const umbra_ring *ring = job->ring;
  if (!hoist->plain) {
    umbra_view plain = room_of(job, job->encoded, hoist->coefficients.count, strip);
    encode_strip(job, &plain);
    return plain;
  }
  umbra_view plains = umbra_poly_subview(hoist->plain, ring, 0, hoist->plain->polys, hoist->window, hoist->plain->aux);
  return umbra_view_limbs_of(&plains, umbra_ring_n(ring) >> hoist->plain->log_gap, strip->first, strip->count);
}

static void sum_strip(const void *data, const umbra_strip *strip) {
  const hoist_job *job = data;
  const umbra_hoist *hoist = job->hoist;
  const umbra_ring *ring = job->ring;
  uint32_t log_gap = hoist->plain ? hoist->plain->log_gap : 0;
  umbra_view rotated = room_of(job, job->rotated, 2 * terms(hoist), strip);
  umbra_view itself = umbra_view_polys(&rotated, 0, 2);
  umbra_view others = umbra_view_polys(&rotated, hoist->itself ? 2 : 0, 2 * hoist->rotations);
  if (hoist->itself) multiply_by_p(job, &itself, strip->first, strip->count);
  if (hoist->rotations) rotate_strip(job, &others, strip);
  umbra_view plain = plain_strip(job, strip);
  umbra_view dst = umbra_view_limbs_of(job->dst, umbra_ring_n(ring), strip->first, strip->count);
  UMBRA_ENQUEUE(ring->kernels->plain_products, job->stream, &dst, &plain, &rotated, terms(hoist), log_gap);
}

/* ---- what is pinned while that is enqueued ---- */

static umbra_status run_with_keys(const hoist_job *job) {
  const umbra_hoist *hoist = job->hoist;
  UMBRA_TRY(umbra_keys_pin(hoist->rotation, hoist->rotations, job->ring, job->stream));
  umbra_ring_strips(job->ring, job->stream, job->limbs, sum_strip, job);
  umbra_ring_count_switches(job->ring, hoist->rotations);
  umbra_keys_unpin(hoist->rotation, hoist->rotations, job->ring);
  return UMBRA_OK;
}

static umbra_status run_pinned(const hoist_job *job) {
  const umbra_hoist *hoist = job->hoist;
  if (hoist->plain) UMBRA_TRY(umbra_poly_pin(hoist->plain, job->ring, job->stream));
  umbra_status status = run_with_keys(job);
  if (hoist->plain) umbra_poly_unpin(hoist->plain, job->ring);
  return status;
}

/* ---- workspace ---- */

static size_t room_bytes(const hoist_job *job, size_t polys) {
  return polys * job->room * umbra_ring_n(job->ring) * sizeof(uint32_t);
}

static umbra_status run_encoding(hoist_job *job) {
  const size_t bytes = room_bytes(job, job->hoist->coefficients.count);
  void *memory;
  if (job->hoist->plain) return run_pinned(job);
  UMBRA_TRY(umbra_ring_take(job->ring, &memory, bytes, "encoded diagonals"));
  job->encoded = memory;
  umbra_status status = run_pinned(job);
  umbra_ring_give(job->ring, memory, bytes);
  return status;
}

static umbra_status run_with_room(hoist_job *job) {
  const size_t bytes = room_bytes(job, 2 * (size_t)terms(job->hoist));
  void *memory;
  UMBRA_TRY(umbra_ring_take(job->ring, &memory, bytes, "rotated inputs"));
  job->rotated = memory;
  umbra_status status = run_encoding(job);
  umbra_ring_give(job->ring, memory, bytes);
  return status;
}

static umbra_status run_decomposed(hoist_job *job) {
  UMBRA_TRY(umbra_decompose(&job->digits, job->ring, job->stream, &job->x1, job->hoist->window));
  job->block.data = job->digits.extended.data;
  job->block.count = job->limbs;
  umbra_status status = run_with_room(job);
  umbra_digits_destroy(&job->digits, job->ring);
  return status;
}

umbra_status umbra_hoisted_sums(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                const umbra_hoist *hoist) {
  if (umbra_ring_whole(ring)) return umbra_whole_hoisted_sums(ring, stream, dst, hoist);
  uint32_t limbs = umbra_view_limbs(dst), rotations = hoist->rotations;
  hoist_job job = {.ring = ring, .stream = stream, .hoist = hoist, .dst = dst, .limbs = limbs};
  job.room = umbra_ring_strip_room(ring, limbs);
  job.x0 = umbra_view_poly(hoist->x, 0);
  job.x1 = umbra_view_poly(hoist->x, 1);
  UMBRA_TRY(umbra_digit_block_open(&job.block, ring, stream, &job.x1, hoist->window));
  if (!rotations) return run_with_room(&job);
  UMBRA_TRY(umbra_alloc(&job.key, umbra_ring_strip_places(ring, limbs) * (size_t)rotations, sizeof *job.key,
                        "a list of keys"));
  umbra_status status = umbra_alloc(&job.galois, rotations, sizeof *job.galois, "a list of rotations");
  if (status == UMBRA_OK) {
    for (uint32_t r = 0; r < rotations; r++) job.galois[r] = hoist->rotation[r].galois;
    status = run_decomposed(&job);
    umbra_free(job.galois);
  }
  umbra_free(job.key);
  return status;
}
