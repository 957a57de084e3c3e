/* SPDX-License-Identifier: Apache-2.0 */
/* A way to compute a program: parameters, how the input lies, at which levels steps run, and what all that takes. */
#ifndef UMBRA_INFER_WAY_H
#define UMBRA_INFER_WAY_H

#include <umbra/feature_ops.h>
#include <umbra/inference.h>
#include <umbra/transform.h>

#include "placement.h"
#include "program.h"

enum { UMBRA_WAY_MOST_CIPHERTEXTS = 1 << 14 }; /* of a batch */

typedef struct umbra_way {
  umbra_params *params;               /* a share */
  umbra_matrix_layout layout;         /* of batches: by columns or interleaved, with stride, slots and group */
  umbra_feature_layout image;         /* of records, of which a batch has the positions as columns; 0 channels: none */
  umbra_transform_encode_when encode; /* of convolutions */
  uint64_t ahead;                     /* at use: bytes of diagonals that are encoded before, as far as they reach */
  umbra_bootstrap_order refresh;      /* how, if at all */
  umbra_target target;                /* and for what */
  umbra_weights_kind weights;
  double weight_bound;        /* of encrypted ones, a power of two from 1 on; 0: not known, or none are encrypted */
  umbra_place_choice *levels; /* of each step: at entry, and whether its result is refreshed; NULL: not found */
  umbra_inference_report report;
  umbra_key_needs *needs;
  size_t results;                      /* ciphertexts of a batch's results, once it was measured, */
  uint32_t result_level, result_slots; /* and what they are */
  size_t order;                        /* in which it was thought of, which decides between equals */
} umbra_way;
void umbra_way_clear(umbra_way *way);

/* Columns of a batch of records of so many elements. */
size_t umbra_way_columns(const umbra_way *way, size_t elements);

/*
 * Finds the levels: as high as the input's allows or, where that is too low, with refreshes between, at levels that take the
 * least time by a table of the way's target. Errors: NO_LEVEL, RANGE (too many values at once), OUT_OF_MEMORY.
 */
umbra_status umbra_way_find_levels(umbra_way *way, const umbra_program *program);

/* How many results are refreshed. */
uint32_t umbra_way_refreshes(const umbra_way *way, const umbra_program *program);

#endif
