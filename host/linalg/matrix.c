/* SPDX-License-Identifier: Apache-2.0 */
#include "matrix.h"

#include <math.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../base/watch.h"
#include "../ckks/dry.h"
#include "../ckks/encoder.h"
#include "../ckks/noise.h"
#include "../ckks/range.h"
#include "../ckks/trace.h"
#include "array.h"

/* ---- matrices ---- */

static umbra_status check_parts(const umbra_matrix_layout *layout, size_t rows, size_t columns) {
  if (umbra_layout_parts(layout, rows, columns) <= UINT32_MAX) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "a matrix of %zu x %zu takes more than 2^32 ciphertexts", rows, columns);
}

umbra_status umbra_matrix_make(umbra_matrix **out, const umbra_context *context, size_t rows, size_t columns,
                               const umbra_matrix_layout *layout) {
  umbra_matrix *made = NULL;
  UMBRA_TRY(check_parts(layout, rows, columns));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a matrix"));
  *made = (umbra_matrix){.context = umbra_context_share(context), .rows = rows, .columns = columns, .layout = *layout};
  made->parts = umbra_layout_parts(layout, rows, columns);
  umbra_status status = umbra_alloc(&made->part, made->parts, sizeof *made->part, "a matrix");
  if (status == UMBRA_OK) *out = made;
  else umbra_matrix_destroy(made);
  return status;
}

void umbra_matrix_destroy(umbra_matrix *matrix) {
  if (!matrix) return;
  umbra_parts_destroy(matrix->part, matrix->parts);
  umbra_context_destroy(matrix->context);
  umbra_free(matrix);
}

/* ---- bounds ---- */

/* |element|, and |one|: those of data sets for training are no larger than their bound. */
static double largest_of(const umbra_matrix_layout *layout, double bound) {
  return layout->ones ? fmax(bound, 1) : bound;
}

double umbra_matrix_slot_bound(const umbra_matrix_layout *layout, double bound) {
  const double most = largest_of(layout, bound);
  return umbra_public_magnitude(layout->pairs ? umbra_modulus(most, most) : most);
}

int umbra_matrix_is_within(const umbra_matrix *matrix, double magnitude) {
  int within = 1;
  for (size_t i = 0; i < matrix->parts; i++)
    within = within && umbra_ciphertext_magnitude(matrix->part[i]) <= magnitude;
  return within;
}

/* ---- encryption ---- */

/* What encrypting has beside the matrix: room for one part's slots as pairs (re, im). */
typedef struct encryption {
  umbra_encryptor by;
  const umbra_matrix_source *source;
  uint32_t level;
  double most; /* |element|, and |one| */
  double *pairs;
} encryption;

static umbra_status find_value(double *value, const umbra_matrix *matrix, umbra_place place, const encryption *e) {
  umbra_element element;
  const int held = umbra_layout_element(&element, &matrix->layout, matrix->rows, matrix->columns, place);
  *value = held ? e->source->element(element, e->source->source) : 0;
  if (fabs(*value) <= e->most) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "element (%zu, %zu) is %g, and the bound that was declared is %g", element.row,
                    element.column, *value, e->most);
}

static umbra_status fill_part(const umbra_matrix *matrix, size_t part, const encryption *e) {
  const uint32_t slots = matrix->layout.slots, copies = umbra_layout_copies(&matrix->layout);
  double re, im;
  for (uint32_t slot = 0; slot < slots; slot += copies) {
    UMBRA_TRY(find_value(&re, matrix, (umbra_place){part, slot, 0}, e));
    UMBRA_TRY(find_value(&im, matrix, (umbra_place){part, slot, 1}, e));
    for (uint32_t i = slot; i < slot + copies; i++) {
      e->pairs[2 * i] = re;
      e->pairs[2 * i + 1] = im;
    }
  }
  return UMBRA_OK;
}

