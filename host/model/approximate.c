/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomial networks: what is asked for, its fits, the search if the error decides, and the report. */
#include <math.h>

#include "../../kernels/parallel.h"
#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "batch.h"
#include "observe.h"
#include "search.h"

/* What a search knows, by levels. */
static const uint32_t degrees[] = {2, 3, 7, 15, 27, 59, 127};
static const struct {
  uint32_t degrees[4];
  size_t count;
} composites[] = {{{7, 7, 15}, 3}, {{7, 15, 15}, 3}, {{15, 15, 27}, 3}, {{7, 15, 15, 27}, 4}};
enum { DEGREES = sizeof degrees / sizeof *degrees, COMPOSITES = sizeof composites / sizeof *composites };
_Static_assert((int)DEGREES + (int)COMPOSITES == (int)UMBRA_MOST_STAND_INS, "room for all");

struct umbra_approximation {
  umbra_approximation_report report;
  umbra_activation_report *activations;
  size_t count;
};

typedef struct job {
  umbra_approximation_options options;
  const umbra_model_ranges *ranges;
  const umbra_ndarray *records;
  const umbra_exact *given; /* outputs of the exact network; NULL: they are not known so far */
  umbra_exact exact;        /* ours, if none are given */
  umbra_observation *made;  /* of the polynomial network; NULL: nobody asks */
  umbra_trial trial;
  umbra_sign_plan *asked, *known[COMPOSITES]; /* composites; NULL: not needed so far */
  umbra_approximation_report report;
} job;

/* ---- what is asked for ---- */

static umbra_status check_options(const umbra_approximation_options *o) {
  if (!(o->margin >= 1) || !isfinite(o->margin))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "margin is %g; it must be 1 or more", o->margin);
  if (!(o->floor > 0) || !isfinite(o->floor))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "floor is %g; it must be above 0", o->floor);
  if (!(o->error > 0)) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "error is %g; it must be above 0", o->error);
  if (o->degree > UMBRA_MAX_DEGREE)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "degree is %u; up to %d are possible", o->degree, UMBRA_MAX_DEGREE);
  if (!o->choices != !o->choice_count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "choices is NULL and choice_count is not 0, or the other way round");
  return UMBRA_OK;
}

static umbra_status make_sign(umbra_sign_plan **plan, const uint32_t *sign_degrees, size_t count) {
  const umbra_sign_options options = {
      .struct_size = sizeof options, .degrees = sign_degrees, .count = count, .range = 1};
  return *plan ? UMBRA_OK : umbra_sign_plan_create(plan, &options);
}

static umbra_replacement *replacement_of(const job *j, uint32_t node) {
  for (size_t i = 0; i < j->trial.count; i++)
    if (j->trial.replacements[i].node == node) return &j->trial.replacements[i];
  return NULL;
}

static umbra_status add_choice(const job *j, const umbra_activation_choice *c) {
  umbra_replacement *r = replacement_of(j, c->node);
  umbra_sign_plan *plan = NULL;
  if (!r) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a choice for node %u, which is no activation", c->node);
  if (r->count) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there are two choices for node %u", c->node);
  if (!c->degree == !c->sign_degrees || c->degree > UMBRA_MAX_DEGREE)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "node %u takes a degree up to %d or a composite", c->node,
                      UMBRA_MAX_DEGREE);
  if (c->degree) {
    umbra_replacement_add_degree(r, c->degree);
    return UMBRA_OK;
  }
  if (r->function != UMBRA_FUNCTION_RELU)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a composite is for ReLU, and node %u is another function",
                      c->node);
  UMBRA_TRY(make_sign(&plan, c->sign_degrees, c->sign_count));
  umbra_replacement_add_sign(r, plan);
  umbra_sign_plan_destroy(plan);
  return UMBRA_OK;
}

static umbra_status add_choices(const job *j) {
  for (size_t i = 0; i < j->options.choice_count; i++) {
    umbra_activation_choice choice = {UMBRA_ACTIVATION_CHOICE_INIT};
    UMBRA_TRY(UMBRA_TAKE_ELEMENT(umbra_activation_choice, &choice, j->options.choices, i));
    UMBRA_TRY(add_choice(j, &choice));
  }
  return UMBRA_OK;
}

