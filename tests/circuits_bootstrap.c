/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/*
 * Refreshes in small rings: of every number of slots, of random and of structured vectors, from every level, in every
 * variant, compared with what went in and with what the plan says.
 */
#include "boot.h"

#include "host/base/memory.h"
#include "host/ckks/context_internal.h"
#include "host/device/session_internal.h"
#include "host/ring/ring_internal.h"
#include "kernels/parallel.h"

enum { LOG_N = 11 };

static void print_errors(const char *what, part_errors e) {
  print_message("%-28s mean %.1f, rms %.1f, worst %.1f bits\n", what, bits(e.mean), bits(e.rms), bits(e.worst));
}

/* v, encrypted at that level and refreshed. */
static part_errors refresh_of(boot *b, const vector *v, uint32_t level) {
  umbra_ciphertext *in = encrypt_vector(&b->s, v, level), *out = NULL;
  assert_ok(umbra_bootstrap(b->s.evaluator, &out, in, b->bootstrapper));
  assert_int_equal(umbra_ciphertext_level(out), b->report.output_level);
  assert_int_equal(umbra_ciphertext_slots(out), v->slots);
  part_errors e = part_errors_of(&b->s, out, v);
  assert_true(e.worst <= umbra_ciphertext_error_bound(out));
  umbra_ciphertext_destroy(in);
  umbra_ciphertext_destroy(out);
  return e;
}

static void check_random(boot *b, uint32_t level, int is_complex, const char *what) {
  uint64_t seed = 5;
  vector v = vector_random(&seed, b->report.slots, is_complex);
  part_errors e = refresh_of(b, &v, level);
  print_errors(what, e);
  assert_true(e.worst < b->report.worst_error);
  assert_true(fabs(bits(e.rms) - bits(b->report.error)) < 2);
  vector_destroy(&v);
}

static void test_every_slot_count(void **state) {
  (void)state;
  for (uint32_t slots = 2; slots <= 1u << (LOG_N - 1); slots *= 2) {
    boot b;
    umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = slots};
    boot_open(&b, boot_twin_40(LOG_N), NULL, &options);
    char what[32];
    snprintf(what, sizeof what, "%u slots", slots);
    check_random(&b, 1, 1, what);
    boot_close(&b);
  }
}

static void test_levels(void **state) {
  (void)state;
  boot b;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  for (uint32_t level = 0; level <= umbra_params_depth(b.s.params); level++) {
    char what[32];
    snprintf(what, sizeof what, "from level %u", level);
    check_random(&b, level, 1, what);
  }
  boot_close(&b);
}

/* ---- structured vectors ---- */

/* All slots 1, one slot 1, and 1 and -1 in turn. */
static number structured_value(int kind, uint32_t j) { return kind == 0 ? 1 : kind == 1 ? (j == 0) : j % 2 ? -1 : 1; }

static void check_structured(boot *b, double least_bits) {
  for (int kind = 0; kind < 3; kind++) {
    vector v = vector_make(b->report.slots);
    for (uint32_t j = 0; j < v.slots; j++) v.value[j] = structured_value(kind, j);
    part_errors e = refresh_of(b, &v, 1);
    print_errors(kind == 0 ? "all equal" : kind == 1 ? "one-hot" : "alternating", e);
    assert_true(bits(e.worst) >= least_bits);
    assert_true(e.worst <= b->report.error_sine + b->report.worst_error);
    vector_destroy(&v);
  }
}

static void test_structured(void **state) {
  (void)state;
  boot b;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  check_structured(&b, 12);
  boot_close(&b);
}

static void test_arcsine(void **state) {
  (void)state;
  boot b;
  boot_open(&b, boot_twin_precise(LOG_N), NULL, NULL);
  check_random(&b, 1, 1, "arcsine");
  check_structured(&b, 20);
  boot_close(&b);
}

/* ---- variants ---- */

