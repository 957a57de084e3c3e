/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Softmax of encrypted logits: e^z_i / sum_j e^z_j, for many records side by side.
 *
 * First the mean of a record's logits, or a bound that the owner knows, is taken off, and the rest is halved `halvings`
 * times; then come the polynomial of e^x, the sum over the classes, the polynomial of its inverse, and their product. Each
 * halving is made good by squaring the probabilities and dividing by their sum again, which lies between 1 / classes and 1
 * (Cho, Hanrot, Kim, Seong, Stehle, CCS 2024). The plan takes as many halvings as make the fewest levels.
 *
 * Levels, at an error of 2^-6 with 10 classes, by the mean: 9 for logits in [-2, 2], 12 in [-4, 4], 18 in [-8, 8], 24 in
 * [-16, 16]. With a bound within 1 of the largest logit of each record all of these take 9 or 10. One more if classes share
 * a ciphertext and are no power of two. Often the owner can do it alone, in the clear: then it costs nothing.
 */
#ifndef UMBRA_SOFTMAX_H
#define UMBRA_SOFTMAX_H

#include <umbra/evaluator.h>

UMBRA_BEGIN_DECLS

enum { UMBRA_SOFTMAX_MAX_CLASSES = 4096, UMBRA_SOFTMAX_MAX_HALVINGS = 6 };

typedef struct umbra_softmax_plan umbra_softmax_plan; /* immutable, belongs to no context */

typedef enum umbra_softmax_shift {
  UMBRA_SOFTMAX_MEAN = 0, /* of the record's logits; computed */
  UMBRA_SOFTMAX_BOUND = 1 /* hi: no logit is larger, and one of each record is at least hi - slack */
} umbra_softmax_shift;

typedef struct umbra_softmax_options {
  size_t struct_size;
  double lo, hi; /* all logits lie between these, at most 64 apart */
  umbra_softmax_shift shift;
  /*
   * 0: a ciphertext for each class, records in the slots. Else all classes in one ciphertext of stride times a power of
   * two slots, the next from the number of classes on: class c of record r in slot c * stride + r. Where that power is
   * more than the classes, what the slots beyond them hold does not matter, and is near 0 afterwards; they cost one level
   * more.
   */
  uint32_t stride;
  double slack; /* of UMBRA_SOFTMAX_BOUND; 0: hi - lo */
  double error; /* wanted, of a probability: 2^-20 to 1/4 */
} umbra_softmax_options;
#define UMBRA_SOFTMAX_OPTIONS_INIT .struct_size = sizeof(umbra_softmax_options), .lo = -4, .hi = 4, .error = 0x1p-6
UMBRA_API void umbra_softmax_options_init(umbra_softmax_options *options, size_t size);
#define umbra_softmax_options_init(options) umbra_softmax_options_init((options), sizeof *(options))

typedef struct umbra_softmax_report {
  size_t struct_size;
  uint32_t depth; /* levels in all */
  uint32_t halvings;
  uint32_t exp_degree, first_degree, later_degree; /* of e^x, of the first inverse, and of those after squarings */
  double error; /* largest of a probability that was found, in doubles, on logits at the ends of [lo, hi] and between */
} umbra_softmax_report;
#define UMBRA_SOFTMAX_REPORT_INIT .struct_size = sizeof(umbra_softmax_report)
UMBRA_API void umbra_softmax_report_init(umbra_softmax_report *report, size_t size);
#define umbra_softmax_report_init(report) umbra_softmax_report_init((report), sizeof *(report))

/* classes: 2 to UMBRA_SOFTMAX_MAX_CLASSES. Errors: INVALID_ARGUMENT, RANGE (no plan has that error), OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_softmax_plan_create(umbra_softmax_plan **plan, size_t classes,
                                                                const umbra_softmax_options *options);
UMBRA_API void umbra_softmax_plan_destroy(umbra_softmax_plan *plan);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_softmax_plan_report(const umbra_softmax_plan *plan,
                                                                umbra_softmax_report *report);

/* Softmax of one record in the clear, as it will be under encryption: classes probabilities and logits. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_softmax_plan_value(const umbra_softmax_plan *plan, double *probabilities,
                                                               const double *logits);

/*
 * outs[i] = the probability of class i: of as many ciphertexts as there are classes, or, with a stride, of the one in
 * logits[0]. outs[i] are distinct handles or NULL, and may be inputs. A bound on the logits beyond the larger of |lo| and
 * |hi| is a doubt about the results, or RANGE on a strict evaluator (umbra/range.h).
 * Keys: relinearisation; with a stride also rotations by stride times the powers of two below the classes. A run on the
 * device "dry" (umbra/cost.h) names them with their levels.
 * Errors: those of umbra_mul and umbra_rotate; INVALID_ARGUMENT (slots that are not stride times that power of two).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_softmax(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                                    const umbra_ciphertext *const *logits,
                                                    const umbra_softmax_plan *plan);

UMBRA_END_DECLS

#endif
