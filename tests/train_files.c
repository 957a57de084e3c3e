/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * What a training has on disk: plans, data sets and checkpoints come back as they went, and whatever is another's,
 * missing, damaged or half done is refused with a text that says so.
 */
#include "tests/boot.h"
#include "tests/file_bytes.h"
#include "tests/folder.h"

#include <dirent.h>
#include <float.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/memory.h"
#include "host/base/watch.h"
#include "host/io/storage.h"
#include "host/params/params.h"
#include "host/train/checkpoint.h"
#include "host/train/dataset.h"
#include "tests/container_bytes.h"

enum { ROWS = 4324, COLUMNS = 3, BATCH = 3000, DEPTH = 14, ITERATIONS = 3 };

static scheme s;
static umbra_train_plan *plan, *other_plan; /* of another seed */
static umbra_records *records;
static double features[ROWS][COLUMNS], labels[ROWS];
static const double initial[COLUMNS + 1] = {0.5, -2, 0, 1.25};
static char folder[64]; /* of everything */

/* ---- files ---- */

static const char *in_folder(const char *name) { return path_in(folder, name); }

static const char *block_path(const char *data, uint64_t block) {
  char name[64];
  snprintf(name, sizeof name, "%s/block-%06u.umbra", data, (unsigned)block);
  return in_folder(name);
}

static int exists(const char *path) { return access(path, F_OK) == 0; }

static void remove_all(const char *path) {
  DIR *d = opendir(path);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    char child[512];
    snprintf(child, sizeof child, "%s/%s", path, e->d_name);
    if (e->d_name[0] == '.') continue;
    if (remove(child) != 0) remove_all(child);
  }
  closedir(d);
  assert_int_equal(rmdir(path), 0);
}

/* ---- plans ---- */

static umbra_train_options options_of(uint64_t seed) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .rows = ROWS, .columns = COLUMNS, .batch = BATCH};
  options.iterations = ITERATIONS;
  options.seed = seed;
  options.shuffle = 1;
  options.l2 = 0.125;
  options.schedule = UMBRA_RATE_INVERSE;
  options.decay = 0.5;
  options.bound = 16;
  return options;
}

static bytes plan_bytes(const umbra_train_plan *p) {
  bytes b = {0};
  assert_ok(umbra_train_plan_write(p, NULL, &b.size));
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_ok(umbra_train_plan_write(p, b.data, &b.size));
  return b;
}

static void assert_same_plan(const umbra_train_plan *a, const umbra_train_plan *b) {
  uint8_t digest[2][UMBRA_DIGEST_BYTES];
  umbra_train_plan_digest(a, digest[0]);
  umbra_train_plan_digest(b, digest[1]);
  assert_memory_equal(digest[0], digest[1], UMBRA_DIGEST_BYTES);
  assert_memory_equal(a->coefficient, b->coefficient, sizeof a->coefficient);
  assert_memory_equal(&a->report, &b->report, sizeof a->report);
  assert_memory_equal(&a->layout, &b->layout, sizeof a->layout);
  for (uint32_t i = 0; i < ITERATIONS; i++) {
    umbra_train_iteration x = {UMBRA_TRAIN_ITERATION_INIT}, y = {UMBRA_TRAIN_ITERATION_INIT};
    assert_ok(umbra_train_plan_iteration(a, &x, i));
    assert_ok(umbra_train_plan_iteration(b, &y, i));
    assert_memory_equal(&x, &y, sizeof x);
  }
}

static void plans_come_back(void **state) {
  (void)state;
  umbra_train_plan *read = NULL, *loaded = NULL;
  bytes b = plan_bytes(plan);
  assert_ok(umbra_train_plan_read(&read, b.data, b.size));
  assert_same_plan(plan, read);
  bytes again = plan_bytes(read);
  assert_true(same_bytes(&b, &again));
  assert_ok(umbra_train_plan_save(plan, in_folder("plan")));
  bytes saved = file_bytes(in_folder("plan"));
  assert_true(same_bytes(&b, &saved));
  assert_ok(umbra_train_plan_load(&loaded, in_folder("plan")));
  assert_same_plan(plan, loaded);
  free(b.data);
  free(again.data);
  free(saved.data);
  umbra_train_plan_destroy(read);
  umbra_train_plan_destroy(loaded);
}

