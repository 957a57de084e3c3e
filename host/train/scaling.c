/* SPDX-License-Identifier: Apache-2.0 */
#include "scaling.h"

#include <float.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/counted.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "plan.h"
#include "records.h"

static void destroy(void *object) {
  umbra_scaling *scaling = object;
  umbra_schema_destroy(scaling->schema);
  umbra_free(scaling->column);
  umbra_free(scaling->mix);
  umbra_free(scaling);
}

umbra_status umbra_scaling_make(umbra_scaling **scaling, size_t columns) {
  umbra_scaling *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a scaling"));
  made->counted = UMBRA_COUNTED(destroy);
  umbra_status status = umbra_alloc(&made->column, columns, sizeof *made->column, "a scaling");
  made->columns = columns;
  if (status == UMBRA_OK) *scaling = made;
  else umbra_free(made);
  return status;
}

void umbra_scaling_destroy(umbra_scaling *scaling) { umbra_release(scaling); }

const umbra_schema *umbra_scaling_schema(const umbra_scaling *scaling) { return scaling->schema; }

int umbra_scaling_class_weights(const umbra_scaling *scaling, double weights[2]) {
  const umbra_class_weights *w = &scaling->weight;
  for (size_t k = 0; k < 2; k++) weights[k] = w->classes ? w->of[k] : 1;
  return w->classes != 0;
}

size_t umbra_scaling_columns(const umbra_scaling *scaling) { return scaling->columns; }

