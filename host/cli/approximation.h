/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials instead of a model's activations, as options ask for them. */
#ifndef UMBRA_CLI_APPROXIMATION_H
#define UMBRA_CLI_APPROXIMATION_H

#include <umbra/approximation.h>

#include "options.h"
#include "output.h"

typedef struct cli_approximation {
  const char *samples, *relu; /* samples NULL: activations stay */
  uint32_t degree, levels;
  double error, margin; /* 0: not given */
} cli_approximation;

#define CLI_APPROXIMATION_OPTIONS(o)                                                                                \
  {"calibrate",                                                                                                     \
   "FILE",                                                                                                          \
   "records like those to come, .npy or .csv: activations become polynomials near them where the "                  \
   "values of these records are",                                                                                   \
   CLI_TEXT,                                                                                                        \
   &(o).samples,                                                                                                    \
   CLI_OPTIONAL},                                                                                                   \
      {"error",                                                                                                     \
       "E",                                                                                                         \
       "with --calibrate: how far outputs may be off; the fewest levels with that are searched; 1/64",              \
       CLI_NUMBER,                                                                                                  \
       &(o).error,                                                                                                  \
       CLI_WITHIN(0x1p-40, 0x1p40)},                                                                                \
      {"degree",  "D",         "with --calibrate: of every polynomial, instead of an error",                        \
       CLI_COUNT, &(o).degree, CLI_WITHIN(1, UMBRA_MAX_DEGREE)},                                                    \
      {"relu",   "LIST",    "with --calibrate: every ReLU by the composite sign of these degrees, such as 7,15,15", \
       CLI_TEXT, &(o).relu, CLI_OPTIONAL},                                                                          \
      {"levels",  "L",         "with --calibrate and an error: most of one activation; any",                        \
       CLI_COUNT, &(o).levels, CLI_WITHIN(1, 64)},                                                                  \
  {                                                                                                                 \
    "margin", "M", "with --calibrate: of the intervals, over the largest value of the records; 1.6", CLI_NUMBER,    \
        &(o).margin, CLI_WITHIN(1, 1000)                                                                            \
  }

/* Does not return if options are given that want --calibrate, without it. */
void cli_approximation_check(const cli_approximation *o);

/* *model becomes its polynomial network, and the report says how far it is from the exact one. */
bool cli_approximate(umbra_model **model, const cli_approximation *o, cli_report *report);

#endif
