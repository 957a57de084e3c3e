/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/*
 * Models as exporters write them, where the folder ../shared/data/onnx is (or UMBRA_DATA names another beside it): those
 * that fit on matrices run encrypted on the records that came with them, and give what their framework gave, but for the
 * two errors that their plans state; larger ones on one image. Skipped without them.
 */
#include <dirent.h>
#include <unistd.h>

#include "folder.h"
#include "inference_models.h"

enum { SKIPPED = 77, DEGREE = 7, DEGREE_OF_IMAGES = 27 };

/* Takes minutes and 7 GiB: simulated. */
static const char deepest[] = "resnet20_cifar10_legacy17";

/* Convolutions of images that take more than 2^24 weights as matrices. */
static const char *const too_large[] = {deepest, "torch_resnet8_legacy17_dyn"};

static char folder[] = "/tmp/umbra-inference-XXXXXX";

static const char *in_folder(const char *name) { return path_in(folder, name); }

static const char *models_folder(void) {
  static char path[512];
  const char *data = getenv("UMBRA_DATA");
  if (data) snprintf(path, sizeof path, "%s/onnx", data);
  else snprintf(path, sizeof path, "%s/../shared/data/onnx", UMBRA_SOURCE_DIR);
  return path;
}

/* The arrays of an archive of numpy's, as files of the tests' folder. */
static void unpack(const char *name) {
  char command[1200];
  snprintf(command, sizeof command, "python3 -m zipfile -e '%s/%s.npz' '%s'", models_folder(), name, in_folder(""));
  assert_int_equal(system(command), 0);
}

static int is_too_large(const char *name) {
  for (size_t i = 0; i < sizeof too_large / sizeof *too_large; i++)
    if (strcmp(name, too_large[i]) == 0) return 1;
  return 0;
}

/* Takes what was found. */
static void check_results(const umbra_inference_plan *plan, umbra_ndarray found, const umbra_ndarray *expected) {
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  assert_ok(umbra_inference_plan_report(plan, &report));
  const double distance = largest_distance(&found, expected);
  print_message("error %.2g, planned %.2g and %.2g\n", distance, report.error, report.approximation_error);
  assert_true(distance <= report.error + report.approximation_error + 1e-5 * fmax(1, report.largest));
  umbra_ndarray_clear(&found);
}

static void run_file(const char *name) {
  char path[1024];
  const int large = is_too_large(name);
  umbra_approximation_options polynomials = {UMBRA_APPROXIMATION_OPTIONS_INIT,
                                             .degree = large ? DEGREE_OF_IMAGES : DEGREE};
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .approximation = &polynomials};
  umbra_ndarray records = {0}, expected = {0};
  umbra_inference_plan *plan = NULL;
  umbra_model *model = NULL;
  print_message("%s: ", name);
  unpack(name);
  snprintf(path, sizeof path, "%s/%s.onnx", models_folder(), name);
  assert_ok(umbra_model_import(&model, path));
  assert_ok(umbra_ndarray_read(&records, in_folder("x.npy")));
  assert_ok(umbra_ndarray_read(&expected, in_folder("y0.npy")));
  options.records = large ? 1 : records.shape[0];
  if (large) options.memory = UINT64_C(12) << 30;
  assert_ok(umbra_inference_plan_create(&plan, model, &records, &options, NULL));
  records.shape[0] = expected.shape[0] = options.records;
  const int simulates = strcmp(name, deepest) == 0;
  check_results(plan, simulates ? infer_simulated(plan, &records) : infer_encrypted(plan, plan, &records), &expected);
  umbra_inference_plan_destroy(plan);
  umbra_ndarray_clear(&records);
  umbra_ndarray_clear(&expected);
  umbra_model_destroy(model);
}

static void files_of_exporters(void **state) {
  (void)state;
  size_t count = 0;
  DIR *models = opendir(models_folder());
  assert_non_null(models);
  for (const struct dirent *entry; (entry = readdir(models));) {
    char name[256];
    snprintf(name, sizeof name, "%s", entry->d_name);
    char *end = strstr(name, ".npz");
    if (!end) continue;
    *end = 0;
    run_file(name);
    count++;
  }
  closedir(models);
  assert_true(count >= 17);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(files_of_exporters)};
  if (access(models_folder(), R_OK) != 0) {
    print_message("no models in %s\n", models_folder());
    return SKIPPED;
  }
  if (!mkdtemp(folder)) return 1;
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  char command[300];
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  return system(command) || failed;
}
