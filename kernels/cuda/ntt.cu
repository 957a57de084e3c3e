/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Negacyclic number-theoretic transforms (Longa and Naehrig, eprint 2016/504) in two kernels. A limb is a matrix of
 * n / 256 rows of 256 words: the first log_n - 8 stages combine words of one column, the last 8 stages those of one
 * row. A kernel reads and writes each word once, and goes through its stages in passes of up to 4: a thread holds the
 * words of a pass in registers, and shared memory redistributes them between two passes.
 *
 * Ranges. Stage inputs of the forward transform are below 2q < 2^32, those of the inverse one below q. A butterfly is
 * one Montgomery product, two sums and two folds: 7 instructions where the device folds in one (sm_90), 9 elsewhere.
 * The conversion to Montgomery form is part of the first forward stage, the closing constant of the last inverse one.
 *
 * Twiddles. The columns need the first n / 256 entries of the prime's table, the same in each block. A row needs
 * 15 words for its first 4 stages; for the last 4, where all threads need their own, one word which times the first
 * 128 entries gives those of the last stage; squares of these are those of the stages before. Bytes of twiddles per
 * limb of 2^16: 16 KiB for the columns (1 KiB per block), and for the rows 15 KiB, 8 KiB (one sector for each) and
 * 16 KiB (512 bytes per block); the limb itself, read and written twice, is 1024 KiB.
 */
#include "entries.h"
#include "ntt.cuh"

enum {
  THREADS = UMBRA_CUDA_THREADS,
  ROW_STAGES = 8,
  ROW = 1 << ROW_STAGES,         /* words */
  ROW_THREADS = 16,              /* each holds 16 words of the row */
  ROWS = THREADS / ROW_THREADS,  /* of a block */
  ROW_PITCH = ROW + ROW_THREADS, /* in shared memory: the two rows of a warp lie in different banks */
  LOG_BLOCK = 11                 /* of ROWS * ROW */
};

/* ---- arithmetic ---- */

struct modulus {
  uint32_t q, neg_inv;
};

/* a * b. Said in one word, or the compiler makes more of it when it has widened b elsewhere. */
static __device__ __forceinline__ uint64_t mul_wide(uint32_t a, uint32_t b) {
#ifdef __CUDA_ARCH__
  uint64_t product;
  asm("mul.wide.u32 %0, %1, %2;" : "=l"(product) : "r"(a), "r"(b));
  return product;
#else
  return (uint64_t)a * b;
#endif
}

/* r mod q for r < 2q. Also said in one word: the compiler would take r apart where it is a sum. */
static __device__ __forceinline__ uint32_t fold(uint32_t r, uint32_t q) {
#ifdef __CUDA_ARCH__
  return __viaddmin_u32(r, 0u - q, r);
#else
  return min(r, r - q);
#endif
}

/* t * R^-1 mod q in [0, 2q), for t < q * 2^32 (Montgomery). */
static __device__ __forceinline__ uint32_t reduce_lazy(uint64_t t, modulus m) {
  return (uint32_t)((t + mul_wide((uint32_t)t * m.neg_inv, m.q)) >> 32);
}

/* a * b * R^-1 mod q, for any a and b < q. */
static __device__ __forceinline__ uint32_t mul(uint32_t a, uint32_t b, modulus m) {
  return fold(reduce_lazy(mul_wide(a, b), m), m.q);
}

/*
 * Stages of one pass, on 2^STAGES words. w[2^i + j] is the factor of block j of stage i, so that w has the order of
 * the table. The inverse factors are the negated forward ones of the same stage in reverse order.
 */
template <int STAGES>
static __device__ __forceinline__ void forward_stages(uint32_t *x, const uint32_t *w, modulus m) {
#pragma unroll
  for (int i = 0; i < STAGES; i++) {
    const int half = 1 << (STAGES - 1 - i);
#pragma unroll
    for (int k = 0; k < 1 << (STAGES - 1); k++) {
      const int j = k / half, low = 2 * half * j + k % half, high = low + half;
      const uint32_t u = fold(x[low], m.q), v = mul(x[high], w[(1 << i) + j], m);
      x[low] = u + v;
      x[high] = u - v + m.q;
    }
  }
}

