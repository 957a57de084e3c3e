/* SPDX-License-Identifier: Apache-2.0 */
#include "apply.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../host/base/error.h"
#include "../host/base/integers.h"
#include "../host/linalg/matrix.h"
#include "keyed_rig.h"

/*
 * W is rows x columns; matrices are at that level, or the highest if it is lower, in rings of at most 2^log_n. copies: of a
 * vector, shifted; 0: it is by columns.
 */
typedef struct bench_shape {
  const char *name;
  uint32_t rows, columns, batch, level, log_n, copies;
} bench_shape;

#define VECTOR "product_plain_vector"
#define BATCH "product_plain_batch"

static const bench_shape usual[] = {
    {VECTOR, 128, 128, 1, UMBRA_TOP_LEVEL, UMBRA_MAX_LOG_N, 0},
    {VECTOR, 128, 128, 1, UMBRA_TOP_LEVEL, UMBRA_MAX_LOG_N, 64},
    {VECTOR, 128, 128, 1, 3, UMBRA_MAX_LOG_N, 0},
    {VECTOR, 128, 128, 1, 3, UMBRA_MAX_LOG_N, 32},
    {VECTOR, 128, 784, 1, UMBRA_TOP_LEVEL, UMBRA_MAX_LOG_N, 0},
    {VECTOR, 128, 784, 1, UMBRA_TOP_LEVEL, UMBRA_MAX_LOG_N, 64},
    {BATCH, 128, 784, 1000, 1, 14, 0},
    {BATCH, 1024, 1024, 2048, 1, 12, 0},
    {BATCH, 1024, 1024, 4096, 1, 12, 0},
};

enum { MOST_SHAPES = 16, USUAL = sizeof usual / sizeof *usual };
static bench_shape asked[MOST_SHAPES];
static size_t shapes_asked;

int bench_apply_shape(const char *text) {
  bench_shape s = {.level = UMBRA_TOP_LEVEL, .log_n = UMBRA_MAX_LOG_N};
  char rest;
  const int found = sscanf(text, "%ux%ux%ux%ux%u%c", &s.rows, &s.columns, &s.batch, &s.level, &s.copies, &rest);
  if (found < 3 || found > 5 || !s.rows || !s.columns || !s.batch || shapes_asked == MOST_SHAPES) return 0;
  if (s.copies && (!umbra_is_power_of_two(s.copies) || s.batch > 1)) return 0;
  s.name = s.batch > 1 ? BATCH : VECTOR;
  asked[shapes_asked++] = s;
  return 1;
}

typedef struct rig {
  bench_keyed_rig keyed;
  umbra_matrix_layout layout;
  uint32_t level;
  double *w, *x; /* in row order */
  umbra_weights *weights;
  umbra_matrix *matrix, *product;
  double encoding; /* seconds that the weights took */
} rig;

static umbra_status make_weights(umbra_weights **weights, const umbra_context *context, const rig *r) {
  const bench_shape *s = r->keyed.shape;
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = r->w, .rows = s->rows, .columns = s->columns};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .layout = &r->layout};
  desc.level = r->level;
  desc.magnitude = fmax(8 * sqrt(s->columns), 16); /* of values without a pattern */
  return umbra_weights_create(weights, context, &desc, NULL);
}

static umbra_status run_dry(void *rig, umbra_evaluator *evaluator, const umbra_context *dry) {
  const struct rig *r = rig;
  const bench_shape *s = r->keyed.shape;
  umbra_matrix *matrix = NULL;
  umbra_weights *weights = NULL;
  umbra_status status = make_weights(&weights, dry, r);
  if (status == UMBRA_OK) status = umbra_dry_matrix(&matrix, dry, s->batch, s->columns, r->level, 1, &r->layout);
  if (status == UMBRA_OK) status = umbra_context_cost_begin(dry);
  if (status == UMBRA_OK) status = umbra_matrix_apply(evaluator, &matrix, matrix, weights);
  umbra_weights_destroy(weights);
  umbra_matrix_destroy(matrix);
  return status;
}

/* ---- the rig ---- */

static void clear(void *rig) {
  struct rig *r = rig;
  umbra_weights_destroy(r->weights);
  umbra_matrix_destroy(r->matrix);
  umbra_matrix_destroy(r->product);
  free(r->w);
  free(r->x);
}

/* Shifted by as little as takes one ciphertext. */
static umbra_matrix_layout layout_of_copies(const bench_shape *s) {
  const uint32_t stride = (uint32_t)umbra_power_above(s->rows), columns = (uint32_t)umbra_power_above(s->columns);
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_SHIFTED, .stride = stride,
                               .slots = stride * s->copies, .group = columns > s->copies ? columns / s->copies : 1};
}

/* A vector in as few slots as hold it; of a batch, a column for each ciphertext, in pairs if it has more records than slots. */
static umbra_matrix_layout layout_of_columns(const bench_shape *s, uint32_t most_slots) {
  const int pairs = s->batch > most_slots;
  const uint32_t stride = (uint32_t)umbra_power_above(s->batch) >> pairs;
  const uint32_t slots = stride > 1 ? stride : (uint32_t)umbra_power_above(s->columns);
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS,
                               .stride = stride,         .slots = slots,
                               .pairs = pairs,           .group = 1};
}

