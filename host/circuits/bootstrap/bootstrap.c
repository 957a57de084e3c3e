/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/bootstrap.h>

#include <math.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/integers.h"
#include "../../base/memory.h"
#include "../../base/outputs.h"
#include "../../ckks/calls.h"
#include "../../ckks/dry.h"
#include "../../ckks/find_key.h"
#include "../../ckks/noise.h"
#include "../../ckks/raise.h"
#include "../../ckks/trace.h"
#include "../../ckks/verbs.h"
#include "../transform/transform.h"
#include "bootstrap_plan.h"

struct umbra_bootstrapper {
  umbra_counted counted;
  umbra_context *context; /* a share, as the plan */
  umbra_bootstrap_plan *plan;
  umbra_transform *cts[UMBRA_MAX_FACTORS], *stc[UMBRA_MAX_FACTORS];
};

/* ---- constants ---- */

typedef struct encoding {
  const umbra_bootstrapper *bootstrapper;
  umbra_watch *watch;
  uint32_t done, factors;
} encoding;

static umbra_status encode_map(umbra_transform **transforms, encoding *e, const umbra_bootstrap_map *map) {
  const umbra_bootstrapper *b = e->bootstrapper;
  umbra_diagonals diagonals[UMBRA_MAX_FACTORS];
  UMBRA_TRY(umbra_bootstrap_map_diagonals(diagonals, b->plan, map, umbra_context_has_values(b->context)));
  umbra_status status = UMBRA_OK;
  for (uint32_t i = 0; i < map->factors; i++) {
    umbra_transform_encoding desc = {.diagonals = &diagonals[i],
                                     .level = map->first_level - i,
                                     .log_scale = map->log_scale[i],
                                     .min_key = b->plan->options.min_key,
                                     .baby_steps = umbra_bootstrap_baby_steps(b->plan, map->stages[i]),
                                     .watch = e->watch};
    const umbra_watch_part part = umbra_watch_enter(e->watch, e->done++, e->factors);
    if (status == UMBRA_OK) status = umbra_transform_encode(&transforms[i], b->context, &desc);
    umbra_watch_leave(e->watch, part);
    umbra_diagonals_destroy(&diagonals[i]);
  }
  return status;
}

static void destroy(void *object) {
  umbra_bootstrapper *bootstrapper = object;
  for (uint32_t i = 0; i < UMBRA_MAX_FACTORS; i++) {
    umbra_transform_destroy(bootstrapper->cts[i]);
    umbra_transform_destroy(bootstrapper->stc[i]);
  }
  umbra_bootstrap_plan_destroy(bootstrapper->plan);
  umbra_context_destroy(bootstrapper->context);
  umbra_free(bootstrapper);
}

umbra_status umbra_bootstrapper_create(umbra_bootstrapper **out, const umbra_context *context,
                                       const umbra_bootstrap_plan *plan, const umbra_progress *progress) {
  UMBRA_TRACE_IN(context, "bootstrapper_create", 0);
  if (!out || !context || !plan)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_bootstrapper_create needs an output, a context and a plan");
  if (memcmp(umbra_context_params(context)->digest, plan->params->digest, UMBRA_DIGEST_BYTES) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the plan was made for other parameters than the context's");
  umbra_bootstrapper *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a bootstrapper"));
  *made = (umbra_bootstrapper){.counted = UMBRA_COUNTED(destroy),
                               .context = umbra_context_share(context),
                               .plan = umbra_bootstrap_plan_share(plan)};
  umbra_watch watch = umbra_watch_of(progress);
  encoding e = {made, &watch, 0, plan->cts.factors + plan->stc.factors};
  umbra_status status = umbra_watch_check(&watch);
  if (status == UMBRA_OK) status = encode_map(made->cts, &e, &plan->cts);
  if (status == UMBRA_OK) status = encode_map(made->stc, &e, &plan->stc);
  status = umbra_watch_close(&watch, status);
  if (status == UMBRA_OK) UMBRA_PUT(bootstrapper, out, made);
  else umbra_bootstrapper_destroy(made);
  return status;
}

umbra_bootstrapper *umbra_bootstrapper_share(const umbra_bootstrapper *bootstrapper) {
  return umbra_share(bootstrapper);
}

void umbra_bootstrapper_destroy(umbra_bootstrapper *bootstrapper) { umbra_release(bootstrapper); }

uint64_t umbra_bootstrapper_bytes(const umbra_bootstrapper *bootstrapper) {
  const umbra_bootstrap_plan *plan = bootstrapper->plan;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < plan->cts.factors; i++) bytes += umbra_transform_bytes(bootstrapper->cts[i]);
  for (uint32_t i = 0; i < plan->stc.factors; i++) bytes += umbra_transform_bytes(bootstrapper->stc[i]);
  return bytes;
}

