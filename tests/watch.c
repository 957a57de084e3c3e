/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Watching and stopping: every kernel call of an operation is asked for, or the strips that it is part of, so stopping at
 * report k is stopping before what comes k-th. A call that is stopped says so and changes nothing; what it worked with can be used as before.
 */
#include <signal.h>
#include <threads.h>

#include "host/ckks/ciphertext_internal.h"
#include "host/device/session_internal.h"
#include "host/ring/ring_internal.h"
#include "watch.h"

/* ---- operations ---- */

static umbra_status product(fixture *f, umbra_ciphertext **outs) {
  return umbra_mul(f->b.s.evaluator, &outs[0], f->x, f->y);
}

static umbra_status sum(fixture *f, umbra_ciphertext **outs) {
  return umbra_add(f->b.s.evaluator, &outs[0], f->x, f->low);
}

static umbra_status rotations(fixture *f, umbra_ciphertext **outs) {
  const int32_t steps[OUTPUTS] = {1, 0, 3};
  return umbra_rotate_many(f->b.s.evaluator, outs, f->x, steps, OUTPUTS);
}

static umbra_status polynomial(fixture *f, umbra_ciphertext **outs) {
  const double coefficients[] = {0.5, 0.25, -0.125, 0.5, 0.0625, 0.25};
  return umbra_chebyshev_eval(f->b.s.evaluator, &outs[0], f->x, coefficients, 5);
}

static umbra_status refresh(fixture *f, umbra_ciphertext **outs) {
  return umbra_bootstrap(f->b.s.evaluator, &outs[0], f->low, f->b.bootstrapper);
}

static umbra_status refreshes(fixture *f, umbra_ciphertext **outs) {
  const umbra_ciphertext *const ins[] = {f->low, f->y};
  return umbra_bootstrap_many(f->b.s.evaluator, outs, ins, 2, f->b.bootstrapper);
}

static umbra_status refreshed_pair(fixture *f, umbra_ciphertext **outs) {
  return umbra_bootstrap_pair(f->b.s.evaluator, &outs[0], &outs[1], f->low, f->y, f->b.bootstrapper);
}

/* A product that lacks a level, and refreshes first. */
static umbra_status refreshed_product(fixture *f, umbra_ciphertext **outs) {
  assert_ok(umbra_evaluator_bootstrap_with(f->b.s.evaluator, f->b.bootstrapper));
  umbra_status status = umbra_square(f->b.s.evaluator, &outs[0], f->low);
  assert_ok(umbra_evaluator_bootstrap_with(f->b.s.evaluator, NULL));
  return status;
}

static void products(void **state) { stop_everywhere(*state, product, 200); }
static void sums(void **state) { stop_everywhere(*state, sum, 200); }
static void many_rotations(void **state) { stop_everywhere(*state, rotations, 200); }
static void polynomials(void **state) { stop_everywhere(*state, polynomial, 60); }
static void a_refresh(void **state) { stop_everywhere(*state, refresh, 20); }
static void several_refreshes(void **state) { stop_everywhere(*state, refreshes, 6); }
static void a_pair(void **state) { stop_everywhere(*state, refreshed_pair, 8); }
static void a_refresh_on_demand(void **state) { stop_everywhere(*state, refreshed_product, 8); }

/* ---- who asks, and when ---- */

static void before_the_call(void **state) {
  fixture *f = *state;
  umbra_evaluator *evaluator = f->b.s.evaluator;
  umbra_ciphertext *out = NULL;
  umbra_evaluator_cancel(evaluator);
  umbra_evaluator_cancel(evaluator);
  assert_fails(umbra_mul(evaluator, &out, f->x, f->y), UMBRA_ERROR_CANCELLED, "cancelled");
  assert_null(out);
  assert_ok(umbra_mul(evaluator, &out, f->x, f->y));
  umbra_ciphertext_destroy(out);
}

static umbra_evaluator *signalled;
static void on_signal(int signal) {
  (void)signal;
  umbra_evaluator_cancel(signalled);
}

static int raise_signal(void *user, double fraction) {
  (void)fraction;
  return ++*(int *)user == 5 ? raise(SIGUSR1) : 0;
}

