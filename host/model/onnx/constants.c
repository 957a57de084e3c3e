/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that are known while the file is read: shapes with a batch of any size, and arithmetic of constants. */
#include <math.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "attributes.h"
#include "handlers.h"
#include "tensor.h"

/* ---- arithmetic ---- */

/* An element: value, times the size of the batch if that is set. */
typedef struct element {
  double value;
  int batch;
} element;

static umbra_status batch_is_open(void) {
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it computes with the size of the batch, which may be any");
}

/* Sums keep multiples of the batch among themselves; anything may be added to a zero. */
static umbra_status sum(element *y, element a, element b, double sign) {
  if (a.batch != b.batch && a.value != 0 && b.value != 0) return batch_is_open();
  *y = (element){a.value + sign * b.value, a.value == 0 ? b.batch : a.batch};
  return UMBRA_OK;
}

static umbra_status add(element *y, element a, element b, int integer) {
  (void)integer;
  return sum(y, a, b, 1);
}

static umbra_status sub(element *y, element a, element b, int integer) {
  (void)integer;
  return sum(y, a, b, -1);
}

static umbra_status mul(element *y, element a, element b, int integer) {
  (void)integer;
  if (a.batch && b.batch) return batch_is_open();
  *y = (element){a.value * b.value, a.batch || b.batch};
  return UMBRA_OK;
}

static umbra_status divide(element *y, element a, element b, int integer) {
  if (b.batch && !a.batch) return batch_is_open();
  if (integer && b.value == 0) return umbra_fail(UMBRA_ERROR_FORMAT, "it divides by 0");
  if (integer && a.batch && !b.batch && fmod(a.value, b.value) != 0) return batch_is_open();
  *y = (element){integer ? trunc(a.value / b.value) : a.value / b.value, a.batch && !b.batch};
  return UMBRA_OK;
}

static umbra_status power(element *y, element a, element b, int integer) {
  (void)integer;
  *y = (element){pow(a.value, b.value), 0};
  return a.batch || b.batch ? batch_is_open() : UMBRA_OK;
}

static const struct {
  const char *name;
  umbra_status (*f)(element *y, element a, element b, int integer);
} operators[] = {{"Add", add}, {"Sub", sub}, {"Mul", mul}, {"Div", divide}, {"Pow", power}, {"Sum", add}};
enum { OPERATORS = sizeof operators / sizeof *operators };

/* The dims that both broadcast to. */
static umbra_status broadcast_dims(size_t *dims, size_t *rank, const umbra_onnx_value *a, const umbra_onnx_value *b) {
  *rank = a->rank > b->rank ? a->rank : b->rank;
  for (size_t k = 1; k <= *rank; k++) {
    size_t x = k <= a->rank ? a->dims[a->rank - k] : 1, y = k <= b->rank ? b->dims[b->rank - k] : 1;
    if (x != y && x != 1 && y != 1)
      return umbra_fail(UMBRA_ERROR_FORMAT, "dimensions %zu and %zu do not go together", x, y);
    dims[*rank - k] = x == 1 ? y : x;
  }
  return UMBRA_OK;
}

/* Element `index` of what v is broadcast to. */
static element element_at(const umbra_onnx_value *v, const umbra_onnx_value *wide, size_t index) {
  size_t at = 0, stride = 1;
  for (size_t k = 1; k <= wide->rank; k++) {
    size_t length = wide->dims[wide->rank - k], i = index % length;
    index /= length;
    if (k > v->rank) continue;
    if (v->dims[v->rank - k] > 1) at += i * stride;
    stride *= v->dims[v->rank - k];
  }
  return (element){v->data[at], v->batch && v->batch[at]};
}

static umbra_status fold_two(umbra_onnx_value *made, umbra_onnx_node *n, const umbra_onnx_value *a,
                             const umbra_onnx_value *b) {
  size_t dims[UMBRA_ONNX_RANK], rank, o = 0;
  while (o < OPERATORS && strcmp(operators[o].name, n->proto->op_type) != 0) o++;
  if (o == OPERATORS) return umbra_fail(UMBRA_ERROR_INTERNAL, "no such operator");
  UMBRA_TRY(broadcast_dims(dims, &rank, a, b));
  UMBRA_TRY(umbra_onnx_make_constant(made, &n->import->budget, dims, rank));
  made->integer = a->integer && b->integer;
  if (a->batch || b->batch) UMBRA_TRY(umbra_alloc(&made->batch, made->count, 1, "a tensor"));
  for (size_t i = 0; i < made->count; i++) {
    element y;
    UMBRA_TRY(operators[o].f(&y, element_at(a, made, i), element_at(b, made, i), made->integer));
    made->data[i] = y.value;
    if (made->batch) made->batch[i] = (uint8_t)y.batch;
  }
  return UMBRA_OK;
}

