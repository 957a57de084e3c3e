/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: slow PROMISES=all */
/*
 * What a plan promises of the error of weights, against simulated trainings: none is farther from the twin than six times
 * that, which is at most eight times what is measured. Sets of several sizes, iterations, refreshes and weights of classes.
 */
#include "train.h"

enum { RUNS = 2, MOST_COLUMNS = 64 };

static const double within = 6, at_most = 8;

static umbra_context *open_sim(const umbra_params *params, uint64_t seed) {
  umbra_context *context = NULL;
  const umbra_sim_options sim = {UMBRA_SIM_OPTIONS_INIT, .exact = 0, .seed = seed};
  assert_ok(umbra_context_create(
      &context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "sim", .sim = &sim}));
  return context;
}

static void train(double *weights, const umbra_train_plan *plan, const umbra_records *records, uint64_t seed) {
  const size_t columns = umbra_records_columns(records);
  umbra_context *context = open_sim(umbra_train_plan_params(plan), seed);
  umbra_trainer *trainer = NULL;
  umbra_logistic *model = NULL;
  const umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = context, .records = records};
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  assert_ok(umbra_trainer_logistic(trainer, &model));
  assert_ok(umbra_sim_logistic_decode(weights, &weights[columns], model));
  umbra_logistic_destroy(model);
  umbra_trainer_destroy(trainer);
  umbra_context_destroy(context);
}

/* With the bound that the training in the clear asks for, as umbra plan has it. */
static umbra_train_plan *make_plan(const umbra_params *params, const umbra_records *records,
                                   umbra_train_options options) {
  umbra_train_plan *plan = NULL;
  double weights[MOST_COLUMNS + 1];
  umbra_train_outcome *trace = calloc(options.iterations, sizeof *trace);
  assert_non_null(trace);
  options.rows = umbra_records_rows(records);
  options.columns = umbra_records_columns(records);
  for (uint32_t i = 0; i < options.iterations; i++) umbra_train_outcome_init(&trace[i]);
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_ok(umbra_train_twin(weights, trace, options.iterations, plan, records, NULL, NULL));
  options.bound = umbra_train_bound(trace, options.iterations);
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  free(trace);
  return plan;
}

typedef struct set {
  size_t rows, columns;
  uint32_t iterations;
  double rate, positive; /* what class 1 weighs */
  int all;               /* only with PROMISES=all */
} set;

static umbra_records *records_of(const set *s) {
  umbra_records *records = random_records(s->rows, s->columns, 3);
  if (s->positive > 0) assert_ok(umbra_records_weigh(&records, records, 1, s->positive));
  return records;
}

static void check(const umbra_params *params, const set *s) {
  umbra_sigmoid_options sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT};
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_records *records = records_of(s);
  double twin[MOST_COLUMNS + 1], weights[MOST_COLUMNS + 1], squares = 0, largest = 0;
  sigmoid.degree = 7;
  sigmoid.range = 12;
  options.sigmoid = &sigmoid;
  options.iterations = s->iterations;
  options.rate = s->rate;
  options.kind = s->positive > 0 ? UMBRA_TRAIN_WEIGHTED : UMBRA_TRAIN_LOGISTIC;
  umbra_train_plan *plan = make_plan(params, records, options);
  assert_ok(umbra_train_twin(twin, NULL, 0, plan, records, NULL, NULL));
  double expected = 0;
  assert_ok(umbra_train_expected_error(&expected, plan, records, NULL, NULL));
  for (uint64_t run = 1; run <= RUNS; run++) {
    train(weights, plan, records, run);
    for (size_t c = 0; c <= s->columns; c++) {
      squares += (weights[c] - twin[c]) * (weights[c] - twin[c]);
      largest = fmax(largest, fabs(weights[c] - twin[c]));
    }
  }
  const double rms = sqrt(squares / (double)(RUNS * (s->columns + 1))), promise = expected;
  print_message("%zux%zu, %u iterations, rate %g, weight %g: promise %.3g, %.2f times the rms; largest %.2f promises\n",
                s->rows, s->columns, s->iterations, s->rate, s->positive, promise, promise / rms, largest / promise);
  if (!(largest <= within * promise) || !(promise <= at_most * rms)) fail_msg("the promise of that set");
  umbra_train_plan_destroy(plan);
  umbra_records_destroy(records);
}

static void promises(void **state) {
  (void)state;
  static const set sets[] = {
      {60, 4, 4, 1, 0, 0},     {60, 4, 16, 1, 0, 0},     {600, 16, 16, 1, 0, 0},  {600, 16, 16, 1, 20, 0},
      {60, 4, 40, 1, 0, 1},    {600, 4, 40, 1, 0, 1},    {600, 64, 24, 1, 0, 1},  {3000, 16, 24, 1, 0, 1},
      {3000, 16, 24, 2, 0, 1}, {600, 16, 40, 0.1, 0, 1}, {600, 16, 40, 1, 20, 1}, {3000, 4, 24, 1, 50, 1},
  };
  const char *wanted = getenv("PROMISES");
  umbra_params *params = training_params();
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    if (!sets[i].all || (wanted && strcmp(wanted, "all") == 0)) check(params, &sets[i]);
  umbra_params_destroy(params);
}

/* At full size. */
static void promises_of_presets(void **state) {
  (void)state;
  static const char *const presets[] = {"boot-64k-40", "boot-64k-50", "boot-64k-35"};
  static const set sets[] = {{600, 16, 6, 1, 0, 0}, {600, 16, 6, 1, 10, 0}, {6000, 16, 4, 1, 0, 0}};
  const char *wanted = getenv("PROMISES");
  if (!wanted || strcmp(wanted, "all") != 0) skip();
  for (size_t p = 0; p < 3; p++) {
    umbra_params *params = NULL;
    assert_ok(umbra_params_from_preset(&params, presets[p]));
    for (size_t i = 0; i < 3; i++) check(params, &sets[i]);
    umbra_params_destroy(params);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(promises), cmocka_unit_test(promises_of_presets)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
