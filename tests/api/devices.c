/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Devices of this machine: contexts open on those that are usable, and only on those, and for the reason given. */
#include "../scheme.h"

static umbra_device_info device_at(size_t i) {
  umbra_device_info info = {UMBRA_DEVICE_INFO_INIT};
  assert_ok(umbra_device_get(&info, i));
  return info;
}

static void check_device(const umbra_device_info *info, umbra_params *params) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = info->name};
  umbra_context *context = NULL;
  umbra_status status = umbra_context_create(&context, &desc);
  if (!info->usable) {
    assert_int_equal(status, UMBRA_ERROR_UNSUPPORTED);
    assert_true(*info->why_not && strstr(umbra_last_error(), info->why_not));
    return;
  }
  assert_ok(status);
  assert_int_equal(strncmp(umbra_context_backend(context), info->name, strlen(umbra_context_backend(context))), 0);
  assert_true(*info->description && !*info->why_not && info->memory_bytes > 0);
  assert_int_equal(info->gpu, info->capability_major > 0);
  umbra_context_destroy(context);
}

static void devices_are_what_contexts_open_on(void **state) {
  (void)state;
  umbra_params *params = test_params(12, 40, 1);
  int refs = 0, gpus = 0;
  for (size_t i = 0; i < umbra_device_count(); i++) {
    const umbra_device_info info = device_at(i);
    check_device(&info, params);
    refs += strcmp(info.name, "ref") == 0 && info.usable && !info.gpu;
    gpus += strncmp(info.name, "cuda", 4) == 0 && info.gpu;
  }
  assert_int_equal(refs, 1);
  assert_true(gpus >= 1);
  umbra_params_destroy(params);
}

/* "cpu" is the first of the processor's that is usable, unless the environment says otherwise. */
static void the_fastest_comes_first(void **state) {
  (void)state;
  size_t first = 0;
  if (getenv("UMBRA_BACKEND")) skip();
  while (!device_at(first).usable) first++;
  umbra_params *params = test_params(12, 40, 1);
  umbra_context *context = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params};
  assert_ok(umbra_context_create(&context, &desc));
  assert_string_equal(umbra_context_backend(context), device_at(first).name);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

static void beyond_the_last(void **state) {
  (void)state;
  umbra_device_info info = {UMBRA_DEVICE_INFO_INIT}, unprepared = {0};
  const size_t beyond[] = {umbra_device_count(), SIZE_MAX - 1, SIZE_MAX};
  for (int i = 0; i < 3; i++)
    assert_fails(umbra_device_get(&info, beyond[i]), UMBRA_ERROR_INVALID_ARGUMENT, "there is no device");
  assert_int_equal(info.name[0], 0);
  assert_fails(umbra_device_get(NULL, 0), UMBRA_ERROR_INVALID_ARGUMENT, "needs");
  assert_fails(umbra_device_get(&unprepared, 0), UMBRA_ERROR_INVALID_ARGUMENT, "_init");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(devices_are_what_contexts_open_on),
      cmocka_unit_test(the_fastest_comes_first),
      cmocka_unit_test(beyond_the_last),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
