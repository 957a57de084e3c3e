/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: full UMBRA_BACKEND=ref */
/* labels: slow UMBRA_TEST_SIDE=700 */
/*
 * Products of two encrypted matrices against sums in the clear, in all layouts and of odd shapes, with exactly the keys
 * that a dry device lists; on a simulation; and with the same bits on every backend of this machine.
 */
#include "scheme.h"

#include "../kernels/kernels.h"
#include "host/base/memory.h"
#include "host/base/watch.h"
#include "host/linalg/matrix.h"

enum { LOG_N = 11, DEPTH = 4 };

static umbra_params *params;
static scheme s; /* its evaluator has no keys but those of the present problem */

/* ---- a product of a and b, of rows x inner and inner x columns as factors ---- */

typedef struct problem {
  size_t rows, inner, columns;
  umbra_matrix_layout a, b;
  umbra_multiply_options options;
} problem;

static const umbra_matrix_layout plain_layout = {UMBRA_MATRIX_LAYOUT_INIT};

static problem problem_of(size_t rows, size_t inner, size_t columns, umbra_matrix_order a, umbra_matrix_order b,
                          uint32_t stride, uint32_t slots) {
  problem p = {rows, inner, columns, plain_layout, plain_layout, {UMBRA_MULTIPLY_OPTIONS_INIT}};
  p.a.order = a;
  p.b.order = b;
  p.a.stride = p.b.stride = stride;
  p.a.slots = p.b.slots = slots;
  return p;
}

/* The values of a rows x columns matrix, stored as they are or transposed. */
static double at_of(const double *values, size_t rows, size_t columns, int transposed, size_t row, size_t column) {
  return transposed ? values[column * rows + row] : values[row * columns + column];
}

static void check_product(const problem *p, const double *a, const double *b, const double *found) {
  double norm = 0, most = 0;
  for (size_t i = 0; i < p->rows; i++) {
    double sum = 0;
    for (size_t k = 0; k < p->inner; k++) sum += pow(at_of(a, p->rows, p->inner, p->options.transpose_a, i, k), 2);
    norm = fmax(norm, sqrt(sum));
  }
  for (size_t i = 0; i < p->inner * p->columns; i++) most = fmax(most, fabs(b[i]));
  for (size_t i = 0; i < p->rows; i++) {
    for (size_t j = 0; j < p->columns; j++) {
      double sum = 0;
      for (size_t k = 0; k < p->inner; k++)
        sum += at_of(a, p->rows, p->inner, p->options.transpose_a, i, k) *
               at_of(b, p->inner, p->columns, p->options.transpose_b, k, j);
      if (!(fabs(found[i * p->columns + j] - sum) < 0x1p-18 * norm * most))
        fail_msg("%zu x %zu x %zu, (%zu, %zu): %g, expected %g", p->rows, p->inner, p->columns, i, j,
                 found[i * p->columns + j], sum);
    }
  }
}

/* ---- its factors on any device ---- */

typedef struct factors {
  umbra_matrix *a, *b;
} factors;

typedef struct shape {
  size_t rows, columns;
} shape;

static shape shape_of_a(const problem *p) {
  return p->options.transpose_a ? (shape){p->inner, p->rows} : (shape){p->rows, p->inner};
}

static shape shape_of_b(const problem *p) {
  return p->options.transpose_b ? (shape){p->columns, p->inner} : (shape){p->inner, p->columns};
}

static factors dry_factors(const problem *p, const umbra_context *context) {
  const shape a = shape_of_a(p), b = shape_of_b(p);
  factors f = {0};
  assert_ok(umbra_dry_matrix(&f.a, context, a.rows, a.columns, UMBRA_TOP_LEVEL, 1, &p->a));
  assert_ok(umbra_dry_matrix(&f.b, context, b.rows, b.columns, UMBRA_TOP_LEVEL, 1, &p->b));
  return f;
}

