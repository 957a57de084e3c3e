/* SPDX-License-Identifier: Apache-2.0 */
/* Giving out what was decrypted, with what can be told of broken ranges: see umbra/range.h. */
#include <math.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "decrypt.h"
#include "noise.h"
#include "range.h"
#include "trace.h"

/* ---- opening ---- */

typedef struct opened {
  double *pairs; /* of all slots */
  uint32_t slots;
  double largest; /* coefficient */
} opened;

/* With the ciphertext the values would tell the key. */
static void close_opened(opened *o) { umbra_wipe_and_free(o->pairs, o->slots * 2 * sizeof *o->pairs); }

/* All slots, of which `count` are asked for. any: what no double holds is infinite, or no number, and no error. */
static umbra_status open_all(opened *o, size_t count, const umbra_ciphertext *ciphertext, const umbra_secret_key *key,
                             int any) {
  if (!ciphertext || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "decryption needs a ciphertext and a secret key");
  *o = (opened){.slots = ciphertext->slots};
  if (count > o->slots)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu values asked for, but there are %u slots", count, o->slots);
  UMBRA_TRY(umbra_alloc(&o->pairs, o->slots, 2 * sizeof *o->pairs, "decrypted values"));
  umbra_status status = umbra_decrypt_pairs(o->pairs, &o->largest, ciphertext, key, any);
  if (status != UMBRA_OK) close_opened(o);
  return status;
}

/* ---- what can be seen ---- */

static void raise_at(umbra_outcome *outcome, umbra_doubt doubt, uint32_t slot) {
  outcome->doubts |= (uint32_t)doubt;
  if (slot < outcome->first) outcome->first = slot;
}

/* The largest modulus of the slots from `first` on; the first of them above the limit has a doubt. */
static double look_for_largest(umbra_outcome *outcome, const opened *o, uint32_t first, double limit) {
  double largest = 0, square = 0; /* what is below its square is smaller; few slots are not */
  for (uint32_t j = first; j < o->slots; j++) {
    const double *pair = o->pairs + (size_t)2 * j;
    if (pair[0] * pair[0] + pair[1] * pair[1] < square) continue;
    largest = umbra_larger(largest, umbra_modulus(pair[0], pair[1]));
    square = largest * largest * (1 - 0x1p-50);
    if (largest > limit) raise_at(outcome, UMBRA_DOUBT_VALUE, j);
  }
  return largest;
}

static void look_at_imaginary_parts(umbra_outcome *outcome, const opened *o, double most) {
  for (uint32_t j = 0; j < o->slots; j++) {
    const double im = umbra_or_infinite(fabs(o->pairs[2 * j + 1]));
    if (im > outcome->largest_imaginary) outcome->largest_imaginary = im;
    if (im > most) raise_at(outcome, UMBRA_DOUBT_REAL, j);
  }
}

static void look_at_slots(umbra_outcome *outcome, const opened *o, const umbra_ciphertext *ciphertext) {
  const double error = umbra_largest_error(ciphertext);
  const umbra_declared *declared = &ciphertext->declared;
  outcome->largest = look_for_largest(outcome, o, 0, umbra_largest_slot(ciphertext));
  look_at_imaginary_parts(outcome, o, declared->real ? error : INFINITY);
  if (declared->used) outcome->largest_unused = look_for_largest(outcome, o, declared->used, INFINITY);
  if (outcome->largest_unused > error) outcome->doubts |= UMBRA_DOUBT_UNUSED;
}

static void look_at_canaries(umbra_outcome *outcome, const opened *o, const umbra_ciphertext *ciphertext,
                             const umbra_outcome_options *options) {
  const double most = umbra_largest_error(ciphertext) + options->canary_tolerance;
  for (size_t i = 0; i < options->canaries; i++) {
    const uint32_t slot = options->canary_slots[i];
    const double *found = o->pairs + (size_t)2 * slot, *answer = options->canary_pairs + 2 * i;
    const double error = umbra_modulus(found[0] - answer[0], found[1] - answer[1]);
    outcome->canary_error = umbra_larger(outcome->canary_error, error);
    if (error > most) raise_at(outcome, UMBRA_DOUBT_CANARY, slot);
  }
}

