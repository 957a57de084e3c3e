/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim.h"
#include "commands.h"
#include "network.h"
#include "opened.h"
#include "owners.h"
#include "passphrase.h"
#include "progress.h"
#include "secret.h"
#include "target.h"
#include "training.h"

typedef struct keygen_options {
  const char *preset, *params, *plan, *out, *secret, *passphrase_file, *rotations;
  uint32_t features;
  uint64_t padded;
  bool conjugate, no_passphrase, json;
  cli_engine engine;
} keygen_options;

enum { MOST_MADE = 4 }; /* secret key, parameters, public key, evaluation keys */

typedef struct keygen_job {
  umbra_params *params;
  umbra_train_plan *plan; /* this one, that one or neither */
  umbra_inference_plan *network;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_key_needs *needs;
  umbra_eval_keys *keys;
  int32_t *rotations;
  int rotation_count;
  char passphrase[CLI_PASSPHRASE];
  char made[MOST_MADE][CLI_PATH]; /* files, in this order */
  int made_count;
} keygen_job;

/* ---- where the files go ---- */

/* Keys that somebody has encrypted under must not vanish. */
static bool is_free(const char *option, const char *path) {
  struct stat about;
  return lstat(path, &about) != 0 || cli_error("%s: %s exists already and will not be replaced", option, path);
}

static bool public_files_free(const char *folder) {
  char path[CLI_PATH];
  return cli_path(path, folder, CLI_PUBLIC_KEY_FILE) && is_free("--out", path) &&
         cli_path(path, folder, CLI_EVAL_KEYS_FILE) && is_free("--out", path);
}

/* Parameters that others have from this folder stay what they are. */
static bool params_agree(const char *folder, const umbra_params *params) {
  char path[CLI_PATH];
  uint8_t old[UMBRA_DIGEST_BYTES], new[UMBRA_DIGEST_BYTES];
  struct stat about;
  umbra_params *there = NULL;
  if (!cli_path(path, folder, CLI_PARAMS_FILE)) return false;
  if (lstat(path, &about) != 0) return true;
  if (!cli_check(umbra_params_load(&there, path), "--out")) return false;
  umbra_params_digest(there, old);
  umbra_params_digest(params, new);
  umbra_params_destroy(there);
  return memcmp(old, new, sizeof old) == 0 ||
         cli_error("--out: %s holds other parameters and will not be replaced", path);
}

/* The real path of a file or folder that need not exist yet, while the folder that it is in must. */
static bool resolve(char real[PATH_MAX], const char *option, const char *path) {
  char copy[CLI_PATH], name[CLI_PATH], folder[PATH_MAX];
  if (realpath(path, real)) return true;
  snprintf(copy, sizeof copy, "%s", path);
  snprintf(name, sizeof name, "%s", path);
  if (errno == ENOENT && realpath(dirname(copy), folder) &&
      snprintf(real, PATH_MAX, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, basename(name)) < PATH_MAX)
    return true;
  return cli_error("%s: %s: %s", option, path, strerror(errno));
}

/* The folder of public things is made to be copied, so the secret key must not lie in it, at any depth. */
static bool secret_is_elsewhere(const char *secret, const char *folder) {
  char home[PATH_MAX], public[PATH_MAX];
  if (!resolve(home, "--secret", secret) || !resolve(public, "--out", folder)) return false;
  size_t length = strcmp(public, "/") == 0 ? 0 : strlen(public);
  bool inside = strncmp(home, public, length) == 0 && (home[length] == '/' || home[length] == '\0');
  return !inside ||
         cli_error("--secret: %s lies in the folder of public things, %s; choose another place", secret, folder);
}

static bool lacks(const char *option, const char *folder, const char *kind) {
  char name[CLI_NAME];
  return !cli_folder_has(name, folder, kind) ||
         cli_error("%s: secret keys and the keys that are given away need separate folders, and %s holds a %s, %s",
                   option, folder, kind, name);
}

static bool secret_lives_alone(const char *secret) {
  char copy[CLI_PATH];
  snprintf(copy, sizeof copy, "%s", secret);
  const char *folder = dirname(copy);
  return lacks("--secret", folder, CLI_KIND_PUBLIC_KEY) && lacks("--secret", folder, CLI_KIND_EVAL_KEYS);
}

/* What is free is still free when the keys are made: both places are claimed before anybody looks. */
static bool places_are_right(const keygen_options *o, const umbra_params *params) {
  return cli_may_fill("--out", o->out) && cli_folder_of("--secret", o->secret) &&
         secret_is_elsewhere(o->secret, o->out) && cli_claim_folder("--out", o->out) &&
         cli_claim_file("--secret", o->secret) && is_free("--secret", o->secret) && secret_lives_alone(o->secret) &&
         public_files_free(o->out) && lacks("--out", o->out, CLI_KIND_SECRET_KEY) &&
         cli_opened_lacks("--out", o->out) && params_agree(o->out, params);
}