static factors encrypted(const problem *p, const double *a, const double *b) {
  const shape of_a = shape_of_a(p), of_b = shape_of_b(p);
  factors f = {0};
  assert_ok(umbra_matrix_encrypt(&f.a, s.public, a, of_a.rows, of_a.columns, &p->a, NULL));
  assert_ok(umbra_matrix_encrypt(&f.b, s.public, b, of_b.rows, of_b.columns, &p->b, NULL));
  return f;
}

static factors simulated(const problem *p, const umbra_context *context, const double *a, const double *b) {
  const shape of_a = shape_of_a(p), of_b = shape_of_b(p);
  factors f = {0};
  assert_ok(umbra_sim_matrix(&f.a, context, a, of_a.rows, of_a.columns, &p->a));
  assert_ok(umbra_sim_matrix(&f.b, context, b, of_b.rows, of_b.columns, &p->b));
  return f;
}

static void factors_free(factors *f) {
  umbra_matrix_destroy(f->a);
  umbra_matrix_destroy(f->b);
}

/* ---- on a dry device ---- */

typedef struct forecast {
  umbra_key_needs *needs;
  umbra_cost cost;
  uint32_t level;
  double magnitude, error;
} forecast;

static double error_bound(const umbra_matrix *m) {
  double most = 0;
  for (size_t i = 0; i < m->parts; i++) most = fmax(most, umbra_ciphertext_error_bound(m->part[i]));
  return most;
}

static double magnitude(const umbra_matrix *m) {
  double most = 0;
  for (size_t i = 0; i < m->parts; i++) most = fmax(most, umbra_ciphertext_magnitude(m->part[i]));
  return most;
}

static forecast forecast_of(const problem *p) {
  forecast seen = {.cost = {UMBRA_COST_INIT}};
  scheme dry;
  umbra_matrix *out = NULL;
  scheme_open_dry(&dry, umbra_params_share(params));
  factors f = dry_factors(p, dry.context);
  assert_ok(umbra_context_cost_begin(dry.context));
  assert_ok(umbra_matrix_multiply(dry.evaluator, &out, f.a, f.b, &p->options));
  seen.needs = scheme_needs(&dry);
  assert_ok(umbra_context_cost(dry.context, &seen.cost));
  seen.level = umbra_matrix_level(out);
  seen.magnitude = magnitude(out);
  seen.error = error_bound(out);
  umbra_matrix_destroy(out);
  factors_free(&f);
  scheme_close(&dry);
  return seen;
}

/* ---- with values ---- */

/* The evaluator gets keys for these needs, which it takes over. */
static void use_needs(umbra_key_needs *needs) {
  umbra_eval_keys_destroy(s.keys);
  s.keys = keys_for(s.secret, needs);
  assert_ok(umbra_evaluator_use_keys(s.evaluator, s.keys));
}

static void check_simulated(const problem *p, const double *a, const double *b, double *found, const forecast *seen) {
  scheme sim;
  scheme_open_sim(&sim, umbra_params_share(params), 0, 1);
  factors f = simulated(p, sim.context, a, b);
  umbra_matrix *out = NULL;
  assert_ok(umbra_matrix_multiply(sim.evaluator, &out, f.a, f.b, &p->options));
  assert_ok(umbra_sim_matrix_decode(found, out));
  check_product(p, a, b, found);
  assert_int_equal(umbra_matrix_level(out), seen->level);
  umbra_matrix_destroy(out);
  factors_free(&f);
  scheme_close(&sim);
}

