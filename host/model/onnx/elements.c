/* SPDX-License-Identifier: Apache-2.0 */
/* Operators element by element: of what flows with constants, and with itself. */
#include <math.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "attributes.h"
#include "handlers.h"

/* ---- scale and shift ---- */

/* A constant is wanted that is the same for all records, and makes x no larger. */
static umbra_status check_broadcast(const umbra_onnx_value *c, const umbra_onnx_value *x) {
  if (c->batch) return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it computes with the size of the batch");
  for (size_t k = 1; k <= c->rank; k++) {
    size_t length = c->dims[c->rank - k];
    if (length == 1 && k <= x->rank) continue;
    if (k >= x->rank || length != x->dims[x->rank - k])
      return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "a constant of %zu dimensions does not go with a value of %zu",
                        c->rank, x->rank);
  }
  return UMBRA_OK;
}

/* Element of a constant for element `index` of x. */
static double broadcast(const umbra_onnx_value *c, const umbra_onnx_value *x, size_t index) {
  size_t at = 0, stride = 1;
  for (size_t k = 1; k <= c->rank; k++) {
    size_t length = x->dims[x->rank - k];
    if (c->dims[c->rank - k] > 1) at += index % length * stride;
    stride *= c->dims[c->rank - k];
    index /= length;
  }
  return c->data[at];
}

/* As few numbers as tell of all: one, one for each part of the node's first dimension, or `count`. */
static size_t shrink(double *numbers, size_t count, size_t parts) {
  size_t each = count / parts, same = 1, same_in_parts = 1;
  for (size_t i = 0; i < count; i++) {
    same &= numbers[i] == numbers[0];
    same_in_parts &= numbers[i] == numbers[i / each * each];
  }
  return same ? 1 : same_in_parts ? parts : count;
}

static umbra_status spread(double **numbers, const umbra_onnx_value *c, const umbra_onnx_value *x, double otherwise) {
  UMBRA_TRY(umbra_alloc(numbers, x->node_count, sizeof **numbers, "weights"));
  for (size_t i = 0; i < x->count; i++)
    (*numbers)[x->source ? (size_t)x->source[i] : i] = c ? broadcast(c, x, i) : otherwise;
  return UMBRA_OK;
}

/* x has all elements of its node. */
static umbra_status scale_shift(umbra_onnx_node *n, uint32_t *node, const umbra_onnx_value *x,
                                const umbra_onnx_value *scale, const umbra_onnx_value *shift) {
  double *s = NULL, *t = NULL;
  umbra_model *model = n->import->model;
  size_t parts = model->nodes[x->node].shape[0];
  umbra_status status = spread(&s, scale, x, 1);
  if (status == UMBRA_OK) status = spread(&t, shift, x, 0);
  if (status == UMBRA_OK) {
    size_t a = shrink(s, x->node_count, parts), b = shrink(t, x->node_count, parts), units = a > b ? a : b;
    for (size_t u = 0; u < units; u++) {
      s[u] = s[u * (x->node_count / units)];
      t[u] = t[u * (x->node_count / units)];
    }
    status = umbra_model_scale_shift(model, node, x->node, s, shift ? t : NULL, units);
  }
  umbra_free(s);
  umbra_free(t);
  return status;
}

umbra_status umbra_onnx_affine(umbra_onnx_node *n, const umbra_onnx_value *x, const umbra_onnx_value *scale,
                               const umbra_onnx_value *shift) {
  umbra_onnx_value own;
  uint32_t node = 0;
  if (scale) UMBRA_TRY(check_broadcast(scale, x));
  if (shift) UMBRA_TRY(check_broadcast(shift, x));
  if (!umbra_onnx_is_permutation(x)) {
    UMBRA_TRY(umbra_onnx_settled(n, &own, x));
    x = &own;
  }
  UMBRA_TRY(umbra_onnx_spend(&n->import->budget, 2 * x->node_count));
  return umbra_onnx_give_like(n, scale_shift(n, &node, x, scale, shift), &node, x);
}

