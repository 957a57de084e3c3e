/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Known answers for keys, ciphertexts and the encoder: the library against the big-integer model in scripts/model, on
 * every backend.
 */
#include "host/ckks/noise.h"
#include "known_answers.h"

/* ---- ciphertexts ---- */

static umbra_ciphertext *ciphertext_of(const setting *s, uint32_t level, uint64_t seed, uint32_t parts) {
  umbra_ciphertext *c = NULL;
  char spec[32];
  snprintf(spec, sizeof spec, "random %llu", (unsigned long long)seed);
  ok(s->record, umbra_ciphertext_make_parts(&c, s->context, level, parts));
  c->slots = s->n / 2;
  c->estimate = umbra_estimate_of(1, 0);
  poly_fill(s, &c->poly, spec);
  return c;
}

static uint32_t parts_of(const record *r, const char *field) {
  return optional(r, field) ? (uint32_t)number(r, field) : 2;
}

static umbra_plaintext *plaintext_of(const setting *s, uint32_t level, uint64_t seed) {
  umbra_plaintext *p = NULL;
  char spec[32];
  snprintf(spec, sizeof spec, "random %llu", (unsigned long long)seed);
  ok(s->record, umbra_plaintext_make(&p, s->context, level));
  p->slots = s->n / 2;
  p->estimate = umbra_estimate_of(1, 0);
  poly_fill(s, &p->poly, spec);
  return p;
}

/* Evaluation domain of a small polynomial over dst's limbs. */
static void integers_into(const setting *s, const umbra_view *dst, const int64_t *values) {
  void *memory;
  size_t bytes = s->n * sizeof *values;
  ok(s->record, umbra_ring_take(s->ring, &memory, bytes, "a test"));
  s->kernels->memory.upload(s->stream, memory, values, bytes);
  umbra_ring_from_i64(s->ring, s->stream, dst, memory, 0);
  ok(s->record, s->kernels->stream.wait(s->stream));
  umbra_ring_give(s->ring, memory, bytes);
}

static void small_into(const setting *s, const umbra_view *dst, uint64_t seed, uint64_t span) {
  int64_t *values = malloc(s->n * sizeof *values);
  assert_non_null(values);
  make_small(values, seed, s->n, span);
  integers_into(s, dst, values);
  free(values);
}

/* ---- switching keys ---- */

/* A key's secrets over its limbs, the one it leads from and the one it leads to, and room for one more polynomial. */
typedef struct key_work {
  const umbra_eval_key *entry;
  umbra_poly poly;
  umbra_view source, target, other;
} key_work;

static uint32_t galois_of(const umbra_eval_key *entry, uint32_t n) {
  uint32_t galois = entry->kind == UMBRA_KEY_CONJUGATE ? 2 * n - 1 : 1;
  for (uint32_t i = 0; i < entry->rotation; i++) galois = galois * 5 & (2 * n - 1);
  return galois;
}

/* From s^2 to s, or from s to sigma^-1(s); secret: the coefficients of s. */
static key_work key_work_open(const setting *s, const umbra_eval_key *entry, const int64_t *secret) {
  key_work w = {.entry = entry, .poly = poly_make(s, 3, entry->key.poly.window, entry->key.poly.aux)};
  umbra_view all = umbra_poly_view(&w.poly, s->ring);
  w.source = umbra_view_poly(&all, 0);
  w.target = umbra_view_poly(&all, 1);
  w.other = umbra_view_poly(&all, 2);
  uint32_t inverse = 1;
  while ((inverse * galois_of(entry, s->n) & (2 * s->n - 1)) != 1) inverse += 2;
  integers_into(s, &w.source, secret);
  s->kernels->automorphism(s->stream, &w.target, &w.source, inverse);
  if (entry->kind == UMBRA_KEY_RELINEARIZE) s->kernels->mul(s->stream, &w.source, &w.source, &w.source);
  return w;
}

static void key_work_close(const setting *s, key_work *w) {
  ok(s->record, s->kernels->stream.wait(s->stream));
  umbra_poly_destroy(&w->poly, s->ring);
}

