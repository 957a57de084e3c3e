/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Number-theoretic transforms.
 *
 * Blocks of a transform are numbered as in a heap: block 1 is the whole vector, block b splits into 2b and 2b + 1, and
 * the twiddle of its butterflies is entry b of the table. A pass over a block does up to RADIX stages in registers.
 * Each part of a block is finished before the next one is begun, so parts that fit a cache stay there. The smallest
 * parts are the tails, 2^TAIL_LOG contiguous words that stay in registers for all their stages.
 *
 * Inside a pair of vectors the stages have one shape (Pease's): after an interleaving of the pair, lane i of both is of
 * block i modulo the number of blocks, so twiddles are loaded as they lie in the table; the last interleaving restores
 * the order.
 *
 * Between stages values are lazy (Harvey): below 4q if q < 2^30, and below 2q, with one more correction, otherwise.
 */
#include "integers.h"

enum {
  RADIX = VEC_LOG == 4 ? 4 : 3, /* stages that one pass over memory does, at most: registers hold all of its rows */
  ROWS = 1 << RADIX,
  TAIL_LOG = RADIX + VEC_LOG,
  PREFETCH_LOG = 16, /* from this size on a limb and its tables are too large for a core's own cache */
  TAILS_AHEAD = 2    /* of the prefetch */
};

typedef struct modulus {
  vec q, bound; /* sums are brought below `bound` before they can overflow */
  int wide;     /* q >= 2^30 */
} modulus;

typedef struct transform {
  uint32_t q, log_n;
  const uint32_t *twiddle, *twiddle_shoup;
  factor first, second; /* forward: of the halves of the first stage; inverse: of sums and differences of the last */
} transform;

UMBRA_INLINE modulus modulus_set(uint32_t q, const int wide) {
  return (modulus){vec_set(q), vec_set(wide ? q : 2 * q), wide};
}

/* a * f, below `bound` */
UMBRA_INLINE vec multiply(vec a, factor f, modulus m) {
  vec product = vec_mul_lazy(a, f, m.q);
  return m.wide ? vec_shrink(product, m.q) : product;
}

/* The residue of a value between stages. */
UMBRA_INLINE vec canonical(vec a, modulus m) { return vec_shrink(m.wide ? a : vec_shrink(a, m.bound), m.q); }

/* The twiddle of one block. */
UMBRA_INLINE factor twiddle_of(const transform *t, uint32_t block) {
  vec shoup = vec_set(t->twiddle_shoup[block]);
  return (factor){vec_set(t->twiddle[block]), shoup, shoup};
}

/* The twiddles of 2^log blocks from `block` on, lane i that of block i mod 2^log. */
UMBRA_INLINE factor twiddles_of(const transform *t, uint32_t block, int log) {
  const uint32_t *shoup = t->twiddle_shoup + block;
  vec even = vec_load_repeated(shoup, log);
  return (factor){vec_load_repeated(t->twiddle + block, log), even,
                  log < VEC_LOG ? vec_load_repeated(shoup + 1, log) : vec_high(even)};
}

/*
 * Asks for the twiddles of the stages inside vectors, of a tail some way ahead: they are larger than the limb itself,
 * and lie in more streams than processors follow by themselves. Asking past the end of a table is harmless.
 */
UMBRA_INLINE void prefetch_tail(const transform *t, uint32_t block) {
  for (int stage = 0; stage < VEC_LOG; stage++) {
    const size_t first = (size_t)(block + TAILS_AHEAD) << (RADIX + stage);
    for (int line = 0; line < (ROWS << stage); line += LINE_WORDS) {
      __builtin_prefetch(t->twiddle + first + (size_t)line);
      __builtin_prefetch(t->twiddle_shoup + first + (size_t)line);
    }
  }
}

/* Asks for the words of a tail further ahead still: the inverse transform meets them first here, one tail at a time. */
UMBRA_INLINE void prefetch_words(const uint32_t *x) {
  for (int word = 0; word < 1 << TAIL_LOG; word += LINE_WORDS)
    __builtin_prefetch(x + (3 * TAILS_AHEAD << TAIL_LOG) + word);
}

/*
 * Stages that the first pass over a block does, if `rest` stages precede the tails: as even a split as possible where
 * many fit a pass. Where few do, one stage that is left over costs least next to the tails, in the nearest cache.
 */
static uint32_t pass_radix(uint32_t rest) {
  const uint32_t passes = (rest + RADIX - 1) / RADIX;
  if (RADIX == 3) return rest < RADIX ? rest : RADIX;
  return (rest + passes - 1) / passes;
}

/* The same for the inverse transform, whose first passes are those next to the tails. */
static uint32_t inverse_radix(uint32_t rest) { return RADIX == 3 && rest % RADIX ? rest % RADIX : pass_radix(rest); }

/* ---- forward ---- */

UMBRA_INLINE void forward_butterfly(vec *x, vec *y, factor f, modulus m) {
  vec u = vec_shrink(*x, m.bound), v = multiply(*y, f, m);
  *x = vec_add(u, v);
  *y = vec_sub(vec_add(u, m.bound), v);
}

/* The butterfly of the first stage; its factors bear the constant of all results. */
UMBRA_INLINE void opening_butterfly(vec *x, vec *y, const transform *t, modulus m) {
  vec u = multiply(*x, t->first, m), v = multiply(*y, t->second, m);
  *x = vec_add(u, v);
  *y = vec_sub(vec_add(u, m.bound), v);
}

/* `radix` stages of a block of 2^radix rows, without the very first one if it is the opening stage. */
UMBRA_INLINE void forward_rows(vec *row, const int radix, const int opening, const transform *t, uint32_t block,
                               modulus m) {
  UMBRA_UNROLL
  for (int stage = opening; stage < radix; stage++) {
    const int parts = 1 << stage, half = 1 << (radix - 1 - stage);
    UMBRA_UNROLL
    for (int part = 0; part < parts; part++) {
      const factor f = twiddle_of(t, (block << stage) + (uint32_t)part);
      UMBRA_UNROLL
      for (int i = 2 * part * half; i < (2 * part + 1) * half; i++) forward_butterfly(&row[i], &row[i + half], f, m);
    }
  }
}

UMBRA_INLINE void interleave(vec *x, vec *y) {
  vec low = vec_interleave_low(*x, *y), high = vec_interleave_high(*x, *y);
  *x = low;
  *y = high;
}

/* The stages inside vectors, of pairs of which the first is `block` and the one after it. */
UMBRA_INLINE void forward_pairs(vec *row, const transform *t, uint32_t block, modulus m) {
  UMBRA_UNROLL
  for (int stage = 0; stage < VEC_LOG; stage++) {
    UMBRA_UNROLL
    for (int i = 0; i < ROWS; i += 2) {
      interleave(&row[i], &row[i + 1]);
      forward_butterfly(&row[i], &row[i + 1], twiddles_of(t, (block + (uint32_t)i) << stage, stage + 1), m);
    }
  }
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i += 2) interleave(&row[i], &row[i + 1]);
}

