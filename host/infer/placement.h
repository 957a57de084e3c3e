/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At which level every node of a network runs and whose results are refreshed, so that all of it takes the least time:
 * an exact dynamic program over the cuts of the graph. Levels are dropped for free, so a node may run at any level that
 * its inputs have.
 */
#ifndef UMBRA_INFER_PLACEMENT_H
#define UMBRA_INFER_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

typedef struct umbra_place_node {
  const uint32_t *inputs; /* numbers of earlier nodes; none: an input of the network */
  size_t input_count;
  uint32_t depth;     /* levels that it takes */
  const double *cost; /* seconds by level at entry, from 0 to the top; HUGE_VAL: it does not run there. NULL: 0 */
  double refresh;     /* seconds of a refresh of its result; HUGE_VAL: there is none */
} umbra_place_node;

typedef struct umbra_place_choice {
  uint32_t level; /* at entry */
  int refreshed;  /* 1: its result is */
} umbra_place_choice;

typedef struct umbra_place_levels {
  uint32_t top;
  uint32_t input;        /* of inputs of the network */
  uint32_t refresh_from; /* the lowest at which a refresh takes something in */
  uint32_t refreshed;    /* after a refresh */
} umbra_place_levels;

/*
 * choices[count], and the seconds of all nodes and refreshes. Errors: NO_LEVEL (a node takes more levels than there
 * are), RANGE (too many values are needed at once), OUT_OF_MEMORY. Outputs are then unchanged.
 */
umbra_status umbra_place_refreshes(umbra_place_choice *choices, double *seconds, const umbra_place_node *nodes,
                                   size_t count, const umbra_place_levels *levels);

#endif
