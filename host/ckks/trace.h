/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How calls are watched. Each public call that computes, and each stage worth a name, has one line at its beginning:
 *
 *   UMBRA_TRACE(evaluator, "mul", a);          a: its first input, which has a level, or NULL
 *   UMBRA_TRACE_OF(key, "encrypt", level);      for calls without an evaluator: an input that has a context
 *   UMBRA_TRACE_IN(context, "encode", level);   or that itself
 *
 * What follows in the block is the operation, however it is left. Objects may still be NULL there.
 */
#ifndef UMBRA_CKKS_TRACE_H
#define UMBRA_CKKS_TRACE_H

#include <umbra/trace.h>

#include "ciphertext_internal.h"
#include "context_internal.h"
#include "evaluator_internal.h"
#include "keys_internal.h"

/* An operation under way. */
typedef struct umbra_span {
  const umbra_context *context; /* NULL: nobody watches */
  umbra_evaluator *evaluator;   /* or NULL */
  umbra_evaluator *named;       /* its operation has this span's name meanwhile; or NULL */
  const char *outer;            /* what it was before */
  uint64_t first, last;         /* places in the evaluator's queue; 0: none */
  umbra_trace_event event;
} umbra_span;

void umbra_span_begin(umbra_span *span, const umbra_context *context, umbra_evaluator *evaluator, const char *name,
                      uint32_t level);
void umbra_span_end(umbra_span *span);

static inline void umbra_span_leave(umbra_span *span) {
  if (span->named) span->named->operation = span->outer;
  if (span->context) umbra_span_end(span);
}

/* For messages: also when nobody watches. */
static inline void umbra_span_name(umbra_span *span, umbra_evaluator *evaluator, const char *name) {
  if (!evaluator) return;
  span->named = evaluator;
  span->outer = evaluator->operation;
  evaluator->operation = name;
}

#define UMBRA_TRACE_IF(watched, where, by, name, level)              \
  __attribute__((cleanup(umbra_span_leave))) umbra_span umbra_span_; \
  umbra_span_.context = NULL;                                        \
  umbra_span_.named = NULL;                                          \
  if (watched) umbra_span_begin(&umbra_span_, where, by, name, level)
#define UMBRA_TRACE(by, name, input)                                                                   \
  UMBRA_TRACE_IF((by) && (by)->context->trace, (by)->context, by, name, (input) ? (input)->level : 0); \
  umbra_span_name(&umbra_span_, by, name)
#define UMBRA_TRACE_OF(object, name, level) \
  UMBRA_TRACE_IF((object) && (object)->context->trace, (object)->context, NULL, name, level)
#define UMBRA_TRACE_IN(where, name, level) UMBRA_TRACE_IF((where) && (where)->trace, where, NULL, name, level)

/* Tells of what the evaluator has done, which has been waited for. */
void umbra_spans_tell(umbra_evaluator *evaluator);

/* The same, waiting, before the evaluator goes. */
void umbra_spans_close(umbra_evaluator *evaluator);

/* A number for a new evaluator. */
uint64_t umbra_trace_number(void);

#endif
