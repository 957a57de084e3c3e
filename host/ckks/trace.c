/* SPDX-License-Identifier: Apache-2.0 */
/* Device time is known when the device has been waited for; until then the evaluator keeps what it has to tell. */
#include "trace.h"

#include <stdatomic.h>

#include "../base/arrays.h"
#include "../base/clock.h"
#include "../base/memory.h"

enum { MOST_KEPT = 8192 };

static _Thread_local uint32_t depth, thread_number;

static uint32_t number_of_thread(void) {
  static atomic_uint threads;
  if (!thread_number) thread_number = atomic_fetch_add(&threads, 1) + 1;
  return thread_number;
}

uint64_t umbra_trace_number(void) {
  static atomic_ullong evaluators;
  return atomic_fetch_add(&evaluators, 1) + 1;
}

/* ---- telling ---- */

static void tell(const umbra_span *span) {
  const umbra_tracer *tracer = span->context->trace;
  tracer->event(tracer->user, &span->event);
}

/* Seconds between the span's places, which are given back. */
static double seconds_on_device(const umbra_span *span) {
  const umbra_session *session = umbra_ring_session(span->context->ring);
  return umbra_session_between(session, span->evaluator->stream, span->first, span->last ? span->last : span->first);
}

void umbra_spans_tell(umbra_evaluator *evaluator) {
  umbra_spans *spans = &evaluator->spans;
  for (size_t i = 0; i < spans->count; i++) {
    spans->span[i].event.device_seconds = seconds_on_device(&spans->span[i]);
    tell(&spans->span[i]);
  }
  spans->count = 0;
}

/* Outside of calls: failures stay with the device, and a request to stop is for the next call. */
static void wait_and_tell(umbra_evaluator *evaluator) {
  if (!evaluator->spans.count) return;
  (void)umbra_ring_kernels(evaluator->context->ring)->stream.wait(evaluator->stream);
  umbra_spans_tell(evaluator);
}

void umbra_spans_close(umbra_evaluator *evaluator) {
  wait_and_tell(evaluator);
  umbra_free(evaluator->spans.span);
}

/* False if there is no memory for it. */
static int keep(umbra_spans *spans, const umbra_span *span) {
  if (umbra_make_room(&spans->span, &spans->room, spans->count, sizeof *spans->span, "a trace") != UMBRA_OK) return 0;
  spans->span[spans->count++] = *span;
  return 1;
}

/* Of a device whose work goes on it is told later. */
static void tell_or_keep(umbra_span *span) {
  const umbra_ring *ring = span->context->ring;
  if (umbra_ring_kernels(ring)->host_memory) {
    span->event.device_seconds = span->event.seconds;
    span->event.timed = 1;
  } else if (span->first) {
    span->last = umbra_session_mark(umbra_ring_session(ring), span->evaluator->stream);
    span->event.timed = span->last != 0;
    if (keep(&span->evaluator->spans, span)) return;
    span->event.timed = 0;
    (void)seconds_on_device(span);
  }
  tell(span);
}

/* ---- spans ---- */

/* What is recorded takes place when it is replayed. */
void umbra_span_begin(umbra_span *span, const umbra_context *context, umbra_evaluator *evaluator, const char *name,
                      uint32_t level) {
  umbra_ring *ring = context->ring;
  if (umbra_ring_recording(ring)) return;
  *span = (umbra_span){.context = context, .evaluator = evaluator};
  span->event = (umbra_trace_event){
      UMBRA_TRACE_EVENT_INIT,       .name = name,     .evaluator = evaluator ? evaluator->number : 0,
      .thread = number_of_thread(), .depth = depth++, .level = level};
  umbra_session_name_begin(umbra_ring_session(ring), name);
  if (context->trace->event && evaluator) span->first = umbra_session_mark(umbra_ring_session(ring), evaluator->stream);
  span->event.start = umbra_seconds();
}

void umbra_span_end(umbra_span *span) {
  umbra_evaluator *evaluator = span->evaluator;
  depth--;
  span->event.seconds = umbra_seconds() - span->event.start;
  umbra_session_name_end(umbra_ring_session(span->context->ring));
  if (!span->context->trace->event) return;
  tell_or_keep(span);
  if (!depth && evaluator && evaluator->spans.count >= MOST_KEPT) wait_and_tell(evaluator);
}
