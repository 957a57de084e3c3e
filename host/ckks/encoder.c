/* SPDX-License-Identifier: Apache-2.0 */
#include "encoder.h"

#include <float.h>
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "../../kernels/modarith.h"
#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "../ring/whole.h"
#include "checks.h"
#include "dry.h"
#include "noise.h"
#include "stand_ins.h"
#include "trace.h"

umbra_status umbra_slot_at_create(uint32_t **slot_at, uint32_t log_n) {
  uint32_t log_m = log_n - 1, m = 1u << log_m, *slot;
  UMBRA_TRY(umbra_alloc(&slot, m, sizeof *slot, "the slot order"));
  uint32_t power = 1; /* 5^j mod 4m */
  for (uint32_t j = 0; j < m; j++) {
    slot[umbra_bit_reverse((power - 1) / 4, log_m)] = j;
    power = power * 5u & (4 * m - 1);
  }
  *slot_at = slot;
  return UMBRA_OK;
}

static uint32_t log2_of(uint32_t power_of_two) { return (uint32_t)__builtin_ctz(power_of_two); }

/* Which slot of a vector is where. */
typedef struct slot_order {
  const uint32_t *slot_at; /* of the longest vector */
  uint32_t shift, mask;    /* how this one's follows from it */
} slot_order;

static slot_order slot_order_of(const umbra_context *context, uint32_t slots) {
  return (slot_order){context->slot_at, umbra_context_chain(context)->log_n - 1 - log2_of(slots), slots - 1};
}

static uint32_t slot_at(const slot_order *order, size_t index) {
  return order->slot_at[index << order->shift] & order->mask;
}

/* Loops over values are cut into stretches, which threads share. */
enum { STRETCH = 2048, STRETCHES = (1 << UMBRA_MAX_LOG_N) / STRETCH };

static size_t stretch_end(uint32_t stretch, size_t count) {
  size_t end = ((size_t)stretch + 1) * STRETCH;
  return end < count ? end : count;
}

static void each_stretch(const umbra_context *context, size_t count, umbra_parallel_body *body, const void *data) {
  umbra_parallel(umbra_ring_threads(context->ring), (uint32_t)((count + STRETCH - 1) / STRETCH), body, data);
}

static double largest_of(const double *values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, values[i]);
  return largest;
}

/* ---- encoding ---- */

/* A complex vector in device memory, and where the host reads and writes it: there, if it can, else in a copy. */
typedef struct complex_vector {
  double *re, *im;               /* host, m each, one block; NULL on a dry device */
  double *device_re, *device_im; /* device, one block */
  uint32_t m;
  int known; /* it is no secret */
} complex_vector;

static size_t vector_bytes(const complex_vector *v) { return 2 * (size_t)v->m * sizeof(double); }

static int has_copy(const complex_vector *v) { return v->re != v->device_re; }

static umbra_status vector_create(complex_vector *v, const umbra_context *context, uint32_t m) {
  complex_vector made = {.m = m};
  void *device;
  UMBRA_TRY(umbra_ring_take(context->ring, &device, vector_bytes(&made), "the encoder's workspace"));
  made.device_re = device;
  made.device_im = made.device_re + m;
  if (umbra_ring_kernels(context->ring)->host_memory) {
    made.re = made.device_re;
  } else if (umbra_context_has_values(context)) {
    umbra_status status = umbra_alloc(&made.re, 2 * (size_t)m, sizeof(double), "the encoder's workspace");
    if (status != UMBRA_OK) {
      umbra_ring_give(context->ring, device, vector_bytes(&made));
      return status;
    }
  }
  if (made.re) made.im = made.re + m;
  *v = made;
  return UMBRA_OK;
}

/* Host memory with messages: with the ciphertext they would tell the key. */
static void wipe_and_free(void *memory, size_t bytes) {
  if (memory) sodium_memzero(memory, bytes);
  umbra_free(memory);
}

static void vector_destroy(complex_vector *v, const umbra_context *context, umbra_stream *stream) {
  if (has_copy(v)) wipe_and_free(v->re, vector_bytes(v));
  if (v->known) umbra_ring_give(context->ring, v->device_re, vector_bytes(v));
  else umbra_ring_give_secret(context->ring, stream, v->device_re, vector_bytes(v));
}

