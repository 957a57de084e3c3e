/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu full */
/*
 * Ciphertexts that are treated alike, side by side on the emulated GPU: what they become, and what is known of it, is as if each
 * had been treated by itself, with fewer launches. Those that are not alike, and all where memory is short, are treated by
 * themselves.
 */
#include "../kernels/emu/emu.h"
#include "host/base/memory.h"
#include "host/circuits/polynomial/polynomial.h"
#include "host/ckks/beside.h"
#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/plain_sums.h"
#include "host/ckks/verbs.h"
#include "scheme.h"

enum { LOG_N = 11, DEPTH = 5, COUNT = 6, FEW = 3, TERMS = 2, DEGREE = 7 };

static const int32_t steps[COUNT] = {0, 1, 2, 3, -4, 5};

static scheme s;
static vector clear[COUNT];
static umbra_ciphertext *x[COUNT];
static umbra_plaintext *mask[COUNT];

static const umbra_ciphertext *const *given(umbra_ciphertext *const *of) { return (const umbra_ciphertext *const *)of; }

/* What is done to `count` ciphertexts from `in`: outs[i]. together: by one call. */
typedef void treatment(umbra_ciphertext **outs, umbra_ciphertext *const *in, size_t count, int together);

static uint64_t launches(void) {
  assert_ok(umbra_evaluator_wait(s.evaluator));
  return umbra_emu_counted(UMBRA_EMU_LAUNCHES);
}

static void destroy_all(umbra_ciphertext *const *all, size_t count) {
  for (size_t i = 0; i < count; i++) umbra_ciphertext_destroy(all[i]);
}

static void assert_same(umbra_ciphertext *const *found, umbra_ciphertext *const *expected, size_t count) {
  for (size_t i = 0; i < count; i++) {
    bytes b = ciphertext_bytes(expected[i]);
    assert_true(has_bytes(found[i], &b));
    assert_memory_equal(&found[i]->estimate.worst, &expected[i]->estimate.worst, sizeof expected[i]->estimate.worst);
    free(b.data);
  }
}

/* Both ways give the same. Returns by how many launches the first has fewer. */
static int64_t launches_saved(treatment *treat, umbra_ciphertext *const *in, size_t count) {
  umbra_ciphertext *together[COUNT] = {0}, *apart[COUNT] = {0};
  const uint64_t before = launches();
  treat(together, in, count, 1);
  const uint64_t between = launches();
  treat(apart, in, count, 0);
  const uint64_t after = launches();
  assert_same(together, apart, count);
  destroy_all(together, count);
  destroy_all(apart, count);
  return (int64_t)(after - between) - (int64_t)(between - before);
}

/* Of those that are alike launches are saved; one of another level among them is no obstacle. */
static void check(treatment *treat, size_t count) {
  umbra_ciphertext *mixed[COUNT] = {0};
  assert_true(launches_saved(treat, x, count) > 0);
  for (size_t i = 0; i < count; i++) mixed[i] = x[i];
  mixed[1] = NULL;
  assert_ok(umbra_level_drop(s.evaluator, &mixed[1], x[1], DEPTH - 1));
  assert_int_equal(launches_saved(treat, mixed, count), 0);
  umbra_ciphertext_destroy(mixed[1]);
}

static void multiply_by(umbra_ciphertext **outs, umbra_ciphertext *const *in, size_t count, int together,
                        const umbra_ciphertext *b) {
  if (together) assert_ok(umbra_mul_each(s.evaluator, outs, given(in), b, count));
  for (size_t i = 0; i < count && !together; i++) assert_ok(umbra_mul(s.evaluator, &outs[i], in[i], b));
}

static void multiply(umbra_ciphertext **outs, umbra_ciphertext *const *in, size_t count, int together) {
  multiply_by(outs, in, count, together, x[COUNT - 1]);
}

/* Factors go down to the other one's level first. */
static void multiply_lower(umbra_ciphertext **outs, umbra_ciphertext *const *in, size_t count, int together) {
  umbra_ciphertext *b = NULL;
  assert_ok(umbra_level_drop(s.evaluator, &b, x[COUNT - 1], DEPTH - 2));
  multiply_by(outs, in, count, together, b);
  umbra_ciphertext_destroy(b);
}

static void lower(umbra_ciphertext **outs, umbra_ciphertext *const *in, size_t count, int together) {
  if (together) assert_ok(umbra_level_drop_each(s.evaluator, outs, given(in), 1, count));
  for (size_t i = 0; i < count && !together; i++) assert_ok(umbra_level_drop(s.evaluator, &outs[i], in[i], 1));
}

static void evaluate(umbra_ciphertext **outs, umbra_ciphertext *const *in, size_t count, int together) {
  const double coefficient[DEGREE + 1] = {0.5, 0.3, 0, -0.2, 0, 0.1, 0, 0.05};
  if (together) assert_ok(umbra_chebyshev_eval_each(s.evaluator, outs, given(in), count, coefficient, DEGREE));
  for (size_t i = 0; i < count && !together; i++)
    assert_ok(umbra_chebyshev_eval(s.evaluator, &outs[i], in[i], coefficient, DEGREE));
}

/* Sum i has one term or two, masks of the top level, and ciphertexts i and the next one. */
static void fill(umbra_plain_sum *sum, const umbra_ciphertext *(*a)[TERMS], const umbra_plaintext *(*b)[TERMS],
                 umbra_ciphertext *const *in, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t t = 0; t < TERMS; t++) {
      a[i][t] = in[(i + t) % count];
      b[i][t] = mask[(i + 2 * t) % COUNT];
    }
    sum[i] = (umbra_plain_sum){a[i], b[i], 1 + i % TERMS};
  }
}

