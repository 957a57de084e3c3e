/* SPDX-License-Identifier: Apache-2.0 */
#include "residues_file.h"

#include "../../kernels/parallel.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "ops.h"

static uint64_t section_bytes(const umbra_ring *ring, uint32_t polys, uint32_t limbs) {
  return (uint64_t)polys * limbs * umbra_ring_n(ring) * sizeof(uint32_t);
}

static uint32_t limbs_of(const umbra_poly *poly) { return (uint32_t)poly->window.count + poly->aux; }

/* One limb between the device and the host buffer. */
typedef struct limb_pass {
  const umbra_ring *ring;
  umbra_stream *stream;
  const umbra_poly *whole;
  uint32_t *words; /* n, on the host */
  uint32_t *device;
  uint32_t position, poly; /* of the limb's prime; of its polynomial */
} limb_pass;

/* Who takes limbs. */
typedef struct receiver {
  umbra_residues_sink *sink;
  void *user;
} receiver;

static umbra_status hand_out_limb(limb_pass *pass, void *to) {
  const receiver *r = to;
  const size_t bytes = umbra_ring_n(pass->ring) * sizeof(uint32_t);
  umbra_ring_download(pass->ring, pass->stream, pass->words, pass->device, bytes);
  UMBRA_TRY(umbra_ring_wait(pass->ring, pass->stream));
  return r->sink(r->user, pass->words, bytes);
}

static umbra_status write_words(void *writer, const void *words, size_t bytes) {
  return umbra_write_bytes(writer, words, bytes);
}

/* Of a loop without an exit, which is done in vectors. */
static int all_below(const uint32_t *words, uint32_t n, uint32_t prime) {
  uint32_t beyond = 0;
  for (uint32_t i = 0; i < n; i++) beyond |= words[i] >= prime;
  return !beyond;
}

static umbra_status check_limb(const umbra_reader *reader, const umbra_ring *ring, const uint32_t *words,
                               uint32_t position, uint32_t poly) {
  const uint32_t n = umbra_ring_n(ring), prime = umbra_ring_chain(ring)->prime[position];
  if (all_below(words, n, prime)) return UMBRA_OK;
  uint32_t i = 0;
  while (words[i] < prime) i++;
  return umbra_reader_malformed(reader, "residue %u of polynomial %u modulo the prime %u is not below it: %u", i, poly,
                                prime, words[i]);
}

static umbra_status read_limb(limb_pass *pass, void *reader) {
  const uint32_t n = umbra_ring_n(pass->ring);
  UMBRA_TRY(umbra_read_bytes(reader, pass->words, n * sizeof(uint32_t)));
  UMBRA_TRY(check_limb(reader, pass->ring, pass->words, pass->position, pass->poly));
  umbra_poly_upload(pass->whole, pass->ring, pass->stream, pass->device, pass->words, n * sizeof(uint32_t));
  return UMBRA_OK;
}

static umbra_status for_each_limb(limb_pass *pass, const umbra_poly *poly, uint32_t step,
                                  umbra_status (*transfer)(limb_pass *, void *), void *user) {
  umbra_view view = umbra_poly_view(poly, pass->ring);
  uint32_t limbs = limbs_of(poly);
  for (pass->poly = 0; pass->poly < poly->polys; pass->poly += step)
    for (uint32_t limb = 0; limb < limbs; limb++) {
      pass->position = umbra_view_position(&view, limb);
      pass->device = poly->data + pass->poly * view.stride + (size_t)limb * umbra_ring_n(pass->ring);
      UMBRA_TRY(transfer(pass, user));
    }
  return UMBRA_OK;
}

static umbra_status transfer_all(const umbra_ring *ring, umbra_stream *stream, const umbra_poly *poly, uint32_t step,
                                 umbra_status (*transfer)(limb_pass *, void *), void *user) {
  limb_pass pass = {.ring = ring, .stream = stream, .whole = poly};
  UMBRA_TRY(umbra_alloc(&pass.words, umbra_ring_n(ring), sizeof *pass.words, "a limb in transit"));
  umbra_status status = for_each_limb(&pass, poly, step, transfer, user);
  umbra_free(pass.words);
  return status;
}

umbra_status umbra_residues_read_back(const umbra_ring *ring, umbra_stream *stream, const umbra_poly *poly,
                                      umbra_residues_sink *sink, void *user) {
  return transfer_all(ring, stream, poly, 1, hand_out_limb, &(receiver){sink, user});
}

/* ---- pieces ---- */

/* Limbs are powers of two of bytes and no longer than a piece, so each is in one piece. */
int umbra_residues_run(umbra_limbs *run, uint64_t *at, const umbra_header *header, const umbra_ring *ring,
                       const umbra_residues *residues, uint64_t piece) {
  const umbra_section_head *head = &residues->section.head;
  const uint64_t bytes = umbra_ring_n(ring) * sizeof(uint32_t), limbs = limbs_of(residues->poly);
  const uint64_t first = piece * umbra_piece_bytes(header, head) / bytes;
  const uint64_t count = umbra_bytes_of_piece(header, head, piece) / bytes;
  const uint64_t limb = (first + *at) % limbs;
  if (*at == count) return 0;
  run->poly = (uint32_t)((first + *at) / limbs) * residues->step;
  run->first = (uint32_t)limb;
  run->count = (uint32_t)(limbs - limb < count - *at ? limbs - limb : count - *at);
  *at += run->count;
  return 1;
}

