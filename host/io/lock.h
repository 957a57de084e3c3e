/* SPDX-License-Identifier: Apache-2.0 */
/* What umbra/lock.h says, and locks that several readers share. */
#ifndef UMBRA_IO_LOCK_H
#define UMBRA_IO_LOCK_H

#include <umbra/lock.h>

/*
 * The lock of what is only read: others may read, too, and nobody writes. Where no lock can be made because the folder
 * cannot be written, nobody like this process writes there either, and *lock stays NULL. Errors: as umbra_lock_create.
 */
umbra_status umbra_lock_share(umbra_lock **lock, const char *path);

/* The lock of what is written, or only read if its folder cannot be written: then *lock stays NULL. */
umbra_status umbra_lock_if_writable(umbra_lock **lock, const char *path);

#endif
