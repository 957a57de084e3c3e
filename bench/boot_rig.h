/* SPDX-License-Identifier: Apache-2.0 */
/* What benchmarks of refreshes share: a plan with its keys and matrices, and ciphertexts that have run out of levels. */
#ifndef UMBRA_BENCH_BOOT_RIG_H
#define UMBRA_BENCH_BOOT_RIG_H

#include "scheme_rig.h"

typedef struct bench_boot_parts bench_boot_parts;

struct bench_boot {
  const umbra_bootstrap_options *options; /* NULL: closed */
  umbra_bootstrap_plan *plan;
  umbra_bootstrap_report report;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_bootstrapper *bootstrapper;
  umbra_ciphertext *low, *low_x, *low_y; /* of x + iy, of x, of y */
  bench_boot_parts *parts;               /* once benchmarks of parts have run */
};

/* Complex slots in the standard order. */
extern const umbra_bootstrap_options bench_boot_options;

/* Makes what those options need, unless it is there, and lets the operation have the evaluator. */
umbra_status bench_boot_open(bench_scheme *s, const umbra_bootstrap_options *options);

void bench_boot_parts_close(bench_scheme *s);

/* x + iy. */
bench_slot bench_expect_complex(const bench_scheme *s, size_t i, size_t j);

#endif
