/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory: blocks are kept for reuse, so that a steady computation allocates nothing. */
#ifndef UMBRA_DEVICE_MEMORY_H
#define UMBRA_DEVICE_MEMORY_H

#include "session.h"

/* A block for as long as it is needed; counted, and held to the limit. `what` it is for is named in errors. */
umbra_status umbra_session_take(umbra_session *session, void **memory, size_t bytes, const char *what);
void umbra_session_give(umbra_session *session, void *memory, size_t bytes);

uint64_t umbra_session_memory(umbra_session *session); /* bytes taken and not given back */

enum { UMBRA_LARGE_BLOCK = 1 << 21 }; /* bytes: from here on the system has to make pages, and to clear them */

typedef struct umbra_memory_accounts {
  uint64_t most_taken;  /* bytes at once, since the session was made, or its accounts were begun */
  uint64_t resident;    /* bytes now, of the blocks that may leave and have not */
  uint64_t held;        /* bytes now, with blocks that are kept for reuse */
  uint64_t asked;       /* blocks that came from the device, as none was kept for reuse; since then, too */
  uint64_t asked_large; /* of these, of UMBRA_LARGE_BLOCK bytes or more */
} umbra_memory_accounts;

void umbra_memory_accounts_read(umbra_memory_accounts *accounts, umbra_session *session);
void umbra_memory_accounts_begin(umbra_session *session);

/* Memory, or a conversion's constants, of what stays as long as the session: not counted. */
umbra_status umbra_session_allocate(umbra_session *session, void **memory, size_t bytes, const char *what);
void umbra_session_release(umbra_session *session, void *memory, size_t bytes);
umbra_status umbra_session_conversion(umbra_conversion **conversion, umbra_session *session,
                                      const umbra_conversion_desc *desc);

#endif
