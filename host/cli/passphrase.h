/* SPDX-License-Identifier: Apache-2.0 */
/* Passphrases come from a file or from the terminal: arguments and the environment are visible to others. */
#ifndef UMBRA_CLI_PASSPHRASE_H
#define UMBRA_CLI_PASSPHRASE_H

#include <stdbool.h>

enum { CLI_PASSPHRASE = 1024 };

#define CLI_PASSPHRASE_FILE "--passphrase-file"

/*
 * The first line of the file that an option names, or of standard input for "-", without LF or CR LF. False, with an error, if
 * it cannot be read, is empty or too long.
 */
bool cli_passphrase_read(char passphrase[CLI_PASSPHRASE], const char *option, const char *file);

/* Asks at the terminal, without echo. False, with an error that says what to give instead, if there is none or the answer is empty. */
bool cli_passphrase_ask(char passphrase[CLI_PASSPHRASE], const char *prompt, const char *instead);

/* Asks twice. False, with an error, if the answers differ. */
bool cli_passphrase_choose(char passphrase[CLI_PASSPHRASE]);

#endif
