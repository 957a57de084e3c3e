/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Dry devices: all operations of evaluators against real ones, encodings at the limit, what is refused, how they open. */
#include "dry_sides.h"

enum { STEPS = 12, CIRCUITS = 30 };

/* ---- all operations ---- */

typedef umbra_status operation(side *s, umbra_ciphertext **out, uint64_t *random);

static const umbra_ciphertext *any(const side *s, uint64_t *random) { return s->x[below(random, REGISTERS)]; }

#define TWO_OPERANDS(name)                                                           \
  static umbra_status do_##name(side *s, umbra_ciphertext **out, uint64_t *random) { \
    const umbra_ciphertext *a = any(s, random), *b = any(s, random);                 \
    return umbra_##name(s->evaluator, out, a, b);                                    \
  }
#define ONE_OPERAND(name)                                                            \
  static umbra_status do_##name(side *s, umbra_ciphertext **out, uint64_t *random) { \
    return umbra_##name(s->evaluator, out, any(s, random));                          \
  }
#define WITH_CONSTANTS(name, ...)                                                    \
  static umbra_status do_##name(side *s, umbra_ciphertext **out, uint64_t *random) { \
    return umbra_##name(s->evaluator, out, any(s, random), __VA_ARGS__);             \
  }
/* With a plaintext of some level, a higher one, too. */
#define WITH_PLAIN(name)                                                                   \
  static umbra_status do_##name(side *s, umbra_ciphertext **out, uint64_t *random) {       \
    const umbra_ciphertext *a = any(s, random);                                            \
    umbra_plaintext *b = plain_of(s, below(random, DEPTH + 1), umbra_ciphertext_slots(a)); \
    umbra_status status = umbra_##name(s->evaluator, out, a, b);                           \
    umbra_plaintext_destroy(b);                                                            \
    return status;                                                                         \
  }

TWO_OPERANDS(add)
TWO_OPERANDS(sub)
TWO_OPERANDS(mul)
ONE_OPERAND(negate)
ONE_OPERAND(square)
ONE_OPERAND(mul_i)
ONE_OPERAND(conjugate)
WITH_CONSTANTS(mul_integer, -3)
WITH_CONSTANTS(add_constant, 0.5, -0.25)
WITH_CONSTANTS(mul_constant, 0.5, 0.75)
WITH_PLAIN(add_plain)
WITH_PLAIN(sub_plain)
WITH_PLAIN(mul_plain)

static umbra_status do_rotate(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a = any(s, random);
  return umbra_rotate(s->evaluator, out, a, (int32_t)below(random, 5) - 2);
}

static umbra_status do_rotate_many(side *s, umbra_ciphertext **out, uint64_t *random) {
  const int32_t steps[] = {1, 0, -3, 4, 7};
  umbra_ciphertext *outs[5] = {0};
  umbra_status status = umbra_rotate_many(s->evaluator, outs, any(s, random), steps, 5);
  if (status == UMBRA_OK) assert_ok(umbra_ciphertext_copy(out, outs[below(random, 5)]));
  for (int i = 0; i < 5; i++) umbra_ciphertext_destroy(outs[i]);
  return status;
}

static umbra_status do_level_drop(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a = any(s, random);
  const uint32_t level = umbra_ciphertext_level(a);
  return umbra_level_drop(s->evaluator, out, a, level - (level && below(random, 2)));
}

static umbra_status do_dot(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a[] = {any(s, random), any(s, random)}, *b[] = {any(s, random), any(s, random)};
  return umbra_dot(s->evaluator, out, a, b, 2);
}

static umbra_status do_mul_add(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a = any(s, random), *b = any(s, random), *c = any(s, random);
  return umbra_mul_add(s->evaluator, out, a, b, c);
}

static umbra_status do_dot_constants(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a[] = {any(s, random), any(s, random)};
  return umbra_dot_constants(s->evaluator, out, a, (const double[]){0.5, 0, 0, -1}, 2);
}

