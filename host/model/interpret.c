/* SPDX-License-Identifier: Apache-2.0 */
#include "interpret.h"

#include <math.h>
#include <string.h>

#include "../base/integers.h"

static const umbra_node *input_of(const umbra_model *model, const umbra_node *n, size_t i) {
  return &model->nodes[n->inputs[i]];
}

static void dense(double *y, const double *x, const umbra_node *n, size_t columns) {
  for (size_t o = 0; o < n->count; o++) {
    const double *row = n->weights + o * columns;
    double sum = 0;
    for (size_t i = 0; i < columns; i++) sum += row[i] * x[i];
    y[o] = sum + (n->shift ? n->shift[o] : 0);
  }
}

/* ---- windows ---- */

/* The part of a kernel's steps 0 .. kernel-1 that lie in the image when the window begins at `at` - before. */
typedef struct steps {
  size_t first, end;
} steps;

static steps inside(const umbra_model_window *w, int d, size_t at, size_t length) {
  size_t dilation = w->dilation[d], before = w->before[d];
  steps s = {at >= before ? 0 : umbra_quotient_above(before - at, dilation), 0};
  size_t room = length + before > at ? length + before - at : 0; /* kernel positions below this are in the image */
  s.end = umbra_quotient_above(room, dilation);
  if (s.end > w->kernel[d]) s.end = w->kernel[d];
  if (s.first > s.end) s.first = s.end;
  return s;
}

/* The sum of one channel under its kernel; kernel: NULL for a sum without weights. */
static double under_window(const double *image, const double *kernel, const umbra_node *n, const umbra_node *in,
                           const size_t at[2]) {
  const umbra_model_window *w = &n->window;
  steps rows = inside(w, 0, at[0], in->shape[1]), columns = inside(w, 1, at[1], in->shape[2]);
  double sum = 0;
  for (size_t u = rows.first; u < rows.end; u++) {
    const double *line = image + (at[0] + u * w->dilation[0] - w->before[0]) * in->shape[2];
    for (size_t v = columns.first; v < columns.end; v++) {
      double x = line[at[1] + v * w->dilation[1] - w->before[1]];
      sum += kernel ? kernel[u * w->kernel[1] + v] * x : x;
    }
  }
  return sum;
}

static double convolved(const double *x, const umbra_node *n, const umbra_node *in, size_t o, const size_t at[2]) {
  size_t each = in->shape[0] / n->window.groups, area = in->shape[1] * in->shape[2];
  size_t taps = n->window.kernel[0] * n->window.kernel[1];
  size_t first = o / (n->window.channels / n->window.groups) * each;
  double sum = n->shift ? n->shift[o] : 0;
  for (size_t c = 0; c < each; c++)
    sum += under_window(x + (first + c) * area, n->weights + (o * each + c) * taps, n, in, at);
  return sum;
}

static double pooled(const double *x, const umbra_node *n, const umbra_node *in, size_t c, const size_t at[2]) {
  size_t elements = 1;
  for (int d = 0; d < 2; d++) {
    steps s = inside(&n->window, d, at[d], in->shape[1 + d]);
    elements *= n->window.count_zeros ? n->window.kernel[d] : s.end - s.first;
  }
  double sum = under_window(x + c * in->shape[1] * in->shape[2], NULL, n, in, at);
  return elements ? sum / (double)elements : 0;
}

static void each_position(double *y, const double *x, const umbra_node *n, const umbra_node *in) {
  for (size_t c = 0; c < n->shape[0]; c++)
    for (size_t i = 0; i < n->shape[1]; i++)
      for (size_t j = 0; j < n->shape[2]; j++) {
        const size_t at[2] = {i * n->window.stride[0], j * n->window.stride[1]};
        *y++ = n->kind == UMBRA_NODE_CONV2D ? convolved(x, n, in, c, at) : pooled(x, n, in, c, at);
      }
}

static void means(double *y, const double *x, const umbra_node *n, size_t each) {
  for (size_t c = 0; c < n->count; c++) {
    double sum = 0;
    for (size_t i = 0; i < each; i++) sum += x[c * each + i];
    y[c] = sum / (double)each;
  }
}

/* ---- element by element ---- */

static double polynomial(const umbra_node *n, double x) {
  double y = 0;
  for (size_t k = n->units; k-- > 0;) y = y * x + n->weights[k];
  return y;
}

static double chebyshev(const umbra_node *n, double x) {
  if (!(x >= n->lo && x <= n->hi)) return NAN;
  return umbra_chebyshev_value(n->weights, (uint32_t)n->units - 1, (2 * x - n->lo - n->hi) / (n->hi - n->lo));
}

