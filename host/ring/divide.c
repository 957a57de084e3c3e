/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Centred remainder z of (prod R * x / S) modulo prod D by base conversion with its overflow as one more row; then
 * y = (prod R * x / S - z) / prod D, limb by limb, where x counts as 0 on restored primes (they divide prod R).
 */
#include "divide.h"

#include "../../kernels/modarith.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "ops.h"
#include "ring_internal.h"
#include "whole.h"

struct umbra_division {
  umbra_window from, to;
  uint32_t aux, spared;
  uint32_t front, back;               /* dropped limbs at the front and back of `from` */
  uint32_t dropped;                   /* front + back + aux */
  uint32_t kept_first, kept_end;      /* limbs of `to` that `from` has too */
  uint32_t closing[UMBRA_MAX_PRIMES]; /* for the inverse transform of a dropped limb: prod R / (S prod D / d) mod d */
  uint32_t of_x[UMBRA_MAX_PRIMES];    /* by limb of `to`: prod R / (S prod D) */
  uint32_t of_z[UMBRA_MAX_PRIMES];    /* by limb of `to`: 1 / prod D */
  umbra_conversion *conversion;
  umbra_division *next;
};

/* Positions of a \ b, and how many of them lie before b. */
static uint32_t difference(uint16_t *position, umbra_window a, umbra_window b, uint32_t *front) {
  uint32_t a_end = umbra_window_end(a), b_end = umbra_window_end(b);
  uint32_t front_end = b.first < a_end ? b.first : a_end;
  *front = front_end > a.first ? front_end - a.first : 0;
  uint32_t count = umbra_positions_append(position, 0, a.first, a.first + *front);
  uint32_t back_first = b_end > a.first + *front ? b_end : a.first + *front;
  return umbra_positions_append(position, count, back_first, a_end);
}

umbra_log2 umbra_divide_log_ratio(const umbra_chain *chain, umbra_window from, umbra_window to) {
  return umbra_chain_log_product(chain, from.first, from.count) - umbra_chain_log_product(chain, to.first, to.count);
}

static void set_kept(umbra_division *plan) {
  uint32_t first = plan->from.first > plan->to.first ? plan->from.first : plan->to.first;
  uint32_t from_end = umbra_window_end(plan->from), to_end = umbra_window_end(plan->to);
  uint32_t end = from_end < to_end ? from_end : to_end;
  if (end < first) end = first = plan->to.first;
  plan->kept_first = first - plan->to.first;
  plan->kept_end = end - plan->to.first;
}

static umbra_status fill_plan(umbra_division *plan, umbra_ring *ring) {
  const umbra_chain *chain = &ring->params->chain;
  uint16_t drop[2 * UMBRA_MAX_PRIMES], restore[2 * UMBRA_MAX_PRIMES];
  uint32_t ignored;
  uint32_t chain_dropped = difference(drop, plan->from, plan->to, &plan->front);
  uint32_t restored = difference(restore, plan->to, plan->from, &ignored);
  uint32_t aux = umbra_chain_aux(chain), spared = aux + plan->aux;
  plan->back = chain_dropped - plan->front;
  plan->dropped = umbra_positions_append(drop, chain_dropped, aux, aux + plan->aux);
  umbra_positions_append(drop, plan->dropped, spared, spared + plan->spared);
  set_kept(plan);
  uint32_t all = plan->dropped + plan->spared;
  for (uint32_t i = 0; i < plan->dropped; i++) {
    uint32_t d = chain->prime[drop[i]];
    uint32_t inverse = umbra_mod_inv(umbra_ring_product(ring, drop, all, i, d), d);
    plan->closing[i] = umbra_mod_mul(umbra_ring_product(ring, restore, restored, restored, d), inverse, d);
  }
  for (uint32_t t = 0; t < plan->to.count; t++) {
    uint32_t m = chain->prime[plan->to.first + t];
    uint32_t inverse = umbra_mod_inv(umbra_ring_product(ring, drop, all, all, m), m);
    plan->of_z[t] = umbra_mod_inv(umbra_ring_product(ring, drop, plan->dropped, plan->dropped, m), m);
    plan->of_x[t] = umbra_mod_mul(umbra_ring_product(ring, restore, restored, restored, m), inverse, m);
  }
  uint16_t target[UMBRA_MAX_PRIMES];
  umbra_positions_append(target, 0, plan->to.first, umbra_window_end(plan->to));
  const umbra_bases bases = {
      .source = drop, .target = target, .sources = plan->dropped, .targets = plan->to.count, .exact = 1};
  return umbra_ring_make_conversion(&plan->conversion, ring, &bases);
}

