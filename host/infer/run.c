/* SPDX-License-Identifier: Apache-2.0 */
/* Programs on matrices, whatever the device: encrypted, simulated, or dry. */
#include <umbra/matrix_ops.h>
#include <umbra/product.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../ckks/calls.h"
#include "../ckks/trace.h"
#include "../linalg/matrix.h"
#include "network.h"

typedef struct run {
  umbra_evaluator *evaluator;
  const umbra_inference *network;
  const umbra_matrix *input;
  umbra_matrix **values; /* of each value; that of the input is NULL */
  size_t *last;          /* the last step that reads each value */
} run;

static const umbra_matrix *value_of(const run *r, uint32_t value) { return value ? r->values[value] : r->input; }

/* ---- steps ---- */

/* Sums at keyless levels have three parts, until they are where there are keys. */
static umbra_status relinearize(umbra_evaluator *evaluator, umbra_matrix **x) {
  const uint32_t keyed = umbra_params_keyed_level(umbra_context_params(evaluator->context));
  if (umbra_ciphertext_parts((*x)->part[0]) == 2 || umbra_matrix_level(*x) > keyed) return UMBRA_OK;
  return umbra_matrix_relinearize(evaluator, x, *x);
}

static umbra_status add_term(const run *r, umbra_matrix **sum, const umbra_term *term, const umbra_weights *weights) {
  umbra_matrix *product = NULL;
  umbra_status status = umbra_matrix_apply(r->evaluator, &product, value_of(r, term->value), weights);
  if (status == UMBRA_OK) status = umbra_matrix_add(r->evaluator, sum, *sum, product);
  umbra_matrix_destroy(product);
  return status;
}

static umbra_status run_linear(const run *r, umbra_matrix **out, const umbra_step *step,
                               const umbra_layer_weights *layer) {
  UMBRA_TRACE(r->evaluator, "layer_linear", value_of(r, step->terms[0].value)->part[0]);
  UMBRA_TRY(umbra_matrix_apply(r->evaluator, out, value_of(r, step->terms[0].value), layer->term[0]));
  for (size_t t = 1; t < step->term_count; t++) UMBRA_TRY(add_term(r, out, &step->terms[t], layer->term[t]));
  if (step->term_count > 1) umbra_matrix_declare(*out, umbra_step_magnitude(r->network->program, step));
  return relinearize(r->evaluator, out);
}

static umbra_status relu(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                         const void *user) {
  return umbra_relu(evaluator, out, x, user);
}

static umbra_status run_function(const run *r, umbra_matrix **out, const umbra_step *step, const umbra_matrix *x) {
  umbra_evaluator *evaluator = r->evaluator;
  UMBRA_TRACE(evaluator, "layer_activation", x->part[0]);
  switch (step->kind) {
    case UMBRA_STEP_SQUARE: return umbra_matrix_mul(evaluator, out, x, x);
    case UMBRA_STEP_CHEBYSHEV: return umbra_matrix_chebyshev(evaluator, out, x, step->coefficients, step->degree, 1);
    default: UMBRA_TRY(umbra_matrix_map(evaluator, out, x, relu, step->sign)); umbra_matrix_declare(*out, 1);
  }
  return UMBRA_OK;
}

static umbra_status run_step(const run *r, size_t i) {
  const umbra_step *step = &r->network->program->steps[i];
  if (step->kind == UMBRA_STEP_LINEAR) return run_linear(r, &r->values[i + 1], step, &r->network->layers[i]);
  return run_function(r, &r->values[i + 1], step, value_of(r, step->terms[0].value));
}

/* ---- all of them ---- */

static void find_last(const run *r) {
  const umbra_program *p = r->network->program;
  for (size_t i = 0; i < p->step_count; i++)
    for (size_t t = 0; t < p->steps[i].term_count; t++) r->last[p->steps[i].terms[t].value] = i;
}

/* What no later step reads is given back. */
static void release_read(const run *r, size_t i) {
  const umbra_step *step = &r->network->program->steps[i];
  for (size_t t = 0; t < step->term_count; t++) {
    const uint32_t value = step->terms[t].value;
    if (r->last[value] != i) continue;
    umbra_matrix_destroy(r->values[value]);
    r->values[value] = NULL;
  }
}

static umbra_status run_steps(const run *r) {
  const size_t count = r->network->program->step_count;
  umbra_watch *watch = &r->evaluator->watch;
  find_last(r);
  for (size_t i = 0; i < count; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, count);
    const umbra_status status = run_step(r, i);
    umbra_watch_leave(watch, part);
    UMBRA_TRY(status);
    release_read(r, i);
  }
  return UMBRA_OK;
}

static umbra_status check(const umbra_evaluator *evaluator, umbra_matrix *const *out, const umbra_matrix *batch,
                          const umbra_inference *network) {
  if (!evaluator || !out || !batch || !network)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_inference_run needs an evaluator, an output, records and a network");
  UMBRA_TRY(umbra_check_own(evaluator, network->context, "the network"));
  UMBRA_TRY(umbra_check_operands(evaluator, batch->part, batch->part[0], NULL));
  if (batch->columns != network->program->input_count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "records of %zu elements, for a network of %zu", batch->columns,
                      network->program->input_count);
  if (umbra_layout_same(&batch->layout, &network->layout)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "records with %u in runs of %u slots, and the network's plan has %u in %u: encrypt by that plan",
                    batch->layout.slots, batch->layout.stride, network->layout.slots, network->layout.stride);
}

umbra_status umbra_inference_run(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *batch,
                                 const umbra_inference *network) {
  UMBRA_TRACE(evaluator, "inference_run", batch ? batch->part[0] : NULL);
  UMBRA_TRY(check(evaluator, out, batch, network));
  const size_t values = network->program->step_count + 1;
  run r = {.evaluator = evaluator, .network = network, .input = batch};
  umbra_status status = umbra_alloc(&r.values, values, sizeof(umbra_matrix *), "values of a network");
  if (status == UMBRA_OK) status = umbra_alloc(&r.last, values, sizeof *r.last, "values of a network");
  if (status == UMBRA_OK) status = run_steps(&r);
  if (status == UMBRA_OK) {
    UMBRA_PUT(matrix, out, r.values[values - 1]);
    r.values[values - 1] = NULL;
  }
  for (size_t i = 0; r.values && i < values; i++) umbra_matrix_destroy(r.values[i]);
  umbra_free(r.values);
  umbra_free(r.last);
  return status;
}
