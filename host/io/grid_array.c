/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's arrays as a grid, and which kind of file a name means. */
#include <math.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/text.h"
#include "grid.h"
#include "storage.h"
#include "table_file.h"

/* ---- npy ---- */

/* What says how text is read is refused rather than overlooked; that there is no header is true of arrays. */
static umbra_status check_array_options(const umbra_table_options *o, const char *path) {
  const struct {
    int given;
    const char *option;
  } of_text[] = {{o->text != NULL, "--text"},
                 {o->header > 0, "--header"},
                 {o->skip > 0, "--skip"},
                 {o->separator != 0, "--separator"},
                 {o->decimal != 0, "--decimal"}};
  for (size_t i = 0; i < sizeof of_text / sizeof *of_text; i++)
    if (of_text[i].given)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                        "%s says how text is read, and an array of numbers is none; leave it out (in %s)",
                        of_text[i].option, path);
  return UMBRA_OK;
}

static void count_cells(umbra_grid *grid) {
  for (size_t i = 0; i < grid->rows * grid->columns; i++) {
    umbra_grid_column *column = &grid->column[i % grid->columns];
    const size_t row = i / grid->columns;
    if (isnan(grid->values[i])) {
      if (!column->missing++) column->first_missing = row;
      continue;
    }
    column->numbers++;
    if (isinf(grid->values[i]) && column->first_infinite == grid->rows) column->first_infinite = row;
  }
}

static umbra_status from_npy(umbra_grid *grid, const umbra_npy_source *source) {
  umbra_ndarray array = {0};
  umbra_grid made = {.path = source->path};
  UMBRA_TRY(umbra_npy_read_ndarray(&array, 2, source));
  umbra_status status = umbra_grid_make(&made, array.shape[0], array.rank == 2 ? array.shape[1] : 1);
  if (status == UMBRA_OK) {
    umbra_free(made.values);
    made.values = array.values;
    count_cells(&made);
    *grid = made;
    return UMBRA_OK;
  }
  umbra_grid_clear(&made);
  umbra_ndarray_clear(&array);
  return status;
}

static umbra_status from_npy_file(umbra_grid *grid, const char *path, const umbra_table_options *options) {
  umbra_npy_source source = {.path = path, .any = 1};
  UMBRA_TRY(check_array_options(options, path));
  UMBRA_TRY(umbra_storage_open(&source.file, &source.bytes, path));
  umbra_status status = from_npy(grid, &source);
  close(source.file);
  return status;
}

/* ---- npz ---- */

typedef struct archive {
  const umbra_bytes *bytes;
  umbra_zip_member *member;
  umbra_grid *part; /* of each member */
  size_t count;
  const char *path;
  uint64_t most; /* bytes that may still be unpacked */
} archive;

/* Without its .npy */
static umbra_span name_of(const umbra_zip_member *member) {
  const umbra_span name = {member->name, member->name_length};
  return (umbra_span){name.at, name.length > 4 ? name.length - 4 : name.length};
}

/* All names that there are, as far as a message has room. */
static void list_names(char *text, size_t size, const archive *a) {
  char shown[UMBRA_SHOWN_BYTES];
  umbra_text out = {text, size, 0};
  for (size_t i = 0; i < a->count; i++) {
    const umbra_span name = name_of(&a->member[i]);
    if (out.length + UMBRA_SHOWN_BYTES > size) {
      umbra_text_put(&out, ", ...");
      return;
    }
    umbra_text_put(&out, "%s%s", i ? ", " : "", umbra_span_shown(shown, name));
  }
}

static umbra_status read_member(archive *a, size_t i) {
  umbra_bytes bytes = {0};
  UMBRA_TRY(umbra_zip_read(&bytes, &a->member[i], a->bytes, a->path, a->most));
  a->most -= bytes.size;
  umbra_status status =
      from_npy(&a->part[i], &(umbra_npy_source){.memory = bytes.at, .bytes = bytes.size, .path = a->path, .any = 1});
  umbra_bytes_clear(&bytes);
  if (status != UMBRA_OK || a->part[i].rows == a->part[0].rows) return status;
  char names[300];
  list_names(names, sizeof names, a);
  return umbra_fail(UMBRA_ERROR_FORMAT,
                    "array %zu of %s has %zu rows and the first one %zu; --array names those that are meant (in %s)",
                    i + 1, names, a->part[i].rows, a->part[0].rows, a->path);
}

