/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: full UMBRA_BACKEND=ref */
/*
 * Encrypted matrices times plain ones against sums in the clear: random shapes and layouts, arrays of both types with
 * strides of all kinds; with exactly the keys that a dry device tells, which are none for a ciphertext a column.
 */
#include "boot.h"
#include "host/base/error.h"
#include "host/base/memory.h"
#include "host/base/watch.h"
#include "host/linalg/matrix.h"
#include "host/linalg/weights.h"
#include "scheme.h"

enum { LOG_N = 11, SLOTS = 1 << (LOG_N - 1), DEPTH = 4, MOST = 700 };

static umbra_params *params;
static scheme s; /* without keys for evaluation */

/* ---- one product ---- */

typedef struct problem {
  size_t records, columns, rows;
  umbra_matrix_layout layout;
  uint32_t level;
  double *x, *w, *b; /* in row order */
  double norm;       /* the largest Euclidean one of W's rows */
  double largest;    /* |x| */
} problem;

/* Rounded to floats, so that arrays of both types hold the same. */
static problem problem_of(size_t records, size_t columns, size_t rows, umbra_matrix_layout layout, uint64_t *random) {
  problem p = {.records = records, .columns = columns, .rows = rows, .layout = layout, .level = DEPTH, .largest = 1};
  p.x = random_values(random, records * columns);
  p.w = random_values(random, rows * columns);
  p.b = random_values(random, rows);
  for (size_t i = 0; i < rows; i++) {
    double squares = 0;
    p.b[i] = (float)p.b[i];
    for (size_t j = 0; j < columns; j++) {
      double *w = &p.w[i * columns + j];
      *w = (float)*w;
      squares += *w * *w;
    }
    p.norm = fmax(p.norm, sqrt(squares));
  }
  return p;
}

static void problem_free(problem *p) {
  free(p->x);
  free(p->w);
  free(p->b);
}

static double expected(const problem *p, size_t record, size_t row) {
  double sum = p->b[row];
  for (size_t j = 0; j < p->columns; j++) sum += p->w[row * p->columns + j] * p->x[record * p->columns + j];
  return sum;
}

/* ---- arrays ---- */

/* Rows x columns values that lie in some order, of some type; release `memory`. */
static umbra_array array_of(const double *values, size_t rows, size_t columns, uint32_t how, void **memory) {
  const ptrdiff_t gap = 1 + how % 3, width = (ptrdiff_t)(how & 8 ? rows : columns) * gap;
  umbra_array array = {UMBRA_ARRAY_INIT, .rows = rows, .columns = columns, .type = how & 4 ? UMBRA_ARRAY_FLOAT : 0};
  *memory = calloc(rows * columns * 3, sizeof(double));
  assert_non_null(*memory);
  array.row_stride = how & 8 ? gap : width;
  array.column_stride = how & 8 ? width : gap;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) {
      const ptrdiff_t at = (ptrdiff_t)i * array.row_stride + (ptrdiff_t)j * array.column_stride;
      if (how & 4) ((float *)*memory)[at] = (float)values[i * columns + j];
      else ((double *)*memory)[at] = values[i * columns + j];
    }
  array.data = *memory;
  return array;
}

static umbra_weights *weights_of(const umbra_context *context, const problem *p, uint32_t how) {
  void *memory[2];
  const umbra_array values = array_of(p->w, p->rows, p->columns, how, &memory[0]),
                    bias = array_of(p->b, p->rows, 1, how, &memory[1]);
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .bias = &bias, .layout = &p->layout};
  umbra_weights *weights = NULL;
  desc.level = p->level;
  assert_ok(umbra_weights_create(&weights, context, &desc, NULL));
  free(memory[0]);
  free(memory[1]);
  return weights;
}

/* ---- the same on a dry device: needs, and the level ---- */

static umbra_key_needs *needs_of_product(const problem *p) {
  scheme dry;
  umbra_matrix *matrix = NULL;
  scheme_open_dry(&dry, umbra_params_share(params));
  umbra_weights *weights = weights_of(dry.context, p, 0);
  assert_ok(umbra_dry_matrix(&matrix, dry.context, p->records, p->columns, DEPTH, 1, &p->layout));
  assert_ok(umbra_matrix_apply(dry.evaluator, &matrix, matrix, weights));
  assert_int_equal(umbra_matrix_level(matrix), p->level - 1);
  umbra_key_needs *needs = scheme_needs(&dry);
  umbra_weights_destroy(weights);
  umbra_matrix_destroy(matrix);
  scheme_close(&dry);
  return needs;
}

