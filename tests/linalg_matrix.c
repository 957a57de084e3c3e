/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Encrypted matrices: what goes in comes out, in as many ciphertexts as the rows need, in the layout that is
 * documented. */
#include "scheme.h"

#include "host/base/watch.h"
#include "host/linalg/matrix.h"

enum { SLOTS = 1024 };

static scheme s;

static size_t stride_of(size_t slots) {
  size_t stride = 1;
  while (stride < slots) stride *= 2;
  return stride;
}

static double value_at(const umbra_matrix *m, const double *values, size_t row, size_t column) {
  if (row >= m->rows || column > m->columns) return 0;
  return column == m->columns ? m->layout.ones : values[row * m->columns + column];
}

/* Row r is in part r / per_part from slot (r % per_part) * stride on, then a one if there are ones, then zeros. */
static void check_slots(const umbra_matrix *m, const double *values) {
  double slots[2 * SLOTS];
  const size_t count = m->layout.slots, stride = m->layout.stride, real = count / stride;
  const size_t per_part = real << m->layout.pairs;
  for (size_t part = 0; part < m->parts; part++) {
    assert_int_equal(umbra_ciphertext_slots(m->part[part]), count);
    assert_ok(umbra_decrypt_decode_complex(slots, count, m->part[part], s.secret));
    for (size_t i = 0; i < 2 * count; i++) {
      const size_t row = part * per_part + i / 2 / stride + (i % 2 ? real : 0);
      const double expected = i % 2 && !m->layout.pairs ? 0 : value_at(m, values, row, i / 2 % stride);
      if (!(fabs(slots[i] - expected) < 1e-6))
        fail_msg("part %zu, slot %zu, %d: %g, expected %g", part, i / 2, (int)(i % 2), slots[i], expected);
    }
  }
}

/* Row after row in all slots, or as `given` says. */
static void check_shape(size_t rows, size_t columns, const umbra_matrix_layout *given, uint64_t *random) {
  umbra_matrix *m = NULL;
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT};
  double *values = random_values(random, rows * columns), *found = random_values(random, rows * columns);
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, rows, columns, given, NULL));
  assert_ok(umbra_matrix_layout_of(m, &layout));
  const size_t stride = given && given->stride ? given->stride : stride_of(columns + (size_t)layout.ones);
  const size_t slots = given && given->slots ? given->slots : SLOTS, per_part = slots / stride << layout.pairs;
  assert_int_equal(umbra_matrix_rows(m), rows);
  assert_int_equal(umbra_matrix_columns(m), columns);
  assert_int_equal(layout.ones, given ? given->ones : 0);
  assert_true(layout.stride == stride && layout.slots == slots && layout.order == UMBRA_MATRIX_BY_ROWS);
  assert_int_equal(m->parts, (rows + per_part - 1) / per_part);
  assert_ok(umbra_matrix_decrypt(m, found, s.secret, NULL));
  for (size_t i = 0; i < rows * columns; i++)
    if (!(fabs(found[i] - values[i]) < 1e-6)) fail_msg("%zu x %zu, value %zu: %g", rows, columns, i, found[i]);
  check_slots(m, values);
  umbra_matrix_destroy(m);
  free(values);
  free(found);
}

static const size_t shape[][2] = {{1, 1},   {1, 1023}, {2, 1023}, {512, 1},  {513, 1},  {256, 3},
                                  {257, 3}, {5, 4},    {100, 30}, {100, 31}, {100, 32}, {3, 512}};

static void shapes(void **state) {
  (void)state;
  const umbra_matrix_layout ones = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  uint64_t random = 4;
  for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
    check_shape(shape[i][0], shape[i][1], NULL, &random);
    check_shape(shape[i][0], shape[i][1], &ones, &random);
  }
  check_shape(2, SLOTS, NULL, &random);
}

