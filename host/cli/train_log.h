/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a training, one JSON object on each line: the plan and what runs it, then one for each iteration. It always
 * agrees with the checkpoint that the training goes on from.
 */
#ifndef UMBRA_CLI_TRAIN_LOG_H
#define UMBRA_CLI_TRAIN_LOG_H

#include <stdio.h>

#include "training.h"

typedef struct cli_train_log {
  FILE *file;
  const char *path;
  uint32_t bootstraps; /* iterations with one, among those logged */
} cli_train_log;

/* What is logged. */
typedef struct cli_train_logged {
  const umbra_train_plan *plan;
  const umbra_context *context;
  const umbra_trainer *trainer;
  uint32_t keep; /* every so many iterations a checkpoint stays; 0: none */
} cli_train_logged;

/*
 * Opens the log of a training, of which the trainer may have done iterations before a resumption. Lines beyond them, and
 * what an interruption has left unfinished, are dropped; if there are fewer, they are made up for from the plan, and say so,
 * and the last one from the checkpoint. A note where such a training cannot be audited any more. path must stay. False, with an
 * error, if it cannot be read or written.
 */
bool cli_train_log_open(cli_train_log *log, const char *path, const cli_train_logged *logged, cli_report *report);

/* Every how many iterations a checkpoint stays by the head of a log; as it was where there is none. False, with an error. */
bool cli_train_log_keep(uint32_t *keep, const char *path);

/* The chain in a log: see umbra/audit.h. Zero-initialise. */
typedef struct cli_chain {
  uint8_t *digests, *links; /* UMBRA_DIGEST_BYTES for each of so many iterations */
  uint32_t count, keep;     /* keep: as above */
} cli_chain;

/* Of a whole log, which may be anybody's. False, with an error that names the line. */
bool cli_chain_read(cli_chain *chain, const char *option, const char *path);
void cli_chain_clear(cli_chain *chain);

/* Writes a line, at once. */
bool cli_train_log_add(cli_train_log *log, const umbra_train_event *event);

/* May be called for a log that was never opened. */
void cli_train_log_close(cli_train_log *log);

#endif
