/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans in files: parameters, what was chosen and what it takes, the frame, the keys, the digest of the steps, and the
 * steps if there are any. A plan's digest is made of these as well, but for what only tells of it.
 */
#include <float.h>
#include <math.h>
#include <sodium.h>
#include <stddef.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../linalg/layout.h"
#include "../nn/feature_map.h"
#include "../params/params_file.h"
#include "file.h"
#include "plan.h"

/*
 * The version says how to read a plan and how to compute by it: where either changes, so does the version. The bits of
 * what is computed have a number of their own, which is part of digests: these change with the bits only. Version 1
 * ended before `weights`, and had no digest.
 */
enum { VERSION = 2, BITS = 1 };

typedef struct inference_record {
  umbra_frame_record frame;
  uint64_t records, ciphertexts, batch_bytes, weight_bytes, peak_bytes;
  uint64_t samples, labels_equal, near_ties;
  double seconds, error, largest, approximation_error;
  uint32_t version, stride, slots, depth, keys, steps;
  uint32_t image[3], encode; /* image: of a record; 0: rows of elements */
  uint16_t refresh, target;
  uint32_t refreshes;
  uint16_t weights, weight_bound; /* of encrypted ones: 1 + its binary logarithm; 0: not known */
  uint32_t bare;                  /* whether the steps are without them */
  uint64_t ahead;
  uint32_t order, group; /* of the layout */
} inference_record;
_Static_assert(sizeof(inference_record) == 184 + 120 + 48, "no padding");

typedef struct level_record {
  uint32_t level, refreshed;
} level_record;

typedef struct need_record {
  uint32_t kind, level;
  int32_t steps;
} need_record;

/* ---- saving ---- */

/* What decides about values. */
static inference_record essence_of(const umbra_inference_plan *plan) {
  const umbra_way *way = plan->ways;
  return (inference_record){.frame = umbra_frame_record_of(&plan->frame),
                            .version = BITS,
                            .stride = way->layout.stride,
                            .slots = way->layout.slots,
                            .image = {way->image.channels, way->image.height, way->image.width},
                            .refresh = (uint16_t)way->refresh,
                            .target = (uint16_t)way->target,
                            .weights = (uint16_t)way->weights,
                            .weight_bound = (uint16_t)(way->weight_bound > 0 ? 1 + ilogb(way->weight_bound) : 0),
                            .order = (uint32_t)way->layout.order,
                            .group = way->layout.group};
}

static inference_record record_of(const umbra_inference_plan *plan) {
  const umbra_inference_report *r = &plan->ways->report;
  inference_record record = essence_of(plan);
  record.version = VERSION;
  record.records = r->records;
  record.ciphertexts = r->ciphertexts;
  record.batch_bytes = r->batch_bytes;
  record.weight_bytes = r->weight_bytes;
  record.peak_bytes = r->peak_bytes;
  record.samples = r->samples;
  record.labels_equal = r->labels_equal;
  record.near_ties = r->near_ties;
  record.seconds = r->seconds;
  record.error = r->error;
  record.largest = r->largest;
  record.approximation_error = r->approximation_error;
  record.depth = r->depth;
  record.keys = (uint32_t)r->keys;
  record.refreshes = r->refreshes;
  record.encode = (uint32_t)plan->ways->encode;
  record.ahead = plan->ways->ahead;
  record.bare = plan->program && plan->program->bare;
  record.steps = plan->program ? (uint32_t)plan->program->step_count : 0;
  return record;
}

static umbra_status write_needs(umbra_writer *writer, const umbra_key_needs *needs) {
  const size_t count = umbra_key_needs_count(needs);
  UMBRA_TRY(umbra_write_begin(writer, UMBRA_SECTION_NEEDS, count * sizeof(need_record)));
  for (size_t i = 0; i < count; i++) {
    umbra_key_need need = {UMBRA_KEY_NEED_INIT};
    UMBRA_TRY(umbra_key_needs_get(needs, &need, i));
    const need_record record = {(uint32_t)need.kind, need.level, need.steps};
    UMBRA_TRY(umbra_write_bytes(writer, &record, sizeof record));
  }
  return umbra_write_end(writer);
}

