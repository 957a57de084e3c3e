/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Known answers for kernels and ring: the library against the big-integer model in scripts/model, on every backend. */
#include "known_answers.h"

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
  ok(r, kernels->device.open(&b.device, &b.ring, &(umbra_device_options){.threads = 2}));
  ok(r, kernels->stream.create(&b.stream, b.device));
  return b;
}

static void bench_close(bench *b) {
  b->kernels->stream.destroy(b->stream);
  b->kernels->device.close(b->device);
}

static size_t view_words(const bench *b, const umbra_view *view) {
  return (size_t)umbra_view_limbs(view) * b->n * view->polys;
}

/* Memory for `polys` polynomials over the primes at positions [first, first + limbs). */
static umbra_view bench_view(const bench *b, uint32_t first, uint32_t limbs, uint32_t polys) {
  umbra_view view = {
      .run = {{.prime = (uint16_t)first, .count = (uint16_t)limbs}}, .polys = polys, .stride = (size_t)limbs * b->n};
  void *memory;
  ok(b->record, b->kernels->memory.alloc(b->device, &memory, view_words(b, &view) * 4));
  view.run[0].data = memory;
  return view;
}

static umbra_view bench_input(const bench *b, uint32_t limbs, const char *spec) {
  umbra_view view = bench_view(b, 0, limbs, 1);
  uint32_t *words = malloc(view_words(b, &view) * 4);
  assert_non_null(words);
  make_inputs(words, spec, b->ring.prime, limbs, b->n, 1);
  b->kernels->memory.upload(b->stream, view.run[0].data, words, view_words(b, &view) * 4);
  ok(b->record, b->kernels->stream.wait(b->stream));
  free(words);
  return view;
}

static void bench_release(const bench *b, umbra_view view) {
  b->kernels->memory.release(b->device, view.run[0].data, view_words(b, &view) * 4);
}

/* Compares and releases. */
static void bench_expect(const bench *b, umbra_view view) {
  uint32_t *words = malloc(view_words(b, &view) * 4);
  assert_non_null(words);
  b->kernels->memory.download(b->stream, words, view.run[0].data, view_words(b, &view) * 4);
  ok(b->record, b->kernels->stream.wait(b->stream));
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
  b->kernels->ntt_forward(b->stream, &x);
  b->kernels->automorphism(b->stream, &image, &x, galois);
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
  ok(b->record, b->kernels->memory.alloc(b->device, &memory, bytes));
  b->kernels->memory.upload(b->stream, memory, values, bytes);
  b->kernels->from_i64(b->stream, &residues, memory, (uint32_t)number(b->record, "shift"));
  bench_expect(b, residues);
  b->kernels->memory.release(b->device, memory, bytes);
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
  umbra_dividend dividend = umbra_dividend_of(&src_view, from, aux);
  ok(r, umbra_divide(s.ring, s.stream, &dst_view, to, &dividend, small));
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
  umbra_digit_range range = umbra_digits_of(s->chain, poly->window);
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

/* acc = the whole product of x's digits with the key, computed in blocks. */
static void key_product(setting *s, umbra_poly *acc, const umbra_switch_of *of) {
  umbra_view acc_view = umbra_poly_view(acc, s->ring);
  umbra_key_product product;
  ok(s->record, umbra_key_product_open(&product, s->ring, s->stream, of));
  uint32_t limbs = umbra_view_limbs(&acc_view), block = umbra_ring_block(s->ring);
  for (uint32_t first = 0; first < limbs; first += block) {
    uint32_t count = limbs - first < block ? limbs - first : block;
    umbra_view part = umbra_view_limbs_of(&acc_view, s->n, first, count);
    umbra_key_product_prepare(&product, first, count);
    umbra_key_product_compute(&product, &part, &(umbra_strip){.first = first, .count = count});
  }
  umbra_key_product_close(&product);
}

static void check_switch(const record *r, const umbra_kernels *kernels) {
  (void)kernels;
  setting s = setting_open(r);
  umbra_window over = window(r, "window"), key_window = window(r, "key_window");
  umbra_switching_key key = {.digits = umbra_digits_of(s.chain, key_window)};
  uint32_t init_polys = (uint32_t)number(r, "init");
  uint32_t aux = (uint32_t)number(r, "aux");
  assert_int_equal(umbra_switch_auxes(s.chain, over), aux);
  key.poly = poly_make(&s, 2 * key.digits.count, key_window, (uint32_t)number(r, "key_aux"));
  umbra_poly x = poly_make(&s, 1, over, 0), acc = poly_make(&s, 2, over, aux);
  umbra_poly init = poly_make(&s, init_polys ? init_polys : 1, over, 0);
  poly_fill(&s, &key.poly, text(r, "key"));
  poly_fill(&s, &x, text(r, "input"));
  poly_fill(&s, &init, "random 2000");
  umbra_view x_view = umbra_poly_view(&x, s.ring), init_view = umbra_poly_view(&init, s.ring);
  umbra_switch_of of = {.x = &x_view, .window = over, .key = &key, .init = init_polys ? &init_view : NULL, .galois = 1};
  key_product(&s, &acc, &of);
  poly_expect(&s, &acc);
  umbra_digits digits;
  ok(r, umbra_decompose(&digits, s.ring, s.stream, &x_view, over));
  expect_digits(&s, &digits);
  poly_fill(&s, &acc, "max 0");
  of.digits = &digits;
  key_product(&s, &acc, &of);
  poly_expect(&s, &acc);
  umbra_digits_destroy(&digits, s.ring);
  umbra_poly *polys[] = {&key.poly, &x, &acc, &init};
  for (int i = 0; i < 4; i++) umbra_poly_destroy(polys[i], s.ring);
  setting_close(&s);
}

int main(void) {
  static job kernels = {"kernels.txt", check_kernel, 0}, conversions = {"conversions.txt", check_conversion, 0},
             divisions = {"divisions.txt", check_division, 1}, switches = {"switches.txt", check_switch, 1};
  const struct CMUnitTest tests[] = {
      {"kernels", run, NULL, NULL, &kernels},
      {"conversions", run, NULL, NULL, &conversions},
      {"divisions", run, NULL, NULL, &divisions},
      {"switches", run, NULL, NULL, &switches},
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
