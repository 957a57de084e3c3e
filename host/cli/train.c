/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "claim.h"
#include "commands.h"
#include "estimate.h"
#include "opened.h"
#include "owners.h"
#include "private.h"
#include "progress.h"
#include "target.h"
#include "train_inputs.h"
#include "train_log.h"
#include "verified.h"

typedef struct train_options {
  const char *keys, *data, *out, *verify; /* verify: the key of whoever signed; NULL: nobody */
  uint64_t memory;
  uint32_t keep;
  bool resume, no_estimate, json;
  cli_engine engine;
} train_options;

typedef struct train_job {
  char checkpoint[CLI_PATH], model_path[CLI_PATH], log_path[CLI_PATH], loss_path[CLI_PATH];
  cli_train_inputs in;
  umbra_trainer *trainer;
  umbra_logistic *model;
  umbra_matrix *layer;
  cli_train_log log;
  cli_progress progress;
  uint32_t first, iterations; /* done before, and in all */
  uint32_t keep;              /* every so many iterations a checkpoint stays; 0: none */
  double seconds, bootstrap_seconds, bytes;
} train_job;

/* ---- before the work ---- */

static bool name_files(train_job *j, const train_options *o) {
  j->in = (cli_train_inputs){.keys = o->keys, .data = o->data};
  return cli_path(j->checkpoint, o->out, CLI_CHECKPOINT_FILE) && cli_path(j->model_path, o->out, CLI_MODEL_FILE) &&
         cli_path(j->log_path, o->out, CLI_LOG_FILE) && cli_path(j->loss_path, o->out, CLI_LOSS_FILE);
}

static bool is_network(const train_job *j) { return cli_plan_is_network(&j->in.planned); }

/* Only files of its own are in the training's way, and no links. */
static bool files_are_its_own(const train_job *j) {
  return cli_may_replace("--out", j->checkpoint, CLI_KIND_CHECKPOINT, NULL, 0) &&
         cli_may_replace("--out", j->model_path, is_network(j) ? CLI_KIND_MATRIX : CLI_KIND_LOGISTIC, NULL, 0) &&
         cli_may_replace("--out", j->loss_path, CLI_KIND_MATRIX, NULL, 0) &&
         cli_may_replace("--out", j->log_path, NULL, NULL, 0);
}

/* The file that is saved last. */
static bool name_model(train_job *j, const train_options *o) {
  return !is_network(j) || cli_layer_path(j->model_path, o->out, cli_plan_layers(&j->in.planned) - 1);
}

static bool is_free(const char *path) {
  return access(path, F_OK) != 0 || cli_error("--out: %s exists already and will not be replaced", path);
}

/* Hours of work are neither begun twice nor lost. */
static bool may_begin(const train_job *j, const train_options *o) {
  bool begun = access(j->checkpoint, F_OK) == 0;
  if (o->resume && !begun)
    return cli_error("--resume: there is no %s to go on from; without --resume the training begins", j->checkpoint);
  if (!o->resume && begun)
    return cli_error("--out: a training has begun here, and %s says how far it is: --resume goes on with it; another "
                     "training needs another folder",
                     j->checkpoint);
  return o->resume || is_free(j->model_path);
}

/* Nor are the layers of another training replaced, nor its losses. */
static bool may_finish(const train_job *j, const train_options *o) {
  char path[CLI_PATH];
  if (o->resume || !is_network(j)) return true;
  if (j->in.planned.count_loss && !is_free(j->loss_path)) return false;
  for (uint32_t k = 0; k < cli_plan_layers(&j->in.planned); k++)
    if (!cli_layer_path(path, o->out, k) || !is_free(path)) return false;
  return true;
}

static bool load_plan(train_job *j, const train_options *o, cli_report *report) {
  if (!cli_train_inputs_plan(&j->in, report) || !name_model(j, o)) return false;
  j->iterations = j->in.planned.iterations;
  return true;
}

/* ---- checkpoints that stay ---- */

static bool may_keep(const train_job *j, const train_options *o) {
  char path[CLI_PATH];
  for (uint32_t i = j->keep; j->keep && i < j->iterations; i += j->keep)
    if (!cli_kept_path(path, o->out, i) || !cli_may_replace("--keep", path, CLI_KIND_CHECKPOINT, NULL, 0) ||
        !(o->resume || is_free(path)))
      return false;
  return true;
}

