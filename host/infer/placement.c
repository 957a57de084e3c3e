/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cut is what later nodes read of those that have run, and a state says at which level each of it is. Nodes run one
 * after the other, in an order that keeps cuts small; of the ways to a state the fastest is kept, and no state is kept
 * if another has everything as high or higher and took no longer. States of a cut are cells of a table with an axis for
 * each value, so that this is a question to neighbours, once each cell has the least of all above it.
 */
#include "placement.h"

#include <math.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"

enum { MOST_VALUES = 32, MOST_CELLS = 1 << 22, MOST_STATES = 1 << 23 };

typedef struct state {
  double seconds;
  uint32_t cell;   /* levels of the cut's values, as digits: the first is the least significant */
  uint32_t before; /* which state of the step before it comes from */
  uint32_t level;  /* of the node, at entry */
  uint32_t refreshed;
} state;

typedef struct step {
  uint32_t node;
  size_t count;
  state *states; /* after it */
} step;

typedef struct cut {
  uint32_t node[MOST_VALUES];
  uint32_t width;
} cut;

typedef struct placement {
  const umbra_place_node *nodes;
  size_t count;
  const umbra_place_levels *at;
  uint32_t levels; /* top + 1: an axis of the table */
  step *steps;
  uint32_t *readers; /* of each node: how often nodes without a place yet read it */
  size_t cells;      /* of the widest cut's table */
  state *cell;
  double *least; /* of each cell, and of those that are higher in some values and lower in none */
  size_t states; /* of all steps */
} placement;

/* ---- the order ---- */

/* What is known while nodes are put in order. */
typedef struct ordering {
  uint32_t *height; /* of each node: nodes on the longest way to it */
  uint8_t *known;   /* whether it has its place, or waits for its inputs: */
  uint32_t *waiting;
  size_t depth, placed;
} ordering;

static void find_heights(const placement *p, ordering *o) {
  for (size_t i = 0; i < p->count; i++)
    for (size_t k = 0; k < p->nodes[i].input_count; k++)
      o->height[i] = umbra_max_u32(o->height[i], o->height[p->nodes[i].inputs[k]] + 1);
}

static void wait_for_inputs(ordering *o, uint32_t node) {
  o->known[node] = 1;
  o->waiting[o->depth++] = node;
}

/* Of inputs that are not known, that with the longest way to it; NULL: there is none. */
static const uint32_t *next_input(const placement *p, const ordering *o, uint32_t node) {
  const uint32_t *found = NULL;
  for (size_t k = 0; k < p->nodes[node].input_count; k++) {
    const uint32_t *input = &p->nodes[node].inputs[k];
    if (!o->known[*input] && (!found || o->height[*input] > o->height[*found])) found = input;
  }
  return found;
}

/* Depth first: what a node needs, then the node. Long branches first, so that little waits meanwhile. */
static void order_up_to(placement *p, ordering *o, uint32_t node) {
  wait_for_inputs(o, node);
  while (o->depth) {
    const uint32_t last = o->waiting[o->depth - 1], *input = next_input(p, o, last);
    if (input) wait_for_inputs(o, *input);
    else p->steps[o->placed++].node = o->waiting[--o->depth];
  }
}

/* All are 0 before, as they are after a walk through all cuts. */
static void count_readers(placement *p) {
  for (size_t i = 0; i < p->count; i++)
    for (size_t k = 0; k < p->nodes[i].input_count; k++) p->readers[p->nodes[i].inputs[k]]++;
}

static umbra_status order_nodes(placement *p) {
  ordering o = {0};
  UMBRA_TRY(umbra_alloc(&o.height, 2 * p->count, sizeof *o.height, "the order of nodes"));
  umbra_status status = umbra_alloc(&o.known, p->count, sizeof *o.known, "the order of nodes");
  if (status == UMBRA_OK) {
    o.waiting = o.height + p->count;
    find_heights(p, &o);
    for (uint32_t i = 0; i < p->count; i++)
      if (!p->readers[i]) order_up_to(p, &o, i);
    umbra_free(o.known);
  }
  umbra_free(o.height);
  return status;
}

