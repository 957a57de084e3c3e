/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Files that were mixed up: another label, order of columns, scaling, plan or owner, for each command that reads some of
 * them. Each is an error, or is put right and said, before anything is encrypted and before keys are loaded: the folders of
 * keys that they are tried with hold headers of keys alone, which cannot be loaded.
 */
#include <cjson/cJSON.h>
#include <math.h>
#include <umbra/umbra.h>

#include "cli_process.h"

/* Three features and two labels, of 40 records. */
static void write_records(const char *path, double shift) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("width,ill,height,tall,age\n", file);
  for (int i = 0; i < 40; i++) {
    const int side = i % 2 ? 1 : -1, label = (i % 10 == 9 ? -side : side) > 0;
    fprintf(file, "%.6f,%d,%.6f,%d,%d\n", shift + side + 0.3 * sin(i), label, 0.5 * side + cos(3 * i), cos(3 * i) > 0,
            20 + 7 * i % 40);
  }
  assert_int_equal(fclose(file), 0);
}

#define PLAN "--no-search --scale deviation --range 8 --bound 8 "
#define SEALED "--no-passphrase"

static void make_plans(void) {
  write_records("train.csv", 0);
  write_records("others.csv", 0.25);
  assert_int_equal(shell("awk -F, -v OFS=, '{print $5, $4, $3, $2, $1}' train.csv >turned.csv && "
                         "tail -n +2 turned.csv >turned_bare.csv && tail -n +2 train.csv >bare.csv && "
                         "sed 's/width/depth/' train.csv >renamed.csv"),
                   0);
  assert_int_equal(umbra("plan train.csv --label ill --iterations 4 " PLAN "--scaling a.csv --out a.umbra"), 0);
  assert_int_equal(umbra("plan train.csv --label tall --iterations 4 " PLAN "--scaling label.csv --out label.umbra"),
                   0);
  assert_int_equal(umbra("plan others.csv --label ill --iterations 4 " PLAN "--scaling other.csv --out other.umbra"),
                   0);
  assert_int_equal(umbra("plan train.csv --label ill --iterations 5 " PLAN "--scaling five.csv --out five.umbra"), 0);
  assert_int_equal(shell("sed 's/^\\([-0-9.]*\\),/\\11,/' a.csv >edited.csv && ! cmp -s a.csv edited.csv"), 0);
}

/* Two owners' keys; of one only the headers. */
static void make_keys(void) {
  assert_int_equal(shell("mkdir secret"), 0);
  assert_succeeds("params --for-logistic 4 --degree 3 --scale 30 --save params.umbra");
  assert_succeeds("keygen --params params.umbra --for-logistic 4 --out keys --secret secret/key.umbra " SEALED);
  assert_succeeds("keygen --params params.umbra --for-logistic 4 --out theirs --secret secret/their.umbra " SEALED);
  assert_int_equal(
      shell("for k in keys theirs; do mkdir $k.head && cp $k/params.umbra $k.head && for f in public eval; "
            "do head -c 112 $k/$f.umbra >$k.head/$f.umbra; done; done; mkdir mixed && "
            "cp keys.head/* mixed && cp theirs.head/public.umbra mixed"),
      0);
}

static int make_files(void **state) {
  if (enter_scratch(state)) return 1;
  make_plans();
  make_keys();
  write_text("w.csv", "1,0.5,-0.25,0.125,0\n");
  static const char *const scalings[] = {"a", "label", "other", "five"};
  for (size_t i = 0; i < sizeof scalings / sizeof *scalings; i++) {
    assert_int_equal(umbra("encrypt --records train.csv --scaling %s.csv --keys keys --clip --out r_%s.umbra",
                           scalings[i], scalings[i]),
                     0);
    assert_succeeds("encrypt --model w.csv --scaling %s.csv --range 8 --degree 3 --keys keys --out m_%s.umbra",
                    scalings[i], scalings[i]);
  }
  assert_succeeds("encrypt --records train.csv --without ill --keys keys --out r_none.umbra");
  assert_succeeds("encrypt --model w.csv --range 8 --degree 3 --keys keys --out m_none.umbra");
  assert_succeeds("encrypt --records train.csv --without ill --keys theirs --out r_their.umbra");
  assert_succeeds("encrypt --model w.csv --range 8 --degree 3 --keys theirs --out m_their.umbra");
  assert_succeeds("score --keys keys --model m_a.umbra --records r_a.umbra --out s_a.umbra");
  assert_succeeds("decrypt --keys keys --secret secret/key.umbra --in m_a.umbra --weights --out w_a.csv");
  return 0;
}

