/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* Settings that a search finds: the choice among trials, what is given, what cannot be, what the result promises. */
#include <umbra/train_search.h>

#include "../host/base/memory.h"
#include "../host/base/watch.h"
#include "../host/train/search_space.h"
#include "train.h"
#include "watcher.h"

/* ---- the choice ---- */

static const umbra_stops stops = {2, {4, 10}};

/* Trials of one cost, but for the iterations. */
static umbra_search_trial trial_of(double auc4, double loss4, double auc10, double loss10, uint32_t reached) {
  return (umbra_search_trial){.course = {.reached = reached, .merit = {auc4, auc10}, .loss = {loss4, loss10}},
                              .cost = {.degree = 3, .period = 2, .iteration = 20, .refresh = 50}};
}

static void assert_chosen(const umbra_search_trial *trials, size_t count, size_t trial, uint32_t stop) {
  umbra_choice choice;
  assert_true(umbra_search_choose(&choice, trials, count, &stops, 0.002, 0.6));
  if (choice.trial != trial || choice.stop != stop)
    fail_msg("trial %zu, stop %u; not %zu, %u", choice.trial, choice.stop, trial, stop);
}

static void the_cheapest_that_is_nearly_the_best(void **state) {
  (void)state;
  umbra_search_trial trials[3] = {trial_of(0.9, 0.3, 0.95, 0.3, 2), trial_of(0.949, 0.3, 0.95, 0.3, 2),
                                  trial_of(0.9485, 0.3, 0.9505, 0.3, 2)};
  umbra_choice choice;
  assert_chosen(trials, 3, 1, 0);
  trials[2].trial.rate = 0.5; /* of equally cheap ones the largest rate */
  assert_chosen(trials, 3, 2, 0);
  trials[1].refused = 1;
  assert_chosen(trials, 3, 2, 0);
  trials[2].course.loss[0] = 0.4; /* its AUC is good and its loss is not */
  assert_chosen(trials, 3, 2, 1);
  trials[2].cost.refresh = 51;
  assert_chosen(trials, 3, 0, 1);
  trials[0].course.reached = 1;
  assert_chosen(trials, 3, 2, 1);
  trials[2].course.reached = 0;
  assert_chosen(trials, 3, 0, 0);
  trials[0].refused = 1;
  assert_false(umbra_search_choose(&choice, trials, 3, &stops, 0.002, 0.6));
}

static void costs_are_those_of_plans(void **state) {
  (void)state;
  umbra_params *params = training_params();
  for (uint32_t degree = 3; degree <= 31; degree = 2 * degree + 1)
    for (uint32_t iterations = 1; iterations < 12; iterations += 5) {
      umbra_sigmoid_options sigmoid = {.struct_size = sizeof sigmoid, .degree = degree, .range = 8};
      const umbra_train_options options = {.struct_size = sizeof options,
                                           .iterations = iterations,
                                           .rows = 90,
                                           .columns = 5,
                                           .rate = 1,
                                           .momentum = 0.01,
                                           .bound = 8,
                                           .sigmoid = &sigmoid};
      umbra_train_plan *plan = NULL;
      umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
      assert_ok(umbra_train_plan_create(&plan, params, &options));
      assert_ok(umbra_train_plan_report(plan, &report));
      const umbra_degree_cost cost = {.period = report.levels / report.depth};
      assert_int_equal(umbra_search_refreshes(&cost, iterations), report.bootstraps);
      umbra_train_plan_destroy(plan);
    }
  umbra_params_destroy(params);
}

/* Scores that are refreshed come out too low for a second iteration, for which there would be levels otherwise. */
static void costs_of_networks_are_those_of_plans(void **state) {
  (void)state;
  umbra_params *params = levels_of(10);
  umbra_train_plan *plan = NULL;
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  umbra_degree_cost cost;
  const umbra_sigmoid_options sigmoid = {.struct_size = sizeof sigmoid, .degree = 7, .range = 3};
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .kind = UMBRA_TRAIN_NETWORK, .sigmoid = &sigmoid};
  options.iterations = 5;
  options.rows = 50;
  options.columns = 4;
  options.outputs = 3;
  options.loss = UMBRA_LOSS_SOFTMAX;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_ok(umbra_train_plan_report(plan, &report));
  assert_true(report.bootstrapped_layers && report.levels / report.depth > 1);
  assert_ok(umbra_search_cost_of(&cost, params, &options));
  assert_int_equal(umbra_search_refreshes(&cost, options.iterations), report.bootstraps);
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
}

