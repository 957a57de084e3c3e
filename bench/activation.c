/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activations by Chebyshev polynomials on [-8, 8], at level 15, or the highest if that is lower. Values t of vectors stand
 * for 8 t.
 */
#include "scheme_rig.h"

enum { MOST = 63, LEVEL = 15 };

static const double side = 8;

typedef struct activation {
  umbra_function function;
  uint32_t degree;
  double coefficient[MOST + 1];
  int fitted;
} activation;

static umbra_status fit(activation *a) {
  umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = a->function, .degree = a->degree};
  if (a->fitted) return UMBRA_OK;
  desc.lo = -side;
  desc.hi = side;
  const umbra_status status = umbra_chebyshev_fit(a->coefficient, NULL, &desc);
  a->fitted = status == UMBRA_OK;
  return status;
}

/* As much of the polynomial as the levels allow. */
static uint32_t degree_of(const bench_scheme *s, uint32_t degree) {
  while (umbra_chebyshev_depth(degree) > umbra_params_depth(s->params)) degree /= 2;
  return degree;
}

static umbra_status run(bench_scheme *s, activation *a) {
  const uint32_t depth = umbra_params_depth(s->params);
  umbra_status status = fit(a);
  if (status == UMBRA_OK)
    status = umbra_level_drop(s->evaluator, &s->out[0], s->a, depth < (uint32_t)LEVEL ? depth : (uint32_t)LEVEL);
  if (status != UMBRA_OK) return status;
  return umbra_chebyshev_eval(s->evaluator, &s->out[0], s->out[0], a->coefficient, degree_of(s, a->degree));
}

#define ACTIVATION(name, named, d)                                                             \
  static activation name##_##d = {.function = UMBRA_FUNCTION_##named, .degree = (d)};          \
  static umbra_status run_##name##_##d(bench_scheme *s) { return run(s, &name##_##d); }        \
  static bench_slot expect_##name##_##d(const bench_scheme *s, size_t i, size_t j) {           \
    (void)i;                                                                                   \
    const activation *a = &name##_##d;                                                         \
    return (bench_slot){umbra_chebyshev_value(a->coefficient, degree_of(s, (d)), s->x[j]), 0}; \
  }

ACTIVATION(sigmoid, SIGMOID, 27)
ACTIVATION(tanh, TANH, 27)
ACTIVATION(gelu, GELU, 27)
ACTIVATION(softplus, SOFTPLUS, 15)
ACTIVATION(silu, SILU, 59)

#define LINE(name, d)                                                                                                 \
  {                                                                                                                   \
    "activation/function:" #name "/degree:" #d "/level:15", BENCH_RELINEARIZE, run_##name##_##d, expect_##name##_##d, \
        1, NULL, 0                                                                                                    \
  }

const bench_operation bench_activation[] = {
    LINE(sigmoid, 27), LINE(tanh, 27), LINE(gelu, 27), LINE(softplus, 15), LINE(silu, 59), {0},
};
