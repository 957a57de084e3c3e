/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <stdio.h>
#include <string.h>

#include "passphrase.h"
#include "target.h"

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

bool cli_owner_of(uint8_t owner[UMBRA_OWNER_BYTES], const char *path) {
  uint8_t header[UMBRA_HEADER_BYTES];
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  if (!cli_file_kind(path, NULL)) return false; /* a pipe, for one, in which there is nothing to wait for */
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  const size_t got = fread(header, 1, sizeof header, file);
  fclose(file);
  if (umbra_buffer_inspect(&info, header, got) != UMBRA_OK) return false;
  memcpy(owner, info.owner, UMBRA_OWNER_BYTES);
  return true;
}

bool cli_owners_agree(const char *path, const char *other) {
  uint8_t owner[UMBRA_OWNER_BYTES], found[UMBRA_OWNER_BYTES];
  return !cli_owner_of(owner, path) || !cli_owner_of(found, other) || memcmp(owner, found, sizeof owner) == 0;
}

bool cli_secret_fits(const umbra_secret_key *key, const char *folder) {
  static const char *const names[] = {CLI_PUBLIC_KEY_FILE, CLI_EVAL_KEYS_FILE};
  uint8_t owner[UMBRA_OWNER_BYTES], found[UMBRA_OWNER_BYTES];
  umbra_secret_key_owner(key, owner);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[CLI_PATH];
    if (!cli_path(path, folder, names[i])) return false;
    if (cli_owner_of(found, path) && memcmp(owner, found, sizeof owner) != 0)
      return cli_error("--secret: this key is of another owner than %s", path);
  }
  return true;
}
