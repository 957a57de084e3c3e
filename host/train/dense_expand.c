/* SPDX-License-Identifier: Apache-2.0 */
/* Weights become diagonals: from its place in each run, a diagonal fills the run. */
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/trace.h"
#include "../ckks/verbs.h"
#include "../linalg/parts.h"
#include "dense.h"
#include "mask.h"

/* ---- blocks of places ---- */

/*
 * Places by periods, of which a block shall fill each. What comes to a block from another is the same distance away in all
 * periods: so one rotation for each distance serves all blocks, and masks choose what is theirs.
 */
typedef struct spread {
  uint32_t period, block; /* places; powers of two */
  umbra_plaintext **mask; /* a factor in one block of each period, from the last block to the first */
} spread;

static uint32_t blocks_of(const spread *s) { return s->period / s->block; }

static void close_spread(spread *s) {
  for (uint32_t k = 0; s->mask && k < blocks_of(s); k++) umbra_plaintext_destroy(s->mask[k]);
  umbra_free(s->mask);
}

static umbra_status open_spread(spread *s, umbra_evaluator *evaluator, uint32_t period, uint32_t block, uint32_t level,
                                double factor) {
  *s = (spread){.period = period, .block = block};
  const uint32_t blocks = blocks_of(s);
  UMBRA_TRY(umbra_alloc(&s->mask, blocks, sizeof *s->mask, "masks"));
  for (uint32_t k = 0; k < blocks; k++) {
    const uint32_t first = period - (k + 1) * block;
    UMBRA_TRY(umbra_train_mask(&s->mask[k], evaluator, level, period, first, first + block, factor));
  }
  return UMBRA_OK;
}

/* outs[m] = the factor times block m of each period, in all blocks of it, for the first ones. Takes a level. */
static umbra_status fill_periods(umbra_evaluator *evaluator, umbra_ciphertext **outs, uint32_t count, const spread *s,
                                 const umbra_ciphertext *x) {
  const uint32_t blocks = blocks_of(s), distances = blocks + count - 1;
  umbra_ciphertext **turned;
  UMBRA_TRY(umbra_alloc(&turned, distances, sizeof *turned, "blocks"));
  umbra_status status = umbra_dense_rotate(evaluator, turned, x, 1 - (int32_t)blocks, distances, (int32_t)s->block);
  for (uint32_t m = 0; m < count && status == UMBRA_OK; m++)
    status = umbra_dot_plain(evaluator, &outs[m], (const umbra_ciphertext *const *)turned + m,
                             (const umbra_plaintext *const *)s->mask, blocks);
  umbra_parts_destroy(turned, distances);
  return status;
}

/* ---- one ciphertext of weights ---- */

/* In two levels blocks fill their run, and then each place its block; in one, a place at a time, doubling. */
typedef struct expansion {
  spread run, block;
  umbra_plaintext *first; /* the factor at the first place of each run, if it is one level */
} expansion;

static umbra_status open_expansion(expansion *e, umbra_evaluator *evaluator, const umbra_dense *d, uint32_t levels,
                                   uint32_t level, double factor) {
  const uint32_t stride = d->layout.stride;
  const uint32_t places = 1u << umbra_ceil_log2(stride) / 2; /* about as many as there are blocks of them */
  *e = (expansion){0};
  if (levels == 1) return umbra_train_mask(&e->first, evaluator, level, stride, 0, 1, factor);
  UMBRA_TRY(open_spread(&e->run, evaluator, stride, places, level, 1));
  return open_spread(&e->block, evaluator, places, 1, level - 1, factor);
}

static void close_expansion(expansion *e) {
  close_spread(&e->run);
  close_spread(&e->block);
  umbra_plaintext_destroy(e->first);
}

/* Each diagonal goes to the first place of its runs, alone, and then to all places. */
static umbra_status double_places(umbra_evaluator *evaluator, umbra_ciphertext **diagonal, uint32_t count,
                                  const umbra_dense *d, const expansion *e, const umbra_ciphertext *weights) {
  umbra_status status = umbra_dense_rotate(evaluator, diagonal, weights, 0, count, 1);
  for (uint32_t i = 0; i < count && status == UMBRA_OK; i++) {
    status = umbra_mul_plain(evaluator, &diagonal[i], diagonal[i], e->first);
    if (status == UMBRA_OK) status = umbra_add_rotations(evaluator, &diagonal[i], 1, d->layout.stride, -1);
  }
  return status;
}

static umbra_status fill_runs(umbra_evaluator *evaluator, umbra_ciphertext **diagonal, uint32_t count,
                              const expansion *e, const umbra_ciphertext *weights) {
  const uint32_t places = e->block.period, blocks = (uint32_t)umbra_quotient_above(count, places);
  umbra_ciphertext **filled;
  UMBRA_TRY(umbra_alloc(&filled, blocks, sizeof *filled, "blocks"));
  umbra_status status = fill_periods(evaluator, filled, blocks, &e->run, weights);
  for (uint32_t b = 0; b < blocks && status == UMBRA_OK; b++)
    status =
        fill_periods(evaluator, diagonal + b * places, umbra_min_u32(places, count - b * places), &e->block, filled[b]);
  umbra_parts_destroy(filled, blocks);
  return status;
}

/* ---- all ---- */

umbra_status umbra_dense_expand(umbra_evaluator *evaluator, umbra_ciphertext **diagonal, const umbra_dense *d,
                                const umbra_ciphertext *const *weights, double factor, uint32_t levels) {
  UMBRA_TRACE(evaluator, "dense_expand", weights[0]);
  const uint32_t stride = d->layout.stride;
  expansion e;
  umbra_status status = open_expansion(&e, evaluator, d, levels, umbra_ciphertext_level(weights[0]), factor);
  for (uint32_t first = 0; first < d->diagonals && status == UMBRA_OK; first += stride) {
    const umbra_ciphertext *x = weights[first / stride];
    const uint32_t count = umbra_min_u32(stride, d->diagonals - first);
    status = e.first ? double_places(evaluator, diagonal + first, count, d, &e, x)
                     : fill_runs(evaluator, diagonal + first, count, &e, x);
  }
  close_expansion(&e);
  return status;
}