static const umbra_onnx_value minus_one = {.kind = UMBRA_ONNX_CONSTANT, .rank = 0, .count = 1, .data = (double[]){-1}};

/* ---- two values ---- */

static int same_places(const umbra_onnx_value *a, const umbra_onnx_value *b) {
  if (!a->source || !b->source) return !a->source && !b->source;
  return a->node_count == b->node_count && memcmp(a->source, b->source, a->count * sizeof *a->source) == 0;
}

typedef umbra_status join(umbra_model *model, uint32_t *node, uint32_t a, uint32_t b);

static umbra_status join_sum(umbra_model *model, uint32_t *node, uint32_t a, uint32_t b) {
  return umbra_model_apply(model, node, UMBRA_NODE_ADD, (const uint32_t[]){a, b}, 2);
}

static umbra_status join_difference(umbra_model *model, uint32_t *node, uint32_t a, uint32_t b) {
  UMBRA_TRY(umbra_model_scale_shift(model, &b, b, (const double[]){-1}, NULL, 1));
  return join_sum(model, node, a, b);
}

/* Two values with equal dims. If both have their elements at the same places of their nodes, these meet where they are. */
static umbra_status meet(umbra_onnx_node *n, join *join) {
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  UMBRA_TRY(umbra_onnx_need_flowing(n, 1));
  const umbra_onnx_value *a = umbra_onnx_input(n, 0), *b = umbra_onnx_input(n, 1);
  if (a->rank != b->rank || memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) != 0)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its values have different shapes, and both depend on the records");
  uint32_t x = a->node, y = b->node, node = 0;
  if (same_places(a, b)) return umbra_onnx_give_like(n, join(n->import->model, &node, x, y), &node, a);
  UMBRA_TRY(umbra_onnx_settle(n, &x, a));
  UMBRA_TRY(umbra_onnx_settle(n, &y, b));
  return umbra_onnx_give_node(n, join(n->import->model, &node, x, y), &node, a->dims + 1, a->rank - 1);
}

/* ---- operators ---- */

/* Whether one input flows and the other is constant; *x is which flows. */
static int is_mixed(const umbra_onnx_node *n, size_t *x) {
  *x = umbra_onnx_is_constant(n, 0);
  return n->count == 2 && umbra_onnx_is_constant(n, 0) != umbra_onnx_is_constant(n, 1);
}

umbra_status umbra_onnx_add(umbra_onnx_node *n) {
  size_t x;
  if (umbra_onnx_all_constant(n)) return umbra_onnx_fold(n);
  if (!is_mixed(n, &x)) return meet(n, join_sum);
  UMBRA_TRY(umbra_onnx_need_flowing(n, x));
  return umbra_onnx_affine(n, n->inputs[x], NULL, n->inputs[!x]);
}

umbra_status umbra_onnx_sub(umbra_onnx_node *n) {
  size_t x;
  if (umbra_onnx_all_constant(n)) return umbra_onnx_fold(n);
  if (!is_mixed(n, &x)) return meet(n, join_difference);
  UMBRA_TRY(umbra_onnx_need_flowing(n, x));
  if (x == 1) return umbra_onnx_affine(n, n->inputs[1], &minus_one, n->inputs[0]);
  umbra_onnx_value shift = {0};
  umbra_status status = umbra_onnx_negated(n, &shift, n->inputs[1]);
  if (status == UMBRA_OK) status = umbra_onnx_affine(n, n->inputs[0], NULL, &shift);
  umbra_onnx_clear(&shift);
  return status;
}

umbra_status umbra_onnx_mul(umbra_onnx_node *n) {
  size_t x;
  if (umbra_onnx_all_constant(n)) return umbra_onnx_fold(n);
  if (!is_mixed(n, &x)) return meet(n, umbra_model_product);
  UMBRA_TRY(umbra_onnx_need_flowing(n, x));
  return umbra_onnx_affine(n, n->inputs[x], n->inputs[!x], NULL);
}

