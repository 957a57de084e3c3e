/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranks that train together: processes or threads, each with the plan, the keys and the data set. Of a batch each sums
 * up its own blocks; then the sums of all are added, and each rank takes the same step. Residues are added as 64-bit
 * integers and reduced at the end, so any transport that adds integers, in any order, gives the same bits as one rank.
 */
#ifndef UMBRA_TRAIN_REDUCE_H
#define UMBRA_TRAIN_REDUCE_H

#include "stamp.h"

typedef struct umbra_ranks {
  uint32_t rank, ranks; /* this one, below their number */
  /*
   * words[k] = the sum of words[k] over all ranks, in all of them: a call that all make, with the same count, in the same
   * order. Sums do not overflow.
   */
  umbra_status (*sum)(void *transport, uint64_t *words, size_t count);
  void *transport;
  uint8_t data[UMBRA_DATASET_ID_BYTES]; /* of the data set, with which ranks agree on all else; set by the trainer */
} umbra_ranks;

/* INVALID_ARGUMENT if these are none. */
umbra_status umbra_ranks_check(const umbra_ranks *ranks);

/* Whether a block is this rank's to sum up: the same ones in every iteration. */
int umbra_ranks_has(const umbra_ranks *ranks, uint64_t block);

/* An owner's ciphertexts of one context. */
typedef struct umbra_reduce_place {
  const umbra_context *context;
  const uint8_t *owner;
} umbra_reduce_place;

/*
 * sums = those of all ranks in iteration i; a part that is NULL is 0, as that of a rank without blocks, and no part is
 * NULL afterwards. own: how this rank's sums went. If it is not OK in one rank (whose sums are not looked at), the call
 * fails in all of them, with that status, so that none waits for another. Errors also: MISMATCH (ranks in different
 * iterations, or of different data sets), those of the transport. A rank that does not get as far as a sum, because memory
 * is out, all its iterations are done or it is gone, leaves the others to the limits of their transport.
 */
umbra_status umbra_reduce(umbra_train_state *sums, const umbra_ranks *ranks, const umbra_reduce_place *place,
                          uint32_t i, umbra_status own);

#endif
