/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernel_rig.h"

/*
 * One vector of all slots, real parts before imaginary ones. In place, so timed calls let it grow until it is infinite,
 * which takes arithmetic no longer.
 */
static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->log_m = rig->ring.log_n - 1;
  const size_t values = (size_t)2 << call->log_m;
  call->words = bench_words(rig, 2 * values);
  for (size_t i = 0; i < values; i++) {
    const double value = (double)(int64_t)bench_draw(rig) * 0x1p-63;
    memcpy(call->words + 2 * i, &value, sizeof value);
  }
}

static double *real(const bench_call *call) { return (double *)(void *)call->words; }
static double *imaginary(const bench_call *call) { return real(call) + ((size_t)1 << call->log_m); }

BENCH_INVOKE(fft, real(call), imaginary(call), call->log_m, 1)
BENCH_INVOKE(ifft, real(call), imaginary(call), call->log_m, 1)

const bench_kernel bench_fft[] = {
    {"fft", BENCH_ONE, prepare, invoke_fft, 0},
    {"ifft", BENCH_ONE, prepare, invoke_ifft, 0},
    {0},
};
