/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says when something is wrong: text on stderr and, under --json, an object on stdout. */
#ifndef UMBRA_CLI_ERRORS_H
#define UMBRA_CLI_ERRORS_H

#include <stdbool.h>
#include <umbra/status.h>

enum { CLI_OK = 0, CLI_FAILURE = 1, CLI_USAGE = 2 };
#define CLI_EXIT_CODES "Exit codes: 0 success, 1 failure (stderr says why), 2 wrong usage."

/* Errors are prefixed with "umbra NAME: ". */
void cli_set_command(const char *name);
const char *cli_command_name(void);

/* From here on failures are told as JSON, too; or no more, since an object has been printed that tells of them. */
void cli_errors_as_json(bool wanted);

/*
 * Under --json, one object of what went wrong: the command, the name of the status, all errors as one message, and file,
 * line and column (in arrays, row) where the message names them. For whoever ends the program after a failure.
 */
void cli_print_failure(void);

/* Prints what is wrong, and exits with CLI_USAGE. */
__attribute__((noreturn, format(printf, 1, 2))) void cli_usage(const char *format, ...);

/* Prints an error and returns false. */
__attribute__((format(printf, 1, 2))) bool cli_error(const char *format, ...);

/* True if status is UMBRA_OK; otherwise prints the option (NULL: none) and the library's text. */
bool cli_check(umbra_status status, const char *option);

/* Prints "warning: " and a text on stderr. */
__attribute__((format(printf, 1, 2))) void cli_warn(const char *format, ...);

#endif
