/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* labels: slow UMBRA_TEST_LEVELS=1000 */
/*
 * Nonsense is never called fine: random residues, which is what a foreign key or a value that wrapped around gives, with a
 * modest bound of 1/16 of what their level holds, at levels of every preset; bounds that no level can hold, in files; and
 * what is no number, wherever numbers are compared.
 * UMBRA_TEST_LEVELS: of each preset, at most; the lowest and the highest are among them. By default these two of rings up
 * to 2^15, and of one preset whose levels hold more than doubles do; and all of rings up to 2^13.
 */
#include <float.h>

#include "../host/base/bounds.h"
#include "../host/ckks/ciphertext_internal.h"
#include "../host/ckks/encoder.h"
#include "../host/ckks/keys_internal.h"
#include "../host/ckks/noise.h"
#include "../host/ckks/range.h"
#include "../host/device/enqueue.h"
#include "../host/ring/residence.h"
#include "scheme.h"

/* An encryption of zeros whose uniform half is another one. */
static umbra_ciphertext *garbage(const scheme *s, uint32_t level) {
  const double zero = 0;
  umbra_ciphertext *x = NULL;
  umbra_plaintext *zeros = NULL;
  umbra_stream *stream;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = level;
  assert_ok(umbra_encode(&zeros, s->context, &zero, 1, &options));
  assert_ok(umbra_encrypt_symmetric(&x, s->secret, zeros));
  umbra_plaintext_destroy(zeros);
  for (size_t i = 0; i < sizeof x->seed; i++) x->seed[i] ^= 0x5a;
  assert_ok(umbra_ring_stream_open(&stream, s->context->ring));
  umbra_ciphertext_expand(x, stream);
  assert_ok(umbra_ring_wait(s->context->ring, stream));
  umbra_ring_stream_close(stream, s->context->ring);
  return x;
}

static void declare_garbage(umbra_ciphertext *x, int fits, double error) {
  const double bound = exp2(fmin(umbra_log2_held(x) - 4, 1023.5));
  x->estimate = umbra_estimate_of(fmin(bound, DBL_MAX), error);
  x->declared = (umbra_declared){.by = UMBRA_DECLARED_BY_OWNER, .fits = fits};
}

static void check_garbage(const scheme *s, const umbra_ciphertext *x) {
  umbra_noise_report report = {UMBRA_NOISE_REPORT_INIT};
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  const double expected[2] = {0};
  double value;
  assert_int_equal(umbra_decrypt_decode(&value, 1, x, s->secret), UMBRA_ERROR_RANGE);
  assert_ok(umbra_inspect_noise(&report, x, s->secret, expected, 1));
  assert_int_equal(report.beyond_magnitude, 1);
  assert_true(report.precision_bits <= 0 && report.max_error > 1 && report.rms_error > 1);
  assert_true(report.doubts & UMBRA_DOUBT_VALUE);
  const umbra_status status = umbra_decrypt_outcome(&outcome, NULL, 0, x, s->secret, NULL);
  assert_true(status == UMBRA_ERROR_RANGE || (status == UMBRA_OK && (outcome.doubts & UMBRA_DOUBT_VALUE)));
}

static void check_level(const scheme *s, uint32_t level) {
  umbra_ciphertext *x = garbage(s, level);
  for (int fits = 0; fits < 2; fits++) {
    declare_garbage(x, fits, 0x1p-10);
    check_garbage(s, x);
    declare_garbage(x, fits, DBL_MAX); /* an error that nobody knows hides nothing */
    check_garbage(s, x);
  }
  umbra_ciphertext_destroy(x);
}

/* `count` of the levels up to `top`, evenly. */
static void check_levels(const scheme *s, uint32_t top, uint32_t count) {
  uint32_t checked = UINT32_MAX;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t level = count > 1 ? top * i / (count - 1) : top;
    if (level != checked) check_level(s, level);
    checked = level;
  }
}

static void random_residues_are_refused(void **state) {
  (void)state;
  const uint32_t most = count_from_environment("UMBRA_TEST_LEVELS", 2);
  for (const char *const *name = umbra_params_presets(); *name; name++) {
    scheme s = {0};
    assert_ok(umbra_params_from_preset(&s.params, *name));
    if (most == 2 && umbra_params_log_n(s.params) > 15 && strcmp(*name, "n16-d41-s40") != 0) {
      umbra_params_destroy(s.params);
      continue;
    }
    assert_ok(umbra_context_create(&s.context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = s.params}));
    assert_ok(umbra_secret_key_generate(&s.secret, s.context));
    const uint32_t top = umbra_params_depth(s.params);
    check_levels(&s, top, umbra_params_log_n(s.params) < 14 ? top + 1 : most < top + 1 ? most : top + 1);
    scheme_close(&s);
  }
}

/* ---- bounds ---- */

static void save_and_load(const scheme *s, const umbra_ciphertext *x, umbra_status status, const char *words) {
  umbra_ciphertext *loaded = NULL;
  size_t size = 0;
  assert_ok(umbra_ciphertext_write(x, NULL, &size, NULL));
  uint8_t *buffer = malloc(size);
  assert_non_null(buffer);
  assert_ok(umbra_ciphertext_write(x, buffer, &size, NULL));
  if (status == UMBRA_OK) assert_ok(umbra_ciphertext_read(&loaded, s->context, buffer, size, NULL));
  else assert_fails(umbra_ciphertext_read(&loaded, s->context, buffer, size, NULL), status, words);
  umbra_ciphertext_destroy(loaded);
  free(buffer);
}