static void layouts(void **state) {
  (void)state;
  const umbra_matrix_layout given[] = {{UMBRA_MATRIX_LAYOUT_INIT, .stride = 64},
                                       {UMBRA_MATRIX_LAYOUT_INIT, .slots = 128},
                                       {UMBRA_MATRIX_LAYOUT_INIT, .slots = 32, .pairs = 1},
                                       {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .pairs = 1, .group = 4}};
  uint64_t random = 5;
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) check_shape(57, 20, &given[i], &random);
}

/* Element (r, c) by columns, by walking through blocks of rows, and through the columns of each. */
static void check_columns(size_t rows, size_t columns, const umbra_matrix_layout *given, uint64_t *random) {
  umbra_matrix *m = NULL;
  double slots[2 * SLOTS], *values = random_values(random, rows * columns),
                           *found = random_values(random, rows * columns);
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, rows, columns, given, NULL));
  const size_t stride = m->layout.stride, high = stride << m->layout.pairs;
  size_t part = 0;
  for (size_t first = 0; first < rows; first += high) {
    for (size_t column = 0; column < columns; part++) {
      assert_ok(umbra_decrypt_decode_complex(slots, m->layout.slots, m->part[part], s.secret));
      for (size_t at = 0; at < m->layout.slots; at += stride, column++) {
        for (size_t i = 0; i < high; i++) {
          const double expected = column < columns && first + i < rows ? values[(first + i) * columns + column] : 0;
          assert_true(fabs(slots[2 * (at + i % stride) + i / stride] - expected) < 1e-6);
        }
      }
    }
  }
  assert_int_equal(m->parts, part);
  assert_ok(umbra_matrix_decrypt(m, found, s.secret, NULL));
  for (size_t i = 0; i < rows * columns; i++) assert_true(fabs(found[i] - values[i]) < 1e-6);
  umbra_matrix_destroy(m);
  free(values);
  free(found);
}

static void by_columns(void **state) {
  (void)state;
  const umbra_matrix_layout given[] = {
      {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS},
      {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .pairs = 1},
      {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .slots = 64},
      {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .slots = 128, .stride = 32, .pairs = 1},
  };
  uint64_t random = 6;
  for (size_t i = 0; i < sizeof given / sizeof *given; i++)
    for (size_t k = 0; k < sizeof shape / sizeof *shape; k++)
      if (shape[k][0] * shape[k][1] <= 600) check_columns(shape[k][0], shape[k][1], &given[i], &random);
  check_columns(3, SLOTS + 1, &given[0], &random);
}

/* ---- tiles, diagonals and copies: where each element is said to be, found by going through the elements ---- */

typedef struct expected_slots {
  size_t parts, slots;
  double *pairs; /* [parts][slots] */
} expected_slots;

static void expect(expected_slots *e, size_t part, size_t slot, int imaginary, double value) {
  assert_true(part < e->parts && slot < e->slots);
  e->pairs[2 * (part * e->slots + slot) + (size_t)imaginary] = value;
}

/* Element (r, c) of a matrix in tiles: tile (R, C), and place (i, j) in it, or in its rows of twice the length. */
static void expect_in_tiles(expected_slots *e, const umbra_matrix *m, size_t r, size_t c, double value) {
  const umbra_matrix_layout *l = &m->layout;
  const size_t d = l->stride, tiles = l->slots / (2 * d * d), halves = (size_t)1 << l->pairs;
  const size_t across = ((m->columns + d - 1) / d + halves - 1) / halves, i = r % d, j = c % d;
  const size_t part = c / d / halves, imaginary = c / d % halves;
  if (l->order == UMBRA_MATRIX_TILES_RIGHT) { /* at (i - j, j), in all tiles */
    for (size_t t = 0; t < tiles; t++)
      expect(e, r / d * across + part, 2 * d * (tiles * ((i + d - j) % d) + t) + j, (int)imaginary, value);
    return;
  }
  const size_t row = 2 * d * (tiles * i + r / d % tiles), above = r / d / tiles * across;
  const int left = l->order == UMBRA_MATRIX_TILES_LEFT;
  expect(e, above + part, row + (left ? (j + d - i) % d : j), (int)imaginary, value);
  if (left) expect(e, above + part, row + d + (j + d - i) % d, 0, value);
}

