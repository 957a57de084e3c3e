/* SPDX-License-Identifier: Apache-2.0 */
#include "network_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opened.h"
#include "target.h"

/* ---- scaling ---- */

/* Of all columns: x becomes x scale + shift, and is cut off at -clip and clip; clip 0: it is not. */
typedef struct scaler {
  double *scale, *shift, *minus, *twice, *clips;
  double clip;
} scaler;

static void clear(scaler *s) {
  free(s->scale);
  free(s->shift);
  free(s->minus);
  free(s->twice);
  free(s->clips);
}

static bool open(scaler *s, size_t columns) {
  double **lists[] = {&s->scale, &s->shift, &s->minus, &s->twice, &s->clips};
  bool made = true;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    *lists[i] = calloc(columns, sizeof(double));
    made = made && *lists[i];
  }
  return made || cli_error("out of memory");
}

static bool take_columns(scaler *s, const umbra_scaling *scaling, size_t columns) {
  for (size_t c = 0; c < columns; c++) {
    umbra_column_scaling of = {UMBRA_COLUMN_SCALING_INIT};
    if (!cli_check(umbra_scaling_column(scaling, &of, c), "--scaling")) return false;
    if (of.divisor != 0) {
      s->scale[c] = 1 / of.divisor;
      s->shift[c] = -of.offset / of.divisor;
    }
    if (c && of.clip != s->clip) return cli_error("--onnx: columns are cut off at different places");
    s->clip = of.clip;
  }
  for (size_t c = 0; c < columns; c++) {
    s->minus[c] = -1;
    s->twice[c] = 2 * s->clip;
    s->clips[c] = s->clip;
  }
  return true;
}

/* Cut off by two ReLUs: x + C, where it is above 0; 2 C minus that, where it is above 0; and C minus that. */
static umbra_status add_clipping(umbra_model *model, uint32_t *node, const scaler *s, size_t columns) {
  umbra_status status = umbra_model_scale_shift(model, node, *node, NULL, s->clips, columns);
  if (status == UMBRA_OK) status = umbra_model_activation(model, node, *node, UMBRA_FUNCTION_RELU);
  if (status == UMBRA_OK) status = umbra_model_scale_shift(model, node, *node, s->minus, s->twice, columns);
  if (status == UMBRA_OK) status = umbra_model_activation(model, node, *node, UMBRA_FUNCTION_RELU);
  return status == UMBRA_OK ? umbra_model_scale_shift(model, node, *node, s->minus, s->clips, columns) : status;
}

static umbra_status add_scaling(umbra_model *model, uint32_t *node, const scaler *s, size_t columns) {
  umbra_status status = umbra_model_scale_shift(model, node, *node, s->scale, s->shift, columns);
  return status == UMBRA_OK && s->clip > 0 ? add_clipping(model, node, s, columns) : status;
}

/* ---- layers ---- */

/* The first layer's weights, without the biases that are the last of each row; room: for both. */
static void part_biases(double *room, double *bias, const double *weights, size_t units, size_t columns) {
  for (size_t j = 0; j < units; j++) {
    memcpy(room + j * columns, weights + j * (columns + 1), columns * sizeof *room);
    bias[j] = weights[j * (columns + 1) + columns];
  }
}

static bool add_first(umbra_model *model, uint32_t *node, const double *weights, size_t units, size_t columns) {
  double *room = calloc(units * (columns + 1), sizeof *room);
  if (!room) return cli_error("out of memory");
  part_biases(room, room + units * columns, weights, units, columns);
  const bool added = cli_check(umbra_model_dense(model, node, *node, units, room, room + units * columns), "--onnx");
  cli_opened_free(room, units * (columns + 1) * sizeof *room);
  return added;
}

/* On the squares of the layer before. */
static bool add_next(umbra_model *model, uint32_t *node, const double *weights, size_t units) {
  static const double square[] = {0, 0, 1};
  return cli_check(umbra_model_polynomial(model, node, *node, square, 3), "--onnx") &&
         cli_check(umbra_model_dense(model, node, *node, units, weights, NULL), "--onnx");
}

static bool add_layers(umbra_model *model, uint32_t *node, const umbra_train_options *o, const double *weights) {
  const uint32_t layers = cli_plan_layers(o);
  for (uint32_t k = 0; k < layers; k++) {
    const size_t units = cli_plan_units(o, k);
    if (!(k ? add_next(model, node, weights, units) : add_first(model, node, weights, units, o->columns))) return false;
    weights += units * cli_plan_inputs(o, k);
  }
  return true;
}

