/* SPDX-License-Identifier: Apache-2.0 */
#include "interpret.h"

#include <math.h>
#include <string.h>

#include "../approximate/interpolate.h"
#include "../nn/comparison.h"
#include "convolve.h"

static const umbra_node *input_of(const umbra_model *model, const umbra_node *n, size_t i) {
  return &model->nodes[n->inputs[i]];
}

/* Four sums at a time, none of which waits for another. */
static void dense(double *y, const double *x, const umbra_node *n, size_t columns) {
  enum { ROWS = 4 };
  for (size_t o = 0; o < n->count; o += ROWS) {
    const size_t rows = n->count - o < ROWS ? n->count - o : ROWS;
    const double *row[ROWS];
    double sum[ROWS] = {0};
    for (size_t r = 0; r < ROWS; r++) row[r] = n->weights + (o + (r < rows ? r : 0)) * columns;
    for (size_t i = 0; i < columns; i++)
      for (size_t r = 0; r < ROWS; r++) sum[r] += row[r][i] * x[i];
    for (size_t r = 0; r < rows; r++) y[o + r] = sum[r] + (n->shift ? n->shift[o + r] : 0);
  }
}

/* ---- windows ---- */

/* Of a kernel's steps 0 .. kernel-1 those that lie in the image when the window begins at `at` - before. */
typedef struct steps {
  size_t first, end;
} steps;

static steps inside(const umbra_model_window *w, int d, size_t at, size_t length) {
  size_t before = w->before[d], room = length + before > at ? length + before - at : 0;
  steps s = {at >= before ? 0 : before - at, room < w->kernel[d] ? room : w->kernel[d]};
  if (s.first > s.end) s.first = s.end;
  return s;
}

/* The mean of one channel under the window. */
static double pooled(const double *image, const umbra_node *n, const umbra_node *in, const size_t at[2]) {
  const umbra_model_window *w = &n->window;
  const steps rows = inside(w, 0, at[0], in->shape[1]), columns = inside(w, 1, at[1], in->shape[2]);
  const size_t elements =
      w->count_zeros ? w->kernel[0] * w->kernel[1] : (rows.end - rows.first) * (columns.end - columns.first);
  double sum = 0;
  for (size_t u = rows.first; u < rows.end; u++)
    for (size_t v = columns.first; v < columns.end; v++)
      sum += image[(at[0] + u - w->before[0]) * in->shape[2] + at[1] + v - w->before[1]];
  return elements ? sum / (double)elements : 0;
}

static void pool(double *y, const double *x, const umbra_node *n, const umbra_node *in) {
  for (size_t c = 0; c < n->shape[0]; c++, x += in->shape[1] * in->shape[2])
    for (size_t i = 0; i < n->shape[1]; i++)
      for (size_t j = 0; j < n->shape[2]; j++)
        *y++ = pooled(x, n, in, (const size_t[]){i * n->window.stride[0], j * n->window.stride[1]});
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

/* To t, or NaN outside. */
static void into_interval(double *t, const double *x, size_t count, const umbra_node *n) {
  for (size_t i = 0; i < count; i++)
    t[i] = x[i] >= n->lo && x[i] <= n->hi ? (2 * x[i] - n->lo - n->hi) / (n->hi - n->lo) : NAN;
}

static void sign_relu(double *y, const double *x, size_t count, const umbra_node *n) {
  for (size_t i = 0; i < count; i++) y[i] = x[i] / n->hi;
  umbra_sign_plan_values(n->sign, y, count);
  for (size_t i = 0; i < count; i++) y[i] = x[i] * (1 + y[i]) / 2;
}

static void apply(double *y, const double *x, size_t count, const umbra_node *n) {
  switch (n->kind) {
    case UMBRA_NODE_ACTIVATION:
      for (size_t i = 0; i < count; i++) y[i] = umbra_function_value(n->function, x[i]);
      break;
    case UMBRA_NODE_POLYNOMIAL:
      for (size_t i = 0; i < count; i++) y[i] = polynomial(n, x[i]);
      break;
    case UMBRA_NODE_CHEBYSHEV:
      into_interval(y, x, count, n);
      umbra_chebyshev_values(y, count, n->weights, (uint32_t)n->units - 1);
      break;
    default: sign_relu(y, x, count, n);
  }
}

double umbra_node_function(const umbra_node *node, double x) {
  double y;
  apply(&y, &x, 1, node);
  return y;
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
    case UMBRA_NODE_CONV2D: umbra_node_convolve(y, x, n, in); break;
    case UMBRA_NODE_AVERAGE_POOL: pool(y, x, n, in); break;
    case UMBRA_NODE_GLOBAL_POOL: means(y, x, n, in->count / n->count); break;
    case UMBRA_NODE_ACTIVATION:
    case UMBRA_NODE_POLYNOMIAL:
    case UMBRA_NODE_CHEBYSHEV:
    case UMBRA_NODE_SIGN_RELU: apply(y, x, n->count, n); break;
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

int umbra_model_is_left(const umbra_model *model, double *const *values) {
  for (uint32_t i = 1; i < model->node_count; i++) {
    const umbra_node *n = &model->nodes[i];
    if (values[i] && has_interval(n) && umbra_node_is_left(n, umbra_node_given(values, model, n))) return 1;
  }
  return 0;
}
