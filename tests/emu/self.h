/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the emulator itself have in common. */
#ifndef UMBRA_TESTS_EMU_SELF_H
#define UMBRA_TESTS_EMU_SELF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <vector>

extern "C" {
#include <cmocka.h>
}

#include "kernels/emu/emu.h"
#include "launch.h"

static void good(cudaError_t error) {
  if (error) fail_msg("%s", cudaGetErrorName(error));
}

template <class T>
static T *allocate(size_t count) {
  T *memory;
  good(cudaMalloc(&memory, count * sizeof(T)));
  good(cudaMemset(memory, 0, count * sizeof(T)));
  return memory;
}

template <class T>
static std::vector<T> take(T *memory, size_t count) {
  std::vector<T> host(count);
  good(cudaMemcpy(host.data(), memory, count * sizeof(T), cudaMemcpyDeviceToHost));
  good(cudaFree(memory));
  return host;
}

static int tear_down(void **) {
  umbra_emu_set_order(UMBRA_EMU_PARALLEL, 0);
  umbra_emu_set_queue(UMBRA_EMU_EAGER);
  umbra_emu_set_dry(0);
  umbra_emu_set_trace(nullptr);
  for (int kind = 0; kind < UMBRA_EMU_FAILURES; kind++) umbra_emu_fail((umbra_emu_failure)kind, 0);
  umbra_emu_set_memory((size_t)80 << 30);
  umbra_emu_report_clear();
  cudaGetLastError();
  return umbra_emu_memory_used() != 0; /* nothing is left behind */
}

#define UNIT_TEST(function) cmocka_unit_test_teardown(function, tear_down)

#endif
