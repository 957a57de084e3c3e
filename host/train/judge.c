/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "records.h"

typedef struct scored {
  double score;
  int class; /* 0: label -1 */
} scored;

static int by_score(const void *a, const void *b) {
  const scored *x = a, *y = b;
  return (x->score > y->score) - (x->score < y->score);
}

/* A score that is not finite loses every comparison: it is the lowest of class 1, or the highest of class -1. */
static double comparable(double score, double label) { return isfinite(score) ? score : -label * INFINITY; }

/* Of all pairs of the two classes, twice the number in which class 1 scores higher; once for ties. */
static double twice_the_wins(const scored *sorted, size_t rows) {
  double wins = 0;
  size_t below = 0; /* of class -1, before the current run of equal scores */
  for (size_t first = 0, end; first < rows; first = end) {
    size_t tied[2] = {0, 0};
    for (end = first; end < rows && sorted[end].score == sorted[first].score; end++) tied[sorted[end].class]++;
    wins += (double)tied[1] * (2 * (double)below + (double)tied[0]);
    below += tied[0];
  }
  return wins;
}

static umbra_status find_auc(double *auc, const umbra_records *records, const double *scores) {
  scored *sorted;
  size_t ones = 0;
  UMBRA_TRY(umbra_alloc(&sorted, records->rows, sizeof *sorted, "scores"));
  for (size_t i = 0; i < records->rows; i++) {
    double label = records->labels[i];
    sorted[i] = (scored){comparable(scores[i], label), label > 0};
    ones += label > 0;
  }
  qsort(sorted, records->rows, sizeof *sorted, by_score);
  *auc = twice_the_wins(sorted, records->rows) / (2 * (double)ones * (double)(records->rows - ones));
  umbra_free(sorted);
  return UMBRA_OK;
}

double umbra_logistic_loss(double margin) { return margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin; }

/* Counts one record, and adds up its loss. */
static void count(umbra_judgement *made, double score, double label, double weight, double threshold) {
  const int finite = isfinite(score), positive = label > 0, right = finite && (score > threshold) == positive;
  made->positives += (size_t)positive;
  made->negatives += (size_t)!positive;
  made->true_positives += (size_t)(positive && right);
  made->true_negatives += (size_t)(!positive && right);
  made->largest_score = fmax(made->largest_score, finite ? fabs(score) : INFINITY);
  made->loss += finite ? weight * umbra_logistic_loss(label * score) : INFINITY;
}

umbra_status umbra_judge_scores(umbra_judgement *judgement, const umbra_records *records, const double *scores,
                                double threshold) {
  if (!judgement || !records || !scores || !isfinite(threshold))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "judging needs an output, records, a score for each, and a finite threshold");
  umbra_judgement made = {UMBRA_JUDGEMENT_INIT};
  UMBRA_TRY(umbra_records_check_two(records));
  UMBRA_TRY(find_auc(&made.auc, records, scores));
  double weights = 0;
  for (size_t i = 0; i < records->rows; i++) {
    const double weight = umbra_records_weight(records, i);
    count(&made, scores[i], records->labels[i], weight, threshold);
    weights += weight;
  }
  const double rows = (double)records->rows;
  made.accuracy = (double)(made.true_positives + made.true_negatives) / rows;
  made.majority = fmax((double)made.positives, (double)made.negatives) / rows;
  made.loss /= weights;
  return UMBRA_GIVE(umbra_judgement, judgement, &made);
}

umbra_status umbra_judge(umbra_judgement *judgement, const umbra_records *records, const double *weights) {
  if (!judgement || !records || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "judging needs an output, records and weights");
  double *scores;
  UMBRA_TRY(umbra_alloc(&scores, records->rows, sizeof *scores, "scores"));
  for (size_t i = 0; i < records->rows; i++) scores[i] = umbra_records_score(records, i, weights);
  umbra_status status = umbra_judge_scores(judgement, records, scores, 0);
  umbra_free(scores);
  return status;
}

/* ---- several classes ---- */

/* The place of the largest score; `classes` if any is not finite. */
static size_t largest_of(const double *score, size_t classes) {
  size_t largest = 0;
  for (size_t k = 0; k < classes; k++) {
    if (!isfinite(score[k])) return classes;
    if (score[k] > score[largest]) largest = k;
  }
  return largest;
}

umbra_status umbra_judge_classes(double *accuracy, size_t *confusion, const umbra_records *records,
                                 const double *scores) {
  if (!accuracy || !records || !scores || !records->classes)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "judging classes needs an output, records whose labels are classes, and scores of each class");
  const size_t classes = records->classes;
  size_t right = 0;
  for (size_t i = 0; confusion && i < classes * classes; i++) confusion[i] = 0;
  for (size_t row = 0; row < records->rows; row++) {
    const size_t class = umbra_records_class(records, row), said = largest_of(scores + row * classes, classes);
    right += said == class;
    if (confusion && said < classes) confusion[class * classes + said]++;
  }
  *accuracy = (double)right / (double)records->rows;
  return UMBRA_OK;
}
