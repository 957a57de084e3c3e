/* SPDX-License-Identifier: Apache-2.0 */
/* Which diagonals a convolution has, and what is on them. */
#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../circuits/transform/transform_plan.h"
#include "../ckks/encoder_vector.h"
#include "convolution.h"

/* ---- values ---- */

static double value_at(const umbra_convolution *c, const umbra_pixel *to, const umbra_pixel *from) {
  const umbra_convolution_desc *d = &c->desc;
  if (from->channel < 0 || from->group != to->group) return 0;
  const int64_t i = umbra_convolution_tap((int64_t)from->y - to->y, d->kernel_y, d->dilation_y);
  const int64_t j = umbra_convolution_tap((int64_t)from->x - to->x, d->kernel_x, d->dilation_x);
  if (i < 0 || j < 0) return 0;
  if (c->average) return c->share[to - c->to];
  return umbra_convolution_weight(c, (uint32_t)to->channel, (uint32_t)from->channel, (uint32_t)i, (uint32_t)j);
}

typedef struct fill_job {
  double *pairs;
  const umbra_convolution_unit *unit;
  size_t k;
} fill_job;

static void fill_stretch(const void *data, uint32_t stretch) {
  const fill_job *job = data;
  const umbra_convolution_unit *u = job->unit;
  const umbra_convolution *c = u->convolution;
  const uint32_t in = c->in.slots, out = c->out.slots, first = stretch * UMBRA_STRETCH;
  const uint32_t end = (uint32_t)umbra_stretch_end(stretch, umbra_convolution_slots(c));
  const uint32_t rotation = (uint32_t)u->diagonals.rotation[job->k];
  const umbra_pixel *to = c->to + (size_t)u->output[u->diagonals.map[job->k]] * out;
  const umbra_pixel *re = c->from + u->re * in, *im = c->from + u->im * in;
  const double factor = c->paired ? 0.5 : 1;
  double *pairs = job->pairs + 2 * (size_t)first;
  for (uint32_t j = first; j < end; j++, pairs += 2) {
    const umbra_pixel *at = &to[j & (out - 1)];
    pairs[0] = pairs[1] = 0;
    if (at->channel < 0) continue;
    pairs[0] = factor * value_at(c, at, &re[(j + rotation) & (in - 1)]);
    if (u->paired) pairs[1] = -factor * value_at(c, at, &im[(j + rotation + u->shift) & (in - 1)]);
  }
}

/* Diagonal k of a unit. */
static void fill(double *pairs, size_t k, const void *source) {
  const umbra_convolution_unit *u = source;
  const umbra_convolution *c = u->convolution;
  umbra_each_stretch(c->context, umbra_convolution_slots(c), fill_stretch, &(fill_job){pairs, u, k});
}

/* ---- which rotations there are ---- */

/* Diagonals in the making: rotations from -unit/2 up to period - unit/2, so that those within a plane are near 0. */
typedef struct marks {
  const umbra_convolution *convolution;
  umbra_watch *watch;
  uint64_t begin, end;    /* positions of the unit's input */
  uint32_t period, plane; /* the least of a plane and the period */
  size_t outputs;         /* ciphertexts */
  uint8_t *used;          /* [outputs][period] */
  uint8_t *reached;       /* [outputs]: whether any is used */
} marks;

/* The place among the rotations of what is congruent to them modulo the period. */
static size_t place_of(const marks *m, int64_t rotation) {
  return (size_t)((rotation + m->plane / 2) & (int64_t)(m->period - 1));
}

static int32_t rotation_at(const marks *m, size_t place) { return (int32_t)place - (int32_t)(m->plane / 2); }

static void use(const marks *m, size_t output, int64_t rotation) {
  m->used[output * m->period + place_of(m, rotation)] = 1;
  m->reached[output] = 1;
}

