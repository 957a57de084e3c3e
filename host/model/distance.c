/* SPDX-License-Identifier: Apache-2.0 */
#include "distance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "batch.h"
#include "interpret.h"
#include "observe.h"

/* ---- outputs ---- */

void umbra_exact_take(const umbra_exact *exact, const umbra_model *model, double *const *values, size_t record) {
  double *outputs = exact->outputs + record * exact->each;
  for (size_t i = 0; i < model->output_count; i++) {
    uint32_t node = model->outputs[i].node;
    memcpy(outputs, values[node], model->nodes[node].count * sizeof *outputs);
    outputs += model->nodes[node].count;
  }
}

double umbra_outputs_difference(const double *exact, const umbra_model *model, double *const *values) {
  double largest = 0;
  for (size_t i = 0; i < model->output_count; i++) {
    uint32_t node = model->outputs[i].node;
    for (size_t k = 0; k < model->nodes[node].count; k++) {
      double off = fabs(values[node][k] - *exact++);
      if (!(off <= largest)) largest = isfinite(off) ? off : INFINITY;
    }
  }
  return largest;
}

/* ---- the exact network ---- */

typedef struct exact_run {
  umbra_batch batch;
  umbra_exact *exact;
} exact_run;

static void take_exact(void *user, double *const *values, size_t record, uint32_t seat) {
  const exact_run *r = user;
  (void)seat;
  umbra_exact_take(r->exact, r->batch.model, values, record);
  if (umbra_model_is_left(r->batch.model, values)) r->exact->outputs[record * r->exact->each] = NAN;
}

static umbra_status check_exact(void *user, size_t first, size_t end) {
  const exact_run *r = user;
  const size_t each = r->exact->each;
  const umbra_extremes all = umbra_extremes_of(r->exact->outputs + first * each, (end - first) * each);
  return umbra_extremes_finite(all) ? UMBRA_OK : umbra_batch_explain(&r->batch, first, end);
}

umbra_status umbra_exact_open(umbra_exact *exact, const umbra_model *model, const umbra_ndarray *records) {
  *exact = (umbra_exact){.records = records->values, .count = records->shape[0], .width = model->nodes[0].count};
  for (size_t i = 0; i < model->output_count; i++) exact->each += model->nodes[model->outputs[i].node].count;
  return umbra_alloc(&exact->outputs, exact->count, exact->each * sizeof *exact->outputs, "exact outputs");
}

umbra_status umbra_exact_make(umbra_exact *exact, const umbra_model *model, const umbra_ndarray *records,
                              const umbra_progress *progress) {
  exact_run r = {.exact = exact};
  UMBRA_TRY(umbra_exact_open(exact, model, records));
  r.batch = (umbra_batch){.model = model,
                          .records = exact->records,
                          .count = exact->count,
                          .seats = umbra_batch_seats(),
                          .visit = take_exact,
                          .check = check_exact,
                          .user = &r};
  return umbra_batch_run(&r.batch, progress);
}

void umbra_exact_clear(umbra_exact *exact) {
  umbra_free(exact->outputs);
  umbra_free(exact->copies);
  *exact = (umbra_exact){0};
}

umbra_status umbra_exact_select(umbra_exact *few, const umbra_exact *all, const size_t *numbers, size_t count) {
  umbra_exact_clear(few);
  *few = (umbra_exact){.count = count, .width = all->width, .each = all->each};
  UMBRA_TRY(umbra_alloc(&few->copies, count, all->width * sizeof *few->copies, "records"));
  UMBRA_TRY(umbra_alloc(&few->outputs, count, all->each * sizeof *few->outputs, "exact outputs"));
  few->records = few->copies;
  for (size_t i = 0; i < count; i++) {
    memcpy(few->copies + i * all->width, all->records + numbers[i] * all->width, all->width * sizeof *few->copies);
    memcpy(few->outputs + i * all->each, all->outputs + numbers[i] * all->each, all->each * sizeof *few->outputs);
  }
  return UMBRA_OK;
}

/* ---- labels ---- */

/* The first largest of several elements, or the sign of one; *gap: between it and the next. */
static size_t label_of(double *gap, const double *values, size_t count) {
  size_t best = umbra_first_largest(values, count);
  *gap = count == 1 ? 2 * fabs(values[0]) : INFINITY;
  for (size_t i = 0; i < count; i++)
    if (i != best) *gap = fmin(*gap, values[best] - values[i]);
  return count == 1 ? values[0] > 0 : best;
}

