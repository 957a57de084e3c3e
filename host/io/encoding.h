/* SPDX-License-Identifier: Apache-2.0 */
/* Text in whatever characters it was saved, as UTF-8. */
#ifndef UMBRA_IO_ENCODING_H
#define UMBRA_IO_ENCODING_H

#include "input.h"

/*
 * Bytes become UTF-8 without a byte order mark: UTF-8 itself; UTF-16 with a mark or, in either order, where every other
 * byte is zero; anything else is Latin-1, in which 0x80 to 0x9f are the characters of Windows-1252, and *latin1_line is
 * the first line that is no UTF-8, else 0. The memory may be replaced. Line ends and end-of-file characters (0x1a) at
 * the end are left out. Errors: FORMAT (UTF-32, UTF-16 that is not whole, other bytes behind UTF-8's mark),
 * OUT_OF_MEMORY.
 */
umbra_status umbra_text_to_utf8(umbra_bytes *bytes, size_t *latin1_line, const char *path);

#endif