typedef void (*transform)(umbra_stream *, double *, double *, uint32_t, uint32_t);

/* The device's own transform where it is asked for and there is one. */
static transform choose(int bulk, transform own, transform exact) { return bulk && own ? own : exact; }

static umbra_status transform_vector(complex_vector *v, const umbra_context *context, umbra_stream *stream,
                                     transform run) {
  if (has_copy(v)) umbra_ring_upload(context->ring, stream, v->device_re, v->re, vector_bytes(v));
  UMBRA_ENQUEUE(run, stream, v->device_re, v->device_im, log2_of(v->m), 1);
  if (has_copy(v)) umbra_ring_download(context->ring, stream, v->re, v->device_re, vector_bytes(v));
  return umbra_ring_wait(context->ring, stream);
}

/* A double without its sign, as an integer: these are in the order of sizes, with what is not finite above all others. */
static uint64_t size_bits(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits & INT64_MAX;
}

static double size_of_bits(uint64_t bits) {
  double size;
  memcpy(&size, &bits, sizeof size);
  return size;
}

/* In C that compilers need no branch for: values may be secret. */
static uint64_t larger_bits(uint64_t a, uint64_t b) { return a > b ? a : b; }

typedef struct measure_job {
  const umbra_values *values;
  uint64_t *part;  /* of each stretch: size_bits of its largest part */
  double *largest; /* and the largest |value| */
} measure_job;

/* That of `count` doubles. */
static uint64_t largest_bits(const double *value, size_t count) {
  enum { LANES = 4 }; /* do not wait for each other */
  uint64_t lane[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= count; i += LANES)
    for (size_t k = 0; k < LANES; k++) lane[k] = larger_bits(lane[k], size_bits(value[i + k]));
  for (; i < count; i++) lane[0] = larger_bits(lane[0], size_bits(value[i]));
  return larger_bits(larger_bits(lane[0], lane[1]), larger_bits(lane[2], lane[3]));
}

static void measure_stretch(const void *data, uint32_t stretch) {
  const measure_job *job = data;
  const umbra_values *values = job->values;
  const size_t first = (size_t)stretch * STRETCH, end = stretch_end(stretch, values->count);
  const size_t stride = (size_t)values->stride;
  const uint64_t part = largest_bits(values->value + first * stride, (end - first) * stride);
  double largest = size_of_bits(part);
  if (stride == 2)
    for (size_t j = first; j < end; j++)
      largest = fmax(largest, umbra_modulus(values->value[2 * j], values->value[2 * j + 1]));
  job->part[stretch] = part;
  job->largest[stretch] = largest;
}

static umbra_status fail_not_finite(const umbra_values *values) {
  size_t i = 0;
  while (isfinite(values->value[i])) i++;
  return umbra_fail(UMBRA_ERROR_RANGE, "value %zu is not a finite number", i / (size_t)values->stride);
}

/* *magnitude becomes the largest |value|, or its bound. */
static umbra_status measure(double *magnitude, const umbra_context *context, const umbra_values *values) {
  *magnitude = values->bound;
  if (!values->value || values->bounded) return UMBRA_OK;
  double largest[STRETCHES] = {0};
  uint64_t part[STRETCHES] = {0};
  each_stretch(context, values->count, measure_stretch, &(measure_job){values, part, largest});
  for (size_t i = 0; i < STRETCHES; i++)
    if (!isfinite(size_of_bits(part[i]))) return fail_not_finite(values);
  *magnitude = largest_of(largest, STRETCHES);
  return UMBRA_OK;
}

typedef struct place_job {
  const complex_vector *v;
  const umbra_values *values;
  slot_order order;
} place_job;

/* In the order of the vector: reading here and there is faster than writing. */
static void place_stretch(const void *data, uint32_t stretch) {
  const place_job *job = data;
  const umbra_values *values = job->values;
  const double *value = values->value;
  const size_t end = stretch_end(stretch, job->v->m), stride = (size_t)values->stride;
  for (size_t t = (size_t)stretch * STRETCH; t < end; t++) {
    const size_t j = (slot_at(&job->order, t) + values->turn) & job->order.mask;
    job->v->re[t] = j < values->count ? value[j * stride] : 0;
    job->v->im[t] = j < values->count && stride == 2 ? value[j * stride + 1] : 0;
  }
}

