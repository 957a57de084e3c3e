/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Other tables by the schema of one: columns found by their names or places, and what is refused. */
#include "table_kinds.h"

#include <time.h>

#include "host/base/memory.h"

static char *describe(const umbra_schema *schema) {
  size_t size;
  assert_int_equal(umbra_schema_describe(schema, NULL, &size), UMBRA_OK);
  char *json = malloc(size);
  assert_non_null(json);
  assert_int_equal(umbra_schema_describe(schema, json, &size), UMBRA_OK);
  return json;
}

/* The schema of a table, as a file keeps it. */
static umbra_schema *schema_of(const kind *training, const char *path) {
  umbra_records *records = NULL;
  umbra_schema *schema = NULL;
  write_bytes(path, training->text, strlen(training->text));
  assert_int_equal(read_path(&records, training, path, NULL), UMBRA_OK);
  char *json = describe(umbra_records_schema(records));
  assert_int_equal(umbra_schema_parse(&schema, json), UMBRA_OK);
  free(json);
  umbra_records_destroy(records);
  return schema;
}

static void check_by_schema(const kind *training, const kind *kinds, size_t count) {
  char path[128];
  snprintf(path, sizeof path, "%s/table.csv", folder);
  umbra_schema *schema = schema_of(training, path);
  for (size_t i = 0; i < count; i++) {
    const kind *k = &kinds[i];
    umbra_records *records = NULL;
    write_bytes(path, k->text, strlen(k->text));
    umbra_status status = read_path(&records, k, path, schema);
    if ((status == UMBRA_OK) != (k->records != NULL)) fail_msg("%s: %s", k->name, umbra_last_error());
    if (status == UMBRA_OK) check_read(k, records);
    else if (!strstr(umbra_last_error(), k->said))
      fail_msg("%s: \"%s\", not \"%s\"", k->name, umbra_last_error(), k->said);
    umbra_records_destroy(records);
  }
  umbra_schema_destroy(schema);
  remove(path);
}

static const char trained[] = "s,a,b,y\nu,1,,no\nv,2,4,yes\nu,3,6,yes\nv,4,8,no\n";

static void by_schema(void **state) {
  (void)state;
  static const kind kinds[] = {
      {"the same", "s,a,b,y\nv,1,2,no\nu,2,3,yes\n", "0 1 1 2 -|1 0 2 3 +", .said = NULL},
      {"another order", "y,b,s,a\nno,2,v,1\nyes,3,u,2\n", "0 1 1 2 -|1 0 2 3 +", .said = "matched by their names"},
      {"more columns", "s,q,a,b,y\nv,9,1,2,no\nu,9,2,3,yes\n", "0 1 1 2 -|1 0 2 3 +", .said = NULL},
      {"no header", "v,1,2,no\nu,2,3,yes\n", "0 1 1 2 -|1 0 2 3 +", "taken by their places",
       .options.header = UMBRA_HEADER_NONE},
      {"missing value", "s,a,b,y\nv,1,,no\nu,2,3,yes\n", "0 1 1 6 -|1 0 2 3 +", .said = "filled by the mean"},
      {"unseen text", "s,a,b,y\nw,1,2,no\nu,2,3,yes\n", "0 0 1 2 -|1 0 2 3 +",
       .said = "1 texts are none of the training's categories"},
      {"text that looks like a number", "s,a,b,y\n7,1,2,no\nu,2,3,yes\n", "0 0 1 2 -|1 0 2 3 +",
       .said = "1 texts are none"},
      {"column that is not there", "s,a,y\nv,1,no\nu,2,yes\n", NULL, .said = "no column is called 'b'"},
      {"label that is not there", "s,a,b\nv,1,2\nu,2,3\n", NULL, .said = "no column 'y', which is the label"},
      {"unknown class", "s,a,b,y\nv,1,2,no\nu,2,3,maybe\n", NULL,
       .said = "the label is 'maybe', and the classes are 'no' and 'yes'"},
      {"another label", "s,a,b,y\nv,1,2,no\nu,2,3,yes\n", NULL, "'a' is not the label of the training", .label = "a"},
      {"the label by its name", "s,a,b,y\nv,1,2,no\nu,2,3,yes\n", "0 1 1 2 -|1 0 2 3 +", .said = NULL, .label = "y"},
      {"another positive class", "s,a,b,y\nv,1,2,no\nu,2,3,yes\n", NULL, "positive class is 'yes'", .positive = "no"},
      {"other columns", "s,a,b,y\nv,1,2,no\nu,2,3,yes\n", NULL, "the training says", .options.without = "a"},
      {"text where a number was", "s,a,b,y\nv,x,2,no\nu,2,3,yes\n", NULL, .said = "'x' is not a number"},
      {"too few columns", "v,no\nu,yes\n", NULL, "has 2 columns, and the training's has 4",
       .options.header = UMBRA_HEADER_NONE},
  };
  const kind training = {"training", trained, NULL, NULL, .options.missing = UMBRA_MISSING_MEAN};
  check_by_schema(&training, kinds, sizeof kinds / sizeof *kinds);
}