/* ---- refused ---- */

typedef struct mixup {
  const char *what, *command, *says;
} mixup;

static void check(const mixup *m, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const int code = umbra("%s", m[i].command);
    if (code != 1 || !strstr(contents("err"), m[i].says))
      fail_msg("%s: %s: exit code %d, \"%s\" is not in: %s", m[i].what, m[i].command, code, m[i].says, contents("err"));
    if (access("unwanted", F_OK) == 0) fail_msg("%s: %s: it wrote something", m[i].what, m[i].command);
  }
}
#define CHECK(mixups) check((mixups), sizeof(mixups) / sizeof *(mixups))

#define DATA(data, options) "encrypt " data " --keys keys.head --out unwanted " options

static void data_sets(void **state) {
  (void)state;
  static const mixup mixups[] = {
      {"label", DATA("train.csv", "--plan a.umbra --scaling a.csv --label tall"), "'tall' is not the label"},
      {"label", DATA("train.csv", "--plan a.umbra --scaling label.csv"), "not the one that was written with this plan"},
      {"positive class", DATA("train.csv", "--plan a.umbra --scaling a.csv --positive 0"), "positive class is '1'"},
      {"order", DATA("turned_bare.csv", "--plan a.umbra --scaling a.csv"), "these are not the records"},
      {"no scaling", DATA("train.csv", "--plan a.umbra --label ill"), "--scaling FILE is missing"},
      {"scaling", DATA("train.csv", "--plan a.umbra --scaling other.csv"),
       "not the one that was written with this plan"},
      {"scaling", DATA("train.csv", "--plan a.umbra --scaling edited.csv"), "its file was changed"},
      {"plan", DATA("train.csv", "--plan a.umbra --scaling five.csv"), "written with another plan"},
      {"plan", DATA("train.csv", "--plan five.umbra --scaling a.csv"), "written with another plan"},
      {"records", DATA("others.csv", "--plan a.umbra --scaling a.csv"), "these are not the records"},
      {"owner",
       "encrypt train.csv --plan a.umbra --scaling a.csv --keys keys.head --secret secret/their.umbra --out unwanted",
       "of another owner than keys.head/public.umbra"},
      {"owner", "encrypt train.csv --plan a.umbra --scaling a.csv --keys mixed --out unwanted", "of another owner"},
  };
  CHECK(mixups);
}

#define RECORDS(options) "encrypt --keys keys.head --out unwanted --records " options

static void records_and_models(void **state) {
  (void)state;
  static const mixup mixups[] = {
      {"label among features", RECORDS("train.csv --scaling a.csv --columns ill,height,tall,age"),
       "says which columns"},
      {"order", RECORDS("turned_bare.csv --scaling a.csv"), "lie beyond what the training's records had"},
      {"columns", RECORDS("renamed.csv --scaling a.csv"), "no column is called 'width'"},
      {"units", RECORDS("others.csv --scaling a.csv"), "beyond what the training's records had"},
      {"scaling", "encrypt --keys keys.head --out unwanted --model w_a.csv --range 8 --degree 3 --scaling label.csv",
       "another training than --scaling"},
      {"scaling", "encrypt --keys keys.head --out unwanted --model w_a.csv --range 8 --degree 3 --scaling other.csv",
       "another training than --scaling"},
      {"plan", "encrypt --keys keys.head --out unwanted --model w_a.csv --range 8 --degree 3 --scaling five.csv",
       "another training than --scaling"},
      {"owner", RECORDS("train.csv --scaling a.csv --secret secret/their.umbra"), "of another owner"},
      {"owner",
       "encrypt --keys keys.head --out unwanted --model w.csv --range 8 --degree 3 --secret secret/their.umbra",
       "of another owner"},
      {"owner", "encrypt --keys mixed --out unwanted --records train.csv --scaling a.csv", "of another owner"},
  };
  CHECK(mixups);
}

