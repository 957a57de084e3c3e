/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: slow UMBRA_TEST_PRESETS=1 */
/*
 * Simulations: without noise against the same circuits in long double, what they draw, what they refuse, and allocations
 * that fail. Their noise: sim_noise.c.
 */
#include "kernels/sim/sim.h"
#include "boot.h"
#include "host/base/memory.h"
#include "host/ckks/raise.h"
#include "random_circuits.h"
#include "transforms.h"

enum { LOG_N = 11, SLOTS = 1 << (LOG_N - 1), DEPTH = 8 };

static double worst_of(const scheme *s, const umbra_ciphertext *ciphertext, const vector *expected) {
  return part_errors_of(s, ciphertext, expected).worst;
}

static void assert_within(const char *what, double error, double most) {
  if (!(error < most)) fail_msg("%s: error 2^%.2f, at most 2^%.2f wanted", what, log2(error), log2(most));
}

/* ---- without noise ---- */

/* Of integers, so that doubles are exact: dst_{2i+p} = sum of w[j][i] a_{2j+p}. */
static void test_matrix_product(void **state) {
  (void)state;
  enum { ROWS = 3, COLUMNS = 5, PARTS = 2, WORDS = 4 << (LOG_N - 1), VALUES = WORDS / 2 };
  static _Alignas(16) double a[PARTS * COLUMNS][VALUES], dst[PARTS * ROWS][VALUES];
  const umbra_ring_desc ring = {.log_n = LOG_N, .primes = 1, .prime = {12289}};
  const umbra_kernels *kernels = &umbra_kernels_sim;
  double w[COLUMNS][ROWS];
  umbra_device *device;
  umbra_stream *stream;
  assert_int_equal(kernels->device.open(&device, &ring, &(umbra_device_options){.threads = 2}), UMBRA_OK);
  assert_int_equal(kernels->stream.create(&stream, device), UMBRA_OK);
  for (int j = 0; j < PARTS * COLUMNS; j++)
    for (int i = 0; i < VALUES; i++) a[j][i] = (j * 31 + i * 17) % 101 - 50;
  for (int j = 0; j < COLUMNS; j++)
    for (int i = 0; i < ROWS; i++) w[j][i] = 7 * j - 11 * i;
  const umbra_view from = {.run = {{(uint32_t *)(void *)a, 0, 1}}, .polys = PARTS * COLUMNS, .stride = WORDS};
  const umbra_view to = {.run = {{(uint32_t *)(void *)dst, 0, 1}}, .polys = PARTS * ROWS, .stride = WORDS};
  kernels->whole->gemm(stream, &to, &from, *w, PARTS);
  for (int p = 0; p < PARTS * ROWS; p++) {
    for (int i = 0; i < VALUES; i++) {
      double sum = 0;
      for (int j = 0; j < COLUMNS; j++) sum += w[j][p / PARTS] * a[PARTS * j + p % PARTS][i];
      assert_true(dst[p][i] == sum);
    }
  }
  kernels->stream.destroy(stream);
  kernels->device.close(device);
}

static void test_circuits(void **state) {
  (void)state;
  const double most[] = {0x1p-30, 0x1p-40, 0x1p-42};
  for (uint32_t i = 0; i < 3; i++) {
    scheme s;
    uint32_t replaced;
    scheme_open_sim(&s, test_params(LOG_N, 40 + 10 * i, DEPTH), 1, 1);
    for (uint64_t seed = 0; seed < 4; seed++) {
      machine m;
      machine_open(&m, &s, seed);
      for (int steps = 0; steps < MOST_STEPS && level(&m, highest(&m)); steps++) random_step(&m, &replaced);
      for (uint32_t r = 0; r < REGISTERS; r++) assert_within("a circuit", worst_of(&s, m.x[r], &m.value[r]), most[i]);
      machine_close(&m);
    }
    scheme_close(&s);
  }
}

/* By Clenshaw's rule. */
static number chebyshev(const double *coefficient, uint32_t degree, number x) {
  number b = 0, before = 0;
  for (uint32_t k = degree; k > 0; k--) {
    const number next = coefficient[k] + 2 * x * b - before;
    before = b;
    b = next;
  }
  return coefficient[0] + x * b - before;
}