/* Adds P g_j source - a_j target to dst: P is there on the primes of digit j of the key, 0 on all others. */
static void add_noiseless(const setting *s, key_work *w, uint32_t j, const umbra_view *dst) {
  const umbra_chain *chain = s->chain;
  umbra_view all = umbra_poly_view(&w->entry->key.poly, s->ring), a = umbra_view_poly(&all, 2 * j + 1);
  uint32_t constants[MAX_PRIMES], digit = w->entry->key.digits.first + j;
  for (uint32_t i = 0; i < umbra_view_limbs(dst); i++) {
    uint32_t position = umbra_view_position(dst, i), q = chain->prime[position];
    int own = position >= chain->digit_begin[digit] && position < chain->digit_begin[digit + 1];
    constants[i] = own ? product_mod(chain->prime + umbra_chain_aux(chain), chain->auxes, chain->auxes, q) : 0;
  }
  s->kernels->mul_const(s->stream, &w->other, &w->source, constants);
  s->kernels->add(s->stream, dst, dst, &w->other);
  s->kernels->mul(s->stream, &w->other, &a, &w->target);
  s->kernels->sub(s->stream, dst, dst, &w->other);
}

/* The record's key, from its seeds. */
static umbra_eval_keys *keys_of(const setting *s) {
  const record *r = s->record;
  umbra_eval_keys *keys = NULL;
  ok(r, umbra_eval_keys_make(&keys, s->context, 1));
  umbra_eval_key *entry = keys->key;
  umbra_key_kind kind = is(r, "key", "rotate")      ? UMBRA_KEY_ROTATE
                        : is(r, "key", "conjugate") ? UMBRA_KEY_CONJUGATE
                                                    : UMBRA_KEY_RELINEARIZE;
  ok(r, umbra_eval_key_make(entry, s->context, kind, (uint32_t)number(r, "key_level")));
  if (kind == UMBRA_KEY_ROTATE) entry->rotation = (uint32_t)number(r, "steps");
  make_seed(entry->seed, number(r, "key_seed"));
  umbra_eval_key_expand(entry, s->context, s->stream);
  int64_t *secret = malloc(s->n * sizeof *secret);
  assert_non_null(secret);
  make_small(secret, number(r, "secret"), s->n, 1);
  key_work w = key_work_open(s, entry, secret);
  umbra_view all = umbra_poly_view(&entry->key.poly, s->ring);
  for (uint32_t j = 0; j < entry->key.digits.count; j++) {
    umbra_view b = umbra_view_poly(&all, 2 * j);
    small_into(s, &b, number(r, "errors") + j, 20);
    add_noiseless(s, &w, j, &b);
  }
  key_work_close(s, &w);
  free(secret);
  return keys;
}

/* What a key that the library generates has beyond add_noiseless: one small polynomial, the same on all limbs. */
static void expect_error(const setting *s, const umbra_eval_key *entry, const uint32_t *words) {
  umbra_view key = umbra_poly_view(&entry->key.poly, s->ring);
  uint32_t limbs = umbra_view_limbs(&key), q = s->chain->prime[umbra_view_position(&key, 0)];
  const int64_t bound = 21; /* of umbra_random_error */
  int64_t largest = 0;
  for (uint32_t j = 0; j < s->n; j++) {
    int64_t e = words[j] > q / 2 ? (int64_t)words[j] - q : (int64_t)words[j];
    if (llabs(e) > largest) largest = llabs(e);
    for (uint32_t i = 1; i < limbs && largest <= bound; i++) {
      uint32_t expected = umbra_mod_from_i64(e, s->chain->prime[umbra_view_position(&key, i)]);
      if (words[i * s->n + j] != expected) fail_msg("limbs of a key's error differ");
    }
  }
  if (largest == 0 || largest > bound)
    fail_msg("key of kind %d, rotation %u: errors reach %lld", entry->kind, entry->rotation, (long long)largest);
}

