/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A convolution in doubles. What a row of positions sees is copied into a panel, some weights at a time, and read there
 * by all channels of the result.
 */
#include "convolve.h"

#include <string.h>

#include "../../kernels/parallel.h"

enum { CHANNELS = 8, POSITIONS = 8, WEIGHTS = 64 }; /* of a tile, which stays in registers; of a panel */

typedef double positions __attribute__((vector_size(POSITIONS * sizeof(double))));
typedef double panel[WEIGHTS][POSITIONS];

typedef struct convolution {
  const umbra_node *node, *in;
  const double *image, *weights; /* of the first channel of a group */
  double *result;
  size_t channels, weight_count; /* of the result in a group; of a channel */
} convolution;

/* Part of a row of positions, and of the weights. */
typedef struct patch {
  size_t row, column, width;
  size_t first, count;
  size_t channel, u, v; /* of the next weight */
} patch;

/* ---- what is seen ---- */

/* What weight (u, v) of a channel meets at the positions of a patch: zeros outside of the image. */
static void see(double seen[POSITIONS], const convolution *c, const patch *at) {
  const umbra_model_window *w = &c->node->window;
  const size_t height = c->in->shape[1], width = c->in->shape[2], stride = w->stride[1];
  const size_t row = at->row * w->stride[0] + at->u * w->dilation[0] - w->before[0]; /* beyond: very large, too */
  const size_t column = at->column * stride + at->v * w->dilation[1] - w->before[1];
  if (row >= height) {
    memset(seen, 0, POSITIONS * sizeof *seen);
    return;
  }
  const double *x = c->image + (at->channel * height + row) * width;
  if (stride == 1 && column < width && width - column >= POSITIONS) {
    memcpy(seen, x + column, POSITIONS * sizeof *seen);
  } else {
    for (size_t p = 0, i = column; p < POSITIONS; p++, i += stride) seen[p] = i < width ? x[i] : 0;
  }
}

static void go_on(patch *at, const umbra_model_window *w) {
  if (++at->v < w->kernel[1]) return;
  at->v = 0;
  if (++at->u < w->kernel[0]) return;
  at->u = 0;
  at->channel++;
}

/* ---- sums ---- */

UMBRA_WIDE static void add_products(positions sum[CHANNELS], const double *const weights[CHANNELS], panel seen,
                                    size_t count) {
  positions here[CHANNELS];
  memcpy(here, sum, sizeof here);
  for (size_t k = 0; k < count; k++) {
    positions x;
    memcpy(&x, seen[k], sizeof x);
    for (int o = 0; o < CHANNELS; o++) here[o] += weights[o][k] * x;
  }
  memcpy(sum, here, sizeof here);
}

/* Channels from `first` on; those that there are not are the last one again. */
static void add_tile(const convolution *c, const patch *at, size_t first, panel seen) {
  const size_t area = c->node->shape[1] * c->node->shape[2], left = c->channels - first,
               count = left < CHANNELS ? left : CHANNELS, bytes = at->width * sizeof(double);
  double *y = c->result + first * area + at->row * c->node->shape[2] + at->column;
  const double *weights[CHANNELS];
  positions sum[CHANNELS] = {{0}};
  for (size_t o = 0; o < CHANNELS; o++)
    weights[o] = c->weights + (first + (o < count ? o : count - 1)) * c->weight_count + at->first;
  for (size_t o = 0; o < count; o++) memcpy(&sum[o], y + o * area, bytes);
  add_products(sum, weights, seen, at->count);
  for (size_t o = 0; o < count; o++) memcpy(y + o * area, &sum[o], bytes);
}

static void add_patch(const convolution *c, patch *at) {
  panel seen;
  for (at->first = 0; at->first < c->weight_count; at->first += at->count) {
    const size_t left = c->weight_count - at->first;
    at->count = left < WEIGHTS ? left : WEIGHTS;
    for (size_t k = 0; k < at->count; k++, go_on(at, &c->node->window)) see(seen[k], c, at);
    for (size_t o = 0; o < c->channels; o += CHANNELS) add_tile(c, at, o, seen);
  }
}

static void convolve_group(const convolution *c) {
  const size_t height = c->node->shape[1], width = c->node->shape[2];
  for (size_t i = 0; i < height; i++)
    for (size_t j = 0; j < width; j += POSITIONS) {
      patch at = {.row = i, .column = j, .width = width - j < POSITIONS ? width - j : POSITIONS};
      add_patch(c, &at);
    }
}

void umbra_node_convolve(double *y, const double *x, const umbra_node *node, const umbra_node *in) {
  const umbra_model_window *w = &node->window;
  const size_t area = node->shape[1] * node->shape[2], each = in->shape[0] / w->groups;
  convolution c = {.node = node,
                   .in = in,
                   .image = x,
                   .weights = node->weights,
                   .result = y,
                   .channels = w->channels / w->groups,
                   .weight_count = each * w->kernel[0] * w->kernel[1]};
  for (size_t o = 0; o < w->channels; o++)
    for (size_t i = 0; i < area; i++) y[o * area + i] = node->shift ? node->shift[o] : 0;
  for (size_t g = 0; g < w->groups; g++) {
    convolve_group(&c);
    c.image += each * in->shape[1] * in->shape[2];
    c.weights += c.channels * c.weight_count;
    c.result += c.channels * area;
  }
}
