/* SPDX-License-Identifier: Apache-2.0 */
#include "baseline.h"

#include <stdio.h>
#include <stdlib.h>

#include "progress.h"

void cli_add_counts(cJSON *facts, const umbra_judgement *judgement) {
  cJSON_AddNumberToObject(facts, "majority", judgement->majority);
  cJSON_AddNumberToObject(facts, "true_positives", (double)judgement->true_positives);
  cJSON_AddNumberToObject(facts, "false_negatives", (double)(judgement->positives - judgement->true_positives));
  cJSON_AddNumberToObject(facts, "true_negatives", (double)judgement->true_negatives);
  cJSON_AddNumberToObject(facts, "false_positives", (double)(judgement->negatives - judgement->true_negatives));
}

void cli_report_one_sided(cli_report *report, const umbra_judgement *judgement) {
  const size_t taken = judgement->true_positives + judgement->negatives - judgement->true_negatives,
               all = judgement->positives + judgement->negatives;
  char text[192];
  if (taken > 0 && taken < all) return;
  snprintf(text, sizeof text,
           "%s records are taken for class 1, so the accuracy, %.4g, is that of always saying so; --threshold and "
           "--class-weights of umbra plan change it",
           taken ? "all" : "no", judgement->accuracy);
  cli_report_warning(report, text);
}

/* ---- the best model ---- */

typedef struct optimum_job {
  umbra_scaling *scaling;
  umbra_records *train, *judged; /* scaled */
  double *weights;
} optimum_job;

static umbra_status scale(optimum_job *j, const umbra_records *train, const umbra_records *judged) {
  umbra_status status = umbra_scaling_fit(&j->scaling, train, UMBRA_SCALING_DEVIATION, 0, 0);
  if (status == UMBRA_OK) status = umbra_scaling_apply(j->scaling, &j->train, train);
  if (status == UMBRA_OK) status = umbra_scaling_apply(j->scaling, &j->judged, judged);
  return status;
}

static umbra_status find(optimum_job *j, cli_optimum *optimum, const umbra_records *train,
                         const umbra_records *judged) {
  cli_progress bar;
  umbra_status status = scale(j, train, judged);
  if (status != UMBRA_OK) return status;
  const umbra_progress progress = cli_progress_open(&bar, "looking for the best model");
  status = umbra_logistic_optimum(j->weights, &optimum->found, j->train, NULL, &progress);
  cli_progress_close(&bar);
  return status;
}

/* Records that are too extreme for it may still be trained with, clipped. */
static bool find_and_judge(optimum_job *j, cli_optimum *optimum, const umbra_records *train,
                           const umbra_records *judged, double threshold) {
  umbra_status status = find(j, optimum, train, judged);
  optimum->known = status == UMBRA_OK;
  if (status == UMBRA_ERROR_RANGE) {
    snprintf(optimum->why, sizeof optimum->why, "%s", umbra_last_error());
    return true;
  }
  return cli_check(status, NULL) && cli_judge(&optimum->judgement, j->judged, j->weights, threshold);
}

bool cli_optimum_find(cli_optimum *optimum, const umbra_records *train, const umbra_records *judged, double threshold) {
  const double most_values = 2e7, columns = (double)umbra_records_columns(train);
  optimum_job job = {0};
  *optimum = (cli_optimum){
      .why = "there are too many values", .found = {UMBRA_OPTIMUM_INIT}, .judgement = {UMBRA_JUDGEMENT_INIT}};
  if ((double)umbra_records_rows(train) * columns > most_values) return true;
  job.weights = calloc(umbra_records_columns(train) + 1, sizeof *job.weights);
  bool done = job.weights ? find_and_judge(&job, optimum, train, judged, threshold) : cli_error("out of memory");
  free(job.weights);
  umbra_records_destroy(job.judged);
  umbra_records_destroy(job.train);
  umbra_scaling_destroy(job.scaling);
  return done;
}

static const char *describe(const umbra_optimum *found) {
  if (!found->converged) return "the best logistic model was not reached";
  if (found->undecided) return "the best logistic model; whether a plane separates the classes is not known";
  if (!found->separable) return "the best logistic model; no plane separates the classes";
  return "the best logistic model; a plane separates the classes, so only the penalty limits its weights";
}

void cli_report_optimum(cli_report *report, const cli_optimum *optimum) {
  char text[320];
  snprintf(text, sizeof text, "not known: %s", optimum->why);
  cli_report_text(report, "optimum", optimum->known ? describe(&optimum->found) : text);
  if (!optimum->known) return;
  cli_report_number(report, "accuracy_optimum", optimum->judgement.accuracy);
  cli_report_number(report, "auc_optimum", optimum->judgement.auc);
}
