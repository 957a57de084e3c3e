/* SPDX-License-Identifier: Apache-2.0 */
/* Decrypted values in files and in memory: for the owner of the key alone, who keeps them as keys are kept. */
#ifndef UMBRA_CLI_OPENED_H
#define UMBRA_CLI_OPENED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * From here on new files have mode 0600, and one that is there already at that path. False, with an error, if the path lies
 * in a folder with files that are given away.
 */
bool cli_opened_prepare(const char *option, const char *path);

/* False, with an error, if that folder has such files: what tells about records, without being decrypted, is kept so, too. */
bool cli_opened_lies_apart(const char *option, const char *path);

/*
 * For whoever fills a folder that is given away. False, with an error, if it has tables, models or reports that nobody but
 * their owner may read, which is how the program leaves decrypted values.
 */
bool cli_opened_lacks(const char *option, const char *folder);

/* Overwrites values, or what follows from them, before their memory is given back. */
void cli_opened_free(void *values, size_t bytes);

/* From here on cJSON does so with all that it has held. */
void cli_opened_wipe_json(void);

#endif