#define SCORE(options) "score --keys keys.head --out unwanted " options

static void scores(void **state) {
  (void)state;
  static const mixup mixups[] = {
      {"label", SCORE("--model m_a.umbra --records r_label.umbra"), "another training than the model's"},
      {"scaling", SCORE("--model m_a.umbra --records r_other.umbra"), "another training than the model's"},
      {"plan", SCORE("--model m_five.umbra --records r_a.umbra"), "another training than the model's"},
      {"unscaled records", SCORE("--model m_a.umbra --records r_none.umbra"), "not known to be scaled"},
      {"unknown model", SCORE("--model m_none.umbra --records r_a.umbra"), "does not say of which it is"},
      {"owner of keys", "score --keys theirs.head --model m_a.umbra --records r_a.umbra --out unwanted",
       "of another owner than theirs.head/eval.umbra"},
      {"owner of records", SCORE("--model m_none.umbra --records r_their.umbra"), "r_their.umbra is of another owner"},
      {"owner of a model", SCORE("--model m_their.umbra --records r_none.umbra"), "m_their.umbra is of another owner"},
  };
  CHECK(mixups);
}

#define DECRYPT(options) "decrypt --keys keys --out unwanted.csv --secret secret/key.umbra " options

static void decryptions(void **state) {
  (void)state;
  static const mixup mixups[] = {
      {"label of scores", DECRYPT("--in s_a.umbra --scaling label.csv"), "another training than --scaling"},
      {"scaling of scores", DECRYPT("--in s_a.umbra --scaling other.csv"), "another training than --scaling"},
      {"plan of weights", DECRYPT("--in m_a.umbra --weights --scaling five.csv"), "another training than --scaling"},
      {"label of weights", DECRYPT("--in m_a.umbra --weights --scaling label.csv"), "another training than --scaling"},
      {"unscaled records", DECRYPT("--in r_none.umbra --scaling a.csv"), "does not say of which training"},
      {"owner", "decrypt --keys keys --out unwanted.csv --in s_a.umbra --secret secret/their.umbra",
       "s_a.umbra is of another owner than secret/their.umbra"},
      {"owner of weights",
       "decrypt --keys keys --out unwanted.csv --in m_a.umbra --weights --secret secret/their.umbra",
       "m_a.umbra is of another owner"},
  };
  CHECK(mixups);
  assert_int_not_equal(access("unwanted.csv", F_OK), 0);
}

#define EVALUATE(options) "evaluate --weights w_a.csv " options

static void evaluations(void **state) {
  (void)state;
  static const mixup mixups[] = {
      {"label", EVALUATE("--data train.csv --scaling a.csv --label tall"), "'tall' is not the label"},
      {"label's scaling", EVALUATE("--data train.csv --scaling label.csv"), "another training than --scaling"},
      {"order", EVALUATE("--data train.csv --scaling a.csv --plan a.umbra --train turned_bare.csv"),
       "these are not the records"},
      {"no scaling", EVALUATE("--data train.csv --label ill"), "--scaling FILE is missing"},
      {"no scaling", "evaluate --weights w.csv --data train.csv --label ill --plan a.umbra --train train.csv",
       "--scaling FILE is missing"},
      {"scaling", EVALUATE("--data train.csv --scaling other.csv"), "another training than --scaling"},
      {"plan", EVALUATE("--data train.csv --scaling a.csv --plan five.umbra --train train.csv"), "another plan"},
      {"plan", EVALUATE("--data train.csv --scaling five.csv"), "another training than --scaling"},
      {"records", EVALUATE("--data train.csv --scaling a.csv --plan a.umbra --train others.csv"),
       "these are not the records"},
      {"weights", EVALUATE("--data train.csv --scaling a.csv --plan a.umbra --train train.csv"),
       "off the same training in the clear"},
      {"owner",
       EVALUATE("--data train.csv --scaling a.csv --encrypted --degree 3 --keys keys.head --secret secret/their.umbra"),
       "of another owner"},
  };
  CHECK(mixups);
}

