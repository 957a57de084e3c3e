/* SPDX-License-Identifier: Apache-2.0 */
/* Programs on matrices and images, whatever the device: encrypted, simulated, or dry. */
#include <string.h>
#include <umbra/matrix_ops.h>
#include <umbra/product.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../ckks/calls.h"
#include "../ckks/digest.h"
#include "../ckks/trace.h"
#include "../linalg/matrix.h"
#include "../nn/feature_map.h"
#include "network.h"
#include "plan.h"

/* One of both. */
typedef struct value {
  umbra_matrix *matrix;
  umbra_feature_map *map;
} value;

/* The same to be read. */
typedef struct operand {
  const umbra_matrix *matrix;
  const umbra_feature_map *map;
} operand;

typedef struct run {
  umbra_evaluator *evaluator;
  const umbra_inference *network;
  const umbra_matrix *input;
  const umbra_step_observer *observer; /* NULL: nobody */
  uint32_t record;                     /* from 1; 0: all of a batch at once */
  value *values;                       /* of each step, behind that of the input if it is an image */
  size_t *last;                        /* the last step that reads each value */
} run;

static operand operand_of(const run *r, uint32_t number) {
  return (operand){number ? r->values[number].matrix : r->input, r->values[number].map};
}

static void release(value *v) {
  umbra_matrix_destroy(v->matrix);
  umbra_feature_map_destroy(v->map);
  *v = (value){0};
}

static const umbra_ciphertext *first_of(operand x) { return x.map ? x.map->part[0] : x.matrix->part[0]; }

/* ---- linear steps ---- */

/* Sums at keyless levels have three parts, until they are where there are keys. */
static umbra_status relinearize(umbra_evaluator *evaluator, umbra_matrix **x) {
  const uint32_t keyed = umbra_params_keyed_level(umbra_context_params(evaluator->context));
  if (umbra_ciphertext_parts((*x)->part[0]) == 2 || umbra_matrix_level(*x) > keyed) return UMBRA_OK;
  return umbra_matrix_relinearize(evaluator, x, *x);
}

/* A map is a row of its positions. */
static umbra_status apply(const run *r, umbra_matrix **out, operand x, const umbra_weights *weights) {
  umbra_matrix *row = NULL;
  if (!x.map) return umbra_matrix_apply(r->evaluator, out, x.matrix, weights);
  umbra_status status = umbra_feature_map_as_row(x.map, &row);
  if (status == UMBRA_OK) status = umbra_matrix_apply(r->evaluator, out, row, weights);
  umbra_matrix_destroy(row);
  return status;
}

static umbra_status add_term(const run *r, umbra_matrix **sum, const umbra_term *term, const umbra_weights *weights) {
  umbra_matrix *product = NULL;
  umbra_status status = apply(r, &product, operand_of(r, term->value), weights);
  if (status == UMBRA_OK) status = umbra_matrix_add(r->evaluator, sum, *sum, product);
  umbra_matrix_destroy(product);
  return status;
}

/* ---- with encrypted weights ---- */

/* The bias has the ciphertexts of one block of records, and the sum those of all blocks. */
static umbra_status add_bias(const run *r, umbra_matrix *sum, const umbra_matrix *bias) {
  for (size_t i = 0; i < sum->parts; i++)
    UMBRA_TRY(umbra_add(r->evaluator, &sum->part[i], sum->part[i], bias->part[i % bias->parts]));
  return UMBRA_OK;
}

/* weights: NULL in a simulation. */
static umbra_status multiply_term(const run *r, umbra_matrix **product, const umbra_step *step, size_t term,
                                  const umbra_matrix *weights) {
  const umbra_inference *n = r->network;
  const umbra_matrix *x = operand_of(r, step->terms[term].value).matrix;
  if (weights) return umbra_matrix_multiply(r->evaluator, product, x, weights, NULL);
  const uint32_t level = n->levels[step - n->program->steps].level;
  return umbra_encrypted_simulate(r->evaluator, product, x, n->program, step, term, level, n->weights->bound);
}

static umbra_status add_product(const run *r, umbra_matrix **sum, const umbra_step *step, size_t term,
                                const umbra_matrix *weights) {
  umbra_matrix *product = NULL;
  umbra_status status = multiply_term(r, &product, step, term, weights);
  if (status == UMBRA_OK) status = umbra_matrix_add(r->evaluator, sum, *sum, product);
  umbra_matrix_destroy(product);
  return status;
}

