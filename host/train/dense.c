/* SPDX-License-Identifier: Apache-2.0 */
#include "dense.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/calls.h"
#include "../ckks/trace.h"
#include "../ckks/verbs.h"
#include "../linalg/parts.h"

umbra_dense umbra_dense_of(size_t rows, size_t columns, uint32_t positions, uint32_t stride) {
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_WRAPPED, .stride = stride,
                                .slots = positions * stride};
  (void)umbra_layout_choose(&layout, rows, columns, layout.slots);
  return (umbra_dense){
      .rows = rows, .columns = columns, .layout = layout, .diagonals = umbra_layout_wrapped_diagonals(rows)};
}

size_t umbra_dense_parts(const umbra_dense *d) { return umbra_layout_parts(&d->layout, d->rows, d->columns); }

static int32_t steps_of(const umbra_dense *d, uint32_t positions) { return (int32_t)(positions * d->layout.stride); }

/* ---- sums ---- */

/* *x += y, which is used up; NULL is 0. */
static umbra_status add_to(umbra_evaluator *evaluator, umbra_ciphertext **x, umbra_ciphertext *y) {
  if (!*x) {
    *x = y;
    return UMBRA_OK;
  }
  umbra_status status = umbra_add(evaluator, x, *x, y);
  umbra_ciphertext_destroy(y);
  return status;
}

/* *x = *x turned, plus y, which is used up; NULL is 0: a step of Horner's rule, with one key for all. */
static umbra_status turn_and_add(umbra_evaluator *evaluator, umbra_ciphertext **x, int32_t steps, umbra_ciphertext *y) {
  umbra_status status = *x ? umbra_rotate(evaluator, x, *x, steps) : UMBRA_OK;
  if (status == UMBRA_OK) return add_to(evaluator, x, y);
  umbra_ciphertext_destroy(y);
  return status;
}

umbra_status umbra_dense_rotate(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *x,
                                int32_t first, uint32_t count, int32_t step) {
  int32_t *steps;
  UMBRA_TRY(umbra_alloc(&steps, count, sizeof *steps, "a list of rotations"));
  for (uint32_t k = 0; k < count; k++) steps[k] = (first + (int32_t)k) * step;
  umbra_status status = umbra_rotate_many(evaluator, outs, x, steps, count);
  umbra_free(steps);
  return status;
}

umbra_status umbra_dense_turn(umbra_evaluator *evaluator, umbra_ciphertext **babies, const umbra_dense *d,
                              const umbra_ciphertext *x) {
  return umbra_dense_rotate(evaluator, babies, x, 0, umbra_dense_babies(d), steps_of(d, 1));
}

umbra_status umbra_dense_turn_back(umbra_evaluator *evaluator, umbra_ciphertext **giants, const umbra_dense *d,
                                   const umbra_ciphertext *x) {
  return umbra_dense_rotate(evaluator, giants, x, 0, umbra_dense_giants(d), -steps_of(d, umbra_dense_babies(d)));
}

/* ---- forward and backward ---- */

static umbra_status dot(umbra_evaluator *evaluator, umbra_ciphertext **out, umbra_ciphertext *const *a,
                        umbra_ciphertext *const *b, size_t count) {
  return umbra_dot(evaluator, out, (const umbra_ciphertext *const *)a, (const umbra_ciphertext *const *)b, count);
}

static umbra_status dot_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, umbra_ciphertext *const *a,
                              umbra_plaintext *const *b, size_t count) {
  return umbra_dot_plain(evaluator, out, (const umbra_ciphertext *const *)a, (const umbra_plaintext *const *)b, count);
}

/* What is turned, of the two the one that is not NULL. */
typedef struct factors {
  umbra_ciphertext *const *x;
  umbra_plaintext *const *plain;
} factors;

static umbra_status go_forward(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_dense *d,
                               umbra_ciphertext *const *diagonal, const factors *babies) {
  const uint32_t count = umbra_dense_babies(d);
  umbra_ciphertext *sum = NULL;
  umbra_status status = UMBRA_OK;
  for (uint32_t g = umbra_dense_giants(d); g-- && status == UMBRA_OK;) {
    umbra_ciphertext *const *of_giant = diagonal + (size_t)g * count, *products = NULL;
    status = babies->x ? dot(evaluator, &products, of_giant, babies->x, count)
                       : dot_plain(evaluator, &products, of_giant, babies->plain, count);
    if (status == UMBRA_OK) status = turn_and_add(evaluator, &sum, steps_of(d, count), products);
  }
  if (status == UMBRA_OK)
    status = umbra_add_rotations(evaluator, &sum, (size_t)d->diagonals * d->layout.stride, d->layout.slots, 1);
  return umbra_result_hand_out(out, sum, status);
}

umbra_status umbra_dense_forward(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_dense *d,
                                 umbra_ciphertext *const *diagonal, umbra_ciphertext *const *babies) {
  UMBRA_TRACE(evaluator, "dense_forward", babies[0]);
  return go_forward(evaluator, out, d, diagonal, &(factors){.x = babies});
}

