/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* labels: slow UMBRA_SWEEP=8 */
/*
 * Parameter sets: primes, fixed-point logarithms, the search over rings, scales and depths, security of every key
 * modulus, presets, literals with every kind of fault, refusals and descriptions.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <mpfr.h>
#include <umbra/params.h>

#include "../host/base/memory.h"
#include "../host/params/chain_search.h"
#include "../host/params/params.h"
#include "../host/params/presets.h"
#include "../host/params/primes.h"
#include "../host/params/security.h"
#include "../kernels/modarith.h"

enum { PRECISION = 512, FIRST_RING = 12, LAST_RING = 17 };

/* ---- primes ---- */

static int is_prime_by_division(uint32_t x) {
  if (x < 2) return 0;
  for (uint32_t d = 2; (uint64_t)d * d <= x; d++)
    if (x % d == 0) return 0;
  return 1;
}

static void test_primality(void **state) {
  (void)state;
  for (uint32_t x = 0; x < 20000; x++) assert_int_equal(umbra_is_prime(x), is_prime_by_division(x));
  for (uint32_t x = UINT32_MAX; x > UINT32_MAX - 200; x--) assert_int_equal(umbra_is_prime(x), is_prime_by_division(x));
  /* Strong pseudoprimes to base 2; to bases 2 and 3; to bases 2, 3 and 5; to bases 2 and 7; Carmichael numbers. */
  static const uint32_t composite[] = {2047,      3277,   1373653, 1530787,    25326001,
                                       161304001, 314821, 2269093, 3215031751, 4294967295,
                                       561,       1729,   825265,  321197185,  4293918721};
  for (size_t i = 0; i < sizeof composite / sizeof *composite; i++)
    assert_int_equal(umbra_is_prime(composite[i]), is_prime_by_division(composite[i]));
}

static void test_primes_of_a_ring(void **state) {
  (void)state;
  /* The count of primes = 1 mod 2^17 below 2^32, and its ends. */
  uint32_t up = 0, down = 0;
  for (uint32_t q = umbra_prime_above(16, 0); q; q = umbra_prime_above(16, q)) up++;
  for (uint32_t q = umbra_prime_below(16, UINT32_MAX); q; q = umbra_prime_below(16, q)) down++;
  assert_int_equal(up, 3126);
  assert_int_equal(down, 3126);
  assert_int_equal(umbra_prime_above(16, 0), 786433);
  assert_int_equal(umbra_prime_above(16, 786433), 1179649);
  assert_int_equal(umbra_prime_below(16, 786433), 0);
  assert_int_equal(umbra_prime_below(16, 1u << 30), 1073479681);
  assert_int_equal(umbra_prime_below(16, 1u << 31), 2147352577);
  assert_int_equal(umbra_prime_above(16, UINT32_MAX), 0);
  assert_int_equal(umbra_prime_below(16, 0), 0);
}

/* ---- fixed point ---- */

/* A logarithm as the 512-bit number it stands for: x / 2^96. */
static void set_log(mpfr_t out, umbra_log2 x) {
  mpfr_set_si_2exp(out, (long)(x >> 64), 64 - UMBRA_LOG2_FRACTION, MPFR_RNDN);
  mpfr_t low;
  mpfr_init2(low, PRECISION);
  mpfr_set_ui_2exp(low, (unsigned long)(uint64_t)x, -UMBRA_LOG2_FRACTION, MPFR_RNDN);
  mpfr_add(out, out, low, MPFR_RNDN);
  mpfr_clear(low);
}

/* log2 |a - b|, or a very small number if they are equal. */
static double log_distance(mpfr_t a, mpfr_t b) {
  mpfr_t difference;
  mpfr_init2(difference, PRECISION);
  mpfr_sub(difference, a, b, MPFR_RNDN);
  const double result = mpfr_zero_p(difference) ? -1e9 : (double)mpfr_get_exp(difference);
  mpfr_clear(difference);
  return result;
}

static void test_log2(void **state) {
  (void)state;
  mpfr_t expected, found;
  mpfr_inits2(PRECISION, expected, found, (mpfr_ptr)NULL);
  uint32_t x = 1;
  for (int i = 0; i < 400; i++) {
    mpfr_set_ui(expected, x, MPFR_RNDN);
    mpfr_log2(expected, expected, MPFR_RNDN);
    set_log(found, umbra_log2_of_u32(x));
    assert_true(log_distance(expected, found) <= -90);
    x = i < 100 ? x + 1 : x * 1664525u + 1013904223u;
    if (i == 398) x = UINT32_MAX;
  }
  for (int32_t n = 0; n < 32; n++) assert_true(umbra_log2_of_u32(UINT32_C(1) << n) == umbra_log2_of_bits(n));
  mpfr_clears(expected, found, (mpfr_ptr)NULL);
}

static void test_exp2(void **state) {
  (void)state;
  mpfr_t expected, found;
  mpfr_inits2(PRECISION, expected, found, (mpfr_ptr)NULL);
  for (int32_t i = -4000; i <= 4000; i++) {
    const umbra_log2 x = umbra_log2_of_bits(i) / 7 + i;
    int32_t exponent;
    const uint64_t mantissa = umbra_log2_exp(x, &exponent);
    assert_true(mantissa >> 63);
    set_log(expected, x);
    mpfr_exp2(expected, expected, MPFR_RNDN);
    mpfr_mul_2si(expected, expected, -exponent, MPFR_RNDN);
    mpfr_set_ui(found, mantissa, MPFR_RNDN);
    assert_true(log_distance(expected, found) <= 0); /* an exponent of 0 means under 1 */
    assert_true(fabs(umbra_log2_bits(x) - i / 7.0) < 1e-12);
  }
  for (int32_t n = -1000; n <= 1000; n++) assert_true(umbra_log2_to_double(umbra_log2_of_bits(n)) == ldexp(1, n));
  assert_true(umbra_log2_to_double(umbra_log2_of_bits(1024)) == HUGE_VAL);
  assert_int_equal(umbra_log2_to_u32(umbra_log2_of_u32(1000) + 4), 1000);
  mpfr_clears(expected, found, (mpfr_ptr)NULL);
}