double umbra_node_function(const umbra_node *node, double x) {
  switch (node->kind) {
    case UMBRA_NODE_ACTIVATION: return umbra_function_value(node->function, x);
    case UMBRA_NODE_POLYNOMIAL: return polynomial(node, x);
    case UMBRA_NODE_CHEBYSHEV: return chebyshev(node, x);
    default: return x * (1 + umbra_sign_plan_value(node->sign, x / node->hi)) / 2;
  }
}

static void scale_and_shift(double *y, const double *x, const umbra_node *n) {
  size_t each = n->count / n->units;
  for (size_t i = 0; i < n->count; i++) y[i] = x[i] * n->weights[i / each] + (n->shift ? n->shift[i / each] : 0);
}

static void gather(double *y, double *const *values, const umbra_model *model, const umbra_node *n) {
  for (size_t i = 0; i < n->input_count; i++) {
    size_t count = input_of(model, n, i)->count;
    memcpy(y, values[n->inputs[i]], count * sizeof *y);
    y += count;
  }
}

static void add(double *y, double *const *values, const umbra_node *n) {
  for (size_t i = 0; i < n->count; i++) {
    y[i] = 0;
    for (size_t k = 0; k < n->input_count; k++) y[i] += values[n->inputs[k]][i];
  }
}

void umbra_node_compute(double *const *values, const umbra_model *model, uint32_t node) {
  umbra_node_compute_as(values, model, node, &model->nodes[node]);
}

void umbra_node_compute_as(double *const *values, const umbra_model *model, uint32_t node, const umbra_node *n) {
  if (!n->input_count) return; /* the model's input is there already */
  const umbra_node *in = input_of(model, n, 0);
  double *y = values[node];
  const double *x = values[n->inputs[0]];
  switch (n->kind) {
    case UMBRA_NODE_DENSE: dense(y, x, n, in->count); break;
    case UMBRA_NODE_CONV2D:
    case UMBRA_NODE_AVERAGE_POOL: each_position(y, x, n, in); break;
    case UMBRA_NODE_GLOBAL_POOL: means(y, x, n, in->count / n->count); break;
    case UMBRA_NODE_ACTIVATION:
    case UMBRA_NODE_POLYNOMIAL:
    case UMBRA_NODE_CHEBYSHEV:
    case UMBRA_NODE_SIGN_RELU:
      for (size_t i = 0; i < n->count; i++) y[i] = umbra_node_function(n, x[i]);
      break;
    case UMBRA_NODE_SCALE_SHIFT: scale_and_shift(y, x, n); break;
    case UMBRA_NODE_ADD: add(y, values, n); break;
    case UMBRA_NODE_CONCAT:
    case UMBRA_NODE_RESHAPE: gather(y, values, model, n); break;
    case UMBRA_NODE_SELECT:
      for (size_t i = 0; i < n->count; i++) y[i] = n->source[i] < 0 ? 0 : x[n->source[i]];
      break;
    default: break; /* reserved kinds are in no model that runs */
  }
}

/* ---- ranges ---- */

umbra_extremes umbra_extremes_join(umbra_extremes a, umbra_extremes b) {
  return (umbra_extremes){fmin(a.lowest, b.lowest), fmax(a.highest, b.highest)};
}

umbra_extremes umbra_extremes_of(const double *values, size_t count) {
  umbra_extremes found = UMBRA_NO_EXTREMES;
  for (size_t i = 0; i < count; i++) {
    if (isnan(values[i])) return (umbra_extremes){-INFINITY, INFINITY};
    if (values[i] < found.lowest) found.lowest = values[i];
    if (values[i] > found.highest) found.highest = values[i];
  }
  return found;
}

int umbra_extremes_finite(umbra_extremes extremes) { return isfinite(extremes.lowest) && isfinite(extremes.highest); }

static int has_interval(const umbra_node *n) {
  return n->kind == UMBRA_NODE_CHEBYSHEV || n->kind == UMBRA_NODE_SIGN_RELU;
}

umbra_extremes umbra_node_given(double *const *values, const umbra_model *model, const umbra_node *node) {
  return umbra_extremes_of(values[node->inputs[0]], input_of(model, node, 0)->count);
}

int umbra_node_is_left(const umbra_node *node, umbra_extremes given) {
  return has_interval(node) && (given.lowest < node->lo || given.highest > node->hi);
}

uint32_t umbra_model_first_outside(const umbra_model *model, double *const *values) {
  for (uint32_t i = 1; i < model->node_count; i++) {
    const umbra_node *n = &model->nodes[i];
    if (values[i] && has_interval(n) && umbra_node_is_left(n, umbra_node_given(values, model, n))) return i;
  }
  return 0;
}
