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
  return status;
}

/* ---- by place ---- */

/* A table without the label's column has one less. */
static umbra_status match_places(const umbra_schema *schema, umbra_schema_places *places, const umbra_grid *grid,
                                 const umbra_table_options *options) {
  const int whole = grid->columns == schema->table_columns;
  if (!whole && !(schema->label_number && grid->columns + 1 == schema->table_columns))
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the table has %zu columns, and the training's has %zu (in %s)",
                      grid->columns, schema->table_columns, grid->path);
  for (size_t i = 0; i < schema->columns; i++) {
    const size_t number = schema->column[i].number;
    places->column[i] = number - 1 - (size_t)(!whole && number > schema->label_number);
  }
  if (whole && schema->label_number) places->label = (ptrdiff_t)schema->label_number - 1;
  if (schema->named != grid->named)
    umbra_table_tell(options, "%s has %s header: its columns are taken by their places", grid->path,
                     grid->named ? "another" : "no");
  return UMBRA_OK;
}

umbra_status umbra_schema_match(const umbra_schema *schema, umbra_schema_places *places, const umbra_grid *grid,
                                const umbra_table_options *options, int own) {
  umbra_schema_places made = {.label = UMBRA_NO_COLUMN};
  UMBRA_TRY(umbra_alloc(&made.column, schema->columns, sizeof *made.column, "the columns of a table"));
  umbra_status status = schema->named && grid->named && !own ? match_names(schema, &made, grid, options)
                                                             : match_places(schema, &made, grid, options);
  if (status == UMBRA_OK) *places = made;
  else umbra_free(made.column);
  return status;
}

umbra_status umbra_schema_mark_texts(const umbra_schema *schema, umbra_grid *grid) {
  umbra_schema_places places;
  const umbra_table_options silent = {UMBRA_TABLE_OPTIONS_INIT};
  /* What does not go together is found again, and said, when there are rows. */
  const umbra_status status = umbra_schema_match(schema, &places, grid, &silent, 0);
  if (status != UMBRA_OK) return status == UMBRA_ERROR_OUT_OF_MEMORY ? status : UMBRA_OK;
  for (size_t i = 0; i < schema->columns; i++)
    if (schema->column[i].kind == UMBRA_COLUMN_CATEGORIES) grid->column[places.column[i]].as_text = UMBRA_TEXT_SAID;
  umbra_free(places.column);
  return UMBRA_OK;
}
