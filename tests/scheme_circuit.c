/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/* Circuits: recorded on the emulated GPU, called on the CPU; their results, their errors, and what they keep. */
#include "scheme.h"

enum { OTHERS = 4 };

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
    umbra_circuit *circuit = NULL;
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

static umbra_status exchange_keys(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                                  void *user) {
  umbra_status status = umbra_square(e, &outs[0], ins[0]);
  return status == UMBRA_OK ? umbra_evaluator_use_keys(e, user) : status;
}

/* It runs with the keys with which it was made, and with no others: recorded or called, of the same owner or not. */
static void belongs_to_its_keys(void **state) {
  (void)state;
  for (int d = 0; d < 2; d++) {
    fixture f;
    fixture_open(&f, devices[d]);
    const umbra_ciphertext *in = f.y;
    umbra_circuit_desc desc = desc_of(square, NULL, &in);
    umbra_circuit *circuit = NULL, *none = NULL;
    umbra_ciphertext *out = NULL;
    umbra_eval_keys *same_owner = keys_for(f.s.secret, needs_of(f.s.params, NULL, 0));
    assert_ok(umbra_circuit_create(&circuit, f.s.evaluator, &desc));
    umbra_eval_keys *const others[] = {same_owner, NULL};
    for (int i = 0; i < 2; i++) {
      assert_ok(umbra_evaluator_use_keys(f.s.evaluator, others[i]));
      assert_fails(umbra_circuit_run(circuit, &out, &in), UMBRA_ERROR_MISMATCH, "umbra_evaluator_use_keys");
      assert_null(out);
      assert_ok(umbra_evaluator_use_keys(f.s.evaluator, f.s.keys));
      assert_ok(umbra_circuit_run(circuit, &out, &in));
      expect_first(&f.s, out, 0.25);
      umbra_ciphertext_destroy(out);
      out = NULL;
    }
    desc = desc_of(exchange_keys, same_owner, &in);
    umbra_status status = umbra_circuit_create(&none, f.s.evaluator, &desc);
    if (status == UMBRA_OK) status = umbra_circuit_run(none, &out, &in); /* nothing is recorded on CPUs */
    assert_int_equal(status, UMBRA_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(umbra_last_error(), "exchanged"));
    assert_null(out);
    umbra_circuit_destroy(none);
    umbra_circuit_destroy(circuit);
    umbra_eval_keys_destroy(same_owner);
    fixture_close(&f);
  }
}

static umbra_status borrow_keys(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                                void *user) {
  umbra_eval_keys *const *keys = user;
  umbra_status status = umbra_evaluator_use_keys(e, keys[1]);
  if (status == UMBRA_OK) status = umbra_square(e, &outs[0], ins[0]);
  umbra_status back = umbra_evaluator_use_keys(e, keys[0]);
  return status == UMBRA_OK ? back : status;
}

/* Nobody keeps keys that a recording has borrowed. */
static void borrowed_keys(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, "emu");
  umbra_eval_keys *keys[] = {f.s.keys, keys_for(f.s.secret, needs_of(f.s.params, NULL, 0))};
  const umbra_ciphertext *in = f.y;
  umbra_circuit_desc desc = desc_of(borrow_keys, keys, &in);
  umbra_circuit *circuit = NULL;
  assert_fails(umbra_circuit_create(&circuit, f.s.evaluator, &desc), UMBRA_ERROR_UNSUPPORTED, "keys");
  assert_null(circuit);
  umbra_eval_keys_destroy(keys[1]);
  fixture_close(&f);
}

static umbra_status give_twice(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                               void *user) {
  (void)user;
  umbra_status status = umbra_square(e, &outs[0], ins[0]);
  outs[1] = outs[0];
  return status;
}

