/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/* Ciphertexts in another context, on the same device or another: the same bits, there and back. */
#include "../kernels/emu/emu.h"
#include "scheme.h"

typedef struct route {
  const char *from, *to;
} route;

static const route routes[] = {{"ref", "cpu"}, {"cpu", "emu"}, {"emu", "cpu"}, {"emu", "emu:1"}, {"emu:1", "emu:1"}};
enum { ROUTES = sizeof routes / sizeof *routes, SLOTS = 8, INPUTS = 3 };

static umbra_context *open_context(const umbra_params *params, const char *device) {
  umbra_context *context = NULL;
  assert_ok(umbra_context_create(&context,
                                 &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device}));
  return context;
}

/* A fresh one, one with a seed, and a product. */
static void make_inputs(umbra_ciphertext *input[INPUTS], const scheme *s) {
  uint64_t random = 4;
  vector v = vector_random(&random, SLOTS, 1);
  umbra_plaintext *plain = encode_vector(s, &v, UMBRA_TOP_LEVEL);
  assert_ok(umbra_encrypt(&input[0], s->public, plain));
  assert_ok(umbra_encrypt_symmetric(&input[1], s->secret, plain));
  assert_ok(umbra_mul(s->evaluator, &input[2], input[0], input[1]));
  umbra_plaintext_destroy(plain);
  vector_destroy(&v);
}

static void assert_same(const umbra_ciphertext *a, const umbra_ciphertext *b) {
  bytes expected = ciphertext_bytes(b);
  assert_true(has_bytes(a, &expected));
  assert_int_equal(umbra_ciphertext_level(a), umbra_ciphertext_level(b));
  assert_int_equal(umbra_ciphertext_slots(a), umbra_ciphertext_slots(b));
  assert_true(umbra_ciphertext_magnitude(a) == umbra_ciphertext_magnitude(b));
  assert_true(umbra_ciphertext_error_bound(a) == umbra_ciphertext_error_bound(b));
  free(expected.data);
}

static umbra_eval_keys *keys_in(const umbra_context *context, const umbra_eval_keys *keys) {
  size_t size;
  umbra_eval_keys *loaded = NULL;
  assert_ok(umbra_eval_keys_write(keys, NULL, &size));
  void *buffer = malloc(size);
  assert_non_null(buffer);
  assert_ok(umbra_eval_keys_write(keys, buffer, &size));
  assert_ok(umbra_eval_keys_read(&loaded, context, buffer, size));
  free(buffer);
  return loaded;
}

/* What is computed over there and brought back is what is computed here. */
static void assert_computes(const scheme *s, const umbra_context *there, const umbra_ciphertext *x) {
  umbra_eval_keys *keys = keys_in(there, s->keys);
  umbra_evaluator *e = NULL;
  umbra_ciphertext *here = NULL, *moved = NULL;
  assert_ok(umbra_evaluator_create(&e, there, keys));
  assert_ok(umbra_ciphertext_move(&moved, there, x));
  assert_ok(umbra_square(e, &moved, moved));
  assert_ok(umbra_ciphertext_move(&moved, s->context, moved));
  assert_ok(umbra_square(s->evaluator, &here, x));
  assert_same(moved, here);
  assert_ok(umbra_add(s->evaluator, &here, here, moved));
  umbra_ciphertext_destroy(here);
  umbra_ciphertext_destroy(moved);
  umbra_evaluator_destroy(e);
  umbra_eval_keys_destroy(keys);
}

static void there_and_back(void **state) {
  (void)state;
  for (int r = 0; r < ROUTES; r++) {
    scheme s;
    umbra_ciphertext *input[INPUTS] = {0}, *moved = NULL;
    scheme_open(&s, test_params(11, 40, 3), routes[r].from, NULL, 0);
    umbra_context *there = open_context(s.params, routes[r].to);
    make_inputs(input, &s);
    for (int i = 0; i < INPUTS; i++) {
      assert_ok(umbra_ciphertext_move(&moved, there, input[i])); /* replaces the one before */
      assert_same(moved, input[i]);
      assert_ok(umbra_ciphertext_move(&moved, s.context, moved)); /* in place */
      assert_same(moved, input[i]);
      assert_int_equal(umbra_context_memory(there), 0);
    }
    assert_computes(&s, there, input[2]);
    assert_int_equal(umbra_context_memory(there), 0);
    umbra_ciphertext_destroy(moved);
    for (int i = 0; i < INPUTS; i++) umbra_ciphertext_destroy(input[i]);
    umbra_context_destroy(there);
    scheme_close(&s);
  }
}

/* Memory is counted as long as it is taken, with or without a handle of the context. */
static void outlives_its_context(void **state) {
  (void)state;
  scheme s;
  umbra_ciphertext *input[INPUTS] = {0};
  scheme_open(&s, test_params(11, 40, 3), "cpu", NULL, 0);
  make_inputs(input, &s);
  for (int i = 0; i < INPUTS; i++) {
    umbra_context *there = open_context(s.params, i ? "emu:1" : "ref"), *again = umbra_context_share(there);
    umbra_ciphertext *moved = NULL;
    assert_ptr_equal(again, there);
    assert_ok(umbra_ciphertext_move(&moved, there, input[i]));
    umbra_context_destroy(there);
    assert_true(umbra_context_memory(again) >= umbra_params_ciphertext_bytes(s.params, umbra_ciphertext_level(moved)));
    if (i < 2) umbra_context_destroy(again);
    assert_same(moved, input[i]);
    umbra_ciphertext_destroy(moved);
    if (i == 2) assert_int_equal(umbra_context_memory(again), 0);
    if (i == 2) umbra_context_destroy(again);
    umbra_ciphertext_destroy(input[i]);
  }
  scheme_close(&s);
}

static umbra_status move(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)e;
  return umbra_ciphertext_move(&outs[0], user, ins[0]);
}

static void refusals(void **state) {
  (void)state;
  scheme s;
  umbra_ciphertext *input[INPUTS] = {0}, *out = NULL;
  umbra_circuit *circuit = NULL;
  scheme_open(&s, test_params(11, 40, 3), "emu", NULL, 0);
  umbra_params *other = test_params(11, 40, 2);
  umbra_context *stranger = open_context(other, "emu:1"), *home = open_context(s.params, "cpu");
  make_inputs(input, &s);
  assert_fails(umbra_ciphertext_move(&out, stranger, input[0]), UMBRA_ERROR_MISMATCH, "another parameter set");
  assert_fails(umbra_ciphertext_move(NULL, home, input[0]), UMBRA_ERROR_INVALID_ARGUMENT, "needs an output");
  assert_fails(umbra_ciphertext_move(&out, NULL, input[0]), UMBRA_ERROR_INVALID_ARGUMENT, "needs an output");
  assert_fails(umbra_ciphertext_move(&out, home, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "needs an output");
  assert_null(out);
  const umbra_ciphertext *in = input[0];
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = move, .user = home, .ins = 1, .outs = 1, .examples = &in};
  assert_fails(umbra_circuit_create(&circuit, s.evaluator, &desc), UMBRA_ERROR_UNSUPPORTED, "cannot be recorded");
  for (int i = 0; i < INPUTS; i++) umbra_ciphertext_destroy(input[i]);
  umbra_context_destroy(stranger);
  umbra_context_destroy(home);
  umbra_params_destroy(other);
  scheme_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back), cmocka_unit_test(outlives_its_context),
                                     cmocka_unit_test(refusals)};
  umbra_emu_set_devices(2);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
