/* SPDX-License-Identifier: Apache-2.0 */
/* What a training draws from its seed, the same on every machine: the order of records, and first weights. */
#include "plan.h"

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
uint64_t umbra_train_random(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

double umbra_train_draw(uint64_t *state) { return (double)(umbra_train_random(state) >> 11) * 0x1p-52 - 1; }

double umbra_train_gaussian(uint64_t *state) {
  double sum = -6;
  for (int k = 0; k < 12; k++) sum += (double)(umbra_train_random(state) >> 11) * 0x1p-53;
  return sum;
}

/* Uniform below `bound`: words under 2^64 mod bound are drawn again. */
static uint64_t below(uint64_t *state, uint64_t bound) {
  uint64_t least = (0 - bound) % bound, word;
  do word = umbra_train_random(state);
  while (word < least);
  return word % bound;
}

void umbra_train_shuffle(size_t *order, size_t count, uint64_t seed) {
  for (size_t k = 0; k < count; k++) order[k] = k;
  for (size_t left = count; left > 1; left--) { /* Fisher and Yates */
    size_t taken = below(&seed, left), last = order[left - 1];
    order[left - 1] = order[taken];
    order[taken] = last;
  }
}

void umbra_train_deal(size_t *order, const umbra_train_options *options) {
  if (options->shuffle) umbra_train_shuffle(order, options->rows, options->seed);
  else
    for (size_t k = 0; k < options->rows; k++) order[k] = k;
}

void umbra_train_plan_order(const umbra_train_plan *plan, size_t *order) { umbra_train_deal(order, &plan->options); }
