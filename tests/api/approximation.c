/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Polynomial networks: ranges, fits, reports and outputs against what plain loops say of the same records, the search
 * against all choices that there are, what is refused, and that failures change nothing.
 */
#include "../networks.h"

enum { INPUTS = 6, HIDDEN = 8, OUTPUTS = 3, RECORDS = 200, FIRST = 1, SECOND = 3 };

/* Nodes: input, dense, activation, dense, activation, two dense. exposed: what activations read are outputs, too. */
static umbra_model *network(umbra_function function, int exposed) {
  umbra_model *model = NULL;
  uint32_t node;
  assert_ok(umbra_model_create(&model, (const size_t[]){INPUTS}, 1));
  assert_ok(umbra_model_activation(model, &node, random_dense(model, 0, INPUTS, HIDDEN, 1), function));
  assert_ok(umbra_model_activation(model, &node, random_dense(model, node, HIDDEN, HIDDEN, 3), function));
  assert_ok(umbra_model_output(model, "logits", random_dense(model, node, HIDDEN, OUTPUTS, 5), NULL, 0, NULL));
  assert_ok(umbra_model_output(model, "score", random_dense(model, node, HIDDEN, 1, 7), NULL, 0, NULL));
  for (uint32_t i = FIRST; exposed && i <= SECOND; i += 2)
    assert_ok(umbra_model_output(model, i == FIRST ? "first" : "second", i, NULL, 0, NULL));
  return model;
}

static umbra_ndarray run(const umbra_model *model, const umbra_ndarray *records, size_t output) {
  umbra_ndarray out = {0};
  assert_ok(umbra_model_run(model, &out, records, output, NULL));
  return out;
}

static umbra_model_ranges *calibrated(const umbra_model *model, const umbra_ndarray *records) {
  umbra_model_ranges *ranges = NULL;
  assert_ok(umbra_model_calibrate(model, &ranges, records, NULL));
  return ranges;
}

static umbra_approximation_report report_of(const umbra_approximation *approximation) {
  umbra_approximation_report report;
  umbra_approximation_report_init(&report);
  assert_ok(umbra_approximation_get_report(approximation, &report));
  return report;
}

static umbra_activation_report activation_of(const umbra_approximation *approximation, size_t i) {
  umbra_activation_report report;
  umbra_activation_report_init(&report);
  assert_ok(umbra_approximation_get_activation(approximation, &report, i));
  return report;
}

static umbra_approximation_options options_of(double error, uint32_t degree) {
  umbra_approximation_options options;
  umbra_approximation_options_init(&options);
  if (error > 0) options.error = error;
  options.degree = degree;
  return options;
}

/* ---- calibration ---- */

static void extremes(double interval[2], const umbra_ndarray *values, size_t first, size_t step) {
  interval[0] = INFINITY;
  interval[1] = -INFINITY;
  for (size_t i = first; i < umbra_ndarray_count(values); i += step) {
    interval[0] = fmin(interval[0], values->values[i]);
    interval[1] = fmax(interval[1], values->values[i]);
  }
}

static void ranges_of_values(void **state) {
  (void)state;
  umbra_model *model = network(UMBRA_FUNCTION_TANH, 1);
  umbra_ndarray records = random_batch(RECORDS, INPUTS, 2, 11);
  umbra_model_ranges *ranges = calibrated(model, &records);
  double found[2], wanted[2];
  assert_int_equal(umbra_model_ranges_records(ranges), RECORDS);
  for (size_t k = 0; k < INPUTS; k++) {
    extremes(wanted, &records, k, INPUTS);
    assert_ok(umbra_model_ranges_feature(ranges, found, k));
    assert_true(found[0] == wanted[0] && found[1] == wanted[1]);
  }
  for (size_t output = 2; output < 4; output++) {
    umbra_ndarray values = run(model, &records, output);
    extremes(wanted, &values, 0, 1);
    assert_ok(umbra_model_ranges_node(ranges, found, output == 2 ? FIRST : SECOND));
    assert_true(found[0] == wanted[0] && found[1] == wanted[1]);
    umbra_ndarray_clear(&values);
  }
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "node 7 of 7", umbra_model_ranges_node(ranges, found, 7));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "element 6 of 6", umbra_model_ranges_feature(ranges, found, INPUTS));
  umbra_model_ranges_destroy(ranges);
  umbra_ndarray_clear(&records);
  umbra_model_destroy(model);
}

