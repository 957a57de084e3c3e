/* SPDX-License-Identifier: Apache-2.0 */
#include "multiply.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../host/base/error.h"
#include "../host/linalg/matrix.h"
#include "keyed_rig.h"

enum { MAGNITUDE = 256 }; /* declared: products are well below, and the lowest level holds it */

/* Factors at that level, or the highest if it is lower. stride 0: of diagonals, as many positions as columns. */
typedef struct bench_shape {
  const char *layout;
  uint32_t rows, inner, columns, stride, level;
  umbra_matrix_order a, b;
  int pairs_of_a, maps; /* maps: encoded before */
} bench_shape;

static const bench_shape shapes[] = {
    {"tiles", 64, 64, 64, 64, 2, UMBRA_MATRIX_TILES, UMBRA_MATRIX_TILES, 0, 0},
    {"tiles", 64, 64, 64, 64, UMBRA_TOP_LEVEL, UMBRA_MATRIX_TILES, UMBRA_MATRIX_TILES, 0, 0},
    {"mapped", 64, 64, 64, 64, 2, UMBRA_MATRIX_TILES, UMBRA_MATRIX_TILES, 0, 1},
    {"owner", 64, 64, 64, 64, 1, UMBRA_MATRIX_TILES_LEFT, UMBRA_MATRIX_TILES_RIGHT, 0, 0},
    {"owner", 64, 64, 64, 64, UMBRA_TOP_LEVEL, UMBRA_MATRIX_TILES_LEFT, UMBRA_MATRIX_TILES_RIGHT, 0, 0},
    {"diagonals", 256, 256, 256, 0, 1, UMBRA_MATRIX_BY_COLUMNS, UMBRA_MATRIX_DIAGONALS, 1, 0},
    {"diagonals", 1000, 784, 128, 0, 1, UMBRA_MATRIX_BY_COLUMNS, UMBRA_MATRIX_DIAGONALS, 1, 0},
};

typedef struct rig {
  bench_keyed_rig keyed;
  umbra_matrix_layout layout_a, layout_b;
  uint32_t level;
  double *values_a, *values_b;
  umbra_matrix *a, *b, *out;
  umbra_tile_maps *maps; /* NULL: encoded in every call */
  umbra_multiply_options options;
} rig;

static umbra_status run_dry(void *rig, umbra_evaluator *evaluator, const umbra_context *dry) {
  const struct rig *r = rig;
  const bench_shape *s = r->keyed.shape;
  umbra_matrix *a = NULL, *b = NULL;
  umbra_status status = umbra_dry_matrix(&a, dry, s->rows, s->inner, r->level, 1, &r->layout_a);
  if (status == UMBRA_OK) status = umbra_dry_matrix(&b, dry, s->inner, s->columns, r->level, 1, &r->layout_b);
  if (status == UMBRA_OK) status = umbra_context_cost_begin(dry);
  if (status == UMBRA_OK) status = umbra_matrix_multiply(evaluator, &a, a, b, &r->options);
  umbra_matrix_destroy(a);
  umbra_matrix_destroy(b);
  return status;
}

/* ---- the rig ---- */

static void clear(void *rig) {
  struct rig *r = rig;
  umbra_matrix_destroy(r->a);
  umbra_matrix_destroy(r->b);
  umbra_matrix_destroy(r->out);
  umbra_tile_maps_destroy(r->maps);
  free(r->values_a);
  free(r->values_b);
}

static umbra_status describe(void *rig) {
  struct rig *r = rig;
  const bench_shape *s = r->keyed.shape;
  const uint32_t slots = umbra_params_slots(r->keyed.params), stride = s->stride ? s->stride : slots / s->columns;
  r->layout_a = r->layout_b = (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .stride = stride};
  r->layout_a.order = s->a;
  r->layout_a.pairs = s->pairs_of_a;
  r->layout_b.order = s->b;
  UMBRA_TRY(umbra_layout_choose(&r->layout_a, s->rows, s->inner, slots));
  UMBRA_TRY(umbra_layout_choose(&r->layout_b, s->inner, s->columns, slots));
  r->level = bench_level(s->level, r->keyed.params);
  r->values_a = bench_points((size_t)s->rows * s->inner, 0.61803398874989485);
  r->values_b = bench_points((size_t)s->inner * s->columns, 0.41421356237309505);
  r->options = (umbra_multiply_options){UMBRA_MULTIPLY_OPTIONS_INIT, .magnitude = MAGNITUDE};
  return r->values_a && r->values_b ? UMBRA_OK : bench_no_memory();
}

