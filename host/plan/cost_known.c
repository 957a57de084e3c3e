/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not measured is predicted by these. Those of processors are from calibrations with one thread on a virtual
 * machine that had other work, too; that of the GPU follows from scripts/gpu_model.py, and nothing of it was measured.
 */
#include "cost_known.h"

static const umbra_cost_table xeon_avx512 = {.start = 6e-8,
                                             .rate = {[UMBRA_WORK_STREAM] = {2.5e-11, 3.6e-11, 3.6e-11},
                                                      [UMBRA_WORK_PERMUTE] = {1.7e-11, 3.6e-11, 3.5e-11},
                                                      [UMBRA_WORK_TENSOR] = {3.1e-11, 3.6e-11, 3.8e-11},
                                                      [UMBRA_WORK_BUTTERFLIES] = {2.3e-10, 2.2e-10, 2.2e-10},
                                                      [UMBRA_WORK_CONVERSION] = {5.7e-11, 5.5e-11, 5.5e-11},
                                                      [UMBRA_WORK_KEY] = {3.6e-10, 3.6e-10, 3.3e-10},
                                                      [UMBRA_WORK_PLAIN] = {1.0e-10, 1.05e-10, 1.3e-10},
                                                      [UMBRA_WORK_PLAINTEXTS] = {2.8e-10, 2.8e-10, 3.7e-10},
                                                      [UMBRA_WORK_MATRIX] = {6.0e-11, 6.5e-11, 8.2e-11},
                                                      [UMBRA_WORK_RANDOM] = {1.0e-9, 1.1e-9, 1.2e-9},
                                                      [UMBRA_WORK_LIFT] = {3.9e-10, 4.1e-10, 4.0e-10},
                                                      [UMBRA_WORK_COMPLEX] = {9.5e-10, 1.2e-9, 1.1e-9}}};

static const umbra_cost_table xeon_avx2 = {.start = 1e-7,
                                           .rate = {[UMBRA_WORK_STREAM] = {2.7e-11, 3.6e-11, 3.6e-11},
                                                    [UMBRA_WORK_PERMUTE] = {2.8e-11, 3.6e-11, 3.5e-11},
                                                    [UMBRA_WORK_TENSOR] = {3.2e-11, 3.8e-11, 3.8e-11},
                                                    [UMBRA_WORK_BUTTERFLIES] = {3.3e-10, 3.3e-10, 3.3e-10},
                                                    [UMBRA_WORK_CONVERSION] = {1.0e-10, 9.5e-11, 9.0e-11},
                                                    [UMBRA_WORK_KEY] = {3.8e-10, 3.8e-10, 3.7e-10},
                                                    [UMBRA_WORK_PLAIN] = {2.0e-10, 2.0e-10, 2.3e-10},
                                                    [UMBRA_WORK_PLAINTEXTS] = {1.3e-10, 1.3e-10, 1.8e-10},
                                                    [UMBRA_WORK_MATRIX] = {8.6e-11, 1.05e-10, 1.1e-10},
                                                    [UMBRA_WORK_RANDOM] = {2.5e-9, 2.6e-9, 2.8e-9},
                                                    [UMBRA_WORK_LIFT] = {6.4e-10, 6.6e-10, 6.6e-10},
                                                    [UMBRA_WORK_COMPLEX] = {1.0e-9, 1.1e-9, 1.1e-9}}};

static const umbra_cost_table xeon_ref = {.start = 2e-7,
                                          .rate = {[UMBRA_WORK_STREAM] = {1.1e-10, 1.2e-10, 1.3e-10},
                                                   [UMBRA_WORK_PERMUTE] = {1.2e-10, 1.4e-10, 2.4e-10},
                                                   [UMBRA_WORK_TENSOR] = {2.0e-10, 2.0e-10, 2.1e-10},
                                                   [UMBRA_WORK_BUTTERFLIES] = {1.5e-9, 1.5e-9, 1.5e-9},
                                                   [UMBRA_WORK_CONVERSION] = {9.0e-10, 9.4e-10, 9.4e-10},
                                                   [UMBRA_WORK_KEY] = {1.0e-8, 1.1e-8, 1.3e-8},
                                                   [UMBRA_WORK_PLAIN] = {1.9e-9, 1.9e-9, 2.0e-9},
                                                   [UMBRA_WORK_PLAINTEXTS] = {2.0e-10, 2.0e-10, 2.0e-10},
                                                   [UMBRA_WORK_MATRIX] = {2.0e-9, 2.0e-9, 2.1e-9},
                                                   [UMBRA_WORK_RANDOM] = {4.8e-9, 5.5e-9, 6.4e-9},
                                                   [UMBRA_WORK_LIFT] = {2.6e-9, 2.6e-9, 2.7e-9},
                                                   [UMBRA_WORK_COMPLEX] = {1.3e-9, 1.5e-9, 1.5e-9}}};

#define ALL_SIZES(seconds) \
  { (seconds), (seconds), (seconds) }

/* Its rate of products has the plaintexts in it. */
static const umbra_cost_table h200 = {.start = 1.2e-6,
                                      .floor = 2.2e-6,
                                      .transfer = 1.0e-10,
                                      .rate = {[UMBRA_WORK_STREAM] = ALL_SIZES(2.44e-13),
                                               [UMBRA_WORK_PERMUTE] = ALL_SIZES(2.5e-13),
                                               [UMBRA_WORK_TENSOR] = ALL_SIZES(2.1e-13),
                                               [UMBRA_WORK_BUTTERFLIES] = ALL_SIZES(6.5e-13),
                                               [UMBRA_WORK_CONVERSION] = ALL_SIZES(1.65e-13),
                                               [UMBRA_WORK_KEY] = ALL_SIZES(2.0e-12),
                                               [UMBRA_WORK_PLAIN] = ALL_SIZES(4.6e-13),
                                               [UMBRA_WORK_MATRIX] = ALL_SIZES(2.0e-13),
                                               [UMBRA_WORK_RANDOM] = ALL_SIZES(3.0e-12),
                                               [UMBRA_WORK_LIFT] = ALL_SIZES(1.5e-12),
                                               [UMBRA_WORK_COMPLEX] = ALL_SIZES(1.0e-12)}};

const umbra_cost_known umbra_cost_knowns[] = {
    {"xeon-avx512", "an Intel Xeon with AVX-512, 1 thread", "avx512", &xeon_avx512},
    {"xeon-avx2", "an Intel Xeon with AVX2, 1 thread", "avx2", &xeon_avx2},
    {"xeon-ref", "an Intel Xeon by the reference backend, 1 thread", "ref", &xeon_ref},
    {"h200", "an NVIDIA H200", "cuda", &h200},
};
const size_t umbra_cost_known_count = sizeof umbra_cost_knowns / sizeof *umbra_cost_knowns;
