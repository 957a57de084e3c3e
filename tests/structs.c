/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Structs of parameters, keys, ciphertexts and circuits: see structs.h. Defaults of all. */
#include "structs.h"

#include <unistd.h>

#include "boot.h"
#include "host/base/structs.h"
#include "host/params/presets.h"

static scheme s;
static umbra_bootstrap_plan *refresh;
static umbra_plaintext *plaintext;
static umbra_ciphertext *ciphertext;
static char params_path[] = "/tmp/umbra-structs-XXXXXX";

/* ---- the calls ---- */

static const umbra_bootstrap_shape standard_shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};

static umbra_status need_of(const umbra_params_need *need) {
  umbra_params *params = NULL;
  umbra_status status = umbra_params_from_need(&params, need);
  umbra_params_destroy(params);
  return status;
}

static umbra_status take_need(void *given) {
  umbra_params_need *need = given;
  need->depth = 1;
  need->log_n = 11;
  need->flags = UMBRA_INSECURE_FOR_TESTS;
  return need_of(need);
}

static umbra_status take_shape(void *given) {
  const umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 3, .log_n = 11, .flags = UMBRA_INSECURE_FOR_TESTS,
                                  .bootstrap = given};
  return need_of(&need);
}

static umbra_status take_literal(void *given) {
  umbra_params_literal *literal = given;
  umbra_params *params = NULL;
  /* All between the size and the shape of a refresh, which it does not have. */
  memcpy(&literal->log_n, &umbra_preset_literal[0].log_n,
         offsetof(umbra_params_literal, bootstrap) - offsetof(umbra_params_literal, log_n));
  umbra_status status = umbra_params_from_literal(&params, literal);
  umbra_params_destroy(params);
  return status;
}

static umbra_status take_context_desc(void *given) {
  umbra_context *context = NULL;
  ((umbra_context_desc *)given)->params = s.params;
  umbra_status status = umbra_context_create(&context, given);
  umbra_context_destroy(context);
  return status;
}

static umbra_status take_sim_options(void *given) {
  umbra_context *context = NULL;
  umbra_status status = umbra_context_create(
      &context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = s.params, .device = "sim", .sim = given});
  umbra_context_destroy(context);
  return status;
}

static umbra_status take_key_need(void *given) {
  umbra_key_needs *needs = NULL;
  ((umbra_key_need *)given)->kind = UMBRA_KEY_ROTATE;
  ((umbra_key_need *)given)->steps = 1;
  assert_ok(umbra_key_needs_create(&needs, s.params));
  umbra_status status = umbra_key_needs_put(needs, given);
  assert_int_equal(umbra_key_needs_count(needs), status == UMBRA_OK);
  umbra_key_needs_destroy(needs);
  return status;
}

static umbra_status fill_key_need(void *given) {
  umbra_key_needs *needs = needs_of(s.params, (const int32_t[]){1}, 1);
  umbra_status status = umbra_key_needs_get(needs, given, umbra_key_needs_count(needs) - 1);
  umbra_key_needs_destroy(needs);
  return status;
}

static umbra_status take_encode_options(void *given) {
  umbra_plaintext *made = NULL;
  umbra_status status = umbra_encode(&made, s.context, (const double[]){1}, 1, given);
  if (status == UMBRA_OK) assert_int_equal(umbra_plaintext_level(made), umbra_params_depth(s.params));
  umbra_plaintext_destroy(made);
  return status;
}

static umbra_status fill_noise_report(void *given) {
  return umbra_inspect_noise(given, ciphertext, s.secret, (const double[]){1, 0}, 1);
}

static umbra_status take_declaration(void *given) {
  umbra_ciphertext *copy = NULL;
  ((umbra_declaration *)given)->magnitude = 2;
  assert_ok(umbra_ciphertext_copy(&copy, ciphertext));
  umbra_status status = umbra_ciphertext_declare(copy, given);
  assert_true((umbra_ciphertext_magnitude(copy) == 2) == (status == UMBRA_OK));
  umbra_ciphertext_destroy(copy);
  return status;
}

static umbra_status fill_range(void *given) { return umbra_ciphertext_range(ciphertext, given); }

