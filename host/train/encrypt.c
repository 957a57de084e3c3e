/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's side of a data set: records become a folder of encrypted blocks. */
#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../io/lock.h"
#include "../io/storage.h"
#include "../params/params.h"
#include "dataset_file.h"
#include "source.h"

/* ---- checks, before anything is written ---- */

static umbra_status check(const char *folder, const umbra_train_plan *plan, const umbra_encryptor *by,
                          const umbra_records *records) {
  if (!folder || !*folder || !plan || !by->context || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "encryption of a data set needs a folder, a plan, a key and records");
  if (memcmp(umbra_context_params(by->context)->digest, plan->params->digest, UMBRA_DIGEST_BYTES) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "the %s key is of other parameters than the plan",
                    by->secret ? "secret" : "public");
}

/* ---- the folder ---- */

/* As of the folder that `index` is in. */
static umbra_status refuse_secrets(const char *folder, const char *index) {
  int found;
  char name[UMBRA_STORAGE_NAME_BYTES];
  UMBRA_TRY(umbra_storage_find(&found, name, index, UMBRA_KINDS_SECRET));
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
  const umbra_train_source *source;
  umbra_watch *watch;
  uint8_t id[UMBRA_DATASET_ID_BYTES];
} encryption;

static umbra_status write_block(const encryption *e, uint64_t number) {
  umbra_dataset_block block = {.stamp = umbra_train_stamp_of(e->plan, e->id, number)};
  char path[PATH_MAX];
  UMBRA_TRY(umbra_dataset_block_path(path, e->folder, number));
  UMBRA_TRY(umbra_train_source_block(e->source, &block.held, number, e->watch));
  umbra_status status = umbra_format_save(&umbra_dataset_block_format, &block, path, e->watch);
  umbra_train_block_clear(&block.held);
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

static umbra_status write_index(const encryption *e, const char *path) {
  umbra_dataset_index index = {.stamp = umbra_train_stamp_of(e->plan, e->id, e->plan->blocks)};
  UMBRA_TRY(umbra_train_source_weights(e->source, &index.weights));
  umbra_status status = umbra_format_save(&umbra_dataset_index_format, &index, path, e->watch);
  umbra_train_state_clear(&index.weights);
  return status;
}

/* Without an index it is no data set, so the old one goes first and the new one comes last. */
static umbra_status write_all(encryption *e, const char *index) {
  UMBRA_TRY(refuse_secrets(e->folder, index));
  UMBRA_TRY(umbra_storage_remove(index));
  randombytes_buf(e->id, sizeof e->id);
  UMBRA_TRY(write_blocks(e));
  UMBRA_TRY(write_index(e, index));
  umbra_storage_sweep(index, is_leftover, e->plan);
  return UMBRA_OK;
}

/* While nobody else encrypts into the folder, or trains on what is there. */
static umbra_status write_alone(encryption *e) {
  char index[PATH_MAX];
  umbra_lock *lock = NULL;
  UMBRA_TRY(umbra_dataset_index_path(index, e->folder));
  UMBRA_TRY(umbra_storage_make_folder(e->folder));
  UMBRA_TRY(umbra_lock_create(&lock, index));
  const umbra_status status = write_all(e, index);
  umbra_lock_destroy(lock);
  return status;
}

static umbra_status encrypt(const char *folder, const umbra_train_plan *plan, umbra_encryptor by,
                            const umbra_records *records, const double *initial, const umbra_progress *progress) {
  umbra_train_source source;
  UMBRA_TRY(check(folder, plan, &by, records));
  UMBRA_TRY(umbra_train_source_open(&source, plan, by, records, initial));
  umbra_watch watch = umbra_watch_of(progress);
  encryption e = {.folder = folder, .plan = plan, .source = &source, .watch = &watch};
  umbra_status status = umbra_watch_close(&watch, write_alone(&e));
  umbra_train_source_close(&source);
  return status;
}

umbra_status umbra_train_encrypt(const char *folder, const umbra_train_plan *plan, const umbra_public_key *key,
                                 const umbra_records *records, const double *initial, const umbra_progress *progress) {
  const umbra_encryptor by = key ? umbra_encryptor_of(key) : (umbra_encryptor){0};
  return encrypt(folder, plan, by, records, initial, progress);
}

umbra_status umbra_train_encrypt_symmetric(const char *folder, const umbra_train_plan *plan,
                                           const umbra_secret_key *key, const umbra_records *records,
                                           const double *initial, const umbra_progress *progress) {
  const umbra_encryptor by = key ? umbra_encryptor_of_secret(key) : (umbra_encryptor){0};
  return encrypt(folder, plan, by, records, initial, progress);
}
