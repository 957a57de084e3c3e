/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With the stride s, rotation = s * i. A split has baby steps in [origin, origin + size) * s and giant steps at
 * multiples of size * s. All sizes that are worth it are tried: small ones, and of sets of several dimensions (rows and
 * columns of an image, and its channels) what leads from one row, or one channel, to the next.
 */
#include "transform_plan.h"

#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../ckks/galois.h"

/* Beyond it only the size that needs no giant step is of interest: the others' costs have their minimum before. */
enum { MOST_BABY_STEPS = 256 };

/* Costs in products of limbs; a limb of a key comes from memory. */
enum { TRANSFORM_COST = 20, KEY_COST = 5 };

/* The transform of complex numbers that encodes, in transforms of a limb. */
enum { ENCODING_COST = 12 };

typedef struct costs {
  uint64_t baby, giant, cell;
} costs;

typedef struct split {
  int64_t size, origin;
} split;

/* A plan in the making. */
typedef struct maker {
  const umbra_chain *chain;
  const umbra_transform_shape *shape;
  int64_t *index;               /* by diagonal: its rotation over the stride */
  int64_t low, high;            /* of all */
  uint32_t *of_baby, *of_giant; /* by step from the lowest: 1 + its place in the plan; 0: not among them */
  size_t most;                  /* steps: of_giant has as many for each map */
  umbra_transform_plan *plan;
} maker;

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static int64_t giant_of(const split *s, int64_t index) { return floor_divide(index - s->origin, s->size); }

static int64_t baby_of(const split *s, int64_t index) { return index - giant_of(s, index) * s->size; }

static int64_t gcd(int64_t a, int64_t b) { return b ? gcd(b, a % b) : a < 0 ? -a : a; }

static uint32_t map_of(const maker *m, size_t k) { return m->shape->map ? m->shape->map[k] : 0; }

static uint32_t *giants_of(const maker *m, uint32_t map) { return m->of_giant + map * m->most; }

/* ---- cost ---- */

static costs costs_of(const umbra_chain *chain, const umbra_transform_shape *shape) {
  umbra_window window = chain->window[shape->level];
  uint64_t own = window.count, auxes = umbra_switch_auxes(chain, window), limbs = own + auxes;
  uint64_t digits = umbra_digits_of(chain, window).count;
  uint64_t key = 2 * digits * limbs * KEY_COST, extend = digits * limbs * TRANSFORM_COST + own * limbs;
  uint64_t divide = limbs * TRANSFORM_COST + own * auxes;
  if (shape->min_key) {
    uint64_t one = key + extend + 2 * divide;
    return (costs){one, one, 2 * own};
  }
  return (costs){key, key + extend + divide, 2 * limbs};
}

uint64_t umbra_transform_rotation_cost(const umbra_chain *chain, uint32_t level) {
  return costs_of(chain, &(umbra_transform_shape){.level = level, .min_key = 1}).baby;
}

uint64_t umbra_transform_encoding_cost(const umbra_chain *chain, uint32_t level) {
  const umbra_window window = chain->window[level];
  return (uint64_t)(window.count + umbra_switch_auxes(chain, window) + ENCODING_COST) * TRANSFORM_COST;
}

static void clear_marks(const maker *m, const split *s) {
  size_t giants = (size_t)(giant_of(s, m->high) - giant_of(s, m->low) + 1);
  memset(m->of_baby, 0, (size_t)s->size * sizeof *m->of_baby);
  for (uint32_t map = 0; map < m->plan->maps; map++) memset(giants_of(m, map), 0, giants * sizeof *m->of_giant);
}

typedef struct choice {
  costs cost;
  split best;
  uint64_t least; /* its cost */
} choice;

/* Whether a split that needs so many steps, and perhaps more, costs no less than the best so far. */
static int is_hopeless(const maker *m, const choice *chosen, uint64_t babies, uint64_t giants) {
  const costs *c = &chosen->cost;
  const uint64_t cells = babies * giants * c->cell, maps = m->plan->maps;
  if (m->shape->min_key) return cells >= chosen->least;
  return cells + (babies - 1) * c->baby + (giants > maps ? giants - maps : 0) * c->giant >= chosen->least;
}

