/* SPDX-License-Identifier: Apache-2.0 */
/* What signing keys hold. */
#ifndef UMBRA_IO_SIGNING_H
#define UMBRA_IO_SIGNING_H

#include <sodium.h>
#include <umbra/manifest.h>

#include "../base/counted.h"
#include "life.h"

_Static_assert(UMBRA_SIGNER_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519");

struct umbra_signing_key {
  umbra_counted counted;
  umbra_life life;
  uint8_t public[UMBRA_SIGNER_BYTES];
  uint8_t *secret; /* libsodium's: the seed, then the public key; in sodium_malloc memory */
};

#endif
