/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Polynomials that may leave a device whose memory is short. When memory cannot be had, those that were used longest ago
 * go to host memory; each comes back when it is pinned, or ahead of that, beside other work, when it is prefetched. So
 * keys and plaintexts may be larger than the memory budget.
 *
 * Only what no longer changes may leave. On devices in host memory nothing does.
 */
#ifndef UMBRA_RING_RESIDENCE_H
#define UMBRA_RING_RESIDENCE_H

#include "ring.h"

/* From now on poly, which must stay at its address, may leave unless it is pinned. */
umbra_status umbra_poly_may_leave(umbra_poly *poly, umbra_ring *ring);

/*
 * A hint that poly will be pinned after what is enqueued next: if it is away, its upload runs beside that. To be called
 * when what is needed first is pinned. Nothing comes unless the memory limit has room for it beside what is pinned,
 * what was prefetched before, and as much working memory as there ever was: so nothing is sent away in vain. Without
 * effect where there is no limit, while this thread records, and on polynomials that may not leave.
 */
void umbra_poly_prefetch(const umbra_poly *poly, umbra_ring *ring);

/*
 * Brings poly back if it is away, and keeps it until it is unpinned: after its last use was enqueued. What a recording
 * pins stays until its arena is destroyed. Without effect on polynomials that may not leave.
 */
umbra_status umbra_poly_pin(const umbra_poly *poly, umbra_ring *ring, umbra_stream *stream);
void umbra_poly_unpin(const umbra_poly *poly, umbra_ring *ring);

/* *to takes over what *from is, which is zeroed: a polynomial that may leave gets another address. */
void umbra_poly_relocate(umbra_poly *to, umbra_poly *from, umbra_ring *ring);

/* Ends it, wherever poly is; its copy in host memory is wiped. For umbra_poly_destroy and its like. */
void umbra_poly_forget(umbra_poly *poly, umbra_ring *ring);

#endif
