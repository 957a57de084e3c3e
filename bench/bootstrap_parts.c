/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a refresh of complex slots but the sine, which takes what they leave of the whole: raising the modulus and
 * the two linear maps. Each map is checked with the help of the other: together they only multiply by a constant.
 */
#include <math.h>
#include <stdlib.h>

#include "../host/base/error.h"
#include "../host/circuits/bootstrap/bootstrap_plan.h"
#include "../host/circuits/transform/transform.h"
#include "../host/ckks/raise.h"
#include "boot_rig.h"

static const double tolerance = 0x1p-12; /* of raising, and of both maps together, relative to the largest slot */

struct bench_boot_parts {
  umbra_transform *cts[UMBRA_MAX_FACTORS], *stc[UMBRA_MAX_FACTORS];
  umbra_scaled raised, in_slots, lowered, back; /* integers, in coefficients; in slots; fewer levels; in coefficients */
};

/* ---- matrices ---- */

static umbra_status encode_map(umbra_transform **transforms, const bench_scheme *s, const umbra_bootstrap_map *map) {
  const umbra_bootstrap_plan *plan = s->boot->plan;
  umbra_diagonals diagonals[UMBRA_MAX_FACTORS];
  UMBRA_TRY(umbra_bootstrap_map_diagonals(diagonals, plan, map, 1));
  umbra_status status = UMBRA_OK;
  for (uint32_t i = 0; i < map->factors; i++) {
    const umbra_transform_encoding desc = {.diagonals = &diagonals[i],
                                           .level = map->first_level - i,
                                           .log_scale = map->log_scale[i],
                                           .baby_steps = umbra_bootstrap_baby_steps(plan, map->stages[i])};
    if (status == UMBRA_OK) status = umbra_transform_encode(&transforms[i], s->context, &desc);
    umbra_diagonals_destroy(&diagonals[i]);
  }
  return status;
}

/* *out = the map of in. */
static umbra_status apply_map(umbra_scaled *out, const bench_scheme *s, umbra_transform *const *transforms,
                              const umbra_scaled *in, uint32_t factors) {
  umbra_scaled made = {0}, next;
  umbra_status status = UMBRA_OK;
  for (uint32_t i = 0; i < factors && status == UMBRA_OK; i++) {
    status = umbra_transform_apply_scaled(s->evaluator, &next, i ? &made : in, transforms[i]);
    umbra_scaled_destroy(&made, s->context);
    made = status == UMBRA_OK ? next : (umbra_scaled){0};
  }
  umbra_scaled_destroy(out, s->context);
  *out = made;
  return status;
}

void bench_boot_parts_close(bench_scheme *s) {
  bench_boot_parts *p = s->boot->parts;
  if (!p) return;
  for (uint32_t i = 0; i < UMBRA_MAX_FACTORS; i++) {
    umbra_transform_destroy(p->cts[i]);
    umbra_transform_destroy(p->stc[i]);
  }
  umbra_scaled_destroy(&p->raised, s->context);
  umbra_scaled_destroy(&p->in_slots, s->context);
  umbra_scaled_destroy(&p->lowered, s->context);
  umbra_scaled_destroy(&p->back, s->context);
  free(p);
  s->boot->parts = NULL;
}

/* ---- the parts, each with what it starts from in place ---- */

static umbra_status raise(bench_scheme *s) {
  bench_boot_parts *p = s->boot->parts;
  const umbra_scaled low = umbra_scaled_of(s->boot->low);
  umbra_scaled_destroy(&p->raised, s->context);
  return umbra_raise(s->evaluator, &p->raised, &low);
}

static umbra_status coeffs_to_slots(bench_scheme *s) {
  bench_boot_parts *p = s->boot->parts;
  return apply_map(&p->in_slots, s, p->cts, &p->raised, s->boot->plan->cts.factors);
}

static umbra_status slots_to_coeffs(bench_scheme *s) {
  bench_boot_parts *p = s->boot->parts;
  return apply_map(&p->back, s, p->stc, &p->lowered, s->boot->plan->stc.factors);
}

/* Between the two maps, instead of the sine: to the level of the second. */
static umbra_status lower(bench_scheme *s) {
  bench_boot_parts *p = s->boot->parts;
  const uint32_t level = s->boot->plan->stc.first_level;
  umbra_scaled_destroy(&p->lowered, s->context);
  return umbra_scaled_lower(&p->lowered, s->evaluator, &p->in_slots, level,
                            umbra_context_chain(s->context)->log_scale[level]);
}

static umbra_status open_parts(bench_scheme *s) {
  UMBRA_TRY(bench_boot_open(s, &bench_boot_options));
  if (s->boot->parts) return UMBRA_OK;
  s->boot->parts = calloc(1, sizeof *s->boot->parts);
  if (!s->boot->parts) return bench_no_memory();
  UMBRA_TRY(encode_map(s->boot->parts->cts, s, &s->boot->plan->cts));
  UMBRA_TRY(encode_map(s->boot->parts->stc, s, &s->boot->plan->stc));
  UMBRA_TRY(raise(s));
  UMBRA_TRY(coeffs_to_slots(s));
  return lower(s);
}