static void mark(const marks *m, uint64_t to, uint64_t from) {
  const umbra_feature_layout *in = &m->convolution->in, *out = &m->convolution->out;
  if (from < m->begin || from >= m->end) return;
  const int64_t rotation = (int64_t)(from % in->slots) - (int64_t)(to % out->slots);
  use(m, to / out->slots, rotation);
}

/* Whether every pixel of an output channel is as far from what a tap reads. */
static int is_regular(const umbra_convolution *c) {
  return c->in.row == c->out.row && c->out.gap_y == (uint64_t)c->in.gap_y * c->desc.stride_y &&
         c->out.gap_x == (uint64_t)c->in.gap_x * c->desc.stride_x && c->in.plane <= c->in.slots &&
         c->out.plane <= c->out.slots;
}

static int is_row_in_unit(const marks *m, uint64_t row) {
  return row < m->end && row + m->convolution->in.row > m->begin;
}

/* Of a tap from channel `from` to `to`, whose positions these are; in both directions (y, x). */
static void mark_tap(const marks *m, uint64_t to, uint64_t from, uint32_t i, uint32_t j) {
  const umbra_convolution *c = m->convolution;
  const umbra_convolution_desc *d = &c->desc;
  const int once = is_regular(c);
  for (uint32_t y = 0; y < c->out.height && umbra_watch_goes_on(m->watch); y++) {
    const int64_t at_y = (int64_t)d->stride_y * y + (int64_t)d->dilation_y * i - d->pad_top;
    if (at_y < 0 || at_y >= c->in.height) continue;
    if (!is_row_in_unit(m, from + umbra_feature_pixel(&c->in, (uint32_t)at_y, 0))) continue;
    for (uint32_t x = 0; x < c->out.width; x++) {
      const int64_t at_x = (int64_t)d->stride_x * x + (int64_t)d->dilation_x * j - d->pad_left;
      if (at_x < 0 || at_x >= c->in.width) continue;
      mark(m, to + umbra_feature_pixel(&c->out, y, x),
           from + umbra_feature_pixel(&c->in, (uint32_t)at_y, (uint32_t)at_x));
      if (once) return;
    }
  }
}

static void mark_channels(const marks *m, uint32_t o, uint32_t channel) {
  const umbra_convolution *c = m->convolution;
  const umbra_convolution_desc *d = &c->desc;
  const uint32_t group = c->in.channels / d->groups;
  const uint64_t from = umbra_feature_channel(&c->in, channel), to = umbra_feature_channel(&c->out, o);
  const uint64_t taps = (uint64_t)d->kernel_y * d->kernel_x;
  for (uint64_t tap = 0; tap < taps && umbra_watch_goes_on(m->watch); tap++) {
    const uint32_t i = (uint32_t)(tap / d->kernel_x), j = (uint32_t)(tap % d->kernel_x);
    if (umbra_convolution_weight(c, o, channel % group, i, j) != 0) mark_tap(m, to, from, i, j);
  }
}

static umbra_status mark_all(const marks *m) {
  const umbra_convolution *c = m->convolution;
  const uint32_t in_group = c->in.channels / c->desc.groups, out_group = c->out.channels / c->desc.groups;
  uint32_t first, end;
  umbra_feature_channels_within(&c->in, &first, &end, m->begin, m->end);
  for (uint32_t channel = first; channel < end; channel++)
    for (uint32_t k = 0; k < out_group; k++) {
      mark_channels(m, channel / in_group * out_group + k, channel);
      UMBRA_TRY(umbra_watch_check(m->watch));
    }
  return UMBRA_OK;
}

/* ---- diagonals ---- */

static size_t count_used(const uint8_t *used, size_t count) {
  size_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += used[i];
  return sum;
}

/* Of all outputs. */
static size_t count_diagonals(const marks *m) {
  size_t sum = 0;
  for (size_t j = 0; j < m->outputs; j++)
    if (m->reached[j]) sum += count_used(m->used + j * m->period, m->period);
  return sum;
}

