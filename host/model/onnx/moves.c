/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that move elements. What flows keeps its first dimension, the batch, as it is. */
#include <string.h>

#include "../../base/error.h"
#include "../../base/integers.h"
#include "../../base/memory.h"
#include "attributes.h"
#include "handlers.h"
#include "tensor.h"

static int flows(const umbra_onnx_value *v) { return v->kind == UMBRA_ONNX_FLOWING; }

static umbra_status mixes_records(void) {
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "it mixes the records of a batch; its first dimension has to stay as it is");
}

static umbra_status there(const umbra_onnx_value *v) {
  return v->kind != UMBRA_ONNX_ABSENT ? UMBRA_OK : umbra_fail(UMBRA_ERROR_FORMAT, "its input is missing");
}

/* Elements that move are not closed yet. */
static umbra_status movable(const umbra_onnx_node *n) {
  return flows(umbra_onnx_input(n, 0)) ? umbra_onnx_need_flowing(n, 0) : there(umbra_onnx_input(n, 0));
}

static umbra_status give_reshaped(umbra_onnx_node *n, const umbra_onnx_value *v, const size_t *dims, size_t rank) {
  umbra_onnx_value made = {0};
  return umbra_onnx_give(n, 0, umbra_onnx_reshaped(&made, v, &n->import->budget, dims, rank), &made);
}

static umbra_status give_moved(umbra_onnx_node *n, size_t k, const umbra_onnx_value *v, const umbra_onnx_axis *axes,
                               size_t rank) {
  umbra_onnx_value made = {0};
  return umbra_onnx_give(n, k, umbra_onnx_move(&made, v, &n->import->budget, axes, rank), &made);
}

/* Errors: UNSUPPORTED for axis 0 of what flows. */
static umbra_status axis_behind_batch(int64_t *axis, const umbra_onnx_value *v, size_t rank) {
  UMBRA_TRY(umbra_onnx_axis_of(axis, rank));
  return flows(v) && *axis == 0 ? mixes_records() : UMBRA_OK;
}

/* ---- other dims ---- */

/* Whether the first dimension of a wanted shape is the batch: its size, 0 (as before), -1, or what the file says. */
static int is_batch(const umbra_onnx_node *n, const umbra_onnx_value *shape, int zero_copies) {
  double first = shape->data[0];
  if (shape->batch && shape->batch[0]) return first == 1;
  return (zero_copies && first == 0) || first == -1 || (first > 0 && first == (double)n->import->batch);
}

/* Fills in dimensions 0 and -1 from `at` on, so that their product is `count`. */
static umbra_status fill_dims(size_t *dims, size_t at, const umbra_onnx_value *shape, const umbra_onnx_value *v,
                              int zero_copies) {
  size_t open = shape->count, product = 1, count = v->count;
  for (size_t d = at; d < shape->count; d++) {
    double wanted = shape->data[d];
    if (shape->batch && shape->batch[d]) return mixes_records();
    if (wanted == -1 && open == shape->count) {
      open = d;
      continue;
    }
    if (wanted == 0 && zero_copies && d < v->rank) wanted = (double)v->dims[d];
    if (!(wanted >= 0 && wanted <= 0x1p40)) return umbra_fail(UMBRA_ERROR_FORMAT, "a dimension is %g", wanted);
    dims[d] = (size_t)wanted;
    if (__builtin_mul_overflow(product, dims[d], &product)) return umbra_fail(UMBRA_ERROR_FORMAT, "it is too large");
  }
  if (open < shape->count) {
    dims[open] = product ? count / product : 0;
    product *= dims[open];
  }
  if (product == count) return UMBRA_OK;
  return flows(v) ? mixes_records() : umbra_fail(UMBRA_ERROR_FORMAT, "%zu elements cannot become %zu", count, product);
}