/* A training that goes on keeps what it has kept before. */
static bool choose_keep(train_job *j, const train_options *o) {
  uint32_t before = o->keep;
  if (o->resume && !cli_train_log_keep(&before, j->log_path)) return false;
  if (o->keep && o->keep != before)
    return before ? cli_error("--keep: this training keeps every %" PRIu32 "th checkpoint, as its log says", before)
                  : cli_error("--keep: this training has begun without, as its log says");
  j->keep = before;
  return may_keep(j, o);
}

static void tell_kept(const train_job *j, cli_report *report, bool json) {
  char text[CLI_UNITS];
  if (!j->keep) return;
  const uint32_t count = (j->iterations - 1) / j->keep;
  const double bytes = (double)umbra_train_plan_kept_bytes(j->in.plan, j->keep);
  cli_report_number(report, "kept", count);
  cli_report_number(report, "kept_bytes", bytes);
  if (!json)
    printf("  %-18s %" PRIu32 " checkpoint%s, %s in all\n", "kept", count, count == 1 ? "" : "s",
           cli_bytes_text(text, bytes));
}

/* Of what is left, on this machine, as soon as that can be told. */
static bool estimate(const train_job *j, const train_options *o, cli_report *report) {
  cli_estimate found;
  uint32_t done = 0;
  if (o->no_estimate) return true;
  if ((o->resume && !cli_check(umbra_train_plan_done(j->in.plan, &done, o->data, j->checkpoint), "--resume")) ||
      !cli_estimate_training(&found, j->in.plan, done, &o->engine, report))
    return false;
  found.keys = found.data = 0;
  cli_estimate_tell(&found, report, o->json);
  return true;
}

static bool load_keys(train_job *j, const train_options *o, cli_report *report) {
  if (!cli_train_inputs_context(&j->in, &o->engine, o->memory, report)) return false;
  tell_kept(j, report, o->json);
  return estimate(j, o, report) && cli_train_inputs_keys(&j->in, report);
}

static bool open_trainer(train_job *j, const train_options *o, cli_report *report) {
  const umbra_trainer_desc desc = {
      UMBRA_TRAINER_DESC_INIT, .plan = j->in.plan,          .context = j->in.context, .keys = j->in.evaluation,
      .data = o->data,         .checkpoint = j->checkpoint, .resume = o->resume,      .memory_budget = o->memory,
      .keep = j->keep};
  const umbra_progress progress = cli_progress_open(&j->progress, "matrices");
  if (!cli_progress_check(&j->progress, umbra_trainer_create(&j->trainer, &desc, &progress), NULL)) return false;
  j->first = umbra_trainer_iterations(j->trainer);
  cli_report_step(report, "check data set and keys", o->data);
  const cli_train_logged logged = {j->in.plan, j->in.context, j->trainer, j->keep};
  return cli_train_log_open(&j->log, j->log_path, &logged, report);
}

/* ---- the work ---- */

/* What the checkpoint counts, for the owner; after each iteration, and made up for by a training that goes on. */
static bool save_loss(const train_job *j) {
  umbra_matrix *loss = NULL;
  if (!j->in.planned.count_loss || !umbra_trainer_iterations(j->trainer)) return true;
  const bool saved = cli_check(umbra_trainer_loss(j->trainer, &loss), NULL) &&
                     cli_check(umbra_matrix_save(loss, j->loss_path, NULL), "--out");
  umbra_matrix_destroy(loss);
  return saved;
}

static int observe(void *user, const umbra_train_event *event) {
  train_job *j = user;
  j->seconds += event->seconds;
  j->bootstrap_seconds += event->bootstrap_seconds;
  j->bytes += (double)event->bytes;
  return !save_loss(j) || !cli_train_log_add(&j->log, event) || cli_interrupted();
}

/* Why it stopped, and how it goes on: what is done is on disk. */
static bool stopped(const train_job *j, umbra_status status) {
  if (status != UMBRA_ERROR_CANCELLED) cli_check(status, NULL);
  uint32_t done = umbra_trainer_iterations(j->trainer);
  if (!done) return cli_error("stopped in the first iteration; the same command begins again");
  return cli_error("stopped after %" PRIu32 " of %" PRIu32 " iterations; the same command with --resume goes on", done,
                   j->iterations);
}

