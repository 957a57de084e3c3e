/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "progress.h"
#include "target.h"

void cli_hex(char text[CLI_HEX], const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void cli_hex_add(cJSON *object, const char *name, const uint8_t *bytes, size_t count) {
  char text[CLI_HEX];
  cli_hex(text, bytes, count);
  cJSON_AddStringToObject(object, name, text);
}

double cli_larger(double a, double b) { return isnan(a) || isnan(b) ? INFINITY : fmax(a, b); }

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double cli_seconds(void) { return seconds_of(CLOCK_MONOTONIC); }
double cli_processor_seconds(void) { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

/* The clock says no more, and people read no more. */
static double in_microseconds(double seconds) { return round(1e6 * seconds) / 1e6; }

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

bool cli_report_open(cli_report *report) {
  report->root = cJSON_CreateObject();
  cJSON_AddStringToObject(report->root, "command", cli_command_name());
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
  cJSON_AddNumberToObject(step, "seconds", in_microseconds(now - report->step_started));
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
  char seconds[CLI_UNITS], size[CLI_UNITS];
  printf("%-26s %10s", cJSON_GetStringValue(cJSON_GetObjectItem(step, "name")),
         cli_duration_text(seconds, cJSON_GetNumberValue(cJSON_GetObjectItem(step, "seconds"))));
  const cJSON *bytes = cJSON_GetObjectItem(step, "bytes");
  if (bytes)
    printf(" %12s  %s", cli_bytes_text(size, cJSON_GetNumberValue(bytes)),
           cJSON_GetStringValue(cJSON_GetObjectItem(step, "file")));
  putchar('\n');
}

/* One of a list. */
static void print_object(const char *name, const cJSON *object) {
  char text[CLI_UNITS];
  const cJSON *item;
  printf("%-26s", name);
  if (cJSON_IsString(object)) printf(" %s", object->valuestring);
  cJSON_ArrayForEach(item, object) {
    if (cJSON_IsString(item)) printf(" %s %s", item->string, item->valuestring);
    if (cJSON_IsNumber(item)) printf(" %s %s", item->string, cli_fact_text(text, item->string, item->valuedouble));
  }
  putchar('\n');
}

void cli_make_shown(cJSON *json) {
  cJSON *item;
  char *text = cJSON_IsString(json) ? malloc(4 * strlen(json->valuestring) + 1) : NULL;
  if (text) {
    umbra_text_escape(text, 4 * strlen(json->valuestring) + 1, json->valuestring);
    (void)cJSON_SetValuestring(json, text);
  }
  free(text);
  cJSON_ArrayForEach(item, json) cli_make_shown(item);
}

static void print_table(const cli_report *report) {
  char text[CLI_UNITS];
  const cJSON *item, *object;
  cli_make_shown(report->root);
  cJSON_ArrayForEach(item, report->steps) print_step(item);
  cJSON_ArrayForEach(item, report->root) {
    if (item == report->root->child || item == report->steps) continue; /* the command's name, the steps */
    if (cJSON_IsString(item)) printf("%-26s %s\n", item->string, item->valuestring);
    if (cJSON_IsNumber(item)) printf("%-26s %s\n", item->string, cli_fact_text(text, item->string, item->valuedouble));
    if (cJSON_IsArray(item)) cJSON_ArrayForEach(object, item) print_object(item->string, object);
  }
}

bool cli_report_close(cli_report *report, bool succeeded, bool as_json) {
  cli_report_number(report, "seconds", in_microseconds(cli_seconds() - report->started));
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
  cli_make_shown(json);
  char *text = cJSON_PrintUnformatted(json);
  cJSON_Delete(json);
  if (!text) return cli_error("out of memory");
  puts(text);
  cJSON_free(text);
  return true;
}
