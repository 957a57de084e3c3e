/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_TRAIN_RECORDS_H
#define UMBRA_TRAIN_RECORDS_H

#include <umbra/train.h>

/* All values are finite, and of two classes both are there. */
struct umbra_records {
  size_t rows, columns;
  size_t classes;       /* 2 or more; 0: labels are values */
  double *features;     /* rows x columns */
  double *labels;       /* -1 or 1 of two classes; a class's number, from 0, of more; or values */
  umbra_schema *schema; /* shared, or NULL */
};

/* Room for rows x columns features, of two classes, which the caller fills. INVALID_ARGUMENT (no rows or columns), OUT_OF_MEMORY. */
umbra_status umbra_records_make(umbra_records **records, size_t rows, size_t columns);

/* A record's class, from 0; of two classes the one of label 1 is class 1. */
size_t umbra_records_class(const umbra_records *records, size_t row);

/* Copies with the same schema and kind of labels, but without rows yet. */
umbra_status umbra_records_make_like(umbra_records **made, const umbra_records *records, size_t rows);

/* INVALID_ARGUMENT unless they are of two classes. */
umbra_status umbra_records_check_two(const umbra_records *records);

/* INVALID_ARGUMENT unless records are what the options of a plan say, in shape and labels. */
umbra_status umbra_records_check_shape(const umbra_records *records, const umbra_train_options *options);

/* weights . row + bias */
double umbra_records_score(const umbra_records *records, size_t row, const double *weights);

/* log(1 + e^-margin) */
double umbra_logistic_loss(double margin);

#endif
