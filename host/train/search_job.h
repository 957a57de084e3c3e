/* SPDX-License-Identifier: Apache-2.0 */
/* A search as it goes on: what its records and trials are, and how one more is made. */
#ifndef UMBRA_TRAIN_SEARCH_JOB_H
#define UMBRA_TRAIN_SEARCH_JOB_H

#include "search.h"
#include "search_folds.h"

typedef struct umbra_search {
  const umbra_params *params;
  const umbra_records *records; /* all */
  umbra_train_search_options options;
  umbra_train_options train; /* whole */
  umbra_sigmoid_options sigmoid;
  umbra_search_folds folds;
  umbra_stops stops;
  umbra_search_trial *trial;
  size_t count, expected; /* trials so far, and at most */
  umbra_watch watch;
} umbra_search;

/* Room for so many trials. */
umbra_status umbra_search_expect(umbra_search *search, size_t trials);

/* One more, of the folds as they are scaled now. cost NULL: of the sigmoid itself, which no plan can have. */
umbra_status umbra_search_try(umbra_search *search, const umbra_train_trial *trial, const umbra_degree_cost *cost);

/* The first of the trials so far that is as good as the best of them, as far as so few records can tell. */
const umbra_train_trial *umbra_search_best(const umbra_search *search);

/* ---- networks: search_network.c ---- */

/* Makes their trials; *scaling becomes that of the last ones, by which folds are scaled then. */
umbra_status umbra_search_network(umbra_search *search, umbra_train_trial *scaling);

/* Of scores, and of sums of hidden layers, where their trainings end: other records may go farther. */
double umbra_search_room(double range);

/* Starts with which ranges have to hold. */
enum { UMBRA_SEARCH_STARTS = 5 };

#endif
