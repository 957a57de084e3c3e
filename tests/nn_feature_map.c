/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Feature maps: files, sums, functions of pixels, refreshes, channels joined and left out, and dense layers behind
 * them, against the same in the clear: in simulations and, with exactly the keys that a dry run names, on a CPU.
 */
#include "boot.h"
#include "convolutions.h"
#include "host/base/memory.h"
#include "host/nn/feature_map.h"

enum { LOG_N = 11, SLOTS = 1 << (LOG_N - 1), SCALE = 40, TRIALS = 12 };

/* ---- rigs: dry, simulated, real ---- */

static umbra_feature_map *new_map(const scheme *s, const double *values, const umbra_feature_layout *layout) {
  umbra_feature_map *map = NULL;
  if (s->secret) assert_ok(umbra_feature_map_encrypt_symmetric(&map, s->secret, values, layout, NULL));
  else if (umbra_sim_feature_map(&map, s->context, values, layout) != UMBRA_OK)
    assert_ok(umbra_dry_feature_map(&map, s->context, UMBRA_TOP_LEVEL, 1, layout));
  return map;
}

static int has_values(const scheme *s) {
  umbra_feature_map *map = NULL;
  const umbra_feature_layout pixel = {UMBRA_FEATURE_LAYOUT_INIT, 1, 1, 1};
  const int has = s->secret || umbra_sim_feature_map(&map, s->context, &(double){0}, &pixel) == UMBRA_OK;
  umbra_feature_map_destroy(map);
  return has;
}

typedef void program(scheme *s, uint64_t seed);

/* Dry, simulated, and with the keys of the dry run. */
static void run_everywhere(program *run, uint64_t seed, uint32_t depth) {
  umbra_params *params = test_params(LOG_N, SCALE, depth);
  scheme s;
  scheme_open_dry(&s, umbra_params_share(params));
  run(&s, seed);
  umbra_key_needs *needs = scheme_needs(&s);
  scheme_close(&s);
  scheme_open_sim(&s, umbra_params_share(params), 0, 7);
  run(&s, seed);
  scheme_close(&s);
  scheme_open_for(&s, params, NULL, needs);
  run(&s, seed);
  scheme_close(&s);
}

/* ---- maps in the clear ---- */

static size_t pixels_of(const umbra_feature_layout *l) { return (size_t)l->channels * l->height * l->width; }

static umbra_feature_layout random_layout(uint64_t *random) {
  umbra_feature_layout l = {UMBRA_FEATURE_LAYOUT_INIT, 1 + below(random, 12), 1 + below(random, 6),
                            1 + below(random, 6)};
  l.gap_y = 1 + below(random, 3);
  l.gap_x = 1 + below(random, 3);
  l.interleave_y = 1 + below(random, l.gap_y);
  l.interleave_x = 1 + below(random, l.gap_x);
  if (below(random, 2)) l.slots = 16u << below(random, 4);
  return l;
}

/* A map is of these pixels, where there are values. */
static void check_pixels(const scheme *s, const umbra_feature_map *map, const double *expected, size_t count,
                         double tolerance) {
  umbra_feature_layout l = {UMBRA_FEATURE_LAYOUT_INIT};
  assert_ok(umbra_feature_map_layout(map, &l));
  assert_int_equal(pixels_of(&l), count);
  if (!has_values(s)) return;
  double *found = calloc(count, sizeof *found);
  assert_non_null(found);
  if (s->secret) assert_ok(umbra_feature_map_decrypt(map, found, s->secret, NULL));
  else assert_ok(umbra_sim_feature_map_decode(found, map));
  for (size_t i = 0; i < count; i++)
    if (!(fabs(found[i] - expected[i]) < tolerance)) fail_msg("pixel %zu is %g, not %g", i, found[i], expected[i]);
  free(found);
}

/* ---- files ---- */

