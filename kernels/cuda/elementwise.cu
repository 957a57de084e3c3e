/* SPDX-License-Identifier: Apache-2.0 */
/* Element-by-element kernels. They move data and hardly compute: 16 bytes at a time. */
#include "cuda.cuh"
#include "entries.h"
#include "runtime.h"

/* What an operation on one element may use beside its operands. */
struct limb_constants {
  uint32_t q, neg_inv;
  uint32_t c; /* the limb's constant, where there is one */
};

/* ---- operations: d is the old element of dst ---- */

struct op_copy {
  static __device__ uint32_t of(uint32_t a, const limb_constants &) { return a; }
};

struct op_negate {
  static __device__ uint32_t of(uint32_t a, const limb_constants &k) { return umbra_mod_neg(a, k.q); }
};

struct op_mul_const { /* c in Montgomery form */
  static constexpr bool accumulates = false;
  static __device__ uint32_t of(uint32_t a, const limb_constants &k) { return umbra_mont_mul(a, k.c, k.q, k.neg_inv); }
};

struct op_add_multiple : op_mul_const {
  static constexpr bool accumulates = true;
};

struct op_add_const {
  static constexpr bool accumulates = false;
  static __device__ uint32_t of(uint32_t a, const limb_constants &k) { return umbra_mod_add(a, k.c, k.q); }
};

struct op_add {
  static __device__ uint32_t of(uint32_t a, uint32_t b, const limb_constants &k) { return umbra_mod_add(a, b, k.q); }
};

struct op_sub {
  static __device__ uint32_t of(uint32_t a, uint32_t b, const limb_constants &k) { return umbra_mod_sub(a, b, k.q); }
};

struct op_mul {
  static __device__ uint32_t of(uint32_t a, uint32_t b, const limb_constants &k) {
    return umbra_mont_mul(a, b, k.q, k.neg_inv);
  }
};

/* ---- kernels ---- */

template <class Operation>
static __device__ __forceinline__ uint4 each(uint4 a, const limb_constants &k) {
  return {Operation::of(a.x, k), Operation::of(a.y, k), Operation::of(a.z, k), Operation::of(a.w, k)};
}

template <class Operation>
static __device__ __forceinline__ uint4 each(uint4 a, uint4 b, const limb_constants &k) {
  return {Operation::of(a.x, b.x, k), Operation::of(a.y, b.y, k), Operation::of(a.z, b.z, k),
          Operation::of(a.w, b.w, k)};
}

static __device__ __forceinline__ limb_constants constants_at(const umbra_cuda_tables &tables, uint32_t position) {
  return {tables.prime[position].q, tables.prime[position].neg_inv, 0};
}

template <class Operation>
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    unary(umbra_cuda_tables tables, umbra_view dst, umbra_view a) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  UMBRA_CUDA_EACH_POLY(poly, dst.polys) {
    const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, poly, limb);
    const uint4 x = umbra_cuda_load4(umbra_cuda_limb_at(a, n, poly, limb).data + i);
    umbra_cuda_store4(to.data + i, each<Operation>(x, constants_at(tables, to.position)));
  }
}

/* dst = [dst +] a * c or a + c; c becomes Montgomery's if it is a factor. */
template <class Operation>
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    with_constant(umbra_cuda_tables tables, umbra_view dst, umbra_view a, umbra_cuda_constants c, int factor) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  UMBRA_CUDA_EACH_POLY(poly, dst.polys) {
    const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, poly, limb);
    const umbra_cuda_prime *prime = &tables.prime[to.position];
    const uint4 x = umbra_cuda_load4(umbra_cuda_limb_at(a, n, poly, limb).data + i);
    limb_constants k = constants_at(tables, to.position);
    k.c = factor ? umbra_mod_mul_const(c.of[limb], prime->r, prime->r_shoup, prime->q) : c.of[limb];
    uint4 result = each<Operation>(x, k);
    if constexpr (Operation::accumulates) result = each<op_add>(result, umbra_cuda_load4(to.data + i), k);
    umbra_cuda_store4(to.data + i, result);
  }
}

