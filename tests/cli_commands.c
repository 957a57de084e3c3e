/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* The umbra program from outside: usage, exit codes, a round trip, what it refuses, and tables that are not tables. */
#include <cjson/cJSON.h>
#include <math.h>
#include <sys/stat.h>
#include <umbra/umbra.h>

#include "cli_process.h"

#define DECRYPT "decrypt --keys keys --secret secret/key.umbra --passphrase-file secret/passphrase "

static void usage_errors_exit_with_2(void **state) {
  (void)state;
  assert_fails(2, "a command is expected", "%s", "");
  assert_fails(2, "\"frobnicate\" is not a command", "frobnicate");
  assert_fails(2, "--colour", "params --colour");
  assert_fails(2, "--depth needs an argument", "params --depth");
  assert_fails(2, "\"-1\" is not a whole number", "params --depth -1");
  assert_fails(2, "\"99999999999\" is not a whole number", "params --depth 99999999999");
  assert_fails(2, "exactly one of --preset", "params");
  assert_fails(2, "exactly one of --preset", "params --list --depth 3");
  assert_fails(2, "\"extra\" is not expected", "params --list extra");
  assert_fails(2, "exactly one FILE is expected, not 0", "inspect");
  assert_fails(2, "--out DIR is missing", "keygen --params p --secret s");
  assert_fails(2, "exactly one of --params and --preset", "keygen --out o --secret s");
  assert_fails(2, "exclude each other", "keygen --params p --out o --secret s --passphrase-file f --no-passphrase");
  assert_fails(2, "a whole number is expected at \"x\"", "keygen --params p --out o --secret s --rotations 1,x");
  assert_fails(2, "exactly one of --records and --model", "encrypt --keys k --out o");
  assert_fails(2, "--range R above 0", "encrypt --keys k --out o --model m.csv");
  assert_fails(2, "\"wide\" is not a number", "encrypt --keys k --out o --model m.csv --range wide");
  assert_fails(2, "the range 3-1 is empty", "encrypt --keys k --out o --records r.csv --columns 3-1");
  assert_fails(2, "exclude each other", "encrypt --keys k --out o --records r.csv --columns 1 --drop-last-column");
}

static void help_and_version_exit_with_0(void **state) {
  (void)state;
  const char *const commands[] = {"params", "keygen", "encrypt", "score", "decrypt", "inspect"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    assert_succeeds("%s --help", commands[i]);
    assert_non_null(strstr(contents("out"), "Example"));
    assert_non_null(strstr(contents("out"), "Exit codes"));
  }
  assert_succeeds("--help");
  assert_succeeds("--version");
  assert_string_equal(contents("out"), "umbra " UMBRA_VERSION_STRING "\n");
}

static void failures_exit_with_1(void **state) {
  (void)state;
  assert_fails(1, "missing.umbra", "inspect missing.umbra");
  assert_fails(1, "records.csv", "inspect records.csv");
  assert_fails(1, "--preset", "params --preset no-such-preset");
  assert_fails(1, "nowhere/params.umbra", "encrypt --keys nowhere --records records.csv --out x.umbra");
  assert_fails(1, "--records", "encrypt --keys keys --records nowhere.csv --out x.umbra");
  assert_fails(1, "--model", "score --keys keys --model records.umbra --records records.umbra --out x.umbra");
  assert_fails(1, "--out", "encrypt --keys keys --records records.csv --out nowhere/x.umbra");
  assert_fails(1, "--device", "encrypt --keys keys --records records.csv --out x.umbra --device abacus");
  assert_int_not_equal(access("x.umbra", F_OK), 0);
  if (access("/dev/full", W_OK) == 0) assert_int_equal(shell("%s params --list >/dev/full 2>err", UMBRA_PROGRAM), 1);
}

