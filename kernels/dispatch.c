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
static int has_cuda_device(void) { return umbra_kernels_cuda.device.count() > 0; }
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

/* The place of that name; the place after the last if this build has none. */
static size_t place_of(const char *name) {
  const char *const *known = umbra_kernels_names();
  size_t i = 0;
  while (known[i] && strcmp(name, known[i]) != 0) i++;
  return i;
}

/* No entry of another version's table may be touched: it may be anything. */
static int follows_contract(const umbra_kernels *kernels) { return kernels->version == UMBRA_KERNELS_VERSION; }

const umbra_kernels *umbra_kernels_of_build(const char *name) {
  const size_t i = place_of(name);
  return umbra_kernels_names()[i] && follows_contract(backends[i].kernels) ? backends[i].kernels : NULL;
}

const char *umbra_kernels_why_not(const char *name) {
  const size_t i = place_of(name);
  if (!umbra_kernels_names()[i]) return "this build has no such backend";
  const umbra_kernels *kernels = backends[i].kernels;
  if (!follows_contract(kernels)) return "it was built for another version of the kernels' contract than the library";
  const char *why = kernels->device.failure(NULL);
  return *why ? why : "this processor lacks its instructions";
}

static int can_run(const backend *b) { return follows_contract(b->kernels) && b->usable(); }

const umbra_kernels *umbra_kernels_cpu(void) {
  size_t i = 0;
  while (!can_run(&backends[i]) || !backends[i].kernels->host_memory) i++;
  return backends[i].kernels; /* ref can always run */
}

const umbra_kernels *umbra_kernels_get(const char *name) {
  if (!name || strcmp(name, "cpu") == 0) name = getenv("UMBRA_BACKEND");
  const int any = !name || !*name || strcmp(name, "cpu") == 0;
  const char *const *known = umbra_kernels_names();
  for (size_t i = 0; known[i]; i++) {
    if ((any || strcmp(name, known[i]) == 0) && can_run(&backends[i])) return backends[i].kernels;
  }
  return NULL;
}
