/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "output.h"

enum { HELP_COLUMN = 28 };

static cli_help_form form;

void cli_help_as(cli_help_form wanted) { form = wanted; }

const char *cli_page_name(const cli_command *command) { return command->page ? command->page : command->name; }

/* ---- one option ---- */

/* Limits as good as 0, 1 and infinity stand for these, which are not in the range themselves. */
static void put_range(char text[CLI_OPTION_HELP], double least, double most) {
  const double tiny = 1e-9, huge = 1e300;
  char low[CLI_UNITS], high[CLI_UNITS];
  cli_limit_text(low, least);
  cli_limit_text(high, most);
  if (least == 0 && most >= huge) snprintf(text, CLI_OPTION_HELP, "; 0 or more");
  else if (least <= tiny && most >= huge) snprintf(text, CLI_OPTION_HELP, "; above 0");
  else if (least <= tiny && most < 1) snprintf(text, CLI_OPTION_HELP, "; above 0 and below 1");
  else snprintf(text, CLI_OPTION_HELP, "; %s to %s", low, high);
}

const char *cli_option_help(char text[CLI_OPTION_HELP], const cli_option *o) {
  char range[CLI_OPTION_HELP] = "";
  if (o->kind == CLI_BYTES) snprintf(range, sizeof range, "; bytes, or with K, M, G or T");
  else if (o->most > 0) put_range(range, o->least, o->most);
  else if (o->kind == CLI_COUNT || o->kind == CLI_WHOLE) snprintf(range, sizeof range, "; 0 or more");
  snprintf(text, CLI_OPTION_HELP, "%s%.64s%s", o->help, range, o->required ? " (required)" : "");
  return text;
}

/* ---- commands ---- */

static void print_text(const cli_command *command, const cli_option *options) {
  const bool may_lack = command->operand_may_lack;
  char help[CLI_OPTION_HELP];
  printf("Usage: umbra %s [options]", command->name);
  if (command->operand) printf(" %s%s%s", may_lack ? "[" : "", command->operand, may_lack ? "]" : "");
  printf("\n\n%s\n\nOptions:\n", command->summary);
  for (const cli_option *o = options; o->name; o++) {
    int width = printf("  --%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    printf("%*s%s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "", cli_option_help(help, o));
  }
  printf("  -h, --help%*sthis text\n\n%s\n\n%s\n", HELP_COLUMN - 12, "", command->details, CLI_EXIT_CODES);
}

static void list_options(const cli_option *options) {
  static const char *const kinds[] = {"flag", "text", "whole", "whole", "bytes", "number"};
  char help[CLI_OPTION_HELP];
  for (const cli_option *o = options; o->name; o++)
    printf("--%s\t%s\t%s\t%s\n", o->name, o->argument ? o->argument : "-", cli_option_help(help, o), kinds[o->kind]);
  puts("--help\t-\tthis text\tflag");
}

void cli_help(const cli_command *command, const cli_option *options) {
  switch (form) {
    case CLI_HELP_TEXT: print_text(command, options); break;
    case CLI_HELP_MANUAL: cli_manual(command, options); break;
    case CLI_HELP_OPTIONS: list_options(options); break;
  }
}

/* ---- the program ---- */

static void print_program(const cli_command *const *commands, size_t count, const char *recipes) {
  puts("Usage: umbra COMMAND [options]\n\nComputes on encrypted numbers.\n\nCommands:");
  for (size_t i = 0; i < count; i++)
    if (!commands[i]->page) printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
  printf("\numbra help COMMAND explains a command; umbra --version prints the version.\n\n%s\n%s\n", recipes,
         CLI_EXIT_CODES);
}

static void list_pages(const cli_command *const *commands, size_t count) {
  for (size_t i = 0; i < count; i++) printf("%s\t%s\n", cli_page_name(commands[i]), commands[i]->summary);
}

void cli_help_program(const cli_command *const *commands, size_t count, const char *recipes) {
  switch (form) {
    case CLI_HELP_TEXT: print_program(commands, count, recipes); break;
    case CLI_HELP_MANUAL: cli_manual_program(commands, count, recipes); break;
    case CLI_HELP_OPTIONS: list_pages(commands, count); break;
  }
}
