/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products of ciphertexts, of multiples and of a constant: every operand is read once, and the sum written once. What
 * exceeds the room for arguments is added by more launches.
 */
#include "entries.h"
#include "products.cuh"

enum { PRODUCTS = 2, MULTIPLES = 4 }; /* of one launch */

struct summands {
  umbra_view a[PRODUCTS], b[PRODUCTS], x[MULTIPLES];
  umbra_cuda_constants c[MULTIPLES], constant;
  uint32_t products, multiples;
  int twice, accumulate; /* accumulate: dst has been begun */
};
static_assert(sizeof(umbra_cuda_tables) + sizeof(umbra_view) + sizeof(summands) <= 4096, "arguments of a launch");

/* The three polynomials of a sum of four coefficients. */
struct parts {
  uint4 of[3];
};

static __device__ __forceinline__ parts add_products(const umbra_cuda_tables &tables, const summands &of,
                                                     const umbra_cuda_prime &prime, uint32_t i, uint32_t limb) {
  umbra_cuda_sums<4> sums[3];
#pragma unroll
  for (int p = 0; p < 3; p++) umbra_cuda_sums_clear(sums[p]);
#pragma unroll 1
  for (uint32_t k = 0; k < of.products; k++) {
    const uint32_t *a = umbra_cuda_limb_at(of.a[k], tables.n, 0, limb).data + i;
    const uint32_t *b = umbra_cuda_limb_at(of.b[k], tables.n, 0, limb).data + i;
    const uint4 a0 = umbra_cuda_load4(a), a1 = umbra_cuda_load4(a + of.a[k].stride);
    const uint4 b0 = umbra_cuda_load4(b), b1 = umbra_cuda_load4(b + of.b[k].stride);
    umbra_cuda_sums_add(sums[0], a0, b0);
    umbra_cuda_sums_add(sums[1], a0, b1);
    umbra_cuda_sums_add(sums[1], a1, b0);
    umbra_cuda_sums_add(sums[2], a1, b1);
#pragma unroll
    for (int p = 0; p < 3; p++) umbra_cuda_sums_shrink(sums[p], prime.q);
  }
  parts result;
#pragma unroll
  for (int p = 0; p < 3; p++) {
    result.of[p] = umbra_cuda_sums_reduce(sums[p], prime.q, prime.neg_inv);
    if (of.twice) result.of[p] = umbra_cuda_add4(result.of[p], result.of[p], prime.q);
  }
  return result;
}

static __device__ __forceinline__ void add_multiples(parts &result, const umbra_cuda_tables &tables, const summands &of,
                                                     const umbra_cuda_prime &prime, uint32_t i, uint32_t limb) {
  umbra_cuda_sums<4> sums[2];
  umbra_cuda_sums_clear(sums[0]);
  umbra_cuda_sums_clear(sums[1]);
#pragma unroll 1
  for (uint32_t k = 0; k < of.multiples; k++) {
    const uint32_t *x = umbra_cuda_limb_at(of.x[k], tables.n, 0, limb).data + i;
    const uint32_t c = umbra_mod_mul_const(of.c[k].of[limb], prime.r, prime.r_shoup, prime.q);
#pragma unroll
    for (int p = 0; p < 2; p++) {
      umbra_cuda_sums_add(sums[p], umbra_cuda_load4(x + p * of.x[k].stride), {c, c, c, c});
      umbra_cuda_sums_shrink(sums[p], prime.q);
    }
  }
#pragma unroll
  for (int p = 0; p < 2; p++) {
    const uint4 share = umbra_cuda_sums_reduce(sums[p], prime.q, prime.neg_inv);
    result.of[p] = umbra_cuda_add4(result.of[p], share, prime.q);
  }
}

static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    sum(umbra_cuda_tables tables, umbra_view dst, const __grid_constant__ summands of) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, 0, limb);
  const umbra_cuda_prime &prime = tables.prime[to.position];
  parts result = add_products(tables, of, prime, i, limb);
  add_multiples(result, tables, of, prime, i, limb);
  const uint32_t c = of.constant.of[limb];
  result.of[0] = umbra_cuda_add4(result.of[0], {c, c, c, c}, prime.q);
#pragma unroll
  for (int p = 0; p < 3; p++) {
    if (p == 2 && !of.products) continue;
    uint32_t *at = to.data + p * dst.stride + i;
    umbra_cuda_store4(at, of.accumulate ? umbra_cuda_add4(umbra_cuda_load4(at), result.of[p], prime.q) : result.of[p]);
  }
}

cudaError_t umbra_cuda_load_sum(void) { return umbra_cuda_load(sum); }

/* Of `count` from `first` on, how many go into one launch. */
static uint32_t taken(uint32_t count, uint32_t first, uint32_t most) {
  const uint32_t left = count > first ? count - first : 0;
  return left < most ? left : most;
}

static summands summands_of(const umbra_sum_of *of, uint32_t launch, uint32_t limbs) {
  const uint32_t product = launch * PRODUCTS, multiple = launch * MULTIPLES;
  summands made = {};
  made.products = taken(of->products, product, PRODUCTS);
  made.multiples = taken(of->multiples, multiple, MULTIPLES);
  made.twice = of->twice;
  made.accumulate = launch > 0;
  for (uint32_t k = 0; k < made.products; k++) {
    made.a[k] = of->a[product + k];
    made.b[k] = of->b[product + k];
  }
  for (uint32_t k = 0; k < made.multiples; k++) {
    made.x[k] = of->x[multiple + k];
    made.c[k] = umbra_cuda_constants_of(of->c[multiple + k], limbs);
  }
  if (of->constant && !launch) made.constant = umbra_cuda_constants_of(of->constant, limbs);
  return made;
}

void umbra_cuda_sum(umbra_stream *stream, const umbra_view *dst, const umbra_sum_of *of) {
  const uint32_t limbs = umbra_view_limbs(dst);
  uint32_t launch = 0;
  do {
    umbra_cuda_launch(stream, "sum", sum, umbra_cuda_grid(stream->tables->n, 4, limbs, 1), UMBRA_CUDA_THREADS, 0,
                      *stream->tables, *dst, summands_of(of, launch, limbs));
    launch++;
  } while (launch * PRODUCTS < of->products || launch * MULTIPLES < of->multiples);
}
