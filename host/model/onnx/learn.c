/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of ai.onnx.ml: linear models, and the scaling before them. */
#include "../../base/error.h"
#include "../../base/memory.h"
#include "attributes.h"
#include "handlers.h"

static size_t float_count(const UmbraOnnx__Attribute *a) { return a ? a->n_floats : 0; }

/* One row of features. */
static umbra_status check_features(umbra_onnx_node *n) {
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  const umbra_onnx_value *x = n->inputs[0];
  return x->rank == 2 ? UMBRA_OK : umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its input is not a row of features");
}

/* ---- scaling ---- */

/* A constant with a number for each feature, from an attribute that has one for each, or one for all. */
static umbra_status read_floats(umbra_onnx_value *made, umbra_onnx_node *n, const char *name) {
  const UmbraOnnx__Attribute *a = umbra_onnx_attribute(n->proto, name);
  size_t count = float_count(a), features = n->inputs[0]->count;
  if (count != 1 && count != features)
    return umbra_fail(UMBRA_ERROR_FORMAT, "%s has %zu numbers for %zu features", name, count, features);
  UMBRA_TRY(umbra_onnx_make_constant(made, &n->import->budget, &features, 1));
  for (size_t i = 0; i < features; i++) made->data[i] = (double)a->floats[count == 1 ? 0 : i];
  return UMBRA_OK;
}

/* (x - offset) * scale = x * scale - offset * scale */
static umbra_status scale_features(umbra_onnx_node *n, umbra_onnx_value *scale, umbra_onnx_value *shift) {
  UMBRA_TRY(read_floats(scale, n, "scale"));
  UMBRA_TRY(read_floats(shift, n, "offset"));
  for (size_t i = 0; i < shift->count; i++) shift->data[i] *= -scale->data[i];
  return umbra_onnx_affine(n, n->inputs[0], scale, shift);
}

umbra_status umbra_onnx_scaler(umbra_onnx_node *n) {
  umbra_onnx_value scale = {0}, shift = {0};
  UMBRA_TRY(check_features(n));
  umbra_status status = scale_features(n, &scale, &shift);
  umbra_onnx_clear(&scale);
  umbra_onnx_clear(&shift);
  return status;
}

/* ---- linear models ---- */

typedef struct linear {
  size_t rows, features;
  double *weights, *bias; /* room for one row more */
} linear;

static void clear_linear(linear *l) {
  umbra_free(l->weights);
  umbra_free(l->bias);
}

/* coefficients: rows x features; intercepts: rows, or none. */
static umbra_status read_linear(linear *l, umbra_onnx_node *n, size_t rows) {
  const UmbraOnnx__Attribute *w = umbra_onnx_attribute(n->proto, "coefficients");
  const UmbraOnnx__Attribute *b = umbra_onnx_attribute(n->proto, "intercepts");
  *l = (linear){.rows = rows, .features = n->inputs[0]->count};
  if (!rows || !l->features || float_count(w) / l->features != rows || float_count(w) % l->features ||
      (b && b->n_floats != rows))
    return umbra_fail(UMBRA_ERROR_FORMAT, "it has %zu coefficients and %zu intercepts for %zu rows of %zu features",
                      float_count(w), float_count(b), rows, l->features);
  UMBRA_TRY(umbra_alloc(&l->weights, (rows + 1) * l->features, sizeof *l->weights, "weights"));
  UMBRA_TRY(umbra_alloc(&l->bias, rows + 1, sizeof *l->bias, "weights"));
  for (size_t i = 0; i < rows * l->features; i++) l->weights[i] = (double)w->floats[i];
  for (size_t i = 0; b && i < rows; i++) l->bias[i] = (double)b->floats[i];
  return UMBRA_OK;
}

static umbra_status apply_linear(umbra_onnx_node *n, uint32_t *node, const linear *l) {
  umbra_status status =
      umbra_onnx_dense(n, node, n->inputs[0], &(umbra_onnx_matrix){l->weights, l->rows, l->features, 1, 1, l->bias});
  return status == UMBRA_OK ? umbra_model_title(n->import->model, *node, n->title) : status;
}

