/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Raising the modulus: what comes out, opened with the secret, is on every prime the same integer m + q_0 I, with the
 * message that went in and few multiples of q_0.
 */
#include "scheme.h"

#include "host/circuits/bootstrap/overflow.h"
#include "host/ckks/gadget.h"
#include "host/ckks/raise.h"
#include "host/ckks/secret.h"
#include "host/ring/ops.h"
#include "kernels/modarith.h"

__extension__ typedef __int128 wide;

enum { LOG_N = 11, CRT_LIMBS = 4, OVERFLOW = 17 };

static scheme s;
static umbra_ring *ring;
static const umbra_chain *chain;
static umbra_stream *stream;

static umbra_params *twin(void) {
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .log_n = LOG_N, .depth = 2, .flags = UMBRA_INSECURE_FOR_TESTS,
                            .bootstrap = &(umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT}};
  umbra_params *params = NULL;
  assert_ok(umbra_params_from_need(&params, &need));
  return params;
}

static void set_up(void) {
  s = (scheme){.params = twin()};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s.params};
  assert_ok(umbra_context_create(&s.context, &desc));
  assert_ok(umbra_secret_key_generate(&s.secret, s.context));
  assert_ok(umbra_public_key_generate(&s.public, s.secret));
  umbra_key_needs *needs = needs_of(s.params, NULL, 0);
  assert_ok(umbra_key_needs_ephemeral(needs));
  s.keys = keys_for(s.secret, needs);
  assert_ok(umbra_evaluator_create(&s.evaluator, s.context, s.keys));
  ring = s.context->ring;
  chain = umbra_ring_chain(ring);
  stream = s.evaluator->stream;
}

/* Coefficients of c0 + c1 s, limb after limb; free them. */
static uint32_t *open_up(const umbra_poly *pair) {
  umbra_poly phase, secret;
  assert_ok(umbra_poly_create(&phase, ring, 1, pair->window, 0, "a test"));
  assert_ok(umbra_poly_create(&secret, ring, 1, pair->window, 0, "a test"));
  umbra_view to = umbra_poly_view(&phase, ring), with = umbra_poly_view(&secret, ring);
  umbra_view both = umbra_poly_view(pair, ring), c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  assert_ok(umbra_small_expand(&with, s.context, stream, s.secret->ternary));
  umbra_ring_mul(ring, stream, &to, &c1, &with);
  umbra_ring_add(ring, stream, &to, &to, &c0);
  umbra_ring_to_coefficients(ring, stream, &to, &to);
  uint32_t *host = malloc(umbra_poly_bytes(&phase, ring));
  assert_non_null(host);
  assert_ok(umbra_view_fetch(ring, stream, host, &to));
  umbra_poly_destroy(&phase, ring);
  umbra_poly_destroy(&secret, ring);
  return host;
}

/* The integer of smallest absolute value with these residues modulo the first `limbs` primes of a window. */
static wide centred(const uint32_t *residues, uint32_t index, umbra_window window, uint32_t limbs) {
  wide value = 0, product = 1;
  for (uint32_t i = 0; i < limbs; i++) {
    uint32_t q = chain->prime[window.first + i];
    uint32_t have = (uint32_t)((value % q + q) % q), want = residues[(size_t)i * umbra_ring_n(ring) + index];
    uint32_t step = umbra_mod_mul(umbra_mod_sub(want, have, q), umbra_mod_inv((uint32_t)(product % q), q), q);
    value += product * step;
    product *= q;
  }
  return value > product / 2 ? value - product : value;
}

static void check_coefficient(const uint32_t *before, const uint32_t *after, uint32_t i, uint64_t *histogram) {
  umbra_window base = chain->window[0], top = chain->window[chain->total_levels - 1];
  wide message = centred(before, i, base, base.count), raised = centred(after, i, top, CRT_LIMBS), q = 1;
  for (uint32_t l = 0; l < base.count; l++) q *= chain->prime[base.first + l];
  for (uint32_t l = 0; l < top.count; l++) {
    uint32_t p = chain->prime[top.first + l];
    assert_int_equal((uint32_t)((raised % p + p) % p), after[(size_t)l * umbra_ring_n(ring) + i]);
  }
  wide difference = raised - message, multiple = (difference + (difference < 0 ? -q / 2 : q / 2)) / q;
  wide noise = difference - multiple * q;
  assert_true(multiple >= -OVERFLOW && multiple <= OVERFLOW);
  assert_true(noise < 1 << 12 && noise > -(1 << 12));
  histogram[multiple < 0 ? -multiple : multiple]++;
}

/* How often each overflow occurred is what the model says, within 6 deviations. */
static void check_histogram(const uint64_t *histogram) {
  double total = 0;
  for (int i = 0; i <= OVERFLOW; i++) total += (double)histogram[i];
  for (uint32_t i = 0; i <= OVERFLOW; i++) {
    double p = (i ? 2 : 1) * umbra_overflow_probability(chain->bootstrap.hamming, i);
    assert_true(fabs((double)histogram[i] - total * p) <= 6 * sqrt(total * p * (1 - p)) + 3);
  }
}

static void raise_once(uint64_t seed, uint64_t *histogram) {
  vector v = vector_random(&seed, umbra_params_slots(s.params), 1);
  umbra_ciphertext *fresh = encrypt_vector(&s, &v, umbra_params_depth(s.params)), *low = NULL;
  assert_ok(umbra_level_drop(s.evaluator, &low, fresh, 0));
  umbra_scaled in = {.poly = low->poly, .level = 0, .log_scale = chain->log_scale[0], .estimate = low->estimate}, out;
  assert_ok(umbra_raise(s.evaluator, &out, &in));
  assert_int_equal(out.level, chain->total_levels - 1);
  assert_true(out.log_scale == in.log_scale);
  uint32_t *before = open_up(&low->poly), *after = open_up(&out.poly);
  for (uint32_t i = 0; i < umbra_ring_n(ring); i++) check_coefficient(before, after, i, histogram);
  free(before);
  free(after);
  umbra_scaled_destroy(&out, s.context);
  umbra_ciphertext_destroy(low);
  umbra_ciphertext_destroy(fresh);
  vector_destroy(&v);
}