static umbra_status encrypt_part(umbra_matrix *matrix, size_t part, const encryption *e) {
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = e->level;
  options.slots = matrix->layout.slots;
  options.bound = umbra_matrix_slot_bound(&matrix->layout, e->source->bound);
  umbra_plaintext *plain = NULL;
  UMBRA_TRY(fill_part(matrix, part, e));
  UMBRA_TRY(umbra_encode_complex(&plain, matrix->context, e->pairs, options.slots, &options));
  umbra_status status = umbra_encrypt_by(&matrix->part[part], e->by, plain);
  umbra_plaintext_destroy(plain);
  return status;
}

umbra_status umbra_matrix_encrypt_source(umbra_matrix **matrix, umbra_encryptor by, const umbra_matrix_source *source,
                                         size_t rows, size_t columns, const umbra_matrix_layout *layout, uint32_t level,
                                         umbra_watch *watch) {
  UMBRA_TRACE_IN(by.context, "matrix_encrypt", 0);
  encryption e = {.by = by, .source = source, .level = level, .most = largest_of(layout, source->bound)};
  umbra_matrix *made = NULL;
  if (!umbra_is_bound(umbra_matrix_slot_bound(layout, source->bound)))
    return umbra_fail(UMBRA_ERROR_RANGE, "values up to %g: there is no power of two that bounds them", source->bound);
  UMBRA_TRY(umbra_matrix_make(&made, by.context, rows, columns, layout));
  umbra_status status = umbra_alloc(&e.pairs, 2 * (size_t)layout->slots, sizeof *e.pairs, "a matrix");
  for (size_t i = 0; i < made->parts && status == UMBRA_OK; i++) {
    status = umbra_watch_step(watch, i, made->parts);
    if (status == UMBRA_OK) status = encrypt_part(made, i, &e);
  }
  umbra_free(e.pairs);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, matrix, made);
  else umbra_matrix_destroy(made);
  return status;
}

static double value_of(umbra_element element, const void *source) {
  const umbra_array *array = source;
  return element.column == array->columns ? 1 : umbra_array_at(array, element.row, element.column);
}

static umbra_status encrypt_values(umbra_matrix **matrix, umbra_encryptor by, const umbra_array *values,
                                   const umbra_matrix_layout *layout, umbra_watch *watch) {
  umbra_matrix_layout wanted = {UMBRA_MATRIX_LAYOUT_INIT};
  umbra_matrix_source source = {value_of, values, 0};
  const size_t rows = values->rows, columns = values->columns;
  UMBRA_TRY(UMBRA_TAKE(umbra_matrix_layout, &wanted, layout));
  UMBRA_TRY(umbra_layout_choose(&wanted, rows, columns, umbra_params_slots(umbra_context_params(by.context))));
  UMBRA_TRY(check_parts(&wanted, rows, columns));
  UMBRA_TRY(umbra_array_largest(&source.bound, values, "the values"));
  return umbra_matrix_encrypt_source(matrix, by, &source, rows, columns, &wanted, UMBRA_TOP_LEVEL, watch);
}

static umbra_array in_row_order(const double *values, size_t rows, size_t columns) {
  return (umbra_array){
      UMBRA_ARRAY_INIT,  .data = values, .rows = rows, .columns = columns, .row_stride = (ptrdiff_t)columns,
      .column_stride = 1};
}

static umbra_status encrypt_array(umbra_matrix **matrix, umbra_encryptor by, const umbra_array *values,
                                  const umbra_matrix_layout *layout, const umbra_progress *progress) {
  umbra_array taken;
  UMBRA_TRY(umbra_array_take(&taken, values, 0, "the values"));
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, encrypt_values(matrix, by, &taken, layout, &watch));
}

