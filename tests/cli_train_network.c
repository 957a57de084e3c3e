/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* Networks that are trained, from the command line, as far as it goes without keys: plans, ranges, and judging weights. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdbool.h>

#include <umbra/umbra.h>
#include "cli_process.h"

enum { ROWS = 60 };

/* Three classes of words by which of three features is the largest; and their sum, of which values are made. */
static int make_tables(void **state) {
  if (enter_scratch(state)) return 1;
  static const char *const names[] = {"red", "blue", "green"};
  FILE *classes = fopen("classes.csv", "w"), *values = fopen("values.csv", "w");
  assert_true(classes && values);
  fprintf(classes, "a,b,c,colour\n");
  fprintf(values, "a,b,c,sum\n");
  for (int r = 0; r < ROWS; r++) {
    const double x[] = {sin(3.0 * r), sin(5.0 * r + 1), sin(7.0 * r + 2)};
    const int best = x[0] > x[1] ? (x[0] > x[2] ? 0 : 2) : (x[1] > x[2] ? 1 : 2);
    fprintf(classes, "%g,%g,%g,%s\n", x[0], x[1], x[2], names[best]);
    fprintf(values, "%g,%g,%g,%g\n", x[0], x[1], x[2], x[0] + 0.5 * x[1] - 0.25 * x[2] + 0.125);
  }
  fclose(classes);
  fclose(values);
  return 0;
}

/* ---- usage ---- */

static void wrong_usage(void **state) {
  (void)state;
  assert_fails(2, "--labels: \"many\"", "plan classes.csv --labels many");
  assert_fails(2, "--hidden: \"1,2,3,4\" is not a list of 1 to 3",
               "plan classes.csv --labels classes --hidden 1,2,3,4");
  assert_fails(2, "a layer has -3 units", "plan classes.csv --labels classes --hidden -3");
  assert_fails(2, "--loss: \"cube\"", "plan classes.csv --labels classes --loss cube");
  assert_fails(2, "--optimizer: \"adam\"", "plan classes.csv --labels classes --optimizer adam");
  assert_fails(2, "--activation: \"cube\"", "plan classes.csv --labels classes --hidden 4 --activation cube");
  assert_fails(2, "--activation goes with --hidden", "plan classes.csv --labels classes --activation tanh");
  assert_fails(2, "goes with --activation", "plan classes.csv --labels classes --hidden 4 --activation-degree 3");
  assert_fails(2, "are of logistic models", "plan classes.csv --labels classes --folds 3");
  assert_fails(2, "--start goes with --hidden", "plan classes.csv --labels classes --start 0.5");
  assert_fails(1, "a third class beside", "plan classes.csv");
  assert_non_null(strstr(contents("err"), "--labels classes keeps all of them"));
  assert_fails(2, "--outputs goes with --shape", "plan classes.csv --labels classes --outputs 3");
  assert_fails(2, "--scaling FILE is missing", "plan classes.csv --labels classes --out plan.umbra");
  assert_fails(2, "values take the squared error", "plan values.csv --labels values --loss one-vs-rest");
  assert_fails(2, "--public-features is of networks", "plan --shape 100x3 --public-features");
  assert_fails(2, "--positive goes with labels of two classes", "plan classes.csv --labels classes --positive red");
}

/* ---- plans ---- */

static void shapes_are_planned(void **state) {
  (void)state;
  assert_succeeds("plan --shape 60000x784 --hidden 128 --outputs 10 --batch 1024 --rate 0.04 --machine h200 --json");
  cJSON *json = report();
  const cJSON *plan = cJSON_GetObjectItem(json, "plan");
  assert_string_equal(cJSON_GetObjectItem(plan, "kind")->valuestring, "network");
  assert_string_equal(cJSON_GetObjectItem(plan, "optimizer")->valuestring, "nesterov");
  assert_string_equal(cJSON_GetObjectItem(plan, "loss")->valuestring, "squared");
  assert_true(number(plan, "momentum") == 0.9 && number(plan, "outputs") == 10 && number(plan, "depth") == 9);
  assert_true(number(plan, "blocks") == number(plan, "batches") && number(plan, "batches") == 59);
  assert_true(number(plan, "key_switches") > 2000 && number(plan, "key_switches") < 3500);
  cJSON_Delete(json);
  assert_fails(1, "do not fit", "plan --shape 100x32768 --outputs 2");
  assert_fails(1, "units must not grow", "plan --shape 100x8 --hidden 4 --outputs 9");
}