/* A coefficient is changed, or another field of the options than those of files.c, and the digest fits again. */
static void plans_are_validated_anew(void **state) {
  (void)state;
  enum { TRAINING = 3, COEFFICIENTS = 4, DIGEST = 112 };
  const struct {
    int section;
    size_t at;
    double value; /* 0: the word */
    uint64_t word;
    const char *text;
  } faults[] = {{COEFFICIENTS, 8, 4.5, 0, "coefficient 1 of the polynomial is 4.5"},
                {COEFFICIENTS, 0, INFINITY, 0, "coefficient 0"},
                {COEFFICIENTS, 24, NAN, 0, "coefficient 3"},
                {TRAINING, 40, 0, 3u | (uint64_t)3 << 32, "schedule"},
                {TRAINING, 48, 0, 2, "fit"},
                {TRAINING, 0, 0, 0, "rows"},
                {TRAINING, 0, 0, UINT64_MAX, "rows"},
                {TRAINING, 0, 0, ((uint64_t)1 << 32) + 1, "rows"},
                {TRAINING, 8, 0, UINT64_MAX, "batch"},
                {TRAINING, 24, 0, (uint64_t)ITERATIONS << 32, "columns"},
                {TRAINING, 24, 0, 1024 | (uint64_t)ITERATIONS << 32, "columns"},
                {TRAINING, 24, 0, 3 | (uint64_t)100001 << 32, "iterations"},
                {TRAINING, 56, -1, 0, "rate"},
                {TRAINING, 64, NAN, 0, "decay"},
                {TRAINING, 72, -1, 0, "momentum"},
                {TRAINING, 80, -1, 0, "l2"},
                {TRAINING, 88, INFINITY, 0, "range"},
                {TRAINING, 96, 3, 0, "bound"}};
  bytes good = plan_bytes(plan);
  uint8_t *bad = malloc(good.size);
  assert_non_null(bad);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    section found[MAX_SECTIONS] = {0};
    umbra_train_plan *untouched = plan, *out = untouched;
    memcpy(bad, good.data, good.size);
    assert_int_equal(find_sections(found, bad, good.size), COEFFICIENTS + 1);
    uint8_t *training = payload(bad, &found[TRAINING]), *field = payload(bad, &found[faults[i].section]);
    memcpy(field + faults[i].at, faults[i].value != 0 ? (const void *)&faults[i].value : &faults[i].word, 8);
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, UMBRA_DIGEST_BYTES);
    crypto_generichash_update(&hash, s.params->digest, UMBRA_DIGEST_BYTES);
    crypto_generichash_update(&hash, training, DIGEST);
    crypto_generichash_update(&hash, payload(bad, &found[COEFFICIENTS]), found[COEFFICIENTS].length);
    crypto_generichash_final(&hash, training + DIGEST, UMBRA_DIGEST_BYTES);
    fix_checksums(bad, good.size);
    assert_fails(umbra_train_plan_read(&out, bad, good.size), UMBRA_ERROR_FORMAT, faults[i].text);
    assert_ptr_equal(out, untouched);
  }
  free(bad);
  free(good.data);
}

/* ---- data sets ---- */

static void encrypt_into(const char *data, const umbra_train_plan *with) {
  assert_ok(umbra_train_encrypt(in_folder(data), with, s.public, records, initial, NULL));
}

static umbra_status open_as(umbra_dataset **dataset, const char *data, const umbra_train_plan *with, uint64_t budget) {
  uint8_t owner[UMBRA_OWNER_BYTES];
  umbra_public_key_owner(s.public, owner);
  return umbra_dataset_open(dataset, in_folder(data), with, s.context, owner, budget);
}

static umbra_dataset *open_data(const char *data, uint64_t budget) {
  umbra_dataset *dataset = NULL;
  assert_ok(open_as(&dataset, data, plan, budget));
  return dataset;
}

static void assert_does_not_open(const char *data, umbra_status status, const char *text) {
  umbra_dataset *dataset = NULL;
  uint64_t memory = umbra_context_memory(s.context);
  assert_fails(open_as(&dataset, data, plan, 0), status, text);
  assert_null(dataset);
  assert_int_equal(umbra_context_memory(s.context), memory);
}

/* The one of a row, which has its sign: in the slot after its columns. */
static double one_of(const umbra_matrix *m, size_t row) {
  double pairs[2 * 1024];
  size_t per_part = umbra_layout_rows_per_part(&m->layout), real = m->layout.slots / m->layout.stride,
         r = row % per_part;
  assert_ok(umbra_decrypt_decode_complex(pairs, m->layout.slots, m->part[row / per_part], s.secret));
  return pairs[2 * ((r % real) * m->layout.stride + m->columns) + (r >= real)];
}

static void check_block(const umbra_matrix *m, umbra_block_range range, const size_t *order) {
  double *found = malloc(m->rows * m->columns * sizeof *found);
  assert_non_null(found);
  assert_int_equal(m->rows, range.rows);
  assert_int_equal(m->columns, COLUMNS);
  assert_ok(umbra_matrix_decrypt(m, found, s.secret, NULL));
  for (size_t r = 0; r < m->rows; r++) {
    const uint64_t row = order[range.first + r];
    for (size_t c = 0; c < COLUMNS; c++) {
      double expected = (labels[row] > 0 ? 1 : -1) * features[row][c] * plan->data_scale;
      if (!(fabs(found[r * COLUMNS + c] - expected) < 1e-7)) fail_msg("record %zu, feature %zu", r, c);
    }
  }
  for (size_t r = 0; r < m->rows; r += 1 + m->rows / 7)
    assert_true(fabs(one_of(m, r) - (labels[order[range.first + r]] > 0 ? 1 : -1) * plan->data_scale) < 1e-7);
  for (size_t i = 0; i < m->parts; i++) assert_int_equal(umbra_ciphertext_level(m->part[i]), plan->record_level);
  free(found);
}

static void check_weights(const umbra_ciphertext *weights) {
  double found[1024];
  const uint32_t stride = plan->layout.stride;
  assert_int_equal(umbra_ciphertext_slots(weights), stride);
  assert_int_equal(umbra_ciphertext_level(weights), plan->data_level);
  assert_ok(umbra_decrypt_decode(found, stride, weights, s.secret));
  for (uint32_t i = 0; i < stride; i++) {
    double expected = i <= COLUMNS ? initial[i] / plan->iteration[0].unit_in : 0;
    assert_true(fabs(found[i] - expected) < 1e-6);
  }
}

static uint64_t file_size(const char *path) {
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  return (uint64_t)about.st_size;
}

