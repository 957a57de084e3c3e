/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a container to a file or to memory, section by section; or nowhere, to learn its size. A container is written
 * in two passes of the same calls: the first counts, so that the header of the second can say how long the whole is.
 */
#ifndef UMBRA_IO_WRITER_H
#define UMBRA_IO_WRITER_H

#include <sodium.h>
#include <stddef.h>
#include <umbra/status.h>

#include "container.h"

typedef struct umbra_writer {
  umbra_header header; /* its sections and bytes grow while counting */
  int counting;
  int file;              /* or -1: memory */
  uint8_t *memory;       /* where the next byte goes */
  uint32_t section;      /* number of the open section, or of the next one */
  uint64_t section_left; /* bytes of the open section not written yet */
  crypto_generichash_state hash;
} umbra_writer;

/* Starts the counting pass. */
void umbra_writer_count(umbra_writer *writer, umbra_kind kind);

/* Who the object belongs to; owner may be NULL. Say it in the counting pass: the header is written next. */
void umbra_writer_identify(umbra_writer *writer, const uint8_t *digest, const uint8_t *owner, uint32_t flags);

/* Ends the counting pass and writes the header to its place: a file, or (file = -1) memory. */
umbra_status umbra_writer_start(umbra_writer *writer, int file, void *memory);

/* Sections, as in reader.h. While counting, umbra_write_begin is enough. */
umbra_status umbra_write_begin(umbra_writer *writer, umbra_section type, uint64_t length);
umbra_status umbra_write_bytes(umbra_writer *writer, const void *bytes, size_t count);
umbra_status umbra_write_end(umbra_writer *writer);
umbra_status umbra_write_record(umbra_writer *writer, umbra_section type, const void *record, size_t bytes);

#endif
