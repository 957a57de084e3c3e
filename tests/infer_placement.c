/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Placement of refreshes: against all placements of small graphs, and against the costs that a planner in Python
 * (dominance by comparing all states) found for networks like ResNet-20.
 */
#include "../host/base/memory.h"
#include "../host/infer/placement.h"
#include "scheme.h"

/* ---- what choices mean ---- */

/* Their seconds; HUGE_VAL: they cannot be. */
static double seconds_of(const umbra_place_choice *choices, const umbra_place_node *nodes, size_t count,
                         const umbra_place_levels *at) {
  uint32_t level[256] = {0};
  double seconds = 0;
  for (size_t i = 0; i < count; i++) {
    const uint32_t entry = choices[i].level;
    if (nodes[i].input_count == 0 && entry > at->input) return HUGE_VAL;
    for (size_t k = 0; k < nodes[i].input_count; k++)
      if (entry > level[nodes[i].inputs[k]]) return HUGE_VAL;
    if (entry < nodes[i].depth) return HUGE_VAL;
    level[i] = entry - nodes[i].depth;
    if (choices[i].refreshed && level[i] < at->refresh_from) return HUGE_VAL;
    if (choices[i].refreshed) level[i] = at->refreshed;
    seconds += (nodes[i].cost ? nodes[i].cost[entry] : 0) + (choices[i].refreshed ? nodes[i].refresh : 0);
  }
  return seconds;
}

static uint32_t refreshes_in(const umbra_place_choice *choices, size_t count) {
  uint32_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += (uint32_t)choices[i].refreshed;
  return sum;
}

/* ---- all placements of small graphs ---- */

enum { TOP = 3, MOST_NODES = 6, MOST_INPUTS = 3, GRAPHS = 400 };

typedef struct graph {
  umbra_place_node node[MOST_NODES];
  uint32_t inputs[MOST_NODES][MOST_INPUTS];
  double cost[MOST_NODES][TOP + 1];
  size_t count;
  umbra_place_levels at;
} graph;

static double random_seconds(uint64_t *seed) { return below(seed, 8) ? 1 + below(seed, 50) : HUGE_VAL; }

static void draw(graph *g, uint64_t *seed) {
  g->count = 1 + below(seed, MOST_NODES);
  g->at = (umbra_place_levels){TOP, below(seed, TOP + 1), below(seed, 2), below(seed, TOP + 1)};
  for (uint32_t i = 0; i < g->count; i++) {
    umbra_place_node *n = &g->node[i];
    *n = (umbra_place_node){.inputs = g->inputs[i], .cost = below(seed, 6) ? g->cost[i] : NULL};
    n->input_count = i && below(seed, 6) ? 1 + below(seed, MOST_INPUTS) : 0;
    n->depth = below(seed, 3);
    n->refresh = random_seconds(seed);
    for (size_t k = 0; k < n->input_count; k++) g->inputs[i][k] = below(seed, i);
    for (size_t k = 0; k <= TOP; k++) g->cost[i][k] = random_seconds(seed);
  }
}

/* The least of all choices for nodes from number i on. */
static double least_of(const graph *g, umbra_place_choice *choices, size_t i) {
  double least = HUGE_VAL;
  if (i == g->count) return seconds_of(choices, g->node, g->count, &g->at);
  for (uint32_t k = 0; k < 2 * (TOP + 1); k++) {
    choices[i] = (umbra_place_choice){k / 2, k % 2};
    if (isfinite(seconds_of(choices, g->node, i + 1, &g->at))) least = fmin(least, least_of(g, choices, i + 1));
  }
  return least;
}

static void every_placement(void **state) {
  (void)state;
  uint64_t seed = 15;
  size_t possible = 0;
  for (uint32_t i = 0; i < GRAPHS; i++) {
    umbra_place_choice choices[MOST_NODES], found[MOST_NODES];
    double seconds = -1;
    graph g;
    draw(&g, &seed);
    const double least = least_of(&g, choices, 0);
    if (isinf(least)) {
      assert_fails(umbra_place_refreshes(found, &seconds, g.node, g.count, &g.at), UMBRA_ERROR_NO_LEVEL, "levels");
      assert_true(seconds == -1);
      continue;
    }
    assert_ok(umbra_place_refreshes(found, &seconds, g.node, g.count, &g.at));
    assert_true(fabs(seconds - least) < 1e-9);
    assert_true(fabs(seconds_of(found, g.node, g.count, &g.at) - least) < 1e-9);
    possible++;
  }
  assert_in_range(possible, GRAPHS / 4, GRAPHS);
}

/* ---- networks like ResNet-20 ---- */