static void data_sets_hold_the_records(void **state) {
  (void)state;
  static size_t order[ROWS];
  assert_ok(umbra_train_plan_order(plan, order, NULL));
  assert_true(plan->blocks > plan->batches && plan->batches > 1);
  encrypt_into("data", plan);
  assert_int_equal(count_files(in_folder("data")), plan->blocks + 1);
  umbra_dataset *dataset = open_data("data", 0);
  check_weights(umbra_dataset_weights(dataset)->part[0]);
  for (uint64_t k = 0; k < plan->blocks; k++) {
    const umbra_train_block *m = NULL;
    uint64_t read = 0;
    assert_ok(umbra_dataset_block_at(dataset, k, &m, &read, NULL));
    assert_int_equal(read, file_size(block_path("data", k)));
    check_block(m->records, umbra_plan_block(plan, k), order);
  }
  assert_int_equal(file_size(in_folder("data/data.umbra")), umbra_dataset_index_bytes(plan));
  umbra_dataset_close(dataset);
}

/* Half as long, but for headers; the same records come back. */
static void secret_keys_halve_data_sets(void **state) {
  (void)state;
  static size_t order[ROWS];
  assert_ok(umbra_train_plan_order(plan, order, NULL));
  assert_ok(umbra_train_encrypt_symmetric(in_folder("seeded"), plan, s.secret, records, initial, NULL));
  umbra_dataset *dataset = open_data("seeded", 0);
  check_weights(umbra_dataset_weights(dataset)->part[0]);
  for (uint64_t k = 0; k < plan->blocks; k++) {
    const umbra_train_block *m = NULL;
    uint64_t read = 0;
    const uint64_t size = file_size(block_path("seeded", k)), public = file_size(block_path("data", k));
    assert_true(size > public / 2 && size < 0.51 * (double)public);
    assert_ok(umbra_dataset_block_at(dataset, k, &m, &read, NULL));
    assert_int_equal(read, size);
    check_block(m->records, umbra_plan_block(plan, k), order);
  }
  assert_true(file_size(in_folder("seeded/data.umbra")) < 0.51 * (double)umbra_dataset_index_bytes(plan));
  umbra_dataset_close(dataset);
}

/* With the other secret key of the same parameters the data set is of another owner, and no training takes it. */
static void secret_keys_of_others(void **state) {
  (void)state;
  umbra_secret_key *other = NULL;
  assert_ok(umbra_secret_key_generate(&other, s.context));
  assert_ok(umbra_train_encrypt_symmetric(in_folder("others"), plan, other, records, initial, NULL));
  assert_does_not_open("others", UMBRA_ERROR_MISMATCH, "data.umbra' is of another owner");
  umbra_secret_key_destroy(other);
  copy_file(block_path("data", 0), block_path("seeded", 0));
  assert_does_not_open("seeded", UMBRA_ERROR_MISMATCH, "block-000000.umbra' is of another data set");
}

static void no_first_weights_are_zeros(void **state) {
  (void)state;
  double found[COLUMNS + 1];
  assert_ok(umbra_train_encrypt(in_folder("zeros"), plan, s.public, records, NULL, NULL));
  umbra_dataset *dataset = open_data("zeros", 0);
  assert_ok(umbra_decrypt_decode(found, COLUMNS + 1, umbra_dataset_weights(dataset)->part[0], s.secret));
  for (int i = 0; i <= COLUMNS; i++) assert_true(fabs(found[i]) < 1e-6);
  umbra_dataset_close(dataset);
}

/* Two passes; every block has the same bits as with budget 0, and what fits is read once. */
static void check_budget(uint64_t budget, uint64_t kept) {
  umbra_dataset *dataset = open_data("data", budget), *plain = open_data("data", 0);
  uint64_t part = umbra_params_ciphertext_bytes(s.params, plan->record_level), opened = umbra_context_memory(s.context);
  uint64_t found = 0;
  for (uint64_t i = 0; i < 2 * plan->blocks; i++) {
    const umbra_train_block *a = NULL, *b = NULL;
    uint64_t read = 1, all = 0;
    assert_ok(umbra_dataset_block_at(dataset, i % plan->blocks, &a, &read, NULL));
    assert_ok(umbra_dataset_block_at(plain, i % plan->blocks, &b, &all, NULL));
    assert_true(all > 0 && (read == all || read == 0));
    const size_t parts = a->records->parts;
    assert_int_equal(parts, b->records->parts);
    for (size_t p = 0; p < parts; p++) {
      bytes expected = ciphertext_bytes(b->records->part[p]);
      assert_true(has_bytes(a->records->part[p], &expected));
      free(expected.data);
    }
    found += i >= plan->blocks && read == 0;
    umbra_dataset_release(plain);
    assert_true(umbra_context_memory(s.context) - opened <= kept * plan->report.block_bytes + parts * part);
  }
  assert_int_equal(found, kept);
  umbra_dataset_release(dataset);
  assert_true(umbra_context_memory(s.context) - opened <= budget);
  umbra_dataset_close(dataset);
  umbra_dataset_close(plain);
}

static void budgets(void **state) {
  (void)state;
  const uint64_t full = plan->report.block_bytes;
  check_budget(0, 0);
  check_budget(full - 1, 1); /* the first block that is smaller */
  check_budget(2 * full, 2);
  check_budget(UINT64_MAX, plan->blocks);
}

