/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "commands.h"
#include "evaluate_network.h"
#include "evaluation.h"
#include "excess.h"
#include "opened.h"
#include "private.h"
#include "progress.h"
#include "promise.h"
#include "secret.h"
#include "sigmoid.h"
#include "target.h"

typedef struct evaluate_options {
  const char *weights, *data, *scaling, *plan, *train, *initial, *keys, *report, *predictions, *onnx, *tensors;
  cli_table_options table;
  cli_secret secret;
  double range, threshold;
  uint32_t degree;
  bool encrypted, other_records, json;
  cli_engine engine;
} evaluate_options;

typedef struct evaluate_job {
  umbra_records *raw, *raw_train; /* as they were read */
  umbra_records *records, *train; /* scaled */
  size_t rows, columns;
  umbra_scaling *scaling;
  umbra_table weights, initial;
  double *values, *scores, *opened; /* features in row order; scores in the clear; probabilities that were encrypted */
  double *twin_scores;              /* of the twin, for the report's file */
  umbra_sigmoid_options polynomial; /* of the plan */
  umbra_train_plan *plan;
  cli_twin twin, exact;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_logistic *model;
  umbra_matrix *matrix, *encrypted;
  cli_promise promise;
} evaluate_job;

/* ---- in the clear ---- */

/* As the scaling says that the training's records weigh, which is found from them. */
static bool weigh(umbra_records **records, const umbra_scaling *scaling, const char *option) {
  double w[2];
  return !scaling || !umbra_scaling_class_weights(scaling, w) ||
         cli_check(umbra_records_weigh(records, *records, w[0], w[1]), option);
}

/* First, since they say what the columns of others are, where no scaling does. */
static bool read_train(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  return !o->train ||
         (cli_records_load(&j->raw_train, "--train", o->train, &o->table, cli_schema_of(j->scaling), report) &&
          (o->other_records || cli_are_planned(j->raw_train, j->scaling, "--train")) &&
          weigh(&j->raw_train, j->scaling, "--train") &&
          cli_records_scaled(j->raw_train, &j->train, "--train", j->scaling) &&
          cli_private_limit(&j->train, "--train", j->plan));
}

static bool read_data(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  const bool loaded = j->raw_train && !cli_schema_of(j->scaling)
                          ? cli_records_load_like(&j->raw, j->raw_train, "--data", o->data, &o->table, report)
                          : cli_records_load(&j->raw, "--data", o->data, &o->table, cli_schema_of(j->scaling), report);
  return loaded && cli_records_scaled(j->raw, &j->records, "--data", j->scaling);
}

static bool read_plan(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  return (!o->plan || cli_plan_load(&j->plan, "--plan", o->plan)) &&
         cli_scaling_load(&j->scaling, o->scaling, j->plan, report);
}

static bool is_network(const evaluate_job *j) {
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  return j->plan && umbra_train_plan_options(j->plan, &planned) == UMBRA_OK && cli_plan_is_network(&planned);
}

static bool read_weights(evaluate_job *j, const evaluate_options *o) {
  cli_training training;
  return cli_weights_load(&j->weights, &training, "--weights", o->weights, j->columns) &&
         cli_training_fits(&training, j->scaling, "--weights");
}

static bool read(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  if (!read_train(j, o, report) || !read_data(j, o, report)) return false;
  j->rows = umbra_records_rows(j->records);
  j->columns = umbra_records_columns(j->records);
  if (!read_weights(j, o)) return false;
  cli_excess_tell(j->scaling, j->raw, report);
  cli_report_step(report, "read", o->data);
  return true;
}

static bool judge(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT};
  const double threshold = cli_score_threshold(o->threshold);
  j->scores = cli_scores(j->records, j->weights.values);
  if (!j->scores || !cli_check(umbra_judge_scores(&judgement, j->records, j->scores, threshold), NULL)) return false;
  cli_report_number(report, "records", (double)j->rows);
  cli_report_number(report, "accuracy", judgement.accuracy);
  cli_report_number(report, "auc", judgement.auc);
  cli_report_number(report, "loss", judgement.loss);
  cli_add_counts(report->root, &judgement);
  cli_report_number(report, "largest_score", judgement.largest_score);
  cli_report_text(report, "sigmoid_clear", "the sigmoid itself");
  return true;
}

/* ---- beside the same training in the clear ---- */

