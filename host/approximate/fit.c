/* SPDX-License-Identifier: Apache-2.0 */
/* Fits as applications describe them: what is asked for is checked, tried, measured, and tried again with more. */
#include "fit.h"

#include <math.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/structs.h"
#include "functions.h"
#include "least_squares.h"
#include "remez.h"
#include "symmetry.h"

enum { GRID = 4096, BINS = 64, TERMS = UMBRA_FIT_TERMS };

/* A description, checked and made ready. */
typedef struct fit_job {
  umbra_fit_desc desc;
  umbra_curve target;
  uint32_t most;    /* degree */
  double mean;      /* of the density */
  double bin[BINS]; /* of the samples: share of each part of the interval, over that of even ones */
  umbra_weight weight;
  umbra_symmetry symmetry;
} fit_job;

static int has_gap(const fit_job *job) { return job->desc.gap_lo < job->desc.gap_hi; }

/* ---- weights ---- */

static double density_at(double x, const void *with) {
  const fit_job *job = with;
  return job->desc.density(x, job->desc.density_user) / job->mean + job->desc.floor;
}

static size_t bin_of(const fit_job *job, double x) {
  double at = BINS * (x - job->target.lo) / (job->target.hi - job->target.lo);
  return at < BINS ? (size_t)at : BINS - 1;
}

static double histogram_at(double x, const void *with) {
  const fit_job *job = with;
  return job->bin[bin_of(job, x)] + job->desc.floor;
}

static umbra_status take_density(fit_job *job) {
  double sum = 0;
  for (int i = 0; i < GRID; i++) {
    double x = umbra_curve_x(&job->target, (2 * i + 1.0) / GRID - 1),
           here = job->desc.density(x, job->desc.density_user);
    if (!(here >= 0) || !isfinite(here))
      return umbra_fail(UMBRA_ERROR_RANGE, "the density is negative or not finite at %g", x);
    sum += here / GRID;
  }
  if (!(sum > 0) || !isfinite(sum)) return umbra_fail(UMBRA_ERROR_RANGE, "the density is 0, or too large, everywhere");
  job->mean = sum;
  job->weight = (umbra_weight){density_at, job};
  return UMBRA_OK;
}

static umbra_status take_samples(fit_job *job) {
  size_t count = job->desc.sample_count;
  for (size_t i = 0; i < count; i++) {
    double x = job->desc.samples[i];
    if (!(x >= job->target.lo && x <= job->target.hi))
      return umbra_fail(UMBRA_ERROR_RANGE, "sample %zu is %g, outside the interval [%g, %g]", i, x, job->target.lo,
                        job->target.hi);
    job->bin[bin_of(job, x)] += (double)BINS / (double)count;
  }
  job->weight = (umbra_weight){histogram_at, job};
  return UMBRA_OK;
}

static umbra_status take_weight(fit_job *job) {
  const umbra_fit_desc *d = &job->desc;
  if (!d->density && !d->samples && !d->sample_count) return UMBRA_OK;
  if (d->kind != UMBRA_FIT_LEAST_SQUARES || (d->density && d->samples) || !d->samples != !d->sample_count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a density is for least squares, and given by one function or by at least one sample");
  if (!(d->floor > 0) || !isfinite(d->floor))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "floor is %g; it must be above 0", d->floor);
  return d->density ? take_density(job) : take_samples(job);
}

/* ---- what is asked for ---- */

static umbra_status take_function(fit_job *job) {
  const umbra_fit_desc *d = &job->desc;
  job->target = (umbra_curve){d->f, d->user, d->lo, d->hi};
  if (d->function == UMBRA_FUNCTION_GIVEN)
    return d->f ? UMBRA_OK : umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a fit needs a function");
  const umbra_named *named = umbra_named_function(d->function);
  if (!named) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%d is no function", (int)d->function);
  if (d->f)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a fit is of %s or of a function given, not both", named->name);
  if ((named->domain == UMBRA_DOMAIN_POSITIVE && d->lo <= 0) ||
      (named->domain == UMBRA_DOMAIN_NOT_ZERO && d->lo <= 0 && d->hi >= 0))
    return umbra_fail(UMBRA_ERROR_RANGE, "%s has no polynomial on [%g, %g]: the interval must %s", named->name, d->lo,
                      d->hi, named->domain == UMBRA_DOMAIN_POSITIVE ? "lie above 0" : "not reach 0");
  job->target.f = named->f;
  return UMBRA_OK;
}

