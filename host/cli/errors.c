/* SPDX-License-Identifier: Apache-2.0 */
#include "errors.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"

enum { MESSAGE = 2048, MESSAGES = 2 * MESSAGE };

static const char *command_name = "";

/* Of this run, so far. */
static struct {
  bool as_json;
  const char *status; /* of the first error; NULL: there was none */
  char message[MESSAGES];
} failure;

void cli_set_command(const char *name) { command_name = name; }
const char *cli_command_name(void) { return command_name; }
void cli_errors_as_json(bool wanted) { failure.as_json = wanted; }

/* ---- text ---- */

static void print(const char *kind, const char *text, const char *status) {
  fprintf(stderr, "umbra%s%s: %s%s", *command_name ? " " : "", command_name, kind, text);
  if (status) fprintf(stderr, " (%s)", status);
  fputc('\n', stderr);
}

static void note(const char *status, const char *text) {
  if (*failure.message && strlen(failure.message) + 2 < MESSAGES) strcat(failure.message, "; ");
  const size_t length = strlen(failure.message);
  umbra_text_escape(failure.message + length, MESSAGES - length, text);
  if (!failure.status) failure.status = status;
}

/* The text of a format, in `text`: what files and options say in it cannot act on a terminal. */
#define TAKE_TEXT(text, format)                       \
  do {                                                \
    char raw_[MESSAGE];                               \
    va_list arguments_;                               \
    va_start(arguments_, format);                     \
    vsnprintf(raw_, sizeof raw_, format, arguments_); \
    va_end(arguments_);                               \
    umbra_text_escape(text, MESSAGE, raw_);           \
  } while (0)

void cli_usage(const char *format, ...) {
  char text[MESSAGE];
  TAKE_TEXT(text, format);
  print("", text, NULL);
  note("wrong usage", text);
  fprintf(stderr, "See umbra%s%s --help\n", *command_name ? " " : "", command_name);
  cli_print_failure();
  exit(CLI_USAGE);
}

bool cli_error(const char *format, ...) {
  char text[MESSAGE];
  TAKE_TEXT(text, format);
  print("", text, NULL);
  note("failure", text);
  return false;
}

bool cli_check(umbra_status status, const char *option) {
  char text[MESSAGE];
  if (status == UMBRA_OK) return true;
  const bool stopped = status == UMBRA_ERROR_CANCELLED || cli_interrupted(); /* only signals stop work, or reading */
  if (stopped) snprintf(text, sizeof text, "interrupted");
  else snprintf(text, sizeof text, "%s%s%s", option ? option : "", option ? ": " : "", umbra_last_error());
  print("", text, stopped ? NULL : umbra_status_string(status));
  note(umbra_status_string(status), text);
  return false;
}

void cli_warn(const char *format, ...) {
  char text[MESSAGE];
  TAKE_TEXT(text, format);
  print("warning: ", text, NULL);
}

/* ---- JSON ---- */

/* The number behind a word, as in "line 3", if the text has it. */
static void add_number(cJSON *object, const char *text, const char *word) {
  const size_t length = strlen(word);
  for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
    if ((at > text && isalnum((unsigned char)at[-1])) || at[length] != ' ' || !isdigit((unsigned char)at[length + 1]))
      continue;
    cJSON_AddNumberToObject(object, word, strtod(at + length + 1, NULL));
    return;
  }
}

/* The library names a place in a file as "line 3, column 2: ... (in FILE)", or by its row. */
static void add_place(cJSON *object, const char *text) {
  static const char mark[] = "(in ";
  const char *file = strstr(text, mark), *end = file ? strrchr(file, ')') : NULL;
  if (!end) return;
  char name[MESSAGES];
  file += sizeof mark - 1;
  snprintf(name, sizeof name, "%.*s", (int)(end - file), file);
  cJSON_AddStringToObject(object, "file", name);
  add_number(object, text, "line");
  add_number(object, text, "row");
  add_number(object, text, "column");
}

void cli_print_failure(void) {
  if (!failure.as_json || !failure.status) return;
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "command", command_name);
  cJSON_AddStringToObject(object, "status", failure.status);
  cJSON_AddStringToObject(object, "message", failure.message);
  add_place(object, failure.message);
  char *text = cJSON_PrintUnformatted(object);
  cJSON_Delete(object);
  if (!text) return; /* out of memory, and stderr has said what was wrong */
  puts(text);
  cJSON_free(text);
  fflush(stdout);
}
