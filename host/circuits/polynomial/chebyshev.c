/* SPDX-License-Identifier: Apache-2.0 */
/* The public evaluation of Chebyshev polynomials. */
#include <umbra/polynomial.h>

#include <math.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../ckks/beside.h"
#include "../../ckks/calls.h"
#include "../../ckks/find_key.h"
#include "../../ckks/inputs.h"
#include "../../ckks/trace.h"
#include "polynomial.h"

enum { MOST = 64 };

/* A polynomial that is a constant takes no level. */
static umbra_status make_constant(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *x,
                                  double c) {
  umbra_ciphertext *zero = NULL;
  UMBRA_TRY(umbra_mul_integer(evaluator, &zero, x, 0));
  umbra_status status = umbra_add_constant(evaluator, made, zero, c, 0);
  umbra_ciphertext_destroy(zero);
  return status;
}

/* Several polynomials of one input, and what becomes of them. */
typedef struct evaluation {
  umbra_evaluator *evaluator;
  size_t count;
  umbra_polynomial *polynomial;
  const double *const *coefficients;
  umbra_ciphertext **made;
  uint32_t depth; /* the largest */
} evaluation;

static umbra_status make_polynomial(umbra_ciphertext **made, umbra_basis *basis, const umbra_evaluator *evaluator,
                                    const umbra_ciphertext *x, const umbra_polynomial *polynomial) {
  const umbra_context *context = evaluator->context;
  umbra_scaled output = {0};
  umbra_log2 log_scale = umbra_context_chain(context)->log_scale[x->level - polynomial->depth];
  umbra_status status = umbra_polynomial_eval(&output, basis, polynomial, log_scale);
  if (status == UMBRA_OK) status = umbra_scaled_finish(made, &output, context, x);
  umbra_scaled_destroy(&output, context);
  return status;
}

static umbra_status make_all(const evaluation *e, umbra_basis *basis, const umbra_ciphertext *x) {
  umbra_watch *watch = &e->evaluator->watch;
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < e->count && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, e->count);
    status = e->polynomial[i].depth ? make_polynomial(&e->made[i], basis, e->evaluator, x, &e->polynomial[i])
                                    : make_constant(e->evaluator, &e->made[i], x, e->coefficients[i][0]);
    umbra_watch_leave(watch, part);
  }
  return status;
}

/* With levels enough, or not. */
static umbra_status evaluate(const evaluation *e, const umbra_ciphertext *x) {
  const umbra_eval_key *key = NULL;
  umbra_scaled input = umbra_scaled_of(x);
  umbra_basis *basis;
  uint32_t switches = 0;
  for (size_t i = 0; i < e->count; i++) {
    const umbra_polynomial *p = &e->polynomial[i];
    switches += p->switches;
    if (x->level < p->depth)
      return umbra_fail(UMBRA_ERROR_NO_LEVEL, "a polynomial of degree %u takes %u level%s and the input is at level %u",
                        p->degree, p->depth, p->depth == 1 ? "" : "s", x->level);
  }
  if (switches) UMBRA_TRY(umbra_find_relinearization(&key, e->evaluator, x->level));
  UMBRA_TRY(umbra_basis_create(&basis, e->evaluator, &input, key));
  umbra_status status = make_all(e, basis, x);
  umbra_basis_destroy(basis);
  return status;
}

static umbra_status check_polynomials(const double *const *coefficients, const uint32_t *degrees, size_t count) {
  if (!count || count > MOST)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu polynomials: it must be 1 to %d", count, MOST);
  for (size_t i = 0; i < count; i++) {
    if (!coefficients[i] || degrees[i] > UMBRA_MAX_DEGREE)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a polynomial needs coefficients of a degree up to %d, not %u",
                        UMBRA_MAX_DEGREE, degrees[i]);
    for (uint32_t k = 0; k <= degrees[i]; k++)
      if (!isfinite(coefficients[i][k])) return umbra_fail(UMBRA_ERROR_RANGE, "coefficient %u is not finite", k);
  }
  return UMBRA_OK;
}

/* What may be missing is missing in e then. */
static umbra_status evaluation_open(evaluation *e, umbra_evaluator *evaluator, const double *const *coefficients,
                                    const uint32_t *degrees, size_t count) {
  *e = (evaluation){.evaluator = evaluator, .count = count, .coefficients = coefficients};
  UMBRA_TRY(umbra_alloc(&e->polynomial, count, sizeof *e->polynomial, "polynomials"));
  UMBRA_TRY(umbra_alloc(&e->made, count, sizeof *e->made, "polynomials"));
  for (size_t i = 0; i < count; i++) {
    umbra_polynomial_plan(&e->polynomial[i], coefficients[i], degrees[i]);
    if (e->polynomial[i].depth > e->depth) e->depth = e->polynomial[i].depth;
  }
  return UMBRA_OK;
}

