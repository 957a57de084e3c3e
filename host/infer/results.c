/* SPDX-License-Identifier: Apache-2.0 */
/* From matrices to results: decryption, what can be told of wrong values, and the owner's last steps. */
#include <math.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "../base/watch.h"
#include "../ckks/disclosure.h"
#include "../model/interpret.h"
#include "plan.h"
#include "records.h"

void umbra_results_restore(double *values, size_t count, const umbra_frame *frame) {
  for (size_t i = 0; i < count; i++) values[i] = frame->result_scale * values[i] + frame->result_shift;
}

/* ---- what can be told ---- */

/* Outputs of the samples are held within [-1, 1]. */
static void look_at_records(umbra_inference_outcome *seen, const umbra_ndarray *values,
                            const umbra_inference_plan *plan) {
  const umbra_frame *frame = &plan->frame;
  const double half = fabs(frame->result_scale) + plan->ways->report.error;
  const size_t rows = values->shape[0], count = frame->result_count;
  size_t last = rows; /* of those beyond */
  seen->lowest = frame->result_shift - half;
  seen->highest = frame->result_shift + half;
  for (size_t i = 0; i < rows * count; i++) {
    const double x = values->values[i], size = umbra_or_infinite(fabs(x));
    if (size > seen->largest) {
      seen->largest = size;
      seen->record = i / count;
    }
    if ((x >= seen->lowest && x <= seen->highest) || i / count == last) continue;
    last = i / count;
    seen->beyond++;
  }
}

/* What umbra_decrypt_decode refuses, too: most of all, outputs beyond umbra_step_magnitude. */
static umbra_status refuse(const umbra_inference_outcome *seen) {
  const uint32_t grave = seen->doubts & ~(uint32_t)(UMBRA_DOUBT_REFRESH | UMBRA_DOUBT_INTERVAL);
  if (!grave) return UMBRA_OK;
  if (!seen->beyond)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "the results have doubts %#x (umbra_doubt): values on the way were larger than the computation "
                      "allows, or wrapped around the modulus",
                      grave);
  return umbra_fail(
      UMBRA_ERROR_RANGE,
      "record %zu has an output of size %g, and by the plan outputs are within [%g, %g], which %zu records "
      "leave: records unlike the samples left the ranges of values on the way, or these wrapped around the "
      "modulus, and took others with them",
      seen->record + 1, seen->largest, seen->lowest, seen->highest, seen->beyond);
}

/* ---- decryption ---- */

static umbra_status check(const umbra_inference_plan *plan, const umbra_matrix *encrypted) {
  UMBRA_TRY(umbra_inference_plan_check(plan, encrypted->context, "the matrix"));
  UMBRA_TRY(umbra_inference_plan_check_stamp(plan->digest, encrypted, UMBRA_MATRIX_RESULTS));
  if (encrypted->columns == plan->frame.result_count) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "a matrix of %zu columns, and results of this plan have %zu",
                    encrypted->columns, plan->frame.result_count);
}

/* In any case. made: cleared if it fails. */
static umbra_status open_values(umbra_ndarray *made, umbra_inference_outcome *seen, const umbra_inference_plan *plan,
                                const umbra_matrix *encrypted, const umbra_secret_key *key,
                                const umbra_progress *progress) {
  *made = (umbra_ndarray){.rank = 2, .shape = {encrypted->rows, plan->frame.result_count}};
  UMBRA_TRY(check(plan, encrypted));
  UMBRA_TRY(umbra_alloc(&made->values, umbra_ndarray_count(made), sizeof *made->values, "results"));
  umbra_watch watch = umbra_watch_of(progress);
  const umbra_status status =
      umbra_watch_close(&watch, umbra_matrix_open(encrypted, made->values, &seen->doubts, key, &watch));
  if (status != UMBRA_OK) {
    umbra_ndarray_clear(made);
    return status;
  }
  umbra_results_restore(made->values, umbra_ndarray_count(made), &plan->frame);
  look_at_records(seen, made, plan);
  return UMBRA_OK;
}

