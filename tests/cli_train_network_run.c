/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/* A network trained by the program, at full security, from a table with classes of words to a judged model. */
#include <cjson/cJSON.h>
#include <math.h>

#include "cli_process.h"

#define TRAIN "train --keys keys --data data --out "

/* Two classes of words by the sign of a product, which no line separates. */
static int make_training(void **state) {
  if (enter_scratch(state)) return 1;
  FILE *file = fopen("train.csv", "w");
  assert_non_null(file);
  fprintf(file, "a,b,sign\n");
  for (int r = 0; r < 64; r++) {
    const double a = sin(3.0 * r + 1), b = sin(5.0 * r + 2);
    fprintf(file, "%g,%g,%s\n", a, b, a * b > 0 ? "plus" : "minus");
  }
  fclose(file);
  shell("mkdir secret");
  assert_int_equal(umbra("plan train.csv --hidden 4 --rate 0.2 --batch 32 --iterations 4 --count-loss --scaling "
                         "scaling.csv --out plan.umbra --json"),
                   0); /* it may warn */
  shell("mv out plan.json");
  assert_succeeds("keygen --plan plan.umbra --out keys --secret secret/key.umbra --no-passphrase");
  assert_succeeds("encrypt train.csv --plan plan.umbra --scaling scaling.csv --secret secret/key.umbra --out data");
  assert_succeeds(TRAIN "run");
  return 0;
}

static void weights_are_the_twins(void **state) {
  (void)state;
  for (int layer = 1; layer <= 2; layer++)
    assert_succeeds("decrypt --keys keys --secret secret/key.umbra --in run/layer-%d.umbra --out layer-%d.csv", layer,
                    layer);
  assert_succeeds("evaluate --weights layer-1.csv,layer-2.csv --data train.csv --scaling scaling.csv --plan plan.umbra "
                  "--train train.csv --json");
  cJSON *json = cJSON_Parse(contents("out"));
  assert_non_null(json);
  assert_true(number(json, "max_weight_difference") < 0x1p-8 * number(json, "largest_weight"));
  assert_true(number(json, "max_weight_difference") < 6 * number(json, "promised_weight_error"));
  assert_true(fabs(number(json, "accuracy") - number(json, "accuracy_twin")) < 0.02);
  cJSON_Delete(json);
  assert_succeeds(TRAIN "run");
  assert_non_null(strstr(contents("out"), "there was nothing to do"));
  assert_int_equal(shell("rm run/checkpoint.umbra"), 0);
  assert_fails(1, "run/layer-1.umbra exists already", TRAIN "run");
}

/* Each is that of the training in the clear, in a row. */
static void losses_are_the_twins(void **state) {
  (void)state;
  double loss[4];
  assert_succeeds("decrypt --keys keys --secret secret/key.umbra --in run/loss.umbra --scaling scaling.csv --out "
                  "loss.csv");
  assert_int_equal(sscanf(contents("loss.csv"), "%lf,%lf,%lf,%lf", &loss[0], &loss[1], &loss[2], &loss[3]), 4);
  cJSON *json = cJSON_Parse(contents("plan.json")), *trace = cJSON_GetObjectItem(json, "trace");
  for (int i = 0; i < 4; i++) {
    const double expected = number(cJSON_GetArrayItem(trace, i), "counted_loss");
    assert_true(expected > 0.01 && fabs(loss[i] - expected) < 0x1p-10);
  }
  cJSON_Delete(json);
}

/* Killed after its first iteration, and gone on with: the same layers, and losses. */
static void resumed_trainings_end_alike(void **state) {
  (void)state;
  assert_int_equal(
      shell("%s " TRAIN "killed >/dev/null 2>&1 & " WAIT_WHILE(
                "test ! -e killed/checkpoint.umbra") "kill -9 $!; wait $! 2>/dev/null; test -e killed/checkpoint.umbra",
            UMBRA_PROGRAM),
      0);
  assert_succeeds(TRAIN "killed --resume");
  assert_int_equal(shell("cmp run/layer-1.umbra killed/layer-1.umbra && cmp run/layer-2.umbra killed/layer-2.umbra "
                         "&& cmp run/loss.umbra killed/loss.umbra"),
                   0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(weights_are_the_twins), cmocka_unit_test(losses_are_the_twins),
                                     cmocka_unit_test(resumed_trainings_end_alike)};
  return cmocka_run_group_tests(tests, make_training, leave_scratch);
}