/* ---- fits ---- */

/* A network that is one activation. */
static umbra_model *single(umbra_function function) {
  umbra_model *model = NULL;
  uint32_t node;
  assert_ok(umbra_model_create(&model, (const size_t[]){1}, 1));
  assert_ok(umbra_model_activation(model, &node, 0, function));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  return model;
}

/* Skewed, so that the density matters. */
static umbra_ndarray skewed(size_t count) {
  umbra_ndarray made = random_batch(count, 1, 1, 17);
  for (size_t i = 0; i < count; i++) made.values[i] = 3 * pow(made.values[i], 3) + 0.3;
  return made;
}

enum { BINS = 64, EACH = 500, GRID = BINS * EACH };

static double largest_of(const umbra_ndarray *values) {
  double interval[2];
  extremes(interval, values, 0, 1);
  return fmax(fabs(interval[0]), fabs(interval[1]));
}

/* The middles of GRID parts of [-bound, bound]. */
static umbra_ndarray grid_of(double bound) {
  umbra_ndarray made = random_batch(GRID, 1, 0, 1);
  for (int i = 0; i < GRID; i++) made.values[i] = bound * ((2 * i + 1.0) / GRID - 1);
  return made;
}

/* What makes it the least: weighted by density and floor, the error is orthogonal to all powers up to the degree. */
static void fits_are_weighted(void **state) {
  (void)state;
  enum { SAMPLES = 3000, DEGREE = 4 };
  const double floor = 0.3, margin = 1.25;
  umbra_model *model = single(UMBRA_FUNCTION_RELU);
  umbra_ndarray samples = skewed(SAMPLES), grid = grid_of(margin * largest_of(&samples));
  umbra_model_ranges *ranges = calibrated(model, &samples);
  umbra_approximation *facts = NULL;
  umbra_approximation_options options = options_of(0, DEGREE);
  options.floor = floor;
  options.margin = margin;
  assert_ok(umbra_model_approximate(model, &model, &facts, ranges, &samples, &options, NULL));
  const double bound = activation_of(facts, 0).bound;
  assert_true(bound == margin * largest_of(&samples));
  double weight[BINS] = {0}, product[DEGREE + 1] = {0}, size[DEGREE + 1] = {0};
  for (size_t i = 0; i < SAMPLES; i++) weight[(int)((samples.values[i] / bound + 1) / 2 * BINS)] += BINS / 3000.0;
  umbra_ndarray values = run(model, &grid, 0);
  for (int i = 0; i < GRID; i++)
    for (int k = 0; k <= DEGREE; k++) {
      double x = grid.values[i],
             part = (weight[i / EACH] + floor) * (values.values[i] - fmax(x, 0)) * pow(x / bound, k);
      product[k] += part;
      size[k] += fabs(part);
    }
  for (int k = 0; k <= DEGREE; k++)
    if (!(fabs(product[k]) < 1e-5 * size[k])) fail_msg("power %d: %g of %g", k, product[k], size[k]);
  umbra_ndarray_clear(&values);
  umbra_ndarray_clear(&grid);
  umbra_ndarray_clear(&samples);
  umbra_approximation_destroy(facts);
  umbra_model_ranges_destroy(ranges);
  umbra_model_destroy(model);
}