/* The server finds it out by headers, too. */
static void trainings(void **state) {
  (void)state;
  assert_int_equal(shell("mkdir data && cp a.umbra data/plan.umbra && head -c 112 r_their.umbra >data/data.umbra"), 0);
  assert_fails(1, "data/data.umbra is of another owner", "train --keys keys.head --data data --out unwanted");
}

/* ---- put right, or as it should be ---- */

static void orders_are_put_right(void **state) {
  (void)state;
  assert_int_equal(umbra("encrypt --records turned.csv --scaling a.csv --keys keys --out turned.umbra"), 0);
  assert_non_null(strstr(contents("err"), "matched by their names"));
  assert_fails(1, "keys.head", DATA("turned.csv", "--plan a.umbra --scaling a.csv"));
  assert_non_null(strstr(contents("err"), "matched by their names"));
  assert_succeeds("score --keys keys --model m_a.umbra --records turned.umbra --out s_turned.umbra");
  assert_succeeds(
      "decrypt --keys keys --secret secret/key.umbra --in s_turned.umbra --scaling a.csv --out turned_s.csv");
  assert_succeeds("decrypt --keys keys --secret secret/key.umbra --in s_a.umbra --scaling a.csv --out s.csv");
  umbra_table one = {0}, other = {0};
  assert_int_equal(umbra_table_read(&one, "s.csv"), UMBRA_OK);
  assert_int_equal(umbra_table_read(&other, "turned_s.csv"), UMBRA_OK);
  for (size_t i = 0; i < one.rows; i++) assert_true(fabs(one.values[i] - other.values[i]) < 1e-3);
  umbra_table_clear(&other);
  umbra_table_clear(&one);
}

static void what_belongs_together_passes(void **state) {
  (void)state;
  assert_fails(1, "keys.head", DATA("train.csv", "--plan a.umbra --scaling a.csv"));
  assert_fails(1, "keys.head", DATA("bare.csv", "--plan a.umbra --scaling a.csv"));
  assert_fails(1, "keys.head", DATA("train.csv", "--plan a.umbra --scaling a.csv --other-records"));
  assert_fails(1, "2 values lie beyond", DATA("moved.csv", "--plan a.umbra --scaling a.csv --other-records"));
  assert_succeeds("evaluate --weights w_a.csv --data train.csv --scaling a.csv");
  assert_succeeds("encrypt --model w_a.csv --range 8 --degree 3 --keys keys --out again.umbra");
  assert_succeeds("score --keys keys --model again.umbra --records r_a.umbra --out s_again.umbra");
}

/* ---- ranges ---- */

/* One age in another unit, and one width a little beyond. */
static void values_beyond_are_told(void **state) {
  (void)state;
  assert_fails(1, "--clip takes the nearest within", RECORDS("moved.csv --scaling a.csv"));
  assert_non_null(strstr(contents("err"), "feature 'age': 1 value lies beyond [20, 59]"));
  assert_non_null(strstr(contents("err"), "the farthest is 240 in record 4"));
  assert_non_null(strstr(contents("err"), "feature 'width': 1 value lies beyond"));
  assert_int_equal(umbra("encrypt --records moved.csv --scaling a.csv --clip --keys keys --out clipped.umbra --json"),
                   0);
  cJSON *json = cJSON_Parse(contents("out"));
  assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "clipped")) == 2);
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "notes")), 2);
  cJSON_Delete(json);
  assert_succeeds("decrypt --keys keys --secret secret/key.umbra --in clipped.umbra --scaling a.csv --out clipped.csv");
  umbra_table values = {0};
  assert_int_equal(umbra_table_read(&values, "clipped.csv"), UMBRA_OK);
  double largest = 0;
  for (size_t i = 0; i < values.rows; i++) largest = fmax(largest, values.values[i * 4 + 3]);
  assert_true(fabs(values.values[3 * 4 + 3] - largest) < 1e-3 && largest < 2);
  umbra_table_clear(&values);
  assert_int_equal(umbra("evaluate --weights w_a.csv --data moved.csv --scaling a.csv"), 0);
  assert_non_null(strstr(contents("err"), "beyond what the training's records had: 2, in 2 of 4 columns"));
  assert_fails(2, "--clip needs ranges", "encrypt --records train.csv --clip --keys keys --out unwanted");
}

