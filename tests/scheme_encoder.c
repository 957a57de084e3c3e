/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The encoder against the definition, summed directly in long double: slot j of a vector of m slots is the polynomial's
 * value at zeta^(5^j), zeta = e^(i pi / n), and the polynomial is one in X^(n / 2m).
 */
#include "scheme.h"

#include "host/ckks/ciphertext_internal.h"
#include "host/ring/ops.h"
#include "kernels/modarith.h"

static const long double pi = 3.14159265358979323846264338327950288L;

/* ---- coefficients of a plaintext, from its residues ---- */

enum { LIMBS = 5 }; /* so many primes are looked at: 2^125 at least, and all of a level with fewer */

/* The residues in the coefficient domain, n for each limb of the window; free them. */
static uint32_t *residues_of(const umbra_plaintext *p) {
  umbra_ring *ring = p->context->ring;
  umbra_poly poly;
  umbra_stream *stream;
  uint32_t *host = malloc(umbra_poly_bytes(&p->poly, ring));
  assert_non_null(host);
  assert_ok(umbra_ring_stream_open(&stream, ring));
  assert_ok(umbra_poly_create(&poly, ring, 1, p->poly.window, 0, "a test"));
  umbra_view src = umbra_poly_view(&p->poly, ring), dst = umbra_poly_view(&poly, ring);
  umbra_ring_to_coefficients(ring, stream, &dst, &src);
  umbra_ring_download(ring, stream, host, poly.data, umbra_poly_bytes(&poly, ring));
  assert_ok(umbra_stream_close(stream, p->context, UMBRA_OK));
  umbra_poly_destroy(&poly, ring);
  return host;
}

/* Whether every residue is that of one integer coefficient * 2^shift. */
static int is_integer(const umbra_plaintext *p, const uint32_t *residue, int64_t value, uint32_t shift) {
  const umbra_chain *chain = umbra_context_chain(p->context);
  uint32_t n = umbra_ring_n(p->context->ring);
  for (uint32_t i = 0; i < p->poly.window.count; i++) {
    uint32_t q = chain->prime[p->poly.window.first + i];
    if (residue[i * n] != umbra_mod_mul(umbra_mod_from_i64(value, q), umbra_mod_pow(2, shift, q), q)) return 0;
  }
  return 1;
}

/* ---- the definition ---- */

static uint32_t power_of_5(uint32_t j, uint32_t modulus) {
  uint32_t power = 1;
  while (j--) power = power * 5 % modulus;
  return power;
}

/* Coefficients of the vector, in units of 1, at exponents t n / 2m: the real part of 1/m sum z_j conj(root_j^t). */
static long double *coefficients_of(const vector *v) {
  uint32_t m = v->slots, order = 4 * m;
  long double *c = calloc(2 * (size_t)m, sizeof *c);
  number *root = malloc(order * sizeof *root);
  assert_non_null(c);
  assert_non_null(root);
  for (uint32_t k = 0; k < order; k++) root[k] = cexpl(2 * pi * I * k / order);
  for (uint32_t j = 0; j < m; j++) {
    uint32_t exponent = power_of_5(j, order);
    for (uint32_t t = 0; t < 2 * m; t++) c[t] += creall(v->value[j] * conjl(root[t * exponent % order])) / m;
  }
  free(root);
  return c;
}

/* ---- encoding ---- */

