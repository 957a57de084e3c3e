/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * What a switching key consists of, with a seed, errors and secrets that the test knows, computed without transforms:
 * modulo every prime, b + a * under = e + P * from on the primes of the digit, and e on all others.
 */
#include "boot.h"

#include <sodium.h>

#include "host/ckks/gadget.h"
#include "host/ring/ops.h"
#include "kernels/modarith.h"

enum { LOG_N = 11, N = 1 << LOG_N };

static umbra_params *params;
static umbra_context *context;
static const umbra_chain *chain;
static umbra_ring *ring;
static umbra_stream *stream;

/* ---- polynomials ---- */

/* A ternary secret over all primes; coefficients: N of them. */
static umbra_poly small_poly(int8_t *coefficients, uint64_t seed) {
  umbra_poly poly;
  assert_ok(
      umbra_poly_create(&poly, ring, 1, umbra_chain_union(chain, chain->total_levels - 1), chain->auxes, "a test"));
  for (int i = 0; i < N; i++) coefficients[i] = (int8_t)((int)below(&seed, 3) - 1);
  umbra_view view = umbra_poly_view(&poly, ring);
  assert_ok(umbra_small_expand(&view, context, stream, coefficients));
  return poly;
}

/* Coefficients of polynomial k, limb after limb; free them. */
static uint32_t *coefficients_of(const umbra_poly *poly, uint32_t k) {
  umbra_poly copy;
  uint32_t *words = malloc(umbra_poly_bytes(poly, ring));
  assert_non_null(words);
  assert_ok(umbra_poly_create(&copy, ring, 1, poly->window, poly->aux, "a test"));
  umbra_view all = umbra_poly_view(poly, ring), from = umbra_view_poly(&all, k), to = umbra_poly_view(&copy, ring);
  umbra_ring_to_coefficients(ring, stream, &to, &from);
  assert_ok(umbra_view_fetch(ring, stream, words, &to));
  umbra_poly_destroy(&copy, ring);
  return words;
}

/* sum += a * secret modulo X^N + 1 and q. */
static void add_product(uint32_t *sum, const uint32_t *a, const int8_t *secret, uint32_t q) {
  for (int i = 0; i < N; i++) {
    uint64_t plus = umbra_mod_from_i64(secret[i], q), minus = umbra_mod_from_i64(-secret[i], q);
    for (int k = 0; k < N && plus; k++)
      sum[(i + k) % N] = (uint32_t)((sum[(i + k) % N] + a[k] * (i + k < N ? plus : minus)) % q);
  }
}

/* ---- a key ---- */

typedef struct part {
  int8_t from[N], under[N];
  umbra_eval_key key;
  int error[UMBRA_MAX_DIGITS][N];
} part;

/* Not the library's: larger, and not of mean 0. */
static void draw_error(umbra_random *random, int8_t *values, size_t count) {
  umbra_random_bytes(random, values, count);
}

/* The same seed for all parts, and errors of its own. */
static void part_make(part *p, umbra_key_kind kind, uint32_t level, uint64_t number) {
  uint8_t seed[32] = {7};
  umbra_random random, again;
  umbra_poly from = small_poly(p->from, number), under = small_poly(p->under, number + 1), scratch;
  assert_ok(umbra_poly_create(&scratch, ring, 1, from.window, from.aux, "a test"));
  assert_ok(umbra_eval_key_make(&p->key, context, kind, level));
  memcpy(p->key.seed, seed, sizeof seed);
  seed[0] = (uint8_t)number;
  umbra_random_open_seeded(&random, seed);
  umbra_random_open_seeded(&again, seed);
  umbra_gadget gadget = {.context = context,
                         .stream = stream,
                         .from = from,
                         .under = under,
                         .scratch = scratch,
                         .random = &random,
                         .error = draw_error};
  assert_ok(umbra_gadget_fill(&gadget, &p->key));
  for (uint32_t j = 0; j < p->key.key.digits.count; j++) {
    int8_t *drawn;
    assert_ok(umbra_small_sample(&drawn, context, &again, draw_error, 1));
    for (int i = 0; i < N; i++) p->error[j][i] = drawn[i];
    sodium_free(drawn);
  }
  umbra_poly_destroy(&from, ring);
  umbra_poly_destroy(&under, ring);
  umbra_poly_destroy(&scratch, ring);
}

/* P modulo q: of the primes that divide the switch at its end. */
static uint32_t gadget_factor(const umbra_eval_key *key, uint32_t q) {
  uint32_t first = chain->digit_begin[chain->digits], count = chain->auxes, product = 1;
  if (key->kind == UMBRA_KEY_TO_DENSE) count = key->key.poly.aux;
  if (key->kind == UMBRA_KEY_TO_SPARSE) {
    first = umbra_window_end(chain->window[0]);
    count = chain->bootstrap.sparse_primes;
  }
  for (uint32_t i = 0; i < count; i++) product = umbra_mod_mul(product, chain->prime[first + i] % q, q);
  return product;
}

