/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "key_life.h"
#include "key_store.h"
#include "owners.h"
#include "passphrase.h"
#include "target.h"

/* ---- the process that has secrets ---- */

static bool guarded;

/* A limit of 0 does not keep a core from a program that takes them all, as systemd's; what is not dumpable has none. */
void cli_secrets_begin(void) {
  struct rlimit cores = {0}, locked;
  guarded = true;
  if (getrlimit(RLIMIT_CORE, &cores) == 0) cores.rlim_cur = 0;
  (void)setrlimit(RLIMIT_CORE, &cores);
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (getrlimit(RLIMIT_MEMLOCK, &locked) != 0) return;
  locked.rlim_cur = locked.rlim_max;
  (void)setrlimit(RLIMIT_MEMLOCK, &locked);
}

void cli_secrets_end(void) {
  if (guarded) (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

void cli_secret_say_locked(const umbra_secret_key *key, cli_report *report) {
  if (umbra_secret_key_is_locked(key)) return;
  cli_report_warning(report,
                     "the memory of the secret key could not be locked, so that it may reach the swap; ulimit -l "
                     "says how much can be");
}

/* ---- loading ---- */

void cli_secret_check(const cli_secret *secret) {
  if (secret->passphrase_file && secret->store) cli_usage("--passphrase-file and --store exclude each other");
}

/* How keys of a kind are loaded, by a passphrase, a store or, both NULL, neither. */
typedef struct loader {
  umbra_status (*load)(const struct loader *loader, const char *passphrase, const umbra_key_store *store);
  const char *file;
  const umbra_context *context;
  umbra_secret_key **secret;
  umbra_signing_key **signing;
} loader;

static umbra_status load_secret(const loader *l, const char *passphrase, const umbra_key_store *store) {
  return store ? umbra_secret_key_load_stored(l->secret, l->context, l->file, store)
               : umbra_secret_key_load(l->secret, l->context, l->file, passphrase);
}

static umbra_status load_signing(const loader *l, const char *passphrase, const umbra_key_store *store) {
  return umbra_signing_key_load(l->signing, l->file, passphrase, store);
}

static bool load_with_passphrase(const loader *l, const char *file) {
  char passphrase[CLI_PASSPHRASE];
  bool loaded = (file ? cli_passphrase_read(passphrase, CLI_PASSPHRASE_FILE, file)
                      : cli_passphrase_ask(passphrase, "Passphrase of the secret key", CLI_PASSPHRASE_FILE)) &&
                cli_check(l->load(l, passphrase, NULL), file ? "--secret, --passphrase-file" : "--secret");
  explicit_bzero(passphrase, sizeof passphrase);
  return loaded;
}

static bool load_with_store(const loader *l, const char *uri) {
  cli_key_store store;
  bool loaded =
      cli_key_store_open(&store, "--store", uri) && cli_check(l->load(l, NULL, &store.store), "--secret, --store");
  cli_key_store_close(&store);
  return loaded;
}

static bool load(const loader *l, const cli_secret *secret) {
  uint32_t flags = 0;
  cli_secrets_begin();
  if (secret->store) return load_with_store(l, secret->store);
  if (!secret->passphrase_file && cli_file_kind(l->file, &flags) && flags & CLI_FLAG_STORED)
    return cli_error("--secret: %s is sealed by a key store: --store URI opens it", l->file);
  const umbra_status status = secret->passphrase_file ? UMBRA_ERROR_PASSPHRASE : l->load(l, NULL, NULL);
  return status == UMBRA_ERROR_PASSPHRASE ? load_with_passphrase(l, secret->passphrase_file)
                                          : cli_check(status, "--secret");
}

bool cli_secret_load(umbra_secret_key **key, const umbra_context *context, const cli_secret *secret,
                     cli_report *report) {
  const loader how = {.load = load_secret, .file = secret->file, .context = context, .secret = key};
  if (!load(&how, secret) || !cli_key_opens("--secret", secret->file, report)) return false;
  cli_secret_say_locked(*key, report);
  cli_report_step(report, "load secret key", secret->file);
  return true;
}

bool cli_signing_key_load(umbra_signing_key **key, const cli_secret *secret, cli_report *report) {
  const loader how = {.load = load_signing, .file = secret->file, .signing = key};
  if (!cli_key_serves("--secret", secret->file) || !load(&how, secret)) return false;
  cli_report_step(report, "load signing key", secret->file);
  return true;
}

bool cli_secret_encrypts(const cli_secret *secret) { return !secret->file || cli_key_serves("--secret", secret->file); }

bool cli_secret_fits(const cli_secret *secret, const char *folder) {
  const cli_owned files[] = {{"--keys", folder, folder ? CLI_PUBLIC_KEY_FILE : NULL},
                             {"--keys", folder, folder ? CLI_EVAL_KEYS_FILE : NULL},
                             {"--secret", NULL, secret->file}};
  return cli_owners_agree(files, 3);
}