/* ---- the product ---- */

static void check_values(const problem *p, const umbra_matrix *product) {
  umbra_range range = {UMBRA_RANGE_INIT};
  double *found = calloc(p->records * p->rows, sizeof *found);
  assert_non_null(found);
  assert_int_equal(umbra_matrix_rows(product), p->records);
  assert_int_equal(umbra_matrix_columns(product), p->rows);
  assert_int_equal(umbra_matrix_level(product), p->level - 1);
  assert_ok(umbra_matrix_decrypt(product, found, s.secret, NULL));
  assert_ok(umbra_matrix_range(product, &range));
  for (size_t i = 0; i < p->records; i++)
    for (size_t k = 0; k < p->rows; k++) {
      const double value = found[i * p->rows + k], wanted = expected(p, i, k);
      if (!(fabs(value - wanted) <= 0x1p-18 * p->norm * p->largest))
        fail_msg("%zu x %zu times %zu x %zu: (%zu, %zu) is %g, not %g", p->rows, p->columns, p->columns, p->records, k,
                 i, value, wanted);
      assert_true(fabs(value - wanted) <= range.error_bound && fabs(value) <= range.magnitude + range.error_bound);
    }
  free(found);
}

static void check(problem *p, uint32_t how) {
  umbra_evaluator *evaluator = NULL;
  umbra_matrix *matrix = NULL, *product = NULL;
  umbra_eval_keys *keys = keys_for(s.secret, needs_of_product(p));
  umbra_weights *weights = weights_of(s.context, p, how);
  assert_ok(umbra_evaluator_create(&evaluator, s.context, keys));
  umbra_evaluator_set_strict(evaluator, 1);
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, p->x, p->records, p->columns, &p->layout, NULL));
  assert_ok(umbra_matrix_apply(evaluator, &product, matrix, weights));
  check_values(p, product);
  umbra_matrix_destroy(product);
  umbra_matrix_destroy(matrix);
  umbra_weights_destroy(weights);
  umbra_evaluator_destroy(evaluator);
  umbra_eval_keys_destroy(keys);
  problem_free(p);
}

/* ---- shapes ---- */

/* Mostly small, now and then up to the most. */
static size_t random_size(uint64_t *random, uint32_t most) { return 1 + below(random, 1 + below(random, most)); }

static umbra_matrix_layout columns_in(uint32_t stride, uint32_t slots, int pairs) {
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS,
                               .stride = stride,         .slots = slots,
                               .pairs = pairs,           .group = 1};
}

static void a_ciphertext_a_column(void **state) {
  (void)state;
  uint64_t random = 1;
  for (uint32_t i = 0; i < 12; i++) {
    const uint32_t slots = 1u << below(&random, LOG_N);
    const size_t columns = random_size(&random, 90), rows = random_size(&random, 90), records = 1 + below(&random, 60);
    problem p = problem_of(records, columns, rows, columns_in(slots, slots, i % 2), &random);
    p.level = 1 + i / 2 % DEPTH;
    check(&p, i);
  }
}

/* As many as take several blocks of the kernel, both ways, and strips of fewer limbs than there are. */
static void many_columns(void **state) {
  (void)state;
  uint64_t random = 2;
  problem wide = problem_of(3, 1100, 9, columns_in(4, 4, 0), &random);
  check(&wide, 5);
  problem tall = problem_of(3, 17, 300, columns_in(4, 4, 1), &random);
  check(&tall, 9);
}

static void columns_together(void **state) {
  (void)state;
  uint64_t random = 3;
  for (uint32_t i = 0; i < 24; i++) {
    const uint32_t log_slots = 2 + below(&random, LOG_N - 2), log_stride = below(&random, log_slots);
    const umbra_matrix_layout layout = columns_in(1u << log_stride, 1u << log_slots, i % 2);
    const uint32_t most = 1u << (log_slots - log_stride);
    const size_t columns = random_size(&random, most < 48 ? 3 * most : 48), rows = random_size(&random, 48);
    problem p = problem_of(1 + below(&random, 3u << log_stride), columns, rows, layout, &random);
    p.level = 1 + i / 2 % DEPTH;
    check(&p, i);
  }
}