umbra_status umbra_scaling_column(const umbra_scaling *scaling, umbra_column_scaling *column, size_t index) {
  if (!scaling || !column)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", scaling ? "column" : "scaling");
  if (index >= scaling->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no column %zu among %zu", index, scaling->columns);
  const umbra_scaled_column *c = &scaling->column[index];
  const umbra_column_scaling own = {.offset = c->offset, .divisor = c->divisor, .clip = c->clip};
  return UMBRA_GIVE(umbra_column_scaling, column, &own);
}

/* ---- fitting ---- */

/* What is found out about a column. The moments are those of (x - least) / span, so that no square overflows. */
typedef struct column_extent {
  size_t least, greatest;  /* rows */
  double offset, span;     /* the least value, and the difference to the greatest */
  double end;              /* the greatest value */
  double mean, squares;    /* squares: sum of the squared differences from the mean */
  double median, quartile; /* quartile: distance from the lower one to the upper one */
} column_extent;

static void find_extremes(column_extent *extent, const umbra_records *records) {
  const size_t columns = records->columns;
  for (size_t row = 0; row < records->rows; row++)
    for (size_t j = 0; j < columns; j++) {
      double x = records->features[row * columns + j];
      if (x < records->features[extent[j].least * columns + j]) extent[j].least = row;
      if (x > records->features[extent[j].greatest * columns + j]) extent[j].greatest = row;
    }
  for (size_t j = 0; j < columns; j++) {
    extent[j].offset = records->features[extent[j].least * columns + j];
    extent[j].end = records->features[extent[j].greatest * columns + j];
    extent[j].span = extent[j].end - extent[j].offset;
  }
}

/* Welford's recurrence. */
static void find_moments(column_extent *extent, const umbra_records *records) {
  for (size_t row = 0; row < records->rows; row++) {
    const double *x = umbra_records_row(records, row);
    for (size_t j = 0; j < records->columns; j++) {
      column_extent *e = &extent[j];
      if (e->span == 0) continue;
      double t = (x[j] - e->offset) / e->span, difference = t - e->mean;
      e->mean += difference / (double)(row + 1);
      e->squares += difference * (t - e->mean);
    }
  }
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Between the sorted values on both sides of that share of them. */
static double quantile(const double *sorted, size_t rows, double share) {
  const double place = share * (double)(rows - 1), below = floor(place);
  const size_t i = (size_t)below;
  return i + 1 < rows ? sorted[i] + (place - below) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static umbra_status find_quartiles(column_extent *extent, const umbra_records *records) {
  double *sorted;
  UMBRA_TRY(umbra_alloc(&sorted, records->rows, sizeof *sorted, "a scaling"));
  for (size_t j = 0; j < records->columns; j++) {
    for (size_t row = 0; row < records->rows; row++) sorted[row] = umbra_records_row(records, row)[j];
    qsort(sorted, records->rows, sizeof *sorted, by_value);
    extent[j].median = quantile(sorted, records->rows, 0.5);
    extent[j].quartile = quantile(sorted, records->rows, 0.75) - quantile(sorted, records->rows, 0.25);
  }
  umbra_free(sorted);
  return UMBRA_OK;
}

static double deviation_of(const column_extent *e, size_t rows) { return e->span * sqrt(e->squares / (double)rows); }

static umbra_scaled_column scaling_of(const column_extent *e, size_t rows, umbra_scaling_kind kind) {
  if (kind == UMBRA_SCALING_RANGE || e->span == 0)
    return (umbra_scaled_column){.offset = e->offset, .divisor = e->span};
  if (kind == UMBRA_SCALING_MAXIMUM) return (umbra_scaled_column){.divisor = fmax(-e->offset, e->offset + e->span)};
  if (kind == UMBRA_SCALING_QUARTILES)
    return (umbra_scaled_column){.offset = e->median, .divisor = e->quartile > 0 ? e->quartile : deviation_of(e, rows)};
  return (umbra_scaled_column){.offset = e->offset + e->span * e->mean, .divisor = deviation_of(e, rows)};
}

/* Divisors that are subnormal have lost digits, and nearly everything else divided by them is infinite. */
static umbra_status check_extent(const column_extent *e, const umbra_scaled_column *scaling, size_t column) {
  if (!isfinite(e->span))
    return umbra_fail(UMBRA_ERROR_RANGE, "row %zu, column %zu: the value is too far from that of row %zu to be scaled",
                      e->greatest + 1, column + 1, e->least + 1);
  if (e->span != 0 && scaling->divisor < DBL_MIN)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "row %zu, column %zu: the value differs from that of row %zu, but too little to be scaled",
                      e->greatest + 1, column + 1, e->least + 1);
  return UMBRA_OK;
}

static void keep_extremes(umbra_scaling *scaling, const column_extent *extent) {
  for (size_t j = 0; j < scaling->columns; j++) {
    scaling->column[j].least = extent[j].offset;
    scaling->column[j].greatest = extent[j].end;
  }
}

static umbra_status fit_columns(umbra_scaling *scaling, const umbra_records *records, column_extent *extent,
                                umbra_scaling_kind kind) {
  if (kind != UMBRA_SCALING_RANGE && kind != UMBRA_SCALING_MAXIMUM) find_moments(extent, records);
  if (kind == UMBRA_SCALING_QUARTILES) UMBRA_TRY(find_quartiles(extent, records));
  for (size_t j = 0; j < records->columns; j++) {
    scaling->column[j] = scaling_of(&extent[j], records->rows, kind);
    UMBRA_TRY(check_extent(&extent[j], &scaling->column[j], j));
  }
  return UMBRA_OK;
}

/* divisor: of the kinds that have one for all columns. */
static umbra_status fit_apart(umbra_scaling *scaling, const umbra_records *records, umbra_scaling_kind kind,
                              double divisor) {
  column_extent *extent;
  umbra_status status = UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&extent, records->columns, sizeof *extent, "a scaling"));
  find_extremes(extent, records);
  if (kind == UMBRA_SCALING_NONE || kind == UMBRA_SCALING_CONSTANT)
    for (size_t j = 0; j < scaling->columns; j++) scaling->column[j].divisor = divisor;
  else status = fit_columns(scaling, records, extent, kind);
  keep_extremes(scaling, extent);
  umbra_free(extent);
  return status;
}

static umbra_status fit(umbra_scaling *scaling, const umbra_records *records, umbra_scaling_kind kind, double divisor,
                        double clip) {
  UMBRA_TRY(fit_apart(scaling, records, kind, divisor));
  for (size_t j = 0; j < scaling->columns; j++) scaling->column[j].clip = clip;
  return kind == UMBRA_SCALING_WHITENED ? umbra_scaling_whiten(scaling, records) : UMBRA_OK;
}

