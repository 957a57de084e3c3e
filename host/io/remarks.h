/* SPDX-License-Identifier: Apache-2.0 */
/* Comments before a table of text: a mark such as "# umbra plan ", and what it says, on a line of its own. */
#ifndef UMBRA_IO_REMARKS_H
#define UMBRA_IO_REMARKS_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

umbra_status umbra_remark_write(int file, const char *mark, const char *text);
umbra_status umbra_remark_write_bytes(int file, const char *mark, const uint8_t *bytes, size_t count); /* as digits */

/* What follows the mark, NULL: the line has another one; and the same as bytes. Errors: FORMAT (not so many). */
const char *umbra_remark_text(const char *line, const char *mark);
umbra_status umbra_remark_bytes(uint8_t *bytes, size_t count, const char *text);

/*
 * Calls `take` with each comment before the table; blank lines may be among them. A file that is no delimited text has
 * none. Errors: those of reading; FORMAT (no UTF-8); those of `take`, with the path behind.
 */
typedef umbra_status umbra_remark_taker(void *user, const char *line);
umbra_status umbra_remarks_read(const char *path, umbra_remark_taker *take, void *user);

/* Whether a path ends in .csv, which keeps comments, in letters of either case. */
int umbra_path_keeps_remarks(const char *path);

#endif
