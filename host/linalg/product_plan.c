/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of products: each candidate is a pair of layouts, whose product runs dry. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <umbra/product_plan.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../base/text.h"
#include "../ckks/dry.h"
#include "layout.h"

enum {
  MOST_CANDIDATES = 64,
  MOST_CIPHERTEXTS = 1 << 14, /* of a factor, or of the product */
  MOST_PRODUCTS = 1 << 18,    /* of ciphertexts */
  MOST_WEIGHTS = 1 << 24,
  MOST_SHIFTED = 8, /* rows in shifted copies: each, or two with pairs, costs as much as one */
  SIZES = 3         /* of tiles, and of blocks of diagonals: the largest that is of use, and smaller ones */
};

typedef struct candidate {
  size_t order; /* in which it was thought of, which decides between equals */
  umbra_matrix_layout a, b;
  umbra_product_candidate is;
  umbra_cost cost;
  umbra_key_needs *needs;
} candidate;

struct umbra_product_plan {
  umbra_params *params; /* a share */
  umbra_product_desc desc;
  size_t count;
  candidate candidate[MOST_CANDIDATES];
};

/* ---- candidates ---- */

static umbra_matrix_layout layout_of(umbra_matrix_order order, size_t stride, size_t slots, int pairs) {
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = order, .stride = (uint32_t)stride,
                               .slots = (uint32_t)slots, .pairs = pairs, .group = 1};
}

/* Of the product; with plain weights and several columns in a ciphertext it may have fewer slots. */
static umbra_matrix_layout layout_of_product(const umbra_product_plan *plan, const candidate *c) {
  const umbra_matrix_layout *a = &c->a;
  if (a->order == UMBRA_MATRIX_SHIFTED) return layout_of(UMBRA_MATRIX_BY_COLUMNS, 1, a->stride, a->pairs);
  if (!plan->desc.plain || a->slots == a->stride) return *a;
  return layout_of(a->order, a->stride, umbra_params_slots(plan->params), 0);
}

/* Whether it runs dry within seconds. */
static int is_small(const umbra_product_plan *plan, const candidate *c) {
  const umbra_product_desc *d = &plan->desc;
  const umbra_matrix_layout out = layout_of_product(plan, c);
  const size_t inner = d->plain ? 1 : umbra_layout_parts(&c->a, 1, d->inner), down = c->is.a_ciphertexts / inner;
  const size_t steps = c->a.order == UMBRA_MATRIX_BY_COLUMNS ? 1 : c->a.stride;
  return c->is.a_ciphertexts <= MOST_CIPHERTEXTS && c->is.b_ciphertexts <= MOST_CIPHERTEXTS &&
         umbra_layout_parts(&out, d->rows, d->columns) <= MOST_CIPHERTEXTS &&
         (d->plain ? d->inner * d->columns <= MOST_WEIGHTS : down * c->is.b_ciphertexts * steps <= MOST_PRODUCTS);
}

/* b: NULL: it is plain. */
static void add(umbra_product_plan *plan, const umbra_matrix_layout *a, const umbra_matrix_layout *b) {
  const umbra_product_desc *d = &plan->desc;
  candidate c = {.order = plan->count, .a = *a, .cost = {UMBRA_COST_INIT}, .is = {UMBRA_PRODUCT_CANDIDATE_INIT}};
  if (b) c.b = *b;
  c.is.a_ciphertexts = umbra_layout_parts(a, d->rows, d->inner);
  c.is.b_ciphertexts = b ? umbra_layout_parts(b, d->inner, d->columns) : 0;
  if (is_small(plan, &c) && plan->count < MOST_CANDIDATES) plan->candidate[plan->count++] = c;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }
static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Slots for as many records, or half of them with pairs. */
static uint32_t stride_of(size_t rows, int pairs, size_t most_slots) {
  return (uint32_t)smaller(umbra_power_above((smaller(rows, 2 * most_slots) + (size_t)pairs) >> pairs), most_slots);
}

/* By columns, with one, two, four, ... of them in a ciphertext. */
static void add_plain(umbra_product_plan *plan, size_t most_slots) {
  const umbra_product_desc *d = &plan->desc;
  const size_t columns = umbra_power_above(smaller(larger(d->inner, d->columns), most_slots));
  for (int pairs = 0; pairs < 1 + (d->rows > 1); pairs++) {
    const size_t stride = stride_of(d->rows, pairs, most_slots);
    for (size_t slots = stride; slots <= smaller(most_slots, stride * columns); slots *= 2) {
      const umbra_matrix_layout a = layout_of(UMBRA_MATRIX_BY_COLUMNS, stride, slots, pairs);
      add(plan, &a, NULL);
    }
  }
}