static umbra_status check_kind(umbra_scaling_kind kind, double argument, double clip) {
  if ((unsigned)kind > UMBRA_SCALING_WHITENED)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%d is no kind of scaling", (int)kind);
  if (kind == UMBRA_SCALING_CONSTANT && (!isnormal(argument) || argument < 0))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the divisor must be above 0 and finite, not %g", argument);
  if (!umbra_is_bound(clip))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "clip must be above 0 and finite, or 0 for none, not %g", clip);
  return UMBRA_OK;
}

/* Takes `made` over: it is of these records. */
static umbra_status finish(umbra_scaling **scaling, umbra_scaling *made, const umbra_records *records,
                           umbra_status status) {
  made->schema = umbra_share(records->schema);
  made->weight = records->weight;
  made->ranged = made->known = 1;
  umbra_records_digest(made->records, records);
  randombytes_buf(made->salt, sizeof made->salt);
  if (status == UMBRA_OK) UMBRA_PUT(scaling, scaling, made);
  else umbra_scaling_destroy(made);
  return status;
}

umbra_status umbra_scaling_fit(umbra_scaling **scaling, const umbra_records *records, umbra_scaling_kind kind,
                               double argument, double clip) {
  if (!scaling || !records) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a scaling needs an output and records");
  UMBRA_TRY(check_kind(kind, argument, clip));
  umbra_scaling *made = NULL;
  UMBRA_TRY(umbra_scaling_make(&made, records->columns));
  return finish(scaling, made, records, fit(made, records, kind, kind == UMBRA_SCALING_CONSTANT ? argument : 1, clip));
}

/* ---- declared ---- */

static umbra_status check_limits(const double *least, const double *greatest, size_t columns) {
  for (size_t j = 0; j < columns; j++) {
    const double half = greatest[j] / 2 - least[j] / 2;
    if (isfinite(least[j]) && isfinite(greatest[j]) && isnormal(half) && half > 0) continue;
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "column %zu: the limits are %g and %g; both are finite, and the second one is the larger", j + 1,
                      least[j], greatest[j]);
  }
  return UMBRA_OK;
}

umbra_status umbra_scaling_declare(umbra_scaling **scaling, const umbra_records *records, const double *least,
                                   const double *greatest) {
  umbra_scaling *made = NULL;
  if (!scaling || !records || !least || !greatest)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a declared scaling needs an output, records and limits");
  UMBRA_TRY(check_limits(least, greatest, records->columns));
  UMBRA_TRY(umbra_scaling_make(&made, records->columns));
  const umbra_status status = fit_apart(made, records, UMBRA_SCALING_NONE, 1);
  for (size_t j = 0; j < records->columns; j++) {
    made->column[j].offset = least[j] / 2 + greatest[j] / 2;
    made->column[j].divisor = greatest[j] / 2 - least[j] / 2;
    made->column[j].clip = 1;
  }
  return finish(scaling, made, records, status);
}

/* ---- applying ---- */

double umbra_scale(double x, const umbra_scaled_column *c) {
  double scaled = c->divisor == 0 ? 0 : (x - c->offset) / c->divisor;
  if (c->clip == 0) return scaled;
  return scaled < -c->clip ? -c->clip : scaled > c->clip ? c->clip : scaled;
}

static umbra_status check_shape(const umbra_scaling *scaling, size_t columns) {
  if (scaling->columns == columns) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the scaling is of %zu columns, and the records have %zu",
                    scaling->columns, columns);
}

static umbra_status check_values(const umbra_scaling *scaling, const double *values, size_t rows, size_t columns) {
  const double most = scaling->mix ? UMBRA_SCALING_MOST_MIXED : DBL_MAX;
  UMBRA_TRY(check_shape(scaling, columns));
  for (size_t i = 0; i < rows * columns; i++)
    if (!(fabs(umbra_scale(values[i], &scaling->column[i % columns])) <= most))
      return umbra_fail(UMBRA_ERROR_RANGE, "row %zu, column %zu: %g is too large when it is scaled; clip helps",
                        i / columns + 1, i % columns + 1, values[i]);
  return UMBRA_OK;
}