static uint32_t levels_of_sign(size_t composite) {
  uint32_t sum = 1;
  for (size_t i = 0; i < composites[composite].count; i++)
    sum += umbra_chebyshev_depth(composites[composite].degrees[i]);
  return sum;
}

/* All that a search knows, within the levels. */
static umbra_status add_known(job *j, umbra_replacement *r) {
  const uint32_t most = j->options.levels ? j->options.levels : UINT32_MAX;
  for (size_t i = 0; i < DEGREES; i++)
    if (umbra_levels_of_degree(degrees[i]) <= most) umbra_replacement_add_degree(r, degrees[i]);
  for (size_t i = 0; i < COMPOSITES && r->function == UMBRA_FUNCTION_RELU; i++) {
    if (levels_of_sign(i) > most) continue;
    UMBRA_TRY(make_sign(&j->known[i], composites[i].degrees, composites[i].count));
    umbra_replacement_add_sign(r, j->known[i]);
  }
  return UMBRA_OK;
}

static umbra_status add_stand_ins(job *j) {
  const umbra_approximation_options *o = &j->options;
  UMBRA_TRY(add_choices(j));
  for (size_t i = 0; i < j->trial.count; i++) {
    umbra_replacement *r = &j->trial.replacements[i];
    if (r->count) continue;
    if (o->sign_degrees && r->function == UMBRA_FUNCTION_RELU) {
      UMBRA_TRY(make_sign(&j->asked, o->sign_degrees, o->sign_count));
      umbra_replacement_add_sign(r, j->asked);
    } else if (o->degree) {
      umbra_replacement_add_degree(r, o->degree);
    } else {
      UMBRA_TRY(add_known(j, r));
    }
  }
  return UMBRA_OK;
}

/* ---- activations ---- */

static umbra_status set_bound(umbra_replacement *r, const job *j, uint32_t input) {
  const double size = umbra_extremes_size(j->ranges->nodes[input]);
  r->bound = size > 0 ? j->options.margin * size : 1; /* values that are all 0 say nothing */
  r->sample = &j->ranges->samples[input];
  if (isfinite(2 * r->bound)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "values of node %u are up to %g, and with the margin no doubles", input, size);
}

static umbra_status find_activations(job *j) {
  const umbra_model *model = j->trial.exact;
  size_t count = 0;
  for (size_t i = 0; i < model->node_count; i++) count += model->nodes[i].kind == UMBRA_NODE_ACTIVATION;
  UMBRA_TRY(umbra_alloc(&j->trial.replacements, count, sizeof *j->trial.replacements, "activations"));
  for (uint32_t i = 0; i < model->node_count; i++) {
    const umbra_node *n = &model->nodes[i];
    if (n->kind != UMBRA_NODE_ACTIVATION) continue;
    umbra_replacement *r = &j->trial.replacements[j->trial.count++];
    *r = (umbra_replacement){.node = i, .function = n->function};
    UMBRA_TRY(set_bound(r, j, n->inputs[0]));
  }
  return UMBRA_OK;
}

/* The model's nodes, for stand-ins to take the place of activations. */
static umbra_status make_trial_model(umbra_trial *t) {
  t->model = *t->exact;
  t->model.nodes = NULL;
  UMBRA_TRY(umbra_alloc(&t->use, t->exact->node_count, sizeof *t->use, "a search"));
  return umbra_copy_bytes(&t->model.nodes, t->exact->nodes, t->exact->node_count, sizeof *t->exact->nodes);
}

/* ---- fits ---- */

typedef struct fits {
  const job *job;
  size_t first;
  umbra_status *status; /* of each */
} fits;

static void fit_one(const void *data, uint32_t item) {
  const fits *f = data;
  f->status[item] = umbra_replacement_fit(&f->job->trial.replacements[f->first + item], f->job->options.floor);
}

