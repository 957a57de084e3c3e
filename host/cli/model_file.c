/* SPDX-License-Identifier: Apache-2.0 */
#include "model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opened.h"
#include "private.h"
#include "target.h"

static bool ends_in(const char *path, const char *wanted) {
  const char *ending = strrchr(path, '.');
  return ending && strcmp(ending, wanted) == 0;
}

bool cli_model_form_of(cli_model_form *form, const char *option, const char *path, bool names) {
  *form = ends_in(path, ".json") ? CLI_MODEL_JSON : ends_in(path, ".onnx") ? CLI_MODEL_ONNX : CLI_MODEL_ROW;
  if (*form != CLI_MODEL_ROW) return true;
  if (names) *form = CLI_MODEL_NAMES;
  if (names && !ends_in(path, ".csv")) return cli_error("%s: %s: a table with names ends in .csv", option, path);
  return cli_has_table_name(path) ||
         cli_error("%s: %s: the names of weights end in .csv, .npy, .json or .onnx", option, path);
}

/* ---- CSV ---- */

/* As RFC 4180 has it; quotes also keep blanks at the ends, and lines that would be comments. */
static void put_field(FILE *file, const char *text) {
  const size_t length = strlen(text);
  const bool plain = length && !strpbrk(text, ",;\t\"\r\n") && *text != '#' && *text != ' ' && text[length - 1] != ' ';
  if (plain) {
    fputs(text, file);
    return;
  }
  fputc('"', file);
  for (; *text; text++) {
    if (*text == '"') fputc('"', file);
    fputc(*text, file);
  }
  fputc('"', file);
}

/* In a comment, which ends with its line. */
static void put_comment(FILE *file, const char *text) {
  for (; *text; text++) fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
}

static bool put_promise(FILE *file, const umbra_privacy *promise) {
  if (!promise) return true;
  char *line = cli_private_line(promise);
  if (line) fprintf(file, "# %s\n", line);
  free(line);
  return line != NULL;
}

static bool put_head(FILE *file, const cli_model_file *m) {
  const umbra_logistic_info *s = m->sigmoid;
  fputs("# label: ", file);
  put_comment(file, m->model->label);
  fputs("\n# class 1: ", file);
  put_comment(file, m->model->positive);
  fputs("\n# class 0: ", file);
  put_comment(file, m->model->negative);
  fprintf(file, "\n# threshold: %.17g\n", m->threshold);
  fprintf(file, "# approximation: degree %u on [%g, %g], at most %.2g from the sigmoid there\n", s->degree, -s->range,
          s->range, s->error);
  if (!put_promise(file, m->promise)) return false;
  fputs("feature,weight,weight_original,offset,divisor,clip\n", file);
  return true;
}

static bool put_names(FILE *file, const void *model) {
  const cli_model_file *m = model;
  const cli_linear *l = m->model;
  if (!put_head(file, m)) return false;
  for (size_t c = 0; c < l->columns; c++) {
    const umbra_column_scaling *s = &l->column[c];
    put_field(file, l->name[c]);
    fprintf(file, ",%.17g,%.17g,%.17g,%.17g,%.17g\n", l->weights[c], l->original[c], s->offset, s->divisor, s->clip);
  }
  fprintf(file, "(intercept),%.17g,%.17g,,,", l->weights[l->columns], l->original[l->columns]);
  return !ferror(file);
}

static bool write_names(const cli_model_file *m, const char *option, const char *path) {
  return cli_write_printed(option, path, put_names, m);
}

/* ---- JSON ---- */

static void add_text(cJSON *object, const char *key, const char *text) { cJSON_AddStringToObject(object, key, text); }
static void add_number(cJSON *object, const char *key, double number) { cJSON_AddNumberToObject(object, key, number); }

static void add_feature(cJSON *list, const cli_linear *l, size_t c) {
  double least, most;
  cJSON *feature = cJSON_CreateObject();
  add_text(feature, "name", l->name[c]);
  add_number(feature, "weight", l->weights[c]);
  add_number(feature, "weight_original", l->original[c]);
  add_number(feature, "offset", l->column[c].offset);
  add_number(feature, "divisor", l->column[c].divisor);
  if (cli_linear_limits(l, c, &least, &most)) {
    add_number(feature, "clip", l->column[c].clip);
    add_number(feature, "least", least);
    add_number(feature, "most", most);
  }
  cJSON_AddItemToArray(list, feature);
}

static cJSON *json_of(const cli_model_file *m) {
  const cli_linear *l = m->model;
  cJSON *root = cJSON_CreateObject();
  add_text(root, "model", "logistic");
  cJSON *label = cJSON_AddObjectToObject(root, "label");
  add_text(label, "name", l->label);
  add_text(label, "positive", l->positive);
  add_text(label, "negative", l->negative);
  add_number(root, "threshold", m->threshold);
  cJSON_AddBoolToObject(root, "scaled", l->scaled);
  add_number(root, "bias", l->weights[l->columns]);
  add_number(root, "intercept_original", l->original[l->columns]);
  cJSON *features = cJSON_AddArrayToObject(root, "features");
  for (size_t c = 0; c < l->columns; c++) add_feature(features, l, c);
  cJSON *approximation = cJSON_AddObjectToObject(root, "approximation");
  add_number(approximation, "degree", m->sigmoid->degree);
  add_number(approximation, "range", m->sigmoid->range);
  add_number(approximation, "error", m->sigmoid->error);
  if (m->promise) cli_private_facts(cJSON_AddObjectToObject(root, "private"), m->promise);
  return root;
}

