/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks without activations: each is replaced by a polynomial that is near it where its values are, as records like
 * those to come show. Everything is in the clear; what comes of it can be computed on encrypted values.
 */
#ifndef UMBRA_APPROXIMATION_H
#define UMBRA_APPROXIMATION_H

#include <umbra/model.h>

UMBRA_BEGIN_DECLS

/* ---- calibration ---- */

/* What values a model's nodes had for some records, and of each activation a sample of its inputs. Immutable. */
typedef struct umbra_model_ranges umbra_model_ranges;

/*
 * Computes all nodes for the records: an array as umbra_model_run takes it. Memory does not grow with their number: of
 * an activation's inputs 2^16 at most are kept, evenly, and of all 2^24. The same records give the same ranges with
 * any threads. Errors: MISMATCH (shape), RANGE (a value that is not finite, or outside a polynomial's interval),
 * OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_calibrate(const umbra_model *model, umbra_model_ranges **ranges,
                                                            const umbra_ndarray *records,
                                                            const umbra_progress *progress);
UMBRA_API void umbra_model_ranges_destroy(umbra_model_ranges *ranges);

UMBRA_API size_t umbra_model_ranges_records(const umbra_model_ranges *ranges);

/* The lowest and highest value of a node, or of an element of the input. Errors: INVALID_ARGUMENT (there is none). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_ranges_node(const umbra_model_ranges *ranges, double interval[2],
                                                              size_t node);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_ranges_feature(const umbra_model_ranges *ranges, double interval[2],
                                                                 size_t element);

/* ---- approximation ---- */

/* What is to stand for one activation: a polynomial of that degree or, for ReLU, the composite of these degrees. */
typedef struct umbra_activation_choice {
  size_t struct_size;
  uint32_t node;                /* the activation's number in the model */
  uint32_t degree;              /* 1 to UMBRA_MAX_DEGREE; or 0 */
  const uint32_t *sign_degrees; /* as in umbra_sign_options; or NULL */
  size_t sign_count;
} umbra_activation_choice;
#define UMBRA_ACTIVATION_CHOICE_INIT .struct_size = sizeof(umbra_activation_choice)
UMBRA_API void umbra_activation_choice_init(umbra_activation_choice *choice, size_t size);
#define umbra_activation_choice_init(choice) umbra_activation_choice_init((choice), sizeof *(choice))

/*
 * Polynomials are least squares on [-B, B], B being margin times the largest calibrated |x|, weighted by the calibrated
 * density and the floor. The lower the floor, the closer outputs are while values stay where the calibration has seen
 * them (0.2, which is proven for single functions, doubles the error of a ReLU network of degree 7); beyond, a
 * polynomial of degree 7 is then off by up to B / 5, one of degree 27 by B / 15.
 *
 * Where neither a choice nor a degree says which: the network takes the fewest levels with which its outputs are within
 * `error` on all records, as far as a greedy search finds them. It knows polynomials of degree 2 (one level: a square;
 * the rest goes into the layers beside it), 3, 7, 15, 27, 59 and 127 (2 to 7 levels) and, for ReLU, the composites
 * {7, 7, 15}, {7, 15, 15}, {15, 15, 27} and {7, 15, 15, 27} (11 to 17 levels).
 */
typedef struct umbra_approximation_options {
  size_t struct_size;
  double margin;                /* 1 or more: with 1.6 values of ResNet-20 stayed inside, with 1.3 one left */
  double floor;                 /* as in umbra_fit_desc; above 0 */
  double error;                 /* wanted of each element of the outputs, before their closing steps */
  uint32_t levels;              /* most of one activation; 0: any */
  uint32_t degree;              /* of every activation; 0: by error */
  const uint32_t *sign_degrees; /* every ReLU by this composite; NULL: like the others */
  size_t sign_count;
  const umbra_activation_choice *choices; /* for some activations, before all that */
  size_t choice_count;
} umbra_approximation_options;
#define UMBRA_APPROXIMATION_OPTIONS_INIT \
  .struct_size = sizeof(umbra_approximation_options), .margin = 1.6, .floor = 0.005, .error = 0x1p-6
