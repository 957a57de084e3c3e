/* SPDX-License-Identifier: Apache-2.0 */
#include "gemm.h"

#include <math.h>
#include <sodium.h>

#include "../../kernels/modarith.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "ops.h"
#include "whole.h"

static size_t elements_of(const umbra_int_matrix *matrix) { return (size_t)matrix->rows * matrix->columns; }

size_t umbra_int_matrix_bytes(const umbra_int_matrix *matrix, const umbra_ring *ring) {
  const size_t residues = matrix->window.count * sizeof(uint32_t);
  return elements_of(matrix) * (umbra_ring_whole(ring) ? sizeof(double) : residues);
}

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

umbra_status umbra_int_matrix_create(umbra_int_matrix *matrix, umbra_ring *ring, umbra_stream *stream,
                                     const int64_t *value, uint32_t rows, uint32_t columns, uint32_t shift,
                                     umbra_window window) {
  umbra_int_matrix made = {.rows = rows, .columns = columns, .window = window};
  umbra_status status = UMBRA_OK;
  UMBRA_TRY(umbra_ring_take(ring, &made.data, umbra_int_matrix_bytes(&made, ring), "a matrix"));
  if (umbra_ring_whole(ring)) fill_numbers(made.data, value, elements_of(&made), shift);
  else status = upload_residues(&made, ring, stream, value, shift);
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
  if (whole) {
    UMBRA_ENQUEUE(whole->gemm, stream, dst, a, matrix->data, parts);
    return;
  }
  const uint32_t *w = limb_at(matrix, umbra_view_position(dst, 0) - matrix->window.first);
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->gemm, stream, dst, a, w, parts);
}