umbra_status umbra_onnx_reshape(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0), *shape = umbra_onnx_input(n, 1);
  size_t dims[UMBRA_ONNX_RANK] = {1};
  int zero_copies = !umbra_onnx_int(n->proto, "allowzero", 0);
  UMBRA_TRY(there(v));
  UMBRA_TRY(umbra_onnx_need_constant(n, 1, "the shape"));
  if (shape->rank != 1 || shape->count > UMBRA_ONNX_RANK)
    return umbra_fail(UMBRA_ERROR_FORMAT, "the shape is not a list of up to %d numbers", UMBRA_ONNX_RANK);
  if (flows(v) && (!shape->count || !is_batch(n, shape, zero_copies))) return mixes_records();
  UMBRA_TRY(fill_dims(dims, flows(v), shape, v, zero_copies));
  return give_reshaped(n, v, dims, shape->count);
}

umbra_status umbra_onnx_flatten(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  int64_t axis = umbra_onnx_int(n->proto, "axis", 1);
  UMBRA_TRY(there(v));
  if (axis != (int64_t)v->rank) UMBRA_TRY(umbra_onnx_axis_of(&axis, v->rank));
  if (flows(v) && axis != 1) return mixes_records();
  size_t dims[2] = {1, 1};
  for (size_t d = 0; d < v->rank; d++) dims[d >= (size_t)axis] *= v->dims[d];
  return give_reshaped(n, v, dims, 2);
}

static umbra_status add_axis(unsigned *set, int64_t axis) {
  if (*set >> axis & 1) return umbra_fail(UMBRA_ERROR_FORMAT, "axis %lld is there twice", (long long)axis);
  *set |= 1u << axis;
  return UMBRA_OK;
}

/* Bit d: axis d of `rank` is in the list. */
static umbra_status axis_set(unsigned *set, const int64_t *axes, size_t count, const umbra_onnx_value *v, size_t rank) {
  *set = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t axis = axes[i];
    UMBRA_TRY(axis_behind_batch(&axis, v, rank));
    UMBRA_TRY(add_axis(set, axis));
  }
  return UMBRA_OK;
}

static umbra_status read_axis_set(unsigned *set, umbra_onnx_node *n, const umbra_onnx_value *v, int more) {
  int64_t *axes;
  size_t count;
  UMBRA_TRY(umbra_onnx_integers(n, &axes, &count, "axes", 1));
  size_t rank = v->rank + (more ? count : 0);
  umbra_status status = rank <= UMBRA_ONNX_RANK ? axis_set(set, axes, count, v, rank)
                                                : umbra_fail(UMBRA_ERROR_FORMAT, "%zu dimensions", rank);
  if (status == UMBRA_OK && !axes && more) status = umbra_fail(UMBRA_ERROR_FORMAT, "its axes are missing");
  if (status == UMBRA_OK && !axes && flows(v) && n->import->batch == 1) status = mixes_records();
  for (size_t d = flows(v); status == UMBRA_OK && !axes && d < v->rank; d++) *set |= (unsigned)(v->dims[d] == 1) << d;
  umbra_free(axes);
  return status;
}

umbra_status umbra_onnx_squeeze(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  size_t dims[UMBRA_ONNX_RANK], rank = 0;
  unsigned set;
  UMBRA_TRY(there(v));
  UMBRA_TRY(read_axis_set(&set, n, v, 0));
  for (size_t d = 0; d < v->rank; d++)
    if (!(set >> d & 1)) dims[rank++] = v->dims[d];
  return give_reshaped(n, v, dims, rank);
}

umbra_status umbra_onnx_unsqueeze(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  size_t dims[UMBRA_ONNX_RANK], rank = 0;
  unsigned set;
  UMBRA_TRY(there(v));
  UMBRA_TRY(read_axis_set(&set, n, v, 1));
  for (size_t d = 0; d < v->rank || set >> rank; rank++) dims[rank] = set >> rank & 1 ? 1 : v->dims[d++];
  return give_reshaped(n, v, dims, rank);
}

/* ---- other places ---- */