static void blocks_of_elsewhere(void **state) {
  (void)state;
  const char *first = block_path("data", 0), *second = block_path("data", 1);
  encrypt_into("later", plan);
  encrypt_into("foreign", other_plan);
  bytes own = file_bytes(first);
  copy_file(second, first);
  assert_does_not_open("data", UMBRA_ERROR_MISMATCH, "block-000000.umbra' is number 1, not 0");
  copy_file(block_path("later", 0), first);
  assert_does_not_open("data", UMBRA_ERROR_MISMATCH, "block-000000.umbra' is of another data set");
  copy_file(block_path("foreign", 0), first);
  assert_does_not_open("data", UMBRA_ERROR_MISMATCH, "block-000000.umbra' is of another plan");
  copy_file(in_folder("data/data.umbra"), first);
  assert_does_not_open("data", UMBRA_ERROR_FORMAT, "this is a file of kind 'training data', not 'training block'");
  assert_does_not_open("foreign", UMBRA_ERROR_MISMATCH, "data.umbra' is of another plan");
  put_file(first, own.data, own.size - 1);
  assert_does_not_open("data", UMBRA_ERROR_FORMAT, "truncated");
  assert_int_equal(remove(first), 0);
  assert_does_not_open("data", UMBRA_ERROR_IO, "block-000000.umbra': No such file");
  put_file(first, own.data, own.size);
  umbra_dataset_close(open_data("data", 0));
  free(own.data);
}

static void data_sets_of_other_owners(void **state) {
  (void)state;
  umbra_dataset *dataset = NULL;
  const uint8_t owner[UMBRA_OWNER_BYTES] = {1};
  assert_fails(umbra_dataset_open(&dataset, in_folder("data"), plan, s.context, owner, 0), UMBRA_ERROR_MISMATCH,
               "data.umbra' is of another owner");
  umbra_params *params = boot_twin(11, 40, DEPTH + 1, (umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT});
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params};
  umbra_context *context = NULL;
  assert_ok(umbra_context_create(&context, &desc));
  assert_fails(umbra_dataset_open(&dataset, in_folder("data"), plan, context, owner, 0), UMBRA_ERROR_MISMATCH,
               "training data of other parameters");
  umbra_context_destroy(context);
  umbra_params_destroy(params);
  assert_null(dataset);
}

/* A block that changes after the data set was opened; what is in memory is not read again. */
static void blocks_that_change_meanwhile(void **state) {
  (void)state;
  umbra_dataset *dataset = open_data("later", 0);
  const umbra_train_block *untouched = (const umbra_train_block *)&s, *m = untouched;
  uint64_t read;
  bytes b = file_bytes(block_path("later", 1));
  b.data[b.size / 2] ^= 1;
  put_file(block_path("later", 1), b.data, b.size);
  assert_fails(umbra_dataset_block_at(dataset, 1, &m, &read, NULL), UMBRA_ERROR_FORMAT, "checksum is wrong");
  copy_file(block_path("data", 1), block_path("later", 1));
  assert_fails(umbra_dataset_block_at(dataset, 1, &m, &read, NULL), UMBRA_ERROR_MISMATCH, "another data set");
  assert_ptr_equal(m, untouched);
  b.data[b.size / 2] ^= 1;
  put_file(block_path("later", 1), b.data, b.size);
  assert_ok(umbra_dataset_block_at(dataset, 1, &m, &read, NULL));
  umbra_dataset_close(dataset);
  free(b.data);
}

/* ---- writing data sets ---- */

typedef struct stopper {
  int left; /* calls until it stops */
  double last;
  double at; /* or the fraction at which it does; 0: none */
} stopper;

static int stop(void *user, double fraction) {
  stopper *stopper = user;
  assert_true(fraction >= stopper->last && fraction <= 1);
  stopper->last = fraction;
  return stopper->left-- == 0 || (stopper->at > 0 && fraction >= stopper->at);
}

static void interrupted_encryption(void **state) {
  (void)state;
  umbra_watch_interval(0);
  encrypt_into("again", plan);
  for (int after = 0; after < (int)plan->blocks; after += 2) {
    stopper stopper = {.left = after};
    umbra_progress progress = {stop, &stopper};
    umbra_dataset_close(open_data("again", 0));
    assert_fails(umbra_train_encrypt(in_folder("again"), plan, s.public, records, initial, &progress),
                 UMBRA_ERROR_CANCELLED, "cancelled");
    assert_does_not_open("again", UMBRA_ERROR_IO, "data.umbra': No such file");
    encrypt_into("again", plan);
  }
  stopper whole = {.left = -1};
  umbra_progress progress = {stop, &whole};
  assert_ok(umbra_train_encrypt(in_folder("again"), plan, s.public, records, initial, &progress));
  assert_true(whole.last == 1);
}

/* An index of before, put back beside blocks of an interrupted later encryption. */
static void old_index_and_new_blocks(void **state) {
  (void)state;
  bytes index = file_bytes(in_folder("again/data.umbra"));
  stopper stopper = {.left = -1, .at = 0.5};
  umbra_progress progress = {stop, &stopper};
  assert_fails(umbra_train_encrypt(in_folder("again"), plan, s.public, records, initial, &progress),
               UMBRA_ERROR_CANCELLED, "");
  put_file(in_folder("again/data.umbra"), index.data, index.size);
  assert_does_not_open("again", UMBRA_ERROR_MISMATCH, "block-000000.umbra' is of another data set");
  free(index.data);
}