static void from_files(void **state) {
  (void)state;
  uint64_t random = 1;
  scheme s;
  scheme_open(&s, test_params(LOG_N, SCALE, 1), NULL, NULL, 0);
  for (int trial = 0; trial < TRIALS; trial++) {
    const umbra_feature_layout l = random_layout(&random);
    double *values = random_values(&random, pixels_of(&l));
    umbra_feature_map *seeded = new_map(&s, values, &l), *map = NULL, *read = NULL;
    size_t size[2] = {0};
    assert_ok(umbra_feature_map_encrypt(&map, s.public, values, &l, NULL));
    assert_ok(umbra_feature_map_write(map, NULL, &size[0], NULL));
    assert_ok(umbra_feature_map_write(seeded, NULL, &size[1], NULL));
    assert_in_range(size[1], size[0] / 2, size[0] * 6 / 10);
    uint8_t *bytes = malloc(size[0]);
    assert_non_null(bytes);
    assert_ok(umbra_feature_map_write(map, bytes, &size[0], NULL));
    assert_ok(umbra_feature_map_read(&read, s.context, bytes, size[0], NULL));
    assert_true(umbra_feature_layout_same(&read->layout, &map->layout));
    check_pixels(&s, read, values, pixels_of(&l), 1e-6);
    assert_ok(umbra_feature_map_write(seeded, bytes, &size[1], NULL));
    assert_ok(umbra_feature_map_read(&read, s.context, bytes, size[1], NULL));
    check_pixels(&s, read, values, pixels_of(&l), 1e-6);
    free(bytes);
    free(values);
    umbra_feature_map_destroy(seeded);
    umbra_feature_map_destroy(map);
    umbra_feature_map_destroy(read);
  }
  scheme_close(&s);
}

/* ---- sums ---- */

/* Of two levels. */
static void add_maps(scheme *s, uint64_t seed) {
  const umbra_feature_layout l = random_layout(&seed);
  const size_t count = pixels_of(&l);
  double *values[2] = {random_values(&seed, count), random_values(&seed, count)};
  umbra_feature_map *a = new_map(s, values[0], &l), *b = new_map(s, values[1], &l);
  const double half[] = {0, 0.5};
  assert_ok(umbra_feature_map_chebyshev(s->evaluator, &b, b, half, 1, 0));
  assert_ok(umbra_feature_map_add(s->evaluator, &a, a, b));
  for (size_t i = 0; i < count; i++) values[0][i] += values[1][i] / 2;
  assert_int_equal(umbra_feature_map_level(a), umbra_params_depth(s->params) - 1);
  check_pixels(s, a, values[0], count, 1e-6);
  assert_ok(umbra_feature_map_add(s->evaluator, &a, b, b));
  check_pixels(s, a, values[1], count, 1e-6);
  for (int i = 0; i < 2; i++) free(values[i]);
  umbra_feature_map_destroy(a);
  umbra_feature_map_destroy(b);
}

static void sums(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= TRIALS; seed++) run_everywhere(add_maps, seed, 1);
}

/* ---- functions ---- */

/* T_3 is 4 x^3 - 3 x; declared no larger than 3/4, which half of it is not. */
static void cube(scheme *s, uint64_t seed) {
  const umbra_feature_layout l = random_layout(&seed);
  const size_t count = pixels_of(&l);
  const double coefficients[] = {0.125, 0, 0, 0.5};
  double *values = random_values(&seed, count);
  umbra_feature_map *map = new_map(s, values, &l);
  umbra_range range = {UMBRA_RANGE_INIT};
  assert_ok(umbra_feature_map_chebyshev(s->evaluator, &map, map, coefficients, 3, 0.75));
  for (size_t i = 0; i < count; i++) values[i] = 0.125 + values[i] * (2 * values[i] * values[i] - 1.5);
  check_pixels(s, map, values, count, 1e-5);
  assert_ok(umbra_feature_map_range(map, &range));
  assert_true(range.magnitude == 0.75);
  free(values);
  umbra_feature_map_destroy(map);
}

/* The plan's own value, and so within its error of the true one. */
static void rectify(scheme *s, uint64_t seed) {
  const umbra_feature_layout l = random_layout(&seed);
  const size_t count = pixels_of(&l);
  const uint32_t degrees[] = {7};
  umbra_sign_plan *plan = NULL;
  assert_ok(
      umbra_sign_plan_create(&plan, &(umbra_sign_options){UMBRA_SIGN_OPTIONS_INIT, .degrees = degrees, .count = 1}));
  double *values = random_values(&seed, count);
  umbra_feature_map *map = new_map(s, values, &l);
  assert_ok(umbra_feature_map_relu(s->evaluator, &map, map, plan, 2));
  for (size_t i = 0; i < count; i++) values[i] = values[i] * (1 + umbra_sign_plan_value(plan, values[i])) / 2;
  check_pixels(s, map, values, count, 1e-5);
  free(values);
  umbra_sign_plan_destroy(plan);
  umbra_feature_map_destroy(map);
}

