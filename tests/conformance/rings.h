/* SPDX-License-Identifier: Apache-2.0 */
/* The rings that backends are tested on. */
#ifndef UMBRA_TESTS_CONFORMANCE_RINGS_H
#define UMBRA_TESTS_CONFORMANCE_RINGS_H

#include <stddef.h>
#include <stdint.h>

#include "../../kernels/kernels.h"
#include "arithmetic.h"

typedef struct prime_class {
  uint32_t limit, count; /* the `count` largest primes below `limit` */
} prime_class;

/* All classes of the design, and two sizes that make expand reject many words. */
static const prime_class small_ring[] = {{1200000, 2},  {1u << 25, 2}, {1503238553, 1}, {(1u << 29) + (1u << 25), 2},
                                         {1u << 30, 4}, {1u << 31, 3}, {0, 0}};
static const prime_class large_ring[] = {{1200000, 1},  {1u << 25, 1}, {(1u << 29) + (1u << 25), 1},
                                         {1u << 30, 2}, {1u << 31, 2}, {0, 0}};
static const prime_class wide_ring[] = {{1u << 30, 40}, {1u << 31, 120}, {0, 0}};

/* A ring, and how much is done on it. */
typedef struct ring_case {
  uint32_t log_n;
  const prime_class *classes;
  size_t limbs; /* room for operands */
  int trials;   /* of each operation */
} ring_case;

typedef struct setting {
  const ring_case *ring;
  int rings;
} setting;

/* The first FORMULA_RINGS are those of the naive formulas. The wide one has the longest sums there can be. */
static const ring_case full_rings[] = {
    {10, small_ring, 440, 24}, {11, small_ring, 440, 18}, {10, wide_ring, 4096, 12},
    {12, small_ring, 440, 18}, {13, small_ring, 440, 12}, {14, large_ring, 72, 6},
    {15, large_ring, 72, 6},   {16, large_ring, 72, 6},   {17, large_ring, 72, 6},
};

enum { FORMULA_RINGS = 3 };

static const setting full_setting = {full_rings, sizeof full_rings / sizeof *full_rings};

static umbra_ring_desc make_ring(uint32_t log_n, const prime_class *classes) {
  umbra_ring_desc ring = {.log_n = log_n};
  const uint32_t step = 2u << log_n;
  for (; classes->count; classes++) {
    uint32_t q = (classes->limit - 2) / step * step + 1;
    for (uint32_t found = 0; found < classes->count; q -= step) {
      if (is_prime(q)) ring.prime[ring.primes++] = q, found++;
    }
  }
  return ring;
}

#endif