UMBRA_API void umbra_approximation_options_init(umbra_approximation_options *options, size_t size);
#define umbra_approximation_options_init(options) umbra_approximation_options_init((options), sizeof *(options))

/*
 * How far the polynomial network is from the exact one, on the records that it was compared with. The label of a record
 * is each output's first largest element or, of one element, its sign, before closing steps.
 */
typedef struct umbra_approximation_report {
  size_t struct_size;
  size_t records;
  size_t outside;      /* records of which a value left a polynomial's interval: nothing is promised of such ones */
  size_t labels_equal; /* records with the labels of the exact network; none of those outside */
  size_t near_ties;    /* records whose two largest elements in the exact network differ by less than 4 median errors */
  size_t labels_wrong; /* records with other labels that are neither near ties nor outside */
  double largest_error; /* largest |difference| of an element of the outputs; of the records inside */
  double median_error;  /* middle one of the records' largest */
  double use;           /* largest |x| / B of all polynomials; above 1 if records are outside */
  uint32_t levels;      /* of all activations together */
} umbra_approximation_report;
#define UMBRA_APPROXIMATION_REPORT_INIT .struct_size = sizeof(umbra_approximation_report)
UMBRA_API void umbra_approximation_report_init(umbra_approximation_report *report, size_t size);
#define umbra_approximation_report_init(report) umbra_approximation_report_init((report), sizeof *(report))

/* What stands for one activation. */
typedef struct umbra_activation_report {
  size_t struct_size;
  uint32_t node; /* in both models */
  umbra_function function;
  uint32_t degree; /* of the polynomial; 0: a composite */
  uint32_t sign_degrees[UMBRA_SIGN_MAX_POLYNOMIALS];
  uint32_t sign_count;
  uint32_t levels;
  double bound; /* B */
  double use;   /* largest |x| / B */
  double error; /* root of the mean square of polynomial - function, on the sample */
} umbra_activation_report;
#define UMBRA_ACTIVATION_REPORT_INIT .struct_size = sizeof(umbra_activation_report)
UMBRA_API void umbra_activation_report_init(umbra_activation_report *report, size_t size);
#define umbra_activation_report_init(report) umbra_activation_report_init((report), sizeof *(report))

typedef struct umbra_approximation umbra_approximation; /* what became of the activations; immutable */

/*
 * *polynomial: a model with the same nodes, inputs and outputs, whose activations have become nodes CHEBYSHEV or
 * SIGN_RELU. Nodes that are polynomials already stay. ranges: of this model. records: with which both networks are
 * compared and, by error, searched; those of the calibration or better others. approximation: or NULL.
 *
 * A record that leaves an interval is in the report, and no reason to fail, but while the error decides.
 * Errors: INVALID_ARGUMENT; MISMATCH (ranges of another model, shape of records), RANGE (an error out of reach, and the
 * text says what is in reach; a value of the exact network that is not finite), OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_approximate(const umbra_model *model, umbra_model **polynomial,
                                                              umbra_approximation **approximation,
                                                              const umbra_model_ranges *ranges,
                                                              const umbra_ndarray *records,
                                                              const umbra_approximation_options *options,
                                                              const umbra_progress *progress);
UMBRA_API void umbra_approximation_destroy(umbra_approximation *approximation);

/* Errors of both: INVALID_ARGUMENT (NULL, no such activation). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_approximation_get_report(const umbra_approximation *approximation,
                                                                     umbra_approximation_report *report);
UMBRA_API size_t umbra_approximation_activations(const umbra_approximation *approximation);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_approximation_get_activation(const umbra_approximation *approximation,
                                                                         umbra_activation_report *report,
                                                                         size_t activation);

UMBRA_END_DECLS

#endif