/* The training's table had names of rows, and a column that was left out: others without a header may lack them. */
static void by_place(void **state) {
  (void)state;
  static const kind training = {"training", ",a,q,b,y\nr1,1,9,4,0\nr2,2,8,5,1\nr3,3,7,6,0\n", NULL, NULL,
                                .options.without = "q"};
  static const kind kinds[] = {
      {"all columns", "1,1,9,4,0\n2,2,8,5,1\n", "1 4 -|2 5 +", .said = "taken by their places"},
      {"those that are used", "1,4,0\n2,5,1\n", "1 4 -|2 5 +", .said = "taken by their places"},
      {"without the index", "1,9,4,0\n2,8,5,1\n", NULL, .said = "has 4 columns, and the training's has 5"},
      {"one too few", "4,0\n5,1\n", NULL, .said = "has 2 columns, and the training's has 5"},
  };
  check_by_schema(&training, kinds, sizeof kinds / sizeof *kinds);
}

static void check_features(const umbra_schema *schema, const char *text, const double *expected, const char *says) {
  char path[128];
  umbra_table table = {0};
  const umbra_table_options options = {UMBRA_TABLE_OPTIONS_INIT, .header = UMBRA_HEADER_NONE};
  snprintf(path, sizeof path, "%s/table.csv", folder);
  write_bytes(path, text, strlen(text));
  umbra_status status = umbra_schema_read_features(schema, &table, path, &options);
  remove(path);
  if ((status == UMBRA_OK) != (expected != NULL)) fail_msg("%s: %s", text, umbra_last_error());
  if (expected) assert_memory_equal(table.values, expected, table.rows * table.columns * sizeof *expected);
  else if (!strstr(umbra_last_error(), says)) fail_msg("%s: %s", text, umbra_last_error());
  umbra_table_clear(&table);
}

/* Without the label one column less may be the label's, or that of the names of rows. */
static void features_by_place(void **state) {
  (void)state;
  static const kind indexed = {"training", ",a,b,y\nr1,1,4,0\nr2,2,5,1\nr3,3,6,0\n", .said = NULL},
                    plain = {"training", "a,b,y\n1,4,0\n2,5,1\n3,6,0\n", .said = NULL};
  char path[128];
  snprintf(path, sizeof path, "%s/table.csv", folder);
  umbra_schema *schema = schema_of(&indexed, path);
  check_features(schema, "7,1,4,0\n8,2,5,1\n", (const double[]){1, 4, 2, 5}, NULL);
  check_features(schema, "7,1,4\n8,2,5\n", NULL, "it is not known which are missing");
  check_features(schema, "1,4\n2,5\n", (const double[]){1, 4, 2, 5}, NULL);
  umbra_schema_destroy(schema);
  schema = schema_of(&plain, path);
  check_features(schema, "1,4,0\n2,5,1\n", (const double[]){1, 4, 2, 5}, NULL);
  check_features(schema, "1,4\n2,5\n", (const double[]){1, 4, 2, 5}, NULL);
  umbra_schema_destroy(schema);
}