/* A head for classes of words: rate and iterations are found, and the same without some of the records. */
static void classes_are_planned(void **state) {
  (void)state;
  assert_succeeds(
      "plan classes.csv --labels classes --loss one-vs-rest --holdout 0.3 --scale none --range 16 --degree 7 "
      "--scaling scaling.csv --out plan.umbra --tried --json");
  cJSON *json = report();
  const cJSON *plan = cJSON_GetObjectItem(json, "plan"), *found = cJSON_GetObjectItem(json, "settings");
  assert_true(number(plan, "outputs") == 3 && number(plan, "depth") == 7 && number(plan, "rate") > 0);
  assert_true(number(json, "accuracy_twin") > 0.8);
  assert_true(number(json, "largest_score") * 1.3 <= 16);
  assert_true(number(cJSON_GetObjectItem(json, "holdout"), "accuracy") > 0.6);
  assert_string_equal(cJSON_GetObjectItem(found, "objective")->valuestring, "one-vs-rest");
  assert_true(number(found, "trials") == cJSON_GetArraySize(cJSON_GetObjectItem(json, "tried")));
  assert_true(number(found, "accuracy") > 0.8 && number(found, "folds") == 5);
  cJSON_Delete(json);
  assert_non_null(strstr(contents("scaling.csv"), "\"classes\": [\"blue\", \"green\", \"red\"]"));
}

static void softmaxes_are_planned(void **state) {
  (void)state;
  assert_succeeds("plan classes.csv --labels classes --loss softmax --iterations 20 --json");
  cJSON *json = report();
  const cJSON *plan = cJSON_GetObjectItem(json, "plan");
  assert_string_equal(cJSON_GetObjectItem(plan, "loss")->valuestring, "softmax");
  assert_true(number(plan, "depth") == 13 && number(plan, "range") == 4); /* 5 + 3 + 4 + 1 */
  assert_true(number(json, "accuracy_twin") > 0.8 && number(json, "largest_score") < 4);
  assert_true(fabs(number(json, "accuracy_twin") - number(json, "accuracy_exact")) < 0.1);
  cJSON_Delete(json);
  assert_fails(1, "range is 9; of scores of a softmax it must be 1 to 8",
               "plan classes.csv --labels classes --loss softmax --range 9 --rate 0.1");
  assert_fails(1, "degree is 3; within a range of 4 the exponential's polynomial",
               "plan classes.csv --labels classes --loss softmax --degree 3 --rate 0.1");
  assert_fails(1, "outputs is 1; a softmax is of two or more", "plan --shape 100x8 --loss softmax --outputs 1");
}

/* A secret key of the plan's parameters, alone. */
static void make_key(const char *path) {
  umbra_train_plan *plan = NULL;
  umbra_context *context = NULL;
  umbra_secret_key *key = NULL;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT};
  assert_int_equal(umbra_train_plan_load(&plan, path), UMBRA_OK);
  desc.params = umbra_train_plan_params(plan);
  assert_int_equal(umbra_context_create(&context, &desc), UMBRA_OK);
  assert_int_equal(umbra_secret_key_generate(&key, context), UMBRA_OK);
  assert_int_equal(shell("mkdir -p secret"), 0);
  assert_int_equal(umbra_secret_key_save(key, "secret/key.umbra", NULL), UMBRA_OK);
  umbra_secret_key_destroy(key);
  umbra_context_destroy(context);
  umbra_train_plan_destroy(plan);
}

/* Public features are in the data set, in the order that everybody knows, and whoever encrypts is told. */
static void features_may_be_public(void **state) {
  (void)state;
  assert_succeeds("plan classes.csv --labels classes --loss squared --rate 0.25 --iterations 4 --batch 30 --shuffle 3 "
                  "--public-features --scale none --scaling public.csv --out public.umbra --json");
  cJSON *json = report();
  const cJSON *plan = cJSON_GetObjectItem(json, "plan");
  assert_true(cJSON_IsTrue(cJSON_GetObjectItem(plan, "public_features")));
  assert_true(cJSON_IsTrue(cJSON_GetObjectItem(plan, "shuffle")));
  assert_false(cJSON_IsTrue(cJSON_GetObjectItem(plan, "secret_order")));
  cJSON_Delete(json);
  assert_succeeds("inspect public.umbra");
  assert_non_null(strstr(contents("out"), "in the clear in the data set"));
  make_key("public.umbra");
  assert_int_equal(umbra("encrypt classes.csv --plan public.umbra --scaling public.csv --secret secret/key.umbra --out "
                         "data"),
                   0);
  assert_non_null(strstr(contents("err"), "features are public"));
  assert_int_equal(shell("test -e data/block-000001.umbra && test ! -e data/block-000002.umbra"), 0);
}

