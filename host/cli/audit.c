/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "links.h"
#include "private.h"
#include "progress.h"
#include "target.h"
#include "train_inputs.h"
#include "train_log.h"

typedef struct audit_options {
  const char *keys, *data, *run, *link;
  uint32_t segments;
  uint64_t seed, memory;
  bool segments_given, seed_given, all, json;
  cli_engine engine;
} audit_options;

typedef struct audit_job {
  cli_train_inputs in;
  cli_chain chain;
  char log_path[CLI_PATH], checkpoint[CLI_PATH];
  uint8_t last[UMBRA_DIGEST_BYTES];
  umbra_audit *audit;
  uint8_t *chosen;   /* of each segment, whether it is repeated */
  uint32_t repeated; /* iterations that came out the same */
  bool ended;        /* whether those of the last segment did: the trainer stands at the end */
  uint32_t faults;   /* what is not as it should be, of which each was told */
  cli_progress progress;
} audit_job;

/* ---- before the work ---- */

static bool open_inputs(audit_job *j, const audit_options *o, cli_report *report) {
  j->in = (cli_train_inputs){.keys = o->keys, .data = o->data};
  if (!cli_path(j->log_path, o->run, CLI_LOG_FILE) || !cli_path(j->checkpoint, o->run, CLI_CHECKPOINT_FILE) ||
      !cli_chain_read(&j->chain, "--run", j->log_path))
    return false;
  cli_report_step(report, "read log", j->log_path);
  return cli_train_inputs_plan(&j->in, report) && cli_train_inputs_context(&j->in, &o->engine, o->memory, report) &&
         cli_train_inputs_keys(&j->in, report);
}

static bool open_audit(audit_job *j, const audit_options *o, cli_report *report) {
  const umbra_audit_desc desc = {UMBRA_AUDIT_DESC_INIT,       .plan = j->in.plan,      .context = j->in.context,
                                 .keys = j->in.evaluation,    .data = o->data,         .checkpoint = j->checkpoint,
                                 .digests = j->chain.digests, .links = j->chain.links, .last = j->last,
                                 .memory_budget = o->memory,  .count = j->chain.count, .keep = j->chain.keep};
  const umbra_progress progress = cli_progress_open(&j->progress, "matrices");
  if (!cli_progress_check(&j->progress, umbra_audit_create(&j->audit, &desc, &progress), "--run")) return false;
  cli_report_step(report, "check data set, keys and log", NULL);
  return true;
}

/* Only when the chain is known to be the one whose last link was handed over. */
static bool choose(audit_job *j, const audit_options *o, cli_report *report) {
  const uint32_t segments = umbra_audit_segments(j->audit), others = segments > 2 ? segments - 2 : 0;
  const uint32_t drawn = o->all ? others : o->segments;
  uint64_t seed = o->seed;
  j->chosen = calloc(segments, 1);
  if (!j->chosen) return cli_error("out of memory");
  if (!cli_check(umbra_audit_choose(j->audit, j->chosen, &seed, drawn), "--segments")) return false;
  cli_report_number(report, "iterations", j->chain.count);
  cli_report_number(report, "segments", segments);
  cli_report_number(report, "segments_repeated", drawn + segments - others);
  cli_report_number(report, "probability", umbra_audit_probability(j->audit, drawn));
  if (o->all) return true;
  char text[CLI_UNITS];
  snprintf(text, sizeof text, "%" PRIu64, seed); /* a double would not hold it */
  cli_report_text(report, "seed", text);
  return true;
}

/* ---- the work ---- */

/* False only if the work is to stop. */
static bool note_fault(audit_job *j, umbra_status status) {
  if (cli_check(status, "--run")) return true;
  j->faults++;
  return status != UMBRA_ERROR_CANCELLED;
}

/* All checkpoints that stayed, and the training's own, whether their segments are repeated or not. */
static bool look(audit_job *j, cli_report *report) {
  for (uint32_t s = 1; s <= umbra_audit_segments(j->audit); s++)
    if (!note_fault(j, umbra_audit_look(j->audit, s)) || !cli_goes_on()) return false;
  cli_report_step(report, "look at checkpoints", NULL);
  return true;
}

