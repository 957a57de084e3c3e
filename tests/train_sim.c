/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Matrices, scoring and trainings on a simulation: against the clear (the twin of a training), and their errors against
 * those of the same under encryption.
 */
#include "../host/base/memory.h"
#include "train.h"

enum { COLUMNS = 60, ROWS = 80, ITERATIONS = 3, RUNS = 2 };

static const double known_factor = 1.5; /* of a simulated error's deviation to a real one's */

static umbra_context *open_sim(const umbra_params *params, int exact, uint64_t seed) {
  umbra_context *context = NULL;
  const umbra_sim_options sim = {UMBRA_SIM_OPTIONS_INIT, .exact = exact, .seed = seed};
  assert_ok(umbra_context_create(
      &context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "sim", .sim = &sim}));
  return context;
}

/* Errors of a computation, collected over runs. */
typedef struct errors {
  double squares;
  size_t count;
} errors;

static void add_errors(errors *e, const double *found, const double *expected, size_t count) {
  for (size_t i = 0; i < count; i++) e->squares += (found[i] - expected[i]) * (found[i] - expected[i]);
  e->count += count;
}

static double deviation(const errors *e) { return sqrt(e->squares / (double)e->count); }

static void assert_alike(const errors *sim, const errors *real) {
  const double ratio = deviation(sim) / deviation(real);
  if (!(ratio < known_factor && ratio > 1 / known_factor))
    fail_msg("a deviation of %g, and %g under encryption", deviation(sim), deviation(real));
}

/* ---- trainings ---- */

static umbra_train_options options_of(umbra_sigmoid_options *sigmoid, size_t batch, int bootstrap_result) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.iterations = ITERATIONS;
  options.rate = 0.1;
  options.batch = batch;
  options.bootstrap_result = bootstrap_result;
  umbra_sigmoid_options_init(sigmoid);
  options.sigmoid = sigmoid;
  return options;
}

/* Weights of a trainer's model, the bias last. */
static void read_model(double *weights, const umbra_trainer *trainer, size_t columns) {
  umbra_logistic *model = NULL;
  umbra_range range = {UMBRA_RANGE_INIT};
  assert_ok(umbra_trainer_logistic(trainer, &model));
  assert_ok(umbra_logistic_range(model, &range));
  assert_int_equal(range.doubts, 0);
  assert_ok(umbra_sim_logistic_decode(weights, &weights[columns], model));
  umbra_logistic_destroy(model);
}

