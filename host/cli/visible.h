/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan that is given away tells of the data that it was made with. */
#ifndef UMBRA_CLI_VISIBLE_H
#define UMBRA_CLI_VISIBLE_H

#include "training.h"

/* One number of the plan, and where it comes from. */
typedef struct cli_visible {
  const char *name;
  double value;
  bool found; /* from data; else it was given, or is a default */
  const char *from;
} cli_visible;

/* The list "visible" or, unless json is wanted, lines. data: what the data are called. */
void cli_visible_tell(const cli_visible *facts, size_t count, const char *data, bool json, cli_report *report);

/* Rows of options. data: what the data are called; what: becomes coarse. */
#define CLI_VISIBLE_OPTIONS(coarsely, explains, data, what)                                                      \
  {"coarse", NULL, what ", so that they tell less", CLI_FLAG, &(coarsely), CLI_OPTIONAL}, {                      \
    "explain-visible", NULL, "say what others see in the plan that was found from " data, CLI_FLAG, &(explains), \
        CLI_OPTIONAL                                                                                             \
  }

#endif
