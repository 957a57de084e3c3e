/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random circuits that mix all operations, levels and registers, beside the same circuit in long double.
 *
 * Values have modulus 1 or less, and in every 16th slot, the anchors, a register holds one value of modulus 1, its phase.
 * Before registers are added or averaged their phases are aligned, so that the anchors keep modulus 1 and the tracked
 * magnitude is really reached.
 */
#ifndef UMBRA_TESTS_RANDOM_CIRCUITS_H
#define UMBRA_TESTS_RANDOM_CIRCUITS_H

#include "scheme.h"

enum { REGISTERS = 6, ANCHORS = 16, MOST_STEPS = 300 };
static const int32_t rotations[] = {16, -48, 320};
enum { ROTATIONS = sizeof rotations / sizeof *rotations };

typedef struct machine {
  scheme *s;
  uint64_t random;
  umbra_ciphertext *x[REGISTERS], *scratch[2];
  vector value[REGISTERS];
} machine;

/* ---- small pieces ---- */

static uint32_t pick(machine *m, uint32_t count) { return below(&m->random, count); }
static uint32_t level(const machine *m, uint32_t r) { return umbra_ciphertext_level(m->x[r]); }
static uint32_t top_level(const machine *m) { return umbra_params_depth(m->s->params); }
static number phase(const machine *m, uint32_t r) { return m->value[r].value[0]; }
static umbra_evaluator *evaluator(const machine *m) { return m->s->evaluator; }

/* A phase as doubles, and what the doubles are exactly. */
typedef struct constant {
  double re, im;
  number exact;
} constant;

static constant constant_of(number z) {
  constant c = {(double)creall(z), (double)cimagl(z), 0};
  c.exact = c.re + (number)c.im * I;
  return c;
}

/* By what register b has to be multiplied to have the phase of a, and `factor` times that size. */
static constant aligning(number a, number b, long double factor) { return constant_of(factor * a / b / cabsl(a / b)); }

/* A vector of modulus (almost) 1 with that phase in the anchors. */
static vector unit_vector(machine *m, number anchor) {
  vector v = vector_make(umbra_params_slots(m->s->params));
  const long double inside = 1 - 0x1p-45L; /* so that doubles stay within modulus 1 */
  for (uint32_t j = 0; j < v.slots; j++) {
    number z = j % ANCHORS ? cexpl(3.141592653589793L * I * uniform(&m->random)) : anchor / cabsl(anchor);
    v.value[j] = constant_of(z * inside).exact;
  }
  return v;
}

#define FOR_SLOTS(m, r, expression)                                         \
  do {                                                                      \
    vector out_ = vector_make((m)->value[0].slots);                         \
    for (uint32_t j = 0; j < out_.slots; j++) out_.value[j] = (expression); \
    vector_destroy(&(m)->value[r]);                                         \
    (m)->value[r] = out_;                                                   \
  } while (0)

#define V(i) at(&m->value[i], j)

/* ---- operations: register r becomes a function of registers a and b ---- */

static void half(machine *m, uint32_t r) {
  assert_ok(umbra_mul_constant(evaluator(m), &m->x[r], m->x[r], 0.5, 0));
  FOR_SLOTS(m, r, V(r) / 2);
}

static void add(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  constant c = aligning(phase(m, a), phase(m, b), 1);
  assert_ok(umbra_mul_constant(evaluator(m), &m->scratch[0], m->x[b], c.re, c.im));
  assert_ok(umbra_add(evaluator(m), &m->x[r], m->x[a], m->scratch[0]));
  FOR_SLOTS(m, r, V(a) + V(b) * c.exact);
  half(m, r);
}

static void sub(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  constant c = aligning(phase(m, a), -phase(m, b), 1);
  assert_ok(umbra_mul_constant(evaluator(m), &m->scratch[0], m->x[b], c.re, c.im));
  assert_ok(umbra_sub(evaluator(m), &m->x[r], m->x[a], m->scratch[0]));
  FOR_SLOTS(m, r, V(a) - V(b) * c.exact);
  half(m, r);
}