static void replace(umbra_ndarray *values, const umbra_ndarray *made) {
  umbra_ndarray_clear(values);
  *values = *made;
}

umbra_status umbra_inference_decrypt_outcome(umbra_inference_outcome *outcome, umbra_ndarray *values,
                                             const umbra_inference_plan *plan, const umbra_matrix *encrypted,
                                             const umbra_secret_key *key, const umbra_progress *progress) {
  umbra_inference_outcome seen = {UMBRA_INFERENCE_OUTCOME_INIT};
  umbra_ndarray made;
  if (!outcome || !values || !plan || !encrypted || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "an outcome of results needs an outcome, an output, a plan, a matrix and a secret key");
  UMBRA_TRY(UMBRA_TAKE(umbra_inference_outcome, &seen, outcome));
  seen = (umbra_inference_outcome){UMBRA_INFERENCE_OUTCOME_INIT};
  UMBRA_TRY(open_values(&made, &seen, plan, encrypted, key, progress));
  const umbra_status status = UMBRA_GIVE(umbra_inference_outcome, outcome, &seen);
  if (status == UMBRA_OK) replace(values, &made);
  else umbra_ndarray_clear(&made);
  return status;
}

umbra_status umbra_inference_decrypt_values(umbra_ndarray *values, const umbra_inference_plan *plan,
                                            const umbra_matrix *encrypted, const umbra_secret_key *key,
                                            const umbra_progress *progress) {
  umbra_inference_outcome seen = {UMBRA_INFERENCE_OUTCOME_INIT};
  umbra_ndarray made;
  if (!values || !plan || !encrypted || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "decryption of results needs an output, a plan, a matrix and a secret key");
  UMBRA_TRY(open_values(&made, &seen, plan, encrypted, key, progress));
  const umbra_status status = refuse(&seen);
  if (status == UMBRA_OK) replace(values, &made);
  else umbra_ndarray_clear(&made);
  return status;
}

/* ---- for others to see ---- */

/* In units of the matrix, whose elements are expected within [-1, 1]; the error is the plan's if none is given. */
static umbra_disclosure_options in_elements(umbra_disclosure_options options, const umbra_way *way, double scale) {
  options.error_bound = (options.error_bound > 0 ? options.error_bound : way->report.error) / scale;
  options.magnitude = options.magnitude > 0 ? options.magnitude / scale : 1;
  return options;
}

umbra_status umbra_way_disclosure(const umbra_way *way, umbra_disclosure *disclosure, double scale,
                                  const umbra_disclosure_options *options) {
  const umbra_disclosure_options o = in_elements(*options, way, scale);
  if (way->results > o.releases)
    return umbra_fail(UMBRA_ERROR_RANGE, "results are %zu ciphertexts, and releases is %llu: each of them is one",
                      way->results, (unsigned long long)o.releases);
  UMBRA_TRY(umbra_disclosure_predict(disclosure, way->params, way->result_level, way->result_slots, &o));
  disclosure->ciphertexts = way->results;
  umbra_disclosure_scale(disclosure, scale);
  return UMBRA_OK;
}

/* made: cleared if it fails. */
static umbra_status disclose(umbra_disclosure *disclosure, umbra_ndarray *made, const umbra_inference_plan *plan,
                             const umbra_matrix *encrypted, const umbra_secret_key *key,
                             const umbra_disclosure_options *options, const umbra_progress *progress) {
  const double scale = fabs(plan->frame.result_scale);
  const umbra_disclosure_options o = in_elements(*options, plan->ways, scale);
  *made = (umbra_ndarray){.rank = 2, .shape = {encrypted->rows, plan->frame.result_count}};
  UMBRA_TRY(check(plan, encrypted));
  UMBRA_TRY(umbra_alloc(&made->values, umbra_ndarray_count(made), sizeof *made->values, "results"));
  umbra_watch watch = umbra_watch_of(progress);
  const umbra_status status =
      umbra_watch_close(&watch, umbra_matrix_disclose(encrypted, disclosure, made->values, key, &o, &watch));
  if (status != UMBRA_OK) {
    umbra_ndarray_clear(made);
    return status;
  }
  umbra_results_restore(made->values, umbra_ndarray_count(made), &plan->frame);
  umbra_disclosure_scale(disclosure, scale);
  return UMBRA_OK;
}