/* What failed in another thread is done again in this one, which has the text then. */
static umbra_status fit_some(const fits *f, size_t count) {
  umbra_parallel(umbra_parallel_default(), (uint32_t)count, fit_one, f);
  for (size_t i = 0; i < count; i++)
    if (f->status[i] != UMBRA_OK)
      UMBRA_TRY(umbra_replacement_fit(&f->job->trial.replacements[f->first + i], f->job->options.floor));
  return UMBRA_OK;
}

static umbra_status fit_all(job *j) {
  enum { AT_ONCE = 64 };
  umbra_status status[AT_ONCE];
  const size_t count = j->trial.count, threads = umbra_parallel_default(), most = threads < AT_ONCE ? threads : AT_ONCE;
  for (size_t first = 0; first < count; first += most) {
    UMBRA_TRY(umbra_watch_step(j->trial.watch, first, count));
    UMBRA_TRY(fit_some(&(fits){j, first, status}, count - first < most ? count - first : most));
  }
  return UMBRA_OK;
}

/* ---- the whole ---- */

static umbra_status make_exact(job *j) {
  const umbra_progress progress = umbra_watch_relay(j->trial.watch);
  j->trial.outputs = j->given ? j->given : &j->exact;
  return j->given ? UMBRA_OK : umbra_exact_make(&j->exact, j->trial.exact, j->records, &progress);
}

static umbra_status choose(job *j) {
  int choice = 0;
  for (size_t i = 0; i < j->trial.count; i++) choice |= j->trial.replacements[i].count > 1;
  return choice ? umbra_trial_search(&j->trial, j->options.error) : UMBRA_OK;
}

/* Says which record and node it is that is not as it should be. */
static umbra_status explain(job *j) {
  const umbra_progress progress = umbra_watch_relay(j->trial.watch);
  umbra_observation_clear(j->made);
  return umbra_observe(j->made, &j->trial.model, j->records, 1, &progress);
}

/* With what else is to be known of the polynomial network, from the same run. */
static umbra_status compare(job *j) {
  umbra_trial *t = &j->trial;
  if (!j->made) return umbra_trial_compare(t, &j->report, (umbra_details){0}, t->outputs);
  umbra_trial_put(t); /* whose nodes are to be observed */
  UMBRA_TRY(umbra_observation_open(j->made, &t->model, j->records, 1));
  UMBRA_TRY(umbra_trial_compare(t, &j->report, (umbra_details){.observed = j->made}, t->outputs));
  return umbra_observation_close(j->made) ? UMBRA_OK : explain(j);
}

static umbra_status prepare(job *j) {
  UMBRA_TRY(find_activations(j));
  UMBRA_TRY(make_trial_model(&j->trial));
  return add_stand_ins(j);
}

static umbra_status work(job *j) {
  static umbra_status (*const stages[])(job *) = {make_exact, fit_all, choose, compare};
  enum { STAGES = sizeof stages / sizeof *stages };
  umbra_status status = prepare(j);
  for (uint64_t i = 0; i < STAGES && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(j->trial.watch, i, STAGES);
    status = stages[i](j);
    umbra_watch_leave(j->trial.watch, part);
  }
  return status;
}

/* ---- what becomes of it ---- */

static umbra_status fill_facts(umbra_approximation *facts, const job *j) {
  const umbra_trial *t = &j->trial;
  facts->report = j->report;
  UMBRA_TRY(umbra_alloc(&facts->activations, t->count, sizeof *facts->activations, "an approximation"));
  for (; facts->count < t->count; facts->count++) {
    const umbra_replacement *r = &t->replacements[facts->count];
    facts->activations[facts->count] = umbra_replacement_report(r, t->use[r->node]);
    facts->report.levels += facts->activations[facts->count].levels;
  }
  return UMBRA_OK;
}