/* Puts values at their places; *magnitude as above. */
static umbra_status place_values(complex_vector *v, double *magnitude, const umbra_context *context,
                                 const umbra_values *values) {
  UMBRA_TRY(measure(magnitude, context, values));
  if (v->re && values->value)
    each_stretch(context, v->m, place_stretch, &(place_job){v, values, slot_order_of(context, v->m)});
  else if (v->re) memset(v->re, 0, vector_bytes(v));
  return UMBRA_OK;
}

typedef struct largest_job {
  const double *value;
  size_t count;
  double *largest; /* of each stretch */
} largest_job;

static void largest_stretch(const void *data, uint32_t stretch) {
  const largest_job *job = data;
  size_t end = stretch_end(stretch, job->count);
  double largest = 0;
  for (size_t t = (size_t)stretch * STRETCH; t < end; t++) {
    double size = fabs(job->value[t]);
    largest = fmax(largest, size <= DBL_MAX ? size : INFINITY); /* not a number: as infinity */
  }
  job->largest[stretch] = largest;
}

static double largest_part(const complex_vector *v, const umbra_context *context) {
  double part[STRETCHES] = {0};
  size_t count = 2 * (size_t)v->m;
  each_stretch(context, count, largest_stretch, &(largest_job){v->re, count, part});
  return largest_of(part, STRETCHES);
}

/* Places and transforms; *magnitude as above. */
static umbra_status transform_values(complex_vector *v, double *magnitude, const umbra_context *context,
                                     umbra_stream *stream, const umbra_values *values) {
  const umbra_kernels *kernels = umbra_ring_kernels(context->ring);
  UMBRA_TRY(place_values(v, magnitude, context, values));
  if (!values->value && values->bound == 0) return UMBRA_OK; /* zeros remain zeros */
  return transform_vector(v, context, stream, choose(values->bulk, kernels->bulk_ifft, kernels->ifft));
}

/*
 * Exponent e with |x| < 2^e for every part of the transformed vector; beyond all doubles if the transform overflowed.
 * Without values: for every vector of such a magnitude.
 */
static int largest_exponent(const complex_vector *v, const umbra_context *context, double magnitude) {
  double largest = umbra_context_has_values(context) ? largest_part(v, context) : magnitude * v->m;
  if (!isfinite(largest)) return 2 * DBL_MAX_EXP;
  int exponent;
  frexp(largest, &exponent);
  return exponent;
}

/* That of the values themselves, for a dry device. */
static umbra_status exponent_at_home(int *exponent, const umbra_context *context, const umbra_values *values) {
  const umbra_context *home;
  complex_vector v;
  umbra_stream *stream;
  double magnitude;
  UMBRA_TRY(umbra_context_home(&home, context));
  UMBRA_TRY(umbra_ring_stream_open(&stream, home->ring));
  umbra_status status = vector_create(&v, home, values->slots);
  if (status == UMBRA_OK) {
    status = transform_values(&v, &magnitude, home, stream, values);
    if (status == UMBRA_OK) *exponent = largest_exponent(&v, home, magnitude);
    vector_destroy(&v, home, stream);
  }
  return umbra_stream_close(stream, home, status);
}

typedef struct round_job {
  int64_t *host;
  const complex_vector *v;
  uint32_t n;
  double factor;
  int narrow; /* products are below 2^51 */
} round_job;

/* A double of this size, 1.5 * 2^52, has no bits for fractions. */
static const double no_fractions = 0x1.8p52;

/* The integer nearest to a double below 2^51, as llrint has it, in operations that compilers can put into vectors. */
static int64_t round_narrow(double value) {
  const double sum = value + no_fractions;
  int64_t bits, of_zero;
  memcpy(&bits, &sum, sizeof bits);
  memcpy(&of_zero, &no_fractions, sizeof of_zero);
  return bits - of_zero;
}

/* Of one below 2^62: a multiple of 2^32, and the rest, which is exact. */
static int64_t round_wide(double value) {
  const double high = value * 0x1p-32 + no_fractions - no_fractions;
  return (int64_t)((uint64_t)round_narrow(high) << 32) + round_narrow(value - high * 0x1p32);
}

