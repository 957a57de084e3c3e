/* SPDX-License-Identifier: Apache-2.0 */
#include "network_run.h"

#include <math.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/verbs.h"
#include "../linalg/parts.h"
#include "advance.h"
#include "loss.h"
#include "mask.h"

static int is_squared(const umbra_train_plan *plan) { return plan->options.loss == UMBRA_LOSS_SQUARED; }

static int is_softmax(const umbra_train_plan *plan) { return plan->options.loss == UMBRA_LOSS_SOFTMAX; }

/* Whether errors are multiplied by the records' weights. */
static int is_weighted(const umbra_train_plan *plan) { return plan->network.weights != 0; }

static int has_public_features(const umbra_train_plan *plan) { return plan->options.public_features; }

/* Whether hidden layers have a polynomial over a range, not squares. */
static int is_fitted(const umbra_train_plan *plan) { return plan->activation.degree != 0; }

/* ---- a run ---- */

/* Of a layer, in an iteration: its diagonals at the level of its inputs, and of its errors, if any are computed with them. */
typedef struct expanded {
  umbra_ciphertext **diagonal, **low;
} expanded;

typedef struct run {
  const umbra_train_plan *plan;
  umbra_evaluator *evaluator;
  const umbra_bootstrapper *bootstrapper; /* of sums, if the plan refreshes any */
  uint32_t iteration;                     /* whose diagonals these are, from 1; 0: there are none */
  expanded layer[UMBRA_NETWORK_MAX_LAYERS];
  umbra_network_levels levels;
} run;

static const umbra_dense *layer_of(const run *r, uint32_t k) { return &r->plan->network.layer[k]; }
static uint32_t last_of(const run *r) { return r->plan->network.layers - 1; }

static void clear_layers(run *r) {
  r->iteration = 0;
  for (uint32_t k = 0; k <= last_of(r); k++)
    for (size_t i = 0; r->layer[k].diagonal && i < 2 * (size_t)layer_of(r, k)->diagonals; i++) {
      umbra_ciphertext_destroy(r->layer[k].diagonal[i]);
      r->layer[k].diagonal[i] = NULL;
    }
}

void umbra_network_run_destroy(void *object) {
  run *r = object;
  clear_layers(r);
  for (uint32_t k = 0; k <= last_of(r); k++) umbra_free(r->layer[k].diagonal);
  umbra_free(r);
}

static umbra_status make_room(run *r) {
  for (uint32_t k = 0; k <= last_of(r); k++) {
    expanded *layer = &r->layer[k];
    const size_t count = layer_of(r, k)->diagonals;
    UMBRA_TRY(umbra_alloc(&layer->diagonal, 2 * count, sizeof *layer->diagonal, "a layer"));
    layer->low = layer->diagonal + count;
  }
  return UMBRA_OK;
}

umbra_status umbra_network_run_create(void **out, const umbra_train_plan *plan, umbra_evaluator *evaluator,
                                      const umbra_bootstrapper *bootstrapper) {
  run *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a training"));
  made->plan = plan;
  made->evaluator = evaluator;
  made->bootstrapper = bootstrapper;
  umbra_status status = make_room(made);
  if (status == UMBRA_OK) *out = made;
  else umbra_network_run_destroy(made);
  return status;
}

/* ---- weights of an iteration ---- */

static umbra_status lower_all(run *r, umbra_ciphertext **low, umbra_ciphertext *const *x, size_t count,
                              uint32_t level) {
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_level_drop(r->evaluator, &low[i], x[i], level));
  return UMBRA_OK;
}

/* Diagonals are made where they are needed first, behind a refresh for errors. */
static uint32_t diagonal_level(const run *r, uint32_t k) {
  return k ? umbra_max_u32(r->levels.input[k], r->levels.error[k]) : r->levels.input[0];
}

/* Weights at the level at which they become diagonals. */
static umbra_status expand_weights(run *r, uint32_t k, const umbra_train_state *state, size_t first, double unit) {
  const umbra_dense *d = layer_of(r, k);
  const size_t parts = umbra_dense_parts(d);
  const uint32_t level = diagonal_level(r, k) + r->plan->network.expansion;
  umbra_ciphertext **weights;
  UMBRA_TRY(umbra_alloc(&weights, parts, sizeof(umbra_ciphertext *), "a layer"));
  umbra_status status = UMBRA_OK;
  for (size_t q = 0; q < parts && status == UMBRA_OK; q++)
    status = umbra_level_drop(r->evaluator, &weights[q], umbra_train_point(r->plan, state, first + q), level);
  if (status == UMBRA_OK)
    status = umbra_dense_expand(r->evaluator, r->layer[k].diagonal, d, (const umbra_ciphertext *const *)weights,
                                umbra_network_factor(r->plan, k) * unit, r->plan->network.expansion);
  umbra_parts_destroy(weights, parts);
  return status;
}