/* dst = [dst +] a op b, with the bracketed term if accumulate is not 0; b may have one polynomial for all. */
template <class Operation>
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    binary(umbra_cuda_tables tables, umbra_view dst, umbra_view a, umbra_view b, int accumulate) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  UMBRA_CUDA_EACH_POLY(poly, dst.polys) {
    const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, poly, limb);
    const limb_constants k = constants_at(tables, to.position);
    const uint4 x = umbra_cuda_load4(umbra_cuda_limb_at(a, n, poly, limb).data + i);
    const uint4 y = umbra_cuda_load4(umbra_cuda_limb_at(b, n, b.polys == 1 ? 0 : poly, limb).data + i);
    uint4 result = each<Operation>(x, y, k);
    if (accumulate) result = each<op_add>(result, umbra_cuda_load4(to.data + i), k);
    umbra_cuda_store4(to.data + i, result);
  }
}

static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS) clear(umbra_cuda_tables tables, umbra_view dst) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(4), limb = blockIdx.y;
  if (i >= n) return;
  UMBRA_CUDA_EACH_POLY(poly, dst.polys) {
    umbra_cuda_store4(umbra_cuda_limb_at(dst, n, poly, limb).data + i, {0, 0, 0, 0});
  }
}

cudaError_t umbra_cuda_load_elementwise(void) {
  return umbra_cuda_load(clear, unary<op_copy>, unary<op_negate>, binary<op_add>, binary<op_sub>, binary<op_mul>,
                         with_constant<op_mul_const>, with_constant<op_add_multiple>, with_constant<op_add_const>);
}

/* ---- entries ---- */

static dim3 grid_of(const umbra_stream *stream, const umbra_view *dst) {
  return umbra_cuda_grid(stream->tables->n, 4, umbra_view_limbs(dst), dst->polys);
}

void umbra_cuda_copy(umbra_stream *stream, const umbra_view *dst, const umbra_view *src) {
  umbra_cuda_launch(stream, "copy", unary<op_copy>, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0, *stream->tables, *dst,
                    *src);
}

void umbra_cuda_zero(umbra_stream *stream, const umbra_view *dst) {
  umbra_cuda_launch(stream, "zero", clear, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0, *stream->tables, *dst);
}

void umbra_cuda_negate(umbra_stream *stream, const umbra_view *dst, const umbra_view *a) {
  umbra_cuda_launch(stream, "negate", unary<op_negate>, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0, *stream->tables,
                    *dst, *a);
}

void umbra_cuda_add(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cuda_launch(stream, "add", binary<op_add>, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0, *stream->tables, *dst,
                    *a, *b, 0);
}

void umbra_cuda_sub(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cuda_launch(stream, "sub", binary<op_sub>, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0, *stream->tables, *dst,
                    *a, *b, 0);
}

void umbra_cuda_mul(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cuda_launch(stream, "mul", binary<op_mul>, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0, *stream->tables, *dst,
                    *a, *b, 0);
}

void umbra_cuda_mul_add(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cuda_launch(stream, "mul_add", binary<op_mul>, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0, *stream->tables,
                    *dst, *a, *b, 1);
}

void umbra_cuda_mul_const(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  umbra_cuda_launch(stream, "mul_const", with_constant<op_mul_const>, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0,
                    *stream->tables, *dst, *a, umbra_cuda_constants_of(c, umbra_view_limbs(dst)), 1);
}

void umbra_cuda_add_multiple(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  umbra_cuda_launch(stream, "add_multiple", with_constant<op_add_multiple>, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0,
                    *stream->tables, *dst, *a, umbra_cuda_constants_of(c, umbra_view_limbs(dst)), 1);
}

void umbra_cuda_add_const(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  umbra_cuda_launch(stream, "add_const", with_constant<op_add_const>, grid_of(stream, dst), UMBRA_CUDA_THREADS, 0,
                    *stream->tables, *dst, *a, umbra_cuda_constants_of(c, umbra_view_limbs(dst)), 0);
}