/* The plan of that division, made on first use; the lock is held. */
static umbra_status find_plan(const umbra_division **out, umbra_ring *ring, const umbra_dividend *x, umbra_window to) {
  for (const umbra_division *plan = ring->divisions; plan; plan = plan->next)
    if (umbra_window_equal(plan->from, x->window) && umbra_window_equal(plan->to, to) && plan->aux == x->aux &&
        plan->spared == x->spared) {
      *out = plan;
      return UMBRA_OK;
    }
  umbra_division *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a division"));
  *made = (umbra_division){.from = x->window, .to = to, .aux = x->aux, .spared = x->spared, .next = ring->divisions};
  umbra_status status = fill_plan(made, ring);
  if (status != UMBRA_OK) {
    umbra_free(made);
    return status;
  }
  *out = ring->divisions = made;
  return UMBRA_OK;
}

void umbra_divisions_destroy(umbra_ring *ring) {
  while (ring->divisions) {
    umbra_division *plan = ring->divisions;
    ring->divisions = plan->next;
    ring->kernels->conversion_destroy(plan->conversion);
    umbra_free(plan);
  }
}

typedef struct division_job {
  umbra_ring *ring;
  umbra_stream *stream;
  const umbra_division *plan;
  const umbra_view *dst;
  const umbra_dividend *x;
  const int64_t *small;
  umbra_view remainder; /* dropped limbs: front, back, auxiliary; in the coefficient domain */
  uint32_t *scratch;    /* computed limbs of strips, then residues of `small` for as many */
} division_job;

/* Words of a limb of all polynomials. */
static size_t limb_words(const division_job *job) { return (size_t)umbra_ring_n(job->ring) * job->dst->polys; }

/* Limbs of working memory for strips of dropped limbs, or of the quotient's. */
static uint32_t scratch_room(const division_job *job) {
  return umbra_ring_strip_room(job->ring, umbra_max_u32(job->plan->to.count, job->plan->dropped));
}

/* A strip of working memory, beginning with that limb of it. */
static umbra_view scratch_like(const division_job *job, const umbra_view *view, uint32_t place) {
  return umbra_view_packed_like(view, job->scratch + place * limb_words(job), umbra_ring_n(job->ring));
}

/* ---- remainder ---- */

/* The limb of x that comes first among those dropped at the back. */
static uint32_t back_first(const umbra_division *plan) { return plan->from.count - plan->back; }

/* The dropped limbs in [first, end): those at the front of x, and where in x the others are. */
typedef struct dropped_part {
  uint32_t front, back_first, back;
} dropped_part;

static dropped_part part_of(const umbra_division *plan, uint32_t first, uint32_t end) {
  const uint32_t front_end = umbra_clamp_u32(plan->front, first, end);
  return (dropped_part){front_end - first, back_first(plan) + front_end - plan->front, end - front_end};
}

/* The remainder's place at `memory`. */
static umbra_view remainder_view(const division_job *job, uint32_t *memory) {
  const umbra_division *plan = job->plan;
  uint32_t n = umbra_ring_n(job->ring), polys = job->dst->polys;
  umbra_view front = umbra_view_packed(job->ring, memory, polys, plan->from, 0, plan->front);
  umbra_view back = umbra_view_packed(job->ring, memory, polys, plan->from, back_first(plan), plan->back + plan->aux);
  umbra_view_append(&front, &back);
  return umbra_view_packed_like(&front, memory, n);
}

