/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hoisted: sums of products of rotated inputs with diagonals, P times and never divided (P: see ring/decompose.h); those
 * of giant steps are divided once by P, in the polynomial that needs a key switch, and the sum of all by P and the level's
 * primes together.
 *
 * With few keys: the input goes up through the baby steps, and the sums come down through the giant steps by Horner's
 * rule, both by rotations of one step.
 */
#include <math.h>

#include "../../base/error.h"
#include "../../base/integers.h"
#include "../../base/memory.h"
#include "../../ckks/ciphertext_internal.h"
#include "../../ckks/find_key.h"
#include "../../ckks/galois.h"
#include "../../ckks/noise.h"
#include "../../ckks/trace.h"
#include "../../ring/divide.h"
#include "../../ring/hoist.h"
#include "../../ring/ops.h"
#include "../../ring/residence.h"
#include "../../ring/whole.h"
#include "transform_encoder.h"

/* Diagonals that are encoded at use at a time, if a giant step has no more: 64 MiB of coefficients at n = 2^16. */
enum { MOST_DIAGONALS_AT_A_TIME = 128 };

typedef struct transform_job {
  umbra_evaluator *evaluator;
  const umbra_transform *transform;
  const umbra_transform_plan *plan;
  umbra_ring *ring;
  umbra_stream *stream;
  umbra_window window;
  uint32_t auxes;
  umbra_view x;       /* 2 polynomials over window */
  umbra_scaled *made; /* of each map, at the level below */
} transform_job;

/* The key of a rotation, as one of the map's slots, by which maps of as many share keys; key without one: none is needed. */
static umbra_status find_key(const transform_job *job, umbra_rotation *found, int32_t rotation) {
  const umbra_eval_key *entry;
  const uint32_t slots = job->plan->slots, steps = umbra_rotation_of(rotation, slots);
  *found = (umbra_rotation){.galois = 1};
  UMBRA_TRY(umbra_find_rotation(&entry, job->evaluator, (int32_t)steps, slots, job->plan->level));
  if (entry) *found = umbra_key_rotation(entry, job->ring);
  return UMBRA_OK;
}

static umbra_status find_keys(const transform_job *job, umbra_rotation *found, const int32_t *rotation,
                              uint32_t count) {
  for (uint32_t i = 0; i < count; i++) UMBRA_TRY(find_key(job, &found[i], rotation[i]));
  return UMBRA_OK;
}

/* ---- plaintexts of a giant step ---- */

/* Room for one row of them, of a transform that encodes at use. */
typedef struct plain_row {
  umbra_poly plain;
  umbra_diagonal_encoder encoder;
} plain_row;

static void row_close(plain_row *row, const transform_job *job) {
  umbra_diagonal_encoder_close(&row->encoder);
  umbra_poly_destroy(&row->plain, job->ring);
}

static umbra_status row_open(plain_row *row, const transform_job *job) {
  UMBRA_TRY(umbra_poly_create(&row->plain, job->ring, job->plan->babies, job->window, job->auxes, "encoded diagonals"));
  row->plain.secret = 1;
  umbra_status status =
      umbra_diagonal_encoder_open(&row->encoder, job->transform, &job->transform->diagonals, job->stream, 0);
  if (status != UMBRA_OK) row_close(row, job);
  return status;
}

/* Those that are encoded already, or are now. row: where, if they are not. */
static umbra_status row_plains(umbra_view *plains, const transform_job *job, const plain_row *row, uint32_t giant) {
  const uint32_t babies = job->plan->babies, first = giant * babies;
  const int at_use = umbra_transform_encodes_at_use(job->transform);
  const umbra_poly *plain = at_use ? &row->plain : &job->transform->plain;
  *plains = umbra_poly_subview(plain, job->ring, at_use ? 0 : first, babies, job->window, job->auxes);
  for (uint32_t b = 0; at_use && b < babies; b++) UMBRA_TRY(umbra_diagonal_encode(&row->encoder, plain, b, first + b));
  return UMBRA_OK;
}

