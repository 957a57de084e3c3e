/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Known answers: the library against the big-integer model in scripts/model, on every backend of this build that this
 * machine can run. tests/known_answers/ has the files, scripts/model/cases.py says what their records mean.
 */
#include <math.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <umbra/umbra.h>

#include "host/ckks/objects.h"
#include "host/ring/decompose.h"
#include "host/ring/divide.h"
#include "host/ring/ops.h"
#include "kernels/modarith.h"

/* ---- records ---- */

enum { MAX_FIELDS = 32, MAX_PRIMES = UMBRA_MAX_PRIMES, MAX_CHAINS = 8 };

typedef struct record {
  const char *file, *backend;
  char *field[MAX_FIELDS]; /* "name value ..." */
  int fields;
} record;

static const char *optional(const record *r, const char *name) {
  size_t length = strlen(name);
  for (int i = 0; i < r->fields; i++)
    if (strncmp(r->field[i], name, length) == 0 && r->field[i][length] == ' ') return r->field[i] + length + 1;
  return NULL;
}

/* Prints what the record is about, without its long lists, and fails. */
static void fail_record(const record *r, const char *problem) {
  print_error("%s, backend %s: %s\n", r->file, r->backend, problem);
  for (int i = 0; i < r->fields; i++) print_error("  %.100s\n", r->field[i]);
  if (*umbra_last_error()) print_error("  last error: %s\n", umbra_last_error());
  fail();
}

static const char *text(const record *r, const char *name) {
  const char *value = optional(r, name);
  if (!value) fail_record(r, name);
  return value;
}

static int is(const record *r, const char *name, const char *value) {
  size_t length = strlen(value);
  const char *found = text(r, name);
  return strncmp(found, value, length) == 0 && (found[length] == 0 || found[length] == ' ');
}

static uint64_t number(const record *r, const char *name) { return strtoull(text(r, name), NULL, 10); }
static double real(const record *r, const char *name) { return strtod(text(r, name), NULL); }

/* The numbers of a field; returns how many there are. */
static uint32_t numbers(const record *r, const char *name, uint32_t *out, uint32_t room) {
  uint32_t count = 0;
  char *end;
  for (const char *at = text(r, name);; at = end) {
    uint32_t value = (uint32_t)strtoul(at, &end, 10);
    if (end == at) return count;
    if (count == room) fail_record(r, "too many numbers");
    out[count++] = value;
  }
}

static umbra_window window(const record *r, const char *name) {
  uint32_t pair[2];
  assert_int_equal(numbers(r, name, pair, 2), 2);
  return (umbra_window){(uint16_t)pair[0], (uint16_t)pair[1]};
}

static void ok(const record *r, umbra_status status) {
  if (status != UMBRA_OK) fail_record(r, umbra_status_string(status));
}

