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

/*
 * Opens the log of a training of which `done` iterations are done, those before a resumption. Lines beyond them, and what
 * an interruption has left unfinished, are dropped; if there are fewer, they are made up for from the plan, and say so.
 * path must stay. False, with an error, if it cannot be read or written.
 */
bool cli_train_log_open(cli_train_log *log, const char *path, const umbra_train_plan *plan,
                        const umbra_context *context, uint32_t done);

/* Writes a line, at once. */
bool cli_train_log_add(cli_train_log *log, const umbra_train_event *event);

/* May be called for a log that was never opened. */
void cli_train_log_close(cli_train_log *log);

#endif
