/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Training from the command line, as far as it goes without keys: plans, what they warn of, and what is refused. */
#include <cjson/cJSON.h>
#include <math.h>
#include <sys/stat.h>
#include <umbra/umbra.h>

#include "cli_process.h"

/* Two features around 1 and -1 times `size`, of 40 records, and a label that follows from them but for every tenth. */
static void write_records(const char *path, double size) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("width,ill,height\n", file);
  for (int i = 0; i < 40; i++) {
    int side = i % 2 ? 1 : -1, label = (i % 10 == 9 ? -side : side) > 0;
    fprintf(file, "%.6f,%d,%.6f\n", size * (side + 0.3 * sin(i)), label, size * (0.5 * side + cos(3 * i)));
  }
  assert_int_equal(fclose(file), 0);
}

static int make_files(void **state) {
  if (enter_scratch(state)) return 1;
  write_records("train.csv", 1);
  write_records("wide.csv", 40);
  return shell("mkdir secret");
}

#define PLAN "plan train.csv --label ill --no-search --no-estimate --iterations 6 "

static void usage_errors_exit_with_2(void **state) {
  (void)state;
  assert_fails(2, "exactly one of DATA and --shape", "plan");
  assert_fails(2, "exactly one of DATA and --shape", "plan train.csv --shape 3x3");
  assert_fails(2, "exactly one DATA is expected, not 2", "plan train.csv train.csv");
  const char *const shapes[] = {"3", "3x", "x3", "0x3", "3x0", "-3x3", "3x4294967296", "3x3x3"};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    assert_fails(2, "is not ROWSxCOLUMNS", "plan --shape=%s", shapes[i]);
  assert_fails(2, "belong to DATA", "plan --shape 3x3 --label a");
  assert_fails(2, "belong to DATA", "plan --shape 3x3 --scaling s.csv");
  assert_fails(2, "\"big\" is none of none, range, deviation, constant", PLAN "--scale big");
  assert_fails(2, "--scale constant and --scale-by belong together", PLAN "--scale constant");
  assert_fails(2, "--scale constant and --scale-by belong together", PLAN "--scale-by 7");
  assert_fails(2, "--scaling FILE is missing", PLAN "--scale range --out plan.umbra");
  assert_fails(2, "--scaling FILE is missing", "plan train.csv --out plan.umbra");
  assert_fails(2, "exclude each other", PLAN "--holdout 0.2 --folds 3");
  assert_fails(2, "exclude each other", PLAN "--holdout 0.2 --held-out wide.csv");
  assert_fails(2, "--holdout: 1 is out of range", PLAN "--holdout 1");
  assert_fails(2, "--threshold: 1 is out of range", PLAN "--threshold 1");
  assert_fails(2, "belong to DATA", "plan --shape 3x3 --folds 3");
  assert_fails(2, "\"slow\" is none of", PLAN "--schedule slow");
  assert_fails(2, "\"taylor\" is none of", PLAN "--fit taylor");
  assert_fails(2, "--degree: 64 is out of range", PLAN "--degree 64");
  assert_fails(2, "--bound: 512 is out of range", PLAN "--bound 512");
  assert_fails(1, "--trace: . is not a regular file", "plan none.csv --scaling s.csv --trace ."); /* before all work */
  assert_fails(2, "\"2X\" is not a number of bytes", PLAN "--memory 2X");
  assert_fails(2, "\"2GG\" is not a number of bytes", PLAN "--memory 2GG");
  assert_fails(2, "is not a number of bytes", PLAN "--memory 99999999T");
  assert_fails(2, "\"some\" is not a whole number", PLAN "--shuffle some");
  assert_fails(2, "exclude each other", PLAN "--preset p --params f");
  assert_fails(2, "exactly one of --params, --preset, --plan and --signing",
               "keygen --params p --plan q --out o --secret s");
  assert_fails(2, "--plan FILE is missing", "encrypt train.csv --keys k --out o");
  assert_fails(2, "or --secret FILE is missing", "encrypt train.csv --plan p --out o");
  assert_fails(2, "--passphrase-file and --store go with --secret",
               "encrypt train.csv --plan p --passphrase-file f --out o");
  assert_fails(2, "--clip needs ranges", "encrypt train.csv --plan p --secret s --clip --out o");
  assert_fails(2, "exactly one of --records, --model, --weights and DATA",
               "encrypt train.csv --records r --keys k --out o");
  assert_fails(2, "belong to DATA", "encrypt --records r --plan p --keys k --out o");
  assert_fails(2, "exclude each other", "encrypt --records r --drop-last-column --without width --keys k --out o");
  assert_fails(2, "does not go with DATA", "encrypt train.csv --plan p --drop-last-column --keys k --out o");
  assert_fails(2, "--data DIR is missing", "train --keys k --out o");
  assert_fails(2, "\"x\" is not a number of bytes", "train --keys k --data d --out o --memory x");
  assert_fails(2, "--plan and --train belong together", "evaluate --weights w --data d --train t");
  assert_fails(2, "--encrypted needs --keys and --secret", "evaluate --weights w --data d --encrypted --keys k");
  assert_fails(2, "belong to --encrypted", "evaluate --weights w --data d --range 3");
}

