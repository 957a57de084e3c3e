/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "engine.h"
#include "passphrase.h"
#include "progress.h"

typedef struct keygen_options {
  const char *preset, *params, *out, *secret, *passphrase_file, *rotations;
  uint32_t features;
  bool conjugate, no_passphrase, json;
  cli_engine engine;
} keygen_options;

typedef struct keygen_job {
  umbra_params *params;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_eval_keys *keys;
  int32_t *rotations;
  int rotation_count;
  char passphrase[CLI_PASSPHRASE];
} keygen_job;

/* ---- where the files go ---- */

static bool make_folder(const char *folder) {
  return mkdir(folder, 0777) == 0 || errno == EEXIST || cli_error("--out: %s: %s", folder, strerror(errno));
}

/* Keys that somebody has encrypted under must not vanish. */
static bool is_free(const char *option, const char *path) {
  return access(path, F_OK) != 0 || cli_error("%s: %s exists already and will not be replaced", option, path);
}

static bool public_files_free(const char *folder) {
  char path[CLI_PATH];
  return cli_path(path, folder, CLI_PUBLIC_KEY_FILE) && is_free("--out", path) &&
         cli_path(path, folder, CLI_EVAL_KEYS_FILE) && is_free("--out", path);
}

/* The folder of public things is made to be copied, so the secret key must not lie in it, at any depth. */
static bool secret_is_elsewhere(const char *secret, const char *folder) {
  char copy[CLI_PATH], home[PATH_MAX], public[PATH_MAX];
  if (snprintf(copy, sizeof copy, "%s", secret) >= CLI_PATH) return cli_error("--secret: the path is too long");
  if (!realpath(dirname(copy), home)) return cli_error("--secret: the folder of %s: %s", secret, strerror(errno));
  if (!realpath(folder, public)) return cli_error("--out: %s: %s", folder, strerror(errno));
  size_t length = strlen(public);
  bool inside = strncmp(home, public, length) == 0 && (home[length] == '/' || home[length] == '\0');
  return !inside ||
         cli_error("--secret: %s lies in the folder of public things, %s; choose another place", secret, folder);
}

static bool places_are_right(const keygen_options *o) {
  return make_folder(o->out) && secret_is_elsewhere(o->secret, o->out) && is_free("--secret", o->secret) &&
         public_files_free(o->out);
}

/* ---- keys ---- */

/* The rotations of --rotations and those of --for-logistic. */
static bool take_rotations(keygen_job *j, const keygen_options *o) {
  int32_t steps[32];
  size_t count = o->features ? umbra_logistic_rotations(steps, o->features) : 0;
  j->rotations = cli_parse_list(&j->rotation_count, "rotations", o->rotations, false);
  int32_t *grown = realloc(j->rotations, ((size_t)j->rotation_count + count + 1) * sizeof *grown);
  if (!grown) return cli_error("out of memory");
  memcpy(grown + j->rotation_count, steps, count * sizeof *steps);
  j->rotations = grown;
  j->rotation_count += (int)count;
  return true;
}

static bool take_passphrase(keygen_job *j, const keygen_options *o) {
  if (o->no_passphrase) return true;
  return o->passphrase_file ? cli_passphrase_read(j->passphrase, o->passphrase_file)
                            : cli_passphrase_choose(j->passphrase);
}

/* The secret key is kept first: whatever is encrypted under the others can then be decrypted. */
static bool make_secret(keygen_job *j, const keygen_options *o, cli_report *report) {
  if (!cli_check(umbra_secret_key_generate(&j->secret, j->context), NULL)) return false;
  const char *passphrase = o->no_passphrase ? NULL : j->passphrase;
  if (!cli_check(umbra_secret_key_save(j->secret, o->secret, passphrase), "--secret")) return false;
  cli_report_step(report, "secret key", o->secret);
  return true;
}

static bool make_public(keygen_job *j, const keygen_options *o, cli_report *report) {
  char path[CLI_PATH];
  if (!cli_path(path, o->out, CLI_PARAMS_FILE) || !cli_check(umbra_params_save(j->params, path), "--out")) return false;
  cli_report_step(report, "parameters", path);
  if (!cli_check(umbra_public_key_generate(&j->public, j->secret), NULL)) return false;
  if (!cli_path(path, o->out, CLI_PUBLIC_KEY_FILE) || !cli_check(umbra_public_key_save(j->public, path), "--out"))
    return false;
  cli_report_step(report, "public key", path);
  return true;
}

