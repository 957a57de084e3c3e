/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scales and shifts vanish: into the weights of the layer before them if nobody else reads it, into another scale and
 * shift, or into the weights of the layer behind them. What reads a node that has vanished reads the node before it.
 */
#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "simplify.h"

typedef struct folding {
  umbra_model *model;
  uint32_t *readers; /* of each node: how many read it; outputs count as two, for they must stay */
  uint32_t *stands;  /* the node that is read instead of each: itself, or one before it */
} folding;

static umbra_node *node_of(const folding *f, uint32_t node) { return &f->model->nodes[node]; }

static umbra_status count_readers(folding *f) {
  UMBRA_TRY(umbra_alloc(&f->readers, f->model->node_count, sizeof *f->readers, "a model"));
  UMBRA_TRY(umbra_alloc(&f->stands, f->model->node_count, sizeof *f->stands, "a model"));
  for (uint32_t i = 0; i < f->model->node_count; i++) f->stands[i] = i;
  for (size_t i = 0; i < f->model->node_count; i++)
    for (size_t k = 0; k < f->model->nodes[i].input_count; k++) f->readers[f->model->nodes[i].inputs[k]]++;
  for (size_t i = 0; i < f->model->output_count; i++) f->readers[f->model->outputs[i].node] += 2;
  return UMBRA_OK;
}

static double shift_of(const umbra_node *n, size_t unit) { return n->shift ? n->shift[unit] : 0; }

static umbra_status need_shift(umbra_node *n) {
  return n->shift ? UMBRA_OK : umbra_alloc(&n->shift, n->units, sizeof *n->shift, "a model");
}

/* Of a scale and shift with numbers of 32 bits. */
static int is_identity(const umbra_node *n) {
  for (size_t u = 0; u < n->units; u++)
    if (fabs(n->weights[u] - 1) > 0x1p-22 || fabs(shift_of(n, u)) > 0x1p-60) return 0;
  return 1;
}

/* What is behind `node` reads what it reads; nobody reads it, so sweeping removes it. */
static void bypass(folding *f, uint32_t node) {
  uint32_t before = node_of(f, node)->inputs[0];
  f->stands[node] = before;
  f->readers[before] += f->readers[node] - 1;
  f->readers[node] = 0;
}

/* The inputs of a node, when those before it are done with. */
static void look_up(folding *f, umbra_node *n) {
  for (size_t k = 0; k < n->input_count; k++)
    while (f->stands[n->inputs[k]] != n->inputs[k]) n->inputs[k] = f->stands[n->inputs[k]];
}

/* ---- into what is before ---- */

static umbra_status into_layer(folding *f, umbra_node *layer, const umbra_node *s) {
  size_t length = umbra_node_row(f->model, layer), each = layer->units / s->units;
  UMBRA_TRY(need_shift(layer));
  for (size_t u = 0; u < layer->units; u++) {
    double scale = s->weights[u / each];
    for (size_t i = 0; i < length; i++) layer->weights[u * length + i] *= scale;
    layer->shift[u] = layer->shift[u] * scale + shift_of(s, u / each);
  }
  return UMBRA_OK;
}

/* first, then s, as one: in s. */
static umbra_status compose(umbra_node *s, const umbra_node *first) {
  size_t units = s->units > first->units ? s->units : first->units;
  double *weights, *shift;
  UMBRA_TRY(umbra_alloc(&weights, units, sizeof *weights, "a model"));
  umbra_status status = umbra_alloc(&shift, units, sizeof *shift, "a model");
  if (status != UMBRA_OK) {
    umbra_free(weights);
    return status;
  }
  for (size_t u = 0; u < units; u++) {
    size_t a = u / (units / first->units), b = u / (units / s->units);
    weights[u] = first->weights[a] * s->weights[b];
    shift[u] = shift_of(first, a) * s->weights[b] + shift_of(s, b);
  }
  umbra_free(s->weights);
  umbra_free(s->shift);
  s->weights = weights;
  s->shift = shift;
  s->units = units;
  return UMBRA_OK;
}

static int divides(size_t a, size_t b) { return a > b ? a % b == 0 : b % a == 0; }

/* Whether the node before is a scale that nobody else reads. */
static int follows_scale(const folding *f, const umbra_node *s) {
  const umbra_node *before = node_of(f, s->inputs[0]);
  return before->kind == UMBRA_NODE_SCALE_SHIFT && f->readers[s->inputs[0]] == 1 && divides(before->units, s->units);
}

static umbra_status gather_scales(folding *f, umbra_node *s) {
  while (follows_scale(f, s)) {
    UMBRA_TRY(compose(s, node_of(f, s->inputs[0])));
    bypass(f, s->inputs[0]);
    look_up(f, s);
  }
  return UMBRA_OK;
}