static void check(const problem *p) {
  uint64_t random = p->rows * 1000003 + p->inner * 1009 + p->columns;
  double *a = random_values(&random, p->rows * p->inner), *b = random_values(&random, p->inner * p->columns);
  double *found = random_values(&random, p->rows * p->columns);
  forecast seen = forecast_of(p);
  factors f = encrypted(p, a, b);
  umbra_matrix *out = NULL;
  use_needs(seen.needs);
  assert_ok(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p->options));
  assert_ok(umbra_matrix_decrypt(out, found, s.secret, NULL));
  check_product(p, a, b, found);
  assert_true(umbra_matrix_rows(out) == p->rows && umbra_matrix_columns(out) == p->columns);
  assert_int_equal(umbra_matrix_level(out), seen.level);
  assert_true(magnitude(out) <= seen.magnitude && error_bound(out) <= seen.error);
  if (!p->a.pairs && !p->b.pairs) assert_true(magnitude(out) == seen.magnitude && error_bound(out) == seen.error);
  check_simulated(p, a, b, found, &seen);
  umbra_matrix_destroy(out);
  factors_free(&f);
  free(a);
  free(b);
  free(found);
}

/* ---- products ---- */

static const umbra_matrix_order tiles = UMBRA_MATRIX_TILES, left = UMBRA_MATRIX_TILES_LEFT,
                                right = UMBRA_MATRIX_TILES_RIGHT, columns = UMBRA_MATRIX_BY_COLUMNS,
                                diagonals = UMBRA_MATRIX_DIAGONALS;

static const size_t sizes[][3] = {{1, 1, 1}, {16, 16, 16}, {3, 5, 2}, {17, 1, 16}, {1, 33, 1}, {31, 20, 50}};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* One tile in a ciphertext, several, with and without pairs, all sides that fit. */
static void owners_tiles(void **state) {
  (void)state;
  const uint32_t given[][3] = {{16, 512, 0}, {16, 512, 1}, {16, 1024, 1}, {4, 1024, 0},
                               {8, 256, 1},  {1, 2, 0},    {2, 8, 1}};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    for (size_t k = 0; k < SIZES; k++) {
      if (sizes[k][0] * sizes[k][1] * sizes[k][2] > 5000u * given[i][0]) continue;
      problem p = problem_of(sizes[k][0], sizes[k][1], sizes[k][2], left, right, given[i][0], given[i][1]);
      p.b.pairs = (int)given[i][2];
      check(&p);
    }
  }
}

static void other_tiles(void **state) {
  (void)state;
  for (size_t k = 0; k < SIZES; k++) {
    const size_t *n = sizes[k];
    check(&(problem){n[0],
                     n[1],
                     n[2],
                     {UMBRA_MATRIX_LAYOUT_INIT, .order = tiles, .stride = 16},
                     {UMBRA_MATRIX_LAYOUT_INIT, .order = tiles, .stride = 16, .pairs = 1},
                     {UMBRA_MULTIPLY_OPTIONS_INIT}});
  }
  problem p = problem_of(70, 9, 20, tiles, right, 8, 1024);
  check(&p);
  p = problem_of(20, 9, 12, left, tiles, 8, 128);
  check(&p);
}

static void transposed(void **state) {
  (void)state;
  for (int ta = 0; ta < 2; ta++) {
    for (int tb = 0; tb < 2; tb++) {
      for (int owners = 0; owners < 2; owners++) {
        const umbra_matrix_order a = !owners ? tiles : ta ? right : left, b = !owners ? tiles : tb ? left : right;
        problem p = problem_of(19, 40, 9, a, b, 16, 512);
        p.options.transpose_a = ta;
        p.options.transpose_b = tb;
        check(&p);
      }
    }
  }
}

static void by_diagonals(void **state) {
  (void)state;
  const uint32_t given[][3] = {{64, 1024, 0},  {32, 1024, 1},   {1, 1024, 0},
                               {512, 1024, 1}, {1024, 1024, 0}, {8, 128, 1}};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    for (size_t k = 0; k < SIZES; k++) {
      problem p = problem_of(sizes[k][0], sizes[k][1], sizes[k][2], columns, diagonals, given[i][0], given[i][1]);
      if (sizes[k][1] * sizes[k][2] * given[i][0] > 200 * given[i][1]) continue;
      p.a.pairs = (int)given[i][2];
      check(&p);
    }
  }
  problem p = problem_of(200, 40, 23, columns, diagonals, 64, 1024);
  p.b.group = 1;
  check(&p);
  p.b.group = 16;
  check(&p);
}

