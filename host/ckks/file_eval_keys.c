/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation keys, each as two sections: its purpose and seed, then the halves that no seed gives. */
#include <string.h>

#include "../base/arrays.h"
#include "../base/memory.h"
#include "../device/enqueue.h"
#include "../ring/residence.h"
#include "../ring/residues_file.h"
#include "file.h"
#include "key_maker.h"
#include "key_needs.h"
#include "load_keys.h"
#include "stand_ins.h"
#include "trace.h"

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

/* ---- saving ---- */

static umbra_status write_key(umbra_writer *writer, const umbra_context *context, const umbra_eval_key *entry) {
  key_record record = {.kind = entry->kind,
                       .rotation = entry->rotation,
                       .level = entry->level,
                       .auxes = auxes_to_store(umbra_context_chain(context), entry->key.poly.aux)};
  memcpy(record.seed, entry->seed, sizeof record.seed);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_KEY, &record, sizeof record));
  return umbra_file_write_poly(writer, context, &entry->key.poly, 2);
}

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_eval_keys *keys = object;
  umbra_file_identify(writer, keys->context, keys->owner);
  umbra_writer_set_version(writer, keys->version);
  UMBRA_TRY(umbra_life_write(writer, &keys->life));
  for (size_t i = 0; i < keys->count; i++) UMBRA_TRY(write_key(writer, keys->context, &keys->key[i]));
  return UMBRA_OK;
}

static uint64_t residues_of(const umbra_chain *chain, const umbra_key_shape *shape) {
  return (uint64_t)shape->digits.count * (shape->window.count + shape->aux) * sizeof(uint32_t) << chain->log_n;
}

/* Keys that are made as they are written. */
typedef struct coming_keys {
  const umbra_secret_key *secret;
  const umbra_key_needs *needs;
  umbra_key_maker *maker;
} coming_keys;

static umbra_status count_key(umbra_writer *writer, const umbra_chain *chain, const umbra_key_purpose *purpose) {
  const umbra_key_shape shape = umbra_key_shape_of(chain, purpose->kind, purpose->level);
  UMBRA_TRY(umbra_write_begin(writer, UMBRA_SECTION_KEY, sizeof(key_record)));
  return umbra_write_begin(writer, UMBRA_SECTION_RESIDUES, residues_of(chain, &shape));
}

static umbra_status make_and_write(umbra_writer *writer, umbra_key_maker *maker, const umbra_key_purpose *purpose) {
  umbra_eval_key entry = umbra_eval_key_for(purpose);
  UMBRA_TRY(umbra_key_maker_make(maker, &entry));
  const umbra_status status = write_key(writer, maker->context, &entry);
  umbra_poly_destroy(&entry.key.poly, maker->context->ring);
  return status;
}