/* Element (r, c) of a matrix by diagonals is on diagonal r - c of its block. */
static void expect_on_diagonal(expected_slots *e, const umbra_matrix *m, size_t r, size_t c, double value) {
  const umbra_matrix_layout *l = &m->layout;
  const size_t positions = l->slots / l->stride, across = (m->columns + positions - 1) / positions;
  const size_t few = m->rows + m->columns - 1, n = few < positions ? few : positions;
  const size_t shift = few < positions ? m->columns - 1 : 0;
  const size_t diagonal = (r % positions + positions - c % positions + shift) % positions;
  const size_t position = (c + diagonal / l->group * l->group) % positions;
  for (size_t i = 0; i < l->stride; i++)
    expect(e, (r / positions * across + c / positions) * n + diagonal, position * l->stride + i, 0, value);
}

/* Element (r, c) of a shifted matrix: run t of a row's ciphertext begins with column t * group, in turns. */
static void expect_shifted(expected_slots *e, const umbra_matrix *m, size_t r, size_t c, double value) {
  const umbra_matrix_layout *l = &m->layout;
  const size_t runs = l->slots / l->stride, all = runs * l->group, across = (m->columns + all - 1) / all;
  const size_t part = (r >> l->pairs) * across + c / all;
  for (size_t t = 0; t < runs; t++)
    for (size_t at = (c % all + all - t * l->group) % all; at < l->stride; at += all)
      expect(e, part, t * l->stride + at, (int)(r & (size_t)l->pairs), value);
}

/* Element (r, c) of an interleaved matrix: in run r of its ciphertext, at every place that has columns like c. */
static void expect_interleaved(expected_slots *e, const umbra_matrix *m, size_t r, size_t c, double value) {
  const umbra_matrix_layout *l = &m->layout;
  const size_t runs = l->slots / l->stride, across = (m->columns + l->group - 1) / l->group;
  for (size_t place = c % l->group; place < l->stride; place += l->group)
    expect(e, r / runs * across + c / l->group, r % runs * l->stride + place, 0, value);
}

/* Element (r, c) of wrapped diagonals: where a position turned back by the giant step is r modulo the diagonals. */
static void expect_wrapped(expected_slots *e, const umbra_matrix *m, size_t r, size_t c, double value) {
  const umbra_matrix_layout *l = &m->layout;
  size_t diagonals = 1, positions = l->slots / l->stride;
  while (diagonals < m->rows) diagonals *= 2;
  for (size_t i = 0; i < diagonals; i++)
    for (size_t p = 0; p < positions; p++) {
      const size_t from = (p + positions - i / l->group * l->group) % positions;
      if (from % diagonals == r && (from + i) % positions == c)
        expect(e, i / l->stride, p * l->stride + i % l->stride, 0, value);
    }
}

static void expect_element(expected_slots *e, const umbra_matrix *m, size_t r, size_t c, double value) {
  if (m->layout.order == UMBRA_MATRIX_SHIFTED) expect_shifted(e, m, r, c, value);
  else if (m->layout.order == UMBRA_MATRIX_INTERLEAVED) expect_interleaved(e, m, r, c, value);
  else if (m->layout.order == UMBRA_MATRIX_WRAPPED) expect_wrapped(e, m, r, c, value);
  else if (m->layout.order == UMBRA_MATRIX_DIAGONALS) expect_on_diagonal(e, m, r, c, value);
  else expect_in_tiles(e, m, r, c, value);
}

