/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* What a tracer is told: each call, and what is inside of it; and nothing else changes. */
#include <threads.h>

#include "../boot.h"

enum { MOST = 4000, THREADS = 2, ROUNDS = 10 };

typedef struct trace_log {
  mtx_t lock;
  size_t count;
  umbra_trace_event event[MOST];
} trace_log;

static trace_log told;

static void note(void *user, const umbra_trace_event *event) {
  trace_log *l = user;
  mtx_lock(&l->lock);
  if (l->count < MOST) l->event[l->count++] = *event;
  mtx_unlock(&l->lock);
}

static const umbra_tracer tracer = {note, &told};

static void check_event(const umbra_trace_event *e) {
  assert_int_equal(e->struct_size, sizeof *e);
  assert_true(*e->name && e->thread > 0 && e->start > 0 && e->seconds >= 0);
  assert_true(e->timed && e->device_seconds == e->seconds);
}

/* The last call of that name by the application. */
static const umbra_trace_event *last(const char *name) {
  for (size_t i = told.count; i-- > 0;)
    if (strcmp(told.event[i].name, name) == 0) return &told.event[i];
  fail_msg("no event %s among %zu", name, told.count);
  return NULL;
}

static int inside(const umbra_trace_event *inner, const umbra_trace_event *outer) {
  return inner->depth > outer->depth && inner->thread == outer->thread && inner->start >= outer->start &&
         inner->start + inner->seconds <= outer->start + outer->seconds;
}

static void open_traced(scheme *s, const umbra_tracer *by) {
  const int32_t steps[] = {1, 2};
  scheme_open(s, test_params(12, 40, 3), NULL, steps, 2);
  umbra_context *context = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s->params, .tracer = by};
  assert_ok(umbra_context_create(&context, &desc));
  umbra_evaluator_destroy(s->evaluator);
  s->evaluator = NULL;
  assert_ok(umbra_evaluator_create(&s->evaluator, context, s->keys));
  umbra_context_destroy(context);
  told.count = 0;
}

static umbra_ciphertext *encrypted(const scheme *s) {
  umbra_ciphertext *x = NULL;
  assert_ok(umbra_encode_encrypt(&x, s->public, &(double){0.5}, 1));
  return x;
}

static void each_call_is_told(void **state) {
  (void)state;
  scheme s;
  open_traced(&s, &tracer);
  umbra_ciphertext *x = encrypted(&s), *y = NULL, *many[2] = {NULL, NULL};
  assert_int_equal(told.count, 0); /* that context has no tracer */
  assert_ok(umbra_square(s.evaluator, &y, x));
  assert_ok(umbra_mul(s.evaluator, &y, x, y));
  assert_ok(umbra_rotate(s.evaluator, &y, y, 1));
  assert_ok(umbra_rotate_many(s.evaluator, many, y, (const int32_t[]){1, 2}, 2));
  assert_fails(umbra_rotate(s.evaluator, &y, y, 77), UMBRA_ERROR_MISSING_KEY, "");
  assert_fails(umbra_negate(s.evaluator, &y, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "");
  assert_fails(umbra_negate(NULL, &y, x), UMBRA_ERROR_INVALID_ARGUMENT, "");
  const char *const names[] = {"square", "mul", "rotate", "rotate_many", "rotate", "negate"};
  const uint32_t levels[] = {3, 3, 1, 1, 1, 0};
  assert_int_equal(told.count, 6);
  for (size_t i = 0; i < told.count; i++) {
    check_event(&told.event[i]);
    assert_string_equal(told.event[i].name, names[i]);
    assert_int_equal(told.event[i].level, levels[i]);
    assert_int_equal(told.event[i].depth, 0);
    assert_int_equal(told.event[i].evaluator, told.event[0].evaluator);
    assert_true(told.event[i].evaluator > 0);
    if (i) assert_true(told.event[i].start >= told.event[i - 1].start + told.event[i - 1].seconds);
  }
  for (int i = 0; i < 2; i++) umbra_ciphertext_destroy(many[i]);
  umbra_ciphertext_destroy(y);
  umbra_ciphertext_destroy(x);
  scheme_close(&s);
}

static umbra_status body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)user;
  return umbra_square(e, &outs[0], ins[0]);
}