static void test_stc_first(void **state) {
  (void)state;
  for (uint32_t slots = 1u << (LOG_N - 1); slots; slots = slots > 8 ? 8 : 0) {
    boot b;
    umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = slots,
                                       .order = UMBRA_BOOTSTRAP_STC_FIRST};
    boot_open(&b, boot_twin_40(LOG_N), NULL, &options);
    assert_int_equal(b.report.output_level, umbra_params_depth(b.s.params));
    check_random(&b, b.report.input_level, 0, "slots-to-coefficients first");
    check_random(&b, umbra_params_depth(b.s.params), 0, "from the highest level");
    vector v = vector_make(slots);
    umbra_ciphertext *low = encrypt_vector(&b.s, &v, b.report.input_level - 1), *out = NULL;
    assert_fails(umbra_bootstrap(b.s.evaluator, &out, low, b.bootstrapper), UMBRA_ERROR_NO_LEVEL, "begins at level");
    umbra_ciphertext_destroy(low);
    vector_destroy(&v);
    boot_close(&b);
  }
}

static void test_min_key(void **state) {
  (void)state;
  boot b, hoisted;
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .min_key = 1};
  boot_open(&b, boot_twin_40(LOG_N), NULL, &options);
  boot_open(&hoisted, boot_twin_40(LOG_N), NULL, NULL);
  assert_true(b.report.keys <= 14 && b.report.keys < hoisted.report.keys);
  assert_true(b.report.key_bytes < hoisted.report.key_bytes / 2);
  check_random(&b, 1, 1, "few keys");
  boot_close(&hoisted);
  boot_close(&b);
}

static void test_two_rounds(void **state) {
  (void)state;
  boot one, two;
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  options.rounds = 2;
  uint64_t seed = 9;
  boot_open(&one, boot_twin_precise(LOG_N), NULL, NULL);
  boot_open(&two, boot_twin_precise(LOG_N), NULL, &options);
  vector v = vector_random(&seed, one.report.slots, 1);
  uint32_t level = umbra_params_depth(two.s.params);
  part_errors first = refresh_of(&one, &v, level), second = refresh_of(&two, &v, level);
  print_errors("one round", first);
  print_errors("two rounds", second);
  assert_true(bits(second.rms) >= bits(first.rms) + 10);
  assert_true(second.worst < two.report.worst_error);
  check_structured(&two, 28);
  vector_destroy(&v);
  boot_close(&one);
  boot_close(&two);
}

static void test_pair(void **state) {
  (void)state;
  boot b;
  uint64_t seed = 3;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  vector u = vector_random(&seed, b.report.slots, 0), v = vector_random(&seed, b.report.slots, 0);
  umbra_ciphertext *x = encrypt_vector(&b.s, &u, 1), *y = encrypt_vector(&b.s, &v, 2);
  assert_ok(umbra_bootstrap_pair(b.s.evaluator, &x, &y, x, y, b.bootstrapper));
  part_errors of_u = part_errors_of(&b.s, x, &u), of_v = part_errors_of(&b.s, y, &v);
  print_errors("first of a pair", of_u);
  print_errors("second of a pair", of_v);
  assert_true(of_u.worst < b.report.worst_error && of_v.worst < b.report.worst_error);
  assert_int_equal(umbra_ciphertext_level(x), b.report.output_level);
  assert_fails(umbra_bootstrap_pair(b.s.evaluator, &x, &x, x, y, b.bootstrapper), UMBRA_ERROR_INVALID_ARGUMENT,
               "two different outputs");
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  vector_destroy(&u);
  vector_destroy(&v);
  boot_close(&b);
}

static void test_many(void **state) {
  (void)state;
  enum { MANY = 4 };
  boot b;
  uint64_t seed = 8;
  umbra_ciphertext *ins[MANY], *outs[MANY] = {0}, *single = NULL;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  for (int i = 0; i < MANY; i++) {
    vector v = vector_random(&seed, b.report.slots, 1);
    ins[i] = encrypt_vector(&b.s, &v, (uint32_t)i);
    vector_destroy(&v);
  }
  assert_ok(umbra_bootstrap_many(b.s.evaluator, outs, (const umbra_ciphertext *const *)ins, MANY, b.bootstrapper));
  for (int i = 0; i < MANY; i++) {
    assert_ok(umbra_bootstrap(b.s.evaluator, &single, ins[i], b.bootstrapper));
    bytes expected = ciphertext_bytes(single);
    assert_true(has_bytes(outs[i], &expected));
    free(expected.data);
    umbra_ciphertext_destroy(ins[i]);
    umbra_ciphertext_destroy(outs[i]);
  }
  umbra_ciphertext_destroy(single);
  boot_close(&b);
}

