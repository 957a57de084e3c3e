/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrices in another arrangement: for every slot of the result the layouts tell which slot holds its element, and how far
 * that one is to be rotated. Moves of equal rotation between two ciphertexts are a diagonal of ones and zeros. Of pairs a
 * real or imaginary part is half of a slot and half of its conjugate, times 1 or i; what both parts have in common is a
 * move of the whole slot, which needs no conjugate.
 */
#include <math.h>
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

/* A slot of a part gets what a rotation brings there from a source, a part or a part's conjugate, times re + im i. */
typedef struct move {
  uint32_t from, to;
  int32_t rotation; /* the shorter way round */
  uint32_t slot;    /* NO_SLOT: nothing; so that there is a map to every part */
  double re, im;
} move;

/* The moves from one source, as diagonals: number d has those from first[d] on, up to first[d + 1]. */
typedef struct part_source {
  const move *moves;
  size_t *first;
  uint32_t slots;
} part_source;

/* Where an element lies for the first time. */
typedef struct spot {
  uint32_t part, slot;
  int imaginary;
} spot;

typedef struct rearrangement {
  const umbra_matrix *matrix;
  umbra_matrix_view view;
  umbra_matrix_layout layout; /* of the result */
  size_t parts;               /* of the result */
  move *move;
  size_t moves;
  int loose;      /* both parts of a slot move, if an element is but one of them */
  size_t sources; /* parts of the matrix, and their conjugates if they are needed */
  part_source *source;
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
  if (r->layout.ones) return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "no matrix is rearranged to one with ones");
  r->parts = umbra_layout_parts(&r->layout, r->view.rows, r->view.columns);
  if (r->parts <= UINT16_MAX) return UMBRA_OK; /* no linear map has more outputs */
  return umbra_fail(UMBRA_ERROR_RANGE, "a rearranged matrix of %zu ciphertexts: there are at most %d", r->parts,
                    UINT16_MAX);
}

static int is_all_of_it(const rearrangement *r) {
  const umbra_matrix *m = r->matrix;
  const umbra_matrix_view *v = &r->view;
  return umbra_layout_same(&r->layout, &m->layout) && v->rows == m->rows && v->columns == m->columns && v->first == 0 &&
         v->row_step == (ptrdiff_t)m->columns && v->column_step == 1;
}

/* Whether padding of the result may be what is beside the elements that move. */
static int takes_any_padding(const rearrangement *r) {
  return !umbra_layout_needs_zeros(&r->layout) || (!r->matrix->dirty && is_all_of_it(r));
}

/* ---- moves ---- */

/* Number i of a part's places: real and imaginary parts in turn if it has pairs. */
static umbra_place place_at(const umbra_matrix_layout *layout, size_t part, size_t i) {
  return (umbra_place){part, (uint32_t)(i >> layout->pairs), (int)(i & (size_t)layout->pairs)};
}

static size_t places_of(const umbra_matrix_layout *layout) { return (size_t)layout->slots << layout->pairs; }

/* Whether the matrix has an element there, and its number. */
static int element_at(size_t *number, const umbra_matrix *m, umbra_place place) {
  umbra_element e;
  if (!umbra_layout_element(&e, &m->layout, m->rows, m->columns, place) || e.column == m->columns) return 0;
  *number = e.row * m->columns + e.column;
  return 1;
}

static void find_spots(spot *spots, const umbra_matrix *m) {
  size_t number;
  for (size_t part = m->parts; part-- > 0;)
    for (size_t i = places_of(&m->layout); i-- > 0;) {
      const umbra_place place = place_at(&m->layout, part, i);
      if (element_at(&number, m, place)) spots[number] = (spot){(uint32_t)part, place.slot, place.imaginary};
    }
}

static int32_t rotation_between(uint32_t from, uint32_t to, uint32_t slots) {
  return (int32_t)((from - to + slots / 2) & (slots - 1)) - (int32_t)(slots / 2);
}

/* Where that element is: where it is wanted, if the matrix has it there, too. */
static spot spot_of(const umbra_matrix *m, const spot *spots, size_t number, umbra_place wanted) {
  size_t there;
  if (wanted.part < m->parts && wanted.slot < m->layout.slots && element_at(&there, m, wanted) && there == number)
    return (spot){(uint32_t)wanted.part, wanted.slot, wanted.imaginary};
  return spots[number];
}

/* Whether a place of the result holds an element, and where that is. */
static int find_source(spot *at, const rearrangement *r, const spot *spots, umbra_place place) {
  const umbra_matrix_view *v = &r->view;
  umbra_element e;
  if (!umbra_layout_element(&e, &r->layout, v->rows, v->columns, place)) return 0;
  const ptrdiff_t number = v->first + (ptrdiff_t)e.row * v->row_step + (ptrdiff_t)e.column * v->column_step;
  *at = spot_of(r->matrix, spots, (size_t)number, place);
  return 1;
}