/* ---- the search ---- */

static umbra_params *from_need(uint32_t log_n, uint32_t scale_bits, uint32_t depth, uint32_t security, uint32_t flags) {
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .log_n = log_n, .depth = depth, .flags = flags};
  need.scale_bits = scale_bits;
  need.security = security;
  umbra_params *params = NULL;
  const umbra_status status = umbra_params_from_need(&params, &need);
  if (status != UMBRA_OK) fail_msg("2^%u, %u bits, depth %u: %s", log_n, scale_bits, depth, umbra_last_error());
  return params;
}

/* What is promised of every set that the search finds. */
static void check_promises(const umbra_params *params, uint32_t security) {
  const umbra_chain *chain = &params->chain;
  const double limit = chain->scale_bits >= 35 && chain->scale_bits <= 50 && chain->log_n <= 16 ? 1.005 : 1.05;
  const uint32_t bound = umbra_security_bound(chain->log_n, security);
  assert_true(params->security >= security);
  for (uint32_t l = 0; l < chain->levels; l++) {
    const double drift = umbra_log2_to_double(chain->log_scale[l] - chain->log_scale[0]);
    if (drift > limit || drift < 1 / limit)
      fail_msg("2^%u, %u bits, depth %u: drift %.5f at level %u", chain->log_n, chain->scale_bits, chain->levels - 1,
               drift, l);
    if (l <= umbra_chain_keyed_level(chain))
      assert_true(umbra_chain_log_key(chain, l) <= umbra_log2_of_bits((int32_t)bound));
  }
  const double scale = umbra_log2_bits(chain->log_scale[0]);
  assert_true(scale <= chain->scale_bits + log2(limit) && scale >= chain->scale_bits - 0.5 - log2(limit));
  assert_true(umbra_params_log_q(params, 0) - scale > 9.5);
  assert_true(umbra_params_log_qp(params) <= bound);
}

/* What is promised of a set that refreshes: every key is within a table, the ephemeral ones too. */
static void check_refresh(const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  const umbra_bootstrap_shape *boot = &chain->bootstrap;
  const uint32_t top = chain->total_levels - 1, first_sine = chain->levels, sine = umbra_bootstrap_sine_levels(boot);
  for (uint32_t l = 0; l <= top; l++)
    assert_true(umbra_chain_log_key(chain, l) <= umbra_log2_of_bits((int32_t)umbra_security_bound(chain->log_n, 128)));
  const umbra_window sparse = umbra_chain_sparse_window(chain);
  assert_int_equal(boot->hamming, 32);
  assert_true(chain->log_n == 15 || chain->log_n == 16);
  assert_true(umbra_log2_bits(umbra_chain_log_product(chain, sparse.first, sparse.count)) <= 121);
  assert_int_equal(umbra_params_bootstrapped_level(params), umbra_params_depth(params) - boot->stc_levels);
  assert_true(umbra_params_log_q(params, 0) - umbra_log2_bits(chain->log_scale[0]) >= boot->ratio_bits);
  for (uint32_t l = first_sine; l <= top; l++) {
    const umbra_window high = chain->window[l], low = chain->window[l - 1];
    const umbra_log2 step =
        umbra_chain_log_product(chain, high.first, high.count) - umbra_chain_log_product(chain, low.first, low.count);
    assert_true(high.first == low.first);
    if (l < first_sine + sine) assert_true(fabs(umbra_log2_bits(step - chain->log_scale[l])) < 0.001);
    assert_true(umbra_log2_bits(step) >= 57);
  }
}

static uint32_t largest_depth(uint32_t log_n, uint32_t scale_bits, uint32_t security) {
  const umbra_chain_request request = {.log_n = log_n,
                                       .scale_bits = scale_bits,
                                       .depth = UMBRA_MAX_LEVELS - 1,
                                       .bound_bits = umbra_security_bound(log_n, security)};
  static umbra_chain_workshop shop;
  const int depth = umbra_chain_search_depth(&shop, &request);
  return depth < 0 ? UINT32_MAX : (uint32_t)depth;
}

/* Depths spread evenly from 0 to the largest, which is included. */
static void sweep(uint32_t log_n, uint32_t scale_bits, uint32_t security, uint32_t parts) {
  const uint32_t most = largest_depth(log_n, scale_bits, security);
  if (most == UINT32_MAX) return;
  for (uint32_t part = 0; part <= parts; part++) {
    const uint32_t depth = most * part / parts;
    if (part > 0 && depth == most * (part - 1) / parts) continue;
    umbra_params *params = from_need(log_n, scale_bits, depth, security, 0);
    assert_int_equal(umbra_params_depth(params), depth);
    assert_int_equal(umbra_params_log_n(params), log_n);
    check_promises(params, security);
    umbra_params_destroy(params);
  }
}

/* Three depths at scales ten bits apart; UMBRA_SWEEP: so many, five bits apart. */
static void test_sweep(void **state) {
  (void)state;
  const char *asked = getenv("UMBRA_SWEEP");
  const uint32_t parts = asked ? (uint32_t)strtoul(asked, NULL, 10) : 3, step = asked ? 5 : 10;
  for (uint32_t log_n = FIRST_RING; log_n <= LAST_RING; log_n++) {
    for (uint32_t scale_bits = log_n < 15 ? 20 : 25; scale_bits <= 60; scale_bits += step) {
      sweep(log_n, scale_bits, 128, parts);
      sweep(log_n, scale_bits, 192, 2);
      sweep(log_n, scale_bits, 256, 2);
    }
  }
}

