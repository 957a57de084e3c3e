/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key recovery from decrypted values, by linear algebra (Li, Micciancio, EUROCRYPT 2021): from a message M = c0 + c1 s that
 * is known exactly follows s = (M - c0) / c1, at each evaluation point of one prime. Attackers have ciphertexts, values, and
 * what is public; how many coefficients of the secret they found is counted with the key. From noise that hides all, a
 * coefficient is right with the probability of one in a prime.
 */
#ifndef UMBRA_TESTS_DISCLOSURE_H
#define UMBRA_TESTS_DISCLOSURE_H

#include "scheme.h"

#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/keys_internal.h"
#include "host/ring/ops.h"
#include "kernels/modarith.h"

enum { CHANCE = 1 }; /* coefficients that are right by chance, at most: of 4096 the expectation is 2^-17 */

/* The first limb of polynomials, in the evaluation domain. */
typedef struct limb {
  uint32_t *word;
  uint32_t n, prime;
} limb;

static inline limb limb_of(const scheme *s, const umbra_poly *poly, uint32_t part) {
  const umbra_view view = umbra_poly_view(poly, s->context->ring);
  const umbra_chain *chain = umbra_context_chain(s->context);
  const uint32_t n = umbra_ring_n(s->context->ring);
  limb l = {malloc(n * sizeof *l.word), n, chain->prime[poly->window.first]};
  assert_non_null(l.word);
  memcpy(l.word, poly->data + part * view.stride, n * sizeof *l.word);
  return l;
}

/* Its conjugate's, or its plain coefficients. */
static inline limb limb_changed(const scheme *s, const limb *in, umbra_window window, int to_coefficients) {
  umbra_ring *ring = s->context->ring;
  umbra_poly from, to;
  umbra_stream *stream;
  window.count = 1;
  assert_ok(umbra_poly_create(&from, ring, 1, window, 0, "a test"));
  assert_ok(umbra_poly_create(&to, ring, 1, window, 0, "a test"));
  memcpy(from.data, in->word, in->n * sizeof *in->word);
  const umbra_view src = umbra_poly_view(&from, ring), dst = umbra_poly_view(&to, ring);
  assert_ok(umbra_ring_stream_open(&stream, ring));
  if (to_coefficients) umbra_ring_to_coefficients(ring, stream, &dst, &src);
  else umbra_ring_automorphism(ring, stream, &dst, &src, 2 * in->n - 1);
  assert_ok(umbra_stream_close(stream, s->context, UMBRA_OK));
  limb made = limb_of(s, &to, 0);
  umbra_poly_destroy(&from, ring);
  umbra_poly_destroy(&to, ring);
  return made;
}

/* Coefficients of s that are right, of a guess whose evaluations are plain numbers. */
static inline uint32_t right_coefficients(const scheme *s, limb *guess, umbra_window window) {
  const uint32_t q = guess->prime, r = (uint32_t)((UINT64_C(1) << 32) % q);
  for (uint32_t i = 0; i < guess->n; i++) guess->word[i] = umbra_mod_mul(guess->word[i], r, q);
  limb found = limb_changed(s, guess, window, 1);
  uint32_t right = 0;
  for (uint32_t i = 0; i < found.n; i++) right += found.word[i] == umbra_mod_from_i64(s->secret->ternary[i], q);
  free(found.word);
  return right;
}

static inline umbra_plaintext *encode_pairs(const scheme *s, const double *pairs, const umbra_ciphertext *like) {
  umbra_plaintext *made = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = umbra_ciphertext_slots(like)};
  options.level = umbra_ciphertext_level(like);
  assert_ok(umbra_encode_complex(&made, s->context, pairs, options.slots, &options));
  return made;
}

/* From all slots, both parts. */
static inline uint32_t attack_complex(const scheme *s, const umbra_ciphertext *c, const double *pairs) {
  umbra_plaintext *message = encode_pairs(s, pairs, c);
  limb m = limb_of(s, &message->poly, 0), c0 = limb_of(s, &c->poly, 0), c1 = limb_of(s, &c->poly, 1);
  for (uint32_t i = 0; i < m.n; i++)
    m.word[i] =
        umbra_mod_mul(umbra_mod_sub(m.word[i], c0.word[i], m.prime), umbra_mod_inv(c1.word[i], m.prime), m.prime);
  const uint32_t right = right_coefficients(s, &m, c->poly.window);
  free(m.word);
  free(c0.word);
  free(c1.word);
  umbra_plaintext_destroy(message);
  return right;
}

/* An equation in s and its conjugate, a s + b conj(s) = c, from the real parts of all slots. */
typedef struct equation {
  limb a, b, c;
} equation;

static inline equation equation_of(const scheme *s, const umbra_ciphertext *x, const double *reals) {
  const uint32_t slots = umbra_ciphertext_slots(x);
  double *doubled = calloc(slots, 2 * sizeof *doubled); /* M + conj(M) has twice the real parts */
  assert_non_null(doubled);
  for (uint32_t j = 0; j < slots; j++) doubled[2 * j] = 2 * reals[j];
  umbra_plaintext *message = encode_pairs(s, doubled, x);
  limb c0 = limb_of(s, &x->poly, 0), c0_conjugate = limb_changed(s, &c0, x->poly.window, 0);
  equation e = {.a = limb_of(s, &x->poly, 1), .c = limb_of(s, &message->poly, 0)};
  e.b = limb_changed(s, &e.a, x->poly.window, 0);
  for (uint32_t i = 0; i < e.c.n; i++)
    e.c.word[i] = umbra_mod_sub(umbra_mod_sub(e.c.word[i], c0.word[i], e.c.prime), c0_conjugate.word[i], e.c.prime);
  free(c0.word);
  free(c0_conjugate.word);
  free(doubled);
  umbra_plaintext_destroy(message);
  return e;
}

static inline void equation_clear(equation *e) {
  free(e->a.word);
  free(e->b.word);
  free(e->c.word);
}

/* a d - b c */
static inline uint32_t determinant(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t q) {
  return umbra_mod_sub(umbra_mod_mul(a, d, q), umbra_mod_mul(b, c, q), q);
}

/* From the real parts of two ciphertexts, by Cramer's rule. */
static inline uint32_t attack_real(const scheme *s, const umbra_ciphertext *const x[2], const double *const reals[2]) {
  equation e = equation_of(s, x[0], reals[0]), f = equation_of(s, x[1], reals[1]);
  const uint32_t q = e.a.prime;
  for (uint32_t i = 0; i < e.a.n; i++) {
    const uint32_t above = determinant(e.c.word[i], e.b.word[i], f.c.word[i], f.b.word[i], q);
    const uint32_t below_it = determinant(e.a.word[i], e.b.word[i], f.a.word[i], f.b.word[i], q);
    e.c.word[i] = below_it ? umbra_mod_mul(above, umbra_mod_inv(below_it, q), q) : 0;
  }
  const uint32_t right = right_coefficients(s, &e.c, x[0]->poly.window);
  equation_clear(&e);
  equation_clear(&f);
  return right;
}

#endif
