/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of a kind: what they are read as, and what is said of them. */
#ifndef UMBRA_TESTS_TABLE_KINDS_H
#define UMBRA_TESTS_TABLE_KINDS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <umbra/records.h>

static char folder[64];

static inline int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-kinds-XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static inline int tear_down(void **state) {
  (void)state;
  return rmdir(folder);
}

/* ---- reading ---- */

typedef struct kind {
  const char *name;    /* of the kind */
  const char *text;    /* of the file */
  const char *records; /* features and label (+ or -) of each, as "1 2 +|3 4 -"; NULL: it is refused */
  const char *said;    /* part of a note or of the error; NULL: nothing is to be noted */
  const char *label, *positive;
  umbra_table_options options; /* but its struct_size and note */
  umbra_label_kind labels;
} kind;

static char notes[4096];

static inline void take_note(void *user, const char *text) {
  (void)user;
  snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", text);
}

static inline void write_bytes(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  fclose(file);
}

static inline void print_records(char *text, size_t size, const umbra_records *records) {
  size_t used = 0;
  *text = '\0';
  for (size_t r = 0; r < umbra_records_rows(records); r++) {
    used += (size_t)snprintf(text + used, size - used, "%s", r ? "|" : "");
    for (size_t c = 0; c < umbra_records_columns(records); c++)
      used += (size_t)snprintf(text + used, size - used, "%.10g ", umbra_records_row(records, r)[c]);
    used += (size_t)snprintf(text + used, size - used, "%c", umbra_records_label(records, r) > 0 ? '+' : '-');
  }
}

static inline umbra_status read_path(umbra_records **records, const kind *k, const char *path,
                                     const umbra_schema *schema) {
  umbra_table_options how = k->options;
  how.struct_size = sizeof how;
  how.note = take_note;
  const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .label = k->label, .positive = k->positive,
                                         .schema = schema,           .table = &how,     .labels = k->labels};
  *notes = '\0';
  return umbra_records_read(records, path, &options);
}

static inline void check_read(const kind *k, const umbra_records *records) {
  char found[4096];
  print_records(found, sizeof found, records);
  if (strcmp(found, k->records) != 0) fail_msg("%s: read as %s, not as %s", k->name, found, k->records);
  if (k->said ? !strstr(notes, k->said) : *notes != '\0')
    fail_msg("%s: noted \"%s\", not \"%s\"", k->name, notes, k->said ? k->said : "");
}

static inline void check_bytes(const kind *k, const char *file, const void *bytes, size_t size) {
  char path[128];
  umbra_records *records = NULL;
  snprintf(path, sizeof path, "%s/%s", folder, file);
  write_bytes(path, bytes, size);
  umbra_status status = read_path(&records, k, path, NULL);
  remove(path);
  if (status == UMBRA_OK && k->records) check_read(k, records);
  else if (status == UMBRA_OK) fail_msg("%s: is read, with \"%s\"", k->name, notes);
  if (status != UMBRA_OK && (k->records || !strstr(umbra_last_error(), k->said)))
    fail_msg("%s: \"%s\", not \"%s\"", k->name, umbra_last_error(), k->records ? k->records : k->said);
  umbra_records_destroy(records);
}

static inline void check_all(const kind *kinds, size_t count) {
  for (size_t i = 0; i < count; i++) check_bytes(&kinds[i], "table.csv", kinds[i].text, strlen(kinds[i].text));
}
#define CHECK_ALL(kinds) check_all((kinds), sizeof(kinds) / sizeof *(kinds))

#endif