/* Shifted copies in twice, four times, ... the slots that hold a row, as long as there are fewer copies than columns. */
static void add_shifted(umbra_product_plan *plan, size_t most_slots) {
  const umbra_product_desc *d = &plan->desc;
  const size_t stride = umbra_power_above(smaller(d->columns, most_slots)), inner = umbra_power_above(d->inner);
  for (size_t slots = 2 * larger(inner, stride); slots <= smaller(most_slots, inner * stride); slots *= 2) {
    umbra_matrix_layout a = layout_of(UMBRA_MATRIX_SHIFTED, stride, slots, d->rows > 1);
    a.group = (uint32_t)(inner * stride >> __builtin_ctzll(slots));
    add(plan, &a, NULL);
  }
}

static void add_tiles(umbra_product_plan *plan, size_t most_slots) {
  const umbra_product_desc *d = &plan->desc;
  umbra_matrix_layout largest = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_TILES_LEFT};
  if (umbra_layout_choose(&largest, larger(d->rows, d->inner), larger(d->inner, d->columns), most_slots) != UMBRA_OK)
    return;
  for (int i = 0; i < SIZES && largest.stride >> i; i++) {
    const size_t side = largest.stride >> i, slots = largest.slots >> 2 * i;
    for (int pairs = 0; pairs < 1 + (d->columns > side); pairs++) {
      const umbra_matrix_layout a = layout_of(UMBRA_MATRIX_TILES_LEFT, side, slots, 0);
      const umbra_matrix_layout b = layout_of(UMBRA_MATRIX_TILES_RIGHT, side, slots, pairs);
      add(plan, &a, &b);
    }
  }
}

static void add_diagonals(umbra_product_plan *plan, size_t most_slots) {
  const umbra_product_desc *d = &plan->desc;
  const size_t most = umbra_power_above(smaller(larger(d->inner, d->columns), most_slots));
  for (int i = 0; i < SIZES && most >> i; i++) {
    for (int pairs = 0; pairs < 1 + (d->rows > 1); pairs++) {
      const size_t positions = most >> i, stride = stride_of(d->rows, pairs, most_slots / positions);
      const umbra_matrix_layout a = layout_of(UMBRA_MATRIX_BY_COLUMNS, stride, stride * positions, pairs);
      umbra_matrix_layout b = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_DIAGONALS, .stride = a.stride,
                               .slots = a.slots};
      if (umbra_layout_choose(&b, d->inner, d->columns, most_slots) == UMBRA_OK) add(plan, &a, &b);
    }
  }
}

static void add_all(umbra_product_plan *plan) {
  const umbra_product_desc *d = &plan->desc;
  const size_t most_slots = umbra_params_slots(plan->params);
  if (d->plain) {
    add_plain(plan, most_slots);
    if (d->rows <= MOST_SHIFTED) add_shifted(plan, most_slots);
    return;
  }
  add_tiles(plan, most_slots);
  add_diagonals(plan, most_slots);
}

/* ---- trials ---- */

typedef struct trial {
  const umbra_product_desc *desc;
  umbra_context *context;
  umbra_evaluator *evaluator;
  umbra_matrix *a, *b;
  umbra_weights *weights;
} trial;

static umbra_status make_weights(trial *t, const umbra_matrix_layout *layout) {
  const umbra_array values = {UMBRA_ARRAY_INIT, .rows = t->desc->columns, .columns = t->desc->inner};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .layout = layout};
  if (t->desc->level < umbra_params_depth(umbra_context_params(t->context))) desc.level = t->desc->level + 1;
  return umbra_weights_create(&t->weights, t->context, &desc, NULL);
}

static umbra_status make_factors(trial *t, const candidate *c) {
  const umbra_product_desc *d = t->desc;
  UMBRA_TRY(umbra_dry_matrix(&t->a, t->context, d->rows, d->inner, UMBRA_TOP_LEVEL, 1, &c->a));
  if (d->plain) return make_weights(t, &c->a);
  return umbra_dry_matrix(&t->b, t->context, d->inner, d->columns, UMBRA_TOP_LEVEL, 1, &c->b);
}

/* The product takes the place of a. */
static umbra_status multiply(trial *t) {
  if (t->desc->plain) return umbra_matrix_apply(t->evaluator, &t->a, t->a, t->weights);
  umbra_multiply_options options = {UMBRA_MULTIPLY_OPTIONS_INIT};
  options.level = t->desc->level;
  return umbra_matrix_multiply(t->evaluator, &t->a, t->a, t->b, &options);
}

