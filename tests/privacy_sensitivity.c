/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * How far one record moves a model: neighbouring data sets that are looked for to move it most, trained by plain formulas
 * written out here once more, never come beyond the bound of a private plan, and come near it. Nor do weights and scores.
 */
#include <umbra/privacy.h>

#include "../host/nn/sigmoid.h"
#include "scheme.h"

enum { FEATURES = 2, WIDTH = FEATURES + 1, KINDS = 5, MOST_ROWS = 60, MOST_OUTPUTS = 3 };

/* ---- data sets: one row differs between the two, and the others are of a few kinds, in turn ---- */

typedef struct record {
  double x[FEATURES], label; /* -1 or 1; a class; or a value */
} record;

typedef struct neighbours {
  record one, other, common[KINDS]; /* in that row; and in all others */
  size_t at;                        /* that row */
} neighbours;

typedef struct setting {
  umbra_train_options options;
  umbra_sigmoid_options sigmoid;
  umbra_privacy_options privacy;
  double coefficient[UMBRA_SIGMOID_MAX_DEGREE + 1];
} setting;

static int is_squared(const setting *s) { return s->options.loss == UMBRA_LOSS_SQUARED; }
static int outputs_of(const setting *s) { return s->options.outputs ? (int)s->options.outputs : 1; }

/* ---- the training, by its formula ---- */

typedef struct trained {
  double w[MOST_OUTPUTS][WIDTH], largest_score, largest_norm;
} trained;

/* By the recurrence of T_k. */
static double polynomial(const setting *s, double x) {
  const double t = x / s->sigmoid.range;
  double before = 1, here = t, sum = s->coefficient[0];
  for (uint32_t k = 1; k <= s->sigmoid.degree; k++) {
    sum += s->coefficient[k] * here;
    const double next = 2 * t * here - before;
    before = here;
    here = next;
  }
  return sum;
}

static double residual(const setting *s, double score, double label, int output) {
  if (s->options.kind == UMBRA_TRAIN_LOGISTIC) return label * polynomial(s, -label * score);
  if (is_squared(s)) return label - score;
  const double target = outputs_of(s) == 1 ? label > 0 : label == output;
  return target - polynomial(s, score);
}

static double score_of(const double w[WIDTH], const record *r) {
  double sum = w[FEATURES];
  for (int c = 0; c < FEATURES; c++) sum += w[c] * r->x[c];
  return sum;
}

static double rate_of(const setting *s, uint32_t i) {
  const umbra_train_options *o = &s->options;
  return o->schedule == UMBRA_RATE_INVERSE ? o->rate / (1 + o->decay * i) : o->rate;
}

static void step(double w[WIDTH], trained *t, const setting *s, const record *rows, size_t count, uint32_t i,
                 int output) {
  double g[WIDTH] = {0};
  for (size_t r = 0; r < count; r++) {
    const double score = score_of(w, &rows[r]), e = residual(s, score, rows[r].label, output) / (double)count;
    t->largest_score = fmax(t->largest_score, fabs(score));
    for (int c = 0; c < FEATURES; c++) g[c] += e * rows[r].x[c];
    g[FEATURES] += e;
  }
  double squares = 0;
  for (int c = 0; c < WIDTH; c++) {
    w[c] += rate_of(s, i) * (g[c] - (c < FEATURES ? s->options.l2 * w[c] : 0));
    squares += w[c] * w[c];
  }
  t->largest_norm = fmax(t->largest_norm, sqrt(squares));
}

static trained train(const setting *s, const record *rows) {
  trained t = {0};
  const size_t count = s->options.rows, batch = s->options.batch ? s->options.batch : count;
  const size_t batches = (count + batch - 1) / batch;
  for (int k = 0; k < outputs_of(s); k++)
    for (uint32_t i = 0; i < s->options.iterations; i++) {
      const size_t first = i % batches * batch, left = count - first;
      step(t.w[k], &t, s, rows + first, left < batch ? left : batch, i, k);
    }
  return t;
}

/* ---- the worst ones ---- */

typedef struct worst {
  double distance, score, norm;
} worst;

static double run(worst *seen, const setting *s, const neighbours *n) {
  record rows[MOST_ROWS];
  for (size_t r = 0; r < s->options.rows; r++) rows[r] = n->common[r % KINDS];
  rows[n->at] = n->one;
  const trained a = train(s, rows);
  rows[n->at] = n->other;
  const trained b = train(s, rows);
  double squares = 0;
  for (int k = 0; k < outputs_of(s); k++)
    for (int c = 0; c < WIDTH; c++) squares += (a.w[k][c] - b.w[k][c]) * (a.w[k][c] - b.w[k][c]);
  seen->distance = fmax(seen->distance, sqrt(squares));
  seen->score = fmax(seen->score, fmax(a.largest_score, b.largest_score));
  seen->norm = fmax(seen->norm, fmax(a.largest_norm, b.largest_norm));
  return sqrt(squares);
}

