/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of all values of a model, and samples of those that activations read. */
#include <math.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "batch.h"
#include "ranges.h"

enum { MOST_SAMPLES = 1 << 16, MOST_SAMPLES_OF_ALL = 1 << 24 };

typedef struct calibration {
  umbra_batch batch;
  umbra_model_ranges *ranges;
  umbra_extremes *nodes, *features; /* as those of the ranges, for each seat */
} calibration;

/* ---- samples ---- */

/*
 * Of each `stride` values that follow each other one is kept, at a place that looks random: so no pattern in a record
 * is met again and again, and threads have nothing to agree about.
 */
static size_t place_of(const umbra_sample *s, size_t i, size_t total) {
  uint64_t x = (i + 1) * UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  size_t first = i * s->stride, width = total - first < s->stride ? total - first : s->stride;
  return first + (size_t)((x ^ (x >> 31)) % width);
}

/* Those values of a record that are kept. */
static void keep(umbra_sample *s, const double *values, size_t each, size_t record, size_t records) {
  size_t first = record * each, end = first + each;
  for (size_t i = first / s->stride; i < s->count && i * s->stride < end; i++) {
    size_t place = place_of(s, i, records * each);
    if (place >= first && place < end) s->values[i] = values[place - first];
  }
}

/* ---- a record ---- */

static void take_record(void *user, double *const *values, size_t record, uint32_t seat) {
  const calibration *c = user;
  umbra_model_ranges *ranges = c->ranges;
  umbra_extremes *nodes = c->nodes + seat * ranges->node_count, *features = c->features + seat * ranges->feature_count;
  for (size_t i = 0; i < ranges->node_count; i++) {
    size_t count = c->batch.model->nodes[i].count;
    nodes[i] = umbra_extremes_join(nodes[i], umbra_extremes_of(values[i], count));
    if (ranges->samples[i].count) keep(&ranges->samples[i], values[i], count, record, ranges->records);
  }
  for (size_t k = 0; k < ranges->feature_count; k++)
    features[k] = umbra_extremes_join(features[k], umbra_extremes_of(&values[0][k], 1));
}

/* ---- all records ---- */

static void join_seats(umbra_extremes *all, const umbra_extremes *of_seats, size_t count, uint32_t seats) {
  for (size_t i = 0; i < count; i++) all[i] = UMBRA_NO_EXTREMES;
  for (size_t k = 0; k < seats * count; k++) all[k % count] = umbra_extremes_join(all[k % count], of_seats[k]);
}

/* Whether no polynomial was given a value outside its interval. */
static int all_inside(const calibration *c) {
  for (size_t i = 1; i < c->ranges->node_count; i++) {
    const umbra_node *n = &c->batch.model->nodes[i];
    if (umbra_node_is_left(n, c->ranges->nodes[n->inputs[0]])) return 0;
  }
  return 1;
}

static int all_finite(const calibration *c) {
  for (size_t i = 0; i < c->ranges->node_count; i++)
    if (!umbra_extremes_finite(c->ranges->nodes[i])) return 0;
  return 1;
}

static umbra_status check_block(void *user, size_t first, size_t end) {
  calibration *c = user;
  join_seats(c->ranges->nodes, c->nodes, c->ranges->node_count, c->batch.seats);
  if (all_finite(c) && all_inside(c)) return UMBRA_OK;
  return umbra_batch_explain(&c->batch, first, end);
}

static umbra_status make_seats(calibration *c) {
  size_t seats = c->batch.seats, nodes = seats * c->ranges->node_count, features = seats * c->ranges->feature_count;
  UMBRA_TRY(umbra_alloc(&c->nodes, nodes, sizeof *c->nodes, "ranges"));
  UMBRA_TRY(umbra_alloc(&c->features, features, sizeof *c->features, "ranges"));
  for (size_t i = 0; i < nodes; i++) c->nodes[i] = UMBRA_NO_EXTREMES;
  for (size_t i = 0; i < features; i++) c->features[i] = UMBRA_NO_EXTREMES;
  return UMBRA_OK;
}

static umbra_status calibrate(calibration *c, const umbra_progress *progress) {
  umbra_status status = make_seats(c);
  if (status == UMBRA_OK) status = umbra_batch_run(&c->batch, progress);
  if (status == UMBRA_OK) join_seats(c->ranges->features, c->features, c->ranges->feature_count, c->batch.seats);
  umbra_free(c->nodes);
  umbra_free(c->features);
  return status;
}

/* ---- the ranges ---- */