UMBRA_INLINE void forward_tail(uint32_t *x, const transform *t, uint32_t block, modulus m) {
  vec row[ROWS];
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i++) row[i] = vec_load(x + i * VEC_WORDS);
  forward_rows(row, RADIX, 0, t, block, m);
  forward_pairs(row, t, block << RADIX, m);
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i++) vec_store(x + i * VEC_WORDS, canonical(row[i], m));
}

/* Integers that a limb begins as, unless it holds residues already. */
typedef struct origin {
  const int64_t *value; /* NULL: it does */
  lifting by;
} origin;

/* The first `radix` stages of a block of 2^radix rows of `stride` words. */
UMBRA_INLINE void forward_pass(uint32_t *x, size_t stride, const int radix, const transform *t, uint32_t block,
                               modulus m) {
  const int rows = 1 << radix;
  for (uint32_t *end = x + stride; x < end; x += VEC_WORDS) {
    vec row[ROWS];
    UMBRA_UNROLL
    for (int i = 0; i < rows; i++) row[i] = vec_load(x + (size_t)i * stride);
    forward_rows(row, radix, 0, t, block, m);
    UMBRA_UNROLL
    for (int i = 0; i < rows; i++) vec_store(x + (size_t)i * stride, row[i]);
  }
}

/* The same of the block that is the whole vector. */
UMBRA_INLINE void opening_pass(uint32_t *x, size_t stride, const int radix, const transform *t, modulus m,
                               const origin *from) {
  const int rows = 1 << radix;
  for (size_t column = 0; column < stride; column += VEC_WORDS) {
    vec row[ROWS];
    UMBRA_UNROLL
    for (int i = 0; i < rows; i++) {
      const size_t at = (size_t)i * stride + column;
      row[i] = from ? integers_lift(integers_load(from->value + at), &from->by, 0) : vec_load(x + at);
    }
    UMBRA_UNROLL
    for (int i = 0; i < rows / 2; i++) opening_butterfly(&row[i], &row[i + rows / 2], t, m);
    forward_rows(row, radix, 1, t, 1, m);
    UMBRA_UNROLL
    for (int i = 0; i < rows; i++) vec_store(x + (size_t)i * stride + column, row[i]);
  }
}

UMBRA_INLINE void opening_passes(uint32_t *x, uint32_t radix, size_t stride, const transform *t, modulus m,
                                 const origin *from) {
  switch (radix) {
    case RADIX - 2: opening_pass(x, stride, RADIX - 2, t, m, from); break;
    case RADIX - 1: opening_pass(x, stride, RADIX - 1, t, m, from); break;
    case RADIX: opening_pass(x, stride, RADIX, t, m, from); break;
  }
}