template <int STAGES>
static __device__ __forceinline__ void inverse_stages(uint32_t *x, const uint32_t *w, modulus m) {
#pragma unroll
  for (int i = STAGES - 1; i >= 0; i--) {
    const int half = 1 << (STAGES - 1 - i);
#pragma unroll
    for (int k = 0; k < 1 << (STAGES - 1); k++) {
      const int j = k / half, low = 2 * half * j + k % half, high = low + half;
      const uint32_t u = x[low], v = x[high];
      x[low] = fold(u + v, m.q);
      x[high] = mul(v - u + m.q, w[(2 << i) - 1 - j], m);
    }
  }
}

/* ---- twiddles ---- */

/* The limb that the block works on. */
struct limb_job {
  uint32_t *data;
  const uint32_t *twiddle; /* of its prime */
  const umbra_cuda_prime *prime;
  modulus m;
};

static __device__ __forceinline__ limb_job job_of(const umbra_cuda_tables &tables, const umbra_view &view,
                                                  uint32_t poly, uint32_t limb) {
  const umbra_cuda_limb at = umbra_cuda_limb_at(view, tables.n, poly, limb);
  const umbra_cuda_prime *prime = &tables.prime[at.position];
  return {at.data, tables.twiddle + (size_t)at.position * tables.n, prime, {prime->q, prime->neg_inv}};
}

/* x * R mod q, for any x. */
static __device__ __forceinline__ uint32_t to_montgomery(uint32_t x, const limb_job &at) {
  return umbra_mod_mul_const(x, at.prime->r, at.prime->r_shoup, at.m.q);
}

/* The factors of a pass; `block` is the entry of its first stage, m + i for block i of the stage with m blocks. */
template <int STAGES>
static __device__ __forceinline__ void load_twiddles(uint32_t *w, const uint32_t *twiddle, uint32_t block) {
  w[1] = twiddle[block];
  if (STAGES > 1) {
    const uint2 two = *reinterpret_cast<const uint2 *>(twiddle + 2 * block);
    w[2] = two.x, w[3] = two.y;
  }
#pragma unroll
  for (int i = 4; i < 1 << STAGES; i += 4) {
    const uint4 four = umbra_cuda_load4(twiddle + (i & 8 ? 8 * block + i % 8 : 4 * block));
    w[i] = four.x, w[i + 1] = four.y, w[i + 2] = four.z, w[i + 3] = four.w;
  }
}

/*
 * The factors of the last 4 stages for words 16 i, 16 i + 1, ... of the limb. With brev additive on numbers that share
 * no bit, entry a + b is entry a times entry b; and the factor of block j of a stage is the square of that of block 2j
 * of the next one.
 */
