/* SPDX-License-Identifier: Apache-2.0 */
#include "matrix.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../base/watch.h"
#include "../ckks/noise.h"
#include "../ckks/range.h"
#include "../ckks/trace.h"

/* ---- layouts ---- */

size_t umbra_matrix_stride_for(size_t slots) {
  size_t stride = 1;
  while (stride < slots) stride *= 2;
  return stride;
}

umbra_matrix_layout umbra_matrix_records_layout(const umbra_params *params, size_t columns) {
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1,
                               .stride = (uint32_t)umbra_matrix_stride_for(columns + 1),
                               .slots = umbra_params_slots(params), .group = 1};
}

static int is_power(uint32_t x) { return x && !(x & (x - 1)); }

umbra_status umbra_matrix_layout_check(const umbra_matrix_layout *l, size_t columns, size_t most_slots) {
  if ((l->ones & ~1) || (l->pairs & ~1))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ones and pairs are %d and %d: each is 0 or 1", l->ones, l->pairs);
  if (!is_power(l->stride) || columns == 0 || columns > l->stride || l->stride - columns < (size_t)l->ones)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu columns%s in rows of %u slots: that must be a power of two",
                      columns, l->ones ? " and a one" : "", l->stride);
  if (!is_power(l->slots) || l->slots < l->stride || l->slots > most_slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "parts of %u slots for rows of %u: that must be a power of two up to %zu", l->slots, l->stride,
                      most_slots);
  if (!is_power(l->group) || l->group > UMBRA_MATRIX_MAX_GROUP || l->group > l->stride)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "groups of %u parts: that must be a power of two up to %d and the %u slots of a row", l->group,
                      UMBRA_MATRIX_MAX_GROUP, l->stride);
  return UMBRA_OK;
}

/*
 * Chooses what is 0, for that many columns in a ring of n/2 slots, and checks the whole. Errors: INVALID_ARGUMENT,
 * RANGE (too many columns), UNSUPPORTED (the order).
 */
static umbra_status choose_layout(umbra_matrix_layout *layout, size_t columns, size_t most_slots) {
  const size_t most = most_slots - (layout->ones != 0);
  if (layout->order != UMBRA_MATRIX_BY_ROWS)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "order is %d: this version knows order %d, by rows", (int)layout->order,
                      UMBRA_MATRIX_BY_ROWS);
  if (columns > most)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu columns do not fit: these parameters take up to %zu", columns, most);
  if (!layout->stride) layout->stride = (uint32_t)umbra_matrix_stride_for(columns + (layout->ones != 0));
  if (!layout->slots) layout->slots = (uint32_t)most_slots;
  if (!layout->group) layout->group = 1;
  return umbra_matrix_layout_check(layout, columns, most_slots);
}

int umbra_matrix_layout_same(const umbra_matrix_layout *a, const umbra_matrix_layout *b) {
  return a->order == b->order && a->ones == b->ones && a->stride == b->stride && a->slots == b->slots &&
         a->group == b->group && a->pairs == b->pairs;
}

size_t umbra_matrix_per_part(const umbra_matrix_layout *layout) {
  return (size_t)(layout->slots / layout->stride) << layout->pairs;
}

size_t umbra_matrix_parts_for(const umbra_matrix_layout *layout, size_t rows) {
  const size_t per_part = umbra_matrix_per_part(layout);
  return rows / per_part + (rows % per_part != 0);
}

/* ---- matrices ---- */

umbra_status umbra_matrix_make(umbra_matrix **out, const umbra_context *context, size_t rows, size_t columns,
                               const umbra_matrix_layout *layout) {
  umbra_matrix *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a matrix"));
  *made = (umbra_matrix){.context = umbra_context_share(context), .rows = rows, .columns = columns, .layout = *layout};
  made->parts = umbra_matrix_parts_for(layout, rows);
  umbra_status status = umbra_alloc(&made->part, made->parts, sizeof *made->part, "a matrix");
  if (status == UMBRA_OK) *out = made;
  else umbra_matrix_destroy(made);
  return status;
}

void umbra_matrix_destroy(umbra_matrix *matrix) {
  if (!matrix) return;
  for (size_t i = 0; matrix->part && i < matrix->parts; i++) umbra_ciphertext_destroy(matrix->part[i]);
  umbra_free(matrix->part);
  umbra_context_destroy(matrix->context);
  umbra_free(matrix);
}

/* Rows of the part with that number: all that fit, but in the last one. */
static size_t rows_in_part(const umbra_matrix *matrix, size_t part) {
  size_t per_part = umbra_matrix_per_part(&matrix->layout), first = part * per_part;
  return matrix->rows - first < per_part ? matrix->rows - first : per_part;
}

/* ---- encryption ---- */

/* What encrypting has beside the matrix: one row, and one part's slots as pairs (re, im). */
typedef struct encryption {
  umbra_encryptor by;
  const umbra_matrix_source *source;
  uint32_t level;
  double *row, *pairs;
} encryption;

