/* SPDX-License-Identifier: Apache-2.0 */
#include "estimate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A quiet machine stays within this factor of what is stated. */
static const double certainty = 1.3;

/* What a training takes beside its kernels, as measured: checkpoints, blocks read anew, memory touched the first time. */
static const double training_share = 1.3;

enum { ROTATIONS = 3 };

typedef struct probe {
  const umbra_params *params;
  umbra_context *context, *dry;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_key_needs *needs;
  umbra_eval_keys *keys, *loaded;
  umbra_evaluator *evaluator;
  umbra_plaintext *plaintext;
  umbra_ciphertext *x, *y;
  FILE *file; /* that vanishes when it is closed */
  double started;
} probe;

static void clear(probe *p) {
  fclose(p->file);
  umbra_ciphertext_destroy(p->x);
  umbra_ciphertext_destroy(p->y);
  umbra_plaintext_destroy(p->plaintext);
  umbra_evaluator_destroy(p->evaluator);
  umbra_eval_keys_destroy(p->loaded);
  umbra_eval_keys_destroy(p->keys);
  umbra_key_needs_destroy(p->needs);
  umbra_public_key_destroy(p->public);
  umbra_secret_key_destroy(p->secret);
  umbra_context_destroy(p->dry);
  umbra_context_destroy(p->context);
}

/* Seconds since the last call. */
static double lap(probe *p) {
  const double now = cli_seconds(), taken = now - p->started;
  p->started = now;
  return taken;
}

const char *cli_machine_of(const cli_engine *engine) {
  return engine->device && strcmp(engine->device, "auto") != 0 ? engine->device : "cpu";
}

/* ---- keys ---- */

static umbra_status open_context(probe *p, cli_speed *speed, const cli_engine *engine) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = p->params, .device = engine->device,
                                   .threads = engine->threads};
  lap(p);
  umbra_status status = umbra_context_create(&p->context, &desc);
  if (status == UMBRA_OK) status = umbra_secret_key_generate(&p->secret, p->context);
  if (status == UMBRA_OK && umbra_params_has_public_key(p->params))
    status = umbra_public_key_generate(&p->public, p->secret);
  speed->open = lap(p);
  return status;
}

static umbra_status make_key(probe *p, cli_speed *speed) {
  umbra_status status = umbra_key_needs_create(&p->needs, p->params);
  if (status == UMBRA_OK) status = umbra_key_needs_rotation(p->needs, 1, UMBRA_TOP_LEVEL);
  lap(p);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&p->keys, p->secret, p->needs, NULL);
  speed->make_key = lap(p) / (double)umbra_key_needs_bytes(p->needs);
  return status;
}

/* ---- files ---- */

static int put(void *file, const void *bytes, size_t size) { return fwrite(bytes, 1, size, file) == size ? 0 : -1; }
static int get(void *file, void *bytes, size_t size) { return fread(bytes, 1, size, file) == size ? 0 : -1; }

/* What was written is on the disk, as what is saved is, and is read next; the file has so many bytes. */
static umbra_status turn(probe *p, size_t *size) {
  const long end = ftell(p->file);
  const bool done = end > 0 && fflush(p->file) == 0 && fsync(fileno(p->file)) == 0 && fseek(p->file, 0, SEEK_SET) == 0;
  *size = (size_t)end;
  return done ? UMBRA_OK : UMBRA_ERROR_IO;
}

static umbra_status move_key(probe *p, cli_speed *speed) {
  size_t size = 0;
  const double bytes = (double)umbra_key_needs_bytes(p->needs);
  lap(p);
  umbra_status status = umbra_eval_keys_send(p->keys, put, p->file, NULL);
  if (status == UMBRA_OK) status = turn(p, &size);
  speed->save_key = lap(p) / bytes;
  if (status == UMBRA_OK) status = umbra_eval_keys_receive(&p->loaded, p->context, get, p->file, size, NULL);
  speed->load_key = lap(p) / bytes;
  rewind(p->file);
  return status;
}

/* ---- encryptions ---- */

