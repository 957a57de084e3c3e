/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp.h"

#include <string.h>

#include "../ckks/file.h"

umbra_train_stamp umbra_train_stamp_of(const umbra_train_plan *plan, const uint8_t *data, uint64_t number) {
  umbra_train_stamp stamp = {.number = number};
  memcpy(stamp.plan, plan->digest, sizeof stamp.plan);
  memcpy(stamp.data, data, sizeof stamp.data);
  return stamp;
}

umbra_status umbra_train_stamp_write(umbra_writer *writer, const umbra_train_stamp *stamp) {
  return umbra_write_record(writer, UMBRA_SECTION_STAMP, stamp, sizeof *stamp);
}

static umbra_status foreign(const umbra_reader *reader, const char *what) {
  return umbra_fail(UMBRA_ERROR_MISMATCH, "the %s '%s' is of another %s", umbra_kind_name(reader->header.kind),
                    reader->source.name, what);
}

umbra_status umbra_train_stamp_read(umbra_reader *reader, umbra_train_stamp *stamp, const umbra_train_origin *origin) {
  if (memcmp(reader->header.owner, origin->owner, sizeof reader->header.owner) != 0) return foreign(reader, "owner");
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_STAMP, stamp, sizeof *stamp));
  if (memcmp(stamp->plan, origin->plan->digest, sizeof stamp->plan) != 0) return foreign(reader, "plan");
  if (origin->data && memcmp(stamp->data, origin->data, sizeof stamp->data) != 0)
    return foreign(reader, "data set, or of the same records encrypted another time");
  return UMBRA_OK;
}

uint64_t umbra_train_file_bytes(uint64_t sections) {
  return sizeof(umbra_header) + UMBRA_SECTION_OVERHEAD + sizeof(umbra_train_stamp) + sections;
}

umbra_status umbra_train_check_bytes(const umbra_reader *reader, uint64_t sections, uint64_t ciphertexts,
                                     uint64_t saving) {
  const uint64_t bytes = umbra_train_file_bytes(sections), found = reader->header.bytes;
  if (found == bytes || found == bytes - ciphertexts * saving ||
      found == bytes - ciphertexts * umbra_file_ciphertext_growth())
    return UMBRA_OK;
  return umbra_reader_malformed(reader, "%llu bytes; by the plan this %s has %llu", (unsigned long long)found,
                                umbra_kind_name(reader->header.kind), (unsigned long long)bytes);
}

umbra_status umbra_train_write_state(umbra_writer *writer, const umbra_train_state *state) {
  for (size_t k = 0; k < state->count; k++) UMBRA_TRY(umbra_file_write_ciphertext(writer, state->part[k]));
  return UMBRA_OK;
}

static umbra_status read_part(umbra_reader *reader, umbra_ciphertext **part, const umbra_train_origin *origin,
                              uint32_t slots, uint32_t level) {
  UMBRA_TRY(umbra_file_read_ciphertext(reader, origin->context, part));
  if ((*part)->level == level && (*part)->slots == slots) return UMBRA_OK;
  return umbra_reader_malformed(reader, "weights of %u slots at level %u; by the plan they have %u at level %u",
                                (*part)->slots, (*part)->level, slots, level);
}

umbra_status umbra_train_read_parts(umbra_reader *reader, umbra_ciphertext **part, const umbra_train_origin *origin,
                                    size_t count, uint32_t slots, uint32_t level) {
  for (size_t k = 0; k < count; k++) UMBRA_TRY(read_part(reader, &part[k], origin, slots, level));
  return UMBRA_OK;
}
