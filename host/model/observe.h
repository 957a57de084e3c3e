/* SPDX-License-Identifier: Apache-2.0 */
/* What one run of records through a model shows: ranges, and outputs. Who runs them anyhow observes on the way. */
#ifndef UMBRA_MODEL_OBSERVE_H
#define UMBRA_MODEL_OBSERVE_H

#include "distance.h"
#include "ranges.h"

typedef struct umbra_observation {
  const umbra_model *model; /* while it is open */
  umbra_model_ranges *ranges;
  umbra_exact outputs;              /* before their closing steps; or none */
  umbra_extremes *nodes, *features; /* as those of the ranges, for each seat of a batch; while it is open */
} umbra_observation;

/* outputs: whether they are kept. */
umbra_status umbra_observation_open(umbra_observation *observation, const umbra_model *model,
                                    const umbra_ndarray *records, int outputs);

/* A record's values, as umbra_batch shows them. */
void umbra_observation_take(const umbra_observation *observation, double *const *values, size_t record, uint32_t seat);

/* All were taken. Whether all values are finite, and none outside the interval of a polynomial that reads it. */
int umbra_observation_close(umbra_observation *observation);
void umbra_observation_clear(umbra_observation *observation);

/* A run for nothing else. Errors: OUT_OF_MEMORY, CANCELLED, RANGE (which record and node). */
umbra_status umbra_observe(umbra_observation *made, const umbra_model *model, const umbra_ndarray *records, int outputs,
                           const umbra_progress *progress);

/*
 * umbra_model_approximate with what is known of the model already, so that each network runs once. made: of the
 * polynomial network, zero before. Errors: also RANGE (a record that leaves an interval of it).
 */
umbra_status umbra_observed_approximate(const umbra_model *model, umbra_model **polynomial,
                                        umbra_approximation **approximation, umbra_observation *made,
                                        const umbra_observation *exact, const umbra_ndarray *records,
                                        const umbra_approximation_options *options, const umbra_progress *progress);

#endif
