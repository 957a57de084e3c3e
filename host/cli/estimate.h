/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of a job will take on this machine, by what one key, one ciphertext and one rotation take now. */
#ifndef UMBRA_CLI_ESTIMATE_H
#define UMBRA_CLI_ESTIMATE_H

#include "engine.h"

#define CLI_NO_ESTIMATE_OPTION(target)                                                                            \
  {                                                                                                               \
    "no-estimate", NULL, "do not time a key and a rotation here, for the time of all steps", CLI_FLAG, &(target), \
        CLI_OPTIONAL                                                                                              \
  }

/* Seconds; of bytes: those of a key in memory, and of the file of an encryption. */
typedef struct cli_speed {
  double open;                         /* a context, with a secret and a public key */
  double make_key, save_key, load_key; /* a byte */
  double encrypt, load;                /* a byte */
  double work;                         /* what a dry run states as one second */
} cli_speed;

/* Whose seconds a dry run for that engine states: the machine in the sense of umbra/cost.h. */
const char *cli_machine_of(const cli_engine *engine);

/* Takes about a second, and more with large rings; with a temporary file that nobody sees. False, with an error. */
bool cli_speed_measure(cli_speed *speed, const umbra_params *params, const cli_engine *engine);

/* Seconds of umbra keygen and encrypt, and of `what`: train or infer. 0: that is no part of it. */
typedef struct cli_estimate {
  const char *what;
  double keys, data, work;
} cli_estimate;

/*
 * Of a plan; so many iterations of the training are done, and the network runs on this machine's processor. False, with
 * an error, if there is none.
 */
bool cli_estimate_training(cli_estimate *estimate, const umbra_train_plan *plan, uint32_t done,
                           const cli_engine *engine);
bool cli_estimate_network(cli_estimate *estimate, const umbra_inference_plan *plan);

/* As "estimate" in an object and, unless json is wanted, printed. */
void cli_estimate_tell(const cli_estimate *estimate, cJSON *root, bool json);

#endif