static void check_generated_key(const setting *s, const umbra_eval_key *entry, const int64_t *secret) {
  key_work w = key_work_open(s, entry, secret);
  umbra_poly error = poly_make(s, 1, entry->key.poly.window, entry->key.poly.aux);
  umbra_view error_view = umbra_poly_view(&error, s->ring), all = umbra_poly_view(&entry->key.poly, s->ring);
  for (uint32_t j = 0; j < entry->key.digits.count; j++) {
    umbra_view b = umbra_view_poly(&all, 2 * j);
    s->kernels->negate(s->stream, &error_view, &b);
    add_noiseless(s, &w, j, &error_view);
    umbra_ring_to_coefficients(s->ring, s->stream, &error_view, &error_view);
    uint32_t *words = poly_words(s, &error);
    expect_error(s, entry, words);
    free(words);
  }
  umbra_poly_destroy(&error, s->ring);
  key_work_close(s, &w);
}

static void check_generated_keys(const record *r, const umbra_kernels *kernels) {
  (void)kernels;
  setting s = setting_open(r);
  umbra_secret_key *secret = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_key_needs *needs = NULL;
  ok(r, umbra_key_needs_create(&needs, umbra_context_params(s.context)));
  ok(r, umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL));
  ok(r, umbra_key_needs_conjugation(needs, 1));
  ok(r, umbra_key_needs_rotation(needs, 1, 1));
  ok(r, umbra_key_needs_rotation(needs, -3, 1));
  ok(r, umbra_secret_key_generate(&secret, s.context));
  ok(r, umbra_eval_keys_generate(&keys, secret, needs, NULL));
  umbra_key_needs_destroy(needs);
  assert_int_equal(keys->count, 4);
  int64_t *ternary = malloc(s.n * sizeof *ternary);
  assert_non_null(ternary);
  for (uint32_t i = 0; i < s.n; i++) ternary[i] = secret->ternary[i];
  for (size_t i = 0; i < keys->count; i++) check_generated_key(&s, &keys->key[i], ternary);
  free(ternary);
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
  setting_close(&s);
}

/* ---- operations ---- */

enum { MAX_TERMS = 3 };

/* An evaluator with the record's key, operands, and a place for the result. */
typedef struct operation {
  setting s;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_ciphertext *input[2 * MAX_TERMS], *out;
  umbra_plaintext *plain[MAX_TERMS];
} operation;

static umbra_status run_sums(operation *o, uint32_t terms) {
  const record *r = o->s.record;
  const umbra_ciphertext *a[MAX_TERMS], *b[MAX_TERMS];
  const umbra_plaintext *p[MAX_TERMS];
  for (uint32_t i = 0; i < terms; i++) {
    int plain = is(r, "case", "dot_plain");
    a[i] = o->input[plain ? i : 2 * i];
    b[i] = o->input[plain ? i : 2 * i + 1];
    p[i] = o->plain[i];
  }
  if (is(r, "case", "dot")) return umbra_dot(o->evaluator, &o->out, a, b, terms);
  return umbra_dot_plain(o->evaluator, &o->out, a, p, terms);
}

/* umbra_rotate, after umbra_rotate_many has made the same with one decomposition for two rotations. */
static umbra_status run_rotation(operation *o, int32_t steps) {
  const int32_t both[2] = {0, steps};
  umbra_ciphertext *outs[2] = {NULL, NULL};
  ok(o->s.record, umbra_rotate_many(o->evaluator, outs, o->input[0], both, 2));
  ok(o->s.record, o->s.kernels->stream.wait(o->evaluator->stream));
  poly_expect(&o->s, &outs[1]->poly);
  for (int i = 0; i < 2; i++) umbra_ciphertext_destroy(outs[i]);
  return umbra_rotate(o->evaluator, &o->out, o->input[0], steps);
}

