/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "engine.h"
#include "progress.h"
#include "target.h"

typedef struct score_options {
  const char *keys, *model, *records, *out;
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

static bool load_keys(score_job *j, const score_options *o, cli_report *report) {
  return cli_context_open_in(&j->context, o->keys, &o->engine, report) &&
         cli_eval_keys_load(&j->keys, j->context, o->keys, report);
}

static bool load_inputs(score_job *j, const score_options *o, cli_report *report) {
  if (!cli_check(umbra_logistic_load(&j->model, j->context, o->model, NULL), "--model")) return false;
  cli_report_step(report, "load model", o->model);
  return cli_matrix_load(&j->records, j->context, "--records", o->records, "load records", report);
}

static bool run_model(score_job *j) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "scoring");
  umbra_status status = umbra_logistic_score(j->evaluator, &j->scores, j->model, j->records, &progress);
  cli_progress_close(&bar);
  if (status != UMBRA_ERROR_MISSING_KEY) return cli_check(status, NULL);
  return cli_error("%s; make the keys with umbra keygen --for-logistic %zu", umbra_last_error(),
                   umbra_logistic_features(j->model));
}

static bool score(score_job *j, const score_options *o, cli_report *report) {
  const char *inputs[] = {o->model, o->records};
  if (!cli_may_write("--out", o->out, CLI_KIND_MATRIX, inputs, 2) || !load_keys(j, o, report) ||
      !load_inputs(j, o, report))
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
        "It opens the four files named above, and no secret key: it sees neither records nor model nor scores.\n\n"
        "Example:\n"
        "  umbra score --keys keys --model model.umbra --records records.umbra --out scores.umbra",
    .run = run};
