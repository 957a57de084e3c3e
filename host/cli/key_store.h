/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key stores: a token behind a PKCS#11 module, which the program loads when it is told to. An AES key in the token wraps the
 * keys of secret keys' files by AES-GCM: 12 bytes that nobody chose, the 32 encrypted ones, and the tag of 16.
 */
#ifndef UMBRA_CLI_KEY_STORE_H
#define UMBRA_CLI_KEY_STORE_H

#include <stdbool.h>
#include <umbra/key_store.h>

#include "pkcs11.h"

typedef struct cli_key_store {
  void *module; /* NULL: there is none */
  CK_FUNCTION_LIST *pkcs11;
  CK_ULONG session, key;
  bool initialised;
  umbra_key_store store; /* what the library is given */
} cli_key_store;

/*
 * By its name (pkcs11_uri.h). Asks for the PIN at the terminal, if it is in no file. False, with an error, if there is none;
 * close it in any case, while it is where it was opened. Secrets have begun (cli_secrets_begin).
 */
bool cli_key_store_open(cli_key_store *store, const char *option, const char *uri);
void cli_key_store_close(cli_key_store *store);

#endif
