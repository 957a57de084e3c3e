/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Google Benchmark as C sees it, and the settings that benchmarks run under. A benchmark measures by itself: until
 * bench_next() says 0, it makes the calls that it announced there, and says by bench_time() how long they took. All
 * repetitions must announce the same number.
 */
#ifndef UMBRA_BENCH_H
#define UMBRA_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/params.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_state bench_state;
typedef void (*bench_fn)(bench_state *state, void *argument);

/* Takes the flags --benchmark_... out of argv. */
void bench_initialize(int *argc, char **argv);

/* argument must live until bench_run has returned. */
void bench_register(const char *name, bench_fn run, void *argument);

/* Runs what the filter selects; returns the number of failures. */
int bench_run(void);

int bench_next(bench_state *state, uint32_t calls);
void bench_time(bench_state *state, double seconds); /* of all these calls */
double bench_clock(void);                            /* seconds since some time ago */
void bench_counter(bench_state *state, const char *name, double value);
void bench_fail(bench_state *state, const char *text); /* the result is wrong, or there is none */

/* What one benchmark runs under. Two with the same address share their set-up. */
typedef struct bench_setting {
  const char *params;  /* a preset, or n<log2 N>-d<depth>-s<bits of a level>, with -boot: that refreshes, insecure */
  const char *backend; /* of the kernels */
  uint32_t threads;
  size_t rotate;         /* bytes: operands of kernels on a GPU are together at least as large, and take turns */
  uint64_t memory;       /* bytes that a context may take; 0: any */
  int secrets_on_device; /* keys are made, and results decrypted, on the GPU */
  double warm;           /* seconds of calls on a GPU before those that are measured, for its clock to rise */
  int profiled;          /* the measured calls of operations are what a profiler of NVIDIA's looks at */
} bench_setting;

/* From here on a profiler looks that was told to wait (ncu --profile-from-start off); nothing without CUDA's driver. */
void bench_profile(void);

/*
 * Calls that have been made before, measured: on a GPU `together` at a time, and after others that make its clock rise,
 * with counters `begun` and `ended`. run: makes them, and waits for them.
 */
typedef struct bench_timed {
  const bench_setting *setting;
  umbra_status (*run)(void *rig, uint32_t calls);
  uint32_t together;
} bench_timed;
umbra_status bench_time_calls(bench_state *state, const bench_timed *timed, void *rig);

/* OUT_OF_MEMORY, with its text. */
umbra_status bench_no_memory(void);

/* Number j of a sequence that fills [-1, 1] evenly. */
double bench_point(size_t j, double step);

/* The parameters of a setting; NULL if there are none of that name. */
umbra_params *bench_params(const bench_setting *setting);

#ifdef __cplusplus
}
#endif

#endif
