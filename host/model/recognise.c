/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exporters write x * sigmoid(x), x * (1 + erf(x / sqrt(2))) / 2, x * x and their like as products of several values. A
 * product whose factors are functions of one value, element by element, is a function of that value: a polynomial, which
 * is found by computing with coefficients, or a multiple of an activation, which is known by its values.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "interpret.h"
#include "node.h"
#include "simplify.h"

enum { SPAN = 32, POINTS = 23, MOST_DEGREE = 16, MOST_PRODUCTS = 1024 };

/* Exporters write constants with 32 bits. */
#define TOLERANCE 2e-6

/* A function of the value that a span of nodes begins with. */
typedef struct curve {
  int known;  /* whether it is one */
  int degree; /* of a polynomial; below 0: it is none */
  double c[MOST_DEGREE + 1];
  double at[POINTS];
} curve;

/* From -5.1 to 5.0, none at a place where functions are special. */
static double point(int k) { return -5.1 + 0.46 * k + 0.001 * k * k / POINTS; }

/* ---- computing with curves ---- */

static void times(curve *y, const curve *a, const curve *b) {
  curve made = {a->known && b->known, -1, {0}, {0}};
  for (int k = 0; k < POINTS; k++) made.at[k] = a->at[k] * b->at[k];
  if (a->degree >= 0 && b->degree >= 0 && a->degree + b->degree <= MOST_DEGREE) {
    made.degree = a->degree + b->degree;
    for (int i = 0; i <= a->degree; i++)
      for (int j = 0; j <= b->degree; j++) made.c[i + j] += a->c[i] * b->c[j];
  }
  *y = made;
}

static void plus(curve *y, const curve *a) {
  y->known &= a->known;
  for (int k = 0; k < POINTS; k++) y->at[k] += a->at[k];
  for (int i = 0; i <= a->degree; i++) y->c[i] += a->c[i];
  y->degree = y->degree < 0 || a->degree < 0 ? -1 : y->degree > a->degree ? y->degree : a->degree;
}

static curve constant(double value) {
  curve made = {.known = 1, .c = {value}};
  for (int k = 0; k < POINTS; k++) made.at[k] = value;
  return made;
}

/* The sum of coefficients[i] x^i, by Horner's rule. */
static void compose(curve *y, const double *coefficients, size_t count, const curve *x) {
  curve made = constant(coefficients[count - 1]);
  for (size_t i = count - 1; i-- > 0;) {
    const curve c = constant(coefficients[i]);
    times(&made, &made, x);
    plus(&made, &c);
  }
  *y = made;
}

static void apply(curve *y, const umbra_node *n, const curve *x) {
  *y = (curve){.known = x->known, .degree = -1};
  for (int k = 0; k < POINTS; k++) y->at[k] = umbra_node_function(n, x->at[k]);
}

/* ---- one span ---- */

typedef struct span {
  const umbra_model *model;
  uint32_t first;
  curve curves[SPAN];
} span;

/* Of the value that the span begins with, or is before it: then nothing is known. */
static const curve *curve_of(const span *s, uint32_t node) {
  static const curve unknown = {.degree = -1};
  return node < s->first ? &unknown : &s->curves[node - s->first];
}

static void trace(span *s, uint32_t node) {
  const umbra_node *n = &s->model->nodes[node];
  curve *y = &s->curves[node - s->first];
  *y = (curve){.degree = -1};
  if (n->count != s->model->nodes[s->first].count || !n->input_count) return;
  const curve *x = curve_of(s, n->inputs[0]);
  if (!x->known) return;
  if (n->kind == UMBRA_NODE_ACTIVATION) apply(y, n, x);
  if (n->kind == UMBRA_NODE_POLYNOMIAL) compose(y, n->weights, n->units, x);
  if (n->kind == UMBRA_NODE_SCALE_SHIFT && n->units == 1)
    compose(y, (const double[]){n->shift ? n->shift[0] : 0, n->weights[0]}, 2, x);
  if (n->kind == UMBRA_NODE_PRODUCT) times(y, x, curve_of(s, n->inputs[1]));
  if (n->kind != UMBRA_NODE_ADD) return;
  *y = *x;
  for (size_t i = 1; i < n->input_count; i++) plus(y, curve_of(s, n->inputs[i]));
}

/* The curve of a node as a function of node `first`, which is at most SPAN before it. */
static const curve *trace_span(span *s, uint32_t first, uint32_t last) {
  s->first = first;
  s->curves[0] = (curve){.known = 1, .degree = 1, .c = {0, 1}};
  for (int k = 0; k < POINTS; k++) s->curves[0].at[k] = point(k);
  for (uint32_t i = first + 1; i <= last; i++) trace(s, i);
  return curve_of(s, last);
}

/* ---- what it is ---- */

static double largest(const double *values) {
  double most = 0;
  for (int k = 0; k < POINTS; k++) most = fmax(most, fabs(values[k]));
  return most;
}

/* Whether it is *factor times the function, as exactly as numbers of 32 bits say it. */
static int is_multiple(double *factor, const curve *y, umbra_function function) {
  double most = largest(y->at), end = umbra_function_value(function, point(POINTS - 1));
  *factor = y->at[POINTS - 1] / end;
  for (int k = 0; k < POINTS; k++)
    if (!(fabs(y->at[k] - *factor * umbra_function_value(function, point(k))) <= TOLERANCE * most)) return 0;
  return 1;
}