static void classes_may_weigh_something(void **state) {
  (void)state;
  for (int balanced = 0; balanced < 2; balanced++) {
    assert_succeeds("plan classes.csv --labels classes --class-weights %s --rate 0.1 --range 16 --degree 7 "
                    "--iterations 5 --scaling weighted.csv --out weighted.umbra --json",
                    balanced ? "balanced" : "1,2,0.5");
    cJSON *json = report();
    const cJSON *plan = cJSON_GetObjectItem(json, "plan");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(plan, "weighted")) && number(plan, "depth") == 9);
    cJSON_Delete(json);
    assert_int_equal(shell("grep -q '^# umbra class weights [^,]*,[^,]*,[^,]*$' weighted.csv"), 0);
    write_text("zeros.csv", "0,0,0,0\n0,0,0,0\n0,0,0,0\n");
    assert_fails(1, "they are not what it makes of --train",
                 "evaluate --weights zeros.csv --data classes.csv --scaling weighted.csv --plan weighted.umbra "
                 "--train classes.csv");
  }
  assert_fails(1, "2 weights for records of 3 classes",
               "plan classes.csv --labels classes --class-weights 1,2 --rate 1");
  assert_fails(2, "is neither balanced nor numbers above 0", "plan classes.csv --labels classes --class-weights 1,0,2");
  assert_fails(2, "values are of no classes", "plan values.csv --labels values --class-weights balanced");
}

/* What a refusal says would hold does, with room: the first of two remedies, or the last. */
static void assert_remedy(const char *words, const char *options, bool last) {
  char remedy[128] = "", plan[256];
  snprintf(plan, sizeof plan, "plan classes.csv --labels classes --iterations 8 %s", options);
  assert_fails(1, words, "%s", plan);
  const char *told = strstr(contents("err"), "]; --"), *other = told ? strstr(told, ", or ") : NULL;
  if (!told || (last && !other)) fail_msg("no remedy in: %s", contents("err"));
  assert_int_equal(sscanf(last ? other + strlen(", or ") : told + strlen("]; "), "%127[^,]", remedy), 1);
  char *end = strstr(remedy, " would hold"), *with = strstr(remedy, " with ");
  if (end) *end = '\0';
  if (with) memcpy(with, "      ", strlen(" with "));
  assert_succeeds("%s %s --json", plan, remedy); /* of two the last counts */
}

static void ranges_that_break_are_refused(void **state) {
  (void)state;
  assert_remedy("--range: scores reach", "--rate 0.5 --range 0.5 --degree 3", false);
  assert_remedy("--range: scores reach", "--rate 0.5 --range 0.5 --degree 3", true);
  assert_remedy("the training diverges", "--rate 2 --range 1 --loss squared", false);
  assert_remedy("the training diverges", "--rate 2 --hidden 4", false); /* with smaller first weights */
  assert_remedy("--hidden-range: sums", "--hidden 4 --rate 0.01 --hidden-range 0.5", false);
  assert_remedy("--hidden-range: sums", "--hidden 4 --rate 0.01 --hidden-range 0.5 --activation gelu", false);
  assert_fails(1, "sums of hidden layers within theirs",
               "plan classes.csv --labels classes --hidden 4 --hidden-range 0.01");
  assert_fails(1, "the training diverges", "plan values.csv --labels values --rate 200");
}

static void activations_are_planned(void **state) {
  (void)state;
  assert_succeeds("plan classes.csv --labels classes --hidden 8 --activation gelu --activation-degree 4 --scale none "
                  "--hidden-range 6 --rate 0.1 --json");
  cJSON *json = report();
  const cJSON *plan = cJSON_GetObjectItem(json, "plan");
  assert_true(number(plan, "depth") == 11 && number(plan, "hidden_degree") == 4); /* 5 + 3 + 3 */
  assert_true(number(json, "largest_hidden") > 0 && number(json, "largest_hidden") < 6);
  cJSON_Delete(json);
}

/* ---- judging ---- */

