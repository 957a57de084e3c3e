/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: full UMBRA_BACKEND=ref */
/*
 * Encrypted matrices times encrypted vectors, both ways, in every kind of layout, against sums in the clear; with exactly
 * the keys that the products look for on a dry device.
 */
#include "../host/ckks/scaled.h"
#include "../host/linalg/products.h"
#include "scheme.h"

enum { LOG_N = 11, SLOTS = 1 << (LOG_N - 1), DEPTH = 5 };
static const double tolerance = 2e-6;

static umbra_params *params;

/* ---- one matrix with its vectors ---- */

typedef struct problem {
  size_t rows, columns;
  umbra_matrix_layout layout;
  uint32_t log_radix;
  double *values, *x, *y; /* x over the columns and the one, y over the rows */
} problem;

static problem problem_of(size_t rows, size_t columns, umbra_matrix_layout layout, uint32_t log_radix) {
  uint64_t random = rows * 1000 + columns;
  return (problem){rows,
                   columns,
                   layout,
                   log_radix,
                   random_values(&random, rows * columns),
                   random_values(&random, columns + 1),
                   random_values(&random, rows)};
}

static void problem_free(problem *p) {
  free(p->values);
  free(p->x);
  free(p->y);
}

/* The column of ones holds -1 in every third row, to see that it is the source's. */
static double one_of(size_t row) { return row % 3 ? 1 : -1; }

static double entry(const problem *p, size_t row, size_t column) {
  return column < p->columns ? p->values[row * p->columns + column] : one_of(row);
}

static double element_of(umbra_element element, const void *source) {
  return entry(source, element.row, element.column);
}

/* ---- keys and ciphertexts ---- */

/* Levels: two for a product with a vector and one for the other, and one more for each if there are groups. */
static uint32_t values_level(const problem *p) { return DEPTH - 2 - (p->layout.group > 1); }
static uint32_t last_level(const problem *p) { return values_level(p) - 1 - (p->layout.group > 1); }

/* Both products of all groups, on a dry device. */
static umbra_key_needs *needs_of_products(const problem *p) {
  scheme dry;
  umbra_products *products = NULL;
  umbra_matrix *matrix = NULL;
  umbra_ciphertext *x = NULL, *sum = NULL, *out = NULL;
  scheme_open_dry(&dry, umbra_params_share(params));
  assert_ok(umbra_products_create(&products, dry.evaluator, &p->layout, p->log_radix));
  assert_ok(umbra_dry_matrix(&matrix, dry.context, p->rows, p->columns, DEPTH, 1, &p->layout));
  assert_ok(umbra_dry_ciphertext(&x, dry.context, DEPTH, p->layout.stride, 1));
  for (size_t group = 0; group < umbra_matrix_groups(matrix); group++) {
    umbra_group_values values = {0};
    assert_ok(umbra_times_vector(products, &values, matrix, group, x, 0.125));
    assert_ok(umbra_transposed_add(products, &sum, matrix, group, &values));
    umbra_group_values_clear(&values);
  }
  assert_ok(umbra_sum_rows(products, &out, sum));
  umbra_key_needs *needs = scheme_needs(&dry);
  umbra_ciphertext_destroy(out);
  umbra_ciphertext_destroy(sum);
  umbra_ciphertext_destroy(x);
  umbra_matrix_destroy(matrix);
  umbra_products_destroy(products);
  scheme_close(&dry);
  return needs;
}

typedef struct setup {
  scheme s;
  umbra_matrix *matrix;
  umbra_products *products;
} setup;

static void setup_open(setup *t, const problem *p) {
  scheme *s = &t->s;
  scheme_open_for(s, umbra_params_share(params), NULL, needs_of_products(p));
  umbra_matrix_source source = {element_of, p, 8};
  assert_ok(umbra_matrix_encrypt_source(&t->matrix, umbra_encryptor_of(s->public), &source, p->rows, p->columns,
                                        &p->layout, DEPTH, NULL));
  assert_ok(umbra_products_create(&t->products, s->evaluator, &p->layout, p->log_radix));
}

static void setup_close(setup *t) {
  umbra_products_destroy(t->products);
  umbra_matrix_destroy(t->matrix);
  scheme_close(&t->s);
}

static umbra_ciphertext *encrypt_over_columns(const setup *t, const problem *p) {
  umbra_encode_options options = {.struct_size = sizeof options, .level = DEPTH, .slots = p->layout.stride};
  umbra_plaintext *plain = NULL;
  umbra_ciphertext *x = NULL;
  assert_ok(umbra_encode(&plain, t->s.context, p->x, p->columns + 1, &options));
  assert_ok(umbra_encrypt(&x, t->s.public, plain));
  umbra_plaintext_destroy(plain);
  return x;
}

