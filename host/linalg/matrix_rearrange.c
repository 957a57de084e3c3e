/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrices in another arrangement: for every slot of the result the layouts tell which slot holds its element, and how far
 * that one is to be rotated. Moves of equal rotation between two ciphertexts are a diagonal of ones and zeros.
 */
#include <stdlib.h>
#include <string.h>
#include <umbra/matrix_ops.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/calls.h"
#include "../ckks/trace.h"
#include "matrix.h"
#include "slot_maps.h"

enum { NO_SLOT = UINT32_MAX };

/* A slot of a part gets what a rotation brings there from a part. */
typedef struct move {
  uint32_t from, to;
  int32_t rotation; /* the shorter way round */
  uint32_t slot;    /* NO_SLOT: nothing; so that there is a map to every part */
} move;

/* The moves from one part, as diagonals: number d has those from first[d] on, up to first[d + 1]. */
typedef struct part_source {
  const move *moves;
  size_t *first;
  uint32_t slots;
} part_source;

/* Where an element lies for the first time. */
typedef struct spot {
  uint32_t part, slot;
} spot;

typedef struct rearrangement {
  const umbra_matrix *matrix;
  umbra_matrix_view view;
  umbra_matrix_layout layout; /* of the result */
  size_t parts;               /* of the result */
  move *move;
  size_t moves;
  part_source *source; /* of each part of the matrix */
  umbra_slot_maps maps;
} rearrangement;

/* ---- what is asked for ---- */

/* The least and the largest of 0 and (count - 1) * step; 0: an overflow. */
static int reach(ptrdiff_t *least, ptrdiff_t *most, size_t count, ptrdiff_t step) {
  ptrdiff_t end;
  if (count > PTRDIFF_MAX || __builtin_mul_overflow((ptrdiff_t)count - 1, step, &end)) return 0;
  return !__builtin_add_overflow(*least, end < 0 ? end : 0, least) &&
         !__builtin_add_overflow(*most, end > 0 ? end : 0, most);
}

static umbra_status check_view(const umbra_matrix *m, const umbra_matrix_view *v) {
  ptrdiff_t least = v->first, most = v->first;
  const size_t count = m->rows * m->columns;
  if (v->rows && v->columns && reach(&least, &most, v->rows, v->row_step) &&
      reach(&least, &most, v->columns, v->column_step) && least >= 0 && (size_t)most < count)
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "a view of %zu x %zu elements from %td on in steps of %td and %td: the matrix has %zu of them",
                    v->rows, v->columns, v->first, v->row_step, v->column_step, count);
}

static umbra_status take_view(rearrangement *r, const umbra_matrix_view *view) {
  const umbra_matrix *m = r->matrix;
  r->view = (umbra_matrix_view){UMBRA_MATRIX_VIEW_INIT, .rows = m->rows, .columns = m->columns};
  r->view.row_step = (ptrdiff_t)m->columns;
  if (view) UMBRA_TRY(UMBRA_TAKE(umbra_matrix_view, &r->view, view));
  return check_view(m, &r->view);
}

static umbra_status take_layout(rearrangement *r, const umbra_matrix_layout *layout) {
  const size_t most_slots = umbra_params_slots(umbra_context_params(r->matrix->context));
  r->layout = (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_matrix_layout, &r->layout, layout));
  UMBRA_TRY(umbra_layout_choose(&r->layout, r->view.rows, r->view.columns, most_slots));
  if (r->layout.pairs || r->matrix->layout.pairs || r->layout.ones)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "matrices with pairs are not rearranged, and none gets ones");
  r->parts = umbra_layout_parts(&r->layout, r->view.rows, r->view.columns);
  if (r->parts <= UINT16_MAX) return UMBRA_OK; /* no linear map has more outputs */
  return umbra_fail(UMBRA_ERROR_RANGE, "a rearranged matrix of %zu ciphertexts: there are at most %d", r->parts,
                    UINT16_MAX);
}

/* ---- moves ---- */

static void find_spots(spot *spots, const umbra_matrix *m) {
  umbra_element e;
  for (size_t part = m->parts; part-- > 0;)
    for (uint32_t slot = m->layout.slots; slot-- > 0;) {
      const umbra_place place = {.part = part, .slot = slot};
      if (umbra_layout_element(&e, &m->layout, m->rows, m->columns, place) && e.column < m->columns)
        spots[e.row * m->columns + e.column] = (spot){(uint32_t)part, slot};
    }
}

static int32_t rotation_between(uint32_t from, uint32_t to, uint32_t slots) {
  return (int32_t)((from - to + slots / 2) & (slots - 1)) - (int32_t)(slots / 2);
}

/* Where that element is: where it is wanted, if the matrix has it there, too. */
static spot spot_of(const umbra_matrix *m, const spot *spots, size_t number, umbra_place wanted) {
  umbra_element e;
  if (wanted.part < m->parts && wanted.slot < m->layout.slots &&
      umbra_layout_element(&e, &m->layout, m->rows, m->columns, wanted) && e.column < m->columns &&
      e.row * m->columns + e.column == number)
    return (spot){(uint32_t)wanted.part, wanted.slot};
  return spots[number];
}

