/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign, ReLU, maximum and comparison of encrypted values, slot by slot, by a composite of odd minimax polynomials near the
 * sign (Lee, Lee, No, Kim, IEEE TDSC 2021). Near 0 no polynomial can tell: the plan says how wide that band is.
 *
 * Keys: that of relinearisation, at the level of the input; a run on the device "dry" (umbra/cost.h) says so, too. With
 * umbra_evaluator_bootstrap_with a composite may be deeper than the levels there are.
 */
#ifndef UMBRA_COMPARISON_H
#define UMBRA_COMPARISON_H

#include <umbra/evaluator.h>

UMBRA_BEGIN_DECLS

enum { UMBRA_SIGN_MAX_POLYNOMIALS = 8, UMBRA_SIGN_MAX_DEGREE = 63 };

typedef struct umbra_sign_plan umbra_sign_plan; /* immutable, belongs to no context */

/*
 * Which composite. By its degrees, the first applied first: {7, 15, 15} takes 11 levels, {15, 15, 27} 13, and a product
 * one more. Or by the error wanted: then the one of fewest levels.
 */
typedef struct umbra_sign_options {
  size_t struct_size;
  const uint32_t *degrees; /* odd, 3 to UMBRA_SIGN_MAX_DEGREE; NULL: chosen by error */
  size_t count;            /* of degrees, up to UMBRA_SIGN_MAX_POLYNOMIALS */
  double error;            /* wanted of the sign outside the band; 2^-20 to 1/2 */
  double band; /* half its width as a part of range; 2^-20 to 1/2. 0: as the error, or, with degrees, where they meet */
  double range; /* inputs lie in [-range, range]; where it is not 1, dividing by it takes a level */
} umbra_sign_options;
#define UMBRA_SIGN_OPTIONS_INIT .struct_size = sizeof(umbra_sign_options), .error = 0x1p-8, .range = 1
UMBRA_API void umbra_sign_options_init(umbra_sign_options *options, size_t size);
#define umbra_sign_options_init(options) umbra_sign_options_init((options), sizeof *(options))

/* Errors are those of the polynomials in doubles; encryption adds its own, which is far smaller (ciphertexts bound it). */
typedef struct umbra_sign_report {
  size_t struct_size;
  uint32_t degrees[UMBRA_SIGN_MAX_POLYNOMIALS]; /* 0 behind the last */
  uint32_t count;
  uint32_t depth;    /* levels of umbra_sign and umbra_compare; umbra_relu and umbra_max take one more */
  double band;       /* for |x| < band nothing is promised but values between -1 - error and 1 + error */
  double error;      /* largest |value - sign(x)| elsewhere; of umbra_compare half of it */
  double relu_error; /* largest |value - max(x, 0)| for all |x| <= range; that of umbra_max, too */
  double range;      /* as given */
} umbra_sign_report;
#define UMBRA_SIGN_REPORT_INIT .struct_size = sizeof(umbra_sign_report)
UMBRA_API void umbra_sign_report_init(umbra_sign_report *report, size_t size);
#define umbra_sign_report_init(report) umbra_sign_report_init((report), sizeof *(report))

/* Errors: INVALID_ARGUMENT; RANGE (no composite has that error), OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sign_plan_create(umbra_sign_plan **plan, const umbra_sign_options *options);
/* The same plan, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_sign_plan *umbra_sign_plan_share(const umbra_sign_plan *plan);
UMBRA_API void umbra_sign_plan_destroy(umbra_sign_plan *plan);

UMBRA_MUST_USE UMBRA_API umbra_status umbra_sign_plan_report(const umbra_sign_plan *plan, umbra_sign_report *report);

/* The composite in the clear; NaN beyond the range. */
UMBRA_API double umbra_sign_plan_value(const umbra_sign_plan *plan, double x);

/*
 * Slots are real; those beyond the range may spoil all: a bound beyond it is a doubt about the result, or RANGE on a strict
 * evaluator (umbra/range.h). Errors of all four: those of umbra_mul; NO_LEVEL with the levels that it takes.
 *
 * out = the sign of x: -1 or 1.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sign(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                 const umbra_ciphertext *x, const umbra_sign_plan *plan);

/* out = max(x, 0) = x (1 + sign(x)) / 2. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_relu(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                 const umbra_ciphertext *x, const umbra_sign_plan *plan);

/* out = max(a, b) = b + max(a - b, 0): the range is that of a - b. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_max(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                const umbra_ciphertext *a, const umbra_ciphertext *b,
                                                const umbra_sign_plan *plan);

/* out = 1 where a > b by at least the band, 0 where a < b by as much; the range is that of a - b. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_compare(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                    const umbra_ciphertext *a, const umbra_ciphertext *b,
                                                    const umbra_sign_plan *plan);

UMBRA_END_DECLS

#endif