umbra_status umbra_onnx_transpose(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  const UmbraOnnx__Attribute *perm = umbra_onnx_attribute(n->proto, "perm");
  umbra_onnx_axis axes[UMBRA_ONNX_RANK];
  unsigned set = 0;
  UMBRA_TRY(movable(n));
  if (perm && perm->n_ints != v->rank)
    return umbra_fail(UMBRA_ERROR_FORMAT, "it permutes %zu dimensions of %zu", perm->n_ints, v->rank);
  for (size_t d = 0; d < v->rank; d++) {
    int64_t from = perm ? perm->ints[d] : (int64_t)(v->rank - 1 - d);
    UMBRA_TRY(umbra_onnx_axis_of(&from, v->rank));
    axes[d] = umbra_onnx_whole_axis(v, (size_t)from);
    set |= 1u << from;
  }
  if (set != (1u << v->rank) - 1) return umbra_fail(UMBRA_ERROR_FORMAT, "it permutes a dimension twice");
  if (flows(v) && v->rank && axes[0].of != 0) return mixes_records();
  return give_moved(n, 0, v, axes, v->rank);
}

static int64_t within(int64_t x, int64_t lowest, int64_t highest) {
  return x < lowest ? lowest : x > highest ? highest : x;
}

/* Python's slice start:end:step of one dimension. */
static umbra_status slice_axis(umbra_onnx_axis *a, int64_t start, int64_t end, int64_t step) {
  int64_t length = (int64_t)a->length, back = step < 0;
  if (step == 0) return umbra_fail(UMBRA_ERROR_FORMAT, "a step is 0");
  start = within(start < 0 ? start + length : start, 0, length - back);
  end = within(end < 0 ? end + length : end, -back, length - back);
  int64_t span = back ? start - end : end - start, stride = back ? -step : step;
  a->start = start;
  a->step = step;
  a->length = span > 0 ? (size_t)((span - 1) / stride + 1) : 0;
  return UMBRA_OK;
}

typedef struct slices {
  int64_t *starts, *ends, *axes, *steps;
  size_t count;
} slices;

static umbra_status read_slices(slices *s, umbra_onnx_node *n) {
  size_t ends, axes, steps;
  UMBRA_TRY(umbra_onnx_integers(n, &s->starts, &s->count, "starts", 1));
  UMBRA_TRY(umbra_onnx_integers(n, &s->ends, &ends, "ends", 2));
  UMBRA_TRY(umbra_onnx_integers(n, &s->axes, &axes, "axes", 3));
  UMBRA_TRY(umbra_onnx_integers(n, &s->steps, &steps, "steps", 4));
  return s->starts && ends == s->count && (!s->axes || axes == s->count) && (!s->steps || steps == s->count)
             ? UMBRA_OK
             : umbra_fail(UMBRA_ERROR_FORMAT, "starts, ends, axes and steps are missing, or not equally many");
}

/* Whether slice i leaves all records, however many there are, as they are. */
static int leaves_batch(const umbra_onnx_node *n, const slices *s, size_t i) {
  int64_t most = n->import->batch ? (int64_t)n->import->batch : INT32_MAX;
  return s->starts[i] == 0 && s->ends[i] >= most && (!s->steps || s->steps[i] == 1);
}

static umbra_status slice(umbra_onnx_node *n, const slices *s) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  umbra_onnx_axis axes[UMBRA_ONNX_RANK];
  unsigned set = 0;
  for (size_t d = 0; d < v->rank; d++) axes[d] = umbra_onnx_whole_axis(v, d);
  for (size_t i = 0; i < s->count; i++) {
    int64_t axis = s->axes ? s->axes[i] : (int64_t)i;
    UMBRA_TRY(umbra_onnx_axis_of(&axis, v->rank));
    UMBRA_TRY(add_axis(&set, axis));
    if (!flows(v) || axis > 0) UMBRA_TRY(slice_axis(&axes[axis], s->starts[i], s->ends[i], s->steps ? s->steps[i] : 1));
    else if (!leaves_batch(n, s, i)) return mixes_records();
  }
  return give_moved(n, 0, v, axes, v->rank);
}

