/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Benchmarks of computations with keys of their own: those that a dry run of one call names, which also tells the counts.
 * A file of such benchmarks has a struct that begins with a bench_keyed_rig, and the functions of a bench_keyed.
 */
#ifndef UMBRA_BENCH_KEYED_RIG_H
#define UMBRA_BENCH_KEYED_RIG_H

#include <umbra/umbra.h>

#include "bench.h"

typedef struct bench_keyed_rig {
  const void *shape; /* what is computed: the file's own */
  const bench_setting *setting;
  umbra_params *params;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public_key;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_cost cost; /* of one call */
} bench_keyed_rig;

/* Functions take the file's struct, zeroed but for the shape, setting and parameters at first. */
enum { BENCH_NAME = 256 };
typedef struct bench_keyed {
  size_t size, shape_size; /* of that struct, and of a shape */
  int (*name)(char name[BENCH_NAME], const void *shape, const umbra_params *params); /* 0: it does not fit them */
  umbra_status (*describe)(void *rig);
  umbra_status (*run_dry)(void *rig, umbra_evaluator *evaluator, const umbra_context *dry); /* from new accounts on */
  umbra_status (*make_inputs)(void *rig);
  umbra_status (*call)(void *rig);
  umbra_status (*check)(bench_state *state, void *rig); /* and counts */
  void (*clear)(void *rig);                             /* what it has beside the first member */
} bench_keyed;

/* Shapes that fit, under their names with the setting's behind; what all point to lives until bench_keyed_close. */
void bench_keyed_register(const bench_keyed *keyed, const void *shapes, size_t count, const bench_setting *setting);
void bench_keyed_close(void);

/* That level, or the highest if it is lower. */
uint32_t bench_level(uint32_t level, const umbra_params *params);

/* The first ones of bench_point; NULL: no memory. */
double *bench_points(size_t count, double step);

/* n, level, keys and key switches, bytes of keys and workspace. */
void bench_keyed_count(bench_state *state, const bench_keyed_rig *rig, uint32_t level);

#endif