/* Largest difference of an encoded coefficient and the definition, in units of 2^shift. */
static long double check_encoding(const scheme *s, const vector *v, uint32_t level, uint32_t shift) {
  umbra_plaintext *p = encode_vector(s, v, level);
  uint32_t *residue = residues_of(p), n = umbra_ring_n(s->context->ring), gap = n / (2 * v->slots);
  long double *exact = coefficients_of(v), scale = umbra_params_scale(s->params, level), worst = 0;
  for (uint32_t i = 0; i < n; i++) {
    int64_t nearest = 0, found = 0;
    if (i % gap == 0) found = nearest = llrintl(ldexpl(exact[i / gap] * scale, -(int)shift));
    const int64_t reach = 1 << 12;
    while (found < nearest + reach && !is_integer(p, residue + i, found, shift))
      found = found <= nearest ? 2 * nearest - found + 1 : 2 * nearest - found;
    if (found >= nearest + reach) fail_msg("coefficient %u is no integer near its value", i);
    worst = fmaxl(worst, fabsl((long double)found - (i % gap ? 0 : ldexpl(exact[i / gap] * scale, -(int)shift))));
  }
  free(exact);
  free(residue);
  umbra_plaintext_destroy(p);
  return worst;
}

/* Every coefficient is the definition's, rounded to nearest, but for the rounding of the transform in binary64. */
static void encoding(void **test) {
  (void)test;
  scheme s;
  uint64_t state = 11;
  scheme_open(&s, test_params(11, 30, 3), NULL, NULL, 0);
  for (uint32_t slots = 1; slots <= 1024; slots *= 4) {
    for (int is_complex = 0; is_complex < 2; is_complex++) {
      vector v = vector_random(&state, slots, is_complex);
      long double worst = check_encoding(&s, &v, slots % 3, 0);
      if (!(worst < 0.51L)) fail_msg("%u slots: %Lf from the exact coefficient", slots, worst);
      vector_destroy(&v);
    }
  }
  scheme_close(&s);
}

/* Values beyond 2^62 at the scale: integers of 62 bits times a power of two. */
static void encoding_of_huge_values(void **test) {
  (void)test;
  static const int exponents[] = {15, 25, 50};
  scheme s;
  uint64_t state = 12;
  scheme_open(&s, test_params(11, 60, 4), NULL, NULL, 0);
  for (int k = 0; k < 3; k++) {
    vector v = vector_make(4);
    for (uint32_t j = 0; j < 4; j++) v.value[j] = ldexp(uniform(&state), exponents[k]);
    v.value[0] = ldexp(0.9, exponents[k]);
    umbra_plaintext *p = encode_vector(&s, &v, UMBRA_TOP_LEVEL);
    double found[8];
    assert_ok(umbra_decode_complex(found, 4, p));
    for (int j = 0; j < 4; j++)
      assert_true(cabsl(found[2 * j] + I * (number)found[2 * j + 1] - v.value[j]) < ldexp(1, exponents[k] - 48));
    umbra_plaintext_destroy(p);
    vector_destroy(&v);
  }
  scheme_close(&s);
}

/* ---- there and back ---- */

static void check_round_trip(const scheme *s, const vector *v, uint32_t level) {
  umbra_plaintext *p = encode_vector(s, v, level);
  double *found = malloc(2 * (size_t)v->slots * sizeof *found), size = 0, worst = 0;
  assert_non_null(found);
  assert_ok(umbra_decode_complex(found, v->slots, p));
  for (uint32_t j = 0; j < v->slots; j++) {
    size = fmax(size, (double)cabsl(v->value[j]));
    worst = fmax(worst, (double)cabsl(found[2 * j] + (number)found[2 * j + 1] * I - v->value[j]));
  }
  double rounding = sqrt((double)umbra_params_slots(s->params)) * 8 / umbra_params_scale(s->params, level);
  if (!(worst < rounding + size * 0x1p-48))
    fail_msg("%u slots, level %u, up to %g: %g off", v->slots, level, size, worst);
  free(found);
  umbra_plaintext_destroy(p);
}

static void round_trips(void **test) {
  (void)test;
  static const uint32_t scales[] = {25, 40, 60};
  for (int k = 0; k < 3; k++) {
    scheme s;
    uint64_t state = k;
    scheme_open(&s, test_params(11, scales[k], 6), NULL, NULL, 0);
    for (uint32_t slots = 1; slots <= 1024; slots *= 2)
      for (int exponent = -40; exponent <= 40; exponent += 8) {
        vector v = vector_random(&state, slots, slots & 0x155);
        for (uint32_t j = 0; j < slots; j++) v.value[j] *= ldexpl(1, exponent);
        check_round_trip(&s, &v, UMBRA_TOP_LEVEL);
        vector_destroy(&v);
      }
    scheme_close(&s);
  }
}

