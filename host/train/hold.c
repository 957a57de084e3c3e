/* SPDX-License-Identifier: Apache-2.0 */
/* Records held back, to judge by: a share of each class, in an order that follows from a seed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/counted.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
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
  for (size_t row = 0; row < records->rows; row++) {
    if (is_held[row] != which) continue;
    memcpy(to->features + next * to->columns, umbra_records_row(records, row), to->columns * sizeof *to->features);
    to->labels[next++] = records->labels[row];
  }
}

static umbra_status hold(umbra_records **rest, umbra_records **held, const umbra_records *records,
                         const char *is_held) {
  size_t count = 0;
  umbra_records *made_rest = NULL, *made_held = NULL;
  for (size_t row = 0; row < records->rows; row++) count += is_held[row] != 0;
  UMBRA_TRY(umbra_records_make_like(&made_rest, records, records->rows - count));
  umbra_status status = umbra_records_make_like(&made_held, records, count);
  if (status != UMBRA_OK) {
    umbra_records_destroy(made_rest);
    return status;
  }
  copy_rows(made_rest, records, is_held, 0);
  copy_rows(made_held, records, is_held, 1);
  UMBRA_PUT(records, rest, made_rest);
  UMBRA_PUT(records, held, made_held);
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
