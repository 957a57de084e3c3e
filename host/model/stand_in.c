/* SPDX-License-Identifier: Apache-2.0 */
#include "stand_in.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

/* So many places of a sample tell the error well enough. */
enum { PLACES = 1 << 12 };

void umbra_replacement_clear(umbra_replacement *replacement) {
  for (size_t i = 0; i < replacement->count; i++) {
    umbra_free(replacement->stand_ins[i].coefficients);
    umbra_sign_plan_destroy(replacement->stand_ins[i].sign);
  }
}

uint32_t umbra_levels_of_degree(uint32_t degree) { return degree == 2 ? 1 : umbra_chebyshev_depth(degree); }

void umbra_replacement_add_degree(umbra_replacement *replacement, uint32_t degree) {
  replacement->stand_ins[replacement->count++] =
      (umbra_stand_in){.degree = degree, .levels = umbra_levels_of_degree(degree)};
}

static umbra_sign_report report_of(const umbra_sign_plan *plan) {
  umbra_sign_report report = {UMBRA_SIGN_REPORT_INIT};
  return umbra_sign_plan_report(plan, &report) == UMBRA_OK ? report : (umbra_sign_report){0};
}

void umbra_replacement_add_sign(umbra_replacement *replacement, const umbra_sign_plan *plan) {
  replacement->stand_ins[replacement->count++] =
      (umbra_stand_in){.levels = report_of(plan).depth + 1, .sign = umbra_sign_plan_share(plan)};
}

/* ---- fits ---- */

static umbra_status fit_polynomial(umbra_stand_in *s, const umbra_replacement *r, double floor) {
  const umbra_fit_desc desc = {.struct_size = sizeof desc,
                               .lo = -r->bound,
                               .hi = r->bound,
                               .function = r->function,
                               .kind = UMBRA_FIT_LEAST_SQUARES,
                               .degree = s->degree,
                               .samples = r->sample->values,
                               .sample_count = r->sample->count,
                               .floor = floor};
  double *made;
  UMBRA_TRY(umbra_alloc(&made, (size_t)s->degree + 1, sizeof *made, "a fit"));
  umbra_status status = umbra_chebyshev_fit(made, NULL, &desc);
  if (status == UMBRA_OK) s->coefficients = made;
  else umbra_free(made);
  return status;
}

static double error_of(const umbra_replacement *r, size_t i) {
  umbra_node node = {0};
  double sum = 0;
  size_t step = r->sample->count / PLACES + 1, places = 0;
  umbra_replacement_put(&node, r, i);
  for (size_t k = 0; k < r->sample->count; k += step, places++) {
    double x = r->sample->values[k], off = umbra_node_function(&node, x) - umbra_function_value(r->function, x);
    sum += off * off;
  }
  return sqrt(sum / (double)places);
}

umbra_status umbra_replacement_fit(umbra_replacement *replacement, double floor) {
  for (size_t i = 0; i < replacement->count; i++) {
    umbra_stand_in *s = &replacement->stand_ins[i];
    if (s->degree && !s->coefficients) UMBRA_TRY(fit_polynomial(s, replacement, floor));
    s->error = error_of(replacement, i);
  }
  return UMBRA_OK;
}

/* ---- use ---- */

void umbra_replacement_put(umbra_node *node, const umbra_replacement *replacement, size_t i) {
  const umbra_stand_in *s = &replacement->stand_ins[i];
  node->kind = s->sign ? UMBRA_NODE_SIGN_RELU : UMBRA_NODE_CHEBYSHEV;
  node->lo = -replacement->bound;
  node->hi = replacement->bound;
  node->weights = s->coefficients;
  node->units = s->sign ? 0 : (size_t)s->degree + 1;
  node->sign = s->sign;
}

umbra_activation_report umbra_replacement_report(const umbra_replacement *replacement, double use) {
  const umbra_stand_in *s = &replacement->stand_ins[replacement->chosen];
  umbra_activation_report made = {UMBRA_ACTIVATION_REPORT_INIT,
                                  .node = replacement->node,
                                  .function = replacement->function,
                                  .degree = s->degree,
                                  .levels = s->levels,
                                  .bound = replacement->bound,
                                  .use = use,
                                  .error = s->error};
  if (!s->sign) return made;
  const umbra_sign_report sign = report_of(s->sign);
  made.sign_count = sign.count;
  memcpy(made.sign_degrees, sign.degrees, sizeof made.sign_degrees);
  return made;
}
