/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays on the heap: they grow, and are copied. */
#ifndef UMBRA_BASE_ARRAYS_H
#define UMBRA_BASE_ARRAYS_H

#include <stddef.h>
#include <umbra/status.h>

/* Room for one more in an array of `count` elements, twice as much when there is none: the array may move. */
umbra_status umbra_make_room(void *array, size_t *room, size_t count, size_t size, const char *what);

/* The same elements at an address of their own, or OUT_OF_MEMORY. from: NULL: *copy stays what it is. */
umbra_status umbra_copy_bytes(void *copy, const void *from, size_t count, size_t size);

#endif
