/* SPDX-License-Identifier: Apache-2.0 */
#include "excess.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME = 128, MOST_NOTES = 8 };

/* As its scaling's file calls it. */
static void name_column(char name[NAME], const umbra_scaling *scaling, size_t column) {
  const umbra_schema *schema = umbra_scaling_schema(scaling);
  size_t size = 0;
  snprintf(name, NAME, "column %zu", column + 1);
  if (!schema || umbra_schema_feature_name(schema, NULL, &size, column) != UMBRA_OK) return;
  char *text = malloc(size);
  if (text && umbra_schema_feature_name(schema, text, &size, column) == UMBRA_OK)
    snprintf(name, NAME, "feature '%.100s'", text);
  free(text);
}

static void note(const umbra_scaling *scaling, size_t column, const umbra_scaling_excess *e, cli_report *report) {
  char name[NAME], text[512];
  name_column(name, scaling, column);
  snprintf(text, sizeof text,
           "%s: %zu value%s beyond [%.6g, %.6g], what the training's records had; the farthest is %.6g in record %zu",
           name, e->values, e->values == 1 ? " lies" : "s lie", e->least, e->greatest, e->value, e->row + 1);
  cli_report_note(report, text);
}

/* What lies beyond, of all columns. */
typedef struct excess {
  size_t values, columns;
} excess;

/* notes: of so many columns at most. */
static excess find(const umbra_scaling *scaling, const double *values, size_t rows, size_t columns, size_t notes,
                   cli_report *report) {
  excess found = {0, 0};
  if (!scaling || umbra_scaling_columns(scaling) != columns) return found; /* which scaling them refuses */
  for (size_t column = 0; column < columns; column++) {
    umbra_scaling_excess e = {UMBRA_SCALING_EXCESS_INIT};
    if (umbra_scaling_beyond(scaling, &e, values, rows, columns, column) != UMBRA_OK || !e.values) continue;
    found.values += e.values;
    if (found.columns++ < notes) note(scaling, column, &e, report);
  }
  return found;
}

void cli_excess_tell(const umbra_scaling *scaling, const umbra_records *records, cli_report *report) {
  char text[256];
  const excess found = find(scaling, umbra_records_row(records, 0), umbra_records_rows(records),
                            umbra_records_columns(records), 0, report);
  if (!found.values) return;
  snprintf(
      text, sizeof text,
      "values beyond what the training's records had: %zu, in %zu of %zu columns; they are judged as they are, and "
      "umbra encrypt refuses or clips them",
      found.values, found.columns, umbra_records_columns(records));
  cli_report_note(report, text);
}

static bool refuse(const excess *found, const char *option) {
  return cli_error(
      "%s: %zu value%s beyond what the training's records had, in %zu column%s, and the model knows nothing "
      "of these; --clip takes the nearest within, and a value in another unit is to be put right",
      option, found->values, found->values == 1 ? " lies" : "s lie", found->columns, found->columns == 1 ? "" : "s");
}

bool cli_values_within(double *values, size_t rows, size_t columns, const umbra_scaling *scaling, bool clip,
                       const char *option, cli_report *report) {
  const excess found = find(scaling, values, rows, columns, MOST_NOTES, report);
  if (!found.values) return true;
  if (!clip) return refuse(&found, option);
  cli_report_number(report, "clipped", (double)found.values);
  return cli_check(umbra_scaling_bring_within(scaling, values, values, rows, columns), option);
}

/* Records of these features with the labels of others, which they replace. */
static bool replace(umbra_records **records, const double *features, const char *option) {
  const size_t rows = umbra_records_rows(*records), columns = umbra_records_columns(*records);
  umbra_records *made = NULL;
  double *labels = calloc(rows, sizeof *labels);
  if (!labels) return cli_error("out of memory");
  for (size_t r = 0; r < rows; r++) labels[r] = umbra_records_label(*records, r);
  const bool done = cli_check(umbra_records_create(&made, features, labels, rows, columns), option);
  free(labels);
  if (!done) return false;
  umbra_records_destroy(*records);
  *records = made;
  return true;
}

static bool clip_records(umbra_records **records, const umbra_scaling *scaling, const char *option) {
  const size_t rows = umbra_records_rows(*records), columns = umbra_records_columns(*records);
  double *values = calloc(rows, columns * sizeof *values);
  if (!values) return cli_error("out of memory");
  const bool done =
      cli_check(umbra_scaling_bring_within(scaling, values, umbra_records_row(*records, 0), rows, columns), option) &&
      replace(records, values, option);
  free(values);
  return done;
}

bool cli_records_within(umbra_records **records, const umbra_scaling *scaling, bool clip, const char *option,
                        cli_report *report) {
  const excess found = find(scaling, umbra_records_row(*records, 0), umbra_records_rows(*records),
                            umbra_records_columns(*records), MOST_NOTES, report);
  if (!found.values) return true;
  if (!clip) return refuse(&found, option);
  cli_report_number(report, "clipped", (double)found.values);
  return clip_records(records, scaling, option);
}
