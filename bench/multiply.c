/* SPDX-License-Identifier: Apache-2.0 */
#include "multiply.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <umbra/umbra.h>

#include "../host/linalg/matrix.h"

#define TRY(call)                            \
  do {                                       \
    const umbra_status status_ = (call);     \
    if (status_ != UMBRA_OK) return status_; \
  } while (0)

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

/* Everything that is registered, for the life of the process. */
typedef struct job {
  struct job *next;
  const bench_shape *shape;
  const bench_setting *setting;
} job;

static job *jobs;

typedef struct rig {
  const bench_shape *shape;
  umbra_params *params;
  umbra_matrix_layout layout_a, layout_b;
  uint32_t level;
  double *values_a, *values_b;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public_key;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_matrix *a, *b, *out;
  umbra_tile_maps *maps; /* NULL: encoded in every call */
  umbra_multiply_options options;
  umbra_cost cost;
} rig;

static uint32_t level_of(const bench_shape *shape, const umbra_params *params) {
  const uint32_t depth = umbra_params_depth(params);
  return shape->level < depth ? shape->level : depth;
}

/* ---- what it costs and needs ---- */

static umbra_status measure_dry(rig *r, const umbra_context *dry, umbra_key_needs *needs) {
  const bench_shape *s = r->shape;
  umbra_evaluator *evaluator = NULL;
  umbra_matrix *a = NULL, *b = NULL;
  TRY(umbra_evaluator_create(&evaluator, dry, NULL));
  umbra_status status = umbra_dry_matrix(&a, dry, s->rows, s->inner, r->level, 1, &r->layout_a);
  if (status == UMBRA_OK) status = umbra_dry_matrix(&b, dry, s->inner, s->columns, r->level, 1, &r->layout_b);
  if (status == UMBRA_OK) status = umbra_context_cost_begin(dry);
  if (status == UMBRA_OK) status = umbra_matrix_multiply(evaluator, &a, a, b, &r->options);
  if (status == UMBRA_OK) status = umbra_context_cost(dry, &r->cost);
  if (status == UMBRA_OK) status = umbra_context_needs(dry, needs);
  umbra_matrix_destroy(a);
  umbra_matrix_destroy(b);
  umbra_evaluator_destroy(evaluator);
  return status;
}

static umbra_status make_keys(rig *r) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = r->params, .device = "dry"};
  umbra_context *dry = NULL;
  umbra_key_needs *needs = NULL;
  TRY(umbra_key_needs_create(&needs, r->params));
  umbra_status status = umbra_context_create(&dry, &desc);
  if (status == UMBRA_OK) status = measure_dry(r, dry, needs);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&r->keys, r->secret, needs, NULL);
  umbra_key_needs_destroy(needs);
  umbra_context_destroy(dry);
  return status;
}

/* ---- the rig ---- */

static void rig_close(rig *r) {
  umbra_matrix_destroy(r->a);
  umbra_matrix_destroy(r->b);
  umbra_matrix_destroy(r->out);
  umbra_tile_maps_destroy(r->maps);
  umbra_evaluator_destroy(r->evaluator);
  umbra_eval_keys_destroy(r->keys);
  umbra_public_key_destroy(r->public_key);
  umbra_secret_key_destroy(r->secret);
  umbra_context_destroy(r->context);
  umbra_params_destroy(r->params);
  free(r->values_a);
  free(r->values_b);
}

/* Points of a sequence that fills [-1, 1] evenly. */
static double *make_points(size_t count, double step) {
  double *points = malloc(count * sizeof *points);
  for (size_t j = 0; points && j < count; j++) points[j] = 2 * fmod((double)(j + 1) * step, 1) - 1;
  return points;
}

static umbra_status describe(rig *r, const bench_shape *s, const bench_setting *setting) {
  r->shape = s;
  r->params = bench_params(setting);
  const uint32_t slots = umbra_params_slots(r->params), stride = s->stride ? s->stride : slots / s->columns;
  r->layout_a = r->layout_b = (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .stride = stride};
  r->layout_a.order = s->a;
  r->layout_a.pairs = s->pairs_of_a;
  r->layout_b.order = s->b;
  TRY(umbra_layout_choose(&r->layout_a, s->rows, s->inner, slots));
  TRY(umbra_layout_choose(&r->layout_b, s->inner, s->columns, slots));
  r->level = level_of(s, r->params);
  r->values_a = make_points((size_t)s->rows * s->inner, 0.61803398874989485);
  r->values_b = make_points((size_t)s->inner * s->columns, 0.41421356237309505);
  r->options = (umbra_multiply_options){UMBRA_MULTIPLY_OPTIONS_INIT, .magnitude = MAGNITUDE};
  r->cost = (umbra_cost){UMBRA_COST_INIT};
  return r->values_a && r->values_b ? UMBRA_OK : UMBRA_ERROR_OUT_OF_MEMORY;
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
  const umbra_matrix_source source = {value_of, &order};
  return umbra_matrix_encrypt_source(matrix, umbra_encryptor_of(r->public_key), &source, rows, columns, layout,
                                     r->level, NULL);
}