static void leftovers_are_removed(void **state) {
  (void)state;
  static const char *const gone[] = {"block-000099.umbra", "block-1000000.umbra", "data.umbra.0123456789abcdef.tmp",
                                     "block-000003.umbra.0123456789abcdef.tmp"};
  static const char *const stay[] = {"block-99.umbra", "block-000098.umbra", "notes.umbra.0123456789abcdef.tmp",
                                     "block-000001.umbra.0123456789abcde.tmp", "data.umbra.0123456789ABCDEF.tmp"};
  char name[512];
  encrypt_into("swept", plan);
  for (size_t i = 0; i < 9; i++) {
    const char *leftover = i < 4 ? gone[i] : stay[i - 4];
    snprintf(name, sizeof name, "swept/%s", leftover);
    if (i == 5) put_file(in_folder(name), "somebody's", 10); /* by its name a block, but not one */
    else copy_file(block_path("swept", 0), in_folder(name));
  }
  assert_int_equal(mkdir(in_folder("swept/block-000097.umbra"), 0700), 0);
  encrypt_into("swept", plan);
  for (size_t i = 0; i < 9; i++) {
    snprintf(name, sizeof name, "swept/%s", i < 4 ? gone[i] : stay[i - 4]);
    if (exists(in_folder(name)) != (i >= 4)) fail_msg("%s", name);
  }
  assert_true(exists(in_folder("swept/block-000097.umbra")));
  umbra_dataset_close(open_data("swept", 0));
}