umbra_status umbra_onnx_slice(umbra_onnx_node *n) {
  slices s = {0};
  UMBRA_TRY(movable(n));
  umbra_status status = read_slices(&s, n);
  if (status == UMBRA_OK) status = slice(n, &s);
  umbra_free(s.starts);
  umbra_free(s.ends);
  umbra_free(s.axes);
  umbra_free(s.steps);
  return status;
}

static umbra_status gather(umbra_onnx_node *n, int64_t *indices, size_t count, size_t axis) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0), *index = umbra_onnx_input(n, 1);
  umbra_onnx_axis axes[UMBRA_ONNX_RANK];
  for (size_t d = 0; d < v->rank; d++) axes[d] = umbra_onnx_whole_axis(v, d);
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_onnx_axis_of(&indices[i], v->dims[axis]));
  axes[axis] = (umbra_onnx_axis){count, axis, 0, 1, indices};
  umbra_onnx_value made = {0};
  umbra_status status = umbra_onnx_move(&made, v, &n->import->budget, axes, v->rank);
  if (status == UMBRA_OK && index->rank == 0) {
    made.rank--;
    memmove(made.dims + axis, made.dims + axis + 1, (made.rank - axis) * sizeof *made.dims);
  }
  return umbra_onnx_give(n, 0, status, &made);
}

umbra_status umbra_onnx_gather(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0), *index = umbra_onnx_input(n, 1);
  int64_t axis = umbra_onnx_int(n->proto, "axis", 0), *indices;
  size_t count;
  if (v->kind == UMBRA_ONNX_CONSTANT && flows(index)) {
    if (v->rank != 1) return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its labels are no list");
    UMBRA_TRY(umbra_onnx_axis_of(&axis, 1));
    return umbra_onnx_label(n, index, index->rank);
  }
  UMBRA_TRY(movable(n));
  UMBRA_TRY(axis_behind_batch(&axis, v, v->rank));
  UMBRA_TRY(umbra_onnx_integers(n, &indices, &count, NULL, 1));
  umbra_status status = indices && index->rank <= 1
                            ? gather(n, indices, count, (size_t)axis)
                            : umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its indices are not a number or a list of them");
  umbra_free(indices);
  return status;
}

static umbra_status pad(umbra_onnx_node *n, const int64_t *pads, const int64_t *which, size_t count) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  umbra_onnx_axis axes[UMBRA_ONNX_RANK];
  unsigned set = 0;
  for (size_t d = 0; d < v->rank; d++) axes[d] = umbra_onnx_whole_axis(v, d);
  for (size_t i = 0; i < count; i++) {
    int64_t axis = which ? which[i] : (int64_t)i, before = pads[i], after = pads[count + i], length;
    UMBRA_TRY(umbra_onnx_axis_of(&axis, v->rank));
    UMBRA_TRY(add_axis(&set, axis));
    if (flows(v) && axis == 0 && (before || after)) return mixes_records();
    if (__builtin_add_overflow((int64_t)v->dims[axis], before, &length) ||
        __builtin_add_overflow(length, after, &length) || length < 1)
      return umbra_fail(UMBRA_ERROR_FORMAT, "its pads make dimension %lld empty, or too large", (long long)axis);
    axes[axis].start = -before;
    axes[axis].length = (size_t)length;
  }
  return give_moved(n, 0, v, axes, v->rank);
}

static umbra_status check_pad(umbra_onnx_node *n) {
  static const char *const modes[] = {"constant", NULL};
  int mode;
  UMBRA_TRY(movable(n));
  UMBRA_TRY(umbra_onnx_choice(&mode, n->proto, "mode", modes));
  const umbra_onnx_value *with = umbra_onnx_input(n, 2);
  double value = umbra_onnx_float(n->proto, "value", 0);
  if (with->kind != UMBRA_ONNX_ABSENT) {
    UMBRA_TRY(umbra_onnx_need_number(n, 2, "what it pads with"));
    value = with->count ? with->data[0] : 0;
  }
  return value == 0 ? UMBRA_OK : umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it pads with %g; only 0 is possible", value);
}