static void sum_plain(umbra_ciphertext **outs, umbra_ciphertext *const *in, size_t count, int together) {
  const umbra_ciphertext *a[COUNT][TERMS];
  const umbra_plaintext *b[COUNT][TERMS];
  umbra_plain_sum sum[COUNT];
  fill(sum, a, b, in, count);
  if (together) assert_ok(umbra_dot_plain_each(s.evaluator, outs, sum, count));
  for (size_t i = 0; i < count && !together; i++)
    assert_ok(umbra_dot_plain(s.evaluator, &outs[i], a[i], b[i], sum[i].terms));
}

static void each(void **state) {
  (void)state;
  check(multiply, FEW);
  check(multiply_lower, FEW);
  check(lower, FEW);
  check(evaluate, FEW);
  check(sum_plain, FEW);
  check(sum_plain, COUNT); /* more than a view has runs */
}

/* Whether the allocation after `countdown` ones has failed; from now on none does. */
static int has_failed(long countdown) {
  for (long i = 0; i <= countdown; i++)
    if (umbra_alloc_must_fail()) return 0;
  return 1;
}

/* With one allocation failing, each of the first and fewer of the later ones: what does not go side by side goes in turn. */
static void short_of_memory(void **state) {
  (void)state;
  treatment *const treatments[] = {multiply, lower, evaluate, sum_plain};
  for (size_t k = 0; k < sizeof treatments / sizeof *treatments; k++) {
    umbra_ciphertext *apart[FEW] = {0};
    long countdown = 0;
    int failed = 1;
    treatments[k](apart, x, FEW, 0);
    for (; failed; countdown += 1 + countdown / 4) {
      umbra_ciphertext *together[FEW] = {0};
      umbra_alloc_fail_after(countdown);
      treatments[k](together, x, FEW, 1);
      failed = has_failed(countdown);
      assert_same(together, apart, FEW);
      destroy_all(together, FEW);
    }
    assert_true(countdown > FEW);
    destroy_all(apart, FEW);
  }
}

/* In the clear: number i of the sums. */
static number summed(size_t i, uint32_t slot) {
  number sum = 0;
  for (size_t t = 0; t < 1 + i % TERMS; t++)
    sum += at(&clear[(i + t) % COUNT], slot) * at(&clear[(i + 2 * t) % COUNT], slot);
  return sum;
}

static void turned(void **state) {
  (void)state;
  const umbra_ciphertext *a[COUNT][TERMS];
  const umbra_plaintext *b[COUNT][TERMS];
  umbra_plain_sum sum[COUNT];
  umbra_ciphertext *out = NULL;
  vector expected = vector_make(clear[0].slots);
  fill(sum, a, b, x, COUNT);
  assert_ok(umbra_dot_plain_turned(s.evaluator, &out, sum, steps, COUNT));
  for (uint32_t slot = 0; slot < expected.slots; slot++)
    for (size_t i = 0; i < COUNT; i++)
      expected.value[slot] += summed(i, (slot + expected.slots + (uint32_t)steps[i]) % expected.slots);
  const double error = worst_error(&s, out, &expected), bound = umbra_ciphertext_error_bound(out);
  if (!(error < 1e-4 && error <= bound)) fail_msg("error %g, bound %g", error, bound);
  vector_destroy(&expected);
  umbra_ciphertext_destroy(out);
}

static void turned_refused(void **state) {
  (void)state;
  const umbra_ciphertext *a[COUNT][TERMS];
  const umbra_plaintext *b[COUNT][TERMS];
  umbra_plain_sum sum[COUNT];
  umbra_ciphertext *out = NULL, *lowered = NULL;
  fill(sum, a, b, x, COUNT);
  const int32_t whole[2] = {0, (int32_t)clear[0].slots}, unkeyed[2] = {0, 7};
  assert_fails(umbra_dot_plain_turned(s.evaluator, &out, sum, whole, 2), UMBRA_ERROR_INTERNAL, "turns around");
  assert_fails(umbra_dot_plain_turned(s.evaluator, &out, sum, unkeyed, 2), UMBRA_ERROR_MISSING_KEY, "rotation 7");
  assert_ok(umbra_level_drop(s.evaluator, &lowered, x[1], 1));
  a[1][0] = lowered;
  assert_fails(umbra_dot_plain_turned(s.evaluator, &out, sum, steps, 2), UMBRA_ERROR_INTERNAL, "do not meet");
  assert_null(out);
  umbra_ciphertext_destroy(lowered);
}

static int open_all(void **state) {
  (void)state;
  uint64_t random = 3;
  const umbra_bound fresh = {1, 0x1p-20};
  scheme_open(&s, test_params(LOG_N, 40, DEPTH), "emu", steps + 1, COUNT - 1);
  for (int i = 0; i < COUNT; i++) {
    clear[i] = vector_random(&random, umbra_params_slots(s.params), 0);
    x[i] = encrypt_vector(&s, &clear[i], DEPTH);
    mask[i] = encode_vector(&s, &clear[i], DEPTH);
    umbra_ciphertext_set_estimate(x[i], (umbra_estimate){.bound = fresh, .worst = fresh});
  }
  return 0;
}

static int close_all(void **state) {
  (void)state;
  for (int i = 0; i < COUNT; i++) {
    umbra_ciphertext_destroy(x[i]);
    umbra_plaintext_destroy(mask[i]);
    vector_destroy(&clear[i]);
  }
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each), cmocka_unit_test(short_of_memory),
                                     cmocka_unit_test(turned), cmocka_unit_test(turned_refused)};
  return cmocka_run_group_tests(tests, open_all, close_all);
}
