/* SPDX-License-Identifier: Apache-2.0 */
#include "encrypted.h"

#include <math.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../ckks/dry.h"
#include "../ckks/encoder.h"
#include "../ckks/evaluator_internal.h"
#include "../linalg/multiply.h"

/* ---- life ---- */

static void destroy(void *object) {
  umbra_inference_weights *weights = object;
  for (size_t i = 0; weights->matrix && i < weights->count; i++) umbra_matrix_destroy(weights->matrix[i]);
  umbra_free(weights->matrix);
  umbra_context_destroy(weights->context);
  umbra_free(weights);
}

umbra_status umbra_encrypted_open(umbra_inference_weights **weights, const umbra_context *context, size_t count) {
  UMBRA_TRY(umbra_alloc(weights, 1, sizeof **weights, "encrypted weights"));
  **weights = (umbra_inference_weights){
      .counted = UMBRA_COUNTED(destroy), .context = umbra_context_share(context), .count = count};
  return umbra_alloc(&(*weights)->matrix, count, sizeof *(*weights)->matrix, "encrypted weights");
}

umbra_inference_weights *umbra_inference_weights_share(const umbra_inference_weights *weights) {
  return umbra_share(weights);
}
void umbra_inference_weights_destroy(umbra_inference_weights *weights) { umbra_release(weights); }

uint64_t umbra_inference_weights_bytes(const umbra_inference_weights *weights) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < weights->count; i++)
    if (weights->matrix[i]) bytes += umbra_matrix_bytes(weights->matrix[i]);
  return bytes;
}

void umbra_inference_weights_owner(const umbra_inference_weights *weights, uint8_t owner[UMBRA_OWNER_BYTES]) {
  umbra_matrix_owner(weights->matrix[0], owner);
}

/* ---- what they are ---- */

/* One of the matrices, which a batch of rows is multiplied by, or which is added to it. */
typedef struct piece {
  size_t rows, columns;
  uint32_t level;
  umbra_matrix_layout layout;
  const double *values;         /* NULL: the program has none */
  size_t row_step, column_step; /* from one of them to the next */
} piece;

/* layout: of what it is multiplied by. */
static piece term_of(const umbra_program *program, const umbra_step *step, size_t term, uint32_t level,
                     const umbra_matrix_layout *layout) {
  const umbra_term *t = &step->terms[term];
  const size_t rows = umbra_program_count(program, t->value);
  piece made = {.rows = rows,
                .columns = step->count,
                .level = level,
                .layout = *layout,
                .values = t->weights,
                .row_step = 1,
                .column_step = rows};
  made.layout.order = UMBRA_MATRIX_DIAGONALS;
  made.layout.group = 0;
  return made;
}

static piece bias_of(const umbra_step *step, uint32_t level, const umbra_matrix_layout *layout) {
  return (piece){.rows = layout->stride,
                 .columns = step->count,
                 .level = level - 1,
                 .layout = *layout,
                 .values = step->bias,
                 .column_step = 1};
}

/* What is done with each of the matrices. */
typedef struct visitor {
  umbra_status (*visit)(const struct visitor *visitor, size_t i, const piece *piece);
  umbra_inference_weights *weights; /* made, */
  umbra_encryptor by;
  umbra_watch *watch;
  const umbra_inference_weights *given; /* or looked at, */
  double bound;                         /* which then have this one; 0: not known */
} visitor;

static umbra_status visit(const visitor *v, size_t i, const umbra_way *way, piece p) {
  UMBRA_TRY(umbra_layout_choose(&p.layout, p.rows, p.columns, umbra_params_slots(way->params)));
  if (umbra_layout_parts(&p.layout, p.rows, p.columns) <= UMBRA_ENCRYPTED_MOST_PARTS) return v->visit(v, i, &p);
  return umbra_fail(UMBRA_ERROR_RANGE, "encrypted weights of %zu x %zu take more than %d ciphertexts", p.columns,
                    p.rows, UMBRA_ENCRYPTED_MOST_PARTS);
}