static void put_move(rearrangement *r, uint32_t source, spot at, umbra_place to, double factor, int times_i) {
  const int32_t rotation = rotation_between(at.slot, to.slot, r->matrix->layout.slots);
  r->move[r->moves++] =
      (move){source, (uint32_t)to.part, rotation, to.slot, times_i ? 0 : factor, times_i ? factor : 0};
}

/* Re z = z / 2 + conjugate / 2, and i Im z = z / 2 - conjugate / 2; where they change places, one is times i or -i. */
static void move_element(rearrangement *r, spot at, umbra_place to) {
  const int turned = to.imaginary != at.imaginary;
  if (!r->matrix->layout.pairs) {
    put_move(r, at.part, at, to, 1, turned);
    return;
  }
  put_move(r, at.part, at, to, turned && at.imaginary ? -0.5 : 0.5, turned);
  put_move(r, (uint32_t)r->matrix->parts + at.part, at, to, at.imaginary && !turned ? -0.5 : 0.5, turned);
}

/* Both parts of a slot. Padding beside an element may take what is beside that one, so that the slot moves as a whole. */
static void move_slot(rearrangement *r, const spot *spots, size_t part, uint32_t slot) {
  const int pairs = r->layout.pairs, loose = r->loose;
  spot at[2];
  int held[2] = {0};
  for (int i = 0; i <= pairs; i++) held[i] = find_source(&at[i], r, spots, (umbra_place){part, slot, i});
  for (int i = 0; i <= pairs && loose; i++)
    if (!held[i] && held[!i]) at[i] = (spot){at[!i].part, at[!i].slot, !at[!i].imaginary};
  for (int i = 0; i <= pairs; i++)
    if (held[i] || (loose && held[!i])) move_element(r, at[i], (umbra_place){part, slot, i});
}

static void move_to_part(rearrangement *r, const spot *spots, size_t part) {
  const size_t before = r->moves;
  for (uint32_t slot = 0; slot < r->layout.slots; slot++) move_slot(r, spots, part, slot);
  if (r->moves == before) r->move[r->moves++] = (move){0, (uint32_t)part, 0, NO_SLOT, 1, 0};
}

static int compare_moves(const void *left, const void *right) {
  const move *a = left, *b = right;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  if (a->to != b->to) return a->to < b->to ? -1 : 1;
  if (a->rotation != b->rotation) return a->rotation < b->rotation ? -1 : 1;
  return a->slot < b->slot ? -1 : a->slot > b->slot;
}

/* Moves of both parts of a slot become one, or none. They are sorted. */
static void add_up_moves(rearrangement *r) {
  size_t kept = 0;
  for (size_t i = 0; i < r->moves; i++) {
    move *last = kept ? &r->move[kept - 1] : NULL;
    if (last && !compare_moves(last, &r->move[i])) {
      last->re += r->move[i].re;
      last->im += r->move[i].im;
      if (last->re == 0 && last->im == 0) kept--;
    } else {
      r->move[kept++] = r->move[i];
    }
  }
  r->moves = kept;
}

static umbra_status find_moves(rearrangement *r) {
  const umbra_matrix *m = r->matrix;
  const size_t most = r->parts * places_of(&r->layout) << m->layout.pairs;
  spot *spots;
  UMBRA_TRY(umbra_alloc(&r->move, most, sizeof *r->move, "moves of elements"));
  UMBRA_TRY(umbra_alloc(&spots, m->rows * m->columns, sizeof *spots, "places of elements"));
  find_spots(spots, m);
  r->loose = r->layout.pairs && m->layout.pairs && takes_any_padding(r);
  for (size_t part = 0; part < r->parts; part++) move_to_part(r, spots, part);
  umbra_free(spots);
  qsort(r->move, r->moves, sizeof *r->move, compare_moves);
  add_up_moves(r);
  r->sources = m->parts << (r->move[r->moves - 1].from >= m->parts);
  return UMBRA_OK;
}

/*
 * Whether nothing moves within ciphertexts: from[i] then is the one that becomes part i of the result, with what it holds
 * beside the elements.
 */
static int parts_move_whole(uint32_t *from, const rearrangement *r) {
  if (r->layout.slots != r->matrix->layout.slots || r->sources > r->matrix->parts) return 0;
  if (!takes_any_padding(r)) return 0;
  for (size_t i = 0; i < r->parts; i++) from[i] = UINT32_MAX;
  for (size_t i = 0; i < r->moves; i++) {
    const move *m = &r->move[i];
    const uint32_t part = m->slot == NO_SLOT ? m->to : m->from; /* nothing but padding is that of the whole matrix */
    if (m->rotation || m->im != 0 || (from[m->to] != UINT32_MAX && from[m->to] != part)) return 0;
    from[m->to] = part;
  }
  return 1;
}

/* ---- maps ---- */