static void calls_within_calls(void **state) {
  (void)state;
  scheme s;
  open_traced(&s, &tracer);
  umbra_ciphertext *x = encrypted(&s), *y = NULL;
  const umbra_ciphertext *in = x;
  umbra_circuit *circuit = NULL;
  const umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = body, .ins = 1, .outs = 1, .examples = &in};
  assert_ok(umbra_circuit_create(&circuit, s.evaluator, &desc));
  assert_ok(umbra_circuit_run(circuit, &y, &in));
  assert_true(inside(last("square"), last("circuit")));
  assert_ok(umbra_chebyshev_eval(s.evaluator, &y, x, (const double[]){0, 0.5, 0, 0.25}, 3));
  assert_int_equal(last("chebyshev_eval")->depth, 0);
  umbra_circuit_destroy(circuit);
  umbra_ciphertext_destroy(y);
  umbra_ciphertext_destroy(x);
  scheme_close(&s);
}

/* An object through memory and back; told: as many events more, the last with these names. */
static void saving_and_loading_are_told(void **state) {
  (void)state;
  scheme s;
  umbra_context *context = NULL;
  umbra_secret_key *secret = NULL;
  umbra_ciphertext *copy = NULL;
  scheme_open(&s, test_params(12, 40, 3), NULL, NULL, 0);
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s.params, .tracer = &tracer};
  assert_ok(umbra_context_create(&context, &desc));
  umbra_ciphertext *x = encrypted(&s);
  bytes b = ciphertext_bytes(x);
  static uint8_t key[1 << 16];
  size_t size = sizeof key;
  assert_ok(umbra_secret_key_write(s.secret, key, &size, NULL));
  told.count = 0;
  assert_ok(umbra_ciphertext_read(&copy, context, b.data, b.size, NULL));
  assert_ok(umbra_ciphertext_write(copy, b.data, &b.size, NULL));
  assert_fails(umbra_ciphertext_load(&copy, context, "/nowhere", NULL), UMBRA_ERROR_IO, "");
  assert_fails(umbra_ciphertext_save(NULL, "/nowhere", NULL), UMBRA_ERROR_INVALID_ARGUMENT, "");
  assert_ok(umbra_secret_key_read(&secret, context, key, size, NULL));
  const char *const names[] = {"ciphertext_read", "ciphertext_write", "ciphertext_load", "secret_key_read"};
  assert_int_equal(told.count, sizeof names / sizeof *names);
  for (size_t i = 0; i < told.count; i++) {
    check_event(&told.event[i]);
    assert_string_equal(told.event[i].name, names[i]);
    assert_int_equal(told.event[i].evaluator, 0);
  }
  free(b.data);
  umbra_secret_key_destroy(secret);
  umbra_ciphertext_destroy(copy);
  umbra_ciphertext_destroy(x);
  umbra_context_destroy(context);
  scheme_close(&s);
}

/* Its stages, in the order of the standard refresh. */
static void a_refresh_has_stages(void **state) {
  (void)state;
  static const char *const stages[] = {"enter", "coefficients_to_slots", "raise", "sine", "slots_to_coefficients"};
  boot b;
  boot_open(&b, boot_twin_40(11), NULL, NULL);
  umbra_context *context = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrapper *bootstrapper = NULL;
  umbra_ciphertext *x = encrypted(&b.s), *y = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = b.s.params, .tracer = &tracer};
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_evaluator_create(&evaluator, context, b.s.keys));
  assert_ok(umbra_bootstrap_plan_create(&plan, b.s.params, NULL));
  assert_ok(umbra_bootstrapper_create(&bootstrapper, context, plan, NULL));
  told.count = 0;
  assert_ok(umbra_bootstrap(evaluator, &y, x, bootstrapper));
  const umbra_trace_event *whole = last("bootstrap");
  assert_ptr_equal(whole, &told.event[told.count - 1]);
  assert_int_equal(whole->depth, 0);
  for (size_t i = 0; i < told.count; i++) check_event(&told.event[i]);
  for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
    assert_true(inside(last(stages[i]), whole));
    if (i) assert_true(last(stages[i])->start >= last(stages[i - 1])->start);
  }
  assert_true(inside(last("raise"), last("coefficients_to_slots")));
  assert_true(inside(last("transform"), last("slots_to_coefficients")));
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  umbra_bootstrapper_destroy(bootstrapper);
  umbra_bootstrap_plan_destroy(plan);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(context);
  boot_close(&b);
}

/* ---- without an evaluator ---- */

static void owners_calls_are_told(void **state) {
  (void)state;
  umbra_params *params = test_params(12, 40, 1);
  umbra_context *context = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .tracer = &tracer};
  scheme s = {.params = params};
  umbra_ciphertext *x = NULL;
  double value = 0.5;
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_secret_key_generate(&s.secret, context));
  assert_ok(umbra_public_key_generate(&s.public, s.secret));
  told.count = 0;
  assert_ok(umbra_encode_encrypt(&x, s.public, &value, 1));
  assert_ok(umbra_decrypt_decode(&value, 1, x, s.secret));
  assert_true(inside(last("encode"), last("encode_encrypt")) && inside(last("encrypt"), last("encode_encrypt")));
  assert_int_equal(last("decrypt_decode")->level, 1);
  assert_int_equal(last("decrypt_decode")->evaluator, 0);
  umbra_ciphertext_destroy(x);
  umbra_public_key_destroy(s.public);
  umbra_secret_key_destroy(s.secret);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

