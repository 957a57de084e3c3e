/* SPDX-License-Identifier: Apache-2.0 */
/* What files of plans are made of; see docs/file-format.md. */
#ifndef UMBRA_INFER_FILE_H
#define UMBRA_INFER_FILE_H

#include "../io/format.h"
#include "frame.h"
#include "program.h"

umbra_status umbra_write_numbers(umbra_writer *writer, const double *numbers, size_t count);

/* *numbers: new ones, as many as the section must have. FORMAT if one is not finite. */
umbra_status umbra_read_numbers(umbra_reader *reader, double **numbers, size_t count);

/* Steps, one after the other; bare: without weights and biases. When reading *program has none yet, and input_count. */
umbra_status umbra_program_write(umbra_writer *writer, const umbra_program *program, int bare);
umbra_status umbra_program_read(umbra_reader *reader, umbra_program *program, size_t steps);

/* A frame: a record of fixed size, which is part of a larger one, and sections. */
typedef struct umbra_frame_record {
  uint64_t shape[UMBRA_MODEL_RANK], output_shape[UMBRA_MODEL_RANK], result_count;
  uint32_t rank, output_rank, name_length, labels;
  uint32_t steps[UMBRA_MODEL_CLOSINGS], step_count, reserved;
  double shift, result_scale, result_shift;
} umbra_frame_record;
_Static_assert(sizeof(umbra_frame_record) == 184, "no padding");

umbra_frame_record umbra_frame_record_of(const umbra_frame *frame);
umbra_status umbra_frame_write(umbra_writer *writer, const umbra_frame *frame);
/* frame: zero; what has been read when it fails is to be cleared. */
umbra_status umbra_frame_read(umbra_reader *reader, umbra_frame *frame, const umbra_frame_record *record);

#endif