/* ---- what this run has made ---- */

static void note_made(keygen_job *j, const char *path) {
  snprintf(j->made[j->made_count++], sizeof *j->made, "%s", path);
}

/* After a failure nothing is left that would be in the way of the next run. */
static void remove_made(keygen_job *j) {
  while (j->made_count > 0) {
    const char *path = j->made[--j->made_count];
    if (unlink(path) != 0 && errno != ENOENT) cli_error("left behind: %s: %s", path, strerror(errno));
  }
}

/* Unlike a renaming this never replaces a file, not even one that has just appeared. */
static bool publish(keygen_job *j, const char *draft, const char *path) {
  bool published = link(draft, path) == 0;
  int reason = errno;
  unlink(draft);
  if (!published) return cli_error("--out: %s: %s", path, strerror(reason));
  note_made(j, path);
  return true;
}

/* ---- keys ---- */

/* The plan's parameters are those of the keys. */
static bool open_params(keygen_job *j, const keygen_options *o) {
  if (!o->plan) return cli_params_open(&j->params, o->preset, o->params);
  const bool network = cli_is_kind(o->plan, CLI_KIND_NETWORK_PLAN);
  if (network ? !cli_network_plan_load(&j->network, "--plan", o->plan) : !cli_plan_load(&j->plan, "--plan", o->plan))
    return false;
  j->params = umbra_params_share(network ? umbra_inference_plan_params(j->network) : umbra_train_plan_params(j->plan));
  return true;
}

static bool take_passphrase(keygen_job *j, const keygen_options *o) {
  cli_secrets_begin();
  if (o->no_passphrase) return true;
  return o->passphrase_file ? cli_passphrase_read(j->passphrase, o->passphrase_file)
                            : cli_passphrase_choose(j->passphrase);
}

/* There is no public key under parameters that are secure without one only. */
static bool make_secret(keygen_job *j, cli_report *report) {
  const bool public = umbra_params_has_public_key(j->params);
  if (!cli_check(umbra_secret_key_generate(&j->secret, j->context), NULL) ||
      (public && !cli_check(umbra_public_key_generate(&j->public, j->secret), NULL)))
    return false;
  cli_secret_say_locked(j->secret, report);
  cli_report_step(report, public ? "make secret and public key" : "make secret key", NULL);
  return true;
}

static umbra_status add_needs(const keygen_job *j) {
  if (j->plan) return umbra_train_plan_needs(j->plan, j->needs);
  if (j->network) return umbra_inference_plan_add_needs(j->network, j->needs);
  return umbra_key_needs_relinearization(j->needs, UMBRA_TOP_LEVEL);
}

/* A plan's keys serve the levels at which it uses them; what is asked for beside it serves all ordinary ones. */
static bool collect_needs(keygen_job *j, const keygen_options *o) {
  if (!cli_check(umbra_key_needs_create(&j->needs, j->params), NULL) || !cli_check(add_needs(j), "--plan") ||
      (o->conjugate && !cli_check(umbra_key_needs_conjugation(j->needs, UMBRA_TOP_LEVEL), "--conjugate")) ||
      (o->features && !cli_check(umbra_logistic_needs(j->needs, o->features, UMBRA_TOP_LEVEL), "--for-logistic")))
    return false;
  for (int i = 0; i < j->rotation_count; i++)
    if (!cli_check(umbra_key_needs_rotation(j->needs, j->rotations[i], UMBRA_TOP_LEVEL), "--rotations")) return false;
  return !o->padded || cli_check(umbra_key_needs_pad(j->needs, o->padded), "--padded");
}

static bool make_eval_keys(keygen_job *j, cli_report *report) {
  cli_progress bar;
  umbra_progress progress = cli_progress_open(&bar, "evaluation keys");
  umbra_status status = umbra_eval_keys_generate(&j->keys, j->secret, j->needs, &progress);
  cli_progress_close(&bar);
  if (!cli_check(status, NULL)) return false;
  cli_report_number(report, "evaluation_keys", (double)umbra_eval_keys_count(j->keys));
  cli_report_step(report, "make evaluation keys", NULL);
  return true;
}

/* ---- files ---- */

static bool keep_secret(keygen_job *j, const keygen_options *o, cli_report *report) {
  const char *passphrase = o->no_passphrase ? NULL : j->passphrase;
  if (!cli_check(umbra_secret_key_save(j->secret, o->secret, passphrase), "--secret")) return false;
  note_made(j, o->secret);
  cli_report_step(report, "secret key", o->secret);
  return true;
}