static void test_polynomials(void **state) {
  (void)state;
  scheme s;
  uint64_t random = 5;
  scheme_open_sim(&s, test_params(LOG_N, 40, DEPTH), 1, 1);
  for (uint32_t degree = 1; degree <= 63; degree = 2 * degree + 1) {
    double coefficient[64];
    umbra_ciphertext *out = NULL;
    vector v = vector_random(&random, SLOTS, 0), expected = vector_make(SLOTS);
    for (uint32_t k = 0; k <= degree; k++) coefficient[k] = uniform(&random) / (k + 1);
    for (uint32_t j = 0; j < SLOTS; j++) expected.value[j] = chebyshev(coefficient, degree, at(&v, j));
    umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
    assert_ok(umbra_chebyshev_eval(s.evaluator, &out, x, coefficient, degree));
    assert_within("a polynomial", worst_of(&s, out, &expected), 0x1p-28);
    umbra_ciphertext_destroy(x);
    umbra_ciphertext_destroy(out);
    vector_destroy(&v);
    vector_destroy(&expected);
  }
  scheme_close(&s);
}

static void check_map(const scheme *s, uint32_t slots, uint32_t period, int min_key) {
  const int32_t rotation[] = {-3, 0, 1, 2, 5, 8};
  uint64_t random = slots + period;
  umbra_diagonals diagonals = diagonals_random(&random, slots, period, rotation, 6);
  const umbra_transform_encoding desc = {.diagonals = &diagonals,
                                         .level = 3,
                                         .log_scale = umbra_context_chain(s->context)->log_scale[3],
                                         .min_key = min_key};
  umbra_transform *transform = NULL;
  umbra_ciphertext *out = NULL;
  vector v = vector_random(&random, slots, 1), expected = mapped(&diagonals, &v);
  umbra_ciphertext *x = encrypt_vector(s, &v, 3);
  assert_ok(umbra_transform_encode(&transform, s->context, &desc));
  assert_ok(transform_ciphertext(s->evaluator, &out, x, transform));
  assert_within("a linear map", worst_of(s, out, &expected), 0x1p-30);
  umbra_transform_destroy(transform);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(out);
  vector_destroy(&v);
  vector_destroy(&expected);
  diagonals_destroy(&diagonals);
}

/* Diagonals that repeat, which devices with residues store short, too. */
static void test_maps(void **state) {
  (void)state;
  scheme s;
  scheme_open_sim(&s, test_params(LOG_N, 40, DEPTH), 1, 1);
  for (int min_key = 0; min_key < 2; min_key++) {
    check_map(&s, SLOTS, SLOTS, min_key);
    check_map(&s, SLOTS, 16, min_key);
    check_map(&s, 32, 32, min_key);
  }
  scheme_close(&s);
}

static void test_rotations(void **state) {
  (void)state;
  const int32_t steps[] = {0, 1, -1, 7, 500};
  scheme s;
  uint64_t random = 9;
  umbra_ciphertext *outs[5] = {0};
  scheme_open_sim(&s, test_params(LOG_N, 40, 2), 1, 1);
  vector v = vector_random(&random, SLOTS, 1), expected = vector_make(SLOTS);
  umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
  assert_ok(umbra_rotate_many(s.evaluator, outs, x, steps, 5));
  for (int i = 0; i < 5; i++) {
    for (uint32_t j = 0; j < SLOTS; j++) expected.value[j] = at(&v, j + (uint32_t)steps[i]);
    assert_within("a rotation", worst_of(&s, outs[i], &expected), 0x1p-34);
    umbra_ciphertext_destroy(outs[i]);
  }
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  vector_destroy(&expected);
  scheme_close(&s);
}

/* Values so small that the sine does not bend them: left are the errors of its polynomial and of encoded matrices. */
static void check_refresh(umbra_params *params, const umbra_bootstrap_options *options) {
  boot b;
  uint64_t random = 3;
  boot_open_sim(&b, params, 1, 1, options);
  vector v = vector_random(&random, b.report.slots, 0);
  for (uint32_t j = 0; j < v.slots; j++) v.value[j] /= 64;
  umbra_ciphertext *x = encrypt_vector(&b.s, &v, b.report.input_level);
  assert_ok(umbra_bootstrap(b.s.evaluator, &x, x, b.bootstrapper));
  assert_within("a refresh", part_errors_of(&b.s, x, &v).rms, 0x1p-25);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  boot_close(&b);
}

