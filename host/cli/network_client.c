/* SPDX-License-Identifier: Apache-2.0 */
/* What the owner of records does for a network: encrypts them by its plan, and decrypts what comes back. */
#include <stdio.h>

#include "answers.h"
#include "estimate.h"
#include "network.h"
#include "opened.h"
#include "progress.h"
#include "ranges.h"
#include "target.h"

typedef struct client_job {
  umbra_inference_plan *plan;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_matrix *matrix;
  umbra_inference_weights *weights;
  umbra_ndarray values; /* records, or answers */
  cli_journal journal;  /* of answers that are for others, too */
} client_job;

static bool open_plan(client_job *j, const cli_network_options *o, cli_report *report) {
  if (!cli_network_plan_load(&j->plan, "--plan", o->plan)) return false;
  cli_report_step(report, "load plan", o->plan);
  return true;
}

static bool open_context(client_job *j, const cli_network_options *o, cli_report *report) {
  return cli_secret_fits(&o->secret, o->keys) &&
         cli_context_open(&j->context, umbra_inference_plan_params(j->plan), &o->engine, report) &&
         (!o->secret.file || cli_secret_load(&j->secret, j->context, &o->secret, report));
}

static void clear(client_job *j) {
  cli_journal_close(&j->journal);
  umbra_ndarray_clear(&j->values);
  umbra_inference_weights_destroy(j->weights);
  umbra_matrix_destroy(j->matrix);
  umbra_public_key_destroy(j->public);
  umbra_secret_key_destroy(j->secret);
  umbra_context_destroy(j->context);
  umbra_inference_plan_destroy(j->plan);
}

/* ---- encryption ---- */

static bool open_public_key(client_job *j, const cli_network_options *o, cli_report *report) {
  if (j->secret) return true;
  if (umbra_params_has_public_key(umbra_inference_plan_params(j->plan)))
    return cli_public_key_load(&j->public, j->context, o->keys, report);
  return cli_error("--secret FILE is missing: this plan is for an owner who encrypts with the secret key, and there is "
                   "no public one");
}

/* Of records, or of weights. */
static bool estimate(const client_job *j, const cli_network_options *o, bool weights, cli_report *report) {
  umbra_inference_report facts = {UMBRA_INFERENCE_REPORT_INIT};
  return o->no_estimate || (cli_check(umbra_inference_plan_report(j->plan, &facts), NULL) &&
                            cli_estimate_encryption(weights ? facts.weight_bytes : facts.batch_bytes, j->public,
                                                    j->secret, j->context, report, o->json));
}

static bool read_records(client_job *j, const cli_network_options *o, cli_report *report) {
  if (!cli_check(umbra_ndarray_read(&j->values, o->in), "DATA")) return false;
  cli_report_number(report, "records", (double)j->values.shape[0]);
  cli_report_step(report, "read records", o->in);
  return true;
}

static void report_clipped(size_t clipped, cli_report *report) {
  cli_report_number(report, "clipped", (double)clipped);
  if (clipped)
    cli_report_warning(report, "values outside of the plan's ranges were clipped: the network sees other records");
}

static bool encrypt_records(client_job *j, const cli_network_options *o, cli_report *report) {
  cli_progress bar;
  size_t clipped = 0, *clips = o->clip ? &clipped : NULL;
  const umbra_progress progress = cli_progress_open(&bar, "encrypting");
  umbra_status status =
      j->secret ? umbra_inference_encrypt_symmetric(&j->matrix, clips, j->plan, j->secret, &j->values, &progress)
                : umbra_inference_encrypt(&j->matrix, clips, j->plan, j->public, &j->values, &progress);
  cli_progress_close(&bar);
  if (status == UMBRA_ERROR_RANGE && !o->clip)
    return cli_error("DATA: %s; --clip makes them the nearest ones inside", umbra_last_error());
  if (!cli_check(status, "DATA")) return false;
  if (o->clip) report_clipped(clipped, report);
  cli_report_step(report, "encode and encrypt", NULL);
  return true;
}

bool cli_network_encrypt(const cli_network_options *o, cli_report *report) {
  const char *inputs[] = {o->in, o->plan, o->secret.file, o->secret.passphrase_file};
  client_job job = {0};
  bool done = cli_may_write("--out", o->out, CLI_KIND_MATRIX, inputs, 4) && open_plan(&job, o, report) &&
              read_records(&job, o, report) && open_context(&job, o, report) && open_public_key(&job, o, report) &&
              estimate(&job, o, false, report) && encrypt_records(&job, o, report) &&
              cli_matrix_save(job.matrix, o->out, "save", report);
  clear(&job);
  return done;
}

static bool encrypt_weights(client_job *j, cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "encrypting");
  umbra_status status = j->secret
                            ? umbra_inference_weights_encrypt_symmetric(&j->weights, j->plan, j->secret, &progress)
                            : umbra_inference_weights_encrypt(&j->weights, j->plan, j->public, &progress);
  if (!cli_progress_check(&bar, status, "--plan")) return false;
  cli_report_number(report, "weight_bytes", (double)umbra_inference_weights_bytes(j->weights));
  cli_report_step(report, "encode and encrypt", NULL);
  return true;
}

