/* SPDX-License-Identifier: Apache-2.0 */
/* What a server computes: a file of records or, one after the other, all such files of a folder. */
#ifndef UMBRA_CLI_NETWORK_BATCHES_H
#define UMBRA_CLI_NETWORK_BATCHES_H

#include "engine.h"

typedef struct cli_batch {
  char in[CLI_PATH], out[CLI_PATH];
} cli_batch;

typedef struct cli_batches {
  cli_batch *batch;
  size_t count;
  bool folder;
} cli_batches;

/*
 * The encrypted matrices of a folder in the order of their names, each to a file of its name in the folder `out`, which
 * is made if it is not there; or the file `in`, to one that is no folder. False, with an error, if there are none.
 */
bool cli_batches_find(cli_batches *batches, const char *in, const char *out);
void cli_batches_clear(cli_batches *batches);

#endif
