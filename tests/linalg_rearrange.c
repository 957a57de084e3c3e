/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Encrypted matrices in other layouts and as views of themselves, against the same in the clear, with keys from a dry run. */
#include "host/linalg/matrix.h"
#include "scheme.h"

enum { LOG_N = 11, SLOTS = 1 << (LOG_N - 1), DEPTH = 2 };

static umbra_params *params;

static umbra_matrix_layout layout_of(umbra_matrix_order order, uint32_t stride, uint32_t slots) {
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = order, .stride = stride, .slots = slots};
}

typedef struct arrangement {
  size_t rows, columns;
  umbra_matrix_layout from, to;
  umbra_matrix_view view;
  int whole; /* ciphertexts are copied: no level, no key */
} arrangement;

/* ---- one arrangement ---- */

static umbra_key_needs *needs_of_arrangement(const arrangement *a) {
  scheme dry;
  umbra_matrix *matrix = NULL;
  scheme_open_dry(&dry, umbra_params_share(params));
  assert_ok(umbra_dry_matrix(&matrix, dry.context, a->rows, a->columns, UMBRA_TOP_LEVEL, 1, &a->from));
  assert_ok(umbra_matrix_rearrange(dry.evaluator, &matrix, matrix, &a->view, &a->to));
  assert_int_equal(umbra_matrix_level(matrix), DEPTH - !a->whole);
  umbra_key_needs *needs = scheme_needs(&dry);
  assert_true(!a->whole || umbra_key_needs_count(needs) == 0);
  umbra_matrix_destroy(matrix);
  scheme_close(&dry);
  return needs;
}

static void check_values(const arrangement *a, const umbra_matrix *matrix, const double *values,
                         const umbra_secret_key *secret) {
  const size_t rows = a->view.rows, columns = a->view.columns;
  double *found = calloc(rows * columns, sizeof *found);
  assert_non_null(found);
  assert_int_equal(umbra_matrix_rows(matrix), rows);
  assert_int_equal(umbra_matrix_columns(matrix), columns);
  assert_ok(umbra_matrix_decrypt(matrix, found, secret, NULL));
  for (size_t i = 0; i < rows * columns; i++) {
    const ptrdiff_t r = (ptrdiff_t)(i / columns), c = (ptrdiff_t)(i % columns);
    const double expected = values[a->view.first + r * a->view.row_step + c * a->view.column_step];
    if (!(fabs(found[i] - expected) < 1e-5)) fail_msg("element %zu is %g, not %g", i, found[i], expected);
  }
  free(found);
}

static int is_loose(const umbra_matrix_layout *layout) {
  return layout->order == UMBRA_MATRIX_BY_ROWS || layout->order == UMBRA_MATRIX_BY_COLUMNS ||
         layout->order == UMBRA_MATRIX_SHIFTED;
}

/* What products count on: padding of tiles and diagonals is 0. */
static void check_padding(const umbra_matrix *m, const umbra_secret_key *secret) {
  double slots[2 * SLOTS];
  umbra_element e;
  for (size_t part = 0; part < m->parts; part++) {
    assert_ok(umbra_decrypt_decode_complex(slots, m->layout.slots, m->part[part], secret));
    for (size_t i = 0; i < 2 * (size_t)m->layout.slots; i++) {
      const umbra_place place = {part, (uint32_t)(i / 2), i % 2};
      if (!umbra_layout_element(&e, &m->layout, m->rows, m->columns, place)) assert_true(fabs(slots[i]) < 1e-5);
    }
  }
}

/* Of these values; where padding may hold anything it holds 0.5. */
static umbra_matrix *encrypted(const scheme *s, const arrangement *a, const double *values) {
  const double beside = is_loose(&a->from) ? 0.5 : 0;
  umbra_matrix *matrix = NULL;
  double *less = calloc(a->rows * a->columns, sizeof *less);
  assert_non_null(less);
  for (size_t i = 0; i < a->rows * a->columns; i++) less[i] = values[i] - beside;
  assert_ok(umbra_matrix_encrypt(&matrix, s->public, less, a->rows, a->columns, &a->from, NULL));
  for (size_t i = 0; i < matrix->parts; i++)
    assert_ok(umbra_add_constant(s->evaluator, &matrix->part[i], matrix->part[i], beside, a->from.pairs * beside));
  free(less);
  return matrix;
}

static void check(const arrangement *a) {
  uint64_t random = 3;
  scheme s;
  double *values = random_values(&random, a->rows * a->columns);
  scheme_open_for(&s, umbra_params_share(params), NULL, needs_of_arrangement(a));
  umbra_matrix *matrix = encrypted(&s, a, values);
  const double before = umbra_ciphertext_magnitude(matrix->part[0]);
  assert_ok(umbra_matrix_rearrange(s.evaluator, &matrix, matrix, &a->view, &a->to));
  assert_int_equal(umbra_matrix_level(matrix), DEPTH - !a->whole);
  for (size_t i = 0; i < matrix->parts; i++)
    assert_true(umbra_ciphertext_magnitude(matrix->part[i]) <= before * (a->to.pairs ? sqrt(2) : 1));
  check_values(a, matrix, values, s.secret);
  if (!is_loose(&a->to)) check_padding(matrix, s.secret);
  umbra_matrix_destroy(matrix);
  scheme_close(&s);
  free(values);
}