enum { LEVELS = 15 };

/* Milliseconds of one core by level, by the model of workloads on boot-64k-40. */
static const double conv[LEVELS] = {0,
                                    207.08419244800001,
                                    226.90834390400002,
                                    237.434452384,
                                    247.55120569600004,
                                    267.37535715199999,
                                    277.90146563200005,
                                    288.01821894400007,
                                    307.84237039999999,
                                    348.54063222400003,
                                    362.65785856000002,
                                    385.29803865600002,
                                    397.60801728000001,
                                    409.12262912,
                                    431.89689587200002};
static const double shortcut[LEVELS] = {0,
                                        20.397272575999999,
                                        24.353200640000004,
                                        26.331164672,
                                        28.309128704000003,
                                        32.265056768000001,
                                        34.243020799999996,
                                        36.220984831999999,
                                        40.176912895999997,
                                        53.304861440000003,
                                        55.737925759999996,
                                        60.742204287999996,
                                        63.329671423999997,
                                        65.778988671999997,
                                        70.848278912000012};
static const double add[LEVELS] = {
    0.031457279999999997, 0.047185919999999992, 0.078643199999999996, 0.094371839999999985, 0.11010047999999999,
    0.14155775999999998,  0.15728639999999999,  0.17301503999999998,  0.20447231999999999,  0.22020095999999997,
    0.23592959999999999,  0.26738687999999999,  0.28311551999999995,  0.29884415999999997,  0.33030143999999995};
static const double last[LEVELS] = {0,
                                    61.766690304000001,
                                    75.788802560000008,
                                    82.799858688,
                                    89.810914816000007,
                                    103.83302707200001,
                                    110.8440832,
                                    117.85513932800001,
                                    131.87725158399999,
                                    183.48824576000001,
                                    192.31970303999998,
                                    210.535217152,
                                    219.984285696,
                                    228.880754688,
                                    247.35631564800002};
static const double mult[LEVELS] = {0,
                                    3.9469256640000001,
                                    4.8809793600000004,
                                    5.3480062080000002,
                                    5.8150330559999999,
                                    6.7490867520000011,
                                    7.2161135999999999,
                                    7.6831404480000005,
                                    8.6171941439999991,
                                    11.87171712,
                                    12.452519039999999,
                                    13.648660352,
                                    14.268062976000001,
                                    14.852928127999999,
                                    16.065322368};

/* A polynomial of `products` products, which are spread over its levels. */
static void fill_polynomial(double *cost, uint32_t products, uint32_t depth) {
  for (uint32_t level = 0; level < LEVELS; level++) {
    cost[level] = 0;
    for (uint32_t i = 0; i < products; i++) {
      const uint32_t lower = i * depth / products;
      cost[level] += mult[level > lower ? level - lower : 0];
    }
  }
}

typedef struct network {
  umbra_place_node node[128];
  uint32_t inputs[128][2];
  double polynomial[3][LEVELS];
  uint32_t depth[3];
  uint32_t pieces; /* of an activation; then one more product, if there are several */
  uint32_t count;
} network;

static uint32_t put(network *n, uint32_t depth, const double *cost, uint32_t a, uint32_t b) {
  const uint32_t i = n->count++;
  n->inputs[i][0] = a;
  n->inputs[i][1] = b;
  n->node[i] = (umbra_place_node){.inputs = n->inputs[i], .input_count = a == b ? 1 : 2, .depth = depth, .cost = cost};
  n->node[i].refresh = 1890;
  return i;
}

static uint32_t put_activation(network *n, uint32_t x) {
  uint32_t made = x;
  for (uint32_t i = 0; i < n->pieces; i++) made = put(n, n->depth[i], n->polynomial[i], made, made);
  return n->pieces > 1 ? put(n, 1, mult, made, x) : made;
}

static uint32_t put_block(network *n, uint32_t x, int narrows) {
  uint32_t y = put_activation(n, put(n, 1, conv, x, x));
  y = put(n, 1, conv, y, y);
  const uint32_t side = narrows ? put(n, 1, shortcut, x, x) : x;
  return put_activation(n, put(n, 0, add, y, side));
}

/* The input is node 0. */
static void build_resnet(network *n) {
  n->count = 1;
  n->node[0] = (umbra_place_node){.refresh = HUGE_VAL};
  uint32_t x = put_activation(n, put(n, 1, conv, 0, 0));
  for (int i = 0; i < 9; i++) x = put_block(n, x, i == 3 || i == 6);
  put(n, 1, last, x, x);
}

static const umbra_place_levels boot = {LEVELS - 1, 14, 0, 14};