static umbra_status run_part(bench_scheme *s, umbra_status (*part)(bench_scheme *s)) {
  UMBRA_TRY(open_parts(s));
  return part(s);
}

static umbra_status run_raise(bench_scheme *s) { return run_part(s, raise); }
static umbra_status run_coeffs_to_slots(bench_scheme *s) { return run_part(s, coeffs_to_slots); }
static umbra_status run_slots_to_coeffs(bench_scheme *s) { return run_part(s, slots_to_coeffs); }

/* ---- checks ---- */

/*
 * out[0] = x, brought to that level and said to have its scale: 2^log_ratio times its slots are x's. It may hold
 * anything: what a refresh has inside is not bounded by what its input promised.
 */
static umbra_status make_out(double *log_ratio, bench_scheme *s, const umbra_scaled *x, uint32_t level) {
  const umbra_log2 log_scale = umbra_context_chain(s->context)->log_scale[level];
  umbra_scaled lowered;
  const int same = level == x->level;
  UMBRA_TRY(umbra_scaled_lower(&lowered, s->evaluator, x, level, same ? x->log_scale : log_scale));
  *log_ratio = log2(umbra_log2_to_double(log_scale) / umbra_log2_to_double(lowered.log_scale));
  lowered.log_scale = log_scale;
  lowered.estimate.bound.magnitude = HUGE_VAL;
  umbra_ciphertext_destroy(s->out[0]);
  s->out[0] = NULL;
  const umbra_status status = umbra_scaled_finish(&s->out[0], &lowered, s->context, s->boot->low);
  if (status == UMBRA_OK) s->out[0]->declared.fits = 1; /* whatever its bound says */
  umbra_scaled_destroy(&lowered, s->context);
  return status;
}

/* pairs = the slots of x at that level, times the factor. */
static umbra_status open_slots(double *pairs, bench_scheme *s, const umbra_scaled *x, uint32_t level, double factor) {
  double log_ratio;
  UMBRA_TRY(make_out(&log_ratio, s, x, level));
  UMBRA_TRY(umbra_decrypt_decode_complex(pairs, s->slots, s->out[0], s->secret));
  umbra_ciphertext_destroy(s->out[0]);
  s->out[0] = NULL;
  for (size_t j = 0; j < 2 * s->slots; j++) pairs[j] *= factor * exp2(log_ratio);
  return UMBRA_OK;
}

static umbra_status compare(const double *pairs, const double *expected, size_t count) {
  double worst = 0, largest = 0;
  for (size_t j = 0; j < count; j++) {
    worst = fmax(worst, fabs(pairs[j] - expected[j]));
    largest = fmax(largest, fabs(expected[j]));
  }
  return worst <= tolerance * largest
             ? UMBRA_OK
             : umbra_fail(UMBRA_ERROR_INTERNAL, "a part of a refresh is off by %g of %g", worst, largest);
}

/* Modulo the lowest modulus raised integers are the message. */
static umbra_status finish_raise(bench_scheme *s) {
  double *pairs = malloc(4 * s->slots * sizeof *pairs), *expected = pairs + 2 * s->slots;
  if (!pairs) return bench_no_memory();
  for (size_t j = 0; j < s->slots; j++) {
    expected[2 * j] = s->x[j];
    expected[2 * j + 1] = s->y[j];
  }
  umbra_status status = open_slots(pairs, s, &s->boot->parts->raised, 0, 1);
  if (status == UMBRA_OK) status = compare(pairs, expected, 2 * s->slots);
  free(pairs);
  return status;
}

/* Both maps halve and divide by the range of the sine. */
static umbra_status finish_maps(bench_scheme *s) {
  bench_boot_parts *p = s->boot->parts;
  double *pairs = malloc(4 * s->slots * sizeof *pairs), *expected = pairs + 2 * s->slots;
  if (!pairs) return bench_no_memory();
  const uint32_t level = s->boot->report.output_level;
  umbra_status status = lower(s);
  if (status == UMBRA_OK) status = slots_to_coeffs(s);
  if (status == UMBRA_OK) status = open_slots(pairs, s, &p->back, level, 1);
  if (status == UMBRA_OK) status = open_slots(expected, s, &p->raised, level, 0.5 / s->boot->plan->reduction->range);
  if (status == UMBRA_OK) status = compare(pairs, expected, 2 * s->slots);
  free(pairs);
  return status;
}

const bench_operation bench_bootstrap_parts[] = {
    {"bootstrap_raise", BENCH_NO_KEYS, run_raise, NULL, 0, finish_raise, BENCH_REFRESHES},
    {"bootstrap_coeffs_to_slots", BENCH_NO_KEYS, run_coeffs_to_slots, NULL, 0, finish_maps, BENCH_REFRESHES},
    {"bootstrap_slots_to_coeffs", BENCH_NO_KEYS, run_slots_to_coeffs, NULL, 0, finish_maps, BENCH_REFRESHES},
    {0},
};
