/* SPDX-License-Identifier: Apache-2.0 */
#include "cost_file.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <umbra/version.h>
#include <unistd.h>

#include "../base/error.h"
#include "../io/storage.h"

enum { TEXT = 4096, LINE = 32 };

static const double attosecond = 1e-18, longest = 1; /* seconds of a unit */

static const char *const works[] = {[UMBRA_WORK_STREAM] = "stream",
                                    [UMBRA_WORK_PERMUTE] = "permute",
                                    [UMBRA_WORK_TENSOR] = "tensor",
                                    [UMBRA_WORK_BUTTERFLIES] = "butterflies",
                                    [UMBRA_WORK_CONVERSION] = "conversion",
                                    [UMBRA_WORK_KEY] = "key",
                                    [UMBRA_WORK_PLAIN] = "plain",
                                    [UMBRA_WORK_PLAINTEXTS] = "plaintexts",
                                    [UMBRA_WORK_MATRIX] = "matrix",
                                    [UMBRA_WORK_RANDOM] = "random",
                                    [UMBRA_WORK_LIFT] = "lift",
                                    [UMBRA_WORK_COMPLEX] = "complex"};
_Static_assert(sizeof works / sizeof *works == UMBRA_DRY_WORKS, "a name for each kind of work");

/* ---- places ---- */

static umbra_status no_folder(void) {
  return umbra_fail(UMBRA_ERROR_IO, "no cache folder: neither XDG_CACHE_HOME nor HOME is an absolute path");
}

/* The user's cache folder, or Umbra's in it. */
static umbra_status folder_of(char folder[UMBRA_COST_PATH], const char *inside) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  const int given = cache && cache[0] == '/';
  if (!given && (!home || home[0] != '/')) return no_folder();
  const int length = given ? snprintf(folder, UMBRA_COST_PATH, "%s%s", cache, inside)
                           : snprintf(folder, UMBRA_COST_PATH, "%s/.cache%s", home, inside);
  return length < UMBRA_COST_PATH ? UMBRA_OK : no_folder();
}

/* FNV-1a. */
static uint64_t hash_of(const char *text, size_t length) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
  return hash;
}

/* Returns its length. */
static int print_head(char text[TEXT], const umbra_cost_subject *subject) {
  return snprintf(text, TEXT, "umbra-cost 4\ndevice %s\nbackend %s\nversion %s\nthreads %" PRIu32 "\n", subject->device,
                  subject->backend, umbra_version(), subject->threads);
}

umbra_status umbra_cost_file_path(char path[UMBRA_COST_PATH], const umbra_cost_subject *subject) {
  char folder[UMBRA_COST_PATH], head[TEXT];
  UMBRA_TRY(folder_of(folder, "/umbra"));
  const size_t told = (size_t)print_head(head, subject); /* everything that tells subjects apart */
  const int length = snprintf(path, UMBRA_COST_PATH, "%s/cost-%016" PRIx64 ".txt", folder, hash_of(head, told));
  return length < UMBRA_COST_PATH ? UMBRA_OK : no_folder();
}

/* ---- the text ---- */

/* A cursor; next becomes NULL when something else is there than was expected. */
typedef struct reader {
  const char *next;
} reader;

static void expect(reader *r, const char *text) {
  if (!r->next) return;
  const size_t length = strlen(text);
  r->next = strncmp(r->next, text, length) == 0 ? r->next + length : NULL;
}

static double seconds_from(reader *r) {
  if (!r->next || *r->next < '0' || *r->next > '9') {
    r->next = NULL;
    return 0;
  }
  char *end;
  errno = 0;
  const double seconds = (double)strtoull(r->next, &end, 10) * attosecond;
  r->next = errno || seconds > longest ? NULL : end;
  return seconds;
}

static double value_of_line(reader *r, const char *name) {
  expect(r, name);
  expect(r, " ");
  const double seconds = seconds_from(r);
  expect(r, "\n");
  return seconds;
}

/* No work takes no time: a table that says so would call everything free. */
static int has_rates(const umbra_cost_table *table) {
  for (int work = 0; work < UMBRA_DRY_WORKS; work++)
    for (int size = 0; size < UMBRA_COST_SIZES; size++)
      if (!(table->rate[work][size] > 0)) return 0;
  return 1;
}

