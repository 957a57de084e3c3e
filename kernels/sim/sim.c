/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../modarith.h"
#include "../parallel.h"

/* Behind pointers to const, only the number of draws changes. */
struct umbra_device {
  const umbra_kernels *cpu; /* whose memory and transforms it uses */
  umbra_device *of_cpu;
  uint32_t log_m, m; /* values of a polynomial */
  uint32_t threads;
  uint32_t *reversed; /* m entries: brev(i) */
  int exact;          /* nothing is drawn but overflows */
  uint64_t seed;
  atomic_uint_fast64_t draws;
};

struct umbra_stream {
  umbra_stream_head head;
  const umbra_device *device;
  umbra_stream *of_cpu;
};

/* ---- devices and streams ---- */

static uint32_t device_count(void) { return 1; }

static int device_facts(uint32_t i, umbra_device_facts *facts) {
  if (i) return 0;
  *facts = (umbra_device_facts){0};
  snprintf(facts->name, sizeof facts->name, "no device: a simulation in the clear");
  return 1;
}

static uint32_t block_limbs(const umbra_device *device) {
  (void)device;
  return 0;
}

static void device_close(umbra_device *device) {
  if (device->of_cpu) device->cpu->device.close(device->of_cpu);
  free(device->reversed);
  free(device);
}

/* Tables for one prime, as a ring has at least one. */
static umbra_status open_cpu(umbra_device *device, const umbra_ring_desc *ring, const umbra_device_options *options) {
  const umbra_ring_desc least = {.log_n = ring->log_n, .primes = 1, .prime = {ring->prime[0]}};
  return device->cpu->device.open(&device->of_cpu, &least, options);
}

static umbra_status device_open(umbra_device **device, const umbra_ring_desc *ring,
                                const umbra_device_options *options) {
  if (ring->log_n < UMBRA_MIN_LOG_N || ring->log_n > UMBRA_MAX_LOG_N) return UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_device *made = calloc(1, sizeof *made);
  if (!made) return UMBRA_ERROR_OUT_OF_MEMORY;
  made->cpu = umbra_kernels_cpu(); /* all of them compute the same */
  made->log_m = ring->log_n - 1;
  made->m = 1u << made->log_m;
  made->threads = options->threads ? options->threads : umbra_parallel_default();
  made->exact = options->exact;
  made->seed = options->seed;
  made->reversed = calloc(made->m, sizeof *made->reversed);
  umbra_status status = made->reversed ? open_cpu(made, ring, options) : UMBRA_ERROR_OUT_OF_MEMORY;
  if (status != UMBRA_OK) {
    device_close(made);
    return status;
  }
  umbra_bit_reversals(made->reversed, made->log_m);
  *device = made;
  return UMBRA_OK;
}

static umbra_status stream_create(umbra_stream **stream, const umbra_device *device) {
  umbra_stream *made = calloc(1, sizeof *made);
  if (!made) return UMBRA_ERROR_OUT_OF_MEMORY;
  made->device = device;
  umbra_status status = device->cpu->stream.create(&made->of_cpu, device->of_cpu);
  if (status == UMBRA_OK) *stream = made;
  else free(made);
  return status;
}

static void stream_destroy(umbra_stream *stream) {
  stream->device->cpu->stream.destroy(stream->of_cpu);
  free(stream);
}

static umbra_status check(const umbra_stream *stream) {
  (void)stream;
  return UMBRA_OK;
}

static umbra_status wait_for(umbra_stream *stream) { return check(stream); }

static const char *failure(const umbra_device *device) {
  (void)device;
  return "";
}

/* ---- memory ---- */

static umbra_status alloc(const umbra_device *device, void **memory, size_t bytes) {
  return device->cpu->memory.alloc(device->of_cpu, memory, bytes);
}

static void release(const umbra_device *device, void *memory, size_t bytes) {
  device->cpu->memory.release(device->of_cpu, memory, bytes);
}

static void upload(umbra_stream *stream, void *device_dst, const void *host_src, size_t bytes) {
  (void)stream;
  memcpy(device_dst, host_src, bytes);
}

