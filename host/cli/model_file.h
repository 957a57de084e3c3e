/* SPDX-License-Identifier: Apache-2.0 */
/* A logistic model in files for other programs: CSV with names, JSON, ONNX. */
#ifndef UMBRA_CLI_MODEL_FILE_H
#define UMBRA_CLI_MODEL_FILE_H

#include <umbra/privacy.h>

#include "linear_model.h"

typedef enum cli_model_form {
  CLI_MODEL_ROW,   /* one row of weights and the bias, as umbra evaluate and encrypt --model read it */
  CLI_MODEL_NAMES, /* CSV with a line for each feature */
  CLI_MODEL_JSON,
  CLI_MODEL_ONNX /* from features in the table's units to the probability */
} cli_model_form;

/* By the path's ending; names: wanted. False, with an error, if it has none of a model. */
bool cli_model_form_of(cli_model_form *form, const char *option, const char *path, bool names);

typedef struct cli_model_file {
  const cli_linear *model;
  double threshold;                   /* probability */
  const umbra_logistic_info *sigmoid; /* the polynomial that the encrypted model has */
  const umbra_privacy *promise;       /* of its records; NULL: there is none */
} cli_model_file;

/* Of the forms with names; whole or not at all. False, with an error, if it cannot be. */
bool cli_model_write(const cli_model_file *file, cli_model_form form, const char *option, const char *path);

#endif
