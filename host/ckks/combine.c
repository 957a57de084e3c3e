/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matrix is cut into blocks, and columns of ciphertexts are copied to where they lie side by side for the kernel: those
 * of a block, for a strip of limbs, and once for as many blocks below each other as there is room for sums. So the
 * workspace is bounded, whatever the matrix and the ring.
 */
#include "combine.h"

#include <math.h>
#include <sodium.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ring/copies.h"
#include "../ring/divide.h"
#include "../ring/gemm.h"
#include "../ring/ops.h"
#include "calls.h"
#include "constant.h"
#include "dry.h"
#include "encoder.h"
#include "inputs.h"
#include "noise.h"
#include "operand.h"
#include "periodic.h"
#include "range.h"
#include "sum.h"
#include "trace.h"

/* Of kernels: rows share what they read of the columns, and columns are summed up in runs of that many. */
enum { MOST_ROWS = 128, TILE = 16, RUN = 112, MOST_RUNS = 9 };
static const size_t room_for_sums = (size_t)256 << 20, room_for_columns = (size_t)64 << 20,
                    room_for_closing = (size_t)4 << 20;

struct umbra_combinations {
  umbra_context *context;
  size_t rows, columns;    /* rows: results */
  umbra_periodic periodic; /* period 0: weights are numbers */
  uint32_t level;
  uint32_t block_rows, block_columns, strip; /* limbs */
  size_t down, across;                       /* blocks */
  size_t together;                           /* of those down, whose sums are kept at a time */
  uint32_t closed;          /* rows that are divided together: few launches, and they stay in a cache */
  umbra_int_matrix *block;  /* [down][across] */
  umbra_constant *constant; /* at the scale of the sums; NULL: none */
  double *norm;             /* bounds on sums of |weight| */
  double magnitude;         /* declared, or 0 */
  double rounding;          /* bound on that of a weight */
};

static umbra_window window_at(const umbra_combinations *c, uint32_t level) {
  return umbra_context_chain(c->context)->window[level];
}

static umbra_window window_of(const umbra_combinations *c) { return window_at(c, c->level); }

static umbra_log2 log_scale_of(const umbra_combinations *c) {
  return umbra_context_chain(c->context)->log_scale[c->level];
}

/* ---- blocks ---- */

static uint32_t least_of(size_t a, uint32_t most) { return a < most ? (uint32_t)a : most; }

/* Where residues are none there are no limbs to be cut. */
static void choose_blocks(umbra_combinations *c) {
  const umbra_ring *ring = c->context->ring;
  const uint32_t limbs = window_of(c).count;
  const size_t limb = 2 * umbra_ring_n(ring) * sizeof(uint32_t); /* of a ciphertext */
  const uint32_t rows = least_of(room_for_sums / (limb * limbs), MOST_ROWS) / TILE * TILE;
  const uint32_t runs = least_of(room_for_columns / (limb * RUN), MOST_RUNS);
  c->block_rows = least_of(c->rows, umbra_max_u32(rows, TILE));
  c->block_columns = least_of(c->columns, RUN * umbra_max_u32(runs, 1));
  c->strip = umbra_clamp_u32((uint32_t)(room_for_columns / (limb * c->block_columns)), 1, limbs);
  c->closed = umbra_clamp_u32((uint32_t)(room_for_closing / (limb * limbs)), 1, c->block_rows);
  if (umbra_ring_kernels(ring)->whole) {
    c->strip = limbs;
    c->closed = 1;
  }
  c->down = umbra_quotient_above(c->rows, c->block_rows);
  c->together = room_for_sums / (limb * limbs * c->block_rows);
  if (!c->together) c->together = 1;
  c->across = umbra_quotient_above(c->columns, c->block_columns);
}

static uint32_t rows_of(const umbra_combinations *c, size_t down) {
  return least_of(c->rows - down * c->block_rows, c->block_rows);
}

static uint32_t columns_of(const umbra_combinations *c, size_t across) {
  return least_of(c->columns - across * c->block_columns, c->block_columns);
}

/* ---- rounding ---- */

typedef struct rounding {
  umbra_combinations *made;
  const umbra_combinations_desc *desc;
  umbra_stream *stream;
  double factor;    /* integers are weights times that, */
  uint32_t shift;   /* and then 2^shift */
  int64_t *integer; /* of a block, [columns][rows], or [rows][columns] polynomials; NULL where bounds are enough */
  double *norm;     /* of each row of weights */
} rounding;