static umbra_status take_range_calibration(void *given) {
  double bound;
  ((umbra_range_calibration *)given)->samples = 1000;
  return umbra_range_calibration_bound(given, &bound, 0.01, 0.99);
}

static umbra_status fill_range_calibration(void *given) {
  umbra_context *context = NULL;
  umbra_plaintext *encoded = NULL;
  umbra_ciphertext *simulated = NULL;
  assert_ok(umbra_context_create(&context,
                                 &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = s.params, .device = "sim"}));
  assert_ok(umbra_encode(&encoded, context, (const double[]){1}, 1, NULL));
  assert_ok(umbra_sim_ciphertext(&simulated, encoded));
  umbra_status status = umbra_range_calibration_add(given, simulated, 1);
  umbra_ciphertext_destroy(simulated);
  umbra_plaintext_destroy(encoded);
  umbra_context_destroy(context);
  return status;
}

static umbra_status fill_outcome(void *given) {
  double pair[2];
  return umbra_decrypt_outcome(given, pair, 1, ciphertext, s.secret, NULL);
}

static umbra_status take_outcome_options(void *given) {
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  return umbra_decrypt_outcome(&outcome, NULL, 0, ciphertext, s.secret, given);
}

static umbra_status take_disclosure_options(void *given) {
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_disclosure_options *options = given;
  options->releases = 1;
  options->statistical = options->least_bits = 1;
  return umbra_decrypt_public(&told, NULL, 0, ciphertext, s.secret, options);
}

static umbra_status fill_disclosure(void *given) {
  umbra_disclosure_options options = {UMBRA_DISCLOSURE_OPTIONS_INIT};
  options.releases = 1;
  options.statistical = options.least_bits = 1;
  return umbra_decrypt_public(given, NULL, 0, ciphertext, s.secret, &options);
}

/* ---- keys' lives, key stores, signatures ---- */

static umbra_secret_key *dated;
static umbra_signing_key *signing;

static umbra_status take_key_life(void *given) {
  umbra_secret_key *made = NULL;
  umbra_status status = umbra_secret_key_generate_for(&made, s.context, given);
  umbra_secret_key_destroy(made);
  return status;
}

static umbra_status check_key_life(void *given) { return umbra_key_life_check(given, 1); }
static umbra_status fill_key_life(void *given) { return umbra_secret_key_life(dated, given); }

static umbra_status fill_key_life_of_file(void *given) {
  char path[sizeof params_path + 16];
  snprintf(path, sizeof path, "%s.signer", params_path);
  return umbra_key_life_of_file(given, path);
}

static int copy_key(void *user, uint8_t wrapped[UMBRA_WRAPPED_BYTES], uint32_t *bytes,
                    const uint8_t key[UMBRA_WRAPPING_BYTES]) {
  assert_null(user);
  memcpy(wrapped, key, UMBRA_WRAPPING_BYTES);
  *bytes = UMBRA_WRAPPING_BYTES;
  return 0;
}

static int copy_back(void *user, uint8_t key[UMBRA_WRAPPING_BYTES], const uint8_t *wrapped, uint32_t bytes) {
  assert_null(user);
  memcpy(key, wrapped, bytes);
  return 0;
}

static umbra_status take_key_store(void *given) {
  static uint8_t bytes[1 << 16];
  size_t size = sizeof bytes;
  umbra_key_store *store = given;
  umbra_secret_key *read = NULL;
  store->wrap = copy_key;
  store->unwrap = copy_back;
  umbra_status status = umbra_secret_key_write_stored(s.secret, bytes, &size, store);
  if (status == UMBRA_OK) status = umbra_secret_key_read_stored(&read, s.context, bytes, size, store);
  umbra_secret_key_destroy(read);
  return status;
}

static umbra_status take_signer(void *given) {
  char path[sizeof params_path + 16];
  snprintf(path, sizeof path, "%s.other", params_path);
  umbra_status status = umbra_signer_save(given, path);
  (void)unlink(path);
  return status;
}

static umbra_status fill_signer(void *given) { return umbra_signing_key_signer(signing, given); }

