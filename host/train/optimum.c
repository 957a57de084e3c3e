/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/optimum.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "../base/watch.h"
#include "records.h"

/* Vectors have columns + 1 values, the bias last; those of records have one for each. */
typedef struct search {
  const umbra_records *records;
  umbra_optimum_options options;
  size_t size;    /* columns + 1 */
  double weights; /* of all records */
  double *w, *next, *gradient, *step, *residual, *direction, *image, *preconditioner;
  double *curvature;            /* of each record's loss in its margin */
  double loss, value;           /* mean loss at w, and with the penalty */
  int separates;                /* all margins at w are above 0 */
  uint64_t passes, most_passes; /* over the records, by products with the Hessian: so far, and until it gives up */
  umbra_watch watch;
} search;

enum { VECTORS = 8 };

static double dot(const double *a, const double *b, size_t size) {
  double sum = 0;
  for (size_t c = 0; c < size; c++) sum += a[c] * b[c];
  return sum;
}

/* w . (x, 1), in eight sums, which processors add up at the same time. */
static double score_of(const umbra_records *records, size_t row, const double *w) {
  enum { LANES = 8 };
  const size_t columns = records->columns;
  const double *x = umbra_records_row(records, row);
  double sum[LANES] = {w[columns]};
  size_t c = 0;
  for (; c + LANES <= columns; c += LANES)
    for (size_t k = 0; k < LANES; k++) sum[k] += w[c + k] * x[c + k];
  for (size_t k = 0; c < columns; c++, k++) sum[k] += w[c] * x[c];
  return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* to += factor (x, 1) */
static void add_row(double *to, const double *x, double factor, size_t columns) {
  for (size_t c = 0; c < columns; c++) to[c] += factor * x[c];
  to[columns] += factor;
}

/* ---- the loss ---- */

static double penalty_of(const search *s, const double *w) { return s->options.l2 / 2 * dot(w, w, s->size - 1); }

/* Mean loss at w, and whether w separates the classes. */
static double mean_loss(const search *s, const double *w, int *separates) {
  double sum = 0;
  *separates = 1;
  for (size_t row = 0; row < s->records->rows; row++) {
    double margin = s->records->labels[row] * score_of(s->records, row, w);
    if (!(margin > 0)) *separates = 0;
    sum += umbra_records_weight(s->records, row) * umbra_logistic_loss(margin);
  }
  return sum / s->weights;
}

/* Gradient, curvatures, and the diagonal of the Hessian, at w. */
static void differentiate(search *s) {
  const size_t columns = s->size - 1;
  memset(s->gradient, 0, s->size * sizeof *s->gradient);
  memset(s->preconditioner, 0, s->size * sizeof *s->preconditioner);
  for (size_t row = 0; row < s->records->rows; row++) {
    const double *x = umbra_records_row(s->records, row);
    const double label = s->records->labels[row], score = score_of(s->records, row, s->w);
    const double e = exp(-fabs(score)), likely = 1 / (1 + e), other = e / (1 + e);
    const double share = umbra_records_weight(s->records, row) / s->weights;
    s->curvature[row] = likely * other * share;
    add_row(s->gradient, x, -label * (label * score > 0 ? other : likely) * share, columns);
    for (size_t c = 0; c < columns; c++) s->preconditioner[c] += s->curvature[row] * x[c] * x[c];
    s->preconditioner[columns] += s->curvature[row];
  }
  for (size_t c = 0; c < columns; c++) {
    s->gradient[c] += s->options.l2 * s->w[c];
    s->preconditioner[c] += s->options.l2;
  }
  s->preconditioner[columns] = fmax(s->preconditioner[columns], DBL_MIN);
}

/* image = the Hessian times a vector. */
static umbra_status multiply(search *s, const double *vector) {
  const size_t columns = s->size - 1;
  UMBRA_TRY(umbra_watch_check(&s->watch));
  s->passes++;
  memset(s->image, 0, s->size * sizeof *s->image);
  for (size_t row = 0; row < s->records->rows; row++)
    add_row(s->image, umbra_records_row(s->records, row), s->curvature[row] * score_of(s->records, row, vector),
            columns);
  for (size_t c = 0; c < columns; c++) s->image[c] += s->options.l2 * vector[c];
  return UMBRA_OK;
}

/* ---- a step ---- */

/* image = residual over the diagonal; returns their product. */
static double precondition(search *s) {
  for (size_t c = 0; c < s->size; c++) s->image[c] = s->residual[c] / s->preconditioner[c];
  return dot(s->residual, s->image, s->size);
}

/* step: the Hessian times it is -gradient, but for a part that shrinks faster than the gradient does. */
static umbra_status solve(search *s, double norm) {
  const double enough = fmin(0.5, sqrt(norm)) * norm;
  memset(s->step, 0, s->size * sizeof *s->step);
  for (size_t c = 0; c < s->size; c++) s->residual[c] = -s->gradient[c];
  double product = precondition(s);
  memcpy(s->direction, s->image, s->size * sizeof *s->direction);
  for (size_t i = 0; i < 2 * s->size + 50 && sqrt(dot(s->residual, s->residual, s->size)) > enough; i++) {
    if (s->passes == s->most_passes) break;
    UMBRA_TRY(multiply(s, s->direction));
    const double bend = dot(s->direction, s->image, s->size);
    if (!(bend > 0)) break; /* rounding: the loss is convex */
    for (size_t c = 0; c < s->size; c++) {
      s->step[c] += product / bend * s->direction[c];
      s->residual[c] -= product / bend * s->image[c];
    }
    const double before = product;
    product = precondition(s);
    for (size_t c = 0; c < s->size; c++) s->direction[c] = s->image[c] + product / before * s->direction[c];
  }
  return UMBRA_OK;
}

/* Halves the step until it lowers the loss; *moved: it does. Near the minimum a loss is known to its last digits only. */
static umbra_status descend(search *s, int *moved) {
  const double slope = dot(s->gradient, s->step, s->size),
               doubt = 8 * DBL_EPSILON * sqrt((double)s->records->rows) * s->value;
  double length = 1;
  for (*moved = 0; !*moved && length > 0x1p-40; length /= 2) {
    int separates;
    UMBRA_TRY(umbra_watch_check(&s->watch));
    for (size_t c = 0; c < s->size; c++) s->next[c] = s->w[c] + length * s->step[c];
    const double loss = mean_loss(s, s->next, &separates), value = loss + penalty_of(s, s->next);
    if (!(value <= s->value + 1e-4 * length * slope + doubt)) continue;
    memcpy(s->w, s->next, s->size * sizeof *s->w);
    s->loss = loss;
    s->value = value;
    s->separates = separates;
    *moved = 1;
  }
  return UMBRA_OK;
}

/* ---- the whole ---- */

static umbra_status minimise(search *s, umbra_optimum *found, double tolerance) {
  int moved = 1;
  s->loss = mean_loss(s, s->w, &s->separates);
  s->value = s->loss + penalty_of(s, s->w);
  for (uint32_t i = 0;; i++) {
    differentiate(s);
    found->steps = i;
    found->gradient = sqrt(dot(s->gradient, s->gradient, s->size));
    found->converged = found->gradient <= tolerance;
    if (!isfinite(found->gradient) || !isfinite(s->value))
      return umbra_fail(UMBRA_ERROR_RANGE, "features are too large for a best model; scale them by their deviation");
    if (found->converged || !moved || i == s->options.most_steps || s->passes == s->most_passes) break;
    UMBRA_TRY(solve(s, found->gradient));
    UMBRA_TRY(descend(s, &moved));
  }
  found->loss = s->loss;
  found->separable = s->separates;
  return UMBRA_OK;
}

/*
 * With less and less penalty the model nears the plane with the widest margin, if there is any that separates. Each is found
 * as far as its penalty matters, and all of them in about as many passes as the best model took: with many columns that
 * depend on each other, and classes that are hardly apart, there would be no end.
 */
static umbra_status separate(search *s, umbra_optimum *found) {
  const double least = 1e-8 * s->options.l2, share = 0.1;
  const uint64_t more = 200;
  umbra_optimum ignored = {UMBRA_OPTIMUM_INIT};
  s->most_passes = 2 * s->passes + more;
  while (!s->separates && s->options.l2 > least && s->passes < s->most_passes) {
    s->options.l2 /= 100;
    const double matters = share * s->options.l2 * sqrt(dot(s->w, s->w, s->size - 1));
    UMBRA_TRY(minimise(s, &ignored, fmax(s->options.tolerance, matters)));
  }
  found->separable = s->separates;
  found->undecided = !s->separates && s->passes >= s->most_passes;
  return UMBRA_OK;
}

static umbra_status find(search *s, double *weights, umbra_optimum *found) {
  s->most_passes = UINT64_MAX;
  UMBRA_TRY(minimise(s, found, s->options.tolerance));
  memcpy(weights, s->w, s->size * sizeof *weights);
  if (!s->options.skip_separability) UMBRA_TRY(separate(s, found));
  found->passes = s->passes;
  return UMBRA_OK;
}

static umbra_status open_search(search *s, double **room) {
  double **const vector[VECTORS] = {&s->w,        &s->next,      &s->gradient, &s->step,
                                    &s->residual, &s->direction, &s->image,    &s->preconditioner};
  UMBRA_TRY(umbra_alloc(room, s->size, (VECTORS + 1) * sizeof **room, "a best model"));
  for (int i = 0; i < VECTORS; i++) *vector[i] = *room + (size_t)i * s->size;
  return umbra_alloc(&s->curvature, s->records->rows, sizeof *s->curvature, "a best model");
}

static umbra_status check(const umbra_optimum_options *o) {
  if (!(o->l2 > 0) || !isfinite(o->l2))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "l2 is %g; of a best model it must be above 0 and finite", o->l2);
  if (!(o->tolerance > 0))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "tolerance is %g; it must be above 0", o->tolerance);
  return UMBRA_OK;
}