umbra_status umbra_onnx_fold(umbra_onnx_node *n) {
  UMBRA_TRY(umbra_onnx_need_constant(n, 0, "its first input"));
  umbra_onnx_value made = {0};
  umbra_status status = umbra_onnx_copy(&made, umbra_onnx_input(n, 0), &n->import->budget);
  for (size_t i = 1; status == UMBRA_OK && i < n->count; i++) {
    umbra_onnx_value next = {0};
    status = umbra_onnx_need_constant(n, i, "an input");
    if (status == UMBRA_OK) status = fold_two(&next, n, &made, umbra_onnx_input(n, i));
    umbra_onnx_clear(&made);
    made = next;
  }
  return umbra_onnx_give(n, 0, status, &made);
}

/* ---- one input ---- */

static umbra_status map(umbra_onnx_node *n, umbra_onnx_value *made, const umbra_onnx_value *value,
                        double (*f)(double x)) {
  if (value->batch) return batch_is_open();
  UMBRA_TRY(umbra_onnx_copy(made, value, &n->import->budget));
  for (size_t i = 0; i < made->count; i++) made->data[i] = f(made->data[i]);
  return UMBRA_OK;
}

static double negative(double x) { return -x; }
static double inverse(double x) { return 1 / x; }

umbra_status umbra_onnx_negated(umbra_onnx_node *n, umbra_onnx_value *made, const umbra_onnx_value *value) {
  return map(n, made, value, negative);
}

umbra_status umbra_onnx_inverted(umbra_onnx_node *n, umbra_onnx_value *made, const umbra_onnx_value *value) {
  return map(n, made, value, inverse);
}

static umbra_status give_mapped(umbra_onnx_node *n, double (*f)(double x)) {
  umbra_onnx_value made = {0};
  UMBRA_TRY(umbra_onnx_need_constant(n, 0, "its input"));
  return umbra_onnx_give(n, 0, map(n, &made, n->inputs[0], f), &made);
}

umbra_status umbra_onnx_sqrt(umbra_onnx_node *n) { return give_mapped(n, sqrt); }

umbra_status umbra_onnx_reciprocal(umbra_onnx_node *n) { return give_mapped(n, inverse); }

/* ---- constants ---- */

static umbra_status number(umbra_onnx_value *made, umbra_onnx_node *n, double value, int integer) {
  UMBRA_TRY(umbra_onnx_make_constant(made, &n->import->budget, NULL, 0));
  made->data[0] = value;
  made->integer = integer;
  return UMBRA_OK;
}

static umbra_status list(umbra_onnx_value *made, umbra_onnx_node *n, const UmbraOnnx__Attribute *a, int integer) {
  size_t count = integer ? a->n_ints : a->n_floats;
  UMBRA_TRY(umbra_onnx_make_constant(made, &n->import->budget, &count, 1));
  made->integer = integer;
  for (size_t i = 0; i < count; i++) made->data[i] = integer ? (double)a->ints[i] : (double)a->floats[i];
  return UMBRA_OK;
}

umbra_status umbra_onnx_constant(umbra_onnx_node *n) {
  if (n->proto->n_attribute != 1) return umbra_fail(UMBRA_ERROR_FORMAT, "it has not one attribute, its value");
  const UmbraOnnx__Attribute *a = n->proto->attribute[0];
  umbra_onnx_value made = {0};
  umbra_status status = a->t                                   ? umbra_onnx_read_tensor(&made, n->import, a->t)
                        : strcmp(a->name, "value_float") == 0  ? number(&made, n, (double)a->f, 0)
                        : strcmp(a->name, "value_int") == 0    ? number(&made, n, (double)a->i, 1)
                        : strcmp(a->name, "value_floats") == 0 ? list(&made, n, a, 0)
                                                               : list(&made, n, a, 1);
  return umbra_onnx_give(n, 0, status, &made);
}

/* ---- shapes ---- */

static int64_t clamp(int64_t at, size_t rank) {
  if (at < 0) at += (int64_t)rank;
  return at < 0 ? 0 : at > (int64_t)rank ? (int64_t)rank : at;
}

