/* SPDX-License-Identifier: Apache-2.0 */
/* What a dry context holds. */
#ifndef UMBRA_CKKS_DRY_INTERNAL_H
#define UMBRA_CKKS_DRY_INTERNAL_H

#include <threads.h>

#include "../plan/machine.h"
#include "dry.h"

struct umbra_dry {
  mtx_t lock; /* of what follows */
  uint32_t lowest_level;
  int has_machine;
  umbra_machine machine; /* whose seconds are told; once it has one */
};

/* UNSUPPORTED unless the context is dry; INVALID_ARGUMENT for NULL. */
umbra_status umbra_check_dry(const umbra_context *context);

#endif
