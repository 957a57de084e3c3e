/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects to containers and back: what the _save, _load, _write, _read, _send and _receive of every kind have in common.
 * watch: may be NULL, as in reader.h.
 */
#ifndef UMBRA_IO_FORMAT_H
#define UMBRA_IO_FORMAT_H

#include "reader.h"
#include "writer.h"

/* One kind of object. */
typedef struct umbra_format {
  umbra_kind kind;
  uint32_t apart; /* mask of the kinds (bit k: kind k) that must not be in the same folder */
  int secret;     /* mode 0600, never over an existing file */
  int (*is_secret)(
      const void *object); /* whether this one is, of a format that is not; `apart` then is of these alone */

  /* Identifies the object, then writes its sections. Called twice, as writer.h says. */
  umbra_status (*save)(umbra_writer *writer, const void *object);

  /* Reads the sections into a new *object, which is set as soon as it exists: a failure of any kind destroys it. */
  umbra_status (*load)(umbra_reader *reader, const void *argument, void **object);
  void (*destroy)(void *object);
} umbra_format;

umbra_status umbra_format_save(const umbra_format *format, const void *object, const char *path, umbra_watch *watch);

/* digest: UMBRA_CONTAINER_DIGEST_BYTES, as in container.h: of what is saved (NULL: nobody asks), or written nowhere. */
umbra_status umbra_format_save_digest(const umbra_format *format, const void *object, const char *path, uint8_t *digest,
                                      umbra_watch *watch);
umbra_status umbra_format_digest(const umbra_format *format, const void *object, uint8_t *digest, umbra_watch *watch);

/* Whether an object of a format that knows no secrets can be saved there, as far as that can be known before. */
umbra_status umbra_format_try(const umbra_format *format, const char *path);

umbra_status umbra_format_write(const umbra_format *format, const void *object, void *buffer, size_t *size,
                                umbra_watch *watch);
umbra_status umbra_format_send(const umbra_format *format, const void *object, umbra_write_fn write, void *user,
                               umbra_watch *watch);

/* What is asked of an object that is loaded. */
typedef struct umbra_wanted {
  const void *argument;  /* for load */
  const uint8_t *digest; /* of the parameters that it must have, or NULL */
} umbra_wanted;

/* *object is set on success only. */
umbra_status umbra_format_load(const umbra_format *format, void **object, const umbra_wanted *wanted, const char *path,
                               umbra_watch *watch);
umbra_status umbra_format_read(const umbra_format *format, void **object, const umbra_wanted *wanted,
                               const void *buffer, size_t size, umbra_watch *watch);
umbra_status umbra_format_receive(const umbra_format *format, void **object, const umbra_wanted *wanted,
                                  umbra_read_fn read, void *user, uint64_t most, umbra_watch *watch);

#endif
