/* SPDX-License-Identifier: Apache-2.0 */
/* Decrypted values in files: for the owner of the key alone, who keeps them as keys are kept. */
#ifndef UMBRA_CLI_OPENED_H
#define UMBRA_CLI_OPENED_H

#include <stdbool.h>

/*
 * From here on new files have mode 0600, and one that is there already at that path. False, with an error, if the path lies
 * in a folder with files that are given away.
 */
bool cli_opened_prepare(const char *option, const char *path);

#endif