static double draw_label(const setting *s, uint64_t *state) {
  if (is_squared(s)) return s->privacy.label_limit * (uniform(state) > 0 ? 1 : -1);
  if (outputs_of(s) > 1) return (double)(next_word(state) % outputs_of(s));
  return uniform(state) > 0 ? 1 : -1;
}

/* Features within the norm. */
static void settle(record *r, double norm) {
  const double length = hypot(r->x[0], r->x[1]);
  for (int c = 0; c < FEATURES && length > norm; c++) r->x[c] *= norm / length;
}

static record draw_record(const setting *s, uint64_t *state) {
  record r = {{4 * s->privacy.norm * uniform(state), 4 * s->privacy.norm * uniform(state)}, draw_label(s, state)};
  settle(&r, s->privacy.norm);
  return r;
}

static void disturb(record *r, const setting *s, double size, uint64_t *state) {
  if (next_word(state) % 8 == 0) r->label = draw_label(s, state);
  for (int c = 0; c < FEATURES; c++) r->x[c] += size * s->privacy.norm * uniform(state);
  settle(r, s->privacy.norm);
}

enum { STARTS = 12, MOVES = 400 };

/* From random data sets uphill. */
static worst search(const setting *s) {
  uint64_t state = 7;
  worst seen = {0};
  for (int start = 0; start < STARTS; start++) {
    neighbours best = {draw_record(s, &state),
                       draw_record(s, &state),
                       {{{0}, 0}},
                       start % 2 ? s->options.rows - 1 : 0}; /* the last batch may be the smallest */
    for (int k = 0; k < KINDS; k++) best.common[k] = draw_record(s, &state);
    double most = run(&seen, s, &best);
    for (int move = 0; move < MOVES; move++) {
      neighbours next = best;
      const uint64_t which = next_word(&state) % (KINDS + 4);
      record *moved = which < KINDS ? &next.common[which] : which % 2 ? &next.one : &next.other;
      disturb(moved, s, exp2(-(double)(move % 8)), &state);
      const double found = run(&seen, s, &next);
      if (found < most) continue;
      most = found;
      best = next;
    }
  }
  return seen;
}

/* ---- settings ---- */

static void prepare(setting *s) {
  umbra_train_options_init(&s->options);
  umbra_sigmoid_options_init(&s->sigmoid);
  umbra_privacy_options_init(&s->privacy);
  s->options.optimizer = UMBRA_OPTIMIZER_PLAIN;
  s->options.sigmoid = &s->sigmoid;
  s->options.privacy = &s->privacy;
  s->options.rows = MOST_ROWS;
  s->options.columns = FEATURES;
  s->options.iterations = 10;
  s->sigmoid.degree = 7;
  s->privacy.epsilon = 1;
  s->privacy.delta = 1e-5;
}

/* The bound holds, and the worst that is found comes to so much of it. */
static void check(setting *s, double least) {
  umbra_sensitivity bound = {UMBRA_SENSITIVITY_INIT};
  assert_ok(umbra_sigmoid_fit(s->coefficient, &s->sigmoid));
  assert_ok(umbra_train_sensitivity(&bound, &s->options));
  const worst found = search(s);
  assert_true(found.distance <= bound.sensitivity);
  assert_true(found.score <= bound.largest_score);
  assert_true(found.norm <= bound.largest_norm);
  assert_true(found.distance >= least * bound.sensitivity);
}

static void logistic_models(void **state) {
  (void)state;
  static const struct shape {
    uint32_t degree, iterations, batch;
    double range, rate, l2, norm, least;
  } shapes[] = {{7, 1, 0, 8, 1, 0, 1, 0.99},   {7, 10, 0, 8, 1, 0, 1, 0.8},     {7, 10, 20, 8, 1, 0, 1, 0.8},
                {7, 9, 25, 8, 0.5, 0, 1, 0.8}, {15, 30, 0, 12, 1, 0, 1, 0.7},   {3, 10, 0, 8, 1, 0, 1, 0.8},
                {3, 25, 0, 8, 1, 0, 1, 0.4},   {15, 30, 0, 12, 1, 0.3, 1, 0.2}, {7, 12, 10, 16, 0.5, 0.1, 2, 0.5},
                {15, 6, 0, 20, 4, 0, 1, 0.4},  {1, 6, 0, 8, 1, 0, 1, 0.8},      {7, 10, 0, 4, 1, 0.1, 0.25, 0.7}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    setting s = {0};
    prepare(&s);
    s.sigmoid.degree = shapes[i].degree;
    s.sigmoid.range = shapes[i].range;
    s.options.iterations = shapes[i].iterations;
    s.options.batch = shapes[i].batch;
    s.options.rate = shapes[i].rate;
    s.options.l2 = shapes[i].l2;
    s.privacy.norm = shapes[i].norm;
    check(&s, shapes[i].least);
  }
}

