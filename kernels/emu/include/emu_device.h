/* SPDX-License-Identifier: Apache-2.0 */
/* What device code uses: qualifiers, vector types, built-in variables, synchronisation, arithmetic, atomics. */
#ifndef UMBRA_EMU_DEVICE_H
#define UMBRA_EMU_DEVICE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- qualifiers ---- */

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
/* One array for all kernels, UMBRA_SHARED of cuda.cuh; each OS thread runs one block at a time. */
#define __shared__ __thread

/* ---- vector types, with the alignment that a GPU demands ---- */

#define UMBRA_EMU_VECTORS(name, type)                                                \
  struct __align__(2 * sizeof(type)) name##2 {                                       \
    type x, y;                                                                       \
  };                                                                                 \
  struct name##3 {                                                                   \
    type x, y, z;                                                                    \
  };                                                                                 \
  struct __align__(16) name##4 {                                                     \
    type x, y, z, w;                                                                 \
  };                                                                                 \
  static inline name##2 make_##name##2(type x, type y) { return {x, y}; }            \
  static inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; } \
  static inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }

UMBRA_EMU_VECTORS(int, int)
UMBRA_EMU_VECTORS(uint, unsigned)
UMBRA_EMU_VECTORS(float, float)
UMBRA_EMU_VECTORS(double, double)
UMBRA_EMU_VECTORS(longlong, long long)
UMBRA_EMU_VECTORS(ulonglong, unsigned long long)
#undef UMBRA_EMU_VECTORS

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return {x, y, z}; }
};

/* ---- built-in variables ---- */

extern __thread uint3 threadIdx, blockIdx, blockDim, gridDim;
static const int warpSize = 32;

/* ---- synchronisation ---- */

/*
 * A barrier is known by its place in the source, not by a return address: compilers duplicate calls, and threads that
 * took different copies of one barrier are at the same barrier.
 */
#define UMBRA_EMU_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()

void umbra_emu_barrier(const char *file, int line);
unsigned umbra_emu_lane(void);
/* Waits for the lanes of the mask; gives the value of lane `source`. */
uint64_t umbra_emu_exchange(unsigned mask, uint64_t value, unsigned source, const char *file, int line);

static inline void __syncthreads(UMBRA_EMU_PLACE) { umbra_emu_barrier(file, line); }

static inline void __syncwarp(unsigned mask = 0xffffffffu, UMBRA_EMU_PLACE) {
  umbra_emu_exchange(mask, 0, umbra_emu_lane(), file, line);
}

template <class T>
static inline T umbra_emu_shuffle(unsigned mask, T value, unsigned source, const char *file, int line) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = umbra_emu_exchange(mask, bits, source, file, line);
  memcpy(&value, &bits, sizeof value);
  return value;
}

template <class T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, UMBRA_EMU_PLACE) {
  unsigned segment = umbra_emu_lane() & ~(width - 1u);
  return umbra_emu_shuffle(mask, value, segment + ((unsigned)source & (width - 1u)), file, line);
}

template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize, UMBRA_EMU_PLACE) {
  unsigned lane = umbra_emu_lane(), inside = lane & (width - 1u);
  return umbra_emu_shuffle(mask, value, delta <= inside ? lane - delta : lane, file, line);
}

template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize, UMBRA_EMU_PLACE) {
  unsigned lane = umbra_emu_lane(), inside = lane & (width - 1u);
  return umbra_emu_shuffle(mask, value, inside + delta < (unsigned)width ? lane + delta : lane, file, line);
}

template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = warpSize, UMBRA_EMU_PLACE) {
  unsigned lane = umbra_emu_lane(), end = (lane & ~(width - 1u)) + (unsigned)width, source = lane ^ (unsigned)bits;
  return umbra_emu_shuffle(mask, value, source < end ? source : lane, file, line);
}

/* Until a thread has called the first, it may run before the kernel ahead in its stream is over; so every one has to. */
void cudaGridDependencySynchronize(void);
static inline void cudaTriggerProgrammaticLaunchCompletion(void) {}

static inline void __threadfence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void __threadfence_block(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* ---- integers ---- */

static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((uint64_t)a * b) >> 32); }
static inline int __mulhi(int a, int b) { return (int)(((int64_t)a * b) >> 32); }
__extension__ typedef __int128 umbra_emu_int128;
__extension__ typedef unsigned __int128 umbra_emu_uint128;
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)(((umbra_emu_uint128)a * b) >> 64);
}
static inline long long __mul64hi(long long a, long long b) { return (long long)(((umbra_emu_int128)a * b) >> 64); }

