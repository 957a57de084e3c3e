/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/ciphertext_internal.h"
#include "records.h"

/* ---- checks ---- */

/*
 * Features up to this, times the plan's data_scale, can be encoded at the data's level: there is room for two of them
 * in one slot, and for exponents that are rounded up. Up to 2^1000 no sum of doubles overflows. A one, which is
 * data_scale itself, always fits: it is at most 1.
 */
static double largest_feature(const umbra_train_plan *plan) {
  const double room = 4, most = 1000, scale = umbra_params_scale(plan->params, plan->data_level);
  const double bits = umbra_params_log_q(plan->params, plan->data_level) - log2(scale) - room;
  return exp2(fmin(bits, most)) / plan->data_scale;
}

static umbra_status check_features(const umbra_train_plan *plan, const umbra_records *records) {
  const double most = largest_feature(plan) / fmax(1, fmax(records->weight[0], records->weight[1]));
  for (size_t row = 0; row < records->rows; row++)
    for (size_t column = 0; column < records->columns; column++)
      if (!(fabs(umbra_records_row(records, row)[column]) <= most))
        return umbra_fail(UMBRA_ERROR_RANGE,
                          "row %zu, column %zu: the feature %g is too large to be encrypted: by the plan, at most %g; "
                          "scale the records",
                          row + 1, column + 1, umbra_records_row(records, row)[column], most);
  return UMBRA_OK;
}

static umbra_status check_initial(const umbra_train_plan *plan, const double *initial) {
  for (size_t i = 0; initial && i <= plan->options.columns; i++)
    if (!(fabs(initial[i]) <= plan->options.bound))
      return umbra_fail(UMBRA_ERROR_RANGE, "first weight %zu is %g; the plan's weights stay within [-%g, %g]", i + 1,
                        initial[i], plan->options.bound, plan->options.bound);
  return UMBRA_OK;
}

umbra_status umbra_train_source_open(umbra_train_source *source, const umbra_train_plan *plan, umbra_encryptor by,
                                     const umbra_records *records, const double *initial) {
  UMBRA_TRY(umbra_records_check_shape(records, &plan->options));
  UMBRA_TRY(check_features(plan, records));
  UMBRA_TRY(check_initial(plan, initial));
  *source = (umbra_train_source){.plan = plan, .by = by, .records = records, .initial = initial};
  UMBRA_TRY(umbra_alloc(&source->order, plan->options.rows, sizeof *source->order, "the order of records"));
  umbra_train_plan_order(plan, source->order);
  return UMBRA_OK;
}

void umbra_train_source_close(umbra_train_source *source) { umbra_free(source->order); }

/* ---- blocks ---- */

/* The records of one block. */
typedef struct block_source {
  const umbra_records *records;
  const size_t *row;   /* their numbers */
  size_t rows, second; /* from row `second` of the matrix on they come again, with their weights */
  size_t columns;
  double scale;
} block_source;

/* Times the label, the scale and, the second time, the weight. */
static double value_of(umbra_element element, const void *source) {
  const block_source *s = source;
  const int weighted = element.row >= s->second;
  const size_t at = weighted ? element.row - s->second : element.row;
  if (at >= s->rows) return 0; /* between both */
  const size_t row = s->row[at];
  const double weight = weighted ? umbra_records_weight(s->records, row) : 1;
  const double y = s->scale * weight * umbra_records_label(s->records, row);
  return element.column == s->columns ? y : y * umbra_records_row(s->records, row)[element.column];
}

umbra_status umbra_train_source_block(const umbra_train_source *source, umbra_matrix **records, uint64_t number,
                                      umbra_watch *watch) {
  const umbra_train_plan *plan = source->plan;
  const umbra_block_range range = umbra_plan_block(plan, number);
  const block_source rows = {source->records,
                             source->order + range.first,
                             range.rows,
                             umbra_plan_is_weighted(plan) ? umbra_plan_weighted_row(plan, range.rows) : SIZE_MAX,
                             plan->options.columns,
                             plan->data_scale};
  return umbra_matrix_encrypt_source(records, source->by, &(umbra_matrix_source){value_of, &rows},
                                     umbra_plan_matrix_rows(plan, range.rows), plan->options.columns, &plan->layout,
                                     plan->data_level, watch);
}

/* ---- weights ---- */

/* In the unit of the first iteration; encoded in `stride` slots, the row stands before every record by itself. */
umbra_status umbra_train_source_weights(const umbra_train_source *source, umbra_ciphertext **weights) {
  const umbra_train_plan *plan = source->plan;
  const double *initial = source->initial;
  const size_t count = plan->options.columns + 1;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = plan->data_level;
  options.slots = plan->layout.stride;
  double *slot;
  umbra_plaintext *plain = NULL;
  UMBRA_TRY(umbra_alloc(&slot, count, sizeof *slot, "the first weights"));
  for (size_t i = 0; initial && i < count; i++) slot[i] = initial[i] / plan->iteration[0].unit_in;
  umbra_status status = umbra_encode(&plain, source->by.context, slot, count, &options);
  umbra_free(slot);
  UMBRA_TRY(status);
  status = umbra_encrypt_by(weights, source->by, plain);
  umbra_plaintext_destroy(plain);
  return status;
}
