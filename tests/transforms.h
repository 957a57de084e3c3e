/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of linear maps: random diagonals, and ordinary ciphertexts as input and output. */
#ifndef UMBRA_TESTS_TRANSFORMS_H
#define UMBRA_TESTS_TRANSFORMS_H

#include "host/circuits/transform/transform.h"
#include "host/ckks/calls.h"
#include "host/params/params.h"
#include "scheme.h"

/* rotation: `count` of them. */
static inline umbra_diagonals diagonals_random(uint64_t *state, uint32_t slots, uint32_t period,
                                               const int32_t *rotation, size_t count) {
  umbra_diagonals made = {.slots = slots, .period = period, .count = count, .maps = 1};
  made.rotation = malloc(count * sizeof *rotation);
  made.value = malloc(2 * count * period * sizeof *made.value);
  assert_non_null(made.rotation);
  assert_non_null(made.value);
  memcpy(made.rotation, rotation, count * sizeof *rotation);
  for (size_t i = 0; i < 2 * count * period; i++) made.value[i] = uniform(state);
  made.entry = sqrt(2);
  made.row = sqrt(2) * (double)count;
  return made;
}

static inline void diagonals_destroy(umbra_diagonals *diagonals) {
  free(diagonals->rotation);
  free(diagonals->value);
}

/* The same, for what takes them over. */
static inline umbra_diagonals diagonals_taken(const umbra_diagonals *diagonals) {
  umbra_diagonals made = {0};
  assert_ok(umbra_diagonals_create(&made, diagonals->slots, diagonals->period, diagonals->count, 1));
  memcpy(made.rotation, diagonals->rotation, diagonals->count * sizeof *made.rotation);
  memcpy(made.value, diagonals->value, 2 * diagonals->count * diagonals->period * sizeof *made.value);
  made.entry = diagonals->entry;
  made.row = diagonals->row;
  return made;
}

/* The map of a vector in the clear. */
static inline vector mapped(const umbra_diagonals *d, const vector *x) {
  vector out = vector_make(d->slots);
  for (size_t k = 0; k < d->count; k++)
    for (uint32_t j = 0; j < d->slots; j++) {
      const double *value = d->value + 2 * (k * d->period + j % d->period);
      out.value[j] += (value[0] + value[1] * (number)I) * at(x, j + d->slots + (uint32_t)d->rotation[k]);
    }
  return out;
}

/* The map of an ordinary ciphertext at the map's level: an ordinary one at the level below. */
static inline umbra_status transform_ciphertext(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                const umbra_ciphertext *in, const umbra_transform *transform) {
  const umbra_chain *chain = umbra_context_chain(in->context);
  umbra_scaled x = {
      .poly = in->poly, .level = in->level, .log_scale = chain->log_scale[in->level], .estimate = in->estimate};
  umbra_scaled y;
  umbra_status status = umbra_transform_apply_scaled(evaluator, &y, &x, transform);
  if (status != UMBRA_OK) return status;
  umbra_ciphertext *made = NULL;
  assert_ok(umbra_ciphertext_make(&made, in->context, y.level));
  umbra_poly_destroy(&made->poly, in->context->ring);
  made->poly = y.poly;
  made->slots = in->slots;
  made->estimate = y.estimate;
  memcpy(made->owner, in->owner, sizeof made->owner);
  return umbra_result_finish(evaluator, out, made, UMBRA_OK);
}

#endif
