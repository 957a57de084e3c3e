/* SPDX-License-Identifier: Apache-2.0 */
#include "apply.h"

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

/* W is rows x columns; matrices are at that level, or the highest if it is lower, in rings of at most 2^log_n. */
typedef struct bench_shape {
  const char *name;
  uint32_t rows, columns, batch, level, log_n;
} bench_shape;

#define VECTOR "product_plain_vector"
#define BATCH "product_plain_batch"

static const bench_shape usual[] = {
    {VECTOR, 128, 128, 1, UMBRA_TOP_LEVEL, UMBRA_MAX_LOG_N},
    {VECTOR, 128, 128, 1, 3, UMBRA_MAX_LOG_N},
    {VECTOR, 128, 784, 1, UMBRA_TOP_LEVEL, UMBRA_MAX_LOG_N},
    {BATCH, 128, 784, 1000, 1, 14},
    {BATCH, 1024, 1024, 2048, 1, 12},
};

enum { MOST_SHAPES = 16, USUAL = sizeof usual / sizeof *usual };
static bench_shape asked[MOST_SHAPES];
static size_t shapes_asked;

int bench_apply_shape(const char *text) {
  bench_shape s = {.level = UMBRA_TOP_LEVEL, .log_n = UMBRA_MAX_LOG_N};
  char rest;
  const int found = sscanf(text, "%ux%ux%ux%u%c", &s.rows, &s.columns, &s.batch, &s.level, &rest);
  if (found < 3 || found > 4 || !s.rows || !s.columns || !s.batch || shapes_asked == MOST_SHAPES) return 0;
  s.name = s.batch > 1 ? BATCH : VECTOR;
  asked[shapes_asked++] = s;
  return 1;
}

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
  umbra_matrix_layout layout;
  uint32_t level;
  double *w, *x; /* in row order */
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public_key;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_weights *weights;
  umbra_matrix *matrix, *product;
  umbra_cost cost;
  double encoding; /* seconds that the weights took */
} rig;

static uint32_t level_of(const bench_shape *shape, const umbra_params *params) {
  const uint32_t depth = umbra_params_depth(params);
  return shape->level < depth ? shape->level : depth;
}

static umbra_status make_weights(umbra_weights **weights, const umbra_context *context, const rig *r) {
  const bench_shape *s = r->shape;
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = r->w, .rows = s->rows, .columns = s->columns};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .layout = &r->layout};
  desc.level = r->level;
  desc.magnitude = fmax(8 * sqrt(s->columns), 16); /* of values without a pattern */
  return umbra_weights_create(weights, context, &desc, NULL);
}

/* ---- what it costs and needs ---- */

static umbra_status measure_dry(rig *r, const umbra_context *dry, umbra_key_needs *needs) {
  umbra_evaluator *evaluator = NULL;
  umbra_matrix *matrix = NULL;
  umbra_weights *weights = NULL;
  TRY(umbra_evaluator_create(&evaluator, dry, NULL));
  umbra_status status = make_weights(&weights, dry, r);
  if (status == UMBRA_OK)
    status = umbra_dry_matrix(&matrix, dry, r->shape->batch, r->shape->columns, r->level, 1, &r->layout);
  if (status == UMBRA_OK) status = umbra_context_cost_begin(dry);
  if (status == UMBRA_OK) status = umbra_matrix_apply(evaluator, &matrix, matrix, weights);
  if (status == UMBRA_OK) status = umbra_context_cost(dry, &r->cost);
  if (status == UMBRA_OK) status = umbra_context_needs(dry, needs);
  umbra_weights_destroy(weights);
  umbra_matrix_destroy(matrix);
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
  umbra_weights_destroy(r->weights);
  umbra_matrix_destroy(r->matrix);
  umbra_matrix_destroy(r->product);
  umbra_evaluator_destroy(r->evaluator);
  umbra_eval_keys_destroy(r->keys);
  umbra_public_key_destroy(r->public_key);
  umbra_secret_key_destroy(r->secret);
  umbra_context_destroy(r->context);
  umbra_params_destroy(r->params);
  free(r->w);
  free(r->x);
}

/* Points of a sequence that fills [-1, 1] evenly. */
static double *make_points(size_t count, double step) {
  double *points = malloc(count * sizeof *points);
  for (size_t j = 0; points && j < count; j++) points[j] = 2 * fmod((double)(j + 1) * step, 1) - 1;
  return points;
}

static uint32_t power_above(uint32_t x) {
  uint32_t power = 1;
  while (power < x) power *= 2;
  return power;
}

