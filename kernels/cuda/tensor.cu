/* SPDX-License-Identifier: Apache-2.0 */
/* Tensor product of two ciphertexts of two polynomials each. */
#include "entries.h"
#include "products.cuh"

/* [old +] the residues of the sums */
static __device__ __forceinline__ void close(uint32_t *dst, const umbra_cuda_sums<4> &sums,
                                             const umbra_cuda_prime *prime, int accumulate) {
  const uint32_t q = prime->q;
  uint4 result = umbra_cuda_sums_reduce(sums, q, prime->neg_inv);
  if (accumulate) result = umbra_cuda_add4(umbra_cuda_load4(dst), result, q);
  umbra_cuda_store4(dst, result);
}

static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    tensor(umbra_cuda_tables tables, umbra_view dst, umbra_view a, umbra_view b, int accumulate) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, 0, limb);
  const umbra_cuda_prime *prime = &tables.prime[to.position];
  const uint32_t *a_limb = umbra_cuda_limb_at(a, n, 0, limb).data + i;
  const uint32_t *b_limb = umbra_cuda_limb_at(b, n, 0, limb).data + i;
  const uint4 a0 = umbra_cuda_load4(a_limb), a1 = umbra_cuda_load4(a_limb + a.stride);
  const uint4 b0 = umbra_cuda_load4(b_limb), b1 = umbra_cuda_load4(b_limb + b.stride);
  umbra_cuda_sums<4> low, cross, high;
  umbra_cuda_sums_clear(low);
  umbra_cuda_sums_clear(cross);
  umbra_cuda_sums_clear(high);
  umbra_cuda_sums_add(low, a0, b0);
  umbra_cuda_sums_add(cross, a0, b1);
  umbra_cuda_sums_add(cross, a1, b0);
  umbra_cuda_sums_add(high, a1, b1);
  close(to.data + i, low, prime, accumulate);
  close(to.data + dst.stride + i, cross, prime, accumulate);
  close(to.data + 2 * dst.stride + i, high, prime, accumulate);
}

cudaError_t umbra_cuda_load_tensor(void) { return umbra_cuda_load(tensor); }

void umbra_cuda_tensor(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b,
                       int accumulate) {
  umbra_cuda_launch(stream, "tensor", tensor, umbra_cuda_grid(stream->tables->n, 4, umbra_view_limbs(dst), 1),
                    UMBRA_CUDA_THREADS, 0, *stream->tables, *dst, *a, *b, accumulate);
}
