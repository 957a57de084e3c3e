/* SPDX-License-Identifier: Apache-2.0 */
#include "../ckks/file.h"
#include "matrix.h"

typedef struct matrix_record {
  uint64_t rows, columns;
  uint32_t stride, slots, group, pairs, ones, order;
} matrix_record;
_Static_assert(sizeof(matrix_record) == 40, "no padding");

umbra_status umbra_matrix_write_sections(umbra_writer *writer, const umbra_matrix *matrix) {
  const umbra_matrix_layout *l = &matrix->layout;
  matrix_record record = {.rows = matrix->rows,
                          .columns = matrix->columns,
                          .stride = l->stride,
                          .slots = l->slots,
                          .group = l->group,
                          .pairs = (uint32_t)l->pairs,
                          .ones = (uint32_t)l->ones,
                          .order = (uint32_t)l->order};
  if (matrix->dirty)
    return umbra_fail(
        UMBRA_ERROR_UNSUPPORTED,
        "a matrix %s that was made of ciphertexts may hold anything beside its elements, and files do not "
        "say so: umbra_matrix_rearrange makes one with zeros there",
        umbra_layout_name(l));
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_MATRIX, &record, sizeof record));
  for (size_t i = 0; i < matrix->parts; i++) UMBRA_TRY(umbra_file_write_ciphertext(writer, matrix->part[i]));
  return UMBRA_OK;
}

uint64_t umbra_matrix_sections_bytes(const umbra_params *params, const umbra_matrix_layout *layout, size_t rows,
                                     size_t columns, uint32_t level) {
  const size_t parts = umbra_layout_parts(layout, rows, columns);
  return UMBRA_SECTION_OVERHEAD + sizeof(matrix_record) + parts * umbra_file_ciphertext_bytes(params, level);
}

static umbra_status check_record(const umbra_reader *reader, const umbra_context *context, const matrix_record *r,
                                 const umbra_matrix_layout *layout) {
  const size_t most_slots = umbra_ring_n(context->ring) / 2;
  const umbra_status status = umbra_layout_check(layout, r->rows, r->columns, most_slots);
  if (status == UMBRA_ERROR_UNSUPPORTED)
    return umbra_fail(status, "'%s' holds a matrix of order %u, which this version does not know", reader->source.name,
                      r->order);
  if (r->ones > 1 || r->pairs > 1 || status != UMBRA_OK)
    return umbra_reader_malformed(
        reader, "a matrix of %llu x %llu has order %u, stride %u, %u slots, groups of %u, marks %u, %u",
        (unsigned long long)r->rows, (unsigned long long)r->columns, r->order, r->stride, r->slots, r->group, r->pairs,
        r->ones);
  if (umbra_layout_parts(layout, r->rows, r->columns) > reader->header.sections)
    return umbra_reader_malformed(reader, "%llu rows do not go with %u sections", (unsigned long long)r->rows,
                                  reader->header.sections);
  return UMBRA_OK;
}

umbra_status umbra_matrix_read_sections(umbra_reader *reader, const umbra_context *context, umbra_matrix **matrix) {
  matrix_record r;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_MATRIX, &r, sizeof r));
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = (umbra_matrix_order)r.order,
                                .ones = (int)r.ones,      .stride = r.stride,
                                .slots = r.slots,         .pairs = (int)r.pairs,
                                .group = r.group};
  UMBRA_TRY(check_record(reader, context, &r, &layout));
  UMBRA_TRY(umbra_matrix_make(matrix, context, r.rows, r.columns, &layout));
  umbra_matrix *made = *matrix;
  for (size_t i = 0; i < made->parts; i++) {
    UMBRA_TRY(umbra_file_read_ciphertext(reader, context, &made->part[i]));
    if (made->part[i]->slots != layout.slots)
      return umbra_reader_malformed(reader, "a part of a matrix has %u slots instead of %u", made->part[i]->slots,
                                    layout.slots);
  }
  return UMBRA_OK;
}

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_matrix *matrix = object;
  umbra_file_identify(writer, matrix->context, matrix->part[0]->owner);
  UMBRA_TRY(umbra_matrix_write_sections(writer, matrix));
  if (matrix->stamp.role == UMBRA_MATRIX_OF_NO_PLAN) return UMBRA_OK;
  return umbra_write_record(writer, UMBRA_SECTION_PLAN, &matrix->stamp, sizeof matrix->stamp);
}

/* The last section, if there is one more. */
static umbra_status read_stamp(umbra_reader *reader, umbra_matrix_stamp *stamp) {
  if (reader->section == reader->header.sections) return UMBRA_OK;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_PLAN, stamp, sizeof *stamp));
  if (stamp->role >= UMBRA_MATRIX_RECORDS && stamp->role <= UMBRA_MATRIX_LOSS && !stamp->reserved) return UMBRA_OK;
  return umbra_reader_malformed(reader, "marks %u and %u of the plan of a matrix", stamp->role, stamp->reserved);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  umbra_matrix *made = NULL;
  umbra_status status = umbra_matrix_read_sections(reader, argument, &made);
  if (status == UMBRA_OK) status = read_stamp(reader, &made->stamp);
  *object = made;
  return status;
}

static void destroy(void *object) { umbra_matrix_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_MATRIX, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(matrix, &format)