static umbra_status run_operation(operation *o) {
  const record *r = o->s.record;
  umbra_evaluator *e = o->evaluator;
  const umbra_ciphertext *a = o->input[0], *b = o->input[1];
  if (is(r, "case", "mul")) return umbra_mul(e, &o->out, a, b);
  if (is(r, "case", "square")) return umbra_square(e, &o->out, a);
  if (is(r, "case", "mul_plain")) return umbra_mul_plain(e, &o->out, a, o->plain[0]);
  if (is(r, "case", "mul_constant")) return umbra_mul_constant(e, &o->out, a, real(r, "re"), real(r, "im"));
  if (is(r, "case", "dot") || is(r, "case", "dot_plain")) return run_sums(o, (uint32_t)number(r, "count"));
  if (is(r, "case", "rotate")) return run_rotation(o, (int32_t)number(r, "steps"));
  if (is(r, "case", "conjugate")) return umbra_conjugate(e, &o->out, a);
  if (is(r, "case", "level_drop")) return umbra_level_drop(e, &o->out, a, (uint32_t)number(r, "out_level"));
  if (is(r, "case", "sub")) return umbra_sub(e, &o->out, a, b);
  if (is(r, "case", "relinearize")) return umbra_relinearize(e, &o->out, a);
  if (is(r, "case", "add_plain")) return umbra_add_plain(e, &o->out, a, o->plain[0]);
  if (is(r, "case", "add_constant")) return umbra_add_constant(e, &o->out, a, real(r, "re"), real(r, "im"));
  if (is(r, "case", "mul_i")) return umbra_mul_i(e, &o->out, a);
  if (is(r, "case", "mul_integer")) return umbra_mul_integer(e, &o->out, a, strtoll(text(r, "factor"), NULL, 10));
  fail_record(r, "unknown operation");
  return UMBRA_ERROR_INTERNAL;
}

static void check_evaluation(setting s) {
  const record *r = s.record;
  operation o = {.s = s};
  uint32_t level = (uint32_t)number(r, "level"), other_level = level;
  uint64_t seed = number(r, "input");
  if (optional(r, "other_level")) other_level = (uint32_t)number(r, "other_level");
  const uint32_t parts = parts_of(r, "parts"), other_parts = parts_of(r, "other_parts");
  for (uint32_t i = 0; i < 2 * MAX_TERMS; i++)
    o.input[i] = ciphertext_of(&s, i % 2 ? other_level : level, seed + i, i % 2 ? other_parts : parts);
  for (uint32_t i = 0; i < MAX_TERMS; i++) o.plain[i] = plaintext_of(&s, other_level, seed + 50 + i);
  if (optional(r, "key")) o.keys = keys_of(&s);
  ok(r, umbra_evaluator_create(&o.evaluator, s.context, o.keys));
  ok(r, run_operation(&o));
  ok(r, s.kernels->stream.wait(o.evaluator->stream));
  assert_int_equal(umbra_ciphertext_level(o.out), number(r, "out_level"));
  poly_expect(&s, &o.out->poly);
  umbra_evaluator_destroy(o.evaluator);
  umbra_eval_keys_destroy(o.keys);
  umbra_ciphertext_destroy(o.out);
  for (uint32_t i = 0; i < 2 * MAX_TERMS; i++) umbra_ciphertext_destroy(o.input[i]);
  for (uint32_t i = 0; i < MAX_TERMS; i++) umbra_plaintext_destroy(o.plain[i]);
}

static void check_decryption(const setting *s) {
  const record *r = s->record;
  int64_t *ternary = malloc(s->n * sizeof *ternary);
  umbra_secret_key *secret = NULL;
  umbra_plaintext *message = NULL;
  assert_non_null(ternary);
  ok(r, umbra_secret_key_make(&secret, s->context));
  make_small(ternary, number(r, "secret"), s->n, 1);
  for (uint32_t i = 0; i < s->n; i++) secret->ternary[i] = (int8_t)ternary[i];
  umbra_ciphertext *c = ciphertext_of(s, (uint32_t)number(r, "level"), number(r, "input"), parts_of(r, "parts"));
  ok(r, umbra_decrypt(&message, c, secret));
  poly_expect(s, &message->poly);
  umbra_plaintext_destroy(message);
  umbra_ciphertext_destroy(c);
  umbra_secret_key_destroy(secret);
  free(ternary);
}

static void check_operation(const record *r, const umbra_kernels *kernels) {
  (void)kernels;
  setting s = setting_open(r);
  if (is(r, "case", "decrypt")) check_decryption(&s);
  else check_evaluation(s);
  setting_close(&s);
}

/* ---- encoding ---- */