static umbra_status expand_layer(run *r, uint32_t k, const umbra_train_state *state, size_t first, double unit) {
  const expanded *layer = &r->layer[k];
  const size_t count = layer_of(r, k)->diagonals;
  UMBRA_TRY(expand_weights(r, k, state, first, unit));
  if (k) UMBRA_TRY(lower_all(r, layer->low, layer->diagonal, count, r->levels.error[k]));
  for (size_t i = 0; i < count; i++)
    UMBRA_TRY(umbra_train_lower(r->evaluator, &layer->diagonal[i], r->levels.input[k]));
  return UMBRA_OK;
}

static umbra_status expand_layers(run *r, const umbra_train_state *state, uint32_t i) {
  size_t first = 0;
  for (uint32_t k = 0; k <= last_of(r); k++) {
    UMBRA_TRY(expand_layer(r, k, state, first, umbra_train_point_unit(r->plan, i)));
    first += umbra_dense_parts(layer_of(r, k));
  }
  return UMBRA_OK;
}

/* Once in an iteration, before its first block. */
static umbra_status prepare(run *r, const umbra_train_state *state, uint32_t i) {
  const umbra_network_depths depths = umbra_network_depths_of(r->plan);
  const uint32_t level = umbra_ciphertext_level(state->part[0]), depth = umbra_network_depth(&depths);
  if (r->iteration == i + 1) return UMBRA_OK;
  clear_layers(r);
  if (level < depth)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "an iteration takes %u levels, and the weights are at level %u", depth,
                      level);
  r->levels = umbra_network_levels_of(&depths, level);
  UMBRA_TRY(expand_layers(r, state, i));
  r->iteration = i + 1;
  return UMBRA_OK;
}

/* ---- one ciphertext of records ---- */

/* Both parts of sums z of a hidden layer, or of slopes there: of a square's half of them, z again. */
typedef struct halves {
  umbra_ciphertext *re, *im;
} halves;

/* A ciphertext of records on its way: what a layer makes of it, and slopes of the hidden ones that are behind it. */
typedef struct passing {
  umbra_ciphertext *x;
  halves hidden[UMBRA_NETWORK_MAX_LAYERS];
} passing;

/* Of all ciphertexts of a block: inputs of each layer turned, errors turned back, and where each is. */
typedef struct turned {
  umbra_ciphertext **babies[UMBRA_NETWORK_MAX_LAYERS], **giants[UMBRA_NETWORK_MAX_LAYERS];
  passing *way;
  const umbra_train_block *block;
  size_t rows, parts; /* records, and ciphertexts that they take */
} turned;

static void clear_halves(halves *h) {
  umbra_ciphertext_destroy(h->re);
  umbra_ciphertext_destroy(h->im);
  *h = (halves){0};
}

static void clear_passing(passing *p) {
  umbra_ciphertext_destroy(p->x);
  for (uint32_t k = 0; k < UMBRA_NETWORK_MAX_LAYERS; k++) clear_halves(&p->hidden[k]);
  *p = (passing){0};
}

/* What lies within the plan's range. */
static void declare(umbra_ciphertext *x, double most) {
  umbra_ciphertext_declare_by_plan(x, umbra_bound_within(x->estimate.bound, most));
}

/* *x, which is used up, as two real ones, twice what its parts were. */
static umbra_status split(run *r, halves *h, umbra_ciphertext **x, double most) {
  UMBRA_TRY(umbra_split_complex(r->evaluator, &h->re, &h->im, *x));
  umbra_ciphertext_destroy(*x);
  *x = NULL;
  if (most > 0) declare(h->re, most);
  if (most > 0) declare(h->im, most);
  return UMBRA_OK;
}

/* *out = a.re b.re + i a.im b.im; what is there before is replaced. */
static umbra_status multiply_halves(run *r, umbra_ciphertext **out, const halves *a, const halves *b) {
  halves product = {0};
  umbra_status status = umbra_mul(r->evaluator, &product.re, a->re, b->re);
  if (status == UMBRA_OK) status = umbra_mul(r->evaluator, &product.im, a->im, b->im);
  if (status == UMBRA_OK) status = umbra_join_complex(r->evaluator, out, product.re, product.im);
  clear_halves(&product);
  return status;
}

