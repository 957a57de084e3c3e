/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "target.h"

static const char *command_name = "";

void cli_set_command(const char *name) { command_name = name; }

static void print_error(const char *format, va_list arguments) {
  fprintf(stderr, "umbra%s%s: ", *command_name ? " " : "", command_name);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
}

void cli_usage(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_error(format, arguments);
  va_end(arguments);
  fprintf(stderr, "See umbra%s%s --help\n", *command_name ? " " : "", command_name);
  exit(CLI_USAGE);
}

bool cli_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_error(format, arguments);
  va_end(arguments);
  return false;
}

bool cli_check(umbra_status status, const char *option) {
  if (status == UMBRA_OK) return true;
  if (status == UMBRA_ERROR_CANCELLED) return cli_error("interrupted"); /* only signals stop the program's work */
  return cli_error("%s%s%s (%s)", option ? option : "", option ? ": " : "", umbra_last_error(),
                   umbra_status_string(status));
}

void cli_warn(const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  cli_error("warning: %s", text);
}

void cli_hex(char text[CLI_HEX], const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double cli_seconds(void) { return seconds_of(CLOCK_MONOTONIC); }
double cli_processor_seconds(void) { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

/* In KiB, since this program was started; 0 where the system does not say. */
static double high_water(void) {
  char line[128];
  double found = 0;
  FILE *status = fopen("/proc/self/status", "re");
  while (status && found == 0 && fgets(line, sizeof line, status))
    if (strncmp(line, "VmHWM:", strlen("VmHWM:")) == 0) found = strtod(line + strlen("VmHWM:"), NULL);
  if (status) fclose(status);
  return found;
}

/* What getrusage tells may be that of whoever started the program, if that is larger. */
static double peak_bytes(void) {
  struct rusage usage;
  double found = high_water();
  if (found > 0) return found * 1024;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss * 1024;
}

const char *cli_bytes_text(char text[CLI_UNITS], double bytes) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  for (; bytes >= 1024 && unit < 4; unit++) bytes /= 1024;
  snprintf(text, CLI_UNITS, unit ? "%.2f %s" : "%.0f %s", bytes, units[unit]);
  return text;
}

const char *cli_duration_text(char text[CLI_UNITS], double seconds) {
  if (seconds < 120) snprintf(text, CLI_UNITS, "%.*f s", seconds < 10 ? 1 : 0, seconds);
  else if (seconds < 7200) snprintf(text, CLI_UNITS, "%.0f min", seconds / 60);
  else snprintf(text, CLI_UNITS, "%.1f h", seconds / 3600);
  return text;
}

bool cli_report_open(cli_report *report) {
  report->root = cJSON_CreateObject();
  cJSON_AddStringToObject(report->root, "command", command_name);
  report->steps = cJSON_AddArrayToObject(report->root, "steps");
  report->started = report->step_started = cli_seconds();
  return report->steps || cli_error("out of memory");
}

void cli_report_text(cli_report *report, const char *name, const char *text) {
  cJSON_AddStringToObject(report->root, name, text);
}

void cli_report_number(cli_report *report, const char *name, double value) {
  cJSON_AddNumberToObject(report->root, name, value);
}

cJSON *cli_report_list(cli_report *report, const char *name) { return cJSON_AddArrayToObject(report->root, name); }

void cli_report_warning(cli_report *report, const char *text) {
  cJSON *before = cJSON_DetachItemFromObject(report->root, "warning");
  const char *first = before ? cJSON_GetStringValue(before) : "";
  const size_t size = strlen(first) + strlen("; ") + strlen(text) + 1;
  char *all = malloc(size);
  cli_warn("%s", text);
  if (all) snprintf(all, size, "%s%s%s", first, before ? "; " : "", text);
  cJSON_AddStringToObject(report->root, "warning", all ? all : text);
  cJSON_Delete(before);
  free(all);
}

void cli_report_note(cli_report *report, const char *text) {
  cli_warn("%s", text);
  cJSON *notes = cJSON_GetObjectItem(report->root, "notes");
  if (!notes) notes = cJSON_AddArrayToObject(report->root, "notes");
  cJSON_AddItemToArray(notes, cJSON_CreateString(text));
}

void cli_report_step(cli_report *report, const char *name, const char *path) {
  double now = cli_seconds();
  cJSON *step = cJSON_CreateObject();
  cJSON_AddStringToObject(step, "name", name);
  cJSON_AddNumberToObject(step, "seconds", now - report->step_started);
  struct stat file;
  if (path && stat(path, &file) == 0) {
    cJSON_AddNumberToObject(step, "bytes",
                            S_ISDIR(file.st_mode) ? (double)cli_folder_bytes(path) : (double)file.st_size);
    cJSON_AddStringToObject(step, "file", path);
  }
  cJSON_AddItemToArray(report->steps, step);
  report->step_started = now;
}

static void print_step(const cJSON *step) {
  printf("%-26s %9.3f s", cJSON_GetStringValue(cJSON_GetObjectItem(step, "name")),
         cJSON_GetNumberValue(cJSON_GetObjectItem(step, "seconds")));
  const cJSON *bytes = cJSON_GetObjectItem(step, "bytes");
  if (bytes)
    printf(" %13.0f bytes  %s", cJSON_GetNumberValue(bytes), cJSON_GetStringValue(cJSON_GetObjectItem(step, "file")));
  putchar('\n');
}

/* One of a list. */
static void print_object(const char *name, const cJSON *object) {
  const cJSON *item;
  printf("%-26s", name);
  if (cJSON_IsString(object)) printf(" %s", object->valuestring);
  cJSON_ArrayForEach(item, object) {
    if (cJSON_IsString(item)) printf(" %s %s", item->string, item->valuestring);
    if (cJSON_IsNumber(item)) printf(" %s %.4g", item->string, item->valuedouble);
  }
  putchar('\n');
}

static void print_table(const cli_report *report) {
  const cJSON *item, *object;
  cJSON_ArrayForEach(item, report->steps) print_step(item);
  cJSON_ArrayForEach(item, report->root) {
    if (item == report->root->child || item == report->steps) continue; /* the command's name, the steps */
    if (cJSON_IsString(item)) printf("%-26s %s\n", item->string, item->valuestring);
    if (cJSON_IsNumber(item)) printf("%-26s %.10g\n", item->string, item->valuedouble);
    if (cJSON_IsArray(item)) cJSON_ArrayForEach(object, item) print_object(item->string, object);
  }
}

bool cli_report_close(cli_report *report, bool succeeded, bool as_json) {
  cli_report_number(report, "seconds", cli_seconds() - report->started);
  cli_report_number(report, "peak_bytes", peak_bytes());
  if (succeeded && as_json) return cli_print_json(report->root);
  if (succeeded) print_table(report);
  cJSON_Delete(report->root);
  return succeeded;
}

char *cli_text(cli_describe describe, const void *object) {
  size_t size;
  if (!cli_check(describe(object, NULL, &size), NULL)) return NULL;
  char *text = malloc(size);
  if (!text) cli_error("out of memory");
  else if (cli_check(describe(object, text, &size), NULL)) return text;
  free(text);
  return NULL;
}

bool cli_print_json(cJSON *json) {
  char *text = cJSON_PrintUnformatted(json);
  cJSON_Delete(json);
  if (!text) return cli_error("out of memory");
  puts(text);
  cJSON_free(text);
  return true;
}