static void add_part(rearrangement *r, const spot *spots, size_t part) {
  const umbra_matrix_view *v = &r->view;
  const size_t before = r->moves;
  umbra_element e;
  for (uint32_t slot = 0; slot < r->layout.slots; slot++) {
    const umbra_place place = {.part = part, .slot = slot};
    if (!umbra_layout_element(&e, &r->layout, v->rows, v->columns, place)) continue;
    const ptrdiff_t number = v->first + (ptrdiff_t)e.row * v->row_step + (ptrdiff_t)e.column * v->column_step;
    const spot at = spot_of(r->matrix, spots, (size_t)number, place);
    const int32_t rotation = rotation_between(at.slot, slot, r->matrix->layout.slots);
    r->move[r->moves++] = (move){at.part, (uint32_t)part, rotation, slot};
  }
  if (r->moves == before) r->move[r->moves++] = (move){0, (uint32_t)part, 0, NO_SLOT};
}

static int compare_moves(const void *left, const void *right) {
  const move *a = left, *b = right;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  if (a->to != b->to) return a->to < b->to ? -1 : 1;
  return a->rotation < b->rotation ? -1 : a->rotation > b->rotation;
}

static umbra_status find_moves(rearrangement *r) {
  spot *spots;
  UMBRA_TRY(umbra_alloc(&r->move, r->parts * r->layout.slots, sizeof *r->move, "moves of elements"));
  UMBRA_TRY(umbra_alloc(&spots, r->matrix->rows * r->matrix->columns, sizeof *spots, "places of elements"));
  find_spots(spots, r->matrix);
  for (size_t part = 0; part < r->parts; part++) add_part(r, spots, part);
  umbra_free(spots);
  qsort(r->move, r->moves, sizeof *r->move, compare_moves);
  return UMBRA_OK;
}

static int is_all_of_it(const rearrangement *r) {
  const umbra_matrix *m = r->matrix;
  const umbra_matrix_view *v = &r->view;
  return umbra_layout_same(&r->layout, &m->layout) && v->rows == m->rows && v->columns == m->columns && v->first == 0 &&
         v->row_step == (ptrdiff_t)m->columns && v->column_step == 1;
}

/*
 * Whether nothing moves within ciphertexts: from[i] then is the one that becomes part i of the result, with what it holds
 * beside the elements.
 */
static int parts_move_whole(uint32_t *from, const rearrangement *r) {
  if (r->layout.slots != r->matrix->layout.slots) return 0;
  if (umbra_layout_needs_zeros(&r->layout) && (r->matrix->dirty || !is_all_of_it(r))) return 0;
  for (size_t i = 0; i < r->parts; i++) from[i] = UINT32_MAX;
  for (size_t i = 0; i < r->moves; i++) {
    const move *m = &r->move[i];
    const uint32_t part = m->slot == NO_SLOT ? m->to : m->from; /* nothing but padding is that of the whole matrix */
    if (m->rotation || (from[m->to] != UINT32_MAX && from[m->to] != part)) return 0;
    from[m->to] = part;
  }
  return 1;
}

/* ---- maps ---- */

static void fill_diagonal(double *pairs, size_t diagonal, const void *source) {
  const part_source *s = source;
  memset(pairs, 0, 2 * (size_t)s->slots * sizeof *pairs);
  for (size_t i = s->first[diagonal]; i < s->first[diagonal + 1]; i++)
    if (s->moves[i].slot != NO_SLOT) pairs[2 * (size_t)s->moves[i].slot] = 1;
}

static int is_next_diagonal(const move *m, size_t i) {
  return i == 0 || m[i].to != m[i - 1].to || m[i].rotation != m[i - 1].rotation;
}

/* The moves from one part become its diagonals, and `target` the parts to which they go. */
static umbra_status make_diagonals(umbra_diagonals *d, part_source *s, uint32_t **target, const move *moves,
                                   size_t count, uint32_t ring) {
  size_t diagonals = 0, maps = 0;
  for (size_t i = 0; i < count; i++) {
    diagonals += (size_t)is_next_diagonal(moves, i);
    maps += i == 0 || moves[i].to != moves[i - 1].to;
  }
  if (diagonals > UINT16_MAX)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu rotations of one ciphertext: a linear map has at most %d", diagonals,
                      UINT16_MAX);
  *s = (part_source){.moves = moves, .slots = ring};
  UMBRA_TRY(umbra_alloc(&s->first, diagonals + 1, sizeof *s->first, "moves of elements"));
  UMBRA_TRY(umbra_alloc(target, maps, sizeof **target, "moves of elements"));
  UMBRA_TRY(umbra_diagonals_create(d, ring, ring, diagonals, 0));
  UMBRA_TRY(umbra_alloc(&d->map, diagonals, sizeof *d->map, "moves of elements"));
  d->maps = (uint32_t)maps;
  d->fill = fill_diagonal;
  d->source = s;
  d->entry = d->row = 1;
  for (size_t i = 0, next = 0, map = 0; i < count; i++) {
    if (i == 0 || moves[i].to != moves[i - 1].to) (*target)[map++] = moves[i].to;
    if (!is_next_diagonal(moves, i)) continue;
    s->first[next] = i;
    d->map[next] = (uint32_t)map - 1;
    d->rotation[next++] = moves[i].rotation;
  }
  s->first[diagonals] = count;
  return UMBRA_OK;
}

