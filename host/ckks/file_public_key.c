/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../device/enqueue.h"
#include "../ring/residues_file.h"
#include "file.h"

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_public_key *key = object;
  umbra_file_identify(writer, key->context, key->owner);
  UMBRA_TRY(umbra_life_write(writer, &key->life));
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_SEED, key->seed, sizeof key->seed));
  return umbra_file_write_poly(writer, key->context, &key->poly, 2);
}

static umbra_status read_residues(umbra_reader *reader, umbra_public_key *key) {
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, key->context->ring));
  umbra_stream_set_watch(stream, reader->watch);
  umbra_status status = umbra_residues_read(reader, key->context->ring, stream, &key->poly, 2);
  if (status == UMBRA_OK) umbra_public_key_expand(key, stream);
  return umbra_stream_close(stream, key->context, status);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const umbra_context *context = argument;
  const umbra_chain *chain = umbra_context_chain(context);
  umbra_life life;
  uint8_t seed[UMBRA_SEED_BYTES];
  UMBRA_TRY(umbra_life_read(reader, &life));
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_SEED, seed, sizeof seed));
  UMBRA_TRY(umbra_residues_begin(reader, context->ring, 1, umbra_chain_union(chain, chain->levels - 1).count + 1u));
  umbra_public_key *made = NULL;
  UMBRA_TRY(umbra_public_key_make(&made, context));
  *object = made;
  memcpy(made->owner, reader->header.owner, sizeof made->owner);
  made->life = life;
  memcpy(made->seed, seed, sizeof made->seed);
  return read_residues(reader, made);
}

static void destroy(void *object) { umbra_public_key_destroy(object); }

static const umbra_format format = {
    .kind = UMBRA_KIND_PUBLIC_KEY, .apart = UMBRA_KINDS_SECRET, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(public_key, &format)