static void shapes_are_planned(void **state) {
  (void)state;
  assert_succeeds("plan --shape 100000x500 --iterations 1000 --machine h200 --json");
  cJSON *json = report();
  const cJSON *plan = cJSON_GetObjectItem(json, "plan"), *prediction = cJSON_GetObjectItem(json, "prediction");
  assert_string_equal(cJSON_GetObjectItem(prediction, "machine")->valuestring, "an NVIDIA H200");
  assert_true(cJSON_IsFalse(cJSON_GetObjectItem(prediction, "measured")));
  assert_true(number(prediction, "seconds") > 999 * number(prediction, "seconds_per_iteration") / 2);
  assert_true(number(plan, "rows") == 100000 && number(plan, "columns") == 500);
  assert_true(number(plan, "security") >= 128 && number(plan, "bound") == 8);
  double files = number(plan, "blocks"), bytes = number(plan, "data_bytes");
  assert_true(files * number(plan, "block_bytes") <= 1.5 * bytes && files * number(plan, "block_bytes") > bytes / 2);
  assert_true(number(plan, "memory_bytes") > number(plan, "key_bytes") + number(plan, "block_bytes"));
  assert_true(number(plan, "bootstraps") > 1000 / number(plan, "levels"));
  cJSON_Delete(json);
  assert_succeeds("plan --shape 100000x500 --iterations 1000 --no-estimate");
  assert_non_null(strstr(contents("out"), "data set"));
  assert_fails(1, "--memory: this training takes", "plan --shape 100000x500 --memory 100M --out unwanted.umbra");
  assert_int_not_equal(access("unwanted.umbra", F_OK), 0);
  assert_fails(1, "do not refresh", "plan --shape 10x10 --preset n16-d30-s40");
  assert_fails(1, "columns do not fit", "plan --shape 10x32768");
  assert_fails(2, "--iterations: 0 is out of range", "plan --shape 10x10 --iterations 0");
  assert_fails(2, "--rate: nan is out of range", "plan --shape 10x10 --rate nan");
}

static void plans_follow_from_records(void **state) {
  (void)state;
  struct stat file;
  assert_succeeds(PLAN
                  "--scale deviation --clip 2 --scaling scaling.csv --shuffle 7 --batch 16 --out plan.umbra --json");
  cJSON *json = report();
  const cJSON *plan = cJSON_GetObjectItem(json, "plan"), *trace = cJSON_GetObjectItem(json, "trace");
  assert_true(number(plan, "rows") == 40 && number(plan, "columns") == 2 && number(plan, "seed") == 7);
  assert_true(number(plan, "batches") == 3);
  assert_int_equal(cJSON_GetArraySize(trace), 6);
  assert_true(number(plan, "bound") >= 4 * number(json, "largest_weight"));
  assert_true(number(plan, "bound") < 8 * fmax(number(json, "largest_weight"), 0x1p-20));
  assert_true(number(json, "accuracy_twin") >= 0.85 && number(json, "auc_twin") > 0.8);
  assert_true(number(cJSON_GetArrayItem(trace, 5), "accuracy") == number(json, "accuracy_twin"));
  assert_true(fabs(number(json, "accuracy_exact") - number(json, "accuracy_twin")) < 0.1);
  assert_null(cJSON_GetObjectItem(json, "warning"));
  cJSON_Delete(json);
  assert_int_equal(stat("scaling.csv", &file), 0);
  assert_int_equal(file.st_mode & 0777, 0600);
  assert_succeeds("inspect plan.umbra");
  assert_non_null(strstr(contents("out"), "40 of 2 features"));
  assert_succeeds("inspect plan.umbra --json");
  assert_non_null(strstr(contents("out"), "\"kind\":\"training plan\""));
  assert_succeeds(PLAN "--held-out wide.csv --scale range");
  assert_non_null(strstr(contents("out"), "on the held-out records"));
}