/* The records may go once the trainer is made. */
static void train_sim(double *weights, const umbra_train_plan *plan, const umbra_records *records,
                      const double *initial, int exact, uint64_t seed) {
  umbra_trainer *trainer = NULL;
  umbra_context *context = open_sim(umbra_train_plan_params(plan), exact, seed);
  umbra_key_needs *found = NULL, *needs = training_needs(plan);
  assert_ok(umbra_trainer_create(&trainer,
                                 &(umbra_trainer_desc){UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = context,
                                                       .records = records, .initial = initial},
                                 NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  read_model(weights, trainer, umbra_records_columns(records));
  assert_ok(umbra_key_needs_create(&found, umbra_train_plan_params(plan)));
  assert_ok(umbra_context_needs(context, found));
  assert_ok(umbra_key_needs_cover(found, needs));
  assert_ok(umbra_key_needs_cover(needs, found));
  umbra_trainer_destroy(trainer);
  umbra_key_needs_destroy(found);
  umbra_key_needs_destroy(needs);
  assert_int_equal(umbra_context_memory(context), 0);
  umbra_context_destroy(context);
}

static void train_real(double *weights, const training *t) {
  umbra_trainer *trainer = NULL;
  const umbra_trainer_desc desc = training_desc(t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  double *found = decrypted_weights(t, trainer);
  memcpy(weights, found, (umbra_records_columns(t->records) + 1) * sizeof *weights);
  free(found);
  umbra_trainer_destroy(trainer);
}

/* Long rows, a refresh of the result: weights off the twin's as far as under encryption. */
static void test_training(void **state) {
  (void)state;
  training t;
  umbra_sigmoid_options sigmoid;
  double twin[COLUMNS + 1], weights[COLUMNS + 1];
  errors sim = {0}, real = {0};
  training_open(&t, training_params(), random_records(ROWS, COLUMNS, 3), options_of(&sigmoid, 0, 1), "cpu");
  assert_ok(umbra_train_twin(twin, NULL, 0, t.plan, t.records, NULL, NULL));
  for (uint64_t run = 1; run <= RUNS; run++) {
    train_sim(weights, t.plan, t.records, NULL, 0, run);
    add_errors(&sim, weights, twin, COLUMNS + 1);
    train_real(weights, &t);
    add_errors(&real, weights, twin, COLUMNS + 1);
  }
  assert_alike(&sim, &real);
  training_close(&t);
}

/* A training of two iterations, without a refresh, whose sine is not exact. */
static void assert_twin(umbra_params *params, size_t rows, size_t columns, size_t batch, umbra_target target) {
  const double initial[] = {0.5, -0.25, 0.125, 1, -1, 0.75, 0.5};
  umbra_sigmoid_options sigmoid;
  umbra_train_options options = options_of(&sigmoid, batch, 0);
  umbra_train_plan *plan = NULL;
  double twin[7], weights[7];
  umbra_records *records = random_records(rows, columns, rows);
  options.rows = rows;
  options.columns = columns;
  options.iterations = 2;
  options.target = target;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_ok(umbra_train_twin(twin, NULL, 0, plan, records,
                             &(umbra_twin_options){UMBRA_TWIN_OPTIONS_INIT, .initial = initial}, NULL));
  train_sim(weights, plan, records, initial, 1, 1);
  for (size_t c = 0; c <= columns; c++)
    if (!(fabs(weights[c] - twin[c]) < 1e-8))
      fail_msg("%zu records, target %d: %zu: %g, not %g", rows, target, c, weights[c], twin[c]);
  umbra_records_destroy(records);
  umbra_train_plan_destroy(plan);
}

/* Without noise it is the twin, in pairs and groups, in batches that are not whole, from first weights, of both targets. */
static void test_twin(void **state) {
  (void)state;
  static const struct { size_t rows, columns, batch; } shapes[] = {{60, 3, 25}, {300, 6, 0}, {1400, 3, 600}};
  umbra_params *params = training_params();
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    assert_twin(params, shapes[i].rows, shapes[i].columns, shapes[i].batch, UMBRA_TARGET_CPU);
    assert_twin(params, shapes[i].rows, shapes[i].columns, shapes[i].batch, UMBRA_TARGET_GPU);
  }
  umbra_params_destroy(params);
}

/* ---- scoring ---- */

enum { SCORED = 300, FEATURES = 6 };

typedef struct problem {
  double values[SCORED * FEATURES], weights[FEATURES], bias, scores[SCORED];
  umbra_sigmoid_options sigmoid;
} problem;

static void make_problem(problem *p) {
  uint64_t random = 11;
  umbra_sigmoid_options_init(&p->sigmoid);
  p->sigmoid.degree = 7;
  p->bias = 0.5;
  for (size_t i = 0; i < SCORED * FEATURES; i++) p->values[i] = uniform(&random);
  for (size_t c = 0; c < FEATURES; c++) p->weights[c] = uniform(&random);
  for (size_t r = 0; r < SCORED; r++) {
    double z = p->bias;
    for (size_t c = 0; c < FEATURES; c++) z += p->weights[c] * p->values[r * FEATURES + c];
    p->scores[r] = umbra_sigmoid_value(z, &p->sigmoid);
  }
}

/* With the keys of s, or on its simulation: scores, and their range. */
static umbra_range score(double *scores, const scheme *s, const problem *p) {
  static const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  umbra_matrix *records = NULL, *made = NULL;
  umbra_logistic *model = NULL;
  umbra_range range = {UMBRA_RANGE_INIT};
  if (s->public) {
    assert_ok(umbra_matrix_encrypt(&records, s->public, p->values, SCORED, FEATURES, &layout, NULL));
    assert_ok(umbra_logistic_encrypt(&model, s->public, p->weights, FEATURES, p->bias, &p->sigmoid));
  } else {
    assert_ok(umbra_sim_matrix(&records, s->context, p->values, SCORED, FEATURES, &layout));
    assert_ok(umbra_sim_logistic(&model, s->context, p->weights, FEATURES, p->bias, &p->sigmoid));
  }
  assert_ok(umbra_logistic_score(s->evaluator, &made, model, records, NULL));
  assert_ok(umbra_matrix_range(made, &range));
  if (s->secret) assert_ok(umbra_matrix_decrypt(made, scores, s->secret, NULL));
  else assert_ok(umbra_sim_matrix_decode(scores, made));
  umbra_matrix_destroy(made);
  umbra_matrix_destroy(records);
  umbra_logistic_destroy(model);
  return range;
}

static void test_scores(void **state) {
  (void)state;
  problem p;
  scheme sim, real;
  double scores[SCORED];
  errors of_sim = {0}, of_real = {0};
  make_problem(&p);
  scheme_open_sim(&sim, test_params(11, 40, 6), 0, 1);
  scheme_open(&real, test_params(11, 40, 6), "cpu", (const int32_t[]){1, 2, 4}, 3);
  const umbra_range simulated = score(scores, &sim, &p);
  add_errors(&of_sim, scores, p.scores, SCORED);
  const umbra_range encrypted = score(scores, &real, &p);
  add_errors(&of_real, scores, p.scores, SCORED);
  assert_alike(&of_sim, &of_real);
  assert_memory_equal(&simulated, &encrypted, sizeof simulated);
  scheme_close(&sim);
  scheme_close(&real);
}

/* ---- matrices ---- */

/* What goes in comes out, whatever the layout; and is known like what was encrypted. */
static void test_matrices(void **state) {
  (void)state;
  problem p;
  scheme sim, real;
  double values[SCORED * FEATURES];
  umbra_matrix *matrix = NULL, *encrypted = NULL;
  umbra_range range[2] = {{UMBRA_RANGE_INIT}, {UMBRA_RANGE_INIT}};
  make_problem(&p);
  scheme_open_sim(&sim, test_params(11, 40, 1), 1, 1);
  scheme_open(&real, test_params(11, 40, 1), "cpu", NULL, 0);
  for (int pairs = 0; pairs < 2; pairs++) {
    const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .slots = 512, .pairs = pairs};
    assert_ok(umbra_sim_matrix(&matrix, sim.context, p.values, SCORED, FEATURES, &layout));
    assert_ok(umbra_matrix_encrypt(&encrypted, real.public, p.values, SCORED, FEATURES, &layout, NULL));
    assert_ok(umbra_sim_matrix_decode(values, matrix));
    for (size_t i = 0; i < SCORED * FEATURES; i++) assert_true(fabs(values[i] - p.values[i]) < 1e-9);
    assert_ok(umbra_matrix_range(matrix, &range[0]));
    assert_ok(umbra_matrix_range(encrypted, &range[1]));
    assert_memory_equal(&range[0], &range[1], sizeof *range);
  }
  umbra_matrix_destroy(matrix);
  umbra_matrix_destroy(encrypted);
  scheme_close(&sim);
  scheme_close(&real);
}

/* ---- what is refused ---- */

#define NONE "a simulation has no keys and no ciphertexts"

static void check_trainer(const training *t, const umbra_context *sim) {
  const umbra_status unsupported = UMBRA_ERROR_UNSUPPORTED;
  const double far[COLUMNS + 1] = {1e6};
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = t->plan, .context = sim};
  umbra_records *fewer = random_records(ROWS - 1, COLUMNS, 3);
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "and records");
  desc.records = fewer;
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "the plan is for");
  desc.records = t->records;
  desc.initial = far;
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), UMBRA_ERROR_RANGE, "first weight 1");
  desc.initial = NULL;
  desc.keys = t->s.keys;
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), unsupported, NONE);
  desc.keys = NULL;
  desc.data = t->folder;
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), unsupported, NONE);
  desc.data = NULL;
  desc.checkpoint = t->checkpoint;
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), unsupported, NONE);
  desc = training_desc(t);
  desc.records = t->records;
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), unsupported, "by simulations only");
  assert_null(trainer);
  umbra_records_destroy(fewer);
}