static void functions(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 4; seed++) run_everywhere(cube, seed, 2);
  for (uint64_t seed = 1; seed <= 4; seed++) run_everywhere(rectify, seed, 4);
}

/* ---- refreshes ---- */

/* Three ciphertexts: two as a pair, if that may be. */
static void refresh_with(const umbra_bootstrap_options *options, int pairs) {
  boot b;
  uint64_t random = 2;
  const umbra_feature_layout l = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 3, .height = 7, .width = 8, .slots = 64};
  double *values = random_values(&random, pixels_of(&l));
  boot_open_sim(&b, boot_twin_40(11), 1, 7, options);
  umbra_feature_map *map = new_map(&b.s, values, &l);
  umbra_cost cost = {UMBRA_COST_INIT};
  scheme dry;
  umbra_bootstrapper *bootstrapper = NULL;
  assert_int_equal(umbra_feature_map_ciphertexts(map), 3);
  assert_ok(umbra_feature_map_bootstrap(b.s.evaluator, &map, map, b.bootstrapper));
  assert_int_equal(umbra_feature_map_level(map), b.report.output_level);
  check_pixels(&b.s, map, values, pixels_of(&l), 1e-3);
  umbra_feature_map_destroy(map);
  scheme_open_dry(&dry, umbra_params_share(b.s.params));
  assert_ok(umbra_bootstrapper_create(&bootstrapper, dry.context, b.plan, NULL));
  map = new_map(&dry, values, &l);
  assert_ok(umbra_context_cost_begin(dry.context));
  assert_ok(umbra_feature_map_bootstrap(dry.evaluator, &map, map, bootstrapper));
  assert_ok(umbra_context_cost(dry.context, &cost));
  const size_t refreshes = (cost.key_switches + b.report.key_switches / 2) / b.report.key_switches;
  assert_int_equal(refreshes, pairs ? 2 : 3);
  umbra_bootstrapper_destroy(bootstrapper);
  umbra_feature_map_destroy(map);
  scheme_close(&dry);
  boot_close(&b);
  free(values);
}

static void refreshes(void **state) {
  (void)state;
  refresh_with(&(umbra_bootstrap_options){UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 64}, 1);
  refresh_with(
      &(umbra_bootstrap_options){UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 64, .order = UMBRA_BOOTSTRAP_STC_FIRST}, 0);
}

/* ---- channels ---- */

/* So many channels as fill `parts` ciphertexts. */
static uint32_t filling_channels(const umbra_feature_layout *chosen, uint32_t parts) {
  const uint32_t planes = parts * (chosen->slots > chosen->plane ? chosen->slots / chosen->plane : 1);
  return planes * chosen->interleave_y * chosen->interleave_x;
}

static void join_and_cut(scheme *s, uint64_t seed) {
  umbra_feature_layout l = random_layout(&seed), of[3];
  l.slots = 32;
  assert_ok(umbra_feature_layout_choose(&l, SLOTS));
  double *values[3], all[8192];
  umbra_feature_map *map[3], *joined = NULL, *cut = NULL;
  size_t count = 0, first = 0;
  for (uint32_t i = 0; i < 3; i++) {
    of[i] = l;
    of[i].channels = i < 2 ? filling_channels(&l, 2 - i) : 1 + below(&seed, 9);
    values[i] = random_values(&seed, pixels_of(&of[i]));
    map[i] = new_map(s, values[i], &of[i]);
    assert_true(count + pixels_of(&of[i]) < 8192);
    memcpy(&all[count], values[i], pixels_of(&of[i]) * sizeof *all);
    count += pixels_of(&of[i]);
  }
  assert_ok(umbra_feature_map_join(&joined, (const umbra_feature_map *const *)map, 3));
  check_pixels(s, joined, all, count, 1e-6);
  for (uint32_t i = 0; i < 3; first += of[i++].channels) {
    const size_t before = first * l.height * l.width, fewer = 1 + below(&seed, of[i].channels);
    assert_ok(umbra_feature_map_slice(&cut, joined, (uint32_t)first, (uint32_t)fewer));
    check_pixels(s, cut, &all[before], fewer * l.height * l.width, 1e-6);
  }
  assert_ok(umbra_feature_map_slice(&joined, joined, 0, 1));
  check_pixels(s, joined, all, (size_t)l.height * l.width, 1e-6);
  for (int i = 0; i < 3; i++) {
    free(values[i]);
    umbra_feature_map_destroy(map[i]);
  }
  umbra_feature_map_destroy(joined);
  umbra_feature_map_destroy(cut);
}