static umbra_status encrypt_part(umbra_matrix *matrix, size_t part, const encryption *e) {
  const umbra_matrix_layout *layout = &matrix->layout;
  size_t first = part * umbra_matrix_per_part(layout), real = layout->slots / layout->stride;
  size_t count = rows_in_part(matrix, part);
  memset(e->pairs, 0, 2 * (size_t)layout->slots * sizeof *e->pairs);
  for (size_t r = 0; r < count; r++) {
    double *slot = e->pairs + 2 * (r % real) * layout->stride + (r >= real);
    e->source->row(e->row, &e->row[matrix->columns], first + r, e->source->source);
    for (size_t c = 0; c < matrix->columns + (size_t)layout->ones; c++) slot[2 * c] = e->row[c];
  }
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = e->level;
  options.slots = layout->slots;
  umbra_plaintext *plain = NULL;
  UMBRA_TRY(umbra_encode_complex(&plain, matrix->context, e->pairs, layout->slots, &options));
  umbra_status status = umbra_encrypt_by(&matrix->part[part], e->by, plain);
  umbra_plaintext_destroy(plain);
  return status;
}

umbra_status umbra_matrix_encrypt_rows(umbra_matrix **matrix, umbra_encryptor by, const umbra_matrix_source *source,
                                       size_t rows, size_t columns, const umbra_matrix_layout *layout, uint32_t level,
                                       umbra_watch *watch) {
  UMBRA_TRACE_IN(by.context, "matrix_encrypt", 0);
  encryption e = {.by = by, .source = source, .level = level};
  umbra_matrix *made = NULL;
  UMBRA_TRY(umbra_matrix_make(&made, by.context, rows, columns, layout));
  umbra_status status = umbra_alloc(&e.row, columns + 1, sizeof *e.row, "a matrix");
  if (status == UMBRA_OK) status = umbra_alloc(&e.pairs, 2 * (size_t)layout->slots, sizeof *e.pairs, "a matrix");
  for (size_t i = 0; i < made->parts && status == UMBRA_OK; i++) {
    status = umbra_watch_step(watch, i, made->parts);
    if (status == UMBRA_OK) status = encrypt_part(made, i, &e);
  }
  umbra_free(e.pairs);
  umbra_free(e.row);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, matrix, made);
  else umbra_matrix_destroy(made);
  return status;
}

typedef struct row_order {
  const double *values;
  size_t columns;
} row_order;

static void hand_out(double *values, double *one, size_t row, const void *source) {
  const row_order *order = source;
  memcpy(values, order->values + row * order->columns, order->columns * sizeof *values);
  *one = 1;
}

static umbra_status encrypt_values(umbra_matrix **matrix, umbra_encryptor by, const row_order *order, size_t rows,
                                   const umbra_matrix_layout *layout, umbra_watch *watch) {
  umbra_matrix_layout wanted = {UMBRA_MATRIX_LAYOUT_INIT};
  const umbra_matrix_source source = {hand_out, order};
  UMBRA_TRY(UMBRA_TAKE(umbra_matrix_layout, &wanted, layout));
  UMBRA_TRY(choose_layout(&wanted, order->columns, umbra_params_slots(umbra_context_params(by.context))));
  return umbra_matrix_encrypt_rows(matrix, by, &source, rows, order->columns, &wanted, UMBRA_TOP_LEVEL, watch);
}

umbra_status umbra_matrix_encrypt(umbra_matrix **matrix, const umbra_public_key *key, const double *values, size_t rows,
                                  size_t columns, const umbra_matrix_layout *layout, const umbra_progress *progress) {
  if (!matrix || !key || !values || !rows || !columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a matrix needs an output, a key, values, and rows and columns above 0");
  const row_order order = {values, columns};
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, encrypt_values(matrix, umbra_encryptor_of(key), &order, rows, layout, &watch));
}

