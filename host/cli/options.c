/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"
#include "output.h"

enum { MAX_LIST = 1 << 16 };

static void check_range(const cli_option *option, double value, const char *text) {
  char least[CLI_UNITS], most[CLI_UNITS];
  if (option->most > 0 && !(value >= option->least && value <= option->most))
    cli_usage("--%s: %s is out of range; %s to %s is expected", option->name, text,
              cli_limit_text(least, option->least), cli_limit_text(most, option->most));
}

static uint64_t parse_whole(const cli_option *option, const char *text, uint64_t most) {
  char *end;
  errno = 0;
  const unsigned long long value = strtoull(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end || errno || value > most)
    cli_usage("--%s: \"%s\" is not a whole number from 0 to %" PRIu64, option->name, text, most);
  check_range(option, (double)value, text);
  return value;
}

/* 500M, 1.5G or 2GiB: units are powers of 1024, as in what is printed. */
static uint64_t parse_bytes(const cli_option *option, const char *text) {
  static const char units[] = "KMGT";
  char *end;
  double value = strtod(text, &end);
  const bool is_number = isdigit((unsigned char)text[0]) && end == text + strspn(text, "0123456789.");
  const char *unit = *end ? strchr(units, *end) : NULL;
  if (unit) {
    value = ldexp(value, 10 * (int)(unit - units + 1));
    end += strcmp(end + 1, "iB") == 0 ? 3 : 1;
  }
  if (!is_number || *end || value >= 0x1p63)
    cli_usage("--%s: \"%s\" is not a number of bytes, such as 500M, 1.5G or 2GiB", option->name, text);
  check_range(option, value, text);
  return (uint64_t)value;
}

static void parse_number(const cli_option *option, const char *text) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end) cli_usage("--%s: \"%s\" is not a number", option->name, text);
  check_range(option, value, text);
  *(double *)option->target = value;
}

static void store(const cli_option *option, const char *text) {
  if (option->given) *option->given = true;
  switch (option->kind) {
    case CLI_FLAG: *(bool *)option->target = true; break;
    case CLI_TEXT: *(const char **)option->target = text; break;
    case CLI_COUNT: *(uint32_t *)option->target = (uint32_t)parse_whole(option, text, UINT32_MAX); break;
    case CLI_WHOLE: *(uint64_t *)option->target = parse_whole(option, text, CLI_NOT_GIVEN - 1); break;
    case CLI_BYTES: *(uint64_t *)option->target = parse_bytes(option, text); break;
    case CLI_NUMBER: parse_number(option, text); break;
  }
}

static int count_options(const cli_option *options) {
  int count = 0;
  while (options[count].name) count++;
  return count;
}

/* The table in the form of getopt_long, with --help at its end; to be freed. */
static struct option *to_getopt(const cli_option *options, int count) {
  struct option *list = calloc((size_t)count + 2, sizeof *list);
  if (!list) cli_usage("out of memory");
  for (int i = 0; i < count; i++)
    list[i] = (struct option){.name = options[i].name,
                              .has_arg = options[i].kind == CLI_FLAG ? no_argument : required_argument};
  list[count].name = "help";
  return list;
}

static const char *take_operand(const cli_command *command, int count, char **operands) {
  if (!command->operand && count) cli_usage("\"%s\" is not expected; all arguments are options", operands[0]);
  if (count > 1 || (command->operand && !command->operand_may_lack && count != 1))
    cli_usage("exactly one %s is expected, not %d", command->operand, count);
  return count ? operands[0] : NULL;
}

const char *cli_parse(const cli_command *command, const cli_option *options, int argc, char **argv) {
  const int count = count_options(options);
  struct option *list = to_getopt(options, count);
  int index = 0;
  for (int code; (code = getopt_long(argc, argv, ":h", list, &index)) != -1;) {
    if (code == ':') cli_usage("%s needs an argument", argv[optind - 1]);
    if (code == '?') cli_usage("%s is not an option of this command, or is ambiguous", argv[optind - 1]);
    if (code == 'h' || index == count) {
      cli_help(command, options);
      exit(CLI_OK);
    }
    store(&options[index], optarg);
  }
  free(list);
  for (const cli_option *o = options; o->name; o++)
    if (o->required && !*(const char **)o->target) cli_usage("--%s %s is missing: %s", o->name, o->argument, o->help);
  return take_operand(command, argc - optind, argv + optind);
}

int cli_choice(const char *option, const char *text, const char *const *names) {
  char list[256] = "";
  size_t length = 0;
  for (int i = 0; names[i]; i++) {
    if (!text || strcmp(text, names[i]) == 0) return i;
    length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i ? ", " : "", names[i]);
  }
  cli_usage("--%s: \"%s\" is none of %s", option, text, list);
}

static int parse_item(const char *option, const char *text, char **end) {
  errno = 0;
  long value = strtol(text, end, 10);
  if (*end == text || errno || value < INT32_MIN || value > INT32_MAX)
    cli_usage("--%s: a whole number is expected at \"%s\"", option, text);
  return (int)value;
}

int *cli_parse_list(int *count, const char *option, const char *text) {
  int *list = malloc(MAX_LIST * sizeof *list);
  if (!list) cli_usage("--%s: out of memory", option);
  *count = 0;
  while (text) {
    char *end;
    if (*count == MAX_LIST) cli_usage("--%s: more than %d numbers", option, MAX_LIST);
    list[(*count)++] = parse_item(option, text, &end);
    if (*end && *end != ',') cli_usage("--%s: a comma is expected at \"%s\"", option, end);
    text = *end ? end + 1 : NULL;
  }
  return list;
}