/* What one key, one ciphertext and one rotation take here makes the time of all steps. */
static void times_are_estimated(void **state) {
  (void)state;
  assert_succeeds("plan --shape 100x3 --iterations 4 --json");
  cJSON *json = report();
  const cJSON *estimate = cJSON_GetObjectItem(json, "estimate");
  const double all =
      number(estimate, "keygen_seconds") + number(estimate, "encrypt_seconds") + number(estimate, "train_seconds");
  assert_true(number(estimate, "keygen_seconds") > 0 && number(estimate, "encrypt_seconds") > 0);
  assert_true(number(estimate, "train_seconds") > 0 && isfinite(all));
  assert_true(number(estimate, "least_seconds") < all && number(estimate, "most_seconds") > all);
  cJSON_Delete(json);
  assert_succeeds("plan --shape 100x3 --iterations 4 --threads 1");
  assert_int_equal(shell("grep -Eq '^  time +[0-9.]+ (s|min|h) to [0-9.]+ (s|min|h) here; about [0-9.]+ (ms|s|min|h) "
                         "for keygen; .* for train$' out"),
                   0);
}

/* Degree 7 on [-8, 8], and scores beyond: a warning while weights stay small, and an error when they run away. */
static void scores_out_of_range_are_told(void **state) {
  (void)state;
  assert_int_equal(
      umbra("plan wide.csv --label ill --no-estimate --no-search --degree 7 --rate 0.01 --iterations 3 --json"), 0);
  assert_non_null(strstr(contents("err"), "umbra plan: warning: scores leave [-8, 8]"));
  cJSON *json = report();
  assert_non_null(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(json, "warning")), "scores leave [-8, 8]"));
  assert_true(number(json, "largest_score") > 8);
  cJSON_Delete(json);
  assert_fails(1, "the training diverges",
               "plan wide.csv --label ill --no-estimate --no-search --degree 7 --out wild.umbra");
  assert_fails(1, "smaller features",
               "plan wide.csv --label ill --no-estimate --no-search --degree 7 --iterations 300 --out wild.umbra");
  assert_int_not_equal(access("wild.umbra", F_OK), 0);
  assert_fails(1, "--bound: weights reach", PLAN "--bound 0.015625");
}

/* Without the times: equal runs give equal texts. */
static char *report_without_times(cJSON *json) {
  cJSON_DeleteItemFromObject(json, "steps");
  cJSON_DeleteItemFromObject(json, "seconds");
  cJSON_DeleteItemFromObject(json, "peak_bytes");
  char *text = cJSON_PrintUnformatted(json);
  assert_non_null(text);
  return text;
}

/* In nine of ten records the smaller class is not there: saying so always is as good. */
static void one_sided_models_are_told(void **state) {
  (void)state;
  assert_int_equal(shell("awk -F, -v OFS=, 'NR > 1 {$NF = NR %% 10 == 2} {print}' train.csv >rare.csv"), 0);
  assert_int_equal(umbra("plan rare.csv --no-estimate --no-search --scale deviation --range 8 --rate 0.1 "
                         "--iterations 2"),
                   0);
  assert_non_null(strstr(contents("err"), "is that of always"));
}

static void settings_are_found(void **state) {
  (void)state;
  assert_int_equal(umbra("plan train.csv --label ill --no-estimate --holdout 0.25 --tried --json"), 0);
  cJSON *json = report();
  const cJSON *plan = cJSON_GetObjectItem(json, "plan"), *settings = cJSON_GetObjectItem(json, "settings"), *trial;
  int as_planned = 0;
  cJSON_ArrayForEach(trial, cJSON_GetObjectItem(json, "tried")) as_planned +=
      number(trial, "rate") == number(plan, "rate") && number(trial, "degree") == number(plan, "degree") &&
      number(trial, "range") == number(plan, "range") && number(trial, "iterations") == number(plan, "iterations");
  assert_int_equal(as_planned, 1);
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "tried")), number(settings, "trials"));
  assert_true(number(json, "largest_score") <= number(plan, "range"));
  assert_true(number(settings, "records") == 40 && number(cJSON_GetObjectItem(json, "holdout"), "records") == 10);
  char *first = report_without_times(json);
  cJSON_Delete(json);
  assert_int_equal(umbra("plan train.csv --label ill --no-estimate --holdout 0.25 --tried --json --threads 1"), 0);
  json = report();
  char *second = report_without_times(json);
  assert_string_equal(first, second);
  cJSON_free(first);
  cJSON_free(second);
  cJSON_Delete(json);
}