/* ---- the bound ---- */

/* Within its bound the error is that of bound 1, scaled; at twice the bound the sine bends more; far beyond, it wraps. */
static void test_bound(void **state) {
  (void)state;
  const double bounds[] = {0.25, 8};
  for (int i = 0; i < 2; i++) {
    boot b;
    double bound = bounds[i];
    umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
    options.bound = bound;
    boot_open(&b, boot_twin_40(LOG_N), NULL, &options);
    double at[3];
    for (int k = 0; k < 3; k++) { /* at the bound, at twice the bound, and far beyond */
      vector v = vector_make(b.report.slots);
      for (uint32_t j = 0; j < v.slots; j++) v.value[j] = bound * (k == 2 ? 200 : k + 1);
      umbra_ciphertext *in = encrypt_vector(&b.s, &v, 2), *out = NULL;
      assert_ok(umbra_bootstrap(b.s.evaluator, &out, in, b.bootstrapper));
      umbra_noise_report report = {UMBRA_NOISE_REPORT_INIT};
      double *pairs = vector_pairs(&v);
      assert_ok(umbra_inspect_noise(&report, out, b.s.secret, pairs, v.slots));
      at[k] = report.max_error / bound;
      assert_int_equal(report.beyond_magnitude, k > 0);
      umbra_status status = umbra_decrypt_decode_complex(pairs, v.slots, out, b.s.secret);
      assert_int_equal(status, k ? UMBRA_ERROR_RANGE : UMBRA_OK);
      free(pairs);
      if (k) assert_true(report.max_error > report.error_bound);
      umbra_ciphertext_destroy(in);
      umbra_ciphertext_destroy(out);
      vector_destroy(&v);
    }
    print_message("bound %g: %.1f bits there, %.1f at twice, %.1f at 200 times\n", bound, bits(at[0]), bits(at[1]),
                  bits(at[2]));
    assert_true(at[0] < b.report.error_sine + b.report.worst_error);
    assert_true(at[1] > 4 * at[0] && at[1] < 32 * at[0]);
    assert_true(at[2] > 1);
    boot_close(&b);
  }
}

/* Keys made, saved and loaded one by one do what those that are made together do. */
static void test_keys_in_parts(void **state) {
  (void)state;
  boot b;
  uint64_t seed = 12;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  umbra_key_needs *all = refresh_needs(b.plan, b.s.params);
  umbra_eval_keys *keys = NULL;
  for (size_t i = 0; i < umbra_key_needs_count(all); i++) {
    umbra_key_need need = {UMBRA_KEY_NEED_INIT};
    umbra_key_needs *one = NULL;
    umbra_eval_keys *loaded = NULL;
    size_t size = 0;
    assert_ok(umbra_key_needs_get(all, &need, i));
    if (need.kind == UMBRA_KEY_TO_DENSE) continue; /* it came with the other ephemeral key */
    assert_ok(umbra_key_needs_create(&one, b.s.params));
    assert_ok(umbra_key_needs_put(one, &need));
    umbra_eval_keys *made = keys_for(b.s.secret, one);
    assert_ok(umbra_eval_keys_write(made, NULL, &size, NULL));
    void *buffer = malloc(size);
    assert_ok(umbra_eval_keys_write(made, buffer, &size, NULL));
    assert_ok(umbra_eval_keys_read(&loaded, b.s.context, buffer, size, NULL));
    free(buffer);
    umbra_eval_keys_destroy(made);
    if (!keys) keys = loaded;
    else assert_ok(umbra_eval_keys_add(keys, &loaded));
    if (i) assert_null(loaded);
  }
  assert_int_equal(umbra_eval_keys_count(keys), b.report.keys);
  assert_ok(umbra_eval_keys_cover(keys, all));
  umbra_key_needs_destroy(all);
  assert_fails(umbra_eval_keys_add(keys, &keys), UMBRA_ERROR_INVALID_ARGUMENT, "two different sets");
  umbra_evaluator *own = b.s.evaluator;
  b.s.evaluator = NULL; /* or it would be replaced */
  assert_ok(umbra_evaluator_create(&b.s.evaluator, b.s.context, keys));
  vector v = vector_random(&seed, b.report.slots, 1);
  assert_true(refresh_of(&b, &v, 1).worst < b.report.worst_error);
  vector_destroy(&v);
  umbra_evaluator_destroy(b.s.evaluator);
  b.s.evaluator = own;
  umbra_eval_keys_destroy(keys);
  boot_close(&b);
}

