/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "machine.h"
#include "quick.h"

/* The weights of so few iterations need no refresh. */
enum { SLOTS = 8, RECORDS = 512, FEATURES = 30, ITERATIONS = 2, NAME = 64 };

typedef struct large_set {
  cli_quick_home home;
  umbra_bootstrap_plan *refreshing;
  umbra_bootstrap_report report;
  umbra_bootstrapper *bootstrapper;
  double values[SLOTS];
  umbra_ciphertext *x, *refreshed;
  umbra_train_plan *training;
  umbra_records *records;
  umbra_trainer *trainer;
  char folder[CLI_PATH]; /* of the encrypted records; "": not made */
} large_set;

/* ---- what is done ---- */

static umbra_status refresh(void *set) {
  large_set *s = set;
  return umbra_bootstrap(s->home.evaluator, &s->refreshed, s->x, s->bootstrapper);
}

static umbra_status train(void *set) {
  large_set *s = set;
  const umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = s->training, .context = s->home.context,
                                   .keys = s->home.keys, .data = s->folder};
  umbra_trainer_destroy(s->trainer);
  s->trainer = NULL;
  const umbra_status status = umbra_trainer_create(&s->trainer, &desc, NULL);
  return status == UMBRA_OK ? umbra_trainer_run(s->trainer, NULL, NULL) : status;
}

/* ---- whether it is right ---- */

static umbra_status judge_refresh(void *set, size_t number, double *error) {
  large_set *s = set;
  double opened[SLOTS];
  (void)number;
  const umbra_status status = umbra_decrypt_decode(opened, SLOTS, s->refreshed, s->home.secret);
  *error = 0;
  for (size_t i = 0; i < SLOTS && status == UMBRA_OK; i++) *error = cli_larger(*error, fabs(opened[i] - s->values[i]));
  return status;
}

/* The weights against those of the same training in the clear. */
static umbra_status judge_training(void *set, size_t number, double *error) {
  large_set *s = set;
  double weights[FEATURES + 1], twin[FEATURES + 1];
  umbra_logistic *model = NULL;
  (void)number;
  umbra_status status = umbra_trainer_logistic(s->trainer, &model);
  if (status == UMBRA_OK) status = umbra_logistic_decrypt(model, weights, &weights[FEATURES], s->home.secret);
  if (status == UMBRA_OK) status = umbra_train_twin(twin, NULL, 0, s->training, s->records, NULL, NULL);
  *error = 0;
  for (size_t i = 0; i <= FEATURES && status == UMBRA_OK; i++) *error = cli_larger(*error, fabs(weights[i] - twin[i]));
  umbra_logistic_destroy(model);
  return status;
}

static const cli_quick_operation operations[] = {
    {CLI_QUICK_REFRESH, refresh, judge_refresh, 1},
    {CLI_QUICK_TRAINING, train, judge_training, ITERATIONS},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- what it is done with ---- */

static umbra_status make_records(large_set *s) {
  double *features = calloc((size_t)RECORDS * FEATURES, sizeof *features), *labels = calloc(RECORDS, sizeof *labels);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  if (features && labels) {
    for (size_t i = 0; i < (size_t)RECORDS * FEATURES; i++) features[i] = cli_quick_value(i);
    for (size_t i = 0; i < RECORDS; i++) labels[i] = features[i * FEATURES] > 0 ? 1 : -1;
    status = umbra_records_create(&s->records, features, labels, RECORDS, FEATURES);
  }
  free(features);
  free(labels);
  return status;
}

static bool plan_all(large_set *s) {
  const umbra_bootstrap_options refreshes = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = SLOTS};
  umbra_train_options training;
  umbra_train_options_init(&training);
  training.rows = RECORDS;
  training.columns = FEATURES;
  training.iterations = ITERATIONS;
  umbra_bootstrap_report_init(&s->report);
  return cli_check(umbra_bootstrap_plan_create(&s->refreshing, s->home.params, &refreshes), NULL) &&
         cli_check(umbra_bootstrap_plan_report(s->refreshing, &s->report), NULL) &&
         cli_check(umbra_train_plan_create(&s->training, s->home.params, &training), NULL) &&
         cli_check(umbra_bootstrap_plan_needs(s->refreshing, s->home.needs), NULL) &&
         cli_check(umbra_train_plan_needs(s->training, s->home.needs), NULL);
}

