// SPDX-License-Identifier: Apache-2.0
/*
 * umbra_gpu_rates: how fast a GPU does what Umbra's kernels consist of, as one JSON object.
 *
 *   lanes_per_clock     results of one instruction, or of one product, in a clock on each multiprocessor
 *   clock_hz            of the multiprocessors meanwhile
 *   copy_bytes_per_second   of a copy beyond every cache, bytes read and bytes written
 *   graph_kernel_microseconds   of one kernel that does nearly nothing, in a graph of a thousand in a row, by its blocks
 *
 * Exit status 77 where there is no GPU.
 */
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../kernels/modarith.h"

namespace {

constexpr int SKIPPED = 77;
constexpr int THREADS = 512; // of the one block on each multiprocessor: four warps for each scheduler
constexpr int CHAINS = 8;    // independent of each other, in each thread
constexpr int UNROLLED = 8, LOOPS = 1024;
constexpr int KERNELS = 1000, FEW_BLOCKS = 1, MANY_BLOCKS = 1056;
constexpr size_t MOST_COPIED = size_t{4} << 30;

void check(cudaError_t error, const char *what) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "umbra_gpu_rates: %s: %s\n", what, cudaGetErrorString(error));
  std::exit(EXIT_FAILURE);
}

// ---- what is counted: each step depends on the one before ----

struct constants {
  uint32_t q, neg_inv, w, w_shoup;
};

// Said in PTX where the compiler could merge steps, or choose another instruction.
struct imad {
  static constexpr const char *name = "imad";
  static __device__ void step(uint64_t &x, const constants &c) {
    uint32_t a = static_cast<uint32_t>(x);
    asm volatile("mad.lo.u32 %0, %0, %1, %2;" : "+r"(a) : "r"(c.w), "r"(c.q));
    x = a;
  }
};

// Of both words of the last result, as a narrower instruction would do for one of them, and without a sum, which the
// compiler would do elsewhere. What is multiplied is soon 0; how many clocks that takes does not depend on it.
struct imad_wide {
  static constexpr const char *name = "imad_wide";
  static __device__ void step(uint64_t &x, const constants &) {
    const uint32_t low = static_cast<uint32_t>(x), high = static_cast<uint32_t>(x >> 32);
    asm volatile("mul.wide.u32 %0, %1, %2;" : "=l"(x) : "r"(low), "r"(high));
  }
};

struct imad_hi {
  static constexpr const char *name = "imad_hi";
  static __device__ void step(uint64_t &x, const constants &c) {
    uint32_t a = static_cast<uint32_t>(x);
    asm volatile("mul.hi.u32 %0, %0, %1;" : "+r"(a) : "r"(c.w_shoup));
    x = a;
  }
};

// r mod q for r < 2 q: one instruction from compute capability 9.0 on.
__device__ uint32_t fold(uint32_t r, uint32_t q) { return __viaddmin_u32(r, 0u - q, r); }

struct add_min {
  static constexpr const char *name = "add_min";
  static __device__ void step(uint64_t &x, const constants &c) { x = fold(static_cast<uint32_t>(x), c.q); }
};

__device__ uint64_t mul_wide(uint32_t a, uint32_t b) {
  uint64_t product;
  asm("mul.wide.u32 %0, %1, %2;" : "=l"(product) : "r"(a), "r"(b));
  return product;
}

// A product as transforms compute it: wide, low, wide with a sum, fold.
struct montgomery {
  static constexpr const char *name = "montgomery_product";
  static __device__ void step(uint64_t &x, const constants &c) {
    const uint64_t t = mul_wide(static_cast<uint32_t>(x), c.w);
    const uint32_t r = static_cast<uint32_t>((t + mul_wide(static_cast<uint32_t>(t) * c.neg_inv, c.q)) >> 32);
    x = fold(r, c.q);
  }
};

// A product with a constant that has a companion: high, two low, fold.
struct shoup {
  static constexpr const char *name = "shoup_product";
  static __device__ void step(uint64_t &x, const constants &c) {
    const uint32_t a = static_cast<uint32_t>(x);
    x = fold(a * c.w - __umulhi(a, c.w_shoup) * c.q, c.q);
  }
};

struct dfma {
  static constexpr const char *name = "dfma";
  static __device__ void step(uint64_t &x, const constants &c) {
    double d = __longlong_as_double(static_cast<long long>(x));
    const double factor = __hiloint2double(0x3fe00000, static_cast<int>(c.w));
    asm volatile("fma.rn.f64 %0, %0, %1, %1;" : "+d"(d) : "d"(factor));
    x = static_cast<uint64_t>(__double_as_longlong(d));
  }
};

template <class Operation>
__global__ void __launch_bounds__(THREADS) repeat(uint64_t *results, long long *clocks, constants c) {
  uint64_t x[CHAINS];
#pragma unroll
  for (int i = 0; i < CHAINS; i++) x[i] = threadIdx.x * 2654435761u + i * 40503u + 1;
  __syncthreads();
  const long long start = clock64();
#pragma unroll 1
  for (int loop = 0; loop < LOOPS; loop++) {
#pragma unroll
    for (int k = 0; k < UNROLLED; k++) {
#pragma unroll
      for (int i = 0; i < CHAINS; i++) Operation::step(x[i], c);
    }
  }
  __syncthreads();
  const long long end = clock64();
  uint64_t all = 0;
#pragma unroll
  for (int i = 0; i < CHAINS; i++) all ^= x[i];
  results[blockIdx.x * THREADS + threadIdx.x] = all; // or nothing of it would have to be computed
  if (threadIdx.x == 0) clocks[blockIdx.x] = end - start;
}

