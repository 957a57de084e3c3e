/* SPDX-License-Identifier: Apache-2.0 */
/*
 * p = q * T_m + r for the largest power of two m up to the degree, recursively; pieces of low degree are linear
 * combinations of T_1, T_2, T_3. A piece gets a budget of levels; a combination that would exceed it is split further,
 * which keeps the whole at ceil(log2(degree + 1)) levels.
 */
#include <umbra/polynomial.h>

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../ckks/objects.h"

enum { LEAF = 4, TERMS = UMBRA_MAX_DEGREE + 1 }; /* combinations of T_k with k < LEAF */

/* ---- in the clear ---- */

double umbra_chebyshev_value(const double *coefficients, uint32_t degree, double t) {
  double next = 0, after = 0; /* Clenshaw's recurrence */
  for (uint32_t k = degree; k > 0; k--) {
    double here = coefficients[k] + 2 * t * next - after;
    after = next;
    next = here;
  }
  return coefficients[0] + t * next - after;
}

static double fit_error(const double *coefficients, uint32_t degree, double (*f)(double, void *), void *user, double lo,
                        double hi) {
  const uint32_t grid = 4096;
  double largest = 0;
  for (uint32_t i = 0; i <= grid; i++) {
    double t = 2.0 * i / grid - 1;
    double exact = f(lo + (hi - lo) * (t + 1) / 2, user);
    double error = fabs(exact - umbra_chebyshev_value(coefficients, degree, t));
    if (!isfinite(error)) return INFINITY;
    largest = fmax(largest, error);
  }
  return largest;
}

umbra_status umbra_chebyshev_fit(double *coefficients, uint32_t degree, double (*f)(double x, void *user), void *user,
                                 double lo, double hi, double *max_error) {
  if (!coefficients || !f || degree > UMBRA_MAX_DEGREE || !isfinite(lo) || !isfinite(hi) || lo >= hi)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a fit needs coefficients, a function, a degree up to %d and an interval lo < hi",
                      UMBRA_MAX_DEGREE);
  const double pi = 3.14159265358979323846;
  uint32_t nodes = degree + 1;
  double value[TERMS], found[TERMS];
  for (uint32_t i = 0; i < nodes; i++) {
    double x = lo + (hi - lo) * (cos(pi * (i + 0.5) / nodes) + 1) / 2;
    value[i] = f(x, user);
    if (!isfinite(value[i])) return umbra_fail(UMBRA_ERROR_RANGE, "the function is not finite at %g", x);
  }
  for (uint32_t k = 0; k < nodes; k++) {
    double sum = 0;
    for (uint32_t i = 0; i < nodes; i++) sum += value[i] * cos(pi * k * (i + 0.5) / nodes);
    found[k] = (k ? 2 : 1) * sum / nodes;
  }
  double error = fit_error(found, degree, f, user, lo, hi);
  if (!isfinite(error)) return umbra_fail(UMBRA_ERROR_RANGE, "the function is not finite in [%g, %g]", lo, hi);
  memcpy(coefficients, found, nodes * sizeof *found);
  if (max_error) *max_error = error;
  return UMBRA_OK;
}

static uint32_t ceil_log2(uint32_t x) { return x <= 1 ? 0 : 32 - (uint32_t)__builtin_clz(x - 1); }

uint32_t umbra_chebyshev_depth(uint32_t degree) { return ceil_log2(degree + 1); }

/* ---- encrypted ---- */

typedef struct polynomial_job {
  umbra_evaluator *evaluator;
  umbra_ciphertext *t[TERMS]; /* T_k(x), made on first use; t[1] is a copy of x */
} polynomial_job;

/* |T_k| <= 1 on [-1, 1], as the caller promises of x; else tracked bounds would grow as they do outside. */
static void bound_basis(umbra_ciphertext *t) { t->estimate.magnitude = fmin(t->estimate.magnitude, 1); }

static umbra_status basis(polynomial_job *job, uint32_t k);

/* t[k] = 2 T_a T_b - T_{a-b} with k = a + b, a the smallest power of two that is at least k / 2. */
static umbra_status make_basis(polynomial_job *job, uint32_t k) {
  uint32_t a = k - k / 2, b = k / 2;
  while (a & (a - 1)) a++, b--; /* up to a power of two, which has depth log2(a) */
  umbra_ciphertext **out = &job->t[k];
  UMBRA_TRY(basis(job, a));
  UMBRA_TRY(basis(job, b));
  UMBRA_TRY(umbra_mul(job->evaluator, out, job->t[a], job->t[b]));
  UMBRA_TRY(umbra_mul_integer(job->evaluator, out, *out, 2));
  if (a == b) return umbra_add_constant(job->evaluator, out, *out, -1, 0);
  UMBRA_TRY(basis(job, a - b));
  return umbra_sub(job->evaluator, out, *out, job->t[a - b]);
}