static umbra_status visit_all(const visitor *v, const umbra_program *program, const umbra_way *way) {
  size_t i = 0;
  for (size_t step = 0; step < program->step_count; step++) {
    const umbra_step *s = &program->steps[step];
    if (s->kind != UMBRA_STEP_LINEAR) continue;
    const uint32_t level = way->levels[step].level;
    for (size_t t = 0; t < s->term_count; t++)
      UMBRA_TRY(visit(v, i++, way, term_of(program, s, t, level, &way->layout)));
    UMBRA_TRY(visit(v, i++, way, bias_of(s, level, &way->layout)));
  }
  return UMBRA_OK;
}

static double largest_of(const double *values, size_t count, double largest) {
  for (size_t i = 0; values && i < count; i++) largest = umbra_larger(largest, fabs(values[i]));
  return largest;
}

double umbra_encrypted_bound(const umbra_program *program) {
  double largest = 0;
  for (size_t i = 0; i < program->step_count; i++) {
    const umbra_step *s = &program->steps[i];
    if (s->kind != UMBRA_STEP_LINEAR) continue;
    for (size_t t = 0; t < s->term_count; t++)
      largest = largest_of(s->terms[t].weights, umbra_program_weights(program, s, &s->terms[t]), largest);
    largest = largest_of(s->bias, umbra_step_biases(s), largest);
  }
  return umbra_public_magnitude(largest);
}

static size_t count_of(const umbra_program *program) {
  size_t count = 0;
  for (size_t i = 0; i < program->step_count; i++)
    if (program->steps[i].kind == UMBRA_STEP_LINEAR) count += program->steps[i].term_count + 1;
  return count;
}

/* Files of plans may say anything. */
static umbra_status check_way(const umbra_program *program, const umbra_way *way) {
  if (program->image.channels)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "encrypted weights are for matrices, and these layers are of images");
  if (!count_of(program)) return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "encrypted weights of a network that has none");
  if (umbra_params_keyed_level(way->params) == umbra_params_depth(way->params)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "products with encrypted weights need keys at all levels");
}

/* ---- making them ---- */

static double value_at(umbra_element element, const void *source) {
  const piece *p = source;
  return p->values ? p->values[element.row * p->row_step + element.column * p->column_step] : 0;
}

static umbra_status make_matrix(const visitor *v, size_t i, const piece *p) {
  const umbra_matrix_source source = {value_at, p, v->weights->bound};
  umbra_matrix **made = &v->weights->matrix[i];
  if (!umbra_context_has_values(v->by.context))
    return umbra_dry_matrix(made, v->by.context, p->rows, p->columns, p->level, source.bound, &p->layout);
  if (umbra_context_simulates(v->by.context) && p->layout.order == UMBRA_MATRIX_DIAGONALS) return UMBRA_OK;
  const umbra_watch_part part = umbra_watch_enter(v->watch, i, v->weights->count);
  const umbra_status status =
      umbra_matrix_encrypt_source(made, v->by, &source, p->rows, p->columns, &p->layout, p->level, v->watch);
  umbra_watch_leave(v->watch, part);
  return status;
}

umbra_status umbra_encrypted_simulate(umbra_evaluator *evaluator, umbra_matrix **product, const umbra_matrix *x,
                                      const umbra_program *program, const umbra_step *step, size_t term, uint32_t level,
                                      double bound) {
  piece p = term_of(program, step, term, level, &x->layout);
  const umbra_matrix_source source = {value_at, &p, bound};
  const uint32_t slots = umbra_params_slots(umbra_context_params(evaluator->context));
  UMBRA_TRY(umbra_layout_choose(&p.layout, p.rows, p.columns, slots));
  const umbra_later_matrix weights = {&source, p.rows, p.columns, p.layout, p.level};
  return umbra_matrix_multiply_later(evaluator, product, x, &weights);
}