/* ---- searches ---- */

static umbra_train_trial chosen_of(const umbra_train_search *search) {
  umbra_train_trial trial = {UMBRA_TRAIN_TRIAL_INIT};
  assert_ok(umbra_train_search_trial(search, &trial, umbra_train_search_chosen(search)));
  return trial;
}

/* The plan and twin that follow from a trial keep within its range, and come to what it says. */
static void assert_plannable(const umbra_params *params, const umbra_records *records, const umbra_train_trial *t) {
  umbra_scaling *scaling = NULL;
  umbra_records *scaled = NULL;
  umbra_train_plan *plan = NULL;
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  umbra_sigmoid_options sigmoid = {.struct_size = sizeof sigmoid, .degree = t->degree, .range = t->range};
  umbra_train_options options = {.struct_size = sizeof options,
                                 .rate = t->rate,
                                 .iterations = t->iterations,
                                 .momentum = 0.01,
                                 .bound = 8,
                                 .sigmoid = &sigmoid};
  double weights[16], largest = 0;
  umbra_train_outcome trace[64];
  options.rows = umbra_records_rows(records);
  options.columns = umbra_records_columns(records);
  for (uint32_t i = 0; i < t->iterations; i++) umbra_train_outcome_init(&trace[i]);
  assert_ok(umbra_scaling_fit(&scaling, records, t->scaling, t->argument, t->clip));
  assert_ok(umbra_scaling_apply(scaling, &scaled, records));
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_ok(umbra_train_plan_report(plan, &report));
  assert_int_equal(report.bootstraps, t->refreshes);
  assert_ok(umbra_train_twin(weights, trace, t->iterations, plan, scaled, NULL, NULL));
  for (uint32_t i = 0; i < t->iterations; i++) largest = fmax(largest, trace[i].largest_score);
  assert_true(largest == t->largest_score && largest <= t->range);
  umbra_train_plan_destroy(plan);
  umbra_records_destroy(scaled);
  umbra_scaling_destroy(scaling);
}

static void searches_end_in_plans(void **state) {
  (void)state;
  umbra_params *params = training_params();
  for (uint64_t seed = 1; seed < 4; seed++) {
    umbra_records *records = random_records(120, 5, seed);
    umbra_train_search *search = NULL, *again = NULL;
    assert_ok(umbra_train_search_create(&search, params, records, NULL, NULL));
    const umbra_train_trial trial = chosen_of(search);
    assert_true(trial.auc > 0.9 && umbra_train_search_records(search) == 120 && umbra_train_search_folds(search) == 5);
    assert_plannable(params, records, &trial);
    assert_ok(umbra_train_search_create(&again, params, records, NULL, NULL));
    const umbra_train_trial same = chosen_of(again);
    assert_memory_equal(&same, &trial, sizeof trial);
    umbra_train_search_destroy(umbra_train_search_share(search));
    umbra_train_search_destroy(again);
    umbra_train_search_destroy(search);
    umbra_records_destroy(records);
  }
  umbra_params_destroy(params);
}