/* One huge value among tiny ones: all coefficients are far above what the few limbs of a usual message can hold. */
static void messages_beyond_a_few_limbs(void **test) {
  (void)test;
  scheme s;
  scheme_open(&s, test_params(11, 40, 8), NULL, NULL, 0);
  for (int exponent = 40; exponent <= 240; exponent += 20) {
    vector v = vector_make(1024);
    v.value[3] = ldexpl(1.25L, exponent);
    v.value[700] = ldexpl(-0.75L, exponent - 1) * I;
    check_round_trip(&s, &v, UMBRA_TOP_LEVEL);
    umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
    assert_true(worst_error(&s, x, &v) < ldexp(1, exponent - 45));
    umbra_ciphertext_destroy(x);
    vector_destroy(&v);
  }
  scheme_close(&s);
}

/* The real parts alone; and fewer values than slots, the rest being zeros. */
static void real_values(void **test) {
  (void)test;
  scheme s;
  umbra_plaintext *p = NULL;
  double values[3] = {0.5, -2, 0x1p-10}, found[1024];
  scheme_open(&s, test_params(11, 40, 2), NULL, NULL, 0);
  assert_ok(umbra_encode(&p, s.context, values, 3, NULL));
  assert_int_equal(umbra_plaintext_slots(p), 1024);
  assert_int_equal(umbra_plaintext_level(p), 2);
  assert_ok(umbra_decode(found, 1024, p));
  for (int j = 0; j < 1024; j++) assert_true(fabs(found[j] - (j < 3 ? values[j] : 0)) < 0x1p-30);
  umbra_plaintext_destroy(p);
  p = NULL;
  assert_ok(umbra_encode(&p, s.context, NULL, 0, NULL));
  assert_ok(umbra_decode(found, 0, p));
  assert_ok(umbra_decode(found, 1024, p));
  for (int j = 0; j < 1024; j++) assert_true(found[j] == 0);
  umbra_plaintext_destroy(p);
  scheme_close(&s);
}

/* A CPU has no transform of its own: bulk encoding and decoding give the same bits. */
static void bulk_on_a_cpu(void **test) {
  (void)test;
  umbra_params *params = test_params(11, 60, 2);
  double values[1024], found[2][1024];
  uint64_t state = 13;
  for (int j = 0; j < 1024; j++) values[j] = uniform(&state);
  for (int bulk = 0; bulk < 2; bulk++) {
    umbra_context *context = NULL;
    umbra_plaintext *p = NULL;
    umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .bulk_decode = bulk};
    umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .bulk = bulk};
    assert_ok(umbra_context_create(&context, &desc));
    assert_ok(umbra_encode(&p, context, values, 1024, &options));
    assert_ok(umbra_decode(found[bulk], 1024, p));
    umbra_plaintext_destroy(p);
    umbra_context_destroy(context);
  }
  assert_memory_equal(found[0], found[1], sizeof found[0]);
  umbra_params_destroy(params);
}

/* ---- limits ---- */

/* The largest powers of two that a level takes: almost the whole modulus; what is accepted comes back. */
static void values_up_to_the_modulus(void **test) {
  (void)test;
  scheme s;
  scheme_open(&s, test_params(11, 40, 4), NULL, NULL, 0);
  for (uint32_t level = 0; level <= 4; level++) {
    double room = umbra_params_log_q(s.params, level) - log2(umbra_params_scale(s.params, level));
    umbra_encode_options options = {.struct_size = sizeof options, .level = level, .slots = 1};
    int accepted = -1000;
    for (int exponent = 0; exponent < (int)room + 3; exponent++) {
      umbra_plaintext *p = NULL;
      double value = ldexp(-1, exponent), found = 0;
      umbra_status status = umbra_encode(&p, s.context, &value, 1, &options);
      if (status == UMBRA_OK) {
        accepted = exponent;
        assert_ok(umbra_decode(&found, 1, p));
        assert_true(fabs(found - value) <= fabs(value) * 0x1p-48 + 0x1p-38);
      } else {
        assert_int_equal(status, UMBRA_ERROR_RANGE);
        assert_non_null(strstr(umbra_last_error(), "too large for level"));
        assert_null(p);
      }
      umbra_plaintext_destroy(p);
    }
    assert_in_range(accepted, (int)room - 3, (int)room - 1);
  }
  scheme_close(&s);
}