static void heads_of_classes(void **state) {
  (void)state;
  for (uint32_t outputs = 1; outputs <= MOST_OUTPUTS; outputs += 2) {
    setting s = {0};
    prepare(&s);
    s.options.kind = UMBRA_TRAIN_NETWORK;
    s.options.outputs = outputs;
    s.options.schedule = UMBRA_RATE_INVERSE;
    s.options.decay = 0.2;
    check(&s, 0.6);
  }
}

static void linear_regression(void **state) {
  (void)state;
  for (double limit = 0.5; limit <= 3; limit += 2.5) {
    setting s = {0};
    prepare(&s);
    s.options.kind = UMBRA_TRAIN_NETWORK;
    s.options.loss = UMBRA_LOSS_SQUARED;
    s.options.rate = 0.5;
    s.options.batch = 20;
    s.sigmoid.range = 64;
    s.privacy.label_limit = limit;
    check(&s, 0.5);
  }
}

/* ---- what is asked for ---- */

static void expect_refused(setting *s, umbra_status status, const char *words) {
  umbra_sensitivity bound = {UMBRA_SENSITIVITY_INIT, .sensitivity = -1};
  assert_fails(umbra_train_sensitivity(&bound, &s->options), status, words);
  assert_true(bound.sensitivity == -1);
}

static void what_has_no_bound_is_refused(void **state) {
  (void)state;
  setting s;
#define WITH(change, status, words)    \
  do {                                 \
    s = (setting){0};                  \
    prepare(&s);                       \
    change;                            \
    expect_refused(&s, status, words); \
  } while (0)
  const umbra_status wrong = UMBRA_ERROR_INVALID_ARGUMENT;
  WITH(s.options.optimizer = UMBRA_OPTIMIZER_ACCELERATED, wrong, "UMBRA_OPTIMIZER_PLAIN");
  WITH(s.options.optimizer = UMBRA_OPTIMIZER_NESTEROV, wrong, "UMBRA_OPTIMIZER_PLAIN");
  WITH(s.options.kind = UMBRA_TRAIN_WEIGHTED, wrong, "weigh the same");
  WITH((s.options.kind = UMBRA_TRAIN_NETWORK, s.options.hidden[0] = 2), wrong, "linear models");
  WITH((s.options.kind = UMBRA_TRAIN_NETWORK, s.options.loss = UMBRA_LOSS_SQUARED), wrong, "label_limit");
  WITH(s.privacy.label_limit = 1, wrong, "label_limit");
  WITH(s.privacy.norm = 0, wrong, "norm");
  WITH(s.privacy.norm = NAN, wrong, "norm");
  WITH(s.privacy.epsilon = 0, wrong, "epsilon");
  WITH(s.privacy.delta = 1, wrong, "delta");
  WITH(s.options.privacy = NULL, wrong, "with privacy");
  WITH(s.options.iterations = 1000, UMBRA_ERROR_RANGE, "A larger range");
  WITH(s.sigmoid.range = 1, UMBRA_ERROR_RANGE, "in iteration 2");
#undef WITH
}

/* More records, less of one; a longer training, more of it; and many iterations take no long time. */
static void bounds_are_monotone(void **state) {
  (void)state;
  umbra_sensitivity few = {UMBRA_SENSITIVITY_INIT}, many = {UMBRA_SENSITIVITY_INIT}, longer = {UMBRA_SENSITIVITY_INIT};
  setting s = {0};
  prepare(&s);
  assert_ok(umbra_train_sensitivity(&few, &s.options));
  s.options.rows = 4000;
  assert_ok(umbra_train_sensitivity(&many, &s.options));
  assert_true(fabs(few.sensitivity / many.sensitivity * MOST_ROWS / 4000 - 1) < 1e-9);
  s.options.iterations = 20;
  assert_ok(umbra_train_sensitivity(&longer, &s.options));
  assert_true(longer.sensitivity > many.sensitivity && longer.largest_norm > many.largest_norm);
  s.options.iterations = 5000;
  s.options.rate = 0.001;
  assert_ok(umbra_train_sensitivity(&longer, &s.options));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(logistic_models), cmocka_unit_test(heads_of_classes), cmocka_unit_test(linear_regression),
      cmocka_unit_test(what_has_no_bound_is_refused), cmocka_unit_test(bounds_are_monotone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
