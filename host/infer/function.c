/* SPDX-License-Identifier: Apache-2.0 */
#include "function.h"

#include <math.h>
#include <string.h>

#include "../approximate/interpolate.h"
#include "../base/arrays.h"
#include "../base/error.h"
#include "../model/interpret.h"
#include "../model/ranges.h"

static double value_at(double x, void *user) { return umbra_node_function(user, x); }

static uint32_t degree_of(const double *coefficients, size_t count) {
  while (count > 1 && coefficients[count - 1] == 0) count--;
  return (uint32_t)count - 1;
}

/* A polynomial meets itself in all of its nodes. */
static umbra_status to_chebyshev(double *c, uint32_t *degree, umbra_node *n, const umbra_extremes *on) {
  *degree = degree_of(n->weights, n->units);
  if (n->kind == UMBRA_NODE_CHEBYSHEV) {
    memcpy(c, n->weights, n->units * sizeof *c);
  } else {
    const umbra_curve curve = {.f = value_at, .user = n, .lo = on->lowest, .hi = on->highest};
    UMBRA_TRY(umbra_interpolate(c, *degree, &curve));
  }
  if (*degree) return UMBRA_OK;
  c[1] = 0; /* of a constant, too */
  *degree = 1;
  return UMBRA_OK;
}

/*
 * c0 + c1 t + c2 (2 t^2 - 1) = a ((t + h)^2 - h^2) + c0 - c2 with a = 2 c2 and h = c1 / (2 a); t + h is within 1 + |h|.
 */
static void complete_square(umbra_step *step, umbra_argument *argument, const double *c, double half, double middle) {
  const double a = 2 * c[2], h = c[1] / (2 * a), reach = 1 + fabs(h);
  step->kind = UMBRA_STEP_SQUARE;
  step->degree = 0;
  step->scale = a * reach * reach;
  step->shift = c[0] - c[2] - a * h * h;
  *argument = (umbra_argument){.scale = half * reach, .shift = middle - half * h};
}

/* Whether it is a multiple of t^2, which it then is exactly. */
static int round_to_square(double *c) {
  const double nothing = 1e-12 * fabs(c[2]);
  if (fabs(c[1]) > nothing || fabs(c[0] - c[2]) > nothing) return 0;
  c[1] = 0;
  c[0] = c[2];
  return 1;
}

/* Not what is almost straight: of the square of a far shifted argument most is taken away again, but not its error. */
static int has_near_middle(const double *c) {
  enum { MOST = 1 << 8 };
  return fabs(c[1]) <= MOST * fabs(c[2]);
}

static umbra_status polynomial_step(umbra_step *step, umbra_argument *argument, umbra_node *n, const umbra_extremes *on,
                                    int shifts) {
  const double half = (on->highest - on->lowest) / 2, middle = (on->highest + on->lowest) / 2;
  double c[UMBRA_MAX_DEGREE + 1];
  UMBRA_TRY(to_chebyshev(c, &step->degree, n, on));
  if (step->degree == 2 && (shifts ? has_near_middle(c) : round_to_square(c))) {
    complete_square(step, argument, c, half, middle);
    return UMBRA_OK;
  }
  step->kind = UMBRA_STEP_CHEBYSHEV;
  *argument = (umbra_argument){.scale = half, .shift = middle};
  return umbra_copy_bytes(&step->coefficients, c, step->degree + 1, sizeof *c);
}

static void relu_step(umbra_step *step, umbra_argument *argument, const umbra_node *n) {
  step->kind = UMBRA_STEP_RELU;
  step->scale = n->hi;
  step->sign = umbra_sign_plan_share(n->sign);
  *argument = (umbra_argument){.scale = n->hi};
}

umbra_status umbra_function_step(umbra_step *step, umbra_argument *argument, const umbra_model *model, uint32_t node,
                                 double most, int shifts) {
  char text[UMBRA_NODE_TEXT];
  umbra_node *n = &model->nodes[node];
  *step = (umbra_step){.node = node, .count = n->count, .scale = 1};
  switch (n->kind) {
    case UMBRA_NODE_POLYNOMIAL: return polynomial_step(step, argument, n, &(umbra_extremes){-most, most}, shifts);
    case UMBRA_NODE_CHEBYSHEV: return polynomial_step(step, argument, n, &(umbra_extremes){n->lo, n->hi}, shifts);
    case UMBRA_NODE_SIGN_RELU: relu_step(step, argument, n); return UMBRA_OK;
    default:
      return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                        "%s: encrypted values have sums and products only: put a polynomial in its place",
                        umbra_node_text(text, model, node));
  }
}

void umbra_function_rescale(umbra_step *step, double scale, double shift) {
  step->scale = scale;
  step->shift = shift;
  step->coefficients[0] -= shift;
  for (uint32_t k = 0; k <= step->degree; k++) step->coefficients[k] /= scale;
}
