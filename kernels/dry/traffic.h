/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes between a GPU's memory and its cache, by a rule that needs no model of one (docs/performance.md): what a launch reads
 * and what it writes counts once each, but for what the launch before touched, if all that this one touched fits
 * UMBRA_CACHED_BYTES. What is streamed is read once, and no launch finds it again: it does not count there.
 */
#ifndef UMBRA_KERNELS_DRY_TRAFFIC_H
#define UMBRA_KERNELS_DRY_TRAFFIC_H

#include "../kernels.h"

/* Addresses [first, end). */
typedef struct umbra_dry_span {
  uintptr_t first, end;
} umbra_dry_span;

/* Any number of them; sorted and apart once they are settled. */
typedef struct umbra_dry_spans {
  umbra_dry_span *of;
  size_t count, room;
} umbra_dry_spans;

typedef struct umbra_dry_traffic {
  umbra_dry_spans read, streamed, written, before; /* before: what the last launch touched and may find again */
} umbra_dry_traffic;

/* The next launch reads, streams or writes so many bytes from there on. OUT_OF_MEMORY: they are not counted. */
umbra_status umbra_dry_traffic_read(umbra_dry_traffic *traffic, const void *data, size_t bytes);
umbra_status umbra_dry_traffic_stream(umbra_dry_traffic *traffic, const void *data, size_t bytes);
umbra_status umbra_dry_traffic_write(umbra_dry_traffic *traffic, const void *data, size_t bytes);

/* That was all of it; its bytes. One that touched nothing was none. */
umbra_status umbra_dry_traffic_launch(umbra_dry_traffic *traffic, uint64_t *bytes);

void umbra_dry_traffic_clear(umbra_dry_traffic *traffic); /* and gives its memory back */

#endif