static umbra_status load_signer(void *given) {
  char path[sizeof params_path + 16];
  snprintf(path, sizeof path, "%s.signer", params_path);
  return umbra_signer_load(given, path);
}

static umbra_status fill_manifest_info(void *given) {
  umbra_signer signer = {UMBRA_SIGNER_INIT};
  assert_ok(umbra_signing_key_signer(signing, &signer));
  return umbra_manifest_verify(given, params_path, &signer, NULL);
}

static umbra_status inspect_manifest(void *given) {
  char path[sizeof params_path + 16];
  snprintf(path, sizeof path, "%s.manifest", params_path);
  return umbra_manifest_inspect(given, path, NULL, NULL);
}

static void open_signatures(void) {
  char path[sizeof params_path + 16];
  umbra_signer signer = {UMBRA_SIGNER_INIT};
  const umbra_key_life life = {UMBRA_KEY_LIFE_INIT, .created = 1};
  snprintf(path, sizeof path, "%s.signer", params_path);
  assert_ok(umbra_secret_key_generate_for(&dated, s.context, &life));
  assert_ok(umbra_signing_key_generate(&signing, &life));
  assert_ok(umbra_signing_key_signer(signing, &signer));
  assert_ok(umbra_signer_save(&signer, path));
  assert_ok(umbra_manifest_sign(params_path, signing, 1, NULL));
}

static void close_signatures(void) {
  char path[sizeof params_path + 16];
  snprintf(path, sizeof path, "%s.signer", params_path);
  assert_int_equal(unlink(path), 0);
  snprintf(path, sizeof path, "%s.manifest", params_path);
  assert_int_equal(unlink(path), 0);
  umbra_signing_key_destroy(signing);
  umbra_secret_key_destroy(dated);
}

/* ---- files ---- */

static umbra_status fill_file_info(void *given) { return umbra_file_inspect(given, params_path, NULL); }

static umbra_status fill_buffer_info(void *given) {
  uint8_t bytes[1 << 13];
  size_t size = sizeof bytes;
  assert_ok(umbra_params_write(s.params, bytes, &size));
  return umbra_buffer_inspect(given, bytes, UMBRA_HEADER_BYTES);
}

static umbra_status fill_device_info(void *given) { return umbra_device_get(given, 0); }

/* Of an input on a dry device: memory, no work. */
static umbra_status fill_costs(umbra_cost *cost, umbra_kernel_cost *kernel) {
  umbra_context *dry = NULL;
  umbra_ciphertext *input = NULL;
  assert_ok(
      umbra_context_create(&dry, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = s.params, .device = "dry"}));
  assert_ok(umbra_dry_ciphertext(&input, dry, 1, 0, 1));
  umbra_status status = cost ? umbra_context_cost(dry, cost) : umbra_context_kernel_cost(dry, kernel, 0);
  umbra_ciphertext_destroy(input);
  umbra_context_destroy(dry);
  return status;
}

static umbra_status fill_cost(void *given) { return fill_costs(given, NULL); }
static umbra_status fill_kernel_cost(void *given) { return fill_costs(NULL, given); }

static double line(double x, void *user) {
  (void)user;
  return x;
}

static umbra_status take_fit_desc(void *given) {
  double coefficients[2];
  ((umbra_fit_desc *)given)->f = line;
  ((umbra_fit_desc *)given)->degree = 1;
  return umbra_chebyshev_fit(coefficients, NULL, given);
}

static umbra_status fill_fit_report(void *given) {
  double coefficients[3];
  const umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = UMBRA_FUNCTION_EXP, .degree = 2};
  return umbra_chebyshev_fit(coefficients, given, &desc);
}

static umbra_status take_sign_options(void *given) {
  umbra_sign_plan *plan = NULL;
  umbra_status status = umbra_sign_plan_create(&plan, given);
  umbra_sign_plan_destroy(plan);
  return status;
}

static umbra_status fill_sign_report(void *given) {
  umbra_sign_plan *plan = NULL;
  assert_ok(umbra_sign_plan_create(&plan, NULL));
  umbra_status status = umbra_sign_plan_report(plan, given);
  umbra_sign_plan_destroy(plan);
  return status;
}

