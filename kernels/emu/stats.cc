/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernels ran, and how much. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "internal.h"

static std::mutex lock;

/* By name, because one kernel may have several addresses. Never destroyed: it is printed when the process ends. */
static std::map<std::string, umbra_emu_kernel_stats> &table(void) {
  static auto &stats = *new std::map<std::string, umbra_emu_kernel_stats>();
  return stats;
}

static void print(void) {
  std::lock_guard<std::mutex> hold(lock);
  fprintf(stderr, "emulator: %10s %12s %14s  kernel\n", "launches", "blocks", "threads");
  for (const auto &entry : table()) {
    fprintf(stderr, "emulator: %10" PRIu64 " %12" PRIu64 " %14" PRIu64 "  %s\n", entry.second.launches,
            entry.second.blocks, entry.second.threads, entry.first.c_str());
  }
}

void umbra_emu_stats_add(const void *kernel, uint64_t blocks, uint64_t threads) {
  const char *name = umbra_emu_name(kernel);
  std::lock_guard<std::mutex> hold(lock);
  static bool prepared = false;
  if (!prepared) {
    prepared = true;
    const char *wanted = getenv("UMBRA_EMU_STATS");
    if (wanted && *wanted == '1') atexit(print);
  }
  umbra_emu_kernel_stats &stats = table()[name];
  stats.name = name;
  stats.launches++;
  stats.blocks += blocks;
  stats.threads += threads;
}

size_t umbra_emu_stats(umbra_emu_kernel_stats *stats, size_t size) {
  std::lock_guard<std::mutex> hold(lock);
  size_t count = 0;
  for (const auto &entry : table()) {
    if (count < size) stats[count] = entry.second;
    count++;
  }
  return count;
}

static std::atomic<uint64_t> counters[UMBRA_EMU_COUNTERS];

void umbra_emu_happened(umbra_emu_counter counter) { counters[counter]++; }

uint64_t umbra_emu_counted(umbra_emu_counter counter) { return counters[counter]; }

void umbra_emu_stats_clear(void) {
  std::lock_guard<std::mutex> hold(lock);
  table().clear();
}
