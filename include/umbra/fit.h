/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials that stand for functions on an interval: plain mathematics, nothing is encrypted here. */
#ifndef UMBRA_FIT_H
#define UMBRA_FIT_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

UMBRA_BEGIN_DECLS

enum { UMBRA_MAX_DEGREE = 255 };

/* How a polynomial is made to stand for a function. */
typedef enum umbra_fit {
  UMBRA_FIT_LEAST_SQUARES = 0, /* least squares over the interval, weighted by a density if there is one */
  UMBRA_FIT_CHEBYSHEV = 1,     /* interpolation in Chebyshev's nodes: of smooth functions within a bit of minimax */
  UMBRA_FIT_MINIMAX = 2        /* least largest error, by Remez's exchange; also on two intervals */
} umbra_fit;

/* Functions with a name. Fits check their domain: 1/x wants an interval without 0, 1/sqrt(x) and log(x) one
 * above 0. */
typedef enum umbra_function {
  UMBRA_FUNCTION_GIVEN = 0,   /* f of the description */
  UMBRA_FUNCTION_SIGMOID = 1, /* 1 / (1 + e^-x) */
  UMBRA_FUNCTION_TANH = 2,
  UMBRA_FUNCTION_GELU = 3,     /* x (1 + erf(x / sqrt(2))) / 2 */
  UMBRA_FUNCTION_SILU = 4,     /* x / (1 + e^-x) */
  UMBRA_FUNCTION_SOFTPLUS = 5, /* log(1 + e^x) */
  UMBRA_FUNCTION_EXP = 6,
  UMBRA_FUNCTION_INVERSE = 7,      /* 1 / x */
  UMBRA_FUNCTION_INVERSE_SQRT = 8, /* 1 / sqrt(x) */
  UMBRA_FUNCTION_LOG = 9,
  UMBRA_FUNCTION_RELU = 10,      /* max(x, 0) */
  UMBRA_FUNCTION_GELU_TANH = 11, /* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
  UMBRA_FUNCTION_ERF = 12
} umbra_function;

/* NaN outside the domain, and for what is none of them. */
UMBRA_API double umbra_function_value(umbra_function function, double x);

/*
 * What is to be fitted, where, and how well. Of degree, depth and max_error at least one is given: the polynomial has the
 * least degree with an error up to max_error, within degree and 2^depth - 1; without max_error the largest of these.
 *
 * Least squares are weighted by density(x) / (its mean over the interval) + floor: where values are often, the
 * polynomial is closer, and the floor keeps it in hand elsewhere. A density is given as a function, or by samples, whose
 * histogram it then is.
 */
typedef struct umbra_fit_desc {
  size_t struct_size;
  double (*f)(double x, void *user); /* for UMBRA_FUNCTION_GIVEN */
  void *user;
  double lo, hi; /* the interval on which the fit holds */
  umbra_function function;
  umbra_fit kind;
  uint32_t degree;       /* at most, up to UMBRA_MAX_DEGREE; 0: any */
  uint32_t depth;        /* levels of an evaluation, at most; 0: any */
  double max_error;      /* wanted; 0: as good as degree and depth allow */
  double gap_lo, gap_hi; /* MINIMAX: between these, inside the interval, nothing is asked for. Equal: no gap. In a wide
                            one polynomials of high degree grow, and with them the rounding of their coefficients */
  double (*density)(double x, void *user); /* LEAST_SQUARES: not negative; or NULL */
  void *density_user;
  const double *samples; /* LEAST_SQUARES: values in the interval that tell of the density; or NULL */
  size_t sample_count;
  double floor; /* above 0; 0.2 is proven */
} umbra_fit_desc;
#define UMBRA_FIT_DESC_INIT \
  .struct_size = sizeof(umbra_fit_desc), .lo = -1, .hi = 1, .kind = UMBRA_FIT_CHEBYSHEV, .floor = 0.2
UMBRA_API void umbra_fit_desc_init(umbra_fit_desc *desc, size_t size);
#define umbra_fit_desc_init(desc) umbra_fit_desc_init((desc), sizeof *(desc))

/* What became of it. Errors are those of the polynomial in doubles, found on a grid finer than its waves. */
typedef struct umbra_fit_report {
  size_t struct_size;
  uint32_t degree;        /* of the highest coefficient that is not 0 */
  uint32_t depth;         /* umbra_chebyshev_depth(degree) */
  double max_error;       /* largest |polynomial - f| outside the gap */
  double rms_error;       /* root of the mean square, weighted as the fit */
  double coefficient_sum; /* of |coefficients|: no value is larger, and errors of T_k grow by no more */
} umbra_fit_report;
#define UMBRA_FIT_REPORT_INIT .struct_size = sizeof(umbra_fit_report)
UMBRA_API void umbra_fit_report_init(umbra_fit_report *report, size_t size);
#define umbra_fit_report_init(report) umbra_fit_report_init((report), sizeof *(report))

/*
 * f(x) ~ sum coefficients[k] T_k(t), t = (2 x - lo - hi) / (hi - lo). coefficients: one more than the degree that the
 * description allows (UMBRA_MAX_DEGREE + 1 always suffice); those above the report's degree are 0. report: or NULL.
 *
 * If f is odd or even about the interval's middle, up to a constant or a straight line (as sigmoid and GELU are), so is
 * the polynomial: the other coefficients are exactly 0, and cost nothing. A density takes that away.
 * Rounding leaves about 2^-45 of the largest |f|, and of least squares of degree 255 about 2^-40.
 * Errors: INVALID_ARGUMENT; RANGE (f not finite somewhere, or too large to be added up; the domain of a named function;
 * samples outside the interval; max_error out of reach, and the text says what is in reach), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_chebyshev_fit(double *coefficients, umbra_fit_report *report,
                                                          const umbra_fit_desc *desc);

/* The same polynomial in the clear. */
UMBRA_API double umbra_chebyshev_value(const double *coefficients, uint32_t degree, double t);

/* Levels that an evaluation of that degree takes: ceil(log2(degree + 1)). */
UMBRA_API uint32_t umbra_chebyshev_depth(uint32_t degree);

UMBRA_END_DECLS

#endif
