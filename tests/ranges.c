/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Declared and worst-case ranges: what is known of them, who asks for them, and what decryption tells. */
#include "boot.h"
#include "container_bytes.h"
#include "host/ckks/range.h"

#include "host/base/error.h"

enum { LOG_N = 11, DEPTH = 4, ALL = 64 };

static scheme s;
static const int32_t rotations[] = {1, 2, 4, 8};

static int set_up(void **state) {
  (void)state;
  scheme_open(&s, test_params(LOG_N, 40, DEPTH), NULL, rotations, 4);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

/* ---- small pieces ---- */

static umbra_range range_of(const umbra_ciphertext *x) {
  umbra_range range = {UMBRA_RANGE_INIT};
  assert_ok(umbra_ciphertext_range(x, &range));
  return range;
}

static void declare(umbra_ciphertext *x, double magnitude) {
  umbra_declaration d = {UMBRA_DECLARATION_INIT};
  d.magnitude = magnitude;
  assert_ok(umbra_ciphertext_declare(x, &d));
}

/* The same number in all of so many slots. */
static umbra_ciphertext *alike(const scheme *of, double value, uint32_t slots, uint32_t level) {
  vector v = vector_make(slots);
  for (uint32_t j = 0; j < slots; j++) v.value[j] = value;
  umbra_ciphertext *x = encrypt_vector(of, &v, level);
  vector_destroy(&v);
  return x;
}

static umbra_outcome outcome_of(const scheme *of, const umbra_ciphertext *x, double *first) {
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  double pair[2];
  assert_ok(umbra_decrypt_outcome(&outcome, pair, 1, x, of->secret, NULL));
  if (first) *first = pair[0];
  return outcome;
}

static umbra_status decode_one(const umbra_ciphertext *x) {
  double value;
  return umbra_decrypt_decode(&value, 1, x, s.secret);
}

/* x to the fifth, at three levels less: of 7 it is 16807. */
static umbra_status fifth_power(umbra_ciphertext **out, umbra_evaluator *evaluator, const umbra_ciphertext *x) {
  umbra_ciphertext *square = NULL;
  umbra_status status = umbra_square(evaluator, &square, x);
  if (status == UMBRA_OK) status = umbra_square(evaluator, &square, square);
  if (status == UMBRA_OK) status = umbra_mul(evaluator, out, square, x);
  umbra_ciphertext_destroy(square);
  return status;
}

/* ---- what does not fit its level ---- */

/* It fits no number that level 0 can hold: nothing gives out what is left of it as if it were a result. */
static void what_wraps_is_told(void **state) {
  (void)state;
  umbra_ciphertext *x = alike(&s, 7, ALL, 3), *y = NULL;
  double found;
  assert_ok(fifth_power(&y, s.evaluator, x));
  assert_int_equal(umbra_ciphertext_level(y), 0);
  assert_int_equal(range_of(y).doubts, UMBRA_DOUBT_LEVEL);
  assert_true(range_of(y).headroom_bits < 0);
  assert_fails(decode_one(y), UMBRA_ERROR_RANGE, "may have wrapped");
  assert_int_equal(outcome_of(&s, y, &found).doubts, UMBRA_DOUBT_LEVEL);
  assert_true(fabs(found - 16807) > 1000);
  umbra_noise_report report = {UMBRA_NOISE_REPORT_INIT};
  assert_ok(umbra_inspect_noise(&report, y, s.secret, (const double[]){16807, 0}, 1));
  assert_int_equal(report.doubts, UMBRA_DOUBT_LEVEL);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
}

/* The text names the operation, the bound and the level; the output is as before. */
static void strict_evaluators_refuse_it(void **state) {
  (void)state;
  umbra_ciphertext *x = alike(&s, 7, ALL, 3), *y = NULL, *kept;
  umbra_evaluator_set_strict(s.evaluator, 1);
  assert_fails(fifth_power(&y, s.evaluator, x), UMBRA_ERROR_RANGE,
               "mul: the bound of the result is 32768, and level 0");
  assert_null(y);
  assert_ok(umbra_level_drop(s.evaluator, &y, x, 0));
  kept = y;
  const char *const names[] = {"mul_integer", "add", "rotate", "level_drop", "dot_constants"};
  for (int i = 0; i < 5; i++) {
    umbra_ciphertext *high = alike(&s, 7, ALL, 2), *low = NULL;
    const umbra_ciphertext *two[] = {high, high};
    declare(i == 1 || i == 2 ? y : high, 0x1p10);
    umbra_status status = i == 0   ? umbra_mul_integer(s.evaluator, &y, y, 100)
                          : i == 1 ? umbra_add(s.evaluator, &y, y, y)
                          : i == 2 ? umbra_rotate(s.evaluator, &y, y, 1)
                          : i == 3 ? umbra_level_drop(s.evaluator, &y, high, 0)
                                   : umbra_level_drop(s.evaluator, &low, high, 1);
    if (i == 4) {
      assert_int_equal(status, UMBRA_OK);
      two[0] = two[1] = low;
      status = umbra_dot_constants(s.evaluator, &y, two, (const double[]){1, 0, 1, 0}, 2);
    }
    assert_int_equal(status, UMBRA_ERROR_RANGE);
    assert_non_null(strstr(umbra_last_error(), names[i]));
    assert_ptr_equal(y, kept);
    umbra_ciphertext_destroy(high);
    umbra_ciphertext_destroy(low);
  }
  umbra_evaluator_set_strict(s.evaluator, 0);
  assert_ok(umbra_mul_integer(s.evaluator, &y, y, 100));
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
}

/* Sums, products and divisions respect the modulus: what did not fit on the way, and fits again, is right. */
static void it_counts_where_a_value_ends(void **state) {
  (void)state;
  umbra_ciphertext *x = alike(&s, 7, ALL, 2), *y = NULL, *z = NULL;
  assert_ok(umbra_mul_integer(s.evaluator, &y, x, 200)); /* more than level 0 holds */
  assert_ok(umbra_level_drop(s.evaluator, &y, y, 0));
  assert_ok(umbra_level_drop(s.evaluator, &z, x, 0));
  assert_ok(umbra_mul_integer(s.evaluator, &z, z, 199));
  assert_ok(umbra_sub(s.evaluator, &y, y, z));
  assert_fails(decode_one(y), UMBRA_ERROR_RANGE, "may have wrapped");
  declare(y, 8);
  double value;
  assert_ok(umbra_decrypt_decode(&value, 1, y, s.secret));
  assert_true(fabs(value - 7) < 1e-2);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  umbra_ciphertext_destroy(z);
}

/* The encoder saw that they fit, whatever their power of two says. */
static void what_was_encoded_fits(void **state) {
  (void)state;
  uint64_t seed = 3;
  vector v = vector_random(&seed, 1 << (LOG_N - 1), 0);
  for (uint32_t j = 0; j < v.slots; j++) v.value[j] *= 1000;
  umbra_ciphertext *x = encrypt_vector(&s, &v, 0), *copy = NULL;
  assert_true(range_of(x).headroom_bits < 0 && range_of(x).doubts == 0);
  assert_int_equal(range_of(x).by, UMBRA_DECLARED_BY_OWNER);
  assert_ok(umbra_ciphertext_copy(&copy, x));
  assert_ok(decode_one(copy));
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(copy);
  vector_destroy(&v);
}

/* ---- declaring ---- */

static void bounds_follow_from_declared_ones(void **state) {
  (void)state;
  umbra_ciphertext *x = alike(&s, 0.001, ALL, 3), *y = NULL;
  umbra_range before, after;
  assert_ok(umbra_mul_integer(s.evaluator, &x, x, 1 << 12));
  before = range_of(x);
  assert_true(before.magnitude == 4096 && before.worst_magnitude == 4096 && before.by == UMBRA_DECLARED_BY_NOBODY);
  declare(x, 5);
  after = range_of(x);
  assert_true(after.magnitude == 5 && after.worst_magnitude == 4096 && after.by == UMBRA_DECLARED_BY_APPLICATION);
  assert_true(after.error_bound == before.error_bound && umbra_ciphertext_magnitude(x) == 5);
  assert_ok(umbra_square(s.evaluator, &y, x));
  after = range_of(y);
  assert_true(after.magnitude == 25 && after.worst_magnitude == 0x1p24 && after.by == UMBRA_DECLARED_BY_NOBODY);
  assert_true(after.error_bound < after.worst_error_bound);
  assert_ok(umbra_add(s.evaluator, &y, y, x));
  assert_true(range_of(y).magnitude == 30 && range_of(y).worst_magnitude == 0x1p24 + 4096);
  umbra_declaration d = {UMBRA_DECLARATION_INIT};
  d.magnitude = 20;
  d.error_bound = 0.25;
  assert_ok(umbra_ciphertext_declare(y, &d));
  assert_true(fabs(range_of(y).error_bound - 0.25) < 1e-15 && range_of(y).worst_error_bound != 0.25);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
}

static void what_cannot_be_declared(void **state) {
  (void)state;
  umbra_ciphertext *x = alike(&s, 1, ALL, 1);
  const umbra_range before = range_of(x);
  const umbra_declaration bad[] = {
      {UMBRA_DECLARATION_INIT, .magnitude = -1},          {UMBRA_DECLARATION_INIT, .magnitude = NAN},
      {UMBRA_DECLARATION_INIT, .magnitude = INFINITY},    {UMBRA_DECLARATION_INIT, .error_bound = -1},
      {UMBRA_DECLARATION_INIT, .used = ALL + 1},          {.struct_size = sizeof(umbra_declaration), .magnitude = 1},
      {.struct_size = sizeof(umbra_declaration), .by = 4}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(umbra_ciphertext_declare(x, &bad[i]), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_ciphertext_declare(NULL, &bad[0]), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_ciphertext_declare(x, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  const umbra_range after = range_of(x);
  assert_memory_equal(&before, &after, sizeof before);
  umbra_ciphertext_destroy(x);
}

/* ---- polynomials and refreshes ask for a range ---- */

static void polynomials_ask_for_one(void **state) {
  (void)state;
  const double square[] = {0.5, 0, 0.5};
  umbra_ciphertext *x = alike(&s, 0.5, ALL, 4), *y = NULL;
  assert_ok(umbra_mul_integer(s.evaluator, &x, x, 2));
  assert_ok(umbra_chebyshev_eval(s.evaluator, &y, x, square, 2));
  assert_ok(umbra_add(s.evaluator, &y, y, x));
  assert_int_equal(range_of(y).doubts, UMBRA_DOUBT_INTERVAL);
  assert_int_equal(outcome_of(&s, y, NULL).doubts, UMBRA_DOUBT_INTERVAL);
  assert_ok(decode_one(y));
  umbra_evaluator_set_strict(s.evaluator, 1);
  assert_fails(umbra_chebyshev_eval(s.evaluator, &y, x, square, 2), UMBRA_ERROR_RANGE,
               "chebyshev_eval: a polynomial takes values up to 1, and the bound of its input is 2");
  declare(x, 1);
  assert_ok(umbra_chebyshev_eval(s.evaluator, &y, x, square, 2));
  umbra_evaluator_set_strict(s.evaluator, 0);
  assert_int_equal(range_of(y).doubts, 0);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
}

static umbra_status square_of(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                              void *user) {
  static const double square[] = {0.5, 0, 0.5};
  (void)user;
  return umbra_chebyshev_eval(evaluator, outs, ins[0], square, 2);
}

/* A recording checks nothing inside, so a circuit is as strict as its evaluator was. */
static void circuits_are_as_strict_as_when_made(void **state) {
  (void)state;
  umbra_ciphertext *x = alike(&s, 0.5, ALL, 4), *y = NULL;
  const umbra_ciphertext *const ins[] = {x};
  umbra_circuit *circuit = NULL;
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = square_of, .ins = 1, .outs = 1, .examples = ins};
  assert_ok(umbra_circuit_create(&circuit, s.evaluator, &desc));
  umbra_evaluator_set_strict(s.evaluator, 1);
  assert_fails(umbra_circuit_run(circuit, &y, ins), UMBRA_ERROR_MISMATCH, "before its evaluator was strict");
  assert_null(y);
  assert_ok(umbra_circuit_create(&circuit, s.evaluator, &desc));
  assert_ok(umbra_circuit_run(circuit, &y, ins));
  umbra_evaluator_set_strict(s.evaluator, 0);
  assert_ok(umbra_circuit_run(circuit, &y, ins));
  umbra_circuit_destroy(circuit);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
}

static void refreshes_ask_for_one(void **state) {
  (void)state;
  boot b;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  umbra_evaluator *e = b.s.evaluator;
  umbra_ciphertext *x = alike(&b.s, 0.25, b.report.slots, 2), *y = NULL, *z = NULL;
  assert_ok(umbra_bootstrap(e, &y, x, b.bootstrapper)); /* 1, by its encryption */
  assert_int_equal(range_of(y).doubts, 0);
  assert_ok(umbra_bootstrap(e, &y, y, b.bootstrapper)); /* and what a refresh gives */
  assert_int_equal(range_of(y).doubts, 0);
  assert_ok(umbra_mul_integer(e, &x, x, 3));
  assert_ok(umbra_bootstrap(e, &y, x, b.bootstrapper));
  assert_int_equal(range_of(y).doubts, UMBRA_DOUBT_REFRESH);
  umbra_evaluator_set_strict(e, 1);
  assert_fails(umbra_bootstrap(e, &y, x, b.bootstrapper), UMBRA_ERROR_RANGE, "bootstrap: a refresh takes values up to");
  declare(x, 0.75);
  assert_ok(umbra_bootstrap(e, &y, x, b.bootstrapper));
  assert_int_equal(range_of(y).doubts, 0);
  declare(x, 1); /* two real values of the whole bound */
  assert_ok(umbra_bootstrap_pair(e, &y, &z, x, x, b.bootstrapper));
  assert_int_equal(range_of(y).doubts | range_of(z).doubts, 0);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  umbra_ciphertext_destroy(z);
  boot_close(&b);
}

/* ---- what opening shows ---- */

/* Declared with that, x raises that doubt and no other, and the first slot is named. */
static void assert_raises(umbra_ciphertext *x, umbra_declaration d, uint32_t doubts, uint32_t first) {
  assert_ok(umbra_ciphertext_declare(x, &d));
  const umbra_outcome outcome = outcome_of(&s, x, NULL);
  assert_int_equal(outcome.doubts, doubts);
  assert_int_equal(outcome.first, first);
  assert_int_equal(decode_one(x), doubts ? UMBRA_ERROR_RANGE : UMBRA_OK);
}

static void opening_sees_what_is_broken(void **state) {
  (void)state;
  vector v = vector_make(ALL);
  for (uint32_t j = 0; j < 40; j++) v.value[j] = 0.5;
  v.value[17] = 0.9;
  v.value[20] += 0.01 * I;
  umbra_ciphertext *x = encrypt_vector(&s, &v, 2);
  umbra_declaration d = {UMBRA_DECLARATION_INIT};
  d.magnitude = 0.9;
  assert_raises(x, d, 0, ALL);
  d.used = 40;
  assert_raises(x, d, 0, ALL);
  d.used = 39;
  assert_raises(x, d, UMBRA_DOUBT_UNUSED, ALL);
  d.used = 0;
  d.real = 1;
  assert_raises(x, d, UMBRA_DOUBT_REAL, 20);
  d.magnitude = 0.8;
  assert_raises(x, d, UMBRA_DOUBT_VALUE | UMBRA_DOUBT_REAL, 17);
  const umbra_outcome outcome = outcome_of(&s, x, NULL);
  assert_true(fabs(outcome.largest - 0.9) < 1e-6 && fabs(outcome.largest_imaginary - 0.01) < 1e-6);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

static void canaries_are_compared(void **state) {
  (void)state;
  vector v = vector_make(ALL);
  v.value[3] = 0.5;
  v.value[9] = -0.25;
  umbra_ciphertext *x = encrypt_vector(&s, &v, 2);
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  const uint32_t slots[] = {3, 9}, none[] = {3, ALL};
  double answers[] = {0.25, 0, 0.0625, 0};
  umbra_outcome_options options = {UMBRA_OUTCOME_OPTIONS_INIT};
  options.canary_slots = slots;
  options.canary_pairs = answers;
  options.canaries = 2;
  assert_ok(umbra_square(s.evaluator, &x, x));
  assert_ok(umbra_decrypt_outcome(&outcome, NULL, 0, x, s.secret, &options));
  assert_int_equal(outcome.doubts, 0);
  answers[2] += 0.001;
  assert_ok(umbra_decrypt_outcome(&outcome, NULL, 0, x, s.secret, &options));
  assert_int_equal(outcome.doubts, UMBRA_DOUBT_CANARY);
  assert_int_equal(outcome.first, 9);
  assert_true(fabs(outcome.canary_error - 0.001) < 1e-6);
  options.canary_tolerance = 0.01;
  assert_ok(umbra_decrypt_outcome(&outcome, NULL, 0, x, s.secret, &options));
  assert_int_equal(outcome.doubts, 0);
  options.canary_tolerance = INFINITY; /* which would find nothing */
  assert_fails(umbra_decrypt_outcome(&outcome, NULL, 0, x, s.secret, &options), UMBRA_ERROR_INVALID_ARGUMENT, "finite");
  options.canary_tolerance = 0.01;
  options.canary_slots = none;
  assert_fails(umbra_decrypt_outcome(&outcome, NULL, 0, x, s.secret, &options), UMBRA_ERROR_INVALID_ARGUMENT,
               "canary 1");
  options.canary_slots = NULL;
  assert_fails(umbra_decrypt_outcome(&outcome, NULL, 0, x, s.secret, &options), UMBRA_ERROR_INVALID_ARGUMENT, "slots");
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

/* ---- random circuits ---- */

enum { CIRCUITS = 30, STEPS = 6 };

static double largest_of(const vector *v) {
  double largest = 0;
  for (uint32_t j = 0; j < v->slots; j++) largest = fmax(largest, (double)cabsl(v->value[j]));
  return largest;
}

static void declare_real(umbra_ciphertext *x, double magnitude) {
  umbra_declaration d = {UMBRA_DECLARATION_INIT, .magnitude = magnitude, .real = 1, .used = x->slots};
  assert_ok(umbra_ciphertext_declare(x, &d));
}

/* One operation on both; x is declared as large as it is times `truth`. */
static void step(umbra_ciphertext **x, vector *v, uint64_t *random, double truth) {
  const uint32_t kind = below(random, umbra_ciphertext_level(*x) ? 5 : 3);
  const double c = 3 * uniform(random);
  const int32_t steps = rotations[below(random, 4)];
  vector made = vector_make(v->slots);
  umbra_status status = kind == 0   ? umbra_rotate(s.evaluator, x, *x, steps)
                        : kind == 1 ? umbra_add_constant(s.evaluator, x, *x, c, 0)
                        : kind == 2 ? umbra_add(s.evaluator, x, *x, *x)
                        : kind == 3 ? umbra_mul_constant(s.evaluator, x, *x, c, 0)
                                    : umbra_square(s.evaluator, x, *x);
  assert_ok(status);
  for (uint32_t j = 0; j < v->slots; j++) {
    const number a = v->value[j];
    made.value[j] = kind == 0   ? at(v, j + (uint32_t)steps)
                    : kind == 1 ? a + c
                    : kind == 2 ? a + a
                    : kind == 3 ? a * c
                                : a * a;
  }
  vector_destroy(v);
  *v = made;
  declare_real(*x, largest_of(v) * truth);
}

/* True declarations are believed on strict evaluators and when the result is opened; one that is too small is seen. */
static void true_ranges_never_raise_doubts(void **state) {
  (void)state;
  uint64_t random = 11;
  umbra_evaluator_set_strict(s.evaluator, 1);
  for (int i = 0; i < CIRCUITS; i++) {
    vector v = vector_random(&random, ALL, 0);
    umbra_ciphertext *x = encrypt_vector(&s, &v, DEPTH);
    for (int k = 0; k < STEPS; k++) step(&x, &v, &random, 1);
    assert_int_equal(outcome_of(&s, x, NULL).doubts, 0);
    assert_ok(decode_one(x));
    declare_real(x, largest_of(&v) / 1.05);
    assert_int_equal(outcome_of(&s, x, NULL).doubts, UMBRA_DOUBT_VALUE);
    umbra_ciphertext_destroy(x);
    vector_destroy(&v);
  }
  umbra_evaluator_set_strict(s.evaluator, 0);
}

/* ---- files ---- */

/* The container as it was before there were ranges; free it. */
static bytes older_file(const umbra_ciphertext *x) {
  bytes b = ciphertext_bytes(x);
  section found[MAX_SECTIONS];
  umbra_header header;
  assert_true(find_sections(found, b.data, b.size) > 1);
  umbra_section_head head = {UMBRA_SECTION_VALUE, 0, 32};
  const size_t drop = found[0].length - 32, end = found[0].at + section_size(&found[0]);
  assert_int_equal(found[0].length, 72);
  memcpy(b.data + found[0].at, &head, sizeof head);
  memset(payload(b.data, &found[0]) + 28, 0, 4);
  memmove(b.data + end - drop, b.data + end, b.size - end);
  b.size -= drop;
  memcpy(&header, b.data, sizeof header);
  header.bytes = b.size;
  memcpy(b.data, &header, sizeof header);
  fix_checksums(b.data, b.size);
  return b;
}

static void older_files_load(void **state) {
  (void)state;
  umbra_ciphertext *x = alike(&s, 3, ALL, 2), *seeded = NULL, *loaded = NULL;
  umbra_plaintext *plaintext = NULL;
  assert_ok(umbra_encode(&plaintext, s.context, (const double[]){3}, 1, NULL));
  assert_ok(umbra_encrypt_symmetric(&seeded, s.secret, plaintext));
  const umbra_ciphertext *const given[] = {x, seeded};
  for (int i = 0; i < 2; i++) {
    bytes old = older_file(given[i]);
    assert_ok(umbra_ciphertext_read(&loaded, s.context, old.data, old.size, NULL));
    umbra_range range = range_of(loaded), before = range_of(given[i]);
    assert_int_equal(range.by, UMBRA_DECLARED_BY_NOBODY);
    assert_true(range.magnitude == before.magnitude && range.worst_magnitude == range.magnitude);
    assert_true(range.error_bound == before.error_bound && range.worst_error_bound == range.error_bound);
    double value;
    assert_ok(umbra_decrypt_decode(&value, 1, loaded, s.secret));
    assert_true(fabs(value - 3) < 1e-4);
    free(old.data);
  }
  umbra_plaintext_destroy(plaintext);
  umbra_ciphertext_destroy(seeded);
  umbra_ciphertext_destroy(loaded);
  umbra_ciphertext_destroy(x);
}

static void files_keep_ranges(void **state) {
  (void)state;
  umbra_ciphertext *x = alike(&s, 3, ALL, 4), *loaded = NULL;
  assert_ok(umbra_mul_integer(s.evaluator, &x, x, 7));
  assert_ok(umbra_chebyshev_eval(s.evaluator, &x, x, (const double[]){0, 1, 0.5}, 2));
  umbra_declaration d = {UMBRA_DECLARATION_INIT, .magnitude = 17.5, .error_bound = 0.5, .real = 1, .used = 12};
  d.by = UMBRA_DECLARED_BY_PLAN;
  assert_ok(umbra_ciphertext_declare(x, &d));
  bytes b = ciphertext_bytes(x);
  assert_ok(umbra_ciphertext_read(&loaded, s.context, b.data, b.size, NULL));
  const umbra_range before = range_of(x), after = range_of(loaded);
  assert_memory_equal(&before, &after, sizeof before);
  assert_int_equal(after.doubts, UMBRA_DOUBT_INTERVAL);
  assert_true(has_bytes(loaded, &b));
  free(b.data);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(loaded);
}

/* Each of the record's words out of its bounds. */
static void files_with_impossible_ranges_are_refused(void **state) {
  (void)state;
  umbra_ciphertext *x = alike(&s, 3, ALL, 1), *loaded = NULL;
  const bytes good = ciphertext_bytes(x);
  const double nan = NAN, negative = -1;
  const uint32_t huge = 0xffffffff, four = 4, two = 2, many = ALL + 1;
  const struct {
    size_t at, size;
    const void *value;
  } bad[] = {{28, 4, &huge},     {28, 4, &(uint32_t){UMBRA_DOUBT_LEVEL}},
             {32, 8, &nan},      {40, 8, &negative},
             {48, 4, &four},     {52, 4, &two},
             {56, 4, &many},     {60, 4, &two},
             {8, 8, &negative},  {24, 4, &two},
             {64, 8, &negative}, {64, 8, &nan}};
  section found[MAX_SECTIONS];
  find_sections(found, good.data, good.size);
  uint8_t *changed = malloc(good.size);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    memcpy(changed, good.data, good.size);
    memcpy(payload(changed, &found[0]) + bad[i].at, bad[i].value, bad[i].size);
    fix_checksums(changed, good.size);
    assert_int_equal(umbra_ciphertext_read(&loaded, s.context, changed, good.size, NULL), UMBRA_ERROR_FORMAT);
  }
  assert_null(loaded);
  bytes old = older_file(x);
  payload(old.data, &found[0])[28] = 1;
  fix_checksums(old.data, old.size);
  assert_int_equal(umbra_ciphertext_read(&loaded, s.context, old.data, old.size, NULL), UMBRA_ERROR_FORMAT);
  free(old.data);
  free(changed);
  free(good.data);
  umbra_ciphertext_destroy(x);
}

/* ---- on a dry device ---- */

/* The same circuit, declared on the way; *x goes in and the result comes out. */
static umbra_status declared_circuit(umbra_evaluator *evaluator, umbra_ciphertext **x) {
  UMBRA_TRY(umbra_mul_integer(evaluator, x, *x, 100));
  declare(*x, 3);
  UMBRA_TRY(umbra_square(evaluator, x, *x));
  return umbra_chebyshev_eval(evaluator, x, *x, (const double[]){0.5, 0.5}, 1);
}

static void dry_ciphertexts_have_ranges(void **state) {
  (void)state;
  umbra_context *context = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *dry = NULL, *real = alike(&s, 0.02, ALL, 4);
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s.params, .device = "dry"};
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_evaluator_create(&evaluator, context, NULL));
  assert_ok(umbra_dry_ciphertext(&dry, context, 4, ALL, 1));
  for (int strict = 0; strict < 2; strict++) {
    umbra_evaluator_set_strict(evaluator, strict);
    umbra_evaluator_set_strict(s.evaluator, strict);
    assert_int_equal(declared_circuit(evaluator, &dry), strict ? UMBRA_ERROR_RANGE : UMBRA_OK);
    assert_int_equal(declared_circuit(s.evaluator, &real), strict ? UMBRA_ERROR_RANGE : UMBRA_OK);
    const umbra_range a = range_of(dry), b = range_of(real);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(a.doubts, UMBRA_DOUBT_INTERVAL);
  }
  umbra_evaluator_set_strict(s.evaluator, 0);
  umbra_ciphertext_destroy(real);
  umbra_ciphertext_destroy(dry);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_wraps_is_told),
                                     cmocka_unit_test(strict_evaluators_refuse_it),
                                     cmocka_unit_test(it_counts_where_a_value_ends),
                                     cmocka_unit_test(what_was_encoded_fits),
                                     cmocka_unit_test(bounds_follow_from_declared_ones),
                                     cmocka_unit_test(what_cannot_be_declared),
                                     cmocka_unit_test(polynomials_ask_for_one),
                                     cmocka_unit_test(circuits_are_as_strict_as_when_made),
                                     cmocka_unit_test(refreshes_ask_for_one),
                                     cmocka_unit_test(opening_sees_what_is_broken),
                                     cmocka_unit_test(canaries_are_compared),
                                     cmocka_unit_test(true_ranges_never_raise_doubts),
                                     cmocka_unit_test(older_files_load),
                                     cmocka_unit_test(files_keep_ranges),
                                     cmocka_unit_test(files_with_impossible_ranges_are_refused),
                                     cmocka_unit_test(dry_ciphertexts_have_ranges)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
