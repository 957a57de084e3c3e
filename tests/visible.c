/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * What ciphertexts tell others beside their values: two sets of values within the same declared bound, one of which has an
 * outlier, look alike; and what is beyond the bound is refused, by whoever encrypts and by whoever loads.
 */
#include "visible.h"
#include "folder.h"
#include "train.h"

#include "host/ckks/file.h"
#include "host/linalg/matrix.h"
#include "host/train/dataset.h"

enum { ROWS = 600, COLUMNS = 3, COUNT = ROWS * COLUMNS };

#define BOUND 64.0
#define OUTLIER 63.5

static scheme s;
static double plain[COUNT], with_outlier[COUNT];
static char folder[64];

static int open_all(void **state) {
  uint64_t seed = 5;
  (void)state;
  for (int i = 0; i < COUNT; i++) plain[i] = with_outlier[i] = uniform(&seed);
  with_outlier[COUNT / 2] = OUTLIER;
  strcpy(folder, "/tmp/umbra-visible-XXXXXX");
  scheme_open(&s, test_params(11, 40, 3), NULL, NULL, 0);
  return mkdtemp(folder) ? 0 : 1;
}

static int close_all(void **state) {
  (void)state;
  remove_folder(folder);
  scheme_close(&s);
  return 0;
}

static const char *path_of(const char *name) {
  static char path[4][160];
  static int next;
  char *p = path[next++ % 4];
  snprintf(p, sizeof path[0], "%s/%s", folder, name);
  return p;
}

/* ---- one ciphertext ---- */

static seen seen_ciphertext(const double *values, double bound, int symmetric) {
  const umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = 64, .bound = bound};
  umbra_plaintext *encoded = NULL;
  umbra_ciphertext *x = NULL;
  assert_ok(umbra_encode_complex(&encoded, s.context, values, 32, &options));
  if (symmetric) assert_ok(umbra_encrypt_symmetric(&x, s.secret, encoded));
  else assert_ok(umbra_encrypt(&x, s.public, encoded));
  assert_ok(umbra_ciphertext_save(x, path_of("x.umbra"), NULL));
  umbra_ciphertext_destroy(x);
  umbra_plaintext_destroy(encoded);
  return seen_in_file(path_of("x.umbra"));
}

static void ciphertexts(void **state) {
  (void)state;
  const double *outlying = with_outlier + COUNT / 2 - 5;
  for (int symmetric = 0; symmetric < 2; symmetric++) {
    assert_true(look_alike(seen_ciphertext(plain, BOUND, symmetric), seen_ciphertext(outlying, BOUND, symmetric)));
    assert_false(look_alike(seen_ciphertext(plain, 0, symmetric), seen_ciphertext(outlying, 0, symmetric)));
  }
}

static void encoding_refuses_what_is_beyond(void **state) {
  (void)state;
  const double values[] = {1, -2, 0.5};
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .bound = 2};
  umbra_plaintext *encoded = NULL;
  assert_ok(umbra_encode(&encoded, s.context, values, 3, &options));
  options.bound = 1.5;
  assert_fails(umbra_encode(&encoded, s.context, values, 3, &options), UMBRA_ERROR_RANGE, "declared is 1.5");
  assert_fails(umbra_encode_complex(&encoded, s.context, (double[]){1.5, 1.5}, 1, &options), UMBRA_ERROR_RANGE,
               "size 2.12");
  options.bound = NAN;
  assert_fails(umbra_encode(&encoded, s.context, values, 3, &options), UMBRA_ERROR_INVALID_ARGUMENT, "bound");
  umbra_plaintext_destroy(encoded);
}

/* ---- matrices ---- */

static umbra_array array_of(const double *values, double bound) {
  return (umbra_array){UMBRA_ARRAY_INIT, .data = values, .rows = ROWS, .columns = COLUMNS, .bound = bound};
}

