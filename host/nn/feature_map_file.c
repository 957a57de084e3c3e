/* SPDX-License-Identifier: Apache-2.0 */
#include "../ckks/file.h"
#include "feature_map.h"

/* As umbra_feature_layout, chosen. */
typedef struct features_record {
  uint32_t channels, height, width, slots, plane, row, gap_y, gap_x, interleave_y, interleave_x;
} features_record;
_Static_assert(sizeof(features_record) == 40, "no padding");

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_feature_map *map = object;
  const umbra_feature_layout *l = &map->layout;
  const features_record record = {l->channels, l->height, l->width, l->slots,        l->plane,
                                  l->row,      l->gap_y,  l->gap_x, l->interleave_y, l->interleave_x};
  umbra_file_identify(writer, map->context, map->part[0]->owner);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_FEATURES, &record, sizeof record));
  for (size_t i = 0; i < map->parts; i++) UMBRA_TRY(umbra_file_write_ciphertext(writer, map->part[i]));
  return UMBRA_OK;
}

static umbra_status check_layout(const umbra_reader *reader, const umbra_context *context,
                                 const umbra_feature_layout *l) {
  umbra_feature_layout chosen = *l;
  const umbra_status status = umbra_feature_layout_choose(&chosen, umbra_params_slots(umbra_context_params(context)));
  if (status != UMBRA_OK || !umbra_feature_layout_same(&chosen, l))
    return umbra_reader_malformed(
        reader,
        "a feature map of %u channels of %u x %u has %u slots, planes of %u, rows of %u, gaps of %u x %u, %u x %u",
        l->channels, l->height, l->width, l->slots, l->plane, l->row, l->gap_y, l->gap_x, l->interleave_y,
        l->interleave_x);
  if (umbra_feature_parts(l) > reader->header.sections)
    return umbra_reader_malformed(reader, "%zu ciphertexts of a feature map do not go with %u sections",
                                  umbra_feature_parts(l), reader->header.sections);
  return UMBRA_OK;
}

static umbra_status read_parts(umbra_reader *reader, umbra_feature_map *map) {
  for (size_t i = 0; i < map->parts; i++) {
    UMBRA_TRY(umbra_file_read_ciphertext(reader, map->context, &map->part[i]));
    if (map->part[i]->slots != map->layout.slots)
      return umbra_reader_malformed(reader, "a part of a feature map has %u slots instead of %u", map->part[i]->slots,
                                    map->layout.slots);
  }
  return UMBRA_OK;
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  features_record r;
  umbra_feature_map *made;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_FEATURES, &r, sizeof r));
  const umbra_feature_layout layout = {UMBRA_FEATURE_LAYOUT_INIT,
                                       .channels = r.channels,
                                       .height = r.height,
                                       .width = r.width,
                                       .slots = r.slots,
                                       .plane = r.plane,
                                       .row = r.row,
                                       .gap_y = r.gap_y,
                                       .gap_x = r.gap_x,
                                       .interleave_y = r.interleave_y,
                                       .interleave_x = r.interleave_x};
  UMBRA_TRY(check_layout(reader, argument, &layout));
  UMBRA_TRY(umbra_feature_map_make(&made, argument, &layout));
  *object = made;
  return read_parts(reader, made);
}

static void destroy(void *object) { umbra_feature_map_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_FEATURE_MAP, .save = save, .load = load, .destroy = destroy};

UMBRA_DEFINE_FILE_FUNCTIONS(feature_map, &format)
