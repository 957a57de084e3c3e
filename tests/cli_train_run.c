/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/* A training by the program, at full security: interrupted, resumed, its log, its files, and what the server opens. */
#include <cjson/cJSON.h>
#include <math.h>
#include <umbra/umbra.h>

#include "cli_process.h"

enum { ITERATIONS = 5 };

#define SECRET "--secret secret/key.umbra --no-passphrase"
#define SECRET_KEY "--secret secret/key.umbra "
#define SCORE "score --keys server/keys --model server/whole/model.umbra --records records.umbra --out scores.umbra "
#define DECRYPT "decrypt --keys keys --secret secret/key.umbra --weights "

/* Keys and data set of an owner, and a server's folder without the secret key. */
static int make_training(void **state) {
  if (enter_scratch(state)) return 1;
  shell("mkdir -p secret server/keys");
  write_text("train.csv", "a,b,label\n0.5,-0.25,0\n1,0.5,1\n-0.75,0.25,0\n0.25,1,1\n-1,-0.5,0\n0.75,0.75,1\n");
  const int code = umbra("plan train.csv --no-search --iterations %d --batch 4 --bootstrap-result "
                         "--scaling scaling.csv --out plan.umbra",
                         ITERATIONS);
  assert_int_equal(code, 0); /* it warns: so few iterations are not enough */
  assert_succeeds("keygen --plan plan.umbra --for-logistic 2 --out keys " SECRET);
  assert_succeeds("encrypt train.csv --plan plan.umbra --scaling scaling.csv " SECRET_KEY "--out data");
  shell("cp keys/params.umbra keys/eval.umbra server/keys && cp -r data server");
  setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* LeakSanitizer is a tracer itself, and cannot be traced */
  const char *tracer = system("strace -f -o /dev/null true 2>/dev/null") == 0
                           ? "strace -f -y -qq -s 4096 -o ../trace -e trace='?open,?creat,openat,?openat2'"
                           : "";
  assert_int_equal(shell("cd server && %s %s train --keys keys --data data --out whole --keep 2 --json >../whole.json",
                         tracer, UMBRA_PROGRAM),
                   0);
  return 0;
}

/* The lines of a log, the head included; each iteration is there once and in order. */
static int count_lines(const char *path, int *refreshes) {
  char line[CLI_TEXT];
  int lines = 0;
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  for (*refreshes = 0; fgets(line, sizeof line, file); lines++) {
    cJSON *json = cJSON_Parse(line);
    assert_non_null(json);
    if (lines) assert_true(number(json, "iteration") == lines);
    else assert_true(number(cJSON_GetObjectItem(json, "plan"), "iterations") == ITERATIONS);
    *refreshes += cJSON_IsTrue(cJSON_GetObjectItem(json, "bootstrapped"));
    cJSON_Delete(json);
  }
  fclose(file);
  return lines;
}

static void models_agree_with_the_twin(void **state) {
  (void)state;
  int refreshes;
  assert_int_equal(count_lines("server/whole/log.jsonl", &refreshes), ITERATIONS + 1);
  assert_true(refreshes >= 1);
  assert_succeeds(DECRYPT "--in server/whole/model.umbra --out weights.csv");
  assert_succeeds("evaluate --weights weights.csv --data train.csv --scaling scaling.csv --plan plan.umbra "
                  "--train train.csv --encrypted --keys keys --secret secret/key.umbra --degree 15 --json");
  cJSON *json = report();
  assert_true(number(json, "max_weight_difference") < 0x1p-10);
  assert_true(number(json, "accuracy") == number(json, "accuracy_twin"));
  assert_true(number(json, "max_difference_polynomial") < 0x1p-10);
  cJSON_Delete(json);
}

/* Of the scratch folder, where the secret key is too, only what is in its own folder; where strace may trace. */
static void servers_open_their_files_only(void **state) {
  (void)state;
  if (access("trace", F_OK) != 0) skip();
  assert_int_equal(shell("sed -n 's/.*= [0-9]*<\\(.*\\)>$/\\1/p' trace | grep '^%s/' >opened", scratch), 0);
  assert_int_equal(shell("grep -q 'server/data/block-000000.umbra' opened"), 0);
  assert_int_equal(shell("grep -v '^%s/server' opened || grep secret trace", scratch), 1);
}

