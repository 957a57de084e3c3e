/* SPDX-License-Identifier: Apache-2.0 */
/* The emulator itself, as kernels see it: indices, barriers, shuffles, atomics, order, poison, divergence. */
#include <string.h>
#include <time.h>

#include <algorithm>
#include <numeric>

#include "self.h"

/* Runs a test in each order. */
static const struct {
  umbra_emu_order order;
  uint64_t seed;
} orders[] = {{UMBRA_EMU_PARALLEL, 0},
              {UMBRA_EMU_FORWARD, 0},
              {UMBRA_EMU_REVERSE, 0},
              {UMBRA_EMU_RANDOM, 1},
              {UMBRA_EMU_RANDOM, 2}};

/* ---- indices, barriers, shuffles, atomics ---- */

struct seen {
  uint3 thread, block;
};

static __global__ void indices(seen *out) {
  unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  out[block * (blockDim.x * blockDim.y * blockDim.z) + thread] = {threadIdx, blockIdx};
}

static void test_indices(void **) {
  const dim3 grid(3, 2, 4), block(5, 7, 3);
  for (auto &o : orders) {
    umbra_emu_set_order(o.order, o.seed);
    seen *out = allocate<seen>(24 * 105);
    good(launch(nullptr, grid, block, 0, indices, out));
    auto host = take(out, 24 * 105);
    for (unsigned i = 0; i < host.size(); i++) {
      const unsigned t = i % 105, b = i / 105;
      assert_int_equal(host[i].thread.x + 5 * (host[i].thread.y + 7 * host[i].thread.z), t);
      assert_int_equal(host[i].block.x + 3 * (host[i].block.y + 2 * host[i].block.z), b);
      assert_true(host[i].thread.x < 5 && host[i].thread.y < 7 && host[i].block.x < 3 && host[i].block.y < 2);
    }
  }
}

/* Rotates the block's numbers by one place `rounds` times, through shared memory. */
static __global__ void rotate(uint32_t *out, uint32_t rounds) {
  UMBRA_SHARED(shared);
  const uint32_t t = threadIdx.x;
  shared[t] = blockIdx.x * 1000 + t;
  __syncthreads();
  for (uint32_t i = 0; i < rounds; i++) {
    const uint32_t next = shared[(t + 1) % blockDim.x];
    __syncthreads();
    shared[t] = next;
    __syncthreads();
  }
  out[blockIdx.x * blockDim.x + t] = shared[t];
}

static void test_barriers(void **) {
  for (auto &o : orders) {
    for (unsigned threads : {1u, 31u, 256u, 1024u}) {
      umbra_emu_set_order(o.order, o.seed);
      uint32_t *out = allocate<uint32_t>(5 * threads);
      good(launch(nullptr, 5, threads, threads * 4, rotate, out, 3));
      auto host = take(out, 5 * threads);
      for (unsigned i = 0; i < host.size(); i++) {
        assert_int_equal(host[i], i / threads * 1000 + (i % threads + 3) % threads);
      }
    }
  }
}

static __global__ void shuffles(uint32_t *out) {
  const uint32_t t = threadIdx.x, all = 0xffffffffu;
  uint32_t sum = t;
  for (int i = 16; i; i /= 2) sum += __shfl_xor_sync(all, sum, i);
  uint64_t wide = __shfl_sync(all, (uint64_t)t << 32, 3, 8) >> 32;
  uint32_t up = __shfl_up_sync(all, t, 2), down = __shfl_down_sync(all, t, 5, 16);
  __syncwarp();
  uint32_t half = t;
  if (t % 32 < 16) half = __shfl_sync(0xffffu, t, 7);
  uint32_t *mine = out + 5 * t;
  mine[0] = sum, mine[1] = (uint32_t)wide, mine[2] = up, mine[3] = down, mine[4] = half;
}