static __device__ __forceinline__ void make_last_twiddles(uint32_t *w, const uint32_t *twiddle, uint32_t n, uint32_t i,
                                                          modulus m) {
  const uint32_t of_row = twiddle[n / 2 + i / ROW_THREADS * (ROW / 2)];
  const uint32_t *of_thread = twiddle + 8 * (i % ROW_THREADS);
  const uint4 a = umbra_cuda_load4(of_thread), b = umbra_cuda_load4(of_thread + 4);
  const uint32_t last[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
#pragma unroll
  for (int j = 0; j < 8; j++) w[8 + j] = mul(of_row, last[j], m);
#pragma unroll
  for (int j = 7; j >= 1; j--) w[j] = mul(w[2 * j], w[2 * j], m);
}

/* ---- columns ---- */

/* How a block of threads shares out its columns, `STAGES` being the logarithm of their height. */
template <int STAGES>
struct columns {
  static constexpr int HEIGHT = 1 << STAGES;
  static constexpr int HELD = HEIGHT < 16 ? HEIGHT : 16; /* words of one column that a thread holds */
  static constexpr int GROUPS = HEIGHT / HELD;           /* threads that share a column */
  static constexpr int LANES = THREADS / GROUPS;         /* threads side by side; each has two columns */
  static constexpr int WIDTH = 2 * LANES;                /* columns of a block: 64 bytes up to 256 rows, then 32 */
  static constexpr int PADDED = HEIGHT + HEIGHT / 16;    /* a row's width after each 16: different banks */
  static constexpr int BLOCKS = ROW / WIDTH;             /* of a limb */
  static constexpr size_t SHARED = STAGES > 4 ? sizeof(uint32_t) * PADDED *WIDTH : 0;

  static __device__ __forceinline__ uint32_t group() { return threadIdx.x / LANES; }
  static __device__ __forceinline__ uint32_t lane() { return threadIdx.x % LANES; }
  static __device__ __forceinline__ uint32_t poly() { return blockIdx.x / BLOCKS; }
  static __device__ __forceinline__ uint32_t first_column() { return blockIdx.x % BLOCKS * WIDTH + 2 * lane(); }
};

/*
 * A pass that begins with stage FIRST: the last passes have 4 stages, the first one what remains. A group of 2^RADIX
 * words takes part in it together, `DISTANCE` rows from each other. A thread that holds more words than that has
 * several groups, which only happens in the first pass; all of these have the same factors.
 */
template <int STAGES, int FIRST>
struct pass {
  using shape = columns<STAGES>;
  static constexpr int RADIX = (STAGES - FIRST - 1) % 4 + 1;
  static constexpr int NEXT = FIRST + RADIX;
  static constexpr int DISTANCE = shape::HEIGHT >> NEXT;

  /* Row of word k that the thread holds, as the sum of a part that depends on the thread and one that does not. */
  static __device__ __forceinline__ uint32_t row_of_thread() {
    const uint32_t group = shape::group();
    return FIRST ? group / DISTANCE * (16 * DISTANCE) + group % DISTANCE : group;
  }
  static constexpr __device__ __forceinline__ uint32_t row_of_word(int k) {
    return (k >> RADIX) * shape::GROUPS + (k & ((1 << RADIX) - 1)) * DISTANCE;
  }

  /* As load_twiddles wants it. */
  static __device__ __forceinline__ uint32_t block() { return FIRST ? (1 << FIRST) + shape::group() / DISTANCE : 1; }
  static __device__ __forceinline__ uint32_t mirrored_block() { return 3 * (1 << FIRST) - 1 - block(); }
};

template <int STAGES>
struct column_words {
  uint32_t x[2][columns<STAGES>::HELD];
};

/* Where word k of the pass is in the limb and in shared memory. */
template <class Pass>
static __device__ __forceinline__ uint2 *in_limb(uint32_t *data, int k) {
  return reinterpret_cast<uint2 *>(data + Pass::row_of_thread() * ROW + Pass::shape::first_column()) +
         Pass::row_of_word(k) * (ROW / 2);
}

static constexpr __device__ __forceinline__ uint32_t padded(uint32_t row) { return row + row / 16; }

template <class Pass>
static __device__ __forceinline__ uint2 *in_shared(int k) {
  UMBRA_SHARED(shared);
  return reinterpret_cast<uint2 *>(shared) + padded(Pass::row_of_thread()) * Pass::shape::LANES + Pass::shape::lane() +
         padded(Pass::row_of_word(k)) * Pass::shape::LANES;
}

template <class Pass, class Words>
static __device__ __forceinline__ void load_columns(Words &words, uint32_t *data) {
#pragma unroll
  for (int k = 0; k < Pass::shape::HELD; k++) {
    const uint2 both = *in_limb<Pass>(data, k);
    words.x[0][k] = both.x, words.x[1][k] = both.y;
  }
}

template <class Pass, class Words>
static __device__ __forceinline__ void store_columns(const Words &words, uint32_t *data) {
#pragma unroll
  for (int k = 0; k < Pass::shape::HELD; k++) *in_limb<Pass>(data, k) = make_uint2(words.x[0][k], words.x[1][k]);
}

/* From the words of one pass to those of another. A thread overwrites what it read itself in the exchange before. */
template <class From, class To, class Words>
static __device__ __forceinline__ void exchange_columns(Words &words) {
#pragma unroll
  for (int k = 0; k < From::shape::HELD; k++) *in_shared<From>(k) = make_uint2(words.x[0][k], words.x[1][k]);
  __syncthreads();
#pragma unroll
  for (int k = 0; k < From::shape::HELD; k++) {
    const uint2 both = *in_shared<To>(k);
    words.x[0][k] = both.x, words.x[1][k] = both.y;
  }
}

/* Multiplies by c the words that the stage with one block does not multiply: the lower half of each group. */
template <class Pass, class Words>
static __device__ __forceinline__ void scale_lower(Words &words, uint32_t c, modulus m) {
#pragma unroll
  for (int k = 0; k < Pass::shape::HELD; k++) {
    if (k >> (Pass::RADIX - 1) & 1) continue;
    words.x[0][k] = mul(words.x[0][k], c, m);
    words.x[1][k] = mul(words.x[1][k], c, m);
  }
}

template <int STAGES, int FIRST>
static __device__ __forceinline__ void forward_passes(column_words<STAGES> &words, const limb_job &at) {
  using here = pass<STAGES, FIRST>;
  uint32_t w[16];
  load_twiddles<here::RADIX>(w, at.twiddle, here::block());
  if (FIRST == 0) {
    const uint32_t r2 = to_montgomery(at.prime->r, at);
    w[1] = mul(w[1], r2, at.m);
    scale_lower<here>(words, r2, at.m);
  }
#pragma unroll
  for (int k = 0; k < here::shape::HELD; k += 1 << here::RADIX) {
    forward_stages<here::RADIX>(words.x[0] + k, w, at.m);
    forward_stages<here::RADIX>(words.x[1] + k, w, at.m);
  }
  if constexpr (here::NEXT < STAGES) {
    exchange_columns<here, pass<STAGES, here::NEXT>>(words);
    forward_passes<STAGES, here::NEXT>(words, at);
  } else {
    store_columns<here>(words, at.data);
  }
}

/* closing: the constant by which all words are multiplied, in Montgomery form. */
template <int STAGES, int FIRST>
static __device__ __forceinline__ void inverse_passes(column_words<STAGES> &words, const limb_job &at,
                                                      uint32_t closing) {
  using here = pass<STAGES, FIRST>;
  if constexpr (here::NEXT < STAGES) {
    inverse_passes<STAGES, here::NEXT>(words, at, closing);
    exchange_columns<pass<STAGES, here::NEXT>, here>(words);
  } else {
    load_columns<here>(words, at.data);
  }
  uint32_t w[16];
  load_twiddles<here::RADIX>(w, at.twiddle, here::mirrored_block());
  if (FIRST == 0) w[1] = mul(w[1], closing, at.m);
#pragma unroll
  for (int k = 0; k < here::shape::HELD; k += 1 << here::RADIX) {
    inverse_stages<here::RADIX>(words.x[0] + k, w, at.m);
    inverse_stages<here::RADIX>(words.x[1] + k, w, at.m);
  }
  if (FIRST == 0) scale_lower<here>(words, closing, at.m);
}

/* The limb that the block stands for: grid.y counts those that are not left out. None if there are not so many. */
static __device__ __forceinline__ uint32_t limb_of_block(const umbra_cuda_skip &skip, uint32_t poly) {
  const uint32_t j = poly % UMBRA_MAX_DIGITS;
  return blockIdx.y < skip.first[j] ? blockIdx.y : blockIdx.y + skip.count[j];
}

template <int STAGES>
static __global__ void __launch_bounds__(THREADS)
    forward_columns(umbra_cuda_tables tables, umbra_view view, uint32_t limbs,
                    const __grid_constant__ umbra_cuda_skip skip) {
  umbra_cuda_begin();
  using first = pass<STAGES, 0>;
  const uint32_t poly = first::shape::poly(), limb = limb_of_block(skip, poly);
  if (limb >= limbs) return;
  const limb_job at = job_of(tables, view, poly, limb);
  column_words<STAGES> words;
  load_columns<first>(words, at.data);
  forward_passes<STAGES, 0>(words, at);
}

/* Times c. */
template <int STAGES>
static __global__ void __launch_bounds__(THREADS)
    inverse_columns(umbra_cuda_tables tables, umbra_view view, const __grid_constant__ umbra_cuda_constants c) {
  umbra_cuda_begin();
  using first = pass<STAGES, 0>;
  const limb_job at = job_of(tables, view, first::shape::poly(), blockIdx.y);
  const uint32_t closing = mul(to_montgomery(c.of[blockIdx.y], at), to_montgomery(at.prime->n_inv, at), at.m);
  column_words<STAGES> words;
  inverse_passes<STAGES, 0>(words, at, closing);
  store_columns<first>(words, at.data);
}

/* ---- rows ---- */

/* The thread's place. The ROW_THREADS threads of a row are of one warp, so rows need no barrier of the whole block. */
struct row_place {
  uint32_t thread;   /* in its row */
  uint32_t limb_row; /* its row of the limb */
  uint32_t poly;
  uint32_t *shared; /* the row's room */
};

static __device__ __forceinline__ row_place place_of(uint32_t log_n) {
  UMBRA_SHARED(shared);
  const uint32_t row = threadIdx.x / ROW_THREADS, rows = blockDim.x / ROW_THREADS;
  const uint32_t log_blocks = log_n < LOG_BLOCK ? 0 : log_n - LOG_BLOCK;
  const uint32_t block = blockIdx.x & ((1u << log_blocks) - 1);
  return {threadIdx.x % ROW_THREADS, block * rows + row, blockIdx.x >> log_blocks, shared + row * ROW_PITCH};
}

/*
 * A row in shared memory. Units of 4 words change places within groups of 4: unit u is at u ^ (u / 8 & 3). So neither
 * threads that go through words 16 apart, nor through units next to each other or 4 units apart, meet in a bank.
 */

/* The thread's words, 16 apart: x[k] is word 16 k + thread. */
static __device__ __forceinline__ uint32_t *spread_word(const row_place &p, int k) {
  return p.shared + (p.thread ^ (k / 2 & 3) * 4) + 16 * k;
}

static __device__ __forceinline__ void put_spread(const uint32_t *x, const row_place &p) {
#pragma unroll
  for (int k = 0; k < 16; k++) *spread_word(p, k) = x[k];
}

static __device__ __forceinline__ void get_spread(uint32_t *x, const row_place &p) {
#pragma unroll
  for (int k = 0; k < 16; k++) x[k] = *spread_word(p, k);
}

/* The thread's words, in one piece: x[k] is word 16 thread + k. */
static __device__ __forceinline__ uint32_t *piece_unit(const row_place &p, int unit) {
  return p.shared + 16 * p.thread + 4 * (unit ^ (p.thread / 2 & 3));
}

static __device__ __forceinline__ void put_piece(const uint32_t *x, const row_place &p) {
#pragma unroll
  for (int k = 0; k < 16; k += 4) {
    umbra_cuda_store4(piece_unit(p, k / 4), make_uint4(x[k], x[k + 1], x[k + 2], x[k + 3]));
  }
}

static __device__ __forceinline__ void get_piece(uint32_t *x, const row_place &p) {
#pragma unroll
  for (int k = 0; k < 16; k += 4) {
    const uint4 four = umbra_cuda_load4(piece_unit(p, k / 4));
    x[k] = four.x, x[k + 1] = four.y, x[k + 2] = four.z, x[k + 3] = four.w;
  }
}

/* The thread's units when all threads go through the row side by side: unit 16 k + thread. */
static __device__ __forceinline__ uint32_t *side_unit(const row_place &p, int k) {
  return p.shared + 4 * (p.thread ^ ((p.thread / 8 + 2 * k) & 3)) + 64 * k;
}

/* The row's forward transform, but for the last fold; leaves it in shared memory. */
static __device__ __forceinline__ void forward_row(const row_place &p, const limb_job &at, uint32_t n) {
  uint32_t x[16], w[16];
  const uint32_t *from = at.data + (size_t)p.limb_row * ROW + p.thread;
#pragma unroll
  for (int k = 0; k < 16; k++) x[k] = from[16 * k];
  load_twiddles<4>(w, at.twiddle, n / ROW + p.limb_row);
  forward_stages<4>(x, w, at.m);
  put_spread(x, p);
  make_last_twiddles(w, at.twiddle, n, p.limb_row * ROW_THREADS + p.thread, at.m);
  __syncwarp();
  get_piece(x, p);
  forward_stages<4>(x, w, at.m);
  put_piece(x, p);
  __syncwarp();
}

static __device__ __forceinline__ uint4 fold4(uint4 x, uint32_t q) {
  return make_uint4(fold(x.x, q), fold(x.y, q), fold(x.z, q), fold(x.w, q));
}

/* Where unit k of side_unit begins in the limb. */
static __device__ __forceinline__ uint32_t *limb_unit(uint32_t *data, const row_place &p, int k) {
  return data + (size_t)p.limb_row * ROW + 4 * p.thread + 64 * k;
}

/* Writes what forward_row left. */
static __device__ __forceinline__ void store_row(const limb_job &at, const row_place &p) {
#pragma unroll
  for (int k = 0; k < 4; k++) {
    umbra_cuda_store4(limb_unit(at.data, p, k), fold4(umbra_cuda_load4(side_unit(p, k)), at.m.q));
  }
}

static __global__ void __launch_bounds__(THREADS)
    forward_rows(umbra_cuda_tables tables, umbra_view view, uint32_t limbs,
                 const __grid_constant__ umbra_cuda_skip skip) {
  umbra_cuda_begin();
  const row_place p = place_of(tables.log_n);
  const uint32_t limb = limb_of_block(skip, p.poly);
  if (limb >= limbs) return;
  const limb_job at = job_of(tables, view, p.poly, limb);
  forward_row(p, at, tables.n);
  store_row(at, p);
}

/* x * of_x + z * of_z, times R^-1; two products of canonical residues are below q * 2^32. */
static __device__ __forceinline__ uint32_t combine(uint32_t x, uint32_t of_x, uint32_t z, uint32_t of_z, modulus m) {
  return fold(reduce_lazy(mul_wide(x, of_x) + mul_wide(z, of_z), m), m.q);
}

/* ... and dst = x * a - z * b. */
static __global__ void __launch_bounds__(THREADS)
    forward_rows_close(umbra_cuda_tables tables, umbra_view dst, umbra_view x,
                       const __grid_constant__ umbra_cuda_constants a, umbra_view z,
                       const __grid_constant__ umbra_cuda_constants b) {
  umbra_cuda_begin();
  const row_place p = place_of(tables.log_n);
  const uint32_t limb = blockIdx.y;
  const limb_job at = job_of(tables, z, p.poly, limb);
  const uint32_t of_x = to_montgomery(a.of[limb], at), of_z = to_montgomery(at.m.q - b.of[limb], at);
  uint32_t *to = umbra_cuda_limb_at(dst, tables.n, p.poly, limb).data;
  uint4 x4[4] = {}; /* read early, to have arrived when they are needed */
  if (x.polys) {
    uint32_t *from = umbra_cuda_limb_at(x, tables.n, p.poly, limb).data;
#pragma unroll
    for (int k = 0; k < 4; k++) x4[k] = umbra_cuda_load4(limb_unit(from, p, k));
  }
  forward_row(p, at, tables.n);
  if (to != at.data) store_row(at, p);
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const uint4 z4 = fold4(umbra_cuda_load4(side_unit(p, k)), at.m.q);
    umbra_cuda_store4(limb_unit(to, p, k),
                      make_uint4(combine(x4[k].x, of_x, z4.x, of_z, at.m), combine(x4[k].y, of_x, z4.y, of_z, at.m),
                                 combine(x4[k].z, of_x, z4.z, of_z, at.m), combine(x4[k].w, of_x, z4.w, of_z, at.m)));
  }
}