static void download(umbra_stream *stream, void *host_dst, const void *device_src, size_t bytes) {
  upload(stream, host_dst, device_src, bytes);
}

/* ---- values ---- */

typedef const umbra_view *view;

typedef struct parts {
  double *re, *im;
} parts;

static parts parts_of(const umbra_device *device, view v, uint32_t poly) {
  double *re = (double *)(void *)(v->run[0].data + poly * v->stride);
  return (parts){re, re + device->m};
}

/* What the loops over values share; each takes what it needs. */
typedef struct job {
  const umbra_device *device;
  view dst, a, b;
  double factor, of_b;
  const double *matrix;
  const int64_t *integers;
  double deviation; /* of either part of what is added; 0: nothing is */
  uint64_t key;     /* of the draw */
  uint32_t galois, count, log_gap;
  int accumulate;
} job;

/* A loop is cut into stretches, which threads share. */
enum { STRETCH = 4096 };

typedef struct stretch {
  uint32_t first, end;
} stretch;

static stretch stretch_of(const job *j, uint32_t item) {
  const uint32_t first = item * STRETCH, left = j->device->m - first;
  return (stretch){first, first + (left < STRETCH ? left : STRETCH)};
}

static void run(const job *j, umbra_parallel_body *body) {
  umbra_parallel(j->device->threads, (j->device->m + STRETCH - 1) / STRETCH, body, j);
}

/* ---- element by element ---- */

/* to = of_a * a [+ of_b * b] */
UMBRA_WIDE static void combine_parts(double *to, const double *a, double of_a, const double *b, double of_b,
                                     stretch s) {
  if (b)
    for (uint32_t i = s.first; i < s.end; i++) to[i] = of_a * a[i] + of_b * b[i];
  else
    for (uint32_t i = s.first; i < s.end; i++) to[i] = of_a * a[i];
}

static void combine_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const stretch s = stretch_of(j, item);
  for (uint32_t p = 0; p < j->dst->polys; p++) {
    const parts to = parts_of(j->device, j->dst, p), a = parts_of(j->device, j->a, p);
    const parts b = j->b ? parts_of(j->device, j->b, p) : (parts){NULL, NULL};
    combine_parts(to.re, a.re, j->factor, b.re, j->of_b, s);
    combine_parts(to.im, a.im, j->factor, b.im, j->of_b, s);
  }
}

/* dst = of_a * a + of_b * b; b may be NULL, and is then 0. */
static void combine(umbra_stream *stream, view dst, view a, double of_a, view b, double of_b) {
  run(&(job){.device = stream->device, .dst = dst, .a = a, .factor = of_a, .b = b, .of_b = of_b}, combine_stretch);
}

static void add(umbra_stream *stream, view dst, view a, view b) { combine(stream, dst, a, 1, b, 1); }
static void sub(umbra_stream *stream, view dst, view a, view b) { combine(stream, dst, a, 1, b, -1); }
static void negate(umbra_stream *stream, view dst, view a) { combine(stream, dst, a, -1, NULL, 0); }
static void copy(umbra_stream *stream, view dst, view a) { combine(stream, dst, a, 1, NULL, 0); }

static void add_multiple(umbra_stream *stream, view dst, view a, view b, double factor) {
  if (a) combine(stream, dst, a, 1, b, factor);
  else combine(stream, dst, b, factor, NULL, 0);
}

static void clear(parts to, stretch s) {
  memset(to.re + s.first, 0, (s.end - s.first) * sizeof *to.re);
  memset(to.im + s.first, 0, (s.end - s.first) * sizeof *to.im);
}

static void zero_stretch(const void *data, uint32_t item) {
  const job *j = data;
  for (uint32_t p = 0; p < j->dst->polys; p++) clear(parts_of(j->device, j->dst, p), stretch_of(j, item));
}

static void zero(umbra_stream *stream, view dst) { run(&(job){.device = stream->device, .dst = dst}, zero_stretch); }

