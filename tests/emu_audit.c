/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu full */
/* A training of one backend is audited by every other that this machine can run, the emulated GPU among them. */
#include "../kernels/kernels.h"
#include "audits.h"

enum { ITERATIONS = 6, KEEP = 2 };

/* The same parameters and keys on another device. */
static void move_to(training *there, const training *t, const char *device) {
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = t->s.params, .device = device};
  size_t size = 0;
  *there = *t;
  there->s.context = NULL;
  there->s.keys = NULL;
  assert_ok(umbra_context_create(&there->s.context, &desc));
  assert_ok(umbra_eval_keys_write(t->s.keys, NULL, &size, NULL));
  void *buffer = malloc(size);
  assert_non_null(buffer);
  assert_ok(umbra_eval_keys_write(t->s.keys, buffer, &size, NULL));
  assert_ok(umbra_eval_keys_read(&there->s.keys, there->s.context, buffer, size, NULL));
  free(buffer);
}

static void audit_on(const training *t, const chain *c, const char *device) {
  training there;
  uint8_t differs[ITERATIONS] = {0};
  move_to(&there, t, device);
  const uint32_t found = audit_all(&there, c, differs);
  if (found) fail_msg("%s: %u segments came out differently", device, found);
  print_message("audited on %s\n", device);
  umbra_eval_keys_destroy(there.s.keys);
  umbra_context_destroy(there.s.context);
}

/* Takes the records over. */
static void audit_everywhere(umbra_records *records, umbra_train_options options) {
  static const char *const devices[] = {"ref", "avx2", "avx512", "emu", "cuda"};
  training t;
  chain c;
  int audited = 0;
  training_open(&t, training_params(), records, options, NULL);
  chain_open(&c, ITERATIONS, KEEP);
  train_on(&t, &c, ITERATIONS);
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    if (!umbra_kernels_get(devices[i])) continue;
    audit_on(&t, &c, devices[i]);
    audited++;
  }
  assert_true(audited >= 2); /* at least the portable one and the emulator */
  chain_close(&c);
  training_close(&t);
}

static void every_backend_agrees(void **state) {
  (void)state;
  umbra_train_options options = audited_options(ITERATIONS);
  audit_everywhere(random_records(30, 3, 1), options);
  options.kind = UMBRA_TRAIN_NETWORK;
  options.loss = UMBRA_LOSS_SQUARED;
  options.outputs = 3;
  options.public_features = 1;
  audit_everywhere(records_of_classes(30, 3, 3, 1), options);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_backend_agrees)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
