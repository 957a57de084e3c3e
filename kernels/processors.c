/* SPDX-License-Identifier: Apache-2.0 */
/* The processors of the machine and the process, and whether others want them. */
#define _GNU_SOURCE /* sched_getaffinity */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parallel.h"

/* UMBRA_THREADS, or 0 if it isn't a number that can be kept to. */
static uint32_t from_environment(void) {
  const char *text = getenv("UMBRA_THREADS");
  if (!text || *text < '0' || *text > '9') return 0;
  char *end;
  const unsigned long threads = strtoul(text, &end, 10);
  return *end || threads > UMBRA_MAX_THREADS ? 0 : (uint32_t)threads;
}

static uint32_t from_affinity(void) {
  cpu_set_t set;
  if (!sched_getaffinity(0, sizeof set, &set)) return (uint32_t)CPU_COUNT(&set);
  const long online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than the set has room for */
  return online > 0 ? (uint32_t)online : 1;
}

/* The first line of a file, without its end; whether there is one. */
static int read_line(char *line, size_t size, const char *path) {
  FILE *file = fopen(path, "re");
  if (!file) return 0;
  const int read = fgets(line, (int)size, file) != NULL;
  fclose(file);
  line[read ? strcspn(line, "\n") : 0] = 0;
  return read;
}

/* The processors' worth of time that one control group grants, rounded up; UINT32_MAX if it sets no limit. */
static uint32_t quota_of(const char *group) {
  char path[4096], line[64];
  unsigned long long quota, period;
  if (snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group) >= (int)sizeof path) return UINT32_MAX;
  if (!read_line(line, sizeof line, path) || sscanf(line, "%llu %llu", &quota, &period) != 2 || !period)
    return UINT32_MAX;
  const unsigned long long processors = quota / period + (quota % period != 0);
  return processors < UINT32_MAX ? (uint32_t)processors : UINT32_MAX;
}

/* The least that the process's control group (version 2) and those around it grant. */
static uint32_t from_quota(void) {
  char line[4096];
  if (!read_line(line, sizeof line, "/proc/self/cgroup") || strncmp(line, "0::/", 4) != 0) return UINT32_MAX;
  char *group = line + 3;
  uint32_t least = UINT32_MAX;
  for (char *end = group + strlen(group); end; end = strrchr(group, '/')) {
    *end = 0;
    const uint32_t quota = quota_of(group);
    if (quota < least) least = quota;
  }
  return least;
}

uint32_t umbra_processors(void) {
  const uint32_t quota = from_quota(), processors = from_affinity();
  const uint32_t least = quota < processors ? quota : processors;
  return least ? least : 1;
}

uint32_t umbra_parallel_default(void) {
  uint32_t threads = from_environment();
  if (!threads) threads = umbra_processors();
  return threads < UMBRA_MAX_THREADS ? threads : UMBRA_MAX_THREADS;
}

/* The fourth number of /proc/loadavg is that of threads that run or wait for a processor. */
int umbra_processors_suffice(void) {
  char line[128];
  unsigned running;
  if (!read_line(line, sizeof line, "/proc/loadavg") || sscanf(line, "%*s %*s %*s %u/", &running) != 1) return 0;
  return (long)running <= sysconf(_SC_NPROCESSORS_ONLN);
}