static umbra_status save_params(const keygen_job *j, const char *path, const umbra_progress *progress) {
  (void)progress;
  return umbra_params_save(j->params, path);
}

static umbra_status save_public(const keygen_job *j, const char *path, const umbra_progress *progress) {
  return umbra_public_key_save(j->public, path, progress);
}

static umbra_status save_eval_keys(const keygen_job *j, const char *path, const umbra_progress *progress) {
  return umbra_eval_keys_save(j->keys, path, progress);
}

/* Written under another name first, in the same folder. */
static bool give_away(keygen_job *j, const char *folder, const char *name, cli_report *report,
                      umbra_status (*save)(const keygen_job *, const char *, const umbra_progress *)) {
  char path[CLI_PATH], draft[CLI_PATH];
  if (!cli_path(path, folder, name)) return false;
  if (snprintf(draft, sizeof draft, "%s.%ld.draft", path, (long)getpid()) >= CLI_PATH)
    return cli_error("the path %s is too long", path);
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, name);
  if (!cli_progress_check(&bar, save(j, draft, &progress), "--out")) return false;
  if (cli_interrupted()) {
    unlink(draft);
    return cli_error("interrupted");
  }
  if (!publish(j, draft, path)) return false;
  cli_report_step(report, name, path);
  return true;
}

static bool give_away_params(keygen_job *j, const char *folder, cli_report *report) {
  char path[CLI_PATH];
  if (!params_agree(folder, j->params) || !cli_path(path, folder, CLI_PARAMS_FILE)) return false;
  return access(path, F_OK) == 0 || give_away(j, folder, CLI_PARAMS_FILE, report, save_params);
}

/* The secret key is kept first: whatever is encrypted under the others can then be decrypted. */
static bool save_all(keygen_job *j, const keygen_options *o, cli_report *report) {
  bool saved = keep_secret(j, o, report) &&
               (!j->public || give_away(j, o->out, CLI_PUBLIC_KEY_FILE, report, save_public)) &&
               give_away(j, o->out, CLI_EVAL_KEYS_FILE, report, save_eval_keys) && give_away_params(j, o->out, report);
  if (!saved) remove_made(j);
  return saved;
}

static void clear(keygen_job *j) {
  explicit_bzero(j->passphrase, sizeof j->passphrase);
  umbra_eval_keys_destroy(j->keys);
  umbra_key_needs_destroy(j->needs);
  umbra_public_key_destroy(j->public);
  umbra_secret_key_destroy(j->secret);
  umbra_context_destroy(j->context);
  umbra_inference_plan_destroy(j->network);
  umbra_train_plan_destroy(j->plan);
  umbra_params_destroy(j->params);
  free(j->rotations);
}

static bool generate(keygen_job *j, const keygen_options *o, cli_report *report) {
  return cli_context_open(&j->context, j->params, &o->engine, report) && make_secret(j, report) &&
         make_eval_keys(j, report) && save_all(j, o, report);
}

/* ---- keys that are there already ---- */

static bool is_key(const char *folder, const char *name, const char *kind) {
  char path[CLI_PATH];
  return cli_path(path, folder, name) && cli_is_kind(path, kind);
}

/* All that this command makes. */
static bool are_there(const keygen_job *j, const keygen_options *o) {
  return cli_is_kind(o->secret, CLI_KIND_SECRET_KEY) && is_key(o->out, CLI_PARAMS_FILE, CLI_KIND_PARAMS) &&
         is_key(o->out, CLI_EVAL_KEYS_FILE, CLI_KIND_EVAL_KEYS) &&
         (!umbra_params_has_public_key(j->params) || is_key(o->out, CLI_PUBLIC_KEY_FILE, CLI_KIND_PUBLIC_KEY));
}

static bool is_of_secret(const keygen_options *o, const char *name) {
  char path[CLI_PATH];
  return cli_path(path, o->out, name) &&
         (cli_same_owner(o->secret, path) ||
          cli_error("--secret: %s is of another owner than %s; neither will be replaced", o->secret, path));
}

/* By the beginnings of files, and what each key is for: nothing is loaded. */
static bool are_enough(const keygen_job *j, const keygen_options *o) {
  return params_agree(o->out, j->params) && is_of_secret(o, CLI_EVAL_KEYS_FILE) &&
         is_of_secret(o, CLI_PUBLIC_KEY_FILE) &&
         (cli_eval_keys_cover("--out", o->out, j->needs, j->params) ||
          cli_error("%s and %s exist already and will not be replaced; new keys need another folder and another secret "
                    "key",
                    o->out, o->secret));
}

