/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Costs in seconds: targets, reference tables, machines, and tables in the cache folder, damaged ones, too. */
#include <inttypes.h>
#include <math.h>
#include <sys/stat.h>

#include "host/ckks/context_internal.h"
#include "plan_machines.h"

enum { LOG_N = 13, MOST_TEXT = 4096 };

static const umbra_status invalid = UMBRA_ERROR_INVALID_ARGUMENT, unsupported = UMBRA_ERROR_UNSUPPORTED;

/* ---- a dry computation ---- */

static umbra_context *context_on(const char *device, uint32_t threads) {
  umbra_context *context = NULL;
  umbra_params *params = test_params(LOG_N, 40, 3);
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device, .threads = threads};
  assert_ok(umbra_context_create(&context, &desc));
  umbra_params_destroy(params);
  return context;
}

static void compute(umbra_context *context, int products) {
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *x = NULL, *y = NULL;
  assert_ok(umbra_evaluator_create(&evaluator, context, NULL));
  assert_ok(umbra_dry_ciphertext(&x, context, UMBRA_TOP_LEVEL, 0, 1));
  assert_ok(umbra_mul(evaluator, &y, x, x));
  assert_ok(umbra_context_cost_begin(context));
  for (int i = 0; i < products; i++) assert_ok(umbra_mul(evaluator, &y, x, x));
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  umbra_evaluator_destroy(evaluator);
}

static double reference(const umbra_context *context, umbra_target target) {
  double seconds = -1;
  assert_ok(umbra_context_reference_seconds(context, &seconds, target));
  return seconds;
}

static umbra_cost cost_of(const umbra_context *context) {
  umbra_cost cost = {UMBRA_COST_INIT};
  assert_ok(umbra_context_cost(context, &cost));
  return cost;
}

/* ---- targets ---- */

static void test_targets(void **state) {
  (void)state;
  umbra_target target = UMBRA_TARGET_CPU;
  assert_ok(umbra_target_parse(&target, "gpu"));
  assert_int_equal(target, UMBRA_TARGET_GPU);
  assert_fails(umbra_target_parse(&target, "GPU"), invalid, "\"GPU\" is no target");
  assert_fails(umbra_target_parse(&target, NULL), invalid, "name");
  assert_int_equal(target, UMBRA_TARGET_GPU);
  assert_string_equal(umbra_target_name(UMBRA_TARGET_CPU), "cpu");
  assert_string_equal(umbra_target_name(target), "gpu");
  assert_null(umbra_target_name((umbra_target)2));
}

static void test_references(void **state) {
  (void)state;
  umbra_context *context = context_on("dry", 1), *other = context_on("dry", 16), *real = context_on("ref", 1);
  double seconds = 0;
  compute(context, 1);
  const double cpu = reference(context, UMBRA_TARGET_CPU), gpu = reference(context, UMBRA_TARGET_GPU);
  assert_true(cpu > 100 * 1e-6 && cpu < 1 && gpu > 0 && gpu < cpu);
  compute(context, 4);
  assert_true(fabs(reference(context, UMBRA_TARGET_CPU) / cpu - 4) < 1e-3);
  compute(other, 1);
  assert_ok(umbra_context_cost_machine(other, "h200"));
  assert_true(reference(other, UMBRA_TARGET_CPU) == cpu && reference(other, UMBRA_TARGET_GPU) == gpu);
  assert_ok(umbra_context_cost_begin(context));
  assert_true(reference(context, UMBRA_TARGET_CPU) == 0);
  assert_fails(umbra_context_reference_seconds(context, &seconds, (umbra_target)2), invalid, "target");
  assert_fails(umbra_context_reference_seconds(context, NULL, UMBRA_TARGET_CPU), invalid, "output");
  assert_fails(umbra_context_reference_seconds(real, &seconds, UMBRA_TARGET_CPU), unsupported, "\"dry\"");
  umbra_context_destroy(real);
  umbra_context_destroy(other);
  umbra_context_destroy(context);
}

/* ---- what a table says ---- */

/* One kind of work at a time: seconds are counts of a device whose rates are 1. */
static void test_tables(void **state) {
  (void)state;
  umbra_context *context = context_on("dry", 1);
  const umbra_device *device = umbra_ring_device(context->ring);
  compute(context, 2);
  const umbra_cost cost = cost_of(context);
  umbra_cost_table table = {.start = 1};
  assert_true(umbra_cost_seconds(&table, device, LOG_N) == (double)cost.launches);
  table = (umbra_cost_table){.floor = 1e-3};
  assert_true(fabs(umbra_cost_seconds(&table, device, LOG_N) - 1e-3 * (double)cost.launches) < 1e-9);
  table.rate[UMBRA_WORK_KEY][0] = 1; /* of rings up to 2^12 */
  assert_true(umbra_cost_seconds(&table, device, 12) > 1);
  assert_true(umbra_cost_seconds(&table, device, 16) < 1);
  const double small = umbra_cost_seconds(&table, device, 12), between = umbra_cost_seconds(&table, device, 13);
  assert_true(fabs(between / small - 0.5) < 1e-3);
  assert_true(umbra_cost_seconds(&table, device, 11) == small);
  umbra_context_destroy(context);
}

