/* SPDX-License-Identifier: Apache-2.0 */
#include "multiply.h"

#include "../base/bounds.h"
#include "../base/counted.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/calls.h"
#include "../ckks/checks.h"
#include "../ckks/trace.h"

typedef umbra_status (*algorithm)(umbra_evaluator *evaluator, umbra_matrix *out, const umbra_matrix *a,
                                  const umbra_matrix *b);

/* One factor of a product: what was given, what it takes to use it, and how it is used. */
typedef struct factor {
  const umbra_matrix *given;
  int transposed;
  umbra_matrix_order order;      /* that the product needs */
  int levels;                    /* until it is in that order: linear maps */
  const umbra_factor_maps *maps; /* given, or NULL */
  umbra_matrix *made;            /* NULL: it can be used as it was given */
} factor;

typedef struct product {
  factor a, b;
  algorithm run;
  umbra_matrix_order out;
  uint32_t start;   /* level of the factors that are multiplied */
  double magnitude; /* declared; 0: it is not */
} product;

static size_t rows_of(const factor *f) { return f->transposed ? f->given->columns : f->given->rows; }
static size_t columns_of(const factor *f) { return f->transposed ? f->given->rows : f->given->columns; }

/* ---- what goes together ---- */

static umbra_status check_shapes(const product *p) {
  const umbra_matrix_layout *a = &p->a.given->layout, *b = &p->b.given->layout;
  if (columns_of(&p->a) != rows_of(&p->b))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a matrix of %zu x %zu cannot be multiplied by one of %zu x %zu",
                      rows_of(&p->a), columns_of(&p->a), rows_of(&p->b), columns_of(&p->b));
  if (a->stride != b->stride || a->slots != b->slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "factors of a product need the same layout: they have strides of %u and %u in %u and %u slots",
                      a->stride, b->stride, a->slots, b->slots);
  return UMBRA_OK;
}

static int is_tiled(const factor *f) {
  const umbra_matrix_order order = f->given->layout.order;
  return order == UMBRA_MATRIX_TILES || order == UMBRA_MATRIX_TILES_LEFT || order == UMBRA_MATRIX_TILES_RIGHT;
}

static int is_plainly(const factor *f, umbra_matrix_order order) {
  return f->given->layout.order == order && !f->transposed;
}

static umbra_status no_product(const product *p) {
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no product of a%s matrix %s with a%s %s",
                    p->a.transposed ? " transposed" : "", umbra_layout_name(&p->a.given->layout),
                    p->b.transposed ? " transposed one" : " matrix", umbra_layout_name(&p->b.given->layout));
}

static umbra_status choose_algorithm(product *p) {
  if (is_plainly(&p->a, UMBRA_MATRIX_BY_COLUMNS) && is_plainly(&p->b, UMBRA_MATRIX_DIAGONALS)) {
    p->a.order = p->out = UMBRA_MATRIX_BY_COLUMNS;
    p->b.order = UMBRA_MATRIX_DIAGONALS;
    p->run = umbra_multiply_diagonals;
    return UMBRA_OK;
  }
  if (!is_tiled(&p->a) || !is_tiled(&p->b)) return no_product(p);
  p->a.order = UMBRA_MATRIX_TILES_LEFT;
  p->b.order = UMBRA_MATRIX_TILES_RIGHT;
  p->out = UMBRA_MATRIX_TILES;
  p->run = umbra_multiply_tiles;
  p->a.levels = umbra_factor_maps_count(p->a.order, p->a.given->layout.order, p->a.transposed);
  p->b.levels = umbra_factor_maps_count(p->b.order, p->b.given->layout.order, p->b.transposed);
  return p->a.levels < 0 || p->b.levels < 0 ? no_product(p) : UMBRA_OK;
}

/* The lowest level that serves, and no higher than the factors allow. */
static umbra_status choose_level(product *p, uint32_t wanted) {
  const int64_t of_a = (int64_t)umbra_matrix_level(p->a.given) - p->a.levels;
  const int64_t of_b = (int64_t)umbra_matrix_level(p->b.given) - p->b.levels;
  const int64_t most = of_a < of_b ? of_a : of_b;
  if (most < 1)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "factors at levels %u and %u: their product needs at least %d and %d",
                      umbra_matrix_level(p->a.given), umbra_matrix_level(p->b.given), p->a.levels + 1, p->b.levels + 1);
  p->start = wanted < most - 1 ? wanted + 1 : (uint32_t)most;
  return UMBRA_OK;
}

/* Two polynomials each, and zeros where products count on them. */
static umbra_status check_factor(const umbra_evaluator *evaluator, const umbra_matrix *m) {
  umbra_ciphertext *none = NULL;
  for (size_t i = 0; i < m->parts; i++) UMBRA_TRY(umbra_check_operands(evaluator, &none, m->part[0], m->part[i]));
  if (!m->dirty) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_INVALID_ARGUMENT,
      "a matrix %s that was made of ciphertexts may hold anything beside its elements, where products count "
      "on zeros: umbra_matrix_rearrange makes one with zeros there",
      umbra_layout_name(&m->layout));
}

