/* SPDX-License-Identifier: Apache-2.0 */
/* Records of delimited text (RFC 4180 and its relatives), one after the other. */
#ifndef UMBRA_IO_DELIMITED_H
#define UMBRA_IO_DELIMITED_H

#include <umbra/status.h>

#include "cell.h"

/* Of a table of text: a field takes many times the memory of its one byte, and files come packed. */
enum { UMBRA_COLUMNS_MOST = 1 << 20 };

typedef struct umbra_field {
  umbra_span text; /* without quotes and the blanks around; doubled quotes are still doubled */
  int quoted, doubled;
} umbra_field;

/*
 * Reads records. Lines end in LF, CR LF or CR, and within quotes go on; those that begin with '#', but for #N/A and its
 * like, and records without any value, are left out, and counted. Initialise at, end, path, separator and next_line (1); clear with
 * umbra_delimited_clear.
 */
typedef struct umbra_delimited {
  const char *at, *end, *path;
  char separator; /* ' ': runs of blanks and tabs */
  size_t next_line;

  size_t line; /* of the record, from 1 */
  umbra_field *field;
  size_t count, room;
  size_t comments; /* lines so far */
  size_t empties;  /* records of separators alone so far */
} umbra_delimited;

/* *more: 0 after the last record. Errors: FORMAT (with line and column), RANGE (too many fields), OUT_OF_MEMORY. */
umbra_status umbra_delimited_next(umbra_delimited *text, int *more);
void umbra_delimited_clear(umbra_delimited *text);

/* The text of a field without its doubled quotes: in place, once, since it is part of a memory that may be written. */
umbra_span umbra_field_plain(const umbra_field *field);

/* The separator by which the first records look most like a table: ',', ';', a tab, '|' or blanks. */
umbra_status umbra_delimited_detect(char *separator, const umbra_delimited *text);

#endif