/* ---- where a row's value is ---- */

typedef struct place {
  size_t group;
  int imaginary;
  size_t slot; /* the first of its block */
} place;

static place place_of(const problem *p, size_t row) {
  const umbra_matrix_layout *l = &p->layout;
  size_t real = l->slots / l->stride, per_part = real << l->pairs, part = row / per_part, within = row % per_part;
  return (place){part / l->group, within >= real, within % real * l->stride + part % l->group * (l->stride / l->group)};
}

static void expect(const problem *p, const char *what, size_t index, double found, double expected) {
  if (!(fabs(found - expected) < tolerance))
    fail_msg("%zu x %zu, stride %u, slots %u, group %u, pairs %d: %s %zu is %.9g, expected %.9g", p->rows, p->columns,
             p->layout.stride, p->layout.slots, p->layout.group, p->layout.pairs, what, index, found, expected);
}

/* ---- both products ---- */

static void check_values(const setup *t, const problem *p, size_t group, const umbra_group_values *values,
                         double factor) {
  double *re = random_values(&(uint64_t){1}, SLOTS), *im = random_values(&(uint64_t){1}, SLOTS);
  uint32_t slots = p->layout.slots, block = p->layout.stride / p->layout.group;
  assert_int_equal(umbra_ciphertext_level(values->re), values_level(p));
  assert_ok(umbra_decrypt_decode(re, slots, values->re, t->s.secret));
  assert_int_equal(values->im != NULL, p->layout.pairs);
  if (values->im) assert_ok(umbra_decrypt_decode(im, slots, values->im, t->s.secret));
  for (size_t row = 0; row < p->rows; row++) {
    place at_row = place_of(p, row);
    double sum = 0;
    if (at_row.group != group) continue;
    for (size_t c = 0; c <= p->columns; c++) sum += entry(p, row, c) * p->x[c];
    for (size_t i = 0; i < block; i++)
      expect(p, "row", row, (at_row.imaginary ? im : re)[at_row.slot + i], factor * sum);
  }
  free(re);
  free(im);
}

static void check_times_vector(const setup *t, const problem *p) {
  umbra_ciphertext *x = encrypt_over_columns(t, p);
  for (size_t group = 0; group < umbra_matrix_groups(t->matrix); group++) {
    umbra_group_values values = {0};
    assert_ok(umbra_times_vector(t->products, &values, t->matrix, group, x, 0.125));
    check_values(t, p, group, &values, 0.125);
    umbra_group_values_clear(&values);
  }
  umbra_ciphertext_destroy(x);
}

/* y in the places of its rows, in one group. */
static void encrypt_values(umbra_group_values *values, const setup *t, const problem *p, size_t group) {
  double *part[2] = {calloc(SLOTS, sizeof(double)), calloc(SLOTS, sizeof(double))};
  assert_true(part[0] && part[1]);
  for (size_t row = 0; row < p->rows; row++) {
    place at_row = place_of(p, row);
    for (size_t i = 0; i < p->layout.stride / p->layout.group && at_row.group == group; i++)
      part[at_row.imaginary][at_row.slot + i] = p->y[row];
  }
  umbra_encode_options options = {.struct_size = sizeof options, .slots = p->layout.slots};
  options.level = values_level(p);
  umbra_ciphertext **out[2] = {&values->re, &values->im};
  for (int i = 0; i <= p->layout.pairs; i++) {
    umbra_plaintext *plain = NULL;
    assert_ok(umbra_encode(&plain, t->s.context, part[i], p->layout.slots, &options));
    assert_ok(umbra_encrypt(out[i], t->s.public, plain));
    umbra_plaintext_destroy(plain);
  }
  free(part[0]);
  free(part[1]);
}

static void check_transposed(const setup *t, const problem *p) {
  umbra_ciphertext *sum = NULL, *out = NULL;
  double found[SLOTS];
  umbra_declaration sums = {UMBRA_DECLARATION_INIT, .magnitude = 0x1p8}; /* of all that a sum of rows may be */
  for (size_t group = 0; group < umbra_matrix_groups(t->matrix); group++) {
    umbra_group_values values = {0};
    encrypt_values(&values, t, p, group);
    assert_ok(umbra_transposed_add(t->products, &sum, t->matrix, group, &values));
    umbra_group_values_clear(&values);
  }
  assert_ok(umbra_sum_rows(t->products, &out, sum));
  assert_int_equal(umbra_ciphertext_level(out), last_level(p));
  assert_int_equal(umbra_ciphertext_slots(out), p->layout.stride);
  assert_ok(umbra_ciphertext_declare(out, &sums));
  assert_ok(umbra_decrypt_decode(found, p->layout.stride, out, t->s.secret));
  for (size_t c = 0; c <= p->columns; c++) {
    double expected = 0;
    for (size_t row = 0; row < p->rows; row++) expected += entry(p, row, c) * p->y[row];
    expect(p, "column", c, found[c] / (1 << p->layout.pairs), expected);
  }
  umbra_ciphertext_destroy(sum);
  umbra_ciphertext_destroy(out);
}