/* ---- cuts ---- */

/* How a node leads from one cut to the next. */
typedef struct crossing {
  const umbra_place_node *node;
  cut before, after;
  int read[MOST_VALUES];      /* of each value before: whether the node reads it */
  uint32_t kept[MOST_VALUES]; /* what its level counts among cells after; 0: nobody reads it any more */
  uint32_t own;               /* what the node's level counts */
} crossing;

static void note_readings(placement *p, crossing *c) {
  for (uint32_t i = 0; i < c->before.width; i++) {
    const uint32_t value = c->before.node[i];
    c->read[i] = 0;
    for (size_t k = 0; k < c->node->input_count; k++) c->read[i] += c->node->inputs[k] == value;
    p->readers[value] -= (uint32_t)c->read[i];
  }
}

/* Puts a value into the cut if it is still read, behind the others. Returns what its level counts among the cells. */
static uint32_t keep(const placement *p, cut *after, uint32_t value, uint64_t *cells) {
  const uint64_t counts = *cells;
  if (!p->readers[value]) return 0;
  if (after->width == MOST_VALUES || counts > MOST_CELLS) {
    *cells = UINT64_MAX;
    return 0;
  }
  after->node[after->width++] = value;
  *cells *= p->levels;
  return (uint32_t)counts;
}

/* *cells: of the cut after the node. */
static umbra_status cross(placement *p, crossing *c, uint32_t node, size_t *cells) {
  uint64_t made = 1;
  c->node = &p->nodes[node];
  c->before = c->after;
  c->after.width = 0;
  note_readings(p, c);
  for (uint32_t i = 0; i < c->before.width; i++) c->kept[i] = keep(p, &c->after, c->before.node[i], &made);
  c->own = keep(p, &c->after, node, &made);
  *cells = made;
  if (made <= MOST_CELLS) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "after node %u of a network %u results or more wait for their readers, each at one of %u levels: "
                    "that is too much for the placement of refreshes",
                    node, c->after.width, p->levels);
}

/* Refuses what is too wide before anything is computed. */
static umbra_status measure_cuts(placement *p) {
  crossing c = {0};
  size_t cells;
  for (size_t i = 0; i < p->count; i++) {
    UMBRA_TRY(cross(p, &c, p->steps[i].node, &cells));
    if (cells > p->cells) p->cells = cells;
  }
  return UMBRA_OK;
}

/* ---- states ---- */

static void offer(placement *p, size_t cell, state found) {
  found.cell = (uint32_t)cell;
  if (found.seconds < p->cell[cell].seconds) p->cell[cell] = found;
}

/* All that the node can make of that state. */
static void extend(placement *p, const crossing *c, const state *from, uint32_t number) {
  const umbra_place_node *node = c->node;
  uint32_t most = node->input_count ? p->at->top : p->at->input, digits = from->cell;
  size_t cell = 0;
  for (uint32_t i = 0; i < c->before.width; i++, digits /= p->levels) {
    const uint32_t level = digits % p->levels;
    cell += (size_t)level * c->kept[i];
    if (c->read[i]) most = umbra_min_u32(most, level);
  }
  for (uint32_t level = node->depth; level <= most; level++) {
    const uint32_t left = level - node->depth;
    state found = {.before = number, .level = level};
    found.seconds = from->seconds + (node->cost ? node->cost[level] : 0);
    offer(p, cell + (size_t)left * c->own, found);
    found.seconds += node->refresh;
    found.refreshed = 1;
    if (c->own && left >= p->at->refresh_from && left < p->at->refreshed)
      offer(p, cell + (size_t)p->at->refreshed * c->own, found);
  }
}

static void find_least(placement *p, size_t cells) {
  for (size_t i = 0; i < cells; i++) p->least[i] = p->cell[i].seconds;
  for (size_t axis = 1; axis < cells; axis *= p->levels)
    for (size_t i = cells; i-- > 0;)
      if (i / axis % p->levels + 1 < p->levels) p->least[i] = fmin(p->least[i], p->least[i + axis]);
}

