/* SPDX-License-Identifier: Apache-2.0 */
/* Manual pages, in the macros of man(7). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <umbra/version.h>

#include "help.h"
#include "output.h"

/* ---- text ---- */

/* A line of its own is no request, and hyphens can be copied into a shell. */
static void put_text(const char *text, size_t length) {
  if (length && (text[0] == '.' || text[0] == '\'')) fputs("\\&", stdout);
  for (size_t i = 0; i < length; i++) switch (text[i]) {
      case '-': fputs("\\-", stdout); break;
      case '\\': fputs("\\e", stdout); break;
      case '\'': fputs("\\(aq", stdout); break;
      case '^': fputs("\\(ha", stdout); break;
      case '~': fputs("\\(ti", stdout); break;
      default: putchar(text[i]);
    }
}

static void put(const char *text) { put_text(text, strlen(text)); }

/* Between paragraphs of words and lines that stay as they are. */
static void set_literal(bool *literal, bool wanted) {
  if (*literal != wanted) puts(wanted ? ".nf" : ".fi");
  *literal = wanted;
}

/* Up to there. */
static void put_paragraphs(const char *text, const char *end) {
  bool literal = false, ended = false;
  while (text < end) {
    const size_t length = strcspn(text, "\n");
    set_literal(&literal, strncmp(text, "  ", 2) == 0);
    if (ended && length) puts(".PP");
    put_text(text, length);
    if (length) putchar('\n');
    ended = !length;
    text += length + (text[length] == '\n');
  }
  set_literal(&literal, false);
}

/* ---- parts of pages ---- */

/* page: NULL for that of the program. */
static void put_head(const char *page, const char *summary) {
  fputs(".TH UMBRA", stdout);
  if (page) fputs("\\-", stdout);
  for (const char *c = page; c && *c; c++)
    if (*c == '-') fputs("\\-", stdout);
    else putchar(toupper((unsigned char)*c));
  puts(" 1 \"\" \"Umbra " UMBRA_VERSION_STRING "\" \"Umbra Manual\"\n.SH NAME");
  printf("umbra%s", page ? "\\-" : "");
  if (page) put(page);
  fputs(" \\- ", stdout);
  put(summary);
  puts("\n.SH SYNOPSIS");
}

static void put_option(const cli_option *o) {
  char help[CLI_OPTION_HELP];
  fputs(".TP\n\\fB\\-\\-", stdout);
  put(o->name);
  fputs("\\fR", stdout);
  if (o->argument) {
    fputs(" \\fI", stdout);
    put(o->argument);
    fputs("\\fR", stdout);
  }
  putchar('\n');
  put(cli_option_help(help, o));
  putchar('\n');
}

static void put_end(const char *others) {
  puts(".SH EXIT STATUS\n0: success. 1: failure; stderr says why, and with\n.B \\-\\-json\n"
       "stdout has an object with the command, the name of the status and the message.\n2: wrong usage.\n.SH SEE ALSO");
  puts(others);
}

/* ---- pages ---- */

void cli_manual(const cli_command *command, const cli_option *options) {
  put_head(cli_page_name(command), command->summary);
  printf(".B umbra %s\n[\\fIoptions\\fR]", command->name);
  if (command->operand)
    printf(" %s\\fI%s\\fR%s", command->operand_may_lack ? "[" : "", command->operand,
           command->operand_may_lack ? "]" : "");
  const char *examples = strstr(command->details, "\nExample");
  puts("\n.SH DESCRIPTION");
  put_paragraphs(command->details, examples);
  puts(".SH OPTIONS");
  for (const cli_option *o = options; o->name; o++) put_option(o);
  puts(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nPrints a summary of these options.\n.SH EXAMPLES");
  put_paragraphs(strchr(examples + 1, '\n') + 1, examples + strlen(examples));
  put_end(".BR umbra (1)");
}

void cli_manual_program(const cli_command *const *commands, size_t count, const char *recipes) {
  put_head(NULL, "computes on encrypted numbers");
  puts(".B umbra\n\\fICOMMAND\\fR [\\fIoptions\\fR]\n.SH COMMANDS\nEach has a page of its own.");
  for (size_t i = 0; i < count; i++) {
    fputs(".TP\n.BR umbra\\-", stdout);
    put(cli_page_name(commands[i]));
    puts(" (1)");
    put(commands[i]->summary);
    putchar('\n');
  }
  puts(".SH EXAMPLES");
  put_paragraphs(recipes, recipes + strlen(recipes));
  puts(".SH ENVIRONMENT\n.TP\n.B UMBRA_THREADS\nHow many threads compute, without\n.BR \\-\\-threads .\n"
       ".TP\n.B UMBRA_BACKEND\nThe backend of the device cpu: ref, avx2 or avx512.\n"
       ".TP\n.B UMBRA_PROGRESS\nThe number of a descriptor that gets a line with the fraction and the name of each "
       "step.\n"
       ".TP\n.B XDG_CACHE_HOME\nThe folder umbra in it keeps what was measured of this machine.\n"
       ".TP\n.B UMBRA_CALIBRATE\nWith 0 no machine is measured but by umbra bench \\-\\-calibrate.");
  put_end(".BR umbra\\-plan (1)");
}
