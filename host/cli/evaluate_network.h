/* SPDX-License-Identifier: Apache-2.0 */
/* Judging the decrypted weights of a trained network. */
#ifndef UMBRA_CLI_EVALUATE_NETWORK_H
#define UMBRA_CLI_EVALUATE_NETWORK_H

#include "promise.h"

typedef struct cli_network_judging {
  const umbra_train_plan *plan; /* of the network */
  const umbra_scaling *scaling; /* or NULL */
  const char *weights;          /* files of its layers, with commas between them */
  const char *data;
  const char *train;          /* NULL: nothing is compared with */
  const char *onnx, *tensors; /* where the network goes; NULL: nowhere */
  const cli_table_options *table;
  bool other_records;   /* train's need not be the plan's */
  cli_promise *promise; /* filled by the comparison */
} cli_network_judging;

bool cli_network_judge(const cli_network_judging *judging, cli_report *report);

#endif