/* With weights that are right: the largest feature says the class, in the order of the alphabet. */
static void weights_are_judged(void **state) {
  (void)state;
  write_text("head.csv", "0,1,0,0\n0,0,1,0\n1,0,0,0\n");
  assert_fails(1, "they are not what it makes of --train",
               "evaluate --weights head.csv --data classes.csv --scaling scaling.csv --plan plan.umbra "
               "--train classes.csv --json");
  cJSON *json = report();
  assert_true(number(json, "max_weight_difference") > 6 * number(json, "promised_weight_error"));
  assert_non_null(cJSON_GetObjectItem(json, "broken_promise"));
  cJSON_Delete(json);
  assert_succeeds("evaluate --weights head.csv --data classes.csv --scaling scaling.csv --plan plan.umbra --json");
  json = report();
  assert_true(number(json, "accuracy") == 1 && number(json, "records") == ROWS);
  const cJSON *line, *confusion = cJSON_GetObjectItem(json, "confusion");
  assert_int_equal(cJSON_GetArraySize(confusion), 3);
  double records = 0;
  cJSON_ArrayForEach(line, confusion) {
    assert_string_equal(cJSON_GetObjectItem(line, "class")->valuestring,
                        cJSON_GetObjectItem(line, "said")->valuestring);
    records += number(line, "records");
  }
  assert_true(records == ROWS);
  cJSON_Delete(json);
  assert_fails(1, "there are more files",
               "evaluate --weights head.csv,head.csv --data classes.csv --scaling scaling.csv --plan plan.umbra");
  write_text("narrow.csv", "0,1\n0,0\n1,0\n");
  assert_fails(1, "a layer of 3 units with 4 weights each is expected",
               "evaluate --weights narrow.csv --data classes.csv --scaling scaling.csv --plan plan.umbra");
  assert_fails(
      1, "are of logistic models",
      "evaluate --weights head.csv --data classes.csv --scaling scaling.csv --plan plan.umbra --threshold 0.4");
}

static void expect_tensor(const umbra_tensors *tensors, const char *name, size_t count, double first, double last) {
  umbra_ndarray array = {0};
  assert_int_equal(umbra_tensors_read(tensors, &array, name), UMBRA_OK);
  assert_int_equal(umbra_ndarray_count(&array), count);
  assert_true(array.values[0] == first && array.values[count - 1] == last);
  umbra_ndarray_clear(&array);
}

static void layers_are_tensors(void) {
  umbra_tensors *tensors = NULL;
  assert_int_equal(umbra_tensors_open(&tensors, "network.safetensors"), UMBRA_OK);
  expect_tensor(tensors, "layer1.weight", 12, 0.5, -0.25);
  expect_tensor(tensors, "layer1.bias", 4, 0.125, -1);
  expect_tensor(tensors, "layer2.weight", 12, 1, 0.75);
  assert_int_equal(umbra_tensors_count(tensors), 3);
  umbra_tensors_destroy(tensors);
}

/* The file computes what the program does, from the table's own units; with features that are cut off, too. */
static void networks_are_exported(void **state) {
  (void)state;
  for (int clip = 0; clip < 2; clip++) {
    assert_succeeds("plan classes.csv --labels classes --hidden 4 --rate 0.05 --iterations 5 --scale deviation %s "
                    "--scaling deep.csv --out deep.umbra --json",
                    clip ? "--clip 0.75" : "");
    write_text("first.csv", "0.5,-0.25,1,0.125\n1,0.5,-1,0\n-0.5,0.25,0.5,0.25\n0.125,1,-0.25,-1\n");
    write_text("second.csv", "1,-1,0.5,0\n0,0.5,1,-0.5\n-1,1,0.25,0.75\n");
    assert_succeeds("evaluate --weights first.csv,second.csv --data classes.csv --scaling deep.csv --plan deep.umbra "
                    "--onnx network%d.onnx --safetensors network.safetensors --json",
                    clip);
    layers_are_tensors();
    cJSON *json = report();
    const double accuracy = number(json, "accuracy"), largest = number(json, "largest_score");
    cJSON_Delete(json);
    assert_int_equal(shell("grep -v a,b classes.csv | cut -d, -f1-3 > x.csv"), 0);
    assert_succeeds("infer --clear network%d.onnx --in x.csv --out y.csv", clip);
    FILE *scores = fopen("y.csv", "r"), *table = fopen("classes.csv", "r");
    assert_true(scores && table);
    static const char *const classes[] = {"blue", "green", "red"};
    char line[256];
    double found = 0, right = 0;
    assert_non_null(fgets(line, sizeof line, table));
    for (int r = 0; r < ROWS; r++) {
      double y[3];
      assert_int_equal(fscanf(scores, "%lf,%lf,%lf", &y[0], &y[1], &y[2]), 3);
      assert_non_null(fgets(line, sizeof line, table));
      const int best = y[0] >= y[1] ? (y[0] >= y[2] ? 0 : 2) : (y[1] >= y[2] ? 1 : 2);
      for (int k = 0; k < 3; k++) found = fmax(found, fabs(y[k]));
      right += strstr(line, classes[best]) != NULL;
    }
    fclose(scores);
    fclose(table);
    assert_true(fabs(found - largest) < 1e-9 && right / ROWS == accuracy);
  }
  assert_fails(1, "--onnx: of a logistic model", "evaluate --weights head.csv --data classes.csv --onnx n.onnx");
}

