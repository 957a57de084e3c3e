/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers: a ChaCha20 generator seeded by the operating system, and the constant-time samplers of the scheme.
 */
#ifndef UMBRA_BASE_RANDOM_H
#define UMBRA_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

typedef struct umbra_random {
  uint8_t key[32];
  uint64_t nonce; /* counts requests: each is one ChaCha20 stream */
} umbra_random;

/* Seeds from the operating system. Fails only if libsodium cannot be initialised. */
umbra_status umbra_random_open(umbra_random *random);

/* Seeds from 32 bytes: for tests and known answers. */
void umbra_random_open_seeded(umbra_random *random, const uint8_t seed[32]);
void umbra_random_close(umbra_random *random); /* zeroises */

void umbra_random_bytes(umbra_random *random, void *bytes, size_t count);

/* Uniform in {-1, 0, 1}, from 64 bits a sample: bias below 2^-62. Constant time. */
void umbra_random_ternary(umbra_random *random, int8_t *values, size_t count);

/*
 * Uniform among the vectors in {-1, 0, 1}^count with `weight` nonzero entries; count a power of two, weight at most half of
 * it. Constant time but for the number of attempts, which tells nothing about the result.
 */
void umbra_random_sparse(umbra_random *random, int8_t *values, size_t count, uint32_t weight);

/* Centred binomial of 42 coins (sigma 3.24, not below the 3.19 of the security table). Constant time. */
void umbra_random_error(umbra_random *random, int8_t *values, size_t count);

/* Variance of umbra_random_error. */
#define UMBRA_ERROR_VARIANCE 10.5

#endif
