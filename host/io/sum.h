/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum of a section (docs/file-format.md): of its head and payload, or, in containers whose version says so, of its
 * head and the sums of the payload's pieces, which many threads can compute at once.
 */
#ifndef UMBRA_IO_SUM_H
#define UMBRA_IO_SUM_H

#include <sodium.h>
#include <stddef.h>

#include "container.h"

typedef uint8_t umbra_piece_sum[UMBRA_CHECKSUM_BYTES];

/* Bytes that one sum is over: those of a piece, but for the last of a section; or all of the payload. */
uint64_t umbra_piece_bytes(const umbra_header *header, const umbra_section_head *head);

/* How many sums there are, and the bytes of one of them. */
uint64_t umbra_pieces(const umbra_header *header, const umbra_section_head *head);
uint64_t umbra_bytes_of_piece(const umbra_header *header, const umbra_section_head *head, uint64_t piece);

/* One sum: begin, then crypto_generichash_update with its bytes, then end. */
void umbra_piece_begin(crypto_generichash_state *piece, const umbra_header *header, const umbra_section_head *head);
void umbra_piece_end(crypto_generichash_state *piece, uint8_t sum[UMBRA_CHECKSUM_BYTES]);

/* What all of them come to. */
void umbra_join_pieces(uint8_t checksum[UMBRA_CHECKSUM_BYTES], const umbra_header *header,
                       const umbra_section_head *head, const umbra_piece_sum *sum);

/* The same of a payload that comes in order; header: must stay where it is. */
typedef struct umbra_sum {
  const umbra_header *header;
  umbra_section_head head;
  crypto_generichash_state whole, piece;
  uint64_t done; /* bytes of the payload */
} umbra_sum;

void umbra_sum_begin(umbra_sum *sum, const umbra_header *header, const umbra_section_head *head);
void umbra_sum_add(umbra_sum *sum, const void *bytes, size_t count);
void umbra_sum_end(umbra_sum *sum, uint8_t checksum[UMBRA_CHECKSUM_BYTES]);

#endif
