/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With `in` slots of the input, `out` of the output, and the less of both as the period, entry (r, c) of a matrix is on
 * the diagonal whose rotation is c - r modulo the period. If the output has no fewer slots, it is at slot r; else at
 * that slot c - rotation which is r modulo `out`: folding adds up all of these.
 */
#include "transform_source.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/integers.h"
#include "../../base/memory.h"
#include "../../ckks/encoder.h"
#include "../../ckks/galois.h"
#include "../../ckks/noise.h"

/* A source in the making. A map may have `candidates` diagonals. */
typedef struct source_job {
  const umbra_transform_desc *desc;
  uint32_t in, out, slots;
  uint32_t period; /* of all diagonals, as far as it is known */
  size_t maps, candidates;
  int32_t *rotation; /* of each candidate */
  uint32_t *place;   /* [maps][candidates]: 1 + place among the diagonals; 0: all zeros */
  size_t used;       /* diagonals, of all maps */
  double entry;      /* the largest |value| */
  double *sum;       /* [maps][slots]: of |value| over the diagonals */
  umbra_diagonals *made;
} source_job;

/* ---- values, run by run ---- */

/* Numbers i to i + count of those given, which are on a map's candidate, from a slot on. */
typedef void visitor(source_job *job, size_t map, size_t candidate, size_t slot, size_t i, size_t count);

static uint32_t *place_of(const source_job *job, size_t map, size_t candidate) {
  return &job->place[map * job->candidates + candidate];
}

enum { STRETCH = 256 }; /* values whose sizes are computed at a time */

/* |value| of pairs, infinite unless both parts are finite; one by one where a square lost bits. */
static void pair_sizes(double *size, const double *pair, size_t count) {
  int all_squares = 1;
  for (size_t j = 0; j < count; j++) {
    const double re = pair[2 * j], im = pair[2 * j + 1], square = re * re + im * im;
    all_squares &= (re == 0 && im == 0) | umbra_is_whole_square(square);
    size[j] = sqrt(square);
  }
  if (all_squares) return;
  for (size_t j = 0; j < count; j++) {
    const double re = pair[2 * j], im = pair[2 * j + 1];
    size[j] = isfinite(re) && isfinite(im) ? umbra_modulus(re, im) : INFINITY;
  }
}

static void sizes_of(double *size, const umbra_transform_desc *desc, size_t i, size_t count) {
  if (desc->values && desc->pairs) {
    pair_sizes(size, desc->values + 2 * i, count);
    return;
  }
  for (size_t j = 0; j < count; j++) {
    const double value = desc->values ? fabs(desc->values[i + j]) : desc->bound;
    size[j] = value <= DBL_MAX ? value : INFINITY;
  }
}

static int is_zero(const umbra_transform_desc *desc, size_t i) {
  if (!desc->values) return desc->bound == 0;
  return desc->pairs ? desc->values[2 * i] == 0 && desc->values[2 * i + 1] == 0 : desc->values[i] == 0;
}

static void mark(source_job *job, size_t map, size_t candidate, size_t slot, size_t i, size_t count) {
  uint32_t *place = place_of(job, map, candidate);
  (void)slot;
  for (size_t j = 0; j < count && !*place; j++) *place = !is_zero(job->desc, i + j);
}

/* To the value's place among the diagonals, of which only a period is kept. */
static void copy_values(source_job *job, size_t place, size_t slot, size_t i, size_t count) {
  const umbra_transform_desc *desc = job->desc;
  double *to = job->made->value + 2 * (place * job->period + slot);
  for (size_t j = 0; j < count && slot + j < job->period; j++) {
    to[2 * j] = desc->pairs ? desc->values[2 * (i + j)] : desc->values[i + j];
    to[2 * j + 1] = desc->pairs ? desc->values[2 * (i + j) + 1] : 0;
  }
}

static void put(source_job *job, size_t map, size_t candidate, size_t slot, size_t i, size_t count) {
  const uint32_t place = *place_of(job, map, candidate);
  double size[STRETCH], *sum = &job->sum[map * job->slots + slot];
  if (!place) return;
  sizes_of(size, job->desc, i, count);
  for (size_t j = 0; j < count; j++) {
    sum[j] += size[j];
    job->entry = size[j] > job->entry ? size[j] : job->entry;
  }
  if (job->made->value) copy_values(job, place - 1, slot, i, count);
}

static uint32_t period_of(const source_job *job) { return umbra_min_u32(job->in, job->out); }

/* Candidate k of a matrix has a rotation that is k modulo the period. */
static void visit_entry(source_job *job, visitor *visit, size_t r, size_t c) {
  const size_t row = r % job->out, k = (c - row) & (period_of(job) - 1);
  const size_t slot = job->out >= job->in ? row : (c - (size_t)(int64_t)job->rotation[k]) & (job->in - 1);
  visit(job, r / job->out, k, slot, r * job->desc->columns + c, 1);
}

