/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How calls are watched. Each public call that computes, and each stage worth a name, has one line at its beginning:
 *
 *   UMBRA_TRACE(evaluator, "mul", a);          a: its first input, which has a level, or NULL
 *   UMBRA_TRACE_IN(context, "encrypt", level);  for calls without an evaluator
 *
 * What follows in the block is the operation, however it is left. Objects may still be NULL there.
 */
#ifndef UMBRA_CKKS_TRACE_H
#define UMBRA_CKKS_TRACE_H

#include <umbra/trace.h>

#include "objects.h"

/* An operation under way. */
typedef struct umbra_span {
  const umbra_context *context; /* NULL: nobody watches */
  umbra_evaluator *evaluator;   /* or NULL */
  uint64_t first, last;         /* places in the evaluator's queue; 0: none */
  umbra_trace_event event;
} umbra_span;

void umbra_span_begin(umbra_span *span, const umbra_context *context, umbra_evaluator *evaluator, const char *name,
                      uint32_t level);
void umbra_span_end(umbra_span *span);

static inline void umbra_span_leave(umbra_span *span) {
  if (span->context) umbra_span_end(span);
}

/* Whether somebody watches; the context may be NULL. */
static inline int umbra_is_traced(const umbra_context *context) { return context && context->trace; }

#define UMBRA_TRACE_OF(where, by, name, level)                       \
  __attribute__((cleanup(umbra_span_leave))) umbra_span umbra_span_; \
  umbra_span_.context = NULL;                                        \
  if (umbra_is_traced(where)) umbra_span_begin(&umbra_span_, where, by, name, level)
#define UMBRA_TRACE(by, name, input) UMBRA_TRACE_OF((by) ? (by)->context : NULL, by, name, (input) ? (input)->level : 0)
#define UMBRA_TRACE_IN(where, name, level) UMBRA_TRACE_OF(where, NULL, name, level)

/* Tells of what the evaluator has done, which has been waited for. */
void umbra_spans_tell(umbra_evaluator *evaluator);

/* The same, waiting, before the evaluator goes. */
void umbra_spans_close(umbra_evaluator *evaluator);

/* A number for a new evaluator. */
uint64_t umbra_trace_number(void);

#endif