static void check_radix(size_t rows, size_t columns, umbra_matrix_layout layout, uint32_t log_radix) {
  problem p = problem_of(rows, columns, layout, log_radix);
  setup t = {0};
  setup_open(&t, &p);
  check_times_vector(&t, &p);
  check_transposed(&t, &p);
  setup_close(&t);
  problem_free(&p);
}

static void check(size_t rows, size_t columns, umbra_matrix_layout layout) {
  for (uint32_t log_radix = 1; log_radix <= UMBRA_MOST_LOG_RADIX; log_radix++)
    check_radix(rows, columns, layout, log_radix);
}

static void layouts(void **state) {
  (void)state;
  check(20, 5,
        (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 8, .slots = 256,
                              .group = 1}); /* one part, less than the ring */
  check(128, 7, (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 8, .slots = SLOTS, .group = 1});
  check(300, 7,
        (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 8, .slots = SLOTS,
                              .group = 1}); /* three groups of one */
  check(200, 6,
        (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 8, .slots = SLOTS, .group = 1,
                              .pairs = 1}); /* one, half empty */
  check(500, 7,
        (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 8, .slots = SLOTS, .group = 2,
                              .pairs = 1}); /* one of two */
  check(700, 7,
        (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 8, .slots = SLOTS, .group = 4,
                              .pairs = 1}); /* three parts of four */
  check(1000, 7,
        (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 8, .slots = SLOTS,
                              .group = 8}); /* blocks of one slot */
  check(40, 60, (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 64, .slots = SLOTS, .group = 4});
  check(300, 60,
        (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 64, .slots = SLOTS, .group = 8,
                              .pairs = 1}); /* two groups of eight */
  check(7, 1000,
        (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = SLOTS, .slots = SLOTS, .group = 4,
                              .pairs = 1}); /* a row is a part */
}

static void layouts_that_are_none(void **state) {
  (void)state;
  const umbra_matrix_layout good = {.ones = 1, .stride = 8, .slots = 64, .group = 4, .pairs = 1};
  assert_ok(umbra_layout_check(&good, 1, 7, SLOTS));
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_matrix_layout layout = good;
  assert_fails(umbra_layout_check(&layout, 1, 8, SLOTS), bad, "8 columns and a one in rows of 8");
  layout.ones = 0;
  assert_ok(umbra_layout_check(&layout, 1, 8, SLOTS));
  assert_fails(umbra_layout_check(&layout, 1, 9, SLOTS), bad, "9 columns in rows of 8");
  layout.ones = 2;
  assert_fails(umbra_layout_check(&layout, 1, 7, SLOTS), bad, "ones and pairs are 2 and 1");
  layout = good;
  assert_fails(umbra_layout_check(&layout, 1, 0, SLOTS), bad, "0 columns");
  layout.stride = 12;
  assert_fails(umbra_layout_check(&layout, 1, 7, SLOTS), bad, "a stride of 12");
  layout = good;
  layout.slots = 2 * SLOTS;
  assert_fails(umbra_layout_check(&layout, 1, 7, SLOTS), bad, "these up to");
  layout.slots = 4;
  assert_fails(umbra_layout_check(&layout, 1, 7, SLOTS), bad, "parts of 4 slots");
  layout = good;
  layout.group = 16;
  assert_fails(umbra_layout_check(&layout, 1, 7, SLOTS), bad, "groups of 16");
  layout.group = 0;
  assert_fails(umbra_layout_check(&layout, 1, 7, SLOTS), bad, "groups of 0");
  layout = good;
  layout.pairs = 2;
  assert_fails(umbra_layout_check(&layout, 1, 7, SLOTS), bad, "ones and pairs are 1 and 2");
}

static int open_params(void **state) {
  (void)state;
  params = test_params(LOG_N, 40, DEPTH);
  return 0;
}

static int close_params(void **state) {
  (void)state;
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(layouts), cmocka_unit_test(layouts_that_are_none)};
  return cmocka_run_group_tests(tests, open_params, close_params);
}