/* Dimensions first .. end-1. The first of what flows is the batch. */
static umbra_status dims_of(umbra_onnx_value *made, umbra_onnx_node *n, const umbra_onnx_value *v) {
  int64_t first = clamp(umbra_onnx_int(n->proto, "start", 0), v->rank);
  int64_t end = clamp(umbra_onnx_int(n->proto, "end", (int64_t)v->rank), v->rank);
  size_t count = end > first ? (size_t)(end - first) : 0;
  UMBRA_TRY(umbra_onnx_make_constant(made, &n->import->budget, &count, 1));
  made->integer = 1;
  for (size_t i = 0; i < count; i++) made->data[i] = (double)v->dims[(size_t)first + i];
  if (v->kind != UMBRA_ONNX_FLOWING || first || !count) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&made->batch, count, 1, "a tensor"));
  made->batch[0] = 1;
  return UMBRA_OK;
}

umbra_status umbra_onnx_shape(umbra_onnx_node *n) {
  umbra_onnx_value made = {0};
  return umbra_onnx_give(n, 0, dims_of(&made, n, umbra_onnx_input(n, 0)), &made);
}

umbra_status umbra_onnx_size(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  umbra_onnx_value made = {0};
  umbra_status status = number(&made, n, (double)v->count, 1);
  if (status == UMBRA_OK && v->kind == UMBRA_ONNX_FLOWING) {
    status = umbra_alloc(&made.batch, 1, 1, "a tensor");
    if (status == UMBRA_OK) made.batch[0] = 1;
  }
  return umbra_onnx_give(n, 0, status, &made);
}

static umbra_status to_dims(size_t *dims, const int64_t *values, size_t count) {
  if (count > UMBRA_ONNX_RANK) return umbra_fail(UMBRA_ERROR_FORMAT, "a shape has %zu dimensions", count);
  for (size_t d = 0; d < count; d++) {
    if (values[d] < 0) return umbra_fail(UMBRA_ERROR_FORMAT, "a dimension is below 0");
    dims[d] = (size_t)values[d];
  }
  return UMBRA_OK;
}

static umbra_status filled(umbra_onnx_value *made, umbra_onnx_node *n, const int64_t *shape, size_t rank) {
  size_t dims[UMBRA_ONNX_RANK];
  const UmbraOnnx__Attribute *a = umbra_onnx_attribute(n->proto, "value");
  umbra_onnx_value with = {0};
  UMBRA_TRY(to_dims(dims, shape, rank));
  UMBRA_TRY(umbra_onnx_make_constant(made, &n->import->budget, dims, rank));
  if (!a) return UMBRA_OK;
  umbra_status status = umbra_onnx_read_tensor(&with, n->import, a->t);
  if (status == UMBRA_OK && with.count != 1) status = umbra_fail(UMBRA_ERROR_FORMAT, "its value is not one number");
  for (size_t i = 0; status == UMBRA_OK && i < made->count; i++) made->data[i] = with.data[0];
  made->integer = with.integer;
  umbra_onnx_clear(&with);
  return status;
}

umbra_status umbra_onnx_constant_of_shape(umbra_onnx_node *n) {
  int64_t *shape;
  size_t rank;
  umbra_onnx_value made = {0};
  UMBRA_TRY(umbra_onnx_need_constant(n, 0, "its shape"));
  UMBRA_TRY(umbra_onnx_integers(n, &shape, &rank, NULL, 0));
  umbra_status status = filled(&made, n, shape, rank);
  umbra_free(shape);
  return umbra_onnx_give(n, 0, status, &made);
}

umbra_status umbra_onnx_range(umbra_onnx_node *n) {
  double v[3];
  for (size_t i = 0; i < 3; i++) {
    UMBRA_TRY(umbra_onnx_need_constant(n, i, "an end or step"));
    const umbra_onnx_value *x = umbra_onnx_input(n, i);
    if (x->count != 1 || x->batch) return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "an end or step is not one number");
    v[i] = x->data[0];
  }
  double count = ceil((v[1] - v[0]) / v[2]);
  if (!(count < 0x1p24)) return umbra_fail(UMBRA_ERROR_FORMAT, "it has too many numbers");
  size_t dim = count > 0 ? (size_t)count : 0;
  umbra_onnx_value made = {0};
  umbra_status status = umbra_onnx_make_constant(&made, &n->import->budget, &dim, 1);
  for (size_t i = 0; status == UMBRA_OK && i < dim; i++) made.data[i] = v[0] + (double)i * v[2];
  made.integer = umbra_onnx_input(n, 0)->integer;
  return umbra_onnx_give(n, 0, status, &made);
}