static seen seen_matrix(const double *values, double bound, const umbra_matrix_layout *layout, int symmetric) {
  const umbra_array array = array_of(values, bound);
  umbra_matrix *m = NULL;
  if (symmetric) assert_ok(umbra_matrix_encrypt_symmetric(&m, s.secret, &array, layout, NULL));
  else assert_ok(umbra_matrix_encrypt_array(&m, s.public, &array, layout, NULL));
  for (size_t i = 1; i < m->parts; i++) /* also where nothing was declared */
    assert_true(umbra_ciphertext_magnitude(m->part[i]) == umbra_ciphertext_magnitude(m->part[0]));
  assert_ok(umbra_matrix_save(m, path_of("m.umbra"), NULL));
  umbra_matrix_destroy(m);
  return seen_in_file(path_of("m.umbra"));
}

static void matrices(void **state) {
  (void)state;
  const umbra_matrix_layout layouts[] = {{UMBRA_MATRIX_LAYOUT_INIT},
                                         {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1},
                                         {UMBRA_MATRIX_LAYOUT_INIT, .pairs = 1},
                                         {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = 64},
                                         {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .pairs = 1}};
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
    for (int symmetric = 0; symmetric < 2; symmetric++) {
      const umbra_matrix_layout *l = &layouts[i];
      assert_true(look_alike(seen_matrix(plain, BOUND, l, symmetric), seen_matrix(with_outlier, BOUND, l, symmetric)));
      assert_false(look_alike(seen_matrix(plain, 0, l, symmetric), seen_matrix(with_outlier, 0, l, symmetric)));
    }
}

static void matrices_refuse_what_is_beyond(void **state) {
  (void)state;
  umbra_matrix *m = NULL;
  umbra_array array = array_of(with_outlier, 63);
  assert_fails(umbra_matrix_encrypt_array(&m, s.public, &array, NULL, NULL), UMBRA_ERROR_RANGE,
               "element (300, 0) is 63.5, and the bound that was declared is 63");
  array.bound = -1;
  assert_fails(umbra_matrix_encrypt_array(&m, s.public, &array, NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "bound is -1");
  assert_null(m);
}

/* ---- models ---- */

static seen seen_model(const double *weights, double bound, int symmetric) {
  const umbra_array array = {UMBRA_ARRAY_INIT, .data = weights, .rows = 4, .columns = 1, .bound = bound};
  umbra_logistic *model = NULL;
  if (symmetric) assert_ok(umbra_logistic_encrypt_array_symmetric(&model, s.secret, &array, NULL));
  else assert_ok(umbra_logistic_encrypt_array(&model, s.public, &array, NULL));
  double opened[3], bias;
  assert_ok(umbra_logistic_decrypt(model, opened, &bias, s.secret));
  assert_true(fabs(opened[1] - weights[1]) < 1e-3 && fabs(bias - weights[3]) < 1e-3);
  assert_ok(umbra_logistic_save(model, path_of("model.umbra"), NULL));
  umbra_logistic_destroy(model);
  return seen_in_file(path_of("model.umbra"));
}

static void models(void **state) {
  (void)state;
  const double near[] = {0.5, -0.25, 1, 0.125}, far[] = {0.5, -30, 1, 0.125};
  umbra_logistic *model = NULL;
  umbra_array array = {UMBRA_ARRAY_INIT, .data = far, .rows = 1, .columns = 4, .bound = 29};
  for (int symmetric = 0; symmetric < 2; symmetric++) {
    assert_true(look_alike(seen_model(near, 32, symmetric), seen_model(far, 32, symmetric)));
    assert_false(look_alike(seen_model(near, 0, symmetric), seen_model(far, 0, symmetric)));
  }
  assert_fails(umbra_logistic_encrypt_array(&model, s.public, &array, NULL), UMBRA_ERROR_RANGE, "declared is 29");
  array.columns = 1;
  assert_fails(umbra_logistic_encrypt_array(&model, s.public, &array, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "at least 2");
}

/* ---- data sets for training ---- */

enum { TRAINED = 1500, FEATURES = 3 };

typedef struct owner {
  umbra_params *params;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
} owner;

static void open_owner(owner *o) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = o->params = training_params()};
  assert_ok(umbra_context_create(&o->context, &desc));
  assert_ok(umbra_secret_key_generate(&o->secret, o->context));
  assert_ok(umbra_public_key_generate(&o->public, o->secret));
}

static void close_owner(owner *o) {
  umbra_public_key_destroy(o->public);
  umbra_secret_key_destroy(o->secret);
  umbra_context_destroy(o->context);
  umbra_params_destroy(o->params);
}