/* Before the tail at every offset come the passes over the blocks that begin there, but for the first of all. */
UMBRA_INLINE void forward_rest(uint32_t *x, const transform *t, modulus m) {
  for (uint32_t offset = 0; offset >> t->log_n == 0; offset += 1 << TAIL_LOG) {
    for (uint32_t log = t->log_n, radix; log > TAIL_LOG; log -= radix) {
      radix = pass_radix(log - TAIL_LOG);
      if (log == t->log_n || offset & ((1u << log) - 1)) continue;
      const uint32_t block = (1u << t->log_n | offset) >> log;
      const size_t stride = (size_t)1 << (log - radix);
      switch (radix) {
        case RADIX - 2: forward_pass(x + offset, stride, RADIX - 2, t, block, m); break;
        case RADIX - 1: forward_pass(x + offset, stride, RADIX - 1, t, block, m); break;
        case RADIX: forward_pass(x + offset, stride, RADIX, t, block, m); break;
      }
    }
    if (t->log_n >= PREFETCH_LOG) prefetch_tail(t, (1u << t->log_n | offset) >> TAIL_LOG);
    forward_tail(x + offset, t, (1u << t->log_n | offset) >> TAIL_LOG, m);
  }
}

UMBRA_INLINE void forward_limb(uint32_t *x, const transform *t, const int wide, const origin *from) {
  const modulus m = modulus_set(t->q, wide);
  const uint32_t radix = pass_radix(t->log_n - TAIL_LOG);
  const size_t stride = (size_t)1 << (t->log_n - radix);
  if (from->value) opening_passes(x, radix, stride, t, m, from);
  else opening_passes(x, radix, stride, t, m, NULL);
  forward_rest(x, t, m);
}

/* job->value: the integers that limbs are to begin as; or NULL. All results are times 2^number. */
static void forward_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb x = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  const umbra_cpu_prime *prime = x.prime;
  const uint32_t q = prime->q, opening = umbra_mod_mul(umbra_mod_pow(2, (uint32_t)job->number, q), prime->r, q);
  const transform t = {.q = q,
                       .log_n = job->device->log_n,
                       .twiddle = prime->forward,
                       .twiddle_shoup = prime->forward_shoup,
                       .first = factor_set(opening, q),
                       .second = factor_set(umbra_mod_mul(opening, prime->forward[1], q), q)};
  origin from = {NULL};
  if (job->value) from = (origin){job->value + (size_t)poly * job->device->n, lifting_set(q, 0)};
  if (q >> 30) forward_limb(x.data, &t, 1, &from);
  else forward_limb(x.data, &t, 0, &from);
}

void UMBRA_CPU_NAME(ntt_forward)(umbra_stream *stream, const umbra_view *view) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = view, .work = forward_work});
}

/* ---- inverse ---- */

UMBRA_INLINE void inverse_butterfly(vec *x, vec *y, factor f, modulus m) {
  vec u = *x, v = *y;
  *x = vec_shrink(vec_add(u, v), m.bound);
  *y = multiply(vec_sub(vec_add(u, m.bound), v), f, m);
}

/* The butterfly of the last stage; its factors bear the closing constant. */
UMBRA_INLINE void closing_butterfly(vec *x, vec *y, const transform *t, modulus m) {
  vec u = *x, v = *y;
  *x = vec_mul_factor(vec_add(u, v), t->first, m.q);
  *y = vec_mul_factor(vec_sub(vec_add(u, m.bound), v), t->second, m.q);
}

/* The last `radix` stages of a block of 2^radix rows, without the very last one if it is the closing stage. */
UMBRA_INLINE void inverse_rows(vec *row, const int radix, const int closing, const transform *t, uint32_t block,
                               modulus m) {
  UMBRA_UNROLL
  for (int stage = radix - 1; stage >= closing; stage--) {
    const int parts = 1 << stage, half = 1 << (radix - 1 - stage);
    UMBRA_UNROLL
    for (int part = 0; part < parts; part++) {
      const factor f = twiddle_of(t, (block << stage) + (uint32_t)part);
      UMBRA_UNROLL
      for (int i = 2 * part * half; i < (2 * part + 1) * half; i++) inverse_butterfly(&row[i], &row[i + half], f, m);
    }
  }
}

UMBRA_INLINE void separate(vec *x, vec *y) {
  vec even = vec_even_words(*x, *y), odd = vec_odd_words(*x, *y);
  *x = even;
  *y = odd;
}

