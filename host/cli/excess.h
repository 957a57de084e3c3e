/* SPDX-License-Identifier: Apache-2.0 */
/* Values beyond those that a training's records had: a model knows nothing of what lies there. */
#ifndef UMBRA_CLI_EXCESS_H
#define UMBRA_CLI_EXCESS_H

#include <umbra/records.h>

#include "output.h"

/* One note of how many values there are, in how many columns; scaling NULL, or one that does not know: of none. */
void cli_excess_tell(const umbra_scaling *scaling, const umbra_records *records, cli_report *report);

/*
 * The same before encryption, with a note of each column and its value that is farthest out. clip: they become the nearest
 * ones within; else they are refused.
 */
bool cli_values_within(double *values, size_t rows, size_t columns, const umbra_scaling *scaling, bool clip,
                       const char *option, cli_report *report);
bool cli_records_within(umbra_records **records, const umbra_scaling *scaling, bool clip, const char *option,
                        cli_report *report);

#endif