static umbra_status do_dot_plain(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a[] = {any(s, random), any(s, random)};
  umbra_plaintext *p = plain_of(s, UMBRA_TOP_LEVEL, 0), *q = plain_of(s, UMBRA_TOP_LEVEL, 0);
  umbra_status status = umbra_dot_plain(s->evaluator, out, a, (const umbra_plaintext *[]){p, q}, 2);
  umbra_plaintext_destroy(p);
  umbra_plaintext_destroy(q);
  return status;
}

static umbra_status do_polynomial(side *s, umbra_ciphertext **out, uint64_t *random) {
  const double coefficients[] = {0.5, 0.25, 0, -0.125, 0, 0.0625};
  const umbra_ciphertext *a = any(s, random);
  return umbra_chebyshev_eval(s->evaluator, out, a, coefficients, below(random, 2) ? 5 : 3);
}

static operation *const operations[] = {
    do_add,       do_sub,          do_mul,          do_negate,    do_square,    do_mul_i,      do_conjugate,
    do_add_plain, do_mul_constant, do_add_constant, do_sub_plain, do_mul_plain, do_rotate,     do_mul_integer,
    do_dot,       do_rotate_many,  do_level_drop,   do_mul_add,   do_dot_plain, do_polynomial, do_dot_constants};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static void each_operation(side *s, uint64_t seed) {
  for (int i = 0; i < OPERATIONS; i++) {
    umbra_ciphertext *out = NULL;
    umbra_status status = operations[i](s, &out, &seed);
    see(s, status, out);
    umbra_ciphertext_destroy(out);
  }
}

/* With too few levels at its end, now and then: then the same calls fail alike. */
static void random_circuit(side *s, uint64_t seed) {
  for (int i = 0; i < STEPS; i++) {
    umbra_ciphertext **out = &s->x[below(&seed, REGISTERS)];
    operation *step = operations[below(&seed, OPERATIONS)];
    umbra_status status = step(s, out, &seed);
    see(s, status, *out);
  }
}

static void test_operations(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const uint32_t slots[] = {0, 64, 1};
  for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
    const work w = {params, NULL, each_operation, i, UMBRA_TOP_LEVEL, slots[i]};
    const umbra_cost cost = hold(&w, i);
    assert_true(cost.key_switches > OPERATIONS / 4 && cost.lowest_level < DEPTH && cost.uploaded_bytes);
  }
  umbra_params_destroy(params);
}

static void test_random_circuits(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  uint64_t seed = 1;
  for (int i = 0; i < CIRCUITS; i++) {
    const work w = {params, NULL, random_circuit, next_word(&seed), 3 + below(&seed, DEPTH - 2), 0};
    (void)hold(&w, next_word(&seed));
  }
  umbra_params_destroy(params);
}

/* ---- levels without keys ---- */

/* That register, once the call is over. */
static void see_register(side *s, umbra_status status, int number) { see(s, status, s->x[number]); }

/* Registers 0 and 1 become products of three parts, and 0 is brought to two where there are keys. */
static void keyless_circuit(side *s, uint64_t seed) {
  umbra_ciphertext **x = s->x;
  umbra_evaluator *e = s->evaluator;
  const umbra_ciphertext *const *all = (const umbra_ciphertext *const *)x;
  const uint32_t keyed = umbra_params_keyed_level(umbra_context_params(e->context));
  umbra_plaintext *plain = plain_of(s, UMBRA_TOP_LEVEL, 0);
  (void)seed;
  see_register(s, umbra_mul(e, &x[0], x[0], x[1]), 0);
  see_register(s, umbra_dot(e, &x[1], all + 2, all + 2, 2), 1);
  see_register(s, umbra_add(e, &x[0], x[0], x[1]), 0);
  see_register(s, umbra_sub(e, &x[0], x[2], x[0]), 0);
  see_register(s, umbra_sub_plain(e, &x[0], x[0], plain), 0);
  see_register(s, umbra_dot_constants(e, &x[0], all, (const double[]){0.5, 0, 0, -1}, 2), 0);
  see_register(s, umbra_mul_plain(e, &x[1], x[1], plain), 1);
  see_register(s, umbra_level_drop(e, &x[0], x[0], keyed), 0);
  see_register(s, umbra_relinearize(e, &x[0], x[0]), 0);
  see_register(s, umbra_rotate(e, &x[0], x[0], 1), 0);
  see_register(s, umbra_mul(e, &x[0], x[0], x[3]), 0);
  umbra_plaintext_destroy(plain);
}

