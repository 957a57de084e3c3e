/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two rounds. In the first, each rank tells all others how it went and what its sums look like: every rank has words of
 * its own, which are zero in all others, so their sum is what it said. In the second the residues are added.
 */
#include "reduce.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/noise.h"
#include "../ckks/verbs.h"
#include "../ring/ops.h"

umbra_status umbra_ranks_check(const umbra_ranks *ranks) {
  if (ranks->rank < ranks->ranks && (ranks->sum || ranks->ranks == 1)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "rank %u of %u, %s", ranks->rank, ranks->ranks,
                    ranks->sum ? "counted from 0" : "and no sum");
}

int umbra_ranks_has(const umbra_ranks *ranks, uint64_t block) { return block % ranks->ranks == ranks->rank; }

/* ---- what ranks say ---- */

/* Of one sum; all words are 0 if a rank has none. */
typedef struct sum_words {
  uint64_t given, level, slots, doubts;
  umbra_bound bound, worst; /* doubles, added to zeros as words */
} sum_words;
_Static_assert(sizeof(sum_words) == 64, "whole words, no padding");

typedef struct rank_words {
  uint64_t status, iteration;
  uint8_t data[UMBRA_DATASET_ID_BYTES];
} rank_words;
_Static_assert(sizeof(rank_words) == 32, "whole words, no padding");

enum { RANK_WORDS = sizeof(rank_words) / sizeof(uint64_t), SUM_WORDS = sizeof(sum_words) / sizeof(uint64_t) };

static size_t words_of_rank(const umbra_train_state *sums) { return RANK_WORDS + SUM_WORDS * sums->count; }

static void say(uint64_t *words, const umbra_train_state *sums, const umbra_ranks *ranks, uint32_t i,
                umbra_status own) {
  rank_words about = {.status = (uint64_t)own, .iteration = i};
  memcpy(about.data, ranks->data, sizeof about.data);
  memcpy(words, &about, sizeof about);
  for (size_t k = 0; own == UMBRA_OK && k < sums->count; k++) {
    const umbra_ciphertext *part = sums->part[k];
    if (!part) continue;
    const umbra_estimate *known = &part->estimate;
    const sum_words said = {1, part->level, part->slots, known->doubts, known->bound, known->worst};
    memcpy(words + RANK_WORDS + SUM_WORDS * k, &said, sizeof said);
  }
}

static umbra_status check_ranks(const uint64_t *words, size_t stride, const umbra_ranks *ranks, uint32_t i) {
  rank_words said;
  for (uint32_t rank = 0; rank < ranks->ranks; rank++) {
    memcpy(&said, words + rank * stride, sizeof said);
    if (said.status != UMBRA_OK)
      return umbra_fail((umbra_status)said.status, "rank %u of %u failed in iteration %u: %s", rank, ranks->ranks,
                        i + 1, umbra_status_string((umbra_status)said.status));
    if (said.iteration != i)
      return umbra_fail(UMBRA_ERROR_MISMATCH, "rank %u is in iteration %llu, and rank %u in iteration %u", rank,
                        (unsigned long long)said.iteration + 1, ranks->rank, i + 1);
    if (memcmp(said.data, ranks->data, sizeof said.data) != 0)
      return umbra_fail(UMBRA_ERROR_MISMATCH, "rank %u and rank %u have different data sets", rank, ranks->rank);
  }
  return UMBRA_OK;
}

/* What the sum k of all ranks looks like: *all, whose estimate is added up in the order of ranks, alike in all. */
typedef struct sum_shape {
  uint32_t given, level, slots;
  umbra_estimate estimate;
} sum_shape;

static umbra_status shape_of(sum_shape *all, const uint64_t *words, size_t stride, const umbra_ranks *ranks, size_t k) {
  *all = (sum_shape){0};
  for (uint32_t rank = 0; rank < ranks->ranks; rank++) {
    sum_words said;
    memcpy(&said, words + rank * stride + RANK_WORDS + SUM_WORDS * k, sizeof said);
    if (!said.given) continue;
    const umbra_estimate estimate = {said.bound, said.worst, (uint32_t)said.doubts};
    if (all->given && (all->level != said.level || all->slots != said.slots))
      return umbra_fail(UMBRA_ERROR_MISMATCH, "the sums of rank %u are at level %llu, and those before at %u", rank,
                        (unsigned long long)said.level, all->level);
    *all = (sum_shape){1, (uint32_t)said.level, (uint32_t)said.slots,
                       all->given ? umbra_noise_add(all->estimate, estimate) : estimate};
  }
  if (all->given) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INTERNAL, "no rank had a block");
}

