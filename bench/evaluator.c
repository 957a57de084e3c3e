/* SPDX-License-Identifier: Apache-2.0 */
/* What takes neither a level nor a key. */
#include "scheme_rig.h"

enum { FACTOR = 12345 };
static const double re = 0.5, im = -0.25;

#define RUN(name, ...) \
  static umbra_status run_##name(bench_scheme *s) { return umbra_##name(s->evaluator, &s->out[0], __VA_ARGS__); }

#define EXPECT(name, real, imaginary)                                          \
  static bench_slot expect_##name(const bench_scheme *s, size_t i, size_t j) { \
    (void)i;                                                                   \
    return (bench_slot){real, imaginary};                                      \
  }

RUN(add, s->a, s->b)
RUN(sub, s->a, s->b)
RUN(negate, s->a)
RUN(add_plain, s->a, s->plain_y)
RUN(sub_plain, s->a, s->plain_y)
RUN(add_constant, s->a, re, im)
RUN(mul_integer, s->a, FACTOR)
RUN(mul_i, s->a)
RUN(level_drop, s->a, umbra_params_depth(s->params) - 1)

EXPECT(add, s->x[j] + s->y[j], 0)
EXPECT(sub, s->x[j] - s->y[j], 0)
EXPECT(negate, -s->x[j], 0)
EXPECT(add_constant, s->x[j] + re, im)
EXPECT(mul_integer, s->x[j] * FACTOR, 0)
EXPECT(mul_i, 0, s->x[j])

const bench_operation bench_evaluator[] = {
    {"add", BENCH_NO_KEYS, run_add, expect_add, 1, NULL, 0},
    {"sub", BENCH_NO_KEYS, run_sub, expect_sub, 1, NULL, 0},
    {"negate", BENCH_NO_KEYS, run_negate, expect_negate, 1, NULL, 0},
    {"add_plain", BENCH_NO_KEYS, run_add_plain, expect_add, 1, NULL, 0},
    {"sub_plain", BENCH_NO_KEYS, run_sub_plain, expect_sub, 1, NULL, 0},
    {"add_constant", BENCH_NO_KEYS, run_add_constant, expect_add_constant, 1, NULL, 0},
    {"mul_integer", BENCH_NO_KEYS, run_mul_integer, expect_mul_integer, 1, NULL, 0},
    {"mul_i", BENCH_NO_KEYS, run_mul_i, expect_mul_i, 1, NULL, 0},
    {"level_drop", BENCH_NO_KEYS, run_level_drop, bench_expect_x, 1, NULL, 0},
    {0},
};
