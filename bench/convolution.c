/* SPDX-License-Identifier: Apache-2.0 */
#include "convolution.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <umbra/umbra.h>

#define TRY(call)                            \
  do {                                       \
    const umbra_status status_ = (call);     \
    if (status_ != UMBRA_OK) return status_; \
  } while (0)

/* Square ones: as many channels out as in, padding that keeps the size. At that level, or the highest if it is lower. */
typedef struct bench_shape {
  uint32_t channels, size, kernel, stride, level;
  umbra_transform_encode_when encode;
} bench_shape;

static const bench_shape shapes[] = {
    {16, 32, 3, 1, 6, UMBRA_TRANSFORM_AT_USE},
    {16, 32, 3, 1, 6, UMBRA_TRANSFORM_ENCODED},
    {16, 32, 3, 2, 6, UMBRA_TRANSFORM_AT_USE},
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
  umbra_feature_layout in;
  umbra_convolution_desc desc;
  double *weights, *values;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public_key;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_convolution *convolution;
  umbra_feature_map *x, *out;
  umbra_cost cost;
  size_t key_count;
} rig;

static uint32_t level_of(const bench_shape *shape, const umbra_params *params) {
  const uint32_t depth = umbra_params_depth(params);
  return shape->level < depth ? shape->level : depth;
}

/* ---- what it costs and needs ---- */

static umbra_status measure_dry(rig *r, const umbra_context *dry, umbra_key_needs *needs) {
  umbra_evaluator *evaluator = NULL;
  umbra_convolution *convolution = NULL;
  umbra_feature_map *map = NULL;
  TRY(umbra_evaluator_create(&evaluator, dry, NULL));
  umbra_status status = umbra_convolution_create(&convolution, dry, &r->desc, NULL);
  if (status == UMBRA_OK) status = umbra_dry_feature_map(&map, dry, r->desc.level, 1, &r->in);
  if (status == UMBRA_OK) status = umbra_context_cost_begin(dry);
  if (status == UMBRA_OK) status = umbra_convolution_apply(evaluator, &map, map, convolution);
  if (status == UMBRA_OK) status = umbra_context_cost(dry, &r->cost);
  if (status == UMBRA_OK) status = umbra_context_needs(dry, needs);
  umbra_feature_map_destroy(map);
  umbra_convolution_destroy(convolution);
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
  r->key_count = umbra_key_needs_count(needs);
  umbra_key_needs_destroy(needs);
  umbra_context_destroy(dry);
  return status;
}

/* ---- the rig ---- */

static void rig_close(rig *r) {
  umbra_feature_map_destroy(r->x);
  umbra_feature_map_destroy(r->out);
  umbra_convolution_destroy(r->convolution);
  umbra_evaluator_destroy(r->evaluator);
  umbra_eval_keys_destroy(r->keys);
  umbra_public_key_destroy(r->public_key);
  umbra_secret_key_destroy(r->secret);
  umbra_context_destroy(r->context);
  umbra_params_destroy(r->params);
  free(r->weights);
  free(r->values);
}

/* Points of a sequence that fills [-1, 1] evenly. */
static double *make_points(size_t count, double step) {
  double *points = malloc(count * sizeof *points);
  for (size_t j = 0; points && j < count; j++) points[j] = 2 * fmod((double)(j + 1) * step, 1) - 1;
  return points;
}

static umbra_status describe(rig *r, const bench_shape *shape, const bench_setting *setting) {
  const uint32_t c = shape->channels, k = shape->kernel, pad = k / 2;
  r->shape = shape;
  r->params = bench_params(setting);
  r->in = (umbra_feature_layout){UMBRA_FEATURE_LAYOUT_INIT, .channels = c, .height = shape->size, .width = shape->size};
  r->desc = (umbra_convolution_desc){UMBRA_CONVOLUTION_DESC_INIT,
                                     .input = &r->in,
                                     .channels = c,
                                     .kernel_y = k,
                                     .kernel_x = k,
                                     .stride_y = shape->stride,
                                     .stride_x = shape->stride,
                                     .pad_top = pad,
                                     .pad_bottom = pad,
                                     .pad_left = pad,
                                     .pad_right = pad,
                                     .encode = shape->encode};
  r->desc.level = level_of(shape, r->params);
  r->weights = make_points((size_t)c * c * k * k, 0.61803398874989485);
  r->values = make_points((size_t)c * shape->size * shape->size, 0.41421356237309505);
  r->desc.weights = r->weights;
  r->cost = (umbra_cost){UMBRA_COST_INIT};
  return r->weights && r->values ? UMBRA_OK : UMBRA_ERROR_OUT_OF_MEMORY;
}

