/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of 106 bits as unevaluated sums of two doubles, from + - * / and sqrt alone: the same on every machine.
 * A sum or product is off by a few 2^-105 of itself (a sum of opposite signs: of its larger operand), a quotient, root
 * or cosine by a few 2^-102. Algorithms of Dekker and Knuth, as in Hida, Li, Bailey, "Library for double-double and
 * quad-double arithmetic", 2007.
 */
#ifndef UMBRA_BASE_DOUBLE_DOUBLE_H
#define UMBRA_BASE_DOUBLE_DOUBLE_H

typedef struct umbra_dd {
  double high, low; /* |low| is at most half a last place of high: high is the number rounded to double */
} umbra_dd;

static inline umbra_dd umbra_dd_of(double x) { return (umbra_dd){x, 0}; }
static inline umbra_dd umbra_dd_negate(umbra_dd a) { return (umbra_dd){-a.high, -a.low}; }

/* By a power of two. */
static inline umbra_dd umbra_dd_scale(umbra_dd a, double power) { return (umbra_dd){a.high * power, a.low * power}; }

umbra_dd umbra_dd_add(umbra_dd a, umbra_dd b);
umbra_dd umbra_dd_sub(umbra_dd a, umbra_dd b);
umbra_dd umbra_dd_mul(umbra_dd a, umbra_dd b);
umbra_dd umbra_dd_div(umbra_dd a, umbra_dd b);
umbra_dd umbra_dd_sqrt(umbra_dd a); /* a > 0 */

umbra_dd umbra_dd_root(umbra_dd a, unsigned k); /* the k-th, a > 0, k > 0 */

umbra_dd umbra_dd_two_pi(void);

/* cos(2 pi t) and sin(2 pi t). */
typedef struct umbra_dd_circle {
  umbra_dd cosine, sine;
} umbra_dd_circle;
umbra_dd_circle umbra_dd_turn(umbra_dd t);

#endif
