/* SPDX-License-Identifier: Apache-2.0 */
#include "../kernels/kernels.h"
#include "bench.h"

/* When the calls were made, for those who watch the device meanwhile: by the system's monotonic clock. */
static void count_span(bench_state *state, double begun, double ended) {
  bench_counter(state, "begun", begun);
  bench_counter(state, "ended", ended);
}

umbra_status bench_time_calls(bench_state *state, const bench_timed *timed, void *rig) {
  const bench_setting *setting = timed->setting;
  const int on_gpu = umbra_kernels_get(setting->backend)->trace.lap != NULL;
  const uint32_t calls = on_gpu ? timed->together : 1;
  umbra_status status = UMBRA_OK;
  double start = bench_clock();
  while (on_gpu && status == UMBRA_OK && bench_clock() - start < setting->warm) status = timed->run(rig, calls);
  if (setting->profiled) bench_profile();
  const double begun = bench_clock();
  while (status == UMBRA_OK && bench_next(state, calls)) {
    start = bench_clock();
    status = timed->run(rig, calls);
    bench_time(state, bench_clock() - start);
  }
  if (on_gpu) count_span(state, begun, bench_clock());
  return status;
}