static umbra_status take_softmax_options(void *given) {
  umbra_softmax_plan *plan = NULL;
  umbra_status status = umbra_softmax_plan_create(&plan, 3, given);
  umbra_softmax_plan_destroy(plan);
  return status;
}

static umbra_status fill_softmax_report(void *given) {
  umbra_softmax_plan *plan = NULL;
  assert_ok(umbra_softmax_plan_create(&plan, 3, NULL));
  umbra_status status = umbra_softmax_plan_report(plan, given);
  umbra_softmax_plan_destroy(plan);
  return status;
}

static umbra_status take_bootstrap_options(void *given) {
  umbra_bootstrap_plan *plan = NULL;
  umbra_status status = umbra_bootstrap_plan_create(&plan, s.params, given);
  umbra_bootstrap_plan_destroy(plan);
  return status;
}

static umbra_status fill_bootstrap_report(void *given) { return umbra_bootstrap_plan_report(refresh, given); }

static umbra_status take_transform_desc(void *given) {
  umbra_transform_desc *desc = given;
  umbra_transform *transform = NULL;
  desc->values = (const double[]){0.5, 0.25};
  desc->rows = 1;
  desc->columns = 2;
  umbra_status status = umbra_transform_create(&transform, s.context, desc, NULL);
  umbra_transform_destroy(transform);
  return status;
}

static umbra_status copy_body(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                              void *user) {
  assert_null(user);
  return umbra_add(evaluator, &outs[0], ins[0], ins[0]);
}

static umbra_status take_circuit_desc(void *given) {
  umbra_circuit *circuit = NULL;
  umbra_circuit_desc *desc = given;
  const umbra_ciphertext *const examples[] = {ciphertext};
  umbra_ciphertext *out = NULL;
  desc->body = copy_body;
  desc->ins = desc->outs = 1;
  desc->examples = examples;
  umbra_status status = umbra_circuit_create(&circuit, s.evaluator, desc);
  if (status == UMBRA_OK) assert_ok(umbra_circuit_run(circuit, &out, examples));
  umbra_ciphertext_destroy(out);
  umbra_circuit_destroy(circuit);
  return status;
}

/* ---- the table ---- */

static const row rows[] = {
    ROW(umbra_params_need, 1, TAKEN, take_need),
    ROW(umbra_bootstrap_shape, 1, TAKEN, take_shape),
    ROW(umbra_params_literal, 1, TAKEN, take_literal),
    ROW(umbra_context_desc, 1, TAKEN, take_context_desc),
    ROW(umbra_sim_options, 1, TAKEN, take_sim_options),
    ROW(umbra_key_need, 1, TAKEN, take_key_need),
    ROW(umbra_key_need, 1, FILLED, fill_key_need),
    ROW(umbra_device_info, 1, FILLED, fill_device_info),
    ROW(umbra_cost, 1, FILLED, fill_cost),
    ROW(umbra_kernel_cost, 1, FILLED, fill_kernel_cost),
    ROW(umbra_encode_options, 1, TAKEN, take_encode_options),
    ROW(umbra_noise_report, 1, FILLED, fill_noise_report),
    ROW(umbra_declaration, 1, TAKEN, take_declaration),
    ROW(umbra_range, 1, FILLED, fill_range),
    ROW(umbra_range_calibration, 1, TAKEN, take_range_calibration),
    ROW(umbra_range_calibration, 1, FILLED, fill_range_calibration),
    ROW(umbra_outcome, 1, FILLED, fill_outcome),
    ROW(umbra_outcome_options, 1, TAKEN, take_outcome_options),
    ROW(umbra_disclosure_options, 1, TAKEN, take_disclosure_options),
    ROW(umbra_disclosure, 1, FILLED, fill_disclosure),
    ROW(umbra_file_info, 1, FILLED, fill_file_info),
    ROW(umbra_file_info, 1, FILLED, fill_buffer_info),
    ROW(umbra_key_life, 1, TAKEN, take_key_life),
    ROW(umbra_key_life, 1, TAKEN, check_key_life),
    ROW(umbra_key_life, 1, FILLED, fill_key_life),
    ROW(umbra_key_life, 1, FILLED, fill_key_life_of_file),
    ROW(umbra_key_store, 1, TAKEN, take_key_store),
    ROW(umbra_signer, 1, TAKEN, take_signer),
    ROW(umbra_signer, 1, FILLED, fill_signer),
    ROW(umbra_signer, 1, FILLED, load_signer),
    ROW(umbra_manifest_info, 1, FILLED, fill_manifest_info),
    ROW(umbra_manifest_info, 1, FILLED, inspect_manifest),
    ROW(umbra_fit_desc, 1, TAKEN, take_fit_desc),
    ROW(umbra_fit_report, 1, FILLED, fill_fit_report),
    ROW(umbra_sign_options, 1, TAKEN, take_sign_options),
    ROW(umbra_sign_report, 1, FILLED, fill_sign_report),
    ROW(umbra_softmax_options, 1, TAKEN, take_softmax_options),
    ROW(umbra_softmax_report, 1, FILLED, fill_softmax_report),
    ROW(umbra_bootstrap_options, 1, TAKEN, take_bootstrap_options),
    ROW(umbra_bootstrap_report, 1, FILLED, fill_bootstrap_report),
    ROW(umbra_transform_desc, 1, TAKEN, take_transform_desc),
    ROW(umbra_circuit_desc, 1, TAKEN, take_circuit_desc),
    ROW(umbra_trace_event, 1, TOLD, NULL),
};
static table all = {rows, sizeof rows / sizeof *rows, 0};