/* An integer is the same at all roots. */
static void add_integer_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const stretch s = stretch_of(j, item);
  for (uint32_t p = 0; p < j->dst->polys; p++) {
    const parts to = parts_of(j->device, j->dst, p), from = parts_of(j->device, j->a, p);
    for (uint32_t i = s.first; i < s.end; i++) to.re[i] = from.re[i] + j->factor;
    for (uint32_t i = s.first; i < s.end; i++) to.im[i] = from.im[i];
  }
}

static void add_integer(umbra_stream *stream, view dst, view a, double value) {
  run(&(job){.device = stream->device, .dst = dst, .a = a, .factor = value}, add_integer_stretch);
}

/* ---- products ---- */

/* to = [to +] a * b. */
UMBRA_WIDE static void multiply(parts to, parts a, parts b, stretch s, int accumulate) {
  for (uint32_t i = s.first; i < s.end; i++) {
    const double re = a.re[i] * b.re[i] - a.im[i] * b.im[i], im = a.re[i] * b.im[i] + a.im[i] * b.re[i];
    to.re[i] = accumulate ? to.re[i] + re : re;
    to.im[i] = accumulate ? to.im[i] + im : im;
  }
}

static void mul_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const umbra_device *device = j->device;
  for (uint32_t p = 0; p < j->dst->polys; p++)
    multiply(parts_of(device, j->dst, p), parts_of(device, j->a, p), parts_of(device, j->b, j->b->polys > 1 ? p : 0),
             stretch_of(j, item), j->accumulate);
}

static void mul(umbra_stream *stream, view dst, view a, view b) {
  run(&(job){.device = stream->device, .dst = dst, .a = a, .b = b}, mul_stretch);
}

static void mul_add(umbra_stream *stream, view dst, view a, view b) {
  run(&(job){.device = stream->device, .dst = dst, .a = a, .b = b, .accumulate = 1}, mul_stretch);
}

/* The second polynomials of a and b are 0. */
static void tensor_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const stretch s = stretch_of(j, item);
  multiply(parts_of(j->device, j->dst, 0), parts_of(j->device, j->a, 0), parts_of(j->device, j->b, 0), s,
           j->accumulate);
  for (uint32_t p = 1; p < j->dst->polys; p++) clear(parts_of(j->device, j->dst, p), s);
}

static void tensor(umbra_stream *stream, view dst, view a, view b, int accumulate) {
  run(&(job){.device = stream->device, .dst = dst, .a = a, .b = b, .accumulate = accumulate}, tensor_stretch);
}

/* The same of a that stores one of 2^log_gap equal values: from real parts on come as few imaginary ones. */
static void multiply_short(parts to, const double *a, parts b, stretch s, const job *j, int accumulate) {
  const double *re = a, *im = a + (j->device->m >> j->log_gap);
  for (uint32_t i = s.first, gap = 1u << j->log_gap; i < s.end;) {
    const uint32_t word = i >> j->log_gap, end = (word + 1) * gap < s.end ? (word + 1) * gap : s.end;
    for (; i < end; i++) {
      const double product_re = re[word] * b.re[i] - im[word] * b.im[i];
      const double product_im = re[word] * b.im[i] + im[word] * b.re[i];
      to.re[i] = accumulate ? to.re[i] + product_re : product_re;
      to.im[i] = accumulate ? to.im[i] + product_im : product_im;
    }
  }
}

/* The second of each pair of a, and so of dst, is 0. a: factors, b: inputs; count: terms. */
static void plain_products_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const stretch s = stretch_of(j, item);
  for (uint32_t g = 0; g < j->dst->polys / 2; g++) {
    const parts to = parts_of(j->device, j->dst, 2 * g);
    for (uint32_t b = 0; b < j->count; b++) {
      const parts factor = parts_of(j->device, j->a, g * j->count + b), x = parts_of(j->device, j->b, 2 * b);
      if (j->log_gap) multiply_short(to, factor.re, x, s, j, b > 0);
      else multiply(to, factor, x, s, b > 0);
    }
    clear(parts_of(j->device, j->dst, 2 * g + 1), s);
  }
}

