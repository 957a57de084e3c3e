/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage of a refresh that takes overflows away: the reduction modulo q_0 (EvalMod). Slots come in with x / range for
 * x = I + e, |I| <= overflow an integer and |e| <= bound, and go out with about e. How that is done is the stage's own: a
 * refresh asks for nothing but what stands here, so another approximation, or another function of e, takes the place of
 * the sine where the plan makes it (bootstrap_plan.c).
 */
#ifndef UMBRA_CIRCUITS_BOOTSTRAP_REDUCTION_H
#define UMBRA_CIRCUITS_BOOTSTRAP_REDUCTION_H

#include "../../ckks/scaled.h"

typedef struct umbra_reduction umbra_reduction;

/* How far a refresh is: it counts the key switches that its plan names. */
typedef struct umbra_refresh_count {
  umbra_evaluator *evaluator;
  size_t done, all; /* all: 0 in the dry run by which a plan learns it; nobody watches that */
} umbra_refresh_count;

/* So many key switches more; CANCELLED if that is asked for. */
umbra_status umbra_refresh_advance(umbra_refresh_count *count, uint32_t switches);

typedef struct umbra_reduction_kind {
  const char *name; /* in traces */
  /* x, at the stage's level and scale, becomes e at that scale, `levels` below. */
  umbra_status (*apply)(const umbra_reduction *reduction, umbra_scaled *x, umbra_log2 log_scale,
                        umbra_refresh_count *count);
  void (*destroy)(umbra_reduction *reduction);
} umbra_reduction_kind;

/* The first member of each kind. */
struct umbra_reduction {
  const umbra_reduction_kind *kind;
  uint32_t level, levels; /* of the input, and those that it takes: at most umbra_bootstrap_sine_levels */
  umbra_log2 log_scale;   /* of the input */
  double range;           /* the input is x over it, in [-1, 1] */
  uint32_t overflow;      /* the largest |I| */
  double error_fit;       /* standard deviation of e's error, e uniform within its bound, I as it occurs */
  double bound;           /* on |e| */
  double error_bending;   /* the largest that does not average out: at the bound */
  uint32_t bending_order; /* and it grows with that power of |e| */
  double error_roundings; /* standard deviation from roundings in slots, of the input's, too, in units of one such */
};

static inline void umbra_reduction_destroy(umbra_reduction *reduction) {
  if (reduction) reduction->kind->destroy(reduction);
}

/*
 * By the polynomials of sine.h, for a chain's overflows. level_after: of the result. Errors: those of umbra_sine_fit.
 */
umbra_status umbra_sine_reduction_create(umbra_reduction **reduction, const umbra_chain *chain,
                                         const umbra_bootstrap_shape *shape, uint32_t level_after);

#endif