static bool repeat(audit_job *j, uint32_t segment) {
  uint32_t first, last;
  umbra_audit_segment(j->audit, segment, &first, &last);
  const umbra_progress progress = cli_progress_open(&j->progress, "repeating");
  umbra_status status = umbra_audit_run(j->audit, segment, &progress);
  cli_progress_close(&j->progress);
  if (status == UMBRA_OK) j->repeated += last + 1 - first;
  j->ended = status == UMBRA_OK && last == j->chain.count;
  const bool goes_on = note_fault(j, status);
  if (status != UMBRA_OK && goes_on)
    cli_error("iterations %" PRIu32 " to %" PRIu32 " could not be verified", first, last);
  return goes_on;
}

static bool repeat_chosen(audit_job *j, cli_report *report) {
  for (uint32_t s = 0; s < umbra_audit_segments(j->audit); s++)
    if (j->chosen[s] && !repeat(j, s)) return false;
  cli_report_number(report, "iterations_repeated", j->repeated);
  cli_report_step(report, "repeat iterations", NULL);
  return true;
}

/* ---- the model ---- */

/* Whether a file holds just these bytes; false, with an error, if there is none. */
static bool holds(const char *path, const uint8_t *bytes, size_t size, bool *same) {
  uint8_t part[4096];
  const int file = cli_open_input("--run", path);
  if (file < 0) return false;
  size_t at = 0;
  ssize_t count;
  *same = true;
  while (*same && (count = read(file, part, sizeof part)) > 0) {
    *same = (size_t)count <= size - at && memcmp(part, bytes + at, (size_t)count) == 0;
    at += (size_t)count;
  }
  *same = *same && at == size;
  close(file);
  return true;
}

typedef umbra_status (*write_object)(const void *object, void *buffer, size_t *size);

static umbra_status write_logistic(const void *model, void *buffer, size_t *size) {
  return umbra_logistic_write(model, buffer, size, NULL);
}

static umbra_status write_layer(const void *layer, void *buffer, size_t *size) {
  return umbra_matrix_write(layer, buffer, size, NULL);
}

static void compare(audit_job *j, const char *path, const void *object, write_object write) {
  size_t size = 0;
  uint8_t *bytes = NULL;
  bool same = false, there = cli_check(write(object, NULL, &size), NULL) && (bytes = malloc(size)) &&
                             cli_check(write(object, bytes, &size), NULL) && holds(path, bytes, size, &same);
  if (there && !same) cli_error("--run: %s is not the model that comes out of the training", path);
  j->faults += !same;
  free(bytes);
}

static bool compare_logistic(audit_job *j, const char *folder) {
  char path[CLI_PATH];
  umbra_logistic *model = NULL;
  const bool made = cli_path(path, folder, CLI_MODEL_FILE) &&
                    cli_check(umbra_trainer_logistic(umbra_audit_trainer(j->audit), &model), NULL);
  if (made) compare(j, path, model, write_logistic);
  umbra_logistic_destroy(model);
  return made;
}

static bool compare_layers(audit_job *j, const char *folder) {
  char path[CLI_PATH];
  umbra_matrix *layer = NULL;
  bool made = true;
  for (uint32_t k = 0; made && k < cli_plan_layers(&j->in.planned); k++) {
    made = cli_layer_path(path, folder, k) &&
           cli_check(umbra_trainer_layer(umbra_audit_trainer(j->audit), &layer, k), NULL);
    if (made) compare(j, path, layer, write_layer);
  }
  umbra_matrix_destroy(layer);
  return made;
}

static bool compare_model(audit_job *j, const audit_options *o, cli_report *report) {
  if (!j->ended) return true;
  if (cli_has_share(&j->in.planned)) {
    cli_report_text(report, "model", "has noise of whoever trained it, which nobody can repeat, and is not compared");
    return true;
  }
  const bool made = cli_plan_is_network(&j->in.planned) ? compare_layers(j, o->run) : compare_logistic(j, o->run);
  cli_report_step(report, "compare model", NULL);
  return made;
}