static __global__ void __launch_bounds__(THREADS)
    inverse_rows(umbra_cuda_tables tables, umbra_view dst, umbra_view src) {
  umbra_cuda_begin();
  const uint32_t n = tables.n;
  const row_place p = place_of(tables.log_n);
  const limb_job at = job_of(tables, dst, p.poly, blockIdx.y);
  uint32_t *from = umbra_cuda_limb_at(src, n, p.poly, blockIdx.y).data;
  uint32_t *to = at.data + (size_t)p.limb_row * ROW + p.thread;
  uint32_t x[16], w[16];
#pragma unroll
  for (int k = 0; k < 4; k++) umbra_cuda_store4(side_unit(p, k), umbra_cuda_load4(limb_unit(from, p, k)));
  make_last_twiddles(w, at.twiddle, n, n / 16 - 1 - (p.limb_row * ROW_THREADS + p.thread), at.m);
  __syncwarp();
  get_piece(x, p);
  inverse_stages<4>(x, w, at.m);
  put_piece(x, p);
  load_twiddles<4>(w, at.twiddle, 2 * (n / ROW) - 1 - p.limb_row);
  __syncwarp();
  get_spread(x, p);
  inverse_stages<4>(x, w, at.m);
#pragma unroll
  for (int k = 0; k < 16; k++) to[16 * k] = x[k];
}

