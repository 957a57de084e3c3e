/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap_plan.h"

#include <math.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/integers.h"
#include "../../base/memory.h"
#include "../../base/outputs.h"
#include "../../base/structs.h"
#include "../../ckks/sum.h"
#include "../../ring/divide.h"

/*
 * Slots-to-coefficients first puts a value into one coefficient instead of spreading it over all, so less noise reaches a
 * slot and the sine bends more: the message ratio is larger by as many bits.
 */
enum {
  STC_FIRST_RATIO_BITS = 5,
  LEAST_MATRIX_BITS = 24, /* of a factor's entries: fewer, and its rounding is all that is left */
  MOST_LOG2_FAILURE = -30 /* of a refresh */
};

/* ---- what is asked for ---- */

static umbra_status check_options(umbra_bootstrap_options *options, const umbra_chain *chain) {
  uint32_t most = 1u << (chain->log_n - 1);
  int exponent;
  if (!options->slots) options->slots = most;
  if (options->slots < 2 || options->slots > most || (options->slots & (options->slots - 1)))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "slots is %u: it must be a power of two from 2 to %u",
                      options->slots, most);
  if (!(options->bound >= 0x1p-20 && options->bound <= 0x1p20) || frexp(options->bound, &exponent) != 0.5)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "bound is %g: it must be a power of two from 2^-20 to 2^20",
                      options->bound);
  if (options->order != UMBRA_BOOTSTRAP_STANDARD && options->order != UMBRA_BOOTSTRAP_STC_FIRST)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "order is %d: there are 0 and 1", (int)options->order);
  if (options->baby_steps && (!umbra_is_power_of_two(options->baby_steps) || options->baby_steps > most))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "baby_steps is %u: it must be a power of two up to %u, or 0",
                      options->baby_steps, most);
  if (!umbra_target_name(options->target))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "target is %d, which is none", (int)options->target);
  if (options->rounds < 1 || options->rounds > 2)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "rounds is %u: it must be 1 or 2", options->rounds);
  if (options->rounds == 2 && options->order == UMBRA_BOOTSTRAP_STC_FIRST)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "two rounds are for the standard order");
  return UMBRA_OK;
}

/* log2 of a power of two. */
static umbra_log2 log_of_bound(double bound) {
  int exponent;
  frexp(bound, &exponent);
  return umbra_log2_of_bits(exponent - 1);
}

/* ---- the two maps ---- */

/* As many stages in each factor, those with the longest butterflies taking one more: they have fewer diagonals. */
static void share_stages(umbra_bootstrap_map *map, uint32_t log_slots) {
  for (uint32_t i = 0; i < map->factors; i++) {
    uint32_t from_longest = map->direction == UMBRA_COEFFS_TO_SLOTS ? i : map->factors - 1 - i;
    map->stages[i] = log_slots / map->factors + (from_longest < log_slots % map->factors);
  }
}

/* Scales of the diagonals such that an input leaves with its scale times 2^log_gain. */
static void share_scales(umbra_bootstrap_map *map, const umbra_chain *chain, umbra_log2 log_gain) {
  for (uint32_t i = 0; i < map->factors; i++) {
    uint32_t level = map->first_level - i;
    umbra_log2 share = log_gain / (umbra_log2)(map->factors - i); /* what division leaves over goes into the last */
    map->log_scale[i] = umbra_sum_log_step(chain, level) + share;
    log_gain -= share;
  }
}

static umbra_bootstrap_map lay_map(umbra_dft_direction direction, uint32_t levels, uint32_t first_level,
                                   uint32_t log_slots) {
  umbra_bootstrap_map map = {.direction = direction, .factors = levels < log_slots ? levels : log_slots};
  map.first_level = first_level;
  share_stages(&map, log_slots);
  return map;
}

/* Parts side by side: the last matrix to the slots splits them, the first one from there merges them. */
static umbra_status apply_side_by_side(umbra_diagonals *diagonals, const umbra_bootstrap_map *map) {
  int split = map->direction == UMBRA_COEFFS_TO_SLOTS;
  umbra_diagonals *factor = &diagonals[split ? map->factors - 1 : 0], made;
  UMBRA_TRY(split ? umbra_dft_split(&made, factor) : umbra_dft_merge(&made, factor));
  umbra_diagonals_destroy(factor);
  *factor = made;
  return UMBRA_OK;
}