/* What is marked, of the maps that have any. */
static umbra_status list_diagonals(umbra_convolution_unit *u, const marks *m) {
  const umbra_convolution *c = m->convolution;
  const size_t count = count_diagonals(m);
  const uint32_t slots = umbra_convolution_slots(c);
  size_t k = 0;
  if (!count) return UMBRA_OK;
  if (count > UINT16_MAX)
    return umbra_fail(UMBRA_ERROR_RANGE, "a convolution of %zu diagonals is too large: its layouts do not go together",
                      count);
  UMBRA_TRY(umbra_diagonals_create(&u->diagonals, slots, slots, count, 0));
  umbra_diagonals *d = &u->diagonals;
  d->fill = fill;
  d->source = u;
  d->maps = 0;
  UMBRA_TRY(umbra_alloc(&d->map, count, sizeof *d->map, "the diagonals of a convolution"));
  for (size_t j = 0; j < m->outputs; j++) {
    const uint8_t *used = m->used + j * m->period;
    if (!m->reached[j]) continue;
    for (size_t i = 0; i < m->period; i++) {
      if (!used[i]) continue;
      d->rotation[k] = rotation_at(m, i);
      d->map[k++] = d->maps;
    }
    u->output[d->maps++] = (uint32_t)j;
  }
  return UMBRA_OK;
}

/* Upper halves join lower ones, as imaginary parts. */
static void halve(const marks *m) {
  const size_t half = m->period / 2;
  for (size_t j = 0; j < m->outputs; j++) {
    uint8_t *used = m->used + j * m->period;
    if (!m->reached[j]) continue;
    for (size_t i = 0; i < half; i++) {
      used[i] |= used[i + half];
      used[i + half] = 0;
    }
  }
}

/* ---- whether to halve ---- */

/* With encoding, also where that is done before: results do not depend on when. */
static umbra_status cost_of(uint64_t *cost, const umbra_convolution *c, const umbra_diagonals *d) {
  const umbra_chain *chain = umbra_context_chain(c->context);
  const umbra_transform_shape shape = {.slots = d->slots,
                                       .period = d->period,
                                       .count = d->count,
                                       .rotation = d->rotation,
                                       .map = d->map,
                                       .maps = d->maps,
                                       .level = c->desc.level};
  umbra_transform_plan *plan;
  UMBRA_TRY(umbra_transform_plan_create(&plan, chain, &shape));
  *cost = plan->cost + d->count * umbra_transform_encoding_cost(chain, c->desc.level);
  umbra_transform_plan_destroy(plan);
  return UMBRA_OK;
}

static void forget_diagonals(umbra_convolution_unit *u) { umbra_diagonals_destroy(&u->diagonals); }

/* Of one ciphertext: x, or x + i x' with a rotation of its own and a conjugation of every output. */
static umbra_status list_better(umbra_convolution_unit *u, umbra_convolution *c, const marks *m) {
  uint64_t whole, halved;
  const uint64_t rotation = umbra_transform_rotation_cost(umbra_context_chain(c->context), c->desc.level);
  const uint64_t extra = (1 + (c->paired ? 0 : umbra_feature_parts(&c->out))) * rotation;
  UMBRA_TRY(list_diagonals(u, m));
  if (!u->diagonals.count || m->period < 2 * m->plane) return UMBRA_OK;
  UMBRA_TRY(cost_of(&whole, c, &u->diagonals));
  umbra_convolution_unit other = *u;
  other.diagonals = (umbra_diagonals){0};
  halve(m);
  umbra_status status = list_diagonals(&other, m);
  if (status == UMBRA_OK) status = cost_of(&halved, c, &other.diagonals);
  if (status != UMBRA_OK || halved + extra >= whole) {
    forget_diagonals(&other);
    return status;
  }
  forget_diagonals(u);
  u->diagonals = other.diagonals;
  u->diagonals.source = u;
  u->im = u->re;
  u->shift = m->period / 2;
  u->paired = c->paired = 1;
  return UMBRA_OK;
}

/* ---- units ---- */

