/* SPDX-License-Identifier: Apache-2.0 */
/* The error that an encrypted training is expected to have, and whether decrypted weights keep to it. */
#ifndef UMBRA_CLI_PROMISE_H
#define UMBRA_CLI_PROMISE_H

#include "training.h"

typedef struct cli_promise {
  const umbra_train_plan *plan;
  const umbra_records *train; /* scaled */
  const double *initial;      /* NULL: the plan's */
  const cli_twin *twin;       /* of these */
  char broken[400];           /* what is wrong with weights: "": nothing is */
} cli_promise;

/* The expected error of a weight, reported by that name. option: of the records. */
bool cli_promise_find(const cli_promise *promise, double *expected, const char *name, const char *option,
                      cli_report *report);

/* How far these weights are from the twin's; beyond what can be expected, promise->broken says so. */
bool cli_promise_judge(cli_promise *promise, const double *weights, cli_report *report);

#endif