static void check_places(size_t rows, size_t columns, const umbra_matrix_layout *given, uint64_t *random) {
  umbra_matrix *m = NULL;
  double slots[2 * SLOTS], *values = random_values(random, rows * columns),
                           *found = random_values(random, rows * columns);
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, rows, columns, given, NULL));
  expected_slots e = {m->parts, m->layout.slots, calloc(m->parts * m->layout.slots, 2 * sizeof(double))};
  assert_non_null(e.pairs);
  for (size_t i = 0; i < rows * columns; i++) expect_element(&e, m, i / columns, i % columns, values[i]);
  for (size_t part = 0; part < m->parts; part++) {
    assert_ok(umbra_decrypt_decode_complex(slots, e.slots, m->part[part], s.secret));
    for (size_t i = 0; i < 2 * e.slots; i++)
      if (!(fabs(slots[i] - e.pairs[2 * part * e.slots + i]) < 1e-6))
        fail_msg("%zu x %zu, order %d, part %zu, slot %zu: %g, expected %g", rows, columns, (int)m->layout.order, part,
                 i / 2, slots[i], e.pairs[2 * part * e.slots + i]);
  }
  assert_ok(umbra_matrix_decrypt(m, found, s.secret, NULL));
  for (size_t i = 0; i < rows * columns; i++) assert_true(fabs(found[i] - values[i]) < 1e-6);
  umbra_matrix_destroy(m);
  free(e.pairs);
  free(values);
  free(found);
}

static void in_tiles(void **state) {
  (void)state;
  uint64_t random = 7;
  for (int order = UMBRA_MATRIX_TILES; order <= UMBRA_MATRIX_TILES_RIGHT; order++) {
    for (int pairs = 0; pairs < 1 + (order != UMBRA_MATRIX_TILES_LEFT); pairs++) {
      umbra_matrix_layout given = {UMBRA_MATRIX_LAYOUT_INIT, .order = (umbra_matrix_order)order, .pairs = pairs};
      check_places(13, 9, &given, &random);
      check_places(1, 1, &given, &random);
      check_places(20, 60, &given, &random);
      given.stride = 8;
      given.slots = 512;
      check_places(70, 33, &given, &random);
      check_places(5, 17, &given, &random);
    }
  }
}

static void by_diagonals(void **state) {
  (void)state;
  uint64_t random = 8;
  umbra_matrix_layout given = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_DIAGONALS};
  check_places(13, 9, &given, &random);
  check_places(1, 1, &given, &random);
  check_places(3, 5, &given, &random);
  check_places(60, 2, &given, &random);
  given.stride = 128;
  check_places(13, 9, &given, &random);
  check_places(5, 2, &given, &random);
  given.slots = 512;
  given.group = 1;
  check_places(9, 8, &given, &random);
}

static void in_shifted_copies(void **state) {
  (void)state;
  uint64_t random = 9;
  for (int pairs = 0; pairs < 2; pairs++) {
    umbra_matrix_layout given = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_SHIFTED, .pairs = pairs};
    check_places(1, 100, &given, &random);
    check_places(3, 1, &given, &random);
    check_places(2, 2 * SLOTS + 1, &given, &random);
    given.stride = 16;
    check_places(3, 100, &given, &random);
    given.slots = 128;
    given.group = 4;
    check_places(4, 100, &given, &random);
    given.group = 1;
    check_places(3, 20, &given, &random);
  }
}

static void in_interleaved_columns(void **state) {
  (void)state;
  uint64_t random = 10;
  umbra_matrix_layout given = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_INTERLEAVED};
  check_places(100, 5, &given, &random);
  check_places(1, 3, &given, &random);
  check_places(SLOTS + 1, 2, &given, &random);
  given.stride = given.group = 8;
  check_places(100, 20, &given, &random);
  given.slots = 128;
  check_places(40, 20, &given, &random);
  given.group = 1;
  check_places(40, 3, &given, &random);
}

static void in_wrapped_diagonals(void **state) {
  (void)state;
  uint64_t random = 11;
  umbra_matrix_layout given = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_WRAPPED};
  check_places(5, 100, &given, &random);
  check_places(1, 3, &given, &random);
  check_places(60, 60, &given, &random);
  given.slots = 128;
  check_places(30, 25, &given, &random);
  given.stride = 2;
  given.group = 8;
  check_places(16, 64, &given, &random);
}