static void test_reach(void **state) {
  (void)state;
  assert_true(largest_depth(12, 25, 128) == 1 && largest_depth(12, 30, 128) == 1);
  assert_true(largest_depth(13, 40, 128) >= 2);
  assert_true(largest_depth(14, 40, 128) >= 7);
  umbra_params *params = from_need(16, 50, 24, 128, 0);
  assert_true(fabs(umbra_params_log_q(params, 24) - 1260) <= 10);
  assert_int_equal(umbra_params_dnum(params), 3);
  umbra_params_destroy(params);
}

static void test_smallest_ring(void **state) {
  (void)state;
  umbra_params *params = from_need(0, 40, 2, 128, 0);
  assert_int_equal(umbra_params_log_n(params), 13);
  const umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 2, .min_slots = 8193};
  assert_int_equal(umbra_params_from_need(&params, &need), UMBRA_OK);
  assert_int_equal(umbra_params_slots(params), 16384);
  umbra_params_destroy(params);
}

/* The scale of every level, computed again with 512 bits from the primes alone. */
static void check_scales(const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  const uint32_t depth = chain->levels - 1;
  mpfr_t product[UMBRA_MAX_LEVELS], scale, found;
  mpfr_inits2(PRECISION, scale, found, (mpfr_ptr)NULL);
  for (uint32_t l = 0; l <= depth; l++) {
    mpfr_init2(product[l], PRECISION * 8);
    mpfr_set_ui(product[l], 1, MPFR_RNDN);
    for (uint32_t i = 0; i < chain->window[l].count; i++)
      mpfr_mul_ui(product[l], product[l], chain->prime[chain->window[l].first + i], MPFR_RNDN);
  }
  mpfr_div(scale, product[depth], product[0], MPFR_RNDN);
  mpfr_rootn_ui(scale, scale, depth, MPFR_RNDN);
  for (uint32_t l = 0; l <= depth; l++) {
    if (l > 0) {
      mpfr_mul(scale, scale, product[l], MPFR_RNDN);
      mpfr_div(scale, scale, product[l - 1], MPFR_RNDN);
      mpfr_sqrt(scale, scale, MPFR_RNDN);
    }
    set_log(found, chain->log_scale[l]);
    mpfr_exp2(found, found, MPFR_RNDN);
    mpfr_div(found, found, scale, MPFR_RNDN);
    mpfr_sub_ui(found, found, 1, MPFR_RNDN);
    assert_true(mpfr_zero_p(found) || mpfr_get_exp(found) <= -50);
    assert_true(fabs(umbra_params_scale(params, l) / mpfr_get_d(scale, MPFR_RNDN) - 1) < 1e-15);
  }
  for (uint32_t l = 0; l <= depth; l++) mpfr_clear(product[l]);
  mpfr_clears(scale, found, (mpfr_ptr)NULL);
}

/* ---- what sets say of themselves ---- */

static int equal_digests(const umbra_params *a, const umbra_params *b) {
  uint8_t x[UMBRA_DIGEST_BYTES], y[UMBRA_DIGEST_BYTES];
  umbra_params_digest(a, x);
  umbra_params_digest(b, y);
  return memcmp(x, y, sizeof x) == 0;
}

static char *describe(const umbra_params *params, umbra_status (*describer)(const umbra_params *, char *, size_t *)) {
  size_t size;
  assert_int_equal(describer(params, NULL, &size), UMBRA_OK);
  char *text = test_malloc(size);
  assert_int_equal(describer(params, text, &size), UMBRA_OK);
  assert_int_equal(strlen(text), size - 1);
  return text;
}

/* ---- keyless levels ---- */

static umbra_status keyless_need(umbra_params **params, uint32_t log_n, uint32_t scale_bits, uint32_t depth,
                                 uint32_t keyless) {
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .log_n = log_n, .depth = depth, .keyless_levels = keyless};
  need.scale_bits = scale_bits;
  return umbra_params_from_need(params, &need);
}

/* log2 of the product of the primes that any level from `first` to `last` has, and of so many auxiliary ones. */
static double log_modulus(const umbra_chain *chain, uint32_t first, uint32_t last, uint32_t auxes) {
  uint8_t has[UMBRA_MAX_PRIMES] = {0};
  double sum = 0;
  for (uint32_t l = first; l <= last; l++)
    for (uint32_t i = chain->window[l].first; i < umbra_window_end(chain->window[l]); i++) has[i] = 1;
  for (uint32_t i = 0; i < umbra_chain_primes(chain); i++)
    if (has[i] || (i >= umbra_chain_aux(chain) && i < umbra_chain_aux(chain) + auxes)) sum += log2(chain->prime[i]);
  return sum;
}

/* All that may be published under the secret is within the table: ciphertexts of every level, keys of those with keys. */
static void check_keyless(const umbra_params *params) {
  static const double most[] = {[12] = 106, [13] = 214, [14] = 430, [15] = 868}; /* eprint 2024/463, table 5.2 */
  const umbra_chain *chain = &params->chain;
  const uint32_t top = chain->levels - 1, keyed = umbra_params_keyed_level(params);
  const double bound = most[chain->log_n], public_key = log_modulus(chain, 0, top, 1);
  double largest = log_modulus(chain, 0, keyed, chain->auxes);
  assert_true(keyed < top && params->security >= 128);
  assert_true(largest <= bound);
  for (uint32_t l = 0; l <= keyed; l++) {
    const double key = log_modulus(chain, 0, l, umbra_key_auxes(chain, l));
    assert_true(key <= bound && fabs(key - umbra_log2_bits(umbra_chain_log_key(chain, l))) < 1e-9);
    assert_true(umbra_params_key_bytes(params, l) > 0);
  }
  for (uint32_t l = keyed + 1; l <= top; l++) {
    const double ciphertext = log_modulus(chain, l, l, 0);
    assert_true(ciphertext <= bound && umbra_params_key_bytes(params, l) == 0);
    largest = fmax(largest, ciphertext);
  }
  assert_true(fabs(largest - umbra_params_log_qp(params)) < 1e-9);
  if (params->security == 128) assert_int_equal(umbra_params_has_public_key(params), public_key <= bound);
  else if (umbra_params_has_public_key(params)) assert_true(public_key <= bound);
}