static bool write_json(const cli_model_file *m, const char *option, const char *path) {
  cJSON *root = json_of(m);
  char *text = cJSON_Print(root);
  cJSON_Delete(root);
  if (!text) return cli_error("out of memory");
  const bool written = cli_write_line(option, path, text);
  cJSON_free(text);
  return written;
}

/* ---- ONNX ---- */

/*
 * Of features that are not cut off the weights go into one layer, in the table's units. Those that are, z in [-c, c], come
 * as c - max(2c - max(z + c, 0), 0), which loses no digits of a feature that is far out.
 */
typedef struct clipping {
  double *scale, *shift; /* to z + c; 0 of the others */
  double *minus, *twice; /* -1 and 2c */
  double *weights;       /* minus the weights; 0 of the others */
  double *plain;         /* the weights of the others, and last the bias of all */
} clipping;

static bool make_clipping(clipping *k, const cli_linear *l) {
  double **lists[] = {&k->scale, &k->shift, &k->minus, &k->twice, &k->weights, &k->plain};
  bool made = true;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    *lists[i] = calloc(l->columns + 1, sizeof(double));
    made = made && *lists[i];
  }
  return made || cli_error("out of memory");
}

static void clear_clipping(clipping *k, size_t columns) {
  double *const lists[] = {k->scale, k->shift, k->minus, k->twice, k->weights, k->plain};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) cli_opened_free(lists[i], (columns + 1) * sizeof *lists[i]);
}

static void set_clipping(clipping *k, const cli_linear *l) {
  double bias = l->weights[l->columns];
  for (size_t c = 0; c < l->columns; c++) {
    const umbra_column_scaling *s = &l->column[c];
    const bool cut = s->clip > 0 && s->divisor > 0;
    k->minus[c] = -1;
    k->plain[c] = cut ? 0 : l->original[c];
    bias += cut ? l->weights[c] * s->clip : -l->original[c] * s->offset;
    if (!cut) continue;
    k->scale[c] = 1 / s->divisor;
    k->shift[c] = s->clip - s->offset / s->divisor;
    k->twice[c] = 2 * s->clip;
    k->weights[c] = -l->weights[c];
  }
  k->plain[l->columns] = bias;
}

static umbra_status add_clipped(umbra_model *model, uint32_t *node, const clipping *k, size_t columns) {
  umbra_status status = umbra_model_scale_shift(model, node, 0, k->scale, k->shift, columns);
  if (status == UMBRA_OK) status = umbra_model_activation(model, node, *node, UMBRA_FUNCTION_RELU);
  if (status == UMBRA_OK) status = umbra_model_scale_shift(model, node, *node, k->minus, k->twice, columns);
  if (status == UMBRA_OK) status = umbra_model_activation(model, node, *node, UMBRA_FUNCTION_RELU);
  if (status != UMBRA_OK) return status;
  return umbra_model_dense(model, node, *node, 1, k->weights, NULL);
}

static umbra_status add_layers(umbra_model *model, const clipping *k, const cli_linear *l) {
  const umbra_closing closing = UMBRA_CLOSING_LOGISTIC;
  uint32_t node = 0, clipped = 0;
  umbra_status status = umbra_model_dense(model, &node, 0, 1, k->plain, &k->plain[l->columns]);
  if (status == UMBRA_OK && l->clipped) status = add_clipped(model, &clipped, k, l->columns);
  if (status == UMBRA_OK && l->clipped)
    status = umbra_model_apply(model, &node, UMBRA_NODE_ADD, (const uint32_t[]){node, clipped}, 2);
  return status == UMBRA_OK ? umbra_model_output(model, "probability", node, &closing, 1, NULL) : status;
}

static bool build(umbra_model **model, const cli_linear *l) {
  clipping k = {0};
  bool built = make_clipping(&k, l);
  if (built) {
    set_clipping(&k, l);
    built = cli_check(umbra_model_create(model, &l->columns, 1), NULL) && cli_check(add_layers(*model, &k, l), NULL);
  }
  clear_clipping(&k, l->columns);
  return built;
}

static char *names_of(const cli_linear *l) {
  cJSON *list = cJSON_CreateStringArray((const char *const *)l->name, (int)l->columns);
  char *text = cJSON_PrintUnformatted(list);
  cJSON_Delete(list);
  return text;
}

static bool export_model(const cli_model_file *m, const umbra_model *model, const char *option, const char *path) {
  const cli_linear *l = m->model;
  char threshold[CLI_UNITS], *names = names_of(l);
  if (!names) return cli_error("out of memory");
  snprintf(threshold, sizeof threshold, "%.17g", m->threshold);
  char *promise = m->promise ? cli_private_line(m->promise) : NULL;
  const char *const notes[] = {"features",
                               names,
                               "label",
                               l->label,
                               "positive",
                               l->positive,
                               "negative",
                               l->negative,
                               "threshold",
                               threshold,
                               promise ? "privacy" : NULL,
                               promise,
                               NULL};
  const bool written = (promise || !m->promise) && cli_check(umbra_model_export(model, path, notes), option);
  free(promise);
  cJSON_free(names);
  return written;
}

static bool write_onnx(const cli_model_file *m, const char *option, const char *path) {
  umbra_model *model = NULL;
  const bool written = build(&model, m->model) && export_model(m, model, option, path);
  umbra_model_destroy(model);
  return written;
}

bool cli_model_write(const cli_model_file *file, cli_model_form form, const char *option, const char *path) {
  if (form == CLI_MODEL_ONNX) return write_onnx(file, option, path);
  return form == CLI_MODEL_JSON ? write_json(file, option, path) : write_names(file, option, path);
}
