/* SPDX-License-Identifier: Apache-2.0 */
/* Residues of signed integers. */
#include "entries.h"
#include "products.cuh"

/* 2^shift in Montgomery form: from the highest bit of shift on, squared and, where a bit is set, doubled. */
static __device__ __forceinline__ uint32_t power_of_two(uint32_t shift, const umbra_cuda_prime *prime) {
  const uint32_t q = prime->q;
  uint32_t power = prime->r;
  for (int bit = 31 - __clz((int)shift); bit >= 0; bit--) {
    power = umbra_mont_mul(power, power, q, prime->neg_inv);
    if (shift >> bit & 1) power = umbra_mod_add(power, power, q);
  }
  return power;
}

/*
 * value + 2^62 is a sum of two unsigned words, low + 2^32 high, so a residue takes two products by constants and no
 * division: low 2^shift + high 2^(32 + shift) - 2^(62 + shift).
 */
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    from_i64(umbra_cuda_tables tables, umbra_view dst, const int64_t *value, uint32_t shift) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(2), limb = blockIdx.y;
  if (i >= n) return;
  UMBRA_CUDA_EACH_POLY(poly, dst.polys) {
    const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, poly, limb);
    const umbra_cuda_prime *prime = &tables.prime[to.position];
    const uint32_t q = prime->q, neg_inv = prime->neg_inv;
    const uint32_t w0 = power_of_two(shift, prime), w1 = umbra_mod_mul_const(w0, prime->r, prime->r_shoup, q);
    const uint32_t offset = umbra_mont_mul(1u << 30, w1, q, neg_inv);
    const longlong2 pair = *reinterpret_cast<const longlong2 *>(value + (size_t)poly * n + i);
    const uint64_t x = (uint64_t)pair.x + (UINT64_C(1) << 62), y = (uint64_t)pair.y + (UINT64_C(1) << 62);
    umbra_cuda_sums<2> low, high;
    umbra_cuda_sums_clear(low);
    umbra_cuda_sums_clear(high);
    umbra_cuda_sums_add(low, {(uint32_t)x, (uint32_t)y}, {w0, w0});
    umbra_cuda_sums_add(high, {(uint32_t)(x >> 32), (uint32_t)(y >> 32)}, {w1, w1});
    const uint2 a = umbra_cuda_sums_reduce(low, q, neg_inv), b = umbra_cuda_sums_reduce(high, q, neg_inv);
    *reinterpret_cast<uint2 *>(to.data + i) = {umbra_mod_sub(umbra_mod_add(a.x, b.x, q), offset, q),
                                               umbra_mod_sub(umbra_mod_add(a.y, b.y, q), offset, q)};
  }
}

cudaError_t umbra_cuda_load_from_i64(void) { return umbra_cuda_load(from_i64); }

void umbra_cuda_from_i64(umbra_stream *stream, const umbra_view *dst, const int64_t *value, uint32_t shift) {
  umbra_cuda_launch(stream, "from_i64", from_i64,
                    umbra_cuda_grid(stream->tables->n, 2, umbra_view_limbs(dst), dst->polys), UMBRA_CUDA_THREADS, 0,
                    *stream->tables, *dst, value, shift);
}