/* Coefficients of a plaintext from its first limbs: two of them hold every coefficient of these records. */
static int64_t coefficient_of(const uint32_t *words, uint32_t n, uint32_t j, const uint32_t *q) {
  uint64_t r0 = words[j], r1 = words[n + j];
  uint32_t inverse = umbra_mod_inv(q[0] % q[1], q[1]);
  uint32_t difference = umbra_mod_sub((uint32_t)r1, (uint32_t)(r0 % q[1]), q[1]);
  uint64_t modulus = (uint64_t)q[0] * q[1], x = r0 + (uint64_t)q[0] * umbra_mod_mul(difference, inverse, q[1]);
  return x > modulus / 2 ? (int64_t)(x - modulus) : (int64_t)x;
}

static void expect_coefficients(const setting *s, const umbra_plaintext *plaintext) {
  umbra_view view = umbra_poly_view(&plaintext->poly, s->ring);
  umbra_ring_to_coefficients(s->ring, s->stream, &view, &view);
  uint32_t *words = poly_words(s, &plaintext->poly), limbs = poly_limbs(&plaintext->poly);
  const uint32_t *q = s->chain->prime + plaintext->poly.window.first;
  char *at = (char *)text(s->record, "coefficients");
  for (uint32_t j = 0; j < s->n; j++) {
    long double exact = ((long double)strtoll(at, &at, 10) + 0.5L) / (1 << 20);
    int64_t c = coefficient_of(words, s->n, j, q);
    for (uint32_t i = 2; i < limbs; i++)
      if (words[i * s->n + j] != umbra_mod_from_i64(c, q[i])) fail_record(s->record, "limbs of different integers");
    if (fabsl((long double)c - exact) > 0.5L + 0x1p-8L) fail_record(s->record, "a coefficient is not the nearest");
  }
  free(words);
}

static void check_decoding(const setting *s) {
  const record *r = s->record;
  uint32_t slots = (uint32_t)number(r, "slots");
  umbra_plaintext *plaintext = NULL;
  ok(r, umbra_plaintext_make(&plaintext, s->context, (uint32_t)number(r, "level")));
  plaintext->slots = slots;
  umbra_view view = umbra_poly_view(&plaintext->poly, s->ring);
  small_into(s, &view, number(r, "seed"), UINT64_C(1) << 40);
  double *values = malloc(2 * slots * sizeof *values);
  assert_non_null(values);
  ok(r, umbra_decode_complex(values, slots, plaintext));
  char *at = (char *)text(r, "values");
  for (uint32_t i = 0; i < 2 * slots; i++) {
    double exact = (double)strtoll(at, &at, 10) * 0x1p-40;
    if (!(fabs(values[i] - exact) < 0x1p-36)) fail_record(r, "wrong slots");
  }
  free(values);
  umbra_plaintext_destroy(plaintext);
}

static void check_encode(const setting *s) {
  const record *r = s->record;
  size_t count = (size_t)number(r, "count");
  int is_complex = (int)number(r, "complex");
  uint64_t seed = number(r, "seed");
  double *values = malloc(2 * count * sizeof *values);
  umbra_plaintext *plaintext = NULL;
  assert_non_null(values);
  for (size_t i = 0; i < 2 * count; i++)
    values[i] = (double)((int64_t)(splitmix(&seed) >> 11) - (INT64_C(1) << 52)) * 0x1p-52;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = (uint32_t)number(r, "level");
  options.slots = (uint32_t)number(r, "slots");
  ok(r, is_complex ? umbra_encode_complex(&plaintext, s->context, values, count, &options)
                   : umbra_encode(&plaintext, s->context, values, count, &options));
  expect_coefficients(s, plaintext);
  umbra_plaintext_destroy(plaintext);
  free(values);
}

static void check_encoding(const record *r, const umbra_kernels *kernels) {
  (void)kernels;
  setting s = setting_open(r);
  if (is(r, "case", "decode")) check_decoding(&s);
  else check_encode(&s);
  setting_close(&s);
}

int main(void) {
  static job operations = {"operations.txt", check_operation, 1}, encodings = {"encodings.txt", check_encoding, 1},
             generated_keys = {"chains.txt", check_generated_keys, 1};
  const struct CMUnitTest tests[] = {
      {"generated keys", run, NULL, NULL, &generated_keys},
      {"operations", run, NULL, NULL, &operations},
      {"encodings", run, NULL, NULL, &encodings},
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