/* Rows of weights that a result takes. */
static uint32_t turns_of(const umbra_combinations *c) { return umbra_max_u32(c->periodic.period, 1); }

/* Integers of a weight, or of the weights of a period. */
static uint32_t integers_of(const umbra_combinations *c) { return umbra_max_u32(2 * c->periodic.period, 1); }

/* All weights by the unit of the largest, which is far finer than the scale unless that does not fit 62 bits. */
static umbra_status choose_unit(rounding *r) {
  umbra_combinations *c = r->made;
  umbra_constant largest;
  UMBRA_TRY(umbra_constant_round(&largest, c->context, c->level, r->desc->largest, 0));
  r->shift = largest.shift;
  r->factor = ldexp(umbra_log2_to_double(log_scale_of(c)), -(int)r->shift);
  c->rounding = largest.rounding;
  return UMBRA_OK;
}

static void round_block(const rounding *r, size_t down, size_t across) {
  const umbra_combinations *c = r->made;
  const size_t row = down * c->block_rows, column = across * c->block_columns;
  const uint32_t rows = rows_of(c, down), columns = columns_of(c, across);
  for (uint32_t j = 0; j < columns; j++)
    for (uint32_t i = 0; i < rows; i++) {
      const double weight = r->desc->weight(row + i, column + j, r->desc->source);
      r->integer[(size_t)j * rows + i] = llrint(weight * r->factor);
      r->norm[row + i] += fabs(weight);
    }
}

/* 0 beyond the last row. */
static double weight_at(const rounding *r, size_t row, size_t column) {
  return row < r->desc->rows ? r->desc->weight(row, column, r->desc->source) : 0;
}

/* The weights of result i and column j. */
static void round_period(const rounding *r, int64_t *coefficient, size_t i, size_t j) {
  const umbra_periodic *p = &r->made->periodic;
  double value[UMBRA_MOST_PERIOD];
  for (uint32_t u = 0; u < p->period; u++) {
    value[u] = weight_at(r, i * p->period + u, j);
    r->norm[i * p->period + u] += fabs(value[u]);
  }
  umbra_periodic_round(coefficient, p, value, r->factor);
}

static void round_periods(const rounding *r, size_t down, size_t across) {
  const umbra_combinations *c = r->made;
  const size_t row = down * c->block_rows, column = across * c->block_columns;
  const uint32_t rows = rows_of(c, down), columns = columns_of(c, across), size = integers_of(c);
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < columns; j++)
      round_period(r, r->integer + ((size_t)i * columns + j) * size, row + i, column + j);
}

static umbra_int_matrix shape_of_block(const umbra_combinations *c, size_t down, size_t across) {
  const uint32_t log_n = umbra_context_chain(c->context)->log_n;
  const uint32_t log_gap = c->periodic.period ? log_n - 1 - umbra_ceil_log2(c->periodic.period) : 0;
  return (umbra_int_matrix){
      .rows = rows_of(c, down), .columns = columns_of(c, across), .window = window_of(c), .log_gap = log_gap};
}

static umbra_status encode_blocks(rounding *r, umbra_watch *watch) {
  umbra_combinations *c = r->made;
  for (size_t k = 0; k < c->down * c->across; k++) {
    const size_t down = k / c->across, across = k % c->across;
    const umbra_int_matrix shape = shape_of_block(c, down, across);
    if (r->integer) (c->periodic.period ? round_periods : round_block)(r, down, across);
    UMBRA_TRY(umbra_int_matrix_create(&c->block[k], c->context->ring, r->stream, &shape, r->integer, r->shift));
    UMBRA_TRY(umbra_watch_step(watch, k + 1, c->down * c->across));
  }
  return UMBRA_OK;
}

/* And sums of weights, which become bounds that say no more of them than their power of two. */
static umbra_status round_constants(rounding *r) {
  const umbra_combinations *c = r->made;
  for (size_t i = 0; i < c->rows; i++) {
    for (uint32_t u = 0; u < turns_of(c); u++) c->norm[i] = fmax(c->norm[i], r->norm[i * turns_of(c) + u]);
    if (!r->integer) c->norm[i] = (double)c->columns * r->desc->largest;
    c->norm[i] = umbra_public_magnitude(c->norm[i]);
    if (!c->constant) continue;
    const double constant = r->integer ? r->desc->constant(i, r->desc->source) : r->desc->largest_constant;
    UMBRA_TRY(umbra_constant_round_at(&c->constant[i], c->context, c->level, 2 * log_scale_of(c), constant, 0));
    c->constant[i].magnitude = umbra_public_magnitude(fabs(constant));
  }
  return UMBRA_OK;
}

