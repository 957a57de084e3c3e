/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gadget inner products of key switching. A thread holds its coefficients of all digits in registers and goes through
 * the rotations, so digits are read once; results are stored where the rotation's automorphism moves them.
 */
#include "entries.h"
#include "galois.cuh"
#include "products.cuh"

enum {
  HELD = 8,      /* most digits in registers */
  ROTATIONS = 16 /* of one launch: its arguments have to fit 4 KiB */
};

/* Where all sums begin: init_p * c on some limbs and polynomials, and what dst was. */
struct beginning {
  umbra_view init;
  umbra_cuda_constants c;
  uint32_t limbs; /* 0: no such term */
  int accumulate;
};

template <int digits>
struct digit_views {
  umbra_view of[digits];
};

struct rotation {
  umbra_view key;
  uint32_t h; /* the inverse of the Galois element */
};

struct rotation_list {
  rotation of[ROTATIONS];
  uint32_t count;
};

/* What a thread works on. */
struct work {
  umbra_cuda_prime prime;
  uint4 init[2];
  uint32_t c; /* Montgomery's */
  uint32_t i, limb;
};

static __device__ __forceinline__ work work_of(const umbra_cuda_tables &tables, const umbra_view &dst,
                                               const beginning &begin, uint32_t i, uint32_t limb) {
  work w = {
      tables.prime[umbra_cuda_limb_at(dst, tables.n, 0, limb).position], {{0, 0, 0, 0}, {0, 0, 0, 0}}, 0, i, limb};
  if (limb < begin.limbs) {
    const uint32_t *init = umbra_cuda_limb_at(begin.init, tables.n, 0, limb).data + i;
    w.c = umbra_mod_mul_const(begin.c.of[limb], w.prime.r, w.prime.r_shoup, w.prime.q);
    w.init[0] = umbra_cuda_load4(init);
    if (begin.init.polys == 2) w.init[1] = umbra_cuda_load4(init + begin.init.stride);
  }
  return w;
}

static __device__ __forceinline__ umbra_cuda_sums<4> begin_sums(const work &w, int poly) {
  umbra_cuda_sums<4> sums;
  umbra_cuda_sums_clear(sums);
  umbra_cuda_sums_add(sums, w.init[poly], {w.c, w.c, w.c, w.c});
  return sums;
}

static __device__ __forceinline__ void finish(const umbra_cuda_tables &tables, const umbra_view &dst, uint32_t poly,
                                              const umbra_cuda_sums<4> &sums, const work &w, uint32_t h,
                                              int accumulate) {
  const uint4 result = umbra_cuda_sums_reduce(sums, w.prime.q, w.prime.neg_inv);
  const umbra_cuda_moved moved = umbra_cuda_move(w.i, result, h, tables.log_n);
  uint32_t *to = umbra_cuda_limb_at(dst, tables.n, poly, w.limb).data + moved.first;
  umbra_cuda_store4(to, accumulate ? umbra_cuda_add4(umbra_cuda_load4(to), moved.value, w.prime.q) : moved.value);
}

/* With six digits ptxas likes one block too many on older devices, and spills. */
#define BLOCKS(digits) ((digits) == 6 ? UMBRA_CUDA_OLDER_BLOCKS(4) : 0)

/* Polynomials 2r, 2r + 1 of dst, for all rotations r of the list. */
template <int digits>
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS, BLOCKS(digits))
    inner_products(umbra_cuda_tables tables, umbra_view dst, digit_views<digits> digit, beginning begin,
                   rotation_list rotations) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  const work w = work_of(tables, dst, begin, i, limb);
  uint4 x[digits];
#pragma unroll
  for (int j = 0; j < digits; j++) x[j] = umbra_cuda_load4(umbra_cuda_limb_at(digit.of[j], n, 0, limb).data + i);
  for (uint32_t r = blockIdx.z; r < rotations.count; r += gridDim.z) {
    const umbra_view &key = rotations.of[r].key;
    const uint32_t *key_limb = umbra_cuda_limb_at(key, n, 0, limb).data + i;
    umbra_cuda_sums<4> sums0 = begin_sums(w, 0), sums1 = begin_sums(w, 1);
#pragma unroll
    for (int j = 0; j < digits; j++) {
      umbra_cuda_sums_add(sums0, x[j], umbra_cuda_stream4(key_limb + 2 * j * key.stride));
      umbra_cuda_sums_add(sums1, x[j], umbra_cuda_stream4(key_limb + (2 * j + 1) * key.stride));
      if (j && (j % 2 == 0 || j == digits - 1)) {
        umbra_cuda_sums_shrink(sums0, w.prime.q);
        umbra_cuda_sums_shrink(sums1, w.prime.q);
      }
    }
    finish(tables, dst, 2 * r, sums0, w, rotations.of[r].h, begin.accumulate);
    finish(tables, dst, 2 * r + 1, sums1, w, rotations.of[r].h, begin.accumulate);
  }
}

