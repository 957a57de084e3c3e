/* SPDX-License-Identifier: Apache-2.0 */
/* Progress of long calls, and bytes from and to wherever the application has them. */
#ifndef UMBRA_PROGRESS_H
#define UMBRA_PROGRESS_H

#include <stddef.h>
#include <umbra/export.h>

UMBRA_BEGIN_DECLS

/*
 * Called at once and then several times a second, from the calling thread, with the fraction done in [0, 1], which does
 * not go down within a call. Any result but 0 stops the work: the call returns UMBRA_ERROR_CANCELLED with its outputs
 * unchanged, on a CPU within a fraction of a second; what a GPU has queued runs to its end. It may not use the objects
 * that the call works with.
 */
typedef int (*umbra_progress_fn)(void *user, double fraction);

typedef struct umbra_progress {
  umbra_progress_fn report; /* NULL: nobody is interested */
  void *user;
} umbra_progress;

/*
 * Takes `size` bytes that follow those of the call before; or fills all of `bytes` with the `size` ones that follow. From
 * a few bytes to some hundred KiB at a time. Result: 0; below 0, the call returns UMBRA_ERROR_IO; above 0,
 * UMBRA_ERROR_CANCELLED.
 */
typedef int (*umbra_write_fn)(void *user, const void *bytes, size_t size);
typedef int (*umbra_read_fn)(void *user, void *bytes, size_t size);

UMBRA_END_DECLS

#endif
