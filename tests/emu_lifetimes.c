/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/*
 * On a device: objects are destroyed in any order, by another thread than made them, and what is recorded runs on. The
 * emulator ends the process at work on memory that was given back.
 */
#include <threads.h>

#include "../kernels/emu/emu.h"
#include "boot.h"

enum { CONTEXT, SECRET, PUBLIC, KEYS, EVALUATOR, CIPHERTEXT, PLAINTEXT, CIRCUIT, KINDS, ORDERS = 40 };

typedef struct objects {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_ciphertext *ciphertext;
  umbra_plaintext *plaintext;
  umbra_circuit *circuit;
} objects;

static const double value = 0.5;

static umbra_status square(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                           void *user) {
  (void)user;
  return umbra_square(e, &outs[0], ins[0]);
}

static void make_circuit(objects *o) {
  const umbra_ciphertext *in = o->ciphertext;
  assert_ok(umbra_circuit_create(
      &o->circuit, o->evaluator,
      &(umbra_circuit_desc){UMBRA_CIRCUIT_DESC_INIT, .body = square, .ins = 1, .outs = 1, .examples = &in}));
  assert_true(umbra_circuit_is_recorded(o->circuit));
}

static void make(objects *o, const umbra_params *params) {
  *o = (objects){0};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "emu:1"};
  assert_ok(umbra_context_create(&o->context, &desc));
  assert_ok(umbra_secret_key_generate(&o->secret, o->context));
  assert_ok(umbra_public_key_generate(&o->public, o->secret));
  o->keys = keys_for(o->secret, needs_of(params, NULL, 0));
  assert_ok(umbra_evaluator_create(&o->evaluator, o->context, o->keys));
  assert_ok(umbra_encode_encrypt(&o->ciphertext, o->public, &value, 1));
  assert_ok(umbra_decrypt(&o->plaintext, o->ciphertext, o->secret));
  make_circuit(o);
}

static void destroy(objects *o, int which) {
  switch (which) {
    case CONTEXT: umbra_context_destroy(o->context); break;
    case SECRET: umbra_secret_key_destroy(o->secret); break;
    case PUBLIC: umbra_public_key_destroy(o->public); break;
    case KEYS: umbra_eval_keys_destroy(o->keys); break;
    case EVALUATOR: umbra_evaluator_destroy(o->evaluator); break;
    case CIPHERTEXT: umbra_ciphertext_destroy(o->ciphertext); break;
    case PLAINTEXT: umbra_plaintext_destroy(o->plaintext); break;
    default: umbra_circuit_destroy(o->circuit); break;
  }
}

typedef struct half {
  objects *o;
  const int *order;
} half;

static int destroy_half(void *user) {
  const half *h = user;
  for (int i = 0; i < KINDS / 2; i++) destroy(h->o, h->order[i]);
  return 0;
}

/* The first half in a thread, the second here. */
static void destroy_in_order(objects *o, const int order[KINDS]) {
  thrd_t thread;
  half first = {o, order}, second = {o, order + KINDS / 2};
  assert_int_equal(thrd_create(&thread, destroy_half, &first), thrd_success);
  assert_int_equal(thrd_join(thread, NULL), thrd_success);
  destroy_half(&second);
}

/* In every second order a handle of the context is left that can tell. */
static void random_orders(void **state) {
  (void)state;
  uint64_t random = 21;
  umbra_params *params = test_params(11, 40, 1);
  for (int number = 0; number < ORDERS; number++) {
    objects o;
    int order[KINDS];
    for (int i = 0; i < KINDS; i++) {
      const int k = (int)below(&random, (uint32_t)i + 1);
      order[i] = order[k];
      order[k] = i;
    }
    make(&o, params);
    umbra_context *watched = number % 2 ? umbra_context_share(o.context) : NULL;
    destroy_in_order(&o, order);
    if (watched) assert_int_equal(umbra_context_memory(watched), 0);
    umbra_context_destroy(watched);
  }
  umbra_params_destroy(params);
}

static void a_circuit_runs_alone(void **state) {
  (void)state;
  objects o;
  umbra_ciphertext *out = NULL;
  double found;
  umbra_params *params = test_params(11, 40, 1);
  make(&o, params);
  umbra_params_destroy(params);
  umbra_context_destroy(o.context);
  umbra_public_key_destroy(o.public);
  umbra_eval_keys_destroy(o.keys);
  umbra_evaluator_destroy(o.evaluator);
  umbra_plaintext_destroy(o.plaintext);
  for (int run = 0; run < 2; run++) {
    const umbra_ciphertext *in = o.ciphertext;
    assert_ok(umbra_circuit_run(o.circuit, &out, &in));
    assert_ok(umbra_decrypt_decode(&found, 1, out, o.secret));
    assert_true(fabs(found - value * value) < 1e-4);
  }
  umbra_ciphertext_destroy(o.ciphertext);
  umbra_secret_key_destroy(o.secret);
  umbra_circuit_destroy(o.circuit);
  umbra_ciphertext_destroy(out);
}

/* Its recording reads the constants of the bootstrapper that it was made with, whatever the evaluator has since. */
static void a_circuit_keeps_what_it_refreshes_with(void **state) {
  (void)state;
  boot b;
  umbra_ciphertext *low = NULL, *out = NULL;
  umbra_encode_options at_bottom = {.struct_size = sizeof at_bottom, .slots = 2};
  umbra_bootstrap_options options = {.struct_size = sizeof options, .slots = 2, .bound = 1, .rounds = 1};
  umbra_plaintext *plain = NULL;
  double found;
  boot_open(&b, boot_twin_40(11), "emu", &options);
  assert_ok(umbra_encode(&plain, b.s.context, &value, 1, &at_bottom));
  assert_ok(umbra_encrypt(&low, b.s.public, plain));
  umbra_plaintext_destroy(plain);
  assert_ok(umbra_evaluator_bootstrap_with(b.s.evaluator, b.bootstrapper));
  objects o = {.evaluator = b.s.evaluator, .ciphertext = low};
  make_circuit(&o);
  assert_ok(umbra_evaluator_bootstrap_with(b.s.evaluator, NULL));
  options.bound = 2; /* other constants take the memory, if that was given back */
  assert_ok(umbra_bootstrap_plan_create(&b.plan, b.s.params, &options));
  assert_ok(umbra_bootstrapper_create(&b.bootstrapper, b.s.context, b.plan, NULL));
  const umbra_ciphertext *in = low;
  assert_ok(umbra_circuit_run(o.circuit, &out, &in));
  assert_ok(umbra_decrypt_decode(&found, 1, out, b.s.secret));
  assert_true(fabs(found - value * value) < 1e-3);
  umbra_circuit_destroy(o.circuit);
  umbra_ciphertext_destroy(low);
  umbra_ciphertext_destroy(out);
  boot_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_orders), cmocka_unit_test(a_circuit_runs_alone),
                                     cmocka_unit_test(a_circuit_keeps_what_it_refreshes_with)};
  umbra_emu_set_devices(2);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