/* Whether digit j of a key owns a prime. Keys of refreshes have one digit: what they switch is that small. */
static int owns(const umbra_eval_key *key, uint32_t j, uint32_t position) {
  uint32_t digit = key->key.digits.first + j;
  if (key->kind == UMBRA_KEY_TO_SPARSE) return position < umbra_window_end(chain->window[0]);
  if (key->kind == UMBRA_KEY_TO_DENSE) return position < umbra_window_end(chain->window[key->level]);
  return chain->digit_begin[digit] <= position && position < chain->digit_begin[digit + 1];
}

/* b + a * under - e - P * from must be 0. */
static void check_digit(const part *p, uint32_t j) {
  const umbra_poly *poly = &p->key.key.poly;
  uint32_t *b = coefficients_of(poly, 2 * j), *a = coefficients_of(poly, 2 * j + 1);
  umbra_view view = umbra_poly_view(poly, ring);
  for (uint32_t limb = 0; limb < poly->window.count + poly->aux; limb++) {
    uint32_t position = umbra_view_position(&view, limb), q = chain->prime[position], *sum = b + (size_t)limb * N;
    uint32_t factor = owns(&p->key, j, position) ? gadget_factor(&p->key, q) : 0;
    add_product(sum, a + (size_t)limb * N, p->under, q);
    for (int k = 0; k < N; k++) {
      uint32_t from = umbra_mod_mul(factor, umbra_mod_from_i64(p->from[k], q), q);
      uint32_t expected = umbra_mod_add(umbra_mod_from_i64(p->error[j][k], q), from, q);
      if (sum[k] != expected)
        fail_msg("digit %u, prime %u, coefficient %d: %u, not %u", j, position, k, sum[k], expected);
    }
  }
  free(b);
  free(a);
}

static void keys_of_every_kind(void **state) {
  (void)state;
  static part p;
  const struct {
    umbra_key_kind kind;
    uint32_t level;
  } cases[] = {{UMBRA_KEY_RELINEARIZE, 0},
               {UMBRA_KEY_ROTATE, chain->levels - 1},
               {UMBRA_KEY_TO_SPARSE, 0},
               {UMBRA_KEY_TO_DENSE, chain->total_levels - 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    part_make(&p, cases[i].kind, cases[i].level, 10 * i + 1);
    uint32_t digits = p.key.key.digits.count;
    check_digit(&p, 0);
    if (digits > 1) check_digit(&p, digits - 1);
    umbra_poly_destroy(&p.key.key.poly, ring);
  }
}

/* Two who have the same seed make parts of one key: of the sums of their secrets, with the sum of their errors. */
static void parts_add_up(void **state) {
  (void)state;
  static part one, two;
  part_make(&one, UMBRA_KEY_ROTATE, 1, 3);
  part_make(&two, UMBRA_KEY_ROTATE, 1, 5);
  umbra_view a = umbra_poly_view(&one.key.key.poly, ring), b = umbra_poly_view(&two.key.key.poly, ring);
  umbra_view sum = umbra_view_poly(&a, 0), other = umbra_view_poly(&b, 0);
  uint32_t *x = coefficients_of(&one.key.key.poly, 1), *y = coefficients_of(&two.key.key.poly, 1);
  assert_memory_equal(x, y, (size_t)umbra_view_limbs(&sum) * N * sizeof *x);
  umbra_ring_add(ring, stream, &sum, &sum, &other);
  for (int i = 0; i < N; i++) {
    one.from[i] = (int8_t)(one.from[i] + two.from[i]);
    one.under[i] = (int8_t)(one.under[i] + two.under[i]);
    one.error[0][i] += two.error[0][i];
  }
  check_digit(&one, 0);
  free(x);
  free(y);
  umbra_poly_destroy(&one.key.key.poly, ring);
  umbra_poly_destroy(&two.key.key.poly, ring);
}

static int open_all(void **state) {
  (void)state;
  assert_true(sodium_init() >= 0);
  params = boot_twin_40(LOG_N);
  assert_ok(umbra_context_create(&context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params}));
  ring = context->ring;
  chain = umbra_context_chain(context);
  return umbra_ring_stream_open(&stream, ring) != UMBRA_OK;
}

static int close_all(void **state) {
  (void)state;
  umbra_ring_stream_close(stream, ring);
  assert_int_equal(umbra_context_memory(context), 0);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(keys_of_every_kind), cmocka_unit_test(parts_add_up)};
  return cmocka_run_group_tests(tests, open_all, close_all);
}