/* A vector in as few slots as hold it; of a batch, a column for each ciphertext. */
static umbra_status describe(rig *r, const bench_shape *s, const bench_setting *setting) {
  r->shape = s;
  r->params = bench_params(setting);
  const uint32_t stride = power_above(s->batch), slots = stride > 1 ? stride : power_above(s->columns);
  r->layout = (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = stride,
                                    .slots = slots, .group = 1};
  r->level = level_of(s, r->params);
  r->w = make_points((size_t)s->rows * s->columns, 0.61803398874989485);
  r->x = make_points((size_t)s->batch * s->columns, 0.41421356237309505);
  r->cost = (umbra_cost){UMBRA_COST_INIT};
  return r->w && r->x ? UMBRA_OK : UMBRA_ERROR_OUT_OF_MEMORY;
}

static double value_of(umbra_element element, const void *source) {
  const rig *r = source;
  return r->x[element.row * r->shape->columns + element.column];
}

static umbra_status rig_open(rig *r, const bench_shape *s, const bench_setting *setting) {
  TRY(describe(r, s, setting));
  const umbra_matrix_source source = {value_of, r};
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT,     .params = r->params,
                                   .device = setting->backend,  .secrets_on_device = setting->secrets_on_device,
                                   .threads = setting->threads, .memory_limit = setting->memory};
  TRY(umbra_context_create(&r->context, &desc));
  TRY(umbra_secret_key_generate(&r->secret, r->context));
  TRY(umbra_public_key_generate(&r->public_key, r->secret));
  TRY(make_keys(r));
  TRY(umbra_evaluator_create(&r->evaluator, r->context, r->keys));
  const double start = bench_clock();
  TRY(make_weights(&r->weights, r->context, r));
  r->encoding = bench_clock() - start;
  return umbra_matrix_encrypt_source(&r->matrix, umbra_encryptor_of(r->public_key), &source, s->batch, s->columns,
                                     &r->layout, r->level, NULL);
}

/* ---- checks ---- */

/* The largest error of the product, over the largest row norm of W; of a batch, of some records. Values are up to 1. */
static double worst_of(const rig *r, const double *found) {
  const bench_shape *s = r->shape;
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

static umbra_status check(bench_state *state, const rig *r) {
  umbra_range range = {UMBRA_RANGE_INIT};
  double *found = malloc((size_t)r->shape->rows * r->shape->batch * sizeof *found);
  if (!found) return UMBRA_ERROR_OUT_OF_MEMORY;
  umbra_status status = umbra_matrix_decrypt(r->product, found, r->secret, NULL);
  if (status == UMBRA_OK) status = umbra_matrix_range(r->product, &range);
  const double worst = status == UMBRA_OK ? worst_of(r, found) : 0;
  free(found);
  bench_counter(state, "error_bits", -log2(worst));
  if (status == UMBRA_OK && !(worst <= range.error_bound)) bench_fail(state, "the decrypted result is wrong");
  return status;
}

static void count(bench_state *state, const rig *r) {
  bench_counter(state, "n", (double)(1u << umbra_params_log_n(r->params)));
  bench_counter(state, "level", r->level);
  bench_counter(state, "limbs", umbra_params_limbs(r->params, r->level));
  bench_counter(state, "ciphertexts", (double)r->matrix->parts);
  bench_counter(state, "products", (double)r->shape->rows * r->shape->columns * r->shape->batch);
  bench_counter(state, "keys", (double)r->cost.keys);
  bench_counter(state, "key_bytes", (double)r->cost.key_bytes);
  bench_counter(state, "key_switches", (double)r->cost.key_switches);
  bench_counter(state, "weight_bytes", (double)umbra_weights_bytes(r->weights));
  bench_counter(state, "encoding_seconds", r->encoding);
  bench_counter(state, "working_bytes", (double)r->cost.working_bytes);
}

/* ---- one benchmark ---- */

static umbra_status run_call(rig *r) {
  TRY(umbra_matrix_apply(r->evaluator, &r->product, r->matrix, r->weights));
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

static int fits(const bench_shape *s, const umbra_params *params) {
  const uint32_t slots = umbra_params_slots(params);
  return umbra_params_log_n(params) <= s->log_n && slots >= s->batch && (s->batch > 1 || slots >= s->columns);
}

void bench_apply_register(const bench_setting *setting) {
  umbra_params *params = bench_params(setting);
  const size_t count = shapes_asked ? shapes_asked : USUAL;
  for (size_t i = 0; params && i < count; i++) {
    const bench_shape *s = shapes_asked ? &asked[i] : &usual[i];
    char name[256];
    job *made = fits(s, params) ? malloc(sizeof *made) : NULL;
    if (!made) continue;
    *made = (job){.next = jobs, .shape = s, .setting = setting};
    jobs = made;
    snprintf(name, sizeof name, "%s/rows:%u/columns:%u/batch:%u/log_n:%u/level:%u/params:%s/backend:%s/threads:%u",
             s->name, s->rows, s->columns, s->batch, umbra_params_log_n(params), level_of(s, params), setting->params,
             setting->backend, setting->threads);
    bench_register(name, run, made);
  }
  umbra_params_destroy(params);
}

void bench_apply_close(void) {
  while (jobs) {
    job *next = jobs->next;
    free(jobs);
    jobs = next;
  }
}