umbra_status umbra_onnx_div(umbra_onnx_node *n) {
  if (umbra_onnx_all_constant(n)) return umbra_onnx_fold(n);
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  UMBRA_TRY(umbra_onnx_need_constant(n, 1, "what it divides by"));
  umbra_onnx_value scale = {0};
  umbra_status status = umbra_onnx_inverted(n, &scale, n->inputs[1]);
  if (status == UMBRA_OK) status = umbra_onnx_affine(n, n->inputs[0], &scale, NULL);
  umbra_onnx_clear(&scale);
  return status;
}

umbra_status umbra_onnx_neg(umbra_onnx_node *n) {
  if (!umbra_onnx_all_constant(n)) {
    UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
    return umbra_onnx_affine(n, n->inputs[0], &minus_one, NULL);
  }
  umbra_onnx_value made = {0};
  UMBRA_TRY(umbra_onnx_need_constant(n, 0, "its input"));
  return umbra_onnx_give(n, 0, umbra_onnx_negated(n, &made, n->inputs[0]), &made);
}

/* Of any number of constants, or of two inputs. */
umbra_status umbra_onnx_sum(umbra_onnx_node *n) {
  if (umbra_onnx_all_constant(n)) return umbra_onnx_fold(n);
  if (n->count == 1) return umbra_onnx_identity(n);
  if (n->count == 2) return umbra_onnx_add(n);
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it has %zu inputs; use Add for two at a time", n->count);
}

/* ---- activations ---- */

/* A function of each element, which is to make zeros of zeros where x has some beside its node's elements. */
static umbra_status place_for(umbra_onnx_node *n, umbra_onnx_value *own, const umbra_onnx_value **x, int keeps_zero) {
  if (keeps_zero || umbra_onnx_is_permutation(*x)) return UMBRA_OK;
  UMBRA_TRY(umbra_onnx_settled(n, own, *x));
  *x = own;
  return UMBRA_OK;
}

static umbra_status activate(umbra_onnx_node *n, umbra_function function) {
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  const umbra_onnx_value *x = n->inputs[0];
  umbra_onnx_value own;
  uint32_t node = 0;
  UMBRA_TRY(place_for(n, &own, &x, umbra_function_value(function, 0) == 0));
  return umbra_onnx_give_like(n, umbra_model_activation(n->import->model, &node, x->node, function), &node, x);
}

static const struct {
  const char *name;
  umbra_function function;
} activations[] = {{"Relu", UMBRA_FUNCTION_RELU},
                   {"Sigmoid", UMBRA_FUNCTION_SIGMOID},
                   {"Tanh", UMBRA_FUNCTION_TANH},
                   {"Erf", UMBRA_FUNCTION_ERF},
                   {"Softplus", UMBRA_FUNCTION_SOFTPLUS}};
enum { ACTIVATIONS = sizeof activations / sizeof *activations };

umbra_status umbra_onnx_activation(umbra_onnx_node *n) {
  for (size_t i = 0; i < ACTIVATIONS; i++)
    if (strcmp(activations[i].name, n->proto->op_type) == 0) return activate(n, activations[i].function);
  return umbra_fail(UMBRA_ERROR_INTERNAL, "no such activation");
}

const char *umbra_onnx_operator_of(umbra_function function) {
  for (size_t i = 0; i < ACTIVATIONS; i++)
    if (activations[i].function == function) return activations[i].name;
  return NULL;
}

umbra_status umbra_onnx_gelu(umbra_onnx_node *n) {
  static const char *const kinds[] = {"none", "tanh", NULL};
  int kind;
  UMBRA_TRY(umbra_onnx_choice(&kind, n->proto, "approximate", kinds));
  return activate(n, kind ? UMBRA_FUNCTION_GELU_TANH : UMBRA_FUNCTION_GELU);
}

