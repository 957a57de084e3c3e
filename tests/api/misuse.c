/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* What callers do wrong: the status, what the text says, and that outputs are as they were, handle and contents. */
#include "../scheme.h"

enum { DEPTH = 3, SLOTS = 1024 };

static scheme s, stranger;                           /* two owners of one parameter set */
static umbra_context *elsewhere;                     /* of another set */
static umbra_ciphertext *x, *low, *sparse, *foreign; /* foreign: the stranger's; low: level 0; sparse: 8 slots */
static umbra_plaintext *plain, *plain_elsewhere;

/* ---- outputs that have to stay as they are ---- */

static umbra_ciphertext *out;
static bytes out_bytes;

/* A call with &out fails, twice: with an output that holds something, and with one that is NULL. */
#define assert_refused(call, status, words)  \
  do {                                       \
    umbra_ciphertext *handle_ = out;         \
    assert_fails(call, status, words);       \
    assert_ptr_equal(out, handle_);          \
    assert_true(has_bytes(out, &out_bytes)); \
    out = NULL;                              \
    assert_fails(call, status, words);       \
    assert_null(out);                        \
    out = handle_;                           \
  } while (0)

/* ---- keys that are not there ---- */

static void missing_relinearisation_key(void **state) {
  (void)state;
  umbra_evaluator *e = NULL;
  assert_ok(umbra_evaluator_create(&e, s.context, NULL));
  const umbra_ciphertext *a[] = {x}, *b[] = {x};
  const double polynomial[] = {0, 0, 1};
  assert_refused(umbra_mul(e, &out, x, x), UMBRA_ERROR_MISSING_KEY, "relinearisation");
  assert_refused(umbra_square(e, &out, x), UMBRA_ERROR_MISSING_KEY, "relinearisation");
  assert_refused(umbra_dot(e, &out, a, b, 1), UMBRA_ERROR_MISSING_KEY, "relinearisation");
  assert_refused(umbra_mul_add(e, &out, x, x, x), UMBRA_ERROR_MISSING_KEY, "relinearisation");
  assert_refused(umbra_chebyshev_eval(e, &out, x, polynomial, 2), UMBRA_ERROR_MISSING_KEY, "relinearisation");
  umbra_evaluator_destroy(e);
}

static void missing_rotation_key(void **state) {
  (void)state;
  int32_t steps[] = {1, 3};
  umbra_ciphertext *outs[2] = {0};
  assert_refused(umbra_rotate(s.evaluator, &out, x, 3), UMBRA_ERROR_MISSING_KEY, "rotation 3 ");
  assert_refused(umbra_rotate(s.evaluator, &out, x, -5), UMBRA_ERROR_MISSING_KEY, "rotation -5 ");
  assert_fails(umbra_rotate_many(s.evaluator, outs, x, steps, 2), UMBRA_ERROR_MISSING_KEY, "rotation 3 ");
  assert_null(outs[0]);
  assert_null(outs[1]);
}

static void missing_conjugation_key(void **state) {
  (void)state;
  umbra_evaluator *e = NULL;
  assert_ok(umbra_evaluator_create(&e, s.context, NULL));
  assert_refused(umbra_conjugate(e, &out, x), UMBRA_ERROR_MISSING_KEY, "conjugation");
  umbra_evaluator_destroy(e);
}

static void rotation_keys_for_lower_levels(void **state) {
  (void)state;
  umbra_evaluator *e = NULL;
  umbra_key_needs *needs = needs_of(s.params, NULL, 0);
  assert_ok(umbra_key_needs_conjugation(needs, 1));
  assert_ok(umbra_key_needs_rotation(needs, 2, 1));
  umbra_eval_keys *keys = keys_for(s.secret, needs);
  assert_ok(umbra_evaluator_create(&e, s.context, keys));
  assert_refused(umbra_rotate(e, &out, x, 2), UMBRA_ERROR_MISSING_KEY, "rotation by 2 serves levels up to 1");
  assert_refused(umbra_conjugate(e, &out, x), UMBRA_ERROR_MISSING_KEY, "conjugation");
  assert_non_null(strstr(umbra_last_error(), "levels up to 1 and the ciphertext is at level 3"));
  umbra_ciphertext *lowered = NULL;
  assert_ok(umbra_level_drop(e, &lowered, x, 1));
  assert_ok(umbra_rotate(e, &lowered, lowered, 2));
  assert_ok(umbra_conjugate(e, &lowered, lowered));
  umbra_ciphertext_destroy(lowered);
  umbra_evaluator_destroy(e);
  umbra_eval_keys_destroy(keys);
}

