/* SPDX-License-Identifier: Apache-2.0 */
/* Objects to containers and back: what the _save, _load, _write and _read of every kind have in common. */
#ifndef UMBRA_IO_FORMAT_H
#define UMBRA_IO_FORMAT_H

#include "reader.h"
#include "writer.h"

/* One kind of object. */
typedef struct umbra_format {
  umbra_kind kind;
  uint32_t apart; /* mask of the kinds (bit k: kind k) that must not be in the same folder */
  int secret;     /* mode 0600, never over an existing file */

  /* Identifies the object, then writes its sections. Called twice, as writer.h says. */
  umbra_status (*save)(umbra_writer *writer, const void *object);

  /* Reads the sections into a new *object, which is set as soon as it exists: a failure of any kind destroys it. */
  umbra_status (*load)(umbra_reader *reader, const void *argument, void **object);
  void (*destroy)(void *object);
} umbra_format;

umbra_status umbra_format_save(const umbra_format *format, const void *object, const char *path);

/* Whether an object of a format that is not secret can be saved there, as far as that can be known before. */
umbra_status umbra_format_try(const umbra_format *format, const char *path);

umbra_status umbra_format_write(const umbra_format *format, const void *object, void *buffer, size_t *size);

/* digest: of the parameters that the object must have, or NULL. *object is set on success only. */
umbra_status umbra_format_load(const umbra_format *format, void **object, const void *argument, const uint8_t *digest,
                               const char *path);
umbra_status umbra_format_read(const umbra_format *format, void **object, const void *argument, const uint8_t *digest,
                               const void *buffer, size_t size);

#endif