/* Marks the steps that a split needs, and counts them up to where it is hopeless. Whether it is not. chosen: or NULL. */
static int mark_steps(const maker *m, const split *s, const choice *chosen, uint32_t *babies, uint32_t *giants) {
  int64_t first = giant_of(s, m->low);
  *babies = *giants = 0;
  clear_marks(m, s);
  for (size_t k = 0; k < m->shape->count; k++) {
    const int64_t at = giant_of(s, m->index[k]);
    uint32_t *baby = &m->of_baby[m->index[k] - at * s->size - s->origin];
    uint32_t *giant = &giants_of(m, map_of(m, k))[at - first];
    if (*baby && *giant) continue;
    if (!*baby) *baby = ++*babies;
    if (!*giant) *giant = ++*giants;
    if (chosen && is_hopeless(m, chosen, *babies, *giants)) return 0;
  }
  return 1;
}

/* Giant steps of a map by its chain, from the highest down to the lowest and from there to 0. */
static uint64_t chain_of_giants(const maker *m, const split *s, uint32_t map) {
  const uint32_t *mark = giants_of(m, map);
  int64_t first = giant_of(s, m->low), low = 0, high = giant_of(s, m->high) - first;
  while (high > 0 && !mark[high]) high--;
  while (low < high && !mark[low]) low++;
  return (uint64_t)(high - low + (first + low != 0));
}

/* Chains pass by steps that are not needed. */
static uint64_t chain_cost(const maker *m, const split *s, const costs *c) {
  int64_t highest = s->size - 1;
  uint64_t giants = 0;
  while (!m->of_baby[highest]) highest--;
  for (uint32_t map = 0; map < m->plan->maps; map++) giants += chain_of_giants(m, s, map);
  return (uint64_t)highest * c->baby + giants * c->giant;
}

/* Steps by 0 need no key. */
static uint64_t hoisted_cost(const maker *m, const split *s, const costs *c, uint32_t babies, uint32_t giants) {
  int64_t first = giant_of(s, m->low), last = giant_of(s, m->high);
  babies -= s->origin + s->size > 0 && m->of_baby[-s->origin];
  for (uint32_t map = 0; map < m->plan->maps && first <= 0 && last >= 0; map++)
    giants -= giants_of(m, map)[-first] != 0;
  return babies * c->baby + giants * c->giant;
}

static uint64_t split_cost(const maker *m, const split *s, const choice *chosen) {
  const costs *c = &chosen->cost;
  uint32_t babies, giants;
  if (!mark_steps(m, s, chosen, &babies, &giants)) return UINT64_MAX;
  uint64_t cells = (uint64_t)babies * giants * c->cell;
  return cells + (m->shape->min_key ? chain_cost(m, s, c) : hoisted_cost(m, s, c, babies, giants));
}

/* ---- choice ---- */

/* Chains of baby steps go up from 0. */
static void try_split(const maker *m, choice *chosen, split s) {
  if (m->shape->min_key && s.origin) return;
  uint64_t cost = split_cost(m, &s, chosen);
  if (cost >= chosen->least) return;
  chosen->least = cost;
  chosen->best = s;
}

/* Giant steps that begin at 0, or at the lowest rotation. */
static void try_size(const maker *m, choice *chosen, int64_t size) {
  int64_t above = m->low - floor_divide(m->low, size) * size;
  try_split(m, chosen, (split){size, 0});
  if (above) try_split(m, chosen, (split){size, above - size});
}

static void try_powers(const maker *m, choice *chosen, int64_t least) {
  const int64_t span = m->high - m->low + 1;
  for (int64_t size = least; size <= span; size *= 2) try_size(m, chosen, size);
}

/* Large sizes that a set may have from its making: powers of two, and distances from its first rotation. */
static void try_structure(const maker *m, choice *chosen) {
  try_powers(m, chosen, 2 * MOST_BABY_STEPS);
  for (size_t k = 1; k < m->shape->count && k <= MOST_BABY_STEPS; k++) {
    const int64_t distance = m->index[k] - m->index[0], size = distance < 0 ? -distance : distance;
    if (size > MOST_BABY_STEPS) try_size(m, chosen, size);
  }
}

/* No giant step. */
static split everything(const maker *m) {
  int64_t low = m->low < 0 ? m->low : 0, high = m->high > 0 ? m->high : 0;
  return (split){high - low + 1, low};
}

/* Few sizes say what most splits cost more than; the first of the cheapest is still found by trying all in order. */
static void set_limit(const maker *m, choice *chosen) {
  try_powers(m, chosen, 1);
  if (chosen->least != UINT64_MAX) chosen->least++;
}