static umbra_status save_coming(umbra_writer *writer, const void *object) {
  const coming_keys *coming = object;
  const umbra_chain *chain = umbra_context_chain(coming->secret->context);
  umbra_file_identify(writer, coming->secret->context, coming->secret->owner);
  umbra_writer_set_version(writer, UMBRA_CONTAINER_PIECES);
  UMBRA_TRY(umbra_life_write(writer, &coming->secret->life));
  for (size_t i = 0; i < coming->needs->count; i++) {
    const umbra_key_purpose *purpose = &coming->needs->need[i];
    UMBRA_TRY(writer->counting ? count_key(writer, chain, purpose) : make_and_write(writer, coming->maker, purpose));
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

/* ---- what a container has ---- */

typedef struct found_keys {
  umbra_found_key *key;
  size_t count, room;
  uint32_t *number; /* by place: of the key for that purpose, from 1 on; 0: there is none yet */
  umbra_life life;
} found_keys;

enum { KINDS = UMBRA_KEY_TO_DENSE + 1 };

/* Purposes have places in the order of key needs: kinds, then rotations. */
static size_t places(const umbra_chain *chain) { return KINDS + ((size_t)1 << (chain->log_n - 1)); }

static size_t place_of(const key_record *record) {
  return record->kind == UMBRA_KEY_ROTATE ? KINDS + (size_t)record->rotation : record->kind;
}

static void forget(found_keys *found) {
  umbra_free(found->number);
  umbra_free(found->key);
}

/* Files are sparse at no cost, and may have keys for all purposes: nothing looks at all keys for each. */
static umbra_status take_place(found_keys *found, const umbra_reader *reader, const key_record *record) {
  uint32_t *number = &found->number[place_of(record)];
  if (*number)
    return umbra_reader_malformed(reader, "two evaluation keys for the same %s %u",
                                  record->kind == UMBRA_KEY_ROTATE ? "rotation by" : "operation", record->rotation);
  *number = (uint32_t)found->count + 1;
  return UMBRA_OK;
}

/* The next key up to its residues. */
static umbra_status find_key(found_keys *found, umbra_reader *reader, const umbra_chain *chain) {
  key_record record;
  UMBRA_TRY(read_purpose(reader, chain, &record));
  UMBRA_TRY(take_place(found, reader, &record));
  UMBRA_TRY(umbra_make_room(&found->key, &found->room, found->count, sizeof *found->key, "what a file of keys has"));
  umbra_found_key *key = &found->key[found->count++];
  *key = (umbra_found_key){.purpose = {(umbra_key_kind)record.kind, record.rotation, record.level},
                           .shape = shape_of(chain, &record)};
  memcpy(key->seed, record.seed, sizeof key->seed);
  return UMBRA_OK;
}

static umbra_status count_keys(size_t *count, const umbra_reader *reader, const umbra_chain *chain) {
  uint32_t most = (1u << (chain->log_n - 1)) + 3; /* rotations, relinearisation, conjugation, ephemeral ones */
  *count = reader->header.sections / SECTIONS;
  if (*count <= most) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%u sections: there are %d for each evaluation key, and up to %u keys",
                                reader->header.sections, SECTIONS, most);
}

/* What there is before keys. */
static umbra_status begin(found_keys *found, size_t *count, umbra_reader *reader, const umbra_chain *chain) {
  UMBRA_TRY(count_keys(count, reader, chain));
  UMBRA_TRY(umbra_life_read(reader, &found->life));
  return umbra_alloc(&found->number, places(chain), sizeof *found->number, "what a file of keys has");
}

static umbra_status check_pair(const umbra_reader *reader, const found_keys *found) {
  if (!found->number[UMBRA_KEY_TO_SPARSE] == !found->number[UMBRA_KEY_TO_DENSE]) return UMBRA_OK;
  return umbra_reader_malformed(reader, "one of the two ephemeral keys, and not the other");
}

/* All keys, whose residues are passed over. */
static umbra_status find_keys(found_keys *found, umbra_reader *reader, const umbra_chain *chain) {
  size_t count;
  UMBRA_TRY(begin(found, &count, reader, chain));
  for (size_t i = 0; i < count; i++) {
    UMBRA_TRY(find_key(found, reader, chain));
    umbra_found_key *key = &found->key[i];
    UMBRA_TRY(umbra_read_pass(reader, UMBRA_SECTION_RESIDUES, residues_of(chain, &key->shape), &key->residues));
  }
  return check_pair(reader, found);
}

/* Each behind those before it. */
static umbra_status list_purposes(umbra_key_needs *needs, const found_keys *found) {
  const size_t end = places(&needs->params->chain);
  for (size_t i = 0; i < end; i++)
    if (found->number[i]) UMBRA_TRY(umbra_key_needs_insert(needs, &found->key[found->number[i] - 1].purpose));
  return UMBRA_OK;
}

/* ---- loading ---- */

/* What is asked of a container: keys for those needs; NULL: all that it has. */
typedef struct wanted_keys {
  const umbra_context *context;
  const umbra_key_needs *needs;
} wanted_keys;

static umbra_status check_served(const found_keys *found, const umbra_key_needs *needs) {
  umbra_key_needs *served = NULL;
  UMBRA_TRY(umbra_key_needs_create(&served, needs->params));
  umbra_status status = list_purposes(served, found);
  if (status == UMBRA_OK) status = umbra_key_needs_cover(served, needs);
  umbra_key_needs_destroy(served);
  return status;
}

/* Forgets what nobody needs. */
static umbra_status select_keys(found_keys *found, const umbra_key_needs *needs) {
  size_t kept = 0;
  if (!needs) return UMBRA_OK;
  UMBRA_TRY(check_served(found, needs));
  for (size_t i = 0; i < found->count; i++)
    if (umbra_key_needs_name(needs, &found->key[i].purpose)) found->key[kept++] = found->key[i];
  found->count = kept;
  return UMBRA_OK;
}

static umbra_status make_set(umbra_eval_keys **keys, const umbra_reader *reader, const umbra_context *context,
                             size_t count, const umbra_life *life) {
  UMBRA_TRY(umbra_eval_keys_make(keys, context, count));
  (*keys)->life = *life;
  (*keys)->version = reader->header.version;
  memcpy((*keys)->owner, reader->header.owner, sizeof(*keys)->owner);
  return UMBRA_OK;
}

static umbra_status load_found(umbra_reader *reader, const wanted_keys *wanted, void **object, found_keys *found) {
  umbra_eval_keys *made = NULL;
  UMBRA_TRY(find_keys(found, reader, umbra_context_chain(wanted->context)));
  UMBRA_TRY(umbra_read_finish(reader));
  UMBRA_TRY(select_keys(found, wanted->needs));
  UMBRA_TRY(make_set(&made, reader, wanted->context, found->count, &found->life));
  *object = made;
  return umbra_eval_keys_load_found(made, reader, found->key);
}

/* Key by key: nothing is known of what comes later. */
static umbra_status load_in_order(umbra_reader *reader, const umbra_context *context, void **object,
                                  found_keys *found) {
  const umbra_chain *chain = umbra_context_chain(context);
  umbra_eval_keys *made = NULL;
  size_t count;
  UMBRA_TRY(begin(found, &count, reader, chain));
  UMBRA_TRY(make_set(&made, reader, context, count, &found->life));
  *object = made;
  for (size_t i = 0; i < count; i++) {
    UMBRA_TRY(find_key(found, reader, chain));
    const umbra_found_key *key = &found->key[i];
    UMBRA_TRY(umbra_read_begin(reader, UMBRA_SECTION_RESIDUES, residues_of(chain, &key->shape)));
    UMBRA_TRY(umbra_eval_key_load_next(&made->key[i], context, reader, key));
  }
  return check_pair(reader, found);
}

static umbra_status load_wanted(umbra_reader *reader, const void *argument, void **object) {
  const wanted_keys *wanted = argument;
  found_keys found = {0};
  umbra_status status = reader->source.in_order ? load_in_order(reader, wanted->context, object, &found)
                                                : load_found(reader, wanted, object, &found);
  forget(&found);
  return status;
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  return load_wanted(reader, &(wanted_keys){.context = argument}, object);
}

static void destroy(void *object) { umbra_eval_keys_destroy(object); }

static const umbra_format format = {
    .kind = UMBRA_KIND_EVAL_KEYS, .apart = UMBRA_KINDS_SECRET, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(eval_keys, &format)

umbra_status umbra_eval_keys_load_for(umbra_eval_keys **keys, const umbra_context *context,
                                      const umbra_key_needs *needs, const char *path, const umbra_progress *progress) {
  UMBRA_TRACE_IN(context, "eval_keys_load", 0);
  if (!keys || !context || !needs || !path)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_eval_keys_load_for needs an output, a context, key needs and a path");
  const umbra_params *params = umbra_context_params(context);
  UMBRA_TRY(umbra_key_needs_check(needs, params, "the context"));
  umbra_format some = format;
  some.load = load_wanted;
  umbra_watch watch = umbra_watch_of(progress);
  void *made = NULL;
  const umbra_wanted wanted = {&(wanted_keys){context, needs}, params->digest};
  UMBRA_TRY(umbra_watch_close(&watch, umbra_format_load(&some, &made, &wanted, path, &watch)));
  UMBRA_PUT(eval_keys, keys, made);
  return UMBRA_OK;
}

/* ---- keys made into a file ---- */

umbra_status umbra_eval_keys_generate_save(const umbra_secret_key *secret, const umbra_key_needs *needs,
                                           const char *path, const umbra_progress *progress) {
  UMBRA_TRACE_OF(secret, "eval_keys_generate_save", 0);
  if (!secret || !needs || !path)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_eval_keys_generate_save needs a secret key, key needs and a path");
  UMBRA_TRY(umbra_check_real(secret->context));
  UMBRA_TRY(umbra_key_needs_check(needs, umbra_context_params(secret->context), "the secret key"));
  umbra_key_maker maker;
  umbra_format made = format;
  made.save = save_coming;
  umbra_watch watch = umbra_watch_of(progress);
  umbra_status status = umbra_key_maker_open(&maker, secret);
  if (status == UMBRA_OK) {
    umbra_stream_set_watch(maker.stream, &watch);
    status = umbra_format_save(&made, &(coming_keys){secret, needs, &maker}, path, &watch);
    umbra_stream_set_watch(maker.stream, NULL); /* nothing stops what is saved */
    status = umbra_key_maker_close(&maker, status);
  }
  return umbra_watch_close(&watch, status);
}

/* ---- purposes alone ---- */

static umbra_status read_purposes(umbra_reader *reader, umbra_key_needs *needs) {
  found_keys found = {0};
  umbra_status status = find_keys(&found, reader, &needs->params->chain);
  if (status == UMBRA_OK) status = umbra_read_finish(reader);
  if (status == UMBRA_OK) status = list_purposes(needs, &found);
  forget(&found);
  return status;
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
