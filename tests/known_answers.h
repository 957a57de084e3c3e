/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of known answers share: records of tests/known_answers, inputs made as in scripts/model/cases.py,
 * hashes of outputs, and contexts for the parameter sets of chains.txt on every backend that this machine can run.
 */
#ifndef UMBRA_TESTS_KNOWN_ANSWERS_H
#define UMBRA_TESTS_KNOWN_ANSWERS_H

#include <math.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <umbra/umbra.h>

#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/context_internal.h"
#include "host/ckks/evaluator_internal.h"
#include "host/ckks/keys_internal.h"
#include "host/ring/divide.h"
#include "host/ring/key_switch.h"
#include "host/ring/ops.h"
#include "kernels/modarith.h"

/* ---- records ---- */

enum { MAX_FIELDS = 32, MAX_PRIMES = UMBRA_MAX_PRIMES, MAX_CHAINS = 8 };

typedef struct record {
  const char *file, *backend;
  char *field[MAX_FIELDS]; /* "name value ..." */
  int fields;
} record;

static inline const char *optional(const record *r, const char *name) {
  size_t length = strlen(name);
  for (int i = 0; i < r->fields; i++)
    if (strncmp(r->field[i], name, length) == 0 && r->field[i][length] == ' ') return r->field[i] + length + 1;
  return NULL;
}

/* Prints what the record is about, without its long lists, and fails. */
static inline void fail_record(const record *r, const char *problem) {
  print_error("%s, backend %s: %s\n", r->file, r->backend, problem);
  for (int i = 0; i < r->fields; i++) print_error("  %.100s\n", r->field[i]);
  if (*umbra_last_error()) print_error("  last error: %s\n", umbra_last_error());
  fail();
}

static inline const char *text(const record *r, const char *name) {
  const char *value = optional(r, name);
  if (!value) fail_record(r, name);
  return value;
}

static inline int is(const record *r, const char *name, const char *value) {
  size_t length = strlen(value);
  const char *found = text(r, name);
  return strncmp(found, value, length) == 0 && (found[length] == 0 || found[length] == ' ');
}

static inline uint64_t number(const record *r, const char *name) { return strtoull(text(r, name), NULL, 10); }
static inline double real(const record *r, const char *name) { return strtod(text(r, name), NULL); }

/* The numbers of a field; returns how many there are. */
static inline uint32_t numbers(const record *r, const char *name, uint32_t *out, uint32_t room) {
  uint32_t count = 0;
  char *end;
  for (const char *at = text(r, name);; at = end) {
    uint32_t value = (uint32_t)strtoul(at, &end, 10);
    if (end == at) return count;
    if (count == room) fail_record(r, "too many numbers");
    out[count++] = value;
  }
}

static inline umbra_window window(const record *r, const char *name) {
  uint32_t pair[2];
  assert_int_equal(numbers(r, name, pair, 2), 2);
  return (umbra_window){(uint16_t)pair[0], (uint16_t)pair[1]};
}

static inline void ok(const record *r, umbra_status status) {
  if (status != UMBRA_OK) fail_record(r, umbra_status_string(status));
}

static inline char *read_file(const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/known_answers/%s", UMBRA_TESTS_DIR, name);
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("cannot open %s", path);
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  char *contents = malloc(size + 1);
  assert_non_null(contents);
  assert_int_equal(fread(contents, 1, size, file), size);
  contents[size] = 0;
  fclose(file);
  return contents;
}

/* Splits the next record off *at; 0 at the end. Lines that begin with # do not count. */
static inline int next_record(record *r, char **at) {
  for (r->fields = 0; **at;) {
    char *line = *at, *end = strchr(line, '\n');
    *at = end ? end + 1 : line + strlen(line);
    if (end) *end = 0;
    if (!*line && r->fields) return 1;
    if (!*line || *line == '#') continue;
    assert_in_range(r->fields, 0, MAX_FIELDS - 1);
    r->field[r->fields++] = line;
  }
  return r->fields > 0;
}

/* Runs `check` on every record of a file, for one backend or, if kernels is NULL, without any. */
static inline void each_record(const char *file, const umbra_kernels *kernels,
                               void (*check)(const record *r, const umbra_kernels *kernels)) {
  char *contents = read_file(file), *at = contents;
  record r = {.file = file, .backend = kernels ? kernels->name : "none"};
  int count = 0;
  for (; next_record(&r, &at); count++) check(&r, kernels);
  assert_true(count > 0);
  free(contents);
}

/* ---- inputs and outputs, as in scripts/model/cases.py ---- */