umbra_status umbra_logistic_optimum(double *weights, umbra_optimum *optimum, const umbra_records *records,
                                    const umbra_optimum_options *options, const umbra_progress *progress) {
  if (!weights || !optimum || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a best model needs weights to write, an output, and records");
  search s = {.records = records,
              .size = records->columns + 1,
              .options = {UMBRA_OPTIMUM_OPTIONS_INIT},
              .watch = umbra_watch_of(progress)};
  umbra_optimum found = {UMBRA_OPTIMUM_INIT};
  double *room = NULL; /* its last vector is the result, until nothing can fail any more */
  UMBRA_TRY(UMBRA_TAKE(umbra_optimum_options, &s.options, options));
  UMBRA_TRY(check(&s.options));
  UMBRA_TRY(umbra_records_check_two(records));
  for (size_t row = 0; row < records->rows; row++) s.weights += umbra_records_weight(records, row);
  umbra_status status = open_search(&s, &room);
  if (status == UMBRA_OK) status = umbra_watch_close(&s.watch, find(&s, room + VECTORS * s.size, &found));
  if (status == UMBRA_OK) status = UMBRA_GIVE(umbra_optimum, optimum, &found);
  if (status == UMBRA_OK) memcpy(weights, room + VECTORS * s.size, s.size * sizeof *weights);
  umbra_free(s.curvature);
  umbra_free(room);
  return status;
}
