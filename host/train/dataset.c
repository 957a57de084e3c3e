/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/encoder.h"
#include "../io/lock.h"

struct umbra_dataset {
  const umbra_context *context;
  const umbra_train_plan *plan;
  uint8_t owner[UMBRA_OWNER_BYTES], id[UMBRA_DATASET_ID_BYTES];
  char *folder;     /* NULL: a dry device, or a simulation */
  umbra_lock *lock; /* of the folder, shared with other readers; NULL: there is none, or nobody can write there */
  umbra_train_state weights;
  uint8_t digest[UMBRA_DIGEST_BYTES];          /* of the index */
  uint8_t (*block_digest)[UMBRA_DIGEST_BYTES]; /* as they were last read; zeros: not yet */
  umbra_train_block *kept;                     /* by number; empty: not in memory */
  umbra_train_block passing;                   /* the block of the last call, if it is not kept */
  uint64_t budget;                             /* left of it */
};

umbra_train_origin umbra_dataset_origin(const umbra_dataset *dataset) {
  return (umbra_train_origin){
      .context = dataset->context, .plan = dataset->plan, .owner = dataset->owner, .data = dataset->id};
}

static const uint8_t *params_digest(const umbra_dataset *dataset) {
  return umbra_context_params(dataset->context)->digest;
}

/* ---- opening ---- */

static umbra_status read_index(umbra_dataset *dataset) {
  char path[PATH_MAX];
  umbra_train_origin origin = umbra_dataset_origin(dataset);
  origin.data = NULL;
  void *made = NULL;
  UMBRA_TRY(umbra_dataset_index_path(path, dataset->folder));
  const umbra_wanted wanted = {&origin, params_digest(dataset)};
  UMBRA_TRY(umbra_format_load(&umbra_dataset_index_format, &made, &wanted, path, NULL));
  umbra_dataset_index *index = made;
  memcpy(dataset->id, index->stamp.data, sizeof dataset->id);
  memcpy(dataset->digest, index->digest, sizeof dataset->digest);
  dataset->weights = index->weights;
  umbra_free(index);
  return UMBRA_OK;
}

/* digest: NULL: nobody asks. */
static umbra_status check_block(const umbra_dataset *dataset, uint64_t number, uint8_t *digest) {
  char path[PATH_MAX];
  const umbra_dataset_place place = {.origin = umbra_dataset_origin(dataset), .block = number};
  UMBRA_TRY(umbra_dataset_block_path(path, dataset->folder, number));
  return umbra_dataset_check_block(path, &place, digest);
}

static umbra_status check_blocks(const umbra_dataset *dataset) {
  for (uint64_t i = 0; i < dataset->plan->blocks; i++) UMBRA_TRY(check_block(dataset, i, NULL));
  return UMBRA_OK;
}

/* Only when every block is known to be there, memory is taken for their number, which the plan's author chose. */
static umbra_status fill(umbra_dataset *dataset, const char *folder) {
  const size_t length = strlen(folder);
  char index[PATH_MAX];
  UMBRA_TRY(umbra_alloc(&dataset->folder, length + 1, 1, "a data set"));
  memcpy(dataset->folder, folder, length);
  UMBRA_TRY(umbra_dataset_index_path(index, folder));
  UMBRA_TRY(umbra_lock_share(&dataset->lock, index));
  UMBRA_TRY(read_index(dataset));
  UMBRA_TRY(check_blocks(dataset));
  UMBRA_TRY(umbra_alloc(&dataset->block_digest, dataset->plan->blocks, sizeof *dataset->block_digest, "a data set"));
  return umbra_alloc(&dataset->kept, dataset->plan->blocks, sizeof *dataset->kept, "a data set");
}

static umbra_status make(umbra_dataset **dataset, const umbra_train_plan *plan, const umbra_context *context,
                         uint64_t budget) {
  UMBRA_TRY(umbra_alloc(dataset, 1, sizeof **dataset, "a data set"));
  **dataset = (umbra_dataset){.context = context, .plan = plan, .budget = budget};
  return UMBRA_OK;
}