static void from_a_signal_handler(void **state) {
  fixture *f = *state;
  umbra_ciphertext *out = NULL;
  int reports = 0;
  signalled = f->b.s.evaluator;
  const struct sigaction handler = {.sa_handler = on_signal};
  assert_int_equal(sigaction(SIGUSR1, &handler, NULL), 0);
  umbra_evaluator_watch(signalled, &(umbra_progress){raise_signal, &reports});
  assert_fails(umbra_mul(signalled, &out, f->x, f->y), UMBRA_ERROR_CANCELLED, "cancelled");
  umbra_evaluator_watch(signalled, NULL);
  assert_int_equal(reports, 5);
  assert_null(out);
  signal(SIGUSR1, SIG_DFL);
}

static int cancel_it(void *evaluator) {
  umbra_evaluator_cancel(evaluator);
  return 0;
}

static int in_a_thread(void *user, double fraction) {
  (void)fraction;
  thrd_t other;
  assert_int_equal(thrd_create(&other, cancel_it, user), thrd_success);
  return thrd_join(other, NULL) != thrd_success;
}

static void from_another_thread(void **state) {
  fixture *f = *state;
  umbra_ciphertext *out = NULL;
  umbra_evaluator_watch(f->b.s.evaluator, &(umbra_progress){in_a_thread, f->b.s.evaluator});
  assert_fails(umbra_mul(f->b.s.evaluator, &out, f->x, f->y), UMBRA_ERROR_CANCELLED, "cancelled");
  umbra_evaluator_watch(f->b.s.evaluator, NULL);
  assert_null(out);
}

/* The first report comes at once, however short ago another watcher had the last one. */
static void each_watcher_is_told(void **state) {
  fixture *f = *state;
  umbra_ciphertext *out = NULL;
  umbra_watch_interval(1e9);
  for (int i = 0; i < 2; i++) {
    watcher w = {0};
    umbra_evaluator_watch(f->b.s.evaluator, &(umbra_progress){look, &w});
    assert_ok(umbra_negate(f->b.s.evaluator, &out, f->x));
    assert_ok(umbra_negate(f->b.s.evaluator, &out, f->x));
    assert_int_equal(w.reports, 1);
  }
  umbra_evaluator_watch(f->b.s.evaluator, NULL);
  umbra_watch_interval(0);
  umbra_ciphertext_destroy(out);
}

/*
 * ---- reports come often enough: one before each kernel call, and one before the first ----
 * With one thread: several do strips of limbs, of a few kernels each, between two questions.
 */

static const umbra_kernels *real;
static uint32_t kernels_since;

static void note_kernel(void) {
  if (++kernels_since > 1) fail_msg("%u kernel calls without a question", kernels_since);
}

#define NOTED(kernel, parameters, arguments) \
  static void noted_##kernel parameters {    \
    note_kernel();                           \
    real->kernel arguments;                  \
  }
NOTED(ntt_forward, (umbra_stream * s, const umbra_view *v), (s, v))
NOTED(ntt_inverse, (umbra_stream * s, const umbra_view *d, const umbra_view *v, const uint32_t *c), (s, d, v, c))
NOTED(mul, (umbra_stream * s, const umbra_view *d, const umbra_view *a, const umbra_view *b), (s, d, a, b))
NOTED(add, (umbra_stream * s, const umbra_view *d, const umbra_view *a, const umbra_view *b), (s, d, a, b))
NOTED(tensor, (umbra_stream * s, const umbra_view *d, const umbra_view *a, const umbra_view *b, int sum_up),
      (s, d, a, b, sum_up))
NOTED(convert, (umbra_stream * s, const umbra_view *d, const umbra_view *v, const umbra_conversion *c, uint32_t first),
      (s, d, v, c, first))
NOTED(plain_products,
      (umbra_stream * s, const umbra_view *d, const umbra_view *p, const umbra_view *a, uint32_t terms, uint32_t gap),
      (s, d, p, a, terms, gap))

static int look_at_kernels(void *user, double fraction) {
  (void)fraction;
  kernels_since = 0;
  ++*(uint32_t *)user;
  return 0;
}

