/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of a job will take on this machine, by what one key, one ciphertext and one rotation take now. */
#ifndef UMBRA_CLI_ESTIMATE_H
#define UMBRA_CLI_ESTIMATE_H

#include "engine.h"

#define CLI_NO_ESTIMATE_OPTION(target, what) \
  { "no-estimate", NULL, "do not time " what " here, for how long it all will take", CLI_FLAG, &(target), CLI_OPTIONAL }

/* Seconds of umbra keygen and encrypt, and of `what`: train or infer. 0: that is no part of it. */
typedef struct cli_estimate {
  const char *what;
  bool known; /* false: a warning has said why not */
  double keys, data, work;
} cli_estimate;

/*
 * Of a plan; so many iterations of the training are done, and the network runs on this machine's processor. False, with
 * an error, if there is none.
 */
bool cli_estimate_training(cli_estimate *estimate, const umbra_train_plan *plan, uint32_t done,
                           const cli_engine *engine, cli_report *report);
bool cli_estimate_network(cli_estimate *estimate, const umbra_inference_plan *plan, cli_report *report);

/* If it is known, as "estimate" in the report and, unless json is wanted, printed at once. */
void cli_estimate_tell(const cli_estimate *estimate, cli_report *report, bool json);

/* ---- of a job that has begun: what it has taken is part of it ---- */

/* Of umbra keygen, when the secret key is made, and the evaluation keys are left. */
bool cli_estimate_keys(const umbra_key_needs *needs, const umbra_secret_key *secret, const umbra_context *context,
                       cli_report *report, bool json);

/* Of umbra encrypt, when the key is there, and ciphertexts of so many bytes are left; public NULL: by the secret key. */
bool cli_estimate_encryption(uint64_t bytes, const umbra_public_key *public, const umbra_secret_key *secret,
                             const umbra_context *context, cli_report *report, bool json);

#endif
