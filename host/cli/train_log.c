/* SPDX-License-Identifier: Apache-2.0 */
#include "train_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target.h"

static bool failed(const cli_train_log *log) { return cli_error("--out: %s: %s", log->path, strerror(errno)); }

/* ---- writing ---- */

static bool write_line(cli_train_log *log, cJSON *line) {
  char *text = cJSON_PrintUnformatted(line);
  cJSON_Delete(line);
  if (!text) return cli_error("out of memory");
  bool written = fprintf(log->file, "%s\n", text) >= 0 && fflush(log->file) == 0;
  cJSON_free(text);
  return written || failed(log);
}

static bool write_head(cli_train_log *log, const umbra_train_plan *plan, const umbra_context *context) {
  cJSON *line = cJSON_CreateObject();
  cJSON_AddStringToObject(line, "umbra", umbra_version());
  cJSON_AddStringToObject(line, "backend", umbra_context_backend(context));
  cJSON_AddItemToObject(line, "plan", cli_plan_facts(plan));
  return write_line(log, line);
}

static cJSON *line_of(cli_train_log *log, const umbra_train_event *event) {
  cJSON *line = cJSON_CreateObject();
  cJSON_AddNumberToObject(line, "iteration", event->iteration);
  cJSON_AddNumberToObject(line, "iterations", event->iterations);
  cJSON_AddBoolToObject(line, "bootstrapped", event->bootstrapped);
  log->bootstraps += event->bootstrapped != 0;
  return line;
}

bool cli_train_log_add(cli_train_log *log, const umbra_train_event *event) {
  cJSON *line = line_of(log, event);
  if (event->bootstrapped) {
    cJSON_AddNumberToObject(line, "level_low", event->level_low);
    cJSON_AddNumberToObject(line, "level_high", event->level_high);
  }
  cJSON_AddNumberToObject(line, "level", event->level);
  cJSON_AddNumberToObject(line, "rows", (double)event->rows);
  cJSON_AddNumberToObject(line, "bytes", (double)event->bytes);
  cJSON_AddNumberToObject(line, "bootstrap_seconds", event->bootstrap_seconds);
  cJSON_AddNumberToObject(line, "seconds", event->seconds);
  return write_line(log, line);
}

/* An iteration that the checkpoint has and the log has not: interrupted between the two. */
static bool make_up(cli_train_log *log, const umbra_train_plan *plan, uint32_t i, uint32_t iterations) {
  umbra_train_iteration planned = {UMBRA_TRAIN_ITERATION_INIT};
  if (!cli_check(umbra_train_plan_iteration(plan, &planned, i), NULL)) return false;
  const umbra_train_event event = {
      .iteration = i + 1, .iterations = iterations, .bootstrapped = planned.bootstrap, .level = planned.level_after};
  cJSON *line = line_of(log, &event);
  cJSON_AddNumberToObject(line, "level", event.level);
  cJSON_AddNumberToObject(line, "rows", (double)planned.rows);
  cJSON_AddStringToObject(line, "from", "plan");
  return write_line(log, line);
}

/* ---- reading ---- */

/* Whether it is the line after `lines` others: the head, or iteration 1, 2, ... Counts its refresh. */
static bool accept(cli_train_log *log, const char *text, uint32_t lines) {
  cJSON *line = cJSON_Parse(text);
  bool accepted = cJSON_IsObject(cJSON_GetObjectItem(line, "plan"));
  if (lines) accepted = cJSON_GetNumberValue(cJSON_GetObjectItem(line, "iteration")) == lines;
  if (accepted && cJSON_IsTrue(cJSON_GetObjectItem(line, "bootstrapped"))) log->bootstraps++;
  cJSON_Delete(line);
  return accepted;
}

/* Lines that stay, at most `most`; the others are cut off. */
static bool keep(uint32_t *lines, cli_train_log *log, uint32_t most) {
  char *text = NULL;
  size_t room = 0;
  off_t end = 0;
  ssize_t length;
  *lines = 0;
  while (*lines < most && (length = getline(&text, &room, log->file)) > 0 && text[length - 1] == '\n' &&
         accept(log, text, *lines)) {
    end += length;
    ++*lines;
  }
  free(text);
  return (fseeko(log->file, end, SEEK_SET) == 0 && ftruncate(fileno(log->file), end) == 0) || failed(log);
}

bool cli_train_log_open(cli_train_log *log, const char *path, const umbra_train_plan *plan,
                        const umbra_context *context, uint32_t done) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  uint32_t lines;
  const int file = cli_open_output("--out", path);
  if (file < 0) return false;
  *log = (cli_train_log){.path = path, .file = fdopen(file, "r+")};
  if (!log->file) {
    close(file);
    return failed(log);
  }
  if (!cli_check(umbra_train_plan_options(plan, &options), NULL)) return false;
  if (!keep(&lines, log, done ? done + 1 : 0) || (!lines && !write_head(log, plan, context))) return false;
  for (uint32_t i = lines ? lines - 1 : 0; i < done; i++)
    if (!make_up(log, plan, i, options.iterations)) return false;
  return true;
}

void cli_train_log_close(cli_train_log *log) {
  if (log->file) fclose(log->file);
  log->file = NULL;
}
