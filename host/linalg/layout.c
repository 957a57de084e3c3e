/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include "../base/error.h"
#include "../base/integers.h"

static size_t product_or_most(size_t a, size_t b) { return b && a > SIZE_MAX / b ? SIZE_MAX : a * b; }

/* Strides of a part. */
static size_t strides_of(const umbra_matrix_layout *l) { return l->slots / l->stride; }

/* ---- by rows ---- */

size_t umbra_layout_rows_per_part(const umbra_matrix_layout *l) {
  return (l->order == UMBRA_MATRIX_BY_COLUMNS ? l->stride : strides_of(l)) << l->pairs;
}

umbra_matrix_layout umbra_layout_of_records(const umbra_params *params, size_t columns) {
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = (uint32_t)umbra_power_above(columns + 1),
                               .slots = umbra_params_slots(params), .group = 1};
}

static umbra_status choose_rows(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  (void)rows;
  const size_t most = most_slots - (l->ones != 0);
  if (columns > most)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "%zu columns do not fit in a row: these parameters take up to %zu (by columns, any number)",
                      columns, most);
  if (!l->stride) l->stride = (uint32_t)umbra_power_above(columns + (l->ones != 0));
  return UMBRA_OK;
}

static umbra_status check_rows(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)rows;
  if (columns > l->stride || l->stride - columns < (size_t)l->ones)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu columns%s in rows of %u slots do not fit", columns,
                      l->ones ? " and a one" : "", l->stride);
  if (!umbra_is_power_of_two(l->group) || l->group > UMBRA_MATRIX_MAX_GROUP || l->group > l->stride)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "groups of %u parts: that must be a power of two up to %d and the %u slots of a row", l->group,
                      UMBRA_MATRIX_MAX_GROUP, l->stride);
  return UMBRA_OK;
}

static size_t parts_of_rows(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)columns;
  return umbra_quotient_above(rows, umbra_layout_rows_per_part(l));
}

static umbra_element element_of_rows(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at) {
  (void)rows;
  (void)columns;
  const size_t real = strides_of(l);
  return (umbra_element){at.part * umbra_layout_rows_per_part(l) + at.slot / l->stride + (at.imaginary ? real : 0),
                         at.slot % l->stride};
}

/* ---- by columns ---- */

static umbra_status choose_columns(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  (void)columns;
  const size_t most = l->slots ? l->slots : most_slots, halves = (size_t)1 << (l->pairs != 0);
  if (l->stride) return UMBRA_OK;
  l->stride = (uint32_t)(rows > most ? most : umbra_power_above(umbra_quotient_above(rows, halves)));
  return UMBRA_OK;
}

static umbra_status check_columns(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)rows;
  (void)columns;
  if (!l->ones && l->group == 1) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ones, and groups of parts, are of matrices by rows");
}

/* Parts for all columns of the same rows. */
static size_t parts_of_a_block(const umbra_matrix_layout *l, size_t columns) {
  return umbra_quotient_above(columns, strides_of(l));
}

static size_t parts_of_columns(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  return product_or_most(umbra_quotient_above(rows, umbra_layout_rows_per_part(l)), parts_of_a_block(l, columns));
}

static umbra_element element_of_columns(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at) {
  (void)rows;
  const size_t across = parts_of_a_block(l, columns), within = at.slot % l->stride + (at.imaginary ? l->stride : 0);
  return (umbra_element){at.part / across * umbra_layout_rows_per_part(l) + within,
                         at.part % across * strides_of(l) + at.slot / l->stride};
}

/* ---- tiles ---- */

static const umbra_element no_element = {SIZE_MAX, SIZE_MAX};

/* Slots of tiles with that side. */
static size_t tile_slots(size_t side) { return 2 * side * side; }

/* Tiles of a ciphertext, below each other. */
static size_t tiles_of(const umbra_matrix_layout *l) { return l->slots / tile_slots(l->stride); }

