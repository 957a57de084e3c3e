/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Linear maps of slots against sums of products of doubles: matrices and diagonals of random shapes, odd and even, dense
 * and sparse, real and complex, with one output or several. Keys are exactly those that a dry run asks for, at their
 * levels, and once one fewer.
 */
#include "../scheme.h"

enum { LOG_N = 11, DEPTH = 3, SLOTS = 1 << (LOG_N - 1), MATRICES = 60, DIAGONALS = 30, MOST_OUTPUTS = 8 };

static umbra_params *params;
static umbra_context *real, *dry;
static umbra_secret_key *secret;
static umbra_public_key *public;

/* ---- one map, and what it does in the clear ---- */

typedef struct map {
  umbra_transform_desc desc;
  double *values;
  int32_t rotations[SLOTS];
  uint32_t slots_in, slots_out; /* as umbra/transform.h has them */
  size_t outputs;
  uint32_t level; /* of the input */
} map;

static uint32_t power_of_two_from(size_t count) {
  uint32_t power = 1;
  while (power < count) power *= 2;
  return power;
}

/* density: of values that are not zero, in 64ths. */
static void fill_values(map *m, uint64_t *random, size_t count, uint32_t density) {
  const size_t width = m->desc.pairs ? 2 : 1;
  m->values = calloc(count * width, sizeof *m->values);
  assert_non_null(m->values);
  for (size_t i = 0; i < count; i++)
    for (size_t part = 0; part < width && below(random, 64) < density; part++)
      m->values[i * width + part] = uniform(random);
  m->desc.values = m->values;
}

static number value_of(const map *m, size_t i) {
  return m->desc.pairs ? m->values[2 * i] + m->values[2 * i + 1] * (number)I : m->values[i];
}

static map map_begin(uint64_t *random) {
  map m = {.desc = {UMBRA_TRANSFORM_DESC_INIT}};
  m.desc.pairs = (int)below(random, 2);
  m.desc.min_key = below(random, 4) == 0;
  m.desc.baby_steps = below(random, 3) ? 0 : 1 + below(random, 9);
  m.desc.level = 1 + below(random, DEPTH);
  m.level = m.desc.level + below(random, DEPTH - m.desc.level + 1);
  return m;
}

static map random_matrix(uint64_t *random) {
  map m = map_begin(random);
  const uint32_t log_rows = below(random, 7), log_columns = below(random, 7), density = below(random, 3) ? 64 : 4;
  m.desc.rows = 1 + below(random, 1u << log_rows);
  m.desc.columns = 1 + below(random, 1u << log_columns);
  m.slots_in = power_of_two_from(m.desc.columns);
  m.slots_out = power_of_two_from(m.desc.rows);
  if (below(random, 2)) {
    m.desc.slots = m.slots_in << below(random, 3);
    while (m.desc.rows > (size_t)m.desc.slots * MOST_OUTPUTS) m.desc.slots *= 2;
    m.slots_in = m.slots_out = m.desc.slots;
  }
  m.outputs = (m.desc.rows + m.slots_out - 1) / m.slots_out;
  fill_values(&m, random, m.desc.rows * m.desc.columns, density);
  return m;
}

static map random_diagonals(uint64_t *random) {
  map m = map_begin(random);
  uint8_t taken[SLOTS] = {0};
  m.desc.slots = m.slots_in = m.slots_out = 1u << below(random, 8);
  m.desc.diagonals = 1 + below(random, m.desc.slots < 20 ? m.desc.slots : 20);
  m.desc.outputs = m.outputs = 1 + below(random, 3);
  for (size_t k = 0; k < m.desc.diagonals;) {
    const uint32_t rotation = below(random, m.desc.slots);
    if (taken[rotation]++) continue;
    m.rotations[k++] = (int32_t)rotation - (int32_t)(below(random, 2) * m.desc.slots);
  }
  fill_values(&m, random, m.outputs * m.desc.diagonals * m.desc.slots, below(random, 2) ? 64 : 1);
  return m;
}