static void insecure_parameters_are_refused(void **state) {
  (void)state;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 2, .log_n = 11, .flags = UMBRA_INSECURE_FOR_TESTS};
  umbra_params *params = NULL;
  assert_int_equal(umbra_params_from_need(&params, &need), UMBRA_OK);
  assert_int_equal(umbra_params_save(params, "insecure.umbra"), UMBRA_OK);
  umbra_params_destroy(params);
  assert_fails(1, "insecure", "params --params insecure.umbra");
  assert_fails(1, "insecure", "keygen --params insecure.umbra --out weak --secret secret/weak.umbra --no-passphrase");
  assert_int_not_equal(access("secret/weak.umbra", F_OK), 0);
}

static void secret_keys_are_kept_apart(void **state) {
  (void)state;
  struct stat file;
  assert_int_equal(stat("secret/key.umbra", &file), 0);
  assert_int_equal(file.st_mode & 0777, 0600);
  assert_int_equal(shell("cp secret/key.umbra before && mkdir -p fresh/sub"), 0);
#define KEYGEN "keygen --params params.umbra --no-passphrase "
  assert_fails(1, "will not be replaced", KEYGEN "--out other --secret secret/key.umbra");
  assert_fails(1, "folder of public things", KEYGEN "--out fresh --secret fresh/key.umbra");
  assert_fails(1, "folder of public things", KEYGEN "--out fresh --secret fresh/sub/key.umbra");
  assert_fails(1, "folder of public things", KEYGEN "--out fresh --secret secret/../fresh/sub/key.umbra");
  assert_fails(1, "will not be replaced", KEYGEN "--out keys --secret secret/second.umbra");
  assert_fails(1, "secret key and will not be replaced",
               "encrypt --keys keys --records records.csv --out secret/key.umbra");
  assert_fails(1, "secret key and will not be replaced", "params --params params.umbra --save secret/key.umbra");
#undef KEYGEN
  assert_int_equal(shell("cmp -s before secret/key.umbra"), 0);
  assert_int_not_equal(access("secret/second.umbra", F_OK), 0);
}

static void passphrases_are_asked_for(void **state) {
  (void)state;
  write_text("wrong", "wrong horse\n");
  write_text("empty", "\n");
#define DECRYPT_TO "decrypt --keys keys --secret secret/key.umbra --in records.umbra --out x.csv "
  assert_fails(1, "--secret", DECRYPT_TO "--passphrase-file wrong");
  assert_fails(1, "empty", DECRYPT_TO "--passphrase-file empty");
  assert_fails(1, "--passphrase-file", DECRYPT_TO "--passphrase-file nowhere");
  if (shell("command -v setsid >/dev/null") == 0) {
    assert_int_equal(shell("setsid -w %s " DECRYPT_TO "2>err </dev/null", UMBRA_PROGRAM), 1);
    assert_non_null(strstr(contents("err"), "give --passphrase-file FILE"));
  }
#undef DECRYPT_TO
  assert_int_not_equal(access("x.csv", F_OK), 0);
}

static void assert_table(const char *path, size_t rows, size_t columns, const double *expected) {
  umbra_table table = {0};
  assert_int_equal(umbra_table_read(&table, path), UMBRA_OK);
  assert_int_equal(table.rows, rows);
  assert_int_equal(table.columns, columns);
  for (size_t i = 0; i < rows * columns; i++) assert_true(fabs(table.values[i] - expected[i]) < 1e-3);
  umbra_table_clear(&table);
}

static void scores_make_the_round_trip(void **state) {
  (void)state;
  const double logits[] = {1.5 * 0.5 + 0.5 + 0.25, 1.5 - 0.5 + 0.25, -3 - 0.125 + 0.25};
  double scores[3];
  for (int i = 0; i < 3; i++) scores[i] = umbra_logistic_value(logits[i], 4, 3);
  assert_succeeds("score --keys keys --model model.umbra --records records.umbra --out scores.umbra --json");
  cJSON *report = cJSON_Parse(contents("out"));
  assert_non_null(report);
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(report, "command")), "score");
  assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(report, "seconds")) > 0);
  assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(report, "steps")) >= 5);
  cJSON_Delete(report);
  assert_succeeds(DECRYPT "--in scores.umbra --out scores.csv");
  assert_table("scores.csv", 3, 1, scores);
}

