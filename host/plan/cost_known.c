/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not measured is predicted by these. Those of processors are what umbra bench --calibrate measured there with
 * one thread; that of the GPU follows from scripts/gpu_model.py, and nothing of it was measured.
 */
#include "cost_known.h"

#define ALL_SIZES(seconds) \
  { (seconds), (seconds), (seconds) }

const umbra_cost_known umbra_cost_knowns[] = {{"xeon-avx512",
                                               "an Intel Xeon with AVX-512, 1 thread",
                                               "avx512",
                                               {.start = 9e-8,
                                                .rate = {[UMBRA_WORK_STREAM] = {2.9e-11, 3.6e-11, 3.7e-11},
                                                         [UMBRA_WORK_PERMUTE] = {2.7e-11, 3.6e-11, 3.6e-11},
                                                         [UMBRA_WORK_TENSOR] = {3.6e-11, 3.7e-11, 3.9e-11},
                                                         [UMBRA_WORK_BUTTERFLIES] = {2.6e-10, 2.2e-10, 2.2e-10},
                                                         [UMBRA_WORK_CONVERSION] = {7.2e-11, 6.3e-11, 6.5e-11},
                                                         [UMBRA_WORK_KEY] = {2.6e-10, 2.5e-10, 3.3e-10},
                                                         [UMBRA_WORK_PLAIN] = {1.5e-10, 1.6e-10, 3.1e-10},
                                                         [UMBRA_WORK_RANDOM] = {1.0e-9, 1.1e-9, 1.2e-9},
                                                         [UMBRA_WORK_LIFT] = {3.9e-10, 4.1e-10, 4.0e-10},
                                                         [UMBRA_WORK_COMPLEX] = {9.5e-10, 1.2e-9, 1.1e-9}}}},
                                              {"h200",
                                               "an NVIDIA H200",
                                               "cuda",
                                               {.start = 1.2e-6,
                                                .floor = 2.2e-6,
                                                .transfer = 1.0e-10,
                                                .rate = {[UMBRA_WORK_STREAM] = ALL_SIZES(2.44e-13),
                                                         [UMBRA_WORK_PERMUTE] = ALL_SIZES(2.5e-13),
                                                         [UMBRA_WORK_TENSOR] = ALL_SIZES(2.5e-13),
                                                         [UMBRA_WORK_BUTTERFLIES] = ALL_SIZES(6.7e-13),
                                                         [UMBRA_WORK_CONVERSION] = ALL_SIZES(1.6e-13),
                                                         [UMBRA_WORK_KEY] = ALL_SIZES(1.7e-12),
                                                         [UMBRA_WORK_PLAIN] = ALL_SIZES(3.2e-13),
                                                         [UMBRA_WORK_RANDOM] = ALL_SIZES(3.0e-12),
                                                         [UMBRA_WORK_LIFT] = ALL_SIZES(1.5e-12),
                                                         [UMBRA_WORK_COMPLEX] = ALL_SIZES(1.0e-12)}}}};

const size_t umbra_cost_known_count = sizeof umbra_cost_knowns / sizeof *umbra_cost_knowns;