static void test_refreshes(void **state) {
  (void)state;
  static const char *const presets[] = {"boot-32k", "boot-64k-35", "boot-64k-40", "boot-64k-50"};
  const umbra_bootstrap_options all = {UMBRA_BOOTSTRAP_OPTIONS_INIT}, few = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 64},
                                first = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .order = UMBRA_BOOTSTRAP_STC_FIRST};
  check_refresh(boot_twin_40(LOG_N), &all);
  check_refresh(boot_twin_40(LOG_N), &few);
  check_refresh(boot_twin_40(LOG_N), &first);
  check_refresh(boot_twin_precise(LOG_N), &all);
  for (size_t i = 0; getenv("UMBRA_TEST_PRESETS") && i < sizeof presets / sizeof *presets; i++) {
    umbra_params *params = NULL;
    assert_ok(umbra_params_from_preset(&params, presets[i]));
    check_refresh(params, &all);
  }
}

/* ---- what is drawn ---- */

/* Raised, 0 becomes q_0 I, and the coefficients of I are rounded sums of as many uniform numbers as the secret has. */
static void test_overflows(void **state) {
  (void)state;
  scheme s;
  umbra_scaled raised;
  scheme_open_sim(&s, boot_twin_40(LOG_N), 1, 1);
  const umbra_chain *chain = umbra_context_chain(s.context);
  vector zeros = vector_make(SLOTS);
  umbra_ciphertext *x = encrypt_vector(&s, &zeros, 0);
  const umbra_scaled in = umbra_scaled_of(x);
  assert_ok(umbra_raise(s.evaluator, &raised, &in));
  const double q0 =
      umbra_log2_to_double(umbra_chain_log_product(chain, chain->window[0].first, chain->window[0].count));
  const double *values = (const double *)(const void *)raised.poly.data; /* n / 2 real parts, as many imaginary ones */
  double squares = 0;
  for (uint32_t i = 0; i < 2 * SLOTS; i++) squares += values[i] * values[i] / (q0 * q0);
  const double variance = squares / SLOTS / (2 * SLOTS), expected = (chain->bootstrap.hamming + 1) / 12.0;
  if (fabs(variance / expected - 1) > 0.15) fail_msg("variance %g, expected %g", variance, expected);
  umbra_scaled_destroy(&raised, s.context);
  umbra_ciphertext_destroy(x);
  vector_destroy(&zeros);
  scheme_close(&s);
}

/* A refresh, and a square. Free the pairs. */
static double *run(int exact, uint64_t seed, uint32_t threads) {
  const umbra_sim_options sim = {UMBRA_SIM_OPTIONS_INIT, .exact = exact, .seed = seed};
  uint64_t random = 1;
  boot b;
  umbra_params *params = boot_twin_40(14);
  boot_plan(&b, params, NULL);
  scheme *s = &b.s;
  s->params = params;
  assert_ok(umbra_context_create(&s->context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params,
                                                                    .device = "sim", .sim = &sim, .threads = threads}));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, NULL));
  assert_ok(umbra_bootstrapper_create(&b.bootstrapper, s->context, b.plan, NULL));
  vector v = vector_random(&random, b.report.slots, 0);
  umbra_ciphertext *x = encrypt_vector(s, &v, b.report.input_level);
  assert_ok(umbra_bootstrap(s->evaluator, &x, x, b.bootstrapper));
  assert_ok(umbra_square(s->evaluator, &x, x));
  double *pairs = opened_slots(s, x);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  boot_close(&b);
  return pairs;
}

static int same_run(int exact, uint64_t seed, uint32_t threads, const double *pairs) {
  double *other = run(exact, seed, threads);
  int same = 1;
  for (size_t i = 0; i < (size_t)2 << 13; i++) same &= other[i] == pairs[i];
  free(other);
  return same;
}

static void test_draws(void **state) {
  (void)state;
  double *pairs = run(0, 7, 1);
  assert_true(same_run(0, 7, 1, pairs));
  assert_true(same_run(0, 7, 3, pairs));
  assert_false(same_run(0, 8, 1, pairs));
  assert_false(same_run(1, 7, 1, pairs));
  free(pairs);
}

