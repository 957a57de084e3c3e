/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/memory.h"
#include "../ckks/encoder.h"
#include "../ckks/file.h"
#include "source.h"

/* ---- names ---- */

#define BLOCK_NAME "block-%06" PRIu64 ".umbra"
enum { BLOCK_NAME_BYTES = 40 };

static umbra_status join(char path[PATH_MAX], const char *folder, const char *name) {
  int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);
  if (length >= 0 && length < PATH_MAX) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_IO, "the path is longer than %d bytes", PATH_MAX);
}

umbra_status umbra_dataset_index_path(char path[PATH_MAX], const char *folder) {
  return join(path, folder, UMBRA_DATASET_INDEX);
}

umbra_status umbra_dataset_block_path(char path[PATH_MAX], const char *folder, uint64_t block) {
  char name[BLOCK_NAME_BYTES];
  snprintf(name, sizeof name, BLOCK_NAME, block);
  return join(path, folder, name);
}

int umbra_dataset_is_block(const char *name, size_t length, uint64_t *block) {
  char again[BLOCK_NAME_BYTES];
  if (sscanf(name, "block-%" SCNu64, block) != 1) return 0;
  int written = snprintf(again, sizeof again, BLOCK_NAME, *block);
  return written > 0 && (size_t)written == length && memcmp(name, again, length) == 0;
}

/* ---- the index ---- */

static uint64_t weights_bytes(const umbra_train_plan *plan) {
  return plan->firsts * umbra_file_ciphertext_bytes(plan->params, plan->data_level);
}

uint64_t umbra_dataset_index_bytes(const umbra_train_plan *plan) { return umbra_train_file_bytes(weights_bytes(plan)); }

static umbra_status save_index(umbra_writer *writer, const void *object) {
  const umbra_dataset_index *index = object;
  const umbra_train_state *weights = &index->weights;
  umbra_file_identify(writer, weights->part[0]->context, weights->part[0]->owner);
  UMBRA_TRY(umbra_train_stamp_write(writer, &index->stamp));
  return umbra_train_write_state(writer, weights);
}

static umbra_status check_firsts(const umbra_reader *reader, const umbra_train_state *weights,
                                 const umbra_train_plan *plan) {
  const double bound = umbra_public_magnitude(umbra_plan_first_bound(plan));
  for (size_t i = 0; i < weights->count; i++)
    if (umbra_ciphertext_magnitude(weights->part[i]) > bound)
      return umbra_reader_malformed(reader, "first weights that are not within the bound of the plan, %g", bound);
  return UMBRA_OK;
}

static umbra_status load_index(umbra_reader *reader, const void *argument, void **object) {
  const umbra_train_origin *origin = argument;
  const umbra_train_plan *plan = origin->plan;
  umbra_dataset_index *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "an index"));
  *object = made;
  UMBRA_TRY(umbra_train_stamp_read(reader, &made->stamp, origin));
  if (made->stamp.number != plan->blocks)
    return umbra_reader_malformed(reader, "%" PRIu64 " blocks; the plan has %" PRIu64, made->stamp.number,
                                  plan->blocks);
  UMBRA_TRY(umbra_train_check_bytes(reader, weights_bytes(plan), plan->firsts,
                                    umbra_file_seed_saving(plan->params, plan->data_level)));
  UMBRA_TRY(umbra_train_state_make(&made->weights, plan->firsts));
  UMBRA_TRY(
      umbra_train_read_parts(reader, made->weights.part, origin, plan->firsts, plan->state_slots, plan->data_level));
  UMBRA_TRY(check_firsts(reader, &made->weights, plan));
  UMBRA_TRY(umbra_read_finish(reader));
  return umbra_read_digest(reader, made->digest);
}

static void destroy_index(void *object) {
  umbra_dataset_index *index = object;
  umbra_train_state_clear(&index->weights);
  umbra_free(index);
}

/* Data sets are given away, as keys are. */
const umbra_format umbra_dataset_index_format = {.kind = UMBRA_KIND_TRAIN_DATA,
                                                 .apart = UMBRA_KINDS_SECRET,
                                                 .save = save_index,
                                                 .load = load_index,
                                                 .destroy = destroy_index};

/* ---- blocks ---- */

static uint64_t records_bytes(const umbra_train_plan *plan, uint64_t rows) {
  return umbra_matrix_sections_bytes(plan->params, &plan->layout, umbra_plan_matrix_rows(plan, rows),
                                     plan->data_columns, plan->record_level);
}

/* Of those in the clear, row by row. */
static uint64_t features_bytes(const umbra_train_plan *plan, uint64_t rows) {
  return rows * plan->options.columns * sizeof(double);
}

static uint64_t sections_bytes(const umbra_train_plan *plan, uint64_t rows) {
  const uint64_t records = records_bytes(plan, rows);
  return plan->options.public_features ? records + UMBRA_SECTION_OVERHEAD + features_bytes(plan, rows) : records;
}

uint64_t umbra_dataset_block_bytes(const umbra_train_plan *plan, uint64_t rows) {
  return umbra_train_file_bytes(sections_bytes(plan, rows));
}

