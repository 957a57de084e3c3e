/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and their options: one table gives the parser, --help, the manual page and what shells complete. */
#ifndef UMBRA_CLI_OPTIONS_H
#define UMBRA_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cli_command {
  const char *name, *summary;
  const char *details; /* what --help says after the options, with examples */
  const char *page;    /* of its manual, "umbra-PAGE"; NULL: its name is */
  const char *operand; /* name of the one argument that is not an option; NULL: there is none */
  bool operand_may_lack;
  bool (*run)(const struct cli_command *command, int argc, char **argv);
} cli_command;

typedef enum cli_kind {
  CLI_FLAG,  /* target is a bool */
  CLI_TEXT,  /* target is a const char * */
  CLI_COUNT, /* target is a uint32_t */
  CLI_WHOLE, /* target is a uint64_t */
  CLI_BYTES, /* target is a uint64_t; K, M, G or T, or KiB and so on, may follow the number: powers of 1024 */
  CLI_NUMBER /* target is a double */
} cli_kind;

typedef struct cli_option {
  const char *name; /* without the dashes; NULL ends a table */
  const char *argument, *help;
  cli_kind kind;
  void *target;
  bool required;      /* texts only */
  double least, most; /* of counts, bytes and numbers; most 0: any */
  bool *given;        /* becomes true if the option is given; NULL: nobody asks */
} cli_option;

/* The last fields of an option. A count or number within 1.. is 0 if the option is not given. */
#define CLI_OPTIONAL false, 0, 0, NULL
#define CLI_REQUIRED true, 0, 0, NULL
#define CLI_WITHIN(least, most) false, least, most, NULL
#define CLI_TOLD_WITHIN(given, least, most) false, least, most, &(given)

/* Of a CLI_WHOLE whose target had this value before: the option is not given. */
#define CLI_NOT_GIVEN UINT64_MAX

/* Fills the targets and returns the operand, NULL if it lacks. Does not return after --help or wrong usage. */
const char *cli_parse(const cli_command *command, const cli_option *options, int argc, char **argv);

/* Which of the names, NULL at their end, a text is; the first one for NULL. Does not return for other texts. */
int cli_choice(const char *option, const char *text, const char *const *names);

/* A list such as 1,2,-4; NULL makes an empty list. The result is to be freed. */
int *cli_parse_list(int *count, const char *option, const char *text);

#endif