static void residual_networks(void **state) {
  (void)state;
  static const struct {
    uint32_t pieces, products[3], depth[3], nodes, refreshes;
    double cost;
  } cases[] = {
      {1, {8}, {5}, 50, 9, 23376.932284704002},
      {1, {13}, {6}, 50, 10, 26217.083999999999},
      {1, {13}, {10}, 50, 18, 40400.618267551996},
      {1, {17}, {12}, 50, 18, 41451.606686271989},
      {3, {4, 6, 6}, {3, 4, 4}, 107, 18, 41367.044064800008},
      {3, {6, 6, 8}, {4, 4, 5}, 107, 24, 54573.215823327992},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    static network n;
    umbra_place_choice choices[128];
    double seconds = 0;
    n.pieces = cases[i].pieces;
    for (uint32_t k = 0; k < n.pieces; k++) {
      n.depth[k] = cases[i].depth[k];
      fill_polynomial(n.polynomial[k], cases[i].products[k], n.depth[k]);
    }
    build_resnet(&n);
    assert_int_equal(n.count, cases[i].nodes + 1);
    assert_ok(umbra_place_refreshes(choices, &seconds, n.node, n.count, &boot));
    assert_int_equal(refreshes_in(choices, n.count), cases[i].refreshes);
    assert_true(fabs(seconds - cases[i].cost) < 1e-6);
    assert_true(fabs(seconds_of(choices, n.node, n.count, &boot) - seconds) < 1e-6);
  }
}

/* ---- width ---- */

enum { BRANCHES = 100 };

/* Every branch reads the input, and a sum takes them up one by one; all branches are listed before the sums. */
static void branches_one_after_the_other(void **state) {
  (void)state;
  static umbra_place_node node[2 * BRANCHES + 1];
  static uint32_t inputs[2 * BRANCHES + 1][2];
  umbra_place_choice choices[2 * BRANCHES + 1];
  double seconds = 0;
  node[0] = (umbra_place_node){.refresh = HUGE_VAL};
  for (uint32_t i = 1; i <= 2 * BRANCHES; i++) {
    node[i] = (umbra_place_node){.inputs = inputs[i], .input_count = 1, .depth = i <= BRANCHES, .refresh = 3};
    if (i <= BRANCHES) continue;
    inputs[i][0] = i - BRANCHES;
    inputs[i][1] = i - 1;
    node[i].input_count = i > BRANCHES + 1 ? 2 : 1;
  }
  assert_ok(umbra_place_refreshes(choices, &seconds, node, 2 * BRANCHES + 1, &(umbra_place_levels){8, 1, 0, 8}));
  assert_true(seconds == 0);
  assert_int_equal(refreshes_in(choices, 2 * BRANCHES + 1), 0);
}

static void too_wide(void **state) {
  (void)state;
  umbra_place_node node[42] = {{.refresh = 1}};
  uint32_t inputs[42] = {0};
  umbra_place_choice choices[42];
  double seconds = -1;
  for (uint32_t i = 1; i <= 40; i++) {
    inputs[i] = i;
    node[i] = (umbra_place_node){.inputs = inputs, .input_count = 1, .refresh = 1};
  }
  node[41] = (umbra_place_node){.inputs = inputs + 1, .input_count = 40, .refresh = 1};
  assert_fails(umbra_place_refreshes(choices, &seconds, node, 42, &(umbra_place_levels){8, 8, 0, 8}), UMBRA_ERROR_RANGE,
               "wait for their readers");
  assert_fails(umbra_place_refreshes(choices, &seconds, node, 42, &(umbra_place_levels){0, 0, 0, 0}), UMBRA_ERROR_RANGE,
               "wait for their readers");
  assert_true(seconds == -1);
  assert_ok(umbra_place_refreshes(choices, &seconds, node, 6, &(umbra_place_levels){8, 8, 0, 8}));
}

/* ---- memory ---- */

static void out_of_memory(void **state) {
  (void)state;
  static network n = {.pieces = 1, .depth = {6}};
  umbra_place_choice choices[128];
  double seconds = -1;
  fill_polynomial(n.polynomial[0], 13, 6);
  build_resnet(&n);
  for (long left = 0; left < 7; left++) {
    umbra_alloc_fail_after(left);
    assert_int_equal(umbra_place_refreshes(choices, &seconds, n.node, n.count, &boot), UMBRA_ERROR_OUT_OF_MEMORY);
  }
  umbra_alloc_fail_after(-1);
  assert_true(seconds == -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_placement),
      cmocka_unit_test(residual_networks),
      cmocka_unit_test(branches_one_after_the_other),
      cmocka_unit_test(too_wide),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