static umbra_ciphertext **babies_of(const run *r, const turned *t, uint32_t k, size_t part) {
  return t->babies[k] + part * umbra_dense_babies(layer_of(r, k));
}

static umbra_ciphertext **giants_of(const run *r, const turned *t, uint32_t k, size_t part) {
  return t->giants[k] + part * umbra_dense_giants(layer_of(r, k));
}

/* *a, z over the range, becomes the activation, and *slope is made; both share their powers. */
static umbra_status fitted(run *r, umbra_ciphertext **a, umbra_ciphertext **slope) {
  const umbra_train_activation *h = &r->plan->activation;
  const double *const polynomials[] = {h->value, h->slope};
  const uint32_t degrees[] = {h->degree, h->degree - 1};
  umbra_ciphertext *made[2] = {0};
  umbra_status status = umbra_chebyshev_eval_many(r->evaluator, made, *a, polynomials, degrees, 2);
  if (status == UMBRA_OK) {
    umbra_ciphertext_destroy(*a);
    *a = made[0];
    *slope = made[1];
  }
  return status;
}

/*
 * *x, activations of a part, become 0 where there is no record: else what the polynomial is at 0 would count as inputs of
 * the next layer.
 */
static umbra_status clear_padding(run *r, umbra_ciphertext **x, const turned *t, size_t part) {
  const size_t stride = r->plan->layout.stride, first = 2 * stride * part, rows = t->rows - first;
  const double at_zero = umbra_train_activation_value(&r->plan->activation, 0);
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  umbra_plaintext *plain = NULL;
  double *pairs;
  if (rows >= 2 * stride || at_zero == 0) return UMBRA_OK;
  options.level = umbra_ciphertext_level(*x);
  options.slots = (uint32_t)stride;
  UMBRA_TRY(umbra_alloc(&pairs, 2 * stride, sizeof *pairs, "a mask"));
  for (size_t row = rows; row < 2 * stride; row++) pairs[2 * (row % stride) + row / stride] = at_zero;
  umbra_status status = umbra_encode_complex(&plain, r->evaluator->context, pairs, stride, &options);
  umbra_free(pairs);
  if (status == UMBRA_OK) status = umbra_sub_plain(r->evaluator, x, *x, plain);
  umbra_plaintext_destroy(plain);
  return status;
}

static umbra_status activate_fitted(run *r, umbra_ciphertext **x, halves *slope, halves *z) {
  umbra_status status = fitted(r, &z->re, &slope->re);
  if (status == UMBRA_OK) status = fitted(r, &z->im, &slope->im);
  if (status == UMBRA_OK) status = umbra_join_complex(r->evaluator, x, z->re, z->im);
  return status;
}

/* *x, the sums of a hidden layer, become its activations; slope: what errors are multiplied by later. */
static umbra_status activate(run *r, umbra_ciphertext **x, halves *slope, const turned *t, size_t part) {
  halves z = {0};
  if (!is_fitted(r->plan)) {
    UMBRA_TRY(split(r, slope, x, r->plan->activation.range));
    return multiply_halves(r, x, slope, slope);
  }
  umbra_status status = split(r, &z, x, 1);
  if (status == UMBRA_OK) status = activate_fitted(r, x, slope, &z);
  if (status == UMBRA_OK) status = clear_padding(r, x, t, part);
  clear_halves(&z);
  return status;
}

/* *x, inputs of layer k, become its sums: of the last one over the range if the loss is a sigmoid's. */
static umbra_status multiply_by_layer(run *r, umbra_ciphertext **x, const turned *t, uint32_t k, size_t part) {
  umbra_ciphertext **babies = babies_of(r, t, k, part);
  if (!k && has_public_features(r->plan))
    return umbra_dense_forward_plain(r->evaluator, x, layer_of(r, 0), r->layer[0].diagonal, &t->block->features, part);
  UMBRA_TRY(umbra_train_lower(r->evaluator, x, r->levels.input[k]));
  UMBRA_TRY(umbra_dense_turn(r->evaluator, babies, layer_of(r, k), *x));
  return umbra_dense_forward(r->evaluator, x, layer_of(r, k), r->layer[k].diagonal, babies);
}