umbra_status umbra_onnx_linear_regressor(umbra_onnx_node *n) {
  static const char *const none[] = {"NONE", NULL};
  int transform;
  uint32_t node = 0;
  linear l = {0};
  UMBRA_TRY(check_features(n));
  UMBRA_TRY(umbra_onnx_choice(&transform, n->proto, "post_transform", none));
  int64_t targets = umbra_onnx_int(n->proto, "targets", 1);
  umbra_status status = targets > 0 ? read_linear(&l, n, (size_t)targets)
                                    : umbra_fail(UMBRA_ERROR_FORMAT, "it has %lld targets", (long long)targets);
  if (status == UMBRA_OK) status = apply_linear(n, &node, &l);
  size_t outputs = l.rows;
  clear_linear(&l);
  return umbra_onnx_give_node(n, status, &node, &outputs, 1);
}

/* ---- classes ---- */

typedef struct classes {
  const UmbraOnnx__Attribute *ints; /* NULL: they are texts */
  size_t count;
  int transform; /* in the order of `transforms` */
} classes;

static const char *const transforms[] = {"NONE", "SOFTMAX", "LOGISTIC", NULL};

static umbra_status read_classes(classes *c, umbra_onnx_node *n) {
  const UmbraOnnx__Attribute *texts = umbra_onnx_attribute(n->proto, "classlabels_strings");
  c->ints = umbra_onnx_attribute(n->proto, "classlabels_ints");
  c->count = c->ints ? c->ints->n_ints : texts ? texts->n_strings : 0;
  if (c->count < 2 || (c->ints && texts && c->ints->n_ints && texts->n_strings))
    return umbra_fail(UMBRA_ERROR_FORMAT, "its class labels are missing, or are there twice");
  return umbra_onnx_choice(&c->transform, n->proto, "post_transform", transforms);
}

/*
 * One row for two classes: the score s is the second's. The first's is -s (1 - s where all weights are positive and
 * nothing follows), so the larger one is at the same side of the threshold, and the sigmoid gives 1 - p.
 */
static void add_first_class(linear *l, int transform) {
  int positive = transform == 0;
  for (size_t i = 0; i < l->features; i++) {
    positive &= l->weights[i] >= 0;
    l->weights[l->features + i] = l->weights[i];
    l->weights[i] = -l->weights[i];
  }
  l->bias[1] = l->bias[0];
  l->bias[0] = positive - l->bias[0];
  l->rows = 2;
}

static umbra_status give_scores(umbra_onnx_node *n, const umbra_onnx_value *scores, int transform) {
  if (transform)
    return umbra_onnx_give_closed(n, 1, scores, transform == 1 ? UMBRA_CLOSING_SOFTMAX : UMBRA_CLOSING_LOGISTIC);
  umbra_onnx_value made = {0};
  return umbra_onnx_give(n, 1, umbra_onnx_copy(&made, scores, &n->import->budget), &made);
}

static umbra_status give_label(umbra_onnx_node *n, const umbra_onnx_value *scores, const classes *c) {
  umbra_onnx_value labelled = *scores;
  if (c->ints) {
    UMBRA_TRY(umbra_alloc(&labelled.labels, c->count, sizeof *labelled.labels, "labels"));
    for (size_t i = 0; i < c->count; i++) labelled.labels[i] = (double)c->ints->ints[i];
  }
  umbra_status status = umbra_onnx_give_closed(n, 0, &labelled, UMBRA_CLOSING_ARGMAX);
  umbra_free(labelled.labels);
  return status;
}

umbra_status umbra_onnx_linear_classifier(umbra_onnx_node *n) {
  classes c;
  linear l;
  umbra_onnx_value scores = {.kind = UMBRA_ONNX_FLOWING};
  UMBRA_TRY(check_features(n));
  UMBRA_TRY(read_classes(&c, n));
  int one_row = c.count == 2 && float_count(umbra_onnx_attribute(n->proto, "coefficients")) == n->inputs[0]->count;
  umbra_status status = read_linear(&l, n, one_row ? 1 : c.count);
  if (status == UMBRA_OK && one_row) add_first_class(&l, c.transform);
  if (status == UMBRA_OK) status = apply_linear(n, &scores.node, &l);
  clear_linear(&l);
  scores.node_count = c.count;
  if (status == UMBRA_OK) status = umbra_onnx_set_dims(&scores, (const size_t[]){1, c.count}, 2);
  if (status == UMBRA_OK) status = give_label(n, &scores, &c);
  return status == UMBRA_OK ? give_scores(n, &scores, c.transform) : status;
}