/* Sides up to UMBRA_TEST_SIDE: one product of each kind in the smallest of its ciphertexts, one in the largest. */
static void random_shapes(void **state) {
  (void)state;
  const struct {
    umbra_matrix_order a, b;
    uint32_t stride, slots;
    int pairs_a, pairs_b;
  } given[] = {{left, right, 16, 512, 0, 0},         {left, right, 16, 1024, 0, 1},
               {tiles, tiles, 16, 512, 0, 1},        {tiles, right, 4, 1024, 0, 0},
               {columns, diagonals, 16, 1024, 1, 0}, {columns, diagonals, 256, 1024, 1, 0}};
  const uint32_t most = count_from_environment("UMBRA_TEST_SIDE", 40);
  uint64_t random = 12;
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    const size_t rows = 1 + below(&random, most), inner = 1 + below(&random, most), wide = 1 + below(&random, most);
    problem p = problem_of(rows, inner, wide, given[i].a, given[i].b, given[i].stride, given[i].slots);
    p.a.pairs = given[i].pairs_a;
    p.b.pairs = given[i].pairs_b;
    p.options.magnitude = 2 * sqrt(2) * (double)inner;
    check(&p);
  }
}

static uint32_t level_of(const problem *p) {
  forecast seen = forecast_of(p);
  umbra_key_needs_destroy(seen.needs);
  return seen.level;
}

/* The product is at the level that is asked for, or as high as it can be. */
static void levels(void **state) {
  (void)state;
  const umbra_matrix_order order[][2] = {{left, right}, {tiles, right}, {tiles, tiles}, {columns, diagonals}};
  const uint32_t needs[] = {1, 2, 2, 1};
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    problem p = problem_of(5, 6, 7, order[i][0], order[i][1], 8, 128);
    assert_int_equal(level_of(&p), DEPTH - needs[i]);
    p.options.level = 1;
    assert_int_equal(level_of(&p), 1);
    p.options.level = 0;
    check(&p);
    assert_int_equal(level_of(&p), 0);
  }
}

/* Of a product that could be larger than its level holds, the declared size is believed, as long as it holds it. */
static void declared_magnitude(void **state) {
  (void)state;
  enum { INNER = 1000 };
  problem p = problem_of(1, INNER, 1, columns, diagonals, 1, 1024);
  const double values[INNER] = {0.5};
  double found = 0;
  factors f = encrypted(&p, values, values);
  umbra_matrix *out = NULL;
  p.options.level = 0;
  use_needs(forecast_of(&p).needs);
  assert_ok(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p.options));
  assert_fails(umbra_matrix_decrypt(out, &found, s.secret, NULL), UMBRA_ERROR_RANGE, "bound is");
  p.options.magnitude = 0.5;
  assert_ok(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p.options));
  assert_true(magnitude(out) == 0.5);
  assert_ok(umbra_matrix_decrypt(out, &found, s.secret, NULL));
  assert_true(fabs(found - 0.25) < 1e-6);
  umbra_matrix_destroy(out);
  factors_free(&f);
}

/* ---- keys ---- */

static bytes matrix_bytes(const umbra_matrix *m) {
  bytes b = {0};
  assert_ok(umbra_matrix_write(m, NULL, &b.size, NULL));
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_ok(umbra_matrix_write(m, b.data, &b.size, NULL));
  return b;
}