static int is_dominated(const placement *p, size_t cells, size_t i) {
  if (isinf(p->cell[i].seconds)) return 1;
  for (size_t axis = 1; axis < cells; axis *= p->levels)
    if (i / axis % p->levels + 1 < p->levels && p->least[i + axis] <= p->cell[i].seconds) return 1;
  return 0;
}

static umbra_status keep_states(placement *p, step *s, size_t cells) {
  find_least(p, cells);
  for (size_t i = 0; i < cells; i++) s->count += !is_dominated(p, cells, i);
  p->states += s->count;
  if (!s->count)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL,
                      "node %u of a network takes %u levels: inputs are at level %u, and a refresh leaves %u", s->node,
                      p->nodes[s->node].depth, p->at->input, p->at->refreshed);
  if (p->states > MOST_STATES)
    return umbra_fail(UMBRA_ERROR_RANGE, "there are too many ways to place refreshes in a network of %zu nodes",
                      p->count);
  UMBRA_TRY(umbra_alloc(&s->states, s->count, sizeof *s->states, "ways to place refreshes"));
  for (size_t i = 0, next = 0; i < cells; i++)
    if (!is_dominated(p, cells, i)) s->states[next++] = p->cell[i];
  return UMBRA_OK;
}

static umbra_status run_steps(placement *p) {
  const state start = {0};
  const step none = {.count = 1, .states = (state *)&start};
  crossing c = {0};
  size_t cells;
  for (size_t i = 0; i < p->count; i++) {
    const step *before = i ? &p->steps[i - 1] : &none;
    UMBRA_TRY(cross(p, &c, p->steps[i].node, &cells));
    for (size_t k = 0; k < cells; k++) p->cell[k].seconds = HUGE_VAL;
    for (size_t k = 0; k < before->count; k++) extend(p, &c, &before->states[k], (uint32_t)k);
    UMBRA_TRY(keep_states(p, &p->steps[i], cells));
  }
  return UMBRA_OK;
}

/* Nothing is read after the last step, so it has one state. */
static void trace_back(const placement *p, umbra_place_choice *choices, double *seconds) {
  uint32_t number = 0;
  *seconds = p->count ? p->steps[p->count - 1].states[0].seconds : 0;
  for (size_t i = p->count; i-- > 0;) {
    const state *s = &p->steps[i].states[number];
    choices[p->steps[i].node] = (umbra_place_choice){s->level, (int)s->refreshed};
    number = s->before;
  }
}

/* ---- the call ---- */

static umbra_status place(placement *p) {
  UMBRA_TRY(umbra_alloc(&p->steps, p->count, sizeof *p->steps, "the placement of refreshes"));
  UMBRA_TRY(umbra_alloc(&p->readers, p->count, sizeof *p->readers, "the placement of refreshes"));
  count_readers(p);
  UMBRA_TRY(order_nodes(p));
  UMBRA_TRY(measure_cuts(p));
  UMBRA_TRY(umbra_alloc(&p->cell, p->cells, sizeof *p->cell, "the placement of refreshes"));
  UMBRA_TRY(umbra_alloc(&p->least, p->cells, sizeof *p->least, "the placement of refreshes"));
  count_readers(p);
  return run_steps(p);
}

static void close_placement(placement *p) {
  for (size_t i = 0; p->steps && i < p->count; i++) umbra_free(p->steps[i].states);
  umbra_free(p->steps);
  umbra_free(p->readers);
  umbra_free(p->cell);
  umbra_free(p->least);
}

umbra_status umbra_place_refreshes(umbra_place_choice *choices, double *seconds, const umbra_place_node *nodes,
                                   size_t count, const umbra_place_levels *levels) {
  placement p = {.nodes = nodes, .count = count, .at = levels, .levels = levels->top + 1};
  umbra_status status = place(&p);
  if (status == UMBRA_OK) trace_back(&p, choices, seconds);
  close_placement(&p);
  return status;
}
