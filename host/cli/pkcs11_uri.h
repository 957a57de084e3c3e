/* SPDX-License-Identifier: Apache-2.0 */
/* Names of keys in tokens: pkcs11:token=T;object=KEY?module-path=FILE&pin-source=FILE, as RFC 7512 has them. */
#ifndef UMBRA_CLI_PKCS11_URI_H
#define UMBRA_CLI_PKCS11_URI_H

#include "engine.h"
#include "target.h"

typedef struct cli_pkcs11_uri {
  char token[CLI_NAME], object[CLI_NAME]; /* token: may be "", and so may pin_source */
  char module[CLI_PATH], pin_source[CLI_PATH];
} cli_pkcs11_uri;

#define CLI_PKCS11_FORM "pkcs11:token=T;object=KEY?module-path=FILE"

/* False, with an error that names the option, if it is none, says what is not known here, or has a PIN in it. */
bool cli_pkcs11_uri_parse(cli_pkcs11_uri *uri, const char *option, const char *text);

#endif