static bool train(train_job *j, cli_report *report) {
  const umbra_progress progress = cli_progress_open(&j->progress, "training");
  j->progress.first = (double)j->first / j->iterations;
  umbra_trainer_watch(j->trainer, &progress);
  umbra_status status = umbra_trainer_run(j->trainer, observe, j);
  cli_progress_close(&j->progress);
  if (status != UMBRA_OK) return stopped(j, status);
  cli_report_step(report, "train", j->checkpoint);
  return true;
}

/* Its own share of a private model's noise, if the plan asks for one: what is saved has it, the checkpoint has not. */
static bool add_share(train_job *j, cli_report *report) {
  umbra_evaluator *evaluator = NULL;
  umbra_privacy p = {UMBRA_PRIVACY_INIT};
  if (!cli_has_share(&j->in.planned)) return true;
  const bool added = cli_check(umbra_train_plan_privacy(j->in.plan, &p), NULL) &&
                     cli_check(umbra_evaluator_create(&evaluator, j->in.context, NULL), NULL) &&
                     cli_check(is_network(j) ? umbra_matrix_add_noise(evaluator, &j->layer, j->layer, p.noise)
                                             : umbra_logistic_add_noise(evaluator, &j->model, j->model, p.noise),
                               NULL);
  umbra_evaluator_destroy(evaluator);
  cli_report_number(report, "noise", p.noise);
  return added;
}

static bool save_layers(train_job *j, const train_options *o, cli_report *report) {
  char path[CLI_PATH];
  for (uint32_t k = 0; k < cli_plan_layers(&j->in.planned); k++) {
    if (!cli_layer_path(path, o->out, k) || !cli_check(umbra_trainer_layer(j->trainer, &j->layer, k), NULL) ||
        !add_share(j, report) || !cli_check(umbra_matrix_save(j->layer, path, NULL), "--out"))
      return false;
    cli_report_step(report, "save layer", path);
  }
  return true;
}

static bool save_model(train_job *j, const train_options *o, cli_report *report) {
  if (is_network(j)) return save_layers(j, o, report);
  if (!cli_check(umbra_trainer_logistic(j->trainer, &j->model), NULL) || !add_share(j, report) ||
      !cli_check(umbra_logistic_save(j->model, j->model_path, NULL), "--out"))
    return false;
  cli_report_step(report, "save model", j->model_path);
  return true;
}

/* What an audit begins with. */
static void tell_link(const train_job *j, cli_report *report) {
  uint8_t digest[UMBRA_DIGEST_BYTES], link[UMBRA_DIGEST_BYTES];
  if (umbra_trainer_link(j->trainer, digest, link)) cli_hex_add(report->root, "link", link, sizeof link);
}

static void summarise(const train_job *j, cli_report *report) {
  uint32_t here = j->iterations - j->first;
  cli_report_number(report, "iterations", j->iterations);
  if (j->first) cli_report_number(report, "resumed_after", j->first);
  cli_report_number(report, "bootstraps", j->log.bootstraps);
  cli_report_number(report, "bootstraps_planned", cli_plan_refreshes(j->in.plan, j->iterations));
  if (here) cli_report_number(report, "seconds_per_iteration", j->seconds / here);
  cli_report_number(report, "bootstrap_seconds", j->bootstrap_seconds);
  cli_report_number(report, "bytes_read", j->bytes);
}

/* ---- what is finished ---- */

/* The model is saved last. */
static bool has_ended(const train_job *j) {
  return cli_is_kind(j->model_path, is_network(j) ? CLI_KIND_MATRIX : CLI_KIND_LOGISTIC) &&
         cli_is_kind(j->checkpoint, CLI_KIND_CHECKPOINT) && cli_same_owner(j->model_path, j->checkpoint);
}

/* Nothing but the beginnings of files is read for it. */
static bool tell_end(train_job *j, const train_options *o, cli_report *report) {
  if (!cli_check(umbra_train_plan_done(j->in.plan, &j->first, o->data, j->checkpoint), "--out, --data")) return false;
  if (j->first < j->iterations)
    return cli_error("--out: %s exists already, but the checkpoint beside it has %" PRIu32 " of %" PRIu32
                     " iterations only",
                     j->model_path, j->first, j->iterations);
  j->log.bootstraps = cli_plan_refreshes(j->in.plan, j->iterations);
  cli_report_text(report, "finished", "before; the model is there, and there was nothing to do");
  cli_report_text(report, "model", j->model_path);
  summarise(j, report);
  return true;
}