static umbra_status describe(void *rig) {
  struct rig *r = rig;
  const bench_shape *s = r->keyed.shape;
  r->layout = s->copies ? layout_of_copies(s) : layout_of_columns(s, umbra_params_slots(r->keyed.params));
  r->level = bench_level(s->level, r->keyed.params);
  r->w = bench_points((size_t)s->rows * s->columns, 0.61803398874989485);
  r->x = bench_points((size_t)s->batch * s->columns, 0.41421356237309505);
  return r->w && r->x ? UMBRA_OK : bench_no_memory();
}

static double value_of(umbra_element element, const void *source) {
  const rig *r = source;
  return r->x[element.row * ((const bench_shape *)r->keyed.shape)->columns + element.column];
}

static umbra_status make_inputs(void *rig) {
  struct rig *r = rig;
  const bench_shape *s = r->keyed.shape;
  const umbra_matrix_source source = {value_of, r, 1};
  const double start = bench_clock();
  UMBRA_TRY(make_weights(&r->weights, r->keyed.context, r));
  r->encoding = bench_clock() - start;
  return umbra_matrix_encrypt_source(&r->matrix, umbra_encryptor_of(r->keyed.public_key), &source, s->batch, s->columns,
                                     &r->layout, r->level, NULL);
}

/* ---- checks ---- */

/* The largest error of the product, over the largest row norm of W; of a batch, of some records. Values are up to 1. */
static double worst_of(const rig *r, const double *found) {
  const bench_shape *s = r->keyed.shape;
  double worst = 0, norm = 0;
  for (size_t k = 0; k < s->rows; k++) {
    const double *w = r->w + k * s->columns;
    double squares = 0;
    for (size_t j = 0; j < s->columns; j++) squares += w[j] * w[j];
    norm = fmax(norm, sqrt(squares));
    for (size_t i = 0; i < s->batch; i += 37) {
      double sum = 0;
      for (size_t j = 0; j < s->columns; j++) sum += w[j] * r->x[i * s->columns + j];
      worst = fmax(worst, fabs(found[i * s->rows + k] - sum));
    }
  }
  return worst / norm;
}

static void count(bench_state *state, const rig *r) {
  const bench_shape *s = r->keyed.shape;
  bench_keyed_count(state, &r->keyed, r->level);
  bench_counter(state, "limbs", umbra_params_limbs(r->keyed.params, r->level));
  bench_counter(state, "ciphertexts", (double)r->matrix->parts);
  bench_counter(state, "products", (double)s->rows * s->columns * s->batch);
  bench_counter(state, "weight_bytes", (double)umbra_weights_bytes(r->weights));
  bench_counter(state, "encoding_seconds", r->encoding);
}

static umbra_status check(bench_state *state, void *rig) {
  const struct rig *r = rig;
  const bench_shape *s = r->keyed.shape;
  umbra_range range = {UMBRA_RANGE_INIT};
  double *found = malloc((size_t)s->rows * s->batch * sizeof *found);
  if (!found) return bench_no_memory();
  umbra_status status = umbra_matrix_decrypt(r->product, found, r->keyed.secret, NULL);
  if (status == UMBRA_OK) status = umbra_matrix_range(r->product, &range);
  const double worst = status == UMBRA_OK ? worst_of(r, found) : 0;
  free(found);
  count(state, r);
  bench_counter(state, "error_bits", -log2(worst));
  if (status == UMBRA_OK && !(worst <= range.error_bound)) bench_fail(state, "the decrypted result is wrong");
  return status;
}

/* ---- the benchmarks ---- */

static umbra_status call(void *rig) {
  struct rig *r = rig;
  return umbra_matrix_apply(r->keyed.evaluator, &r->product, r->matrix, r->weights);
}

static int fits(const bench_shape *s, const umbra_params *params) {
  const uint32_t slots = umbra_params_slots(params);
  if (umbra_params_log_n(params) > s->log_n) return 0;
  if (s->copies) return slots >= umbra_power_above(s->rows) * s->copies;
  return 2 * slots >= s->batch && (s->batch > 1 || slots >= s->columns);
}

static int name_of(char name[BENCH_NAME], const void *shape, const umbra_params *params) {
  const bench_shape *s = shape;
  char copies[24] = "";
  if (s->copies) snprintf(copies, sizeof copies, "/copies:%u", s->copies);
  snprintf(name, BENCH_NAME, "%s/rows:%u/columns:%u/batch:%u%s/log_n:%u/level:%u", s->name, s->rows, s->columns,
           s->batch, copies, umbra_params_log_n(params), bench_level(s->level, params));
  return fits(s, params);
}

static const bench_keyed keyed = {.size = sizeof(rig),
                                  .shape_size = sizeof(bench_shape),
                                  .name = name_of,
                                  .describe = describe,
                                  .run_dry = run_dry,
                                  .make_inputs = make_inputs,
                                  .call = call,
                                  .check = check,
                                  .clear = clear};

void bench_apply_register(const bench_setting *setting) {
  bench_keyed_register(&keyed, shapes_asked ? asked : usual, shapes_asked ? shapes_asked : USUAL, setting);
}
