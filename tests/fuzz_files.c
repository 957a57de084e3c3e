/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick fuzz-regress */
/* labels: quick fuzz-regress UMBRA_TEST_REFRESHING=boot */
/* labels: quick fuzz-regress UMBRA_TEST_KEYLESS=keyless */
/* labels: full UMBRA_FUZZ_COUNT=32000 */
/* labels: slow fuzz-regress UMBRA_FUZZ_COUNT=100000 */
/*
 * Mutated files of every kind: reading them must not crash, must not allocate much more than the file is long, must
 * leave the output alone on failure and say what is wrong; and whatever is accepted must give the same bytes again.
 * Mutation i depends on i alone: `fuzz_files COUNT FIRST` repeats those from FIRST on.
 */
#include "tests/fuzz/files.h"

#include <unistd.h>

enum { PASSPHRASE_PERIOD = 1000 };

static uint8_t *sealed;
static size_t sealed_size;

/* Under a passphrase every bit counts. */
static void check_sealed(unsigned long i, const buffer *b) {
  umbra_secret_key *output = NULL;
  umbra_set_error("unset");
  umbra_status status = umbra_secret_key_read(&output, contexts[SECRET_KEY], b->bytes, b->size, "passphrase");
  if (status != UMBRA_OK) {
    assert_failure_is_clean(i, status, output);
    return;
  }
  umbra_secret_key_destroy(output);
  if (b->size != sealed_size || memcmp(b->bytes, sealed, sealed_size) != 0) fail_msg("mutation %lu: not authentic", i);
}

static mutations wanted;

static void mutated_files(void **state) {
  (void)state;
  buffer work = {malloc(room()), 0};
  assert_non_null(work.bytes);
  unsigned long accepted = 0;
  for (unsigned long i = wanted.first; i < wanted.first + wanted.count; i++) {
    begin_mutation(i);
    int kind = (int)below(OBJECTS), seal = i % PASSPHRASE_PERIOD == 0;
    work.size = seal ? sealed_size : objects.size[kind];
    memcpy(work.bytes, seal ? sealed : objects.bytes[kind], work.size);
    mutate(&work);
    const buffer exact = exact_copy(&work);
    if (seal) check_sealed(i, &exact);
    else accepted += (unsigned long)check(i, kind, &exact);
    free(exact.bytes);
  }
  free(work.bytes);
  print_message("%lu of %lu mutated files were accepted\n", accepted, wanted.count);
}

static int free_descriptor; /* the lowest one: files that stay open would take it */

static int lowest_descriptor(void) {
  int lowest = dup(STDOUT_FILENO);
  close(lowest);
  return lowest;
}

static int set_up(void **state) {
  (void)state;
  begin_files();
  assert_ok(umbra_secret_key_write(objects.object[SECRET_KEY], NULL, &sealed_size, "passphrase"));
  sealed = malloc(sealed_size);
  assert_ok(umbra_secret_key_write(objects.object[SECRET_KEY], sealed, &sealed_size, "passphrase"));
  free_descriptor = lowest_descriptor();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  assert_int_equal(lowest_descriptor(), free_descriptor);
  free(sealed);
  end_files();
  return 0;
}

int main(int argc, char **argv) {
  wanted = mutations_wanted(4000, argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(mutated_files)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
