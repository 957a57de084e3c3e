/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a context holds. In all handles of this layer a pointer that is not const is a share of its own, and is released
 * with the object. Constructors check nothing: the public calls do.
 */
#ifndef UMBRA_CKKS_CONTEXT_INTERNAL_H
#define UMBRA_CKKS_CONTEXT_INTERNAL_H

#include <threads.h>

#include <umbra/context.h>

#include "../base/counted.h"
#include "../ring/ring.h"

typedef struct umbra_dry umbra_dry;             /* see dry.h */
typedef struct umbra_stand_ins umbra_stand_ins; /* see stand_ins.h */

struct umbra_context {
  umbra_counted counted;
  umbra_ring *ring;
  uint32_t *slot_at;          /* n/2 entries: the slot at every index of the transform; see encoder.h */
  mtx_t lock;                 /* of home */
  umbra_context *home;        /* see umbra_context_home; NULL until it is needed */
  umbra_stand_ins *stand_ins; /* NULL: the device is a real one, and keys are */
  umbra_dry *dry;             /* NULL: there are values; see dry.h */
  int secrets_on_device;
  int bulk_decode;
  umbra_tracer tracer;
  const umbra_tracer *trace; /* that one, or NULL: nobody watches */
  char fallback[512];        /* see umbra_context_fallback */
};

/*
 * The context in which to compute with secrets: a CPU's of the same parameters, so that a secret key never reaches
 * another device, unless that was asked for. Made on first use.
 */
umbra_status umbra_context_home(const umbra_context **home, const umbra_context *context);

/* Moves an object's polynomial to another context of the same parameters, which the object then holds. */
umbra_status umbra_move_to_context(umbra_poly *poly, umbra_context **context, const umbra_context *to);

static inline const umbra_chain *umbra_context_chain(const umbra_context *context) {
  return umbra_ring_chain(context->ring);
}

/*
 * Ends the stream of one call outside an evaluator: waits for it and closes it. Returns the first failure, of `status`
 * and of it.
 */
umbra_status umbra_stream_close(umbra_stream *stream, const umbra_context *context, umbra_status status);

/* The backend that a name means, as in umbra_context_desc, and the number after the colon of "cuda:1". UNSUPPORTED. */
umbra_status umbra_device_find(const umbra_kernels **kernels, uint32_t *ordinal, const char *device);

#endif
