/* SPDX-License-Identifier: Apache-2.0 */
/* Residues in containers, and wherever they are read back: the words of memory, limb by limb, through a buffer of one. */
#ifndef UMBRA_RING_RESIDUES_FILE_H
#define UMBRA_RING_RESIDUES_FILE_H

#include "../io/reader.h"
#include "../io/writer.h"
#include "ring.h"

/* Gives a sink the words of all polynomials of poly, prime by prime, once all is done that the stream has to do. */
typedef umbra_status umbra_residues_sink(void *user, const void *words, size_t bytes);
umbra_status umbra_residues_read_back(const umbra_ring *ring, umbra_stream *stream, const umbra_poly *poly,
                                      umbra_residues_sink *sink, void *user);

/* A section with polynomials 0, step, 2 step, ... of poly. All threads sum its pieces, if it has some in host memory. */
umbra_status umbra_residues_write(umbra_writer *writer, const umbra_ring *ring, umbra_stream *stream,
                                  const umbra_poly *poly, uint32_t step);

/* Opens the section of `polys` polynomials over `limbs` primes, so that their memory may then be taken. */
umbra_status umbra_residues_begin(umbra_reader *reader, const umbra_ring *ring, uint32_t polys, uint32_t limbs);

/* Reads the open section into polynomials 0, step, ... of poly. Errors: FORMAT, also for residues >= their prime. */
umbra_status umbra_residues_read(umbra_reader *reader, const umbra_ring *ring, umbra_stream *stream,
                                 const umbra_poly *poly, uint32_t step);

/*
 * Such a section that was passed over, of polynomials in host memory: its pieces (../io/sum.h) are read by any thread, in
 * any order. Whoever has read all of them compares what their sums come to.
 */
typedef struct umbra_residues {
  umbra_extent section; /* of one that is written: its head */
  const umbra_poly *poly;
  uint32_t step;
} umbra_residues;

/* Limbs [first, first + count) of one polynomial. */
typedef struct umbra_limbs {
  uint32_t poly, first, count;
} umbra_limbs;

/* sum: becomes the piece's. Errors: as of umbra_residues_read. */
umbra_status umbra_residues_read_piece(const umbra_reader *reader, const umbra_ring *ring,
                                       const umbra_residues *residues, uint64_t piece,
                                       uint8_t sum[UMBRA_CHECKSUM_BYTES]);

/* Which limbs a piece has, in runs: *at is 0 before the first and goes on. 0: there are no more. */
int umbra_residues_run(umbra_limbs *run, uint64_t *at, const umbra_header *header, const umbra_ring *ring,
                       const umbra_residues *residues, uint64_t piece);

#endif