static umbra_status check_options(const umbra_multiply_options *o) {
  if ((o->transpose_a & ~1) || (o->transpose_b & ~1))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "transpose_a and transpose_b are %d and %d: each is 0 or 1",
                      o->transpose_a, o->transpose_b);
  if (!umbra_is_bound(o->magnitude))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a declared magnitude of %g: it must be finite and not negative",
                      o->magnitude);
  return UMBRA_OK;
}

/* How it is done: of matrices of one parameter set. */
static umbra_status plan(product *p, const umbra_matrix *a, const umbra_matrix *b,
                         const umbra_multiply_options *options) {
  *p = (product){.magnitude = options->magnitude,
                 .a = {.given = a, .transposed = options->transpose_a},
                 .b = {.given = b, .transposed = options->transpose_b}};
  UMBRA_TRY(check_options(options));
  UMBRA_TRY(check_shapes(p));
  UMBRA_TRY(choose_algorithm(p));
  return choose_level(p, options->level);
}

/* ---- maps that are encoded once ---- */

struct umbra_tile_maps {
  umbra_counted counted;
  umbra_context *context; /* a share */
  umbra_matrix_layout layout_a, layout_b;
  int transpose_a, transpose_b;
  uint32_t start; /* as in a product */
  umbra_factor_maps a, b;
};

static void destroy_maps(void *object) {
  umbra_tile_maps *maps = object;
  umbra_factor_maps_clear(&maps->a);
  umbra_factor_maps_clear(&maps->b);
  umbra_context_destroy(maps->context);
  umbra_free(maps);
}

static umbra_status make_factor_maps(umbra_factor_maps *maps, const umbra_context *context, const factor *f,
                                     uint32_t start, umbra_watch *watch, uint64_t i) {
  const umbra_watch_part part = umbra_watch_enter(watch, i, 2);
  const umbra_status status =
      umbra_factor_maps_make(maps, context, &f->given->layout, f->order, f->transposed, start, watch);
  umbra_watch_leave(watch, part);
  return status;
}

static umbra_status make_maps(umbra_tile_maps **out, const product *p, umbra_watch *watch) {
  const umbra_context *context = p->a.given->context;
  umbra_tile_maps *made;
  if (p->run != umbra_multiply_tiles)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "maps are for products of matrices in tiles only");
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "maps of tiles"));
  *made = (umbra_tile_maps){.counted = UMBRA_COUNTED(destroy_maps),
                            .context = umbra_context_share(context),
                            .layout_a = p->a.given->layout,
                            .layout_b = p->b.given->layout,
                            .transpose_a = p->a.transposed,
                            .transpose_b = p->b.transposed,
                            .start = p->start};
  umbra_status status = make_factor_maps(&made->a, context, &p->a, p->start, watch, 0);
  if (status == UMBRA_OK) status = make_factor_maps(&made->b, context, &p->b, p->start, watch, 1);
  if (status == UMBRA_OK) UMBRA_PUT(tile_maps, out, made);
  else umbra_tile_maps_destroy(made);
  return status;
}

umbra_status umbra_tile_maps_create(umbra_tile_maps **maps, const umbra_matrix *a, const umbra_matrix *b,
                                    const umbra_multiply_options *options, const umbra_progress *progress) {
  UMBRA_TRACE_OF(a, "tile_maps_create", 0);
  umbra_multiply_options own = {UMBRA_MULTIPLY_OPTIONS_INIT};
  product p;
  if (!maps || !a || !b)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_tile_maps_create needs an output and two matrices");
  UMBRA_TRY(UMBRA_TAKE(umbra_multiply_options, &own, options));
  UMBRA_TRY(umbra_check_context(a->context, b->context, "a matrix"));
  UMBRA_TRY(plan(&p, a, b, &own));
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, make_maps(maps, &p, &watch));
}

umbra_tile_maps *umbra_tile_maps_share(const umbra_tile_maps *maps) { return umbra_share(maps); }
void umbra_tile_maps_destroy(umbra_tile_maps *maps) { umbra_release(maps); }

static uint64_t bytes_of(const umbra_factor_maps *maps) {
  uint64_t bytes = 0;
  for (int i = 0; i < maps->count; i++) bytes += umbra_transform_bytes(maps->map[i]);
  return bytes;
}

uint64_t umbra_tile_maps_bytes(const umbra_tile_maps *maps) { return bytes_of(&maps->a) + bytes_of(&maps->b); }

