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
  uint32_t *scratch;    /* computed limbs of one strip, then residues of `small` for one */
} division_job;

static uint32_t strip_limbs(const division_job *job) {
  return umbra_min_u32(umbra_ring_strip(job->ring), job->plan->to.count);
}

/* ---- remainder ---- */

/* `count` dropped limbs of x from `first` on become limbs of the remainder from `at` on, block by block. */
static void compute_dropped(const division_job *job, uint32_t at, uint32_t first, uint32_t count) {
  uint32_t block = umbra_ring_block(job->ring);
  for (uint32_t done = 0, now; done < count; done += now) {
    now = count - done < block ? count - done : block;
    umbra_view part = umbra_view_limbs_of(&job->remainder, umbra_ring_n(job->ring), at + done, now);
    job->x->prepare(job->x->source, first + done, now);
    job->x->compute(job->x->source, &part, first + done, now);
  }
}

/* The limbs of x that are dropped, in memory: its own, or the remainder's. */
static umbra_view dropped_limbs(const division_job *job) {
  const umbra_division *plan = job->plan;
  uint32_t back_first = plan->from.count - plan->back, n = umbra_ring_n(job->ring);
  if (job->x->source) {
    compute_dropped(job, 0, 0, plan->front);
    compute_dropped(job, plan->front, back_first, plan->back + plan->aux);
    return job->remainder;
  }
  umbra_view view = umbra_view_limbs_of(&job->x->view, n, 0, plan->front);
  umbra_view rest = umbra_view_limbs_of(&job->x->view, n, back_first, plan->back + plan->aux);
  umbra_view_append(&view, &rest);
  return view;
}

/* The remainder's place at `memory`. */
static umbra_view remainder_view(const division_job *job, uint32_t *memory) {
  const umbra_division *plan = job->plan;
  uint32_t n = umbra_ring_n(job->ring), back_first = plan->from.count - plan->back;
  umbra_view front = umbra_view_packed(job->ring, memory, job->dst->polys, plan->from, 0, plan->front);
  umbra_view back =
      umbra_view_packed(job->ring, memory, job->dst->polys, plan->from, back_first, plan->back + plan->aux);
  umbra_view_append(&front, &back);
  return umbra_view_packed_like(&front, memory, n);
}

/* Adds or subtracts the residues of `small` (coefficient domain) on at most a strip of limbs. */
static void combine_small(const division_job *job, const umbra_view *view,
                          void (*op)(umbra_stream *, const umbra_view *, const umbra_view *, const umbra_view *)) {
  size_t computed = job->x->source ? strip_limbs(job) * (size_t)umbra_ring_n(job->ring) * view->polys : 0;
  umbra_view residues = umbra_view_packed_like(view, job->scratch + computed, umbra_ring_n(job->ring));
  UMBRA_ENQUEUE(job->ring->kernels->from_i64, job->stream, &residues, job->small, 0);
  UMBRA_ENQUEUE(op, job->stream, view, view, &residues);
}

static void make_remainder(const division_job *job) {
  umbra_view dropped = dropped_limbs(job);
  UMBRA_ENQUEUE(job->ring->kernels->ntt_inverse, job->stream, &job->remainder, &dropped, job->plan->closing);
  if (job->small) combine_small(job, &job->remainder, job->ring->kernels->add);
}

/* ---- quotient ---- */

/* y, limbs of dst from `first` on, holds z, transformed unless that is fused: y = x * of_x - z * of_z. */
static void close_view(const division_job *job, const umbra_view *y, uint32_t first, const umbra_view *x) {
  const umbra_kernels *kernels = job->ring->kernels;
  const uint32_t *of_x = job->plan->of_x + first, *of_z = job->plan->of_z + first;
  UMBRA_ENQUEUE(kernels->ntt_close ? kernels->ntt_close : kernels->divide_close, job->stream, y, x, of_x, y, of_z);
}

