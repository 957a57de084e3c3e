/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "storage.h"
#include "table_file.h"

typedef struct table_kind {
  const char *ending;
  umbra_status (*read)(umbra_table *table, umbra_table_origin *origin, int file, uint64_t bytes, const char *path);
  umbra_status (*write)(int file, const umbra_table *table);
} table_kind;

static const table_kind kinds[] = {{".csv", umbra_csv_read, umbra_csv_write},
                                   {".npy", umbra_npy_read, umbra_npy_write}};

static umbra_status kind_of(const table_kind **kind, const umbra_table *table, const char *path) {
  if (!table || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", table ? "path" : "table");
  size_t length = strlen(path);
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    size_t ending = strlen(kinds[k].ending);
    if (length < ending || strcmp(path + length - ending, kinds[k].ending) != 0) continue;
    *kind = &kinds[k];
    return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "'%s': the names of tables end in .csv or .npy", path);
}

umbra_status umbra_table_make(umbra_table *table, size_t rows, size_t columns) {
  UMBRA_TRY(umbra_alloc(&table->values, rows * columns, sizeof *table->values, "a table"));
  table->rows = rows;
  table->columns = columns;
  return UMBRA_OK;
}

void umbra_table_clear(umbra_table *table) {
  if (!table) return;
  umbra_free(table->values);
  *table = (umbra_table){0};
}

void umbra_table_origin_clear(umbra_table_origin *origin) {
  umbra_free(origin->names);
  umbra_free(origin->lines);
  *origin = (umbra_table_origin){0};
}

umbra_status umbra_table_read_origin(umbra_table *table, umbra_table_origin *origin, const char *path) {
  const table_kind *kind;
  UMBRA_TRY(kind_of(&kind, table, path));
  int file;
  uint64_t bytes;
  UMBRA_TRY(umbra_storage_open(&file, &bytes, path));
  umbra_table made = {0};
  umbra_status status = kind->read(&made, origin, file, bytes, path);
  close(file);
  if (status != UMBRA_OK) return status;
  umbra_table_clear(table);
  *table = made;
  return UMBRA_OK;
}

umbra_status umbra_table_read(umbra_table *table, const char *path) {
  return umbra_table_read_origin(table, NULL, path);
}

/* ---- writing ---- */

static umbra_status check_table(const umbra_table *table) {
  size_t count;
  if (!table->values || __builtin_mul_overflow(table->rows, table->columns, &count) || count == 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the table is empty");
  for (size_t i = 0; i < count; i++)
    if (!isfinite(table->values[i]))
      return umbra_fail(UMBRA_ERROR_RANGE, "row %zu, column %zu of the table is not finite", i / table->columns + 1,
                        i % table->columns + 1);
  return UMBRA_OK;
}

typedef struct writing {
  const table_kind *kind;
  const umbra_table *table;
} writing;

static umbra_status write_table(int file, void *argument) {
  const writing *w = argument;
  return w->kind->write(file, w->table);
}

umbra_status umbra_table_write(const umbra_table *table, const char *path) {
  const table_kind *kind;
  UMBRA_TRY(kind_of(&kind, table, path));
  UMBRA_TRY(check_table(table));
  return umbra_storage_replace(path, 0, write_table, &(writing){kind, table});
}
