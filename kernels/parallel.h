/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads, and vectors. The process has one pool for all contexts: it starts when work is first spread, and a forked
 * child starts its own. What a program around it may rely on is in docs/embedding.md.
 */
#ifndef UMBRA_KERNELS_PARALLEL_H
#define UMBRA_KERNELS_PARALLEL_H

#include <stdint.h>

enum { UMBRA_MAX_THREADS = 1024 };

typedef void umbra_parallel_body(const void *data, uint32_t item);

/*
 * Calls body(data, item) once for each item below `items`, which is below 2^31, and returns when all are done. At most
 * `threads` threads share them, the calling one among them; with fewer, down to it alone, the call does the same. Items
 * run in any order, so none may depend on another. May be called by any number of threads, and from a body.
 */
void umbra_parallel(uint32_t threads, uint32_t items, umbra_parallel_body *body, const void *data);

/*
 * Test hook: how many calls so far were for more than one thread and came from outside of a body: each is a fork and a
 * join, whether threads were to be had or not.
 */
uint64_t umbra_parallel_regions(void);

/* Threads where nobody says how many: UMBRA_THREADS if it is from 1 to UMBRA_MAX_THREADS, or else umbra_processors. */
uint32_t umbra_parallel_default(void);

/* The processors that the process may use, by its affinity mask and its control groups' quota; at least 1. */
uint32_t umbra_processors(void);

/* Whether all threads of the machine that could run now have a processor. */
int umbra_processors_suffice(void);

/*
 * A function with a loop in doubles that is compiled for wide vectors, too, where the compiler and the C library can
 * choose when the program starts. Its results are the same, as products are not fused.
 */
#if defined __x86_64__ && defined __GLIBC__ && defined __GNUC__ && !defined __clang__ && \
    !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
#define UMBRA_WIDE __attribute__((target_clones("arch=x86-64-v4", "default")))
#else
#define UMBRA_WIDE
#endif

#endif