static umbra_status hand_out(umbra_dataset **dataset, umbra_dataset *made, umbra_status status) {
  if (status == UMBRA_OK) *dataset = made;
  else umbra_dataset_close(made);
  return status;
}

umbra_status umbra_dataset_open(umbra_dataset **dataset, const char *folder, const umbra_train_plan *plan,
                                const umbra_context *context, const uint8_t *owner, uint64_t budget) {
  umbra_dataset *made;
  UMBRA_TRY(make(&made, plan, context, budget));
  memcpy(made->owner, owner, sizeof made->owner);
  return hand_out(dataset, made, fill(made, folder));
}

/* ---- without values ---- */

umbra_status umbra_dataset_dry_block(umbra_train_block *block, const umbra_train_plan *plan,
                                     const umbra_context *context, uint64_t rows) {
  const double bound = umbra_plan_block_bound(plan), unknown = 1; /* nothing that is computed depends on it */
  *block = (umbra_train_block){0};
  if (plan->options.public_features) block->features = (umbra_features){rows, plan->options.columns, NULL};
  return umbra_dry_matrix(&block->records, context, umbra_plan_matrix_rows(plan, rows), plan->data_columns,
                          plan->record_level, bound > 0 ? bound : unknown, &plan->layout);
}

umbra_status umbra_dataset_dry_weights(umbra_train_state *weights, const umbra_train_plan *plan,
                                       const umbra_context *context, uint32_t level) {
  const double bound = umbra_public_magnitude(umbra_plan_first_bound(plan));
  UMBRA_TRY(umbra_train_state_make(weights, plan->firsts));
  umbra_status status = UMBRA_OK;
  for (size_t p = 0; p < plan->firsts && status == UMBRA_OK; p++)
    status = umbra_dry_ciphertext(&weights->part[p], context, level, plan->state_slots, bound);
  if (status != UMBRA_OK) umbra_train_state_clear(weights);
  return status;
}

umbra_status umbra_dataset_open_dry(umbra_dataset **dataset, const umbra_train_plan *plan, const umbra_context *context,
                                    uint64_t budget) {
  umbra_dataset *made;
  UMBRA_TRY(make(&made, plan, context, budget));
  umbra_status status = umbra_dataset_dry_weights(&made->weights, plan, context, plan->data_level);
  if (status == UMBRA_OK) status = umbra_alloc(&made->kept, plan->blocks, sizeof *made->kept, "a data set");
  return hand_out(dataset, made, status);
}

/* ---- of a simulation ---- */

static umbra_status simulate(umbra_dataset *dataset, const umbra_train_source *source) {
  UMBRA_TRY(umbra_train_source_weights(source, &dataset->weights));
  UMBRA_TRY(umbra_alloc(&dataset->kept, dataset->plan->blocks, sizeof *dataset->kept, "a data set"));
  for (uint64_t i = 0; i < dataset->plan->blocks; i++)
    UMBRA_TRY(umbra_train_source_block(source, &dataset->kept[i], i, NULL));
  return UMBRA_OK;
}

umbra_status umbra_dataset_open_sim(umbra_dataset **dataset, const umbra_train_source *source) {
  umbra_dataset *made;
  UMBRA_TRY(make(&made, source->plan, source->by.context, 0));
  return hand_out(dataset, made, simulate(made, source));
}

void umbra_dataset_close(umbra_dataset *dataset) {
  if (!dataset) return;
  umbra_dataset_release(dataset);
  for (uint64_t i = 0; dataset->kept && i < dataset->plan->blocks; i++) umbra_train_block_clear(&dataset->kept[i]);
  umbra_free(dataset->kept);
  umbra_free(dataset->block_digest);
  umbra_train_state_clear(&dataset->weights);
  umbra_lock_destroy(dataset->lock);
  umbra_free(dataset->folder);
  umbra_free(dataset);
}

