/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a grid: one worker per OS thread, one block at a time on it, one fiber per thread of the block.
 *
 * A thread runs until it waits; then the next that can go on, in the order asked for, takes over directly. A thread
 * that returns without ever waiting leaves its stack to the next. When nobody can go on, either all wait at the same
 * barrier and are let through, or all have returned, or the barriers diverge.
 *
 * Under ThreadSanitizer every CUDA thread is a thread of its own in its eyes. A barrier is a release by all before an
 * acquire by all; between blocks of a grid there is nothing, so races between them are seen. This file and fiber.cc are
 * not instrumented: what they do stands for hardware.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <string>

#include "fiber.h"
#include "internal.h"
#include "sanitizers.h"

enum {
  WARP = 32,
  WARPS = UMBRA_EMU_BLOCK_MAX / WARP,
  SHARED_GUARD = 8192,  /* after the largest array a launch can ask for; whole pages in all */
  TSAN_BLOCK_MAX = 250, /* larger blocks make clang-14's ThreadSanitizer silent */
  IDENTITIES_MAX = 4000 /* it can know 8192 threads at a time */
};

#ifdef UMBRA_EMU_TSAN
static const bool watched = true;
#else
static const bool watched = false;
#endif

__thread uint3 threadIdx, blockIdx, blockDim, gridDim;
extern __thread uint32_t umbra_shared[];
__thread __align__(4096) uint32_t umbra_shared[(UMBRA_EMU_SHARED_MAX + SHARED_GUARD) / 4096 * 4096 / 4];

enum thread_state : uint8_t { READY, AT_BARRIER, AT_WARP, RETURNED };

struct thread {
  umbra_emu_fiber *fiber; /* NULL until it starts */
  thread_state state;
  bool dependent; /* on the grid ahead, for which it has not waited yet */
  uint3 index;
  const char *file; /* where it waits */
  int line;
  unsigned mask, source; /* of an exchange in its warp */
  uint64_t value;
  void *identity; /* ThreadSanitizer's */
};

/*
 * Addresses that stand for barriers: two in turn, because a thread may be one barrier ahead. New ones for every block,
 * or its threads would meet those of the block before.
 */
struct meetings {
  char block[2], warp[WARPS][2];
};

struct worker {
  umbra_emu_fiber home; /* the OS thread itself */
  void *home_identity;
  thread threads[UMBRA_EMU_BLOCK_MAX];
  uint16_t order[UMBRA_EMU_BLOCK_MAX];
  umbra_emu_fiber *idle[UMBRA_EMU_BLOCK_MAX];
  unsigned idle_count, fibers;
  thread *current;
  const umbra_emu_grid *grid;
  unsigned count, cursor, ready; /* threads of the block; next place in order; how many are READY */
  uint64_t random;
  bool stuck;
  unsigned rounds, warp_rounds[WARPS]; /* barriers opened */
  meetings *meet;
  char *end;                      /* what the threads of a grid release and the host acquires */
  std::vector<void *> identities; /* of the threads of this grid so far */

  ~worker() {
    while (idle_count) umbra_emu_fiber_destroy(idle[--idle_count]);
  }
};

static worker *own_worker(void) {
  static thread_local std::unique_ptr<worker> own;
  if (!own) {
    own.reset(new worker());
    umbra_emu_fiber_adopt(&own->home);
  }
  return own.get();
}

static __thread worker *self; /* the worker whose fiber is running */

/* ---- who runs next ---- */

static void shuffle(worker *w) {
  if (umbra_emu_settings_get()->order != UMBRA_EMU_RANDOM) return;
  for (unsigned i = w->count; i > 1; i--) {
    std::swap(w->order[i - 1], w->order[(uint32_t)umbra_emu_random(&w->random) % i]);
  }
}

static std::string describe(const thread *t) {
  char text[400];
  const uint3 &i = t->index;
  if (t->state == RETURNED) snprintf(text, sizeof text, "thread (%u, %u, %u) returned", i.x, i.y, i.z);
  else snprintf(text, sizeof text, "thread (%u, %u, %u) waits at %s:%d", i.x, i.y, i.z, t->file, t->line);
  return text;
}

