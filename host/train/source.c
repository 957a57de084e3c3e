/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/encoder.h"
#include "records.h"

/* ---- checks ---- */

/*
 * Features up to this, times the plan's data_scale, can be encoded at the lowest of their levels: there is room for two of them
 * in one slot, and for exponents that are rounded up. Up to 2^1000 no sum of doubles overflows. A one, which is
 * data_scale itself, always fits: it is at most 1.
 */
static double largest_encoded(const umbra_train_plan *plan) {
  const uint32_t level = umbra_plan_feature_level(plan);
  const double room = 4, most = 1000, scale = umbra_params_scale(plan->params, level);
  const double bits = umbra_params_log_q(plan->params, level) - log2(scale) - room;
  return exp2(fmin(bits, most)) / plan->data_scale;
}

double umbra_train_largest_feature(const umbra_train_plan *plan) {
  const double declared = plan->options.record_bound;
  return fmin(largest_encoded(plan), declared > 0 ? declared : INFINITY);
}

static umbra_status check_features(const umbra_train_plan *plan, const umbra_records *records) {
  const double most = umbra_train_largest_feature(plan) / umbra_records_most_weight(records);
  for (size_t row = 0; row < records->rows; row++)
    for (size_t column = 0; column < records->columns; column++)
      if (!(fabs(umbra_records_row(records, row)[column]) <= most))
        return umbra_fail(UMBRA_ERROR_RANGE,
                          "row %zu, column %zu: the feature %g is too large to be encrypted: by the plan, at most %g; "
                          "scale the records",
                          row + 1, column + 1, umbra_records_row(records, row)[column], most);
  return UMBRA_OK;
}

umbra_status umbra_train_record_bound(double *bound, const umbra_records *records) {
  if (!bound || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_record_bound needs an output and records");
  const double weight = umbra_records_most_weight(records);
  double largest = weight;
  for (size_t i = 0; i < records->rows * records->columns; i++)
    largest = fmax(largest, weight * fabs(records->features[i]));
  for (size_t i = 0; i < records->rows && !records->classes; i++) largest = fmax(largest, fabs(records->labels[i]));
  *bound = umbra_public_magnitude(largest);
  return UMBRA_OK;
}

/* All blocks show the same, whatever they hold. */
static umbra_status find_bound(umbra_train_source *source) {
  const umbra_train_plan *plan = source->plan;
  const double declared = umbra_plan_block_bound(plan);
  double found;
  UMBRA_TRY(umbra_train_record_bound(&found, source->records));
  found *= plan->data_scale;
  if (declared > 0 && found > declared)
    return umbra_fail(UMBRA_ERROR_RANGE, "a label or weight of the records is above the record_bound of the plan, %g",
                      declared / plan->data_scale);
  source->bound = declared > 0 ? declared : found;
  return UMBRA_OK;
}

static umbra_status check_first(const umbra_train_plan *plan, const double *first) {
  for (size_t i = 0; i < umbra_train_plan_weights(plan); i++)
    if (!(fabs(first[i]) <= plan->options.bound))
      return umbra_fail(UMBRA_ERROR_RANGE, "first weight %zu is %g; the plan's weights stay within [-%g, %g]", i + 1,
                        first[i], plan->options.bound, plan->options.bound);
  return UMBRA_OK;
}

static umbra_status take_first(umbra_train_source *source, const double *initial) {
  const size_t count = umbra_train_plan_weights(source->plan);
  if (initial && source->plan->options.privacy)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "first weights are given: privacy is promised for those of the plan");
  UMBRA_TRY(umbra_alloc(&source->first, count, sizeof *source->first, "the first weights"));
  if (initial) memcpy(source->first, initial, count * sizeof *initial);
  else umbra_train_plan_initial(source->plan, source->first);
  return check_first(source->plan, source->first);
}

umbra_status umbra_train_source_open(umbra_train_source *source, const umbra_train_plan *plan, umbra_encryptor by,
                                     const umbra_records *records, const double *initial) {
  UMBRA_TRY(umbra_records_check_shape(records, &plan->options));
  UMBRA_TRY(check_features(plan, records));
  *source = (umbra_train_source){.plan = plan, .by = by, .records = records};
  UMBRA_TRY(find_bound(source));
  umbra_status status = take_first(source, initial);
  if (status == UMBRA_OK)
    status = umbra_alloc(&source->order, plan->options.rows, sizeof *source->order, "the order of records");
  if (status == UMBRA_OK) status = umbra_train_plan_order(plan, source->order, records);
  if (status != UMBRA_OK) umbra_train_source_close(source);
  return status;
}

void umbra_train_source_close(umbra_train_source *source) {
  umbra_free(source->first);
  umbra_free(source->order);
}

static umbra_status copy_features(umbra_features *features, const umbra_train_rows *rows) {
  const size_t columns = rows->plan->options.columns;
  if (!rows->plan->options.public_features) return UMBRA_OK;
  UMBRA_TRY(umbra_features_make(features, rows->count, columns));
  for (size_t k = 0; k < rows->count; k++)
    memcpy(features->value + k * columns, umbra_records_row(rows->records, rows->row[k]), columns * sizeof(double));
  return UMBRA_OK;
}

umbra_status umbra_train_source_block(const umbra_train_source *source, umbra_train_block *block, uint64_t number,
                                      umbra_watch *watch) {
  const umbra_train_plan *plan = source->plan;
  const umbra_block_range range = umbra_plan_block(plan, number);
  const umbra_train_rows rows = {plan, source->records, source->order + range.first, range.rows};
  const umbra_matrix_source values = {umbra_train_ops_of(plan->options.kind)->value, &rows, source->bound};
  *block = (umbra_train_block){0};
  umbra_status status = copy_features(&block->features, &rows);
  if (status == UMBRA_OK)
    status = umbra_matrix_encrypt_source(&block->records, source->by, &values, umbra_plan_matrix_rows(plan, range.rows),
                                         plan->data_columns, &plan->layout, plan->record_level, watch);
  if (status != UMBRA_OK) umbra_train_block_clear(block);
  return status;
}

umbra_status umbra_train_source_weights(const umbra_train_source *source, umbra_train_state *weights) {
  const umbra_train_plan *plan = source->plan;
  UMBRA_TRY(umbra_train_state_make(weights, plan->firsts));
  umbra_status status = umbra_train_ops_of(plan->options.kind)->encrypt(weights, plan, source->by, source->first);
  if (status != UMBRA_OK) umbra_train_state_clear(weights);
  return status;
}