umbra_status umbra_inference_decrypt_public(umbra_disclosure *disclosure, umbra_ndarray *values,
                                            const umbra_inference_plan *plan, const umbra_matrix *encrypted,
                                            const umbra_secret_key *key, const umbra_disclosure_options *options,
                                            const umbra_progress *progress) {
  umbra_disclosure_options o;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_ndarray made;
  if (!values || !disclosure || !plan || !encrypted || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "results for others need an output, a disclosure, a plan, a matrix and a secret key");
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  UMBRA_TRY(UMBRA_TAKE(umbra_disclosure, &told, disclosure));
  UMBRA_TRY(disclose(&told, &made, plan, encrypted, key, &o, progress));
  replace(values, &made);
  return UMBRA_GIVE(umbra_disclosure, disclosure, &told);
}

/* ---- on the server ---- */

umbra_status umbra_inference_sanitize(umbra_matrix **out, umbra_disclosure *disclosure,
                                      const umbra_inference_plan *plan, const umbra_matrix *results,
                                      const umbra_public_key *key, const umbra_disclosure_options *options,
                                      const umbra_progress *progress) {
  umbra_disclosure_options o;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  if (!out || !plan || !results || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_inference_sanitize needs an output, a plan, results and a public key");
  UMBRA_TRY(umbra_disclosure_options_take(&o, options));
  if (disclosure) UMBRA_TRY(UMBRA_TAKE(umbra_disclosure, &told, disclosure));
  UMBRA_TRY(check(plan, results));
  const double scale = fabs(plan->frame.result_scale);
  o = in_elements(o, plan->ways, scale);
  UMBRA_TRY(umbra_matrix_sanitize(out, &told, results, key, &o, progress));
  umbra_disclosure_scale(&told, scale);
  return disclosure ? UMBRA_GIVE(umbra_disclosure, disclosure, &told) : UMBRA_OK;
}

/* ---- the owner's last steps ---- */

/* Each record's elements become its result. */
static void close_records(umbra_ndarray *values, const umbra_frame *frame) {
  const size_t rows = values->shape[0], count = frame->result_count;
  const umbra_output *output = &frame->output;
  values->rank = 1 + output->rank;
  for (size_t d = 0; d < output->rank; d++) values->shape[1 + d] = output->shape[d];
  const size_t each = umbra_ndarray_count(values) / rows;
  for (size_t i = 0; i < rows; i++) {
    umbra_output_close(values->values + i * count, count, output);
    memmove(values->values + i * each, values->values + i * count, each * sizeof *values->values);
  }
}

umbra_status umbra_inference_close(umbra_ndarray *values, const umbra_inference_plan *plan) {
  if (!plan || !values || !values->values)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_inference_close needs a plan and values");
  if (values->rank != 2 || !values->shape[0] || values->shape[1] != plan->frame.result_count)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "values of rank %zu, and those of this plan are (records, %zu)",
                      values->rank, plan->frame.result_count);
  close_records(values, &plan->frame);
  return UMBRA_OK;
}

umbra_status umbra_inference_decrypt(umbra_ndarray *results, const umbra_inference_plan *plan,
                                     const umbra_matrix *encrypted, const umbra_secret_key *key,
                                     const umbra_progress *progress) {
  UMBRA_TRY(umbra_inference_decrypt_values(results, plan, encrypted, key, progress));
  close_records(results, &plan->frame);
  return UMBRA_OK;
}