umbra_status umbra_bootstrap_map_diagonals(umbra_diagonals diagonals[UMBRA_MAX_FACTORS],
                                           const umbra_bootstrap_plan *plan, const umbra_bootstrap_map *map,
                                           int values) {
  int to_slots = map->direction == UMBRA_COEFFS_TO_SLOTS;
  /* A part is half the sum of a number and its conjugate; side by side, the split has the half. */
  double half = plan->side_by_side ? 1 : 0.5;
  memset(diagonals, 0, UMBRA_MAX_FACTORS * sizeof *diagonals);
  UMBRA_TRY((values ? umbra_dft_factors : umbra_dft_shapes)(diagonals, plan->log_slots, map->stages, map->factors,
                                                            map->direction,
                                                            to_slots ? half / plan->reduction->range : 1));
  umbra_status status = plan->side_by_side ? apply_side_by_side(diagonals, map) : UMBRA_OK;
  for (uint32_t i = 0; status != UMBRA_OK && i < map->factors; i++) umbra_diagonals_destroy(&diagonals[i]);
  return status;
}

/*
 * Both maps with the same steps, so that they share keys; on a processor about as many giant as baby steps, which makes keys
 * few: more baby steps are hardly faster there. Giant steps are the ones of many kernels: for a GPU there are half as many.
 */
uint32_t umbra_bootstrap_baby_steps(const umbra_bootstrap_plan *plan, uint32_t stages) {
  const umbra_bootstrap_options *options = &plan->options;
  if (options->min_key) return 0;
  if (options->baby_steps) return options->baby_steps;
  return (options->target == UMBRA_TARGET_GPU ? 2u : 1u) << ((stages + 2) / 2);
}

/* ---- levels and scales ---- */

/* Rotations that add up all n / 2m copies of a vector of m slots. */
static uint32_t trace_steps(const umbra_bootstrap_plan *plan) {
  return plan->params->chain.log_n - 1 - plan->log_slots;
}

/*
 * The scale of the message before slots-to-coefficients, in the standard order: what the reduction's own scale makes it;
 * more if its matrices would have more bits than they need, so that less of the rounding at the end of the reduction is
 * left; less if they would have too few.
 */
static umbra_log2 log_scale_for_stc(const umbra_bootstrap_plan *plan, uint32_t level_after) {
  const umbra_chain *chain = &plan->params->chain;
  const umbra_window base = chain->window[0];
  const uint32_t first = plan->stc.first_level, enough_bits = 40;
  const umbra_log2 spare = umbra_log2_of_bits((int32_t)((enough_bits - LEAST_MATRIX_BITS) * plan->stc.factors));
  umbra_log2 least =
      plan->reduction->log_scale + plan->log_enter - umbra_chain_log_product(chain, base.first, base.count);
  umbra_log2 most = chain->log_scale[level_after] +
                    umbra_divide_log_ratio(chain, chain->window[first], chain->window[level_after]) -
                    umbra_log2_of_bits((int32_t)(enough_bits * plan->stc.factors));
  if (most > least) return most;
  return most + spare < least ? most + spare : least;
}

static void lay_out(umbra_bootstrap_plan *plan) {
  const umbra_chain *chain = &plan->params->chain;
  const umbra_bootstrap_shape *boot = &chain->bootstrap;
  const umbra_window base = chain->window[0];
  const int stc_first = plan->options.order == UMBRA_BOOTSTRAP_STC_FIRST;
  const umbra_log2 log_base = umbra_chain_log_product(chain, base.first, base.count);
  uint32_t top = chain->levels - 1;
  plan->log_slots = (uint32_t)__builtin_ctz(plan->options.slots);
  plan->side_by_side = !stc_first && trace_steps(plan) > 0;
  plan->log_enter = log_base - umbra_log2_of_bits((int32_t)plan->ratio_bits) - log_of_bound(plan->options.bound);
  plan->cts = lay_map(UMBRA_COEFFS_TO_SLOTS, boot->cts_levels, 0, plan->log_slots);
  plan->cts.first_level = plan->reduction->level + plan->cts.factors;
  /* Integers t * copies become y at the scale of the reduction. */
  share_scales(&plan->cts, chain,
               plan->reduction->log_scale - log_base - umbra_log2_of_bits((int32_t)trace_steps(plan)));
  plan->stc = lay_map(UMBRA_SLOTS_TO_COEFFS, boot->stc_levels, top, plan->log_slots);
  if (stc_first) plan->stc.first_level = plan->stc.factors;
  uint32_t after = plan->stc.first_level - plan->stc.factors;
  plan->log_stc = stc_first ? chain->log_scale[plan->stc.first_level] : log_scale_for_stc(plan, after);
  share_scales(&plan->stc, chain, (stc_first ? plan->log_enter : chain->log_scale[after]) - plan->log_stc);
  plan->report.slots = plan->options.slots;
  plan->report.output_level = stc_first ? top : after;
  plan->report.input_level = stc_first ? plan->stc.factors : log_of_bound(plan->options.bound) > 0;
  plan->report.levels_consumed = plan->cts.first_level - plan->report.output_level;
}