/* From the sums of the layer before `first`, or from the records, to those of the layer before `end`. */
static umbra_status forward(run *r, const turned *t, size_t part, uint32_t first, uint32_t end) {
  passing *p = &t->way[part];
  if (!first && !has_public_features(r->plan))
    UMBRA_TRY(umbra_level_drop(r->evaluator, &p->x, t->block->records->part[part], r->levels.input[0]));
  for (uint32_t k = first; k < end; k++) {
    if (k) UMBRA_TRY(activate(r, &p->x, &p->hidden[k - 1], t, part));
    UMBRA_TRY(multiply_by_layer(r, &p->x, t, k, part));
  }
  return UMBRA_OK;
}

/*
 * *out = factor times what the records of a part have from the position `first` on, one for each output, wherever that
 * output's sums are, at that level.
 */
static umbra_status take_outputs(run *r, umbra_ciphertext **out, const turned *t, size_t part, size_t first,
                                 double factor, uint32_t level) {
  const umbra_train_plan *plan = r->plan;
  const umbra_network *n = &plan->network;
  const umbra_ciphertext *records = t->block->records->part[part / n->sharing];
  const umbra_dense *d = layer_of(r, last_of(r));
  const size_t stride = plan->layout.stride, slots = plan->layout.slots;
  umbra_plaintext *mask = NULL;
  first += part % n->sharing * n->span;
  umbra_status status =
      umbra_train_mask(&mask, r->evaluator, level + 1, slots, first * stride, (first + d->rows) * stride, factor);
  if (status == UMBRA_OK) status = umbra_level_drop(r->evaluator, out, records, level + 1);
  if (status == UMBRA_OK) status = umbra_mul_plain(r->evaluator, out, *out, mask);
  if (status == UMBRA_OK) status = umbra_add_rotations(r->evaluator, out, d->diagonals * stride, slots, 1);
  umbra_plaintext_destroy(mask);
  return status;
}

/*
 * *x, which is `value` in the places of the last layer's diagonals that are no units, becomes 0 there: else it would make
 * large sums over records, whose traces the masks of the gradient leave.
 */
static umbra_status clear_units(run *r, umbra_ciphertext **x, double value) {
  const umbra_dense *d = layer_of(r, last_of(r));
  const size_t stride = d->layout.stride, slots = d->diagonals * stride;
  umbra_plaintext *plain = NULL;
  if (d->rows == d->diagonals || value == 0) return UMBRA_OK;
  umbra_status status =
      umbra_train_mask(&plain, r->evaluator, umbra_ciphertext_level(*x), slots, d->rows * stride, slots, value);
  if (status == UMBRA_OK) status = umbra_sub_plain(r->evaluator, x, *x, plain);
  umbra_plaintext_destroy(plain);
  return status;
}

/* factor s(scores), where there are units. */
static umbra_status sigmoid(run *r, umbra_ciphertext **x, double factor) {
  UMBRA_TRY(umbra_train_slope(r->evaluator, x, r->plan, factor));
  return clear_units(r, x, factor * umbra_chebyshev_value(r->plan->coefficient, r->plan->degree, 0));
}

/* *inverse = factor Q of the sum of all units of exponentials x; see softmax.h. */
static umbra_status invert_sum(run *r, umbra_ciphertext **inverse, const umbra_ciphertext *x, double factor) {
  const umbra_train_softmax *s = &r->plan->softmax;
  const umbra_dense *d = layer_of(r, last_of(r));
  double scaled[UMBRA_SOFTMAX_TERMS];
  for (uint32_t k = 0; k <= s->degree; k++) scaled[k] = factor * s->inverse[k];
  UMBRA_TRY(umbra_ciphertext_copy(inverse, x));
  UMBRA_TRY(umbra_add_rotations(r->evaluator, inverse, d->layout.stride, d->diagonals * d->layout.stride, 1));
  UMBRA_TRY(umbra_add_constant(r->evaluator, inverse, *inverse, -s->offset, 0));
  declare(*inverse, 1);
  return umbra_chebyshev_eval(r->evaluator, inverse, *inverse, scaled, s->degree);
}

/* factor softmax(scores). */
static umbra_status softmax(run *r, umbra_ciphertext **x, double factor) {
  umbra_ciphertext *inverse = NULL;
  UMBRA_TRY(sigmoid(r, x, 1)); /* its polynomial is the exponential's */
  umbra_status status = invert_sum(r, &inverse, *x, factor);
  if (status == UMBRA_OK) status = umbra_level_drop(r->evaluator, x, *x, umbra_ciphertext_level(inverse));
  if (status == UMBRA_OK) status = umbra_mul(r->evaluator, x, *x, inverse);
  umbra_ciphertext_destroy(inverse);
  return status;
}