umbra_status umbra_onnx_pad(umbra_onnx_node *n) {
  int64_t *pads, *axes = NULL;
  size_t count, axis_count;
  UMBRA_TRY(check_pad(n));
  UMBRA_TRY(umbra_onnx_integers(n, &pads, &count, "pads", 1));
  umbra_status status = umbra_onnx_integers(n, &axes, &axis_count, NULL, 3);
  size_t wanted = axes ? axis_count : umbra_onnx_input(n, 0)->rank;
  if (status == UMBRA_OK && count != 2 * wanted)
    status = umbra_fail(UMBRA_ERROR_FORMAT, "it has %zu pads for %zu dimensions", count, wanted);
  if (status == UMBRA_OK) status = pad(n, pads, axes, wanted);
  umbra_free(pads);
  umbra_free(axes);
  return status;
}

/* ---- several outputs, several inputs ---- */

static umbra_status split(umbra_onnx_node *n, const int64_t *sizes, size_t axis) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  size_t parts = n->proto->n_output, length = v->dims[axis], each = umbra_quotient_above(length, parts), first = 0;
  umbra_onnx_axis axes[UMBRA_ONNX_RANK];
  for (size_t d = 0; d < v->rank; d++) axes[d] = umbra_onnx_whole_axis(v, d);
  for (size_t k = 0; k < parts; k++) {
    size_t left = length - first, size = sizes ? (size_t)sizes[k] : each < left ? each : left;
    if (size < 1 || size > left)
      return umbra_fail(UMBRA_ERROR_FORMAT, "part %zu has not 1 to %zu indices", k + 1, left);
    axes[axis].start = (int64_t)first;
    axes[axis].length = size;
    UMBRA_TRY(give_moved(n, k, v, axes, v->rank));
    first += size;
  }
  return first == length ? UMBRA_OK : umbra_fail(UMBRA_ERROR_FORMAT, "its parts leave something out");
}

umbra_status umbra_onnx_split(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  int64_t axis = umbra_onnx_int(n->proto, "axis", 0), *sizes;
  int64_t parts = umbra_onnx_int(n->proto, "num_outputs", (int64_t)n->proto->n_output);
  size_t count;
  UMBRA_TRY(movable(n));
  UMBRA_TRY(axis_behind_batch(&axis, v, v->rank));
  UMBRA_TRY(umbra_onnx_integers(n, &sizes, &count, "split", 1));
  umbra_status status = (sizes && count != n->proto->n_output) || parts != (int64_t)n->proto->n_output || !parts
                            ? umbra_fail(UMBRA_ERROR_FORMAT, "it has %zu outputs and other parts", n->proto->n_output)
                            : split(n, sizes, (size_t)axis);
  umbra_free(sizes);
  return status;
}

umbra_status umbra_onnx_expand(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  umbra_onnx_axis axes[UMBRA_ONNX_RANK];
  int64_t *shape;
  size_t rank;
  UMBRA_TRY(umbra_onnx_need_constant(n, 0, "what it repeats"));
  UMBRA_TRY(umbra_onnx_need_constant(n, 1, "its shape"));
  UMBRA_TRY(umbra_onnx_integers(n, &shape, &rank, NULL, 1));
  umbra_status status = rank <= UMBRA_ONNX_RANK && rank >= v->rank
                            ? UMBRA_OK
                            : umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its shape has %zu dimensions", rank);
  for (size_t d = 0; status == UMBRA_OK && d < rank; d++) {
    int added = d + v->rank < rank;
    size_t of = added ? UMBRA_ONNX_RANK : d + v->rank - rank, length = added ? 1 : v->dims[of];
    int repeats = length == 1 && shape[d] > 0;
    if (!repeats && shape[d] != 1 && shape[d] != (int64_t)length)
      status = umbra_fail(UMBRA_ERROR_FORMAT, "dimension %zu cannot become %lld", length, (long long)shape[d]);
    axes[d] = (umbra_onnx_axis){repeats ? (size_t)shape[d] : length, of, 0, !repeats, NULL};
  }
  if (status == UMBRA_OK) status = give_moved(n, 0, v, axes, rank);
  umbra_free(shape);
  return status;
}

