/* SPDX-License-Identifier: Apache-2.0 */
#include "whole.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/random.h"
#include "ops.h"
#include "variance.h"

static void carry(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                  umbra_carriage how) {
  UMBRA_ENQUEUE(umbra_ring_whole(ring)->carry, stream, dst, src, &how);
}

void umbra_whole_add_error(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                           double variance) {
  carry(ring, stream, dst, src, (umbra_carriage){.factor = 1, .variance = variance, .galois = 1});
}

/* What a division from one window to another multiplies by. */
static double quotient(const umbra_ring *ring, umbra_window from, umbra_window to) {
  return umbra_log2_to_double(-umbra_divide_log_ratio(umbra_ring_chain(ring), from, to));
}

/* One ciphertext after the other: of two parts each, if there are several. */
void umbra_whole_divide(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                        const umbra_dividend *x) {
  const uint32_t parts = dst->polys == 3 ? 3 : umbra_min_u32(dst->polys, 2);
  const umbra_carriage how = {.factor = quotient(ring, x->window, to),
                              .variance = umbra_variance_of_rounding_parts(umbra_ring_chain(ring), parts),
                              .galois = 1};
  for (uint32_t p = 0; p < dst->polys; p += parts) {
    const umbra_view one = umbra_view_polys(dst, p, parts), of = umbra_view_polys(&x->view, p, parts);
    carry(ring, stream, &one, &of, how);
  }
}

/* ---- key switches ---- */

static void switch_once(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                        const umbra_switch_of *of, uint32_t galois) {
  const umbra_chain *chain = umbra_ring_chain(ring);
  const double factor = quotient(ring, of->window, to);
  const double variance =
      umbra_variance_of_switch(chain, of->window) * factor * factor + umbra_variance_of_rounding(chain);
  carry(ring, stream, dst, of->init, (umbra_carriage){.factor = factor, .variance = variance, .galois = galois});
}

void umbra_whole_switch(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                        const umbra_switch_of *of) {
  switch_once(ring, stream, dst, to, of, of->galois);
  umbra_ring_count_switches(ring, 1);
}

/* One division rounds the sum. */
void umbra_whole_switch_sum(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                            const umbra_rotation *rotation, size_t count, const umbra_switch_of *of) {
  const umbra_chain *chain = umbra_ring_chain(ring);
  for (size_t i = 0; i < count; i++) {
    const double rounding = i ? 0 : umbra_variance_of_rounding(chain);
    carry(ring, stream, dst, of->init,
          (umbra_carriage){.factor = 1,
                           .variance = umbra_variance_of_switch(chain, of->window) + rounding,
                           .galois = rotation[i].galois,
                           .accumulate = i > 0});
  }
  umbra_ring_count_switches(ring, count);
}

/* With the rounding of what is switched, if that was divided before and what it is added to, P times itself, was not. */
void umbra_whole_switch_add(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum, const umbra_switch_of *of) {
  const umbra_chain *chain = umbra_ring_chain(ring);
  const int divided = umbra_view_limbs(of->init) > of->window.count;
  const double rounding = divided ? umbra_variance_of_rounding(chain) : 0;
  const double variance = umbra_variance_of_switch(chain, of->window) + rounding;
  carry(ring, stream, sum, of->init,
        (umbra_carriage){.factor = 1, .variance = variance, .galois = of->galois, .accumulate = 1});
  umbra_ring_count_switches(ring, 1);
}

void umbra_whole_switch_many(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                             const umbra_rotation *rotation, size_t count, const umbra_switch_of *of) {
  for (size_t i = 0; i < count; i++) switch_once(ring, stream, &dst[i], of->window, of, rotation[i].galois);
  umbra_ring_count_switches(ring, count);
}

/* Their first polynomials: the others are 0. Rotations are not divided here, so nothing is rounded. */
static void fill_rotated(const umbra_ring *ring, umbra_stream *stream, const umbra_view *rotated,
                         const umbra_hoist *hoist) {
  const double variance = umbra_variance_of_switch(umbra_ring_chain(ring), hoist->window);
  const uint32_t itself = hoist->itself != 0;
  if (itself) {
    const umbra_view first = umbra_view_poly(rotated, 0);
    umbra_whole_add_error(ring, stream, &first, hoist->x, 0);
  }
  for (uint32_t r = 0; r < hoist->rotations; r++) {
    const umbra_view one = umbra_view_poly(rotated, r + itself);
    carry(ring, stream, &one, hoist->x,
          (umbra_carriage){.factor = 1, .variance = variance, .galois = hoist->rotation[r].galois});
  }
}

/* Where hoisted sums are made: of all rotated inputs, a plaintext, and the inputs' size. */
typedef struct sums {
  umbra_ring *ring;
  umbra_stream *stream;
  const umbra_hoist *hoist;
  uint32_t terms;
  umbra_view rotated, plain, size;
} sums;

