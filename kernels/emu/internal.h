/* SPDX-License-Identifier: Apache-2.0 */
/* What the emulator's own files share. */
#ifndef UMBRA_EMU_INTERNAL_H
#define UMBRA_EMU_INTERNAL_H

#include <stdio.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emu.h"
#include "include/emu_launch.h"

enum {
  UMBRA_EMU_SHARED_DEFAULT = 48 << 10, /* a kernel's limit until it asks for more */
  UMBRA_EMU_SHARED_MAX = 227 << 10,
  UMBRA_EMU_BLOCK_MAX = 1024,
  UMBRA_EMU_DEVICES_MAX = 8
};

/* ---- settings.cc ---- */

struct umbra_emu_settings {
  umbra_emu_order order;
  uint64_t seed;
  umbra_emu_queue queue;
  int devices;
  cudaError_t fault;
  bool dry;
  int capability[UMBRA_EMU_DEVICES_MAX]; /* 0: 90 */
};
umbra_emu_settings *umbra_emu_settings_get(void);

/* splitmix64: the next word of a pseudorandom sequence. */
static inline uint64_t umbra_emu_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* Fills memory with words that differ between orders, seeds and calls of different `salt`. */
void umbra_emu_poison(void *memory, size_t bytes, uint64_t salt);

/* Counts one more call of that kind; whether it is the one to fail. */
bool umbra_emu_count(umbra_emu_failure kind);

/* The error that a launch, of a kernel or a graph, was asked to have. */
cudaError_t umbra_emu_launch_error(void);

/* Prints a finding, and keeps it for umbra_emu_report. */
void umbra_emu_find(const char *finding);

/* ---- names.cc ---- */

/* The kernel's name as in its source, template arguments included; kept until the process ends. */
const char *umbra_emu_name(const void *kernel);

/* ---- stats.cc ---- */

void umbra_emu_stats_add(const void *kernel, uint64_t blocks, uint64_t threads);
void umbra_emu_happened(umbra_emu_counter counter);

/* ---- schedule.cc ---- */

struct umbra_emu_grid {
  const void *kernel;
  dim3 blocks, threads;
  size_t shared_bytes;
  bool overlaps;         /* it may begin before the grid ahead of it is over: its threads have to wait for that */
  std::string arguments; /* their bytes, if the launch is traced */
  std::function<void()> thread;
};

/* Runs all threads of a grid. */
cudaError_t umbra_emu_run(const umbra_emu_grid &grid);

/* ---- trace.cc ---- */

void umbra_emu_trace_add(const umbra_emu_grid &grid);

/* ---- runtime.cc ---- */

/*
 * One call of the runtime API: takes the emulator's lock, and begins with the error that is due, if any. What it
 * returns goes through `end`, which remembers it for cudaGetLastError.
 */
struct umbra_emu_call {
  /*
   * may_fail: not of the calls that free or destroy. unsafe: waits for the device, or may; captures can forbid that.
   * context: the runtime makes one if the thread has none, as in all its calls but a few.
   */
  umbra_emu_call(bool may_fail, bool unsafe, bool context = true);
  ~umbra_emu_call();
  umbra_emu_call(const umbra_emu_call &) = delete;
  cudaError_t end(cudaError_t result);
  cudaError_t error;
};

/* ---- device.cc ---- */

/* The device that this thread's calls are for. Its context becomes active, and current if there is none. */
int umbra_emu_device(void);

/* How captures of other threads concern this one. */
cudaStreamCaptureMode umbra_emu_mode(void);

/* A device fails for good, and every later call for it; revive makes all work again. */
void umbra_emu_break(int device, cudaError_t error);
void umbra_emu_revive(void);
cudaError_t umbra_emu_device_error(void);

/* ---- stream.cc ---- */

typedef std::function<cudaError_t()> umbra_emu_work;

/* What a piece of work is: copies may be done first, and are overlapped by kernels of other streams. */
enum umbra_emu_kind { UMBRA_EMU_KERNELS, UMBRA_EMU_COPY, UMBRA_EMU_OTHER };

/* Does the work, keeps it until it is due, or adds it to the stream's graph. */
cudaError_t umbra_emu_enqueue(cudaStream_t stream, umbra_emu_kind kind, umbra_emu_work work);

/* Does the work of a stream that was kept, or of all streams. Its first failure sticks to the device. */
cudaError_t umbra_emu_drain(cudaStream_t stream);
cudaError_t umbra_emu_flush(void);

bool umbra_emu_is_capturing(cudaStream_t stream);

/* The device of a stream; of the default stream, the thread's. */
int umbra_emu_stream_device(cudaStream_t stream);

/* The error of an unsafe call by this thread now, because of a capture, which is then lost. */
cudaError_t umbra_emu_forbidden(void);

/* ---- memory.cc ---- */

size_t umbra_emu_memory_total(void);

/* Work of that device is about to be done: memory of the others cannot be touched from now on. */
void umbra_emu_expose(int device);

#endif
