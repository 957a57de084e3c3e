/* SPDX-License-Identifier: Apache-2.0 */
#include "sigmoid.h"

#include <math.h>

#include "../approximate/fit.h"
#include "../approximate/functions.h"
#include "../base/error.h"
#include "../base/structs.h"

umbra_status umbra_sigmoid_options_check(const umbra_sigmoid_options *o) {
  const double most = 0x1p20;
  if (o->degree < 1 || o->degree > UMBRA_SIGMOID_MAX_DEGREE)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "degree is %u; it must be 1 to %d", o->degree,
                      UMBRA_SIGMOID_MAX_DEGREE);
  if (o->fit != UMBRA_FIT_LEAST_SQUARES && o->fit != UMBRA_FIT_CHEBYSHEV)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "fit is %d, which is none", (int)o->fit);
  if (!(o->range >= 1 / most) || !(o->range <= most))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "range is %g; it must be %g to %g", o->range, 1 / most, most);
  return UMBRA_OK;
}

umbra_status umbra_sigmoid_fit(double *coefficient, const umbra_sigmoid_options *o) {
  const umbra_fit_desc desc = {.struct_size = sizeof desc,
                               .function = UMBRA_FUNCTION_SIGMOID,
                               .kind = o->fit,
                               .degree = o->degree,
                               .lo = -o->range,
                               .hi = o->range};
  UMBRA_TRY(umbra_sigmoid_options_check(o));
  return umbra_chebyshev_fit(coefficient, NULL, &desc);
}

uint32_t umbra_sigmoid_degree(const double *coefficient, uint32_t degree) {
  while (degree > 1 && coefficient[degree] == 0) degree--;
  return degree;
}

double umbra_sigmoid_fit_error(const double *coefficient, uint32_t degree, double range) {
  const umbra_curve sigmoid = {umbra_named_function(UMBRA_FUNCTION_SIGMOID)->f, NULL, -range, range};
  return umbra_fit_error(coefficient, degree, &sigmoid);
}

/* The fit with options of an application, which *wanted then has in full. */
static umbra_status fit_given(double *coefficient, umbra_sigmoid_options *wanted,
                              const umbra_sigmoid_options *options) {
  *wanted = (umbra_sigmoid_options){UMBRA_SIGMOID_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_sigmoid_options, wanted, options));
  return umbra_sigmoid_fit(coefficient, wanted);
}

double umbra_sigmoid_value(double z, const umbra_sigmoid_options *options) {
  double coefficient[UMBRA_SIGMOID_MAX_DEGREE + 1];
  umbra_sigmoid_options wanted;
  if (fit_given(coefficient, &wanted, options) != UMBRA_OK || !(fabs(z) <= wanted.range)) return NAN;
  return umbra_chebyshev_value(coefficient, wanted.degree, z / wanted.range);
}

double umbra_sigmoid_error(const umbra_sigmoid_options *options) {
  double coefficient[UMBRA_SIGMOID_MAX_DEGREE + 1];
  umbra_sigmoid_options wanted;
  if (fit_given(coefficient, &wanted, options) != UMBRA_OK) return NAN;
  return umbra_sigmoid_fit_error(coefficient, wanted.degree, wanted.range);
}
