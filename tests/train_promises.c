/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: slow PROMISES=all */
/*
 * What a plan promises of the error of weights, against simulated trainings: none is farther from the twin than six times
 * that, which is at least what is measured and at most eight times that. Sets of several sizes, iterations, refreshes and
 * weights of classes; linear models of several outputs, and networks of all losses and activations.
 */
#include "train.h"

enum { RUNS = 2 };

static const double within = 6, at_most = 8;

static umbra_context *open_sim(const umbra_params *params, uint64_t seed) {
  umbra_context *context = NULL;
  const umbra_sim_options sim = {UMBRA_SIM_OPTIONS_INIT, .exact = 0, .seed = seed};
  assert_ok(umbra_context_create(
      &context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "sim", .sim = &sim}));
  return context;
}

static void read_logistic(double *weights, const umbra_trainer *trainer, size_t columns) {
  umbra_logistic *model = NULL;
  assert_ok(umbra_trainer_logistic(trainer, &model));
  assert_ok(umbra_sim_logistic_decode(weights, &weights[columns], model));
  umbra_logistic_destroy(model);
}

static void read_layers(double *weights, const umbra_trainer *trainer, size_t count) {
  umbra_matrix *layer = NULL;
  for (uint32_t k = 0; count; k++) {
    assert_ok(umbra_trainer_layer(trainer, &layer, k));
    assert_ok(umbra_sim_matrix_decode(weights, layer));
    weights += umbra_matrix_rows(layer) * umbra_matrix_columns(layer);
    count -= umbra_matrix_rows(layer) * umbra_matrix_columns(layer);
  }
  umbra_matrix_destroy(layer);
}

static int is_network(const umbra_train_plan *plan) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  assert_ok(umbra_train_plan_options(plan, &options));
  return options.kind == UMBRA_TRAIN_NETWORK || options.kind == UMBRA_TRAIN_WEIGHTED_NETWORK;
}

static void train(double *weights, const umbra_train_plan *plan, const umbra_records *records, uint64_t seed) {
  umbra_context *context = open_sim(umbra_train_plan_params(plan), seed);
  umbra_trainer *trainer = NULL;
  const umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = context, .records = records};
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  if (is_network(plan)) read_layers(weights, trainer, umbra_train_plan_weights(plan));
  else read_logistic(weights, trainer, umbra_records_columns(records));
  umbra_trainer_destroy(trainer);
  umbra_context_destroy(context);
}

static double *weights_for(const umbra_train_plan *plan) {
  double *weights = calloc(umbra_train_plan_weights(plan), sizeof *weights);
  assert_non_null(weights);
  return weights;
}

/* With the bound that the training in the clear asks for, as umbra plan has it. */
static umbra_train_plan *make_plan(const umbra_params *params, const umbra_records *records,
                                   umbra_train_options options) {
  umbra_train_plan *plan = NULL;
  umbra_train_outcome *trace = calloc(options.iterations, sizeof *trace);
  assert_non_null(trace);
  options.rows = umbra_records_rows(records);
  options.columns = umbra_records_columns(records);
  for (uint32_t i = 0; i < options.iterations; i++) umbra_train_outcome_init(&trace[i]);
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  double *weights = weights_for(plan);
  assert_ok(umbra_train_twin(weights, trace, options.iterations, plan, records, NULL, NULL));
  options.bound = umbra_train_bound(trace, options.iterations);
  for (uint32_t i = 0; i < options.iterations; i++) /* of networks */
    if (options.outputs && options.loss != UMBRA_LOSS_SQUARED && trace[i].largest_score > options.sigmoid->range)
      fail_msg("scores of %g", trace[i].largest_score);
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  free(weights);
  free(trace);
  return plan;
}

