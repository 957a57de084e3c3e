/* SPDX-License-Identifier: Apache-2.0 */
/* Picks the backend: what was compiled in, what this machine can run, what the caller or the environment asks for. */
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

extern const umbra_kernels umbra_kernels_ref, umbra_kernels_avx2, umbra_kernels_avx512, umbra_kernels_cuda;

/* The CUDA kernels on the CPU: there if a test was linked to them. */
__attribute__((weak)) extern const umbra_kernels umbra_kernels_emu;

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

#ifdef UMBRA_HAVE_CUDA
static int has_cuda_device(void) { return umbra_kernels_cuda.device_count() > 0; }
#endif

static int always(void) { return 1; }

/* CPU backends, fastest first, then those that are only used when asked for; in the same order as the names. */
static const backend backends[] = {
#ifdef UMBRA_HAVE_AVX512
    {&umbra_kernels_avx512, has_avx512},
#endif
#ifdef UMBRA_HAVE_AVX2
    {&umbra_kernels_avx2, has_avx2},
#endif
    {&umbra_kernels_ref, always},
#ifdef UMBRA_HAVE_CUDA
    {&umbra_kernels_cuda, has_cuda_device},
#endif
    {&umbra_kernels_emu, always},
};

#ifdef UMBRA_HAVE_AVX512
#define AVX512_NAME "avx512",
#else
#define AVX512_NAME
#endif
#ifdef UMBRA_HAVE_AVX2
#define AVX2_NAME "avx2",
#else
#define AVX2_NAME
#endif
#ifdef UMBRA_HAVE_CUDA
#define CUDA_NAME "cuda",
#else
#define CUDA_NAME
#endif
#define NAMES AVX512_NAME AVX2_NAME "ref", CUDA_NAME

const char *const *umbra_kernels_names(void) {
  static const char *const installed[] = {NAMES NULL}, *const with_emulator[] = {NAMES "emu", NULL};
  return &umbra_kernels_emu ? with_emulator : installed;
}

const umbra_kernels *umbra_kernels_of_build(const char *name) {
  const char *const *known = umbra_kernels_names();
  size_t i = 0;
  while (known[i] && strcmp(name, known[i]) != 0) i++;
  return known[i] ? backends[i].kernels : NULL;
}

const char *umbra_kernels_why_not(const char *name) {
  const umbra_kernels *kernels = umbra_kernels_of_build(name);
  if (!kernels) return "this build has no such backend";
  const char *why = kernels->failure(NULL);
  return *why ? why : "this processor lacks its instructions";
}

const umbra_kernels *umbra_kernels_get(const char *name) {
  if (!name || strcmp(name, "cpu") == 0) name = getenv("UMBRA_BACKEND");
  const int any = !name || !*name || strcmp(name, "cpu") == 0;
  const char *const *known = umbra_kernels_names();
  for (size_t i = 0; known[i]; i++) {
    if ((any || strcmp(name, known[i]) == 0) && backends[i].usable()) return backends[i].kernels;
  }
  return NULL;
}
