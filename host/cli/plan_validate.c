/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan's settings come to on records that the training has not seen. */
#include <math.h>
#include <stdio.h>

#include "plan_job.h"

/* One training without some records. */
typedef struct part {
  umbra_records *rest, *held; /* as they were read */
  umbra_records *scaled_rest, *scaled_held;
  umbra_scaling *scaling;
  umbra_train_plan *plan;
  cli_twin twin;
} part;

/* Sums over parts. */
typedef struct validation {
  uint32_t parts, without_optimum;
  double square, auc_optimum, accuracy_optimum; /* square: of AUC */
  umbra_judgement sum;
} validation;

static void clear(part *p) {
  cli_twin_clear(&p->twin);
  umbra_train_plan_destroy(p->plan);
  umbra_scaling_destroy(p->scaling);
  umbra_records_destroy(p->scaled_held);
  umbra_records_destroy(p->scaled_rest);
  umbra_records_destroy(p->held);
  umbra_records_destroy(p->rest);
  *p = (part){0};
}

static bool train(part *p, const plan_job *j, const plan_options *o) {
  const umbra_twin_options options = {UMBRA_TWIN_OPTIONS_INIT, .initial = j->initial.values};
  return cli_plan_scale(&p->scaling, &p->scaled_rest, &p->scaled_held, &j->scaled_by, p->rest, p->held) &&
         cli_plan_make(&p->plan, j, umbra_records_rows(p->rest), o->train.bound) &&
         cli_twin_run(&p->twin, p->plan, p->scaled_rest, &options);
}

static void add(validation *v, const umbra_judgement *found, const cli_optimum *optimum) {
  v->parts++;
  v->square += found->auc * found->auc;
  v->sum.auc += found->auc;
  v->sum.accuracy += found->accuracy;
  v->sum.majority += found->majority;
  v->sum.positives += found->positives;
  v->sum.negatives += found->negatives;
  v->sum.true_positives += found->true_positives;
  v->sum.true_negatives += found->true_negatives;
  if (!optimum->known) v->without_optimum++;
  v->auc_optimum += optimum->judgement.auc;
  v->accuracy_optimum += optimum->judgement.accuracy;
}

/* Means over the parts; counts stay sums. */
static void average(validation *v) {
  v->sum.auc /= v->parts;
  v->sum.accuracy /= v->parts;
  v->sum.majority /= v->parts;
  v->auc_optimum /= v->parts;
  v->accuracy_optimum /= v->parts;
}

static double deviation_of(const validation *v) {
  return sqrt(fmax(0, v->square / v->parts - v->sum.auc * v->sum.auc));
}

static bool judge(validation *v, const part *p, const plan_options *o) {
  const double threshold = cli_score_threshold(o->threshold);
  umbra_judgement found = {UMBRA_JUDGEMENT_INIT};
  cli_optimum optimum;
  if (!cli_judge(&found, p->scaled_held, p->twin.weights, threshold) ||
      !cli_optimum_find(&optimum, p->rest, p->held, threshold))
    return false;
  add(v, &found, &optimum);
  return true;
}

/* Settings are found without the records that are held back, so that these decide nothing. */
static bool validate_part(validation *v, plan_job *j, const plan_options *o, double from, double to) {
  part p = {0};
  bool done =
      cli_check(umbra_records_hold(&p.rest, &p.held, j->raw, from, to, o->seed), o->folds ? "--folds" : "--holdout") &&
      cli_plan_settings(j, o, p.rest, NULL) && train(&p, j, o) && judge(v, &p, o);
  clear(&p);
  return done;
}

static void add_facts(cJSON *facts, const validation *v) {
  cJSON_AddNumberToObject(facts, "parts", v->parts);
  cJSON_AddNumberToObject(facts, "records", (double)(v->sum.positives + v->sum.negatives));
  cJSON_AddNumberToObject(facts, "accuracy", v->sum.accuracy);
  cJSON_AddNumberToObject(facts, "auc", v->sum.auc);
  cJSON_AddNumberToObject(facts, "auc_deviation", deviation_of(v));
  cli_add_counts(facts, &v->sum);
  if (v->without_optimum) return;
  cJSON_AddNumberToObject(facts, "accuracy_optimum", v->accuracy_optimum);
  cJSON_AddNumberToObject(facts, "auc_optimum", v->auc_optimum);
}

static void print(const validation *v) {
  printf("Trained without %zu records%s, and judged by them\n", v->sum.positives + v->sum.negatives,
         v->parts > 1 ? ", in parts" : "");
  printf("  %-18s %.4f (the larger class: %.4f)", "accuracy", v->sum.accuracy, v->sum.majority);
  if (!v->without_optimum) printf("; of the best logistic model %.4f", v->accuracy_optimum);
  printf("\n  %-18s %.4f", "AUC", v->sum.auc);
  if (v->parts > 1) printf(" +- %.4f", deviation_of(v));
  if (!v->without_optimum) printf("; of the best logistic model %.4f", v->auc_optimum);
  printf("\n\n");
}

/* Holds each part back once. */
static bool validate(validation *v, plan_job *j, const plan_options *o) {
  if (!o->folds) return validate_part(v, j, o, 0, o->holdout);
  for (uint32_t i = 0; i < o->folds; i++)
    if (!validate_part(v, j, o, (double)i / o->folds, (i + 1.0) / o->folds)) return false;
  return true;
}

bool cli_plan_validate(plan_job *j, const plan_options *o, cli_report *report) {
  validation v = {.sum = {UMBRA_JUDGEMENT_INIT}};
  if (o->folds || o->holdout > 0) {
    if (!validate(&v, j, o)) return false;
    average(&v);
    add_facts(cJSON_AddObjectToObject(report->root, o->folds ? "folds" : "holdout"), &v);
    if (!o->json) print(&v);
    cli_report_step(report, "hold back and judge", NULL);
  }
  return cli_plan_settings(j, o, j->raw, report);
}
