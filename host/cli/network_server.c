/* SPDX-License-Identifier: Apache-2.0 */
/* umbra infer with a plan: what a server computes, without any secret key. */
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "links.h"
#include "network.h"
#include "network_batches.h"
#include "progress.h"
#include "target.h"
#include "verified.h"

typedef struct server_job {
  umbra_inference_plan *plan;
  umbra_key_needs *needs;
  umbra_context *context;
  umbra_eval_keys *keys;
  umbra_inference_weights *weights; /* NULL: the plan has them */
  umbra_inference *network;
  umbra_evaluator *evaluator;
  umbra_public_key *public; /* to sanitise answers; or NULL */
  umbra_disclosure told;    /* of that */
  uint64_t sanitised;       /* ciphertexts */
  cli_batches batches;
  size_t records; /* of those that were computed */
  umbra_matrix *batch, *answer;
  const char *where;                /* the batch is, for errors */
  cJSON *layers, *digests;          /* of the last round of the last batch; digests: NULL if nobody wants them */
  uint8_t link[UMBRA_DIGEST_BYTES]; /* of the last of the digests */
  cli_lines audited;                /* the file of --audit */
} server_job;

/* ---- layers ---- */

static const char layer_prefix[] = "layer_";

/* Of each layer what it is, its level and its time. */
static void note_layer(cJSON *layers, const umbra_trace_event *event) {
  cJSON *layer = cJSON_CreateObject();
  cJSON_AddNumberToObject(layer, "layer", 1 + cJSON_GetArraySize(layers));
  cJSON_AddStringToObject(layer, "what", event->name + sizeof layer_prefix - 1);
  cJSON_AddNumberToObject(layer, "level", event->level);
  cJSON_AddNumberToObject(layer, "seconds", event->timed ? event->device_seconds : event->seconds);
  cJSON_AddItemToArray(layers, layer);
}

/* What the last one is; refreshes are parts of layers. */
static const char *last_layer(const cJSON *layers) {
  const char *what = "";
  for (const cJSON *layer = layers->child; layer; layer = layer->next) {
    const char *is = cJSON_GetStringValue(cJSON_GetObjectItem(layer, "what"));
    if (strcmp(is, "refresh") != 0) what = is;
  }
  return what;
}

static void note_digest(server_job *j, const umbra_trace_event *event) {
  umbra_link_digest(j->link, event->digest);
  cJSON *digest = cJSON_CreateObject();
  if (event->record) cJSON_AddNumberToObject(digest, "record", event->record);
  cJSON_AddNumberToObject(digest, "layer", event->layer);
  cJSON_AddStringToObject(digest, "what", last_layer(j->layers));
  cJSON_AddNumberToObject(digest, "level", event->level);
  cli_link_put(digest, event->digest, j->link);
  cJSON_AddItemToArray(j->digests, digest);
}

/* As the trace tells them. */
static void note(void *user, const umbra_trace_event *event) {
  server_job *j = user;
  if (strncmp(event->name, layer_prefix, sizeof layer_prefix - 1) == 0) note_layer(j->layers, event);
  if (event->layer && j->digests) note_digest(j, event);
}

static void empty(cJSON *list) {
  while (list && list->child) cJSON_DeleteItemFromArray(list, 0);
}

/* ---- what goes in ---- */

/* Whoever has the secret key can read records and answers: a server must not. */
static bool lacks_secrets(const char *option, const char *folder) {
  char name[CLI_NAME];
  return !cli_folder_has(name, folder, CLI_KIND_SECRET_KEY) ||
         cli_error("%s: %s holds a secret key, %s: a server that has it can read everything; keep it with its owner",
                   option, folder, name);
}

static bool has_no_secret_beside(const char *option, const char *file) {
  char copy[CLI_PATH];
  snprintf(copy, sizeof copy, "%s", file);
  return lacks_secrets(option, dirname(copy));
}

/* The folder of many answers is claimed as a whole. */
static bool may_write(const cli_network_options *o, const cli_batch *batch, bool in_folder) {
  const char *inputs[] = {o->plan, batch->in, o->weights, o->audit};
  return (in_folder ? cli_may_replace : cli_may_write)("--out", batch->out, CLI_KIND_MATRIX, inputs, 4) &&
         (!o->digests || cli_may_write("--digests", o->digests, NULL, inputs, 4)) &&
         has_no_secret_beside("--in", batch->in);
}

