/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <math.h>
#include <string.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"

/* ---- life ---- */

umbra_status umbra_frame_make(umbra_frame *frame, const umbra_model *model, size_t output) {
  const umbra_node *input = &model->nodes[0];
  const umbra_output *out = &model->outputs[output];
  *frame = (umbra_frame){.rank = input->rank, .count = input->count, .result_scale = 1};
  memcpy(frame->shape, input->shape, sizeof frame->shape);
  frame->result_count = model->nodes[out->node].count;
  UMBRA_TRY(umbra_alloc(&frame->range, frame->count, sizeof *frame->range, "ranges of a model"));
  umbra_status status = umbra_alloc(&frame->scale, frame->count, sizeof *frame->scale, "ranges of a model");
  if (status == UMBRA_OK) status = umbra_output_copy(&frame->output, out, frame->result_count);
  if (status != UMBRA_OK) umbra_frame_clear(frame);
  return status;
}

umbra_status umbra_frame_copy(umbra_frame *copy, const umbra_frame *frame) {
  *copy = *frame;
  copy->range = NULL;
  copy->scale = NULL;
  copy->output = (umbra_output){0};
  umbra_status status = umbra_copy_bytes(&copy->range, frame->range, frame->count, sizeof *frame->range);
  if (status == UMBRA_OK) status = umbra_copy_bytes(&copy->scale, frame->scale, frame->count, sizeof *frame->scale);
  if (status == UMBRA_OK) status = umbra_output_copy(&copy->output, &frame->output, frame->result_count);
  if (status != UMBRA_OK) umbra_frame_clear(copy);
  return status;
}

void umbra_frame_clear(umbra_frame *frame) {
  umbra_free(frame->range);
  umbra_free(frame->scale);
  umbra_free(frame->output.name);
  umbra_free(frame->output.labels);
  *frame = (umbra_frame){0};
}

/* ---- ranges ---- */

static double half_of(const umbra_extremes *e) { return (e->highest - e->lowest) / 2; }

static umbra_extremes all_of(const umbra_extremes *features, size_t count) {
  umbra_extremes all = features[0];
  for (size_t k = 1; k < count; k++) all = umbra_extremes_join(all, features[k]);
  return all;
}

/* Whether one in two of those that vary is at least a sixteenth as wide as all of them together. */
static int are_alike(const umbra_extremes *features, size_t count) {
  enum { ALIKE = 16 };
  const umbra_extremes all = all_of(features, count);
  size_t varying = 0, wide = 0;
  for (size_t k = 0; k < count; k++) {
    varying += half_of(&features[k]) > 0;
    wide += half_of(&features[k]) > 0 && half_of(&features[k]) * ALIKE >= half_of(&all);
  }
  return varying && 2 * wide >= varying;
}

static umbra_extremes widened(const umbra_extremes *e, double margin) {
  const double middle = (e->lowest + e->highest) / 2;
  const double half = half_of(e) > 0 ? margin * half_of(e) : (margin - 1) * fmax(fabs(middle), 1); /* a constant */
  return (umbra_extremes){middle - half, middle + half};
}

void umbra_frame_set_ranges(umbra_frame *frame, const umbra_extremes *features, double margin) {
  const int alike = are_alike(features, frame->count);
  const umbra_extremes all = all_of(features, frame->count);
  for (size_t k = 0; k < frame->count; k++) {
    frame->range[k] = widened(alike ? &all : &features[k], margin);
    frame->scale[k] = umbra_extremes_size(frame->range[k]);
    if (frame->scale[k] <= 0) frame->scale[k] = 1;
  }
}

void umbra_frame_narrow_ranges(umbra_frame *frame, const umbra_extremes *features, double margin) {
  const int alike = are_alike(features, frame->count);
  const umbra_extremes all = all_of(features, frame->count);
  for (size_t k = 0; k < frame->count; k++) {
    const umbra_extremes most = widened(alike ? &all : &features[k], margin);
    frame->range[k].lowest = fmax(frame->range[k].lowest, most.lowest);
    frame->range[k].highest = fmin(frame->range[k].highest, most.highest);
  }
}

static double held(const umbra_frame *frame, size_t k, double x) { return (x - frame->shift) / frame->scale[k]; }

int umbra_frame_is_within(const umbra_frame *frame, size_t k) {
  const double most = 1 + 0x1p-40;
  return fabs(held(frame, k, frame->range[k].lowest)) <= most && fabs(held(frame, k, frame->range[k].highest)) <= most;
}

double umbra_frame_hold(const umbra_frame *frame, size_t k, double x) {
  const umbra_extremes *range = &frame->range[k];
  return fmin(fmax(held(frame, k, fmin(fmax(x, range->lowest), range->highest)), -1), 1);
}

void umbra_frame_set_scale(umbra_frame *frame, double scale, double shift) {
  frame->shift = shift;
  for (size_t k = 0; k < frame->count; k++) {
    frame->scale[k] = scale;
    frame->range[k] = (umbra_extremes){shift - fabs(scale), shift + fabs(scale)};
  }
}

void umbra_frame_share_scale(umbra_frame *frame) {
  double largest = 0;
  for (size_t k = 0; k < frame->count; k++) largest = fmax(largest, frame->scale[k]);
  for (size_t k = 0; k < frame->count; k++) frame->scale[k] = largest;
}