/* ---- machines ---- */

static void test_machines(void **state) {
  (void)state;
  umbra_context *context = context_on("dry", 3), *real = context_on("ref", 1);
  compute(context, 1);
  const umbra_cost cpu = cost_of(context);
  assert_false(cpu.measured);
  assert_non_null(strstr(cpu.machine, ", 3 threads"));
  assert_non_null(strstr(cpu.note, "not measured"));
  assert_ok(umbra_context_cost_machine(context, "h200"));
  const umbra_cost gpu = cost_of(context);
  assert_non_null(strstr(gpu.machine, "H200"));
  assert_false(gpu.measured);
  assert_true(gpu.seconds > 0 && gpu.seconds < cpu.seconds && gpu.launches == cpu.launches);
  assert_ok(umbra_context_cost_machine(context, "ref"));
  assert_non_null(strstr(cost_of(context).machine, ", ref, 3 threads"));
  assert_fails(umbra_context_cost_machine(context, "dry"), unsupported, "none that could be measured");
  assert_fails(umbra_context_cost_machine(context, "abacus"), unsupported, "abacus");
  assert_fails(umbra_context_cost_machine(context, NULL), invalid, "machine");
  assert_fails(umbra_context_cost_machine(real, "h200"), unsupported, "\"dry\"");
  assert_non_null(strstr(cost_of(context).machine, ", ref, 3 threads"));
  umbra_context_destroy(real);
  umbra_context_destroy(context);
}

static void test_calibration(void **state) {
  (void)state;
  umbra_context *context = context_on("dry", 1), *two = context_on("dry", 2);
  assert_ok(umbra_calibrate("cpu", 1));
  compute(context, 1);
  const umbra_cost cost = cost_of(context);
  assert_true(cost.measured && cost.seconds > 0 && !cost.note[0]);
  assert_non_null(strstr(cost.machine, ", 1 thread"));
  assert_false(cost_of(two).measured);
  assert_fails(umbra_calibrate("dry", 1), unsupported, "none that could be measured");
  assert_fails(umbra_calibrate("auto", 1), unsupported, "none that could be measured");
  assert_fails(umbra_calibrate("cpu", 1025), invalid, "1024");
  setenv("XDG_CACHE_HOME", "/dev/null", 1);
  umbra_context *three = context_on("dry", 3);
  assert_false(cost_of(three).measured);
  assert_fails(umbra_calibrate("cpu", 3), UMBRA_ERROR_IO, "/dev/null");
  assert_ok(umbra_context_cost_machine(three, "cpu"));
  assert_true(cost_of(three).measured); /* by this process, until it ends */
  assert_ok(umbra_context_cost_machine(two, "cpu"));
  assert_false(cost_of(two).measured);
  setenv("XDG_CACHE_HOME", cache, 1);
  umbra_context_destroy(three);
  umbra_context_destroy(two);
  umbra_context_destroy(context);
}

/* ---- files ---- */

static void put(const char *path, const void *bytes, size_t count) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, count, file), count);
  assert_int_equal(fclose(file), 0);
}

static size_t get(char text[MOST_TEXT], const char *path) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  const size_t count = fread(text, 1, MOST_TEXT, file);
  fclose(file);
  return count;
}

static void test_files(void **state) {
  (void)state;
  uint64_t random = 7;
  char path[UMBRA_COST_PATH];
  const umbra_cost_subject subject = subject_of(umbra_kernels_get("ref"), 5);
  for (int i = 0; i < 20; i++) {
    const umbra_cost_table table = random_table(&random);
    umbra_cost_table read = {0};
    assert_ok(umbra_cost_file_write(&table, &subject));
    assert_ok(umbra_cost_file_read(&read, &subject));
    for (int work = 0; work < UMBRA_DRY_WORKS; work++)
      for (int size = 0; size < UMBRA_COST_SIZES; size++)
        assert_true(fabs(read.rate[work][size] - table.rate[work][size]) < 1e-18);
    assert_true(fabs(read.start - table.start) + fabs(read.floor - table.floor) < 2e-18);
  }
  assert_ok(umbra_cost_file_path(path, &subject));
  assert_int_equal(unlink(path), 0);
  assert_int_equal(umbra_cost_file_read(&(umbra_cost_table){0}, &subject), UMBRA_ERROR_IO);
}

/* With a last line that is right for the lines before it. */
static void put_hashed(const char *path, const char *text) {
  char all[MOST_TEXT];
  uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
  const char *end = strstr(text, "hash ");
  assert_non_null(end);
  for (const char *c = text; c < end; c++) hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
  const int count = snprintf(all, sizeof all, "%.*shash %016" PRIx64 "\n", (int)(end - text), text, hash);
  put(path, all, (size_t)count);
}

/* Of the machine "ref" with 5 threads, whose file is damaged: a prediction, and a note that says why. */
static void assert_ignored(const char *what) {
  umbra_context *context = context_on("dry", 5);
  assert_ok(umbra_context_cost_machine(context, "ref"));
  const umbra_cost cost = cost_of(context);
  if (cost.measured || !cost.note[0]) fail_msg("%s: was read", what);
  umbra_context_destroy(context);
}

