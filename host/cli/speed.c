/* SPDX-License-Identifier: Apache-2.0 */
#include "speed.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "progress.h"

enum { ROTATIONS = 3, SAMPLE = 3 /* keys: the first one is made in less than others */ };

/* A context and keys, of the command or of the home; and what is made with them. */
typedef struct probe {
  const umbra_params *params;
  const umbra_context *context;
  const umbra_secret_key *secret;
  const umbra_public_key *public;
  umbra_key_needs *needs;
  umbra_eval_keys *keys, *loaded;
  umbra_evaluator *evaluator;
  umbra_plaintext *plaintext;
  umbra_ciphertext *x, *y;
  FILE *file;                    /* that vanishes when it is closed */
  const char *lack;              /* what was not there, where errno does not tell */
  const umbra_key_needs *wanted; /* of which some keys are made */
  double stated;                 /* seconds of a rotation, by a dry run */
  double started;
} probe;

static void warn(const char *lack, int reason, cli_report *report) {
  char text[256];
  if (lack) snprintf(text, sizeof text, "there is no estimate of the time: %s", lack);
  else
    snprintf(text, sizeof text, "there is no estimate of the time, which needs a temporary file: %s", strerror(reason));
  cli_report_warning(report, text);
}

static void clear(probe *p) {
  if (p->file) fclose(p->file);
  umbra_ciphertext_destroy(p->x);
  umbra_ciphertext_destroy(p->y);
  umbra_plaintext_destroy(p->plaintext);
  umbra_evaluator_destroy(p->evaluator);
  umbra_eval_keys_destroy(p->loaded);
  umbra_eval_keys_destroy(p->keys);
  umbra_key_needs_destroy(p->needs);
}

/* What cannot be estimated can be done all the same. */
static bool probe_with(probe *p, cli_speed *speed, umbra_status (*take)(probe *p, cli_speed *speed),
                       cli_report *report) {
  if (!cli_goes_on()) return false;
  p->file = tmpfile();
  const umbra_status status = p->file ? take(p, speed) : UMBRA_ERROR_IO;
  const int reason = errno;
  clear(p);
  speed->known = status == UMBRA_OK;
  if (status != UMBRA_ERROR_IO) return cli_check(status, NULL);
  warn(p->lack, reason, report);
  return true;
}

/* Seconds since the last call. */
static double lap(probe *p) {
  const double now = cli_seconds(), taken = now - p->started;
  p->started = now;
  return taken;
}

/* ---- files ---- */

static int put(void *file, const void *bytes, size_t size) { return fwrite(bytes, 1, size, file) == size ? 0 : -1; }

static int get(void *user, void *bytes, size_t size) {
  probe *p = user;
  if (fread(bytes, 1, size, p->file) == size) return 0;
  p->lack = "what was written to a temporary file cannot be read";
  return -1;
}

/* What was written is on the disk, as what is saved is, and is read next; the file has so many bytes. */
static umbra_status turn(probe *p, size_t *size) {
  const long end = ftell(p->file);
  const bool done = end > 0 && fflush(p->file) == 0 && fsync(fileno(p->file)) == 0 && fseek(p->file, 0, SEEK_SET) == 0;
  *size = (size_t)end;
  return done ? UMBRA_OK : UMBRA_ERROR_IO;
}

/* ---- keys ---- */

/* Some of the needs, from all over their list. */
static umbra_status take_sample(probe *p) {
  const size_t count = umbra_key_needs_count(p->wanted);
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  umbra_status status = umbra_key_needs_create(&p->needs, p->params);
  for (size_t i = 0; i < SAMPLE && i < count && status == UMBRA_OK; i++) {
    status = umbra_key_needs_get(p->wanted, &need, i * count / SAMPLE);
    if (status == UMBRA_OK) status = umbra_key_needs_put(p->needs, &need);
  }
  return status;
}

static umbra_status make_keys(probe *p, cli_speed *speed) {
  lap(p);
  const umbra_status status = umbra_eval_keys_generate(&p->keys, p->secret, p->needs, NULL);
  if (status == UMBRA_OK) speed->make_key = lap(p) / (double)umbra_key_needs_bytes(p->needs);
  return status;
}

static umbra_status save_keys(probe *p, cli_speed *speed, size_t *size) {
  lap(p);
  umbra_status status = umbra_eval_keys_send(p->keys, put, p->file, NULL);
  if (status == UMBRA_OK) status = turn(p, size);
  speed->save_key = lap(p) / (double)umbra_key_needs_bytes(p->needs);
  speed->of_keys = (speed->make_key + speed->save_key) * (double)umbra_key_needs_bytes(p->needs);
  return status;
}

/* From memory: as from a file, by all threads. */
static umbra_status load_keys(probe *p, cli_speed *speed, size_t size) {
  void *bytes = malloc(size);
  if (!bytes) p->lack = "there is no memory for the keys that it is measured with";
  umbra_status status = bytes && get(p, bytes, size) == 0 ? UMBRA_OK : UMBRA_ERROR_IO;
  lap(p);
  if (status == UMBRA_OK) status = umbra_eval_keys_read(&p->loaded, p->context, bytes, size, NULL);
  speed->load_key = lap(p) / (double)umbra_key_needs_bytes(p->needs);
  free(bytes);
  rewind(p->file);
  return status;
}

static umbra_status keep_keys(probe *p, cli_speed *speed) {
  size_t size;
  umbra_status status = take_sample(p);
  if (status == UMBRA_OK) status = make_keys(p, speed);
  if (status == UMBRA_OK) status = save_keys(p, speed, &size);
  return status;
}

