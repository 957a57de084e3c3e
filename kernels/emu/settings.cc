/* SPDX-License-Identifier: Apache-2.0 */
/* How the emulator behaves: order, queue, injected failures; and what it found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <atomic>
#include <mutex>

#include "internal.h"

static std::atomic<uint64_t> left[UMBRA_EMU_FAILURES]; /* calls until the one that fails, itself included; 0: none */
static std::atomic<bool> failed[UMBRA_EMU_FAILURES];
static char report[1024];

static void refuse(const char *variable, const char *value) {
  fprintf(stderr, "emulator: %s=%s is not understood; see kernels/emu/emu.h\n", variable, value);
  exit(2);
}

static void read_order(umbra_emu_settings *settings) {
  const char *value = getenv("UMBRA_EMU_ORDER");
  if (!value || !*value) return;
  if (!strcmp(value, "forward")) settings->order = UMBRA_EMU_FORWARD;
  else if (!strcmp(value, "reverse")) settings->order = UMBRA_EMU_REVERSE;
  else if (!strncmp(value, "random", 6) && (!value[6] || value[6] == ':')) {
    settings->order = UMBRA_EMU_RANDOM;
    settings->seed = value[6] ? strtoull(value + 7, nullptr, 0) : 1;
  } else refuse("UMBRA_EMU_ORDER", value);
}

static void read_failure(void) {
  static const char *const names[UMBRA_EMU_FAILURES] = {"call", "alloc", "launch", "room", "later"};
  const char *value = getenv("UMBRA_EMU_FAIL");
  if (!value || !*value) return;
  const char *colon = strchr(value, ':');
  for (int kind = 0; colon && kind < UMBRA_EMU_FAILURES; kind++) {
    size_t length = strlen(names[kind]);
    if (value + length != colon || strncmp(value, names[kind], length) != 0) continue;
    left[kind] = strtoull(colon + 1, nullptr, 0);
    return;
  }
  refuse("UMBRA_EMU_FAIL", value);
}

static void read_queue(umbra_emu_settings *settings) {
  const char *value = getenv("UMBRA_EMU_QUEUE");
  if (!value || !*value || !strcmp(value, "eager")) return;
  if (!strcmp(value, "deferred")) settings->queue = UMBRA_EMU_DEFERRED;
  else if (!strcmp(value, "copies")) settings->queue = UMBRA_EMU_COPIES_FIRST;
  else refuse("UMBRA_EMU_QUEUE", value);
}

static void read_devices(umbra_emu_settings *settings) {
  const char *value = getenv("UMBRA_EMU_DEVICES");
  if (!value || !*value) return;
  settings->devices = atoi(value);
  if (settings->devices < 1 || settings->devices > UMBRA_EMU_DEVICES_MAX) refuse("UMBRA_EMU_DEVICES", value);
}

static umbra_emu_settings from_environment(void) {
  const char *dry = getenv("UMBRA_EMU_DRY");
  umbra_emu_settings settings = {UMBRA_EMU_PARALLEL, 0, UMBRA_EMU_EAGER, 1, cudaErrorIllegalAddress,
                                 dry && *dry == '1', {}};
  read_order(&settings);
  read_failure();
  read_queue(&settings);
  read_devices(&settings);
  return settings;
}

umbra_emu_settings *umbra_emu_settings_get(void) {
  static umbra_emu_settings settings = from_environment();
  return &settings;
}

void umbra_emu_set_order(umbra_emu_order order, uint64_t seed) {
  umbra_emu_settings_get()->order = order;
  umbra_emu_settings_get()->seed = seed;
}

void umbra_emu_set_dry(int dry) { umbra_emu_settings_get()->dry = dry != 0; }

void umbra_emu_poison(void *memory, size_t bytes, uint64_t salt) {
  const umbra_emu_settings *settings = umbra_emu_settings_get();
  if (settings->dry) return;
  uint64_t state = settings->seed * 4 + (uint64_t)settings->order + (salt << 32);
  uint64_t word = umbra_emu_random(&state);
  uint8_t *bytes_of = static_cast<uint8_t *>(memory);
  for (; bytes >= sizeof word; bytes -= sizeof word, bytes_of += sizeof word) {
    memcpy(bytes_of, &word, sizeof word);
    word = word * 0x5851f42d4c957f2du + 1; /* never the same word twice, and never 0 for long */
  }
  memcpy(bytes_of, &word, bytes);
}

bool umbra_emu_count(umbra_emu_failure kind) {
  umbra_emu_settings_get();
  if (left[kind] == 0 || --left[kind] != 0) return false;
  failed[kind] = true;
  return true;
}

cudaError_t umbra_emu_launch_error(void) {
  static bool again = false;
  const bool fails = again || umbra_emu_count(UMBRA_EMU_FAIL_LAUNCH);
  again = fails && !again;
  if (fails) return cudaErrorLaunchOutOfResources;
  return umbra_emu_count(UMBRA_EMU_FAIL_ROOM) ? cudaErrorMemoryAllocation : cudaSuccess;
}

void umbra_emu_fail(umbra_emu_failure kind, uint64_t n) {
  umbra_emu_settings_get();
  left[kind] = n;
  failed[kind] = false;
  if (kind == UMBRA_EMU_FAIL_LATER) umbra_emu_revive();
}

void umbra_emu_set_queue(umbra_emu_queue queue) {
  umbra_emu_call call(false, false, false);
  umbra_emu_flush();
  umbra_emu_settings_get()->queue = queue;
}

void umbra_emu_set_fault(int error) { umbra_emu_settings_get()->fault = static_cast<cudaError_t>(error); }

void umbra_emu_set_devices(int count) {
  umbra_emu_call call(false, false, false);
  umbra_emu_flush();
  umbra_emu_settings_get()->devices = count;
}

void umbra_emu_set_capability(int device, int capability) { umbra_emu_settings_get()->capability[device] = capability; }

int umbra_emu_failed(umbra_emu_failure kind) { return failed[kind]; }

void umbra_emu_find(const char *finding) {
  static std::mutex lock; /* blocks run side by side */
  std::lock_guard<std::mutex> hold(lock);
  snprintf(report, sizeof report, "%s", finding);
  fprintf(stderr, "emulator: %s\n", report);
}

const char *umbra_emu_report(void) { return report; }

void umbra_emu_report_clear(void) { report[0] = 0; }