static void test_raise(void **state) {
  (void)state;
  enum { TIMES = 16 };
  uint64_t histogram[OVERFLOW + 1] = {0};
  for (uint64_t i = 0; i < TIMES; i++) raise_once(i, histogram);
  check_histogram(histogram);
}

/* A polynomial over all primes, of a secret's coefficients or with undefined ones. */
static umbra_poly poly_of(const int8_t *coefficients) {
  umbra_poly poly;
  umbra_window all = umbra_chain_union(chain, chain->total_levels - 1);
  assert_ok(umbra_poly_create(&poly, ring, 1, all, chain->auxes, "a test"));
  umbra_view view = umbra_poly_view(&poly, ring);
  if (coefficients) assert_ok(umbra_small_expand(&view, s.context, stream, coefficients));
  return poly;
}

/* An ephemeral key with all auxiliary primes, as they once were. */
static void fill_whole_key(umbra_eval_key *entry, umbra_key_kind kind, const umbra_poly *from, const umbra_poly *under,
                           umbra_random *random) {
  uint32_t level = umbra_key_top_level(chain, kind), auxes = kind == UMBRA_KEY_TO_DENSE ? chain->auxes : 0;
  umbra_key_shape shape = umbra_key_shape_with(chain, kind, level, auxes);
  umbra_poly scratch = poly_of(NULL);
  umbra_gadget gadget = {.context = s.context,
                         .stream = stream,
                         .from = *from,
                         .under = *under,
                         .scratch = scratch,
                         .random = random,
                         .error = umbra_random_error};
  assert_ok(umbra_eval_key_make_shaped(entry, s.context, kind, level, &shape));
  umbra_random_bytes(random, entry->seed, sizeof entry->seed);
  assert_ok(umbra_gadget_fill(&gadget, entry));
  umbra_poly_destroy(&scratch, ring);
}

/* The set's ephemeral keys are replaced by such. */
static void take_whole_keys(void) {
  umbra_random random;
  int8_t *coefficients = calloc(1 << LOG_N, 1);
  assert_non_null(coefficients);
  assert_ok(umbra_random_open(&random));
  umbra_random_sparse(&random, coefficients, 1 << LOG_N, chain->bootstrap.hamming);
  umbra_poly sparse = poly_of(coefficients), secret = poly_of(s.secret->ternary);
  for (size_t i = 0; i < s.keys->count; i++) {
    umbra_eval_key *entry = &s.keys->key[i];
    if (entry->kind != UMBRA_KEY_TO_SPARSE && entry->kind != UMBRA_KEY_TO_DENSE) continue;
    int enters = entry->kind == UMBRA_KEY_TO_SPARSE;
    umbra_poly_destroy(&entry->key.poly, ring);
    fill_whole_key(entry, entry->kind, enters ? &secret : &sparse, enters ? &sparse : &secret, &random);
  }
  umbra_poly_destroy(&sparse, ring);
  umbra_poly_destroy(&secret, ring);
  umbra_random_close(&random);
  free(coefficients);
}

static void test_keys_with_all_auxiliary_primes(void **state) {
  (void)state;
  uint64_t histogram[OVERFLOW + 1] = {0};
  const umbra_eval_key *to_dense = umbra_eval_keys_find(s.keys, UMBRA_KEY_TO_DENSE, 0);
  assert_true(to_dense->key.poly.aux < chain->auxes);
  take_whole_keys();
  assert_int_equal(to_dense->key.poly.aux, chain->auxes);
  raise_once(99, histogram);
}

static void test_missing_keys(void **state) {
  (void)state;
  umbra_evaluator *bare = NULL;
  assert_ok(umbra_evaluator_create(&bare, s.context, NULL));
  umbra_scaled in = {.level = 0}, out;
  assert_fails(umbra_raise(bare, &out, &in), UMBRA_ERROR_MISSING_KEY, "ephemeral");
  umbra_evaluator_destroy(bare);
}

/* The weight of an ephemeral secret is what it should be, and its places are not always the same. */
static void test_sparse_secrets(void **state) {
  (void)state;
  enum { COUNT = 1024, WEIGHT = 32, DRAWS = 200 };
  umbra_random random;
  int8_t values[COUNT];
  uint32_t used[COUNT] = {0}, positive = 0, places = 0;
  assert_ok(umbra_random_open(&random));
  for (int draw = 0; draw < DRAWS; draw++) {
    uint32_t weight = 0;
    umbra_random_sparse(&random, values, COUNT, WEIGHT);
    for (uint32_t i = 0; i < COUNT; i++) {
      assert_true(values[i] >= -1 && values[i] <= 1);
      weight += values[i] != 0;
      positive += values[i] == 1;
      used[i] += values[i] != 0;
    }
    assert_int_equal(weight, WEIGHT);
  }
  for (uint32_t i = 0; i < COUNT; i++) places += used[i] > 0;
  assert_true(places > COUNT * 95 / 100);
  assert_true(positive > DRAWS * WEIGHT * 45 / 100 && positive < DRAWS * WEIGHT * 55 / 100);
  umbra_random_close(&random);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_raise),
      cmocka_unit_test(test_keys_with_all_auxiliary_primes),
      cmocka_unit_test(test_missing_keys),
      cmocka_unit_test(test_sparse_secrets),
  };
  set_up();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  scheme_close(&s);
  return failed;
}