static bool save_weights(const client_job *j, const cli_network_options *o, cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "saving");
  if (!cli_progress_check(&bar, umbra_inference_weights_save(j->weights, o->out, &progress), "--out")) return false;
  cli_report_step(report, "save", o->out);
  return true;
}

bool cli_network_encrypt_weights(const cli_network_options *o, cli_report *report) {
  const char *inputs[] = {o->plan, o->secret.file, o->secret.passphrase_file};
  client_job job = {0};
  bool done = cli_may_write("--out", o->out, CLI_KIND_NETWORK_WEIGHTS, inputs, 3) && open_plan(&job, o, report) &&
              open_context(&job, o, report) && open_public_key(&job, o, report) && estimate(&job, o, true, report) &&
              encrypt_weights(&job, report) && save_weights(&job, o, report);
  clear(&job);
  return done;
}

/* ---- decryption ---- */

static bool load_answer(client_job *j, const cli_network_options *o, cli_report *report) {
  umbra_range range = {UMBRA_RANGE_INIT};
  if (!cli_matrix_load(&j->matrix, j->context, "--in", o->in, "load", report) ||
      !cli_check(umbra_matrix_range(j->matrix, &range), "--in"))
    return false;
  (void)cli_range_judge(&range, report);
  cli_report_number(report, "records", (double)umbra_matrix_rows(j->matrix));
  return true;
}

static void warn_of_outcome(const umbra_inference_outcome *outcome, cli_report *report) {
  char text[256];
  cli_report_number(report, "beyond", (double)outcome->beyond);
  if (!outcome->beyond) return;
  snprintf(text, sizeof text,
           "outputs of %zu records are outside of [%g, %g], which the plan expects, the farthest of record %zu: these "
           "records are unlike the plan's samples, and their results may be wrong",
           outcome->beyond, outcome->lowest, outcome->highest, outcome->record + 1);
  cli_report_warning(report, text);
}

/* What is in doubt is refused, unless it is wanted. */
static bool check_outcome(client_job *j, const umbra_inference_outcome *outcome, bool doubtful) {
  if (doubtful || !outcome->doubts) return true;
  return umbra_inference_decrypt_values(&j->values, j->plan, j->matrix, j->secret, NULL) == UMBRA_OK ||
         cli_error("--in: %s; --doubtful writes all that there is", umbra_last_error());
}

/* For others to see: there is no outcome to tell of. */
static bool open_public(client_job *j, const cli_network_options *o, cli_report *report) {
  cli_progress bar;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  const umbra_disclosure_options options = cli_publish_options(&o->publish);
  const umbra_progress progress = cli_progress_open(&bar, "decrypting");
  const umbra_status status =
      umbra_inference_decrypt_public(&told, &j->values, j->plan, j->matrix, j->secret, &options, &progress);
  return cli_progress_check(&bar, status, "--in") && cli_publish_count(&o->publish, &j->journal, &told, report);
}

static bool open_for_owner(client_job *j, const cli_network_options *o, cli_report *report) {
  cli_progress bar;
  umbra_inference_outcome outcome = {UMBRA_INFERENCE_OUTCOME_INIT};
  const umbra_progress progress = cli_progress_open(&bar, "decrypting");
  const umbra_status status =
      umbra_inference_decrypt_outcome(&outcome, &j->values, j->plan, j->matrix, j->secret, &progress);
  if (!cli_progress_check(&bar, status, "--in") || !check_outcome(j, &outcome, o->doubtful)) return false;
  warn_of_outcome(&outcome, report);
  return true;
}

static bool open_answer(client_job *j, const cli_network_options *o, cli_report *report) {
  if (!(o->publish.wanted ? open_public : open_for_owner)(j, o, report)) return false;
  if (!o->values && !cli_check(umbra_inference_close(&j->values, j->plan), "--in")) return false;
  cli_report_step(report, "decrypt", NULL);
  return true;
}

bool cli_network_decrypt(const cli_network_options *o, cli_report *report) {
  const char *inputs[] = {o->in, o->plan, o->secret.file, o->secret.passphrase_file};
  client_job job = {0};
  bool done =
      cli_is_answers("--out", o->out) && cli_may_write("--out", o->out, NULL, inputs, 4) &&
      (o->publish.wanted || cli_opened_prepare("--out", o->out)) && open_plan(&job, o, report) &&
      open_context(&job, o, report) &&
      (!o->publish.wanted || cli_journal_open(&job.journal, o->secret.file, job.secret, o->publish.new_journal));
  cli_interrupts_hold();
  done = done && load_answer(&job, o, report) && open_answer(&job, o, report) &&
         cli_answers_write(&job.values, "--out", o->out);
  if (done) cli_report_step(report, "write", o->out);
  clear(&job);
  return done;
}