static umbra_status choose_tiles(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  const size_t most = l->slots ? l->slots : most_slots, side = rows > columns ? rows : columns;
  if (!l->stride)
    for (l->stride = 1; l->stride < side && tile_slots(2 * (size_t)l->stride) <= most;) l->stride *= 2;
  if (!l->slots && tile_slots(l->stride) <= most) l->slots = (uint32_t)tile_slots(l->stride);
  return UMBRA_OK;
}

static umbra_status check_tiles(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)rows;
  (void)columns;
  if (l->ones || l->group != 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ones, and groups of parts, are not of matrices in tiles");
  if (l->slots < tile_slots(l->stride))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a tile of %u x %u takes %zu slots: there are %u", l->stride,
                      l->stride, tile_slots(l->stride), l->slots);
  return UMBRA_OK;
}

static umbra_status check_left(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  if (l->pairs) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "tiles to the left have no pairs");
  return check_tiles(l, rows, columns);
}

/* Parts beside each other. */
static size_t tile_parts_across(const umbra_matrix_layout *l, size_t columns) {
  return umbra_quotient_above(columns, (size_t)l->stride << l->pairs);
}

static size_t parts_of_tiles(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  return product_or_most(umbra_quotient_above(rows, l->stride * tiles_of(l)), tile_parts_across(l, columns));
}

static size_t parts_of_right(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  return product_or_most(umbra_quotient_above(rows, l->stride), tile_parts_across(l, columns));
}

/* Where in its tile a slot is, and the first row and column of that tile. */
typedef struct tile_place {
  size_t i, j, row, column;
} tile_place;

static tile_place tile_place_of(const umbra_matrix_layout *l, size_t columns, umbra_place at) {
  const size_t side = l->stride, tiles = tiles_of(l), across = tile_parts_across(l, columns);
  const size_t line = at.slot / (2 * side), down = at.part / across;
  return (tile_place){.i = line / tiles,
                      .j = at.slot % (2 * side),
                      .row = (l->order == UMBRA_MATRIX_TILES_RIGHT ? down : down * tiles + line % tiles) * side,
                      .column = ((at.part % across << l->pairs) + (at.imaginary != 0)) * side};
}

static umbra_element element_of_tiles(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at) {
  (void)rows;
  const tile_place p = tile_place_of(l, columns, at);
  return p.j < l->stride ? (umbra_element){p.row + p.i, p.column + p.j} : no_element;
}

static umbra_element element_of_left(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at) {
  (void)rows;
  const tile_place p = tile_place_of(l, columns, at);
  return (umbra_element){p.row + p.i, p.column + (p.i + p.j) % l->stride};
}

static umbra_element element_of_right(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at) {
  (void)rows;
  const tile_place p = tile_place_of(l, columns, at);
  return p.j < l->stride ? (umbra_element){p.row + (p.i + p.j) % l->stride, p.column + p.j} : no_element;
}

/* ---- diagonals ---- */

/* Giant steps cost twice as much as baby steps: they are relinearised, too. */
static uint32_t babies_of(size_t diagonals) {
  uint32_t babies = 1;
  while (babies < diagonals && (size_t)babies * babies < 2 * diagonals) babies *= 2;
  return babies;
}

static umbra_status choose_diagonals(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  const size_t most = l->slots ? l->slots : most_slots;
  size_t positions = 1;
  while (positions < most && (positions < rows || positions < columns)) positions *= 2;
  if (!l->stride) l->stride = (uint32_t)(most / positions);
  else positions = most / l->stride;
  if (!l->group) l->group = babies_of(positions);
  return UMBRA_OK;
}

static umbra_status check_diagonals(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)rows;
  (void)columns;
  if (l->ones || l->pairs)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "matrices by diagonals have no ones and no pairs");
  if (!umbra_is_power_of_two(l->group) || l->group > strides_of(l))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "%u baby steps of %zu diagonals: that must be a power of two up to those", l->group,
                      strides_of(l));
  return UMBRA_OK;
}

