/* SPDX-License-Identifier: Apache-2.0 */
/* Closing step of an exact division. */
#include "entries.h"
#include "products.cuh"

/* dst = x * a - z * b; x has no polynomials if it is 0. */
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    divide_close(umbra_cuda_tables tables, umbra_view dst, umbra_view x, umbra_cuda_constants a, umbra_view z,
                 umbra_cuda_constants b) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  UMBRA_CUDA_EACH_POLY(poly, dst.polys) {
    const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, poly, limb);
    const umbra_cuda_prime *prime = &tables.prime[to.position];
    const uint32_t q = prime->q;
    /* The constants in Montgomery form, that of z with the other sign. */
    const uint32_t of_z = umbra_mod_neg(umbra_mod_mul_const(b.of[limb], prime->r, prime->r_shoup, q), q);
    const uint4 z4 = umbra_cuda_load4(umbra_cuda_limb_at(z, n, poly, limb).data + i);
    umbra_cuda_sums<4> sums;
    umbra_cuda_sums_clear(sums);
    umbra_cuda_sums_add(sums, z4, {of_z, of_z, of_z, of_z});
    if (x.polys) {
      const uint32_t of_x = umbra_mod_mul_const(a.of[limb], prime->r, prime->r_shoup, q);
      const uint4 x4 = umbra_cuda_load4(umbra_cuda_limb_at(x, n, poly, limb).data + i);
      umbra_cuda_sums_add(sums, x4, {of_x, of_x, of_x, of_x});
    }
    umbra_cuda_store4(to.data + i, umbra_cuda_sums_reduce(sums, q, prime->neg_inv));
  }
}

cudaError_t umbra_cuda_load_divide_close(void) { return umbra_cuda_load(divide_close); }

void umbra_cuda_divide_close(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                             const umbra_view *z, const uint32_t *b) {
  const uint32_t limbs = umbra_view_limbs(dst);
  umbra_cuda_launch(stream, "divide_close", divide_close, umbra_cuda_grid(stream->tables->n, 4, limbs, dst->polys),
                    UMBRA_CUDA_THREADS, 0, *stream->tables, *dst, x ? *x : umbra_view{},
                    umbra_cuda_constants_of(a, x ? limbs : 0), *z, umbra_cuda_constants_of(b, limbs));
}