/* The context notes what a real run needs, and levels are those of one. */
static void test_needs(void **state) {
  (void)state;
  boot b;
  uint64_t random = 2;
  umbra_key_needs *needs = NULL;
  boot_open_sim(&b, boot_twin_40(LOG_N), 0, 1, NULL);
  vector v = vector_random(&random, b.report.slots, 1);
  umbra_ciphertext *x = encrypt_vector(&b.s, &v, b.report.input_level);
  assert_ok(umbra_bootstrap(b.s.evaluator, &x, x, b.bootstrapper));
  assert_int_equal(umbra_ciphertext_level(x), b.report.output_level);
  assert_ok(umbra_key_needs_create(&needs, b.s.params));
  assert_ok(umbra_context_needs(b.s.context, needs));
  assert_int_equal(umbra_key_needs_count(needs), b.report.keys);
  assert_int_equal(umbra_key_needs_bytes(needs), b.report.key_bytes);
  umbra_key_needs_destroy(needs);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  boot_close(&b);
}

/* Of inputs as much is known as of encryptions: who declared them, and that they fit, whatever their bound says. */
static void test_inputs(void **state) {
  (void)state;
  scheme sim, real;
  vector v = vector_make(SLOTS);
  scheme_open_sim(&sim, test_params(LOG_N, 40, 1), 0, 1);
  scheme_open(&real, test_params(LOG_N, 40, 1), "cpu", NULL, 0);
  const umbra_params *params = umbra_context_params(sim.context);
  const double holds = exp2(umbra_params_log_q(params, 0) - 1) / umbra_params_scale(params, 0);
  v.value[0] = 1.5 * holds; /* of few slots coefficients are small */
  umbra_range simulated = {UMBRA_RANGE_INIT}, encrypted = {UMBRA_RANGE_INIT};
  umbra_ciphertext *x = encrypt_vector(&sim, &v, 0), *y = encrypt_vector(&real, &v, 0);
  assert_ok(umbra_ciphertext_range(x, &simulated));
  assert_ok(umbra_ciphertext_range(y, &encrypted));
  assert_true(encrypted.headroom_bits < 0 && encrypted.doubts == 0);
  assert_memory_equal(&simulated, &encrypted, sizeof simulated);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  vector_destroy(&v);
  scheme_close(&sim);
  scheme_close(&real);
}

/* What is beyond all doubles is told, not given. */
static void test_infinite(void **state) {
  (void)state;
  scheme s;
  double value = 3;
  vector v = vector_make(SLOTS);
  scheme_open_sim(&s, test_params(LOG_N, 40, 1), 0, 1);
  v.value[5] = 0x1p20L;
  umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
  for (int i = 0; i < 400; i++) assert_ok(umbra_mul_integer(s.evaluator, &x, x, 8));
  assert_fails(umbra_sim_decode(&value, 1, x), UMBRA_ERROR_RANGE, "no double can");
  assert_true(value == 3);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  scheme_close(&s);
}

/* ---- what is refused ---- */

#define NONE "a simulation has no keys and no ciphertexts"

static void check_keys(const scheme *sim, const scheme *real) {
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_eval_keys *keys = NULL;
  uint8_t *bytes = NULL;
  size_t size = 0;
  assert_fails(umbra_secret_key_generate(&secret, sim->context), UMBRA_ERROR_UNSUPPORTED, NONE);
  assert_ok(umbra_public_key_write(real->public, NULL, &size, NULL));
  bytes = malloc(size);
  assert_non_null(bytes);
  assert_ok(umbra_public_key_write(real->public, bytes, &size, NULL));
  assert_fails(umbra_public_key_read(&public, sim->context, bytes, size, NULL), UMBRA_ERROR_UNSUPPORTED, NONE);
  free(bytes);
  assert_ok(umbra_eval_keys_write(real->keys, NULL, &size, NULL));
  bytes = malloc(size);
  assert_non_null(bytes);
  assert_ok(umbra_eval_keys_write(real->keys, bytes, &size, NULL));
  assert_fails(umbra_eval_keys_read(&keys, sim->context, bytes, size, NULL), UMBRA_ERROR_UNSUPPORTED, NONE);
  free(bytes);
}

static void check_files(const scheme *sim, const umbra_ciphertext *x, const umbra_ciphertext *of_real) {
  const umbra_status unsupported = UMBRA_ERROR_UNSUPPORTED;
  size_t size = 0;
  umbra_ciphertext *loaded = NULL;
  umbra_plaintext *plaintext = NULL;
  bytes b = ciphertext_bytes(of_real);
  assert_ok(umbra_encode(&plaintext, sim->context, (const double[]){1}, 1, NULL));
  assert_fails(umbra_ciphertext_write(x, NULL, &size, NULL), unsupported, NONE);
  assert_fails(umbra_ciphertext_save(x, "sim.ct", NULL), unsupported, NONE);
  assert_fails(umbra_plaintext_write(plaintext, NULL, &size, NULL), unsupported, NONE);
  assert_fails(umbra_ciphertext_read(&loaded, sim->context, b.data, b.size, NULL), unsupported, NONE);
  umbra_plaintext_destroy(plaintext);
  free(b.data);
}