static umbra_status write_levels(umbra_writer *writer, const umbra_way *way, size_t count) {
  UMBRA_TRY(umbra_write_begin(writer, UMBRA_SECTION_STEP, count * sizeof(level_record)));
  for (size_t i = 0; i < count; i++) {
    const level_record record = {way->levels[i].level, (uint32_t)way->levels[i].refreshed};
    UMBRA_TRY(umbra_write_bytes(writer, &record, sizeof record));
  }
  return umbra_write_end(writer);
}

/* bare: without weights. */
static umbra_status write_steps(umbra_writer *writer, const umbra_inference_plan *plan, int bare) {
  UMBRA_TRY(umbra_program_write(writer, plan->program, bare));
  return write_levels(writer, plan->ways, plan->program->step_count);
}

static umbra_status write_steps_digest(umbra_writer *writer, const umbra_inference_plan *plan) {
  return umbra_write_record(writer, UMBRA_SECTION_DIGEST, plan->steps_digest, sizeof plan->steps_digest);
}

static umbra_status save(umbra_writer *writer, const void *object) {
  const umbra_inference_plan *plan = object;
  const inference_record record = record_of(plan);
  UMBRA_TRY(umbra_params_write_sections(writer, plan->ways->params));
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_INFERENCE, &record, sizeof record));
  UMBRA_TRY(umbra_frame_write(writer, &plan->frame));
  UMBRA_TRY(write_needs(writer, plan->ways->needs));
  UMBRA_TRY(write_steps_digest(writer, plan));
  return plan->program ? write_steps(writer, plan, plan->program->bare) : UMBRA_OK;
}

/* ---- digests ---- */

/* Without weights that are encrypted: nobody is to try guesses at them. */
static umbra_status write_public_steps(umbra_writer *writer, const void *object) {
  const umbra_inference_plan *plan = object;
  return write_steps(writer, plan, plan->ways->weights == UMBRA_WEIGHTS_ENCRYPTED);
}

/* What both sides have of a plan. */
static umbra_status write_essence(umbra_writer *writer, const void *object) {
  const umbra_inference_plan *plan = object;
  const inference_record record = essence_of(plan);
  umbra_writer_identify(writer, plan->ways->params->digest, NULL, 0);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_INFERENCE, &record, sizeof record));
  UMBRA_TRY(umbra_frame_write(writer, &plan->frame));
  return write_steps_digest(writer, plan);
}

static int absorb(void *state, const void *bytes, size_t size) { return crypto_generichash_update(state, bytes, size); }

/* Of the container that would be written. */
static umbra_status find_digest(uint8_t digest[UMBRA_DIGEST_BYTES], const umbra_inference_plan *plan,
                                umbra_status (*write)(umbra_writer *writer, const void *object)) {
  const umbra_format format = {.kind = UMBRA_KIND_INFERENCE_PLAN, .save = write};
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, UMBRA_DIGEST_BYTES);
  UMBRA_TRY(umbra_format_send(&format, plan, absorb, &state, NULL));
  crypto_generichash_final(&state, digest, UMBRA_DIGEST_BYTES);
  return UMBRA_OK;
}

umbra_status umbra_inference_plan_find_digests(umbra_inference_plan *plan) {
  if (plan->program) UMBRA_TRY(find_digest(plan->steps_digest, plan, write_public_steps));
  return find_digest(plan->digest, plan, write_essence);
}

/* ---- loading ---- */

static umbra_status read_record(umbra_reader *reader, inference_record *record) {
  enum { EARLIER = offsetof(inference_record, weights) };
  int earlier;
  *record = (inference_record){0};
  UMBRA_TRY(umbra_read_begin_either(reader, &earlier, UMBRA_SECTION_INFERENCE, sizeof *record, UMBRA_SECTION_INFERENCE,
                                    EARLIER));
  UMBRA_TRY(umbra_read_bytes(reader, record, earlier ? EARLIER : sizeof *record));
  UMBRA_TRY(umbra_read_end(reader));
  if (!earlier && record->version == VERSION) return UMBRA_OK;
  return umbra_reader_malformed(reader,
                                "a plan of version %u, and this library computes by plans of version %d: plan anew",
                                record->version, VERSION);
}

