/* SPDX-License-Identifier: Apache-2.0 */
#include "load_keys.h"

#include <string.h>

#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "../ring/residues_file.h"

static umbra_status make_key(umbra_eval_key *key, const umbra_context *context, const umbra_found_key *found) {
  UMBRA_TRY(umbra_eval_key_make_shaped(key, context, found->purpose.kind, found->purpose.level, &found->shape));
  key->rotation = found->purpose.rotation;
  memcpy(key->seed, found->seed, sizeof key->seed);
  return UMBRA_OK;
}

/* ---- one after the other ---- */

static umbra_status read_residues(umbra_reader *reader, const umbra_context *context, const umbra_eval_key *key) {
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, context->ring));
  umbra_stream_set_watch(stream, reader->watch);
  umbra_status status = umbra_residues_read(reader, context->ring, stream, &key->key.poly, 2);
  if (status == UMBRA_OK) umbra_eval_key_expand(key, context, stream);
  return umbra_stream_close(stream, context, status);
}

umbra_status umbra_eval_key_load_next(umbra_eval_key *key, const umbra_context *context, umbra_reader *reader,
                                      const umbra_found_key *found) {
  UMBRA_TRY(make_key(key, context, found));
  UMBRA_TRY(read_residues(reader, context, key));
  return umbra_poly_may_leave(&key->key.poly, context->ring);
}

static umbra_status load_one_by_one(umbra_eval_keys *keys, umbra_reader *reader, const umbra_found_key *found) {
  for (size_t i = 0; i < keys->count; i++) {
    umbra_reader aside;
    umbra_read_aside(&aside, reader, &found[i].residues);
    UMBRA_TRY(umbra_eval_key_load_next(&keys->key[i], keys->context, &aside, &found[i]));
    reader->done = aside.done;
  }
  return UMBRA_OK;
}

/* ---- in pieces, by all threads ---- */

typedef struct piece {
  size_t key;
  uint64_t number; /* in its section */
  umbra_status status;
} piece;

typedef struct piece_pass {
  const umbra_reader *reader;
  const umbra_eval_keys *keys;
  const umbra_found_key *found;
  size_t count;
  piece *piece; /* those of a key follow each other */
  umbra_piece_sum *sum;
  size_t from; /* of those that are read now */
} piece_pass;

static umbra_residues residues_of(const piece_pass *pass, size_t key) {
  return (umbra_residues){pass->found[key].residues, &pass->keys->key[key].key.poly, 2};
}

/* Limbs of the polynomial that the seed gives beside those. */
static void expand_beside(const umbra_eval_key *key, umbra_ring *ring, umbra_stream *stream, const umbra_limbs *run) {
  const umbra_poly *poly = &key->key.poly;
  const umbra_view beside = umbra_poly_subview(poly, ring, run->poly + 1, 1, poly->window, poly->aux);
  const umbra_view limbs = umbra_view_limbs_of(&beside, umbra_ring_n(ring), run->first, run->count);
  umbra_ring_expand(ring, stream, &limbs, key->seed, run->poly / 2);
}

static umbra_status expand_piece(const piece_pass *pass, const piece *piece) {
  const umbra_residues residues = residues_of(pass, piece->key);
  umbra_ring *ring = pass->keys->context->ring;
  umbra_stream *stream;
  umbra_limbs run;
  UMBRA_TRY(umbra_ring_stream_open_beside(&stream, ring));
  for (uint64_t at = 0; umbra_residues_run(&run, &at, &pass->reader->header, ring, &residues, piece->number);)
    expand_beside(&pass->keys->key[piece->key], ring, stream, &run);
  umbra_ring_stream_close(stream, ring);
  return UMBRA_OK;
}

static umbra_status read_piece(const piece_pass *pass, size_t at) {
  const piece *piece = &pass->piece[at];
  const umbra_residues residues = residues_of(pass, piece->key);
  UMBRA_TRY(
      umbra_residues_read_piece(pass->reader, pass->keys->context->ring, &residues, piece->number, pass->sum[at]));
  return expand_piece(pass, piece);
}

static void read_item(const void *data, uint32_t item) {
  const piece_pass *pass = data;
  pass->piece[pass->from + item].status = read_piece(pass, pass->from + item);
}