static void one_key_fewer(const problem *p) {
  const double values[64 * 64] = {0.5};
  forecast seen = forecast_of(p);
  factors f = encrypted(p, values, values);
  umbra_matrix *out = f.a;
  for (size_t i = 0; i < umbra_key_needs_count(seen.needs); i++) {
    umbra_key_need need = {UMBRA_KEY_NEED_INIT};
    assert_ok(umbra_key_needs_get(seen.needs, &need, i));
    use_needs(needs_without(seen.needs, params, i));
    assert_fails(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p->options), UMBRA_ERROR_MISSING_KEY,
                 need.kind == UMBRA_KEY_RELINEARIZE ? "relinearisation" : "rotation");
    assert_ptr_equal(out, f.a);
  }
  use_needs(seen.needs);
  assert_ok(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p->options));
  f.a = out;
  factors_free(&f);
}

static void keys_are_those_listed(void **state) {
  (void)state;
  problem p = problem_of(20, 17, 16, left, right, 16, 512);
  one_key_fewer(&p);
  p = problem_of(16, 16, 16, tiles, tiles, 8, 128);
  p.options.transpose_b = 1;
  one_key_fewer(&p);
  p = problem_of(40, 20, 33, columns, diagonals, 32, 1024);
  one_key_fewer(&p);
}

/* Products of tiles of any number need the same keys: one for each baby step of both, and one for each chain. */
static void few_keys(void **state) {
  (void)state;
  problem p = problem_of(16, 16, 16, left, right, 16, 512), more = problem_of(40, 50, 60, left, right, 16, 512);
  forecast one = forecast_of(&p), many = forecast_of(&more);
  assert_int_equal(umbra_key_needs_count(one.needs), 1 + 3 + 3 + 1 + 1);
  assert_int_equal(umbra_key_needs_count(many.needs), umbra_key_needs_count(one.needs));
  assert_int_equal(one.cost.products, 16);
  assert_int_equal(one.cost.key_switches, 4 * 3 + 3 + 3 + 4 + 4); /* babies, chain, babies, relinearisations, turns */
  umbra_key_needs_destroy(one.needs);
  umbra_key_needs_destroy(many.needs);
}

/* ---- bits ---- */

static umbra_matrix *product_on(const char *device, const bytes *a, const bytes *b, const bytes *keys) {
  scheme t = {0};
  factors f = {0};
  umbra_matrix *out = NULL, *here = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device};
  assert_ok(umbra_context_create(&t.context, &desc));
  assert_ok(umbra_eval_keys_read(&t.keys, t.context, keys->data, keys->size, NULL));
  assert_ok(umbra_evaluator_create(&t.evaluator, t.context, t.keys));
  assert_ok(umbra_matrix_read(&f.a, t.context, a->data, a->size, NULL));
  assert_ok(umbra_matrix_read(&f.b, t.context, b->data, b->size, NULL));
  assert_ok(umbra_matrix_multiply(t.evaluator, &out, f.a, f.b, NULL));
  bytes made = matrix_bytes(out);
  assert_ok(umbra_matrix_read(&here, s.context, made.data, made.size, NULL));
  free(made.data);
  umbra_matrix_destroy(out);
  factors_free(&f);
  umbra_evaluator_destroy(t.evaluator);
  umbra_eval_keys_destroy(t.keys);
  umbra_context_destroy(t.context);
  return here;
}

static void same_bits(const problem *p) {
  uint64_t random = 9;
  double *values = random_values(&random, 64 * 64);
  factors f = encrypted(p, values, values);
  umbra_matrix *out = NULL;
  bytes keys = {0}, a = matrix_bytes(f.a), b = matrix_bytes(f.b);
  use_needs(forecast_of(p).needs);
  keys = keys_bytes(s.keys);
  assert_ok(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, NULL));
  bytes expected = matrix_bytes(out);
  for (const char *const *name = umbra_kernels_names(); *name; name++) {
    if (!umbra_kernels_get(*name)) continue;
    umbra_matrix *other = product_on(*name, &a, &b, &keys);
    bytes found = matrix_bytes(other);
    if (!same_bytes(&found, &expected)) fail_msg("%s has other bits", *name);
    free(found.data);
    umbra_matrix_destroy(other);
  }
  umbra_matrix_destroy(out);
  factors_free(&f);
  free(values);
  free(expected.data);
  free(keys.data);
  free(a.data);
  free(b.data);
}

