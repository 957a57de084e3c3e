/* SPDX-License-Identifier: Apache-2.0 */
/* The polynomials that stand for the sigmoid when a logistic model scores, and how far they are from it. */
#ifndef UMBRA_CLI_SIGMOID_H
#define UMBRA_CLI_SIGMOID_H

#include "engine.h"

/* The sigmoid itself. */
double cli_sigmoid_value(double score);

/* The facts `name`, in words, and `name`_error: how far probabilities can be off for scores within the range. */
void cli_report_sigmoid(cli_report *report, const char *name, uint32_t degree, double range, double error);

/* The highest degree that a model can have so many levels below the top; 0: none. */
uint32_t cli_most_degree(uint32_t levels);

/* False, with an error that names the option, if a set has too few levels for a model of this degree. */
bool cli_degree_fits(const umbra_params *params, uint32_t degree);

/* The polynomial of models that are scored with: the sigmoid's interpolant. */
umbra_sigmoid_options cli_sigmoid(double range, uint32_t degree);

#endif