static void relu_by_composites(void **state) {
  (void)state;
  static const uint32_t degrees[] = {7, 15, 15};
  umbra_model *model = single(UMBRA_FUNCTION_RELU);
  umbra_ndarray samples = skewed(300);
  umbra_model_ranges *ranges = calibrated(model, &samples);
  umbra_approximation *facts = NULL;
  umbra_sign_plan *sign = NULL;
  umbra_approximation_options options = options_of(0, 0);
  options.sign_degrees = degrees;
  options.sign_count = 3;
  assert_ok(umbra_model_approximate(model, &model, &facts, ranges, &samples, &options, NULL));
  umbra_activation_report a = activation_of(facts, 0);
  assert_int_equal(umbra_model_kind(model, 1), UMBRA_NODE_SIGN_RELU);
  assert_true(a.node == 1 && a.function == UMBRA_FUNCTION_RELU && a.degree == 0 && a.levels == 12);
  assert_true(a.sign_count == 3 && memcmp(a.sign_degrees, degrees, sizeof degrees) == 0 && a.sign_degrees[3] == 0);
  umbra_sign_options of_sign = {UMBRA_SIGN_OPTIONS_INIT, .degrees = degrees, .count = 3};
  of_sign.range = a.bound;
  assert_ok(umbra_sign_plan_create(&sign, &of_sign));
  umbra_ndarray values = run(model, &samples, 0);
  for (size_t i = 0; i < 300; i++) {
    double x = samples.values[i];
    assert_true(fabs(values.values[i] - x * (1 + umbra_sign_plan_value(sign, x)) / 2) < 1e-12);
  }
  umbra_sign_plan_destroy(sign);
  umbra_ndarray_clear(&values);
  umbra_ndarray_clear(&samples);
  umbra_approximation_destroy(facts);
  umbra_model_ranges_destroy(ranges);
  umbra_model_destroy(model);
}

/* ---- reports ---- */

/* The label, and how far it is from another one. */
static int label(double *gap, const double *values, int count) {
  int best = 0;
  for (int i = 1; i < count; i++) best = values[i] > values[best] ? i : best;
  *gap = count == 1 ? 2 * fabs(values[0]) : INFINITY;
  for (int i = 0; i < count; i++)
    if (i != best && values[best] - values[i] < *gap) *gap = values[best] - values[i];
  return count == 1 ? values[0] > 0 : best;
}

typedef struct truth {
  double error[RECORDS], gap[RECORDS];
  int same[RECORDS];
} truth;

static void add_output(truth *t, const umbra_model *exact, const umbra_model *other, const umbra_ndarray *records,
                       size_t output, int each) {
  umbra_ndarray a = run(exact, records, output), b = run(other, records, output);
  for (int i = 0; i < RECORDS; i++) {
    double gap, unused;
    int wanted = label(&gap, a.values + i * each, each);
    t->same[i] &= wanted == label(&unused, b.values + i * each, each);
    t->gap[i] = fmin(t->gap[i], gap);
    for (int k = 0; k < each; k++)
      t->error[i] = fmax(t->error[i], fabs(a.values[i * each + k] - b.values[i * each + k]));
  }
  umbra_ndarray_clear(&a);
  umbra_ndarray_clear(&b);
}

/* The number of records with a smaller error, and with one that is no larger, say whether it is the middle one. */
static void assert_median(const truth *t, double median) {
  int below = 0, up_to = 0;
  for (int i = 0; i < RECORDS; i++) {
    below += t->error[i] < median;
    up_to += t->error[i] <= median;
  }
  assert_true(below <= RECORDS / 2 && up_to > RECORDS / 2);
}

static void check_report(const umbra_approximation_report *r, const umbra_model *exact, const umbra_model *other,
                         const umbra_ndarray *records) {
  static truth t;
  double largest = 0;
  size_t equal = 0, wrong = 0, ties = 0;
  for (int i = 0; i < RECORDS; i++) t.error[i] = 0, t.gap[i] = INFINITY, t.same[i] = 1;
  add_output(&t, exact, other, records, 0, OUTPUTS);
  add_output(&t, exact, other, records, 1, 1);
  for (int i = 0; i < RECORDS; i++) {
    int tie = t.gap[i] < 4 * r->median_error;
    largest = fmax(largest, t.error[i]);
    equal += (size_t)t.same[i];
    ties += (size_t)tie;
    wrong += (size_t)(!t.same[i] && !tie);
  }
  assert_true(r->records == RECORDS && r->outside == 0);
  assert_true(fabs(r->largest_error - largest) < 1e-12);
  assert_median(&t, r->median_error);
  assert_true(r->labels_equal == equal && r->near_ties == ties && r->labels_wrong == wrong);
  assert_true(equal > 0 && equal < RECORDS && ties > 0); /* so that something has been counted */
}

