/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* A key whose memory the system refuses to lock says so. */
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <umbra/umbra.h>

/* Of root, whom no limit holds. */
static void drop_privileges(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}};
  (void)syscall(SYS_capset, &header, data);
}

/* Sanitizers lock nothing and say that they have. */
static int is_refused(void) {
  char byte = 0;
  return mlock(&byte, 1) != 0;
}

static void refused_locks_are_told(void **state) {
  (void)state;
  umbra_params *params = NULL;
  umbra_context *context = NULL;
  umbra_secret_key *locked = NULL, *loose = NULL;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT};
  struct rlimit none = {0};
  assert_int_equal(umbra_params_from_preset(&params, "n12-d1-s25"), UMBRA_OK);
  desc.params = params;
  assert_int_equal(umbra_context_create(&context, &desc), UMBRA_OK);
  assert_int_equal(umbra_secret_key_generate(&locked, context), UMBRA_OK);
  if (!is_refused()) assert_true(umbra_secret_key_is_locked(locked));
  drop_privileges();
  assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
  if (is_refused()) {
    assert_int_equal(umbra_secret_key_generate(&loose, context), UMBRA_OK);
    assert_false(umbra_secret_key_is_locked(loose));
  }
  umbra_secret_key_destroy(loose);
  umbra_secret_key_destroy(locked);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(refused_locks_are_told)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
