/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11_uri.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char scheme[] = "pkcs11:", file_scheme[] = "file:";

/* The bytes of a value, of which some are written %XX. False if one of those is 0 or none, or there is no room. */
static bool decode(char *value, size_t room, const char *text, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++) {
    char byte = text[i];
    if (byte == '%') {
      if (length - i < 3 || !isxdigit((unsigned char)text[i + 1]) || !isxdigit((unsigned char)text[i + 2]))
        return false;
      byte = (char)strtol((char[]){text[i + 1], text[i + 2], '\0'}, NULL, 16);
      i += 2;
    }
    if (!byte || count == room - 1) return false;
    value[count++] = byte;
  }
  value[count] = '\0';
  return count > 0;
}

/* NULL: the name is not known. */
static char *target_of(size_t *room, cli_pkcs11_uri *uri, const char *name, size_t length) {
  const struct {
    const char *name;
    char *value;
    size_t room;
  } known[] = {{"token", uri->token, sizeof uri->token},
               {"object", uri->object, sizeof uri->object},
               {"module-path", uri->module, sizeof uri->module},
               {"pin-source", uri->pin_source, sizeof uri->pin_source}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    *room = known[i].room;
    if (strlen(known[i].name) == length && memcmp(known[i].name, name, length) == 0) return known[i].value;
  }
  return NULL;
}

/* One attribute, NAME=VALUE. */
static bool take(cli_pkcs11_uri *uri, const char *option, const char *text, size_t length) {
  const char *equals = memchr(text, '=', length);
  const size_t name = equals ? (size_t)(equals - text) : length;
  size_t room;
  char *value = target_of(&room, uri, text, name);
  if (name == strlen("pin-value") && memcmp(text, "pin-value", name) == 0)
    return cli_error("%s: a PIN in arguments can be seen by others: give pin-source=FILE, or be asked for it", option);
  if (!value)
    return cli_error("%s: \"%.*s\" is not known: token, object, module-path and pin-source are", option, (int)name,
                     text);
  if (*value) return cli_error("%s: %.*s comes twice", option, (int)name, text);
  return (equals && decode(value, room, equals + 1, length - name - 1)) ||
         cli_error("%s: %.*s has no value, or too long a one, or none of bytes and %%XX", option, (int)name, text);
}

bool cli_pkcs11_uri_parse(cli_pkcs11_uri *uri, const char *option, const char *text) {
  *uri = (cli_pkcs11_uri){0};
  if (strncmp(text, scheme, sizeof scheme - 1) != 0)
    return cli_error("%s: a key store is named as in " CLI_PKCS11_FORM ", not \"%s\"", option, text);
  for (const char *at = text + sizeof scheme - 1; *at;) {
    const size_t length = strcspn(at, ";?&");
    if (!take(uri, option, at, length)) return false;
    at += length + (at[length] != '\0');
  }
  if (!*uri->object || !*uri->module)
    return cli_error("%s: object and module-path are needed, as in " CLI_PKCS11_FORM, option);
  if (strncmp(uri->pin_source, file_scheme, sizeof file_scheme - 1) == 0)
    memmove(uri->pin_source, uri->pin_source + sizeof file_scheme - 1,
            strlen(uri->pin_source) - sizeof file_scheme + 2);
  return true;
}