static bool places_are_right(server_job *j, const cli_network_options *o) {
  if (!cli_batches_find(&j->batches, o->in, o->out)) return false;
  if (j->batches.folder && (o->digests || o->audit || o->repeat))
    return cli_error("--in: %s is a folder, and --digests, --audit and --repeat are for one batch", o->in);
  if (o->audit && !cli_lines_open(&j->audited, "--audit", o->audit)) return false;
  for (size_t i = 0; i < j->batches.count; i++)
    if (!may_write(o, &j->batches.batch[i], j->batches.folder)) return false;
  return lacks_secrets("--keys", o->keys) && (!o->weights || has_no_secret_beside("--weights", o->weights));
}

/* Whether they come with the plan, or in a file of their own. */
static bool weights_are_there(const server_job *j, const cli_network_options *o) {
  umbra_inference_report facts;
  umbra_inference_report_init(&facts);
  if (!cli_check(umbra_inference_plan_report(j->plan, &facts), "--plan")) return false;
  const bool encrypted = facts.weights == UMBRA_WEIGHTS_ENCRYPTED;
  if (encrypted == (o->weights != NULL)) return true;
  return cli_error(encrypted ? "--weights FILE is missing: %s is for encrypted weights"
                             : "--weights: %s has weights of its own: it was not planned with --encrypted-weights",
                   o->plan);
}

static bool open_plan(server_job *j, const cli_network_options *o, cli_report *report) {
  if (!cli_network_plan_load(&j->plan, "--plan", o->plan) || !weights_are_there(j, o)) return false;
  cli_report_step(report, "load plan", o->plan);
  const umbra_params *params = umbra_inference_plan_params(j->plan);
  return cli_check(umbra_key_needs_create(&j->needs, params), NULL) &&
         cli_check(umbra_inference_plan_add_needs(j->plan, j->needs), "--plan") &&
         cli_eval_keys_cover("--keys", o->keys, j->needs, params);
}

/* There is never more than one. */
static bool load_batch(server_job *j, const cli_batch *batch, cli_report *report) {
  umbra_matrix_destroy(j->batch);
  umbra_matrix_destroy(j->answer);
  j->batch = j->answer = NULL;
  if (!cli_matrix_load(&j->batch, j->context, "--in", batch->in, "load records", report)) return false;
  j->where = j->batches.folder ? batch->in : "--in";
  j->records += umbra_matrix_rows(j->batch);
  return true;
}

static bool encode_weights(server_job *j, cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "encoding weights");
  if (!cli_progress_check(&bar, umbra_inference_create(&j->network, j->context, j->plan, &progress), "--plan"))
    return false;
  cli_report_number(report, "weight_bytes", (double)umbra_inference_bytes(j->network));
  cli_report_step(report, "encode weights", NULL);
  return true;
}

/* The keys are those of the records, or the run says so. */
static bool weights_fit_keys(const server_job *j, const cli_network_options *o) {
  uint8_t owner[UMBRA_OWNER_BYTES], of_keys[UMBRA_OWNER_BYTES];
  umbra_inference_weights_owner(j->weights, owner);
  umbra_eval_keys_owner(j->keys, of_keys);
  return memcmp(owner, of_keys, sizeof owner) == 0 ||
         cli_error("--weights: %s was encrypted for another owner than that of the keys in %s: weights are encrypted "
                   "with the public key of the records' owner",
                   o->weights, o->keys);
}

static bool load_weights(server_job *j, const cli_network_options *o, cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "loading weights");
  umbra_status status = umbra_inference_weights_load(&j->weights, j->context, o->weights, &progress);
  if (status == UMBRA_OK) status = umbra_inference_create_encrypted(&j->network, j->context, j->plan, j->weights, NULL);
  if (!cli_progress_check(&bar, status, "--weights") || !weights_fit_keys(j, o)) return false;
  cli_report_number(report, "weight_bytes", (double)umbra_inference_bytes(j->network));
  cli_report_step(report, "load weights", o->weights);
  return true;
}

/* ---- the work ---- */