static void close_limbs(const division_job *job, uint32_t first, uint32_t count, int kept) {
  if (!count) return;
  uint32_t n = umbra_ring_n(job->ring);
  umbra_view y = umbra_view_limbs_of(job->dst, n, first, count), x;
  uint32_t of_x = job->plan->to.first + first - job->plan->from.first; /* limb of x, if kept */
  if (kept && job->x->source) {
    x = umbra_view_packed_like(&y, job->scratch, n);
    job->x->compute(job->x->source, &x, of_x, count);
  } else if (kept) {
    x = umbra_view_limbs_of(&job->x->view, n, of_x, count);
  }
  close_view(job, &y, first, kept ? &x : NULL);
}

/* z becomes that of x + small, and is transformed unless that is fused with what follows. */
static void finish_small(const division_job *job, uint32_t first, uint32_t count) {
  const umbra_kernels *kernels = job->ring->kernels;
  umbra_view z = umbra_view_limbs_of(job->dst, umbra_ring_n(job->ring), first, count);
  combine_small(job, &z, kernels->sub);
  if (!kernels->ntt_close) UMBRA_ENQUEUE(kernels->ntt_forward, job->stream, &z);
}

static void close_strip(const division_job *job, uint32_t first, uint32_t count) {
  if (job->small) finish_small(job, first, count);
  uint32_t kept_first = umbra_clamp_u32(job->plan->kept_first, first, first + count);
  uint32_t kept_end = umbra_clamp_u32(job->plan->kept_end, first, first + count);
  close_limbs(job, first, kept_first - first, 0);
  close_limbs(job, kept_first, kept_end - kept_first, 1);
  close_limbs(job, kept_end, first + count - kept_end, 0);
}

/*
 * Limbs of dst become z. The conversion reads the whole remainder: once for a block. The transform follows at once,
 * while z is in the cache, unless the closing step does it.
 */
static void convert_block(const division_job *job, uint32_t first, uint32_t count) {
  const umbra_kernels *kernels = job->ring->kernels;
  const umbra_division *plan = job->plan;
  umbra_view z = umbra_view_limbs_of(job->dst, umbra_ring_n(job->ring), first, count);
  UMBRA_ENQUEUE(kernels->convert, job->stream, &z, &job->remainder, plan->conversion, first);
  if (!kernels->ntt_close && !job->small) UMBRA_ENQUEUE(kernels->ntt_forward, job->stream, &z);
  uint32_t kept_first = umbra_clamp_u32(plan->kept_first, first, first + count);
  uint32_t kept_end = umbra_clamp_u32(plan->kept_end, first, first + count);
  if (job->x->source && kept_first < kept_end)
    job->x->prepare(job->x->source, plan->to.first + kept_first - plan->from.first, kept_end - kept_first);
}

/* In strips, so that computed limbs never leave the cache, and those of all jobs share what they are computed from. */
static void divide_block(const division_job *jobs, size_t count, uint32_t first, uint32_t limbs) {
  uint32_t strip = umbra_ring_strip(jobs->ring);
  for (size_t i = 0; i < count; i++) convert_block(&jobs[i], first, limbs);
  for (uint32_t done = 0; done < limbs; done += strip)
    for (size_t i = 0; i < count; i++) close_strip(&jobs[i], first + done, umbra_min_u32(limbs - done, strip));
}

/* Limbs to convert at once: many, so that the remainder is seldom read again, unless it stays in the cache anyway. */
static uint32_t conversion_block(const division_job *jobs, size_t count) {
  enum { CACHED_LIMBS = 2 };
  int cached = jobs->plan->dropped <= CACHED_LIMBS && count == 1;
  return cached ? strip_limbs(jobs) : umbra_ring_block(jobs->ring);
}

static void run_jobs(const division_job *jobs, size_t count) {
  uint32_t block = conversion_block(jobs, count), limbs = jobs->plan->to.count;
  for (size_t i = 0; i < count; i++) make_remainder(&jobs[i]);
  for (uint32_t first = 0; first < limbs; first += block)
    divide_block(jobs, count, first, umbra_min_u32(limbs - first, block));
}

/* Limbs of scratch memory that a job needs; jobs in step share them. */
static uint32_t scratch_limbs(const division_job *job) {
  return strip_limbs(job) * ((job->x->source != NULL) + (job->small != NULL));
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
  size_t words = (size_t)umbra_ring_n(ring) * jobs->dst->polys; /* of one limb */
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