/* ---- levels ---- */

static void no_level_left(void **state) {
  (void)state;
  umbra_evaluator *e = s.evaluator;
  const umbra_ciphertext *a[] = {x, low}, *b[] = {x, x};
  const umbra_plaintext *p[] = {plain, plain};
  const double pairs[4] = {1, 0, 1, 0}, polynomial[] = {0, 1};
  assert_refused(umbra_mul(e, &out, x, low), UMBRA_ERROR_NO_LEVEL, "level 0");
  assert_refused(umbra_square(e, &out, low), UMBRA_ERROR_NO_LEVEL, "level 0");
  assert_refused(umbra_dot(e, &out, a, b, 2), UMBRA_ERROR_NO_LEVEL, "level 0");
  assert_refused(umbra_mul_add(e, &out, low, x, x), UMBRA_ERROR_NO_LEVEL, "level 0");
  assert_refused(umbra_mul_plain(e, &out, low, plain), UMBRA_ERROR_NO_LEVEL, "level 0");
  assert_refused(umbra_dot_plain(e, &out, a, p, 2), UMBRA_ERROR_NO_LEVEL, "level 0");
  assert_refused(umbra_mul_constant(e, &out, low, 0.5, 0), UMBRA_ERROR_NO_LEVEL, "level 0");
  assert_refused(umbra_dot_constants(e, &out, a, pairs, 2), UMBRA_ERROR_NO_LEVEL, "level 0");
  assert_refused(umbra_chebyshev_eval(e, &out, low, polynomial, 1), UMBRA_ERROR_NO_LEVEL, "takes 1 level");
}

static void levels_do_not_rise(void **state) {
  (void)state;
  assert_refused(umbra_level_drop(s.evaluator, &out, low, 1), UMBRA_ERROR_INVALID_ARGUMENT, "from level 0 to level 1");
  assert_refused(umbra_level_drop(s.evaluator, &out, x, DEPTH + 1), UMBRA_ERROR_INVALID_ARGUMENT,
                 "from level 3 to level 4");
}

/* ---- values ---- */

static void values_that_cannot_be_encoded(void **state) {
  (void)state;
  static double values[SLOTS + 1];
  umbra_plaintext *p = NULL;
  umbra_encode_options options = {.struct_size = sizeof options, .level = UMBRA_TOP_LEVEL, .slots = 4};
  const umbra_context *c = s.context;
  assert_fails(umbra_encode(&p, c, values, SLOTS + 1, NULL), UMBRA_ERROR_RANGE,
               "1025 values do not fit into 1024 slots");
  assert_fails(umbra_encode_complex(&p, c, values, 5, &options), UMBRA_ERROR_RANGE, "5 values do not fit into 4 slots");
  assert_refused(umbra_encode_encrypt(&out, s.public, values, SLOTS + 1), UMBRA_ERROR_RANGE, "do not fit");
  values[2] = NAN;
  assert_fails(umbra_encode(&p, c, values, 3, NULL), UMBRA_ERROR_RANGE, "value 2 is not a finite number");
  assert_fails(umbra_encode_complex(&p, c, values, 2, NULL), UMBRA_ERROR_RANGE, "value 1 is not a finite number");
  values[2] = INFINITY;
  assert_fails(umbra_encode(&p, c, values, 3, NULL), UMBRA_ERROR_RANGE, "value 2 is not a finite number");
  assert_refused(umbra_encode_encrypt(&out, s.public, values, 3), UMBRA_ERROR_RANGE, "value 2 is not a finite number");
  values[2] = 0x1p600;
  assert_fails(umbra_encode(&p, c, values, 3, NULL), UMBRA_ERROR_RANGE, "too large for level 3");
  values[2] = 0x1p30;
  options.level = 0;
  assert_fails(umbra_encode(&p, c, values, 3, &options), UMBRA_ERROR_RANGE, "too large for level 0");
  assert_fails(umbra_encode(&p, c, NULL, 3, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "values is NULL but count is 3");
  values[2] = 0;
  assert_null(p);
}

static void wrong_encode_options(void **state) {
  (void)state;
  double values[1] = {1};
  umbra_plaintext *p = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  static const uint32_t slots[] = {3, 6, 2 * SLOTS, 0x80000000u};
  for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
    options.slots = slots[i];
    assert_fails(umbra_encode(&p, s.context, values, 1, &options), UMBRA_ERROR_INVALID_ARGUMENT,
                 "power of two up to 1024");
  }
  options.slots = 0;
  options.level = DEPTH + 1;
  assert_fails(umbra_encode(&p, s.context, values, 1, &options), UMBRA_ERROR_INVALID_ARGUMENT,
               "level 4 does not exist");
  options = (umbra_encode_options){.level = UMBRA_TOP_LEVEL};
  assert_fails(umbra_encode(&p, s.context, values, 1, &options), UMBRA_ERROR_INVALID_ARGUMENT,
               "umbra_encode_options_init");
  assert_null(p);
}