static void columns_are_chosen(void **state) {
  (void)state;
  const double records[] = {0.5, -1, 1, 1, -2, 0.25}, swapped[] = {0, 0.5, 1, 1, 0, -2};
  assert_succeeds(DECRYPT "--in records.umbra --out records.npy");
  assert_table("records.npy", 3, 2, records);
  assert_succeeds("encrypt --keys keys --records records.csv --columns 3,1 --out swapped.umbra");
  assert_succeeds(DECRYPT "--in swapped.umbra --out swapped.csv");
  assert_table("swapped.csv", 3, 2, swapped);
  assert_succeeds("encrypt --keys keys --records records.npy --columns 1-2 --out npy.umbra");
  assert_fails(1, "there is no column 4", "encrypt --keys keys --records records.csv --columns 4 --out x.umbra");
  assert_fails(1, "there is no column 0", "encrypt --keys keys --records records.csv --columns 0 --out x.umbra");
}

static void other_owners_are_noticed(void **state) {
  (void)state;
  assert_succeeds("keygen --params params.umbra --out theirs --secret secret/theirs.umbra --no-passphrase");
  assert_fails(1, "--in", "decrypt --keys theirs --secret secret/theirs.umbra --in records.umbra --out x.csv");
  assert_fails(1, "score", "score --keys theirs --model model.umbra --records records.umbra --out x.umbra");
}

static void hostile_tables_are_refused(void **state) {
  (void)state;
  const char *const texts[] = {"",          "\n\n",       "1,2\n3\n", "1,2\n3,x\n", "1,,2\n", "1,2,\n1,2,\n",
                               "nan,1\n",   "1,inf\n",    "1e999\n",  "0x10;3\n",   "1 2\n",  "\"1\n",
                               "1e300,1\n", "a,b\nc,d\n", "\xff\xfe", "1,2\n\x01\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    write_text("hostile.csv", texts[i]);
    assert_fails(1, "--records", "encrypt --keys keys --records hostile.csv --out x.umbra");
  }
  write_text("hostile.npy", "\x93NUMPY\x01");
  assert_fails(1, "--records", "encrypt --keys keys --records hostile.npy --out x.umbra");
  assert_fails(1, "--records", "encrypt --keys keys --records secret/key.umbra --out x.umbra");
  assert_fails(1, "--model", "encrypt --keys keys --model records.csv --range 1 --out x.umbra");
  assert_int_not_equal(access("x.umbra", F_OK), 0);
}

static void files_are_described(void **state) {
  (void)state;
  const char *const files[] = {"params.umbra",  "keys/public.umbra", "keys/eval.umbra",
                               "records.umbra", "model.umbra",       "secret/key.umbra"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    assert_succeeds("inspect %s --json", files[i]);
    cJSON *info = cJSON_Parse(contents("out"));
    assert_true(cJSON_IsString(cJSON_GetObjectItem(info, "kind")));
    cJSON_Delete(info);
  }
  assert_succeeds("inspect params.umbra");
  assert_int_equal(shell("head -c 1000 records.umbra >short.umbra"), 0);
  assert_fails(1, "short.umbra", "inspect short.umbra");
  assert_succeeds("params --list --json");
  assert_succeeds("params --params params.umbra --json");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(usage_errors_exit_with_2),   cmocka_unit_test(help_and_version_exit_with_0),
      cmocka_unit_test(failures_exit_with_1),       cmocka_unit_test(insecure_parameters_are_refused),
      cmocka_unit_test(secret_keys_are_kept_apart), cmocka_unit_test(passphrases_are_asked_for),
      cmocka_unit_test(scores_make_the_round_trip), cmocka_unit_test(columns_are_chosen),
      cmocka_unit_test(other_owners_are_noticed),   cmocka_unit_test(hostile_tables_are_refused),
      cmocka_unit_test(files_are_described),
  };
  return cmocka_run_group_tests(tests, make_job, leave_scratch);
}