static void no_kernel_goes_unasked(void **state) {
  fixture *f = *state;
  umbra_ring *ring = f->b.s.context->ring;
  umbra_kernels noted = *(real = ring->kernels);
  umbra_ciphertext *out = NULL;
  uint32_t reports = 0;
  noted.ntt_forward = noted_ntt_forward;
  noted.ntt_inverse = noted_ntt_inverse;
  noted.mul = noted_mul;
  noted.add = noted_add;
  noted.tensor = noted_tensor;
  noted.convert = noted_convert;
  noted.conversions = NULL;
  noted.plain_products = noted_plain_products;
  ring->kernels = &noted;
  const uint32_t threads = ring->session->threads;
  ring->session->threads = 1;
  kernels_since = 1; /* not even the first */
  umbra_evaluator_watch(f->b.s.evaluator, &(umbra_progress){look_at_kernels, &reports});
  assert_ok(umbra_mul(f->b.s.evaluator, &out, f->x, f->y));
  assert_ok(umbra_bootstrap(f->b.s.evaluator, &out, f->low, f->b.bootstrapper));
  umbra_evaluator_watch(f->b.s.evaluator, NULL);
  ring->kernels = real;
  ring->session->threads = threads;
  assert_true(reports > 100);
  umbra_ciphertext_destroy(out);
}

/* A refresh knows how far it is. */
static int note_fraction(void *user, double fraction) {
  *(double *)user = fraction;
  return 0;
}

static void fractions_of_a_refresh(void **state) {
  fixture *f = *state;
  umbra_ciphertext *out = NULL;
  double last = -1;
  umbra_evaluator_watch(f->b.s.evaluator, &(umbra_progress){note_fraction, &last});
  assert_ok(umbra_bootstrap(f->b.s.evaluator, &out, f->low, f->b.bootstrapper));
  assert_true(last > 0.99);
  assert_ok(umbra_negate(f->b.s.evaluator, &out, out));
  assert_true(last == 0);
  umbra_evaluator_watch(f->b.s.evaluator, NULL);
  umbra_ciphertext_destroy(out);
}

static umbra_status refresh_twice(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                                  void *bootstrapper) {
  umbra_status status = umbra_bootstrap(e, &outs[0], ins[0], bootstrapper);
  return status == UMBRA_OK ? umbra_bootstrap(e, &outs[0], ins[0], bootstrapper) : status;
}

/* It goes up within a call, whatever that calls, and begins again with the next. */
static void fractions_of_calls_within_calls(void **state) {
  fixture *f = *state;
  umbra_evaluator *evaluator = f->b.s.evaluator;
  umbra_ciphertext *low = NULL, *out = NULL;
  const umbra_ciphertext *const ins[] = {f->low};
  umbra_circuit *circuit = NULL;
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = refresh_twice, .ins = 1, .outs = 1, .examples = ins};
  desc.user = f->b.bootstrapper;
  assert_ok(umbra_negate(evaluator, &low, f->low));
  assert_ok(umbra_circuit_create(&circuit, evaluator, &desc));
  assert_ok(umbra_evaluator_bootstrap_with(evaluator, f->b.bootstrapper));
  for (int call = 0; call < 4; call++) {
    watcher w = {0};
    umbra_evaluator_watch(evaluator, &(umbra_progress){look, &w});
    if (call == 2) assert_ok(umbra_mul_add(evaluator, &out, f->low, low, f->low));
    else if (call == 3) assert_ok(umbra_circuit_run(circuit, &out, ins));
    else assert_ok(umbra_bootstrap_many(evaluator, &out, ins, 1, f->b.bootstrapper));
    assert_true(call == 3 ? w.fraction < 0.01 : w.fraction > 0.99);
    assert_true(w.first == 0);
  }
  umbra_evaluator_watch(evaluator, NULL);
  assert_ok(umbra_evaluator_bootstrap_with(evaluator, NULL));
  umbra_circuit_destroy(circuit);
  umbra_ciphertext_destroy(low);
  umbra_ciphertext_destroy(out);
}

/* Whoever watched may be gone. */
static void destroying_is_no_work(void **state) {
  const fixture *f = *state;
  umbra_evaluator *evaluator = NULL;
  watcher w = {0};
  assert_ok(umbra_evaluator_create(&evaluator, f->b.s.context, f->b.s.keys));
  umbra_evaluator_watch(evaluator, &(umbra_progress){look, &w});
  umbra_evaluator_destroy(evaluator);
  assert_int_equal(w.reports, 0);
}

