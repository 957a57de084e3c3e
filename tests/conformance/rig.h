/* SPDX-License-Identifier: Apache-2.0 */
/* A backend at work on one ring: its memory, a host copy before and after the call, and random operands in it. */
#ifndef UMBRA_TESTS_CONFORMANCE_RIG_H
#define UMBRA_TESTS_CONFORMANCE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kernels/kernels.h"
#include "rings.h"

/* How a trial fills its operands; the halves are the largest and the smallest centred residue. */
enum { RANDOM, LARGEST, ZERO, LOW_HALF, HIGH_HALF, MIXED, FILLS };

typedef struct rig {
  const umbra_kernels *kernels;
  umbra_ring_desc ring;
  uint32_t n;
  umbra_device *device;
  umbra_stream *stream;
  size_t used, capacity;    /* words */
  uint32_t *memory;         /* of the device */
  uint32_t *before, *after; /* its contents before and after the call */
  uint64_t random;
  int fill, alias; /* of this trial; alias says which operands are the same */
} rig;

static void rig_open_on(rig *r, const umbra_kernels *kernels, const ring_case *ring,
                        const umbra_device_options *options) {
  *r = (rig){.kernels = kernels, .ring = make_ring(ring->log_n, ring->classes)};
  r->n = 1u << r->ring.log_n;
  r->capacity = ring->limbs * r->n;
  assert_int_equal(kernels->device.open(&r->device, &r->ring, options), UMBRA_OK);
  assert_int_equal(kernels->stream.create(&r->stream, r->device), UMBRA_OK);
  assert_int_equal(kernels->memory.alloc(r->device, (void **)&r->memory, r->capacity * sizeof *r->memory), UMBRA_OK);
  assert_int_equal((uintptr_t)r->memory % 64, 0);
  r->before = malloc(r->capacity * sizeof *r->before);
  r->after = malloc(r->capacity * sizeof *r->after);
  assert_non_null(r->before);
  assert_non_null(r->after);
}

static void rig_open(rig *r, const umbra_kernels *kernels, const ring_case *ring, uint32_t threads) {
  rig_open_on(r, kernels, ring, &(umbra_device_options){.threads = threads});
}

static void rig_close(rig *r) {
  free(r->before);
  free(r->after);
  r->kernels->memory.release(r->device, r->memory, r->capacity * sizeof *r->memory);
  r->kernels->stream.destroy(r->stream);
  r->kernels->device.close(r->device);
}

/* Starts a trial with empty memory. Alias numbers are taken modulo what the operation knows. */
static void rig_start(rig *r, int trial) {
  r->used = 0;
  r->random = (uint64_t)trial;
  r->fill = trial % FILLS;
  r->alias = trial / FILLS + trial;
}

static void rig_upload(rig *r) {
  r->kernels->memory.upload(r->stream, r->memory, r->before, r->used * sizeof *r->before);
}

static void rig_download(rig *r) {
  r->kernels->memory.download(r->stream, r->after, r->memory, r->used * sizeof *r->after);
  assert_int_equal(r->kernels->stream.wait(r->stream), UMBRA_OK);
}

