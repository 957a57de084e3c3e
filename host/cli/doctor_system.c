/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sched_getaffinity */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "diagnosis.h"
#include "engine.h"
#include "machine.h"
#include "secret.h"

enum { SENTENCE = 512, LINE = 256 };

/* What one refresh of a few slots takes at 128-bit security, and a training with the keys of one: in memory and in files. */
static const double memory_wanted = 3 * 1073741824.0, disk_wanted = 4 * 1073741824.0;

/* The first line of a file, without its end; "" if there is none. */
static void read_line(char line[LINE], const char *path) {
  FILE *file = fopen(path, "re");
  line[0] = 0;
  if (!file) return;
  if (fgets(line, LINE, file)) line[strcspn(line, "\n")] = 0;
  fclose(file);
}

/* ---- processors ---- */

static uint32_t processors_allowed(uint32_t online) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) ? online : (uint32_t)CPU_COUNT(&set);
}

static void find_threads(cli_diagnosis *d) {
  char text[SENTENCE];
  const uint32_t threads = umbra_default_threads(), online = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN),
                 allowed = processors_allowed(online);
  const char *wanted = getenv("UMBRA_THREADS");
  snprintf(text, sizeof text, "%" PRIu32 "; of %" PRIu32 " processors this process may use %" PRIu32 "%s", threads,
           online, allowed,
           wanted && *wanted   ? ", and UMBRA_THREADS is set"
           : threads < allowed ? ", and a control group grants the time of fewer"
                               : "");
  cJSON *finding = cli_find(d, "threads", threads > allowed ? CLI_WARNING : CLI_GOOD, text,
                            threads > allowed ? "unset UMBRA_THREADS: more threads than processors are slower" : NULL);
  cJSON_AddNumberToObject(finding, "threads", threads);
  cJSON_AddNumberToObject(finding, "processors", online);
  cJSON_AddNumberToObject(finding, "processors_allowed", allowed);
}

/* ---- memory ---- */

/* Of a key that is made for it, under the limits of this process and those that the program raises to. */
static bool key_is_locked(void) {
  umbra_context *context = NULL;
  umbra_secret_key *secret = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .preset = "n16-d24-s50", .device = "ref"};
  cli_secrets_begin();
  const bool locked = umbra_context_create(&context, &desc) == UMBRA_OK &&
                      umbra_secret_key_generate(&secret, context) == UMBRA_OK && umbra_secret_key_is_locked(secret);
  umbra_secret_key_destroy(secret);
  umbra_context_destroy(context);
  return locked;
}

static const char *limit_text(char text[CLI_UNITS], rlim_t limit) {
  if (limit == RLIM_INFINITY) snprintf(text, CLI_UNITS, "no limit");
  else cli_bytes_text(text, (double)limit);
  return text;
}

static void find_locking(cli_diagnosis *d) {
  char text[SENTENCE], much[CLI_UNITS];
  struct rlimit limit = {0};
  (void)getrlimit(RLIMIT_MEMLOCK, &limit);
  const bool locked = key_is_locked();
  snprintf(text, sizeof text, "a secret key's memory %s locked; the limit is %s", locked ? "is" : "cannot be",
           limit_text(much, limit.rlim_max));
  cJSON *finding = cli_find(d, "memory_locking", locked ? CLI_GOOD : CLI_WARNING, text,
                            locked ? NULL : "raise ulimit -l (memlock) to 64 MiB, or keys may reach the swap");
  cJSON_AddBoolToObject(finding, "locked", locked);
  if (limit.rlim_max != RLIM_INFINITY) cJSON_AddNumberToObject(finding, "limit_bytes", (double)limit.rlim_max);
}

