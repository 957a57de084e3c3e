/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the program, one file each. */
#ifndef UMBRA_CLI_COMMANDS_H
#define UMBRA_CLI_COMMANDS_H

#include "options.h"

extern const cli_command cli_params, cli_plan, cli_keygen, cli_encrypt, cli_train, cli_audit, cli_score, cli_decrypt,
    cli_evaluate, cli_inspect, cli_infer, cli_bootstrap, cli_bench, cli_devices, cli_doctor, cli_sign, cli_verify_files,
    cli_retire, cli_serve;

#endif