umbra_diagonal_blocks umbra_layout_diagonals(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  const size_t positions = strides_of(l), high = rows < positions ? rows : positions;
  const size_t wide = columns < positions ? columns : positions;
  const int all = high + wide > positions;
  return (umbra_diagonal_blocks){.down = umbra_quotient_above(rows, positions),
                                 .across = umbra_quotient_above(columns, positions),
                                 .diagonals = all ? positions : high + wide - 1,
                                 .first = all ? 0 : 1 - (int32_t)wide};
}

static size_t parts_of_diagonals(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  const umbra_diagonal_blocks blocks = umbra_layout_diagonals(l, rows, columns);
  return product_or_most(product_or_most(blocks.down, blocks.across), blocks.diagonals);
}

static umbra_element element_of_diagonals(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at) {
  const umbra_diagonal_blocks blocks = umbra_layout_diagonals(l, rows, columns);
  const size_t positions = strides_of(l), block = at.part / blocks.diagonals, e = at.part % blocks.diagonals;
  const size_t column = (at.slot / l->stride - e / l->group * l->group) & (positions - 1);
  const size_t row = (column + e + (size_t)blocks.first) & (positions - 1); /* modulo a power of two */
  return (umbra_element){block / blocks.across * positions + row, block % blocks.across * positions + column};
}

/* ---- shifted copies ---- */

size_t umbra_layout_shifted_columns(const umbra_matrix_layout *l) { return l->group * strides_of(l); }

static umbra_status choose_shifted(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  (void)rows;
  const size_t most = l->slots ? l->slots : most_slots, wide = umbra_power_above(columns < most ? columns : most);
  if (!l->stride) l->stride = (uint32_t)wide;
  if (l->group) return UMBRA_OK;
  for (l->group = 1; l->group < l->stride && l->group * (most / l->stride) < wide;) l->group *= 2;
  return UMBRA_OK;
}

static umbra_status check_shifted(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)rows;
  (void)columns;
  if (l->ones) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "shifted copies have no ones");
  if (umbra_is_power_of_two(l->group) && l->group <= l->stride) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "copies that are shifted by %u in runs of %u slots: a power of two up to the run", l->group,
                    l->stride);
}

static size_t parts_of_shifted(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  return product_or_most(umbra_quotient_above(rows, (size_t)1 << l->pairs),
                         umbra_quotient_above(columns, umbra_layout_shifted_columns(l)));
}

static umbra_element element_of_shifted(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at) {
  (void)rows;
  const size_t wide = umbra_layout_shifted_columns(l), across = umbra_quotient_above(columns, wide);
  const size_t column = at.slot % l->stride + at.slot / l->stride * l->group;
  return (umbra_element){(at.part / across << l->pairs) + (at.imaginary != 0), at.part % across * wide + column % wide};
}

/* ---- interleaved ---- */

static umbra_status choose_interleaved(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  (void)columns;
  const size_t most = l->slots ? l->slots : most_slots;
  if (!l->stride) l->stride = (uint32_t)(rows > most ? 1 : most >> umbra_ceil_log2((uint32_t)rows));
  return UMBRA_OK;
}

static umbra_status check_interleaved(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)rows;
  (void)columns;
  if (l->ones || l->pairs)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "interleaved matrices have no ones and no pairs");
  if (l->group == 1 || l->group == l->stride) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "groups of %u columns in runs of %u slots: 1, or all of a run",
                    l->group, l->stride);
}

/* Parts for all columns of the same rows. */
static size_t parts_of_interleaved_rows(const umbra_matrix_layout *l, size_t columns) {
  return umbra_quotient_above(columns, l->group);
}

static size_t parts_of_interleaved(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  return product_or_most(umbra_quotient_above(rows, strides_of(l)), parts_of_interleaved_rows(l, columns));
}

static umbra_element element_of_interleaved(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at) {
  (void)rows;
  const size_t across = parts_of_interleaved_rows(l, columns);
  return (umbra_element){at.part / across * strides_of(l) + at.slot / l->stride,
                         at.part % across * l->group + at.slot % l->group};
}

/* ---- wrapped diagonals ---- */

