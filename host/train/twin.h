/* SPDX-License-Identifier: Apache-2.0 */
/* A training in the clear, iteration by iteration. */
#ifndef UMBRA_TRAIN_TWIN_H
#define UMBRA_TRAIN_TWIN_H

#include "../base/watch.h"
#include "plan.h"
#include "records.h"

typedef struct umbra_twin {
  const umbra_train_plan *plan; /* its options, sigmoid, coefficients and iterations: parameters are not asked for */
  const umbra_records *records; /* of the plan's shape */
  const double *initial;        /* columns + 1 first weights; NULL: zeros */
  int exact;                    /* 1: by the sigmoid itself */
  size_t *order;
  double *w, *v, *gradient; /* columns + 1, the bias last */
  umbra_watch *watch;
} umbra_twin;

/* Given plan, records, initial, exact and watch, makes the rest. To be closed whether or not it fails. */
umbra_status umbra_twin_open(umbra_twin *twin);
void umbra_twin_close(umbra_twin *twin);

/* Iteration i: largest score and weight of the outcome. */
umbra_status umbra_twin_iterate(umbra_twin *twin, umbra_train_outcome *outcome, uint32_t i);

#endif
