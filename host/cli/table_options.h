/* SPDX-License-Identifier: Apache-2.0 */
/* How tables are read: options of the commands that read some, and the records in them. */
#ifndef UMBRA_CLI_TABLE_OPTIONS_H
#define UMBRA_CLI_TABLE_OPTIONS_H

#include <umbra/records.h>

#include "options.h"
#include "output.h"

typedef struct cli_table_options {
  const char *label, *positive, *labels; /* of records */
  const char *separator, *decimal, *header, *missing, *columns, *without, *text, *array;
  uint32_t skip;
  uint64_t read_limit;
} cli_table_options;

#define CLI_LABEL_OPTION(table)                                                                             \
  {                                                                                                         \
    "label", "COLUMN", "of the label, by name or number (default: the last one)", CLI_TEXT, &(table).label, \
        CLI_OPTIONAL                                                                                        \
  }

#define CLI_POSITIVE_OPTION(table)                                                                     \
  {                                                                                                    \
    "positive", "CLASS", "the label's class that is 1; with more than two all others are 0", CLI_TEXT, \
        &(table).positive, CLI_OPTIONAL                                                                \
  }

#define CLI_LABELS_OPTION(table)                                                                           \
  {                                                                                                        \
    "labels", "KIND", "what labels are: two (default; classes), classes (any number) or values", CLI_TEXT, \
        &(table).labels, CLI_OPTIONAL                                                                      \
  }

#define CLI_COLUMNS_OPTION(table)                                                                               \
  {                                                                                                             \
    "columns", "LIST", "only these columns, by names and numbers, such as age,3-5", CLI_TEXT, &(table).columns, \
        CLI_OPTIONAL                                                                                            \
  }

/* All but the columns, which commands may have in a way of their own. */
#define CLI_TABLE_OPTIONS(table)                                                                                         \
  {"without", "LIST", "all columns but these, likewise", CLI_TEXT, &(table).without, CLI_OPTIONAL},                      \
      {"text",   "LIST",        "these columns have categories, even if they look like numbers",                         \
       CLI_TEXT, &(table).text, CLI_OPTIONAL},                                                                           \
      {"missing", "RULE",           "of missing values: refuse (default), drop, mean, median or category",               \
       CLI_TEXT,  &(table).missing, CLI_OPTIONAL},                                                                       \
      {"header",        "N",         "lines of the header; 0: there is none (default: found)", CLI_TEXT,                 \
       &(table).header, CLI_OPTIONAL},                                                                                   \
      {"skip", "N", "lines before the table (default 0)", CLI_COUNT, &(table).skip, CLI_OPTIONAL},                       \
      {"separator",        "KIND",      "of fields: comma, semicolon, tab, bar or blanks (default: found)", CLI_TEXT,    \
       &(table).separator, CLI_OPTIONAL},                                                                                \
      {"decimal", "MARK", "of numbers: . or , (default: found)", CLI_TEXT, &(table).decimal, CLI_OPTIONAL},              \
      {"array", "LIST", "of .npz: these arrays, by their names (default: all)", CLI_TEXT, &(table).array, CLI_OPTIONAL}, \
  {                                                                                                                      \
    "read-limit", "BYTES", "most uncompressed bytes of a table (default 4G)", CLI_BYTES, &(table).read_limit,            \
        CLI_WITHIN(1, 0x1p63)                                                                                            \
  }

/* What they mean; notes go to the report and stderr. Does not return for wrong usage. */
umbra_table_options cli_table_take(const cli_table_options *table, cli_report *report);

umbra_label_kind cli_label_kind(const cli_table_options *table);

/* Whether any is given, for commands that read no table. */
bool cli_table_given(const cli_table_options *table);

/* Labelled records. schema: of the training's; NULL: it is found. */
bool cli_records_load(umbra_records **records, const char *option, const char *path, const cli_table_options *table,
                      const umbra_schema *schema, cli_report *report);

/* More of them beside those, with the same columns and label. */
bool cli_records_load_like(umbra_records **records, const umbra_records *others, const char *option, const char *path,
                           const cli_table_options *table, cli_report *report);

#endif