static void more_values_than_slots_to_decode(void **state) {
  (void)state;
  double values[2 * 9];
  for (int i = 0; i < 18; i++) values[i] = 42;
  umbra_plaintext *p = NULL;
  umbra_noise_report report = {UMBRA_NOISE_REPORT_INIT};
  assert_fails(umbra_decrypt_decode(values, 9, sparse, s.secret), UMBRA_ERROR_RANGE, "there are 8 slots");
  assert_fails(umbra_decrypt_decode_complex(values, 9, sparse, s.secret), UMBRA_ERROR_RANGE, "there are 8 slots");
  assert_fails(umbra_inspect_noise(&report, sparse, s.secret, values, 9), UMBRA_ERROR_RANGE, "there are 8 slots");
  assert_ok(umbra_decrypt(&p, sparse, s.secret));
  assert_fails(umbra_decode(values, 9, p), UMBRA_ERROR_RANGE, "9 values asked for");
  assert_fails(umbra_decode_complex(values, 9, p), UMBRA_ERROR_RANGE, "9 values asked for");
  assert_fails(umbra_decode(NULL, 1, p), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
  for (int i = 0; i < 18; i++) assert_true(values[i] == 42);
  assert_true(report.max_error == 0);
  umbra_plaintext_destroy(p);
}

static void constants_that_cannot_be(void **state) {
  (void)state;
  umbra_evaluator *e = s.evaluator;
  const umbra_ciphertext *a[] = {x, x};
  const double nan_pairs[4] = {1, 0, 1, NAN}, huge_pairs[4] = {1, 0, 0x1p200, 0};
  assert_refused(umbra_add_constant(e, &out, x, NAN, 0), UMBRA_ERROR_RANGE, "not a finite number");
  assert_refused(umbra_add_constant(e, &out, x, 0, INFINITY), UMBRA_ERROR_RANGE, "not a finite number");
  assert_refused(umbra_mul_constant(e, &out, x, -INFINITY, 0), UMBRA_ERROR_RANGE, "not a finite number");
  assert_refused(umbra_dot_constants(e, &out, a, nan_pairs, 2), UMBRA_ERROR_RANGE, "not a finite number");
  assert_refused(umbra_add_constant(e, &out, x, 0x1p200, 0), UMBRA_ERROR_RANGE, "too large for level 3");
  assert_refused(umbra_add_constant(e, &out, low, 0, 0x1p30), UMBRA_ERROR_RANGE, "too large for level 0");
  assert_refused(umbra_mul_constant(e, &out, x, 0x1p200, 0), UMBRA_ERROR_RANGE, "too large for level 3");
  assert_refused(umbra_dot_constants(e, &out, a, huge_pairs, 2), UMBRA_ERROR_RANGE, "too large for level 3");
}

/* A product by an integer that no modulus of the level could hold. */
static void integers_too_large(void **state) {
  (void)state;
  assert_refused(umbra_mul_integer(s.evaluator, &out, low, INT64_MIN), UMBRA_ERROR_RANGE, "too large for level 0");
  assert_refused(umbra_mul_integer(s.evaluator, &out, low, INT64_MAX), UMBRA_ERROR_RANGE, "too large for level 0");
}

static void polynomials_that_cannot_be(void **state) {
  (void)state;
  static const double c[UMBRA_MAX_DEGREE + 2] = {1, NAN};
  assert_refused(umbra_chebyshev_eval(s.evaluator, &out, x, c, 1), UMBRA_ERROR_RANGE, "coefficient 1 is not finite");
  assert_refused(umbra_chebyshev_eval(s.evaluator, &out, x, c, UMBRA_MAX_DEGREE + 1), UMBRA_ERROR_INVALID_ARGUMENT,
                 "255");
  assert_refused(umbra_chebyshev_eval(s.evaluator, &out, x, NULL, 1), UMBRA_ERROR_INVALID_ARGUMENT, "coefficients");
}

/* ---- objects that do not belong together ---- */

static void another_owner(void **state) {
  (void)state;
  double value;
  umbra_plaintext *p = NULL;
  umbra_evaluator *e = s.evaluator, *keyless = NULL;
  const umbra_ciphertext *mixed[] = {x, foreign}, *own[] = {x, x};
  const umbra_plaintext *plains[] = {plain, plain};
  const double pairs[4] = {1, 0, 1, 0};
  assert_refused(umbra_add(e, &out, x, foreign), UMBRA_ERROR_MISMATCH, "another owner");
  assert_refused(umbra_sub(e, &out, foreign, x), UMBRA_ERROR_MISMATCH, "another owner");
  assert_refused(umbra_negate(e, &out, foreign), UMBRA_ERROR_MISMATCH, "another owner");
  assert_refused(umbra_mul(e, &out, x, foreign), UMBRA_ERROR_MISMATCH, "another owner");
  assert_refused(umbra_mul_add(e, &out, x, x, foreign), UMBRA_ERROR_MISMATCH, "another owner");
  assert_refused(umbra_dot(e, &out, own, mixed, 2), UMBRA_ERROR_MISMATCH, "another owner");
  assert_refused(umbra_rotate(e, &out, foreign, 1), UMBRA_ERROR_MISMATCH, "another owner");
  assert_ok(umbra_evaluator_create(&keyless, s.context, NULL));
  assert_refused(umbra_add(keyless, &out, x, foreign), UMBRA_ERROR_MISMATCH, "another owner");
  assert_refused(umbra_dot_plain(keyless, &out, mixed, plains, 2), UMBRA_ERROR_MISMATCH, "another owner");
  assert_refused(umbra_dot_constants(keyless, &out, mixed, pairs, 2), UMBRA_ERROR_MISMATCH, "another owner");
  umbra_evaluator_destroy(keyless);
  assert_fails(umbra_decrypt(&p, foreign, s.secret), UMBRA_ERROR_MISMATCH, "another owner");
  assert_fails(umbra_decrypt_decode(&value, 1, x, stranger.secret), UMBRA_ERROR_MISMATCH, "another owner");
  assert_null(p);
}

static void another_parameter_set(void **state) {
  (void)state;
  double value;
  umbra_evaluator *e = NULL;
  umbra_secret_key *secret = NULL;
  assert_ok(umbra_secret_key_generate(&secret, elsewhere));
  assert_fails(umbra_evaluator_create(&e, elsewhere, s.keys), UMBRA_ERROR_MISMATCH, "another parameter set");
  assert_null(e);
  assert_ok(umbra_evaluator_create(&e, elsewhere, NULL));
  assert_refused(umbra_add(e, &out, x, x), UMBRA_ERROR_MISMATCH, "another parameter set");
  assert_refused(umbra_mul_plain(s.evaluator, &out, x, plain_elsewhere), UMBRA_ERROR_MISMATCH, "another parameter set");
  assert_refused(umbra_add_plain(s.evaluator, &out, x, plain_elsewhere), UMBRA_ERROR_MISMATCH, "another parameter set");
  assert_refused(umbra_encrypt(&out, s.public, plain_elsewhere), UMBRA_ERROR_MISMATCH, "another parameter set");
  assert_refused(umbra_encrypt_symmetric(&out, s.secret, plain_elsewhere), UMBRA_ERROR_MISMATCH,
                 "another parameter set");
  assert_fails(umbra_decrypt_decode(&value, 1, x, secret), UMBRA_ERROR_MISMATCH, "another parameter set");
  umbra_evaluator_destroy(e);
  umbra_secret_key_destroy(secret);
}

/* Objects of two contexts with the same parameters do belong together. */
static void the_same_parameter_set(void **state) {
  (void)state;
  umbra_context *twin = NULL;
  umbra_evaluator *e = NULL;
  umbra_ciphertext *sum = NULL;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s.params};
  assert_ok(umbra_context_create(&twin, &desc));
  assert_ok(umbra_evaluator_create(&e, twin, s.keys));
  assert_ok(umbra_mul(e, &sum, x, x));
  umbra_ciphertext_destroy(sum);
  umbra_evaluator_destroy(e);
  umbra_context_destroy(twin);
}

