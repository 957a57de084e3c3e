/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/* Several GPUs, of which one is too old: each is listed, usable ones by the names that open them, and none is touched. */
#include "../kernels/emu/emu.h"
#include "scheme.h"

enum { GPUS = 4, OLD = 1, MEMORY = 1 << 28 };

static umbra_device_info found[GPUS + 1];

/* Those of the emulator, which come last. */
static int list(void) {
  int gpus = 0;
  for (size_t i = 0; i < umbra_device_count(); i++) {
    umbra_device_info info = {UMBRA_DEVICE_INFO_INIT};
    assert_ok(umbra_device_get(&info, i));
    if (strncmp(info.name, "emu", 3) == 0 && gpus <= GPUS) found[gpus++] = info;
  }
  return gpus;
}

static int contexts(void) {
  int active = 0;
  for (int i = 0; i < GPUS; i++) active += umbra_emu_context_is_active(i);
  return active;
}

static void gpus_are_listed(void **state) {
  (void)state;
  const char *const names[GPUS] = {"emu:0", "emu", "emu:1", "emu:2"};
  assert_int_equal(list(), GPUS);
  for (int i = 0; i < GPUS; i++) {
    assert_string_equal(found[i].name, names[i]);
    assert_string_equal(found[i].description, "emulated sm_90");
    assert_true(found[i].gpu && found[i].memory_bytes == MEMORY && !found[i].free_bytes);
    assert_int_equal(found[i].usable, i != OLD);
    assert_int_equal(found[i].capability_major, i == OLD ? 7 : 9);
  }
  assert_string_equal(found[OLD].why_not, "its compute capability is 7.0, and 7.5 is needed");
  assert_int_equal(contexts(), 0);
}

/* Its name opens that one and no other; then its free memory is known, too. */
static void names_open_them(void **state) {
  (void)state;
  umbra_params *params = test_params(12, 40, 1);
  umbra_context *context = NULL;
  assert_int_equal(list(), GPUS);
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = found[2].name};
  assert_ok(umbra_context_create(&context, &desc));
  assert_int_equal(list(), GPUS);
  for (int i = 0; i < GPUS; i++) {
    assert_int_equal(umbra_emu_context_is_active(i), i == 2);
    assert_true((found[i].free_bytes > 0) == (i == 2));
  }
  assert_true(found[2].free_bytes < MEMORY);
  umbra_context_destroy(context);
  assert_int_equal(list(), GPUS);
  assert_int_equal(found[2].free_bytes, 0);
  assert_int_equal(contexts(), 1);
  umbra_params_destroy(params);
}

static void no_driver(void **state) {
  (void)state;
  umbra_emu_fail(UMBRA_EMU_FAIL_CALL, 1);
  umbra_device_info info = {UMBRA_DEVICE_INFO_INIT};
  size_t last = 0;
  while (umbra_device_get(&info, last) == UMBRA_OK && strncmp(info.name, "emu", 3) != 0) last++;
  umbra_emu_fail(UMBRA_EMU_FAIL_CALL, 0);
  assert_string_equal(info.name, "emu");
  assert_true(info.gpu && !info.usable);
  assert_string_equal(info.why_not, "looking for GPUs: unknown error");
}

int main(void) {
  umbra_emu_set_devices(GPUS);
  umbra_emu_set_memory(MEMORY);
  umbra_emu_set_capability(OLD, 70);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gpus_are_listed),
      cmocka_unit_test(names_open_them),
      cmocka_unit_test(no_driver),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