static void settings_that_are_given_stay(void **state) {
  (void)state;
  assert_int_equal(
      umbra("plan train.csv --label ill --no-estimate --scale quartiles --rate 0.7 --degree 7 --iterations 9 --json"),
      0);
  cJSON *json = report();
  const cJSON *plan = cJSON_GetObjectItem(json, "plan"), *settings = cJSON_GetObjectItem(json, "settings");
  assert_true(number(plan, "rate") == 0.7 && number(plan, "degree") == 7 && number(plan, "iterations") == 9);
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(settings, "scale")), "quartiles");
  assert_null(cJSON_GetObjectItem(json, "tried"));
  cJSON_Delete(json);
  assert_int_equal(umbra("plan train.csv --label ill --no-estimate --scale none --rate 0.5 --degree 7 --range 8 "
                         "--iterations 9 --json"),
                   0);
  json = report();
  assert_null(cJSON_GetObjectItem(json, "settings"));
  cJSON_Delete(json);
  assert_fails(1, "none keeps scores within the range", "plan wide.csv --label ill --scale none --rate 100");
  assert_int_equal(umbra("plan train.csv --label ill --no-estimate --tried"), 0);
  assert_non_null(strstr(contents("out"), "Settings that were tried"));
}

/* 2 records of 20 are on the wrong side of each class's feature: counts, the larger class and the optimum say so. */
static void baselines_stand_beside_accuracies(void **state) {
  (void)state;
  assert_int_equal(umbra(PLAN "--scale deviation --folds 4 --json"), 0);
  cJSON *json = report();
  const cJSON *folds = cJSON_GetObjectItem(json, "folds");
  assert_true(number(json, "majority") == 0.6 && number(folds, "records") == 40 && number(folds, "parts") == 4);
  assert_true(number(json, "true_positives") + number(json, "false_negatives") == 16);
  assert_true(number(json, "true_negatives") + number(json, "false_positives") == 24);
  assert_true(number(json, "accuracy_twin") == (number(json, "true_positives") + number(json, "true_negatives")) / 40);
  assert_true(number(json, "accuracy_optimum") >= 0.85 && number(json, "auc_optimum") > 0.8);
  assert_non_null(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(json, "optimum")), "no plane separates"));
  assert_true(number(folds, "accuracy") > 0.8 && number(folds, "auc_optimum") > 0.7);
  const double negatives = number(json, "true_negatives");
  cJSON_Delete(json);
  assert_int_equal(umbra(PLAN "--scale deviation --threshold 0.999 --json"), 0);
  json = report();
  assert_true(number(json, "true_positives") == 0 && number(json, "true_negatives") == 24 && negatives < 24);
  assert_true(number(json, "accuracy_twin") == 0.6);
  cJSON_Delete(json);
}

