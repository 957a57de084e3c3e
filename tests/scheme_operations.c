/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Every call of the evaluator against complex arithmetic in the clear: one table of operations, run over parameter
 * sets, slot counts, levels, and outputs that are new or replace an input.
 */
#include "host/params/primes.h"
#include "scheme.h"

enum { FACTORS = 3, STEPS = 3 };

/* What operations take: three ciphertexts, a plaintext each, and what they hold. */
typedef struct operands {
  scheme *s;
  umbra_ciphertext *x[FACTORS];
  umbra_plaintext *p[FACTORS];
  vector value[FACTORS], plain[FACTORS];
  uint32_t level[FACTORS], plain_level;
} operands;

static const double pairs[2 * FACTORS] = {0.75, 0, -0.5, 0.25, 0, -1.5};
static const int32_t steps[STEPS] = {1, -3, 6};

/* The operands in the order in which products take them. */
static const umbra_ciphertext *const *left(const operands *o) { return (const umbra_ciphertext *const *)o->x; }
static const umbra_plaintext *const *plains(const operands *o) { return (const umbra_plaintext *const *)o->p; }

static number x(const operands *o, int i, uint32_t j) { return at(&o->value[i], j); }
static number p(const operands *o, int i, uint32_t j) { return at(&o->plain[i], j); }

/* ---- the table ---- */

typedef enum uses { ONE = 1, TWO = 2, THREE = 3, PLAIN = 4 } uses; /* ciphertexts; PLAIN: as many plaintexts too */

typedef struct operation {
  const char *name;
  int uses;
  uint32_t levels; /* that it takes */
  umbra_status (*run)(operands *o, umbra_ciphertext **out);
  number (*expected)(const operands *o, uint32_t j);
} operation;

#define OPERATION(name, call, value)                                    \
  static umbra_status run_##name(operands *o, umbra_ciphertext **out) { \
    umbra_evaluator *e = o->s->evaluator;                               \
    umbra_ciphertext *a = o->x[0], *b = o->x[1], *c = o->x[2];          \
    (void)e, (void)a, (void)b, (void)c;                                 \
    return call;                                                        \
  }                                                                     \
  static number value_##name(const operands *o, uint32_t j) { return value; }

OPERATION(copy, umbra_ciphertext_copy(out, a), x(o, 0, j))
OPERATION(add, umbra_add(e, out, a, b), x(o, 0, j) + x(o, 1, j))
OPERATION(sub, umbra_sub(e, out, a, b), x(o, 0, j) - x(o, 1, j))
OPERATION(negate, umbra_negate(e, out, a), -x(o, 0, j))
OPERATION(add_plain, umbra_add_plain(e, out, a, o->p[0]), x(o, 0, j) + p(o, 0, j))
OPERATION(sub_plain, umbra_sub_plain(e, out, a, o->p[0]), x(o, 0, j) - p(o, 0, j))
OPERATION(add_real, umbra_add_constant(e, out, a, -2.5, 0), x(o, 0, j) - 2.5L)
OPERATION(add_complex, umbra_add_constant(e, out, a, 1.25, -0.5), x(o, 0, j) + 1.25L - 0.5L * I)
OPERATION(mul_integer, umbra_mul_integer(e, out, a, -7), -7 * x(o, 0, j))
OPERATION(mul_zero, umbra_mul_integer(e, out, a, 0), 0 * x(o, 0, j))
OPERATION(mul_i, umbra_mul_i(e, out, a), I *x(o, 0, j))
OPERATION(drop_none, umbra_level_drop(e, out, a, umbra_ciphertext_level(a)), x(o, 0, j))
OPERATION(drop_one, umbra_level_drop(e, out, a, umbra_ciphertext_level(a) - 1), x(o, 0, j))
OPERATION(mul, umbra_mul(e, out, a, b), x(o, 0, j) * x(o, 1, j))
OPERATION(square, umbra_square(e, out, a), x(o, 0, j) * x(o, 0, j))
OPERATION(dot, umbra_dot(e, out, left(o), (const umbra_ciphertext *const[]){b, c, c}, FACTORS),
          x(o, 0, j) * x(o, 1, j) + x(o, 1, j) * x(o, 2, j) + x(o, 2, j) * x(o, 2, j))
OPERATION(mul_add, umbra_mul_add(e, out, a, b, c), x(o, 0, j) * x(o, 1, j) + x(o, 2, j))
OPERATION(mul_plain, umbra_mul_plain(e, out, a, o->p[0]), x(o, 0, j) * p(o, 0, j))
OPERATION(dot_plain, umbra_dot_plain(e, out, left(o), plains(o), FACTORS),
          x(o, 0, j) * p(o, 0, j) + x(o, 1, j) * p(o, 1, j) + x(o, 2, j) * p(o, 2, j))