static void test_shuffles(void **) {
  for (auto &o : orders) {
    umbra_emu_set_order(o.order, o.seed);
    uint32_t *out = allocate<uint32_t>(96 * 5);
    good(launch(nullptr, 1, 96, 0, shuffles, out));
    auto host = take(out, 96 * 5);
    for (uint32_t t = 0; t < 96; t++) {
      const uint32_t warp = t / 32 * 32, lane = t % 32, *got = host.data() + 5 * t;
      assert_int_equal(got[0], 32 * warp + 31 * 16);
      assert_int_equal(got[1], t / 8 * 8 + 3);
      assert_int_equal(got[2], lane < 2 ? t : t - 2);
      assert_int_equal(got[3], lane % 16 + 5 < 16 ? t + 5 : t);
      assert_int_equal(got[4], lane < 16 ? warp + 7 : t);
    }
  }
}

static __global__ void atomics(unsigned *words, unsigned long long *wide) {
  const unsigned t = blockIdx.x * blockDim.x + threadIdx.x;
  atomicAdd(words, 1u);
  atomicOr(words + 1, 1u << (t % 32));
  atomicMax(words + 2, t);
  while (atomicCAS(words + 3, 0u, 1u)) continue;
  wide[1] += t; /* alone: between taking and giving back there is no barrier */
  __threadfence();
  atomicExch(words + 3, 0u);
  atomicAdd(wide, 1ull << 32);
}

static void test_atomics(void **) {
  umbra_emu_set_order(UMBRA_EMU_RANDOM, 7);
  unsigned *words = allocate<unsigned>(4);
  unsigned long long *wide = allocate<unsigned long long>(2);
  good(launch(nullptr, 10, 100, 0, atomics, words, wide));
  auto host = take(words, 4);
  auto host_wide = take(wide, 2);
  assert_int_equal(host[0], 1000);
  assert_int_equal(host[1], 0xffffffffu);
  assert_int_equal(host[2], 999);
  assert_int_equal(host[3], 0);
  assert_true(host_wide[0] == 1000ull << 32);
  assert_true(host_wide[1] == 999 * 1000 / 2);
}

static void test_arithmetic(void **) {
  assert_int_equal(__umulhi(0xffffffffu, 0xfffffffeu), 0xfffffffdu);
  assert_int_equal(__mulhi(-2, 1), -1);
  assert_true(__umul64hi(~0ull, ~0ull) == ~0ull - 1);
  assert_true(__mul64hi(-1, 5) == -1);
  assert_int_equal(__brev(0x00000013u), 0xc8000000u);
  assert_int_equal(__clz(1), 31);
  assert_int_equal(__clz(0), 32);
  assert_int_equal(__popc(0xf0f0u), 8);
  assert_int_equal(__funnelshift_l(0x80000000u, 1, 1), 3);
  assert_int_equal(__funnelshift_r(2, 1, 1), 0x80000001u);
  assert_true(__double2ll_rn(2.5) == 2 && __double2ll_rn(-3.5) == -4);
  assert_true(__double2ll_rn(1e30) == INT64_MAX && __double2ll_rn(-1e30) == INT64_MIN);
}

/* ---- order ---- */

