/* SPDX-License-Identifier: Apache-2.0 */
/* Benchmarks of convolutions of encrypted feature maps: each has keys of its own, those that a dry run tells. */
#ifndef UMBRA_BENCH_CONVOLUTION_H
#define UMBRA_BENCH_CONVOLUTION_H

#include "bench.h"

void bench_convolution_register(const bench_setting *setting);

#endif