static void check_values(const training *t, const umbra_context *sim) {
  const umbra_status invalid = UMBRA_ERROR_INVALID_ARGUMENT, unsupported = UMBRA_ERROR_UNSUPPORTED;
  const double values[4] = {1, 2, 3, 4};
  double found[4], bias;
  umbra_matrix *matrix = NULL;
  umbra_logistic *model = NULL;
  assert_fails(umbra_sim_matrix(NULL, sim, values, 2, 2, NULL), invalid, "output");
  assert_fails(umbra_sim_matrix(&matrix, sim, values, 0, 2, NULL), invalid, "rows");
  assert_fails(umbra_sim_matrix(&matrix, sim, values, 1, 1025, NULL), UMBRA_ERROR_RANGE, "columns do not fit");
  assert_fails(umbra_sim_matrix(&matrix, t->s.context, values, 2, 2, NULL), unsupported, "\"sim\"");
  assert_fails(umbra_sim_logistic(&model, NULL, values, 4, 0, NULL), invalid, "context");
  assert_fails(umbra_sim_logistic(&model, sim, values, 0, 0, NULL), invalid, "at least one weight");
  assert_fails(umbra_sim_logistic(&model, t->s.context, values, 4, 0, NULL), unsupported, "\"sim\"");
  assert_true(!matrix && !model);
  assert_ok(umbra_matrix_encrypt(&matrix, t->s.public, values, 2, 2, NULL, NULL));
  assert_ok(umbra_logistic_encrypt(&model, t->s.public, values, 4, 0, NULL));
  assert_fails(umbra_sim_matrix_decode(found, matrix), unsupported, "\"sim\"");
  assert_fails(umbra_sim_logistic_decode(found, &bias, model), unsupported, "\"sim\"");
  assert_fails(umbra_sim_matrix_decode(NULL, matrix), invalid, "output");
  assert_fails(umbra_sim_logistic_decode(found, NULL, model), invalid, "outputs");
  assert_ok(umbra_sim_matrix(&matrix, sim, values, 2, 2, NULL));
  assert_ok(umbra_sim_logistic(&model, sim, values, 4, 0, NULL));
  assert_fails(umbra_matrix_decrypt(matrix, found, t->s.secret, NULL), UMBRA_ERROR_MISMATCH, NONE);
  assert_fails(umbra_logistic_decrypt(model, found, &bias, t->s.secret), UMBRA_ERROR_MISMATCH, NONE);
  umbra_matrix_destroy(matrix);
  umbra_logistic_destroy(model);
}