/* ---- hoisted ---- */

/* Pair g of the sums. */
static umbra_view sum_view(const transform_job *job, const umbra_poly *sums, uint32_t g) {
  return umbra_poly_subview(sums, job->ring, 2 * g, 2, job->window, sums->aux);
}

/* One polynomial, the first or the second, of each of those pairs. */
static umbra_view sum_parts(const transform_job *job, const umbra_poly *sums, uint32_t part, uint32_t first,
                            uint32_t count) {
  umbra_view view = umbra_poly_subview(sums, job->ring, 2 * first + part, 2 * count - 1, job->window, sums->aux);
  view.polys = count;
  view.stride *= 2;
  return view;
}

/* total += sums [first, first + count), each turned by its giant step. */
static umbra_status add_turned(const transform_job *job, const umbra_view *total, const umbra_poly *sums,
                               const umbra_rotation *giant, uint32_t first, uint32_t count) {
  umbra_poly divided;
  UMBRA_TRY(umbra_poly_create(&divided, job->ring, count, job->window, 0, "a giant step"));
  umbra_view to = umbra_poly_view(&divided, job->ring);
  umbra_view init = sum_parts(job, sums, 0, first, count), x = sum_parts(job, sums, 1, first, count);
  umbra_dividend dividend = umbra_dividend_of_switch(umbra_ring_chain(job->ring), &x, job->window);
  umbra_switch_add_of of = {.x = &to, .init = &init, .window = job->window, .rotation = giant + first};
  umbra_status status = umbra_divide(job->ring, job->stream, &to, job->window, &dividend, NULL);
  if (status == UMBRA_OK) status = umbra_switch_add(job->ring, job->stream, total, &of);
  umbra_poly_destroy(&divided, job->ring);
  return status;
}

/* Sums from `first` on, before `end` and `but`, that are turned together: all where launches cost, else one at a time. */
static uint32_t turned_together(const transform_job *job, const umbra_rotation *giant, uint32_t first, uint32_t end,
                                uint32_t but) {
  uint32_t count = 1;
  if (!umbra_ring_launch_limbs(job->ring)) return count;
  while (first + count < end && first + count != but && giant[first + count].key) count++;
  return count;
}

/* What is still to be divided by the level's primes, too, becomes that map's result. */
static umbra_status close_sum(const transform_job *job, const umbra_dividend *total, uint32_t map) {
  const umbra_context *context = job->transform->context;
  const uint32_t below = job->plan->level - 1;
  const umbra_view out = umbra_scaled_view(&job->made[map], context, below);
  return umbra_divide(job->ring, job->stream, &out, umbra_context_chain(context)->window[below], total, NULL);
}

/* The sum that is not turned takes the others of a map in; sums has a spare pair for maps that have none. */
static umbra_status join_sums(const transform_job *job, const umbra_poly *sums, const umbra_rotation *giant,
                              uint32_t map) {
  const uint32_t first = job->plan->first_giant[map], end = job->plan->first_giant[map + 1];
  uint32_t unturned = first;
  while (unturned < end && giant[unturned].key) unturned++;
  const int spare = unturned == end;
  umbra_view total = sum_view(job, sums, spare ? job->plan->giants : unturned);
  if (spare) umbra_ring_zero(job->ring, job->stream, &total);
  for (uint32_t g = first, now = 1; g < end; g += now, now = 1) {
    if (g == unturned) continue;
    umbra_view sum = sum_view(job, sums, g);
    if (!giant[g].key) {
      umbra_ring_add(job->ring, job->stream, &total, &total, &sum);
      continue;
    }
    now = turned_together(job, giant, g, end, unturned);
    UMBRA_TRY(add_turned(job, &total, sums, giant, g, now));
  }
  const umbra_dividend whole = umbra_dividend_of_switch(umbra_ring_chain(job->ring), &total, job->window);
  return close_sum(job, &whole, map);
}

