/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of all values of a model, and samples of those that activations read. */
#include <math.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "batch.h"
#include "observe.h"

enum { MOST_SAMPLES = 1 << 16, MOST_SAMPLES_OF_ALL = 1 << 24 };

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

void umbra_observation_take(const umbra_observation *o, double *const *values, size_t record, uint32_t seat) {
  umbra_model_ranges *ranges = o->ranges;
  umbra_extremes *nodes = o->nodes + seat * ranges->node_count, *features = o->features + seat * ranges->feature_count;
  for (size_t i = 0; i < ranges->node_count; i++) {
    size_t count = o->model->nodes[i].count;
    nodes[i] = umbra_extremes_join(nodes[i], umbra_extremes_of(values[i], count));
    if (ranges->samples[i].count) keep(&ranges->samples[i], values[i], count, record, ranges->records);
  }
  for (size_t k = 0; k < ranges->feature_count; k++)
    features[k] = umbra_extremes_join(features[k], umbra_extremes_of(&values[0][k], 1));
  if (o->outputs.outputs) umbra_exact_take(&o->outputs, o->model, values, record);
}

/* ---- all records ---- */

static void join_seats(umbra_extremes *all, const umbra_extremes *of_seats, size_t count, uint32_t seats) {
  for (size_t i = 0; i < count; i++) all[i] = UMBRA_NO_EXTREMES;
  for (size_t k = 0; k < seats * count; k++) all[k % count] = umbra_extremes_join(all[k % count], of_seats[k]);
}

/* Whether no polynomial was given a value outside its interval. */
static int all_inside(const umbra_observation *o) {
  for (size_t i = 1; i < o->ranges->node_count; i++) {
    const umbra_node *n = &o->model->nodes[i];
    if (umbra_node_is_left(n, o->ranges->nodes[n->inputs[0]])) return 0;
  }
  return 1;
}

static int all_finite(const umbra_observation *o) {
  for (size_t i = 0; i < o->ranges->node_count; i++)
    if (!umbra_extremes_finite(o->ranges->nodes[i])) return 0;
  return 1;
}

/* Of all records so far. */
static int is_sound(const umbra_observation *o) {
  join_seats(o->ranges->nodes, o->nodes, o->ranges->node_count, umbra_batch_seats());
  return all_finite(o) && all_inside(o);
}

static umbra_status make_seats(umbra_observation *o) {
  const size_t seats = umbra_batch_seats(), nodes = seats * o->ranges->node_count,
               features = seats * o->ranges->feature_count;
  UMBRA_TRY(umbra_alloc(&o->nodes, nodes, sizeof *o->nodes, "ranges"));
  UMBRA_TRY(umbra_alloc(&o->features, features, sizeof *o->features, "ranges"));
  for (size_t i = 0; i < nodes; i++) o->nodes[i] = UMBRA_NO_EXTREMES;
  for (size_t i = 0; i < features; i++) o->features[i] = UMBRA_NO_EXTREMES;
  return UMBRA_OK;
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

/* ---- observation ---- */

umbra_status umbra_observation_open(umbra_observation *o, const umbra_model *model, const umbra_ndarray *records,
                                    int outputs) {
  *o = (umbra_observation){.model = model};
  UMBRA_TRY(umbra_alloc(&o->ranges, 1, sizeof *o->ranges, "ranges"));
  umbra_status status = make_ranges(o->ranges, model, records->shape[0]);
  if (status == UMBRA_OK) status = make_seats(o);
  if (status == UMBRA_OK && outputs) status = umbra_exact_open(&o->outputs, model, records);
  if (status != UMBRA_OK) umbra_observation_clear(o);
  return status;
}

static void free_seats(umbra_observation *o) {
  umbra_free(o->nodes);
  umbra_free(o->features);
  o->nodes = o->features = NULL;
}

int umbra_observation_close(umbra_observation *o) {
  const int sound = is_sound(o);
  join_seats(o->ranges->features, o->features, o->ranges->feature_count, umbra_batch_seats());
  free_seats(o);
  return sound;
}

void umbra_observation_clear(umbra_observation *o) {
  free_seats(o);
  umbra_model_ranges_destroy(o->ranges);
  umbra_exact_clear(&o->outputs);
  *o = (umbra_observation){0};
}

typedef struct observing {
  umbra_batch batch;
  umbra_observation *to;
} observing;

static void take_record(void *user, double *const *values, size_t record, uint32_t seat) {
  const observing *r = user;
  umbra_observation_take(r->to, values, record, seat);
}

static umbra_status check_block(void *user, size_t first, size_t end) {
  const observing *r = user;
  return is_sound(r->to) ? UMBRA_OK : umbra_batch_explain(&r->batch, first, end);
}

umbra_status umbra_observe(umbra_observation *made, const umbra_model *model, const umbra_ndarray *records, int outputs,
                           const umbra_progress *progress) {
  observing r = {.to = made};
  UMBRA_TRY(umbra_observation_open(made, model, records, outputs));
  r.batch = (umbra_batch){.model = model,
                          .records = records->values,
                          .count = records->shape[0],
                          .seats = umbra_batch_seats(),
                          .visit = take_record,
                          .check = check_block,
                          .user = &r};
  umbra_status status = umbra_batch_run(&r.batch, progress);
  if (status == UMBRA_OK) umbra_observation_close(made); /* the last block was sound */
  if (status != UMBRA_OK) umbra_observation_clear(made);
  return status;
}

umbra_status umbra_model_calibrate(const umbra_model *model, umbra_model_ranges **ranges, const umbra_ndarray *records,
                                   const umbra_progress *progress) {
  umbra_observation made;
  if (!model || !ranges || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "model, ranges or records is NULL");
  UMBRA_TRY(umbra_batch_check_records(model, records));
  UMBRA_TRY(umbra_observe(&made, model, records, 0, progress));
  UMBRA_PUT(model_ranges, ranges, made.ranges);
  return UMBRA_OK;
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
