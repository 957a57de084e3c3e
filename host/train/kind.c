/* SPDX-License-Identifier: Apache-2.0 */
#include "kind.h"

#include "../base/error.h"
#include "../base/memory.h"

const umbra_train_ops *umbra_train_ops_of(umbra_train_kind kind) {
  switch (kind) {
    case UMBRA_TRAIN_LOGISTIC: return &umbra_train_logistic_ops;
    case UMBRA_TRAIN_WEIGHTED: return &umbra_train_weighted_ops;
    case UMBRA_TRAIN_NETWORK: return &umbra_train_network_ops;
    case UMBRA_TRAIN_WEIGHTED_NETWORK: return &umbra_train_weighted_network_ops;
  }
  return NULL;
}

umbra_status umbra_train_kind_check(umbra_train_kind kind) {
  if (umbra_train_ops_of(kind)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "kind is %d: this version trains %s (%d), %s (%d), %s (%d) and %s (%d) only", (int)kind,
                    umbra_train_logistic_ops.name, UMBRA_TRAIN_LOGISTIC, umbra_train_weighted_ops.name,
                    UMBRA_TRAIN_WEIGHTED, umbra_train_network_ops.name, UMBRA_TRAIN_NETWORK,
                    umbra_train_weighted_network_ops.name, UMBRA_TRAIN_WEIGHTED_NETWORK);
}

void umbra_train_block_clear(umbra_train_block *block) {
  umbra_matrix_destroy(block->records);
  umbra_features_clear(&block->features);
  *block = (umbra_train_block){0};
}

umbra_status umbra_train_state_make(umbra_train_state *state, size_t count) {
  *state = (umbra_train_state){.count = count};
  return umbra_alloc(&state->part, count, sizeof *state->part, "the state of a training");
}

void umbra_train_state_clear(umbra_train_state *state) {
  for (size_t i = 0; state->part && i < state->count; i++) umbra_ciphertext_destroy(state->part[i]);
  umbra_free(state->part);
  *state = (umbra_train_state){0};
}