/* By columns of one record, in all slots or in as few as there must be, and by rows. */
static void vectors(void **state) {
  (void)state;
  uint64_t random = 4;
  for (uint32_t i = 0; i < 9; i++) {
    const size_t columns = random_size(&random, i < 3 ? MOST : 60), rows = random_size(&random, i < 3 ? 40 : MOST / 4);
    uint32_t slots = 2;
    while (slots < columns) slots *= 2;
    umbra_matrix_layout layout = columns_in(1, i % 3 ? slots : SLOTS, 0);
    if (i % 3 == 2) layout.order = UMBRA_MATRIX_BY_ROWS, layout.stride = slots;
    problem p = problem_of(1, columns, rows, layout, &random);
    check(&p, i);
  }
}

/* Copies that the owner shifted, of one record, or of two in a ciphertext. */
static void shifted_copies(void **state) {
  (void)state;
  uint64_t random = 14;
  for (uint32_t i = 0; i < 24; i++) {
    const uint32_t log_slots = 1 + below(&random, LOG_N - 1), log_stride = below(&random, log_slots + 1);
    umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_SHIFTED, .pairs = i % 2};
    layout.slots = 1u << log_slots;
    layout.stride = 1u << log_stride;
    layout.group = 1u << below(&random, log_stride + 1);
    const uint32_t wide = layout.group * (layout.slots / layout.stride);
    const size_t columns = random_size(&random, wide < MOST / 3 ? 3 * wide : MOST);
    const size_t rows = random_size(&random, layout.stride < 64 ? 3 * layout.stride : 128);
    problem p = problem_of(1 + below(&random, 3), columns, rows, layout, &random);
    p.level = 1 + i / 2 % DEPTH;
    check(&p, i);
  }
}

static umbra_matrix_layout interleaved_in(uint32_t stride, uint32_t slots, uint32_t group) {
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_INTERLEAVED, .stride = stride,
                               .slots = slots, .group = group};
}

/* Copies of columns, which take no key, and columns beside each other, in blocks of records. */
static void interleaved(void **state) {
  (void)state;
  uint64_t random = 15;
  for (uint32_t i = 0; i < 24; i++) {
    const uint32_t log_stride = below(&random, 6), log_slots = log_stride + below(&random, LOG_N - log_stride);
    const uint32_t stride = 1u << log_stride, group = i % 2 ? stride : 1, most = 1u << (log_slots - log_stride);
    const size_t columns = random_size(&random, 90), rows = random_size(&random, 90);
    problem p = problem_of(1 + below(&random, 2 * (most < 30 ? most : 30)), columns, rows,
                           interleaved_in(stride, 1u << log_slots, group), &random);
    p.level = 1 + i / 2 % DEPTH;
    check(&p, i);
  }
}

/* As many as take several blocks of kernels. */
static void many_interleaved(void **state) {
  (void)state;
  uint64_t random = 16;
  problem wide = problem_of(3, 1100, 9, interleaved_in(4, 16, 1), &random);
  check(&wide, 5);
  problem tall = problem_of(3, 17, 600, interleaved_in(4, 16, 1), &random);
  check(&tall, 9);
}

static void a_product_of_a_product(void **state) {
  (void)state;
  enum { RECORDS = 3, COLUMNS = 9, MIDDLE = 6, ROWS = 5 };
  uint64_t random = 17;
  problem p = problem_of(RECORDS, COLUMNS, MIDDLE, interleaved_in(4, 16, 1), &random),
          q = problem_of(RECORDS, MIDDLE, ROWS, interleaved_in(4, 16, 4), &random);
  umbra_matrix *matrix = NULL;
  umbra_evaluator *evaluator = NULL;
  q.level = p.level - 1;
  umbra_eval_keys *keys = keys_for(s.secret, needs_of_product(&q));
  umbra_weights *first = weights_of(s.context, &p, 0), *second = weights_of(s.context, &q, 0);
  for (size_t i = 0; i < RECORDS; i++)
    for (size_t j = 0; j < MIDDLE; j++) q.x[i * MIDDLE + j] = expected(&p, i, j);
  q.largest = COLUMNS;
  assert_ok(umbra_evaluator_create(&evaluator, s.context, keys));
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, p.x, RECORDS, COLUMNS, &p.layout, NULL));
  assert_fails(umbra_matrix_apply(evaluator, &matrix, matrix, second), UMBRA_ERROR_INVALID_ARGUMENT, "9 columns");
  assert_ok(umbra_matrix_apply(evaluator, &matrix, matrix, first));
  assert_int_equal(matrix->layout.group, 4);
  assert_ok(umbra_matrix_apply(evaluator, &matrix, matrix, second));
  check_values(&q, matrix);
  umbra_matrix_destroy(matrix);
  umbra_weights_destroy(first);
  umbra_weights_destroy(second);
  umbra_evaluator_destroy(evaluator);
  umbra_eval_keys_destroy(keys);
  problem_free(&p);
  problem_free(&q);
}

