/* SPDX-License-Identifier: Apache-2.0 */
/* A training in the clear, judged at several numbers of iterations, by records that it has not seen. */
#ifndef UMBRA_TRAIN_COURSE_H
#define UMBRA_TRAIN_COURSE_H

#include "../base/watch.h"
#include "records.h"

enum { UMBRA_COURSE_STOPS = 16 };

/* Numbers of iterations after which a training may end; rising. */
typedef struct umbra_stops {
  uint32_t count, iterations[UMBRA_COURSE_STOPS];
} umbra_stops;

/* Scaled records to train on, and to judge by; judged NULL: nobody judges. */
typedef struct umbra_fold {
  umbra_records *train, *judged;
  uint64_t seed; /* added to that of the options */
} umbra_fold;

/* Of a course. Rows and columns of the options are those of each fold. */
typedef struct umbra_course_request {
  const umbra_train_options *options; /* whole: their sigmoid is not NULL */
  const double *initial;              /* as of the twin */
  const umbra_stops *stops;
  double limit, hidden_limit; /* of scores, and of sums of hidden layers: where one is larger, the course ends */
  int exact;                  /* 1: by the sigmoid itself */
} umbra_course_request;

/*
 * What it came to at the stops that all folds reached: means, and the largest values of any fold so far. merit: what trainings
 * are chosen by, at most 1: of logistic models the AUC, of networks the accuracy, or of values the share that is explained of
 * the variance of those that are trained on; without one, minus the loss.
 */
typedef struct umbra_course {
  uint32_t reached;
  double merit[UMBRA_COURSE_STOPS], auc[UMBRA_COURSE_STOPS], accuracy[UMBRA_COURSE_STOPS], loss[UMBRA_COURSE_STOPS];
  double largest_score[UMBRA_COURSE_STOPS], largest_hidden[UMBRA_COURSE_STOPS];
} umbra_course;

/* Errors: those of the options' check, OUT_OF_MEMORY, CANCELLED. */
umbra_status umbra_course_run(umbra_course *course, const umbra_course_request *request, const umbra_fold *folds,
                              size_t count, umbra_watch *watch);

#endif