static inline unsigned __brev(unsigned x) {
  x = ((x >> 1) & 0x55555555u) | ((x & 0x55555555u) << 1);
  x = ((x >> 2) & 0x33333333u) | ((x & 0x33333333u) << 2);
  x = ((x >> 4) & 0x0f0f0f0fu) | ((x & 0x0f0f0f0fu) << 4);
  return __builtin_bswap32(x);
}
static inline unsigned long long __brevll(unsigned long long x) {
  return ((unsigned long long)__brev((unsigned)x) << 32) | __brev((unsigned)(x >> 32));
}
static inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return (unsigned)(((((uint64_t)high << 32) | low) << (shift & 31)) >> 32);
}
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return (unsigned)((((uint64_t)high << 32) | low) >> (shift & 31));
}

template <class T>
static inline T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
static inline T max(T a, T b) {
  return a < b ? b : a;
}

/* ---- binary64, rounded to nearest; no fused multiply-add, because contraction would change bits ---- */

static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dsub_rn(double a, double b) { return a - b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline double __ll2double_rn(long long a) { return (double)a; }
static inline long long __double2ll_rn(double a) {
  if (a >= 9223372036854775808.0) return INT64_MAX;
  return a >= -9223372036854775808.0 ? llrint(a) : INT64_MIN; /* NaN too */
}
static inline long long __double_as_longlong(double a) {
  long long bits;
  memcpy(&bits, &a, sizeof bits);
  return bits;
}
static inline double __longlong_as_double(long long bits) {
  double a;
  memcpy(&a, &bits, sizeof a);
  return a;
}

/* ---- loads and stores with cache hints ---- */

#define UMBRA_EMU_LOAD(name)               \
  template <class T>                       \
  static inline T name(const T *address) { \
    return *address;                       \
  }
#define UMBRA_EMU_STORE(name)                           \
  template <class T>                                    \
  static inline void name(T *address, const T &value) { \
    *address = value;                                   \
  }
UMBRA_EMU_LOAD(__ldg)
UMBRA_EMU_LOAD(__ldcs)
UMBRA_EMU_LOAD(__ldcg)
UMBRA_EMU_LOAD(__ldca)
UMBRA_EMU_STORE(__stcs)
UMBRA_EMU_STORE(__stcg)
UMBRA_EMU_STORE(__stwb)
#undef UMBRA_EMU_LOAD
#undef UMBRA_EMU_STORE

/* ---- atomics: relaxed, as on a GPU, so that they order nothing else ---- */

/* The types that CUDA has them for, all of them. */
template <class T>
struct umbra_emu_word {};
template <>
struct umbra_emu_word<int> {
  typedef int type;
};
template <>
struct umbra_emu_word<unsigned> {
  typedef unsigned type;
};
template <>
struct umbra_emu_word<unsigned long long> {
  typedef unsigned long long type;
};

template <class T>
static inline T atomicAdd(T *a, typename umbra_emu_word<T>::type b) {
  return __atomic_fetch_add(a, b, __ATOMIC_RELAXED);
}
template <class T>
static inline T atomicOr(T *a, typename umbra_emu_word<T>::type b) {
  return __atomic_fetch_or(a, b, __ATOMIC_RELAXED);
}
template <class T>
static inline T atomicAnd(T *a, typename umbra_emu_word<T>::type b) {
  return __atomic_fetch_and(a, b, __ATOMIC_RELAXED);
}
template <class T>
static inline T atomicXor(T *a, typename umbra_emu_word<T>::type b) {
  return __atomic_fetch_xor(a, b, __ATOMIC_RELAXED);
}
template <class T>
static inline T atomicExch(T *a, typename umbra_emu_word<T>::type b) {
  return __atomic_exchange_n(a, b, __ATOMIC_RELAXED);
}
template <class T>
static inline T atomicCAS(T *a, typename umbra_emu_word<T>::type expected, typename umbra_emu_word<T>::type b) {
  __atomic_compare_exchange_n(a, &expected, b, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}
template <class T>
static inline T atomicMax(T *a, typename umbra_emu_word<T>::type b) {
  T old = __atomic_load_n(a, __ATOMIC_RELAXED);
  while (old < b && !__atomic_compare_exchange_n(a, &old, b, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
  return old;
}
template <class T>
static inline T atomicMin(T *a, typename umbra_emu_word<T>::type b) {
  T old = __atomic_load_n(a, __ATOMIC_RELAXED);
  while (b < old && !__atomic_compare_exchange_n(a, &old, b, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
  return old;
}

#endif
