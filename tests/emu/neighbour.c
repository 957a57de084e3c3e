/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CUDA backend in a process that is not its own: the program around it has a device, captures and errors of its
 * own, other threads use other devices, and memory that cannot be had is not the end.
 */
#include <threads.h>

#include "../../kernels/emu/emu.h"
#include "../../kernels/kernels.h"
#include "../scheme.h"
#include "host_program.h"

enum { SLOTS = 8 };

static umbra_status body(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins, void *user) {
  (void)user;
  return umbra_square(e, &outs[0], ins[0]);
}

/* A product, a rotation, a recorded circuit and a refreshless round trip; right to the end. */
static void compute(const scheme *s) {
  const double inputs[SLOTS] = {1, 2, 3, 4, 5, 6, 7, 8};
  double values[SLOTS] = {0};
  umbra_ciphertext *x = NULL, *product = NULL, *turned = NULL, *again = NULL;
  umbra_circuit *circuit = NULL;
  assert_ok(umbra_encode_encrypt(&x, s->public, inputs, SLOTS));
  assert_ok(umbra_mul(s->evaluator, &product, x, x));
  assert_ok(umbra_rotate(s->evaluator, &turned, product, 1));
  const umbra_ciphertext *in = turned;
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = body, .ins = 1, .outs = 1, .examples = &in};
  assert_ok(umbra_circuit_create(&circuit, s->evaluator, &desc));
  assert_ok(umbra_circuit_run(circuit, &again, &in));
  assert_ok(umbra_decrypt_decode(values, SLOTS - 1, again, s->secret));
  for (int i = 0; i < SLOTS - 1; i++) assert_true(fabs(values[i] - pow(i + 2, 4)) < 0.5);
  umbra_circuit_destroy(circuit);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(product);
  umbra_ciphertext_destroy(turned);
  umbra_ciphertext_destroy(again);
}

static void whole_job(const char *device) {
  static const int32_t steps[] = {1};
  scheme s;
  scheme_open(&s, test_params(11, 40, 3), device, steps, 1);
  compute(&s);
  scheme_close(&s);
}

/* The second run is the recorded one, and its first launch fails. */
static umbra_status recorded_failure(umbra_evaluator *e, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                                     void *user) {
  if (++*(int *)user == 2) umbra_emu_fail(UMBRA_EMU_FAIL_LAUNCH, 1);
  return umbra_square(e, &outs[0], ins[0]);
}

/* ---- devices ---- */

typedef struct user {
  const char *device;
  int own;  /* the thread's device in the program around; -1: it has chosen none */
  int left; /* its device afterwards */
} user;

static int use(void *data) {
  user *u = data;
  if (u->own >= 0) host_set_device(u->own);
  for (int i = 0; i < 2; i++) whole_job(u->device);
  u->left = host_device();
  return 0;
}

/* Two contexts on two devices at once, in threads whose own device is another, or none: that makes no context. */
static void each_its_device(void **state) {
  (void)state;
  user users[] = {{"emu:1", -1, -1}, {"emu:2", 3, -1}};
  thrd_t thread[2];
  for (int i = 0; i < 2; i++) assert_int_equal(thrd_create(&thread[i], use, &users[i]), thrd_success);
  for (int i = 0; i < 2; i++) assert_int_equal(thrd_join(thread[i], NULL), thrd_success);
  assert_int_equal(users[0].left, 0);
  assert_int_equal(users[1].left, 3);
  assert_false(umbra_emu_context_is_active(0));
  for (int i = 1; i < 4; i++) assert_true(umbra_emu_context_is_active(i));
}

/* Objects of two contexts, used in turns by one thread. */
static void by_turns(void **state) {
  (void)state;
  static const int32_t steps[] = {1};
  scheme s[2];
  host_set_device(2);
  scheme_open(&s[0], test_params(11, 40, 3), "emu:0", steps, 1);
  scheme_open(&s[1], test_params(11, 40, 3), "emu:1", steps, 1);
  for (int i = 0; i < 4; i++) {
    compute(&s[i % 2]);
    assert_int_equal(host_device(), 2);
  }
  scheme_close(&s[0]);
  compute(&s[1]);
  scheme_close(&s[1]);
  assert_int_equal(host_device(), 2);
}

