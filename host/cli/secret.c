/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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

/* By the header, which is all that is read: keys may be large. */
static bool find_owner(uint8_t owner[UMBRA_OWNER_BYTES], const char *path) {
  uint8_t header[UMBRA_HEADER_BYTES];
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  const size_t got = cli_read_head(header, sizeof header, path);
  if (!got || umbra_buffer_inspect(&info, header, got) != UMBRA_OK) return false;
  memcpy(owner, info.owner, UMBRA_OWNER_BYTES);
  return true;
}

bool cli_secret_fits(const umbra_secret_key *key, const char *folder) {
  static const char *const names[] = {CLI_PUBLIC_KEY_FILE, CLI_EVAL_KEYS_FILE};
  uint8_t owner[UMBRA_OWNER_BYTES], found[UMBRA_OWNER_BYTES];
  umbra_secret_key_owner(key, owner);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[CLI_PATH];
    if (!cli_path(path, folder, names[i])) return false;
    if (find_owner(found, path) && memcmp(owner, found, sizeof owner) != 0)
      return cli_error("--secret: this key is of another owner than %s", path);
  }
  return true;
}
