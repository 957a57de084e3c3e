/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Factors of tiles from other matrices in tiles, by linear maps of slots that follow from the layouts: sigma and tau of
 * Jiang, Kim, Lauter, Song (CCS 2018), with 2d - 1 and d diagonals, and transposition, with 2d - 1. A map works on one
 * ciphertext and is the same for all. It fills the first half of each tile's rows; what a factor to the left has in the
 * second one is that again, rotated.
 */
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../circuits/transform/transform.h"
#include "../ckks/verbs.h"
#include "multiply.h"

static umbra_matrix_order other_side(umbra_matrix_order side) {
  return side == UMBRA_MATRIX_TILES_LEFT ? UMBRA_MATRIX_TILES_RIGHT : UMBRA_MATRIX_TILES_LEFT;
}

/* A linear map, from one order of tiles to another. */
typedef struct step {
  umbra_matrix_order from, to;
  int transposed;
} step;

static int steps_to(step steps[UMBRA_FACTOR_MAPS], umbra_matrix_order side, umbra_matrix_order from, int transposed) {
  const umbra_matrix_order tiles = UMBRA_MATRIX_TILES;
  if (from == side && !transposed) return 0;
  steps[0] = (step){from, side, transposed};
  if (from == other_side(side) && transposed) return 1;
  if (from != tiles) return -1;
  if (!transposed) return 1;
  steps[0] = (step){tiles, tiles, 1};
  steps[1] = (step){tiles, side, 0};
  return 2;
}

int umbra_factor_maps_count(umbra_matrix_order side, umbra_matrix_order from, int transposed) {
  step steps[UMBRA_FACTOR_MAPS];
  return steps_to(steps, side, from, transposed);
}

/* ---- maps ---- */

enum { UNUSED = -1 };

/* A map of one part: what it takes from where, as diagonals of ones and zeros. */
typedef struct tile_map {
  umbra_matrix_layout from, to;
  int transposed;
  size_t rows, columns; /* of what a part holds */
  uint32_t *source;     /* by element: the first slot that has it */
  int32_t *move;        /* of each slot: the rotation, modulo the slots, that brings it what it is to hold, or UNUSED */
  int32_t *used;        /* of each rotation: whether there is such a move */
  umbra_diagonals diagonals;
} tile_map;

static void find_sources(tile_map *m) {
  umbra_element e;
  for (uint32_t slot = m->from.slots; slot-- > 0;)
    if (umbra_layout_element(&e, &m->from, m->rows, m->columns, (umbra_place){.slot = slot}))
      m->source[e.row * m->columns + e.column] = slot;
}

/* UNUSED: it holds nothing, or a copy. */
static int32_t move_to(const tile_map *m, uint32_t slot) {
  umbra_element e;
  if (slot & m->to.stride) return UNUSED;
  if (!umbra_layout_element(&e, &m->to, m->rows, m->columns, (umbra_place){.slot = slot})) return UNUSED;
  const size_t element = m->transposed ? e.column * m->columns + e.row : e.row * m->columns + e.column;
  return (int32_t)((m->source[element] - slot) & (m->to.slots - 1));
}

/* Returns the number of different moves. */
static size_t find_moves(tile_map *m) {
  size_t count = 0;
  for (uint32_t slot = 0; slot < m->to.slots; slot++) {
    const int32_t move = m->move[slot] = move_to(m, slot);
    if (move == UNUSED || m->used[move]) continue;
    m->used[move] = 1;
    count++;
  }
  return count;
}

static void fill_diagonal(double *pairs, size_t diagonal, const void *source) {
  const tile_map *m = source;
  const int32_t rotation = m->diagonals.rotation[diagonal] & (int32_t)(m->to.slots - 1);
  for (uint32_t slot = 0; slot < m->to.slots; slot++) {
    pairs[2 * (size_t)slot] = m->move[slot] == rotation;
    pairs[2 * (size_t)slot + 1] = 0;
  }
}

/* Rotations from -slots / 2 on, in ascending order, which is how splits into baby and giant steps like them. */
static umbra_status list_diagonals(tile_map *m) {
  umbra_diagonals *d = &m->diagonals;
  const uint32_t slots = m->to.slots;
  size_t next = 0;
  UMBRA_TRY(umbra_diagonals_create(d, slots, slots, find_moves(m), 0));
  for (uint32_t i = 0; i < slots; i++)
    if (m->used[(i + slots / 2) & (slots - 1)]) d->rotation[next++] = (int32_t)i - (int32_t)(slots / 2);
  d->fill = fill_diagonal;
  d->source = m;
  d->entry = d->row = 1;
  return UMBRA_OK;
}

static umbra_status encode_map(umbra_transform **made, const tile_map *m, const umbra_context *context, uint32_t level,
                               umbra_watch *watch) {
  const umbra_transform_encoding encoding = {
      .diagonals = &m->diagonals,
      .level = level,
      .log_scale = umbra_transform_log_scale_at(umbra_context_chain(context), level),
      .watch = watch};
  UMBRA_TRY(umbra_transform_encode(made, context, &encoding));
  (*made)->slots_in = (*made)->slots_out = m->to.slots;
  (*made)->row = m->diagonals.row;
  return UMBRA_OK;
}