/* *scores become conjugates of what the loss's slope is at them. */
static umbra_status apply_loss(run *r, umbra_ciphertext **scores) {
  halves h = {0};
  if (is_squared(r->plan)) {
    declare(*scores, 2 * r->plan->sigmoid.range);
    return umbra_conjugate(r->evaluator, scores, *scores);
  }
  umbra_status (*const slope)(run *, umbra_ciphertext **, double) = is_softmax(r->plan) ? softmax : sigmoid;
  umbra_status status = split(r, &h, scores, 0);
  if (status == UMBRA_OK) status = slope(r, &h.re, 1);
  if (status == UMBRA_OK) status = slope(r, &h.im, -1);
  if (status == UMBRA_OK) status = umbra_join_complex(r->evaluator, scores, h.re, h.im);
  clear_halves(&h);
  return status;
}

/*
 * *x, conjugates of slopes, are multiplied by their records' weights. Both are twice as large when they are split, and
 * weights are conjugated, too.
 */
static umbra_status weigh(run *r, umbra_ciphertext **x, const turned *t, size_t part) {
  umbra_ciphertext *weights = NULL;
  halves slope = {0}, weight = {0};
  umbra_status status = take_outputs(r, &weights, t, part, r->plan->network.weights, 0.25, umbra_ciphertext_level(*x));
  if (status == UMBRA_OK) status = umbra_conjugate(r->evaluator, &weights, weights);
  if (status == UMBRA_OK) status = split(r, &weight, &weights, 0);
  if (status == UMBRA_OK) status = split(r, &slope, x, 0);
  if (status == UMBRA_OK) status = multiply_halves(r, x, &slope, &weight);
  umbra_ciphertext_destroy(weights);
  clear_halves(&weight);
  clear_halves(&slope);
  return status;
}

/* *x, scores, become the conjugated errors of the last layer. */
static umbra_status find_errors(run *r, umbra_ciphertext **x, const turned *t, size_t part) {
  umbra_ciphertext *targets = NULL;
  umbra_status status = apply_loss(r, x);
  if (status == UMBRA_OK && is_weighted(r->plan)) status = weigh(r, x, t, part);
  if (status == UMBRA_OK)
    status = take_outputs(r, &targets, t, part, r->plan->network.targets, 1, r->levels.error[last_of(r)]);
  if (status == UMBRA_OK) status = umbra_sub(r->evaluator, x, *x, targets);
  umbra_ciphertext_destroy(targets);
  return status;
}

/* From the errors *x of layer k those of the one before, by the slopes of its activation. */
static umbra_status back_one(run *r, umbra_ciphertext **x, const turned *t, const halves *hidden, uint32_t k,
                             size_t part) {
  halves error = {0};
  umbra_status status =
      umbra_dense_backward(r->evaluator, x, layer_of(r, k), r->layer[k].low, giants_of(r, t, k, part));
  if (status == UMBRA_OK) status = split(r, &error, x, 0);
  if (status == UMBRA_OK) status = multiply_halves(r, x, &error, &hidden[k - 1]);
  clear_halves(&error);
  return status;
}

static umbra_status backward(run *r, umbra_ciphertext **x, const turned *t, const halves *hidden, size_t part) {
  for (uint32_t k = last_of(r);; k--) {
    UMBRA_TRY(umbra_dense_turn_back(r->evaluator, giants_of(r, t, k, part), layer_of(r, k), *x));
    if (!k) return UMBRA_OK;
    UMBRA_TRY(back_one(r, x, t, hidden, k, part));
  }
}

/* What is left from layer `first` on, and all the way back. */
static umbra_status finish(run *r, const turned *t, size_t part, uint32_t first) {
  passing *p = &t->way[part];
  UMBRA_TRY(forward(r, t, part, first, r->plan->network.layers));
  UMBRA_TRY(find_errors(r, &p->x, t, part));
  UMBRA_TRY(backward(r, &p->x, t, p->hidden, part));
  clear_passing(p);
  return UMBRA_OK;
}

/* ---- sums that are refreshed ---- */

/* Of as many ciphertexts as are refreshed as one, from `first` on. */
typedef struct pack {
  run *r;
  const turned *t;
  uint32_t k; /* the layer */
  size_t first, count;
} pack;

/* The largest |slot| whose parts are within the range, over the scale. */
static double largest_in(const pack *p, double scale) {
  const double part = umbra_network_factor(p->r->plan, p->k) * umbra_network_range(p->r->plan, p->k);
  return sqrt(2) * part / scale;
}

