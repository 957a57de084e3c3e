/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Bounds that a calibration by simulation supports: how often they are exceeded, against what they state, for inputs whose
 * distribution is known; and what declarations make of them.
 *
 * The computation is a square. So with P(|x| > t) known, the probability that a fresh record's result exceeds a bound b is
 * known without sampling: P(|x| > sqrt(b)).
 */
#include "../host/base/memory.h"
#include "../host/linalg/matrix.h"
#include "scheme.h"

enum { LOG_N = 11, SLOTS = 256, CALIBRATIONS = 400, FRESH = 60 };

static scheme sim;
static uint64_t random_state = 5;

/* ---- distributions ---- */

static double uniform_01(void) { return ((double)(next_word(&random_state) >> 11) + 0.5) * 0x1p-53; }

static double draw_uniform(void) { return uniform(&random_state); }
static double tail_uniform(double t) { return t < 1 ? 1 - t : 0; }

static double draw_exponential(void) { return -log(uniform_01()) / 4; }
static double tail_exponential(double t) { return exp(-4 * t); }

/* Without an expectation: no moment would help. */
static double draw_heavy(void) { return 0.01 / uniform_01(); }
static double tail_heavy(double t) { return t > 0.01 ? 0.01 / t : 1; }

static double draw_gaussian(void) { return sqrt(-2 * log(uniform_01())) * cos(6.283185307179586 * uniform_01()) / 8; }
static double tail_gaussian(double t) { return erfc(8 * t / sqrt(2)); }

typedef struct distribution {
  const char *name;
  double (*draw)(void);
  double (*tail)(double t); /* P(|x| > t) */
} distribution;

static const distribution distributions[] = {
    {"uniform", draw_uniform, tail_uniform},
    {"exponential", draw_exponential, tail_exponential},
    {"heavy", draw_heavy, tail_heavy},
    {"Gaussian", draw_gaussian, tail_gaussian},
};

/* ---- the computation ---- */

/* `records` draws, the other slots 0. */
static umbra_ciphertext *draws(const distribution *d, uint32_t records) {
  vector v = vector_make(SLOTS);
  for (uint32_t j = 0; j < records; j++) v.value[j] = d->draw();
  umbra_ciphertext *x = encrypt_vector(&sim, &v, UMBRA_TOP_LEVEL);
  vector_destroy(&v);
  return x;
}

static umbra_ciphertext *squares(const distribution *d, uint32_t records) {
  umbra_ciphertext *x = draws(d, records);
  assert_ok(umbra_square(sim.evaluator, &x, x));
  return x;
}

static umbra_range_calibration calibrate(const distribution *d, uint32_t records) {
  umbra_range_calibration seen = {UMBRA_RANGE_CALIBRATION_INIT};
  umbra_ciphertext *x = squares(d, records);
  assert_ok(umbra_range_calibration_add(&seen, x, records));
  umbra_ciphertext_destroy(x);
  return seen;
}

/* ---- how often a bound fails ---- */

/* N = log(1 - confidence) / log(1 - p), rounded up. */
static const struct {
  double p, confidence;
  uint32_t samples;
} stated[] = {{0.01, 0.9, 230}, {0.05, 0.95, 59}, {0.1, 0.8, 16}};
enum { STATED = sizeof stated / sizeof *stated };

/* Fewer failures than that in `trials` of probability q, except for 1 test in 30000. */
static double most_of(double trials, double q) { return trials * q + 4 * sqrt(trials * q * (1 - q)); }

/*
 * Calibrations whose bound a fresh record exceeds with a probability above p are at most 1 - confidence of all. They are
 * (1 - p)^N of them, as exactly as the noise allows: fewer would say that bounds are larger than they claim to be.
 */
static void hold_calibrations(const distribution *d, int s) {
  const double p = stated[s].p, expected = pow(1 - p, stated[s].samples);
  double failed = 0, bound = 0, mean = 0;
  for (int i = 0; i < CALIBRATIONS; i++) {
    const umbra_range_calibration seen = calibrate(d, stated[s].samples);
    assert_ok(umbra_range_calibration_bound(&seen, &bound, p, stated[s].confidence));
    const double exceeded = d->tail(sqrt(bound));
    failed += exceeded > p;
    mean += exceeded / CALIBRATIONS;
  }
  if (failed > most_of(CALIBRATIONS, 1 - stated[s].confidence))
    fail_msg("%s, %g: %g of %d calibrations fail", d->name, p, failed, CALIBRATIONS);
  if (CALIBRATIONS - failed > most_of(CALIBRATIONS, 1 - expected))
    fail_msg("%s, %g: only %g of %d calibrations fail", d->name, p, failed, CALIBRATIONS);
  if (!(mean <= p)) fail_msg("%s, %g: a fresh record exceeds the bound with probability %g", d->name, p, mean);
}

