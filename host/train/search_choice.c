/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "search.h"

/* The first period begins with fresh weights. */
uint32_t umbra_search_refreshes(const umbra_degree_cost *cost, uint32_t iterations) {
  return (iterations - 1) / cost->period;
}

double umbra_search_cost(const umbra_degree_cost *cost, uint32_t iterations) {
  return (double)iterations * (double)cost->iteration +
         (double)umbra_search_refreshes(cost, iterations) * (double)cost->refresh;
}

uint32_t umbra_search_best_stop(const umbra_course *course) {
  uint32_t best = 0;
  for (uint32_t stop = 1; stop < course->reached; stop++)
    if (course->merit[stop] > course->merit[best]) best = stop;
  return best;
}

/* Stops that count: of trials that are not refused, with a merit and a loss that are good enough. */
typedef struct filter {
  const umbra_search_trial *trials;
  size_t count;
  double least_merit, most_loss;
} filter;

static int passes(const filter *f, const umbra_choice *at) {
  const umbra_search_trial *t = &f->trials[at->trial];
  return t->course.merit[at->stop] >= f->least_merit && t->course.loss[at->stop] <= f->most_loss;
}

/* The next stop that counts; from trial 0, stop UINT32_MAX it is the first. */
static int next(umbra_choice *at, const filter *f) {
  for (at->stop++; at->trial < f->count; at->trial++, at->stop = 0)
    for (; !f->trials[at->trial].refused && at->stop < f->trials[at->trial].course.reached; at->stop++)
      if (passes(f, at)) return 1;
  return 0;
}

static const umbra_choice before_all = {0, UINT32_MAX};

static double best_merit(const filter *f) {
  double best = -INFINITY;
  for (umbra_choice at = before_all; next(&at, f);) best = fmax(best, f->trials[at.trial].course.merit[at.stop]);
  return best;
}

static double least_loss(const filter *f) {
  double least = INFINITY;
  for (umbra_choice at = before_all; next(&at, f);) least = fmin(least, f->trials[at.trial].course.loss[at.stop]);
  return least;
}

int umbra_search_choose(umbra_choice *choice, const umbra_search_trial *trials, size_t count, const umbra_stops *stops,
                        double tolerance, double entropy) {
  filter f = {trials, count, -INFINITY, INFINITY};
  double least = INFINITY, rate = -INFINITY;
  f.least_merit = best_merit(&f) - tolerance;
  f.most_loss = least_loss(&f) + entropy / 40;
  for (umbra_choice at = before_all; next(&at, &f);) {
    const double cost = umbra_search_cost(&trials[at.trial].cost, stops->iterations[at.stop]);
    const double here = trials[at.trial].trial.rate;
    if (cost > least || (cost == least && here <= rate)) continue;
    *choice = at;
    least = cost;
    rate = here;
  }
  return isfinite(least);
}