static void find_huge_pages(cli_diagnosis *d) {
  char text[SENTENCE], line[LINE];
  read_line(line, "/sys/kernel/mm/transparent_hugepage/enabled");
  const bool given = strstr(line, "[always]") || strstr(line, "[madvise]");
  snprintf(text, sizeof text, "large blocks %s: %s", given ? "get them" : "do not get them",
           *line ? line : "the system has no transparent ones");
  cli_find(d, "huge_pages", given ? CLI_GOOD : CLI_WARNING, text,
           given ? NULL : "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, as root; transforms are faster");
}

static void find_memory(cli_diagnosis *d) {
  char text[SENTENCE], unused[CLI_UNITS], all[CLI_UNITS];
  const umbra_device_info info = cli_processor();
  const bool enough = (double)info.free_bytes >= memory_wanted;
  snprintf(text, sizeof text, "%s of %s are free", cli_bytes_text(unused, (double)info.free_bytes),
           cli_bytes_text(all, (double)info.memory_bytes));
  cJSON *finding = cli_find(d, "memory", enough ? CLI_GOOD : CLI_WARNING, text,
                            enough ? NULL : "3 GiB for refreshes and trainings; all else takes less");
  cJSON_AddNumberToObject(finding, "free_bytes", (double)info.free_bytes);
  cJSON_AddNumberToObject(finding, "memory_bytes", (double)info.memory_bytes);
}

static void find_core_dumps(cli_diagnosis *d) {
  char text[SENTENCE], line[LINE];
  struct rlimit limit = {0};
  (void)getrlimit(RLIMIT_CORE, &limit);
  read_line(line, "/proc/sys/kernel/core_pattern");
  const bool taken = limit.rlim_cur > 0 || *line == '|'; /* a program that takes them asks for no limit */
  snprintf(text, sizeof text, "%s for other programs (%s); this one leaves none of its secrets", taken ? "on" : "off",
           *line ? line : "no pattern");
  cli_find(d, "core_dumps", taken ? CLI_NOTE : CLI_GOOD, text,
           taken ? "programs with secret keys, Python's too: ulimit -c 0, and prctl PR_SET_DUMPABLE" : NULL);
}

/* ---- disk ---- */

static void find_disk(cli_diagnosis *d, const char *name, const char *path) {
  char text[SENTENCE], unused[CLI_UNITS];
  struct statvfs disk;
  if (statvfs(path, &disk) != 0) {
    snprintf(text, sizeof text, "%.256s cannot be asked", path);
    cli_find(d, name, CLI_WARNING, text, "a folder that can be written to");
    return;
  }
  const double bytes = (double)disk.f_bavail * (double)disk.f_frsize;
  const bool writable = access(path, W_OK) == 0, enough = writable && bytes >= disk_wanted;
  snprintf(text, sizeof text, "%s are free in %.256s%s", cli_bytes_text(unused, bytes), path,
           writable ? "" : ", which cannot be written to");
  cJSON *finding = cli_find(d, name, enough ? CLI_GOOD : CLI_WARNING, text,
                            enough ? NULL : "4 GiB, for the keys and data of trainings; all else takes less");
  cJSON_AddNumberToObject(finding, "free_bytes", bytes);
}

/* ---- environment ---- */

static void find_environment(cli_diagnosis *d) {
  static const char *const names[] = {"UMBRA_BACKEND", "UMBRA_THREADS", "UMBRA_CALIBRATE"};
  char text[SENTENCE];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = getenv(names[i]);
    if (!value) continue;
    snprintf(text, sizeof text, "%s is %.256s", names[i], value);
    cli_find(d, "environment", CLI_NOTE, text, "unset it, if it is not meant");
  }
}

void cli_find_system(cli_diagnosis *d) {
  const char *temporary = getenv("TMPDIR");
  find_threads(d);
  find_memory(d);
  find_huge_pages(d);
  find_core_dumps(d); /* before this process switches its own off */
  find_locking(d);
  find_disk(d, "disk", ".");
  find_disk(d, "temporary_disk", temporary && *temporary ? temporary : "/tmp");
  find_environment(d);
}