static void plans_are_warned_of(void **state) {
  (void)state;
  static const struct {
    const char *options, *warning;
  } cases[] = {
      {"--scale deviation --iterations 4 --range 1024", "scores use a hundredth of [-1024, 1024]"},
      {"--scale deviation --iterations 8 --rate 0.05", "the loss still falls"},
      {"--scale deviation --iterations 8 --degree 7 --range 3.75", "scores come near the end of [-3.75, 3.75]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(umbra("plan train.csv --label ill --no-search --no-estimate %s --json", cases[i].options), 0);
    if (!strstr(contents("err"), cases[i].warning)) fail_msg("%s: %s", cases[i].options, contents("err"));
  }
}

static void bad_records_are_refused_before_anything_else(void **state) {
  (void)state;
  assert_succeeds(PLAN "--out open.umbra"); /* without a scaling */
  assert_fails(1, "nowhere.csv", "plan nowhere.csv");
  assert_fails(1, "health", "plan train.csv --label health");
  assert_fails(1, "DATA", "plan train.csv --label 4");
  assert_fails(1, "DATA", "plan train.csv --label height");
  assert_int_equal(shell("tail -n +2 train.csv >bare.csv"), 0);
  assert_succeeds("plan bare.csv --no-estimate --label 2 --no-search --iterations 6");
  assert_succeeds("plan bare.csv --no-estimate --label -2 --no-search --iterations 6");
  assert_fails(1, "ill", "plan bare.csv --no-estimate --label ill --iterations 2");
  const struct {
    const char *text, *says;
  } wrong[] = {
      {"a,b,c\n1,2,0\n1,x,1\n", "line 3"},
      {"a,b,c\n1,2,0\n1,,1\n", "line 3"},
      {"a,b,c\n1,2,0\n1,2,1\n1,2,2\n", "line 4"},
      {"a,b,c\n1,2,0\n1,2\n", "line 3"},
      {"a,b,c\n1,nan,0\n1,2,1\n", "line 2"},
      {"a,b,c\n1,2,1\n1,2,1\n", "class"},
      {"c\n0\n1\n", "features"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    write_text("wrong.csv", wrong[i].text);
    assert_fails(1, wrong[i].says, "plan wrong.csv");
    assert_fails(1, wrong[i].says, "encrypt wrong.csv --plan open.umbra --keys nowhere --out data");
  }
  assert_int_not_equal(access("data", F_OK), 0);
}

static void files_that_do_not_belong_together_are_noticed(void **state) {
  (void)state;
#define ENCRYPT "encrypt train.csv --label ill --keys nowhere --out data --plan "
  write_text("two.csv", "1,2\n");
  assert_fails(1, "nowhere.umbra", ENCRYPT "nowhere.umbra");
  assert_fails(1, "train.csv", ENCRYPT "train.csv");
  assert_succeeds("plan --shape 40x3 --no-estimate --out other.umbra");
  assert_fails(1, "the plan is for 40 of 3", ENCRYPT "other.umbra");
  assert_fails(1, "--initial: two.csv has 1 rows of 2 values", ENCRYPT "open.umbra --initial two.csv");
  assert_fails(1, "nowhere/params.umbra", ENCRYPT "plan.umbra --scaling scaling.csv");
  assert_fails(1, "--scaling FILE is missing", ENCRYPT "plan.umbra");
  assert_fails(1, "(training plan) will not be replaced", "params --preset n13-d2-s40 --save plan.umbra");
  assert_succeeds("params --preset n13-d2-s40 --save params.umbra");
  assert_succeeds("keygen --params params.umbra --out keys --secret secret/key.umbra --no-passphrase");
  assert_fails(1, "holds a secret key", "encrypt train.csv --label ill --keys keys --out secret --plan open.umbra");
  assert_fails(1, "--keys", "encrypt train.csv --label ill --keys keys --out data --plan open.umbra");
  assert_fails(1, "--secret: ", "encrypt train.csv --label ill --secret secret/key.umbra --out data --plan open.umbra");
  assert_int_not_equal(access("data/data.umbra", F_OK), 0);
  assert_fails(1, "(parameters) will not be replaced", PLAN "--out params.umbra");
  assert_fails(1, "is an input of this command", PLAN "--scale range --scaling train.csv");
  assert_fails(1, "must end in .csv", PLAN "--scale range --scaling scaling.npy");
#undef ENCRYPT
}

static void trainings_begin_once(void **state) {
  (void)state;
#define TRAIN "train --keys keys --data data --out run "
  assert_int_equal(shell("mkdir -p run data && rm -f run/*"), 0);
  assert_fails(1, "data/plan.umbra", TRAIN);
  assert_fails(1, "there is no run/checkpoint.umbra", TRAIN "--resume");
  write_text("run/checkpoint.umbra", "begun\n");
  assert_fails(1, "--resume goes on", TRAIN);
  assert_int_equal(shell("mv run/checkpoint.umbra run/model.umbra"), 0);
  assert_fails(1, "run/model.umbra exists already", TRAIN);
  assert_int_equal(shell("rm run/model.umbra && cp plan.umbra data"), 0);
  assert_fails(1, "nowhere/params.umbra", "train --keys nowhere --data data --out run");
  assert_fails(1, "other parameters", TRAIN);
  assert_fails(1, "folder nowhere", "train --keys keys --data data --out nowhere/run");
  assert_int_equal(shell("test -z \"$(ls run)\""), 0);
  const char *const files[] = {"checkpoint.umbra", "model.umbra", "log.jsonl"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    assert_int_equal(shell("ln -s ../plan.csv run/%s", files[i]), 0);
    assert_fails(1, "is a symbolic link", TRAIN);
    assert_int_equal(shell("rm run/%s && mkfifo run/%s", files[i], files[i]), 0);
    assert_fails(1, "is not a regular file", TRAIN);
    assert_int_equal(shell("rm run/%s", files[i]), 0);
  }
#undef TRAIN
}

/* What an audit is given: found out by the log alone, before plan, data and keys are looked at. */
static void audits_begin_with_the_log(void **state) {
  (void)state;
#define LINK "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FOLDERS "audit --keys keys --data data --run audited "
#define AUDIT FOLDERS "--link " LINK " --all"
#define HEAD "{\"plan\":{}}\n"
#define ONE "{\"iteration\":1,\"digest\":\"" LINK "\",\"link\":\"" LINK "\"}\n"
  static const struct {
    const char *log, *words;
  } logs[] = {
      {"", "line 1: the head of a training's log must be here (in audited/log.jsonl)"},
      {"{}\n", "line 1: the head of a training's log must be here"},
      {HEAD "[]\n", "line 2: it is no JSON object"},
      {HEAD "{\"iteration\":2}\n", "line 2: iteration 1 must be here"},
      {HEAD "{\"iteration\":1}\n", "line 2: iteration 1 has no digest and link"},
      {HEAD "{\"iteration\":1,\"digest\":\"" LINK "\",\"link\":\"0123\"}\n", "iteration 1 has no digest and link"},
      {HEAD ONE ONE, "line 3: iteration 2 must be here"},
      {HEAD ONE "{\"iteration\":2", "line 3: it breaks off"},
  };
  assert_int_equal(shell("mkdir -p audited"), 0);
  assert_fails(2, "either --all or --segments K", FOLDERS "--link " LINK);
  assert_fails(2, "either --all or --segments K", AUDIT " --segments 1");
  assert_fails(2, "nothing is drawn", AUDIT " --seed 1");
  assert_fails(2, "--link LINE is missing", FOLDERS "--all");
  assert_fails(2, "64 digits from 0 to f", FOLDERS "--all --link 12");
  assert_fails(2, "64 digits from 0 to f", FOLDERS "--all --link %064d%c", 0, 'G');
  assert_fails(1, "audited/log.jsonl: No such file", AUDIT);
  for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
    write_text("audited/log.jsonl", logs[i].log);
    assert_fails(1, logs[i].words, AUDIT);
  }
  assert_int_equal(shell("head -c 70000 /dev/zero | tr '\\0' x >audited/log.jsonl"), 0);
  assert_fails(1, "line 1: it is too long", AUDIT);
  write_text("audited/log.jsonl", HEAD ONE);
  assert_fails(1, "nowhere/plan.umbra", "audit --keys keys --data nowhere --run audited --link " LINK " --all");
#undef ONE
#undef HEAD
#undef AUDIT
#undef FOLDERS
#undef LINK
}

/* And what a training is told to keep. */
static void checkpoints_that_stay_have_their_place(void **state) {
  (void)state;
#define TRAIN "train --keys keys --data data --out kept --keep 2 "
  assert_int_equal(shell("mkdir -p kept data && cp plan.umbra data"), 0);
  assert_fails(2, "--keep", "train --keys keys --data data --out kept --keep 0");
  write_text("kept/checkpoint-000002.umbra", "old\n");
  assert_fails(1, "checkpoint-000002.umbra exists already", TRAIN);
  assert_int_equal(shell("cp plan.umbra kept/checkpoint-000002.umbra"), 0);
  assert_fails(1, "will not be replaced by a file of another kind", TRAIN);
  assert_int_equal(shell("rm kept/* && ln -s nowhere kept/checkpoint-000004.umbra"), 0);
  assert_fails(1, "checkpoint-000004.umbra is a symbolic link", TRAIN);
  assert_int_equal(shell("rm kept/* && touch kept/checkpoint.umbra && echo '{\"plan\":{},\"keep\":3}' >kept/log.jsonl"),
                   0);
  assert_fails(1, "keeps every 3th checkpoint, as its log says", TRAIN "--resume");
  write_text("kept/log.jsonl", "{\"plan\":{}}\n");
  assert_fails(1, "has begun without, as its log says", TRAIN "--resume");
#undef TRAIN
}

static void insecure_plans_are_refused(void **state) {
  (void)state;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 8, .log_n = 12, .flags = UMBRA_INSECURE_FOR_TESTS};
  need.bootstrap = &(umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT};
  const umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .rows = 40, .columns = 2};
  umbra_params *params = NULL;
  umbra_train_plan *plan = NULL;
  assert_int_equal(umbra_params_from_need(&params, &need), UMBRA_OK);
  assert_int_equal(umbra_train_plan_create(&plan, params, &options), UMBRA_OK);
  assert_int_equal(umbra_train_plan_save(plan, "insecure.umbra"), UMBRA_OK);
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
  assert_fails(1, "insecure", "keygen --plan insecure.umbra --out weak --secret secret/weak.umbra --no-passphrase");
  assert_fails(1, "insecure", "encrypt train.csv --label ill --plan insecure.umbra --keys keys --out data");
  assert_int_equal(shell("mkdir -p hollow && cp insecure.umbra hollow/plan.umbra"), 0);
  assert_fails(1, "insecure", "train --keys keys --data hollow --out run");
  assert_succeeds("inspect insecure.umbra");
}