static umbra_status rig_open(rig *r, const bench_shape *s, const bench_setting *setting) {
  TRY(describe(r, s, setting));
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT,     .params = r->params,
                                   .device = setting->backend,  .secrets_on_device = setting->secrets_on_device,
                                   .threads = setting->threads, .memory_limit = setting->memory};
  TRY(umbra_context_create(&r->context, &desc));
  TRY(umbra_secret_key_generate(&r->secret, r->context));
  TRY(umbra_public_key_generate(&r->public_key, r->secret));
  TRY(make_keys(r));
  TRY(umbra_evaluator_create(&r->evaluator, r->context, r->keys));
  TRY(encrypt(&r->a, r, r->values_a, s->rows, s->inner, &r->layout_a));
  TRY(encrypt(&r->b, r, r->values_b, s->inner, s->columns, &r->layout_b));
  if (s->maps) TRY(umbra_tile_maps_create(&r->maps, r->a, r->b, &r->options, NULL));
  r->options.maps = r->maps;
  return UMBRA_OK;
}

/* ---- checks ---- */

/* The largest error of the product, over the largest row norm of a; values are up to 1. */
static double worst_of(const rig *r, const double *found) {
  const bench_shape *s = r->shape;
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

static umbra_status check(bench_state *state, const rig *r) {
  double *found = malloc((size_t)r->shape->rows * r->shape->columns * sizeof *found);
  if (!found) return UMBRA_ERROR_OUT_OF_MEMORY;
  const umbra_status status = umbra_matrix_decrypt(r->out, found, r->secret, NULL);
  const double worst = status == UMBRA_OK ? worst_of(r, found) : 0;
  free(found);
  bench_counter(state, "error_bits", -log2(worst));
  if (status == UMBRA_OK && !(worst <= 0x1p-18)) bench_fail(state, "the decrypted result is wrong");
  return status;
}

static void count(bench_state *state, const rig *r) {
  bench_counter(state, "n", (double)(1u << umbra_params_log_n(r->params)));
  bench_counter(state, "level", r->level);
  bench_counter(state, "ciphertexts", (double)(r->a->parts + r->b->parts));
  bench_counter(state, "keys", (double)r->cost.keys);
  bench_counter(state, "key_bytes", (double)r->cost.key_bytes);
  bench_counter(state, "key_switches", (double)r->cost.key_switches);
  bench_counter(state, "products", (double)r->cost.products);
  bench_counter(state, "encoded_bytes", r->maps ? (double)umbra_tile_maps_bytes(r->maps) : 0);
  bench_counter(state, "working_bytes", (double)r->cost.working_bytes);
}

/* ---- one benchmark ---- */

static umbra_status run_call(rig *r) {
  TRY(umbra_matrix_multiply(r->evaluator, &r->out, r->a, r->b, &r->options));
  return umbra_evaluator_wait(r->evaluator);
}

static umbra_status time_calls(bench_state *state, rig *r) {
  TRY(run_call(r)); /* takes memory */
  while (bench_next(state, 1)) {
    const double start = bench_clock();
    TRY(run_call(r));
    bench_time(state, bench_clock() - start);
  }
  count(state, r);
  return check(state, r);
}

static void run(bench_state *state, void *argument) {
  const job *j = argument;
  rig r = {0};
  umbra_status status = rig_open(&r, j->shape, j->setting);
  if (status == UMBRA_OK) status = time_calls(state, &r);
  if (status != UMBRA_OK) bench_fail(state, umbra_last_error());
  rig_close(&r);
}

/* Whether a tile, or a column for each position with some rows, has room. */
static int fits(const bench_shape *s, const umbra_params *params) {
  const uint32_t slots = umbra_params_slots(params);
  return s->stride ? slots >= 2 * s->stride * s->stride : slots >= 16 * s->columns;
}

void bench_multiply_register(const bench_setting *setting) {
  umbra_params *params = bench_params(setting);
  for (size_t i = 0; params && i < sizeof shapes / sizeof *shapes; i++) {
    const bench_shape *s = &shapes[i];
    char name[256];
    job *made = fits(s, params) ? malloc(sizeof *made) : NULL;
    if (!made) continue;
    *made = (job){.next = jobs, .shape = s, .setting = setting};
    jobs = made;
    snprintf(
        name, sizeof name,
        "product_encrypted/layout:%s/rows:%u/inner:%u/columns:%u/log_n:%u/level:%u/params:%s/backend:%s/threads:%u",
        s->layout, s->rows, s->inner, s->columns, umbra_params_log_n(params), level_of(s, params), setting->params,
        setting->backend, setting->threads);
    bench_register(name, run, made);
  }
  umbra_params_destroy(params);
}

void bench_multiply_close(void) {
  while (jobs) {
    job *next = jobs->next;
    free(jobs);
    jobs = next;
  }
}
