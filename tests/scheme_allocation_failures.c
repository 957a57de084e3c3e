/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Every public call with its n-th allocation failing, n = 0, 1, 2, ... until it succeeds: OUT_OF_MEMORY with a text,
 * the output as it was, handle and contents, and no byte of residues held that was not held before.
 */
#include "scheme.h"

#include "host/base/memory.h"

enum { DEPTH = 4, MOST_ALLOCATIONS = 2000 };

static scheme s;
static umbra_params *params;
static umbra_ciphertext *x, *y, *elsewhere; /* the last in a context of its own */
static umbra_plaintext *plain;
static umbra_matrix *records;
static umbra_logistic *model;
static double numbers[1024];
static const int32_t steps[] = {1, 2};
static const double polynomial[] = {0.5, 0.25, 0, -0.125, 0.0625, 0.5, 0.5, 0.1, 0.2};

/* ---- the calls: each makes one object or fails ---- */

typedef umbra_status (*call)(void **out);

#define CALL(name, type, expression)      \
  static umbra_status name(void **out_) { \
    umbra_##type *out = *out_;            \
    umbra_status status = (expression);   \
    *out_ = out;                          \
    return status;                        \
  }

static const umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 2, .log_n = 11,
                                       .flags = UMBRA_INSECURE_FOR_TESTS};
static umbra_key_needs *needs;

static umbra_status make_context(umbra_context **out) {
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params};
  return umbra_context_create(out, &desc);
}

static const umbra_ciphertext *const *pair(void) {
  static const umbra_ciphertext *both[2];
  both[0] = x;
  both[1] = y;
  return both;
}

static const umbra_plaintext *const *plain_pair(void) {
  static const umbra_plaintext *both[2];
  both[0] = both[1] = plain;
  return both;
}

CALL(params_from_need, params, umbra_params_from_need(&out, &need))
CALL(params_from_preset, params, umbra_params_from_preset(&out, "n13-d2-s40"))
CALL(context_create, context, make_context(&out))
CALL(secret_key_generate, secret_key, umbra_secret_key_generate(&out, s.context))
CALL(public_key_generate, public_key, umbra_public_key_generate(&out, s.secret))
CALL(key_needs_create, key_needs, umbra_key_needs_create(&out, params))
CALL(eval_keys_generate, eval_keys, umbra_eval_keys_generate(&out, s.secret, needs, NULL))
CALL(evaluator_create, evaluator, umbra_evaluator_create(&out, s.context, s.keys))
CALL(encode, plaintext, umbra_encode(&out, s.context, numbers, 3, NULL))
CALL(encode_complex, plaintext, umbra_encode_complex(&out, s.context, numbers, 3, NULL))
CALL(decrypt, plaintext, umbra_decrypt(&out, x, s.secret))
CALL(matrix_encrypt, matrix, umbra_matrix_encrypt(&out, s.public, numbers, 300, 3, NULL, NULL))
CALL(logistic_encrypt, logistic, umbra_logistic_encrypt(&out, s.public, numbers, 3, 1, NULL))
CALL(logistic_encrypt_symmetric, logistic, umbra_logistic_encrypt_symmetric(&out, s.secret, numbers, 3, 1, NULL))
CALL(logistic_score, matrix, umbra_logistic_score(s.evaluator, &out, model, records, NULL))

CALL(encrypt, ciphertext, umbra_encrypt(&out, s.public, plain))
CALL(encrypt_symmetric, ciphertext, umbra_encrypt_symmetric(&out, s.secret, plain))
CALL(encode_encrypt, ciphertext, umbra_encode_encrypt(&out, s.public, numbers, 3))
CALL(copy, ciphertext, umbra_ciphertext_copy(&out, x))
CALL(move, ciphertext, umbra_ciphertext_move(&out, s.context, elsewhere))
CALL(add, ciphertext, umbra_add(s.evaluator, &out, x, y))
CALL(sub, ciphertext, umbra_sub(s.evaluator, &out, y, x))
CALL(negate, ciphertext, umbra_negate(s.evaluator, &out, x))
CALL(add_plain, ciphertext, umbra_add_plain(s.evaluator, &out, y, plain))
CALL(sub_plain, ciphertext, umbra_sub_plain(s.evaluator, &out, y, plain))
CALL(add_constant, ciphertext, umbra_add_constant(s.evaluator, &out, x, 1, 2))
CALL(mul_integer, ciphertext, umbra_mul_integer(s.evaluator, &out, x, 3))
CALL(mul_i, ciphertext, umbra_mul_i(s.evaluator, &out, x))
CALL(level_drop, ciphertext, umbra_level_drop(s.evaluator, &out, x, 1))
CALL(mul, ciphertext, umbra_mul(s.evaluator, &out, x, y))
CALL(square, ciphertext, umbra_square(s.evaluator, &out, x))
CALL(dot, ciphertext, umbra_dot(s.evaluator, &out, pair(), pair(), 2))
CALL(mul_add, ciphertext, umbra_mul_add(s.evaluator, &out, x, x, y))
CALL(mul_plain, ciphertext, umbra_mul_plain(s.evaluator, &out, y, plain))
CALL(dot_plain, ciphertext, umbra_dot_plain(s.evaluator, &out, pair(), plain_pair(), 2))
CALL(dot_constants, ciphertext, umbra_dot_constants(s.evaluator, &out, pair(), polynomial, 2))
CALL(mul_constant, ciphertext, umbra_mul_constant(s.evaluator, &out, x, 0.5, 0.25))
CALL(rotate, ciphertext, umbra_rotate(s.evaluator, &out, x, 1))
CALL(rotate_by_nothing, ciphertext, umbra_rotate(s.evaluator, &out, x, 0))
CALL(rotate_many, ciphertext, umbra_rotate_many(s.evaluator, &out, x, steps, 1))
CALL(conjugate, ciphertext, umbra_conjugate(s.evaluator, &out, x))
CALL(chebyshev_eval, ciphertext, umbra_chebyshev_eval(s.evaluator, &out, x, polynomial, 8))