static void report_divergence(worker *w, const thread *a, const thread *b) {
  char block[80];
  w->stuck = true;
  snprintf(block, sizeof block, ", block (%u, %u, %u): ", blockIdx.x, blockIdx.y, blockIdx.z);
  std::string text = std::string("divergent barrier in ") + umbra_emu_name(w->grid->kernel) + block;
  umbra_emu_find((text + describe(a) + ", " + describe(b)).c_str());
}

static void report_dependent(worker *w, const thread *t) {
  char text[160];
  if (w->stuck) return;
  w->stuck = true;
  snprintf(text, sizeof text, ", block (%u, %u, %u): thread (%u, %u, %u) never waited for the grid ahead", blockIdx.x,
           blockIdx.y, blockIdx.z, t->index.x, t->index.y, t->index.z);
  umbra_emu_find((std::string(umbra_emu_name(w->grid->kernel)) + text).c_str());
}

static bool together(const thread *a, const thread *b) {
  if (a->state != b->state) return false;
  return a->state == RETURNED || (a->line == b->line && (a->file == b->file || !strcmp(a->file, b->file)));
}

/* Nobody can go on. Opens the barrier that all wait at; false: there is none, the block is over. */
static bool open_barrier(worker *w) {
  const thread *first = w->threads;
  unsigned same = 1;
  while (same < w->count && together(first, first + same)) same++;
  if (same < w->count || first->state == AT_WARP) {
    report_divergence(w, first, first + same % w->count);
    return false;
  }
  if (first->state == RETURNED) return false;
  for (unsigned i = 0; i < w->count; i++) w->threads[i].state = READY;
  w->ready = w->count;
  w->cursor = 0;
  w->rounds++;
  shuffle(w);
  return true;
}

/* The next thread that can go on; NULL: the block is over. */
static thread *pick(worker *w) {
  if (w->ready == 0 && !open_barrier(w)) return nullptr;
  for (;;) {
    if (w->cursor == w->count) w->cursor = 0;
    thread *t = w->threads + w->order[w->cursor++];
    if (t->state == READY) return t;
  }
}

static void fiber_main(void);

static umbra_emu_fiber *take_fiber(worker *w) {
  if (w->idle_count) {
    umbra_emu_fiber *fiber = w->idle[--w->idle_count];
    if (watched) umbra_emu_fiber_renew(fiber, fiber_main);
    return fiber;
  }
  umbra_emu_fiber *fiber = umbra_emu_fiber_create(w->fibers++, fiber_main);
  if (!fiber) {
    fprintf(stderr, "emulator: no memory for the stacks of a block\n");
    abort();
  }
  return fiber;
}

static void make_current(worker *w, thread *t) {
  w->current = t;
  threadIdx = t->index;
}

static void switch_identity(void *identity) {
#ifdef UMBRA_EMU_TSAN
  __tsan_switch_to_fiber(identity, __tsan_switch_to_fiber_no_sync);
#else
  (void)identity;
#endif
}

/* Leaves the fiber for `next`, or for the OS thread if that is NULL. */
static void leave(worker *w, umbra_emu_fiber *from, thread *next) {
  if (!next) {
    switch_identity(w->home_identity);
    umbra_emu_fiber_switch(from, &w->home);
    return;
  }
  if (!next->fiber) next->fiber = take_fiber(w);
  make_current(w, next);
  if (next->fiber == from) return;
  switch_identity(next->identity);
  umbra_emu_fiber_switch(from, next->fiber);
}

/* What every fiber does for ever: runs the current thread to its end, then whoever is next. */
static void fiber_main(void) {
  worker *w = self;
  umbra_emu_fiber_arrived();
  for (;;) {
    w->grid->thread();
    thread *ended = w->current;
    ended->state = RETURNED;
    if (ended->dependent) report_dependent(w, ended);
    w->ready--;
    __tsan_release(w->end);
    thread *next = pick(w);
    if (next && !next->fiber && !watched) {
      next->fiber = ended->fiber;
      make_current(w, next);
      continue;
    }
    /* Watched fibers become idle only with the block: no thread may inherit the stack of another. */
    if (!watched) w->idle[w->idle_count++] = ended->fiber;
    leave(w, ended->fiber, next);
  }
}

