/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/*
 * Refreshes under the real presets: what is promised of their precision, for all numbers of slots and for structured
 * vectors; every variant; 20 refreshes one after the other. Needs 8 GiB of memory.
 */
#include <time.h>

#include "boot.h"

/* In processor time of all threads: what is compared must not depend on what else runs. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static umbra_params *preset(const char *name) {
  umbra_params *params = NULL;
  assert_ok(umbra_params_from_preset(&params, name));
  return params;
}

/* v refreshed from the lowest level that will do, or from a higher one; prints and returns its errors. */
static part_errors refresh_of(boot *b, const char *what, const vector *v, uint32_t level, double *seconds) {
  umbra_ciphertext *in = encrypt_vector(&b->s, v, level), *out = NULL;
  double start = now();
  assert_ok(umbra_bootstrap(b->s.evaluator, &out, in, b->bootstrapper));
  assert_ok(umbra_evaluator_wait(b->s.evaluator));
  double taken = now() - start;
  part_errors e = part_errors_of(&b->s, out, v);
  print_message("%-32s mean %.2f, rms %.2f, worst %.2f bits; %.2f s\n", what, bits(e.mean), bits(e.rms), bits(e.worst),
                taken);
  assert_int_equal(umbra_ciphertext_level(out), b->report.output_level);
  assert_true(e.worst <= umbra_ciphertext_error_bound(out));
  if (seconds) *seconds = taken;
  umbra_ciphertext_destroy(in);
  umbra_ciphertext_destroy(out);
  return e;
}

static part_errors refresh_random(boot *b, const char *what, int is_complex, uint32_t level, double *seconds) {
  uint64_t seed = 21;
  vector v = vector_random(&seed, b->report.slots, is_complex);
  part_errors e = refresh_of(b, what, &v, level, seconds);
  vector_destroy(&v);
  return e;
}

/* All slots 1, one slot 1, 1 and -1 in turn: the worst part of the three. */
static double refresh_structured(boot *b) {
  static const char *const names[] = {"all equal", "one-hot", "alternating"};
  double worst = 0;
  for (int kind = 0; kind < 3; kind++) {
    vector v = vector_make(b->report.slots);
    for (uint32_t j = 0; j < v.slots; j++) v.value[j] = kind == 0 ? 1 : kind == 1 ? j == 0 : j % 2 ? -1 : 1;
    worst = fmax(worst, refresh_of(b, names[kind], &v, 1, NULL).worst);
    vector_destroy(&v);
  }
  return worst;
}

static void check_precision(const char *name, double mean, double worst, double structured) {
  boot b;
  print_message("---- %s\n", name);
  boot_open(&b, preset(name), NULL, NULL);
  part_errors e = refresh_random(&b, "random complex", 1, 1, NULL);
  assert_true(bits(e.mean) >= mean && bits(e.worst) >= worst);
  assert_true(fabs(bits(e.rms) - bits(b.report.error)) < 1);
  assert_true(bits(refresh_structured(&b)) >= structured);
  assert_true(b.report.log2_range_failure < -128);
  boot_close(&b);
}

static void test_precision(void **state) {
  (void)state;
  check_precision("boot-64k-40", 20, 16.5, 12);
  check_precision("boot-64k-50", 24, 20, 20);
  check_precision("boot-64k-35", 18, 14, 12);
  check_precision("boot-32k", 15, 11, 11);
}

static void test_every_slot_count(void **state) {
  (void)state;
  for (uint32_t slots = 2; slots <= 1 << 14; slots *= 2) {
    boot b;
    char what[32];
    umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = slots};
    boot_open(&b, preset("boot-64k-40"), NULL, &options);
    snprintf(what, sizeof what, "%u slots", slots);
    assert_true(bits(refresh_random(&b, what, 1, 1, NULL).worst) >= 12);
    assert_true(bits(refresh_structured(&b)) >= 12);
    boot_close(&b);
  }
}

static void test_consecutive(void **state) {
  (void)state;
  enum { TIMES = 20 };
  boot b;
  boot_open(&b, preset("boot-64k-40"), NULL, NULL);
  for (int kind = 0; kind < 3; kind++) { /* real, complex, all equal */
    uint64_t seed = 6;
    vector v = vector_random(&seed, b.report.slots, kind == 1);
    for (uint32_t j = 0; kind == 2 && j < v.slots; j++) v.value[j] = 1;
    umbra_ciphertext *x = encrypt_vector(&b.s, &v, 1);
    part_errors first = {0};
    for (int i = 0; i < TIMES; i++) {
      assert_ok(umbra_bootstrap(b.s.evaluator, &x, x, b.bootstrapper));
      if (i == 0) first = part_errors_of(&b.s, x, &v);
    }
    part_errors last = part_errors_of(&b.s, x, &v);
    print_message("%d refreshes: rms %.2f after one, %.2f after all; worst %.2f\n", TIMES, bits(first.rms),
                  bits(last.rms), bits(last.worst));
    if (kind == 2) assert_true(last.worst <= TIMES * 0x1p-12);
    else assert_true(last.rms <= 2 * sqrt(TIMES) * first.rms);
    umbra_ciphertext_destroy(x);
    vector_destroy(&v);
  }
  boot_close(&b);
}