static split choose_split(const maker *m) {
  choice chosen = {.cost = costs_of(m->chain, m->shape), .least = UINT64_MAX};
  int64_t span = m->high - m->low + 1, asked = m->shape->baby_steps;
  int64_t least = asked ? asked : 1, most = asked ? asked : MOST_BABY_STEPS;
  if (!asked) set_limit(m, &chosen);
  for (int64_t size = least; size <= span && size <= most; size++) try_size(m, &chosen, size);
  if (!asked || asked > span) try_split(m, &chosen, everything(m));
  if (!asked) try_structure(m, &chosen);
  if (chosen.least == UINT64_MAX) try_size(m, &chosen, span);
  m->plan->cost = chosen.least;
  return chosen.best;
}

/* ---- the plan ---- */

/*
 * Numbers the marked steps in ascending order from `next` on, but a step of 0 first if that is asked for; writes their
 * rotations, and returns the next number.
 */
static uint32_t number_steps(uint32_t *mark, int64_t steps, int64_t first, int64_t unit, int zero_first,
                             int32_t *rotation, uint32_t next) {
  int has_zero = zero_first && first <= 0 && -first < steps && mark[-first];
  if (has_zero) {
    rotation[next++] = 0;
    mark[-first] = next;
  }
  for (int64_t i = 0; i < steps; i++) {
    if (!mark[i] || (has_zero && i == -first)) continue;
    rotation[next++] = (int32_t)((first + i) * unit);
    mark[i] = next;
  }
  return next;
}

static void number_all(const maker *m, const split *s, int64_t first) {
  umbra_transform_plan *plan = m->plan;
  const int64_t giants = giant_of(s, m->high) - first + 1;
  uint32_t next = 0;
  number_steps(m->of_baby, s->size, s->origin, plan->stride, 1, plan->baby, 0);
  for (uint32_t map = 0; map < plan->maps; map++) {
    plan->first_giant[map] = next;
    next = number_steps(giants_of(m, map), giants, first, plan->giant_step, !plan->min_key, plan->giant, next);
  }
  plan->first_giant[plan->maps] = next;
}

static umbra_status fill_steps(const maker *m, const split *s) {
  umbra_transform_plan *plan = m->plan;
  int64_t first = giant_of(s, m->low);
  mark_steps(m, s, NULL, &plan->babies, &plan->giants);
  size_t cells = (size_t)plan->babies * plan->giants;
  if (cells > UINT16_MAX)
    return umbra_fail(UMBRA_ERROR_RANGE, "a linear map of %zu diagonals is too large: use a denser set of rotations",
                      m->shape->count);
  UMBRA_TRY(umbra_alloc(&plan->baby, plan->babies, sizeof *plan->baby, "a plan"));
  UMBRA_TRY(umbra_alloc(&plan->giant, plan->giants, sizeof *plan->giant, "a plan"));
  UMBRA_TRY(umbra_alloc(&plan->first_giant, (size_t)plan->maps + 1, sizeof *plan->first_giant, "a plan"));
  UMBRA_TRY(umbra_alloc(&plan->diagonal, cells, sizeof *plan->diagonal, "a plan"));
  number_all(m, s, first);
  for (size_t i = 0; i < cells; i++) plan->diagonal[i] = UMBRA_NO_DIAGONAL;
  for (size_t k = 0; k < m->shape->count; k++) {
    uint32_t baby = m->of_baby[baby_of(s, m->index[k]) - s->origin] - 1;
    uint32_t giant = giants_of(m, map_of(m, k))[giant_of(s, m->index[k]) - first] - 1;
    plan->diagonal[giant * plan->babies + baby] = (uint32_t)k;
  }
  return UMBRA_OK;
}

/* Whether a rotation takes a key. */
static uint32_t turns(const umbra_transform_plan *plan, int32_t rotation) {
  return umbra_rotation_of(rotation, plan->slots) != 0;
}

/* Rotations of chains: one stride after the other. */
static void count_chains(umbra_transform_plan *plan) {
  int32_t highest = plan->baby[plan->babies - 1];
  plan->key_switches = turns(plan, plan->stride) * (uint32_t)(highest / plan->stride);
  for (uint32_t map = 0; map < plan->maps; map++) {
    int32_t low = plan->giant[plan->first_giant[map]], high = plan->giant[plan->first_giant[map + 1] - 1];
    plan->key_switches += turns(plan, plan->giant_step) * (uint32_t)((high - low) / plan->giant_step);
    plan->key_switches += turns(plan, low);
  }
}

static void count_hoisted(umbra_transform_plan *plan) {
  for (uint32_t b = 0; b < plan->babies; b++) plan->key_switches += turns(plan, plan->baby[b]);
  for (uint32_t g = 0; g < plan->giants; g++) plan->key_switches += turns(plan, plan->giant[g]);
}

