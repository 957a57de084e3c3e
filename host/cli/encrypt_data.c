/* SPDX-License-Identifier: Apache-2.0 */
#include "encrypt_data.h"

#include "claim.h"
#include "estimate.h"
#include "excess.h"
#include "opened.h"
#include "private.h"
#include "progress.h"
#include "target.h"

typedef struct data_job {
  umbra_train_plan *plan;
  umbra_records *records;
  umbra_scaling *scaling;
  umbra_table initial;
  umbra_context *context;
  umbra_public_key *key;
  umbra_secret_key *secret; /* one of the two */
} data_job;

/* The folder goes to the server as it is. */
static bool may_fill(const char *folder) {
  char name[CLI_NAME];
  return cli_may_fill("--out", folder) &&
         (!cli_folder_has(name, folder, CLI_KIND_SECRET_KEY) ||
          cli_error("--out: %s goes to the server, and holds a secret key, %s", folder, name)) &&
         cli_opened_lacks("--out", folder);
}

static bool shape_fits(const data_job *j, const cli_data_options *o) {
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  if (!cli_check(umbra_train_plan_options(j->plan, &planned), NULL)) return false;
  size_t rows = umbra_records_rows(j->records), columns = umbra_records_columns(j->records);
  if (o->initial && cli_plan_is_network(&planned))
    return cli_error("--initial: it is of logistic models; first weights of a network follow from its plan");
  return (rows == planned.rows && columns == planned.columns) ||
         cli_error("DATA: %s has %zu records of %zu features, and the plan is for %zu of %zu", o->data, rows, columns,
                   planned.rows, planned.columns);
}

/* Those that the plan was made with, in its ranges anyway, or others that are brought there. */
static bool take_records(data_job *j, const cli_data_options *o, cli_report *report) {
  return cli_records_load(&j->records, "DATA", o->data, &o->table, cli_schema_of(j->scaling), report) &&
         shape_fits(j, o) && (o->other_records || cli_are_planned(j->records, j->scaling, "DATA")) &&
         cli_records_within(&j->records, j->scaling, o->clip, "DATA", report) &&
         cli_records_scale(&j->records, "DATA", j->scaling) && cli_private_limit(&j->records, "DATA", j->plan);
}

/* Whoever encrypts may not have made the plan. */
static bool warn_of_public(const data_job *j, cli_report *report) {
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  if (!cli_check(umbra_train_plan_options(j->plan, &planned), NULL)) return false;
  if (planned.public_features)
    cli_report_warning(report,
                       "by the plan features are public: the data set has them as they are scaled, in the clear");
  return true;
}

static bool read(data_job *j, const cli_data_options *o, cli_report *report) {
  cli_training before;
  if (!cli_plan_load(&j->plan, "--plan", o->plan) || !cli_scaling_load(&j->scaling, o->scaling, j->plan, report) ||
      !take_records(j, o, report) ||
      (o->initial &&
       !cli_weights_load(&j->initial, &before, "--initial", o->initial, umbra_records_columns(j->records))) ||
      !warn_of_public(j, report))
    return false;
  if (!j->scaling)
    cli_report_warning(
        report, "without --scaling records are encrypted as they are, and nothing says whether the plan was made "
                "with these columns and this label");
  cli_report_number(report, "rows", (double)umbra_records_rows(j->records));
  cli_report_number(report, "columns", (double)umbra_records_columns(j->records));
  cli_report_step(report, "read", o->data);
  return true;
}

/* The parameters are those of the plan. */
static bool load_secret(data_job *j, const cli_data_options *o, cli_report *report) {
  return cli_context_open(&j->context, umbra_train_plan_params(j->plan), &o->engine, report) &&
         cli_secret_load(&j->secret, j->context, &o->secret, report);
}

static bool load_key(data_job *j, const cli_data_options *o, cli_report *report) {
  if (!cli_secret_fits(&o->secret, o->keys) || !cli_secret_encrypts(&o->secret)) return false;
  if (o->secret.file) return load_secret(j, o, report);
  return cli_context_open_in(&j->context, o->keys, &o->engine, report) &&
         cli_public_key_load(&j->key, j->context, o->keys, report);
}

static bool estimate(const data_job *j, const cli_data_options *o, cli_report *report) {
  umbra_train_report costs = {UMBRA_TRAIN_REPORT_INIT};
  return o->no_estimate || (cli_check(umbra_train_plan_report(j->plan, &costs), NULL) &&
                            cli_estimate_encryption(costs.data_bytes, j->key, j->secret, j->context, report, o->json));
}

static bool encrypt(data_job *j, const cli_data_options *o) {
  cli_progress bar;
  umbra_progress progress = cli_progress_open(&bar, "records");
  const double *initial = j->initial.values;
  umbra_status status = j->secret
                            ? umbra_train_encrypt_symmetric(o->out, j->plan, j->secret, j->records, initial, &progress)
                            : umbra_train_encrypt(o->out, j->plan, j->key, j->records, initial, &progress);
  return cli_progress_check(&bar, status, status == UMBRA_ERROR_MISMATCH ? "--keys" : NULL);
}

/* After the index: with another plan than the data set's the training does not begin. */
static bool copy_plan(const data_job *j, const cli_data_options *o, cli_report *report) {
  char path[CLI_PATH];
  if (!cli_path(path, o->out, CLI_PLAN_FILE) || !cli_check(umbra_train_plan_save(j->plan, path), "--out")) return false;
  cli_report_step(report, "encrypt", o->out);
  return true;
}

static void clear(data_job *j) {
  umbra_secret_key_destroy(j->secret);
  umbra_public_key_destroy(j->key);
  umbra_context_destroy(j->context);
  umbra_table_clear(&j->initial);
  umbra_records_destroy(j->records);
  umbra_scaling_destroy(j->scaling);
  umbra_train_plan_destroy(j->plan);
}

bool cli_data_encrypt(const cli_data_options *options, cli_report *report) {
  data_job job = {0};
  bool done = may_fill(options->out) && cli_claim_folder("--out", options->out) && read(&job, options, report) &&
              load_key(&job, options, report) && estimate(&job, options, report) && encrypt(&job, options) &&
              copy_plan(&job, options, report);
  clear(&job);
  return done;
}
