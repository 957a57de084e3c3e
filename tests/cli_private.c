/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* umbra plan --private and umbra decrypt --private, as far as they go without a training: promises, misuse, the journal. */
#include <cjson/cJSON.h>
#include <math.h>
#include <umbra/umbra.h>

#include "cli_process.h"

enum { ROWS = 400 };

#define PLAN "plan train.csv --no-estimate "
#define PRIVATE PLAN "--private 2,1e-5 "
#define DECRYPT "decrypt --keys keys --secret secret/key.umbra --weights --in model.umbra "
#define SHOW DECRYPT "--private plan.umbra "
#define JOURNAL "secret/key.umbra.releases"

/* Two features in [-1, 1] times `size`, and a last column that follows from them. */
static void write_records(const char *path, const char *header, const char *const words[2], double size) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fprintf(file, "%s\n", header);
  for (int r = 0; r < ROWS; r++) {
    const double a = sin(3.0 * r + 1), b = sin(5.0 * r + 2);
    fprintf(file, "%g,%g,", size * a, size * b);
    if (words) fprintf(file, "%s\n", words[a + b / 2 > 0]);
    else fprintf(file, "%g\n", a + b / 2);
  }
  assert_int_equal(fclose(file), 0);
}

static int make_owner(void **state) {
  static const char *const labels[] = {"0", "1"};
  if (enter_scratch(state)) return 1;
  write_records("train.csv", "a,b,label", labels, 1);
  write_records("tens.csv", "a,b,label", labels, 10);
  write_records("values.csv", "a,b,value", NULL, 1);
  write_text("limits.csv", "-10,-10\n10,10\n");
  write_text("model.csv", "0.5\n-0.25\n0.125\n");
  shell("mkdir secret");
  assert_succeeds(PRIVATE "--out plan.umbra");
  assert_succeeds("params --preset boot-64k-50 --save params.umbra");
  assert_succeeds("keygen --params params.umbra --out keys --secret secret/key.umbra --no-passphrase");
  assert_succeeds("encrypt --keys keys --model model.csv --range 4 --degree 1 --out model.umbra");
  return 0;
}

static int without_journal(void **state) {
  (void)state;
  return shell("rm -rf " JOURNAL " shown.*");
}

/* ---- plans ---- */

/* Settings that follow from no record, and a promise in words and numbers. */
static void plans_say_what_they_promise(void **state) {
  (void)state;
  assert_succeeds(PRIVATE "--json");
  cJSON *json = report();
  const cJSON *made = cJSON_GetObjectItem(json, "private"), *plan = cJSON_GetObjectItem(json, "plan");
  assert_true(number(made, "epsilon") == 2 && number(made, "delta") == 1e-5 && number(made, "norm") == 1);
  assert_true(number(made, "noise") > 1.9 * number(made, "sensitivity") && number(made, "noise") < 0.2);
  assert_non_null(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(made, "mode")), "one record that is replaced"));
  assert_true(number(made, "accuracy") > 0.8 && number(made, "accuracy") <= 1);
  assert_true(number(made, "least_accuracy") <= number(made, "accuracy"));
  assert_true(number(plan, "iterations") == 10 && number(plan, "rate") == 1 && number(plan, "degree") == 7);
  assert_true(number(plan, "rounds") == 2 && number(plan, "range") > number(json, "largest_score"));
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(plan, "optimizer")), "plain");
  assert_true(number(json, "limited_records") > 0);
  assert_null(cJSON_GetObjectItem(json, "settings")); /* nothing was searched */
  const double range = number(plan, "range"), bound = number(plan, "bound");
  cJSON_Delete(json);
  assert_succeeds(PRIVATE);
  assert_int_equal(shell("grep -q 'epsilon 2, delta 1e-05' out && grep -q 'known to everybody' out"), 0);
  assert_succeeds("plan --shape 400x2 --private 2,1e-5 --no-estimate --json"); /* the same without records */
  json = report();
  plan = cJSON_GetObjectItem(json, "plan");
  assert_true(number(plan, "range") == range && number(plan, "bound") == bound);
  cJSON_Delete(json);
}