static umbra_status basis(polynomial_job *job, uint32_t k) {
  if (job->t[k]) return UMBRA_OK;
  UMBRA_TRY(make_basis(job, k));
  bound_basis(job->t[k]);
  return UMBRA_OK;
}

/* Highest k with a coefficient that is not 0. */
static uint32_t true_degree(const double *c, uint32_t degree) {
  while (degree && c[degree] == 0) degree--;
  return degree;
}

static umbra_status combination(polynomial_job *job, umbra_ciphertext **out, const double *c, uint32_t degree) {
  const umbra_ciphertext *term[LEAF];
  double pairs[2 * LEAF] = {0};
  size_t count = 0;
  for (uint32_t k = 1; k <= degree; k++) {
    if (c[k] == 0) continue;
    UMBRA_TRY(basis(job, k));
    term[count] = job->t[k];
    pairs[2 * count++] = c[k];
  }
  if (count) UMBRA_TRY(umbra_dot_constants(job->evaluator, out, term, pairs, count));
  else UMBRA_TRY(umbra_mul_integer(job->evaluator, out, job->t[1], 0));
  return umbra_add_constant(job->evaluator, out, *out, c[0], 0);
}

/* q and r of p = q T_m + r, m <= degree < 2m, from T_{m+i} = 2 T_m T_i - T_{m-i}. Returns the degree of q. */
static uint32_t split(const double *c, uint32_t degree, uint32_t m, double *q, double *r) {
  memcpy(r, c, m * sizeof *r);
  q[0] = c[m];
  for (uint32_t i = 1; i + m <= degree; i++) {
    q[i] = 2 * c[m + i];
    r[m - i] -= c[m + i];
  }
  return degree - m;
}

static umbra_status evaluate(polynomial_job *job, umbra_ciphertext **out, const double *c, uint32_t degree,
                             uint32_t budget);

/* *out = q T_m. */
static umbra_status product(polynomial_job *job, umbra_ciphertext **out, const double *q, uint32_t degree, uint32_t m,
                            uint32_t budget) {
  UMBRA_TRY(basis(job, m));
  const umbra_ciphertext *power = job->t[m];
  if (!true_degree(q, degree)) return umbra_mul_constant(job->evaluator, out, power, q[0], 0);
  UMBRA_TRY(evaluate(job, out, q, degree, budget - 1));
  return umbra_mul(job->evaluator, out, *out, power);
}

static umbra_status evaluate_split(polynomial_job *job, umbra_ciphertext **out, const double *c, uint32_t degree,
                                   uint32_t budget) {
  double q[TERMS], r[TERMS];
  uint32_t m = 1u << (31 - __builtin_clz(degree));
  uint32_t q_degree = split(c, degree, m, q, r);
  UMBRA_TRY(product(job, out, q, q_degree, m, budget));
  uint32_t r_degree = true_degree(r, m - 1);
  if (!r_degree) return umbra_add_constant(job->evaluator, out, *out, r[0], 0);
  umbra_ciphertext *rest = NULL;
  umbra_status status = evaluate(job, &rest, r, r_degree, budget);
  if (status == UMBRA_OK) status = umbra_add(job->evaluator, out, *out, rest);
  umbra_ciphertext_destroy(rest);
  return status;
}

static umbra_status evaluate(polynomial_job *job, umbra_ciphertext **out, const double *c, uint32_t degree,
                             uint32_t budget) {
  degree = true_degree(c, degree);
  int fits = ceil_log2(degree) + 1 <= budget;
  if (degree <= 1 || (degree < LEAF && fits)) return combination(job, out, c, degree);
  return evaluate_split(job, out, c, degree, budget);
}

umbra_status umbra_chebyshev_eval(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                                  const double *coefficients, uint32_t degree) {
  if (!out || !x || !coefficients || degree > UMBRA_MAX_DEGREE)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_chebyshev_eval needs an output, an input and coefficients of a degree up to %d",
                      UMBRA_MAX_DEGREE);
  for (uint32_t k = 0; k <= degree; k++)
    if (!isfinite(coefficients[k])) return umbra_fail(UMBRA_ERROR_RANGE, "coefficient %u is not finite", k);
  uint32_t used = true_degree(coefficients, degree), depth = umbra_chebyshev_depth(used);
  if (umbra_ciphertext_level(x) < depth)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "a polynomial of degree %u takes %u levels and the input is at level %u",
                      used, depth, umbra_ciphertext_level(x));
  polynomial_job job = {.evaluator = evaluator};
  umbra_ciphertext *made = NULL;
  umbra_status status = umbra_ciphertext_copy(&job.t[1], x);
  if (status == UMBRA_OK) bound_basis(job.t[1]);
  if (status == UMBRA_OK) status = evaluate(&job, &made, coefficients, used, depth);
  for (uint32_t k = 1; k < TERMS; k++) umbra_ciphertext_destroy(job.t[k]);
  if (status == UMBRA_OK) umbra_ciphertext_commit(out, made);
  else umbra_ciphertext_destroy(made);
  return status;
}