static umbra_status measure(trial *t, candidate *c) {
  UMBRA_TRY(umbra_context_cost_begin(t->context));
  UMBRA_TRY(multiply(t));
  c->is.level = umbra_matrix_level(t->a);
  UMBRA_TRY(umbra_context_cost(t->context, &c->cost));
  if (t->desc->memory && c->cost.peak_bytes > t->desc->memory)
    return umbra_fail(UMBRA_ERROR_RANGE, "a product %s takes %" PRIu64 " bytes, and memory is %" PRIu64,
                      umbra_layout_name(&c->a), c->cost.peak_bytes, t->desc->memory);
  UMBRA_TRY(umbra_context_reference_seconds(t->context, &c->is.seconds, t->desc->target));
  UMBRA_TRY(umbra_key_needs_create(&c->needs, umbra_context_params(t->context)));
  return umbra_context_needs(t->context, c->needs);
}

static umbra_status try_candidate(trial *t, candidate *c) {
  umbra_status status = make_factors(t, c);
  if (status == UMBRA_OK) status = measure(t, c);
  umbra_matrix_destroy(t->a);
  umbra_matrix_destroy(t->b);
  umbra_weights_destroy(t->weights);
  t->a = t->b = NULL;
  t->weights = NULL;
  return status;
}

/* Those that there are levels, memory and keys for (of which keyless levels have none) take the place of all. */
static umbra_status keep_possible(umbra_product_plan *plan, trial *t) {
  umbra_status status = UMBRA_OK;
  size_t kept = 0;
  for (size_t i = 0; i < plan->count; i++) {
    status = try_candidate(t, &plan->candidate[i]);
    if (status == UMBRA_OK) {
      const candidate c = plan->candidate[i];
      plan->candidate[i].needs = NULL;
      plan->candidate[kept++] = c;
    } else if (status != UMBRA_ERROR_NO_LEVEL && status != UMBRA_ERROR_RANGE && status != UMBRA_ERROR_MISSING_KEY) {
      return status;
    }
  }
  if (!kept) return status;
  plan->count = kept;
  return UMBRA_OK;
}

static umbra_status no_candidate(const umbra_product_desc *d) {
  return umbra_fail(
      UMBRA_ERROR_RANGE,
      "a product of %zu x %zu and %zu x %zu takes, in any layout, more than %d ciphertexts, %d weights or %d "
      "products of ciphertexts: divide it",
      d->rows, d->inner, d->inner, d->columns, MOST_CIPHERTEXTS, MOST_WEIGHTS, MOST_PRODUCTS);
}

static int by_seconds(const void *left, const void *right) {
  const candidate *a = left, *b = right;
  if (a->is.seconds != b->is.seconds) return a->is.seconds < b->is.seconds ? -1 : 1;
  return a->order < b->order ? -1 : a->order > b->order;
}

static umbra_status compare(umbra_product_plan *plan) {
  trial t = {.desc = &plan->desc};
  UMBRA_TRY(umbra_dry_open(&t.context, plan->params, plan->desc.target));
  umbra_status status = umbra_evaluator_create(&t.evaluator, t.context, NULL);
  if (status == UMBRA_OK) status = keep_possible(plan, &t);
  umbra_evaluator_destroy(t.evaluator);
  umbra_context_destroy(t.context);
  if (status == UMBRA_OK) qsort(plan->candidate, plan->count, sizeof *plan->candidate, by_seconds);
  return status;
}

/* ---- the plan ---- */

static umbra_status check_desc(const umbra_product_desc *d) {
  const size_t most = ((size_t)1 << 31) - 1;
  if (d->plain & ~1) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "plain is %d: 0 or 1", d->plain);
  if (!umbra_target_name(d->target))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "target is %d, which is none", (int)d->target);
  if (d->rows && d->inner && d->columns && d->rows <= most && d->inner <= most && d->columns <= most) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "a product of %zu x %zu and %zu x %zu: sizes must be above 0 and below 2^31", d->rows, d->inner,
                    d->inner, d->columns);
}

umbra_status umbra_product_plan_create(umbra_product_plan **plan, const umbra_params *params,
                                       const umbra_product_desc *desc) {
  if (!plan || !params || !desc)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a plan of a product needs an output, parameters and a description");
  umbra_product_desc wanted = {UMBRA_PRODUCT_DESC_INIT};
  umbra_product_plan *made;
  UMBRA_TRY(UMBRA_TAKE(umbra_product_desc, &wanted, desc));
  UMBRA_TRY(check_desc(&wanted));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a plan of a product"));
  made->params = umbra_params_share(params);
  made->desc = wanted;
  add_all(made);
  const umbra_status status = made->count ? compare(made) : no_candidate(&wanted);
  if (status == UMBRA_OK) UMBRA_PUT(product_plan, plan, made);
  else umbra_product_plan_destroy(made);
  return status;
}