static __global__ void note_order(unsigned *counter, unsigned *out) {
  out[blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(counter, 1u);
}

static std::vector<unsigned> order_seen(umbra_emu_order order, uint64_t seed) {
  umbra_emu_set_order(order, seed);
  unsigned *counter = allocate<unsigned>(1), *out = allocate<unsigned>(64);
  good(launch(nullptr, 4, 16, 0, note_order, counter, out));
  take(counter, 1);
  return take(out, 64);
}

static void test_order(void **) {
  std::vector<unsigned> expected(64);
  std::iota(expected.begin(), expected.end(), 0);
  assert_true(order_seen(UMBRA_EMU_FORWARD, 0) == expected);
  std::reverse(expected.begin(), expected.end());
  assert_true(order_seen(UMBRA_EMU_REVERSE, 0) == expected);
  auto one = order_seen(UMBRA_EMU_RANDOM, 1), two = order_seen(UMBRA_EMU_RANDOM, 2);
  assert_true(one != two && one != expected);
  assert_true(one == order_seen(UMBRA_EMU_RANDOM, 1));
  std::sort(one.begin(), one.end());
  std::reverse(expected.begin(), expected.end());
  assert_true(one == expected);
}

/* Copies shared memory that nobody wrote. */
static __global__ void read_poison(uint32_t *out) {
  UMBRA_SHARED(shared);
  out[blockIdx.x * blockDim.x + threadIdx.x] = shared[threadIdx.x];
}

static void test_poison(void **) {
  std::vector<std::vector<uint32_t>> seen;
  for (auto &o : orders) {
    umbra_emu_set_order(o.order, o.seed);
    uint32_t *out = allocate<uint32_t>(64);
    good(launch(nullptr, 2, 32, 128, read_poison, out));
    auto host = take(out, 64);
    for (auto &other : seen) assert_true(host != other);
    assert_true(std::vector<uint32_t>(host.begin(), host.begin() + 32) !=
                std::vector<uint32_t>(host.begin() + 32, host.end()));
    seen.push_back(host);
  }
}

/* ---- divergence ---- */

static __global__ void leave_early(int early) {
  if ((int)threadIdx.x < early) return;
  __syncthreads();
}

static __global__ void two_barriers(int split) {
  if ((int)threadIdx.x < split) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

static __global__ void partial_warp(int lanes) {
  if ((int)threadIdx.x < lanes) __syncwarp();
}

static void expect_divergence(cudaError_t error, const char *kernel) {
  assert_int_equal(error, cudaErrorLaunchFailure);
  assert_non_null(strstr(umbra_emu_report(), "divergent barrier"));
  assert_non_null(strstr(umbra_emu_report(), kernel));
  umbra_emu_report_clear();
}

static void test_divergence(void **) {
  for (auto &o : orders) {
    umbra_emu_set_order(o.order, o.seed);
    expect_divergence(launch(nullptr, 2, 64, 0, leave_early, 10), "leave_early, block (");
    expect_divergence(launch(nullptr, 2, 64, 0, two_barriers, 10), "two_barriers");
    expect_divergence(launch(nullptr, 1, 64, 0, partial_warp, 10), "partial_warp");
    good(launch(nullptr, 2, 64, 0, leave_early, 0));
    good(launch(nullptr, 2, 64, 0, two_barriers, 64));
    good(launch(nullptr, 1, 64, 0, partial_warp, 64));
    assert_string_equal(umbra_emu_report(), "");
  }
}

/* ---- statistics, speed ---- */

template <int N>
static __global__ void of_number(int *out) {
  out[threadIdx.x] = N;
}

static void test_stats(void **) {
  umbra_emu_stats_clear();
  int *out = allocate<int>(10);
  for (int i = 0; i < 2; i++) good(launch(nullptr, 3, 10, 0, of_number<17>, out));
  good(launch(nullptr, 1, 1, 0, leave_early, 0));
  take(out, 10);
  umbra_emu_kernel_stats stats[3];
  assert_int_equal(umbra_emu_stats(stats, 3), 2);
  assert_string_equal(stats[0].name, "leave_early");
  assert_string_equal(stats[1].name, "of_number<17>");
  assert_int_equal(stats[1].launches, 2);
  assert_int_equal(stats[1].blocks, 6);
  assert_int_equal(stats[1].threads, 60);
}

/* A figure to look at; nothing depends on it. */
static void test_speed(void **) {
  umbra_emu_set_order(UMBRA_EMU_FORWARD, 0);
  uint32_t *out = allocate<uint32_t>(256);
  good(launch(nullptr, 1, 256, 1024, rotate, out, 4)); /* makes the fibers */
  const int launches = 200;
  const clock_t start = clock();
  for (int i = 0; i < launches; i++) good(launch(nullptr, 1, 256, 1024, rotate, out, 4));
  const double time = (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC;
  printf("a block of 256 threads with 9 barriers: %.1f us of processor time\n", time / launches);
  take(out, 256);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      UNIT_TEST(test_indices),    UNIT_TEST(test_barriers), UNIT_TEST(test_shuffles), UNIT_TEST(test_atomics),
      UNIT_TEST(test_arithmetic), UNIT_TEST(test_order),    UNIT_TEST(test_poison),   UNIT_TEST(test_divergence),
      UNIT_TEST(test_stats),      UNIT_TEST(test_speed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
