/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far weights are expected to be from those of the same training in the clear.
 *
 * Errors of an iteration and of a refresh are random, and the step carries them on, as the mix of schedule.h says, but for
 * the part of d that follows from them. That part takes errors away wherever the loss bends, so it is left out: what
 * remains is the error of a direction in which nothing holds a weight. Nothing but + - * / and square roots, as
 * ciphertexts carry these errors with them.
 */
#include <math.h>

#include "../ckks/noise.h"
#include "../params/params.h"
#include "kind.h"

typedef struct covariance {
  double ww, wu, uu;
} covariance;

double umbra_plan_rounding(const umbra_train_plan *plan) {
  return umbra_noise_round((umbra_estimate){0}, &plan->params->chain, 1).bound.error;
}

static covariance advanced(covariance c, const umbra_train_mix *m, double added) {
  return (covariance){
      .ww = m->wu * m->wu * c.uu + 2 * m->ww * m->wu * c.wu + m->ww * m->ww * c.ww + added,
      .wu = m->wu * m->uu * c.uu + (m->wu * m->uw + m->ww * m->uu) * c.wu + m->ww * m->uw * c.ww + added,
      .uu = m->uu * m->uu * c.uu + 2 * m->uu * m->uw * c.wu + m->uw * m->uw * c.ww + added};
}

/* Refreshes are taken to have the error that they have if weights fill the bound. */
void umbra_plan_errors(umbra_train_plan *plan) {
  double refresh = plan->refresh->report.error * plan->options.bound;
  covariance c = {0};
  for (uint32_t i = 0; i < plan->options.iterations; i++) {
    umbra_plan_iteration *it = &plan->iteration[i];
    if (it->refresh) {
      c.ww += refresh * refresh;
      c.uu += refresh * refresh;
    }
    const umbra_train_mix mix = umbra_train_mix_of(&plan->options, &it->step);
    c = advanced(c, &mix, umbra_train_ops_of(plan->options.kind)->step_variance(plan, it, 1));
    it->w_error = sqrt(c.ww);
    it->u_error = sqrt(c.uu);
  }
  plan->report.bootstrap_error = refresh;
  plan->report.weight_error = plan->iteration[plan->options.iterations - 1].w_error;
}
