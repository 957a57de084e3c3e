/* SPDX-License-Identifier: Apache-2.0 */
/* A column of the matrix is what becomes of one element that is 1, without the biases; the bias what becomes of zeros. */
#include "affine.h"

#include <string.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../model/interpret.h"

int umbra_node_is_affine(umbra_node_kind kind) {
  switch (kind) {
    case UMBRA_NODE_DENSE:
    case UMBRA_NODE_CONV2D:
    case UMBRA_NODE_AVERAGE_POOL:
    case UMBRA_NODE_GLOBAL_POOL:
    case UMBRA_NODE_ADD:
    case UMBRA_NODE_CONCAT:
    case UMBRA_NODE_RESHAPE:
    case UMBRA_NODE_SCALE_SHIFT:
    case UMBRA_NODE_SELECT: return 1;
    default: return 0;
  }
}

typedef enum role { OUTSIDE, INSIDE, SOURCE } role;

typedef struct segment {
  const umbra_model *model;
  umbra_model linear; /* the same nodes, without their shifts */
  uint32_t node;
  uint8_t *role;
  double **values; /* of each node that is no OUTSIDE */
  double *room;
  size_t elements; /* of sources */
} segment;

static const umbra_node *node_of(const segment *s, size_t i) { return &s->model->nodes[i]; }

/* ---- what belongs to it ---- */

static void find_roles(segment *s) {
  s->role[s->node] = INSIDE;
  for (size_t i = (size_t)s->node + 1; i-- > 0;) {
    if (s->role[i] != INSIDE) continue;
    const umbra_node *n = node_of(s, i);
    for (size_t k = 0; k < n->input_count; k++)
      s->role[n->inputs[k]] = umbra_node_is_affine(node_of(s, n->inputs[k])->kind) ? INSIDE : SOURCE;
  }
}

static umbra_status check_size(segment *s) {
  char text[UMBRA_NODE_TEXT];
  uint64_t work = 0;
  for (size_t i = 0; i <= s->node; i++) {
    if (s->role[i] == SOURCE) s->elements += node_of(s, i)->count;
    if (s->role[i] == INSIDE) work += node_of(s, i)->work + node_of(s, i)->count;
  }
  const size_t rows = node_of(s, s->node)->count;
  if (s->elements * rows <= UMBRA_PROGRAM_MAX_WEIGHTS && s->elements * work <= UMBRA_MODEL_MAX_WORK)
    return UMBRA_OK; /* below 2^62 */
  return umbra_fail(
      UMBRA_ERROR_RANGE,
      "%s: as a matrix it has %zu x %zu elements: a network on matrices has at most 2^24 of them, made in "
      "2^36 products",
      umbra_node_text(text, s->model, s->node), rows, s->elements);
}

/* ---- running it in the clear ---- */

static umbra_status make_linear(segment *s) {
  s->linear = *s->model;
  UMBRA_TRY(umbra_alloc(&s->linear.nodes, (size_t)s->node + 1, sizeof *s->linear.nodes, "a layer"));
  memcpy(s->linear.nodes, s->model->nodes, ((size_t)s->node + 1) * sizeof *s->linear.nodes);
  for (size_t i = 0; i <= s->node; i++) s->linear.nodes[i].shift = NULL;
  return UMBRA_OK;
}

static umbra_status make_values(segment *s) {
  size_t all = 0;
  for (size_t i = 0; i <= s->node; i++)
    if (s->role[i] != OUTSIDE) all += node_of(s, i)->count;
  UMBRA_TRY(umbra_alloc(&s->values, (size_t)s->node + 1, sizeof *s->values, "a layer"));
  UMBRA_TRY(umbra_alloc(&s->room, all, sizeof *s->room, "a layer"));
  double *next = s->room;
  for (size_t i = 0; i <= s->node; i++) {
    if (s->role[i] == OUTSIDE) continue;
    s->values[i] = next;
    next += node_of(s, i)->count;
  }
  return UMBRA_OK;
}

static const double *compute(const segment *s, const umbra_model *model) {
  for (uint32_t i = 0; i <= s->node; i++)
    if (s->role[i] == INSIDE) umbra_node_compute(s->values, model, i);
  return s->values[s->node];
}

static void fill_weights(const segment *s, umbra_term *term, size_t source) {
  const size_t columns = node_of(s, source)->count, rows = node_of(s, s->node)->count;
  for (size_t c = 0; c < columns; c++) {
    s->values[source][c] = 1;
    const double *column = compute(s, &s->linear);
    for (size_t r = 0; r < rows; r++) term->weights[r * columns + c] = column[r];
    s->values[source][c] = 0;
  }
}

static umbra_status make_bias(const segment *s, umbra_step *step) {
  const double *found = compute(s, s->model);
  size_t i = 0;
  while (i < step->count && found[i] == 0) i++;
  return i == step->count ? UMBRA_OK : umbra_copy_bytes(&step->bias, found, step->count, sizeof *step->bias);
}

static umbra_status make_step(segment *s, umbra_step *step, const uint32_t *value_of) {
  UMBRA_TRY(umbra_alloc(&s->role, (size_t)s->node + 1, 1, "a layer"));
  find_roles(s);
  UMBRA_TRY(check_size(s));
  UMBRA_TRY(make_linear(s));
  UMBRA_TRY(make_values(s));
  UMBRA_TRY(make_bias(s, step));
  for (size_t i = 0; i < s->node; i++) {
    if (s->role[i] != SOURCE) continue;
    UMBRA_TRY(umbra_step_add_term(step, value_of[i]));
    umbra_term *term = &step->terms[step->term_count - 1];
    UMBRA_TRY(umbra_alloc(&term->weights, step->count * node_of(s, i)->count, sizeof *term->weights, "weights"));
    fill_weights(s, term, i);
  }
  return UMBRA_OK;
}

umbra_status umbra_affine_step(umbra_step *step, const umbra_model *model, const uint32_t *value_of, uint32_t node) {
  segment s = {.model = model, .node = node};
  *step = (umbra_step){.kind = UMBRA_STEP_LINEAR, .node = node, .count = model->nodes[node].count, .scale = 1};
  const umbra_status status = make_step(&s, step, value_of);
  umbra_free(s.role);
  umbra_free(s.values);
  umbra_free(s.room);
  umbra_free(s.linear.nodes);
  if (status != UMBRA_OK) umbra_step_clear(step);
  return status;
}

int umbra_affine_is_identity(const umbra_step *step, size_t columns) {
  if (step->term_count != 1 || step->bias || step->count != columns) return 0;
  const double *w = step->terms[0].weights;
  for (size_t i = 0; i < step->count; i++)
    for (size_t j = 0; j < step->count; j++)
      if (w[i * step->count + j] != (i == j)) return 0;
  return 1;
}
