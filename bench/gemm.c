/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

/* Over one prime: one word for each element of the matrix. */
static void prepare_sides(bench_kernel_rig *rig, bench_call *call, uint32_t rows, uint32_t columns) {
  call->rows = rows;
  call->columns = columns;
  call->a = bench_residues(rig, &call->shape, columns);
  call->dst = bench_residues(rig, &call->shape, rows);
  call->words = bench_words(rig, (size_t)columns * rows);
  for (size_t i = 0; i < (size_t)columns * rows; i++) bench_constants(rig, &call->words[i], &call->shape);
}

static void prepare_even(bench_kernel_rig *rig, bench_call *call) {
  prepare_sides(rig, call, BENCH_ROWS, BENCH_COLUMNS);
}

static void prepare_odd(bench_kernel_rig *rig, bench_call *call) { prepare_sides(rig, call, 10, 65); }

BENCH_INVOKE(gemm, &call->dst, &call->a, call->words, 1)

const bench_kernel bench_gemm[] = {
    {"gemm", BENCH_ONE, prepare_even, invoke_gemm, 0},
    {"gemm_odd", BENCH_ONE, prepare_odd, invoke_gemm, 0},
    {0},
};
