/* SPDX-License-Identifier: Apache-2.0 */
/* Records held back, to judge by: a share of each class, in an order that follows from a seed. What stands for missing
 * values follows from the others. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/counted.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../io/schema.h"
#include "records.h"
#include "schedule.h"

typedef struct share {
  size_t records, first, end; /* of a class; those first .. end - 1 in the shuffled order are held */
  size_t seen;
} share;

/* Records are held back by classes, or all alike if their labels are values. */
static size_t groups_of(const umbra_records *records) { return records->classes ? records->classes : 1; }

static size_t group_of(const umbra_records *records, size_t row) {
  return records->classes ? umbra_records_class(records, row) : 0;
}

static umbra_status check_share(const share *of, const umbra_records *records, size_t group) {
  const size_t held = of->end - of->first;
  char class[32] = "";
  if (held && held < of->records) return UMBRA_OK;
  if (records->classes)
    snprintf(class, sizeof class, " of class %d", records->classes == 2 ? 2 * (int)group - 1 : (int)group);
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "of the %zu records%s, %zu would be held back; there must be some on both sides", of->records,
                    class, held);
}

static umbra_status find_shares(share *of, const umbra_records *records, double from, double to) {
  for (size_t row = 0; row < records->rows; row++) of[group_of(records, row)].records++;
  for (size_t group = 0; group < groups_of(records); group++) {
    const double count = (double)of[group].records;
    of[group].first = (size_t)floor(from * count + 0.5);
    of[group].end = (size_t)floor(to * count + 0.5);
    UMBRA_TRY(check_share(&of[group], records, group));
  }
  return UMBRA_OK;
}

/* is_held: of each row */
static umbra_status choose(char *is_held, const umbra_records *records, share *of, uint64_t seed) {
  size_t *order;
  UMBRA_TRY(umbra_alloc(&order, records->rows, sizeof *order, "the order of records"));
  umbra_train_shuffle(order, records->rows, seed);
  for (size_t k = 0; k < records->rows; k++) {
    share *mine = &of[group_of(records, order[k])];
    const size_t place = mine->seen++;
    is_held[order[k]] = place >= mine->first && place < mine->end;
  }
  umbra_free(order);
  return UMBRA_OK;
}

static void copy_rows(umbra_records *to, const umbra_records *records, const char *is_held, char which) {
  size_t next = 0;
  for (size_t row = 0; row < records->rows; row++)
    if (is_held[row] == which) umbra_records_copy_row(to, next++, records, row);
}

static umbra_status hold(umbra_records **rest, umbra_records **held, const umbra_records *records,
                         const char *is_held) {
  size_t count = 0;
  umbra_records *made_rest = NULL, *made_held = NULL;
  for (size_t row = 0; row < records->rows; row++) count += is_held[row] != 0;
  UMBRA_TRY(umbra_records_make_like(&made_rest, records, records->rows - count));
  umbra_status status = umbra_records_make_like(&made_held, records, count);
  if (status == UMBRA_OK) {
    copy_rows(made_rest, records, is_held, 0);
    copy_rows(made_held, records, is_held, 1);
    status = umbra_records_refill(made_rest, made_held);
  }
  if (status != UMBRA_OK) {
    umbra_records_destroy(made_held);
    umbra_records_destroy(made_rest);
    return status;
  }
  UMBRA_PUT(records, rest, made_rest);
  UMBRA_PUT(records, held, made_held);
  return UMBRA_OK;
}

/* ---- what stands for missing values ---- */

/* Of the values of a column that are not filled; room for all. */
static double fill_of(const umbra_records *rest, size_t column, double *value) {
  size_t count = 0;
  for (size_t at = column; at < rest->rows * rest->columns; at += rest->columns)
    if (!rest->filled[at]) value[count++] = rest->features[at];
  return umbra_fill_of(value, count, rest->median);
}

static int has_filled(const umbra_records *records, size_t column) {
  for (size_t row = 0; row < records->rows; row++)
    if (records->filled[row * records->columns + column]) return 1;
  return 0;
}

static void fill(umbra_records *records, size_t column, double value) {
  for (size_t at = column; at < records->rows * records->columns; at += records->columns)
    if (records->filled[at]) records->features[at] = value;
}

umbra_status umbra_records_refill(umbra_records *rest, umbra_records *held) {
  double *value;
  if (!rest->filled) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&value, rest->rows, sizeof *value, "a column"));
  for (size_t column = 0; column < rest->columns; column++) {
    if (!has_filled(rest, column) && !has_filled(held, column)) continue;
    const double found = fill_of(rest, column, value);
    fill(rest, column, found);
    fill(held, column, found);
  }
  umbra_free(value);
  return UMBRA_OK;
}

umbra_status umbra_records_hold(umbra_records **rest, umbra_records **held, const umbra_records *records, double from,
                                double to, uint64_t seed) {
  share *of;
  char *is_held = NULL;
  if (!rest || !held || (*rest && *rest == *held) || !records || !(from >= 0) || !(from < to) || !(to <= 1))
    return umbra_fail(
        UMBRA_ERROR_INVALID_ARGUMENT,
        "holding records back needs two different outputs, records, and a share from 0 to 1, not %g to %g", from, to);
  UMBRA_TRY(umbra_alloc(&of, groups_of(records), sizeof *of, "a choice of records"));
  umbra_status status = find_shares(of, records, from, to);
  if (status == UMBRA_OK) status = umbra_alloc(&is_held, records->rows, 1, "a choice of records");
  if (status == UMBRA_OK) status = choose(is_held, records, of, seed);
  if (status == UMBRA_OK) status = hold(rest, held, records, is_held);
  umbra_free(is_held);
  umbra_free(of);
  return status;
}