static bool run_once(server_job *j) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "computing");
  umbra_evaluator_watch(j->evaluator, &progress);
  empty(j->layers);
  empty(j->digests);
  memset(j->link, 0, sizeof j->link);
  umbra_status status = umbra_inference_run(j->evaluator, &j->answer, j->batch, j->network);
  if (status == UMBRA_OK) status = umbra_evaluator_wait(j->evaluator); /* and it has told of all that it did */
  const bool foreign = status == UMBRA_ERROR_INVALID_ARGUMENT || status == UMBRA_ERROR_MISMATCH;
  return cli_progress_check(&bar, status, foreign ? j->where : NULL);
}

static bool open_evaluator(server_job *j) {
  return cli_check(umbra_evaluator_create(&j->evaluator, j->context, j->keys), NULL) &&
         (!j->digests ||
          cli_check(umbra_evaluator_set_digests(j->evaluator, 1), j->audited.file ? "--audit" : "--digests"));
}

/* The first round also makes what every context makes once. */
static bool compute(server_job *j, uint32_t rounds, cli_report *report) {
  cJSON *list = rounds > 1 ? cli_report_list(report, "rounds") : NULL;
  for (uint32_t i = 0; i < rounds; i++) {
    const double started = cli_seconds(), worked = cli_processor_seconds();
    if (!run_once(j)) return false;
    if (!list) continue;
    cJSON *round = cJSON_CreateObject();
    cJSON_AddNumberToObject(round, "seconds", cli_seconds() - started);
    cJSON_AddNumberToObject(round, "processor_seconds", cli_processor_seconds() - worked);
    cJSON_AddItemToArray(list, round);
  }
  cli_report_step(report, "compute", NULL);
  return true;
}

/* A line for each, as JSON; false if memory is out. */
static bool put_digests(FILE *file, const void *digests) {
  for (const cJSON *digest = ((const cJSON *)digests)->child; digest; digest = digest->next) {
    char *line = cJSON_PrintUnformatted(digest);
    if (!line) return false;
    fprintf(file, "%s%s", line, digest->next ? "\n" : "");
    cJSON_free(line);
  }
  return true;
}

static bool save_digests(const server_job *j, const cli_network_options *o, cli_report *report) {
  if (!o->digests) return true;
  const bool saved = cli_write_printed("--digests", o->digests, put_digests, j->digests);
  if (saved) cli_report_step(report, "save digests", o->digests);
  return saved;
}

/* ---- sanitising ---- */

static umbra_disclosure_options sanitizing(const cli_network_options *o) {
  return cli_disclosure(o->results, o->sanitize, o->least_bits);
}

/* Before the work: whether the noise leaves anything. */
static bool open_sanitizing(server_job *j, const cli_network_options *o, cli_report *report) {
  const umbra_params *params = umbra_inference_plan_params(j->plan);
  const umbra_disclosure_options options = sanitizing(o);
  if (o->sanitize == 0) return true;
  if (!umbra_params_has_public_key(params))
    return cli_error(
        "--sanitize: %s has parameters without a public key, by which zero could be encrypted: plan without "
        "--symmetric",
        o->plan);
  umbra_disclosure_init(&j->told);
  return cli_check(umbra_inference_plan_disclosure(j->plan, &j->told, &options), "--sanitize") &&
         cli_public_key_load(&j->public, j->context, o->keys, report);
}

static bool sanitize(server_job *j, const cli_network_options *o, cli_report *report) {
  const umbra_disclosure_options options = sanitizing(o);
  if (o->sanitize == 0) return true;
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "sanitising");
  if (!cli_progress_check(
          &bar, umbra_inference_sanitize(&j->answer, &j->told, j->plan, j->answer, j->public, &options, &progress),
          "--sanitize"))
    return false;
  j->sanitised += j->told.ciphertexts;
  if (j->sanitised > o->results)
    return cli_error("--results: %" PRIu64 " ciphertexts of answers are given with this one, and N is %" PRIu64,
                     j->sanitised, o->results);
  cli_report_number(report, "sanitised_ciphertexts", (double)j->sanitised);
  cli_report_number(report, "bits", j->told.bits);
  cli_report_number(report, "noise", j->told.noise);
  cli_report_step(report, "sanitise", NULL);
  return true;
}

/* ---- audits ---- */

static bool same_number(const cJSON *a, const cJSON *b, const char *name) {
  const cJSON *x = cJSON_GetObjectItem(a, name), *y = cJSON_GetObjectItem(b, name);
  return x ? cJSON_Compare(x, y, true) : !y;
}