/* A column of a grid that has more, into another. */
static void put_column(umbra_grid *to, size_t c, const umbra_grid *from, size_t from_c) {
  to->column[c] = from->column[from_c];
  for (size_t row = 0; row < to->rows; row++)
    to->values[row * to->columns + c] = from->values[row * from->columns + from_c];
}

/* Arrays of one column give it their name. */
static umbra_status join(umbra_grid *grid, const archive *a) {
  size_t columns = 0, bytes = 1, c = 0;
  for (size_t i = 0; i < a->count; i++) columns += a->part[i].columns;
  for (size_t i = 0; i < a->count; i++) bytes += a->member[i].name_length;
  UMBRA_TRY(umbra_grid_make(grid, a->part[0].rows, columns));
  UMBRA_TRY(umbra_alloc(&grid->names, bytes, 1, "the names of arrays"));
  char *at = grid->names;
  grid->named = a->count > 1 && columns == a->count;
  for (size_t i = 0; i < a->count; i++) {
    const umbra_span name = umbra_span_without_zeros(at, name_of(&a->member[i]));
    for (size_t k = 0; k < a->part[i].columns; k++, c++) {
      put_column(grid, c, &a->part[i], k);
      if (a->part[i].columns == 1 && a->count > 1) grid->column[c].name = (umbra_span){at, name.length};
    }
    at += name.length;
  }
  return UMBRA_OK;
}

static umbra_status find_member(size_t *i, const archive *a, umbra_span wanted) {
  char names[300], shown[UMBRA_SHOWN_BYTES];
  for (*i = 0; *i < a->count; ++*i)
    if (umbra_span_compare(name_of(&a->member[*i]), wanted) == 0) return UMBRA_OK;
  list_names(names, sizeof names, a);
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "--array: there is no array '%s'; there are %s (in %s)",
                    umbra_span_shown(shown, wanted), names, a->path);
}

static size_t count_items(const char *list) {
  size_t count = 1;
  for (; *list; list++) count += *list == ',';
  return count;
}

/* The members that a list names, in its order, in the place of all. */
static umbra_status choose_members(archive *a, const char *list) {
  umbra_zip_member *chosen;
  size_t count = 0, i;
  if (!list) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&chosen, count_items(list), sizeof *chosen, "the arrays of a file"));
  umbra_status status = UMBRA_OK;
  for (const char *at = list; status == UMBRA_OK; at++) {
    const size_t length = strcspn(at, ",");
    status = find_member(&i, a, umbra_span_trimmed((umbra_span){at, length}));
    if (status == UMBRA_OK) chosen[count++] = a->member[i];
    at += length;
    if (!*at) break;
  }
  if (status != UMBRA_OK) {
    umbra_free(chosen);
    return status;
  }
  umbra_free(a->member);
  a->member = chosen;
  a->count = count;
  return UMBRA_OK;
}

static umbra_status join_members(umbra_grid *grid, archive *a) {
  umbra_status status = a->count ? UMBRA_OK : umbra_fail(UMBRA_ERROR_FORMAT, "'%s' holds no array", a->path);
  umbra_grid made = {.path = a->path};
  if (status == UMBRA_OK) status = umbra_alloc(&a->part, a->count, sizeof *a->part, "the arrays of a file");
  for (size_t i = 0; i < a->count && status == UMBRA_OK; i++) status = read_member(a, i);
  if (status == UMBRA_OK) status = join(&made, a);
  for (size_t i = 0; a->part && i < a->count; i++) umbra_grid_clear(&a->part[i]);
  umbra_free(a->part);
  if (status == UMBRA_OK) *grid = made;
  else umbra_grid_clear(&made);
  return status;
}

