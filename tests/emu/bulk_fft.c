/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulk_fft and bulk_ifft in the emulator, with the stand-in for cuFFT or without it.
 *
 * Usage: bulk_fft cufft|exact. cufft: the stand-in works, so results are near those of fft and ifft, and not the same;
 * exact: it is not there or fails, and fft and ifft themselves have to do it.
 */
#include <pthread.h>

#include "kernels/emu/emu.h"
#include "kernels/kernels.h"
#include "tests/conformance/bulk.h"
#include "tests/scheme.h"

static int with_cufft;
static const umbra_kernels *kernels;

typedef void transform(umbra_stream *, double *, double *, uint32_t, uint32_t);

/* ---- vectors ---- */

static umbra_device *open_device(void) {
  umbra_device *device = NULL;
  const umbra_ring_desc ring = {.log_n = UMBRA_MIN_LOG_N, .primes = 1, .prime = {786433}};
  const umbra_device_options options = {.threads = 1};
  assert_int_equal(kernels->device.open(&device, &ring, &options), UMBRA_OK);
  return device;
}

static void close_device(umbra_device *device) {
  kernels->device.close(device);
  assert_int_equal(umbra_emu_memory_used(), 0);
}

/* All real parts, then all imaginary ones. */
typedef struct vectors {
  uint32_t log_m, batch;
  size_t points;
  double *re, *im;
} vectors;

static vectors make_vectors(uint32_t log_m, uint32_t batch) {
  vectors v = {.log_m = log_m, .batch = batch, .points = (size_t)batch << log_m};
  uint64_t state = 64 * batch + log_m;
  v.re = malloc(2 * v.points * sizeof *v.re);
  if (!v.re) abort();
  v.im = v.re + v.points;
  for (size_t i = 0; i < 2 * v.points; i++) v.re[i] = uniform(&state);
  return v;
}

static size_t bytes_of(const vectors *v) { return 2 * v->points * sizeof *v->re; }

/* The vectors after the transform, recorded and replayed or called at once; re is NULL if the device failed. */
static vectors transformed(umbra_device *device, umbra_stream *stream, const vectors *v, transform *run, int recorded) {
  vectors out = *v;
  void *memory;
  umbra_graph *graph = NULL;
  out.re = calloc(2 * v->points, sizeof *v->re);
  if (!out.re) abort();
  out.im = out.re + v->points;
  umbra_status status = kernels->memory.alloc(device, &memory, bytes_of(v));
  if (status == UMBRA_OK) {
    double *re = memory;
    kernels->memory.upload(stream, re, v->re, bytes_of(v));
    if (recorded) assert_int_equal(kernels->record.begin(stream), UMBRA_OK);
    run(stream, re, re + v->points, v->log_m, v->batch);
    if (recorded) {
      assert_int_equal(kernels->record.end(stream, &graph), UMBRA_OK);
      kernels->record.replay(stream, graph);
    }
    kernels->memory.download(stream, out.re, re, bytes_of(v));
    status = kernels->stream.wait(stream);
    kernels->record.destroy(graph);
    kernels->memory.release(device, memory, bytes_of(v));
  }
  if (status == UMBRA_OK) return out;
  free(out.re);
  return (vectors){0};
}

static int is_near(const vectors *got, const vectors *want) {
  const size_t m = (size_t)1 << want->log_m;
  double worst = 0;
  for (size_t at = 0; at < want->points; at += m) {
    const double found = bulk_difference(got->re + at, got->im + at, want->re + at, want->im + at, m);
    if (!(found <= worst)) worst = found;
  }
  return worst <= BULK_TOLERANCE;
}

static int same_values(const double *a, const double *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (a[i] != b[i]) return 0;
  }
  return 1;
}

static int is_same(const vectors *got, const vectors *want) { return same_values(got->re, want->re, 2 * want->points); }

/* Short transforms may well round alike. */
static void check(const vectors *got, const vectors *want, int cufft) {
  if (!is_near(got, want)) fail_msg("log_m %u, batch %u: wrong", want->log_m, want->batch);
  if (cufft ? want->log_m > 5 && is_same(got, want) : !is_same(got, want))
    fail_msg("log_m %u, batch %u: cuFFT %s", want->log_m, want->batch, cufft ? "was not used" : "was used");
}

static void check_transforms(umbra_device *device, umbra_stream *stream, const vectors *v, int recorded, int cufft) {
  vectors want = transformed(device, stream, v, kernels->fft, 0);
  vectors got = transformed(device, stream, v, kernels->bulk_fft, recorded);
  check(&got, &want, cufft);
  free(got.re);
  free(want.re);
  want = transformed(device, stream, v, kernels->ifft, 0);
  got = transformed(device, stream, v, kernels->bulk_ifft, recorded);
  check(&got, &want, cufft);
  free(got.re);
  free(want.re);
}

/* ---- one thread ---- */

