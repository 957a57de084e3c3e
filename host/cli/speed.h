/* SPDX-License-Identifier: Apache-2.0 */
/* What some keys, one ciphertext and one rotation take on this machine now. */
#ifndef UMBRA_CLI_SPEED_H
#define UMBRA_CLI_SPEED_H

#include "engine.h"

/* Seconds; of bytes: those of a key in memory, and of the residues of a ciphertext. */
typedef struct cli_speed {
  bool known;                          /* false: there was no temporary file or memory, which a warning says */
  double open;                         /* a context, with a secret and a public key */
  double make_key, save_key, load_key; /* a byte */
  double encrypt, load;                /* a byte */
  double work;                         /* what a dry run states as one second */
  /* What commands take that measure it, too: */
  double of_keys, of_encryption, of_all;
} cli_speed;

/*
 * All of it, with some keys of a job's needs. Takes a second or two with large rings, and more where the machine is
 * measured first (cli_machine_know); with a temporary file that nobody sees. False, with an
 * error.
 */
bool cli_speed_measure(cli_speed *speed, const umbra_key_needs *needs, const umbra_params *params,
                       const cli_engine *engine, cli_report *report);

/* Of some keys of these needs that are made and saved, with a secret key that is there. */
bool cli_speed_of_keys(cli_speed *speed, const umbra_key_needs *needs, const umbra_secret_key *secret,
                       const umbra_context *context, cli_report *report);

/* Of what is encrypted and saved: with the public key or, if that is NULL, with the secret one. */
bool cli_speed_of_encryption(cli_speed *speed, const umbra_public_key *public, const umbra_secret_key *secret,
                             const umbra_context *context, cli_report *report);

#endif