static umbra_status evaluate_checked(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *x,
                                     const double *const *coefficients, const uint32_t *degrees, size_t count) {
  evaluation e;
  umbra_inputs inputs;
  umbra_status status = evaluation_open(&e, evaluator, coefficients, degrees, count);
  if (status == UMBRA_OK) status = umbra_inputs_open(&inputs, evaluator, &x, NULL, 1, e.depth);
  if (status == UMBRA_OK) {
    status = evaluate(&e, inputs.a[0]);
    umbra_inputs_close(&inputs);
  }
  umbra_free(e.polynomial);
  return e.made ? umbra_results_finish(evaluator, outs, e.made, count, status) : status;
}

umbra_status umbra_chebyshev_eval(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                                  const double *coefficients, uint32_t degree) {
  UMBRA_TRACE(evaluator, "chebyshev_eval", x);
  if (!out || !x || !coefficients)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_chebyshev_eval needs an output, an input and coefficients");
  UMBRA_TRY(check_polynomials(&coefficients, &degree, 1));
  UMBRA_TRY(umbra_check_operands(evaluator, out, x, NULL));
  return evaluate_checked(evaluator, out, x, &coefficients, &degree, 1);
}

umbra_status umbra_chebyshev_eval_many(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *x,
                                       const double *const *coefficients, const uint32_t *degrees, size_t count) {
  UMBRA_TRACE(evaluator, "chebyshev_eval_many", x);
  if (!outs || !x || !coefficients || !degrees)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_chebyshev_eval_many needs outputs, an input, coefficients and degrees");
  UMBRA_TRY(check_polynomials(coefficients, degrees, count));
  UMBRA_TRY(umbra_check_operands(evaluator, outs, x, NULL));
  UMBRA_TRY(umbra_check_outputs(outs, count));
  return evaluate_checked(evaluator, outs, x, coefficients, degrees, count);
}

/* ---- several inputs ---- */

/* Values of polynomials of the gathered inputs. */
static umbra_status evaluate_gathered(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *all,
                                      const umbra_polynomial *polynomial) {
  const umbra_chain *chain = umbra_context_chain(evaluator->context);
  const umbra_eval_key *key = NULL;
  umbra_basis *basis;
  if (polynomial->switches) UMBRA_TRY(umbra_find_relinearization(&key, evaluator, all->level));
  UMBRA_TRY(umbra_basis_create(&basis, evaluator, all, key));
  umbra_status status =
      umbra_polynomial_eval(made, basis, polynomial, chain->log_scale[all->level - polynomial->depth]);
  umbra_basis_destroy(basis);
  return status;
}

static umbra_status evaluate_beside(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                    const umbra_ciphertext *const *x, size_t count,
                                    const umbra_polynomial *polynomial) {
  UMBRA_TRACE(evaluator, "chebyshev_eval_each", x[0]);
  umbra_estimate estimate[UMBRA_SCALED_MOST];
  umbra_scaled all, made = {0};
  UMBRA_TRY(umbra_beside_gather(&all, evaluator, x, count));
  umbra_status status = evaluate_gathered(&made, evaluator, &all, polynomial);
  for (size_t i = 0; i < count; i++) estimate[i] = made.estimate;
  if (status == UMBRA_OK) status = umbra_beside_hand_out(evaluator, outs, &made, estimate, x);
  umbra_scaled_destroy(&made, evaluator->context);
  umbra_scaled_destroy(&all, evaluator->context);
  return status;
}

umbra_status umbra_chebyshev_eval_each(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                       const umbra_ciphertext *const *x, size_t count, const double *coefficients,
                                       uint32_t degree) {
  umbra_polynomial polynomial;
  UMBRA_TRY(check_polynomials(&coefficients, &degree, 1));
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_check_operands(evaluator, &outs[i], x[i], NULL));
  umbra_polynomial_plan(&polynomial, coefficients, degree);
  if (umbra_beside_pays(evaluator, x, count) && umbra_beside_known_alike(x, count) && polynomial.depth &&
      x[0]->level >= polynomial.depth) {
    const umbra_status status = evaluate_beside(evaluator, outs, x, count, &polynomial);
    if (status != UMBRA_ERROR_OUT_OF_MEMORY) return status;
  }
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_chebyshev_eval(evaluator, &outs[i], x[i], coefficients, degree));
  return UMBRA_OK;
}

/* ---- the input ---- */

umbra_status umbra_chebyshev_input(umbra_evaluator *evaluator, umbra_ciphertext **t, const umbra_ciphertext *x,
                                   double lo, double hi) {
  UMBRA_TRACE(evaluator, "chebyshev_input", x);
  if (!isfinite(lo) || !isfinite(hi) || !isfinite(hi - lo) || lo >= hi)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a polynomial's interval has lo < hi, not [%g, %g]", lo, hi);
  UMBRA_TRY(umbra_check_operands(evaluator, t, x, NULL));
  umbra_ciphertext *scaled = NULL;
  if (hi - lo != 2) UMBRA_TRY(umbra_mul_constant(evaluator, &scaled, x, 2 / (hi - lo), 0));
  umbra_status status = umbra_add_constant(evaluator, t, scaled ? scaled : x, -(lo + hi) / (hi - lo), 0);
  umbra_ciphertext_destroy(scaled);
  return status;
}
