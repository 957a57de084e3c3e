/* SPDX-License-Identifier: Apache-2.0 */
#include "../ckks/file.h"
#include "matrix.h"

typedef struct matrix_record {
  uint64_t rows, columns, stride, ones;
} matrix_record;
_Static_assert(sizeof(matrix_record) == 32, "no padding");

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_matrix *matrix = object;
  matrix_record record = {matrix->rows, matrix->columns, matrix->stride, (uint64_t)matrix->ones};
  umbra_file_identify(writer, matrix->context, matrix->part[0]->owner);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_MATRIX, &record, sizeof record));
  for (size_t i = 0; i < matrix->parts; i++) UMBRA_TRY(umbra_file_write_ciphertext(writer, matrix->part[i]));
  return UMBRA_OK;
}

static umbra_status check_record(const umbra_reader *reader, const umbra_context *context, const matrix_record *r) {
  uint64_t slots = umbra_ring_n(context->ring) / 2;
  if (r->stride < 2 || r->stride > slots || r->stride & (r->stride - 1))
    return umbra_reader_malformed(reader, "rows take %llu slots: that must be a power of two up to %llu",
                                  (unsigned long long)r->stride, (unsigned long long)slots);
  if (r->columns == 0 || r->columns >= r->stride)
    return umbra_reader_malformed(reader, "%llu columns in rows of %llu slots", (unsigned long long)r->columns,
                                  (unsigned long long)r->stride);
  if (r->rows == 0 || r->rows > reader->header.sections * (slots / r->stride))
    return umbra_reader_malformed(reader, "%llu rows do not go with %u sections", (unsigned long long)r->rows,
                                  reader->header.sections);
  if (r->ones > 1)
    return umbra_reader_malformed(reader, "the mark of a column of ones is %llu", (unsigned long long)r->ones);
  return UMBRA_OK;
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const umbra_context *context = argument;
  matrix_record record;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_MATRIX, &record, sizeof record));
  UMBRA_TRY(check_record(reader, context, &record));
  umbra_matrix *made;
  UMBRA_TRY(umbra_matrix_make(&made, context, record.rows, record.columns, record.stride));
  made->ones = (int)record.ones;
  *object = made;
  for (size_t i = 0; i < made->parts; i++) UMBRA_TRY(umbra_file_read_part(reader, context, &made->part[i]));
  return UMBRA_OK;
}

static void destroy(void *object) { umbra_matrix_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_MATRIX, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(matrix, &format, UMBRA_FILE_COMMIT)