/* And with a better polynomial, which the report of the plan's one names: as the sigmoid itself. */
static void better_polynomials_score(const cJSON *json, const umbra_table *weights, const umbra_table *records) {
  umbra_table scores = {0};
  assert_non_null(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(json, "sigmoid")), "degree 3 on [-8, 8]"));
  assert_true(fabs(number(json, "sigmoid_error") - 0.114) < 1e-3 && number(json, "better_error") < 1e-3);
  assert_succeeds(SCORE "--degree %.0f", number(json, "better_degree"));
  assert_succeeds("decrypt --keys keys --secret secret/key.umbra --in scores.umbra --out scores.csv");
  assert_int_equal(umbra_table_read(&scores, "scores.csv"), UMBRA_OK);
  for (size_t i = 0; i < scores.rows; i++) {
    const double *w = weights->values, *x = records->values + i * records->columns;
    assert_true(fabs(scores.values[i] - 1 / (1 + exp(-(w[0] * x[0] + w[1] * x[1] + w[2])))) < 2e-3);
  }
  umbra_table_clear(&scores);
}

/* The server uses the model as it comes out of the training: with the polynomial of the plan. */
static void trained_models_score(void **state) {
  (void)state;
  assert_succeeds("encrypt --keys keys --records train.csv --scaling scaling.csv --out records.umbra");
  assert_succeeds(SCORE "--json");
  cJSON *json = report();
  assert_succeeds(
      "decrypt --keys keys --secret secret/key.umbra --scaling scaling.csv --in scores.umbra --out scores.csv");
  umbra_table scores = {0}, weights = {0}, records = {0};
  assert_int_equal(umbra_table_read(&scores, "scores.csv"), UMBRA_OK);
  assert_int_equal(umbra_table_read(&weights, "weights.csv"), UMBRA_OK);
  assert_int_equal(umbra_table_read(&records, "train.csv"), UMBRA_OK);
  assert_int_equal(scores.rows, records.rows);
  for (size_t i = 0; i < scores.rows; i++) {
    const double *w = weights.values, *x = records.values + i * records.columns, z = w[0] * x[0] + w[1] * x[1] + w[2];
    assert_true(fabs(scores.values[i] - (0.5 + 0.15011988 * z - 0.001593 * z * z * z)) < 1e-3);
  }
  better_polynomials_score(json, &weights, &records);
  cJSON_Delete(json);
  umbra_table_clear(&records);
  umbra_table_clear(&weights);
  umbra_table_clear(&scores);
}

/* Before it has anything to go on with. */
static void trainings_are_stopped(void **state) {
  (void)state;
  assert_int_equal(umbra_terminated("train --keys server/keys --data server/data --out server/stopped"), 128 + SIGTERM);
  assert_non_null(strstr(contents("err"), "interrupted"));
  assert_int_not_equal(access("server/stopped/checkpoint.umbra", F_OK), 0);
}

/*
 * Interrupted, killed in another iteration, with a log that ends in the middle of a line or is gone: the same bits. On a
 * machine that is fast enough the signals come when all is done, which must be whole then.
 */
