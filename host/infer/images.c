/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements of an image stay in the order of its channels, rows and columns whatever shape a model gives them, so a value
 * that is flattened, and added to others, is an image still.
 */
#include "../base/error.h"
#include "../base/memory.h"
#include "affine.h"
#include "compiler.h"

typedef struct finder {
  const umbra_model *model;
  umbra_node_image *images;
  uint32_t last;
} finder;

static umbra_image shape_of(const umbra_node *n) {
  return n->rank == 3 ? (umbra_image){(uint32_t)n->shape[0], (uint32_t)n->shape[1], (uint32_t)n->shape[2]}
                      : (umbra_image){0};
}

static umbra_image image_of(const finder *f, uint32_t node) { return f->images[node].image; }

/* ---- elements that are selected ---- */

/* Where a channel of the result begins in the input, whose pixels it takes in steps; -1: it has zeros, -2: neither. */
static int64_t origin_of(const int32_t *source, const umbra_model_window *w, umbra_image from, umbra_image to) {
  const int64_t first = source[0];
  for (uint32_t y = 0; y < to.height; y++)
    for (uint32_t x = 0; x < to.width; x++) {
      const int64_t found = source[(size_t)y * to.width + x];
      const int64_t pixel = first + (int64_t)(y * w->stride[0] * from.width + x * w->stride[1]);
      if (first < 0 ? found >= 0 : found != pixel) return -2;
    }
  return first < 0 ? -1 : first;
}

/* Which steps lead from one side to the other. */
static size_t stride_of(uint32_t from, uint32_t to) { return to > 1 ? (from - 1) / (to - 1) : from; }

int umbra_select_window(umbra_model_window *window, uint32_t *channel, const umbra_node *node, umbra_image from,
                        umbra_image to) {
  const size_t plane = (size_t)from.height * from.width;
  *window = (umbra_model_window){UMBRA_MODEL_WINDOW_INIT, .channels = to.channels};
  if (!from.channels || umbra_image_count(to) != node->count || to.height > from.height || to.width > from.width)
    return 0;
  window->stride[0] = stride_of(from.height, to.height);
  window->stride[1] = stride_of(from.width, to.width);
  if (!umbra_image_same(umbra_image_after(from, window), to)) return 0;
  for (uint32_t c = 0; c < to.channels; c++) {
    const int64_t origin = origin_of(node->source + (size_t)c * to.height * to.width, window, from, to);
    if (origin < -1 || (origin >= 0 && (size_t)origin % plane)) return 0;
    if (channel) channel[c] = origin < 0 ? UINT32_MAX : (uint32_t)((size_t)origin / plane);
  }
  return 1;
}

/* ---- what is an image ---- */

/* A node SELECT has an image if what reads it says which. */
static void place_selected(const finder *f, uint32_t node, umbra_image image) {
  umbra_model_window window;
  const umbra_node *n = &f->model->nodes[node];
  if (n->kind != UMBRA_NODE_SELECT || image_of(f, node).channels) return;
  if (umbra_select_window(&window, NULL, n, image_of(f, n->inputs[0]), image)) f->images[node].image = image;
}

static umbra_image of_sum(const finder *f, const umbra_node *n) {
  umbra_image image = {0};
  for (size_t k = 0; k < n->input_count && !image.channels; k++) image = image_of(f, n->inputs[k]);
  for (size_t k = 0; k < n->input_count && image.channels; k++) {
    place_selected(f, n->inputs[k], image);
    if (!umbra_image_same(image_of(f, n->inputs[k]), image)) image = (umbra_image){0};
  }
  return image;
}

static umbra_image of_channels(const finder *f, const umbra_node *n) {
  const umbra_image image = shape_of(n);
  for (size_t k = 0; k < n->input_count; k++) {
    const umbra_image part = image_of(f, n->inputs[k]);
    if (!part.channels || part.height != image.height || part.width != image.width) return (umbra_image){0};
  }
  return image;
}

static umbra_image of_reshaped(const finder *f, const umbra_node *n) {
  const umbra_image image = shape_of(n);
  if (image.channels) place_selected(f, n->inputs[0], image);
  const umbra_image before = image_of(f, n->inputs[0]);
  return !image.channels || umbra_image_same(image, before) ? before : (umbra_image){0};
}

