/* SPDX-License-Identifier: Apache-2.0 */
/* Whose files are, by their headers: found out before keys are loaded, which takes long. */
#ifndef UMBRA_CLI_OWNERS_H
#define UMBRA_CLI_OWNERS_H

#include <stdbool.h>

/* folder: NULL, or the one that the file is in; file NULL: there is none. */
typedef struct cli_owned {
  const char *option, *folder, *file;
} cli_owned;

/*
 * False, with an error that names two files, if they are of several owners. What is missing, or has no owner, is passed
 * over: whoever opens it says what is wrong.
 */
bool cli_owners_agree(const cli_owned *files, int count);

/* The same of two files, without an error. */
bool cli_same_owner(const char *path, const char *other);

#endif
