/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Keys and fresh encryptions opened with the secret: what remains of each is an error of the right size on every prime,
 * and nothing else. All public material is over the modulus that the security table was asked about.
 */
#include "scheme.h"

#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/galois.h"
#include "host/ckks/keys_internal.h"
#include "host/ckks/secret.h"
#include "host/ring/ops.h"

enum { LARGEST_ERROR = 21 };

static const int32_t steps[] = {1, -7};
static scheme s;
static umbra_ring *ring;
static const umbra_chain *chain;
static umbra_stream *stream;
static umbra_window all; /* of all levels */

/* ---- polynomials over all primes, or over a part of them ---- */

static umbra_poly poly_over(umbra_window window, uint32_t aux) {
  umbra_poly poly;
  assert_ok(umbra_poly_create(&poly, ring, 1, window, aux, "a test"));
  return poly;
}

/* The secret over those primes. */
static umbra_poly secret_over(umbra_window window, uint32_t aux) {
  umbra_poly poly = poly_over(window, aux);
  umbra_view view = umbra_poly_view(&poly, ring);
  assert_ok(umbra_small_expand(&view, s.context, stream, s.secret->ternary));
  return poly;
}

/* dst = b + a * secret. */
static void open_pair(const umbra_poly *dst, const umbra_view *b, const umbra_view *a, const umbra_poly *secret) {
  umbra_view to = umbra_poly_view(dst, ring), with = umbra_poly_view(secret, ring);
  umbra_ring_mul(ring, stream, &to, a, &with);
  umbra_ring_add(ring, stream, &to, &to, b);
}

static int32_t centred(uint32_t residue, uint32_t q) {
  return residue > q / 2 ? (int32_t)(residue - q) : (int32_t)residue;
}

typedef struct moments {
  double mean, variance, largest;
} moments;

/* Of the coefficients, which must be the same small integers modulo every prime. */
static moments coefficients(const umbra_poly *poly, const char *what) {
  uint32_t n = umbra_ring_n(ring), limbs = poly->window.count + poly->aux;
  int32_t *value = malloc(n * sizeof *value);
  uint32_t *host = malloc(umbra_poly_bytes(poly, ring));
  assert_non_null(value);
  assert_non_null(host);
  umbra_view view = umbra_poly_view(poly, ring);
  umbra_ring_to_coefficients(ring, stream, &view, &view);
  umbra_ring_download(ring, stream, host, poly->data, umbra_poly_bytes(poly, ring));
  assert_ok(umbra_ring_wait(ring, stream));
  moments m = {0};
  for (uint32_t i = 0; i < limbs; i++) {
    uint32_t q = chain->prime[umbra_view_position(&view, i)];
    for (uint32_t k = 0; k < n; k++) {
      int32_t c = centred(host[(size_t)i * n + k], q);
      if (i == 0) value[k] = c;
      if (c != value[k]) fail_msg("%s: coefficient %u is not small modulo %u", what, k, q);
    }
  }
  for (uint32_t k = 0; k < n; k++) {
    m.mean += value[k] / (double)n;
    m.variance += (double)value[k] * value[k] / n;
    m.largest = fmax(m.largest, abs(value[k]));
  }
  free(host);
  free(value);
  return m;
}

/* An error of the centred binomial distribution: variance 10.5, at most 21. */
static void check_error(const umbra_poly *poly, const char *what) {
  moments m = coefficients(poly, what);
  double n = umbra_ring_n(ring);
  if (!(m.largest <= LARGEST_ERROR)) fail_msg("%s: an error of %g", what, m.largest);
  if (!(fabs(m.mean) < 6 * sqrt(10.5 / n))) fail_msg("%s: the errors' mean is %g", what, m.mean);
  if (!(fabs(m.variance / 10.5 - 1) < 6 * sqrt(2 / n))) fail_msg("%s: the errors' variance is %g", what, m.variance);
}

/* ---- secret and public key ---- */

static void secret_key(void **state) {
  (void)state;
  uint32_t n = umbra_ring_n(ring), count[3] = {0};
  for (uint32_t i = 0; i < n; i++) {
    assert_in_range(s.secret->ternary[i] + 1, 0, 2);
    count[s.secret->ternary[i] + 1]++;
  }
  for (int k = 0; k < 3; k++) assert_true(fabs(count[k] - n / 3.0) < 6 * sqrt(n * 2 / 9.0));
}