/* ---- on demand ---- */

/* x <- x^2 / 2 - 1/4 as long as it takes to need several refreshes; slots stay in [-1, 1]. */
static void test_automatic(void **state) {
  (void)state;
  enum { STEPS = 25 };
  boot b;
  uint64_t seed = 4;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  umbra_evaluator *evaluator = b.s.evaluator;
  vector v = vector_random(&seed, b.report.slots, 0);
  umbra_ciphertext *x = encrypt_vector(&b.s, &v, 1), *y = NULL;
  assert_ok(umbra_square(evaluator, &x, x));
  assert_fails(umbra_square(evaluator, &x, x), UMBRA_ERROR_NO_LEVEL, "no level left");
  assert_ok(umbra_evaluator_bootstrap_with(evaluator, b.bootstrapper));
  for (int i = 0; i < STEPS; i++) {
    assert_ok(umbra_mul(evaluator, &y, x, x)); /* one refresh of what is there twice */
    assert_ok(umbra_mul_constant(evaluator, &x, y, 0.5, 0));
    assert_ok(umbra_add_constant(evaluator, &x, x, -0.25, 0));
  }
  const double fit[] = {0.125, 0.25, 0, 0, 0, 0, 0, 0.125}; /* takes 3 levels, which may not be left */
  for (int i = 0; i < 4; i++) assert_ok(umbra_chebyshev_eval(evaluator, &x, x, fit, 7));
  uint64_t refreshes = umbra_evaluator_bootstraps(evaluator);
  uint32_t taken = 2 * STEPS + 3 * 4, each = b.report.output_level;
  print_message("%llu refreshes for %u levels\n", (unsigned long long)refreshes, taken);
  assert_true(refreshes >= taken / each && refreshes <= taken / each + 6);
  for (uint32_t j = 0; j < v.slots; j++) {
    double value = (double)creall(v.value[j]);
    value *= value;
    for (int i = 0; i < STEPS; i++) value = value * value / 2 - 0.25;
    for (int i = 0; i < 4; i++) value = umbra_chebyshev_value(fit, 7, value);
    v.value[j] = value;
  }
  part_errors e = part_errors_of(&b.s, x, &v);
  print_errors("after refreshes on demand", e);
  assert_true(bits(e.worst) > 16);
  assert_ok(umbra_evaluator_bootstrap_with(evaluator, NULL));
  assert_ok(umbra_level_drop(evaluator, &x, x, 0));
  assert_fails(umbra_square(evaluator, &x, x), UMBRA_ERROR_NO_LEVEL, "no level left");
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  vector_destroy(&v);
  boot_close(&b);
}

/* Whichever allocation fails: an error, no output, and nothing lost. */
static void test_allocation_failures(void **state) {
  (void)state;
  boot b;
  uint64_t seed = 1;
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 16};
  options.rounds = 2;
  boot_open(&b, boot_twin_precise(LOG_N), NULL, &options);
  vector v = vector_random(&seed, 16, 1);
  umbra_ciphertext *in = encrypt_vector(&b.s, &v, 1), *out = NULL;
  uint64_t memory = umbra_context_memory(b.s.context);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  uint64_t runs = 0;
  for (uint64_t nth = 1; status != UMBRA_OK; nth += 1 + nth / 4, runs++) {
    umbra_alloc_fail_after((long)nth - 1);
    status = umbra_bootstrap(b.s.evaluator, &out, in, b.bootstrapper);
    umbra_alloc_fail_after(-1);
    if (status == UMBRA_OK) break;
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_null(out);
    assert_int_equal(umbra_context_memory(b.s.context), memory);
  }
  print_message("%llu failures\n", (unsigned long long)runs);
  assert_true(runs > 10);
  assert_true(part_errors_of(&b.s, out, &v).worst < b.report.worst_error);
  umbra_ciphertext_destroy(in);
  umbra_ciphertext_destroy(out);
  vector_destroy(&v);
  boot_close(&b);
}