/* ---- one refresh ---- */

/* What the steps share. Each step replaces its ciphertext. */
typedef struct refresh {
  umbra_evaluator *evaluator;
  const umbra_bootstrapper *bootstrapper;
  const umbra_bootstrap_plan *plan;
  const umbra_chain *chain;
  const umbra_eval_key *conjugation;
  umbra_log2 log_enter; /* scale at which the modulus was raised; the plan's, or, from level 0, nearly */
  uint32_t shrink_bits; /* the result is the refreshed value over 2^shrink_bits */
  umbra_refresh_count count;
} refresh;

umbra_status umbra_refresh_advance(umbra_refresh_count *count, uint32_t switches) {
  count->done += switches;
  return umbra_watch_step(&count->evaluator->watch, count->done, count->all);
}

static void replace(const refresh *r, umbra_scaled *x, umbra_scaled *by) {
  umbra_scaled_destroy(x, r->evaluator->context);
  *x = *by;
  *by = (umbra_scaled){0};
}

static umbra_status apply_transform(refresh *r, umbra_scaled *x, const umbra_transform *transform) {
  umbra_scaled made;
  UMBRA_TRY(umbra_transform_apply_scaled(r->evaluator, &made, x, transform));
  replace(r, x, &made);
  return umbra_refresh_advance(&r->count, transform->plan->key_switches);
}

/* x += x rotated by that many steps. */
static umbra_status add_rotated(refresh *r, umbra_scaled *x, uint32_t steps) {
  UMBRA_TRY(umbra_scaled_add_rotated(r->evaluator, x, steps, umbra_ring_n(r->evaluator->context->ring) / 2));
  return umbra_refresh_advance(&r->count, 1);
}

/* The same of 1, 2, ..., 2^log_radix - 1 times that many steps, together. */
static umbra_status add_multiples(refresh *r, umbra_scaled *x, uint32_t steps, uint32_t log_radix) {
  umbra_scaled made;
  UMBRA_TRY(umbra_scaled_sum_rotated(&made, r->evaluator, x, (int32_t)steps, log_radix,
                                     umbra_ring_n(r->evaluator->context->ring) / 2));
  replace(r, x, &made);
  return umbra_refresh_advance(&r->count, (1u << log_radix) - 1);
}

/* The sum of all copies of a vector that is shorter than all slots. */
static umbra_status add_copies(refresh *r, umbra_scaled *x) {
  const uint32_t most = umbra_ring_n(r->evaluator->context->ring) / 2;
  for (uint32_t steps = r->plan->options.slots; steps < most;) {
    const uint32_t log_now = umbra_log_radix_at(steps, most, umbra_log_radix_of(r->plan->options.target));
    UMBRA_TRY(log_now > 1 ? add_multiples(r, x, steps, log_now) : add_rotated(r, x, steps));
    steps <<= log_now;
  }
  return UMBRA_OK;
}

/* From level 0 only an integer leads up to the scale wanted; it may stop short of it. */
static umbra_status enter_from_bottom(refresh *r, umbra_scaled *low, const umbra_scaled *x) {
  umbra_log2 log_factor = r->plan->log_enter - x->log_scale;
  if (log_factor < 0)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "a refresh with a bound of %g cannot begin at level 0",
                      r->plan->options.bound);
  const umbra_log2 most = umbra_log2_of_bits(30);
  uint32_t factor = umbra_log2_to_u32(log_factor < most ? log_factor : most);
  UMBRA_TRY(umbra_scaled_lower(low, r->evaluator, x, 0, x->log_scale));
  umbra_scaled_mul_integer(r->evaluator, low, factor);
  umbra_scaled_relabel(low, low->log_scale + umbra_log2_of_u32(factor));
  r->log_enter = low->log_scale;
  return UMBRA_OK;
}

