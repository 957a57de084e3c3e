/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of what is read as a whole: a file or standard input, gunzipped, and the members of zip archives. */
#ifndef UMBRA_IO_INPUT_H
#define UMBRA_IO_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

/* A zero follows the last one. */
typedef struct umbra_bytes {
  uint8_t *at;
  size_t size;
} umbra_bytes;

/* They may be records or weights: they are overwritten. */
void umbra_bytes_clear(umbra_bytes *bytes);

/*
 * All of `path`, "-" being standard input; what begins as gzip is unpacked. most: uncompressed bytes. Errors: IO,
 * FORMAT (a damaged archive), RANGE (more bytes), OUT_OF_MEMORY; the text names the remedy.
 */
umbra_status umbra_input_read(umbra_bytes *bytes, const char *path, uint64_t most);

/* A member of a zip archive that is in memory, as NumPy writes them: stored or deflated. Errors: as above. */
typedef struct umbra_zip_member {
  const char *name; /* not ended by a zero */
  size_t name_length;
  uint32_t packed, unpacked, crc, offset;
  uint16_t method;
} umbra_zip_member;
umbra_status umbra_zip_list(umbra_zip_member **members, size_t *count, const umbra_bytes *archive, const char *path);
umbra_status umbra_zip_read(umbra_bytes *bytes, const umbra_zip_member *member, const umbra_bytes *archive,
                            const char *path, uint64_t most);

#endif
