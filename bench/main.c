/* SPDX-License-Identifier: Apache-2.0 */
/*
 * umbra_bench: every kernel and every operation on ciphertexts, timed and checked; see docs/performance.md.
 *   umbra_bench [--params=NAME,...] [--backend=NAME,...] [--threads=NUMBER,...] [--memory=MIB] [--rotate=MIB]
 *               [--warm=MILLISECONDS] [--secrets-on-device] [--profile] [--product=SHAPE,...] [--benchmark_...]
 * Each list may be "all". Left out: one small set, the fastest backend of the CPU, one thread and all of them.
 * --memory: what ciphertexts, keys and work may take together; left out: all there is.
 * On a GPU: --rotate: operands of kernels take that much memory at least, in turn; twice the L2 cache; left out: 128.
 * --warm: calls before those that are measured, for the clock to rise; left out: 50.
 * --secrets-on-device: keys are made, and results decrypted, on the GPU and not on the CPU.
 * --profile: where the measured calls of an operation begin, a profiler of NVIDIA's that waits for that is told so.
 * --product: products of plain matrices with encrypted ones: ROWSxCOLUMNSxBATCH, with xLEVEL, or for a vector in shifted
 * copies with xLEVELxCOPIES; left out: the usual.
 * Exit status: 0, 1 if a benchmark failed, 2 for arguments that make no sense, 77 if there is no device for a backend.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels/parallel.h"
#include "apply.h"
#include "convolution.h"
#include "kernel_rig.h"
#include "keyed_rig.h"
#include "multiply.h"
#include "scheme_rig.h"

enum { MAX_LIST = 16, KERNEL_FILES = 13, OPERATION_FILES = 12, MISUSED = 2, SKIPPED = 77 };

static const bench_kernel *const kernel_files[KERNEL_FILES] = {
    bench_elementwise,   bench_tensor,         bench_ntt,  bench_automorphism, bench_convert, bench_extend_digits,
    bench_inner_product, bench_plain_products, bench_gemm, bench_divide_close, bench_expand,  bench_from_i64,
    bench_fft,
};

static const bench_operation *const operation_files[OPERATION_FILES] = {
    bench_encoder,   bench_encrypt,   bench_decrypt,    bench_evaluator, bench_products,  bench_rotate,
    bench_keys_made, bench_chebyshev, bench_activation, bench_circuits,  bench_bootstrap, bench_bootstrap_parts,
};

/* ---- settings ---- */

typedef struct list {
  const char *item[MAX_LIST];
  size_t count;
} list;

static void append(list *l, const char *item) {
  if (l->count < MAX_LIST) l->item[l->count++] = item;
}

/* The items of a text with commas, which is cut into pieces. */
static void split(list *l, char *text) {
  for (char *item = strtok(text, ","); item; item = strtok(NULL, ",")) append(l, item);
}

static int is_all(const list *l) { return l->count == 1 && strcmp(l->item[0], "all") == 0; }

/* Benchmarks of keys run at the top level: presets whose highest levels have no keys are left out of all. */
static int has_all_keys(const char *preset) {
  umbra_params *params = NULL;
  if (umbra_params_from_preset(&params, preset) != UMBRA_OK) return 1; /* whoever runs it will say why */
  const int has = umbra_params_keyed_level(params) == umbra_params_depth(params);
  umbra_params_destroy(params);
  return has;
}

static void complete_params(list *l) {
  if (is_all(l)) {
    l->count = 0;
    for (const char *const *name = umbra_params_presets(); *name; name++)
      if (has_all_keys(*name)) append(l, *name);
  }
  if (!l->count) append(l, "n14-d7-s40");
}

static void complete_backends(list *l) {
  if (is_all(l)) {
    l->count = 0;
    for (const char *const *name = umbra_kernels_names(); *name; name++)
      if (umbra_kernels_get(*name)) append(l, *name);
  }
  if (!l->count) append(l, umbra_kernels_get(NULL)->name);
}

static void complete_threads(list *l) {
  static char most[16];
  if (l->count && !is_all(l)) return;
  l->count = 0;
  append(l, "1");
  snprintf(most, sizeof most, "%u", umbra_parallel_default());
  if (umbra_parallel_default() > 1) append(l, most);
}

typedef struct options {
  list params, backends, threads;
  size_t rotate, memory; /* bytes */
  double warm;           /* seconds */
  int secrets_on_device, profiled;
} options;

