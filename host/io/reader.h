/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a container from a file, from memory or from a callback, section by section; it allocates nothing. */
#ifndef UMBRA_IO_READER_H
#define UMBRA_IO_READER_H

#include <sodium.h>
#include <stddef.h>
#include <umbra/progress.h>
#include <umbra/status.h>

#include "../base/watch.h"
#include "sum.h"

/* Where bytes come from. What comes from a callback comes in order; elsewhere any thread may fetch from any place. */
typedef struct umbra_source {
  const char *name; /* for error texts */
  umbra_status (*fetch)(const struct umbra_source *source, void *bytes, size_t count, uint64_t offset);
  int in_order;
  int file;              /* closed with the reader; or -1 */
  const uint8_t *memory; /* the first byte */
  umbra_read_fn read;
  void *user;
} umbra_source;

typedef struct umbra_reader {
  umbra_header header;
  umbra_source source;
  umbra_watch *watch;              /* set by whoever opened it; NULL: nobody watches */
  uint64_t left;                   /* bytes of the container not read yet, nor passed over */
  uint64_t done, wanted;           /* bytes that were read; that will have been, as far as is known */
  uint32_t section;                /* number of the open section, or of the next one */
  uint64_t section_left;           /* bytes of the open section not read yet */
  umbra_sum sum;                   /* of the open section */
  crypto_generichash_state digest; /* of the container, so far */
} umbra_reader;

/* Opens the source and validates its header. Errors: IO, FORMAT. After a success, close the reader. */
umbra_status umbra_reader_open_file(umbra_reader *reader, const char *path);
umbra_status umbra_reader_open_memory(umbra_reader *reader, const void *bytes, size_t count);

/* What the header says is all that is known of the length; RANGE if it is more than `most`. Nothing after it is read. */
umbra_status umbra_reader_open_callback(umbra_reader *reader, umbra_read_fn read, void *user, uint64_t most);
void umbra_reader_close(umbra_reader *reader); /* zeroises */

/*
 * The beginning of a container, header included, or more than the whole: all that the header claims counts as what there
 * is. Sections may be read only if `count` is at least header.bytes.
 */
umbra_status umbra_reader_open_beginning(umbra_reader *reader, const void *bytes, size_t count);

/* Checks what the container holds, and (unless digest is NULL) for which parameters. Errors: FORMAT, MISMATCH. */
umbra_status umbra_reader_expect(const umbra_reader *reader, umbra_kind kind, const uint8_t *digest);

/* FORMAT with that text and the name of the source. */
umbra_status umbra_reader_malformed(const umbra_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

/*
 * Opens the next section, which must have that type and length; then its bytes are known to be there, unless a callback
 * breaks its word. Read all of them, then end the section, which compares the checksum.
 */
umbra_status umbra_read_begin(umbra_reader *reader, umbra_section type, uint64_t length);

/* The same, of a section that may also be older: of another type, or of this one with another length. */
umbra_status umbra_read_begin_either(umbra_reader *reader, int *older, umbra_section type, uint64_t length,
                                     umbra_section older_type, uint64_t older_length);
umbra_status umbra_read_bytes(umbra_reader *reader, void *bytes, size_t count);
umbra_status umbra_read_end(umbra_reader *reader);

/* A whole section of that type and length. */
umbra_status umbra_read_record(umbra_reader *reader, umbra_section type, void *record, size_t bytes);

/* Reads past the next section, whatever it is, and compares its checksum. */
umbra_status umbra_read_skip(umbra_reader *reader);

/* A section that was passed over. */
typedef struct umbra_extent {
  umbra_section_head head;
  uint64_t at; /* of its payload, in the container */
  uint8_t checksum[UMBRA_CHECKSUM_BYTES];
} umbra_extent;

/* Passes over the next section, of that type and length, without reading it: nobody knows whether it is whole. */
umbra_status umbra_read_pass(umbra_reader *reader, umbra_section type, uint64_t length, umbra_extent *passed);

/* Bytes of such a section, from any thread, of a source that is not in order; whoever reads all compares the checksum. */
umbra_status umbra_read_at(const umbra_reader *reader, void *bytes, size_t count, uint64_t offset);
umbra_status umbra_read_compare(const umbra_reader *reader, const umbra_extent *passed,
                                const uint8_t checksum[UMBRA_CHECKSUM_BYTES]);

/* Opens such a section; `aside` is for it alone, and is not closed. */
void umbra_read_aside(umbra_reader *aside, const umbra_reader *reader, const umbra_extent *passed);

/* So many more bytes were read: reports, and says whether to go on. reader->wanted is set by whoever knows. */
umbra_status umbra_read_count(umbra_reader *reader, uint64_t bytes);

/*
 * Passes over all sections that are left, unread; those before it must all have been read. digest: of the container
 * (container.h), of which only what was read is known to be what it says.
 */
umbra_status umbra_read_digest(umbra_reader *reader, uint8_t digest[UMBRA_CONTAINER_DIGEST_BYTES]);

/* The container must end here. */
umbra_status umbra_read_finish(umbra_reader *reader);

#endif