/* Scores beyond the polynomial's range, where it is no sigmoid. */
static void judge_range(const evaluate_job *j, cli_report *report) {
  char text[192];
  size_t beyond = 0;
  const double range = j->polynomial.range;
  for (size_t r = 0; r < j->rows; r++) beyond += !(fabs(j->scores[r]) <= range);
  if (!beyond) return;
  snprintf(text, sizeof text,
           "scores of %zu of %zu records leave [%g, %g], where the training's polynomial is near the sigmoid", beyond,
           j->rows, -range, range);
  cli_report_warning(report, text);
}

static bool report_polynomial(evaluate_job *j, cli_report *report) {
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_report costs = {UMBRA_TRAIN_REPORT_INIT};
  if (!cli_check(umbra_train_plan_options(j->plan, &planned), NULL) ||
      !cli_check(umbra_train_plan_report(j->plan, &costs), NULL))
    return false;
  j->polynomial = *planned.sigmoid;
  cli_report_sigmoid(report, "sigmoid_trained", j->polynomial.degree, j->polynomial.range, costs.fit_error);
  cli_report_number(report, "weight_error", costs.weight_error);
  judge_range(j, report);
  return true;
}

static bool plan_fits(const evaluate_job *j) {
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  if (!cli_check(umbra_train_plan_options(j->plan, &planned), NULL)) return false;
  return planned.columns == j->columns ||
         cli_error("--plan: the plan is for %zu features and --data has %zu", planned.columns, j->columns);
}

static bool train_in_the_clear(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  cli_training before;
  if (!plan_fits(j) || (o->initial && !cli_weights_load(&j->initial, &before, "--initial", o->initial, j->columns)))
    return false;
  cli_report_step(report, "read", o->train);
  umbra_twin_options options = {UMBRA_TWIN_OPTIONS_INIT, .judged = j->records, .initial = j->initial.values};
  if (!cli_twin_run(&j->twin, j->plan, j->train, &options)) return false;
  options.exact = 1;
  if (!cli_twin_run(&j->exact, j->plan, j->train, &options)) return false;
  cli_report_step(report, "train in the clear", NULL);
  return true;
}

static bool report_twins(const evaluate_job *j, double threshold, cli_report *report) {
  umbra_judgement twin = {UMBRA_JUDGEMENT_INIT}, exact = {UMBRA_JUDGEMENT_INIT};
  if (!cli_judge(&twin, j->records, j->twin.weights, threshold) ||
      !cli_judge(&exact, j->records, j->exact.weights, threshold))
    return false;
  cli_report_number(report, "accuracy_twin", twin.accuracy);
  cli_report_number(report, "auc_twin", twin.auc);
  cli_report_number(report, "accuracy_exact", exact.accuracy);
  cli_report_number(report, "auc_exact", exact.auc);
  return true;
}

static bool compare_with_twin(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  const double threshold = cli_score_threshold(o->threshold);
  cli_optimum optimum;
  if (!o->plan) return true;
  if (!report_polynomial(j, report) || !train_in_the_clear(j, o, report) || !report_twins(j, threshold, report) ||
      !cli_optimum_find(&optimum, j->raw_train, j->raw, threshold))
    return false;
  cli_report_optimum(report, &optimum);
  j->promise = (cli_promise){j->plan, j->train, j->initial.values, &j->twin, ""};
  return cli_promise_judge(&j->promise, j->weights.values, report);
}

/* ---- under encryption ---- */

static bool make_values(evaluate_job *j) {
  j->values = calloc(j->rows, j->columns * sizeof *j->values);
  j->opened = calloc(j->rows, sizeof *j->opened);
  if (!j->values || !j->opened) return cli_error("out of memory");
  for (size_t r = 0; r < j->rows; r++)
    memcpy(j->values + r * j->columns, umbra_records_row(j->records, r), j->columns * sizeof *j->values);
  return true;
}

static bool load_keys(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  return cli_secret_fits(&o->secret, o->keys) && cli_context_open_in(&j->context, o->keys, &o->engine, report) &&
         cli_degree_fits(umbra_context_params(j->context), o->degree) &&
         cli_secret_load(&j->secret, j->context, &o->secret, report) &&
         cli_public_key_load(&j->public, j->context, o->keys, report) &&
         cli_score_keys_load(&j->keys, j->context, o->keys, j->columns, UMBRA_TOP_LEVEL, report);
}

static bool score(evaluate_job *j) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "scoring");
  return cli_progress_check(&bar, umbra_logistic_score(j->evaluator, &j->encrypted, j->model, j->matrix, &progress),
                            NULL);
}

