/* SPDX-License-Identifier: Apache-2.0 */
/* What a command writes is its own from before its work to its end: of two commands on one target the second is refused. */
#ifndef UMBRA_CLI_CLAIM_H
#define UMBRA_CLI_CLAIM_H

#include <stdbool.h>

/*
 * Locks a file that is to be written. False, with an error, if another command writes it, or this one as another output.
 * From the first claim on signals only stop the work, so that the command can clean up: see cli_interrupts_hold.
 */
bool cli_claim_file(const char *option, const char *path);

/* The same for a folder, which is made if it is missing; if nothing has been put there at the end, it goes again. */
bool cli_claim_folder(const char *option, const char *folder);

/* Main does when the command has returned. */
void cli_claims_release(void);

#endif
