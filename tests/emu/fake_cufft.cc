/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for cuFFT under the emulator: those of its functions that kernels/cuda/bulk_fft.cu uses, with its numbers,
 * working in the emulator's streams on the emulator's memory. Ends the process where cuFFT would go wrong silently: a
 * plan that two threads use at once, work of a plan that is gone, plans that nobody destroyed.
 *
 * UMBRA_FAKE_CUFFT_FAIL=create|plan|exec: calls that fail.
 */
#include <cuda_runtime.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <list>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

enum { SUCCESS = 0, INVALID_PLAN = 1, ALLOC_FAILED = 2, INVALID_VALUE = 4, EXEC_FAILED = 6, NOT_SUPPORTED = 16 };
enum { Z2Z = 0x69, FORWARD = -1, INVERSE = 1 };
enum { PLANS = 8 /* that one device keeps at most */ };

struct plan {
  int handle; /* 0: none; never the same again */
  bool automatic, owned;
  pthread_t owner; /* the thread that set the stream, until it has executed the plan */
  cudaStream_t stream;
  double2 *work;
  size_t size, batch, work_points;
};

static plan plans[PLANS];
static int handles;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

[[noreturn]] static void give_up(const char *what) {
  fprintf(stderr, "fake cuFFT: %s\n", what);
  abort();
}

__attribute__((destructor)) static void count_plans() {
  for (const plan &p : plans) {
    if (p.handle) give_up("a plan was not destroyed");
  }
}

static bool fails(const char *what) {
  const char *wanted = getenv("UMBRA_FAKE_CUFFT_FAIL");
  return wanted && strcmp(wanted, what) == 0;
}

static plan *find(int handle) {
  for (plan &p : plans) {
    if (p.handle == handle) return &p;
  }
  return nullptr;
}

/* Runs with the plan, found and locked. */
template <class F>
static int with(int handle, F function) {
  pthread_mutex_lock(&lock);
  plan *p = handle ? find(handle) : nullptr;
  const int result = p ? function(p) : INVALID_PLAN;
  pthread_mutex_unlock(&lock);
  return result;
}

static void check_owner(const plan *p) {
  if (!p->owned || !pthread_equal(p->owner, pthread_self())) give_up("two threads at one plan");
}

/* ---- the transform: radix 2, decimation in time; in long double, so that it rounds otherwise than Umbra's own ---- */

struct number {
  long double re, im;
};

/* y: x in the order of reversed indices. */
static void butterflies(std::vector<number> &y, int direction) {
  for (size_t half = 1; half < y.size(); half *= 2) {
    for (size_t k = 0; k < half; k++) {
      const long double angle = direction * 3.14159265358979323846264338327950288L * k / half;
      const long double c = cosl(angle), s = sinl(angle);
      for (size_t low = k; low < y.size(); low += 2 * half) {
        const number u = y[low], v = y[low + half], w = {v.re * c - v.im * s, v.re * s + v.im * c};
        y[low] = {u.re + w.re, u.im + w.im};
        y[low + half] = {u.re - w.re, u.im - w.im};
      }
    }
  }
}

static void transform(double2 *x, size_t m, int direction) {
  std::vector<number> y(m);
  for (size_t i = 0, reversed = 0; i < m; i++) {
    y[reversed] = {x[i].x, x[i].y};
    size_t bit = m / 2;
    for (; bit && reversed & bit; bit /= 2) reversed ^= bit;
    reversed |= bit;
  }
  butterflies(y, direction);
  for (size_t i = 0; i < m; i++) x[i] = {(double)y[i].re, (double)y[i].im};
}

struct job {
  int handle, direction;
  double2 *x, *work;
};

/* When the stream comes to it. The work area is used, so that it has to be what was asked for. */
static void run(void *data) {
  const job *j = static_cast<const job *>(data);
  const int result = with(j->handle, [&](plan *p) {
    for (size_t i = 0; i < p->work_points; i++) j->work[i] = {1, 1};
    for (size_t vector = 0; vector < p->batch; vector++) transform(j->x + vector * p->size, p->size, j->direction);
    return SUCCESS;
  });
  if (result) give_up("work of a plan that is gone");
}

/* ---- cuFFT's functions ---- */

EXPORT int cufftCreate(int *handle) {
  if (fails("create")) return ALLOC_FAILED;
  pthread_mutex_lock(&lock);
  plan *p = find(0);
  if (p) {
    *p = {};
    *handle = p->handle = ++handles;
    p->automatic = true;
  }
  pthread_mutex_unlock(&lock);
  return p ? SUCCESS : ALLOC_FAILED;
}

EXPORT int cufftDestroy(int handle) {
  return with(handle, [](plan *p) {
    p->handle = 0;
    return SUCCESS;
  });
}

EXPORT int cufftSetAutoAllocation(int handle, int automatic) {
  return with(handle, [=](plan *p) {
    p->automatic = automatic;
    return SUCCESS;
  });
}

EXPORT int cufftMakePlanMany(int handle, int rank, int *size, int *input_embed, int input_stride, int input_distance,
                             int *output_embed, int output_stride, int output_distance, int type, int batch,
                             size_t *work_bytes) {
  if (fails("plan")) return ALLOC_FAILED;
  return with(handle, [=](plan *p) {
    const int m = *size;
    if (rank != 1 || input_embed || output_embed || input_stride != 1 || output_stride != 1 || input_distance != m ||
        output_distance != m || type != Z2Z || batch < 1 || p->automatic || p->size) {
      return NOT_SUPPORTED;
    }
    p->size = (size_t)m;
    p->batch = (size_t)batch;
    p->work_points = p->size * p->batch + 3;
    *work_bytes = p->work_points * sizeof *p->work;
    return SUCCESS;
  });
}

EXPORT int cufftSetStream(int handle, cudaStream_t stream) {
  return with(handle, [=](plan *p) {
    if (p->owned) give_up("two threads at one plan");
    p->owned = true;
    p->owner = pthread_self();
    p->stream = stream;
    return SUCCESS;
  });
}

EXPORT int cufftSetWorkArea(int handle, void *memory) {
  return with(handle, [=](plan *p) {
    check_owner(p);
    p->work = static_cast<double2 *>(memory);
    return SUCCESS;
  });
}

EXPORT int cufftExecZ2Z(int handle, double2 *input, double2 *output, int direction) {
  static std::list<job> jobs; /* kept: a device that fails drops what was to be done, and nobody hears of it */
  job *j = nullptr;
  cudaStream_t stream = nullptr;
  const int result = with(handle, [&](plan *p) {
    check_owner(p);
    p->owned = false;
    const bool good = p->size && p->work && p->stream && input == output && (uintptr_t)input % 16 == 0 &&
                      (direction == FORWARD || direction == INVERSE);
    jobs.push_back({handle, direction, output, p->work});
    j = &jobs.back();
    stream = p->stream;
    p->work = nullptr;
    p->stream = nullptr;
    return good ? SUCCESS : INVALID_VALUE;
  });
  if (result) return result;
  return fails("exec") || cudaLaunchHostFunc(stream, run, j) ? EXEC_FAILED : SUCCESS;
}
