/* SPDX-License-Identifier: Apache-2.0 */
/* Which column of a table is which of a schema: by name where both have names, else by place. */
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "schema.h"

static int has_name(const umbra_grid *grid, size_t c, const char *name) {
  return c < grid->columns && grid->column[c].name.at && umbra_span_is(grid->column[c].name, name);
}

/* The columns that have names, in the order of these. */
typedef struct named_column {
  umbra_span name;
  size_t number; /* from 0 */
} named_column;

typedef struct name_list {
  named_column *entry;
  size_t count, columns; /* columns: of the grid */
} name_list;

static int compare_names(const void *a, const void *b) {
  return umbra_span_compare(((const named_column *)a)->name, ((const named_column *)b)->name);
}

static umbra_status sort_names(name_list *list, const umbra_grid *grid) {
  *list = (name_list){.columns = grid->columns};
  UMBRA_TRY(umbra_alloc(&list->entry, grid->columns, sizeof *list->entry, "the columns of a table"));
  for (size_t c = 0; c < grid->columns; c++)
    if (grid->column[c].name.at) list->entry[list->count++] = (named_column){grid->column[c].name, c};
  qsort(list->entry, list->count, sizeof *list->entry, compare_names);
  return UMBRA_OK;
}

/* The column of that name, `columns` if there is none, more if there are several. */
static size_t find_name(const name_list *list, const char *name) {
  const named_column wanted = {{name, strlen(name)}, 0}, *end = list->entry + list->count;
  const named_column *found = bsearch(&wanted, list->entry, list->count, sizeof wanted, compare_names);
  if (!found) return list->columns;
  const int several = (found > list->entry && compare_names(found - 1, found) == 0) ||
                      (found + 1 < end && compare_names(found + 1, found) == 0);
  return several ? list->columns + 1 : found->number;
}

static umbra_status not_there(const umbra_grid *grid, const char *name, size_t found) {
  if (found > grid->columns)
    return umbra_fail(UMBRA_ERROR_MISMATCH,
                      "several columns are called '%.64s', and are in other places than in the "
                      "training's table (in %s)",
                      name, grid->path);
  return umbra_fail(UMBRA_ERROR_MISMATCH, "no column is called '%.64s', as one of the training's table is (in %s)",
                    name, grid->path);
}

/* ---- by name ---- */

/* A name may be that of several of the training's columns. One that is a feature already is not the label. */
static umbra_status check_distinct(umbra_schema_places *places, const umbra_schema *schema, const umbra_grid *grid) {
  uint8_t *taken;
  size_t twice = grid->columns;
  UMBRA_TRY(umbra_alloc(&taken, grid->columns, 1, "the columns of a table"));
  for (size_t i = 0; i < schema->columns; i++)
    if (taken[places->column[i]]++) twice = places->column[i];
  if (places->label != UMBRA_NO_COLUMN && taken[places->label]) places->label = UMBRA_NO_COLUMN;
  umbra_free(taken);
  if (twice == grid->columns) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "column %zu has a name that several of the training's features have, and there is one such column "
                    "here (in %s)",
                    twice + 1, grid->path);
}

/* Names are looked for anywhere only if one of them is not in its place, so that a name may come twice. */
static int is_in_place(const umbra_schema *schema, const umbra_grid *grid) {
  for (size_t i = 0; i < schema->columns; i++)
    if (!has_name(grid, schema->column[i].number - 1, schema->column[i].name ? schema->column[i].name : "")) return 0;
  return 1;
}

static umbra_status find_places(const umbra_schema *schema, umbra_schema_places *places, const umbra_grid *grid,
                                const name_list *names, const umbra_table_options *options) {
  const int in_place = is_in_place(schema, grid);
  size_t last = 0, moved = 0;
  for (size_t i = 0; i < schema->columns; i++) {
    const char *name = schema->column[i].name ? schema->column[i].name : "";
    const size_t found = in_place ? schema->column[i].number - 1 : find_name(names, name);
    if (found >= grid->columns) return not_there(grid, name, found);
    moved |= i > 0 && (found < last) != (schema->column[i].number < schema->column[i - 1].number);
    places->column[i] = last = found;
  }
  if (moved)
    umbra_table_tell(options,
                     "the columns of %s have another order than the training's, and are matched by their names",
                     grid->path);
  if (!schema->label_number) return UMBRA_OK;
  const size_t own = schema->label_number - 1;
  const size_t label = has_name(grid, own, schema->label) && in_place ? own : find_name(names, schema->label);
  if (label < grid->columns) places->label = (ptrdiff_t)label;
  return UMBRA_OK;
}

static umbra_status match_names(const umbra_schema *schema, umbra_schema_places *places, const umbra_grid *grid,
                                const umbra_table_options *options) {
  name_list names;
  UMBRA_TRY(sort_names(&names, grid));
  umbra_status status = find_places(schema, places, grid, &names, options);
  umbra_free(names.entry);
  return status == UMBRA_OK ? check_distinct(places, schema, grid) : status;
}

/* ---- by place ---- */

/* What a table without names may have of the training's columns, in their order. */
typedef enum reading {
  WHOLE,         /* all */
  WITHOUT_LABEL, /* all but the label */
  USED,          /* the features' and the label's: no index, and none that was left out */
  FEATURES,      /* those of the features alone */
  READINGS
} reading;