static void test_keyless(void **state) {
  (void)state;
  umbra_params *params = keyless_params(LOG_N, 40, DEPTH, 3);
  const work w = {params, NULL, keyless_circuit, 0, UMBRA_TOP_LEVEL, 0};
  for (uint64_t less = 0; less < 2; less++) {
    const umbra_cost cost = hold(&w, less);
    assert_int_equal(cost.keys, 2);
    assert_int_equal(cost.key_switches, 3);
    assert_int_equal(cost.lowest_level, 2);
    assert_int_equal(cost.key_bytes, 2 * umbra_params_key_bytes(params, 3));
  }
  umbra_params_destroy(params);
}

/* ---- encodings at the limit of a level ---- */

static umbra_status encode_at(const umbra_context *context, const double *values, size_t count, uint32_t level) {
  umbra_plaintext *plaintext = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = level;
  umbra_status status = umbra_encode(&plaintext, context, values, count, &options);
  umbra_plaintext_destroy(plaintext);
  return status;
}

enum { SLOTS = 1 << (LOG_N - 1), ENCODINGS = 200 };

/* About as large as fits the level, whatever they are: of single large values and of equal ones, 2^LOG_N apart. */
static void fill_at_limit(double *values, const umbra_params *params, uint32_t level, uint64_t *random) {
  const double most = exp2(umbra_params_log_q(params, level) - 1) / umbra_params_scale(params, level);
  const uint32_t large = 1 + below(random, SLOTS), equal = below(random, 3) == 0;
  const double size = ldexp(most, (int)below(random, LOG_N + 4) - 2);
  memset(values, 0, SLOTS * sizeof *values);
  for (uint32_t j = 0; j < large; j++) values[below(random, SLOTS)] = equal ? size : size * uniform(random);
}

/* Those that a real device refuses are refused, and no others. */
static void test_encodings(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const work w = {.params = params};
  double values[SLOTS];
  side dry, real;
  uint64_t random = 7;
  size_t refused = 0;
  side_open(&dry, &w, "dry");
  side_open(&real, &w, "cpu");
  for (int i = 0; i < ENCODINGS; i++) {
    const uint32_t level = below(&random, DEPTH + 1);
    fill_at_limit(values, params, level, &random);
    umbra_status status = encode_at(dry.context, values, SLOTS, level);
    assert_int_equal(status, encode_at(real.context, values, SLOTS, level));
    assert_true(status == UMBRA_OK || status == UMBRA_ERROR_RANGE);
    refused += status != UMBRA_OK;
  }
  assert_in_range(refused, ENCODINGS / 4, 3 * ENCODINGS / 4);
  values[3] = NAN;
  assert_fails(encode_at(dry.context, values, SLOTS, 0), UMBRA_ERROR_RANGE, "value 3 is not a finite number");
  values[3] = INFINITY;
  assert_fails(encode_at(dry.context, values, SLOTS, 0), UMBRA_ERROR_RANGE, "value 3 is not a finite number");
  side_close(&dry);
  side_close(&real);
  umbra_params_destroy(params);
}

/* ---- what is refused ---- */

#define NO_VALUES "a dry device has no values"

