/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the CUDA kernels share: the device's tables, how a view is read on the device, and the one way to launch.
 *
 * The same files run on the CPU in kernels/emu, whose <cuda_runtime.h> gives the built-ins a meaning there; so kernels
 * are launched by umbra_cuda_launch only, and shared memory is always UMBRA_SHARED, sized by the launch.
 */
#ifndef UMBRA_KERNELS_CUDA_CUH
#define UMBRA_KERNELS_CUDA_CUH

#include <cuda_runtime.h>

#include "../kernels.h"
#include "../modarith.h"

/* The block's dynamic shared memory, as words: one array under one name, which kernels/emu defines. */
#define UMBRA_SHARED(name)                                 \
  extern __shared__ __align__(16) uint32_t umbra_shared[]; \
  uint32_t *const name = umbra_shared

/* Constants of one prime. */
struct umbra_cuda_prime {
  uint32_t q;
  uint32_t neg_inv;    /* -q^-1 mod 2^32 */
  uint32_t r, r_shoup; /* 2^32 mod q: to Montgomery form by umbra_mod_mul_const */
  uint32_t n_inv;      /* n^-1 * R^-1 mod q: closing constant of the inverse transform, out of Montgomery form */
  uint32_t accept;     /* floor(2^32 / q) * q - 1: the largest word that expand accepts */
  uint32_t word_shoup; /* floor(2^32 / q): quotient estimate for reducing any word */
};

/* What kernels need of a device: passed to them by value. */
struct umbra_cuda_tables {
  uint32_t log_n, n;
  const umbra_cuda_prime *prime;
  const uint32_t *twiddle;         /* [prime][n]: psi^brev(i), brev reversing log_n bits, in Montgomery form */
  const double *fft_cos, *fft_sin; /* entry h + j: cos, sin of pi j / h; j < h for h <= 2^16, j < h / 2 for 2^17 */
};

struct umbra_device;       /* runtime.h */
struct umbra_cuda_staging; /* staging.cu */

/* Places in the queue that a stream keeps: events, and the numbers, from 1, of those that are free. */
struct umbra_cuda_marks {
  cudaEvent_t *event;
  uint32_t *unused;
  uint32_t events, unused_events, room;
};

struct umbra_stream {
  umbra_stream_head head;
  umbra_device *device;
  const umbra_cuda_tables *tables;
  const umbra_cuda_prime *host_prime; /* the same constants in host memory */
  cudaStream_t queue;                 /* the device's, or `recorder` while recording */
  cudaStream_t recorder;              /* NULL until something is recorded */
  int unrecordable;                   /* what is being recorded moves host memory */
  cudaError_t lost;                   /* the first failure of what is being recorded */
  int unpinned;                       /* there was no pinned memory to be had */
  int overlap;                        /* the device's: kernels may begin before those ahead of them are over */
  umbra_cuda_staging *staging;        /* NULL until something is uploaded or downloaded */
  cudaEvent_t lap[2];                 /* the last lap's, and that of the next one; NULL until there is one */
  umbra_cuda_marks marks;
};

/* Notes a failure of work: it is lost, so the first one sticks to the device. While recording, only that is lost. */
void umbra_cuda_note(umbra_stream *stream, const char *what, cudaError_t error);

/* Where memory is exhausted: gives the driver back what pools keep unused, once their work is done. */
void umbra_cuda_make_room(const umbra_device *device);

/* Once more with room, if that was what the call lacked. */
template <class Call>
static cudaError_t umbra_cuda_with_room(const umbra_device *device, Call call) {
  const cudaError_t error = call();
  if (error != cudaErrorMemoryAllocation && error != cudaErrorLaunchOutOfResources) return error;
  umbra_cuda_make_room(device);
  return call();
}

/*
 * Kernels take at most 4 KiB of arguments, views included. An empty grid has nothing to do. Where kernels overlap, this
 * one may take its place on the device while the one before it ends; umbra_cuda_begin keeps it from doing more.
 */
template <class... Parameters, class... Arguments>
static void umbra_cuda_launch(umbra_stream *stream, const char *name, void (*kernel)(Parameters...), dim3 grid,
                              dim3 block, size_t shared_bytes, Arguments... arguments) {
  if (!grid.x || !grid.y || !grid.z) return;
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream->queue;
  cudaLaunchAttribute overlapping = {};
  overlapping.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlapping.val.programmaticStreamSerializationAllowed = 1;
  config.attrs = &overlapping;
  config.numAttrs = stream->overlap ? 1 : 0;
  const auto launch = [&] { return cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...); };
  umbra_cuda_note(stream, name, umbra_cuda_with_room(stream->device, launch));
}