OPERATION(dot_constants, umbra_dot_constants(e, out, left(o), pairs, FACTORS),
          0.75L * x(o, 0, j) + (-0.5L + 0.25L * I) * x(o, 1, j) - 1.5L * I * x(o, 2, j))
OPERATION(mul_real, umbra_mul_constant(e, out, a, 1.0 / 3, 0), x(o, 0, j) * (1.0 / 3))
OPERATION(mul_complex, umbra_mul_constant(e, out, a, 0.6, -0.8), x(o, 0, j) * (0.6 - 0.8 * I))
OPERATION(rotate_left, umbra_rotate(e, out, a, 1), x(o, 0, j + 1))
OPERATION(rotate_right, umbra_rotate(e, out, a, -3), x(o, 0, j + o->value[0].slots * 3 - 3))
OPERATION(rotate_by_nothing, umbra_rotate(e, out, a, 0), x(o, 0, j))
OPERATION(rotate_around, umbra_rotate(e, out, a, -2 * (int32_t)o->value[0].slots), x(o, 0, j))
OPERATION(rotate_further, umbra_rotate(e, out, a, (int32_t)o->value[0].slots + 1), x(o, 0, j + 1))
OPERATION(conjugate, umbra_conjugate(e, out, a), conjl(x(o, 0, j)))