/* ---- the promise ---- */

static void write_weights(const char *path, const double *weights, size_t count, double shift) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  for (size_t i = 0; i < count; i++)
    fprintf(file, "%.17g%c", weights[i] + (i == 1 ? shift : 0), i + 1 < count ? ',' : '\n');
  assert_int_equal(fclose(file), 0);
}

/* Weights of the training in the clear; one of them off by more or less than the plan promises. */
static void differences_are_held_against_the_plan(void **state) {
  (void)state;
  umbra_train_plan *plan = NULL;
  umbra_scaling *scaling = NULL;
  umbra_records *records = NULL, *scaled = NULL;
  double weights[5], promised;
  assert_int_equal(umbra_train_plan_load(&plan, "a.umbra"), UMBRA_OK);
  assert_int_equal(umbra_scaling_load(&scaling, "a.csv"), UMBRA_OK);
  const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .schema = umbra_scaling_schema(scaling)};
  assert_int_equal(umbra_records_read(&records, "train.csv", &options), UMBRA_OK);
  assert_int_equal(umbra_scaling_apply(scaling, &scaled, records), UMBRA_OK);
  assert_int_equal(umbra_train_twin(weights, NULL, 0, plan, scaled, NULL, NULL), UMBRA_OK);
  assert_int_equal(umbra_train_expected_error(&promised, plan, scaled, NULL, NULL), UMBRA_OK);
  write_weights("near.csv", weights, 5, 5 * promised);
  write_weights("far.csv", weights, 5, 7 * promised);
#define COMPARE " --data train.csv --scaling a.csv --plan a.umbra --train train.csv --json"
  assert_succeeds("evaluate --weights near.csv" COMPARE);
  cJSON *json = cJSON_Parse(contents("out"));
  assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "promised_weight_error")) == promised);
  assert_true(fabs(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "max_weight_difference")) / promised - 5) < 0.01);
  cJSON_Delete(json);
  assert_fails(1, "the plan promises an error of", "evaluate --weights far.csv" COMPARE);
  umbra_records_destroy(scaled);
  umbra_records_destroy(records);
  umbra_scaling_destroy(scaling);
  umbra_train_plan_destroy(plan);
}

/* ---- class weights ---- */

static void class_weights_travel_with_the_scaling(void **state) {
  (void)state;
  assert_int_equal(umbra("plan train.csv --label ill --class-weights balanced " PLAN
                         "--iterations 4 --scaling even.csv --out even.umbra --json"),
                   0);
  cJSON *json = cJSON_Parse(contents("out"));
  assert_true(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "plan"), "weighted")));
  cJSON_Delete(json);
  assert_fails(1, "keys.head", DATA("train.csv", "--plan even.umbra --scaling even.csv"));
  assert_fails(1, "another plan", DATA("train.csv", "--plan even.umbra --scaling a.csv"));
  assert_fails(2, "neither balanced nor numbers above 0", "plan train.csv --label ill --class-weights 1");
  assert_fails(2, "neither balanced nor numbers above 0", "plan train.csv --label ill --class-weights 1,-2");
  assert_fails(2, "belongs to DATA", "plan --shape 3x3 --class-weights balanced");
  assert_fails(2, "--scaling FILE is missing",
               "plan train.csv --label ill --class-weights 1,2 --no-search --scale none --out unwanted");
}

static int make_all(void **state) {
  if (make_files(state)) return 1;
  return shell("awk -F, -v OFS=, 'NR == 5 {$5 = 240} NR == 8 {$1 = 1.5} {print}' train.csv >moved.csv");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(data_sets),
      cmocka_unit_test(records_and_models),
      cmocka_unit_test(scores),
      cmocka_unit_test(decryptions),
      cmocka_unit_test(evaluations),
      cmocka_unit_test(trainings),
      cmocka_unit_test(orders_are_put_right),
      cmocka_unit_test(what_belongs_together_passes),
      cmocka_unit_test(values_beyond_are_told),
      cmocka_unit_test(differences_are_held_against_the_plan),
      cmocka_unit_test(class_weights_travel_with_the_scaling),
  };
  return cmocka_run_group_tests(tests, make_all, leave_scratch);
}