static void same_bits_everywhere(void **state) {
  (void)state;
  problem p = problem_of(9, 20, 7, left, right, 8, 128);
  same_bits(&p);
  p = problem_of(8, 8, 8, tiles, tiles, 8, 128);
  same_bits(&p);
  p = problem_of(30, 20, 7, columns, diagonals, 64, 1024);
  same_bits(&p);
}

/* ---- maps that are encoded once ---- */

/* The same bits as without, also for other sizes. */
static void check_maps(problem p) {
  uint64_t random = 11;
  double *values = random_values(&random, 64 * 64);
  factors f = encrypted(&p, values, values);
  umbra_tile_maps *maps = NULL, *shared;
  assert_ok(umbra_tile_maps_create(&maps, f.a, f.b, &p.options, NULL));
  assert_true(umbra_tile_maps_bytes(maps) > 0);
  shared = umbra_tile_maps_share(maps);
  umbra_tile_maps_destroy(maps);
  factors_free(&f);
  for (int i = 0; i < 2; i++, p.rows += 9, p.inner += 20) {
    umbra_matrix *with = NULL, *without = NULL;
    f = encrypted(&p, values, values);
    p.options.maps = NULL;
    use_needs(forecast_of(&p).needs);
    assert_ok(umbra_matrix_multiply(s.evaluator, &without, f.a, f.b, &p.options));
    p.options.maps = shared;
    assert_ok(umbra_matrix_multiply(s.evaluator, &with, f.a, f.b, &p.options));
    bytes a = matrix_bytes(without), b = matrix_bytes(with);
    assert_true(same_bytes(&a, &b));
    free(a.data);
    free(b.data);
    umbra_matrix_destroy(with);
    umbra_matrix_destroy(without);
    factors_free(&f);
  }
  umbra_tile_maps_destroy(shared);
  free(values);
}

static void maps_serve_many_products(void **state) {
  (void)state;
  problem p = problem_of(9, 20, 7, tiles, tiles, 8, 128);
  check_maps(p);
  p.options.level = 0;
  p.options.transpose_a = 1;
  check_maps(p);
  p = problem_of(9, 20, 7, left, tiles, 8, 128);
  p.options.transpose_b = 1;
  check_maps(p);
}

static void maps_of_others(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  const double values[64] = {0};
  problem p = problem_of(8, 8, 8, tiles, tiles, 8, 128), other = problem_of(8, 8, 8, tiles, right, 8, 128);
  factors f = encrypted(&p, values, values), g = encrypted(&other, values, values);
  umbra_tile_maps *maps = NULL;
  umbra_matrix *out = NULL;
  assert_ok(umbra_tile_maps_create(&maps, f.a, f.b, NULL, NULL));
  p.options.maps = maps;
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, g.a, g.b, &p.options), bad, "factors of other layouts");
  p.options.transpose_a = 1;
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p.options), bad, "or transposed others");
  p.options.transpose_a = 0;
  p.options.level = 1;
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p.options), bad,
               "for a product at level 2: this one can be at 1");
  umbra_context *context = NULL;
  umbra_evaluator *evaluator = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params};
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_evaluator_create(&evaluator, context, NULL));
  assert_fails(umbra_matrix_multiply(evaluator, &out, f.a, f.b, &p.options), UMBRA_ERROR_MISMATCH, "the maps");
  assert_null(out);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(context);
  factors_free(&g);
  const umbra_tile_maps *before = maps;
  assert_fails(umbra_tile_maps_create(&maps, NULL, f.b, NULL, NULL), bad, "two matrices");
  assert_fails(umbra_tile_maps_create(NULL, f.a, f.b, NULL, NULL), bad, "an output");
  other = problem_of(8, 8, 8, columns, diagonals, 8, 64);
  g = encrypted(&other, values, values);
  assert_fails(umbra_tile_maps_create(&maps, g.a, g.b, NULL, NULL), bad, "in tiles only");
  assert_ptr_equal(maps, before);
  umbra_tile_maps_destroy(maps);
  factors_free(&f);
  factors_free(&g);
}

