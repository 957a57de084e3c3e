/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* The main job runs, and what it reports is what the README promises. */
#include <cjson/cJSON.h>

#include "cli_process.h"

static double number(const cJSON *result, const char *name) {
  const cJSON *item = cJSON_GetObjectItem(result, name);
  assert_true(cJSON_IsNumber(item));
  return item->valuedouble;
}

static void main_job_agrees_with_plain_scores(void **state) {
  (void)state;
  assert_int_equal(shell("%s/scripts/main_job --build \"$(dirname %s)\" --work . --out run.json >out", UMBRA_SOURCE_DIR,
                         UMBRA_PROGRAM),
                   0);
  cJSON *result = cJSON_Parse(contents("run.json"));
  assert_non_null(result);
  assert_int_equal(shell("tail -n 1 out | cmp - run.json"), 0);
  assert_true(number(result, "accuracy_plain") > 0.97);
  assert_true(number(result, "accuracy_encrypted") == number(result, "accuracy_plain"));
  assert_true(number(result, "auc_plain") > 0.98);
  assert_true(number(result, "auc_encrypted") > 0.98);
  assert_true(number(result, "max_difference") < 2e-3);
  assert_true(number(result, "security") >= 128);
  assert_true(number(result, "seconds") > 0 && number(result, "log_qp") > 0);
  assert_true(cJSON_IsString(cJSON_GetObjectItem(result, "backend")));
  cJSON_Delete(result);
  assert_int_equal(shell("find server -name 'key*' -o -name 'public*' -o -name '*.csv' | grep -q ."), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(main_job_agrees_with_plain_scores)};
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
