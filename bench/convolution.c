/* SPDX-License-Identifier: Apache-2.0 */
#include "convolution.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../host/base/error.h"
#include "keyed_rig.h"

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

typedef struct rig {
  bench_keyed_rig keyed;
  umbra_feature_layout in;
  umbra_convolution_desc desc;
  double *weights, *values;
  umbra_convolution *convolution;
  umbra_feature_map *x, *out;
} rig;

static umbra_status run_dry(void *rig, umbra_evaluator *evaluator, const umbra_context *dry) {
  const struct rig *r = rig;
  umbra_convolution *convolution = NULL;
  umbra_feature_map *map = NULL;
  umbra_status status = umbra_convolution_create(&convolution, dry, &r->desc, NULL);
  if (status == UMBRA_OK) status = umbra_dry_feature_map(&map, dry, r->desc.level, 1, &r->in);
  if (status == UMBRA_OK) status = umbra_context_cost_begin(dry);
  if (status == UMBRA_OK) status = umbra_convolution_apply(evaluator, &map, map, convolution);
  umbra_feature_map_destroy(map);
  umbra_convolution_destroy(convolution);
  return status;
}

/* ---- the rig ---- */

static void clear(void *rig) {
  struct rig *r = rig;
  umbra_feature_map_destroy(r->x);
  umbra_feature_map_destroy(r->out);
  umbra_convolution_destroy(r->convolution);
  free(r->weights);
  free(r->values);
}

static umbra_status describe(void *rig) {
  struct rig *r = rig;
  const bench_shape *shape = r->keyed.shape;
  const uint32_t c = shape->channels, k = shape->kernel, pad = k / 2;
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
  r->desc.level = bench_level(shape->level, r->keyed.params);
  r->weights = bench_points((size_t)c * c * k * k, 0.61803398874989485);
  r->values = bench_points((size_t)c * shape->size * shape->size, 0.41421356237309505);
  r->desc.weights = r->weights;
  return r->weights && r->values ? UMBRA_OK : bench_no_memory();
}

/* The input at the convolution's level. */
static umbra_status encrypt_input(rig *r) {
  umbra_ciphertext *low = NULL;
  const umbra_ciphertext *const *part = (const umbra_ciphertext *const *)&low;
  UMBRA_TRY(umbra_feature_map_encrypt(&r->x, r->keyed.public_key, r->values, &r->in, NULL));
  if (umbra_feature_map_ciphertexts(r->x) != 1) return UMBRA_OK; /* lowered in every call */
  umbra_status status =
      umbra_level_drop(r->keyed.evaluator, &low, umbra_feature_map_ciphertext(r->x, 0), r->desc.level);
  if (status == UMBRA_OK) status = umbra_feature_map_from(&r->x, part, 1, &r->in);
  umbra_ciphertext_destroy(low);
  return status;
}

static umbra_status make_inputs(void *rig) {
  struct rig *r = rig;
  UMBRA_TRY(umbra_convolution_create(&r->convolution, r->keyed.context, &r->desc, NULL));
  return encrypt_input(r);
}

/* ---- checks ---- */

/* One output in the clear; *norm grows to the Euclidean norm of its weights, where that is larger. */
static double plain_output(const rig *r, uint32_t o, int64_t y, int64_t x, double *norm) {
  const bench_shape *s = r->keyed.shape;
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

static void count(bench_state *state, const rig *r) {
  bench_keyed_count(state, &r->keyed, r->desc.level);
  bench_counter(state, "diagonals", (double)umbra_convolution_diagonals(r->convolution));
  bench_counter(state, "encoded_bytes", (double)umbra_convolution_bytes(r->convolution));
}

static umbra_status check(bench_state *state, void *rig) {
  const struct rig *r = rig;
  umbra_feature_layout out = {UMBRA_FEATURE_LAYOUT_INIT};
  double worst = 0, norm = 0;
  UMBRA_TRY(umbra_convolution_output(r->convolution, &out));
  double *found = malloc((size_t)out.channels * out.height * out.width * sizeof *found), *at = found;
  if (!found) return bench_no_memory();
  const umbra_status status = umbra_feature_map_decrypt(r->out, found, r->keyed.secret, NULL);
  for (uint32_t o = 0; o < out.channels && status == UMBRA_OK; o++)
    for (uint32_t y = 0; y < out.height; y++)
      for (uint32_t x = 0; x < out.width; x++) worst = fmax(worst, fabs(*at++ - plain_output(r, o, y, x, &norm)));
  free(found);
  count(state, r);
  bench_counter(state, "error_bits", -log2(worst / norm));
  if (status == UMBRA_OK && !(worst <= 0x1p-18 * norm)) bench_fail(state, "the decrypted result is wrong");
  return status;
}

/* ---- the benchmarks ---- */

static umbra_status call(void *rig) {
  struct rig *r = rig;
  return umbra_convolution_apply(r->keyed.evaluator, &r->out, r->x, r->convolution);
}

static int name_of(char name[BENCH_NAME], const void *shape, const umbra_params *params) {
  const bench_shape *s = shape;
  snprintf(name, BENCH_NAME, "convolution/channels:%u/size:%u/kernel:%u/stride:%u/encode:%s/level:%u", s->channels,
           s->size, s->kernel, s->stride, s->encode == UMBRA_TRANSFORM_AT_USE ? "at_use" : "before",
           bench_level(s->level, params));
  return 1;
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

void bench_convolution_register(const bench_setting *setting) {
  bench_keyed_register(&keyed, shapes, sizeof shapes / sizeof *shapes, setting);
}