/* How much of its interval each polynomial uses, in the polynomial network. */
static void check_use(const umbra_approximation *facts, const umbra_model_ranges *ranges, const umbra_ndarray *records,
                      const umbra_approximation_options *options) {
  umbra_model *exposed = network(UMBRA_FUNCTION_RELU, 1);
  double most = 0;
  assert_ok(umbra_model_approximate(exposed, &exposed, NULL, ranges, records, options, NULL));
  for (size_t i = 0; i < 2; i++) {
    umbra_activation_report a = activation_of(facts, i);
    umbra_ndarray values = run(exposed, records, 2 + i);
    assert_true(a.node == (i ? SECOND : FIRST) + 1 && a.degree == options->degree && a.sign_count == 0);
    assert_true(fabs(a.use - largest_of(&values) / a.bound) < 1e-12);
    most = fmax(most, a.use);
    umbra_ndarray_clear(&values);
  }
  assert_true(report_of(facts).use == most && umbra_approximation_activations(facts) == 2);
  umbra_model_destroy(exposed);
}

static void reports(void **state) {
  (void)state;
  umbra_model *exact = network(UMBRA_FUNCTION_RELU, 0), *other = NULL;
  umbra_ndarray samples = random_batch(RECORDS, INPUTS, 2, 11), records = random_batch(RECORDS, INPUTS, 2, 12);
  umbra_model_ranges *ranges = calibrated(exact, &samples);
  umbra_approximation *facts = NULL;
  umbra_approximation_options options = options_of(0, 3);
  assert_ok(umbra_model_approximate(exact, &other, &facts, ranges, &records, &options, NULL));
  const umbra_approximation_report r = report_of(facts);
  assert_int_equal(umbra_model_nodes(other), umbra_model_nodes(exact));
  assert_int_equal(umbra_model_kind(other, FIRST + 1), UMBRA_NODE_CHEBYSHEV);
  assert_int_equal(r.levels, 2 + 2);
  check_report(&r, exact, other, &records);
  check_use(facts, ranges, &records, &options);
  umbra_approximation_destroy(facts);
  umbra_model_ranges_destroy(ranges);
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&records);
  umbra_model_destroy(exact);
  umbra_model_destroy(other);
}

static void records_outside(void **state) {
  (void)state;
  umbra_model *model = single(UMBRA_FUNCTION_SIGMOID), *other = NULL;
  umbra_ndarray samples = random_batch(100, 1, 1, 3), records = random_batch(100, 1, 3, 4), out = {0};
  umbra_model_ranges *ranges = calibrated(model, &samples);
  umbra_approximation *facts = NULL;
  umbra_approximation_options options = options_of(0, 7);
  assert_ok(umbra_model_approximate(model, &other, &facts, ranges, &records, &options, NULL));
  const umbra_activation_report a = activation_of(facts, 0);
  umbra_approximation_report r = report_of(facts);
  size_t outside = 0, first = 0;
  for (size_t i = 0; i < 100; i++) {
    if (!(fabs(records.values[i]) > a.bound)) continue;
    if (!outside++) first = i + 1;
  }
  char text[64];
  snprintf(text, sizeof text, "record %zu: node 1 (chebyshev)", first);
  assert_true(outside > 10 && r.outside == outside && r.labels_equal == 100 - outside);
  assert_true(r.largest_error < 1e-2 && r.use == largest_of(&records) / a.bound);
  assert_refused(UMBRA_ERROR_RANGE, text, umbra_model_run(other, &out, &records, 0, NULL));
  assert_refused(UMBRA_ERROR_RANGE, text, umbra_model_calibrate(other, &ranges, &records, NULL));
  options = options_of(0.1, 0);
  assert_refused(UMBRA_ERROR_RANGE, "off by inf",
                 umbra_model_approximate(model, &other, &facts, ranges, &records, &options, NULL));
  umbra_approximation_destroy(facts);
  umbra_model_ranges_destroy(ranges);
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&records);
  umbra_model_destroy(model);
  umbra_model_destroy(other);
}

