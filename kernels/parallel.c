/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool. A caller posts a job, whose items are dealt into shares, one per thread, so that a thread meets the same
 * limbs in kernel after kernel. Whoever has done its own share takes from the others', so nobody waits for a thread that
 * sleeps or was interrupted: a caller waits only for items that are being worked on.
 *
 * Nothing is ever locked. A caller that finds no free job works alone, and so does a body's own call.
 */
#define _DEFAULT_SOURCE /* syscall */
#include "parallel.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  JOBS = 16,
  SHARES = 64,
  CACHE_LINE = 64,
  STACK_BYTES =
      256 << 10, /* of a worker; a frame has at most 16 KiB, but the stack also holds thread-local variables */
  RETRY = 1000   /* calls after which threads that could not be had are asked for again */
};

/* Nanoseconds: how long to spin, and how long to believe that the machine has processors to spare, or none. */
static const int64_t spin_time = 200000, quiet_time = 2000000, busy_time = 10000000;

/* The state of a job: how many workers are in it, how many more may come, and flags. */
#define WORKER 1u
#define SEAT (1u << 11)
#define IN_IT (SEAT - WORKER)
#define SEATS ((1u << 22) - SEAT)
#define WAITING (1u << 29) /* the caller sleeps until the last worker leaves */
#define OPEN (1u << 30)    /* workers may come */
#define TAKEN (1u << 31)

typedef struct share {
  _Alignas(CACHE_LINE) atomic_uint next;
  uint32_t end;
} share;

typedef struct job {
  _Alignas(CACHE_LINE) atomic_uint state;
  umbra_parallel_body *body;
  const void *data;
  uint32_t shares;
  share share[SHARES];
} job;

static struct {
  job job[JOBS];
  _Alignas(CACHE_LINE) atomic_uint posted; /* changes with each job: what idle workers watch */
  _Alignas(CACHE_LINE) atomic_uint workers, spinning, sleeping;
  atomic_uint refused;       /* calls left until threads are asked for again */
  atomic_flag hiring;        /* somebody starts workers */
  uint32_t processors;       /* that the process may use */
  atomic_bool quiet;         /* there were processors to spare when that was looked into */
  _Atomic int64_t next_look; /* when it will be */
} pool = {.hiring = ATOMIC_FLAG_INIT};

static _Thread_local bool inside; /* a body is being run by this thread */

static _Atomic uint64_t regions; /* see umbra_parallel_regions */

/* ---- waiting ---- */

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static bool changes_soon(atomic_uint *word, uint32_t seen) {
  for (int i = 0; i < 64; i++) {
    if (atomic_load(word) != seen) return true;
    pause_briefly();
  }
  return false;
}

/* Whether a thread may spin: no other thread must want its processor. One looks into that now and then. */
static bool may_spin(int64_t time) {
  int64_t next = atomic_load(&pool.next_look);
  if (time < next || !atomic_compare_exchange_strong(&pool.next_look, &next, time + busy_time))
    return atomic_load(&pool.quiet);
  const bool quiet = atomic_load(&pool.workers) < pool.processors && umbra_processors_suffice();
  atomic_store(&pool.quiet, quiet);
  if (quiet) atomic_store(&pool.next_look, time + quiet_time);
  return quiet;
}

/* Whether the word changes until then, without sleeping. */
static bool changes_before(atomic_uint *word, uint32_t seen, int64_t deadline) {
  while (!changes_soon(word, seen)) {
    const int64_t time = now();
    if (time > deadline || !may_spin(time)) return false;
  }
  return true;
}

/* Sleeps while the word is as seen; may wake for no reason. */
static void sleep_while(atomic_uint *word, uint32_t seen) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void wake(atomic_uint *word, uint32_t threads) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

/* ---- jobs ---- */

static void do_share(const job *job, share *share) {
  while (atomic_load(&share->next) < share->end) {
    const uint32_t item = atomic_fetch_add(&share->next, 1);
    if (item < share->end) job->body(job->data, item);
  }
}

/* All there is to do, from share `first` on; then nobody else need come. */
static void do_job(job *job, uint32_t first) {
  for (uint32_t i = 0; i < job->shares; i++) do_share(job, &job->share[(first + i) % job->shares]);
  atomic_fetch_and(&job->state, ~OPEN);
}

static bool enter(job *job) {
  uint32_t state = atomic_load(&job->state);
  while (state & OPEN && state & SEATS) {
    if (atomic_compare_exchange_weak(&job->state, &state, state - SEAT + WORKER)) return true;
  }
  return false;
}

static void leave(job *job) {
  const uint32_t before = atomic_fetch_sub(&job->state, WORKER);
  if (before & WAITING && (before & IN_IT) == WORKER) wake(&job->state, 1);
}

static job *take_job(void) {
  for (job *job = pool.job; job < pool.job + JOBS; job++) {
    uint32_t free = 0;
    if (atomic_load(&job->state) == 0 && atomic_compare_exchange_strong(&job->state, &free, TAKEN)) return job;
  }
  return NULL;
}