static void destroy_all(umbra_plaintext **plain, size_t count) {
  for (size_t i = 0; i < count; i++) umbra_plaintext_destroy(plain[i]);
}

umbra_status umbra_dense_forward_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_dense *d,
                                       umbra_ciphertext *const *diagonal, const umbra_features *features, size_t part) {
  UMBRA_TRACE(evaluator, "dense_forward_plain", diagonal[0]);
  const uint32_t count = umbra_dense_babies(d), level = umbra_ciphertext_level(diagonal[0]);
  umbra_plaintext **babies;
  UMBRA_TRY(umbra_alloc(&babies, count, sizeof(umbra_plaintext *), "features"));
  umbra_status status = umbra_features_turn(babies, count, evaluator->context, features, &d->layout, part, level);
  if (status == UMBRA_OK) status = go_forward(evaluator, out, d, diagonal, &(factors){.plain = babies});
  destroy_all(babies, count);
  umbra_free(babies);
  return status;
}

/* The diagonals that baby step t has of each giant step. */
static void choose_baby(umbra_ciphertext **chosen, const umbra_dense *d, umbra_ciphertext *const *diagonal,
                        uint32_t t) {
  for (uint32_t g = 0; g < umbra_dense_giants(d); g++) chosen[g] = diagonal[(size_t)g * umbra_dense_babies(d) + t];
}

static umbra_status back(umbra_evaluator *evaluator, umbra_ciphertext **sum, const umbra_dense *d,
                         umbra_ciphertext *const *diagonal, umbra_ciphertext *const *giants,
                         umbra_ciphertext **chosen) {
  for (uint32_t t = umbra_dense_babies(d); t--;) {
    umbra_ciphertext *products = NULL;
    choose_baby(chosen, d, diagonal, t);
    UMBRA_TRY(dot(evaluator, &products, chosen, giants, umbra_dense_giants(d)));
    UMBRA_TRY(turn_and_add(evaluator, sum, -steps_of(d, 1), products));
  }
  return UMBRA_OK;
}

umbra_status umbra_dense_backward(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_dense *d,
                                  umbra_ciphertext *const *diagonal, umbra_ciphertext *const *giants) {
  UMBRA_TRACE(evaluator, "dense_backward", giants[0]);
  umbra_ciphertext **chosen, *sum = NULL;
  UMBRA_TRY(umbra_alloc(&chosen, umbra_dense_giants(d), sizeof(umbra_ciphertext *), "a layer"));
  umbra_status status = back(evaluator, &sum, d, diagonal, giants, chosen);
  umbra_free(chosen);
  return umbra_result_hand_out(out, sum, status);
}

/* ---- gradients ---- */

/* The babies t of all parts at the level of the errors, in the clear or not; and room for the errors that they meet. */
typedef struct column {
  umbra_ciphertext **x, **e;
  umbra_plaintext **plain; /* NULL: they are in x */
  size_t parts;
} column;

/* Where they come from, of the two the one that is not NULL. */
typedef struct inputs {
  umbra_ciphertext *const *babies; /* of all parts */
  const umbra_features *features;
} inputs;

/* Brought down or encoded once for all giant steps. */
static umbra_status take_babies(umbra_evaluator *evaluator, const column *c, const umbra_dense *d, const inputs *from,
                                uint32_t t, uint32_t level) {
  for (size_t k = 0; k < c->parts; k++) {
    if (from->babies) {
      UMBRA_TRY(umbra_level_drop(evaluator, &c->x[k], from->babies[k * umbra_dense_babies(d) + t], level));
      continue;
    }
    umbra_plaintext_destroy(c->plain[k]);
    c->plain[k] = NULL;
    UMBRA_TRY(umbra_features_encode(&c->plain[k], evaluator->context, from->features, &d->layout, k, t, level));
  }
  return UMBRA_OK;
}

static umbra_status add_product(umbra_evaluator *evaluator, umbra_ciphertext **sum, const column *c,
                                const umbra_dense *d, umbra_ciphertext *const *giants, uint32_t g) {
  umbra_ciphertext *products = NULL;
  for (size_t k = 0; k < c->parts; k++) c->e[k] = giants[k * umbra_dense_giants(d) + g];
  UMBRA_TRY(c->plain ? dot_plain(evaluator, &products, c->e, c->plain, c->parts)
                     : dot(evaluator, &products, c->x, c->e, c->parts));
  return add_to(evaluator, sum, products);
}

static umbra_status add_products(umbra_evaluator *evaluator, umbra_ciphertext **sums, const column *c,
                                 const umbra_dense *d, const inputs *from, umbra_ciphertext *const *giants) {
  const uint32_t count = umbra_dense_babies(d), level = umbra_ciphertext_level(giants[0]);
  for (uint32_t t = 0; t < count; t++) {
    UMBRA_TRY(take_babies(evaluator, c, d, from, t, level));
    for (uint32_t g = 0; g < umbra_dense_giants(d); g++)
      UMBRA_TRY(add_product(evaluator, &sums[(size_t)g * count + t], c, d, giants, g));
  }
  return UMBRA_OK;
}