static void channels(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= TRIALS; seed++) run_everywhere(join_and_cut, seed, 1);
}

/* ---- dense layers ---- */

typedef struct dense {
  size_t rows, columns;
  double *weights, *bias;
} dense;

static dense random_dense(uint64_t *random, size_t rows, size_t columns) {
  return (dense){rows, columns, random_values(random, rows * columns), random_values(random, rows)};
}

static void dense_free(dense *d) {
  free(d->weights);
  free(d->bias);
}

static umbra_weights *dense_create(const scheme *s, const dense *d, const umbra_feature_layout *layout,
                                   uint32_t level) {
  umbra_weights *weights = NULL;
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = d->weights, .rows = d->rows, .columns = d->columns};
  const umbra_array bias = {UMBRA_ARRAY_INIT, .data = d->bias, .rows = d->rows, .columns = 1};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .bias = &bias};
  desc.level = level;
  assert_ok(umbra_feature_weights_create(&weights, s->context, &desc, layout, NULL));
  return weights;
}

/* W x + b, where there are values. Destroys the row. */
static void check_dense(const scheme *s, umbra_matrix *row, const dense *d, const double *x) {
  double *found = calloc(d->rows, sizeof *found);
  assert_non_null(found);
  assert_int_equal(umbra_matrix_rows(row), 1);
  assert_int_equal(umbra_matrix_columns(row), d->rows);
  if (s->secret) assert_ok(umbra_matrix_decrypt(row, found, s->secret, NULL));
  else if (has_values(s)) assert_ok(umbra_sim_matrix_decode(found, row));
  for (size_t i = 0; has_values(s) && i < d->rows; i++) {
    double sum = d->bias[i], norm = 1;
    for (size_t k = 0; k < d->columns; k++) {
      sum += d->weights[i * d->columns + k] * x[k];
      norm += fabs(d->weights[i * d->columns + k]);
    }
    if (!(fabs(found[i] - sum) < 1e-6 * norm)) fail_msg("output %zu is %g, not %g", i, found[i], sum);
  }
  free(found);
  umbra_matrix_destroy(row);
}

/* Slots between pixels hold 1/2, and so do those that were 0 beyond them. */
static void fill_gaps(const scheme *s, umbra_feature_map **map, double *values) {
  const umbra_feature_layout l = (*map)->layout;
  for (size_t i = 0; i < (*map)->parts; i++)
    assert_ok(umbra_add_constant(s->evaluator, &(*map)->part[i], (*map)->part[i], 0.5, 0));
  for (size_t i = 0; i < pixels_of(&l); i++) values[i] += 0.5;
}

static void dense_behind(scheme *s, uint64_t seed) {
  const umbra_feature_layout l = random_layout(&seed);
  double *values = random_values(&seed, pixels_of(&l));
  dense d = random_dense(&seed, 1 + below(&seed, 20), pixels_of(&l));
  umbra_feature_map *map = new_map(s, values, &l);
  umbra_matrix *row = NULL;
  fill_gaps(s, &map, values);
  umbra_weights *weights = dense_create(s, &d, &l, UMBRA_TOP_LEVEL);
  assert_ok(umbra_feature_map_as_row(map, &row));
  assert_int_equal(umbra_matrix_ciphertexts(row), umbra_feature_map_ciphertexts(map));
  assert_ok(umbra_matrix_apply(s->evaluator, &row, row, weights));
  check_dense(s, row, &d, values);
  dense_free(&d);
  free(values);
  umbra_weights_destroy(weights);
  umbra_feature_map_destroy(map);
}

static void dense_layers(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= TRIALS; seed++) run_everywhere(dense_behind, seed, 1);
}

