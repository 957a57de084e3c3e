/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/*
 * What a steady computation asks of the device: after its first rounds no operation allocates memory or waits for the
 * device, and a circuit is one launch between the copies of its inputs and outputs.
 */
#include "../kernels/emu/emu.h"
#include "scheme.h"

enum { MANY = 4, WARM_ROUNDS = 3 };

typedef struct job {
  scheme s;
  umbra_ciphertext *x, *y, *out[MANY];
  umbra_plaintext *plain;
  umbra_circuit *circuit;
} job;

static const int32_t steps[MANY] = {1, 2, -3, 5};
static const double polynomial[] = {0.5, 0.25, 0.125, -0.5, 0.1};

#define OPERATION(name, call) \
  static umbra_status name(job *j) { return call; }

OPERATION(add, umbra_add(j->s.evaluator, &j->out[0], j->x, j->y))
OPERATION(add_plain, umbra_add_plain(j->s.evaluator, &j->out[0], j->x, j->plain))
OPERATION(add_constant, umbra_add_constant(j->s.evaluator, &j->out[0], j->x, 0.5, 0))
OPERATION(mul, umbra_mul(j->s.evaluator, &j->out[0], j->x, j->y))
OPERATION(mul_in_place, umbra_mul(j->s.evaluator, &j->out[0], j->y, j->y))
OPERATION(mul_plain, umbra_mul_plain(j->s.evaluator, &j->out[0], j->x, j->plain))
OPERATION(mul_constant, umbra_mul_constant(j->s.evaluator, &j->out[0], j->x, 0.3, 0))
OPERATION(rotate, umbra_rotate(j->s.evaluator, &j->out[0], j->x, 1))
OPERATION(rotate_by_none, umbra_rotate(j->s.evaluator, &j->out[0], j->x, 0))
OPERATION(copy, umbra_ciphertext_copy(&j->out[0], j->x))
OPERATION(chebyshev, umbra_chebyshev_eval(j->s.evaluator, &j->out[0], j->x, polynomial, 4))
OPERATION(mul_i, umbra_mul_i(j->s.evaluator, &j->out[0], j->x))
OPERATION(rotate_many, umbra_rotate_many(j->s.evaluator, j->out, j->x, steps, MANY))
OPERATION(conjugate, umbra_conjugate(j->s.evaluator, &j->out[0], j->x))
OPERATION(level_drop, umbra_level_drop(j->s.evaluator, &j->out[0], j->x, 1))
OPERATION(circuit, umbra_circuit_run(j->circuit, j->out, (const umbra_ciphertext *const *)&j->x))

static umbra_status body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)user;
  umbra_ciphertext *product = NULL;
  umbra_status status = umbra_square(e, &product, ins[0]);
  if (status == UMBRA_OK) status = umbra_rotate(e, &outs[0], product, 1);
  umbra_ciphertext_destroy(product);
  return status;
}

static void job_open(job *j) {
  const double values[4] = {1, 0.5, 0.25, -1};
  *j = (job){0};
  scheme_open(&j->s, test_params(11, 40, 3), "emu", steps, MANY);
  assert_ok(umbra_encode_encrypt(&j->x, j->s.public, values, 4));
  assert_ok(umbra_encode_encrypt(&j->y, j->s.public, values, 4));
  assert_ok(umbra_encode(&j->plain, j->s.context, values, 4, NULL));
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = body, .ins = 1, .outs = 1,
                             .examples = (const umbra_ciphertext *const *)&j->x};
  assert_ok(umbra_circuit_create(&j->circuit, j->s.evaluator, &desc));
}

static void job_close(job *j) {
  umbra_circuit_destroy(j->circuit);
  umbra_plaintext_destroy(j->plain);
  umbra_ciphertext_destroy(j->x);
  umbra_ciphertext_destroy(j->y);
  for (int i = 0; i < MANY; i++) umbra_ciphertext_destroy(j->out[i]);
  scheme_close(&j->s);
}

/* Launches of one call, after some that warm up; it may neither allocate nor wait. */
static uint64_t steady(job *j, const char *name, umbra_status (*run)(job *)) {
  for (int i = 0; i < WARM_ROUNDS; i++) assert_ok(run(j));
  const uint64_t allocations = umbra_emu_counted(UMBRA_EMU_ALLOCATIONS), waits = umbra_emu_counted(UMBRA_EMU_WAITS);
  const uint64_t launches = umbra_emu_counted(UMBRA_EMU_LAUNCHES);
  assert_ok(run(j));
  const uint64_t made = umbra_emu_counted(UMBRA_EMU_LAUNCHES) - launches;
  printf("%-16s %3d launches\n", name, (int)made);
  if (umbra_emu_counted(UMBRA_EMU_ALLOCATIONS) != allocations) fail_msg("%s allocates", name);
  if (umbra_emu_counted(UMBRA_EMU_WAITS) != waits) fail_msg("%s waits", name);
  return made;
}

#define STEADY(name) steady(&j, #name, name)

static void operations(void **state) {
  (void)state;
  job j;
  job_open(&j);
  STEADY(add);
  STEADY(add_plain);
  STEADY(add_constant);
  STEADY(mul);
  STEADY(mul_in_place);
  STEADY(mul_plain);
  STEADY(mul_constant);
  STEADY(rotate);
  STEADY(rotate_by_none);
  STEADY(copy);
  STEADY(chebyshev);
  STEADY(mul_i);
  STEADY(rotate_many);
  STEADY(conjugate);
  STEADY(level_drop);
  job_close(&j);
}

static void circuits(void **state) {
  (void)state;
  job j;
  job_open(&j);
  assert_int_equal(STEADY(circuit), 3);
  job_close(&j);
}

/* Keys are made and results opened without the device doing anything, unless that is asked for. */
static void secrets_stay_home(void **state) {
  (void)state;
  for (int on_device = 0; on_device < 2; on_device++) {
    umbra_params *params = test_params(11, 40, 2);
    umbra_context *context = NULL;
    umbra_secret_key *secret = NULL;
    umbra_public_key *public = NULL;
    umbra_eval_keys *keys = NULL;
    umbra_ciphertext *x = NULL;
    double found = 0;
    const double value = 0.5;
    umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "emu",
                               .secrets_on_device = on_device};
    assert_ok(umbra_context_create(&context, &desc));
    uint64_t before = umbra_emu_counted(UMBRA_EMU_LAUNCHES);
    assert_ok(umbra_secret_key_generate(&secret, context));
    assert_ok(umbra_public_key_generate(&public, secret));
    keys = keys_for(secret, needs_of(params, NULL, 0));
    assert_int_equal(umbra_emu_counted(UMBRA_EMU_LAUNCHES) > before, on_device);
    assert_ok(umbra_encode_encrypt(&x, public, &value, 1));
    before = umbra_emu_counted(UMBRA_EMU_LAUNCHES);
    assert_ok(umbra_decrypt_decode(&found, 1, x, secret));
    assert_int_equal(umbra_emu_counted(UMBRA_EMU_LAUNCHES) > before, on_device);
    assert_true(fabs(found - value) < 0x1p-15);
    umbra_ciphertext_destroy(x);
    umbra_eval_keys_destroy(keys);
    umbra_public_key_destroy(public);
    umbra_secret_key_destroy(secret);
    umbra_context_destroy(context);
    umbra_params_destroy(params);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(operations), cmocka_unit_test(circuits),
                                     cmocka_unit_test(secrets_stay_home)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
