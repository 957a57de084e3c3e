/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of numbers in files: delimited text and NumPy's arrays. */
#ifndef UMBRA_TABLE_H
#define UMBRA_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <umbra/status.h>

UMBRA_BEGIN_DECLS

/* rows x columns values in row order. Initialised with {0}; umbra_table_clear frees the values. */
typedef struct umbra_table {
  size_t rows, columns;
  double *values;
} umbra_table;

/* What becomes of a record with a missing value. */
typedef enum umbra_missing_rule {
  UMBRA_MISSING_REFUSE = 0,  /* an error says where it is */
  UMBRA_MISSING_DROP = 1,    /* the record is left out */
  UMBRA_MISSING_MEAN = 2,    /* the column's mean instead; a missing text is a category of its own */
  UMBRA_MISSING_MEDIAN = 3,  /* the same with its median */
  UMBRA_MISSING_CATEGORY = 4 /* the median, and a column more of 0 and 1 that says where; of texts as before */
} umbra_missing_rule;

/* Told what was noticed while a table was read, such as a column that was left out: one sentence without its full stop. */
typedef void (*umbra_note_fn)(void *user, const char *text);

/* There is none; it is found, but numbers alone are none. */
enum { UMBRA_HEADER_NONE = -1, UMBRA_HEADER_OF_WORDS = -2 };

/*
 * How to read. Messages name these members as options of the program do: --skip is skip. NULL where one is expected
 * means the defaults, with which everything is found from the file itself.
 */
typedef struct umbra_table_options {
  size_t struct_size;
  uint64_t read_limit; /* most uncompressed bytes of delimited text and packed files; 0: 4 GiB */
  uint32_t skip;       /* lines before the table */
  int32_t header;      /* its lines, of which the first has the names; 0: found; or UMBRA_HEADER_... */
  char separator;      /* of fields: ',', ';', '\t', '|', or ' ' for runs of blanks; 0: found */
  char decimal;        /* '.' or ','; 0: found */
  umbra_missing_rule missing;
  const char *columns; /* those to read: names, numbers from 1 or from the end (-1), ranges such as 2-5; NULL: all */
  const char *without; /* those to leave out, likewise */
  const char *text;    /* those whose numbers are categories, likewise */
  umbra_note_fn note;  /* or NULL */
  void *user;          /* note's */
  const char
      *array; /* of .npz: these arrays only, in this order: names with commas between; NULL: all, in the file's */
} umbra_table_options;
#define UMBRA_TABLE_OPTIONS_INIT .struct_size = sizeof(umbra_table_options)
UMBRA_API void umbra_table_options_init(umbra_table_options *options, size_t size);
#define umbra_table_options_init(options) umbra_table_options_init((options), sizeof *(options))

/*
 * Reads a file of numbers into *table, whose values are freed if it has any, by its ending: .csv, .tsv or .txt
 * (delimited text), .npy or .npz (arrays of one or two dimensions), in small letters or capitals, and all of them
 * gzipped with .gz behind. "-" is standard input: text, or whichever kind it begins as.
 *
 * Text: separators, decimal marks and the header are found; a header's names are those of columns; UTF-8, UTF-16 or
 * Latin-1; lines end in LF, CR LF or CR; texts in quotes may have separators, line breaks and doubled quotes in them;
 * lines that begin with '#', and records without any value, are left out. Arrays: npy of version 1 to 3, of booleans,
 * integers of 8 to 64 bits, float16, float32 or float64, in either byte order and either order of values; the arrays of
 * an npz file stand side by side, and their names are those of columns.
 *
 * Errors: INVALID_ARGUMENT (ending, options), IO, FORMAT (with line and column, or what the header says), RANGE (a
 * value is not finite, or an integer of 2^53 or more; more bytes than read_limit).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_table_read(umbra_table *table, const char *path);

/*
 * The same with options; the call without them has UMBRA_HEADER_OF_WORDS. Texts are refused, and so are missing values
 * without a rule for them: those that are to become categories are read by umbra/records.h and umbra/schema.h.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_table_read_with(umbra_table *table, const char *path,
                                                            const umbra_table_options *options);

/* Writes .csv (17 significant digits) or .npy (float64), replacing the file. Errors: IO, INVALID_ARGUMENT (ending),
 * RANGE. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_table_write(const umbra_table *table, const char *path);

/* The same with a line of text before the table, as a comment; .npy has none. NULL: nothing is said. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_table_write_remarked(const umbra_table *table, const char *remark,
                                                                 const char *path);

UMBRA_API void umbra_table_clear(umbra_table *table);

UMBRA_END_DECLS

#endif