/* The weights of plan.umbra's training in the clear. */
static void write_twin(const char *path) {
  umbra_train_plan *plan = NULL;
  umbra_scaling *scaling = NULL;
  umbra_records *records = NULL, *scaled = NULL;
  double weights[3];
  assert_int_equal(umbra_train_plan_load(&plan, "plan.umbra"), UMBRA_OK);
  assert_int_equal(umbra_scaling_load(&scaling, "scaling.csv"), UMBRA_OK);
  const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .schema = umbra_scaling_schema(scaling)};
  assert_int_equal(umbra_records_read(&records, "train.csv", &options), UMBRA_OK);
  assert_int_equal(umbra_scaling_apply(scaling, &scaled, records), UMBRA_OK);
  assert_int_equal(umbra_train_twin(weights, NULL, 0, plan, scaled, NULL, NULL), UMBRA_OK);
  assert_int_equal(umbra_weights_save(weights, 2, NULL, path), UMBRA_OK);
  umbra_records_destroy(scaled);
  umbra_records_destroy(records);
  umbra_scaling_destroy(scaling);
  umbra_train_plan_destroy(plan);
}

static void weights_are_judged(void **state) {
  (void)state;
  write_text("weights.csv", "1,0,0\n");
  write_text("column.csv", "1\n0\n0\n");
  assert_succeeds("evaluate --weights weights.csv --data train.csv --label ill --json");
  cJSON *json = report();
  assert_true(fabs(number(json, "accuracy") - 0.9) < 1e-9 && number(json, "records") == 40);
  assert_true(number(json, "largest_score") > 1 && number(json, "largest_score") < 1.4);
  cJSON_Delete(json);
  assert_fails(
      1, "off the same training in the clear",
      "evaluate --weights column.csv --data train.csv --scaling scaling.csv --plan plan.umbra --train train.csv");
  write_twin("twin.csv");
  assert_succeeds("evaluate --weights twin.csv --data train.csv --label ill --scaling scaling.csv "
                  "--plan plan.umbra --train train.csv --json");
  json = report();
  assert_true(number(json, "max_weight_difference") == 0 && number(json, "rms_weight_difference") == 0);
  assert_true(number(json, "promised_weight_error") > 0);
  assert_true(number(json, "accuracy_twin") >= 0.85 && number(json, "auc_exact") > 0.8);
  assert_true(number(json, "auc_optimum") > 0.8 && number(json, "majority") == 0.6);
  assert_true(number(json, "true_positives") + number(json, "false_positives") + number(json, "true_negatives") +
                  number(json, "false_negatives") ==
              40);
  cJSON_Delete(json);
  assert_fails(1, "--plan and --train belong together",
               "evaluate --weights weights.csv --data train.csv --label ill --plan plan.umbra --scaling scaling.csv");
  assert_fails(1, "--weights: two.csv has 1 rows of 2 values",
               "evaluate --weights two.csv --data train.csv --label ill");
  assert_fails(1, "the plan is for 3 features",
               "evaluate --weights weights.csv --data train.csv --label ill "
               "--plan other.umbra --train train.csv");
  assert_fails(1, "nowhere", "evaluate --weights weights.csv --data train.csv --label ill --scaling nowhere.csv");
}