/* Both, or neither. approximation: may be NULL. */
static umbra_status publish(umbra_model **polynomial, umbra_approximation **approximation, const job *j) {
  umbra_model *made = NULL;
  umbra_approximation *facts;
  UMBRA_TRY(umbra_alloc(&facts, 1, sizeof *facts, "an approximation"));
  umbra_status status = fill_facts(facts, j);
  if (status == UMBRA_OK) status = umbra_model_copy(&made, &j->trial.model);
  if (status == UMBRA_OK && approximation) {
    UMBRA_PUT(approximation, approximation, facts);
    facts = NULL;
  }
  umbra_approximation_destroy(facts);
  if (status == UMBRA_OK) UMBRA_PUT(model, polynomial, made);
  return status;
}

static void clear(job *j) {
  for (size_t i = 0; i < j->trial.count; i++) umbra_replacement_clear(&j->trial.replacements[i]);
  umbra_free(j->trial.replacements);
  umbra_free(j->trial.model.nodes);
  umbra_free(j->trial.use);
  umbra_exact_clear(&j->exact);
  umbra_sign_plan_destroy(j->asked);
  for (size_t i = 0; i < COMPOSITES; i++) umbra_sign_plan_destroy(j->known[i]);
}

static umbra_status check_inputs(const umbra_model *model, const umbra_model_ranges *ranges,
                                 const umbra_ndarray *records) {
  if (!model || !ranges || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "model, ranges or records is NULL");
  if (!model->output_count) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the model has no output");
  UMBRA_TRY(umbra_ranges_check(ranges, model));
  return umbra_batch_check_records(model, records);
}

static umbra_status approximate(umbra_model **polynomial, umbra_approximation **approximation, job *j,
                                const umbra_approximation_options *options, const umbra_progress *progress) {
  umbra_watch watch = umbra_watch_of(progress);
  j->options = (umbra_approximation_options){UMBRA_APPROXIMATION_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_approximation_options, &j->options, options));
  UMBRA_TRY(check_options(&j->options));
  UMBRA_TRY(check_inputs(j->trial.exact, j->ranges, j->records));
  j->trial.watch = &watch;
  umbra_status status = umbra_watch_close(&watch, work(j));
  if (status == UMBRA_OK) status = publish(polynomial, approximation, j);
  clear(j);
  return status;
}

umbra_status umbra_model_approximate(const umbra_model *model, umbra_model **polynomial,
                                     umbra_approximation **approximation, const umbra_model_ranges *ranges,
                                     const umbra_ndarray *records, const umbra_approximation_options *options,
                                     const umbra_progress *progress) {
  job j = {.ranges = ranges, .records = records, .trial.exact = model};
  if (!polynomial) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "polynomial is NULL");
  return approximate(polynomial, approximation, &j, options, progress);
}

umbra_status umbra_observed_approximate(const umbra_model *model, umbra_model **polynomial,
                                        umbra_approximation **approximation, umbra_observation *made,
                                        const umbra_observation *exact, const umbra_ndarray *records,
                                        const umbra_approximation_options *options, const umbra_progress *progress) {
  job j = {.ranges = exact->ranges, .records = records, .given = &exact->outputs, .made = made, .trial.exact = model};
  return approximate(polynomial, approximation, &j, options, progress);
}

/* ---- looking ---- */

void umbra_approximation_destroy(umbra_approximation *approximation) {
  if (!approximation) return;
  umbra_free(approximation->activations);
  umbra_free(approximation);
}

size_t umbra_approximation_activations(const umbra_approximation *approximation) { return approximation->count; }

umbra_status umbra_approximation_get_report(const umbra_approximation *approximation,
                                            umbra_approximation_report *report) {
  if (!approximation || !report) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "approximation or report is NULL");
  return UMBRA_GIVE(umbra_approximation_report, report, &approximation->report);
}

umbra_status umbra_approximation_get_activation(const umbra_approximation *approximation,
                                                umbra_activation_report *report, size_t activation) {
  if (!approximation || !report) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "approximation or report is NULL");
  if (activation >= approximation->count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "activation %zu; there are %zu", activation, approximation->count);
  return UMBRA_GIVE(umbra_activation_report, report, &approximation->activations[activation]);
}
