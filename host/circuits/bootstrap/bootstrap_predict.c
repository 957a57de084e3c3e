/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The errors of a refresh. A rounding, as every division leaves one, has coefficients of standard deviation rho = sqrt(n /
 * 18 + 1 / 12) under a ternary secret, and so parts of slots of rho sqrt(n / 2), in units of one over the scale. Nothing
 * here uses functions that differ between machines: the rounds of a refresh follow from it.
 */
#include <math.h>

#include "../../base/bounds.h"
#include "bootstrap_plan.h"
#include "overflow.h"

/* Deviations that no slot of a refresh reaches: of errors that all coefficients share in, and of roundings times the
 * secret, which are products (see noise.h). */
static const double gaussian_deviations = 8, product_deviations = 18;
static const double log2_deviations_failure = -32;

static double square(double x) { return x * x; }

/* Of e = m / q_0 without overflows: what of it comes from rounding in slots, and in coefficients before. */
typedef struct reduced_noise {
  double slots, coefficients;
} reduced_noise;

static reduced_noise noise_of_reduction(const umbra_bootstrap_plan *plan) {
  const umbra_chain *chain = &plan->params->chain;
  const double n = (double)(1u << chain->log_n), rounding = sqrt(n / 18 + 1.0 / 12);
  const double part = rounding * sqrt(n / 2) / umbra_log2_to_double(plan->reduction->log_scale);
  const umbra_window base = chain->window[0];
  const double q0 = umbra_log2_to_double(umbra_chain_log_product(chain, base.first, base.count));
  const double copies = n / 2 / plan->options.slots; /* whose noise the trace averages */
  return (reduced_noise){.slots = part * plan->reduction->error_roundings,
                         .coefficients = sqrt(square(rounding / q0) * (1 + 1 / copies))};
}

/* Rounding of the divisions after that, in parts of slots: each is at the scale that the ciphertext has there. */
static double noise_after_reduction(const umbra_bootstrap_plan *plan) {
  const umbra_chain *chain = &plan->params->chain;
  const double n = (double)(1u << chain->log_n);
  return sqrt(n / 18 + 1.0 / 12) * sqrt(n / 2) / umbra_log2_to_double(chain->log_scale[plan->report.output_level]);
}

/*
 * Relative error of a map, from the rounding of its encoded diagonals: each of the 2p coefficients of a diagonal of period
 * p is off by up to half a unit, and there are twice as many diagonals as a row has entries.
 */
static double rounding_of_map(const umbra_bootstrap_map *map, uint32_t log_slots, double entries) {
  double sum = 0;
  for (uint32_t i = 0; i < map->factors; i++) {
    const double period = (double)(2u << log_slots); /* at most */
    sum += 2 * period / 12 / square(umbra_log2_to_double(map->log_scale[i]) * entries);
  }
  return sqrt(sum);
}

/* The n-th root of 1 / m as the DFT's factors have it: for three factors and so on; a lower bound will do. */
static double entry_of_cts(const umbra_bootstrap_plan *plan) {
  double entry = 1;
  uint32_t most = 0;
  for (uint32_t i = 0; i < plan->cts.factors; i++) most = plan->cts.stages[i] > most ? plan->cts.stages[i] : most;
  for (uint32_t s = 0; s < most; s++) entry /= 2;
  return entry / 2;
}

/* A part of a slot from one coefficient: all 2m coefficients add up, unless slots were put into coefficients. */
static double spread(const umbra_bootstrap_plan *plan) {
  return plan->options.order == UMBRA_BOOTSTRAP_STC_FIRST ? 1 : sqrt(plan->options.slots);
}

/*
 * The bending for slots uniform in the bound, whose 2m coefficients e are about Gaussian: what is left is a constant times
 * (e / bound)^p with p = 3 (of a sine), or 5, 7, 9 (after an arcsine); the root of its mean square has (2 p - 1)!!.
 */
static double bending(const umbra_bootstrap_plan *plan) {
  const umbra_reduction *reduction = plan->reduction;
  const double deviation =
      plan->options.order == UMBRA_BOOTSTRAP_STC_FIRST ? sqrt(1.0 / 3) : sqrt(1.0 / (3.0 * plan->options.slots));
  const double e = deviation * ldexp(1, -(int)plan->ratio_bits) / reduction->bound;
  double power = e * e, moments = 1;
  for (uint32_t k = 1; k < reduction->bending_order; k++) power *= e * e, moments *= 2 * k + 1;
  return reduction->error_bending * sqrt(power * moments);
}