/* splitmix64 */
static uint64_t draw(rig *r) {
  uint64_t z = r->random += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

static uint32_t draw_below(rig *r, uint32_t bound) { return (uint32_t)((draw(r) >> 32) * bound >> 32); }

static uint32_t draw_residue(rig *r, uint32_t q) {
  const int fill = r->fill == MIXED ? (int)draw_below(r, MIXED) : r->fill;
  switch (fill) {
    case LARGEST: return q - 1;
    case ZERO: return 0;
    case LOW_HALF: return (q - 1) / 2;
    case HIGH_HALF: return (q + 1) / 2;
    default: return draw_below(r, q);
  }
}

/* Takes words of memory, noise so far, some distance behind those taken before; returns their offset. */
static size_t take(rig *r, size_t words) {
  const size_t begin = r->used + 16 * draw_below(r, 4), end = begin + (words + 15) / 16 * 16;
  assert_true(end + 64 <= r->capacity);
  for (; r->used < end; r->used++) r->before[r->used] = (uint32_t)draw(r);
  return begin;
}

/* Limbs [first, first + count) of a view or shape, or as many of them as there are. */
static umbra_view limbs_of(const rig *r, const umbra_view *view, uint32_t first, uint32_t count) {
  umbra_view part = {.polys = view->polys, .stride = view->stride};
  umbra_run *to = part.run;
  for (const umbra_run *run = view->run; run < view->run + UMBRA_MAX_RUNS; run++) {
    const uint32_t skipped = first < run->count ? first : run->count, rest = run->count - skipped;
    const uint32_t taken = count < rest ? count : rest;
    first -= skipped;
    count -= taken;
    if (!taken) continue;
    *to++ = (umbra_run){.data = run->data ? run->data + (size_t)skipped * r->n : NULL,
                        .prime = (uint16_t)(run->prime + skipped),
                        .count = (uint16_t)taken};
  }
  return part;
}

/* Polynomials [first, first + count) of a view. */
static umbra_view polys_of(const umbra_view *view, uint32_t first, uint32_t count) {
  umbra_view part = *view;
  part.polys = count;
  for (umbra_run *run = part.run; run < part.run + UMBRA_MAX_RUNS && run->count; run++) {
    run->data += first * view->stride;
  }
  return part;
}

/* Some primes of the ring in up to three runs, as a view without memory. */
static umbra_view draw_shape(rig *r) {
  umbra_view shape = {.polys = 0};
  const uint32_t runs = 1 + draw_below(r, UMBRA_MAX_RUNS - 1);
  uint32_t prime = 0;
  for (uint32_t i = 0; i < runs && prime < r->ring.primes; i++) {
    prime += draw_below(r, r->ring.primes - prime);
    const uint32_t count = 1 + draw_below(r, r->ring.primes - prime);
    shape.run[i] = (umbra_run){.prime = (uint16_t)prime, .count = (uint16_t)count};
    prime += count;
  }
  return shape;
}

/* A shape of few limbs, so that there is room for many polynomials. */
static umbra_view draw_narrow_shape(rig *r) {
  const umbra_view shape = draw_shape(r);
  return limbs_of(r, &shape, 0, 1 + draw_below(r, 3));
}

/* Polynomials of a shape that there is room for, with what may lie between them. */
static uint32_t room_for(const rig *r, const umbra_view *shape) {
  return (uint32_t)(r->capacity / r->n / (umbra_view_limbs(shape) + 1));
}

/* Cuts the first run in two if there is a run to spare: the same limbs, in another place. */
static void cut_run(rig *r, umbra_view *view) {
  umbra_run *run = view->run;
  if (run[UMBRA_MAX_RUNS - 1].count || run->count < 2 || draw_below(r, 2)) return;
  const uint16_t first = (uint16_t)(1 + draw_below(r, run->count - 1u));
  memmove(run + 1, run, (UMBRA_MAX_RUNS - 1) * sizeof *run);
  run[0].count = first;
  run[1].prime = (uint16_t)(run[1].prime + first);
  run[1].count = (uint16_t)(run[1].count - first);
}

/* The run that a limb of a view is in; *limb becomes its number there. */
static const umbra_run *run_of(const umbra_view *view, uint32_t *limb) {
  const umbra_run *run = view->run;
  for (; *limb >= run->count; run++) *limb -= run->count;
  return run;
}

/* The prime of a limb of a view, which may lie nowhere yet. */
static uint32_t position_of(const umbra_view *view, uint32_t limb) {
  const umbra_run *run = run_of(view, &limb);
  return run->prime + limb;
}

/* A limb, of that many words, of a view in a host copy of the memory, and its prime. */
static uint32_t *words_in(const rig *r, uint32_t *host, const umbra_view *view, uint32_t poly, uint32_t limb,
                          size_t words, uint32_t *position) {
  const umbra_run *run = run_of(view, &limb);
  *position = run->prime + limb;
  return host + (run->data - r->memory) + poly * view->stride + limb * words;
}

static uint32_t *limb_in(const rig *r, uint32_t *host, const umbra_view *view, uint32_t poly, uint32_t limb,
                         uint32_t *position) {
  return words_in(r, host, view, poly, limb, r->n, position);
}

/* Fills limbs of that many words. */
static void fill_words(rig *r, const umbra_view *view, size_t words) {
  for (uint32_t item = 0, limbs = umbra_view_limbs(view); item < limbs * view->polys; item++) {
    uint32_t position, *limb = words_in(r, r->before, view, item / limbs, item % limbs, words, &position);
    for (size_t i = 0; i < words; i++) limb[i] = draw_residue(r, r->ring.prime[position]);
  }
}

/* A filled view with the limbs of `shape`, of that many words. */
static umbra_view make_view_of(rig *r, const umbra_view *shape, uint32_t polys, uint32_t words) {
  umbra_view view = *shape;
  cut_run(r, &view);
  view.polys = polys;
  size_t offset[UMBRA_MAX_RUNS];
  view.stride = 0;
  for (int i = 0; i < UMBRA_MAX_RUNS; i++) {
    offset[i] = view.stride;
    if (view.run[i].count) view.stride += (size_t)view.run[i].count * words + 16 * draw_below(r, 3);
  }
  const size_t base = take(r, polys * view.stride);
  for (int i = 0; i < UMBRA_MAX_RUNS; i++) view.run[i].data = r->memory + base + offset[i];
  fill_words(r, &view, words);
  return view;
}

static umbra_view make_view(rig *r, const umbra_view *shape, uint32_t polys) {
  return make_view_of(r, shape, polys, r->n);
}

#endif