static void round_part(int64_t *to, size_t gap, const double *from, size_t count, const round_job *job) {
  const double factor = job->factor;
  if (gap > 1) {
    memset(to, 0, count * gap * sizeof *to);
    for (size_t t = 0; t < count; t++) to[t * gap] = round_wide(from[t] * factor);
  } else if (job->narrow) {
    for (size_t t = 0; t < count; t++) to[t] = round_narrow(from[t] * factor);
  } else {
    for (size_t t = 0; t < count; t++) to[t] = round_wide(from[t] * factor);
  }
}

static void round_stretch(const void *data, uint32_t stretch) {
  const round_job *job = data;
  const complex_vector *v = job->v;
  const size_t gap = job->n >> (log2_of(v->m) + 1), first = (size_t)stretch * STRETCH;
  const size_t count = stretch_end(stretch, v->m) - first;
  round_part(job->host + first * gap, gap, v->re + first, count, job);
  round_part(job->host + job->n / 2 + first * gap, gap, v->im + first, count, job);
}

/*
 * Coefficients of that many bits, at a scale over 2^shift, to the places of the vector's parts; of a dry device, only
 * their upload.
 */
static umbra_status upload_rounded(int64_t *coefficients, const complex_vector *v, const umbra_context *context,
                                   umbra_stream *stream, double factor, int bits) {
  uint32_t n = umbra_ring_n(context->ring);
  round_job job = {coefficients, v, n, factor, bits <= 51};
  if (v->re && has_copy(v)) UMBRA_TRY(umbra_alloc(&job.host, n, sizeof *job.host, "encoded coefficients"));
  if (v->re) each_stretch(context, v->m, round_stretch, &job);
  if (!has_copy(v)) return UMBRA_OK;
  umbra_ring_upload(context->ring, stream, coefficients, v->re ? job.host : NULL, n * sizeof *job.host);
  if (v->re) wipe_and_free(job.host, n * sizeof *job.host);
  return UMBRA_OK;
}

static double available_bits(const umbra_chain *chain, uint32_t level) {
  umbra_window window = chain->window[level];
  return umbra_log2_bits(umbra_chain_log_product(chain, window.first, window.count)) - 1;
}

static umbra_status check_fits(const umbra_chain *chain, uint32_t level, int bits, double magnitude) {
  double available = available_bits(chain, level);
  if (bits <= available) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_RANGE,
      "values up to %g are too large for level %u: they need %d bits of modulus and it has %.0f; scale them "
      "down or use a higher level",
      magnitude, level, bits + 1, available + 1);
}

double umbra_public_magnitude(double magnitude) {
  double bound = 1;
  while (bound < magnitude) bound *= 2;
  return bound;
}

enum { WORD_BITS = 62 }; /* of a coefficient */

/*
 * Bits that bound coefficients of any values of such a magnitude: what a transform makes of them is no larger, but for its
 * rounding. Of the magnitude as it is public anyway, so that what follows from it says no more of the values.
 */
static int bits_of_magnitude(double magnitude, double scale) {
  int bits;
  const double bound = umbra_public_magnitude(magnitude) * (1 + 0x1p-30) * scale;
  if (!isfinite(bound)) return 2 * DBL_MAX_EXP;
  frexp(bound, &bits);
  return bits;
}

/*
 * Bits of the coefficients, without their sign. A closer look, which may find one bit more as it rounds twice, is taken
 * only where that could make a difference.
 */
static umbra_status coefficient_bits(int *bits, const complex_vector *v, const umbra_context *context,
                                     const umbra_values *values, double magnitude, double scale) {
  const double available = available_bits(umbra_context_chain(context), values->level);
  *bits = bits_of_magnitude(magnitude, scale);
  if (*bits < WORD_BITS && *bits + 1 <= available) return UMBRA_OK;
  int exponent, largest = largest_exponent(v, context, magnitude);
  frexp(scale / v->m, &exponent);
  /* A bound that does not fit decides nothing: the values may. */
  if (!v->re && values->value && largest + exponent > available) UMBRA_TRY(exponent_at_home(&largest, context, values));
  *bits = largest + exponent;
  return UMBRA_OK;
}

