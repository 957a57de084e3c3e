/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of the scheme: a parameter set with its keys, vectors in the clear, and numbers from fixed seeds. */
#ifndef UMBRA_TESTS_SCHEME_H
#define UMBRA_TESTS_SCHEME_H

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <umbra/umbra.h>

#define assert_ok(call)                                                                                       \
  do {                                                                                                        \
    umbra_status status_ = (call);                                                                            \
    if (status_ != UMBRA_OK) fail_msg("%s: %s: %s", #call, umbra_status_string(status_), umbra_last_error()); \
  } while (0)

/* Fails with that status, and `words` are in the text. */
#define assert_fails(call, status, words)                                                                       \
  do {                                                                                                          \
    umbra_status status_ = (call);                                                                              \
    if (status_ != (status)) fail_msg("%s: %s: %s", #call, umbra_status_string(status_), umbra_last_error());   \
    if (!strstr(umbra_last_error(), words)) fail_msg("%s: no \"%s\" in: %s", #call, words, umbra_last_error()); \
  } while (0)

/* ---- numbers ---- */

typedef long double complex number;

static inline uint64_t next_word(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static inline uint32_t below(uint64_t *state, uint32_t bound) { return (uint32_t)((next_word(state) >> 32) % bound); }

/* Uniform in [-1, 1). */
static inline double uniform(uint64_t *state) { return (double)(int64_t)next_word(state) * 0x1p-63; }

/* `count` of these; free them. */
static inline double *random_values(uint64_t *state, size_t count) {
  double *values = malloc(count * sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < count; i++) values[i] = uniform(state);
  return values;
}

static inline uint32_t count_from_environment(const char *name, uint32_t otherwise) {
  const char *text = getenv(name);
  return text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

/* ---- a parameter set and its keys; a simulation has none ---- */

typedef struct scheme {
  umbra_params *params;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
} scheme;

static inline umbra_params *test_params(uint32_t log_n, uint32_t scale_bits, uint32_t depth) {
  umbra_params *params = NULL;
  umbra_params_need need = {.struct_size = sizeof need,
                            .depth = depth,
                            .scale_bits = scale_bits,
                            .security = 128,
                            .log_n = log_n,
                            .flags = UMBRA_INSECURE_FOR_TESTS};
  assert_ok(umbra_params_from_need(&params, &need));
  return params;
}

/* Whose highest levels have no keys; secure, but for rings of 2^11. */
static inline umbra_params *keyless_params(uint32_t log_n, uint32_t scale_bits, uint32_t depth, uint32_t keyless) {
  umbra_params *params = NULL;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = depth, .log_n = log_n, .keyless_levels = keyless};
  if (log_n < 12) need.flags = UMBRA_INSECURE_FOR_TESTS;
  need.scale_bits = scale_bits;
  assert_ok(umbra_params_from_need(&params, &need));
  return params;
}

/* Relinearisation and `count` rotations, at all ordinary levels that have keys. */
static inline umbra_key_needs *needs_of(const umbra_params *params, const int32_t *steps, size_t count) {
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, params));
  assert_ok(umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL));
  for (size_t i = 0; i < count; i++) assert_ok(umbra_key_needs_rotation(needs, steps[i], UMBRA_TOP_LEVEL));
  return needs;
}

/* The needs without number i, which for an ephemeral key means both. */
static inline umbra_key_needs *needs_without(const umbra_key_needs *needs, const umbra_params *params, size_t i) {
  umbra_key_needs *less = NULL;
  umbra_key_need taken = {UMBRA_KEY_NEED_INIT}, need = {UMBRA_KEY_NEED_INIT};
  assert_ok(umbra_key_needs_create(&less, params));
  assert_ok(umbra_key_needs_get(needs, &taken, i));
  for (size_t k = 0; k < umbra_key_needs_count(needs); k++) {
    assert_ok(umbra_key_needs_get(needs, &need, k));
    int together = taken.kind >= UMBRA_KEY_TO_SPARSE && need.kind >= UMBRA_KEY_TO_SPARSE;
    if (k != i && !together) assert_ok(umbra_key_needs_put(less, &need));
  }
  return less;
}

/* Takes the needs over. */
static inline umbra_eval_keys *keys_for(const umbra_secret_key *secret, umbra_key_needs *needs) {
  umbra_eval_keys *keys = NULL;
  assert_ok(umbra_eval_keys_generate(&keys, secret, needs, NULL));
  umbra_key_needs_destroy(needs);
  return keys;
}

/* With keys for these needs and no others. Takes params and needs over. */
static inline void scheme_open_for(scheme *s, umbra_params *params, const char *device, umbra_key_needs *needs) {
  *s = (scheme){.params = params};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  if (umbra_params_has_public_key(params)) assert_ok(umbra_public_key_generate(&s->public, s->secret));
  s->keys = keys_for(s->secret, needs);
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
}

/* Takes the params over. rotations: `count` steps. */
static inline void scheme_open(scheme *s, umbra_params *params, const char *device, const int32_t *rotations,
                               size_t count) {
  umbra_key_needs *needs = needs_of(params, rotations, count);
  assert_ok(umbra_key_needs_conjugation(needs, UMBRA_TOP_LEVEL));
  scheme_open_for(s, params, device, needs);
}

/* On the dry device, without keys. Takes the params over. */
static inline void scheme_open_dry(scheme *s, umbra_params *params) {
  *s = (scheme){.params = params};
  assert_ok(umbra_context_create(&s->context,
                                 &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "dry"}));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, NULL));
}