/* However large a bias is, other rows are as exact as without it. */
static void check_large_bias(problem p) {
  umbra_matrix *matrix = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_eval_keys *keys = keys_for(s.secret, needs_of_product(&p));
  double *found = calloc(p.records * p.rows, sizeof *found);
  assert_non_null(found);
  p.b[0] = 0x1p60;
  umbra_weights *weights = weights_of(s.context, &p, 0);
  assert_ok(umbra_evaluator_create(&evaluator, s.context, keys));
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, p.x, p.records, p.columns, &p.layout, NULL));
  assert_ok(umbra_matrix_apply(evaluator, &matrix, matrix, weights));
  assert_ok(umbra_matrix_decrypt(matrix, found, s.secret, NULL));
  for (size_t i = 0; i < p.records; i++) {
    assert_true(fabs(found[i * p.rows] - 0x1p60) < 0x1p12);
    for (size_t k = 1; k < p.rows; k++)
      assert_true(fabs(found[i * p.rows + k] - expected(&p, i, k)) <= 0x1p-18 * p.norm);
  }
  umbra_weights_destroy(weights);
  umbra_matrix_destroy(matrix);
  umbra_evaluator_destroy(evaluator);
  umbra_eval_keys_destroy(keys);
  problem_free(&p);
  free(found);
}

static void a_large_bias(void **state) {
  (void)state;
  uint64_t random = 12;
  check_large_bias(problem_of(3, 5, 3, columns_in(4, 4, 0), &random));
  check_large_bias(problem_of(4, 5, 3, columns_in(4, 4, 1), &random));
  check_large_bias(problem_of(3, 2, 2, columns_in(SLOTS, SLOTS, 0), &random));
}

/* ---- layouts ---- */

/* As they are given for encryption: what is 0 is chosen alike. */
static void layouts_as_for_encryption(void **state) {
  (void)state;
  uint64_t random = 13;
  const umbra_matrix_layout columns = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = 4},
                            rows = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_ROWS},
                            shifted = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_SHIFTED};
  problem p = problem_of(4, 6, 5, columns, &random), q = problem_of(1, 6, 5, rows, &random),
          r = problem_of(2, 6, 9, shifted, &random);
  check(&p, 0);
  check(&q, 0);
  check(&r, 0);
}

/* ---- refusals ---- */

typedef struct refusal {
  size_t rows, columns, bias_rows;
  double element;
  umbra_status status;
  const char *words;
} refusal;

/* A declared range takes the place of sums of |weight|, in the eyes of a strict evaluator, too. */
static void check_declared(problem p, double magnitude) {
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = p.w, .rows = p.rows, .columns = p.columns},
                    bias = {UMBRA_ARRAY_INIT, .data = p.b, .rows = p.rows, .columns = 1};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .bias = &bias, .layout = &p.layout};
  umbra_range range = {UMBRA_RANGE_INIT};
  umbra_evaluator *evaluator = NULL;
  umbra_weights *weights = NULL;
  umbra_matrix *matrix = NULL, *product = NULL;
  p.level = desc.level = 1;
  umbra_eval_keys *keys = keys_for(s.secret, needs_of_product(&p));
  assert_ok(umbra_evaluator_create(&evaluator, s.context, keys));
  umbra_evaluator_set_strict(evaluator, 1);
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, p.x, p.records, p.columns, &p.layout, NULL));
  assert_ok(umbra_weights_create(&weights, s.context, &desc, NULL));
  assert_fails(umbra_matrix_apply(evaluator, &product, matrix, weights), UMBRA_ERROR_RANGE, "bound");
  desc.magnitude = magnitude;
  assert_ok(umbra_weights_create(&weights, s.context, &desc, NULL));
  assert_ok(umbra_matrix_apply(evaluator, &product, matrix, weights));
  assert_ok(umbra_matrix_range(product, &range));
  assert_true(range.magnitude == magnitude && range.worst_magnitude > magnitude);
  assert_int_equal(range.by, UMBRA_DECLARED_BY_APPLICATION);
  check_values(&p, product);
  umbra_matrix_destroy(product);
  umbra_matrix_destroy(matrix);
  umbra_weights_destroy(weights);
  umbra_evaluator_destroy(evaluator);
  umbra_eval_keys_destroy(keys);
  problem_free(&p);
}

