/* SPDX-License-Identifier: Apache-2.0 */
/* Benchmarks of products of plain matrices with encrypted ones: each has keys of its own, those that a dry run tells. */
#ifndef UMBRA_BENCH_APPLY_H
#define UMBRA_BENCH_APPLY_H

#include "bench.h"

/* ROWSxCOLUMNSxBATCH, with xLEVEL, or with xLEVELxCOPIES, to be registered instead of the usual shapes; 0: it is none. */
int bench_apply_shape(const char *text);

void bench_apply_register(const bench_setting *setting);

#endif
