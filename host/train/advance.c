/* SPDX-License-Identifier: Apache-2.0 */
#include "advance.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/beside.h"
#include "../ckks/verbs.h"
#include "counter.h"

/* ---- where gradients are taken ---- */

const umbra_ciphertext *umbra_train_point(const umbra_train_plan *plan, const umbra_train_state *state, size_t part) {
  return state->part[umbra_train_at_weights(&plan->options) ? umbra_train_w(part) : umbra_train_u(part)];
}

double umbra_train_point_unit(const umbra_train_plan *plan, uint32_t i) {
  const umbra_plan_iteration *it = &plan->iteration[i];
  return umbra_train_at_weights(&plan->options) ? it->unit_in : it->step.before * it->unit_in;
}

/* A velocity is zero at first, and so is a counter. */
umbra_status umbra_train_begin(umbra_train_state *state, const umbra_train_plan *plan, const umbra_train_state *first) {
  for (size_t p = 0; p < first->count; p++) {
    const umbra_ciphertext *weights = first->part[p];
    umbra_ciphertext **u = &state->part[umbra_train_u(p)];
    UMBRA_TRY(umbra_ciphertext_copy(&state->part[umbra_train_w(p)], weights));
    if (umbra_train_at_weights(&plan->options))
      UMBRA_TRY(umbra_ciphertext_zero(u, weights->context, weights->owner, weights->level, weights->slots));
    else UMBRA_TRY(umbra_ciphertext_copy(u, weights));
  }
  if (!umbra_train_counts(plan)) return UMBRA_OK;
  const umbra_ciphertext *any = first->part[0];
  return umbra_ciphertext_zero(&state->part[umbra_train_counter(plan)], any->context, any->owner, 0,
                               umbra_counter_slots(plan));
}

/* ---- steps ---- */

typedef struct advance {
  umbra_evaluator *evaluator;
  const umbra_train_plan *plan;
  const umbra_train_ops *ops;
  const umbra_plan_iteration *it;
  size_t part;
} advance;

typedef struct term {
  const umbra_ciphertext *x;
  double weights, biases; /* its factors */
} term;

static umbra_status encode_factors(umbra_plaintext **plain, const advance *a, uint32_t level, const term *t) {
  const umbra_train_plan *plan = a->plan;
  double *values;
  UMBRA_TRY(umbra_alloc(&values, plan->state_slots, sizeof *values, "factors"));
  const size_t count = a->ops->factors(values, plan, a->part, t->weights, t->biases);
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = level;
  options.slots = plan->state_slots;
  umbra_status status = umbra_encode(plain, a->evaluator->context, values, count, &options);
  umbra_free(values);
  return status;
}

/* *out = the terms, which are a level above the step, and the step. */
static umbra_status combine(const advance *a, umbra_ciphertext **out, const term *t, size_t terms,
                            const umbra_ciphertext *d) {
  const umbra_ciphertext *x[2] = {0};
  umbra_plaintext *factors[2] = {0};
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < terms && status == UMBRA_OK; i++) {
    x[i] = t[i].x;
    status = encode_factors(&factors[i], a, umbra_ciphertext_level(x[i]), &t[i]);
  }
  if (status == UMBRA_OK)
    status = umbra_dot_plain(a->evaluator, out, x, (const umbra_plaintext *const *)factors, terms);
  if (status == UMBRA_OK) status = umbra_add(a->evaluator, out, *out, d);
  for (size_t i = 0; i < terms; i++) umbra_plaintext_destroy(factors[i]);
  return status;
}

static int is_used(const term *t) { return t->weights != 0 || t->biases != 0; }

/* *out = the sum of those terms that are not 0, u's first, and of the step. */
static umbra_status mix(const advance *a, umbra_ciphertext **out, const term given[2], const umbra_ciphertext *d) {
  term kept[2];
  size_t terms = 0;
  for (int k = 0; k < 2; k++)
    if (is_used(&given[k])) kept[terms++] = given[k];
  return terms ? combine(a, out, kept, terms, d) : umbra_ciphertext_copy(out, d);
}

/*
 * What is known of the weights is what the plan promises: bounds that follow from the operations alone would know of no
 * loss that bends, and grow without end. They are forgotten, since they depend on how sums are split among ranks.
 */