static umbra_status run_encrypted(const run *r, umbra_matrix **out, const umbra_step *step,
                                  umbra_matrix *const *weights) {
  UMBRA_TRY(multiply_term(r, out, step, 0, weights[0]));
  for (size_t t = 1; t < step->term_count; t++) UMBRA_TRY(add_product(r, out, step, t, weights[t]));
  UMBRA_TRY(add_bias(r, *out, weights[step->term_count]));
  umbra_matrix_declare(*out, umbra_step_magnitude(r->network->program, step));
  return UMBRA_OK;
}

static umbra_status run_linear(const run *r, umbra_matrix **out, const umbra_step *step,
                               const umbra_layer_weights *layer) {
  UMBRA_TRACE(r->evaluator, "layer_linear", first_of(operand_of(r, step->terms[0].value)));
  if (layer->encrypted) return run_encrypted(r, out, step, layer->encrypted);
  UMBRA_TRY(apply(r, out, operand_of(r, step->terms[0].value), layer->term[0]));
  for (size_t t = 1; t < step->term_count; t++) UMBRA_TRY(add_term(r, out, &step->terms[t], layer->term[t]));
  if (step->term_count > 1) umbra_matrix_declare(*out, umbra_step_magnitude(r->network->program, step));
  return relinearize(r->evaluator, out);
}

/* ---- images ---- */

static umbra_status multiply(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                             const void *user) {
  const double *factor = user;
  return umbra_mul_constant(evaluator, out, x, *factor, 0);
}

static umbra_status run_window(const run *r, umbra_feature_map **out, const umbra_term *term,
                               const umbra_convolution *convolution) {
  const umbra_feature_map *x = r->values[term->value].map;
  if (convolution) return umbra_convolution_apply(r->evaluator, out, x, convolution);
  if (term->factor != 1) return umbra_feature_map_function(r->evaluator, out, x, multiply, &term->factor, 0);
  return umbra_feature_map_from(out, (const umbra_ciphertext *const *)x->part, x->parts, &x->layout);
}

static umbra_status add_window(const run *r, umbra_feature_map **sum, const umbra_term *term,
                               const umbra_convolution *convolution) {
  umbra_feature_map *made = NULL;
  umbra_status status = run_window(r, &made, term, convolution);
  if (status == UMBRA_OK) status = umbra_feature_map_add(r->evaluator, sum, *sum, made);
  umbra_feature_map_destroy(made);
  return status;
}

static umbra_status run_convolution(const run *r, umbra_feature_map **out, const umbra_step *step,
                                    const umbra_layer_weights *layer) {
  UMBRA_TRACE(r->evaluator, "layer_convolution", first_of(operand_of(r, step->terms[0].value)));
  UMBRA_TRY(run_window(r, out, &step->terms[0], layer->window[0]));
  for (size_t t = 1; t < step->term_count; t++) UMBRA_TRY(add_window(r, out, &step->terms[t], layer->window[t]));
  umbra_parts_declare_within((*out)->part, (*out)->parts, 1);
  return UMBRA_OK;
}

/* ---- functions ---- */

static umbra_status square(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                           const void *user) {
  (void)user;
  return umbra_square(evaluator, out, x);
}

static umbra_status relu(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                         const void *user) {
  return umbra_relu(evaluator, out, x, user);
}

static umbra_status run_on_matrix(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_step *step,
                                  const umbra_matrix *x) {
  switch (step->kind) {
    case UMBRA_STEP_SQUARE: return umbra_matrix_mul(evaluator, out, x, x);
    case UMBRA_STEP_CHEBYSHEV: return umbra_matrix_chebyshev(evaluator, out, x, step->coefficients, step->degree, 1);
    default: UMBRA_TRY(umbra_matrix_map(evaluator, out, x, relu, step->sign)); umbra_matrix_declare(*out, 1);
  }
  return UMBRA_OK;
}

static umbra_status run_on_map(umbra_evaluator *evaluator, umbra_feature_map **out, const umbra_step *step,
                               const umbra_feature_map *x) {
  switch (step->kind) {
    case UMBRA_STEP_SQUARE: return umbra_feature_map_function(evaluator, out, x, square, NULL, 1);
    case UMBRA_STEP_CHEBYSHEV:
      return umbra_feature_map_chebyshev(evaluator, out, x, step->coefficients, step->degree, 1);
    default: return umbra_feature_map_relu(evaluator, out, x, step->sign, 1);
  }
}

static umbra_status run_function(const run *r, value *out, const umbra_step *step, operand x) {
  UMBRA_TRACE(r->evaluator, "layer_activation", first_of(x));
  if (x.map) return run_on_map(r->evaluator, &out->map, step, x.map);
  return run_on_matrix(r->evaluator, &out->matrix, step, x.matrix);
}