/* Whether a map has no sum that is not turned. */
static int needs_spare(const umbra_transform_plan *plan, const umbra_rotation *giant) {
  for (uint32_t map = 0; map < plan->maps; map++) {
    uint32_t unturned = 0;
    for (uint32_t g = plan->first_giant[map]; g < plan->first_giant[map + 1]; g++) unturned += !giant[g].key;
    if (!unturned) return 1;
  }
  return 0;
}

/* Giant steps whose diagonals are encoded together: rotations are made anew for the next ones. */
static uint32_t giants_at_a_time(const umbra_transform_plan *plan) {
  return umbra_max_u32(MOST_DIAGONALS_AT_A_TIME / plan->babies, 1);
}

/* What diagonals go through until they are coefficients: of as many giant steps as are encoded together. */
typedef struct encoding_room {
  umbra_diagonal_encoder encoder;
  int64_t *coefficients; /* device memory */
  uint32_t *shift;
} encoding_room;

/* Sums of `count` giant steps from `first` on. */
static umbra_status add_up_encoding(const transform_job *job, const umbra_view *sums, const umbra_hoist *hoist,
                                    const encoding_room *room, uint32_t first, uint32_t count) {
  const uint32_t babies = job->plan->babies, cells = count * babies;
  const umbra_view part = umbra_view_polys(sums, 2 * first, 2 * count);
  umbra_hoist of_part = *hoist;
  of_part.plain = NULL;
  of_part.coefficients = (umbra_plain_coefficients){room->coefficients, room->shift, cells};
  for (uint32_t i = 0; i < cells; i++)
    UMBRA_TRY(umbra_diagonal_coefficients(&room->encoder, room->coefficients + (size_t)i * umbra_ring_n(job->ring),
                                          &room->shift[i], first * babies + i));
  return umbra_hoisted_sums(job->ring, job->stream, &part, &of_part);
}

static umbra_status sums_of_coefficients(const transform_job *job, const umbra_view *sums, const umbra_hoist *hoist) {
  const umbra_transform_plan *plan = job->plan;
  const uint32_t most = umbra_min_u32(giants_at_a_time(plan), plan->giants), cells = most * plan->babies;
  const size_t bytes = cells * sizeof(int64_t) * umbra_ring_n(job->ring);
  encoding_room room = {0};
  void *memory = NULL;
  UMBRA_TRY(umbra_alloc(&room.shift, cells, sizeof *room.shift, "encoded diagonals"));
  umbra_status status =
      umbra_diagonal_encoder_open(&room.encoder, job->transform, &job->transform->diagonals, job->stream, 0);
  if (status == UMBRA_OK) status = umbra_ring_take(job->ring, &memory, bytes, "encoded coefficients");
  room.coefficients = memory;
  for (uint32_t first = 0; first < plan->giants && status == UMBRA_OK; first += most)
    status = add_up_encoding(job, sums, hoist, &room, first, umbra_min_u32(most, plan->giants - first));
  umbra_diagonal_encoder_close(&room.encoder);
  if (memory) umbra_ring_give(job->ring, memory, bytes);
  umbra_free(room.shift);
  return status;
}

static umbra_status make_whole(double *parts, int *empty, uint32_t i, const void *source) {
  return umbra_diagonal_whole(source, parts, empty, i);
}

static umbra_status sums_of_whole(const transform_job *job, const umbra_view *sums, const umbra_hoist *hoist) {
  const uint32_t n = umbra_ring_n(job->ring), period = job->transform->diagonals.period;
  umbra_diagonal_encoder encoder;
  umbra_status status =
      umbra_diagonal_encoder_open(&encoder, job->transform, &job->transform->diagonals, job->stream, 0);
  umbra_hoist at_use = *hoist;
  at_use.plain = NULL;
  at_use.whole = (umbra_plain_whole){make_whole, &encoder, umbra_ceil_log2(n / 2 / period)};
  if (status == UMBRA_OK) status = umbra_hoisted_sums(job->ring, job->stream, sums, &at_use);
  umbra_diagonal_encoder_close(&encoder);
  return status;
}

