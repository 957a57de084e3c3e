/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stand-in costs the outputs is modelled: its own error times the activation's sensitivity, which one run of the
 * rest of the network behind a stand-in of middling quality gives. That orders the steps; how many of them are taken is
 * found by running the networks that they lead to.
 */
#include "search.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "batch.h"

/* Trials take as many records as make this many products. */
#define TRIAL_WORK (UINT64_C(1) << 28)
enum { LEAST_RECORDS = 4 };

typedef struct step {
  uint32_t replacement, to; /* the stand-in that it changes to */
  uint32_t levels;          /* of it */
  double price;             /* error for each level that it saves */
} step;

typedef struct search {
  umbra_trial *trial;
  umbra_exact few;     /* records of trials */
  size_t *worst;       /* numbers of all records, the worst first */
  double *sensitivity; /* of each replacement */
  step *steps;
  size_t step_count;
  uint32_t tries; /* so far */
} search;

/* ---- sensitivities ---- */

typedef struct probe {
  umbra_batch batch;
  const umbra_trial *trial;
  const umbra_exact *few;
  double *errors; /* records x replacements */
  atomic_int out_of_memory;
} probe;

/* Values of a network of which one activation has a stand-in: those behind it are its own, the others exact. */
typedef struct mixture {
  double **values, **own; /* of each node */
  double *room;
} mixture;

static umbra_status open_mixture(mixture *m, const umbra_model *model) {
  *m = (mixture){0};
  UMBRA_TRY(umbra_alloc(&m->values, model->node_count, sizeof *m->values, "values of a model"));
  UMBRA_TRY(umbra_alloc(&m->own, model->node_count, sizeof *m->own, "values of a model"));
  UMBRA_TRY(umbra_alloc(&m->room, model->elements, sizeof *m->room, "values of a model"));
  double *next = m->room;
  for (size_t i = 0; i < model->node_count; next += model->nodes[i++].count) m->own[i] = next;
  return UMBRA_OK;
}

static void close_mixture(mixture *m) {
  umbra_free(m->room);
  umbra_free(m->own);
  umbra_free(m->values);
}

static int reads_own(const mixture *m, const umbra_node *n) {
  for (size_t k = 0; k < n->input_count; k++)
    if (m->values[n->inputs[k]] == m->own[n->inputs[k]]) return 1;
  return 0;
}

static void mix(mixture *m, const umbra_model *model, double *const *exact, const umbra_replacement *r) {
  umbra_node stand_in = model->nodes[r->node];
  umbra_replacement_put(&stand_in, r, r->chosen);
  memcpy(m->values, exact, model->node_count * sizeof *m->values);
  m->values[r->node] = m->own[r->node];
  umbra_node_compute_as(m->values, model, r->node, &stand_in);
  for (uint32_t i = r->node + 1; i < model->node_count; i++) {
    if (!reads_own(m, &model->nodes[i])) continue;
    m->values[i] = m->own[i];
    umbra_node_compute(m->values, model, i);
  }
}

static void probe_record(void *user, double *const *values, size_t record, uint32_t seat) {
  probe *p = user;
  const umbra_trial *t = p->trial;
  const double *exact = p->few->outputs + record * p->few->each;
  mixture m;
  (void)seat;
  if (open_mixture(&m, t->exact) != UMBRA_OK) {
    atomic_store(&p->out_of_memory, 1);
    close_mixture(&m);
    return;
  }
  for (size_t i = 0; i < t->count; i++) {
    mix(&m, t->exact, values, &t->replacements[i]);
    p->errors[record * t->count + i] = umbra_outputs_difference(exact, t->exact, m.values);
  }
  close_mixture(&m);
}

static umbra_status check_probe(void *user, size_t first, size_t end) {
  probe *p = user;
  (void)first;
  (void)end;
  if (!atomic_load(&p->out_of_memory)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %zu numbers for each thread",
                    p->trial->exact->elements);
}