/* *mask = value where the sums of ciphertext q of a pack are. */
static umbra_status make_place(umbra_plaintext **mask, const pack *p, size_t q, double value, uint32_t level) {
  const umbra_matrix_layout *l = &p->r->plan->layout;
  const size_t slots = (size_t)layer_of(p->r, p->k)->diagonals * l->stride;
  return umbra_train_mask(mask, p->r->evaluator, level, l->slots, q * slots, (q + 1) * slots, value);
}

/* From level 1, to which sums have come down. */
static umbra_status mask_one(const pack *p, umbra_plaintext **mask, size_t q) {
  umbra_ciphertext **x = &p->t->way[p->first + q].x;
  UMBRA_TRY(umbra_train_lower(p->r->evaluator, x, 1));
  declare(*x, largest_in(p, 1));
  return make_place(mask, p, q, 1 / umbra_network_pack_scale(p->r->plan, p->k), 1);
}

/* *all = sums of all of them, each in places of its own, over the scale. */
static umbra_status fill_pack(const pack *p, umbra_ciphertext **all) {
  const umbra_ciphertext *x[UMBRA_NETWORK_BLOCK_PARTS];
  umbra_plaintext *mask[UMBRA_NETWORK_BLOCK_PARTS] = {0};
  umbra_status status = UMBRA_OK;
  for (size_t q = 0; q < p->count && status == UMBRA_OK; q++) {
    status = mask_one(p, &mask[q], q);
    x[q] = p->t->way[p->first + q].x;
  }
  if (status == UMBRA_OK)
    status = umbra_dot_plain(p->r->evaluator, all, x, (const umbra_plaintext *const *)mask, p->count);
  for (size_t q = 0; q < p->count; q++) umbra_plaintext_destroy(mask[q]);
  if (status == UMBRA_OK) declare(*all, largest_in(p, umbra_network_pack_scale(p->r->plan, p->k)));
  return status;
}

/* Sums of one of them, at all positions. */
static umbra_status take_one(const pack *p, const umbra_ciphertext *all, size_t q) {
  umbra_evaluator *evaluator = p->r->evaluator;
  umbra_ciphertext **x = &p->t->way[p->first + q].x;
  umbra_plaintext *mask = NULL;
  const size_t slots = (size_t)layer_of(p->r, p->k)->diagonals * p->r->plan->layout.stride;
  umbra_status status =
      make_place(&mask, p, q, umbra_network_pack_scale(p->r->plan, p->k), umbra_ciphertext_level(all));
  if (status == UMBRA_OK) status = umbra_mul_plain(evaluator, x, all, mask);
  umbra_plaintext_destroy(mask);
  if (status == UMBRA_OK) status = umbra_add_rotations(evaluator, x, slots, p->r->plan->layout.slots, 1);
  if (status == UMBRA_OK) declare(*x, largest_in(p, 1));
  return status;
}

static umbra_status refresh_pack(const pack *p) {
  umbra_ciphertext *all = NULL;
  umbra_status status = fill_pack(p, &all);
  if (status == UMBRA_OK) status = umbra_bootstrap(p->r->evaluator, &all, all, p->r->bootstrapper);
  if (status == UMBRA_OK) status = umbra_train_lower(p->r->evaluator, &all, p->r->levels.sum[p->k] + 1);
  for (size_t q = 0; q < p->count && status == UMBRA_OK; q++) status = take_one(p, all, q);
  umbra_ciphertext_destroy(all);
  return status;
}

/* Sums of layer k of the whole block. */
static umbra_status refresh_sums(run *r, const turned *t, uint32_t k) {
  const size_t parts = t->parts, packed = umbra_network_packed(&r->plan->network, k);
  for (size_t first = 0; first < parts; first += packed) {
    const pack p = {r, t, k, first, parts - first < packed ? parts - first : packed};
    UMBRA_TRY(refresh_pack(&p));
  }
  return UMBRA_OK;
}

/* Up to the last sums that are refreshed all go in step; from there on one after the other. */
static umbra_status pass_all(run *r, const turned *t) {
  uint32_t first = 0;
  for (uint32_t k = 0; k <= last_of(r); k++) {
    if (!umbra_network_refreshes(&r->plan->network, k)) continue;
    for (size_t part = 0; part < t->parts; part++) UMBRA_TRY(forward(r, t, part, first, k + 1));
    UMBRA_TRY(refresh_sums(r, t, k));
    first = k + 1;
  }
  for (size_t part = 0; part < t->parts; part++) UMBRA_TRY(finish(r, t, part, first));
  return UMBRA_OK;
}