/* ---- NULL ---- */

static void null_arguments(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_evaluator *e = s.evaluator;
  const umbra_ciphertext *null_first[] = {NULL, x}, *null_second[] = {x, NULL}, *own[] = {x, x};
  const umbra_plaintext *no_plain[] = {plain, NULL};
  const double pairs[4] = {1, 0, 1, 0};
  assert_refused(umbra_add(NULL, &out, x, x), bad, "NULL");
  assert_refused(umbra_add(e, &out, NULL, x), bad, "NULL");
  assert_refused(umbra_add(e, &out, x, NULL), bad, "NULL");
  assert_refused(umbra_sub(e, &out, x, NULL), bad, "NULL");
  assert_refused(umbra_negate(e, &out, NULL), bad, "NULL");
  assert_refused(umbra_mul_i(e, &out, NULL), bad, "NULL");
  assert_refused(umbra_mul_integer(e, &out, NULL, 2), bad, "NULL");
  assert_refused(umbra_add_constant(e, &out, NULL, 1, 0), bad, "NULL");
  assert_refused(umbra_mul_constant(e, &out, NULL, 1, 0), bad, "NULL");
  assert_refused(umbra_add_plain(e, &out, x, NULL), bad, "NULL");
  assert_refused(umbra_mul_plain(e, &out, NULL, plain), bad, "NULL");
  assert_refused(umbra_mul(e, &out, NULL, x), bad, "NULL");
  assert_refused(umbra_mul(e, &out, x, NULL), bad, "NULL");
  assert_refused(umbra_square(e, &out, NULL), bad, "NULL");
  assert_refused(umbra_mul_add(e, &out, x, x, NULL), bad, "NULL");
  assert_refused(umbra_mul_add(e, &out, x, NULL, x), bad, "NULL");
  assert_refused(umbra_dot(e, &out, null_first, own, 2), bad, "NULL");
  assert_refused(umbra_dot(e, &out, own, null_second, 2), bad, "NULL");
  assert_refused(umbra_dot(e, &out, NULL, own, 2), bad, "at least one");
  assert_refused(umbra_dot_plain(e, &out, own, no_plain, 2), bad, "NULL");
  assert_refused(umbra_dot_constants(e, &out, null_first, pairs, 2), bad, "NULL");
  assert_refused(umbra_dot_constants(e, &out, null_second, pairs, 2), bad, "NULL");
  assert_refused(umbra_dot_constants(e, &out, own, NULL, 2), bad, "at least one");
  assert_refused(umbra_rotate(e, &out, NULL, 1), bad, "NULL");
  assert_refused(umbra_conjugate(e, &out, NULL), bad, "NULL");
  assert_refused(umbra_level_drop(e, &out, NULL, 0), bad, "NULL");
  assert_refused(umbra_chebyshev_eval(NULL, &out, x, pairs, 1), bad, "evaluator");
  assert_refused(umbra_chebyshev_eval(e, &out, NULL, pairs, 1), bad, "input");
  assert_refused(umbra_encrypt(&out, NULL, plain), bad, "public key");
  assert_refused(umbra_encrypt(&out, s.public, NULL), bad, "plaintext");
  assert_refused(umbra_encrypt_symmetric(&out, NULL, plain), bad, "secret key");
  assert_refused(umbra_encode_encrypt(&out, NULL, pairs, 1), bad, "public key");
  assert_refused(umbra_ciphertext_copy(&out, NULL), bad, "ciphertext");
  assert_fails(umbra_add(e, NULL, x, x), bad, "NULL");
  assert_fails(umbra_mul(e, NULL, x, x), bad, "NULL");
  assert_fails(umbra_chebyshev_eval(e, NULL, x, pairs, 1), bad, "output");
  assert_fails(umbra_encrypt(NULL, s.public, plain), bad, "output");
  assert_fails(umbra_encode_encrypt(NULL, s.public, pairs, 1), bad, "output");
  assert_fails(umbra_ciphertext_copy(NULL, x), bad, "output");
}

