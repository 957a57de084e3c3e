/* SPDX-License-Identifier: Apache-2.0 */
#include "scheme_rig.h"

enum { MOST = 63 };

/* That degree, or as much of it as the smaller parameter sets allow. */
static uint32_t degree_of(const bench_scheme *s, uint32_t degree) {
  while (umbra_chebyshev_depth(degree) > umbra_params_depth(s->params)) degree /= 2;
  return degree;
}

/* Of size at most 1 in sum, and without any pattern that a split of the polynomial could use. */
static void coefficients(double coefficient[MOST + 1], uint32_t degree) {
  uint32_t random = 1;
  for (uint32_t k = 0; k <= degree; k++) {
    random = random * 1664525 + 1013904223;
    coefficient[k] = ((int32_t)random * 0x1p-31) / (degree + 1);
  }
}

static umbra_status run(bench_scheme *s, uint32_t degree) {
  double coefficient[MOST + 1];
  coefficients(coefficient, degree);
  return umbra_chebyshev_eval(s->evaluator, &s->out[0], s->a, coefficient, degree_of(s, degree));
}

static bench_slot expect(const bench_scheme *s, size_t j, uint32_t degree) {
  double coefficient[MOST + 1];
  coefficients(coefficient, degree);
  return (bench_slot){umbra_chebyshev_value(coefficient, degree_of(s, degree), s->x[j]), 0};
}

#define OF_DEGREE(d)                                                 \
  static umbra_status run_##d(bench_scheme *s) { return run(s, d); } \
  static bench_slot expect_##d(const bench_scheme *s, size_t i, size_t j) { return (void)i, expect(s, j, d); }

OF_DEGREE(15)
OF_DEGREE(31)
OF_DEGREE(63)

const bench_operation bench_chebyshev[] = {
    {"chebyshev_15", BENCH_RELINEARIZE, run_15, expect_15, 1, NULL, 0},
    {"chebyshev_31", BENCH_RELINEARIZE, run_31, expect_31, 1, NULL, 0},
    {"chebyshev_63", BENCH_RELINEARIZE, run_63, expect_63, 1, NULL, 0},
    {0},
};