/* What the frame and the steps do not say themselves. */
static umbra_status check_record(const umbra_reader *reader, const inference_record *r, const umbra_params *params) {
  if (!r->records || r->records >> 31 || r->steps > UMBRA_PROGRAM_MAX_STEPS ||
      (r->depth > umbra_params_depth(params) && !umbra_params_bootstrapped_level(params)))
    return umbra_reader_malformed(reader, "%llu records, %u steps of %u levels", (unsigned long long)r->records,
                                  r->steps, r->depth);
  if (r->encode > UMBRA_TRANSFORM_AT_USE || r->refresh > UMBRA_BOOTSTRAP_STC_FIRST ||
      !umbra_target_name((umbra_target)r->target) || (r->ahead && r->encode != UMBRA_TRANSFORM_AT_USE))
    return umbra_reader_malformed(reader, "marks %u, %u and %u of a plan, %llu bytes ahead", r->encode, r->refresh,
                                  r->target, (unsigned long long)r->ahead);
  const int encrypted = r->weights == UMBRA_WEIGHTS_ENCRYPTED;
  if (r->weights > UMBRA_WEIGHTS_ENCRYPTED || r->bare > (uint32_t)encrypted || (encrypted && !r->steps) ||
      (r->weight_bound && !encrypted) || r->weight_bound > DBL_MAX_EXP)
    return umbra_reader_malformed(reader, "weights of kind %u, mark %u, of %u steps", r->weights, r->bare, r->steps);
  if (isfinite(r->seconds) && isfinite(r->error) && isfinite(r->largest) && isfinite(r->approximation_error))
    return UMBRA_OK;
  return umbra_reader_malformed(reader, "figures that are not finite");
}

static umbra_status set_image(umbra_way *way, const umbra_reader *reader, const inference_record *r, size_t elements) {
  const uint32_t *size = r->image;
  way->image =
      (umbra_feature_layout){UMBRA_FEATURE_LAYOUT_INIT, .channels = size[0], .height = size[1], .width = size[2]};
  if (!size[0] && !size[1] && !size[2]) return UMBRA_OK;
  if ((double)size[0] * size[1] * size[2] == (double)elements && r->stride == 1 &&
      umbra_feature_layout_choose(&way->image, umbra_params_slots(way->params)) == UMBRA_OK &&
      way->image.slots == r->slots)
    return UMBRA_OK;
  return umbra_reader_malformed(reader, "records of %zu elements as images of %u channels of %u x %u in %u slots",
                                elements, size[0], size[1], size[2], r->slots);
}

