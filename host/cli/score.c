/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands.h"
#include "engine.h"
#include "owners.h"
#include "progress.h"
#include "sigmoid.h"
#include "target.h"

typedef struct score_options {
  const char *keys, *model, *records, *out;
  uint32_t degree; /* instead of the model's polynomial; 0: not given */
  double range;
  bool json;
  cli_engine engine;
} score_options;

typedef struct score_job {
  umbra_context *context;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_logistic *model;
  umbra_matrix *records, *scores;
} score_job;

/* By their headers, and before anything is loaded. */
static bool owners_agree(const score_options *o) {
  const cli_owned files[] = {
      {"--keys", o->keys, CLI_EVAL_KEYS_FILE}, {"--model", NULL, o->model}, {"--records", NULL, o->records}};
  return cli_owners_agree(files, 3);
}

static bool load_inputs(score_job *j, const score_options *o, cli_report *report) {
  if (!cli_check(umbra_logistic_load(&j->model, j->context, o->model, NULL), "--model")) return false;
  cli_report_step(report, "load model", o->model);
  return cli_matrix_load(&j->records, j->context, "--records", o->records, "load records", report);
}

/* ---- what stands for the sigmoid ---- */

static bool replace_sigmoid(score_job *j, const score_options *o, umbra_logistic_info *info) {
  umbra_logistic *replaced = NULL;
  const umbra_sigmoid_options wanted =
      cli_sigmoid(o->range > 0 ? o->range : info->range, o->degree ? o->degree : info->degree);
  if (!cli_check(umbra_logistic_replace_sigmoid(j->model, &replaced, &wanted), "--degree, --range")) return false;
  umbra_logistic_destroy(j->model);
  j->model = replaced;
  return cli_check(umbra_logistic_inspect(j->model, info), "--model");
}

static uint32_t level_of(const score_job *j, const umbra_logistic_info *info) {
  const uint32_t records = umbra_matrix_level(j->records);
  return records < info->level ? records : info->level;
}

static bool degree_fits(const score_job *j, const umbra_logistic_info *info) {
  const uint32_t most = cli_most_degree(level_of(j, info));
  return info->degree <= most ||
         cli_error("--degree: degree %u takes %u levels and the model and the records have %u; the highest degree that "
                   "fits is %u",
                   info->degree, umbra_logistic_depth(info->degree), level_of(j, info), most);
}

/* A degree that fits the levels and is nearer to the sigmoid by half at least. */
static void offer_better(const score_job *j, const umbra_logistic_info *info, cli_report *report) {
  char text[160], off[CLI_UNITS];
  const umbra_sigmoid_options better = cli_sigmoid(info->range, cli_most_degree(level_of(j, info)));
  if (better.degree <= info->degree) return;
  const double error = umbra_sigmoid_error(&better);
  if (!(error < info->error / 2)) return;
  snprintf(text, sizeof text, "--degree %u, which has levels enough: at most %s from the sigmoid", better.degree,
           cli_number_text(off, error, 2));
  cli_report_text(report, "better", text);
  cli_report_number(report, "better_degree", better.degree);
  cli_report_number(report, "better_error", error);
}

/* The model's own polynomial, which of a trained model is that of the training, or another one of the same range. */
static bool choose_sigmoid(score_job *j, const score_options *o, cli_report *report) {
  umbra_logistic_info info = {UMBRA_LOGISTIC_INFO_INIT};
  const bool given = o->degree || o->range > 0;
  if (!cli_check(umbra_logistic_inspect(j->model, &info), "--model") ||
      (given && (!replace_sigmoid(j, o, &info) || !degree_fits(j, &info))))
    return false;
  cli_report_sigmoid(report, "sigmoid", info.degree, info.range, info.error);
  cli_report_text(report, "sigmoid_of", given ? "--degree and --range" : "the model");
  offer_better(j, &info, report);
  return true;
}

/* ---- scoring ---- */

static bool run_model(score_job *j) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "scoring");
  return cli_progress_check(&bar, umbra_logistic_score(j->evaluator, &j->scores, j->model, j->records, &progress),
                            NULL);
}

static bool load_keys(score_job *j, const score_options *o, cli_report *report) {
  umbra_logistic_info info = {UMBRA_LOGISTIC_INFO_INIT};
  return cli_check(umbra_logistic_inspect(j->model, &info), "--model") &&
         cli_score_keys_load(&j->keys, j->context, o->keys, umbra_logistic_features(j->model), level_of(j, &info),
                             report);
}

static bool score(score_job *j, const score_options *o, cli_report *report) {
  const char *inputs[] = {o->model, o->records};
  if (!cli_may_write("--out", o->out, CLI_KIND_MATRIX, inputs, 2) || !owners_agree(o) ||
      !cli_context_open_in(&j->context, o->keys, &o->engine, report) || !load_inputs(j, o, report) ||
      !choose_sigmoid(j, o, report) || !cli_check(umbra_logistic_check(j->model, j->records), "--records, --model") ||
      !load_keys(j, o, report))
    return false;
  if (!cli_check(umbra_evaluator_create(&j->evaluator, j->context, j->keys), NULL)) return false;
  if (!run_model(j)) return false;
  cli_report_number(report, "rows", (double)umbra_matrix_rows(j->records));
  cli_report_step(report, "score", NULL);
  return cli_matrix_save(j->scores, o->out, "save scores", report);
}

static void clear(score_job *j) {
  umbra_matrix_destroy(j->scores);
  umbra_matrix_destroy(j->records);
  umbra_logistic_destroy(j->model);
  umbra_evaluator_destroy(j->evaluator);
  umbra_eval_keys_destroy(j->keys);
  umbra_context_destroy(j->context);
}

static bool run(const cli_command *command, int argc, char **argv) {
  score_options o = {0};
  const cli_option options[] = {
      {"keys", "DIR", "folder with " CLI_PARAMS_FILE " and " CLI_EVAL_KEYS_FILE, CLI_TEXT, &o.keys, CLI_REQUIRED},
      {"model", "FILE", "encrypted model", CLI_TEXT, &o.model, CLI_REQUIRED},
      {"records", "FILE", "encrypted records", CLI_TEXT, &o.records, CLI_REQUIRED},
      {"out", "FILE", "where the encrypted scores go", CLI_TEXT, &o.out, CLI_REQUIRED},
      {"degree", "D", "of another polynomial for the sigmoid (default: the model's polynomial)", CLI_COUNT, &o.degree,
       CLI_WITHIN(1, CLI_MAX_DEGREE)},
      {"range", "R", "another polynomial holds on [-R, R] (default: as the model's)", CLI_NUMBER, &o.range,
       CLI_WITHIN(1e-6, 1e6)},
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);

  score_job job = {0};
  cli_report report = {0};
  cli_interrupts_hold();
  bool done = cli_report_open(&report) && score(&job, &o, &report);
  clear(&job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_score = {
    .name = "score",
    .summary = "Scores encrypted records with an encrypted logistic model; what a server runs.",
    .details =
        "It opens the four files named above, and no secret key: it sees neither records nor model nor scores.\n"
        "Files of several owners, and records that are not scaled as those of the model's training, are refused\n"
        "before keys are loaded.\n\n"
        "Scores are probabilities by a polynomial that stands for the sigmoid. A model that was trained has that of\n"
        "its training, of a low degree; the report says how far it is from the sigmoid, and which degree would be\n"
        "nearer with the levels that there are: --degree takes it instead.\n\n"
        "Example:\n"
        "  umbra score --keys keys --model model.umbra --records records.umbra --degree 15 --out scores.umbra",
    .run = run};
