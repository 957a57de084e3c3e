/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* A program with OpenMP calls the library from its own parallel regions. */
#include "scheme.h"

enum { CALLERS = 4, ROUNDS = 5 };

static bytes square(const scheme *s, const umbra_ciphertext *x) {
  bytes b = {0};
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *y = NULL;
  if (umbra_evaluator_create(&evaluator, s->context, s->keys) == UMBRA_OK &&
      umbra_mul(evaluator, &y, x, x) == UMBRA_OK && umbra_ciphertext_write(y, NULL, &b.size, NULL) == UMBRA_OK)
    b.data = malloc(b.size);
  if (b.data && umbra_ciphertext_write(y, b.data, &b.size, NULL) != UMBRA_OK) b.size = 0;
  umbra_ciphertext_destroy(y);
  umbra_evaluator_destroy(evaluator);
  return b;
}

static void in_parallel_regions(void **state) {
  (void)state;
  scheme s;
  uint64_t random = 3;
  int wrong = 0, callers = 0;
  scheme_open(&s, test_params(12, 40, 4), NULL, NULL, 0);
  vector v = vector_random(&random, 2048, 1);
  umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
  bytes expected = square(&s, x);
#pragma omp parallel num_threads(CALLERS) reduction(+ : wrong, callers)
  for (int i = 0; i < ROUNDS; i++) {
    bytes found = square(&s, x);
    wrong += !found.size || !same_bytes(&found, &expected);
    callers += i == 0;
    free(found.data);
  }
  assert_int_equal(wrong, 0);
  assert_int_equal(callers, CALLERS);
  free(expected.data);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  scheme_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(in_parallel_regions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
