/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear maps of slots, with their diagonals encoded for one level and one scale: double hoisting (Bossuat, Mouchet,
 * Troncoso-Pastoriza, Hubaux, eprint 2020/1203), or chains of rotations that need two or three keys in all.
 */
#ifndef UMBRA_CIRCUITS_TRANSFORM_TRANSFORM_H
#define UMBRA_CIRCUITS_TRANSFORM_TRANSFORM_H

#include <umbra/transform.h>

#include "../../base/counted.h"
#include "../../base/watch.h"
#include "../../ckks/scaled.h"
#include "diagonals.h"
#include "transform_plan.h"

typedef struct umbra_transform_encoding {
  const umbra_diagonals *diagonals; /* read while the transform is created; values only by contexts that have them */
  uint32_t level;                   /* of the input; the output is one level below */
  umbra_log2 log_scale;             /* of the encoded diagonals */
  int min_key;
  uint32_t baby_steps;     /* see umbra_transform_shape */
  umbra_watch *watch;      /* of the call; NULL: nobody watches */
  umbra_diagonals *at_use; /* the same, to be taken over and encoded whenever the transform is applied; NULL: now */
} umbra_transform_encoding;

struct umbra_transform {
  umbra_counted counted;
  umbra_context *context;
  umbra_transform_plan *plan;
  umbra_log2 log_scale;
  umbra_poly plain;          /* [giants][babies] encoded diagonals, turned back by the giant step; or none, and: */
  umbra_diagonals diagonals; /* what is encoded at use */
  umbra_estimate factor;     /* bound on the sum of a slot's diagonals, and the error of their encoding */
  /* Of those that an application made; see transform_source.h. */
  uint32_t slots_in, slots_out;
  double row;
};

/* Of diagonals that bring an input from the scale of its level to that of the one below. */
umbra_log2 umbra_transform_log_scale_at(const umbra_chain *chain, uint32_t level);

/* Whether diagonals are encoded whenever the transform is applied. */
static inline int umbra_transform_encodes_at_use(const umbra_transform *transform) {
  return transform->diagonals.count > 0;
}

/* Auxiliary primes of its plaintexts and sums. */
uint32_t umbra_transform_auxes(const umbra_transform *transform);

/* Time: an encoding for each diagonal. Errors: INVALID_ARGUMENT, NO_LEVEL, RANGE, OUT_OF_MEMORY. */
umbra_status umbra_transform_encode(umbra_transform **transform, const umbra_context *context,
                                    const umbra_transform_encoding *desc);

/*
 * Of one that encodes at use and that nobody has yet: encodes all of it now. Results are the same bits. Errors:
 * OUT_OF_MEMORY, CANCELLED.
 */
umbra_status umbra_transform_encode_ahead(umbra_transform *transform, umbra_watch *watch);

/* What the diagonals take when they are encoded. */
uint64_t umbra_transform_encoded_bytes(const umbra_transform *transform);

/* log2 of the scale that an input of that scale leaves with. */
umbra_log2 umbra_transform_log_scale(const umbra_transform *transform, umbra_log2 log_scale);

/*
 * outs, one for each map, become new ciphertexts one level below the transform's: the maps of in, which may be at a
 * higher level with the limbs of the transform's. Cost: see the plan. Errors: INVALID_ARGUMENT, MISSING_KEY,
 * OUT_OF_MEMORY.
 */
umbra_status umbra_transform_apply_scaled(umbra_evaluator *evaluator, umbra_scaled *outs, const umbra_scaled *in,
                                          const umbra_transform *transform);

#endif
