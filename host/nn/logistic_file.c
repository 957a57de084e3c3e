/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "../base/memory.h"
#include "../ckks/file.h"
#include "logistic.h"

typedef struct logistic_record {
  uint64_t features;
  double range;
  uint32_t degree, reserved;
} logistic_record;
_Static_assert(sizeof(logistic_record) == 24, "no padding");

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_logistic *model = object;
  logistic_record record = {.features = model->features, .range = model->range, .degree = model->degree};
  umbra_file_identify(writer, model->context, model->weights->owner);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_LOGISTIC, &record, sizeof record));
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_COEFFICIENTS, model->coefficient,
                               (model->degree + 1) * sizeof *model->coefficient));
  UMBRA_TRY(umbra_file_write_ciphertext(writer, model->weights));
  return model->trained ? umbra_write_record(writer, UMBRA_SECTION_ORIGIN, model->training, sizeof model->training)
                        : UMBRA_OK;
}

static umbra_status check_record(const umbra_reader *reader, const umbra_context *context, const logistic_record *r) {
  uint32_t most = umbra_ring_n(context->ring) / 2 - 1; /* and the bias */
  if (r->features == 0 || r->features > most)
    return umbra_reader_malformed(reader, "%llu features: these parameters take 1 to %u",
                                  (unsigned long long)r->features, most);
  if (!isfinite(r->range) || r->range <= 0)
    return umbra_reader_malformed(reader, "the sigmoid's range is %g: it must be finite and above 0", r->range);
  if (r->degree < 1 || r->degree > UMBRA_SIGMOID_MAX_DEGREE || r->reserved)
    return umbra_reader_malformed(reader, "the sigmoid's degree is %u: it must be 1 to %d", r->degree,
                                  UMBRA_SIGMOID_MAX_DEGREE);
  return UMBRA_OK;
}

static umbra_status read_coefficients(umbra_reader *reader, umbra_logistic *model) {
  uint32_t count = model->degree + 1;
  UMBRA_TRY(
      umbra_read_record(reader, UMBRA_SECTION_COEFFICIENTS, model->coefficient, count * sizeof *model->coefficient));
  for (uint32_t i = 0; i < count; i++)
    if (!isfinite(model->coefficient[i]))
      return umbra_reader_malformed(reader, "coefficient %u of the sigmoid is not finite", i);
  return UMBRA_OK;
}

/* The last section, if there is one more. */
static umbra_status read_training(umbra_reader *reader, umbra_logistic *model) {
  if (reader->section == reader->header.sections) return UMBRA_OK;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_ORIGIN, model->training, sizeof model->training));
  model->trained = 1;
  return UMBRA_OK;
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const umbra_context *context = argument;
  logistic_record record;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_LOGISTIC, &record, sizeof record));
  UMBRA_TRY(check_record(reader, context, &record));
  umbra_logistic *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a model"));
  *made = (umbra_logistic){.context = umbra_context_share(context),
                           .features = record.features,
                           .range = record.range,
                           .degree = record.degree};
  *object = made;
  UMBRA_TRY(read_coefficients(reader, made));
  UMBRA_TRY(umbra_file_read_part(reader, context, &made->weights));
  return read_training(reader, made);
}

static void destroy(void *object) { umbra_logistic_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_LOGISTIC, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(logistic, &format)