/* Times of the second refresh: the first one makes constants and takes memory. */
static part_errors timed(boot *b, const char *what, int is_complex, double *seconds) {
  refresh_random(b, what, is_complex, b->report.input_level, NULL);
  return refresh_random(b, what, is_complex, b->report.input_level, seconds);
}

static void test_orders(void **state) {
  (void)state;
  boot b;
  double standard, first;
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .order = UMBRA_BOOTSTRAP_STC_FIRST};
  boot_open(&b, preset("boot-64k-40"), NULL, NULL);
  part_errors of_standard = timed(&b, "standard order, real", 0, &standard);
  boot_close(&b);
  boot_open(&b, preset("boot-64k-40"), NULL, &options);
  part_errors of_first = timed(&b, "slots-to-coefficients first", 0, &first);
  boot_close(&b);
  assert_true(bits(of_first.rms) >= bits(of_standard.rms) - 1);
  assert_true(first < standard);
}

static void test_pair_and_batch(void **state) {
  (void)state;
  enum { BATCH = 4 };
  boot b;
  double single, start;
  boot_open(&b, preset("boot-64k-40"), NULL, NULL);
  timed(&b, "one complex", 1, &single);
  uint64_t seed = 2;
  vector u = vector_random(&seed, b.report.slots, 0), v = vector_random(&seed, b.report.slots, 0);
  umbra_ciphertext *x = encrypt_vector(&b.s, &u, 1), *y = encrypt_vector(&b.s, &v, 1), *p = NULL, *q = NULL;
  double pair = INFINITY;
  for (int i = 0; i < 3; i++) {
    start = now();
    assert_ok(umbra_bootstrap_pair(b.s.evaluator, &p, &q, x, y, b.bootstrapper));
    assert_ok(umbra_evaluator_wait(b.s.evaluator));
    pair = fmin(pair, now() - start);
    refresh_random(&b, "one complex", 1, 1, &start);
    single = fmin(single, start);
  }
  print_message("pair of reals: %.2f times one complex; rms %.2f and %.2f bits\n", pair / single,
                bits(part_errors_of(&b.s, p, &u).rms), bits(part_errors_of(&b.s, q, &v).rms));
  assert_true(part_errors_of(&b.s, p, &u).worst < b.report.worst_error);
  assert_true(part_errors_of(&b.s, q, &v).worst < b.report.worst_error);
  const umbra_ciphertext *ins[BATCH] = {x, y, p, q};
  umbra_ciphertext *outs[BATCH] = {0}, *one = NULL;
  assert_ok(umbra_bootstrap_many(b.s.evaluator, outs, ins, BATCH, b.bootstrapper));
  for (int i = 0; i < BATCH; i++) {
    assert_ok(umbra_bootstrap(b.s.evaluator, &one, ins[i], b.bootstrapper));
    bytes expected = ciphertext_bytes(one);
    assert_true(has_bytes(outs[i], &expected));
    free(expected.data);
    umbra_ciphertext_destroy(outs[i]);
  }
  umbra_ciphertext *all[] = {x, y, p, q, one};
  for (int i = 0; i < 5; i++) umbra_ciphertext_destroy(all[i]);
  vector_destroy(&u);
  vector_destroy(&v);
  boot_close(&b);
  assert_true(pair <= 1.1 * single);
}

static void test_two_rounds(void **state) {
  (void)state;
  boot b;
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  options.rounds = 2;
  boot_open(&b, preset("boot-64k-50"), NULL, NULL);
  part_errors once = refresh_random(&b, "one round", 1, b.report.output_level, NULL);
  boot_close(&b);
  boot_open(&b, preset("boot-64k-50"), NULL, &options);
  part_errors twice = refresh_random(&b, "two rounds", 1, b.report.output_level, NULL);
  boot_close(&b);
  assert_true(bits(twice.rms) >= bits(once.rms) + 10);
}

static void test_min_key(void **state) {
  (void)state;
  boot b;
  double hoisted, few;
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .min_key = 1};
  boot_open(&b, preset("boot-64k-40"), NULL, NULL);
  timed(&b, "many keys", 1, &hoisted);
  boot_close(&b);
  boot_open(&b, preset("boot-64k-40"), NULL, &options);
  timed(&b, "few keys", 1, &few);
  print_message("few keys: %.2f times as long; %.2f GiB of keys\n", few / hoisted, (double)b.report.key_bytes / 0x1p30);
  boot_close(&b);
  assert_true(few <= 3 * hoisted);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_precision), cmocka_unit_test(test_every_slot_count), cmocka_unit_test(test_consecutive),
      cmocka_unit_test(test_orders),    cmocka_unit_test(test_pair_and_batch),   cmocka_unit_test(test_two_rounds),
      cmocka_unit_test(test_min_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
