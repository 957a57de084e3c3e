/* SPDX-License-Identifier: Apache-2.0 */
#include "extent.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/watch.h"
#include "../model/interpret.h"

typedef struct pass {
  const umbra_model *model;
  const uint8_t *needed;
  uint32_t result;
  double **values; /* of each node that is needed */
  double *room;
} pass;

static umbra_status open_pass(pass *p) {
  size_t all = 0;
  for (size_t i = 0; i < p->model->node_count; i++)
    if (p->needed[i]) all += p->model->nodes[i].count;
  UMBRA_TRY(umbra_alloc(&p->values, p->model->node_count, sizeof *p->values, "values of a model"));
  UMBRA_TRY(umbra_alloc(&p->room, all, sizeof *p->room, "values of a model"));
  double *next = p->room;
  for (size_t i = 0; i < p->model->node_count; i++) {
    if (!p->needed[i]) continue;
    p->values[i] = next;
    next += p->model->nodes[i].count;
  }
  return UMBRA_OK;
}

static int extend(umbra_extent *e, const double *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(values[i])) return 0;
    e->lowest = fmin(e->lowest, values[i]);
    e->highest = fmax(e->highest, values[i]);
  }
  return 1;
}

static umbra_status add_sample(umbra_extents *e, const pass *p, const double *sample, double *results) {
  char text[UMBRA_NODE_TEXT];
  memcpy(p->values[0], sample, p->model->nodes[0].count * sizeof *sample);
  for (uint32_t i = 0; i < p->model->node_count; i++) {
    if (!p->needed[i]) continue;
    umbra_node_compute(p->values, p->model, i);
    if (!extend(&e->node[i], p->values[i], p->model->nodes[i].count))
      return umbra_fail(UMBRA_ERROR_RANGE, "%s: a value of a sample is not finite", umbra_node_text(text, p->model, i));
  }
  for (size_t k = 0; k < p->model->nodes[0].count; k++) (void)extend(&e->feature[k], sample + k, 1);
  memcpy(results, p->values[p->result], p->model->nodes[p->result].count * sizeof *results);
  return UMBRA_OK;
}

static umbra_status add_samples(umbra_extents *e, const pass *p, const double *samples, size_t count,
                                umbra_watch *watch) {
  const size_t elements = p->model->nodes[0].count, results = p->model->nodes[p->result].count;
  for (size_t k = 0; k < elements; k++) e->feature[k] = (umbra_extent){samples[k], samples[k]};
  for (size_t i = 0; i < count; i++) {
    UMBRA_TRY(umbra_watch_step(watch, i, count));
    UMBRA_TRY(add_sample(e, p, samples + i * elements, e->results + i * results));
  }
  return UMBRA_OK;
}

umbra_status umbra_extents_find(umbra_extents *extents, const umbra_model *model, const uint8_t *needed,
                                uint32_t result, const double *samples, size_t count, const umbra_progress *progress) {
  pass p = {.model = model, .needed = needed, .result = result};
  const size_t results = model->nodes[result].count;
  umbra_watch watch = umbra_watch_of(progress);
  *extents = (umbra_extents){0};
  umbra_status status = umbra_alloc(&extents->node, model->node_count, sizeof *extents->node, "ranges of a model");
  if (status == UMBRA_OK)
    status = umbra_alloc(&extents->feature, model->nodes[0].count, sizeof *extents->feature, "ranges of a model");
  if (status == UMBRA_OK)
    status = umbra_alloc(&extents->results, count * results, sizeof(double), "results of a model");
  if (status == UMBRA_OK) status = open_pass(&p);
  if (status == UMBRA_OK) status = add_samples(extents, &p, samples, count, &watch);
  umbra_free(p.values);
  umbra_free(p.room);
  if (status != UMBRA_OK) umbra_extents_clear(extents);
  return status;
}

void umbra_extents_clear(umbra_extents *extents) {
  umbra_free(extents->node);
  umbra_free(extents->feature);
  umbra_free(extents->results);
  *extents = (umbra_extents){0};
}

double umbra_extent_largest(const umbra_extent *extent) { return fmax(-extent->lowest, extent->highest); }
