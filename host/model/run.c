/* SPDX-License-Identifier: Apache-2.0 */
/* A model over a batch in the clear: record by record, records shared by the threads. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "interpret.h"

/* What an output needs of a model, and where the batch is. */
typedef struct run {
  const umbra_model *model;
  const umbra_output *output;
  const double *records;
  double *results;
  uint8_t *needed; /* of each node */
  size_t elements; /* of all nodes that are needed */
  size_t each;     /* elements of a result */
  size_t first, end;
  atomic_int *out_of_memory;
} run;

static size_t record_count(const run *r) { return r->model->nodes[0].count; }

/* ---- one thread's share ---- */

enum { SHARE = 4 }; /* records */

typedef struct desk {
  double **values; /* of each node; of those that are not needed NULL */
  double *room;
} desk;

static int open_desk(desk *d, const run *r) {
  *d = (desk){0};
  if (umbra_alloc(&d->values, r->model->node_count, sizeof *d->values, "values of a model") != UMBRA_OK) return 0;
  if (umbra_alloc(&d->room, r->elements, sizeof *d->room, "values of a model") != UMBRA_OK) return 0;
  double *next = d->room;
  for (size_t i = 0; i < r->model->node_count; i++) {
    if (!r->needed[i]) continue;
    d->values[i] = next;
    next += r->model->nodes[i].count;
  }
  return 1;
}

static void close_desk(desk *d) {
  umbra_free(d->room);
  umbra_free(d->values);
}

static int all_finite(const double *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i])) return 0;
  return 1;
}

/* An element that is not finite, which closing steps might hide, makes the result none either. */
static void compute(desk *d, const run *r, size_t record) {
  uint32_t last = r->output->node;
  size_t count = r->model->nodes[last].count;
  memcpy(d->values[0], r->records + record * record_count(r), record_count(r) * sizeof **d->values);
  for (uint32_t i = 1; i <= last; i++)
    if (r->needed[i]) umbra_node_compute(d->values, r->model, i);
  int finite = all_finite(d->values[last], count);
  umbra_output_close(d->values[last], count, r->output);
  if (!finite) *d->values[last] = NAN;
  memcpy(r->results + record * r->each, d->values[last], r->each * sizeof *r->results);
}

static void compute_share(const void *data, uint32_t item) {
  const run *r = data;
  size_t first = r->first + item * SHARE, end = first + SHARE < r->end ? first + SHARE : r->end;
  desk d;
  if (open_desk(&d, r))
    for (size_t i = first; i < end; i++) compute(&d, r, i);
  else atomic_store(r->out_of_memory, 1);
  close_desk(&d);
}

/* ---- the batch ---- */

static umbra_status check_records(const umbra_model *model, const umbra_ndarray *records) {
  const umbra_node *input = &model->nodes[0];
  int flat = records->rank == 2 && records->shape[1] == input->count;
  int whole = records->rank == input->rank + 1;
  for (size_t d = 0; whole && d < input->rank; d++) whole = records->shape[d + 1] == input->shape[d];
  if (records->values && records->rank && records->shape[0] && (flat || whole)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "records of this model have %zu elements in %zu dimensions, and the array %zu dimensions with %zu "
                    "elements for each of %zu records",
                    input->count, input->rank, records->rank,
                    records->shape[0] ? umbra_ndarray_count(records) / records->shape[0] : 0, records->shape[0]);
}

/* Marks the nodes behind the output. */
static umbra_status find_needed(run *r) {
  UMBRA_TRY(umbra_alloc(&r->needed, r->model->node_count, 1, "a model"));
  r->needed[0] = r->needed[r->output->node] = 1;
  for (size_t i = r->output->node + 1; i-- > 0;) {
    if (!r->needed[i]) continue;
    const umbra_node *n = &r->model->nodes[i];
    r->elements += n->count;
    for (size_t k = 0; k < n->input_count; k++) r->needed[n->inputs[k]] = 1;
  }
  return UMBRA_OK;
}

static umbra_status make_results(umbra_ndarray *made, run *r, size_t rows) {
  *made = (umbra_ndarray){.rank = 1 + r->output->rank, .shape = {rows}};
  for (size_t d = 0; d < r->output->rank; d++) made->shape[1 + d] = r->output->shape[d];
  r->each = umbra_ndarray_count(made) / rows;
  UMBRA_TRY(umbra_alloc(&made->values, rows * r->each, sizeof *made->values, "results"));
  r->results = made->values;
  return UMBRA_OK;
}

static umbra_status check_results(const run *r) {
  if (atomic_load(r->out_of_memory))
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %zu numbers for each thread", r->elements);
  for (size_t i = r->first * r->each; i < r->end * r->each; i++)
    if (!isfinite(r->results[i]))
      return umbra_fail(UMBRA_ERROR_RANGE, "the result of record %zu is not finite", i / r->each + 1);
  return UMBRA_OK;
}

static umbra_status run_batch(run *r, size_t rows, const umbra_progress *progress) {
  enum { SHARES_OF_A_THREAD = 4 };
  uint32_t threads = umbra_parallel_default();
  size_t block = (size_t)SHARE * SHARES_OF_A_THREAD * threads;
  for (r->first = 0; r->first < rows; r->first = r->end) {
    if (progress && progress->report && progress->report(progress->user, (double)r->first / (double)rows))
      return umbra_fail(UMBRA_ERROR_CANCELLED, "cancelled after %zu of %zu records", r->first, rows);
    r->end = rows - r->first < block ? rows : r->first + block;
    umbra_parallel(threads, (uint32_t)umbra_quotient_above(r->end - r->first, SHARE), compute_share, r);
    UMBRA_TRY(check_results(r));
  }
  return UMBRA_OK;
}

umbra_status umbra_model_run(const umbra_model *model, umbra_ndarray *results, const umbra_ndarray *records,
                             size_t output, const umbra_progress *progress) {
  if (!model || !results || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "model, results or records is NULL");
  if (output >= model->output_count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "output %zu; the model has %zu", output, model->output_count);
  UMBRA_TRY(check_records(model, records));
  atomic_int out_of_memory = 0;
  run r = {
      .out_of_memory = &out_of_memory, .model = model, .output = &model->outputs[output], .records = records->values};
  umbra_ndarray made = {0};
  umbra_status status = find_needed(&r);
  if (status == UMBRA_OK) status = make_results(&made, &r, records->shape[0]);
  if (status == UMBRA_OK) status = run_batch(&r, records->shape[0], progress);
  umbra_free(r.needed);
  if (status != UMBRA_OK) {
    umbra_ndarray_clear(&made);
    return status;
  }
  umbra_ndarray_clear(results);
  *results = made;
  return UMBRA_OK;
}