static void check_sizes(const uint32_t *batch, int batches, uint32_t first, uint32_t last, int recorded, int cufft) {
  umbra_device *device = open_device();
  umbra_stream *stream;
  assert_int_equal(kernels->stream.create(&stream, device), UMBRA_OK);
  for (int b = 0; b < batches; b++) {
    for (uint32_t log_m = first; log_m <= last; log_m++) {
      vectors v = make_vectors(log_m, batch[b]);
      check_transforms(device, stream, &v, recorded, cufft);
      free(v.re);
    }
  }
  assert_string_equal(kernels->device.failure(device), "");
  kernels->stream.destroy(stream);
  close_device(device);
}

/* More plans than a device keeps. */
static void all_sizes(void **state) {
  static const uint32_t batch[] = {1, 3, 6};
  (void)state;
  check_sizes(batch, 3, 0, 15, 0, with_cufft);
  check_sizes(batch, 1, 16, 16, 0, with_cufft);
}

/* More vectors than are transformed at once. */
static void many_vectors(void **state) {
  static const uint32_t batch[] = {33 * 256};
  (void)state;
  check_sizes(batch, 1, 8, 8, 0, with_cufft);
}

/* Recorded work has the bits of fft. */
static void recorded(void **state) {
  static const uint32_t batch[] = {2};
  (void)state;
  check_sizes(batch, 1, 10, 11, 1, 0);
}

/* ---- what fails ---- */

/* Without memory for vectors of its own. */
static void no_memory(void **state) {
  (void)state;
  umbra_device *device = open_device();
  umbra_stream *stream;
  void *memory;
  assert_int_equal(kernels->stream.create(&stream, device), UMBRA_OK);
  vectors v = make_vectors(10, 1), got = make_vectors(10, 1);
  vectors want = transformed(device, stream, &v, kernels->fft, 0);
  assert_int_equal(kernels->memory.alloc(device, &memory, bytes_of(&v)), UMBRA_OK);
  kernels->memory.upload(stream, memory, v.re, bytes_of(&v));
  umbra_emu_set_memory(1);
  kernels->bulk_fft(stream, memory, (double *)memory + v.points, v.log_m, v.batch);
  umbra_emu_set_memory((size_t)80 << 30);
  kernels->memory.download(stream, got.re, memory, bytes_of(&v));
  assert_int_equal(kernels->stream.wait(stream), UMBRA_OK);
  check(&got, &want, 0);
  free(v.re);
  free(got.re);
  free(want.re);
  kernels->memory.release(device, memory, bytes_of(&v));
  kernels->stream.destroy(stream);
  close_device(device);
}

/*
 * With the n-th call of that kind failing the result is right, or the device says that it failed; or it has not, and the
 * next attempt is right.
 */
static int survives(umbra_emu_failure kind, uint64_t n, const vectors *v, const vectors *want) {
  umbra_device *device = open_device();
  umbra_stream *stream;
  assert_int_equal(kernels->stream.create(&stream, device), UMBRA_OK);
  umbra_emu_fail(kind, n);
  vectors got = transformed(device, stream, v, kernels->bulk_fft, 0);
  const int failed = umbra_emu_failed(kind);
  assert_true(got.re || failed);
  if (!got.re && kernels->stream.check(stream) == UMBRA_OK) {
    got = transformed(device, stream, v, kernels->bulk_fft, 0);
    assert_non_null(got.re);
  }
  if (got.re && !is_near(&got, want)) fail_msg("kind %d, call %d: wrong", kind, (int)n);
  if (!got.re) assert_int_equal(kernels->stream.check(stream), UMBRA_ERROR_DEVICE);
  free(got.re);
  kernels->stream.destroy(stream);
  umbra_emu_fail(kind, 0);
  close_device(device);
  return failed;
}

static void failing_calls(void **state) {
  (void)state;
  umbra_device *device = open_device();
  umbra_stream *stream;
  assert_int_equal(kernels->stream.create(&stream, device), UMBRA_OK);
  vectors v = make_vectors(7, 2), want = transformed(device, stream, &v, kernels->fft, 0);
  kernels->stream.destroy(stream);
  close_device(device);
  for (int kind = 0; kind < UMBRA_EMU_FAILURES; kind++) {
    uint64_t n = 1;
    while (survives((umbra_emu_failure)kind, n, &v, &want)) n++;
    assert_true(n > 1);
  }
  free(v.re);
  free(want.re);
}

/* ---- two threads at one device ---- */

enum { THREADS = 2, ROUNDS = 4, SIZES = 11 };

typedef struct worker {
  umbra_device *device;
  const vectors *v, *want; /* SIZES of each */
  int number, wrong;
} worker;

/* Meets the other one at many sizes, in other orders. */
static void *work(void *data) {
  worker *w = data;
  umbra_stream *stream;
  if (kernels->stream.create(&stream, w->device) != UMBRA_OK) return w;
  for (int i = 0; i < ROUNDS * SIZES; i++) {
    const int at = (w->number ? 3 * i : i) % SIZES;
    vectors got = transformed(w->device, stream, &w->v[at], kernels->bulk_fft, 0);
    if (!got.re || !is_near(&got, &w->want[at])) w->wrong++;
    free(got.re);
  }
  kernels->stream.destroy(stream);
  return NULL;
}