/* Room for samples of what activations read, with their shares. */
static umbra_status make_samples(umbra_model_ranges *made, const umbra_model *model) {
  size_t sampled = 0;
  for (size_t i = 1; i < model->node_count; i++)
    if (model->nodes[i].kind == UMBRA_NODE_ACTIVATION) made->samples[model->nodes[i].inputs[0]].stride = 1;
  for (size_t i = 0; i < model->node_count; i++) sampled += made->samples[i].stride;
  for (size_t i = 0; i < model->node_count; i++) {
    umbra_sample *s = &made->samples[i];
    if (!s->stride) continue;
    size_t total = made->records * model->nodes[i].count, most = MOST_SAMPLES_OF_ALL / sampled;
    if (most > MOST_SAMPLES) most = MOST_SAMPLES;
    s->stride = umbra_quotient_above(total, most);
    s->count = umbra_quotient_above(total, s->stride);
    UMBRA_TRY(umbra_alloc(&s->values, s->count, sizeof *s->values, "samples"));
  }
  return UMBRA_OK;
}

static umbra_status make_ranges(umbra_model_ranges *made, const umbra_model *model, size_t records) {
  *made =
      (umbra_model_ranges){.records = records, .node_count = model->node_count, .feature_count = model->nodes[0].count};
  UMBRA_TRY(umbra_alloc(&made->nodes, made->node_count, sizeof *made->nodes, "ranges"));
  UMBRA_TRY(umbra_alloc(&made->features, made->feature_count, sizeof *made->features, "ranges"));
  UMBRA_TRY(umbra_alloc(&made->samples, made->node_count, sizeof *made->samples, "ranges"));
  return make_samples(made, model);
}

umbra_status umbra_model_calibrate(const umbra_model *model, umbra_model_ranges **ranges, const umbra_ndarray *records,
                                   const umbra_progress *progress) {
  umbra_model_ranges *made;
  if (!model || !ranges || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "model, ranges or records is NULL");
  UMBRA_TRY(umbra_batch_check_records(model, records));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "ranges"));
  umbra_status status = make_ranges(made, model, records->shape[0]);
  calibration c = {.ranges = made};
  c.batch = (umbra_batch){.model = model,
                          .records = records->values,
                          .count = records->shape[0],
                          .seats = umbra_batch_seats(),
                          .visit = take_record,
                          .check = check_block,
                          .user = &c};
  if (status == UMBRA_OK) status = calibrate(&c, progress);
  if (status == UMBRA_OK) UMBRA_PUT(model_ranges, ranges, made);
  else umbra_model_ranges_destroy(made);
  return status;
}

void umbra_model_ranges_destroy(umbra_model_ranges *ranges) {
  if (!ranges) return;
  for (size_t i = 0; ranges->samples && i < ranges->node_count; i++) umbra_free(ranges->samples[i].values);
  umbra_free(ranges->samples);
  umbra_free(ranges->nodes);
  umbra_free(ranges->features);
  umbra_free(ranges);
}

/* ---- looking ---- */

umbra_status umbra_ranges_check(const umbra_model_ranges *ranges, const umbra_model *model) {
  int same = ranges->node_count == model->node_count && ranges->feature_count == model->nodes[0].count;
  for (size_t i = 1; same && i < model->node_count; i++)
    if (model->nodes[i].kind == UMBRA_NODE_ACTIVATION) same = ranges->samples[model->nodes[i].inputs[0]].count > 0;
  return same ? UMBRA_OK : umbra_fail(UMBRA_ERROR_MISMATCH, "the ranges are those of another model");
}

double umbra_extremes_size(umbra_extremes extremes) { return fmax(fabs(extremes.lowest), fabs(extremes.highest)); }

size_t umbra_model_ranges_records(const umbra_model_ranges *ranges) { return ranges->records; }

static umbra_status give(double interval[2], const umbra_extremes *of, size_t i, size_t count, const char *name) {
  if (!interval || i >= count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s %zu of %zu, and room for two numbers", name, i, count);
  interval[0] = of[i].lowest;
  interval[1] = of[i].highest;
  return UMBRA_OK;
}

umbra_status umbra_model_ranges_node(const umbra_model_ranges *ranges, double interval[2], size_t node) {
  if (!ranges) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ranges is NULL");
  return give(interval, ranges->nodes, node, ranges->node_count, "node");
}

umbra_status umbra_model_ranges_feature(const umbra_model_ranges *ranges, double interval[2], size_t element) {
  if (!ranges) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ranges is NULL");
  return give(interval, ranges->features, element, ranges->feature_count, "element");
}