static int stop_half_way(void *calls, double fraction) {
  assert_true(fraction >= 0 && fraction < 1);
  ++*(int *)calls;
  return fraction >= 0.5;
}

/* Encoding and products are reported as they go; what is stopped leaves its output as it was. */
static void progress(void **state) {
  (void)state;
  int calls = 0;
  const double values[64] = {0};
  const umbra_progress watch = {stop_half_way, &calls};
  problem p = problem_of(8, 8, 8, tiles, tiles, 8, 128);
  factors f = encrypted(&p, values, values);
  umbra_tile_maps *maps = NULL;
  umbra_matrix *out = NULL;
  use_needs(forecast_of(&p).needs);
  umbra_watch_interval(0);
  assert_fails(umbra_tile_maps_create(&maps, f.a, f.b, NULL, &watch), UMBRA_ERROR_CANCELLED, "cancelled");
  assert_null(maps);
  assert_true(calls > 8);
  umbra_evaluator_watch(s.evaluator, &watch);
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, NULL), UMBRA_ERROR_CANCELLED, "cancelled");
  umbra_evaluator_watch(s.evaluator, NULL);
  umbra_watch_interval(0.1);
  assert_null(out);
  assert_ok(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, NULL));
  umbra_matrix_destroy(out);
  factors_free(&f);
}

/* ---- refusals ---- */

static void refused(const problem *p, umbra_status status, const char *words) {
  const double values[64 * 64] = {0};
  factors f = encrypted(p, values, values);
  umbra_matrix *out = NULL;
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p->options), status, words);
  assert_null(out);
  out = f.a;
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p->options), status, words);
  assert_ptr_equal(out, f.a);
  factors_free(&f);
}

static void refusals(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  const double values[36] = {0};
  umbra_matrix *out = NULL, *low = NULL;
  problem p = problem_of(6, 5, 4, left, right, 8, 128);
  factors f = encrypted(&p, values, values);
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, f.b, f.b, NULL), bad,
               "5 x 4 cannot be multiplied by one of 5 x 4");
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, NULL, f.b, NULL), bad, "two matrices");
  assert_fails(umbra_matrix_multiply(s.evaluator, NULL, f.a, f.b, NULL), bad, "an output");
  assert_fails(umbra_matrix_multiply(NULL, &out, f.a, f.b, NULL), bad, "evaluator");
  factors_free(&f);
  p.b.stride = 4;
  refused(&p, bad, "strides of 8 and 4 in 128 and 128 slots");
  p = problem_of(6, 5, 4, right, left, 8, 128);
  refused(&p, bad, "no product of a matrix in tiles to the right with a matrix in tiles to the left");
  p = problem_of(6, 5, 4, columns, columns, 8, 128);
  refused(&p, bad, "no product of a matrix by columns with a matrix by columns");
  p = problem_of(6, 5, 4, columns, diagonals, 8, 128);
  p.options.transpose_b = 1;
  refused(&p, bad, "with a transposed one by diagonals");
  p = problem_of(6, 5, 4, tiles, right, 8, 128);
  p.a.pairs = 1;
  refused(&p, bad, "a left matrix in tiles has pairs");
  p = problem_of(6, 5, 4, left, tiles, 8, 256);
  refused(&p, bad, "a right matrix in tiles has 2 of them in a ciphertext");
  p = problem_of(6, 5, 4, left, right, 8, 128);
  p.options.transpose_a = 2;
  refused(&p, bad, "transpose_a and transpose_b are 2 and 0");
  p.options.transpose_a = 0;
  p.options.magnitude = NAN;
  refused(&p, bad, "a declared magnitude of nan");
  p = problem_of(6, 6, 6, tiles, tiles, 8, 128);
  p.options.level = 0;
  f = encrypted(&p, values, values);
  use_needs(forecast_of(&p).needs);
  assert_ok(umbra_matrix_multiply(s.evaluator, &low, f.a, f.b, &p.options));
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, f.a, low, NULL), UMBRA_ERROR_NO_LEVEL,
               "levels 4 and 0: their product needs at least 2 and 2");
  scheme stranger;
  scheme_open(&stranger, umbra_params_share(params), NULL, NULL, 0);
  assert_fails(umbra_matrix_multiply(stranger.evaluator, &out, f.a, f.b, NULL), UMBRA_ERROR_MISMATCH, "");
  scheme_close(&stranger);
  assert_null(out);
  umbra_matrix_destroy(low);
  factors_free(&f);
}