static vector mapped_by_matrix(const map *m, const vector *x, size_t output) {
  vector y = vector_make(m->slots_out);
  for (uint32_t j = 0; j < m->slots_out && output * m->slots_out + j < m->desc.rows; j++)
    for (size_t c = 0; c < m->desc.columns; c++)
      y.value[j] += value_of(m, (output * m->slots_out + j) * m->desc.columns + c) * x->value[c];
  return y;
}

static vector mapped_by_diagonals(const map *m, const vector *x, size_t output) {
  vector y = vector_make(m->slots_out);
  for (size_t k = 0; k < m->desc.diagonals; k++)
    for (uint32_t j = 0; j < m->slots_out; j++)
      y.value[j] += value_of(m, (output * m->desc.diagonals + k) * m->slots_out + j) *
                    at(x, j + m->slots_out + (uint32_t)m->rotations[k]);
  return y;
}

/* ---- running it ---- */

static umbra_status run(umbra_ciphertext **outs, const map *m, const umbra_context *context,
                        const umbra_eval_keys *keys, const umbra_ciphertext *in) {
  umbra_transform *transform = NULL;
  umbra_evaluator *evaluator = NULL;
  assert_ok(umbra_evaluator_create(&evaluator, context, keys));
  assert_ok(umbra_transform_create(&transform, context, &m->desc, NULL));
  assert_int_equal(umbra_transform_outputs(transform), m->outputs);
  assert_int_equal(umbra_transform_slots_in(transform), m->slots_in);
  assert_int_equal(umbra_transform_slots_out(transform), m->slots_out);
  assert_int_equal(umbra_transform_level(transform), m->desc.level);
  assert_true(umbra_transform_bytes(transform) > 0);
  umbra_status status = umbra_transform_apply(evaluator, outs, in, transform);
  umbra_transform_destroy(transform);
  umbra_evaluator_destroy(evaluator);
  return status;
}

static void destroy_all(umbra_ciphertext **outs) {
  for (int i = 0; i < MOST_OUTPUTS; i++) umbra_ciphertext_destroy(outs[i]);
}

/* The bounds of a dry run are those of a real one, whose keys the dry one has asked for. */
static umbra_key_needs *needs_of_map(const map *m, umbra_ciphertext *const *outs, uint32_t slots, double bound) {
  umbra_key_needs *needs = NULL;
  umbra_ciphertext *in = NULL, *dry_outs[MOST_OUTPUTS] = {0};
  assert_ok(umbra_key_needs_create(&needs, params));
  assert_ok(umbra_context_cost_begin(dry));
  assert_ok(umbra_dry_ciphertext(&in, dry, m->level, slots, bound));
  assert_ok(run(dry_outs, m, dry, NULL, in));
  assert_ok(umbra_context_needs(dry, needs));
  for (size_t i = 0; i < m->outputs && outs; i++) {
    assert_true(umbra_ciphertext_magnitude(outs[i]) == umbra_ciphertext_magnitude(dry_outs[i]));
    assert_true(umbra_ciphertext_error_bound(outs[i]) == umbra_ciphertext_error_bound(dry_outs[i]));
  }
  umbra_ciphertext_destroy(in);
  destroy_all(dry_outs);
  return needs;
}

static void check_output(const map *m, const umbra_ciphertext *out, const vector *x, size_t output) {
  vector expected = (m->desc.rotations ? mapped_by_diagonals : mapped_by_matrix)(m, x, output);
  scheme s = {.context = real, .secret = secret};
  const double error = worst_error(&s, out, &expected), bound = umbra_ciphertext_error_bound(out);
  assert_int_equal(umbra_ciphertext_level(out), m->desc.level - 1);
  if (error > bound || error > 0x1p-18)
    fail_msg("%zu x %zu, slots %u: error %g, bound %g", m->desc.rows, m->desc.columns, m->desc.slots, error, bound);
  for (uint32_t j = 0; j < expected.slots; j++)
    assert_true(cabsl(expected.value[j]) <= umbra_ciphertext_magnitude(out));
  vector_destroy(&expected);
}