/* ---- residues ---- */

/* Words of one ciphertext: as they are kept, and wide enough for sums. */
typedef struct passage {
  umbra_ring *ring;
  umbra_stream *stream;
  umbra_view view;
  size_t count;
  uint32_t *residue;
  uint64_t *wide;
} passage;

/* Residues are ordered by polynomial, limb and coefficient. */
static void reduce_modulo_primes(const passage *p) {
  const size_t n = umbra_ring_n(p->ring);
  const uint32_t limbs = umbra_view_limbs(&p->view);
  for (size_t first = 0; first < p->count; first += n) {
    const uint32_t limb = (uint32_t)(first / n) % limbs;
    const uint32_t prime = umbra_ring_chain(p->ring)->prime[umbra_view_position(&p->view, limb)];
    for (size_t k = first; k < first + n; k++) p->residue[k] = (uint32_t)(p->wide[k] % prime);
  }
}

static umbra_status pass(const passage *p, const umbra_poly *poly, const umbra_ranks *ranks) {
  UMBRA_TRY(umbra_view_fetch(p->ring, p->stream, p->residue, &p->view));
  for (size_t k = 0; k < p->count; k++) p->wide[k] = p->residue[k];
  UMBRA_TRY(ranks->sum(ranks->transport, p->wide, p->count));
  reduce_modulo_primes(p);
  umbra_poly_upload(poly, p->ring, p->stream, poly->data, p->residue, p->count * sizeof *p->residue);
  return umbra_ring_wait(p->ring, p->stream);
}

static umbra_status add_residues(umbra_ciphertext *sum, const umbra_ranks *ranks) {
  umbra_ring *ring = sum->context->ring;
  passage p = {.ring = ring, .view = umbra_poly_view(&sum->poly, ring)};
  p.count = umbra_poly_bytes(&sum->poly, ring) / sizeof *p.residue;
  UMBRA_TRY(umbra_ring_stream_open(&p.stream, ring));
  umbra_status status = umbra_alloc(&p.residue, p.count, sizeof *p.residue, "sums of several ranks");
  if (status == UMBRA_OK) status = umbra_alloc(&p.wide, p.count, sizeof *p.wide, "sums of several ranks");
  if (status == UMBRA_OK) status = pass(&p, &sum->poly, ranks);
  umbra_free(p.residue);
  umbra_free(p.wide);
  return umbra_stream_close(p.stream, sum->context, status);
}

/* ---- the whole ---- */

static umbra_status add_all(umbra_train_state *sums, const umbra_ranks *ranks, const umbra_reduce_place *place,
                            const uint64_t *words, size_t stride) {
  sum_shape shape;
  for (size_t k = 0; k < sums->count; k++) {
    UMBRA_TRY(shape_of(&shape, words, stride, ranks, k));
    if (!sums->part[k])
      UMBRA_TRY(umbra_ciphertext_zero(&sums->part[k], place->context, place->owner, shape.level, shape.slots));
    UMBRA_TRY(add_residues(sums->part[k], ranks));
    umbra_ciphertext_set_estimate(sums->part[k], shape.estimate);
  }
  return UMBRA_OK;
}

umbra_status umbra_reduce(umbra_train_state *sums, const umbra_ranks *ranks, const umbra_reduce_place *place,
                          uint32_t i, umbra_status own) {
  if (ranks->ranks == 1) return own;
  const size_t stride = words_of_rank(sums), count = stride * ranks->ranks;
  uint64_t *words;
  UMBRA_TRY(umbra_alloc(&words, count, sizeof *words, "what ranks tell each other"));
  say(words + ranks->rank * stride, sums, ranks, i, own);
  umbra_status status = ranks->sum(ranks->transport, words, count);
  if (own != UMBRA_OK) status = own; /* with its own text */
  if (status == UMBRA_OK) status = check_ranks(words, stride, ranks, i);
  if (status == UMBRA_OK) status = add_all(sums, ranks, place, words, stride);
  umbra_free(words);
  return status;
}