static umbra_status take_degree(fit_job *job) {
  const umbra_fit_desc *d = &job->desc;
  if (!(d->max_error >= 0) || d->degree > UMBRA_MAX_DEGREE || (!d->degree && !d->depth && d->max_error == 0))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a fit needs a degree up to %d, a depth or an error above 0, not %u, %u and %g", UMBRA_MAX_DEGREE,
                      d->degree, d->depth, d->max_error);
  job->most = d->degree ? d->degree : UMBRA_MAX_DEGREE;
  if (d->depth && d->depth < umbra_chebyshev_depth(job->most)) job->most = (1u << d->depth) - 1;
  return UMBRA_OK;
}

static umbra_status take_interval(const fit_job *job) {
  const umbra_fit_desc *d = &job->desc;
  if (!isfinite(d->lo) || !isfinite(d->hi) || !isfinite(d->hi - d->lo) || d->lo >= d->hi)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a fit needs an interval lo < hi, not [%g, %g]", d->lo, d->hi);
  if (d->gap_lo == d->gap_hi) return UMBRA_OK;
  if (d->kind != UMBRA_FIT_MINIMAX || !(d->lo < d->gap_lo && d->gap_lo < d->gap_hi && d->gap_hi < d->hi))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a gap is for minimax fits, and lies inside the interval: (%g, %g) and [%g, %g]", d->gap_lo,
                      d->gap_hi, d->lo, d->hi);
  return UMBRA_OK;
}

static umbra_status take(fit_job *job) {
  const umbra_fit_desc *d = &job->desc;
  if ((unsigned)d->kind > UMBRA_FIT_MINIMAX)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%d is no kind of fit", (int)d->kind);
  UMBRA_TRY(take_interval(job));
  UMBRA_TRY(take_function(job));
  UMBRA_TRY(take_degree(job));
  UMBRA_TRY(take_weight(job));
  double middle = (d->lo + d->hi) / 2, half = (d->hi - d->lo) / 2;
  if (job->weight.at || (has_gap(job) && d->gap_lo - middle != middle - d->gap_hi)) return UMBRA_OK;
  return umbra_symmetry_find(&job->symmetry, &job->target, has_gap(job) ? (d->gap_hi - middle) / half : 0);
}

/* ---- one fit, and its errors ---- */

/* Point i of the grid, in [-1, 1]: dense at the ends, as the waves of good polynomials are. */
static double grid_at(int i) { return i == 0 ? 1 : i == GRID ? -1 : cos(umbra_pi * i / GRID); }

double umbra_fit_error(const double *coefficients, uint32_t degree, const umbra_curve *target) {
  double largest = 0;
  for (int i = 0; i <= GRID; i++) {
    double t = grid_at(i), error = fabs(target->f(umbra_curve_x(target, t), target->user) -
                                        umbra_chebyshev_value(coefficients, degree, t));
    if (!isfinite(error)) return INFINITY;
    largest = umbra_larger(largest, error);
  }
  return largest;
}

/* Near the rounding of doubles an exchange of points leads nowhere, and the interpolant is the better one. */
static umbra_status fit_minimax(double *c, const fit_job *job, uint32_t degree) {
  const umbra_minimax_task task = {.target = job->target, .gap_lo = job->desc.gap_lo, .gap_hi = job->desc.gap_hi};
  double interpolant[TERMS];
  UMBRA_TRY(umbra_minimax(c, degree, &task));
  if (has_gap(job)) return UMBRA_OK;
  UMBRA_TRY(umbra_interpolate(interpolant, degree, &job->target));
  if (!(umbra_fit_error(c, degree, &job->target) <= umbra_fit_error(interpolant, degree, &job->target)))
    memcpy(c, interpolant, (degree + 1) * sizeof *c);
  return UMBRA_OK;
}

static umbra_status fit(double *c, const fit_job *job, uint32_t degree) {
  switch (job->desc.kind) {
    case UMBRA_FIT_LEAST_SQUARES: UMBRA_TRY(umbra_least_squares(c, degree, &job->target, &job->weight)); break;
    case UMBRA_FIT_CHEBYSHEV: UMBRA_TRY(umbra_interpolate(c, degree, &job->target)); break;
    case UMBRA_FIT_MINIMAX: UMBRA_TRY(fit_minimax(c, job, degree)); break;
  }
  umbra_symmetry_keep(&job->symmetry, c, degree);
  return UMBRA_OK;
}