static umbra_status vector_to_coefficients(int64_t *coefficients, uint32_t *shift, const complex_vector *v,
                                           const umbra_context *context, umbra_stream *stream,
                                           const umbra_values *values, double magnitude) {
  int bits;
  const double scale = umbra_log2_to_double(values->log_scale);
  UMBRA_TRY(coefficient_bits(&bits, v, context, values, magnitude, scale));
  UMBRA_TRY(check_fits(umbra_context_chain(context), values->level, bits, magnitude));
  *shift = bits > WORD_BITS ? (uint32_t)(bits - WORD_BITS) : 0;
  /* m is a power of two, so all of this is exact */
  return upload_rounded(coefficients, v, context, stream, ldexp(scale / v->m, -(int)*shift), bits - (int)*shift);
}

umbra_status umbra_encode_coefficients(int64_t *coefficients, uint32_t *shift, double *magnitude,
                                       const umbra_context *context, umbra_stream *stream, const umbra_values *values) {
  complex_vector v;
  double largest;
  UMBRA_TRY(vector_create(&v, context, values->slots));
  v.known = values->known;
  umbra_status status = transform_values(&v, &largest, context, stream, values);
  if (status == UMBRA_OK) status = vector_to_coefficients(coefficients, shift, &v, context, stream, values, largest);
  vector_destroy(&v, context, stream);
  if (status == UMBRA_OK) *magnitude = umbra_public_magnitude(largest);
  return status;
}

/* Completes the values with what the options say. */
static umbra_status check_encode(umbra_values *values, const umbra_context *context,
                                 const umbra_encode_options *options) {
  umbra_encode_options wanted = {UMBRA_ENCODE_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_encode_options, &wanted, options));
  if (!values->value && values->count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "values is NULL but count is %zu", values->count);
  UMBRA_TRY(umbra_check_level(&values->level, context, wanted.level));
  UMBRA_TRY(umbra_check_slots(&values->slots, context, wanted.slots));
  if (values->count > values->slots)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu values do not fit into %u slots", values->count, values->slots);
  values->log_scale = umbra_context_chain(context)->log_scale[values->level];
  values->bulk = wanted.bulk;
  return UMBRA_OK;
}

static umbra_status encode_into(umbra_plaintext *made, umbra_stream *stream, const umbra_values *values) {
  const umbra_context *context = made->context;
  size_t bytes = umbra_ring_n(context->ring) * sizeof(int64_t);
  uint32_t shift;
  double magnitude;
  void *coefficients;
  UMBRA_TRY(umbra_ring_take(context->ring, &coefficients, bytes, "encoded coefficients"));
  umbra_status status = umbra_encode_coefficients(coefficients, &shift, &magnitude, context, stream, values);
  if (status == UMBRA_OK) {
    umbra_view view = umbra_poly_view(&made->poly, context->ring);
    umbra_ring_from_i64(context->ring, stream, &view, coefficients, shift);
    made->estimate = umbra_noise_encode(magnitude, umbra_context_chain(context), made->level);
  }
  umbra_ring_give_secret(context->ring, stream, coefficients, bytes);
  return status;
}

static umbra_status encode(umbra_plaintext **out, const umbra_context *context, umbra_values values,
                           const umbra_encode_options *options) {
  UMBRA_TRACE_IN(context, "encode", 0);
  if (!out || !context) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "encoding needs an output and a context");
  UMBRA_TRY(check_encode(&values, context, options));
  umbra_plaintext *made = NULL;
  UMBRA_TRY(umbra_plaintext_make(&made, context, values.level));
  made->slots = values.slots;
  umbra_stream *stream;
  umbra_status status = umbra_ring_stream_open(&stream, context->ring);
  if (status == UMBRA_OK) status = umbra_stream_close(stream, context, encode_into(made, stream, &values));
  if (status == UMBRA_OK) status = umbra_poly_may_leave(&made->poly, context->ring);
  if (status == UMBRA_OK) UMBRA_PUT(plaintext, out, made);
  else umbra_plaintext_destroy(made);
  return status;
}

umbra_status umbra_encode(umbra_plaintext **plaintext, const umbra_context *context, const double *values, size_t count,
                          const umbra_encode_options *options) {
  return encode(plaintext, context, (umbra_values){.value = values, .count = count, .stride = 1}, options);
}