static umbra_status encode(rounding *r, umbra_watch *watch) {
  const umbra_combinations *c = r->made;
  const size_t count = (size_t)c->block_rows * c->block_columns * integers_of(c);
  UMBRA_TRY(choose_unit(r));
  if (umbra_context_has_values(c->context))
    UMBRA_TRY(umbra_alloc(&r->integer, count, sizeof *r->integer, "rounded weights"));
  umbra_status status = encode_blocks(r, watch);
  if (status == UMBRA_OK) status = round_constants(r);
  if (r->integer) sodium_memzero(r->integer, count * sizeof *r->integer);
  umbra_free(r->integer);
  return status;
}

/* ---- making them ---- */

static umbra_status fill(umbra_combinations *made, const umbra_combinations_desc *desc, umbra_watch *watch) {
  rounding r = {.made = made, .desc = desc};
  if (desc->period) UMBRA_TRY(umbra_periodic_open(&made->periodic, desc->period));
  choose_blocks(made);
  UMBRA_TRY(umbra_alloc(&made->norm, made->rows, sizeof *made->norm, "sums of weights"));
  UMBRA_TRY(umbra_alloc(&made->block, made->down * made->across, sizeof *made->block, "weights"));
  if (desc->constant) UMBRA_TRY(umbra_alloc(&made->constant, made->rows, sizeof *made->constant, "constants"));
  UMBRA_TRY(umbra_alloc(&r.norm, made->rows * turns_of(made), sizeof *r.norm, "sums of weights"));
  umbra_status status = umbra_ring_stream_open(&r.stream, made->context->ring);
  if (status == UMBRA_OK) status = umbra_stream_close(r.stream, made->context, encode(&r, watch));
  umbra_free(r.norm);
  return status;
}

uint32_t umbra_combinations_most_period(const umbra_context *context) {
  const uint32_t log_n = umbra_context_chain(context)->log_n, least = UMBRA_LEAST_LOG_GAP + 1;
  return log_n < least ? 0 : umbra_min_u32(1u << (log_n - least), UMBRA_MOST_PERIOD);
}

static umbra_status check_period(const umbra_context *context, uint32_t period) {
  const uint32_t most = umbra_combinations_most_period(context);
  if (period <= most) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "weights for runs of %u slots: at most %u", period, most);
}

umbra_status umbra_combinations_create(umbra_combinations **combinations, const umbra_context *context,
                                       const umbra_combinations_desc *desc, umbra_watch *watch) {
  umbra_combinations *made;
  UMBRA_TRY(umbra_check_product_level(desc->level));
  UMBRA_TRY(check_period(context, desc->period));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "linear combinations"));
  *made = (umbra_combinations){.context = umbra_context_share(context),
                               .rows = umbra_quotient_above(desc->rows, umbra_max_u32(desc->period, 1)),
                               .columns = desc->columns,
                               .level = desc->level,
                               .magnitude = desc->magnitude};
  umbra_status status = fill(made, desc, watch);
  if (status == UMBRA_OK) *combinations = made;
  else umbra_combinations_destroy(made);
  return status;
}

void umbra_combinations_destroy(umbra_combinations *c) {
  if (!c) return;
  for (size_t k = 0; c->block && k < c->down * c->across; k++) umbra_int_matrix_destroy(&c->block[k], c->context->ring);
  umbra_free(c->block);
  umbra_periodic_close(&c->periodic);
  umbra_free(c->constant);
  umbra_free(c->norm);
  umbra_context_destroy(c->context);
  umbra_free(c);
}

uint64_t umbra_combinations_bytes(const umbra_combinations *c) {
  uint64_t bytes = 0;
  for (size_t k = 0; k < c->down * c->across; k++) bytes += umbra_int_matrix_bytes(&c->block[k], c->context->ring);
  return bytes;
}

/* ---- one product ---- */

typedef struct combining {
  umbra_evaluator *evaluator;
  const umbra_combinations *of;
  const umbra_ciphertext *const *a; /* at the level */
  uint32_t parts;                   /* polynomials of each */
  umbra_estimate largest;           /* of all of them */
  umbra_poly sums, divided;         /* of blocks' rows, and of those that are divided together */
  umbra_poly share, columns;        /* of one block, for a strip; and of its columns */
  int both;
} combining;

