/* SPDX-License-Identifier: Apache-2.0 */
#include "training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "opened.h"
#include "progress.h"

bool cli_plan_load(umbra_train_plan **plan, const char *option, const char *path) {
  return cli_check(umbra_train_plan_load(plan, path), option) && cli_params_secure(umbra_train_plan_params(*plan));
}

static bool scaling_is_needed(const umbra_train_plan *plan) {
  uint8_t id[UMBRA_DIGEST_BYTES];
  return plan && umbra_train_plan_training(plan, id);
}

bool cli_scaling_load(umbra_scaling **scaling, const char *path, const umbra_train_plan *plan, cli_report *report) {
  if (!path)
    return !scaling_is_needed(plan) ||
           cli_error(
               "--scaling FILE is missing: the plan was made with records that were scaled, and read, as that file "
               "says, which umbra plan --scaling wrote beside it");
  if (!cli_check(umbra_scaling_load(scaling, path), "--scaling") ||
      (plan && !cli_check(umbra_train_plan_check_scaling(plan, *scaling), "--scaling")))
    return false;
  if (!umbra_scaling_schema(*scaling))
    cli_report_warning(report, "the scaling's file does not say what its columns are, as the .csv of umbra plan does, "
                               "so nothing says whether these are the training's columns and label");
  return true;
}

bool cli_are_planned(const umbra_records *records, const umbra_scaling *scaling, const char *option) {
  if (!scaling || umbra_scaling_check_records(scaling, records) == UMBRA_OK) return true;
  return cli_error("%s: %s (%s); a plan is good for those that it was made with: plan anew, or take them all the same "
                   "with --other-records",
                   option, umbra_last_error(), umbra_status_string(UMBRA_ERROR_MISMATCH));
}

bool cli_training_of(cli_training *training, const umbra_scaling *scaling) {
  int known = 0;
  *training = (cli_training){0};
  if (scaling && !cli_check(umbra_scaling_training(scaling, &known, training->id), "--scaling")) return false;
  training->known = known;
  return true;
}

bool cli_training_fits(const cli_training *found, const umbra_scaling *scaling, const char *option) {
  cli_training wanted;
  if (!cli_training_of(&wanted, scaling)) return false;
  if (!found->known) return true;
  if (!scaling) return cli_error("--scaling FILE is missing: %s is of a training with scaled records", option);
  return (wanted.known && memcmp(wanted.id, found->id, sizeof wanted.id) == 0) ||
         cli_error("%s: it is of another training than --scaling, which is of another plan or other records", option);
}

const umbra_schema *cli_schema_of(const umbra_scaling *scaling) {
  return scaling ? umbra_scaling_schema(scaling) : NULL;
}

bool cli_records_scaled(const umbra_records *records, umbra_records **scaled, const char *option,
                        const umbra_scaling *scaling) {
  umbra_scaling *none = NULL;
  umbra_status status = scaling ? UMBRA_OK : umbra_scaling_fit(&none, records, UMBRA_SCALING_NONE, 0, 0);
  if (status == UMBRA_OK) status = umbra_scaling_apply(scaling ? scaling : none, scaled, records);
  umbra_scaling_destroy(none);
  return cli_check(status, option);
}

bool cli_records_scale(umbra_records **records, const char *option, const umbra_scaling *scaling) {
  umbra_records *scaled = NULL;
  if (!scaling) return true;
  if (!cli_records_scaled(*records, &scaled, option, scaling)) return false;
  umbra_records_destroy(*records);
  *records = scaled;
  return true;
}

double cli_score_threshold(double probability) { return probability > 0 ? log(probability / (1 - probability)) : 0; }

