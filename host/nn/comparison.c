/* SPDX-License-Identifier: Apache-2.0 */
#include "comparison.h"

#include <math.h>
#include <string.h>
#include <umbra/polynomial.h>

#include "../approximate/sign.h"
#include "../base/counted.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/calls.h"
#include "../ckks/range.h"
#include "../ckks/trace.h"

struct umbra_sign_plan {
  umbra_counted counted;
  umbra_composite composite;
  double half[UMBRA_SIGN_DEGREE + 1]; /* of the last polynomial: (1 + it) / 2 */
  double range, relu_error;
};

_Static_assert((int)UMBRA_SIGN_MAX_POLYNOMIALS == (int)UMBRA_SIGN_PARTS, "one limit");
_Static_assert((int)UMBRA_SIGN_MAX_DEGREE == (int)UMBRA_SIGN_DEGREE, "one limit");

static const double narrowest = 0x1p-20;

/* ---- plans ---- */

static umbra_status check_degrees(const umbra_sign_options *o) {
  if (!o->degrees && o->count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "degrees is NULL and count %zu", o->count);
  if (o->degrees && (!o->count || o->count > UMBRA_SIGN_MAX_POLYNOMIALS))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu degrees: it must be 1 to %d", o->count,
                      UMBRA_SIGN_MAX_POLYNOMIALS);
  for (size_t i = 0; i < o->count; i++)
    if (o->degrees[i] < 3 || o->degrees[i] > UMBRA_SIGN_MAX_DEGREE || o->degrees[i] % 2 == 0)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "degree %zu is %u; it must be odd, 3 to %d", i, o->degrees[i],
                        UMBRA_SIGN_MAX_DEGREE);
  return UMBRA_OK;
}

static umbra_status check_options(const umbra_sign_options *o) {
  UMBRA_TRY(check_degrees(o));
  if (!o->degrees && !(o->error >= narrowest && o->error <= 0.5))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "error is %g; it must be %g to 0.5", o->error, narrowest);
  if (o->band != 0 && !(o->band >= narrowest && o->band <= 0.5))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "band is %g; it must be %g to 0.5, or 0", o->band, narrowest);
  if (!(o->range >= narrowest) || !(o->range <= 1 / narrowest))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "range is %g; it must be %g to %g", o->range, narrowest,
                      1 / narrowest);
  return UMBRA_OK;
}

static umbra_status make_plan(umbra_sign_plan *plan, const umbra_sign_options *o) {
  umbra_composite *composite = &plan->composite;
  if (o->degrees) UMBRA_TRY(umbra_composite_of(composite, o->degrees, o->count, o->band));
  else UMBRA_TRY(umbra_composite_for(composite, o->error, o->band > 0 ? o->band : o->error));
  const double *last = composite->coefficient[composite->parts - 1];
  for (uint32_t k = 0; k <= UMBRA_SIGN_DEGREE; k++) plan->half[k] = (last[k] + (k == 0)) / 2;
  plan->range = o->range;
  plan->relu_error = umbra_composite_relu_error(composite);
  return UMBRA_OK;
}

umbra_status umbra_sign_plan_create(umbra_sign_plan **plan, const umbra_sign_options *options) {
  umbra_sign_options wanted = {UMBRA_SIGN_OPTIONS_INIT};
  umbra_sign_plan *made;
  if (!plan) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_sign_plan_create needs an output");
  UMBRA_TRY(UMBRA_TAKE(umbra_sign_options, &wanted, options));
  UMBRA_TRY(check_options(&wanted));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a sign"));
  made->counted = UMBRA_COUNTED(umbra_free);
  umbra_status status = make_plan(made, &wanted);
  if (status == UMBRA_OK) UMBRA_PUT(sign_plan, plan, made);
  else umbra_free(made);
  return status;
}

umbra_sign_plan *umbra_sign_plan_share(const umbra_sign_plan *plan) { return umbra_share(plan); }
void umbra_sign_plan_destroy(umbra_sign_plan *plan) { umbra_release(plan); }

static uint32_t depth_of(const umbra_sign_plan *plan) {
  return umbra_composite_depth(&plan->composite) + (plan->range != 1);
}

umbra_status umbra_sign_plan_report(const umbra_sign_plan *plan, umbra_sign_report *report) {
  if (!plan || !report)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_sign_plan_report needs a plan and an output");
  umbra_sign_report made = {UMBRA_SIGN_REPORT_INIT,
                            .count = plan->composite.parts,
                            .depth = depth_of(plan),
                            .band = plan->composite.band * plan->range,
                            .error = plan->composite.error,
                            .relu_error = plan->relu_error * plan->range,
                            .range = plan->range};
  memcpy(made.degrees, plan->composite.degree, plan->composite.parts * sizeof *made.degrees);
  return UMBRA_GIVE(umbra_sign_report, report, &made);
}

double umbra_sign_plan_value(const umbra_sign_plan *plan, double x) {
  return fabs(x) <= plan->range ? umbra_composite_value(&plan->composite, x / plan->range) : NAN;
}