/* Sums that overflow binary64 within the transform are refused like any other. */
static void values_at_the_edge_of_doubles(void **test) {
  (void)test;
  scheme s;
  umbra_plaintext *p = NULL;
  double values[1024];
  scheme_open(&s, test_params(11, 60, 2), NULL, NULL, 0);
  for (int j = 0; j < 1024; j++) values[j] = 1.7e308;
  assert_int_equal(umbra_encode(&p, s.context, values, 1024, NULL), UMBRA_ERROR_RANGE);
  for (int j = 0; j < 1024; j++) values[j] = j % 2 ? 5e-324 : -2e-308;
  assert_ok(umbra_encode(&p, s.context, values, 1024, NULL));
  assert_ok(umbra_decode(values, 1024, p));
  for (int j = 0; j < 1024; j++) assert_true(values[j] == 0);
  umbra_plaintext_destroy(p);
  scheme_close(&s);
}

/* Numbers whose squares overflow binary64 are no special case where the modulus holds them. */
static void values_with_huge_squares(void **test) {
  (void)test;
  scheme s;
  scheme_open(&s, test_params(11, 60, 12), NULL, NULL, 0);
  vector v = vector_make(2);
  v.value[0] = 0x1.8p600L;
  umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
  assert_true(worst_error(&s, x, &v) < 0x1p555);
  assert_true(umbra_ciphertext_magnitude(x) >= 0x1.8p600 && umbra_ciphertext_magnitude(x) <= 0x1p602);
  assert_true(isfinite(umbra_ciphertext_error_bound(x)));
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  scheme_close(&s);
}

/* Residues that nothing made, modulo more than a double holds: an error, and no value is touched. */
static void values_beyond_doubles(void **state) {
  (void)state;
  umbra_context *context = NULL;
  umbra_params *params = test_params(11, 40, 28);
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params};
  umbra_encode_options options = {.struct_size = sizeof options, .level = 28};
  umbra_plaintext *p = NULL;
  uint64_t random = 9;
  double value = 7;
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_encode(&p, context, &value, 1, &options));
  const umbra_chain *chain = umbra_context_chain(context);
  assert_true(umbra_log2_bits(umbra_chain_log_product(chain, p->poly.window.first, p->poly.window.count)) > 1030);
  for (uint32_t limb = 0; limb < p->poly.window.count; limb++)
    for (uint32_t i = 0; i < umbra_ring_n(context->ring); i++)
      p->poly.data[limb * umbra_ring_n(context->ring) + i] = below(&random, chain->prime[p->poly.window.first + limb]);
  assert_fails(umbra_decode(&value, 1, p), UMBRA_ERROR_RANGE, "no double");
  assert_true(value == 7);
  umbra_plaintext_destroy(p);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(encoding),
      cmocka_unit_test(encoding_of_huge_values),
      cmocka_unit_test(round_trips),
      cmocka_unit_test(messages_beyond_a_few_limbs),
      cmocka_unit_test(real_values),
      cmocka_unit_test(bulk_on_a_cpu),
      cmocka_unit_test(values_up_to_the_modulus),
      cmocka_unit_test(values_at_the_edge_of_doubles),
      cmocka_unit_test(values_with_huge_squares),
      cmocka_unit_test(values_beyond_doubles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