static umbra_status enter(refresh *r, umbra_scaled *low, const umbra_scaled *x) {
  UMBRA_TRACE(r->evaluator, "enter", x);
  r->log_enter = r->plan->log_enter;
  return x->level ? umbra_scaled_lower(low, r->evaluator, x, 0, r->log_enter) : enter_from_bottom(r, low, x);
}

/* x = t / (q_0 range) in its slots, for the integers t that low is raised to. */
static umbra_status to_coefficients_in_slots(refresh *r, umbra_scaled *x, const umbra_scaled *low) {
  UMBRA_TRACE(r->evaluator, "coefficients_to_slots", low);
  const umbra_bootstrap_plan *plan = r->plan;
  UMBRA_TRY(umbra_raise(r->evaluator, x, low));
  umbra_status status = umbra_refresh_advance(&r->count, 2);
  if (status == UMBRA_OK) status = add_copies(r, x);
  for (uint32_t i = 0; i < plan->cts.factors && status == UMBRA_OK; i++)
    status = apply_transform(r, x, r->bootstrapper->cts[i]);
  umbra_scaled_relabel(x, plan->reduction->log_scale);
  umbra_scaled_declare(x, umbra_estimate_of(1, 0));
  return status;
}

/* x and im become twice the parts of x; im: NULL if it is not wanted. */
static umbra_status part(refresh *r, umbra_scaled *x, umbra_scaled *im) {
  umbra_scaled re;
  UMBRA_TRY(umbra_scaled_split(&re, im, r->evaluator, x, r->conjugation));
  replace(r, x, &re);
  return umbra_refresh_advance(&r->count, 1);
}

/* ---- the whole ---- */

static umbra_status reduce(refresh *r, umbra_scaled *x, umbra_log2 log_scale) {
  const umbra_reduction *reduction = r->plan->reduction;
  UMBRA_TRACE(r->evaluator, reduction->kind->name, x);
  return reduction->kind->apply(reduction, x, log_scale, &r->count);
}

/* Of the real part alone. */
static umbra_status reduce_part(refresh *r, umbra_scaled *x, umbra_log2 log_scale) {
  UMBRA_TRY(part(r, x, NULL));
  return reduce(r, x, log_scale);
}

/* Of both parts, one after the other. */
static umbra_status reduce_parts(refresh *r, umbra_scaled *x, umbra_log2 log_scale) {
  umbra_scaled im = {0};
  umbra_status status = part(r, x, &im);
  if (status == UMBRA_OK) status = reduce(r, x, log_scale);
  if (status == UMBRA_OK) status = reduce(r, &im, log_scale);
  if (status == UMBRA_OK) status = umbra_scaled_join(r->evaluator, x, &im);
  umbra_scaled_destroy(&im, r->evaluator->context);
  return status;
}

/* The same with both side by side. */
static umbra_status reduce_beside(refresh *r, umbra_scaled *x, umbra_log2 log_scale) {
  umbra_scaled parts, joined;
  UMBRA_TRY(umbra_scaled_split_beside(&parts, r->evaluator, x, r->conjugation));
  umbra_status status = umbra_refresh_advance(&r->count, 1);
  if (status == UMBRA_OK) status = reduce(r, &parts, log_scale);
  if (status == UMBRA_OK) status = umbra_scaled_join_beside(&joined, r->evaluator, &parts);
  umbra_scaled_destroy(&parts, r->evaluator->context);
  if (status == UMBRA_OK) replace(r, x, &joined);
  return status;
}

/* x (t / (q_0 range) in slots) becomes m in slots, at the highest ordinary level and that scale. */
static umbra_status remove_overflow(refresh *r, umbra_scaled *x, umbra_log2 log_scale) {
  UMBRA_TRACE(r->evaluator, "remove_overflow", x);
  const umbra_bootstrap_plan *plan = r->plan;
  const umbra_window base = r->chain->window[0];
  umbra_log2 log_base = umbra_chain_log_product(r->chain, base.first, base.count);
  umbra_log2 log_e = log_scale + log_base - r->log_enter; /* m = e q_0 / 2^log_enter */
  int both = !plan->side_by_side && plan->options.order == UMBRA_BOOTSTRAP_STANDARD;
  int beside = umbra_scaled_pays(r->evaluator->context, 2, x->level);
  umbra_status status = (both ? beside ? reduce_beside : reduce_parts : reduce_part)(r, x, log_e);
  umbra_scaled_relabel(x, log_scale);
  return status;
}