/* Schemas that no table has. */
static void schemas_that_are_refused(void **state) {
  (void)state;
  static const char text[] =
      "{\"umbra_schema\": 1, \"table_columns\": 3, \"header\": false, \"missing\": \"refuse\", \"label\": {\"column\": "
      "%d, \"positive\": \"1\"}, \"columns\": [{\"column\": %d, \"kind\": \"numbers\", \"fill\": 0}, {\"column\": %d, "
      "\"kind\": \"numbers\", \"fill\": 0}]}";
  static const int kinds[][4] = {{3, 1, 2, 1}, {3, 2, 1, 1}, {1, 3, 2, 1}, {3, 1, 3, 0}, {2, 2, 1, 0}, {3, 2, 2, 0}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    char json[512];
    umbra_schema *schema = NULL;
    snprintf(json, sizeof json, text, kinds[i][0], kinds[i][1], kinds[i][2]);
    if ((umbra_schema_parse(&schema, json) == UMBRA_OK) != kinds[i][3]) fail_msg("%s: %s", json, umbra_last_error());
    if (!kinds[i][3]) assert_non_null(strstr(umbra_last_error(), "in which each comes once"));
    umbra_schema_destroy(schema);
  }
}

/* The training's table had a name twice: one column of it may be either. */
static void names_that_come_twice(void **state) {
  (void)state;
  static const kind twins = {"two features", "x,x,z,y\n1,4,7,0\n2,5,8,1\n3,6,9,0\n", .said = NULL},
                    label = {"a feature and the label", "x,z,x\n1,4,0\n2,5,1\n3,6,0\n", .said = NULL};
  static const kind of_twins[] = {
      {"both in their places", "x,x,z,y\n1,4,7,0\n2,5,8,1\n", "1 4 7 -|2 5 8 +", .said = NULL},
      {"one is missing", "x,z,y\n1,7,0\n2,8,1\n", NULL, .said = "column 1 has a name that several"},
  };
  static const kind of_label[] = {
      {"both in their places", "x,z,x\n1,4,0\n2,5,1\n", "1 4 -|2 5 +", .said = NULL},
      {"no label", "x,z\n0,4\n1,5\n", NULL, .said = "no column 'x', which is the label"},
  };
  check_by_schema(&twins, of_twins, sizeof of_twins / sizeof *of_twins);
  check_by_schema(&label, of_label, sizeof of_label / sizeof *of_label);
}

/* Cells of a column of words and numbers say nothing by themselves: classes must not come of them. */
static void labels_by_schema(void **state) {
  (void)state;
  static const kind numbers = {"0 and 1", "a,y\n1,0\n2,1\n", .said = NULL},
                    words = {"no and yes", "a,y\n1,no\n2,yes\n", .said = NULL};
  static const kind of_numbers[] = {
      {"words among numbers", "a,y\n1,1\n2,0\n3,100\n4,yes\n", NULL,
       .said = "line 5, column 2 (y): the label 'yes' is not a number, and others are; --text"},
      {"words and a number below 0", "a,y\n1,yes\n2,-1\n3,1e15\n", NULL, .said = "the label 'yes' is not a number"},
      {"words that are numbers", "a,y\n1,1\n2,0\n", "1 +|2 -", .said = NULL, .options.text = "y"},
      {"infinite", "a,y\n1,1\n2,0\n3,inf\n", NULL, .said = "line 4, column 2 (y): the label is not finite"},
  };
  static const kind of_words[] = {
      {"as many numbers", "a,y\n1,yes\n2,no\n3,1\n4,0\n", NULL,
       .said = "line 2, column 2 (y): the label 'yes' is not a number, and others are; --text"},
      {"more words than numbers", "a,y\n1,yes\n2,no\n3,1\n", NULL,
       .said = "line 2, column 2 (y): the label 'yes' is not a number, and others are; --text"},
      {"numbers alone", "a,y\n1,1\n2,0\n", NULL, .said = "the label is '1', and the classes are 'no' and 'yes'"},
  };
  check_by_schema(&numbers, of_numbers, sizeof of_numbers / sizeof *of_numbers);
  check_by_schema(&words, of_words, sizeof of_words / sizeof *of_words);
}

