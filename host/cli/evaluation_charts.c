/* SPDX-License-Identifier: Apache-2.0 */
/* The drawings of an evaluation: scores that are not finite are in none of them. */
#include <math.h>
#include <stdlib.h>

#include "chart.h"
#include "evaluation.h"
#include "opened.h"
#include "sigmoid.h"

#define OWN "stroke=\"#1565c0\" stroke-width=\"2\""
#define TWIN "stroke=\"#ef6c00\" stroke-width=\"2\" stroke-dasharray=\"5 4\""
#define GUIDE "stroke=\"#999\" stroke-dasharray=\"3 3\""
#define LIMIT "stroke=\"#c62828\" stroke-width=\"2\" stroke-dasharray=\"6 3\""
#define CHOSEN "stroke=\"#2e7d32\" stroke-width=\"2\""

/* ---- ROC ---- */

typedef struct scored {
  double score;
  bool positive;
} scored;

/* Points of the curve, each a step of 1 / CURVE at least from the one before. */
enum { CURVE = 200, POINTS = 2 * CURVE + 4 };
typedef struct curve {
  double x[POINTS], y[POINTS];
  size_t count;
} curve;

/* The highest score first; one that is not a number loses every comparison. */
static int by_score(const void *a, const void *b) {
  const double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
  if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
  return (x < y) - (x > y);
}

static void add_point(curve *c, double x, double y, bool last) {
  const size_t n = c->count;
  if (n && !last && x - c->x[n - 1] < 1.0 / CURVE && y - c->y[n - 1] < 1.0 / CURVE) return;
  c->x[n] = x;
  c->y[n] = y;
  c->count++;
}

static void trace_curve(curve *c, const scored *sorted, size_t rows, size_t positives) {
  size_t hits = 0;
  c->count = 0;
  add_point(c, 0, 0, false);
  for (size_t i = 0; i < rows; i++) {
    hits += sorted[i].positive;
    if (i + 1 < rows && by_score(&sorted[i], &sorted[i + 1]) == 0) continue; /* ties count together */
    add_point(c, (double)(i + 1 - hits) / (double)(rows - positives), (double)hits / (double)positives, i + 1 == rows);
  }
}

static bool find_curve(curve *c, const umbra_records *records, const double *scores) {
  const size_t rows = umbra_records_rows(records);
  size_t positives = 0;
  scored *sorted = calloc(rows, sizeof *sorted);
  if (!sorted) return false;
  for (size_t r = 0; r < rows; r++) {
    sorted[r] = (scored){scores[r], umbra_records_label(records, r) > 0};
    positives += sorted[r].positive;
  }
  qsort(sorted, rows, sizeof *sorted, by_score);
  trace_curve(c, sorted, rows, positives);
  cli_opened_free(sorted, rows * sizeof *sorted);
  return true;
}

/* Where the threshold is on the curve, by the counts of the facts. */
static void put_choice(const cli_chart *chart, const cli_evaluation *e) {
  const double negatives = cli_evaluation_fact(e, "true_negatives") + cli_evaluation_fact(e, "false_positives"),
               positives = cli_evaluation_fact(e, "true_positives") + cli_evaluation_fact(e, "false_negatives");
  cli_chart_dot(chart, cli_evaluation_fact(e, "false_positives") / negatives,
                cli_evaluation_fact(e, "true_positives") / positives, 5, "fill=\"#2e7d32\"");
}

static bool draw_roc(const cli_evaluation *e, FILE *file) {
  char title[64], text[64];
  curve own, twin;
  if (!find_curve(&own, e->records, e->scores) || (e->twin_scores && !find_curve(&twin, e->records, e->twin_scores)))
    return false;
  snprintf(title, sizeof title, "ROC curve: AUC %.4f", cli_evaluation_fact(e, "auc"));
  const cli_chart chart = {
      file, 0, 1, 0, 1, title, "false positives of all negatives", "true positives of all positives"};
  cli_chart_begin(&chart);
  cli_chart_line(&chart, 0, 0, 1, 1, GUIDE);
  cli_chart_path(&chart, own.x, own.y, own.count, OWN);
  put_choice(&chart, e);
  if (e->twin_scores) {
    cli_chart_path(&chart, twin.x, twin.y, twin.count, TWIN);
    snprintf(text, sizeof text, "in the clear: AUC %.4f", cli_evaluation_fact(e, "auc_twin"));
    cli_chart_legend(&chart, 0, OWN, "these weights");
    cli_chart_legend(&chart, 1, TWIN, text);
  }
  cli_chart_end(&chart);
  return true;
}

/* ---- calibration ---- */

enum { BINS = 10 };
typedef struct reliability {
  double predicted[BINS], positives[BINS], records[BINS]; /* sums */
  double most;                                            /* records of a bin */
} reliability;

