/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret keys sealed by an outside key store: a token, a hardware module, a service. Each file has a random key of its own
 * that seals it, as one from a passphrase would; the store wraps that key under one that never leaves it. What the store
 * gets to see are these 32 bytes alone.
 */
#ifndef UMBRA_KEY_STORE_H
#define UMBRA_KEY_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

UMBRA_BEGIN_DECLS

enum { UMBRA_WRAPPING_BYTES = 32, UMBRA_WRAPPED_BYTES = 512 };

/*
 * Both callbacks return 0 when they have succeeded; -1 makes the call that asked fail with PASSPHRASE, 1 with CANCELLED. wrap
 * encrypts and authenticates (AES-GCM, RSA-OAEP), into at most UMBRA_WRAPPED_BYTES; *bytes says how many. unwrap must fail
 * for what wrap has not made. Neither keeps the key.
 */
typedef struct umbra_key_store {
  size_t struct_size;
  int (*wrap)(void *user, uint8_t wrapped[UMBRA_WRAPPED_BYTES], uint32_t *bytes,
              const uint8_t key[UMBRA_WRAPPING_BYTES]);
  int (*unwrap)(void *user, uint8_t key[UMBRA_WRAPPING_BYTES], const uint8_t *wrapped, uint32_t bytes);
  void *user;
} umbra_key_store;
#define UMBRA_KEY_STORE_INIT .struct_size = sizeof(umbra_key_store)
UMBRA_API void umbra_key_store_init(umbra_key_store *store, size_t size);
#define umbra_key_store_init(store) umbra_key_store_init((store), sizeof *(store))

UMBRA_END_DECLS

#endif
