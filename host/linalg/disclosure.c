/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices that may be shown: see umbra/disclosure.h. */
#include "../ckks/disclosure.h"

#include "../base/error.h"
#include "../base/structs.h"
#include "../base/watch.h"
#include "../ckks/trace.h"
#include "matrix.h"

typedef struct job {
  const umbra_secret_key *key;
  const umbra_disclosure_options *options;
  int pairs;                    /* imaginary parts hold elements */
  umbra_disclosure *disclosure; /* of the parts so far */
} job;

static umbra_status open_flooded(double *pairs, const umbra_ciphertext *part, const void *user) {
  const job *j = user;
  umbra_disclosure made;
  const umbra_disclosure_form form = {part->slots, j->pairs, !j->pairs};
  UMBRA_TRY(umbra_disclosure_open(pairs, &made, part, j->key, j->options, form));
  if (j->disclosure->ciphertexts) umbra_disclosure_join(j->disclosure, &made);
  else *j->disclosure = made;
  return UMBRA_OK;
}

umbra_status umbra_matrix_check_releases(const umbra_matrix *matrix, const umbra_disclosure_options *options) {
  if (matrix->parts <= options->releases) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "the matrix has %zu ciphertexts, and releases is %llu: each of them is one",
                    matrix->parts, (unsigned long long)options->releases);
}

umbra_status umbra_matrix_disclose(const umbra_matrix *matrix, umbra_disclosure *disclosure, double *values,
                                   const umbra_secret_key *key, const umbra_disclosure_options *options,
                                   umbra_watch *watch) {
  UMBRA_TRACE_OF(matrix, "matrix_decrypt_public", 0);
  umbra_disclosure made = {UMBRA_DISCLOSURE_INIT};
  const job j = {key, options, matrix->layout.pairs, &made};
  UMBRA_TRY(umbra_matrix_check_releases(matrix, options));
  UMBRA_TRY(umbra_matrix_open_by(matrix, values, (umbra_part_opener){open_flooded, &j}, watch));
  *disclosure = made;
  return UMBRA_OK;
}

static umbra_status decrypt_public(umbra_disclosure *disclosure, double *values, const umbra_matrix *matrix,
                                   const umbra_secret_key *key, const umbra_disclosure_options *options,
                                   const umbra_progress *progress) {
  umbra_disclosure_options o;
  umbra_disclosure made = {UMBRA_DISCLOSURE_INIT};
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  UMBRA_TRY(UMBRA_TAKE(umbra_disclosure, &made, disclosure));
  umbra_watch watch = umbra_watch_of(progress);
  UMBRA_TRY(umbra_watch_close(&watch, umbra_matrix_disclose(matrix, &made, values, key, &o, &watch)));
  return UMBRA_GIVE(umbra_disclosure, disclosure, &made);
}

umbra_status umbra_matrix_decrypt_public(const umbra_matrix *matrix, umbra_disclosure *disclosure, double *values,
                                         const umbra_secret_key *key, const umbra_disclosure_options *options,
                                         const umbra_progress *progress) {
  if (!matrix || !values || !disclosure || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_matrix_decrypt_public needs a matrix, values, a disclosure and a secret key");
  return decrypt_public(disclosure, values, matrix, key, options, progress);
}
