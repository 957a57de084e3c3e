/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the umbra program in a scratch folder. Paths in arguments are relative to that folder. */
#ifndef UMBRA_TESTS_CLI_PROCESS_H
#define UMBRA_TESTS_CLI_PROCESS_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

enum { CLI_TEXT = 1 << 16 };

/* Runs a shell command; returns its exit code, or 128 and the signal that it died of. */
__attribute__((format(printf, 1, 2))) static inline int shell(const char *format, ...) {
  char command[CLI_TEXT];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(command, sizeof command, format, arguments);
  va_end(arguments);
  assert_in_range(length, 1, sizeof command - 1);
  int status = system(command);
  assert_true(WIFEXITED(status) || WIFSIGNALED(status));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* In a shell command: waits while a condition holds and the process $! runs. */
#define WAIT_WHILE(condition) "while kill -0 $! 2>/dev/null && " condition "; do sleep 0.01; done; "

/* The first CLI_TEXT - 1 bytes of a file, as a string that lasts until the next call; "" if there is no file. */
static inline const char *contents(const char *path) {
  static char text[CLI_TEXT];
  FILE *file = fopen(path, "rb");
  size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file) fclose(file);
  text[length] = '\0';
  return text;
}

/* Runs the program, after a command; stdout and stderr go to the files out and err. */
static inline int run_umbra(const char *first, const char *format, va_list list) {
  char arguments[CLI_TEXT / 2];
  vsnprintf(arguments, sizeof arguments, format, list);
  return shell("%s && exec %s %s >out 2>err </dev/null", first, UMBRA_PROGRAM, arguments);
}

/* With these arguments. */
__attribute__((format(printf, 1, 2))) static inline int umbra(const char *format, ...) {
  va_list list;
  va_start(list, format);
  int code = run_umbra(":", format, list);
  va_end(list);
  return code;
}

/* The same, but that SIGTERM waits for the program: it has come as soon as the program holds signals. */
__attribute__((format(printf, 1, 2))) static inline int umbra_terminated(const char *format, ...) {
  sigset_t term;
  va_list list;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  assert_int_equal(sigprocmask(SIG_BLOCK, &term, NULL), 0); /* which the shell inherits, and the program */
  va_start(list, format);
  int code = run_umbra("kill -TERM $$", format, list);
  va_end(list);
  assert_int_equal(sigprocmask(SIG_UNBLOCK, &term, NULL), 0);
  return code;
}

/* Succeeds, and says nothing on stderr. */
#define assert_succeeds(...)                  \
  do {                                        \
    int code_ = umbra(__VA_ARGS__);           \
    assert_string_equal(contents("err"), ""); \
    assert_int_equal(code_, 0);               \
  } while (0)

/* Fails with an exit code and names `words` on stderr. */
#define assert_fails(code, words, ...)                                                     \
  do {                                                                                     \
    int code_ = umbra(__VA_ARGS__);                                                        \
    const char *err_ = contents("err");                                                    \
    if (code_ != (code) || !strstr(err_, words))                                           \
      fail_msg("exit code %d, expected %d with \"%s\" in:\n%s", code_, code, words, err_); \
  } while (0)

static inline void write_text(const char *path, const char *text) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fputs(text, file) >= 0, 1);
  assert_int_equal(fclose(file), 0);
}

/* ---- what the program printed with --json ---- */

/* To be deleted. */
static inline cJSON *report(void) {
  cJSON *json = cJSON_Parse(contents("out"));
  assert_non_null(json);
  return json;
}

static inline double number(const cJSON *object, const char *name) {
  const cJSON *item = cJSON_GetObjectItem(object, name);
  if (!cJSON_IsNumber(item)) fail_msg("there is no number %s", name);
  return item->valuedouble;
}

/* The first number of that name, however deep. */
static inline double number_out(const char *name) {
  char text[64];
  double value = 0;
  snprintf(text, sizeof text, "\"%s\":", name);
  const char *found = strstr(contents("out"), text);
  if (!found || sscanf(found + strlen(text), "%lf", &value) != 1) fail_msg("there is no number %s", name);
  return value;
}

/* ---- where it runs ---- */

static char scratch[64];

static inline int enter_scratch(void **state) {
  (void)state;
  strcpy(scratch, "/tmp/umbra-cli-XXXXXX");
  return !mkdtemp(scratch) || chdir(scratch) != 0;
}

static inline int leave_scratch(void **state) {
  (void)state;
  return chdir("/") != 0 || shell("rm -rf %s", scratch);
}

/* An owner's keys (keys/, secret/key.umbra), and three records of two features and a model, encrypted. */
static inline int make_job(void **state) {
  if (enter_scratch(state)) return 1;
  shell("mkdir secret");
  write_text("secret/passphrase", "correct horse\n");
  write_text("records.csv", "# three records and their labels\na,b,label\n0.5,-1,0\n1,1,1\n-2,0.25,0\n");
  write_text("model.csv", "1.5\n-0.5\n0.25\n");
  assert_succeeds("params --for-logistic 2 --degree 3 --scale 30 --save params.umbra");
  assert_succeeds("keygen --params params.umbra --for-logistic 2 --out keys --secret secret/key.umbra "
                  "--passphrase-file secret/passphrase");
  assert_succeeds("encrypt --keys keys --records records.csv --drop-last-column --out records.umbra");
  assert_succeeds("encrypt --keys keys --model model.csv --range 4 --degree 3 --out model.umbra");
  return 0;
}

#endif
