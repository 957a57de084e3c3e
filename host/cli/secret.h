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

/*
 * False, with an error, if public and evaluation keys in a folder of keys, and the secret key, are not of one owner.
 * Either may lack (NULL). Before any of them is loaded.
 */
bool cli_secret_fits(const cli_secret *secret, const char *folder);

#endif