/* The input at the convolution's level. */
static umbra_status encrypt_input(rig *r) {
  umbra_ciphertext *low = NULL;
  const umbra_ciphertext *const *part = (const umbra_ciphertext *const *)&low;
  TRY(umbra_feature_map_encrypt(&r->x, r->public_key, r->values, &r->in, NULL));
  if (umbra_feature_map_ciphertexts(r->x) != 1) return UMBRA_OK; /* lowered in every call */
  umbra_status status = umbra_level_drop(r->evaluator, &low, umbra_feature_map_ciphertext(r->x, 0), r->desc.level);
  if (status == UMBRA_OK) status = umbra_feature_map_from(&r->x, part, 1, &r->in);
  umbra_ciphertext_destroy(low);
  return status;
}

static umbra_status rig_open(rig *r, const bench_shape *shape, const bench_setting *setting) {
  TRY(describe(r, shape, setting));
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT,     .params = r->params,
                                   .device = setting->backend,  .secrets_on_device = setting->secrets_on_device,
                                   .threads = setting->threads, .memory_limit = setting->memory};
  TRY(umbra_context_create(&r->context, &desc));
  TRY(umbra_secret_key_generate(&r->secret, r->context));
  TRY(umbra_public_key_generate(&r->public_key, r->secret));
  TRY(make_keys(r));
  TRY(umbra_evaluator_create(&r->evaluator, r->context, r->keys));
  TRY(umbra_convolution_create(&r->convolution, r->context, &r->desc, NULL));
  return encrypt_input(r);
}

/* ---- checks ---- */

/* One output in the clear; *norm grows to the Euclidean norm of its weights, where that is larger. */
static double plain_output(const rig *r, uint32_t o, int64_t y, int64_t x, double *norm) {
  const bench_shape *s = r->shape;
  const int64_t size = s->size, pad = s->kernel / 2;
  const double *weight = r->weights + (size_t)o * s->channels * s->kernel * s->kernel;
  double sum = 0, squares = 0;
  for (uint32_t c = 0; c < s->channels; c++)
    for (int64_t i = -pad; i < s->kernel - pad; i++)
      for (int64_t j = -pad; j < s->kernel - pad; j++, weight++) {
        const int64_t at_y = s->stride * y + i, at_x = s->stride * x + j;
        squares += *weight * *weight;
        if (at_y >= 0 && at_y < size && at_x >= 0 && at_x < size)
          sum += *weight * r->values[(c * size + at_y) * size + at_x];
      }
  *norm = fmax(*norm, sqrt(squares));
  return sum;
}

static umbra_status check(bench_state *state, const rig *r) {
  umbra_feature_layout out = {UMBRA_FEATURE_LAYOUT_INIT};
  double worst = 0, norm = 0;
  TRY(umbra_convolution_output(r->convolution, &out));
  double *found = malloc((size_t)out.channels * out.height * out.width * sizeof *found), *at = found;
  if (!found) return UMBRA_ERROR_OUT_OF_MEMORY;
  const umbra_status status = umbra_feature_map_decrypt(r->out, found, r->secret, NULL);
  for (uint32_t o = 0; o < out.channels && status == UMBRA_OK; o++)
    for (uint32_t y = 0; y < out.height; y++)
      for (uint32_t x = 0; x < out.width; x++) worst = fmax(worst, fabs(*at++ - plain_output(r, o, y, x, &norm)));
  free(found);
  bench_counter(state, "error_bits", -log2(worst / norm));
  if (status == UMBRA_OK && !(worst <= 0x1p-18 * norm)) bench_fail(state, "the decrypted result is wrong");
  return status;
}

static void count(bench_state *state, const rig *r) {
  bench_counter(state, "n", (double)(1u << umbra_params_log_n(r->params)));
  bench_counter(state, "level", r->desc.level);
  bench_counter(state, "diagonals", (double)umbra_convolution_diagonals(r->convolution));
  bench_counter(state, "keys", (double)r->key_count);
  bench_counter(state, "key_switches", (double)r->cost.key_switches);
  bench_counter(state, "working_bytes", (double)r->cost.working_bytes);
  bench_counter(state, "encoded_bytes", (double)umbra_convolution_bytes(r->convolution));
}

/* ---- one benchmark ---- */

static umbra_status run_call(rig *r) {
  TRY(umbra_convolution_apply(r->evaluator, &r->out, r->x, r->convolution));
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

void bench_convolution_register(const bench_setting *setting) {
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const bench_shape *s = &shapes[i];
    char name[256];
    umbra_params *params = bench_params(setting);
    job *made = params ? malloc(sizeof *made) : NULL;
    if (!made) return;
    *made = (job){.next = jobs, .shape = s, .setting = setting};
    jobs = made;
    snprintf(name, sizeof name,
             "convolution/channels:%u/size:%u/kernel:%u/stride:%u/encode:%s/level:%u/params:%s/backend:%s/threads:%u",
             s->channels, s->size, s->kernel, s->stride, s->encode == UMBRA_TRANSFORM_AT_USE ? "at_use" : "before",
             level_of(s, params), setting->params, setting->backend, setting->threads);
    umbra_params_destroy(params);
    bench_register(name, run, made);
  }
}

void bench_convolution_close(void) {
  while (jobs) {
    job *next = jobs->next;
    free(jobs);
    jobs = next;
  }
}