double *cli_scores(const umbra_records *records, const double *weights) {
  const size_t rows = umbra_records_rows(records), columns = umbra_records_columns(records);
  double *scores = calloc(rows, sizeof *scores);
  if (!scores) cli_error("out of memory");
  for (size_t r = 0; scores && r < rows; r++) {
    const double *row = umbra_records_row(records, r);
    scores[r] = weights[columns];
    for (size_t c = 0; c < columns; c++) scores[r] += weights[c] * row[c];
  }
  return scores;
}

bool cli_judge(umbra_judgement *judgement, const umbra_records *records, const double *weights, double threshold) {
  double *scores = cli_scores(records, weights);
  const bool done = scores && cli_check(umbra_judge_scores(judgement, records, scores, threshold), NULL);
  cli_opened_free(scores, umbra_records_rows(records) * sizeof *scores);
  return done;
}

bool cli_weights_load(umbra_table *weights, cli_training *training, const char *option, const char *path,
                      size_t columns) {
  int known;
  if (!cli_check(umbra_weights_load(weights, &known, training->id, path), option)) return false;
  training->known = known;
  return weights->rows * weights->columns == columns + 1 ||
         cli_error("%s: %s has %zu rows of %zu values; one row or one column of %zu weights, with the bias as its "
                   "last value, is expected",
                   option, path, weights->rows, weights->columns, columns + 1);
}

typedef struct named_class {
  const umbra_schema *schema;
  size_t class;
} named_class;

static umbra_status describe_class(const void *object, char *text, size_t *size) {
  const named_class *c = object;
  return umbra_schema_class_name(c->schema, text, size, c->class);
}

char *cli_class_name(const umbra_schema *schema, size_t class) {
  return cli_text(describe_class, &(named_class){schema, class});
}

uint32_t cli_plan_layers(const umbra_train_options *planned) {
  uint32_t layers = 1;
  while (layers <= UMBRA_TRAIN_MAX_HIDDEN && planned->hidden[layers - 1]) layers++;
  return layers;
}

size_t cli_plan_units(const umbra_train_options *planned, uint32_t layer) {
  if (layer + 1 < cli_plan_layers(planned)) return planned->hidden[layer];
  return planned->outputs ? planned->outputs : 1;
}

size_t cli_plan_inputs(const umbra_train_options *planned, uint32_t layer) {
  return layer ? planned->hidden[layer - 1] : planned->columns + 1;
}

uint32_t cli_plan_refreshes(const umbra_train_plan *plan, uint32_t iterations) {
  uint32_t refreshes = 0;
  for (uint32_t i = 0; i < iterations; i++) {
    umbra_train_iteration iteration = {UMBRA_TRAIN_ITERATION_INIT};
    if (umbra_train_plan_iteration(plan, &iteration, i) == UMBRA_OK && iteration.bootstrap) refreshes++;
  }
  return refreshes;
}

bool cli_twin_run(cli_twin *twin, const umbra_train_plan *plan, const umbra_records *records,
                  const umbra_twin_options *options) {
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  if (!cli_check(umbra_train_plan_options(plan, &planned), NULL)) return false;
  twin->iterations = planned.iterations;
  twin->count = umbra_train_plan_weights(plan);
  twin->weights = calloc(twin->count, sizeof *twin->weights);
  twin->trace = calloc(planned.iterations, sizeof *twin->trace);
  if (!twin->weights || !twin->trace) return cli_error("out of memory");
  for (uint32_t i = 0; i < twin->iterations; i++) umbra_train_outcome_init(&twin->trace[i]);
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "training in the clear");
  return cli_progress_check(
      &bar, umbra_train_twin(twin->weights, twin->trace, twin->iterations, plan, records, options, &progress), NULL);
}

bool cli_twin_is_finite(const cli_twin *twin) {
  for (size_t i = 0; i < twin->count; i++)
    if (!isfinite(twin->weights[i])) return false;
  return true;
}

void cli_twin_clear(cli_twin *twin) {
  cli_opened_free(twin->weights, twin->count * sizeof *twin->weights);
  free(twin->trace);
  *twin = (cli_twin){0};
}
