/* SPDX-License-Identifier: Apache-2.0 */
#include "linear_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opened.h"

/* ---- texts ---- */

/* Bytes of the character of UTF-8 that a text begins with (RFC 3629); 0: it begins with none. */
static size_t character(const unsigned char *s) {
  if (*s < 0x80) return 1;
  const size_t length = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;
  const unsigned char least = *s == 0xe0 ? 0xa0 : *s == 0xf0 ? 0x90 : 0x80;
  const unsigned char most = *s == 0xed ? 0x9f : *s == 0xf4 ? 0x8f : 0xbf;
  if (*s < 0xc2 || *s > 0xf4 || s[1] < least || s[1] > most) return 0;
  for (size_t i = 2; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  return length;
}

/* A copy in which bytes that are no UTF-8, such as in names of an npz file, are U+FFFD. */
static char *clean(const char *text) {
  static const char instead[] = "\xef\xbf\xbd";
  char *made = malloc(3 * strlen(text) + 1), *end = made;
  for (const unsigned char *s = (const unsigned char *)text; made && *s;) {
    const size_t length = character(s), put = length ? length : sizeof instead - 1;
    memcpy(end, length ? (const char *)s : instead, put);
    end += put;
    s += length ? length : 1;
  }
  if (made) *end = '\0';
  return made;
}

static bool keep(char **text, const char *found) {
  *text = clean(found);
  return *text || cli_error("out of memory");
}

static bool keep_numbered(char **text, const char *what, size_t number) {
  char made[64];
  snprintf(made, sizeof made, "%s %zu", what, number);
  return keep(text, made);
}

/* ---- names ---- */

typedef struct named_feature {
  const umbra_schema *schema;
  size_t feature;
} named_feature;

static umbra_status describe_feature(const void *object, char *text, size_t *size) {
  const named_feature *f = object;
  return umbra_schema_feature_name(f->schema, text, size, f->feature);
}

static umbra_status describe_schema(const void *object, char *text, size_t *size) {
  return umbra_schema_describe(object, text, size);
}

static bool name_features(cli_linear *l, const umbra_schema *schema) {
  if (schema && umbra_schema_features(schema) != l->columns)
    return cli_error("the columns of the table are %zu features, and the model has %zu weights beside the bias",
                     umbra_schema_features(schema), l->columns);
  for (size_t c = 0; c < l->columns; c++) {
    if (!schema) {
      if (!keep_numbered(&l->name[c], "feature", c + 1)) return false;
      continue;
    }
    char *text = cli_text(describe_feature, &(named_feature){schema, c});
    const bool kept = text && keep(&l->name[c], text);
    free(text);
    if (!kept) return false;
  }
  return true;
}

static const char *text_of(const cJSON *object, const char *key) {
  return cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
}

/* As the schema's JSON says: without a header a label has a place only; a class against all others has no opposite. */
static bool name_label(cli_linear *l, const cJSON *label) {
  const char *name = text_of(label, "name"), *positive = text_of(label, "positive"),
             *negative = text_of(label, "negative");
  const cJSON *place = cJSON_GetObjectItem(label, "column");
  const bool numbered = !name && place;
  return (numbered ? keep_numbered(&l->label, "column", (size_t)place->valuedouble)
                   : keep(&l->label, name ? name : "label")) &&
         keep(&l->positive, positive ? positive : "1") &&
         keep(&l->negative, negative   ? negative
                            : positive ? "all others"
                                       : "0");
}

static bool name_classes(cli_linear *l, const umbra_schema *schema) {
  if (!schema) return name_label(l, NULL);
  char *text = cli_text(describe_schema, schema);
  cJSON *json = text ? cJSON_Parse(text) : NULL;
  const bool named = json ? name_label(l, cJSON_GetObjectItem(json, "label")) : cli_error("out of memory");
  cJSON_Delete(json);
  free(text);
  return named;
}

/* ---- units ---- */

/* scaled = (x - offset) / divisor: the divisor goes into the weight, the offset into the intercept. */
static void unscale(cli_linear *l) {
  double intercept = l->weights[l->columns];
  for (size_t c = 0; c < l->columns; c++) {
    const umbra_column_scaling *s = &l->column[c];
    l->original[c] = s->divisor > 0 ? l->weights[c] / s->divisor : 0;
    intercept -= l->original[c] * s->offset;
    l->clipped += s->divisor > 0 && s->clip > 0;
  }
  l->original[l->columns] = intercept;
}

static bool take_scaling(cli_linear *l, const umbra_scaling *scaling) {
  l->scaled = scaling != NULL;
  if (scaling && umbra_scaling_columns(scaling) != l->columns)
    return cli_error("--scaling: it is of %zu columns and the model has %zu weights beside the bias",
                     umbra_scaling_columns(scaling), l->columns);
  for (size_t c = 0; c < l->columns; c++) {
    l->column[c] = (umbra_column_scaling){UMBRA_COLUMN_SCALING_INIT, .divisor = 1};
    if (scaling && !cli_check(umbra_scaling_column(scaling, &l->column[c], c), "--scaling")) return false;
  }
  if (scaling) umbra_scaling_unmix(scaling, l->weights);
  return true;
}

bool cli_linear_limits(const cli_linear *l, size_t feature, double *least, double *most) {
  const umbra_column_scaling *s = &l->column[feature];
  *least = s->offset - s->clip * s->divisor;
  *most = s->offset + s->clip * s->divisor;
  return s->clip > 0 && s->divisor > 0;
}

bool cli_linear_open(cli_linear *l, const double *weights, size_t columns, const umbra_scaling *scaling,
                     const umbra_schema *schema) {
  *l = (cli_linear){.columns = columns,
                    .weights = calloc(columns + 1, sizeof *l->weights),
                    .original = calloc(columns + 1, sizeof *l->original),
                    .column = calloc(columns, sizeof *l->column),
                    .name = calloc(columns, sizeof *l->name)};
  if (!l->weights || !l->original || !l->column || !l->name) return cli_error("out of memory");
  memcpy(l->weights, weights, (columns + 1) * sizeof *weights);
  if (!take_scaling(l, scaling)) return false;
  unscale(l);
  return name_features(l, schema) && name_classes(l, schema);
}

void cli_linear_clear(cli_linear *l) {
  for (size_t c = 0; l->name && c < l->columns; c++) free(l->name[c]);
  free(l->name);
  free(l->column);
  cli_opened_free(l->original, (l->columns + 1) * sizeof *l->original);
  cli_opened_free(l->weights, (l->columns + 1) * sizeof *l->weights);
  free(l->label);
  free(l->positive);
  free(l->negative);
  *l = (cli_linear){0};
}
