/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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

static bool load_with_passphrase(umbra_secret_key **key, const umbra_context *context, const cli_secret *secret) {
  const char *file = secret->passphrase_file;
  char passphrase[CLI_PASSPHRASE];
  bool loaded =
      (file ? cli_passphrase_read(passphrase, file) : cli_passphrase_ask(passphrase, "Passphrase of the secret key")) &&
      cli_check(umbra_secret_key_load(key, context, secret->file, passphrase),
                file ? "--secret, --passphrase-file" : "--secret");
  explicit_bzero(passphrase, sizeof passphrase);
  return loaded;
}

bool cli_secret_load(umbra_secret_key **key, const umbra_context *context, const cli_secret *secret,
                     cli_report *report) {
  cli_secrets_begin();
  umbra_status status =
      secret->passphrase_file ? UMBRA_ERROR_PASSPHRASE : umbra_secret_key_load(key, context, secret->file, NULL);
  if (status == UMBRA_ERROR_PASSPHRASE ? !load_with_passphrase(key, context, secret) : !cli_check(status, "--secret"))
    return false;
  cli_secret_say_locked(*key, report);
  cli_report_step(report, "load secret key", secret->file);
  return true;
}

bool cli_secret_fits(const cli_secret *secret, const char *folder) {
  const cli_owned files[] = {{"--keys", folder, folder ? CLI_PUBLIC_KEY_FILE : NULL},
                             {"--keys", folder, folder ? CLI_EVAL_KEYS_FILE : NULL},
                             {"--secret", NULL, secret->file}};
  return cli_owners_agree(files, 3);
}