static bool keep(const keygen_job *j, const keygen_options *o, cli_report *report) {
  if (!cli_report_open(report) || !are_enough(j, o)) return false;
  cli_report_number(report, "evaluation_keys", (double)umbra_key_needs_count(j->needs));
  cli_report_text(report, "kept", "the keys that are there are enough, and none was made");
  return true;
}

static bool make(keygen_job *j, const keygen_options *o, cli_report *report) {
  if (!places_are_right(o, j->params) || !take_passphrase(j, o) || !cli_report_open(report)) return false;
  cli_interrupts_hold();
  return generate(j, o, report);
}

static bool run(const cli_command *command, int argc, char **argv) {
  keygen_options o = {0};
  const cli_option options[] = {
      {"params", "FILE", "parameters, as umbra params --save writes them", CLI_TEXT, &o.params, CLI_OPTIONAL},
      {"preset", "NAME", "or a preset, see umbra params --list", CLI_TEXT, &o.preset, CLI_OPTIONAL},
      {"plan", "FILE", "or the parameters and keys of a training or a network, as umbra plan writes it", CLI_TEXT,
       &o.plan, CLI_OPTIONAL},
      {"out", "DIR", "folder for the public things; made if it is missing", CLI_TEXT, &o.out, CLI_REQUIRED},
      {"secret", "FILE", "where the secret key goes, outside of DIR", CLI_TEXT, &o.secret, CLI_REQUIRED},
      {"for-logistic", "FEATURES", "the rotations that umbra score needs for so many features (default: none)",
       CLI_COUNT, &o.features, CLI_WITHIN(1, CLI_MAX_FEATURES)},
      {"rotations", "LIST", "further rotations, such as 1,2,-4 (default: none)", CLI_TEXT, &o.rotations, CLI_OPTIONAL},
      {"conjugate", NULL, "a key for conjugation too", CLI_FLAG, &o.conjugate, CLI_OPTIONAL},
      {"padded", "BYTES",
       "further keys that hide which the job needs, up to so many bytes in memory, such as 64G (default: none)",
       CLI_BYTES, &o.padded, CLI_OPTIONAL},
      {"passphrase-file", "FILE", "its first line seals the secret key; -: standard input (default: ask)", CLI_TEXT,
       &o.passphrase_file, CLI_OPTIONAL},
      {"no-passphrase", NULL, "do not seal the secret key", CLI_FLAG, &o.no_passphrase, CLI_OPTIONAL},
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  if (!o.preset + !o.params + !o.plan != 2) cli_usage("exactly one of --params, --preset and --plan is expected");
  if (o.passphrase_file && o.no_passphrase) cli_usage("--passphrase-file and --no-passphrase exclude each other");

  keygen_job *job = calloc(1, sizeof *job);
  if (!job) return cli_error("out of memory");
  cli_report report = {0};
  job->rotations = cli_parse_list(&job->rotation_count, "rotations", o.rotations);
  bool done = open_params(job, &o) && collect_needs(job, &o) &&
              (are_there(job, &o) ? keep(job, &o, &report) : make(job, &o, &report));
  clear(job);
  free(job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_keygen = {
    .name = "keygen",
    .summary = "Makes a secret key, and the public and evaluation keys that belong to it.",
    .details = "DIR gets " CLI_PARAMS_FILE ", " CLI_PUBLIC_KEY_FILE " (encrypts) and " CLI_EVAL_KEYS_FILE
               " (what a server computes with).\n"
               "Existing keys are never replaced; if those in DIR and FILE belong together and are enough, nothing is\n"
               "made, and that is said. Whoever has the secret key can read everything: keep it apart.\n\n"
               "--plan makes exactly the keys of that training or network, each for the levels at which it is used,\n"
               "and those of --for-logistic and --rotations besides. Of a network's plan the client's bundle does.\n"
               "Under some parameters there is no public key: then the owner encrypts with the secret key. Which keys\n"
               "there are tells a server about the computation; with --padded there are more, and they tell less.\n\n"
               "Examples:\n"
               "  mkdir -m 700 secret\n"
               "  umbra keygen --params params.umbra --for-logistic 30 --out keys --secret secret/key.umbra\n"
               "  umbra keygen --plan plan.umbra --out keys --secret secret/key.umbra\n"
               "  umbra keygen --plan client.umbra --out keys --secret secret/key.umbra\n"
               "  umbra keygen --params params.umbra --rotations 1,2,-4 --conjugate --out keys \\\n"
               "    --secret secret/key.umbra --passphrase-file secret/passphrase",
    .run = run};
