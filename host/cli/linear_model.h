/* SPDX-License-Identifier: Apache-2.0 */
/* A logistic model as its owner reads it: names of features and classes, and weights in the units of the table. */
#ifndef UMBRA_CLI_LINEAR_MODEL_H
#define UMBRA_CLI_LINEAR_MODEL_H

#include "training.h"

typedef struct cli_linear {
  size_t columns;
  double *weights;              /* of scaled features, before they are mixed if they are whitened; the bias last */
  double *original;             /* of features as the table has them; the intercept last */
  umbra_column_scaling *column; /* of each feature; divisor 1 without a scaling */
  char **name;                  /* of each feature, in UTF-8 */
  char *label, *positive, *negative;
  bool scaled;
  size_t clipped; /* features that are cut off: beyond the limits `original` does not hold */
} cli_linear;

/* weights: as trained. scaling, schema: NULL: there is none. False, with an error; clear it in any case. */
bool cli_linear_open(cli_linear *linear, const double *weights, size_t columns, const umbra_scaling *scaling,
                     const umbra_schema *schema);
void cli_linear_clear(cli_linear *linear);

/* Whether a feature is cut off, and where: least and most in the units of the table. */
bool cli_linear_limits(const cli_linear *linear, size_t feature, double *least, double *most);

#endif
