/* SPDX-License-Identifier: Apache-2.0 */
/* What a training draws from its seed, the same on every machine: the order of records, and first weights. */
#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/random.h"
#include "plan.h"
#include "scaling.h"

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

/* ---- orders ---- */

typedef uint64_t (*word_source)(void *state);

static uint64_t seeded_word(void *state) { return umbra_train_random(state); }

static uint64_t keyed_word(void *state) {
  uint64_t word;
  umbra_random_bytes(state, &word, sizeof word);
  return word;
}

/* Uniform below `bound`: words under 2^64 mod bound are drawn again. */
static uint64_t below(word_source next, void *state, uint64_t bound) {
  uint64_t least = (0 - bound) % bound, word;
  do word = next(state);
  while (word < least);
  return word % bound;
}

static void shuffle(size_t *order, size_t count, word_source next, void *state) {
  for (size_t k = 0; k < count; k++) order[k] = k;
  for (size_t left = count; left > 1; left--) { /* Fisher and Yates */
    size_t taken = below(next, state, left), last = order[left - 1];
    order[left - 1] = order[taken];
    order[taken] = last;
  }
}

void umbra_train_shuffle(size_t *order, size_t count, uint64_t seed) { shuffle(order, count, seeded_word, &seed); }

void umbra_train_deal(size_t *order, const umbra_train_options *options) {
  if (options->shuffle) umbra_train_shuffle(order, options->rows, options->seed);
  else
    for (size_t k = 0; k < options->rows; k++) order[k] = k;
}

/* The plan commits to the key by its id: another order would be a training that nobody planned. */
static umbra_status check_key(const umbra_train_plan *plan, const umbra_records *records) {
  uint8_t id[UMBRA_DIGEST_BYTES] = {0};
  const umbra_scaling *scaling = records ? records->scaling : NULL;
  if (!scaling)
    return umbra_fail(UMBRA_ERROR_MISMATCH,
                      "the order of records follows from a secret of their scaling, and no scaling made these: "
                      "umbra_scaling_apply does, with the one that the plan was made with");
  if (!scaling->known)
    return umbra_fail(
        UMBRA_ERROR_MISMATCH,
        "the order of records follows from a secret of their scaling, and the scaling that made these has "
        "none: its file lacks it, or is of an earlier version");
  UMBRA_TRY(umbra_scaling_identify(id, scaling, plan->digest));
  if (memcmp(id, plan->training, sizeof id) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "the order of records follows from a secret of their scaling, and these were made by another "
                    "scaling than the one of this plan");
}

static umbra_status deal_secretly(const umbra_train_plan *plan, size_t *order, const umbra_records *records) {
  uint8_t key[UMBRA_DIGEST_BYTES];
  umbra_random random;
  UMBRA_TRY(check_key(plan, records));
  umbra_scaling_order_key(key, records->scaling, plan->options.seed);
  umbra_random_open_seeded(&random, key);
  shuffle(order, plan->options.rows, keyed_word, &random);
  umbra_random_close(&random);
  sodium_memzero(key, sizeof key);
  return UMBRA_OK;
}

umbra_status umbra_train_plan_order(const umbra_train_plan *plan, size_t *order, const umbra_records *records) {
  if (!plan || !order)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_order needs a plan and an output");
  if (plan->options.shuffle == UMBRA_SHUFFLE_SECRET) return deal_secretly(plan, order, records);
  umbra_train_deal(order, &plan->options);
  return UMBRA_OK;
}
