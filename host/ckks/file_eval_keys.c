/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation keys, each as two sections: its purpose and seed, then the halves that no seed gives. */
#include <string.h>

#include "../device/enqueue.h"
#include "../ring/residence.h"
#include "../ring/residues_file.h"
#include "file.h"
#include "key_needs.h"

/* auxes: 0 if it has all that the parameters have, as every key once had, or none because its kind has none. */
typedef struct key_record {
  uint32_t kind, rotation, level, auxes;
  uint8_t seed[UMBRA_SEED_BYTES];
} key_record;
_Static_assert(sizeof(key_record) == 48, "no padding");

enum { SECTIONS = 2 }; /* of a key; one more if there is their life */

/* Of a key with so many auxiliary primes, and back. */
static uint32_t auxes_to_store(const umbra_chain *chain, uint32_t auxes) { return auxes == chain->auxes ? 0 : auxes; }

static umbra_key_shape shape_of(const umbra_chain *chain, const key_record *record) {
  const uint32_t all = record->kind == UMBRA_KEY_TO_SPARSE ? 0 : chain->auxes;
  return umbra_key_shape_with(chain, (umbra_key_kind)record->kind, record->level, record->auxes ? record->auxes : all);
}

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_eval_keys *keys = object;
  const umbra_chain *chain = umbra_context_chain(keys->context);
  umbra_file_identify(writer, keys->context, keys->owner);
  UMBRA_TRY(umbra_life_write(writer, &keys->life));
  for (size_t i = 0; i < keys->count; i++) {
    const umbra_eval_key *entry = &keys->key[i];
    key_record record = {.kind = entry->kind,
                         .rotation = entry->rotation,
                         .level = entry->level,
                         .auxes = auxes_to_store(chain, entry->key.poly.aux)};
    memcpy(record.seed, entry->seed, sizeof record.seed);
    UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_KEY, &record, sizeof record));
    UMBRA_TRY(umbra_file_write_poly(writer, keys->context, &entry->key.poly, 2));
  }
  return UMBRA_OK;
}

static umbra_status check_auxes(const umbra_reader *reader, const umbra_chain *chain, const key_record *record) {
  const uint32_t used = umbra_key_shape_of(chain, (umbra_key_kind)record->kind, record->level).aux;
  if (!record->auxes || record->auxes == auxes_to_store(chain, used)) return UMBRA_OK;
  return umbra_reader_malformed(reader, "an evaluation key for level %u with %u auxiliary primes: such keys have %u",
                                record->level, record->auxes, used);
}

static umbra_status check_record(const umbra_reader *reader, const umbra_chain *chain, const key_record *record) {
  uint32_t slots = 1u << (chain->log_n - 1);
  uint32_t last = chain->bootstrap.stc_levels ? UMBRA_KEY_TO_DENSE : UMBRA_KEY_CONJUGATE;
  if (record->kind > last) return umbra_reader_malformed(reader, "unknown kind %u of evaluation key", record->kind);
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
  return check_auxes(reader, chain, record);
}

static umbra_status read_purpose(umbra_reader *reader, const umbra_chain *chain, key_record *record) {
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_KEY, record, sizeof *record));
  return check_record(reader, chain, record);
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
  umbra_stream_set_watch(stream, reader->watch);
  umbra_status status = umbra_residues_read(reader, context->ring, stream, &entry->key.poly, 2);
  if (status == UMBRA_OK) umbra_eval_key_expand(entry, context, stream);
  return umbra_stream_close(stream, context, status);
}

static umbra_status read_key(umbra_reader *reader, const umbra_eval_keys *keys, size_t index) {
  const umbra_context *context = keys->context;
  const umbra_chain *chain = umbra_context_chain(context);
  key_record record;
  UMBRA_TRY(read_purpose(reader, chain, &record));
  UMBRA_TRY(check_new(reader, keys, index, &record));
  umbra_key_shape shape = shape_of(chain, &record);
  UMBRA_TRY(umbra_residues_begin(reader, context->ring, shape.digits.count, shape.window.count + shape.aux));
  umbra_eval_key *entry = &keys->key[index];
  UMBRA_TRY(umbra_eval_key_make_shaped(entry, context, (umbra_key_kind)record.kind, record.level, &shape));
  entry->rotation = record.rotation;
  memcpy(entry->seed, record.seed, sizeof entry->seed);
  UMBRA_TRY(read_residues(reader, context, entry));
  return umbra_poly_may_leave(&entry->key.poly, context->ring);
}

