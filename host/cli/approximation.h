/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials instead of a model's activations, as options ask for them. */
#ifndef UMBRA_CLI_APPROXIMATION_H
#define UMBRA_CLI_APPROXIMATION_H

#include <umbra/approximation.h>

#include "options.h"
#include "output.h"

typedef struct cli_approximation {
  const char *relu;
  uint32_t degree, levels;
  double error, margin; /* 0: not given */
} cli_approximation;

/* when: what --help says before each: texts that end with a colon, or nothing. */
#define CLI_APPROXIMATION_OPTIONS(o, when)                                                                             \
  {"error",    "E",        when "how far outputs may be off; the fewest levels with that are searched (default 1/64)", \
   CLI_NUMBER, &(o).error, CLI_WITHIN(0x1p-40, 0x1p40)},                                                               \
      {"degree",  "D",         when "of every polynomial (default: a search)",                                         \
       CLI_COUNT, &(o).degree, CLI_WITHIN(1, UMBRA_MAX_DEGREE)},                                                       \
      {"relu",   "LIST",    when "every ReLU by the composite sign of these degrees, such as 7,15,15",                 \
       CLI_TEXT, &(o).relu, CLI_OPTIONAL},                                                                             \
      {"levels",  "L",         when "of the search: most of one activation (default: any)",                            \
       CLI_COUNT, &(o).levels, CLI_WITHIN(1, 64)},                                                                     \
  {                                                                                                                    \
    "margin", "M", when "of the intervals, over the largest value of the samples (default 1.6)", CLI_NUMBER,           \
        &(o).margin, CLI_WITHIN(1, 1000)                                                                               \
  }

/* What the library is asked for; degrees: where those of a composite stay. */
enum { CLI_MOST_DEGREES = UMBRA_SIGN_MAX_POLYNOMIALS };
umbra_approximation_options cli_approximation_of(const cli_approximation *o, uint32_t degrees[CLI_MOST_DEGREES]);

/* Whether any of them is given. */
bool cli_approximation_given(const cli_approximation *o);

/* Does not return if options are given that exclude each other. */
void cli_approximation_check(const cli_approximation *o);

/* Reads them, and warns where they are all the same: nothing follows for other records. option: for errors. */
bool cli_samples_read(umbra_ndarray *samples, const char *option, const char *path, cli_report *report);

/*
 * *model becomes its polynomial network, and the report says how far it is from the exact one on the samples. option:
 * that of the samples, for errors.
 */
bool cli_approximate(umbra_model **model, const umbra_ndarray *samples, const char *option, const cli_approximation *o,
                     cli_report *report);

#endif