/* By limits that are known: as if the table had been in these units. */
static void limits_scale(void **state) {
  (void)state;
  double trained[2];
  for (int k = 0; k < 2; k++) {
    assert_succeeds("plan %s --no-estimate --private 2,1e-5 --json",
                    k ? "tens.csv --limits limits.csv --scaling s.csv --out p.umbra" : "train.csv");
    cJSON *json = report();
    trained[k] = number(json, "loss_twin");
    cJSON_Delete(json);
  }
  assert_true(fabs(trained[0] / trained[1] - 1) < 1e-3);  /* texts of the tables have six digits */
  assert_int_equal(shell("grep -q '^0,10,1,' s.csv"), 0); /* not what the columns come to */
  write_text("wrong.csv", "-10,-10,0\n10,10,1\n");
  assert_fails(1, "two rows are expected", "plan tens.csv --private 1,1e-5 --limits wrong.csv");
  write_text("wrong.csv", "-10,10\n10,10\n");
  assert_fails(1, "the second one is the larger", "plan tens.csv --private 1,1e-5 --limits wrong.csv");
}

/* What ciphertexts show of sizes: of records within the norm, however far within. */
static void bounds_follow_from_no_record(void **state) {
  (void)state;
  assert_succeeds(PRIVATE "--norm 1.5 --json");
  cJSON *json = report();
  assert_true(number(cJSON_GetObjectItem(json, "plan"), "record_bound") == 2);
  cJSON_Delete(json);
}

static void noise_of_both_is_planned(void **state) {
  (void)state;
  assert_succeeds(PRIVATE "--noise-by both --json");
  cJSON *json = report();
  const cJSON *made = cJSON_GetObjectItem(json, "private");
  assert_true(number(made, "shares") == 2);
  assert_non_null(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(made, "mode")), "each enough"));
  cJSON_Delete(json);
}

static void values_and_classes_are_planned(void **state) {
  (void)state;
  assert_succeeds("plan values.csv --labels values --private 2,1e-5 --label-limit 1 --no-estimate --json");
  cJSON *json = report();
  const cJSON *made = cJSON_GetObjectItem(json, "private");
  assert_true(number(made, "label_limit") == 1 && number(made, "loss") < 0.2);
  cJSON_Delete(json);
  assert_succeeds("plan train.csv --labels classes --private 2,1e-5 --no-estimate --json");
  json = report();
  assert_true(number(cJSON_GetObjectItem(json, "private"), "accuracy") > 0.8);
  cJSON_Delete(json);
}

static void what_would_tell_is_refused(void **state) {
  (void)state;
  static const char *const scalings[] = {"range", "deviation", "maximum", "quartiles", "whitened"};
  static const char *const budgets[] = {"1", "1,", ",1e-5", "0,1e-5", "1,0", "1,1e-5,2", "nan,1e-5", "1 1e-5"};
  for (size_t i = 0; i < sizeof scalings / sizeof *scalings; i++)
    assert_fails(2, "give --limits FILE", PRIVATE "--scale %s", scalings[i]);
  for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++)
    assert_fails(2, "is not EPSILON,DELTA", PLAN "--private '%s'", budgets[i]);
  assert_fails(2, "give --limits FILE", PRIVATE "--limits limits.csv --scale none");
  assert_fails(2, "give --limits FILE", PRIVATE "--limits limits.csv --clip 2");
  assert_fails(2, "--scaling FILE is missing", PRIVATE "--limits limits.csv --out p.umbra");
  assert_fails(2, "fill them in beforehand", PRIVATE "--missing median");
  assert_fails(2, "--optimizer plain", PRIVATE "--optimizer nesterov");
  assert_fails(2, "linear models", PRIVATE "--hidden 4");
  assert_fails(2, "--class-weights", PRIVATE "--class-weights balanced");
  assert_fails(2, "--initial", PRIVATE "--initial model.csv");
  assert_fails(2, "--held-out judges", PRIVATE "--holdout 0.2");
  assert_fails(2, "--label-limit L is missing", "plan values.csv --labels values --private 1,1e-5");
  assert_fails(2, "goes with --labels values", PRIVATE "--label-limit 2");
  assert_fails(2, "belong to --private", PLAN "--norm 2");
  assert_fails(2, "belong to --private", PLAN "--noise-by both");
  assert_fails(2, "none of owner, both", PRIVATE "--noise-by server");
  assert_fails(2, "belong to --private", PLAN "--limits limits.csv");
  assert_fails(1, "0.001 to 20", PLAN "--private 100,1e-5");
  assert_fails(1, "A larger range", PRIVATE "--range 1");
  assert_fails(1, "bound is 0.5", PRIVATE "--bound 0.5");
  write_text("words.csv", "a,town,label\n1,Oslo,0\n2,Rome,1\n3,Oslo,1\n4,Rome,0\n5,Oslo,1\n6,Rome,0\n");
  assert_fails(1, "each category that everybody knows", "plan words.csv --private 1,1e-5");
}

