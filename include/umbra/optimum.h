/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The best logistic model of records in the clear, to compare a training with. It minimises
 *
 *     (1/n) sum_i log(1 + e^-<w, z_i>) + (l2 / 2) |w without bias|^2,     z_i = y_i (x_i, 1)
 *
 * (of records whose classes weigh something, the weighted mean)
 * which has one minimum, by Newton's method: each step by preconditioned conjugate gradients (Nocedal, Wright,
 * Numerical Optimization, 2nd edition, algorithm 7.1), and as long as lowers the loss.
 */
#ifndef UMBRA_OPTIMUM_H
#define UMBRA_OPTIMUM_H

#include <stdint.h>

#include <umbra/progress.h>
#include <umbra/records.h>

UMBRA_BEGIN_DECLS

/* NULL where one is expected means the defaults. */
typedef struct umbra_optimum_options {
  size_t struct_size;
  double l2;             /* above 0; times the records it is the penalty of the sum of losses */
  double tolerance;      /* of the gradient's norm: above 0 */
  uint32_t most_steps;   /* of Newton's method */
  int skip_separability; /* 1: `separable` is 0 unless the model itself separates the classes */
} umbra_optimum_options;
#define UMBRA_OPTIMUM_OPTIONS_INIT \
  .struct_size = sizeof(umbra_optimum_options), .l2 = 1e-4, .tolerance = 1e-8, .most_steps = 200
UMBRA_API void umbra_optimum_options_init(umbra_optimum_options *options, size_t size);
#define umbra_optimum_options_init(options) umbra_optimum_options_init((options), sizeof *(options))

typedef struct umbra_optimum {
  size_t struct_size;
  double loss;     /* mean of log(1 + e^-<w, z>), without the penalty */
  double gradient; /* norm of the gradient at the weights */
  uint32_t steps;
  int converged;   /* 1: the gradient is within the tolerance */
  int separable;   /* 1: some plane has all records of a class on one side, and one was found; without a penalty there
                    would be no best model, as weights grow without end */
  int undecided;   /* 1: none was found, but the search was given up */
  uint64_t passes; /* over the records, by products with second derivatives, which take most of the time */
} umbra_optimum;
#define UMBRA_OPTIMUM_INIT .struct_size = sizeof(umbra_optimum)
UMBRA_API void umbra_optimum_init(umbra_optimum *optimum, size_t size);
#define umbra_optimum_init(optimum) umbra_optimum_init((optimum), sizeof *(optimum))

/*
 * weights: columns + 1, the bias last. Records are best scaled by their deviation: the penalty is the same for all
 * columns. Time: a few hundred passes over the records; thousands, if thousands of columns depend on each other.
 * Whether a plane separates the classes is asked of models with ever smaller penalties, down to 1e-8 of l2, in about as
 * many passes again. Errors: INVALID_ARGUMENT (options, with their names), RANGE (features too large: losses or steps
 * are not finite), OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_optimum(double *weights, umbra_optimum *optimum,
                                                             const umbra_records *records,
                                                             const umbra_optimum_options *options,
                                                             const umbra_progress *progress);

UMBRA_END_DECLS

#endif