/* The stages inside vectors, of pairs of which the first is `block` and the one after it. */
UMBRA_INLINE void inverse_pairs(vec *row, const transform *t, uint32_t block, modulus m) {
  UMBRA_UNROLL
  for (int stage = VEC_LOG - 1; stage >= 0; stage--) {
    UMBRA_UNROLL
    for (int i = 0; i < ROWS; i += 2) {
      separate(&row[i], &row[i + 1]);
      inverse_butterfly(&row[i], &row[i + 1], twiddles_of(t, (block + (uint32_t)i) << stage, stage + 1), m);
    }
  }
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i += 2) separate(&row[i], &row[i + 1]);
}

UMBRA_INLINE void inverse_tail(uint32_t *dst, const uint32_t *src, const transform *t, uint32_t block, modulus m) {
  vec row[ROWS];
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i++) row[i] = vec_load(src + i * VEC_WORDS);
  inverse_pairs(row, t, block << RADIX, m);
  inverse_rows(row, RADIX, 0, t, block, m);
  UMBRA_UNROLL
  for (int i = 0; i < ROWS; i++) vec_store(dst + i * VEC_WORDS, row[i]);
}

/* The last `radix` stages of a block of 2^radix rows of `stride` words; closing: the block is the whole vector. */
UMBRA_INLINE void inverse_pass(uint32_t *x, size_t stride, const int radix, const int closing, const transform *t,
                               uint32_t block, modulus m) {
  const int rows = 1 << radix;
  for (uint32_t *end = x + stride; x < end; x += VEC_WORDS) {
    vec row[ROWS];
    UMBRA_UNROLL
    for (int i = 0; i < rows; i++) row[i] = vec_load(x + (size_t)i * stride);
    inverse_rows(row, radix, closing, t, block, m);
    if (closing) {
      UMBRA_UNROLL
      for (int i = 0; i < rows / 2; i++) closing_butterfly(&row[i], &row[i + rows / 2], t, m);
    }
    UMBRA_UNROLL
    for (int i = 0; i < rows; i++) vec_store(x + (size_t)i * stride, row[i]);
  }
}

/* After every tail come the passes over the blocks that end there. */
UMBRA_INLINE void inverse_limb(uint32_t *dst, const uint32_t *src, const transform *t, const int wide) {
  const modulus m = modulus_set(t->q, wide);
  for (uint32_t offset = 0; offset >> t->log_n == 0; offset += 1 << TAIL_LOG) {
    if (t->log_n >= PREFETCH_LOG) prefetch_tail(t, (1u << t->log_n | offset) >> TAIL_LOG);
    prefetch_words(src + offset);
    inverse_tail(dst + offset, src + offset, t, (1u << t->log_n | offset) >> TAIL_LOG, m);
    const uint32_t end = offset + (1 << TAIL_LOG);
    for (uint32_t log = TAIL_LOG, radix; log < t->log_n; log += radix) {
      radix = inverse_radix(t->log_n - log);
      const uint32_t size = 1u << (log + radix);
      if (end & (size - 1)) break;
      const uint32_t first = end - size, block = (1u << t->log_n | first) >> (log + radix);
      const size_t stride = (size_t)1 << log;
      switch (2 * radix + (block == 1)) {
        case 2 * RADIX - 4: inverse_pass(dst + first, stride, RADIX - 2, 0, t, block, m); break;
        case 2 * RADIX - 3: inverse_pass(dst + first, stride, RADIX - 2, 1, t, block, m); break;
        case 2 * RADIX - 2: inverse_pass(dst + first, stride, RADIX - 1, 0, t, block, m); break;
        case 2 * RADIX - 1: inverse_pass(dst + first, stride, RADIX - 1, 1, t, block, m); break;
        case 2 * RADIX: inverse_pass(dst + first, stride, RADIX, 0, t, block, m); break;
        case 2 * RADIX + 1: inverse_pass(dst + first, stride, RADIX, 1, t, block, m); break;
      }
    }
  }
}

static void inverse_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb dst = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  const umbra_cpu_prime *prime = dst.prime;
  const uint32_t q = prime->q, closing = umbra_mod_mul(prime->n_inv, job->c[limb], q);
  const transform t = {.q = q,
                       .log_n = job->device->log_n,
                       .twiddle = prime->inverse,
                       .twiddle_shoup = prime->inverse_shoup,
                       .first = factor_set(closing, q),
                       .second = factor_set(umbra_mod_mul(closing, prime->inverse[1], q), q)};
  const uint32_t *src = umbra_cpu_limb_at(job->device, job->a, poly, limb).data;
  if (q >> 30) inverse_limb(dst.data, src, &t, 1);
  else inverse_limb(dst.data, src, &t, 0);
}

void UMBRA_CPU_NAME(ntt_inverse)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                                 const uint32_t *c) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = src, .c = c, .work = inverse_work});
}
