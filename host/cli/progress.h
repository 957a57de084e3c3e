/* SPDX-License-Identifier: Apache-2.0 */
/* A progress bar on stderr, drawn only if that is a terminal and the work takes longer than a moment. */
#ifndef UMBRA_CLI_PROGRESS_H
#define UMBRA_CLI_PROGRESS_H

#include <stdbool.h>
#include <umbra/progress.h>

typedef struct cli_progress {
  const char *label;
  double started, drawn;
} cli_progress;

/*
 * From here on SIGINT, SIGTERM and SIGHUP only stop the work that shows progress (CANCELLED), so that the command can
 * clean up; cli_interrupts_release lets the program die of a signal that came.
 */
void cli_interrupts_hold(void);
bool cli_interrupted(void);
void cli_interrupts_release(void);

/* What to hand to a call of the library; progress must stay where it is until cli_progress_close. */
umbra_progress cli_progress_open(cli_progress *progress, const char *label);
void cli_progress_close(cli_progress *progress);

#endif
