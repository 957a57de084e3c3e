/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RNS polynomials of one parameter set on one device: their memory and views, and the plans of exact division, of gadget
 * decomposition and of extension. The only layer that calls kernels on residues.
 */
#ifndef UMBRA_RING_RING_H
#define UMBRA_RING_RING_H

#include <stddef.h>
#include <stdint.h>

#include "../../kernels/kernels.h"
#include "../device/memory.h"
#include "../device/session.h"
#include "../params/params.h"

typedef struct umbra_ring umbra_ring; /* immutable to its users, shareable between threads; caches lock themselves */

/*
 * `polys` polynomials over the chain primes of a window and the first `aux` auxiliary primes, in one block. What is
 * kept is always in the evaluation domain; coefficients exist only inside the functions of this layer and of the
 * encoder.
 */
typedef struct umbra_poly {
  uint32_t *data; /* device memory; polynomial, then limb, then coefficient */
  umbra_window window;
  uint16_t aux;
  uint16_t polys;
  uint16_t secret;  /* 1: what it passes through in host memory is wiped */
  uint16_t log_gap; /* 0, or words of a limb stand for 2^log_gap each: plaintexts of umbra_kernels.plain_products */
  struct umbra_residence *residence; /* NULL: always in device memory; see residence.h */
} umbra_poly;

umbra_status umbra_ring_create(umbra_ring **ring, const umbra_params *params, const umbra_kernels *kernels,
                               const umbra_device_options *options, uint64_t memory_limit);
void umbra_ring_destroy(umbra_ring *ring);

const umbra_params *umbra_ring_params(const umbra_ring *ring);
const umbra_chain *umbra_ring_chain(const umbra_ring *ring);
const umbra_kernels *umbra_ring_kernels(const umbra_ring *ring);
umbra_session *umbra_ring_session(const umbra_ring *ring);
uint32_t umbra_ring_n(const umbra_ring *ring);

/* ---- accounts ---- */

/* What was done and used since the ring was made, or its accounts were begun. */
typedef struct umbra_ring_accounts {
  size_t key_switches;       /* with keys from one owner's secret to itself, */
  size_t ephemeral_switches; /* and with those to an ephemeral secret and back */
  uint64_t most_taken;       /* bytes at once */
  uint64_t resident;         /* bytes now, of the polynomials that may leave and have not */
} umbra_ring_accounts;

void umbra_ring_accounts_read(umbra_ring_accounts *accounts, umbra_ring *ring);
void umbra_ring_accounts_begin(umbra_ring *ring);
void umbra_ring_count_switches(umbra_ring *ring, size_t switches);
void umbra_ring_count_ephemeral_switch(umbra_ring *ring);

/* ---- the device, for those who have a ring in hand: see ../device ---- */

static inline umbra_status umbra_ring_stream_open(umbra_stream **stream, umbra_ring *ring) {
  return umbra_session_stream_open(stream, umbra_ring_session(ring));
}

static inline umbra_status umbra_ring_stream_open_beside(umbra_stream **stream, const umbra_ring *ring) {
  return umbra_session_stream_open_beside(stream, umbra_ring_session(ring));
}

static inline void umbra_ring_stream_close(umbra_stream *stream, const umbra_ring *ring) {
  umbra_session_stream_close(stream, umbra_ring_session(ring));
}

/* The stream that this thread records; NULL: none. */
static inline umbra_stream *umbra_ring_recording(const umbra_ring *ring) {
  return umbra_session_recording(umbra_ring_session(ring));
}

static inline umbra_status umbra_ring_check(const umbra_ring *ring, const umbra_stream *stream) {
  return umbra_session_check(umbra_ring_session(ring), stream);
}

static inline umbra_status umbra_ring_wait(const umbra_ring *ring, umbra_stream *stream) {
  return umbra_session_wait(umbra_ring_session(ring), stream);
}

static inline umbra_status umbra_ring_take(umbra_ring *ring, void **memory, size_t bytes, const char *what) {
  return umbra_session_take(umbra_ring_session(ring), memory, bytes, what);
}

static inline void umbra_ring_give(umbra_ring *ring, void *memory, size_t bytes) {
  umbra_session_give(umbra_ring_session(ring), memory, bytes);
}

static inline uint64_t umbra_ring_memory(const umbra_ring *ring) {
  return umbra_session_memory(umbra_ring_session(ring));
}

static inline uint32_t umbra_ring_threads(const umbra_ring *ring) {
  return umbra_session_threads(umbra_ring_session(ring));
}

static inline const umbra_device *umbra_ring_device(const umbra_ring *ring) {
  return umbra_session_device(umbra_ring_session(ring));
}

/* ---- polynomials ---- */

