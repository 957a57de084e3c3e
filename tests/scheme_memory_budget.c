/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/* labels: emu quick UMBRA_EMU_QUEUE=deferred */
/* labels: emu quick UMBRA_EMU_QUEUE=copies */
/*
 * Keys and plaintexts that are larger than the memory that the device may use: they leave it and come back, the limit
 * holds at every moment, and results are those of a device with memory for all. What is known to be needed next comes
 * beside the work before it.
 */
#include "../kernels/emu/emu.h"
#include "host/ckks/plain_sums.h"
#include "scheme.h"

enum { ROTATIONS = 16, TOGETHER = 4, PLAINTEXTS = 12, SUMS = 2 };

static const int32_t steps[ROTATIONS] = {1, 2, 3, -1, -2, 7, 9, 11, 12, 13, 14, 15, 17, 18, 19, 20};

/* A server's side: everything but the secret key, on the emulated GPU with some memory. */
typedef struct server {
  umbra_context *context;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_ciphertext *x;
  umbra_plaintext *plain[PLAINTEXTS];
} server;

static void server_open(server *s, const umbra_params *params, uint64_t limit, const bytes *keys, const bytes *x) {
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "emu", .memory_limit = limit};
  *s = (server){0};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_eval_keys_read(&s->keys, s->context, keys->data, keys->size, NULL));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
  assert_ok(umbra_ciphertext_read(&s->x, s->context, x->data, x->size, NULL));
  for (int i = 0; i < PLAINTEXTS; i++) {
    const double values[2] = {i, 1.0 / (i + 1)};
    assert_ok(umbra_encode(&s->plain[i], s->context, values, 2, NULL));
  }
}

static void server_close(server *s) {
  for (int i = 0; i < PLAINTEXTS; i++) umbra_plaintext_destroy(s->plain[i]);
  umbra_ciphertext_destroy(s->x);
  umbra_evaluator_destroy(s->evaluator);
  umbra_eval_keys_destroy(s->keys);
  assert_int_equal(umbra_context_memory(s->context), 0);
  umbra_context_destroy(s->context);
}

/* Something of everything, twice, since the second time all of it has been away. */
static bytes compute(const server *s, uint64_t limit) {
  umbra_ciphertext *sum = NULL, *turned[TOGETHER] = {NULL};
  assert_ok(umbra_square(s->evaluator, &sum, s->x));
  for (int round = 0; round < 2; round++) {
    assert_ok(umbra_rotate_many(s->evaluator, turned, sum, steps, TOGETHER));
    for (int i = 0; i < ROTATIONS; i++) {
      if (i < TOGETHER) assert_ok(umbra_add(s->evaluator, &sum, sum, turned[i]));
      assert_ok(umbra_rotate(s->evaluator, &sum, sum, steps[i]));
      assert_true(umbra_context_memory(s->context) <= limit);
    }
    for (int i = 0; i < PLAINTEXTS; i++) {
      assert_ok(umbra_add_plain(s->evaluator, &sum, sum, s->plain[i]));
      assert_true(umbra_context_memory(s->context) <= limit);
    }
  }
  bytes b = ciphertext_bytes(sum);
  for (int i = 0; i < TOGETHER; i++) umbra_ciphertext_destroy(turned[i]);
  umbra_ciphertext_destroy(sum);
  return b;
}

/* Bytes that the server holds when all of its keys and plaintexts are on the device. */
static uint64_t full_size(const umbra_params *params, const bytes *keys, const bytes *x) {
  server s;
  server_open(&s, params, 0, keys, x);
  const uint64_t size = umbra_context_memory(s.context);
  server_close(&s);
  return size;
}

static void results(void **state) {
  (void)state;
  scheme owner;
  umbra_ciphertext *x = NULL;
  const double values[4] = {0.5, -0.25, 0.125, 1};
  scheme_open(&owner, test_params(11, 40, 3), "cpu", steps, ROTATIONS);
  assert_ok(umbra_encode_encrypt(&x, owner.public, values, 4));
  bytes keys = keys_bytes(owner.keys), input = ciphertext_bytes(x), expected = {0};
  const uint64_t full = full_size(owner.params, &keys, &input);
  for (int part = 0; part < 3; part++) { /* no limit, three quarters, and room for few keys at a time */
    const uint64_t limit = part == 0 ? UINT64_MAX : part == 1 ? full * 3 / 4 : full / 4;
    server s;
    server_open(&s, owner.params, part ? limit : 0, &keys, &input);
    assert_true(umbra_context_memory(s.context) <= limit);
    bytes found = compute(&s, limit);
    if (!part) {
      expected = found;
    } else {
      assert_int_equal(found.size, expected.size);
      assert_memory_equal(found.data, expected.data, found.size);
      bytes again = keys_bytes(s.keys);
      assert_memory_equal(again.data, keys.data, keys.size);
      free(again.data);
      free(found.data);
    }
    server_close(&s);
  }
  free(expected.data);
  free(input.data);
  free(keys.data);
  umbra_ciphertext_destroy(x);
  scheme_close(&owner);
}

/* Rotations of one input, then one sum of products with all plaintexts, or several side by side with some each. */
typedef struct batch {
  int outs;
  bytes out[ROTATIONS + SUMS];
  uint64_t ahead[2]; /* uploads that ran beside kernels: of keys, of plaintexts */
} batch;

