/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/watch.h"
#include "../linalg/layout.h"
#include "../model/batch.h"
#include "../nn/feature_map.h"
#include "plan.h"

/* ---- to matrices ---- */

umbra_status umbra_records_check(const umbra_frame *frame, const umbra_ndarray *records) {
  return umbra_batch_check_shape(frame->shape, frame->rank, frame->count, records);
}

static umbra_status check_ranges(size_t *outside, const umbra_frame *frame, const umbra_ndarray *records, int clips) {
  const size_t count = frame->count;
  *outside = 0;
  for (size_t i = 0; i < records->shape[0] * count; i++) {
    const double x = records->values[i];
    const umbra_extremes *range = &frame->range[i % count];
    if (x >= range->lowest && x <= range->highest) continue;
    if (!clips || isnan(x))
      return umbra_fail(UMBRA_ERROR_RANGE, "element %zu of record %zu is %g: it must be within [%g, %g]", i % count + 1,
                        i / count + 1, x, range->lowest, range->highest);
    ++*outside;
  }
  return UMBRA_OK;
}

typedef struct record_source {
  const umbra_frame *frame;
  const umbra_ndarray *records;
  int32_t *element; /* of each position of an image, which is a column, or -1; NULL: columns are elements */
} record_source;

static double held_element(umbra_element element, const void *source) {
  const record_source *s = source;
  if (s->element && s->element[element.column] < 0) return 0;
  const size_t row = element.row % s->records->shape[0];
  const size_t k = s->element ? (size_t)s->element[element.column] : element.column;
  return umbra_frame_hold(s->frame, k, s->records->values[row * s->frame->count + k]);
}

static umbra_status place_elements(int32_t **element, const umbra_feature_layout *l) {
  const uint64_t positions = umbra_feature_positions(l);
  int32_t k = 0;
  UMBRA_TRY(umbra_alloc(element, positions, sizeof **element, "places of an image"));
  for (uint64_t i = 0; i < positions; i++) (*element)[i] = -1;
  for (uint32_t c = 0; c < l->channels; c++)
    for (uint32_t y = 0; y < l->height; y++)
      for (uint32_t x = 0; x < l->width; x++)
        (*element)[umbra_feature_channel(l, c) + umbra_feature_pixel(l, y, x)] = k++;
  return UMBRA_OK;
}

umbra_status umbra_records_encrypt(umbra_matrix **batch, size_t *clipped, const umbra_frame *frame,
                                   const umbra_way *way, umbra_encryptor by, const umbra_ndarray *records,
                                   umbra_watch *watch) {
  record_source values = {.frame = frame, .records = records};
  const umbra_matrix_source source = {held_element, &values, UMBRA_RECORDS_BOUND};
  const umbra_matrix_layout *layout = &way->layout;
  size_t outside;
  UMBRA_TRY(umbra_records_check(frame, records));
  UMBRA_TRY(check_ranges(&outside, frame, records, clipped != NULL));
  if (way->image.channels) UMBRA_TRY(place_elements(&values.element, &way->image));
  const size_t together = umbra_layout_records(layout);
  const size_t rows = umbra_quotient_above(records->shape[0], together) * together;
  const umbra_status status = umbra_matrix_encrypt_source(
      batch, by, &source, rows, umbra_way_columns(way, frame->count), layout, UMBRA_TOP_LEVEL, watch);
  umbra_free(values.element);
  UMBRA_TRY(status);
  (*batch)->rows = records->shape[0];
  if (clipped) *clipped = outside;
  return UMBRA_OK;
}

static umbra_status encrypt(umbra_matrix **batch, size_t *clipped, const umbra_inference_plan *plan, umbra_encryptor by,
                            const umbra_ndarray *records, const umbra_progress *progress) {
  if (!batch || !plan || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "encryption of records needs an output, a plan, a key and records");
  UMBRA_TRY(umbra_inference_plan_check(plan, by.context, "the key"));
  umbra_watch watch = umbra_watch_of(progress);
  UMBRA_TRY(
      umbra_watch_close(&watch, umbra_records_encrypt(batch, clipped, &plan->frame, plan->ways, by, records, &watch)));
  umbra_matrix_set_stamp(*batch, plan->digest, UMBRA_MATRIX_RECORDS);
  return UMBRA_OK;
}

umbra_status umbra_inference_encrypt(umbra_matrix **batch, size_t *clipped, const umbra_inference_plan *plan,
                                     const umbra_public_key *key, const umbra_ndarray *records,
                                     const umbra_progress *progress) {
  if (!key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_inference_encrypt needs a public key");
  return encrypt(batch, clipped, plan, umbra_encryptor_of(key), records, progress);
}

umbra_status umbra_inference_encrypt_symmetric(umbra_matrix **batch, size_t *clipped, const umbra_inference_plan *plan,
                                               const umbra_secret_key *key, const umbra_ndarray *records,
                                               const umbra_progress *progress) {
  if (!key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_inference_encrypt_symmetric needs a secret key");
  return encrypt(batch, clipped, plan, umbra_encryptor_of_secret(key), records, progress);
}