/* What has been looked for on a dry device. */
static inline umbra_key_needs *scheme_needs(const scheme *dry) {
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, dry->params));
  assert_ok(umbra_context_needs(dry->context, needs));
  return needs;
}

/* A simulation. Takes the params over. */
static inline void scheme_open_sim(scheme *s, umbra_params *params, int exact, uint64_t seed) {
  *s = (scheme){.params = params};
  const umbra_sim_options sim = {UMBRA_SIM_OPTIONS_INIT, .exact = exact, .seed = seed};
  assert_ok(umbra_context_create(
      &s->context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "sim", .sim = &sim}));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, NULL));
}

/* Everything is given back, or the memory counter says what is not. */
static inline void scheme_close(scheme *s) {
  umbra_evaluator_destroy(s->evaluator);
  umbra_eval_keys_destroy(s->keys);
  umbra_public_key_destroy(s->public);
  umbra_secret_key_destroy(s->secret);
  assert_int_equal(umbra_context_memory(s->context), 0);
  umbra_context_destroy(s->context);
  umbra_params_destroy(s->params);
  *s = (scheme){0};
}

/* ---- vectors in the clear ---- */

typedef struct vector {
  uint32_t slots;
  number *value; /* slots of them; read modulo slots, as sparse vectors repeat */
} vector;

static inline vector vector_make(uint32_t slots) {
  vector v = {slots, calloc((size_t)slots + 1, sizeof(number))};
  assert_true(slots > 0);
  assert_non_null(v.value);
  return v;
}

static inline vector vector_random(uint64_t *state, uint32_t slots, int is_complex) {
  vector v = vector_make(slots);
  for (uint32_t j = 0; j < slots; j++) v.value[j] = uniform(state) + (is_complex ? uniform(state) * I : 0);
  return v;
}

static inline void vector_destroy(vector *v) {
  free(v->value);
  *v = (vector){0};
}

static inline number at(const vector *v, uint32_t j) { return v->value[j % v->slots]; }

/* Doubles (re, im) of a vector; free them. */
static inline double *vector_pairs(const vector *v) {
  double *pairs = malloc(2 * (size_t)v->slots * sizeof *pairs);
  assert_non_null(pairs);
  for (uint32_t j = 0; j < v->slots; j++) {
    pairs[2 * j] = (double)creall(v->value[j]);
    pairs[2 * j + 1] = (double)cimagl(v->value[j]);
  }
  return pairs;
}

static inline umbra_plaintext *encode_vector(const scheme *s, const vector *v, uint32_t level) {
  umbra_plaintext *plaintext = NULL;
  umbra_encode_options options = {.struct_size = sizeof options, .level = level, .slots = v->slots};
  double *pairs = vector_pairs(v);
  assert_ok(umbra_encode_complex(&plaintext, s->context, pairs, v->slots, &options));
  free(pairs);
  return plaintext;
}

static inline umbra_ciphertext *encrypt_vector(const scheme *s, const vector *v, uint32_t level) {
  umbra_ciphertext *ciphertext = NULL;
  umbra_plaintext *plaintext = encode_vector(s, v, level);
  if (s->public) assert_ok(umbra_encrypt(&ciphertext, s->public, plaintext));
  else if (s->secret) assert_ok(umbra_encrypt_symmetric(&ciphertext, s->secret, plaintext));
  else assert_ok(umbra_sim_ciphertext(&ciphertext, plaintext));
  umbra_plaintext_destroy(plaintext);
  return ciphertext;
}

/* The slots (re, im) of a ciphertext; free them. */
static inline double *opened_slots(const scheme *s, const umbra_ciphertext *ciphertext) {
  const uint32_t slots = umbra_ciphertext_slots(ciphertext);
  double *pairs = malloc(2 * (size_t)slots * sizeof *pairs);
  assert_non_null(pairs);
  if (s->secret) assert_ok(umbra_decrypt_decode_complex(pairs, slots, ciphertext, s->secret));
  else assert_ok(umbra_sim_decode_complex(pairs, slots, ciphertext));
  return pairs;
}

/* Largest |decrypted - expected| over all slots. */
static inline double worst_error(const scheme *s, const umbra_ciphertext *ciphertext, const vector *expected) {
  umbra_noise_report report = {UMBRA_NOISE_REPORT_INIT};
  double *pairs = vector_pairs(expected);
  assert_int_equal(umbra_ciphertext_slots(ciphertext), expected->slots);
  assert_ok(umbra_inspect_noise(&report, ciphertext, s->secret, pairs, expected->slots));
  free(pairs);
  return report.max_error;
}

/* ---- bytes of ciphertexts and keys, for comparisons bit by bit ---- */

typedef struct bytes {
  uint8_t *data;
  size_t size;
} bytes;

static inline bytes ciphertext_bytes(const umbra_ciphertext *ciphertext) {
  bytes b = {0};
  assert_ok(umbra_ciphertext_write(ciphertext, NULL, &b.size, NULL));
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_ok(umbra_ciphertext_write(ciphertext, b.data, &b.size, NULL));
  return b;
}

static inline bytes keys_bytes(const umbra_eval_keys *keys) {
  bytes b = {0};
  assert_ok(umbra_eval_keys_write(keys, NULL, &b.size, NULL));
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_ok(umbra_eval_keys_write(keys, b.data, &b.size, NULL));
  return b;
}

static inline int same_bytes(const bytes *a, const bytes *b) {
  return a->data && b->data && a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* Whether the ciphertext still has these bytes. */
static inline int has_bytes(const umbra_ciphertext *ciphertext, const bytes *expected) {
  bytes now = ciphertext_bytes(ciphertext);
  int same = same_bytes(&now, expected);
  free(now.data);
  return same;
}

#endif
