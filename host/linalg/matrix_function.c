/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of every element of a matrix. */
#include <math.h>
#include <umbra/matrix_ops.h>
#include <umbra/polynomial.h>

#include "../base/error.h"
#include "../base/outputs.h"
#include "../ckks/range.h"
#include "../ckks/trace.h"
#include "matrix.h"

void umbra_matrix_declare(umbra_matrix *matrix, double magnitude) {
  for (size_t i = 0; i < matrix->parts; i++) umbra_ciphertext_declare_within(matrix->part[i], magnitude);
}

umbra_status umbra_matrix_map(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix,
                              umbra_slot_function *function, const void *user) {
  umbra_matrix *made = NULL;
  if (matrix->layout.pairs || matrix->layout.ones)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "functions are not of matrices in pairs or with ones");
  UMBRA_TRY(umbra_matrix_make(&made, evaluator->context, matrix->rows, matrix->columns, &matrix->layout));
  made->dirty = matrix->dirty || umbra_layout_needs_zeros(&matrix->layout);
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < made->parts && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, i, made->parts);
    status = function(evaluator, &made->part[i], matrix->part[i], user);
    umbra_watch_leave(&evaluator->watch, part);
  }
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}

typedef struct chebyshev {
  const double *coefficients;
  uint32_t degree;
} chebyshev;

static umbra_status eval_chebyshev(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                                   const void *user) {
  const chebyshev *c = user;
  return umbra_chebyshev_eval(evaluator, out, x, c->coefficients, c->degree);
}

umbra_status umbra_matrix_chebyshev(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix,
                                    const double *coefficients, uint32_t degree, double magnitude) {
  UMBRA_TRACE(evaluator, "matrix_chebyshev", matrix ? matrix->part[0] : NULL);
  if (!evaluator || !out || !matrix || !coefficients || !(magnitude >= 0) || !isfinite(magnitude))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_matrix_chebyshev needs an evaluator, an output, a matrix, coefficients, and a magnitude "
                      "that is finite and not negative");
  UMBRA_TRY(umbra_matrix_map(evaluator, out, matrix, eval_chebyshev, &(chebyshev){coefficients, degree}));
  umbra_matrix_declare(*out, magnitude);
  return UMBRA_OK;
}
