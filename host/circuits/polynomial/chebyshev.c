/* SPDX-License-Identifier: Apache-2.0 */
/* Chebyshev polynomials in the clear, and the public evaluation of them. */
#include <umbra/polynomial.h>

#include <math.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/structs.h"
#include "../../ckks/calls.h"
#include "../../ckks/find_key.h"
#include "../../ckks/inputs.h"
#include "../../ckks/trace.h"
#include "polynomial.h"

enum { TERMS = UMBRA_POLYNOMIAL_TERMS };

/* ---- in the clear ---- */

double umbra_chebyshev_value(const double *coefficients, uint32_t degree, double t) {
  double next = 0, after = 0; /* Clenshaw's recurrence */
  for (uint32_t k = degree; k > 0; k--) {
    double here = coefficients[k] + 2 * t * next - after;
    after = next;
    next = here;
  }
  return coefficients[0] + t * next - after;
}

double umbra_chebyshev_error(const double *coefficients, uint32_t degree, double (*f)(double x, void *user), void *user,
                             double lo, double hi) {
  const uint32_t grid = 4096;
  double largest = 0;
  for (uint32_t i = 0; i <= grid; i++) {
    double t = 2.0 * i / grid - 1;
    double exact = f(lo + (hi - lo) * (t + 1) / 2, user);
    double error = fabs(exact - umbra_chebyshev_value(coefficients, degree, t));
    if (!isfinite(error)) return INFINITY;
    largest = fmax(largest, error);
  }
  return largest;
}

umbra_status umbra_chebyshev_fit(double *coefficients, double *max_error, uint32_t degree, const umbra_fit_desc *desc) {
  umbra_fit_desc fit = {UMBRA_FIT_DESC_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_fit_desc, &fit, desc));
  double lo = fit.lo, hi = fit.hi;
  if (!coefficients || !fit.f || degree > UMBRA_MAX_DEGREE || !isfinite(lo) || !isfinite(hi) || lo >= hi)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a fit needs coefficients, a function, a degree up to %d and an interval lo < hi",
                      UMBRA_MAX_DEGREE);
  const double pi = 3.14159265358979323846;
  uint32_t nodes = degree + 1;
  double value[TERMS], found[TERMS];
  for (uint32_t i = 0; i < nodes; i++) {
    double x = lo + (hi - lo) * (cos(pi * (i + 0.5) / nodes) + 1) / 2;
    value[i] = fit.f(x, fit.user);
    if (!isfinite(value[i])) return umbra_fail(UMBRA_ERROR_RANGE, "the function is not finite at %g", x);
  }
  for (uint32_t k = 0; k < nodes; k++) {
    double sum = 0;
    for (uint32_t i = 0; i < nodes; i++) sum += value[i] * cos(pi * k * (i + 0.5) / nodes);
    found[k] = (k ? 2 : 1) * sum / nodes;
  }
  double error = umbra_chebyshev_error(found, degree, fit.f, fit.user, lo, hi);
  if (!isfinite(error)) return umbra_fail(UMBRA_ERROR_RANGE, "the function is not finite in [%g, %g]", lo, hi);
  memcpy(coefficients, found, nodes * sizeof *found);
  if (max_error) *max_error = error;
  return UMBRA_OK;
}

uint32_t umbra_chebyshev_depth(uint32_t degree) { return degree ? 32 - (uint32_t)__builtin_clz(degree) : 0; }

/* ---- encrypted ---- */

/* A polynomial that is a constant takes no level. */
static umbra_status make_constant(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *x,
                                  double c) {
  umbra_ciphertext *zero = NULL;
  UMBRA_TRY(umbra_mul_integer(evaluator, &zero, x, 0));
  umbra_status status = umbra_add_constant(evaluator, made, zero, c, 0);
  umbra_ciphertext_destroy(zero);
  return status;
}

static umbra_status make_polynomial(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *x,
                                    const umbra_polynomial *polynomial) {
  umbra_scaled input = umbra_scaled_of(x), output = {0};
  umbra_log2 log_scale = umbra_context_chain(evaluator->context)->log_scale[x->level - polynomial->depth];
  const umbra_eval_key *key = NULL;
  umbra_basis *basis;
  if (polynomial->switches) UMBRA_TRY(umbra_find_relinearization(&key, evaluator, x->level));
  UMBRA_TRY(umbra_basis_create(&basis, evaluator, &input, key));
  umbra_status status = umbra_polynomial_eval(&output, basis, polynomial, log_scale);
  umbra_basis_destroy(basis);
  if (status == UMBRA_OK) status = umbra_scaled_finish(made, &output, evaluator->context, x);
  umbra_scaled_destroy(&output, evaluator->context);
  return status;
}

/* With levels enough, or not. */
static umbra_status evaluate(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *x,
                             const umbra_polynomial *polynomial, double constant) {
  if (x->level < polynomial->depth)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "a polynomial of degree %u takes %u level%s and the input is at level %u",
                      polynomial->degree, polynomial->depth, polynomial->depth == 1 ? "" : "s", x->level);
  return polynomial->depth ? make_polynomial(evaluator, made, x, polynomial)
                           : make_constant(evaluator, made, x, constant);
}

umbra_status umbra_chebyshev_eval(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                                  const double *coefficients, uint32_t degree) {
  UMBRA_TRACE(evaluator, "chebyshev_eval", x);
  if (!out || !x || !coefficients || degree > UMBRA_MAX_DEGREE)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_chebyshev_eval needs an output, an input and coefficients of a degree up to %d",
                      UMBRA_MAX_DEGREE);
  for (uint32_t k = 0; k <= degree; k++)
    if (!isfinite(coefficients[k])) return umbra_fail(UMBRA_ERROR_RANGE, "coefficient %u is not finite", k);
  UMBRA_TRY(umbra_check_operands(evaluator, out, x, NULL));
  umbra_polynomial polynomial;
  umbra_polynomial_plan(&polynomial, coefficients, degree);
  umbra_inputs inputs;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_inputs_open(&inputs, evaluator, &x, NULL, 1, polynomial.depth));
  umbra_status status = evaluate(evaluator, &made, inputs.a[0], &polynomial, coefficients[0]);
  umbra_inputs_close(&inputs);
  return umbra_result_finish(evaluator, out, made, status);
}