static void deltas_that_promise_nothing_are_warned_of(void **state) {
  (void)state;
  assert_int_equal(umbra(PLAN "--private 1,0.01"), 0);
  assert_non_null(strstr(contents("err"), "a tenth of that"));
}

/* ---- models ---- */

static void models_are_shown_with_noise(void **state) {
  (void)state;
  const double weights[] = {0.5, -0.25, 0.125};
  umbra_table shown = {0};
  assert_succeeds(SHOW "--out shown.csv --new-journal --json");
  cJSON *json = report();
  const cJSON *made = cJSON_GetObjectItem(json, "private");
  const double noise = number(made, "noise");
  assert_true(number(made, "epsilon") == 2 && number(made, "delta") == 1e-5 && number(json, "epsilon_of_all") == 2);
  assert_true(number(json, "noise") >= noise && number(json, "noise") < 1.001 * noise);
  cJSON_Delete(json);
  assert_int_equal(shell("grep -q '^# private: epsilon 2, delta 1e-05 ' shown.csv"), 0);
  assert_int_equal(umbra_table_read(&shown, "shown.csv"), UMBRA_OK);
  assert_true(shown.rows == 1 && shown.columns == 3);
  int off = 0;
  for (int i = 0; i < 3; i++) {
    assert_true(fabs(shown.values[i] - weights[i]) < 7 * noise);
    off += fabs(shown.values[i] - weights[i]) > noise / 100;
  }
  assert_true(off > 0);
  umbra_table_clear(&shown);
}

/* The same again is the same; with other noise it is told twice. */
static void promises_add_up(void **state) {
  (void)state;
  assert_succeeds(SHOW "--out shown.csv --new-journal --releases 4 --statistical 1");
  assert_int_equal(shell("cp shown.csv first.csv"), 0);
  assert_succeeds(SHOW "--out shown.csv --releases 4 --statistical 1 --json");
  cJSON *json = report();
  assert_true(number(json, "epsilon_of_all") == 2);
  cJSON_Delete(json);
  assert_int_equal(shell("cmp shown.csv first.csv"), 0);
  assert_succeeds(SHOW "--out shown.csv --releases 3 --statistical 1 --json");
  json = report();
  assert_true(number(json, "epsilon_of_all") == 4 && fabs(number(json, "delta_of_all") - 2e-5) < 1e-15);
  cJSON_Delete(json);
  assert_int_equal(shell("cmp -s shown.csv first.csv"), 1);
  assert_int_equal(shell("grep -c ' private 2 1.0*1e-05$' " JOURNAL " | grep -qx 2"), 0);
  assert_fails(1, "above 1", SHOW "--out shown.csv --releases 1 --statistical 1");
}

