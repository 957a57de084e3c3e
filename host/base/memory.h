/* SPDX-License-Identifier: Apache-2.0 */
/* Host allocation: zeroed, overflow-checked, with a hook that lets tests make the n-th allocation fail. */
#ifndef UMBRA_BASE_MEMORY_H
#define UMBRA_BASE_MEMORY_H

#include <stddef.h>
#include <umbra/status.h>

/* count * size zeroed bytes, or OUT_OF_MEMORY with a text that names `what`. *memory is unchanged on failure. */
umbra_status umbra_alloc(void *memory, size_t count, size_t size, const char *what);
void umbra_free(void *memory);

/* Room for one more in an array of `count` elements, twice as much when there is none: the array may move. */
umbra_status umbra_make_room(void *array, size_t *room, size_t count, size_t size, const char *what);

/* The same elements at an address of their own, or OUT_OF_MEMORY. from: NULL: *copy stays what it is. */
umbra_status umbra_copy_bytes(void *copy, const void *from, size_t count, size_t size);

/* Test hook: the allocation after `countdown` successful ones fails, in this thread; negative: none fails. */
void umbra_alloc_fail_after(long countdown);

/* True when the calling allocation must fail (used by every allocator of the library). */
int umbra_alloc_must_fail(void);

#endif