static void test_calibrations(void **state) {
  (void)state;
  for (size_t d = 0; d < sizeof distributions / sizeof *distributions; d++)
    for (int s = 0; s < STATED; s++) hold_calibrations(&distributions[d], s);
}

/* Fresh records through the same computation, and a bound for each ciphertext of them. */
static void test_fresh_records(void **state) {
  (void)state;
  for (size_t d = 0; d < sizeof distributions / sizeof *distributions; d++) {
    double exceeded = 0, bound = 0;
    for (int i = 0; i < FRESH; i++) {
      const umbra_range_calibration seen = calibrate(&distributions[d], stated[0].samples);
      assert_ok(umbra_range_calibration_bound(&seen, &bound, stated[0].p, stated[0].confidence));
      umbra_ciphertext *x = squares(&distributions[d], SLOTS);
      double *pairs = opened_slots(&sim, x);
      for (int j = 0; j < SLOTS; j++) exceeded += hypot(pairs[2 * j], pairs[2 * j + 1]) > bound;
      free(pairs);
      umbra_ciphertext_destroy(x);
    }
    if (exceeded > most_of(FRESH * SLOTS, stated[0].p))
      fail_msg("%s: %g of %d records exceed their bound", distributions[d].name, exceeded, FRESH * SLOTS);
    if (exceeded == 0) fail_msg("%s: no record exceeds its bound, so it is none of the data", distributions[d].name);
  }
}

/* ---- samples ---- */

/* Squares as large as these, whose error bound is that of a factor within `magnitude`. */
static umbra_ciphertext *squares_within(double magnitude) {
  umbra_ciphertext *x = draws(&distributions[0], SLOTS);
  assert_ok(umbra_ciphertext_declare(x, &(umbra_declaration){UMBRA_DECLARATION_INIT, .magnitude = magnitude}));
  assert_ok(umbra_square(sim.evaluator, &x, x));
  return x;
}

/* Slots of a batch that meet are one sample; ciphertexts add up, and the largest of all counts, and the largest error. */
static void test_samples(void **state) {
  (void)state;
  enum { MADE = 4, LARGEST_ERROR = 1 };
  static const double magnitude[MADE] = {2, 16, 8, 4};
  umbra_range_calibration seen = {UMBRA_RANGE_CALIBRATION_INIT};
  double bound = 0, largest = 0, error[MADE];
  for (int i = 0; i < MADE; i++) {
    umbra_ciphertext *x = squares_within(magnitude[i]);
    double *pairs = opened_slots(&sim, x);
    for (int j = 0; j < SLOTS; j++) largest = fmax(largest, hypot(pairs[2 * j], pairs[2 * j + 1]));
    assert_ok(umbra_range_calibration_add(&seen, x, 1));
    error[i] = umbra_ciphertext_error_bound(x);
    free(pairs);
    umbra_ciphertext_destroy(x);
  }
  assert_int_equal(seen.samples, MADE);
  assert_true(seen.largest == largest);
  assert_true(seen.error_bound == error[LARGEST_ERROR]);
  for (int i = 0; i < MADE; i++) assert_true(i == LARGEST_ERROR || error[i] < error[LARGEST_ERROR]);
  assert_fails(umbra_range_calibration_bound(&seen, &bound, 0.1, 0.9), UMBRA_ERROR_INVALID_ARGUMENT,
               "4 samples: a failure probability of 0.1 with a confidence of 0.9 takes 22");
  assert_true(bound == 0);
  assert_ok(umbra_range_calibration_bound(&seen, &bound, 0.5, 0.9));
  assert_true(bound == largest + seen.error_bound);
}