static bool score_encrypted(evaluate_job *j, const evaluate_options *o, const umbra_sigmoid_options *polynomial,
                            cli_report *report) {
  const double *weights = j->weights.values;
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  if (!make_values(j) || !load_keys(j, o, report) ||
      !cli_check(umbra_logistic_encrypt(&j->model, j->public, weights, j->columns, weights[j->columns], polynomial),
                 "--weights") ||
      !cli_check(umbra_matrix_encrypt(&j->matrix, j->public, j->values, j->rows, j->columns, &layout, NULL),
                 "--data") ||
      !cli_check(umbra_evaluator_create(&j->evaluator, j->context, j->keys), NULL))
    return false;
  cli_report_step(report, "encrypt", NULL);
  if (!score(j)) return false;
  cli_report_step(report, "score", NULL);
  if (!cli_check(umbra_matrix_decrypt(j->encrypted, j->opened, j->secret, NULL), NULL)) return false;
  cli_report_step(report, "decrypt", NULL);
  return true;
}

static bool evaluate_encrypted(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT};
  if (!o->encrypted) return true;
  if (!cli_check(umbra_judge(&judgement, j->records, j->weights.values), NULL)) return false;
  const double range = o->range > 0 ? o->range : fmax(1, 1.25 * judgement.largest_score);
  const umbra_sigmoid_options polynomial = cli_sigmoid(range, o->degree);
  if (!score_encrypted(j, o, &polynomial, report) ||
      !cli_check(umbra_judge_scores(&judgement, j->records, j->opened, o->threshold > 0 ? o->threshold : 0.5), NULL))
    return false;
  double sigmoid_difference = 0, polynomial_difference = 0;
  for (size_t r = 0; r < j->rows; r++) {
    double value = umbra_sigmoid_value(j->scores[r], &polynomial);
    sigmoid_difference = cli_larger(sigmoid_difference, fabs(j->opened[r] - cli_sigmoid_value(j->scores[r])));
    polynomial_difference = cli_larger(polynomial_difference, fabs(j->opened[r] - value));
  }
  cli_report_sigmoid(report, "sigmoid_encrypted", polynomial.degree, polynomial.range,
                     umbra_sigmoid_error(&polynomial));
  cli_report_number(report, "accuracy_encrypted", judgement.accuracy);
  cli_report_number(report, "auc_encrypted", judgement.auc);
  cli_report_number(report, "max_difference", sigmoid_difference);
  cli_report_number(report, "max_difference_polynomial", polynomial_difference);
  return true;
}

/* ---- files ---- */

/* All of them tell about the records. */
static bool may_write_opened(const char *option, const char *path, const char *const *inputs, int count) {
  return !path || (cli_may_write(option, path, NULL, inputs, count) && cli_opened_prepare(option, path));
}

static bool may_write(const evaluate_options *o) {
  const char *inputs[] = {o->weights, o->data,    o->scaling,     o->plan,
                          o->train,   o->initial, o->secret.file, o->secret.passphrase_file};
  const int count = (int)(sizeof inputs / sizeof *inputs);
  const char *ending = o->report ? strrchr(o->report, '.') : NULL;
  if (o->report && (!ending || strcmp(ending, ".html") != 0))
    return cli_error("--report: %s: the name of a report ends in .html", o->report);
  return may_write_opened("--report", o->report, inputs, count) && may_write_opened("--onnx", o->onnx, inputs, count) &&
         may_write_opened("--safetensors", o->tensors, inputs, count) &&
         (!o->predictions || cli_is_table("--predictions", o->predictions)) &&
         may_write_opened("--predictions", o->predictions, inputs, count);
}

/* Probabilities by the sigmoid itself and, beside them, those that were encrypted. */
static bool write_predictions(const evaluate_job *j, const evaluate_options *o, cli_report *report) {
  if (!o->predictions) return true;
  umbra_table table = {.rows = j->rows, .columns = o->encrypted ? 2 : 1};
  table.values = calloc(table.rows, table.columns * sizeof *table.values);
  if (!table.values) return cli_error("out of memory");
  for (size_t r = 0; r < j->rows; r++) {
    table.values[r * table.columns] = cli_sigmoid_value(j->scores[r]);
    if (o->encrypted) table.values[r * table.columns + 1] = j->opened[r];
  }
  const bool written = cli_goes_on() && cli_check(umbra_table_write(&table, o->predictions), "--predictions");
  umbra_table_clear(&table);
  if (written) cli_report_step(report, "predictions", o->predictions);
  return written;
}

/* twin: weights of scaled features, as the model has them; NULL: there is none. */
static bool write_evaluation(const evaluate_job *j, const evaluate_options *o, const cli_linear *model,
                             const double *twin, const cli_report *report) {
  const cli_evaluation evaluation = {.facts = report->root,
                                     .weights_file = o->weights,
                                     .data_file = o->data,
                                     .records = j->records,
                                     .model = model,
                                     .scores = j->scores,
                                     .twin = twin,
                                     .twin_scores = j->twin_scores,
                                     .threshold = o->threshold > 0 ? o->threshold : 0.5,
                                     .polynomial = j->plan ? &j->polynomial : NULL};
  return cli_evaluation_write(&evaluation, "--report", o->report);
}

