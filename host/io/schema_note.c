/* SPDX-License-Identifier: Apache-2.0 */
/* What of the features deserves a word: they are read, but hardly as somebody wanted it. */
#include <math.h>

#include "schema.h"

/* The two least and the two greatest values, and whether each is the one before and 1. */
typedef struct extremes {
  double least, second_least, second_greatest, greatest;
  size_t greatest_row, least_row;
  int counts;
} extremes;

static void take_least(extremes *e, double x, size_t row) {
  if (x < e->least) {
    e->second_least = e->least;
    e->least = x;
    e->least_row = row;
  } else if (x < e->second_least) {
    e->second_least = x;
  }
}

static void take_greatest(extremes *e, double x, size_t row) {
  if (x > e->greatest) {
    e->second_greatest = e->greatest;
    e->greatest = x;
    e->greatest_row = row;
  } else if (x > e->second_greatest) {
    e->second_greatest = x;
  }
}

/* Fewer may well rise by chance. */
enum { MANY = 8 };

static extremes extremes_of(const umbra_table *t, size_t c) {
  extremes e = {INFINITY, INFINITY, -INFINITY, -INFINITY, 0, 0, t->rows >= MANY};
  for (size_t row = 0; row < t->rows; row++) {
    const double x = t->values[row * t->columns + c];
    e.counts &= row == 0 || x == t->values[(row - 1) * t->columns + c] + 1;
    take_least(&e, x, row);
    take_greatest(&e, x, row);
  }
  return e;
}

/* One value is so far from all others that these are all but the same beside it. */
static int is_flattened(size_t *row, const extremes *e) {
  static const double far = 1000;
  *row = e->greatest_row;
  if (e->second_greatest > e->least && e->greatest / far - e->least / far > e->second_greatest - e->least) return 1;
  *row = e->least_row;
  return e->greatest > e->second_least && e->greatest / far - e->least / far > e->greatest - e->second_least;
}

/* Of the column's feature k, which is column c of the features. */
static void note_feature(const umbra_schema_column *column, size_t k, const umbra_table *features, size_t c,
                         const umbra_table_options *options) {
  char name[128] = "";
  size_t row;
  const extremes e = extremes_of(features, c);
  umbra_schema_column_put(&(umbra_text){name, sizeof name, 0}, column, k);
  if (e.least == e.greatest)
    umbra_table_tell(options, "feature '%s' is %.10g in every record, and says nothing", name, e.least);
  else if (e.counts)
    umbra_table_tell(options,
                     "feature '%s' rises by 1 from record to record, as row numbers do; --without leaves it out", name);
  else if (is_flattened(&row, &e))
    umbra_table_tell(options,
                     "feature '%s' is %.6g in record %zu, so far from all others that these become nearly the "
                     "same when it is scaled",
                     name, features->values[row * features->columns + c], row + 1);
}

void umbra_schema_note_features(const umbra_schema *schema, const umbra_table *features,
                                const umbra_table_options *options) {
  size_t c = 0;
  if (!options->note || features->rows < 2) return;
  for (size_t i = 0; i < schema->columns; i++) {
    const size_t count = umbra_schema_column_features(&schema->column[i]);
    for (size_t k = 0; k < count; k++) note_feature(&schema->column[i], k, features, c++, options);
  }
}
