/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* labels: slow UMBRA_TEST_CIRCUITS=40 */
/*
 * Random circuits of depth 20 that mix all operations, levels and registers, against the same circuit in long double.
 * The tracked bound holds after every step, and at the end it is at most 2^8 times the worst error that was observed: a
 * bound is only as good as the magnitudes it works with, and these are kept honest.
 */
#include "random_circuits.h"

enum { DEPTH = 20, LOG_LOOSE = 8, MOST_LOST = 22 };

/* log2 of the tracked bound over the observed error; fails if the bound does not hold. */
static double looseness(const machine *m, uint32_t r, const char *name) {
  double error = worst_error(m->s, m->x[r], &m->value[r]), bound = umbra_ciphertext_error_bound(m->x[r]);
  if (!(error <= bound))
    fail_msg("after %s at level %u: error 2^%.2f above its bound 2^%.2f", name, level(m, r), log2(error), log2(bound));
  return log2(bound / error);
}

/* The loosest bound so far goes up to *worst. */
static void step(machine *m, double *worst) {
  uint32_t r;
  const char *name = random_step(m, &r);
  if (!name) return;
  assert_true(cabsl(phase(m, r)) > 0.999 && umbra_ciphertext_magnitude(m->x[r]) < 1.001);
  double loose = looseness(m, r, name);
  if (loose > *worst) *worst = loose;
}

/* A circuit ends with all but 22 bits of the scale: no operation costs more than the rounding that scales imply. */
static void check_precision(const machine *m, uint32_t r) {
  double lost = log2(worst_error(m->s, m->x[r], &m->value[r]) * umbra_ciphertext_scale(m->x[r]));
  if (!(lost < MOST_LOST)) fail_msg("register %u ends with %.1f bits less than its scale", r, lost);
}

static double run_circuit(scheme *s, uint64_t seed) {
  machine m;
  double worst = 0;
  machine_open(&m, s, seed);
  for (int steps = 0; steps < MOST_STEPS && level(&m, highest(&m)); steps++) step(&m, &worst);
  for (uint32_t r = 0; r < REGISTERS; r++) check_precision(&m, r);
  machine_close(&m);
  return worst;
}

static void run_circuits(uint32_t scale_bits) {
  uint32_t circuits = count_from_environment("UMBRA_TEST_CIRCUITS", 4);
  scheme s;
  double worst = 0;
  scheme_open(&s, test_params(12, scale_bits, DEPTH), NULL, rotations, ROTATIONS);
  for (uint32_t i = 0; i < circuits; i++) worst = fmax(worst, run_circuit(&s, 1000 * scale_bits + i));
  print_message("scales of 2^%u: bounds at most 2^%.2f times the observed error\n", scale_bits, worst);
  if (!(worst <= LOG_LOOSE)) fail_msg("a bound is 2^%.2f times the observed error", worst);
  scheme_close(&s);
}

/* The bound holds where errors are larger than the message itself: then their product is what matters. */
static void errors_above_the_message(void **state) {
  (void)state;
  scheme s;
  umbra_ciphertext *x = NULL;
  uint64_t random = 3;
  scheme_open(&s, test_params(12, 40, 3), NULL, NULL, 0);
  vector v = vector_random(&random, umbra_params_slots(s.params), 1);
  x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
  assert_ok(umbra_mul_constant(s.evaluator, &x, x, 0x1p-35, 0));
  assert_ok(umbra_mul_integer(s.evaluator, &x, x, 1 << 24));
  assert_ok(umbra_square(s.evaluator, &x, x));
  assert_ok(umbra_square(s.evaluator, &x, x));
  for (uint32_t j = 0; j < v.slots; j++) v.value[j] = cpowl(v.value[j] * 0x1p-11L, 4);
  double error = worst_error(&s, x, &v), bound = umbra_ciphertext_error_bound(x);
  if (!(error <= bound)) fail_msg("error 2^%.2f above its bound 2^%.2f", log2(error), log2(bound));
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  scheme_close(&s);
}

static void at_40_bits(void **state) { (void)state, run_circuits(40); }
static void at_50_bits(void **state) { (void)state, run_circuits(50); }
static void at_60_bits(void **state) { (void)state, run_circuits(60); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(at_40_bits), cmocka_unit_test(at_50_bits),
                                     cmocka_unit_test(at_60_bits), cmocka_unit_test(errors_above_the_message)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