static void mul(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  assert_ok(umbra_mul(evaluator(m), &m->x[r], m->x[a], m->x[b]));
  FOR_SLOTS(m, r, V(a) * V(b));
}

static void square(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  (void)b;
  assert_ok(umbra_square(evaluator(m), &m->x[r], m->x[a]));
  FOR_SLOTS(m, r, V(a) * V(a));
}

static void dot(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  constant c = aligning(phase(m, a), phase(m, b), 1);
  assert_ok(umbra_mul_constant(evaluator(m), &m->scratch[0], m->x[b], c.re, c.im));
  const umbra_ciphertext *left[] = {m->x[a], m->scratch[0]}, *right[] = {m->x[b], m->x[b]};
  assert_ok(umbra_dot(evaluator(m), &m->x[r], left, right, 2));
  FOR_SLOTS(m, r, V(a) * V(b) + V(b) * c.exact * V(b));
  half(m, r);
}

static void mul_add(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  constant c = aligning(phase(m, a), phase(m, a) * phase(m, b), 0.5);
  assert_ok(umbra_mul_constant(evaluator(m), &m->scratch[0], m->x[a], c.re, c.im));
  assert_ok(umbra_mul_constant(evaluator(m), &m->scratch[1], m->x[a], 0.5, 0));
  assert_ok(umbra_mul_add(evaluator(m), &m->x[r], m->scratch[0], m->x[b], m->scratch[1]));
  FOR_SLOTS(m, r, V(a) * c.exact * V(b) + V(a) / 2);
}

static void dot_constants(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  constant c = aligning(phase(m, a), phase(m, b), 0.25);
  const umbra_ciphertext *terms[] = {m->x[a], m->x[b]};
  const double pairs[] = {0.75, 0, c.re, c.im};
  assert_ok(umbra_dot_constants(evaluator(m), &m->x[r], terms, pairs, 2));
  FOR_SLOTS(m, r, 0.75L * V(a) + c.exact * V(b));
}

static void mul_constant(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  (void)b;
  constant c = constant_of(cexpl(I * uniform(&m->random)));
  assert_ok(umbra_mul_constant(evaluator(m), &m->x[r], m->x[a], c.re, c.im));
  FOR_SLOTS(m, r, V(a) * c.exact);
}

static void mul_plain(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  (void)b;
  vector plain = unit_vector(m, cexpl(I * uniform(&m->random)));
  umbra_plaintext *p = encode_vector(m->s, &plain, level(m, a));
  assert_ok(umbra_mul_plain(evaluator(m), &m->x[r], m->x[a], p));
  FOR_SLOTS(m, r, V(a) * at(&plain, j));
  umbra_plaintext_destroy(p);
  vector_destroy(&plain);
}

/* The plaintext is of a higher level than the ciphertext. */
static void add_plain(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  (void)b;
  vector plain = unit_vector(m, phase(m, a));
  umbra_plaintext *p = encode_vector(m->s, &plain, level(m, a) + pick(m, top_level(m) - level(m, a) + 1));
  assert_ok(umbra_add_plain(evaluator(m), &m->x[r], m->x[a], p));
  FOR_SLOTS(m, r, V(a) + at(&plain, j));
  umbra_plaintext_destroy(p);
  vector_destroy(&plain);
  half(m, r);
}

static void dot_plain(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  vector one = unit_vector(m, 1), other = unit_vector(m, phase(m, a) / phase(m, b));
  umbra_plaintext *p = encode_vector(m->s, &one, level(m, a)), *q = encode_vector(m->s, &other, level(m, b));
  const umbra_ciphertext *left[] = {m->x[a], m->x[b]};
  const umbra_plaintext *right[] = {p, q};
  assert_ok(umbra_dot_plain(evaluator(m), &m->x[r], left, right, 2));
  FOR_SLOTS(m, r, V(a) * at(&one, j) + V(b) * at(&other, j));
  umbra_plaintext_destroy(p);
  umbra_plaintext_destroy(q);
  vector_destroy(&one);
  vector_destroy(&other);
  half(m, r);
}

