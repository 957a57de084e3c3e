/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/device.h>

#include <stdio.h>

#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/structs.h"
#include "../ring/ring.h"

typedef struct backend {
  const char *name;
  int gpu;
} backend;

/* Of this project, built or not, fastest first. */
static const backend backends[] = {{"avx512", 0}, {"avx2", 0}, {"ref", 0}, {"cuda", 1}};
static const backend emulator = {"emu", 1}; /* there if a test was linked to it */
enum { BACKENDS = sizeof backends / sizeof *backends };

static const backend *backend_at(size_t b) {
  if (b < BACKENDS) return &backends[b];
  return b == BACKENDS && umbra_kernels_of_build(emulator.name) ? &emulator : NULL;
}

static void tell(umbra_device_info *info, const backend *of, const umbra_device_facts *facts) {
  *info = (umbra_device_info){UMBRA_DEVICE_INFO_INIT,
                              .memory_bytes = facts->memory,
                              .free_bytes = facts->unused,
                              .capability_major = facts->capability[0],
                              .capability_minor = facts->capability[1],
                              .gpu = of->gpu,
                              .usable = !facts->why_not[0]};
  snprintf(info->description, sizeof info->description, "%s", facts->name);
  snprintf(info->why_not, sizeof info->why_not, "%s", facts->why_not);
  const int numbered = of->gpu && info->usable;
  snprintf(info->name, sizeof info->name, numbered ? "%s:%u" : "%s", of->name, facts->ordinal);
}

/* A backend that cannot be used, or has no device. */
static void tell_absent(umbra_device_info *info, const backend *of) {
  *info = (umbra_device_info){UMBRA_DEVICE_INFO_INIT, .gpu = of->gpu};
  snprintf(info->name, sizeof info->name, "%s", of->name);
  snprintf(info->why_not, sizeof info->why_not, "%s", umbra_kernels_why_not(of->name));
}

/* Device i of a backend; 0: it has not so many. Each has one at least. */
static int look(umbra_device_info *info, const backend *of, uint32_t i) {
  umbra_device_facts facts;
  const umbra_kernels *kernels = of->gpu ? umbra_kernels_of_build(of->name) : umbra_kernels_get(of->name);
  if (kernels && kernels->device.facts(i, &facts)) tell(info, of, &facts);
  else if (i == 0) tell_absent(info, of);
  else return 0;
  return 1;
}

/* Goes through all devices up to number `last`; returns how many there were. */
static size_t walk(umbra_device_info *info, size_t last) {
  size_t seen = 0;
  for (size_t b = 0; backend_at(b); b++)
    for (uint32_t i = 0; seen <= last && look(info, backend_at(b), i); i++) seen++;
  return seen;
}

size_t umbra_device_count(void) {
  umbra_device_info ignored;
  return walk(&ignored, SIZE_MAX - 1);
}

umbra_status umbra_device_get(umbra_device_info *info, size_t i) {
  if (!info) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_device_get needs an info");
  umbra_device_info found = {UMBRA_DEVICE_INFO_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_device_info, &found, info));
  const size_t seen = i < SIZE_MAX ? walk(&found, i) : 0;
  if (seen <= i) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no device %zu: %zu here", i, seen);
  return UMBRA_GIVE(umbra_device_info, info, &found);
}

uint32_t umbra_default_threads(void) { return umbra_parallel_default(); }