/* Kernels are loaded when a device is opened, not when something is first asked of it. */
static void loaded_when_opened(void **state) {
  (void)state;
  const uint64_t before = umbra_emu_counted(UMBRA_EMU_LOADS);
  whole_job("emu:4");
  assert_int_equal(umbra_emu_counted(UMBRA_EMU_LOADS), before);
}

/* ---- captures and errors ---- */

static int work_beside(void *data) {
  whole_job(data);
  return 0;
}

/* Whatever mode the program captures in, in whichever thread the library works: both end well. */
static void captures_stay_whole(void **state) {
  (void)state;
  char device[] = "emu";
  for (int mode = 0; mode < 3; mode++)
    for (int blocking = 0; blocking < 2; blocking++) {
      thrd_t thread;
      host_capture_begin(mode, blocking);
      whole_job(device);
      assert_int_equal(thrd_create(&thread, work_beside, device), thrd_success);
      assert_int_equal(thrd_join(thread, NULL), thrd_success);
      assert_int_equal(host_capture_end(), 2);
    }
}

/* ... and the thread's own mode is what it was. */
static void modes_are_given_back(void **state) {
  (void)state;
  for (int mode = 2; mode >= 0; mode--) {
    host_exchange_mode(mode);
    whole_job("emu:1");
    assert_int_equal(host_exchange_mode(mode), mode);
  }
}

/* A circuit while the n-th call fails: whether it could be made. */
static int circuit_despite(uint64_t n) {
  scheme s;
  umbra_ciphertext *x = NULL;
  umbra_circuit *circuit = NULL;
  scheme_open(&s, test_params(11, 40, 3), "emu", NULL, 0);
  assert_ok(umbra_encode_encrypt(&x, s.public, &(double){1}, 1));
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT, .body = body, .ins = 1, .outs = 1,
                             .examples = (const umbra_ciphertext *const *)&x};
  umbra_emu_fail(UMBRA_EMU_FAIL_CALL, n);
  const umbra_status status = umbra_circuit_create(&circuit, s.evaluator, &desc);
  umbra_emu_fail(UMBRA_EMU_FAIL_CALL, 0);
  umbra_circuit_destroy(circuit);
  umbra_ciphertext_destroy(x);
  scheme_close(&s);
  return status == UMBRA_OK;
}

/* What the program has not looked at is still there, and a failure of ours is told to nobody else. */
static void errors_are_kept_apart(void **state) {
  (void)state;
  host_leave_error();
  whole_job("emu");
  assert_int_equal(host_take_error(), HOST_ERROR);
  int failures = 0;
  for (uint64_t n = 1; n <= 10; n++) {
    failures += !circuit_despite(n);
    assert_int_equal(host_take_error(), 0);
  }
  assert_true(failures > 3);
}

/* ---- pinned memory ---- */

/* Whether what is uploaded is in pinned memory afterwards, while the stream is there and when it is gone. */
static void upload(int found[2], const umbra_device *device, int public) {
  const umbra_kernels *kernels = umbra_kernels_get("emu");
  const char message[] = "what nobody else may read, not even in memory that is given back";
  umbra_stream *stream;
  void *memory;
  assert_int_equal(kernels->stream.create(&stream, device), UMBRA_OK);
  assert_int_equal(kernels->memory.alloc(device, &memory, sizeof message), UMBRA_OK);
  (public ? kernels->memory.upload_public : kernels->memory.upload)(stream, memory, message, sizeof message);
  found[0] = umbra_emu_pinned_has(message, sizeof message);
  kernels->memory.release(device, memory, sizeof message);
  kernels->stream.destroy(stream);
  found[1] = umbra_emu_pinned_has(message, sizeof message);
}

static void secrets_are_wiped(void **state) {
  (void)state;
  const umbra_ring_desc ring = {.log_n = 10, .primes = 1, .prime = {12289}};
  umbra_device *device;
  int found[2];
  const umbra_kernels *kernels = umbra_kernels_get("emu");
  assert_int_equal(kernels->device.open(&device, &ring, &(umbra_device_options){.threads = 1}), UMBRA_OK);
  upload(found, device, 0);
  assert_true(found[0] && !found[1]);
  upload(found, device, 1);
  assert_true(found[0] && found[1]);
  upload(found, device, 0); /* through memory that held what need not be wiped */
  assert_true(found[0] && !found[1]);
  kernels->device.close(device);
}

/* ---- what cannot be had ---- */

