/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of tiles, Jiang, Kim, Lauter, Song (CCS 2018), of side d: with L the left and R the right factor, and T(u, v) a
 * shift by u rows and v columns (which is one rotation: rows have twice the length, and L is there twice),
 *
 *     A B = sum over k < d of T(0, k) L * T(k, 0) R.
 *
 * With k = g b + i that is the sum over g of T(gb, 0) [ sum over i < b of T(-gb, gb + i) L * T(i, 0) R ], so R has b
 * rotations instead of d, and there are d / b relinearisations. The giant steps of L are a chain, and those of the sums,
 * which come round after d rows, Horner's rule: each takes one key.
 */
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/evaluator_internal.h"
#include "multiply.h"

enum { MOST_BABIES = 16 }; /* of the largest tiles of the largest ring: 128 x 128 */

/* rights and lefts: rotated factors, of each part the baby steps. */
typedef struct tile_product {
  umbra_evaluator *evaluator;
  const umbra_matrix *left, *right;
  umbra_matrix *out;
  size_t down, inner, across; /* parts of left, and of right */
  uint32_t babies, giants;
  int32_t line;                                 /* slots of a row of all tiles */
  umbra_ciphertext **rights, **lefts, **turned; /* [across][inner][babies], [inner][babies], [inner]: giant steps */
} tile_product;

static size_t rights_of(const tile_product *p) { return p->across * p->inner * p->babies; }
static size_t lefts_of(const tile_product *p) { return p->inner * p->babies; }

/* Each baby step saves relinearisations and rotations of sums, and costs a rotation of R: the largest b <= sqrt(2 d). */
static uint32_t babies_for(uint32_t side) {
  uint32_t babies = 1;
  while (4 * babies * babies <= 2 * side) babies *= 2;
  return babies;
}

static umbra_status rotate_babies(const tile_product *p, umbra_ciphertext **rotated, const umbra_ciphertext *x,
                                  int32_t step) {
  int32_t steps[MOST_BABIES];
  for (uint32_t i = 0; i < p->babies; i++) steps[i] = (int32_t)i * step;
  return umbra_rotate_many(p->evaluator, rotated, x, steps, p->babies);
}

static umbra_status rotate_rights(const tile_product *p) {
  for (size_t j = 0; j < p->across; j++)
    for (size_t k = 0; k < p->inner; k++)
      UMBRA_TRY(
          rotate_babies(p, p->rights + (j * p->inner + k) * p->babies, p->right->part[k * p->across + j], p->line));
  return UMBRA_OK;
}

/* Those of a row of parts for giant step g, which follow from those for the one before. */
static umbra_status rotate_lefts(const tile_product *p, size_t row, uint32_t g) {
  const int32_t giant = (int32_t)p->babies * (1 - p->line);
  for (size_t k = 0; k < p->inner; k++) {
    const umbra_ciphertext *part = p->left->part[row * p->inner + k];
    if (g) UMBRA_TRY(umbra_rotate(p->evaluator, &p->turned[k], g > 1 ? p->turned[k] : part, giant));
    UMBRA_TRY(rotate_babies(p, p->lefts + k * p->babies, g ? p->turned[k] : part, 1));
  }
  return UMBRA_OK;
}

/* *sum = T(-b, 0) [*sum + the products of a giant step]; *sum NULL: 0. */
static umbra_status add_products(const tile_product *p, umbra_ciphertext **sum, size_t column) {
  const umbra_ciphertext *const *lefts = (const umbra_ciphertext *const *)p->lefts;
  const umbra_ciphertext *const *rights = (const umbra_ciphertext *const *)p->rights + column * lefts_of(p);
  umbra_ciphertext *products = NULL;
  umbra_status status = umbra_dot(p->evaluator, &products, lefts, rights, lefts_of(p));
  if (status == UMBRA_OK && *sum) status = umbra_add(p->evaluator, &products, *sum, products);
  if (status == UMBRA_OK) status = umbra_rotate(p->evaluator, sum, products, -(int32_t)p->babies * p->line);
  umbra_ciphertext_destroy(products);
  return status;
}

static umbra_status multiply_row(const tile_product *p, size_t row, uint32_t g) {
  UMBRA_TRY(rotate_lefts(p, row, g));
  for (size_t j = 0; j < p->across; j++) UMBRA_TRY(add_products(p, &p->out->part[row * p->across + j], j));
  return UMBRA_OK;
}

static umbra_status multiply(const tile_product *p) {
  UMBRA_TRY(rotate_rights(p));
  const size_t steps = p->down * p->giants;
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < steps && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(&p->evaluator->watch, i, steps);
    status = multiply_row(p, i / p->giants, (uint32_t)(i % p->giants));
    umbra_watch_leave(&p->evaluator->watch, part);
  }
  return status;
}

umbra_status umbra_multiply_tiles(umbra_evaluator *evaluator, umbra_matrix *out, const umbra_matrix *left,
                                  const umbra_matrix *right) {
  const uint32_t side = left->layout.stride;
  tile_product p = {.evaluator = evaluator, .left = left, .right = right, .out = out, .babies = babies_for(side)};
  p.giants = side / p.babies;
  p.line = (int32_t)(left->layout.slots / side);
  p.inner = umbra_quotient_above(right->rows, side);
  p.down = left->parts / p.inner;
  p.across = right->parts / p.inner;
  const size_t count = rights_of(&p) + lefts_of(&p) + p.inner;
  UMBRA_TRY(umbra_alloc(&p.rights, count, sizeof *p.rights, "a product of matrices"));
  p.lefts = p.rights + rights_of(&p);
  p.turned = p.lefts + lefts_of(&p);
  umbra_status status = multiply(&p);
  for (size_t i = 0; i < count; i++) umbra_ciphertext_destroy(p.rights[i]);
  umbra_free(p.rights);
  return status;
}