/* What stands for a product: a polynomial of the value `first`, or a multiple of an activation. */
typedef struct meaning {
  uint32_t first;
  int degree; /* 0: it is no polynomial */
  double c[MOST_DEGREE + 1];
  umbra_function function;
  double factor;
} meaning;

static int is_known(meaning *m, const curve *y) {
  static const umbra_function functions[] = {UMBRA_FUNCTION_SILU, UMBRA_FUNCTION_GELU, UMBRA_FUNCTION_GELU_TANH};
  m->degree = y->degree >= 1 ? y->degree : 0;
  memcpy(m->c, y->c, sizeof m->c);
  for (size_t i = 0; !m->degree && i < sizeof functions / sizeof *functions; i++) {
    m->function = functions[i];
    if (is_multiple(&m->factor, y, functions[i])) return 1;
  }
  return m->degree > 0;
}

static umbra_status find_meaning(meaning *m, span *s, uint32_t product) {
  char text[UMBRA_NODE_TEXT];
  for (uint32_t first = product; first-- > 0 && product - first < SPAN;) {
    const curve *y = trace_span(s, first, product);
    m->first = first;
    if (y->known && is_known(m, y)) return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "%s: products of two values are reserved, but for x * x, x * sigmoid(x) and GELU",
                    umbra_node_text(text, s->model, product));
}

/* ---- the model ---- */

static umbra_status find_meanings(meaning **meanings, const umbra_model *model) {
  size_t count = 0;
  span *s;
  for (size_t i = 0; i < model->node_count; i++) count += model->nodes[i].kind == UMBRA_NODE_PRODUCT;
  if (count > MOST_PRODUCTS)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it has more than %d products of values", MOST_PRODUCTS);
  UMBRA_TRY(umbra_alloc(meanings, count, sizeof **meanings, "a model"));
  umbra_status status = umbra_alloc(&s, 1, sizeof *s, "a model");
  if (status != UMBRA_OK) return status;
  s->model = model;
  meaning *next = *meanings;
  for (uint32_t i = 0; status == UMBRA_OK && i < model->node_count; i++)
    if (model->nodes[i].kind == UMBRA_NODE_PRODUCT) status = find_meaning(next++, s, i);
  umbra_free(s);
  return status;
}

/* numbers: of the old nodes in the new model. */
static umbra_status add_meaning(umbra_model *made, uint32_t *node, const uint32_t *numbers, const meaning *m) {
  if (m->degree) return umbra_model_polynomial(made, node, numbers[m->first], m->c, (size_t)m->degree + 1);
  UMBRA_TRY(umbra_model_activation(made, node, numbers[m->first], m->function));
  return fabs(m->factor - 1) <= TOLERANCE ? UMBRA_OK : umbra_model_scale_shift(made, node, *node, &m->factor, NULL, 1);
}

/* Moves a node to the end of another model; of the one it was in only the kind is left. */
static umbra_status move_node(umbra_model *made, uint32_t *numbers, umbra_model *model, uint32_t node) {
  umbra_node moved = model->nodes[node];
  model->nodes[node] = (umbra_node){.kind = moved.kind};
  for (size_t i = 0; i < moved.input_count; i++) moved.inputs[i] = numbers[moved.inputs[i]];
  return umbra_model_put(made, &numbers[node], &moved);
}

static umbra_status rebuild(umbra_model *made, uint32_t *numbers, umbra_model *model, const meaning *next) {
  char text[UMBRA_NODE_TEXT];
  for (uint32_t i = 0; i < model->node_count; i++) {
    if (model->nodes[i].kind != UMBRA_NODE_PRODUCT) {
      UMBRA_TRY(move_node(made, numbers, model, i));
      continue;
    }
    UMBRA_TRY(add_meaning(made, &numbers[i], numbers, next++));
    UMBRA_TRY(umbra_model_title(made, numbers[i], umbra_node_text(text, model, i)));
  }
  for (size_t i = 0; i < model->output_count; i++) model->outputs[i].node = numbers[model->outputs[i].node];
  return UMBRA_OK;
}

/* The new nodes take the place of the old ones. */
static void exchange(umbra_model *model, umbra_model *made) {
  umbra_model old = *model;
  model->nodes = made->nodes;
  model->node_count = made->node_count;
  model->node_room = made->node_room;
  model->elements = made->elements;
  model->work = made->work;
  made->nodes = old.nodes;
  made->node_count = old.node_count;
}

umbra_status umbra_model_recognise(umbra_model *model) {
  meaning *meanings = NULL;
  uint32_t *numbers = NULL;
  umbra_model *made = NULL;
  umbra_status status = find_meanings(&meanings, model);
  if (status == UMBRA_OK) status = umbra_alloc(&numbers, model->node_count, sizeof *numbers, "a model");
  if (status == UMBRA_OK) status = umbra_alloc(&made, 1, sizeof *made, "a model");
  if (status == UMBRA_OK) status = rebuild(made, numbers, model, meanings);
  if (status == UMBRA_OK) exchange(model, made);
  umbra_model_destroy(made);
  umbra_free(numbers);
  umbra_free(meanings);
  return status;
}