__global__ void touch(uint32_t *p) { p[blockIdx.x * blockDim.x + threadIdx.x] += 1; }

// ---- measuring ----

struct bench {
  cudaStream_t stream;
  cudaEvent_t begun, ended;
  int multiprocessors;
  uint64_t *results;
  long long *clocks;
  double clock_hz;
};

bench open() {
  bench b = {};
  check(cudaDeviceGetAttribute(&b.multiprocessors, cudaDevAttrMultiProcessorCount, 0), "multiprocessors");
  check(cudaStreamCreateWithFlags(&b.stream, cudaStreamNonBlocking), "stream");
  check(cudaEventCreate(&b.begun), "event");
  check(cudaEventCreate(&b.ended), "event");
  check(cudaMalloc(&b.results, sizeof *b.results * THREADS * std::max(b.multiprocessors, MANY_BLOCKS)), "memory");
  check(cudaMalloc(&b.clocks, sizeof *b.clocks * b.multiprocessors), "memory");
  return b;
}

// Seconds of the last of a few runs.
template <class Run>
double seconds_of(const bench &b, Run run) {
  float milliseconds = 0;
  for (int i = 0; i < 4; i++) {
    check(cudaEventRecord(b.begun, b.stream), "event");
    run();
    check(cudaGetLastError(), "launch");
    check(cudaEventRecord(b.ended, b.stream), "event");
    check(cudaEventSynchronize(b.ended), "run");
  }
  check(cudaEventElapsedTime(&milliseconds, b.begun, b.ended), "time");
  return milliseconds * 1e-3;
}

// The median of the multiprocessors' clocks.
double clocks_of(const bench &b) {
  std::vector<long long> clocks(b.multiprocessors);
  check(cudaMemcpy(clocks.data(), b.clocks, sizeof clocks[0] * clocks.size(), cudaMemcpyDeviceToHost), "clocks");
  std::nth_element(clocks.begin(), clocks.begin() + clocks.size() / 2, clocks.end());
  return static_cast<double>(clocks[clocks.size() / 2]);
}

template <class Operation>
void rate(bench &b, const char *separator) {
  const uint32_t q = 0x7ffe0001u, w = 0x12345679u;
  const constants c = {q, umbra_mont_neg_inv(q), w, umbra_shoup(w, q)};
  const double seconds =
      seconds_of(b, [&] { repeat<Operation><<<b.multiprocessors, THREADS, 0, b.stream>>>(b.results, b.clocks, c); });
  const double clocks = clocks_of(b);
  std::printf("%s\"%s\": %.2f", separator, Operation::name, double{THREADS} * CHAINS * UNROLLED * LOOPS / clocks);
  b.clock_hz = std::max(b.clock_hz, clocks / seconds);
}

double copied_bytes_per_second(const bench &b) {
  size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "memory");
  const size_t bytes = std::min(MOST_COPIED, free / 4);
  void *from = nullptr, *to = nullptr;
  check(cudaMalloc(&from, bytes), "memory");
  check(cudaMalloc(&to, bytes), "memory");
  check(cudaMemset(from, 0x5a, bytes), "memory");
  const double seconds =
      seconds_of(b, [&] { check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, b.stream), "copy"); });
  check(cudaFree(from), "memory");
  check(cudaFree(to), "memory");
  return 2.0 * static_cast<double>(bytes) / seconds;
}

double graph_kernel_microseconds(const bench &b, int blocks) {
  cudaGraph_t graph;
  cudaGraphExec_t runnable;
  check(cudaStreamBeginCapture(b.stream, cudaStreamCaptureModeThreadLocal), "capture");
  for (int i = 0; i < KERNELS; i++) touch<<<blocks, 32, 0, b.stream>>>(reinterpret_cast<uint32_t *>(b.results));
  check(cudaStreamEndCapture(b.stream, &graph), "capture");
  check(cudaGraphInstantiate(&runnable, graph, 0), "graph");
  const double seconds = seconds_of(b, [&] { check(cudaGraphLaunch(runnable, b.stream), "graph"); });
  check(cudaGraphExecDestroy(runnable), "graph");
  check(cudaGraphDestroy(graph), "graph");
  return seconds / KERNELS * 1e6;
}

void print_rates(bench &b) {
  std::printf("\"lanes_per_clock\": {");
  rate<imad>(b, "");
  rate<imad_wide>(b, ", ");
  rate<imad_hi>(b, ", ");
  rate<add_min>(b, ", ");
  rate<montgomery>(b, ", ");
  rate<shoup>(b, ", ");
  rate<dfma>(b, ", ");
  std::printf("},\n \"multiprocessors\": %d, \"clock_hz\": %.0f,\n", b.multiprocessors, b.clock_hz);
}

} // namespace

int main() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::fprintf(stderr, "umbra_gpu_rates: there is no GPU here\n");
    return SKIPPED;
  }
  bench b = open();
  std::printf("{");
  print_rates(b);
  std::printf(" \"copy_bytes_per_second\": %.4g,\n", copied_bytes_per_second(b));
  std::printf(" \"graph_kernel_microseconds\": {\"%d\": %.3f", FEW_BLOCKS, graph_kernel_microseconds(b, FEW_BLOCKS));
  std::printf(", \"%d\": %.3f}}\n", MANY_BLOCKS, graph_kernel_microseconds(b, MANY_BLOCKS));
  return EXIT_SUCCESS;
}
