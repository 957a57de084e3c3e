/* SPDX-License-Identifier: Apache-2.0 */
#include "products.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/beside.h"
#include "../ckks/calls.h"
#include "../ckks/plain_sums.h"
#include "../ckks/trace.h"
#include "../ckks/verbs.h"

enum { MOST_SHIFTS = 2 * UMBRA_MATRIX_MAX_GROUP - 1 }; /* of blocks within a row: -(group - 1) .. group - 1 */

struct umbra_products {
  umbra_evaluator *evaluator;
  umbra_matrix_layout layout;
  uint32_t log_radix, levels;
  umbra_plaintext **block; /* [level][group]: 1 in one block of each row; NULL until it is needed */
};

umbra_status umbra_products_create(umbra_products **products, umbra_evaluator *evaluator,
                                   const umbra_matrix_layout *layout, uint32_t log_radix) {
  umbra_products *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "products"));
  *made = (umbra_products){.evaluator = evaluator, .layout = *layout, .log_radix = log_radix};
  made->levels = umbra_params_depth(umbra_context_params(evaluator->context)) + 1;
  umbra_status status =
      umbra_alloc(&made->block, (size_t)made->levels * layout->group, sizeof(umbra_plaintext *), "products");
  if (status == UMBRA_OK) *products = made;
  else umbra_free(made);
  return status;
}

void umbra_products_destroy(umbra_products *products) {
  if (!products) return;
  for (size_t i = 0; i < (size_t)products->levels * products->layout.group; i++)
    umbra_plaintext_destroy(products->block[i]);
  umbra_free(products->block);
  umbra_free(products);
}

void umbra_group_values_clear(umbra_group_values *values) {
  umbra_ciphertext_destroy(values->re);
  umbra_ciphertext_destroy(values->im);
  *values = (umbra_group_values){0};
}

size_t umbra_matrix_groups(const umbra_matrix *matrix) {
  return umbra_quotient_above(matrix->parts, matrix->layout.group);
}

/* Parts of a group: all that fit, but in the last one. */
static uint32_t members_of(const umbra_matrix *matrix, size_t group) {
  size_t left = matrix->parts - group * matrix->layout.group;
  return left < matrix->layout.group ? (uint32_t)left : matrix->layout.group;
}

static uint32_t block_of(const umbra_matrix_layout *layout) { return layout->stride / layout->group; }

/* ---- masks ---- */

/* `value` in the slots first, first + step, ... below end of every row. */
static umbra_status encode_mask(umbra_plaintext **mask, const umbra_products *p, uint32_t level, uint32_t first,
                                uint32_t end, uint32_t step, double value) {
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = level;
  options.slots = p->layout.stride;
  double *values;
  UMBRA_TRY(umbra_alloc(&values, p->layout.stride, sizeof *values, "a mask"));
  for (uint32_t i = first; i < end; i += step) values[i] = value;
  umbra_status status = umbra_encode(mask, p->evaluator->context, values, p->layout.stride, &options);
  umbra_free(values);
  return status;
}

static umbra_status block_mask(const umbra_plaintext **mask, umbra_products *p, uint32_t level, uint32_t block) {
  umbra_plaintext **kept = &p->block[(size_t)level * p->layout.group + block];
  uint32_t width = block_of(&p->layout);
  if (!*kept) UMBRA_TRY(encode_mask(kept, p, level, block * width, (block + 1) * width, 1, 1));
  *mask = *kept;
  return UMBRA_OK;
}

/* ---- sums ---- */

/* *x += *y; NULL is 0, and becomes *y. */
static umbra_status accumulate(umbra_products *p, umbra_ciphertext **x, umbra_ciphertext **y) {
  if (*x) return umbra_add(p->evaluator, x, *x, *y);
  *x = *y;
  *y = NULL;
  return UMBRA_OK;
}

static void destroy_all(umbra_ciphertext **x, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) umbra_ciphertext_destroy(x[i]);
}

