/* SPDX-License-Identifier: Apache-2.0 */
/* The report of umbra evaluate as one HTML file, with drawings in it, without scripts and without anything from elsewhere. */
#ifndef UMBRA_CLI_EVALUATION_H
#define UMBRA_CLI_EVALUATION_H

#include <stdio.h>

#include "linear_model.h"

typedef struct cli_evaluation {
  const cJSON *facts; /* what the report of the command says so far */
  const char *weights_file, *data_file;
  const umbra_records *records; /* as they were scored */
  const cli_linear *model;
  const double *scores;                    /* of each record, in the clear */
  const double *twin, *twin_scores;        /* weights and scores of the same training in the clear; or NULL */
  double threshold;                        /* probability */
  const umbra_sigmoid_options *polynomial; /* of the training; NULL: nobody said */
} cli_evaluation;

/* False, with an error, if it cannot be written; whole or not at all. */
bool cli_evaluation_write(const cli_evaluation *evaluation, const char *option, const char *path);

/* A number among the facts; NaN if it is not there. */
double cli_evaluation_fact(const cli_evaluation *evaluation, const char *name);

/* The drawings, one after the other. False if memory is out. */
bool cli_evaluation_draw(const cli_evaluation *evaluation, FILE *file);

#endif
