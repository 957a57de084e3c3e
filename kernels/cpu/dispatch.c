/* SPDX-License-Identifier: Apache-2.0 */
/* Picks the backend: what was compiled in, what this machine can run, what the caller or the environment asks for. */
#include <stdlib.h>
#include <string.h>

#include "cpu.h"

typedef struct backend {
  const umbra_kernels *kernels;
  int (*usable)(void);
} backend;

#ifdef UMBRA_HAVE_AVX512
static int has_avx512(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

#ifdef UMBRA_HAVE_AVX2
static int has_avx2(void) { return __builtin_cpu_supports("avx2"); }
#endif

static int always(void) { return 1; }

/* Fastest first, and in the same order as the names. */
static const backend backends[] = {
#ifdef UMBRA_HAVE_AVX512
    {&umbra_kernels_avx512, has_avx512},
#endif
#ifdef UMBRA_HAVE_AVX2
    {&umbra_kernels_avx2, has_avx2},
#endif
    {&umbra_kernels_ref, always},
};

static const char *const names[] = {
#ifdef UMBRA_HAVE_AVX512
    "avx512",
#endif
#ifdef UMBRA_HAVE_AVX2
    "avx2",
#endif
    "ref",
    NULL,
};

const char *const *umbra_kernels_names(void) { return names; }

const umbra_kernels *umbra_kernels_get(const char *name) {
  if (!name || strcmp(name, "cpu") == 0) name = getenv("UMBRA_BACKEND");
  const int any = !name || !*name;
  for (size_t i = 0; names[i]; i++) {
    if ((any || strcmp(name, names[i]) == 0) && backends[i].usable()) return backends[i].kernels;
  }
  return NULL;
}