static void interrupted_trainings_go_on(void **state) {
  (void)state;
  int refreshes;
#define TRAIN "%s train --keys keys --data data --out parts "
  int code = shell("cd server && { " TRAIN
                   ">/dev/null 2>../err & " WAIT_WHILE("! test -s parts/checkpoint.umbra") "kill -TERM $!; wait $!; }",
                   UMBRA_PROGRAM);
  assert_true(code == 0 || code == 128 + SIGTERM);
  assert_true(strstr(contents("err"), "the same command with --resume goes on") ||
              access("server/parts/model.umbra", F_OK) == 0);
  assert_int_not_equal(shell("cd server && " TRAIN "2>../err", UMBRA_PROGRAM), 0);
  assert_non_null(strstr(contents("err"), "--resume goes on with it"));
  assert_int_equal(shell("printf '{\"iteration\":99}\\n{\"itera' >>server/parts/log.jsonl"), 0);
  code = shell("cd server && cp parts/checkpoint.umbra before && { " TRAIN "--resume >/dev/null 2>&1 & " WAIT_WHILE(
                   "cmp -s before parts/checkpoint.umbra") "kill -KILL $!; wait $!; }",
               UMBRA_PROGRAM);
  assert_true(code == 0 || code == 128 + SIGKILL);
  assert_int_equal(shell("cd server && { test -e parts/model.umbra || sed -i '$d' parts/log.jsonl; } && " TRAIN
                         "--resume --memory 1G --json >../out",
                         UMBRA_PROGRAM),
                   0);
  assert_int_equal(count_lines("server/parts/log.jsonl", &refreshes), ITERATIONS + 1);
  cJSON *json = report();
  assert_true(number(json, "bootstraps") == refreshes && number(json, "bootstraps_planned") == refreshes);
  assert_true(number(json, "resumed_after") >= 1);
  if (code) assert_true(number(cJSON_GetObjectItem(json, "estimate"), "train_seconds") > 0);
  cJSON_Delete(json);
  assert_int_equal(shell("cmp server/parts/model.umbra server/whole/model.umbra"), 0);
  assert_int_equal(shell("cd server && rm parts/log.jsonl parts/model.umbra && " TRAIN "--resume >/dev/null 2>../err",
                         UMBRA_PROGRAM),
                   0);
  assert_non_null(strstr(contents("err"), "this training cannot be audited"));
#undef TRAIN
}

/* At once: there need be no keys, and no records. */
static void finished_trainings_say_so(void **state) {
  (void)state;
#define TRAIN "train --keys nowhere --data data --out server/whole "
  assert_int_equal(
      shell("cp server/whole/model.umbra before && mkdir -p hollow && cp data/plan.umbra data/data.umbra hollow"), 0);
  assert_succeeds(TRAIN);
  assert_non_null(strstr(contents("out"), "there was nothing to do"));
  assert_succeeds("train --keys nowhere --data hollow --out server/whole --resume --json");
  cJSON *json = report();
  assert_true(number(json, "iterations") == ITERATIONS && number(json, "resumed_after") == ITERATIONS);
  assert_true(number(json, "bootstraps") == number(json, "bootstraps_planned"));
  cJSON_Delete(json);
  assert_int_equal(shell("cmp before server/whole/model.umbra"), 0);
  assert_succeeds("encrypt train.csv --plan plan.umbra --scaling scaling.csv " SECRET_KEY "--out again");
  assert_fails(1, "is of another data set", "train --keys nowhere --data again --out server/whole");
#undef TRAIN
}

/* By whoever has the data set and the evaluation keys; the link is that of the report, and of the log's last line. */
static void trainings_are_audited(void **state) {
  (void)state;
#define AUDIT "audit --keys server/keys --data data --link $(cat link) "
  assert_int_equal(
      shell("sed 's/.*\"link\":\"\\([0-9a-f]*\\)\".*/\\1/' whole.json >link && tail -n 1 server/whole/log.jsonl | "
            "grep -q $(cat link)"),
      0);
  assert_succeeds(AUDIT "--run server/whole --all --memory 1G --json");
  cJSON *json = report();
  assert_true(number(json, "segments") == 3 && number(json, "segments_repeated") == 3);
  assert_true(number(json, "iterations_repeated") == ITERATIONS && number(json, "probability") == 1);
  cJSON_Delete(json);
  assert_succeeds(AUDIT "--run server/whole --segments 0 --seed 5 --json");
  json = report();
  assert_true(number(json, "iterations_repeated") == 3 && number(json, "probability") == 0);
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(json, "seed")), "5");
  cJSON_Delete(json);
  assert_fails(1, "beside the first and the last there are 1", AUDIT "--run server/whole --segments 2");
  assert_int_equal(umbra_terminated(AUDIT "--run server/whole --all"), 128 + SIGTERM);
  assert_int_equal(shell("cp -r server/whole forged && rm forged/checkpoint-000004.umbra"), 0);
  assert_fails(1, "forged/checkpoint-000004.umbra': No such file", AUDIT "--run forged --segments 0");
  assert_non_null(strstr(contents("err"), "iterations 5 to 5 could not be verified"));
  assert_int_equal(shell("cp server/whole/checkpoint-000004.umbra forged && head -c -1 server/whole/model.umbra "
                         ">forged/model.umbra"),
                   0);
  assert_fails(1, "forged/model.umbra is not the model", AUDIT "--run forged --segments 0");
  assert_int_equal(
      shell("sed '4s/\"digest\":\"./&0/;4s/\\(\"digest\":\"..\\)./\\1/' server/whole/log.jsonl >forged/log.jsonl"), 0);
  assert_fails(1, "iteration 3 does not follow", AUDIT "--run forged --all");
  assert_fails(1, "whose last link was handed over",
               "audit --keys server/keys --data data --link %064d --run server/whole --all", 0);