/* ---- defaults ---- */

/* What an older application does not know is as if it had never been there: the defaults, not zeros. */
static void what_is_missing_has_defaults(void **state) {
  (void)state;
  const size_t shorter = offsetof(umbra_bootstrap_options, rounds);
  umbra_bootstrap_options given = {.rounds = 9}, own = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  (umbra_bootstrap_options_init)(&given, shorter);
  assert_true(given.struct_size == shorter && given.bound == 1 && given.rounds == 9);
  given.slots = 16;
  assert_ok(umbra_take_struct(&own, sizeof own, &given, 0, "umbra_bootstrap_options"));
  assert_true(own.struct_size == sizeof own && own.slots == 16 && own.rounds == 1);
}

static void functions_and_macros_agree(void **state) {
  (void)state;
  umbra_train_options options;
  const umbra_train_options expected = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_options_init(&options);
  assert_true(options.iterations == expected.iterations && options.rate == expected.rate && options.bound == 8);
  umbra_bootstrap_shape shape;
  umbra_bootstrap_shape_init(&shape);
  assert_memory_equal(&shape, &standard_shape, offsetof(umbra_bootstrap_shape, sparse_primes));
  umbra_key_need key_need;
  umbra_key_need_init(&key_need);
  assert_true(key_need.kind == UMBRA_KEY_RELINEARIZE && key_need.steps == 0 && key_need.level == UMBRA_TOP_LEVEL);
}

/* ---- the whole ---- */

static int open_all(void **state) {
  *state = &all;
  scheme_open(&s, boot_twin_40(11), NULL, NULL, 0);
  assert_ok(umbra_bootstrap_plan_create(&refresh, s.params, NULL));
  assert_ok(umbra_encode(&plaintext, s.context, (const double[]){1}, 1, NULL));
  assert_ok(umbra_encrypt(&ciphertext, s.public, plaintext));
  const int file = mkstemp(params_path);
  if (file < 0 || close(file)) return 1;
  assert_ok(umbra_params_save(s.params, params_path));
  open_signatures();
  return 0;
}

static int close_all(void **state) {
  (void)state;
  close_signatures();
  umbra_ciphertext_destroy(ciphertext);
  umbra_plaintext_destroy(plaintext);
  umbra_bootstrap_plan_destroy(refresh);
  scheme_close(&s);
  return unlink(params_path);
}

int main(void) {
  const struct CMUnitTest tests[] = {STRUCT_TESTS, cmocka_unit_test(what_is_missing_has_defaults),
                                     cmocka_unit_test(functions_and_macros_agree)};
  return cmocka_run_group_tests(tests, open_all, close_all);
}