static void check_missing_key(const map *m, const umbra_key_needs *needs, const umbra_ciphertext *in, uint32_t less) {
  umbra_ciphertext *outs[MOST_OUTPUTS] = {0};
  umbra_eval_keys *keys = keys_for(secret, needs_without(needs, params, less));
  assert_fails(run(outs, m, real, keys, in), UMBRA_ERROR_MISSING_KEY, "rotation");
  assert_null(outs[0]);
  umbra_eval_keys_destroy(keys);
}

/* Inputs have as many slots as the map's, or fewer, and then repeat. */
static void check_map(map *m, uint64_t *random) {
  const uint32_t slots = m->slots_in >> (m->desc.rotations && below(random, 4) == 0 && m->slots_in > 1);
  vector x = vector_random(random, slots, 1);
  scheme s = {.context = real, .public = public};
  umbra_ciphertext *outs[MOST_OUTPUTS] = {0}, *in = encrypt_vector(&s, &x, m->level);
  const double bound = umbra_ciphertext_magnitude(in);
  umbra_key_needs *needs = needs_of_map(m, NULL, slots, bound);
  const size_t count = umbra_key_needs_count(needs);
  if (count) check_missing_key(m, needs, in, below(random, (uint32_t)count));
  umbra_eval_keys *keys = count ? keys_for(secret, needs) : NULL;
  if (!count) umbra_key_needs_destroy(needs);
  assert_ok(run(outs, m, real, keys, in));
  umbra_key_needs_destroy(needs_of_map(m, outs, slots, bound));
  for (size_t i = 0; i < m->outputs; i++) check_output(m, outs[i], &x, i);
  umbra_eval_keys_destroy(keys);
  umbra_ciphertext_destroy(in);
  destroy_all(outs);
  vector_destroy(&x);
  free(m->values);
}

static void test_matrices(void **state) {
  (void)state;
  uint64_t random = 11;
  for (int i = 0; i < MATRICES; i++) {
    map m = random_matrix(&random);
    check_map(&m, &random);
  }
}

static void test_diagonals(void **state) {
  (void)state;
  uint64_t random = 12;
  for (int i = 0; i < DIAGONALS; i++) {
    map m = random_diagonals(&random);
    m.desc.rotations = m.rotations;
    check_map(&m, &random);
  }
}

/* ---- what it costs ---- */

static umbra_cost cost_of(const umbra_transform_desc *desc) {
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_transform *transform = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *in = NULL, *outs[MOST_OUTPUTS] = {0};
  assert_ok(umbra_transform_create(&transform, dry, desc, NULL));
  assert_ok(umbra_evaluator_create(&evaluator, dry, NULL));
  assert_ok(umbra_dry_ciphertext(&in, dry, UMBRA_TOP_LEVEL, 1, 1));
  assert_ok(umbra_context_cost_begin(dry));
  assert_ok(umbra_transform_apply(evaluator, outs, in, transform));
  assert_ok(umbra_context_cost(dry, &cost));
  umbra_transform_destroy(transform);
  umbra_evaluator_destroy(evaluator);
  umbra_ciphertext_destroy(in);
  destroy_all(outs);
  return cost;
}

/* Without values, on a dry device; two maps together cost less than twice one of them. */
static void test_costs(void **state) {
  (void)state;
  umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .rows = 64, .columns = 64};
  desc.slots = 64;
  const umbra_cost one = cost_of(&desc);
  desc.rows = 128;
  const umbra_cost two = cost_of(&desc);
  assert_in_range(one.key_switches, 10, 20); /* about twice the root of 64 */
  assert_true(two.key_switches < 2 * one.key_switches && two.key_switches > one.key_switches);
  desc.min_key = 1;
  assert_true(cost_of(&desc).keys <= 2);
  desc.min_key = 0;
  desc.rows = 2; /* and no slots: two diagonals, and a sum over 64 slots */
  desc.slots = 0;
  assert_int_equal(cost_of(&desc).key_switches, 1 + 5);
  desc.columns = 1; /* a column times a number */
  assert_int_equal(cost_of(&desc).key_switches, 0);
}