static void declared_ranges(void **state) {
  (void)state;
  uint64_t random = 9;
  check_declared(problem_of(2, 900, 3, columns_in(2, 2, 0), &random), 100);
  check_declared(problem_of(2, 900, 3, columns_in(1, SLOTS, 0), &random), 100);
  check_declared(problem_of(2, 900, 3, interleaved_in(2, 4, 1), &random), 100);
}

static void weights_are_refused(void **state) {
  (void)state;
  const size_t many = (size_t)1 << 31;
  const refusal given[] = {
      {0, 3, 0, 1, UMBRA_ERROR_INVALID_ARGUMENT, "the weights: 0 rows and 3 columns"},
      {3, 0, 3, 1, UMBRA_ERROR_INVALID_ARGUMENT, "3 rows and 0 columns"},
      {many, 1, many, 1, UMBRA_ERROR_RANGE, "both must be below 2^31"},
      {1, many, 1, 1, UMBRA_ERROR_RANGE, "both must be below 2^31"},
      {2, 2, 2, NAN, UMBRA_ERROR_RANGE, "the weights: element (0, 1) is not a finite number"},
      {2, 2, 2, -INFINITY, UMBRA_ERROR_RANGE, "element (0, 1) is not a finite number"},
      {2, 2, 2, 1e300, UMBRA_ERROR_RANGE, "too large for level"},
      {2, 2, 3, 1, UMBRA_ERROR_INVALID_ARGUMENT, "it must be 2 x 1"},
  };
  umbra_weights *weights = NULL;
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    const double numbers[] = {1, given[i].element, 1, 1}, zeros[3] = {0};
    const umbra_array values = {UMBRA_ARRAY_INIT, .data = numbers, .rows = given[i].rows, .columns = given[i].columns},
                      bias = {UMBRA_ARRAY_INIT, .data = zeros, .rows = given[i].bias_rows, .columns = 1};
    const umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .bias = &bias};
    assert_fails(umbra_weights_create(&weights, s.context, &desc, NULL), given[i].status, given[i].words);
    assert_null(weights);
  }
}

static void refused(const umbra_array *values, const umbra_array *bias, const umbra_matrix_layout *layout,
                    uint32_t level, umbra_status status, const char *words) {
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = values, .bias = bias, .layout = layout};
  umbra_weights *weights = NULL;
  desc.level = level;
  assert_fails(umbra_weights_create(&weights, s.context, &desc, NULL), status, words);
  assert_null(weights);
}

static void descriptions_are_refused(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  const double numbers[4] = {1, 2, 3, 4}, none[2] = {0, NAN};
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = numbers, .rows = 2, .columns = 2},
                    empty = {UMBRA_ARRAY_INIT, .rows = 2, .columns = 2},
                    odd = {UMBRA_ARRAY_INIT, .data = numbers, .type = (umbra_array_type)2, .rows = 2, .columns = 2},
                    bias = {UMBRA_ARRAY_INIT, .data = none, .rows = 2, .columns = 1};
  const umbra_matrix_layout wide = columns_in(SLOTS, 2 * SLOTS, 0),
                            narrow = {UMBRA_MATRIX_LAYOUT_INIT, .stride = 1, .slots = 2, .group = 1},
                            open = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS},
                            runs = interleaved_in(4, 4, 2), long_runs = interleaved_in(SLOTS, SLOTS, 1);
  refused(NULL, NULL, NULL, DEPTH, bad, "there is no array");
  refused(&empty, NULL, NULL, DEPTH, bad, "without data");
  refused(&odd, NULL, NULL, DEPTH, bad, "type is 2");
  refused(&values, NULL, &wide, DEPTH, bad, "powers of two");
  refused(&values, NULL, &narrow, DEPTH, bad, "2 columns in rows of 1 slots");
  refused(&values, NULL, &open, DEPTH, bad, "as umbra_matrix_layout_of tells it");
  refused(&values, NULL, &runs, DEPTH, bad, "groups of 2 columns in runs of 4");
  refused(&values, NULL, &long_runs, DEPTH, UMBRA_ERROR_RANGE, "runs of 1024 slots: at most 64");
  refused(&values, NULL, NULL, DEPTH + 1, bad, "level 5 does not exist");
  refused(&values, NULL, NULL, 0, UMBRA_ERROR_NO_LEVEL, "at level 0");
  refused(&values, &bias, NULL, DEPTH, UMBRA_ERROR_RANGE, "the bias: element (1, 0)");
}

