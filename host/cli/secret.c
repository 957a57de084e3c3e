/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <string.h>

#include "owners.h"
#include "passphrase.h"

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
  umbra_status status =
      secret->passphrase_file ? UMBRA_ERROR_PASSPHRASE : umbra_secret_key_load(key, context, secret->file, NULL);
  if (status == UMBRA_ERROR_PASSPHRASE ? !load_with_passphrase(key, context, secret) : !cli_check(status, "--secret"))
    return false;
  cli_report_step(report, "load secret key", secret->file);
  return true;
}

bool cli_secret_fits(const cli_secret *secret, const char *folder) {
  const cli_owned files[] = {{"--keys", folder, folder ? CLI_PUBLIC_KEY_FILE : NULL},
                             {"--keys", folder, folder ? CLI_EVAL_KEYS_FILE : NULL},
                             {"--secret", NULL, secret->file}};
  return cli_owners_agree(files, 3);
}
