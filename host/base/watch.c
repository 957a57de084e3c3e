/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include "clock.h"
#include "error.h"

static double interval = 0.1; /* of two reports, in seconds */

void umbra_watch_interval(double seconds) { interval = seconds; }

umbra_watch umbra_watch_of(const umbra_progress *progress) {
  umbra_watch watch = {.width = 1};
  if (progress) watch.progress = *progress;
  return watch;
}

void umbra_watch_begin(umbra_watch *watch) {
  if (!watch->parts) watch->fraction = 0;
}

static int report(umbra_watch *watch) {
  if (watch->progress.report(watch->progress.user, watch->fraction)) watch->stopped = 1;
  return !watch->stopped;
}

int umbra_watch_report(umbra_watch *watch) {
  const double now = umbra_seconds();
  if (watch->reported > 0 && now - watch->reported < interval) return 1;
  watch->reported = now;
  return report(watch);
}

umbra_status umbra_watch_check(umbra_watch *watch) {
  if (umbra_watch_goes_on(watch)) return UMBRA_OK;
  watch->stopped = 0;
  atomic_store(&watch->cancel, 0);
  return umbra_fail(UMBRA_ERROR_CANCELLED, "cancelled");
}

/* Fractions that are added up may end a last place above 1. */
static void advance(umbra_watch *watch, double done) {
  const double fraction = watch->from + watch->width * done;
  if (fraction > watch->fraction) watch->fraction = fraction < 1 ? fraction : 1;
}

umbra_status umbra_watch_step(umbra_watch *watch, uint64_t done, uint64_t count) {
  if (watch) advance(watch, (double)done / (double)count);
  return umbra_watch_check(watch);
}

static int relay(void *user, double fraction) {
  umbra_watch *watch = user;
  advance(watch, fraction);
  return umbra_watch_check(watch) != UMBRA_OK;
}

umbra_progress umbra_watch_relay(umbra_watch *watch) { return (umbra_progress){relay, watch}; }

umbra_watch_part umbra_watch_enter(umbra_watch *watch, uint64_t i, uint64_t count) {
  if (!watch) return (umbra_watch_part){0, 0};
  const umbra_watch_part part = {watch->from, watch->width};
  watch->parts++;
  watch->width /= (double)count;
  watch->from += watch->width * (double)i;
  advance(watch, 0);
  return part;
}

void umbra_watch_leave(umbra_watch *watch, umbra_watch_part part) {
  if (!watch) return;
  advance(watch, 1);
  watch->parts--;
  watch->from = part.from;
  watch->width = part.width;
}

umbra_status umbra_watch_close(umbra_watch *watch, umbra_status status) {
  if (status != UMBRA_OK || !watch->progress.report) return status;
  (void)watch->progress.report(watch->progress.user, 1);
  return UMBRA_OK;
}