/* Outputs that no weight reaches get a diagonal of zeros in the last unit. */
static umbra_status cover_outputs(const umbra_convolution *c, const marks *m) {
  uint8_t *covered;
  UMBRA_TRY(umbra_alloc(&covered, m->outputs, 1, "the outputs of a convolution"));
  for (size_t i = 0; i < c->units; i++)
    for (uint32_t k = 0; k < c->unit[i].diagonals.maps; k++) covered[c->unit[i].output[k]] = 1;
  for (size_t j = 0; j < m->outputs; j++)
    if (!covered[j] && !m->reached[j]) use(m, j, 0);
  umbra_free(covered);
  return UMBRA_OK;
}

static umbra_status list_unit(umbra_convolution *c, size_t i, const marks *m) {
  umbra_convolution_unit *u = &c->unit[i];
  UMBRA_TRY(mark_all(m));
  if (i + 1 == c->units) UMBRA_TRY(cover_outputs(c, m));
  const size_t maps = count_used(m->reached, m->outputs);
  UMBRA_TRY(umbra_alloc(&c->maps.target[i], maps, sizeof *u->output, "the outputs of a convolution"));
  u->output = c->maps.target[i];
  return u->paired ? list_diagonals(u, m) : list_better(u, c, m);
}

static umbra_status make_unit(umbra_convolution *c, size_t i, umbra_watch *watch) {
  const size_t parts = umbra_feature_parts(&c->in);
  umbra_convolution_unit *u = &c->unit[i];
  const uint32_t period = umbra_convolution_period(c);
  *u = (umbra_convolution_unit){.convolution = c, .re = 2 * i, .im = 2 * i + 1, .paired = 2 * i + 1 < parts};
  marks m = {.convolution = c,
             .watch = watch,
             .begin = (uint64_t)u->re * c->in.slots,
             .end = (uint64_t)(u->paired ? u->im + 1 : u->re + 1) * c->in.slots,
             .period = period,
             .plane = c->in.plane < period ? c->in.plane : period,
             .outputs = umbra_feature_parts(&c->out)};
  UMBRA_TRY(umbra_alloc(&m.used, m.outputs * period, 1, "the rotations of a convolution"));
  umbra_status status = umbra_alloc(&m.reached, m.outputs, 1, "the rotations of a convolution");
  if (status == UMBRA_OK) status = list_unit(c, i, &m);
  umbra_free(m.reached);
  umbra_free(m.used);
  return status;
}

/* Bounds of complex numbers of two halves. */
static void set_bounds(umbra_convolution *c) {
  for (size_t i = 0; i < c->units; i++) {
    umbra_diagonals *d = &c->unit[i].diagonals;
    d->entry = c->paired ? c->entry * sqrt(0.5) : c->entry;
    d->row = c->paired ? c->row / 2 : c->row;
  }
  c->maps.norm = c->paired ? c->row / 2 : c->row;
}

umbra_status umbra_convolution_make_units(umbra_convolution *c, umbra_watch *watch) {
  const size_t parts = umbra_feature_parts(&c->in);
  c->paired = parts > 1;
  const size_t units = (parts + 1) / 2;
  c->maps = (umbra_slot_maps){.level = c->desc.level,
                              .ring = umbra_convolution_slots(c),
                              .slots = c->out.slots,
                              .inputs = units,
                              .outputs = umbra_feature_parts(&c->out)};
  UMBRA_TRY(umbra_alloc(&c->maps.transform, units, sizeof *c->maps.transform, "a convolution"));
  UMBRA_TRY(umbra_alloc(&c->maps.target, units, sizeof *c->maps.target, "a convolution"));
  UMBRA_TRY(umbra_alloc(&c->unit, units, sizeof *c->unit, "a convolution"));
  c->units = units;
  for (size_t i = 0; i < units; i++) UMBRA_TRY(make_unit(c, i, watch));
  set_bounds(c);
  return UMBRA_OK;
}