/* The current thread waits until somebody makes it READY. */
static void wait(worker *w) {
  thread *t = w->current;
  w->ready--;
  leave(w, t->fiber, pick(w));
}

/* ---- what kernels call ---- */

void cudaGridDependencySynchronize(void) { self->current->dependent = false; }

void umbra_emu_barrier(const char *file, int line) {
  worker *w = self;
  thread *t = w->current;
  char *meeting = w->meet->block + (w->rounds & 1);
  t->state = AT_BARRIER;
  t->file = file;
  t->line = line;
  __tsan_release(meeting);
  wait(w);
  __tsan_acquire(meeting);
}

unsigned umbra_emu_lane(void) { return (unsigned)(self->current - self->threads) % WARP; }

/* Whether all lanes of the mask that exist wait for the same exchange. */
static bool all_arrived(const thread *lanes, unsigned count, const thread *t) {
  for (unsigned i = 0; i < count; i++) {
    if (!(t->mask >> i & 1)) continue;
    const thread *lane = lanes + i;
    if (lane->state != AT_WARP || lane->mask != t->mask || lane->line != t->line) return false;
  }
  return true;
}

uint64_t umbra_emu_exchange(unsigned mask, uint64_t value, unsigned source, const char *file, int line) {
  worker *w = self;
  thread *t = w->current;
  unsigned ordinal = (unsigned)(t - w->threads), warp = ordinal / WARP;
  thread *lanes = w->threads + warp * WARP;
  unsigned count = std::min<unsigned>(WARP, w->count - warp * WARP);
  char *meeting = w->meet->warp[warp] + (w->warp_rounds[warp] & 1);
  t->state = AT_WARP;
  t->file = file;
  t->line = line;
  t->mask = mask;
  t->value = value;
  t->source = source;
  __tsan_release(meeting);
  if (!(mask >> ordinal % WARP & 1) || !all_arrived(lanes, count, t)) {
    wait(w);
  } else {
    uint64_t given[WARP];
    for (unsigned i = 0; i < count; i++) given[i] = lanes[i].value;
    for (unsigned i = 0; i < count; i++) {
      if (!(mask >> i & 1)) continue;
      unsigned from = lanes[i].source;
      /* From a lane that does not take part comes anything. */
      lanes[i].value = from < count && (mask >> from & 1) ? given[from] : ~given[i];
      lanes[i].state = READY;
      w->ready++;
    }
    w->ready--; /* this thread was counted already */
    w->warp_rounds[warp]++;
  }
  __tsan_acquire(meeting);
  return t->value;
}

/* ---- blocks ---- */

static uint3 position(uint64_t linear, dim3 extent) {
  return {(unsigned)(linear % extent.x), (unsigned)(linear / extent.x % extent.y),
          (unsigned)(linear / extent.x / extent.y)};
}

static void prepare_shared(size_t bytes, uint64_t block) {
  if (watched) umbra_emu_renew_pages(umbra_shared, sizeof umbra_shared);
  ASAN_UNPOISON_MEMORY_REGION(umbra_shared, bytes);
  umbra_emu_poison(umbra_shared, bytes, block);
  ASAN_POISON_MEMORY_REGION(reinterpret_cast<char *>(umbra_shared) + bytes, sizeof umbra_shared - bytes);
}

static void prepare_threads(worker *w, uint64_t block) {
  const umbra_emu_settings *settings = umbra_emu_settings_get();
  w->count = w->ready = w->grid->threads.x * w->grid->threads.y * w->grid->threads.z;
  w->cursor = 0;
  w->random = settings->seed + block;
  for (unsigned i = 0; i < w->count; i++) {
    thread *t = w->threads + i;
    t->fiber = nullptr;
    t->state = READY;
    t->dependent = w->grid->overlaps;
    t->index = position(i, w->grid->threads);
    w->order[i] = (uint16_t)(settings->order == UMBRA_EMU_REVERSE ? w->count - 1 - i : i);
#ifdef UMBRA_EMU_TSAN
    t->fiber = take_fiber(w); /* here, because what the host does now comes before what its new threads do */
    t->identity = __tsan_create_fiber(0);
    w->identities.push_back(t->identity);
#endif
  }
  shuffle(w);
}