umbra_status umbra_encrypted_make(umbra_inference_weights **weights, umbra_encryptor by, const umbra_program *program,
                                  const umbra_way *way, umbra_watch *watch) {
  umbra_inference_weights *made = NULL;
  UMBRA_TRY(check_way(program, way));
  umbra_status status = umbra_encrypted_open(&made, by.context, count_of(program));
  const visitor v = {.visit = make_matrix, .weights = made, .by = by, .watch = watch};
  if (status == UMBRA_OK) made->bound = way->weight_bound > 0 ? way->weight_bound : umbra_encrypted_bound(program);
  if (status == UMBRA_OK) status = visit_all(&v, program, way);
  if (status == UMBRA_OK) *weights = made;
  else umbra_inference_weights_destroy(made);
  return status;
}

static umbra_status encrypt(umbra_inference_weights **weights, const umbra_inference_plan *plan, umbra_encryptor by,
                            const umbra_progress *progress) {
  umbra_inference_weights *made = NULL;
  if (!weights || !plan)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "encrypted weights need an output, a plan and a key");
  if (plan->ways->weights != UMBRA_WEIGHTS_ENCRYPTED)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the plan is for plain weights: plan with encrypted ones");
  UMBRA_TRY(umbra_inference_plan_check_weights(plan));
  UMBRA_TRY(umbra_inference_plan_check(plan, by.context, "the key"));
  umbra_watch watch = umbra_watch_of(progress);
  umbra_status status = umbra_watch_close(&watch, umbra_encrypted_make(&made, by, plan->program, plan->ways, &watch));
  if (status == UMBRA_OK && made) {
    memcpy(made->plan, plan->digest, sizeof made->plan);
    UMBRA_PUT(inference_weights, weights, made);
  } else {
    umbra_inference_weights_destroy(made);
  }
  return status;
}

umbra_status umbra_inference_weights_encrypt(umbra_inference_weights **weights, const umbra_inference_plan *plan,
                                             const umbra_public_key *key, const umbra_progress *progress) {
  if (!key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_inference_weights_encrypt needs a public key");
  return encrypt(weights, plan, umbra_encryptor_of(key), progress);
}

umbra_status umbra_inference_weights_encrypt_symmetric(umbra_inference_weights **weights,
                                                       const umbra_inference_plan *plan, const umbra_secret_key *key,
                                                       const umbra_progress *progress) {
  if (!key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_inference_weights_encrypt_symmetric needs a secret key");
  return encrypt(weights, plan, umbra_encryptor_of_secret(key), progress);
}

/* ---- whether they fit ---- */

static umbra_status check_matrix(const visitor *v, size_t i, const piece *p) {
  const umbra_matrix *m = v->given->matrix[i];
  int same = m->rows == p->rows && m->columns == p->columns && umbra_layout_same(&m->layout, &p->layout);
  for (size_t k = 0; same && k < m->parts; k++) same = umbra_ciphertext_level(m->part[k]) == p->level;
  if (same && (v->bound == 0 || umbra_matrix_is_within(m, v->bound))) return UMBRA_OK;
  if (same)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "encrypted matrix %zu of the weights may be beyond their bound, %g", i + 1,
                      v->bound);
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "encrypted matrix %zu of the weights is of another shape or level than planned", i + 1);
}

umbra_status umbra_encrypted_check(const umbra_inference_weights *weights, const umbra_inference_plan *plan) {
  const visitor v = {.visit = check_matrix, .given = weights, .bound = plan->ways->weight_bound};
  UMBRA_TRY(check_way(plan->program, plan->ways));
  if (memcmp(plan->digest, weights->plan, sizeof weights->plan) != 0 || weights->count != count_of(plan->program))
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the weights were encrypted by another plan");
  return visit_all(&v, plan->program, plan->ways);
}
