/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* The main job runs, and what it reports is what the README promises. */
#include <cjson/cJSON.h>
#include <math.h>

#include "cli_process.h"

static void main_job_agrees_with_training_in_the_clear(void **state) {
  (void)state;
  const double record = 1.0 / 114 + 1e-9;
  assert_int_equal(shell("%s/scripts/main_job --build \"$(dirname %s)\" --work . --out run.json >out", UMBRA_SOURCE_DIR,
                         UMBRA_PROGRAM),
                   0);
  cJSON *result = cJSON_Parse(contents("run.json"));
  assert_non_null(result);
  assert_int_equal(shell("tail -n 1 out | cmp - run.json"), 0);
  assert_true(number(result, "records") == 114 && number(result, "iterations") >= 20);
  assert_true(number(result, "accuracy_twin") > 0.97 && number(result, "auc_twin") > 0.98);
  assert_true(fabs(number(result, "accuracy_plain") - number(result, "accuracy_twin")) <= record);
  assert_true(fabs(number(result, "accuracy_encrypted") - number(result, "accuracy_twin")) <= record);
  assert_true(fabs(number(result, "auc_plain") - number(result, "auc_twin")) < 0.005);
  assert_true(number(result, "max_weight_difference") < 0x1p-10);
  assert_true(number(result, "bootstraps") >= 5);
  assert_true(number(result, "bootstraps") == number(result, "bootstraps_planned"));
  assert_true(number(result, "security") >= 128);
  assert_true(number(result, "seconds") > 0 && number(result, "log_qp") > 0);
  assert_true(number(result, "seconds_per_iteration") > 0);
  assert_true(cJSON_IsString(cJSON_GetObjectItem(result, "backend")));
  cJSON_Delete(result);
  assert_int_equal(shell("find server -name 'key*.umbra' -o -name 'public*' -o -name '*.csv' | grep -q ."), 1);
  assert_int_equal(shell("grep -q '<svg' run.svg"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(main_job_agrees_with_training_in_the_clear)};
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
