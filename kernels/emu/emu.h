/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulator: runs the very same .cu files as the GPU, on the CPU, one fiber per CUDA thread. Tests only.
 *
 * include/cuda_runtime.h takes the place of CUDA's header when a C++ compiler reads the .cu files. Kernels are written
 * without a thought to this: plain CUDA, launched by umbra_cuda_launch, shared memory through UMBRA_SHARED, and inline
 * PTX only behind #ifdef __CUDA_ARCH__ with a C twin.
 *
 * What it finds
 *   missing barriers         the order of threads: forward hides what reverse or random shows
 *   uninitialised memory     shared memory of every block, and fresh device memory, hold a pattern that depends on the
 *                            order, so results differ between orders and from the right ones
 *   divergent barriers       in every order: the launch fails, umbra_emu_report() says which threads wait where
 *   accesses out of bounds   under AddressSanitizer: every allocation is a heap block of its own, and shared memory
 *                            beyond the launched size is poisoned
 *   misalignment, overflow   under UndefinedBehaviorSanitizer
 *   data races               under ThreadSanitizer (clang): inside blocks of at most 250 threads, larger ones are
 *                            refused; and between blocks that run within 250 threads of each other
 *   overlapping kernels      in launches with programmatic serialisation: threads that never wait for the kernel ahead; not
 *                            what they touch before they wait
 *   wrong launches           limits of block, grid, shared memory and arguments are those of sm_90
 *   wrong use of devices     kernels in streams of devices that are not the thread's; memory of another device, which
 *                            is poisoned under AddressSanitizer and otherwise not there while kernels run (SIGSEGV)
 *   wrong use of streams     copies outside allocations; calls that a capture forbids, of any thread, are those of CUDA's
 *                            cudaThreadExchangeStreamCaptureMode
 *                              with UMBRA_EMU_QUEUE=deferred, where work is done at the latest moment that CUDA allows:
 *                            what the host or a stream reads without waiting for the stream that writes it
 *                              with UMBRA_EMU_QUEUE=copies, where copies are done at the earliest moment: memory that a
 *                            copy overwrites while another stream needs it, or before it is allocated
 *   unhandled failures       every call, allocation or launch can be made to fail
 *
 * What it does not cover: timing; weak-memory effects; other orders of streams than these, and any but one of blocking
 * streams, which are one queue with the default stream; warps in lockstep; threads that spin until another has done
 * something (they spin for ever); __launch_bounds__ and registers; host pointers that a kernel dereferences; PTX,
 * clusters, distributed shared memory, tensor cores, TMA; cuFFT, which is only used where tests/emu puts a stand-in for
 * it on the library path. It is stricter than a GPU with threads that return before a barrier where others wait, and
 * with allocation in a capture.
 *
 * Environment, read at the first call:
 *   UMBRA_EMU_ORDER=forward|reverse|random[:seed]   threads of a block, and blocks; one OS thread. Without it: forward,
 *                                                   blocks spread over the OS threads of OpenMP
 *   UMBRA_EMU_QUEUE=eager|deferred|copies           when streams work: at once (the default), or when waited for, or
 *                                                   copies as soon as they may and all else when waited for
 *   UMBRA_EMU_DEVICES=n                             as umbra_emu_set_devices
 *   UMBRA_EMU_FAIL=call|alloc|launch|room|later:n   as umbra_emu_fail
 *   UMBRA_EMU_STATS=1                               prints what ran when the process ends
 *   UMBRA_EMU_DRY=1                                 as umbra_emu_set_dry
 */
#ifndef UMBRA_EMU_H
#define UMBRA_EMU_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum umbra_emu_order {
  UMBRA_EMU_PARALLEL, /* forward, blocks on several OS threads */
  UMBRA_EMU_FORWARD,
  UMBRA_EMU_REVERSE,
  UMBRA_EMU_RANDOM
} umbra_emu_order;

void umbra_emu_set_order(umbra_emu_order order, uint64_t seed);

typedef enum umbra_emu_queue {
  UMBRA_EMU_EAGER,       /* streams work at once */
  UMBRA_EMU_DEFERRED,    /* when waited for */
  UMBRA_EMU_COPIES_FIRST /* copies as soon as their stream gets to them, all else when waited for */
} umbra_emu_queue;

