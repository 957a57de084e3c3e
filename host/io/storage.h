/* SPDX-License-Identifier: Apache-2.0 */
/* Files: opening, whole-or-absent replacement, and what else is in a folder. */
#ifndef UMBRA_IO_STORAGE_H
#define UMBRA_IO_STORAGE_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

/* Opens a regular file for reading and says how long it is. Errors: IO. */
umbra_status umbra_storage_open(int *file, uint64_t *bytes, const char *path);

/* Opens the folder that `path` is in. Errors: IO. */
umbra_status umbra_storage_open_folder(int *folder, const char *path);

/* Exactly `count` bytes. Errors: IO; FORMAT if the file ends before them. */
umbra_status umbra_storage_read(int file, void *bytes, size_t count, const char *path);

/* The same from a place in the file, which stays where it is for other reads. */
umbra_status umbra_storage_read_at(int file, void *bytes, size_t count, uint64_t offset, const char *path);

umbra_status umbra_storage_write(int file, const void *bytes, size_t count);

/*
 * Sends the bytes [first, end) of a file on their way to the disk, and waits until those before them are there, so that it
 * writes while the next ones are made. Errors: IO.
 */
umbra_status umbra_storage_push(int file, uint64_t first, uint64_t end);

/*
 * Calls write with a new file beside `path`, then makes it `path`: in one step, after its bytes have reached the disk,
 * and not at all if anything fails. A file that is replaced hands down its mode; anything else than a regular file, such
 * as a symbolic link, is refused (IO). secret: mode 0600, and an existing file is not replaced (EXISTS).
 */
typedef umbra_status (*umbra_storage_body)(int file, void *argument);
umbra_status umbra_storage_replace(const char *path, int secret, umbra_storage_body write, void *argument);

/* *found: whether there is something at `path`. Errors: IO, also for anything else than a regular file. */
umbra_status umbra_storage_look(int *found, const char *path);

/* Whether umbra_storage_replace can put a file there: makes a temporary one and removes it again. Errors: IO. */
umbra_status umbra_storage_try(const char *path);

/*
 * Looks through the folder that `path` is in. *found is 1 if it holds a container of one of the kinds in the mask
 * (bit k: kind k), whose name then is in `name`. Errors: IO.
 */
enum { UMBRA_STORAGE_NAME_BYTES = 256 };
umbra_status umbra_storage_find(int *found, char name[UMBRA_STORAGE_NAME_BYTES], const char *path, uint32_t kinds);

/*
 * Removes files that are in the folder of `path`: regular ones, if `unwanted` says so, which is given the name and the
 * kind of container (0: none, or not a whole header). Those that cannot be removed stay, and so do temporary files of
 * umbra_storage_replace that somebody is still writing.
 */
typedef int (*umbra_storage_filter)(const char *name, uint32_t kind, const void *argument);
void umbra_storage_sweep(const char *path, umbra_storage_filter unwanted, const void *argument);

/* Whether that is the name of a temporary file of umbra_storage_replace; *length becomes that of the name it was for. */
int umbra_storage_is_temporary(const char *name, size_t *length);

/* Removes what killed processes left of their attempts to replace `path`. */
void umbra_storage_sweep_temporaries(const char *path);

/* Removes a file, or a link to one, if there is one. Errors: IO, also for a folder. */
umbra_status umbra_storage_remove(const char *path);

/* Makes a folder unless there is one. Errors: IO. */
umbra_status umbra_storage_make_folder(const char *path);

#endif