static void add_product(const sums *s, const umbra_view *sum, const umbra_view *plain, uint32_t b, int first) {
  const umbra_view x = umbra_view_poly(&s->rotated, b);
  (first ? umbra_ring_mul : umbra_ring_mul_add)(s->ring, s->stream, sum, plain, &x);
}

/* Of plaintexts that are there. */
static void add_products(const sums *s, const umbra_view *sum, uint32_t g) {
  const umbra_view all = umbra_poly_view(s->hoist->plain, s->ring);
  for (uint32_t b = 0; b < s->terms; b++) {
    const umbra_view plain = umbra_view_poly(&all, g * s->terms + b);
    add_product(s, sum, &plain, b, b == 0);
  }
}

/* Of plaintexts that are made now. Their rounding errors times inputs are drawn at once, as if all had the same size. */
static umbra_status make_products(const sums *s, const umbra_view *sum, uint32_t g) {
  const umbra_plain_whole *made = &s->hoist->whole;
  uint32_t products = 0;
  for (uint32_t b = 0; b < s->terms; b++) {
    int empty;
    UMBRA_TRY(made->make((double *)(void *)s->plain.run->data, &empty, g * s->terms + b, made->source));
    if (!empty) add_product(s, sum, &s->plain, b, products++ == 0);
  }
  if (!products) umbra_ring_zero(s->ring, s->stream, sum);
  const double variance = umbra_variance_of_rounding_parts(umbra_ring_chain(s->ring), 1) * products / s->terms;
  UMBRA_ENQUEUE(umbra_ring_whole(s->ring)->add_error_of, s->stream, sum, &s->size, variance, made->log_gap);
  return UMBRA_OK;
}

static umbra_status fill_sums(const sums *s, const umbra_view *dst) {
  fill_rotated(s->ring, s->stream, &s->rotated, s->hoist);
  if (!s->hoist->plain) UMBRA_ENQUEUE(umbra_ring_whole(s->ring)->size, s->stream, &s->size, &s->rotated);
  for (uint32_t g = 0; g < dst->polys / 2; g++) {
    const umbra_view sum = umbra_view_poly(dst, 2 * g), other = umbra_view_poly(dst, 2 * g + 1);
    if (s->hoist->plain) add_products(s, &sum, g);
    else UMBRA_TRY(make_products(s, &sum, g));
    umbra_ring_zero(s->ring, s->stream, &other);
  }
  return UMBRA_OK;
}

umbra_status umbra_whole_hoisted_sums(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                      const umbra_hoist *hoist) {
  sums s = {.ring = ring, .stream = stream, .hoist = hoist, .terms = hoist->rotations + (hoist->itself != 0)};
  umbra_poly room;
  UMBRA_TRY(umbra_poly_create(&room, ring, s.terms + 2, hoist->window, 0, "rotated inputs"));
  const umbra_view all = umbra_poly_view(&room, ring);
  s.rotated = umbra_view_polys(&all, 0, s.terms);
  s.plain = umbra_view_poly(&all, s.terms);
  s.size = umbra_view_poly(&all, s.terms + 1);
  umbra_status status = fill_sums(&s, dst);
  umbra_ring_count_switches(ring, hoist->rotations);
  umbra_poly_destroy(&room, ring);
  return status;
}

/* ---- raising ---- */

static double product_of(const umbra_chain *chain, uint32_t first, uint32_t count) {
  return umbra_log2_to_double(umbra_chain_log_product(chain, first, count));
}

/*
 * The switch of one digit, uniform modulo q_0, to the ephemeral secret, its rounding, and that of the switch back, whose
 * own error its division leaves nothing of.
 */
static double variance_of_raise(const umbra_chain *chain) {
  const umbra_window base = chain->window[0];
  const double q0 = product_of(chain, base.first, base.count);
  const double ratio = q0 / product_of(chain, umbra_window_end(base), chain->bootstrap.sparse_primes);
  const double switched = (double)(1u << chain->log_n) * UMBRA_ERROR_VARIANCE / 12 * ratio * ratio;
  return switched + (chain->bootstrap.hamming + 1) / 12.0 + umbra_variance_of_rounding(chain);
}

void umbra_whole_raise(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *src) {
  const umbra_chain *chain = umbra_ring_chain(ring);
  const umbra_window base = chain->window[0];
  const umbra_view raised = umbra_view_poly(dst, 0), multiples = umbra_view_poly(dst, 1);
  UMBRA_ENQUEUE(umbra_ring_whole(ring)->overflow, stream, &multiples, chain->bootstrap.hamming);
  UMBRA_ENQUEUE(umbra_ring_whole(ring)->add_multiple, stream, &raised, src, &multiples,
                product_of(chain, base.first, base.count));
  umbra_whole_add_error(ring, stream, dst, dst, variance_of_raise(chain));
  umbra_ring_count_ephemeral_switch(ring);
  umbra_ring_count_ephemeral_switch(ring);
}