/* outlier: one feature and, of values, one label. */
static umbra_records *records_with(double outlier, const umbra_train_options *o) {
  static double features[TRAINED * FEATURES], labels[TRAINED];
  uint64_t seed = 9;
  umbra_records *made = NULL, *weighted = NULL;
  for (int i = 0; i < TRAINED * FEATURES; i++) features[i] = uniform(&seed);
  for (int i = 0; i < TRAINED; i++) labels[i] = o->loss == UMBRA_LOSS_SQUARED ? uniform(&seed) : i % 2;
  features[TRAINED] = outlier;
  if (o->loss == UMBRA_LOSS_SQUARED) {
    labels[7] = outlier;
    assert_ok(umbra_records_create_classes(&made, features, labels, TRAINED, FEATURES, 0));
  } else {
    assert_ok(umbra_records_create(&made, features, labels, TRAINED, FEATURES));
  }
  if (o->kind != UMBRA_TRAIN_WEIGHTED && o->kind != UMBRA_TRAIN_WEIGHTED_NETWORK) return made;
  assert_ok(umbra_records_weigh(&weighted, made, 1, outlier > 1 ? 4 : 2));
  umbra_records_destroy(made);
  return weighted;
}

static umbra_train_plan *plan_of(const owner *o, umbra_train_options options) {
  umbra_train_plan *plan = NULL;
  options.rows = TRAINED;
  options.columns = FEATURES;
  options.iterations = 2;
  options.batch = TRAINED / 2;
  assert_ok(umbra_train_plan_create(&plan, o->params, &options));
  return plan;
}

static void encrypt_data(const char *data, const owner *o, const umbra_train_plan *plan, double outlier,
                         const double *initial, int symmetric) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  assert_ok(umbra_train_plan_options(plan, &options));
  umbra_records *records = records_with(outlier, &options);
  if (symmetric) assert_ok(umbra_train_encrypt_symmetric(data, plan, o->secret, records, initial, NULL));
  else assert_ok(umbra_train_encrypt(data, plan, o->public, records, initial, NULL));
  umbra_records_destroy(records);
}

static int same_is_seen(const char *left, const char *right) {
  return look_alike(seen_in_file(left), seen_in_file(right));
}

static int data_look_alike(const owner *o, umbra_train_options options, int symmetric) {
  char a[96], b[96];
  const double initial[] = {0.5, -4, 0, 1};
  umbra_train_plan *plan = plan_of(o, options);
  const int logistic = options.kind == UMBRA_TRAIN_LOGISTIC || options.kind == UMBRA_TRAIN_WEIGHTED;
  snprintf(a, sizeof a, "%s", path_of("a"));
  snprintf(b, sizeof b, "%s", path_of("b"));
  encrypt_data(a, o, plan, 0.5, NULL, symmetric);
  encrypt_data(b, o, plan, 15, logistic ? initial : NULL, symmetric);
  const int alike = folders_are_alike(a, b, 3, same_is_seen);
  remove_folder(a);
  remove_folder(b);
  umbra_train_plan_destroy(plan);
  return alike;
}

static void data_sets(void **state) {
  (void)state;
  const umbra_train_options kinds[] = {
      {UMBRA_TRAIN_OPTIONS_INIT},
      {UMBRA_TRAIN_OPTIONS_INIT, .kind = UMBRA_TRAIN_WEIGHTED},
      {UMBRA_TRAIN_OPTIONS_INIT, .kind = UMBRA_TRAIN_NETWORK, .loss = UMBRA_LOSS_SQUARED, .hidden = {2}},
      {UMBRA_TRAIN_OPTIONS_INIT, .kind = UMBRA_TRAIN_WEIGHTED_NETWORK, .loss = UMBRA_LOSS_ONE_VS_REST}};
  owner o = {0};
  open_owner(&o);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    umbra_train_options options = kinds[i];
    if (options.kind == UMBRA_TRAIN_NETWORK) /* others scale records down, to below what bounds begin with */
      assert_false(data_look_alike(&o, options, 0));
    options.record_bound = 64;
    for (int symmetric = 0; symmetric < 2; symmetric++) assert_true(data_look_alike(&o, options, symmetric));
  }
  close_owner(&o);
}

