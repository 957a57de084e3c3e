/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/file.h"
#include "advance.h"
#include "counter.h"
#include "dataset_file.h"

/* ---- the file ---- */

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_checkpoint *checkpoint = object;
  const umbra_train_state *state = &checkpoint->state;
  umbra_file_identify(writer, state->part[0]->context, state->part[0]->owner);
  UMBRA_TRY(umbra_train_stamp_write(writer, &checkpoint->stamp));
  if (checkpoint->linked)
    UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_LINK, &checkpoint->link, sizeof checkpoint->link));
  return umbra_train_write_state(writer, state);
}

static umbra_status check_number(const umbra_reader *reader, const umbra_train_plan *plan, uint64_t done) {
  if (done >= 1 && done <= plan->options.iterations) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%llu iterations done; the plan has %u", (unsigned long long)done,
                                plan->options.iterations);
}

static uint64_t sections_bytes(const umbra_train_plan *plan, uint32_t done, int linked) {
  const uint64_t link = linked ? UMBRA_SECTION_OVERHEAD + sizeof(umbra_checkpoint_link) : 0;
  const uint32_t level = plan->iteration[done - 1].level_after;
  const uint64_t counter = umbra_train_counts(plan) ? umbra_file_ciphertext_bytes(plan->params, 0) : 0;
  return link + 2 * plan->firsts * umbra_file_ciphertext_bytes(plan->params, level) + counter;
}

uint64_t umbra_checkpoint_bytes(const umbra_train_plan *plan, uint32_t iterations_done) {
  return umbra_train_file_bytes(sections_bytes(plan, iterations_done, 1));
}

/* A stamp and two sections of each ciphertext are all that earlier versions have. */
static umbra_status read_link(umbra_reader *reader, umbra_checkpoint *checkpoint, size_t ciphertexts) {
  checkpoint->linked = reader->header.sections > 1 + 2 * ciphertexts;
  return checkpoint->linked ? umbra_read_record(reader, UMBRA_SECTION_LINK, &checkpoint->link, sizeof checkpoint->link)
                            : UMBRA_OK;
}

static umbra_status read_state(umbra_reader *reader, umbra_train_state *state, const umbra_train_origin *origin,
                               uint32_t level) {
  const umbra_train_plan *plan = origin->plan;
  UMBRA_TRY(umbra_train_state_make(state, umbra_train_states(plan)));
  UMBRA_TRY(umbra_train_read_parts(reader, state->part, origin, 2 * plan->firsts, plan->state_slots, level));
  if (!umbra_train_counts(plan)) return UMBRA_OK;
  umbra_ciphertext **counter = &state->part[umbra_train_counter(plan)];
  return umbra_train_read_parts(reader, counter, origin, 1, umbra_counter_slots(plan), 0);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const umbra_train_origin *origin = argument;
  const umbra_train_plan *plan = origin->plan;
  const size_t count = umbra_train_states(plan);
  umbra_checkpoint *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a checkpoint"));
  *object = made;
  UMBRA_TRY(umbra_train_stamp_read(reader, &made->stamp, origin));
  UMBRA_TRY(check_number(reader, plan, made->stamp.number));
  UMBRA_TRY(read_link(reader, made, count));
  const uint32_t done = (uint32_t)made->stamp.number, level = plan->iteration[done - 1].level_after;
  UMBRA_TRY(umbra_train_check_bytes(reader, sections_bytes(plan, done, made->linked), count, 0));
  UMBRA_TRY(read_state(reader, &made->state, origin, level));
  UMBRA_TRY(umbra_read_finish(reader));
  return umbra_read_digest(reader, made->digest);
}

static void destroy(void *object) {
  umbra_checkpoint *checkpoint = object;
  umbra_train_state_clear(&checkpoint->state);
  umbra_free(checkpoint);
}

/* The server's, which has no secret key. */
const umbra_format umbra_checkpoint_format = {
    .kind = UMBRA_KIND_CHECKPOINT, .apart = UMBRA_KINDS_SECRET, .save = save, .load = load, .destroy = destroy};

umbra_status umbra_checkpoint_save(const char *path, const umbra_checkpoint *checkpoint,
                                   uint8_t digest[UMBRA_DIGEST_BYTES], umbra_watch *watch) {
  return umbra_format_save_digest(&umbra_checkpoint_format, checkpoint, path, digest, watch);
}

umbra_status umbra_checkpoint_load(umbra_checkpoint *checkpoint, const char *path, const umbra_train_origin *origin) {
  void *made = NULL;
  const umbra_wanted wanted = {origin, umbra_context_params(origin->context)->digest};
  UMBRA_TRY(umbra_format_load(&umbra_checkpoint_format, &made, &wanted, path, NULL));
  *checkpoint = *(umbra_checkpoint *)made;
  umbra_free(made);
  return UMBRA_OK;
}

/* ---- those that stay ---- */

umbra_status umbra_checkpoint_kept_path(char path[PATH_MAX], const char *checkpoint, uint32_t iterations_done) {
  const char *slash = strrchr(checkpoint, '/'), *name = slash ? slash + 1 : checkpoint, *dot = strrchr(name, '.');
  const int stem = (int)(dot ? dot - checkpoint : (ptrdiff_t)strlen(checkpoint));
  const int length =
      snprintf(path, PATH_MAX, "%.*s-%06" PRIu32 "%s", stem, checkpoint, iterations_done, checkpoint + stem);
  if (length >= 0 && length < PATH_MAX) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_IO, "the path is longer than %d bytes", PATH_MAX);
}

int umbra_checkpoint_is_kept(const umbra_train_plan *plan, uint32_t keep, uint32_t iterations_done) {
  return keep && iterations_done % keep == 0 && iterations_done < plan->options.iterations;
}

uint64_t umbra_train_plan_kept_bytes(const umbra_train_plan *plan, uint32_t keep) {
  uint64_t bytes = 0;
  if (!plan || !keep) return 0;
  for (uint32_t i = keep; umbra_checkpoint_is_kept(plan, keep, i); i += keep) bytes += umbra_checkpoint_bytes(plan, i);
  return bytes;
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