/* A mean of always as many pixels is a convolution. */
static int is_even_pool(const umbra_model_window *w) {
  return w->count_zeros || !(w->before[0] || w->before[1] || w->after[0] || w->after[1]);
}

static umbra_image of_node(const finder *f, const umbra_node *n) {
  const umbra_image before = n->input_count ? image_of(f, n->inputs[0]) : (umbra_image){0};
  switch (n->kind) {
    case UMBRA_NODE_INPUT: return shape_of(n);
    case UMBRA_NODE_CONV2D: return before.channels ? shape_of(n) : before;
    case UMBRA_NODE_AVERAGE_POOL: return before.channels && is_even_pool(&n->window) ? shape_of(n) : (umbra_image){0};
    case UMBRA_NODE_SCALE_SHIFT: return n->units == 1 || n->units == before.channels ? before : (umbra_image){0};
    case UMBRA_NODE_ADD: return of_sum(f, n);
    case UMBRA_NODE_CONCAT: return of_channels(f, n);
    case UMBRA_NODE_RESHAPE: return of_reshaped(f, n);
    default: return umbra_node_is_affine(n->kind) ? (umbra_image){0} : before;
  }
}

/* An input that is given another shape first is an image of that one. */
static void find_input(finder *f) {
  const umbra_node *n = f->model->nodes;
  f->images[0].image = shape_of(n);
  for (uint32_t i = 1; i <= f->last; i++)
    if (n[i].kind == UMBRA_NODE_RESHAPE && n[i].inputs[0] == 0 && n[i].rank == 3) f->images[0].image = shape_of(&n[i]);
}

/* ---- what is made ---- */

static void count_readers(finder *f) {
  for (uint32_t i = 1; i <= f->last; i++)
    for (size_t k = 0; k < f->model->nodes[i].input_count; k++) f->images[f->model->nodes[i].inputs[k]].readers++;
}

/* Whether a node's part of a sum can be computed there. */
static int can_merge(const finder *f, uint32_t node) {
  const umbra_node_kind kind = f->model->nodes[node].kind;
  return f->images[node].readers == 1 && (kind == UMBRA_NODE_CONV2D || kind == UMBRA_NODE_SELECT ||
                                          kind == UMBRA_NODE_AVERAGE_POOL || kind == UMBRA_NODE_SCALE_SHIFT);
}

static void want_inputs(const finder *f, uint32_t node) {
  const umbra_node *n = &f->model->nodes[node];
  for (size_t k = 0; k < n->input_count; k++) {
    umbra_node_image *from = &f->images[n->inputs[k]];
    from->wanted = from->image.channels > 0;
    from->merged = n->kind == UMBRA_NODE_ADD && can_merge(f, n->inputs[k]);
  }
}

/* What activations of images need; the rest goes into the matrices behind them. Returns how many windows there are. */
static size_t find_wanted(finder *f) {
  size_t windows = 0;
  for (uint32_t i = f->last; i > 0; i--) {
    const umbra_node *n = &f->model->nodes[i];
    if (f->images[i].image.channels && (f->images[i].wanted || !umbra_node_is_affine(n->kind))) want_inputs(f, i);
    windows += f->images[i].wanted && n->kind == UMBRA_NODE_CONV2D;
  }
  return windows;
}

umbra_status umbra_images_find(umbra_node_image **images, const umbra_model *model, uint32_t last) {
  finder f = {.model = model, .last = last};
  UMBRA_TRY(umbra_alloc(&f.images, (size_t)last + 1, sizeof *f.images, "a network of images"));
  find_input(&f);
  for (uint32_t i = 1; i <= last; i++) f.images[i].image = of_node(&f, &model->nodes[i]);
  count_readers(&f);
  const int is_result = f.images[last].image.channels && !umbra_node_is_affine(model->nodes[last].kind);
  if (find_wanted(&f) && !is_result) {
    *images = f.images;
    return UMBRA_OK;
  }
  umbra_free(f.images);
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "no activation reads what a convolution makes of an image, or no dense layer what that makes");
}