static umbra_status set_way(umbra_way *way, const umbra_reader *reader, const inference_record *r, size_t elements) {
  way->layout = (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = (umbra_matrix_order)r->order,
                                      .stride = r->stride, .slots = r->slots, .group = r->group};
  way->encode = (umbra_transform_encode_when)r->encode;
  way->ahead = r->ahead;
  way->refresh = (umbra_bootstrap_order)r->refresh;
  way->target = (umbra_target)r->target;
  way->weights = (umbra_weights_kind)r->weights;
  way->weight_bound = r->weight_bound ? ldexp(1, r->weight_bound - 1) : 0;
  UMBRA_TRY(set_image(way, reader, r, elements));
  const size_t columns = umbra_way_columns(way, elements);
  const int interleaved = way->layout.order == UMBRA_MATRIX_INTERLEAVED && way->weights == UMBRA_WEIGHTS_PLAIN;
  if ((way->layout.order != UMBRA_MATRIX_BY_COLUMNS && !interleaved) || way->layout.group != 1 ||
      umbra_layout_check(&way->layout, r->records, columns, umbra_params_slots(way->params)) != UMBRA_OK)
    return umbra_reader_malformed(reader, "a layout of order %u with stride %u of %u slots, groups of %u", r->order,
                                  r->stride, r->slots, r->group);
  if (umbra_layout_parts(&way->layout, r->records, columns) > UMBRA_WAY_MOST_CIPHERTEXTS)
    return umbra_reader_malformed(reader, "%llu records of %zu elements, which take more than %d ciphertexts",
                                  (unsigned long long)r->records, elements, UMBRA_WAY_MOST_CIPHERTEXTS);
  way->report = (umbra_inference_report){UMBRA_INFERENCE_REPORT_INIT,
                                         .records = r->records,
                                         .depth = r->depth,
                                         .refreshes = r->refreshes,
                                         .stride = (uint32_t)umbra_layout_records(&way->layout),
                                         .slots = r->slots,
                                         .symmetric = !umbra_params_has_public_key(way->params),
                                         .ciphertexts = r->ciphertexts,
                                         .keys = r->keys,
                                         .batch_bytes = r->batch_bytes,
                                         .key_bytes = umbra_key_needs_bytes(way->needs),
                                         .weight_bytes = r->weight_bytes,
                                         .peak_bytes = r->peak_bytes,
                                         .seconds = r->seconds,
                                         .error = r->error,
                                         .largest = r->largest,
                                         .samples = r->samples,
                                         .labels_equal = r->labels_equal,
                                         .near_ties = r->near_ties,
                                         .approximation_error = r->approximation_error,
                                         .weights = (umbra_weights_kind)r->weights};
  return UMBRA_OK;
}

/* Each once, in the order of needs; with that to a sparse secret comes the one back. */
static umbra_status read_need(umbra_reader *reader, umbra_key_needs *needs, size_t i) {
  need_record r;
  UMBRA_TRY(umbra_read_bytes(reader, &r, sizeof r));
  umbra_key_need need = {UMBRA_KEY_NEED_INIT, .kind = (umbra_key_kind)r.kind, .steps = r.steps},
                 found = {UMBRA_KEY_NEED_INIT};
  need.level = r.level;
  const umbra_status status = umbra_key_needs_put(needs, &need);
  if (status == UMBRA_ERROR_INVALID_ARGUMENT) return umbra_reader_malformed(reader, "%s", umbra_last_error());
  UMBRA_TRY(status);
  if (umbra_key_needs_get(needs, &found, i) == UMBRA_OK && found.kind == need.kind && found.steps == need.steps &&
      found.level == need.level)
    return UMBRA_OK;
  return umbra_reader_malformed(reader, "need %zu of a key is there twice, or out of order", i);
}

static umbra_status read_needs(umbra_reader *reader, umbra_way *way, size_t count) {
  UMBRA_TRY(umbra_key_needs_create(&way->needs, way->params));
  UMBRA_TRY(umbra_read_begin(reader, UMBRA_SECTION_NEEDS, count * sizeof(need_record)));
  for (size_t i = 0; i < count; i++) UMBRA_TRY(read_need(reader, way->needs, i));
  UMBRA_TRY(umbra_read_end(reader));
  if (umbra_key_needs_count(way->needs) == count) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%zu keys, of which one needs another one", count);
}

static umbra_status read_level(umbra_reader *reader, umbra_way *way, const umbra_step *step,
                               umbra_place_choice *level) {
  const uint32_t top = umbra_params_depth(way->params);
  level_record r;
  UMBRA_TRY(umbra_read_bytes(reader, &r, sizeof r));
  *level = (umbra_place_choice){r.level, (int)r.refreshed};
  if (r.level <= top && r.level >= umbra_step_depth(step) &&
      r.refreshed <= (uint32_t)(umbra_params_bootstrapped_level(way->params) > 0))
    return UMBRA_OK;
  return umbra_reader_malformed(reader, "a step of %u levels at level %u, mark %u", umbra_step_depth(step), r.level,
                                r.refreshed);
}

static umbra_status read_levels(umbra_reader *reader, umbra_way *way, const umbra_program *program) {
  UMBRA_TRY(umbra_alloc(&way->levels, program->step_count, sizeof *way->levels, "levels of a network"));
  UMBRA_TRY(umbra_read_begin(reader, UMBRA_SECTION_STEP, program->step_count * sizeof(level_record)));
  for (size_t i = 0; i < program->step_count; i++)
    UMBRA_TRY(read_level(reader, way, &program->steps[i], &way->levels[i]));
  return umbra_read_end(reader);
}