static void save_and_load_plaintext(const scheme *s, const umbra_plaintext *x, umbra_status status, const char *words) {
  umbra_plaintext *loaded = NULL;
  size_t size = 0;
  assert_ok(umbra_plaintext_write(x, NULL, &size, NULL));
  uint8_t *buffer = malloc(size);
  assert_non_null(buffer);
  assert_ok(umbra_plaintext_write(x, buffer, &size, NULL));
  if (status == UMBRA_OK) assert_ok(umbra_plaintext_read(&loaded, s->context, buffer, size, NULL));
  else assert_fails(umbra_plaintext_read(&loaded, s->context, buffer, size, NULL), status, words);
  umbra_plaintext_destroy(loaded);
  free(buffer);
}

static void claims_beyond_a_level_are_refused(void **state) {
  (void)state;
  scheme s;
  uint64_t random = 3;
  scheme_open(&s, test_params(11, 40, 2), NULL, NULL, 0);
  vector v = vector_random(&random, umbra_params_slots(s.params), 0);
  for (uint32_t level = 0; level <= 2; level++) {
    umbra_ciphertext *x = encrypt_vector(&s, &v, level);
    umbra_plaintext *p = encode_vector(&s, &v, level);
    const umbra_estimate honest = x->estimate;
    const double most =
        exp2(umbra_log2_held(x) + 12); /* a slot is a sum of 2^11 coefficients; rounded to a power of two */
    save_and_load(&s, x, UMBRA_OK, NULL);
    save_and_load_plaintext(&s, p, UMBRA_OK, NULL);
    x->estimate.bound.magnitude = p->estimate.bound.magnitude = 2 * most;
    save_and_load(&s, x, UMBRA_ERROR_FORMAT, "more than level");
    save_and_load_plaintext(&s, p, UMBRA_ERROR_FORMAT, "more than level");
    x->estimate.bound = p->estimate.bound = (umbra_bound){1, most};
    save_and_load(&s, x, UMBRA_ERROR_FORMAT, "more than level");
    save_and_load_plaintext(&s, p, UMBRA_ERROR_FORMAT, "more than level");
    x->estimate = honest;
    save_and_load(&s, x, UMBRA_OK, NULL);
    umbra_ciphertext_destroy(x);
    umbra_plaintext_destroy(p);
  }
  vector_destroy(&v);
  scheme_close(&s);
}

/* With such a declaration, what the owner once saw says nothing any more. */
static void declarations_beyond_a_level_leave_a_doubt(void **state) {
  (void)state;
  scheme s;
  uint64_t random = 4;
  double value;
  scheme_open(&s, test_params(11, 40, 1), NULL, NULL, 0);
  vector v = vector_random(&random, umbra_params_slots(s.params), 0);
  umbra_ciphertext *x = encrypt_vector(&s, &v, 0);
  const umbra_declaration d = {UMBRA_DECLARATION_INIT, .magnitude = 1e300};
  assert_ok(umbra_ciphertext_declare(x, &d));
  assert_true(umbra_ciphertext_doubts(x) & UMBRA_DOUBT_LEVEL);
  assert_fails(umbra_decrypt_decode(&value, 1, x, s.secret), UMBRA_ERROR_RANGE, "level 0 holds");
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  scheme_close(&s);
}

/* ---- what is no number ---- */

static void no_number_counts_as_infinite(void **state) {
  (void)state;
  const double inf = INFINITY;
  assert_true(umbra_larger(1, NAN) == inf && umbra_larger(NAN, 1) == inf && umbra_larger(-1, -2) == -1);
  assert_true(umbra_or_infinite(NAN) == inf && umbra_or_infinite(-3) == -3);
  assert_true(umbra_public_magnitude(NAN) == inf && umbra_public_magnitude(inf) == inf);
  assert_true(umbra_public_magnitude(5) == 8 && umbra_public_magnitude(0) == 1);
  assert_true(umbra_modulus(NAN, 3) == inf && umbra_modulus(3, NAN) == inf && umbra_modulus(NAN, NAN) == inf);
  assert_true(umbra_modulus(inf, 3) == inf && umbra_modulus(inf, -inf) == inf && umbra_modulus(inf, NAN) == inf);
  assert_true(umbra_modulus(3, 4) == 5 && umbra_modulus(0, 0) == 0 && umbra_modulus(3e300, 4e300) == 5e300);
  const umbra_estimate most = {.bound = umbra_bound_unknown, .worst = umbra_bound_unknown};
  const umbra_estimate grown = umbra_noise_mul(umbra_noise_add(most, most), umbra_noise_scale(most, DBL_MAX));
  assert_true(grown.bound.magnitude == DBL_MAX && grown.bound.error == DBL_MAX);
  assert_true(umbra_noise_add_error(most, NAN).bound.error == DBL_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_residues_are_refused), cmocka_unit_test(claims_beyond_a_level_are_refused),
      cmocka_unit_test(declarations_beyond_a_level_leave_a_doubt), cmocka_unit_test(no_number_counts_as_infinite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
