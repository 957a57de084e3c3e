/* SPDX-License-Identifier: Apache-2.0 */
#include "encoder.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "checks.h"
#include "dry.h"
#include "encoder_vector.h"
#include "noise.h"
#include "trace.h"

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
  const size_t first = (size_t)stretch * UMBRA_STRETCH, end = umbra_stretch_end(stretch, values->count);
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
static umbra_status look_at(double *magnitude, const umbra_context *context, const umbra_values *values) {
  *magnitude = values->bound;
  if (!values->value || values->bounded) return UMBRA_OK;
  double largest[UMBRA_STRETCHES] = {0};
  uint64_t part[UMBRA_STRETCHES] = {0};
  umbra_each_stretch(context, values->count, measure_stretch, &(measure_job){values, part, largest});
  for (size_t i = 0; i < UMBRA_STRETCHES; i++)
    if (!isfinite(size_of_bits(part[i]))) return fail_not_finite(values);
  *magnitude = umbra_largest_of(largest, UMBRA_STRETCHES);
  return UMBRA_OK;
}

/* The same, or what is declared in its place. */
static umbra_status measure(double *magnitude, const umbra_context *context, const umbra_values *values) {
  UMBRA_TRY(look_at(magnitude, context, values));
  if (values->declared == 0) return UMBRA_OK;
  if (*magnitude > values->declared)
    return umbra_fail(UMBRA_ERROR_RANGE, "a value of size %g, and the bound that was declared is %g", *magnitude,
                      values->declared);
  *magnitude = values->declared;
  return UMBRA_OK;
}

typedef struct place_job {
  const umbra_slot_vector *v;
  const umbra_values *values;
  umbra_slot_order order;
  double factor;
} place_job;

/* In the order of the vector: reading here and there is faster than writing. */
static void place_stretch(const void *data, uint32_t stretch) {
  const place_job *job = data;
  const umbra_values *values = job->values;
  const double *value = values->value;
  const size_t end = umbra_stretch_end(stretch, job->v->m), stride = (size_t)values->stride;
  for (size_t t = (size_t)stretch * UMBRA_STRETCH; t < end; t++) {
    const size_t j = (umbra_slot_at(&job->order, t) + values->turn) & job->order.mask;
    job->v->re[t] = j < values->count ? job->factor * value[j * stride] : 0;
    job->v->im[t] = j < values->count && stride == 2 ? job->factor * value[j * stride + 1] : 0;
  }
}

/* Puts values at their places; *magnitude as above. */
static umbra_status place_values(umbra_slot_vector *v, double *magnitude, const umbra_context *context,
                                 const umbra_values *values) {
  UMBRA_TRY(measure(magnitude, context, values));
  if (v->re && values->value)
    umbra_each_stretch(context, v->m, place_stretch, &(place_job){v, values, umbra_slot_order_of(context, v->m), 1});
  else if (v->re) memset(v->re, 0, umbra_slot_vector_bytes(v));
  return UMBRA_OK;
}

typedef struct largest_job {
  const double *value;
  size_t count;
  double *largest; /* of each stretch */
} largest_job;

static void largest_stretch(const void *data, uint32_t stretch) {
  const largest_job *job = data;
  size_t end = umbra_stretch_end(stretch, job->count);
  double largest = 0;
  for (size_t t = (size_t)stretch * UMBRA_STRETCH; t < end; t++) {
    double size = fabs(job->value[t]);
    largest = fmax(largest, size <= DBL_MAX ? size : INFINITY); /* not a number: as infinity */
  }
  job->largest[stretch] = largest;
}

static double largest_part(const umbra_slot_vector *v, const umbra_context *context) {
  double part[UMBRA_STRETCHES] = {0};
  size_t count = 2 * (size_t)v->m;
  umbra_each_stretch(context, count, largest_stretch, &(largest_job){v->re, count, part});
  return umbra_largest_of(part, UMBRA_STRETCHES);
}

/* Places and transforms; *magnitude as above. */
static umbra_status transform_values(umbra_slot_vector *v, double *magnitude, const umbra_context *context,
                                     umbra_stream *stream, const umbra_values *values) {
  const umbra_kernels *kernels = umbra_ring_kernels(context->ring);
  UMBRA_TRY(place_values(v, magnitude, context, values));
  if (!values->value && values->bound == 0) return UMBRA_OK; /* zeros remain zeros */
  return umbra_slot_vector_transform(v, context, stream,
                                     values->bulk && kernels->bulk_ifft ? kernels->bulk_ifft : kernels->ifft);
}

/*
 * Exponent e with |x| < 2^e for every part of the transformed vector; beyond all doubles if the transform overflowed.
 * Without values: for every vector of such a magnitude.
 */
static int largest_exponent(const umbra_slot_vector *v, const umbra_context *context, double magnitude) {
  double largest = umbra_context_has_values(context) ? largest_part(v, context) : magnitude * v->m;
  if (!isfinite(largest)) return 2 * DBL_MAX_EXP;
  int exponent;
  frexp(largest, &exponent);
  return exponent;
}

/* That of the values themselves, for a dry device. */
static umbra_status exponent_at_home(int *exponent, const umbra_context *context, const umbra_values *values) {
  const umbra_context *home;
  umbra_slot_vector v;
  umbra_stream *stream;
  double magnitude;
  UMBRA_TRY(umbra_context_home(&home, context));
  UMBRA_TRY(umbra_ring_stream_open(&stream, home->ring));
  umbra_status status = umbra_slot_vector_create(&v, home, values->slots);
  if (status == UMBRA_OK) {
    status = transform_values(&v, &magnitude, home, stream, values);
    if (status == UMBRA_OK) *exponent = largest_exponent(&v, home, magnitude);
    umbra_slot_vector_destroy(&v, home, stream);
  }
  return umbra_stream_close(stream, home, status);
}