cudaError_t umbra_cuda_load_ntt(void) {
  return umbra_cuda_load(forward_columns<2>, forward_columns<3>, forward_columns<4>, forward_columns<5>,
                         forward_columns<6>, forward_columns<7>, forward_columns<8>, forward_columns<9>,
                         inverse_columns<2>, inverse_columns<3>, inverse_columns<4>, inverse_columns<5>,
                         inverse_columns<6>, inverse_columns<7>, inverse_columns<8>, inverse_columns<9>, forward_rows,
                         forward_rows_close, inverse_rows);
}

/* ---- entries ---- */

/* How a kernel over rows is launched. */
struct row_launch {
  dim3 grid, block;
  size_t shared;
};

static row_launch rows_of(uint32_t n, uint32_t limbs, uint32_t polys) {
  const uint32_t rows = n / ROW, most = ROWS, block_rows = rows < most ? rows : most;
  return {dim3(rows / block_rows * polys, limbs), dim3(block_rows * ROW_THREADS),
          sizeof(uint32_t) * block_rows * ROW_PITCH};
}

/* What is launched for one height of columns. */
template <int STAGES>
static void launch_forward_columns(umbra_stream *stream, const umbra_view *view, const umbra_cuda_skip &skip,
                                   uint32_t grid_limbs) {
  using shape = columns<STAGES>;
  umbra_cuda_launch(stream, "ntt_forward", forward_columns<STAGES>, dim3(shape::BLOCKS * view->polys, grid_limbs),
                    THREADS, shape::SHARED, *stream->tables, *view, umbra_view_limbs(view), skip);
}