/* The least stride that holds the matrix, or the largest tile that there is; slots for one tile; all diagonals. */
static void chosen_layouts(void **state) {
  (void)state;
  const struct {
    umbra_matrix_order order;
    size_t rows, columns;
    uint32_t stride, slots, group;
  } chosen[] = {{UMBRA_MATRIX_TILES, 5, 3, 8, 128, 1},          {UMBRA_MATRIX_TILES_LEFT, 1, 1, 1, 2, 1},
                {UMBRA_MATRIX_TILES_RIGHT, 100, 2, 16, 512, 1}, {UMBRA_MATRIX_DIAGONALS, 5, 3, 128, 1024, 4},
                {UMBRA_MATRIX_DIAGONALS, 1, 1, 1024, 1024, 1},  {UMBRA_MATRIX_DIAGONALS, 2, 100, 8, 1024, 16},
                {UMBRA_MATRIX_SHIFTED, 2, 100, 128, 1024, 16},  {UMBRA_MATRIX_SHIFTED, 1, 1, 1, 1024, 1},
                {UMBRA_MATRIX_INTERLEAVED, 66, 3, 8, 1024, 1},  {UMBRA_MATRIX_WRAPPED, 10, 20, 32, 1024, 8},
                {UMBRA_MATRIX_WRAPPED, 1, 1, 1024, 1024, 1}};
  const double values[200] = {0};
  for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++) {
    umbra_matrix *m = NULL;
    umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = chosen[i].order};
    assert_ok(umbra_matrix_encrypt(&m, s.public, values, chosen[i].rows, chosen[i].columns, &layout, NULL));
    assert_ok(umbra_matrix_layout_of(m, &layout));
    assert_int_equal(layout.stride, chosen[i].stride);
    assert_int_equal(layout.slots, chosen[i].slots);
    assert_int_equal(layout.group, chosen[i].group);
    umbra_matrix_destroy(m);
  }
}

/* No column of ones is forced: columns that are a power of two fill their ciphertexts. */
static void columns_of_a_power_of_two(void **state) {
  (void)state;
  enum { ROWS = 64 };
  size_t bytes[2], parts[2];
  double *values = calloc(ROWS, 64 * sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < 2; i++) {
    umbra_matrix *m = NULL;
    const uint64_t before = umbra_context_memory(s.context);
    assert_ok(umbra_matrix_encrypt(&m, s.public, values, ROWS, 63 + i, NULL, NULL));
    assert_ok(umbra_matrix_write(m, NULL, &bytes[i], NULL));
    parts[i] = m->parts;
    assert_int_equal(umbra_context_memory(s.context) - before,
                     m->parts * umbra_params_ciphertext_bytes(s.params, umbra_params_depth(s.params)));
    umbra_matrix_destroy(m);
  }
  assert_int_equal(parts[0], ROWS * 64 / SLOTS);
  assert_int_equal(parts[1], parts[0]);
  assert_int_equal(bytes[1], bytes[0]);
  free(values);
}

/* The layout and the values come back. */
static void files_keep_the_layout(void **state) {
  (void)state;
  const double values[] = {1, 2, 3, 4, 5, 6};
  const umbra_matrix_layout given = {
      UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 16, .slots = 32, .pairs = 1, .group = 2};
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT};
  umbra_matrix *m = NULL, *read = NULL;
  double found[6];
  bytes file = {0};
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, 3, 2, &given, NULL));
  assert_ok(umbra_matrix_write(m, NULL, &file.size, NULL));
  file.data = malloc(file.size);
  assert_non_null(file.data);
  assert_ok(umbra_matrix_write(m, file.data, &file.size, NULL));
  assert_ok(umbra_matrix_read(&read, s.context, file.data, file.size, NULL));
  assert_ok(umbra_matrix_layout_of(read, &layout));
  assert_memory_equal(&layout, &given, sizeof given);
  assert_ok(umbra_matrix_decrypt(read, found, s.secret, NULL));
  for (int i = 0; i < 6; i++) assert_true(fabs(found[i] - values[i]) < 1e-6);
  free(file.data);
  umbra_matrix_destroy(m);
  umbra_matrix_destroy(read);
}

