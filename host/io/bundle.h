/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a manifest is of, as they are: those of a folder, or one. */
#ifndef UMBRA_IO_BUNDLE_H
#define UMBRA_IO_BUNDLE_H

#include <limits.h>
#include <umbra/manifest.h>

#include "../base/watch.h"

enum { UMBRA_BUNDLE_NAME = 256 };

typedef struct umbra_bundle {
  const char *path;
  int folder; /* open; closed with the bundle */
  int is_folder;
  char manifest[PATH_MAX]; /* of the manifest, whether or not there is one */
  char **name;             /* sorted by bytes */
  size_t count, room;
} umbra_bundle;

/* The names in a folder but its manifest, locks and marks of retired keys, or one file's. Errors: IO, OUT_OF_MEMORY. */
umbra_status umbra_bundle_open(umbra_bundle *bundle, const char *path);
void umbra_bundle_close(umbra_bundle *bundle);

/* Whether a manifest can have a file of that name. */
int umbra_bundle_is_name(const char *name);

/* What a file is, by its bytes: kind and owner by its header, 0 if it has none of Umbra's. */
typedef struct umbra_bundle_file {
  uint64_t bytes;
  uint32_t kind;
  uint8_t owner[UMBRA_FILE_OWNER_BYTES], digest[UMBRA_FILE_DIGEST_BYTES];
} umbra_bundle_file;

/* Of its file i. *done counts bytes, of `all`, for the watch. Errors: IO, CANCELLED. */
umbra_status umbra_bundle_measure(umbra_bundle_file *file, const umbra_bundle *bundle, size_t i, uint64_t *done,
                                  uint64_t all, umbra_watch *watch);

/* Bytes of its file i, as the system says. Errors: IO, also for anything else than a regular file. */
umbra_status umbra_bundle_length(uint64_t *bytes, const umbra_bundle *bundle, size_t i);

#endif