/* Every byte lost or changed, in two of its bits: refused. */
static void test_damaged_files(void **state) {
  (void)state;
  uint64_t random = 8;
  char path[UMBRA_COST_PATH], text[MOST_TEXT];
  const umbra_cost_subject subject = subject_of(umbra_kernels_get("ref"), 5);
  const umbra_cost_table table = random_table(&random);
  umbra_cost_table read;
  assert_ok(umbra_cost_file_write(&table, &subject));
  assert_ok(umbra_cost_file_path(path, &subject));
  const size_t count = get(text, path);
  for (size_t i = 0; i < count; i++) {
    put(path, text, i);
    assert_true(umbra_cost_file_read(&read, &subject) != UMBRA_OK);
    const char right = text[i];
    for (unsigned change = (unsigned)i % 4; change < 8; change += 4) {
      text[i] = (char)((unsigned char)right ^ (1u << change));
      put(path, text, count);
      if (umbra_cost_file_read(&read, &subject) == UMBRA_OK)
        fail_msg("byte %zu of %zu may be %d", i, count, (unsigned char)text[i]);
    }
    text[i] = right;
  }
  put(path, text, count);
  assert_ok(umbra_cost_file_read(&read, &subject));
}

static void test_hostile_files(void **state) {
  (void)state;
  uint64_t random = 9;
  char path[UMBRA_COST_PATH], other[UMBRA_COST_PATH], text[MOST_TEXT + 1] = {0}, huge[MOST_TEXT] = {0};
  const umbra_cost_subject subject = subject_of(umbra_kernels_get("ref"), 5);
  const umbra_cost_subject another = subject_of(umbra_kernels_get("ref"), 6);
  const umbra_cost_table table = random_table(&random);
  assert_ok(umbra_cost_file_write(&table, &subject));
  assert_ok(umbra_cost_file_path(path, &subject));
  assert_ok(umbra_cost_file_path(other, &another));
  const size_t count = get(text, path);
  memcpy(huge, text, count);
  put(path, huge, sizeof huge);
  assert_ignored("a file that is too long");
  put(path, huge, count + 1);
  assert_ignored("a file with a zero at its end");
  put(path, "", 0);
  assert_ignored("an empty file");
  const char *start = strstr(text, "start ");
  assert_non_null(start);
  put_hashed(path, text);
  assert_ok(umbra_cost_file_read(&(umbra_cost_table){0}, &subject));
  snprintf(huge, sizeof huge, "%.*sstart 99999999999999999999%s", (int)(start - text), text, strchr(start, '\n'));
  put_hashed(path, huge);
  assert_ignored("a number beyond all words");
  snprintf(huge, sizeof huge, "%.*sstart 2000000000000000000%s", (int)(start - text), text, strchr(start, '\n'));
  put_hashed(path, huge);
  assert_ignored("a launch of two seconds");
  umbra_cost_table free_work = table;
  free_work.rate[UMBRA_WORK_KEY][1] = 0;
  assert_ok(umbra_cost_file_write(&free_work, &subject));
  assert_ignored("work that takes no time");
  unlink(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_ignored("a pipe");
  unlink(path);
  assert_int_equal(mkdir(path, 0700), 0);
  assert_ignored("a folder");
  rmdir(path);
  put(other, text, count);
  assert_int_equal(umbra_cost_file_read(&(umbra_cost_table){0}, &another), UMBRA_ERROR_MISMATCH);
  unlink(other);
}

static void test_folders(void **state) {
  (void)state;
  char path[UMBRA_COST_PATH], home[sizeof cache + 8];
  const umbra_cost_subject subject = subject_of(umbra_kernels_get("ref"), 1);
  snprintf(home, sizeof home, "%s/home", cache);
  assert_int_equal(mkdir(home, 0700), 0);
  setenv("XDG_CACHE_HOME", "relative", 1);
  setenv("HOME", home, 1);
  uint64_t random = 10;
  const umbra_cost_table table = random_table(&random);
  assert_ok(umbra_cost_file_write(&table, &subject));
  assert_ok(umbra_cost_file_path(path, &subject));
  assert_memory_equal(path, home, strlen(home));
  assert_non_null(strstr(path, "/home/.cache/umbra/cost-"));
  unsetenv("HOME");
  assert_fails(umbra_cost_file_path(path, &subject), UMBRA_ERROR_IO, "no cache folder");
  assert_ignored("no folder");
  setenv("XDG_CACHE_HOME", cache, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_targets),       cmocka_unit_test(test_references), cmocka_unit_test(test_tables),
      cmocka_unit_test(test_machines),      cmocka_unit_test(test_files),      cmocka_unit_test(test_damaged_files),
      cmocka_unit_test(test_hostile_files), cmocka_unit_test(test_folders),    cmocka_unit_test(test_calibration)};
  return cmocka_run_group_tests(tests, cache_make, cache_remove);
}