static void refused_layout(umbra_matrix_layout layout, size_t columns, umbra_status status, const char *words) {
  const double values[SLOTS] = {0};
  umbra_matrix *m = NULL;
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, 1, columns, &layout, NULL), status, words);
  assert_null(m);
}

static void refusals(void **state) {
  (void)state;
  double values[SLOTS + 1] = {0}, found[2] = {42, 42};
  umbra_matrix *m = NULL;
  const umbra_matrix_layout ones = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, 0, 3, NULL, NULL), bad, "above 0");
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, 3, 0, NULL, NULL), bad, "above 0");
  assert_fails(umbra_matrix_encrypt(&m, s.public, NULL, 1, 1, NULL, NULL), bad, "values");
  assert_fails(umbra_matrix_encrypt(&m, NULL, values, 1, 1, NULL, NULL), bad, "key");
  assert_fails(umbra_matrix_encrypt(NULL, s.public, values, 1, 1, NULL, NULL), bad, "output");
  refused_layout(ones, SLOTS, UMBRA_ERROR_RANGE, "up to 1023");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT}, SLOTS + 1, UMBRA_ERROR_RANGE, "up to 1024");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = (umbra_matrix_order)9}, 3,
                 UMBRA_ERROR_UNSUPPORTED, "order is 9: this version knows orders 0 to 8");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_WRAPPED, .pairs = 1}, 3, bad,
                 "wrapped matrices have no ones and no pairs");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_WRAPPED, .stride = 512}, 3, bad,
                 "1 rows and 3 columns do not fit 2 positions");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_WRAPPED, .group = 2}, 3, bad,
                 "2 baby steps of 1 diagonals");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_WRAPPED, .slots = 2}, 3,
                 UMBRA_ERROR_RANGE, "wrapped, do not fit: there are 2 slots");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_INTERLEAVED, .pairs = 1}, 3, bad,
                 "interleaved matrices have no ones and no pairs");
  refused_layout(
      (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_INTERLEAVED, .stride = 8, .group = 4}, 3,
      bad, "groups of 4 columns in runs of 8 slots");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_SHIFTED, .ones = 1}, 3, bad,
                 "shifted copies have no ones");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_SHIFTED, .group = 8}, 3, bad,
                 "shifted by 8 in runs of 4 slots");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_TILES, .stride = 32}, 3, bad,
                 "a tile of 32 x 32 takes 2048 slots: there are 1024");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_TILES, .stride = 1u << 31}, 3,
                 bad, "a stride of 2147483648");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_TILES, .ones = 1}, 3, bad,
                 "not of matrices in tiles");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_TILES_LEFT, .pairs = 1}, 3, bad,
                 "no pairs");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_DIAGONALS, .pairs = 1}, 3, bad,
                 "no pairs");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_DIAGONALS, .group = 3}, 3, bad,
                 "3 baby steps of 4 diagonals");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .stride = 2}, 3, bad, "3 columns in rows of 2");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1, .stride = 4}, 4, bad,
                 "and a one in rows of 4");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .slots = 2}, 3, bad, "parts of 2 slots");
  refused_layout((umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 7}, 3, bad, "ones and pairs are 7 and 0");
  values[1] = NAN;
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, 1, 2, NULL, NULL), UMBRA_ERROR_RANGE, "not a finite number");
  values[1] = 1e308;
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, 1, 2, NULL, NULL), UMBRA_ERROR_RANGE, "no power of two");
  assert_null(m);
  values[1] = 0;
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, 1, 2, NULL, NULL));
  scheme other;
  scheme_open(&other, umbra_params_share(s.params), NULL, NULL, 0);
  assert_fails(umbra_matrix_decrypt(m, found, other.secret, NULL), UMBRA_ERROR_MISMATCH, "another owner");
  assert_fails(umbra_matrix_decrypt(m, NULL, s.secret, NULL), bad, "output");
  assert_fails(umbra_matrix_layout_of(m, NULL), bad, "a layout to fill");
  assert_true(found[0] == 42 && found[1] == 42);
  umbra_matrix_destroy(m);
  scheme_close(&other);
}

