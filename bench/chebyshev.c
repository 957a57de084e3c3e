/* SPDX-License-Identifier: Apache-2.0 */
#include "scheme_rig.h"

/* As deep as the smaller parameter sets allow: 4 levels, or fewer. */
enum { DEGREE = 15 };

static uint32_t degree_of(const bench_scheme *s) {
  uint32_t degree = DEGREE;
  while (umbra_chebyshev_depth(degree) > umbra_params_depth(s->params)) degree /= 2;
  return degree;
}

/* Of size at most 1 in sum. */
static void coefficients(double coefficient[DEGREE + 1]) {
  for (int k = 0; k <= DEGREE; k++) coefficient[k] = (k % 2 ? 1.0 : -1.0) / (DEGREE + 1);
}

static umbra_status run_chebyshev(bench_scheme *s) {
  double coefficient[DEGREE + 1];
  coefficients(coefficient);
  return umbra_chebyshev_eval(s->evaluator, &s->out[0], s->a, coefficient, degree_of(s));
}

static bench_slot expect_chebyshev(const bench_scheme *s, size_t i, size_t j) {
  double coefficient[DEGREE + 1];
  coefficients(coefficient);
  return (void)i, (bench_slot){umbra_chebyshev_value(coefficient, degree_of(s), s->x[j]), 0};
}

const bench_operation bench_chebyshev[] = {
    {"chebyshev_15", BENCH_RELINEARIZE, run_chebyshev, expect_chebyshev, 1, NULL, 0},
    {0},
};