umbra_status umbra_dense_gradient(umbra_evaluator *evaluator, umbra_ciphertext **sums, const umbra_dense *d,
                                  umbra_ciphertext *const *babies, umbra_ciphertext *const *giants, size_t parts) {
  UMBRA_TRACE(evaluator, "dense_gradient", giants[0]);
  column c = {.parts = parts};
  UMBRA_TRY(umbra_alloc(&c.x, 2 * parts, sizeof *c.x, "a gradient"));
  c.e = c.x + parts;
  umbra_status status = add_products(evaluator, sums, &c, d, &(inputs){.babies = babies}, giants);
  umbra_parts_destroy(c.x, parts);
  return status;
}

umbra_status umbra_dense_gradient_plain(umbra_evaluator *evaluator, umbra_ciphertext **sums, const umbra_dense *d,
                                        const umbra_features *features, umbra_ciphertext *const *giants, size_t parts) {
  UMBRA_TRACE(evaluator, "dense_gradient_plain", giants[0]);
  column c = {.parts = parts};
  UMBRA_TRY(umbra_alloc(&c.e, parts, sizeof *c.e, "a gradient"));
  umbra_status status = umbra_alloc(&c.plain, parts, sizeof *c.plain, "a gradient");
  if (status == UMBRA_OK) {
    status = add_products(evaluator, sums, &c, d, &(inputs){.features = features}, giants);
    destroy_all(c.plain, parts);
  }
  umbra_free(c.plain);
  umbra_free(c.e);
  return status;
}

/* ---- the gradient as the weights lie ---- */

/* The factor at the last place of each run of diagonal i, where it has an element. */
static void fill_last(double *slot, const umbra_dense *d, uint32_t i, double factor) {
  const uint32_t stride = d->layout.stride;
  umbra_element element;
  for (uint32_t run = 0; run < d->layout.slots; run += stride) {
    const umbra_place place = {i / stride, run + i % stride, 0};
    slot[run + stride - 1] = umbra_layout_element(&element, &d->layout, d->rows, d->columns, place) ? factor : 0;
  }
}

/* *gathered = one more diagonal: its sum over all records, at the last place of each run; those before move up. */
static umbra_status gather_one(umbra_evaluator *evaluator, umbra_ciphertext **gathered, const umbra_dense *d,
                               const umbra_ciphertext *sum, const double *slot) {
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  umbra_ciphertext *x = NULL;
  umbra_plaintext *mask = NULL;
  options.level = umbra_ciphertext_level(sum);
  options.slots = d->layout.slots;
  umbra_status status = umbra_encode(&mask, evaluator->context, slot, d->layout.slots, &options);
  if (status == UMBRA_OK) status = umbra_ciphertext_copy(&x, sum);
  if (status == UMBRA_OK) status = umbra_add_rotations(evaluator, &x, 1, d->layout.stride, -1);
  if (status == UMBRA_OK) status = umbra_mul_plain(evaluator, &x, x, mask);
  umbra_plaintext_destroy(mask);
  if (status == UMBRA_OK) return turn_and_add(evaluator, gathered, 1, x);
  umbra_ciphertext_destroy(x);
  return status;
}

/* *x = x + its conjugate. */
static umbra_status add_conjugate(umbra_evaluator *evaluator, umbra_ciphertext **x) {
  umbra_ciphertext *conjugate = NULL;
  UMBRA_TRY(umbra_conjugate(evaluator, &conjugate, *x));
  return add_to(evaluator, x, conjugate);
}

static umbra_status gather_part(umbra_evaluator *evaluator, umbra_ciphertext **gathered, const umbra_dense *d,
                                umbra_ciphertext *const *sums, uint32_t first, double factor) {
  const uint32_t stride = d->layout.stride, count = umbra_min_u32(stride, d->diagonals - first);
  double *slot;
  UMBRA_TRY(umbra_alloc(&slot, d->layout.slots, sizeof *slot, "a mask"));
  umbra_status status = UMBRA_OK;
  for (uint32_t i = first; i < first + count && status == UMBRA_OK; i++) {
    fill_last(slot, d, i, factor);
    status = gather_one(evaluator, gathered, d, sums[i], slot);
  }
  umbra_free(slot);
  if (status == UMBRA_OK && count < stride)
    status = umbra_rotate(evaluator, gathered, *gathered, (int32_t)(stride - count));
  return status == UMBRA_OK ? add_conjugate(evaluator, gathered) : status;
}

umbra_status umbra_dense_gather(umbra_evaluator *evaluator, umbra_ciphertext **gathered, const umbra_dense *d,
                                umbra_ciphertext *const *sums, double factor) {
  UMBRA_TRACE(evaluator, "dense_gather", sums[0]);
  const uint32_t stride = d->layout.stride;
  for (uint32_t first = 0; first < d->diagonals; first += stride)
    UMBRA_TRY(gather_part(evaluator, &gathered[first / stride], d, sums, first, factor));
  return UMBRA_OK;
}