static void test_keyless_sets(void **state) {
  (void)state;
  uint32_t found = 0, without_public_key = 0;
  for (uint32_t log_n = 12; log_n <= 14; log_n++)
    for (uint32_t bits = 20; bits <= 45; bits += log_n == 12 && bits < 30 ? 1 : 5)
      for (uint32_t depth = 1; depth <= 4; depth++)
        for (uint32_t keyless = 1; keyless <= depth; keyless++) {
          umbra_params *params = NULL;
          if (keyless_need(&params, log_n, bits, depth, keyless) != UMBRA_OK) continue;
          check_promises(params, 128);
          check_keyless(params);
          found++;
          without_public_key += !umbra_params_has_public_key(params);
          umbra_params_destroy(params);
        }
  print_message("%u sets with keyless levels, %u of them without a public key\n", found, without_public_key);
  assert_true(found > 100 && without_public_key > 10);
}

/* What a ring of 2^12 carries, with and without keyless levels. */
static void test_keyless_reach(void **state) {
  (void)state;
  umbra_params *params = NULL, *keyed = NULL;
  assert_int_equal(keyless_need(&params, 12, 21, 3, 0), UMBRA_ERROR_UNSUPPORTED);
  assert_int_equal(keyless_need(&params, 12, 21, 3, 1), UMBRA_ERROR_UNSUPPORTED);
  assert_non_null(strstr(umbra_last_error(), "depth 3 with scales of 21 bits, 1 keyless levels at 128-bit security: a "
                                             "ring of 2^12 carries depth 2 at most, a ring of 2^13 does"));
  assert_int_equal(keyless_need(&params, 12, 21, 3, 2), UMBRA_OK);
  assert_int_equal(umbra_params_limbs(params, 3), 5);
  assert_false(umbra_params_has_public_key(params));
  umbra_params_destroy(params);
  params = NULL;
  assert_int_equal(keyless_need(&params, 12, 26, 2, 2), UMBRA_OK);
  assert_int_equal(umbra_params_keyed_level(params), 0);
  umbra_params_destroy(params);
  /* Other keys are other parameters, with the same primes or not. */
  params = NULL;
  assert_int_equal(keyless_need(&params, 13, 40, 2, 1), UMBRA_OK);
  assert_int_equal(keyless_need(&keyed, 13, 40, 2, 0), UMBRA_OK);
  assert_false(equal_digests(params, keyed));
  umbra_params_destroy(params);
  umbra_params_destroy(keyed);
}

static void test_keyless_descriptions(void **state) {
  (void)state;
  umbra_params *params = NULL;
  assert_int_equal(keyless_need(&params, 12, 21, 3, 2), UMBRA_OK);
  char *text = describe(params, umbra_params_describe), *json = describe(params, umbra_params_describe_json);
  assert_non_null(strstr(text, "the largest modulus has log2(QP) = 104.972, at most 106"));
  assert_non_null(strstr(text, "keyless     the highest 2 levels: keys serve levels 0 to 1"));
  assert_non_null(strstr(text, "public key  none, the secret key encrypts: its modulus would have 135.972 bits"));
  cJSON *root = cJSON_Parse(json);
  assert_int_equal(cJSON_GetObjectItem(root, "keyless_levels")->valueint, 2);
  assert_true(cJSON_IsFalse(cJSON_GetObjectItem(root, "public_key")));
  cJSON *levels = cJSON_GetObjectItem(root, "levels");
  for (int l = 0; l < 4; l++) {
    const cJSON *level = cJSON_GetArrayItem(levels, l);
    assert_string_equal(cJSON_GetObjectItem(level, "use")->valuestring, l < 2 ? "ordinary" : "keyless");
    assert_int_equal(cJSON_GetObjectItem(level, "key_bytes")->valuedouble > 0, l < 2);
  }
  cJSON_Delete(root);
  test_free(text);
  test_free(json);
  umbra_params_destroy(params);
}

/* ---- presets ---- */

static umbra_params *from_preset(const char *name) {
  umbra_params *params = NULL;
  assert_int_equal(umbra_params_from_preset(&params, name), UMBRA_OK);
  return params;
}

static void test_presets(void **state) {
  (void)state;
  for (const char *const *name = umbra_params_presets(); *name; name++) {
    umbra_params *params = from_preset(*name);
    const uint32_t log_n = umbra_params_log_n(params), bits = umbra_params_scale_bits(params);
    const int refreshes = params->chain.bootstrap.stc_levels > 0;
    const uint32_t depth = refreshes ? umbra_params_bootstrapped_level(params) : umbra_params_depth(params);
    const uint32_t keyless = params->chain.keyless;
    umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .log_n = log_n, .depth = depth, .keyless_levels = keyless};
    if (refreshes) need.bootstrap = &params->chain.bootstrap;
    need.scale_bits = bits;
    umbra_params *again = NULL;
    assert_int_equal(umbra_params_from_need(&again, &need), UMBRA_OK);
    char expected[32];
    int length = snprintf(expected, sizeof expected, "n%u-d%u-s%u", log_n, depth, bits);
    if (keyless) snprintf(expected + length, sizeof expected - (size_t)length, "-k%u", keyless);
    if (keyless) check_keyless(params);
    if (refreshes) check_refresh(params);
    else assert_string_equal(*name, expected);
    assert_true(equal_digests(params, again)); /* if the search has changed, so has scripts/regenerate_presets' table */
    check_promises(params, 128);
    check_scales(params);
    umbra_params_destroy(params);
    umbra_params_destroy(again);
    again = NULL;
  }
}

