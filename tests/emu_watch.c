/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu full */
/* Stopping on the emulated GPU: products, rotations, and circuits while they are recorded and when they run. */
#include "../kernels/emu/emu.h"
#include "host/base/error.h"
#include "watch.h"

static umbra_status product(fixture *f, umbra_ciphertext **outs) {
  return umbra_mul(f->b.s.evaluator, &outs[0], f->x, f->y);
}

static umbra_status rotations(fixture *f, umbra_ciphertext **outs) {
  const int32_t steps[OUTPUTS] = {1, 0, -1};
  return umbra_rotate_many(f->b.s.evaluator, outs, f->x, steps, OUTPUTS);
}

static umbra_status body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)user;
  UMBRA_TRY(umbra_mul(e, &outs[0], ins[0], ins[1]));
  return umbra_rotate(e, &outs[0], outs[0], 1);
}

/* Recorded and run. */
static umbra_status circuit(fixture *f, umbra_ciphertext **outs) {
  const umbra_ciphertext *const ins[] = {f->x, f->y};
  umbra_circuit *made = NULL;
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = body, .ins = 2, .outs = 1, .examples = ins};
  umbra_status status = umbra_circuit_create(&made, f->b.s.evaluator, &desc);
  if (status == UMBRA_OK) status = umbra_circuit_run(made, outs, ins);
  if (made) umbra_circuit_destroy(made);
  return status;
}

static void products(void **state) { stop_everywhere(*state, product, 200); }
static void many_rotations(void **state) { stop_everywhere(*state, rotations, 200); }
static void circuits(void **state) { stop_everywhere(*state, circuit, 200); }

static int set_up(void **state) {
  static fixture f;
  const int32_t steps[] = {1, -1};
  uint64_t random = 3;
  umbra_watch_interval(0);
  scheme_open(&f.b.s, test_params(11, 40, 2), "emu", steps, 2);
  vector v = vector_random(&random, umbra_params_slots(f.b.s.params), 0);
  f.x = encrypt_vector(&f.b.s, &v, UMBRA_TOP_LEVEL);
  f.y = encrypt_vector(&f.b.s, &v, UMBRA_TOP_LEVEL);
  vector_destroy(&v);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  umbra_ciphertext_destroy(f->x);
  umbra_ciphertext_destroy(f->y);
  scheme_close(&f->b.s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products),
      cmocka_unit_test(many_rotations),
      cmocka_unit_test(circuits),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