/* Whatever cannot be had, the output stays and nothing is lost. */
static void allocation_failures(void **state) {
  (void)state;
  problem p[] = {problem_of(3, 5, 2, tiles, tiles, 4, 32), problem_of(3, 5, 2, columns, diagonals, 128, 1024)};
  const double values[16] = {1};
  p[0].options.transpose_a = 1;
  for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
    factors f = encrypted(&p[i], values, values);
    umbra_matrix *out = f.a;
    umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
    use_needs(forecast_of(&p[i]).needs);
    const uint64_t memory = umbra_context_memory(s.context);
    for (long n = 0; status == UMBRA_ERROR_OUT_OF_MEMORY; n += 1 + n / 16) {
      assert_true(out == f.a && umbra_context_memory(s.context) == memory);
      umbra_alloc_fail_after(n);
      status = umbra_matrix_multiply(s.evaluator, &out, f.a, f.b, &p[i].options);
      umbra_alloc_fail_after(-1);
    }
    assert_int_equal(status, UMBRA_OK);
    f.a = out;
    factors_free(&f);
  }
}

static void allocation_failures_of_maps(void **state) {
  (void)state;
  problem p = problem_of(3, 5, 2, tiles, tiles, 4, 32);
  const double values[16] = {1};
  factors f = encrypted(&p, values, values);
  umbra_tile_maps *maps = NULL;
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  const uint64_t memory = umbra_context_memory(s.context);
  for (long n = 0; status == UMBRA_ERROR_OUT_OF_MEMORY; n++) {
    assert_true(!maps && umbra_context_memory(s.context) == memory);
    umbra_alloc_fail_after(n);
    status = umbra_tile_maps_create(&maps, f.a, f.b, NULL, NULL);
    umbra_alloc_fail_after(-1);
  }
  assert_int_equal(status, UMBRA_OK);
  umbra_tile_maps_destroy(maps);
  factors_free(&f);
}

static int open_scheme(void **state) {
  (void)state;
  params = test_params(LOG_N, 40, DEPTH);
  scheme_open(&s, umbra_params_share(params), NULL, NULL, 0);
  return 0;
}

static int close_scheme(void **state) {
  (void)state;
  scheme_close(&s);
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(owners_tiles),
                                     cmocka_unit_test(other_tiles),
                                     cmocka_unit_test(transposed),
                                     cmocka_unit_test(by_diagonals),
                                     cmocka_unit_test(random_shapes),
                                     cmocka_unit_test(levels),
                                     cmocka_unit_test(declared_magnitude),
                                     cmocka_unit_test(keys_are_those_listed),
                                     cmocka_unit_test(few_keys),
                                     cmocka_unit_test(same_bits_everywhere),
                                     cmocka_unit_test(maps_serve_many_products),
                                     cmocka_unit_test(maps_of_others),
                                     cmocka_unit_test(progress),
                                     cmocka_unit_test(refusals),
                                     cmocka_unit_test(allocation_failures),
                                     cmocka_unit_test(allocation_failures_of_maps)};
  return cmocka_run_group_tests(tests, open_scheme, close_scheme);
}