/* Only the diagonals of a band cost anything, on either side of the main one. */
static void test_bands(void **state) {
  (void)state;
  double values[64][64] = {{0}};
  for (int r = 0; r < 64; r++)
    for (int c = r ? r - 1 : 0; c < 64 && c <= r + 1; c++) values[r][c] = 0.5;
  umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .values = values[0], .rows = 64, .columns = 64};
  const umbra_cost cost = cost_of(&desc);
  assert_int_equal(cost.key_switches, 2);
  assert_int_equal(cost.keys, 2);
}

/* ---- what is refused ---- */

static void refused(umbra_transform_desc desc, umbra_status status, const char *words) {
  umbra_transform *transform = NULL;
  assert_fails(umbra_transform_create(&transform, real, &desc, NULL), status, words);
  assert_null(transform);
}

/* Without values nothing bounds what a caller may ask for: it is refused before it takes memory or time. */
static void test_sizes_without_values(void **state) {
  (void)state;
  const int32_t rotations[] = {0, 1, 2};
  umbra_transform *none = NULL;
  umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .rows = (size_t)65535 * SLOTS, .columns = SLOTS};
  assert_fails(umbra_transform_create(&none, dry, &desc, NULL), UMBRA_ERROR_RANGE, "more than 65535 diagonals");
  desc.columns = 1;
  desc.slots = SLOTS;
  assert_fails(umbra_transform_create(&none, dry, &desc, NULL), UMBRA_ERROR_RANGE, "more than 65535 diagonals");
  desc = (umbra_transform_desc){UMBRA_TRANSFORM_DESC_INIT, .rotations = rotations, .diagonals = 3, .outputs = 65535};
  assert_fails(umbra_transform_create(&none, dry, &desc, NULL), UMBRA_ERROR_RANGE, "more than 65535 diagonals");
  assert_null(none);
}

static void test_bad_descs(void **state) {
  (void)state;
  const umbra_status invalid = UMBRA_ERROR_INVALID_ARGUMENT, range = UMBRA_ERROR_RANGE;
  double values[16] = {1, 2};
  const int32_t twice[] = {1, -3};
  const umbra_transform_desc good = {UMBRA_TRANSFORM_DESC_INIT, .values = values, .rows = 4, .columns = 4};
  umbra_transform_desc bad = good;
  bad.values = NULL;
  refused(bad, invalid, "values");
  bad = good, bad.rows = 0;
  refused(bad, invalid, "0 x 4");
  bad = good, bad.slots = 3;
  refused(bad, invalid, "power of two");
  bad = good, bad.slots = 2 * SLOTS;
  refused(bad, invalid, "power of two");
  bad = good, bad.slots = 2;
  refused(bad, range, "4 columns");
  bad = good, bad.level = 0;
  refused(bad, UMBRA_ERROR_NO_LEVEL, "level 0");
  bad = good, bad.level = DEPTH + 1;
  refused(bad, invalid, "does not exist");
  bad = good, bad.bound = NAN;
  refused(bad, invalid, "bound");
  bad = good, bad.rotations = twice, bad.diagonals = 2, bad.slots = 4;
  refused(bad, invalid, "rotations[1]");
  bad.diagonals = 0;
  refused(bad, invalid, "diagonals");
  values[5] = NAN;
  refused(good, range, "value 5");
  values[5] = INFINITY;
  refused(good, range, "value 5");
  values[5] = 1e300;
  refused(good, range, "too large");
  values[5] = values[6] = 1.5e308;
  refused(good, range, "added up");
  refused((umbra_transform_desc){.struct_size = 1}, invalid, "umbra_transform_desc");
}

