/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A progress bar with the time that is left, on stderr; drawn only if that is a terminal and the work takes a while. The
 * descriptor whose number is in UMBRA_PROGRESS gets a line with the fraction and the label ten times a second at most.
 */
#ifndef UMBRA_CLI_PROGRESS_H
#define UMBRA_CLI_PROGRESS_H

#include <stdbool.h>
#include <umbra/progress.h>
#include <umbra/status.h>

typedef struct cli_progress {
  const char *label;
  double first; /* fraction that was done before */
  double started, drawn, told;
  int listener;
} cli_progress;

/*
 * From here on SIGINT, SIGTERM and SIGHUP only stop the work that shows progress (CANCELLED), and reading from standard input
 * or the terminal, so that the command can clean up; also if whoever started the program has blocked them. Commands call
 * it where their work begins, if they have not claimed anything by then; when they have returned, main lets the program
 * die of a signal that came. False: it was so already.
 */
bool cli_interrupts_hold(void);
bool cli_interrupted(void);
void cli_interrupts_release(void);

/* False, with an error, if a signal came: asked before something is written, after work that shows no progress. */
bool cli_goes_on(void);

/* What to hand to a call of the library; progress must stay where it is until cli_progress_close. */
umbra_progress cli_progress_open(cli_progress *progress, const char *label);

void cli_progress_close(cli_progress *progress);

/* Closes it, then cli_check of the status of the call that it was for. */
bool cli_progress_check(cli_progress *progress, umbra_status status, const char *option);

#endif
