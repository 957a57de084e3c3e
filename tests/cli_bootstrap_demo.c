/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/* umbra bootstrap --demo runs, within its plan, and says that it is a demonstration. */
#include <cjson/cJSON.h>

#include "cli_process.h"

static void check_demo(const char *options, const char *note) {
  assert_succeeds("bootstrap --demo --preset boot-32k --json %s", options);
  cJSON *report = cJSON_Parse(contents("out"));
  assert_non_null(report);
  assert_true(number(report, "level") == number(cJSON_GetObjectItem(report, "plan"), "output_level"));
  assert_true(number(report, "log2_worst_error") < number(report, "log2_worst_error_planned"));
  assert_true(number(report, "log2_error") < number(report, "log2_error_planned") + 1);
  assert_non_null(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(report, "note")), note));
  cJSON_Delete(report);
}

#define KEY "holds the secret key"

static void demonstrations_keep_their_promise(void **state) {
  (void)state;
  check_demo("", KEY);
  check_demo("--min-key --slots 64", KEY);
  check_demo("--order stc-first --bound 4", KEY);
  check_demo("--rounds 2 --slots 256", KEY);
}

static void simulations_do_too(void **state) {
  (void)state;
  check_demo("--device sim", "without keys");
  check_demo("--device sim --order stc-first --slots 256", "without keys");
}

static void plans_come_first(void **state) {
  (void)state;
  assert_succeeds("bootstrap --demo --preset boot-32k --min-key --slots 16");
  const char *out = contents("out"), *plan = strstr(out, "memory in all"), *step = strstr(out, "make keys");
  assert_true(plan && step && plan < step);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(demonstrations_keep_their_promise),
      cmocka_unit_test(simulations_do_too),
      cmocka_unit_test(plans_come_first),
  };
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