/* ---- the loss that is counted ---- */

enum { COUNTED_LEVEL = 2 }; /* the lowest that leaves levels for squares and for a mask; errors are never below */

/* low, conjugates: room for the errors of all parts, at that level. The errors themselves are their giant step 0. */
static umbra_status lower_errors(run *r, umbra_ciphertext **low, umbra_ciphertext **conjugates, const turned *t) {
  for (size_t part = 0; part < t->parts; part++) {
    UMBRA_TRY(umbra_level_drop(r->evaluator, &low[part], giants_of(r, t, last_of(r), part)[0], COUNTED_LEVEL));
    UMBRA_TRY(umbra_conjugate(r->evaluator, &conjugates[part], low[part]));
  }
  return UMBRA_OK;
}

/* *sum += the squared errors of both records of each slot; NULL is 0. */
static umbra_status add_squares(run *r, umbra_ciphertext **sum, umbra_ciphertext *const *low,
                                umbra_ciphertext *const *conjugates, size_t parts) {
  umbra_ciphertext *squares = NULL;
  UMBRA_TRY(umbra_dot(r->evaluator, &squares, (const umbra_ciphertext *const *)low,
                      (const umbra_ciphertext *const *)conjugates, parts));
  if (!*sum) {
    *sum = squares;
    return UMBRA_OK;
  }
  const umbra_status status = umbra_add(r->evaluator, sum, *sum, squares);
  umbra_ciphertext_destroy(squares);
  return status;
}

static umbra_status add_loss(run *r, umbra_ciphertext **sum, const turned *t) {
  const size_t parts = t->parts;
  umbra_ciphertext **low;
  UMBRA_TRY(umbra_alloc(&low, 2 * parts, sizeof *low, "errors"));
  umbra_status status = lower_errors(r, low, low + parts, t);
  if (status == UMBRA_OK) status = add_squares(r, sum, low, low + parts, parts);
  umbra_parts_destroy(low, 2 * parts);
  return status;
}

/* ---- blocks ---- */

static umbra_status open_turned(turned *t, const run *r, const umbra_train_block *block) {
  const size_t rows = has_public_features(r->plan) ? block->features.rows : block->records->rows;
  const size_t parts = umbra_quotient_above(rows, umbra_layout_rows_per_part(&r->plan->layout));
  *t = (turned){.block = block, .rows = rows, .parts = parts};
  UMBRA_TRY(umbra_alloc(&t->way, parts, sizeof *t->way, "a block"));
  for (uint32_t k = 0; k <= last_of(r); k++) {
    const umbra_dense *d = layer_of(r, k);
    UMBRA_TRY(umbra_alloc(&t->babies[k], parts * umbra_dense_babies(d), sizeof(umbra_ciphertext *), "a block"));
    UMBRA_TRY(umbra_alloc(&t->giants[k], parts * umbra_dense_giants(d), sizeof(umbra_ciphertext *), "a block"));
  }
  return UMBRA_OK;
}

static void close_turned(turned *t, const run *r) {
  const size_t parts = t->parts;
  for (uint32_t k = 0; k <= last_of(r); k++) {
    const umbra_dense *d = layer_of(r, k);
    umbra_parts_destroy(t->babies[k], parts * umbra_dense_babies(d));
    umbra_parts_destroy(t->giants[k], parts * umbra_dense_giants(d));
  }
  for (size_t part = 0; t->way && part < parts; part++) clear_passing(&t->way[part]);
  umbra_free(t->way);
}

/* Errors may be higher than what they are multiplied by, if sums were refreshed in between. */
static umbra_status add_gradient(run *r, umbra_ciphertext **sum, const turned *t, uint32_t k) {
  const umbra_dense *d = layer_of(r, k);
  const size_t giants = t->parts * umbra_dense_giants(d);
  for (size_t i = 0; i < giants; i++) UMBRA_TRY(umbra_train_lower(r->evaluator, &t->giants[k][i], r->levels.input[k]));
  if (!k && has_public_features(r->plan))
    return umbra_dense_gradient_plain(r->evaluator, sum, d, &t->block->features, t->giants[k], t->parts);
  return umbra_dense_gradient(r->evaluator, sum, d, t->babies[k], t->giants[k], t->parts);
}

static umbra_status add_gradients(run *r, umbra_train_state *sums, const turned *t) {
  umbra_ciphertext **sum = sums->part;
  for (uint32_t k = 0; k <= last_of(r); k++) {
    UMBRA_TRY(add_gradient(r, sum, t, k));
    sum += layer_of(r, k)->diagonals;
  }
  return UMBRA_OK;
}