/* One number of a constant input or, in old opsets, an attribute. */
static umbra_status bound_of(double *bound, umbra_onnx_node *n, size_t i, const char *attribute, double otherwise) {
  *bound = umbra_onnx_float(n->proto, attribute, otherwise);
  if (umbra_onnx_input(n, i)->kind == UMBRA_ONNX_ABSENT) return UMBRA_OK;
  UMBRA_TRY(umbra_onnx_need_number(n, i, attribute));
  if (n->inputs[i]->count != 1) return umbra_fail(UMBRA_ERROR_FORMAT, "its %s is not one number", attribute);
  *bound = n->inputs[i]->data[0];
  return UMBRA_OK;
}

/* max(x, 0) as some exporters write it. */
umbra_status umbra_onnx_clip(umbra_onnx_node *n) {
  double lowest, highest;
  UMBRA_TRY(bound_of(&lowest, n, 1, "min", -INFINITY));
  UMBRA_TRY(bound_of(&highest, n, 2, "max", INFINITY));
  if (lowest == 0 && highest >= 1e30) return activate(n, UMBRA_FUNCTION_RELU);
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it bounds values from above or below; use Relu instead");
}

enum { MOST_POWER = 16 };

umbra_status umbra_onnx_pow(umbra_onnx_node *n) {
  if (umbra_onnx_all_constant(n)) return umbra_onnx_fold(n);
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  UMBRA_TRY(umbra_onnx_need_number(n, 1, "the exponent"));
  double exponent = n->inputs[1]->count == 1 ? n->inputs[1]->data[0] : 0;
  if (!(exponent >= 1 && exponent <= MOST_POWER && exponent == floor(exponent)))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its exponent is not one whole number from 1 to %d", MOST_POWER);
  double coefficients[MOST_POWER + 1] = {0};
  size_t degree = (size_t)exponent;
  uint32_t node = 0;
  coefficients[degree] = 1;
  umbra_status status = umbra_model_polynomial(n->import->model, &node, n->inputs[0]->node, coefficients, degree + 1);
  return umbra_onnx_give_like(n, status, &node, n->inputs[0]);
}

/* ---- normalisation ---- */

/* scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale, one of each channel. */
static umbra_status norms(umbra_onnx_value *scale, umbra_onnx_value *shift, umbra_onnx_node *n, size_t rank) {
  size_t dims[UMBRA_ONNX_RANK], channels = n->inputs[0]->dims[1];
  for (size_t d = 0; d < rank; d++) dims[d] = d == 1 ? channels : 1;
  for (size_t i = 1; i <= 4; i++) {
    UMBRA_TRY(umbra_onnx_need_number(n, i, "a parameter"));
    if (n->inputs[i]->count != channels)
      return umbra_fail(UMBRA_ERROR_FORMAT, "it has %zu parameters for %zu channels", n->inputs[i]->count, channels);
  }
  UMBRA_TRY(umbra_onnx_make_constant(scale, &n->import->budget, dims, rank));
  UMBRA_TRY(umbra_onnx_make_constant(shift, &n->import->budget, dims, rank));
  double epsilon = umbra_onnx_float(n->proto, "epsilon", 1e-5);
  for (size_t c = 0; c < channels; c++) {
    scale->data[c] = n->inputs[1]->data[c] / sqrt(n->inputs[4]->data[c] + epsilon);
    shift->data[c] = n->inputs[2]->data[c] - n->inputs[3]->data[c] * scale->data[c];
  }
  return UMBRA_OK;
}

umbra_status umbra_onnx_batch_normalization(umbra_onnx_node *n) {
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  if (umbra_onnx_int(n->proto, "training_mode", 0))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it is in training mode; export the model for inference");
  if (n->inputs[0]->rank < 2) return umbra_fail(UMBRA_ERROR_FORMAT, "its input has no channels");
  umbra_onnx_value scale = {0}, shift = {0};
  umbra_status status = norms(&scale, &shift, n, n->inputs[0]->rank);
  if (status == UMBRA_OK) status = umbra_onnx_affine(n, n->inputs[0], &scale, &shift);
  umbra_onnx_clear(&scale);
  umbra_onnx_clear(&shift);
  return status;
}