static umbra_status encrypt_probe(probe *p) {
  const double value = 0.5;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = umbra_params_keyed_level(p->params);
  umbra_status status = umbra_encode(&p->plaintext, p->context, &value, 1, &options);
  if (status != UMBRA_OK) return status;
  return p->public ? umbra_encrypt(&p->x, p->public, p->plaintext)
                   : umbra_encrypt_symmetric(&p->x, p->secret, p->plaintext);
}

static umbra_status move_encryption(probe *p, cli_speed *speed) {
  size_t size = 0;
  lap(p);
  umbra_status status = encrypt_probe(p);
  if (status == UMBRA_OK) status = umbra_ciphertext_send(p->x, put, p->file, NULL);
  if (status == UMBRA_OK) status = turn(p, &size);
  speed->encrypt = lap(p) / (double)size;
  if (status == UMBRA_OK) status = umbra_ciphertext_receive(&p->y, p->context, get, p->file, size, NULL);
  speed->load = lap(p) / (double)size;
  return status;
}

/* ---- work ---- */

/* The shortest of some: nothing else got in the way. */
static umbra_status time_rotation(probe *p, double *seconds) {
  umbra_status status = umbra_evaluator_create(&p->evaluator, p->context, p->keys);
  *seconds = INFINITY;
  for (int i = 0; i <= ROTATIONS && status == UMBRA_OK; i++) {
    lap(p);
    status = umbra_rotate(p->evaluator, &p->y, p->x, 1);
    if (status == UMBRA_OK) status = umbra_evaluator_wait(p->evaluator);
    if (i) *seconds = fmin(*seconds, lap(p)); /* the first one makes what is kept */
  }
  return status;
}

static umbra_status count_rotation(probe *p, umbra_cost *cost, const char *machine) {
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *x = NULL, *y = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = p->params, .device = "dry"};
  umbra_status status = umbra_context_create(&p->dry, &desc);
  if (status == UMBRA_OK) status = umbra_context_cost_machine(p->dry, machine);
  if (status == UMBRA_OK) status = umbra_evaluator_create(&evaluator, p->dry, NULL);
  if (status == UMBRA_OK) status = umbra_dry_ciphertext(&x, p->dry, umbra_params_keyed_level(p->params), 0, 1);
  if (status == UMBRA_OK) status = umbra_rotate(evaluator, &y, x, 1);
  if (status == UMBRA_OK) status = umbra_context_cost_begin(p->dry);
  if (status == UMBRA_OK) status = umbra_rotate(evaluator, &y, x, 1);
  if (status == UMBRA_OK) status = umbra_context_cost(p->dry, cost);
  umbra_ciphertext_destroy(y);
  umbra_ciphertext_destroy(x);
  umbra_evaluator_destroy(evaluator);
  return status;
}

static umbra_status measure(probe *p, cli_speed *speed, const cli_engine *engine) {
  double seconds = 0;
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_status status = open_context(p, speed, engine);
  if (status == UMBRA_OK) status = make_key(p, speed);
  if (status == UMBRA_OK) status = move_key(p, speed);
  if (status == UMBRA_OK) status = move_encryption(p, speed);
  if (status == UMBRA_OK) status = time_rotation(p, &seconds);
  if (status == UMBRA_OK) status = count_rotation(p, &cost, cli_machine_of(engine));
  speed->work = seconds / cost.seconds;
  return status;
}

#define WITHOUT "; --no-estimate leaves the estimate out"

bool cli_speed_measure(cli_speed *speed, const umbra_params *params, const cli_engine *engine) {
  probe p = {.params = params, .file = tmpfile()};
  *speed = (cli_speed){0};
  if (!p.file) return cli_error("there can be no temporary file: %s" WITHOUT, strerror(errno));
  const umbra_status status = measure(&p, speed, engine);
  const int reason = errno;
  clear(&p);
  if (status == UMBRA_ERROR_IO) return cli_error("a temporary file: %s" WITHOUT, strerror(reason));
  return cli_check(status, NULL);
}

/* ---- jobs ---- */