#undef AUDIT
}

/* Found out before keys are loaded. */
static void owners_are_compared(void **state) {
  (void)state;
  assert_succeeds("keygen --plan plan.umbra --out theirs --secret secret/theirs.umbra --no-passphrase");
  assert_fails(1, "data/data.umbra is of another owner than theirs/eval.umbra",
               "train --keys theirs --data data --out theirs.run");
  assert_succeeds("keygen --plan plan.umbra --out theirs --secret secret/theirs.umbra");
  assert_non_null(strstr(contents("out"), "the keys that are there are enough"));
}

static void files_of_trainings_are_described(void **state) {
  (void)state;
  const struct {
    const char *file, *kind;
  } files[] = {{"data/plan.umbra", "training plan"},
               {"data/data.umbra", "training data"},
               {"data/block-000000.umbra", "training block"},
               {"server/whole/checkpoint.umbra", "checkpoint"},
               {"server/whole/model.umbra", "encrypted logistic model"}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    assert_succeeds("inspect %s", files[i].file);
    assert_non_null(strstr(contents("out"), files[i].kind));
  }
}

/* The data set that was trained on is of the secret key; the public one makes it twice as long. */
static void secret_keys_halve_data_sets(void **state) {
  (void)state;
#define ENCRYPT "encrypt train.csv --plan plan.umbra --scaling scaling.csv --keys keys "
  assert_succeeds(ENCRYPT "--out public");
  assert_int_equal(shell("test $(stat -c %%s data/block-000000.umbra) -lt "
                         "$(($(stat -c %%s public/block-000000.umbra) * 51 / 100))"),
                   0);
  assert_fails(1, "another owner than keys/public.umbra", ENCRYPT "--secret secret/few.umbra --out others");
  assert_int_not_equal(access("others/data.umbra", F_OK), 0);
#undef ENCRYPT
}

static void missing_keys_are_named(void **state) {
  (void)state;
  assert_succeeds("keygen --params keys/params.umbra --out few --secret secret/few.umbra --no-passphrase");
  assert_fails(1, "data/data.umbra is of another owner than few/eval.umbra",
               "train --keys few --data data --out few.run");
  assert_succeeds("encrypt train.csv --plan plan.umbra --scaling scaling.csv --keys few --out few.data");
  assert_fails(1, "evaluation keys needed are missing: relinearisation to level",
               "train --keys few --data few.data --out few.run");
  assert_non_null(strstr(contents("err"), "conjugation to level"));
  assert_succeeds("evaluate --weights weights.csv --data train.csv --scaling scaling.csv");
  assert_fails(1, "--for-logistic 2",
               "evaluate --weights weights.csv --data train.csv --scaling scaling.csv --encrypted --keys few "
               "--secret secret/few.umbra --degree 15");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(servers_open_their_files_only), cmocka_unit_test(models_agree_with_the_twin),
      cmocka_unit_test(trained_models_score),          cmocka_unit_test(trainings_are_stopped),
      cmocka_unit_test(interrupted_trainings_go_on),   cmocka_unit_test(files_of_trainings_are_described),
      cmocka_unit_test(finished_trainings_say_so),     cmocka_unit_test(trainings_are_audited),
      cmocka_unit_test(owners_are_compared),           cmocka_unit_test(missing_keys_are_named),
      cmocka_unit_test(secret_keys_halve_data_sets),
  };
  return cmocka_run_group_tests(tests, make_training, leave_scratch);
}
