/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../base/error.h"
#include "../device/enqueue.h"
#include "../ring/residues_file.h"
#include "file.h"
#include "stand_ins.h"

/* The record of the section RANGE. */
typedef struct range_record {
  umbra_value_record value; /* its magnitude and error: the bound; its reserved field: doubts */
  double worst_magnitude, worst_error;
  uint32_t by, real, used, fits;
  double failure;
} range_record;
_Static_assert(sizeof(range_record) == 72, "no padding");

static range_record record_of(const umbra_ciphertext *ciphertext) {
  const umbra_estimate *estimate = &ciphertext->estimate;
  const umbra_declared *declared = &ciphertext->declared;
  return (range_record){.value = {.level = ciphertext->level,
                                  .slots = ciphertext->slots,
                                  .magnitude = estimate->bound.magnitude,
                                  .error = estimate->bound.error,
                                  .seeded = ciphertext->seeded != 0,
                                  .reserved = estimate->doubts},
                        .worst_magnitude = estimate->worst.magnitude,
                        .worst_error = estimate->worst.error,
                        .by = (uint32_t)declared->by,
                        .real = declared->real != 0,
                        .used = declared->used,
                        .fits = declared->fits != 0,
                        .failure = declared->failure};
}

/* Of files of their own only, which say in their version that there is such a section. */
static umbra_status write_parts(umbra_writer *writer, const umbra_ciphertext *ciphertext) {
  const uint32_t parts = ciphertext->poly.polys;
  if (parts == 2) return UMBRA_OK;
  if (writer->header.version == UMBRA_CONTAINER_KEYLESS)
    return umbra_write_record(writer, UMBRA_SECTION_PARTS, &parts, sizeof parts);
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "a ciphertext of three parts inside another object: umbra_relinearize it before it is saved");
}

umbra_status umbra_file_write_ciphertext(umbra_writer *writer, const umbra_ciphertext *ciphertext) {
  const range_record record = record_of(ciphertext);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_RANGE, &record, sizeof record));
  UMBRA_TRY(write_parts(writer, ciphertext));
  if (record.value.seeded)
    UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_SEED, ciphertext->seed, sizeof ciphertext->seed));
  return umbra_file_write_poly(writer, ciphertext->context, &ciphertext->poly, record.value.seeded ? 2 : 1);
}

uint64_t umbra_file_ciphertext_bytes(const umbra_params *params, uint32_t level) {
  return 2 * UMBRA_SECTION_OVERHEAD + sizeof(range_record) + umbra_params_ciphertext_bytes(params, level);
}

uint64_t umbra_file_ciphertext_growth(void) { return sizeof(range_record) - sizeof(umbra_value_record); }

uint64_t umbra_file_seed_saving(const umbra_params *params, uint32_t level) {
  return umbra_params_ciphertext_bytes(params, level) / 2 - UMBRA_SECTION_OVERHEAD - UMBRA_SEED_BYTES;
}

/* An older section says of the worst case what it says of the bound, and nothing else. */
static umbra_status read_record(umbra_reader *reader, range_record *record) {
  int older;
  *record = (range_record){.by = UMBRA_DECLARED_BY_NOBODY};
  UMBRA_TRY(umbra_read_begin_either(reader, &older, UMBRA_SECTION_RANGE, sizeof *record, UMBRA_SECTION_VALUE,
                                    sizeof record->value));
  UMBRA_TRY(umbra_read_bytes(reader, record, older ? sizeof record->value : sizeof *record));
  UMBRA_TRY(umbra_read_end(reader));
  if (!older) return UMBRA_OK;
  record->worst_magnitude = record->value.magnitude;
  record->worst_error = record->value.error;
  return record->value.reserved == 0
             ? UMBRA_OK
             : umbra_reader_malformed(reader, "%u is no value for a reserved field", record->value.reserved);
}

static umbra_status check_record(const umbra_reader *reader, const umbra_context *context, const range_record *record) {
  const uint32_t doubts = record->value.reserved;
  umbra_value_record value = record->value;
  value.reserved = 0;
  UMBRA_TRY(umbra_file_check_value(reader, context, &value));
  if (record->fits == 1) UMBRA_TRY(umbra_file_check_held(reader, context, &value));
  value.magnitude = record->worst_magnitude;
  value.error = record->worst_error;
  UMBRA_TRY(umbra_file_check_value(reader, context, &value));
  if (record->by > UMBRA_DECLARED_BY_APPLICATION || record->used > value.slots)
    return umbra_reader_malformed(reader, "declared by %u for %u of %u slots: there is no such declaration", record->by,
                                  record->used, value.slots);
  if (doubts & ~(uint32_t)(UMBRA_DOUBT_REFRESH | UMBRA_DOUBT_INTERVAL) || record->real > 1 || record->fits > 1)
    return umbra_reader_malformed(reader, "%u, %u and %u are no value for doubts, 'real' and 'fits'", doubts,
                                  record->real, record->fits);
  if (!(record->failure >= 0 && record->failure < 1))
    return umbra_reader_malformed(reader, "%g is no probability that a bound fails", record->failure);
  return UMBRA_OK;
}

/* Two, unless the file's version says that there are three; seeds are of fresh encryptions, which have two. */
static umbra_status read_parts(umbra_reader *reader, uint32_t *parts, const range_record *record) {
  *parts = 2;
  if (reader->header.version != UMBRA_CONTAINER_KEYLESS) return UMBRA_OK;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_PARTS, parts, sizeof *parts));
  if (*parts != 3)
    return umbra_reader_malformed(reader, "a ciphertext of %u parts: this version of the format is for three", *parts);
  return record->value.seeded ? umbra_reader_malformed(reader, "a ciphertext of three parts with a seed") : UMBRA_OK;
}

static umbra_estimate estimate_of(const range_record *record) {
  return (umbra_estimate){.bound = {record->value.magnitude, record->value.error},
                          .worst = {record->worst_magnitude, record->worst_error},
                          .doubts = record->value.reserved};
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
  range_record record;
  const umbra_value_record *value = &record.value;
  uint8_t seed[UMBRA_SEED_BYTES] = {0};
  uint32_t parts;
  UMBRA_TRY(umbra_check_real(context));
  UMBRA_TRY(read_record(reader, &record));
  UMBRA_TRY(check_record(reader, context, &record));
  UMBRA_TRY(read_parts(reader, &parts, &record));
  if (value->seeded) UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_SEED, seed, sizeof seed));
  uint32_t limbs = umbra_context_chain(context)->window[value->level].count;
  UMBRA_TRY(umbra_residues_begin(reader, context->ring, value->seeded ? 1 : parts, limbs));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_ciphertext_make_parts(&made, context, value->level, parts));
  *ciphertext = made;
  memcpy(made->owner, reader->header.owner, sizeof made->owner);
  made->slots = value->slots;
  made->estimate = estimate_of(&record);
  made->declared = (umbra_declared){.by = (umbra_declarer)record.by,
                                    .real = (int)record.real,
                                    .used = record.used,
                                    .fits = (int)record.fits,
                                    .failure = record.failure};
  made->seeded = (int)value->seeded;
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
  if (ciphertext->poly.polys > 2) umbra_writer_set_version(writer, UMBRA_CONTAINER_KEYLESS);
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
