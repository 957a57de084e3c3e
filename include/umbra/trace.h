/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching what a context computes: each call, and the stages of the longer ones, with level and time.
 *
 * A context that was created with a tracer tells it of every call that computes, loads or saves, when that has ended;
 * calls within calls come first. Nothing of it depends on secrets. Without a tracer a call costs one test more. On a GPU
 * the operations also have these names in the tools that read NVTX ranges, with a tracer or where a tool has started the
 * program.
 *
 * A digest is one of exact integers, by which two machines that compute the same can be compared without exchanging
 * ciphertexts: BLAKE2b-256 of, for each ciphertext of a result in its order, four little-endian words of 32 bits (parts,
 * level, first prime of the level's window in the chain, primes of the window), and all its residues as a file has them
 * (docs/file-format.md, RESIDUES). Backends, numbers of threads and devices make no difference; keys, encryption and
 * weights do.
 */
#ifndef UMBRA_TRACE_H
#define UMBRA_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include <umbra/export.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_trace_event {
  size_t struct_size;
  const char *name;   /* of the call, without umbra_, or of a stage; valid for ever */
  uint64_t evaluator; /* which one: numbered in this process, from 1; 0: none */
  uint32_t thread;    /* which one: numbered in this process, from 1 */
  uint32_t depth;     /* 0: called by the application; 1: within such a call, and so on */
  uint32_t level;     /* of its first input; 0: it has none */
  int timed;          /* whether device_seconds is known */
  double start;       /* seconds of the clock CLOCK_MONOTONIC when it was called */
  double seconds;     /* until it returned; on a GPU its work may just have been enqueued */
  /*
   * From where its work began in the device's queue to where it ended; on a CPU the same as `seconds`. Not known on a GPU
   * for calls without an evaluator, which return when their work is done.
   */
  double device_seconds;
  /*
   * Of the events "digest" only, which follow each layer of a network when an evaluator is asked for them
   * (umbra_evaluator_set_digests); level is that of the layer's result, refreshed if the plan says so.
   */
  uint32_t layer;     /* from 1; 0: of other events, and of a layer that failed */
  uint32_t record;    /* of a batch whose records are computed one by one, from 1; 0: all of it at once */
  uint8_t digest[32]; /* BLAKE2b-256 of the result, see above */
} umbra_trace_event;
#define UMBRA_TRACE_EVENT_INIT .struct_size = sizeof(umbra_trace_event)
UMBRA_API void umbra_trace_event_init(umbra_trace_event *event, size_t size);
#define umbra_trace_event_init(event) umbra_trace_event_init((event), sizeof *(event))

/*
 * Called by the thread that called the operation, so by several at a time if the context is used by several. On a GPU an
 * evaluator keeps its events until it is waited for or destroyed, or until some thousands are there, for which it then
 * waits. The function may not use the evaluator. A run of a recorded circuit is one event.
 */
typedef struct umbra_tracer {
  void (*event)(void *user, const umbra_trace_event *event); /* NULL: nobody is told */
  void *user;
} umbra_tracer;

/*
 * Digests, one after the other, as a chain: link = BLAKE2b-256 of the 64 bytes (link before, digest). Whoever was given a
 * link can have all digests up to it checked, and none of them can be changed, left out, put in or moved without it. Of
 * layers the first link follows 32 zeros; of a training see umbra/audit.h.
 */
UMBRA_API void umbra_link_digest(uint8_t link[32], const uint8_t digest[32]);

UMBRA_END_DECLS

#endif