/* One rotation with more digits than registers. */
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    long_inner_product(umbra_cuda_tables tables, umbra_view dst, digit_views<UMBRA_MAX_DIGITS> digit, uint32_t digits,
                       beginning begin, rotation rotation) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  const work w = work_of(tables, dst, begin, i, limb);
  const uint32_t *key_limb = umbra_cuda_limb_at(rotation.key, n, 0, limb).data + i;
  umbra_cuda_sums<4> sums0 = begin_sums(w, 0), sums1 = begin_sums(w, 1);
  for (uint32_t j = 0; j < digits; j++) {
    const uint4 x = umbra_cuda_load4(umbra_cuda_limb_at(digit.of[j], n, 0, limb).data + i);
    umbra_cuda_sums_add(sums0, x, umbra_cuda_stream4(key_limb + 2 * j * rotation.key.stride));
    umbra_cuda_sums_add(sums1, x, umbra_cuda_stream4(key_limb + (2 * j + 1) * rotation.key.stride));
    umbra_cuda_sums_shrink(sums0, w.prime.q);
    umbra_cuda_sums_shrink(sums1, w.prime.q);
  }
  finish(tables, dst, 0, sums0, w, rotation.h, begin.accumulate);
  finish(tables, dst, 1, sums1, w, rotation.h, begin.accumulate);
}

cudaError_t umbra_cuda_load_inner_product(void) {
  return umbra_cuda_load(inner_products<1>, inner_products<2>, inner_products<3>, inner_products<4>, inner_products<5>,
                         inner_products<6>, inner_products<7>, inner_products<8>, long_inner_product);
}

/* ---- entries ---- */

static beginning beginning_of(const umbra_view *init, const uint32_t *c, int accumulate) {
  beginning begin = {};
  begin.accumulate = accumulate;
  if (!init) return begin;
  begin.init = *init;
  begin.limbs = umbra_view_limbs(init);
  begin.c = umbra_cuda_constants_of(c, begin.limbs);
  return begin;
}

/* The digits in kernel arguments; `count` of them at most. */
template <int count>
static digit_views<count> views_of(const umbra_view *digit, uint32_t digits) {
  digit_views<count> views = {};
  for (uint32_t j = 0; j < digits; j++) views.of[j] = digit[j];
  return views;
}

/* Rotations share the digits in registers, unless there are too few coefficients to keep the device busy. */
template <int digits>
static void launch(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, const beginning *begin,
                   const rotation_list *rotations) {
  dim3 grid = umbra_cuda_grid(stream->tables->n, 4, umbra_view_limbs(dst), 1);
  const uint32_t enough = 1024, blocks = grid.x * grid.y;
  while (grid.z * blocks < enough && grid.z < rotations->count) grid.z++;
  umbra_cuda_launch(stream, "inner_product", inner_products<digits>, grid, UMBRA_CUDA_THREADS, 0, *stream->tables, *dst,
                    views_of<digits>(digit, digits), *begin, *rotations);
}

typedef void launcher(umbra_stream *, const umbra_view *, const umbra_view *, const beginning *, const rotation_list *);

static launcher *const launch_held[HELD + 1] = {NULL,      launch<1>, launch<2>, launch<3>, launch<4>,
                                                launch<5>, launch<6>, launch<7>, launch<8>};

/* The polynomials of a view from `first` on. */
static umbra_view from_poly(const umbra_view *view, uint32_t first) {
  umbra_view part = *view;
  for (int r = 0; r < UMBRA_MAX_RUNS && part.run[r].count; r++) part.run[r].data += first * view->stride;
  part.polys -= first;
  return part;
}

static rotation rotation_of(const umbra_stream *stream, const umbra_view *key, uint32_t galois) {
  return {*key, umbra_cuda_galois_inverse(galois, stream->tables->n)};
}

static void launch_long(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                        const beginning *begin, rotation rotation) {
  umbra_cuda_launch(stream, "inner_product", long_inner_product,
                    umbra_cuda_grid(stream->tables->n, 4, umbra_view_limbs(dst), 1), UMBRA_CUDA_THREADS, 0,
                    *stream->tables, *dst, views_of<UMBRA_MAX_DIGITS>(digit, digits), digits, *begin, rotation);
}

static void make_products(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                          const umbra_view *key, const beginning *begin, const uint32_t *galois, uint32_t rotations) {
  const int held = digits && digits <= HELD;
  const uint32_t most = held ? ROTATIONS : 1;
  for (uint32_t first = 0; first < rotations; first += most) {
    const umbra_view part = from_poly(dst, 2 * first);
    rotation_list list = {};
    for (; list.count < most && first + list.count < rotations; list.count++) {
      list.of[list.count] = rotation_of(stream, &key[first + list.count], galois[first + list.count]);
    }
    if (held) launch_held[digits](stream, &part, digit, begin, &list);
    else launch_long(stream, &part, digit, digits, begin, list.of[0]);
  }
}

void umbra_cuda_inner_products(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                               const umbra_view *key, const umbra_view *init, const uint32_t *c, const uint32_t *galois,
                               uint32_t rotations) {
  const beginning begin = beginning_of(init, c, 0);
  make_products(stream, dst, digit, digits, key, &begin, galois, rotations);
}

void umbra_cuda_inner_product(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                              const umbra_view *key, const umbra_view *init, const uint32_t *c, uint32_t galois,
                              int accumulate) {
  const beginning begin = beginning_of(init, c, accumulate);
  make_products(stream, dst, digit, digits, key, &begin, &galois, 1);
}