static bool make_folder(large_set *s) {
  const char *parent = getenv("TMPDIR");
  if (!cli_path(s->folder, parent && *parent ? parent : "/tmp", "umbra-bench-XXXXXX")) return false;
  if (mkdtemp(s->folder)) return true;
  const bool made = cli_error("%s: %s", s->folder, strerror(errno));
  s->folder[0] = 0;
  return made;
}

static bool encrypt_all(large_set *s) {
  const umbra_encode_options lowest = {
      .struct_size = sizeof(umbra_encode_options), .level = s->report.input_level, .slots = SLOTS};
  umbra_plaintext *plaintext = NULL;
  for (size_t i = 0; i < SLOTS; i++) s->values[i] = cli_quick_value(i);
  const bool done =
      cli_check(umbra_encode(&plaintext, s->home.context, s->values, SLOTS, &lowest), NULL) &&
      cli_check(umbra_encrypt(&s->x, s->home.public, plaintext), NULL) &&
      cli_check(umbra_bootstrapper_create(&s->bootstrapper, s->home.context, s->refreshing, NULL), NULL) &&
      cli_check(make_records(s), NULL) && make_folder(s) &&
      cli_check(umbra_train_encrypt_symmetric(s->folder, s->training, s->home.secret, s->records, NULL, NULL), NULL);
  umbra_plaintext_destroy(plaintext);
  return done;
}

static void remove_folder(const char *folder) {
  char path[CLI_PATH];
  DIR *files = *folder ? opendir(folder) : NULL;
  if (!files) return;
  for (const struct dirent *file; (file = readdir(files));)
    if (cli_path(path, folder, file->d_name)) (void)unlink(path);
  closedir(files);
  (void)rmdir(folder);
}

static void clear(large_set *s) {
  umbra_trainer_destroy(s->trainer);
  remove_folder(s->folder);
  umbra_records_destroy(s->records);
  umbra_train_plan_destroy(s->training);
  umbra_ciphertext_destroy(s->refreshed);
  umbra_ciphertext_destroy(s->x);
  umbra_bootstrapper_destroy(s->bootstrapper);
  umbra_bootstrap_plan_destroy(s->refreshing);
  cli_quick_close(&s->home);
}

/* With a quarter for tables and work. What a GPU lacks waits in this memory, too. */
static bool memory_suffices(const large_set *s, cli_report *report) {
  char text[256], much[CLI_UNITS], here[CLI_UNITS];
  const umbra_device_info info = cli_processor();
  const double needed = 1.25 * (double)umbra_key_needs_bytes(s->home.needs);
  if (!info.free_bytes || needed <= (double)info.free_bytes) return true;
  snprintf(text, sizeof text, "refresh and training are not measured: they take about %s of memory, and %s are free",
           cli_bytes_text(much, needed), cli_bytes_text(here, (double)info.free_bytes));
  cli_report_warning(report, text);
  return false;
}

bool cli_quick_large(cli_quick_result *results, const cli_quick_options *o, cli_report *report) {
  large_set s = {0};
  bool done = cli_quick_open(&s.home, CLI_QUICK_LARGE_PRESET, o) && plan_all(&s);
  if (done && memory_suffices(&s, report))
    done =
        cli_quick_equip(&s.home) && encrypt_all(&s) && cli_quick_measure(results, operations, OPERATIONS, &s, &s.home);
  clear(&s);
  return done;
}