static umbra_status from_npz(umbra_grid *grid, const umbra_bytes *bytes, const char *path, const char *array,
                             uint64_t most) {
  archive a = {.bytes = bytes, .path = path, .most = most};
  UMBRA_TRY(umbra_zip_list(&a.member, &a.count, bytes, path));
  umbra_status status = choose_members(&a, array);
  if (status == UMBRA_OK) status = join_members(grid, &a);
  umbra_free(a.member);
  return status;
}

/* ---- which kind it is ---- */

typedef enum file_kind { TEXT, NPY, NPZ, NONE } file_kind;

static const struct {
  const char *ending;
  file_kind kind;
} endings[] = {{".csv", TEXT}, {".tsv", TEXT}, {".txt", TEXT}, {".npy", NPY}, {".npz", NPZ}};

static int ends_in(const char *path, size_t length, const char *ending) {
  const size_t bytes = strlen(ending);
  return length >= bytes && strncasecmp(path + length - bytes, ending, bytes) == 0;
}

/* *packed: whether .gz follows. */
static file_kind kind_by_name(int *packed, const char *path) {
  size_t length = strlen(path);
  *packed = ends_in(path, length, ".gz");
  if (*packed) length -= 3;
  for (size_t k = 0; k < sizeof endings / sizeof *endings; k++)
    if (ends_in(path, length, endings[k].ending)) return endings[k].kind;
  return NONE;
}

int umbra_path_is_text(const char *path) {
  int packed;
  return kind_by_name(&packed, path) == TEXT;
}

static file_kind kind_by_bytes(const umbra_bytes *bytes) {
  if (bytes->size >= 6 && memcmp(bytes->at, "\x93NUMPY", 6) == 0) return NPY;
  return bytes->size >= 4 && memcmp(bytes->at, "PK\3\4", 4) == 0 ? NPZ : TEXT;
}

static umbra_status check_member_option(const umbra_table_options *options, file_kind kind, const char *path) {
  if (!options->array || kind == NPZ) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "--array names arrays of .npz files, and this is none (in %s)", path);
}

/* Text takes the bytes over. */
static umbra_status from_bytes(umbra_grid *grid, umbra_bytes *bytes, file_kind kind, const char *path,
                               const umbra_table_options *options, const umbra_schema *schema, uint64_t most) {
  UMBRA_TRY(check_member_option(options, kind, path));
  if (kind == TEXT) return umbra_grid_from_text(grid, bytes, path, options, schema);
  UMBRA_TRY(check_array_options(options, path));
  if (kind == NPZ) return from_npz(grid, bytes, path, options->array, most);
  return from_npy(grid, &(umbra_npy_source){.memory = bytes->at, .bytes = bytes->size, .path = path, .any = 1});
}

umbra_status umbra_grid_read(umbra_grid *grid, const char *path, const umbra_table_options *options,
                             const umbra_schema *schema) {
  const uint64_t most = options->read_limit ? options->read_limit : (uint64_t)1 << 32;
  const int standard_input = strcmp(path, "-") == 0;
  int packed;
  file_kind kind = kind_by_name(&packed, path);
  umbra_bytes bytes = {0};
  if (kind == NONE && !standard_input)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "'%s': the names of tables end in .csv, .tsv, .txt, .npy or .npz, perhaps with .gz behind "
                      "(spreadsheets can be saved as .csv), and - is "
                      "standard input",
                      path);
  if (kind == NPY && !packed) {
    UMBRA_TRY(check_member_option(options, kind, path));
    return from_npy_file(grid, path, options);
  }
  UMBRA_TRY(umbra_input_read(&bytes, path, most));
  const file_kind read_as = standard_input ? kind_by_bytes(&bytes) : kind;
  umbra_status status = from_bytes(grid, &bytes, read_as, path, options, schema, most);
  umbra_bytes_clear(&bytes);
  return status;
}