/* Digests from an independent implementation of the encoding. */
static void test_digests(void **state) {
  (void)state;
  static const struct {
    const char *name, *digest;
  } known[] = {
      {"n12-d1-s25", "8ab2181e7768cdb3f62b4df14cdee64ccf24d60514b8b672911543a1ffdd08e7"},
      {"n13-d2-s40", "15465575c948d5673a44eac10908d68f44b4b16f1ed3df474f2686424ed19181"},
      {"n14-d7-s40", "e6fea23d6ace77512d2adb9bd69c1926bdcfab228472658ae01dfaf759a51158"},
      {"n16-d24-s50", "9e6c842dabf5490980c716e75b7dedca92c64ccbed8bc8a461d46c5161b3f388"},
      {"n17-d48-s50", "c1dce04701202682f68d0a6dee57bbb3237ce9a737bd070fa6c77bb9651845f4"},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    umbra_params *params = from_preset(known[i].name);
    uint8_t digest[UMBRA_DIGEST_BYTES];
    char text[2 * UMBRA_DIGEST_BYTES + 1];
    umbra_params_digest(params, digest);
    for (int j = 0; j < UMBRA_DIGEST_BYTES; j++) snprintf(text + 2 * j, 3, "%02x", digest[j]);
    assert_string_equal(text, known[i].digest);
    umbra_params_destroy(params);
  }
}

/* ---- refusals ---- */

static void expect_refusal(const umbra_params_need *need, umbra_status status, const char *text) {
  umbra_params *params = (umbra_params *)1;
  assert_int_equal(umbra_params_from_need(&params, need), status);
  assert_ptr_equal(params, (umbra_params *)1);
  if (!strstr(umbra_last_error(), text)) fail_msg("'%s' lacks '%s'", umbra_last_error(), text);
}

static void test_refused_needs(void **state) {
  (void)state;
  const umbra_params_need good = {UMBRA_PARAMS_NEED_INIT, .depth = 2};
  umbra_params_need need = good;
  need.log_n = 13, need.depth = 8;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "a ring of 2^13 carries depth 3 at most, a ring of 2^14 does");
  need.log_n = 12, need.depth = 100;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "a ring of 2^12 carries depth 0 at most, no ring does");
  need.log_n = 0, need.depth = 1000;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "a ring of 2^17 carries depth 83 at most, no ring does");
  need.log_n = 12, need.depth = 0, need.security = 256;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "a ring of 2^12 carries not even depth 0, a ring of 2^13 does");
  need.depth = 0xffffffff, need.security = 128;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "no ring does");
  need = good, need.min_slots = 65537;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "min_slots is 65537: a ring of 2^17 has 65536");
  need = good, need.log_n = 13, need.min_slots = 4097;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "a ring of 2^13 has 4096");
  need = good, need.log_n = 11;
  expect_refusal(&need, UMBRA_ERROR_INSECURE, "rings under 2^12 need UMBRA_INSECURE_FOR_TESTS");
  need = good, need.log_n = 10;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "log_n is 10");
  need = good, need.log_n = 18;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "log_n is 18");
  need = good, need.scale_bits = 42;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "scale_bits is 42");
  need = good, need.scale_bits = 19;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "it must be 20 to 30, or 35, 40, ..., 60");
  need = good, need.keyless_levels = 3;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "keyless_levels is 3, and depth 2: level 0 has keys");
  need = good, need.security = 100;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "security is 100");
  need = good, need.flags = 2;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "flags are 0x2");
  need = good, need.struct_size = 0;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "umbra_params_need_init");
  umbra_params *params = NULL;
  assert_int_equal(umbra_params_from_preset(&params, "n14"), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(umbra_last_error(), "n14-d7-s40"));
  assert_int_equal(umbra_params_from_preset(&params, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
}

/* Needs that refresh and that no set meets, or that would be insecure. */
static void test_refused_refreshes(void **state) {
  (void)state;
  const umbra_bootstrap_shape standard = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  const umbra_params_need good = {UMBRA_PARAMS_NEED_INIT, .depth = 2, .bootstrap = &standard};
  umbra_params *params = NULL;
  assert_int_equal(umbra_params_from_need(&params, &good), UMBRA_OK);
  check_refresh(params);
  umbra_params_destroy(params);
  umbra_bootstrap_shape boot;
  umbra_params_need need = good;
  need.log_n = 14;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "a ring of 2^14 cannot refresh securely");
  need = good, need.bootstrap = &boot;
  boot = standard, boot.hamming = 64;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "hamming is 64: of ephemeral secrets those of weight 32");
  boot = standard, boot.ratio_bits = 20, need.scale_bits = 60;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "level 0 would have 80 bits or more");
  boot = standard, boot.sparse_primes = 9, need.scale_bits = 40;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "the key to the ephemeral secret would have a modulus of");
  need = good, need.log_n = 17;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "in rings of 2^15 and 2^16 only");
  need = good, need.depth = 40;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED,
                 "depth 40 with scales of 40 bits at 128-bit security: a ring of 2^16 carries");
  need = good, need.min_slots = 1u << 16;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED,
                 "min_slots is 65536: a ring of 2^16 has 32768, and larger ones do not");
  need = good, need.depth = 0;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "depth is 0");
  need = good, need.security = 192;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "sets that refresh have 128 bits");
  need = good, need.keyless_levels = 1;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "sets that refresh have keys at all levels");
  need = good, need.depth = 0xfffffffc;
  expect_refusal(&need, UMBRA_ERROR_UNSUPPORTED, "");
  need = good, need.bootstrap = &boot;
  boot = standard, boot.stc_levels = 1;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "needs 2 levels for each linear map");
  boot = standard, boot.degree = 31;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "the degree of the cosine is 31: it must be even");
  boot = standard, boot.arcsine_degree = 4;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "must be 1, 3, 5 or 7");
  boot = standard, boot.stc_levels = 0;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "0 levels for slots-to-coefficients (stc_levels)");
  boot = standard, boot.cts_levels = 5;
  expect_refusal(&need, UMBRA_ERROR_INVALID_ARGUMENT, "5 levels for coefficients-to-slots");
}