/* x's slots, which hold coefficients, become the coefficients. */
static umbra_status to_coefficients(refresh *r, umbra_scaled *x) {
  UMBRA_TRACE(r->evaluator, "slots_to_coefficients", x);
  const umbra_bootstrap_map *map = &r->plan->stc;
  for (uint32_t i = 0; i < map->factors; i++) {
    UMBRA_TRY(apply_transform(r, x, r->bootstrapper->stc[i]));
    if (i == 0 && r->plan->side_by_side) UMBRA_TRY(add_rotated(r, x, r->plan->options.slots));
  }
  return UMBRA_OK;
}

/* x = in, refreshed, without its estimate. in may be at any level. */
static umbra_status standard(refresh *r, umbra_scaled *x, const umbra_scaled *in) {
  const umbra_bootstrap_plan *plan = r->plan;
  umbra_scaled low;
  UMBRA_TRY(enter(r, &low, in));
  umbra_status status = to_coefficients_in_slots(r, x, &low);
  umbra_scaled_destroy(&low, r->evaluator->context);
  if (status == UMBRA_OK) status = remove_overflow(r, x, plan->log_stc - umbra_log2_of_bits((int32_t)r->shrink_bits));
  if (status != UMBRA_OK) return status;
  umbra_scaled_relabel(x, plan->log_stc); /* a value over 2^shrink_bits at that scale */
  return to_coefficients(r, x);
}

static umbra_status stc_first(refresh *r, umbra_scaled *x, const umbra_scaled *in) {
  const umbra_bootstrap_map *map = &r->plan->stc;
  umbra_scaled low;
  UMBRA_TRY(umbra_scaled_lower(&low, r->evaluator, in, map->first_level, r->chain->log_scale[map->first_level]));
  r->log_enter = r->plan->log_enter;
  umbra_status status = to_coefficients(r, &low);
  if (status == UMBRA_OK) status = to_coefficients_in_slots(r, x, &low);
  umbra_scaled_destroy(&low, r->evaluator->context);
  if (status != UMBRA_OK) return status;
  return remove_overflow(r, x, r->chain->log_scale[r->plan->report.output_level]);
}

static umbra_status run_once(refresh *r, umbra_scaled *x, const umbra_scaled *in, uint32_t shrink_bits) {
  umbra_scaled made = {0};
  r->shrink_bits = shrink_bits;
  umbra_status status =
      r->plan->options.order == UMBRA_BOOTSTRAP_STC_FIRST ? stc_first(r, &made, in) : standard(r, &made, in);
  if (status == UMBRA_OK) *x = made;
  else umbra_scaled_destroy(&made, r->evaluator->context);
  return status;
}

/* difference = in - x, as a value 2^bits times as large, at the lower level of both. */
static umbra_status magnify_error(const refresh *r, umbra_scaled *difference, const umbra_scaled *in,
                                  const umbra_scaled *x, uint32_t bits) {
  uint32_t level = umbra_min_u32(in->level, x->level);
  umbra_log2 log_scale = r->chain->log_scale[level];
  umbra_scaled lowered;
  UMBRA_TRY(umbra_scaled_lower(difference, r->evaluator, in, level, log_scale));
  umbra_status status = umbra_scaled_lower(&lowered, r->evaluator, x, level, log_scale);
  if (status == UMBRA_OK) {
    status = umbra_scaled_sub(r->evaluator, difference, &lowered);
    umbra_scaled_destroy(&lowered, r->evaluator->context);
  }
  if (status != UMBRA_OK) umbra_scaled_destroy(difference, r->evaluator->context);
  umbra_scaled_relabel(difference, difference->log_scale - umbra_log2_of_bits((int32_t)bits));
  return status;
}

