/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks that may leave a device whose memory is short. When memory cannot be had, those that were used longest ago go
 * to host memory; each comes back when it is pinned, or ahead of that, beside other work, when it is prefetched. So
 * keys and plaintexts may be larger than the memory budget.
 *
 * Only what no longer changes may leave. On devices in host memory nothing does.
 */
#ifndef UMBRA_DEVICE_RESIDENCE_H
#define UMBRA_DEVICE_RESIDENCE_H

#include "session.h"

typedef struct umbra_residence umbra_residence;

/*
 * From now on the block of that many bytes at *place, which umbra_session_take gave, may leave unless it is pinned: then
 * *place is NULL. place must stay where it is. secret: what it passes through in host memory is wiped. *residence
 * becomes NULL if nothing leaves this device.
 */
umbra_status umbra_residence_begin(umbra_residence **residence, umbra_session *session, uint32_t **place, size_t bytes,
                                   int secret);

/* Ends it, wherever the block is; its copy in host memory is wiped. The block, if it is there, is the caller's again. */
void umbra_residence_end(umbra_residence *residence, umbra_session *session);

/* The block's pointer moves to another place, from the one that it had. */
void umbra_residence_relocate(umbra_residence *residence, umbra_session *session, uint32_t **place);

/*
 * A hint that the block will be pinned after what is enqueued next: if it is away, its upload runs beside that. To be
 * called when what is needed first is pinned. Nothing comes unless the memory limit has room for it beside what is
 * pinned, what was prefetched before, and as much working memory as there ever was: so nothing is sent away in vain.
 * Without effect where there is no limit, and while this thread records.
 */
void umbra_residence_prefetch(umbra_residence *residence, umbra_session *session);

/*
 * Brings the block back if it is away, and keeps it until it is unpinned: after its last use was enqueued. What a
 * recording pins stays until its arena is destroyed.
 */
umbra_status umbra_residence_pin(umbra_residence *residence, umbra_session *session, umbra_stream *stream);
void umbra_residence_unpin(umbra_residence *residence, umbra_session *session);

#endif