static umbra_status save_block(umbra_writer *writer, const void *object) {
  const umbra_dataset_block *block = object;
  const umbra_matrix *records = block->held.records;
  const umbra_features *f = &block->held.features;
  umbra_file_identify(writer, records->context, records->part[0]->owner);
  UMBRA_TRY(umbra_train_stamp_write(writer, &block->stamp));
  UMBRA_TRY(umbra_matrix_write_sections(writer, records));
  if (!f->value) return UMBRA_OK;
  return umbra_write_record(writer, UMBRA_SECTION_NUMBERS, f->value, f->rows * f->columns * sizeof *f->value);
}

static umbra_status read_stamp(umbra_reader *reader, umbra_train_stamp *stamp, const umbra_dataset_place *place) {
  const umbra_train_plan *plan = place->origin.plan;
  UMBRA_TRY(umbra_train_stamp_read(reader, stamp, &place->origin));
  if (stamp->number != place->block)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the training block '%s' is number %" PRIu64 ", not %" PRIu64,
                      reader->source.name, stamp->number, place->block);
  const size_t rows = umbra_plan_block(plan, place->block).rows;
  return umbra_train_check_bytes(
      reader, sections_bytes(plan, rows),
      umbra_layout_parts(&plan->layout, umbra_plan_matrix_rows(plan, rows), plan->data_columns),
      umbra_file_seed_saving(plan->params, plan->record_level));
}

static umbra_status check_records(const umbra_reader *reader, const umbra_matrix *m, const umbra_dataset_place *place) {
  const umbra_train_plan *plan = place->origin.plan;
  const uint64_t rows = umbra_plan_matrix_rows(plan, umbra_plan_block(plan, place->block).rows);
  if (m->rows != rows || m->columns != plan->data_columns)
    return umbra_reader_malformed(reader, "%zu records of %zu columns; by the plan this block has %" PRIu64 " of %zu",
                                  m->rows, m->columns, rows, plan->data_columns);
  if (!umbra_layout_same(&m->layout, &plan->layout))
    return umbra_reader_malformed(reader, "its records are not laid out as the plan says");
  for (size_t i = 0; i < m->parts; i++)
    if (m->part[i]->level != plan->record_level)
      return umbra_reader_malformed(reader, "records at level %u; by the plan they are at level %u", m->part[i]->level,
                                    plan->record_level);
  const double declared = umbra_plan_block_bound(plan), bound = umbra_matrix_slot_bound(&plan->layout, declared);
  if (declared == 0 || umbra_matrix_is_within(m, bound)) return UMBRA_OK;
  return umbra_reader_malformed(reader, "records that are not within the bound of the plan, %g", bound);
}

/* As encryption takes them. */
static umbra_status check_features(const umbra_reader *reader, const umbra_features *f, const umbra_train_plan *plan) {
  const double most = umbra_train_largest_feature(plan);
  for (size_t i = 0; i < f->rows * f->columns; i++)
    if (!(fabs(f->value[i]) <= most))
      return umbra_reader_malformed(reader, "the feature %g in column %zu of record %zu: by the plan, at most %g",
                                    f->value[i], i % f->columns + 1, i / f->columns + 1, most);
  return UMBRA_OK;
}

static umbra_status read_features(umbra_reader *reader, umbra_features *features, const umbra_dataset_place *place) {
  const umbra_train_plan *plan = place->origin.plan;
  const size_t rows = umbra_plan_block(plan, place->block).rows;
  if (!plan->options.public_features) return UMBRA_OK;
  UMBRA_TRY(umbra_read_begin(reader, UMBRA_SECTION_NUMBERS, features_bytes(plan, rows)));
  UMBRA_TRY(umbra_features_make(features, rows, plan->options.columns));
  UMBRA_TRY(umbra_read_bytes(reader, features->value, features_bytes(plan, rows)));
  UMBRA_TRY(umbra_read_end(reader));
  return check_features(reader, features, plan);
}

static umbra_status load_block(umbra_reader *reader, const void *argument, void **object) {
  const umbra_dataset_place *place = argument;
  umbra_dataset_block *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a block"));
  *object = made;
  made->bytes = reader->header.bytes;
  UMBRA_TRY(read_stamp(reader, &made->stamp, place));
  UMBRA_TRY(umbra_matrix_read_sections(reader, place->origin.context, &made->held.records));
  UMBRA_TRY(check_records(reader, made->held.records, place));
  UMBRA_TRY(read_features(reader, &made->held.features, place));
  UMBRA_TRY(umbra_read_finish(reader));
  return umbra_read_digest(reader, made->digest);
}

static void destroy_block(void *object) {
  umbra_dataset_block *block = object;
  umbra_train_block_clear(&block->held);
  umbra_free(block);
}

/* Nothing apart: the folder is looked through once, before its first block. */
const umbra_format umbra_dataset_block_format = {
    .kind = UMBRA_KIND_TRAIN_BLOCK, .save = save_block, .load = load_block, .destroy = destroy_block};

umbra_status umbra_dataset_check_block(const char *path, const umbra_dataset_place *place, uint8_t *digest) {
  umbra_reader reader;
  umbra_train_stamp stamp;
  UMBRA_TRY(umbra_reader_open_file(&reader, path));
  umbra_status status = umbra_reader_expect(&reader, UMBRA_KIND_TRAIN_BLOCK, place->origin.plan->params->digest);
  if (status == UMBRA_OK) status = read_stamp(&reader, &stamp, place);
  if (status == UMBRA_OK && digest) status = umbra_read_digest(&reader, digest);
  umbra_reader_close(&reader);
  return status;
}