static void products_are_refused(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  uint64_t random = 5;
  problem p = problem_of(4, 3, 2, columns_in(4, 4, 0), &random), q = problem_of(4, 5, 2, columns_in(4, 16, 0), &random);
  umbra_weights *weights = weights_of(s.context, &p, 0), *others = weights_of(s.context, &q, 0);
  umbra_matrix *matrix = NULL, *rows = NULL, *out = NULL;
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, p.x, 4, 3, &p.layout, NULL));
  assert_ok(umbra_matrix_encrypt(&rows, s.public, p.x, 4, 3, NULL, NULL));
  assert_fails(umbra_matrix_apply(NULL, &out, matrix, weights), bad, "needs an evaluator");
  assert_fails(umbra_matrix_apply(s.evaluator, NULL, matrix, weights), bad, "an output");
  assert_fails(umbra_matrix_apply(s.evaluator, &out, NULL, weights), bad, "a matrix");
  assert_fails(umbra_matrix_apply(s.evaluator, &out, matrix, NULL), bad, "weights");
  assert_fails(umbra_matrix_apply(s.evaluator, &out, matrix, others), bad, "3 columns and the weights have 5");
  assert_fails(umbra_matrix_apply(s.evaluator, &out, rows, weights), bad, "4 rows, by rows");
  assert_null(out);
  assert_ok(umbra_matrix_apply(s.evaluator, &out, matrix, weights));
  const umbra_matrix *before = out;
  assert_int_equal(umbra_matrix_columns(out), 2);
  assert_fails(umbra_matrix_apply(s.evaluator, &out, out, weights), bad, "2 columns and the weights have 3");
  assert_ptr_equal(out, before);
  umbra_matrix_destroy(matrix);
  matrix = NULL;
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, q.x, 4, 5, &q.layout, NULL));
  assert_fails(umbra_matrix_apply(s.evaluator, &out, matrix, others), UMBRA_ERROR_MISSING_KEY, "rotation");
  umbra_weights_destroy(others);
  q.layout = columns_in(8, 16, 0);
  others = weights_of(s.context, &q, 0);
  assert_fails(umbra_matrix_apply(s.evaluator, &out, matrix, others), bad, "runs of 4 slots in ciphertexts of 16");
  umbra_matrix_destroy(rows);
  umbra_matrix_destroy(matrix);
  umbra_matrix_destroy(out);
  umbra_weights_destroy(others);
  umbra_weights_destroy(weights);
  problem_free(&p);
  problem_free(&q);
}

/* Inputs that lack levels, and those of a level in between. */
static void levels(void **state) {
  (void)state;
  uint64_t random = 6;
  problem p = problem_of(4, 3, 3, columns_in(4, 4, 0), &random);
  umbra_matrix *matrix = NULL;
  umbra_weights *top = weights_of(s.context, &p, 0);
  p.level = 1;
  umbra_weights *low = weights_of(s.context, &p, 0);
  assert_int_equal(umbra_weights_level(top), DEPTH);
  assert_int_equal(umbra_weights_rows(top), 3);
  assert_int_equal(umbra_weights_columns(top), 3);
  assert_true(umbra_weights_bytes(top) > umbra_weights_bytes(low));
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, p.x, 4, 3, &p.layout, NULL));
  assert_ok(umbra_matrix_apply(s.evaluator, &matrix, matrix, top));
  assert_fails(umbra_matrix_apply(s.evaluator, &matrix, matrix, top), UMBRA_ERROR_NO_LEVEL, "begins at level 4");
  assert_ok(umbra_matrix_apply(s.evaluator, &matrix, matrix, low));
  assert_int_equal(umbra_matrix_level(matrix), 0);
  assert_fails(umbra_matrix_apply(s.evaluator, &matrix, matrix, low), UMBRA_ERROR_NO_LEVEL, "level 0");
  umbra_matrix_destroy(matrix);
  umbra_weights_destroy(top);
  umbra_weights_destroy(low);
  problem_free(&p);
}