static void null_arguments_elsewhere(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  double value = 0;
  umbra_plaintext *p = NULL;
  umbra_evaluator *e = NULL;
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_key_needs *needs = needs_of(s.params, NULL, 0);
  umbra_noise_report report = {UMBRA_NOISE_REPORT_INIT};
  assert_fails(umbra_context_create(NULL, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .preset = "n13-d2-s40"}), bad,
               "output");
  assert_fails(umbra_evaluator_create(&e, NULL, NULL), bad, "context");
  assert_fails(umbra_evaluator_create(NULL, s.context, NULL), bad, "output");
  assert_fails(umbra_evaluator_wait(NULL), bad, "evaluator");
  assert_fails(umbra_secret_key_generate(&secret, NULL), bad, "context");
  assert_fails(umbra_secret_key_generate(NULL, s.context), bad, "output");
  assert_fails(umbra_public_key_generate(&public, NULL), bad, "secret key");
  assert_fails(umbra_public_key_generate(NULL, s.secret), bad, "output");
  assert_fails(umbra_eval_keys_generate(&keys, NULL, needs, NULL), bad, "secret key");
  assert_fails(umbra_eval_keys_generate(&keys, s.secret, NULL, NULL), bad, "key needs");
  assert_fails(umbra_evaluator_use_keys(NULL, s.keys), bad, "evaluator");
  umbra_key_needs_destroy(needs);
  assert_fails(umbra_encode(NULL, s.context, &value, 1, NULL), bad, "output");
  assert_fails(umbra_encode(&p, NULL, &value, 1, NULL), bad, "context");
  assert_fails(umbra_decode(&value, 1, NULL), bad, "NULL");
  assert_fails(umbra_decrypt(NULL, x, s.secret), bad, "output");
  assert_fails(umbra_decrypt(&p, NULL, s.secret), bad, "ciphertext");
  assert_fails(umbra_decrypt(&p, x, NULL), bad, "secret key");
  assert_fails(umbra_decrypt_decode(NULL, 1, x, s.secret), bad, "NULL");
  assert_fails(umbra_decrypt_decode(&value, 1, x, NULL), bad, "secret key");
  assert_fails(umbra_inspect_noise(NULL, x, s.secret, &value, 0), bad, "report");
  assert_fails(umbra_inspect_noise(&report, x, s.secret, NULL, 1), bad, "expected values");
  assert_fails(umbra_inspect_noise(&report, x, s.secret, (const double[]){0, NAN}, 1), UMBRA_ERROR_RANGE,
               "expected value 0");
  assert_fails(umbra_rotate_many(s.evaluator, NULL, x, NULL, 0), bad, "outputs");
  assert_fails(umbra_rotate_many(s.evaluator, &out, x, NULL, 1), bad, "steps");
  assert_true(!p && !e && !secret && !public && !keys);
}

