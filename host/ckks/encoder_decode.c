/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../../kernels/modarith.h"
#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "../ring/whole.h"
#include "dry.h"
#include "encoder.h"
#include "encoder_vector.h"
#include "noise.h"
#include "stand_ins.h"
#include "trace.h"

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
  const umbra_slot_vector *v;
  const radix *r;
  const uint32_t *residues;
  uint32_t n;
  double scale;
  double *largest; /* coefficient of each stretch */
} gather_job;

static void gather_stretch(const void *data, uint32_t stretch) {
  const gather_job *job = data;
  size_t n = job->n, end = umbra_stretch_end(stretch, n), gap = n >> (umbra_ceil_log2(job->v->m) + 1);
  double largest = 0;
  for (size_t j = (size_t)stretch * UMBRA_STRETCH; j < end; j++) {
    double value = radix_value(job->r, job->residues + j, n);
    largest = umbra_larger(largest, fabs(value));
    if (j % gap) continue;
    size_t t = j < n / 2 ? j / gap : (j - n / 2) / gap;
    (j < n / 2 ? job->v->re : job->v->im)[t] = value / job->scale;
  }
  job->largest[stretch] = largest;
}

/* The vector of a polynomial's coefficients over the scale; returns the largest of all n coefficients. */
static double gather_coefficients(const umbra_slot_vector *v, const radix *r, const uint32_t *residues,
                                  const umbra_context *context, double scale) {
  double largest[UMBRA_STRETCHES] = {0};
  uint32_t n = umbra_ring_n(context->ring);
  umbra_each_stretch(context, n, gather_stretch, &(gather_job){v, r, residues, n, scale, largest});
  return umbra_largest_of(largest, UMBRA_STRETCHES);
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

static umbra_status gather_window(umbra_slot_vector *v, const umbra_message *message, umbra_window window,
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
  umbra_wipe_and_free(residues, (size_t)window.count * n * sizeof *residues);
  return status;
}

/*
 * A message is nearly always far smaller than the modulus, so a few limbs suffice; if a coefficient comes within 2^20
 * of what they can hold, it may have wrapped there and all limbs are taken. (n random coefficients, as a wrapped
 * message would give, all stay below that with probability 2^-20n.)
 */
static umbra_status gather(umbra_slot_vector *v, const umbra_message *message, umbra_stream *stream, double *largest) {
  const umbra_chain *chain = umbra_context_chain(message->context);
  umbra_window all = chain->window[message->level];
  const double message_bits = 44, margin_bits = 20;
  umbra_window part =
      enough_limbs(chain, all, umbra_log2_bits(chain->log_scale[message->level]) + message_bits + margin_bits);
  UMBRA_TRY(gather_window(v, message, part, stream, largest));
  if (part.count == all.count || log2(*largest) + 1 < window_bits(chain, part) - margin_bits) return UMBRA_OK;
  return gather_window(v, message, all, stream, largest);
}

static void read_slots(double *values, size_t count, int stride, const umbra_slot_vector *v,
                       const umbra_context *context) {
  const umbra_slot_order order = umbra_slot_order_of(context, v->m);
  for (size_t t = 0; t < v->m; t++) {
    const size_t j = umbra_slot_at(&order, t);
    if (j >= count) continue;
    values[j * (size_t)stride] = v->re[t];
    if (stride == 2) values[2 * j + 1] = v->im[t];
  }
}

/* What no double holds is wrong; so may be everything else. */
static umbra_status check_values(const umbra_slot_vector *v) {
  for (uint32_t t = 0; t < v->m; t++)
    if (!(umbra_modulus(v->re[t], v->im[t]) <= DBL_MAX))
      return umbra_fail(UMBRA_ERROR_RANGE,
                        "a slot holds what no double can: the values wrapped around the modulus, or are not those of "
                        "this key");
  return UMBRA_OK;
}

/* The vector in its slots' places; *largest: its polynomial's largest coefficient. */
static umbra_status gather_slots(umbra_slot_vector *v, const umbra_message *message, umbra_stream *stream,
                                 double *largest) {
  const umbra_context *context = message->context;
  const umbra_kernels *kernels = umbra_ring_kernels(context->ring);
  UMBRA_TRY(gather(v, message, stream, largest));
  return umbra_slot_vector_transform(v, context, stream,
                                     context->bulk_decode && kernels->bulk_fft ? kernels->bulk_fft : kernels->fft);
}

/* Values of an integer polynomial at all n / 2 roots; a sparse vector's slot has several, and is their mean. */
static void average(const umbra_slot_vector *v, const double *re, const double *im, uint32_t all, double scale) {
  const uint32_t shift = umbra_ceil_log2(all) - umbra_ceil_log2(v->m);
  const double share = ldexp(1, -(int)shift) / scale;
  memset(v->re, 0, umbra_slot_vector_bytes(v));
  for (uint32_t i = 0; i < all; i++) {
    v->re[i >> shift] += re[i] * share;
    v->im[i >> shift] += im[i] * share;
  }
}

/* On a device that holds no residues: the same from the values that it holds. */
static umbra_status gather_whole(const umbra_slot_vector *v, const umbra_message *message, umbra_stream *stream) {
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
  umbra_slot_vector v;
  double found = 0;
  UMBRA_TRY(umbra_slot_vector_create(&v, context, message->slots));
  umbra_status status =
      umbra_ring_whole(context->ring) ? gather_whole(&v, message, stream) : gather_slots(&v, message, stream, &found);
  if (status == UMBRA_OK && !message->any) status = check_values(&v);
  if (status == UMBRA_OK) {
    read_slots(values, count, stride, &v, context);
    if (largest) *largest = found;
  }
  umbra_slot_vector_destroy(&v, context, stream);
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
  umbra_message message = {plaintext->context, plaintext->level, plaintext->slots, plaintext_residues, plaintext, 0};
  return umbra_decode_message(values, count, stride, &message, NULL);
}

umbra_status umbra_decode(double *values, size_t count, const umbra_plaintext *plaintext) {
  return decode(values, count, 1, plaintext);
}

umbra_status umbra_decode_complex(double *pairs, size_t count, const umbra_plaintext *plaintext) {
  return decode(pairs, count, 2, plaintext);
}