static int compare_numbers(const void *a, const void *b) {
  const size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

/* The numbers of the columns that features, and the label, are made of, in rising order. */
static size_t list_used(size_t *used, const umbra_schema *schema, int with_label) {
  size_t count = 0;
  for (size_t i = 0; i < schema->columns; i++) used[count++] = schema->column[i].number;
  if (with_label && schema->label_number) used[count++] = schema->label_number;
  qsort(used, count, sizeof *used, compare_numbers);
  return count;
}

/* used: room for the numbers. The columns that such a table has, and the place of one of the training's in it. */
static size_t columns_of(reading r, size_t *used, const umbra_schema *schema) {
  if (r == WHOLE) return schema->table_columns;
  return r == WITHOUT_LABEL ? schema->table_columns - 1 : list_used(used, schema, r == USED);
}

static size_t place_of(reading r, const size_t *used, size_t count, const umbra_schema *schema, size_t number) {
  if (r == WHOLE) return number - 1;
  if (r == WITHOUT_LABEL) return number - 1 - (size_t)(number > schema->label_number);
  return (size_t)((const size_t *)bsearch(&number, used, count, sizeof *used, compare_numbers) - used);
}

static void take_places(umbra_schema_places *places, reading r, const size_t *used, size_t count,
                        const umbra_schema *schema) {
  for (size_t i = 0; i < schema->columns; i++)
    places->column[i] = place_of(r, used, count, schema, schema->column[i].number);
  if (schema->label_number && (r == WHOLE || r == USED))
    places->label = (ptrdiff_t)place_of(r, used, count, schema, schema->label_number);
}

static umbra_status no_reading(const umbra_schema *schema, const umbra_grid *grid) {
  return umbra_fail(UMBRA_ERROR_MISMATCH, "the table has %zu columns, and the training's has %zu (in %s)",
                    grid->columns, schema->table_columns, grid->path);
}

static umbra_status several_readings(const umbra_schema *schema, const umbra_grid *grid) {
  return umbra_fail(
      UMBRA_ERROR_MISMATCH,
      "the table has %zu columns without the training's names, and the training's has %zu: it is not known "
      "which are missing; give it a header, or all columns (in %s)",
      grid->columns, schema->table_columns, grid->path);
}

/* Columns are where the only reading of as many has them. label: the table is to have it. */
static umbra_status find_reading(umbra_schema_places *places, size_t *used, size_t *other, const umbra_schema *schema,
                                 const umbra_grid *grid, int label) {
  umbra_schema_places next = {.column = other, .label = UMBRA_NO_COLUMN};
  int found = 0;
  for (reading r = WHOLE; r < READINGS; r++) {
    if ((label && (r == WITHOUT_LABEL || r == FEATURES)) || (!schema->label_number && r == WITHOUT_LABEL)) continue;
    const size_t count = columns_of(r, used, schema);
    if (count != grid->columns) continue;
    take_places(found ? &next : places, r, used, count, schema);
    if (found && memcmp(next.column, places->column, schema->columns * sizeof *other) != 0)
      return several_readings(schema, grid);
    found = 1;
    if (r == WHOLE) break; /* nothing is missing */
  }
  return found ? UMBRA_OK : no_reading(schema, grid);
}

static umbra_status match_places(const umbra_schema *schema, umbra_schema_places *places, const umbra_grid *grid,
                                 const umbra_table_options *options, int label) {
  size_t *room;
  UMBRA_TRY(umbra_alloc(&room, schema->columns + 1, 2 * sizeof *room, "the columns of a table"));
  umbra_status status = find_reading(places, room, room + schema->columns + 1, schema, grid, label);
  umbra_free(room);
  if (status == UMBRA_OK && schema->named != grid->named)
    umbra_table_tell(options, "%s has %s header: its columns are taken by their places", grid->path,
                     grid->named ? "another" : "no");
  return status;
}

umbra_status umbra_schema_match(const umbra_schema *schema, umbra_schema_places *places, const umbra_grid *grid,
                                const umbra_table_options *options, umbra_match_mode mode) {
  umbra_schema_places made = {.label = UMBRA_NO_COLUMN};
  UMBRA_TRY(umbra_alloc(&made.column, schema->columns, sizeof *made.column, "the columns of a table"));
  umbra_status status = schema->named && grid->named && mode != UMBRA_MATCH_OWN
                            ? match_names(schema, &made, grid, options)
                            : match_places(schema, &made, grid, options, mode == UMBRA_MATCH_WITH_LABEL);
  if (status == UMBRA_OK) *places = made;
  else umbra_free(made.column);
  return status;
}

umbra_status umbra_schema_mark_texts(const umbra_schema *schema, umbra_grid *grid) {
  umbra_schema_places places;
  const umbra_table_options silent = {UMBRA_TABLE_OPTIONS_INIT};
  /* With the label less is possible, and what is, is the same. What does not go together is found again when there are
   * rows, and said. */
  umbra_status status = umbra_schema_match(schema, &places, grid, &silent, UMBRA_MATCH_WITH_LABEL);
  if (status == UMBRA_ERROR_MISMATCH) status = umbra_schema_match(schema, &places, grid, &silent, UMBRA_MATCH_FEATURES);
  if (status != UMBRA_OK) return status == UMBRA_ERROR_OUT_OF_MEMORY ? status : UMBRA_OK;
  for (size_t i = 0; i < schema->columns; i++)
    if (schema->column[i].kind == UMBRA_COLUMN_CATEGORIES) grid->column[places.column[i]].as_text = UMBRA_TEXT_SAID;
  umbra_free(places.column);
  return UMBRA_OK;
}