/* Twins for tests: the same shape in a small ring. */
static void test_twins(void **state) {
  (void)state;
  for (uint32_t log_n = 11; log_n <= 13; log_n++) {
    const umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .log_n = log_n, .depth = 3,
                                    .flags = UMBRA_INSECURE_FOR_TESTS,
                                    .bootstrap = &(umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT}};
    umbra_params *params = NULL;
    assert_int_equal(umbra_params_from_need(&params, &need), UMBRA_OK);
    assert_int_equal(umbra_params_security(params), 0);
    assert_int_equal(umbra_params_bootstrapped_level(params), 3);
    umbra_params_destroy(params);
  }
}

/* ---- literals ---- */

/* A literal that may be spoiled: n14-d7-s40 with its arrays. */
typedef struct sample {
  umbra_params_literal literal;
  uint32_t terminal[4], main[16], aux[4], main_count[10], terminal_count[10], digit_size[16];
} sample;

static void make_sample(sample *s) {
  size_t i = 0;
  while (strcmp(umbra_preset_name[i], "n14-d7-s40") != 0) i++;
  const umbra_params_literal *from = &umbra_preset_literal[i];
  memset(s, 0, sizeof *s);
  s->literal = *from;
  memcpy(s->terminal, from->terminal, from->terminals * sizeof(uint32_t));
  memcpy(s->main, from->main, from->mains * sizeof(uint32_t));
  memcpy(s->aux, from->aux, from->auxes * sizeof(uint32_t));
  memcpy(s->main_count, from->main_count, from->levels * sizeof(uint32_t));
  memcpy(s->terminal_count, from->terminal_count, from->levels * sizeof(uint32_t));
  memcpy(s->digit_size, from->digit_size, from->digits * sizeof(uint32_t));
  s->literal.terminal = s->terminal;
  s->literal.main = s->main;
  s->literal.aux = s->aux;
  s->literal.main_count = s->main_count;
  s->literal.terminal_count = s->terminal_count;
  s->literal.digit_size = s->digit_size;
}

static void expect_fault(sample *s, umbra_status status, const char *text) {
  umbra_params *params = (umbra_params *)1;
  assert_int_equal(umbra_params_from_literal(&params, &s->literal), status);
  assert_ptr_equal(params, (umbra_params *)1);
  if (!strstr(umbra_last_error(), text)) fail_msg("'%s' lacks '%s'", umbra_last_error(), text);
  make_sample(s);
}

static void test_faulty_literals(void **state) {
  (void)state;
  const umbra_status invalid = UMBRA_ERROR_INVALID_ARGUMENT;
  sample s;
  make_sample(&s);
  s.literal.struct_size--;
  expect_fault(&s, invalid, "umbra_params_literal_init");
  s.literal.flags = 4;
  expect_fault(&s, invalid, "flags are 0x4");
  s.literal.main = NULL;
  expect_fault(&s, invalid, "NULL");
  s.literal.digit_size = NULL;
  expect_fault(&s, invalid, "NULL");
  s.literal.log_n = 18;
  expect_fault(&s, invalid, "log_n is 18");
  s.literal.log_n = 11;
  expect_fault(&s, UMBRA_ERROR_INSECURE, "rings under 2^12");
  s.literal.scale_bits = 41;
  expect_fault(&s, invalid, "scale_bits is 41");
  s.literal.scale_bits = 45;
  expect_fault(&s, invalid, "the scale of level 0 has 39.71 bits: nominal are 45");
  s.literal.levels = 0;
  expect_fault(&s, invalid, "0 levels");
  s.literal.keyless_levels = 8;
  expect_fault(&s, invalid, "keyless_levels is 8, and depth 7: level 0 has keys");
  s.literal.levels = 131;
  expect_fault(&s, invalid, "131 levels");
  s.literal.digits = 33;
  expect_fault(&s, invalid, "33 digits");
  s.literal.auxes = 0;
  expect_fault(&s, invalid, "0 auxiliary primes");
  s.literal.mains = 159;
  expect_fault(&s, invalid, "163 primes");
  s.literal.terminals = UINT32_MAX;
  expect_fault(&s, invalid, "4294967295 terminal primes");
  s.main[3] += 2;
  expect_fault(&s, invalid, "is not 1 modulo 32768");
  s.main[3] = 1073741824 - 32768 * 2 + 1;
  expect_fault(&s, invalid, "is not prime");
  s.main[3] = s.main[5];
  expect_fault(&s, invalid, "is there twice");
  s.main[3] = umbra_prime_below(14, UMBRA_MAIN_LOW);
  expect_fault(&s, invalid, "main prime");
  s.main[3] = s.aux[0];
  expect_fault(&s, invalid, "main prime");
  s.terminal[1] = umbra_prime_above(14, 1u << 27);
  expect_fault(&s, invalid, "terminal prime");
  s.aux[0] = umbra_prime_above(14, 1u << 31);
  expect_fault(&s, invalid, "auxiliary prime");
  s.main_count[2] = 12;
  expect_fault(&s, invalid, "level 2 has 12 main");
  s.terminal_count[2] = UINT32_MAX;
  expect_fault(&s, invalid, "level 2 has 3 main and 4294967295 terminal primes: there are 11 and 2");
  s.main_count[0] = s.terminal_count[0] = 0;
  expect_fault(&s, invalid, "level 0 has no primes");
  s.main_count[0] = 0;
  expect_fault(&s, invalid, "the scale of level 0");
  s.literal.levels = 7;
  expect_fault(&s, invalid, "belong to no level");
  s.main_count[3] = 4;
  expect_fault(&s, invalid, "the scale of level 3");
  s.digit_size[0]--, s.digit_size[1]++;
  expect_fault(&s, invalid, "digit 0 of the gadget is empty");
  s.digit_size[1]--;
  expect_fault(&s, invalid, "do not cover");
  s.digit_size[1]++;
  expect_fault(&s, invalid, "more primes than the 13");
  s.digit_size[1] = UINT32_MAX;
  expect_fault(&s, invalid, "more primes than the 13");
  s.digit_size[2]++, s.digit_size[3]--;
  expect_fault(&s, invalid, "digit 2 has");
  s.literal.levels = 1;
  s.literal.terminals = 0, s.literal.mains = 1, s.terminal_count[0] = 0;
  s.literal.digits = s.digit_size[0] = 1;
  expect_fault(&s, invalid, "level 0 has -10.49 bits more than its scale");
  s.aux[2] = umbra_prime_below(14, s.aux[1]);
  s.literal.auxes = 3;
  expect_fault(&s, UMBRA_ERROR_INSECURE, "log2(QP) is 460.36: at most 430 bits are secure in a ring of 2^14");
  umbra_params *params = NULL;
  assert_int_equal(umbra_params_from_literal(&params, &s.literal), UMBRA_OK);
  umbra_params_destroy(params);
}