static void one_output_twice(void **state) {
  (void)state;
  for (int d = 0; d < 2; d++) {
    fixture f;
    fixture_open(&f, devices[d]);
    const umbra_ciphertext *in = f.y;
    umbra_circuit_desc desc = desc_of(give_twice, NULL, &in);
    umbra_circuit *circuit = NULL;
    umbra_ciphertext *outs[2] = {NULL, NULL};
    desc.outs = 2;
    umbra_status status = umbra_circuit_create(&circuit, f.s.evaluator, &desc);
    if (status == UMBRA_OK) status = umbra_circuit_run(circuit, outs, &in); /* nothing is recorded on CPUs */
    assert_int_equal(status, UMBRA_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(umbra_last_error(), "same ciphertext"));
    assert_true(!outs[0] && !outs[1]);
    umbra_circuit_destroy(circuit);
    fixture_close(&f);
  }
}

/* What it was made with is kept, though nobody else has it. */
static void keeps_its_keys(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, "emu");
  const umbra_ciphertext *in = f.y;
  umbra_circuit_desc desc = desc_of(square, NULL, &in);
  umbra_circuit *circuit = NULL;
  umbra_ciphertext *out = NULL;
  assert_ok(umbra_circuit_create(&circuit, f.s.evaluator, &desc));
  umbra_eval_keys *keys = umbra_eval_keys_share(f.s.keys);
  assert_ok(umbra_evaluator_use_keys(f.s.evaluator, NULL));
  umbra_eval_keys_destroy(f.s.keys);
  f.s.keys = keys_for(f.s.secret, needs_of(f.s.params, NULL, 0)); /* in memory that is free */
  assert_ok(umbra_evaluator_use_keys(f.s.evaluator, keys));
  umbra_eval_keys_destroy(keys);
  assert_ok(umbra_circuit_run(circuit, &out, &in));
  expect_first(&f.s, out, 0.25);
  umbra_ciphertext_destroy(out);
  umbra_circuit_destroy(circuit);
  fixture_close(&f);
}

/* Work between the runs of a circuit is given other memory than the circuit's. */
static void keeps_its_memory(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, "emu");
  const umbra_ciphertext *in = f.y;
  umbra_circuit_desc desc = desc_of(square, NULL, &in);
  umbra_circuit *circuit = NULL;
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

/* ---- bodies that bring values or read them ---- */

typedef struct stranger {
  fixture *f;
  umbra_ciphertext *other[OTHERS];
  int calls;
} stranger;

static umbra_status encodes(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                            void *user) {
  const stranger *s = user;
  const double value = 0.25;
  umbra_plaintext *plain = NULL;
  umbra_status status = umbra_encode(&plain, s->f->s.context, &value, 1, NULL);
  if (status == UMBRA_OK) status = umbra_add_plain(e, &outs[0], ins[0], plain);
  umbra_plaintext_destroy(plain);
  return status;
}

static umbra_status encrypts(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                             void *user) {
  const stranger *s = user;
  const double value = 0.25;
  umbra_ciphertext *made = NULL;
  umbra_status status = umbra_encode_encrypt(&made, s->f->s.public, &value, 1);
  if (status == UMBRA_OK) status = umbra_add(e, &outs[0], ins[0], made);
  umbra_ciphertext_destroy(made);
  return status;
}

static umbra_status decrypts(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                             void *user) {
  const stranger *s = user;
  double value;
  umbra_status status = umbra_decrypt_decode(&value, 1, ins[0], s->f->s.secret);
  return status == UMBRA_OK ? umbra_square(e, &outs[0], ins[0]) : status;
}

static umbra_status saves(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)user;
  static uint8_t buffer[1 << 20];
  size_t size = sizeof buffer;
  umbra_status status = umbra_ciphertext_write(ins[0], buffer, &size, NULL);
  return status == UMBRA_OK ? umbra_square(e, &outs[0], ins[0]) : status;
}

static umbra_status waits(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)user;
  umbra_status status = umbra_square(e, &outs[0], ins[0]);
  return status == UMBRA_OK ? umbra_evaluator_wait(e) : status;
}

