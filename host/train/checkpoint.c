/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint.h"

#include "../base/memory.h"
#include "../ckks/file.h"
#include "../io/storage.h"

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_checkpoint *checkpoint = object;
  const umbra_ciphertext *first = checkpoint->state[0];
  umbra_file_identify(writer, first->context, first->owner);
  UMBRA_TRY(umbra_train_stamp_write(writer, &checkpoint->stamp));
  UMBRA_TRY(umbra_file_write_ciphertext(writer, first));
  return umbra_file_write_ciphertext(writer, checkpoint->state[1]);
}

static umbra_status check_number(const umbra_reader *reader, const umbra_train_plan *plan, uint64_t done) {
  if (done >= 1 && done <= plan->options.iterations) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%llu iterations done; the plan has %u", (unsigned long long)done,
                                plan->options.iterations);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const umbra_train_origin *origin = argument;
  umbra_checkpoint *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a checkpoint"));
  *object = made;
  UMBRA_TRY(umbra_train_stamp_read(reader, &made->stamp, origin));
  UMBRA_TRY(check_number(reader, origin->plan, made->stamp.number));
  const uint32_t level = origin->plan->iteration[made->stamp.number - 1].level_after;
  UMBRA_TRY(umbra_train_check_bytes(reader, 2 * umbra_file_ciphertext_bytes(origin->plan->params, level)));
  for (int i = 0; i < 2; i++) UMBRA_TRY(umbra_train_read_weights(reader, &made->state[i], origin, level));
  return UMBRA_OK;
}

static void destroy(void *object) {
  umbra_checkpoint *checkpoint = object;
  for (int i = 0; i < 2; i++) umbra_ciphertext_destroy(checkpoint->state[i]);
  umbra_free(checkpoint);
}

/* The server's, which has no secret key. */
const umbra_format umbra_checkpoint_format = {.kind = UMBRA_KIND_CHECKPOINT,
                                              .apart = 1u << UMBRA_KIND_SECRET_KEY,
                                              .save = save,
                                              .load = load,
                                              .destroy = destroy};

umbra_status umbra_checkpoint_save(const char *path, const umbra_train_plan *plan, const uint8_t *dataset_id,
                                   uint32_t iterations_done, const umbra_ciphertext *w, const umbra_ciphertext *u,
                                   umbra_watch *watch) {
  const umbra_checkpoint checkpoint = {.stamp = umbra_train_stamp_of(plan, dataset_id, iterations_done),
                                       .state = {(umbra_ciphertext *)w, (umbra_ciphertext *)u}};
  return umbra_format_save(&umbra_checkpoint_format, &checkpoint, path, watch);
}

umbra_status umbra_checkpoint_load(const char *path, const umbra_context *context, const umbra_train_plan *plan,
                                   const uint8_t *dataset_id, const uint8_t *owner, uint32_t *iterations_done,
                                   umbra_ciphertext **w, umbra_ciphertext **u) {
  const umbra_train_origin origin = {.context = context, .plan = plan, .owner = owner, .data = dataset_id};
  void *made = NULL;
  const umbra_wanted wanted = {&origin, umbra_context_params(context)->digest};
  UMBRA_TRY(umbra_format_load(&umbra_checkpoint_format, &made, &wanted, path, NULL));
  umbra_checkpoint *checkpoint = made;
  *iterations_done = (uint32_t)checkpoint->stamp.number;
  *w = checkpoint->state[0];
  *u = checkpoint->state[1];
  umbra_free(checkpoint);
  umbra_storage_sweep_temporaries(path);
  return UMBRA_OK;
}
