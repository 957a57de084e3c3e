/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products with encrypted diagonals, after Halevi, Shoup (CRYPTO 2014). With a block of A's rows in the slots of each
 * position, and D_k the k-th generalised diagonal of a block of B,
 *
 *     A B = sum over k of D_k * (A turned by k positions) = sum over g of [ sum over i of D'_(g+i) * A turned by i ]
 *
 * turned by g, where D' are diagonals that their owner has turned back by g. The sums of all blocks of B above each other
 * are relinearised together; giant steps are Horner's rule, with one key.
 */
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/evaluator_internal.h"
#include "multiply.h"

typedef struct diagonal_product {
  umbra_evaluator *evaluator;
  const umbra_matrix *a, *b;
  const umbra_later_matrix *later; /* NULL: b is there; else b is the block of its columns that is used now */
  umbra_matrix *out;
  umbra_diagonal_blocks blocks; /* of b; a block of a's rows has as many parts as they are down */
  uint32_t babies;
  umbra_ciphertext **turned;       /* [down][babies] of one block of a's rows */
  const umbra_ciphertext **x, **d; /* factors of one sum */
} diagonal_product;

static umbra_status turn(const diagonal_product *p, size_t row) {
  int32_t *steps;
  UMBRA_TRY(umbra_alloc(&steps, p->babies, sizeof *steps, "a list of rotations"));
  for (uint32_t i = 0; i < p->babies; i++) steps[i] = (p->blocks.first + (int32_t)i) * (int32_t)p->a->layout.stride;
  umbra_status status = UMBRA_OK;
  for (size_t k = 0; k < p->blocks.down && status == UMBRA_OK; k++)
    status = umbra_rotate_many(p->evaluator, p->turned + k * p->babies, p->a->part[row * p->blocks.down + k], steps,
                               p->babies);
  umbra_free(steps);
  return status;
}

/* *sum = the products of a giant step with the blocks of a column. */
static umbra_status sum_products(const diagonal_product *p, umbra_ciphertext **sum, size_t column, size_t giant) {
  const size_t diagonals = p->blocks.diagonals, across = p->later ? 1 : p->blocks.across;
  size_t count = 0;
  for (size_t k = 0; k < p->blocks.down; k++) {
    umbra_ciphertext *const *block = p->b->part + (k * across + column) * diagonals;
    for (size_t i = 0; i < p->babies && giant + i < diagonals; i++, count++) {
      p->x[count] = p->turned[k * p->babies + i];
      p->d[count] = block[giant + i];
    }
  }
  return umbra_dot(p->evaluator, sum, p->x, p->d, count);
}

static umbra_status multiply_column(const diagonal_product *p, umbra_ciphertext **sum, size_t column) {
  const int32_t step = (int32_t)(p->babies * p->a->layout.stride);
  umbra_ciphertext *products = NULL;
  size_t giants = umbra_quotient_above(p->blocks.diagonals, p->babies);
  umbra_status status = sum_products(p, sum, column, --giants * p->babies);
  while (giants-- && status == UMBRA_OK) {
    status = sum_products(p, &products, column, giants * p->babies);
    if (status == UMBRA_OK) status = umbra_rotate(p->evaluator, sum, *sum, step);
    if (status == UMBRA_OK) status = umbra_add(p->evaluator, sum, *sum, products);
  }
  umbra_ciphertext_destroy(products);
  return status;
}

/* The elements of a block of columns, zeros behind the last. */
typedef struct later_columns {
  const umbra_later_matrix *of;
  size_t first;
} later_columns;

static double later_element(umbra_element element, const void *source) {
  const later_columns *c = source;
  const umbra_matrix_source *s = c->of->source;
  const umbra_element there = {element.row, c->first + element.column};
  return there.column < c->of->columns ? s->element(there, s->source) : 0;
}

static umbra_status multiply_later_column(const diagonal_product *p, umbra_ciphertext **sum, size_t column) {
  const umbra_later_matrix *b = p->later;
  const size_t positions = b->layout.slots / b->layout.stride, wide = b->columns < positions ? b->columns : positions;
  const later_columns columns = {b, column * positions};
  const umbra_matrix_source source = {later_element, &columns, b->source->bound};
  const umbra_encryptor by = {.context = p->evaluator->context};
  umbra_matrix *made = NULL;
  UMBRA_TRY(umbra_matrix_encrypt_source(&made, by, &source, b->rows, wide, &b->layout, b->level, NULL));
  diagonal_product of_column = *p;
  of_column.b = made;
  const umbra_status status = multiply_column(&of_column, sum, 0);
  umbra_matrix_destroy(made);
  return status;
}

static umbra_status multiply_block(const diagonal_product *p, size_t row) {
  umbra_ciphertext **sum = p->out->part + row * p->blocks.across;
  UMBRA_TRY(turn(p, row));
  for (size_t j = 0; j < p->blocks.across; j++) {
    UMBRA_TRY(umbra_watch_step(&p->evaluator->watch, j, p->blocks.across));
    UMBRA_TRY(p->later ? multiply_later_column(p, &sum[j], j) : multiply_column(p, &sum[j], j));
  }
  return UMBRA_OK;
}

static umbra_status multiply(const diagonal_product *p) {
  const size_t rows = p->a->parts / p->blocks.down;
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < rows && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(&p->evaluator->watch, i, rows);
    status = multiply_block(p, i);
    umbra_watch_leave(&p->evaluator->watch, part);
  }
  return status;
}

/* b of rows and columns in that layout. */
static umbra_status run(diagonal_product *p, const umbra_matrix_layout *layout, size_t rows, size_t columns) {
  p->blocks = umbra_layout_diagonals(layout, rows, columns);
  p->babies = layout->group < p->blocks.diagonals ? layout->group : (uint32_t)p->blocks.diagonals;
  const size_t count = p->blocks.down * p->babies;
  UMBRA_TRY(umbra_alloc(&p->turned, count, sizeof *p->turned, "a product of matrices"));
  umbra_status status = umbra_alloc(&p->x, 2 * count, sizeof *p->x, "a product of matrices");
  p->d = p->x + count;
  if (status == UMBRA_OK) status = multiply(p);
  for (size_t i = 0; i < count; i++) umbra_ciphertext_destroy(p->turned[i]);
  umbra_free(p->x);
  umbra_free(p->turned);
  return status;
}

umbra_status umbra_multiply_diagonals(umbra_evaluator *evaluator, umbra_matrix *out, const umbra_matrix *a,
                                      const umbra_matrix *b) {
  diagonal_product p = {.evaluator = evaluator, .a = a, .b = b, .out = out};
  return run(&p, &b->layout, b->rows, b->columns);
}

umbra_status umbra_multiply_later_diagonals(umbra_evaluator *evaluator, umbra_matrix *out, const umbra_matrix *a,
                                            const umbra_later_matrix *b) {
  diagonal_product p = {.evaluator = evaluator, .a = a, .later = b, .out = out};
  return run(&p, &b->layout, b->rows, b->columns);
}