static void test_refusals(void **state) {
  (void)state;
  const umbra_status invalid = UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_range_calibration seen = calibrate(&distributions[0], 59), before = seen;
  umbra_ciphertext *x = squares(&distributions[0], SLOTS), *encrypted = NULL;
  scheme real;
  double bound;
  vector v = vector_make(SLOTS);
  scheme_open(&real, test_params(LOG_N, 40, 1), "cpu", NULL, 0);
  encrypted = encrypt_vector(&real, &v, UMBRA_TOP_LEVEL);
  assert_fails(umbra_range_calibration_add(&seen, x, 0), invalid, "0 records");
  assert_fails(umbra_range_calibration_add(&seen, x, SLOTS + 1), invalid, "257 records in 256 slots");
  assert_fails(umbra_range_calibration_add(&seen, encrypted, 1), UMBRA_ERROR_UNSUPPORTED, "\"sim\"");
  assert_fails(umbra_range_calibration_add(NULL, x, 1), invalid, "needs a calibration");
  assert_fails(umbra_range_calibration_bound(&seen, NULL, 0.05, 0.95), invalid, "an output");
  assert_fails(umbra_range_calibration_bound(&seen, &bound, 0, 0.95), invalid, "between 0 and 1");
  assert_fails(umbra_range_calibration_bound(&seen, &bound, 0.05, 1), invalid, "between 0 and 1");
  assert_fails(umbra_range_calibration_bound(&seen, &bound, NAN, 0.95), invalid, "between 0 and 1");
  assert_fails(umbra_range_calibration_bound(&seen, &bound, 0x1p-1060, 0.95), invalid, "59 samples");
  assert_fails(umbra_range_calibration_bound(&seen, &bound, 0.05, 0.96), invalid, "takes 63");
  assert_ok(umbra_range_calibration_bound(&seen, &bound, 0.05, 0.95));
  assert_memory_equal(&seen, &before, sizeof seen);
  vector_destroy(&v);
  umbra_ciphertext_destroy(encrypted);
  umbra_ciphertext_destroy(x);
  scheme_close(&real);
}

static void test_allocations(void **state) {
  (void)state;
  umbra_range_calibration seen = {UMBRA_RANGE_CALIBRATION_INIT};
  umbra_ciphertext *x = squares(&distributions[0], SLOTS);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long n = 0; status != UMBRA_OK; n++) {
    assert_int_equal(seen.samples, 0);
    umbra_alloc_fail_after(n);
    status = umbra_range_calibration_add(&seen, x, SLOTS);
    umbra_alloc_fail_after(-1);
    if (status != UMBRA_OK) assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
  }
  assert_int_equal(seen.samples, SLOTS);
  umbra_ciphertext_destroy(x);
}

/* ---- declarations ---- */

static umbra_range range_of(const umbra_ciphertext *x) {
  umbra_range range = {UMBRA_RANGE_INIT};
  assert_ok(umbra_ciphertext_range(x, &range));
  return range;
}

/* The larger bound is used, the probability stays with the value, in its file too, and goes with the next operation. */
static void test_declarations(void **state) {
  (void)state;
  static const double bounds[][3] = {{1, 2, 2}, {2, 1, 2}, {0, 0.5, 0.5}};
  scheme real;
  vector v = vector_make(SLOTS);
  umbra_ciphertext *loaded = NULL;
  scheme_open(&real, test_params(LOG_N, 40, 1), "cpu", NULL, 0);
  umbra_ciphertext *x = encrypt_vector(&real, &v, UMBRA_TOP_LEVEL);
  assert_true(range_of(x).failure_probability == 0);
  for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    const umbra_declaration d = {UMBRA_DECLARATION_INIT, .magnitude = bounds[i][0], .calibrated = bounds[i][1],
                                 .failure_probability = 0.01};
    assert_ok(umbra_ciphertext_declare(x, &d));
    bytes file = ciphertext_bytes(x);
    assert_ok(umbra_ciphertext_read(&loaded, real.context, file.data, file.size, NULL));
    free(file.data);
    const umbra_range known[] = {range_of(x), range_of(loaded)};
    assert_true(known[0].magnitude == bounds[i][2] && known[0].failure_probability == 0.01);
    assert_int_equal(known[0].by, UMBRA_DECLARED_BY_APPLICATION);
    assert_memory_equal(&known[0], &known[1], sizeof *known);
  }
  assert_ok(umbra_add(real.evaluator, &loaded, x, x));
  assert_true(range_of(loaded).failure_probability == 0 && range_of(loaded).magnitude == 1);
  assert_ok(umbra_ciphertext_declare(x, &(umbra_declaration){UMBRA_DECLARATION_INIT, .magnitude = 3}));
  assert_true(range_of(x).failure_probability == 0 && range_of(x).magnitude == 3);
  vector_destroy(&v);
  umbra_ciphertext_destroy(loaded);
  umbra_ciphertext_destroy(x);
  scheme_close(&real);
}

