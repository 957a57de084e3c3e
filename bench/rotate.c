/* SPDX-License-Identifier: Apache-2.0 */
#include "scheme_rig.h"

static umbra_status run_rotate(bench_scheme *s) { return umbra_rotate(s->evaluator, &s->out[0], s->a, bench_steps(0)); }

static umbra_status run_rotate_hoisted(bench_scheme *s) {
  int32_t steps[BENCH_MANY];
  for (size_t i = 0; i < BENCH_MANY; i++) steps[i] = bench_steps(i);
  return umbra_rotate_many(s->evaluator, s->out, s->a, steps, BENCH_MANY);
}

static umbra_status run_conjugate(bench_scheme *s) { return umbra_conjugate(s->evaluator, &s->out[0], s->a); }

const bench_operation bench_rotate[] = {
    {"rotate", BENCH_ROTATE, run_rotate, bench_expect_rotated, 1, NULL, 0},
    {"rotate_hoisted_8", BENCH_ROTATE, run_rotate_hoisted, bench_expect_rotated, BENCH_MANY, NULL, 0},
    {"conjugate", BENCH_ROTATE, run_conjugate, bench_expect_x, 1, NULL, 0},
    {0},
};
