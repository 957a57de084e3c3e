/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_IO_SCHEMA_H
#define UMBRA_IO_SCHEMA_H

#include <umbra/schema.h>

#include "../base/counted.h"
#include "../base/text.h"
#include "grid.h"

typedef enum umbra_column_kind {
  UMBRA_COLUMN_NUMBERS,
  UMBRA_COLUMN_TRUTH, /* yes and no: 1 and 0 */
  UMBRA_COLUMN_CATEGORIES
} umbra_column_kind;

/* A column of the table that is a feature, or several. */
typedef struct umbra_schema_column {
  char *name;    /* NULL: there was no header */
  size_t number; /* in the table, from 1 */
  umbra_column_kind kind;
  double fill;       /* instead of missing values; categories have none */
  int marks_missing; /* a feature more says where values are missing */
  char **category;   /* in their order */
  size_t categories; /* each a feature */
  int other;         /* and one for all other texts */
} umbra_schema_column;

struct umbra_schema {
  umbra_counted counted;
  size_t table_columns;
  int named; /* the table has a header */
  umbra_missing_rule missing;
  umbra_schema_column *column;
  size_t columns;
  char *label;         /* its name; NULL: no label, or no header */
  size_t label_number; /* from 1; 0: there is no label */
  umbra_label_kind labels;
  char *class_name[2]; /* of two: -1 and 1; the first NULL: all others */
  char **class;        /* of several, in their order */
  size_t classes;
};

enum { UMBRA_NO_COLUMN = -1, UMBRA_CLASSES_MOST = 1000 };

umbra_status umbra_schema_make(umbra_schema **schema, size_t columns);
/* A copy with a zero behind it. */
umbra_status umbra_span_copy(char **copy, umbra_span span);

size_t umbra_schema_column_features(const umbra_schema_column *column);
/* The name of the column's feature k. */
void umbra_schema_column_put(umbra_text *out, const umbra_schema_column *column, size_t k);

/* What is wanted beside the options of a table. */
typedef struct umbra_schema_wish {
  const umbra_table_options *options;
  const char *label;    /* NULL: there is none */
  const char *positive; /* the label's class that becomes 1; NULL: found */
  umbra_label_kind labels;
  int texts; /* columns of text are read, too, as categories */
  int every; /* no column is left out, unless the options say so */
} umbra_schema_wish;

/* What the columns of a grid are, with notes about what was left out. */
umbra_status umbra_schema_infer(umbra_schema **schema, const umbra_grid *grid, const umbra_schema_wish *wish);

/* What stands for missing values beside so many others, which it may sort: their median, or mean; 0 if there are none. */
double umbra_fill_of(double *value, size_t count, int median);

/* The label's part of that: its kind and classes. */
umbra_status umbra_schema_find_classes(umbra_schema *schema, const umbra_grid *grid, const umbra_schema_wish *wish);

/*
 * For the rows that are kept: -1 and 1, of which both must be there if labels are of two classes; the numbers of several
 * classes, of two of them -1 and 1; or values.
 */
umbra_status umbra_schema_labels(const umbra_schema *schema, double *labels, const umbra_grid *grid, size_t column,
                                 const uint8_t *kept);

/* Records as numbers. Zero-initialise; clear with umbra_sheet_clear. */
typedef struct umbra_sheet {
  umbra_table features;
  double *labels;  /* as of umbra_schema_labels; NULL: none were wanted */
  uint8_t *filled; /* of each feature: 1: it stands for a missing value; NULL: none does */
  int median;      /* which is that of its column; else the mean */
} umbra_sheet;
void umbra_sheet_clear(umbra_sheet *sheet);

/* own: the schema was inferred from this grid. */
umbra_status umbra_schema_apply(const umbra_schema *schema, umbra_sheet *sheet, const umbra_grid *grid,
                                const umbra_schema_wish *wish, int own);

/* The grid's column for each of the schema's, and for its label, UMBRA_NO_COLUMN if that is not there. */
typedef struct umbra_schema_places {
  size_t *column;
  ptrdiff_t label;
} umbra_schema_places;
typedef enum umbra_match_mode {
  UMBRA_MATCH_OWN,        /* the schema was inferred from this grid */
  UMBRA_MATCH_WITH_LABEL, /* of another one, which has the label */
  UMBRA_MATCH_FEATURES    /* or need not have it */
} umbra_match_mode;
umbra_status umbra_schema_match(const umbra_schema *schema, umbra_schema_places *places, const umbra_grid *grid,
                                const umbra_table_options *options, umbra_match_mode mode);

/* Sets as_text of the columns that are categories, before there are rows. Errors: OUT_OF_MEMORY. */
umbra_status umbra_schema_mark_texts(const umbra_schema *schema, umbra_grid *grid);

/* Notes about features: constant ones, row numbers, and values that make all others alike. */
void umbra_schema_note_features(const umbra_schema *schema, const umbra_table *features,
                                const umbra_table_options *options);

/*
 * Reads a table into records. *schema: NULL: it is inferred, and handed out; else the table is read by it, and a label
 * that the wish names must be its label. Errors: as umbra_table_read and umbra_schema_read_features.
 */
umbra_status umbra_sheet_read(umbra_sheet *sheet, umbra_schema **schema, const char *path,
                              const umbra_schema_wish *wish);

#endif
