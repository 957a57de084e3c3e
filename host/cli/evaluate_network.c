/* SPDX-License-Identifier: Apache-2.0 */
#include "evaluate_network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network_model.h"
#include "opened.h"
#include "private.h"
#include "target.h"

typedef struct judge_job {
  const cli_network_judging *judging;
  umbra_train_options planned;
  umbra_records *raw, *records, *raw_train, *train; /* records, train: scaled */
  double *weights, *scores;
  size_t rows, outputs;
  cli_twin twin;
} judge_job;

/* ---- weights ---- */

static bool load_layer(double *weights, const char *path, const umbra_scaling *scaling, size_t units, size_t inputs) {
  umbra_table table = {0};
  cli_training training;
  int known = 0;
  bool done = cli_check(umbra_layer_load(&table, &known, training.id, path), "--weights");
  training.known = known;
  done = done && cli_training_fits(&training, scaling, path);
  if (done && (table.rows != units || table.columns != inputs))
    done = cli_error("--weights: %s has %zu rows of %zu values; a layer of %zu units with %zu weights each is expected",
                     path, table.rows, table.columns, units, inputs);
  if (done) memcpy(weights, table.values, units * inputs * sizeof *weights);
  umbra_table_clear(&table);
  return done;
}

/* The next of a list's files; false if there is none, or its path is too long. */
static bool next_path(char path[CLI_PATH], const char **list) {
  const size_t length = strcspn(*list, ",");
  if (!length || length >= CLI_PATH) return false;
  memcpy(path, *list, length);
  path[length] = 0;
  *list += length + ((*list)[length] == ',');
  return true;
}

static bool load_weights(judge_job *j) {
  const char *list = j->judging->weights;
  const uint32_t layers = cli_plan_layers(&j->planned);
  char path[CLI_PATH];
  double *next = j->weights = calloc(umbra_train_plan_weights(j->judging->plan), sizeof *j->weights);
  if (!next) return cli_error("out of memory");
  for (uint32_t k = 0; k < layers; k++) {
    const size_t units = cli_plan_units(&j->planned, k), inputs = cli_plan_inputs(&j->planned, k);
    if (!next_path(path, &list))
      return cli_error("--weights: the network has %" PRIu32 " layers, so as many files are expected, such as "
                       "layer-1.csv,layer-2.csv",
                       layers);
    if (!load_layer(next, path, j->judging->scaling, units, inputs)) return false;
    next += units * inputs;
  }
  return !*list || cli_error("--weights: the network has %" PRIu32 " layers, and there are more files", layers);
}

/* ---- records ---- */

static bool load_records(judge_job *j, cli_report *report) {
  const cli_network_judging *o = j->judging;
  if (!cli_records_load(&j->raw, "--data", o->data, o->table, cli_schema_of(o->scaling), report) ||
      !cli_records_scaled(j->raw, &j->records, "--data", o->scaling))
    return false;
  j->rows = umbra_records_rows(j->records);
  j->outputs = cli_plan_units(&j->planned, cli_plan_layers(&j->planned) - 1);
  const size_t classes = umbra_records_classes(j->records);
  return classes == j->outputs || (classes != 1 && classes <= 2 && j->outputs == 1) ||
         cli_error("--data: the network has %zu outputs, and there are %zu classes; --scaling FILE, as umbra plan "
                   "wrote it, says what labels are",
                   j->outputs, classes);
}

/* ---- what they come to ---- */

static void add_class(cJSON *line, const char *key, const umbra_schema *schema, size_t class) {
  char number[32];
  char *name = schema ? cli_class_name(schema, class) : NULL;
  snprintf(number, sizeof number, "%zu", class);
  cJSON_AddStringToObject(line, key, name ? name : number);
  free(name);
}

