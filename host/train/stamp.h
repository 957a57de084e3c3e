/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a training say about where they belong. */
#ifndef UMBRA_TRAIN_STAMP_H
#define UMBRA_TRAIN_STAMP_H

#include "../io/reader.h"
#include "../io/writer.h"
#include "kind.h"

enum { UMBRA_DATASET_ID_BYTES = 16 };

/* The record of the section STAMP. */
typedef struct umbra_train_stamp {
  uint8_t plan[UMBRA_DIGEST_BYTES];
  uint8_t data[UMBRA_DATASET_ID_BYTES]; /* drawn when the data set was encrypted */
  uint64_t number;                      /* of a block; of all blocks, in the index; of iterations done */
} umbra_train_stamp;
_Static_assert(sizeof(umbra_train_stamp) == 56, "no padding");

/* Where a file must belong. */
typedef struct umbra_train_origin {
  const umbra_context *context;
  const umbra_train_plan *plan;
  const uint8_t *owner;
  const uint8_t *data; /* of the data set; NULL: of any */
} umbra_train_origin;

umbra_train_stamp umbra_train_stamp_of(const umbra_train_plan *plan, const uint8_t *data, uint64_t number);

umbra_status umbra_train_stamp_write(umbra_writer *writer, const umbra_train_stamp *stamp);

/* Checks the container's owner and its stamp, the first section. MISMATCH: the text says what is another's. */
umbra_status umbra_train_stamp_read(umbra_reader *reader, umbra_train_stamp *stamp, const umbra_train_origin *origin);

/*
 * FORMAT unless the container has as many bytes as a header, a stamp and sections of that length, so many ciphertexts
 * among them, which in older files are shorter. saving: of each, if all have seeds; 0: none has.
 */
umbra_status umbra_train_check_bytes(const umbra_reader *reader, uint64_t sections, uint64_t ciphertexts,
                                     uint64_t saving);
uint64_t umbra_train_file_bytes(uint64_t sections);

/* The state of a training, or first weights; and so many ciphertexts of one, of those slots and at that level. */
umbra_status umbra_train_write_state(umbra_writer *writer, const umbra_train_state *state);
umbra_status umbra_train_read_parts(umbra_reader *reader, umbra_ciphertext **part, const umbra_train_origin *origin,
                                    size_t count, uint32_t slots, uint32_t level);

#endif