bool cli_estimate_training(cli_estimate *e, const umbra_train_plan *plan, uint32_t done, const cli_engine *engine) {
  cli_speed speed;
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  if (!cli_check(umbra_train_plan_options(plan, &options), NULL) ||
      !cli_check(umbra_train_plan_report(plan, &report), NULL) ||
      !cli_check(umbra_train_plan_cost(plan, &cost, UMBRA_TRAIN_WHOLE, cli_machine_of(engine)), "--device") ||
      !cli_speed_measure(&speed, umbra_train_plan_params(plan), engine))
    return false;
  const double key_bytes = (double)report.key_bytes, left = 1 - (double)done / options.iterations,
               read_bytes = (double)report.read_bytes * options.iterations;
  *e = (cli_estimate){.what = "train",
                      .keys = speed.open + (speed.make_key + speed.save_key) * key_bytes,
                      .data = speed.open + speed.encrypt * (double)report.data_bytes,
                      .work = speed.open + speed.load_key * key_bytes +
                              left * (training_share * speed.work * cost.seconds + speed.load * read_bytes)};
  return true;
}

/* What encoding the weights takes by a dry run; 0: they come encrypted. */
static bool count_weights(double *seconds, const umbra_inference_plan *plan, const umbra_inference_report *report) {
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_context *dry = NULL;
  umbra_inference *network = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = umbra_inference_plan_params(plan),
                                   .device = "dry"};
  *seconds = 0;
  if (report->weights == UMBRA_WEIGHTS_ENCRYPTED) return true;
  umbra_status status = umbra_context_create(&dry, &desc);
  if (status == UMBRA_OK) status = umbra_inference_create(&network, dry, plan, NULL);
  if (status == UMBRA_OK) status = umbra_context_cost(dry, &cost);
  *seconds = cost.seconds;
  umbra_inference_destroy(network);
  umbra_context_destroy(dry);
  return cli_check(status, NULL);
}

bool cli_estimate_network(cli_estimate *e, const umbra_inference_plan *plan) {
  const cli_engine here = {0};
  cli_speed speed;
  double weights;
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  if (!cli_check(umbra_inference_plan_report(plan, &report), NULL) ||
      !cli_check(umbra_inference_plan_cost(plan, &cost, NULL), NULL) || !count_weights(&weights, plan, &report) ||
      !cli_speed_measure(&speed, umbra_inference_plan_params(plan), &here))
    return false;
  const double key_bytes = (double)report.key_bytes, batch_bytes = (double)report.batch_bytes;
  *e = (cli_estimate){.what = "infer",
                      .keys = speed.open + (speed.make_key + speed.save_key) * key_bytes,
                      .data = speed.open + speed.encrypt * batch_bytes,
                      .work = speed.open + speed.load_key * key_bytes + speed.load * batch_bytes +
                              speed.work * (weights + cost.seconds)};
  return true;
}

void cli_estimate_tell(const cli_estimate *e, cJSON *root, bool json) {
  const struct {
    const char *command;
    double seconds;
  } parts[] = {{"keygen", e->keys}, {"encrypt", e->data}, {e->what, e->work}};
  enum { PARTS = sizeof parts / sizeof *parts };
  char name[CLI_UNITS], least[CLI_UNITS], most[CLI_UNITS], part[CLI_UNITS];
  const double all = e->keys + e->data + e->work;
  cJSON *facts = cJSON_AddObjectToObject(root, "estimate");
  cJSON_AddNumberToObject(facts, "least_seconds", all / certainty);
  cJSON_AddNumberToObject(facts, "most_seconds", all * certainty);
  if (!json)
    printf("  %-18s %s to %s here", "time", cli_duration_text(least, all / certainty),
           cli_duration_text(most, all * certainty));
  for (int i = 0; i < PARTS; i++) {
    if (!(parts[i].seconds > 0)) continue;
    snprintf(name, sizeof name, "%s_seconds", parts[i].command);
    cJSON_AddNumberToObject(facts, name, parts[i].seconds);
    if (!json) printf("; about %s for %s", cli_duration_text(part, parts[i].seconds), parts[i].command);
  }
  if (!json) putchar('\n');
}