/* ---- what has no evaluator ---- */

static umbra_status make_bootstrapper(const fixture *f, const umbra_progress *progress, umbra_bootstrapper **made) {
  return umbra_bootstrapper_create(made, f->b.s.context, f->b.plan, progress);
}

static umbra_status make_keys(const fixture *f, watcher *w, umbra_eval_keys **keys) {
  const umbra_progress progress = progress_of(w);
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, f->b.s.params));
  assert_ok(umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL));
  assert_ok(umbra_key_needs_rotation(needs, 1, UMBRA_TOP_LEVEL));
  umbra_status status = umbra_eval_keys_generate(keys, f->b.s.secret, needs, &progress);
  umbra_key_needs_destroy(needs);
  return status;
}

static void evaluation_keys(void **state) {
  const fixture *f = *state;
  watcher counting = {0};
  umbra_eval_keys *keys = NULL;
  assert_ok(make_keys(f, &counting, &keys));
  umbra_eval_keys_destroy(keys);
  assert_true(counting.fraction == 1 && counting.reports > 20);
  const uint64_t memory = umbra_context_memory(f->b.s.context);
  for (uint32_t at = 1; at < counting.reports; at++) {
    watcher w = {.at = at};
    umbra_eval_keys *none = NULL;
    assert_fails(make_keys(f, &w, &none), UMBRA_ERROR_CANCELLED, "cancelled");
    assert_null(none);
    assert_int_equal(umbra_context_memory(f->b.s.context), memory);
  }
}

static void bootstrappers(void **state) {
  const fixture *f = *state;
  watcher counting = {0};
  umbra_progress progress = progress_of(&counting);
  umbra_bootstrapper *made = NULL;
  assert_ok(make_bootstrapper(f, &progress, &made));
  umbra_bootstrapper_destroy(made);
  assert_true(counting.fraction == 1 && counting.reports > 50);
  const uint64_t memory = umbra_context_memory(f->b.s.context);
  for (uint32_t at = 1; at < counting.reports; at += counting.reports / 12) {
    watcher w = {.at = at};
    progress = progress_of(&w);
    umbra_bootstrapper *none = NULL;
    assert_fails(make_bootstrapper(f, &progress, &none), UMBRA_ERROR_CANCELLED, "cancelled");
    assert_null(none);
    assert_int_equal(umbra_context_memory(f->b.s.context), memory);
  }
}

/* ---- */

static int set_up(void **state) {
  static fixture f;
  uint64_t random = 3;
  umbra_watch_interval(0);
  boot_open(&f.b, boot_twin_40(11), NULL, NULL);
  const uint32_t slots = umbra_params_slots(f.b.s.params);
  vector v = vector_random(&random, slots, 0), w = vector_random(&random, slots, 0);
  f.x = encrypt_vector(&f.b.s, &v, UMBRA_TOP_LEVEL);
  f.y = encrypt_vector(&f.b.s, &w, 3);
  f.low = encrypt_vector(&f.b.s, &w, 0);
  vector_destroy(&v);
  vector_destroy(&w);
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  umbra_ciphertext_destroy(f->x);
  umbra_ciphertext_destroy(f->y);
  umbra_ciphertext_destroy(f->low);
  boot_close(&f->b);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products),
      cmocka_unit_test(sums),
      cmocka_unit_test(many_rotations),
      cmocka_unit_test(polynomials),
      cmocka_unit_test(a_refresh),
      cmocka_unit_test(several_refreshes),
      cmocka_unit_test(a_pair),
      cmocka_unit_test(a_refresh_on_demand),
      cmocka_unit_test(before_the_call),
      cmocka_unit_test(from_a_signal_handler),
      cmocka_unit_test(from_another_thread),
      cmocka_unit_test(each_watcher_is_told),
      cmocka_unit_test(no_kernel_goes_unasked),
      cmocka_unit_test(fractions_of_a_refresh),
      cmocka_unit_test(fractions_of_calls_within_calls),
      cmocka_unit_test(destroying_is_no_work),
      cmocka_unit_test(evaluation_keys),
      cmocka_unit_test(bootstrappers),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
