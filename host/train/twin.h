/* SPDX-License-Identifier: Apache-2.0 */
/* A training in the clear, iteration by iteration. */
#ifndef UMBRA_TRAIN_TWIN_H
#define UMBRA_TRAIN_TWIN_H

#include <math.h>

#include "../approximate/interpolate.h"
#include "../base/watch.h"
#include "kind.h"

/* Errors that an iteration has under encryption, drawn the same on every machine. */
typedef struct umbra_twin_errors {
  double slot;    /* of a slot after one operation: umbra_plan_rounding */
  double weights; /* mean square of the records' weights */
  uint64_t random;
} umbra_twin_errors;

struct umbra_twin {
  const umbra_train_plan *plan; /* its options, sigmoid, coefficients and iterations: parameters are not asked for */
  const umbra_records *records; /* of the plan's shape */
  const double *initial;        /* first weights; NULL: those of the kind */
  int exact;                    /* 1: by the sigmoid itself */
  size_t *order, count;         /* count: of weights */
  double *w, *v, *gradient;     /* v: of optimizers with gradients at w, the velocity */
  umbra_watch *watch;
  umbra_twin_errors *errors; /* NULL: none */
};

/* Where the gradient is taken. */
static inline const double *umbra_twin_point(const umbra_twin *t) {
  return umbra_train_at_weights(&t->plan->options) ? t->w : t->v;
}

/*
 * What a refresh does to values of that size, the root mean square of both parts of all slots, over the bound of what is
 * refreshed: they become smaller by a share of themselves, and have an error, over the bound.
 */
typedef struct umbra_twin_refresh {
  double shrunk, error;
} umbra_twin_refresh;
umbra_twin_refresh umbra_twin_refresh_of(const umbra_train_plan *plan, double size);

/* What is not finite is as large as anything. */
static inline double umbra_twin_size(double x) { return isfinite(x) ? fabs(x) : INFINITY; }

/* Given plan, records, initial, exact and watch, makes the rest. To be closed whether or not it fails. */
umbra_status umbra_twin_open(umbra_twin *twin);
void umbra_twin_close(umbra_twin *twin);

/* Iteration i: the largest values of the outcome. */
umbra_status umbra_twin_iterate(umbra_twin *twin, umbra_train_outcome *outcome, uint32_t i);

#endif