/* Limbs [first, first + count) of the window, in a polynomial of a strip. */
static umbra_view strip_of(const combining *c, const umbra_poly *poly, uint32_t first, uint32_t count) {
  const umbra_ring *ring = c->evaluator->context->ring;
  const umbra_view whole = umbra_poly_view(poly, ring);
  umbra_view strip = umbra_view_limbs_of(&whole, umbra_ring_n(ring), 0, count);
  strip.run[0].prime = (uint16_t)(strip.run[0].prime + first);
  return strip;
}

/* Blocks [down, end) of rows that are summed at a time, over a strip of limbs. */
typedef struct strip {
  size_t down, end;
  uint32_t first, count;
} strip;

/* Side by side, a strip of limbs of columns [first, end) of those of a block, which are opened together. */
static umbra_status gather_some(const combining *c, const umbra_view *to, const umbra_ciphertext *const *a,
                                const strip *s, uint32_t first, uint32_t end) {
  const umbra_ring *ring = c->evaluator->context->ring;
  umbra_copies copies = {ring, c->evaluator->stream, {.polys = 0}, {.polys = 0}};
  umbra_operand x[UMBRA_MAX_RUNS];
  umbra_status status = UMBRA_OK;
  uint32_t opened = first;
  for (; opened < end; opened++) {
    const umbra_ciphertext *column = a[opened];
    umbra_operand *own = &x[opened - first];
    status = umbra_operand_open(own, c->evaluator, &column->poly, column->estimate, column->level, c->of->level);
    if (status != UMBRA_OK) break;
    const umbra_view dst = umbra_view_polys(to, c->parts * opened, c->parts),
                     src = umbra_view_limbs_of(&own->view, umbra_ring_n(ring), s->first, s->count);
    umbra_copies_add(&copies, &dst, &src);
  }
  umbra_copies_make(&copies);
  while (opened > first) umbra_operand_close(&x[--opened - first], c->evaluator);
  return status;
}

static umbra_status gather(const combining *c, const umbra_view *to, size_t across, const strip *s) {
  const umbra_ciphertext *const *a = c->a + across * c->of->block_columns;
  const uint32_t columns = columns_of(c->of, across);
  const uint32_t most = umbra_ring_launch_limbs(c->evaluator->context->ring) ? UMBRA_MAX_RUNS : 1;
  for (uint32_t first = 0; first < columns; first += most)
    UMBRA_TRY(gather_some(c, to, a, s, first, umbra_min_u32(first + most, columns)));
  return UMBRA_OK;
}

/* What a block brings to the sums of its rows. */
static void add_block(const combining *c, const strip *s, const umbra_view *columns, size_t down, size_t across) {
  const umbra_ring *ring = c->evaluator->context->ring;
  umbra_stream *stream = c->evaluator->stream;
  const umbra_int_matrix *block = &c->of->block[down * c->of->across + across];
  const uint32_t at = (uint32_t)(down - s->down) * c->of->block_rows;
  const umbra_view all =
      umbra_poly_subview(&c->sums, ring, c->parts * at, c->parts * rows_of(c->of, down), c->sums.window, 0);
  const umbra_view sums = umbra_view_limbs_of(&all, umbra_ring_n(ring), s->first, s->count);
  if (!across) {
    umbra_ring_gemm(ring, stream, &sums, columns, block, c->parts);
    return;
  }
  const umbra_view other = strip_of(c, &c->share, s->first, s->count), share = umbra_view_polys(&other, 0, sums.polys);
  umbra_ring_gemm(ring, stream, &share, columns, block, c->parts);
  umbra_ring_add(ring, stream, &sums, &sums, &share);
}

static umbra_status sum_strip(const combining *c, const strip *s) {
  for (size_t across = 0; across < c->of->across; across++) {
    const umbra_view room = strip_of(c, &c->columns, s->first, s->count);
    const umbra_view columns = umbra_view_polys(&room, 0, c->parts * columns_of(c->of, across));
    UMBRA_TRY(gather(c, &columns, across, s));
    for (size_t down = s->down; down < s->end; down++) add_block(c, s, &columns, down, across);
  }
  return UMBRA_OK;
}

/* The constant of a row; both: also of the imaginary part. */
static umbra_constant constant_of(const combining *c, size_t row) {
  umbra_constant constant = c->of->constant[row];
  if (!c->both) return constant;
  constant.im = constant.re;
  constant.magnitude = umbra_modulus(constant.magnitude, constant.magnitude);
  return constant;
}

