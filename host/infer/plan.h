/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_INFER_PLAN_H
#define UMBRA_INFER_PLAN_H

#include <umbra/inference.h>

#include "../base/watch.h"
#include "frame.h"
#include "program.h"
#include "way.h"

struct umbra_inference_plan {
  umbra_counted counted;
  umbra_frame frame;
  umbra_program *program; /* NULL: a client's, which needs none; bare: the weights are encrypted, and elsewhere */
  umbra_way *ways;        /* the first one is the plan; loaded plans have no others */
  size_t way_count;
  /* Of the steps, which a client's plan has not, and of the whole plan: the same in the server's and the client's. */
  uint8_t steps_digest[UMBRA_DIGEST_BYTES], digest[UMBRA_DIGEST_BYTES];
};

/* One with nothing in it yet. */
umbra_status umbra_inference_plan_make(umbra_inference_plan **plan);

/* Finds the digests, that of the steps if there are any. Errors: INTERNAL. */
umbra_status umbra_inference_plan_find_digests(umbra_inference_plan *plan);

/* MISMATCH unless the matrix has that role for the plan with that digest. */
umbra_status umbra_inference_plan_check_stamp(const uint8_t digest[UMBRA_DIGEST_BYTES], const umbra_matrix *matrix,
                                              umbra_matrix_role role);

/* MISMATCH unless a context has the plan's parameters. what: "the key". */
umbra_status umbra_inference_plan_check(const umbra_inference_plan *plan, const umbra_context *context,
                                        const char *what);

/* INVALID_ARGUMENT if it has no layers, as a client's with plain weights; if it has no weights of its own. */
umbra_status umbra_inference_plan_check_layers(const umbra_inference_plan *plan);
umbra_status umbra_inference_plan_check_weights(const umbra_inference_plan *plan);

/* ---- ways (ways.c) ---- */

/*
 * All ways that there are levels, memory and slots for, sorted by their seconds. Errors: NO_LEVEL, RANGE (none),
 * OUT_OF_MEMORY, CANCELLED.
 */
umbra_status umbra_ways_find(umbra_way **ways, size_t *count, const umbra_program *program,
                             const umbra_inference_options *options, umbra_watch *watch);

/* Whether a way that fails so is none, rather than a failure of all. */
int umbra_way_is_left_out(umbra_status status);

/*
 * A dry run of a way, of which params, layout, image and report.records are set: the rest of the report follows, needs,
 * and levels if it has none. layers: of each step, gets levels of results and seconds; or NULL.
 */
umbra_status umbra_way_measure(umbra_way *way, umbra_cost *cost, umbra_inference_layer *layers,
                               const umbra_program *program, const char *machine);

/* What a release of a way's results is, once it was measured and its error found; scale: of outputs. */
umbra_status umbra_way_disclosure(const umbra_way *way, umbra_disclosure *disclosure, double scale,
                                  const umbra_disclosure_options *options);

/* The same of the way that is the plan. */
umbra_status umbra_plan_measure(const umbra_inference_plan *plan, umbra_cost *cost, umbra_inference_layer *layers,
                                const char *machine);

/* ---- simulation (simulate.c) ---- */

/* values: (records, elements) of results, as they are, of a program in one of its ways. */
umbra_status umbra_way_simulate(double *values, const umbra_way *way, const umbra_program *program,
                                const umbra_frame *frame, const umbra_ndarray *records, const umbra_sim_options *sim,
                                const umbra_progress *progress);

#endif
