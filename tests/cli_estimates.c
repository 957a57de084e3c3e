/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* How long commands say that they take: which machine that is of, and what is measured for it. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "cli_process.h"

#define PLAN "plan --shape 100x3 --iterations 4 --json"

static bool calibrates(void) {
  cJSON *json = report();
  const bool said = cJSON_GetObjectItem(json, "calibrated") != NULL;
  cJSON_Delete(json);
  return said;
}

/* Keys, and a cache folder that does not exist yet. */
static int make_all(void **state) {
  if (make_job(state)) return 1;
  setenv("UMBRA_THREADS", "1", 1);
  char path[sizeof scratch + 8];
  snprintf(path, sizeof path, "%s/cache", scratch);
  return setenv("XDG_CACHE_HOME", path, 1);
}

static void machines_are_measured_if_they_may(void **state) {
  (void)state;
  setenv("UMBRA_CALIBRATE", "0", 1);
  assert_succeeds(PLAN);
  assert_false(calibrates());
  assert_succeeds("bench --json");
  assert_non_null(strstr(contents("out"), "\"measured\":false"));
  assert_int_not_equal(access("cache/umbra", F_OK), 0);
  unsetenv("UMBRA_CALIBRATE");
  assert_succeeds("bench --machine h200 --json");
  assert_int_not_equal(access("cache/umbra", F_OK), 0);
}

static void machines_are_measured_once(void **state) {
  (void)state;
  assert_succeeds(PLAN);
  assert_true(calibrates());
  assert_int_equal(shell("test $(ls cache/umbra | wc -l) = 1"), 0);
  assert_succeeds(PLAN);
  assert_false(calibrates());
  assert_succeeds("bench --json");
  assert_non_null(strstr(contents("out"), "\"measured\":true"));
  assert_false(calibrates());
}

/* As if there were none. */
static void damaged_files_are_replaced(void **state) {
  (void)state;
  assert_int_equal(shell("sed -i 's/^key [0-9]*/key 1/' cache/umbra/cost-*"), 0);
  assert_succeeds("bench");
  assert_non_null(strstr(contents("out"), "Calibrated: this machine"));
  assert_non_null(strstr(contents("out"), "as measured there"));
  assert_succeeds("bench --json");
  assert_false(calibrates());
}

static void what_is_not_kept_is_used(void **state) {
  (void)state;
  assert_int_equal(shell("XDG_CACHE_HOME=/dev/null %s " PLAN " >out 2>err", UMBRA_PROGRAM), 0);
  assert_non_null(strstr(contents("err"), "is not kept"));
  assert_non_null(strstr(contents("err"), "/dev/null"));
  assert_true(calibrates());
  assert_int_equal(shell("XDG_CACHE_HOME=/dev/null %s bench --calibrate >out 2>err", UMBRA_PROGRAM), 1);
  assert_non_null(strstr(contents("err"), "/dev/null"));
}

/* One part, and the range that it lies in. */
static void assert_estimated(const char *part) {
  cJSON *json = report();
  const cJSON *estimate = cJSON_GetObjectItem(json, "estimate");
  assert_non_null(estimate);
  const double seconds = number(estimate, part);
  assert_true(seconds > 0 && number(estimate, "least_seconds") < seconds && number(estimate, "most_seconds") > seconds);
  assert_int_equal(cJSON_GetArraySize(estimate), 3);
  cJSON_Delete(json);
}

static void commands_estimate_themselves(void **state) {
  (void)state;
#define ENCRYPT "encrypt --keys keys --records records.csv --drop-last-column --out again.umbra "
  assert_succeeds("keygen --params params.umbra --out more --secret secret/more.umbra --no-passphrase --json");
  assert_estimated("keygen_seconds");
  assert_succeeds(ENCRYPT "--json");
  assert_estimated("encrypt_seconds");
  assert_succeeds(ENCRYPT "--secret secret/key.umbra --passphrase-file secret/passphrase --json");
  assert_estimated("encrypt_seconds");
  assert_succeeds("encrypt --keys keys --model model.csv --range 4 --degree 3 --out other.umbra --json");
  assert_estimated("encrypt_seconds");
  assert_succeeds(ENCRYPT);
  assert_int_equal(shell("grep -Eq '^  time +[0-9.]+ m?s to [0-9.]+ m?s here; about [0-9.]+ m?s for encrypt$' out"), 0);
  assert_succeeds(ENCRYPT "--no-estimate --json");
  assert_null(strstr(contents("out"), "estimate"));
  assert_succeeds("keygen --params params.umbra --out less --secret secret/less.umbra --no-passphrase --no-estimate");
  assert_null(strstr(contents("out"), "time"));
#undef ENCRYPT
}

