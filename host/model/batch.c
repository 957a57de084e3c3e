/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <stdatomic.h>
#include <string.h>

#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "interpret.h"

enum { SHARE = 4, SEATS_OF_A_THREAD = 4 };

/* Networks with more products than this take records one by one: so nobody waits long for progress. */
#define LARGE_WORK (UINT64_C(1) << 22)

typedef struct block {
  const umbra_batch *batch;
  size_t elements; /* of the values that are needed */
  size_t first, end, share;
  atomic_int out_of_memory;
} block;

static int needs(const umbra_batch *b, size_t node) { return !b->needed || b->needed[node]; }

/* ---- one record ---- */

typedef struct desk {
  double **values; /* of each node; of those that are not needed NULL */
  double *room;
} desk;

static umbra_status open_desk(desk *d, const umbra_batch *b, size_t elements) {
  *d = (desk){0};
  UMBRA_TRY(umbra_alloc(&d->values, b->model->node_count, sizeof *d->values, "values of a model"));
  UMBRA_TRY(umbra_alloc(&d->room, elements, sizeof *d->room, "values of a model"));
  double *next = d->room;
  for (size_t i = 0; i < b->model->node_count; i++) {
    if (!needs(b, i)) continue;
    d->values[i] = next;
    next += b->model->nodes[i].count;
  }
  return UMBRA_OK;
}

static void close_desk(desk *d) {
  umbra_free(d->room);
  umbra_free(d->values);
}

static void compute(const desk *d, const umbra_batch *b, size_t record) {
  size_t count = b->model->nodes[0].count;
  memcpy(d->values[0], b->records + record * count, count * sizeof **d->values);
  for (uint32_t i = 1; i < b->model->node_count; i++)
    if (needs(b, i)) umbra_node_compute(d->values, b->model, i);
}

static void compute_share(const void *data, uint32_t item) {
  block *k = (block *)data;
  size_t first = k->first + item * k->share, end = first + k->share < k->end ? first + k->share : k->end;
  desk d;
  if (open_desk(&d, k->batch, k->elements) != UMBRA_OK) {
    atomic_store(&k->out_of_memory, 1);
    end = first;
  }
  for (size_t i = first; i < end; i++) {
    compute(&d, k->batch, i);
    k->batch->visit(k->batch->user, d.values, i, item);
  }
  close_desk(&d);
}

/* ---- all of them ---- */

uint32_t umbra_batch_seats(void) { return SEATS_OF_A_THREAD * umbra_parallel_default(); }

static size_t elements_needed(const umbra_batch *b) {
  size_t sum = 0;
  for (size_t i = 0; i < b->model->node_count; i++)
    if (needs(b, i)) sum += b->model->nodes[i].count;
  return sum;
}

static umbra_status run_block(block *k) {
  const umbra_batch *b = k->batch;
  umbra_parallel(b->seats / SEATS_OF_A_THREAD, (uint32_t)umbra_quotient_above(k->end - k->first, k->share),
                 compute_share, k);
  if (atomic_load(&k->out_of_memory))
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %zu numbers for each thread", k->elements);
  return b->check ? b->check(b->user, k->first, k->end) : UMBRA_OK;
}

umbra_status umbra_batch_run(const umbra_batch *batch, const umbra_progress *progress) {
  block k = {.batch = batch, .elements = elements_needed(batch), .share = batch->model->work > LARGE_WORK ? 1 : SHARE};
  const size_t most = k.share * batch->seats;
  for (; k.first < batch->count; k.first = k.end) {
    if (progress && progress->report && progress->report(progress->user, (double)k.first / (double)batch->count))
      return umbra_fail(UMBRA_ERROR_CANCELLED, "cancelled after %zu of %zu records", k.first, batch->count);
    k.end = batch->count - k.first < most ? batch->count : k.first + most;
    UMBRA_TRY(run_block(&k));
  }
  return UMBRA_OK;
}

/* ---- what is wrong ---- */

umbra_status umbra_batch_check_shape(const size_t *shape, size_t rank, size_t elements, const umbra_ndarray *records) {
  int flat = records->rank == 2 && records->shape[1] == elements;
  int whole = records->rank == rank + 1;
  for (size_t d = 0; whole && d < rank; d++) whole = records->shape[d + 1] == shape[d];
  if (records->values && records->rank && records->shape[0] && (flat || whole)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "records of this model have %zu elements in %zu dimensions, and the array %zu dimensions with %zu "
                    "elements for each of %zu records",
                    elements, rank, records->rank,
                    records->shape[0] ? umbra_ndarray_count(records) / records->shape[0] : 0, records->shape[0]);
}

umbra_status umbra_batch_check_records(const umbra_model *model, const umbra_ndarray *records) {
  const umbra_node *input = &model->nodes[0];
  return umbra_batch_check_shape(input->shape, input->rank, input->count, records);
}

/* OK if there is nothing to explain. */
static umbra_status explain_node(const desk *d, const umbra_model *model, uint32_t node, size_t record) {
  const umbra_node *n = &model->nodes[node];
  const umbra_extremes own = umbra_extremes_of(d->values[node], n->count);
  char text[UMBRA_NODE_TEXT];
  if (n->input_count) {
    const umbra_extremes given = umbra_node_given(d->values, model, n);
    double worst = given.lowest < n->lo ? given.lowest : given.highest;
    if (umbra_node_is_left(n, given))
      return umbra_fail(UMBRA_ERROR_RANGE, "record %zu: %s is given %g, which is outside its interval [%g, %g]",
                        record + 1, umbra_node_text(text, model, node), worst, n->lo, n->hi);
  }
  if (umbra_extremes_finite(own)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "the result of record %zu is not finite, from %s on", record + 1,
                    umbra_node_text(text, model, node));
}

static umbra_status explain_record(const desk *d, const umbra_batch *b, size_t record) {
  compute(d, b, record);
  for (uint32_t i = 0; i < b->model->node_count; i++)
    if (needs(b, i)) UMBRA_TRY(explain_node(d, b->model, i, record));
  return UMBRA_OK;
}

umbra_status umbra_batch_explain(const umbra_batch *batch, size_t first, size_t end) {
  desk d;
  umbra_status status = open_desk(&d, batch, elements_needed(batch));
  for (size_t i = first; i < end && status == UMBRA_OK; i++) status = explain_record(&d, batch, i);
  close_desk(&d);
  if (status != UMBRA_OK) return status;
  return umbra_fail(UMBRA_ERROR_RANGE, "a result of records %zu to %zu is not finite", first + 1, end);
}
