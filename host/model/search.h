/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of a stand-in for each activation, so that a network takes few levels and stays near the exact one. */
#ifndef UMBRA_MODEL_SEARCH_H
#define UMBRA_MODEL_SEARCH_H

#include "../base/watch.h"
#include "distance.h"
#include "stand_in.h"

/* A network on trial: the model's nodes, among them stand-ins, none of which it owns. */
typedef struct umbra_trial {
  const umbra_model *exact;
  umbra_model model;
  umbra_replacement *replacements; /* in the order of their nodes */
  size_t count;
  double *use; /* of each node: room */
  const umbra_exact *outputs;
  umbra_watch *watch;
} umbra_trial;

/* The nodes of the network of what is chosen. */
void umbra_trial_put(umbra_trial *trial);

/* That network, compared with the exact one on some records or all. details: but for use, which is the trial's. */
umbra_status umbra_trial_compare(umbra_trial *trial, umbra_approximation_report *report, umbra_details details,
                                 const umbra_exact *outputs);

/*
 * Chooses: from the best of each activation down, step by step, first where a level costs the outputs least, as far as
 * the error allows. Errors: RANGE (out of reach), OUT_OF_MEMORY, CANCELLED.
 */
umbra_status umbra_trial_search(umbra_trial *trial, double error);

#endif