/* For __launch_bounds__: so many blocks are to fit a multiprocessor before sm_90; there, as ptxas likes. */
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
#define UMBRA_CUDA_OLDER_BLOCKS(blocks) (blocks)
#else
#define UMBRA_CUDA_OLDER_BLOCKS(blocks) 0
#endif

/*
 * What every kernel begins with. It allows the next kernel to take its place as soon as all blocks of this one have
 * theirs, and waits until the one before it in the queue, which itself has waited for all before, is over and its
 * results are seen. A kernel that was launched without overlap waits for nothing.
 */
static __device__ __forceinline__ void umbra_cuda_begin() {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  cudaTriggerProgrammaticLaunchCompletion(); /* in this order: inverse_rows takes more registers in the other */
  cudaGridDependencySynchronize();
#endif
}

/* Loads kernels to the thread's device; the first error. */
template <class... Kernels>
static cudaError_t umbra_cuda_load(Kernels... kernels) {
  cudaFuncAttributes attributes;
  cudaError_t error = cudaSuccess;
  ((error = error == cudaSuccess ? cudaFuncGetAttributes(&attributes, kernels) : error), ...);
  return error;
}

/* Those of one file each. */
cudaError_t umbra_cuda_load_automorphism(void);
cudaError_t umbra_cuda_load_bulk_fft(void);
cudaError_t umbra_cuda_load_convert(void);
cudaError_t umbra_cuda_load_divide_close(void);
cudaError_t umbra_cuda_load_elementwise(void);
cudaError_t umbra_cuda_load_expand(void);
cudaError_t umbra_cuda_load_fft(void);
cudaError_t umbra_cuda_load_from_i64(void);
cudaError_t umbra_cuda_load_gemm(void);
cudaError_t umbra_cuda_load_inner_product(void);
cudaError_t umbra_cuda_load_ntt(void);
cudaError_t umbra_cuda_load_plain_products(void);
cudaError_t umbra_cuda_load_sum(void);
cudaError_t umbra_cuda_load_tensor(void);

/* A limb of a view on the device. */
struct umbra_cuda_limb {
  uint32_t *data;
  uint32_t position; /* of its prime */
};

/* Looks at all runs, with indices known to the compiler: a view indexed at run time would be copied to local memory. */
static __device__ __forceinline__ umbra_cuda_limb umbra_cuda_limb_at(const umbra_view &view, uint32_t n, uint32_t poly,
                                                                     uint32_t limb) {
  uint32_t *data = view.run[0].data;
  uint32_t prime = view.run[0].prime, first = 0, end = 0;
#pragma unroll
  for (int r = 1; r < UMBRA_MAX_RUNS; r++) {
    end += view.run[r - 1].count;
    if (limb >= end) {
      data = view.run[r].data;
      prime = view.run[r].prime;
      first = end;
    }
  }
  return {data + poly * view.stride + (size_t)(limb - first) * n, prime + limb - first};
}

/* One constant per limb, by value. */
struct umbra_cuda_constants {
  uint32_t of[UMBRA_MAX_PRIMES];
};

static inline umbra_cuda_constants umbra_cuda_constants_of(const uint32_t *c, uint32_t limbs) {
  umbra_cuda_constants constants = {};
  for (uint32_t i = 0; i < limbs; i++) constants.of[i] = c[i];
  return constants;
}

/* ---- kernels that go through a view coefficient by coefficient ---- */

enum { UMBRA_CUDA_THREADS = 128 }; /* of a block, at launch; kernels ask blockDim */

/* One thread for `width` coefficients: x goes over the coefficients, y over limbs, z over polynomials. */
static inline dim3 umbra_cuda_grid(uint32_t n, uint32_t width, uint32_t limbs, uint32_t polys) {
  const uint32_t block = width * UMBRA_CUDA_THREADS, most = 65535; /* CUDA's limit of y and z */
  return dim3((n + block - 1) / block, limbs, polys < most ? polys : most);
}

/* The first coefficient of the thread; it may lie beyond n. */
static __device__ __forceinline__ uint32_t umbra_cuda_index(uint32_t width) {
  return width * (blockIdx.x * blockDim.x + threadIdx.x);
}

/* The polynomials of the thread. */
#define UMBRA_CUDA_EACH_POLY(poly, polys) for (uint32_t poly = blockIdx.z; poly < (polys); poly += gridDim.z)

static __device__ __forceinline__ uint4 umbra_cuda_load4(const uint32_t *data) {
  return *reinterpret_cast<const uint4 *>(data);
}

/* Of what is read once: it leaves the cache to others. */
static __device__ __forceinline__ uint4 umbra_cuda_stream4(const uint32_t *data) {
  return __ldcs(reinterpret_cast<const uint4 *>(data));
}

static __device__ __forceinline__ void umbra_cuda_store4(uint32_t *data, uint4 value) {
  *reinterpret_cast<uint4 *>(data) = value;
}

#endif