/* Encoded when it is applied, which is once. */
static umbra_status make_map(rearrangement *r, size_t part, const move *moves, size_t count) {
  umbra_diagonals diagonals = {0}, taken;
  umbra_status status = make_diagonals(&diagonals, &r->source[part], &r->maps.target[part], moves, count, r->maps.ring);
  umbra_transform_encoding encoding = umbra_slot_maps_encoding(&r->maps, r->matrix->context, &diagonals);
  taken = diagonals;
  encoding.at_use = &taken;
  if (status == UMBRA_OK) status = umbra_transform_encode(&r->maps.transform[part], r->matrix->context, &encoding);
  if (status != UMBRA_OK) umbra_diagonals_destroy(&diagonals);
  return status;
}

static umbra_status make_maps(rearrangement *r) {
  const uint32_t in = r->matrix->layout.slots, out = r->layout.slots;
  r->maps = (umbra_slot_maps){.level = umbra_matrix_level(r->matrix),
                              .ring = in > out ? in : out,
                              .slots = out,
                              .inputs = r->matrix->parts,
                              .outputs = r->parts,
                              .norm = 1};
  if (!r->maps.level) return umbra_fail(UMBRA_ERROR_NO_LEVEL, "a matrix at level 0: rearranging it takes a level");
  UMBRA_TRY(umbra_alloc(&r->maps.transform, r->maps.inputs, sizeof *r->maps.transform, "moves of elements"));
  UMBRA_TRY(umbra_alloc(&r->maps.target, r->maps.inputs, sizeof *r->maps.target, "moves of elements"));
  UMBRA_TRY(umbra_alloc(&r->source, r->maps.inputs, sizeof *r->source, "moves of elements"));
  for (size_t first = 0, next = 0; first < r->moves; first = next) {
    while (next < r->moves && r->move[next].from == r->move[first].from) next++;
    UMBRA_TRY(make_map(r, r->move[first].from, &r->move[first], next - first));
  }
  return UMBRA_OK;
}

/* ---- the call ---- */

static umbra_status copy_parts(umbra_matrix *made, const rearrangement *r, const uint32_t *from) {
  for (size_t i = 0; i < r->parts; i++) UMBRA_TRY(umbra_ciphertext_copy(&made->part[i], r->matrix->part[from[i]]));
  return UMBRA_OK;
}

static umbra_status move_elements(umbra_evaluator *evaluator, umbra_matrix *made, rearrangement *r) {
  uint32_t *from;
  UMBRA_TRY(umbra_alloc(&from, r->parts, sizeof *from, "moves of elements"));
  const int whole = parts_move_whole(from, r);
  umbra_status status = whole ? copy_parts(made, r, from) : make_maps(r);
  umbra_free(from);
  if (status != UMBRA_OK || whole) return status;
  return umbra_slot_maps_apply(evaluator, made->part, (const umbra_ciphertext *const *)r->matrix->part, &r->maps);
}

static void close_rearrangement(rearrangement *r) {
  umbra_slot_maps_destroy(&r->maps);
  for (size_t i = 0; r->source && i < r->matrix->parts; i++) umbra_free(r->source[i].first);
  umbra_free(r->source);
  umbra_free(r->move);
}

umbra_status umbra_matrix_rearrange(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix,
                                    const umbra_matrix_view *view, const umbra_matrix_layout *layout) {
  UMBRA_TRACE(evaluator, "matrix_rearrange", matrix ? matrix->part[0] : NULL);
  if (!evaluator || !out || !matrix)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_matrix_rearrange needs an evaluator, an output and a matrix");
  rearrangement r = {.matrix = matrix};
  umbra_matrix *made = NULL;
  umbra_ciphertext *scratch = NULL;
  UMBRA_TRY(umbra_check_operands(evaluator, &scratch, matrix->part[0], NULL));
  UMBRA_TRY(take_view(&r, view));
  UMBRA_TRY(take_layout(&r, layout));
  umbra_status status = find_moves(&r);
  if (status == UMBRA_OK) status = umbra_matrix_make(&made, matrix->context, r.view.rows, r.view.columns, &r.layout);
  if (status == UMBRA_OK) status = move_elements(evaluator, made, &r);
  close_rearrangement(&r);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}