static void visit_matrix(source_job *job, visitor *visit) {
  for (size_t r = 0; r < job->desc->rows; r++)
    for (size_t c = 0; c < job->desc->columns; c++) visit_entry(job, visit, r, c);
}

static void visit_diagonals(source_job *job, visitor *visit) {
  const size_t step = job->slots < STRETCH ? job->slots : STRETCH;
  for (size_t d = 0; d < job->maps * job->candidates; d++)
    for (size_t j = 0; j < job->slots; j += step)
      visit(job, d / job->candidates, d % job->candidates, j, d * job->slots + j, step);
}

static void visit_all(source_job *job, visitor *visit) {
  if (job->desc->rotations) visit_diagonals(job, visit);
  else visit_matrix(job, visit);
}

/* ---- which diagonals there are ---- */

static int is_used(const source_job *job, size_t candidate) {
  for (size_t map = 0; map < job->maps; map++)
    if (*place_of(job, map, candidate)) return 1;
  return 0;
}

/* Rotations to both sides of 0 as they come, rather than all to the left: what is after the widest gap is negative. */
static void turn_candidates(const source_job *job) {
  const size_t none = SIZE_MAX, period = job->candidates;
  size_t first = none, last = 0, gap = 0, after = period;
  for (size_t k = 0; k < period; k++) {
    if (!is_used(job, k)) continue;
    if (first != none && k - last > gap) gap = k - last, after = k;
    if (first == none) first = k;
    last = k;
  }
  if (first == none || first + period - last >= gap) return;
  for (size_t k = after; k < period; k++) job->rotation[k] -= (int32_t)period;
}

static int repeat_after(const source_job *job, uint32_t period) {
  const size_t width = (job->desc->pairs ? 2 : 1) * sizeof(double), bytes = job->slots * width, turn = period * width;
  const char *values = (const char *)job->desc->values;
  for (size_t d = 0; d < job->maps * job->candidates; d++, values += bytes)
    if (memcmp(values, values + turn, bytes - turn) != 0) return 0;
  return 1;
}

/* Given diagonals that repeat are encoded as what repeats. */
static void find_period(source_job *job) {
  job->period = job->slots;
  if (!job->desc->rotations || !job->desc->values) return;
  while (job->period > 1 && repeat_after(job, job->period / 2)) job->period /= 2;
}

/* Numbers those that are used; each map has one at least. */
static void number_diagonals(source_job *job) {
  for (size_t map = 0; map < job->maps; map++) {
    const size_t before = job->used;
    for (size_t k = 0; k < job->candidates; k++)
      if (*place_of(job, map, k)) *place_of(job, map, k) = (uint32_t)++job->used;
    if (job->used == before) *place_of(job, map, 0) = (uint32_t)++job->used;
  }
}

static umbra_status make_diagonals(source_job *job, int values) {
  umbra_diagonals *made = job->made;
  UMBRA_TRY(umbra_diagonals_create(made, job->slots, job->period, job->used, values));
  made->maps = (uint32_t)job->maps;
  UMBRA_TRY(umbra_alloc(&made->map, job->used, sizeof *made->map, "the diagonals of a map"));
  for (size_t map = 0; map < job->maps; map++)
    for (size_t k = 0; k < job->candidates; k++) {
      const uint32_t place = *place_of(job, map, k);
      if (!place) continue;
      made->rotation[place - 1] = job->rotation[k];
      made->map[place - 1] = (uint32_t)map;
    }
  return UMBRA_OK;
}

/* ---- the whole ---- */

static umbra_status check_finite(const source_job *job) {
  double size = 0;
  for (size_t i = 0; !isfinite(job->entry); i++) {
    sizes_of(&size, job->desc, i, 1);
    if (!isfinite(size)) return umbra_fail(UMBRA_ERROR_RANGE, "value %zu of a linear map is not a finite number", i);
  }
  return UMBRA_OK;
}

/* Bounds on the sums of a slot, and of a slot after folding; powers of two, so that they say little of the values. */
static umbra_status set_bounds(const source_job *job, umbra_transform_source *source) {
  double row = 0, folded = 0;
  for (size_t i = 0; i < job->maps * job->slots; i++) row = fmax(row, job->sum[i]);
  for (size_t map = 0; map < job->maps; map++)
    for (size_t r = 0; r < job->out; r++) {
      double sum = 0;
      for (size_t j = r; j < job->slots; j += job->out) sum += job->sum[map * job->slots + j];
      folded = fmax(folded, sum);
    }
  if (!isfinite(folded))
    return umbra_fail(UMBRA_ERROR_RANGE, "the values of a linear map are too large to be added up");
  source->diagonals.entry = job->entry;
  source->diagonals.row = umbra_public_magnitude(row);
  source->row = umbra_public_magnitude(folded);
  return UMBRA_OK;
}

static umbra_status fill(source_job *job, umbra_transform_source *source, int values) {
  visit_all(job, mark);
  if (!job->desc->rotations) turn_candidates(job);
  number_diagonals(job);
  find_period(job);
  UMBRA_TRY(make_diagonals(job, values));
  visit_all(job, put);
  UMBRA_TRY(check_finite(job));
  return set_bounds(job, source);
}

