/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_TRAIN_RECORDS_H
#define UMBRA_TRAIN_RECORDS_H

#include <umbra/train.h>

enum { UMBRA_MOST_WEIGHED = 1000 };

/* What records of each class weigh; of values, and of classes beyond these, 1. As many as tables have at most. */
typedef struct umbra_class_weights {
  size_t classes; /* 0: none weighs more than others */
  double of[UMBRA_MOST_WEIGHED];
} umbra_class_weights;

/* All values are finite, and of two classes both are there. */
struct umbra_records {
  size_t rows, columns;
  size_t classes;   /* 2 or more; 0: labels are values */
  double *features; /* rows x columns */
  double *labels;   /* -1 or 1 of two classes; a class's number, from 0, of more; or values */
  umbra_class_weights weight;
  umbra_schema *schema;   /* shared, or NULL */
  umbra_scaling *scaling; /* that they were scaled by, shared; NULL: by none */
  uint8_t *filled;        /* of each feature: 1: it stands for a missing value; NULL: none does */
  int median;             /* which is that of the others in its column; else the mean */
};

/*
 * Room for rows x columns features, of two classes, which the caller fills. INVALID_ARGUMENT (no rows or columns),
 * OUT_OF_MEMORY.
 */
umbra_status umbra_records_make(umbra_records **records, size_t rows, size_t columns);

/* A record's class, from 0; of two classes the one of label 1 is class 1. */
size_t umbra_records_class(const umbra_records *records, size_t row);

/*
 * Empty ones for some rows of others: their columns, schema, kind of labels, and room for what is filled. Errors: as
 * above.
 */
umbra_status umbra_records_make_like(umbra_records **records, const umbra_records *others, size_t rows);

/* All of them once more. */
umbra_status umbra_records_copy(umbra_records **copy, const umbra_records *records);

/* One row of others becomes row `to`. */
void umbra_records_copy_row(umbra_records *records, size_t to, const umbra_records *others, size_t row);

/*
 * What stands for missing values on both sides becomes the mean or median of `rest` alone, 0 where a column of it has no
 * value: so nothing of the held ones comes into a training. Errors: OUT_OF_MEMORY.
 */
umbra_status umbra_records_refill(umbra_records *rest, umbra_records *held);

/* The largest weight, at least 1. */
double umbra_records_most_weight(const umbra_records *records);

/* Whether any weighs other than 1. */
int umbra_records_are_weighted(const umbra_records *records);

/* INVALID_ARGUMENT unless they are of two classes. */
umbra_status umbra_records_check_two(const umbra_records *records);

/*
 * INVALID_ARGUMENT unless they are as many records, of as many features and with such labels, as the options of a plan
 * say; and if they have weights, and the plan's kind of training none.
 */
umbra_status umbra_records_check_shape(const umbra_records *records, const umbra_train_options *options);

/* INVALID_ARGUMENT unless norms and labels are within what privacy is promised for (umbra_records_limit). */
umbra_status umbra_records_check_limits(const umbra_records *records, const umbra_privacy_options *privacy);

/* Of their shape, features and labels, in their order. */
void umbra_records_digest(uint8_t digest[UMBRA_DIGEST_BYTES], const umbra_records *records);

/* weights . row + bias */
double umbra_records_score(const umbra_records *records, size_t row, const double *weights);

/* log(1 + e^-margin) */
double umbra_logistic_loss(double margin);

#endif