#define WRITE(b, type, object, ...)                                              \
  do {                                                                           \
    assert_ok(umbra_##type##_write(object, NULL, &(b)->size, __VA_ARGS__));      \
    (b)->data = malloc((b)->size);                                               \
    assert_non_null((b)->data);                                                  \
    assert_ok(umbra_##type##_write(object, (b)->data, &(b)->size, __VA_ARGS__)); \
  } while (0)

#define assert_not_read(type, b, context, ...)                                                                  \
  do {                                                                                                          \
    umbra_##type *read = NULL;                                                                                  \
    assert_fails(umbra_##type##_read(&read, context, (b).data, (b).size, __VA_ARGS__), UMBRA_ERROR_UNSUPPORTED, \
                 NO_VALUES);                                                                                    \
    assert_null(read);                                                                                          \
    free((b).data);                                                                                             \
  } while (0)

static void check_loading(side *dry, side *real) {
  bytes secret, public, keys, plain, cipher;
  umbra_plaintext *plaintext = plain_of(real, 1, 0);
  WRITE(&secret, secret_key, real->secret, NULL);
  WRITE(&public, public_key, real->public, NULL);
  WRITE(&keys, eval_keys, real->keys, NULL);
  WRITE(&plain, plaintext, plaintext, NULL);
  WRITE(&cipher, ciphertext, real->x[0], NULL);
  assert_not_read(secret_key, secret, dry->context, NULL);
  assert_not_read(public_key, public, dry->context, NULL);
  assert_not_read(eval_keys, keys, dry->context, NULL);
  assert_not_read(plaintext, plain, dry->context, NULL);
  assert_not_read(ciphertext, cipher, dry->context, NULL);
  umbra_plaintext_destroy(plaintext);
}

static void check_giving(side *dry) {
  double value;
  size_t size = 0;
  umbra_secret_key *secret = NULL;
  umbra_plaintext *plaintext = plain_of(dry, 1, 0);
  assert_fails(umbra_secret_key_generate(&secret, dry->context), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_decode(&value, 1, plaintext), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_plaintext_write(plaintext, NULL, &size, NULL), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_ciphertext_write(dry->x[0], NULL, &size, NULL), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_ciphertext_save(dry->x[0], "dry.ct", NULL), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_int_equal(size, 0);
  umbra_plaintext_destroy(plaintext);
}

static void check_mixing(side *dry, side *real, const umbra_context *other) {
  double value;
  umbra_ciphertext *out = NULL;
  umbra_plaintext *plaintext = plain_of(dry, 1, 0), *opened = NULL;
  umbra_evaluator *evaluator = NULL;
  const umbra_status mismatch = UMBRA_ERROR_MISMATCH;
  assert_fails(umbra_encrypt(&out, real->public, plaintext), mismatch, NO_VALUES);
  assert_fails(umbra_encrypt_symmetric(&out, real->secret, plaintext), mismatch, NO_VALUES);
  assert_fails(umbra_decrypt(&opened, dry->x[0], real->secret), mismatch, NO_VALUES);
  assert_fails(umbra_decrypt_decode(&value, 1, dry->x[0], real->secret), mismatch, NO_VALUES);
  assert_fails(umbra_add(real->evaluator, &out, real->x[0], dry->x[0]), mismatch, NO_VALUES);
  assert_fails(umbra_add(dry->evaluator, &out, dry->x[0], real->x[0]), mismatch, NO_VALUES);
  assert_fails(umbra_add_plain(real->evaluator, &out, real->x[0], plaintext), mismatch, NO_VALUES);
  assert_fails(umbra_evaluator_create(&evaluator, dry->context, real->keys), mismatch, NO_VALUES);
  assert_fails(umbra_evaluator_use_keys(dry->evaluator, real->keys), mismatch, NO_VALUES);
  assert_fails(umbra_ciphertext_move(&out, dry->context, real->x[0]), mismatch, NO_VALUES);
  assert_fails(umbra_ciphertext_move(&out, real->context, dry->x[0]), mismatch, NO_VALUES);
  assert_fails(umbra_ciphertext_move(&out, other, dry->x[0]), mismatch, NO_VALUES);
  assert_null(out);
  umbra_plaintext_destroy(plaintext);
}

/* A device with values has no accounts, and no inputs without. */
static void check_real(side *real) {
  umbra_ciphertext *out = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_kernel_cost kernel = {UMBRA_KERNEL_COST_INIT};
  umbra_key_needs *needs = NULL;
  const umbra_status unsupported = UMBRA_ERROR_UNSUPPORTED;
  assert_ok(umbra_key_needs_create(&needs, umbra_context_params(real->context)));
  assert_fails(umbra_dry_ciphertext(&out, real->context, 1, 0, 1), unsupported, "\"dry\"");
  assert_fails(umbra_context_cost(real->context, &cost), unsupported, "\"dry\"");
  assert_fails(umbra_context_kernel_cost(real->context, &kernel, 0), unsupported, "\"dry\"");
  assert_fails(umbra_context_cost_begin(real->context), unsupported, "\"dry\"");
  assert_fails(umbra_context_needs(real->context, needs), unsupported, "\"dry\"");
  umbra_key_needs_destroy(needs);
}

static void check_arguments(side *dry) {
  umbra_ciphertext *out = NULL;
  umbra_kernel_cost kernel = {UMBRA_KERNEL_COST_INIT};
  const umbra_status invalid = UMBRA_ERROR_INVALID_ARGUMENT;
  assert_fails(umbra_dry_ciphertext(NULL, dry->context, 1, 0, 1), invalid, "output");
  assert_fails(umbra_dry_ciphertext(&out, NULL, 1, 0, 1), invalid, "context");
  assert_fails(umbra_dry_ciphertext(&out, dry->context, DEPTH + 1, 0, 1), invalid, "level");
  assert_fails(umbra_dry_ciphertext(&out, dry->context, 1, 3, 1), invalid, "slots");
  assert_fails(umbra_dry_ciphertext(&out, dry->context, 1, 0, NAN), invalid, "bound");
  assert_fails(umbra_dry_ciphertext(&out, dry->context, 1, 0, -1), invalid, "bound");
  assert_fails(umbra_context_cost(NULL, NULL), invalid, "context");
  assert_fails(umbra_context_cost(dry->context, NULL), invalid, "cost");
  assert_fails(umbra_context_needs(dry->context, NULL), invalid, "needs");
  assert_fails(umbra_context_kernel_cost(dry->context, &kernel, UMBRA_DRY_KERNELS), invalid, "number");
}

static void test_guards(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const work w = {.params = params, .level = 2};
  side dry, real, other;
  side_open(&dry, &w, "dry");
  side_open(&other, &w, "dry");
  side_open(&real, &w, "cpu");
  real.keys = keys_for(real.secret, needs_of(params, NULL, 0));
  side_prepare(&dry, &w);
  side_prepare(&real, &w);
  check_loading(&dry, &real);
  check_giving(&dry);
  check_mixing(&dry, &real, other.context);
  check_real(&real);
  check_arguments(&dry);
  side_close(&dry);
  side_close(&other);
  side_close(&real);
  umbra_params_destroy(params);
}

/* ---- opening ---- */

static umbra_status open_device(umbra_context **context, const umbra_params *params, const char *device) {
  return umbra_context_create(context,
                              &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device});
}

static void assert_not_dry(umbra_context *context) {
  if (!context) return;
  assert_string_not_equal(umbra_context_backend(context), "dry");
  umbra_context_destroy(context);
}

/* Only its literal name opens it. */
static void test_opening(void **state) {
  (void)state;
  static const char *const names[] = {NULL, "cpu", "auto", "dry:0", "Dry", "dry ", "dr"};
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  umbra_context *context = NULL;
  umbra_device_info info = {UMBRA_DEVICE_INFO_INIT};
  const char *before = getenv("UMBRA_BACKEND");
  char *kept = before ? strdup(before) : NULL;
  assert_int_equal(setenv("UMBRA_BACKEND", "dry", 1), 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    context = NULL;
    (void)open_device(&context, params, names[i]);
    assert_not_dry(context);
  }
  context = NULL;
  assert_fails(open_device(&context, params, NULL), UMBRA_ERROR_UNSUPPORTED, "unknown");
  assert_int_equal(kept ? setenv("UMBRA_BACKEND", kept, 1) : unsetenv("UMBRA_BACKEND"), 0);
  free(kept);
  for (const char *const *name = umbra_kernels_names(); *name; name++) assert_string_not_equal(*name, "dry");
  for (size_t i = 0; i < umbra_device_count(); i++) {
    assert_ok(umbra_device_get(&info, i));
    assert_string_not_equal(info.name, "dry");
  }
  assert_ok(open_device(&context, params, "dry"));
  assert_string_equal(umbra_context_backend(context), "dry");
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_operations), cmocka_unit_test(test_random_circuits), cmocka_unit_test(test_keyless),
      cmocka_unit_test(test_encodings),  cmocka_unit_test(test_guards),          cmocka_unit_test(test_opening),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