static umbra_status sums_at_use(const transform_job *job, const umbra_view *sums, const umbra_hoist *hoist) {
  return (umbra_ring_whole(job->ring) ? sums_of_whole : sums_of_coefficients)(job, sums, hoist);
}

static umbra_status run_hoisted(const transform_job *job, const umbra_rotation *baby, const umbra_rotation *giant) {
  const umbra_transform_plan *plan = job->plan;
  const int itself = !baby->key, spare = needs_spare(plan, giant);
  umbra_hoist hoist = {.x = &job->x,
                       .window = job->window,
                       .itself = itself,
                       .rotation = baby + itself,
                       .rotations = plan->babies - (uint32_t)itself,
                       .plain = &job->transform->plain};
  umbra_poly sums;
  UMBRA_TRY(umbra_poly_create(&sums, job->ring, 2 * (plan->giants + (uint32_t)spare), job->window, job->auxes,
                              "a linear map's sums"));
  umbra_view of_plan = umbra_poly_subview(&sums, job->ring, 0, 2 * plan->giants, job->window, sums.aux);
  umbra_status status = umbra_transform_encodes_at_use(job->transform)
                            ? sums_at_use(job, &of_plan, &hoist)
                            : umbra_hoisted_sums(job->ring, job->stream, &of_plan, &hoist);
  for (uint32_t map = 0; map < plan->maps && status == UMBRA_OK; map++) status = join_sums(job, &sums, giant, map);
  umbra_poly_destroy(&sums, job->ring);
  return status;
}

static umbra_status apply_hoisted(const transform_job *job) {
  const umbra_transform_plan *plan = job->plan;
  umbra_rotation *baby, *giant;
  UMBRA_TRY(umbra_alloc(&baby, (size_t)plan->babies + plan->giants, sizeof *baby, "a list of rotations"));
  giant = baby + plan->babies;
  umbra_status status = find_keys(job, baby, plan->baby, plan->babies);
  if (status == UMBRA_OK) status = find_keys(job, giant, plan->giant, plan->giants);
  if (status == UMBRA_OK) status = run_hoisted(job, baby, giant);
  umbra_free(baby);
  return status;
}

/* ---- with few keys ---- */

typedef struct chain_job {
  transform_job job;
  umbra_rotation stride, giant_step;
  umbra_poly room; /* pairs over window: [babies] rotated inputs, then three to work with */
  plain_row row;
} chain_job;

static umbra_view room_view(const chain_job *c, uint32_t pair) {
  return umbra_poly_subview(&c->room, c->job.ring, 2 * pair, 2, c->job.window, 0);
}

static umbra_status rotate(const chain_job *c, const umbra_view *dst, const umbra_view *src,
                           const umbra_rotation *rotation) {
  umbra_view c0 = umbra_view_poly(src, 0), c1 = umbra_view_poly(src, 1);
  umbra_window window = c->job.window;
  umbra_switch_of of = {.x = &c1, .window = window, .key = rotation->key, .init = &c0, .galois = rotation->galois};
  return umbra_switch(c->job.ring, c->job.stream, dst, window, &of);
}

/* *at = *at rotated that many times; the results alternate between two pairs to work with, and *at is one of them. */
static umbra_status walk(const chain_job *c, umbra_view *at, const umbra_rotation *rotation, int32_t steps) {
  for (; steps > 0; steps--) {
    umbra_view next = room_view(c, c->job.plan->babies);
    if (next.run->data == at->run->data) next = room_view(c, c->job.plan->babies + 1);
    UMBRA_TRY(rotate(c, &next, at, rotation));
    *at = next;
  }
  return UMBRA_OK;
}

