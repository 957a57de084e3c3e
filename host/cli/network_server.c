/* SPDX-License-Identifier: Apache-2.0 */
/* umbra infer with a plan: what a server computes, without any secret key. */
#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "network.h"
#include "progress.h"
#include "target.h"

typedef struct server_job {
  umbra_inference_plan *plan;
  umbra_key_needs *needs;
  umbra_context *context;
  umbra_eval_keys *keys;
  umbra_inference *network;
  umbra_evaluator *evaluator;
  umbra_matrix *batch, *answer;
  cJSON *layers; /* of the last round */
} server_job;

/* ---- layers ---- */

static const char layer_prefix[] = "layer_";

/* Of each layer what it is, its level and its time, as the trace tells them. user: the list of layers. */
static void note_layer(void *user, const umbra_trace_event *event) {
  const size_t length = sizeof layer_prefix - 1;
  if (strncmp(event->name, layer_prefix, length) != 0) return;
  cJSON *layer = cJSON_CreateObject();
  cJSON_AddNumberToObject(layer, "layer", 1 + cJSON_GetArraySize(user));
  cJSON_AddStringToObject(layer, "what", event->name + length);
  cJSON_AddNumberToObject(layer, "level", event->level);
  cJSON_AddNumberToObject(layer, "seconds", event->timed ? event->device_seconds : event->seconds);
  cJSON_AddItemToArray(user, layer);
}

/* ---- what goes in ---- */

/* Whoever has the secret key can read records and answers: a server must not. */
static bool lacks_secrets(const char *option, const char *folder) {
  char name[CLI_NAME];
  return !cli_folder_has(name, folder, CLI_KIND_SECRET_KEY) ||
         cli_error("%s: %s holds a secret key, %s: a server that has it can read everything; keep it with its owner",
                   option, folder, name);
}

static bool places_are_right(const cli_network_options *o) {
  const char *inputs[] = {o->plan, o->in};
  char copy[CLI_PATH];
  snprintf(copy, sizeof copy, "%s", o->in);
  return cli_may_write("--out", o->out, CLI_KIND_MATRIX, inputs, 2) && lacks_secrets("--keys", o->keys) &&
         lacks_secrets("--in", dirname(copy));
}

static bool open_plan(server_job *j, const cli_network_options *o, cli_report *report) {
  if (!cli_network_plan_load(&j->plan, "--plan", o->plan)) return false;
  cli_report_step(report, "load plan", o->plan);
  const umbra_params *params = umbra_inference_plan_params(j->plan);
  return cli_check(umbra_key_needs_create(&j->needs, params), NULL) &&
         cli_check(umbra_inference_plan_add_needs(j->plan, j->needs), "--plan") &&
         cli_eval_keys_cover(o->keys, j->needs, params);
}

static bool load_batch(server_job *j, const cli_network_options *o, cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "loading records");
  if (!cli_progress_check(&bar, umbra_matrix_load(&j->batch, j->context, o->in, &progress), "--in")) return false;
  cli_report_number(report, "records", (double)umbra_matrix_rows(j->batch));
  cli_report_step(report, "load records", o->in);
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

/* ---- the work ---- */

static bool run_once(server_job *j) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "computing");
  umbra_evaluator_watch(j->evaluator, &progress);
  while (cJSON_GetArraySize(j->layers)) cJSON_DeleteItemFromArray(j->layers, 0);
  umbra_status status = umbra_inference_run(j->evaluator, &j->answer, j->batch, j->network);
  if (status == UMBRA_OK) status = umbra_evaluator_wait(j->evaluator); /* and it has told of all that it did */
  const bool foreign = status == UMBRA_ERROR_INVALID_ARGUMENT || status == UMBRA_ERROR_MISMATCH;
  return cli_progress_check(&bar, status, foreign ? "--in" : NULL);
}

/* The first round also makes what every context makes once. */
static bool compute(server_job *j, uint32_t rounds, cli_report *report) {
  if (!cli_check(umbra_evaluator_create(&j->evaluator, j->context, j->keys), NULL)) return false;
  cJSON *list = rounds > 1 ? cli_report_list(report, "rounds") : NULL;
  for (uint32_t i = 0; i < rounds; i++) {
    const double started = cli_seconds();
    if (!run_once(j)) return false;
    if (!list) continue;
    cJSON *round = cJSON_CreateObject();
    cJSON_AddNumberToObject(round, "seconds", cli_seconds() - started);
    cJSON_AddItemToArray(list, round);
  }
  cli_report_step(report, "compute", NULL);
  return true;
}

static bool save_answer(server_job *j, const cli_network_options *o, cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "saving");
  if (!cli_progress_check(&bar, umbra_matrix_save(j->answer, o->out, &progress), "--out")) return false;
  cli_report_step(report, "save answer", o->out);
  cli_report_number(report, "peak_bytes", cli_peak_bytes());
  return true;
}

static void clear(server_job *j) {
  umbra_matrix_destroy(j->answer);
  umbra_matrix_destroy(j->batch);
  umbra_evaluator_destroy(j->evaluator);
  umbra_inference_destroy(j->network);
  umbra_eval_keys_destroy(j->keys);
  umbra_context_destroy(j->context);
  umbra_key_needs_destroy(j->needs);
  umbra_inference_plan_destroy(j->plan);
}

bool cli_network_run(const cli_network_options *o, cli_report *report) {
  server_job job = {.layers = cli_report_list(report, "layers")};
  const umbra_tracer listener = {.event = note_layer, .user = job.layers};
  cli_engine engine = o->engine;
  engine.listener = &listener;
  bool done = places_are_right(o) && open_plan(&job, o, report) &&
              cli_context_open(&job.context, umbra_inference_plan_params(job.plan), &engine, report) &&
              cli_eval_keys_load(&job.keys, job.context, o->keys, report) && encode_weights(&job, report) &&
              load_batch(&job, o, report) && compute(&job, o->repeat ? o->repeat : 1, report) &&
              save_answer(&job, o, report);
  clear(&job);
  return done;
}
