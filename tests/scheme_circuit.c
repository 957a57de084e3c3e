/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/* Circuits: recorded on the emulated GPU, called on the CPU; their results, their errors, and what they keep. */
#include "scheme.h"

static const char *const devices[] = {"cpu", "emu"};

static umbra_status add_plain(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                              void *user) {
  return umbra_add_plain(e, &outs[0], ins[0], user);
}

typedef struct fixture {
  scheme s;
  umbra_ciphertext *x, *y; /* of all ones, and of all halves */
} fixture;

static umbra_ciphertext *constant(const scheme *s, double value) {
  umbra_ciphertext *made = NULL;
  double values[16];
  for (int i = 0; i < 16; i++) values[i] = value;
  assert_ok(umbra_encode_encrypt(&made, s->public, values, 16));
  return made;
}

static void fixture_open(fixture *f, const char *device) {
  static const int32_t steps[] = {1};
  scheme_open(&f->s, test_params(11, 40, 3), device, steps, 1);
  f->x = constant(&f->s, 1);
  f->y = constant(&f->s, 0.5);
}

static void fixture_close(fixture *f) {
  umbra_ciphertext_destroy(f->x);
  umbra_ciphertext_destroy(f->y);
  scheme_close(&f->s);
}

static void expect_first(const scheme *s, const umbra_ciphertext *x, double value) {
  double found;
  assert_ok(umbra_decrypt_decode(&found, 1, x, s->secret));
  assert_true(fabs(found - value) < 0x1p-15);
}

static umbra_status square(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                           void *user) {
  if (user) ++*(int *)user;
  return umbra_square(e, &outs[0], ins[0]);
}

static umbra_circuit_desc desc_of(umbra_circuit_body body, void *user, const umbra_ciphertext *const *example) {
  return (umbra_circuit_desc){UMBRA_CIRCUIT_DESC_INIT, .body = body, .user = user, .ins = 1, .outs = 1,
                              .examples = example};
}

/* On the device the function is called twice and never again; replacing an input by the output works. */
static void runs(void **state) {
  (void)state;
  for (int d = 0; d < 2; d++) {
    fixture f;
    fixture_open(&f, devices[d]);
    int calls = 0;
    const umbra_ciphertext *in = f.x;
    umbra_circuit_desc desc = desc_of(square, &calls, &in);
    umbra_circuit *circuit;
    umbra_ciphertext *out = NULL;
    assert_ok(umbra_circuit_create(&circuit, f.s.evaluator, &desc));
    assert_int_equal(umbra_circuit_is_recorded(circuit), d);
    for (int i = 0; i < 3; i++) {
      in = f.y;
      assert_ok(umbra_circuit_run(circuit, &out, &in));
      expect_first(&f.s, out, 0.25);
      assert_int_equal(umbra_ciphertext_level(out), 2);
    }
    assert_int_equal(calls, d ? 2 : 3);
    assert_ok(umbra_evaluator_wait(f.s.evaluator));
    assert_ok(umbra_circuit_run(circuit, &f.y, &in));
    expect_first(&f.s, f.y, 0.25);
    umbra_ciphertext_destroy(out);
    umbra_circuit_destroy(circuit);
    fixture_close(&f);
  }
}

/* Work between the runs of a circuit is given other memory than the circuit's. */
static void keeps_its_memory(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, "emu");
  const umbra_ciphertext *in = f.y;
  umbra_circuit_desc desc = desc_of(square, NULL, &in);
  umbra_circuit *circuit;
  umbra_ciphertext *out = NULL, *others[8] = {NULL};
  assert_ok(umbra_circuit_create(&circuit, f.s.evaluator, &desc));
  for (int i = 0; i < 8; i++) assert_ok(umbra_mul(f.s.evaluator, &others[i], f.x, i ? others[0] : f.x));
  assert_ok(umbra_circuit_run(circuit, &out, &in));
  for (int i = 0; i < 8; i++) expect_first(&f.s, others[i], 1);
  expect_first(&f.s, out, 0.25);
  for (int i = 0; i < 8; i++) umbra_ciphertext_destroy(others[i]);
  umbra_ciphertext_destroy(out);
  umbra_circuit_destroy(circuit);
  fixture_close(&f);
}

static umbra_status makes_nothing(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                                  void *user) {
  (void)e, (void)outs, (void)ins, (void)user;
  return UMBRA_OK;
}

