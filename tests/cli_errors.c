/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* What the program says when something is wrong, on stderr and as JSON, and how it writes and reads numbers. */
#include <cjson/cJSON.h>
#include <umbra/umbra.h>

#include "cli_process.h"

static const char *text(const cJSON *object, const char *name) {
  const char *found = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
  return found ? found : "";
}

/* The one object on stdout of a command that has just failed so; to be deleted. Its message is on stderr, too. */
static cJSON *failure_of(const char *command, const char *status) {
  cJSON *object = cJSON_Parse(contents("out"));
  assert_non_null(object);
  assert_string_equal(contents("out") + strlen(contents("out")) - 2, "}\n");
  assert_string_equal(text(object, "command"), command);
  assert_string_equal(text(object, "status"), status);
  assert_true(*text(object, "message"));
  if (!strstr(contents("err"), text(object, "message"))) fail_msg("%s", text(object, "message"));
  return object;
}

/* *object: what is said of a command that fails so. */
#define assert_failure(object, code, command, status, ...) \
  do {                                                     \
    assert_fails(code, "umbra", __VA_ARGS__);              \
    *(object) = failure_of(command, status);               \
  } while (0)

static void failures_are_objects(void **state) {
  (void)state;
  static const struct {
    int code;
    const char *arguments, *command, *status, *message;
  } cases[] = {
      {1, "inspect nowhere.umbra --json", "inspect", "input or output failed", "nowhere.umbra"},
      {2, "params --depth 99 --json", "params", "wrong usage", "1 to 64 is expected"},
      {2, "params --colour --js", "params", "wrong usage", "--colour"},
      {2, "frobnicate --json", "", "wrong usage", "\"frobnicate\" is not a command"},
      {1, "params --preset no-such-preset --json", "params", "invalid argument", "no-such-preset"},
      {1, "params --depth 2 --save nowhere/params.umbra --json", "params", "failure", "--save: "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cJSON *object = NULL;
    assert_failure(&object, cases[i].code, cases[i].command, cases[i].status, "%s", cases[i].arguments);
    assert_non_null(strstr(text(object, "message"), cases[i].message));
    cJSON_Delete(object);
  }
  assert_fails(1, "nowhere.umbra", "inspect nowhere.umbra");
  assert_string_equal(contents("out"), "");
}

/* Where the library knows them. */
static void failures_have_places(void **state) {
  (void)state;
  write_text("wrong.csv", "a,b,c\n1,2,0\n1,x,1\n");
  cJSON *object = NULL;
  assert_failure(&object, 1, "plan", "malformed data", "plan wrong.csv --json");
  assert_string_equal(text(object, "file"), "wrong.csv");
  assert_true(number(object, "line") == 3 && number(object, "column") == 2);
  cJSON_Delete(object);
  assert_int_equal(shell("head -c 100 /dev/zero >zeros.umbra"), 0);
  assert_failure(&object, 1, "inspect", "malformed data", "inspect zeros.umbra --json");
  assert_string_equal(text(object, "file"), "zeros.umbra");
  assert_null(cJSON_GetObjectItem(object, "line"));
  cJSON_Delete(object);
}

/* Whatever a name, an option or a cell holds. */
static void assert_harmless(const char *file) {
  for (const unsigned char *c = (const unsigned char *)contents(file); *c; c++)
    if (*c != '\n' && (*c < ' ' || *c == 127)) fail_msg("%s: byte %02x in: %s", file, *c, contents(file));
}

static void controls_and_other_bytes_are_escaped(void **state) {
  (void)state;
#define HOSTILE "a\x1b[31m\x7f\xff\xc2\x9b\xe2\x80\xae"
  static const char shown[] = "a\\x1b[31m\\x7f\\xff\\u009b\\u202e";
  static const struct {
    int code;
    const char *arguments, *command, *status;
  } cases[] = {
      {1, "plan '" HOSTILE ".csv' --json", "plan", "input or output failed"},
      {1, "inspect '" HOSTILE ".umbra' --json", "inspect", "input or output failed"},
      {1, "params --depth 2 --save '" HOSTILE "/p.umbra' --json", "params", "failure"},
      {1, "plan hostile.csv --json", "plan", "malformed data"},
      {1, "plan hostile.csv --label '" HOSTILE "' --json", "plan", "invalid argument"},
      {2, "plan hostile.csv --scale '" HOSTILE "' --json", "plan", "wrong usage"},
      {2, "plan '--" HOSTILE "' --json", "plan", "wrong usage"},
  };
  write_text("hostile.csv", "a,b,c\n1,2,0\n1," HOSTILE ",1\n");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cJSON *object = NULL;
    assert_failure(&object, cases[i].code, cases[i].command, cases[i].status, "%s", cases[i].arguments);
    if (!strstr(text(object, "message"), i == 3 ? "a\\x1b[31m\\x7f" : shown)) fail_msg("%s", contents("out"));
    cJSON_Delete(object);
    assert_harmless("out");
    assert_harmless("err");
  }
}

