/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/* labels: emu quick UMBRA_EMU_QUEUE=deferred */
/* Traces on a device whose work goes on after a call: events come when it has been waited for, with its own times. */
#include "../kernels/emu/emu.h"
#include "host/base/watch.h"
#include "scheme.h"

enum { MOST = 20000 };

static umbra_trace_event told[MOST];
static size_t count;

static void note(void *user, const umbra_trace_event *event) {
  (void)user;
  if (count < MOST) told[count++] = *event;
}

static const umbra_tracer tracer = {note, NULL};

static void traced_open(scheme *s, const umbra_tracer *by) {
  *s = (scheme){.params = test_params(11, 40, 2)};
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s->params, .device = "emu", .tracer = by};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  assert_ok(umbra_public_key_generate(&s->public, s->secret));
  s->keys = keys_for(s->secret, needs_of(s->params, NULL, 0));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
}

static umbra_ciphertext *encrypted(const scheme *s) {
  umbra_ciphertext *x = NULL;
  assert_ok(umbra_encode_encrypt(&x, s->public, &(double){0.5}, 1));
  return x;
}

static void assert_told(size_t i, const char *name, uint32_t depth) {
  assert_true(i < count);
  assert_string_equal(told[i].name, name);
  assert_int_equal(told[i].depth, depth);
  assert_true(told[i].timed && told[i].seconds >= 0 && told[i].device_seconds >= 0);
}

static void events_wait_for_the_device(void **state) {
  (void)state;
  scheme s;
  traced_open(&s, &tracer);
  umbra_ciphertext *x = encrypted(&s), *y = NULL;
  count = 0;
  assert_ok(umbra_mul_add(s.evaluator, &y, x, x, x));
  assert_ok(umbra_negate(s.evaluator, &y, y));
  assert_int_equal(count, 0);
  assert_ok(umbra_evaluator_wait(s.evaluator));
  assert_int_equal(count, 4);
  assert_told(0, "mul", 1);
  assert_told(1, "add", 1);
  assert_told(2, "mul_add", 0);
  assert_told(3, "negate", 0);
  assert_true(told[2].device_seconds > 0);
  assert_true(told[0].device_seconds <= told[2].device_seconds);
  assert_ok(umbra_negate(s.evaluator, &y, y));
  umbra_evaluator_destroy(s.evaluator);
  s.evaluator = NULL;
  assert_int_equal(count, 5);
  assert_told(4, "negate", 0);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  scheme_close(&s);
}

static umbra_status body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)user;
  umbra_status status = umbra_square(e, &outs[0], ins[0]);
  return status == UMBRA_OK ? umbra_negate(e, &outs[0], outs[0]) : status;
}

/* The body is called twice when it is recorded, and does something the first time. */
static void a_recorded_run_is_one_event(void **state) {
  (void)state;
  scheme s;
  traced_open(&s, &tracer);
  umbra_ciphertext *x = encrypted(&s), *y = NULL;
  const umbra_ciphertext *in = x;
  umbra_circuit *circuit = NULL;
  const umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = body, .ins = 1, .outs = 1, .examples = &in};
  count = 0;
  assert_ok(umbra_circuit_create(&circuit, s.evaluator, &desc));
  assert_true(umbra_circuit_is_recorded(circuit));
  assert_ok(umbra_evaluator_wait(s.evaluator));
  assert_int_equal(count, 3);
  assert_told(0, "square", 1);
  assert_told(1, "negate", 1);
  assert_told(2, "circuit_create", 0);
  for (int i = 0; i < 3; i++) assert_ok(umbra_circuit_run(circuit, &y, &in));
  assert_ok(umbra_evaluator_wait(s.evaluator));
  assert_int_equal(count, 6);
  for (size_t i = 3; i < 6; i++) assert_told(i, "circuit", 0);
  assert_true(told[5].device_seconds > 0);
  umbra_circuit_destroy(circuit);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  scheme_close(&s);
}

