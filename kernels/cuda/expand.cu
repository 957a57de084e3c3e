/* SPDX-License-Identifier: Apache-2.0 */
/* Uniform residues from a seed: counter-addressed ChaCha20 (D. J. Bernstein's original layout) with rejection. */
#include "cuda.cuh"
#include "entries.h"

enum { WORDS = 16 }; /* of a block of the cipher */

/* Not a residue: marks a place whose words were all rejected so far. */
static const uint32_t PENDING = UINT32_MAX;

struct seed_words {
  uint32_t of[UMBRA_SEED_BYTES / 4];
};

static __device__ __forceinline__ uint32_t rotate(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

static __device__ __forceinline__ void quarter_round(uint32_t &a, uint32_t &b, uint32_t &c, uint32_t &d) {
  a += b, d = rotate(d ^ a, 16);
  c += d, b = rotate(b ^ c, 12);
  a += b, d = rotate(d ^ a, 8);
  c += d, b = rotate(b ^ c, 7);
}

static __device__ __forceinline__ void chacha_input(uint32_t x[WORDS], const seed_words &seed, uint64_t counter,
                                                    uint64_t nonce) {
  x[0] = 0x61707865, x[1] = 0x3320646e, x[2] = 0x79622d32, x[3] = 0x6b206574; /* "expand 32-byte k" */
#pragma unroll
  for (int i = 0; i < 8; i++) x[4 + i] = seed.of[i];
  x[12] = (uint32_t)counter, x[13] = (uint32_t)(counter >> 32);
  x[14] = (uint32_t)nonce, x[15] = (uint32_t)(nonce >> 32);
}

static __device__ __forceinline__ void chacha_block(uint32_t x[WORDS], const seed_words &seed, uint64_t counter,
                                                    uint64_t nonce) {
  uint32_t input[WORDS];
  chacha_input(input, seed, counter, nonce);
  chacha_input(x, seed, counter, nonce);
  for (int round = 0; round < 20; round += 2) {
#pragma unroll
    for (int i = 0; i < 4; i++) quarter_round(x[i], x[4 + i], x[8 + i], x[12 + i]);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      quarter_round(x[i], x[4 + (i + 1) % 4], x[8 + (i + 2) % 4], x[12 + (i + 3) % 4]);
    }
  }
#pragma unroll
  for (int i = 0; i < WORDS; i++) x[i] += input[i];
}

/* One thread makes the WORDS residues that one block of each attempt belongs to. Few primes need a second attempt. */
static __device__ __forceinline__ void draw(uint32_t residue[WORDS], const seed_words &seed, uint64_t counter,
                                            uint64_t step, uint64_t nonce, const umbra_cuda_prime &prime) {
  bool pending = true;
#pragma unroll
  for (int i = 0; i < WORDS; i++) residue[i] = PENDING;
  for (; pending; counter += step) {
    uint32_t word[WORDS];
    chacha_block(word, seed, counter, nonce);
    pending = false;
#pragma unroll
    for (int i = 0; i < WORDS; i++) {
      const uint32_t reduced = umbra_mod_mul_const(word[i], 1, prime.word_shoup, prime.q);
      const uint32_t drawn = word[i] <= prime.accept ? reduced : PENDING;
      residue[i] = residue[i] == PENDING ? drawn : residue[i];
      pending |= residue[i] == PENDING;
    }
  }
}

/* The limb at position p has the counters from p * 2^32 on, and n / WORDS of them for each attempt. */
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    expand(umbra_cuda_tables tables, umbra_view dst, seed_words seed, uint64_t first) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(WORDS), limb = blockIdx.y;
  if (i >= n) return;
  UMBRA_CUDA_EACH_POLY(poly, dst.polys) {
    const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, poly, limb);
    uint32_t residue[WORDS];
    draw(residue, seed, ((uint64_t)to.position << 32) + i / WORDS, n / WORDS, first + poly, tables.prime[to.position]);
#pragma unroll
    for (int j = 0; j < WORDS; j += 4) {
      umbra_cuda_store4(to.data + i + j, {residue[j], residue[j + 1], residue[j + 2], residue[j + 3]});
    }
  }
}

cudaError_t umbra_cuda_load_expand(void) { return umbra_cuda_load(expand); }

void umbra_cuda_expand(umbra_stream *stream, const umbra_view *dst, const uint8_t seed[UMBRA_SEED_BYTES],
                       uint64_t first) {
  seed_words words;
  for (int i = 0; i < UMBRA_SEED_BYTES / 4; i++) {
    const uint8_t *bytes = seed + 4 * i;
    words.of[i] = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
  }
  umbra_cuda_launch(stream, "expand", expand,
                    umbra_cuda_grid(stream->tables->n, WORDS, umbra_view_limbs(dst), dst->polys), UMBRA_CUDA_THREADS, 0,
                    *stream->tables, *dst, words, first);
}