static void test_bad_inputs(void **state) {
  (void)state;
  const double values[4] = {1, 0, 0, 1};
  umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .values = values, .rows = 2, .columns = 2};
  desc.level = 2;
  umbra_transform *transform = NULL, *of_dry = NULL;
  umbra_evaluator *evaluator = NULL;
  uint64_t random = 3;
  vector wide = vector_random(&random, 4, 0), narrow = vector_random(&random, 2, 0);
  scheme s = {.context = real, .public = public};
  umbra_ciphertext *wide_in = encrypt_vector(&s, &wide, 2), *low_in = encrypt_vector(&s, &narrow, 1), *out = NULL;
  assert_ok(umbra_transform_create(&transform, real, &desc, NULL));
  assert_ok(umbra_transform_create(&of_dry, dry, &desc, NULL));
  assert_ok(umbra_evaluator_create(&evaluator, real, NULL));
  assert_fails(umbra_transform_apply(evaluator, &out, wide_in, transform), UMBRA_ERROR_INVALID_ARGUMENT, "4 slots");
  assert_fails(umbra_transform_apply(evaluator, &out, low_in, transform), UMBRA_ERROR_NO_LEVEL, "begins at level 2");
  assert_fails(umbra_transform_apply(evaluator, &out, low_in, of_dry), UMBRA_ERROR_MISMATCH, "dry");
  assert_fails(umbra_transform_apply(evaluator, &out, low_in, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "transform");
  assert_fails(umbra_transform_apply(evaluator, NULL, low_in, transform), UMBRA_ERROR_INVALID_ARGUMENT, "output");
  assert_null(out);
  umbra_ciphertext_destroy(wide_in);
  umbra_ciphertext_destroy(low_in);
  vector_destroy(&wide);
  vector_destroy(&narrow);
  umbra_transform_destroy(transform);
  umbra_transform_destroy(of_dry);
  umbra_evaluator_destroy(evaluator);
}

/* ---- a holder outlives what it was made from; outputs take the place of what they were made from ---- */

static void test_holders(void **state) {
  (void)state;
  const double values[4] = {0.5, 0, 0, -0.5};
  const umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .values = values, .rows = 2, .columns = 2};
  umbra_transform *first = NULL;
  umbra_evaluator *evaluator = NULL;
  const vector x = {2, (number[]){0.25, 0.75}}, y = {2, (number[]){0.125, -0.375}};
  scheme s = {.context = real, .public = public, .secret = secret};
  umbra_ciphertext *c = encrypt_vector(&s, &x, 1);
  assert_ok(umbra_transform_create(&first, real, &desc, NULL));
  umbra_transform *second = umbra_transform_share(first);
  umbra_transform_destroy(first);
  assert_ok(umbra_evaluator_create(&evaluator, real, NULL));
  assert_int_equal(umbra_ciphertext_level(c), 1);
  assert_fails(umbra_transform_apply(evaluator, &c, c, second), UMBRA_ERROR_NO_LEVEL, "level 3");
  umbra_ciphertext_destroy(c);
  c = encrypt_vector(&s, &x, DEPTH);
  assert_ok(umbra_transform_apply(evaluator, &c, c, second)); /* one diagonal: no key */
  assert_true(worst_error(&s, c, &y) < 0x1p-20);
  umbra_ciphertext_destroy(c);
  umbra_evaluator_destroy(evaluator);
  umbra_transform_destroy(second);
}

/* ---- */

static int set_up(void **state) {
  (void)state;
  params = test_params(LOG_N, 40, DEPTH);
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "cpu"};
  assert_ok(umbra_context_create(&real, &desc));
  desc.device = "dry";
  assert_ok(umbra_context_create(&dry, &desc));
  assert_ok(umbra_secret_key_generate(&secret, real));
  assert_ok(umbra_public_key_generate(&public, secret));
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  umbra_public_key_destroy(public);
  umbra_secret_key_destroy(secret);
  assert_int_equal(umbra_context_memory(real), 0);
  assert_int_equal(umbra_context_memory(dry), 0);
  umbra_context_destroy(real);
  umbra_context_destroy(dry);
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_matrices),  cmocka_unit_test(test_diagonals),
      cmocka_unit_test(test_costs),     cmocka_unit_test(test_bands),
      cmocka_unit_test(test_bad_descs), cmocka_unit_test(test_bad_inputs),
      cmocka_unit_test(test_holders),   cmocka_unit_test(test_sizes_without_values),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
