// SPDX-License-Identifier: Apache-2.0
// The C face of Google Benchmark: the only C++ of the benchmarks.
#include <benchmark/benchmark.h>
#include <umbra/version.h>

#include <chrono>
#include <string>
#include <vector>

#include "bench.h"

namespace {

int failures = 0;

benchmark::State &unwrap(bench_state *state) { return *reinterpret_cast<benchmark::State *>(state); }

} // namespace

void bench_initialize(int *argc, char **argv) {
  // A short run unless the command line asks for more: of two equal flags the later one counts.
  static std::string min_time = "--benchmark_min_time=0.05";
  std::vector<char *> flags(argv, argv + *argc);
  flags.insert(flags.begin() + 1, min_time.data());
  int count = static_cast<int>(flags.size());
  flags.push_back(nullptr);
  benchmark::Initialize(&count, flags.data());
  for (int i = 1; i < count; i++) argv[i] = flags[static_cast<size_t>(i)];
  *argc = count;
  benchmark::AddCustomContext("umbra", umbra_version());
}

void bench_register(const char *name, bench_fn run, void *argument) {
  auto call = [run, argument](benchmark::State &state) { run(reinterpret_cast<bench_state *>(&state), argument); };
  benchmark::RegisterBenchmark(name, call)->UseManualTime()->Unit(benchmark::kMicrosecond);
}

int bench_run() {
  benchmark::RunSpecifiedBenchmarks();
  benchmark::ClearRegisteredBenchmarks();
  benchmark::Shutdown();
  return failures;
}

int bench_next(bench_state *state, uint32_t calls) { return unwrap(state).KeepRunningBatch(calls); }

void bench_time(bench_state *state, double seconds) { unwrap(state).SetIterationTime(seconds); }

double bench_clock() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void bench_counter(bench_state *state, const char *name, double value) { unwrap(state).counters[name] = value; }

void bench_fail(bench_state *state, const char *text) {
  failures++;
  unwrap(state).SkipWithError(text);
}