static const uint32_t *words_of(const umbra_residues *residues, const umbra_ring *ring, const umbra_limbs *run) {
  const umbra_view view = umbra_poly_view(residues->poly, ring);
  return residues->poly->data + run->poly * view.stride + (size_t)run->first * umbra_ring_n(ring);
}

/* ---- writing ---- */

typedef struct sum_pass {
  const umbra_header *header;
  const umbra_ring *ring;
  umbra_residues residues;
  umbra_piece_sum *sum;
} sum_pass;

static void sum_piece(const void *data, uint32_t piece) {
  const sum_pass *pass = data;
  crypto_generichash_state state;
  umbra_limbs run;
  umbra_piece_begin(&state, pass->header, &pass->residues.section.head);
  for (uint64_t at = 0; umbra_residues_run(&run, &at, pass->header, pass->ring, &pass->residues, piece);)
    crypto_generichash_update(&state, (const uint8_t *)words_of(&pass->residues, pass->ring, &run),
                              run.count * umbra_ring_n(pass->ring) * sizeof(uint32_t));
  umbra_piece_end(&state, pass->sum[piece]);
}

static umbra_status write_words_summed(void *writer, const void *words, size_t bytes) {
  return umbra_write_summed(writer, words, bytes);
}

/* The open section. */
static umbra_status write_in_pieces(umbra_writer *writer, const umbra_ring *ring, umbra_stream *stream,
                                    const umbra_poly *poly, uint32_t step) {
  const umbra_section_head *head = &writer->sum.head;
  const uint64_t pieces = umbra_pieces(&writer->header, head);
  sum_pass pass = {&writer->header, ring, {.section = {.head = *head}, .poly = poly, .step = step}, NULL};
  UMBRA_TRY(umbra_alloc(&pass.sum, pieces, sizeof *pass.sum, "sums of residues"));
  umbra_parallel(umbra_ring_threads(ring), (uint32_t)pieces, sum_piece, &pass);
  umbra_status status = transfer_all(ring, stream, poly, step, hand_out_limb, &(receiver){write_words_summed, writer});
  if (status == UMBRA_OK) status = umbra_write_end_summed(writer, (const umbra_piece_sum *)pass.sum);
  umbra_free(pass.sum);
  return status;
}

umbra_status umbra_residues_write(umbra_writer *writer, const umbra_ring *ring, umbra_stream *stream,
                                  const umbra_poly *poly, uint32_t step) {
  uint32_t polys = (poly->polys + step - 1) / step;
  UMBRA_TRY(umbra_write_begin(writer, UMBRA_SECTION_RESIDUES, section_bytes(ring, polys, limbs_of(poly))));
  if (writer->counting) return UMBRA_OK;
  if (writer->header.version == UMBRA_CONTAINER_PIECES && umbra_ring_kernels(ring)->host_memory)
    return write_in_pieces(writer, ring, stream, poly, step);
  UMBRA_TRY(transfer_all(ring, stream, poly, step, hand_out_limb, &(receiver){write_words, writer}));
  return umbra_write_end(writer);
}

umbra_status umbra_residues_begin(umbra_reader *reader, const umbra_ring *ring, uint32_t polys, uint32_t limbs) {
  return umbra_read_begin(reader, UMBRA_SECTION_RESIDUES, section_bytes(ring, polys, limbs));
}

umbra_status umbra_residues_read(umbra_reader *reader, const umbra_ring *ring, umbra_stream *stream,
                                 const umbra_poly *poly, uint32_t step) {
  UMBRA_TRY(transfer_all(ring, stream, poly, step, read_limb, reader));
  return umbra_read_end(reader);
}

/* ---- reading pieces ---- */

/* They follow each other in memory, as in the file. Each is summed while it is in the cache. */
static umbra_status read_limbs(const umbra_reader *reader, const umbra_ring *ring, const umbra_residues *residues,
                               const umbra_limbs *run, uint64_t offset, crypto_generichash_state *sum) {
  const size_t n = umbra_ring_n(ring), bytes = n * sizeof(uint32_t);
  const umbra_view view = umbra_poly_view(residues->poly, ring);
  uint32_t *words = (uint32_t *)words_of(residues, ring, run);
  for (uint32_t i = 0; i < run->count; i++, words += n, offset += bytes) {
    UMBRA_TRY(umbra_read_at(reader, words, bytes, offset));
    crypto_generichash_update(sum, (const uint8_t *)words, bytes);
    UMBRA_TRY(check_limb(reader, ring, words, umbra_view_position(&view, run->first + i), run->poly));
  }
  return UMBRA_OK;
}

umbra_status umbra_residues_read_piece(const umbra_reader *reader, const umbra_ring *ring,
                                       const umbra_residues *residues, uint64_t piece,
                                       uint8_t sum[UMBRA_CHECKSUM_BYTES]) {
  const umbra_section_head *head = &residues->section.head;
  uint64_t offset = residues->section.at + piece * umbra_piece_bytes(&reader->header, head);
  crypto_generichash_state state;
  umbra_limbs run;
  umbra_piece_begin(&state, &reader->header, head);
  for (uint64_t at = 0; umbra_residues_run(&run, &at, &reader->header, ring, residues, piece);) {
    UMBRA_TRY(read_limbs(reader, ring, residues, &run, offset, &state));
    offset += run.count * umbra_ring_n(ring) * sizeof(uint32_t);
  }
  umbra_piece_end(&state, sum);
  return UMBRA_OK;
}