typedef struct row_order {
  const double *values;
  size_t columns;
} row_order;

static double value_of(umbra_element element, const void *source) {
  const row_order *order = source;
  return order->values[element.row * order->columns + element.column];
}

static umbra_status encrypt(umbra_matrix **matrix, const rig *r, const double *values, size_t rows, size_t columns,
                            const umbra_matrix_layout *layout) {
  const row_order order = {values, columns};
  const umbra_matrix_source source = {value_of, &order, 1};
  return umbra_matrix_encrypt_source(matrix, umbra_encryptor_of(r->keyed.public_key), &source, rows, columns, layout,
                                     r->level, NULL);
}

static umbra_status make_inputs(void *rig) {
  struct rig *r = rig;
  const bench_shape *s = r->keyed.shape;
  UMBRA_TRY(encrypt(&r->a, r, r->values_a, s->rows, s->inner, &r->layout_a));
  UMBRA_TRY(encrypt(&r->b, r, r->values_b, s->inner, s->columns, &r->layout_b));
  if (s->maps) UMBRA_TRY(umbra_tile_maps_create(&r->maps, r->a, r->b, &r->options, NULL));
  r->options.maps = r->maps;
  return UMBRA_OK;
}

/* ---- checks ---- */

/* The largest error of the product, over the largest row norm of a; values are up to 1. */
static double worst_of(const rig *r, const double *found) {
  const bench_shape *s = r->keyed.shape;
  double worst = 0, norm = 0;
  for (size_t i = 0; i < s->rows; i++) {
    double squares = 0;
    for (size_t k = 0; k < s->inner; k++) squares += pow(r->values_a[i * s->inner + k], 2);
    norm = fmax(norm, sqrt(squares));
    for (size_t j = 0; j < s->columns; j++) {
      double sum = 0;
      for (size_t k = 0; k < s->inner; k++) sum += r->values_a[i * s->inner + k] * r->values_b[k * s->columns + j];
      worst = fmax(worst, fabs(found[i * s->columns + j] - sum));
    }
  }
  return worst / norm;
}

static void count(bench_state *state, const rig *r) {
  bench_keyed_count(state, &r->keyed, r->level);
  bench_counter(state, "ciphertexts", (double)(r->a->parts + r->b->parts));
  bench_counter(state, "products", (double)r->keyed.cost.products);
  bench_counter(state, "encoded_bytes", r->maps ? (double)umbra_tile_maps_bytes(r->maps) : 0);
}

static umbra_status check(bench_state *state, void *rig) {
  const struct rig *r = rig;
  const bench_shape *s = r->keyed.shape;
  double *found = malloc((size_t)s->rows * s->columns * sizeof *found);
  if (!found) return bench_no_memory();
  const umbra_status status = umbra_matrix_decrypt(r->out, found, r->keyed.secret, NULL);
  const double worst = status == UMBRA_OK ? worst_of(r, found) : 0;
  free(found);
  count(state, r);
  bench_counter(state, "error_bits", -log2(worst));
  if (status == UMBRA_OK && !(worst <= 0x1p-18)) bench_fail(state, "the decrypted result is wrong");
  return status;
}

/* ---- the benchmarks ---- */

static umbra_status call(void *rig) {
  struct rig *r = rig;
  return umbra_matrix_multiply(r->keyed.evaluator, &r->out, r->a, r->b, &r->options);
}

/* Whether a tile, or a column for each position with some rows, has room. */
static int fits(const bench_shape *s, const umbra_params *params) {
  const uint32_t slots = umbra_params_slots(params);
  return s->stride ? slots >= 2 * s->stride * s->stride : slots >= 16 * s->columns;
}

static int name_of(char name[BENCH_NAME], const void *shape, const umbra_params *params) {
  const bench_shape *s = shape;
  snprintf(name, BENCH_NAME, "product_encrypted/layout:%s/rows:%u/inner:%u/columns:%u/log_n:%u/level:%u", s->layout,
           s->rows, s->inner, s->columns, umbra_params_log_n(params), bench_level(s->level, params));
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

void bench_multiply_register(const bench_setting *setting) {
  bench_keyed_register(&keyed, shapes, sizeof shapes / sizeof *shapes, setting);
}
