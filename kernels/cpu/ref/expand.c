/* SPDX-License-Identifier: Apache-2.0 */
/* Uniform residues from a seed: counter-addressed ChaCha20 (D. J. Bernstein's original layout) with rejection. */
#include "ref.h"

enum {
  WORDS = 16,           /* of a ChaCha20 block */
  LANES = 16,           /* blocks computed side by side; every loop over them is one vector operation or two */
  DRAWN = WORDS * LANES /* residues made at a time */
};

/* Not a residue: marks a place whose words were all rejected so far. */
#define PENDING UINT32_MAX

static uint32_t rotate(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

#define EACH_LANE UMBRA_INDEPENDENT for (int lane = 0; lane < LANES; lane++)

static inline void quarter_round(uint32_t x[WORDS][LANES], int a, int b, int c, int d) {
  EACH_LANE {
    uint32_t p = x[a][lane], q = x[b][lane], r = x[c][lane], s = x[d][lane];
    p += q, s = rotate(s ^ p, 16);
    r += s, q = rotate(q ^ r, 12);
    p += q, s = rotate(s ^ p, 8);
    r += s, q = rotate(q ^ r, 7);
    x[a][lane] = p, x[b][lane] = q, x[c][lane] = r, x[d][lane] = s;
  }
}

static uint32_t load_le(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The input of the block function for the counters counter, counter + 1, ... */
static void chacha_input(uint32_t input[WORDS][LANES], const uint8_t seed[UMBRA_SEED_BYTES], uint64_t counter,
                         uint64_t nonce) {
  static const uint8_t sigma[] = "expand 32-byte k";
  for (int word = 0; word < 4; word++) EACH_LANE input[word][lane] = load_le(sigma + 4 * word);
  for (int word = 0; word < 8; word++) EACH_LANE input[4 + word][lane] = load_le(seed + 4 * word);
  EACH_LANE {
    input[12][lane] = (uint32_t)(counter + (uint64_t)lane);
    input[13][lane] = (uint32_t)((counter + (uint64_t)lane) >> 32);
    input[14][lane] = (uint32_t)nonce;
    input[15][lane] = (uint32_t)(nonce >> 32);
  }
}

/* Words of the LANES blocks from `counter` on, in the order of the stream. */
static void chacha_words(uint32_t words[DRAWN], const uint8_t seed[UMBRA_SEED_BYTES], uint64_t counter,
                         uint64_t nonce) {
  uint32_t input[WORDS][LANES], x[WORDS][LANES];
  chacha_input(input, seed, counter, nonce);
  chacha_input(x, seed, counter, nonce);
  for (int round = 0; round < 20; round += 2) {
    for (int column = 0; column < 4; column++) quarter_round(x, column, 4 + column, 8 + column, 12 + column);
    for (int diagonal = 0; diagonal < 4; diagonal++) {
      quarter_round(x, diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4, 12 + (diagonal + 3) % 4);
    }
  }
  for (int word = 0; word < WORDS; word++) {
    for (int lane = 0; lane < LANES; lane++) words[lane * WORDS + word] = x[word][lane] + input[word][lane];
  }
}

/* Fills pending places of dst with the words that are accepted; says if some are still pending. */
static int accept_words(uint32_t dst[DRAWN], const uint32_t words[DRAWN], const umbra_cpu_prime *prime) {
  const uint32_t q = prime->q, accept = prime->accept, shoup = prime->word_shoup;
  uint32_t pending = 0;
  for (int i = 0; i < DRAWN; i++) {
    const uint32_t drawn = words[i] <= accept ? umbra_mod_mul_const(words[i], 1, shoup, q) : PENDING;
    dst[i] = dst[i] == PENDING ? drawn : dst[i];
    pending |= dst[i] == PENDING;
  }
  return pending != 0;
}

/* The limb at position p has the counters from p * 2^32 on, and n / WORDS of them for each attempt. */
static void expand_limb(umbra_cpu_limb limb, uint64_t p, uint32_t n, const uint8_t seed[UMBRA_SEED_BYTES],
                        uint64_t nonce) {
  for (uint32_t i = 0; i < n; i += DRAWN) {
    uint32_t *dst = limb.data + i, words[DRAWN];
    for (int j = 0; j < DRAWN; j++) dst[j] = PENDING;
    uint64_t counter = (p << 32) + i / WORDS;
    do {
      chacha_words(words, seed, counter, nonce);
      counter += n / WORDS;
    } while (accept_words(dst, words, limb.prime));
  }
}

static void expand_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb dst = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  expand_limb(dst, (uint64_t)(dst.prime - job->device->prime), job->device->n, job->seed, job->number + poly);
}

void UMBRA_CPU_NAME(expand)(umbra_stream *stream, const umbra_view *dst, const uint8_t seed[UMBRA_SEED_BYTES],
                            uint64_t first) {
  umbra_cpu_run(
      &(umbra_cpu_job){.device = stream->device, .dst = dst, .seed = seed, .number = first, .work = expand_work});
}