/* Of what succeeds, too; and other languages are left as they are. */
static void names_are_shown(void **state) {
  (void)state;
  static const char *const names[][2] = {
      {HOSTILE, "a\\x1b[31m\\x7f\\xff\\u009b\\u202e"},
      {"d\xc3\xa4t\xc3\xa1-\xf0\x9f\x94\x91", "d\xc3\xa4t\xc3\xa1-\xf0\x9f\x94\x91"}};
  for (size_t i = 0; i < 2; i++) {
    assert_succeeds("plan --shape 20x2 --iterations 1 --no-estimate --out '%s'", names[i][0]);
    assert_non_null(strstr(contents("out"), names[i][1]));
    assert_succeeds("plan --shape 20x2 --iterations 1 --no-estimate --out '%s' --json", names[i][0]);
    cJSON *report = cJSON_Parse(contents("out"));
    assert_string_equal(text(cJSON_GetArrayItem(cJSON_GetObjectItem(report, "steps"), 0), "file"), names[i][1]);
    cJSON_Delete(report);
    if (!i) assert_harmless("out");
  }
}

static void bytes_are_read_as_they_are_written(void **state) {
  (void)state;
  const char *const accepted[] = {"100", "1.5G", "2G", "2GiB", "0.5TiB", "64M"}, *const refused[] = {
                                                                                     "2X",       "2GB",  "2Gi", "0x10",
                                                                                     "1e3",      "-1",   "",    "G",
                                                                                     "9999999T", "1.2.3"};
  for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
    assert_fails(1, "nowhere", "train --keys nowhere --data nowhere --out here --memory %s", accepted[i]);
  assert_fails(2, "--memory: 0 is out of range", "plan --shape 60x5 --memory 0");
  assert_fails(2, "--read-limit: 0K is out of range", "plan records.csv --read-limit 0K");
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    assert_fails(2, "is not a number of bytes, such as 500M, 1.5G or 2GiB",
                 "train --keys nowhere --data nowhere --out here --memory '%s'", refused[i]);
}

static void presets_are_listed(void **state) {
  (void)state;
  assert_succeeds("params --list --json");
  cJSON *report = cJSON_Parse(contents("out"));
  const cJSON *list = cJSON_GetObjectItem(report, "presets"), *preset;
  const char *const *name = umbra_params_presets();
  cJSON_ArrayForEach(preset, list) {
    umbra_params *params = NULL;
    assert_string_equal(text(preset, "name"), *name);
    assert_int_equal(umbra_params_from_preset(&params, *name++), UMBRA_OK);
    assert_true(number(preset, "log_n") == umbra_params_log_n(params));
    assert_true(number(preset, "slots") == umbra_params_slots(params));
    assert_true(number(preset, "depth") == umbra_params_depth(params));
    assert_true(number(preset, "security") == umbra_params_security(params));
    assert_true(number(preset, "key_bytes") ==
                (double)umbra_params_key_bytes(params, umbra_params_keyed_level(params)));
    umbra_params_destroy(params);
  }
  assert_null(*name);
  cJSON_Delete(report);
  assert_succeeds("params --list");
  assert_int_equal(shell("grep -q '^preset .*slots .*depth .*security .*key$' out && "
                         "grep -Eq '^n14-d7-s40 +2\\^14 +8192 +7 +- +40 +128 .* MiB +[0-9.]+ MiB$' out"),
                   0);
}

/* No tails of digits, and exponents only where they are shorter. */
static void numbers_are_short(void **state) {
  (void)state;
  assert_succeeds("bench --preset n12-d1-s25 --machine h200");
  assert_succeeds("params --preset n13-d2-s40 --save p.umbra");
  assert_int_equal(shell("%s inspect p.umbra | sed '/^$/q' >facts && %s bootstrap --demo --plan-only --preset boot-32k "
                         "| cat - out facts >all",
                         UMBRA_PROGRAM, UMBRA_PROGRAM),
                   0);
  assert_int_equal(shell("grep -E '[0-9]\\.[0-9]{5}|[0-9]e[+]|e-0' all"), 1);
  assert_int_equal(shell("grep -Eq '^bytes +[0-9.]+ (bytes|KiB)$' facts && grep -Eq ' GiB here$' all"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(failures_are_objects),
                                     cmocka_unit_test(failures_have_places),
                                     cmocka_unit_test(controls_and_other_bytes_are_escaped),
                                     cmocka_unit_test(names_are_shown),
                                     cmocka_unit_test(bytes_are_read_as_they_are_written),
                                     cmocka_unit_test(presets_are_listed),
                                     cmocka_unit_test(numbers_are_short)};
  return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