static umbra_status add_block(run *r, umbra_train_state *sums, const umbra_train_block *block) {
  turned t;
  umbra_status status = open_turned(&t, r, block);
  if (status == UMBRA_OK) status = pass_all(r, &t);
  if (status == UMBRA_OK) status = add_gradients(r, sums, &t);
  if (status == UMBRA_OK && umbra_train_counts(r->plan)) status = add_loss(r, &sums->part[sums->count - 1], &t);
  close_turned(&t, r);
  return status;
}

umbra_status umbra_network_run_add(void *object, umbra_train_state *sums, const umbra_train_state *state, uint32_t i,
                                   const umbra_train_block *block) {
  run *r = object;
  umbra_status status = prepare(r, state, i);
  if (status == UMBRA_OK) status = add_block(r, sums, block);
  if (status != UMBRA_OK) clear_layers(r);
  return status;
}

/* ---- the step ---- */

/* A layer's, from sums brought down to that level. */
static umbra_status close_layer(run *r, umbra_ciphertext **step, umbra_ciphertext *const *sum, uint32_t k, uint32_t i,
                                uint32_t level) {
  const umbra_dense *d = layer_of(r, k);
  const umbra_plan_iteration *it = &r->plan->iteration[i];
  const double factor =
      -it->step.rate / (double)it->step.rows / it->unit_out / 2 / umbra_network_error_scale(r->plan, k);
  umbra_ciphertext **low;
  UMBRA_TRY(umbra_alloc(&low, d->diagonals, sizeof(umbra_ciphertext *), "a gradient"));
  umbra_status status = lower_all(r, low, sum, d->diagonals, level);
  if (status == UMBRA_OK) status = umbra_dense_gather(r->evaluator, step, d, low, factor);
  umbra_parts_destroy(low, d->diagonals);
  return status;
}

umbra_status umbra_network_run_close(void *object, umbra_train_state *steps, uint32_t i,
                                     const umbra_train_state *sums) {
  run *r = object;
  umbra_ciphertext **step = steps->part, **sum = sums->part;
  const uint32_t level = umbra_ciphertext_level(sum[0]); /* the first layer's errors come last */
  clear_layers(r);
  for (uint32_t k = 0; k <= last_of(r); k++) {
    UMBRA_TRY(close_layer(r, step, sum, k, i, level));
    step += umbra_dense_parts(layer_of(r, k));
    sum += layer_of(r, k)->diagonals;
  }
  return UMBRA_OK;
}

/* ---- the loss ---- */

/* What stands for a sigmoid or a softmax, of scores 0. */
static double slope_at_zero(const umbra_train_plan *plan, size_t outputs) {
  const umbra_train_softmax *s = &plan->softmax;
  const double value = umbra_chebyshev_value(plan->coefficient, plan->degree, 0);
  if (!is_softmax(plan)) return value;
  return value * umbra_chebyshev_value(s->inverse, s->degree, (double)outputs * value - s->offset);
}

/* Squared errors of what is no record: it has scores 0, and no targets. */
static double loss_of_padding(const umbra_train_plan *plan, uint64_t rows) {
  const size_t outputs = umbra_network_units(&plan->options, plan->network.layers - 1);
  const uint64_t part = umbra_layout_rows_per_part(&plan->layout);
  const uint64_t padding = umbra_quotient_above(rows, part) * part - rows;
  if (is_squared(plan) || is_weighted(plan)) return 0;
  return (double)padding * (double)outputs * pow(slope_at_zero(plan, outputs), 2);
}

umbra_status umbra_network_run_count(void *object, umbra_ciphertext **squares, uint32_t i,
                                     const umbra_train_state *sums) {
  run *r = object;
  const umbra_dense *d = layer_of(r, last_of(r));
  const size_t stride = d->layout.stride;
  const double padding = loss_of_padding(r->plan, r->plan->iteration[i].step.rows);
  UMBRA_TRY(umbra_ciphertext_copy(squares, sums->part[sums->count - 1]));
  UMBRA_TRY(umbra_add_rotations(r->evaluator, squares, 1, stride, -1));
  UMBRA_TRY(umbra_add_rotations(r->evaluator, squares, stride, stride * d->diagonals, 1));
  return padding > 0 ? umbra_add_constant(r->evaluator, squares, *squares, -padding, 0) : UMBRA_OK;
}