static umbra_status count_keys(size_t *count, const umbra_reader *reader, const umbra_chain *chain) {
  uint32_t most = (1u << (chain->log_n - 1)) + 3; /* rotations, relinearisation, conjugation, ephemeral ones */
  *count = reader->header.sections / SECTIONS;
  if (*count <= most) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%u sections: there are %d for each evaluation key, and up to %u keys",
                                reader->header.sections, SECTIONS, most);
}

static umbra_status check_pair(const umbra_reader *reader, int to_sparse, int to_dense) {
  if (to_sparse == to_dense) return UMBRA_OK;
  return umbra_reader_malformed(reader, "one of the two ephemeral keys, and not the other");
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const umbra_context *context = argument;
  size_t count;
  umbra_life life;
  umbra_eval_keys *made = NULL;
  UMBRA_TRY(count_keys(&count, reader, umbra_context_chain(context)));
  UMBRA_TRY(umbra_life_read(reader, &life));
  UMBRA_TRY(umbra_eval_keys_make(&made, context, count));
  *object = made;
  made->life = life;
  memcpy(made->owner, reader->header.owner, sizeof made->owner);
  for (size_t i = 0; i < count; i++) UMBRA_TRY(read_key(reader, made, i));
  return check_pair(reader, umbra_eval_keys_find(made, UMBRA_KEY_TO_SPARSE, 0) != NULL,
                    umbra_eval_keys_find(made, UMBRA_KEY_TO_DENSE, 0) != NULL);
}

static void destroy(void *object) { umbra_eval_keys_destroy(object); }

static const umbra_format format = {
    .kind = UMBRA_KIND_EVAL_KEYS, .apart = UMBRA_KINDS_SECRET, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(eval_keys, &format)

/* ---- purposes alone ---- */

/* Of the halves that no seed gives. */
static uint64_t residues_of(const umbra_chain *chain, const key_record *record) {
  const umbra_key_shape shape = shape_of(chain, record);
  return (uint64_t)shape.digits.count * (shape.window.count + shape.aux) * sizeof(uint32_t) << chain->log_n;
}

static umbra_status read_purposes(umbra_reader *reader, umbra_key_needs *needs) {
  const umbra_chain *chain = &needs->params->chain;
  size_t count;
  umbra_life life;
  int ephemeral[2] = {0};
  UMBRA_TRY(count_keys(&count, reader, chain));
  UMBRA_TRY(umbra_life_read(reader, &life));
  for (size_t i = 0; i < count; i++) {
    key_record record;
    UMBRA_TRY(read_purpose(reader, chain, &record));
    UMBRA_TRY(umbra_read_pass(reader, UMBRA_SECTION_RESIDUES, residues_of(chain, &record)));
    umbra_key_purpose purpose = {(umbra_key_kind)record.kind, record.rotation, record.level};
    UMBRA_TRY(umbra_key_needs_insert(needs, &purpose));
    if (purpose.kind >= UMBRA_KEY_TO_SPARSE) ephemeral[purpose.kind - UMBRA_KEY_TO_SPARSE] = 1;
  }
  if (needs->count < count) return umbra_reader_malformed(reader, "two evaluation keys for the same purpose");
  UMBRA_TRY(check_pair(reader, ephemeral[0], ephemeral[1]));
  return umbra_read_finish(reader);
}

/* Adds what the container serves, if it is one of evaluation keys; closes the reader. */
static umbra_status add_purposes(umbra_key_needs *needs, umbra_reader *reader) {
  umbra_key_needs *served = NULL;
  umbra_status status = umbra_reader_expect(reader, UMBRA_KIND_EVAL_KEYS, needs->params->digest);
  if (status == UMBRA_OK) status = umbra_key_needs_create(&served, needs->params);
  if (status == UMBRA_OK) status = read_purposes(reader, served);
  if (status == UMBRA_OK) status = umbra_key_needs_add(needs, served);
  umbra_key_needs_destroy(served);
  umbra_reader_close(reader);
  return status;
}

static umbra_status check_source(const umbra_key_needs *needs, const void *source) {
  if (!needs || !source)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "key needs of a file or buffer need that, and needs to add to");
  return sodium_init() < 0 ? umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium could not be initialised") : UMBRA_OK;
}

umbra_status umbra_key_needs_of_file(umbra_key_needs *needs, const char *path) {
  umbra_reader reader;
  UMBRA_TRY(check_source(needs, path));
  UMBRA_TRY(umbra_reader_open_file(&reader, path));
  return add_purposes(needs, &reader);
}

umbra_status umbra_key_needs_of_buffer(umbra_key_needs *needs, const void *buffer, size_t size) {
  umbra_reader reader;
  UMBRA_TRY(check_source(needs, buffer));
  UMBRA_TRY(umbra_reader_open_memory(&reader, buffer, size));
  return add_purposes(needs, &reader);
}
