/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Complex transforms by cuFFT where this machine has it. It is looked for at the first call, so that the library neither
 * needs it nor its header.
 *
 * cuFFT's vectors are interleaved and in natural order: the kernels here twist and interleave, and take what is at k to
 * brev(k). They work in memory of their own, and the caller's vectors change last; so whatever cuFFT cannot do, now or
 * ever, is left to the kernels of fft.cu. Recorded work is theirs too: that memory would have to outlive the graph.
 */
#include <dlfcn.h>

#include "entries.h"
#include "runtime.h"

/* ---- the library ---- */

/* Of CUDA 13, of CUDA 12, of whatever the linker finds. A build without a GPU under it names a stand-in. */
#ifndef UMBRA_CUFFT_NAMES
#define UMBRA_CUFFT_NAMES "libcufft.so.12", "libcufft.so.11", "libcufft.so"
#endif

/* Its functions, in the types of its binary interface: results and plans are int, and 0 is success. */
struct cufft_library {
  int (*create)(int *plan);
  int (*set_auto_allocation)(int plan, int automatic);
  int (*make_plan_many)(int plan, int rank, int *size, int *input_embed, int input_stride, int input_distance,
                        int *output_embed, int output_stride, int output_distance, int type, int batch,
                        size_t *work_bytes);
  int (*set_stream)(int plan, cudaStream_t stream);
  int (*set_work_area)(int plan, void *memory);
  int (*exec)(int plan, double2 *input, double2 *output, int direction);
  int (*destroy)(int plan);
};

enum { DOUBLE_COMPLEX = 0x69, NEGATIVE_EXPONENT = -1, POSITIVE_EXPONENT = 1 };

static cufft_library cufft;
static bool found;
static pthread_once_t looked_for = PTHREAD_ONCE_INIT;

template <class F>
static bool find(F *function, void *library, const char *name) {
  *function = reinterpret_cast<F>(dlsym(library, name));
  return *function;
}

static void look_for_library() {
  static const char *const names[] = {UMBRA_CUFFT_NAMES};
  void *library = NULL;
  for (const char *name : names) {
    if (!library) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  found = library && find(&cufft.create, library, "cufftCreate") &&
          find(&cufft.set_auto_allocation, library, "cufftSetAutoAllocation") &&
          find(&cufft.make_plan_many, library, "cufftMakePlanMany") &&
          find(&cufft.set_stream, library, "cufftSetStream") &&
          find(&cufft.set_work_area, library, "cufftSetWorkArea") && find(&cufft.exec, library, "cufftExecZ2Z") &&
          find(&cufft.destroy, library, "cufftDestroy");
}

static bool has_cufft() {
  pthread_once(&looked_for, look_for_library);
  return found;
}

/* ---- plans: a few for each device ---- */

/* The plan of that transform; else a place without one, or the plan that was used longest ago. */
static umbra_cuda_plan *place_for(umbra_device *device, uint32_t log_m, uint32_t batch) {
  umbra_cuda_plan *oldest = device->plan;
  for (umbra_cuda_plan &plan : device->plan) {
    if (plan.last_use && plan.log_m == log_m && plan.batch == batch) return &plan;
    if (plan.last_use < oldest->last_use) oldest = &plan;
  }
  return oldest;
}

static void destroy_plan(umbra_cuda_plan *plan) {
  if (plan->last_use) (void)cufft.destroy(plan->handle);
  plan->last_use = 0;
}

/* Without memory of its own to work in: that holds messages, and is ours to wipe. */
static bool make_plan(umbra_cuda_plan *plan, uint32_t log_m, uint32_t batch) {
  int m = 1 << log_m;
  *plan = {};
  if (cufft.create(&plan->handle)) return false;
  if (cufft.set_auto_allocation(plan->handle, 0) ||
      cufft.make_plan_many(plan->handle, 1, &m, NULL, 1, m, NULL, 1, m, DOUBLE_COMPLEX, (int)batch,
                           &plan->work_bytes)) {
    (void)cufft.destroy(plan->handle);
    return false;
  }
  plan->log_m = log_m;
  plan->batch = batch;
  return true;
}

/* NULL if cuFFT cannot make it. Plans that go must have done their work. */
static const umbra_cuda_plan *plan_for(umbra_device *device, uint32_t log_m, uint32_t batch) {
  umbra_cuda_plan *plan = place_for(device, log_m, batch);
  if (!plan->last_use || plan->log_m != log_m || plan->batch != batch) {
    if (plan->last_use) umbra_cuda_note_device(device, "bulk_fft", cudaStreamSynchronize(device->queue));
    destroy_plan(plan);
    if (!make_plan(plan, log_m, batch)) return NULL;
  }
  plan->last_use = ++device->plan_uses;
  return plan;
}

void umbra_cuda_plans_destroy(umbra_device *device) {
  for (umbra_cuda_plan &plan : device->plan) destroy_plan(&plan);
}

/* ---- there and back ---- */

/* x_t = (re + i im)_t zeta^t; inverse: re + i im = x_t zeta^-t. A thread does one point. */
template <bool inverse>
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    twist(umbra_cuda_tables tables, double *re, double *im, double2 *x, uint32_t log_m, uint32_t points) {
  umbra_cuda_begin();
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= points) return;
  const uint32_t entry = (2u << log_m) + (i & ((1u << log_m) - 1));
  const double c = tables.fft_cos[entry], s = tables.fft_sin[entry];
  if (inverse) {
    const double2 y = x[i];
    re[i] = y.x * c + y.y * s;
    im[i] = y.y * c - y.x * s;
  } else {
    const double r = re[i], j = im[i];
    x[i] = make_double2(r * c - j * s, r * s + j * c);
  }
}