static int stop_half_way(void *calls, double fraction) {
  assert_true(fraction >= 0 && fraction < 1);
  ++*(int *)calls;
  return fraction >= 0.5;
}

/* Reported part by part; what is stopped leaves its output as it was. */
static void progress(void **state) {
  (void)state;
  enum { PARTS = 4 };
  int calls = 0;
  double *values = calloc(PARTS, SLOTS * sizeof *values), found[PARTS * SLOTS];
  const umbra_progress watch = {stop_half_way, &calls};
  umbra_matrix *m = NULL;
  assert_non_null(values);
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, 1, 1, NULL, NULL));
  const umbra_matrix *before = m;
  umbra_watch_interval(0);
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, PARTS, SLOTS, NULL, &watch), UMBRA_ERROR_CANCELLED,
               "cancelled");
  assert_true(m == before && calls == 3);
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, PARTS, SLOTS, NULL, NULL));
  found[0] = 42;
  assert_fails(umbra_matrix_decrypt(m, found, s.secret, &watch), UMBRA_ERROR_CANCELLED, "cancelled");
  assert_true(found[0] == 42);
  umbra_watch_interval(0.1);
  umbra_matrix_destroy(m);
  free(values);
}

/* Shapes whose sizes overflow are refused; nothing is read. */
static void sizes_that_overflow(void **state) {
  (void)state;
  double value = 1;
  umbra_matrix *m = NULL;
  assert_int_not_equal(umbra_matrix_encrypt(&m, s.public, &value, 1, SIZE_MAX, NULL, NULL), UMBRA_OK);
  for (int order = UMBRA_MATRIX_BY_COLUMNS; order <= UMBRA_MATRIX_DIAGONALS; order++) {
    const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = (umbra_matrix_order)order};
    const size_t sides[] = {SIZE_MAX, SIZE_MAX / 2 + 1, (size_t)1 << 31};
    for (int i = 0; i < 3; i++)
      assert_fails(umbra_matrix_encrypt(&m, s.public, &value, sides[i], sides[i], &layout, NULL), UMBRA_ERROR_RANGE,
                   "below 2^31");
    assert_fails(umbra_matrix_encrypt(&m, s.public, &value, INT32_MAX, INT32_MAX, &layout, NULL), UMBRA_ERROR_RANGE,
                 "more than 2^32 ciphertexts");
  }
  assert_null(m);
}

static int open_scheme(void **state) {
  (void)state;
  scheme_open(&s, test_params(11, 40, 1), NULL, NULL, 0);
  return 0;
}

static int close_scheme(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(shapes),
                                     cmocka_unit_test(layouts),
                                     cmocka_unit_test(by_columns),
                                     cmocka_unit_test(in_tiles),
                                     cmocka_unit_test(by_diagonals),
                                     cmocka_unit_test(in_shifted_copies),
                                     cmocka_unit_test(in_interleaved_columns),
                                     cmocka_unit_test(in_wrapped_diagonals),
                                     cmocka_unit_test(chosen_layouts),
                                     cmocka_unit_test(columns_of_a_power_of_two),
                                     cmocka_unit_test(refusals),
                                     cmocka_unit_test(progress),
                                     cmocka_unit_test(files_keep_the_layout),
                                     cmocka_unit_test(sizes_that_overflow)};
  return cmocka_run_group_tests(tests, open_scheme, close_scheme);
}