/* An evaluator that refreshes by itself, of a simulation: columns without levels are refreshed, each once. */
static void check_refreshed(umbra_matrix_layout layout, uint64_t refreshes) {
  enum { RECORDS = 2, COLUMNS = 3, ROWS = 2 };
  boot b;
  uint64_t random = 11;
  problem p = problem_of(RECORDS, COLUMNS, ROWS, layout, &random);
  umbra_matrix *matrix = NULL;
  double found[RECORDS * ROWS];
  const umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  boot_open_sim(&b, boot_twin_40(LOG_N), 0, 4, &options);
  assert_ok(umbra_evaluator_bootstrap_with(b.s.evaluator, b.bootstrapper));
  p.level = 1;
  umbra_weights *weights = weights_of(b.s.context, &p, 0);
  assert_ok(umbra_sim_matrix(&matrix, b.s.context, p.x, RECORDS, COLUMNS, &p.layout));
  for (size_t i = 0; i < matrix->parts; i++)
    assert_ok(umbra_level_drop(b.s.evaluator, &matrix->part[i], matrix->part[i], 0));
  assert_ok(umbra_matrix_apply(b.s.evaluator, &matrix, matrix, weights));
  assert_int_equal(umbra_evaluator_bootstraps(b.s.evaluator), refreshes);
  assert_ok(umbra_sim_matrix_decode(found, matrix));
  for (int i = 0; i < RECORDS * ROWS; i++)
    assert_true(fabs(found[i] - expected(&p, (size_t)i / ROWS, (size_t)i % ROWS)) < 1e-3);
  umbra_matrix_destroy(matrix);
  umbra_weights_destroy(weights);
  problem_free(&p);
  assert_ok(umbra_evaluator_bootstrap_with(b.s.evaluator, NULL));
  boot_close(&b);
}

static void refreshed(void **state) {
  (void)state;
  check_refreshed(columns_in(2, 2, 0), 3);
  check_refreshed(columns_in(2, 8, 0), 1);
}

/* ---- failures on the way ---- */

static int stop_later(void *user, double fraction) {
  int *left = user;
  assert_true(fraction >= 0 && fraction <= 1);
  return (*left)-- == 0;
}

/* Whenever the call is stopped, the output is as it was. */
static void cancelled(void **state) {
  (void)state;
  uint64_t random = 10;
  problem p = problem_of(4, 5, 6, columns_in(4, 4, 0), &random);
  umbra_matrix *matrix = NULL, *out = NULL;
  umbra_weights *weights = weights_of(s.context, &p, 0);
  umbra_status status = UMBRA_ERROR_CANCELLED;
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, p.x, 4, 5, &p.layout, NULL));
  umbra_watch_interval(0);
  for (int n = 0; status != UMBRA_OK; n++) {
    int left = n;
    const umbra_progress progress = {stop_later, &left};
    umbra_evaluator_watch(s.evaluator, &progress);
    status = umbra_matrix_apply(s.evaluator, &out, matrix, weights);
    assert_true(status == UMBRA_OK ? out != NULL : status == UMBRA_ERROR_CANCELLED && !out);
    assert_in_range(n, 0, 1000);
  }
  umbra_evaluator_watch(s.evaluator, NULL);
  umbra_matrix_destroy(matrix);
  umbra_matrix_destroy(out);
  umbra_weights_destroy(weights);
  problem_free(&p);
}

static umbra_status make_and_apply(umbra_matrix **out, const umbra_evaluator *evaluator, const umbra_matrix *matrix,
                                   const problem *p) {
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = p->w, .rows = p->rows, .columns = p->columns},
                    bias = {UMBRA_ARRAY_INIT, .data = p->b, .rows = p->rows, .columns = 1};
  const umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .bias = &bias, .layout = &p->layout};
  umbra_weights *weights = NULL;
  UMBRA_TRY(umbra_weights_create(&weights, s.context, &desc, NULL));
  umbra_status status = umbra_matrix_apply((umbra_evaluator *)evaluator, out, matrix, weights);
  umbra_weights_destroy(weights);
  return status;
}

/* Every allocation fails once: the output is as it was, and nothing is left. */
static void check_failures(problem p) {
  umbra_evaluator *evaluator = NULL;
  umbra_matrix *matrix = NULL, *out = NULL;
  umbra_eval_keys *keys = keys_for(s.secret, needs_of_product(&p));
  assert_ok(umbra_evaluator_create(&evaluator, s.context, keys));
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, p.x, p.records, p.columns, &p.layout, NULL));
  const uint64_t before = umbra_context_memory(s.context);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long n = 0; status != UMBRA_OK; n++) {
    umbra_alloc_fail_after(n);
    status = make_and_apply(&out, evaluator, matrix, &p);
    umbra_alloc_fail_after(-1);
    if (status == UMBRA_OK) break;
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_null(out);
    assert_int_equal(umbra_context_memory(s.context), before);
    assert_in_range(n, 0, 2000);
  }
  umbra_matrix_destroy(out);
  umbra_matrix_destroy(matrix);
  umbra_evaluator_destroy(evaluator);
  umbra_eval_keys_destroy(keys);
  problem_free(&p);
}