static umbra_outcome look(const opened *o, const umbra_ciphertext *ciphertext, const umbra_outcome_options *options) {
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT, .doubts = umbra_ciphertext_doubts(ciphertext), .first = o->slots};
  outcome.headroom_bits = umbra_log2_half_modulus(ciphertext) - log2(umbra_or_infinite(o->largest));
  look_at_slots(&outcome, o, ciphertext);
  look_at_canaries(&outcome, o, ciphertext, options);
  return outcome;
}

/* ---- values, or none ---- */

static umbra_status refuse(const umbra_outcome *outcome, const umbra_ciphertext *ciphertext) {
  const double error = umbra_largest_error(ciphertext);
  if (outcome->doubts & UMBRA_DOUBT_VALUE)
    return umbra_fail(
        UMBRA_ERROR_RANGE,
        "a slot holds %g and the computation promised at most %g: an input was beyond a bound that it had "
        "to keep (of a refresh or a polynomial), or values wrapped around the modulus",
        outcome->largest, umbra_largest_slot(ciphertext));
  if (outcome->doubts & UMBRA_DOUBT_REAL)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "an imaginary part is %g, and the value was declared real with an error up to %g: a declaration "
                      "on the way is broken, or values wrapped around the modulus",
                      outcome->largest_imaginary, error);
  if (outcome->doubts & UMBRA_DOUBT_UNUSED)
    return umbra_fail(
        UMBRA_ERROR_RANGE,
        "an unused slot holds %g, and the error is up to %g: a declaration on the way is broken, or values "
        "wrapped around the modulus",
        outcome->largest_unused, error);
  if (outcome->doubts & UMBRA_DOUBT_LEVEL)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "the value's bound is %g, %.1f bits more than level %u holds: it may have wrapped around the "
                      "modulus. Have its range declared (umbra_ciphertext_declare), or look at it with "
                      "umbra_decrypt_outcome",
                      umbra_ciphertext_magnitude(ciphertext), -umbra_ciphertext_headroom_bits(ciphertext),
                      ciphertext->level);
  return UMBRA_OK;
}

static void copy_out(double *values, size_t count, int stride, const opened *o) {
  for (size_t j = 0; j < count; j++)
    for (int k = 0; k < stride; k++) values[j * (size_t)stride + (size_t)k] = o->pairs[2 * j + (size_t)k];
}

static umbra_status decrypt_decode(double *values, size_t count, int stride, const umbra_ciphertext *ciphertext,
                                   const umbra_secret_key *key) {
  UMBRA_TRACE_OF(ciphertext, "decrypt_decode", ciphertext->level);
  if (!values && count) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "values is NULL but count is %zu", count);
  const umbra_outcome_options no_canaries = {UMBRA_OUTCOME_OPTIONS_INIT};
  opened o;
  UMBRA_TRY(open_all(&o, count, ciphertext, key, 0));
  const umbra_outcome outcome = look(&o, ciphertext, &no_canaries);
  umbra_status status = refuse(&outcome, ciphertext);
  if (status == UMBRA_OK) copy_out(values, count, stride, &o);
  close_opened(&o);
  return status;
}

umbra_status umbra_decrypt_decode(double *values, size_t count, const umbra_ciphertext *ciphertext,
                                  const umbra_secret_key *key) {
  return decrypt_decode(values, count, 1, ciphertext, key);
}

umbra_status umbra_decrypt_decode_complex(double *pairs, size_t count, const umbra_ciphertext *ciphertext,
                                          const umbra_secret_key *key) {
  return decrypt_decode(pairs, count, 2, ciphertext, key);
}

/* ---- values, and what there is to say ---- */

static umbra_status check_canaries(const umbra_outcome_options *options, const umbra_ciphertext *ciphertext) {
  if (options->canaries && (!options->canary_slots || !options->canary_pairs))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu canaries, but not their slots and answers", options->canaries);
  for (size_t i = 0; i < options->canaries; i++) {
    const double *answer = options->canary_pairs + 2 * i;
    if (options->canary_slots[i] >= ciphertext->slots || !isfinite(answer[0]) || !isfinite(answer[1]))
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "canary %zu is in slot %u of %u, with the answer (%g, %g)", i,
                        options->canary_slots[i], ciphertext->slots, answer[0], answer[1]);
  }
  if (umbra_is_bound(options->canary_tolerance)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "canary_tolerance is %g: it must be finite and not negative",
                    options->canary_tolerance);
}