/* A value that leaves its interval spoils the ciphertext that it is in, whether or not anything reads it. */
static void outside_where_nobody_looks(void **state) {
  (void)state;
  umbra_model *model = NULL;
  uint32_t node;
  umbra_ndarray samples = {2, {2, 2}, (double[]){1, 1, -1, -1}}, records = {2, {2, 2}, (double[]){1, 9, 1, 1}};
  umbra_ndarray out = {0};
  assert_ok(umbra_model_create(&model, (const size_t[]){2}, 1));
  assert_ok(umbra_model_activation(model, &node, 0, UMBRA_FUNCTION_TANH));
  assert_ok(umbra_model_select(model, &node, node, (const int32_t[]){0}, 1));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  umbra_model_ranges *ranges = calibrated(model, &samples);
  umbra_approximation *facts = NULL;
  const umbra_approximation_options options = options_of(0, 7);
  assert_ok(umbra_model_approximate(model, &model, &facts, ranges, &records, &options, NULL));
  assert_true(report_of(facts).outside == 1 && report_of(facts).labels_equal == 1);
  assert_true(report_of(facts).use == 9 / 1.6 && report_of(facts).largest_error < 0.01);
  assert_refused(UMBRA_ERROR_RANGE,
                 "record 1: node 1 (chebyshev) is given 9, which is outside its interval [-1.6, 1.6]",
                 umbra_model_run(model, &out, &records, 0, NULL));
  umbra_approximation_destroy(facts);
  umbra_model_ranges_destroy(ranges);
  umbra_model_destroy(model);
}

/* ---- the search ---- */

static const uint32_t known[] = {2, 3, 7, 15, 27, 59, 127};
enum { KNOWN = sizeof known / sizeof *known };

typedef struct table {
  double error[KNOWN][KNOWN]; /* of the network with these degrees */
} table;

static void fill_table(table *t, const umbra_model *model, const umbra_model_ranges *ranges,
                       const umbra_ndarray *records) {
  for (int i = 0; i < KNOWN; i++)
    for (int k = 0; k < KNOWN; k++) {
      const umbra_activation_choice choices[] = {{UMBRA_ACTIVATION_CHOICE_INIT, .node = SECOND + 1, .degree = known[k]},
                                                 {UMBRA_ACTIVATION_CHOICE_INIT, .node = FIRST + 1, .degree = known[i]}};
      umbra_approximation_options options = options_of(0, 0);
      umbra_approximation *facts = NULL;
      umbra_model *other = NULL;
      options.choices = choices;
      options.choice_count = 2;
      assert_ok(umbra_model_approximate(model, &other, &facts, ranges, records, &options, NULL));
      assert_true(activation_of(facts, 0).degree == known[i] && activation_of(facts, 1).degree == known[k]);
      t->error[i][k] = report_of(facts).largest_error;
      umbra_approximation_destroy(facts);
      umbra_model_destroy(other);
    }
}

/* Degree number i takes i + 1 levels. */
static uint32_t fewest_levels(const table *t, double error) {
  uint32_t best = 2 * KNOWN + 1;
  for (uint32_t i = 0; i < KNOWN; i++)
    for (uint32_t k = 0; k < KNOWN; k++)
      if (t->error[i][k] <= error && i + k + 2 < best) best = i + k + 2;
  return best;
}