/* ---- threads ---- */

static int square_often(void *user) {
  const umbra_ciphertext *x = ((umbra_ciphertext **)user)[0];
  umbra_evaluator *evaluator = ((umbra_evaluator **)user)[1];
  umbra_ciphertext *y = NULL;
  int failed = 0;
  for (int i = 0; i < ROUNDS; i++) failed += umbra_square(evaluator, &y, x) != UMBRA_OK;
  umbra_ciphertext_destroy(y);
  return failed;
}

static void threads_and_evaluators_have_numbers(void **state) {
  (void)state;
  scheme s;
  open_traced(&s, &tracer);
  umbra_ciphertext *x = encrypted(&s);
  umbra_context *context = NULL;
  umbra_evaluator *evaluator[THREADS] = {NULL};
  thrd_t thread[THREADS];
  void *job[THREADS][2];
  size_t of_thread[THREADS] = {0};
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s.params, .tracer = &tracer};
  assert_ok(umbra_context_create(&context, &desc));
  for (int i = 0; i < THREADS; i++) {
    assert_ok(umbra_evaluator_create(&evaluator[i], context, s.keys));
    job[i][0] = x, job[i][1] = evaluator[i];
    assert_int_equal(thrd_create(&thread[i], square_often, job[i]), thrd_success);
  }
  for (int i = 0; i < THREADS; i++) {
    int failed = 1;
    thrd_join(thread[i], &failed);
    assert_int_equal(failed, 0);
    umbra_evaluator_destroy(evaluator[i]);
  }
  assert_int_equal(told.count, THREADS * ROUNDS);
  const umbra_trace_event *first = &told.event[0];
  for (size_t i = 0; i < told.count; i++) {
    const umbra_trace_event *e = &told.event[i];
    assert_int_equal(e->evaluator == first->evaluator, e->thread == first->thread);
    assert_int_equal(e->depth, 0);
    of_thread[e->thread == first->thread]++;
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(of_thread[i], ROUNDS);
  umbra_context_destroy(context);
  umbra_ciphertext_destroy(x);
  scheme_close(&s);
}

/* ---- nothing else changes ---- */

static void bits_stay(void **state) {
  (void)state;
  scheme plain, traced;
  const int32_t steps[] = {1};
  const umbra_tracer nobody = {NULL, NULL};
  scheme_open(&plain, test_params(12, 40, 3), NULL, steps, 1);
  umbra_ciphertext *x = encrypted(&plain), *y[3] = {NULL, NULL, NULL};
  const umbra_tracer *const tracers[] = {NULL, &nobody, &tracer};
  bytes written[3];
  for (int i = 0; i < 3; i++) {
    const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = plain.params, .tracer = tracers[i]};
    traced = (scheme){0};
    assert_ok(umbra_context_create(&traced.context, &desc));
    assert_ok(umbra_evaluator_create(&traced.evaluator, traced.context, plain.keys));
    assert_ok(umbra_square(traced.evaluator, &y[i], x));
    assert_ok(umbra_rotate(traced.evaluator, &y[i], y[i], 1));
    assert_ok(umbra_ciphertext_write(y[i], NULL, &written[i].size, NULL));
    written[i].data = malloc(written[i].size);
    assert_ok(umbra_ciphertext_write(y[i], written[i].data, &written[i].size, NULL));
    assert_true(same_bytes(&written[0], &written[i]));
    umbra_ciphertext_destroy(y[i]);
    umbra_evaluator_destroy(traced.evaluator);
    umbra_context_destroy(traced.context);
  }
  for (int i = 0; i < 3; i++) free(written[i].data);
  umbra_ciphertext_destroy(x);
  scheme_close(&plain);
}

static int open_log(void **state) {
  (void)state;
  return mtx_init(&told.lock, mtx_plain) != thrd_success;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_call_is_told),
      cmocka_unit_test(calls_within_calls),
      cmocka_unit_test(saving_and_loading_are_told),
      cmocka_unit_test(a_refresh_has_stages),
      cmocka_unit_test(owners_calls_are_told),
      cmocka_unit_test(threads_and_evaluators_have_numbers),
      cmocka_unit_test(bits_stay),
  };
  return cmocka_run_group_tests(tests, open_log, NULL);
}