/* Of a tile of `reverse`: rows and columns, where the vector is long enough. */
static const uint32_t LOG_ROWS = 4;

static __device__ __forceinline__ uint32_t reversed(uint32_t x, uint32_t bits) {
  return bits ? __brev(x) >> (32 - bits) : 0;
}

/*
 * (re + i im)_brev(k) = x_k; inverse: x_brev(k) = (re + i im)_k. With k = (row, middle, column), a block's tile is that
 * of one `middle`: it is read in pieces of a row, turned over, and written in pieces of a row.
 */
template <bool inverse>
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    reverse(double *re, double *im, double2 *x, uint32_t log_m, uint32_t log_rows) {
  umbra_cuda_begin();
  UMBRA_SHARED(shared);
  const uint32_t rows = 1u << log_rows, points = rows * rows, pitch = rows + 1; /* no two rows in the same banks */
  double *tile_re = reinterpret_cast<double *>(shared), *tile_im = tile_re + rows * pitch;
  const uint32_t log_tiles = log_m - 2 * log_rows, middle = blockIdx.x & ((1u << log_tiles) - 1);
  const size_t vector = (size_t)(blockIdx.x >> log_tiles) << log_m;
  const size_t from = vector + (middle << log_rows), to = vector + (reversed(middle, log_tiles) << log_rows);
  for (uint32_t point = threadIdx.x; point < points; point += blockDim.x) {
    const uint32_t row = point >> log_rows, column = point & (rows - 1);
    const size_t k = from + (row << (log_m - log_rows)) + column;
    const uint32_t at = reversed(column, log_rows) * pitch + reversed(row, log_rows);
    const double2 y = inverse ? make_double2(re[k], im[k]) : x[k];
    tile_re[at] = y.x;
    tile_im[at] = y.y;
  }
  __syncthreads();
  for (uint32_t point = threadIdx.x; point < points; point += blockDim.x) {
    const uint32_t row = point >> log_rows, column = point & (rows - 1), at = row * pitch + column;
    const size_t k = to + (row << (log_m - log_rows)) + column;
    if (inverse) {
      x[k] = make_double2(tile_re[at], tile_im[at]);
    } else {
      re[k] = tile_re[at];
      im[k] = tile_im[at];
    }
  }
}

cudaError_t umbra_cuda_load_bulk_fft(void) {
  return umbra_cuda_load(twist<false>, twist<true>, reverse<false>, reverse<true>);
}

/* ---- entries ---- */

