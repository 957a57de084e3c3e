/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include <sodium.h>
#include <string.h>

#include "error.h"

umbra_status umbra_random_open(umbra_random *random) {
  if (sodium_init() < 0) return umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium could not be initialised");
  randombytes_buf(random->key, sizeof random->key);
  random->nonce = 0;
  return UMBRA_OK;
}

void umbra_random_open_seeded(umbra_random *random, const uint8_t seed[32]) {
  memcpy(random->key, seed, sizeof random->key);
  random->nonce = 0;
}

void umbra_random_close(umbra_random *random) { sodium_memzero(random, sizeof *random); }

void umbra_random_bytes(umbra_random *random, void *bytes, size_t count) {
  uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
  for (int i = 0; i < 8; i++) nonce[i] = (uint8_t)(random->nonce >> (8 * i));
  random->nonce++;
  crypto_stream_chacha20(bytes, count, nonce, random->key);
}

enum { CHUNK = 512 }; /* samples for which random words are drawn at once */

static uint64_t load_le64(const uint8_t *bytes) {
  uint64_t word = 0;
  for (int i = 0; i < 8; i++) word |= (uint64_t)bytes[i] << (8 * i);
  return word;
}

static int8_t ternary(uint64_t word) {
  __extension__ typedef unsigned __int128 u128;
  return (int8_t)((int)(((u128)word * 3) >> 64) - 1);
}

static int ones21(uint64_t word) {
  uint32_t x = (uint32_t)word & 0x1fffffu;
  x -= (x >> 1) & 0x55555555u;
  x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
  x = (x + (x >> 4)) & 0x0f0f0f0fu;
  return (int)((x * 0x01010101u) >> 24);
}

static int8_t centred_binomial(uint64_t word) { return (int8_t)(ones21(word) - ones21(word >> 21)); }

/* Inlined into each sampler, so that the compiler can vectorise the loop. */
static inline __attribute__((always_inline)) void sample(umbra_random *random, int8_t *values, size_t count,
                                                         int8_t (*from_word)(uint64_t)) {
  uint8_t words[8 * CHUNK];
  for (size_t done = 0; done < count; done += CHUNK) {
    size_t batch = count - done < CHUNK ? count - done : CHUNK;
    umbra_random_bytes(random, words, 8 * batch);
    for (size_t i = 0; i < batch; i++) values[done + i] = from_word(load_le64(words + 8 * i));
  }
  sodium_memzero(words, sizeof words);
}

void umbra_random_ternary(umbra_random *random, int8_t *values, size_t count) {
  sample(random, values, count, ternary);
}

void umbra_random_error(umbra_random *random, int8_t *values, size_t count) {
  sample(random, values, count, centred_binomial);
}

/* -1 where both are equal, 0 elsewhere. */
static int8_t equals(size_t a, size_t b) {
  uint64_t difference = (uint64_t)(a ^ b);
  return (int8_t)(((difference | (0 - difference)) >> 63) - 1);
}

/* Sets the entry at `place` unless there is one already, touching every entry alike; returns 1 if it did. */
static unsigned place_entry(int8_t *values, size_t count, size_t place, int8_t sign) {
  uint8_t taken = 0;
  for (size_t i = 0; i < count; i++) taken |= (uint8_t)(values[i] & equals(i, place));
  int8_t free_place = (int8_t)((taken != 0) - 1);
  for (size_t i = 0; i < count; i++) values[i] = (int8_t)(values[i] | (sign & equals(i, place) & free_place));
  return taken == 0;
}

void umbra_random_sparse(umbra_random *random, int8_t *values, size_t count, uint32_t weight) {
  memset(values, 0, count);
  for (uint32_t placed = 0; placed < weight;) {
    uint64_t word;
    umbra_random_bytes(random, &word, sizeof word);
    int8_t sign = (int8_t)(1 - 2 * (int)(word >> 63));
    placed += place_entry(values, count, (size_t)(word & (count - 1)), sign);
    sodium_memzero(&word, sizeof word);
  }
}