umbra_status umbra_sim_matrix(umbra_matrix **matrix, const umbra_context *context, const double *values, size_t rows,
                              size_t columns, const umbra_matrix_layout *layout) {
  if (!matrix || !context || !values || !rows || !columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a simulated matrix needs an output, a context, values, and rows and columns above 0");
  UMBRA_TRY(umbra_check_sim(context));
  const row_order order = {values, columns};
  return encrypt_values(matrix, (umbra_encryptor){.context = context}, &order, rows, layout, NULL);
}

/* ---- without values ---- */

/* What encryption declares where slots hold two elements: a power of two, at least 1. Others are as they are. */
static double slot_bound(const umbra_matrix_layout *layout, double bound) {
  if (!(bound >= 0)) return bound; /* to be refused */
  const double most = layout->ones ? fmax(bound, 1) : bound;
  return layout->pairs ? exp2(ceil(log2(fmax(umbra_modulus(most, most), 1)))) : most;
}

static umbra_status make_dry_parts(umbra_matrix *matrix, uint32_t level, double bound) {
  const double most = slot_bound(&matrix->layout, bound);
  for (size_t i = 0; i < matrix->parts; i++)
    UMBRA_TRY(umbra_dry_ciphertext(&matrix->part[i], matrix->context, level, matrix->layout.slots, most));
  return UMBRA_OK;
}

umbra_status umbra_dry_matrix(umbra_matrix **matrix, const umbra_context *context, size_t rows, size_t columns,
                              uint32_t level, double bound, const umbra_matrix_layout *layout) {
  if (!matrix || !context || !rows || !columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a dry matrix needs an output, a context, and rows and columns above 0");
  umbra_matrix_layout wanted = {UMBRA_MATRIX_LAYOUT_INIT};
  umbra_matrix *made = NULL;
  UMBRA_TRY(UMBRA_TAKE(umbra_matrix_layout, &wanted, layout));
  UMBRA_TRY(choose_layout(&wanted, columns, umbra_params_slots(umbra_context_params(context))));
  UMBRA_TRY(umbra_matrix_make(&made, context, rows, columns, &wanted));
  umbra_status status = make_dry_parts(made, level, bound);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, matrix, made);
  else umbra_matrix_destroy(made);
  return status;
}

/* ---- decryption ---- */

static umbra_status decrypt_part(double *values, const umbra_matrix *matrix, size_t part, const umbra_secret_key *key,
                                 double *pairs) {
  const umbra_matrix_layout *layout = &matrix->layout;
  size_t count = rows_in_part(matrix, part), real = layout->slots / layout->stride;
  UMBRA_TRY(umbra_open_pairs(pairs, layout->slots, matrix->part[part], key));
  for (size_t r = 0; r < count; r++) {
    const double *slot = pairs + 2 * (r % real) * layout->stride + (r >= real);
    for (size_t c = 0; c < matrix->columns; c++) values[r * matrix->columns + c] = slot[2 * c];
  }
  return UMBRA_OK;
}

/* All rows, or none if that fails. key: NULL: of a simulation. */
static umbra_status decrypt_rows(double *values, const umbra_matrix *matrix, const umbra_secret_key *key,
                                 umbra_watch *watch) {
  size_t columns = matrix->columns, per_part = umbra_matrix_per_part(&matrix->layout);
  double *pairs, *found;
  UMBRA_TRY(umbra_alloc(&pairs, 2 * (size_t)matrix->layout.slots, sizeof *pairs, "a matrix"));
  umbra_status status = umbra_alloc(&found, matrix->rows * columns, sizeof *found, "a matrix");
  if (status == UMBRA_OK) {
    for (size_t i = 0; i < matrix->parts && status == UMBRA_OK; i++) {
      status = umbra_watch_step(watch, i, matrix->parts);
      if (status == UMBRA_OK) status = decrypt_part(found + i * per_part * columns, matrix, i, key, pairs);
    }
    if (status == UMBRA_OK) memcpy(values, found, matrix->rows * columns * sizeof *values);
    umbra_free(found);
  }
  umbra_free(pairs);
  return status;
}

umbra_status umbra_matrix_decrypt(const umbra_matrix *matrix, double *values, const umbra_secret_key *key,
                                  const umbra_progress *progress) {
  UMBRA_TRACE_OF(matrix, "matrix_decrypt", 0);
  if (!values || !matrix || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_decrypt needs a matrix, an output and a secret key");
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, decrypt_rows(values, matrix, key, &watch));
}

umbra_status umbra_sim_matrix_decode(double *values, const umbra_matrix *matrix) {
  if (!values || !matrix)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_sim_matrix_decode needs an output and a matrix");
  return decrypt_rows(values, matrix, NULL, NULL);
}

size_t umbra_matrix_rows(const umbra_matrix *matrix) { return matrix->rows; }
size_t umbra_matrix_columns(const umbra_matrix *matrix) { return matrix->columns; }

uint32_t umbra_matrix_level(const umbra_matrix *matrix) {
  uint32_t lowest = matrix->part[0]->level;
  for (size_t i = 1; i < matrix->parts; i++) lowest = umbra_min_u32(lowest, matrix->part[i]->level);
  return lowest;
}

uint64_t umbra_matrix_bytes(const umbra_matrix *matrix) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < matrix->parts; i++) bytes += umbra_ciphertext_bytes(matrix->part[i]);
  return bytes;
}

void umbra_matrix_owner(const umbra_matrix *matrix, uint8_t owner[UMBRA_OWNER_BYTES]) {
  umbra_ciphertext_owner(matrix->part[0], owner);
}

umbra_status umbra_matrix_layout_of(const umbra_matrix *matrix, umbra_matrix_layout *layout) {
  if (!matrix || !layout)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_layout_of needs a matrix and a layout to fill");
  return UMBRA_GIVE(umbra_matrix_layout, layout, &matrix->layout);
}

umbra_status umbra_matrix_range(const umbra_matrix *matrix, umbra_range *range) {
  if (!matrix || !range)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_range needs a matrix and a range to fill");
  return umbra_ciphertexts_range((const umbra_ciphertext *const *)matrix->part, matrix->parts, range);
}