static void destroying_nothing(void **state) {
  (void)state;
  umbra_params_destroy(NULL);
  umbra_context_destroy(NULL);
  umbra_secret_key_destroy(NULL);
  umbra_public_key_destroy(NULL);
  umbra_eval_keys_destroy(NULL);
  umbra_plaintext_destroy(NULL);
  umbra_ciphertext_destroy(NULL);
  umbra_evaluator_destroy(NULL);
  umbra_matrix_destroy(NULL);
  umbra_logistic_destroy(NULL);
}

/* ---- counts and structs ---- */

static void nothing_to_sum(void **state) {
  (void)state;
  const umbra_ciphertext *a[] = {x};
  const umbra_plaintext *p[] = {plain};
  const double pairs[2] = {1, 0};
  const int32_t steps[1] = {1};
  assert_refused(umbra_dot(s.evaluator, &out, a, a, 0), UMBRA_ERROR_INVALID_ARGUMENT, "at least one");
  assert_refused(umbra_dot_plain(s.evaluator, &out, a, p, 0), UMBRA_ERROR_INVALID_ARGUMENT, "at least one");
  assert_refused(umbra_dot_constants(s.evaluator, &out, a, pairs, 0), UMBRA_ERROR_INVALID_ARGUMENT, "at least one");
  assert_ok(umbra_rotate_many(s.evaluator, &out, x, steps, 0));
  assert_true(has_bytes(out, &out_bytes));
}

