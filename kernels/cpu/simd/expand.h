/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uniform residues from a seed: VEC_WORDS blocks of ChaCha20 side by side. Rejected words are rare, but a batch of
 * blocks has one now and then; then the whole batch makes its next attempt, and the gaps take from that.
 */
#include "simd.h"

enum { BLOCK_WORDS = 16, BATCH_WORDS = BLOCK_WORDS * VEC_WORDS };

/* Row w: word w of every block, lane by lane. */
typedef struct batch {
  vec word[BLOCK_WORDS];
} batch;

typedef struct source {
  uint32_t key[UMBRA_SEED_BYTES / 4];
  uint64_t nonce;
} source;

UMBRA_INLINE void quarter_round(vec *a, vec *b, vec *c, vec *d) {
  *a = vec_add(*a, *b), *d = vec_xor(*d, *a), *d = vec_rotate(*d, 16);
  *c = vec_add(*c, *d), *b = vec_xor(*b, *c), *b = vec_rotate(*b, 12);
  *a = vec_add(*a, *b), *d = vec_xor(*d, *a), *d = vec_rotate(*d, 8);
  *c = vec_add(*c, *d), *b = vec_xor(*b, *c), *b = vec_rotate(*b, 7);
}

/* The input of the block function for the counters counter, counter + 1, ...; they differ in their low word only. */
static void batch_input(batch *x, const source *s, uint64_t counter) {
  static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; /* "expand 32-byte k" */
  uint32_t low[VEC_WORDS];
  for (uint32_t i = 0; i < VEC_WORDS; i++) low[i] = (uint32_t)counter + i;
  for (int i = 0; i < 4; i++) x->word[i] = vec_set(sigma[i]);
  for (int i = 0; i < 8; i++) x->word[4 + i] = vec_set(s->key[i]);
  x->word[12] = vec_load(low);
  x->word[13] = vec_set((uint32_t)(counter >> 32));
  x->word[14] = vec_set((uint32_t)s->nonce);
  x->word[15] = vec_set((uint32_t)(s->nonce >> 32));
}

static void batch_words(batch *b, const source *s, uint64_t counter) {
  vec x[BLOCK_WORDS];
  batch_input(b, s, counter);
  UMBRA_UNROLL
  for (int i = 0; i < BLOCK_WORDS; i++) x[i] = b->word[i];
  for (int round = 0; round < 20; round += 2) {
    UMBRA_UNROLL
    for (int i = 0; i < 4; i++) quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
    UMBRA_UNROLL
    for (int i = 0; i < 4; i++) {
      quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
    }
  }
  UMBRA_UNROLL
  for (int i = 0; i < BLOCK_WORDS; i++) b->word[i] = vec_add(b->word[i], x[i]);
}

static int any_rejected(const batch *b, vec accept) {
  int any = 0;
  for (int i = 0; i < BLOCK_WORDS; i++) any |= vec_any_greater(b->word[i], accept);
  return any;
}

/* Accepted words; `attempt` is the distance of the counters of two attempts. */
static void batch_accepted(batch *b, const source *s, uint64_t counter, uint64_t attempt, vec accept) {
  batch_words(b, s, counter);
  while (any_rejected(b, accept)) {
    batch next;
    batch_words(&next, s, counter += attempt);
    for (int i = 0; i < BLOCK_WORDS; i++) {
      const vec change = vec_xor(b->word[i], next.word[i]);
      b->word[i] = vec_xor(b->word[i], vec_if_greater(b->word[i], accept, change));
    }
  }
}

/* Block after block. Every round of interleavings moves the highest bit of the row to the low end of the index. */
static void batch_store(uint32_t *dst, batch *b) {
  UMBRA_UNROLL
  for (int round = 0; round < 4; round++) {
    batch x = *b;
    UMBRA_UNROLL
    for (int i = 0; i < BLOCK_WORDS / 2; i++) {
      b->word[2 * i] = vec_interleave_low(x.word[i], x.word[i + BLOCK_WORDS / 2]);
      b->word[2 * i + 1] = vec_interleave_high(x.word[i], x.word[i + BLOCK_WORDS / 2]);
    }
  }
  for (int i = 0; i < BLOCK_WORDS; i++) vec_store(dst + i * VEC_WORDS, b->word[i]);
}

static void expand_limb(umbra_cpu_limb limb, uint64_t position, uint32_t n, const source *s) {
  const vec q = vec_set(limb.prime->q), accept = vec_set(limb.prime->accept), shoup = vec_set(limb.prime->word_shoup);
  const factor one = {vec_set(1), shoup, shoup};
  for (uint32_t i = 0; i < n; i += BATCH_WORDS) {
    batch b;
    batch_accepted(&b, s, (position << 32) + i / BLOCK_WORDS, n / BLOCK_WORDS, accept);
    for (int w = 0; w < BLOCK_WORDS; w++) b.word[w] = vec_mul_factor(b.word[w], one, q);
    batch_store(limb.data + i, &b);
  }
}

static void expand_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb dst = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  source s = {.nonce = job->number + poly};
  for (int i = 0; i < UMBRA_SEED_BYTES; i++) s.key[i / 4] |= (uint32_t)job->seed[i] << (8 * (i % 4));
  expand_limb(dst, (uint64_t)(dst.prime - job->device->prime), job->device->n, &s);
}

void UMBRA_CPU_NAME(expand)(umbra_stream *stream, const umbra_view *dst, const uint8_t seed[UMBRA_SEED_BYTES],
                            uint64_t first) {
  umbra_cpu_run(
      &(umbra_cpu_job){.device = stream->device, .dst = dst, .seed = seed, .number = first, .work = expand_work});
}