/* Of the plan, to be said as `what`. */
static void hold(const umbra_train_plan *plan, const umbra_records *records, const char *what) {
  const size_t count = umbra_train_plan_weights(plan);
  double *twin = weights_for(plan), *weights = weights_for(plan), squares = 0, largest = 0, promise = 0, again = 0;
  assert_ok(umbra_train_twin(twin, NULL, 0, plan, records, NULL, NULL));
  assert_ok(umbra_train_expected_error(&promise, plan, records, NULL, NULL));
  assert_ok(umbra_train_expected_error(&again, plan, records,
                                       &(umbra_twin_options){UMBRA_TWIN_OPTIONS_INIT, .trained = twin}, NULL));
  assert_true(again == promise);
  for (uint64_t run = 1; run <= RUNS; run++) {
    train(weights, plan, records, run);
    for (size_t c = 0; c < count; c++) {
      squares += (weights[c] - twin[c]) * (weights[c] - twin[c]);
      largest = fmax(largest, fabs(weights[c] - twin[c]));
    }
  }
  const double rms = sqrt(squares / (double)(RUNS * count));
  print_message("%s: promise %.3g, %.2f times the rms; largest %.2f promises\n", what, promise, promise / rms,
                largest / promise);
  if (!(largest <= within * promise) || !(promise <= at_most * rms) || !(promise >= rms))
    fail_msg("the promise of that set");
  free(weights);
  free(twin);
}

/* ---- logistic models ---- */

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
  char what[128];
  sigmoid.degree = 7;
  sigmoid.range = 12;
  options.sigmoid = &sigmoid;
  options.iterations = s->iterations;
  options.rate = s->rate;
  options.kind = s->positive > 0 ? UMBRA_TRAIN_WEIGHTED : UMBRA_TRAIN_LOGISTIC;
  umbra_train_plan *plan = make_plan(params, records, options);
  snprintf(what, sizeof what, "%zux%zu, %u iterations, rate %g, weight %g", s->rows, s->columns, s->iterations, s->rate,
           s->positive);
  hold(plan, records, what);
  umbra_train_plan_destroy(plan);
  umbra_records_destroy(records);
}

static int wants_all(void) {
  const char *wanted = getenv("PROMISES");
  return wanted && strcmp(wanted, "all") == 0;
}

static void promises(void **state) {
  (void)state;
  static const set sets[] = {
      {60, 4, 4, 1, 0, 0},     {60, 4, 16, 1, 0, 0},     {600, 16, 16, 1, 0, 0},  {600, 16, 16, 1, 20, 0},
      {60, 4, 40, 1, 0, 1},    {600, 4, 40, 1, 0, 1},    {600, 64, 24, 1, 0, 1},  {3000, 16, 24, 1, 0, 1},
      {3000, 16, 24, 2, 0, 1}, {600, 16, 40, 0.1, 0, 1}, {600, 16, 40, 1, 20, 1}, {3000, 4, 24, 1, 50, 1},
  };
  umbra_params *params = training_params();
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    if (!sets[i].all || wants_all()) check(params, &sets[i]);
  umbra_params_destroy(params);
}

/* At full size. */
static void promises_of_presets(void **state) {
  (void)state;
  static const char *const presets[] = {"boot-64k-40", "boot-64k-50", "boot-64k-35"};
  static const set sets[] = {{600, 16, 6, 1, 0, 0}, {600, 16, 6, 1, 10, 0}, {6000, 16, 4, 1, 0, 0}};
  if (!wants_all()) skip();
  for (size_t p = 0; p < 3; p++) {
    umbra_params *params = NULL;
    assert_ok(umbra_params_from_preset(&params, presets[p]));
    for (size_t i = 0; i < 3; i++) check(params, &sets[i]);
    umbra_params_destroy(params);
  }
}

/* ---- networks ---- */

typedef struct network {
  size_t rows, columns, classes; /* 0: values */
  uint32_t iterations, hidden[2];
  umbra_loss loss;
  umbra_optimizer optimizer;
  double rate;
  umbra_function function; /* of hidden layers, of degree 4 */
  double heavy;            /* what class 0 weighs; 0: nothing weighs more than others */
  int all;
  uint32_t levels; /* that refreshes leave, with which sums are refreshed, too; 0: as usual */
} network;