/* Adds or subtracts the residues of `small` (coefficient domain) on a strip of limbs. */
static void combine_small(const division_job *job, const umbra_view *view, uint32_t place, umbra_binary_kernel *op) {
  const uint32_t computed = job->x->source ? scratch_room(job) : 0;
  umbra_view residues = scratch_like(job, view, computed + place);
  UMBRA_ENQUEUE(job->ring->kernels->from_i64, job->stream, &residues, job->small, 0);
  UMBRA_ENQUEUE(op, job->stream, view, view, &residues);
}

/* Limbs of jobs in step: `count` jobs, and strips counted from limb `first` on. */
typedef struct stretch {
  const division_job *jobs;
  size_t count;
  uint32_t first;
  int converts; /* strip by strip */
} stretch;

/* Limbs of `to` from `at` on = x's from `first` on. */
static void compute_limbs(const division_job *job, const umbra_view *to, uint32_t at, uint32_t first, uint32_t count,
                          uint32_t place) {
  if (!count) return;
  const umbra_view part = umbra_view_limbs_of(to, umbra_ring_n(job->ring), at, count);
  job->x->compute(job->x->source, &part, &(umbra_strip){first, count, place});
}

/* Limbs of the remainder: those of x that are dropped, in its own memory or computed to where they go, transformed. */
static void make_limbs(const division_job *job, uint32_t first, uint32_t count, uint32_t place) {
  const uint32_t n = umbra_ring_n(job->ring);
  const dropped_part part = part_of(job->plan, first, first + count);
  umbra_view to = umbra_view_limbs_of(&job->remainder, n, first, count), dropped = to;
  if (job->x->source) {
    compute_limbs(job, &to, 0, first, part.front, place);
    compute_limbs(job, &to, part.front, part.back_first, part.back, place);
  } else {
    const umbra_view back = umbra_view_limbs_of(&job->x->view, n, part.back_first, part.back);
    dropped = umbra_view_limbs_of(&job->x->view, n, first, part.front);
    umbra_view_append(&dropped, &back);
  }
  UMBRA_ENQUEUE(job->ring->kernels->ntt_inverse, job->stream, &to, &dropped, job->plan->closing + first);
  if (job->small) combine_small(job, &to, place, job->ring->kernels->add);
}

static void remainder_strip(const void *data, const umbra_strip *strip) {
  const stretch *s = data;
  for (size_t i = 0; i < s->count; i++) make_limbs(&s->jobs[i], s->first + strip->first, strip->count, strip->place);
}

/* Where the dropped limbs end that are made together from `first` on. Computed ones are a stretch of x, of a block. */
static uint32_t dropped_end(const division_job *job, uint32_t first) {
  const umbra_division *plan = job->plan;
  const uint32_t block = umbra_ring_cached_limbs(job->ring);
  if (!job->x->source || !block) return plan->dropped;
  return umbra_min_u32(first + block, first < plan->front ? plan->front : plan->dropped);
}

static void prepare_limbs(const division_job *job, uint32_t first, uint32_t count) {
  if (job->x->source && count) job->x->prepare(job->x->source, first, count);
}

static void make_remainders(const division_job *jobs, size_t count) {
  for (uint32_t first = 0, end; first < jobs->plan->dropped; first = end) {
    end = dropped_end(jobs, first);
    const dropped_part part = part_of(jobs->plan, first, end);
    for (size_t i = 0; i < count; i++) {
      prepare_limbs(&jobs[i], first, part.front);
      prepare_limbs(&jobs[i], part.back_first, part.back);
    }
    const stretch s = {.jobs = jobs, .count = count, .first = first};
    umbra_ring_strips(jobs->ring, jobs->stream, end - first, remainder_strip, &s);
  }
}

