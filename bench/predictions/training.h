/* SPDX-License-Identifier: Apache-2.0 */
/* Iterations of training, as benchmarks that can only be traced: their records are none. */
#ifndef UMBRA_BENCH_TRAINING_H
#define UMBRA_BENCH_TRAINING_H

/*
 * helr_iteration: HELR's on MNIST 3 against 8; main_job_iteration: of scripts/main_job. The calls are the iterations from
 * one refresh to the next, and it.
 */
void bench_training_register(void);

#endif