static void check_network(const umbra_params *params, const network *n) {
  umbra_sigmoid_options sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT};
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .sigmoid = &sigmoid};
  umbra_records *records = records_of_classes(n->rows, n->columns, n->classes, 7);
  const double weights[] = {n->heavy, 1, 1};
  if (n->heavy > 0) assert_ok(umbra_records_weigh_classes(&records, records, weights, n->classes));
  char what[128];
  sigmoid.degree = 7;
  if (n->loss == UMBRA_LOSS_SOFTMAX) sigmoid.range = 4;
  options.kind = n->heavy > 0 ? UMBRA_TRAIN_WEIGHTED_NETWORK : UMBRA_TRAIN_NETWORK;
  options.iterations = n->iterations;
  options.rate = n->rate;
  options.loss = n->loss;
  options.optimizer = n->optimizer;
  options.momentum = n->optimizer == UMBRA_OPTIMIZER_ACCELERATED ? 1 : 0.9;
  options.outputs = (uint32_t)(n->classes > 2 ? n->classes : 1);
  options.hidden[0] = n->hidden[0];
  options.hidden[1] = n->hidden[1];
  options.hidden_function = n->function;
  if (n->function) {
    options.hidden_degree = 4;
    options.hidden_range = 4;
  }
  umbra_train_plan *plan = make_plan(params, records, options);
  snprintf(what, sizeof what, "%zux%zu of %zu classes, %u iterations, hidden %u and %u, loss %d", n->rows, n->columns,
           n->classes, n->iterations, n->hidden[0], n->hidden[1], (int)n->loss);
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  assert_ok(umbra_train_plan_report(plan, &report));
  assert_true((report.layer_bootstraps > 0) == (n->levels > 0));
  hold(plan, records, what);
  umbra_train_plan_destroy(plan);
  umbra_records_destroy(records);
}

static void promises_of_networks(void **state) {
  (void)state;
  const umbra_optimizer accelerated = UMBRA_OPTIMIZER_ACCELERATED, nesterov = UMBRA_OPTIMIZER_NESTEROV,
                        heavy = UMBRA_OPTIMIZER_MOMENTUM, plain = UMBRA_OPTIMIZER_PLAIN;
  const network networks[] = {
      {60, 4, 0, 8, {0}, UMBRA_LOSS_SQUARED, plain, 0.5, 0, 0, 0, 0},
      {300, 6, 3, 6, {0}, UMBRA_LOSS_ONE_VS_REST, nesterov, 0.2, 0, 0, 0, 0},
      {150, 6, 3, 6, {8}, UMBRA_LOSS_SQUARED, nesterov, 0.05, 0, 0, 0, 0},
      {60, 5, 3, 3, {8, 4}, UMBRA_LOSS_SQUARED, heavy, 0.02, 0, 0, 0, 0},
      {60, 5, 2, 4, {8}, UMBRA_LOSS_SQUARED, accelerated, 0.1, UMBRA_FUNCTION_GELU, 0, 0, 0},
      {2000, 20, 10, 12, {0}, UMBRA_LOSS_SQUARED, nesterov, 0.1, 0, 0, 1, 0},
      {2000, 20, 10, 24, {0}, UMBRA_LOSS_ONE_VS_REST, nesterov, 0.2, 0, 0, 1, 0},
      {1000, 20, 4, 12, {32}, UMBRA_LOSS_SQUARED, nesterov, 0.01, 0, 0, 1, 0},
      {300, 12, 3, 30, {16}, UMBRA_LOSS_ONE_VS_REST, nesterov, 0.05, 0, 0, 1, 0},
      {300, 12, 3, 12, {8}, UMBRA_LOSS_SQUARED, plain, 0.2, UMBRA_FUNCTION_SOFTPLUS, 0, 1, 0},
      {200, 6, 3, 4, {0}, UMBRA_LOSS_SOFTMAX, nesterov, 0.1, 0, 0, 0, 0},
      {100, 5, 3, 4, {8}, UMBRA_LOSS_SQUARED, nesterov, 0.02, 0, 4, 0, 0},
      {60, 5, 3, 3, {8, 4}, UMBRA_LOSS_SQUARED, heavy, 0.02, 0, 0, 0, 8},
      {60, 5, 3, 1, {8, 4}, UMBRA_LOSS_SQUARED, plain, 0.1, 0, 0, 0, 8}, /* of sums alone */
      {200, 6, 3, 4, {0}, UMBRA_LOSS_SOFTMAX, nesterov, 0.1, 0, 0, 0, 11},
      {300, 12, 3, 6, {16, 8}, UMBRA_LOSS_ONE_VS_REST, nesterov, 0.05, UMBRA_FUNCTION_GELU, 0, 1, 12},
  };
  for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
    umbra_params *params = networks[i].levels ? levels_of(networks[i].levels) : training_params();
    if (!networks[i].all || wants_all()) check_network(params, &networks[i]);
    umbra_params_destroy(params);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(promises), cmocka_unit_test(promises_of_presets),
                                     cmocka_unit_test(promises_of_networks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
