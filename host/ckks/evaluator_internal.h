/* SPDX-License-Identifier: Apache-2.0 */
/* What an evaluator holds. */
#ifndef UMBRA_CKKS_EVALUATOR_INTERNAL_H
#define UMBRA_CKKS_EVALUATOR_INTERNAL_H

#include <umbra/evaluator.h>

#include "../base/counted.h"
#include "../base/watch.h"
#include "context_internal.h"

/* What is known of operations whose device time is not; see trace.h. */
typedef struct umbra_spans {
  struct umbra_span *span;
  size_t count, room;
} umbra_spans;

/* How an evaluator refreshes inputs that lack levels; refresh: NULL if it does not. Set by a layer above. */
typedef struct umbra_refresher {
  umbra_status (*refresh)(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *in,
                          const void *with);
  void *with;           /* counted, and held by the evaluator */
  uint32_t input_level; /* the lowest level that can be refreshed */
  uint32_t slots;       /* the most that a ciphertext may have */
  uint64_t count;       /* of refreshes so far */
} umbra_refresher;

struct umbra_evaluator {
  umbra_counted counted; /* circuits hold it, too */
  umbra_context *context;
  umbra_eval_keys *keys; /* or NULL */
  umbra_stream *stream;  /* watched */
  umbra_watch watch;
  umbra_refresher refresher;
  int strict;            /* see umbra_evaluator_set_strict */
  int digests;           /* see umbra_evaluator_set_digests */
  const char *operation; /* that is under way; see trace.h */
  uint64_t number;       /* in this process, for traces */
  umbra_spans spans;
};

#endif