/* Pairs of classes that occur: of one class, and said to be of another or the same. */
static void report_confusion(const judge_job *j, const size_t *confusion, cli_report *report) {
  cJSON *list = cli_report_list(report, "confusion");
  const umbra_schema *schema = umbra_records_schema(j->raw);
  for (size_t i = 0; i < j->outputs; i++)
    for (size_t k = 0; k < j->outputs; k++) {
      if (!confusion[i * j->outputs + k]) continue;
      cJSON *line = cJSON_CreateObject();
      add_class(line, "class", schema, i);
      add_class(line, "said", schema, k);
      cJSON_AddNumberToObject(line, "records", (double)confusion[i * j->outputs + k]);
      cJSON_AddItemToArray(list, line);
    }
}

static bool judge_classes(const judge_job *j, cli_report *report) {
  double accuracy;
  size_t *confusion = calloc(j->outputs * j->outputs, sizeof *confusion);
  if (!confusion) return cli_error("out of memory");
  bool done = cli_check(umbra_judge_classes(&accuracy, confusion, j->records, j->scores), NULL);
  if (done) {
    cli_report_number(report, "accuracy", accuracy);
    report_confusion(j, confusion, report);
  }
  free(confusion);
  return done;
}

static bool judge_two(const judge_job *j, cli_report *report) {
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT};
  const double threshold = j->planned.loss == UMBRA_LOSS_SQUARED ? 0.5 : 0;
  if (!cli_check(umbra_judge_scores(&judgement, j->records, j->scores, threshold), NULL)) return false;
  cli_report_number(report, "accuracy", judgement.accuracy);
  cli_report_number(report, "auc", judgement.auc);
  return true;
}

/* The root of the mean square of errors, and the share of the labels' variance that is explained. */
static void judge_values(const judge_job *j, cli_report *report) {
  double errors = 0, mean = 0, variance = 0;
  for (size_t r = 0; r < j->rows; r++) mean += umbra_records_label(j->records, r) / (double)j->rows;
  for (size_t r = 0; r < j->rows; r++) {
    const double label = umbra_records_label(j->records, r), error = j->scores[r] - label;
    errors += error * error;
    variance += (label - mean) * (label - mean);
  }
  cli_report_number(report, "root_mean_square_error", sqrt(errors / (double)j->rows));
  if (variance > 0) cli_report_number(report, "r_squared", 1 - errors / variance);
}

static bool judge(judge_job *j, cli_report *report) {
  const size_t count = j->rows * j->outputs;
  double largest = 0;
  j->scores = calloc(count, sizeof *j->scores);
  if (!j->scores) return cli_error("out of memory");
  if (!cli_check(umbra_train_plan_scores(j->judging->plan, j->scores, j->records, j->weights), "--data")) return false;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(j->scores[i]));
  cli_report_number(report, "records", (double)j->rows);
  cli_report_number(report, "largest_score", largest);
  if (!umbra_records_classes(j->records)) judge_values(j, report);
  else if (!(j->outputs > 1 ? judge_classes : judge_two)(j, report)) return false;
  cli_report_step(report, "judge", NULL);
  return true;
}

/* ---- beside the same training in the clear ---- */

/* Of the weights of a layer: the largest in the clear, and the largest and the root of the mean square of differences. */
typedef struct layer_difference {
  double largest, worst, rms;
} layer_difference;

static layer_difference difference_of(const double *found, const double *twin, size_t count) {
  layer_difference d = {0};
  double squares = 0;
  for (size_t i = 0; i < count; i++) {
    d.largest = fmax(d.largest, fabs(twin[i]));
    d.worst = cli_larger(d.worst, fabs(found[i] - twin[i]));
    squares += (found[i] - twin[i]) * (found[i] - twin[i]);
  }
  d.rms = sqrt(squares / (double)count);
  return d;
}

/* What the reference runs of a network allow of the largest weight of each layer; docs/training.md. */
static const double worst_bar = 0x1p-8, rms_bar = 0x1p-10;