static void one_output_twice(void **state) {
  (void)state;
  umbra_ciphertext *outs[] = {out, NULL, out};
  const int32_t steps[] = {1, 1, 1};
  assert_fails(umbra_rotate_many(s.evaluator, outs, x, steps, 3), UMBRA_ERROR_INVALID_ARGUMENT,
               "outputs 0 and 2 are the same");
  const umbra_ciphertext *ins[] = {x, x, x};
  assert_fails(umbra_bootstrap_many(s.evaluator, outs, ins, 3, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "outputs 0 and 2 are the same");
  assert_null(outs[1]);
  assert_true(has_bytes(out, &out_bytes));
}

static void structs_of_a_wrong_size(void **state) {
  (void)state;
  umbra_context *context = NULL;
  umbra_key_needs *needs = needs_of(s.params, NULL, 0);
  umbra_params *params = NULL;
  double value = 0;
  assert_fails(umbra_context_create(&context, &(umbra_context_desc){.preset = "n13-d2-s40"}),
               UMBRA_ERROR_INVALID_ARGUMENT, "umbra_context_desc_init");
  assert_fails(umbra_key_needs_put(needs, &(umbra_key_need){.steps = 1}), UMBRA_ERROR_INVALID_ARGUMENT,
               "umbra_key_need_init");
  assert_fails(umbra_inspect_noise(&(umbra_noise_report){0}, x, s.secret, &value, 0), UMBRA_ERROR_INVALID_ARGUMENT,
               "umbra_noise_report_init");
  assert_fails(umbra_params_from_need(&params, &(umbra_params_need){.depth = 1}), UMBRA_ERROR_INVALID_ARGUMENT,
               "umbra_params_need_init");
  assert_true(!context && !params);
  assert_int_equal(umbra_key_needs_count(needs), 1);
  umbra_key_needs_destroy(needs);
}

static void wrong_contexts(void **state) {
  (void)state;
  umbra_context *c = NULL;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT};
  assert_fails(umbra_context_create(&c, &desc), UMBRA_ERROR_INVALID_ARGUMENT, "neither");
  desc.params = s.params;
  desc.preset = "n13-d2-s40";
  assert_fails(umbra_context_create(&c, &desc), UMBRA_ERROR_INVALID_ARGUMENT, "both");
  desc.params = NULL;
  desc.preset = "no such set";
  assert_fails(umbra_context_create(&c, &desc), UMBRA_ERROR_INVALID_ARGUMENT, "n13-d2-s40");
  desc.preset = "n13-d2-s40";
  desc.device = "abacus";
  assert_fails(umbra_context_create(&c, &desc), UMBRA_ERROR_UNSUPPORTED, "device \"abacus\"");
  assert_non_null(strstr(umbra_last_error(), "ref"));
  assert_null(c);
}

/* ---- key generation ---- */

static int refuse(void *user, double fraction) {
  ++*(int *)user;
  return fraction >= 0;
}

static int watch(void *user, double fraction) {
  double *last = user;
  assert_true(fraction >= *last && fraction <= 1);
  *last = fraction;
  return 0;
}

static void cancelled_key_generation(void **state) {
  (void)state;
  static const int32_t steps[] = {1, 2, 3};
  umbra_eval_keys *keys = NULL;
  uint64_t memory = umbra_context_memory(s.context);
  int calls = 0;
  double last = 0;
  umbra_key_needs *needs = needs_of(s.params, steps, 3);
  umbra_progress progress = {refuse, &calls};
  assert_fails(umbra_eval_keys_generate(&keys, s.secret, needs, &progress), UMBRA_ERROR_CANCELLED, "cancelled");
  assert_null(keys);
  assert_int_equal(calls, 1);
  assert_int_equal(umbra_context_memory(s.context), memory);
  progress = (umbra_progress){watch, &last};
  assert_ok(umbra_eval_keys_generate(&keys, s.secret, needs, &progress));
  assert_true(last == 1);
  umbra_key_needs_destroy(needs);
  umbra_eval_keys_destroy(keys);
}

