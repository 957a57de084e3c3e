/* SPDX-License-Identifier: Apache-2.0 */
/* The ring automorphism X -> X^galois in the evaluation domain. */
#include "entries.h"
#include "galois.cuh"

static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    automorphism(umbra_cuda_tables tables, umbra_view dst, umbra_view src, uint32_t h) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  UMBRA_CUDA_EACH_POLY(poly, dst.polys) {
    const uint4 x = umbra_cuda_load4(umbra_cuda_limb_at(src, n, poly, limb).data + i);
    const umbra_cuda_moved moved = umbra_cuda_move(i, x, h, tables.log_n);
    umbra_cuda_store4(umbra_cuda_limb_at(dst, n, poly, limb).data + moved.first, moved.value);
  }
}

cudaError_t umbra_cuda_load_automorphism(void) { return umbra_cuda_load(automorphism); }

void umbra_cuda_automorphism(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, uint32_t galois) {
  const uint32_t n = stream->tables->n;
  umbra_cuda_launch(stream, "automorphism", automorphism, umbra_cuda_grid(n, 4, umbra_view_limbs(dst), dst->polys),
                    UMBRA_CUDA_THREADS, 0, *stream->tables, *dst, *src, umbra_cuda_galois_inverse(galois, n));
}
