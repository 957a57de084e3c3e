/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic.h"

#include <stdlib.h>

enum { FIRST_ROOM = 64 };

static umbra_status add(umbra_dry_spans *spans, umbra_dry_span span) {
  if (spans->count && spans->of[spans->count - 1].end == span.first) {
    spans->of[spans->count - 1].end = span.end;
    return UMBRA_OK;
  }
  if (spans->count == spans->room) {
    const size_t room = spans->room ? 2 * spans->room : FIRST_ROOM;
    umbra_dry_span *grown = realloc(spans->of, room * sizeof *grown);
    if (!grown) return UMBRA_ERROR_OUT_OF_MEMORY;
    spans->of = grown;
    spans->room = room;
  }
  spans->of[spans->count++] = span;
  return UMBRA_OK;
}

static umbra_status touch(umbra_dry_spans *spans, const void *data, size_t bytes) {
  return bytes ? add(spans, (umbra_dry_span){(uintptr_t)data, (uintptr_t)data + bytes}) : UMBRA_OK;
}

umbra_status umbra_dry_traffic_read(umbra_dry_traffic *traffic, const void *data, size_t bytes) {
  return touch(&traffic->read, data, bytes);
}

umbra_status umbra_dry_traffic_stream(umbra_dry_traffic *traffic, const void *data, size_t bytes) {
  return touch(&traffic->streamed, data, bytes);
}

umbra_status umbra_dry_traffic_write(umbra_dry_traffic *traffic, const void *data, size_t bytes) {
  return touch(&traffic->written, data, bytes);
}

static int by_first(const void *a, const void *b) {
  const umbra_dry_span *x = a, *y = b;
  return (x->first > y->first) - (x->first < y->first);
}

/* Sorted, and no two of them touch. */
static void settle(umbra_dry_spans *spans) {
  size_t kept = 0;
  if (!spans->count) return;
  qsort(spans->of, spans->count, sizeof *spans->of, by_first);
  for (size_t i = 1; i < spans->count; i++) {
    umbra_dry_span *last = &spans->of[kept];
    if (spans->of[i].first > last->end) spans->of[++kept] = spans->of[i];
    else if (spans->of[i].end > last->end) last->end = spans->of[i].end;
  }
  spans->count = kept + 1;
}

static uint64_t size_of(const umbra_dry_spans *spans) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < spans->count; i++) bytes += spans->of[i].end - spans->of[i].first;
  return bytes;
}

/* Bytes that both have. */
static uint64_t shared(const umbra_dry_spans *a, const umbra_dry_spans *b) {
  uint64_t bytes = 0;
  for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
    const umbra_dry_span x = a->of[i], y = b->of[j];
    const uintptr_t first = x.first > y.first ? x.first : y.first, end = x.end < y.end ? x.end : y.end;
    if (first < end) bytes += end - first;
    if (x.end < y.end) i++;
    else j++;
  }
  return bytes;
}

/* The next launch finds what this one touched, or nothing. */
static umbra_status keep(umbra_dry_traffic *traffic) {
  traffic->before.count = 0;
  for (size_t i = 0; i < traffic->read.count; i++)
    if (add(&traffic->before, traffic->read.of[i]) != UMBRA_OK) return UMBRA_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < traffic->written.count; i++)
    if (add(&traffic->before, traffic->written.of[i]) != UMBRA_OK) return UMBRA_ERROR_OUT_OF_MEMORY;
  settle(&traffic->before);
  if (size_of(&traffic->before) > UMBRA_CACHED_BYTES) traffic->before.count = 0;
  return UMBRA_OK;
}

/* Bytes that are not there already. */
static uint64_t moved(umbra_dry_spans *touched, const umbra_dry_spans *before) {
  settle(touched);
  return size_of(touched) - shared(touched, before);
}

/* The same, of spans by themselves: on a dry device keys lie above each other. */
static uint64_t moved_each(const umbra_dry_spans *touched, const umbra_dry_spans *before) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < touched->count; i++) {
    const umbra_dry_spans one = {.of = &touched->of[i], .count = 1};
    bytes += size_of(&one) - shared(&one, before);
  }
  return bytes;
}

umbra_status umbra_dry_traffic_launch(umbra_dry_traffic *traffic, uint64_t *bytes) {
  umbra_dry_spans *read = &traffic->read, *streamed = &traffic->streamed, *written = &traffic->written;
  *bytes = 0;
  if (!read->count && !streamed->count && !written->count) return UMBRA_OK;
  *bytes = moved(read, &traffic->before) + moved_each(streamed, &traffic->before) + moved(written, &traffic->before);
  const umbra_status status = keep(traffic);
  read->count = streamed->count = written->count = 0;
  return status;
}

void umbra_dry_traffic_clear(umbra_dry_traffic *traffic) {
  free(traffic->read.of);
  free(traffic->streamed.of);
  free(traffic->written.of);
  free(traffic->before.of);
  *traffic = (umbra_dry_traffic){0};
}
