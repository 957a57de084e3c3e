/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The softmax of K scores within [-r, r], by two polynomials: E near the exponential, and Q near the inverse of
 * S = E(z_1) + ... + E(z_K), where that is within [K/2, K cosh(r)]; p_j = E(z_j) Q(S).
 *
 * Scores whose mean is 0, as they are at the beginning and as exact gradients leave them, have sums of at least K, by
 * Jensen, and of at most K cosh(r), since the exponential is convex. Of all polynomials of its degree Q has the least
 * relative error, 1 / |T_m(v)|, m = degree + 1:
 *
 *     Q = (1 - T_m(u) / T_m(v)) / S,    u: S mapped to [-1, 1], v: 0 mapped likewise
 *       = -(2 unit / T_m(v)) sum' U_(m-1-k)(v) T_k(u),    with half of the first term, unit = du / dS
 *
 * Nothing but + - * / is used, so that it is the same on every machine; E is fitted, and travels with the plan.
 */
#ifndef UMBRA_TRAIN_SOFTMAX_H
#define UMBRA_TRAIN_SOFTMAX_H

#include <umbra/train.h>

enum { UMBRA_SOFTMAX_TERMS = 128 };

typedef struct umbra_train_softmax {
  uint32_t degree;                     /* of Q; 0: the loss is another one */
  double unit, offset;                 /* u = unit S - offset */
  double inverse[UMBRA_SOFTMAX_TERMS]; /* coefficients of Q / unit, as E comes times the unit */
} umbra_train_softmax;

/* INVALID_ARGUMENT unless outputs and range are those of a softmax. */
umbra_status umbra_train_softmax_check(const umbra_train_options *options);

/*
 * Of checked options, with the sigmoid's, which are those of E. coefficient: degree + 1 of unit E, over the range. given:
 * they are there; else they are fitted. Errors: INVALID_ARGUMENT (a degree too low for the range), those of the fit.
 */
umbra_status umbra_train_softmax_make(umbra_train_softmax *softmax, double *coefficient,
                                      const umbra_train_options *options, int given);

/* Levels that it takes; degree: of E. */
uint32_t umbra_train_softmax_depth(const umbra_train_softmax *softmax, uint32_t degree);

/* The largest error that a probability has by these polynomials, as far as their own errors say. */
double umbra_train_softmax_error(const umbra_train_softmax *softmax, const double *coefficient,
                                 const umbra_sigmoid_options *options, size_t outputs);

/*
 * In the clear, by the polynomials: p of `outputs` scores z. Returns the range that these scores need: the largest, or
 * that of which the sum is the most or, below K, the least that may be.
 */
double umbra_train_softmax_values(double *p, const double *z, size_t outputs, const umbra_train_plan *plan);

/* Exactly; and the cross-entropy, -log p, of the output that should be 1. */
void umbra_train_softmax_exactly(double *p, const double *z, size_t outputs);
double umbra_train_softmax_loss(const double *z, size_t outputs, size_t wanted);

#endif
