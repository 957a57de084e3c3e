/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Large blocks of a CPU's device have their pages when they are given, which all of its threads made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernels/kernels.h"

enum { BYTES = (1 << 26) + (5 << 20) }; /* so many that they come from the system, in pages of their own */

static umbra_device *device_open(const umbra_kernels *kernels) {
  const umbra_ring_desc ring = {.log_n = 12, .primes = 1, .prime = {1073692673}};
  const umbra_device_options options = {.threads = 2};
  umbra_device *device = NULL;
  assert_int_equal(kernels->device.open(&device, &ring, &options), UMBRA_OK);
  return device;
}

static size_t absent_pages(void *memory, size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (bytes + page - 1) / page;
  unsigned char *present = calloc(pages, 1);
  size_t absent = 0;
  assert_non_null(present);
  assert_int_equal(mincore(memory, bytes, present), 0);
  for (size_t i = 0; i < pages; i++) absent += !(present[i] & 1);
  free(present);
  return absent;
}

static void test_pages(void **state) {
  (void)state;
  const umbra_kernels *kernels = umbra_kernels_get("ref");
  umbra_device *device = device_open(kernels);
  void *memory = NULL;
  assert_int_equal(kernels->memory.alloc(device, &memory, BYTES), UMBRA_OK);
  assert_int_equal(absent_pages(memory, BYTES), 0);
  kernels->memory.release(device, memory, BYTES);
  kernels->device.close(device);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
