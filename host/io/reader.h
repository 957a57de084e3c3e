/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a container from a file or from memory, section by section; it allocates nothing. */
#ifndef UMBRA_IO_READER_H
#define UMBRA_IO_READER_H

#include <sodium.h>
#include <stddef.h>
#include <umbra/status.h>

#include "container.h"

typedef struct umbra_reader {
  umbra_header header;
  const char *name;      /* of the source, for error texts */
  int file;              /* or -1: memory */
  const uint8_t *memory; /* what is left of it */
  uint64_t left;         /* bytes of the source not read yet */
  uint32_t section;      /* number of the open section, or of the next one */
  uint64_t section_left; /* bytes of the open section not read yet */
  crypto_generichash_state hash;
} umbra_reader;

/* Opens the source and validates its header. Errors: IO, FORMAT. After a success, close the reader. */
umbra_status umbra_reader_open_file(umbra_reader *reader, const char *path);
umbra_status umbra_reader_open_memory(umbra_reader *reader, const void *bytes, size_t count);
void umbra_reader_close(umbra_reader *reader); /* zeroises */

/* Checks what the container holds, and (unless digest is NULL) for which parameters. Errors: FORMAT, MISMATCH. */
umbra_status umbra_reader_expect(const umbra_reader *reader, umbra_kind kind, const uint8_t *digest);

/* FORMAT with that text and the name of the source. */
umbra_status umbra_reader_malformed(const umbra_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

/*
 * Opens the next section, which must have that type and length; then its bytes are known to be there. Read all of them,
 * then end the section, which compares the checksum.
 */
umbra_status umbra_read_begin(umbra_reader *reader, umbra_section type, uint64_t length);
umbra_status umbra_read_bytes(umbra_reader *reader, void *bytes, size_t count);
umbra_status umbra_read_end(umbra_reader *reader);

/* A whole section of that type and length. */
umbra_status umbra_read_record(umbra_reader *reader, umbra_section type, void *record, size_t bytes);

/* Reads past the next section, whatever it is, and compares its checksum. */
umbra_status umbra_read_skip(umbra_reader *reader);

/* Passes over the next section, of that type, without reading it: nobody knows whether it is whole. */
umbra_status umbra_read_pass(umbra_reader *reader, umbra_section type);

/* The container must end here. */
umbra_status umbra_read_finish(umbra_reader *reader);

#endif