/* Far bounds and small scales: within what the plan says, or no plan. */
static void test_odd_plans(void **state) {
  (void)state;
  const struct {
    uint32_t scale_bits, slots;
    double bound;
    umbra_bootstrap_order order;
  } odd[] = {{25, 2, 1, UMBRA_BOOTSTRAP_STANDARD},          {30, 2, 1, UMBRA_BOOTSTRAP_STANDARD},
             {35, 2, 0x1p-10, UMBRA_BOOTSTRAP_STANDARD},    {40, 2, 0x1p10, UMBRA_BOOTSTRAP_STC_FIRST},
             {40, 1024, 0x1p-20, UMBRA_BOOTSTRAP_STANDARD}, {50, 16, 0x1p20, UMBRA_BOOTSTRAP_STANDARD}};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    boot b;
    umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = odd[i].slots, .order = odd[i].order};
    options.bound = odd[i].bound;
    boot_open(&b, boot_twin(LOG_N, odd[i].scale_bits, 4, (umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT}), NULL,
              &options);
    uint64_t seed = i + 1;
    vector v = vector_random(&seed, odd[i].slots, odd[i].order == UMBRA_BOOTSTRAP_STANDARD);
    for (uint32_t j = 0; j < v.slots; j++) v.value[j] *= odd[i].bound;
    part_errors e = refresh_of(&b, &v, umbra_params_depth(b.s.params));
    print_message("%u bits, %u slots, bound %g: worst %.1f of %.1f bits\n", odd[i].scale_bits, odd[i].slots,
                  odd[i].bound, bits(e.worst / odd[i].bound), bits(b.report.worst_error));
    assert_true(e.worst / odd[i].bound < b.report.worst_error);
    vector_destroy(&v);
    boot_close(&b);
  }
}

/* What a refresh on demand leaves alone: inputs with levels enough that cannot be refreshed, or with too many slots. */
static void test_not_automatic(void **state) {
  (void)state;
  boot b;
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 64, .order = UMBRA_BOOTSTRAP_STC_FIRST};
  boot_open(&b, boot_twin_40(LOG_N), NULL, &options);
  vector v = vector_make(64), large = vector_make(128);
  umbra_ciphertext *x = encrypt_vector(&b.s, &v, b.report.input_level - 1), *y = encrypt_vector(&b.s, &large, 0);
  assert_ok(umbra_evaluator_bootstrap_with(b.s.evaluator, b.bootstrapper));
  assert_ok(umbra_square(b.s.evaluator, &x, x));
  assert_fails(umbra_square(b.s.evaluator, &y, y), UMBRA_ERROR_NO_LEVEL, "no level left");
  assert_fails(umbra_square(b.s.evaluator, NULL, y), UMBRA_ERROR_INVALID_ARGUMENT, "");
  assert_int_equal(umbra_evaluator_bootstraps(b.s.evaluator), 0);
  umbra_context *other = NULL;
  umbra_evaluator *elsewhere = NULL;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = b.s.params};
  assert_ok(umbra_context_create(&other, &desc));
  assert_ok(umbra_evaluator_create(&elsewhere, other, NULL));
  assert_fails(umbra_evaluator_bootstrap_with(elsewhere, b.bootstrapper), UMBRA_ERROR_MISMATCH, "another context");
  umbra_evaluator_destroy(elsewhere);
  umbra_context_destroy(other);
  assert_fails(umbra_bootstrap_pair(b.s.evaluator, NULL, &y, x, x, b.bootstrapper), UMBRA_ERROR_INVALID_ARGUMENT,
               "two different outputs");
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  vector_destroy(&v);
  vector_destroy(&large);
  boot_close(&b);
}

/* ---- misuse ---- */