/* Reads no values, but brings some: the imaginary unit's multiple has to be encoded. */
static umbra_status encodes(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                            void *user) {
  (void)user;
  return umbra_mul_constant(e, &outs[0], ins[0], 0.5, 0.5);
}

static umbra_status too_deep(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                             void *user) {
  (void)user;
  umbra_ciphertext *low = NULL;
  umbra_status status = umbra_level_drop(e, &low, ins[0], 0);
  if (status == UMBRA_OK) status = umbra_square(e, &outs[0], low);
  umbra_ciphertext_destroy(low);
  return status;
}

/* A circuit that cannot be made leaves nothing behind, and the evaluator works on. */
static void failures(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, "emu");
  const umbra_ciphertext *in = f.x;
  umbra_circuit *circuit = NULL;
  umbra_circuit_desc desc = desc_of(makes_nothing, NULL, &in);
  assert_fails(umbra_circuit_create(&circuit, f.s.evaluator, &desc), UMBRA_ERROR_INVALID_ARGUMENT, "no output 0");
  desc = desc_of(encodes, NULL, &in);
  assert_fails(umbra_circuit_create(&circuit, f.s.evaluator, &desc), UMBRA_ERROR_UNSUPPORTED, "cannot be recorded");
  desc = desc_of(too_deep, NULL, &in);
  assert_fails(umbra_circuit_create(&circuit, f.s.evaluator, &desc), UMBRA_ERROR_NO_LEVEL, "no level left");
  desc.outs = 0;
  assert_fails(umbra_circuit_create(&circuit, f.s.evaluator, &desc), UMBRA_ERROR_INVALID_ARGUMENT, "at least one");
  assert_null(circuit);
  desc = desc_of(square, NULL, &in);
  assert_ok(umbra_circuit_create(&circuit, f.s.evaluator, &desc));
  umbra_circuit_destroy(circuit);
  fixture_close(&f);
}

static void unlike_the_example(void **state) {
  (void)state;
  for (int d = 0; d < 2; d++) {
    fixture f;
    fixture_open(&f, devices[d]);
    const umbra_ciphertext *in = f.x;
    umbra_ciphertext *low = NULL, *large = NULL, *out = NULL;
    umbra_circuit *circuit;
    umbra_circuit_desc desc = desc_of(square, NULL, &in);
    assert_ok(umbra_circuit_create(&circuit, f.s.evaluator, &desc));
    assert_ok(umbra_level_drop(f.s.evaluator, &low, f.x, 1));
    assert_ok(umbra_mul_integer(f.s.evaluator, &large, f.x, 100));
    in = low;
    assert_fails(umbra_circuit_run(circuit, &out, &in), UMBRA_ERROR_MISMATCH, "level 1");
    in = large;
    assert_fails(umbra_circuit_run(circuit, &out, &in), UMBRA_ERROR_MISMATCH, "larger values");
    in = NULL;
    assert_fails(umbra_circuit_run(circuit, &out, &in), UMBRA_ERROR_INVALID_ARGUMENT, "input 0");
    assert_null(out);
    umbra_ciphertext_destroy(low);
    umbra_ciphertext_destroy(large);
    umbra_circuit_destroy(circuit);
    fixture_close(&f);
  }
}

/* A plaintext that a circuit uses goes before it: the circuit cannot be run any more, but it can be destroyed. */
static void outlives_its_plaintext(void **state) {
  (void)state;
  for (int d = 0; d < 2; d++) {
    fixture f;
    fixture_open(&f, devices[d]);
    const double value = 0.25;
    const umbra_ciphertext *in = f.x;
    umbra_plaintext *plain;
    umbra_circuit *circuit;
    assert_ok(umbra_encode(&plain, f.s.context, &value, 1, NULL));
    umbra_circuit_desc desc = desc_of(add_plain, plain, &in);
    assert_ok(umbra_circuit_create(&circuit, f.s.evaluator, &desc));
    umbra_plaintext_destroy(plain);
    umbra_circuit_destroy(circuit);
    fixture_close(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(runs), cmocka_unit_test(keeps_its_memory),
                                     cmocka_unit_test(failures), cmocka_unit_test(unlike_the_example),
                                     cmocka_unit_test(outlives_its_plaintext)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
