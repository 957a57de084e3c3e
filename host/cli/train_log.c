/* SPDX-License-Identifier: Apache-2.0 */
#include "train_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "links.h"
#include "target.h"

static bool failed(const cli_train_log *log) { return cli_error("--out: %s: %s", log->path, strerror(errno)); }

/* ---- writing ---- */

static bool write_line(cli_train_log *log, cJSON *line) {
  char *text = cJSON_PrintUnformatted(line);
  cJSON_Delete(line);
  if (!text) return cli_error("out of memory");
  bool written = fprintf(log->file, "%s\n", text) >= 0 && fflush(log->file) == 0 && fdatasync(fileno(log->file)) == 0;
  cJSON_free(text);
  return written || failed(log);
}

static bool write_head(cli_train_log *log, const cli_train_logged *logged) {
  cJSON *line = cJSON_CreateObject();
  cJSON_AddStringToObject(line, "umbra", umbra_version());
  cJSON_AddStringToObject(line, "backend", umbra_context_backend(logged->context));
  if (logged->keep) cJSON_AddNumberToObject(line, "keep", logged->keep);
  cJSON_AddItemToObject(line, "plan", cli_plan_facts(logged->plan));
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
  if (event->linked) cli_link_put(line, event->digest, event->link);
  return write_line(log, line);
}

/* An iteration that the checkpoint has and the log has not: interrupted between the two. */
static bool make_up(cli_train_log *log, const cli_train_logged *logged, uint32_t i, uint32_t iterations) {
  umbra_train_iteration planned = {UMBRA_TRAIN_ITERATION_INIT};
  uint8_t digest[UMBRA_DIGEST_BYTES], link[UMBRA_DIGEST_BYTES];
  if (!cli_check(umbra_train_plan_iteration(logged->plan, &planned, i), NULL)) return false;
  const umbra_train_event event = {
      .iteration = i + 1, .iterations = iterations, .bootstrapped = planned.bootstrap, .level = planned.level_after};
  cJSON *line = line_of(log, &event);
  cJSON_AddNumberToObject(line, "level", event.level);
  cJSON_AddNumberToObject(line, "rows", (double)planned.rows);
  cJSON_AddStringToObject(line, "from", "plan");
  if (i + 1 == umbra_trainer_iterations(logged->trainer) && umbra_trainer_link(logged->trainer, digest, link))
    cli_link_put(line, digest, link);
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

/* Of iterations `from` to done - 1. */
static bool make_up_all(cli_train_log *log, const cli_train_logged *logged, uint32_t from, cli_report *report) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  uint8_t digest[UMBRA_DIGEST_BYTES], link[UMBRA_DIGEST_BYTES];
  const uint32_t done = umbra_trainer_iterations(logged->trainer);
  if (!cli_check(umbra_train_plan_options(logged->plan, &options), NULL)) return false;
  if (done && !umbra_trainer_link(logged->trainer, digest, link))
    cli_report_note(report, "an earlier version has begun this training, without links: it cannot be audited");
  else if (from + 1 < done)
    cli_report_note(report, "the log lacks iterations, whose links are lost with it: this training cannot be audited");
  for (uint32_t i = from; i < done; i++)
    if (!make_up(log, logged, i, options.iterations)) return false;
  return true;
}

bool cli_train_log_open(cli_train_log *log, const char *path, const cli_train_logged *logged, cli_report *report) {
  const uint32_t done = umbra_trainer_iterations(logged->trainer);
  uint32_t lines;
  const int file = cli_open_output("--out", path);
  if (file < 0) return false;
  *log = (cli_train_log){.path = path, .file = fdopen(file, "r+")};
  if (!log->file) {
    close(file);
    return failed(log);
  }
  return keep(&lines, log, done ? done + 1 : 0) && (lines || write_head(log, logged)) &&
         make_up_all(log, logged, lines ? lines - 1 : 0, report);
}

void cli_train_log_close(cli_train_log *log) {
  if (log->file) fclose(log->file);
  log->file = NULL;
}

/* ---- from anybody ---- */

static uint32_t keep_of(const cJSON *head) {
  const double value = cJSON_GetNumberValue(cJSON_GetObjectItem(head, "keep")); /* NaN if there is none */
  return value >= 1 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

bool cli_train_log_keep(uint32_t *keep, const char *path) {
  cli_lines lines = {0};
  if (access(path, F_OK) != 0) return true;
  if (!cli_lines_open(&lines, "--out", path)) return false;
  cJSON *head = cli_lines_next(&lines);
  if (cJSON_IsObject(cJSON_GetObjectItem(head, "plan"))) *keep = keep_of(head);
  cJSON_Delete(head);
  cli_lines_close(&lines);
  return !lines.failed;
}

/* The line of an iteration: its number, digest and link. */
static bool take(cli_chain *chain, cli_lines *lines, const cJSON *line) {
  enum { MORE = 256 };
  if (chain->count % MORE == 0) {
    const size_t room = ((size_t)chain->count + MORE) * UMBRA_DIGEST_BYTES;
    uint8_t *digests = realloc(chain->digests, room);
    if (digests) chain->digests = digests;
    uint8_t *links = realloc(chain->links, room);
    if (links) chain->links = links;
    if (!digests || !links) return cli_error("out of memory");
  }
  const size_t at = (size_t)chain->count * UMBRA_DIGEST_BYTES;
  if (cJSON_GetNumberValue(cJSON_GetObjectItem(line, "iteration")) != chain->count + 1)
    return cli_lines_malformed(lines, "iteration %" PRIu32 " must be here", chain->count + 1);
  if (!cli_digest_parse(chain->digests + at, cJSON_GetStringValue(cJSON_GetObjectItem(line, "digest"))) ||
      !cli_digest_parse(chain->links + at, cJSON_GetStringValue(cJSON_GetObjectItem(line, "link"))))
    return cli_lines_malformed(lines,
                               "iteration %" PRIu32 " has no digest and link: an interruption has lost them, or an "
                               "earlier version has begun the training; it cannot be audited",
                               chain->count + 1);
  chain->count++;
  return true;
}

bool cli_chain_read(cli_chain *chain, const char *option, const char *path) {
  cli_lines lines = {0};
  if (!cli_lines_open(&lines, option, path)) return false;
  cJSON *line = cli_lines_next(&lines);
  bool taken = cJSON_IsObject(cJSON_GetObjectItem(line, "plan")) || lines.failed ||
               cli_lines_malformed(&lines, "the head of a training's log must be here");
  chain->keep = keep_of(line);
  cJSON_Delete(line);
  while (taken && (line = cli_lines_next(&lines))) {
    taken = take(chain, &lines, line);
    cJSON_Delete(line);
  }
  cli_lines_close(&lines);
  return taken && !lines.failed;
}

void cli_chain_clear(cli_chain *chain) {
  free(chain->digests);
  free(chain->links);
}
