/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a training that nobody gave. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "plan_job.h"
#include "progress.h"

const char *const cli_scaling_names[] = {"none",    "range",     "deviation", "constant",
                                         "maximum", "quartiles", "whitened",  NULL};

bool cli_plan_searches_scaling(const plan_options *o) { return o->data && !o->no_search && !o->scale; }

static uint32_t given_of(const plan_options *o) {
  return (o->scale ? UMBRA_SETTING_SCALING : 0) | (o->clip > 0 ? UMBRA_SETTING_CLIP : 0) |
         (o->loss ? UMBRA_SETTING_LOSS : 0) | (o->shuffle != CLI_NOT_GIVEN ? UMBRA_SETTING_SEED : 0) |
         (o->train.start > 0 ? UMBRA_SETTING_START : 0) | (o->rate_given ? UMBRA_SETTING_RATE : 0) |
         (o->degree_given ? UMBRA_SETTING_DEGREE : 0) | (o->range_given ? UMBRA_SETTING_RANGE : 0) |
         (o->iterations_given ? UMBRA_SETTING_ITERATIONS : 0);
}

/* A scaling that was given may go without clipping. */
bool cli_plan_searches(const plan_options *o) {
  const uint32_t all = UMBRA_SETTING_SCALING | UMBRA_SETTING_RATE | UMBRA_SETTING_DEGREE | UMBRA_SETTING_RANGE |
                       UMBRA_SETTING_ITERATIONS;
  return o->data && !o->no_search && (given_of(o) & all) != all;
}

/* ---- what was tried ---- */

/* What tells how good a trial is: of logistic models, of networks for classes, and for values. */
typedef enum merit { BY_AUC, BY_ACCURACY, BY_LOSS } merit;

static const char *const merit_names[] = {"AUC", "accuracy", "loss"};

static merit merit_by(const plan_options *o, const umbra_records *records) {
  if (!o->network) return BY_AUC;
  return umbra_records_classes(records) ? BY_ACCURACY : BY_LOSS;
}

static double merit_of(const umbra_train_trial *trial, merit by) {
  return by == BY_AUC ? trial->auc : by == BY_ACCURACY ? trial->accuracy : trial->loss;
}

static void add_merit(cJSON *facts, const umbra_train_trial *trial, merit by) {
  if (by != BY_LOSS) cJSON_AddNumberToObject(facts, "auc", trial->auc);
  if (by == BY_ACCURACY) cJSON_AddNumberToObject(facts, "accuracy", trial->accuracy);
  cJSON_AddNumberToObject(facts, "loss", trial->loss);
}

static void add_network(cJSON *facts, const umbra_train_trial *trial) {
  cJSON_AddStringToObject(facts, "objective", cli_loss_names[trial->objective]);
  cJSON_AddNumberToObject(facts, "start", trial->start);
  cJSON_AddNumberToObject(facts, "seed", (double)trial->seed);
  cJSON_AddNumberToObject(facts, "largest_hidden", trial->largest_hidden);
}

static void add_trial(cJSON *list, const umbra_train_trial *trial, merit by) {
  cJSON *item = cJSON_CreateObject();
  cJSON_AddStringToObject(item, "scale", cli_scaling_names[trial->scaling]);
  cJSON_AddNumberToObject(item, "clip", trial->clip);
  cJSON_AddNumberToObject(item, "rate", trial->rate);
  cJSON_AddNumberToObject(item, "degree", trial->degree);
  cJSON_AddNumberToObject(item, "range", trial->range);
  cJSON_AddNumberToObject(item, "iterations", trial->iterations);
  cJSON_AddNumberToObject(item, "refreshes", trial->refreshes);
  add_merit(item, trial, by);
  cJSON_AddNumberToObject(item, "largest_score", trial->largest_score);
  if (by != BY_AUC) add_network(item, trial);
  cJSON_AddItemToArray(list, item);
}

static void print_trial(const umbra_train_trial *trial, merit by, bool chosen) {
  char polynomial[CLI_UNITS] = "the sigmoid", clip[CLI_UNITS] = "";
  if (trial->degree) snprintf(polynomial, sizeof polynomial, "%" PRIu32 " on +-%g", trial->degree, trial->range);
  if (by != BY_AUC && trial->objective == UMBRA_LOSS_SQUARED)
    snprintf(polynomial, sizeof polynomial, "%s, +-%g", cli_loss_names[trial->objective], trial->range);
  if (trial->clip > 0) snprintf(clip, sizeof clip, ", %g", trial->clip);
  printf("%c %-9s%-4s %8.4g %12s ", chosen ? '>' : ' ', cli_scaling_names[trial->scaling], clip, trial->rate,
         polynomial);
  if (!trial->iterations) {
    printf("%10s\n", "scores leave the range at once");
    return;
  }
  printf("%10" PRIu32 " %9" PRIu32, trial->iterations, trial->refreshes);
  if (by != BY_LOSS) printf(" %8.4f", merit_of(trial, by));
  printf(" %8.4f %8.4g\n", trial->loss, trial->largest_score);
}