/* Root of the mean square of the outputs' errors, over the stand-in's own. */
static void take_sensitivities(search *s, const double *errors) {
  const umbra_trial *t = s->trial;
  for (size_t i = 0; i < t->count; i++) {
    double own = t->replacements[i].stand_ins[t->replacements[i].chosen].error, sum = 0;
    for (size_t r = 0; r < s->few.count; r++) {
      double error = errors[r * t->count + i];
      if (isfinite(error)) sum += error * error / (double)s->few.count;
    }
    s->sensitivity[i] = own > 0 ? sqrt(sum) / own : 0;
  }
}

static umbra_status find_sensitivities(search *s) {
  umbra_trial *t = s->trial;
  const umbra_progress progress = umbra_watch_relay(t->watch);
  probe p = {.trial = t, .few = &s->few};
  for (size_t i = 0; i < t->count; i++) t->replacements[i].chosen = t->replacements[i].count / 2;
  p.batch = (umbra_batch){.model = t->exact,
                          .records = s->few.records,
                          .count = s->few.count,
                          .seats = umbra_batch_seats(),
                          .visit = probe_record,
                          .check = check_probe,
                          .user = &p};
  umbra_status status = umbra_alloc(&p.errors, s->few.count, t->count * sizeof *p.errors, "a search");
  if (status == UMBRA_OK) status = umbra_batch_run(&p.batch, &progress);
  if (status == UMBRA_OK) take_sensitivities(s, p.errors);
  umbra_free(p.errors);
  return status;
}

/* ---- steps ---- */

static uint32_t best_of(const umbra_replacement *r) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < r->count; i++)
    if (r->stand_ins[i].error < r->stand_ins[best].error) best = i;
  return best;
}

/*
 * From stand-in `from`, the one of fewer levels that costs least for each it saves: the next corner of the hull. If
 * errors are so large that there are no finite prices, the next one.
 */
static step next_step(const search *s, uint32_t replacement, uint32_t from) {
  const umbra_replacement *r = &s->trial->replacements[replacement];
  const umbra_stand_in *here = &r->stand_ins[from];
  step best = {replacement, from - 1, r->stand_ins[from - 1].levels, INFINITY};
  for (uint32_t i = 0; i < from; i++) {
    const umbra_stand_in *there = &r->stand_ins[i];
    double price = s->sensitivity[replacement] * (there->error - here->error) / (here->levels - there->levels);
    if (price < best.price) best = (step){replacement, i, there->levels, price};
  }
  return best;
}

/* Cheap ones first; those of one activation, whose prices rise, in their order. */
static int by_price(const void *a, const void *b) {
  const step *x = a, *y = b;
  if (x->price != y->price) return x->price < y->price ? -1 : 1;
  if (x->replacement != y->replacement) return x->replacement < y->replacement ? -1 : 1;
  return (x->levels < y->levels) - (x->levels > y->levels);
}

static umbra_status find_steps(search *s) {
  const umbra_trial *t = s->trial;
  UMBRA_TRY(umbra_alloc(&s->steps, t->count, UMBRA_MOST_STAND_INS * sizeof *s->steps, "a search"));
  for (uint32_t i = 0; i < t->count; i++)
    for (uint32_t at = best_of(&t->replacements[i]); at > 0;) {
      s->steps[s->step_count] = next_step(s, i, at);
      at = s->steps[s->step_count++].to;
    }
  qsort(s->steps, s->step_count, sizeof *s->steps, by_price);
  return UMBRA_OK;
}

static void take_steps(const search *s, size_t count) {
  umbra_trial *t = s->trial;
  for (size_t i = 0; i < t->count; i++) t->replacements[i].chosen = best_of(&t->replacements[i]);
  for (size_t i = 0; i < count; i++) t->replacements[s->steps[i].replacement].chosen = s->steps[i].to;
}

/* ---- trials ---- */

void umbra_trial_put(umbra_trial *trial) {
  for (size_t i = 0; i < trial->count; i++) {
    const umbra_replacement *r = &trial->replacements[i];
    umbra_replacement_put(&trial->model.nodes[r->node], r, r->chosen);
  }
}