static void data_sets_refuse_what_is_beyond(void **state) {
  (void)state;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .record_bound = 8};
  owner o = {0};
  open_owner(&o);
  umbra_train_plan *plan = plan_of(&o, options);
  umbra_records *records = records_with(15, &options);
  double bound;
  assert_ok(umbra_train_record_bound(&bound, records));
  assert_true(bound == 16);
  assert_fails(umbra_train_encrypt(path_of("none"), plan, o.public, records, NULL, NULL), UMBRA_ERROR_RANGE,
               "row 501, column 1: the feature 15 is too large to be encrypted: by the plan, at most 8");
  assert_int_equal(access(path_of("none"), F_OK), -1);
  umbra_records_destroy(records);
  umbra_train_plan_destroy(plan);
  for (int i = 0; i < 3; i++) {
    options.record_bound = (double[]){0.5, 3, INFINITY}[i];
    options.rows = TRAINED;
    options.columns = FEATURES;
    plan = NULL;
    assert_fails(umbra_train_plan_create(&plan, o.params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "power of two");
  }
  close_owner(&o);
}

/* A ciphertext of a file, by its section RANGE, says of itself that it may be so large; checksums fit. */
static void set_magnitude(const char *path, int range, double magnitude) {
  struct stat about;
  section found[MAX_SECTIONS] = {{0}};
  assert_int_equal(stat(path, &about), 0);
  const size_t size = (size_t)about.st_size;
  uint8_t *file = malloc(size);
  FILE *f = fopen(path, "r+b");
  assert_true(f && file && fread(file, 1, size, f) == size);
  assert_true(find_sections(found, file, size) > range);
  memcpy(payload(file, &found[range]) + offsetof(umbra_value_record, magnitude), &magnitude, sizeof magnitude);
  fix_checksums(file, size);
  rewind(f);
  assert_int_equal(fwrite(file, 1, size, f), size);
  fclose(f);
  free(file);
}

/* A server that is given a block with another bound, or first weights, than the plan says does not train. */
static void loaders_check_bounds(void **state) {
  (void)state;
  enum { OF_FIRST = 1, OF_BLOCK = 2 }; /* behind STAMP; behind STAMP and MATRIX */
  const umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .record_bound = 16};
  const umbra_train_block *block;
  umbra_dataset *set = NULL;
  uint8_t id[UMBRA_OWNER_BYTES];
  char data[96], path[160];
  uint64_t read;
  owner o = {0};
  open_owner(&o);
  umbra_train_plan *plan = plan_of(&o, options);
  snprintf(data, sizeof data, "%s", path_of("data"));
  encrypt_data(data, &o, plan, 15, NULL, 0);
  umbra_secret_key_owner(o.secret, id);
  snprintf(path, sizeof path, "%s/block-000001.umbra", data);
  assert_ok(umbra_dataset_open(&set, data, plan, o.context, id, 0));
  assert_ok(umbra_dataset_block_at(set, 1, &block, &read, NULL));
  set_magnitude(path, OF_BLOCK, 1024);
  umbra_dataset_close(set);
  assert_ok(umbra_dataset_open(&set, data, plan, o.context, id, 0));
  assert_fails(umbra_dataset_block_at(set, 1, &block, &read, NULL), UMBRA_ERROR_FORMAT,
               "records that are not within the bound");
  umbra_dataset_close(set);
  snprintf(path, sizeof path, "%s/data.umbra", data);
  set_magnitude(path, OF_FIRST, 1024);
  assert_fails(umbra_dataset_open(&set, data, plan, o.context, id, 0), UMBRA_ERROR_FORMAT,
               "first weights that are not within the bound");
  remove_folder(data);
  umbra_train_plan_destroy(plan);
  close_owner(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ciphertexts),
      cmocka_unit_test(encoding_refuses_what_is_beyond),
      cmocka_unit_test(matrices),
      cmocka_unit_test(matrices_refuse_what_is_beyond),
      cmocka_unit_test(models),
      cmocka_unit_test(data_sets),
      cmocka_unit_test(data_sets_refuse_what_is_beyond),
      cmocka_unit_test(loaders_check_bounds),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