static void plain_products(umbra_stream *stream, view dst, view plain, view a, uint32_t terms, uint32_t log_gap) {
  run(&(job){.device = stream->device, .dst = dst, .a = plain, .b = a, .count = terms, .log_gap = log_gap},
      plain_products_stretch);
}

/* to += the sum of w[k] * from[k], one after the other. */
enum { TERMS = 4 };
UMBRA_WIDE static void add_terms(double *to, const double *const *from, const double *w, stretch s) {
  for (uint32_t i = s.first; i < s.end; i++) {
    double sum = to[i];
    for (int k = 0; k < TERMS; k++) sum += w[k] * from[k][i];
    to[i] = sum;
  }
}

/* Of part p, from column c on; columns that there are not are 0 times the last one. */
static void gemm_terms(const job *j, uint32_t p, uint32_t c, uint32_t columns, stretch s) {
  const uint32_t rows = j->dst->polys / j->count;
  const parts to = parts_of(j->device, j->dst, p);
  const double *re[TERMS], *im[TERMS];
  double w[TERMS];
  for (uint32_t k = 0; k < TERMS; k++) {
    const uint32_t column = c + k < columns ? c + k : columns - 1;
    const parts from = parts_of(j->device, j->a, column * j->count + p % j->count);
    re[k] = from.re;
    im[k] = from.im;
    w[k] = c + k < columns ? j->matrix[(size_t)column * rows + p / j->count] : 0;
  }
  add_terms(to.re, re, w, s);
  add_terms(to.im, im, w, s);
}

/* a: inputs, matrix: [columns][rows], count: parts. */
static void gemm_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const stretch s = stretch_of(j, item);
  const uint32_t columns = j->a->polys / j->count;
  for (uint32_t p = 0; p < j->dst->polys; p++) {
    clear(parts_of(j->device, j->dst, p), s);
    for (uint32_t c = 0; c < columns; c += TERMS) gemm_terms(j, p, c, columns, s);
  }
}

static void gemm(umbra_stream *stream, view dst, view a, const double *w, uint32_t parts) {
  run(&(job){.device = stream->device, .dst = dst, .a = a, .matrix = w, .count = parts}, gemm_stretch);
}

/* ---- random numbers: word w of draw k is a hash of seed, k and w, whatever the threads ---- */

static const uint64_t golden = UINT64_C(0x9E3779B97F4A7C15);

/* The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t hash(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static uint64_t draw(const umbra_device *device) {
  umbra_device *unlocked = (umbra_device *)device;
  return hash(device->seed + golden * (1 + atomic_fetch_add(&unlocked->draws, 1)));
}

/* Number i of a draw: the sum of `count` numbers uniform in [-1/2, 1/2), of 16 bits each, four to a word. */
static inline double sum_of_uniform(uint64_t key, uint64_t i, uint32_t count) {
  const uint64_t halves = UINT64_C(0x0000FFFF0000FFFF), words = (count + 3) / 4;
  uint64_t sums = 0; /* two of 32 bits */
  for (uint64_t k = 0; k < words; k++) {
    uint64_t word = hash(key + golden * (i * words + k));
    const uint64_t left = count - 4 * k;
    if (left < 4) word &= (UINT64_C(1) << 16 * left) - 1;
    sums += (word & halves) + (word >> 16 & halves);
  }
  return ((double)((sums & UINT32_MAX) + (sums >> 32)) - 32767.5 * count) * 0x1p-16;
}

/* Nearly Gaussian, of variance 1; at most 6. */
static inline double gaussian(uint64_t key, uint64_t i) { return sum_of_uniform(key, i, 12); }

/* ---- automorphisms, and steps that add noise ---- */

/* Where a(X^galois) has at index i the value of a, or (*conjugate) its conjugate. */
static uint32_t source_of(const umbra_device *device, uint32_t i, uint32_t galois, int *conjugate) {
  const uint32_t order = 4 * device->m;
  const uint32_t power = galois * (4 * device->reversed[i] + 1) & (order - 1);
  *conjugate = (power & 3) == 3;
  return device->reversed[(*conjugate ? order - power : power) / 4];
}