template <int STAGES>
static void launch_inverse_columns(umbra_stream *stream, const umbra_view *view, const umbra_cuda_constants &c) {
  using shape = columns<STAGES>;
  umbra_cuda_launch(stream, "ntt_inverse", inverse_columns<STAGES>,
                    dim3(shape::BLOCKS * view->polys, umbra_view_limbs(view)), THREADS, shape::SHARED, *stream->tables,
                    *view, c);
}

typedef void forward_launcher(umbra_stream *, const umbra_view *, const umbra_cuda_skip &, uint32_t);
typedef void inverse_launcher(umbra_stream *, const umbra_view *, const umbra_cuda_constants &);

/* By log_n - UMBRA_MIN_LOG_N. */
static forward_launcher *const forward_launchers[] = {
    launch_forward_columns<2>, launch_forward_columns<3>, launch_forward_columns<4>, launch_forward_columns<5>,
    launch_forward_columns<6>, launch_forward_columns<7>, launch_forward_columns<8>, launch_forward_columns<9>};
static inverse_launcher *const inverse_launchers[] = {
    launch_inverse_columns<2>, launch_inverse_columns<3>, launch_inverse_columns<4>, launch_inverse_columns<5>,
    launch_inverse_columns<6>, launch_inverse_columns<7>, launch_inverse_columns<8>, launch_inverse_columns<9>};