static void what_is_given_stays(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_records *records = random_records(90, 4, 8);
  umbra_train_search *search = NULL;
  const umbra_sigmoid_options sigmoid = {.struct_size = sizeof sigmoid, .degree = 5, .range = 10};
  umbra_train_options train = {UMBRA_TRAIN_OPTIONS_INIT, .sigmoid = &sigmoid};
  umbra_train_search_options options = {UMBRA_TRAIN_SEARCH_OPTIONS_INIT, .train = &train,
                                        .scaling = UMBRA_SCALING_CONSTANT, .argument = 0.5, .clip = 1.5};
  train.rate = 0.75;
  train.iterations = 7;
  for (uint32_t given = 0; given < 64; given += 7) {
    options.given = given;
    assert_ok(umbra_train_search_create(&search, params, records, &options, NULL));
    const umbra_train_trial t = chosen_of(search);
    assert_true(!(given & UMBRA_SETTING_SCALING) || (t.scaling == UMBRA_SCALING_CONSTANT && t.argument == 0.5));
    assert_true(!(given & UMBRA_SETTING_CLIP) || t.clip == 1.5);
    assert_true(!(given & UMBRA_SETTING_RATE) || t.rate == 0.75);
    assert_true(!(given & UMBRA_SETTING_DEGREE) || t.degree == 5);
    assert_true(!(given & UMBRA_SETTING_RANGE) || t.range == 10);
    assert_true(!(given & UMBRA_SETTING_ITERATIONS) || t.iterations == 7);
  }
  umbra_train_search_destroy(search);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

/* Of many records a part stands for all, and all of them are within the range. */
static void many_records(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_records *records = random_records(30000, 8, 5);
  umbra_train_search *search = NULL;
  const umbra_train_search_options options = {.struct_size = sizeof options, .tolerance = 0.002, .most_iterations = 8};
  assert_ok(umbra_train_search_create(&search, params, records, &options, NULL));
  assert_int_equal(umbra_train_search_folds(search), 1);
  assert_in_range(umbra_train_search_records(search), 15900, 16100); /* 640,000 / (8 + 32) */
  const umbra_train_trial trial = chosen_of(search);
  assert_plannable(params, records, &trial);
  umbra_train_search_destroy(search);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

/* One record of a class cannot be held back; and a column that does not vary says nothing. */
static void few_records(void **state) {
  (void)state;
  const double features[] = {1, 5, 2, 5, 3, 5, 9, 5}, labels[] = {0, 0, 0, 1};
  umbra_params *params = training_params();
  umbra_records *records = NULL;
  umbra_train_search *search = NULL;
  assert_ok(umbra_records_create(&records, features, labels, 4, 2));
  assert_ok(umbra_train_search_create(&search, params, records, NULL, NULL));
  assert_true(chosen_of(search).auc == 1);
  umbra_train_search_destroy(search);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_records *records = random_records(60, 3, 2);
  umbra_train_search *search = NULL;
  umbra_train_options train = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_search_options options = {UMBRA_TRAIN_SEARCH_OPTIONS_INIT, .train = &train};
  watcher w = {.at = 20};
  const umbra_progress progress = progress_of(&w);
#define REFUSED(status) \
  assert_int_equal(umbra_train_search_create(&search, params, records, &options, &progress), status)
  assert_int_equal(umbra_train_search_create(&search, NULL, records, NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  options.given = 512;
  REFUSED(UMBRA_ERROR_INVALID_ARGUMENT);
  options.given = 0;
  options.folds = 21;
  REFUSED(UMBRA_ERROR_INVALID_ARGUMENT);
  options.folds = 0;
  options.tolerance = NAN;
  REFUSED(UMBRA_ERROR_INVALID_ARGUMENT);
  options.tolerance = 0.002;
  train.momentum = 0;
  REFUSED(UMBRA_ERROR_INVALID_ARGUMENT);
  train.momentum = 0.01;
  options.given = UMBRA_SETTING_RATE;
  train.rate = 1e6;
  REFUSED(UMBRA_ERROR_RANGE);
  options.given = 0;
  umbra_watch_interval(0);
  w.fraction = w.reports = 0;
  REFUSED(UMBRA_ERROR_CANCELLED);
#undef REFUSED
  umbra_watch_interval(0.1);
  assert_null(search);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

static void failing_allocations(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_records *records = random_records(20, 2, 2);
  umbra_train_search *search = NULL;
  umbra_train_options train = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_search_options options = {UMBRA_TRAIN_SEARCH_OPTIONS_INIT, .train = &train, .folds = 2};
  options.given = UMBRA_SETTING_DEGREE | UMBRA_SETTING_RANGE | UMBRA_SETTING_ITERATIONS | UMBRA_SETTING_RATE;
  train.iterations = 2;
  long failures = 0, step = 1;
  for (umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY; status != UMBRA_OK; failures += step) {
    umbra_alloc_fail_after(failures);
    status = umbra_train_search_create(&search, params, records, &options, NULL);
    umbra_alloc_fail_after(-1);
    assert_true(status == UMBRA_OK || status == UMBRA_ERROR_OUT_OF_MEMORY);
    assert_true((search != NULL) == (status == UMBRA_OK));
    step = 1 + failures / 16; /* most of them are those of the plan */
  }
  assert_true(failures > 100);
  umbra_train_search_destroy(search);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

/* ---- networks ---- */

enum { MOST = 24, STARTS = 5 };

static umbra_train_options network_options(size_t columns, uint32_t outputs) {
  umbra_train_options train = {UMBRA_TRAIN_OPTIONS_INIT, .kind = UMBRA_TRAIN_NETWORK, .outputs = outputs};
  train.columns = columns;
  train.hidden[0] = 4;
  train.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  train.momentum = 0.9;
  return train;
}

static umbra_train_search *find_network(const umbra_params *params, const umbra_records *records,
                                        const umbra_train_options *train, uint32_t given) {
  umbra_train_search *search = NULL;
  umbra_train_search_options options = {UMBRA_TRAIN_SEARCH_OPTIONS_INIT, .train = train, .given = given};
  options.most_iterations = MOST;
  assert_ok(umbra_train_search_create(&search, params, records, &options, NULL));
  return search;
}

/* Of the training of a trial from a start, over its ranges; *loss: its last, on the records themselves. */
static double range_use(double *loss, const umbra_params *params, const umbra_records *records,
                        const umbra_train_options *train, const umbra_train_trial *t, uint64_t seed) {
  umbra_scaling *scaling = NULL;
  umbra_records *scaled = NULL;
  umbra_train_plan *plan = NULL;
  umbra_sigmoid_options sigmoid = {.struct_size = sizeof sigmoid, .degree = t->degree, .range = t->range};
  umbra_train_options options = *train;
  umbra_train_outcome trace[MOST];
  double weights[64], use = 0;
  options.rows = umbra_records_rows(records);
  options.rate = t->rate;
  options.iterations = t->iterations;
  options.loss = t->objective;
  options.start = t->start;
  options.seed = seed;
  options.sigmoid = &sigmoid;
  for (uint32_t i = 0; i < t->iterations; i++) umbra_train_outcome_init(&trace[i]);
  assert_ok(umbra_scaling_fit(&scaling, records, t->scaling, t->argument, t->clip));
  assert_ok(umbra_scaling_apply(scaling, &scaled, records));
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_true(umbra_train_plan_weights(plan) <= sizeof weights / sizeof *weights);
  const umbra_twin_options judging = {UMBRA_TWIN_OPTIONS_INIT, .judged = scaled};
  assert_ok(umbra_train_twin(weights, trace, t->iterations, plan, scaled, &judging, NULL));
  for (uint32_t i = 0; i < t->iterations; i++)
    use = fmax(use, fmax(trace[i].largest_score / t->range, trace[i].largest_hidden / 16));
  *loss = trace[t->iterations - 1].loss;
  umbra_train_plan_destroy(plan);
  umbra_records_destroy(scaled);
  umbra_scaling_destroy(scaling);
  return use;
}

/* Ranges hold with a margin of 1.3 from five starts, at larger rates, too; the one that comes nearest to the records is taken. */
static void networks_keep_their_ranges(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_records *records = records_of_classes(120, 5, 3, 1);
  const umbra_train_options train = network_options(5, 3);
  umbra_train_search *search = find_network(params, records, &train, 0), *again;
  const umbra_train_trial t = chosen_of(search);
  umbra_train_trial faster = t;
  double least = INFINITY, loss[STARTS], other;
  faster.rate *= 1.25;
  assert_true(t.accuracy > 0.8 && t.seed < STARTS && t.start > 0 && umbra_train_search_folds(search) == 5);
  for (uint64_t seed = 0; seed < STARTS; seed++) {
    assert_true(1.3 * range_use(&loss[seed], params, records, &train, &t, seed) <= 1);
    assert_true(1.3 * range_use(&other, params, records, &train, &faster, seed) <= 1);
    least = fmin(least, loss[seed]);
  }
  assert_true(loss[t.seed] == least);
  again = find_network(params, records, &train, 0);
  const umbra_train_trial same = chosen_of(again);
  assert_true(same.rate == t.rate && same.seed == t.seed && same.objective == t.objective);
  umbra_train_search_destroy(again);
  umbra_train_search_destroy(search);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

/* Of values, which may be large, the range is one that they have room in. */
static void values_have_room(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_records *records = NULL;
  const umbra_train_options train = network_options(1, 1);
  double x[40], y[40];
  for (int i = 0; i < 40; i++) x[i] = sin(i), y[i] = 20 * x[i] + 3;
  assert_ok(umbra_records_create_classes(&records, x, y, 40, 1, 0));
  umbra_train_search *search = find_network(params, records, &train, 0);
  const umbra_train_trial t = chosen_of(search);
  assert_true(t.range == 64 && t.largest_score > 15 && 1.3 * t.largest_score < 64);
  umbra_train_search_destroy(search);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

/* Those that are held back may be one, or equal. */
static void few_values_are_judged(void **state) {
  (void)state;
  umbra_params *params = training_params();
  const umbra_train_options train = {UMBRA_TRAIN_OPTIONS_INIT, .kind = UMBRA_TRAIN_NETWORK, .outputs = 1};
  const double x[] = {-1, -0.6, -0.3, 0, 0.3, 0.6, 1}, equal[] = {2, 2, 2, 2, 2, 2, 2};
  for (int i = 0; i < 2; i++) {
    umbra_records *records = NULL;
    assert_ok(umbra_records_create_classes(&records, x, i ? equal : x, 7, 1, 0));
    umbra_train_search *search = find_network(params, records, &train, 0);
    const umbra_train_trial t = chosen_of(search);
    assert_true(t.loss < 0.005);
    umbra_train_search_destroy(search);
    umbra_records_destroy(records);
  }
  umbra_params_destroy(params);
}

/* Losses are those that the records have. */
static void losses_are_tried(void **state) {
  (void)state;
  umbra_params *params = training_params();
  for (size_t classes = 0; classes <= 4; classes += 2) {
    umbra_records *records = records_of_classes(80, 4, classes, 7);
    umbra_train_options train = network_options(4, classes > 2 ? (uint32_t)classes : 1);
    train.rate = 0.01; /* of each loss once */
    umbra_train_search *search = find_network(params, records, &train, UMBRA_SETTING_RATE);
    int tried = 0;
    for (size_t i = 0; i < umbra_train_search_count(search); i++) {
      umbra_train_trial trial = {UMBRA_TRAIN_TRIAL_INIT};
      assert_ok(umbra_train_search_trial(search, &trial, i));
      tried |= 1 << trial.objective;
    }
    const int squared = 1 << UMBRA_LOSS_SQUARED, rest = 1 << UMBRA_LOSS_ONE_VS_REST, softmax = 1 << UMBRA_LOSS_SOFTMAX;
    assert_int_equal(tried, classes > 2 ? squared | rest | softmax : classes ? squared | rest : squared);
    umbra_train_search_destroy(search);
    umbra_records_destroy(records);
  }
  umbra_params_destroy(params);
}

static void what_is_given_of_networks_stays(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_records *records = records_of_classes(60, 3, 3, 9);
  umbra_train_options train = network_options(3, 3);
  train.rate = 0.03;
  train.seed = 77;
  train.start = 0.5;
  train.loss = UMBRA_LOSS_ONE_VS_REST;
  const uint32_t all = UMBRA_SETTING_RATE | UMBRA_SETTING_SEED | UMBRA_SETTING_START | UMBRA_SETTING_LOSS;
  umbra_train_search *search = find_network(params, records, &train, all);
  const umbra_train_trial t = chosen_of(search);
  assert_true(t.rate == 0.03 && t.seed == 77 && t.start == 0.5 && t.objective == UMBRA_LOSS_ONE_VS_REST);
  umbra_train_search_destroy(search);
  search = NULL;
  train.hidden_range = 0x1p-9;
  const umbra_train_search_options narrow = {UMBRA_TRAIN_SEARCH_OPTIONS_INIT, .train = &train};
  assert_fails(umbra_train_search_create(&search, params, records, &narrow, NULL), UMBRA_ERROR_RANGE,
               "sums of hidden layers within theirs");
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_cheapest_that_is_nearly_the_best),
      cmocka_unit_test(costs_are_those_of_plans),
      cmocka_unit_test(costs_of_networks_are_those_of_plans),
      cmocka_unit_test(searches_end_in_plans),
      cmocka_unit_test(what_is_given_stays),
      cmocka_unit_test(many_records),
      cmocka_unit_test(few_records),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(networks_keep_their_ranges),
      cmocka_unit_test(values_have_room),
      cmocka_unit_test(few_values_are_judged),
      cmocka_unit_test(losses_are_tried),
      cmocka_unit_test(what_is_given_of_networks_stays),
      cmocka_unit_test(failing_allocations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
