/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include "../base/error.h"

size_t umbra_layout_stride_for(size_t slots) {
  size_t stride = 1;
  while (stride < slots) stride *= 2;
  return stride;
}

static int is_power(uint32_t x) { return x && !(x & (x - 1)); }

static size_t quotient_above(size_t a, size_t b) { return a / b + (a % b != 0); }

static size_t product_or_most(size_t a, size_t b) { return b && a > SIZE_MAX / b ? SIZE_MAX : a * b; }

/* Strides of a part. */
static size_t strides_of(const umbra_matrix_layout *l) { return l->slots / l->stride; }

/* ---- by rows ---- */

size_t umbra_layout_rows_per_part(const umbra_matrix_layout *l) { return strides_of(l) << l->pairs; }

umbra_matrix_layout umbra_layout_of_records(const umbra_params *params, size_t columns) {
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1,
                               .stride = (uint32_t)umbra_layout_stride_for(columns + 1),
                               .slots = umbra_params_slots(params), .group = 1};
}

static umbra_status choose_rows(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots) {
  (void)rows;
  const size_t most = most_slots - (l->ones != 0);
  if (columns > most)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "%zu columns do not fit in a row: these parameters take up to %zu (by columns, any number)",
                      columns, most);
  if (!l->stride) l->stride = (uint32_t)umbra_layout_stride_for(columns + (l->ones != 0));
  return UMBRA_OK;
}

static umbra_status check_rows(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)rows;
  if (columns > l->stride || l->stride - columns < (size_t)l->ones)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu columns%s in rows of %u slots do not fit", columns,
                      l->ones ? " and a one" : "", l->stride);
  if (!is_power(l->group) || l->group > UMBRA_MATRIX_MAX_GROUP || l->group > l->stride)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "groups of %u parts: that must be a power of two up to %d and the %u slots of a row", l->group,
                      UMBRA_MATRIX_MAX_GROUP, l->stride);
  return UMBRA_OK;
}

static size_t parts_of_rows(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  (void)columns;
  return quotient_above(rows, umbra_layout_rows_per_part(l));
}

static umbra_element element_of_rows(const umbra_matrix_layout *l, size_t columns, umbra_place at) {
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
  l->stride = (uint32_t)(rows > most ? most : umbra_layout_stride_for(quotient_above(rows, halves)));
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
  return quotient_above(columns, strides_of(l));
}

static size_t rows_of_a_block(const umbra_matrix_layout *l) { return (size_t)l->stride << l->pairs; }

static size_t parts_of_columns(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  return product_or_most(quotient_above(rows, rows_of_a_block(l)), parts_of_a_block(l, columns));
}

static umbra_element element_of_columns(const umbra_matrix_layout *l, size_t columns, umbra_place at) {
  const size_t across = parts_of_a_block(l, columns), within = at.slot % l->stride + (at.imaginary ? l->stride : 0);
  return (umbra_element){at.part / across * rows_of_a_block(l) + within,
                         at.part % across * strides_of(l) + at.slot / l->stride};
}

/* ---- all orders ---- */

/* choose and check: what is the order's own. */
static const struct order {
  umbra_status (*choose)(umbra_matrix_layout *l, size_t rows, size_t columns, size_t most_slots);
  umbra_status (*check)(const umbra_matrix_layout *l, size_t rows, size_t columns);
  size_t (*parts)(const umbra_matrix_layout *l, size_t rows, size_t columns);
  umbra_element (*element)(const umbra_matrix_layout *l, size_t columns, umbra_place at); /* or beyond the matrix */
} orders[] = {
    [UMBRA_MATRIX_BY_ROWS] = {choose_rows, check_rows, parts_of_rows, element_of_rows},
    [UMBRA_MATRIX_BY_COLUMNS] = {choose_columns, check_columns, parts_of_columns, element_of_columns},
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
  if (!is_power(l->stride) || !is_power(l->slots) || l->slots < l->stride || l->slots > most_slots)
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

size_t umbra_layout_parts(const umbra_matrix_layout *l, size_t rows, size_t columns) {
  return orders[l->order].parts(l, rows, columns);
}

int umbra_layout_element(umbra_element *element, const umbra_matrix_layout *l, size_t rows, size_t columns,
                         umbra_place place) {
  if (place.imaginary && !l->pairs) return 0;
  *element = orders[l->order].element(l, columns, place);
  return element->row < rows && element->column < columns + (size_t)l->ones;
}
