/* SPDX-License-Identifier: Apache-2.0 */
/* The trials of a search, what they cost, and which of them is to be taken. */
#ifndef UMBRA_TRAIN_SEARCH_INTERNAL_H
#define UMBRA_TRAIN_SEARCH_INTERNAL_H

#include <umbra/train_search.h>

#include "course.h"

/* Of a polynomial's degree, from a plan. */
typedef struct umbra_degree_cost {
  uint32_t degree;
  uint32_t period;             /* iterations from one refresh to the next; 0: it takes too many levels */
  uint64_t iteration, refresh; /* key switches */
} umbra_degree_cost;

/* Refreshes, and key switches, of so many iterations. */
uint32_t umbra_search_refreshes(const umbra_degree_cost *cost, uint32_t iterations);
double umbra_search_cost(const umbra_degree_cost *cost, uint32_t iterations);

typedef struct umbra_search_trial {
  umbra_train_trial trial;
  umbra_course course;
  umbra_degree_cost cost;
  int refused; /* it is not to be taken */
} umbra_search_trial;

typedef struct umbra_choice {
  size_t trial;
  uint32_t stop;
} umbra_choice;

/*
 * The cheapest of those that are nearly the best: a merit within the tolerance, and then a loss within a twentieth of
 * `entropy`, that of the classes' shares; INFINITY: whatever their losses are. Of equally cheap ones that of the largest rate, which comes nearest to the
 * best model; the first of these. Returns 0 if there is none.
 */
int umbra_search_choose(umbra_choice *choice, const umbra_search_trial *trials, size_t count, const umbra_stops *stops,
                        double tolerance, double entropy);

/* The stop of the largest merit of those that were reached. */
uint32_t umbra_search_best_stop(const umbra_course *course);

#endif
