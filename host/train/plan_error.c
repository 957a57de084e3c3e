/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far weights are expected to be from those of the same training in the clear.
 *
 * Errors of an iteration and of a refresh are random, and the step carries them on: with k = 1 - eta of the iteration
 * before and p = eta / (1 - eta), w becomes k u + d and u becomes k u + p w + d, but for the part of d that follows from
 * them. That part takes errors away wherever the loss bends, so it is left out: what remains is the error of a direction
 * in which nothing holds a weight. Nothing but + - * / and square roots, as ciphertexts carry these errors with them.
 */
#include <math.h>

#include "../ckks/noise.h"
#include "../params/params.h"
#include "plan.h"

typedef struct covariance {
  double ww, wu, uu;
} covariance;

/*
 * Roundings that the sum over the rows of a ciphertext adds up: one from the products of each block, and with pairs both parts,
 * doubled.
 */
static double summed_roundings(const umbra_train_plan *plan, const umbra_plan_iteration *it) {
  uint64_t first, blocks;
  const uint64_t rows = plan->layout.slots / plan->layout.stride;
  umbra_plan_batch_blocks(&first, &blocks, plan, it->step.batch);
  return (double)(blocks * rows * (plan->layout.pairs ? 4 : 1));
}

/*
 * Variance of an error of d: a slot's, e, in the unit of the output, and of a sum over the records, which have a size of
 * about 1, as much again for the margins; see the scale of the data in plan.c. A slot has been through some dozen
 * roundings and switches, which together have eight times the error of one. weights: the mean square of the records'.
 */
double umbra_plan_gradient_variance(const umbra_train_plan *plan, const umbra_plan_iteration *it, double weights) {
  const double one = it->unit_out * umbra_noise_round((umbra_estimate){0}, &plan->params->chain, 1).bound.error;
  const double records = 2 * plan->data_scale * plan->data_scale * (double)it->step.rows * weights;
  return one * one * (64 * (1 + records) + summed_roundings(plan, it));
}

static covariance advanced(covariance c, const umbra_plan_iteration *it, double added) {
  double k = it->before, p = it->step.eta / (1 - it->step.eta);
  return (covariance){.ww = k * k * c.uu + added,
                      .wu = k * k * c.uu + k * p * c.wu + added,
                      .uu = k * k * c.uu + 2 * k * p * c.wu + p * p * c.ww + added};
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
    c = advanced(c, it, umbra_plan_gradient_variance(plan, it, 1));
    it->w_error = sqrt(c.ww);
    it->u_error = sqrt(c.uu);
  }
  plan->report.bootstrap_error = refresh;
  plan->report.weight_error = plan->iteration[plan->options.iterations - 1].w_error;
}
