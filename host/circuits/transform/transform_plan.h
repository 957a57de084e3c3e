/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How linear maps of slots are computed: rotations of diagonals are split into baby steps, which rotate the input, and
 * giant steps, which rotate sums of products: rotation = baby + giant. Several maps of one input share the baby steps,
 * and each has its own giant steps. A plan depends on nothing but what it is made from.
 */
#ifndef UMBRA_CIRCUITS_TRANSFORM_TRANSFORM_PLAN_H
#define UMBRA_CIRCUITS_TRANSFORM_TRANSFORM_PLAN_H

#include <stddef.h>

#include "../../params/chain.h"

typedef struct umbra_transform_shape {
  uint32_t slots, period;  /* as in umbra_diagonals */
  size_t count;            /* of the diagonals of all maps */
  const int32_t *rotation; /* distinct modulo slots in every map */
  const uint32_t *map;     /* of each diagonal; each map has one at least. NULL: there is one map */
  uint32_t maps;           /* if there are several */
  uint32_t level;          /* of the input; at least 1 */
  int min_key;             /* two or three keys in all, and more time: chains of rotations by one step */
  uint32_t baby_steps;     /* from one giant step to the next, in strides; 0: whatever is fastest */
} umbra_transform_shape;

typedef struct umbra_transform_plan {
  uint32_t slots, level;
  int min_key;
  uint32_t log_gap;   /* of the plaintexts; see umbra_kernels.plain_products */
  int32_t stride;     /* greatest common divisor of all rotations */
  int32_t giant_step; /* multiple of the stride from one giant step to the next */
  uint32_t maps;
  uint32_t babies, giants; /* of all maps; with rotations by 0, which need no key */
  uint32_t *first_giant;   /* of each map, and at the end the number of all */
  int32_t *baby, *giant;   /* rotations; a step of 0 comes first, but for giants of few keys; the others ascend */
  uint32_t *diagonal;      /* [giants][babies]: index of the diagonal of that map and rotation, or UMBRA_NO_DIAGONAL */
  uint32_t key_switches;   /* inner products with a key */
  uint64_t cost;           /* of this split, in products of limbs: for comparisons of plans of one level */
} umbra_transform_plan;

#define UMBRA_NO_DIAGONAL UINT32_MAX

umbra_status umbra_transform_plan_create(umbra_transform_plan **plan, const umbra_chain *chain,
                                         const umbra_transform_shape *shape);
/* In the unit of `cost`, at that level: a rotation by itself, and the encoding of a diagonal. */
uint64_t umbra_transform_rotation_cost(const umbra_chain *chain, uint32_t level);
uint64_t umbra_transform_encoding_cost(const umbra_chain *chain, uint32_t level);

void umbra_transform_plan_destroy(umbra_transform_plan *plan);

#endif