bool cli_speed_of_keys(cli_speed *speed, const umbra_key_needs *needs, const umbra_secret_key *secret,
                       const umbra_context *context, cli_report *report) {
  probe p = {.params = umbra_context_params(context), .context = context, .secret = secret, .wanted = needs};
  *speed = (cli_speed){0};
  return probe_with(&p, speed, keep_keys, report);
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

static umbra_status save_encryption(probe *p, cli_speed *speed, size_t *size) {
  lap(p);
  umbra_status status = encrypt_probe(p);
  if (status == UMBRA_OK) status = umbra_ciphertext_send(p->x, put, p->file, NULL);
  if (status == UMBRA_OK) status = turn(p, size);
  speed->of_encryption = lap(p);
  if (status == UMBRA_OK) speed->encrypt = speed->of_encryption / (double)umbra_ciphertext_bytes(p->x);
  return status;
}

static umbra_status load_encryption(probe *p, cli_speed *speed, size_t size) {
  lap(p);
  const umbra_status status = umbra_ciphertext_receive(&p->y, p->context, get, p, size, NULL);
  speed->load = lap(p) / (double)umbra_ciphertext_bytes(p->x);
  return status;
}

static umbra_status keep_encryption(probe *p, cli_speed *speed) {
  size_t size;
  return save_encryption(p, speed, &size);
}

bool cli_speed_of_encryption(cli_speed *speed, const umbra_public_key *public, const umbra_secret_key *secret,
                             const umbra_context *context, cli_report *report) {
  probe p = {.params = umbra_context_params(context), .context = context, .secret = secret, .public = public};
  *speed = (cli_speed){0};
  return probe_with(&p, speed, keep_encryption, report);
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

/* Seconds of one on a dry context that tells those of the machine. */
static umbra_status count_rotation(const umbra_context *dry, double *seconds) {
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *x = NULL, *y = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  const uint32_t level = umbra_params_keyed_level(umbra_context_params(dry));
  umbra_status status = umbra_evaluator_create(&evaluator, dry, NULL);
  if (status == UMBRA_OK) status = umbra_dry_ciphertext(&x, dry, level, 0, 1);
  if (status == UMBRA_OK) status = umbra_rotate(evaluator, &y, x, 1);
  if (status == UMBRA_OK) status = umbra_context_cost_begin(dry);
  if (status == UMBRA_OK) status = umbra_rotate(evaluator, &y, x, 1);
  if (status == UMBRA_OK) status = umbra_context_cost(dry, &cost);
  *seconds = cost.seconds;
  umbra_ciphertext_destroy(y);
  umbra_ciphertext_destroy(x);
  umbra_evaluator_destroy(evaluator);
  return status;
}

static bool state_rotation(double *seconds, const umbra_params *params, const cli_engine *engine, cli_report *report) {
  umbra_context *dry = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "dry"};
  const bool stated = cli_check(umbra_context_create(&dry, &desc), NULL) &&
                      cli_machine_know(dry, cli_machine_of(engine), 0, report) &&
                      cli_check(count_rotation(dry, seconds), NULL);
  umbra_context_destroy(dry);
  return stated;
}

/* ---- all of it ---- */

/* What the keys that are measured with need. */
typedef struct home {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
} home;

static umbra_status open_home(home *h, cli_speed *speed, const umbra_params *params, const cli_engine *engine) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = engine->device,
                                   .threads = engine->threads};
  const double started = cli_seconds();
  umbra_status status = umbra_context_create(&h->context, &desc);
  if (status == UMBRA_OK) status = umbra_secret_key_generate(&h->secret, h->context);
  if (status == UMBRA_OK && umbra_params_has_public_key(params))
    status = umbra_public_key_generate(&h->public, h->secret);
  speed->open = cli_seconds() - started;
  return status;
}

static void close_home(home *h) {
  umbra_public_key_destroy(h->public);
  umbra_secret_key_destroy(h->secret);
  umbra_context_destroy(h->context);
}

static umbra_status keep_all(probe *p, cli_speed *speed) {
  double seconds = 0;
  size_t size = 0;
  umbra_status status = take_sample(p);
  if (status == UMBRA_OK) status = umbra_key_needs_rotation(p->needs, 1, UMBRA_TOP_LEVEL);
  if (status == UMBRA_OK) status = make_keys(p, speed);
  if (status == UMBRA_OK) status = save_keys(p, speed, &size);
  if (status == UMBRA_OK) status = load_keys(p, speed, size);
  if (status == UMBRA_OK) status = save_encryption(p, speed, &size);
  if (status == UMBRA_OK) status = load_encryption(p, speed, size);
  if (status == UMBRA_OK) status = time_rotation(p, &seconds);
  speed->work = seconds / p->stated;
  return status;
}

bool cli_speed_measure(cli_speed *speed, const umbra_key_needs *needs, const umbra_params *params,
                       const cli_engine *engine, cli_report *report) {
  home here = {0};
  probe p = {.params = params, .wanted = needs};
  *speed = (cli_speed){0};
  if (!state_rotation(&p.stated, params, engine, report)) return false;
  const double started = cli_seconds();
  bool done = cli_check(open_home(&here, speed, params, engine), "--device");
  p.context = here.context;
  p.secret = here.secret;
  p.public = here.public;
  done = done && probe_with(&p, speed, keep_all, report);
  close_home(&here);
  speed->of_all = cli_seconds() - started;
  return done;
}
