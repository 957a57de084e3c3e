/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../base/memory.h"
#include "../ckks/file.h"
#include "encrypted.h"

typedef struct weights_record {
  uint8_t plan[UMBRA_DIGEST_BYTES];
  uint64_t count;
} weights_record;
_Static_assert(sizeof(weights_record) == UMBRA_DIGEST_BYTES + 8, "no padding");

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_inference_weights *weights = object;
  weights_record record = {.count = weights->count};
  memcpy(record.plan, weights->plan, sizeof record.plan);
  umbra_file_identify(writer, weights->context, weights->matrix[0]->part[0]->owner);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_WEIGHTS, &record, sizeof record));
  for (size_t i = 0; i < weights->count; i++) UMBRA_TRY(umbra_matrix_write_sections(writer, weights->matrix[i]));
  return UMBRA_OK;
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  umbra_inference_weights *made = NULL;
  weights_record record;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_WEIGHTS, &record, sizeof record));
  if (!record.count || record.count > reader->header.sections)
    return umbra_reader_malformed(reader, "%llu matrices do not go with %u sections", (unsigned long long)record.count,
                                  reader->header.sections);
  const umbra_status status = umbra_encrypted_open(&made, argument, record.count);
  *object = made;
  UMBRA_TRY(status);
  memcpy(made->plan, record.plan, sizeof made->plan);
  for (size_t i = 0; i < made->count; i++) UMBRA_TRY(umbra_matrix_read_sections(reader, argument, &made->matrix[i]));
  return UMBRA_OK;
}

static void destroy(void *object) { umbra_inference_weights_destroy(object); }

static const umbra_format format = {
    .kind = UMBRA_KIND_INFERENCE_WEIGHTS, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(inference_weights, &format)