static umbra_status fill_plan(maker *m) {
  umbra_transform_plan *plan = m->plan;
  split s = choose_split(m);
  plan->giant_step = (int32_t)(s.size * plan->stride);
  UMBRA_TRY(fill_steps(m, &s));
  (plan->min_key ? count_chains : count_hoisted)(plan);
  return UMBRA_OK;
}

/* Rotations that do not fit into one turn of the slots are taken modulo it. */
static umbra_status set_indices(maker *m) {
  const umbra_transform_shape *shape = m->shape;
  int64_t low = shape->rotation[0], high = low, slots = shape->slots, stride = 0;
  for (size_t k = 0; k < shape->count; k++) {
    int64_t rotation = shape->rotation[k];
    low = rotation < low ? rotation : low;
    high = rotation > high ? rotation : high;
  }
  int fits = high - low < slots && low > -slots && high < slots;
  UMBRA_TRY(umbra_alloc(&m->index, shape->count, sizeof *m->index, "a plan"));
  for (size_t k = 0; k < shape->count; k++) {
    m->index[k] = fits ? shape->rotation[k] : (int64_t)umbra_rotation_of(shape->rotation[k], shape->slots);
    stride = gcd(stride, m->index[k]);
  }
  m->plan->stride = stride ? (int32_t)stride : 1;
  for (size_t k = 0; k < shape->count; k++) {
    m->index[k] /= m->plan->stride;
    if (!k || m->index[k] < m->low) m->low = m->index[k];
    if (!k || m->index[k] > m->high) m->high = m->index[k];
  }
  return UMBRA_OK;
}

static umbra_status make_plan(maker *m) {
  UMBRA_TRY(set_indices(m));
  m->most = (size_t)everything(m).size + 1;
  UMBRA_TRY(umbra_alloc(&m->of_baby, m->most, sizeof *m->of_baby, "a plan"));
  UMBRA_TRY(umbra_alloc(&m->of_giant, m->most * m->plan->maps, sizeof *m->of_giant, "a plan"));
  return fill_plan(m);
}

static uint32_t log_gap_of(const umbra_chain *chain, uint32_t period) {
  uint32_t log_gap = chain->log_n - 1 - (uint32_t)__builtin_ctz(period);
  return log_gap < UMBRA_LEAST_LOG_GAP ? 0 : log_gap;
}

static uint32_t maps_of(const umbra_transform_shape *shape) { return shape->map ? shape->maps : 1; }

static umbra_status check_shape(const umbra_chain *chain, const umbra_transform_shape *shape) {
  uint32_t most = 1u << (chain->log_n - 1), slots = shape->slots, period = shape->period;
  if (!slots || slots > most || (slots & (slots - 1)) || !period || period > slots || (period & (period - 1)))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "slots and period of a linear map must be powers of two, period <= slots <= %u", most);
  const size_t diagonals = (size_t)slots * maps_of(shape);
  if (!shape->count || shape->count > diagonals)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "linear maps of %u slots have from 1 to %zu diagonals, not %zu",
                      slots, diagonals, shape->count);
  if (!shape->level || shape->level >= chain->total_levels)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "a linear map takes a level, and its input has level %u of %u",
                      shape->level, chain->total_levels);
  return UMBRA_OK;
}

umbra_status umbra_transform_plan_create(umbra_transform_plan **out, const umbra_chain *chain,
                                         const umbra_transform_shape *shape) {
  UMBRA_TRY(check_shape(chain, shape));
  maker m = {.chain = chain, .shape = shape};
  UMBRA_TRY(umbra_alloc(&m.plan, 1, sizeof *m.plan, "a plan"));
  m.plan->slots = shape->slots;
  m.plan->level = shape->level;
  m.plan->maps = maps_of(shape);
  m.plan->min_key = shape->min_key;
  m.plan->log_gap = log_gap_of(chain, shape->period);
  umbra_status status = make_plan(&m);
  umbra_free(m.index);
  umbra_free(m.of_baby);
  umbra_free(m.of_giant);
  if (status == UMBRA_OK) *out = m.plan;
  else umbra_transform_plan_destroy(m.plan);
  return status;
}

void umbra_transform_plan_destroy(umbra_transform_plan *plan) {
  if (!plan) return;
  umbra_free(plan->baby);
  umbra_free(plan->giant);
  umbra_free(plan->first_giant);
  umbra_free(plan->diagonal);
  umbra_free(plan);
}