/* ---- rows times a vector ---- */

/* Sums of products with masks, and how far each is to be shifted. */
typedef struct masked_sums {
  umbra_plain_sum sum[MOST_SHIFTS];
  const umbra_ciphertext *a[MOST_SHIFTS][UMBRA_MATRIX_MAX_GROUP];
  const umbra_plaintext *b[MOST_SHIFTS][UMBRA_MATRIX_MAX_GROUP];
  int32_t steps[MOST_SHIFTS];
  uint32_t count;
} masked_sums;

/* What of the products, block k + shift of part k's rows, goes to block k, unless there is none. */
static umbra_status add_shift(masked_sums *s, umbra_products *p, umbra_ciphertext *const *product, uint32_t members,
                              int32_t shift) {
  const uint32_t at = s->count;
  size_t terms = 0;
  for (int32_t k = 0; k < (int32_t)members; k++) {
    int32_t from = k + shift;
    if (from < 0 || from >= (int32_t)p->layout.group) continue;
    s->a[at][terms] = product[k];
    UMBRA_TRY(block_mask(&s->b[at][terms++], p, umbra_ciphertext_level(product[k]), (uint32_t)from));
  }
  if (!terms) return UMBRA_OK;
  s->sum[at] = (umbra_plain_sum){s->a[at], s->b[at], terms};
  s->steps[at] = shift * (int32_t)block_of(&p->layout);
  s->count++;
  return UMBRA_OK;
}

/* *merged = all of them, shifted, each by itself. */
static umbra_status add_in_turn(umbra_products *p, umbra_ciphertext **merged, const masked_sums *s) {
  umbra_ciphertext *part = NULL;
  umbra_status status = UMBRA_OK;
  for (uint32_t i = 0; i < s->count && status == UMBRA_OK; i++) {
    status = umbra_dot_plain(p->evaluator, &part, s->a[i], s->b[i], s->sum[i].terms);
    if (status == UMBRA_OK && s->steps[i]) status = umbra_rotate(p->evaluator, &part, part, s->steps[i]);
    if (status == UMBRA_OK) status = accumulate(p, merged, &part);
  }
  umbra_ciphertext_destroy(part);
  return status;
}

/* In that order, or the shift by 0, of which there is one always, before all others. */
static umbra_status add_shifts(masked_sums *s, umbra_products *p, umbra_ciphertext *const *product, uint32_t members,
                               int unturned_first) {
  const int32_t most = (int32_t)p->layout.group;
  if (unturned_first) UMBRA_TRY(add_shift(s, p, product, members, 0));
  for (int32_t shift = 1 - most; shift < most; shift++)
    if (shift || !unturned_first) UMBRA_TRY(add_shift(s, p, product, members, shift));
  return UMBRA_OK;
}

static umbra_status merge(umbra_products *p, umbra_ciphertext **merged, umbra_ciphertext *const *product,
                          uint32_t members) {
  const int together = p->log_radix > 1;
  masked_sums *s;
  UMBRA_TRY(umbra_alloc(&s, 1, sizeof *s, "products"));
  umbra_status status = add_shifts(s, p, product, members, together);
  if (status == UMBRA_OK)
    status =
        together ? umbra_dot_plain_turned(p->evaluator, merged, s->sum, s->steps, s->count) : add_in_turn(p, merged, s);
  umbra_free(s);
  return status;
}

/* Block k of *merged = the sum over the blocks of part k's product with x. */
static umbra_status merged_products(umbra_products *p, umbra_ciphertext **merged, const umbra_matrix *matrix,
                                    size_t group, const umbra_ciphertext *x) {
  umbra_ciphertext *product[UMBRA_MATRIX_MAX_GROUP] = {0};
  const uint32_t members = members_of(matrix, group);
  const umbra_ciphertext *const *rows = (const umbra_ciphertext *const *)&matrix->part[group * p->layout.group];
  umbra_status status = umbra_mul_each(p->evaluator, product, rows, x, members);
  if (status == UMBRA_OK) status = merge(p, merged, product, members);
  destroy_all(product, members);
  return status;
}