umbra_status umbra_decrypt_outcome(umbra_outcome *outcome, double *pairs, size_t count,
                                   const umbra_ciphertext *ciphertext, const umbra_secret_key *key,
                                   const umbra_outcome_options *options) {
  UMBRA_TRACE_OF(ciphertext, "decrypt_outcome", ciphertext->level);
  if (!outcome || (!pairs && count) || !ciphertext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_decrypt_outcome needs an outcome, values and a ciphertext");
  umbra_outcome made = {UMBRA_OUTCOME_INIT};
  umbra_outcome_options wanted = {UMBRA_OUTCOME_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_outcome, &made, outcome));
  UMBRA_TRY(UMBRA_TAKE(umbra_outcome_options, &wanted, options));
  UMBRA_TRY(check_canaries(&wanted, ciphertext));
  opened o;
  UMBRA_TRY(open_all(&o, count, ciphertext, key, 0));
  made = look(&o, ciphertext, &wanted);
  umbra_status status = UMBRA_GIVE(umbra_outcome, outcome, &made);
  if (status == UMBRA_OK) copy_out(pairs, count, 2, &o);
  close_opened(&o);
  return status;
}

/* ---- errors ---- */

static void compare(umbra_noise_report *report, const double *pairs, const double *expected, size_t count) {
  double root = 0, largest = 0, value = 0; /* root of the sum of squares */
  for (size_t j = 0; j < count; j++) {
    double error = umbra_modulus(pairs[2 * j] - expected[2 * j], pairs[2 * j + 1] - expected[2 * j + 1]);
    root = umbra_modulus(root, error);
    value = umbra_larger(value, umbra_modulus(pairs[2 * j], pairs[2 * j + 1]));
    largest = umbra_larger(largest, error);
  }
  report->largest = value;
  report->max_error = largest;
  report->rms_error = count ? root / sqrt((double)count) : 0;
  report->precision_bits = -log2(largest);
}

static umbra_status check_expected(const double *pairs, size_t count) {
  for (size_t i = 0; i < 2 * count; i++)
    if (!isfinite(pairs[i])) return umbra_fail(UMBRA_ERROR_RANGE, "expected value %zu is not a finite number", i / 2);
  return UMBRA_OK;
}

static void tell_ranges(umbra_noise_report *report, const opened *o, const umbra_ciphertext *ciphertext) {
  const umbra_outcome outcome = look(o, ciphertext, &(umbra_outcome_options){UMBRA_OUTCOME_OPTIONS_INIT});
  report->error_bound = umbra_ciphertext_error_bound(ciphertext);
  report->beyond_magnitude = report->largest > umbra_largest_slot(ciphertext);
  report->headroom_bits = outcome.headroom_bits;
  report->worst_magnitude = ciphertext->estimate.worst.magnitude;
  report->worst_error_bound = fmin(DBL_MAX, UMBRA_ERROR_DEVIATIONS * ciphertext->estimate.worst.error);
  report->declared_by = (uint32_t)ciphertext->declared.by;
  report->doubts = outcome.doubts;
}

umbra_status umbra_inspect_noise(umbra_noise_report *report, const umbra_ciphertext *ciphertext,
                                 const umbra_secret_key *key, const double *expected_pairs, size_t count) {
  if (!report || (!expected_pairs && count))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_inspect_noise needs a report and the expected values");
  umbra_noise_report made = {UMBRA_NOISE_REPORT_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_noise_report, &made, report));
  UMBRA_TRY(check_expected(expected_pairs, count));
  opened o;
  UMBRA_TRY(open_all(&o, count, ciphertext, key, 1));
  compare(&made, o.pairs, expected_pairs, count);
  tell_ranges(&made, &o, ciphertext);
  umbra_status status = UMBRA_GIVE(umbra_noise_report, report, &made);
  close_opened(&o);
  return status;
}