/* Files of another training: layers, scaling, records. */
static void trainings_are_told_apart(void **state) {
  (void)state;
  assert_succeeds("plan classes.csv --labels classes --rate 0.25 --iterations 5 --scaling other-scaling.csv "
                  "--out other.umbra --json");
  assert_fails(1, "the scaling was written with another plan",
               "evaluate --weights head.csv --data classes.csv --scaling other-scaling.csv --plan plan.umbra");
  assert_fails(1, "--scaling FILE is missing", "evaluate --weights head.csv --data classes.csv --plan plan.umbra");
  assert_int_equal(shell("(grep a,b classes.csv; grep -v a,b classes.csv | tac) > turned.csv"), 0);
  assert_fails(
      1, "a plan is good for those that it was made with",
      "evaluate --weights head.csv --data classes.csv --scaling scaling.csv --plan plan.umbra --train turned.csv");
  write_text(
      "marked.csv",
      "# umbra training 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n0,1,0,0\n0,0,1,0\n1,0,0,0\n");
  assert_fails(1, "it is of another training than --scaling",
               "evaluate --weights marked.csv --data classes.csv --scaling scaling.csv --plan plan.umbra");
}

/* A table whose classes are others is refused. */
/* None of them is cut off or left out: the others would take its place. */
static void long_names_of_classes_are_kept(void **state) {
  (void)state;
  enum { LONG = 300 };
  char name[LONG + 1] = "";
  memset(name, 'r', LONG);
  assert_int_equal(shell("sed s/red/%s/ classes.csv >long.csv", name), 0);
  assert_succeeds("plan long.csv --labels classes --iterations 2 --rate 0.5 --no-estimate --scaling long-scaling.csv "
                  "--out long.umbra");
  assert_succeeds("evaluate --weights head.csv --data long.csv --scaling long-scaling.csv --plan long.umbra "
                  "--onnx long.onnx --json");
  assert_int_equal(shell("grep -q '\"class\":\"%s\"' out", name), 0);
  assert_int_equal(shell("grep -aq '\\[\"blue\",\"green\",\"%s\"\\]' long.onnx", name), 0);
}

static void other_classes(void **state) {
  (void)state;
  write_text("other.csv", "a,b,c,colour\n1,2,3,red\n1,2,3,black\n");
  assert_fails(1, "the label 'black' is none of the 3 classes",
               "evaluate --weights head.csv --data other.csv --scaling scaling.csv --plan plan.umbra");
}

/* A linear regression comes near the line that the values lie on. */
static void values_are_planned(void **state) {
  (void)state;
  assert_succeeds(
      "plan values.csv --labels values --iterations 60 --scale none --scaling line.csv --out line.umbra --json");
  cJSON *json = report();
  assert_true(number(json, "loss_twin") < 0.001);
  cJSON_Delete(json);
  assert_succeeds("plan values.csv --labels values --iterations 20 --scale none --no-estimate --tried");
  assert_int_equal(shell("grep -q 'refreshes *loss *score' out && grep -q 'records: loss ' out"), 0);
  assert_int_equal(shell("sed '/^The plan/q' out | grep -qi accuracy"), 1);
  write_text("line-weights.csv", "1,0.5,-0.25,0.125\n");
  assert_succeeds("evaluate --weights line-weights.csv --data values.csv --scaling line.csv --plan line.umbra --json");
  json = report();
  assert_true(number(json, "root_mean_square_error") < 1e-5 && number(json, "r_squared") > 0.9999);
  cJSON_Delete(json);
  write_text("words.csv", "a,b\n1,2\n2,two\n3,4\n");
  assert_fails(1, "the label 'two' is not a number", "plan words.csv --labels values");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wrong_usage),
      cmocka_unit_test(shapes_are_planned),
      cmocka_unit_test(classes_are_planned),
      cmocka_unit_test(softmaxes_are_planned),
      cmocka_unit_test(features_may_be_public),
      cmocka_unit_test(classes_may_weigh_something),
      cmocka_unit_test(ranges_that_break_are_refused),
      cmocka_unit_test(activations_are_planned),
      cmocka_unit_test(weights_are_judged),
      cmocka_unit_test(networks_are_exported),
      cmocka_unit_test(long_names_of_classes_are_kept),
      cmocka_unit_test(trainings_are_told_apart),
      cmocka_unit_test(other_classes),
      cmocka_unit_test(values_are_planned),
  };
  return cmocka_run_group_tests(tests, make_tables, leave_scratch);
}