/* Rows that are divided together: row i is in place `at` + i of the sums. */
typedef struct closing {
  size_t row;
  uint32_t at, count;
} closing;

static umbra_estimate estimate_of(const combining *c, size_t row) {
  const umbra_combinations *of = c->of;
  const umbra_log2 log_scale = 2 * log_scale_of(of);
  const umbra_chain *chain = umbra_context_chain(of->context);
  const double rounding = (double)of->columns * integers_of(of) * of->rounding / UMBRA_ERROR_DEVIATIONS;
  umbra_estimate sum = umbra_noise_mul(c->largest, umbra_estimate_of(of->norm[row], rounding));
  if (of->constant) {
    const umbra_constant constant = constant_of(c, row);
    sum = umbra_noise_add(sum, umbra_constant_estimate(&constant));
  }
  return umbra_noise_round_parts(sum, chain, log_scale - umbra_sum_log_step(chain, of->level), c->parts);
}

static umbra_status add_constants(const combining *c, const umbra_view *sums, const closing *rows) {
  for (uint32_t i = 0; i < rows->count && c->of->constant; i++) {
    const umbra_view c0 = umbra_view_poly(sums, c->parts * i);
    const umbra_constant constant = constant_of(c, rows->row + i);
    UMBRA_TRY(umbra_constant_add(c->evaluator, &c0, &constant, c->of->level));
  }
  return UMBRA_OK;
}

/* What a row becomes, without its polynomials. */
static umbra_status make_row(const combining *c, umbra_ciphertext **made, size_t row) {
  UMBRA_TRY(umbra_result_make(made, c->evaluator, c->a[0], c->of->level - 1, c->a[0]->slots));
  (*made)->estimate = estimate_of(c, row);
  umbra_ciphertext_declare_within(*made, c->of->magnitude);
  return UMBRA_OK;
}

/* Rows that have been divided become ciphertexts. */
static umbra_status hand_out(const combining *c, umbra_ciphertext **outs, const umbra_view *divided,
                             const closing *rows) {
  const umbra_ring *ring = c->evaluator->context->ring;
  umbra_copies copies = {ring, c->evaluator->stream, {.polys = 0}, {.polys = 0}};
  umbra_ciphertext **made;
  umbra_status status = UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&made, rows->count, sizeof *made, "rows"));
  for (uint32_t i = 0; i < rows->count; i++) {
    status = make_row(c, &made[i], rows->row + i);
    if (status != UMBRA_OK) break;
    const umbra_view dst = umbra_poly_view(&made[i]->poly, ring),
                     src = umbra_view_polys(divided, c->parts * i, c->parts);
    umbra_copies_add(&copies, &dst, &src);
  }
  umbra_copies_make(&copies);
  return umbra_results_finish(c->evaluator, outs, made, rows->count, status);
}

static umbra_status close_rows(const combining *c, umbra_ciphertext **made, const closing *rows) {
  umbra_ring *ring = c->evaluator->context->ring;
  const umbra_view sums =
      umbra_poly_subview(&c->sums, ring, c->parts * rows->at, c->parts * rows->count, c->sums.window, 0);
  const umbra_view room = umbra_poly_view(&c->divided, ring), dst = umbra_view_polys(&room, 0, sums.polys);
  const umbra_dividend dividend = umbra_dividend_of(&sums, c->sums.window, 0);
  UMBRA_TRY(add_constants(c, &sums, rows));
  UMBRA_TRY(umbra_divide(ring, c->evaluator->stream, &dst, c->divided.window, &dividend, NULL));
  return hand_out(c, made + rows->row, &dst, rows);
}

/* The rows of as many blocks as are summed at a time, from that one on. */
static umbra_status combine_rows(const combining *c, umbra_ciphertext **made, size_t down) {
  const umbra_combinations *of = c->of;
  const uint32_t limbs = c->sums.window.count;
  const size_t first = down * of->block_rows;
  const uint32_t rows = least_of(of->rows - first, (uint32_t)of->together * of->block_rows);
  strip s = {.down = down, .end = of->down - down < of->together ? of->down : down + of->together};
  for (; s.first < limbs; s.first += of->strip) {
    const umbra_watch_part part = umbra_watch_enter(&c->evaluator->watch, s.first, limbs);
    s.count = umbra_min_u32(of->strip, limbs - s.first);
    const umbra_status status = sum_strip(c, &s);
    umbra_watch_leave(&c->evaluator->watch, part);
    UMBRA_TRY(status);
  }
  for (uint32_t at = 0; at < rows; at += of->closed)
    UMBRA_TRY(close_rows(c, made, &(closing){first + at, at, umbra_min_u32(of->closed, rows - at)}));
  return UMBRA_OK;
}

