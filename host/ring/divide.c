/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Centred remainder z of (prod R * x) modulo prod D by base conversion with its overflow as one more row; then
 * y = (prod R * x - z) / prod D, limb by limb, where x counts as 0 on restored primes (they divide prod R).
 */
#include "divide.h"

#include "../../kernels/modarith.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "ops.h"
#include "ring_internal.h"

struct umbra_division {
  umbra_window from, to;
  uint32_t aux;
  uint32_t front, back;               /* dropped limbs at the front and back of `from` */
  uint32_t dropped;                   /* front + back + aux */
  uint32_t kept_first, kept_end;      /* limbs of `to` that `from` has too */
  uint32_t closing[UMBRA_MAX_PRIMES]; /* for the inverse transform of a dropped limb: prod R * (prod D / d)^-1 mod d */
  uint32_t of_x[UMBRA_MAX_PRIMES];    /* by limb of `to`: prod R / prod D */
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

umbra_log2 umbra_divide_log_ratio(const umbra_chain *chain, umbra_window from, uint32_t aux, umbra_window to) {
  return umbra_chain_log_product(chain, from.first, from.count) - umbra_chain_log_product(chain, to.first, to.count) +
         umbra_chain_log_product(chain, umbra_chain_aux(chain), aux);
}

static void set_kept(umbra_division *plan) {
  uint32_t first = plan->from.first > plan->to.first ? plan->from.first : plan->to.first;
  uint32_t from_end = umbra_window_end(plan->from), to_end = umbra_window_end(plan->to);
  uint32_t end = from_end < to_end ? from_end : to_end;
  if (end < first) end = first = plan->to.first;
  plan->kept_first = first - plan->to.first;
  plan->kept_end = end - plan->to.first;
}

static umbra_status make_conversion(umbra_division *plan, const umbra_ring *ring, const uint16_t *drop) {
  uint32_t k = plan->dropped, targets = plan->to.count;
  uint32_t *factor, product[UMBRA_MAX_PRIMES];
  uint16_t target[UMBRA_MAX_PRIMES];
  umbra_positions_append(target, 0, plan->to.first, umbra_window_end(plan->to));
  UMBRA_TRY(umbra_alloc(&factor, (size_t)k * targets, sizeof *factor, "a division's constants"));
  for (uint32_t t = 0; t < targets; t++) {
    uint32_t m = ring->params->chain.prime[target[t]];
    for (uint32_t i = 0; i < k; i++) factor[t * k + i] = umbra_ring_product(ring, drop, k, i, m);
    product[t] = umbra_ring_product(ring, drop, k, k, m);
  }
  umbra_conversion_desc desc = {k, targets, drop, target, factor, product, 1};
  umbra_status status = ring->kernels->conversion_create(&plan->conversion, ring->device, &desc);
  umbra_free(factor);
  return status == UMBRA_OK ? UMBRA_OK : umbra_fail(status, "cannot prepare a base conversion");
}

static umbra_status fill_plan(umbra_division *plan, const umbra_ring *ring) {
  const umbra_chain *chain = &ring->params->chain;
  uint16_t drop[2 * UMBRA_MAX_PRIMES], restore[2 * UMBRA_MAX_PRIMES];
  uint32_t ignored;
  uint32_t chain_dropped = difference(drop, plan->from, plan->to, &plan->front);
  uint32_t restored = difference(restore, plan->to, plan->from, &ignored);
  uint32_t aux = umbra_chain_aux(chain);
  plan->back = chain_dropped - plan->front;
  plan->dropped = umbra_positions_append(drop, chain_dropped, aux, aux + plan->aux);
  set_kept(plan);
  for (uint32_t i = 0; i < plan->dropped; i++) {
    uint32_t d = chain->prime[drop[i]];
    uint32_t inverse = umbra_mod_inv(umbra_ring_product(ring, drop, plan->dropped, i, d), d);
    plan->closing[i] = umbra_mod_mul(umbra_ring_product(ring, restore, restored, restored, d), inverse, d);
  }
  for (uint32_t t = 0; t < plan->to.count; t++) {
    uint32_t m = chain->prime[plan->to.first + t];
    plan->of_z[t] = umbra_mod_inv(umbra_ring_product(ring, drop, plan->dropped, plan->dropped, m), m);
    plan->of_x[t] = umbra_mod_mul(umbra_ring_product(ring, restore, restored, restored, m), plan->of_z[t], m);
  }
  return make_conversion(plan, ring, drop);
}

static int same_window(umbra_window a, umbra_window b) { return a.first == b.first && a.count == b.count; }

/* The plan of that division, made on first use; the lock is held. */
static umbra_status find_plan(const umbra_division **out, umbra_ring *ring, umbra_window from, uint32_t aux,
                              umbra_window to) {
  for (const umbra_division *plan = ring->divisions; plan; plan = plan->next)
    if (same_window(plan->from, from) && same_window(plan->to, to) && plan->aux == aux) {
      *out = plan;
      return UMBRA_OK;
    }
  umbra_division *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a division"));
  *made = (umbra_division){.from = from, .to = to, .aux = aux, .next = ring->divisions};
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

/* The limbs of src that are dropped: front, back, auxiliary. */
static umbra_view dropped_view(const umbra_division *plan, const umbra_view *src, uint32_t n) {
  umbra_view view = umbra_view_limbs_of(src, n, 0, plan->front);
  umbra_view rest = umbra_view_limbs_of(src, n, plan->from.count - plan->back, plan->back + plan->aux);
  umbra_view_append(&view, &rest);
  return view;
}

/* The same limbs, packed at `data`. */
static umbra_view packed_like(const umbra_view *view, uint32_t *data, uint32_t n) {
  umbra_view packed = {.polys = view->polys, .stride = (size_t)umbra_view_limbs(view) * n};
  for (int r = 0; r < UMBRA_MAX_RUNS && view->run[r].count; r++) {
    packed.run[r] = (umbra_run){data, view->run[r].prime, view->run[r].count};
    data += (size_t)view->run[r].count * n;
  }
  return packed;
}

typedef struct division_job {
  umbra_ring *ring;
  umbra_stream *stream;
  const umbra_division *plan;
  const umbra_view *dst, *src;
  const int64_t *small;
  umbra_view remainder; /* dropped limbs in the coefficient domain */
  uint32_t *scratch;    /* residues of `small`, one block of limbs */
} division_job;

/* Adds or subtracts the residues of `small` (coefficient domain). */
static void combine_small(const division_job *job, const umbra_view *view,
                          void (*op)(umbra_stream *, const umbra_view *, const umbra_view *, const umbra_view *)) {
  umbra_view residues = packed_like(view, job->scratch, umbra_ring_n(job->ring));
  job->ring->kernels->from_i64(job->stream, &residues, job->small, 0);
  op(job->stream, view, view, &residues);
}

/* dst limbs [first, first + count) hold z: y = x * of_x - z * of_z, without x where it was restored. */
static void close_limbs(const division_job *job, uint32_t first, uint32_t count, int kept) {
  if (!count) return;
  const umbra_division *plan = job->plan;
  uint32_t n = umbra_ring_n(job->ring);
  umbra_view y = umbra_view_limbs_of(job->dst, n, first, count), x;
  if (kept) x = umbra_view_limbs_of(job->src, n, plan->to.first + first - plan->from.first, count);
  job->ring->kernels->divide_close(job->stream, &y, kept ? &x : NULL, plan->of_x + first, &y, plan->of_z + first);
}

static uint32_t clamp(uint32_t value, uint32_t lo, uint32_t hi) { return value < lo ? lo : value > hi ? hi : value; }

static void divide_block(const division_job *job, uint32_t first, uint32_t count) {
  const umbra_kernels *kernels = job->ring->kernels;
  umbra_view z = umbra_view_limbs_of(job->dst, umbra_ring_n(job->ring), first, count);
  kernels->convert(job->stream, &z, &job->remainder, job->plan->conversion, first);
  if (job->small) combine_small(job, &z, kernels->sub);
  kernels->ntt_forward(job->stream, &z);
  uint32_t kept_first = clamp(job->plan->kept_first, first, first + count);
  uint32_t kept_end = clamp(job->plan->kept_end, first, first + count);
  close_limbs(job, first, kept_first - first, 0);
  close_limbs(job, kept_first, kept_end - kept_first, 1);
  close_limbs(job, kept_end, first + count - kept_end, 0);
}

static void run_division(division_job *job, uint32_t *memory, uint32_t block) {
  const umbra_division *plan = job->plan;
  const umbra_kernels *kernels = job->ring->kernels;
  umbra_view dropped = dropped_view(plan, job->src, umbra_ring_n(job->ring));
  job->remainder = packed_like(&dropped, memory, umbra_ring_n(job->ring));
  kernels->ntt_inverse(job->stream, &job->remainder, &dropped, plan->closing);
  if (job->small) combine_small(job, &job->remainder, kernels->add);
  for (uint32_t first = 0; first < plan->to.count; first += block)
    divide_block(job, first, plan->to.count - first < block ? plan->to.count - first : block);
}

umbra_status umbra_divide(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                          const umbra_view *src, umbra_window from, uint32_t aux, const int64_t *small) {
  division_job job = {.ring = ring, .stream = stream, .dst = dst, .src = src, .small = small};
  mtx_lock(&ring->lock);
  umbra_status status = find_plan(&job.plan, ring, from, aux, to);
  mtx_unlock(&ring->lock);
  UMBRA_TRY(status);
  uint32_t block = umbra_ring_block(ring) < to.count ? umbra_ring_block(ring) : to.count;
  size_t limb = umbra_ring_n(ring) * sizeof(uint32_t) * dst->polys;
  size_t bytes = (job.plan->dropped + (small ? block : 0)) * limb;
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a division's workspace"));
  job.scratch = (uint32_t *)memory + job.plan->dropped * limb / sizeof(uint32_t);
  run_division(&job, memory, block);
  if (small) umbra_ring_give_secret(ring, stream, memory, bytes); /* errors, and what they mask */
  else umbra_ring_give(ring, memory, bytes);
  return UMBRA_OK;
}
