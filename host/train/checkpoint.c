/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/file.h"
#include "../io/storage.h"
#include "advance.h"
#include "dataset_file.h"

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_checkpoint *checkpoint = object;
  const umbra_train_state *state = &checkpoint->state;
  umbra_file_identify(writer, state->part[0]->context, state->part[0]->owner);
  UMBRA_TRY(umbra_train_stamp_write(writer, &checkpoint->stamp));
  return umbra_train_write_state(writer, state);
}

static umbra_status check_number(const umbra_reader *reader, const umbra_train_plan *plan, uint64_t done) {
  if (done >= 1 && done <= plan->options.iterations) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%llu iterations done; the plan has %u", (unsigned long long)done,
                                plan->options.iterations);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const umbra_train_origin *origin = argument;
  const size_t count = umbra_train_states(origin->plan);
  umbra_checkpoint *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a checkpoint"));
  *object = made;
  UMBRA_TRY(umbra_train_stamp_read(reader, &made->stamp, origin));
  UMBRA_TRY(check_number(reader, origin->plan, made->stamp.number));
  const uint32_t level = origin->plan->iteration[made->stamp.number - 1].level_after;
  UMBRA_TRY(
      umbra_train_check_bytes(reader, count * umbra_file_ciphertext_bytes(origin->plan->params, level), count, 0));
  return umbra_train_read_state(reader, &made->state, origin, count, level);
}

static void destroy(void *object) {
  umbra_checkpoint *checkpoint = object;
  umbra_train_state_clear(&checkpoint->state);
  umbra_free(checkpoint);
}

/* The server's, which has no secret key. */
const umbra_format umbra_checkpoint_format = {
    .kind = UMBRA_KIND_CHECKPOINT, .apart = UMBRA_KINDS_SECRET, .save = save, .load = load, .destroy = destroy};

umbra_status umbra_checkpoint_save(const char *path, const umbra_train_plan *plan, const uint8_t *dataset_id,
                                   uint32_t iterations_done, const umbra_train_state *state, umbra_watch *watch) {
  const umbra_checkpoint checkpoint = {.stamp = umbra_train_stamp_of(plan, dataset_id, iterations_done),
                                       .state = *state};
  return umbra_format_save(&umbra_checkpoint_format, &checkpoint, path, watch);
}

umbra_status umbra_checkpoint_load(const char *path, const umbra_context *context, const umbra_train_plan *plan,
                                   const uint8_t *dataset_id, const uint8_t *owner, uint32_t *iterations_done,
                                   umbra_train_state *state) {
  const umbra_train_origin origin = {.context = context, .plan = plan, .owner = owner, .data = dataset_id};
  void *made = NULL;
  const umbra_wanted wanted = {&origin, umbra_context_params(context)->digest};
  UMBRA_TRY(umbra_format_load(&umbra_checkpoint_format, &made, &wanted, path, NULL));
  umbra_checkpoint *checkpoint = made;
  *iterations_done = (uint32_t)checkpoint->stamp.number;
  *state = checkpoint->state;
  umbra_free(checkpoint);
  umbra_storage_sweep_temporaries(path);
  return UMBRA_OK;
}

/* ---- how far it is, without loading it ---- */

/* The stamp of a file that must belong to an origin (owner NULL: of anyone), and its owner. */
static umbra_status read_stamp(umbra_train_stamp *stamp, uint8_t owner[UMBRA_OWNER_BYTES], const char *path,
                               umbra_kind kind, const umbra_train_origin *origin) {
  umbra_reader reader;
  UMBRA_TRY(umbra_reader_open_file(&reader, path));
  const umbra_train_origin anyone = {.plan = origin->plan, .owner = reader.header.owner};
  umbra_status status = umbra_reader_expect(&reader, kind, origin->plan->params->digest);
  if (status == UMBRA_OK) status = umbra_train_stamp_read(&reader, stamp, origin->owner ? origin : &anyone);
  if (status == UMBRA_OK && kind == UMBRA_KIND_CHECKPOINT) status = check_number(&reader, origin->plan, stamp->number);
  memcpy(owner, reader.header.owner, UMBRA_OWNER_BYTES);
  umbra_reader_close(&reader);
  return status;
}

umbra_status umbra_train_plan_done(const umbra_train_plan *plan, uint32_t *iterations, const char *data,
                                   const char *checkpoint) {
  if (!plan || !iterations || !data || !checkpoint)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_train_plan_done needs a plan, an output, the folder of a data set and a checkpoint");
  char index[PATH_MAX];
  uint8_t owner[UMBRA_OWNER_BYTES];
  umbra_train_stamp of_data, done;
  const umbra_train_origin any = {.plan = plan}, there = {.plan = plan, .owner = owner, .data = of_data.data};
  UMBRA_TRY(umbra_dataset_index_path(index, data));
  UMBRA_TRY(read_stamp(&of_data, owner, index, UMBRA_KIND_TRAIN_DATA, &any));
  UMBRA_TRY(read_stamp(&done, owner, checkpoint, UMBRA_KIND_CHECKPOINT, &there));
  *iterations = (uint32_t)done.number;
  return UMBRA_OK;
}