static void check_mixing(const scheme *sim, const umbra_ciphertext *x, const scheme *real,
                         const umbra_ciphertext *of_real, const scheme *other) {
  const umbra_status mismatch = UMBRA_ERROR_MISMATCH;
  double value;
  umbra_ciphertext *out = NULL;
  umbra_plaintext *plaintext = NULL, *opened = NULL;
  umbra_evaluator *evaluator = NULL;
  assert_ok(umbra_encode(&plaintext, sim->context, (const double[]){1}, 1, NULL));
  assert_fails(umbra_encrypt(&out, real->public, plaintext), mismatch, NONE);
  assert_fails(umbra_encrypt_symmetric(&out, real->secret, plaintext), mismatch, NONE);
  assert_fails(umbra_decrypt(&opened, x, real->secret), mismatch, NONE);
  assert_fails(umbra_decrypt_decode(&value, 1, x, real->secret), mismatch, NONE);
  assert_fails(umbra_add(real->evaluator, &out, of_real, x), mismatch, NONE);
  assert_fails(umbra_add(sim->evaluator, &out, x, of_real), mismatch, NONE);
  assert_fails(umbra_add(other->evaluator, &out, x, x), mismatch, NONE);
  assert_fails(umbra_add_plain(real->evaluator, &out, of_real, plaintext), mismatch, NONE);
  assert_fails(umbra_evaluator_create(&evaluator, sim->context, real->keys), mismatch, NONE);
  assert_fails(umbra_evaluator_use_keys(sim->evaluator, real->keys), mismatch, NONE);
  assert_fails(umbra_ciphertext_move(&out, sim->context, of_real), mismatch, NONE);
  assert_fails(umbra_ciphertext_move(&out, real->context, x), mismatch, NONE);
  assert_fails(umbra_ciphertext_move(&out, other->context, x), mismatch, NONE);
  assert_null(out);
  umbra_plaintext_destroy(plaintext);
}

/* Devices that hold residues, and the dry one, do not simulate; a simulation keeps no accounts. */
static void check_others(const scheme *sim, const umbra_ciphertext *x, const scheme *real,
                         const umbra_ciphertext *of_real) {
  double value;
  umbra_ciphertext *out = NULL;
  umbra_plaintext *plaintext = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  const umbra_status unsupported = UMBRA_ERROR_UNSUPPORTED, invalid = UMBRA_ERROR_INVALID_ARGUMENT;
  assert_ok(umbra_encode(&plaintext, real->context, (const double[]){1}, 1, NULL));
  assert_fails(umbra_sim_ciphertext(&out, plaintext), unsupported, "\"sim\"");
  assert_fails(umbra_sim_decode(&value, 1, of_real), unsupported, "\"sim\"");
  assert_fails(umbra_sim_ciphertext(NULL, plaintext), invalid, "output");
  assert_fails(umbra_sim_ciphertext(&out, NULL), invalid, "plaintext");
  assert_fails(umbra_sim_decode(&value, 1, NULL), invalid, "NULL");
  assert_fails(umbra_sim_decode(NULL, 1, x), invalid, "NULL");
  assert_fails(umbra_sim_decode(&value, SLOTS + 1, x), UMBRA_ERROR_RANGE, "slots");
  assert_fails(umbra_context_cost(sim->context, &cost), unsupported, "\"dry\"");
  assert_fails(umbra_dry_ciphertext(&out, sim->context, 1, 0, 1), unsupported, "\"dry\"");
  umbra_plaintext_destroy(plaintext);
}

static void test_guards(void **state) {
  (void)state;
  scheme sim, other, real;
  uint64_t random = 4;
  scheme_open_sim(&sim, test_params(LOG_N, 40, 2), 0, 1);
  scheme_open_sim(&other, test_params(LOG_N, 40, 2), 0, 1);
  scheme_open(&real, test_params(LOG_N, 40, 2), "cpu", NULL, 0);
  vector v = vector_random(&random, SLOTS, 1);
  umbra_ciphertext *x = encrypt_vector(&sim, &v, 2), *of_real = encrypt_vector(&real, &v, 2);
  check_keys(&sim, &real);
  check_files(&sim, x, of_real);
  check_mixing(&sim, x, &real, of_real, &other);
  check_others(&sim, x, &real, of_real);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(of_real);
  vector_destroy(&v);
  scheme_close(&sim);
  scheme_close(&other);
  scheme_close(&real);
}