/* As few levels as any choice takes, or one more. */
static void search_by_error(void **state) {
  (void)state;
  umbra_model *model = network(UMBRA_FUNCTION_SILU, 0);
  umbra_ndarray records = random_batch(RECORDS, INPUTS, 3, 21);
  umbra_model_ranges *ranges = calibrated(model, &records);
  static table t;
  fill_table(&t, model, ranges, &records);
  int optimal = 0;
  for (int i = 2; i <= 20; i++) {
    umbra_approximation *facts = NULL;
    umbra_model *other = NULL;
    umbra_approximation_options options = options_of(exp2(-i), 0);
    const uint32_t best = fewest_levels(&t, options.error);
    if (best > 2 * KNOWN) break;
    assert_ok(umbra_model_approximate(model, &other, &facts, ranges, &records, &options, NULL));
    umbra_approximation_report r = report_of(facts);
    assert_true(r.largest_error <= options.error && r.outside == 0);
    if (r.levels < best || r.levels > best + 1) fail_msg("error 2^-%d: %u levels, best %u", i, r.levels, best);
    optimal += r.levels == best;
    umbra_approximation_destroy(facts);
    umbra_model_destroy(other);
  }
  assert_true(optimal >= 10);
  umbra_model_ranges_destroy(ranges);
  umbra_ndarray_clear(&records);
  umbra_model_destroy(model);
}

/* Composites for what polynomials cannot reach, within the levels. */
static void search_among_composites(void **state) {
  (void)state;
  umbra_model *model = network(UMBRA_FUNCTION_RELU, 0), *other = NULL, *none = NULL;
  umbra_ndarray records = random_batch(50, INPUTS, 2, 21);
  umbra_model_ranges *ranges = calibrated(model, &records);
  umbra_approximation *facts = NULL;
  umbra_approximation_options options = options_of(0x1p-7, 0);
  assert_ok(umbra_model_approximate(model, &other, &facts, ranges, &records, &options, NULL));
  assert_true(report_of(facts).largest_error <= options.error);
  assert_true(activation_of(facts, 0).sign_count || activation_of(facts, 1).sign_count);
  options.levels = 5;
  assert_refused(UMBRA_ERROR_RANGE, "the best polynomial network are off by",
                 umbra_model_approximate(model, &none, &facts, ranges, &records, &options, NULL));
  assert_null(none);
  options.error = 1;
  assert_ok(umbra_model_approximate(model, &other, &facts, ranges, &records, &options, NULL));
  assert_true(activation_of(facts, 0).levels <= 5 && activation_of(facts, 1).levels <= 5);
  umbra_approximation_destroy(facts);
  umbra_model_ranges_destroy(ranges);
  umbra_ndarray_clear(&records);
  umbra_model_destroy(model);
  umbra_model_destroy(other);
}

/* ---- the rest of a model ---- */

/* Polynomials stay, and so do closing steps, labels and values that are all 0. */
static void what_stays(void **state) {
  (void)state;
  static const umbra_closing steps[] = {UMBRA_CLOSING_SOFTMAX, UMBRA_CLOSING_ARGMAX};
  umbra_model *model = NULL;
  uint32_t node;
  assert_ok(umbra_model_create(&model, (const size_t[]){INPUTS}, 1));
  assert_ok(umbra_model_polynomial(model, &node, 0, (const double[]){0, 0, 1}, 3));
  assert_ok(umbra_model_scale_shift(model, &node, node, (const double[]){0}, NULL, 1));
  assert_ok(umbra_model_activation(model, &node, node, UMBRA_FUNCTION_SIGMOID));
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_ADD, (const uint32_t[]){node, 1}, 2));
  assert_ok(umbra_model_output(model, "label", node, steps, 2, (const double[]){10, 11, 12, 13, 14, 15}));
  umbra_ndarray records = random_batch(20, INPUTS, 1, 5), wanted = run(model, &records, 0);
  umbra_model_ranges *ranges = calibrated(model, &records);
  umbra_approximation_options options = options_of(0, 7);
  assert_ok(umbra_model_approximate(model, &model, NULL, ranges, &records, &options, NULL));
  assert_int_equal(umbra_model_kind(model, 1), UMBRA_NODE_POLYNOMIAL);
  assert_int_equal(umbra_model_kind(model, 3), UMBRA_NODE_CHEBYSHEV);
  assert_string_equal(umbra_model_output_name(model, 0), "label");
  umbra_ndarray found = run(model, &records, 0);
  assert_memory_equal(found.values, wanted.values, 20 * sizeof(double));
  umbra_model_ranges_destroy(ranges);
  umbra_ndarray_clear(&found);
  umbra_ndarray_clear(&wanted);
  umbra_ndarray_clear(&records);
  umbra_model_destroy(model);
}