static umbra_status drop(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                         const void *user) {
  const uint32_t *level = user;
  return umbra_level_drop(evaluator, out, x, x->level < *level ? x->level : *level);
}

/* Of a value at the level at which the step is to begin. */
static umbra_status run_dropped(const run *r, value *out, const umbra_step *step, operand x, uint32_t level) {
  value low = {0};
  const uint32_t now = x.map ? umbra_feature_map_level(x.map) : umbra_matrix_level(x.matrix);
  if (now <= level) return run_function(r, out, step, x);
  umbra_status status = x.map ? umbra_feature_map_function(r->evaluator, &low.map, x.map, drop, &level, 0)
                              : umbra_matrix_map(r->evaluator, &low.matrix, x.matrix, drop, &level);
  if (status == UMBRA_OK) status = run_function(r, out, step, (operand){low.matrix, low.map});
  release(&low);
  return status;
}

/* ---- refreshes ---- */

static umbra_status refresh_slots(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                                  const void *user) {
  return umbra_bootstrap(evaluator, out, x, user);
}

static umbra_status refresh(const run *r, value *v) {
  const umbra_bootstrapper *by = r->network->bootstrapper;
  UMBRA_TRACE(r->evaluator, "layer_refresh", first_of((operand){v->matrix, v->map}));
  if (v->map) {
    UMBRA_TRY(umbra_feature_map_bootstrap(r->evaluator, &v->map, v->map, by));
    umbra_parts_declare_within(v->map->part, v->map->parts, 1);
    return UMBRA_OK;
  }
  UMBRA_TRY(umbra_matrix_map(r->evaluator, &v->matrix, v->matrix, refresh_slots, by));
  umbra_matrix_declare(v->matrix, 1);
  return UMBRA_OK;
}

/* ---- steps ---- */

static umbra_status run_kind(const run *r, size_t i) {
  const umbra_step *step = &r->network->program->steps[i];
  const umbra_layer_weights *layer = &r->network->layers[i];
  value *out = &r->values[i + 1];
  switch (step->kind) {
    case UMBRA_STEP_LINEAR: return run_linear(r, &out->matrix, step, layer);
    case UMBRA_STEP_CONVOLUTION: return run_convolution(r, &out->map, step, layer);
    default: return run_dropped(r, out, step, operand_of(r, step->terms[0].value), r->network->levels[i].level);
  }
}

static umbra_status observe(const run *r, size_t i, int refreshed) {
  const value *made = &r->values[i + 1];
  if (!r->observer) return UMBRA_OK;
  const uint32_t level = made->map ? umbra_feature_map_level(made->map) : umbra_matrix_level(made->matrix);
  return r->observer->told(r->observer->user, i, refreshed, level);
}

static umbra_status tell_digest(const run *r, size_t i) {
  const value *made = &r->values[i + 1];
  const uint32_t layer = (uint32_t)i + 1;
  if (made->map) return umbra_digest_tell(r->evaluator, layer, r->record, made->map->part, made->map->parts);
  return umbra_digest_tell(r->evaluator, layer, r->record, made->matrix->part, made->matrix->parts);
}