static void test_misuse(void **state) {
  (void)state;
  umbra_bootstrap_plan *plan = NULL;
  umbra_params *plain = test_params(LOG_N, 40, 4);
  assert_fails(umbra_bootstrap_plan_create(&plan, plain, NULL), UMBRA_ERROR_UNSUPPORTED, "do not refresh");
  umbra_params_destroy(plain);
  umbra_params *params = boot_twin_40(LOG_N);
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 3};
  assert_fails(umbra_bootstrap_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "slots is 3");
  options.slots = 1u << LOG_N;
  assert_fails(umbra_bootstrap_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "from 2 to 1024");
  options.slots = 0, options.bound = 3;
  assert_fails(umbra_bootstrap_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "bound is 3");
  options.bound = NAN;
  assert_fails(umbra_bootstrap_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "bound is");
  options.bound = 1, options.rounds = 3;
  assert_fails(umbra_bootstrap_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "rounds is 3");
  assert_null(plan);
  umbra_params_destroy(params);
}

/* Keys for something else are missing, and the text says which. */
static void test_missing_keys(void **state) {
  (void)state;
  boot b;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  vector v = vector_make(b.report.slots);
  umbra_ciphertext *in = encrypt_vector(&b.s, &v, 1), *out = NULL;
  umbra_key_needs *needs = refresh_needs(b.plan, b.s.params);
  const size_t missing[] = {0, 1, 2, umbra_key_needs_count(needs) - 1};
  const char *words[] = {"relinearisation", "conjugation", "ephemeral", "rotation"};
  for (int i = 0; i < 4; i++) {
    umbra_eval_keys *keys = keys_for(b.s.secret, needs_without(needs, b.s.params, missing[i]));
    umbra_evaluator *evaluator = NULL;
    assert_ok(umbra_evaluator_create(&evaluator, b.s.context, keys));
    assert_fails(umbra_bootstrap(evaluator, &out, in, b.bootstrapper), UMBRA_ERROR_MISSING_KEY, words[i]);
    assert_null(out);
    umbra_evaluator_destroy(evaluator);
    umbra_eval_keys_destroy(keys);
  }
  umbra_key_needs_destroy(needs);
  umbra_ciphertext_destroy(in);
  vector_destroy(&v);
  boot_close(&b);
}

/*
 * How often threads meet in a refresh of 256 slots, of the preset's shape in a small ring; with two, as a kernel is not
 * spread over more than its words are worth.
 */
static void test_regions(void **state) {
  (void)state;
  enum { MOST_REGIONS = 400 };
  boot b;
  const umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 256};
  const umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  uint64_t seed = 6;
  umbra_ciphertext *out = NULL;
  boot_open(&b, boot_twin(12, 40, 14, shape), NULL, &options);
  b.s.context->ring->session->threads = 2;
  vector v = vector_random(&seed, b.report.slots, 1);
  umbra_ciphertext *in = encrypt_vector(&b.s, &v, 0);
  const uint64_t before = umbra_parallel_regions();
  assert_ok(umbra_bootstrap(b.s.evaluator, &out, in, b.bootstrapper));
  const uint64_t regions = umbra_parallel_regions() - before;
  print_message("regions of a refresh: %llu\n", (unsigned long long)regions);
  assert_in_range(regions, 1, MOST_REGIONS);
  umbra_ciphertext_destroy(in);
  umbra_ciphertext_destroy(out);
  vector_destroy(&v);
  boot_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_levels),        cmocka_unit_test(test_every_slot_count),
      cmocka_unit_test(test_structured),    cmocka_unit_test(test_arcsine),
      cmocka_unit_test(test_stc_first),     cmocka_unit_test(test_min_key),
      cmocka_unit_test(test_two_rounds),    cmocka_unit_test(test_pair),
      cmocka_unit_test(test_many),          cmocka_unit_test(test_bound),
      cmocka_unit_test(test_misuse),        cmocka_unit_test(test_missing_keys),
      cmocka_unit_test(test_automatic),     cmocka_unit_test(test_allocation_failures),
      cmocka_unit_test(test_odd_plans),     cmocka_unit_test(test_not_automatic),
      cmocka_unit_test(test_keys_in_parts), cmocka_unit_test(test_regions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
