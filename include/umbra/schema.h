/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the columns of a table are: their names and order, which are numbers, yes and no, or categories, what stands for
 * a missing value, and which classes the label has. It follows from the table that a training is planned by, and all
 * tables after that are read by it.
 */
#ifndef UMBRA_SCHEMA_H
#define UMBRA_SCHEMA_H

#include <umbra/table.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_schema umbra_schema; /* immutable, shareable; it tells about the records, so the owner keeps it */

/* What labels are. */
typedef enum umbra_label_kind {
  UMBRA_LABELS_TWO = 0,     /* of two classes, or one against all others: -1 and 1 */
  UMBRA_LABELS_CLASSES = 1, /* of any number of classes: 0, 1, ... in the order of numbers, or of the alphabet */
  UMBRA_LABELS_VALUES = 2   /* numbers */
} umbra_label_kind;

/* Columns that records have when they are read by it: a category has one of its own. */
UMBRA_API size_t umbra_schema_features(const umbra_schema *schema);

/*
 * The name of one of them, such as "age", "city=Oslo" or, without a header, "column 3", ended by 0, into text[*size];
 * *size becomes the bytes it takes. text NULL: only asks. Errors: INVALID_ARGUMENT, RANGE (too little; nothing is
 * written).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_schema_feature_name(const umbra_schema *schema, char *text, size_t *size,
                                                                size_t feature);

/* Classes of the label; 0: it has values, or there is none. Their names, in order, as above; all others are "". */
UMBRA_API size_t umbra_schema_classes(const umbra_schema *schema);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_schema_class_name(const umbra_schema *schema, char *text, size_t *size,
                                                              size_t label_class);

/* All of it as one line of JSON, likewise; and back again. Errors: FORMAT with what is wrong. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_schema_describe(const umbra_schema *schema, char *text, size_t *size);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_schema_parse(umbra_schema **schema, const char *json);

/*
 * Reads the features of a table, without its label, which need not be there: columns are found by their names where
 * both have a header, else by their places. Texts that the schema does not have are "other" where it has that, and none
 * of the categories otherwise; a note says how many. Errors: those of umbra_table_read; MISMATCH (a column is not
 * there; too few or too many columns).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_schema_read_features(const umbra_schema *schema, umbra_table *table,
                                                                 const char *path, const umbra_table_options *options);

UMBRA_API void umbra_schema_destroy(umbra_schema *schema);

UMBRA_END_DECLS

#endif