static void fill_diagonal(double *pairs, size_t diagonal, const void *source) {
  const part_source *s = source;
  memset(pairs, 0, 2 * (size_t)s->slots * sizeof *pairs);
  for (size_t i = s->first[diagonal]; i < s->first[diagonal + 1]; i++)
    if (s->moves[i].slot != NO_SLOT) {
      pairs[2 * (size_t)s->moves[i].slot] = s->moves[i].re;
      pairs[2 * (size_t)s->moves[i].slot + 1] = s->moves[i].im;
    }
}

static int is_next_diagonal(const move *m, size_t i) {
  return i == 0 || m[i].to != m[i - 1].to || m[i].rotation != m[i - 1].rotation;
}

/* The moves from one source become its diagonals, and `target` the parts to which they go. */
static umbra_status make_diagonals(umbra_diagonals *d, part_source *s, uint32_t **target, const move *moves,
                                   size_t count, const rearrangement *r) {
  const uint32_t ring = r->maps.ring;
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
  d->entry = d->row = 1 + r->layout.pairs; /* both parts of a slot may come from one input */
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
static umbra_status make_map(rearrangement *r, size_t source, const move *moves, size_t count) {
  umbra_diagonals diagonals = {0}, taken;
  umbra_status status = make_diagonals(&diagonals, &r->source[source], &r->maps.target[source], moves, count, r);
  umbra_transform_encoding encoding = umbra_slot_maps_encoding(&r->maps, r->matrix->context, &diagonals);
  taken = diagonals;
  encoding.at_use = &taken;
  if (status == UMBRA_OK) status = umbra_transform_encode(&r->maps.transform[source], r->matrix->context, &encoding);
  if (status != UMBRA_OK) umbra_diagonals_destroy(&diagonals);
  return status;
}

static umbra_status make_maps(rearrangement *r) {
  const uint32_t in = r->matrix->layout.slots, out = r->layout.slots;
  r->maps = (umbra_slot_maps){.level = umbra_matrix_level(r->matrix),
                              .ring = in > out ? in : out,
                              .slots = out,
                              .inputs = r->sources,
                              .outputs = r->parts,
                              .norm = sqrt(1 + r->layout.pairs)}; /* modulus of two parts */
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

/* in: all sources; those that nothing is taken from are any ciphertext. `made` of them, to be destroyed. */
static umbra_status conjugate_parts(const umbra_ciphertext **in, umbra_ciphertext **made, umbra_evaluator *evaluator,
                                    const rearrangement *r) {
  const size_t parts = r->matrix->parts;
  for (size_t i = 0; i < parts; i++) in[i] = in[parts + i] = r->matrix->part[i];
  for (size_t i = 0; i < parts; i++) {
    if (!r->maps.transform[parts + i]) continue;
    UMBRA_TRY(umbra_conjugate(evaluator, &made[i], r->matrix->part[i]));
    in[parts + i] = made[i];
  }
  return UMBRA_OK;
}

static umbra_status map_with_conjugates(umbra_evaluator *evaluator, umbra_matrix *made, const rearrangement *r) {
  const size_t parts = r->matrix->parts;
  const umbra_ciphertext **in = NULL;
  umbra_ciphertext **conjugate;
  UMBRA_TRY(umbra_alloc(&conjugate, parts, sizeof *conjugate, "conjugates"));
  umbra_status status = umbra_alloc(&in, 2 * parts, sizeof *in, "conjugates");
  const umbra_watch_part first = umbra_watch_enter(&evaluator->watch, 0, 2);
  if (status == UMBRA_OK) status = conjugate_parts(in, conjugate, evaluator, r);
  umbra_watch_leave(&evaluator->watch, first);
  const umbra_watch_part second = umbra_watch_enter(&evaluator->watch, 1, 2);
  if (status == UMBRA_OK) status = umbra_slot_maps_apply(evaluator, made->part, in, &r->maps);
  umbra_watch_leave(&evaluator->watch, second);
  umbra_parts_destroy(conjugate, parts);
  umbra_free(in);
  return status;
}

static umbra_status map_parts(umbra_evaluator *evaluator, umbra_matrix *made, const rearrangement *r) {
  if (r->sources > r->matrix->parts) return map_with_conjugates(evaluator, made, r);
  return umbra_slot_maps_apply(evaluator, made->part, (const umbra_ciphertext *const *)r->matrix->part, &r->maps);
}

static umbra_status move_elements(umbra_evaluator *evaluator, umbra_matrix *made, rearrangement *r) {
  uint32_t *from;
  UMBRA_TRY(umbra_alloc(&from, r->parts, sizeof *from, "moves of elements"));
  const int whole = parts_move_whole(from, r);
  umbra_status status = whole ? copy_parts(made, r, from) : make_maps(r);
  umbra_free(from);
  if (status != UMBRA_OK || whole) return status;
  return map_parts(evaluator, made, r);
}

static void close_rearrangement(rearrangement *r) {
  umbra_slot_maps_destroy(&r->maps);
  for (size_t i = 0; r->source && i < r->sources; i++) umbra_free(r->source[i].first);
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