umbra_status umbra_scaling_values(const umbra_scaling *scaling, double *scaled, const double *values, size_t rows,
                                  size_t columns) {
  if (!scaled || !scaling || !values)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "scaling needs an output, a scaling and values");
  UMBRA_TRY(check_values(scaling, values, rows, columns));
  for (size_t i = 0; i < rows * columns; i++) scaled[i] = umbra_scale(values[i], &scaling->column[i % columns]);
  for (size_t row = 0; row < rows; row++) umbra_scaling_mix(scaling, scaled + row * columns);
  return UMBRA_OK;
}

umbra_status umbra_scaling_apply(const umbra_scaling *scaling, umbra_records **scaled, const umbra_records *records) {
  if (!scaled || !scaling || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "scaling needs an output, a scaling and records");
  umbra_records *made = NULL;
  UMBRA_TRY(umbra_records_make(&made, records->rows, records->columns));
  made->classes = records->classes;
  memcpy(made->labels, records->labels, records->rows * sizeof *made->labels);
  made->weight = scaling->weight.classes ? scaling->weight : records->weight;
  made->schema = umbra_share(records->schema);
  made->scaling = umbra_share(scaling);
  umbra_status status =
      umbra_scaling_values(scaling, made->features, records->features, records->rows, records->columns);
  if (status == UMBRA_OK) UMBRA_PUT(records, scaled, made);
  else umbra_records_destroy(made);
  return status;
}

/* ---- what lies beyond the records ---- */

/* A column that becomes 0 whatever its values are has none beyond. */
static double distance_beyond(double x, const umbra_scaled_column *c) {
  return c->divisor == 0 ? 0 : fmax(0, fmax(x - c->greatest, c->least - x));
}

static void look_beyond(umbra_scaling_excess *found, const umbra_scaled_column *c, const double *values, size_t rows,
                        size_t columns) {
  double farthest = 0;
  for (size_t row = 0; row < rows; row++) {
    const double x = values[row * columns], distance = distance_beyond(x, c);
    found->values += distance > 0;
    if (!(distance > farthest)) continue;
    farthest = distance;
    found->row = row;
    found->value = x;
  }
}

umbra_status umbra_scaling_beyond(const umbra_scaling *scaling, umbra_scaling_excess *excess, const double *values,
                                  size_t rows, size_t columns, size_t column) {
  if (!scaling || !excess || !values || column >= columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "looking beyond needs a scaling, an output, values and a column");
  umbra_scaling_excess found = {UMBRA_SCALING_EXCESS_INIT};
  UMBRA_TRY(check_shape(scaling, columns));
  const umbra_scaled_column *c = &scaling->column[column];
  found.least = c->least;
  found.greatest = c->greatest;
  look_beyond(&found, c, values + column, rows, columns);
  return UMBRA_GIVE(umbra_scaling_excess, excess, &found);
}

umbra_status umbra_scaling_bring_within(const umbra_scaling *scaling, double *within, const double *values, size_t rows,
                                        size_t columns) {
  if (!scaling || !within || !values)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "bringing values within needs a scaling, an output and values");
  UMBRA_TRY(check_shape(scaling, columns));
  for (size_t i = 0; i < rows * columns; i++) {
    const umbra_scaled_column *c = &scaling->column[i % columns];
    within[i] = fmin(fmax(values[i], c->least), c->greatest);
  }
  return UMBRA_OK;
}

/* ---- which training it is of ---- */