/* ---- failing them ---- */

/* Fails the call at every allocation; *out stays what it is until it succeeds. Returns how often it failed. */
static long fail_at_every_allocation(const char *name, call run, void **out, const bytes *contents) {
  void *before = *out;
  uint64_t memory = umbra_context_memory(s.context);
  for (long n = 0; n < MOST_ALLOCATIONS; n++) {
    umbra_alloc_fail_after(n);
    umbra_status status = run(out);
    umbra_alloc_fail_after(-1);
    if (status == UMBRA_OK) return n;
    if (status != UMBRA_ERROR_OUT_OF_MEMORY) fail_msg("%s, allocation %ld: %s", name, n, umbra_status_string(status));
    if (!strstr(umbra_last_error(), "cannot")) fail_msg("%s, allocation %ld: \"%s\"", name, n, umbra_last_error());
    if (*out != before) fail_msg("%s, allocation %ld: the output has changed", name, n);
    if (contents && !has_bytes(before, contents)) fail_msg("%s, allocation %ld: the contents have changed", name, n);
    if (umbra_context_memory(s.context) != memory) fail_msg("%s, allocation %ld: memory is lost", name, n);
  }
  fail_msg("%s: never succeeds", name);
  return 0;
}

/* With an output that is NULL. */
#define CHECK_NEW(name, type)                                           \
  do {                                                                  \
    void *out = NULL;                                                   \
    assert_true(fail_at_every_allocation(#name, name, &out, NULL) > 0); \
    umbra_##type##_destroy(out);                                        \
  } while (0)

/* And with one that is a ciphertext. */
#define CHECK_CIPHERTEXT(name)                                \
  do {                                                        \
    CHECK_NEW(name, ciphertext);                              \
    umbra_ciphertext *old_ = NULL;                            \
    assert_ok(umbra_ciphertext_copy(&old_, y));               \
    bytes contents_ = ciphertext_bytes(old_);                 \
    void *out_ = old_;                                        \
    fail_at_every_allocation(#name, name, &out_, &contents_); \
    umbra_ciphertext_destroy(out_);                           \
    free(contents_.data);                                     \
  } while (0)

static void new_objects(void **state) {
  (void)state;
  CHECK_NEW(params_from_need, params);
  CHECK_NEW(params_from_preset, params);
  CHECK_NEW(context_create, context);
  CHECK_NEW(secret_key_generate, secret_key);
  CHECK_NEW(public_key_generate, public_key);
  CHECK_NEW(key_needs_create, key_needs);
  CHECK_NEW(eval_keys_generate, eval_keys);
  CHECK_NEW(evaluator_create, evaluator);
  CHECK_NEW(encode, plaintext);
  CHECK_NEW(encode_complex, plaintext);
  CHECK_NEW(decrypt, plaintext);
  CHECK_NEW(matrix_encrypt, matrix);
  CHECK_NEW(logistic_encrypt, logistic);
  CHECK_NEW(logistic_encrypt_symmetric, logistic);
  CHECK_NEW(logistic_score, matrix);
}

static void ciphertexts(void **state) {
  (void)state;
  CHECK_CIPHERTEXT(encrypt);
  CHECK_CIPHERTEXT(encrypt_symmetric);
  CHECK_CIPHERTEXT(encode_encrypt);
  CHECK_CIPHERTEXT(copy);
  CHECK_CIPHERTEXT(move);
  CHECK_CIPHERTEXT(add);
  CHECK_CIPHERTEXT(sub);
  CHECK_CIPHERTEXT(negate);
  CHECK_CIPHERTEXT(add_plain);
  CHECK_CIPHERTEXT(sub_plain);
  CHECK_CIPHERTEXT(add_constant);
  CHECK_CIPHERTEXT(mul_integer);
  CHECK_CIPHERTEXT(mul_i);
  CHECK_CIPHERTEXT(level_drop);
  CHECK_CIPHERTEXT(mul);
  CHECK_CIPHERTEXT(square);
  CHECK_CIPHERTEXT(dot);
  CHECK_CIPHERTEXT(mul_add);
  CHECK_CIPHERTEXT(mul_plain);
  CHECK_CIPHERTEXT(dot_plain);
  CHECK_CIPHERTEXT(dot_constants);
  CHECK_CIPHERTEXT(mul_constant);
  CHECK_CIPHERTEXT(rotate);
  CHECK_CIPHERTEXT(rotate_by_nothing);
  CHECK_CIPHERTEXT(rotate_many);
  CHECK_CIPHERTEXT(conjugate);
  CHECK_CIPHERTEXT(chebyshev_eval);
}

/* ---- calls that fill a caller's memory ---- */

enum { VALUES = 3 };
static double values[2 * VALUES];
static umbra_noise_report report;

static umbra_status decode(void **out) {
  (void)out;
  return umbra_decode_complex(values, VALUES, plain);
}

static umbra_status decrypt_decode(void **out) {
  (void)out;
  return umbra_decrypt_decode(values, VALUES, x, s.secret);
}

static umbra_status inspect_noise(void **out) {
  (void)out;
  return umbra_inspect_noise(&report, x, s.secret, numbers, VALUES);
}

static umbra_status matrix_decrypt(void **out) {
  static double all[300 * 3];
  (void)out;
  umbra_status status = umbra_matrix_decrypt(records, all, s.secret, NULL);
  if (status != UMBRA_OK) assert_true(all[0] == 0);
  return status;
}

/* Of little noise: the precision is not what this is about. */
static umbra_disclosure_options some_noise(void) {
  umbra_disclosure_options options = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = 1000};
  options.statistical = options.least_bits = 1;
  return options;
}

static umbra_status decrypt_public(void **out) {
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  const umbra_disclosure_options options = some_noise();
  (void)out;
  return umbra_decrypt_public(&told, values, VALUES, x, s.secret, &options);
}

static umbra_status matrix_decrypt_public(void **out) {
  static double all[300 * 3];
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  const umbra_disclosure_options options = some_noise();
  (void)out;
  umbra_status status = umbra_matrix_decrypt_public(records, &told, all, s.secret, &options, NULL);
  if (status != UMBRA_OK) assert_true(all[0] == 0 && told.ciphertexts == 0);
  return status;
}

static void values_of_callers(void **state) {
  (void)state;
  const call calls[] = {decode, decrypt_decode, inspect_noise, matrix_decrypt, decrypt_public, matrix_decrypt_public};
  const char *names[] = {"decode",         "decrypt_decode", "inspect_noise",
                         "matrix_decrypt", "decrypt_public", "matrix_decrypt_public"};
  for (int i = 0; i < 6; i++) {
    void *nothing = NULL;
    assert_true(fail_at_every_allocation(names[i], calls[i], &nothing, NULL) > 0);
  }
}

static void rotations_together(void **state) {
  (void)state;
  umbra_ciphertext *outs[2] = {0};
  uint64_t memory = umbra_context_memory(s.context);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long n = 0; status != UMBRA_OK; n++) {
    umbra_alloc_fail_after(n);
    status = umbra_rotate_many(s.evaluator, outs, x, steps, 2);
    umbra_alloc_fail_after(-1);
    if (status == UMBRA_OK) break;
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_true(!outs[0] && !outs[1] && umbra_context_memory(s.context) == memory);
  }
  umbra_ciphertext_destroy(outs[0]);
  umbra_ciphertext_destroy(outs[1]);
}

/* ---- the objects ---- */

static int open_all(void **state) {
  (void)state;
  uint64_t random = 3;
  params = test_params(11, 30, DEPTH);
  scheme_open(&s, umbra_params_share(params), NULL, steps, 2);
  needs = needs_of(params, steps, 2);
  vector v = vector_random(&random, 1024, 1);
  x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
  y = encrypt_vector(&s, &v, 2);
  plain = encode_vector(&s, &v, UMBRA_TOP_LEVEL);
  umbra_context *other = NULL;
  assert_ok(make_context(&other));
  assert_ok(umbra_ciphertext_move(&elsewhere, other, x));
  umbra_context_destroy(other);
  for (int i = 0; i < 1024; i++) numbers[i] = uniform(&random);
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  assert_ok(umbra_matrix_encrypt(&records, s.public, numbers, 300, 3, &layout, NULL));
  assert_ok(umbra_logistic_encrypt(&model, s.public, numbers, 3, 1, NULL));
  report.struct_size = sizeof report;
  vector_destroy(&v);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_logistic_destroy(model);
  umbra_matrix_destroy(records);
  umbra_key_needs_destroy(needs);
  umbra_plaintext_destroy(plain);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  umbra_ciphertext_destroy(elsewhere);
  scheme_close(&s);
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(new_objects), cmocka_unit_test(ciphertexts),
                                     cmocka_unit_test(values_of_callers), cmocka_unit_test(rotations_together)};
  return cmocka_run_group_tests(tests, open_all, close_all);
}
