/* SPDX-License-Identifier: Apache-2.0 */
/* The driver is looked for at run time: it knows of profilers, and the kernels' own copy of the runtime is hidden. */
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "bench.h"

typedef struct driver_context driver_context;

/* Functions of the driver, in the types of its binary interface: results are int, and 0 is success. */
typedef struct driver_functions {
  int (*retain)(driver_context **context, int device);
  int (*push)(driver_context *context);
  int (*pop)(driver_context **context);
  int (*start)(void);
} driver_functions;

static bool find(void *function, void *driver, const char *name) {
  void *found = driver ? dlsym(driver, name) : NULL;
  memcpy(function, &found, sizeof found);
  return found != NULL;
}

/* A profiler looks at contexts, and the library leaves none current. */
void bench_profile(void) {
  driver_functions call;
  driver_context *context;
  void *driver = dlopen("libcuda.so.1", RTLD_NOW);
  if (!find(&call.retain, driver, "cuDevicePrimaryCtxRetain") || !find(&call.push, driver, "cuCtxPushCurrent_v2") ||
      !find(&call.pop, driver, "cuCtxPopCurrent_v2") || !find(&call.start, driver, "cuProfilerStart") ||
      call.retain(&context, 0) || call.push(context))
    return;
  (void)call.start();
  (void)call.pop(&context);
}
