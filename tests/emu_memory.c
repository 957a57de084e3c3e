/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/*
 * A device with no memory left: what can leave makes room for plans too, contexts on one device do not starve each
 * other, and the driver keeps some for itself.
 */
#include "../host/ckks/context_internal.h"
#include "../host/ring/extend.h"
#include "../host/ring/ops.h"
#include "../host/ring/unit.h"
#include "../kernels/emu/emu.h"
#include "scheme.h"

enum { MIB = 1 << 20, SMALL = 1 << 12, BLOCKS = 1 << 14 };

static const umbra_kernels *kernels;
static void *block[BLOCKS];

static umbra_device *open_device(void) {
  const umbra_ring_desc ring = {.log_n = 10, .primes = 1, .prime = {12289}};
  umbra_device *device;
  assert_int_equal(kernels->device.open(&device, &ring, &(umbra_device_options){.threads = 1}), UMBRA_OK);
  return device;
}

/* As many blocks of that size as there are to be had. */
static int fill(const umbra_device *device, size_t bytes) {
  int count = 0;
  while (count < BLOCKS && kernels->memory.alloc(device, &block[count], bytes) == UMBRA_OK) count++;
  assert_true(count < BLOCKS);
  return count;
}

static void empty(const umbra_device *device, int count, size_t bytes) {
  for (int i = 0; i < count; i++) kernels->memory.release(device, block[i], bytes);
}

static void some_is_left(void **state) {
  (void)state;
  umbra_device *device = open_device();
  umbra_emu_set_memory_left(64 * MIB);
  for (int round = 0; round < 2; round++) {
    const int count = fill(device, MIB);
    assert_in_range(count, 60, 63);
    empty(device, count, MIB);
  }
  kernels->device.close(device);
}

/* What one device object was given back is there for another, and for one that is opened then. */
static void others_do_not_starve(void **state) {
  (void)state;
  umbra_device *first = open_device(), *second = open_device();
  umbra_emu_set_memory_left(64 * MIB);
  empty(first, fill(first, MIB), MIB);
  const int count = fill(second, MIB);
  assert_in_range(count, 60, 63);
  empty(second, count, MIB);
  umbra_device *third = open_device();
  kernels->device.close(third);
  kernels->device.close(second);
  kernels->device.close(first);
}

static umbra_poly make_poly(umbra_ring *ring, uint32_t level) {
  umbra_poly poly;
  assert_ok(umbra_poly_create(&poly, ring, 1, umbra_ring_chain(ring)->window[level], 0, "a polynomial of the test"));
  return poly;
}

/* What has to be there before an operation can take memory itself makes keys leave. */
static void plans_find_room(void **state) {
  (void)state;
  static const int32_t steps[] = {1, 2, 3, 4};
  for (int plan = 0; plan < 2; plan++) {
    scheme s;
    umbra_stream *stream;
    scheme_open(&s, test_params(11, 40, 3), "emu", steps, 4);
    umbra_ring *ring = s.context->ring;
    umbra_poly low = make_poly(ring, 0), high = make_poly(ring, 3);
    umbra_view unit, from = umbra_poly_view(&low, ring), to = umbra_poly_view(&high, ring);
    assert_ok(umbra_ring_stream_open(&stream, ring));
    umbra_ring_zero(ring, stream, &from);
    umbra_emu_set_memory_left(0);
    const int count = fill(umbra_ring_device(ring), SMALL);
    if (plan) assert_ok(umbra_extend(ring, stream, &to, high.window, 0, &from, low.window));
    else assert_ok(umbra_imaginary_unit_of(&unit, ring, high.window));
    empty(umbra_ring_device(ring), count, SMALL);
    assert_ok(umbra_ring_wait(ring, stream));
    umbra_ring_stream_close(stream, ring);
    umbra_poly_destroy(&low, ring);
    umbra_poly_destroy(&high, ring);
    scheme_close(&s);
  }
}

static int plenty(void **state) {
  (void)state;
  umbra_emu_set_memory((size_t)80 << 30);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(some_is_left, plenty),
                                     cmocka_unit_test_teardown(others_do_not_starve, plenty),
                                     cmocka_unit_test_teardown(plans_find_room, plenty)};
  kernels = umbra_kernels_get("emu");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