/* ---- what is refused ---- */

typedef struct refusal {
  umbra_model *model, *other;
  umbra_approximation *facts;
  umbra_model_ranges *ranges;
  umbra_ndarray records;
} refusal;

static refusal refusal_open(void) {
  refusal r = {.model = network(UMBRA_FUNCTION_SILU, 0), .records = random_batch(10, INPUTS, 1, 1)};
  r.ranges = calibrated(r.model, &r.records);
  return r;
}

static void refusal_close(refusal *r) {
  assert_true(!r->other && !r->facts);
  umbra_model_ranges_destroy(r->ranges);
  umbra_ndarray_clear(&r->records);
  umbra_model_destroy(r->model);
}

static void refuse(refusal *r, const char *text, umbra_approximation_options options) {
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, text,
                 umbra_model_approximate(r->model, &r->other, &r->facts, r->ranges, &r->records, &options, NULL));
}

static void options_that_cannot_be(void **state) {
  (void)state;
  static const uint32_t sign[] = {7, 15}, even[] = {8};
  refusal r = refusal_open();
  umbra_activation_choice two[] = {{UMBRA_ACTIVATION_CHOICE_INIT, .node = 2, .degree = 3},
                                   {UMBRA_ACTIVATION_CHOICE_INIT, .node = 2, .degree = 5}};
  umbra_activation_choice none = {UMBRA_ACTIVATION_CHOICE_INIT, .node = 1, .degree = 3};
  umbra_activation_choice empty = {UMBRA_ACTIVATION_CHOICE_INIT, .node = 2};
  umbra_activation_choice signs = {UMBRA_ACTIVATION_CHOICE_INIT, .node = 2, .sign_degrees = sign, .sign_count = 2};
#define OPTIONS(...) ((umbra_approximation_options){.struct_size = sizeof(umbra_approximation_options), __VA_ARGS__})
#define SOUND .margin = 1.5, .floor = 0.1, .error = 0.1
  refuse(&r, "margin is 0.5", OPTIONS(.margin = 0.5, .floor = 0.1, .error = 0.1));
  refuse(&r, "margin is nan", OPTIONS(.margin = NAN, .floor = 0.1, .error = 0.1));
  refuse(&r, "floor is 0", OPTIONS(.margin = 1.5, .error = 0.1));
  refuse(&r, "error is 0", OPTIONS(.margin = 1.5, .floor = 0.1));
  refuse(&r, "degree is 256", OPTIONS(SOUND, .degree = 256));
  refuse(&r, "choices is NULL", OPTIONS(SOUND, .choice_count = 1));
  refuse(&r, "two choices for node 2", OPTIONS(SOUND, .choices = two, .choice_count = 2));
  refuse(&r, "node 1, which is no activation", OPTIONS(SOUND, .choices = &none, .choice_count = 1));
  refuse(&r, "node 2 takes a degree", OPTIONS(SOUND, .choices = &empty, .choice_count = 1));
  refuse(&r, "a composite is for ReLU", OPTIONS(SOUND, .choices = &signs, .choice_count = 1));
  umbra_model_destroy(r.model);
  r.model = network(UMBRA_FUNCTION_RELU, 0);
  refuse(&r, "degree 0 is 8", OPTIONS(SOUND, .sign_degrees = even, .sign_count = 1));
  refusal_close(&r);
}