const uint8_t *umbra_dataset_id(const umbra_dataset *dataset) { return dataset->id; }
const umbra_train_state *umbra_dataset_weights(const umbra_dataset *dataset) { return &dataset->weights; }

/* ---- blocks ---- */

static umbra_status make_dry_block(const umbra_dataset *dataset, uint64_t number, umbra_train_block *block,
                                   uint64_t *bytes) {
  const uint64_t rows = umbra_plan_block(dataset->plan, number).rows;
  *bytes = umbra_dataset_block_bytes(dataset->plan, rows);
  return umbra_dataset_dry_block(block, dataset->plan, dataset->context, rows);
}

static umbra_status read_block(umbra_dataset *dataset, uint64_t number, umbra_train_block *found, uint64_t *bytes,
                               umbra_watch *watch) {
  if (!dataset->folder) return make_dry_block(dataset, number, found, bytes);
  char path[PATH_MAX];
  const umbra_dataset_place place = {.origin = umbra_dataset_origin(dataset), .block = number};
  void *made = NULL;
  UMBRA_TRY(umbra_dataset_block_path(path, dataset->folder, number));
  const umbra_wanted wanted = {&place, params_digest(dataset)};
  UMBRA_TRY(umbra_format_load(&umbra_dataset_block_format, &made, &wanted, path, watch));
  umbra_dataset_block *block = made;
  *found = block->held;
  *bytes = block->bytes;
  memcpy(dataset->block_digest[number], block->digest, sizeof block->digest);
  umbra_free(block);
  return UMBRA_OK;
}

static uint64_t memory_of(const umbra_dataset *dataset, const umbra_train_block *block) {
  const umbra_features *f = &block->features;
  return block->records->parts * umbra_params_ciphertext_bytes(dataset->plan->params, dataset->plan->record_level) +
         f->rows * f->columns * sizeof *f->value;
}

/* To the memory that stays, if the budget allows, else to that of the next moment. */
static const umbra_train_block *place_block(umbra_dataset *dataset, uint64_t number, const umbra_train_block *block) {
  const uint64_t bytes = memory_of(dataset, block);
  const int kept = bytes <= dataset->budget;
  umbra_train_block *place = kept ? &dataset->kept[number] : &dataset->passing;
  if (kept) dataset->budget -= bytes;
  *place = *block;
  return place;
}

umbra_status umbra_dataset_block_at(umbra_dataset *dataset, uint64_t number, const umbra_train_block **block,
                                    uint64_t *bytes_read, umbra_watch *watch) {
  if (number >= dataset->plan->blocks)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "there is no block %llu", (unsigned long long)number);
  umbra_train_block read;
  umbra_dataset_release(dataset);
  *bytes_read = 0;
  if (dataset->kept[number].records) {
    *block = &dataset->kept[number];
    return UMBRA_OK;
  }
  UMBRA_TRY(read_block(dataset, number, &read, bytes_read, watch));
  *block = place_block(dataset, number, &read);
  return UMBRA_OK;
}

/* ---- digests ---- */

const uint8_t *umbra_dataset_digest(const umbra_dataset *dataset) { return dataset->digest; }

umbra_status umbra_dataset_batch_digest(umbra_dataset *dataset, uint64_t batch, uint8_t digest[UMBRA_DIGEST_BYTES]) {
  uint64_t first, count;
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, UMBRA_DIGEST_BYTES);
  umbra_plan_batch_blocks(&first, &count, dataset->plan, batch);
  for (uint64_t b = first; b < first + count; b++) {
    uint8_t *of_block = dataset->block_digest[b];
    if (sodium_is_zero(of_block, UMBRA_DIGEST_BYTES)) UMBRA_TRY(check_block(dataset, b, of_block));
    crypto_generichash_update(&state, of_block, UMBRA_DIGEST_BYTES);
  }
  crypto_generichash_final(&state, digest, UMBRA_DIGEST_BYTES);
  return UMBRA_OK;
}

void umbra_dataset_release(umbra_dataset *dataset) { umbra_train_block_clear(&dataset->passing); }