static void declare_weights(umbra_ciphertext *w, umbra_ciphertext *u, const advance *a) {
  const umbra_plan_iteration *it = a->it;
  const int refreshed = umbra_plan_refreshed_after(a->plan, (uint32_t)(it - a->plan->iteration));
  const double most = a->plan->options.bound / it->unit_out;
  const double most_u = refreshed ? most : fmax(most, most / (1 - it->step.eta));
  umbra_ciphertext_declare_by_plan(w, (umbra_bound){most, it->w_error / it->unit_out});
  umbra_ciphertext_declare_by_plan(u, (umbra_bound){most_u, it->u_error / it->unit_out});
  umbra_ciphertext_forget_worst(w);
  umbra_ciphertext_forget_worst(u);
}

/* low: those that some mix has, a level above the step; they take the place of what they were made of. */
static umbra_status lower_terms(const advance *a, umbra_ciphertext *low[2], term terms[2][2],
                                const umbra_ciphertext *d) {
  const umbra_ciphertext *x[2];
  int place[2];
  size_t count = 0;
  for (int k = 0; k < 2; k++) {
    if (!is_used(&terms[0][k]) && !is_used(&terms[1][k])) continue;
    place[count] = k;
    x[count++] = terms[0][k].x;
  }
  UMBRA_TRY(umbra_level_drop_each(a->evaluator, low, x, umbra_ciphertext_level(d) + 1, count));
  for (size_t i = 0; i < count; i++) terms[0][place[i]].x = terms[1][place[i]].x = low[i];
  return UMBRA_OK;
}

static umbra_status advance_part(const advance *a, umbra_train_state *after, const umbra_train_state *before,
                                 const umbra_ciphertext *d) {
  const size_t w = umbra_train_w(a->part), u = umbra_train_u(a->part);
  const umbra_train_mix whole = umbra_train_mix_of(&a->plan->options, &a->it->step);
  const umbra_train_mix less = umbra_train_shrinking_mix(&a->plan->options, &a->it->step);
  const double unit = a->it->unit_in / a->it->unit_out;
  term terms[2][2] = {
      {{before->part[u], less.wu * unit, whole.wu * unit}, {before->part[w], less.ww * unit, whole.ww * unit}},
      {{before->part[u], less.uu * unit, whole.uu * unit}, {before->part[w], less.uw * unit, whole.uw * unit}}};
  umbra_ciphertext *low[2] = {0};
  umbra_status status = lower_terms(a, low, terms, d);
  if (status == UMBRA_OK) status = mix(a, &after->part[w], terms[0], d);
  if (status == UMBRA_OK) status = mix(a, &after->part[u], terms[1], d);
  for (int k = 0; k < 2; k++) umbra_ciphertext_destroy(low[k]);
  if (status == UMBRA_OK) declare_weights(after->part[w], after->part[u], a);
  return status;
}

umbra_status umbra_train_advance(umbra_evaluator *evaluator, umbra_train_state *after, const umbra_train_plan *plan,
                                 const umbra_train_state *before, uint32_t i, const umbra_train_state *steps) {
  advance a = {evaluator, plan, umbra_train_ops_of(plan->options.kind), &plan->iteration[i], 0};
  for (; a.part < plan->firsts; a.part++) UMBRA_TRY(advance_part(&a, after, before, steps->part[a.part]));
  return UMBRA_OK;
}

/* ---- refreshes ---- */

umbra_status umbra_train_lower(umbra_evaluator *evaluator, umbra_ciphertext **x, uint32_t level) {
  return umbra_ciphertext_level(*x) <= level ? UMBRA_OK : umbra_level_drop(evaluator, x, *x, level);
}

/*
 * Ciphertexts of weights that are refreshed as one, from the first on: each takes so many places of a run, and lies behind
 * those before it.
 */
typedef struct bundle {
  size_t first, end;
  uint32_t places;
} bundle;

static uint32_t run_of(const umbra_train_plan *plan) { return plan->layout.stride; }

/* Places of a run that the weights of a ciphertext take: all where kinds do not say. */
static uint32_t places_of(const umbra_train_plan *plan, size_t part) {
  const umbra_train_ops *ops = umbra_train_ops_of(plan->options.kind);
  return ops->places ? ops->places(plan, part) : run_of(plan);
}

