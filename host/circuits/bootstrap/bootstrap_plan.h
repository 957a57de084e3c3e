/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a refresh does, before anything is encoded: levels, factors, scales, keys, costs and errors.
 *
 * With t = m + q_0 I the raised integers, slots hold y = t / (q_0 range) after coefficients-to-slots, and e = m / q_0
 * after the reduction; scales are relabelled there, so that e is the message again. Everything else is folded into the
 * scales at which matrices are encoded.
 */
#ifndef UMBRA_CIRCUITS_BOOTSTRAP_BOOTSTRAP_PLAN_H
#define UMBRA_CIRCUITS_BOOTSTRAP_BOOTSTRAP_PLAN_H

#include <umbra/bootstrap.h>

#include "../../params/params.h"
#include "dft.h"
#include "reduction.h"

enum { UMBRA_MAX_FACTORS = 4 };

/* One of the two linear maps: factor i goes from level first_level - i to the one below. */
typedef struct umbra_bootstrap_map {
  umbra_dft_direction direction;
  uint32_t factors, first_level;
  uint32_t stages[UMBRA_MAX_FACTORS];
  umbra_log2 log_scale[UMBRA_MAX_FACTORS]; /* of the encoded diagonals */
} umbra_bootstrap_map;

struct umbra_bootstrap_plan {
  umbra_counted counted;
  umbra_params *params;
  umbra_bootstrap_options options; /* slots as they are */
  uint32_t log_slots;
  uint32_t ratio_bits;  /* q_0 over the scale at which the modulus is raised, over the bound */
  int side_by_side;     /* real and imaginary parts share a ciphertext: there are fewer slots than n / 2 */
  umbra_log2 log_enter; /* log2 of the scale at which the modulus is raised */
  umbra_log2 log_stc;   /* of the scale of the message before slots-to-coefficients */
  uint32_t round_bits;  /* by which the error of a first round is magnified for the second */
  double one_round;     /* the report's error if there were one round only */
  const char *weakest;  /* what to change if errors are too large: the members behind the largest part of them */
  umbra_bootstrap_map cts, stc;
  umbra_reduction *reduction;
  umbra_key_needs *needs;
  umbra_bootstrap_report report;
};

/* Whether it refreshes pairs: in the standard order, in one round. */
int umbra_bootstrapper_takes_pairs(const umbra_bootstrapper *bootstrapper);

/* The matrices of a map, in the order applied, with values or only their bounds; destroy each. */
umbra_status umbra_bootstrap_map_diagonals(umbra_diagonals diagonals[UMBRA_MAX_FACTORS],
                                           const umbra_bootstrap_plan *plan, const umbra_bootstrap_map *map,
                                           int values);

/* Baby steps of a factor with that many stages; 0: as the transform likes. */
uint32_t umbra_bootstrap_baby_steps(const umbra_bootstrap_plan *plan, uint32_t stages);

/* Fills the error part of the report, and how often a refresh of two rounds magnifies, of a plan whose maps are laid. */
void umbra_bootstrap_predict(umbra_bootstrap_plan *plan);

/* Adds the needs, and fills keys, bytes and key switches, of a plan that is complete otherwise: those of one refresh. */
umbra_status umbra_bootstrap_plan_run_dry(umbra_bootstrap_plan *plan);

#endif
