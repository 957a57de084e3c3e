/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../device/enqueue.h"
#include "../ring/residues_file.h"
#include "file.h"

umbra_status umbra_file_write_ciphertext(umbra_writer *writer, const umbra_ciphertext *ciphertext) {
  umbra_value_record value = {.level = ciphertext->level,
                              .slots = ciphertext->slots,
                              .magnitude = ciphertext->estimate.magnitude,
                              .error = ciphertext->estimate.error,
                              .seeded = ciphertext->seeded != 0};
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_VALUE, &value, sizeof value));
  if (value.seeded)
    UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_SEED, ciphertext->seed, sizeof ciphertext->seed));
  return umbra_file_write_poly(writer, ciphertext->context, &ciphertext->poly, value.seeded ? 2 : 1);
}

uint64_t umbra_file_ciphertext_bytes(const umbra_params *params, uint32_t level) {
  return 2 * UMBRA_SECTION_OVERHEAD + sizeof(umbra_value_record) + umbra_params_ciphertext_bytes(params, level);
}

static umbra_status read_residues(umbra_reader *reader, umbra_ciphertext *ciphertext) {
  const umbra_context *context = ciphertext->context;
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, context->ring));
  umbra_stream_set_watch(stream, reader->watch);
  umbra_status status =
      umbra_residues_read(reader, context->ring, stream, &ciphertext->poly, ciphertext->seeded ? 2 : 1);
  if (status == UMBRA_OK && ciphertext->seeded) umbra_ciphertext_expand(ciphertext, stream);
  return umbra_stream_close(stream, context, status);
}

umbra_status umbra_file_read_ciphertext(umbra_reader *reader, const umbra_context *context,
                                        umbra_ciphertext **ciphertext) {
  umbra_value_record value;
  uint8_t seed[UMBRA_SEED_BYTES] = {0};
  UMBRA_TRY(umbra_file_read_value(reader, context, &value));
  if (value.seeded) UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_SEED, seed, sizeof seed));
  uint32_t limbs = umbra_context_chain(context)->window[value.level].count;
  UMBRA_TRY(umbra_residues_begin(reader, context->ring, value.seeded ? 1 : 2, limbs));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_ciphertext_make(&made, context, value.level));
  *ciphertext = made;
  memcpy(made->owner, reader->header.owner, sizeof made->owner);
  made->slots = value.slots;
  made->estimate = (umbra_estimate){value.magnitude, value.error};
  made->seeded = (int)value.seeded;
  memcpy(made->seed, seed, sizeof made->seed);
  return read_residues(reader, made);
}

umbra_status umbra_file_read_part(umbra_reader *reader, const umbra_context *context, umbra_ciphertext **part) {
  UMBRA_TRY(umbra_file_read_ciphertext(reader, context, part));
  if ((*part)->slots == umbra_ring_n(context->ring) / 2) return UMBRA_OK;
  return umbra_reader_malformed(reader, "a ciphertext of %u slots: this object's ciphertexts are over all slots",
                                (*part)->slots);
}

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_ciphertext *ciphertext = object;
  umbra_file_identify(writer, ciphertext->context, ciphertext->owner);
  return umbra_file_write_ciphertext(writer, ciphertext);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  umbra_ciphertext *made = NULL;
  umbra_status status = umbra_file_read_ciphertext(reader, argument, &made);
  *object = made;
  return status;
}

static void destroy(void *object) { umbra_ciphertext_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_CIPHERTEXT, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(ciphertext, &format)