/* Into the layer before, if nobody else reads it. */
static umbra_status fold_back(folding *f, uint32_t node) {
  const umbra_node *s = node_of(f, node);
  umbra_node *before = node_of(f, s->inputs[0]);
  int alone = f->readers[s->inputs[0]] == 1;
  int layer = before->kind == UMBRA_NODE_DENSE || before->kind == UMBRA_NODE_CONV2D;
  if (alone && layer && before->units % s->units == 0) UMBRA_TRY(into_layer(f, before, s));
  else if (!is_identity(s)) return UMBRA_OK;
  bypass(f, node);
  return UMBRA_OK;
}

/* ---- into what is behind ---- */

/* Element i of the input is scaled before row u sees it: W (S x + t) + b = (W S) x + (W t + b). */
static umbra_status into_dense(folding *f, umbra_node *dense, const umbra_node *s) {
  size_t length = umbra_node_row(f->model, dense), each = s->count / s->units;
  UMBRA_TRY(need_shift(dense));
  for (size_t u = 0; u < dense->units; u++)
    for (size_t i = 0; i < length; i++) {
      double *weight = &dense->weights[u * length + i];
      dense->shift[u] += *weight * shift_of(s, i / each);
      *weight *= s->weights[i / each];
    }
  return UMBRA_OK;
}

/* Whether a convolution sees zeros around its image, which a shift before it does not move. */
static int sees_zeros(const umbra_node *conv) {
  const umbra_model_window *w = &conv->window;
  return w->before[0] || w->before[1] || w->after[0] || w->after[1];
}

static umbra_status into_conv(folding *f, umbra_node *conv, const umbra_node *s) {
  const umbra_model_window *w = &conv->window;
  size_t taps = w->kernel[0] * w->kernel[1], channels = umbra_node_row(f->model, conv) / taps;
  UMBRA_TRY(need_shift(conv));
  for (size_t u = 0; u < conv->units; u++) {
    size_t first = u / (w->channels / w->groups) * channels;
    for (size_t i = 0; i < channels * taps; i++) {
      size_t unit = s->units == 1 ? 0 : first + i / taps;
      double *weight = &conv->weights[u * channels * taps + i];
      conv->shift[u] += *weight * shift_of(s, unit);
      *weight *= s->weights[unit];
    }
  }
  return UMBRA_OK;
}

static umbra_status fold_forward(folding *f, uint32_t node) {
  umbra_node *layer = node_of(f, node);
  uint32_t input = layer->inputs[0];
  const umbra_node *s = node_of(f, input);
  if (s->kind != UMBRA_NODE_SCALE_SHIFT || f->readers[input] != 1) return UMBRA_OK;
  int by_channel = s->units == 1 || s->units == s->shape[0];
  if (layer->kind == UMBRA_NODE_DENSE) UMBRA_TRY(into_dense(f, layer, s));
  else if (by_channel && (!s->shift || !sees_zeros(layer))) UMBRA_TRY(into_conv(f, layer, s));
  else return UMBRA_OK;
  bypass(f, input);
  return UMBRA_OK;
}

/* ---- all ---- */

/* A dense layer does not mind what shape its elements have. */
static void skip_reshapes(folding *f, uint32_t node) {
  umbra_node *n = node_of(f, node);
  while (node_of(f, n->inputs[0])->kind == UMBRA_NODE_RESHAPE) {
    uint32_t skipped = n->inputs[0], before = node_of(f, skipped)->inputs[0];
    n->inputs[0] = before;
    if (--f->readers[skipped]) f->readers[before]++;
  }
}

static umbra_status fold_all(folding *f) {
  UMBRA_TRY(count_readers(f));
  /* Scales become one before a layer's weights are touched: once, however long their chain is. */
  for (uint32_t i = 0; i < f->model->node_count; i++) {
    look_up(f, node_of(f, i));
    if (node_of(f, i)->kind == UMBRA_NODE_SCALE_SHIFT) UMBRA_TRY(gather_scales(f, node_of(f, i)));
  }
  for (uint32_t i = 0; i < f->model->node_count; i++) {
    umbra_node_kind kind = node_of(f, i)->kind;
    look_up(f, node_of(f, i));
    if (kind == UMBRA_NODE_DENSE) skip_reshapes(f, i);
    if (f->readers[i] && kind == UMBRA_NODE_SCALE_SHIFT) UMBRA_TRY(fold_back(f, i));
  }
  for (uint32_t i = 0; i < f->model->node_count; i++) {
    umbra_node_kind kind = node_of(f, i)->kind;
    look_up(f, node_of(f, i));
    if (f->readers[i] && (kind == UMBRA_NODE_DENSE || kind == UMBRA_NODE_CONV2D)) UMBRA_TRY(fold_forward(f, i));
    look_up(f, node_of(f, i));
  }
  for (size_t i = 0; i < f->model->output_count; i++)
    while (f->stands[f->model->outputs[i].node] != f->model->outputs[i].node)
      f->model->outputs[i].node = f->stands[f->model->outputs[i].node];
  return UMBRA_OK;
}

umbra_status umbra_model_fold(umbra_model *model) {
  folding f = {.model = model};
  umbra_status status = fold_all(&f);
  umbra_free(f.readers);
  umbra_free(f.stands);
  return status;
}
