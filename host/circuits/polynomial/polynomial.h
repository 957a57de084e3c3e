/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Polynomials of ciphertexts in the Chebyshev basis, after Paterson and Stockmeyer, with exact scales and lazy
 * relinearisation (Bossuat et al., eprint 2020/1203).
 *
 * A polynomial is a tree of nodes. A node is the sum of `child node times T_m`, m a power of two, and of multiples of
 * T_k: one sum of products, hence one relinearisation (none without children) and one rescale, one level above its
 * parent. Its scale is what its parent needs, down from the wanted one of the whole.
 */
#ifndef UMBRA_CIRCUITS_POLYNOMIAL_POLYNOMIAL_H
#define UMBRA_CIRCUITS_POLYNOMIAL_POLYNOMIAL_H

#include <umbra/polynomial.h>

#include "../../ckks/scaled.h"

enum {
  UMBRA_POLYNOMIAL_TERMS = UMBRA_MAX_DEGREE + 1,
  UMBRA_POLYNOMIAL_NODES = UMBRA_POLYNOMIAL_TERMS / 2,
  UMBRA_POLYNOMIAL_PRODUCTS = 8 /* of one node */
};

/* Terms and products [first, first + count) of the polynomial's. */
typedef struct umbra_polynomial_node {
  uint16_t first_term, terms, first_product, products;
  double constant;
} umbra_polynomial_node;

typedef struct umbra_polynomial {
  uint32_t degree; /* of the highest coefficient that is not 0 */
  uint32_t depth;  /* levels: ceil(log2(degree + 1)) */
  uint32_t nodes, terms, products;
  umbra_polynomial_node node[UMBRA_POLYNOMIAL_NODES]; /* children before parents: the last is the root */
  struct {
    uint32_t k; /* T_k */
    double coefficient;
  } term[UMBRA_POLYNOMIAL_TERMS];
  struct {
    uint32_t node, k; /* that node times T_k */
  } product[UMBRA_POLYNOMIAL_NODES];
  uint32_t switches; /* key switches of an evaluation, with those of its basis */
} umbra_polynomial;

/* The cheapest tree of sum c_k T_k, k <= degree <= UMBRA_MAX_DEGREE. */
void umbra_polynomial_plan(umbra_polynomial *polynomial, const double *c, uint32_t degree);

/* The T_k of one input: made when they are first needed, kept for all polynomials of that input. */
typedef struct umbra_basis umbra_basis;

/*
 * |x| <= 1 in all slots, as the tracked bounds assume. x must outlive the basis; key: that of relinearisation at x's
 * level, or NULL if no polynomial needs any switch.
 */
umbra_status umbra_basis_create(umbra_basis **basis, umbra_evaluator *evaluator, const umbra_scaled *x,
                                const umbra_eval_key *relinearization);
void umbra_basis_destroy(umbra_basis *basis);

/*
 * *made = the polynomial of the basis's input, `depth` levels below it, at exactly that scale. The degree is at least
 * 1. RANGE if a coefficient is too large for a level.
 */
umbra_status umbra_polynomial_eval(umbra_scaled *made, umbra_basis *basis, const umbra_polynomial *polynomial,
                                   umbra_log2 log_scale);

/*
 * outs[i] = umbra_chebyshev_eval of x[i]. Where launches cost, inputs of one level with the same estimate are evaluated side
 * by side, if memory is there for that; bits are the same. On failure some outputs may have been made. outs[i] may be x[i],
 * and no other input.
 */
umbra_status umbra_chebyshev_eval_each(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                       const umbra_ciphertext *const *x, size_t count, const double *coefficients,
                                       uint32_t degree);

#endif