/* One line of the file with what was computed here. */
static bool layer_agrees(server_job *j, const cJSON *told, const cJSON *found) {
  const char *layer = cJSON_GetStringValue(cJSON_GetObjectItem(found, "what"));
  const int number = cJSON_GetObjectItem(found, "layer")->valueint;
  uint8_t digest[UMBRA_DIGEST_BYTES];
  if (!same_number(told, found, "layer") || !same_number(told, found, "record"))
    return cli_lines_malformed(&j->audited, "the digest of layer %d, %s, must be here", number, layer);
  if (!cli_digest_parse(digest, cJSON_GetStringValue(cJSON_GetObjectItem(told, "digest"))) ||
      !cli_digest_parse(digest, cJSON_GetStringValue(cJSON_GetObjectItem(told, "link"))))
    return cli_lines_malformed(&j->audited, "there is no digest with its link, as umbra infer --digests writes them");
  if (!same_number(told, found, "digest"))
    return cli_lines_malformed(&j->audited, "layer %d, %s, came out differently here", number, layer);
  return same_number(told, found, "link") ||
         cli_lines_malformed(&j->audited, "layer %d, %s: its link does not follow from the layers up to it", number,
                             layer);
}

static bool audit(server_job *j, cli_report *report) {
  if (!j->audited.file) return true;
  for (const cJSON *found = j->digests->child; found; found = found->next) {
    cJSON *told = cli_lines_next(&j->audited);
    const bool agrees = told ? layer_agrees(j, told, found)
                             : j->audited.failed || cli_lines_malformed(&j->audited, "layers are missing");
    cJSON_Delete(told);
    if (!told || !agrees) return false;
  }
  cJSON *more = cli_lines_next(&j->audited);
  const bool ends = !more || cli_lines_malformed(&j->audited, "there are more layers than were computed");
  cJSON_Delete(more);
  if (!ends || j->audited.failed) return false;
  cli_report_text(report, "audit", "all layers came out the same, bit for bit");
  cli_report_step(report, "compare layers", j->audited.path);
  return true;
}

static bool run_batches(server_job *j, const cli_network_options *o, cli_report *report) {
  for (size_t i = 0; i < j->batches.count; i++) {
    const cli_batch *batch = &j->batches.batch[i];
    if (!load_batch(j, batch, report) || !compute(j, o->repeat ? o->repeat : 1, report) || !audit(j, report) ||
        !sanitize(j, o, report) || !cli_matrix_save(j->answer, batch->out, "save answer", report))
      return false;
  }
  cli_report_number(report, "records", (double)j->records);
  if (j->batches.folder) cli_report_number(report, "batches", (double)j->batches.count);
  if (j->digests) cli_hex_add(report->root, "link", j->link, sizeof j->link);
  return true;
}

static void clear(server_job *j) {
  cli_lines_close(&j->audited);
  cli_batches_clear(&j->batches);
  umbra_matrix_destroy(j->answer);
  umbra_matrix_destroy(j->batch);
  umbra_evaluator_destroy(j->evaluator);
  umbra_inference_destroy(j->network);
  umbra_inference_weights_destroy(j->weights);
  umbra_public_key_destroy(j->public);
  umbra_eval_keys_destroy(j->keys);
  umbra_context_destroy(j->context);
  umbra_key_needs_destroy(j->needs);
  umbra_inference_plan_destroy(j->plan);
}

bool cli_network_run(const cli_network_options *o, cli_report *report) {
  server_job job = {.layers = cli_report_list(report, "layers")};
  if (o->digests || o->audit) job.digests = cli_report_list(report, "digests");
  const umbra_tracer listener = {.event = note, .user = &job};
  cli_engine engine = o->engine;
  engine.listener = &listener;
  bool done = places_are_right(&job, o) && cli_verified(o->verify, "--plan", o->plan, report) &&
              cli_verified(o->verify, "--weights", o->weights, report) && open_plan(&job, o, report) &&
              cli_context_open(&job.context, umbra_inference_plan_params(job.plan), &engine, report) &&
              open_sanitizing(&job, o, report) &&
              cli_eval_keys_load(&job.keys, job.context, o->keys, job.needs, report) &&
              (o->weights ? load_weights(&job, o, report) : encode_weights(&job, report)) && open_evaluator(&job) &&
              run_batches(&job, o, report) && save_digests(&job, o, report);
  clear(&job);
  return done;
}