static void without_pinned_memory(void **state) {
  (void)state;
  umbra_emu_set_pinned(1 << 10);
  for (int queue = UMBRA_EMU_EAGER; queue <= UMBRA_EMU_COPIES_FIRST; queue++) {
    umbra_emu_set_queue((umbra_emu_queue)queue);
    whole_job("emu");
  }
  umbra_emu_set_queue(UMBRA_EMU_EAGER);
  umbra_emu_set_pinned(SIZE_MAX);
}

/* A launch that fails while something is recorded: only the recording is lost. */
static void recordings_fail_alone(void **state) {
  (void)state;
  scheme s;
  umbra_ciphertext *x = NULL;
  umbra_circuit *circuit = NULL;
  int refused = 0;
  scheme_open(&s, test_params(11, 40, 3), "emu", (const int32_t[]){1}, 1);
  assert_ok(umbra_encode_encrypt(&x, s.public, &(double){1}, 1));
  umbra_circuit_desc desc = {UMBRA_CIRCUIT_DESC_INIT,
                             .body = recorded_failure,
                             .ins = 1,
                             .outs = 1,
                             .examples = (const umbra_ciphertext *const *)&x,
                             .user = &refused};
  assert_fails(umbra_circuit_create(&circuit, s.evaluator, &desc), UMBRA_ERROR_DEVICE, "too many resources");
  assert_int_equal(refused, 2);
  compute(&s);
  umbra_ciphertext_destroy(x);
  scheme_close(&s);
}

/* A fault says what it was, what to do, and that the process is lost. */
static void faults_are_explained(void **state) {
  (void)state;
  static const struct {
    int error;
    const char *what, *advice;
  } faults[] = {{700, "illegal memory access", "CUDA_LAUNCH_BLOCKING=1"},
                {716, "misaligned address", "_BLOCKING=1"},
                {715, "illegal instruction", "_BLOCKING=1"},
                {714, "hardware stack", "_BLOCKING=1"},
                {214, "ECC", "nvidia-smi"},
                {702, "timed out", "display"}};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    scheme s;
    umbra_ciphertext *x = NULL, *y = NULL;
    scheme_open(&s, test_params(11, 40, 3), "emu", NULL, 0);
    assert_ok(umbra_encode_encrypt(&x, s.public, &(double){1}, 1));
    umbra_emu_set_fault(faults[i].error);
    umbra_emu_fail(UMBRA_EMU_FAIL_LATER, 1);
    const umbra_status status = umbra_add(s.evaluator, &y, x, x);
    assert_true(status == UMBRA_OK || status == UMBRA_ERROR_DEVICE);
    assert_fails(umbra_evaluator_wait(s.evaluator), UMBRA_ERROR_DEVICE, faults[i].what);
    assert_non_null(strstr(umbra_last_error(), faults[i].advice));
    assert_non_null(strstr(umbra_last_error(), "must start anew"));
    umbra_emu_fail(UMBRA_EMU_FAIL_LATER, 0);
    umbra_ciphertext_destroy(x);
    umbra_ciphertext_destroy(y);
    scheme_close(&s);
  }
  umbra_emu_set_fault(700);
}

/* "auto" takes the GPU, or says why not. */
static void auto_says_why(void **state) {
  (void)state;
  umbra_params *params = test_params(11, 40, 2);
  for (int automatic = 0; automatic < 2; automatic++) {
    umbra_context *context = NULL;
    umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = automatic ? "auto" : NULL};
    assert_ok(umbra_context_create(&context, &desc));
    const int fell_back = automatic && strcmp(umbra_context_backend(context), "cuda") != 0;
    assert_int_equal(*umbra_context_fallback(context) != 0, fell_back);
    if (fell_back) assert_non_null(strstr(umbra_context_fallback(context), "cuda"));
    umbra_context_destroy(context);
  }
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_its_device),       cmocka_unit_test(by_turns),
                                     cmocka_unit_test(loaded_when_opened),    cmocka_unit_test(captures_stay_whole),
                                     cmocka_unit_test(modes_are_given_back),  cmocka_unit_test(secrets_are_wiped),
                                     cmocka_unit_test(recordings_fail_alone), cmocka_unit_test(errors_are_kept_apart),
                                     cmocka_unit_test(without_pinned_memory), cmocka_unit_test(faults_are_explained),
                                     cmocka_unit_test(auto_says_why)};
  umbra_emu_set_devices(5);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