/* A need's own primes, written down as a literal, are the same set. */
static void test_round_trip(void **state) {
  (void)state;
  umbra_params *found = from_need(15, 45, 9, 128, 0), *again = NULL;
  const umbra_chain *c = &found->chain;
  uint32_t terminal[UMBRA_MAX_PRIMES], mains[UMBRA_MAX_LEVELS], terminals[UMBRA_MAX_LEVELS], size[UMBRA_MAX_DIGITS];
  for (uint32_t i = 0; i < c->terminals; i++) terminal[i] = c->prime[c->terminals - 1 - i];
  for (uint32_t l = 0; l < c->levels; l++) {
    mains[l] = umbra_window_end(c->window[l]) - c->terminals;
    terminals[l] = c->terminals - c->window[l].first;
  }
  for (uint32_t j = 0; j < c->digits; j++) size[j] = c->digit_begin[j + 1] - c->digit_begin[j];
  const umbra_params_literal literal = {UMBRA_PARAMS_LITERAL_INIT,
                                        .log_n = 15,
                                        .scale_bits = 45,
                                        .terminals = c->terminals,
                                        .mains = c->mains,
                                        .auxes = c->auxes,
                                        .terminal = terminal,
                                        .main = c->prime + c->terminals,
                                        .aux = c->prime + umbra_chain_aux(c),
                                        .levels = c->levels,
                                        .main_count = mains,
                                        .terminal_count = terminals,
                                        .digits = c->digits,
                                        .digit_size = size};
  assert_int_equal(umbra_params_from_literal(&again, &literal), UMBRA_OK);
  assert_true(equal_digests(found, again));
  size[0]++, size[1]--;
  umbra_params_destroy(again);
  if (umbra_params_from_literal(&again, &literal) == UMBRA_OK) {
    assert_false(equal_digests(found, again));
    umbra_params_destroy(again);
  }
  umbra_params_destroy(found);
}

/* ---- security, descriptions, handles ---- */

static void test_security_table(void **state) {
  (void)state;
  assert_int_equal(umbra_security_bound(16, 128), 1747);
  assert_int_equal(umbra_security_bound(17, 256), 1866);
  assert_int_equal(umbra_security_bound(10, 192), 0);
  assert_int_equal(umbra_security_bound(9, 128), 0);
  assert_int_equal(umbra_security_bound(18, 128), 0);
  assert_int_equal(umbra_security_of(14, umbra_log2_of_bits(430)), 128);
  assert_int_equal(umbra_security_of(14, umbra_log2_of_bits(430) + 1), 0);
  assert_int_equal(umbra_security_of(14, umbra_log2_of_bits(297)), 192);
  assert_int_equal(umbra_security_of(14, umbra_log2_of_bits(230)), 256);
}

static void test_insecure_sets_say_so(void **state) {
  (void)state;
  umbra_params *params = from_need(11, 30, 3, 128, UMBRA_INSECURE_FOR_TESTS);
  assert_int_equal(umbra_params_security(params), 0);
  char *text = describe(params, umbra_params_describe), *json = describe(params, umbra_params_describe_json);
  assert_non_null(strstr(text, "*** INSECURE"));
  assert_non_null(strstr(json, "\"status\":\"INSECURE\""));
  test_free(text);
  test_free(json);
  sample s;
  make_sample(&s);
  s.aux[2] = umbra_prime_below(14, s.aux[1]);
  s.literal.auxes = 3;
  s.literal.flags = UMBRA_INSECURE_FOR_TESTS;
  assert_int_equal(umbra_params_from_literal(&params, &s.literal), UMBRA_OK);
  assert_int_equal(umbra_params_security(params), 0);
  umbra_params_destroy(params);
}