static umbra_status allocate(source_job *job) {
  const size_t cells = job->maps * job->candidates;
  UMBRA_TRY(umbra_alloc(&job->rotation, job->candidates, sizeof *job->rotation, "the rotations of a linear map"));
  UMBRA_TRY(umbra_alloc(&job->place, cells, sizeof *job->place, "the diagonals of a linear map"));
  UMBRA_TRY(umbra_alloc(&job->sum, job->maps * job->slots, sizeof *job->sum, "the bounds of a linear map"));
  for (size_t k = 0; k < job->candidates; k++)
    job->rotation[k] = job->desc->rotations ? job->desc->rotations[k] : (int32_t)k;
  return UMBRA_OK;
}

/* ---- sizes ---- */

static umbra_status lay_out_matrix(source_job *job, uint32_t most_slots) {
  const umbra_transform_desc *desc = job->desc;
  const size_t most = desc->slots ? desc->slots : most_slots;
  if (!desc->rows || !desc->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a linear map needs rows and columns, or rotations: it has %zu x %zu", desc->rows, desc->columns);
  if (desc->columns > most)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu columns do not fit into %zu slots: add up maps of parts of them",
                      desc->columns, most);
  if (desc->slots) {
    job->in = job->out = desc->slots;
  } else {
    job->in = 1u << umbra_ceil_log2((uint32_t)desc->columns);
    job->out = 1u << umbra_ceil_log2((uint32_t)(desc->rows < most ? desc->rows : most));
  }
  job->slots = job->in > job->out ? job->in : job->out;
  job->candidates = period_of(job);
  job->maps = ((desc->rows - 1) >> __builtin_ctz(job->out)) + 1;
  return UMBRA_OK;
}

static umbra_status check_rotations(const source_job *job) {
  uint8_t *taken;
  UMBRA_TRY(umbra_alloc(&taken, job->slots, 1, "the rotations of a linear map"));
  size_t k = 0;
  while (k < job->candidates && !taken[umbra_rotation_of(job->desc->rotations[k], job->slots)]++) k++;
  umbra_free(taken);
  if (k == job->candidates) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "rotations[%zu] of a linear map is %d, which it has before, modulo %u", k,
                    (int)job->desc->rotations[k], job->slots);
}

static umbra_status lay_out_diagonals(source_job *job, uint32_t most_slots) {
  const umbra_transform_desc *desc = job->desc;
  job->slots = job->in = job->out = desc->slots ? desc->slots : most_slots;
  job->candidates = desc->diagonals;
  job->maps = desc->outputs ? desc->outputs : 1;
  if (!job->candidates || job->candidates > job->slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a linear map of %u slots has from 1 to %u diagonals, not %zu",
                      job->slots, job->slots, desc->diagonals);
  return check_rotations(job);
}

/*
 * Before values are looked at: without them none is known to be 0, and of a map with r rows and c columns the diagonals
 * are as many as the larger of these, up to the period.
 */
static size_t least_diagonals(const source_job *job) {
  const umbra_transform_desc *desc = job->desc;
  if (desc->values || desc->bound == 0) return job->maps;
  if (desc->rotations) return job->maps * job->candidates;
  const size_t before = job->maps - 1, rows = desc->rows - before * job->out;
  const size_t longer = rows > desc->columns ? rows : desc->columns, period = period_of(job);
  return before * period + (longer < period ? longer : period);
}

static umbra_status lay_out(source_job *job, uint32_t most_slots) {
  const umbra_transform_desc *desc = job->desc;
  if (desc->slots > most_slots || (desc->slots & (desc->slots - 1)))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "slots is %u: it must be a power of two up to %u", desc->slots,
                      most_slots);
  UMBRA_TRY(desc->rotations ? lay_out_diagonals(job, most_slots) : lay_out_matrix(job, most_slots));
  if (job->maps <= UINT16_MAX && least_diagonals(job) <= UINT16_MAX) return UMBRA_OK; /* no plan has more */
  return umbra_fail(UMBRA_ERROR_RANGE, "a linear map of %zu outputs of %u slots has more than %d diagonals", job->maps,
                    job->out, UINT16_MAX);
}

umbra_status umbra_transform_source_create(umbra_transform_source *source, const umbra_transform_desc *desc,
                                           uint32_t most_slots, int values) {
  umbra_transform_source made = {0};
  source_job job = {.desc = desc, .made = &made.diagonals};
  UMBRA_TRY(lay_out(&job, most_slots));
  made.slots_in = job.in;
  made.slots_out = job.out;
  umbra_status status = allocate(&job);
  if (status == UMBRA_OK) status = fill(&job, &made, values);
  umbra_free(job.rotation);
  umbra_free(job.place);
  umbra_free(job.sum);
  if (status == UMBRA_OK) *source = made;
  else umbra_diagonals_destroy(&made.diagonals);
  return status;
}
