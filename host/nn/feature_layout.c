/* SPDX-License-Identifier: Apache-2.0 */
/* Where the pixels of feature maps are. */
#include "../base/error.h"
#include "../base/integers.h"
#include "feature_map.h"

static uint32_t interleave_of(const umbra_feature_layout *l) { return l->interleave_y * l->interleave_x; }

static uint32_t planes_of(const umbra_feature_layout *l) { return (l->channels - 1) / interleave_of(l) + 1; }

uint64_t umbra_feature_positions(const umbra_feature_layout *l) { return (uint64_t)planes_of(l) * l->plane; }

size_t umbra_feature_parts(const umbra_feature_layout *l) { return (umbra_feature_positions(l) - 1) / l->slots + 1; }

uint64_t umbra_feature_channel(const umbra_feature_layout *l, uint32_t channel) {
  const uint32_t i = channel % interleave_of(l);
  return (uint64_t)l->plane * (channel / interleave_of(l)) + (uint64_t)l->row * (i / l->interleave_x) +
         i % l->interleave_x;
}

void umbra_feature_channels_within(const umbra_feature_layout *l, uint32_t *first, uint32_t *end, uint64_t from,
                                   uint64_t to) {
  const uint64_t after = ((to - 1) / l->plane + 1) * interleave_of(l);
  *first = (uint32_t)(from / l->plane * interleave_of(l));
  *end = after < l->channels ? (uint32_t)after : l->channels;
}

int umbra_feature_layout_same(const umbra_feature_layout *a, const umbra_feature_layout *b) {
  return a->channels == b->channels && a->height == b->height && a->width == b->width && a->slots == b->slots &&
         a->plane == b->plane && a->row == b->row && a->gap_y == b->gap_y && a->gap_x == b->gap_x &&
         a->interleave_y == b->interleave_y && a->interleave_x == b->interleave_x;
}

/* ---- extents ---- */

/* From the first to the last row of a plane, and slot of a row; 0 if there is no channel. */
static uint64_t rows_of(const umbra_feature_layout *l) {
  return (uint64_t)(l->height - 1) * l->gap_y + l->interleave_y;
}

static uint64_t columns_of(const umbra_feature_layout *l) {
  return (uint64_t)(l->width - 1) * l->gap_x + l->interleave_x;
}

/* Slots of a plane up to its last pixel. */
static uint64_t plane_of(const umbra_feature_layout *l) { return (rows_of(l) - 1) * l->row + columns_of(l); }

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

void umbra_feature_layout_fill_gaps(umbra_feature_layout *l) {
  l->interleave_y = l->interleave_x = 1;
  if (columns_of(l) > l->row || plane_of(l) > l->plane) {
    l->interleave_y = l->interleave_x = 0;
    return;
  }
  const uint64_t across = least(l->row - columns_of(l), l->plane - plane_of(l));
  l->interleave_x += (uint32_t)least(l->gap_x - 1, across);
  l->interleave_y += (uint32_t)least(l->gap_y - 1, (l->plane - plane_of(l)) / l->row);
}

/* ---- what is chosen ---- */

/* The longest that leaves no more room to the right than below. */
static uint32_t balanced_row(const umbra_feature_layout *l) {
  const uint64_t rows = rows_of(l), columns = columns_of(l);
  uint64_t row = columns;
  while (l->plane / (row + 1) >= rows && l->plane / (row + 1) - rows >= row + 1 - columns) row++;
  return (uint32_t)row;
}

static void choose_plane(umbra_feature_layout *l) {
  const uint64_t least = l->row ? plane_of(l) : rows_of(l) * columns_of(l);
  if (!l->plane) l->plane = (uint32_t)umbra_power_above(least);
  if (!l->row) l->row = balanced_row(l);
}

static void choose_slots(umbra_feature_layout *l, uint32_t most_slots) {
  const uint64_t positions = umbra_feature_positions(l);
  l->slots = positions < most_slots ? (uint32_t)umbra_power_above(positions) : most_slots;
}

/* ---- checks ---- */

static umbra_status check_shape(const umbra_feature_layout *l) {
  const uint64_t pixels = (uint64_t)l->height * l->width;
  if (!l->channels || !l->height || !l->width)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a feature map of %u channels of %u x %u: all must be above 0",
                      l->channels, l->height, l->width);
  if (l->interleave_y > l->gap_y || l->interleave_x > l->gap_x)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%u x %u channels in gaps of %u x %u: they do not fit there",
                      l->interleave_y, l->interleave_x, l->gap_y, l->gap_x);
  if (pixels > UMBRA_MOST_POSITIONS || rows_of(l) > UMBRA_MOST_POSITIONS || columns_of(l) > UMBRA_MOST_POSITIONS ||
      rows_of(l) * (l->row ? l->row : columns_of(l)) > UMBRA_MOST_POSITIONS)
    return umbra_fail(UMBRA_ERROR_RANGE, "a plane of %u x %u pixels takes more than 2^31 slots", l->height, l->width);
  return UMBRA_OK;
}

static umbra_status check_plane(const umbra_feature_layout *l) {
  if (!umbra_is_power_of_two(l->plane) || columns_of(l) > l->row || plane_of(l) > l->plane)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a plane of %u slots with rows of %u does not hold %u x %u pixels with gaps of %u x %u, or is no "
                      "power of two",
                      l->plane, l->row, l->height, l->width, l->gap_y, l->gap_x);
  if (umbra_feature_positions(l) > UMBRA_MOST_POSITIONS)
    return umbra_fail(UMBRA_ERROR_RANGE, "%u channels in planes of %u slots take more than 2^31", l->channels,
                      l->plane);
  return UMBRA_OK;
}

umbra_status umbra_feature_layout_choose(umbra_feature_layout *l, uint32_t most_slots) {
  if (!l->gap_y) l->gap_y = 1;
  if (!l->gap_x) l->gap_x = 1;
  if (!l->interleave_y) l->interleave_y = 1;
  if (!l->interleave_x) l->interleave_x = 1;
  UMBRA_TRY(check_shape(l));
  if (!l->plane || !l->row) choose_plane(l);
  UMBRA_TRY(check_plane(l));
  if (!l->slots) choose_slots(l, most_slots);
  if (umbra_is_power_of_two(l->slots) && l->slots <= most_slots) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "ciphertexts of %u slots for a feature map: that must be a power of two up to %u", l->slots,
                    most_slots);
}
