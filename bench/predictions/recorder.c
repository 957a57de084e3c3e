/* SPDX-License-Identifier: Apache-2.0 */
/*
 * umbra_bench_trace: the benchmarks of umbra_bench, of which nothing is timed or computed. In the place of Google
 * Benchmark this runs each of them until its first measured calls, and writes the kernels of these down.
 *   umbra_bench_trace --trace=FILE --backend=emu --warm=0 [--benchmark_filter=REGEX] [the rest as umbra_bench]
 * For every benchmark FILE has a line "# <name> <calls>", and then one for each kernel; see umbra_emu_set_trace.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../kernels/emu/emu.h"
#include "../bench.h"
#include "training.h"

enum { MOST = 4096 /* benchmarks */ };

struct bench_state {
  const char *name;
  enum { PREPARING, MEASURED, DONE } stage;
};

static struct {
  char name[160];
  bench_fn run;
  void *argument;
} registered[MOST];
static size_t count;

static FILE *trace, *nowhere; /* arguments of what is recorded now and replayed while it is traced are needed too */
static const char *filter = "";
static int failures;

static FILE *open_or_exit(const char *path) {
  FILE *file = fopen(path, "w");
  if (file) return file;
  perror(path);
  exit(2);
}

/* Takes its own flags out of argv. */
void bench_initialize(int *argc, char **argv) {
  int kept = 1;
  for (int i = 1; i < *argc; i++) {
    if (strncmp(argv[i], "--trace=", 8) == 0) trace = open_or_exit(argv[i] + 8);
    else if (strncmp(argv[i], "--benchmark_filter=", 19) == 0) filter = argv[i] + 19;
    else argv[kept++] = argv[i];
  }
  *argc = kept;
  if (!trace) {
    fprintf(stderr, "umbra_bench_trace: --trace=FILE is missing\n");
    exit(2);
  }
  nowhere = open_or_exit("/dev/null");
  umbra_emu_set_dry(1);
  umbra_emu_set_trace(nowhere);
}

void bench_register(const char *name, bench_fn run, void *argument) {
  if (count == MOST) return;
  snprintf(registered[count].name, sizeof registered[count].name, "%s", name);
  registered[count].run = run;
  registered[count++].argument = argument;
}

static void run_one(size_t i) {
  bench_state state = {.name = registered[i].name};
  registered[i].run(&state, registered[i].argument);
  if (state.stage == DONE) return;
  failures++;
  fprintf(stderr, "umbra_bench_trace: %s was not run\n", state.name);
}

int bench_run(void) {
  regex_t wanted;
  bench_training_register();
  if (regcomp(&wanted, filter, REG_EXTENDED | REG_NOSUB) != 0) return 1;
  for (size_t i = 0; i < count; i++)
    if (regexec(&wanted, registered[i].name, 0, NULL, 0) == 0) run_one(i);
  regfree(&wanted);
  umbra_emu_set_trace(NULL);
  fclose(nowhere);
  if (fclose(trace) != 0) failures++;
  return failures;
}

int bench_next(bench_state *state, uint32_t calls) {
  if (state->stage == PREPARING) {
    fprintf(trace, "# %s %u\n", state->name, calls);
    umbra_emu_set_trace(trace);
  } else {
    umbra_emu_set_trace(nowhere);
  }
  state->stage = state->stage == PREPARING ? MEASURED : DONE;
  return state->stage == MEASURED;
}

double bench_clock(void) {
  struct timespec now;
  timespec_get(&now, TIME_UTC);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void bench_time(bench_state *state, double seconds) { (void)state, (void)seconds; }

void bench_counter(bench_state *state, const char *name, double value) { (void)state, (void)name, (void)value; }

/* Results are wrong, as nothing was computed; what fails before it is measured has a reason. */
void bench_fail(bench_state *state, const char *text) {
  if (state->stage != DONE) fprintf(stderr, "%s: %s\n", state->name, text);
}
