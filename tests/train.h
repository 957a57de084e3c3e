/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of training: records from fixed seeds, a plan with its keys, and a data set in a folder of its own. */
#ifndef UMBRA_TESTS_TRAIN_H
#define UMBRA_TESTS_TRAIN_H

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "boot.h"

/* ---- records ---- */

/* Labels follow from a fixed plane, with some noise; features lie in [-1, 1]. */
static inline umbra_records *random_records(size_t rows, size_t columns, uint64_t seed) {
  double *features = calloc(rows * columns, sizeof *features), *labels = calloc(rows, sizeof *labels);
  umbra_records *records = NULL;
  assert_true(features && labels);
  for (size_t r = 0; r < rows; r++) {
    double score = 0.2 * uniform(&seed);
    for (size_t c = 0; c < columns; c++) {
      features[r * columns + c] = uniform(&seed);
      score += features[r * columns + c] * (c % 3 == 0 ? 1 : -0.5);
    }
    labels[r] = score > 0;
  }
  assert_ok(umbra_records_create(&records, features, labels, rows, columns));
  free(features);
  free(labels);
  return records;
}

/* Labels are the place of the largest of some random linear forms; with classes 0 the value of the first. */
static inline umbra_records *records_of_classes(size_t rows, size_t columns, size_t classes, uint64_t seed) {
  double *features = calloc(rows * columns, sizeof *features), *labels = calloc(rows, sizeof *labels);
  double *form = calloc((classes + 1) * columns, sizeof *form);
  umbra_records *records = NULL;
  assert_true(features && labels && form);
  for (size_t i = 0; i < (classes + 1) * columns; i++) form[i] = uniform(&seed);
  for (size_t r = 0; r < rows; r++) {
    double best = -1e9;
    for (size_t c = 0; c < columns; c++) features[r * columns + c] = uniform(&seed);
    for (size_t k = 0; k < (classes ? classes : 1); k++) {
      double score = 0;
      for (size_t c = 0; c < columns; c++) score += form[k * columns + c] * features[r * columns + c];
      if (classes == 0) labels[r] = score / 2;
      else if (score > best) labels[r] = (double)k;
      best = fmax(best, score);
    }
  }
  assert_ok(umbra_records_create_classes(&records, features, labels, rows, columns, classes));
  free(form);
  free(features);
  free(labels);
  return records;
}

/* A small ring, of which refreshes leave so many levels. */
static inline umbra_params *levels_of(uint32_t levels) {
  return boot_twin(11, 40, levels, (umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT});
}

/* With those of boot-64k-40. */
static inline umbra_params *training_params(void) { return levels_of(14); }

/* ---- an owner with a plan, keys and a data set ---- */

typedef struct training {
  umbra_train_plan *plan;
  umbra_records *records;
  scheme s;
  char folder[64], checkpoint[96];
} training;

/* The keys of a training. */
static inline umbra_key_needs *training_needs(const umbra_train_plan *plan) {
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, umbra_train_plan_params(plan)));
  assert_ok(umbra_train_plan_needs(plan, needs));
  return needs;
}

/* Takes params and records over. `folder` is made, and removed by training_close. */
static inline void training_open(training *t, umbra_params *params, umbra_records *records, umbra_train_options options,
                                 const char *device) {
  *t = (training){.records = records, .s = {.params = params}, .folder = "/tmp/umbra-train-XXXXXX"};
  scheme *s = &t->s;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device};
  options.rows = umbra_records_rows(records);
  options.columns = umbra_records_columns(records);
  assert_non_null(mkdtemp(t->folder));
  snprintf(t->checkpoint, sizeof t->checkpoint, "%s/checkpoint.umbra", t->folder);
  assert_ok(umbra_train_plan_create(&t->plan, params, &options));
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  assert_ok(umbra_public_key_generate(&s->public, s->secret));
  s->keys = keys_for(s->secret, training_needs(t->plan));
  assert_ok(umbra_train_encrypt(t->folder, t->plan, s->public, records, NULL, NULL));
}

/* With the files in it. */
static inline void remove_folder(const char *folder) {
  char path[512];
  DIR *open_folder = opendir(folder);
  assert_non_null(open_folder);
  for (struct dirent *entry; (entry = readdir(open_folder));) {
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    unlink(path);
  }
  closedir(open_folder);
  rmdir(folder);
}

static inline void training_close(training *t) {
  remove_folder(t->folder);
  umbra_records_destroy(t->records);
  umbra_train_plan_destroy(t->plan);
  umbra_eval_keys_destroy(t->s.keys);
  umbra_public_key_destroy(t->s.public);
  umbra_secret_key_destroy(t->s.secret);
  umbra_context_destroy(t->s.context);
  umbra_params_destroy(t->s.params);
}

static inline umbra_trainer_desc training_desc(const training *t) {
  return (umbra_trainer_desc){UMBRA_TRAINER_DESC_INIT, .plan = t->plan, .context = t->s.context, .keys = t->s.keys,
                              .data = t->folder};
}

/* Where files have no room for a checkpoint: the next iteration fails, and those before stay done. */
static inline void run_on_full_disk(umbra_trainer *trainer) {
  struct rlimit before, little = {4096, 4096};
  const uint32_t done = umbra_trainer_iterations(trainer);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  little.rlim_max = before.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
  const umbra_status status = umbra_trainer_run(trainer, NULL, NULL);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(status, UMBRA_ERROR_IO);
  assert_non_null(strstr(umbra_last_error(), strerror(EFBIG)));
  assert_int_equal(umbra_trainer_iterations(trainer), done);
}

/* The weights of the model that a trainer has at the end, bias last; free them. */
static inline double *decrypted_weights(const training *t, const umbra_trainer *trainer) {
  size_t columns = umbra_records_columns(t->records);
  double *weights = calloc(columns + 1, sizeof *weights);
  umbra_logistic *model = NULL;
  assert_non_null(weights);
  assert_ok(umbra_trainer_logistic(trainer, &model));
  umbra_range range = {UMBRA_RANGE_INIT};
  assert_ok(umbra_logistic_range(model, &range)); /* the plan's declarations leave no doubt */
  assert_int_equal(range.doubts, 0);
  assert_ok(umbra_logistic_decrypt(model, weights, &weights[columns], t->s.secret));
  umbra_logistic_destroy(model);
  return weights;
}

/* As it is saved; the bytes are to be freed. */
static inline bytes model_bytes(const umbra_trainer *trainer) {
  umbra_logistic *model = NULL;
  bytes b = {0};
  assert_ok(umbra_trainer_logistic(trainer, &model));
  assert_ok(umbra_logistic_write(model, NULL, &b.size, NULL));
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_ok(umbra_logistic_write(model, b.data, &b.size, NULL));
  umbra_logistic_destroy(model);
  return b;
}

#endif
