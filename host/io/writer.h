/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a container to a file, to memory or to a callback, section by section; or nowhere, to learn its size. It is
 * written in two passes of the same calls: the first counts, so that the header of the second can say how long the whole
 * is.
 */
#ifndef UMBRA_IO_WRITER_H
#define UMBRA_IO_WRITER_H

#include <sodium.h>
#include <stddef.h>
#include <umbra/progress.h>
#include <umbra/status.h>

#include "../base/watch.h"
#include "sum.h"

/* Where bytes go. */
typedef struct umbra_sink {
  umbra_status (*store)(struct umbra_sink *sink, const void *bytes, size_t count);
  int file;
  uint64_t written, pushed; /* bytes in it; those that are on their way to the disk, or there */
  uint8_t *memory;          /* where the next byte goes */
  umbra_write_fn write;
  void *user;
} umbra_sink;

umbra_sink umbra_sink_to_file(int file);
umbra_sink umbra_sink_to_memory(void *memory);
umbra_sink umbra_sink_to_callback(umbra_write_fn write, void *user);

typedef struct umbra_writer {
  umbra_header header; /* its sections and bytes grow while counting */
  int counting;
  umbra_sink sink;
  umbra_watch *watch;              /* NULL: nobody watches */
  uint64_t written;                /* bytes */
  uint32_t section;                /* number of the open section, or of the next one */
  uint64_t section_left;           /* bytes of the open section not written yet */
  umbra_sum sum;                   /* of the open section */
  crypto_generichash_state digest; /* of the container, so far: final after its last section (container.h) */
} umbra_writer;

/* Starts the counting pass. */
void umbra_writer_count(umbra_writer *writer, umbra_kind kind);

/* The version, where it is not UMBRA_CONTAINER_VERSION. In the counting pass, as what follows. */
void umbra_writer_set_version(umbra_writer *writer, uint32_t version);

/* Who the object belongs to; owner may be NULL. Say it in the counting pass: the header is written next. */
void umbra_writer_identify(umbra_writer *writer, const uint8_t *digest, const uint8_t *owner, uint32_t flags);

/* Ends the counting pass and writes the header. watch: may be NULL. */
umbra_status umbra_writer_start(umbra_writer *writer, const umbra_sink *sink, umbra_watch *watch);

/* Sections, as in reader.h. While counting, umbra_write_begin is enough. */
umbra_status umbra_write_begin(umbra_writer *writer, umbra_section type, uint64_t length);
umbra_status umbra_write_bytes(umbra_writer *writer, const void *bytes, size_t count);
umbra_status umbra_write_end(umbra_writer *writer);

/* Bytes of a section whose sums (sum.h) somebody else has made, who then ends it. */
umbra_status umbra_write_summed(umbra_writer *writer, const void *bytes, size_t count);
umbra_status umbra_write_end_summed(umbra_writer *writer, const umbra_piece_sum *sum);

/* A whole section. */
umbra_status umbra_write_record(umbra_writer *writer, umbra_section type, const void *record, size_t bytes);

#endif
