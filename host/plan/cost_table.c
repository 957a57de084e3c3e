/* SPDX-License-Identifier: Apache-2.0 */
#include "cost_table.h"

#include <math.h>

#include "../base/integers.h"

const uint32_t umbra_cost_log_n[UMBRA_COST_SIZES] = {12, 14, 16};

typedef struct tally {
  const umbra_cost_table *table;
  double rate[UMBRA_DRY_WORKS]; /* for the size of the ring */
  uint64_t ticks;               /* sums of whole numbers do not depend on the order, which may be the threads' */
} tally;

static const double tick = 1e-10; /* seconds */

/* Between the two sizes that enclose it; the nearest beyond them. */
static double rate_at(const double rate[UMBRA_COST_SIZES], uint32_t log_n) {
  int i = 0;
  while (i < UMBRA_COST_SIZES - 2 && log_n > umbra_cost_log_n[i + 1]) i++;
  const uint32_t low = umbra_cost_log_n[i], high = umbra_cost_log_n[i + 1];
  const double part = (umbra_clamp_u32(log_n, low, high) - low) / (double)(high - low);
  return rate[i] + part * (rate[i + 1] - rate[i]);
}

static void add_calls(const umbra_dry_call *call, uint64_t times, void *user) {
  tally *t = user;
  const double launches = (double)call->launches, least = launches * t->table->floor;
  double seconds = 0;
  for (int work = 0; work < UMBRA_DRY_WORKS; work++) seconds += (double)call->work[work] * t->rate[work];
  seconds = launches * t->table->start + (seconds > least ? seconds : least);
  t->ticks += times * (uint64_t)llround(seconds / tick);
}

double umbra_cost_seconds(const umbra_cost_table *table, const umbra_device *dry, uint32_t log_n) {
  tally t = {.table = table};
  umbra_dry_accounts accounts;
  umbra_dry_accounts_read(&accounts, dry);
  for (int work = 0; work < UMBRA_DRY_WORKS; work++) t.rate[work] = rate_at(table->rate[work], log_n);
  umbra_dry_calls_visit(dry, add_calls, &t);
  return (double)t.ticks * tick + (double)(accounts.uploaded + accounts.downloaded) * table->transfer;
}