/* The largest probability of all parts, wherever it is. */
static void test_parts(void **state) {
  (void)state;
  enum { PARTS = 3 };
  umbra_matrix *matrix = NULL;
  umbra_range range = {UMBRA_RANGE_INIT};
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .slots = 1};
  assert_ok(umbra_sim_matrix(&matrix, sim.context, (const double[PARTS]){0}, PARTS, 1, &layout));
  assert_int_equal(matrix->parts, PARTS);
  for (size_t largest = 0; largest < PARTS; largest++) {
    for (size_t i = 0; i < PARTS; i++) {
      const umbra_declaration d = {UMBRA_DECLARATION_INIT, .calibrated = 1,
                                   .failure_probability = i == largest ? 0.05 : 0.01};
      assert_ok(umbra_ciphertext_declare(matrix->part[i], &d));
    }
    assert_ok(umbra_matrix_range(matrix, &range));
    assert_true(range.failure_probability == 0.05);
  }
  umbra_matrix_destroy(matrix);
}

static void test_refused_declarations(void **state) {
  (void)state;
  static const double pairs[][2] = {{1, 0},    {0, 0.1},   {-1, 0.1}, {1, 1},
                                    {1, -0.1}, {NAN, 0.1}, {1, NAN},  {INFINITY, 0.1}};
  umbra_ciphertext *x = squares(&distributions[0], 1);
  const umbra_range before = range_of(x);
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    const umbra_declaration d = {UMBRA_DECLARATION_INIT, .magnitude = 1, .calibrated = pairs[i][0],
                                 .failure_probability = pairs[i][1]};
    assert_fails(umbra_ciphertext_declare(x, &d), UMBRA_ERROR_INVALID_ARGUMENT, "a calibrated bound of");
  }
  const umbra_range after = range_of(x);
  assert_memory_equal(&before, &after, sizeof before);
  umbra_ciphertext_destroy(x);
}

/* ---- beside the real thing ---- */

/* What a calibration supports holds for encrypted records, and their owner sees one that is beyond it. */
static void test_encrypted(void **state) {
  (void)state;
  scheme real;
  umbra_declaration d = {UMBRA_DECLARATION_INIT, .failure_probability = 0.01};
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  double pair[2];
  const umbra_range_calibration seen = calibrate(&distributions[0], stated[0].samples);
  assert_ok(umbra_range_calibration_bound(&seen, &d.calibrated, 0.01, 0.9));
  scheme_open(&real, test_params(LOG_N, 40, 1), "cpu", NULL, 0);
  for (int beyond = 0; beyond < 2; beyond++) {
    vector v = vector_make(SLOTS);
    for (int j = 0; j < SLOTS; j++) v.value[j] = 0.9 * draw_uniform();
    if (beyond) v.value[7] = 1.01;
    umbra_ciphertext *x = encrypt_vector(&real, &v, UMBRA_TOP_LEVEL);
    assert_ok(umbra_square(real.evaluator, &x, x));
    assert_ok(umbra_ciphertext_declare(x, &d));
    assert_ok(umbra_decrypt_outcome(&outcome, pair, 1, x, real.secret, NULL));
    assert_int_equal(outcome.doubts, beyond ? UMBRA_DOUBT_VALUE : 0);
    vector_destroy(&v);
    umbra_ciphertext_destroy(x);
  }
  scheme_close(&real);
}

static int open_all(void **state) {
  (void)state;
  scheme_open_sim(&sim, test_params(LOG_N, 40, 1), 0, 1);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  scheme_close(&sim);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_calibrations), cmocka_unit_test(test_fresh_records),
      cmocka_unit_test(test_samples),      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_declarations), cmocka_unit_test(test_refused_declarations),
      cmocka_unit_test(test_encrypted),    cmocka_unit_test(test_allocations),
      cmocka_unit_test(test_parts),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
