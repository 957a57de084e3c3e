/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* labels: slow UMBRA_TEST_REFRESHES=1000 */
/*
 * One refresh after the other, nothing decrypted in between: errors of random slots add up like a random walk, those of
 * slots that are all alike no faster than one by one. The former with an arcsine: what the sine bends is always the same,
 * and in a ring this small, where coefficients are large, it is what errors are made of. The arcsine bends,
 * too, as it is interpolated over all of its bound: slots grow by 1 + 2.9e-10 with each refresh in a ring of 2^11, where
 * a thousand miss the bound by half a bit, and by half of that in one of 2^12, as the squares of coefficients do.
 */
#include "boot.h"

enum { LOG_N = 12 };

static boot b; /* of the present test */

/* Errors after 1 and after all refreshes of v, compared with the original value. */
static void refresh_often(part_errors *first, part_errors *last, const vector *v, uint32_t times) {
  umbra_ciphertext *x = encrypt_vector(&b.s, v, 1);
  for (uint32_t i = 0; i < times; i++) {
    assert_ok(umbra_bootstrap(b.s.evaluator, &x, x, b.bootstrapper));
    if (i == 0) *first = part_errors_of(&b.s, x, v);
  }
  *last = part_errors_of(&b.s, x, v);
  umbra_ciphertext_destroy(x);
}

static uint32_t refreshes(void) { return count_from_environment("UMBRA_TEST_REFRESHES", 40); }

static void test_random(void **state) {
  (void)state;
  boot_open(&b, boot_twin_precise(LOG_N), NULL, NULL);
  for (int is_complex = 0; is_complex < 2; is_complex++) {
    uint64_t seed = 11;
    part_errors first, last;
    vector v = vector_random(&seed, b.report.slots, is_complex);
    refresh_often(&first, &last, &v, refreshes());
    print_message("%u refreshes of %s slots: rms %.2f bits after one, %.2f after all\n", refreshes(),
                  is_complex ? "complex" : "real", bits(first.rms), bits(last.rms));
    assert_true(last.rms <= 2 * sqrt(refreshes()) * first.rms);
    vector_destroy(&v);
  }
  boot_close(&b);
}

static void test_all_equal(void **state) {
  (void)state;
  part_errors first, last;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  vector v = vector_make(b.report.slots);
  for (uint32_t j = 0; j < v.slots; j++) v.value[j] = 1;
  refresh_often(&first, &last, &v, refreshes());
  print_message("%u refreshes of equal slots: worst %.2f bits after one, %.2f after all\n", refreshes(),
                bits(first.worst), bits(last.worst));
  assert_true(last.worst <= refreshes() * 0x1p-12);
  vector_destroy(&v);
  boot_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random),
      cmocka_unit_test(test_all_equal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