#define ENCRYPT(data, options) "encrypt " data " --plan first.umbra --keys nowhere --out data " options

/* What the scaling's file remembers: names and order of columns, label, and the plan. Nothing is encrypted before. */
static void columns_are_remembered(void **state) {
  (void)state;
  assert_succeeds("plan train.csv --label ill --no-estimate --iterations 2 --scaling first.csv --out first.umbra");
  assert_succeeds("plan train.csv --label ill --no-estimate --iterations 3 --scaling second.csv --out second.umbra");
  assert_int_equal(shell("awk -F, -v OFS=, '{print $2, $3, $1}' train.csv >turned.csv && "
                         "sed 's/width/depth/' train.csv >renamed.csv"),
                   0);
  assert_fails(1, "nowhere/params.umbra", ENCRYPT("train.csv", "--scaling first.csv"));
  assert_fails(1, "nowhere/params.umbra", ENCRYPT("train.csv", "--scaling first.csv --label ill"));
  assert_fails(1, "matched by their names", ENCRYPT("turned.csv", "--scaling first.csv"));
  assert_fails(1, "'height' is not the label of the training",
               ENCRYPT("train.csv", "--scaling first.csv --label height"));
  assert_fails(1, "no column is called 'width'", ENCRYPT("renamed.csv", "--scaling first.csv"));
  assert_fails(1, "written with another plan", ENCRYPT("train.csv", "--scaling second.csv"));
  assert_fails(1, "--scaling FILE is missing", ENCRYPT("train.csv", "--label ill"));
  write_text("w.csv", "1,2,0\n");
  assert_int_equal(umbra("evaluate --weights w.csv --data turned.csv --scaling first.csv --json"), 0);
  cJSON *json = report();
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "notes")), 1);
  const double auc = number(json, "auc");
  cJSON_Delete(json);
  assert_succeeds("evaluate --weights w.csv --data train.csv --scaling first.csv --json");
  json = report();
  assert_null(cJSON_GetObjectItem(json, "notes"));
  assert_true(number(json, "auc") == auc);
  cJSON_Delete(json);
  assert_fails(1, "written with another plan",
               "evaluate --weights w.csv --data train.csv --train train.csv --plan first.umbra --scaling second.csv");
}