/* ---- quotient ---- */

/* y, limbs of dst from `first` on, holds z, transformed unless that is fused: y = x * of_x - z * of_z. */
static void close_view(const division_job *job, const umbra_view *y, uint32_t first, const umbra_view *x) {
  const umbra_kernels *kernels = job->ring->kernels;
  const uint32_t *of_x = job->plan->of_x + first, *of_z = job->plan->of_z + first;
  UMBRA_ENQUEUE(kernels->ntt_close ? kernels->ntt_close : kernels->divide_close, job->stream, y, x, of_x, y, of_z);
}

/* Limbs [first, first + count) of dst, all of them kept or none. */
static void close_limbs(const division_job *job, uint32_t first, uint32_t count, int kept, uint32_t place) {
  if (!count) return;
  uint32_t n = umbra_ring_n(job->ring);
  umbra_view y = umbra_view_limbs_of(job->dst, n, first, count), x;
  uint32_t of_x = job->plan->to.first + first - job->plan->from.first; /* limb of x, if kept */
  if (kept && job->x->source) {
    x = scratch_like(job, &y, place);
    compute_limbs(job, &x, 0, of_x, count, place);
  } else if (kept) {
    x = umbra_view_limbs_of(&job->x->view, n, of_x, count);
  }
  close_view(job, &y, first, kept ? &x : NULL);
}

static void convert_limbs(const division_job *job, uint32_t first, uint32_t count) {
  const umbra_view z = umbra_view_limbs_of(job->dst, umbra_ring_n(job->ring), first, count);
  UMBRA_ENQUEUE(job->ring->kernels->convert, job->stream, &z, &job->remainder, job->plan->conversion, first);
}

/* z, that of x + small, is transformed unless that is fused with the closing step; and then that. */
static void close_strip(const division_job *job, uint32_t first, uint32_t count, uint32_t place) {
  const umbra_kernels *kernels = job->ring->kernels;
  const umbra_view z = umbra_view_limbs_of(job->dst, umbra_ring_n(job->ring), first, count);
  const uint32_t kept_first = umbra_clamp_u32(job->plan->kept_first, first, first + count),
                 kept_end = umbra_clamp_u32(job->plan->kept_end, first, first + count);
  if (job->small) combine_small(job, &z, place, kernels->sub);
  if (!kernels->ntt_close) UMBRA_ENQUEUE(kernels->ntt_forward, job->stream, &z);
  close_limbs(job, first, kept_first - first, 0, place);
  close_limbs(job, kept_first, kept_end - kept_first, 1, place);
  close_limbs(job, kept_end, first + count - kept_end, 0, place);
}

static void quotient_strip(const void *data, const umbra_strip *strip) {
  const stretch *s = data;
  const uint32_t first = s->first + strip->first;
  for (size_t i = 0; i < s->count; i++) {
    if (s->converts) convert_limbs(&s->jobs[i], first, strip->count);
    close_strip(&s->jobs[i], first, strip->count, strip->place);
  }
}

/*
 * In strips, so that computed limbs never leave the cache, and those of all jobs share what they are computed from. A
 * conversion reads the whole remainder: once for all limbs, unless it stays in the cache anyway.
 */
static void make_quotients(const division_job *jobs, size_t count, uint32_t first, uint32_t limbs) {
  enum { CACHED_LIMBS = 2 };
  const umbra_division *plan = jobs->plan;
  const stretch s = {jobs, count, first, plan->dropped <= CACHED_LIMBS && count == 1};
  const uint32_t kept_first = umbra_clamp_u32(plan->kept_first, first, first + limbs),
                 kept_end = umbra_clamp_u32(plan->kept_end, first, first + limbs);
  for (size_t i = 0; i < count; i++) {
    if (!s.converts) convert_limbs(&jobs[i], first, limbs);
    prepare_limbs(&jobs[i], plan->to.first + kept_first - plan->from.first, kept_end - kept_first);
  }
  umbra_ring_strips(jobs->ring, jobs->stream, limbs, quotient_strip, &s);
}