/* They are refused, and the same evaluator works on. */
static void strangers(void **state) {
  (void)state;
  static const umbra_circuit_body bodies[] = {encodes, encrypts, decrypts, saves, waits};
  fixture f;
  fixture_open(&f, "emu");
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    stranger s = {.f = &f};
    const umbra_ciphertext *in = f.x;
    umbra_circuit *circuit = NULL;
    umbra_ciphertext *out = NULL;
    umbra_circuit_desc desc = desc_of(bodies[i], &s, &in);
    assert_fails(umbra_circuit_create(&circuit, f.s.evaluator, &desc), UMBRA_ERROR_UNSUPPORTED, "cannot be recorded");
    assert_null(circuit);
    assert_ok(umbra_square(f.s.evaluator, &out, f.y));
    expect_first(&f.s, out, 0.25);
    umbra_ciphertext_destroy(out);
  }
  fixture_close(&f);
}

/* While recorded, ends what was there before, between taking memory and giving it back. */
static umbra_status destroys_others(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                                    void *user) {
  stranger *s = user;
  umbra_ciphertext *inner[OTHERS] = {NULL};
  umbra_status status = UMBRA_OK;
  for (int i = 0; i < OTHERS && status == UMBRA_OK; i++) status = umbra_rotate(e, &inner[i], ins[0], 1);
  for (int i = 0; i < OTHERS && s->calls; i++) umbra_ciphertext_destroy(s->other[i]);
  if (status == UMBRA_OK) status = umbra_square(e, &outs[0], inner[OTHERS - 1]);
  for (int i = 0; i < OTHERS; i++) umbra_ciphertext_destroy(inner[i]);
  s->calls++;
  return status;
}

/* The recording's memory stays the recording's, whatever else is given back meanwhile. */
static void keeps_its_memory_only(void **state) {
  (void)state;
  fixture f;
  stranger s = {.f = &f};
  umbra_ciphertext *out = NULL;
  fixture_open(&f, "emu");
  for (int i = 0; i < OTHERS; i++) s.other[i] = constant(&f.s, i);
  const umbra_ciphertext *in = f.y;
  umbra_circuit_desc desc = desc_of(destroys_others, &s, &in);
  umbra_circuit *circuit = NULL;
  assert_ok(umbra_circuit_create(&circuit, f.s.evaluator, &desc));
  memset(s.other, 0, sizeof s.other);
  for (int i = 0; i < OTHERS; i++) assert_ok(umbra_add_constant(f.s.evaluator, &s.other[i], f.x, i, 0));
  assert_ok(umbra_circuit_run(circuit, &out, &in));
  expect_first(&f.s, out, 0.25);
  for (int i = 0; i < OTHERS; i++) {
    expect_first(&f.s, s.other[i], i + 1);
    umbra_ciphertext_destroy(s.other[i]);
  }
  umbra_ciphertext_destroy(out);
  umbra_circuit_destroy(circuit);
  fixture_close(&f);
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
    umbra_circuit *circuit = NULL;
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
    umbra_plaintext *plain = NULL;
    umbra_circuit *circuit = NULL;
    assert_ok(umbra_encode(&plain, f.s.context, &value, 1, NULL));
    umbra_circuit_desc desc = desc_of(add_plain, plain, &in);
    assert_ok(umbra_circuit_create(&circuit, f.s.evaluator, &desc));
    umbra_plaintext_destroy(plain);
    umbra_circuit_destroy(circuit);
    fixture_close(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(runs),
                                     cmocka_unit_test(belongs_to_its_keys),
                                     cmocka_unit_test(borrowed_keys),
                                     cmocka_unit_test(one_output_twice),
                                     cmocka_unit_test(keeps_its_keys),
                                     cmocka_unit_test(keeps_its_memory),
                                     cmocka_unit_test(failures),
                                     cmocka_unit_test(strangers),
                                     cmocka_unit_test(keeps_its_memory_only),
                                     cmocka_unit_test(unlike_the_example),
                                     cmocka_unit_test(outlives_its_plaintext)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