/* log2, for display. */
static double log2_of(double x) { return x > 0 ? log2(x) : -INFINITY; }

/* The error of the first round, magnified to fill the bound, is refreshed; what remains are roundings at the end. */
static void predict_rounds(umbra_bootstrap_plan *plan, double bent, double products) {
  umbra_bootstrap_report *report = &plan->report;
  int exponent;
  frexp(report->worst_error + report->error_sine, &exponent); /* below 2^exponent */
  plan->round_bits = exponent < 0 ? (uint32_t)-exponent : 0;
  const double shrink = ldexp(1, -(int)plan->round_bits);
  const double rest = 2 * products; /* of the correction, and of the input brought to one level with the first round */
  plan->one_round = report->error;
  report->error_polynomial *= shrink;
  report->error_sine *= shrink;
  report->error_noise = sqrt(square(report->error_noise * shrink) + square(rest));
  report->error = sqrt(square(report->error_noise) + square(report->error_polynomial) + square(bent * shrink));
  report->log2_range_failure += 1;
  report->log2_worst_failure += 1;
  report->worst_error = report->worst_error * shrink + product_deviations * rest;
}

/* By the largest of the parts that errors have. */
static const char *find_weakest(double noise, double products, double polynomial, double bent, double matrices) {
  const double most =
      umbra_larger(umbra_larger(noise, products), umbra_larger(umbra_larger(polynomial, bent), matrices));
  if (noise >= most) return "larger scale_bits of the parameters, or fewer slots";
  if (products >= most) return "a larger bound, or larger scale_bits of the parameters";
  if (polynomial >= most) return "a larger degree, or more double_angles, of the parameters' bootstrap";
  if (bent >= most) return "larger ratio_bits, or a larger arcsine_degree, of the parameters' bootstrap";
  return "a bound nearer to 1, or larger scale_bits of the parameters";
}

void umbra_bootstrap_predict(umbra_bootstrap_plan *plan) {
  umbra_bootstrap_report *report = &plan->report;
  const umbra_chain *chain = &plan->params->chain;
  const umbra_window base = chain->window[0];
  const umbra_log2 log_base = umbra_chain_log_product(chain, base.first, base.count);
  const double bound = plan->options.bound;
  /* From e to the message in units of its bound. */
  const double ratio = umbra_log2_to_double(log_base - plan->log_enter) / bound;
  const umbra_reduction *reduction = plan->reduction;
  const reduced_noise noise = noise_of_reduction(plan);
  const double all_share = sqrt(square(noise.slots) + square(noise.coefficients)) * ratio * spread(plan);
  const double products = noise_after_reduction(plan) / bound;
  report->error_polynomial = reduction->error_fit * ratio * spread(plan);
  report->error_sine = reduction->error_bending * ratio;
  const double bent = bending(plan) * ratio * spread(plan);
  /* t / q_0 is a sum of hamming + 1 uniform numbers; entering level 0 rounds a constant of that many bits (operand.c). */
  const int constant_bits = chain->scale_bits > 33 ? (int)chain->scale_bits - 8 : 25;
  const double overflow = sqrt((chain->bootstrap.hamming + 1) / 12.0);
  const double matrices =
      sqrt(square(rounding_of_map(&plan->cts, plan->log_slots, entry_of_cts(plan)) * overflow * ratio * spread(plan)) +
           square(rounding_of_map(&plan->stc, plan->log_slots, 1)) + square(ldexp(0.5, -constant_bits)));
  report->error_noise = sqrt(square(all_share) + square(products) + square(matrices));
  report->error = sqrt(square(report->error_noise) + square(report->error_polynomial) + square(bent));
  report->worst_error =
      gaussian_deviations * (all_share + report->error_polynomial + bent + matrices) + product_deviations * products;
  report->log2_worst_failure = log2_deviations_failure;
  plan->weakest = find_weakest(all_share, products, report->error_polynomial, bent, matrices);
  report->log2_range_failure = log2_of(umbra_overflow_beyond(chain->bootstrap.hamming, reduction->overflow)) +
                               log2_of(2.0 * plan->options.slots);
  if (plan->options.rounds > 1) predict_rounds(plan, bent, products);
}
