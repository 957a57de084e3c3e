/* SPDX-License-Identifier: Apache-2.0 */
/* What a umbra_params holds, for the layers that compute with it. */
#ifndef UMBRA_PARAMS_PARAMS_H
#define UMBRA_PARAMS_PARAMS_H

#include <umbra/params.h>

#include "../base/counted.h"
#include "chain.h"

struct umbra_params {
  umbra_counted counted;
  umbra_chain chain;
  uint32_t security; /* 256, 192, 128 or 0 */
  uint8_t digest[UMBRA_DIGEST_BYTES];
};

/* A set from a chain: validation, scales (those of the argument are ignored), security, digest. */
umbra_status umbra_params_from_chain(umbra_params **params, const umbra_chain *chain, uint32_t flags);

#endif
