/* SPDX-License-Identifier: Apache-2.0 */
/* Records held back, to judge by: a share of each class, in an order that follows from a seed. */
#include <math.h>
#include <string.h>

#include "../base/counted.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "records.h"
#include "schedule.h"

typedef struct share {
  size_t records, first, end; /* of a class; those first .. end - 1 in the shuffled order are held */
} share;

static umbra_status find_shares(share of[2], const umbra_records *records, double from, double to) {
  for (size_t row = 0; row < records->rows; row++) of[records->labels[row] > 0].records++;
  for (int side = 0; side < 2; side++) {
    const double count = (double)of[side].records;
    of[side].first = (size_t)floor(from * count + 0.5);
    of[side].end = (size_t)floor(to * count + 0.5);
    const size_t held = of[side].end - of[side].first;
    if (held == 0 || held == of[side].records)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                        "of the %zu records of class %d, %zu would be held back; there must be some on both sides",
                        of[side].records, side ? 1 : -1, held);
  }
  return UMBRA_OK;
}

/* is_held: of each row */
static umbra_status choose(char *is_held, const umbra_records *records, const share of[2], uint64_t seed) {
  size_t *order, seen[2] = {0, 0};
  UMBRA_TRY(umbra_alloc(&order, records->rows, sizeof *order, "the order of records"));
  umbra_train_shuffle(order, records->rows, seed);
  for (size_t k = 0; k < records->rows; k++) {
    const int side = records->labels[order[k]] > 0;
    const size_t place = seen[side]++;
    is_held[order[k]] = place >= of[side].first && place < of[side].end;
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

static umbra_status hold(umbra_records **rest, umbra_records **held, const umbra_records *records, const share of[2],
                         const char *is_held) {
  const size_t count = of[0].end - of[0].first + of[1].end - of[1].first;
  umbra_records *made_rest = NULL, *made_held = NULL;
  UMBRA_TRY(umbra_records_make(&made_rest, records->rows - count, records->columns));
  umbra_status status = umbra_records_make(&made_held, count, records->columns);
  if (status != UMBRA_OK) {
    umbra_records_destroy(made_rest);
    return status;
  }
  made_rest->schema = umbra_share(records->schema);
  made_held->schema = umbra_share(records->schema);
  copy_rows(made_rest, records, is_held, 0);
  copy_rows(made_held, records, is_held, 1);
  UMBRA_PUT(records, rest, made_rest);
  UMBRA_PUT(records, held, made_held);
  return UMBRA_OK;
}

umbra_status umbra_records_hold(umbra_records **rest, umbra_records **held, const umbra_records *records, double from,
                                double to, uint64_t seed) {
  share of[2] = {{0}};
  char *is_held;
  if (!rest || !held || (*rest && *rest == *held) || !records || !(from >= 0) || !(from < to) || !(to <= 1))
    return umbra_fail(
        UMBRA_ERROR_INVALID_ARGUMENT,
        "holding records back needs two different outputs, records, and a share from 0 to 1, not %g to %g", from, to);
  UMBRA_TRY(find_shares(of, records, from, to));
  UMBRA_TRY(umbra_alloc(&is_held, records->rows, 1, "a choice of records"));
  umbra_status status = choose(is_held, records, of, seed);
  if (status == UMBRA_OK) status = hold(rest, held, records, of, is_held);
  umbra_free(is_held);
  return status;
}