static inline uint64_t splitmix(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static inline uint32_t edge(uint64_t choice, uint32_t q) {
  const uint32_t edges[] = {0, 1, q - 1, q / 2, q / 2 + 1};
  return edges[choice % 5];
}

/* Words [poly][limb][index] of a spec such as "random 17". */
static inline void make_inputs(uint32_t *words, const char *spec, const uint32_t *prime, uint32_t limbs, uint32_t n,
                               uint32_t polys) {
  const char kind = *spec;
  uint64_t state = strtoull(strchr(spec, ' '), NULL, 10);
  for (uint32_t p = 0; p < polys; p++) {
    uint64_t start = state;
    for (uint32_t i = 0; i < limbs; i++) {
      if (kind == 'e') state = start; /* edges: the same choices for all limbs */
      for (uint32_t j = 0; j < n; j++, words++) {
        if (kind == 'm') *words = prime[i] - 1;
        else *words = kind == 'e' ? edge(splitmix(&state), prime[i]) : (uint32_t)(splitmix(&state) % prime[i]);
      }
    }
  }
}

static inline void make_small(int64_t *values, uint64_t seed, size_t count, uint64_t span) {
  for (size_t i = 0; i < count; i++) values[i] = (int64_t)(splitmix(&seed) % (2 * span + 1)) - (int64_t)span;
}

static inline void make_seed(uint8_t bytes[UMBRA_SEED_BYTES], uint64_t seed) {
  for (int i = 0; i < 4; i++) {
    uint64_t word = splitmix(&seed);
    for (int k = 0; k < 8; k++) bytes[8 * i + k] = (uint8_t)(word >> 8 * k);
  }
}

static inline void hash_of(char hex[65], const uint32_t *words, size_t count) {
  uint8_t digest[32], *bytes = malloc(4 * count);
  assert_non_null(bytes);
  for (size_t i = 0; i < 4 * count; i++) bytes[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
  crypto_generichash(digest, sizeof digest, bytes, 4 * count, NULL, 0);
  sodium_bin2hex(hex, 65, digest, sizeof digest);
  free(bytes);
}

/* Compares words with the record's hash; on failure says which limbs begin wrong. */
static inline void expect_words(const record *r, const uint32_t *words, uint32_t limbs, uint32_t n) {
  char hex[65], problem[1024] = "wrong words; limbs with a wrong first word:";
  uint32_t first[1024];
  assert_int_equal(numbers(r, "first", first, 1024), limbs);
  hash_of(hex, words, (size_t)limbs * n);
  if (strcmp(hex, text(r, "hash")) == 0) return;
  for (uint32_t i = 0; i < limbs; i++) {
    size_t length = strlen(problem);
    if (words[(size_t)i * n] != first[i]) snprintf(problem + length, sizeof problem - length, " %u", i);
  }
  fail_record(r, problem);
}

/* prod over i < count, i != skip, of prime[i], modulo q */
static inline uint32_t product_mod(const uint32_t *prime, uint32_t count, uint32_t skip, uint32_t q) {
  uint32_t product = 1;
  for (uint32_t i = 0; i < count; i++)
    if (i != skip) product = umbra_mod_mul(product, prime[i] % q, q);
  return product;
}

/* ---- chains ---- */

typedef struct named_context {
  char name[32];
  umbra_context *context;
} named_context;

static named_context contexts[MAX_CHAINS]; /* of the backend that is being checked */

/* The fractional digits of a 128-bit fixed-point number in decimal. */
static inline umbra_log2 parse_log2(const char **at) {
  umbra_log2 value = 0;
  while (**at == ' ') (*at)++;
  for (; **at >= '0' && **at <= '9'; (*at)++) value = value * 10 + (**at - '0');
  return value;
}

static inline void check_scales(const record *r, const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  const char *at = text(r, "log2_scales");
  for (uint32_t l = 0; l < chain->levels; l++) {
    umbra_log2 difference = chain->log_scale[l] - parse_log2(&at);
    double scale = exp2(umbra_log2_bits(chain->log_scale[l]));
    if (difference > 256 || difference < -256) fail_record(r, "a scale is off by more than 2^-88");
    if (fabs(umbra_params_scale(params, l) / scale - 1) > 1e-13) fail_record(r, "a scale is no power of its logarithm");
  }
}

static inline void open_chain(const record *r, const umbra_kernels *kernels) {
  uint32_t terminal[MAX_PRIMES], prime[MAX_PRIMES], aux[MAX_PRIMES];
  uint32_t main_count[MAX_PRIMES], terminal_count[MAX_PRIMES], digit_size[MAX_PRIMES];
  umbra_params_literal literal = {
      UMBRA_PARAMS_LITERAL_INIT,
      .log_n = (uint32_t)number(r, "log_n"),
      .scale_bits = (uint32_t)number(r, "scale_bits"),
      .terminals = numbers(r, "terminals", terminal, MAX_PRIMES),
      .mains = numbers(r, "mains", prime, MAX_PRIMES),
      .auxes = numbers(r, "auxes", aux, MAX_PRIMES),
      .terminal = terminal,
      .main = prime,
      .aux = aux,
      .levels = numbers(r, "main_counts", main_count, MAX_PRIMES),
      .main_count = main_count,
      .terminal_count = terminal_count,
      .digits = numbers(r, "digit_sizes", digit_size, MAX_PRIMES),
      .digit_size = digit_size,
      .flags = UMBRA_INSECURE_FOR_TESTS,
      .keyless_levels = optional(r, "keyless") ? (uint32_t)number(r, "keyless") : 0,
  };
  assert_int_equal(numbers(r, "terminal_counts", terminal_count, MAX_PRIMES), literal.levels);
  umbra_params *params = NULL;
  ok(r, umbra_params_from_literal(&params, &literal));
  check_scales(r, params);
  named_context *slot = contexts;
  while (slot->context) slot++;
  snprintf(slot->name, sizeof slot->name, "%s", text(r, "case") + strlen("chain "));
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = kernels->name, .threads = 2};
  ok(r, umbra_context_create(&slot->context, &desc));
  umbra_params_destroy(params);
}

static inline void close_chains(void) {
  for (named_context *slot = contexts; slot->context; slot++) umbra_context_destroy(slot->context);
  memset(contexts, 0, sizeof contexts);
}

static inline umbra_context *context_of(const record *r) {
  for (named_context *slot = contexts; slot->context; slot++)
    if (is(r, optional(r, "chain") ? "chain" : "case chain", slot->name)) return slot->context;
  fail_record(r, "unknown chain");
  return NULL;
}

/* ---- ring ---- */

/* What the ring and ciphertext checks work with. */
typedef struct setting {
  const record *record;
  umbra_context *context;
  umbra_ring *ring;
  const umbra_chain *chain;
  const umbra_kernels *kernels;
  umbra_stream *stream;
  uint32_t n;
} setting;

static inline setting setting_open(const record *r) {
  setting s = {.record = r, .context = context_of(r)};
  s.ring = s.context->ring;
  s.chain = umbra_ring_chain(s.ring);
  s.kernels = umbra_ring_kernels(s.ring);
  s.n = umbra_ring_n(s.ring);
  ok(r, s.kernels->stream.create(&s.stream, umbra_ring_device(s.ring)));
  return s;
}

static inline void setting_close(setting *s) {
  s->kernels->stream.destroy(s->stream);
  if (umbra_context_memory(s->context) != 0) fail_record(s->record, "memory was not given back");
}

static inline uint32_t poly_limbs(const umbra_poly *poly) { return (uint32_t)poly->window.count + poly->aux; }

static inline umbra_poly poly_make(const setting *s, uint32_t polys, umbra_window over, uint32_t aux) {
  umbra_poly poly;
  ok(s->record, umbra_poly_create(&poly, s->ring, polys, over, aux, "a test"));
  return poly;
}

static inline void poly_fill(const setting *s, const umbra_poly *poly, const char *spec) {
  uint32_t prime[MAX_PRIMES], *words = malloc(umbra_poly_bytes(poly, s->ring));
  umbra_view view = umbra_poly_view(poly, s->ring);
  assert_non_null(words);
  for (uint32_t i = 0; i < poly_limbs(poly); i++) prime[i] = s->chain->prime[umbra_view_position(&view, i)];
  make_inputs(words, spec, prime, poly_limbs(poly), s->n, poly->polys);
  s->kernels->memory.upload(s->stream, poly->data, words, umbra_poly_bytes(poly, s->ring));
  ok(s->record, s->kernels->stream.wait(s->stream));
  free(words);
}

static inline uint32_t *poly_words(const setting *s, const umbra_poly *poly) {
  uint32_t *words = malloc(umbra_poly_bytes(poly, s->ring));
  assert_non_null(words);
  s->kernels->memory.download(s->stream, words, poly->data, umbra_poly_bytes(poly, s->ring));
  ok(s->record, s->kernels->stream.wait(s->stream));
  return words;
}

static inline void poly_expect(const setting *s, const umbra_poly *poly) {
  uint32_t *words = poly_words(s, poly);
  expect_words(s->record, words, poly_limbs(poly) * poly->polys, s->n);
  free(words);
}

/* Small integers of a seed in device memory; give back with integers_give. */
static inline int64_t *integers_take(const setting *s, uint64_t seed, size_t count, uint64_t span) {
  void *memory;
  int64_t *values = malloc(count * sizeof *values);
  assert_non_null(values);
  make_small(values, seed, count, span);
  ok(s->record, umbra_ring_take(s->ring, &memory, count * sizeof *values, "a test"));
  s->kernels->memory.upload(s->stream, memory, values, count * sizeof *values);
  ok(s->record, s->kernels->stream.wait(s->stream));
  free(values);
  return memory;
}

static inline void integers_give(const setting *s, int64_t *memory, size_t count) {
  umbra_ring_give(s->ring, memory, count * sizeof *memory);
}

/* ---- the tests: one for a file, all backends ---- */

/* What a test does: a file and the check of its records, with or without the contexts of chains.txt. */
typedef struct job {
  const char *file;
  void (*check)(const record *r, const umbra_kernels *kernels);
  int chains;
} job;

static inline void run(void **state) {
  const job *j = *state;
  close_chains(); /* of a test that failed */
  for (const char *const *name = umbra_kernels_names(); *name; name++) {
    const umbra_kernels *kernels = umbra_kernels_get(*name);
    if (!kernels) continue;
    if (j->chains) each_record("chains.txt", kernels, open_chain);
    each_record(j->file, kernels, j->check);
    close_chains();
  }
}

static inline int start(void **state) {
  (void)state;
  return sodium_init() < 0;
}

#endif