static umbra_status check_program(const umbra_reader *reader, const umbra_inference_plan *plan) {
  const umbra_program *p = plan->program;
  const umbra_step *last = &p->steps[p->step_count - 1];
  if (umbra_program_depth(p) == plan->ways->report.depth && last->count == plan->frame.result_count &&
      !last->image.channels && umbra_way_refreshes(plan->ways, p) == plan->ways->report.refreshes &&
      last->scale == plan->frame.result_scale && last->shift == plan->frame.result_shift)
    return UMBRA_OK;
  return umbra_reader_malformed(reader, "the last step makes other results than the plan says");
}

/* After all that it is made of. */
static umbra_status check_digest(const umbra_reader *reader, umbra_inference_plan *plan) {
  uint8_t said[UMBRA_DIGEST_BYTES];
  memcpy(said, plan->steps_digest, sizeof said);
  UMBRA_TRY(umbra_inference_plan_find_digests(plan));
  if (memcmp(said, plan->steps_digest, sizeof said) == 0) return UMBRA_OK;
  return umbra_reader_malformed(reader, "the steps have another digest than the plan says");
}

static umbra_status read_plan(umbra_reader *reader, umbra_inference_plan *plan) {
  inference_record record;
  umbra_way *way = plan->ways;
  UMBRA_TRY(umbra_params_read_sections(reader, &way->params));
  UMBRA_TRY(read_record(reader, &record));
  UMBRA_TRY(check_record(reader, &record, way->params));
  UMBRA_TRY(umbra_frame_read(reader, &plan->frame, &record.frame));
  UMBRA_TRY(read_needs(reader, way, record.keys));
  UMBRA_TRY(set_way(way, reader, &record, plan->frame.count));
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_DIGEST, plan->steps_digest, sizeof plan->steps_digest));
  if (!record.steps) return umbra_inference_plan_find_digests(plan);
  UMBRA_TRY(umbra_program_create(&plan->program, plan->frame.count));
  plan->program->bare = (int)record.bare;
  plan->program->image = (umbra_image){record.image[0], record.image[1], record.image[2]};
  UMBRA_TRY(umbra_program_read(reader, plan->program, record.steps));
  UMBRA_TRY(read_levels(reader, way, plan->program));
  UMBRA_TRY(check_program(reader, plan));
  return check_digest(reader, plan);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  umbra_inference_plan *made;
  (void)argument;
  UMBRA_TRY(umbra_inference_plan_make(&made));
  *object = made;
  UMBRA_TRY(umbra_alloc(&made->ways, 1, sizeof *made->ways, "a plan of a network"));
  made->way_count = 1;
  return read_plan(reader, made);
}

static void destroy(void *object) { umbra_inference_plan_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_INFERENCE_PLAN, .save = save, .load = load, .destroy = destroy};

/* ---- public calls ---- */

umbra_status umbra_inference_plan_save(const umbra_inference_plan *plan, const char *path) {
  return umbra_format_save(&format, plan, path, NULL);
}

umbra_status umbra_inference_plan_write(const umbra_inference_plan *plan, void *buffer, size_t *size) {
  return umbra_format_write(&format, plan, buffer, size, NULL);
}

umbra_status umbra_inference_plan_load(umbra_inference_plan **plan, const char *path) {
  void *made = NULL;
  UMBRA_TRY(umbra_format_load(&format, plan ? &made : NULL, &(umbra_wanted){0}, path, NULL));
  UMBRA_PUT(inference_plan, plan, made);
  return UMBRA_OK;
}

umbra_status umbra_inference_plan_read(umbra_inference_plan **plan, const void *buffer, size_t size) {
  void *made = NULL;
  UMBRA_TRY(umbra_format_read(&format, plan ? &made : NULL, &(umbra_wanted){0}, buffer, size, NULL));
  UMBRA_PUT(inference_plan, plan, made);
  return UMBRA_OK;
}
