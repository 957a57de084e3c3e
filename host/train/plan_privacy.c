/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan promises about its records, and the noise that this takes: see umbra/privacy.h. */
#include <math.h>
#include <sodium.h>

#include "../base/error.h"
#include "../base/gaussian.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "../ckks/disclosure.h"
#include "../params/params.h"
#include "accountant.h"
#include "plan.h"

/* ---- the promise ---- */

/*
 * All in units of a coefficient of the encoding, in which noise is added: a vector of m slots has 2 m real coefficients,
 * whose length is that of the slots times scale / sqrt(m).
 */
static umbra_status account(umbra_privacy *p, const umbra_train_plan *plan, const umbra_plan_outcome *model) {
  const double scale = umbra_params_scale(plan->params, model->level), unit = sqrt(model->slots) / scale;
  const uint64_t slots = model->slots * model->ciphertexts;
  double sigma;
  p->error_bound = model->range.error_bound;
  p->error = 2 * sqrt((double)slots) * p->error_bound;
  UMBRA_TRY(umbra_private_deviation(&sigma, p->epsilon, p->delta, (p->sensitivity + p->error) / unit, 2 * slots));
  const double hidden = UMBRA_DISCLOSURE_HEURISTIC * p->error_bound * scale;
  p->noise = sigma * unit;
  p->ciphertexts = model->ciphertexts;
  p->shares = plan->options.privacy->noise_by == UMBRA_NOISE_BY_BOTH ? 2 : 1;
  p->statistical = 2 * log2(sigma / (sqrt(12 * (double)p->ciphertexts) * hidden)); /* as umbra/disclosure.h has it */
  return UMBRA_OK;
}

static umbra_status check_private(const umbra_train_plan *plan) {
  if (plan->options.privacy) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the plan promises no privacy: it was made without that option");
}

umbra_status umbra_train_plan_privacy(const umbra_train_plan *plan, umbra_privacy *privacy) {
  umbra_plan_outcome model;
  if (!plan || !privacy)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_privacy needs a plan and an output");
  UMBRA_TRY(check_private(plan));
  UMBRA_TRY(umbra_plan_find_outcome(&model, plan));
  umbra_privacy made = {UMBRA_PRIVACY_INIT, .epsilon = plan->options.privacy->epsilon,
                        .delta = plan->options.privacy->delta, .sensitivity = plan->sensitivity.sensitivity};
  UMBRA_TRY(account(&made, plan, &model));
  return UMBRA_GIVE(umbra_privacy, privacy, &made);
}

/* ---- what it will be worth ---- */

umbra_status umbra_train_plan_add_noise(const umbra_train_plan *plan, double *weights, double noise, uint64_t seed) {
  const double deviation = 0x1p40;
  uint8_t key[32];
  umbra_gaussian gaussian;
  umbra_random random;
  umbra_wide *sample;
  if (!plan || !weights || !(isfinite(noise) && noise >= 0))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "noise of deviation %g needs a plan and weights", noise);
  const size_t count = umbra_train_plan_weights(plan);
  UMBRA_TRY(umbra_gaussian_of(&gaussian, deviation));
  UMBRA_TRY(umbra_alloc(&sample, count, sizeof *sample, "noise"));
  crypto_generichash(key, sizeof key, (const uint8_t *)&seed, sizeof seed, NULL, 0);
  umbra_random_open_seeded(&random, key);
  umbra_random_gaussian(&random, sample, count, &gaussian);
  umbra_random_close(&random);
  for (size_t i = 0; i < count; i++) weights[i] += noise * ((double)sample[i] / gaussian.deviation);
  umbra_free(sample);
  return UMBRA_OK;
}
