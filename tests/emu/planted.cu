/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels with a planted bug, and the same kernels without it.
 *
 * Usage: planted CASE wrong|right. Exit status 0: the result is right and the emulator found nothing. What is planted is
 * for the order of threads, for poison, or for a sanitizer to find; planted.py says which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/emu/emu.h"
#include "launch.h"

enum { THREADS = 64, BLOCKS = 4, WORDS = THREADS * BLOCKS };

/* Copies the right neighbour's number; wrong: without waiting for it. */
static __global__ void missing_barrier(uint32_t *out, int wrong) {
  UMBRA_SHARED(shared);
  const uint32_t t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
  shared[t] = i;
  if (!wrong) __syncthreads();
  out[i] = t ? shared[t - 1] + 1 : i;
}

/* wrong: nobody writes the upper half of what is read. */
static __global__ void uninitialised(uint32_t *out, int wrong) {
  UMBRA_SHARED(shared);
  const uint32_t t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
  if (!wrong || t < THREADS / 2) shared[t] = i;
  __syncthreads();
  out[i] = shared[t];
}

/* wrong: half of the threads waits elsewhere. */
static __global__ void divergent(uint32_t *out, int wrong) {
  const uint32_t t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
  if (wrong && t < THREADS / 2) {
    out[i] = i;
    __syncthreads();
  } else {
    out[i] = i;
    __syncthreads();
  }
}

/* wrong: the last thread of the grid writes behind the end, too. */
static __global__ void global_store(uint32_t *out, int wrong) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = i;
  if (wrong && i == WORDS - 1) out[WORDS] = 0;
}

/* wrong: the last thread of a block writes behind the shared memory that the launch gave it. */
static __global__ void shared_store(uint32_t *out, int wrong) {
  UMBRA_SHARED(shared);
  const uint32_t t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
  shared[wrong ? t + 1 : t] = i;
  __syncthreads();
  out[i] = shared[wrong ? t + 1 : t];
}

/* wrong: four words are loaded from an address that is a multiple of 4 only. */
static __global__ void misaligned(uint32_t *out, int wrong) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = i;
  if (i > 0) return;
  const uint4 four = *reinterpret_cast<const uint4 *>(out + (wrong ? 1 : 0));
  out[0] = four.x;
}

/* wrong: a shift by the width of the word. */
static __global__ void wide_shift(uint32_t *out, int wrong) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  const uint32_t bits = wrong ? 32 : 1;
  out[i] = i + (1u << bits) - (1u << bits);
}

/* Every block counts itself; wrong: without an atomic. */
static __global__ void block_race(uint32_t *out, int wrong) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = i;
  if (threadIdx.x) return;
  if (wrong) {
    out[WORDS] += 1;
  } else {
    atomicAdd(out + WORDS, 1u);
  }
}

/* Nothing wrong but its size, where ThreadSanitizer watches. */
static __global__ void large_block(uint32_t *out, int wrong) {
  (void)wrong;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = i;
}

/* wrong: the last thread of the grid does not wait for the kernel ahead. */
static __global__ void dependent(uint32_t *out, int wrong) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (!wrong || i != WORDS - 1) umbra_cuda_begin();
  out[i] = i;
}

typedef void (*kernel)(uint32_t *out, int wrong);
static const struct {
  const char *name;
  kernel run;
  uint32_t spare; /* words behind the result */
} cases[] = {
    {"missing_barrier", missing_barrier, 0},
    {"uninitialised", uninitialised, 0},
    {"divergent", divergent, 0},
    {"global_store", global_store, 0},
    {"shared_store", shared_store, 0},
    {"misaligned", misaligned, 4},
    {"wide_shift", wide_shift, 0},
    {"block_race", block_race, 1},
    {"large_block", large_block, 0},
    {"dependent", dependent, 0},
};

/* out[i] = i is the right result of all. */
static int run(kernel run, uint32_t spare, int wrong) {
  const uint32_t blocks = run == large_block && wrong ? 1 : BLOCKS;
  cudaLaunchAttribute overlapping = {cudaLaunchAttributeProgrammaticStreamSerialization, {1}};
  uint32_t *device, host[WORDS];
  cudaError_t error = cudaMalloc(&device, (WORDS + spare) * sizeof *device);
  if (!error) error = cudaMemset(device, 0, (WORDS + spare) * sizeof *device);
  if (!error) {
    error = launch_with(run == dependent ? &overlapping : nullptr, nullptr, blocks, WORDS / blocks,
                        THREADS * sizeof *device, run, device, wrong);
  }
  if (!error) error = cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost);
  if (!error) error = cudaFree(device);
  if (error) {
    printf("failed: %s\n", cudaGetErrorString(error));
    return EXIT_FAILURE;
  }
  for (uint32_t i = 0; i < WORDS; i++) {
    if (host[i] == i) continue;
    printf("wrong result: word %u is %u\n", i, host[i]);
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
  for (auto &planted : cases) {
    if (argc == 3 && !strcmp(argv[1], planted.name)) return run(planted.run, planted.spare, !strcmp(argv[2], "wrong"));
  }
  printf("usage: planted CASE wrong|right\n");
  return 2;
}