/* Adds one place of the grid, which stands for so much of the interval, to the largest error and the squares. */
static umbra_status measure_at(umbra_fit_report *report, double *weights, const double *c, const fit_job *job, double x,
                               double width) {
  const umbra_curve *target = &job->target;
  double exact, t = (2 * x - target->lo - target->hi) / (target->hi - target->lo);
  UMBRA_TRY(umbra_curve_at(&exact, target, x));
  double error = fabs(exact - umbra_chebyshev_value(c, report->degree, t));
  double weight = width * (job->weight.at ? job->weight.at(x, job->weight.with) : 1);
  report->max_error = umbra_larger(report->max_error, error);
  report->rms_error += weight * error * error;
  *weights += weight;
  return UMBRA_OK;
}

static umbra_status measure_on(umbra_fit_report *report, double *weights, const double *c, const fit_job *job,
                               double lo, double hi) {
  const umbra_curve part = {.lo = lo, .hi = hi};
  for (int i = 0; i <= GRID; i++) {
    double t = grid_at(i), x = i == 0 ? hi : umbra_curve_x(&part, t);
    UMBRA_TRY(measure_at(report, weights, c, job, x, (hi - lo) * sqrt(1 - t * t)));
  }
  return UMBRA_OK;
}

static umbra_status measure(umbra_fit_report *report, const double *c, const fit_job *job, uint32_t degree) {
  const umbra_fit_desc *d = &job->desc;
  double weights = 0;
  *report = (umbra_fit_report){UMBRA_FIT_REPORT_INIT, .degree = degree};
  while (report->degree && c[report->degree] == 0) report->degree--;
  report->depth = umbra_chebyshev_depth(report->degree);
  for (uint32_t k = 0; k <= degree; k++) report->coefficient_sum += fabs(c[k]);
  UMBRA_TRY(measure_on(report, &weights, c, job, d->lo, has_gap(job) ? d->gap_lo : d->hi));
  if (has_gap(job)) UMBRA_TRY(measure_on(report, &weights, c, job, d->gap_hi, d->hi));
  report->rms_error = sqrt(report->rms_error / weights);
  if (isfinite(report->coefficient_sum) && isfinite(report->rms_error)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "the function is too large for doubles: a fit adds up its values and squares");
}

/* ---- the degree ---- */

static umbra_status try_degree(double *c, umbra_fit_report *report, const fit_job *job, uint32_t degree) {
  memset(c, 0, TERMS * sizeof *c);
  UMBRA_TRY(fit(c, job, degree));
  return measure(report, c, job, degree);
}

/* From failure at `low` (0: not tried) and success at `high`, c and report being high's, to neighbours. */
static umbra_status narrow(double *c, umbra_fit_report *report, const fit_job *job, uint32_t low, uint32_t high) {
  double tried[TERMS];
  umbra_fit_report result;
  while (high - low > 1) {
    uint32_t middle = (low + high) / 2;
    UMBRA_TRY(try_degree(tried, &result, job, middle));
    if (result.max_error <= job->desc.max_error) {
      high = middle;
      memcpy(c, tried, sizeof tried);
      *report = result;
    } else {
      low = middle;
    }
  }
  return UMBRA_OK;
}

/* The least degree with the error wanted: doubled until it is reached. */
static umbra_status find_degree(double *c, umbra_fit_report *report, const fit_job *job) {
  uint32_t low = 0, high = 1;
  for (;;) {
    if (high > job->most) high = job->most;
    UMBRA_TRY(try_degree(c, report, job, high));
    if (report->max_error <= job->desc.max_error) return narrow(c, report, job, low, high);
    if (high == job->most)
      return umbra_fail(UMBRA_ERROR_RANGE, "degree %u leaves an error of %g, and %g is wanted", job->most,
                        report->max_error, job->desc.max_error);
    low = high;
    high = 2 * high + 1;
  }
}

umbra_status umbra_chebyshev_fit(double *coefficients, umbra_fit_report *report, const umbra_fit_desc *desc) {
  fit_job job = {.desc = {UMBRA_FIT_DESC_INIT}};
  umbra_fit_report made = {UMBRA_FIT_REPORT_INIT};
  double c[TERMS];
  UMBRA_TRY(UMBRA_TAKE(umbra_fit_desc, &job.desc, desc));
  if (!coefficients) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a fit needs room for its coefficients");
  UMBRA_TRY(take(&job));
  UMBRA_TRY(job.desc.max_error > 0 ? find_degree(c, &made, &job) : try_degree(c, &made, &job, job.most));
  if (report) UMBRA_TRY(UMBRA_GIVE(umbra_fit_report, report, &made));
  memcpy(coefficients, c, (job.most + 1) * sizeof *c);
  return UMBRA_OK;
}