/* What is left in places of others is cleared by the next step: plans whose last refresh is followed by none bundle none. */
static bundle bundle_from(const umbra_train_plan *plan, size_t first) {
  bundle b = {first, first + 1, places_of(plan, first)};
  if (plan->options.bootstrap_result) return b;
  while (b.end < plan->firsts && b.places + places_of(plan, b.end) <= run_of(plan))
    b.places += places_of(plan, b.end++);
  return b;
}

/* *all += x turned back by so many places, which is used up; both are 0 where the other one is not. NULL is 0. */
static umbra_status add_behind(umbra_evaluator *evaluator, umbra_ciphertext **all, umbra_ciphertext *x,
                               uint32_t places) {
  if (!*all) {
    *all = x;
    return UMBRA_OK;
  }
  const double most = fmax((*all)->estimate.bound.magnitude, x->estimate.bound.magnitude);
  umbra_status status = umbra_rotate(evaluator, &x, x, -(int32_t)places);
  if (status == UMBRA_OK) status = umbra_add(evaluator, all, *all, x);
  if (status == UMBRA_OK) umbra_ciphertext_declare_by_plan(*all, umbra_bound_within((*all)->estimate.bound, most));
  umbra_ciphertext_destroy(x);
  return status;
}

/* *all = w + i u of all of them. */
static umbra_status join(umbra_evaluator *evaluator, umbra_ciphertext **all, const umbra_train_plan *plan,
                         const umbra_train_state *state, const bundle *b) {
  uint32_t places = 0;
  for (size_t p = b->first; p < b->end; p++) {
    umbra_ciphertext *pair = NULL;
    UMBRA_TRY(umbra_join_complex(evaluator, &pair, state->part[umbra_train_w(p)], state->part[umbra_train_u(p)]));
    UMBRA_TRY(add_behind(evaluator, all, pair, places));
    places += places_of(plan, p);
  }
  return UMBRA_OK;
}

/* Each as it was, but for what is in places that it does not take; *all is moved. */
static umbra_status split(umbra_evaluator *evaluator, umbra_train_state *fresh, const umbra_train_plan *plan,
                          umbra_ciphertext **all, const bundle *b) {
  for (size_t p = b->first; p < b->end; p++) {
    UMBRA_TRY(umbra_split_complex(evaluator, &fresh->part[umbra_train_w(p)], &fresh->part[umbra_train_u(p)], *all));
    if (p + 1 < b->end) UMBRA_TRY(umbra_rotate(evaluator, all, *all, (int32_t)places_of(plan, p)));
  }
  return UMBRA_OK;
}

static umbra_status refresh_bundle(umbra_evaluator *evaluator, umbra_train_state *fresh, const umbra_train_plan *plan,
                                   const umbra_train_state *state, const umbra_bootstrapper *bootstrapper,
                                   const bundle *b) {
  umbra_ciphertext *all = NULL;
  umbra_status status = join(evaluator, &all, plan, state, b);
  if (status == UMBRA_OK) status = umbra_bootstrap(evaluator, &all, all, bootstrapper);
  if (status == UMBRA_OK) status = umbra_train_lower(evaluator, &all, plan->data_level);
  if (status == UMBRA_OK) status = split(evaluator, fresh, plan, &all, b);
  umbra_ciphertext_destroy(all);
  return status;
}

umbra_status umbra_train_refresh(umbra_evaluator *evaluator, umbra_train_state *fresh, const umbra_train_plan *plan,
                                 const umbra_train_state *state, const umbra_bootstrapper *bootstrapper) {
  for (bundle b = {0}; b.end < plan->firsts;) {
    b = bundle_from(plan, b.end);
    UMBRA_TRY(refresh_bundle(evaluator, fresh, plan, state, bootstrapper, &b));
  }
  if (!umbra_train_counts(plan)) return UMBRA_OK;
  const size_t counter = umbra_train_counter(plan);
  return umbra_ciphertext_copy(&fresh->part[counter], state->part[counter]);
}

int64_t umbra_train_last_unit(const umbra_train_plan *plan) {
  const double unit = plan->iteration[plan->options.iterations - 1].unit_out;
  return (int64_t)(plan->options.bootstrap_result ? unit / 2 : unit);
}