static void public_key(void **state) {
  (void)state;
  const umbra_poly *key = &s.public->poly;
  assert_true(key->window.first == all.first && key->window.count == all.count && key->aux == 1);
  umbra_poly secret = secret_over(all, 1), error = poly_over(all, 1);
  umbra_view both = umbra_poly_view(key, ring), b = umbra_view_poly(&both, 0), a = umbra_view_poly(&both, 1);
  open_pair(&error, &b, &a, &secret);
  check_error(&error, "the public key");
  umbra_poly_destroy(&secret, ring);
  umbra_poly_destroy(&error, ring);
}

/* ---- evaluation keys ---- */

/* The secret that the key switches from, and the one under which it is: see eval_keys_generate.c. */
static void key_secrets(const umbra_eval_key *key, const umbra_poly *secret, const umbra_poly *other, int *from_other) {
  umbra_view to = umbra_poly_view(other, ring), from = umbra_poly_view(secret, ring);
  uint32_t n = umbra_ring_n(ring);
  *from_other = key->kind == UMBRA_KEY_RELINEARIZE;
  if (*from_other) umbra_ring_mul(ring, stream, &to, &from, &from);
  else
    umbra_ring_automorphism(ring, stream, &to, &from,
                            umbra_galois_inverse(umbra_key_galois(key->kind, key->rotation, n), n));
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* opened -= P * from on the primes of digit j. */
static void take_gadget(const umbra_poly *opened, const umbra_eval_key *key, const umbra_poly *from, uint32_t j) {
  uint32_t position = key->key.digits.first + j;
  uint32_t first = larger(chain->digit_begin[position], opened->window.first);
  uint32_t end = smaller(chain->digit_begin[position + 1], umbra_window_end(opened->window));
  umbra_window own = {(uint16_t)first, (uint16_t)(end - first)};
  umbra_poly product = poly_over(own, 0);
  umbra_view src = umbra_poly_subview(from, ring, 0, 1, own, 0), dst = umbra_poly_view(&product, ring);
  umbra_view part = umbra_poly_subview(opened, ring, 0, 1, own, 0);
  umbra_ring_mul_primes(ring, stream, &dst, &src, umbra_chain_aux(chain), chain->auxes);
  umbra_ring_sub(ring, stream, &part, &part, &dst);
  umbra_poly_destroy(&product, ring);
}

static void check_key(const umbra_eval_key *key) {
  umbra_window window = key->key.poly.window;
  uint32_t auxes = umbra_key_auxes(chain, key->level);
  umbra_poly secret = secret_over(window, auxes), other = poly_over(window, auxes), opened = poly_over(window, auxes);
  umbra_view pairs = umbra_poly_view(&key->key.poly, ring);
  int from_other;
  assert_int_equal(key->key.poly.aux, auxes);
  key_secrets(key, &secret, &other, &from_other);
  for (uint32_t j = 0; j < key->key.digits.count; j++) {
    umbra_view b = umbra_view_poly(&pairs, 2 * j), a = umbra_view_poly(&pairs, 2 * j + 1);
    open_pair(&opened, &b, &a, from_other ? &secret : &other);
    take_gadget(&opened, key, from_other ? &other : &secret, j);
    check_error(&opened, "an evaluation key");
  }
  umbra_poly_destroy(&secret, ring);
  umbra_poly_destroy(&other, ring);
  umbra_poly_destroy(&opened, ring);
}

static void evaluation_keys(void **state) {
  (void)state;
  assert_int_equal(s.keys->count, 4);
  for (size_t i = 0; i < s.keys->count; i++) {
    check_key(&s.keys->key[i]);
    for (size_t k = 0; k < i; k++) assert_memory_not_equal(s.keys->key[i].seed, s.keys->key[k].seed, UMBRA_SEED_BYTES);
  }
}

/* Keys for a lower level live in what its levels need, no more: their modulus is smaller. */
static void keys_of_a_lower_level(void **state) {
  (void)state;
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, s.params));
  assert_ok(umbra_key_needs_rotation(needs, steps[0], 1));
  umbra_eval_keys *keys = keys_for(s.secret, needs);
  umbra_window needed = umbra_chain_union(chain, 1);
  assert_memory_equal(&keys->key[0].key.poly.window, &needed, sizeof needed);
  assert_true(needed.count < all.count && keys->key[0].key.poly.aux < chain->auxes);
  check_key(&keys->key[0]);
  umbra_eval_keys_destroy(keys);
}