static batch compute_batch(const server *s, int sums) {
  batch b = {.outs = ROTATIONS + sums};
  umbra_ciphertext *out[ROTATIONS + SUMS] = {NULL};
  const umbra_ciphertext *factor[PLAINTEXTS];
  const umbra_plaintext *const *plain = (const umbra_plaintext *const *)s->plain;
  umbra_plain_sum sum[SUMS];
  const int terms = PLAINTEXTS / sums;
  for (int i = 0; i < PLAINTEXTS; i++) factor[i] = s->x;
  for (int i = 0; i < sums; i++) sum[i] = (umbra_plain_sum){factor, plain + i * terms, (size_t)terms};
  const uint64_t before = umbra_emu_counted(UMBRA_EMU_OVERLAPS);
  assert_ok(umbra_rotate_many(s->evaluator, out, s->x, steps, ROTATIONS));
  const uint64_t between = umbra_emu_counted(UMBRA_EMU_OVERLAPS);
  assert_ok(umbra_dot_plain_each(s->evaluator, &out[ROTATIONS], sum, (size_t)sums));
  b.ahead[0] = between - before;
  b.ahead[1] = umbra_emu_counted(UMBRA_EMU_OVERLAPS) - between;
  for (int i = 0; i < b.outs; i++) {
    b.out[i] = ciphertext_bytes(out[i]);
    umbra_ciphertext_destroy(out[i]);
  }
  return b;
}

static void assert_same_outputs(const batch *found, const batch *expected) {
  for (int i = 0; i < expected->outs; i++) {
    assert_int_equal(found->out[i].size, expected->out[i].size);
    assert_memory_equal(found->out[i].data, expected->out[i].data, found->out[i].size);
  }
}

static void destroy_batch(batch *b) {
  for (int i = 0; i < b->outs; i++) free(b->out[i].data);
}

/* Of batches, most keys and plaintexts that are away come beside the work before them; the results are the same. */
static void check_ahead(const scheme *owner, const bytes *keys, const bytes *input, int sums) {
  server s;
  server_open(&s, owner->params, 0, keys, input);
  batch expected = compute_batch(&s, sums);
  assert_true(expected.ahead[0] == 0 && expected.ahead[1] == 0);
  server_close(&s);
  server_open(&s, owner->params, full_size(owner->params, keys, input) * 5 / 8, keys, input);
  for (int round = 0; round < 3; round++) {
    batch found = compute_batch(&s, sums);
    assert_in_range(found.ahead[0], ROTATIONS / 2, ROTATIONS);
    assert_in_range(found.ahead[1], PLAINTEXTS / 2, PLAINTEXTS);
    assert_same_outputs(&found, &expected);
    destroy_batch(&found);
  }
  destroy_batch(&expected);
  server_close(&s);
}

static void ahead(void **state) {
  (void)state;
  scheme owner;
  umbra_ciphertext *x = NULL;
  const double values[4] = {0.5, -0.25, 0.125, 1};
  scheme_open(&owner, test_params(11, 40, 3), "cpu", steps, ROTATIONS);
  assert_ok(umbra_encode_encrypt(&x, owner.public, values, 4));
  bytes keys = keys_bytes(owner.keys), input = ciphertext_bytes(x);
  for (int sums = 1; sums <= SUMS; sums++) check_ahead(&owner, &keys, &input, sums);
  free(input.data);
  free(keys.data);
  umbra_ciphertext_destroy(x);
  scheme_close(&owner);
}

static umbra_status turn_back(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                              void *user) {
  (void)user;
  return umbra_rotate(e, &outs[0], ins[0], steps[0]);
}

/* The key of a recording stays where it was recorded, whatever else needs memory. */
static void recorded_keys_stay(void **state) {
  (void)state;
  scheme owner;
  server s;
  umbra_ciphertext *x = NULL, *out = NULL, *direct = NULL;
  const double values[4] = {0.5, -0.25, 0.125, 1};
  scheme_open(&owner, test_params(11, 40, 3), "cpu", steps, ROTATIONS);
  assert_ok(umbra_encode_encrypt(&x, owner.public, values, 4));
  bytes keys = keys_bytes(owner.keys), input = ciphertext_bytes(x);
  const uint64_t limit = full_size(owner.params, &keys, &input) / 2;
  server_open(&s, owner.params, limit, &keys, &input);
  const umbra_ciphertext *in = s.x;
  umbra_circuit *circuit = NULL;
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = turn_back, .ins = 1, .outs = 1, .examples = &in};
  assert_ok(umbra_rotate(s.evaluator, &direct, s.x, steps[0]));
  assert_ok(umbra_circuit_create(&circuit, s.evaluator, &desc));
  bytes other = compute(&s, limit), expected = ciphertext_bytes(direct);
  assert_ok(umbra_circuit_run(circuit, &out, &in));
  assert_true(has_bytes(out, &expected));
  free(other.data);
  free(expected.data);
  free(input.data);
  free(keys.data);
  umbra_circuit_destroy(circuit);
  umbra_ciphertext_destroy(out);
  umbra_ciphertext_destroy(direct);
  server_close(&s);
  umbra_ciphertext_destroy(x);
  scheme_close(&owner);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(results), cmocka_unit_test(ahead),
                                     cmocka_unit_test(recorded_keys_stay)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