uint32_t umbra_layout_wrapped_diagonals(size_t rows) {
  const uint32_t most = 1u << 31;
  uint32_t diagonals = 1;
  while (diagonals < rows && diagonals < most) diagonals *= 2;
  return diagonals;
}

static umbra_status choose_wrapped(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  const size_t most = l->slots ? l->slots : most_slots;
  size_t positions = 1;
  while (positions <= most && (positions < rows || positions < columns)) positions *= 2;
  if (positions > most)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu rows and %zu columns, wrapped, do not fit: there are %zu slots", rows,
                      columns, most);
  if (!l->stride) l->stride = (uint32_t)(most / positions);
  if (!l->group) l->group = babies_of(umbra_layout_wrapped_diagonals(rows));
  return UMBRA_OK;
}

static umbra_status check_wrapped(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  if (l->ones || l->pairs)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "wrapped matrices have no ones and no pairs");
  if (rows > strides_of(l) || columns > strides_of(l))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu rows and %zu columns do not fit %zu positions", rows, columns,
                      strides_of(l));
  if (umbra_is_power_of_two(l->group) && l->group <= umbra_layout_wrapped_diagonals(rows)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "%u baby steps of %u diagonals: that must be a power of two up to those", l->group,
                    umbra_layout_wrapped_diagonals(rows));
}

static size_t parts_of_wrapped(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)columns;
  return umbra_quotient_above(umbra_layout_wrapped_diagonals(rows), l->stride);
}

static umbra_element element_of_wrapped(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at) {
  (void)columns;
  const size_t diagonals = umbra_layout_wrapped_diagonals(rows), positions = strides_of(l);
  const size_t i = at.part * l->stride + at.slot % l->stride, turned = at.slot / l->stride - i / l->group * l->group;
  if (i >= diagonals) return no_element;
  return (umbra_element){turned & (diagonals - 1), (turned + i) & (positions - 1)}; /* modulo powers of two */
}

/* ---- all orders ---- */

/* choose and check: what is the order's own. zeros: products count on zeros in the padding. */
static const struct order {
  const char *name;
  int zeros;
  umbra_status (*choose)(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots);
  umbra_status (*check)(const umbra_matrix_layout *l, size_t rows, size_t columns);
  size_t (*parts)(const umbra_matrix_layout *l, size_t rows, size_t columns);
  umbra_element (*element)(const umbra_matrix_layout *l, size_t rows, size_t columns, umbra_place at); /* or none */
} orders[] = {
    [UMBRA_MATRIX_BY_ROWS] = {"by rows", 0, choose_rows, check_rows, parts_of_rows, element_of_rows},
    [UMBRA_MATRIX_BY_COLUMNS] = {"by columns", 0, choose_columns, check_columns, parts_of_columns, element_of_columns},
    [UMBRA_MATRIX_TILES] = {"in tiles", 1, choose_tiles, check_tiles, parts_of_tiles, element_of_tiles},
    [UMBRA_MATRIX_TILES_LEFT] = {"in tiles to the left", 1, choose_tiles, check_left, parts_of_tiles, element_of_left},
    [UMBRA_MATRIX_TILES_RIGHT] = {"in tiles to the right", 1, choose_tiles, check_tiles, parts_of_right,
                                  element_of_right},
    [UMBRA_MATRIX_DIAGONALS] = {"by diagonals", 1, choose_diagonals, check_diagonals, parts_of_diagonals,
                                element_of_diagonals},
    [UMBRA_MATRIX_SHIFTED] = {"in shifted copies", 0, choose_shifted, check_shifted, parts_of_shifted,
                              element_of_shifted},
    [UMBRA_MATRIX_INTERLEAVED] = {"interleaved", 0, choose_interleaved, check_interleaved, parts_of_interleaved,
                                  element_of_interleaved},
    [UMBRA_MATRIX_WRAPPED] = {"in wrapped diagonals", 1, choose_wrapped, check_wrapped, parts_of_wrapped,
                              element_of_wrapped},
};
enum { ORDERS = sizeof orders / sizeof *orders };