void umbra_sign_plan_values(const umbra_sign_plan *plan, double *values, size_t count) {
  for (size_t i = 0; i < count; i++) values[i] = fabs(values[i]) <= plan->range ? values[i] / plan->range : NAN;
  umbra_composite_values(values, count, &plan->composite);
}

/* ---- encrypted ---- */

/* h is the composite at a, or at a - b, and with `half` (1 + it) / 2; the result is h, or with `product` h times that + b. */
typedef struct operation {
  umbra_evaluator *evaluator;
  const umbra_sign_plan *plan;
  const umbra_ciphertext *a, *b;
  int operands, half, product;
} operation;

/* An evaluator that refreshes finds its levels on the way. */
static umbra_status check(const operation *o, umbra_ciphertext *const *out) {
  if (!o->evaluator || !o->plan || !o->a || (o->operands == 2 && !o->b))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "signs and comparisons need a plan, and an evaluator and %d ciphertext%s, not NULL", o->operands,
                      o->operands == 1 ? "" : "s");
  UMBRA_TRY(umbra_check_operands(o->evaluator, out, o->a, o->b));
  uint32_t level = o->b && o->b->level < o->a->level ? o->b->level : o->a->level;
  uint32_t levels = depth_of(o->plan) + (uint32_t)o->product;
  if (level >= levels || o->evaluator->refresher.refresh) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_NO_LEVEL, "this composite takes %u levels and the input is at level %u", levels, level);
}

/* What a polynomial of the composite gives, by the plan: all but the last stay within the next one's interval. */
static void declare_part(umbra_ciphertext *made, const operation *o, uint32_t i) {
  const umbra_composite *composite = &o->plan->composite;
  const double beyond = i + 1 < composite->parts ? 0 : composite->error / (o->half ? 2 : 1);
  umbra_ciphertext_declare_by_plan(made, umbra_bound_within(made->estimate.bound, 1 + beyond));
}

/* *made = h, x being what it is of. */
static umbra_status compute(umbra_ciphertext **made, const operation *o, const umbra_ciphertext *x) {
  const umbra_composite *composite = &o->plan->composite;
  umbra_watch *watch = &o->evaluator->watch;
  const double range = o->plan->range;
  umbra_status status = UMBRA_OK;
  if (range != 1) status = umbra_chebyshev_input(o->evaluator, made, x, -range, range);
  for (uint32_t i = 0; i < composite->parts && status == UMBRA_OK; i++) {
    const double *c = o->half && i + 1 == composite->parts ? o->plan->half : composite->coefficient[i];
    const umbra_watch_part part = umbra_watch_enter(watch, i, composite->parts);
    status = umbra_chebyshev_eval(o->evaluator, made, *made ? *made : x, c, composite->degree[i]);
    if (status == UMBRA_OK) declare_part(*made, o, i);
    umbra_watch_leave(watch, part);
  }
  return status;
}

static umbra_status make(umbra_ciphertext **made, const operation *o) {
  umbra_ciphertext *difference = NULL;
  if (o->b) UMBRA_TRY(umbra_sub(o->evaluator, &difference, o->a, o->b));
  const umbra_ciphertext *x = difference ? difference : o->a;
  umbra_status status = compute(made, o, x);
  if (status == UMBRA_OK && o->product)
    status = o->b ? umbra_mul_add(o->evaluator, made, *made, x, o->b) : umbra_mul(o->evaluator, made, *made, x);
  umbra_ciphertext_destroy(difference);
  return status;
}

static umbra_status run(umbra_ciphertext **out, const operation *o) {
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(check(o, out));
  const umbra_watch_part part = umbra_watch_enter(&o->evaluator->watch, 0, 1);
  umbra_status status = make(&made, o);
  umbra_watch_leave(&o->evaluator->watch, part);
  return umbra_result_finish(o->evaluator, out, made, status);
}

umbra_status umbra_sign(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                        const umbra_sign_plan *plan) {
  UMBRA_TRACE(evaluator, "sign", x);
  return run(out, &(operation){evaluator, plan, x, NULL, .operands = 1});
}

umbra_status umbra_relu(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                        const umbra_sign_plan *plan) {
  UMBRA_TRACE(evaluator, "relu", x);
  return run(out, &(operation){evaluator, plan, x, NULL, .operands = 1, .half = 1, .product = 1});
}

umbra_status umbra_max(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                       const umbra_ciphertext *b, const umbra_sign_plan *plan) {
  UMBRA_TRACE(evaluator, "max", a);
  return run(out, &(operation){evaluator, plan, a, b, .operands = 2, .half = 1, .product = 1});
}

umbra_status umbra_compare(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                           const umbra_ciphertext *b, const umbra_sign_plan *plan) {
  UMBRA_TRACE(evaluator, "compare", a);
  return run(out, &(operation){evaluator, plan, a, b, .operands = 2, .half = 1});
}