static void post(job *job, uint32_t threads, uint32_t items, umbra_parallel_body *body, const void *data) {
  job->body = body;
  job->data = data;
  job->shares = threads < SHARES ? threads : SHARES;
  for (uint32_t i = 0; i < job->shares; i++) {
    atomic_store_explicit(&job->share[i].next, (uint32_t)((uint64_t)items * i / job->shares), memory_order_relaxed);
    job->share[i].end = (uint32_t)((uint64_t)items * (i + 1) / job->shares);
  }
  atomic_store(&job->state, TAKEN | OPEN | (threads - 1) * SEAT);
  atomic_fetch_add(&pool.posted, 1);
  const uint32_t spinning = atomic_load(&pool.spinning);
  if (threads - 1 > spinning && atomic_load(&pool.sleeping)) wake(&pool.posted, threads - 1 - spinning);
}

/* Waits until no worker is in the job. */
static void finish(job *job) {
  const int64_t deadline = now() + spin_time;
  uint32_t state = atomic_load(&job->state);
  while (state & IN_IT) {
    if (!changes_before(&job->state, state, deadline)) {
      state = atomic_fetch_or(&job->state, WAITING) | WAITING;
      if (state & IN_IT) sleep_while(&job->state, state);
    }
    state = atomic_load(&job->state);
  }
  atomic_store(&job->state, 0);
}

/* ---- workers ---- */

static bool help(uint32_t number) {
  for (job *job = pool.job; job < pool.job + JOBS; job++) {
    if (!enter(job)) continue;
    do_job(job, number);
    leave(job);
    return true;
  }
  return false;
}

static void idle(uint32_t seen, int64_t deadline) {
  atomic_fetch_add(&pool.spinning, 1);
  const bool changed = changes_before(&pool.posted, seen, deadline);
  atomic_fetch_sub(&pool.spinning, 1);
  if (changed) return;
  atomic_fetch_add(&pool.sleeping, 1);
  sleep_while(&pool.posted, seen);
  atomic_fetch_sub(&pool.sleeping, 1);
}

static void *work(void *number) {
  inside = true;
  for (int64_t deadline = 0;;) {
    const uint32_t seen = atomic_load(&pool.posted);
    if (help((uint32_t)(uintptr_t)number)) deadline = now() + spin_time;
    else idle(seen, deadline);
  }
  return NULL;
}

static bool start_thread(uint32_t number, size_t stack) {
  pthread_attr_t attributes;
  pthread_t thread;
  if (pthread_attr_init(&attributes)) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (stack) pthread_attr_setstacksize(&attributes, stack);
  const int error = pthread_create(&thread, &attributes, work, (void *)(uintptr_t)number);
  pthread_attr_destroy(&attributes);
  return !error;
}

/* Signals are the program's: a worker gets none but those of its own faults. */
static bool start_worker(uint32_t number) {
  static const int fault[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (size_t i = 0; i < sizeof fault / sizeof *fault; i++) sigdelset(&blocked, fault[i]);
  if (pthread_sigmask(SIG_SETMASK, &blocked, &before)) return false;
  /* with very much thread-local memory only the system's own size may do */
  const bool started = start_thread(number, STACK_BYTES) || start_thread(number, 0);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

/* In a forked child no worker is left, nor what other threads had under way. */
static void begin_anew(void) {
  for (job *job = pool.job; job < pool.job + JOBS; job++) atomic_store(&job->state, 0);
  atomic_store(&pool.workers, 0);
  atomic_store(&pool.spinning, 0);
  atomic_store(&pool.sleeping, 0);
  atomic_store(&pool.refused, 0);
  atomic_flag_clear(&pool.hiring);
}

static bool prepared;
static void prepare(void) {
  pool.processors = umbra_processors();
  prepared = !pthread_atfork(NULL, NULL, begin_anew);
}

/* Whether there are workers, after an attempt to have so many. */
static bool hire(uint32_t wanted) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  uint32_t workers = atomic_load(&pool.workers);
  if (workers >= wanted || atomic_flag_test_and_set(&pool.hiring)) return workers;
  pthread_once(&once, prepare);
  uint32_t refused = atomic_load(&pool.refused);
  if (refused) atomic_store(&pool.refused, refused - 1);
  for (workers = atomic_load(&pool.workers); prepared && !refused && workers < wanted; workers++) {
    if (!start_worker(workers + 1)) atomic_store(&pool.refused, refused = RETRY);
    else atomic_store(&pool.workers, workers + 1);
  }
  workers = atomic_load(&pool.workers);
  atomic_flag_clear(&pool.hiring);
  return workers;
}

void umbra_parallel(uint32_t threads, uint32_t items, umbra_parallel_body *body, const void *data) {
  if (threads > items) threads = items;
  if (threads > UMBRA_MAX_THREADS) threads = UMBRA_MAX_THREADS;
  const bool shared = threads > 1 && !inside;
  if (shared) atomic_fetch_add(&regions, 1);
  job *job = shared && hire(threads - 1) ? take_job() : NULL;
  if (!job) {
    for (uint32_t item = 0; item < items; item++) body(data, item);
    return;
  }
  post(job, threads, items, body, data);
  inside = true;
  do_job(job, 0);
  inside = false;
  finish(job);
}

uint64_t umbra_parallel_regions(void) { return atomic_load(&regions); }