/* No key has a prime beyond the modulus that umbra_params_log_qp states. */
static void moduli(void **state) {
  (void)state;
  double log_qp = 0;
  for (uint32_t i = 0; i < umbra_chain_primes(chain); i++) log_qp += log2(chain->prime[i]);
  assert_true(fabs(log_qp - umbra_params_log_qp(s.params)) < 1e-9);
  assert_true(all.first == 0 && all.count == umbra_chain_aux(chain));
}

/* ---- fresh encryptions ---- */

static umbra_poly open_ciphertext(const umbra_ciphertext *x, const umbra_plaintext *plain) {
  umbra_poly secret = secret_over(x->poly.window, 0), opened = poly_over(x->poly.window, 0);
  umbra_view both = umbra_poly_view(&x->poly, ring), c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  umbra_view message = umbra_poly_view(&plain->poly, ring), to = umbra_poly_view(&opened, ring);
  open_pair(&opened, &c0, &c1, &secret);
  umbra_ring_sub(ring, stream, &to, &to, &message);
  umbra_poly_destroy(&secret, ring);
  return opened;
}

static void encryption_under_the_secret_key(void **state) {
  (void)state;
  uint64_t random = 1;
  vector v = vector_random(&random, 64, 1);
  for (uint32_t level = 0; level < chain->levels; level++) {
    umbra_ciphertext *x = NULL;
    umbra_plaintext *plain = encode_vector(&s, &v, level);
    assert_ok(umbra_encrypt_symmetric(&x, s.secret, plain));
    umbra_poly error = open_ciphertext(x, plain);
    check_error(&error, "an encryption under the secret key");
    assert_true(worst_error(&s, x, &v) <= umbra_ciphertext_error_bound(x));
    umbra_poly_destroy(&error, ring);
    umbra_plaintext_destroy(plain);
    umbra_ciphertext_destroy(x);
  }
  vector_destroy(&v);
}

/* Rounding of two polynomials, one times the secret: variance n / 18 + 1 / 12, of which the tracked estimate speaks. */
static void encryption_under_the_public_key(void **state) {
  (void)state;
  uint64_t random = 2;
  double n = umbra_ring_n(ring), expected = n / 18 + 1.0 / 12;
  vector v = vector_random(&random, 64, 1);
  for (uint32_t level = 0; level < chain->levels; level++) {
    umbra_plaintext *plain = encode_vector(&s, &v, level);
    umbra_ciphertext *x = NULL;
    assert_ok(umbra_encrypt(&x, s.public, plain));
    umbra_poly error = open_ciphertext(x, plain);
    moments m = coefficients(&error, "an encryption under the public key");
    if (!(fabs(m.variance / expected - 1) < 0.2)) fail_msg("variance %g, expected %g", m.variance, expected);
    assert_true(fabs(m.mean) < 6 * sqrt(expected / n));
    assert_true(worst_error(&s, x, &v) <= umbra_ciphertext_error_bound(x));
    umbra_poly_destroy(&error, ring);
    umbra_plaintext_destroy(plain);
    umbra_ciphertext_destroy(x);
  }
  vector_destroy(&v);
}

/* ---- key switches ---- */

/* Variance of a switch's error before its rounding: of each digit, k primes with product Q, n * 10.5 * k Q^2 / 12 P'^2. */
static double switch_variance(uint32_t level) {
  double n = umbra_ring_n(ring), log_used = 0, variance = 0;
  umbra_window window = chain->window[level];
  for (uint32_t i = 0; i < umbra_switch_auxes(chain, window); i++)
    log_used += log2(chain->prime[umbra_chain_aux(chain) + i]);
  for (uint32_t j = 0; j < chain->digits; j++) {
    double log_digit = -log_used, primes = 0;
    for (uint32_t i = larger(chain->digit_begin[j], window.first);
         i < smaller(chain->digit_begin[j + 1], umbra_window_end(window)); i++, primes++)
      log_digit += log2(chain->prime[i]);
    variance += n * 10.5 * primes / 12 * exp2(2 * log_digit);
  }
  return variance;
}