static umbra_status run_step(const run *r, size_t i) {
  UMBRA_TRY(run_kind(r, i));
  UMBRA_TRY(observe(r, i, 0));
  if (r->network->levels[i].refreshed) {
    UMBRA_TRY(refresh(r, &r->values[i + 1]));
    UMBRA_TRY(observe(r, i, 1));
  }
  return tell_digest(r, i);
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
  for (size_t t = 0; t < step->term_count; t++)
    if (r->last[step->terms[t].value] == i) release(&r->values[step->terms[t].value]);
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

/* An image, if there are images. */
static umbra_status set_input(const run *r) {
  const umbra_feature_layout *image = &r->network->places[0];
  const umbra_ciphertext *const *part = (const umbra_ciphertext *const *)r->input->part;
  return image->channels ? umbra_feature_map_from(&r->values->map, part, r->input->parts, image) : UMBRA_OK;
}

/* Of a batch; of an image if there are images. */
static umbra_status run_batch(const run *like, umbra_matrix **out, const umbra_matrix *batch, uint32_t record) {
  const size_t values = like->network->program->step_count + 1;
  run r = *like;
  r.input = batch;
  r.record = record;
  umbra_status status = umbra_alloc(&r.values, values, sizeof *r.values, "values of a network");
  if (status == UMBRA_OK) status = umbra_alloc(&r.last, values, sizeof *r.last, "values of a network");
  if (status == UMBRA_OK) status = set_input(&r);
  if (status == UMBRA_OK) status = run_steps(&r);
  if (status == UMBRA_OK) {
    UMBRA_PUT(matrix, out, r.values[values - 1].matrix);
    r.values[values - 1].matrix = NULL;
  }
  for (size_t i = 0; r.values && i < values; i++) release(&r.values[i]);
  umbra_free(r.values);
  umbra_free(r.last);
  return status;
}

static umbra_status run_row(const run *like, umbra_matrix **out, const umbra_matrix *batch, size_t row) {
  umbra_matrix *image = NULL;
  umbra_watch *watch = &like->evaluator->watch;
  const umbra_watch_part part = umbra_watch_enter(watch, row, batch->rows);
  umbra_status status = umbra_matrix_slice(&image, batch, row, 1, 0, batch->columns);
  if (status == UMBRA_OK) status = run_batch(like, out, image, (uint32_t)row + 1);
  umbra_watch_leave(watch, part);
  umbra_matrix_destroy(image);
  return status;
}

/* One after the other; the batch may be the output. */
static umbra_status run_rows(const run *like, umbra_matrix **out, const umbra_matrix *batch) {
  const size_t count = batch->rows;
  umbra_matrix **rows;
  UMBRA_TRY(umbra_alloc(&rows, count, sizeof(umbra_matrix *), "results of a network"));
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++) status = run_row(like, &rows[i], batch, i);
  if (status == UMBRA_OK) status = umbra_matrix_join_rows(out, (const umbra_matrix *const *)rows, count);
  for (size_t i = 0; i < count; i++) umbra_matrix_destroy(rows[i]);
  umbra_free(rows);
  return status;
}

/* Of records; whether they are those of the keys has been asked before. Without records there are no owners. */
static umbra_status check_owner(const umbra_inference *network, const umbra_matrix *batch) {
  uint8_t owner[UMBRA_OWNER_BYTES], of_weights[UMBRA_OWNER_BYTES];
  if (!network->weights || network->context->stand_ins) return UMBRA_OK;
  umbra_matrix_owner(batch, owner);
  umbra_inference_weights_owner(network->weights, of_weights);
  if (memcmp(owner, of_weights, sizeof owner) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "the weights were encrypted for another owner than that of the records");
}

static umbra_status check(const umbra_evaluator *evaluator, umbra_matrix *const *out, const umbra_matrix *batch,
                          const umbra_inference *network) {
  if (!evaluator || !out || !batch || !network)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_inference_run needs an evaluator, an output, records and a network");
  UMBRA_TRY(umbra_check_own(evaluator, network->context, "the network"));
  UMBRA_TRY(umbra_check_operands(evaluator, batch->part, batch->part[0], NULL));
  UMBRA_TRY(check_owner(network, batch));
  if (network->stamped) UMBRA_TRY(umbra_inference_plan_check_stamp(network->plan, batch, UMBRA_MATRIX_RECORDS));
  if (network->stamped && !umbra_matrix_is_within(batch, UMBRA_RECORDS_BOUND))
    return umbra_fail(UMBRA_ERROR_MISMATCH,
                      "records that may be beyond the bound of all plans, %g: they were not "
                      "encrypted by one",
                      UMBRA_RECORDS_BOUND);
  if (batch->columns != network->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "records of %zu elements, for a network of %zu", batch->columns,
                      network->columns);
  if (umbra_layout_same(&batch->layout, &network->layout)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "records with %u in runs of %u slots, and the network's plan has %u in %u: encrypt by that plan",
                    batch->layout.slots, batch->layout.stride, network->layout.slots, network->layout.stride);
}

umbra_status umbra_network_run(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *batch,
                               const umbra_inference *network, const umbra_step_observer *observer) {
  UMBRA_TRACE(evaluator, "inference_run", batch ? batch->part[0] : NULL);
  UMBRA_TRY(check(evaluator, out, batch, network));
  const run like = {.evaluator = evaluator, .network = network, .observer = observer};
  UMBRA_TRY(network->places[0].channels ? run_rows(&like, out, batch) : run_batch(&like, out, batch, 0));
  if (network->stamped) umbra_matrix_set_stamp(*out, network->plan, UMBRA_MATRIX_RESULTS);
  return UMBRA_OK;
}

umbra_status umbra_inference_run(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *batch,
                                 const umbra_inference *network) {
  return umbra_network_run(evaluator, out, batch, network, NULL);
}