umbra_status umbra_poly_create(umbra_poly *poly, umbra_ring *ring, uint32_t polys, umbra_window window, uint32_t aux,
                               const char *what);

/* One whose words stand for 2^log_gap each. */
umbra_status umbra_poly_create_short(umbra_poly *poly, umbra_ring *ring, uint32_t polys, umbra_window window,
                                     uint32_t aux, uint32_t log_gap, const char *what);
void umbra_poly_destroy(umbra_poly *poly, umbra_ring *ring); /* also of a zeroed one; zeroes the struct */
size_t umbra_poly_bytes(const umbra_poly *poly, const umbra_ring *ring);

/* The words of a polynomial in another one of the same shape, of a ring of the same parameters; through host memory. */
umbra_status umbra_poly_copy_across(const umbra_poly *copy, umbra_ring *to, const umbra_poly *poly, umbra_ring *from);

/* Moves a polynomial to another ring of the same parameters, which it then belongs to. */
umbra_status umbra_poly_move(umbra_poly *poly, umbra_ring *from, umbra_ring *to);

/* A copy of a view, packed, in host memory; complete when the call returns. */
umbra_status umbra_view_fetch(const umbra_ring *ring, umbra_stream *stream, uint32_t *host, const umbra_view *view);

/* All limbs. */
umbra_view umbra_poly_view(const umbra_poly *poly, const umbra_ring *ring);

/* Limbs of a narrower window and of the first `aux` auxiliary primes; polynomials [first, first + count). */
umbra_view umbra_poly_subview(const umbra_poly *poly, const umbra_ring *ring, uint32_t first, uint32_t count,
                              umbra_window window, uint32_t aux);

/*
 * The polynomial is of `count` <= UMBRA_MAX_RUNS things of as many polynomials each: limbs of a narrower window of the first
 * `polys` of each, those of the first thing, then of the next one.
 */
umbra_view umbra_poly_beside(const umbra_poly *poly, const umbra_ring *ring, uint32_t count, uint32_t polys,
                             umbra_window window);

/* Limbs [first, first + count) of a view, counted through its runs. */
umbra_view umbra_view_limbs_of(const umbra_view *view, uint32_t n, uint32_t first, uint32_t count);

/* One polynomial of a view. */
umbra_view umbra_view_poly(const umbra_view *view, uint32_t poly);

/* Polynomials [first, first + count) of a view. */
umbra_view umbra_view_polys(const umbra_view *view, uint32_t first, uint32_t count);

/* Appends the runs of b, of equal stride unless there is one polynomial, after those of a, which may be zeroed. */
void umbra_view_append(umbra_view *a, const umbra_view *b);

/* A view with the limbs and polynomials of that one, packed at `data`. */
umbra_view umbra_view_packed_like(const umbra_view *view, uint32_t *data, uint32_t n);

/* Position of limb `limb` of a view. */
uint32_t umbra_view_position(const umbra_view *view, uint32_t limb);

/* Limbs that stay in the device's cache together; 0: there are no blocks to be cut. */
uint32_t umbra_ring_cached_limbs(const umbra_ring *ring);

/* Limbs that a blocked pass should take at once. */
uint32_t umbra_ring_block(const umbra_ring *ring);

/* ---- strips: passes whose operands should all stay in the cache ---- */

/* Limbs [first, first + count) of a pass, and the limb of its working memory from which on as many are theirs. */
typedef struct umbra_strip {
  uint32_t first, count, place;
} umbra_strip;

typedef void umbra_strip_body(const void *job, const umbra_strip *strip);

/*
 * Limbs of working memory that a pass over so many limbs needs: one for each thread, no more than a block; all of them where
 * there are no blocks. And places that strips may have at once.
 */
uint32_t umbra_ring_strip_room(const umbra_ring *ring, uint32_t limbs);
uint32_t umbra_ring_strip_places(const umbra_ring *ring, uint32_t limbs);

/*
 * Calls body(job, strip) for strips that are all limbs together. On a processor threads take a limb each, one after
 * another, and what the body enqueues on the stream its thread does alone: one loop with many kernels in it, which are
 * asked about before it begins (host/base/watch.h). So no strip may depend on another.
 */
void umbra_ring_strips(const umbra_ring *ring, umbra_stream *stream, uint32_t limbs, umbra_strip_body *body,
                       const void *job);

/* Limbs that a launch should touch, where one costs as much as work does; 0: this is no such device. */
uint32_t umbra_ring_launch_limbs(const umbra_ring *ring);

/* residues[i] = value * 2^shift mod the prime of limb i of the view. */
void umbra_ring_residues(const umbra_ring *ring, const umbra_view *view, int64_t value, uint32_t shift,
                         uint32_t *residues);

#endif
