/* SPDX-License-Identifier: Apache-2.0 */
/* What a dry context holds. */
#ifndef UMBRA_CKKS_DRY_INTERNAL_H
#define UMBRA_CKKS_DRY_INTERNAL_H

#include <threads.h>

#include "../plan/machine.h"
#include "dry.h"

typedef struct umbra_stand_in umbra_stand_in;

struct umbra_dry {
  const umbra_ring *ring; /* of the context that holds this */
  mtx_t lock;             /* of what follows */
  umbra_key_needs *needs;
  uint32_t lowest_level;
  umbra_stand_in *keys; /* never changed nor moved: computations hold pointers to them */
  int has_machine;
  umbra_machine machine; /* whose seconds are told; once it has one */
};

/* UNSUPPORTED unless the context is dry; INVALID_ARGUMENT for NULL. */
umbra_status umbra_check_dry(const umbra_context *context);

#endif