static umbra_status open_rooms(combining *c) {
  const umbra_combinations *of = c->of;
  umbra_ring *ring = c->evaluator->context->ring;
  const umbra_window window = window_of(of), strip = {window.first, (uint16_t)of->strip};
  const uint32_t rows = least_of(of->rows, (uint32_t)of->together * of->block_rows);
  UMBRA_TRY(umbra_poly_create(&c->sums, ring, c->parts * rows, window, 0, "linear combinations"));
  UMBRA_TRY(umbra_poly_create(&c->divided, ring, c->parts * of->closed, window_at(of, of->level - 1), 0,
                              "linear combinations"));
  UMBRA_TRY(umbra_poly_create(&c->columns, ring, c->parts * of->block_columns, strip, 0, "columns of ciphertexts"));
  if (of->across == 1) return UMBRA_OK;
  return umbra_poly_create(&c->share, ring, c->parts * of->block_rows, strip, 0, "a share of linear combinations");
}

/* Of inputs at the level. */
static umbra_status combine(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *const *a,
                            const umbra_combinations *of, int both) {
  umbra_ring *ring = evaluator->context->ring;
  combining c = {.evaluator = evaluator,
                 .of = of,
                 .a = a,
                 .parts = a[0]->poly.polys,
                 .largest = umbra_noise_largest(a, of->columns),
                 .both = both};
  umbra_status status = open_rooms(&c);
  for (size_t down = 0; down < of->down && status == UMBRA_OK; down += of->together) {
    const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, down, of->down);
    status = combine_rows(&c, made, down);
    umbra_watch_leave(&evaluator->watch, part);
  }
  umbra_poly_destroy(&c.sums, ring);
  umbra_poly_destroy(&c.divided, ring);
  umbra_poly_destroy(&c.columns, ring);
  umbra_poly_destroy(&c.share, ring);
  return status;
}

/* ---- inputs ---- */

/* Higher ones are lowered once, for all blocks. */
static umbra_status combine_lowered(umbra_evaluator *evaluator, umbra_ciphertext **made,
                                    const umbra_ciphertext *const *a, const umbra_combinations *of, int both) {
  const umbra_ciphertext **used;
  umbra_ciphertext **lowered = NULL;
  UMBRA_TRY(umbra_alloc(&used, of->columns, sizeof *used, "inputs"));
  umbra_status status = umbra_alloc(&lowered, of->columns, sizeof *lowered, "inputs");
  for (size_t j = 0; j < of->columns && status == UMBRA_OK; j++) {
    if (a[j]->level > of->level) status = umbra_level_drop(evaluator, &lowered[j], a[j], of->level);
    used[j] = a[j]->level > of->level ? lowered[j] : a[j];
  }
  if (status == UMBRA_OK) status = combine(evaluator, made, used, of, both);
  for (size_t j = 0; lowered && j < of->columns; j++) umbra_ciphertext_destroy(lowered[j]);
  umbra_free(lowered);
  umbra_free(used);
  return status;
}

static umbra_status check_inputs(const umbra_evaluator *evaluator, umbra_ciphertext *const *made,
                                 const umbra_ciphertext *const *a, const umbra_combinations *of) {
  UMBRA_TRY(umbra_check_own(evaluator, of->context, "the matrix of weights"));
  if (of->periodic.period && umbra_ciphertext_parts(a[0]) != 2)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "weights for runs of slots are not for ciphertexts of three parts");
  for (size_t j = 0; j < of->columns; j++) {
    UMBRA_TRY(umbra_check_operands_of_parts(evaluator, made, a[0], a[j]));
    UMBRA_TRY(umbra_check_equal_parts(a[j], a[0]));
  }
  return UMBRA_OK;
}

umbra_status umbra_combine(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *const *a,
                           const umbra_combinations *of, int both) {
  UMBRA_TRACE(evaluator, "combine", a[0]);
  umbra_inputs inputs;
  UMBRA_TRY(check_inputs(evaluator, made, a, of));
  UMBRA_TRY(umbra_inputs_open_at(&inputs, evaluator, a, of->columns, of->level));
  umbra_status status = combine_lowered(evaluator, made, inputs.a, of, both);
  umbra_inputs_close(&inputs);
  return umbra_check_whole(evaluator, status);
}
