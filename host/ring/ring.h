/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RNS polynomials of one parameter set on one device: memory, views, and the plans of exact division and of gadget
 * decomposition. The only layer that calls kernels on residues.
 */
#ifndef UMBRA_RING_RING_H
#define UMBRA_RING_RING_H

#include <stddef.h>
#include <stdint.h>

#include "../../kernels/kernels.h"
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
const umbra_device *umbra_ring_device(const umbra_ring *ring);
uint32_t umbra_ring_n(const umbra_ring *ring);
uint32_t umbra_ring_threads(const umbra_ring *ring); /* that work on the CPU may use */
uint64_t umbra_ring_memory(const umbra_ring *ring);  /* bytes taken and not given back */

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

/* ---- streams ---- */

/* Work on it is done at once, so it cannot be part of what this thread records: UNSUPPORTED meanwhile. */
umbra_status umbra_ring_stream_open(umbra_stream **stream, umbra_ring *ring);

/* A stream for work that no recording is to repeat: memory that is moved or wiped, plans that are made. */
umbra_status umbra_ring_stream_open_beside(umbra_stream **stream, const umbra_ring *ring);
void umbra_ring_stream_close(umbra_stream *stream, const umbra_ring *ring);

/* DEVICE if any work of the ring is known to have failed, CANCELLED if the stream has been stopped; does not wait. */
umbra_status umbra_ring_check(const umbra_ring *ring, const umbra_stream *stream);

/* Waits for all work of the stream; DEVICE if any of it failed, CANCELLED if some was left out. */
umbra_status umbra_ring_wait(const umbra_ring *ring, umbra_stream *stream);

/* ---- tracing ---- */

/* See mark and between in kernels.h; 0: there is nothing to be known. */
uint64_t umbra_ring_mark(const umbra_ring *ring, umbra_stream *stream);
double umbra_ring_between(const umbra_ring *ring, umbra_stream *stream, uint64_t first, uint64_t last);

/* Names of what this thread does, for tools; whether there is one that watches. */
int umbra_ring_watched(const umbra_ring *ring);
void umbra_ring_name_begin(const umbra_ring *ring, const char *name);
void umbra_ring_name_end(const umbra_ring *ring);

/* ---- memory: blocks are kept for reuse, so that a steady computation allocates nothing ---- */

umbra_status umbra_ring_take(umbra_ring *ring, void **memory, size_t bytes, const char *what);
void umbra_ring_give(umbra_ring *ring, void *memory, size_t bytes);

/* ---- recording: work on fixed memory that can be done again ---- */

typedef struct umbra_arena umbra_arena;

/* Whether the device can record at all. */
int umbra_ring_can_record(const umbra_ring *ring);

/*
 * From begin to end, memory that this thread gives back stays with the arena, and it takes from there first; so what a
 * recording uses is used by nobody else until the arena is destroyed. One arena of a ring at a time: else UNSUPPORTED.
 */
umbra_status umbra_arena_begin(umbra_arena **arena, umbra_ring *ring);
void umbra_arena_end(umbra_ring *ring);
void umbra_arena_destroy(umbra_arena *arena, umbra_ring *ring);

/* See kernels.h, between begin and end of an arena; UNSUPPORTED if what was recorded cannot be. */
umbra_status umbra_ring_record(umbra_ring *ring, umbra_stream *stream);
umbra_status umbra_ring_record_end(umbra_ring *ring, umbra_stream *stream, umbra_graph **graph);
void umbra_ring_record_drop(umbra_ring *ring, umbra_stream *stream); /* ends it and keeps nothing */

/* The stream that this thread records; NULL: none. */
umbra_stream *umbra_ring_recording(umbra_ring *ring);

/* UNSUPPORTED, with the text that says why. */
umbra_status umbra_ring_fail_unrecordable(void);

void umbra_ring_replay(const umbra_ring *ring, umbra_stream *stream, const umbra_graph *graph);
void umbra_ring_graph_destroy(const umbra_ring *ring, umbra_graph *graph);

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

/* Limbs [first, first + count) of a view, counted through its runs. */
umbra_view umbra_view_limbs_of(const umbra_view *view, uint32_t n, uint32_t first, uint32_t count);

/* One polynomial of a view. */
umbra_view umbra_view_poly(const umbra_view *view, uint32_t poly);

/* Polynomials [first, first + count) of a view. */
umbra_view umbra_view_polys(const umbra_view *view, uint32_t first, uint32_t count);

/* A view with the limbs and polynomials of that one, packed at `data`. */
umbra_view umbra_view_packed_like(const umbra_view *view, uint32_t *data, uint32_t n);

/* Position of limb `limb` of a view. */
uint32_t umbra_view_position(const umbra_view *view, uint32_t limb);

/* Limbs that a blocked pass should take at once; and those of a pass whose operands should all stay in the
 * cache, no more than a block. */
uint32_t umbra_ring_block(const umbra_ring *ring);
uint32_t umbra_ring_strip(const umbra_ring *ring);

/* residues[i] = value * 2^shift mod the prime of limb i of the view. */
void umbra_ring_residues(const umbra_ring *ring, const umbra_view *view, int64_t value, uint32_t shift,
                         uint32_t *residues);

#endif
