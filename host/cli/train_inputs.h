/* SPDX-License-Identifier: Apache-2.0 */
/* What a server trains with, and whoever audits it: the plan beside the data set, a context, and evaluation keys. */
#ifndef UMBRA_CLI_TRAIN_INPUTS_H
#define UMBRA_CLI_TRAIN_INPUTS_H

#include "training.h"

/* Zero-initialise. */
typedef struct cli_train_inputs {
  const char *keys, *data; /* folders */
  umbra_train_plan *plan;
  umbra_train_options planned;
  umbra_train_report needed;
  umbra_key_needs *needs;
  umbra_context *context;
  umbra_eval_keys *evaluation;
} cli_train_inputs;

bool cli_train_inputs_plan(cli_train_inputs *inputs, cli_report *report);

/* The context, in which so many bytes of the data set may stay; and whether the keys suffice. None are loaded. */
bool cli_train_inputs_context(cli_train_inputs *inputs, const cli_engine *engine, uint64_t memory, cli_report *report);
bool cli_train_inputs_keys(cli_train_inputs *inputs, cli_report *report);

void cli_train_inputs_clear(cli_train_inputs *inputs);

#endif
