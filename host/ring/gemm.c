/* SPDX-License-Identifier: Apache-2.0 */
#include "gemm.h"

#include <math.h>
#include <sodium.h>

#include "../../kernels/modarith.h"
#include "../../kernels/tables.h"
#include "../base/double_double.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "ops.h"
#include "whole.h"

static size_t elements_of(const umbra_int_matrix *matrix) { return (size_t)matrix->rows * matrix->columns; }

/* Words of an element, or numbers. */
static size_t words_of(const umbra_int_matrix *matrix, const umbra_ring *ring) {
  return matrix->log_gap ? umbra_ring_n(ring) >> matrix->log_gap : 1;
}

size_t umbra_int_matrix_bytes(const umbra_int_matrix *matrix, const umbra_ring *ring) {
  const size_t residues = matrix->window.count * sizeof(uint32_t);
  return elements_of(matrix) * words_of(matrix, ring) * (umbra_ring_whole(ring) ? sizeof(double) : residues);
}

/* ---- integers ---- */

/* Words of the matrix in front of a limb. */
static uint32_t *limb_at(const umbra_int_matrix *matrix, uint32_t limb) {
  return (uint32_t *)matrix->data + limb * elements_of(matrix);
}

/* What makes the kernel's products those with the integers: value * 2^shift * R mod q. */
static void fill_residues(uint32_t *residue, const int64_t *value, size_t count, uint32_t shift, uint32_t q) {
  const uint32_t montgomery_shift = 32, factor = umbra_mod_pow(2, shift + montgomery_shift, q);
  for (size_t i = 0; i < count; i++) residue[i] = umbra_mod_mul(umbra_mod_from_i64(value[i], q), factor, q);
}

static void fill_numbers(double *number, const int64_t *value, size_t count, uint32_t shift) {
  for (size_t i = 0; i < count; i++) number[i] = ldexp((double)value[i], (int)shift);
}

/* Limb after limb through one piece of host memory, which is wiped: the matrix may be somebody's. */
static umbra_status upload_residues(const umbra_int_matrix *matrix, const umbra_ring *ring, umbra_stream *stream,
                                    const int64_t *value, uint32_t shift) {
  const size_t count = elements_of(matrix);
  uint32_t *residue = NULL;
  umbra_status status = UMBRA_OK;
  if (value) UMBRA_TRY(umbra_alloc(&residue, count, sizeof *residue, "residues of a matrix"));
  for (uint32_t i = 0; i < matrix->window.count && status == UMBRA_OK; i++) {
    if (residue) fill_residues(residue, value, count, shift, umbra_ring_chain(ring)->prime[matrix->window.first + i]);
    umbra_ring_upload(ring, stream, limb_at(matrix, i), residue, count * sizeof *residue);
    status = umbra_ring_wait(ring, stream);
  }
  if (residue) sodium_memzero(residue, count * sizeof *residue);
  umbra_free(residue);
  return status;
}

/* ---- polynomials ---- */

/* Coefficients become values at the roots, in the order of the evaluation domain of a ring of m coefficients. */
static void transform(uint32_t *a, uint32_t m, const uint32_t *power, uint32_t q) {
  for (uint32_t half = m / 2, blocks = 1; half; half /= 2, blocks *= 2)
    for (uint32_t i = 0; i < m / 2; i++) {
      const uint32_t block = i / half, j = 2 * block * half + i % half;
      const uint32_t low = a[j], high = umbra_mod_mul(a[j + half], power[blocks + block], q);
      a[j] = umbra_mod_add(low, high, q);
      a[j + half] = umbra_mod_sub(low, high, q);
    }
}

/* Limb i of all elements, [elements][limbs][words]. */
static void fill_limb(uint32_t *residue, const umbra_int_matrix *matrix, const umbra_ring *ring, const int64_t *value,
                      uint32_t shift, uint32_t i, uint32_t *power) {
  const uint32_t words = (uint32_t)words_of(matrix, ring), limbs = matrix->window.count;
  const uint32_t q = umbra_ring_chain(ring)->prime[matrix->window.first + i];
  umbra_powers_reversed(power, umbra_ring_psi(q, words), words, q);
  for (size_t k = 0; k < elements_of(matrix); k++) {
    uint32_t *element = residue + (k * limbs + i) * words;
    fill_residues(element, value + k * words, words, shift, q);
    transform(element, words, power, q);
  }
}

static umbra_status upload_short(const umbra_int_matrix *matrix, const umbra_ring *ring, umbra_stream *stream,
                                 const int64_t *value, uint32_t shift) {
  const size_t bytes = umbra_int_matrix_bytes(matrix, ring);
  uint32_t *residue = NULL, *power = NULL;
  umbra_status status = UMBRA_OK;
  if (value) status = umbra_alloc(&residue, bytes, 1, "residues of a matrix");
  if (residue) status = umbra_alloc(&power, words_of(matrix, ring), sizeof *power, "residues of a matrix");
  for (uint32_t i = 0; power && i < matrix->window.count; i++) fill_limb(residue, matrix, ring, value, shift, i, power);
  if (status == UMBRA_OK) {
    umbra_ring_upload(ring, stream, matrix->data, residue, bytes);
    status = umbra_ring_wait(ring, stream);
  }
  if (residue) sodium_memzero(residue, bytes);
  umbra_free(residue);
  umbra_free(power);
  return status;
}

