/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "file.h"

enum { NAME = 1 << 12 }; /* bytes */

umbra_frame_record umbra_frame_record_of(const umbra_frame *frame) {
  const umbra_output *out = &frame->output;
  umbra_frame_record r = {.result_count = frame->result_count,
                          .rank = (uint32_t)frame->rank,
                          .output_rank = (uint32_t)out->rank,
                          .name_length = (uint32_t)strlen(out->name),
                          .labels = out->labels != NULL,
                          .step_count = (uint32_t)out->step_count,
                          .shift = frame->shift,
                          .result_scale = frame->result_scale,
                          .result_shift = frame->result_shift};
  if (r.name_length > NAME) r.name_length = NAME;
  for (size_t d = 0; d < frame->rank; d++) r.shape[d] = frame->shape[d];
  for (size_t d = 0; d < out->rank; d++) r.output_shape[d] = out->shape[d];
  for (size_t i = 0; i < out->step_count; i++) r.steps[i] = (uint32_t)out->steps[i];
  return r;
}

umbra_status umbra_frame_write(umbra_writer *writer, const umbra_frame *frame) {
  const umbra_frame_record record = umbra_frame_record_of(frame);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_TEXT, frame->output.name, record.name_length));
  UMBRA_TRY(umbra_write_numbers(writer, &frame->range->lowest, 2 * frame->count));
  UMBRA_TRY(umbra_write_numbers(writer, frame->scale, frame->count));
  return frame->output.labels ? umbra_write_numbers(writer, frame->output.labels, frame->result_count) : UMBRA_OK;
}

/* ---- loading ---- */

/* *count: the product of the dimensions, within a model's limit; 0: there is none, or more follow the last one. */
static size_t count_of(const uint64_t shape[UMBRA_MODEL_RANK], uint32_t rank) {
  size_t count = 1;
  if (rank > UMBRA_MODEL_RANK) return 0;
  for (uint32_t d = 0; d < UMBRA_MODEL_RANK; d++) {
    if (d >= rank && shape[d]) return 0;
    if (d < rank && (!shape[d] || shape[d] > UMBRA_MODEL_MAX_VALUE / count)) return 0;
    if (d < rank) count *= shape[d];
  }
  return count;
}

static umbra_status check_closing(const umbra_reader *reader, const umbra_frame_record *r) {
  int ends = 0;
  if (r->step_count > UMBRA_MODEL_CLOSINGS) return umbra_reader_malformed(reader, "%u closing steps", r->step_count);
  for (uint32_t i = 0; i < UMBRA_MODEL_CLOSINGS; i++) {
    if (i >= r->step_count ? r->steps[i] : r->steps[i] > UMBRA_CLOSING_ARGMAX || ends)
      return umbra_reader_malformed(reader, "closing step %u is %u", i, r->steps[i]);
    ends = i < r->step_count && r->steps[i] == UMBRA_CLOSING_ARGMAX;
  }
  const size_t results = count_of(r->output_shape, r->output_rank);
  const int one = r->step_count && r->steps[r->step_count - 1] == UMBRA_CLOSING_ARGMAX;
  if (results == (one ? 1 : r->result_count) && r->labels <= (uint32_t)one) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%zu results of %llu elements", results, (unsigned long long)r->result_count);
}

static umbra_status check_record(const umbra_reader *reader, const umbra_frame_record *r) {
  if (!r->rank || !count_of(r->shape, r->rank) || !r->result_count || r->result_count > UMBRA_MODEL_MAX_VALUE)
    return umbra_reader_malformed(reader, "records of %u dimensions, results of %llu elements", r->rank,
                                  (unsigned long long)r->result_count);
  if (r->name_length > NAME || r->reserved)
    return umbra_reader_malformed(reader, "a name of %u bytes, mark %u", r->name_length, r->reserved);
  if (!isfinite(r->shift) || !isfinite(r->result_scale) || !isfinite(r->result_shift) || r->result_scale == 0)
    return umbra_reader_malformed(reader, "scale %g and shift %g of results", r->result_scale, r->result_shift);
  return check_closing(reader, r);
}

static umbra_status read_name(umbra_reader *reader, char **name, uint32_t length) {
  UMBRA_TRY(umbra_read_begin(reader, UMBRA_SECTION_TEXT, length));
  UMBRA_TRY(umbra_alloc(name, (size_t)length + 1, 1, "a name"));
  UMBRA_TRY(umbra_read_bytes(reader, *name, length));
  UMBRA_TRY(umbra_read_end(reader));
  return strlen(*name) == length ? UMBRA_OK : umbra_reader_malformed(reader, "a name with a 0 in it");
}

static umbra_status read_ranges(umbra_reader *reader, umbra_frame *frame) {
  double *ends = NULL;
  const umbra_status status = umbra_read_numbers(reader, &ends, 2 * frame->count);
  frame->range = (umbra_extremes *)ends; /* two numbers each */
  UMBRA_TRY(status);
  UMBRA_TRY(umbra_read_numbers(reader, &frame->scale, frame->count));
  for (size_t k = 0; k < frame->count; k++)
    if (!(frame->range[k].lowest <= frame->range[k].highest) || !umbra_frame_is_within(frame, k))
      return umbra_reader_malformed(reader, "element %zu is within [%g, %g], and its scale %g", k,
                                    frame->range[k].lowest, frame->range[k].highest, frame->scale[k]);
  return UMBRA_OK;
}

umbra_status umbra_frame_read(umbra_reader *reader, umbra_frame *frame, const umbra_frame_record *record) {
  UMBRA_TRY(check_record(reader, record));
  frame->rank = record->rank;
  frame->count = count_of(record->shape, record->rank);
  frame->result_count = record->result_count;
  frame->shift = record->shift;
  frame->result_scale = record->result_scale;
  frame->result_shift = record->result_shift;
  frame->output.rank = record->output_rank;
  frame->output.step_count = record->step_count;
  for (size_t d = 0; d < UMBRA_MODEL_RANK; d++) frame->shape[d] = record->shape[d];
  for (size_t d = 0; d < UMBRA_MODEL_RANK; d++) frame->output.shape[d] = record->output_shape[d];
  for (size_t i = 0; i < UMBRA_MODEL_CLOSINGS; i++) frame->output.steps[i] = (umbra_closing)record->steps[i];
  UMBRA_TRY(read_name(reader, &frame->output.name, record->name_length));
  UMBRA_TRY(read_ranges(reader, frame));
  return record->labels ? umbra_read_numbers(reader, &frame->output.labels, frame->result_count) : UMBRA_OK;
}