/* Where launches cost: of as many polynomials as the next launch finds in the cache. */
static void make_quotients_of_launches(const division_job *job) {
  const uint32_t limbs = job->plan->to.count, polys = job->dst->polys;
  const uint32_t most = umbra_max_u32(umbra_ring_launch_limbs(job->ring) / umbra_max_u32(limbs, 1), 1);
  for (uint32_t first = 0; first < polys; first += most) {
    const uint32_t count = umbra_min_u32(most, polys - first);
    const umbra_view dst = umbra_view_polys(job->dst, first, count);
    umbra_dividend x = *job->x;
    division_job part = *job;
    x.view = umbra_view_polys(&x.view, first, count);
    part.x = &x;
    part.dst = &dst;
    part.remainder = umbra_view_polys(&job->remainder, first, count);
    make_quotients(&part, 1, 0, limbs);
  }
}

static void run_jobs(const division_job *jobs, size_t count) {
  uint32_t block = umbra_ring_block(jobs->ring), limbs = jobs->plan->to.count;
  make_remainders(jobs, count);
  if (umbra_ring_launch_limbs(jobs->ring) && count == 1 && !jobs->x->source && !jobs->small) {
    make_quotients_of_launches(jobs);
    return;
  }
  for (uint32_t first = 0; first < limbs; first += block)
    make_quotients(jobs, count, first, umbra_min_u32(limbs - first, block));
}

/* Limbs of scratch memory that a job needs; jobs in step share them. */
static uint32_t scratch_limbs(const division_job *job) {
  return scratch_room(job) * ((job->x->source != NULL) + (job->small != NULL));
}

static umbra_status set_plans(division_job *jobs, size_t count, umbra_window to) {
  umbra_ring *ring = jobs->ring;
  mtx_lock(&ring->lock);
  umbra_status status = find_plan(&jobs->plan, ring, jobs->x, to);
  mtx_unlock(&ring->lock);
  for (size_t i = 1; i < count; i++) jobs[i].plan = jobs->plan;
  return status;
}

static umbra_status divide_jobs(division_job *jobs, size_t count, umbra_window to) {
  umbra_ring *ring = jobs->ring;
  UMBRA_TRY(set_plans(jobs, count, to));
  size_t words = limb_words(jobs);
  size_t remainder = jobs->plan->dropped * words, bytes = (count * remainder + scratch_limbs(jobs) * words) * 4;
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a division's workspace"));
  for (size_t i = 0; i < count; i++) {
    jobs[i].remainder = remainder_view(&jobs[i], (uint32_t *)memory + i * remainder);
    jobs[i].scratch = (uint32_t *)memory + count * remainder;
  }
  run_jobs(jobs, count);
  if (jobs->small) umbra_ring_give_secret(ring, jobs->stream, memory, bytes); /* errors, and what they mask */
  else umbra_ring_give(ring, memory, bytes);
  return UMBRA_OK;
}

umbra_status umbra_divide(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                          const umbra_dividend *x, const int64_t *small) {
  if (umbra_ring_whole(ring)) {
    umbra_whole_divide(ring, stream, dst, to, x);
    return UMBRA_OK;
  }
  division_job job = {.ring = ring, .stream = stream, .dst = dst, .x = x, .small = small};
  return divide_jobs(&job, 1, to);
}

umbra_status umbra_divide_many(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                               const umbra_dividend *x, size_t count) {
  division_job jobs[UMBRA_DIVISIONS_TOGETHER];
  if (!count) return UMBRA_OK;
  for (size_t i = 0; i < count; i++)
    jobs[i] = (division_job){.ring = ring, .stream = stream, .dst = &dst[i], .x = &x[i]};
  return divide_jobs(jobs, count, to);
}
