/* SPDX-License-Identifier: Apache-2.0 */
/* The secret key, for commands of its owner. */
#ifndef UMBRA_CLI_SECRET_H
#define UMBRA_CLI_SECRET_H

#include "engine.h"
#include "pkcs11_uri.h"

/* What seals or opens it: a passphrase, or a key store (key_store.h), by its name; or, where that may be, neither. */
typedef struct cli_secret {
  const char *file, *passphrase_file, *store;
} cli_secret;

#define CLI_PASSPHRASE_OPTIONS(secret)                                                                     \
  {"passphrase-file",                                                                                      \
   "FILE",                                                                                                 \
   "its first line opens the secret key; -: standard input (default: ask)",                                \
   CLI_TEXT,                                                                                               \
   &(secret).passphrase_file,                                                                              \
   CLI_OPTIONAL},                                                                                          \
  {                                                                                                        \
    "store", "URI", "or the key store that opens it, such as " CLI_PKCS11_FORM, CLI_TEXT, &(secret).store, \
        CLI_OPTIONAL                                                                                       \
  }

/* Wrong usage if both are given. */
void cli_secret_check(const cli_secret *secret);

/*
 * From here on the process leaves no core dump, and may lock as much memory as it can be allowed to; cli_secret_load begins
 * with it. Main ends it when the command has wiped its secrets.
 */
void cli_secrets_begin(void);
void cli_secrets_end(void);

/* A warning if the key's memory is not locked. */
void cli_secret_say_locked(const umbra_secret_key *key, cli_report *report);

/*
 * Asks for a passphrase only if there is no file with it and the key turns out to be sealed. A note if the key is out of use:
 * it still decrypts.
 */
bool cli_secret_load(umbra_secret_key **key, const umbra_context *context, const cli_secret *secret,
                     cli_report *report);

/* The same of a key that signs, and that is out of use otherwise. */
bool cli_signing_key_load(umbra_signing_key **key, const cli_secret *secret, cli_report *report);

/* False, with an error, if it is to encrypt and is out of use. Without a secret key: nothing is asked. */
bool cli_secret_encrypts(const cli_secret *secret);

/*
 * False, with an error, if public and evaluation keys in a folder of keys, and the secret key, are not of one owner.
 * Either may lack (NULL). Before any of them is loaded.
 */
bool cli_secret_fits(const cli_secret *secret, const char *folder);

#endif