/* With bounds or scales far from the usual, matrices may be left without precision. */
static umbra_status check_matrix_bits(const umbra_bootstrap_plan *plan) {
  for (uint32_t i = 0; i < plan->stc.factors; i++)
    if (plan->stc.log_scale[i] < umbra_log2_of_bits(LEAST_MATRIX_BITS - 1))
      return umbra_fail(
          UMBRA_ERROR_UNSUPPORTED,
          "matrices of slots-to-coefficients would have %.1f bits: a bound of %g is too far from 1 for these "
          "parameters and this order",
          umbra_log2_bits(plan->stc.log_scale[i]), plan->options.bound);
  return UMBRA_OK;
}

/* ---- the plan ---- */

/* A plan that knows that it fails is none. What is no number is refused, too. */
static umbra_status check_outlook(const umbra_bootstrap_plan *plan) {
  const umbra_bootstrap_report *r = &plan->report;
  if (!(r->log2_range_failure <= MOST_LOG2_FAILURE))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "a refresh would fail with probability 2^%.1f, as coefficients leave the range of the sine, and "
                      "2^%d is the most: overflow of the parameters' bootstrap is %u, and must be larger",
                      r->log2_range_failure, MOST_LOG2_FAILURE, plan->params->chain.bootstrap.overflow);
  if (!(r->worst_error <= 0.5))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "slots would be off by up to %.3g times their bound of %g after a refresh, and half of it is the "
                      "most: take %s",
                      r->worst_error, plan->options.bound, plan->weakest);
  if (plan->options.rounds > 1 && !(r->error < plan->one_round))
    return umbra_fail(
        UMBRA_ERROR_UNSUPPORTED,
        "rounds is 2, and the second one would lose precision: an error of 2^%.1f of the bound, instead of "
        "2^%.1f after one",
        log2(r->error), log2(plan->one_round));
  return UMBRA_OK;
}

static umbra_status fill(umbra_bootstrap_plan *plan) {
  const umbra_chain *chain = &plan->params->chain;
  umbra_bootstrap_shape shape = chain->bootstrap;
  if (plan->options.order == UMBRA_BOOTSTRAP_STC_FIRST) shape.ratio_bits += STC_FIRST_RATIO_BITS;
  plan->ratio_bits = shape.ratio_bits;
  UMBRA_TRY(umbra_sine_reduction_create(&plan->reduction, chain, &shape, chain->levels - 1));
  lay_out(plan);
  UMBRA_TRY(check_matrix_bits(plan));
  umbra_bootstrap_predict(plan);
  UMBRA_TRY(check_outlook(plan));
  UMBRA_TRY(umbra_key_needs_create(&plan->needs, plan->params));
  return umbra_bootstrap_plan_run_dry(plan);
}

static void destroy(void *object) {
  umbra_bootstrap_plan *plan = object;
  umbra_reduction_destroy(plan->reduction);
  umbra_key_needs_destroy(plan->needs);
  umbra_params_destroy(plan->params);
  umbra_free(plan);
}

umbra_status umbra_bootstrap_plan_create(umbra_bootstrap_plan **out, const umbra_params *params,
                                         const umbra_bootstrap_options *options) {
  if (!out || !params)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_bootstrap_plan_create needs an output and parameters");
  if (!umbra_params_bootstrapped_level(params))
    return umbra_fail(
        UMBRA_ERROR_UNSUPPORTED,
        "these parameters do not refresh: take a preset whose name begins with \"boot\", or a need with .bootstrap");
  umbra_bootstrap_options wanted = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_bootstrap_options, &wanted, options));
  UMBRA_TRY(check_options(&wanted, &params->chain));
  umbra_bootstrap_plan *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "the plan of a refresh"));
  *made = (umbra_bootstrap_plan){
      .counted = UMBRA_COUNTED(destroy), .params = umbra_params_share(params), .options = wanted};
  umbra_status status = fill(made);
  if (status == UMBRA_OK) UMBRA_PUT(bootstrap_plan, out, made);
  else umbra_bootstrap_plan_destroy(made);
  return status;
}

umbra_bootstrap_plan *umbra_bootstrap_plan_share(const umbra_bootstrap_plan *plan) { return umbra_share(plan); }
void umbra_bootstrap_plan_destroy(umbra_bootstrap_plan *plan) { umbra_release(plan); }

umbra_status umbra_bootstrap_plan_report(const umbra_bootstrap_plan *plan, umbra_bootstrap_report *report) {
  if (!plan || !report)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_bootstrap_plan_report needs a plan and a report");
  return UMBRA_GIVE(umbra_bootstrap_report, report, &plan->report);
}

umbra_status umbra_bootstrap_plan_needs(const umbra_bootstrap_plan *plan, umbra_key_needs *needs) {
  if (!plan) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_bootstrap_plan_needs needs a plan");
  return umbra_key_needs_add(needs, plan->needs);
}