/* Values that were shown without a promise are told of. */
static void other_releases_are_told_of(void **state) {
  (void)state;
  assert_succeeds(DECRYPT "--out shown.csv --publish --releases 2 --statistical 2 --new-journal");
  assert_int_equal(umbra(SHOW "--out shown.csv --releases 2 --statistical 2"), 0);
  assert_non_null(strstr(contents("err"), "without a promise about records"));
}

static void files_say_what_is_promised(void **state) {
  (void)state;
  assert_succeeds(SHOW "--out shown.json --new-journal");
  cJSON *json = cJSON_Parse(contents("shown.json"));
  assert_true(number(cJSON_GetObjectItem(json, "private"), "epsilon") == 2);
  cJSON_Delete(json);
  assert_succeeds(SHOW "--names --out shown.csv");
  assert_int_equal(shell("grep -q '^# private: epsilon 2' shown.csv"), 0);
  assert_succeeds(SHOW "--out shown.onnx");
  assert_int_equal(shell("grep -aq 'private: epsilon 2' shown.onnx"), 0);
}

static void other_plans_are_refused(void **state) {
  (void)state;
  assert_succeeds("plan --shape 400x2 --preset boot-64k-50 --no-estimate --out open.umbra");
  assert_succeeds("plan --shape 400x3 --private 2,1e-5 --no-estimate --out wide.umbra");
  assert_succeeds("plan --shape 400x2 --private 2,1e-5 --preset boot-64k-40 --no-estimate --out other.umbra");
  assert_succeeds("plan --shape 400x2 --outputs 3 --private 2,1e-5 --no-estimate --out head.umbra");
  assert_fails(1, "promises no privacy", DECRYPT "--private open.umbra --out shown.csv --new-journal");
  assert_fails(1, "no model of that plan", DECRYPT "--private wide.umbra --out shown.csv --new-journal");
  assert_fails(1, "no model of that plan", DECRYPT "--private other.umbra --out shown.csv --new-journal");
  assert_fails(1, "no model of that plan", DECRYPT "--private head.umbra --out shown.csv --new-journal");
  assert_fails(1, "--new-journal", SHOW "--out shown.csv");
  assert_fails(2, "--error goes without --private", SHOW "--out shown.csv --error 1e-3");
  assert_fails(2, "goes with --keys",
               "decrypt --plan p --secret s --in i --out o.csv --private plan.umbra --new-journal");
  assert_int_equal(access(JOURNAL, F_OK), -1);
  assert_int_equal(access("shown.csv", F_OK), -1);
}

/* ---- data sets ---- */

/* Records are shortened as the plan says; what is encrypted is what the plan was made with. */
static void records_of_private_plans_are_encrypted(void **state) {
  (void)state;
  assert_int_equal(umbra("encrypt train.csv --plan plan.umbra --keys keys --out data"), 0);
  assert_int_equal(access("data/data.umbra", F_OK), 0);
  assert_int_equal(umbra("encrypt tens.csv --plan plan.umbra --keys keys --out tens"), 0); /* far beyond the norm */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(plans_say_what_they_promise),
                                     cmocka_unit_test(limits_scale),
                                     cmocka_unit_test(bounds_follow_from_no_record),
                                     cmocka_unit_test(noise_of_both_is_planned),
                                     cmocka_unit_test(values_and_classes_are_planned),
                                     cmocka_unit_test(what_would_tell_is_refused),
                                     cmocka_unit_test(deltas_that_promise_nothing_are_warned_of),
                                     cmocka_unit_test_setup(models_are_shown_with_noise, without_journal),
                                     cmocka_unit_test_setup(promises_add_up, without_journal),
                                     cmocka_unit_test_setup(other_releases_are_told_of, without_journal),
                                     cmocka_unit_test_setup(files_say_what_is_promised, without_journal),
                                     cmocka_unit_test_setup(other_plans_are_refused, without_journal),
                                     cmocka_unit_test(records_of_private_plans_are_encrypted)};
  return cmocka_run_group_tests(tests, make_owner, leave_scratch);
}