static bool write_report(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  cli_linear model = {0}, twin = {0};
  const umbra_schema *schema = umbra_records_schema(j->records);
  if (!o->report) return true;
  if (j->plan && !(j->twin_scores = cli_scores(j->records, j->twin.weights))) return false;
  const bool written = cli_linear_open(&model, j->weights.values, j->columns, j->scaling, schema) &&
                       (!j->plan || cli_linear_open(&twin, j->twin.weights, j->columns, j->scaling, schema)) &&
                       write_evaluation(j, o, &model, twin.weights, report);
  cli_linear_clear(&model);
  cli_linear_clear(&twin);
  if (written) cli_report_step(report, "report", o->report);
  return written;
}

/* ---- networks ---- */

static bool evaluate_network(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  const cli_network_judging judging = {.plan = j->plan,
                                       .scaling = j->scaling,
                                       .weights = o->weights,
                                       .data = o->data,
                                       .train = o->train,
                                       .onnx = o->onnx,
                                       .tensors = o->tensors,
                                       .table = &o->table,
                                       .other_records = o->other_records,
                                       .promise = &j->promise};
  if (o->encrypted || o->initial || o->threshold > 0 || o->report || o->predictions)
    return cli_error("--plan: it is a network's; --encrypted, --initial, --threshold, --report and --predictions are "
                     "of logistic models");
  return cli_network_judge(&judging, report);
}

/* ---- all of it ---- */

static bool evaluate(evaluate_job *j, const evaluate_options *o, cli_report *report) {
  if (!may_write(o) || !read_plan(j, o, report)) return false;
  if (is_network(j)) return evaluate_network(j, o, report);
  if (o->plan && !o->train) return cli_error("--plan and --train belong together");
  if (o->onnx)
    return cli_error("--onnx: of a logistic model umbra decrypt writes it; here it is of a network's --plan");
  if (o->tensors) return cli_error("--safetensors: it is of a network's --plan");
  return read(j, o, report) && judge(j, o, report) && compare_with_twin(j, o, report) &&
         evaluate_encrypted(j, o, report) && write_predictions(j, o, report) && write_report(j, o, report);
}

static void clear(evaluate_job *j) {
  umbra_matrix_destroy(j->encrypted);
  umbra_matrix_destroy(j->matrix);
  umbra_logistic_destroy(j->model);
  umbra_evaluator_destroy(j->evaluator);
  umbra_eval_keys_destroy(j->keys);
  umbra_public_key_destroy(j->public);
  umbra_secret_key_destroy(j->secret);
  umbra_context_destroy(j->context);
  cli_twin_clear(&j->twin);
  cli_twin_clear(&j->exact);
  umbra_train_plan_destroy(j->plan);
  umbra_table_clear(&j->initial);
  umbra_table_clear(&j->weights);
  umbra_records_destroy(j->raw_train);
  umbra_records_destroy(j->raw);
  umbra_scaling_destroy(j->scaling);
  umbra_records_destroy(j->train);
  umbra_records_destroy(j->records);
  cli_opened_free(j->values, j->rows * j->columns * sizeof *j->values);
  cli_opened_free(j->scores, j->rows * sizeof *j->scores);
  cli_opened_free(j->opened, j->rows * sizeof *j->opened);
  cli_opened_free(j->twin_scores, j->rows * sizeof *j->twin_scores);
}

static void check_usage(const evaluate_options *o) {
  cli_secret_check(&o->secret);
  if (o->train && !o->plan) cli_usage("--plan and --train belong together");
  if ((o->initial || o->other_records) && !o->plan) cli_usage("--initial and --other-records belong to --plan");
  if (o->encrypted && (!o->keys || !o->secret.file)) cli_usage("--encrypted needs --keys and --secret");
  if (!o->encrypted &&
      (o->keys || o->secret.file || o->secret.passphrase_file || o->secret.store || o->range > 0 || o->degree))
    cli_usage("--keys, --secret, --passphrase-file, --store, --range and --degree belong to --encrypted");
}

