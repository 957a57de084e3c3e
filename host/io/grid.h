/* SPDX-License-Identifier: Apache-2.0 */
/* A table as its file has it: columns of numbers, of texts, or of both, with missing values. */
#ifndef UMBRA_IO_GRID_H
#define UMBRA_IO_GRID_H

#include <umbra/schema.h>

#include "input.h"
#include "texts.h"

/* Whether the numbers of a column are texts, too, as somebody says. */
typedef enum umbra_as_text { UMBRA_TEXT_NOT, UMBRA_TEXT_SAID } umbra_as_text;

typedef struct umbra_grid_column {
  umbra_span name;   /* at NULL: it has none */
  umbra_texts texts; /* all that are no numbers */
  umbra_as_text as_text;
  int has_dashes;                                   /* "-" is a text, and no missing value */
  size_t numbers, missing, words;                   /* cells; words are those in texts */
  size_t first_missing, first_word, first_infinite; /* rows; the last is `rows` if there is none */
} umbra_grid_column;

/* Zero-initialise; clear with umbra_grid_clear. */
typedef struct umbra_grid {
  const char *path;
  size_t rows, columns;
  double *values; /* in row order; NaN: missing; a word: its number among the column's texts */
  umbra_grid_column *column;
  size_t *lines;      /* of the rows, from 1; NULL: an array, which has none */
  int named;          /* there is a header */
  int numbered;       /* whose names are all numbers, not in quotes: numbers mean places, however it was found */
  umbra_bytes memory; /* that texts are parts of */
  char *names;        /* that names are */
} umbra_grid;

umbra_status umbra_grid_make(umbra_grid *grid, size_t rows, size_t columns);
void umbra_grid_clear(umbra_grid *grid);

/*
 * Delimited text; bytes are taken over, whatever the status. path stays the caller's. schema: NULL, or says which
 * columns are texts.
 */
umbra_status umbra_grid_from_text(umbra_grid *grid, umbra_bytes *bytes, const char *path,
                                  const umbra_table_options *options, const umbra_schema *schema);

/* Any kind of file, by its name or, from standard input, by its first bytes. */
umbra_status umbra_grid_read(umbra_grid *grid, const char *path, const umbra_table_options *options,
                             const umbra_schema *schema);

/* Whether the name is that of delimited text, which may be packed. */
int umbra_path_is_text(const char *path);

/* "line 7, column 2 (dose)": where a cell is, for texts. */
enum { UMBRA_PLACE_BYTES = 256 };
const char *umbra_grid_place(char text[UMBRA_PLACE_BYTES], const umbra_grid *grid, size_t row, size_t column);

/* Column numbers from 0 of a list of names, numbers from 1 or from the end (-1), and ranges such as 2-5. */
umbra_status umbra_grid_select(size_t **columns, size_t *count, const umbra_grid *grid, const char *list,
                               const char *option);
/* The one column that is meant. */
umbra_status umbra_grid_find(size_t *column, const umbra_grid *grid, const char *text);

/* Whether the column's first row is its only word: it may belong to the header. */
int umbra_grid_begins_with_word(const umbra_grid_column *column);

/* Says something about what was read. */
__attribute__((format(printf, 2, 3))) void umbra_table_tell(const umbra_table_options *options, const char *format,
                                                            ...);

#endif