static bool run_all(audit_job *j, const audit_options *o, cli_report *report) {
  if (!open_inputs(j, o, report) || !open_audit(j, o, report) || !choose(j, o, report) || !look(j, report) ||
      !repeat_chosen(j, report) || !compare_model(j, o, report))
    return false;
  if (j->faults) return cli_error("the audit failed: this is not the training that was asked for, or not all of it");
  cli_report_text(report, "result", "all that was repeated came out the same, bit for bit");
  return true;
}

static void clear(audit_job *j) {
  umbra_audit_destroy(j->audit);
  cli_train_inputs_clear(&j->in);
  cli_chain_clear(&j->chain);
  free(j->chosen);
}

static void check_usage(const audit_options *o, uint8_t last[UMBRA_DIGEST_BYTES]) {
  if (o->all == o->segments_given) cli_usage("either --all or --segments K is expected");
  if (o->all && o->seed_given) cli_usage("--seed is for --segments: with --all nothing is drawn");
  if (!cli_digest_parse(last, o->link))
    cli_usage("--link: 64 digits from 0 to f are expected: \"link\" of the last line of the training's log, as it was "
              "handed over when the training ended");
}

static bool run(const cli_command *command, int argc, char **argv) {
  audit_options o = {0};
  const cli_option options[] = {
      {"keys", "DIR", "folder with " CLI_PARAMS_FILE " and " CLI_EVAL_KEYS_FILE, CLI_TEXT, &o.keys, CLI_REQUIRED},
      {"data", "DIR", "encrypted data set, with its plan, as its owner has it", CLI_TEXT, &o.data, CLI_REQUIRED},
      {"run", "DIR", "folder of the training: its log, checkpoints and model", CLI_TEXT, &o.run, CLI_REQUIRED},
      {"link", "LINE", "link of the log's last line, as it was handed over when the training ended", CLI_TEXT, &o.link,
       CLI_REQUIRED},
      {"segments", "K",
       "repeat the first segment, the last, and K that are drawn from the others (no default: this or --all)",
       CLI_COUNT, &o.segments, CLI_TOLD_WITHIN(o.segments_given, 0, 100000)},
      {"all", NULL, "repeat all segments", CLI_FLAG, &o.all, CLI_OPTIONAL},
      {"seed", "N", "draw by this number, chosen after the link was handed over (default: from the system's generator)",
       CLI_WHOLE, &o.seed, CLI_TOLD_WITHIN(o.seed_given, 1, 0x1p64)},
      {"memory", "BYTES", "keep so much of the data set in memory, such as 2G (default: nothing)", CLI_BYTES, &o.memory,
       CLI_OPTIONAL},
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  audit_job *job = calloc(1, sizeof *job);
  if (!job) return cli_error("out of memory");
  cli_parse(command, options, argc, argv);
  check_usage(&o, job->last);
  cli_report report = {0};
  cli_interrupts_hold();
  bool done = cli_report_open(&report) && run_all(job, &o, &report);
  clear(job);
  free(job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_audit = {
    .name = "audit",
    .summary = "Repeats parts of a training, and finds out whether it is the one that was asked for.",
    .details =
        "Whoever has the plan, the data set and the evaluation keys, and no secret, can compute any iteration once\n"
        "more, on any machine and backend, and gets the same bits, or somebody else did something else. The log of\n"
        "a training is a chain: its last link stands for all iterations. It must be handed over before anybody\n"
        "chooses what is repeated.\n\n"
        "The iterations from one checkpoint that stayed (umbra train --keep M) to the next are a segment. The first\n"
        "and the last one are always repeated, and K of the others; \"probability\" says how likely a single forged\n"
        "iteration is found by that, wherever it is. All checkpoints that are there are compared with the chain,\n"
        "and the model with what the last segment ends in. The report has the seed of the choice, by which it can\n"
        "be repeated: nobody who trains may know it before.\n\n"
        "Examples:\n"
        "  umbra audit --keys keys --data data --run run --link $LINK --segments 5\n"
        "  umbra audit --keys keys --data data --run run --link $LINK --all --memory 2G",
    .run = run};