static bool run_all(train_job *j, const train_options *o, cli_report *report) {
  if (!cli_verified(o->verify, "--keys", o->keys, report) || !cli_verified(o->verify, "--data", o->data, report) ||
      !name_files(j, o) || !cli_may_fill("--out", o->out) || !cli_opened_lacks("--out", o->out))
    return false;
  const bool begun = cli_is_kind(j->checkpoint, CLI_KIND_CHECKPOINT);
  if (begun && !load_plan(j, o, report)) return false;
  if (begun && has_ended(j)) return tell_end(j, o, report);
  if (!cli_claim_folder("--out", o->out) || !files_are_its_own(j) || !may_begin(j, o) ||
      (!begun && !load_plan(j, o, report)) || !may_finish(j, o) || !choose_keep(j, o) || !load_keys(j, o, report) ||
      !open_trainer(j, o, report) || !save_loss(j) || !train(j, report) || !save_model(j, o, report))
    return false;
  summarise(j, report);
  tell_link(j, report);
  return true;
}

static void clear(train_job *j) {
  cli_train_log_close(&j->log);
  umbra_matrix_destroy(j->layer);
  umbra_logistic_destroy(j->model);
  umbra_trainer_destroy(j->trainer);
  cli_train_inputs_clear(&j->in);
}

static bool run(const cli_command *command, int argc, char **argv) {
  train_options o = {0};
  const cli_option options[] = {
      {"keys", "DIR", "folder with " CLI_PARAMS_FILE " and " CLI_EVAL_KEYS_FILE, CLI_TEXT, &o.keys, CLI_REQUIRED},
      {"data", "DIR", "encrypted data set, with its plan", CLI_TEXT, &o.data, CLI_REQUIRED},
      {"out", "DIR", "folder for checkpoint, log and model; made if it is missing", CLI_TEXT, &o.out, CLI_REQUIRED},
      {"resume", NULL, "go on from the checkpoint in there", CLI_FLAG, &o.resume, CLI_OPTIONAL},
      {"memory", "BYTES", "keep so much of the data set in memory, such as 2G (default: nothing)", CLI_BYTES, &o.memory,
       CLI_OPTIONAL},
      {"keep", "M", "let every Mth checkpoint stay, for umbra audit; --resume keeps what was kept (default: none)",
       CLI_COUNT, &o.keep, CLI_WITHIN(1, 100000)},
      CLI_VERIFY_OPTION(o.verify, "both folders"),
      CLI_NO_ESTIMATE_OPTION(o.no_estimate, "the machine, a key and a rotation"),
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);

  train_job *job = calloc(1, sizeof *job);
  if (!job) return cli_error("out of memory");
  cli_report report = {0};
  cli_interrupts_hold();
  bool done = cli_report_open(&report) && run_all(job, &o, &report);
  clear(job);
  free(job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_train = {
    .name = "train",
    .summary = "Trains a logistic model or a network on encrypted records; what a server runs.",
    .details =
        "It opens the two folders named above, and no secret key: it sees neither records nor labels nor weights.\n"
        "Its own folder gets " CLI_MODEL_FILE ", of a network layer-1.umbra, ... (encrypted), " CLI_LOG_FILE
        "\n(a line of JSON for each iteration) and " CLI_CHECKPOINT_FILE
        ",\nwhich is replaced after every iteration: whatever stops the training, --resume goes on. "
        "Likewise " CLI_LOSS_FILE "\n(encrypted), where the plan counts the loss.\n"
        "At the beginning it says what it will take here; of a training that is finished it says so at once. Keys are\n"
        "enough if they serve what the plan needs, whatever plan they were made for. With --verify it reads both\n"
        "folders twice: first whether they are as their owner signed them.\n\n"
        "By a plan with --noise-by both the model gets this side's share of noise; the checkpoint has none, so the\n"
        "owner does not get it.\n\n"
        "Each line of the log has a digest, of the checkpoint, and a link, which stands for all iterations up to it.\n"
        "The last one, \"link\" in the report, goes to whoever may want an audit, at once: umbra audit repeats\n"
        "iterations, from one checkpoint that stays (checkpoint-000010.umbra, ...) to the next.\n\n"
        "Examples:\n"
        "  umbra train --keys keys --data data --out run --memory 2G\n"
        "  umbra train --keys keys --data data --out run --memory 2G --resume",
    .run = run};