/* ---- views ---- */

static umbra_matrix_view all_of(size_t rows, size_t columns) {
  return (umbra_matrix_view){UMBRA_MATRIX_VIEW_INIT, .rows = rows, .columns = columns, .row_step = (ptrdiff_t)columns};
}

static void other_layouts(void **state) {
  (void)state;
  static const umbra_matrix_order orders[] = {UMBRA_MATRIX_BY_ROWS,    UMBRA_MATRIX_BY_COLUMNS, UMBRA_MATRIX_TILES,
                                              UMBRA_MATRIX_TILES_LEFT, UMBRA_MATRIX_DIAGONALS,  UMBRA_MATRIX_SHIFTED};
  enum { ORDERS = sizeof orders / sizeof *orders };
  for (int from = 0; from < ORDERS; from++)
    for (int to = 0; to < ORDERS; to++) {
      arrangement a = {.rows = 5, .columns = 6, .view = all_of(5, 6), .whole = from == to};
      a.from = layout_of(orders[from], from < 2 ? 8 : 0, from < 2 ? 64 : 0);
      a.to = layout_of(orders[to], to < 2 ? 8 : 0, to < 2 ? 64 : 0);
      check(&a);
    }
}

/* Several ciphertexts on both sides, of different slots. */
static void several_ciphertexts(void **state) {
  (void)state;
  check(&(arrangement){.rows = 37,
                       .columns = 9,
                       .view = all_of(37, 9),
                       .from = layout_of(UMBRA_MATRIX_BY_ROWS, 16, 128),
                       .to = layout_of(UMBRA_MATRIX_BY_COLUMNS, 64, 256)});
  check(&(arrangement){.rows = 37,
                       .columns = 9,
                       .view = all_of(37, 9),
                       .from = layout_of(UMBRA_MATRIX_BY_COLUMNS, 64, 256),
                       .to = layout_of(UMBRA_MATRIX_BY_ROWS, 16, 64)});
  check(&(arrangement){.rows = 37,
                       .columns = 9,
                       .view = all_of(37, 9),
                       .whole = 1,
                       .from = layout_of(UMBRA_MATRIX_BY_COLUMNS, 16, 64),
                       .to = layout_of(UMBRA_MATRIX_BY_COLUMNS, 16, 64)});
}

/* ---- pairs ---- */

/* Elements in imaginary parts, on either side or both. */
static void pairs_in_other_layouts(void **state) {
  (void)state;
  enum { ROWS = 11, COLUMNS = 7 };
  const umbra_matrix_layout layouts[] = {
      layout_of(UMBRA_MATRIX_BY_ROWS, 8, 64),
      layout_of(UMBRA_MATRIX_BY_COLUMNS, 4, 32),
      layout_of(UMBRA_MATRIX_TILES, 4, 32),
      layout_of(UMBRA_MATRIX_SHIFTED, 4, 16),
  };
  enum { LAYOUTS = sizeof layouts / sizeof *layouts };
  for (int i = 0; i < LAYOUTS * LAYOUTS; i++)
    for (int which = 1; which < 4; which++) {
      arrangement a = {.rows = ROWS, .columns = COLUMNS, .view = all_of(ROWS, COLUMNS)};
      a.from = layouts[i / LAYOUTS];
      a.to = layouts[i % LAYOUTS];
      a.from.pairs = which & 1;
      a.to.pairs = which >> 1;
      a.whole = i / LAYOUTS == i % LAYOUTS && which == 3;
      check(&a);
    }
}

/* Both parts move together: keys are of rotations only. */
static void pairs_that_stay_together(void **state) {
  (void)state;
  enum { ROWS = 16, COLUMNS = 6 };
  arrangement a = {.rows = ROWS, .columns = COLUMNS, .view = all_of(ROWS, 4)};
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  a.view.row_step = COLUMNS;
  a.view.first = 2;
  a.from = a.to = layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 32);
  a.from.pairs = a.to.pairs = 1;
  umbra_key_needs *needs = needs_of_arrangement(&a);
  assert_true(umbra_key_needs_count(needs) > 0);
  for (size_t i = 0; i < umbra_key_needs_count(needs); i++) {
    assert_ok(umbra_key_needs_get(needs, &need, i));
    assert_int_equal(need.kind, UMBRA_KEY_ROTATE);
  }
  umbra_key_needs_destroy(needs);
  check(&a);
}