/* The last line: of the text before it. */
static int print_hash(char line[LINE], const char *text, size_t length) {
  return snprintf(line, LINE, "hash %016" PRIx64 "\n", hash_of(text, length));
}

/* 0 if the text is not that of a table. */
static int parse(umbra_cost_table *table, const char *text, size_t head) {
  char hash[LINE] = "";
  reader r = {text + head};
  table->start = value_of_line(&r, "start");
  table->floor = value_of_line(&r, "floor");
  table->transfer = value_of_line(&r, "transfer");
  for (int work = 0; work < UMBRA_DRY_WORKS; work++) {
    expect(&r, works[work]);
    for (int size = 0; size < UMBRA_COST_SIZES; size++) {
      expect(&r, " ");
      table->rate[work][size] = seconds_from(&r);
    }
    expect(&r, "\n");
  }
  if (r.next) print_hash(hash, text, (size_t)(r.next - text));
  expect(&r, hash);
  return r.next && !*r.next && has_rates(table);
}

static uint64_t whole(double seconds) { return (uint64_t)llround(fmin(seconds, longest) / attosecond); }

static int print_table(char *text, size_t size, const umbra_cost_table *table) {
  int length = snprintf(text, size, "start %" PRIu64 "\nfloor %" PRIu64 "\ntransfer %" PRIu64 "\n", whole(table->start),
                        whole(table->floor), whole(table->transfer));
  for (int work = 0; work < UMBRA_DRY_WORKS; work++)
    length += snprintf(text + length, size - (size_t)length, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", works[work],
                       whole(table->rate[work][0]), whole(table->rate[work][1]), whole(table->rate[work][2]));
  return length;
}

/* Returns its length, the last line's included. */
static int print_text(char text[TEXT], const umbra_cost_table *table, const umbra_cost_subject *subject) {
  int length = print_head(text, subject);
  length += print_table(text + length, TEXT - (size_t)length, table);
  return length + print_hash(text + length, text, (size_t)length);
}

/* ---- files ---- */

static umbra_status read_text(char text[TEXT], const char *path) {
  int file;
  uint64_t bytes;
  UMBRA_TRY(umbra_storage_open(&file, &bytes, path));
  umbra_status status = bytes < TEXT ? umbra_storage_read(file, text, bytes, path)
                                     : umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is no table of costs: too long", path);
  close(file);
  UMBRA_TRY(status);
  text[bytes] = 0;
  if (strlen(text) == bytes) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is no table of costs: no text", path);
}

umbra_status umbra_cost_file_read(umbra_cost_table *table, const umbra_cost_subject *subject) {
  char path[UMBRA_COST_PATH], text[TEXT], head[TEXT];
  umbra_cost_table parsed;
  UMBRA_TRY(umbra_cost_file_path(path, subject));
  UMBRA_TRY(read_text(text, path));
  const size_t length = (size_t)print_head(head, subject);
  if (strncmp(text, head, length) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "'%s' is of another device, version or number of threads", path);
  if (!parse(&parsed, text, length)) return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is no table of costs", path);
  *table = parsed;
  return UMBRA_OK;
}

typedef struct written {
  const char *text;
  size_t bytes;
} written;

static umbra_status write_text(int file, void *argument) {
  const written *w = argument;
  return umbra_storage_write(file, w->text, w->bytes);
}

umbra_status umbra_cost_file_write(const umbra_cost_table *table, const umbra_cost_subject *subject) {
  char folder[UMBRA_COST_PATH], path[UMBRA_COST_PATH], text[TEXT];
  UMBRA_TRY(umbra_cost_file_path(path, subject));
  UMBRA_TRY(folder_of(folder, ""));
  UMBRA_TRY(umbra_storage_make_folder(folder));
  UMBRA_TRY(folder_of(folder, "/umbra"));
  UMBRA_TRY(umbra_storage_make_folder(folder));
  const int length = print_text(text, table, subject);
  return umbra_storage_replace(path, 0, write_text, &(written){text, (size_t)length});
}
