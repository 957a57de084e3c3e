/* SPDX-License-Identifier: Apache-2.0 */
/* The driver is looked for at run time: it knows of profilers, and the kernels' own copy of the runtime is hidden. */
#include <dlfcn.h>
#include <string.h>

#include "bench.h"

void bench_profile(void) {
  int (*start)(void);
  void *driver = dlopen("libcuda.so.1", RTLD_NOW);
  void *found = driver ? dlsym(driver, "cuProfilerStart") : NULL;
  if (!found) return;
  memcpy(&start, &found, sizeof start);
  (void)start();
}
