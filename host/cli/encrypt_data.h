/* SPDX-License-Identifier: Apache-2.0 */
/* What umbra encrypt does with labelled records: the encrypted data set of a training. */
#ifndef UMBRA_CLI_ENCRYPT_DATA_H
#define UMBRA_CLI_ENCRYPT_DATA_H

#include "secret.h"
#include "training.h"

typedef struct cli_data_options {
  const char *data, *plan, *keys, *scaling, *initial, *out; /* keys: NULL for the owner of a secret key */
  cli_secret secret;
  cli_table_options table;
  bool clip, other_records, no_estimate, json;
  cli_engine engine;
} cli_data_options;

bool cli_data_encrypt(const cli_data_options *options, cli_report *report);

#endif
