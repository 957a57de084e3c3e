/* SPDX-License-Identifier: Apache-2.0 */
/* What magnitudes a simulation shows, and the bound that they support; see umbra/range.h. */
#include <math.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "noise.h"
#include "sim.h"

/* ---- samples ---- */

static umbra_status find_largest(double *largest, const umbra_ciphertext *ciphertext) {
  const uint32_t slots = ciphertext->slots;
  double *pairs;
  UMBRA_TRY(umbra_alloc(&pairs, 2 * (size_t)slots, sizeof *pairs, "slots to look at"));
  umbra_status status = umbra_sim_decode_complex(pairs, slots, ciphertext);
  for (uint32_t j = 0; j < slots && status == UMBRA_OK; j++)
    *largest = umbra_larger(*largest, umbra_modulus(pairs[2 * j], pairs[2 * j + 1]));
  umbra_free(pairs);
  return status;
}

umbra_status umbra_range_calibration_add(umbra_range_calibration *calibration, const umbra_ciphertext *ciphertext,
                                         uint32_t records) {
  if (!calibration || !ciphertext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_range_calibration_add needs a calibration and a ciphertext");
  umbra_range_calibration seen = {UMBRA_RANGE_CALIBRATION_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_range_calibration, &seen, calibration));
  if (records == 0 || records > ciphertext->slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "%u records in %u slots: there is at least one, and none shares a slot", records,
                      ciphertext->slots);
  UMBRA_TRY(find_largest(&seen.largest, ciphertext));
  seen.samples += records;
  seen.error_bound = umbra_larger(seen.error_bound, umbra_ciphertext_error_bound(ciphertext));
  return UMBRA_GIVE(umbra_range_calibration, calibration, &seen);
}

/* ---- the bound ---- */

static int is_inside(double x) { return x > 0 && x < 1; }

/* The least N with (1 - p)^N <= 1 - confidence. */
static double samples_for(double failure_probability, double confidence) {
  return fmax(1, ceil(log1p(-confidence) / log1p(-failure_probability)));
}

umbra_status umbra_range_calibration_bound(const umbra_range_calibration *calibration, double *bound,
                                           double failure_probability, double confidence) {
  if (!calibration || !bound)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_range_calibration_bound needs a calibration and an output");
  umbra_range_calibration seen = {UMBRA_RANGE_CALIBRATION_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_range_calibration, &seen, calibration));
  if (!is_inside(failure_probability) || !is_inside(confidence))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a failure probability of %g and a confidence of %g: both are between 0 and 1",
                      failure_probability, confidence);
  const double needed = samples_for(failure_probability, confidence);
  if ((double)seen.samples < needed)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "%zu samples: a failure probability of %g with a confidence of %g takes %.0f", seen.samples,
                      failure_probability, confidence, needed);
  *bound = seen.largest + seen.error_bound;
  return UMBRA_OK;
}