/* Each block's first slot, which has the sum over the block, times the factor, goes to all of the block. */
static umbra_status spread(umbra_products *p, umbra_ciphertext **x, double factor) {
  uint32_t width = block_of(&p->layout);
  umbra_plaintext *heads = NULL;
  UMBRA_TRY(encode_mask(&heads, p, umbra_ciphertext_level(*x), 0, p->layout.stride, width, factor));
  umbra_status status = umbra_mul_plain(p->evaluator, x, *x, heads);
  umbra_plaintext_destroy(heads);
  return status == UMBRA_OK ? umbra_add_rotations_by(p->evaluator, x, 1, width, -1, p->log_radix) : status;
}

umbra_status umbra_times_vector(umbra_products *p, umbra_group_values *values, const umbra_matrix *matrix, size_t group,
                                const umbra_ciphertext *x, double factor) {
  UMBRA_TRACE(p->evaluator, "times_vector", x);
  const umbra_matrix_layout *layout = &p->layout;
  umbra_ciphertext *sum = NULL;
  umbra_group_values made = {0};
  umbra_status status = layout->group > 1 ? merged_products(p, &sum, matrix, group, x)
                                          : umbra_mul(p->evaluator, &sum, matrix->part[group], x);
  if (status == UMBRA_OK) status = umbra_add_rotations_by(p->evaluator, &sum, 1, block_of(layout), 1, p->log_radix);
  if (status == UMBRA_OK) status = spread(p, &sum, layout->pairs ? factor / 2 : factor);
  if (status == UMBRA_OK && layout->pairs) status = umbra_split_complex(p->evaluator, &made.re, &made.im, sum);
  if (status == UMBRA_OK && !layout->pairs) {
    made.re = sum;
    sum = NULL;
  }
  umbra_ciphertext_destroy(sum);
  if (status == UMBRA_OK) *values = made;
  else umbra_group_values_clear(&made);
  return status;
}

/* ---- columns times a vector ---- */

/* re - i im: times rows in the same parts, its real part is the sum of the products of both. */
static umbra_status conjugate_pair(umbra_products *p, umbra_ciphertext **out, const umbra_group_values *values) {
  if (!p->layout.pairs) return umbra_ciphertext_copy(out, values->re);
  UMBRA_TRY(umbra_mul_i(p->evaluator, out, values->im));
  return umbra_sub(p->evaluator, out, values->re, *out);
}

/* Block q of every row of x, in all blocks: shifted[i] is x shifted by i - (group - 1) blocks. */
static umbra_status add_widened(masked_sums *s, umbra_products *p, umbra_ciphertext *const *shifted, uint32_t q) {
  const uint32_t group = p->layout.group, at = s->count;
  for (uint32_t k = 0; k < group; k++) {
    s->a[at][k] = shifted[q - k + group - 1];
    UMBRA_TRY(block_mask(&s->b[at][k], p, umbra_ciphertext_level(s->a[at][k]), k));
  }
  s->sum[at] = (umbra_plain_sum){s->a[at], s->b[at], group};
  s->count++;
  return UMBRA_OK;
}

static umbra_status widen(umbra_products *p, umbra_ciphertext **wide, uint32_t members,
                          umbra_ciphertext *const *shifted) {
  masked_sums *s;
  UMBRA_TRY(umbra_alloc(&s, 1, sizeof *s, "products"));
  umbra_status status = UMBRA_OK;
  for (uint32_t q = 0; q < members && status == UMBRA_OK; q++) status = add_widened(s, p, shifted, q);
  if (status == UMBRA_OK) status = umbra_dot_plain_each(p->evaluator, wide, s->sum, s->count);
  umbra_free(s);
  return status;
}

