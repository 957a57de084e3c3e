/* SPDX-License-Identifier: Apache-2.0 */
#include "../ring/residence.h"
#include "../ring/residues_file.h"
#include "file.h"
#include "noise.h"
#include "stand_ins.h"

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_plaintext *plaintext = object;
  umbra_value_record value = {.level = plaintext->level,
                              .slots = plaintext->slots,
                              .magnitude = plaintext->estimate.bound.magnitude,
                              .error = plaintext->estimate.bound.error};
  umbra_writer_identify(writer, umbra_context_params(plaintext->context)->digest, NULL,
                        plaintext->opened ? UMBRA_CONTAINER_OPENED : 0);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_VALUE, &value, sizeof value));
  return umbra_file_write_poly(writer, plaintext->context, &plaintext->poly, 1);
}

static umbra_status read_residues(umbra_reader *reader, umbra_plaintext *plaintext) {
  const umbra_context *context = plaintext->context;
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, context->ring));
  return umbra_stream_close(stream, context, umbra_residues_read(reader, context->ring, stream, &plaintext->poly, 1));
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const umbra_context *context = argument;
  umbra_value_record value;
  UMBRA_TRY(umbra_check_real(context));
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_VALUE, &value, sizeof value));
  UMBRA_TRY(umbra_file_check_value(reader, context, &value));
  UMBRA_TRY(umbra_file_check_held(reader, context, &value));
  if (value.seeded) return umbra_reader_malformed(reader, "plaintexts have no seed");
  UMBRA_TRY(umbra_residues_begin(reader, context->ring, 1, umbra_context_chain(context)->window[value.level].count));
  umbra_plaintext *made = NULL;
  UMBRA_TRY(umbra_plaintext_make(&made, context, value.level));
  *object = made;
  made->slots = value.slots;
  made->opened = (reader->header.flags & UMBRA_CONTAINER_OPENED) != 0;
  made->estimate = umbra_estimate_of(value.magnitude, value.error);
  UMBRA_TRY(read_residues(reader, made));
  return umbra_poly_may_leave(&made->poly, context->ring);
}

static void destroy(void *object) { umbra_plaintext_destroy(object); }

/* What was decrypted tells the key to whoever has the ciphertext. */
static int is_secret(const void *object) { return ((const umbra_plaintext *)object)->opened; }

static const umbra_format format = {.kind = UMBRA_KIND_PLAINTEXT,
                                    .apart = UMBRA_KINDS_GIVEN_AWAY,
                                    .is_secret = is_secret,
                                    .save = save,
                                    .load = load,
                                    .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(plaintext, &format)