/* Whether all outputs have the labels of the exact ones. gap: the least of those. */
static int has_labels(double *gap, const double *exact, const umbra_model *model, double *const *values) {
  int same = 1;
  *gap = INFINITY;
  for (size_t i = 0; i < model->output_count; i++) {
    uint32_t node = model->outputs[i].node;
    double here, there;
    same &=
        label_of(&here, exact, model->nodes[node].count) == label_of(&there, values[node], model->nodes[node].count);
    *gap = fmin(*gap, here);
    exact += model->nodes[node].count;
  }
  return same;
}

/* ---- the other network ---- */

typedef struct record_facts {
  size_t number;
  double error; /* infinite: a value left an interval, or is not finite */
  double gap;
  int labels_equal;
} record_facts;

typedef struct compare_run {
  umbra_batch batch;
  const umbra_exact *exact;
  record_facts *facts; /* of each record */
  double *use;         /* of each node, for each seat */
  const umbra_observation *observed;
} compare_run;

/* Up to the first node whose interval is left: behind it values mean nothing. Whether there is none. */
static int take_use(double *use, const umbra_model *model, double *const *values) {
  for (size_t i = 1; i < model->node_count; i++) {
    const umbra_node *n = &model->nodes[i];
    const double middle = (n->lo + n->hi) / 2, half = (n->hi - n->lo) / 2;
    if (!(half > 0)) continue;
    const umbra_extremes given = umbra_node_given(values, model, n);
    use[i] = umbra_larger(use[i], fmax(given.highest - middle, middle - given.lowest) / half);
    if (umbra_node_is_left(n, given)) return 0;
  }
  return 1;
}

static void compare_record(void *user, double *const *values, size_t record, uint32_t seat) {
  const compare_run *r = user;
  const umbra_model *model = r->batch.model;
  const double *exact = r->exact->outputs + record * r->exact->each;
  record_facts *f = &r->facts[record];
  int inside = take_use(r->use + seat * model->node_count, model, values);
  f->number = record;
  f->labels_equal = has_labels(&f->gap, exact, model, values);
  f->error = inside ? umbra_outputs_difference(exact, model, values) : INFINITY;
  if (r->observed) umbra_observation_take(r->observed, values, record, seat);
}

static int by_error(const void *a, const void *b) {
  double x = ((const record_facts *)a)->error, y = ((const record_facts *)b)->error;
  return (x > y) - (x < y);
}

/* Sorted by error, the records inside come first. */
static void add_up(umbra_approximation_report *report, record_facts *facts, size_t count) {
  size_t inside = 0;
  qsort(facts, count, sizeof *facts, by_error);
  while (inside < count && isfinite(facts[inside].error)) inside++;
  report->records = count;
  report->outside = count - inside;
  report->largest_error = inside ? facts[inside - 1].error : 0;
  report->median_error = inside ? facts[inside / 2].error : 0;
  for (size_t i = 0; i < count; i++) {
    int tie = facts[i].gap < 4 * report->median_error;
    report->near_ties += (size_t)tie;
    if (i >= inside) continue;
    report->labels_equal += (size_t)facts[i].labels_equal;
    report->labels_wrong += (size_t)(!facts[i].labels_equal && !tie);
  }
}

static umbra_status compare(compare_run *r, umbra_approximation_report *report, umbra_details details,
                            const umbra_progress *progress) {
  const size_t nodes = r->batch.model->node_count, count = r->batch.count;
  UMBRA_TRY(umbra_alloc(&r->facts, count, sizeof *r->facts, "a comparison"));
  UMBRA_TRY(umbra_alloc(&r->use, r->batch.seats * nodes, sizeof *r->use, "a comparison"));
  UMBRA_TRY(umbra_batch_run(&r->batch, progress));
  *report = (umbra_approximation_report){UMBRA_APPROXIMATION_REPORT_INIT};
  add_up(report, r->facts, count);
  for (size_t i = 0; details.worst && i < count; i++) details.worst[i] = r->facts[count - 1 - i].number;
  memset(details.use, 0, nodes * sizeof *details.use);
  for (size_t k = 0; k < r->batch.seats * nodes; k++) {
    details.use[k % nodes] = umbra_larger(details.use[k % nodes], r->use[k]);
    report->use = umbra_larger(report->use, r->use[k]);
  }
  return UMBRA_OK;
}

umbra_status umbra_exact_compare(const umbra_exact *exact, umbra_approximation_report *report, umbra_details details,
                                 const umbra_model *other, const umbra_progress *progress) {
  compare_run r = {.exact = exact, .observed = details.observed};
  r.batch = (umbra_batch){.model = other,
                          .records = exact->records,
                          .count = exact->count,
                          .seats = umbra_batch_seats(),
                          .visit = compare_record,
                          .user = &r};
  umbra_status status = compare(&r, report, details, progress);
  umbra_free(r.facts);
  umbra_free(r.use);
  return status;
}