/* What cannot be estimated is done all the same. */
static void estimates_may_fail(void **state) {
  (void)state;
  assert_int_equal(shell("ulimit -f 8; trap '' XFSZ; %s keygen --params params.umbra --no-passphrase "
                         "--secret secret/none.umbra --out none >out 2>err",
                         UMBRA_PROGRAM),
                   1); /* neither are the keys written */
  assert_non_null(strstr(contents("err"), "there is no estimate of the time, which needs a temporary file"));
  assert_non_null(strstr(contents("err"), "cannot write"));
}

/* Which read of a trace is the first of a file without a name; 0: none. */
static int first_unnamed_read(void) {
  char line[CLI_TEXT];
  int reads = 0, found = 0;
  FILE *trace = fopen("trace", "r");
  assert_non_null(trace);
  while (!found && fgets(line, sizeof line, trace))
    if (++reads && strstr(line, "(deleted)")) found = reads;
  fclose(trace);
  return found;
}

/* The file that estimates are made with ends early; where strace may see to that. */
static void what_cannot_be_read_is_named(void **state) {
  (void)state;
#define TRACED "ASAN_OPTIONS=detect_leaks=0 strace -y -qq -o trace -e trace=read " /* LeakSanitizer is a tracer, too */
  if (system("strace -f -o /dev/null true 2>/dev/null") != 0) skip();
  assert_succeeds(PLAN); /* the machine is known from here on */
  assert_int_equal(shell(TRACED "%s " PLAN " >out 2>err", UMBRA_PROGRAM), 0);
  assert_int_equal(
      shell(TRACED "-e inject=read:retval=0:when=%d %s " PLAN " >out 2>err", first_unnamed_read(), UMBRA_PROGRAM), 0);
  assert_non_null(strstr(contents("err"), "there is no estimate of the time: what was written to a temporary file"));
#undef TRACED
}

/* With the public key, and in half as many bytes with the secret one. */
static void data_sets_are_estimated(void **state) {
  (void)state;
  assert_succeeds("plan records.csv --no-search --no-estimate --degree 3 --rate 0.5 --iterations 30 --out plan.umbra");
  assert_succeeds("keygen --preset boot-64k-40 --out large --secret secret/large.umbra --no-passphrase");
  assert_int_equal(umbra("encrypt records.csv --plan plan.umbra --keys large --out data --json"), 0);
  assert_estimated("encrypt_seconds");
  assert_int_equal(umbra("encrypt records.csv --plan plan.umbra --secret secret/large.umbra --out half --json"), 0);
  assert_estimated("encrypt_seconds");
}

static void assert_amount(const cJSON *bill, const char *name, double amount, double epochs) {
  char each[64];
  snprintf(each, sizeof each, "%s_per_epoch", name);
  assert_true(amount > 0 && fabs(number(bill, name) / amount - 1) < 1e-9);
  assert_true(fabs(number(bill, each) * epochs / amount - 1) < 1e-9);
}

static void assert_bill(const char *command, const char *of, const char *seconds, double epochs) {
  assert_succeeds("%s", command);
  cJSON *json = report();
  const cJSON *bill = cJSON_GetObjectItem(json, "bill");
  assert_non_null(bill);
  const double stated = number(cJSON_GetObjectItem(json, of), seconds);
  assert_amount(bill, "price", 3.5 * stated / 3600, epochs);
  assert_amount(bill, "joules", 700 * stated, epochs);
  cJSON_Delete(json);
}

/* Of the time that the plan states: here, or elsewhere. */
static void plans_have_a_price(void **state) {
  (void)state;
#define BILLED "plan --shape 100x3 --iterations 6 --batch 50 --price 3.50 --watts 700 "
  assert_bill(BILLED "--machine h200 --json", "prediction", "seconds", 3);
  assert_bill(BILLED "--json", "estimate", "train_seconds", 3);
  assert_succeeds(BILLED "--machine h200");
  assert_int_equal(shell("grep -Eq '^  joules +[0-9.]+ in all, [0-9.]+ per epoch$' out"), 0);
  assert_succeeds("plan --shape 100x3 --iterations 6 --machine h200 --watts 700");
  assert_null(strstr(contents("out"), "price"));
  assert_int_equal(umbra(BILLED "--no-estimate"), 2);
#undef BILLED
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(machines_are_measured_if_they_may),
      cmocka_unit_test(machines_are_measured_once),
      cmocka_unit_test(damaged_files_are_replaced),
      cmocka_unit_test(what_is_not_kept_is_used),
      cmocka_unit_test(commands_estimate_themselves),
      cmocka_unit_test(estimates_may_fail),
      cmocka_unit_test(what_cannot_be_read_is_named),
      cmocka_unit_test(data_sets_are_estimated),
      cmocka_unit_test(plans_have_a_price),
  };
  return cmocka_run_group_tests(tests, make_all, leave_scratch);
}
