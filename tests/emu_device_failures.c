/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu full */
/*
 * A device that fails: whichever call, allocation or launch it is, the library says so, gives no wrong result, and leaves
 * nothing behind. If work was lost, it works no more on that device, but in a new context when the device does; if only
 * the caller was refused something, it works on.
 */
#include "../kernels/emu/emu.h"
#include "scheme.h"

enum { SLOTS = 8 };

/* One owner and one server on the device; objects are NULL until they are made. */
typedef struct job {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_circuit *circuit;
  umbra_ciphertext *x, *product, *turned, *again;
} job;

#define TRY(call)                            \
  do {                                       \
    umbra_status status_ = (call);           \
    if (status_ != UMBRA_OK) return status_; \
  } while (0)

static umbra_status body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)user;
  return umbra_square(e, &outs[0], ins[0]);
}

static umbra_status open_job(job *j, umbra_params *params) {
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "emu", .threads = 1};
  TRY(umbra_context_create(&j->context, &desc));
  TRY(umbra_secret_key_generate(&j->secret, j->context));
  TRY(umbra_public_key_generate(&j->public, j->secret));
  umbra_key_needs *needs = needs_of(params, (const int32_t[]){1}, 1);
  umbra_status status = umbra_eval_keys_generate(&j->keys, j->secret, needs, NULL);
  umbra_key_needs_destroy(needs);
  TRY(status);
  return umbra_evaluator_create(&j->evaluator, j->context, j->keys);
}

static umbra_status compute(job *j, double *values) {
  static const double inputs[SLOTS] = {1, 2, 3, 4, 5, 6, 7, 8};
  TRY(umbra_encode_encrypt(&j->x, j->public, inputs, SLOTS));
  TRY(umbra_mul(j->evaluator, &j->product, j->x, j->x));
  TRY(umbra_rotate(j->evaluator, &j->turned, j->product, 1));
  const umbra_ciphertext *in = j->turned;
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = body, .ins = 1, .outs = 1, .examples = &in};
  TRY(umbra_circuit_create(&j->circuit, j->evaluator, &desc));
  TRY(umbra_circuit_run(j->circuit, &j->again, &in));
  return umbra_decrypt_decode(values, SLOTS - 1, j->again, j->secret);
}

static void expect_values(const double *values) {
  for (int i = 0; i < SLOTS - 1; i++) assert_true(fabs(values[i] - pow(i + 2, 4)) < 0.5);
}

/* Once the device has failed, nothing works on it. */
static void expect_dead(const job *j) {
  umbra_ciphertext *out = NULL;
  double value;
  if (!j->x) return;
  assert_int_equal(umbra_add(j->evaluator, &out, j->x, j->x), UMBRA_ERROR_DEVICE);
  assert_null(out);
  assert_int_equal(umbra_evaluator_wait(j->evaluator), UMBRA_ERROR_DEVICE);
  assert_int_equal(umbra_decrypt_decode(&value, 1, j->x, j->secret), UMBRA_ERROR_DEVICE);
}

/* ... and if it has not, everything does: whether it was so. */
static int expect_dead_or_well(job *j) {
  double values[SLOTS] = {0};
  if (!j->evaluator) return 0;
  if (umbra_evaluator_wait(j->evaluator) != UMBRA_OK) {
    expect_dead(j);
    return 0;
  }
  umbra_circuit_destroy(j->circuit);
  j->circuit = NULL;
  assert_int_equal(compute(j, values), UMBRA_OK);
  expect_values(values);
  return 1;
}

static void close_job(job *j) {
  umbra_circuit_destroy(j->circuit);
  umbra_ciphertext_destroy(j->x);
  umbra_ciphertext_destroy(j->product);
  umbra_ciphertext_destroy(j->turned);
  umbra_ciphertext_destroy(j->again);
  umbra_evaluator_destroy(j->evaluator);
  umbra_eval_keys_destroy(j->keys);
  umbra_public_key_destroy(j->public);
  umbra_secret_key_destroy(j->secret);
  umbra_context_destroy(j->context);
}

static int survived; /* failures after which the device worked on */

/*
 * The whole job with the n-th call of that kind failing; whether there was such a call. If that leaves no context, the
 * device may as well not be there.
 */
static int run(umbra_emu_failure kind, uint64_t n) {
  job j = {0};
  double values[SLOTS] = {0};
  umbra_params *params = test_params(11, 40, 3);
  umbra_emu_fail(kind, n);
  umbra_status status = open_job(&j, params);
  if (status == UMBRA_OK) status = compute(&j, values);
  const int failed = umbra_emu_failed(kind);
  if (status == UMBRA_OK) {
    expect_values(values);
  } else {
    assert_true(failed && kind != UMBRA_EMU_FAIL_ROOM);
    assert_true(*umbra_last_error() != 0);
    if (status == UMBRA_ERROR_DEVICE) survived += expect_dead_or_well(&j);
    else if (j.context) assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
  }
  close_job(&j);
  umbra_emu_fail(kind, 0);
  umbra_params_destroy(params);
  assert_int_equal(umbra_emu_memory_used(), 0);
  return failed;
}

/* Every one of the first calls, then more and more seldom. */
static void every(umbra_emu_failure kind) {
  uint64_t n = 1, runs = 0;
  survived = 0;
  while (run(kind, n)) {
    n += n < 32 ? 1 : n / 18;
    runs++;
  }
  assert_true(runs > 10);
  assert_int_equal(run(kind, 0), 0);
}

static void calls(void **state) {
  (void)state;
  every(UMBRA_EMU_FAIL_CALL);
  assert_true(survived > 3);
}

static void allocations(void **state) { (void)state, every(UMBRA_EMU_FAIL_ALLOC); }
static void launches(void **state) { (void)state, every(UMBRA_EMU_FAIL_LAUNCH); }

static void later(void **state) {
  (void)state;
  every(UMBRA_EMU_FAIL_LATER);
  assert_int_equal(survived, 0);
}

/* A launch that lacks memory gets it. */
static void room(void **state) { (void)state, every(UMBRA_EMU_FAIL_ROOM); }

/* A context that cannot be opened for a reason that the device gives says so. */
static void reasons(void **state) {
  (void)state;
  umbra_params *params = test_params(11, 40, 3);
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "emu"};
  int reasons = 0, failed = 1;
  for (uint64_t n = 1; failed; n++) {
    umbra_context *context = NULL;
    umbra_emu_fail(UMBRA_EMU_FAIL_CALL, n);
    const umbra_status status = umbra_context_create(&context, &desc);
    failed = umbra_emu_failed(UMBRA_EMU_FAIL_CALL);
    if (status != UMBRA_OK && strstr(umbra_last_error(), "unknown error")) reasons++;
    umbra_emu_fail(UMBRA_EMU_FAIL_CALL, 0);
    umbra_context_destroy(context);
  }
  assert_true(reasons > 10);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(calls), cmocka_unit_test(allocations), cmocka_unit_test(launches),
                                     cmocka_unit_test(later), cmocka_unit_test(room),        cmocka_unit_test(reasons)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
