/* SPDX-License-Identifier: Apache-2.0 */
#include "sum.h"

#include <string.h>

#include "../base/integers.h"

static int in_pieces(const umbra_header *header) { return header->version == UMBRA_CONTAINER_PIECES; }

/* Keyed, so that a section of another container, or of another place, has another. */
static void begin_keyed(crypto_generichash_state *hash, const umbra_header *header, const umbra_section_head *head) {
  crypto_generichash_init(hash, header->checksum, UMBRA_CHECKSUM_BYTES, UMBRA_CHECKSUM_BYTES);
  crypto_generichash_update(hash, (const uint8_t *)head, sizeof *head);
}

/* ---- pieces, in any order ---- */

uint64_t umbra_piece_bytes(const umbra_header *header, const umbra_section_head *head) {
  return in_pieces(header) ? UMBRA_PIECE_BYTES : head->length;
}

uint64_t umbra_pieces(const umbra_header *header, const umbra_section_head *head) {
  return in_pieces(header) ? umbra_quotient_above(head->length, UMBRA_PIECE_BYTES) : 1;
}

uint64_t umbra_bytes_of_piece(const umbra_header *header, const umbra_section_head *head, uint64_t piece) {
  const uint64_t most = umbra_piece_bytes(header, head), left = head->length - piece * most;
  return left < most ? left : most;
}

void umbra_piece_begin(crypto_generichash_state *piece, const umbra_header *header, const umbra_section_head *head) {
  if (in_pieces(header)) crypto_generichash_init(piece, NULL, 0, UMBRA_CHECKSUM_BYTES);
  else begin_keyed(piece, header, head);
}

void umbra_piece_end(crypto_generichash_state *piece, uint8_t sum[UMBRA_CHECKSUM_BYTES]) {
  crypto_generichash_final(piece, sum, UMBRA_CHECKSUM_BYTES);
}

void umbra_join_pieces(uint8_t checksum[UMBRA_CHECKSUM_BYTES], const umbra_header *header,
                       const umbra_section_head *head, const umbra_piece_sum *sum) {
  crypto_generichash_state whole;
  if (!in_pieces(header)) {
    memcpy(checksum, sum[0], UMBRA_CHECKSUM_BYTES);
    return;
  }
  begin_keyed(&whole, header, head);
  crypto_generichash_update(&whole, sum[0], umbra_pieces(header, head) * sizeof *sum);
  crypto_generichash_final(&whole, checksum, UMBRA_CHECKSUM_BYTES);
}

/* ---- all of them, in their order ---- */

void umbra_sum_begin(umbra_sum *sum, const umbra_header *header, const umbra_section_head *head) {
  *sum = (umbra_sum){.header = header, .head = *head};
  begin_keyed(&sum->whole, header, head);
  umbra_piece_begin(&sum->piece, header, head);
}

/* At the end of a piece. */
static void take_piece(umbra_sum *sum) {
  uint8_t piece[UMBRA_CHECKSUM_BYTES];
  umbra_piece_end(&sum->piece, piece);
  crypto_generichash_update(&sum->whole, piece, sizeof piece);
  umbra_piece_begin(&sum->piece, sum->header, &sum->head);
}

void umbra_sum_add(umbra_sum *sum, const void *bytes, size_t count) {
  const uint64_t most = umbra_piece_bytes(sum->header, &sum->head);
  for (const uint8_t *next = bytes; count;) {
    const uint64_t left = most - sum->done % most;
    const size_t now = count < left ? count : (size_t)left;
    crypto_generichash_update(&sum->piece, next, now);
    sum->done += now;
    next += now;
    count -= now;
    if (in_pieces(sum->header) && (sum->done % most == 0 || sum->done == sum->head.length)) take_piece(sum);
  }
}

void umbra_sum_end(umbra_sum *sum, uint8_t checksum[UMBRA_CHECKSUM_BYTES]) {
  crypto_generichash_final(in_pieces(sum->header) ? &sum->whole : &sum->piece, checksum, UMBRA_CHECKSUM_BYTES);
}