static umbra_status fill_babies(const chain_job *c) {
  const umbra_transform_plan *plan = c->job.plan;
  umbra_view at = c->job.x;
  int32_t rotation = 0;
  for (uint32_t b = 0; b < plan->babies; b++) {
    umbra_view baby = room_view(c, b);
    UMBRA_TRY(walk(c, &at, &c->stride, (plan->baby[b] - rotation) / plan->stride));
    umbra_ring_copy(c->job.ring, c->job.stream, &baby, &at);
    rotation = plan->baby[b];
  }
  return UMBRA_OK;
}

static umbra_status sum_products(const chain_job *c, const umbra_view *dst, uint32_t giant) {
  const transform_job *job = &c->job;
  const uint32_t babies = job->plan->babies;
  const umbra_view rotated = umbra_poly_subview(&c->room, job->ring, 0, 2 * babies, job->window, 0);
  umbra_view plains;
  UMBRA_TRY(row_plains(&plains, job, &c->row, giant));
  umbra_ring_plain_products(job->ring, job->stream, dst, &plains, &rotated, babies, job->transform->plain.log_gap);
  return UMBRA_OK;
}

/* Rotates by the lowest giant step of a map, which chains of the others do not contain. */
static umbra_status turn_lowest(const chain_job *c, umbra_view *total, int32_t lowest) {
  umbra_rotation rotation;
  UMBRA_TRY(find_key(&c->job, &rotation, lowest));
  return rotation.key ? walk(c, total, &rotation, 1) : UMBRA_OK;
}

/* Horner's rule from the highest giant step of a map down. */
static umbra_status join_giants(const chain_job *c, umbra_view *total, uint32_t map) {
  const umbra_transform_plan *plan = c->job.plan;
  const uint32_t first = plan->first_giant[map], last = plan->first_giant[map + 1] - 1;
  umbra_view term = room_view(c, plan->babies + 2);
  *total = room_view(c, plan->babies);
  UMBRA_TRY(sum_products(c, total, last));
  for (uint32_t g = last; g-- > first;) {
    UMBRA_TRY(walk(c, total, &c->giant_step, (plan->giant[g + 1] - plan->giant[g]) / plan->giant_step));
    UMBRA_TRY(sum_products(c, &term, g));
    umbra_ring_add(c->job.ring, c->job.stream, total, total, &term);
  }
  return turn_lowest(c, total, plan->giant[first]);
}

static umbra_status join_all(const chain_job *c) {
  for (uint32_t map = 0; map < c->job.plan->maps; map++) {
    umbra_view total;
    UMBRA_TRY(join_giants(c, &total, map));
    const umbra_dividend whole = umbra_dividend_of(&total, c->job.window, 0);
    UMBRA_TRY(close_sum(&c->job, &whole, map));
  }
  return UMBRA_OK;
}

static umbra_status join_pinned(const chain_job *c) {
  UMBRA_TRY(umbra_poly_pin(&c->job.transform->plain, c->job.ring, c->job.stream));
  umbra_status status = join_all(c);
  umbra_poly_unpin(&c->job.transform->plain, c->job.ring);
  return status;
}

static umbra_status run_chains(chain_job *c) {
  UMBRA_TRY(fill_babies(c));
  if (!umbra_transform_encodes_at_use(c->job.transform)) return join_pinned(c);
  UMBRA_TRY(row_open(&c->row, &c->job));
  umbra_status status = join_all(c);
  row_close(&c->row, &c->job);
  return status;
}

static umbra_status apply_chains(const transform_job *job) {
  const umbra_transform_plan *plan = job->plan;
  chain_job c = {.job = *job};
  if (plan->baby[plan->babies - 1]) UMBRA_TRY(find_key(job, &c.stride, plan->stride));
  if (plan->giants > plan->maps) UMBRA_TRY(find_key(job, &c.giant_step, plan->giant_step));
  UMBRA_TRY(umbra_poly_create(&c.room, job->ring, 2 * (plan->babies + 3), job->window, 0, "a linear map's workspace"));
  umbra_status status = run_chains(&c);
  umbra_poly_destroy(&c.room, job->ring);
  return status;
}