umbra_status umbra_encode_complex(umbra_plaintext **plaintext, const umbra_context *context, const double *pairs,
                                  size_t count, const umbra_encode_options *options) {
  return encode(plaintext, context, (umbra_values){.value = pairs, .count = count, .stride = 2}, options);
}

/* ---- decoding ---- */

/*
 * Coefficients of k limbs as doubles: balanced mixed-radix digits a_i in (-q_i / 2, q_i / 2) of each, so a small number
 * has zeros above its size and Horner's rule loses nothing.
 */
typedef struct radix {
  uint32_t limbs;
  uint32_t q[UMBRA_MAX_PRIMES];
  uint32_t inverse[UMBRA_MAX_PRIMES]; /* of q_0 ... q_{i-1} modulo q_i */
} radix;

static void radix_open(radix *r, const umbra_chain *chain, umbra_window window) {
  r->limbs = window.count;
  for (uint32_t i = 0; i < r->limbs; i++) {
    uint32_t q = r->q[i] = chain->prime[window.first + i], product = 1;
    for (uint32_t k = 0; k < i; k++) product = umbra_mod_mul(product, r->q[k] % q, q);
    r->inverse[i] = umbra_mod_inv(product, q);
  }
}

static double radix_value(const radix *r, const uint32_t *residue, size_t stride) {
  int32_t digit[UMBRA_MAX_PRIMES];
  for (uint32_t i = 0; i < r->limbs; i++) {
    uint32_t q = r->q[i];
    int64_t lower = 0; /* value of the lower digits modulo q, by Horner's rule */
    for (uint32_t k = i; k-- > 0;) lower = (lower * r->q[k] + digit[k]) % q;
    uint32_t difference = umbra_mod_sub(residue[i * stride], umbra_mod_from_i64(lower, q), q);
    uint32_t a = umbra_mod_mul(difference, r->inverse[i], q);
    digit[i] = a > q / 2 ? (int32_t)((int64_t)a - q) : (int32_t)a;
  }
  double value = 0;
  for (uint32_t i = r->limbs; i-- > 0;) value = value * r->q[i] + digit[i];
  return value;
}

typedef struct gather_job {
  const complex_vector *v;
  const radix *r;
  const uint32_t *residues;
  uint32_t n;
  double scale;
  double *largest; /* coefficient of each stretch */
} gather_job;

static void gather_stretch(const void *data, uint32_t stretch) {
  const gather_job *job = data;
  size_t n = job->n, end = stretch_end(stretch, n), gap = n >> (log2_of(job->v->m) + 1);
  double largest = 0;
  for (size_t j = (size_t)stretch * STRETCH; j < end; j++) {
    double value = radix_value(job->r, job->residues + j, n);
    largest = fmax(largest, fabs(value));
    if (j % gap) continue;
    size_t t = j < n / 2 ? j / gap : (j - n / 2) / gap;
    (j < n / 2 ? job->v->re : job->v->im)[t] = value / job->scale;
  }
  job->largest[stretch] = largest;
}

/* The vector of a polynomial's coefficients over the scale; returns the largest of all n coefficients. */
static double gather_coefficients(const complex_vector *v, const radix *r, const uint32_t *residues,
                                  const umbra_context *context, double scale) {
  double largest[STRETCHES] = {0};
  uint32_t n = umbra_ring_n(context->ring);
  each_stretch(context, n, gather_stretch, &(gather_job){v, r, residues, n, scale, largest});
  return largest_of(largest, STRETCHES);
}

/* Residues of the message's coefficients over a window, on the host. */
static umbra_status fetch_residues(uint32_t *host, const umbra_message *message, umbra_window window,
                                   umbra_stream *stream) {
  umbra_ring *ring = message->context->ring;
  umbra_poly poly;
  UMBRA_TRY(umbra_poly_create(&poly, ring, 1, window, 0, "a message"));
  umbra_view view = umbra_poly_view(&poly, ring);
  umbra_status status = message->residues(&view, window, stream, message->source);
  if (status == UMBRA_OK) {
    umbra_ring_to_coefficients(ring, stream, &view, &view);
    umbra_ring_download(ring, stream, host, poly.data, umbra_poly_bytes(&poly, ring));
    status = umbra_ring_wait(ring, stream);
  }
  umbra_ring_give_secret(ring, stream, poly.data, umbra_poly_bytes(&poly, ring));
  return status;
}