static umbra_status add_output(umbra_model *model, uint32_t node, const umbra_train_options *o) {
  const umbra_closing closing = o->loss == UMBRA_LOSS_SOFTMAX ? UMBRA_CLOSING_SOFTMAX : UMBRA_CLOSING_LOGISTIC;
  const bool squared = o->loss == UMBRA_LOSS_SQUARED;
  return umbra_model_output(model, squared ? "scores" : "probability", node, &closing, squared ? 0 : 1, NULL);
}

/* ---- the file ---- */

static char *class_names(const umbra_schema *schema) {
  cJSON *list = cJSON_CreateArray();
  for (size_t k = 0; schema && k < umbra_schema_classes(schema); k++) {
    char *name = cli_class_name(schema, k);
    cJSON_AddItemToArray(list, name ? cJSON_CreateString(name) : NULL);
    free(name);
  }
  const bool whole = !schema || (size_t)cJSON_GetArraySize(list) == umbra_schema_classes(schema);
  char *text = whole ? cJSON_PrintUnformatted(list) : NULL;
  cJSON_Delete(list);
  return text;
}

static bool write(const umbra_model *model, const umbra_schema *schema, const char *path) {
  char *classes = class_names(schema);
  if (!classes) return cli_error("out of memory");
  const char *const notes[] = {"classes", classes, NULL};
  const bool written = cli_check(umbra_model_export(model, path, notes), "--onnx");
  cJSON_free(classes);
  return written;
}

static bool build(umbra_model *model, const umbra_train_options *o, const double *weights,
                  const umbra_scaling *scaling) {
  scaler s = {0};
  uint32_t node = 0;
  bool built = !scaling || (open(&s, o->columns) && take_columns(&s, scaling, o->columns) &&
                            cli_check(add_scaling(model, &node, &s, o->columns), "--onnx"));
  clear(&s);
  return built && add_layers(model, &node, o, weights) && cli_check(add_output(model, node, o), "--onnx");
}

bool cli_network_export(const char *path, const umbra_train_options *o, const double *weights,
                        const umbra_scaling *scaling, const umbra_schema *schema) {
  umbra_model *model = NULL;
  if (o->hidden_degree)
    return cli_error("--onnx: of activations only the square can be exported; layers are in the files of --weights");
  const bool done = cli_check(umbra_model_create(&model, &o->columns, 1), "--onnx") &&
                    build(model, o, weights, scaling) && write(model, schema, path);
  umbra_model_destroy(model);
  return done;
}

/* ---- safetensors ---- */

/* A bias for the first layer, and a weight for each; names and values are in `room`. */
enum { MOST_TENSORS = UMBRA_TRAIN_MAX_HIDDEN + 2 };
typedef struct tensors {
  char name[MOST_TENSORS][CLI_NAME];
  const char *names[MOST_TENSORS];
  umbra_ndarray arrays[MOST_TENSORS];
  size_t count;
} tensors;

static void add_array(tensors *t, uint32_t layer, const char *part, umbra_ndarray array) {
  snprintf(t->name[t->count], sizeof t->name[0], "layer%" PRIu32 ".%s", layer + 1, part);
  t->names[t->count] = t->name[t->count];
  t->arrays[t->count++] = array;
}

/* room: for the weights of the first layer, which have another order without their biases. */
static void add_arrays(tensors *t, const umbra_train_options *o, const double *weights, double *room) {
  const size_t units = cli_plan_units(o, 0), columns = o->columns;
  double *bias = room + units * columns;
  part_biases(room, bias, weights, units, columns);
  add_array(t, 0, "weight", (umbra_ndarray){2, {units, columns}, room});
  add_array(t, 0, "bias", (umbra_ndarray){1, {units}, bias});
  weights += units * (columns + 1);
  for (uint32_t k = 1; k < cli_plan_layers(o); k++) {
    add_array(t, k, "weight", (umbra_ndarray){2, {cli_plan_units(o, k), cli_plan_inputs(o, k)}, (double *)weights});
    weights += cli_plan_units(o, k) * cli_plan_inputs(o, k);
  }
}

bool cli_network_save_tensors(const char *path, const umbra_train_options *o, const double *weights) {
  tensors t = {0};
  double *room = calloc(cli_plan_units(o, 0) * (o->columns + 1), sizeof *room);
  if (!room) return cli_error("out of memory");
  add_arrays(&t, o, weights, room);
  const bool saved = cli_check(umbra_tensors_save(path, t.names, t.arrays, t.count), "--safetensors");
  cli_opened_free(room, cli_plan_units(o, 0) * (o->columns + 1) * sizeof *room);
  return saved;
}