static void automorphism_of(const job *j, parts to, parts from, stretch s) {
  for (uint32_t i = s.first; i < s.end; i++) {
    int conjugate;
    const uint32_t at = source_of(j->device, i, j->galois, &conjugate);
    const double re = j->factor * from.re[at], im = j->factor * (conjugate ? -from.im[at] : from.im[at]);
    to.re[i] = j->accumulate ? to.re[i] + re : re;
    to.im[i] = j->accumulate ? to.im[i] + im : im;
  }
}

static void automorphism_stretch(const void *data, uint32_t item) {
  const job *j = data;
  for (uint32_t p = 0; p < j->dst->polys; p++)
    automorphism_of(j, parts_of(j->device, j->dst, p), parts_of(j->device, j->a, p), stretch_of(j, item));
}

static void automorphism(umbra_stream *stream, view dst, view src, uint32_t galois) {
  run(&(job){.device = stream->device, .dst = dst, .a = src, .galois = galois, .factor = 1}, automorphism_stretch);
}

UMBRA_WIDE static void add_noise(parts to, double deviation, uint64_t key, stretch s) {
  for (uint32_t i = s.first; i < s.end; i++) to.re[i] += deviation * gaussian(key, 2 * (uint64_t)i);
  for (uint32_t i = s.first; i < s.end; i++) to.im[i] += deviation * gaussian(key, 2 * (uint64_t)i + 1);
}

static void carry_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const stretch s = stretch_of(j, item);
  const parts to = parts_of(j->device, j->dst, 0);
  automorphism_of(j, to, parts_of(j->device, j->a, 0), s);
  if (j->deviation > 0) add_noise(to, j->deviation, j->key, s);
  for (uint32_t p = 1; p < j->dst->polys; p++) clear(parts_of(j->device, j->dst, p), s);
}

/* n coefficients of that variance have values whose two parts share n times it. */
static void carry(umbra_stream *stream, view dst, view src, const umbra_carriage *how) {
  const umbra_device *device = stream->device;
  const double variance = device->exact ? 0 : how->variance;
  run(&(job){.device = device,
             .dst = dst,
             .a = src,
             .factor = how->factor,
             .galois = how->galois,
             .accumulate = how->accumulate,
             .deviation = sqrt(variance * device->m),
             .key = draw(device)},
      carry_stretch);
}

static void size_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const stretch s = stretch_of(j, item);
  const parts to = parts_of(j->device, j->dst, 0);
  clear(to, s);
  for (uint32_t p = 0; p < j->a->polys; p++) {
    const parts from = parts_of(j->device, j->a, p);
    for (uint32_t i = s.first; i < s.end; i++) to.re[i] += from.re[i] * from.re[i] + from.im[i] * from.im[i];
  }
  for (uint32_t i = s.first; i < s.end; i++) to.re[i] = sqrt(to.re[i]);
}

static void size(umbra_stream *stream, view dst, view a) {
  run(&(job){.device = stream->device, .dst = dst, .a = a}, size_stretch);
}

/* Of what has 2^log_gap equal values in a row, as many errors are equal. */
static void error_of_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const stretch s = stretch_of(j, item);
  const parts to = parts_of(j->device, j->dst, 0);
  const double *of = parts_of(j->device, j->a, 0).re;
  for (uint32_t i = s.first; i < s.end; i++) {
    const uint64_t word = i >> j->log_gap;
    to.re[i] += j->deviation * of[i] * gaussian(j->key, 2 * word);
    to.im[i] += j->deviation * of[i] * gaussian(j->key, 2 * word + 1);
  }
}

static void add_error_of(umbra_stream *stream, view dst, view of, double variance, uint32_t log_gap) {
  const umbra_device *device = stream->device;
  if (device->exact) return;
  run(&(job){.device = device,
             .dst = dst,
             .a = of,
             .log_gap = log_gap,
             .deviation = sqrt(variance * (device->m >> log_gap)),
             .key = draw(device)},
      error_of_stretch);
}