/* Dims of a concatenation along the axis. */
static umbra_status joined_dims(size_t *dims, const umbra_onnx_node *n, size_t axis) {
  const umbra_onnx_value *first = n->inputs[0];
  memcpy(dims, first->dims, first->rank * sizeof *dims);
  for (size_t i = 1; i < n->count; i++) {
    const umbra_onnx_value *v = n->inputs[i];
    int alike = v->rank == first->rank;
    for (size_t d = 0; alike && d < v->rank; d++) alike = d == axis || v->dims[d] == dims[d];
    if (!alike || __builtin_add_overflow(dims[axis], v->dims[axis], &dims[axis]))
      return umbra_fail(UMBRA_ERROR_FORMAT, "its inputs differ in more than their axis");
  }
  return UMBRA_OK;
}

/* Puts element `from` of v, which `before` elements of inputs before it precede, to its place. */
typedef void placing(umbra_onnx_value *made, size_t to, const umbra_onnx_value *v, size_t from, size_t before);

/* All elements of a concatenation in order. */
static void each_joined(umbra_onnx_value *made, const umbra_onnx_node *n, size_t axis, placing *place) {
  size_t outer = 1, inner = 1, to = 0;
  for (size_t d = 0; d < axis; d++) outer *= made->dims[d];
  for (size_t d = axis + 1; d < made->rank; d++) inner *= made->dims[d];
  for (size_t o = 0; o < outer; o++)
    for (size_t k = 0, before = 0; k < n->count; before += n->inputs[k++]->count) {
      size_t run = n->inputs[k]->dims[axis] * inner;
      for (size_t i = 0; i < run; i++) place(made, to++, n->inputs[k], o * run + i, before);
    }
}

static void place_constant(umbra_onnx_value *made, size_t to, const umbra_onnx_value *v, size_t from, size_t before) {
  (void)before;
  made->data[to] = v->data[from];
  if (made->batch) made->batch[to] = v->batch && v->batch[from];
}

/* The node has its inputs' elements one input after the other. */
static void place_flowing(umbra_onnx_value *made, size_t to, const umbra_onnx_value *v, size_t from, size_t before) {
  (void)v;
  made->source[to] = (int32_t)(before + from);
}

static umbra_status concat_constants(umbra_onnx_node *n, size_t axis) {
  umbra_onnx_value made = {0};
  size_t dims[UMBRA_ONNX_RANK];
  int batch = 0;
  UMBRA_TRY(joined_dims(dims, n, axis));
  umbra_status status = umbra_onnx_make_constant(&made, &n->import->budget, dims, n->inputs[0]->rank);
  for (size_t i = 0; i < n->count; i++) batch |= n->inputs[i]->batch != NULL;
  if (status == UMBRA_OK && batch) status = umbra_alloc(&made.batch, made.count, 1, "a tensor");
  made.integer = n->inputs[0]->integer;
  if (status == UMBRA_OK && made.count) each_joined(&made, n, axis, place_constant);
  return umbra_onnx_give(n, 0, status, &made);
}

/* One node after the other, and a source that says where each element then is. */
static umbra_status concat_nodes(umbra_onnx_node *n, umbra_onnx_value *made) {
  uint32_t *nodes;
  UMBRA_TRY(umbra_alloc(&nodes, n->count, sizeof *nodes, "a concatenation"));
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; status == UMBRA_OK && i < n->count; i++) status = umbra_onnx_settle(n, &nodes[i], n->inputs[i]);
  if (status == UMBRA_OK) status = umbra_model_apply(n->import->model, &made->node, UMBRA_NODE_CONCAT, nodes, n->count);
  umbra_free(nodes);
  UMBRA_TRY(status);
  made->node_count = n->import->model->nodes[made->node].count;
  return umbra_model_title(n->import->model, made->node, n->title);
}