static void add_layer(cJSON *list, uint32_t layer, const layer_difference *d) {
  cJSON *line = cJSON_CreateObject();
  cJSON_AddNumberToObject(line, "layer", layer + 1);
  cJSON_AddNumberToObject(line, "largest_weight", d->largest);
  cJSON_AddNumberToObject(line, "max_weight_difference", d->worst);
  cJSON_AddNumberToObject(line, "max_weight_bar", worst_bar * d->largest);
  cJSON_AddNumberToObject(line, "rms_weight_difference", d->rms);
  cJSON_AddNumberToObject(line, "rms_weight_bar", rms_bar * d->largest);
  cJSON_AddItemToArray(list, line);
}

static void report_layers(const judge_job *j, cli_report *report) {
  cJSON *list = cli_report_list(report, "layers");
  const double *found = j->weights, *twin = j->twin.weights;
  double largest = 0;
  for (uint32_t k = 0; k < cli_plan_layers(&j->planned); k++) {
    const size_t count = cli_plan_units(&j->planned, k) * cli_plan_inputs(&j->planned, k);
    const layer_difference d = difference_of(found, twin, count);
    add_layer(list, k, &d);
    largest = fmax(largest, d.largest);
    found += count;
    twin += count;
  }
  cli_report_number(report, "largest_weight", largest);
}

static bool compare(judge_job *j, cli_report *report) {
  const cli_network_judging *o = j->judging;
  const umbra_twin_options options = {UMBRA_TWIN_OPTIONS_INIT, .judged = j->records};
  if (!o->train) return true;
  if (!cli_records_load_like(&j->raw_train, j->raw, "--train", o->train, o->table, report) ||
      !(o->other_records || cli_are_planned(j->raw_train, o->scaling, "--train")) ||
      !cli_records_scaled(j->raw_train, &j->train, "--train", o->scaling) ||
      !cli_private_limit(&j->train, "--train", o->plan) || !cli_twin_run(&j->twin, o->plan, j->train, &options))
    return false;
  const umbra_train_outcome *last = &j->twin.trace[j->twin.iterations - 1];
  if (umbra_records_classes(j->records)) cli_report_number(report, "accuracy_twin", last->accuracy);
  cli_report_number(report, "loss_twin", last->loss);
  report_layers(j, report);
  cli_report_step(report, "train in the clear", NULL);
  *o->promise = (cli_promise){o->plan, j->train, NULL, &j->twin, ""};
  return cli_promise_judge(o->promise, j->weights, report);
}

/* ---- for other programs ---- */

static bool export_network(const judge_job *j, cli_report *report) {
  const cli_network_judging *o = j->judging;
  if (o->onnx && !cli_network_export(o->onnx, &j->planned, j->weights, o->scaling, umbra_records_schema(j->raw)))
    return false;
  if (o->onnx) cli_report_step(report, "network", o->onnx);
  if (o->tensors && !cli_network_save_tensors(o->tensors, &j->planned, j->weights)) return false;
  if (o->tensors) cli_report_step(report, "layers", o->tensors);
  return true;
}

static void clear(judge_job *j) {
  cli_twin_clear(&j->twin);
  umbra_records_destroy(j->train);
  umbra_records_destroy(j->raw_train);
  umbra_records_destroy(j->records);
  umbra_records_destroy(j->raw);
  cli_opened_free(j->weights, umbra_train_plan_weights(j->judging->plan) * sizeof *j->weights);
  cli_opened_free(j->scores, j->rows * j->outputs * sizeof *j->scores);
}

bool cli_network_judge(const cli_network_judging *judging, cli_report *report) {
  judge_job job = {.judging = judging};
  umbra_train_options_init(&job.planned);
  bool done = cli_check(umbra_train_plan_options(judging->plan, &job.planned), NULL) && load_weights(&job) &&
              load_records(&job, report) && judge(&job, report) && compare(&job, report) &&
              export_network(&job, report);
  clear(&job);
  return done;
}