/* Whoever never waits is waited for, so that events do not pile up for ever. */
static void not_too_many_are_kept(void **state) {
  (void)state;
  scheme s;
  traced_open(&s, &tracer);
  umbra_ciphertext *x = encrypted(&s), *y = NULL;
  count = 0;
  umbra_emu_set_dry(1);
  for (int i = 0; i < 9000; i++) assert_ok(umbra_negate(s.evaluator, &y, x));
  assert_in_range(count, 8000, 8999);
  assert_ok(umbra_evaluator_wait(s.evaluator));
  assert_int_equal(count, 9000);
  for (size_t i = 0; i < count; i++) assert_told(i, "negate", 0);
  umbra_emu_set_dry(0);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  scheme_close(&s);
}

typedef struct late {
  umbra_evaluator *evaluator;
  uint32_t reports, at; /* of a call, and the last of them */
} late;

static int ask_late(void *user, double fraction) {
  (void)fraction;
  late *l = user;
  if (++l->reports == l->at) umbra_evaluator_cancel(l->evaluator);
  return 0;
}

/* A request that comes when a call is done is for the next one, also where events are waited for in between. */
static void requests_are_not_lost(void **state) {
  (void)state;
  scheme s;
  traced_open(&s, &tracer);
  umbra_ciphertext *x = encrypted(&s), *y = NULL;
  late l = {.evaluator = s.evaluator};
  umbra_watch_interval(0);
  umbra_evaluator_watch(s.evaluator, &(umbra_progress){ask_late, &l});
  assert_ok(umbra_negate(s.evaluator, &y, x));
  l.at = l.reports;
  count = 0;
  umbra_emu_set_dry(1);
  for (int i = 0; i < 9000; i++) {
    l.reports = 0;
    assert_int_equal(umbra_negate(s.evaluator, &y, x), i % 2 ? UMBRA_ERROR_CANCELLED : UMBRA_OK);
  }
  assert_in_range(count, 8000, 8999);
  umbra_evaluator_watch(s.evaluator, NULL);
  umbra_emu_set_dry(0);
  umbra_watch_interval(0.1);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  scheme_close(&s);
}

/* A call that fails leaves its range, and events come without device time. */
static void failures(void **state) {
  (void)state;
  scheme s;
  traced_open(&s, &tracer);
  umbra_ciphertext *x = encrypted(&s), *y = NULL;
  for (uint64_t n = 1; n < 12; n++) {
    umbra_emu_fail(UMBRA_EMU_FAIL_CALL, n);
    (void)!umbra_rotate(s.evaluator, &y, x, 1);
    assert_int_equal(umbra_emu_range_depth(), 0);
  }
  umbra_emu_fail(UMBRA_EMU_FAIL_CALL, 0);
  (void)!umbra_evaluator_wait(s.evaluator);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  scheme_close(&s);
}

static void tools_learn_the_names(void **state) {
  (void)state;
  for (int watched = 0; watched < 2; watched++) {
    scheme s;
    if (watched) setenv("NVTX_INJECTION64_PATH", "a tool", 1);
    traced_open(&s, NULL);
    umbra_ciphertext *x = encrypted(&s), *y = NULL;
    const uint64_t before = umbra_emu_counted(UMBRA_EMU_RANGES);
    count = 0;
    assert_ok(umbra_mul_add(s.evaluator, &y, x, x, x));
    assert_int_equal(umbra_emu_counted(UMBRA_EMU_RANGES) - before, watched ? 3 : 0);
    assert_int_equal(umbra_emu_range_depth(), 0);
    assert_ok(umbra_evaluator_wait(s.evaluator));
    assert_int_equal(count, 0);
    unsetenv("NVTX_INJECTION64_PATH");
    umbra_ciphertext_destroy(x);
    umbra_ciphertext_destroy(y);
    scheme_close(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_wait_for_the_device),
      cmocka_unit_test(a_recorded_run_is_one_event),
      cmocka_unit_test(not_too_many_are_kept),
      cmocka_unit_test(requests_are_not_lost),
      cmocka_unit_test(failures),
      cmocka_unit_test(tools_learn_the_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