static void two_threads(void **state) {
  (void)state;
  umbra_device *device = open_device();
  umbra_stream *stream;
  vectors v[SIZES], want[SIZES];
  pthread_t thread[THREADS];
  worker w[THREADS];
  assert_int_equal(kernels->stream.create(&stream, device), UMBRA_OK);
  for (uint32_t i = 0; i < SIZES; i++) {
    v[i] = make_vectors(i, 2);
    want[i] = transformed(device, stream, &v[i], kernels->fft, 0);
  }
  for (int i = 0; i < THREADS; i++) {
    w[i] = (worker){.device = device, .v = v, .want = want, .number = i};
    assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    void *result;
    assert_int_equal(pthread_join(thread[i], &result), 0);
    assert_null(result);
    assert_int_equal(w[i].wrong, 0);
  }
  for (int i = 0; i < SIZES; i++) {
    free(v[i].re);
    free(want[i].re);
  }
  kernels->stream.destroy(stream);
  close_device(device);
}

/* ---- the encoder ---- */

enum { SLOTS = 1024 };

static umbra_context *open_context(const umbra_params *params, int bulk_decode) {
  umbra_context *context = NULL;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "emu", .secrets_on_device = 1,
                             .bulk_decode = bulk_decode};
  assert_ok(umbra_context_create(&context, &desc));
  return context;
}

static void encode_and_decode(double *found, const umbra_context *context, const double *pairs, int bulk) {
  umbra_plaintext *plaintext = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .bulk = bulk};
  assert_ok(umbra_encode_complex(&plaintext, context, pairs, SLOTS, &options));
  assert_ok(umbra_decode_complex(found, SLOTS, plaintext));
  umbra_plaintext_destroy(plaintext);
}

static void expect_values(const double *found, const double *pairs) {
  for (int i = 0; i < 2 * SLOTS; i++) assert_true(fabs(found[i] - pairs[i]) <= BULK_TOLERANCE);
}

/* At a scale of 60 bits the coefficients keep what the transforms round. */
static void encoder(void **state) {
  (void)state;
  uint64_t random = 5;
  double pairs[2 * SLOTS], want[2 * SLOTS], found[2 * SLOTS];
  for (int i = 0; i < 2 * SLOTS; i++) pairs[i] = uniform(&random);
  umbra_params *params = test_params(11, 60, 2);
  umbra_context *context = open_context(params, 0), *bulk_context = open_context(params, 1);
  encode_and_decode(want, context, pairs, 0);
  expect_values(want, pairs);
  for (int way = 1; way < 4; way++) { /* encoded, decoded, or both in bulk */
    encode_and_decode(found, way & 2 ? bulk_context : context, pairs, way & 1);
    expect_values(found, pairs);
    assert_int_equal(same_values(found, want, 2 * SLOTS), !with_cufft);
  }
  umbra_context_destroy(context);
  umbra_context_destroy(bulk_context);
  umbra_params_destroy(params);
}

static void encryption(void **state) {
  (void)state;
  uint64_t random = 6;
  double pairs[2 * SLOTS], found[2 * SLOTS];
  for (int i = 0; i < 2 * SLOTS; i++) pairs[i] = uniform(&random);
  umbra_params *params = test_params(11, 60, 2);
  umbra_context *context = open_context(params, 1);
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_plaintext *plaintext = NULL;
  umbra_ciphertext *ciphertext = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .bulk = 1};
  assert_ok(umbra_secret_key_generate(&secret, context));
  assert_ok(umbra_public_key_generate(&public, secret));
  assert_ok(umbra_encode_complex(&plaintext, context, pairs, SLOTS, &options));
  assert_ok(umbra_encrypt(&ciphertext, public, plaintext));
  assert_ok(umbra_decrypt_decode_complex(found, SLOTS, ciphertext, secret));
  expect_values(found, pairs);
  umbra_ciphertext_destroy(ciphertext);
  umbra_plaintext_destroy(plaintext);
  umbra_public_key_destroy(public);
  umbra_secret_key_destroy(secret);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
  assert_int_equal(umbra_emu_memory_used(), 0);
}

int main(int argc, char **argv) {
  kernels = umbra_kernels_get("emu");
  with_cufft = argc == 2 && strcmp(argv[1], "cufft") == 0;
  if (!kernels || argc != 2 || (!with_cufft && strcmp(argv[1], "exact") != 0)) {
    printf("usage: bulk_fft cufft|exact, with the emulated backend\n");
    return EXIT_FAILURE;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_sizes), cmocka_unit_test(many_vectors),  cmocka_unit_test(recorded),
      cmocka_unit_test(no_memory), cmocka_unit_test(failing_calls), cmocka_unit_test(two_threads),
      cmocka_unit_test(encoder),   cmocka_unit_test(encryption),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