/* Wherever the scaling's file was copied, it remembers, and where it does not, that is said. */
static void copies_of_scalings_remember(void **state) {
  (void)state;
  const char *const copies[] = {"copy.tsv", "packed.csv.gz", "marked.csv", "lines.csv"};
  assert_int_equal(shell("cp second.csv copy.tsv && gzip -c second.csv >packed.csv.gz && "
                         "(printf '\\357\\273\\277\\n \\n' && cat second.csv) >marked.csv && "
                         "sed 's/$/\\r/' second.csv >lines.csv && "
                         "sed '/^#/d' second.csv >bare.csv"),
                   0);
  for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
    assert_fails(1, "written with another plan", ENCRYPT("train.csv", "--scaling %s"), copies[i]);
    assert_fails(1, "'height' is not the label of the training",
                 "evaluate --weights w.csv --data train.csv --label height --scaling %s", copies[i]);
  }
  assert_fails(1, "not the one that was written with this plan",
               ENCRYPT("train.csv", "--label ill --scaling bare.csv"));
  assert_int_equal(umbra("evaluate --weights w.csv --data train.csv --label ill --scaling bare.csv --json"), 0);
  assert_non_null(strstr(contents("out"), "does not say what its columns are"));
}

static void tables_are_read_as_options_say(void **state) {
  (void)state;
  assert_int_equal(
      shell("(echo title; cat train.csv) | tr ',' ';' | tr '.' ',' >odd.txt && gzip -c odd.txt >odd.txt.gz"), 0);
  assert_fails(1, "--skip 1", "plan odd.txt --label ill --iterations 2");
  assert_succeeds(
      "plan odd.txt.gz --no-estimate --label ill --iterations 2 --skip 1 --separator semicolon --decimal , --json");
  cJSON *json = report();
  const double auc = number(json, "auc_twin");
  cJSON_Delete(json);
  assert_int_equal(
      shell("%s plan - --no-estimate --label ill --iterations 2 --json <train.csv >out 2>err", UMBRA_PROGRAM), 0);
  json = report();
  assert_true(number(json, "auc_twin") == auc);
  cJSON_Delete(json);
  assert_fails(2, "is none of comma, semicolon, tab, bar, blanks", "plan train.csv --separator x");
  assert_fails(2, "is neither . nor ,", "plan train.csv --decimal x");
  assert_fails(2, "is not a number of lines", "plan train.csv --header x");
  assert_fails(2, "is none of refuse, drop, mean, median, category", "plan train.csv --missing x");
  assert_fails(2, "belong to DATA", "plan --shape 3x3 --skip 1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_are_remembered),
      cmocka_unit_test(copies_of_scalings_remember),
      cmocka_unit_test(tables_are_read_as_options_say),
      cmocka_unit_test(usage_errors_exit_with_2),
      cmocka_unit_test(shapes_are_planned),
      cmocka_unit_test(plans_follow_from_records),
      cmocka_unit_test(times_are_estimated),
      cmocka_unit_test(scores_out_of_range_are_told),
      cmocka_unit_test(one_sided_models_are_told),
      cmocka_unit_test(settings_are_found),
      cmocka_unit_test(settings_that_are_given_stay),
      cmocka_unit_test(baselines_stand_beside_accuracies),
      cmocka_unit_test(plans_are_warned_of),
      cmocka_unit_test(bad_records_are_refused_before_anything_else),
      cmocka_unit_test(files_that_do_not_belong_together_are_noticed),
      cmocka_unit_test(trainings_begin_once),
      cmocka_unit_test(audits_begin_with_the_log),
      cmocka_unit_test(checkpoints_that_stay_have_their_place),
      cmocka_unit_test(insecure_plans_are_refused),
      cmocka_unit_test(weights_are_judged),
  };
  return cmocka_run_group_tests(tests, make_files, leave_scratch);
}
