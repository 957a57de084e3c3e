/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_NN_FEATURE_MAP_H
#define UMBRA_NN_FEATURE_MAP_H

#include <umbra/feature_map.h>
#include <umbra/matrix.h>

#include "../ckks/sim.h"
#include "../linalg/parts.h"

struct umbra_feature_map {
  umbra_context *context; /* a share */
  umbra_feature_layout layout;
  size_t parts;
  umbra_ciphertext **part;
};

/* ---- layouts ---- */

/*
 * Chooses what is 0 for a ring of n/2 = most_slots slots, and checks the whole. Errors: INVALID_ARGUMENT, RANGE (more
 * than UMBRA_MOST_POSITIONS).
 */
umbra_status umbra_feature_layout_choose(umbra_feature_layout *layout, uint32_t most_slots);

#define UMBRA_MOST_POSITIONS ((uint64_t)1 << 31)

int umbra_feature_layout_same(const umbra_feature_layout *a, const umbra_feature_layout *b);

/* The functions below are of layouts that are chosen. */

/* Up to the end of the last plane. */
uint64_t umbra_feature_positions(const umbra_feature_layout *layout);

/* The layout of such a map as a matrix of one row: umbra_feature_map_as_row. */
umbra_matrix_layout umbra_feature_row_layout(const umbra_feature_layout *layout);

/* Ciphertexts. */
size_t umbra_feature_parts(const umbra_feature_layout *layout);

/* Position of pixel (0, 0) of a channel. */
uint64_t umbra_feature_channel(const umbra_feature_layout *layout, uint32_t channel);

/* Channels [*first, *end) are those of all planes that have some of the positions [from, to), which is not empty. */
void umbra_feature_channels_within(const umbra_feature_layout *layout, uint32_t *first, uint32_t *end, uint64_t from,
                                   uint64_t to);

/* From there to pixel (y, x). */
static inline uint64_t umbra_feature_pixel(const umbra_feature_layout *layout, uint32_t y, uint32_t x) {
  return (uint64_t)layout->row * layout->gap_y * y + (uint64_t)layout->gap_x * x;
}

/* The widest interleaving, up to the gaps, with which the shape fits into its rows and planes; 0: none. */
void umbra_feature_layout_fill_gaps(umbra_feature_layout *layout);

/* ---- maps ---- */

/* A map with room for its parts, all NULL. Checks nothing. */
umbra_status umbra_feature_map_make(umbra_feature_map **map, const umbra_context *context,
                                    const umbra_feature_layout *layout);

/* A new map becomes *map if the status is OK, and is destroyed otherwise. Returns the status. */
umbra_status umbra_feature_map_hand_out(umbra_feature_map **map, umbra_feature_map *made, umbra_status status);

/* *out = a function of every slot of the map. magnitude: declared of the result; 0: what follows. */
umbra_status umbra_feature_map_function(umbra_evaluator *evaluator, umbra_feature_map **out,
                                        const umbra_feature_map *map, umbra_slot_function *function, const void *user,
                                        double magnitude);

#endif