/* Rows that were in imaginary parts become columns. */
static void pairs_transposed(void **state) {
  (void)state;
  arrangement a = {.rows = 12, .columns = 5, .view = all_of(5, 12)};
  a.view.row_step = 1;
  a.view.column_step = 5;
  a.from = layout_of(UMBRA_MATRIX_BY_COLUMNS, 4, 16);
  a.from.pairs = 1;
  a.to = layout_of(UMBRA_MATRIX_BY_COLUMNS, 4, 64);
  check(&a);
  a.to.pairs = 1;
  check(&a);
}

static void views(void **state) {
  (void)state;
  enum { ROWS = 12, COLUMNS = 10 };
  static const umbra_matrix_view views[] = {
      {UMBRA_MATRIX_VIEW_INIT, .rows = COLUMNS, .columns = ROWS, .row_step = 1},                 /* transposed */
      {UMBRA_MATRIX_VIEW_INIT, .rows = 5, .columns = 24, .row_step = 24},                        /* reshaped */
      {UMBRA_MATRIX_VIEW_INIT, .rows = 3, .columns = 4, .first = 27, .row_step = 10},            /* cut */
      {UMBRA_MATRIX_VIEW_INIT, .rows = 7, .columns = 10, .first = 20},                           /* a row, repeated */
      {UMBRA_MATRIX_VIEW_INIT, .rows = ROWS, .columns = COLUMNS, .first = 119, .row_step = -10}, /* from the end */
      {UMBRA_MATRIX_VIEW_INIT, .rows = 1, .columns = 1, .first = 119},
      {UMBRA_MATRIX_VIEW_INIT, .rows = 6, .columns = 5, .row_step = 20}, /* every second one */
  };
  for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
    arrangement a = {.rows = ROWS, .columns = COLUMNS, .view = views[i]};
    if (i == 0) a.view.column_step = COLUMNS;
    if (i == 4) a.view.column_step = -1;
    if (i == 6) a.view.column_step = 2;
    a.from = layout_of(UMBRA_MATRIX_BY_ROWS, 16, 128);
    a.to = layout_of(i % 2 ? UMBRA_MATRIX_BY_COLUMNS : UMBRA_MATRIX_BY_ROWS, 0, 0);
    check(&a);
  }
}

/* ---- what cannot be ---- */

static void refuse(umbra_evaluator *evaluator, const umbra_matrix *matrix, const umbra_matrix_layout *layout,
                   const umbra_matrix_view *view, umbra_status status, const char *why) {
  umbra_matrix *out = NULL;
  assert_fails(umbra_matrix_rearrange(evaluator, &out, matrix, view, layout), status, why);
  assert_null(out);
}

static void refusals(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  scheme dry;
  umbra_matrix *matrix = NULL;
  const umbra_matrix_layout ones = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  scheme_open_dry(&dry, umbra_params_share(params));
  assert_ok(umbra_dry_matrix(&matrix, dry.context, 4, 5, UMBRA_TOP_LEVEL, 1, NULL));
  static const umbra_matrix_view wrong[] = {
      {UMBRA_MATRIX_VIEW_INIT, .rows = 0, .columns = 5},
      {UMBRA_MATRIX_VIEW_INIT, .rows = 5, .columns = 5, .row_step = 5},
      {UMBRA_MATRIX_VIEW_INIT, .rows = 1, .columns = 1, .first = 20},
      {UMBRA_MATRIX_VIEW_INIT, .rows = 1, .columns = 1, .first = -1},
      {UMBRA_MATRIX_VIEW_INIT, .rows = 2, .columns = 5, .row_step = -5},
      {UMBRA_MATRIX_VIEW_INIT, .rows = SIZE_MAX, .columns = 1, .row_step = 1},
      {UMBRA_MATRIX_VIEW_INIT, .rows = 3, .columns = 1, .row_step = PTRDIFF_MAX},
      {UMBRA_MATRIX_VIEW_INIT, .rows = 2, .columns = 1, .row_step = PTRDIFF_MIN},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    refuse(dry.evaluator, matrix, NULL, &wrong[i], bad, "the matrix has 20 of them");
  refuse(dry.evaluator, matrix, &ones, NULL, UMBRA_ERROR_UNSUPPORTED, "to one with ones");
  refuse(dry.evaluator, NULL, NULL, NULL, bad, "needs an evaluator");
  umbra_matrix_destroy(matrix);
  matrix = NULL;
  assert_ok(umbra_dry_matrix(&matrix, dry.context, 4, 5, 0, 1, NULL));
  refuse(dry.evaluator, matrix, &(umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS},
         NULL, UMBRA_ERROR_NO_LEVEL, "takes a level");
  umbra_matrix_destroy(matrix);
  scheme_close(&dry);
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
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(other_layouts),
      cmocka_unit_test(several_ciphertexts),
      cmocka_unit_test(pairs_in_other_layouts),
      cmocka_unit_test(pairs_that_stay_together),
      cmocka_unit_test(pairs_transposed),
      cmocka_unit_test(views),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, open_params, close_params);
}
