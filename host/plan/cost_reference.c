/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that choices follow. They are part of what a plan means: plans of one version of the library are made by
 * the same ones everywhere, so a figure changes only together with the version of plans. Rates of products with plaintexts
 * have the words of these in them.
 */
#include "cost_table.h"

/* Of one core with AVX-512; seconds, for rings of 2^12, 2^14 and 2^16. */
static const umbra_cost_table cpu = {.start = 5e-7,
                                     .rate = {[UMBRA_WORK_STREAM] = {0.6e-11, 0.8e-11, 1.0e-11},
                                              [UMBRA_WORK_PERMUTE] = {1.0e-11, 1.2e-11, 1.5e-11},
                                              [UMBRA_WORK_TENSOR] = {2.0e-11, 2.5e-11, 3.1e-11},
                                              [UMBRA_WORK_BUTTERFLIES] = {8.5e-11, 8.8e-11, 1.07e-10},
                                              [UMBRA_WORK_CONVERSION] = {2.7e-11, 2.7e-11, 2.7e-11},
                                              [UMBRA_WORK_KEY] = {2.5e-10, 3.0e-10, 3.3e-10},
                                              [UMBRA_WORK_PLAIN] = {2.2e-10, 2.2e-10, 2.2e-10},
                                              [UMBRA_WORK_MATRIX] = {6.0e-11, 6.5e-11, 8.0e-11},
                                              [UMBRA_WORK_RANDOM] = {1.0e-9, 1.0e-9, 1.0e-9},
                                              [UMBRA_WORK_LIFT] = {4.0e-10, 4.0e-10, 4.0e-10},
                                              [UMBRA_WORK_COMPLEX] = {1.0e-9, 1.1e-9, 1.2e-9}}};

#define ALL_SIZES(seconds) \
  { (seconds), (seconds), (seconds) }

/* Of an NVIDIA H200, as scripts/gpu_model.py has it: nothing of it was measured. */
static const umbra_cost_table gpu = {.start = 1.2e-6,
                                     .floor = 2.2e-6,
                                     .transfer = 1.0e-10,
                                     .rate = {[UMBRA_WORK_STREAM] = ALL_SIZES(2.44e-13),
                                              [UMBRA_WORK_PERMUTE] = ALL_SIZES(2.5e-13),
                                              [UMBRA_WORK_TENSOR] = ALL_SIZES(2.1e-13),
                                              [UMBRA_WORK_BUTTERFLIES] = ALL_SIZES(6.5e-13),
                                              [UMBRA_WORK_CONVERSION] = ALL_SIZES(1.65e-13),
                                              [UMBRA_WORK_KEY] = ALL_SIZES(2.0e-12),
                                              [UMBRA_WORK_PLAIN] = ALL_SIZES(4.6e-13),
                                              [UMBRA_WORK_MATRIX] = ALL_SIZES(1.2e-13),
                                              [UMBRA_WORK_RANDOM] = ALL_SIZES(3.0e-12),
                                              [UMBRA_WORK_LIFT] = ALL_SIZES(1.5e-12),
                                              [UMBRA_WORK_COMPLEX] = ALL_SIZES(1.0e-12)}};

static const umbra_cost_table *const references[] = {[UMBRA_TARGET_CPU] = &cpu, [UMBRA_TARGET_GPU] = &gpu};

const umbra_cost_table *umbra_cost_reference(umbra_target target) {
  return (unsigned)target < sizeof references / sizeof *references ? references[target] : NULL;
}