umbra_status umbra_scaling_check_records(const umbra_scaling *scaling, const umbra_records *records) {
  uint8_t digest[UMBRA_DIGEST_BYTES];
  if (!scaling || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", scaling ? "records" : "scaling");
  if (!scaling->known) return UMBRA_OK;
  umbra_records_digest(digest, records);
  if (memcmp(digest, scaling->records, sizeof digest) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "these are not the records, in their order and with their labels, that the scaling was found from");
}

static void hash_numbers(crypto_generichash_state *state, const umbra_scaling *scaling) {
  crypto_generichash_update(state, scaling->records, sizeof scaling->records);
  const double none[] = {1, 1};
  const umbra_class_weights *w = &scaling->weight;
  crypto_generichash_update(state, (const uint8_t *)(w->classes ? w->of : none),
                            (w->classes ? w->classes : 2) * sizeof *none);
  for (size_t j = 0; j < scaling->columns; j++) {
    const umbra_scaled_column *c = &scaling->column[j];
    const double row[] = {c->offset, c->divisor, c->clip, c->least, c->greatest};
    crypto_generichash_update(state, (const uint8_t *)row, sizeof row);
  }
  if (scaling->mix)
    crypto_generichash_update(state, (const uint8_t *)scaling->mix,
                              scaling->columns * scaling->columns * sizeof *scaling->mix);
}

static umbra_status hash_schema(crypto_generichash_state *state, const umbra_schema *schema) {
  size_t size;
  char *text;
  if (!schema) return UMBRA_OK;
  UMBRA_TRY(umbra_schema_describe(schema, NULL, &size));
  UMBRA_TRY(umbra_alloc(&text, size, 1, "a schema"));
  umbra_status status = umbra_schema_describe(schema, text, &size);
  if (status == UMBRA_OK) crypto_generichash_update(state, (const uint8_t *)text, size);
  umbra_free(text);
  return status;
}

umbra_status umbra_scaling_identify(uint8_t id[UMBRA_DIGEST_BYTES], const umbra_scaling *scaling,
                                    const uint8_t plan[UMBRA_DIGEST_BYTES]) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, scaling->salt, sizeof scaling->salt, UMBRA_DIGEST_BYTES);
  crypto_generichash_update(&state, plan, UMBRA_DIGEST_BYTES);
  hash_numbers(&state, scaling);
  UMBRA_TRY(hash_schema(&state, scaling->schema));
  crypto_generichash_final(&state, id, UMBRA_DIGEST_BYTES);
  return UMBRA_OK;
}

void umbra_scaling_order_key(uint8_t key[UMBRA_DIGEST_BYTES], const umbra_scaling *scaling, uint64_t seed) {
  static const char purpose[] = "order of records"; /* shorter than all that an id is of */
  crypto_generichash_state state;
  crypto_generichash_init(&state, scaling->salt, sizeof scaling->salt, UMBRA_DIGEST_BYTES);
  crypto_generichash_update(&state, (const uint8_t *)purpose, sizeof purpose);
  crypto_generichash_update(&state, (const uint8_t *)&seed, sizeof seed);
  crypto_generichash_final(&state, key, UMBRA_DIGEST_BYTES);
}

umbra_status umbra_scaling_training(const umbra_scaling *scaling, int *known, uint8_t id[UMBRA_DIGEST_BYTES]) {
  if (!scaling || !known || !id)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the id of a scaling's training needs a scaling and outputs");
  uint8_t made[UMBRA_DIGEST_BYTES] = {0};
  const int has = scaling->known && scaling->planned;
  if (has) UMBRA_TRY(umbra_scaling_identify(made, scaling, scaling->plan));
  memcpy(id, made, sizeof made);
  *known = has;
  return UMBRA_OK;
}

umbra_status umbra_train_plan_check_scaling(const umbra_train_plan *plan, const umbra_scaling *scaling) {
  uint8_t id[UMBRA_DIGEST_BYTES];
  int known;
  if (!plan || !scaling) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", plan ? "scaling" : "plan");
  if (scaling->planned && memcmp(scaling->plan, plan->digest, sizeof scaling->plan) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the scaling was written with another plan");
  if (!plan->identified) return UMBRA_OK;
  UMBRA_TRY(umbra_scaling_training(scaling, &known, id));
  if (known && memcmp(id, plan->training, sizeof id) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "the scaling is not the one that was written with this plan: it is of other records, columns or "
                    "labels, or of another run of the same planning, or its file was changed");
}

int umbra_train_plan_training(const umbra_train_plan *plan, uint8_t id[UMBRA_DIGEST_BYTES]) {
  memcpy(id, plan->training, UMBRA_DIGEST_BYTES);
  return plan->identified;
}
