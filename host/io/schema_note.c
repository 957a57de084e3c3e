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

/* What there may be to say of a feature. */
typedef enum remark { NOTHING, CONSTANT, RISING, FLATTENED, REMARKS } remark;

static remark remark_on(const extremes *e, size_t *row) {
  if (e->least == e->greatest) return CONSTANT;
  if (e->counts) return RISING;
  return is_flattened(row, e) ? FLATTENED : NOTHING;
}

static void tell(const umbra_table_options *options, remark of, const char *name, double value, size_t row) {
  if (of == CONSTANT) umbra_table_tell(options, "feature '%s' is %.10g in every record, and says nothing", name, value);
  else if (of == RISING)
    umbra_table_tell(options,
                     "feature '%s' rises by 1 from record to record, as row numbers do; --without leaves it out", name);
  else
    umbra_table_tell(options,
                     "feature '%s' is %.6g in record %zu, so far from all others that these become nearly the "
                     "same when it is scaled",
                     name, value, row + 1);
}

/* So many features are named for a remark; images have hundreds of pixels that are always dark. */
enum { NAMED = 3 };

/* Of the column's feature k, which is column c of the features. `counts`: the features of each remark so far. */
static void note_feature(const umbra_schema_column *column, size_t k, const umbra_table *features, size_t c,
                         const umbra_table_options *options, size_t counts[REMARKS]) {
  char name[128] = "";
  size_t row = 0;
  const extremes e = extremes_of(features, c);
  const remark of = remark_on(&e, &row);
  if (of == NOTHING || ++counts[of] > NAMED) return;
  umbra_schema_column_put(&(umbra_text){name, sizeof name, 0}, column, k);
  tell(options, of, name, features->values[row * features->columns + c], row);
}

static void tell_rest(const umbra_table_options *options, const size_t counts[REMARKS]) {
  static const char *const what[REMARKS] = {
      [CONSTANT] = "the same in every record", [RISING] = "like row numbers", [FLATTENED] = "flattened by one record"};
  for (int of = CONSTANT; of < REMARKS; of++)
    if (counts[of] > NAMED) umbra_table_tell(options, "%zu more features are %s", counts[of] - NAMED, what[of]);
}

void umbra_schema_note_features(const umbra_schema *schema, const umbra_table *features,
                                const umbra_table_options *options) {
  size_t c = 0, counts[REMARKS] = {0};
  if (!options->note || features->rows < 2) return;
  for (size_t i = 0; i < schema->columns; i++) {
    const size_t count = umbra_schema_column_features(&schema->column[i]);
    for (size_t k = 0; k < count; k++) note_feature(&schema->column[i], k, features, c++, options, counts);
  }
  tell_rest(options, counts);
}