/* ---- opening ---- */

static umbra_status open_device(umbra_context **context, const umbra_params *params, const char *device,
                                const umbra_sim_options *sim) {
  return umbra_context_create(
      context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device, .sim = sim});
}

/* Only its literal name opens it. */
static void test_opening(void **state) {
  (void)state;
  static const char *const names[] = {NULL, "cpu", "auto", "sim:0", "Sim", "sim ", "si"};
  const umbra_sim_options sim = {UMBRA_SIM_OPTIONS_INIT};
  umbra_params *params = test_params(LOG_N, 40, 1);
  const char *before = getenv("UMBRA_BACKEND");
  char *kept = before ? strdup(before) : NULL;
  umbra_context *context = NULL;
  assert_int_equal(setenv("UMBRA_BACKEND", "sim", 1), 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (open_device(&context, params, names[i], NULL) != UMBRA_OK) continue;
    assert_string_not_equal(umbra_context_backend(context), "sim");
  }
  assert_int_equal(kept ? setenv("UMBRA_BACKEND", kept, 1) : unsetenv("UMBRA_BACKEND"), 0);
  free(kept);
  for (const char *const *name = umbra_kernels_names(); *name; name++) assert_string_not_equal(*name, "sim");
  assert_fails(open_device(&context, params, "cpu", &sim), UMBRA_ERROR_INVALID_ARGUMENT, "sim is given");
  assert_fails(open_device(&context, params, "dry", &sim), UMBRA_ERROR_INVALID_ARGUMENT, "sim is given");
  assert_ok(open_device(&context, params, "sim", NULL));
  assert_string_equal(umbra_context_backend(context), "sim");
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

/* ---- allocations that fail ---- */

static umbra_status refresh_and_open(const boot *b, const umbra_plaintext *plaintext, double *values) {
  umbra_ciphertext *x = NULL;
  umbra_status status = umbra_sim_ciphertext(&x, plaintext);
  if (status == UMBRA_OK) status = umbra_bootstrap(b->s.evaluator, &x, x, b->bootstrapper);
  if (status == UMBRA_OK) status = umbra_rotate(b->s.evaluator, &x, x, 3);
  if (status == UMBRA_OK) status = umbra_sim_decode(values, SLOTS, x);
  umbra_ciphertext_destroy(x);
  return status;
}

static void test_allocations(void **state) {
  (void)state;
  boot b;
  double values[SLOTS];
  umbra_plaintext *plaintext = NULL;
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  boot_open_sim(&b, boot_twin_40(LOG_N), 0, 1, NULL);
  assert_ok(umbra_encode(&plaintext, b.s.context, (const double[]){0.5}, 1, NULL));
  const uint64_t held = umbra_context_memory(b.s.context);
  for (long n = 0; status != UMBRA_OK; n++) {
    umbra_alloc_fail_after(n);
    status = refresh_and_open(&b, plaintext, values);
    umbra_alloc_fail_after(-1);
    if (status != UMBRA_OK) assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(umbra_context_memory(b.s.context), held);
  }
  umbra_plaintext_destroy(plaintext);
  boot_close(&b);
}

static void test_opening_without_memory(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, 1);
  umbra_context *context = NULL;
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long n = 0; status != UMBRA_OK; n++) {
    umbra_alloc_fail_after(n);
    status = open_device(&context, params, "sim", NULL);
    umbra_alloc_fail_after(-1);
    if (status != UMBRA_OK) assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
  }
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_matrix_product),
      cmocka_unit_test(test_circuits),
      cmocka_unit_test(test_polynomials),
      cmocka_unit_test(test_maps),
      cmocka_unit_test(test_rotations),
      cmocka_unit_test(test_refreshes),
      cmocka_unit_test(test_overflows),
      cmocka_unit_test(test_draws),
      cmocka_unit_test(test_needs),
      cmocka_unit_test(test_inputs),
      cmocka_unit_test(test_infinite),
      cmocka_unit_test(test_guards),
      cmocka_unit_test(test_opening),
      cmocka_unit_test(test_allocations),
      cmocka_unit_test(test_opening_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
