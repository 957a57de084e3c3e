/* SPDX-License-Identifier: Apache-2.0 */
/* An output of a model for each record of a batch, in the clear. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "batch.h"
#include "interpret.h"

typedef struct run {
  umbra_batch batch;
  const umbra_output *output;
  uint8_t *needed; /* of each node */
  double *results;
  size_t each; /* elements of a result */
} run;

/* ---- a record ---- */

static int is_sound(const umbra_model *model, double *const *values, const umbra_output *output) {
  const umbra_extremes last = umbra_extremes_of(values[output->node], model->nodes[output->node].count);
  return umbra_extremes_finite(last) && !umbra_model_is_left(model, values);
}

/* A fault, which closing steps might hide, makes the result none. */
static void take_result(void *user, double *const *values, size_t record, uint32_t seat) {
  const run *r = user;
  double *last = values[r->output->node];
  int sound = is_sound(r->batch.model, values, r->output);
  (void)seat;
  umbra_output_close(last, r->batch.model->nodes[r->output->node].count, r->output);
  if (!sound) *last = NAN;
  memcpy(r->results + record * r->each, last, r->each * sizeof *last);
}

static umbra_status check_results(void *user, size_t first, size_t end) {
  const run *r = user;
  for (size_t i = first * r->each; i < end * r->each; i++)
    if (!isfinite(r->results[i])) return umbra_batch_explain(&r->batch, i / r->each, i / r->each + 1);
  return UMBRA_OK;
}

/* ---- the batch ---- */

/* Marks the nodes behind the output. */
static umbra_status find_needed(run *r) {
  const umbra_model *model = r->batch.model;
  UMBRA_TRY(umbra_alloc(&r->needed, model->node_count, 1, "a model"));
  umbra_model_mark_needed(r->needed, model, r->output->node);
  r->batch.needed = r->needed;
  return UMBRA_OK;
}

static umbra_status make_results(umbra_ndarray *made, run *r) {
  size_t rows = r->batch.count;
  *made = (umbra_ndarray){.rank = 1 + r->output->rank, .shape = {rows}};
  for (size_t d = 0; d < r->output->rank; d++) made->shape[1 + d] = r->output->shape[d];
  r->each = umbra_ndarray_count(made) / rows;
  UMBRA_TRY(umbra_alloc(&made->values, rows * r->each, sizeof *made->values, "results"));
  r->results = made->values;
  return UMBRA_OK;
}

umbra_status umbra_model_run(const umbra_model *model, umbra_ndarray *results, const umbra_ndarray *records,
                             size_t output, const umbra_progress *progress) {
  if (!model || !results || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "model, results or records is NULL");
  if (output >= model->output_count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "output %zu; the model has %zu", output, model->output_count);
  UMBRA_TRY(umbra_batch_check_records(model, records));
  run r = {.output = &model->outputs[output]};
  r.batch = (umbra_batch){.model = model,
                          .records = records->values,
                          .count = records->shape[0],
                          .seats = umbra_batch_seats(),
                          .visit = take_result,
                          .check = check_results,
                          .user = &r};
  umbra_ndarray made = {0};
  umbra_status status = find_needed(&r);
  if (status == UMBRA_OK) status = make_results(&made, &r);
  if (status == UMBRA_OK) status = umbra_batch_run(&r.batch, progress);
  umbra_free(r.needed);
  if (status != UMBRA_OK) {
    umbra_ndarray_clear(&made);
    return status;
  }
  umbra_ndarray_clear(results);
  *results = made;
  return UMBRA_OK;
}