umbra_status umbra_matrix_encrypt_array(umbra_matrix **matrix, const umbra_public_key *key, const umbra_array *values,
                                        const umbra_matrix_layout *layout, const umbra_progress *progress) {
  if (!matrix || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_encrypt_array needs an output and a key");
  return encrypt_array(matrix, umbra_encryptor_of(key), values, layout, progress);
}

umbra_status umbra_matrix_encrypt_symmetric(umbra_matrix **matrix, const umbra_secret_key *key,
                                            const umbra_array *values, const umbra_matrix_layout *layout,
                                            const umbra_progress *progress) {
  if (!matrix || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_encrypt_symmetric needs an output and a key");
  return encrypt_array(matrix, umbra_encryptor_of_secret(key), values, layout, progress);
}

umbra_status umbra_matrix_encrypt(umbra_matrix **matrix, const umbra_public_key *key, const double *values, size_t rows,
                                  size_t columns, const umbra_matrix_layout *layout, const umbra_progress *progress) {
  if (!matrix || !key || !values || !rows || !columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a matrix needs an output, a key, values, and rows and columns above 0");
  const umbra_array array = in_row_order(values, rows, columns);
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, encrypt_values(matrix, umbra_encryptor_of(key), &array, layout, &watch));
}

umbra_status umbra_sim_matrix(umbra_matrix **matrix, const umbra_context *context, const double *values, size_t rows,
                              size_t columns, const umbra_matrix_layout *layout) {
  if (!matrix || !context || !values || !rows || !columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a simulated matrix needs an output, a context, values, and rows and columns above 0");
  UMBRA_TRY(umbra_check_sim(context));
  const umbra_array array = in_row_order(values, rows, columns);
  return encrypt_values(matrix, (umbra_encryptor){.context = context}, &array, layout, NULL);
}

/* ---- without values ---- */

umbra_status umbra_dry_matrix(umbra_matrix **matrix, const umbra_context *context, size_t rows, size_t columns,
                              uint32_t level, double bound, const umbra_matrix_layout *layout) {
  if (!matrix || !context || !rows || !columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a dry matrix needs an output, a context, and rows and columns above 0");
  umbra_matrix_layout wanted = {UMBRA_MATRIX_LAYOUT_INIT};
  umbra_matrix *made = NULL;
  UMBRA_TRY(UMBRA_TAKE(umbra_matrix_layout, &wanted, layout));
  UMBRA_TRY(umbra_layout_choose(&wanted, rows, columns, umbra_params_slots(umbra_context_params(context))));
  UMBRA_TRY(umbra_matrix_make(&made, context, rows, columns, &wanted));
  const double slot_bound = umbra_is_bound(bound) ? umbra_matrix_slot_bound(&wanted, bound) : bound; /* to be refused */
  umbra_status status = umbra_dry_ciphertexts(made->part, made->parts, context, level, wanted.slots, slot_bound);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, matrix, made);
  else umbra_matrix_destroy(made);
  return status;
}

/* ---- decryption ---- */

static umbra_status decrypt_part(double *values, double *pairs, const umbra_matrix *matrix, size_t part,
                                 umbra_part_opener open) {
  const umbra_matrix_layout *layout = &matrix->layout;
  umbra_element element;
  UMBRA_TRY(open.open(pairs, matrix->part[part], open.user));
  for (size_t i = 0; i < 2 * (size_t)layout->slots; i++) {
    const umbra_place place = {part, (uint32_t)(i / 2), i % 2};
    const int held = umbra_layout_element(&element, layout, matrix->rows, matrix->columns, place);
    if (held && element.column < matrix->columns) values[element.row * matrix->columns + element.column] = pairs[i];
  }
  return UMBRA_OK;
}

/* found, pairs: all elements, and room for one part's slots. */
static umbra_status decrypt_parts(double *found, double *pairs, const umbra_matrix *matrix, umbra_part_opener open,
                                  umbra_watch *watch) {
  for (size_t i = 0; i < matrix->parts; i++) {
    UMBRA_TRY(umbra_watch_step(watch, i, matrix->parts));
    UMBRA_TRY(decrypt_part(found, pairs, matrix, i, open));
  }
  return UMBRA_OK;
}

umbra_status umbra_matrix_open_by(const umbra_matrix *matrix, double *values, umbra_part_opener open,
                                  umbra_watch *watch) {
  const size_t count = matrix->rows * matrix->columns, room = 2 * (size_t)matrix->layout.slots;
  double *found;
  UMBRA_TRY(umbra_alloc(&found, count + room, sizeof *found, "a matrix"));
  const umbra_status status = decrypt_parts(found, found + count, matrix, open, watch);
  if (status == UMBRA_OK) memcpy(values, found, count * sizeof *values);
  umbra_wipe_and_free(found, (count + room) * sizeof *found);
  return status;
}

/* What has doubts is refused. key NULL: of a simulation. */
static umbra_status open_sound(double *pairs, const umbra_ciphertext *part, const void *key) {
  return umbra_open_pairs(pairs, part->slots, part, key);
}

static umbra_status open_values(double *values, const umbra_matrix *matrix, const umbra_secret_key *key,
                                umbra_watch *watch) {
  return umbra_matrix_open_by(matrix, values, (umbra_part_opener){open_sound, key}, watch);
}

typedef struct doubtful {
  const umbra_secret_key *key;
  uint32_t *doubts; /* that there are */
} doubtful;

static umbra_status open_doubtful(double *pairs, const umbra_ciphertext *part, const void *user) {
  const doubtful *d = user;
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  UMBRA_TRY(umbra_decrypt_outcome(&outcome, pairs, part->slots, part, d->key, NULL));
  *d->doubts |= outcome.doubts;
  return UMBRA_OK;
}

umbra_status umbra_matrix_open(const umbra_matrix *matrix, double *values, uint32_t *doubts,
                               const umbra_secret_key *key, umbra_watch *watch) {
  UMBRA_TRACE_OF(matrix, "matrix_decrypt", 0);
  const doubtful d = {key, doubts};
  return umbra_matrix_open_by(matrix, values, (umbra_part_opener){open_doubtful, &d}, watch);
}

umbra_status umbra_matrix_decrypt(const umbra_matrix *matrix, double *values, const umbra_secret_key *key,
                                  const umbra_progress *progress) {
  UMBRA_TRACE_OF(matrix, "matrix_decrypt", 0);
  if (!values || !matrix || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_decrypt needs a matrix, an output and a secret key");
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, open_values(values, matrix, key, &watch));
}

umbra_status umbra_sim_matrix_decode(double *values, const umbra_matrix *matrix) {
  if (!values || !matrix)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_sim_matrix_decode needs an output and a matrix");
  return open_values(values, matrix, NULL, NULL);
}

size_t umbra_matrix_rows(const umbra_matrix *matrix) { return matrix->rows; }
size_t umbra_matrix_columns(const umbra_matrix *matrix) { return matrix->columns; }

uint32_t umbra_matrix_level(const umbra_matrix *matrix) { return umbra_parts_level(matrix->part, matrix->parts); }
uint64_t umbra_matrix_bytes(const umbra_matrix *matrix) { return umbra_parts_bytes(matrix->part, matrix->parts); }

void umbra_matrix_owner(const umbra_matrix *matrix, uint8_t owner[UMBRA_OWNER_BYTES]) {
  umbra_ciphertext_owner(matrix->part[0], owner);
}

umbra_matrix_role umbra_matrix_plan(const umbra_matrix *matrix, uint8_t plan[UMBRA_DIGEST_BYTES]) {
  if (plan) memcpy(plan, matrix->stamp.plan, UMBRA_DIGEST_BYTES);
  return (umbra_matrix_role)matrix->stamp.role;
}

void umbra_matrix_set_stamp(umbra_matrix *matrix, const uint8_t plan[UMBRA_DIGEST_BYTES], umbra_matrix_role role) {
  umbra_matrix_stamp stamp = {.role = (uint32_t)role};
  memcpy(stamp.plan, plan, sizeof stamp.plan);
  matrix->stamp = stamp;
}

void umbra_matrix_set_training(umbra_matrix *matrix, const uint8_t training[UMBRA_DIGEST_BYTES]) {
  umbra_matrix_set_stamp(matrix, training, UMBRA_MATRIX_SCALED);
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