static double window_bits(const umbra_chain *chain, umbra_window window) {
  return umbra_log2_bits(umbra_chain_log_product(chain, window.first, window.count));
}

/* A part of the level's window, of main primes if possible, whose product has at least that many bits; or all of it. */
static umbra_window enough_limbs(const umbra_chain *chain, umbra_window all, double bits) {
  umbra_window part = {.first = (uint16_t)(all.first > chain->terminals ? all.first : chain->terminals), .count = 1};
  while (umbra_window_end(part) <= umbra_window_end(all) && window_bits(chain, part) < bits) part.count++;
  return umbra_window_end(part) <= umbra_window_end(all) ? part : all;
}

static umbra_status gather_window(complex_vector *v, const umbra_message *message, umbra_window window,
                                  umbra_stream *stream, double *largest) {
  const umbra_chain *chain = umbra_context_chain(message->context);
  uint32_t n = umbra_ring_n(message->context->ring), *residues;
  UMBRA_TRY(umbra_alloc(&residues, (size_t)window.count * n, sizeof *residues, "a message"));
  umbra_status status = fetch_residues(residues, message, window, stream);
  if (status == UMBRA_OK) {
    radix r;
    radix_open(&r, chain, window);
    double scale = umbra_log2_to_double(chain->log_scale[message->level]);
    *largest = gather_coefficients(v, &r, residues, message->context, scale);
  }
  wipe_and_free(residues, (size_t)window.count * n * sizeof *residues);
  return status;
}

/*
 * A message is nearly always far smaller than the modulus, so a few limbs suffice; if a coefficient comes within 2^20
 * of what they can hold, it may have wrapped there and all limbs are taken. (n random coefficients, as a wrapped
 * message would give, all stay below that with probability 2^-20n.)
 */
static umbra_status gather(complex_vector *v, const umbra_message *message, umbra_stream *stream, double *largest) {
  const umbra_chain *chain = umbra_context_chain(message->context);
  umbra_window all = chain->window[message->level];
  const double message_bits = 44, margin_bits = 20;
  umbra_window part =
      enough_limbs(chain, all, umbra_log2_bits(chain->log_scale[message->level]) + message_bits + margin_bits);
  UMBRA_TRY(gather_window(v, message, part, stream, largest));
  if (part.count == all.count || log2(*largest) + 1 < window_bits(chain, part) - margin_bits) return UMBRA_OK;
  return gather_window(v, message, all, stream, largest);
}

static void read_slots(double *values, size_t count, int stride, const complex_vector *v,
                       const umbra_context *context) {
  const slot_order order = slot_order_of(context, v->m);
  for (size_t t = 0; t < v->m; t++) {
    const size_t j = slot_at(&order, t);
    if (j >= count) continue;
    values[j * (size_t)stride] = v->re[t];
    if (stride == 2) values[2 * j + 1] = v->im[t];
  }
}

/* What no double holds is wrong; so may be everything else. */
static umbra_status check_values(const complex_vector *v) {
  for (uint32_t t = 0; t < v->m; t++)
    if (!(umbra_modulus(v->re[t], v->im[t]) <= DBL_MAX))
      return umbra_fail(UMBRA_ERROR_RANGE,
                        "a slot holds what no double can: the values wrapped around the modulus, or are not those of "
                        "this key");
  return UMBRA_OK;
}

/* The vector in its slots' places; *largest: its polynomial's largest coefficient. */
static umbra_status gather_slots(complex_vector *v, const umbra_message *message, umbra_stream *stream,
                                 double *largest) {
  const umbra_context *context = message->context;
  const umbra_kernels *kernels = umbra_ring_kernels(context->ring);
  UMBRA_TRY(gather(v, message, stream, largest));
  return transform_vector(v, context, stream, choose(context->bulk_decode, kernels->bulk_fft, kernels->fft));
}