/* The error of the first refresh, magnified so that it fills the bound, is refreshed and added (Meta-BTS). */
static umbra_status run_again(refresh *r, umbra_scaled *x, const umbra_scaled *in) {
  umbra_scaled difference, correction;
  uint32_t bits = r->plan->round_bits;
  UMBRA_TRY(magnify_error(r, &difference, in, x, bits));
  umbra_status status = run_once(r, &correction, &difference, bits);
  umbra_scaled_destroy(&difference, r->evaluator->context);
  if (status != UMBRA_OK) return status;
  status = umbra_scaled_add(r->evaluator, x, &correction);
  umbra_scaled_destroy(&correction, r->evaluator->context);
  return status;
}

/* The largest |slot| whose parts are within the bound. */
static double largest_of(const umbra_bootstrap_plan *plan) { return plan->options.bound * sqrt(2); }

/* Errors of both parts, and what the sine bends, which has no chance in it. in: the input's. */
static umbra_estimate estimate_of(const umbra_bootstrap_plan *plan, umbra_estimate in) {
  const umbra_bootstrap_report *report = &plan->report;
  double added =
      plan->options.bound * (report->error * sqrt(2) + report->error_sine * sqrt(2) / UMBRA_ERROR_DEVIATIONS);
  in.bound.magnitude = in.worst.magnitude = 0;
  return umbra_noise_add(in, umbra_estimate_of(largest_of(plan), added));
}

static umbra_status find_keys(refresh *r) {
  UMBRA_TRY(umbra_find_all(r->evaluator, r->plan->needs));
  return umbra_find_conjugation(&r->conjugation, r->evaluator, r->plan->reduction->level);
}

static umbra_status check_input(const umbra_bootstrap_plan *plan, const umbra_ciphertext *a) {
  if (a->slots > plan->options.slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the ciphertext has %u slots and the bootstrapper refreshes %u",
                      a->slots, plan->options.slots);
  if (a->level < plan->report.input_level)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "the ciphertext is at level %u: this refresh begins at level %u or above",
                      a->level, plan->report.input_level);
  return UMBRA_OK;
}

static umbra_status open_refresh(refresh *r, umbra_evaluator *evaluator, const umbra_bootstrapper *bootstrapper) {
  *r = (refresh){.evaluator = evaluator,
                 .bootstrapper = bootstrapper,
                 .plan = bootstrapper->plan,
                 .chain = umbra_context_chain(evaluator->context),
                 .count = {evaluator, 0, bootstrapper->plan->report.key_switches}};
  UMBRA_TRY(umbra_check_own(evaluator, bootstrapper->context, "the bootstrapper"));
  return find_keys(r);
}

/* A new ciphertext: a over 2^shrink_bits, refreshed. */
static umbra_status run(umbra_ciphertext **made, refresh *r, const umbra_ciphertext *a, uint32_t shrink_bits) {
  UMBRA_TRY(check_input(r->plan, a));
  umbra_scaled in = umbra_scaled_of(a), x;
  umbra_estimate known = a->estimate;
  UMBRA_TRY(umbra_require_range(r->evaluator, &known, largest_of(r->plan), UMBRA_DOUBT_REFRESH, "a refresh"));
  UMBRA_TRY(run_once(r, &x, &in, shrink_bits));
  umbra_status status = r->plan->options.rounds > 1 ? run_again(r, &x, &in) : UMBRA_OK;
  umbra_scaled_declare(&x, umbra_noise_scale(estimate_of(r->plan, known), ldexp(1, -(int)shrink_bits)));
  if (status == UMBRA_OK) status = umbra_scaled_finish(made, &x, r->evaluator->context, a);
  umbra_scaled_destroy(&x, r->evaluator->context);
  return status;
}

static umbra_status refreshed(umbra_ciphertext **made, refresh *r, const umbra_ciphertext *a, uint32_t shrink_bits) {
  umbra_watch *watch = &r->evaluator->watch;
  const umbra_watch_part part = umbra_watch_enter(watch, 0, 1);
  umbra_status status = run(made, r, a, shrink_bits);
  umbra_watch_leave(watch, part);
  return status;
}

umbra_status umbra_bootstrap(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                             const umbra_bootstrapper *bootstrapper) {
  UMBRA_TRACE(evaluator, "bootstrap", a);
  if (!bootstrapper) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_bootstrap needs a bootstrapper");
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  refresh r;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(open_refresh(&r, evaluator, bootstrapper));
  umbra_status status = refreshed(&made, &r, a, 0);
  return umbra_result_finish(evaluator, out, made, status);
}

