/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend that was built for another version of the kernels' contract, BUILT_FOR, is refused, and none of its entries
 * called. A program has one version of the contract, so each other version is a test of its own.
 */
#ifndef UMBRA_TESTS_CONTRACT_VERSION_H
#define UMBRA_TESTS_CONTRACT_VERSION_H

#include "../kernels/kernels.h"
#include "scheme.h"

/* In the place of the emulator: only its version can be relied on, and its name, so as to find it. */
extern const umbra_kernels umbra_kernels_emu;
const umbra_kernels umbra_kernels_emu = {.version = BUILT_FOR, .name = "emu"};

static void another_version_is_refused(void **state) {
  (void)state;
  umbra_params *params = test_params(12, 40, 1);
  umbra_context *context = NULL;
  const char *const names[] = {"emu", "emu:0"};
  for (int i = 0; i < 2; i++) {
    const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = names[i]};
    assert_int_equal(umbra_context_create(&context, &desc), UMBRA_ERROR_UNSUPPORTED);
    assert_non_null(strstr(umbra_last_error(), "another version of the kernels' contract"));
    assert_null(context);
  }
  umbra_params_destroy(params);
}

static void nobody_asks_it_for_devices(void **state) {
  (void)state;
  for (size_t i = 0; i < umbra_device_count(); i++) {
    umbra_device_info info = {UMBRA_DEVICE_INFO_INIT};
    assert_ok(umbra_device_get(&info, i));
    assert_int_not_equal(strncmp(info.name, "emu", 3), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(another_version_is_refused),
                                     cmocka_unit_test(nobody_asks_it_for_devices)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