static void data_and_secret_keys_live_apart(void **state) {
  (void)state;
  assert_int_equal(mkdir(in_folder("private"), 0700), 0);
  assert_ok(umbra_secret_key_save(s.secret, in_folder("private/secret"), NULL));
  assert_fails(umbra_train_encrypt(in_folder("private"), plan, s.public, records, initial, NULL),
               UMBRA_ERROR_INVALID_ARGUMENT, "secret key 'secret'");
  assert_int_equal(count_files(in_folder("private")), 1);
  assert_fails(umbra_secret_key_save(s.secret, in_folder("data/secret"), NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "would lie beside");
  assert_int_equal(remove(in_folder("later/data.umbra")), 0); /* blocks alone count, too */
  assert_fails(umbra_secret_key_save(s.secret, in_folder("later/secret"), NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "would lie beside 'block-");
}

static void refused_records(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  const char *path = in_folder("refused");
  umbra_records *fewer = NULL;
  double weights[COLUMNS + 1] = {0, 0, 0, 16.5};
  assert_ok(umbra_records_create(&fewer, features[0], labels, ROWS - 1, COLUMNS));
  assert_fails(umbra_train_encrypt(path, plan, s.public, fewer, NULL, NULL), bad, "4323 records of 3 features");
  assert_fails(umbra_train_encrypt(NULL, plan, s.public, records, NULL, NULL), bad, "needs a folder");
  assert_fails(umbra_train_encrypt("", plan, s.public, records, NULL, NULL), bad, "needs a folder");
  assert_fails(umbra_train_encrypt(path, NULL, s.public, records, NULL, NULL), bad, "a plan");
  assert_fails(umbra_train_encrypt(path, plan, NULL, records, NULL, NULL), bad, "a key");
  assert_fails(umbra_train_encrypt(path, plan, s.public, NULL, NULL, NULL), bad, "records");
  assert_fails(umbra_train_encrypt(path, plan, s.public, records, weights, NULL), UMBRA_ERROR_RANGE,
               "first weight 4 is 16.5");
  weights[3] = NAN;
  assert_fails(umbra_train_encrypt(path, plan, s.public, records, weights, NULL), UMBRA_ERROR_RANGE, "first weight 4");
  scheme other;
  scheme_open(&other, test_params(11, 40, 2), NULL, NULL, 0);
  assert_fails(umbra_train_encrypt(path, plan, other.public, records, NULL, NULL), UMBRA_ERROR_MISMATCH,
               "other parameters than the plan");
  assert_fails(umbra_train_encrypt_symmetric(path, plan, other.secret, records, NULL, NULL), UMBRA_ERROR_MISMATCH,
               "the secret key is of other parameters");
  assert_fails(umbra_train_encrypt_symmetric(path, plan, NULL, records, NULL, NULL), bad, "a key");
  scheme_close(&other);
  assert_false(exists(path));
  put_file(path, "a file", 6);
  assert_fails(umbra_train_encrypt(path, plan, s.public, records, NULL, NULL), UMBRA_ERROR_IO, "is not a folder");
  assert_fails(umbra_train_encrypt(in_folder("no/such"), plan, s.public, records, NULL, NULL), UMBRA_ERROR_IO,
               "No such file");
  umbra_records_destroy(fewer);
}

static umbra_status encrypt_with(const char *data, double feature) {
  umbra_records *changed = NULL;
  double before = features[7][1];
  features[7][1] = feature;
  assert_ok(umbra_records_create(&changed, features[0], labels, ROWS, COLUMNS));
  features[7][1] = before;
  umbra_status status = umbra_train_encrypt(in_folder(data), plan, s.public, changed, NULL, NULL);
  umbra_records_destroy(changed);
  return status;
}

/* Features that cannot be encoded are noticed before the data set of before is touched. */
static void features_beyond_the_modulus(void **state) {
  (void)state;
  const char *text = "row 8, column 2: the feature ";
  const uint32_t level = plan->data_level;
  double most = exp2(umbra_params_log_q(s.params, level) - 4) / umbra_params_scale(s.params, level);
  encrypt_into("kept", plan);
  bytes index = file_bytes(in_folder("kept/data.umbra"));
  assert_fails(encrypt_with("kept", 1e230), UMBRA_ERROR_RANGE, text);
  assert_fails(encrypt_with("kept", -DBL_MAX), UMBRA_ERROR_RANGE, text);
  assert_fails(encrypt_with("kept", 1.01 * most / plan->data_scale), UMBRA_ERROR_RANGE, text);
  bytes after = file_bytes(in_folder("kept/data.umbra"));
  assert_true(same_bytes(&index, &after));
  umbra_dataset_close(open_data("kept", 0));
  assert_ok(encrypt_with("kept", -0.99 * most / plan->data_scale));
  umbra_dataset_close(open_data("kept", 0));
  free(index.data);
  free(after.data);
}

/* ---- checkpoints ---- */

static const uint8_t data_id[UMBRA_DATASET_ID_BYTES] = {9, 8, 7};
static uint8_t owner_id[UMBRA_OWNER_BYTES];

static umbra_ciphertext *weights_at(uint32_t level, uint32_t slots, double first) {
  vector v = vector_make(slots);
  v.value[0] = first;
  umbra_ciphertext *c = encrypt_vector(&s, &v, level);
  vector_destroy(&v);
  return c;
}

static int linked = 1; /* what is saved */

static umbra_status save_state(const char *path, const umbra_train_plan *with, const uint8_t *data, uint32_t done,
                               umbra_ciphertext *w, umbra_ciphertext *u) {
  umbra_ciphertext *part[2] = {w, u};
  uint8_t digest[UMBRA_DIGEST_BYTES];
  const umbra_checkpoint checkpoint = {
      .stamp = umbra_train_stamp_of(with, data, done), .linked = linked, .link = {{1}, {2}}, .state = {2, part}};
  return umbra_checkpoint_save(path, &checkpoint, digest, NULL);
}

static void save_checkpoint(const char *path, const umbra_train_plan *with, uint32_t done, double first) {
  uint32_t level = with->iteration[done - 1].level_after;
  umbra_ciphertext *w = weights_at(level, with->layout.stride, first);
  umbra_ciphertext *u = weights_at(level, with->layout.stride, -first);
  assert_ok(save_state(path, with, data_id, done, w, u));
  umbra_ciphertext_destroy(w);
  umbra_ciphertext_destroy(u);
}

static umbra_status load_from(umbra_checkpoint *loaded, const char *path) {
  return umbra_checkpoint_load(loaded, path, &(umbra_train_origin){s.context, plan, owner_id, data_id});
}

static umbra_status load_checkpoint(umbra_checkpoint *loaded) { return load_from(loaded, in_folder("checkpoint")); }

static void assert_checkpoint(uint32_t expected_done, double first) {
  double found[2] = {0};
  umbra_checkpoint loaded = {0};
  umbra_train_state *state = &loaded.state;
  assert_ok(load_checkpoint(&loaded));
  assert_int_equal(loaded.stamp.number, expected_done);
  assert_int_equal(loaded.linked, linked);
  if (linked) assert_true(loaded.link.before[0] == 1 && loaded.link.blocks[0] == 2);
  assert_int_equal(state->count, 2);
  assert_int_equal(umbra_ciphertext_level(state->part[0]), plan->iteration[expected_done - 1].level_after);
  for (int i = 0; i < 2; i++) assert_ok(umbra_decrypt_decode(&found[i], 1, state->part[i], s.secret));
  assert_true(fabs(found[0] - first) < 1e-3 && fabs(found[1] + first) < 1e-3);
  umbra_train_state_clear(state);
}

static void assert_checkpoint_refused(umbra_status status, const char *text) {
  umbra_checkpoint loaded = {.stamp.number = 77, .state.count = 5};
  uint64_t memory = umbra_context_memory(s.context);
  assert_fails(load_checkpoint(&loaded), status, text);
  assert_true(loaded.stamp.number == 77 && loaded.state.count == 5 && !loaded.state.part);
  assert_int_equal(umbra_context_memory(s.context), memory);
}

static void checkpoints_come_back(void **state) {
  (void)state;
  for (uint32_t done = 1; done <= ITERATIONS; done++)
    for (linked = 0; linked < 2; linked++) { /* without: those of earlier versions */
      save_checkpoint(in_folder("checkpoint"), plan, done, 0.25 * done);
      assert_checkpoint(done, 0.25 * done);
    }
  linked = 1;
}

static void checkpoints_of_elsewhere(void **state) {
  (void)state;
  const char *path = in_folder("checkpoint");
  const uint32_t level = plan->iteration[1].level_after, wrong = plan->iteration[0].level_after;
  umbra_ciphertext *w = weights_at(level, plan->layout.stride, 1);
  umbra_ciphertext *sparse = weights_at(level, 2 * plan->layout.stride, 1);
  umbra_ciphertext *high = weights_at(wrong, plan->layout.stride, 1);
  assert_int_not_equal(level, wrong);
  save_checkpoint(path, other_plan, 1, 1);
  assert_checkpoint_refused(UMBRA_ERROR_MISMATCH, "is of another plan");
  assert_ok(save_state(path, plan, owner_id, 2, w, w));
  assert_checkpoint_refused(UMBRA_ERROR_MISMATCH, "is of another data set");
  assert_ok(save_state(path, plan, data_id, 0, w, w));
  assert_checkpoint_refused(UMBRA_ERROR_FORMAT, "0 iterations done; the plan has 3");
  assert_ok(save_state(path, plan, data_id, ITERATIONS + 1, w, w));
  assert_checkpoint_refused(UMBRA_ERROR_FORMAT, "4 iterations done; the plan has 3");
  assert_ok(save_state(path, plan, data_id, 2, high, high));
  assert_checkpoint_refused(UMBRA_ERROR_FORMAT, "by the plan this checkpoint has");
  assert_ok(save_state(path, plan, data_id, 2, w, sparse));
  assert_checkpoint_refused(UMBRA_ERROR_FORMAT, "weights of 8 slots at level 0; by the plan they have 4 at level 0");
  uint8_t digest[UMBRA_DIGEST_BYTES];
  const umbra_checkpoint half = {.stamp = umbra_train_stamp_of(plan, data_id, 2), .state = {1, &w}};
  assert_ok(umbra_checkpoint_save(path, &half, digest, NULL));
  assert_checkpoint_refused(UMBRA_ERROR_FORMAT, "by the plan this checkpoint has");
  assert_ok(umbra_ciphertext_save(w, path, NULL));
  assert_checkpoint_refused(UMBRA_ERROR_FORMAT, "this is a file of kind 'ciphertext', not 'checkpoint'");
  save_checkpoint(path, plan, 1, 1);
  owner_id[3] ^= 1;
  assert_checkpoint_refused(UMBRA_ERROR_MISMATCH, "is of another owner");
  owner_id[3] ^= 1;
  assert_int_equal(remove(path), 0);
  assert_checkpoint_refused(UMBRA_ERROR_IO, "checkpoint': No such file");
  umbra_ciphertext_destroy(w);
  umbra_ciphertext_destroy(sparse);
  umbra_ciphertext_destroy(high);
}

static void a_full_disk_leaves_the_checkpoint_before(void **state) {
  (void)state;
  save_checkpoint(in_folder("checkpoint"), plan, 1, 0.5);
  const size_t files = count_files(folder);
  const uint32_t level = plan->iteration[1].level_after;
  umbra_ciphertext *w = weights_at(level, plan->layout.stride, 1);
  struct rlimit before, small = {.rlim_cur = 20000};
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small.rlim_max = before.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  umbra_status saved = save_state(in_folder("checkpoint"), plan, data_id, 2, w, w);
  umbra_status encrypted = umbra_train_encrypt(in_folder("again"), plan, s.public, records, NULL, NULL);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(saved, UMBRA_ERROR_IO);
  assert_fails(encrypted, UMBRA_ERROR_IO, "block-000000.umbra': File too large");
  assert_checkpoint(1, 0.5);
  assert_int_equal(count_files(folder), files);
  assert_does_not_open("again", UMBRA_ERROR_IO, "data.umbra");
  umbra_ciphertext_destroy(w);
}

/* Whoever resumes removes what killed runs left of a checkpoint, and nothing else. */
static void temporaries_of_killed_runs(void **state) {
  (void)state;
  const char *const gone[] = {"checkpoint.0123456789abcdef.tmp", "checkpoint.ffffffffffffffff.tmp"};
  const char *const stay[] = {"checkpoint2.0123456789abcdef.tmp", "checkpoint.0123456789abcdef.tmp2",
                              "checkpoint.x123456789abcdef.tmp", "a.checkpoint.0123456789abcdef.tmp",
                              ".0123456789abcdef.tmp"};
  for (int i = 0; i < 2; i++) put_file(in_folder(gone[i]), "half", 4);
  for (int i = 0; i < 5; i++) put_file(in_folder(stay[i]), "mine", 4);
  assert_int_equal(mkdir(in_folder("checkpoint.aaaaaaaaaaaaaaaa.tmp"), 0700), 0);
  save_checkpoint(in_folder("checkpoint"), plan, 1, 0.5);
  umbra_storage_sweep_temporaries(in_folder("checkpoint"));
  for (int i = 0; i < 2; i++) assert_false(exists(in_folder(gone[i])));
  for (int i = 0; i < 5; i++) assert_int_equal(remove(in_folder(stay[i])), 0);
  assert_int_equal(rmdir(in_folder("checkpoint.aaaaaaaaaaaaaaaa.tmp")), 0);
  assert_int_equal(chdir(folder), 0); /* a path without a folder */
  put_file("checkpoint.0123456789abcdef.tmp", "half", 4);
  umbra_storage_sweep_temporaries("checkpoint");
  assert_false(exists("checkpoint.0123456789abcdef.tmp"));
  assert_int_equal(chdir("/"), 0);
}

/* ---- malformed files ---- */

static umbra_status read_plan(const char *path) {
  umbra_train_plan *out = NULL;
  umbra_status status = umbra_train_plan_load(&out, path);
  umbra_train_plan_destroy(out);
  return status;
}

static umbra_status read_index(const char *path) {
  (void)path;
  umbra_dataset *dataset = NULL;
  umbra_status status = open_as(&dataset, "data", plan, 0);
  umbra_dataset_close(dataset);
  return status;
}

static umbra_status read_block(const char *path) {
  (void)path;
  umbra_dataset *dataset = NULL;
  umbra_status status = open_as(&dataset, "data", plan, 0);
  const umbra_train_block *m = NULL;
  uint64_t read;
  if (status == UMBRA_OK) status = umbra_dataset_block_at(dataset, 2, &m, &read, NULL);
  umbra_dataset_close(dataset);
  return status;
}

static umbra_status read_checkpoint(const char *path) {
  umbra_checkpoint loaded = {0};
  umbra_status status = load_from(&loaded, path);
  umbra_train_state_clear(&loaded.state);
  return status;
}

static void check_malformed(const char *name, umbra_status (*read)(const char *path)) {
  char path[640];
  strcpy(path, in_folder(name));
  uint64_t memory = umbra_context_memory(s.context);
  bytes good = file_bytes(path);
  section found[MAX_SECTIONS] = {0};
  const int sections = find_sections(found, good.data, good.size);
  assert_true(sections >= 2);
  for (int i = 0; i < sections; i++) {
    const size_t head = found[i].at, body = head + sizeof(umbra_section_head), end = head + section_size(&found[i]);
    const size_t cuts[] = {head, head + 7, body, body + found[i].length, end - 1};
    for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
      put_file(path, good.data, cuts[c]);
      assert_fails(read(path), UMBRA_ERROR_FORMAT, "truncated");
    }
    const size_t flips[] = {head + 1, head + 5, head + 9, body, body + found[i].length / 2, end - 1};
    for (size_t f = 0; f < sizeof flips / sizeof *flips; f++) {
      good.data[flips[f]] ^= 4;
      put_file(path, good.data, good.size);
      assert_fails(read(path), UMBRA_ERROR_FORMAT, "section");
      good.data[flips[f]] ^= 4;
    }
  }
  for (size_t at = 0; at < sizeof(umbra_header); at++) {
    good.data[at] ^= 1;
    put_file(path, good.data, good.size);
    assert_fails(read(path), UMBRA_ERROR_FORMAT, "");
    good.data[at] ^= 1;
  }
  put_file(path, good.data, good.size);
  assert_ok(read(path));
  assert_int_equal(umbra_context_memory(s.context), memory);
  free(good.data);
}

static void malformed_files(void **state) {
  (void)state;
  check_malformed("plan", read_plan);
  check_malformed("data/data.umbra", read_index);
  check_malformed("data/block-000002.umbra", read_block);
  save_checkpoint(in_folder("checkpoint"), plan, 1, 0.5);
  check_malformed("checkpoint", read_checkpoint);
}

/* ---- no memory ---- */

static umbra_status encrypt_again(const char *path) {
  return umbra_train_encrypt(path, plan, s.public, records, initial, NULL);
}

static void check_allocations(const char *name, umbra_status (*call)(const char *path)) {
  enum { MOST = 100000 };
  char path[640];
  strcpy(path, in_folder(name));
  uint64_t memory = umbra_context_memory(s.context);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  long n = 0;
  for (; status != UMBRA_OK && n < MOST; n += n < 40 ? 1 : 1 + n / 16) {
    umbra_alloc_fail_after(n);
    status = call(path);
    umbra_alloc_fail_after(-1);
    if (status != UMBRA_OK && status != UMBRA_ERROR_OUT_OF_MEMORY)
      fail_msg("allocation %ld: %s: %s", n, umbra_status_string(status), umbra_last_error());
  }
  assert_ok(status);
  assert_true(n > 1);
  assert_int_equal(umbra_context_memory(s.context), memory);
}

static void failing_allocations(void **state) {
  (void)state;
  check_allocations("plan", read_plan);
  check_allocations("data", read_block);
  check_allocations("checkpoint", read_checkpoint);
  umbra_ciphertext_destroy(weights_at(0, 4, 1)); /* plans of transforms are made at first use */
  check_allocations("again", encrypt_again);
}

/* ---- the objects ---- */

static int open_all(void **state) {
  (void)state;
  uint64_t random = 5;
  scheme_open(&s, boot_twin(11, 40, DEPTH, (umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT}), NULL, NULL, 0);
  umbra_public_key_owner(s.public, owner_id);
  for (int r = 0; r < ROWS; r++) {
    for (int c = 0; c < COLUMNS; c++) features[r][c] = uniform(&random);
    labels[r] = below(&random, 2) ? 1 : -1;
  }
  umbra_train_options options = options_of(1), others = options_of(2);
  assert_ok(umbra_records_create(&records, features[0], labels, ROWS, COLUMNS));
  assert_ok(umbra_train_plan_create(&plan, s.params, &options));
  assert_ok(umbra_train_plan_create(&other_plan, s.params, &others));
  strcpy(folder, "/tmp/umbra-train-XXXXXX");
  return mkdtemp(folder) == NULL;
}

static int close_all(void **state) {
  (void)state;
  umbra_records_destroy(records);
  umbra_train_plan_destroy(plan);
  umbra_train_plan_destroy(other_plan);
  scheme_close(&s);
  remove_all(folder);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_come_back),

      cmocka_unit_test(plans_are_validated_anew),
      cmocka_unit_test(data_sets_hold_the_records),
      cmocka_unit_test(secret_keys_halve_data_sets),
      cmocka_unit_test(secret_keys_of_others),
      cmocka_unit_test(no_first_weights_are_zeros),
      cmocka_unit_test(budgets),
      cmocka_unit_test(blocks_of_elsewhere),
      cmocka_unit_test(data_sets_of_other_owners),
      cmocka_unit_test(blocks_that_change_meanwhile),
      cmocka_unit_test(interrupted_encryption),
      cmocka_unit_test(old_index_and_new_blocks),
      cmocka_unit_test(leftovers_are_removed),
      cmocka_unit_test(data_and_secret_keys_live_apart),
      cmocka_unit_test(refused_records),
      cmocka_unit_test(features_beyond_the_modulus),
      cmocka_unit_test(checkpoints_come_back),
      cmocka_unit_test(checkpoints_of_elsewhere),
      cmocka_unit_test(a_full_disk_leaves_the_checkpoint_before),
      cmocka_unit_test(temporaries_of_killed_runs),
      cmocka_unit_test(malformed_files),
      cmocka_unit_test(failing_allocations),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