static char *read_file(const char *name) {
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
static int next_record(record *r, char **at) {
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
static void each_record(const char *file, const umbra_kernels *kernels,
                        void (*check)(const record *r, const umbra_kernels *kernels)) {
  char *contents = read_file(file), *at = contents;
  record r = {.file = file, .backend = kernels ? kernels->name : "none"};
  int count = 0;
  for (; next_record(&r, &at); count++) check(&r, kernels);
  assert_true(count > 0);
  free(contents);
}

/* ---- inputs and outputs, as in scripts/model/cases.py ---- */

static uint64_t splitmix(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static uint32_t edge(uint64_t choice, uint32_t q) {
  const uint32_t edges[] = {0, 1, q - 1, q / 2, q / 2 + 1};
  return edges[choice % 5];
}

/* Words [poly][limb][index] of a spec such as "random 17". */
static void make_inputs(uint32_t *words, const char *spec, const uint32_t *prime, uint32_t limbs, uint32_t n,
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

static void make_small(int64_t *values, uint64_t seed, size_t count, uint64_t span) {
  for (size_t i = 0; i < count; i++) values[i] = (int64_t)(splitmix(&seed) % (2 * span + 1)) - (int64_t)span;
}

static void make_seed(uint8_t bytes[UMBRA_SEED_BYTES], uint64_t seed) {
  for (int i = 0; i < 4; i++) {
    uint64_t word = splitmix(&seed);
    for (int k = 0; k < 8; k++) bytes[8 * i + k] = (uint8_t)(word >> 8 * k);
  }
}

static void hash_of(char hex[65], const uint32_t *words, size_t count) {
  uint8_t digest[32], *bytes = malloc(4 * count);
  assert_non_null(bytes);
  for (size_t i = 0; i < 4 * count; i++) bytes[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
  crypto_generichash(digest, sizeof digest, bytes, 4 * count, NULL, 0);
  sodium_bin2hex(hex, 65, digest, sizeof digest);
  free(bytes);
}

/* Compares words with the record's hash; on failure says which limbs begin wrong. */
static void expect_words(const record *r, const uint32_t *words, uint32_t limbs, uint32_t n) {
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

/* ---- kernels ---- */

/* A device for the primes of a record, and packed polynomials on it. */
typedef struct bench {
  const record *record;
  const umbra_kernels *kernels;
  umbra_device *device;
  umbra_stream *stream;
  umbra_ring_desc ring;
  uint32_t n;
} bench;

static bench bench_open(const record *r, const umbra_kernels *kernels) {
  bench b = {.record = r, .kernels = kernels};
  b.ring.log_n = (uint32_t)number(r, "log_n");
  b.ring.primes = numbers(r, "primes", b.ring.prime, MAX_PRIMES);
  b.n = 1u << b.ring.log_n;
  ok(r, kernels->device_open(&b.device, &b.ring, 2));
  ok(r, kernels->stream_create(&b.stream, b.device));
  return b;
}

static void bench_close(bench *b) {
  b->kernels->stream_destroy(b->stream);
  b->kernels->device_close(b->device);
}

static size_t view_words(const bench *b, const umbra_view *view) {
  return (size_t)umbra_view_limbs(view) * b->n * view->polys;
}

/* Memory for `polys` polynomials over the primes at positions [first, first + limbs). */
static umbra_view bench_view(const bench *b, uint32_t first, uint32_t limbs, uint32_t polys) {
  umbra_view view = {
      .run = {{.prime = (uint16_t)first, .count = (uint16_t)limbs}}, .polys = polys, .stride = (size_t)limbs * b->n};
  void *memory;
  ok(b->record, b->kernels->alloc(b->device, &memory, view_words(b, &view) * 4));
  view.run[0].data = memory;
  return view;
}

static umbra_view bench_input(const bench *b, uint32_t limbs, const char *spec) {
  umbra_view view = bench_view(b, 0, limbs, 1);
  uint32_t *words = malloc(view_words(b, &view) * 4);
  assert_non_null(words);
  make_inputs(words, spec, b->ring.prime, limbs, b->n, 1);
  b->kernels->upload(b->stream, view.run[0].data, words, view_words(b, &view) * 4);
  ok(b->record, b->kernels->wait(b->stream));
  free(words);
  return view;
}

static void bench_release(const bench *b, umbra_view view) {
  b->kernels->release(b->device, view.run[0].data, view_words(b, &view) * 4);
}

/* Compares and releases. */
static void bench_expect(const bench *b, umbra_view view) {
  uint32_t *words = malloc(view_words(b, &view) * 4);
  assert_non_null(words);
  b->kernels->download(b->stream, words, view.run[0].data, view_words(b, &view) * 4);
  ok(b->record, b->kernels->wait(b->stream));
  expect_words(b->record, words, umbra_view_limbs(&view) * view.polys, b->n);
  free(words);
  bench_release(b, view);
}

static void check_ntt_inverse(const bench *b, umbra_view x) {
  uint32_t constants[MAX_PRIMES];
  numbers(b->record, "constants", constants, MAX_PRIMES);
  b->kernels->ntt_inverse(b->stream, &x, &x, constants);
  bench_expect(b, x);
}

static void check_multiply(const bench *b, umbra_view x) {
  umbra_view y = bench_input(b, b->ring.primes, text(b->record, "other"));
  b->kernels->ntt_forward(b->stream, &x);
  b->kernels->ntt_forward(b->stream, &y);
  b->kernels->mul(b->stream, &x, &x, &y);
  bench_expect(b, x);
  bench_release(b, y);
}

static void check_automorphism(const bench *b, umbra_view x) {
  umbra_view image = bench_view(b, 0, b->ring.primes, 1);
  uint32_t galois = (uint32_t)number(b->record, "galois");
  if (is(b->record, "case", "automorphism_eval")) {
    b->kernels->ntt_forward(b->stream, &x);
    b->kernels->automorphism_eval(b->stream, &image, &x, galois);
  } else {
    b->kernels->automorphism_coeff(b->stream, &image, &x, galois);
  }
  bench_expect(b, image);
  bench_release(b, x);
}

static void check_from_i64(const bench *b) {
  umbra_view residues = bench_view(b, 0, b->ring.primes, 1);
  size_t bytes = b->n * sizeof(int64_t);
  int64_t *values = malloc(bytes);
  void *memory;
  assert_non_null(values);
  make_small(values, number(b->record, "seed"), b->n, (UINT64_C(1) << 62) - 1);
  ok(b->record, b->kernels->alloc(b->device, &memory, bytes));
  b->kernels->upload(b->stream, memory, values, bytes);
  b->kernels->from_i64(b->stream, &residues, memory, (uint32_t)number(b->record, "shift"));
  bench_expect(b, residues);
  b->kernels->release(b->device, memory, bytes);
  free(values);
}

static void check_expand(const bench *b) {
  uint8_t seed[UMBRA_SEED_BYTES];
  make_seed(seed, number(b->record, "seed"));
  umbra_view words = bench_view(b, 0, b->ring.primes, (uint32_t)number(b->record, "polys"));
  b->kernels->expand(b->stream, &words, seed, number(b->record, "first_nonce"));
  bench_expect(b, words);
}

static void check_kernel(const record *r, const umbra_kernels *kernels) {
  bench b = bench_open(r, kernels);
  if (is(r, "case", "from_i64")) {
    check_from_i64(&b);
  } else if (is(r, "case", "expand")) {
    check_expand(&b);
  } else {
    umbra_view x = bench_input(&b, b.ring.primes, text(r, "input"));
    if (is(r, "case", "ntt_forward")) {
      kernels->ntt_forward(b.stream, &x);
      bench_expect(&b, x);
    } else if (is(r, "case", "ntt_inverse")) {
      check_ntt_inverse(&b, x);
    } else if (is(r, "case", "multiply")) {
      check_multiply(&b, x);
    } else {
      check_automorphism(&b, x);
    }
  }
  bench_close(&b);
}

/* prod over i < count, i != skip, of prime[i], modulo q */
static uint32_t product_mod(const uint32_t *prime, uint32_t count, uint32_t skip, uint32_t q) {
  uint32_t product = 1;
  for (uint32_t i = 0; i < count; i++)
    if (i != skip) product = umbra_mod_mul(product, prime[i] % q, q);
  return product;
}

/* Constants of a true conversion, or the extreme residues modulo m that the record asks for. */
static void fill_factors(const bench *b, uint32_t *factor, uint32_t *product, uint32_t sources, uint32_t targets) {
  int extreme = optional(b->record, "factor") != NULL;
  for (uint32_t t = 0; t < targets; t++) {
    uint32_t m = b->ring.prime[sources + t];
    for (uint32_t i = 0; i < sources; i++)
      factor[t * sources + i] = extreme ? m - 1 : product_mod(b->ring.prime, sources, i, m);
    product[t] = extreme ? m - 1 : product_mod(b->ring.prime, sources, sources, m);
  }
}

static umbra_conversion *make_conversion(const bench *b, uint32_t sources, uint32_t targets, int exact) {
  uint16_t position[MAX_PRIMES];
  uint32_t product[MAX_PRIMES], *factor = malloc((size_t)sources * targets * sizeof *factor);
  assert_non_null(factor);
  for (uint32_t i = 0; i < sources + targets; i++) position[i] = (uint16_t)i;
  fill_factors(b, factor, product, sources, targets);
  umbra_conversion_desc desc = {sources, targets, position, position + sources, factor, product, exact};
  umbra_conversion *conversion;
  ok(b->record, b->kernels->conversion_create(&conversion, b->device, &desc));
  free(factor);
  return conversion;
}

static void check_conversion(const record *r, const umbra_kernels *kernels) {
  bench b = bench_open(r, kernels);
  uint32_t sources = (uint32_t)number(r, "sources"), targets = b.ring.primes - sources;
  umbra_conversion *conversion = make_conversion(&b, sources, targets, (int)number(r, "exact"));
  umbra_view src = bench_input(&b, sources, text(r, "input")), dst = bench_view(&b, sources, targets, 1);
  umbra_view head = umbra_view_limbs_of(&dst, b.n, 0, 2), tail = umbra_view_limbs_of(&dst, b.n, 2, targets - 2);
  kernels->convert(b.stream, &tail, &src, conversion, 2); /* in two calls, so that `first` is seen */
  kernels->convert(b.stream, &head, &src, conversion, 0);
  bench_expect(&b, dst);
  bench_release(&b, src);
  kernels->conversion_destroy(conversion);
  bench_close(&b);
}

/* ---- chains ---- */

typedef struct named_context {
  char name[32];
  umbra_context *context;
} named_context;

static named_context contexts[MAX_CHAINS]; /* of the backend that is being checked */

/* The fractional digits of a 128-bit fixed-point number in decimal. */
static umbra_log2 parse_log2(const char **at) {
  umbra_log2 value = 0;
  while (**at == ' ') (*at)++;
  for (; **at >= '0' && **at <= '9'; (*at)++) value = value * 10 + (**at - '0');
  return value;
}

static void check_scales(const record *r, const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  const char *at = text(r, "log2_scales");
  for (uint32_t l = 0; l < chain->levels; l++) {
    umbra_log2 difference = chain->log_scale[l] - parse_log2(&at);
    double scale = exp2(umbra_log2_bits(chain->log_scale[l]));
    if (difference > 256 || difference < -256) fail_record(r, "a scale is off by more than 2^-88");
    if (fabs(umbra_params_scale(params, l) / scale - 1) > 1e-13) fail_record(r, "a scale is no power of its logarithm");
  }
}

static void open_chain(const record *r, const umbra_kernels *kernels) {
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
  };
  assert_int_equal(numbers(r, "terminal_counts", terminal_count, MAX_PRIMES), literal.levels);
  umbra_params *params;
  ok(r, umbra_params_from_literal(&params, &literal));
  check_scales(r, params);
  named_context *slot = contexts;
  while (slot->context) slot++;
  snprintf(slot->name, sizeof slot->name, "%s", text(r, "case") + strlen("chain "));
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = kernels->name, .threads = 2};
  ok(r, umbra_context_create(&slot->context, &desc));
  umbra_params_destroy(params);
}

static void close_chains(void) {
  for (named_context *slot = contexts; slot->context; slot++) umbra_context_destroy(slot->context);
  memset(contexts, 0, sizeof contexts);
}

static umbra_context *context_of(const record *r) {
  for (named_context *slot = contexts; slot->context; slot++)
    if (is(r, "chain", slot->name)) return slot->context;
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

static setting setting_open(const record *r) {
  setting s = {.record = r, .context = context_of(r)};
  s.ring = s.context->ring;
  s.chain = umbra_ring_chain(s.ring);
  s.kernels = umbra_ring_kernels(s.ring);
  s.n = umbra_ring_n(s.ring);
  ok(r, s.kernels->stream_create(&s.stream, umbra_ring_device(s.ring)));
  return s;
}

static void setting_close(setting *s) {
  s->kernels->stream_destroy(s->stream);
  if (umbra_context_memory(s->context) != 0) fail_record(s->record, "memory was not given back");
}

static uint32_t poly_limbs(const umbra_poly *poly) { return (uint32_t)poly->window.count + poly->aux; }

static umbra_poly poly_make(const setting *s, uint32_t polys, umbra_window over, uint32_t aux) {
  umbra_poly poly;
  ok(s->record, umbra_poly_create(&poly, s->ring, polys, over, aux, UMBRA_DOMAIN_EVALUATION, "a test"));
  return poly;
}

static void poly_fill(const setting *s, const umbra_poly *poly, const char *spec) {
  uint32_t prime[MAX_PRIMES], *words = malloc(umbra_poly_bytes(poly, s->ring));
  umbra_view view = umbra_poly_view(poly, s->ring);
  assert_non_null(words);
  for (uint32_t i = 0; i < poly_limbs(poly); i++) prime[i] = s->chain->prime[umbra_view_position(&view, i)];
  make_inputs(words, spec, prime, poly_limbs(poly), s->n, poly->polys);
  s->kernels->upload(s->stream, poly->data, words, umbra_poly_bytes(poly, s->ring));
  ok(s->record, s->kernels->wait(s->stream));
  free(words);
}

static uint32_t *poly_words(const setting *s, const umbra_poly *poly) {
  uint32_t *words = malloc(umbra_poly_bytes(poly, s->ring));
  assert_non_null(words);
  s->kernels->download(s->stream, words, poly->data, umbra_poly_bytes(poly, s->ring));
  ok(s->record, s->kernels->wait(s->stream));
  return words;
}

static void poly_expect(const setting *s, const umbra_poly *poly) {
  uint32_t *words = poly_words(s, poly);
  expect_words(s->record, words, poly_limbs(poly) * poly->polys, s->n);
  free(words);
}

/* Small integers of a seed in device memory; give back with integers_give. */
static int64_t *integers_take(const setting *s, uint64_t seed, size_t count, uint64_t span) {
  void *memory;
  int64_t *values = malloc(count * sizeof *values);
  assert_non_null(values);
  make_small(values, seed, count, span);
  ok(s->record, umbra_ring_take(s->ring, &memory, count * sizeof *values, "a test"));
  s->kernels->upload(s->stream, memory, values, count * sizeof *values);
  ok(s->record, s->kernels->wait(s->stream));
  free(values);
  return memory;
}

static void integers_give(const setting *s, int64_t *memory, size_t count) {
  umbra_ring_give(s->ring, memory, count * sizeof *memory);
}

static void check_division(const record *r, const umbra_kernels *kernels) {
  setting s = setting_open(r);
  umbra_window from = window(r, "from"), to = window(r, "to");
  uint32_t polys = (uint32_t)number(r, "polys"), aux = (uint32_t)number(r, "aux");
  umbra_poly src = poly_make(&s, polys, from, aux), dst = poly_make(&s, polys, to, 0);
  umbra_view src_view = umbra_poly_view(&src, s.ring), dst_view = umbra_poly_view(&dst, s.ring);
  size_t count = (size_t)polys * s.n;
  int64_t *small = NULL;
  if (optional(r, "small")) small = integers_take(&s, number(r, "small"), count, UINT64_C(1) << 61);
  poly_fill(&s, &src, text(r, "input"));
  if (is(r, "domain", "coefficient")) kernels->ntt_forward(s.stream, &src_view);
  ok(r, umbra_divide(s.ring, s.stream, &dst_view, to, &src_view, from, aux, small));
  poly_expect(&s, &dst);
  if (small) integers_give(&s, small, count);
  umbra_poly_destroy(&src, s.ring);
  umbra_poly_destroy(&dst, s.ring);
  setting_close(&s);
}

/* The digits' words on limbs that are not their own. */
static void expect_digits(const setting *s, const umbra_digits *digits) {
  const umbra_poly *poly = &digits->extended;
  umbra_view view = umbra_poly_view(poly, s->ring);
  umbra_digit_range range = umbra_digits_of(s->chain, digits->window);
  uint32_t *words = poly_words(s, poly);
  size_t kept = 0;
  assert_int_equal(poly->polys, range.count);
  for (uint32_t i = 0; i < poly_limbs(poly) * poly->polys; i++) {
    uint32_t j = range.first + i / poly_limbs(poly), position = umbra_view_position(&view, i % poly_limbs(poly));
    if (position >= s->chain->digit_begin[j] && position < s->chain->digit_begin[j + 1]) continue;
    memmove(words + kept, words + (size_t)i * s->n, s->n * sizeof *words);
    kept += s->n;
  }
  char hex[65];
  hash_of(hex, words, kept);
  if (strcmp(hex, text(s->record, "digits_hash")) != 0) fail_record(s->record, "wrong digits");
  free(words);
}

static void check_switch(const record *r, const umbra_kernels *kernels) {
  (void)kernels;
  setting s = setting_open(r);
  umbra_window over = window(r, "window"), key_window = window(r, "key_window");
  umbra_switching_key key = {.digits = umbra_digits_of(s.chain, key_window)};
  uint32_t init_polys = (uint32_t)number(r, "init");
  key.poly = poly_make(&s, 2 * key.digits.count, key_window, s.chain->auxes);
  umbra_poly x = poly_make(&s, 1, over, 0), acc = poly_make(&s, 2, over, s.chain->auxes);
  umbra_poly init = poly_make(&s, init_polys ? init_polys : 1, over, 0);
  poly_fill(&s, &key.poly, text(r, "key"));
  poly_fill(&s, &x, text(r, "input"));
  poly_fill(&s, &init, "random 2000");
  umbra_view x_view = umbra_poly_view(&x, s.ring), acc_view = umbra_poly_view(&acc, s.ring);
  umbra_view init_view = umbra_poly_view(&init, s.ring);
  const umbra_view *given = init_polys ? &init_view : NULL;
  ok(r, umbra_switch(s.ring, s.stream, &acc_view, &x_view, over, &key, given));
  poly_expect(&s, &acc);
  umbra_digits digits;
  ok(r, umbra_decompose(&digits, s.ring, s.stream, &x_view, over));
  expect_digits(&s, &digits);
  poly_fill(&s, &acc, "max 0");
  ok(r, umbra_inner_product(s.ring, s.stream, &acc_view, &digits, &x_view, &key, given));
  poly_expect(&s, &acc);
  umbra_digits_destroy(&digits, s.ring);
  umbra_poly *polys[] = {&key.poly, &x, &acc, &init};
  for (int i = 0; i < 4; i++) umbra_poly_destroy(polys[i], s.ring);
  setting_close(&s);
}

/* ---- ciphertexts ---- */

static umbra_ciphertext *ciphertext_of(const setting *s, uint32_t level, uint64_t seed) {
  umbra_ciphertext *c;
  char spec[32];
  snprintf(spec, sizeof spec, "random %llu", (unsigned long long)seed);
  ok(s->record, umbra_ciphertext_make(&c, s->context, level));
  c->slots = s->n / 2;
  c->estimate = (umbra_estimate){1, 0};
  poly_fill(s, &c->poly, spec);
  return c;
}

static umbra_plaintext *plaintext_of(const setting *s, uint32_t level, uint64_t seed) {
  umbra_plaintext *p;
  char spec[32];
  snprintf(spec, sizeof spec, "random %llu", (unsigned long long)seed);
  ok(s->record, umbra_plaintext_make(&p, s->context, level));
  p->slots = s->n / 2;
  p->estimate = (umbra_estimate){1, 0};
  poly_fill(s, &p->poly, spec);
  return p;
}

/* Evaluation domain of a small polynomial over dst's limbs. */
static void small_into(const setting *s, const umbra_view *dst, uint64_t seed, uint64_t span) {
  int64_t *values = integers_take(s, seed, s->n, span);
  umbra_ring_from_i64(s->ring, s->stream, dst, values, 0);
  ok(s->record, s->kernels->wait(s->stream));
  integers_give(s, values, s->n);
}

/* The secrets that a key leads from and to: s^2 to s, or s to sigma^-1(s). */
static void key_secrets(const setting *s, const umbra_view *source, const umbra_view *target, umbra_key_kind kind,
                        uint32_t galois) {
  uint32_t inverse = 1;
  while ((inverse * galois & (2 * s->n - 1)) != 1) inverse += 2;
  small_into(s, source, number(s->record, "secret"), 1);
  s->kernels->automorphism_eval(s->stream, target, source, inverse);
  if (kind == UMBRA_KEY_RELINEARIZE) s->kernels->mul(s->stream, source, source, source);
}

/* b_j = -a_j target + e_j + P source on the digit's own primes, limb by limb. scratch: one polynomial of the key's limbs. */
static void fill_digit_key(const setting *s, const umbra_eval_key *entry, uint32_t j, const umbra_view *source,
                           const umbra_view *target, const umbra_view *scratch) {
  const umbra_chain *chain = s->chain;
  umbra_view all = umbra_poly_view(&entry->key.poly, s->ring);
  umbra_view b = umbra_view_poly(&all, 2 * j), a = umbra_view_poly(&all, 2 * j + 1);
  uint32_t constants[MAX_PRIMES], digit = entry->key.digits.first + j;
  s->kernels->mul(s->stream, &b, &a, target);
  small_into(s, scratch, number(s->record, "errors") + j, 20);
  s->kernels->sub(s->stream, &b, scratch, &b);
  for (uint32_t i = 0; i < umbra_view_limbs(&b); i++) {
    uint32_t position = umbra_view_position(&b, i), q = chain->prime[position];
    int own = position >= chain->digit_begin[digit] && position < chain->digit_begin[digit + 1];
    constants[i] = own ? product_mod(chain->prime + umbra_chain_aux(chain), chain->auxes, chain->auxes, q) : 0;
  }
  s->kernels->mul_const(s->stream, scratch, source, constants);
  s->kernels->add(s->stream, &b, &b, scratch);
}

static umbra_eval_keys *keys_of(const setting *s) {
  const record *r = s->record;
  umbra_eval_keys *keys;
  ok(r, umbra_eval_keys_make(&keys, s->context, 1));
  umbra_eval_key *entry = keys->key;
  ok(r, umbra_eval_key_make(entry, s->context, (uint32_t)number(r, "key_level")));
  entry->kind = is(r, "key", "rotate")      ? UMBRA_KEY_ROTATE
                : is(r, "key", "conjugate") ? UMBRA_KEY_CONJUGATE
                                            : UMBRA_KEY_RELINEARIZE;
  entry->rotation = entry->kind == UMBRA_KEY_ROTATE ? (uint32_t)number(r, "steps") : 0;
  make_seed(entry->seed, number(r, "key_seed"));
  umbra_eval_key_expand(entry, s->context, s->stream);
  umbra_poly work = poly_make(s, 3, entry->key.poly.window, entry->key.poly.aux);
  umbra_view view = umbra_poly_view(&work, s->ring);
  umbra_view source = umbra_view_poly(&view, 0), target = umbra_view_poly(&view, 1),
             scratch = umbra_view_poly(&view, 2);
  key_secrets(s, &source, &target, entry->kind,
              entry->kind == UMBRA_KEY_RELINEARIZE ? 1 : (uint32_t)number(r, "galois"));
  for (uint32_t j = 0; j < entry->key.digits.count; j++) fill_digit_key(s, entry, j, &source, &target, &scratch);
  ok(r, s->kernels->wait(s->stream));
  umbra_poly_destroy(&work, s->ring);
  return keys;
}

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
  ok(o->s.record, o->s.kernels->wait(o->evaluator->stream));
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
  for (uint32_t i = 0; i < 2 * MAX_TERMS; i++) o.input[i] = ciphertext_of(&s, i % 2 ? other_level : level, seed + i);
  for (uint32_t i = 0; i < MAX_TERMS; i++) o.plain[i] = plaintext_of(&s, other_level, seed + 50 + i);
  if (optional(r, "key")) o.keys = keys_of(&s);
  ok(r, umbra_evaluator_create(&o.evaluator, s.context, o.keys));
  ok(r, run_operation(&o));
  ok(r, s.kernels->wait(o.evaluator->stream));
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
  umbra_secret_key *secret;
  umbra_plaintext *message = NULL;
  assert_non_null(ternary);
  ok(r, umbra_secret_key_make(&secret, s->context));
  make_small(ternary, number(r, "secret"), s->n, 1);
  for (uint32_t i = 0; i < s->n; i++) secret->ternary[i] = (int8_t)ternary[i];
  umbra_ciphertext *c = ciphertext_of(s, (uint32_t)number(r, "level"), number(r, "input"));
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
  umbra_plaintext *plaintext;
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

/* ---- keys that the library generates ---- */

/* b + a target - P source on the digit's own primes must be one small polynomial, the same on all limbs. */
static void expect_error(const setting *s, const umbra_view *error) {
  uint32_t limbs = umbra_view_limbs(error);
  umbra_poly poly = {.data = error->run[0].data, .polys = 1, .window = {error->run[0].prime, error->run[0].count}};
  poly.aux = (uint16_t)(limbs - poly.window.count);
  umbra_ring_to_coefficients(s->ring, s->stream, error, error);
  uint32_t *words = poly_words(s, &poly);
  int64_t largest = 0;
  for (uint32_t j = 0; j < s->n; j++) {
    uint32_t q = s->chain->prime[umbra_view_position(error, 0)];
    int64_t e = words[j] > q / 2 ? (int64_t)words[j] - q : (int64_t)words[j];
    largest = llabs(e) > largest ? llabs(e) : largest;
    for (uint32_t i = 1; i < limbs && llabs(e) <= 21; i++)
      assert_int_equal(words[i * s->n + j], umbra_mod_from_i64(e, s->chain->prime[umbra_view_position(error, i)]));
  }
  if (largest == 0 || largest > 21) fail_msg("errors of a key reach %lld", (long long)largest);
  free(words);
}

static void check_generated_key(const setting *s, const umbra_eval_key *entry, const umbra_secret_key *secret) {
  const umbra_chain *chain = s->chain;
  umbra_poly work = poly_make(s, 3, entry->key.poly.window, entry->key.poly.aux);
  umbra_view view = umbra_poly_view(&work, s->ring), all = umbra_poly_view(&entry->key.poly, s->ring);
  umbra_view source = umbra_view_poly(&view, 0), target = umbra_view_poly(&view, 1), error = umbra_view_poly(&view, 2);
  uint32_t galois = 1, inverse = 1, constants[MAX_PRIMES];
  for (uint32_t i = 0; i < entry->rotation; i++) galois = galois * 5 & (2 * s->n - 1);
  if (entry->kind == UMBRA_KEY_CONJUGATE) galois = 2 * s->n - 1;
  while ((inverse * galois & (2 * s->n - 1)) != 1) inverse += 2;
  void *values;
  int64_t *wide = malloc(s->n * sizeof *wide);
  assert_non_null(wide);
  for (uint32_t i = 0; i < s->n; i++) wide[i] = secret->ternary[i];
  ok(s->record, umbra_ring_take(s->ring, &values, s->n * sizeof *wide, "a test"));
  s->kernels->upload(s->stream, values, wide, s->n * sizeof *wide);
  umbra_ring_from_i64(s->ring, s->stream, &source, values, 0);
  ok(s->record, s->kernels->wait(s->stream));
  integers_give(s, values, s->n);
  free(wide);
  s->kernels->automorphism_eval(s->stream, &target, &source, inverse);
  if (entry->kind == UMBRA_KEY_RELINEARIZE) s->kernels->mul(s->stream, &source, &source, &source);
  for (uint32_t j = 0; j < entry->key.digits.count; j++) {
    umbra_view b = umbra_view_poly(&all, 2 * j), a = umbra_view_poly(&all, 2 * j + 1);
    uint32_t digit = entry->key.digits.first + j;
    for (uint32_t i = 0; i < umbra_view_limbs(&b); i++) {
      uint32_t position = umbra_view_position(&b, i), q = chain->prime[position];
      int own = position >= chain->digit_begin[digit] && position < chain->digit_begin[digit + 1];
      uint32_t p = product_mod(chain->prime + umbra_chain_aux(chain), chain->auxes, chain->auxes, q);
      constants[i] = own ? umbra_mod_neg(p, q) : 0;
    }
    s->kernels->mul_const(s->stream, &error, &source, constants);
    s->kernels->add(s->stream, &error, &error, &b);
    s->kernels->mul_add(s->stream, &error, &a, &target);
    expect_error(s, &error);
  }
  umbra_poly_destroy(&work, s->ring);
}

static void check_generated_keys(const record *r, const umbra_kernels *kernels) {
  (void)kernels;
  if (!is(r, "case", "chain recombining")) return;
  char chain_field[] = "chain recombining";
  record chain_record = {.file = r->file, .backend = r->backend, .field = {chain_field}, .fields = 1};
  setting s = setting_open(&chain_record);
  umbra_secret_key *secret = NULL;
  umbra_eval_keys *keys = NULL;
  const int32_t rotations[] = {1, -3};
  umbra_eval_keys_request request = {UMBRA_EVAL_KEYS_REQUEST_INIT};
  request.conjugate = 1;
  request.rotations = rotations;
  request.rotation_count = 2;
  request.rotation_level = 2;
  ok(r, umbra_secret_key_generate(&secret, s.context));
  ok(r, umbra_eval_keys_generate(&keys, secret, &request));
  assert_int_equal(keys->count, 4);
  for (size_t i = 0; i < keys->count; i++) check_generated_key(&s, &keys->key[i], secret);
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
  setting_close(&s);
}

/* ---- the tests: one for a file, all backends ---- */

/* What a test does: a file and the check of its records, with or without the contexts of chains.txt. */
typedef struct job {
  const char *file;
  void (*check)(const record *r, const umbra_kernels *kernels);
  int chains;
} job;

static void run(void **state) {
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

static int start(void **state) {
  (void)state;
  return sodium_init() < 0;
}

int main(void) {
  static job kernels = {"kernels.txt", check_kernel, 0}, conversions = {"conversions.txt", check_conversion, 0},
             divisions = {"divisions.txt", check_division, 1}, switches = {"switches.txt", check_switch, 1},
             encodings = {"encodings.txt", check_encoding, 1}, operations = {"operations.txt", check_operation, 1},
             generated_keys = {"chains.txt", check_generated_keys, 1};
  const struct CMUnitTest tests[] = {
      {"kernels", run, NULL, NULL, &kernels},
      {"conversions", run, NULL, NULL, &conversions},
      {"divisions", run, NULL, NULL, &divisions},
      {"switches", run, NULL, NULL, &switches},
      {"generated keys", run, NULL, NULL, &generated_keys},
      {"operations", run, NULL, NULL, &operations},
      {"encodings", run, NULL, NULL, &encodings},
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
