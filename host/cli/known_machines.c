/* SPDX-License-Identifier: Apache-2.0 */
/* Written by scripts/known_machines: the least times of files in bench/results, in seconds. */
#include "quick.h"

const cli_known_machine cli_known_machines[] = {
    {"AMD EPYC, avx512, 2 threads",
     "2026-11-22",
     "amd-epyc-2-cores-2026-11-22-evening.json",
     {
         [CLI_QUICK_ENCRYPT] = 0.0008758,
         [CLI_QUICK_DECRYPT] = 0.0004107,
         [CLI_QUICK_ADD] = 2.23e-05,
         [CLI_QUICK_MULTIPLY] = 0.001532,
         [CLI_QUICK_ROTATE] = 0.001256,
     }},
    {"Intel Xeon, avx512, 1 thread, time of the processor",
     "2026-11-29",
     "intel-xeon-avx512-2026-11-29-openfhe-1.6.1.json",
     {
         [CLI_QUICK_ENCRYPT] = 0.002452,
         [CLI_QUICK_DECRYPT] = 0.001376,
         [CLI_QUICK_ADD] = 0.0001611,
         [CLI_QUICK_MULTIPLY] = 0.005007,
         [CLI_QUICK_ROTATE] = 0.005499,
     }},
    {"Intel(R) Xeon(R) Processor, avx512, 2 threads, busy",
     "2026-11-30",
     "intel-xeon-avx512-2026-11-30-quick.json",
     {
         [CLI_QUICK_ENCRYPT] = 0.001934,
         [CLI_QUICK_DECRYPT] = 0.0007951,
         [CLI_QUICK_ROTATE] = 0.003333,
         [CLI_QUICK_POLYNOMIAL] = 0.02254,
         [CLI_QUICK_MATRICES] = 0.1206,
         [CLI_QUICK_SCORES] = 0.08246,
         [CLI_QUICK_REFRESH] = 1.633,
         [CLI_QUICK_TRAINING] = 0.2873,
     }},
};
const size_t cli_known_machine_count = sizeof cli_known_machines / sizeof *cli_known_machines;
