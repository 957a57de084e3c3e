/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks on files and folders that a job writes, so that no second job writes them at the same time.
 *
 * The lock of FOLDER/NAME is the file FOLDER/.NAME.lock, held with flock(2): it ends with the process, however that ends,
 * and its file goes with the lock. What a killed process has left of it stands in nobody's way. Trainings lock their
 * checkpoint, and data sets their folder, by themselves (umbra/train.h); whoever writes several files that belong together
 * locks one name for all of them.
 */
#ifndef UMBRA_LOCK_H
#define UMBRA_LOCK_H

#include <umbra/status.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_lock umbra_lock;

/*
 * Takes the lock of a path, at which there need be nothing yet; its folder must exist. Nobody waits. Errors:
 * INVALID_ARGUMENT, BUSY (somebody has it, maybe this process), IO (also a file system without locks), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_lock_create(umbra_lock **lock, const char *path);

/* Gives it back; NULL: nothing happens. In a forked child the lock stays with the parent. */
UMBRA_API void umbra_lock_destroy(umbra_lock *lock);

UMBRA_END_DECLS

#endif