static int usage(const char *argument) {
  fprintf(stderr,
          "umbra_bench: %s is not known here\n"
          "usage: umbra_bench [--params=NAME,...] [--backend=NAME,...] [--threads=NUMBER,...] "
          "[--memory=MIB] [--rotate=MIB] [--warm=MILLISECONDS] [--secrets-on-device] [--profile] [--product=SHAPE,...] "
          "[--benchmark_...]\n",
          argument);
  return 0;
}

/* Each of them, or 0. */
static int take_products(char *text) {
  for (char *item = strtok(text, ","); item; item = strtok(NULL, ","))
    if (!bench_apply_shape(item)) return 0;
  return 1;
}

static int parse(options *o, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strncmp(argv[i], "--params=", 9) == 0) split(&o->params, argv[i] + 9);
    else if (strncmp(argv[i], "--backend=", 10) == 0) split(&o->backends, argv[i] + 10);
    else if (strncmp(argv[i], "--threads=", 10) == 0) split(&o->threads, argv[i] + 10);
    else if (strncmp(argv[i], "--rotate=", 9) == 0) o->rotate = (size_t)strtoul(argv[i] + 9, NULL, 10) << 20;
    else if (strncmp(argv[i], "--memory=", 9) == 0) o->memory = (size_t)strtoul(argv[i] + 9, NULL, 10) << 20;
    else if (strncmp(argv[i], "--warm=", 7) == 0) o->warm = strtod(argv[i] + 7, NULL) / 1e3;
    else if (strncmp(argv[i], "--product=", 10) == 0 && take_products(argv[i] + 10)) continue;
    else if (strcmp(argv[i], "--profile") == 0) o->profiled = 1;
    else if (strcmp(argv[i], "--secrets-on-device") == 0) o->secrets_on_device = 1;
    else return usage(argv[i]);
  }
  complete_params(&o->params);
  complete_backends(&o->backends);
  complete_threads(&o->threads);
  return 1;
}

static int check(const bench_setting *setting) {
  umbra_params *params = bench_params(setting);
  if (!params) return usage(setting->params);
  umbra_params_destroy(params);
  if (!umbra_kernels_get(setting->backend)) return usage(setting->backend);
  return setting->threads > 0 && setting->threads <= UMBRA_MAX_THREADS ? 1 : usage("that number of threads");
}

static int is_built(const char *backend) {
  const char *const *name = umbra_kernels_names();
  while (*name && strcmp(*name, backend) != 0) name++;
  return *name != NULL;
}

/* Whether this machine has what the backends need that were built; others are just not known. */
static int can_run(const list *backends) {
  for (size_t i = 0; i < backends->count; i++) {
    const char *backend = backends->item[i];
    if (!is_built(backend) || umbra_kernels_get(backend)) continue;
    fprintf(stderr, "umbra_bench: there is no device here for the backend %s\n", backend);
    return 0;
  }
  return 1;
}

/* ---- registration ---- */

static void register_setting(const bench_setting *setting) {
  for (size_t i = 0; i < KERNEL_FILES; i++)
    for (const bench_kernel *kernel = kernel_files[i]; kernel->name; kernel++) bench_kernel_register(kernel, setting);
  for (size_t i = 0; i < OPERATION_FILES; i++)
    for (const bench_operation *op = operation_files[i]; op->name; op++) bench_operation_register(op, setting);
  bench_multiply_register(setting);
  bench_apply_register(setting);
  bench_convolution_register(setting);
}

static int register_all(bench_setting *setting, const options *o) {
  for (size_t p = 0; p < o->params.count; p++)
    for (size_t b = 0; b < o->backends.count; b++)
      for (size_t t = 0; t < o->threads.count; t++, setting++) {
        *setting = (bench_setting){.params = o->params.item[p],
                                   .backend = o->backends.item[b],
                                   .threads = (uint32_t)strtoul(o->threads.item[t], NULL, 10),
                                   .rotate = o->rotate,
                                   .memory = o->memory,
                                   .secrets_on_device = o->secrets_on_device,
                                   .warm = o->warm,
                                   .profiled = o->profiled};
        if (!check(setting)) return 0;
        register_setting(setting);
      }
  return 1;
}

int main(int argc, char **argv) {
  static bench_setting settings[MAX_LIST * MAX_LIST * MAX_LIST];
  options o = {.rotate = (size_t)128 << 20, .warm = 0.05};
  bench_initialize(&argc, argv);
  if (!parse(&o, argc, argv)) return MISUSED;
  if (!can_run(&o.backends)) return SKIPPED;
  if (!register_all(settings, &o)) return MISUSED;
  const int failures = bench_run();
  bench_kernels_close();
  bench_scheme_close();
  bench_keyed_close();
  if (failures) fprintf(stderr, "umbra_bench: %d benchmarks failed\n", failures);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
