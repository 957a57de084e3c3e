/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* labels: slow UMBRA_TEST_KEYS=20 */
/*
 * Precision that is promised: N = 2^15, scales of 2^40, all slots real and uniform in [-1, 1]; the largest error of any
 * slot, over UMBRA_TEST_KEYS fresh keys and inputs.
 */
#include "scheme.h"

typedef struct precision {
  double encryption, product, bound; /* largest so far */
} precision;

static vector squared(const vector *v) {
  vector square = vector_make(v->slots);
  for (uint32_t j = 0; j < v->slots; j++) square.value[j] = v->value[j] * v->value[j];
  return square;
}

static vector multiplied(const vector *a, const vector *b) {
  vector product = vector_make(a->slots);
  for (uint32_t j = 0; j < a->slots; j++) product.value[j] = a->value[j] * b->value[j];
  return product;
}

static void measure(precision *found, const scheme *s, uint64_t *state) {
  uint32_t slots = umbra_params_slots(s->params);
  vector a = vector_random(state, slots, 0), b = vector_random(state, slots, 0), product = multiplied(&a, &b);
  umbra_ciphertext *x = encrypt_vector(s, &a, UMBRA_TOP_LEVEL), *y = encrypt_vector(s, &b, UMBRA_TOP_LEVEL), *z = NULL;
  assert_ok(umbra_mul(s->evaluator, &z, x, y));
  found->encryption = fmax(found->encryption, worst_error(s, x, &a));
  found->product = fmax(found->product, worst_error(s, z, &product));
  found->bound = fmax(found->bound, umbra_ciphertext_error_bound(z));
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  umbra_ciphertext_destroy(z);
  vector_destroy(&a);
  vector_destroy(&b);
  vector_destroy(&product);
}

static void fresh_and_multiplied(void **test) {
  (void)test;
  uint32_t keys = count_from_environment("UMBRA_TEST_KEYS", 2);
  precision found = {0};
  uint64_t state = 2024;
  for (uint32_t k = 0; k < keys; k++) {
    umbra_params *params = NULL;
    scheme s;
    assert_ok(umbra_params_from_preset(&params, "n15-d14-s40"));
    scheme_open(&s, params, NULL, NULL, 0);
    measure(&found, &s, &state);
    scheme_close(&s);
  }
  print_message("%u keys: encryption 2^%.2f, product 2^%.2f, its bound 2^%.2f\n", keys, log2(found.encryption),
                log2(found.product), log2(found.bound));
  assert_true(log2(found.encryption) < -23.5);
  assert_true(log2(found.product) < -22.5);
  assert_true(found.product < found.bound);
}

/* Squares of numbers near 1 down to level 0; no precision is lost but what the tracked bound says. */
static void chain_to_level_0(const char *preset, double bits) {
  umbra_params *params = NULL;
  scheme s;
  uint64_t state = 5;
  assert_ok(umbra_params_from_preset(&params, preset));
  scheme_open(&s, params, NULL, NULL, 0);
  vector v = vector_make(umbra_params_slots(params));
  for (uint32_t j = 0; j < v.slots; j++) v.value[j] = cexpl(I * uniform(&state));
  umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL), *fresh = NULL;
  for (uint32_t l = umbra_params_depth(params); l > 0; l--) {
    vector square = squared(&v);
    assert_ok(umbra_square(s.evaluator, &x, x));
    vector_destroy(&v);
    v = square;
    double error = worst_error(&s, x, &v), bound = umbra_ciphertext_error_bound(x);
    if (!(error <= bound)) fail_msg("%s, level %u: error %g above its bound %g", preset, l - 1, error, bound);
  }
  double error = worst_error(&s, x, &v);
  print_message("%s: 2^%.2f after %u squarings\n", preset, log2(error), umbra_params_depth(params));
  if (!(log2(error) < -bits)) fail_msg("%s: %.2f bits, expected %.1f", preset, -log2(error), bits);
  umbra_ciphertext_destroy(fresh);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  scheme_close(&s);
}

static void chains_to_level_0(void **test) {
  (void)test;
  chain_to_level_0("n13-d4-s30", 8);
  chain_to_level_0("n14-d7-s40", 14);
  chain_to_level_0("n15-d14-s40", 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(fresh_and_multiplied), cmocka_unit_test(chains_to_level_0)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