/* A table of that many columns c0, c1, ... and a label, or the other way round. */
static char *wide_table(size_t columns, int turned) {
  const size_t room = 24 * (columns + 1);
  char *text = malloc(room);
  assert_non_null(text);
  size_t used = (size_t)snprintf(text, room, "%s", turned ? "y" : "");
  for (size_t c = 0; c < columns; c++)
    used += (size_t)snprintf(text + used, room - used, "%sc%zu", used ? "," : "", turned ? columns - 1 - c : c);
  used += (size_t)snprintf(text + used, room - used, "%s\n", turned ? "" : ",y");
  for (int row = 0; row < 3; row++)
    for (size_t c = 0; c <= columns; c++)
      used += (size_t)snprintf(text + used, room - used, "%d%c", row % 2, c < columns ? ',' : '\n');
  return text;
}

static clock_t time_of_numbers(const char *path) {
  umbra_table table = {0};
  const clock_t begin = clock();
  assert_int_equal(umbra_table_read(&table, path), UMBRA_OK);
  umbra_table_clear(&table);
  return clock() - begin;
}

/* Features that are noted and columns that are matched by names take as long as numbers, not as their square. */
static void many_columns(void **state) {
  (void)state;
  enum { COLUMNS = 1 << 16, TIMES = 8 };
  const kind k = {"many columns", "", NULL, .said = NULL};
  umbra_records *records[2] = {NULL, NULL};
  char path[128];
  snprintf(path, sizeof path, "%s/table.csv", folder);
  for (int turned = 0; turned < 2; turned++) {
    char *text = wide_table(COLUMNS, turned);
    write_bytes(path, text, strlen(text));
    free(text);
    const umbra_schema *schema = turned ? umbra_records_schema(records[0]) : NULL;
    const clock_t numbers = time_of_numbers(path), begin = clock();
    assert_int_equal(read_path(&records[turned], &k, path, schema), UMBRA_OK);
    assert_true(clock() - begin < TIMES * numbers);
    assert_int_equal(umbra_records_columns(records[turned]), COLUMNS);
  }
  assert_non_null(strstr(notes, "matched by their names"));
  umbra_records_destroy(records[0]);
  umbra_records_destroy(records[1]);
  remove(path);
}

/* Whatever allocation fails, the call does, and leaves nothing behind. */
static void memory_that_cannot_be_had(void **state) {
  (void)state;
  char path[128];
  const kind k = {"memory", trained, NULL, .said = NULL, .options.missing = UMBRA_MISSING_CATEGORY};
  umbra_records *records = NULL, *again = NULL;
  snprintf(path, sizeof path, "%s/table.csv", folder);
  write_bytes(path, trained, strlen(trained));
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long countdown = 0; status != UMBRA_OK; countdown++) {
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_null(records);
    umbra_alloc_fail_after(countdown);
    status = read_path(&records, &k, path, NULL);
    umbra_alloc_fail_after(-1);
  }
  status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long countdown = 0; status != UMBRA_OK; countdown++) {
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    umbra_alloc_fail_after(countdown);
    status = read_path(&again, &k, path, umbra_records_schema(records));
    umbra_alloc_fail_after(-1);
  }
  umbra_records_destroy(again);
  umbra_records_destroy(records);
  remove(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_place),
      cmocka_unit_test(features_by_place),
      cmocka_unit_test(by_schema),
      cmocka_unit_test(schemas_that_are_refused),
      cmocka_unit_test(names_that_come_twice),
      cmocka_unit_test(labels_by_schema),
      cmocka_unit_test(many_columns),
      cmocka_unit_test(memory_that_cannot_be_had),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
