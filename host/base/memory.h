/* SPDX-License-Identifier: Apache-2.0 */
/* Host allocation: zeroed, overflow-checked, with a hook that lets tests make the n-th allocation fail. */
#ifndef UMBRA_BASE_MEMORY_H
#define UMBRA_BASE_MEMORY_H

#include <stddef.h>
#include <umbra/status.h>

/* count * size zeroed bytes, or OUT_OF_MEMORY with a text that names `what`. *memory is unchanged on failure. */
umbra_status umbra_alloc(void *memory, size_t count, size_t size, const char *what);
void umbra_free(void *memory);

/* Memory that held secrets, or values that with their ciphertext would tell the key. NULL: nothing. */
void umbra_wipe_and_free(void *memory, size_t bytes);

/* Test hook: the allocation after `countdown` successful ones fails, in this thread; negative: none fails. */
void umbra_alloc_fail_after(long countdown);

/* True when the calling allocation must fail (used by every allocator of the library). */
int umbra_alloc_must_fail(void);

#endif
