/* SPDX-License-Identifier: Apache-2.0 */
#include "activation.h"

#include <math.h>
#include <string.h>

#include "../approximate/interpolate.h"
#include "../base/error.h"

static const double default_range = 16, least_range = 0x1p-10, largest_range = 0x1p10;

/* Of all numbers. */
static int is_everywhere(umbra_function function) {
  switch (function) {
    case UMBRA_FUNCTION_SIGMOID:
    case UMBRA_FUNCTION_TANH:
    case UMBRA_FUNCTION_GELU:
    case UMBRA_FUNCTION_SILU:
    case UMBRA_FUNCTION_SOFTPLUS:
    case UMBRA_FUNCTION_RELU:
    case UMBRA_FUNCTION_GELU_TANH:
    case UMBRA_FUNCTION_ERF: return 1;
    default: return 0;
  }
}

umbra_status umbra_train_activation_check(const umbra_train_options *o) {
  if (o->hidden_range != 0 && !(o->hidden_range >= least_range && o->hidden_range <= largest_range))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "hidden_range is %g; it must be %g to %g, or 0 for %g",
                      o->hidden_range, least_range, largest_range, default_range);
  if (o->hidden_degree == 0 && o->hidden_function == UMBRA_FUNCTION_GIVEN) return UMBRA_OK;
  if (!o->hidden[0])
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "hidden_function and hidden_degree are of hidden layers, and there are none");
  if (!is_everywhere(o->hidden_function))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "hidden_function is %d; it must be sigmoid, tanh, GELU, SiLU, softplus, ReLU or erf, or 0 with "
                      "hidden_degree 0: squares",
                      (int)o->hidden_function);
  if (o->hidden_degree >= 2 && o->hidden_degree <= UMBRA_TRAIN_MAX_HIDDEN_DEGREE) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "hidden_degree is %u; it must be 2 to %d, or 0 without a function",
                    o->hidden_degree, UMBRA_TRAIN_MAX_HIDDEN_DEGREE);
}

static umbra_status fit(umbra_train_activation *a, const umbra_train_options *o) {
  umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = o->hidden_function, .degree = o->hidden_degree};
  desc.kind = UMBRA_FIT_LEAST_SQUARES;
  desc.lo = -a->range;
  desc.hi = a->range;
  return umbra_chebyshev_fit(a->value, NULL, &desc);
}

double umbra_train_hidden_range(const umbra_train_options *o) {
  return o->hidden_range > 0 ? o->hidden_range : default_range;
}

umbra_status umbra_train_activation_make(umbra_train_activation *a, const umbra_train_options *o, const double *given) {
  *a = (umbra_train_activation){.range = umbra_train_hidden_range(o)};
  if (!o->hidden_degree) return UMBRA_OK;
  if (given) memcpy(a->value, given, (o->hidden_degree + 1) * sizeof *given);
  else UMBRA_TRY(fit(a, o));
  a->degree = o->hidden_degree;
  while (a->degree > 1 && a->value[a->degree] == 0) a->degree--;
  if (a->degree < 2)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "hidden_degree is %u, and of that degree the function is a straight line; take one more",
                      o->hidden_degree);
  umbra_chebyshev_derive(a->slope, a->value, a->degree, a->range);
  return UMBRA_OK;
}

uint32_t umbra_train_activation_depth(const umbra_train_activation *a) {
  return a->degree ? umbra_chebyshev_depth(a->degree) : 1;
}

double umbra_train_activation_value(const umbra_train_activation *a, double z) {
  return a->degree ? umbra_chebyshev_value(a->value, a->degree, z / a->range) : z * z;
}

double umbra_train_activation_slope(const umbra_train_activation *a, double z) {
  return a->degree ? umbra_chebyshev_value(a->slope, a->degree - 1, z / a->range) : 2 * z;
}