static void add_constant(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  (void)b;
  constant c = constant_of(phase(m, a));
  assert_ok(umbra_add_constant(evaluator(m), &m->x[r], m->x[a], c.re, c.im));
  FOR_SLOTS(m, r, V(a) + c.exact);
  half(m, r);
}

static void rotate(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  (void)b;
  int32_t steps = rotations[pick(m, ROTATIONS)];
  assert_ok(umbra_rotate(evaluator(m), &m->x[r], m->x[a], steps));
  FOR_SLOTS(m, r, at(&m->value[a], j + (uint32_t)steps)); /* the slots divide 2^32 */
}

static void conjugate(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  (void)b;
  assert_ok(umbra_conjugate(evaluator(m), &m->x[r], m->x[a]));
  FOR_SLOTS(m, r, conjl(V(a)));
}

static void turn(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  (void)b;
  assert_ok(umbra_mul_i(evaluator(m), &m->x[r], m->x[a]));
  assert_ok(umbra_negate(evaluator(m), &m->x[r], m->x[r]));
  FOR_SLOTS(m, r, -I * V(a));
}

static void level_drop(machine *m, uint32_t r, uint32_t a, uint32_t b) {
  (void)b;
  assert_ok(umbra_level_drop(evaluator(m), &m->x[r], m->x[a], level(m, a) - pick(m, level(m, a) < 2 ? 1 : 3)));
  FOR_SLOTS(m, r, V(a));
}

typedef struct operation {
  const char *name;
  uint32_t levels; /* at most, of the lower operand */
  void (*run)(machine *m, uint32_t r, uint32_t a, uint32_t b);
} operation;

static const operation table[] = {
    {"add", 2, add},
    {"sub", 2, sub},
    {"mul", 1, mul},
    {"mul", 1, mul},
    {"square", 1, square},
    {"dot", 3, dot},
    {"mul_add", 2, mul_add},
    {"dot_constants", 1, dot_constants},
    {"mul_constant", 1, mul_constant},
    {"mul_plain", 1, mul_plain},
    {"add_plain", 1, add_plain},
    {"dot_plain", 2, dot_plain},
    {"add_constant", 1, add_constant},
    {"rotate", 0, rotate},
    {"conjugate", 0, conjugate},
    {"turn", 0, turn},
    {"level_drop", 0, level_drop},
};
enum { OPERATIONS = sizeof table / sizeof *table };

/* ---- circuits ---- */

static void machine_open(machine *m, scheme *s, uint64_t seed) {
  *m = (machine){.s = s, .random = seed};
  for (uint32_t r = 0; r < REGISTERS; r++) {
    m->value[r] = unit_vector(m, cexpl(I * r));
    m->x[r] = encrypt_vector(s, &m->value[r], UMBRA_TOP_LEVEL);
  }
}

static void machine_close(machine *m) {
  for (uint32_t r = 0; r < REGISTERS; r++) {
    umbra_ciphertext_destroy(m->x[r]);
    vector_destroy(&m->value[r]);
  }
  for (int i = 0; i < 2; i++) umbra_ciphertext_destroy(m->scratch[i]);
}

/* A register at the highest level: it is the one to be replaced, so that all of them go down together. */
static uint32_t highest(machine *m) {
  uint32_t top = pick(m, REGISTERS);
  for (uint32_t r = 0; r < REGISTERS; r++) top = level(m, r) > level(m, top) ? r : top;
  return top;
}

/* A random operation, if its operands have the levels it takes: its name, and *r becomes what was replaced; else NULL. */
static const char *random_step(machine *m, uint32_t *r) {
  const operation *op = &table[pick(m, OPERATIONS)];
  *r = highest(m);
  uint32_t a = pick(m, 2) ? *r : pick(m, REGISTERS), b = pick(m, REGISTERS);
  if (level(m, a) < op->levels || level(m, b) < op->levels) return NULL;
  op->run(m, *r, a, b);
  return op->name;
}

#endif