static void allocation_failures(void **state) {
  (void)state;
  uint64_t random = 7;
  check_failures(problem_of(5, 3, 4, columns_in(4, 4, 1), &random));
  check_failures(problem_of(5, 6, 4, columns_in(4, 16, 0), &random));
  check_failures(problem_of(5, 6, 4, interleaved_in(2, 16, 1), &random));
  check_failures(problem_of(5, 6, 4, interleaved_in(2, 16, 2), &random));
}

/* ---- simulated ---- */

/* The noise of a simulation is as large as that of the scheme, within a factor of 4. */
static double error_of(const problem *p, const double *found) {
  double squares = 0;
  for (size_t i = 0; i < p->records; i++)
    for (size_t k = 0; k < p->rows; k++) squares += pow(found[i * p->rows + k] - expected(p, i, k), 2);
  return sqrt(squares / (double)(p->records * p->rows));
}

static void check_simulated(problem p) {
  scheme sim;
  umbra_evaluator *evaluator = NULL;
  umbra_matrix *matrix[2] = {NULL, NULL};
  double error[2], *found = calloc(p.records * p.rows, sizeof *found);
  assert_non_null(found);
  umbra_eval_keys *keys = keys_for(s.secret, needs_of_product(&p));
  scheme_open_sim(&sim, test_params(LOG_N, 40, DEPTH), 0, 3);
  assert_ok(umbra_evaluator_create(&evaluator, s.context, keys));
  umbra_weights *weights[2] = {weights_of(s.context, &p, 0), weights_of(sim.context, &p, 0)};
  assert_ok(umbra_matrix_encrypt(&matrix[0], s.public, p.x, p.records, p.columns, &p.layout, NULL));
  assert_ok(umbra_sim_matrix(&matrix[1], sim.context, p.x, p.records, p.columns, &p.layout));
  assert_ok(umbra_matrix_apply(evaluator, &matrix[0], matrix[0], weights[0]));
  assert_ok(umbra_matrix_apply(sim.evaluator, &matrix[1], matrix[1], weights[1]));
  assert_ok(umbra_matrix_decrypt(matrix[0], found, s.secret, NULL));
  error[0] = error_of(&p, found);
  assert_ok(umbra_sim_matrix_decode(found, matrix[1]));
  error[1] = error_of(&p, found);
  if (!(error[1] > error[0] / 4 && error[1] < 4 * error[0])) fail_msg("simulated %g, real %g", error[1], error[0]);
  for (int i = 0; i < 2; i++) umbra_matrix_destroy(matrix[i]), umbra_weights_destroy(weights[i]);
  umbra_evaluator_destroy(evaluator);
  umbra_eval_keys_destroy(keys);
  scheme_close(&sim);
  problem_free(&p);
  free(found);
}

static void simulations(void **state) {
  (void)state;
  const umbra_matrix_layout shifted = {
      UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_SHIFTED, .stride = 32, .slots = 512, .pairs = 1, .group = 4};
  uint64_t random = 8;
  check_simulated(problem_of(40, 70, 20, columns_in(64, 64, 0), &random));
  check_simulated(problem_of(16, 30, 20, columns_in(16, 512, 0), &random));
  check_simulated(problem_of(4, 60, 30, shifted, &random));
  check_simulated(problem_of(40, 70, 20, interleaved_in(8, 512, 1), &random));
  check_simulated(problem_of(40, 70, 20, interleaved_in(8, 512, 8), &random));
}

static int open_scheme(void **state) {
  (void)state;
  params = test_params(LOG_N, 40, DEPTH);
  scheme_open(&s, test_params(LOG_N, 40, DEPTH), NULL, NULL, 0);
  return 0;
}

static int close_scheme(void **state) {
  (void)state;
  scheme_close(&s);
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ciphertext_a_column),
      cmocka_unit_test(many_columns),
      cmocka_unit_test(columns_together),
      cmocka_unit_test(vectors),
      cmocka_unit_test(shifted_copies),
      cmocka_unit_test(interleaved),
      cmocka_unit_test(many_interleaved),
      cmocka_unit_test(a_product_of_a_product),
      cmocka_unit_test(a_large_bias),
      cmocka_unit_test(layouts_as_for_encryption),
      cmocka_unit_test(declared_ranges),
      cmocka_unit_test(weights_are_refused),
      cmocka_unit_test(descriptions_are_refused),
      cmocka_unit_test(products_are_refused),
      cmocka_unit_test(levels),
      cmocka_unit_test(allocation_failures),
      cmocka_unit_test(cancelled),
      cmocka_unit_test(refreshed),
      cmocka_unit_test(simulations),
  };
  return cmocka_run_group_tests(tests, open_scheme, close_scheme);
}
