/* SPDX-License-Identifier: Apache-2.0 */
/* What takes one level. */
#include "scheme_rig.h"

static const double re = 0.5, im = -0.25;

/* The i-th factors of a sum of products are a and b, or b and a. */
static const umbra_ciphertext *left(const bench_scheme *s, size_t i) { return i % 2 ? s->b : s->a; }
static double left_value(const bench_scheme *s, size_t i, size_t j) { return i % 2 ? s->y[j] : s->x[j]; }

static void lefts(const bench_scheme *s, const umbra_ciphertext *operand[BENCH_MANY], size_t shift) {
  for (size_t i = 0; i < BENCH_MANY; i++) operand[i] = left(s, i + shift);
}

/* ---- ciphertext by ciphertext ---- */

static umbra_status run_mul(bench_scheme *s) { return umbra_mul(s->evaluator, &s->out[0], s->a, s->b); }
static umbra_status run_square(bench_scheme *s) { return umbra_square(s->evaluator, &s->out[0], s->a); }
static umbra_status run_mul_add(bench_scheme *s) { return umbra_mul_add(s->evaluator, &s->out[0], s->a, s->b, s->a); }

static umbra_status run_dot(bench_scheme *s) {
  const umbra_ciphertext *a[BENCH_MANY], *b[BENCH_MANY];
  lefts(s, a, 0);
  lefts(s, b, 1);
  return umbra_dot(s->evaluator, &s->out[0], a, b, BENCH_MANY);
}

static bench_slot expect_square(const bench_scheme *s, size_t i, size_t j) {
  return (void)i, (bench_slot){s->x[j] * s->x[j], 0};
}

static bench_slot expect_mul_add(const bench_scheme *s, size_t i, size_t j) {
  return (void)i, (bench_slot){s->x[j] * s->y[j] + s->x[j], 0};
}

static bench_slot expect_dot(const bench_scheme *s, size_t i, size_t j) {
  return (void)i, (bench_slot){BENCH_MANY * s->x[j] * s->y[j], 0};
}

/* ---- ciphertext by plaintext or constant ---- */

static umbra_status run_mul_plain(bench_scheme *s) {
  return umbra_mul_plain(s->evaluator, &s->out[0], s->a, s->plain_y);
}

static umbra_status run_mul_constant(bench_scheme *s) {
  return umbra_mul_constant(s->evaluator, &s->out[0], s->a, re, 0);
}

static umbra_status run_mul_complex_constant(bench_scheme *s) {
  return umbra_mul_constant(s->evaluator, &s->out[0], s->a, re, im);
}

static umbra_status run_dot_plain(bench_scheme *s) {
  const umbra_ciphertext *a[BENCH_MANY];
  const umbra_plaintext *b[BENCH_MANY];
  lefts(s, a, 0);
  for (size_t i = 0; i < BENCH_MANY; i++) b[i] = s->plain_y;
  return umbra_dot_plain(s->evaluator, &s->out[0], a, b, BENCH_MANY);
}

static double factor(size_t i) { return (double)(i + 1) / BENCH_MANY; }

static umbra_status run_dot_constants(bench_scheme *s) {
  const umbra_ciphertext *a[BENCH_MANY];
  double pairs[2 * BENCH_MANY] = {0};
  lefts(s, a, 0);
  for (size_t i = 0; i < BENCH_MANY; i++) pairs[2 * i] = factor(i);
  return umbra_dot_constants(s->evaluator, &s->out[0], a, pairs, BENCH_MANY);
}

static bench_slot expect_mul_constant(const bench_scheme *s, size_t i, size_t j) {
  return (void)i, (bench_slot){s->x[j] * re, 0};
}

static bench_slot expect_mul_complex_constant(const bench_scheme *s, size_t i, size_t j) {
  return (void)i, (bench_slot){s->x[j] * re, s->x[j] * im};
}

static bench_slot expect_dot_plain(const bench_scheme *s, size_t i, size_t j) {
  (void)i;
  double sum = 0;
  for (size_t k = 0; k < BENCH_MANY; k++) sum += left_value(s, k, j) * s->y[j];
  return (bench_slot){sum, 0};
}

static bench_slot expect_dot_constants(const bench_scheme *s, size_t i, size_t j) {
  (void)i;
  double sum = 0;
  for (size_t k = 0; k < BENCH_MANY; k++) sum += left_value(s, k, j) * factor(k);
  return (bench_slot){sum, 0};
}

const bench_operation bench_products[] = {
    {"mul_relin_rescale", BENCH_RELINEARIZE, run_mul, bench_expect_product, 1, NULL, 0},
    {"square", BENCH_RELINEARIZE, run_square, expect_square, 1, NULL, 0},
    {"mul_add", BENCH_RELINEARIZE, run_mul_add, expect_mul_add, 1, NULL, 0},
    {"dot_8", BENCH_RELINEARIZE, run_dot, expect_dot, 1, NULL, 0},
    {"mul_plain", BENCH_NO_KEYS, run_mul_plain, bench_expect_product, 1, NULL, 0},
    {"mul_constant", BENCH_NO_KEYS, run_mul_constant, expect_mul_constant, 1, NULL, 0},
    {"mul_complex_constant", BENCH_NO_KEYS, run_mul_complex_constant, expect_mul_complex_constant, 1, NULL, 0},
    {"dot_plain_8", BENCH_NO_KEYS, run_dot_plain, expect_dot_plain, 1, NULL, 0},
    {"dot_constants_8", BENCH_NO_KEYS, run_dot_constants, expect_dot_constants, 1, NULL, 0},
    {0},
};