/* A convolution with stride 2, the mean of each channel and a dense layer, these two as one: as ResNets end. */
static void pooled_dense(scheme *s, uint64_t seed) {
  convolution_case c = {.in = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 3, .height = 8, .width = 8},
                        .desc = {UMBRA_CONVOLUTION_DESC_INIT, .channels = 6, .kernel_y = 3, .kernel_x = 3}};
  c.desc.stride_y = c.desc.stride_x = 2;
  c.desc.pad_top = c.desc.pad_left = c.desc.pad_bottom = c.desc.pad_right = 1;
  case_fill(&c, &seed);
  dense small = random_dense(&seed, 5, 6), d = random_dense(&seed, 5, 6 * 4 * 4);
  memcpy(d.bias, small.bias, 5 * sizeof *d.bias);
  double x[6 * 4 * 4], norm;
  for (size_t i = 0; i < 6 * 4 * 4; i++) x[i] = plain_output(&c, i / 16, i / 4 % 4, i % 4, &norm);
  for (size_t i = 0; i < 5 * 6 * 16; i++) d.weights[i] = small.weights[i / 16] / 16;
  umbra_convolution *convolution = case_create(&c, s->context);
  umbra_feature_map *map = new_map(s, c.values, &c.in);
  umbra_feature_layout out = {UMBRA_FEATURE_LAYOUT_INIT};
  umbra_matrix *row = NULL;
  assert_ok(umbra_convolution_output(convolution, &out));
  umbra_weights *weights = dense_create(s, &d, &out, umbra_convolution_level(convolution) - 1);
  assert_ok(umbra_convolution_apply(s->evaluator, &map, map, convolution));
  assert_ok(umbra_feature_map_as_row(map, &row));
  assert_ok(umbra_matrix_apply(s->evaluator, &row, row, weights));
  check_dense(s, row, &d, x);
  umbra_weights_destroy(weights);
  umbra_convolution_destroy(convolution);
  umbra_feature_map_destroy(map);
  dense_free(&small);
  dense_free(&d);
  case_free(&c);
}

static void merged_pooling(void **state) {
  (void)state;
  run_everywhere(pooled_dense, 3, 2);
}

/* ---- what fails ---- */

static void refusals(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  const umbra_feature_layout l = {UMBRA_FEATURE_LAYOUT_INIT, 4, 3, 5, .slots = 32};
  umbra_feature_layout other = l, odd = l;
  uint64_t random = 4;
  double *values = random_values(&random, 2 * pixels_of(&l));
  const double coefficients[] = {0, 1};
  scheme s;
  umbra_matrix *row = NULL;
  umbra_feature_map *out = NULL;
  scheme_open_sim(&s, test_params(LOG_N, SCALE, 1), 1, 7);
  other.row = 8;
  odd.channels = 3;
  umbra_feature_map *a = new_map(&s, values, &l), *b = new_map(&s, values, &other), *c = new_map(&s, values, &odd);
  assert_fails(umbra_feature_map_add(s.evaluator, &out, a, b), bad, "shape and layout must be the same");
  assert_fails(umbra_feature_map_add(s.evaluator, &out, a, NULL), bad, "two feature maps");
  assert_fails(umbra_feature_map_chebyshev(s.evaluator, &out, a, coefficients, 1, -1), bad, "magnitude of -1");
  assert_fails(umbra_feature_map_chebyshev(s.evaluator, &out, a, coefficients, 1, NAN), bad, "magnitude of nan");
  assert_fails(umbra_feature_map_chebyshev(s.evaluator, &out, a, NULL, 1, 1), bad, "needs");
  assert_fails(umbra_feature_map_relu(s.evaluator, &out, a, NULL, 1), bad, "needs");
  assert_fails(umbra_feature_map_bootstrap(s.evaluator, &out, a, NULL), bad, "needs");
  assert_fails(umbra_feature_map_join(&out, (const umbra_feature_map *const[]){a, b}, 2), bad, "map 1 has another");
  assert_fails(umbra_feature_map_join(&out, (const umbra_feature_map *const[]){a, NULL}, 2), bad, "map 1 is NULL");
  assert_fails(umbra_feature_map_join(&out, (const umbra_feature_map *const[]){c, a}, 2), bad,
               "map 0 has 3 channels, which do not fill");
  assert_fails(umbra_feature_map_join(&out, NULL, 2), bad, "at least one");
  assert_fails(umbra_feature_map_slice(&out, a, 1, 2), bad, "channel 1 of a feature map does not begin a ciphertext");
  assert_fails(umbra_feature_map_slice(&out, a, 2, 3), bad, "3 channels from number 2 on: the feature map has 4");
  assert_fails(umbra_feature_map_slice(&out, a, 0, 0), bad, "0 channels");
  assert_fails(umbra_feature_map_slice(&out, a, 4, 1), bad, "1 channels from number 4");
  assert_fails(umbra_feature_map_as_row(NULL, &row), bad, "needs");
  assert_null(out);
  assert_null(row);
  umbra_feature_map_destroy(a);
  umbra_feature_map_destroy(b);
  umbra_feature_map_destroy(c);
  free(values);
  scheme_close(&s);
}

