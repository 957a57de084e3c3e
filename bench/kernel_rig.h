/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Benchmarks of kernels: a backend at work on the ring of a parameter set, and the reference backend beside it. After
 * the timed calls one more is made on both, from the same operands, and must leave the same memory.
 *
 * On a device with a clock of its own, calls are recorded where that is possible, and enqueued together. Their operands
 * lie in so many copies, which take turns, that none is still in the device's cache when it is used again.
 *
 * A kernel's file gives bench_kernel lines: how operands are laid out, and the call.
 */
#ifndef UMBRA_BENCH_KERNEL_RIG_H
#define UMBRA_BENCH_KERNEL_RIG_H

#include "../host/params/params.h"
#include "../kernels/kernels.h"
#include "bench.h"

/* Which primes a kernel runs over; a kernel is registered for each that it names. */
enum {
  BENCH_ONE = 1 << 0,   /* one main prime */
  BENCH_AUX = 1 << 1,   /* all auxiliary primes */
  BENCH_LEVEL = 1 << 2, /* those of the highest level */
  BENCH_KEY = 1 << 3,   /* those of the highest level and all auxiliary ones */
  BENCH_64 = 1 << 4, /* of these, the largest power of two up to 64, and so many polynomials that all have 64 limbs */
  BENCH_SHAPES = 5
};

enum { BENCH_ROTATIONS = 4 /* of the same digits */ };

enum { BENCH_ROWS = 64, BENCH_COLUMNS = 112 /* of the largest matrix */ };

/* One of the two backends at work. */
typedef struct bench_side {
  const umbra_kernels *kernels;
  umbra_device *device;
  umbra_stream *stream;
  umbra_conversion *conversion[UMBRA_MAX_DIGITS]; /* of the call */
  size_t words;                                   /* of memory */
  uint32_t *memory;
} bench_side;

/* Operands of one call, on one side; a kernel uses those that it has. */
typedef struct bench_call {
  umbra_view shape; /* the primes, without memory, and the polynomials that BENCH_64 asks for; else 1 */
  umbra_view dst, a, b, init, digit[UMBRA_MAX_DIGITS], key[BENCH_ROTATIONS];
  uint32_t *words;                                   /* operands that are not residues */
  uint32_t c[UMBRA_MAX_PRIMES], d[UMBRA_MAX_PRIMES]; /* constants, one per limb */
  umbra_digit own[UMBRA_MAX_DIGITS];                 /* what digits own */
  uint32_t digits, rotations, terms, rows, columns, log_m;
  uint8_t seed[UMBRA_SEED_BYTES];
} bench_call;

/* Constants of a base conversion. */
typedef struct bench_conversion {
  umbra_conversion_desc desc;
  uint16_t source[UMBRA_MAX_PRIMES], target[UMBRA_MAX_PRIMES];
  uint32_t factor[UMBRA_MAX_PRIMES * UMBRA_MAX_PRIMES], product[UMBRA_MAX_PRIMES];
} bench_conversion;

typedef struct bench_kernel_rig {
  const bench_setting *setting; /* NULL: closed */
  umbra_params *params;
  umbra_ring_desc ring;
  bench_side tested, oracle;
  size_t used; /* words of the oracle's memory, and of one copy on the tested side */
  uint64_t random;
  uint32_t conversions; /* of the present call */
} bench_kernel_rig;

typedef struct bench_kernel {
  const char *name;
  uint32_t shapes;
  void (*prepare)(bench_kernel_rig *rig, bench_call *call); /* operands on the oracle's side */
  void (*invoke)(const bench_side *side, const bench_call *call);
  size_t entry; /* of a fused kernel: its offset in umbra_kernels; backends without it are not measured */
} bench_kernel;

/* The function `invoke` of an entry of umbra_kernels; the arguments after the stream may use side and call. */
#define BENCH_INVOKE(entry, ...)                                               \
  static void invoke_##entry(const bench_side *side, const bench_call *call) { \
    side->kernels->entry(side->stream, __VA_ARGS__);                           \
  }

/* The same for a fused entry: a backend without it composes it, by compose_<entry>. */
#define BENCH_INVOKE_FUSED(entry, ...)                                         \
  static void invoke_##entry(const bench_side *side, const bench_call *call) { \
    if (side->kernels->entry) side->kernels->entry(side->stream, __VA_ARGS__); \
    else compose_##entry(side, call);                                          \
  }

/* Tables of the files, closed by an entry without a name. */
extern const bench_kernel bench_elementwise[], bench_tensor[], bench_ntt[], bench_automorphism[], bench_convert[],
    bench_extend_digits[], bench_inner_product[], bench_plain_products[], bench_gemm[], bench_divide_close[],
    bench_expand[], bench_from_i64[], bench_fft[];

void bench_kernel_register(const bench_kernel *kernel, const bench_setting *setting);
void bench_kernels_close(void);

/* ---- for `prepare` ---- */

/* Random residues over the primes of a shape. */
umbra_view bench_residues(bench_kernel_rig *rig, const umbra_view *shape, uint32_t polys);

/* One random residue for each limb of a view. */
void bench_constants(bench_kernel_rig *rig, uint32_t *c, const umbra_view *shape);

/*
 * One more conversion of the call, between the primes of two shapes. The constants are random: a formula's cost does
 * not depend on them.
 */
void bench_convert_between(bench_kernel_rig *rig, const umbra_view *from, const umbra_view *to, int exact);

/* Uninitialised words of the oracle's memory. */
uint32_t *bench_words(bench_kernel_rig *rig, size_t words);

uint64_t bench_draw(bench_kernel_rig *rig);

/* The primes of one of the shapes above; positions [first, first + count). */
umbra_view bench_shape(const bench_kernel_rig *rig, uint32_t shape);
umbra_view bench_primes(uint32_t first, uint32_t count);

/* Polynomials [first, first + count) of a view. */
umbra_view bench_polys(const umbra_view *view, uint32_t first, uint32_t count);

#endif