/* Values of an integer polynomial at all n / 2 roots; a sparse vector's slot has several, and is their mean. */
static void average(const complex_vector *v, const double *re, const double *im, uint32_t all, double scale) {
  const uint32_t shift = log2_of(all) - log2_of(v->m);
  const double share = ldexp(1, -(int)shift) / scale;
  memset(v->re, 0, vector_bytes(v));
  for (uint32_t i = 0; i < all; i++) {
    v->re[i >> shift] += re[i] * share;
    v->im[i >> shift] += im[i] * share;
  }
}

/* On a device that holds no residues: the same from the values that it holds. */
static umbra_status gather_whole(const complex_vector *v, const umbra_message *message, umbra_stream *stream) {
  umbra_ring *ring = message->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  const uint32_t all = umbra_ring_n(ring) / 2;
  const umbra_window window = chain->window[message->level];
  umbra_poly poly;
  UMBRA_TRY(umbra_poly_create(&poly, ring, 1, window, 0, "a message"));
  double *host = NULL;
  const umbra_view view = umbra_poly_view(&poly, ring);
  umbra_status status = umbra_alloc(&host, umbra_poly_bytes(&poly, ring), 1, "a message");
  if (status == UMBRA_OK) status = message->residues(&view, window, stream, message->source);
  if (status == UMBRA_OK) {
    umbra_ring_download(ring, stream, host, poly.data, umbra_poly_bytes(&poly, ring));
    status = umbra_ring_wait(ring, stream);
  }
  if (status == UMBRA_OK) average(v, host, host + all, all, umbra_log2_to_double(chain->log_scale[message->level]));
  umbra_free(host);
  umbra_poly_destroy(&poly, ring);
  return status;
}

static umbra_status decode_on(umbra_stream *stream, double *values, size_t count, int stride,
                              const umbra_message *message, double *largest) {
  const umbra_context *context = message->context;
  complex_vector v;
  double found = 0;
  UMBRA_TRY(vector_create(&v, context, message->slots));
  umbra_status status =
      umbra_ring_whole(context->ring) ? gather_whole(&v, message, stream) : gather_slots(&v, message, stream, &found);
  if (status == UMBRA_OK) status = check_values(&v);
  if (status == UMBRA_OK) {
    read_slots(values, count, stride, &v, context);
    if (largest) *largest = found;
  }
  vector_destroy(&v, context, stream);
  return status;
}

umbra_status umbra_decode_message(double *values, size_t count, int stride, const umbra_message *message,
                                  double *largest) {
  if (!values && count) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "values is NULL but count is %zu", count);
  if (count > message->slots)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu values asked for, but there are %u slots", count, message->slots);
  umbra_stream *stream;
  if (!umbra_context_has_values(message->context)) return umbra_check_real(message->context);
  UMBRA_TRY(umbra_ring_stream_open(&stream, message->context->ring));
  umbra_status status = decode_on(stream, values, count, stride, message, largest);
  return umbra_stream_close(stream, message->context, status);
}

static umbra_status plaintext_residues(const umbra_view *dst, umbra_window window, umbra_stream *stream,
                                       const void *source) {
  const umbra_plaintext *plaintext = source;
  umbra_ring *ring = plaintext->context->ring;
  UMBRA_TRY(umbra_poly_pin(&plaintext->poly, ring, stream));
  umbra_view view = umbra_poly_subview(&plaintext->poly, ring, 0, 1, window, 0);
  umbra_ring_copy(ring, stream, dst, &view);
  umbra_poly_unpin(&plaintext->poly, ring);
  return UMBRA_OK;
}

static umbra_status decode(double *values, size_t count, int stride, const umbra_plaintext *plaintext) {
  UMBRA_TRACE_OF(plaintext, "decode", plaintext->level);
  if (!plaintext) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "plaintext is NULL");
  umbra_message message = {plaintext->context, plaintext->level, plaintext->slots, plaintext_residues, plaintext};
  return umbra_decode_message(values, count, stride, &message, NULL);
}

umbra_status umbra_decode(double *values, size_t count, const umbra_plaintext *plaintext) {
  return decode(values, count, 1, plaintext);
}

umbra_status umbra_decode_complex(double *pairs, size_t count, const umbra_plaintext *plaintext) {
  return decode(pairs, count, 2, plaintext);
}
