/* SPDX-License-Identifier: Apache-2.0 */
/* Benchmarks of products of two encrypted matrices: each has keys of its own, those that a dry run tells. */
#ifndef UMBRA_BENCH_MULTIPLY_H
#define UMBRA_BENCH_MULTIPLY_H

#include "bench.h"

void bench_multiply_register(const bench_setting *setting);

#endif