void umbra_product_plan_destroy(umbra_product_plan *plan) {
  if (!plan) return;
  for (size_t i = 0; i < plan->count; i++) umbra_key_needs_destroy(plan->candidate[i].needs);
  umbra_params_destroy(plan->params);
  umbra_free(plan);
}

size_t umbra_product_plan_candidates(const umbra_product_plan *plan) { return plan->count; }

static umbra_status check_number(const umbra_product_plan *plan, size_t number, const void *out) {
  if (!plan || !out) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a candidate needs a plan and an output");
  if (number < plan->count) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "candidate %zu of %zu", number, plan->count);
}

umbra_status umbra_product_plan_get(const umbra_product_plan *plan, umbra_product_candidate *candidate, size_t number) {
  UMBRA_TRY(check_number(plan, number, candidate));
  return UMBRA_GIVE(umbra_product_candidate, candidate, &plan->candidate[number].is);
}

umbra_status umbra_product_plan_layouts(const umbra_product_plan *plan, umbra_matrix_layout *a, umbra_matrix_layout *b,
                                        size_t number) {
  UMBRA_TRY(check_number(plan, number, a));
  if (b && plan->desc.plain) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a plain factor has no layout");
  if (b) UMBRA_TRY(UMBRA_GIVE(umbra_matrix_layout, b, &plan->candidate[number].b));
  return UMBRA_GIVE(umbra_matrix_layout, a, &plan->candidate[number].a);
}

umbra_status umbra_product_plan_cost(const umbra_product_plan *plan, umbra_cost *cost, size_t number) {
  UMBRA_TRY(check_number(plan, number, cost));
  return UMBRA_GIVE(umbra_cost, cost, &plan->candidate[number].cost);
}

umbra_status umbra_product_plan_add_needs(const umbra_product_plan *plan, umbra_key_needs *needs) {
  UMBRA_TRY(check_number(plan, 0, needs));
  return umbra_key_needs_add(needs, plan->candidate[0].needs);
}

/* ---- in words ---- */

static void put_candidate(umbra_text *out, const candidate *c, int plain) {
  const umbra_matrix_layout *a = &c->a, *b = &c->b;
  const uint64_t microseconds = (uint64_t)llround(1e6 * c->is.seconds);
  umbra_text_put(out, "%9" PRIu64 ".%03u  %5zu  %9zu  %9" PRIu64 "  %9" PRIu64 "  %5" PRIu32 "  %zu ",
                 microseconds / 1000, (unsigned)(microseconds % 1000), c->cost.keys, c->cost.key_switches,
                 c->cost.key_bytes >> 20, c->cost.peak_bytes >> 20, c->is.level, c->is.a_ciphertexts);
  umbra_text_put(out, "%s%s", umbra_layout_name(a), a->pairs ? " with pairs" : "");
  if (!plain)
    umbra_text_put(out, ", %zu %s%s", c->is.b_ciphertexts, umbra_layout_name(b), b->pairs ? " with pairs" : "");
  umbra_text_put(out, "; stride %" PRIu32 " of %" PRIu32 " slots", a->stride, a->slots);
  if (a->order == UMBRA_MATRIX_SHIFTED) umbra_text_put(out, ", shifted by %" PRIu32, a->group);
  umbra_text_put(out, "\n");
}

static void put_plan(umbra_text *out, const void *source) {
  const umbra_product_plan *plan = source;
  const umbra_product_desc *d = &plan->desc;
  umbra_text_put(out, "%zu x %zu by %s %zu x %zu, for target %s\n", d->rows, d->inner, d->plain ? "plain" : "encrypted",
                 d->inner, d->columns, umbra_target_name(d->target));
  umbra_text_put(out, " milliseconds   keys   switches   keys MiB   peak MiB  level  ciphertexts\n");
  for (size_t i = 0; i < plan->count; i++) put_candidate(out, &plan->candidate[i], d->plain);
}

umbra_status umbra_product_plan_explain(const umbra_product_plan *plan, char *text, size_t *size) {
  if (!plan || !size)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "an explanation needs a plan and the size of its text");
  return umbra_text_hand_out(text, size, put_plan, plan);
}