void umbra_emu_set_queue(umbra_emu_queue queue);

typedef enum umbra_emu_failure {
  UMBRA_EMU_FAIL_CALL,   /* any call that can fail, but those that free or destroy: cudaErrorUnknown */
  UMBRA_EMU_FAIL_ALLOC,  /* of device or pinned memory: cudaErrorMemoryAllocation */
  UMBRA_EMU_FAIL_LAUNCH, /* of a kernel or a graph, and the next one, too: cudaErrorLaunchOutOfResources */
  UMBRA_EMU_FAIL_ROOM,   /* the same, but once, and cudaErrorMemoryAllocation */
  UMBRA_EMU_FAIL_LATER,  /* the launch succeeds; it and all later calls then fail with the fault set, see below */
  UMBRA_EMU_FAILURES
} umbra_emu_failure;

/* The n-th call of that kind from now on fails, counted from 1; 0: none does, and a failed device works again. */
void umbra_emu_fail(umbra_emu_failure kind, uint64_t n);

/* Whether the failure asked for has happened. */
int umbra_emu_failed(umbra_emu_failure kind);

/* CUDA's number of the error of UMBRA_EMU_FAIL_LATER; at the start that of cudaErrorIllegalAddress. */
void umbra_emu_set_fault(int error);

/* How many devices there are, 1 at the start and at most 8; not while anything is allocated. */
void umbra_emu_set_devices(int count);

/* A device's compute capability, major and minor digit, 90 at the start. What works does not depend on it. */
void umbra_emu_set_capability(int device, int capability);

/* Whether something has made the device's primary context active, which takes memory on a GPU. */
int umbra_emu_context_is_active(int device);

/* Bytes of memory of each device, pools' unused ones included; at the start 80 GiB. */
void umbra_emu_set_memory(size_t bytes);

/* The same, by how many are left beside all that is taken now. */
void umbra_emu_set_memory_left(size_t bytes);

/* The most bytes that one piece of pinned memory may have. */
void umbra_emu_set_pinned(size_t bytes);

/* Whether these bytes are somewhere in pinned memory now. */
int umbra_emu_pinned_has(const void *bytes, size_t count);

/* Bytes of device and pinned memory now allocated, of all devices. */
size_t umbra_emu_memory_used(void);

/* The last thing found wrong with a kernel, "" if nothing was; valid until the next finding. */
const char *umbra_emu_report(void);
void umbra_emu_report_clear(void);

typedef struct umbra_emu_kernel_stats {
  const char *name; /* valid until the process ends */
  uint64_t launches, blocks, threads;
} umbra_emu_kernel_stats;

typedef enum umbra_emu_counter {
  UMBRA_EMU_ALLOCATIONS, /* of device and pinned memory */
  UMBRA_EMU_WAITS,       /* calls in which the host waits for the device, or may */
  UMBRA_EMU_LAUNCHES,    /* of kernels, one by one or as a graph */
  UMBRA_EMU_OVERLAPS,    /* copies beside which another stream got kernels to run, before any stream waited for them */
  UMBRA_EMU_RANGES,      /* that were named for tools */
  UMBRA_EMU_LOADS,       /* launches of kernels that were not loaded on that device: a GPU takes its time then */
  UMBRA_EMU_COUNTERS
} umbra_emu_counter;

/* How many named ranges the calling thread is in. */
int umbra_emu_range_depth(void);

/* How often that happened since the process began. */
uint64_t umbra_emu_counted(umbra_emu_counter counter);

/* Kernels that ran so far, ordered by name: fills at most `size` entries, returns their number. */
size_t umbra_emu_stats(umbra_emu_kernel_stats *stats, size_t size);
void umbra_emu_stats_clear(void);

/* 1: kernels are counted and traced as if they ran, and do nothing; memory that nobody writes takes no pages. */
void umbra_emu_set_dry(int dry);

/*
 * Writes a line for every kernel that runs, also in a graph, to the file (NULL: no more): its name, grid, block, bytes of
 * dynamic shared memory, and its arguments' bytes in hexadecimal, which are kept from the launch on; tabs between these.
 */
void umbra_emu_set_trace(FILE *file);

#ifdef __cplusplus
}
#endif

#endif