/* Of a thread that it was told to forget, ThreadSanitizer soon forgets what it did: so they stay as long as they can. */
static void forget_identities(worker *w) {
#ifdef UMBRA_EMU_TSAN
  for (void *identity : w->identities) __tsan_destroy_fiber(identity);
#endif
  w->identities.clear();
}

static void release_threads(worker *w) {
  for (unsigned i = 0; i < w->count; i++) {
    thread *t = w->threads + i;
    if (!t->fiber || (t->state == RETURNED && !watched)) continue;
    umbra_emu_fiber_reset(t->fiber, fiber_main);
    w->idle[w->idle_count++] = t->fiber;
  }
}

/* false: the block got stuck. */
static bool run_block(worker *w, const umbra_emu_grid *grid, uint64_t block) {
  std::unique_ptr<meetings> meet(new meetings);
  self = w;
  w->meet = meet.get();
  w->grid = grid;
  w->stuck = false;
  blockIdx = position(block, grid->blocks);
  blockDim = grid->threads;
  gridDim = grid->blocks;
  if (w->identities.size() + TSAN_BLOCK_MAX > IDENTITIES_MAX) forget_identities(w);
  prepare_shared(grid->shared_bytes, block);
  prepare_threads(w, block);
#ifdef UMBRA_EMU_TSAN
  w->home_identity = __tsan_get_current_fiber();
#endif
  leave(w, &w->home, pick(w));
  release_threads(w);
  return !w->stuck;
}

/* ---- grids ---- */

static cudaError_t run_in_order(const umbra_emu_grid &grid, uint64_t blocks, const umbra_emu_settings *settings) {
  worker *w = own_worker();
  std::unique_ptr<char> end(new char);
  bool good = true;
  w->end = end.get();
  if (settings->order == UMBRA_EMU_RANDOM) {
    std::vector<uint32_t> order(blocks);
    std::iota(order.begin(), order.end(), 0);
    uint64_t random = settings->seed;
    for (uint64_t i = blocks; i > 1; i--) std::swap(order[i - 1], order[umbra_emu_random(&random) % i]);
    for (uint64_t i = 0; good && i < blocks; i++) good = run_block(w, &grid, order[i]);
  } else {
    bool reverse = settings->order == UMBRA_EMU_REVERSE;
    for (uint64_t i = 0; good && i < blocks; i++) good = run_block(w, &grid, reverse ? blocks - 1 - i : i);
  }
  __tsan_acquire(w->end);
  forget_identities(w);
  return good ? cudaSuccess : cudaErrorLaunchFailure;
}

static cudaError_t run_parallel(const umbra_emu_grid &grid, uint64_t blocks) {
  std::atomic<uint64_t> next(0);
  std::atomic<bool> good(true);
#pragma omp parallel
  {
    worker *w = own_worker();
    for (uint64_t i = next++; good && i < blocks; i = next++) {
      if (!run_block(w, &grid, i)) good = false;
    }
  }
  return good ? cudaSuccess : cudaErrorLaunchFailure;
}

cudaError_t umbra_emu_run(const umbra_emu_grid &grid) {
  const umbra_emu_settings *settings = umbra_emu_settings_get();
  uint64_t blocks = (uint64_t)grid.blocks.x * grid.blocks.y * grid.blocks.z;
  uint64_t threads = (uint64_t)grid.threads.x * grid.threads.y * grid.threads.z;
  if (watched && threads > TSAN_BLOCK_MAX) {
    umbra_emu_find((std::string(umbra_emu_name(grid.kernel)) + ": blocks of " + std::to_string(threads) +
                    " threads, and ThreadSanitizer follows only " + std::to_string(TSAN_BLOCK_MAX) +
                    "; nothing was run")
                       .c_str());
    return cudaErrorNotSupported;
  }
  umbra_emu_stats_add(grid.kernel, blocks, blocks * threads);
  umbra_emu_trace_add(grid);
  if (settings->dry) return cudaSuccess;
  if (watched || settings->order != UMBRA_EMU_PARALLEL) return run_in_order(grid, blocks, settings);
  return run_parallel(grid, blocks);
}