/* The product begins where the maps lead to. */
static umbra_status use_maps(product *p, const umbra_evaluator *evaluator, const umbra_tile_maps *maps) {
  UMBRA_TRY(umbra_check_own(evaluator, maps->context, "the maps"));
  if (!umbra_layout_same(&maps->layout_a, &p->a.given->layout) || maps->transpose_a != p->a.transposed ||
      !umbra_layout_same(&maps->layout_b, &p->b.given->layout) || maps->transpose_b != p->b.transposed)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the maps are for factors of other layouts, or transposed others");
  if (maps->start > p->start)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the maps are for a product at level %u: this one can be at %u",
                      maps->start - 1, p->start - 1);
  p->start = maps->start;
  p->a.maps = &maps->a;
  p->b.maps = &maps->b;
  return UMBRA_OK;
}

/* ---- factors ---- */

static umbra_status lower(umbra_evaluator *evaluator, umbra_matrix **lowered, const umbra_matrix *m, uint32_t level) {
  UMBRA_TRY(umbra_matrix_make(lowered, evaluator->context, m->rows, m->columns, &m->layout));
  for (size_t i = 0; i < m->parts; i++) UMBRA_TRY(umbra_level_drop(evaluator, &(*lowered)->part[i], m->part[i], level));
  return UMBRA_OK;
}

static int is_at(const umbra_matrix *m, uint32_t level) {
  size_t i = 0;
  while (i < m->parts && umbra_ciphertext_level(m->part[i]) == level) i++;
  return i == m->parts;
}

static umbra_status turn_into_factor(umbra_evaluator *evaluator, factor *f, uint32_t start) {
  umbra_factor_maps own = {0};
  if (!f->maps)
    UMBRA_TRY(umbra_factor_maps_make(&own, evaluator->context, &f->given->layout, f->order, f->transposed, start,
                                     &evaluator->watch));
  const umbra_status status =
      umbra_tile_factor(evaluator, &f->made, f->given, f->order, f->transposed, f->maps ? f->maps : &own);
  umbra_factor_maps_clear(&own);
  return status;
}

static umbra_status prepare(umbra_evaluator *evaluator, factor *f, uint32_t start) {
  if (f->levels) return turn_into_factor(evaluator, f, start);
  return is_at(f->given, start) ? UMBRA_OK : lower(evaluator, &f->made, f->given, start);
}

static const umbra_matrix *used(const factor *f) { return f->made ? f->made : f->given; }

/* ---- the call ---- */

static umbra_matrix_layout layout_of(const product *p) {
  umbra_matrix_layout layout = p->a.given->layout;
  layout.order = p->out;
  layout.pairs |= p->b.given->layout.pairs;
  return layout;
}

static umbra_status multiply(umbra_evaluator *evaluator, umbra_matrix **out, product *p) {
  const umbra_matrix_layout layout = layout_of(p);
  umbra_matrix *made = NULL;
  umbra_status status = prepare(evaluator, &p->a, p->start);
  if (status == UMBRA_OK) status = prepare(evaluator, &p->b, p->start);
  if (status == UMBRA_OK)
    status = umbra_matrix_make(&made, evaluator->context, rows_of(&p->a), columns_of(&p->b), &layout);
  if (status == UMBRA_OK) status = p->run(evaluator, made, used(&p->a), used(&p->b));
  if (status == UMBRA_OK) umbra_matrix_declare(made, p->magnitude);
  umbra_matrix_destroy(p->a.made);
  umbra_matrix_destroy(p->b.made);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}

umbra_status umbra_matrix_multiply_later(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *a,
                                         const umbra_later_matrix *b) {
  UMBRA_TRACE(evaluator, "matrix_multiply", a->part[0]);
  factor x = {.given = a};
  umbra_matrix *made = NULL;
  umbra_status status = prepare(evaluator, &x, umbra_min_u32(umbra_matrix_level(a), b->level));
  if (status == UMBRA_OK) status = umbra_matrix_make(&made, evaluator->context, a->rows, b->columns, &a->layout);
  if (status == UMBRA_OK) status = umbra_multiply_later_diagonals(evaluator, made, used(&x), b);
  umbra_matrix_destroy(x.made);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}

umbra_status umbra_matrix_multiply(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *a,
                                   const umbra_matrix *b, const umbra_multiply_options *options) {
  UMBRA_TRACE(evaluator, "matrix_multiply", a ? a->part[0] : NULL);
  umbra_multiply_options own = {UMBRA_MULTIPLY_OPTIONS_INIT};
  umbra_ciphertext *scratch = NULL;
  product p;
  UMBRA_TRY(UMBRA_TAKE(umbra_multiply_options, &own, options));
  if (!out || !a || !b)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_multiply needs an output and two matrices");
  UMBRA_TRY(umbra_check_operands(evaluator, &scratch, a->part[0], b->part[0]));
  UMBRA_TRY(check_factor(evaluator, a));
  UMBRA_TRY(check_factor(evaluator, b));
  UMBRA_TRY(plan(&p, a, b, &own));
  if (own.maps) UMBRA_TRY(use_maps(&p, evaluator, own.maps));
  const umbra_watch_part whole = umbra_watch_enter(&evaluator->watch, 0, 1);
  const umbra_status status = multiply(evaluator, out, &p);
  umbra_watch_leave(&evaluator->watch, whole);
  return status;
}