static umbra_status concat_flowing(umbra_onnx_node *n, size_t axis) {
  umbra_onnx_value made = {.kind = UMBRA_ONNX_FLOWING};
  size_t dims[UMBRA_ONNX_RANK];
  for (size_t i = 0; i < n->count; i++) UMBRA_TRY(umbra_onnx_need_flowing(n, i));
  UMBRA_TRY(joined_dims(dims, n, axis));
  umbra_status status = umbra_onnx_set_dims(&made, dims, n->inputs[0]->rank);
  if (status == UMBRA_OK) status = concat_nodes(n, &made);
  if (status == UMBRA_OK && axis > 1) {
    status = umbra_onnx_spend(&n->import->budget, made.count);
    if (status == UMBRA_OK) status = umbra_alloc(&made.source, made.count, sizeof *made.source, "a value");
    if (status == UMBRA_OK) each_joined(&made, n, axis, place_flowing);
  }
  return umbra_onnx_give(n, 0, status, &made);
}

umbra_status umbra_onnx_concat(umbra_onnx_node *n) {
  int64_t axis = umbra_onnx_int(n->proto, "axis", 0);
  for (size_t i = 0; i < n->count; i++)
    if (n->inputs[i]->kind == UMBRA_ONNX_ABSENT) return umbra_fail(UMBRA_ERROR_FORMAT, "input %zu is missing", i + 1);
  UMBRA_TRY(umbra_onnx_axis_of(&axis, n->inputs[0]->rank));
  if (umbra_onnx_all_constant(n)) return concat_constants(n, (size_t)axis);
  return axis == 0 ? mixes_records() : concat_flowing(n, (size_t)axis);
}

/* ---- what changes nothing here ---- */

static umbra_status pass(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  UMBRA_TRY(there(v));
  return give_reshaped(n, v, v->dims, v->rank);
}

umbra_status umbra_onnx_identity(umbra_onnx_node *n) { return pass(n); }

umbra_status umbra_onnx_dropout(umbra_onnx_node *n) {
  const umbra_onnx_value *training = umbra_onnx_input(n, 2);
  if (training->kind != UMBRA_ONNX_ABSENT) {
    UMBRA_TRY(umbra_onnx_need_constant(n, 2, "training_mode"));
    if (training->count != 1 || training->data[0] != 0)
      return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it is in training mode; export the model for inference");
  }
  return pass(n);
}

static int is_label(const umbra_onnx_value *v) {
  return v->step_count && v->steps[v->step_count - 1] == UMBRA_CLOSING_ARGMAX;
}

static umbra_status round_constant(umbra_onnx_value *made) {
  for (size_t i = 0; i < made->count; i++) {
    double whole = __builtin_trunc(made->data[i]);
    if (made->batch && made->batch[i] && whole != made->data[i])
      return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it rounds a part of the size of the batch, which may be any");
    made->data[i] = whole;
  }
  return UMBRA_OK;
}

umbra_status umbra_onnx_cast(umbra_onnx_node *n) {
  const umbra_onnx_value *v = umbra_onnx_input(n, 0);
  int integer;
  UMBRA_TRY(there(v));
  UMBRA_TRY(umbra_onnx_type_is_integer(&integer, umbra_onnx_int(n->proto, "to", 0)));
  if (flows(v) && integer && !is_label(v))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it rounds values, which cannot be computed");
  umbra_onnx_value made = {0};
  umbra_status status = umbra_onnx_copy(&made, v, &n->import->budget);
  made.integer = integer;
  if (status == UMBRA_OK && made.data && integer) status = round_constant(&made);
  return umbra_onnx_give(n, 0, status, &made);
}