typedef struct round_job {
  int64_t *host;
  const umbra_slot_vector *v;
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
  const umbra_slot_vector *v = job->v;
  const size_t gap = job->n >> (umbra_ceil_log2(v->m) + 1), first = (size_t)stretch * UMBRA_STRETCH;
  const size_t count = umbra_stretch_end(stretch, v->m) - first;
  round_part(job->host + first * gap, gap, v->re + first, count, job);
  round_part(job->host + job->n / 2 + first * gap, gap, v->im + first, count, job);
}

/*
 * Coefficients of that many bits, at a scale over 2^shift, to the places of the vector's parts; of a dry device, only
 * their upload.
 */
static umbra_status upload_rounded(int64_t *coefficients, const umbra_slot_vector *v, const umbra_context *context,
                                   umbra_stream *stream, double factor, int bits) {
  uint32_t n = umbra_ring_n(context->ring);
  round_job job = {coefficients, v, n, factor, bits <= 51};
  if (v->re && umbra_slot_vector_has_copy(v))
    UMBRA_TRY(umbra_alloc(&job.host, n, sizeof *job.host, "encoded coefficients"));
  if (v->re) umbra_each_stretch(context, v->m, round_stretch, &job);
  if (!umbra_slot_vector_has_copy(v)) return UMBRA_OK;
  umbra_ring_upload(context->ring, stream, coefficients, v->re ? job.host : NULL, n * sizeof *job.host);
  if (v->re) umbra_wipe_and_free(job.host, n * sizeof *job.host);
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
  while (bound < umbra_or_infinite(magnitude)) bound *= 2;
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
static umbra_status coefficient_bits(int *bits, const umbra_slot_vector *v, const umbra_context *context,
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

/* *bits as above, if the level has room for them. */
static umbra_status fitting_bits(int *bits, const umbra_slot_vector *v, const umbra_context *context,
                                 const umbra_values *values, double magnitude) {
  const double scale = umbra_log2_to_double(values->log_scale);
  UMBRA_TRY(coefficient_bits(bits, v, context, values, magnitude, scale));
  return check_fits(umbra_context_chain(context), values->level, *bits, magnitude);
}

static umbra_status vector_to_coefficients(int64_t *coefficients, uint32_t *shift, const umbra_slot_vector *v,
                                           const umbra_context *context, umbra_stream *stream,
                                           const umbra_values *values, double magnitude) {
  int bits;
  const double scale = umbra_log2_to_double(values->log_scale);
  UMBRA_TRY(fitting_bits(&bits, v, context, values, magnitude));
  *shift = bits > WORD_BITS ? (uint32_t)(bits - WORD_BITS) : 0;
  /* m is a power of two, so all of this is exact */
  return upload_rounded(coefficients, v, context, stream, ldexp(scale / v->m, -(int)*shift), bits - (int)*shift);
}

umbra_status umbra_encode_coefficients(int64_t *coefficients, uint32_t *shift, double *magnitude,
                                       const umbra_context *context, umbra_stream *stream, const umbra_values *values) {
  umbra_slot_vector v;
  double largest;
  UMBRA_TRY(umbra_slot_vector_create(&v, context, values->slots));
  v.known = values->known;
  umbra_status status = transform_values(&v, &largest, context, stream, values);
  if (status == UMBRA_OK) status = vector_to_coefficients(coefficients, shift, &v, context, stream, values, largest);
  umbra_slot_vector_destroy(&v, context, stream);
  if (status == UMBRA_OK) *magnitude = umbra_public_magnitude(largest);
  return status;
}

/* Whether they could be encoded. */
static umbra_status check_values(const umbra_context *context, umbra_stream *stream, const umbra_values *values) {
  umbra_slot_vector v;
  int bits = bits_of_magnitude(values->bound, umbra_log2_to_double(values->log_scale));
  double magnitude;
  if (bits + 1 <= available_bits(umbra_context_chain(context), values->level)) return UMBRA_OK;
  UMBRA_TRY(umbra_slot_vector_create(&v, context, values->slots));
  v.known = values->known;
  umbra_status status = transform_values(&v, &magnitude, context, stream, values);
  if (status == UMBRA_OK) status = fitting_bits(&bits, &v, context, values, magnitude);
  umbra_slot_vector_destroy(&v, context, stream);
  return status;
}

umbra_status umbra_encode_whole(double *parts, const umbra_context *context, umbra_stream *stream,
                                const umbra_values *values) {
  const uint32_t m = umbra_ring_n(context->ring) / 2;
  const umbra_slot_vector v = {.re = parts, .im = parts + m, .m = m};
  place_job job = {&v, values, umbra_slot_order_of(context, m), umbra_log2_to_double(values->log_scale)};
  job.order.mask = values->slots - 1;
  UMBRA_TRY(check_values(context, stream, values));
  umbra_each_stretch(context, m, place_stretch, &job);
  return UMBRA_OK;
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
  if (!umbra_is_bound(wanted.bound))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "bound is %g: it must be finite and not negative", wanted.bound);
  values->log_scale = umbra_context_chain(context)->log_scale[values->level];
  values->bulk = wanted.bulk;
  values->declared = wanted.bound;
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
