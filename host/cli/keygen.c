/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "estimate.h"
#include "key_life.h"
#include "network.h"
#include "new_keys.h"
#include "owners.h"
#include "progress.h"
#include "secret.h"
#include "target.h"
#include "training.h"

typedef struct keygen_options {
  const char *preset, *params, *plan, *out, *rotations, *expires;
  cli_secret secret;
  uint32_t features;
  uint64_t padded;
  bool conjugate, signing, no_passphrase, no_estimate, json;
  cli_engine engine;
} keygen_options;

typedef struct keygen_job {
  umbra_params *params;
  umbra_train_plan *plan; /* this one, that one or neither */
  umbra_inference_plan *network;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_key_needs *needs;
  int32_t *rotations;
  int rotation_count;
  umbra_key_life life;
  cli_sealing sealing;
  cli_made made;
} keygen_job;

/* ---- where the files go ---- */

static bool public_files_free(const char *folder) {
  char path[CLI_PATH];
  return cli_path(path, folder, CLI_PUBLIC_KEY_FILE) && cli_place_free("--out", path) &&
         cli_path(path, folder, CLI_EVAL_KEYS_FILE) && cli_place_free("--out", path);
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

/* What is free is still free when the keys are made: both places are claimed before anybody looks. */
static bool places_are_right(const keygen_options *o, const umbra_params *params) {
  return cli_places_claim(o->out, o->secret.file) && public_files_free(o->out) && params_agree(o->out, params);
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

/* There is no public key under parameters that are secure without one only. */
static bool make_secret(keygen_job *j, cli_report *report) {
  const bool public = umbra_params_has_public_key(j->params);
  if (!cli_check(umbra_secret_key_generate_for(&j->secret, j->context, &j->life), NULL) ||
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

static bool estimate(const keygen_job *j, const keygen_options *o, cli_report *report) {
  return o->no_estimate || cli_estimate_keys(j->needs, j->secret, j->context, report, o->json);
}

/* ---- files ---- */

static umbra_status save_secret(const keygen_job *j, const char *path) {
  const cli_sealing *sealing = &j->sealing;
  return sealing->to_the_store ? umbra_secret_key_save_stored(j->secret, path, sealing->to_the_store)
                               : umbra_secret_key_save(j->secret, path, sealing->passphrase);
}

static bool keep_secret(keygen_job *j, const keygen_options *o, cli_report *report) {
  char expires[CLI_UNITS];
  if (!cli_check(save_secret(j, o->secret.file), "--secret")) return false;
  cli_made_note(&j->made, o->secret.file);
  if (j->life.expires) cli_report_text(report, "expires", cli_time_text(expires, j->life.expires));
  cli_report_step(report, "secret key", o->secret.file);
  return true;
}

static umbra_status save_params(const void *job, const char *path, const umbra_progress *progress) {
  (void)progress;
  return umbra_params_save(((const keygen_job *)job)->params, path);
}

static umbra_status save_public(const void *job, const char *path, const umbra_progress *progress) {
  return umbra_public_key_save(((const keygen_job *)job)->public, path, progress);
}

/* Most of the work: they are made as they are written. */
static umbra_status save_eval_keys(const void *job, const char *path, const umbra_progress *progress) {
  const keygen_job *j = job;
  return umbra_eval_keys_generate_save(j->secret, j->needs, path, progress);
}

static bool give_away(keygen_job *j, const char *folder, const char *name, cli_report *report, cli_save save) {
  return cli_give_away(&j->made, folder, name, report, save, j);
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
  if (!saved) cli_made_remove(&j->made);
  else cli_report_number(report, "evaluation_keys", (double)umbra_key_needs_count(j->needs));
  return saved;
}

static void clear(keygen_job *j) {
  cli_sealing_close(&j->sealing);
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
         estimate(j, o, report) && save_all(j, o, report);
}

/* ---- keys that are there already ---- */

static bool is_key(const char *folder, const char *name, const char *kind) {
  char path[CLI_PATH];
  return cli_path(path, folder, name) && cli_is_kind(path, kind);
}

/* All that this command makes. */
static bool are_there(const keygen_job *j, const keygen_options *o) {
  return cli_is_kind(o->secret.file, CLI_KIND_SECRET_KEY) && is_key(o->out, CLI_PARAMS_FILE, CLI_KIND_PARAMS) &&
         is_key(o->out, CLI_EVAL_KEYS_FILE, CLI_KIND_EVAL_KEYS) &&
         (!umbra_params_has_public_key(j->params) || is_key(o->out, CLI_PUBLIC_KEY_FILE, CLI_KIND_PUBLIC_KEY));
}

static bool is_of_secret(const keygen_options *o, const char *name) {
  char path[CLI_PATH];
  return cli_path(path, o->out, name) &&
         (cli_same_owner(o->secret.file, path) ||
          cli_error("--secret: %s is of another owner than %s; neither will be replaced", o->secret.file, path));
}

/* By the beginnings of files, and what each key is for: nothing is loaded. */
static bool are_enough(const keygen_job *j, const keygen_options *o) {
  return params_agree(o->out, j->params) && is_of_secret(o, CLI_EVAL_KEYS_FILE) &&
         is_of_secret(o, CLI_PUBLIC_KEY_FILE) && cli_key_serves("--secret", o->secret.file) &&
         (!umbra_params_has_public_key(j->params) || cli_key_serves_in("--out", o->out, CLI_PUBLIC_KEY_FILE)) &&
         cli_life_agrees("--secret", o->secret.file, o->expires) &&
         (cli_eval_keys_cover("--out", o->out, j->needs, j->params) ||
          cli_error("%s and %s exist already and will not be replaced; new keys need another folder and another secret "
                    "key",
                    o->out, o->secret.file));
}

static bool keep(const keygen_job *j, const keygen_options *o, cli_report *report) {
  if (!cli_report_open(report) || !are_enough(j, o)) return false;
  cli_report_number(report, "evaluation_keys", (double)umbra_key_needs_count(j->needs));
  cli_report_text(report, "kept", "the keys that are there are enough, and none was made");
  return true;
}

static bool make(keygen_job *j, const keygen_options *o, cli_report *report) {
  j->life = cli_life_of(o->expires);
  if (!places_are_right(o, j->params) || !cli_sealing_open(&j->sealing, &o->secret, o->no_passphrase) ||
      !cli_report_open(report))
    return false;
  cli_interrupts_hold();
  return generate(j, o, report);
}

static bool make_or_keep(const keygen_options *o, cli_report *report) {
  keygen_job *job = calloc(1, sizeof *job);
  if (!job) return cli_error("out of memory");
  job->rotations = cli_parse_list(&job->rotation_count, "rotations", o->rotations);
  bool done =
      open_params(job, o) && collect_needs(job, o) && (are_there(job, o) ? keep(job, o, report) : make(job, o, report));
  clear(job);
  free(job);
  return done;
}

static void check_usage(const keygen_options *o) {
  if (!o->preset + !o->params + !o->plan + !o->signing != 3)
    cli_usage("exactly one of --params, --preset, --plan and --signing is expected");
  if (!!o->secret.passphrase_file + !!o->secret.store + o->no_passphrase > 1)
    cli_usage("--passphrase-file, --store and --no-passphrase exclude each other");
  if (o->signing && (o->features || o->rotations || o->conjugate || o->padded || o->engine.device ||
                     o->engine.threads || o->engine.trace))
    cli_usage("--signing makes a key that signs: --for-logistic, --rotations, --conjugate, --padded and how to compute "
              "are for other keys");
}

static bool run(const cli_command *command, int argc, char **argv) {
  keygen_options o = {0};
  const cli_option options[] = {
      {"params", "FILE", "parameters, as umbra params --save writes them", CLI_TEXT, &o.params, CLI_OPTIONAL},
      {"preset", "NAME", "or a preset, see umbra params --list", CLI_TEXT, &o.preset, CLI_OPTIONAL},
      {"plan", "FILE", "or the parameters and keys of a training or a network, as umbra plan writes it", CLI_TEXT,
       &o.plan, CLI_OPTIONAL},
      {"signing", NULL, "or a key that signs manifests, see umbra sign", CLI_FLAG, &o.signing, CLI_OPTIONAL},
      {"out", "DIR", "folder for the public things; made if it is missing", CLI_TEXT, &o.out, CLI_REQUIRED},
      {"secret", "FILE", "where the secret key goes, outside of DIR", CLI_TEXT, &o.secret.file, CLI_REQUIRED},
      {"expires", "WHEN", "a date, such as 2027-01-31 (its beginning, UTC), or in so many days (default: never)",
       CLI_TEXT, &o.expires, CLI_OPTIONAL},
      {"for-logistic", "FEATURES", "the rotations that umbra score needs for so many features (default: none)",
       CLI_COUNT, &o.features, CLI_WITHIN(1, CLI_MAX_FEATURES)},
      {"rotations", "LIST", "further rotations, such as 1,2,-4 (default: none)", CLI_TEXT, &o.rotations, CLI_OPTIONAL},
      {"conjugate", NULL, "a key for conjugation too", CLI_FLAG, &o.conjugate, CLI_OPTIONAL},
      {"padded", "BYTES",
       "further keys that hide which the job needs, up to so many bytes in memory, such as 64G (default: none)",
       CLI_BYTES, &o.padded, CLI_OPTIONAL},
      {"passphrase-file", "FILE", "its first line seals the secret key; -: standard input (default: ask)", CLI_TEXT,
       &o.secret.passphrase_file, CLI_OPTIONAL},
      {"store", "URI", "or a key store that seals it, such as " CLI_PKCS11_FORM, CLI_TEXT, &o.secret.store,
       CLI_OPTIONAL},
      {"no-passphrase", NULL, "do not seal the secret key", CLI_FLAG, &o.no_passphrase, CLI_OPTIONAL},
      CLI_NO_ESTIMATE_OPTION(o.no_estimate, "a key"),
      CLI_ENGINE_OPTIONS(o.engine),
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  check_usage(&o);

  cli_report report = {0};
  const cli_keygen_place signing = {o.out, o.expires, o.secret, o.no_passphrase};
  bool done = o.signing ? cli_signing_keygen(&signing, &report) : make_or_keep(&o, &report);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_keygen = {
    .name = "keygen",
    .summary = "Makes a secret key and the public and evaluation keys that belong to it, or a key that signs.",
    .details =
        "DIR gets " CLI_PARAMS_FILE ", " CLI_PUBLIC_KEY_FILE " (encrypts) and " CLI_EVAL_KEYS_FILE
        " (what a server computes with).\n"
        "Existing keys are never replaced; if those in DIR and FILE belong together and are enough, nothing is\n"
        "made, and that is said. Whoever has the secret key can read everything: keep it apart.\n\n"
        "--plan makes exactly the keys of that training or network, each for the levels at which it is used,\n"
        "and those of --for-logistic and --rotations besides. Of a network's plan the client's bundle does.\n"
        "Under some parameters there is no public key: then the owner encrypts with the secret key. Which keys\n"
        "there are tells a server about the computation; with --padded there are more, and they tell less.\n\n"
        "Keys that expire are refused for encrypting and computing from then on; the secret key still decrypts.\n"
        "umbra retire takes keys out of use at once. --store seals the secret key by an AES key in a token, which\n"
        "is reached by the token's PKCS#11 module; the PIN is asked for, or comes from ?pin-source=FILE.\n"
        "--signing makes the key of umbra sign; DIR gets " CLI_SIGNER_FILE ", for those who verify.\n\n"
        "Examples:\n"
        "  mkdir -m 700 secret\n"
        "  umbra keygen --params params.umbra --for-logistic 30 --out keys --secret secret/key.umbra\n"
        "  umbra keygen --plan plan.umbra --out keys --secret secret/key.umbra\n"
        "  umbra keygen --plan client.umbra --out keys --secret secret/key.umbra\n"
        "  umbra keygen --params params.umbra --rotations 1,2,-4 --conjugate --out keys \\\n"
        "    --secret secret/key.umbra --passphrase-file secret/passphrase\n"
        "  umbra keygen --preset n14-d7-s40 --expires 365 --out keys --secret secret/key.umbra \\\n"
        "    --store 'pkcs11:token=work;object=umbra?module-path=/usr/lib/softhsm/libsofthsm2.so'\n"
        "  umbra keygen --signing --out signer --secret secret/signing.umbra",
    .run = run};