/* ---- from coefficients: a_t + i a_(t + n/2) are what fft transforms ---- */

static void transform(umbra_stream *stream, parts of) {
  stream->device->cpu->fft(stream->of_cpu, of.re, of.im, stream->device->log_m, 1);
}

static void overflow_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const stretch s = stretch_of(j, item);
  const parts to = parts_of(j->device, j->dst, 0);
  for (uint32_t i = s.first; i < s.end; i++) {
    to.re[i] = rint(sum_of_uniform(j->key, 2 * (uint64_t)i, j->count));
    to.im[i] = rint(sum_of_uniform(j->key, 2 * (uint64_t)i + 1, j->count));
  }
}

static void overflow(umbra_stream *stream, view dst, uint32_t weight) {
  run(&(job){.device = stream->device, .dst = dst, .count = weight, .key = draw(stream->device)}, overflow_stretch);
  transform(stream, parts_of(stream->device, dst, 0));
}

UMBRA_WIDE static void scale_integers(double *to, const int64_t *value, double factor, stretch s) {
  for (uint32_t i = s.first; i < s.end; i++) to[i] = (double)value[i] * factor;
}

static void integers_stretch(const void *data, uint32_t item) {
  const job *j = data;
  const size_t m = j->device->m;
  const stretch s = stretch_of(j, item);
  for (uint32_t p = 0; p < j->dst->polys; p++) {
    const parts to = parts_of(j->device, j->dst, p);
    scale_integers(to.re, j->integers + 2 * m * p, j->factor, s);
    scale_integers(to.im, j->integers + 2 * m * p + m, j->factor, s);
  }
}

static void from_i64(umbra_stream *stream, view dst, const int64_t *value, uint32_t shift) {
  run(&(job){.device = stream->device, .dst = dst, .integers = value, .factor = ldexp(1, (int)shift)},
      integers_stretch);
  for (uint32_t p = 0; p < dst->polys; p++) transform(stream, parts_of(stream->device, dst, p));
}

/* There is one domain. */
static void ntt_forward(umbra_stream *stream, view dst) { (void)stream, (void)dst; }

static void fft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  stream->device->cpu->fft(stream->of_cpu, re, im, log_m, batch);
}

static void ifft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  stream->device->cpu->ifft(stream->of_cpu, re, im, log_m, batch);
}

static const umbra_whole_kernels whole = {.limbs = 2,
                                          .add_multiple = add_multiple,
                                          .add_integer = add_integer,
                                          .carry = carry,
                                          .gemm = gemm,
                                          .size = size,
                                          .add_error_of = add_error_of,
                                          .overflow = overflow};

const umbra_kernels umbra_kernels_sim = {.version = UMBRA_KERNELS_VERSION,
                                         .name = "sim",
                                         .host_memory = 1,
                                         .device.count = device_count,
                                         .device.facts = device_facts,
                                         .device.block_limbs = block_limbs,
                                         .device.open = device_open,
                                         .device.close = device_close,
                                         .stream.create = stream_create,
                                         .stream.destroy = stream_destroy,
                                         .stream.check = check,
                                         .stream.wait = wait_for,
                                         .device.failure = failure,
                                         .memory.alloc = alloc,
                                         .memory.release = release,
                                         .memory.upload = upload,
                                         .memory.upload_public = upload,
                                         .memory.download = download,
                                         .copy = copy,
                                         .zero = zero,
                                         .add = add,
                                         .sub = sub,
                                         .negate = negate,
                                         .mul = mul,
                                         .mul_add = mul_add,
                                         .tensor = tensor,
                                         .ntt_forward = ntt_forward,
                                         .automorphism = automorphism,
                                         .plain_products = plain_products,
                                         .from_i64 = from_i64,
                                         .fft = fft,
                                         .ifft = ifft,
                                         .whole = &whole};