static umbra_status make_map(umbra_transform **made, const umbra_context *context, const umbra_matrix_layout *layout,
                             const step *s, uint32_t level, umbra_watch *watch) {
  tile_map m = {.from = *layout, .to = *layout, .transposed = s->transposed, .columns = layout->stride};
  const size_t slots = layout->slots;
  m.from.pairs = m.to.pairs = 0;
  m.from.order = s->from;
  m.to.order = s->to;
  m.rows = slots / (2 * m.columns);
  UMBRA_TRY(umbra_alloc(&m.source, 3 * slots, sizeof *m.source, "a linear map of tiles"));
  m.move = (int32_t *)m.source + slots;
  m.used = m.move + slots;
  find_sources(&m);
  umbra_status status = list_diagonals(&m);
  if (status == UMBRA_OK) status = encode_map(made, &m, context, level, watch);
  umbra_diagonals_destroy(&m.diagonals);
  umbra_free(m.source);
  return status;
}

static umbra_status check_layout(const umbra_matrix_layout *l, umbra_matrix_order side, int transposed) {
  const size_t tiles = l->slots / (2 * (size_t)l->stride * l->stride);
  if (l->pairs && (transposed || side == UMBRA_MATRIX_TILES_LEFT))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a %s matrix in tiles has pairs, which it may not",
                      transposed ? "transposed" : "left");
  if (tiles > 1 && (transposed || side == UMBRA_MATRIX_TILES_RIGHT))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a %s matrix in tiles has %zu of them in a ciphertext: it may have one (%zu slots of %u)",
                      transposed ? "transposed" : "right", tiles, l->slots / tiles, l->slots);
  return UMBRA_OK;
}

umbra_status umbra_factor_maps_make(umbra_factor_maps *maps, const umbra_context *context,
                                    const umbra_matrix_layout *layout, umbra_matrix_order side, int transposed,
                                    uint32_t level, umbra_watch *watch) {
  step steps[UMBRA_FACTOR_MAPS];
  umbra_factor_maps made = {.count = steps_to(steps, side, layout->order, transposed)};
  umbra_status status = made.count ? check_layout(layout, side, transposed) : UMBRA_OK;
  for (int i = 0; i < made.count && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, (uint64_t)i, (uint64_t)made.count);
    status = make_map(&made.map[i], context, layout, &steps[i], level + (uint32_t)(made.count - i), watch);
    umbra_watch_leave(watch, part);
  }
  if (status == UMBRA_OK) *maps = made;
  else umbra_factor_maps_clear(&made);
  return status;
}

void umbra_factor_maps_clear(umbra_factor_maps *maps) {
  for (int i = 0; i < maps->count; i++) umbra_transform_destroy(maps->map[i]);
  *maps = (umbra_factor_maps){0};
}

/* ---- matrices ---- */

/* The part that becomes part i of the result. */
static size_t part_before(const umbra_matrix *made, const umbra_matrix *m, int transposed, size_t i) {
  const size_t side = m->layout.stride, across = umbra_quotient_above(made->columns, side);
  return transposed ? i % across * (made->parts / across) + i / across : i;
}

static umbra_estimate within(umbra_estimate x, umbra_estimate most) {
  return (umbra_estimate){umbra_bound_within(x.bound, most.bound.magnitude),
                          umbra_bound_within(x.worst, most.worst.magnitude), x.doubts};
}

/* The first half of each row once more in the second one, which is empty. So no slot becomes larger. */
static umbra_status fill_rows(umbra_evaluator *evaluator, umbra_ciphertext **x, uint32_t half) {
  const umbra_estimate before = (*x)->estimate;
  UMBRA_TRY(umbra_add_rotations(evaluator, x, half, 2 * (size_t)half, -1));
  umbra_ciphertext_set_estimate(*x, within((*x)->estimate, before));
  return UMBRA_OK;
}

static umbra_status map_parts(umbra_evaluator *evaluator, umbra_matrix *made, const umbra_matrix *m, int transposed,
                              const umbra_transform *map) {
  const int full = made->layout.order == UMBRA_MATRIX_TILES_LEFT;
  for (size_t i = 0; i < made->parts; i++) {
    umbra_ciphertext **part = &made->part[i];
    UMBRA_TRY(umbra_transform_apply(evaluator, part, m->part[part_before(made, m, transposed, i)], map));
    if (full) UMBRA_TRY(fill_rows(evaluator, part, made->layout.stride));
  }
  return UMBRA_OK;
}

/* The matrix in another order. */
static umbra_status reorder(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *m, const step *s,
                            const umbra_transform *map) {
  umbra_matrix_layout layout = m->layout;
  umbra_matrix *made = NULL;
  layout.order = s->to;
  UMBRA_TRY(umbra_matrix_make(&made, evaluator->context, s->transposed ? m->columns : m->rows,
                              s->transposed ? m->rows : m->columns, &layout));
  umbra_status status = map_parts(evaluator, made, m, s->transposed, map);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}

umbra_status umbra_tile_factor(umbra_evaluator *evaluator, umbra_matrix **factor, const umbra_matrix *matrix,
                               umbra_matrix_order side, int transposed, const umbra_factor_maps *maps) {
  step steps[UMBRA_FACTOR_MAPS];
  const int count = steps_to(steps, side, matrix->layout.order, transposed);
  for (int i = 0; i < count; i++) UMBRA_TRY(reorder(evaluator, factor, i ? *factor : matrix, &steps[i], maps->map[i]));
  return UMBRA_OK;
}