/* wide[q], all slots of a row alike, for the members of a group. */
static umbra_status widen_all(umbra_products *p, umbra_ciphertext **wide, uint32_t members, const umbra_ciphertext *x) {
  umbra_ciphertext *shifted[MOST_SHIFTS] = {0};
  int32_t steps[MOST_SHIFTS], group = (int32_t)p->layout.group;
  uint32_t shifts = 2 * p->layout.group - 1;
  for (int32_t i = 0; i < (int32_t)shifts; i++) steps[i] = (i - (group - 1)) * (int32_t)block_of(&p->layout);
  umbra_status status = umbra_rotate_many(p->evaluator, shifted, x, steps, shifts);
  if (status == UMBRA_OK) status = widen(p, wide, members, shifted);
  destroy_all(shifted, shifts);
  return status;
}

/* *out = the sum of rows times wide; rows are lowered together where that pays. */
static umbra_status dot_rows(umbra_products *p, umbra_ciphertext **out, const umbra_ciphertext *const *rows,
                             const umbra_ciphertext *const *wide, uint32_t members) {
  const uint32_t level = umbra_ciphertext_level(wide[0]);
  umbra_ciphertext *lowered[UMBRA_MATRIX_MAX_GROUP] = {0};
  if (!umbra_beside_pays(p->evaluator, rows, members) || umbra_ciphertext_level(rows[0]) <= level)
    return umbra_dot(p->evaluator, out, rows, wide, members);
  umbra_status status = umbra_level_drop_each(p->evaluator, lowered, rows, level, members);
  if (status == UMBRA_OK)
    status = umbra_dot(p->evaluator, out, (const umbra_ciphertext *const *)lowered, wide, members);
  destroy_all(lowered, members);
  return status;
}

umbra_status umbra_transposed_add(umbra_products *p, umbra_ciphertext **sum, const umbra_matrix *matrix, size_t group,
                                  const umbra_group_values *values) {
  UMBRA_TRACE(p->evaluator, "transposed_add", values->re);
  umbra_ciphertext *wide[UMBRA_MATRIX_MAX_GROUP] = {0}, *x = NULL, *product = NULL;
  uint32_t members = members_of(matrix, group), most = p->layout.group;
  umbra_status status = conjugate_pair(p, &x, values);
  if (status == UMBRA_OK && most > 1) status = widen_all(p, wide, members, x);
  if (status == UMBRA_OK && most == 1) {
    wide[0] = x;
    x = NULL;
  }
  if (status == UMBRA_OK)
    status = dot_rows(p, &product, (const umbra_ciphertext *const *)&matrix->part[group * most],
                      (const umbra_ciphertext *const *)wide, members);
  if (status == UMBRA_OK) status = accumulate(p, sum, &product);
  umbra_ciphertext_destroy(product);
  umbra_ciphertext_destroy(x);
  destroy_all(wide, members);
  return status;
}

umbra_status umbra_sum_rows(umbra_products *p, umbra_ciphertext **out, const umbra_ciphertext *sum) {
  UMBRA_TRACE(p->evaluator, "sum_rows", sum);
  umbra_ciphertext *made = NULL, *conjugate = NULL;
  UMBRA_TRY(umbra_ciphertext_copy(&made, sum));
  umbra_status status = umbra_add_rotations_by(p->evaluator, &made, p->layout.stride, p->layout.slots, 1, p->log_radix);
  if (status == UMBRA_OK && p->layout.pairs) status = umbra_conjugate(p->evaluator, &conjugate, made);
  if (status == UMBRA_OK && p->layout.pairs) status = umbra_add(p->evaluator, &made, made, conjugate);
  umbra_ciphertext_destroy(conjugate);
  if (status == UMBRA_OK) umbra_ciphertext_repeat(made, p->layout.stride);
  return umbra_result_hand_out(out, made, status);
}
