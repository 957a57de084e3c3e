/* SPDX-License-Identifier: Apache-2.0 */
/* What a search tries. */
#ifndef UMBRA_TRAIN_SEARCH_SPACE_H
#define UMBRA_TRAIN_SEARCH_SPACE_H

#include "search.h"

enum { UMBRA_MOST_SCALINGS = 6, UMBRA_MOST_RATES = 5, UMBRA_MOST_DEGREES = 5, UMBRA_MOST_POLYNOMIALS = 10 };

typedef struct umbra_search_polynomial {
  uint32_t degree;
  double range;
  size_t cost; /* where that of its degree is */
} umbra_search_polynomial;

typedef struct umbra_search_space {
  size_t scalings, rates, polynomials, degrees;
  umbra_train_trial scaling[UMBRA_MOST_SCALINGS]; /* scaling, argument and clip alone */
  double rate[UMBRA_MOST_RATES];                  /* times umbra_search_rate; 0: as given */
  umbra_search_polynomial polynomial[UMBRA_MOST_POLYNOMIALS];
  umbra_degree_cost cost[UMBRA_MOST_DEGREES];
} umbra_search_space;

/* INVALID_ARGUMENT, with the option's name, if an option is out of its range. */
umbra_status umbra_search_options_check(const umbra_train_search_options *options);

void umbra_search_stops(umbra_stops *stops, const umbra_train_search_options *options, uint32_t iterations);

/* train: whole options, with rows and columns. Errors: those of plans; UNSUPPORTED: no degree fits the parameters. */
umbra_status umbra_search_space_make(umbra_search_space *space, const umbra_params *params,
                                     const umbra_train_search_options *options, const umbra_train_options *train);

/*
 * Of a training's iterations and refreshes, from a plan of one of each: more of them change no figure of logistic models,
 * and of networks none to less refreshes. options: whole. Errors: those of plans.
 */
umbra_status umbra_search_cost_of(umbra_degree_cost *cost, const umbra_params *params,
                                  const umbra_train_options *options);

/* With which no step of plain descent overshoots, to two digits; of scaled records. Errors: OUT_OF_MEMORY. */
umbra_status umbra_search_rate(double *rate, const umbra_records *records);

/* To two digits. */
double umbra_search_round(double x);

#endif