/* Vectors as the caller has them, and as cuFFT does. */
struct bulk_vectors {
  double *re, *im;
  double2 *x;
  uint32_t log_m, batch;
};

template <bool inverse>
static void launch_twist(umbra_stream *stream, const bulk_vectors &v) {
  const uint32_t points = v.batch << v.log_m;
  umbra_cuda_launch(stream, "bulk_fft", twist<inverse>, (points + UMBRA_CUDA_THREADS - 1) / UMBRA_CUDA_THREADS,
                    UMBRA_CUDA_THREADS, 0, *stream->tables, v.re, v.im, v.x, v.log_m, points);
}

template <bool inverse>
static void launch_reverse(umbra_stream *stream, const bulk_vectors &v) {
  const uint32_t log_rows = v.log_m / 2 < LOG_ROWS ? v.log_m / 2 : LOG_ROWS, rows = 1u << log_rows;
  umbra_cuda_launch(stream, "bulk_fft", reverse<inverse>, v.batch << (v.log_m - 2 * log_rows), UMBRA_CUDA_THREADS,
                    2 * rows * (rows + 1) * sizeof(double), v.re, v.im, v.x, v.log_m, log_rows);
}

/* All that a plan is told belongs to the next transform: the device's lock is held until that is enqueued. */
static bool execute(umbra_stream *stream, const umbra_cuda_plan *plan, double2 *x, void *work, int direction) {
  return !cufft.set_stream(plan->handle, stream->queue) && !cufft.set_work_area(plan->handle, work) &&
         !cufft.exec(plan->handle, x, x, direction);
}

template <bool inverse>
static bool transform_with(umbra_stream *stream, const umbra_cuda_plan *plan, bulk_vectors v) {
  umbra_device *device = stream->device;
  const size_t line = 256, points = ((sizeof *v.x * v.batch << v.log_m) + line - 1) / line * line;
  void *memory;
  if (umbra_cuda_alloc(device, &memory, points + plan->work_bytes) != UMBRA_OK) return false;
  v.x = static_cast<double2 *>(memory);
  if (inverse) launch_reverse<true>(stream, v);
  else launch_twist<false>(stream, v);
  const bool done = execute(stream, plan, v.x, static_cast<unsigned char *>(memory) + points,
                            inverse ? NEGATIVE_EXPONENT : POSITIVE_EXPONENT);
  if (done && inverse) launch_twist<true>(stream, v);
  if (done && !inverse) launch_reverse<false>(stream, v);
  umbra_cuda_note(stream, "bulk_fft", cudaMemsetAsync(memory, 0, points + plan->work_bytes, stream->queue));
  umbra_cuda_release(device, memory, points + plan->work_bytes);
  return done;
}

/* Whether cuFFT has done it; if not, the vectors are as they were. */
template <bool inverse>
static bool transform(umbra_stream *stream, const bulk_vectors &v) {
  umbra_device *device = stream->device;
  const bool recording = stream->queue != device->queue;
  if (recording || !has_cufft()) return false;
  pthread_mutex_lock(&device->plan_lock);
  const umbra_cuda_plan *plan = plan_for(device, v.log_m, v.batch);
  const bool done = plan && transform_with<inverse>(stream, plan, v);
  pthread_mutex_unlock(&device->plan_lock);
  return done;
}

/* Points that are transformed at once: more would only need more memory. */
static const uint32_t MOST_POINTS = 1u << 21;

template <bool inverse>
static void bulk(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  const uint32_t most = MOST_POINTS >> log_m;
  for (uint32_t first = 0; first < batch; first += most) {
    const size_t at = (size_t)first << log_m;
    const uint32_t count = batch - first < most ? batch - first : most;
    if (transform<inverse>(stream, {re + at, im + at, NULL, log_m, count})) continue;
    (inverse ? umbra_cuda_ifft : umbra_cuda_fft)(stream, re + at, im + at, log_m, count);
  }
}

void umbra_cuda_bulk_fft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  bulk<false>(stream, re, im, log_m, batch);
}

void umbra_cuda_bulk_ifft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  bulk<true>(stream, re, im, log_m, batch);
}