static void count_bins(reliability *b, const cli_evaluation *e) {
  *b = (reliability){0};
  for (size_t r = 0; r < umbra_records_rows(e->records); r++) {
    if (!isfinite(e->scores[r])) continue;
    const double p = cli_sigmoid_value(e->scores[r]);
    const int k = (int)fmin(BINS - 1, p * BINS);
    b->predicted[k] += p;
    b->positives[k] += umbra_records_label(e->records, r) > 0;
    b->most = fmax(b->most, ++b->records[k]);
  }
}

/* Dots are the larger the more records they stand for; bars at the foot say how many. */
static void draw_calibration(const cli_evaluation *e, FILE *file) {
  reliability b;
  double x[BINS], y[BINS];
  size_t count = 0;
  count_bins(&b, e);
  const cli_chart chart = {
      file, 0, 1, 0, 1, "Calibration: what probabilities come to", "probability of the model", "fraction of class 1"};
  cli_chart_begin(&chart);
  cli_chart_line(&chart, 0, 0, 1, 1, GUIDE);
  for (int k = 0; k < BINS; k++) {
    if (b.records[k] == 0) continue;
    const double share = b.records[k] / b.most;
    cli_chart_bar(&chart, (double)k / BINS, (k + 1.0) / BINS, 0, 0.15 * share, "fill=\"#1565c0\" fill-opacity=\"0.2\"");
    x[count] = b.predicted[k] / b.records[k];
    y[count] = b.positives[k] / b.records[k];
    cli_chart_dot(&chart, x[count], y[count], 3 + 4 * sqrt(share), "fill=\"#1565c0\"");
    count++;
  }
  cli_chart_path(&chart, x, y, count, OWN);
  cli_chart_end(&chart);
}

/* ---- scores ---- */

enum { COLUMNS = 40 };
typedef struct histogram {
  double from, to; /* of finite scores, and of the range */
  double records[2][COLUMNS];
  double most;
} histogram;

static void widen(histogram *h, double from, double to) {
  h->from = fmin(h->from, from);
  h->to = fmax(h->to, to);
}

static void count_scores(histogram *h, const cli_evaluation *e, double score_threshold) {
  const size_t rows = umbra_records_rows(e->records);
  *h = (histogram){.from = fmin(-1, score_threshold), .to = fmax(1, score_threshold)};
  if (e->polynomial) widen(h, -1.05 * e->polynomial->range, 1.05 * e->polynomial->range);
  for (size_t r = 0; r < rows; r++)
    if (isfinite(e->scores[r])) widen(h, e->scores[r], e->scores[r]);
  for (size_t r = 0; r < rows; r++) {
    if (!isfinite(e->scores[r])) continue;
    const double place = (e->scores[r] - h->from) / (h->to - h->from);
    double *count = &h->records[umbra_records_label(e->records, r) > 0][(int)fmin(COLUMNS - 1, place * COLUMNS)];
    h->most = fmax(h->most, ++*count);
  }
}

static void put_limit(const cli_chart *chart, double score, const char *look) {
  cli_chart_line(chart, score, chart->bottom, score, chart->top, look);
}

static void draw_scores(const cli_evaluation *e, FILE *file) {
  static const char *const looks[] = {"fill=\"#c62828\" fill-opacity=\"0.45\"",
                                      "fill=\"#1565c0\" fill-opacity=\"0.45\""};
  static const char *const lines[] = {"stroke=\"#c62828\" stroke-opacity=\"0.45\" stroke-width=\"8\"",
                                      "stroke=\"#1565c0\" stroke-opacity=\"0.45\" stroke-width=\"8\""};
  const double threshold = cli_score_threshold(e->threshold);
  histogram h;
  count_scores(&h, e, threshold);
  if (!isfinite(h.to - h.from)) return; /* scores at both ends of what a double holds */
  const cli_chart chart = {file,
                           h.from,
                           h.to,
                           0,
                           fmax(1, h.most),
                           e->polynomial ? "Scores, and the range of the training's polynomial" : "Scores",
                           "score: log odds of class 1",
                           "records"};
  const double width = (h.to - h.from) / COLUMNS;
  cli_chart_begin(&chart);
  for (int side = 0; side < 2; side++) {
    for (int k = 0; k < COLUMNS; k++)
      if (h.records[side][k] > 0)
        cli_chart_bar(&chart, h.from + width * k, h.from + width * (k + 1), 0, h.records[side][k], looks[side]);
    cli_chart_legend(&chart, side, lines[side], side ? "class 1" : "class 0");
  }
  put_limit(&chart, threshold, CHOSEN);
  cli_chart_legend(&chart, 2, CHOSEN, "threshold");
  if (e->polynomial) {
    put_limit(&chart, -e->polynomial->range, LIMIT);
    put_limit(&chart, e->polynomial->range, LIMIT);
    cli_chart_legend(&chart, 3, LIMIT, "range");
  }
  cli_chart_end(&chart);
}

bool cli_evaluation_draw(const cli_evaluation *e, FILE *file) {
  if (!draw_roc(e, file)) return false;
  draw_calibration(e, file);
  draw_scores(e, file);
  return true;
}