static void print_columns(merit by) {
  printf("Settings that were tried\n  %-13s %8s %12s %10s %9s", "scale, clip", "rate", "polynomial", "iterations",
         "refreshes");
  if (by != BY_LOSS) printf(" %8s", merit_names[by]);
  printf(" %8s %8s\n", "loss", "score");
}

static bool list_trials(const umbra_train_search *search, const plan_options *o, merit by, cli_report *report) {
  cJSON *list = o->json ? cli_report_list(report, "tried") : NULL;
  if (!o->json) print_columns(by);
  for (size_t i = 0; i < umbra_train_search_count(search); i++) {
    umbra_train_trial trial = {UMBRA_TRAIN_TRIAL_INIT};
    if (!cli_check(umbra_train_search_trial(search, &trial, i), NULL)) return false;
    if (o->json) add_trial(list, &trial, by);
    else print_trial(&trial, by, i == umbra_train_search_chosen(search));
  }
  if (!o->json) putchar('\n');
  return true;
}

static void print_chosen(const umbra_train_search *search, const umbra_train_trial *chosen, merit by) {
  printf("Settings found by %zu trainings in the clear, on %zu records: %s %.4f on those held back\n",
         umbra_train_search_count(search), umbra_train_search_records(search), merit_names[by], merit_of(chosen, by));
  printf("  %-18s %s", "scaling", cli_scaling_names[chosen->scaling]);
  if (chosen->clip > 0) printf(", cut off at %g", chosen->clip);
  printf("; %s as below\n\n", by == BY_AUC ? "rate, polynomial and iterations" : "loss, rate and iterations");
}

static void tell(const umbra_train_search *search, const umbra_train_trial *chosen, const plan_options *o, merit by,
                 cli_report *report) {
  cJSON *facts = cJSON_AddObjectToObject(report->root, "settings");
  cJSON_AddStringToObject(facts, "scale", cli_scaling_names[chosen->scaling]);
  cJSON_AddNumberToObject(facts, "clip", chosen->clip);
  cJSON_AddNumberToObject(facts, "trials", (double)umbra_train_search_count(search));
  cJSON_AddNumberToObject(facts, "records", (double)umbra_train_search_records(search));
  cJSON_AddNumberToObject(facts, "folds", umbra_train_search_folds(search));
  add_merit(facts, chosen, by);
  if (o->network) add_network(facts, chosen);
  if (!o->json) print_chosen(search, chosen, by);
}

/* ---- the search ---- */

/* With --coarse the power of two below it: a smaller one leaves no range that the other keeps to. */
static double coarse_rate(const plan_options *o, double found) {
  return o->coarse && !o->rate_given ? ldexp(1, ilogb(found)) : found;
}

static void take(plan_job *j, const plan_options *o, const umbra_train_trial *chosen) {
  j->scaled_by.kind = chosen->scaling;
  j->scaled_by.clip = chosen->clip;
  j->wanted.rate = coarse_rate(o, chosen->rate);
  j->wanted.iterations = chosen->iterations;
  j->sigmoid.degree = chosen->degree;
  j->sigmoid.range = chosen->range;
  if (!o->network) return;
  j->wanted.loss = chosen->objective;
  j->wanted.seed = chosen->seed;
  j->wanted.start = chosen->start;
}

enum { MOST_NETWORK_ITERATIONS = 150 }; /* they take more than logistic models do */

static bool search(plan_job *j, const plan_options *o, const umbra_records *records) {
  cli_progress bar;
  umbra_train_search_options options = {UMBRA_TRAIN_SEARCH_OPTIONS_INIT,
                                        .train = &j->wanted,
                                        .initial = j->initial.values,
                                        .given = given_of(o),
                                        .scaling = o->scaling_kind,
                                        .argument = o->divisor,
                                        .clip = o->clip};
  options.seed = o->seed;
  if (o->network) options.most_iterations = MOST_NETWORK_ITERATIONS;
  const umbra_progress progress = cli_progress_open(&bar, "finding settings");
  return cli_progress_check(&bar, umbra_train_search_create(&j->search, j->params, records, &options, &progress),
                            "DATA");
}

bool cli_plan_settings(plan_job *j, const plan_options *o, const umbra_records *records, cli_report *report) {
  umbra_train_trial chosen = {UMBRA_TRAIN_TRIAL_INIT};
  const merit by = merit_by(o, records);
  if (!cli_plan_searches(o)) return true;
  if (!search(j, o, records) ||
      !cli_check(umbra_train_search_trial(j->search, &chosen, umbra_train_search_chosen(j->search)), NULL) ||
      (report && o->tried && !list_trials(j->search, o, by, report)))
    return false;
  take(j, o, &chosen);
  if (!report) return true;
  tell(j->search, &chosen, o, by, report);
  cli_report_step(report, "find settings", NULL);
  return true;
}
