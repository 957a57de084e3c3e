/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu full */
/* A whole refresh is one piece of recorded work on the emulated GPU, and gives the bits of a call. */
#include "../kernels/emu/emu.h"
#include "boot.h"

static umbra_status body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  return umbra_bootstrap(e, &outs[0], ins[0], user);
}

static void one_graph(void **state) {
  (void)state;
  boot b;
  uint64_t random = 5;
  boot_open(&b, boot_twin_40(11), "emu", NULL);
  vector v = vector_random(&random, umbra_params_slots(b.s.params), 1);
  umbra_ciphertext *x = encrypt_vector(&b.s, &v, 0), *minus = NULL, *called = NULL, *replayed = NULL;
  const umbra_ciphertext *in = x;
  umbra_circuit *circuit = NULL;
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = body, .user = b.bootstrapper, .ins = 1, .outs = 1,
                             .examples = &in};
  assert_ok(umbra_circuit_create(&circuit, b.s.evaluator, &desc));
  assert_true(umbra_circuit_is_recorded(circuit));
  assert_ok(umbra_negate(b.s.evaluator, &minus, x));
  assert_ok(umbra_bootstrap(b.s.evaluator, &called, minus, b.bootstrapper));
  in = minus;
  const uint64_t launches = umbra_emu_counted(UMBRA_EMU_LAUNCHES);
  assert_ok(umbra_circuit_run(circuit, &replayed, &in));
  assert_int_equal(umbra_emu_counted(UMBRA_EMU_LAUNCHES) - launches, 3); /* the graph, and copies to and from it */
  bytes expected = ciphertext_bytes(called);
  assert_true(has_bytes(replayed, &expected));
  free(expected.data);
  umbra_circuit_destroy(circuit);
  umbra_ciphertext_destroy(replayed);
  umbra_ciphertext_destroy(called);
  umbra_ciphertext_destroy(minus);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  boot_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_graph)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