static bool run(const cli_command *command, int argc, char **argv) {
  evaluate_options o = {0};
  const cli_option options[] = {
      {"weights", "FILE", "weights and then the bias, .csv or .npy; of a network FILE,FILE,...: its layers", CLI_TEXT,
       &o.weights, CLI_REQUIRED},
      {"data", "FILE", "labelled records to judge them by", CLI_TEXT, &o.data, CLI_REQUIRED},
      CLI_LABEL_OPTION(o.table),
      CLI_POSITIVE_OPTION(o.table),
      CLI_LABELS_OPTION(o.table),
      CLI_COLUMNS_OPTION(o.table),
      CLI_TABLE_OPTIONS(o.table),
      {"scaling", "FILE", "as umbra plan --scaling wrote it (default: none)", CLI_TEXT, &o.scaling, CLI_OPTIONAL},
      {"plan", "FILE", "with --train: compare with this training in the clear; networks always need it", CLI_TEXT,
       &o.plan, CLI_OPTIONAL},
      {"train", "FILE", "the records that it trains by", CLI_TEXT, &o.train, CLI_OPTIONAL},
      CLI_OTHER_RECORDS_OPTION(o.other_records, "its "),
      {"initial", "FILE", "its first weights, then the bias (default: zeros)", CLI_TEXT, &o.initial, CLI_OPTIONAL},
      {"onnx", "FILE", "of a network: where it goes as ONNX, from features in the table's units", CLI_TEXT, &o.onnx,
       CLI_OPTIONAL},
      {"safetensors", "FILE",
       "of a network: where its layers go, of scaled features, as tensors layer1.weight and so on", CLI_TEXT,
       &o.tensors, CLI_OPTIONAL},
      CLI_THRESHOLD_OPTION(o.threshold),
      {"predictions", "FILE", "write the probability of each record, by the sigmoid itself, .csv or .npy", CLI_TEXT,
       &o.predictions, CLI_OPTIONAL},
      {"report", "FILE", "write all of it, with drawings and the weights by name, as one .html file", CLI_TEXT,
       &o.report, CLI_OPTIONAL},
      {"encrypted", NULL, "score encrypted records too, and compare", CLI_FLAG, &o.encrypted, CLI_OPTIONAL},
      {"keys", "DIR", "with --encrypted: folder of keys", CLI_TEXT, &o.keys, CLI_OPTIONAL},
      {"secret", "FILE", "with --encrypted: secret key", CLI_TEXT, &o.secret.file, CLI_OPTIONAL},
      CLI_PASSPHRASE_OPTIONS(o.secret),
      {"range", "R", "the sigmoid holds on [-R, R] (default: 1.25 times the largest score)", CLI_NUMBER, &o.range,
       CLI_WITHIN(1e-6, 1e6)},
      {"degree", "D", "of the sigmoid's polynomial (default 31)", CLI_COUNT, &o.degree, CLI_WITHIN(1, CLI_MAX_DEGREE)},
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  check_usage(&o);
  if (!o.degree) o.degree = CLI_DEGREE;

  evaluate_job job = {0};
  cli_report report = {0};
  bool done = cli_report_open(&report) && evaluate(&job, &o, &report);
  clear(&job);
  done = cli_report_close(&report, done, o.json);
  if (!done || !*job.promise.broken) return done;
  cli_errors_as_json(false);
  return cli_error("%s", job.promise.broken);
}

const cli_command cli_evaluate = {
    .name = "evaluate",
    .summary = "Judges decrypted weights by labelled records; for the owner.",
    .details =
        "Accuracy, area under the ROC curve (AUC), mean loss, counts of both classes and largest score are computed\n"
        "in the clear; --plan and --train add the same training in the clear, by the polynomial and by the sigmoid\n"
        "itself, and the best logistic model that there is. --encrypted encrypts weights and records, scores them\n"
        "and decrypts, all in this one process. A largest score beyond the range of the plan says that records left\n"
        "the interval of its polynomial. Weights that are farther from the training in the clear than six times the\n"
        "error that the plan promises are an error, and so are files of different trainings.\n\n"
        "--report FILE.html has, in one file without scripts that loads nothing: ROC curve, calibration, confusion\n"
        "matrix at --threshold, scores against the range of the plan's polynomial, weights by name with the scaling\n"
        "undone, the comparisons that were made, and warnings. It tells about the records: it is the owner's.\n"
        "--predictions has a second column with --encrypted: the probabilities by the polynomial, as decrypted.\n\n"
        "Examples:\n"
        "  umbra evaluate --weights weights.csv --data held.csv --scaling scaling.csv\n"
        "  umbra evaluate --weights weights.csv --data held.csv --scaling scaling.csv \\\n"
        "    --plan plan.umbra --train train.csv --report report.html\n"
        "  umbra evaluate --weights layer-1.csv,layer-2.csv --data held.csv --scaling scaling.csv --plan plan.umbra",
    .run = run};
