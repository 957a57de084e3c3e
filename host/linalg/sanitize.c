/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices that tell less about how they were computed: see umbra/sanitize.h. */
#include "../ckks/sanitize.h"
#include "../base/error.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../base/watch.h"
#include "../ckks/disclosure.h"
#include "../ckks/trace.h"
#include "matrix.h"

static umbra_status sanitize_parts(umbra_matrix *made, umbra_disclosure *told, const umbra_matrix *matrix,
                                   const umbra_public_key *key, const umbra_disclosure_options *options,
                                   umbra_watch *watch) {
  for (size_t i = 0; i < matrix->parts; i++) {
    umbra_disclosure one;
    UMBRA_TRY(umbra_watch_step(watch, i, matrix->parts));
    UMBRA_TRY(umbra_sanitized(&made->part[i], &one, matrix->part[i], key, options));
    if (i) umbra_disclosure_join(told, &one);
    else *told = one;
  }
  return UMBRA_OK;
}

/* made: cleared by the caller. */
static umbra_status sanitize(umbra_matrix **made, umbra_disclosure *told, const umbra_matrix *matrix,
                             const umbra_public_key *key, const umbra_disclosure_options *options, umbra_watch *watch) {
  UMBRA_TRY(umbra_matrix_check_releases(matrix, options));
  UMBRA_TRY(umbra_matrix_make(made, matrix->context, matrix->rows, matrix->columns, &matrix->layout));
  (*made)->dirty = matrix->dirty;
  (*made)->stamp = matrix->stamp;
  return sanitize_parts(*made, told, matrix, key, options, watch);
}

umbra_status umbra_matrix_sanitize(umbra_matrix **out, umbra_disclosure *disclosure, const umbra_matrix *matrix,
                                   const umbra_public_key *key, const umbra_disclosure_options *options,
                                   const umbra_progress *progress) {
  UMBRA_TRACE_OF(matrix, "matrix_sanitize", 0);
  umbra_disclosure_options o;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_matrix *made = NULL;
  if (!out || !matrix || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_sanitize needs an output, a matrix and a public key");
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  umbra_watch watch = umbra_watch_of(progress);
  umbra_status status = umbra_watch_close(&watch, sanitize(&made, &told, matrix, key, &o, &watch));
  if (status == UMBRA_OK && disclosure) status = UMBRA_GIVE(umbra_disclosure, disclosure, &told);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}
