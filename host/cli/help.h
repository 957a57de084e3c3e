/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says about its commands: --help, and the same for manual pages and for completion by shells. */
#ifndef UMBRA_CLI_HELP_H
#define UMBRA_CLI_HELP_H

#include "options.h"

typedef enum cli_help_form {
  CLI_HELP_TEXT,   /* for the terminal */
  CLI_HELP_MANUAL, /* a page for man */
  CLI_HELP_OPTIONS /* a line for each option: name, argument or "-", help, and kind, with tabs between them */
} cli_help_form;

/* The form of all help from here on. */
void cli_help_as(cli_help_form form);

/* The help of a command, whose options these are. */
void cli_help(const cli_command *command, const cli_option *options);

/* That of the program. recipes: text in paragraphs, with examples in lines that begin with two blanks. */
void cli_help_program(const cli_command *const *commands, size_t count, const char *recipes);

/* Of the manual page "umbra-NAME". */
const char *cli_page_name(const cli_command *command);

/* What an option means, with its unit and range. */
enum { CLI_OPTION_HELP = 512 };
const char *cli_option_help(char text[CLI_OPTION_HELP], const cli_option *option);

/* ---- manual.c ---- */

void cli_manual(const cli_command *command, const cli_option *options);
void cli_manual_program(const cli_command *const *commands, size_t count, const char *recipes);

#endif
