/* SPDX-License-Identifier: Apache-2.0 */
#include "double_double.h"

#include <math.h>

/* a + b exactly, if |a| >= |b|. */
static umbra_dd quick_sum(double a, double b) {
  double sum = a + b;
  return (umbra_dd){sum, b - (sum - a)};
}

/* a + b exactly. */
static umbra_dd sum(double a, double b) {
  double sum = a + b, part = sum - a;
  return (umbra_dd){sum, (a - (sum - part)) + (b - part)};
}

/* a in two halves of 26 bits. */
static umbra_dd halves(double a) {
  double large = 0x1p27 * a + a;
  double high = large - (large - a);
  return (umbra_dd){high, a - high};
}

/* a * b exactly. */
static umbra_dd product(double a, double b) {
  double product = a * b;
  umbra_dd x = halves(a), y = halves(b);
  return (umbra_dd){product, ((x.high * y.high - product) + x.high * y.low + x.low * y.high) + x.low * y.low};
}

umbra_dd umbra_dd_add(umbra_dd a, umbra_dd b) {
  umbra_dd high = sum(a.high, b.high), low = sum(a.low, b.low);
  high = quick_sum(high.high, high.low + low.high);
  return quick_sum(high.high, high.low + low.low);
}

umbra_dd umbra_dd_sub(umbra_dd a, umbra_dd b) { return umbra_dd_add(a, umbra_dd_negate(b)); }

umbra_dd umbra_dd_mul(umbra_dd a, umbra_dd b) {
  umbra_dd high = product(a.high, b.high);
  return quick_sum(high.high, high.low + (a.high * b.low + a.low * b.high));
}

/* Long division by two digits and a third for rounding. */
umbra_dd umbra_dd_div(umbra_dd a, umbra_dd b) {
  double first = a.high / b.high;
  umbra_dd rest = umbra_dd_sub(a, umbra_dd_mul(umbra_dd_of(first), b));
  double second = rest.high / b.high;
  rest = umbra_dd_sub(rest, umbra_dd_mul(umbra_dd_of(second), b));
  return umbra_dd_add(quick_sum(first, second), umbra_dd_of(rest.high / b.high));
}

/* One step of Newton's from the root of the upper half. */
umbra_dd umbra_dd_sqrt(umbra_dd a) {
  double root = sqrt(a.high);
  umbra_dd rest = umbra_dd_sub(a, product(root, root));
  return quick_sum(root, rest.high / (2 * root));
}

static umbra_dd power(umbra_dd a, unsigned k) {
  umbra_dd result = umbra_dd_of(1);
  while (k--) result = umbra_dd_mul(result, a);
  return result;
}

/* Newton's method from above, where it decreases until only rounding is left. */
umbra_dd umbra_dd_root(umbra_dd a, unsigned k) {
  umbra_dd root = umbra_dd_of(a.high > 1 ? 1 + (a.high - 1) / k : 1), step;
  do {
    umbra_dd slope = power(root, k - 1);
    umbra_dd excess = umbra_dd_sub(umbra_dd_mul(slope, root), a);
    step = umbra_dd_div(excess, umbra_dd_mul(slope, umbra_dd_of(k)));
    root = umbra_dd_sub(root, step);
  } while (step.high > 0x1p-60 * root.high);
  return root;
}

umbra_dd umbra_dd_two_pi(void) { return (umbra_dd){0x1.921fb54442d18p+2, 0x1.1a62633145c07p-52}; }

/* 1 - square / (k (k + 1)) (1 - square / ((k + 2) (k + 3)) (1 - ...)): cosine for k = 1, sine over angle for k = 2. */
static umbra_dd alternating(umbra_dd square, int k) {
  const int last = 28; /* (pi / 4)^28 / 28! is below 2^-107 */
  umbra_dd value = umbra_dd_of(1);
  for (int i = k + last; i >= k; i -= 2) {
    umbra_dd factor = umbra_dd_div(square, umbra_dd_of((double)i * (i + 1)));
    value = umbra_dd_sub(umbra_dd_of(1), umbra_dd_mul(factor, value));
  }
  return value;
}

umbra_dd_circle umbra_dd_turn(umbra_dd t) {
  double quarters = rint(4 * (t.high - rint(t.high)));
  umbra_dd whole = umbra_dd_add(umbra_dd_of(rint(t.high)), umbra_dd_of(quarters / 4));
  umbra_dd angle = umbra_dd_mul(umbra_dd_two_pi(), umbra_dd_sub(t, whole));
  umbra_dd square = umbra_dd_mul(angle, angle);
  umbra_dd cosine = alternating(square, 1), sine = umbra_dd_mul(angle, alternating(square, 2));
  switch ((int)quarters) {
    case 0: return (umbra_dd_circle){cosine, sine};
    case 1: return (umbra_dd_circle){umbra_dd_negate(sine), cosine};
    case -1: return (umbra_dd_circle){sine, umbra_dd_negate(cosine)};
    default: return (umbra_dd_circle){umbra_dd_negate(cosine), umbra_dd_negate(sine)};
  }
}