static bool generate_eval_keys(keygen_job *j, bool conjugate) {
  cli_progress progress;
  umbra_eval_keys_request request = {UMBRA_EVAL_KEYS_REQUEST_INIT, .conjugate = conjugate, .rotations = j->rotations,
                                     .rotation_count = (size_t)j->rotation_count};
  request.progress = cli_progress_open(&progress, "evaluation keys");
  umbra_status status = umbra_eval_keys_generate(&j->keys, j->secret, &request);
  cli_progress_close(&progress);
  return cli_check(status, NULL);
}

static bool make_eval_keys(keygen_job *j, const keygen_options *o, cli_report *report) {
  char path[CLI_PATH];
  if (!generate_eval_keys(j, o->conjugate) || !cli_path(path, o->out, CLI_EVAL_KEYS_FILE) ||
      !cli_check(umbra_eval_keys_save(j->keys, path), "--out"))
    return false;
  cli_report_number(report, "evaluation_keys", (double)umbra_eval_keys_count(j->keys));
  cli_report_step(report, "evaluation keys", path);
  return true;
}

static void clear(keygen_job *j) {
  explicit_bzero(j->passphrase, sizeof j->passphrase);
  umbra_eval_keys_destroy(j->keys);
  umbra_public_key_destroy(j->public);
  umbra_secret_key_destroy(j->secret);
  umbra_context_destroy(j->context);
  umbra_params_destroy(j->params);
  free(j->rotations);
}

static bool generate(keygen_job *j, const keygen_options *o, cli_report *report) {
  return cli_context_open(&j->context, j->params, &o->engine, report) && make_secret(j, o, report) &&
         make_public(j, o, report) && make_eval_keys(j, o, report);
}

static bool run(const cli_command *command, int argc, char **argv) {
  keygen_options o = {0};
  const cli_option options[] = {
      {"params", "FILE", "parameters, as umbra params --save writes them", CLI_TEXT, &o.params, false},
      {"preset", "NAME", "or a preset, see umbra params --list", CLI_TEXT, &o.preset, false},
      {"out", "DIR", "folder for the public things; made if it is missing", CLI_TEXT, &o.out, true},
      {"secret", "FILE", "where the secret key goes, outside of DIR", CLI_TEXT, &o.secret, true},
      {"for-logistic", "FEATURES", "the rotations that umbra score needs", CLI_COUNT, &o.features, false},
      {"rotations", "LIST", "further rotations, such as 1,2,-4", CLI_TEXT, &o.rotations, false},
      {"conjugate", NULL, "a key for conjugation too", CLI_FLAG, &o.conjugate, false},
      {"passphrase-file", "FILE", "its first line seals the secret key (default: ask)", CLI_TEXT, &o.passphrase_file,
       false},
      {"no-passphrase", NULL, "do not seal the secret key", CLI_FLAG, &o.no_passphrase, false},
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  if (!o.preset == !o.params) cli_usage("exactly one of --params and --preset is expected");
  if (o.passphrase_file && o.no_passphrase) cli_usage("--passphrase-file and --no-passphrase exclude each other");

  keygen_job job = {0};
  cli_report report = {0};
  bool done = take_rotations(&job, &o) && cli_params_open(&job.params, o.preset, o.params) && places_are_right(&o) &&
              take_passphrase(&job, &o) && cli_report_open(&report) && generate(&job, &o, &report);
  clear(&job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_keygen = {
    .name = "keygen",
    .summary = "Makes a secret key, and the public and evaluation keys that belong to it.",
    .details = "DIR gets " CLI_PARAMS_FILE ", " CLI_PUBLIC_KEY_FILE " (encrypts) and " CLI_EVAL_KEYS_FILE
               " (what a server computes with).\n"
               "Existing keys are never replaced. Whoever has the secret key can read everything: keep it apart.\n\n"
               "Examples:\n"
               "  umbra keygen --params params.umbra --for-logistic 30 --out keys --secret secret/key.umbra\n"
               "  umbra keygen --params params.umbra --rotations 1,2,-4 --conjugate --out keys \\\n"
               "    --secret secret/key.umbra --passphrase-file secret/passphrase",
    .run = run};
