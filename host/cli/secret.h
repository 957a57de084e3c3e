/* SPDX-License-Identifier: Apache-2.0 */
/* The secret key, for commands of its owner. */
#ifndef UMBRA_CLI_SECRET_H
#define UMBRA_CLI_SECRET_H

#include "engine.h"

typedef struct cli_secret {
  const char *file, *passphrase_file;
} cli_secret;

#define CLI_PASSPHRASE_OPTION(secret)                                                          \
  {                                                                                            \
    "passphrase-file", "FILE", "its first line opens the secret key (default: ask)", CLI_TEXT, \
        &(secret).passphrase_file, CLI_OPTIONAL                                                \
  }

/* Asks for a passphrase only if there is no file with it and the key turns out to be sealed. */
bool cli_secret_load(umbra_secret_key **key, const umbra_context *context, const cli_secret *secret,
                     cli_report *report);

/* Whose a file of Umbra is, by its header, which is all that is read: keys may be large. False if there is no such file. */
bool cli_owner_of(uint8_t owner[UMBRA_OWNER_BYTES], const char *path);

/* False, without an error, if two such files, both there, are of different owners. */
bool cli_owners_agree(const char *path, const char *other);

/* False, with an error, if public or evaluation keys in a folder of keys are of another owner than the secret key. */
bool cli_secret_fits(const umbra_secret_key *key, const char *folder);

#endif