/* zeta^k of a ring of m coefficients. */
static umbra_dd_circle root(uint32_t k, uint32_t m) {
  return umbra_dd_turn(umbra_dd_scale(umbra_dd_of(k % (2 * m)), 0.5 / m));
}

static void set_waves(double *cosine, uint32_t m) {
  for (uint32_t k = 0; k < 2 * m; k++) cosine[k] = root(k, m).cosine.high;
}

/* Values at half of the roots, real parts first: see kernels/sim/sim.h. cosine: of k pi / m, k < 2 m. */
static void fill_values(double *number, const int64_t *value, uint32_t m, uint32_t shift, const double *cosine) {
  const uint32_t bits = umbra_ceil_log2(m / 2), turn = 2 * m - 1, quarter = m / 2 + m; /* sin x = cos (x + 3 pi / 2) */
  for (uint32_t i = 0; i < m / 2; i++) {
    const uint32_t power = 4 * umbra_bit_reverse(i, bits) + 1;
    double re = 0, im = 0;
    for (uint32_t k = 0; k < m; k++) {
      re += (double)value[k] * cosine[power * k & turn];
      im += (double)value[k] * cosine[(power * k + quarter) & turn];
    }
    number[i] = ldexp(re, (int)shift);
    number[m / 2 + i] = ldexp(im, (int)shift);
  }
}

static umbra_status fill_short_numbers(const umbra_int_matrix *matrix, const umbra_ring *ring, const int64_t *value,
                                       uint32_t shift) {
  const uint32_t m = (uint32_t)words_of(matrix, ring);
  double *cosine;
  UMBRA_TRY(umbra_alloc(&cosine, 2 * (size_t)m, sizeof *cosine, "cosines"));
  set_waves(cosine, m);
  for (size_t k = 0; k < elements_of(matrix); k++)
    fill_values((double *)matrix->data + k * m, value + k * m, m, shift, cosine);
  umbra_free(cosine);
  return UMBRA_OK;
}

/* Successive limbs of all elements, from that of the first limb of dst on. */
static umbra_view plain_view(const umbra_int_matrix *matrix, const umbra_ring *ring, const umbra_view *dst) {
  const size_t words = words_of(matrix, ring), whole = umbra_ring_whole(ring) ? sizeof(double) / sizeof(uint32_t) : 0;
  umbra_view view = {.polys = (uint32_t)elements_of(matrix), .stride = (whole ? whole : matrix->window.count) * words};
  view.run[0] = (umbra_run){matrix->data, (uint16_t)umbra_view_position(dst, 0), (uint16_t)umbra_view_limbs(dst)};
  if (!whole) view.run[0].data += (view.run[0].prime - matrix->window.first) * words;
  return view;
}

/* ---- both ---- */

static umbra_status fill(const umbra_int_matrix *matrix, const umbra_ring *ring, umbra_stream *stream,
                         const int64_t *value, uint32_t shift) {
  if (!umbra_ring_whole(ring))
    return (matrix->log_gap ? upload_short : upload_residues)(matrix, ring, stream, value, shift);
  if (matrix->log_gap) return fill_short_numbers(matrix, ring, value, shift);
  fill_numbers(matrix->data, value, elements_of(matrix), shift);
  return UMBRA_OK;
}

umbra_status umbra_int_matrix_create(umbra_int_matrix *matrix, umbra_ring *ring, umbra_stream *stream,
                                     const umbra_int_matrix *shape, const int64_t *value, uint32_t shift) {
  umbra_int_matrix made = *shape;
  UMBRA_TRY(umbra_ring_take(ring, &made.data, umbra_int_matrix_bytes(&made, ring), "a matrix"));
  const umbra_status status = fill(&made, ring, stream, value, shift);
  if (status == UMBRA_OK) *matrix = made;
  else umbra_int_matrix_destroy(&made, ring);
  return status;
}

void umbra_int_matrix_destroy(umbra_int_matrix *matrix, umbra_ring *ring) {
  umbra_ring_give(ring, matrix->data, umbra_int_matrix_bytes(matrix, ring));
  *matrix = (umbra_int_matrix){0};
}

void umbra_ring_gemm(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                     const umbra_int_matrix *matrix, uint32_t parts) {
  const umbra_whole_kernels *whole = umbra_ring_whole(ring);
  if (matrix->log_gap) {
    const umbra_view plain = plain_view(matrix, ring, dst);
    umbra_ring_plain_products(ring, stream, dst, &plain, a, matrix->columns, matrix->log_gap);
    return;
  }
  if (whole) {
    UMBRA_ENQUEUE(whole->gemm, stream, dst, a, matrix->data, parts);
    return;
  }
  const uint32_t *w = limb_at(matrix, umbra_view_position(dst, 0) - matrix->window.first);
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->gemm, stream, dst, a, w, parts);
}