void umbra_cuda_ntt_forward_but(umbra_stream *stream, const umbra_view *view, const umbra_cuda_skip &skip,
                                uint32_t most) {
  const row_launch rows = rows_of(stream->tables->n, most, view->polys);
  forward_launchers[stream->tables->log_n - UMBRA_MIN_LOG_N](stream, view, skip, most);
  umbra_cuda_launch(stream, "ntt_forward", forward_rows, rows.grid, rows.block, rows.shared, *stream->tables, *view,
                    umbra_view_limbs(view), skip);
}

void umbra_cuda_ntt_forward(umbra_stream *stream, const umbra_view *view) {
  umbra_cuda_ntt_forward_but(stream, view, umbra_cuda_skip{}, umbra_view_limbs(view));
}

void umbra_cuda_ntt_inverse(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, const uint32_t *c) {
  const row_launch rows = rows_of(stream->tables->n, umbra_view_limbs(dst), dst->polys);
  umbra_cuda_launch(stream, "ntt_inverse", inverse_rows, rows.grid, rows.block, rows.shared, *stream->tables, *dst,
                    *src);
  inverse_launchers[stream->tables->log_n - UMBRA_MIN_LOG_N](stream, dst,
                                                             umbra_cuda_constants_of(c, umbra_view_limbs(dst)));
}

void umbra_cuda_ntt_close(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                          const umbra_view *z, const uint32_t *b) {
  const uint32_t limbs = umbra_view_limbs(z);
  const row_launch rows = rows_of(stream->tables->n, limbs, z->polys);
  forward_launchers[stream->tables->log_n - UMBRA_MIN_LOG_N](stream, z, umbra_cuda_skip{}, limbs);
  umbra_cuda_launch(stream, "ntt_close", forward_rows_close, rows.grid, rows.block, rows.shared, *stream->tables, *dst,
                    x ? *x : umbra_view{}, umbra_cuda_constants_of(a, x ? limbs : 0), *z,
                    umbra_cuda_constants_of(b, limbs));
}