static void weights_that_do_not_fit(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  const umbra_feature_layout l = {UMBRA_FEATURE_LAYOUT_INIT, 2, 3, 3}, none = {UMBRA_FEATURE_LAYOUT_INIT, 0, 3, 3};
  double w[4 * 18] = {0};
  umbra_array values = {UMBRA_ARRAY_INIT, .data = w, .rows = 4, .columns = 17};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values};
  umbra_weights *made = NULL;
  scheme s;
  scheme_open_dry(&s, test_params(LOG_N, SCALE, 1));
  assert_fails(umbra_feature_weights_create(&made, s.context, &desc, &l, NULL), bad, "17 columns");
  assert_fails(umbra_feature_weights_create(&made, s.context, &desc, &none, NULL), bad, "0 channels");
  assert_fails(umbra_feature_weights_create(&made, s.context, &desc, NULL, NULL), bad, "needs");
  values.columns = 18;
  w[20] = NAN;
  assert_fails(umbra_feature_weights_create(&made, s.context, &desc, &l, NULL), UMBRA_ERROR_RANGE, "finite");
  w[20] = 0;
  values.data = NULL;
  values.rows = INT32_MAX;
  assert_fails(umbra_feature_weights_create(&made, s.context, &desc, &l, NULL), UMBRA_ERROR_RANGE, "2^31 weights");
  values.rows = 4;
  desc.values = NULL;
  assert_fails(umbra_feature_weights_create(&made, s.context, &desc, &l, NULL), bad, "no array");
  assert_null(made);
  desc.values = &values;
  assert_ok(umbra_feature_weights_create(&made, s.context, &desc, &l, NULL));
  umbra_weights_destroy(made);
  scheme_close(&s);
}

/* Whichever allocation fails, nothing is made and nothing is lost. */
static void failing_allocations_are_clean(void **state) {
  (void)state;
  uint64_t random = 5;
  const umbra_feature_layout l = {UMBRA_FEATURE_LAYOUT_INIT, 4, 3, 5, .slots = 32};
  double *values = random_values(&random, pixels_of(&l));
  const double half[] = {0, 0.5};
  dense d = random_dense(&random, 3, pixels_of(&l));
  const umbra_array w = {UMBRA_ARRAY_INIT, .data = d.weights, .rows = d.rows, .columns = d.columns};
  const umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &w};
  scheme s;
  scheme_open_sim(&s, test_params(LOG_N, SCALE, 1), 1, 7);
  umbra_feature_map *map = new_map(&s, values, &l);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long n = 0; status != UMBRA_OK; n++) {
    umbra_feature_map *out[4] = {NULL};
    umbra_matrix *row = NULL;
    umbra_weights *weights = NULL;
    const uint64_t before = umbra_context_memory(s.context);
    umbra_alloc_fail_after(n);
    status = umbra_feature_map_add(s.evaluator, &out[0], map, map);
    if (status == UMBRA_OK) status = umbra_feature_map_chebyshev(s.evaluator, &out[1], map, half, 1, 1);
    if (status == UMBRA_OK) status = umbra_feature_map_join(&out[2], (const umbra_feature_map *const[]){map, map}, 2);
    if (status == UMBRA_OK) status = umbra_feature_map_slice(&out[3], map, 2, 1);
    if (status == UMBRA_OK) status = umbra_feature_map_as_row(map, &row);
    if (status == UMBRA_OK) status = umbra_feature_weights_create(&weights, s.context, &desc, &l, NULL);
    umbra_alloc_fail_after(-1);
    if (status != UMBRA_OK) assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    for (int i = 0; i < 4; i++) umbra_feature_map_destroy(out[i]);
    umbra_matrix_destroy(row);
    umbra_weights_destroy(weights);
    assert_int_equal(umbra_context_memory(s.context), before);
  }
  umbra_feature_map_destroy(map);
  dense_free(&d);
  free(values);
  scheme_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(from_files),
                                     cmocka_unit_test(sums),
                                     cmocka_unit_test(functions),
                                     cmocka_unit_test(refreshes),
                                     cmocka_unit_test(channels),
                                     cmocka_unit_test(dense_layers),
                                     cmocka_unit_test(merged_pooling),
                                     cmocka_unit_test(refusals),
                                     cmocka_unit_test(weights_that_do_not_fit),
                                     cmocka_unit_test(failing_allocations_are_clean)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