umbra_status umbra_bootstrap_many(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                  const umbra_ciphertext *const *ins, size_t count,
                                  const umbra_bootstrapper *bootstrapper) {
  UMBRA_TRACE(evaluator, "bootstrap_many", ins && count ? ins[0] : NULL);
  if (!evaluator || !ins)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_bootstrap_many needs an evaluator and inputs");
  UMBRA_TRY(umbra_check_outputs(outs, count));
  umbra_ciphertext **made;
  UMBRA_TRY(umbra_alloc(&made, count, sizeof *made, "refreshed ciphertexts"));
  umbra_status status = UMBRA_OK;
  umbra_watch_begin(&evaluator->watch);
  for (size_t i = 0; i < count && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, i, count);
    status = umbra_bootstrap(evaluator, &made[i], ins[i], bootstrapper);
    umbra_watch_leave(&evaluator->watch, part);
  }
  return umbra_results_finish(evaluator, outs, made, count, status);
}

int umbra_bootstrapper_takes_pairs(const umbra_bootstrapper *bootstrapper) {
  const umbra_bootstrap_options *options = &bootstrapper->plan->options;
  return options->order == UMBRA_BOOTSTRAP_STANDARD && options->rounds == 1;
}

/* *re, *im = a, b, refreshed as one. */
static umbra_status refresh_pair(umbra_ciphertext **re, umbra_ciphertext **im, refresh *r, const umbra_ciphertext *a,
                                 const umbra_ciphertext *b) {
  umbra_ciphertext *pair = NULL, *half = NULL;
  umbra_status status = umbra_join_complex(r->evaluator, &pair, a, b);
  if (status == UMBRA_OK) status = refreshed(&half, r, pair, 1);
  if (status == UMBRA_OK) status = umbra_split_complex(r->evaluator, re, im, half);
  umbra_ciphertext_destroy(pair);
  umbra_ciphertext_destroy(half);
  return status;
}

umbra_status umbra_bootstrap_pair(umbra_evaluator *evaluator, umbra_ciphertext **out_a, umbra_ciphertext **out_b,
                                  const umbra_ciphertext *a, const umbra_ciphertext *b,
                                  const umbra_bootstrapper *bootstrapper) {
  UMBRA_TRACE(evaluator, "bootstrap_pair", a);
  if (!bootstrapper || !out_a || !out_b || !b || (out_a == out_b || (*out_a && *out_a == *out_b)))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_bootstrap_pair needs two different outputs and inputs");
  UMBRA_TRY(umbra_check_operands(evaluator, out_a, a, b));
  if (!umbra_bootstrapper_takes_pairs(bootstrapper))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "pairs are refreshed in the standard order and in one round");
  refresh r;
  umbra_ciphertext *re = NULL, *im = NULL;
  UMBRA_TRY(open_refresh(&r, evaluator, bootstrapper));
  const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, 0, 1);
  umbra_status status = refresh_pair(&re, &im, &r, a, b);
  umbra_watch_leave(&evaluator->watch, part);
  (void)umbra_result_hand_out(out_a, re, status);
  return umbra_result_hand_out(out_b, im, status);
}

/* ---- on demand ---- */

static umbra_status refresh_input(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *in,
                                  const void *with) {
  return umbra_bootstrap(evaluator, out, in, with);
}

umbra_status umbra_evaluator_bootstrap_with(umbra_evaluator *evaluator, const umbra_bootstrapper *bootstrapper) {
  if (!evaluator) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_evaluator_bootstrap_with needs an evaluator");
  if (bootstrapper) UMBRA_TRY(umbra_check_own(evaluator, bootstrapper->context, "the bootstrapper"));
  umbra_refresher before = evaluator->refresher;
  evaluator->refresher = (umbra_refresher){.count = before.count};
  if (bootstrapper) {
    evaluator->refresher.refresh = refresh_input;
    evaluator->refresher.with = umbra_share(bootstrapper);
    evaluator->refresher.input_level = bootstrapper->plan->report.input_level;
    evaluator->refresher.slots = bootstrapper->plan->options.slots;
  }
  umbra_release(before.with);
  return UMBRA_OK;
}

uint64_t umbra_evaluator_bootstraps(const umbra_evaluator *evaluator) { return evaluator->refresher.count; }