#define ROW(name, uses, levels) \
  { #name, uses, levels, run_##name, value_##name }
static const operation table[] = {
    ROW(copy, ONE, 0),
    ROW(add, TWO, 0),
    ROW(sub, TWO, 0),
    ROW(negate, ONE, 0),
    ROW(add_plain, ONE | PLAIN, 0),
    ROW(sub_plain, ONE | PLAIN, 0),
    ROW(add_real, ONE, 0),
    ROW(add_complex, ONE, 0),
    ROW(mul_integer, ONE, 0),
    ROW(mul_zero, ONE, 0),
    ROW(mul_i, ONE, 0),
    ROW(drop_none, ONE, 0),
    ROW(drop_one, ONE, 1),
    ROW(mul, TWO, 1),
    ROW(square, ONE, 1),
    ROW(dot, THREE, 1),
    ROW(mul_add, THREE, 1),
    ROW(mul_plain, ONE | PLAIN, 1),
    ROW(dot_plain, THREE | PLAIN, 1),
    ROW(dot_constants, THREE, 1),
    ROW(mul_real, ONE, 1),
    ROW(mul_complex, ONE, 1),
    ROW(rotate_left, ONE, 0),
    ROW(rotate_right, ONE, 0),
    ROW(rotate_by_nothing, ONE, 0),
    ROW(rotate_around, ONE, 0),
    ROW(rotate_further, ONE, 0),
    ROW(conjugate, ONE, 0),
};
enum { OPERATIONS = sizeof table / sizeof *table };

/* ---- what an operation gives ---- */

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

static uint32_t expected_slots(const operation *op, const operands *o) {
  uint32_t slots = 0;
  for (int i = 0; i < (op->uses & 3); i++) {
    slots = larger(slots, o->value[i].slots);
    if (op->uses & PLAIN) slots = larger(slots, o->plain[i].slots);
  }
  return slots;
}

static uint32_t expected_level(const operation *op, const operands *o) {
  if (op->run == run_mul_add) return smaller(smaller(o->level[0], o->level[1]) - 1, o->level[2]);
  uint32_t level = op->uses & PLAIN ? o->plain_level : o->level[0];
  for (int i = 0; i < (op->uses & 3); i++) level = smaller(level, o->level[i]);
  return level - op->levels;
}

static void check_result(const operation *op, const operands *o, const umbra_ciphertext *out) {
  vector expected = vector_make(expected_slots(op, o));
  double size = 0;
  for (uint32_t j = 0; j < expected.slots; j++) {
    expected.value[j] = op->expected(o, j);
    size = fmax(size, (double)cabsl(expected.value[j]));
  }
  assert_int_equal(umbra_ciphertext_level(out), expected_level(op, o));
  double error = worst_error(o->s, out, &expected), bound = umbra_ciphertext_error_bound(out);
  double scale = umbra_ciphertext_scale(out);
  if (!(error <= bound)) fail_msg("%s: error %g above its bound %g (scale %g)", op->name, error, bound, scale);
  if (!(bound * scale < 0x1p24)) fail_msg("%s: the bound %g says nothing (scale %g)", op->name, bound, scale);
  if (!(size <= umbra_ciphertext_magnitude(out) * (1 + 0x1p-40)))
    fail_msg("%s: a slot of %g above the magnitude %g", op->name, size, umbra_ciphertext_magnitude(out));
  vector_destroy(&expected);
}

/* The same bytes, whichever input the output replaces; and the other inputs stay as they are. */
static void check_in_place(const operation *op, const operands *o, const umbra_ciphertext *out) {
  bytes expected = ciphertext_bytes(out);
  for (int i = 0; i < (op->uses & 3); i++) {
    operands in_place = *o;
    in_place.x[i] = NULL;
    assert_ok(umbra_ciphertext_copy(&in_place.x[i], o->x[i]));
    assert_ok(op->run(&in_place, &in_place.x[i]));
    if (!has_bytes(in_place.x[i], &expected)) fail_msg("%s: another result in the place of input %d", op->name, i);
    umbra_ciphertext_destroy(in_place.x[i]);
  }
  free(expected.data);
}

static void check_operation(const operation *op, operands *o) {
  bytes before[FACTORS];
  for (int i = 0; i < FACTORS; i++) before[i] = ciphertext_bytes(o->x[i]);
  umbra_ciphertext *out = NULL;
  assert_ok(op->run(o, &out));
  check_result(op, o, out);
  check_in_place(op, o, out);
  for (int i = 0; i < FACTORS; i++) {
    if (!has_bytes(o->x[i], &before[i])) fail_msg("%s: input %d has changed", op->name, i);
    free(before[i].data);
  }
  umbra_ciphertext_destroy(out);
}

/* ---- the runs ---- */

typedef struct shape {
  uint32_t level[FACTORS], plain_level;       /* below the top */
  uint32_t slots_shift[FACTORS], plain_shift; /* n/2 >> shift */
  int is_complex;
} shape;

static const shape shapes[] = {
    {{0, 0, 0}, 0, {0, 0, 0}, 0, 1}, {{0, 0, 0}, 0, {0, 0, 0}, 0, 0}, {{0, 1, 2}, 0, {0, 3, 1}, 2, 1},
    {{2, 0, 1}, 1, {4, 0, 2}, 0, 0}, {{1, 1, 0}, 2, {7, 7, 7}, 7, 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void operands_open(operands *o, scheme *s, const shape *sh, uint64_t *state) {
  uint32_t top = umbra_params_depth(s->params), slots = umbra_params_slots(s->params);
  *o = (operands){.s = s, .plain_level = top - sh->plain_level};
  for (int i = 0; i < FACTORS; i++) {
    o->level[i] = top - sh->level[i];
    o->value[i] = vector_random(state, slots >> sh->slots_shift[i], sh->is_complex);
    o->plain[i] = vector_random(state, slots >> sh->plain_shift, sh->is_complex);
    o->x[i] = encrypt_vector(s, &o->value[i], o->level[i]);
    o->p[i] = encode_vector(s, &o->plain[i], o->plain_level);
  }
}

static void operands_close(operands *o) {
  for (int i = 0; i < FACTORS; i++) {
    umbra_ciphertext_destroy(o->x[i]);
    umbra_plaintext_destroy(o->p[i]);
    vector_destroy(&o->value[i]);
    vector_destroy(&o->plain[i]);
  }
}

/* All at once, one of them into the input: the same as one by one. */
static void check_rotate_many(const operands *o) {
  umbra_ciphertext *outs[STEPS] = {0}, *one = NULL, *copy = NULL;
  assert_ok(umbra_ciphertext_copy(&copy, o->x[0]));
  outs[1] = copy;
  assert_ok(umbra_rotate_many(o->s->evaluator, outs, copy, steps, STEPS));
  for (int i = 0; i < STEPS; i++) {
    assert_ok(umbra_rotate(o->s->evaluator, &one, o->x[0], steps[i]));
    bytes expected = ciphertext_bytes(one);
    assert_true(has_bytes(outs[i], &expected));
    free(expected.data);
    umbra_ciphertext_destroy(outs[i]);
  }
  umbra_ciphertext_destroy(one);
}

static void run_all(umbra_params *params) {
  scheme s;
  uint64_t state = umbra_params_scale_bits(params);
  scheme_open(&s, params, NULL, steps, STEPS);
  for (int k = 0; k < SHAPES; k++) {
    operands o;
    operands_open(&o, &s, &shapes[k], &state);
    for (int i = 0; i < OPERATIONS; i++) check_operation(&table[i], &o);
    check_rotate_many(&o);
    operands_close(&o);
  }
  scheme_close(&s);
}

static void at_25_bits(void **state) { (void)state, run_all(test_params(11, 25, 3)); }
static void at_40_bits(void **state) { (void)state, run_all(test_params(11, 40, 3)); }
static void at_45_bits(void **state) { (void)state, run_all(test_params(11, 45, 4)); }
static void at_60_bits(void **state) { (void)state, run_all(test_params(11, 60, 3)); }

static void of_a_secure_set(void **state) {
  (void)state;
  umbra_params *params = NULL;
  assert_ok(umbra_params_from_preset(&params, "n13-d4-s30"));
  assert_true(umbra_params_security(params) >= 128);
  run_all(params);
}

/* ---- the lowest level ---- */

/* A product of everything down to level 0. */
static void down_to_level_0(void **test) {
  (void)test;
  static const uint32_t scales[] = {25, 30, 35, 40, 50, 60};
  for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
    scheme s;
    uint64_t state = k;
    scheme_open(&s, test_params(11, scales[k], 6), NULL, NULL, 0);
    vector v = vector_random(&state, umbra_params_slots(s.params), 0);
    umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
    for (uint32_t l = umbra_params_depth(s.params); l > 0; l--) {
      assert_ok(umbra_square(s.evaluator, &x, x));
      for (uint32_t j = 0; j < v.slots; j++) v.value[j] *= v.value[j];
      assert_int_equal(umbra_ciphertext_level(x), l - 1);
      double error = worst_error(&s, x, &v), bound = umbra_ciphertext_error_bound(x);
      if (!(error <= bound)) fail_msg("scale 2^%u, level %u: %g above %g", scales[k], l - 1, error, bound);
    }
    umbra_ciphertext_destroy(x);
    vector_destroy(&v);
    scheme_close(&s);
  }
}

/* 40 main primes, digits of 2 and as many auxiliary primes: the widest window for what a switch divides away. */
static umbra_params *wide_params(void) {
  enum { MAINS = 40, BASE = 2, LEVELS = MAINS - BASE + 1, DIGITS = MAINS / 2 };
  uint32_t mains[MAINS], aux[2], counts[LEVELS], none[LEVELS] = {0}, sizes[DIGITS];
  uint32_t bound = 1u << 30;
  for (int i = 0; i < MAINS; i++) bound = mains[i] = umbra_prime_below(11, bound);
  aux[0] = umbra_prime_below(11, 1u << 31);
  aux[1] = umbra_prime_below(11, aux[0]);
  for (uint32_t l = 0; l < LEVELS; l++) counts[l] = BASE + l;
  for (int d = 0; d < DIGITS; d++) sizes[d] = 2;
  umbra_params *params = NULL;
  umbra_params_literal literal = {UMBRA_PARAMS_LITERAL_INIT,
                                  .log_n = 11,
                                  .scale_bits = 30,
                                  .mains = MAINS,
                                  .auxes = 2,
                                  .main = mains,
                                  .aux = aux,
                                  .levels = LEVELS,
                                  .main_count = counts,
                                  .terminal_count = none,
                                  .digits = DIGITS,
                                  .digit_size = sizes,
                                  .flags = UMBRA_INSECURE_FOR_TESTS};
  assert_ok(umbra_params_from_literal(&params, &literal));
  return params;
}

/* More threads than blocks have limbs to share change neither bits nor what is held at once. */
static void with_many_threads(void **test) {
  (void)test;
  static const int32_t steps[] = {1};
  scheme s;
  umbra_ciphertext *x = NULL, *expected = NULL, *found = NULL;
  const double value = 0.5;
  scheme_open(&s, wide_params(), NULL, steps, 1);
  assert_ok(umbra_encode_encrypt(&x, s.public, &value, 1));
  assert_ok(umbra_rotate(s.evaluator, &expected, x, 1));
  umbra_context *context = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s.params, .threads = 24};
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_evaluator_create(&evaluator, context, s.keys));
  assert_ok(umbra_rotate(evaluator, &found, x, 1));
  bytes b = ciphertext_bytes(expected);
  assert_true(has_bytes(found, &b));
  free(b.data);
  umbra_ciphertext_destroy(found);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(context);
  umbra_ciphertext_destroy(expected);
  umbra_ciphertext_destroy(x);
  scheme_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(at_25_bits),        cmocka_unit_test(at_40_bits),      cmocka_unit_test(at_45_bits),
      cmocka_unit_test(at_60_bits),        cmocka_unit_test(of_a_secure_set), cmocka_unit_test(down_to_level_0),
      cmocka_unit_test(with_many_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
