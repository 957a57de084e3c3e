/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's side of a data set: records become a folder of encrypted blocks. */
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/ciphertext_internal.h"
#include "../io/storage.h"
#include "../params/params.h"
#include "dataset_file.h"
#include "records.h"

/* ---- checks, before anything is written ---- */

/*
 * Features up to this, times the plan's data_scale, can be encoded at the data's level: there is room for two of them
 * in one slot, and for exponents that are rounded up. Up to 2^1000 no sum of doubles overflows. A one, which is
 * data_scale itself, always fits: it is at most 1.
 */
static double largest_feature(const umbra_train_plan *plan) {
  const double room = 4, most = 1000, scale = umbra_params_scale(plan->params, plan->data_level);
  const double bits = umbra_params_log_q(plan->params, plan->data_level) - log2(scale) - room;
  return exp2(fmin(bits, most)) / plan->data_scale;
}

static umbra_status check_features(const umbra_train_plan *plan, const umbra_records *records) {
  const double most = largest_feature(plan);
  for (size_t row = 0; row < records->rows; row++)
    for (size_t column = 0; column < records->columns; column++)
      if (!(fabs(umbra_records_row(records, row)[column]) <= most))
        return umbra_fail(UMBRA_ERROR_RANGE,
                          "row %zu, column %zu: the feature %g is too large to be encrypted: by the plan, at most %g; "
                          "scale the records",
                          row + 1, column + 1, umbra_records_row(records, row)[column], most);
  return UMBRA_OK;
}

static umbra_status check_initial(const umbra_train_plan *plan, const double *initial) {
  for (size_t i = 0; initial && i <= plan->options.columns; i++)
    if (!(fabs(initial[i]) <= plan->options.bound))
      return umbra_fail(UMBRA_ERROR_RANGE, "first weight %zu is %g; the plan's weights stay within [-%g, %g]", i + 1,
                        initial[i], plan->options.bound, plan->options.bound);
  return UMBRA_OK;
}