static void test_guards(void **state) {
  (void)state;
  training t;
  umbra_sigmoid_options sigmoid;
  training_open(&t, training_params(), random_records(ROWS, COLUMNS, 3), options_of(&sigmoid, 0, 0), "cpu");
  umbra_context *sim = open_sim(t.s.params, 0, 1);
  check_trainer(&t, sim);
  check_values(&t, sim);
  umbra_context_destroy(sim);
  training_close(&t);
}

/* ---- allocations that fail ---- */

static umbra_status train_and_score(const umbra_train_plan *plan, const umbra_context *context,
                                    const umbra_records *records) {
  static const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  const umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = context, .records = records};
  double values[3] = {0.5, 0.25, 0.125}, bias;
  umbra_trainer *trainer = NULL;
  umbra_matrix *matrix = NULL;
  umbra_logistic *model = NULL, *made = NULL;
  umbra_status status = umbra_trainer_create(&trainer, &desc, NULL);
  if (status == UMBRA_OK) status = umbra_trainer_run(trainer, NULL, NULL);
  if (status == UMBRA_OK) status = umbra_trainer_logistic(trainer, &model);
  if (status == UMBRA_OK) status = umbra_sim_logistic_decode(values, &bias, model);
  if (status == UMBRA_OK) status = umbra_sim_logistic(&made, context, values, 3, bias, NULL);
  if (status == UMBRA_OK) status = umbra_sim_matrix(&matrix, context, values, 1, 3, &layout);
  if (status == UMBRA_OK) status = umbra_sim_matrix_decode(values, matrix);
  umbra_matrix_destroy(matrix);
  umbra_logistic_destroy(made);
  umbra_logistic_destroy(model);
  umbra_trainer_destroy(trainer);
  return status;
}

static void test_allocations(void **state) {
  (void)state;
  umbra_sigmoid_options sigmoid;
  umbra_train_options options = options_of(&sigmoid, 25, 0);
  umbra_train_plan *plan = NULL;
  umbra_params *params = training_params();
  umbra_records *records = random_records(60, 3, 1);
  options.rows = 60;
  options.columns = 3;
  options.iterations = 1;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  umbra_context *context = open_sim(params, 0, 1);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  assert_ok(train_and_score(plan, context, records)); /* what a context keeps is made at its first use */
  const uint64_t held = umbra_context_memory(context);
  for (long n = 0; status != UMBRA_OK; n++) {
    umbra_alloc_fail_after(n);
    status = train_and_score(plan, context, records);
    umbra_alloc_fail_after(-1);
    if (status != UMBRA_OK) assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(umbra_context_memory(context), held);
  }
  umbra_context_destroy(context);
  umbra_records_destroy(records);
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_training), cmocka_unit_test(test_twin),   cmocka_unit_test(test_scores),
      cmocka_unit_test(test_matrices), cmocka_unit_test(test_guards), cmocka_unit_test(test_allocations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
