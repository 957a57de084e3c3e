/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_TRAIN_RECORDS_H
#define UMBRA_TRAIN_RECORDS_H

#include <umbra/train.h>

/* All values are finite, and both classes are there. */
struct umbra_records {
  size_t rows, columns;
  double *features;     /* rows x columns */
  double *labels;       /* -1 or 1 */
  umbra_schema *schema; /* shared, or NULL */
};

/* Room for rows x columns features, which the caller fills. INVALID_ARGUMENT (no rows or columns), OUT_OF_MEMORY. */
umbra_status umbra_records_make(umbra_records **records, size_t rows, size_t columns);

/* INVALID_ARGUMENT unless they are as many records, of as many features, as the options of a plan say. */
umbra_status umbra_records_check_shape(const umbra_records *records, const umbra_train_options *options);

/* weights . row + bias */
double umbra_records_score(const umbra_records *records, size_t row, const double *weights);

/* log(1 + e^-margin) */
double umbra_logistic_loss(double margin);

#endif
