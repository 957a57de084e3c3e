/* SPDX-License-Identifier: Apache-2.0 */
/* What umbra doctor finds out: a list of findings, each with what to do about it. */
#ifndef UMBRA_CLI_DIAGNOSIS_H
#define UMBRA_CLI_DIAGNOSIS_H

#include "output.h"

typedef enum cli_state {
  CLI_GOOD,    /* as it should be */
  CLI_NOTE,    /* missing, and not needed */
  CLI_WARNING, /* slower, or less safe, than it could be */
  CLI_BROKEN   /* Umbra cannot be used */
} cli_state;

typedef struct cli_diagnosis {
  cJSON *root, *findings;
  size_t broken, warnings;
} cli_diagnosis;

/*
 * Adds a finding, and returns it, for numbers beside its text. advice: what to do about it; NULL: nothing. The texts are
 * copied.
 */
cJSON *cli_find(cli_diagnosis *d, const char *name, cli_state state, const char *what, const char *advice);

/* All findings for people. */
void cli_diagnosis_print(const cli_diagnosis *d);

/* Of the processor's backends and the GPUs: each that can be used computes something, which is compared. */
void cli_find_devices(cli_diagnosis *d);

/* Whether costs are told by what was measured here. */
void cli_find_calibration(cli_diagnosis *d);

/* Of the system: threads, memory and how it is locked and paged, core dumps, disk, variables of the environment. */
void cli_find_system(cli_diagnosis *d);

#endif