static umbra_status check_order(const umbra_matrix_layout *l) {
  if ((unsigned)l->order < ORDERS) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "order is %d: this version knows orders 0 to %d", (int)l->order,
                    ORDERS - 1);
}

umbra_status umbra_layout_check(const umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  UMBRA_TRY(check_order(l));
  if ((l->ones & ~1) || (l->pairs & ~1))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ones and pairs are %d and %d: each is 0 or 1", l->ones, l->pairs);
  if (!rows || !columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu rows and %zu columns: both must be above 0", rows, columns);
  if (rows > INT32_MAX || columns > INT32_MAX)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu rows and %zu columns: both must be below 2^31", rows, columns);
  if (!umbra_is_power_of_two(l->stride) || !umbra_is_power_of_two(l->slots) || l->slots < l->stride ||
      l->slots > most_slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a stride of %u in parts of %u slots: powers of two, the stride up to the slots, these up to %zu",
                      l->stride, l->slots, most_slots);
  return orders[l->order].check(l, rows, columns);
}

umbra_status umbra_layout_choose(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  UMBRA_TRY(check_order(l));
  UMBRA_TRY(orders[l->order].choose(l, rows, columns, most_slots));
  if (!l->slots) l->slots = (uint32_t)most_slots;
  if (!l->group) l->group = 1;
  return umbra_layout_check(l, rows, columns, most_slots);
}

int umbra_layout_same(const umbra_matrix_layout *a, const umbra_matrix_layout *b) {
  return a->order == b->order && a->ones == b->ones && a->stride == b->stride && a->slots == b->slots &&
         a->group == b->group && a->pairs == b->pairs;
}

const char *umbra_layout_name(const umbra_matrix_layout *l) { return orders[l->order].name; }

size_t umbra_layout_parts(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  return orders[l->order].parts(l, rows, columns);
}

int umbra_layout_element(umbra_element *element, const umbra_matrix_layout *l, size_t rows, size_t columns,
                         umbra_place place) {
  if (place.imaginary && !l->pairs) return 0;
  *element = orders[l->order].element(l, rows, columns, place);
  return element->row < rows && element->column < columns + (size_t)l->ones;
}

int umbra_layout_has_padding(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  const size_t parts = umbra_layout_parts(l, rows, columns);
  umbra_element element;
  for (size_t part = 0; part < parts; part++)
    for (size_t i = 0; i < (size_t)l->slots << l->pairs; i++) {
      const umbra_place place = {part, (uint32_t)(i >> l->pairs), (int)(i & (size_t)l->pairs)};
      if (!umbra_layout_element(&element, l, rows, columns, place)) return 1;
    }
  return 0;
}

uint32_t umbra_layout_copies(const umbra_matrix_layout *l) {
  if (l->order == UMBRA_MATRIX_INTERLEAVED) return l->group == 1 ? l->stride : 1;
  return l->order == UMBRA_MATRIX_DIAGONALS ? l->stride : 1;
}

size_t umbra_layout_records(const umbra_matrix_layout *l) {
  return l->order == UMBRA_MATRIX_INTERLEAVED ? strides_of(l) : l->stride;
}

int umbra_layout_needs_zeros(const umbra_matrix_layout *l) { return orders[l->order].zeros; }

umbra_status umbra_layout_grid(umbra_part_grid *grid, const umbra_matrix_layout *l, size_t rows, size_t columns) {
  umbra_part_grid g = {.across = 1, .rows = umbra_layout_rows_per_part(l), .columns = columns};
  if (l->order != UMBRA_MATRIX_BY_ROWS && l->order != UMBRA_MATRIX_BY_COLUMNS)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "this is made for matrices by rows and by columns only");
  if (l->order == UMBRA_MATRIX_BY_COLUMNS)
    g = (umbra_part_grid){
        .across = parts_of_a_block(l, columns), .rows = umbra_layout_rows_per_part(l), .columns = strides_of(l)};
  g.down = umbra_layout_parts(l, rows, columns) / g.across;
  *grid = g;
  return UMBRA_OK;
}