/* Of an encryption of 0, rotated, nothing remains but the errors of encryption, switch and rounding; at every level. */
static void rotations(void **state) {
  (void)state;
  double n = umbra_ring_n(ring), most = 0;
  vector zero = vector_make(64);
  for (uint32_t level = 0; level < chain->levels; level++) {
    umbra_plaintext *plain = encode_vector(&s, &zero, level);
    umbra_ciphertext *x = NULL;
    assert_ok(umbra_encrypt_symmetric(&x, s.secret, plain));
    assert_ok(umbra_rotate(s.evaluator, &x, x, steps[0]));
    umbra_poly error = open_ciphertext(x, plain);
    moments m = coefficients(&error, "a rotation");
    double expected = 10.5 + switch_variance(level) + n / 18 + 1.0 / 12;
    if (!(fabs(m.variance / expected - 1) < 0.2)) fail_msg("level %u: %g, not %g", level, m.variance, expected);
    double estimate = x->estimate.bound.error * exp2(umbra_log2_bits(chain->log_scale[level])) / sqrt(n);
    assert_true(fabs(estimate * estimate / (expected + 1.0 / 12) - 1) < 0.001);
    most = fmax(most, switch_variance(level));
    umbra_poly_destroy(&error, ring);
    umbra_ciphertext_destroy(x);
    umbra_plaintext_destroy(plain);
  }
  assert_true(most > n / 18 / 3); /* so that more than the rounding was seen */
  vector_destroy(&zero);
}

/* Of one plaintext, all residues of both halves differ but for chance. */
static void encryptions_differ(void **state) {
  (void)state;
  uint64_t random = 3;
  vector v = vector_random(&random, 64, 1);
  umbra_plaintext *plain = encode_vector(&s, &v, UMBRA_TOP_LEVEL);
  umbra_ciphertext *x[4] = {0};
  for (int i = 0; i < 4; i++)
    assert_ok(i < 2 ? umbra_encrypt(&x[i], s.public, plain) : umbra_encrypt_symmetric(&x[i], s.secret, plain));
  size_t count = umbra_poly_bytes(&x[0]->poly, ring) / sizeof(uint32_t);
  for (int i = 1; i < 4; i++) {
    size_t equal = 0;
    for (size_t k = 0; k < count; k++) equal += x[i]->poly.data[k] == x[i - 1]->poly.data[k];
    assert_in_range(equal, 0, 3);
  }
  for (int i = 0; i < 4; i++) umbra_ciphertext_destroy(x[i]);
  umbra_plaintext_destroy(plain);
  vector_destroy(&v);
}

/* Owners: one for each secret key, carried by all that is made from it. */
static void owners(void **state) {
  (void)state;
  uint8_t owner[UMBRA_OWNER_BYTES], other[UMBRA_OWNER_BYTES];
  umbra_secret_key *key = NULL;
  umbra_secret_key_owner(s.secret, owner);
  umbra_public_key_owner(s.public, other);
  assert_memory_equal(owner, other, sizeof owner);
  umbra_eval_keys_owner(s.keys, other);
  assert_memory_equal(owner, other, sizeof owner);
  assert_ok(umbra_secret_key_generate(&key, s.context));
  umbra_secret_key_owner(key, other);
  assert_memory_not_equal(owner, other, sizeof owner);
  umbra_secret_key_destroy(key);
}

static int open_all(void **state) {
  (void)state;
  scheme_open(&s, test_params(12, 40, 4), "ref", steps, 2); /* device memory of ref is readable */
  ring = s.context->ring;
  chain = umbra_context_chain(s.context);
  all = umbra_chain_union(chain, chain->levels - 1);
  assert_ok(umbra_ring_stream_open(&stream, ring));
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_ring_stream_close(stream, ring);
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(secret_key),
      cmocka_unit_test(public_key),
      cmocka_unit_test(evaluation_keys),
      cmocka_unit_test(keys_of_a_lower_level),
      cmocka_unit_test(moduli),
      cmocka_unit_test(encryption_under_the_secret_key),
      cmocka_unit_test(encryption_under_the_public_key),
      cmocka_unit_test(rotations),
      cmocka_unit_test(encryptions_differ),
      cmocka_unit_test(owners),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