/* ---- estimate ---- */

/* Standard deviation of so many independent key switches, with their divisions or not, at a scale. */
static double switch_error(const umbra_chain *chain, uint32_t level, umbra_log2 log_scale, uint32_t switches,
                           int divided) {
  umbra_estimate one = umbra_noise_switch((umbra_estimate){0}, chain, level);
  if (divided) one = umbra_noise_round(one, chain, level);
  return one.bound.error * sqrt(switches) * umbra_log2_to_double(chain->log_scale[level] - log_scale);
}

/* Of the longest way that a rotated input, and a sum, goes. */
static umbra_estimate estimate(const umbra_transform *transform, const umbra_scaled *in) {
  const umbra_chain *chain = umbra_context_chain(transform->context);
  const umbra_transform_plan *plan = transform->plan;
  uint32_t level = plan->level, ups = plan->min_key ? (uint32_t)(plan->baby[plan->babies - 1] / plan->stride) : 1;
  umbra_log2 log_product = in->log_scale + transform->log_scale;
  umbra_log2 log_out = umbra_transform_log_scale(transform, in->log_scale);
  umbra_estimate x = umbra_noise_add_error(in->estimate, switch_error(chain, level, in->log_scale, ups, plan->min_key));
  umbra_estimate out = umbra_noise_mul(x, transform->factor);
  out = umbra_noise_add_error(out, switch_error(chain, level, log_product, plan->key_switches, 1));
  return umbra_noise_round_at(out, chain, log_out);
}

/* ---- the call ---- */

static umbra_status make_outs(const transform_job *job, umbra_log2 log_scale) {
  for (uint32_t map = 0; map < job->plan->maps; map++)
    UMBRA_TRY(umbra_scaled_make(&job->made[map], job->transform->context, job->plan->level - 1, log_scale));
  return UMBRA_OK;
}

static umbra_status apply(const transform_job *job, const umbra_scaled *in) {
  const umbra_estimate of_one = estimate(job->transform, in);
  UMBRA_TRY(make_outs(job, umbra_transform_log_scale(job->transform, in->log_scale)));
  UMBRA_TRY(job->plan->min_key ? apply_chains(job) : apply_hoisted(job));
  for (uint32_t map = 0; map < job->plan->maps; map++) umbra_scaled_declare(&job->made[map], of_one);
  return UMBRA_OK;
}

umbra_status umbra_transform_apply_scaled(umbra_evaluator *evaluator, umbra_scaled *outs, const umbra_scaled *in,
                                          const umbra_transform *transform) {
  UMBRA_TRACE(evaluator, "transform", in);
  const umbra_context *context = transform->context;
  const umbra_chain *chain = umbra_context_chain(context);
  const uint32_t level = transform->plan->level, maps = transform->plan->maps;
  if (!umbra_level_contains(chain, in->level, level))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a linear map of level %u cannot take an input of level %u", level,
                      in->level);
  umbra_scaled *made;
  UMBRA_TRY(umbra_alloc(&made, maps, sizeof *made, "results of linear maps"));
  const transform_job job = {.evaluator = evaluator,
                             .transform = transform,
                             .plan = transform->plan,
                             .ring = context->ring,
                             .stream = evaluator->stream,
                             .window = chain->window[level],
                             .auxes = umbra_transform_auxes(transform),
                             .x = umbra_scaled_view(in, context, level),
                             .made = made};
  umbra_status status = apply(&job, in);
  for (uint32_t map = 0; map < maps; map++) {
    if (status == UMBRA_OK) outs[map] = made[map];
    else umbra_scaled_destroy(&made[map], context);
  }
  umbra_free(made);
  return status;
}