static umbra_status check(const char *folder, const umbra_train_plan *plan, const umbra_public_key *key,
                          const umbra_records *records, const double *initial) {
  if (!folder || !*folder || !plan || !key || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_encrypt needs a folder, a plan, a key and records");
  if (memcmp(umbra_context_params(key->context)->digest, plan->params->digest, UMBRA_DIGEST_BYTES) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the public key is of other parameters than the plan");
  UMBRA_TRY(umbra_records_check_shape(records, &plan->options));
  UMBRA_TRY(check_features(plan, records));
  return check_initial(plan, initial);
}

/* ---- the folder ---- */

/* As of the folder that `index` is in. */
static umbra_status refuse_secrets(const char *folder, const char *index) {
  int found;
  char name[UMBRA_STORAGE_NAME_BYTES];
  UMBRA_TRY(umbra_storage_find(&found, name, index, 1u << UMBRA_KIND_SECRET_KEY));
  if (!found) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "the folder '%s' holds the secret key '%s'; what is given away needs a folder without", folder,
                    name);
}

/* Blocks beyond those of this data set, and what killed runs left. */
static int is_leftover(const char *name, uint32_t kind, const void *argument) {
  const umbra_train_plan *plan = argument;
  uint64_t block;
  size_t length;
  if (umbra_storage_is_temporary(name, &length))
    return umbra_dataset_is_block(name, length, &block) ||
           (length == strlen(UMBRA_DATASET_INDEX) && memcmp(name, UMBRA_DATASET_INDEX, length) == 0);
  return kind == UMBRA_KIND_TRAIN_BLOCK && umbra_dataset_is_block(name, strlen(name), &block) && block >= plan->blocks;
}

/* ---- encryption ---- */

typedef struct encryption {
  const char *folder;
  const umbra_train_plan *plan;
  const umbra_public_key *key;
  const umbra_records *records;
  const size_t *order; /* of training */
  umbra_watch *watch;
  uint8_t id[UMBRA_DATASET_ID_BYTES];
} encryption;

/* The records of one block. */
typedef struct block_source {
  const umbra_records *records;
  const size_t *row; /* their numbers */
  size_t columns;
  double scale;
} block_source;

static void hand_out(double *values, double *one, size_t row, const void *source) {
  const block_source *s = source;
  const double *x = umbra_records_row(s->records, s->row[row]);
  const double y = s->scale * umbra_records_label(s->records, s->row[row]);
  for (size_t c = 0; c < s->columns; c++) values[c] = y * x[c];
  *one = y;
}

static umbra_status write_block(const encryption *e, uint64_t number) {
  const umbra_train_plan *plan = e->plan;
  const umbra_block_range range = umbra_plan_block(plan, number);
  const block_source source = {e->records, e->order + range.first, plan->options.columns, plan->data_scale};
  umbra_dataset_block block = {.stamp = umbra_train_stamp_of(plan, e->id, number)};
  char path[PATH_MAX];
  UMBRA_TRY(umbra_dataset_block_path(path, e->folder, number));
  UMBRA_TRY(umbra_matrix_encrypt_rows(&block.records, e->key, &(umbra_matrix_source){hand_out, &source}, range.rows,
                                      plan->options.columns, &plan->layout, plan->data_level, e->watch));
  umbra_status status = umbra_format_save(&umbra_dataset_block_format, &block, path, e->watch);
  umbra_matrix_destroy(block.records);
  return status;
}

static umbra_status write_blocks(const encryption *e) {
  umbra_status status = UMBRA_OK;
  for (uint64_t i = 0; i < e->plan->blocks && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(e->watch, i, e->plan->blocks);
    status = write_block(e, i);
    umbra_watch_leave(e->watch, part);
  }
  return status;
}

/* In the unit of the first iteration; encoded in `stride` slots, the row stands before every record by itself. */
static umbra_status encrypt_weights(umbra_ciphertext **weights, const encryption *e, const double *initial) {
  const umbra_train_plan *plan = e->plan;
  const size_t count = plan->options.columns + 1;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = plan->data_level;
  options.slots = plan->layout.stride;
  double *slot;
  umbra_plaintext *plain = NULL;
  UMBRA_TRY(umbra_alloc(&slot, count, sizeof *slot, "the first weights"));
  for (size_t i = 0; initial && i < count; i++) slot[i] = initial[i] / plan->iteration[0].unit_in;
  umbra_status status = umbra_encode(&plain, e->key->context, slot, count, &options);
  umbra_free(slot);
  UMBRA_TRY(status);
  status = umbra_encrypt(weights, e->key, plain);
  umbra_plaintext_destroy(plain);
  return status;
}

static umbra_status write_index(const encryption *e, const char *path, const double *initial) {
  umbra_dataset_index index = {.stamp = umbra_train_stamp_of(e->plan, e->id, e->plan->blocks)};
  UMBRA_TRY(encrypt_weights(&index.weights, e, initial));
  umbra_status status = umbra_format_save(&umbra_dataset_index_format, &index, path, e->watch);
  umbra_ciphertext_destroy(index.weights);
  return status;
}

/* Without an index it is no data set, so the old one goes first and the new one comes last. */
static umbra_status write_all(encryption *e, const double *initial) {
  char index[PATH_MAX];
  UMBRA_TRY(umbra_dataset_index_path(index, e->folder));
  UMBRA_TRY(umbra_storage_make_folder(e->folder));
  UMBRA_TRY(refuse_secrets(e->folder, index));
  UMBRA_TRY(umbra_storage_remove(index));
  randombytes_buf(e->id, sizeof e->id);
  UMBRA_TRY(write_blocks(e));
  UMBRA_TRY(write_index(e, index, initial));
  umbra_storage_sweep(index, is_leftover, e->plan);
  return UMBRA_OK;
}

umbra_status umbra_train_encrypt(const char *folder, const umbra_train_plan *plan, const umbra_public_key *key,
                                 const umbra_records *records, const double *initial, const umbra_progress *progress) {
  UMBRA_TRY(check(folder, plan, key, records, initial));
  size_t *order;
  UMBRA_TRY(umbra_alloc(&order, plan->options.rows, sizeof *order, "the order of records"));
  umbra_train_plan_order(plan, order);
  umbra_watch watch = umbra_watch_of(progress);
  encryption e = {.folder = folder, .plan = plan, .key = key, .records = records, .order = order, .watch = &watch};
  umbra_status status = umbra_watch_close(&watch, write_all(&e, initial));
  umbra_free(order);
  return status;
}
