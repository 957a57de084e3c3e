/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation keys, each as two sections: its purpose and seed, then the halves that no seed gives. */
#include <string.h>

#include "../ring/residence.h"
#include "../ring/residues_file.h"
#include "file.h"

typedef struct key_record {
  uint32_t kind, rotation, level, reserved;
  uint8_t seed[UMBRA_SEED_BYTES];
} key_record;
_Static_assert(sizeof(key_record) == 48, "no padding");

enum { SECTIONS = 2 }; /* of a key */

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_eval_keys *keys = object;
  umbra_file_identify(writer, keys->context, keys->owner);
  for (size_t i = 0; i < keys->count; i++) {
    const umbra_eval_key *entry = &keys->key[i];
    key_record record = {.kind = entry->kind, .rotation = entry->rotation, .level = entry->level};
    memcpy(record.seed, entry->seed, sizeof record.seed);
    UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_KEY, &record, sizeof record));
    UMBRA_TRY(umbra_file_write_poly(writer, keys->context, &entry->key.poly, 2));
  }
  return UMBRA_OK;
}

static umbra_status check_record(const umbra_reader *reader, const umbra_context *context, const key_record *record) {
  const umbra_chain *chain = umbra_context_chain(context);
  uint32_t slots = umbra_ring_n(context->ring) / 2;
  uint32_t last = chain->boot.stc_levels ? UMBRA_KEY_TO_DENSE : UMBRA_KEY_CONJUGATE;
  if (record->kind > last || record->reserved)
    return umbra_reader_malformed(reader, "unknown kind %u of evaluation key", record->kind);
  if (record->kind == UMBRA_KEY_ROTATE ? record->rotation - 1 >= slots - 1 : record->rotation != 0)
    return umbra_reader_malformed(reader, "an evaluation key for rotation by %u: there are rotations by 1 to %u",
                                  record->rotation, slots - 1);
  uint32_t top = umbra_key_top_level(chain, (umbra_key_kind)record->kind);
  const int one_level = record->kind == UMBRA_KEY_TO_SPARSE || record->kind == UMBRA_KEY_TO_DENSE;
  if (one_level && record->level != top)
    return umbra_reader_malformed(reader, "an ephemeral key for level %u: it is used at level %u", record->level, top);
  if (record->level > top)
    return umbra_reader_malformed(reader, "an evaluation key for level %u: the parameters' highest is %u",
                                  record->level, top);
  return UMBRA_OK;
}

/* Quadratic in the number of keys, but each has a record and residues to be read, which take longer. */
static umbra_status check_new(const umbra_reader *reader, const umbra_eval_keys *keys, size_t count,
                              const key_record *record) {
  for (size_t i = 0; i < count; i++)
    if (keys->key[i].kind == record->kind && keys->key[i].rotation == record->rotation)
      return umbra_reader_malformed(reader, "two evaluation keys for the same %s %u",
                                    record->kind == UMBRA_KEY_ROTATE ? "rotation by" : "operation", record->rotation);
  return UMBRA_OK;
}

static umbra_status read_residues(umbra_reader *reader, const umbra_context *context, const umbra_eval_key *entry) {
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, context->ring));
  umbra_status status = umbra_residues_read(reader, context->ring, stream, &entry->key.poly, 2);
  if (status == UMBRA_OK) umbra_eval_key_expand(entry, context, stream);
  return umbra_stream_close(stream, context, status);
}

static umbra_status read_key(umbra_reader *reader, const umbra_eval_keys *keys, size_t index) {
  const umbra_context *context = keys->context;
  const umbra_chain *chain = umbra_context_chain(context);
  key_record record;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_KEY, &record, sizeof record));
  UMBRA_TRY(check_record(reader, context, &record));
  UMBRA_TRY(check_new(reader, keys, index, &record));
  umbra_key_shape shape = umbra_key_shape_of(chain, (umbra_key_kind)record.kind, record.level);
  UMBRA_TRY(umbra_residues_begin(reader, context->ring, shape.digits.count, shape.window.count + shape.aux));
  umbra_eval_key *entry = &keys->key[index];
  UMBRA_TRY(umbra_eval_key_make(entry, context, (umbra_key_kind)record.kind, record.level));
  entry->rotation = record.rotation;
  memcpy(entry->seed, record.seed, sizeof entry->seed);
  UMBRA_TRY(read_residues(reader, context, entry));
  return umbra_poly_may_leave(&entry->key.poly, context->ring);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const umbra_context *context = argument;
  uint32_t most = umbra_ring_n(context->ring) / 2 + 3; /* rotations, relinearisation, conjugation, ephemeral ones */
  size_t count = reader->header.sections / SECTIONS;
  if (reader->header.sections % SECTIONS || count > most)
    return umbra_reader_malformed(reader, "%u sections: there are %d for each evaluation key, and up to %u keys",
                                  reader->header.sections, SECTIONS, most);
  umbra_eval_keys *made = NULL;
  UMBRA_TRY(umbra_eval_keys_make(&made, context, count));
  *object = made;
  memcpy(made->owner, reader->header.owner, sizeof made->owner);
  for (size_t i = 0; i < count; i++) UMBRA_TRY(read_key(reader, made, i));
  if (!umbra_eval_keys_find(made, UMBRA_KEY_TO_SPARSE, 0) != !umbra_eval_keys_find(made, UMBRA_KEY_TO_DENSE, 0))
    return umbra_reader_malformed(reader, "one of the two ephemeral keys, and not the other");
  return UMBRA_OK;
}

static void destroy(void *object) { umbra_eval_keys_destroy(object); }

static const umbra_format format = {
    .kind = UMBRA_KIND_EVAL_KEYS, .apart = 1u << UMBRA_KIND_SECRET_KEY, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(eval_keys, &format)