/* What went wrong is done again here, since error texts are their thread's. */
static umbra_status check_pieces(const piece_pass *pass, uint32_t items) {
  for (size_t i = pass->from; i < pass->from + items; i++)
    if (pass->piece[i].status != UMBRA_OK) UMBRA_TRY(read_piece(pass, i));
  return UMBRA_OK;
}

/* How many are read before the next look at whether to go on, and what they have; of version 1 each is a whole key. */
static uint32_t next_pieces(const piece_pass *pass, uint32_t threads, uint64_t *bytes) {
  uint32_t items = 0;
  *bytes = 0;
  for (size_t i = pass->from; i < pass->count; i++, items++) {
    const piece *piece = &pass->piece[i];
    const umbra_section_head *head = &pass->found[piece->key].residues.head;
    const uint64_t more = umbra_bytes_of_piece(&pass->reader->header, head, piece->number);
    if (items >= threads && *bytes + more > (uint64_t)threads * UMBRA_LOAD_STEP) break;
    *bytes += more;
  }
  return items;
}

static umbra_status read_pieces(piece_pass *pass, umbra_reader *reader) {
  const uint32_t threads = umbra_ring_threads(pass->keys->context->ring);
  while (pass->from < pass->count) {
    uint64_t bytes;
    const uint32_t items = next_pieces(pass, threads, &bytes);
    umbra_parallel(threads, items, read_item, pass);
    UMBRA_TRY(check_pieces(pass, items));
    pass->from += items;
    UMBRA_TRY(umbra_read_count(reader, bytes));
  }
  return UMBRA_OK;
}

static umbra_status compare_sums(const piece_pass *pass) {
  const umbra_header *header = &pass->reader->header;
  const umbra_piece_sum *sum = (const umbra_piece_sum *)pass->sum;
  for (size_t i = 0; i < pass->keys->count; i++) {
    const umbra_extent *section = &pass->found[i].residues;
    umbra_piece_sum checksum;
    umbra_join_pieces(checksum, header, &section->head, sum);
    UMBRA_TRY(umbra_read_compare(pass->reader, section, checksum));
    sum += umbra_pieces(header, &section->head);
  }
  return UMBRA_OK;
}

static void list_pieces(piece_pass *pass) {
  size_t at = 0;
  for (size_t i = 0; i < pass->keys->count; i++) {
    const uint64_t pieces = umbra_pieces(&pass->reader->header, &pass->found[i].residues.head);
    for (uint64_t k = 0; k < pieces; k++) pass->piece[at++] = (piece){.key = i, .number = k};
  }
}

static umbra_status load_pieces(piece_pass *pass, umbra_reader *reader) {
  for (size_t i = 0; i < pass->keys->count; i++) {
    UMBRA_TRY(make_key(&pass->keys->key[i], pass->keys->context, &pass->found[i]));
    UMBRA_TRY(umbra_read_count(reader, 0)); /* whether to go on: large memory is cleared when it is taken */
    pass->count += umbra_pieces(&reader->header, &pass->found[i].residues.head);
  }
  UMBRA_TRY(umbra_alloc(&pass->piece, pass->count, sizeof *pass->piece, "pieces of keys"));
  UMBRA_TRY(umbra_alloc(&pass->sum, pass->count, sizeof *pass->sum, "sums of pieces of keys"));
  list_pieces(pass);
  UMBRA_TRY(read_pieces(pass, reader));
  return compare_sums(pass);
}

static umbra_status load_at_once(umbra_eval_keys *keys, umbra_reader *reader, const umbra_found_key *found) {
  piece_pass pass = {.reader = reader, .keys = keys, .found = found};
  const umbra_status status = load_pieces(&pass, reader);
  umbra_free(pass.piece);
  umbra_free(pass.sum);
  return status;
}

umbra_status umbra_eval_keys_load_found(umbra_eval_keys *keys, umbra_reader *reader, const umbra_found_key *found) {
  reader->wanted = reader->done;
  for (size_t i = 0; i < keys->count; i++) reader->wanted += found[i].residues.head.length;
  const int at_once = umbra_ring_kernels(keys->context->ring)->host_memory;
  return (at_once ? load_at_once : load_one_by_one)(keys, reader, found);
}