umbra_status umbra_trial_compare(umbra_trial *trial, umbra_approximation_report *report, umbra_details details,
                                 const umbra_exact *outputs) {
  const umbra_progress progress = umbra_watch_relay(trial->watch);
  umbra_trial_put(trial);
  details.use = trial->use;
  return umbra_exact_compare(outputs, report, details, &trial->model, &progress);
}

/* *found: how far the network after so many steps is off; infinite if some records leave an interval. */
static umbra_status try_steps(search *s, double *found, size_t steps, size_t *worst, const umbra_exact *outputs) {
  enum { EXPECTED = 12 };
  umbra_approximation_report report;
  const umbra_watch_part part = umbra_watch_enter(s->trial->watch, umbra_min_u32(s->tries++, EXPECTED - 1), EXPECTED);
  take_steps(s, steps);
  umbra_status status = umbra_trial_compare(s->trial, &report, (umbra_details){.worst = worst}, outputs);
  umbra_watch_leave(s->trial->watch, part);
  if (status == UMBRA_OK) *found = report.outside ? INFINITY : report.largest_error;
  return status;
}

/* The most steps below `most` with which the network is within the error on the few records; 0 is not tried. */
static umbra_status most_steps(search *s, size_t *steps, size_t most, double error) {
  size_t low = 0, high = most;
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    double found;
    UMBRA_TRY(try_steps(s, &found, middle, NULL, &s->few));
    if (found <= error) low = middle;
    else high = middle;
  }
  *steps = low;
  return UMBRA_OK;
}

/* What the few records leave is tried with all. If that fails, the worst of them become the few. */
static umbra_status choose(search *s, double error) {
  const umbra_exact *all = s->trial->outputs;
  for (size_t most = s->step_count + 1, steps;; most = steps) {
    double found;
    UMBRA_TRY(most_steps(s, &steps, most, error));
    UMBRA_TRY(try_steps(s, &found, steps, s->worst, all));
    if (found <= error) return UMBRA_OK;
    if (!steps)
      return umbra_fail(UMBRA_ERROR_RANGE, "the outputs of the best polynomial network are off by %g, and %g is wanted",
                        found, error);
    UMBRA_TRY(umbra_exact_select(&s->few, all, s->worst, s->few.count));
  }
}

/* Spread over all. */
static umbra_status choose_records(search *s) {
  const umbra_exact *all = s->trial->outputs;
  const uint64_t affordable = TRIAL_WORK / (s->trial->exact->work + 1);
  size_t count = affordable < LEAST_RECORDS ? LEAST_RECORDS : (size_t)affordable;
  if (count > all->count) count = all->count;
  UMBRA_TRY(umbra_alloc(&s->worst, all->count, sizeof *s->worst, "a search"));
  for (size_t i = 0; i < count; i++) s->worst[i] = i * all->count / count;
  return umbra_exact_select(&s->few, all, s->worst, count);
}

static umbra_status search_all(search *s, double error) {
  umbra_watch *watch = s->trial->watch;
  UMBRA_TRY(choose_records(s));
  UMBRA_TRY(umbra_alloc(&s->sensitivity, s->trial->count, sizeof *s->sensitivity, "a search"));
  umbra_watch_part part = umbra_watch_enter(watch, 0, 2);
  umbra_status status = find_sensitivities(s);
  umbra_watch_leave(watch, part);
  if (status == UMBRA_OK) status = find_steps(s);
  part = umbra_watch_enter(watch, 1, 2);
  if (status == UMBRA_OK) status = choose(s, error);
  umbra_watch_leave(watch, part);
  return status;
}

umbra_status umbra_trial_search(umbra_trial *trial, double error) {
  search s = {.trial = trial};
  umbra_status status = search_all(&s, error);
  umbra_exact_clear(&s.few);
  umbra_free(s.worst);
  umbra_free(s.sensitivity);
  umbra_free(s.steps);
  return status;
}