static void inputs_that_do_not_fit(void **state) {
  (void)state;
  refusal r = refusal_open();
  umbra_model *bare = NULL, *large = single(UMBRA_FUNCTION_EXP);
  umbra_ndarray wide = random_batch(5, INPUTS + 1, 1, 1), huge = {2, {1, 1}, (double[]){1000}};
  assert_ok(umbra_model_create(&bare, (const size_t[]){INPUTS}, 1));
  const umbra_approximation_options options = options_of(0, 3);
#define APPROXIMATE(model, records) \
  umbra_model_approximate(model, &r.other, &r.facts, r.ranges, records, &options, NULL)
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "NULL", APPROXIMATE(NULL, &r.records));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "NULL", APPROXIMATE(r.model, NULL));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "no output", APPROXIMATE(bare, &r.records));
  assert_refused(UMBRA_ERROR_MISMATCH, "another model", APPROXIMATE(large, &r.records));
  assert_refused(UMBRA_ERROR_MISMATCH, "6 elements", APPROXIMATE(r.model, &wide));
  assert_refused(UMBRA_ERROR_MISMATCH, "6 elements", umbra_model_calibrate(r.model, &r.ranges, &wide, NULL));
  assert_refused(UMBRA_ERROR_RANGE, "record 1 is not finite, from node 1",
                 umbra_model_calibrate(large, &r.ranges, &huge, NULL));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "polynomial is NULL",
                 umbra_model_approximate(r.model, NULL, &r.facts, r.ranges, &r.records, &options, NULL));
  huge.values[0] = 700; /* e^700 is a double, e^1120 none */
  assert_ok(umbra_model_calibrate(large, &r.ranges, &huge, NULL));
  assert_refused(UMBRA_ERROR_RANGE, "the function is not finite at 7", APPROXIMATE(large, &huge));
  umbra_ndarray_clear(&wide);
  umbra_model_destroy(bare);
  umbra_model_destroy(large);
  refusal_close(&r);
}

/* ---- progress ---- */

typedef struct teller {
  int calls, last; /* last: the call that cancels; below 0: none */
  double fraction;
} teller;

static int tell(void *user, double fraction) {
  teller *t = user;
  assert_true(fraction >= t->fraction && fraction <= 1);
  t->fraction = fraction;
  return t->calls++ == t->last;
}

static void progress_and_cancelling(void **state) {
  (void)state;
  refusal r = refusal_open();
  teller t = {.last = 0};
  const umbra_progress progress = {tell, &t};
  const umbra_approximation_options options = options_of(0.01, 0);
  umbra_model_ranges *ranges = r.ranges;
  assert_int_equal(umbra_model_calibrate(r.model, &ranges, &r.records, &progress), UMBRA_ERROR_CANCELLED);
  assert_ptr_equal(ranges, r.ranges);
  t = (teller){.last = 0};
  assert_int_equal(umbra_model_approximate(r.model, &r.other, &r.facts, ranges, &r.records, &options, &progress),
                   UMBRA_ERROR_CANCELLED);
  assert_true(!r.other && !r.facts && t.calls == 1);
  t = (teller){.last = -1};
  assert_ok(umbra_model_approximate(r.model, &r.other, &r.facts, ranges, &r.records, &options, &progress));
  assert_true(t.calls >= 2 && t.fraction == 1);
  umbra_approximation_destroy(r.facts);
  umbra_model_destroy(r.other);
  r.facts = NULL;
  r.other = NULL;
  refusal_close(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranges_of_values),
      cmocka_unit_test(fits_are_weighted),
      cmocka_unit_test(relu_by_composites),
      cmocka_unit_test(reports),
      cmocka_unit_test(records_outside),
      cmocka_unit_test(outside_where_nobody_looks),
      cmocka_unit_test(search_by_error),
      cmocka_unit_test(search_among_composites),
      cmocka_unit_test(what_stays),
      cmocka_unit_test(options_that_cannot_be),
      cmocka_unit_test(inputs_that_do_not_fit),
      cmocka_unit_test(progress_and_cancelling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