/* Repetitions, rotations by nothing and other names of the same rotation cost nothing. */
static void keys_asked_for_twice(void **state) {
  (void)state;
  static const int32_t steps[] = {0, 1, 1, 1 - SLOTS, SLOTS, -2, SLOTS - 2, INT32_MIN};
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, s.params));
  for (int i = 0; i < 8; i++) assert_ok(umbra_key_needs_rotation(needs, steps[i], UMBRA_TOP_LEVEL));
  umbra_eval_keys *keys = keys_for(s.secret, needs);
  assert_int_equal(umbra_eval_keys_count(keys), 2);
  assert_true(umbra_eval_keys_can_rotate(keys, 1) && umbra_eval_keys_can_rotate(keys, 1 + 3 * SLOTS));
  assert_true(umbra_eval_keys_can_rotate(keys, -2) && umbra_eval_keys_can_rotate(keys, 0));
  assert_false(umbra_eval_keys_can_rotate(keys, 2));
  assert_false(umbra_eval_keys_can_relinearize(keys));
  assert_false(umbra_eval_keys_can_conjugate(keys));
  umbra_eval_keys_destroy(keys);
}

/* ---- errors of this thread ---- */

static void texts_and_names(void **state) {
  (void)state;
  for (int k = UMBRA_OK; k <= UMBRA_ERROR_UNTRUSTED; k++) {
    assert_string_not_equal(umbra_status_string(k), "unknown status");
    for (int i = 0; i < k; i++) assert_string_not_equal(umbra_status_string(k), umbra_status_string(i));
  }
  assert_string_equal(umbra_status_string(99), "unknown status");
}

/* ---- the objects of all tests ---- */

static int open_all(void **state) {
  (void)state;
  static const int32_t steps[] = {1};
  double values[] = {0.5, -0.25};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT};
  umbra_params *params = test_params(11, 30, 1);
  uint64_t random = 1;
  scheme_open(&s, test_params(11, 40, DEPTH), NULL, steps, 1);
  scheme_open(&stranger, umbra_params_share(s.params), NULL, NULL, 0);
  desc.params = params;
  assert_ok(umbra_context_create(&elsewhere, &desc));
  assert_ok(umbra_encode(&plain, s.context, values, 2, NULL));
  assert_ok(umbra_encode(&plain_elsewhere, elsewhere, values, 2, NULL));
  assert_ok(umbra_encrypt(&x, s.public, plain));
  assert_ok(umbra_encode_encrypt(&foreign, stranger.public, values, 2));
  assert_ok(umbra_level_drop(s.evaluator, &low, x, 0));
  vector v = vector_random(&random, 8, 0);
  sparse = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
  vector_destroy(&v);
  assert_ok(umbra_encrypt_symmetric(&out, s.secret, plain));
  out_bytes = ciphertext_bytes(out);
  umbra_params_destroy(params);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_ciphertext *ciphertexts[] = {x, low, sparse, foreign, out};
  for (int i = 0; i < 5; i++) umbra_ciphertext_destroy(ciphertexts[i]);
  umbra_plaintext_destroy(plain);
  umbra_plaintext_destroy(plain_elsewhere);
  free(out_bytes.data);
  umbra_context_destroy(elsewhere);
  scheme_close(&stranger);
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(missing_relinearisation_key),
      cmocka_unit_test(missing_rotation_key),
      cmocka_unit_test(missing_conjugation_key),
      cmocka_unit_test(rotation_keys_for_lower_levels),
      cmocka_unit_test(no_level_left),
      cmocka_unit_test(levels_do_not_rise),
      cmocka_unit_test(values_that_cannot_be_encoded),
      cmocka_unit_test(wrong_encode_options),
      cmocka_unit_test(more_values_than_slots_to_decode),
      cmocka_unit_test(constants_that_cannot_be),
      cmocka_unit_test(integers_too_large),
      cmocka_unit_test(polynomials_that_cannot_be),
      cmocka_unit_test(another_owner),
      cmocka_unit_test(another_parameter_set),
      cmocka_unit_test(the_same_parameter_set),
      cmocka_unit_test(null_arguments),
      cmocka_unit_test(null_arguments_elsewhere),
      cmocka_unit_test(destroying_nothing),
      cmocka_unit_test(nothing_to_sum),
      cmocka_unit_test(one_output_twice),
      cmocka_unit_test(structs_of_a_wrong_size),
      cmocka_unit_test(wrong_contexts),
      cmocka_unit_test(cancelled_key_generation),
      cmocka_unit_test(keys_asked_for_twice),
      cmocka_unit_test(texts_and_names),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