static void test_descriptions(void **state) {
  (void)state;
  umbra_params *params = from_preset("n14-d7-s40");
  char *text = describe(params, umbra_params_describe), *json = describe(params, umbra_params_describe_json);
  assert_null(strstr(text, "INSECURE"));
  cJSON *root = cJSON_Parse(json);
  assert_non_null(root);
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "levels")), 8);
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "primes")), umbra_chain_primes(&params->chain));
  assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "digits")), params->chain.digits);
  assert_true(fabs(cJSON_GetObjectItem(root, "log_qp")->valuedouble - umbra_params_log_qp(params)) < 0.001);
  cJSON_Delete(root);
  char small[16] = "before";
  size_t size = strlen(text);
  assert_int_equal(umbra_params_describe(params, small, &(size_t){sizeof small}), UMBRA_ERROR_RANGE);
  assert_int_equal(umbra_params_describe(params, text, &size), UMBRA_ERROR_RANGE);
  assert_int_equal(size, strlen(text) + 1);
  assert_string_equal(small, "before");
  test_free(text);
  test_free(json);
  umbra_params_destroy(params);
}

/* The first auxiliary primes whose product has more bits than that, counted in doubles. */
static uint32_t auxes_above(const umbra_chain *chain, double bits) {
  uint32_t count = 0;
  for (double have = 0; count < chain->auxes && have <= bits; count++)
    have += log2(chain->prime[umbra_chain_aux(chain) + count]);
  return count;
}

/* Of every level: the auxiliary primes that it uses are the fewest that exceed its largest digit; keys have those of all
 * their levels. */
static void check_auxes(const umbra_chain *chain) {
  uint32_t most = 1;
  for (uint32_t l = 0; l < chain->total_levels; l++) {
    double largest = 0;
    for (uint32_t j = 0; j < chain->digits; j++) {
      double digit = 0;
      for (uint32_t i = chain->digit_begin[j]; i < chain->digit_begin[j + 1]; i++)
        if (i >= chain->window[l].first && i < umbra_window_end(chain->window[l])) digit += log2(chain->prime[i]);
      largest = fmax(largest, digit);
    }
    const uint32_t used = auxes_above(chain, largest);
    most = used > most ? used : most;
    assert_int_equal(umbra_switch_auxes(chain, chain->window[l]), used);
    assert_int_equal(umbra_key_auxes(chain, l), most);
  }
  double base = 0;
  for (uint32_t i = chain->window[0].first; i < umbra_window_end(chain->window[0]); i++) base += log2(chain->prime[i]);
  assert_int_equal(umbra_whole_auxes(chain, chain->window[0]), auxes_above(chain, base));
}

static void test_auxes_by_level(void **state) {
  (void)state;
  static const uint8_t used[] = {2, 3, 5, 6, 7, 9, 10, 11, 12, 12, 11, 12, 12, 11, 12, 12, 12, 12};
  for (const char *const *name = umbra_params_presets(); *name; name++) {
    umbra_params *params = from_preset(*name);
    check_auxes(&params->chain);
    if (strcmp(*name, "boot-64k-40") == 0) {
      for (uint32_t l = 0; l < params->chain.total_levels; l++)
        assert_int_equal(umbra_switch_auxes(&params->chain, params->chain.window[l]), l < sizeof used ? used[l] : 12);
      assert_int_equal(umbra_whole_auxes(&params->chain, params->chain.window[0]), 2);
    }
    umbra_params_destroy(params);
  }
}

static void test_sizes(void **state) {
  (void)state;
  umbra_params *params = from_preset("n14-d7-s40");
  const uint64_t limb = 4u << 14;
  assert_int_equal(umbra_params_limbs(params, 0), 2);
  assert_int_equal(umbra_params_limbs(params, 7), 11);
  assert_int_equal(umbra_params_limbs(params, 8), 0);
  assert_int_equal(umbra_params_ciphertext_bytes(params, 7), 22 * limb);
  assert_int_equal(umbra_params_key_bytes(params, 0), 2 * 1 * (2 + 2) * limb);
  assert_int_equal(umbra_params_key_bytes(params, 7), 2 * 7 * (13 + 2) * limb);
  assert_int_equal(umbra_params_key_bytes(params, 8), 0);
  assert_int_equal(umbra_params_dnum(params), 6);
  assert_true(umbra_params_scale(params, 8) == 0 && umbra_params_log_q(params, 8) == 0);
  umbra_params_destroy(params);
}

static void test_handles(void **state) {
  (void)state;
  umbra_params *params = from_preset("n13-d2-s40");
  umbra_params *shared = umbra_params_share(params);
  umbra_params_destroy(params);
  assert_int_equal(umbra_params_depth(shared), 2);
  umbra_params_destroy(shared);
  umbra_params_destroy(NULL);
  params = NULL;
  umbra_alloc_fail_after(0);
  assert_int_equal(umbra_params_from_preset(&params, "n13-d2-s40"), UMBRA_ERROR_OUT_OF_MEMORY);
  umbra_alloc_fail_after(-1);
  assert_null(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_primality),
      cmocka_unit_test(test_primes_of_a_ring),
      cmocka_unit_test(test_log2),
      cmocka_unit_test(test_exp2),
      cmocka_unit_test(test_reach),
      cmocka_unit_test(test_smallest_ring),
      cmocka_unit_test(test_sweep),
      cmocka_unit_test(test_keyless_sets),
      cmocka_unit_test(test_keyless_reach),
      cmocka_unit_test(test_keyless_descriptions),
      cmocka_unit_test(test_presets),
      cmocka_unit_test(test_digests),
      cmocka_unit_test(test_refused_needs),
      cmocka_unit_test(test_refused_refreshes),
      cmocka_unit_test(test_twins),
      cmocka_unit_test(test_faulty_literals),
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_security_table),
      cmocka_unit_test(test_insecure_sets_say_so),
      cmocka_unit_test(test_descriptions),
      cmocka_unit_test(test_auxes_by_level),
      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_handles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
